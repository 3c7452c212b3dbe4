# SPDX-License-Identifier: MIT
"""streams.py - what the tests here share: one runner, of functions by their prefix."""
import argparse
import contextlib
import os
import sys

from rig import Rig


class Failed(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Failed(what)


def workers(rig):
    """The processes below the one that scripts/run started as master."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/cmdline" % name) as f:
                    line = f.read()
                with open("/proc/%s/stat" % name) as f:
                    parent = f.read().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if "ums-mcp\0" in line and rig.state in line:
                found.append((int(name), int(parent)))
    ids = {number for number, _ in found}
    return [number for number, parent in found if parent in ids]


def signal_all(rig, number):
    """Tell all workers; one that drains may have gone meanwhile."""
    for pid in workers(rig):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def run(doc, names, prefix, **rig_options):
    """Run the functions among `names` that begin with `prefix`; the exit code."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--server", choices=["lighttpd", "nginx"], default="lighttpd")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    tests = [f for name, f in names.items() if name.startswith(prefix) and
             (not options.names or name[len(prefix):] in options.names)]
    failed = 0
    rig = Rig(options.server, **rig_options)
    with rig:
        for test in tests:
            try:
                test(rig)
                print("ok   %s" % test.__name__)
            except (Failed, KeyError, IndexError, OSError) as e:
                failed += 1
                print("FAIL %s: %s: %s" % (test.__name__, type(e).__name__, e))
    problems = rig.problems()
    for problem in problems:
        print("FAIL " + problem)
    if failed or problems:
        print("logs are kept in " + rig.folder)
    else:
        rig.clean()
    print("%d passed, %d failed" % (len(tests) - failed, failed + len(problems)))
    return failed + len(problems) > 0
