# SPDX-License-Identifier: MIT
"""page.py - the Inspector's page, served on loopback for as long as page.mjs looks at it.

usage: python page.py URL VARIABLES.json
"""
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time

from inspector import LAUNCHER
from rig import NODE, NPM, free_ports, listens, stop

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = "/usr/bin/chromium"
START_S, LOOK_S = 30, 120


def main(url, variables):
    if not os.path.exists(CHROMIUM):
        print("FAIL: %s is not there; scripts/deps installs it\n0 passed, 1 failed" % CHROMIUM)
        return 1
    picture = os.path.join(os.path.dirname(variables), "page.png")
    with tempfile.TemporaryDirectory(prefix="ums-page.") as home:
        catalog = os.path.join(home, "catalog.json")
        with open(catalog, "w") as f:
            json.dump({"mcpServers": {"bridge": {"type": "streamable-http", "url": url}}}, f)
        port, sandbox, apps = free_ports(3)
        token = secrets.token_hex(16)
        environment = {
            "HOME": home, "PATH": os.path.dirname(NODE) + ":/usr/bin:/bin",
            "MCP_AUTO_OPEN_ENABLED": "false", "MCP_INSPECTOR_SECRET_STORE": "memory",
            "CLIENT_PORT": str(port), "MCP_SANDBOX_PORT": str(sandbox),
            "MCP_APP_ORIGIN_PORT": str(apps), "MCP_INSPECTOR_API_TOKEN": token,
            "MCP_CATALOG_PATH": catalog, "NPM_FOLDER": os.path.dirname(NPM), "CHROMIUM": CHROMIUM}
        with open(os.path.join(home, "log"), "w") as log:
            web = subprocess.Popen([NODE, LAUNCHER], env=environment, cwd=home, stdout=log,
                                   stderr=log, stdin=subprocess.DEVNULL)
        try:
            until = time.monotonic() + START_S
            while not listens(port) and time.monotonic() < until:
                time.sleep(0.1)
            return subprocess.run(
                [NODE, os.path.join(HERE, "page.mjs"), "http://127.0.0.1:%d/?"
                 "MCP_INSPECTOR_API_TOKEN=%s" % (port, token), picture], env=environment,
                stdin=subprocess.DEVNULL, timeout=LOOK_S).returncode
        finally:
            stop(web)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
