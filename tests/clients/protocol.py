# SPDX-License-Identifier: MIT
"""protocol.py - the checks of protocol.mjs, by the Python SDK 2.x, as far as it has what they use.

usage: python protocol.py ADDRESS VARIABLES.json legacy|auto|2026-07-28
"""
import asyncio
import base64
import functools
import json
import os
import re
import sys
import urllib.request
import warnings

from mcp import MCPError, types

import sdk
from checks import check, end, run_checks, same
from rig import command_of

PERSON = {"username": "thea", "email": "thea@example.org"}
LOG = ["execution started", "processing data", "execution completed"]
WAIT_S = 60     # for a notification
address, mode = sys.argv[1], sys.argv[3]
legacy, http = mode == "legacy", command_of(address) is None
connect = functools.partial(sdk.connect, address, mode)


def text_of(result):
    return "".join(block.text for block in result.content)


async def refused(call):
    """The code of the error that a call must end in."""
    try:
        return "no error but %r" % await call
    except MCPError as e:
        return e.error.code


# ---- What is read

@check("what the server can")
async def _():
    async with connect() as client:
        can = client.server_capabilities
        wants = ["tools", "resources", "prompts", "completions"] + ["logging"] * legacy
        # A pinned client asks the server nothing, so it is told nothing.
        return None if mode == "2026-07-28" else same(
            [name for name in wants if getattr(can, name) is None], [])


@check("resources/list")
async def _():
    async with connect() as client:
        found = [str(r.uri) for r in (await client.list_resources()).resources]
        return same(sorted(uri for uri in found if uri.startswith("test:")),
                    ["test://static-binary", "test://static-text", "test://watched-resource"])


@check("resources/read: a text")
async def _():
    async with connect() as client:
        got = (await client.read_resource("test://static-text")).contents
        return same([(str(c.uri), c.text) for c in got],
                    [("test://static-text", "This is the content of the static text resource.")])


@check("resources/read: a blob")
async def _():
    async with connect() as client:
        one, = (await client.read_resource("test://static-binary")).contents
        return same((one.mime_type, base64.b64decode(one.blob)[1:4]), ("image/png", b"PNG"))


@check("resources/read: what is not there")
async def _():
    async with connect() as client:
        return same(await refused(client.read_resource("test://nothing")),
                    -32002 if legacy else -32602)


@check("resources/templates/list")
async def _():
    async with connect() as client:
        found = (await client.list_resource_templates()).resource_templates
        return same("test://template/{id}/data" in [t.uri_template for t in found], True)


@check("resources/read: by a template")
async def _():
    async with connect() as client:
        one, = (await client.read_resource("test://template/a%20b/data")).contents
        return same((one.mime_type, json.loads(one.text)), ("application/json", {
            "id": "a b", "templateTest": True, "data": "Data for ID: a b"}))


@check("prompts/list")
async def _():
    async with connect() as client:
        found = {p.name: p for p in (await client.list_prompts()).prompts}
        return same([(a.name, a.required) for a in found["test_prompt_with_arguments"].arguments],
                    [("arg1", True), ("arg2", True)])


@check("prompts/get: without arguments")
async def _():
    async with connect() as client:
        got = await client.get_prompt("test_simple_prompt")
        return same([(m.role, m.content.text) for m in got.messages],
                    [("user", "This is a simple prompt for testing.")])


@check("prompts/get: with arguments")
async def _():
    async with connect() as client:
        got = await client.get_prompt("test_prompt_with_arguments",
                                      {"arg1": "{arg2}", "arg2": '"\u00eb"'})
        return same(got.messages[0].content.text,
                    "Prompt with arguments: arg1='{arg2}', arg2='\"\u00eb\"'")


@check("prompts/get: an argument is missing")
async def _():
    async with connect() as client:
        return same(await refused(client.get_prompt("test_prompt_with_arguments", {"arg1": "x"})),
                    -32602)


@check("prompts/get: an embedded resource")
async def _():
    async with connect() as client:
        got = await client.get_prompt("test_prompt_with_embedded_resource",
                                      {"resourceUri": "test://mine"})
        first, second = (m.content for m in got.messages)
        return same((str(first.resource.uri), second.type), ("test://mine", "text"))


@check("prompts/get: an image")
async def _():
    async with connect() as client:
        content = (await client.get_prompt("test_prompt_with_image")).messages[0].content
        return same((content.type, content.mime_type), ("image", "image/png"))


OF_PROMPT = types.PromptReference(type="ref/prompt", name="test_prompt_with_arguments")
OF_TEMPLATE = types.ResourceTemplateReference(type="ref/resource", uri="test://template/{id}/data")


@check("completion/complete: asked of the service", OF_PROMPT, "arg1", "par",
       ["paris", "park", "party"])
@check("completion/complete: from a list", OF_PROMPT, "arg2", "g", ["green"])
@check("completion/complete: of a template", OF_TEMPLATE, "id", "test", ["test", "testimony"])
async def _(ref, name, value, want):
    async with connect() as client:
        got = await client.complete(ref, {"name": name, "value": value})
        return same(got.completion.values, want)


@check("tools/call: test_image_content", "test_image_content", ["image"])
@check("tools/call: test_audio_content", "test_audio_content", ["audio"])
@check("tools/call: test_embedded_resource", "test_embedded_resource", ["resource"])
@check("tools/call: test_multiple_content_types", "test_multiple_content_types",
       ["text", "image", "resource"])
async def _(tool, want):
    async with connect() as client:
        result = await client.call_tool(tool)
        return same((result.is_error, [block.type for block in result.content]), (False, want))


@check("tools/call: an error of the service")
async def _():
    async with connect() as client:
        return same((await client.call_tool("test_error_handling")).is_error, True)


# ---- What comes before a result

async def progress(client):
    """The progress of one call, until its result."""
    seen = []

    async def on_progress(done, total, message):
        seen.append((done, total, message))

    result = await client.call_tool("test_tool_with_progress", progress_callback=on_progress)
    return list(seen), text_of(result)

PROGRESS = ([(done, 100, "%d of 100" % done) for done in (0, 50, 100)], "Progress was made.")


@check("progress")
async def _():
    async with connect() as client:
        return same(await progress(client), PROGRESS)


@check("progress that nobody wants")
async def _():
    async with connect() as client:
        return same(text_of(await client.call_tool("test_tool_with_progress")), PROGRESS[1])


@check("progress of many calls at once")
async def _():
    async with connect() as client:
        return same(await asyncio.gather(*(progress(client) for _ in range(8))), [PROGRESS] * 8)


@check("logs: none unless asked for", None, [])
@check("logs: none below the level", "error", [])
@check("logs", "debug", [("info", "fixtures", "Tool " + what) for what in LOG])
async def _(level, want):
    logs = []

    async def on_log(params):
        logs.append((params.level, params.logger, params.data))

    async with connect(logging_callback=on_log, log_level=level) as client:
        if legacy and level is not None:
            await client.set_logging_level(level)
        await client.call_tool("test_tool_with_logging")
    return same(logs, want)


# ---- What a client is told of changes

WATCHED = "test://watched-resource"
WATCHED_TEXT = r"This is the content of the watched resource, version (\d+)\."


def change():
    """Have the service change the resource: the version that it has now, or a later one, since
    other clients change it, too."""
    with urllib.request.urlopen(os.environ["UMS_MCP_SERVICE_FIXTURES_BASE_URL"] +
                                "/resources/watched/change", timeout=WAIT_S) as response:
        return json.load(response)["version"]


async def changed(client, told):
    """Once it is told that the resource is as it is, a client is told of a change."""
    await asyncio.wait_for(told(), WAIT_S)
    want = await asyncio.to_thread(change)
    await asyncio.wait_for(told(), WAIT_S)
    one, = (await client.read_resource(WATCHED)).contents
    return same(int(re.fullmatch(WATCHED_TEXT, one.text).group(1)) >= want, True)


@check("a subscription")
async def _():
    updates = asyncio.Queue()

    async def on_message(message):
        if isinstance(message, types.ResourceUpdatedNotification):
            updates.put_nowait(str(message.params.uri))

    async with connect(message_handler=on_message) as client:
        # Over stdio nothing tells of changes, and it is said so.
        if not legacy:
            async with client.listen(resource_subscriptions=[WATCHED]) as subscription:
                if not http:
                    return same(subscription.honored.resource_subscriptions, None)
                return await changed(client, lambda: anext(aiter(subscription)))
        if not http:
            return same(await refused(client.subscribe_resource(WATCHED)), -32601)
        await client.subscribe_resource(WATCHED)
        why = await changed(client, updates.get)
        await client.unsubscribe_resource(WATCHED)
        return why


# ---- What a client is asked

def accept(**content):
    return types.ElicitResult(action="accept", content=content)


def asked(elicit=None):
    """A client that answers all; elicit(params) is what a person says."""
    async def on_elicit(_, params):
        return elicit(params)

    async def on_sample(_, params):
        said = 'said to "%s"' % params.messages[0].content.text
        return types.CreateMessageResult(role="assistant", model="a-model",
                                         content=types.TextContent(type="text", text=said))

    async def on_roots(_):
        return types.ListRootsResult(roots=[types.Root(uri="file:///work", name="work")])

    return connect(elicitation_callback=on_elicit, sampling_callback=on_sample,
                   list_roots_callback=on_roots)


@check("elicitation: accepted")
async def _():
    forms = []

    def elicit(params):
        forms.append((params.message, list(params.requested_schema["properties"])))
        return accept(**PERSON)

    async with asked(elicit) as client:
        got = text_of(await client.call_tool("test_elicitation", {"message": "Who?"}))
        return same(forms, [("Who?", ["username", "email"])]) or same(
            got, "User response: action=accept, content=" + json.dumps(PERSON))


@check("elicitation: decline", "decline")
@check("elicitation: cancel", "cancel")
async def _(action):
    async with asked(lambda _: types.ElicitResult(action=action)) as client:
        return same(text_of(await client.call_tool("test_elicitation", {"message": "Who?"})),
                    "User response: action=%s, content={}" % action)


@check("elicitation: defaults")
async def _():
    def elicit(params):
        fields = params.requested_schema["properties"]
        return accept(**{name: field["default"] for name, field in fields.items()})

    async with asked(elicit) as client:
        return same(text_of(await client.call_tool("test_elicitation_sep1034_defaults")),
                    "Elicitation completed: action=accept, content=" + json.dumps({
                        "name": "John Doe", "age": 30, "score": 95.5, "status": "active",
                        "verified": True}))


@check("elicitation: choices")
async def _():
    chosen = {"untitledSingle": "option2", "titledSingle": "value1", "legacyEnum": "opt3",
              "untitledMulti": ["option1", "option3"], "titledMulti": ["value2"]}
    async with asked(lambda _: accept(**chosen)) as client:
        got = text_of(await client.call_tool("test_elicitation_sep1330_enums"))
        return same(json.loads(got.partition("content=")[2]), chosen)


@check("elicitation: at the end of a stream", "test_streaming_elicitation", "")
@check("elicitation: with a state that comes back", "test_input_required_result_request_state",
       "state-ok: ")
async def _(tool, before):
    async with asked(lambda _: accept(ok=True)) as client:
        return same(text_of(await client.call_tool(tool)),
                    before + 'action=accept, content={"ok": true}')


@check("elicitation: two rounds")
async def _():
    def elicit(params):
        first = "name" in params.requested_schema["properties"]
        return accept(name="Thea") if first else accept(color="blue")

    async with asked(elicit) as client:
        return same(text_of(await client.call_tool("test_input_required_result_multi_round")),
                    "Thea likes blue.")


@check("elicitation: by a client that cannot")
async def _():
    async with connect() as client:
        return same(await refused(client.call_tool("test_elicitation", {"message": "Who?"})), -32021)


@check("sampling", "test_sampling", {"prompt": "Say something"},
       'LLM response: said to "Say something"')
@check("roots", "test_input_required_result_list_roots", {}, "Roots: file:///work")
@check("three kinds of question at once", "test_input_required_result_multiple_inputs", {},
       'said to "Write a greeting." Thea (file:///work)')
async def _(tool, arguments, want):
    async with asked(lambda _: accept(name="Thea")) as client:
        return same(text_of(await client.call_tool(tool, arguments)), want)


@check("a prompt that asks")
async def _():
    async with asked(lambda _: accept(context="tests")) as client:
        got = await client.get_prompt("test_input_required_result_prompt")
        return same(got.messages[0].content.text, "The context: tests.")


@check("many questions at once, each with its own answer")
async def _():
    names = ["person %d" % i for i in range(12)]
    async with asked(lambda p: accept(username=p.message, email=PERSON["email"])) as client:
        results = await asyncio.gather(*(
            client.call_tool("test_elicitation", {"message": name}) for name in names))
        return same([name for name, result in zip(names, results)
                     if '"%s"' % name not in text_of(result)], [])


warnings.simplefilter("ignore")     # what the newest version has deprecated is used all the same
asyncio.run(run_checks())
end()
