# SPDX-License-Identifier: MIT
"""calls.py - the checks of calls.mjs, by the Python SDK 2.x.

usage: python calls.py ADDRESS VARIABLES.json legacy|auto|2026-07-28

The client validates structuredContent against the tool's outputSchema and raises; the rest is
held to calls.json, to the text block and to the byte budget.
"""
import asyncio
import base64
import json
import os
import re
import sys
import warnings

from mcp import MCPError, types

from checks import check, end, report, run, run_checks, same
from sdk import VERSIONS, connect


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


# ---- What the service file has beside its tools

@check("resources/list")
async def _(client, _):
    found = [str(r.uri) for r in (await client.list_resources()).resources]
    return same(found, ["ums://channels"])


@check("resources/templates/list")
async def _(client, _):
    return same(len((await client.list_resource_templates()).resource_templates), 6)


@check("resources/read")
async def _(client, _):
    one, = (await client.read_resource("ums://channels")).contents
    return same("email" in [c["channel"] for c in json.loads(one.text)["channels"]], True)


@check("resources/read: by a template")
async def _(client, variables):
    one, = (await client.read_resource(
        "ums://messages/" + variables["thread_messages"][0])).contents
    return same(json.loads(one.text)["thread_id"], variables["long_thread"])


@check("resources/read: a file, by the link of its message")
async def _(client, _):
    data = base64.b64encode(bytes([0, 1, 254, 255])).decode()
    sent = await client.call_tool("send_message", {"to": ["bob"], "text": "A file", "attachments": [
        {"name": "a.bin", "mime_type": "application/zip", "data": data}]})
    got = await client.call_tool("get_message", {
        "message_id": (sent.structured_content or {}).get("message_id")})
    link, = [block for block in got.content if block.type == "resource_link"]
    one, = (await client.read_resource(str(link.uri))).contents
    return same((link.name, link.size, one.mime_type, one.blob),
                ("a.bin", 4, "application/zip", data))


@check("prompts/list")
async def _(client, _):
    found = sorted(p.name for p in (await client.list_prompts()).prompts)
    return same(found, ["compose_reply", "summarise_thread"])


@check("prompts/get: with the thread in it")
async def _(client, variables):
    got = await client.get_prompt("summarise_thread", {"thread_id": variables["long_thread"]})
    thread = json.loads(got.messages[0].content.resource.text)
    return same((thread["thread_id"], len(thread["messages"]) > 0),
                (variables["long_thread"], True))


@check("completion/complete")
async def _(client, _):
    got = await client.complete(types.PromptReference(type="ref/prompt", name="compose_reply"),
                                {"name": "tone", "value": "f"})
    return same(got.completion.values, ["friendly", "formal", "firm"])


# ---- The program

async def main(address, file, mode):
    with open(file) as f:
        variables = json.load(f)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "calls.json")) as f:
        calls = json.load(f)
    async with connect(address, mode) as client:
        report("negotiated version", same(client.protocol_version, VERSIONS[mode]))
        if mode in ("legacy", "auto"):      # a pinned client asks for neither
            report("server name", same(client.server_info.name, "ums-mcp"))
            report("instructions", None if client.instructions else "there are none")
        if mode == "legacy":
            warnings.filterwarnings("ignore", message="ping is removed")
            await client.send_ping()
            report("ping")
        await run_checks(client, variables)
        report("tools/list has 14 tools", same(len((await client.list_tools()).tools), 14))
        for call in calls:
            await run("%s: %s" % (call["tool"], call["name"]), judge(client, call, variables))


asyncio.run(main(*sys.argv[1:]))
end()
