# SPDX-License-Identifier: MIT
"""trial.py - what tests of a whole installation share: what fails one, commands, waiting, and the
run of a list of them."""
import http.client
import subprocess
import time


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Failed(what)


def run(*command, **options):
    """What a command prints; Failed, with the end of that, unless it ends with 0."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode:
        raise Failed("%s: %d: %s" % (" ".join(command), done.returncode, done.stdout[-2000:]))
    return done.stdout


def until(seconds, found, what):
    """What `found` returns as soon as it is true; it may fail as long as there is time."""
    end = time.monotonic() + seconds
    while True:
        try:
            if value := found():
                return value
        except (OSError, Failed, http.client.HTTPException):
            pass
        expect(time.monotonic() < end, "not in %d s: %s" % (seconds, what))
        time.sleep(0.2)


class Trial:
    """Counts tests as they are made, a line for each."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def of(self, test, *words, name=None):
        """Make one. What it returns, if anything, is said beside its name."""
        name = name or test.__name__
        began = time.monotonic()
        try:
            said = test(*words)
            self.passed += 1
            print("ok   %s (%s%.0f s)" % (name, said + ", " if said else "",
                                         time.monotonic() - began))
        except Skipped as e:
            self.skipped += 1
            print("SKIP %s: %s" % (name, e))
        except Exception as e:      # whatever it is, the others are made
            self.fail("%s: %s: %s" % (name, type(e).__name__, e))

    def fail(self, what):
        self.failed += 1
        print("FAIL " + what)

    def end(self):
        """Say the last line; the exit code."""
        print("%d passed, %d failed%s" % (self.passed, self.failed, ", %d skipped" % self.skipped
                                         if self.skipped else ""))
        return self.failed > 0
