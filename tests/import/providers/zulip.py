# SPDX-License-Identifier: MIT
"""Zulip, against a document that we wrote by the public documentation of its REST API."""
import json
import math

from about import About
from document import listed

BASE = "/api/v1"
AT = 1712345678
CHANNEL = '[{"operator":"channel","operand":"general"}]'
TOPIC = '[{"operator":"channel","operand":"general"},{"operator":"topic","operand":"lunch & more"}]'
QUERY = {"num_after": "0", "include_anchor": "false", "apply_markdown": "false", "client_gravatar": "true"}


def message(name, **more):
    return dict({"id": name, "type": "stream", "sender_id": 7, "sender_full_name": "Anna", "content": "Hi",
                 "timestamp": AT, "display_recipient": "general", "subject": "lunch", "submessages": [],
                 "reactions": []}, **more)


def page(*names):
    return {"result": "success", "msg": "", "messages": [message(name) for name in names]}


def pages(tool, arguments, narrow):
    """Two pages: each oldest first, the second behind the oldest of the first."""
    return (tool, dict(arguments, limit=2), page(11, 12), dict(QUERY, narrow=narrow, anchor="11", num_before="2"),
            page(), "messages/message_id", [11, 12])


def shape(code):
    status = {"RATE_LIMIT_HIT": 429, "UNAUTHORIZED_PRINCIPAL": 400, "NONEXISTENT_SUBDOMAIN": 404}.get(code, 400)
    return status, {}, dict({"result": "error", "msg": "No.", "code": code},
                            **({"retry-after": 3.5} if status == 429 else {}))


def others(provider):
    """The first page is the newest; what of a message is not shown is named; an error with status 200 is one."""
    asked = provider.script(lambda path: {"body": json.dumps(dict(page(), messages=[
        message(3, submessages=[{"msg_type": "widget", "content": "{}"}], last_edit_timestamp=AT + 1),
        message(4, type="private", subject="", display_recipient=[{"id": 7, "full_name": "Anna", "email": "a"}])]))})
    got, text = provider.result("zulip_search_messages", {"query": "lunch", "cursor": "newest"})
    common = {"from_id": 7, "from": "Anna", "sent_at": "2024-04-05T19:34:38.000Z", "text": "Hi"}
    provider.check("zulip_search_messages: what is shown", got.get("messages") == [
        {**common, "message_id": 3, "in": "general", "topic": "lunch", "edited_at": "2024-04-05T19:34:39.000Z",
         "not_shown": {"widget": "widget"}},
        {**common, "message_id": 4, "in": [{"id": 7, "full_name": "Anna", "email": "a"}]}] and
        "anchor=newest" in asked[0]["path"], "%s\n%s" % (asked, text))
    provider.script(lambda path: {"body": json.dumps({"result": "error", "msg": "No.", "code": "BAD_NARROW"})})
    got, text = provider.result("zulip_search_messages", {"query": "lunch"})
    provider.check("an error with status 200", "bad_request" in text and not got, text)
    provider.script(lambda path: {"status": 429, "body": json.dumps(shape("RATE_LIMIT_HIT")[2])})
    got, text = provider.result("zulip_search_messages", {"query": "lunch"})
    provider.check("a time to wait in the body alone", '\\"retry_after_s\\":4,' in text, text)
    got, text = provider.result("zulip_search_messages", {"query": 'x"},{"operator":"dm'})
    provider.check("no text gets out of its place in narrow", "invalid_argument" in text, text)


SENT = {"result": "success", "msg": "", "id": 42}

ABOUT = About(
    document="zulip.json", path=BASE, base=BASE, secret="zulip.key", values={"bot_email": "ums-bot@zulip.example.org"}, authorization="Basic eDp5", shape=shape,
    wrong=("GET", BASE + "/messages?anchor=newest&num_before=5001&num_after=0", None), others=others,
    errors=lambda document, request: listed(document, BASE, request,
                                            lambda headers, body: math.ceil(body["retry-after"])),
    all={"channel": "general", "topic": "lunch", "person": "7", "query": "lunch", "file": "YWJj",
         "file_name": "a.txt"},
    names={"person": "string"},
    before={
        "/users": {"result": "success", "members": [{"user_id": 7, "full_name": "string", "email": "s@example.org"}]},
        "/user_uploads": {"result": "success", "url": "/user_uploads/1/ab/hello.txt", "filename": "hello.txt"},
        "/get_stream_id": {"result": "success", "stream_id": 5},
    },
    opens={"/user_uploads": {"filename": ("hello.txt", "application/octet-stream", "Hello")}},
    pages=[
        pages("zulip_list_messages", {"channel": "general"}, CHANNEL),
        pages("zulip_get_topic", {"channel": "general", "topic": "lunch & more"}, TOPIC),
        ("zulip_list_direct_messages", {"person": "7", "limit": 2}, {"result": "success", "messages": [
            message(11, type="private", display_recipient=[{"id": 7, "full_name": "Anna", "email": "a"}])]},
         dict(QUERY, narrow='[{"operator":"dm","operand":[7]}]', anchor="11", num_before="2"), page(),
         "messages/message_id", [11]),
        pages("zulip_search_messages", {"query": "free lunch"}, '[{"operator":"search","operand":"free lunch"}]'),
    ],
    sends=[
        ("zulip_send_message", {"channel": "general", "topic": "lunch", "text": "Hi & bye"}, "/messages",
         [("type", "channel"), ("to", "general"), ("topic", "lunch"), ("content", "Hi & bye")], SENT,
         {"message_id": 42}),
        ("zulip_send_direct_message", {"person": "@string", "text": "Hi"}, "/messages",
         [("type", "direct"), ("to", "[7]"), ("content", "Hi")], SENT, {"message_id": 42}),
        ("zulip_send_file", {"channel": "general", "topic": "lunch", "file": "SGVsbG8=", "file_name": "hello.txt",
                             "text": "Look:"}, "/messages",
         [("type", "channel"), ("to", "general"), ("topic", "lunch"),
          ("content", "Look:\n[hello.txt](/user_uploads/1/ab/hello.txt)")], SENT,
         {"message_id": 42, "file_url": "/user_uploads/1/ab/hello.txt"}),
    ],
)
