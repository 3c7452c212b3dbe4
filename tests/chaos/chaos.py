#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether one key is one message, whatever dies: keyed sends are repeated while workers are killed.

    tests/chaos/chaos.py [--sends N] [--store lmdb|redis|both] [--seed N] [--in-flight N]

N sends (50,000), each with a key of its own, half of them to a tool whose service deduplicates and
half to one whose service does not: there the bridge alone must keep it single. Of the clients 30 %
repeat a send with its key: as twins at once, after they left before an answer came, or after they
had it. All repeat what failed, up to four calls. Workers are recycled every 500 requests, one gets
SIGKILL every 700 sends (some second), the service fails one request in ten (upstream.py) and is
restarted. At the end what the service holds is held against what the clients were told.

lmdb: one bridge, two workers. redis: a redis-server, two bridges with two workers each. Both behind
one nginx, on loopback. The last line is "N passed, N failed".
"""
import argparse
import asyncio
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
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "life")]
import fastcgi  # noqa: E402
from attack import HEADERS, PING, PONG, expect, is_running  # noqa: E402
from cases import SANITIZERS, Bridge, Failure, WebServer, children, free_port  # noqa: E402
from life import check_metrics  # noqa: E402
from upstream import Upstream  # noqa: E402

BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build" / "release"))
CONF = """\
auth = none
services = {root}/tests/chaos/service.json
service.chaos.base_url = {up.url}
service.chaos.ca_file = {up.ca}
service.chaos.token_file = {up.token_file}
state_key = {tmp}/state.key
store = {store}
upstream_http = {http}
workers = 2
max_requests = 500
max_inflight = 2000
request_timeout_ms = 5000
upstream_timeout_ms = 2000
breaker_failures = 0
log_level = warn
"""
HTTP = ("2", "1.1")     # upstream, the first bridge and the second
TOOLS = {"messages": "send_message", "plain": "send_plain"}     # by the service's path
PLANS = ("once", "twins", "leave", "again")
WEIGHTS = (70, 10, 10, 10)
ATTEMPTS = 4
LEAVE_S = ((0.005, 0.05), (0.05, 0.4))
PATIENCE_S = 20         # longer than any deadline of the bridge
SENDS_A_KILL = 700
# What leaves it open whether the message was sent: no answer, or one that says so.
SILENT = ("left", "cut", "http 500", "http 502", "http 503", "http 504")
UNKNOWN = SILENT + ("outcome_unknown", "idempotency_in_progress")
# After an acknowledgement nothing is open any more.
AFTER = SILENT + (None, "replay", "store_unavailable")
# All that a keyed write may be told here; what is not in it is not repeated, and is an error.
KNOWN = UNKNOWN + (
    "ok", "replay", "store_unavailable", "rate_limited", "upstream_unavailable", "upstream_error",
    "upstream_unreachable", "upstream_timeout", "upstream_broken")


# ---- what runs

def start(command, log):
    with open(log, "wb") as out:
        return subprocess.Popen([str(x) for x in command], stdin=subprocess.DEVNULL, stdout=out,
                                stderr=out)


class Redis:
    """A redis-server that keeps everything in memory."""

    def __init__(self, tmp):
        self.port, self.log = free_port(), tmp / "redis.log"
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        self.process = start([
            shutil.which("redis-server", path=path) or "redis-server", "--port", self.port,
            "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tmp], self.log)
        try:
            Bridge.wait_for(lambda: self.says("PING") == b"+PONG\r\n", 10,
                            "redis-server does not start")
        except Failure:
            self.stop()
            raise

    def says(self, command):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                s.sendall(command.encode() + b"\r\n")
                return s.recv(4096)
        except OSError:
            return b""

    def keys(self):
        return int(self.says("DBSIZE")[1:] or b"-1")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Scene:
    """Bridges on one store behind one nginx; `socket` is what WebServer asks for."""

    def __init__(self, kind, upstream):
        self.tmp = Path(tempfile.mkdtemp(prefix="chaos."))
        self.upstream = upstream
        self.masters, self.sockets, self.logs, self.missing = [], [], [], set()
        self.web = self.redis = None
        try:
            if kind == "redis":
                self.redis = Redis(self.tmp)
                where = "redis://127.0.0.1:%d" % self.redis.port
            else:
                where = str(self.tmp / "store")
            for i in range(2 if kind == "redis" else 1):
                self.start_bridge(i, where)
            # More than one: all of them become servers of nginx's one upstream.
            self.socket = " max_fails=0;\n\t\tserver unix:".join(self.sockets)
            self.web = WebServer("nginx", self.tmp, self)
        except BaseException:
            self.close()
            raise

    def start_bridge(self, i, where):
        text = CONF.format(root=ROOT, up=self.upstream, tmp=self.tmp, store=where, http=HTTP[i])
        conf, path = self.tmp / ("conf%d" % i), self.tmp / ("s%d" % i)
        self.write_conf(conf, text)
        self.logs.append(self.tmp / ("log%d" % i))
        self.sockets.append(str(path))
        self.masters.append(start([BUILD / "ums-mcp", "-c", conf, "--listen", path],
                                  self.logs[-1]))
        Bridge.wait_for(lambda: self.pings(i), 10, "it does not start")

    def write_conf(self, conf, text):
        """What this program does not know is left out, and said."""
        while True:
            conf.write_text(text)
            done = subprocess.run([str(BUILD / "ums-mcp"), "-t", "-c", str(conf)], check=False,
                                  capture_output=True, text=True, errors="backslashreplace")
            unknown = re.search(r'unknown key "(\w+)"', done.stderr)
            if not unknown:
                break
            self.missing.add(unknown[1])
            text = "".join(line + "\n" for line in text.splitlines()
                           if line.split(" ")[0] != unknown[1])
        expect(done.returncode == 0, "ums-mcp -t: " + done.stderr)

    def ask(self, i, method, target, headers=None, body=b""):
        return fastcgi.FastCGIClient(self.sockets[i], 5).request(
            fastcgi.params(method, target, headers, body), body)

    def pings(self, i):
        try:
            return self.ask(i, "POST", "/mcp", HEADERS, PING)[2] == PONG
        except (OSError, fastcgi.FastCGIError):
            return False

    def recycles(self, reason):
        total = 0
        for i in range(len(self.sockets)):
            samples = check_metrics(self.ask(i, "GET", "/metrics")[2].decode())
            total += samples.get(("ums_mcp_recycles_total", (("reason", reason),)), 0)
        return int(total)

    def workers(self):
        return [pid for master in self.masters for pid in children(master.pid)]

    def end(self):
        """TERM to all; (exit codes, processes that are left)."""
        pids = self.workers()
        for master in self.masters:
            master.terminate()
        codes = [master.wait(60) for master in self.masters]
        return codes, [pid for pid in pids if is_running(pid)]

    def log(self):
        return "".join(log.read_text(errors="replace") for log in self.logs)

    def close(self):
        for master in self.masters:
            if master.poll() is None:
                master.terminate()
                master.wait(60)
        for other in (self.web, self.redis):
            if other is not None:
                other.stop()
        shutil.rmtree(self.tmp, ignore_errors=True)


class Killer(threading.Thread):
    """SIGKILL for a worker, at random; one of two is the youngest, which drains hardly ever."""

    def __init__(self, scene, clients, seed):
        super().__init__()
        self.scene, self.clients = scene, clients
        self.random, self.over = random.Random(seed), threading.Event()
        self.kills = 0

    def run(self):
        due = self.random.expovariate(1 / SENDS_A_KILL)
        while not self.over.wait(0.02):
            pids = sorted(self.scene.workers()) if self.clients.done >= due else []
            if pids and self.kill(self.random.choice((pids[-1], self.random.choice(pids)))):
                self.kills += 1
                due = self.clients.done + self.random.expovariate(1 / SENDS_A_KILL)

    @staticmethod
    def kill(pid):
        try:
            os.kill(pid, signal.SIGKILL)
            return True
        except ProcessLookupError:      # it has come to its end by itself
            return False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


# ---- the clients

class Send:
    """A key and all that was said of it."""

    __slots__ = ("key", "path", "body", "ids", "told", "after")

    def __init__(self, number, key, path):
        self.key, self.path = key, path
        arguments = {"to": ["bob"], "text": "Hello " + key, "idempotency_key": key}
        if path == "plain":
            arguments["ref"] = key
        body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
            "name": TOOLS[path], "arguments": arguments}}).encode()
        self.body = (b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
                     b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                     % (len(body), body))
        self.ids = []       # of acknowledgements
        self.told = []      # "ok", "replay", a code, or how no answer came
        self.after = None   # the same for the call after an acknowledgement

    def __str__(self):
        return "%s %s: %s, acknowledged %s" % (self.path, self.key, " ".join(self.told),
                                               " ".join(sorted(set(self.ids))) or "never")


class Clients:
    """All the sends, so many at once."""

    def __init__(self, port, upstream, options):
        self.port, self.upstream, self.options = port, upstream, options
        self.random = random.Random(options.seed)
        self.sends, self.idle, self.plans = [], [], Counter()
        self.done, self.restarts = 0, 0

    async def run(self):
        slots, tasks = asyncio.Semaphore(self.options.in_flight), set()
        for number in range(self.options.sends):
            path = self.random.choice(list(TOOLS))
            plan = self.random.choices(PLANS, WEIGHTS)[0]
            send = Send(number + 1, "key-%d-%d" % (self.options.seed, number), path)
            self.sends.append(send)
            self.plans[plan] += 1
            await slots.acquire()
            task = asyncio.create_task(self.client(send, plan, slots))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        while tasks:
            for task in asyncio.as_completed(list(tasks)):
                await task
        for _, writer in self.idle:
            writer.close()

    async def client(self, send, plan, slots):
        try:
            await self.first(send, plan)
            while not send.ids and len(send.told) < ATTEMPTS and send.told[-1] in KNOWN:
                await asyncio.sleep(self.random.uniform(0.02, 0.3))
                await self.call(send)
        finally:
            slots.release()
        self.done += 1
        if self.done % (self.options.sends // 5 or 1) == 0:
            self.upstream.restart()
            self.restarts += 1
        if plan == "again":
            await asyncio.sleep(self.random.uniform(0, 2))
            had = bool(send.ids)
            await self.call(send)
            send.after = send.told[-1] if had else None

    async def first(self, send, plan):
        if plan == "twins":
            count = self.random.choice((2, 2, 3))
            await asyncio.gather(*[self.call(send) for _ in range(count)])
            return
        if plan == "leave":
            # An answer takes some 50 ms: one of two leaves before, one may see it.
            await self.call(send, self.random.uniform(*self.random.choice(LEAVE_S)))
        await self.call(send)

    async def call(self, send, patience=None):
        """One call; notes what came of it. After `patience` the client leaves."""
        ids, told = None, "cut"
        left, timer, writer = [], None, None
        try:
            reader, writer = (self.idle.pop() if self.idle else
                              await asyncio.open_connection("127.0.0.1", self.port))
            timer = asyncio.get_running_loop().call_later(
                patience or PATIENCE_S, lambda: (left.append(True), writer.close()))
            writer.write(send.body)
            status, body, close = await self.read(reader)
            ids, told = self.judge(status, body)
            if not close and not left:
                self.idle.append((reader, writer))
                writer = None
        except (OSError, EOFError, asyncio.LimitOverrunError):
            if left:
                told = "left" if patience else "silent"
        finally:
            if timer is not None:
                timer.cancel()
            if writer is not None:
                writer.close()
        if ids is not None:
            send.ids.append(ids)
        send.told.append(told)

    @staticmethod
    async def read(reader):
        """(status, body, whether the connection ends)"""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = re.search(rb"\r\ncontent-length: *(\d+)", head)
        close = b"\r\nconnection: close" in head
        if length:
            body = await reader.readexactly(int(length[1]))
        elif b"\r\ntransfer-encoding: chunked" in head:
            body = b""
            while True:
                size = int(await reader.readuntil(b"\r\n"), 16)
                body += (await reader.readexactly(size + 2))[:-2]
                if size == 0:
                    break
        else:
            body, close = await reader.read(), True
        return int(head.split(b" ", 2)[1]), body, close

    @staticmethod
    def judge(status, body):
        """(the message's id or None, what was said)"""
        if status != 200:
            return None, "http %d" % status
        try:
            message = json.loads(body)
            if "error" in message:
                return None, "rpc %d" % message["error"]["code"]
            result = message["result"]
            if result.get("isError"):
                return None, json.loads(result["content"][0]["text"])["code"]
            good = result["structuredContent"]
            return good["message_id"], "replay" if good.get("idempotent_replay") else "ok"
        except (ValueError, KeyError, TypeError, IndexError):
            return None, "nonsense"


# ---- what must hold

class Findings:
    """Rules that were held or broken."""

    def __init__(self):
        self.passed = self.failed = 0

    def rule(self, what, wrong):
        """`wrong`: sends, or text, or whether; none of it is as it must be."""
        if not wrong:
            self.passed += 1
            return
        self.failed += 1
        some = wrong if isinstance(wrong, list) else [wrong] if isinstance(wrong, str) else []
        print("FAIL %s%s" % (what, ": %d" % len(wrong) if isinstance(wrong, list) else ""))
        for one in some[:5]:
            print("    %s" % one)


def check_sends(findings, clients, held):
    """What the service holds against what the clients were told."""
    sends = clients.sends

    def count(send):
        return held.get((send.path, send.key), (0, ""))[0]

    for path in TOOLS:
        mine = [s for s in sends if s.path == path]
        findings.rule("%s: no key has two messages" % path, [s for s in mine if count(s) > 1])
        findings.rule("%s: no acknowledgement is without its message" % path,
                      [s for s in mine if s.ids and count(s) == 0])
        findings.rule("%s: all acknowledgements of a key name one message" % path,
                      [s for s in mine if len(set(s.ids)) > 1])
        findings.rule("%s: the acknowledged message is the one that there is" % path,
                      [s for s in mine if s.ids and count(s) == 1 and
                       held[s.path, s.key][1] not in s.ids])
        findings.rule("%s: a message without acknowledgement: the last answer leaves it open" % path,
                      [s for s in mine if count(s) and not s.ids and s.told[-1] not in UNKNOWN])
        findings.rule("%s: a repeat after an acknowledgement gets the same, marked so" % path,
                      [s for s in mine if s.after not in AFTER])
    findings.rule("the service holds no other key",
                  ["%s %s" % k for k in set(held) - {(s.path, s.key) for s in sends}])
    findings.rule("nothing was answered that no keyed write is answered",
                  [s for s in sends if not set(s.told) <= set(KNOWN)])


def print_table(clients, held):
    columns = []
    for path in TOOLS:
        mine = [s for s in clients.sends if s.path == path]
        messages = Counter(min(2, held.get((path, s.key), (0, ""))[0]) for s in mine)
        answers = Counter(told for s in mine for told in s.told)
        after = Counter(s.after for s in mine if s.after)
        rows = {"sends": len(mine), "calls": sum(answers.values()),
                "acknowledged": sum(bool(s.ids) for s in mine),
                "not acknowledged, message there": sum(
                    not s.ids and (path, s.key) in held for s in mine),
                "keys with 0 messages": messages[0], "keys with 1 message": messages[1],
                "keys with 2 or more": messages[2]}
        rows.update({"answer " + k: n for k, n in sorted(answers.items())})
        rows.update({"after an acknowledgement " + k: n for k, n in sorted(after.items())})
        columns.append(rows)
    print("    %-48s%10s%10s" % (("",) + tuple(TOOLS)))
    for name in dict.fromkeys(name for rows in columns for name in rows):
        print("    %-48s%10d%10d" % ((name,) + tuple(rows.get(name, 0) for rows in columns)))


def chaos(kind, options, findings):
    """One store, all the way."""
    with Upstream(options.seed) as upstream:
        scene = Scene(kind, upstream)
        try:
            play(scene, upstream, options, findings)
        finally:
            log = scene.log()
            scene.close()
        findings.rule("nothing in the log that must not be there",
                      [w for w in SANITIZERS + (upstream.token,) if w in log])


def play(scene, upstream, options, findings):
    clients = Clients(scene.web.port, upstream, options)
    began = time.monotonic()
    with Killer(scene, clients, options.seed) as killer:
        asyncio.run(clients.run())
    took = time.monotonic() - began
    calls = sum(len(s.told) for s in clients.sends)
    gone = sum(s.told.count("left") for s in clients.sends)
    replays = sum(s.told.count("replay") for s in clients.sends)

    indices = range(len(scene.sockets))
    Bridge.wait_for(lambda: all(scene.pings(i) for i in indices), 10, "a bridge is not alive")
    findings.rule("it is alive and answers a ping", False)
    recycles, crashes = scene.recycles("max_requests"), scene.recycles("crash")
    kept = ", redis holds %d records" % scene.redis.keys() if scene.redis else ""
    codes, left = scene.end()
    time.sleep(1)       # what the service still has in hand
    held, count = upstream.held(), upstream.count()

    print_table(clients, held)
    print("    %d calls in %.1f s, %d/s; %s" % (calls, took, calls / took, ", ".join(
        "%d %s" % (clients.plans[p], p) for p in PLANS)))
    print("    %d kills (%d as crashes), %d recycles, %d restarts of the service%s" % (
        killer.kills, crashes, recycles, clients.restarts, kept))
    print("    the service: %s" % ", ".join("%s %d" % x for x in sorted(count.items())))

    share = options.sends / 50000
    check_sends(findings, clients, held)
    findings.rule("the program knows the keys: all of them",
                  ["%s is missing" % key for key in sorted(scene.missing)])
    findings.rule("many replays", "%d" % replays if replays <= 1000 * share else "")
    findings.rule("many clients left", "%d" % gone if gone <= 500 * share else "")
    findings.rule("many kills", "%d" % killer.kills if killer.kills <= 20 * share else "")
    findings.rule("workers were recycled", recycles <= 20 * share)
    findings.rule("the service was restarted", clients.restarts < 1)
    findings.rule("the service had room for all and understood all",
                  "no room" in count or "wrong" in count)
    findings.rule("the masters end with 0", "%s" % codes if any(codes) else "")
    findings.rule("no worker is left behind", [str(pid) for pid in left])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sends", type=int, default=50000)
    parser.add_argument("--store", choices=["lmdb", "redis", "both"], default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-flight", type=int, default=128)
    options = parser.parse_args()
    findings = Findings()
    for kind in ["lmdb", "redis"] if options.store == "both" else [options.store]:
        print("%s: %d sends, %d clients, seed %d" % (
            kind, options.sends, options.in_flight, options.seed), flush=True)
        try:
            chaos(kind, options, findings)
        except (Failure, OSError, RuntimeError, subprocess.SubprocessError) as e:
            findings.rule("%s: %s: %s" % (kind, type(e).__name__, e), True)
        sys.stdout.flush()
    print("%d passed, %d failed" % (findings.passed, findings.failed))
    return 1 if findings.failed else 0


if __name__ == "__main__":
    sys.exit(main())
