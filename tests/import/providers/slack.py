# SPDX-License-Identifier: MIT
"""Slack, against its published document."""
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
    token, which is the same a second time, is not sent."""
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


ABOUT = About(
    document="slack_web_openapi_v2.json", secret="slack.token", said=said,
    wrong=("POST", "/chat.postMessage", "text=x"), errors=errors, shape=shape,
    generic=("fatal_error", "upgrade_required"),
    # Not in the document: all that a search finds; where messages go on, which the text of the parameter cursor
    # says; of the messages of a thread what it shows of those of a channel.
    not_shown=r"slack_search_messages .*|slack_(list_messages|get_thread) /response_metadata/next_cursor|"
              r"slack_get_(thread|message) /messages/[*0]/(bot_id|files.*)",
    all={"channel": "C012345678", "person": "U012345678"}, names={"channel": "string", "person": "string"},
    before={
        "/conversations.list": {"ok": True, "channels": [{"id": "C012345678", "name": "string"}]},
        "/users.list": {"ok": True, "members": [{"id": "U012345678", "name": "string",
                                                  "profile": {"real_name": "string"}}]},
        "/conversations.open": {"ok": True, "channel": {"id": "D012345678"}},
    },
    opens={"/conversations.open": [("users", "U012345678")]},
    pages=[
        ("slack_list_messages", {"channel": "C012345678", "since": TS2},
         {"ok": True, "messages": [{"ts": TS, "text": "a"}], "has_more": True,
          "response_metadata": {"next_cursor": "bmV4dA=="}},
         {"cursor": "bmV4dA==", "channel": "C012345678", "oldest": TS2, "limit": "100"},
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
        ("slack_send_message", {"channel": "#string", "text": "Hi", "thread_id": TS},
         "/chat.postMessage", [("channel", "C012345678"), ("text", "Hi"), ("thread_ts", TS)],
         {"ok": True, "channel": "C012345678", "ts": TS2}, {"message_id": TS2, "channel": "C012345678"}),
        ("slack_send_direct_message", {"person": "@string", "text": "Hi"},
         "/chat.postMessage", [("channel", "D012345678"), ("text", "Hi")],
         {"ok": True, "channel": "D012345678", "ts": TS2}, {"message_id": TS2, "channel": "D012345678"}),
    ],
)
