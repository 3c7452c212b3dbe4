# SPDX-License-Identifier: MIT
"""whole.py - what is not a plain call, by the Python SDK 2.x; see whole.mjs.

usage: python whole.py ADDRESS VARIABLES.json legacy|auto
"""
import asyncio
import base64
import json
import sys
import warnings

from mcp import Client, MCPError, types

counts = {"passed": 0, "failed": 0}
asked, logs = [], []
agrees = True


async def check(name, body):
    try:
        why = await body
    except Exception as e:      # the client's own validation, too
        why = "raised %r" % e
    counts["failed" if why else "passed"] += 1
    print("FAIL %s: %s" % (name, why) if why else "PASS %s" % name)


def text_of(result):
    return "".join(getattr(block, "text", "") for block in result.content)


async def on_elicit(_, params):
    asked.append("elicitation")
    if not agrees:
        return types.ElicitResult(action="decline")
    fields = params.requested_schema["properties"]
    return types.ElicitResult(action="accept", content={
        name: field.get("default", {"string": "a text", "boolean": True}.get(field["type"], 7))
        for name, field in fields.items()})


async def on_sample(_, params):
    asked.append("sampling")
    return types.CreateMessageResult(role="assistant", model="a-model", content=types.TextContent(
        type="text", text="what a model says"))


async def on_roots(_):
    return types.ListRootsResult(roots=[types.Root(uri="file:///work", name="work")])


async def on_log(params):
    logs.append(params)


async def resources(client):
    text = (await client.read_resource("test://static-text")).contents[0]
    blob = (await client.read_resource("test://static-binary")).contents[0]
    one = (await client.read_resource("test://template/a%20b/data")).contents[0]
    listed = (await client.list_resource_templates()).resource_templates
    if not text.text or not blob.blob or json.loads(one.text)["id"] != "a b" or not listed:
        return "%r %r %r %r" % (text, blob, one, listed)
    try:
        await client.read_resource("test://nothing")
        return "what is not there was read"
    except MCPError as e:
        return None if e.error.code in (-32602, -32002) else repr(e)


async def a_file(client):
    data = base64.b64encode(bytes([0, 1, 254, 255])).decode()
    sent = await client.call_tool("send_message", {"to": ["bob"], "text": "A file", "attachments": [
        {"name": "a.bin", "mime_type": "application/zip", "data": data}]})
    if sent.is_error:
        return text_of(sent)
    got = await client.call_tool("get_message", {
        "message_id": sent.structured_content["message_id"]})
    links = [block for block in got.content if block.type == "resource_link"]
    if [(link.name, link.size) for link in links] != [("a.bin", 4)]:
        return repr(got.content)
    file = (await client.read_resource(str(links[0].uri))).contents[0]
    return None if file.mime_type == "application/zip" and file.blob == data else repr(file)


async def prompts(client):
    if len((await client.list_prompts()).prompts) < 5:
        return "too few"
    got = await client.get_prompt("test_prompt_with_arguments", {"arg1": "x{y}", "arg2": "z"})
    if "x{y}" not in got.messages[0].content.text:
        return repr(got)
    got = await client.get_prompt("test_prompt_with_embedded_resource",
                                  {"resourceUri": "test://example"})
    found = [m.content for m in got.messages if m.content.type == "resource"]
    return None if found and str(found[0].resource.uri) == "test://example" else repr(got)


async def completion(client):
    got = await client.complete(types.PromptReference(
        type="ref/prompt", name="test_prompt_with_arguments"), {"name": "arg1", "value": ""})
    return None if got.completion.values else "no values"


async def progress(client):
    seen = []

    async def on_progress(done, total, message):
        seen.append(done)

    await client.call_tool("test_tool_with_progress", progress_callback=on_progress)
    return None if seen == [0, 50, 100] else repr(seen)


async def contents(client):
    kinds = {b.type for b in (await client.call_tool("test_multiple_content_types")).content}
    return None if {"text", "image", "resource"} <= kinds else repr(kinds)


async def elicitation(client, mode):
    global agrees
    call = (("test_elicitation", {"message": "Who are you?"}) if mode == "legacy" else
            ("test_input_required_result_elicitation", {}))
    result = await client.call_tool(*call)
    if "elicitation" not in asked or result.is_error:
        return "%s %r" % (asked, result)
    agrees = False
    result = await client.call_tool(*call)
    agrees = True
    return "a text" in text_of(result) and text_of(result)


async def sampling(client, mode):
    call = (("test_sampling", {"prompt": "Say something"}) if mode == "legacy" else
            ("test_input_required_result_sampling", {}))
    result = await client.call_tool(*call)
    return None if "what a model says" in text_of(result) else repr(result)


async def main(address, _, mode):
    warnings.simplefilter("ignore")
    async with Client(address, mode=mode, elicitation_callback=on_elicit,
                      sampling_callback=on_sample, list_roots_callback=on_roots,
                      logging_callback=on_log) as client:
        await check("resources", resources(client))
        await check("a file, by the link of its message", a_file(client))
        await check("prompts", prompts(client))
        await check("completion", completion(client))
        await check("progress", progress(client))
        await check("contents of every kind", contents(client))
        await check("an answer to a form, and none", elicitation(client, mode))
        await check("a sample", sampling(client, mode))


asyncio.run(main(*sys.argv[1:]))
print("%(passed)d passed, %(failed)d failed" % counts)
sys.exit(counts["failed"] > 0)
