#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where a leak has nowhere to hide: one worker that is never replaced, and what it has grown by.

    tests/life/soak.py [--requests N] [--sessions N] [--server nginx|lighttpd]

First N requests of all kinds at once (good and bad, timeouts, clients that leave, answers too
large, both eras), then N sessions as legacy clients begin them and never end them (initialize,
initialized, one call, no DELETE). Release build, recycling off, all on loopback. Memory of master
and worker is sampled every second; the slope over the last half of the requests is printed and must
be under 1 KB per 1,000 requests. It is PSS without its share of files: that share rises and falls
with other programs that use the same libraries. The last line is "N passed, N failed".
"""
import argparse
import json
import re
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "bench")]
from attack import expect  # noqa: E402
from bench import META  # noqa: E402
from cases import Failure, children  # noqa: E402
from storm import Storm  # noqa: E402
from upstream import Upstream  # noqa: E402

CONF = ["workers = 1", "max_requests = 0", "max_age_s = 0", "max_rss = 0",
        "upstream_timeout_ms = 1000", "upstream_response_max = 65536"]
MODERN = {"MCP-Protocol-Version": "2026-07-28"}
AT_ONCE = 200


def message(method, params=None, modern=False):
    body = {"jsonrpc": "2.0", "id": 1, "method": method}
    if modern:
        params = dict(params or {}, _meta=META)
    if params is not None:
        body["params"] = params
    return json.dumps(body)


def tool(name, arguments, modern=False):
    return message("tools/call", {"name": name, "arguments": arguments}, modern)


def kind(name, weight, body, status=(200,), expect=None, modern=None, leave=None, **more):
    out = {"name": name, "weight": weight, "body": body, "status": list(status)}
    if expect is not None:
        out["expect"] = expect
    if modern is not None:
        out["headers"] = dict(MODERN, **{"Mcp-Method": modern})
        if modern == "tools/call":
            out["headers"]["Mcp-Name"] = json.loads(body)["params"].get("name", "x")
    if leave is not None:
        out["leave_after_ms"] = leave
    out.update(more)
    return out


SEND = {"to": ["bob"], "text": "Hello"}
MIX = [
    # nginx ends an HTTP/2 connection now and then ("http2 flood"): a send that was on it has an
    # unknown outcome and is told so. How many, the counters say.
    kind("send", 20, tool("send_message", SEND), expect="content"),
    kind("read", 20, tool("get_message", {"message_id": "m1"}), expect="delivered"),
    kind("send-modern", 15, tool("send_message", SEND, True), expect="resultType",
         modern="tools/call"),
    kind("list", 5, message("tools/list"), expect="send_message"),
    kind("list-modern", 5, message("tools/list", None, True), expect="ttlMs",
         modern="tools/list"),
    kind("initialize", 5, message("initialize", {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "soak", "version": "1"}}), expect="serverInfo"),
    kind("ping", 5, message("ping"), expect="result"),
    kind("arguments", 4, tool("send_message", {"to": "bob", "wrong": True}), expect="isError"),
    kind("no-tool", 2, tool("no_such_tool", {}), expect="-32602"),
    kind("no-method", 2, message("no/such"), expect="-32601"),
    kind("no-json", 2, "{\"jsonrpc\":", [400], expect="-32700"),
    kind("mismatch", 2, message("tools/list", None, True), [400], expect="-32020",
         modern="tools/call"),
    kind("no-path", 2, message("ping"), [404], path="/elsewhere"),
    kind("upstream-503", 4, tool("get_message", {"message_id": "status-503"}), expect="isError"),
    kind("upstream-429", 2, tool("get_message", {"message_id": "status-429"}), expect="isError"),
    kind("upstream-reset", 1, tool("get_message", {"message_id": "reset"}), expect="isError"),
    kind("too-large", 1, tool("get_message", {"message_id": "big-100000"}), expect="isError"),
    kind("timeout", 1, tool("get_message", {"message_id": "slow-2000"}), expect="isError"),
    kind("leave-read", 1, tool("get_message", {"message_id": "slow-200"}), leave=20),
    kind("leave-write", 1, tool("send_message", SEND), leave=2),
]


def memory_kb(root):
    """(PSS without files, PSS) of a process and its children."""
    own = pss = 0
    for pid in [root] + children(root):
        text = Path("/proc/%d/smaps_rollup" % pid).read_text()
        parts = {k: int(v) for k, v in re.findall(r"^(Pss\w*): +(\d+) kB", text, re.M)}
        own += parts["Pss_Anon"] + parts["Pss_Shmem"]
        pss += parts["Pss"]
    return own, pss


class Sampler(threading.Thread):
    """Memory against requests, once a second."""

    def __init__(self, storm):
        super().__init__()
        self.storm, self.points, self.over = storm, [], threading.Event()

    def run(self):
        while not self.over.wait(1):
            self.points.append((self.storm.metric("requests_total"),
                                memory_kb(self.storm.master.pid)[0]))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def slope(self):
        """KB per 1,000 requests over the last half of the requests, by least squares."""
        half = [p for p in self.points if p[0] >= self.points[-1][0] / 2]
        expect(len(half) >= 5, "only %d samples" % len(half))
        n = len(half)
        mx, my = sum(x for x, _ in half) / n, sum(y for _, y in half) / n
        return 1000 * sum((x - mx) * (y - my) for x, y in half) / sum(
            (x - mx) ** 2 for x, _ in half)


def soak_requests(s, options):
    (s.tmp / "mix.json").write_text(json.dumps(MIX))
    with Sampler(s) as sampler:
        said = s.finish(s.volley("-n", options.requests, "--mix", s.tmp / "mix.json",
                                 in_flight=AT_ONCE))
    for name, k in said["kinds"].items():
        print("    %-15s %7d, %d wrong, %d left" % (name, k["requests"], k["wrong"], k["left"]))
    slope = sampler.slope()
    print("    memory: %.0f KB at the half, %.0f KB at the end; slope %.3f KB per 1,000 requests"
          % (next(p[1] for p in sampler.points if p[0] >= sampler.points[-1][0] / 2),
             sampler.points[-1][1], slope))
    expect(said["failed"] == 0, "%d went wrong: %s" % (
        said["failed"], (s.tmp / "volley.log").read_text()[:1000]))
    outcomes = {o: int(s.metric("tool_calls_total", tool="send_message", outcome=o))
                for o in ("ok", "broken", "arguments", "gone")}
    print("    sends: %s" % outcomes)
    expect(outcomes["broken"] < outcomes["ok"] / 200, "too many sends are broken")
    expect(all(k["requests"] + k["left"] > 0 for k in said["kinds"].values()), "a kind is missing")
    expect(slope < 1, "it grows by %.3f KB per 1,000 requests" % slope)


def soak_sessions(s, options):
    warm = s.finish(s.volley("-n", max(options.sessions // 20, 5000), "--sessions",
                             in_flight=AT_ONCE))
    expect(warm["failed"] == 0, "sessions failed")
    time.sleep(10)
    before = memory_kb(s.master.pid)
    said = s.finish(s.volley("-n", options.sessions, "--sessions", in_flight=AT_ONCE))
    time.sleep(10)
    after = memory_kb(s.master.pid)
    print("    %d sessions: %d KB before, %d KB after (PSS with files: %d, %d)" % (
        said["sessions"], before[0], after[0], before[1], after[1]))
    expect(said["failed"] == 0 and said["sessions"] == options.sessions, "sessions failed")
    expect(after[0] < before[0] * 1.05 + 400, "memory is not where it was")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1000000)
    parser.add_argument("--sessions", type=int, default=1000000)
    parser.add_argument("--server", choices=["nginx", "lighttpd"], default="nginx")
    options = parser.parse_args()
    options.in_flight = AT_ONCE
    passed = failed = 0
    with Upstream(delay_ms=5) as upstream:
        for soak in (soak_requests, soak_sessions):
            print("%s, %s" % (soak.__name__[5:], options.server), flush=True)
            s = Storm(options.server, upstream, options, CONF)
            why = None
            try:
                soak(s, options)
            except (Failure, OSError, ValueError) as e:
                why = "%s: %s" % (type(e).__name__, e)
            try:
                s.close()
            except Failure as e:
                why = why or str(e)
            passed, failed = passed + (why is None), failed + (why is not None)
            print("ok" if why is None else "FAIL %s" % why, flush=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
