#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""upstream.py - a messaging service that answers after a fixed delay, for measuring bridges.

usage: upstream.py [--delay-ms N] [--workers N] [--port N] [--print-env]

An nginx with Lua (upstream.conf), HTTPS with HTTP/2 and HTTP/1.1 on one port of 127.0.0.1, with
a certificate authority of its own. All it needs is in a temporary folder that goes with it.
As a command it serves until INT or TERM. As a module:

    with Upstream(delay_ms=200) as u:
        u.url, u.ca, u.token_file       # https://127.0.0.1:PORT/v1, what to trust, the bearer
        u.count()                       # {"requests": ..., "posts": ..., "gets": ...}
        u.cpu_s()                       # processor seconds so far, all its processes

Paths, each with `Authorization: Bearer TOKEN`, each after the delay:

    POST /v1/messages               201, the same but for the id
    GET  /v1/messages/ID            200, the same for every id but these:
         status-NNN                 that status, a problem; 429 and 503 with Retry-After: 1
         slow-MS                    after MS milliseconds instead
         big-N                      a text of N bytes
         reset                      no answer: the connection (HTTP/2: the stream) is cut
    GET  /_count                    no token: the counters
"""
import argparse
import json
import os
import resource
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = "/usr/lib/nginx/modules"
START_S = 10
STOP_S = 10


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def nginx_program():
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Upstream:
    """One running upstream; a context manager, or start() and stop()."""

    def __init__(self, delay_ms=200, workers=1, keepalive_requests=None, port=None):
        self.delay_ms = delay_ms
        self.workers = workers
        self.keepalive_requests = keepalive_requests or 10000000
        self.wanted_port = port
        self.port = None
        self.token = secrets.token_hex(16)
        self.folder = self.process = None

    @property
    def url(self):
        return "https://127.0.0.1:%d/v1" % self.port

    @property
    def ca(self):
        return os.path.join(self.folder, "ca.pem")

    @property
    def token_file(self):
        return os.path.join(self.folder, "token")

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *error):
        self.stop()

    def start(self):
        if nginx_program() is None or not os.path.exists(MODULES + "/ngx_http_lua_module.so"):
            raise RuntimeError("no nginx with Lua: the packages are $bench in scripts/packages")
        self.folder = tempfile.mkdtemp(prefix="ums-upstream.")
        with open(os.open(self.token_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(self.token + "\n")
        self._certify()
        # Somebody else may take a port between its choice and its use.
        for _ in range(1 if self.wanted_port else 3):
            self.port = self.wanted_port or free_port()
            self._configure()
            self.process = subprocess.Popen(
                [nginx_program(), "-p", self.folder, "-c", "nginx.conf", "-e", "error.log"],
                stdin=subprocess.DEVNULL)
            if self._answers():
                return self
            self._end()
        with open(os.path.join(self.folder, "error.log"), errors="replace") as f:
            raise RuntimeError("nginx does not start: " + f.read()[-2000:])

    def stop(self):
        self._end()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def _certify(self):
        def make(name, subject, *more):
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", subject,
                 "-keyout", name + ".key", "-out", name + ".pem"] + list(more),
                cwd=self.folder, check=True, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

        make("ca", "/CN=ums-upstream test CA", "-addext", "keyUsage=critical,keyCertSign")
        make("server", "/CN=127.0.0.1", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-addext", "basicConstraints=critical,CA:FALSE",
             "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")

    def _configure(self):
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if descriptors == resource.RLIM_INFINITY or descriptors > 32768:
            descriptors = 32768
        values = {
            "USER": "user root;" if os.geteuid() == 0 else "",
            "WORKERS": self.workers,
            "DESCRIPTORS": descriptors,
            "CONNECTIONS": min(descriptors - 64, 16384),
            "MODULES": MODULES,
            "KEEPALIVE_REQUESTS": self.keepalive_requests,
            "TOKEN": self.token,
            "DELAY_MS": self.delay_ms,
            "PORT": self.port,
            # Few connections of HTTP/2 would all end up with one of the workers.
            "REUSEPORT": "reuseport" if self.workers > 1 else "",
        }
        with open(os.path.join(HERE, "upstream.conf")) as f:
            text = f.read()
        for name, value in values.items():
            text = text.replace("@%s@" % name, str(value))
        path = os.path.join(self.folder, "nginx.conf")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)

    def _answers(self):
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.count()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def _end(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def count(self):
        trust = ssl.create_default_context(cafile=self.ca)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=trust))
        with direct.open("https://127.0.0.1:%d/_count" % self.port, timeout=30) as answer:
            return json.load(answer)

    def pids(self):
        """The master and its workers."""
        if self.process is None:
            return []
        master = self.process.pid
        return [master] + [pid for pid, fields in _processes() if int(fields[1]) == master]

    def cpu_s(self):
        ticks = 0
        mine = set(self.pids())
        for pid, fields in _processes():
            if pid in mine:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _processes():
    """Each process and its /proc/PID/stat from the state on."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as f:
                    yield int(name), f.read().rpartition(") ")[2].split()
            except OSError:
                pass


def main():
    parser = argparse.ArgumentParser(
        description="A messaging service that answers after a fixed delay; until INT or TERM.")
    parser.add_argument("--delay-ms", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--port", type=int)
    parser.add_argument("--print-env", action="store_true",
                        help="say where it is as shell assignments")
    args = parser.parse_args()

    def leave(*_):
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    with Upstream(args.delay_ms, args.workers, port=args.port) as u:
        if args.print_env:
            print("UPSTREAM_URL=%s\nUPSTREAM_CA=%s\nUPSTREAM_TOKEN_FILE=%s\nUPSTREAM_PID=%d"
                  % (u.url, u.ca, u.token_file, u.process.pid), flush=True)
        else:
            print("upstream: %s is ready, answers after %d ms; trust %s, token in %s"
                  % (u.url, u.delay_ms, u.ca, u.token_file), flush=True)
        code = u.process.wait()
        print("upstream: nginx has ended with %d" % code, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
