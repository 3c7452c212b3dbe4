#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same life under load: what a recycle, a reload, a kill and a flood cost the callers.

    tests/life/storm.py [NAME ...] [--server nginx|lighttpd|both] [--requests N] [--in-flight N]

Release build, two workers, the benchmark's upstream (TLS, 200 ms) and load generator, all on
loopback. Every function storm_NAME is one storm, through each web server. Prints what it found; the
last line is "N passed, N failed".
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "bench")]
from attack import expect, is_running  # noqa: E402
from cases import Bridge, Failure, WebServer, children  # noqa: E402
from life import check_metrics  # noqa: E402
from upstream import Upstream  # noqa: E402

BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build" / "release"))
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
    "name": "send_message", "arguments": {"to": ["bob"], "text": "Hello"}}}
READ = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
    "name": "get_message", "arguments": {"message_id": "m1"}}}
CONF = """\
auth = none
services = {root}/tests/bench/service.json
service.bench.base_url = {up.url}
service.bench.ca_file = {up.ca}
service.bench.token_file = {up.token_file}
upstream_http = 2
workers = 2
log_level = warn
"""


class Storm:
    """A bridge behind a web server, with the upstream of the benchmark."""

    def __init__(self, server, upstream, options, lines, tool=(),
                 program=BUILD / "ums-mcp"):
        self.options = options
        self.server = server
        self.tmp = Path(tempfile.mkdtemp(prefix="storm."))
        self.socket = str(self.tmp / "s")
        self.conf = self.tmp / "conf"
        own = {line.split(" ")[0] for line in lines}
        kept = [line for line in CONF.format(root=ROOT, up=upstream).splitlines()
                if line.split(" ")[0] not in own]
        self.conf.write_text("\n".join(kept + lines) + "\n")
        self.call = self.tmp / "call.json"
        self.call.write_text(json.dumps(CALL))
        self.read = self.tmp / "read.json"
        self.read.write_text(json.dumps(READ))
        self.log = self.tmp / "log"
        with open(self.log, "wb") as log:
            self.master = subprocess.Popen(
                list(tool) + [str(program), "-c", str(self.conf), "--listen", self.socket],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.web = WebServer(server, self.tmp, self)
        self.url = "http://127.0.0.1:%d" % self.web.port
        Bridge.wait_for(lambda: self.healthy(1), 10, "it does not start")

    def close(self):
        self.web.stop()
        if self.master.poll() is None:
            self.master.terminate()
        code = self.master.wait(60)
        text = self.log.read_text() + self.web.log.read_text(errors="replace")
        shutil.rmtree(self.tmp, ignore_errors=True)
        expect(code in (0, -signal.SIGKILL), "the master ended with %d:\n%s" % (code, text[-2000:]))
        return text

    def workers(self):
        return children(self.master.pid)

    def volley(self, *more, in_flight=None, body=None):
        """Start the load; finish() reads what it says."""
        body = [] if "--mix" in more else ["-b", str(body or self.call), "-e", "message_id"]
        with open(self.tmp / "volley.log", "wb") as log:
            return subprocess.Popen(
                [str(BUILD / "volley"), "-c", str(in_flight or self.options.in_flight)] + body +
                [str(x) for x in more] + [self.url + "/mcp"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)

    def finish(self, process):
        said = json.loads(process.stdout.read())
        expect(process.wait() == 0, "volley ended with %d" % process.returncode)
        said["failed"] = int(said["wrong"] + sum(said["errors"].values()) + said["unfinished"])
        print("    %d requests, %d ok, %d failed, %s, %d/s, p99 %d ms" % (
            said["requests"], said["ok"], said["failed"],
            {k: v for k, v in said["statuses"].items() if v}, said["rps"], said["p99_ms"]))
        return said

    def healthy(self, seconds):
        """Whether the health check says 200 in that time."""
        try:
            with urllib.request.urlopen(self.url + "/healthz", timeout=seconds) as answer:
                return answer.status == 200
        except (OSError, urllib.error.HTTPError):
            return False

    def unclear(self, said):
        """Statuses that do not say that no worker answered."""
        # lighttpd's own word for it is 500 and cannot be changed (http_response_backend_done()).
        clear = {"200", "502", "503"} | ({"500"} if self.server == "lighttpd" else set())
        return {k for k, v in said["statuses"].items() if v} - clear

    def metric(self, name, **labels):
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as answer:
            samples = check_metrics(answer.read().decode())
        return sum(value for (n, have), value in samples.items()
                   if n == "ums_mcp_" + name and labels.items() <= dict(have).items())


def storm_recycle(s):
    """A recycle every 500 requests: none fails."""
    said = s.finish(s.volley("-n", s.options.requests))
    recycles = s.metric("recycles_total", reason="max_requests")
    print("    %d workers came to their end" % recycles)
    expect(said["failed"] == 0 and said["ok"] == s.options.requests, "requests failed")
    expect(recycles >= s.options.requests / 500 * 0.9, "hardly any worker was recycled")
    expect(s.metric("recycles_total", reason="crash") == 0, "a worker crashed")


storm_recycle.conf = ["max_requests = 500"]


def storm_reload(s):
    """The same, and HUP every second."""
    load, hups = s.volley("-n", s.options.requests), 0
    while load.poll() is None:
        os.kill(s.master.pid, signal.SIGHUP)
        hups += 1
        time.sleep(1)
    said = s.finish(load)
    reloads = s.metric("recycles_total", reason="reload")
    print("    %d HUPs, %d workers reloaded" % (hups, reloads))
    expect(said["failed"] == 0 and said["ok"] == s.options.requests, "requests failed")
    expect(reloads >= hups, "hardly any reload was done")


storm_reload.conf = ["max_requests = 500"]


def storm_kill(s):
    """SIGKILL of a worker: what it held fails with a clear 502 or 503, and nothing else."""
    load = s.volley("-d", 8)
    time.sleep(3)
    held = s.options.in_flight
    os.kill(s.workers()[0], signal.SIGKILL)
    said = s.finish(load)
    expect(0 < said["failed"] <= held, "%d failed" % said["failed"])
    expect(sum(said["errors"].values()) + said["unfinished"] == 0, "not each was answered")
    expect(not s.unclear(said), "statuses %s" % said["statuses"])
    expect(s.metric("recycles_total", reason="crash") == 1, "the crash is not counted")
    expect(s.metric("workers", state="open") == 2, "the worker is not replaced")


storm_kill.conf = ["max_requests = 0"]      # one that drains already would be no crash


def storm_master(s):
    """SIGKILL of the master: its workers answer what they hold and end."""
    workers = s.workers()
    load = s.volley("-d", 4)
    time.sleep(2)
    s.master.kill()
    s.master.wait()
    Bridge.wait_for(lambda: not [p for p in workers if is_running(p)], 10, "workers are left")
    said = s.finish(load)
    expect(not s.unclear(said) and said["ok"] > 0, "statuses %s" % said["statuses"])


def storm_many(s):
    """5,000 in flight: 0 errors."""
    said = s.finish(s.volley("-d", 10, in_flight=5000))
    expect(said["failed"] == 0 and said["ok"] > 5000, "requests failed")


storm_many.conf = ["max_inflight = 6000"]


def storm_goaway(s):
    """The service ends each HTTP/2 connection after 100 requests: no read fails."""
    said = s.finish(s.volley("-n", s.options.requests // 4, body=s.read))
    retries = s.metric("retries_total")
    opened = s.metric("upstream_connections_opened_total")
    print("    %d connections opened, %d requests sent again by the plan" % (opened, retries))
    expect(said["failed"] == 0 and said["ok"] == s.options.requests // 4, "reads failed")
    expect(opened > s.options.requests / 4 / 200, "hardly any connection was ended")


storm_goaway.curt = True


def storm_flood(s):
    """8,000 at once where 2,000 are allowed: each gets 200 or a clear 503, health goes on."""
    stop, late = threading.Event(), []

    def watch():
        while not stop.is_set():
            began = time.monotonic()
            if not s.healthy(5):
                late.append(time.monotonic() - began)
            time.sleep(0.1)
    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    said = s.finish(s.volley("-n", 8000, "--timeout", 10, in_flight=8000))
    took = time.monotonic() - began
    stop.set()
    watcher.join()
    other = {k for k, v in said["statuses"].items() if v} - {"200", "503"}
    expect(not other and said["requests"] == 8000, "statuses %s" % said["statuses"])
    expect(sum(said["errors"].values()) + said["unfinished"] == 0, "not each was answered")
    expect(said["ok"] > 1000 and said["max_ms"] < 10000, "%d ms at most" % said["max_ms"])
    expect(not late, "health did not answer: %s" % late)
    print("    all answered in %.1f s, the slowest after %d ms" % (took, said["max_ms"]))
    time.sleep(max(0.0, 5 - (time.monotonic() - began - took)))
    said = s.finish(s.volley("-n", 500, in_flight=100))
    expect(said["failed"] == 0 and said["p99_ms"] < 1000, "it is not well again")


storm_flood.conf = ["workers = 1", "max_inflight = 2000", "request_timeout_ms = 9000"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="names of storms; all without one")
    parser.add_argument("--server", choices=["nginx", "lighttpd", "both"], default="both")
    parser.add_argument("--requests", type=int, default=200000)
    parser.add_argument("--in-flight", type=int, default=1500)
    options = parser.parse_args()
    storms = {k[6:]: v for k, v in globals().items() if k.startswith("storm_")}
    wanted = options.names or list(storms)
    if set(wanted) - set(storms):
        raise SystemExit("no such storm: %s" % " ".join(sorted(set(wanted) - set(storms))))
    servers = ["nginx", "lighttpd"] if options.server == "both" else [options.server]
    passed = failed = 0
    with Upstream(delay_ms=200) as usual, Upstream(delay_ms=200, keepalive_requests=100) as curt:
        for server in servers:
            for name in wanted:
                storm, why, log, s = storms[name], None, "", None
                upstream = curt if getattr(storm, "curt", False) else usual
                print("%s, %s: %s" % (name, server, storm.__doc__), flush=True)
                try:
                    s = Storm(server, upstream, options, getattr(storm, "conf", []))
                    storm(s)
                except (Failure, OSError, ValueError) as e:
                    why = "%s: %s" % (type(e).__name__, e)
                try:
                    log = s.close() if s else ""
                except Failure as e:
                    why = why or str(e)
                if why:
                    failed += 1
                    print("FAIL %s, %s: %s" % (name, server, why))
                    print("    " + "\n    ".join(log.splitlines()[-10:]))
                else:
                    passed += 1
                    print("ok", flush=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
