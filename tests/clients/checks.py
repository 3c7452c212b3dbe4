# SPDX-License-Identifier: MIT
"""checks.py - what a client of the tests in Python is held to: prints "PASS name" or
"FAIL name: why" for each check, and "N passed, N failed" at the end.

    @check("of one name", 1)
    @check("of another", 2)
    async def _(client, number): ...    # why it failed, or None

    asyncio.run(run_checks(client)); end()
"""
import re
import sys

counts = {"passed": 0, "failed": 0}
checks = []


def report(name, why=None):
    counts["failed" if why else "passed"] += 1
    print("FAIL %s: %s" % (name, why) if why else "PASS %s" % name)


def same(got, want):
    return None if got == want else "got %r, not %r" % (got, want)


def check(name, *more):
    """Make a coroutine function a check; what else it is given is in `more`."""
    def add(body):
        checks.append((name, body, more))
        return body
    return add


async def run(name, body):
    """One check, whose coroutine returns why it failed."""
    try:
        report(name, await body)
    except Exception as e:      # the client's own validation, too
        report(name, "raised %r" % e)


async def run_checks(*given):
    """What check() has made."""
    for name, body, more in checks:
        await run(name, body(*given, *more))


def counted(lines):
    """What passed and what failed by the last line of such a program; None if it says neither."""
    last = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1]) if lines else None
    return last and tuple(int(number) for number in last.groups())


def end():
    print("%(passed)d passed, %(failed)d failed" % counts)
    sys.exit(counts["failed"] > 0)
