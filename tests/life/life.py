#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A worker's and a master's life: replaced, reloaded, killed, overloaded; nothing lost, nobody left.

    tests/life/life.py [NAME ...] [--build DIR] [-v]

Every function life_NAME is one test, with a bridge of its own: a master, its workers and a stub
upstream. After each the bridge ends well, no process of it is left, and its log holds no sanitizer
report and no secret.
"""
import argparse
import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
import fastcgi  # noqa: E402
from attack import PING, PONG, Arena, call, cgi, expect, is_running, whole  # noqa: E402
from cases import Bridge, Failure, children  # noqa: E402
from fastcgi import FastCGIClient, FastCGIError  # noqa: E402

READ = call("list_items")


class Life(Arena):
    """What a test acts on."""

    def get(self, path):
        return self.client.request(fastcgi.params("GET", path))

    def metrics(self):
        status, _, body = self.get("/metrics")
        expect(status == 200, "/metrics says %d" % status)
        return check_metrics(body.decode())

    def metric(self, name, **labels):
        """The sum of a metric's samples with these labels."""
        return sum(value for (n, have), value in self.metrics().items()
                   if n == "ums_mcp_" + name and labels.items() <= dict(have).items())

    def hup(self, lines=None):
        if lines is not None:
            self.bridge.write_conf(lines)
        os.kill(self.bridge.master.pid, signal.SIGHUP)

    def replaced(self, before, seconds=5):
        """Wait until all of `before` have ended and others serve."""
        Bridge.wait_for(lambda: not [p for p in before if is_running(p)], seconds,
                        "the old workers are still there")
        self.ping()

    def seen_upstream(self, count=1):
        Bridge.wait_for(lambda: self.bridge.stub.seen >= count, 3, "nothing came upstream")

    def left(self):
        """Processes of this bridge, known by the environment they were started with."""
        mark, found = ("UMS_MCP_CONFIG=%s" % self.bridge.conf).encode(), []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and mark in Path("/proc/%s/environ" % entry).read_bytes():
                    found.append(int(entry))
            except OSError:
                pass
        return found

    def all_gone(self, seconds=5):
        Bridge.wait_for(lambda: not self.left(), seconds, "processes are left")


class Callers:
    """Threads that call without pause; what does not end well is kept."""

    def __init__(self, arena, count=8, body=READ):
        self.arena, self.body = arena, body
        self.stopped, self.done, self.bad = False, 0, []
        self.threads = [threading.Thread(target=self.run) for _ in range(count)]

    def run(self):
        while not self.stopped:
            try:
                status, _, body = self.arena.client.request(cgi(self.body), self.body)
                if status != 200 or b"isError" in body:
                    self.bad.append("%d %r" % (status, body[:200]))
            except (OSError, FastCGIError) as e:
                self.bad.append(repr(e))
            self.done += 1

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        for t in self.threads:
            t.join()

    def check(self):
        expect(not self.bad, "%d of %d failed: %s" % (len(self.bad), self.done, self.bad[:2]))
        expect(self.done > 50, "only %d were made" % self.done)


def check_metrics(text):
    """Read Prometheus's text format strictly: {(name, labels): value}."""
    samples, kinds, family = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            expect(family not in kinds, "%s comes twice" % family)
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            expect(name == family and kind in ("counter", "gauge", "histogram"), line)
            kinds[name] = kind
            continue
        m = re.fullmatch(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)*)\})? (-?[0-9.e+]+)', line)
        expect(m and m[1].startswith(family), "not a sample of %s: %s" % (family, line))
        expect(m[1] == family or (kinds[family] == "histogram" and m[1][len(family):] in (
            "_bucket", "_sum", "_count")), line)
        expect(kinds[family] != "counter" or family.endswith("_total"), line)
        key = m[1], tuple(re.findall(r'([a-z]+)="([^"]*)"', m[2] or ""))
        expect(key not in samples, "%s comes twice" % line)
        samples[key] = float(m[3])
    for (name, labels), value in samples.items():
        if not name.endswith("_bucket"):
            continue
        rest = tuple(x for x in labels if x[0] != "le")
        row = [v for (n, have), v in samples.items()
               if n == name and tuple(x for x in have if x[0] != "le") == rest]
        expect(row == sorted(row), "%s%s falls" % (name, rest))
        expect(row[-1] == samples[name[:-7] + "_count", rest], "%s%s: count" % (name, rest))
    return samples


# ---- reload

def life_reload(a):
    """HUP: a new configuration by new workers; the master is the same process, executed anew."""
    before, master = a.bridge.worker(), a.bridge.master.pid
    expect(b"get_item" in a.list(), "a tool is missing")
    a.hup(["tools_off = get_item"])
    a.replaced(before)
    expect(b"get_item" not in a.list(), "the old configuration goes on")
    expect(a.bridge.master.pid == master and is_running(master), "the master is another")
    expect(len(a.bridge.worker()) == 2, "%s workers" % a.bridge.worker())
    expect(a.metric("recycles_total", reason="reload") == 2, "recycles are not counted")
    a.ping()


life_reload.workers = 2


def life_reload_wrong(a):
    """A configuration that is wrong changes nothing; the log names the place, and it can be mended."""
    before = a.bridge.worker()
    a.hup(["no_such_key = 1"])
    a.wait_log("reload refused")
    expect("no_such_key" in a.bridge.text(), "the log does not say why")
    a.hup(["services = /nowhere.json"])
    a.wait_log("reload refused", times=2)
    expect("/nowhere.json" in a.bridge.text(), "the log does not say why")
    for i, line in enumerate(("state_key = /nowhere/key", "board = /nowhere/board")):
        a.hup([line])
        a.wait_log("reload refused", times=3 + i)
    a.ping()
    expect(a.bridge.worker() == before, "the workers are others")
    a.hup(["tools_off = get_item"])
    a.replaced(before)
    expect(b"get_item" not in a.list(), "the mended configuration is not taken")


def life_reload_service_file(a):
    """A service file is read again, too, and a broken one refused."""
    file = a.bridge.tmp / "service.json"
    shutil.copy(HERE.parent / "cases" / "service.json", file)
    before = a.bridge.worker()
    a.hup(["services = %s" % file])
    a.replaced(before)
    file.write_text(file.read_text().replace('"get_item"', '"fetch_item"'))
    before = a.bridge.worker()
    a.hup()
    a.replaced(before)
    expect(b"fetch_item" in a.list(), "the file is not read again")
    before = a.bridge.worker()
    file.write_text(file.read_text().replace('"fetch_item"', ''))
    a.hup()
    a.wait_log("reload refused")
    a.ping()
    expect(a.bridge.worker() == before, "the workers are others")


def life_reload_in_flight(a):
    """What is in flight is answered by the old worker while the new one serves."""
    a.delay_ms = 1500
    before = a.bridge.worker()
    sock = a.send(whole(READ))
    a.seen_upstream()
    a.hup()
    a.wait_log("worker draining: reload")
    a.ping()
    expect(is_running(before[0]), "the old worker has not waited")
    status, _, body = a.answer(sock)
    expect(status == 200 and b"isError" not in body, "%d %r" % (status, body))
    a.replaced(before)


def life_batch(a):
    """A batch in flight is answered whole by a worker that drains."""
    a.delay_ms = 1000
    before = a.bridge.worker()
    sock = a.send(whole(b"[" + READ + b"," + PING + b"," + READ + b"]"))
    a.seen_upstream(2)
    a.hup()
    a.wait_log("worker draining: reload")
    expect(is_running(before[0]), "the old worker has not waited")
    status, _, body = a.answer(sock)
    expect(status == 200 and len(json.loads(body)) == 3 and b"isError" not in body,
           "%d %r" % (status, body))
    a.replaced(before)


def life_batch_cut(a):
    """At the end of a drain a batch is cut off with its requests; nothing of it is left."""
    a.delay_ms = 8000
    sock = a.send(whole(b"[" + READ + b"," + PING + b"," + READ + b"]"))
    a.seen_upstream(2)
    a.bridge.stop()
    a.wait_log("2 requests in flight are cut off")
    try:
        got = a.answer(sock)
    except FastCGIError:
        got = None
    expect(got is None, "an answer of the dead: %s" % (got,))


life_batch_cut.conf = ["drain_timeout_s = 1", "request_timeout_ms = 60000",
                       "upstream_timeout_ms = 60000"]


def life_reload_under_load(a):
    """HUP after HUP under load: not one call fails."""
    a.delay_ms = 20
    with Callers(a) as callers:
        for _ in range(10):
            time.sleep(0.25)
            a.hup()
    callers.check()
    expect(a.metric("recycles_total", reason="reload") >= 4, "hardly any reload was done")


life_reload_under_load.workers = 2


def life_reload_storm(a):
    """A hundred HUPs at once end in one master with its workers."""
    for _ in range(100):
        a.hup()
        time.sleep(0.002)
    a.wait_log('"master open: 1 workers"', 5, 2)
    Bridge.wait_for(lambda: len(a.left()) == 2, 8, "not one master and one worker")
    a.ping()


def life_reload_listen(a):
    """A reload that names another socket serves there."""
    before = a.bridge.worker()
    other = str(a.bridge.tmp / "other")
    environment = a.bridge.environment()
    a.bridge.stop()
    a.bridge.write_conf(["listen = %s" % a.bridge.socket])
    with open(a.bridge.log, "ab") as log:
        a.bridge.master = subprocess.Popen([a.bridge.binary], env=environment, stderr=log,
                                           stdin=subprocess.DEVNULL)
    Bridge.wait_for(lambda: os.path.exists(a.bridge.socket), 5, "it does not start")
    a.wait_log("worker open", 5, 2)
    before = a.bridge.worker()
    a.hup(["listen = %s" % other])
    Bridge.wait_for(lambda: not [p for p in before if is_running(p)], 5, "old workers are there")
    a.client.address = a.bridge.socket = other
    a.ping()


def life_handed_over(a):
    """A socket that a manager hands over stays its own, also after a reload and of the same name."""
    a.bridge.stop()
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(a.bridge.socket)
    sock.listen(64)
    a.bridge.write_conf(["listen = %s" % a.bridge.socket])
    with open(a.bridge.log, "ab") as log:
        # LISTEN_PID is to be the process's own, as a manager sets it between fork and exec.
        a.bridge.master = subprocess.Popen(
            ["sh", "-c", 'exec env LISTEN_PID=$$ LISTEN_FDS=1 "$0" 3<&0 </dev/null',
             a.bridge.binary],
            env=a.bridge.environment(), stdin=sock, stdout=log, stderr=log)
    a.wait_log("worker open", 5, 2)
    a.ping()
    before = a.bridge.worker()
    a.hup()
    a.replaced(before)
    before = a.bridge.worker()
    a.hup(["listen = /nowhere/s"])
    a.replaced(before)
    expect("the old socket goes on" in a.bridge.text(), "it is not said")
    a.bridge.stop()
    expect(os.path.exists(a.bridge.socket), "the socket's file was taken away")
    sock.close()


def life_socket_taken_over(a):
    """Whoever took the socket's name since keeps its file."""
    os.unlink(a.bridge.socket)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(a.bridge.socket)
        other.listen(1)
        a.bridge.stop()
        expect(os.path.exists(a.bridge.socket), "another's socket was taken away")


def life_reload_alone(a):
    """Without a master HUP checks, and drains only if the configuration is good."""
    a.bridge.stop()
    a.bridge.write_conf()
    with open(a.bridge.log, "ab") as log:
        process = subprocess.Popen([a.bridge.binary, "--listen", a.bridge.socket, "-w", "0"],
                                   env=a.bridge.environment(), stdin=subprocess.DEVNULL,
                                   stderr=log)
    a.wait_log("worker open", 5, 2)
    a.bridge.write_conf(["no_such_key = 1"])
    process.send_signal(signal.SIGHUP)
    a.wait_log("reload refused")
    a.ping()
    a.bridge.write_conf()
    process.send_signal(signal.SIGHUP)
    expect(process.wait(5) == 0, "it does not end well")


# ---- recycling

def life_max_requests(a):
    """A worker every few requests, and not one request fails."""
    with Callers(a, 8, PING) as callers:
        time.sleep(2)
    callers.check()
    recycled = a.metric("recycles_total", reason="max_requests")
    expect(recycled >= callers.done / 20 / 2, "%d recycles of %d" % (recycled, callers.done))
    expect(a.metric("recycles_total", reason="crash") == 0, "a worker crashed")
    expect(a.metric("requests_total", method="ping") >= callers.done, "requests are not counted")


life_max_requests.conf = ["max_requests = 20"]
life_max_requests.workers = 2


def life_successor(a):
    """The successor serves while the old worker still drains."""
    a.delay_ms = 1500
    old = a.bridge.worker()
    sock = a.send(whole(READ))
    a.seen_upstream()
    for _ in range(12):
        a.ping()
    Bridge.wait_for(lambda: len(a.bridge.worker()) == 2, 1, "no successor")
    expect(is_running(old[0]) and a.metric("workers", state="draining") == 1 and
           a.metric("workers", state="open") == 1, "not one that drains and one that is open")
    expect(a.answer(sock)[0] == 200, "what was in flight is lost")
    Bridge.wait_for(lambda: not is_running(old[0]), 2, "the old one stays")


life_successor.conf = ["max_requests = 10"]


def life_max_age(a):
    """A worker that is old enough is replaced though nothing happens."""
    before = a.bridge.worker()
    a.replaced(before)
    expect(a.metric("recycles_total", reason="max_age") >= 1, "it is not counted")


life_max_age.conf = ["max_age_s = 1"]


def life_stopped_worker(a):
    """A worker that is stopped and cannot drain is ended by the master, with no TERM to that."""
    before = a.bridge.worker()
    sock = a.connect()              # it has something to wait for
    a.wait_log("worker open")
    os.kill(before[0], signal.SIGHUP)
    a.wait_log("worker draining")
    os.kill(before[0], signal.SIGSTOP)
    a.ping()
    Bridge.wait_for(lambda: not is_running(before[0]), 12, "it is still there")
    sock.close()
    expect("is killed" in a.bridge.text(), "it is not said")


life_stopped_worker.conf = ["drain_timeout_s = 1", "request_timeout_ms = 1000"]


def life_max_rss(a):
    """A worker that is too large is replaced, and a limit too low is no storm."""
    before = a.bridge.worker()
    a.replaced(before, 9)
    expect(a.metric("recycles_total", reason="max_rss") == 1, "not one recycle")


life_max_rss.conf = ["max_rss = 1"]


def life_signal_to_a_worker(a):
    """TERM to one worker drains it, and its successor is there at once."""
    before = a.bridge.worker()
    os.kill(before[0], signal.SIGTERM)
    Bridge.wait_for(lambda: before[0] not in a.bridge.worker() and len(a.bridge.worker()) == 2,
                    2, "it is not replaced")
    expect(before[1] in a.bridge.worker(), "the other is another")
    expect(a.metric("recycles_total", reason="crash") == 0, "taken for a crash")


life_signal_to_a_worker.workers = 2


# ---- killed

def life_crash(a):
    """Killed again and again, a worker comes back after pauses that double."""
    for i in range(3):
        worker = a.bridge.worker()
        os.kill(worker[0], signal.SIGKILL)
        a.wait_log("the next starts in", 5, i + 1)
        Bridge.wait_for(lambda w=worker: a.bridge.worker() not in (w, []), 5, "it stays away")
        Bridge.wait_for(lambda: a.metric("workers", state="open") == 1, 5, "it does not open")
    pauses = re.findall(r"the next starts in (\d+) ms", a.bridge.text())
    expect(pauses == ["100", "200", "400"], "pauses: %s" % pauses)
    expect(a.metric("recycles_total", reason="crash") == 3, "crashes are not counted")
    expect(a.metric("in_flight") == 0, "a dead worker's gauge is left")


def life_crash_holds(a):
    """A worker that is killed fails what it held; the rest goes on."""
    a.delay_ms = 1000
    socks = [a.send(whole(READ)) for _ in range(20)]
    a.seen_upstream(20)
    held = [v for (name, _), v in a.metrics().items() if name == "ums_mcp_in_flight"]
    os.kill(a.bridge.worker()[0], signal.SIGKILL)
    failed = 0
    for sock in socks:
        try:
            expect(a.answer(sock)[0] == 200, "not 200")
        except FastCGIError:
            failed += 1
    expect(sum(held) == 20 and failed in held, "%d failed, they held %s" % (failed, held))
    a.ping()


life_crash_holds.workers = 2


def life_master_killed(a):
    """The master's death ends all workers, after they have answered."""
    a.delay_ms = 1000
    workers = a.bridge.worker()
    socks = [a.send(whole(READ)) for _ in range(6)]
    a.seen_upstream(6)
    a.bridge.master.kill()
    a.bridge.master.wait()
    for sock in socks:
        expect(a.answer(sock)[0] == 200, "what was in flight is lost")
    Bridge.wait_for(lambda: not [p for p in workers if is_running(p)], 3, "workers are left")
    expect('"worker draining: master_gone' in a.bridge.text(), "the reason is not said")
    a.bridge.master = None


life_master_killed.workers = 3


def life_master_killed_at_start(a):
    """Killed at whatever moment of its start or of a reload, nobody is left."""
    a.bridge.stop()
    rng = random.Random(3)
    for i in range(12):
        a.bridge.write_conf()
        with open(a.bridge.log, "ab") as log:
            master = subprocess.Popen([a.bridge.binary, "--listen", a.bridge.socket, "-w", "4"],
                                      env=a.bridge.environment(), stdin=subprocess.DEVNULL,
                                      stdout=log, stderr=log)
        if i % 2 == 0:
            time.sleep(rng.uniform(0, 0.15))
        else:
            a.wait_log("worker open", 5)
            time.sleep(0.1)
            master.send_signal(signal.SIGHUP)
            time.sleep(rng.uniform(0, 0.15))
        master.kill()
        master.wait()
        a.all_gone()


def life_everyone_killed(a):
    """Workers and master in any order: no process and no zombie stays."""
    rng = random.Random(5)
    for _ in range(6):
        pids = a.bridge.worker() + [a.bridge.master.pid]
        rng.shuffle(pids)
        for pid in pids[:rng.randrange(1, len(pids) + 1)]:
            try:
                os.kill(pid, rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1]))
            except ProcessLookupError:
                pass
            time.sleep(rng.uniform(0, 0.05))
        if a.bridge.master.poll() is None:
            Bridge.wait_for(lambda: a.bridge.master.poll() is not None or
                            (len(a.bridge.worker()) == 3 and zombies(a.bridge.master.pid) == 0),
                            8, "not three workers again")
        if a.bridge.master.poll() is None:
            a.bridge.master.kill()
        a.bridge.master.wait()
        a.all_gone()
        a.bridge.start(a.conf, workers=3)
        a.bridge.starts = a.bridge.text().count('"worker open')


life_everyone_killed.workers = 3


def life_configuration_lost(a):
    """A master that is started with a wrong configuration says so and exits with 100."""
    a.bridge.write_conf(["max_inflight = many"])
    done = subprocess.run([a.bridge.binary, "--listen", str(a.bridge.tmp / "t")], timeout=10,
                          env=a.bridge.environment(), capture_output=True, check=False)
    expect(done.returncode == 100 and b"max_inflight" in done.stderr, repr(done))


# ---- full

def life_overload(a):
    """Above max_inflight: 503 from the bridge; health, readiness and metrics answer through it."""
    a.delay_ms = 1500
    socks = [a.send(whole(READ)) for _ in range(3)]
    a.seen_upstream(3)
    for _ in range(5):
        status, headers, body = a.client.request(cgi(READ), READ)
        expect((status, headers.get("retry-after")) == (503, "1"), "%d %s" % (status, headers))
        expect(json.loads(body)["error"]["code"] == -32600, "not a JSON-RPC error: %r" % body)
    expect(a.get("/healthz")[0] == 200, "health")
    expect(a.get("/readyz")[::2] == (503, b'{"status":"full"}'), "readiness")
    expect(a.metric("workers", state="full") == 1 and a.metric("in_flight") == 3, "metrics")
    for sock in socks:
        expect(a.answer(sock)[0] == 200, "what was accepted is not answered")
    expect(a.get("/readyz")[0] == 200, "it is not ready again")
    expect(a.metric("requests_total", status="503") == 5, "503 are not counted")


life_overload.conf = ["max_inflight = 3"]


def life_overload_of_one(a):
    """A worker that is full leaves what comes to one that has room; 503 when none has."""
    a.delay_ms = 1000
    for _ in range(5):
        socks = [a.send(whole(READ)) for _ in range(6)]
        codes = [a.answer(sock)[0] for sock in socks]
        expect(codes == [200] * 6, codes)
    a.delay_ms = 4000
    socks = [a.send(whole(READ)) for _ in range(6)]
    a.seen_upstream(36)
    expect(a.client.request(cgi(READ), READ)[0] == 503, "there was room for a seventh")
    for sock in socks:
        expect(a.answer(sock)[0] == 200, "what was accepted is not answered")


life_overload_of_one.workers = 2
life_overload_of_one.conf = ["max_inflight = 3"]


def life_overload_of_one_beside_a_stopped(a):
    """Who is full waits some seconds for another that does not take what comes, then says 503."""
    a.bridge.stub.handler = lambda rq: a.upstream(rq) if a.gate.wait(30) else {}
    stopped = a.bridge.worker()[0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        socks = [a.send(whole(READ)) for _ in range(3)]
        a.seen_upstream(3)
        expect(a.client.request(cgi(READ), READ)[0] == 503, "there was room for a fourth")
    finally:
        os.kill(stopped, signal.SIGCONT)
    a.gate.set()
    for sock in socks:
        expect(a.answer(sock)[0] == 200, "what was accepted is not answered")


life_overload_of_one_beside_a_stopped.workers = 2
life_overload_of_one_beside_a_stopped.conf = [
    "max_inflight = 3", "upstream_timeout_ms = 60000", "request_timeout_ms = 60000"]


def life_board_locked(a):
    """A board that somebody else has locked is an error after a second, not a wait for ever."""
    a.bridge.stop()
    board = a.bridge.tmp / "board"
    with open(board, "wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        a.bridge.write_conf(["board = %s" % board])
        done = subprocess.run([a.bridge.binary, "--listen", a.bridge.socket], timeout=10,
                              env=a.bridge.environment(), capture_output=True, check=False)
    expect(done.returncode == 100 and b"board = " in done.stderr, repr(done))
    a.bridge.start(["board = %s" % board])
    a.ping()
    expect(board.stat().st_blocks * 512 >= board.stat().st_size, "the file has holes")


def life_bodies(a):
    """Bodies that come slowly and never end are held to a sum: one more is refused, not stored."""
    body = b" " * 1000000
    head = (fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(cgi(body))) +
            b"".join(fastcgi.record(fastcgi.STDIN, body[i:i + 65535])
                     for i in range(0, len(body), 65535)))
    held = [a.send(head) for _ in range(68)]
    status, headers, _ = a.client.request(cgi(body), body)
    expect((status, headers.get("retry-after")) == (503, "1"), "%d" % status)
    for sock in held:
        sock.close()
    Bridge.wait_for(lambda: a.client.request(cgi(body), body)[0] == 400, 3, "no room afterwards")


def life_metrics(a):
    """What is counted, by method, tool and outcome."""
    a.ping()
    a.client.request(cgi(READ), READ)
    a.bridge.stub.handler = lambda _: {"status": 500, "body": "{}"}
    a.client.request(cgi(READ), READ)
    wrong = call("list_items", no_such=1)
    a.client.request(cgi(wrong), wrong)
    a.client.request(cgi(b"{"), b"{")
    m = a.metric
    expect(m("requests_total", method="ping", status="200") == 1, "ping")
    expect(m("requests_total", method="tools/call", status="200") == 3, "tools/call")
    expect(m("requests_total", method="", status="400") == 1, "a bad request")
    for outcome in ("ok", "error", "arguments"):
        expect(m("tool_calls_total", tool="list_items", outcome=outcome) == 1, outcome)
    expect(m("upstream_requests_total", service="cases", outcome="answered") == 2, "upstream")
    expect(m("upstream_connections_opened_total") == 1 and
           m("upstream_connections_reused_total") == 1, "connections")
    expect(m("upstream_seconds_count") == 2 and m("request_seconds_count") == 5, "times")
    expect(m("stage_seconds_count", stage="calls") == 4, "stages")
    Bridge.wait_for(lambda: m("worker_pss_bytes") > 100000, 3, "no memory is written down")
    expect(m("max_inflight") == 2000, "max_inflight")


def life_metrics_outlive(a):
    """Counters are the same whoever is asked and whoever has ended."""
    for _ in range(30):
        a.ping()
    before = a.bridge.worker()
    a.hup()
    a.replaced(before)
    os.kill(a.bridge.worker()[0], signal.SIGKILL)
    a.wait_log("the next starts in")
    a.ping()
    expect(a.metric("requests_total", method="ping") == 32, "counters are lost")
    expect(a.metric("recycles_total", reason="crash") == 1, "the crash is lost")


life_metrics_outlive.workers = 2


def life_status_ebb(a):
    """A burst stays in the last ten minutes though memory is given back right after it."""
    def status():
        code, _, body = a.get("/status.json")
        expect(code == 200, "/status.json says %d" % code)
        return json.loads(body)

    a.bridge.stub.handler = lambda rq: a.upstream(rq) if a.gate.wait(10) else {}
    every = status()["every_s"]
    # Early in a slot: its end, and the ebb five seconds later, are in one sample then.
    time.sleep((1.3 - time.time()) % every)
    socks = [a.send(whole(READ)) for _ in range(40)]
    a.seen_upstream(40)
    a.gate.set()
    for sock in socks:
        expect(a.answer(sock)[0] == 200, "what was accepted is not answered")
    ended = time.time()
    Bridge.wait_for(lambda: status()["slot_ms"] >= (ended + 2 * every) * 1000, 4 * every + 5,
                    "no samples come")
    most = [max(v for v in x["in_flight"] if v is not None) for x in status()["lives"]]
    expect(most == [40], "in flight were 40, it shows %s" % most)


def life_health_allocates_nothing(a):
    """/healthz in a warm worker calls no malloc(): counted by a library before libc."""
    so, counts = a.bridge.tmp / "count.so", a.bridge.tmp / "counts"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(so),
                    str(HERE / "count_malloc.c"), "-ldl"], check=True, timeout=60)
    counts.write_bytes(b"\0" * 8)
    subprocess.run(["make", "-s", "-C", str(ROOT), "build/release/ums-mcp"], check=True,
                   timeout=300, stdout=subprocess.DEVNULL)
    a.bridge.stop()
    a.bridge.binary = str(ROOT / "build" / "release" / "ums-mcp")
    a.bridge.environment = lambda more=None, old=a.bridge.environment: old(
        dict(more or {}, LD_PRELOAD=str(so), COUNT_MALLOC=str(counts)))
    a.bridge.start(a.conf)

    def count():
        return int.from_bytes(counts.read_bytes(), "little")
    a.ping()
    before = count()
    a.ping()
    expect(count() > before, "the library counts nothing")
    for _ in range(20):
        a.get("/healthz")
    # The worker's tick reads files once a second; none of it allocates either.
    before = count()
    for _ in range(100):
        expect(a.get("/healthz")[0] == 200, "health")
    expect(count() == before, "%d allocations in 100 health checks" % (count() - before))


def zombies(pid):
    return sum(not is_running(child) for child in children(pid))


# ---- running them

CONF = ["result_max = 32768", "upstream_timeout_ms = 5000", "drain_timeout_s = 5"]


def list_tools(arena):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    return arena.client.request(cgi(body), body)[2]


Life.list = list_tools


def run(name, test, build, tmp):
    """One test. None, or why it failed."""
    bridge = Bridge(build, tmp / name)
    conf = CONF + getattr(test, "conf", [])
    why, arena = None, None
    try:
        bridge.start(conf, workers=getattr(test, "workers", 1))
        arena = Life(bridge)
        arena.conf = conf
        bridge.stub.play([])
        bridge.stub.handler = arena.upstream
        test(arena)
    except (Failure, FastCGIError, OSError, subprocess.SubprocessError) as e:
        why = "%s: %s" % (type(e).__name__, e)
    for step in (bridge.stop, arena and arena.all_gone, bridge.check_log):
        try:
            if step:
                step()
        except Failure as e:
            why = "%s; %s" % (why, e) if why else str(e)
    if arena:
        arena.finish()
        for pid in arena.left():
            os.kill(pid, signal.SIGKILL)
    bridge.close()
    if why:
        why += "\n    " + "\n    ".join(bridge.text().splitlines()[-12:])
    return why


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="names of tests; all without one")
    parser.add_argument("--build", default=os.environ.get("BUILD_DIR", str(ROOT / "build/asan")))
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    tests = {k[5:]: v for k, v in globals().items() if k.startswith("life_")}
    wanted = [n.replace("-", "_") for n in args.names] or list(tests)
    if set(wanted) - set(tests):
        raise SystemExit("no such test: %s" % " ".join(sorted(set(wanted) - set(tests))))
    tmp = Path(tempfile.mkdtemp(prefix="life."))
    failed = 0
    for name in wanted:
        began = time.monotonic()
        why = run(name, tests[name], Path(args.build), tmp)
        title = name.replace("_", "-")
        if why is not None:
            failed += 1
            print("FAIL %s: %s" % (title, why))
        elif args.verbose:
            print("ok %s (%.1f s)" % (title, time.monotonic() - began), flush=True)
    shutil.rmtree(tmp, ignore_errors=True)
    print("%d passed, %d failed" % (len(wanted) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
