# SPDX-License-Identifier: MIT
"""compose.py - docker-compose.yml on a real engine: up, used, scaled, hurt, taken down."""
import argparse
import concurrent.futures
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from engine import Engine, TOP, inspect
from trial import Failed, Trial, expect, run

MB = 1 << 20
IN_FLIGHT = 1500
LIMIT_MB = 64
IMAGE_MB = 60
VOLLEY = os.path.join(TOP, "build", "release", "volley")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Project:
    """One "up" of the file, with a name and a port of its own."""

    def __init__(self, folder, *files):
        self.name = "ums%d" % free_port()
        self.port = free_port()
        self.url = "http://127.0.0.1:%d/mcp" % self.port
        # A build here reaches Debian's packages by the machine's own network.
        network = os.path.join(folder, "network.yml")
        with open(network, "w") as f:
            json.dump({"services": {s: {"build": {"network": "host"}} for s in
                                    ("secrets", "local", "bridge", "web")}}, f)
        self.files = ["docker-compose.yml", *files, network]
        self.profiles = []
        self.store = None

    def compose(self, *words, **options):
        command = ["docker-compose", "-p", self.name]
        for f in self.files:
            command += ["-f", f]
        for p in self.profiles:
            command += ["--profile", p]
        env = dict(os.environ, PORT=str(self.port))
        if self.store:
            env["STORE"] = self.store
        return run(*command, *words, cwd=TOP, env=env, **options)

    def up(self, *words):
        self.compose("up", "-d", *words, timeout=900)
        self.wait_healthy()

    def down(self):
        self.compose("--profile", "redis", "--profile", "observability", "down", "-v",
                     "--remove-orphans", "-t", "45")

    def containers(self, service):
        return [c for c in self.compose("ps", "-q", service).split() if c]

    def wait_healthy(self, seconds=120):
        until = time.monotonic() + seconds
        while True:
            states = {s: [inspect(c)["State"] for c in self.containers(s)]
                      for s in ("local", "bridge", "web")}
            healthy = all(found and all(s.get("Health", {}).get("Status") == "healthy"
                                        for s in found) for found in states.values())
            if healthy:
                return
            expect(time.monotonic() < until, "not healthy in %d s: %s" % (seconds, {
                s: [x.get("Health", {}).get("Status", x["Status"]) for x in found]
                for s, found in states.items()}))
            time.sleep(0.5)

    def call(self, tool, timeout=40, **arguments):
        """What a tool says: its structured content, or its failure."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
                           {"name": tool, "arguments": arguments}}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            result = json.load(answer)["result"]
        if result.get("isError"):
            return {"error": json.loads(result["content"][0]["text"])}
        return result["structuredContent"]

    def inside(self, path):
        """A page that is not published, as the web server's container sees it."""
        return run("docker", "exec", self.containers("web")[0], "curl", "-fsS",
                   "http://127.0.0.1:8081" + path)


def account(container):
    """What the kernel counts for a container, without the file cache; bytes, and the limit."""
    ident = inspect(container)["Id"]
    for folder, current, limit, cache in (
            ("/sys/fs/cgroup/memory/docker/" + ident, "memory.usage_in_bytes",
             "memory.limit_in_bytes", "cache"),
            ("/sys/fs/cgroup/docker/" + ident, "memory.current", "memory.max", "file"),
            ("/sys/fs/cgroup/system.slice/docker-%s.scope" % ident, "memory.current",
             "memory.max", "file")):
        if os.path.exists(os.path.join(folder, current)):
            break
    else:
        raise Failed("no cgroup of the container is to be seen")

    def number(name):
        with open(os.path.join(folder, name)) as f:
            return int(f.read())

    with open(os.path.join(folder, "memory.stat")) as f:
        stat = dict(line.split() for line in f)
    # Shared memory counts as cache there, and cannot be dropped as files can.
    return number(current) - int(stat[cache]) + int(stat["shmem"]), number(limit)


def processor_us(container):
    """The processor time that the kernel counts for a container."""
    ident = inspect(container)["Id"]
    path = "/sys/fs/cgroup/cpuacct/docker/%s/cpuacct.usage" % ident
    if os.path.exists(path):
        with open(path) as f:
            return int(f.read()) / 1000
    for path in ("/sys/fs/cgroup/docker/%s/cpu.stat" % ident,
                 "/sys/fs/cgroup/system.slice/docker-%s.scope/cpu.stat" % ident):
        if os.path.exists(path):
            with open(path) as f:
                return int(re.search(r"^usage_usec (\d+)", f.read(), re.M)[1])
    raise Failed("no account of the container's processor time is to be seen")


def volley(project, connections, seconds, body):
    path = os.path.join(project.folder, "body")
    with open(path, "w") as f:
        json.dump(body, f)
    return subprocess.Popen(
        [VOLLEY, "-c", str(connections), "-d", str(seconds), "-b", path, "-H",
         "Content-Type: application/json", "-H", "Accept: application/json, text/event-stream",
         "-e", '"result"', project.url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True)


# ====== one bridge

def plain_sends(p):
    sent = p.call("send_message", to=["bob"], text="Hello", idempotency_key="compose-1")
    expect("message_id" in sent, sent)
    again = p.call("send_message", to=["bob"], text="Hello", idempotency_key="compose-1")
    expect(again["message_id"] == sent["message_id"] and again["idempotent_replay"], again)
    read = p.call("get_message", message_id=sent["message_id"])
    expect("Hello" in json.dumps(read), read)


def plain_hardened(p):
    for service in ("bridge", "local", "web"):
        for c in p.containers(service):
            host = inspect(c)["HostConfig"]
            expect(host["ReadonlyRootfs"], service + ": its root can be written to")
            expect(host["CapDrop"] == ["ALL"], service + ": has capabilities")
            status = run("docker", "exec", c, "cat", "/proc/1/status")
            expect(re.search(r"^CapEff:\s+0+$", status, re.M), service + ": " + status)
            expect(re.search(r"^NoNewPrivs:\s+1$", status, re.M), service + ": " + status)
            expect(re.search(r"^Uid:\s+10001\b", status, re.M), service + ": runs as another")
    bridge = p.containers("bridge")[0]
    expect(inspect(bridge)["HostConfig"]["Memory"] == LIMIT_MB * MB, "no memory limit")
    expect(inspect(bridge)["HostConfig"]["PortBindings"] in (None, {}), "its port is published")


def plain_secrets_are_files(p):
    token = run("docker", "exec", p.containers("local")[0], "cat", "/run/secrets/ums.token").strip()
    expect(len(token) == 64, "no token")
    for service in ("bridge", "local", "web", "secrets"):
        for c in p.containers(service):
            expect(token not in json.dumps(inspect(c)), service + ": its description has the token")
            expect(token not in run("docker", "logs", c), service + ": its log has the token")


def plain_small_image(p):
    base = inspect("debian:13-slim")["Size"]
    size = (inspect("ums-mcp")["Size"] - base) / MB
    print("     the bridge's image without its base: %.1f MB" % size)
    expect(size < IMAGE_MB, "the image has %.1f MB without its base" % size)


def plain_probes_kept_in(p):
    for path in ("readyz", "metrics", "status", "status.json"):
        try:
            urllib.request.urlopen("http://127.0.0.1:%d/%s" % (p.port, path), timeout=10)
            raise Failed(path + " is published")
        except urllib.error.HTTPError as e:
            expect(e.code in (403, 404), "%s: %d" % (path, e.code))
        p.inside("/" + path)
    expect("ums_mcp_build_info" in p.inside("/metrics"), "no metrics inside")


def plain_memory_bound(p):
    """1,500 calls in flight through it: what the kernel counts stays below the limit."""
    bridge = p.containers("bridge")[0]
    load = volley(p, IN_FLIGHT, 12, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
                                     {"name": "list_messages", "arguments": {"limit": 1}}})
    web = p.containers("web")[0]
    most = most_web = flight = 0
    asked = 0
    began = [processor_us(c) for c in (bridge, web)]
    while load.poll() is None:
        used, limit = account(bridge)
        most, most_web = max(most, used), max(most_web, account(web)[0])
        if time.monotonic() - asked > 1:
            asked = time.monotonic()
            found = re.findall(r"^ums_mcp_in_flight(?:\{[^}]*\})? (\d+)", p.inside("/metrics"), re.M)
            flight = max(flight, sum(int(n) for n in found))
        time.sleep(0.02)
    said = json.loads(load.communicate()[0].splitlines()[-1])
    took = [(processor_us(c) - b) / said["requests"] for c, b in zip((bridge, web), began)]
    print("     most %.1f MB of %d MB without file cache, %d in flight at most, %d answered" %
          (most / MB, limit / MB, flight, said["ok"]))
    print("     nginx %.1f MB; processor time of a call: bridge %.0f us, nginx %.0f us" %
          (most_web / MB, *took))
    expect(limit == LIMIT_MB * MB, "the limit is another")
    expect(flight >= IN_FLIGHT * 0.9, "only %d were in flight" % flight)
    expect(said["ok"] > IN_FLIGHT and said["ok"] == said["requests"],
           "%s\n%s" % (said, "\n".join([line for line in run(
               "docker", "logs", bridge).splitlines() if '"status":503' in line][-3:])))
    expect(most < limit, "more than the limit")
    state = inspect(bridge)["State"]
    expect(not state["OOMKilled"] and inspect(bridge)["RestartCount"] == 0, state)


def plain_stops_in_time(p):
    """Calls in flight when it is told to stop are answered, those that come after are told to come
    again; it is gone before its deadline."""
    load = volley(p, 20, 3, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
                             {"name": "list_messages", "arguments": {"limit": 1}}})
    time.sleep(1)
    began = time.monotonic()
    p.compose("stop", "bridge")
    took = time.monotonic() - began
    said = json.loads(load.communicate()[0].splitlines()[-1])
    expect(said["ok"] > 20 and not any(said["errors"].values()) and
           set(said["statuses"]) <= {"200", "503"}, said)
    state = inspect(p.compose("ps", "-aq", "bridge").split()[0])["State"]
    print("     stopped in %.1f s" % took)
    expect(took < 40 and state["ExitCode"] == 0, "%.1f s, %s" % (took, state))
    p.compose("start", "bridge")
    p.wait_healthy()
    expect("message_id" in p.call("send_message", to=["bob"], text="Hello again"), "not back")


# ====== four bridges and Redis

def scaled_metrics_of_each(p):
    addresses = set()
    for c in p.containers("bridge"):
        networks = inspect(c)["NetworkSettings"]["Networks"]
        addresses |= {n["IPAddress"] for name, n in networks.items() if "default" in name}
    expect(len(addresses) == 4, addresses)
    for a in addresses:
        expect("ums_mcp_build_info" in p.inside("/bridge/%s/metrics" % a), a)


def scaled_killed_under_load(p):
    """Keyed sends, each repeated until it is answered, while a container is killed."""
    keys = ["killed-%d" % i for i in range(600)]
    lock, ids, tries = threading.Lock(), {}, []

    def send(key):
        until = time.monotonic() + 90
        while time.monotonic() < until:
            try:
                said = p.call("send_message", to=["bob"], text="text of " + key,
                              idempotency_key=key)
            except (OSError, ValueError, urllib.error.HTTPError) as e:
                with lock:
                    tries.append(type(e).__name__)
                time.sleep(0.2)
                continue
            if "message_id" in said:
                with lock:
                    ids.setdefault(key, set()).add(said["message_id"])
                return
            with lock:
                tries.append(said["error"]["code"])
            time.sleep(0.2)

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        work = [pool.submit(send, k) for k in keys]
        time.sleep(0.4)
        victim = p.containers("bridge")[0]
        run("docker", "kill", "--signal", "KILL", victim)
        for w in work:
            w.result()
        # And once more, each: nothing is sent again, wherever it comes to.
        again = [pool.submit(send, k) for k in keys]
        for w in again:
            w.result()
    print("     repeats: %s" % {t: tries.count(t) for t in sorted(set(tries))})
    expect(len(ids) == len(keys), "%d of %d were answered" % (len(ids), len(keys)))
    expect(all(len(found) == 1 for found in ids.values()), "a key has two messages")
    count, cursor = {}, None
    while True:
        page = p.call("list_messages", limit=50, **({"cursor": cursor} if cursor else {}))
        expect("messages" in page, page)
        for m in page["messages"]:
            found = re.search(r"text of (killed-\d+)", json.dumps(m))
            if found:
                count[found[1]] = count.get(found[1], 0) + 1
        cursor = page.get("next_cursor")
        if not cursor:
            break
    expect(len(count) == len(keys) and set(count.values()) == {1},
           "%d of %d are there, %d of them more than once" %
           (len(count), len(keys), sum(n > 1 for n in count.values())))


def scaled_back_to_one(p):
    p.compose("up", "-d", "--scale", "bridge=1", "--no-recreate")
    p.wait_healthy()
    time.sleep(3)      # what the name server said holds for two seconds
    for _ in range(10):
        expect("message_id" in p.call("send_message", to=["bob"], text="one left"), "not sent")


# ====== Prometheus

def scraped(p, number):
    """Prometheus has the counters of each of `number` bridges, and the rules load."""
    c = p.containers("prometheus")[0]
    host = list(inspect(c)["NetworkSettings"]["Networks"].values())[0]["IPAddress"]

    def ask(path):
        with urllib.request.urlopen("http://%s:9090/api/v1/%s" % (host, path), timeout=10) as a:
            return json.load(a)["data"]

    until = time.monotonic() + 60
    while True:
        try:
            targets = ask("targets")["activeTargets"]
        except OSError:
            targets = []
        if len(targets) == number and all(t["health"] == "up" for t in targets):
            break
        expect(time.monotonic() < until, "targets: %s" % targets)
        time.sleep(1)
    expect(len({t["labels"]["instance"] for t in targets}) == number, targets)
    expect(ask("rules")["groups"], "no rules")


def observed_scraped(p):
    scraped(p, 2)


SETS = [
    ("plain", [], [], [], None),
    ("lighttpd", ["docker-compose.lighttpd.yml"], ["observability"], ["local", "bridge", "web",
                                                                      "prometheus"], None),
    ("scaled", [], ["redis"], ["--scale", "bridge=4"], "redis://redis"),
    ("observed", [], ["observability"], ["--scale", "bridge=2", "local", "bridge", "web",
                                         "prometheus"], None),
]


def lighttpd_sends(p):
    plain_sends(p)
    plain_probes_kept_in(p)


def lighttpd_scraped(p):
    scraped(p, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pull", action="store_true", help="use the public images")
    parser.add_argument("names", nargs="*", help="sets or tests")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    trial = Trial()
    with Engine(options.pull) as engine:
        for name, files, profiles, words, store in SETS:
            tests = [f for n, f in globals().items() if n.startswith(name + "_") and
                     (not options.names or n in options.names or name in options.names)]
            if not tests:
                continue
            p = Project(engine.folder, *files)
            p.folder, p.profiles, p.store = engine.folder, profiles, store
            try:
                began = time.monotonic()
                p.up(*words)
                print("     %s: up in %.0f s" % (name, time.monotonic() - began))
                for test in tests:
                    trial.of(test, p)
            except (Failed, OSError, subprocess.TimeoutExpired) as e:
                trial.fail("%s: %s: %s" % (name, type(e).__name__, e))
            finally:
                p.down()
        left = run("docker", "ps", "-aq").split()
        if left:
            trial.fail("%d containers are left" % len(left))
    return trial.end()


if __name__ == "__main__":
    sys.exit(main())
