# SPDX-License-Identifier: MIT
"""inspector.py - the Inspector's command line, in one of its ways to choose the protocol.

usage: python inspector.py ADDRESS VARIABLES.json legacy|modern calls|protocol

Each step is a process of its own, held to its exit code and to what it prints. calls: lists the
default tools (strictly: every schema must be portable), sends a message, reads it, reads what else
their service file has, and makes two calls that must fail. protocol: resources, prompts and
results of tests/conformance/fixtures.json. It has no completion and no subscriptions, shows no
progress and no log, though it sets a level, and cannot be asked anything; that it is told so is
checked.
"""
import json
import os
import subprocess
import sys
import tempfile
from typing import NamedTuple

from checks import end, report
from rig import NODE, NPM, command_of

LAUNCHER = os.path.join(NPM, "@modelcontextprotocol/inspector/clients/launcher/build/index.js")
TIMEOUT_S = 120
TEXT = "From the Inspector"
MODERN = "2026-07-28"


class Said(NamedTuple):
    """What a run of the command line came to."""
    code: int
    result: dict
    error: str


def configure(address, era, home):
    """A file that tells the Inspector of one server, the bridge: its path."""
    command = command_of(address)
    server = {"type": "streamable-http", "url": address} if command is None else {
        "type": "stdio", "command": command[0], "args": command[1:],
        "env": {name: value for name, value in os.environ.items() if name.startswith("UMS_MCP_")}}
    config = os.path.join(home, "config.json")
    with open(config, "w") as f:
        json.dump({"mcpServers": {"bridge": dict(server, protocolEra=era)}}, f)
    return config


class Inspector:
    def __init__(self, address, era, home):
        self.command = [NODE, LAUNCHER, "--cli", "--config", configure(address, era, home),
                        "--server", "bridge", "--format", "json", "--method"]
        self.home = home
        self.legacy = era == "legacy"

    def ask(self, *options):
        """A method and its options: what is said."""
        done = subprocess.run(
            [*self.command, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=TIMEOUT_S, cwd=self.home,
            env={"HOME": self.home, "PATH": os.path.dirname(NODE) + ":/usr/bin:/bin",
                 "MCP_AUTO_OPEN_ENABLED": "false"})
        try:
            result = json.loads(done.stdout).get("result", {})
        except ValueError:
            result = {}
        return Said(done.returncode, result, done.stderr.strip()[-400:])

    def check(self, name, want, *options):
        """Hold what is said to want(); its result is returned."""
        said = self.ask(*options)
        try:
            good = want(said)
        except (KeyError, IndexError, TypeError):
            good = False
        report(name, None if good else said)
        return said.result

    def get(self, name, want, *options):
        """The same of a method that must end well: want() is given the result."""
        return self.check(name, lambda said: said.code == 0 and want(said.result), *options)


def call(tool, **arguments):
    return "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments)


def prompt(name, *arguments):
    return "prompts/get", "--prompt-name", name, "--prompt-args", *arguments


def calls(i):
    """The default tools, and what else their service file has."""
    i.get("tools/list --strict", lambda r: len(r["tools"]) == 14, "tools/list", "--strict")
    sent = i.get("tools/call send_message", lambda r: r["structuredContent"]["message_id"],
                 *call("send_message", to=["bob"], text=TEXT)).get("structuredContent", {})
    i.get("tools/call get_message", lambda r: r["structuredContent"]["text"] == TEXT,
          *call("get_message", message_id=sent.get("message_id", "?")))

    i.get("resources/list", lambda r: "ums://channels" in [x["uri"] for x in r["resources"]],
          "resources/list")
    i.get("resources/templates/list", lambda r: len(r["resourceTemplates"]) == 6,
          "resources/templates/list")
    i.get("resources/read", lambda r: "channels" in json.loads(r["contents"][0]["text"]),
          "resources/read", "--uri", "ums://channels")
    i.get("prompts/list", lambda r: "compose_reply" in [x["name"] for x in r["prompts"]],
          "prompts/list")
    thread = sent.get("thread_id", "?")
    i.get("prompts/get", lambda r: json.loads(
        r["messages"][0]["content"]["resource"]["text"])["thread_id"] == thread,
        *prompt("summarise_thread", "thread_id=" + thread))

    i.check("bad arguments", lambda s: s.code == 5 and s.result["isError"] is True,
            *call("send_message", to=[]))
    i.check("unknown tool", lambda s: s.code == 5 and "tool_not_found" in s.error,
            *call("no_such_tool"))


def protocol(i):
    """What there is besides plain calls, as far as it has what uses it."""
    i.get("resources/list", lambda r: {"test://static-text", "test://static-binary"} <=
          {x["uri"] for x in r["resources"]}, "resources/list")
    i.get("resources/templates/list", lambda r: "test://template/{id}/data" in
          [x["uriTemplate"] for x in r["resourceTemplates"]], "resources/templates/list")

    def read(name, uri, want):
        i.get("resources/read: " + name, lambda r: want(r["contents"][0]),
              "resources/read", "--uri", uri)

    read("a text", "test://static-text",
         lambda c: c["text"] == "This is the content of the static text resource.")
    read("a blob", "test://static-binary",
         lambda c: c["mimeType"] == "image/png" and c["blob"].startswith("iVBOR"))
    read("by a template", "test://template/one/data",
         lambda c: json.loads(c["text"])["data"] == "Data for ID: one")
    i.check("resources/read: what is not there", lambda s: s.code == 1 and "not found" in s.error,
            "resources/read", "--uri", "test://nothing")

    i.get("prompts/list", lambda r: "test_prompt_with_arguments" in
          [x["name"] for x in r["prompts"]], "prompts/list")
    i.get("prompts/get", lambda r: r["messages"][0]["content"]["text"] ==
          "Prompt with arguments: arg1='x', arg2='red'",
          *prompt("test_prompt_with_arguments", "arg1=x", "arg2=red"))
    i.get("prompts/get: an embedded resource",
          lambda r: r["messages"][0]["content"]["resource"]["uri"] == "test://mine",
          *prompt("test_prompt_with_embedded_resource", "resourceUri=test://mine"))
    i.check("prompts/get: an argument is missing", lambda s: s.code == 1 and "arg2" in s.error,
            *prompt("test_prompt_with_arguments", "arg1=x"))

    i.get("tools/call: contents of three kinds",
          lambda r: [x["type"] for x in r["content"]] == ["text", "image", "resource"],
          *call("test_multiple_content_types"))
    i.get("tools/call: a stream", lambda r: r["content"][0]["text"] == "Progress was made.",
          *call("test_tool_with_progress"))
    i.check("tools/call: what it cannot be asked",
            lambda s: s.code == 1 and "capability" in s.error,
            *call("test_elicitation", message="Who?"))
    i.check("logging/setLevel",
            (lambda s: s.code == 0) if i.legacy else (lambda s: s.code == 1 and MODERN in s.error),
            "logging/setLevel", "--log-level", "debug")


def main(address, _, era, part):
    with tempfile.TemporaryDirectory(prefix="ums-inspector.") as home:
        {"calls": calls, "protocol": protocol}[part](Inspector(address, era, home))


if __name__ == "__main__":
    main(*sys.argv[1:])
    end()
