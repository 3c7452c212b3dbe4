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
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import values  # noqa: E402
from cases import Failure  # noqa: E402
from mock import CALL_S, Mock, Service, said_aloud  # noqa: E402

# name: the file, and how many operations cannot be done (a redirect; files, pictures and CSV).
DOCUMENTS = {
    "twilio": ("twilio_api_v2010.json", 1),
    "slack": ("slack_web_openapi_v2.json", 0),
    "discord": ("discord.json", 5),
}
PICKED = 20
OTHER = "The document asks for another credential than that of \"auth\"."


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
            broken = mock.refuses(said)
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
