# SPDX-License-Identifier: MIT
"""page.py - the Inspector's page, served on loopback for as long as page.mjs uses it.

usage: python page.py URL VARIABLES.json legacy|modern

Screenshots are put beside VARIABLES.json. Whatever ends this ends the page's server and the
browser, too.
"""
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time

from checks import counts, end, report
from inspector import LAUNCHER
from rig import NODE, NPM, free_ports, leave, listens, stop

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = "/usr/bin/chromium"
VERSIONS = {"legacy": "2025-11-25", "modern": "2026-07-28"}
START_S, LOOK_S = 90, 300   # with stop() below what clients.py waits


def child(command, environment, home, log):
    """A process that ends when this one does."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], env=environment,
                            cwd=home, stdin=subprocess.DEVNULL, stdout=log,
                            stderr=subprocess.STDOUT, text=True)


def look(page, era, pictures, environment, home):
    """Use the page: its checks are printed and counted."""
    process = child([NODE, os.path.join(HERE, "page.mjs"), page, VERSIONS[era], pictures],
                    environment, home, subprocess.PIPE)
    try:
        out, _ = process.communicate(timeout=LOOK_S)
    except subprocess.TimeoutExpired:
        report("used in time", "not within %d s" % LOOK_S)
        return
    finally:
        stop(process)
        process.stdout.close()
    *lines, last = out.strip().splitlines() or [""]
    print("\n".join(lines))
    passed, _, rest = last.partition(" passed, ")
    if not passed.isdigit() or not rest.endswith(" failed"):
        report("used to the end", last or "nothing was said")
        return
    counts["passed"] += int(passed)
    counts["failed"] += int(rest.split()[0])


def main(url, variables, era):
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    with tempfile.TemporaryDirectory(prefix="ums-page.") as home:
        config = os.path.join(home, "config.json")
        with open(config, "w") as f:
            json.dump({"mcpServers": {"bridge": {
                "type": "streamable-http", "url": url, "protocolEra": era}}}, f)
        port, sandbox, apps = free_ports(3)
        token = secrets.token_hex(16)
        environment = {
            "HOME": home, "PATH": os.path.dirname(NODE) + ":/usr/bin:/bin",
            "CLIENT_PORT": str(port), "MCP_SANDBOX_PORT": str(sandbox),
            "MCP_APP_ORIGIN_PORT": str(apps), "MCP_AUTO_OPEN_ENABLED": "false",
            "MCP_INSPECTOR_API_TOKEN": token, "MCP_INSPECTOR_SECRET_STORE": "memory",
            "NPM_FOLDER": os.path.dirname(NPM), "CHROMIUM": CHROMIUM}
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
                    look("http://127.0.0.1:%d/?MCP_INSPECTOR_API_TOKEN=%s" % (port, token), era,
                         os.path.join(os.path.dirname(variables), "page-" + era), environment,
                         home)
            finally:
                stop(server)
        left = [p for p in (port, sandbox, apps) if listens(p)]
        report("nothing listens any more", left and "its ports %s" % left)


main(*sys.argv[1:])
end()
