# SPDX-License-Identifier: MIT
"""hosts.py - a fleet: three hosts with a bridge each, HAProxy before them, one Redis, one service.

A host is a network namespace with the two programs of a pod, nginx and the bridge, on the files
of etc/k8s/base. They hang on one wire, which a test can cut. Under a load of keyed sends, each
repeated with its key until it is answered, hosts are cut off, ended and upgraded and Redis is
killed; then each acknowledged message is counted where it was sent to: once.
"""
import collections
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from trial import Failed, Trial, expect, run, until  # noqa: E402

RELEASE = os.environ.get("BUILD_DIR", os.path.join(TOP, "build/release"))
NEXT = os.environ.get("NEXT_DIR", os.path.join(TOP, "build/next"))
NET = "10.77.0."
ADDRESS = {"front": NET + "1", "redis": NET + "10", "local": NET + "20", "a": NET + "31",
           "b": NET + "32", "c": NET + "33"}
HOSTS = ("a", "b", "c")
SENDERS, REPEAT_S, UNKNOWN_S = 24, 120, 3


class Wire:
    """The namespaces, and a switch in one of its own that they hang on."""

    def __init__(self, tag):
        self.tag = tag
        self.switch = self.name("wire")

    def name(self, host):
        return "ums-%s-%s" % (self.tag, host)

    def start(self):
        run("ip", "netns", "add", self.switch)
        run("ip", "-n", self.switch, "link", "add", "switch", "type", "bridge")
        run("ip", "-n", self.switch, "link", "set", "switch", "up")
        for host, address in ADDRESS.items():
            name = self.name(host)
            run("ip", "netns", "add", name)
            run("ip", "-n", self.switch, "link", "add", "name", host, "type", "veth", "peer", "name",
                "eth0", "netns", name)
            run("ip", "-n", self.switch, "link", "set", "dev", host, "master", "switch", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "-n", name, "address", "add", address + "/24", "dev", "eth0")
            # Names of hosts, as "ip netns exec" shows them to what it starts.
            os.makedirs("/etc/netns/" + name)
            with open("/etc/netns/%s/hosts" % name, "w") as f:
                f.write("127.0.0.1 localhost\n" +
                        "".join("%s %s\n" % (a, h) for h, a in ADDRESS.items()))

    def end(self):
        for host in [*ADDRESS, "wire"]:
            name = self.name(host)
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
            shutil.rmtree("/etc/netns/" + name, ignore_errors=True)

    def cut(self, host, off):
        run("ip", "-n", self.switch, "link", "set", "dev", host, "down" if off else "up")


class Fleet:
    def __init__(self, wire, folder):
        self.wire, self.folder = wire, folder
        self.secrets = os.path.join(folder, "secrets")
        self.running = {}       # host and name -> process
        self.service = os.path.join(TOP, "etc/services/ums.json")

    def tell_no_keys(self):
        """From now on the service is not told the keys: nobody but the bridges knows them."""
        with open(self.service) as f:
            service = json.load(f)
        for tool in service["tools"]:
            tool["request"].get("headers", {}).pop("Idempotency-Key", None)
        self.service = self.place("ums.json")
        with open(self.service, "w") as f:
            json.dump(service, f)
        for host in HOSTS:
            self.stop_host(host)
            self.start_host(host)
        for host in HOSTS:
            until(30, lambda: self.page(host, "/readyz")[0] == 200, host + " is ready")

    def place(self, *names):
        return os.path.join(self.folder, *names)

    def copy(self, source, to, **more):
        """A shipped file, with this folder for the machine's own."""
        with open(os.path.join(TOP, "etc", source)) as f:
            text = f.read()
        for old, new in {"/run/secrets": self.secrets, "/run/ums-mcp": self.place(to),
                         "/var/lib/ums-mcp": self.place(to), **more}.items():
            text = text.replace(old, new)
        path = self.place(to, os.path.basename(source))
        with open(path, "w") as f:
            f.write(text)
        return path

    def start(self, host, name, *command, **env):
        with open(self.place(host, name + ".log"), "ab") as log:
            self.running[host, name] = subprocess.Popen(
                ["ip", "netns", "exec", self.wire.name(host), *command], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=dict(os.environ, **env), start_new_session=True)

    def stop(self, host, name, number=signal.SIGTERM):
        """ip has become what it started: its id is that of the program."""
        process = self.running.pop((host, name), None)
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(70)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    # ====== what runs where

    def start_all(self):
        for host in ADDRESS:
            os.makedirs(self.place(host))
        run("sh", os.path.join(TOP, "etc/compose/secrets"), self._made(self.secrets), "local")
        self.key = re.search(r"^ums_\S+", run(self.bridge(RELEASE), "key", "new", "me", "--file",
                             os.path.join(self.secrets, "api-keys")), re.M)[0]
        self.start_redis()
        path = self.copy("compose/local.conf", "local", **{
            "/usr/bin/ums-local": os.path.join(RELEASE, "ums-local")})
        self.start("local", "lighttpd", "lighttpd", "-D", "-f", path)
        for host in HOSTS:
            self.install(host, RELEASE)
            self.start_host(host)
        with open(os.path.join(TOP, "docs/fleet.md")) as f:
            backend = re.search(r"^```\n(backend .*?)```$", f.read(), re.M | re.S)[1]
        with open(self.place("front", "haproxy.cfg"), "w") as f:
            f.write("""# The backend is that of docs/fleet.md.
global
    maxconn 8000
defaults
    mode http
    timeout connect 1s
    timeout client 65s
    timeout server 65s
    timeout http-keep-alive 30s
    retries 2
frontend calls
    bind 127.0.0.1:8080
    default_backend bridges
""" + backend)
        self.start("front", "haproxy", "haproxy", "-db", "-f", self.place("front", "haproxy.cfg"))
        until(30, lambda: self.call("list_messages", limit=1)[0] == 200, "the first call")

    @staticmethod
    def _made(folder):
        os.makedirs(folder, mode=0o700)
        return folder

    @staticmethod
    def bridge(folder):
        return os.path.join(folder, "ums-mcp")

    def start_redis(self):
        self.start("redis", "redis", "redis-server", "--bind", ADDRESS["redis"], "--dir",
                   self.place("redis"), "--appendonly", "yes", "--appendfsync", "always", "--save",
                   "", "--maxmemory-policy", "noeviction", "--protected-mode", "no")

    def install(self, host, folder):
        """As a package does it: the new file takes the old one's name."""
        path = self.place(host, "ums-mcp")
        shutil.copy(self.bridge(folder), path + ".new")
        os.rename(path + ".new", path)

    def start_host(self, host):
        conf = self.copy("k8s/base/ums-mcp.conf", host, **{"services/ums.json": self.service})
        self.start(host, "bridge", self.place(host, "ums-mcp"), "-c", conf, "--listen",
                   "127.0.0.1:9000", UMS_MCP_SERVICE_UMS_BASE_URL="https://local:8443/v1",
                   UMS_MCP_SERVICE_UMS_CA_FILE=os.path.join(self.secrets, "ca.pem"))
        nginx = self.copy("k8s/base/nginx.conf", host)
        with open(nginx) as f:
            text = f.read()
        with open(nginx, "w") as f:
            f.write("user root;\ndaemon off;\n" + text)
        self.start(host, "nginx", "nginx", "-e", "stderr", "-c", nginx)

    def stop_host(self, host):
        """In the order of a pod's end: balancers first, then nginx, then the bridge."""
        self.stop(host, "nginx", signal.SIGQUIT)
        return self.stop(host, "bridge")

    def kill_host(self, host):
        for name in ("nginx", "bridge"):
            process = self.running.pop((host, name))
            group = run("ip", "netns", "pids", self.wire.name(host)).split()
            for pid in group:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            process.wait()

    def end(self):
        for host, name in [("front", "haproxy"), *((h, n) for h in HOSTS for n in
                                                   ("nginx", "bridge")),
                           ("local", "lighttpd"), ("redis", "redis")]:
            self.stop(host, name)
        left = [n for h in ADDRESS if h != "front"
                for n in run("ip", "netns", "pids", self.wire.name(h)).split()]
        for pid in left:
            os.kill(int(pid), signal.SIGKILL)
        return left

    # ====== as a client

    def call(self, tool, connection=None, **arguments):
        """The status, and what the tool says: its content, or its failure."""
        own = connection or http.client.HTTPConnection("127.0.0.1", 8080, timeout=40)
        try:
            own.request("POST", "/mcp", json.dumps(
                {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
                 {"name": tool, "arguments": arguments}}),
                {"Content-Type": "application/json", "Authorization": "Bearer " + self.key})
            answer = own.getresponse()
            body = answer.read()
            if answer.status != 200:
                return answer.status, None
            result = json.loads(body)["result"]
            if result.get("isError"):
                return 200, {"error": json.loads(result["content"][0]["text"])}
            return 200, result["structuredContent"]
        finally:
            if connection is None:
                own.close()

    def page(self, host, path, port=8081):
        own = http.client.HTTPConnection(ADDRESS[host], port, timeout=5)
        try:
            own.request("GET", path)
            answer = own.getresponse()
            return answer.status, answer.read().decode()
        finally:
            own.close()

    def version(self, host):
        return re.search(r'build_info\{version="([^"]+)"', self.page(host, "/metrics")[1])[1]

    def sent(self):
        """How often each text is in the service."""
        count, cursor = collections.Counter(), None
        while True:
            _, page = self.call("list_messages", limit=50, **({"cursor": cursor} if cursor else {}))
            expect("messages" in page, page)
            for m in page["messages"]:
                found = re.search(r"text of ([a-z]+-\d+)", json.dumps(m))
                count[found[1] if found else "?"] += 1
            cursor = page.get("next_cursor")
            if not cursor:
                return count


class Load:
    """Keyed sends as fast as SENDERS can, each repeated until it is answered."""

    def __init__(self, fleet, name):
        self.fleet, self.name = fleet, name
        self.unknown = set()    # said to be, again and again
        self.lock, self.next, self.stopping = threading.Lock(), 0, False
        self.ids = collections.defaultdict(set)
        self.repeats = collections.Counter()
        self.given_up = []
        self.answered = []      # when

    def __enter__(self):
        self.threads = [threading.Thread(target=self.send) for _ in range(SENDERS)]
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for t in self.threads:
            t.join()

    def send(self):
        connection = None
        while not self.stopping:
            with self.lock:
                key = "%s-%d" % (self.name, self.next)
                self.next += 1
            end = time.monotonic() + REPEAT_S
            while True:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=40)
                try:
                    status, said = self.fleet.call(
                        "send_message", connection, to=["bob"], text="text of " + key,
                        idempotency_key=key)
                    why = str(status) if said is None else said.get("error", {}).get("code")
                except (OSError, ValueError, http.client.HTTPException) as e:
                    connection.close()
                    connection = None
                    said, why = None, type(e).__name__
                with self.lock:
                    if why is None:
                        self.ids[key].add(said["message_id"])
                        self.answered.append(time.monotonic())
                        break
                    self.repeats[why] += 1
                    if why == "outcome_unknown" and time.monotonic() > end - REPEAT_S + UNKNOWN_S:
                        self.unknown.add(key)
                        break
                    if time.monotonic() > end:
                        self.given_up.append("%s: %s" % (key, why))
                        break
                time.sleep(0.05)
        if connection is not None:
            connection.close()

    def judge(self):
        """Nothing acknowledged is lost, nothing is there twice."""
        expect(not self.given_up, "never answered: %s" % self.given_up[:5])
        expect(all(len(i) == 1 for i in self.ids.values()), "a key has two messages")
        there = self.fleet.sent()
        lost = [k for k in self.ids if there[k] == 0]
        twice = [k for k, n in there.items() if k.startswith(self.name + "-") and n > 1]
        gap = max(b - a for a, b in zip(self.answered, self.answered[1:]))
        print("     %d sent, %d lost, %d doubled, %d unknown (%d of them sent); repeats %s; longest time "
              "without an answer %.1f s" % (len(self.ids), len(lost), len(twice), len(self.unknown), sum(
                  there[k] for k in self.unknown), dict(self.repeats), gap))
        expect(not lost and not twice, "lost %s, doubled %s" % (lost[:5], twice[:5]))
        expect(len(self.ids) > 200, "hardly a load")
        expect(len(self.unknown) <= SENDERS, "%d are unknown" % len(self.unknown))


# ====== the tests, in their order

def spread(fleet):
    """All three take calls, and know what another sent."""
    ids = {fleet.call("send_message", to=["bob"], text="once", idempotency_key="spread")[1]
           ["message_id"] for _ in range(30)}
    expect(len(ids) == 1, ids)
    for host in HOSTS:
        found = re.findall(r'^ums_mcp_requests_total\{method="tools/call".*\} (\d+)',
                           fleet.page(host, "/metrics")[1], re.M)
        expect(sum(map(int, found)) >= 3, "%s answered %s" % (host, found))


def probes_kept_in(fleet):
    """What is for those who look after it is on a port of its own, and not where callers come."""
    for path in ("/readyz", "/metrics", "/status", "/status.json"):
        expect(fleet.page("a", path)[0] == 200, "not for those who look after it: " + path)
        for asked in (path, path + "?x", "/" + path, path.replace("s", "%73"), path + "/", "/x/.." + path):
            status = fleet.page("a", asked, 8080)[0]
            expect(status in (403, 404), "%s for callers: %d" % (asked, status))


def cut_off(fleet):
    """A host's wire is cut, calls in flight with it, and mended."""
    with Load(fleet, "cut") as load:
        time.sleep(3)
        fleet.wire.cut("b", True)
        time.sleep(8)
        fleet.wire.cut("b", False)
        time.sleep(4)
    load.judge()
    until(30, lambda: fleet.page("b", "/readyz")[0] == 200, "b is ready again")


def redis_killed(fleet):
    """Redis is killed without a word, away for a while, and back with what it had on disk."""
    with Load(fleet, "redis") as load:
        time.sleep(3)
        fleet.stop("redis", "redis", signal.SIGKILL)
        time.sleep(4)
        fleet.start_redis()
        time.sleep(5)
    load.judge()
    expect(load.repeats["store_unavailable"] > 0, "nobody noticed: %s" % load.repeats)


def killed(fleet):
    """Every process of a host at once, as when its power fails; and back."""
    with Load(fleet, "power") as load:
        time.sleep(3)
        fleet.kill_host("c")
        time.sleep(4)
        fleet.start_host("c")
        time.sleep(4)
    load.judge()


def ended_with_a_stream(fleet):
    """A host can be ended though somebody listens there: the stream is cut, and nginx is gone."""
    own = http.client.HTTPConnection(ADDRESS["a"], 8080, timeout=60)
    own.request("POST", "/mcp", json.dumps({
        "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {
            "notifications": {"resourceSubscriptions": ["ums://threads/none"]},
            "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                      "io.modelcontextprotocol/clientCapabilities": {}}}}), {
        "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen",
        "Authorization": "Bearer " + fleet.key})
    stream = own.getresponse()
    expect(b"acknowledged" in stream.readline() + stream.readline(), "no stream")
    began = time.monotonic()
    code = fleet.stop("a", "nginx", signal.SIGQUIT)
    took = time.monotonic() - began
    expect(code == 0, "nginx ended with %d" % code)
    expect(fleet.stop("a", "bridge") == 0, "the bridge did not end well")
    own.close()
    fleet.start_host("a")
    until(30, lambda: fleet.page("a", "/readyz")[0] == 200, "a is ready again")
    return "nginx ended after %.0f s" % took


def upgraded(fleet):
    """A new version, host by host, and back to the old one, by HUP alone. Nothing breaks but idle
    connections; a call that comes as its host goes is told to come again."""
    old = fleet.version("a")
    with Load(fleet, "roll") as load:
        time.sleep(2)
        for host in HOSTS:
            expect(fleet.stop_host(host) == 0, "%s did not end well" % host)
            fleet.install(host, NEXT)
            fleet.start_host(host)
            until(30, lambda: fleet.page(host, "/readyz")[0] == 200, host + " is ready")
            time.sleep(1.5)     # until the balancer has seen it twice
            expect(fleet.version(host) != old, "%s runs %s" % (host, fleet.version(host)))
        new = fleet.version("a")
        for host in HOSTS:
            fleet.install(host, RELEASE)
            fleet.running[host, "bridge"].send_signal(signal.SIGHUP)
            until(30, lambda: fleet.version(host) == old, host + " is back")
    print("     %s, %s, %s" % (old, new, old))
    load.judge()
    wrong = {w: n for w, n in load.repeats.items() if w not in ("503", "RemoteDisconnected")}
    expect(not wrong, "repeats that an upgrade should not make: %s" % load.repeats)


def unaided(fleet):
    """A service that is told no keys: the bridges alone see to it that nothing is sent twice, and
    say of the few calls that were cut in two that nobody knows."""
    fleet.tell_no_keys()
    with Load(fleet, "unaided") as load:
        time.sleep(2)
        fleet.kill_host("c")
        time.sleep(3)
        fleet.start_host("c")
        time.sleep(2)
        fleet.wire.cut("b", True)
        time.sleep(5)
        fleet.wire.cut("b", False)
        time.sleep(3)
        fleet.stop("redis", "redis", signal.SIGKILL)
        time.sleep(2)
        fleet.start_redis()
        time.sleep(4)
    load.judge()


TESTS = [spread, probes_kept_in, cut_off, redis_killed, killed, ended_with_a_stream, upgraded, unaided]


def inside():
    """In the namespace of the balancer, where the clients are, too."""
    tag, wanted = sys.argv[2], sys.argv[3:]
    trial = Trial()
    folder = tempfile.mkdtemp(prefix="hosts.")
    fleet = Fleet(Wire(tag), folder)
    try:
        fleet.start_all()
        for test in TESTS:
            if not wanted or test.__name__ in wanted:
                trial.of(test, fleet)
    except (Failed, OSError) as e:
        trial.fail("start: %s: %s" % (type(e).__name__, e))
    finally:
        left = fleet.end()
    if left:
        trial.fail("%d processes were left" % len(left))
    if trial.failed:
        print("     logs: " + folder)
    else:
        shutil.rmtree(folder)
    return trial.end()


def main():
    tag = str(os.getpid())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    wire = Wire(tag)
    try:
        wire.start()
        return subprocess.run(["ip", "netns", "exec", wire.name("front"), sys.executable, "-u",
                               os.path.abspath(__file__), "--inside", tag, *sys.argv[1:]]).returncode
    finally:
        wire.end()


if __name__ == "__main__":
    sys.exit(inside() if sys.argv[1:2] == ["--inside"] else main())
