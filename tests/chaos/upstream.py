# SPDX-License-Identifier: MIT
"""A messaging service that fails one request in ten, and can say what it holds.

    with Upstream(seed=1) as u:
        u.url, u.ca, u.token_file       # https://127.0.0.1:PORT/v1, what to trust, the bearer
        u.count()                       # what it was asked, and how it failed
        u.held()                        # {(path, key): (messages, id)}
        u.restart()                     # HUP: new workers, the old ones say GOAWAY

An nginx with Lua (upstream.conf), HTTPS with HTTP/2 and HTTP/1.1, each request after 5 to 40 ms:

    POST /v1/messages       one message for one Idempotency-Key; again: the same id
    POST /v1/plain          one message for every request that is done; the member "ref" is the key
    GET  /_count, /_dump    no token

What befalls the n-th request follows from the seed and n. "lost" faults come after it was done: 500,
the connection cut, the answer cut short, or after 3 s. The others do nothing: 503, 429, 500, cut.
"""
import importlib.util
import json
import os
import resource
import signal
import ssl
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
FAULTS = 100    # thousandths of all requests: the sum of upstream.conf's


def _bench():
    """tests/bench/upstream.py, which has our name."""
    spec = importlib.util.spec_from_file_location(
        "bench_upstream", HERE.parent / "bench" / "upstream.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BENCH = _bench()


class Upstream(BENCH.Upstream):
    """One running upstream; a context manager."""

    def __init__(self, seed=1):
        super().__init__(keepalive_requests=3000)
        self.seed = seed

    def _configure(self):
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if descriptors == resource.RLIM_INFINITY or descriptors > 16384:
            descriptors = 16384
        text = (HERE / "upstream.conf").read_text()
        for name, value in {
                "USER": "user root;" if os.geteuid() == 0 else "", "DESCRIPTORS": descriptors,
                "CONNECTIONS": descriptors - 64, "MODULES": BENCH.MODULES, "PORT": self.port,
                "KEEPALIVE_REQUESTS": self.keepalive_requests, "TOKEN": self.token,
                "SEED": self.seed, "FAULTS": FAULTS, "FREE": 1000 - FAULTS}.items():
            text = text.replace("@%s@" % name, str(value))
        path = os.path.join(self.folder, "nginx.conf")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)

    def get(self, path):
        trust = ssl.create_default_context(cafile=self.ca)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=trust))
        with direct.open("https://127.0.0.1:%d%s" % (self.port, path), timeout=60) as answer:
            return answer.read().decode()

    def count(self):
        return json.loads(self.get("/_count"))

    def held(self):
        out = {}
        for line in self.get("/_dump").splitlines():
            path, key, messages, name = line.split(" ")
            out[path, key] = int(messages), name
        return out

    def restart(self):
        os.kill(self.process.pid, signal.SIGHUP)

    def log(self):
        return Path(self.folder, "error.log").read_text(errors="replace")
