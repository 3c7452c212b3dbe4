# SPDX-License-Identifier: MIT
"""inspector.py - the Inspector's command line, in one of its ways to choose the protocol.

usage: python inspector.py URL VARIABLES.json legacy|auto|modern

Lists the tools (strictly: every schema must be portable), sends a message, reads it, and
makes two calls that must fail; holds each to the CLI's exit code and to what it prints.
"""
import json
import os
import subprocess
import sys
import tempfile

from rig import NODE, NPM

LAUNCHER = os.path.join(NPM, "@modelcontextprotocol/inspector/clients/launcher/build/index.js")
TIMEOUT_S = 60
counts = {"passed": 0, "failed": 0}


def report(name, ok, detail):
    counts["passed" if ok else "failed"] += 1
    print("PASS %s" % name if ok else "FAIL %s: %s" % (name, detail))


def inspect(url, era, home, *options):
    """Run the CLI: its exit code, the JSON on stdout or None, and stderr."""
    done = subprocess.run(
        [NODE, LAUNCHER, "--cli", url, "--transport", "http", "--protocol-era", era, "--format",
         "json", *options],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=home,
        env={"HOME": home, "PATH": os.path.dirname(NODE) + ":/usr/bin:/bin",
             "MCP_AUTO_OPEN_ENABLED": "false"})
    try:
        value = json.loads(done.stdout)
    except ValueError:
        value = None
    return done.returncode, value, done.stderr.strip()[-400:]


def call(tool, arguments):
    return "--method", "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments)


def main(url, _, era):
    with tempfile.TemporaryDirectory(prefix="ums-inspector.") as home:
        code, value, said = inspect(url, era, home, "--method", "tools/list", "--strict")
        tools = (value or {}).get("result", {}).get("tools", [])
        report("tools/list --strict", code == 0 and len(tools) == 14, (code, len(tools), said))

        code, value, said = inspect(url, era, home, *call(
            "send_message", {"to": ["bob"], "text": "From the Inspector"}))
        sent = (value or {}).get("result", {}).get("structuredContent", {})
        report("tools/call send_message", code == 0 and "message_id" in sent, (code, value, said))

        code, value, said = inspect(url, era, home, *call(
            "get_message", {"message_id": sent.get("message_id", "?")}))
        got = (value or {}).get("result", {}).get("structuredContent", {})
        report("tools/call get_message", code == 0 and got.get("text") == "From the Inspector",
               (code, value, said))

        code, value, said = inspect(url, era, home, "--method", "resources/list")
        found = [r["uri"] for r in (value or {}).get("result", {}).get("resources", [])]
        report("resources/list", code == 0 and "ums://channels" in found, (code, found, said))
        code, value, said = inspect(url, era, home, "--method", "resources/templates/list")
        found = (value or {}).get("result", {}).get("resourceTemplates", [])
        report("resources/templates/list", code == 0 and len(found) > 2, (code, found, said))
        code, value, said = inspect(url, era, home, "--method", "resources/read", "--uri",
                                    "ums://channels")
        found = (value or {}).get("result", {}).get("contents", [{}])[0].get("text", "{}")
        report("resources/read", code == 0 and "channels" in json.loads(found),
               (code, found, said))
        code, value, said = inspect(url, era, home, "--method", "prompts/list")
        found = [p["name"] for p in (value or {}).get("result", {}).get("prompts", [])]
        report("prompts/list", code == 0 and "compose_reply" in found, (code, found, said))
        thread = got.get("thread_id", "?")
        code, value, said = inspect(url, era, home, "--method", "prompts/get", "--prompt-name",
                                    "summarise_thread", "--prompt-args", "thread_id=" + thread)
        report("prompts/get", code == 0 and thread in json.dumps(value), (code, value, said))

        code, value, said = inspect(url, era, home, *call("send_message", {"to": []}))
        is_error = (value or {}).get("result", {}).get("isError")
        report("bad arguments", code == 5 and is_error is True, (code, value, said))

        code, value, said = inspect(url, era, home, *call("no_such_tool", {}))
        report("unknown tool", code == 5 and "tool_not_found" in said, (code, value, said))


if __name__ == "__main__":
    main(*sys.argv[1:])
    print("%(passed)d passed, %(failed)d failed" % counts)
    sys.exit(counts["failed"] > 0)
