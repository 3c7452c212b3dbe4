# SPDX-License-Identifier: MIT
"""Mattermost, against a document that we wrote by the public documentation of its REST API v4.

That calls X-Ratelimit-Reset seconds until the limit is reset, and has an example where it is a time; the
server's sources count seconds.
"""
import json

from about import About
from document import listed

BASE = "/api/v4"
ID, ID2, ID3, ID4 = "c" * 26, "d" * 26, "p" * 26, "a" * 26
AT = 1712345678123


def post(name, text):
    return {"id": name, "create_at": AT, "user_id": ID2, "channel_id": ID, "root_id": "", "message": text, "type": ""}


def page(*posts):
    """The posts by id, as the service has them: in no order."""
    return {"order": [p["id"] for p in posts], "posts": {p["id"]: p for p in sorted(posts, key=lambda p: p["id"])},
            "next_post_id": "", "prev_post_id": ""}


def shape(code):
    return 400, {}, {"id": code, "message": "No.", "detailed_error": "",
                     "request_id": "r", "status_code": 400}


def posts(provider):
    """Messages come in the order that the service says; what of them is not shown is named."""
    full = dict(post(ID4, "See"), root_id=ID3, props={"attachments": [{"fallback": "Build 7 failed"}]}, metadata={
        "files": [{"id": ID, "name": "a.pdf", "mime_type": "application/pdf", "size": 3}],
        "embeds": [{"type": "message_attachment"}], "priority": {"priority": "urgent"}})
    provider.script(lambda path: {"body": json.dumps(page(post(ID3, "first"), full))})
    got, said = provider.result("mattermost_get_thread", {"thread_id": ID3})
    common = {"channel_id": ID, "from_id": ID2, "sent_at": "2024-04-05T19:34:38.123Z"}
    provider.check("mattermost_get_thread: what is shown", got.get("messages") == [
        {**common, "message_id": ID3, "text": "first"},
        {**common, "message_id": ID4, "text": "See", "thread_id": ID3,
         "files": [{"file_id": ID, "name": "a.pdf", "type": "application/pdf", "size": 3}],
         "not_shown": {"attachment": "Build 7 failed", "embed": "message_attachment", "priority": "urgent"}}],
        said[:3000])


SENT = dict(post(ID3, "Hi"), create_at=AT)

ABOUT = About(
    document="mattermost.json", path=BASE, base=BASE, secret="mattermost.token", shape=shape, others=posts,
    wrong=("GET", BASE + "/channels/%s/posts?per_page=201" % ID, None),
    errors=lambda document, request: listed(document, BASE, request,
                                            lambda headers, body: int(headers["X-Ratelimit-Reset"])),
    all={"channel": ID, "team": ID2, "file": "YWJj", "file_name": "a.txt"}, names={"channel": "string", "team": "string"},
    before={
        "/users/me/channels": [{"id": ID, "name": "string", "display_name": "String", "type": "O"}],
        "/users/me/teams": [{"id": ID2, "name": "string", "display_name": "String"}],
        "/users/me": {"id": ID4, "username": "bot"},
        "/channels/direct": {"id": ID, "name": "x", "type": "D"},
        "/files": {"file_infos": [{"id": ID2, "name": "hello.txt"}]},
    },
    opens={"/channels/direct": [ID4, ID2],
           "/files": {"channel_id": ID, "files": ("hello.txt", "application/octet-stream", "Hello")}},
    pages=[
        ("mattermost_list_messages", {"channel": ID, "limit": 2}, page(post(ID3, "b"), post(ID4, "a")),
         {"per_page": "2", "before": ID4}, page(), "messages/message_id", [ID3, ID4]),
    ],
    sends=[
        ("mattermost_send_message", {"channel": "~string", "text": "Hi", "thread_id": ID3}, "/posts",
         {"channel_id": ID, "message": "Hi", "root_id": ID3}, SENT,
         {"message_id": ID3, "channel_id": ID, "sent_at": "2024-04-05T19:34:38.123Z"}),
        ("mattermost_send_message", {"channel": ID, "text": "Hi", "file": "SGVsbG8=", "file_name": "hello.txt"},
         "/posts", {"channel_id": ID, "message": "Hi", "file_ids": [ID2]}, SENT, {"message_id": ID3}),
        ("mattermost_send_direct_message", {"person_id": ID2, "text": "Hi"}, "/posts",
         {"channel_id": ID, "message": "Hi"}, SENT, {"message_id": ID3, "channel_id": ID}),
    ],
)
