#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where a request's processor time goes: what is ours and what a bare event loop would need, too.

    tests/bench/profile.py [--in-flight N] [--seconds N]

First the real thing, behind nginx with N in flight over HTTP/2: user and system time of the worker
a request. Then the same program, built so that functions stay what they are, under callgrind with
100 in flight: instructions a request by part, so each part's share of the user time. "Bare" is what a loop that validates nothing has to do
as well: FastCGI, libcurl with TLS and HTTP/2, the loop itself.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parent / "life")]
from cases import children  # noqa: E402
from storm import ROOT, Storm  # noqa: E402
from upstream import Upstream  # noqa: E402

CONF = ["workers = 1", "max_requests = 0", "max_age_s = 0", "max_rss = 0"]

# name, bare, functions whose inclusive cost is added, those whose is taken off
PARTS = [
    ("libcurl, TLS, HTTP/2", True, ["line_act"], ["on_answer"]),
    ("handing a request to libcurl", True, ["fetch_start"], []),
    ("FastCGI in and out, accept", True, ["on_accept", "on_read", "on_write"],
     ["on_request", "conn_close"]),
    ("connection's end", True, ["conn_close"], []),
    ("HTTP: path, Host, Origin, type", False, ["req_route", "req_http", "on_probe"], []),
    ("trace id", False, ["req_read"], []),
    ("JSON-RPC parsed, era, headers", False, ["req_rpc"], []),
    ("arguments against the schema", False, ["call_method"], []),
    ("the upstream's request built", False, ["upstream_build", "upstream_header"], []),
    ("the answer parsed, picked, held to its schema", False, ["result_map"], []),
    ("the result as JSON-RPC", False, ["mcp_reply_tool"], []),
    ("reply head, into FastCGI", False, ["req_reply"], ["req_log", "req_count", "req_end"]),
    ("counters", False, ["req_count"], []),
    ("log line", False, ["req_log", "log_flush"], []),
    ("everything freed", False, ["req_end"], []),
]


def times(pid):
    fields = Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    return [int(x) / os.sysconf("SC_CLK_TCK") * 1e6 for x in fields[11:13]]


def real(upstream, options):
    """(user, system) microseconds a request."""
    s = Storm("nginx", upstream, options, CONF)
    try:
        s.finish(s.volley("-d", 3))
        worker = children(s.master.pid)[0]
        before = times(worker)
        said = s.finish(s.volley("-d", options.seconds))
        return [(b - a) / said["requests"] for a, b in zip(before, times(worker))]
    finally:
        s.close()


def counted(upstream, options, out):
    """{function: inclusive instructions a request}"""
    subprocess.run(["make", "-s", "-j2", "-C", str(ROOT), "B=build/profile",
                    "MODE=-O2 -g -fno-inline -fPIE", "build/profile/ums-mcp"], check=True,
                   stdout=subprocess.DEVNULL)
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=%s" % out,
            "--instr-atstart=no"]
    s = Storm("nginx", upstream, options, CONF[1:] + ["workers = 0", "sandbox = off"],
              tool, ROOT / "build" / "profile" / "ums-mcp")
    try:
        s.finish(s.volley("-d", 4, in_flight=100))
        subprocess.run(["callgrind_control", "-i", "on", str(s.master.pid)], check=True,
                       stdout=subprocess.DEVNULL)
        said = s.finish(s.volley("-n", 2000, in_flight=100))
    finally:
        s.close()
    text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(out)],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    cost = {}
    for count, name in re.findall(r"^\s*([\d,]+) \([^)]*\)\s+\S*?([\w'.]+) \[", text, re.M):
        name = re.split("['.]", name.rpartition(":")[2])[0]
        cost[name] = max(cost.get(name, 0), int(count.replace(",", "")) / said["requests"])
    return cost


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--in-flight", type=int, default=1500)
    parser.add_argument("--seconds", type=int, default=15)
    options = parser.parse_args()
    with Upstream(delay_ms=200) as upstream:
        user, system = real(upstream, options)
        out = ROOT / "build" / "profile" / "callgrind.out"
        cost = counted(upstream, options, out)
    print("user %.1f us, system %.1f us" % (user, system))
    whole = cost["worker_loop"]
    rows = [(name, bare, sum(cost.get(f, 0) for f in add) - sum(cost.get(f, 0) for f in off))
            for name, bare, add, off in PARTS]
    rows.append(("the loop and the rest", True, whole - sum(r[2] for r in rows)))
    print("\n| part | bare | instructions | us of user time |\n|---|---|--:|--:|")
    for name, bare, n in sorted(rows, key=lambda r: (not r[1], -r[2])):
        print("| %s | %s | %d | %.1f |" % (name, "yes" if bare else "", n, n / whole * user))
    ours = sum(n for _, bare, n in rows if not bare)
    print("\nuser %.1f us + system %.1f us = %.1f us a request; of that above the bare loop: "
          "%.1f us (%.0f %% of the instructions)" % (
              user, system, user + system, ours / whole * user, 100 * ours / whole))
    return 0


if __name__ == "__main__":
    sys.exit(main())
