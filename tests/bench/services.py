#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What service files cost that are loaded and not used: memory and time to start.

    tests/bench/services.py [--binary FILE] [--times N]

A master and its worker are started with the file of the reference service alone, with six and with all
that come along, in turn, N times each. Memory is the PSS of both processes, a second after /readyz of
the worker answers; time is from the program's start to that answer. Medians are printed. Memory is held
to 2 MB more for six files than for one; time, which a busy machine stretches, only to be said.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE.parent)]
from cases import children  # noqa: E402
from fastcgi import FastCGIClient, FastCGIError, params  # noqa: E402

SERVICES = ROOT / "etc" / "services"
SIX = ("ums", "matrix", "ejabberd", "twilio", "slack", "discord")
MOST_MB = 2.0


def secrets_of(spec):
    """The files that a service file's credential names."""
    if isinstance(spec, dict):
        if set(spec) == {"file"} and isinstance(spec["file"], str):
            yield spec["file"]
        for value in spec.values():
            yield from secrets_of(value)


def lay_out(tmp):
    """Copies of all service files with secrets and values for them; the configuration's lines of each. All
    trust the system's authorities, which are loaded once: that is most of a start."""
    lines = {}
    for file in sorted(SERVICES.glob("*.json")):
        spec = json.loads(file.read_text())
        if "base_url" not in spec:
            continue
        spec.pop("tls", None)
        (tmp / file.name).write_text(json.dumps(spec))
        for name in secrets_of(spec.get("auth")):
            (tmp / name).write_text("secret\n")
            (tmp / name).chmod(0o600)
        own = ["service.%s.values.%s = x" % (spec["name"], name)
               for name, value in spec.get("values", {}).items() if value is None]
        lines[file.stem] = own
    return lines


def pss_mb(pids):
    return sum(int(line.split()[1]) for pid in pids
               for line in Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines()
               if line.startswith("Pss:")) / 1024


def measure(binary, tmp, names, lines):
    """(milliseconds to start, MB a second later)."""
    conf, socket = tmp / "conf", tmp / "socket"
    conf.write_text("\n".join(["auth = none", "listen = %s" % socket, "store = %s/store" % tmp,
                               "services = " + " ".join("%s/%s.json" % (tmp, n) for n in names),
                               *(line for n in names for line in lines[n])]) + "\n")
    began = time.monotonic()
    with open(tmp / "log", "wb") as log:
        master = subprocess.Popen([binary, "-c", str(conf)], stderr=log, stdin=subprocess.DEVNULL)
    try:
        request = params("GET", "/readyz", {"Host": "localhost"}, b"")
        while True:
            try:
                status = FastCGIClient(str(socket), 5).request(request)[0]
                if status == 200:
                    break
            except (OSError, FastCGIError):
                pass
            if master.poll() is not None or time.monotonic() - began > 30:
                raise SystemExit("it does not start: " + (tmp / "log").read_text()[-2000:])
            time.sleep(0.0005)
        took = (time.monotonic() - began) * 1000
        time.sleep(1)
        return took, pss_mb([master.pid, *children(master.pid)])
    finally:
        master.send_signal(signal.SIGTERM)
        master.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "build" / "release" / "ums-mcp"))
    parser.add_argument("--times", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ums-services-") as tmp:
        lines = lay_out(Path(tmp))
        sets = {"1 file": SIX[:1], "6 files": SIX, "%d files" % len(lines): tuple(lines)}
        took = {name: [] for name in sets}
        for _ in range(options.times):
            for name, files in sets.items():
                took[name].append(measure(options.binary, Path(tmp), files, lines))
    rows = {name: [statistics.median(column) for column in zip(*values)] for name, values in took.items()}
    first = rows["1 file"]
    print("%-10s %10s %10s %10s %10s" % ("", "start ms", "more ms", "PSS MB", "more MB"))
    for name, (ms, mb) in rows.items():
        print("%-10s %10.1f %10.1f %10.2f %10.2f" % (name, ms, ms - first[0], mb, mb - first[1]))
    good = rows["6 files"][1] - first[1] <= MOST_MB
    print("%d passed, %d failed" % (good, not good))
    return not good


if __name__ == "__main__":
    sys.exit(main())
