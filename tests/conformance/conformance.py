# SPDX-License-Identifier: MIT
"""conformance.py - the official conformance suite on both wires, held to expected.json.

usage: python conformance.py [--server lighttpd|nginx] [--workers N]

Starts upstream.py, and the bridge with the service file fixtures.json for it beside ums.json,
runs the suite's requirement sets (which bring the pending and unscored scenarios with them), and
judges each scenario: "pass" if checks pass and none fails, "listed" if exactly the checks that
expected.json lists fail, "n/a" if the suite itself comes to no verdict, else "FAIL". A listed check
that passes is a failure too: the list is stale. expected.json also names every scenario, with how
many of its checks must pass at least, so that a suite that quietly tests less does not pass.
"""
import argparse
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "clients"))
from rig import NODE, NPM, Rig  # noqa: E402

SUITE = os.path.join(NPM, "@modelcontextprotocol/conformance/dist/index.js")
WIRES = ["2026-07-28", "2025-11-25"]
RESULTS = ["pass", "FAIL", "listed", "n/a"]
TIMEOUT_S = 300


def run_suite(rig, wire):
    """One requirement set: {scenario: [check, ...]} in the order they ran."""
    out = os.path.join(rig.folder, "conformance-" + wire)
    with open(out + ".log", "w") as log:
        subprocess.run([NODE, SUITE, "server", "--url", rig.url, "--requirements", wire, "-o", out],
                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=TIMEOUT_S,
                       cwd=rig.folder)
    found = {}
    for name in os.listdir(out) if os.path.isdir(out) else []:
        match = re.fullmatch(r"server-(.*)-(\d{4}-\d\d-\d\dT[\d-]+Z)", name)
        with open(os.path.join(out, name, "checks.json")) as f:
            found[match.group(1)] = (match.group(2), json.load(f))
    return {name: found[name][1] for name in sorted(found, key=lambda n: (found[n][0], n))}


def count(checks, *statuses):
    return sum(c["status"] in statuses for c in checks)


def failing(checks):
    """{check: why} of what failed."""
    return {c["id"]: c.get("errorMessage") or "" for c in checks if c["status"] == "FAILURE"}


def judge(name, checks, listed, least):
    """(result, lines that explain a failure)."""
    failed = failing(checks)
    wrong = ["%s: %s" % (i, why[:300]) for i, why in failed.items() if i not in listed]
    wrong += ["%s: is listed, but did not fail; take it off expected.json" % i
              for i in listed if i not in failed]
    passed = count(checks, "SUCCESS")
    if passed < least:
        wrong.append("%d checks passed, not %d as expected.json wants at least" % (passed, least))
    if wrong:
        return "FAIL", wrong
    if failed:
        return "listed", wrong
    return ("pass" if passed else "n/a"), wrong


def run_wire(rig, wire, expected):
    """Run and judge one wire, a table row for each scenario; how many had each result."""
    found = run_suite(rig, wire)
    listed, least = expected["failing"][wire], expected["at_least"][wire]
    totals = dict.fromkeys(RESULTS, 0)
    for name in list(found) + sorted((set(least) | set(listed)) - set(found)):
        checks = found.get(name, [])
        result, wrong = judge(name, checks, listed.get(name, {}), least.get(name, 0))
        if not checks:
            result, wrong = "FAIL", ["did not run"]
        totals[result] += 1
        print("%-46s %-10s %6d %6d %8d  %s" % (
            name, wire, count(checks, "SUCCESS"), count(checks, "FAILURE"),
            count(checks, "WARNING"), result))
        for line in wrong:
            print("    " + line)
    if not found:
        totals["FAIL"] += 1
        with open(os.path.join(rig.folder, "conformance-%s.log" % wire)) as f:
            print("FAIL: the suite left no results:\n" + f.read()[-2000:])
    return totals


def print_reasons(expected):
    """What expected.json lists, by reason."""
    for wire in WIRES:
        by_reason = {}
        for name, checks in expected["failing"][wire].items():
            for reason in set(checks.values()):
                by_reason.setdefault(reason, []).append(name)
        for reason, names in sorted(by_reason.items()):
            if reason not in expected["reasons"]:
                raise ValueError("expected.json: no such reason: " + reason)
            print("listed, %s, %s: %s" % (wire, reason, " ".join(names)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", choices=["lighttpd", "nginx"], default="lighttpd")
    parser.add_argument("--workers", type=int, default=2,
                        help="of the bridge: what it asks a client and the answer may meet two")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    with open(os.path.join(HERE, "expected.json")) as f:
        expected = json.load(f)
    print_reasons(expected)
    rig = Rig(options.server, fixtures=True, workers=options.workers)
    totals = dict.fromkeys(RESULTS, 0)
    print("%-46s %-10s %6s %6s %8s  %s" % ("scenario", "wire", "passed", "failed", "warnings",
                                          "result"))
    with rig:
        for wire in WIRES:
            more = run_wire(rig, wire, expected)
            totals = {key: totals[key] + more[key] for key in totals}
    for problem in rig.problems():
        totals["FAIL"] += 1
        print("FAIL " + problem)
    if totals["FAIL"]:
        print("results and logs are kept in " + rig.folder)
    else:
        rig.clean()
    print("%d passed, %d failed, %d skipped" % (
        totals["pass"], totals["FAIL"], totals["listed"] + totals["n/a"]))
    sys.exit(totals["FAIL"] > 0)


main()
