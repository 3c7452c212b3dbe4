#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Service files against the services that they are for.

    tests/services/services.py [NAME ...] [--build DIR] [-v]

A NAME is a provider (matrix, ejabberd, mail) or one of its tests. Each provider's module starts
the real service in a temporary folder, on free loopback ports, and the bridge and lighttpd in
front of it; its functions PROVIDER_NAME call tools with the official Python client and look at
what came of it by asking the service itself. At the end every tool must have been run, and no
process may be left.
"""
import argparse
import ctypes
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import ejabberd
import mail
import matrix
from stage import ROOT
from cases import Failure, children

PROVIDERS = {"matrix": matrix, "ejabberd": ejabberd, "mail": mail}
PR_SET_CHILD_SUBREAPER = 36


class Tally:
    def __init__(self, verbose):
        self.verbose = verbose
        self.passed = self.failed = 0

    def run(self, title, function, *args):
        began = time.monotonic()
        try:
            function(*args)
        except Exception as e:      # a client's own judgement, too
            self.failed += 1
            print("FAIL %s: %s: %s" % (title, type(e).__name__, e))
            if self.verbose and not isinstance(e, Failure):
                traceback.print_exc()
        else:
            self.passed += 1
            if self.verbose:
                print("ok %s (%.1f s)" % (title, time.monotonic() - began))


def ended(stage):
    why = stage.end()
    if why:
        raise Failure(why)


def play(tally, name, module, build, tmp, wanted):
    """All of a provider's tests, or those that are wanted."""
    tests = {k[len(name) + 1:].replace("_", "-"): v for k, v in vars(module).items()
             if k.startswith(name + "_") and callable(v)}
    chosen = {k: v for k, v in tests.items() if not wanted or name in wanted or k in wanted}
    if not chosen:
        return
    tmp.mkdir()
    stage = None

    def start():
        nonlocal stage
        stage = module.STAGE(build, tmp)
    try:
        tally.run(name + " starts", start)
        if stage is None:
            return
        if stage.files:
            tally.run(name + " list", stage.check_list)
        for title, function in chosen.items():
            tally.run("%s %s" % (name, title), function, stage)
        if stage.files and len(chosen) == len(tests):
            tally.run(name + " every-tool", stage.check_done)
    finally:
        if stage is not None:
            tally.run(name + " ends", ended, stage)


def nobody_left():
    """Whoever lost its parent is ours now, and would be seen."""
    end = time.monotonic() + 5      # whoever was just told to end may do so
    while children(os.getpid()) and time.monotonic() < end:
        time.sleep(0.05)
    left = children(os.getpid())
    said = [Path("/proc/%d/cmdline" % p).read_text().replace("\0", " ") for p in left]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    if left:
        raise Failure("still running: %s" % "; ".join(said))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="providers or names of tests; all without one")
    parser.add_argument("--build", default=os.environ.get(
        "BUILD_DIR", str(ROOT / "build" / "asan")))
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    tally = Tally(args.verbose)
    folder = Path(tempfile.mkdtemp(prefix="svc."))
    try:
        for name, module in PROVIDERS.items():
            play(tally, name, module, Path(args.build), folder / name, set(args.names))
    finally:
        tally.run("nobody is left", nobody_left)
        shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed" % (tally.passed, tally.failed))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
