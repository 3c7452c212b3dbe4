# SPDX-License-Identifier: MIT
"""python_sdk.py - the Python SDK 2.x, in one of its ways to choose the protocol.

usage: python python_sdk.py ADDRESS VARIABLES.json legacy|auto|2026-07-28

Makes the calls of calls.json, as calls.mjs does: the client validates structuredContent
against the tool's outputSchema and raises; the rest is held to calls.json, to the text block
and to the byte budget. Prints "PASS name" or "FAIL name: why" for each check.
"""
import asyncio
import json
import os
import re
import sys
import warnings

from mcp import Client, MCPError, StdioServerParameters

VERSIONS = {"legacy": "2025-11-25", "auto": "2026-07-28", "2026-07-28": "2026-07-28"}
counts = {"passed": 0, "failed": 0}


def report(name, why=None):
    counts["failed" if why else "passed"] += 1
    print("FAIL %s: %s" % (name, why) if why else "PASS %s" % name)


def same(got, want):
    return None if got == want else "got %r, not %r" % (got, want)


def at(value, pointer):
    """What a JSON Pointer names; None if there is nothing."""
    for part in pointer.split("/")[1:]:
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def fill(value, variables):
    """Put the variables in: a string that is one {name} becomes the variable's value."""
    if isinstance(value, str):
        whole = re.fullmatch(r"\{(\w+)\}", value)
        if whole:
            return variables[whole.group(1)]
        return re.sub(r"\{(\w+)\}", lambda m: variables[m.group(1)], value)
    if isinstance(value, list):
        return [fill(v, variables) for v in value]
    if isinstance(value, dict):
        return {k: fill(v, variables) for k, v in value.items()}
    return value


RULES = {
    "equals": lambda got, want: got == want and type(got) is type(want),
    "count": lambda got, want: got is not None and len(got) == want,
    "least": lambda got, want: got is not None and len(got) >= want,
    "present": lambda got, want: got is not None,
    "absent": lambda got, want: got is None,
    "has": lambda got, want: got is not None and want in got,
    "lacks": lambda got, want: got is not None and not any(c in got for c in want),
}


def hold(value, expect):
    for pointer, wanted in (expect or {}).items():
        for rule, want in wanted.items():
            if not RULES[rule](at(value, pointer), want):
                return "%s is %r; want %s %r" % (pointer, at(value, pointer), rule, want)
    return None


def read(result, variables):
    """The JSON of a result, and what is wrong with the result's form."""
    if len(result.content) != 1 or result.content[0].type != "text":
        return None, "not exactly one text block"
    text = result.content[0].text
    if len(text.encode()) > variables["result_max"]:
        return None, "%d bytes are above the budget" % len(text)
    value = json.loads(text)
    if result.is_error:
        return value, "an error has structuredContent" if result.structured_content else None
    if result.structured_content != value:
        return value, "text and structuredContent differ"
    return value, None


async def pages(client, call, arguments, value, variables):
    """Follow the cursors; nothing may be missing or come twice."""
    rule = call["pages"]
    seen = [item[rule["id"]] for item in value[rule["list"]]]
    if not rule.get("whole") and value.get("truncated") is not True:
        return "the first page is not truncated"
    for _ in range(100):
        if "next_cursor" not in value:
            break
        result = await client.call_tool(call["tool"], dict(arguments, cursor=value["next_cursor"]))
        value, why = read(result, variables)
        if why or result.is_error:
            return why or value
        seen += [item[rule["id"]] for item in value[rule["list"]]]
    return same((len(set(seen)), len(seen)), (rule["total"], rule["total"]))


async def judge(client, call, variables):
    arguments = fill(call["arguments"], variables)
    try:
        result = await client.call_tool(call["tool"], arguments)
    except MCPError as e:
        return same(e.error.code, call.get("rpc_error"))
    if "rpc_error" in call:
        return "no error was raised"
    value, why = read(result, variables)
    if why:
        return why
    if "error" in call:
        return same((result.is_error, value.get("code")), (True, call["error"])) or \
            hold(value, fill(call.get("expect"), variables))
    if result.is_error:
        return value
    for name, pointer in call.get("keep", {}).items():
        variables[name] = at(value, pointer)
    if "pages" in call:
        return await pages(client, call, arguments, value, variables)
    return hold(value, fill(call.get("expect"), variables))


def server_at(address):
    """What an address names: a URL, or "stdio:" and a command as a JSON array."""
    if not address.startswith("stdio:"):
        return address
    command, *args = json.loads(address[len("stdio:"):])
    return StdioServerParameters(command=command, args=args, env=dict(os.environ))


async def main(address, file, mode):
    with open(file) as f:
        variables = json.load(f)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "calls.json")) as f:
        calls = json.load(f)
    async with Client(server_at(address), mode=mode) as client:
        report("negotiated version", same(client.protocol_version, VERSIONS[mode]))
        if mode in ("legacy", "auto"):      # a pinned client asks for neither
            report("server name", same(client.server_info.name, "ums-mcp"))
            report("instructions", None if client.instructions else "there are none")
        if mode == "legacy":
            warnings.filterwarnings("ignore", message="ping is removed")
            await client.send_ping()
            report("ping")
        report("prompts/list", same(len((await client.list_prompts()).prompts), 2))
        report("resources/list", same(len((await client.list_resources()).resources), 1))
        report("tools/list has 14 tools", same(len((await client.list_tools()).tools), 14))
        for call in calls:
            name = "%s: %s" % (call["tool"], call["name"])
            try:
                report(name, await judge(client, call, variables))
            except Exception as e:      # the client's own validation, too
                report(name, "raised %r" % e)


asyncio.run(main(*sys.argv[1:]))
print("%(passed)d passed, %(failed)d failed" % counts)
sys.exit(counts["failed"] > 0)
