# SPDX-License-Identifier: MIT
"""Slack, against its published document."""
from urllib.parse import parse_qsl, urlsplit

from about import About
from document import operation_of

TS, TS2 = "1712345678.123456", "1712345600.000001"


def first_of_each(schema):
    """Slack's document lists alternatives as the items of what is no array: the mock answers with the first."""
    if isinstance(schema, list):
        return [first_of_each(below) for below in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("items"), list) and schema["items"] and schema.get("type") != "array":
        return first_of_each(schema["items"][0])
    return {name: first_of_each(below) for name, below in schema.items()}


def said(document):
    """The bridge's token goes into Authorization, as the document's slackAuth has it: the parameter
    token, which is the same a second time, is not sent. Lists in which a name is looked for end with
    the first page, or the mock would give that for ever."""
    for path in ("/conversations.list", "/users.list"):
        answer = document["paths"][path]["get"]["responses"]["200"]["schema"]["properties"]
        answer["response_metadata"] = {"type": "object", "properties": {"next_cursor": {"enum": [""]}},
                                       "required": ["next_cursor"]}
    for item in document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [p for p in operation.get("parameters", []) if p["name"] != "token"]
    return first_of_each(document)


def errors(document, request):
    listed = operation_of(document, "", request)["responses"]["default"]["schema"]
    return [(200, {}, {"ok": False, "error": code}, None)
            for code in listed.get("properties", {}).get("error", {}).get("enum", [])]


def shape(code):
    return (429, {"Retry-After": "30"}, {"ok": False, "error": code}) if code == "ratelimited" else (
        200, {}, {"ok": False, "error": code})


BLOCKS = [{"type": "rich_text"}, {"type": "image"}, {"type": "section"}]
TEXT = {"ts": TS, "user": "U012345678", "text": "*a* &amp; <https://a.b|b> <@U012345678>",
        "blocks": [{"type": "rich_text"}]}
CARD = {"ts": TS2, "bot_id": "B012345678", "text": "", "blocks": BLOCKS, "attachments": [
    {"id": 1, "title": "Build 7\u202e", "fallback": "Build 7 failed"}, {"id": 2}]}
SHOWN = [{"message_id": TS, "text": "**a** & [b](https://a.b) @U012345678"},
         {"message_id": TS2, "text": "", "not_shown": {
             "blocks": ["image", "section"], "attachments": [{"title": "Build 7", "summary": "Build 7 failed"}, {}]}}]


def others(provider):
    """Texts as Markdown and what is not shown of a message; a name on the second of two pages."""
    both = {"ok": True, "messages": [TEXT, CARD]}
    for name, arguments, answer in (
            ("slack_list_messages", {"channel": "C012345678"}, both),
            ("slack_get_thread", {"channel": "C012345678", "thread_id": TS}, both),
            ("slack_search_messages", {"query": "a"}, {"ok": True, "messages": {"matches": [TEXT, CARD]}})):
        provider.script(lambda path, answer=answer: {"body": answer})
        got, text = provider.result(name, arguments)
        got = [{k: v for k, v in m.items() if k in ("message_id", "text", "not_shown")} for m in got.get("messages", [])]
        provider.check("%s: texts, and what is not shown" % name, got == SHOWN, text)
    for message, wanted in zip((TEXT, CARD), SHOWN):
        provider.script(lambda path, message=message: {"body": {"ok": True, "messages": [message]}})
        got, text = provider.result("slack_get_message", {"channel": "C012345678", "message_id": message["ts"]})
        provider.check("slack_get_message: text, and what is not shown", got.get("text") == wanted["text"] and
                       got.get("not_shown") == wanted.get("not_shown"), text)

    pages = [{"ok": True, "channels": [{"id": "C1", "name": "other"}], "response_metadata": {"next_cursor": "n="}},
             {"ok": True, "channels": [{"id": "C012345678", "name": "wanted"}], "response_metadata": {"next_cursor": ""}}]
    asked = provider.script(lambda path: {"body": pages.pop(0)} if path == "/conversations.list" else {
        "body": {"ok": True, "channel": {"id": "C012345678"}}})
    got, text = provider.result("slack_get_channel", {"channel": "#wanted"})
    cursors = [dict(parse_qsl(urlsplit(a["path"]).query)).get("cursor") for a in asked]
    provider.check("a name on the second page", got.get("channel") == "C012345678" and cursors == [None, "n=", None],
                   "%s %s" % (cursors, text))


ABOUT = About(
    document="slack_web_openapi_v2.json", secret="slack.token", said=said,
    wrong=("POST", "/chat.postMessage", "text=x"), errors=errors, shape=shape, others=others,
    generic=("fatal_error", "upgrade_required"),
    # Not in the document: all that a search finds; where messages go on, which the text of the parameter cursor
    # says; of the messages of a thread what it shows of those of a channel; an attachment's title, which the public
    # reference has.
    not_shown=r"slack_search_messages .*|slack_(list_messages|get_thread) /response_metadata/next_cursor|"
              r"slack_get_(thread|message) /messages/[*0]/(bot_id|files.*|blocks.*|attachments.*)|"
              r"slack_list_messages /messages/\*/attachments/\*/title",
    all={"channel": "C012345678", "person": "U012345678"}, names={"channel": "string", "person": "string"},
    before={
        "/conversations.list": {"ok": True, "channels": [{"id": "C012345678", "name": "string"}]},
        "/users.list": {"ok": True, "members": [{"id": "U012345678", "name": "string",
                                                  "profile": {"real_name": "string"}}]},
        "/conversations.open": {"ok": True, "channel": {"id": "D012345678"}},
    },
    opens={"/conversations.open": [("users", "U012345678")]},
    pages=[
        ("slack_list_messages", {"channel": "C012345678", "since": "2024-04-05T19:33:20.9Z",
                                 "until": "2024-04-06T00:00:00+02:00"},
         {"ok": True, "messages": [{"ts": TS, "text": "a"}], "has_more": True,
          "response_metadata": {"next_cursor": "bmV4dA=="}},
         {"cursor": "bmV4dA==", "channel": "C012345678", "oldest": "1712345600",
          "latest": "1712354400", "limit": "100"},
         {"ok": True, "messages": [{"ts": TS2, "text": "b"}], "has_more": False}, "messages/message_id", [TS, TS2]),
        ("slack_get_thread", {"channel": "C012345678", "thread_id": TS},
         {"ok": True, "messages": [{"ts": TS}], "response_metadata": {"next_cursor": "x="}},
         {"cursor": "x=", "channel": "C012345678", "ts": TS},
         {"ok": True, "messages": [{"ts": TS2}]}, "messages/message_id", [TS, TS2]),
        ("slack_list_channels", {}, {"ok": True, "channels": [{"id": "C1"}],
                                              "response_metadata": {"next_cursor": "x="}},
         {"cursor": "x=", "types": "public_channel,private_channel", "exclude_archived": "true", "limit": "100"},
         {"ok": True, "channels": [{"id": "C2"}], "response_metadata": {"next_cursor": ""}},
         "channels/channel", ["C1", "C2"]),
        ("slack_list_people", {"limit": 1}, {"ok": True, "members": [{"id": "U1"}],
                                                      "response_metadata": {"next_cursor": "x="}},
         {"cursor": "x=", "limit": "1"}, {"ok": True, "members": [{"id": "U2"}],
                                          "response_metadata": {"next_cursor": ""}}, "people/person", ["U1", "U2"]),
    ],
    sends=[
        ("slack_send_message", {"channel": "#string", "text": "**Hi** [you](https://a.b) & <!channel> <@U012345678>",
                                "thread_id": TS},
         "/chat.postMessage", [
             ("channel", "C012345678"),
             ("text", "*Hi* <https://a.b|you> &amp; &lt;!channel&gt; <@U012345678>"), ("thread_ts", TS)],
         {"ok": True, "channel": "C012345678", "ts": TS2}, {"message_id": TS2, "channel": "C012345678"}),
        ("slack_send_direct_message", {"person": "@string", "text": "- *a*\n- b"},
         "/chat.postMessage", [("channel", "D012345678"), ("text", "• _a_\n• b")],
         {"ok": True, "channel": "D012345678", "ts": TS2}, {"message_id": TS2, "channel": "D012345678"}),
    ],
)
