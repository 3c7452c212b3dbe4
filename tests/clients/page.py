# SPDX-License-Identifier: MIT
"""page.py - the Inspector's page, served on loopback for as long as page.mjs uses it.

usage: python page.py ADDRESS VARIABLES.json legacy|modern

Screenshots are put beside VARIABLES.json. Whatever ends this ends the page's server and the
browser, too.
"""
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time

from checks import counted, counts, end, report
from inspector import LAUNCHER, configure
from rig import NODE, NPM, command_of, free_ports, leave, listens, stop

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = "/usr/bin/chromium"
SERVICE = "UMS_MCP_SERVICE_FIXTURES_BASE_URL"
VERSIONS = {"legacy": "2025-11-25", "modern": "2026-07-28"}
START_S, LOOK_S = 90, 300   # with stop() below what clients.py waits


def child(command, environment, home, log):
    """A process that ends when this one does."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], env=environment,
                            cwd=home, stdin=subprocess.DEVNULL, stdout=log,
                            stderr=subprocess.STDOUT, text=True)


def look(arguments, environment, home):
    """Use the page: its checks are printed and counted."""
    process = child([NODE, os.path.join(HERE, "page.mjs"), *arguments], environment, home,
                    subprocess.PIPE)
    try:
        out, _ = process.communicate(timeout=LOOK_S)
    except subprocess.TimeoutExpired:
        report("used in time", "not within %d s" % LOOK_S)
        return
    finally:
        stop(process)
        process.stdout.close()
    lines = out.strip().splitlines()
    passed, failed = counted(lines) or (0, 0)
    print("\n".join(lines[:-1] if passed + failed else lines))
    report("used to the end", None if passed + failed else "it says no result")
    counts["passed"] += passed
    counts["failed"] += failed


def main(address, variables, era):
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    with tempfile.TemporaryDirectory(prefix="ums-page.") as home:
        config = configure(address, era, home)
        port, sandbox, apps = free_ports(3)
        token = secrets.token_hex(16)
        environment = {
            "HOME": home, "PATH": os.path.dirname(NODE) + ":/usr/bin:/bin",
            "CLIENT_PORT": str(port), "MCP_SANDBOX_PORT": str(sandbox),
            "MCP_APP_ORIGIN_PORT": str(apps), "MCP_AUTO_OPEN_ENABLED": "false",
            "MCP_INSPECTOR_API_TOKEN": token, "MCP_INSPECTOR_SECRET_STORE": "memory",
            "NPM_FOLDER": os.path.dirname(NPM), "CHROMIUM": CHROMIUM,
            SERVICE: os.environ[SERVICE]}
        with open(os.path.join(home, "log"), "w+") as log:
            server = child([NODE, LAUNCHER, "--web", "--config", config], environment, home, log)
            try:
                until = time.monotonic() + START_S
                while not listens(port) and server.poll() is None and time.monotonic() < until:
                    time.sleep(0.1)
                log.seek(0)
                report("is served", None if listens(port) else
                       "nothing listens: " + log.read()[-400:])
                if not counts["failed"]:
                    look(["http://127.0.0.1:%d/?MCP_INSPECTOR_API_TOKEN=%s" % (port, token),
                          "http" if command_of(address) is None else "stdio", VERSIONS[era],
                          os.path.join(os.path.dirname(variables), "page-" + era)],
                         environment, home)
            finally:
                stop(server)
        left = [p for p in (port, sandbox, apps) if listens(p)]
        report("nothing listens any more", left and "its ports %s" % left)


if __name__ == "__main__":
    main(*sys.argv[1:])
    end()
