# SPDX-License-Identifier: MIT
"""status.py - /status, with each thing that it is to show produced for real: a leaking worker, a slow
service, an overload, one that fails, and a bridge that is well; looked at in a headless Chromium.

usage: python status.py [--server lighttpd|nginx] [--pictures DIR] [SCENE...]

Scenes: well, alone, leak, slow, overload, failing. Each has a bridge of its own with two workers
(alone: one process and no master), a service that is as slow as the scene wants it, and callers. With
--pictures the screenshots are kept, NAME-light.png, NAME-dark.png and NAME-phone.png: NAME is the
scene's, and replaced for the end of leak. That one takes some three minutes, the others one at most.
"""
import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "clients")]
from page import CHROMIUM  # noqa: E402
from rig import NODE, NPM, TOP, Rig  # noqa: E402
from trial import Failed, expect  # noqa: E402

CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                   "params": {"name": "read_desk", "arguments": {}}}).encode()
LOOK_S = 120
MB = 1024 * 1024


class World(threading.Thread):
    """The service, which answers after `delay` seconds with `status`, and callers of the bridge."""

    def __init__(self):
        super().__init__(daemon=True)
        self.delay, self.status = 0.02, 200
        self.loop = asyncio.new_event_loop()
        self.answers = {}
        self.callers = []       # kept, for a loop keeps no task by itself
        self.port = None
        self.start()
        self.port = self.run_now(self.listen())

    def run(self):
        self.loop.run_forever()

    def run_now(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=512)
        return self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(self.delay)
                body = b'{"text": "a pen"}'
                writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                             b"Content-Length: %d\r\n\r\n%s" % (self.status, len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def call(self, port, count, pause):
        """`count` callers, each with a pause between an answer and its next call."""
        self.run_now(self.begin(port, count, pause))

    async def begin(self, port, count, pause):
        self.callers += [self.loop.create_task(self.caller(port, pause * i / count, pause))
                         for i in range(count)]

    async def caller(self, port, first, pause):
        await asyncio.sleep(first)
        while True:
            status = await self.once(port)
            self.answers[status] = self.answers.get(status, 0) + 1
            await asyncio.sleep(pause)

    async def once(self, port):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                         b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
                         (len(CALL), CALL))
            answer = await reader.read()
            writer.close()
            return int(answer[9:12])
        except (OSError, ValueError):
            return 0

    async def finish(self):
        self.server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def end(self):
        self.run_now(self.finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(10)


class Stage:
    """A bridge behind a web server, its service and callers, for one scene."""

    def __init__(self, server, environment, workers=2):
        self.world = World()
        self.rig = Rig(server, dict({
            "UMS_MCP_SERVICES": "%s %s" % (os.path.join(TOP, "etc/services/ums.json"),
                                           os.path.join(HERE, "service.json")),
            "UMS_MCP_SERVICE_DESK_BASE_URL": "http://127.0.0.1:%d" % self.world.port,
        }, **environment), workers=workers)

    def __enter__(self):
        self.rig.__enter__()
        return self

    def __exit__(self, *about):
        self.rig.__exit__(*about)
        self.world.end()

    def get(self, path, **options):
        """Status, headers and body."""
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.rig.port, path), **options)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read().decode()

    def status(self):
        code, _, body = self.get("/status.json")
        expect(code == 200, "/status.json: %d %s" % (code, body[:200]))
        return json.loads(body)

    def until(self, said, seconds, what):
        """Wait for what the status says; it is returned."""
        until = time.monotonic() + seconds
        while True:
            status = self.status()
            if said(status):
                return status
            expect(time.monotonic() < until, "%s in %d s; it says %s" % (
                what, seconds, json.dumps(status["says"])))
            time.sleep(0.5)

    def says(self, kind, seconds):
        """Wait until it says something of a kind; that is returned."""
        status = self.until(lambda s: found(s, kind), seconds, "nothing is said of \"%s\"" % kind)
        return found(status, kind)


def found(status, kind):
    return next((s for s in status["says"] if s["kind"] == kind), None)


def number(pattern, text):
    """The first group as a number."""
    match = re.search(pattern, text)
    expect(match, "\"%s\" is not in: %s" % (pattern, text))
    return float(match[1])


def kinds(status):
    return [s["kind"] for s in status["says"]]


def seen(values):
    return [v for v in values if v is not None]


# ---- scenes: each yields a name and the kinds that the page must show then, and is looked at

def scene_well(a):
    """All is well; who may read it; what it costs; a reload is seen as it is."""
    a.world.call(a.rig.port, 4, 0.2)
    status = a.until(lambda s: len(seen(s["bridge"]["count"])) >= 3, 40, "no samples")
    expect(kinds(status) == ["well"] and status["level"] == "well", json.dumps(status["says"]))
    expect("open" in status["says"][0]["text"], status["says"][0]["text"])
    expect(len(status["workers"]) == 2 and all(w["state"] == "open" and w["rss"] > MB and
           w["pss"] > 0 for w in status["workers"]), json.dumps(status["workers"]))
    expect(status["max_rss"] == 512 * MB and status["slots"] == 120, "bounds")

    # What it shows is what is counted.
    minute = status["bridge"]["minute"]
    expect(5 < minute["count"] / minute["seconds"] < 25, "requests: %s" % minute)
    desk = next(s for s in status["services"] if s["name"] == "desk")
    expect(desk["minute"]["count"] > 0 and 10000 < desk["minute"]["p50"] < 500000,
           "service: %s" % desk["minute"])
    expect(desk["breaker"] == "closed" and set(desk["breakers"].strip()) == {"c"}, desk["breakers"])
    expect(status["causes"] == [], json.dumps(status["causes"]))

    # Who may read it, and what the page may do.
    code, headers, body = a.get("/status")
    policy = headers["Content-Security-Policy"]
    expect(code == 200 and headers["Content-Type"] == "text/html; charset=utf-8", "the page")
    expect(re.fullmatch(r"default-src 'none'; connect-src 'self'; base-uri 'none'; form-action "
                        r"'none'; frame-ancestors 'none'; style-src 'sha256-[^']{44}'; "
                        r"script-src 'sha256-[^']{44}'", policy), policy)
    expect(headers["Cache-Control"] == "no-store", "it is kept")
    expect(re.search(r"(src|href)=\"?(https?:)?//", body) is None, "it is of elsewhere, too")
    expect(a.get("/status.json", data=b"{}")[0] == 405, "POST")
    expect(a.get("/status", method="HEAD")[0] == 200, "HEAD")

    # A reload: every worker is another, their ends and their memory are there.
    before = {w["pid"] for w in status["workers"]}
    with open("/proc/%d/stat" % min(before)) as f:
        os.kill(int(f.read().rsplit(")", 1)[1].split()[1]), signal.SIGHUP)
    status = a.until(lambda s: {x["pid"] for x in s["leavers"]} >= before and not before & {
        w["pid"] for w in s["workers"]}, 40, "the reload is not seen")
    expect({x["reason"] for x in status["leavers"]} == {"reload"}, json.dumps(status["leavers"]))
    expect(all(x["lived_ms"] > 0 and x["rss"] > MB for x in status["leavers"]),
           json.dumps(status["leavers"]))
    now = {w["pid"] for w in status["workers"]}
    status = a.until(lambda s: {x["pid"] for x in s["lives"]} >= before | now, 20,
                     "not every life is there")
    expect(kinds(status) == ["well"], "a reload is nothing bad: %s" % json.dumps(status["says"]))
    expect(set(a.world.answers) == {200}, "a reload cost an answer: %s" % a.world.answers)
    yield "well", ["well"]


def scene_alone(a):
    """One process without a master shows itself."""
    a.world.call(a.rig.port, 2, 0.2)
    status = a.until(lambda s: len(seen(s["bridge"]["p95"])) >= 2, 40, "no samples")
    expect(len(status["workers"]) == 1 and kinds(status) == ["well"], json.dumps(status["says"]))
    expect(len(status["lives"]) == 1 and len(seen(status["lives"][0]["rss"])) >= 2, "its life")
    yield "alone", ["well"]


def scene_leak(a):
    """A worker grows with each request while its load is even, and is replaced at max_rss."""
    a.world.call(a.rig.port, 4, 0.2)
    leak = a.says("leak", 240)
    expect(re.match(r"Worker \d+ grows steadily: a leak$", leak["title"]), leak["title"])
    rate = number(r"grows by ([0-9.]+) MB a minute", leak["text"])
    expect(2 < rate < 40, leak["text"])
    expect(re.search(r"At \d+ MB \(max_rss\) it is replaced without losing a request, in about "
                     r"\d+(\.\d)? (s|min)", leak["text"]), leak["text"])
    status = a.status()
    expect("slow" not in kinds(status) and "overload" not in kinds(status), kinds(status))
    pid = int(number(r"Worker (\d+)", leak["title"]))
    rss = seen(next(x for x in status["lives"] if x["pid"] == pid)["rss"])
    expect(rss[-1] > rss[0] + 2048, "its curve does not rise: %s" % rss)

    yield "leak", ["leak"]

    status = a.until(lambda s: len([x for x in s["leavers"] if x["reason"] == "max_rss"]) >= 2, 300,
                     "nobody is replaced")
    replaced = found(status, "replaced")
    expect(re.search(r"\d+ workers came to max_rss \(\d+ MB\), after [0-9.]+ (s|min) on average",
                     replaced["text"]), replaced["text"])
    expect(replaced["title"].endswith("a leak") and
           2 < number(r"steady, ([0-9.]+) MB a minute", replaced["text"]) < 40, replaced)
    expect(all(x["rss"] > status["max_rss"] for x in status["leavers"]),
           json.dumps(status["leavers"]))
    expect(set(a.world.answers) == {200}, "a recycle cost an answer: %s" % a.world.answers)
    time.sleep(15)      # so that their successors have curves
    yield "replaced", ["replaced"]


def scene_slow(a):
    """The service takes two seconds: it, not the bridge, is what callers wait for."""
    a.world.call(a.rig.port, 8, 0.3)
    a.until(lambda s: len(seen(s["bridge"]["count"])) >= 4, 40, "no samples")
    a.world.delay = 2.0
    a.says("slow", 30)
    # Once the minute has no fast ones any more it is said how they were.
    slow = a.until(lambda s: found(s, "slow") and re.search(
        r"took p50 [1-4]\.\d s, p95 [1-4]\.\d s \(p95 in the minutes before: \d+ ms\)",
        found(s, "slow")["text"]), 150, "nothing is slow, or nothing was fast")
    expect(kinds(slow) == ["slow"], kinds(slow))
    slow = found(slow, "slow")
    expect(1 <= number(r"^Service desk answers slowly: p95 ([0-9.]+) s$", slow["title"]) < 5,
           slow["title"])
    own = re.search(r"The bridge's own part of a request is ([0-9.]+) ms\.", slow["text"])
    expect(own and float(own[1]) < 100, slow["text"])
    expect("upstream_timeout_ms" in slow["text"], slow["text"])
    yield "slow", ["slow"]


def scene_overload(a):
    """More comes than max_inflight lets in, of a service that is not slow."""
    a.world.delay = 0.3
    a.world.call(a.rig.port, 12, 0.3)
    a.until(lambda s: len(seen(s["bridge"]["count"])) >= 4, 40, "no samples")
    a.world.call(a.rig.port, 60, 0.2)
    over = a.says("overload", 60)
    time.sleep(10)
    over = a.says("overload", 10)
    expect(number(r"^Overload: ([0-9.]+) requests a second are refused$", over["title"]) > 1,
           over["title"])
    expect("of the 16 that 2 workers may hold (max_inflight 8 each)" in over["text"], over["text"])
    expect("No service is slow" in over["text"], over["text"])
    expect("max_inflight" in over["mend"] and "rate_limit" in over["mend"], over["mend"])
    status = a.status()
    expect("slow" not in kinds(status) and "leak" not in kinds(status), kinds(status))
    expect(status["level"] == "trouble" and status["says"][0]["kind"] == "overload", "level")
    refused = {c["cause"]: c["minute"] for c in status["causes"]}
    expect(refused["limit_worker"] == refused["http_503"] > 10, refused)
    expect(max(w["in_flight"] for w in status["workers"]) <= 9, json.dumps(status["workers"]))
    expect(a.world.answers.get(503, 0) > 10 and a.world.answers.get(200, 0) > 10, a.world.answers)
    yield "overload", ["overload"]


def scene_failing(a):
    """The service answers 500, and its breaker opens; then a worker is killed."""
    a.world.call(a.rig.port, 8, 0.2)
    a.until(lambda s: len(seen(s["bridge"]["count"])) >= 3, 40, "no samples")
    a.world.status = 500
    a.until(lambda s: found(s, "failing") and "breaker is open" in found(s, "failing")["text"], 60,
            "no breaker opens")
    os.kill(a.status()["workers"][0]["pid"], signal.SIGKILL)
    a.says("crash", 20)
    status = a.until(lambda s: "o" in s["services"][1]["breakers"], 30, "no curve of the breaker")
    failing = found(status, "failing")
    expect(failing["title"] == "Service desk fails", failing["title"])
    expect(number(r"(\d+) of \d+ transactions failed", failing["text"]) >= 5, failing["text"])
    expect({"call_error", "limit_breaker"} <= {c["cause"] for c in status["causes"]},
           json.dumps(status["causes"]))
    yield "failing", ["failing", "crash"]


def build_leak(folder):
    so = os.path.join(folder, "leak.so")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", so,
                    os.path.join(HERE, "leak.c"), "-ldl"], check=True)
    return so


SCENES = {
    "well": (scene_well, {}, 2),
    "alone": (scene_alone, {"UMS_MCP_WORKERS": "0"}, 1),
    "leak": (scene_leak, {"LEAK_BYTES": "32768", "UMS_MCP_MAX_RSS": str(44 * MB)}, 2),
    "slow": (scene_slow, {}, 2),
    "overload": (scene_overload, {"UMS_MCP_MAX_INFLIGHT": "8"}, 2),
    "failing": (scene_failing, {"UMS_MCP_BREAKER_OPEN_S": "20", "UMS_MCP_UPSTREAM_RETRIES": "0"}, 2),
}


def look(stage, name, wanted, pictures):
    """The page in a Chromium: how many checks of look.mjs passed and failed."""
    environment = {"HOME": pictures, "PATH": os.path.dirname(NODE) + ":/usr/bin:/bin",
                   "NPM_FOLDER": os.path.dirname(NPM), "CHROMIUM": CHROMIUM}
    done = subprocess.run(
        [NODE, os.path.join(HERE, "look.mjs"), "http://127.0.0.1:%d/status" % stage.rig.port,
         os.path.join(pictures, name), ",".join(wanted)], env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LOOK_S)
    print(done.stdout, end="")
    last = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.M)
    return (int(last[1]), int(last[2])) if last else (0, 1)


def run(name, server, pictures, leak):
    """One scene and what is seen of it: (passed, failed)."""
    scene, environment, workers = SCENES[name]
    if "LEAK_BYTES" in environment:
        environment = dict(environment, LD_PRELOAD=leak)
    passed = failed = 0
    begun = time.monotonic()
    with Stage(server, environment, workers) as stage:
        try:
            for picture, wanted in scene(stage):
                p, f = look(stage, picture, wanted, pictures)
                passed, failed = passed + p, failed + f
            print("PASS %s: %s (%d s)" % (name, scene.__doc__, time.monotonic() - begun))
            passed += 1
        except (Failed, OSError, KeyError, StopIteration, subprocess.TimeoutExpired) as e:
            print("FAIL %s: %r" % (name, e))
            failed += 1
    problems = stage.rig.problems()
    for problem in problems:
        print("FAIL %s: %s" % (name, problem))
    if failed == 0 and not problems:
        stage.rig.clean()
    else:
        print("logs: %s" % stage.rig.folder)
    return passed, failed + len(problems)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", choices=["lighttpd", "nginx"], default="lighttpd")
    parser.add_argument("--pictures", metavar="DIR")
    parser.add_argument("scenes", nargs="*", metavar="SCENE", choices=[*SCENES, []],
                        help=", ".join(SCENES))
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    if not os.path.exists(CHROMIUM):
        print("FAIL: %s is not there; scripts/deps installs it\n0 passed, 1 failed" % CHROMIUM)
        return 1
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="ums-status.") as folder:
        pictures = os.path.abspath(options.pictures or folder)
        os.makedirs(pictures, exist_ok=True)
        leak = build_leak(folder)
        for name in options.scenes or SCENES:
            p, f = run(name, options.server, pictures, leak)
            passed, failed = passed + p, failed + f
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
