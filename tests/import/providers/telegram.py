# SPDX-License-Identifier: MIT
"""Telegram, against a document that we wrote by the Bot API's public documentation."""
import json

from about import About
from document import listed

BASE = "/bot{token}"
CHAT = {"id": -1001234567890, "type": "supergroup", "title": "Team"}
ANNA = {"id": 4711, "is_bot": False, "first_name": "Anna", "username": "anna_b"}
AT = 1712345678
SENT = {"ok": True, "result": {"message_id": 12, "date": AT, "chat": CHAT}}


def shape(code):
    status = int(code) if len(code) == 3 else 400
    return status, {}, dict({"ok": False, "error_code": int(code), "description": "No."},
                            **({"parameters": {"retry_after": 7}} if status == 429 else {}))


def updates(provider):
    """What of an update is shown, and what of it is not: named, and nothing where there is nothing."""
    photo = {"message_id": 8, "date": AT, "chat": CHAT, "from": ANNA, "caption": "Look",
             "photo": [{"file_id": "x", "file_unique_id": "AQAD"}, {"file_id": "y", "file_unique_id": "AQAE"}]}
    text = {"message_id": 9, "date": AT, "edit_date": AT + 1, "chat": CHAT, "from": ANNA, "text": "Hi",
            "message_thread_id": 3, "reply_to_message": {"message_id": 8, "date": AT, "chat": CHAT}}
    asked = provider.script(lambda path: {"body": json.dumps({"ok": True, "result": [
        {"update_id": 1, "message": photo}, {"update_id": 2, "edited_message": text},
        {"update_id": 3, "poll_answer": {"poll_id": "77", "option_ids": [0]}},
        {"update_id": 4, "callback_query": {"id": "1", "from": ANNA, "data": "yes", "message": text}},
        {"update_id": 5, "channel_post": {"message_id": 1, "date": AT, "chat": CHAT,
                                          "poll": {"id": "7", "question": "When?", "total_voter_count": 0,
                                                   "is_closed": False}}}]})})
    got, said = provider.result("telegram_list_updates", {"limit": 5})
    common = {"chat_id": CHAT["id"], "chat": "Team", "sent_at": "2024-04-05T19:34:38.000Z"}
    anna = {"from_id": 4711, "from": "Anna", "username": "anna_b"}
    wanted = [
        {"update_id": 1, "message": {**common, **anna, "message_id": 8, "caption": "Look",
                                     "not_shown": {"photo": "AQAD"}}},
        {"update_id": 2, "edited_message": {**common, **anna, "message_id": 9, "thread_id": 3, "reply_to": 8,
                                            "edited_at": "2024-04-05T19:34:39.000Z", "text": "Hi"}},
        {"update_id": 3, "not_shown": {"poll_answer": "77"}},
        {"update_id": 4, "button": {"from_id": 4711, "from": "Anna", "data": "yes", "chat_id": CHAT["id"],
                                    "message_id": 9}},
        {"update_id": 5, "channel_post": {**common, "message_id": 1, "not_shown": {"poll": "When?"}}}]
    provider.check("telegram_list_updates: what is shown", got.get("updates") == wanted and
                   asked[0]["path"].endswith("/getUpdates?limit=5"), said[:3000])


def parts(provider):
    """A long text becomes several messages, each its own HTML of at most 4096 units."""
    asked = provider.script(lambda path: {"body": json.dumps(SENT)})
    got, said = provider.result("telegram_send_message", {"chat": "@team", "text": "**a** <b>\n\n" * 600})
    sent = [json.loads(request["body"]) for request in asked]
    texts = [one["text"].replace("<b>", "").replace("</b>", "").replace("&lt;", "<").replace("&gt;", ">")
             for one in sent]
    provider.check("telegram_send_message: in parts", got.get("parts") == len(sent) == 2 and
                   all(one["chat_id"] == "@team" and one["parse_mode"] == "HTML" for one in sent) and
                   all(len(text) <= 4096 for text in texts) and "\n\n".join(texts) == "\n\n".join(["a <b>"] * 600),
                   "%d %s" % (len(sent), said[:1000]))


def others(provider):
    updates(provider)
    parts(provider)


ABOUT = About(
    document="telegram.json", base=BASE, secret="telegram.token", authorization=None,
    wrong=("GET", "/bot1:a/getUpdates?limit=101", None), shape=shape, others=others,
    errors=lambda document, request: listed(document, BASE, request,
                                            lambda headers, body: body["parameters"]["retry_after"]),
    all={"chat": "@team", "file": "YWJj", "file_name": "a.txt"},
    sends=[
        ("telegram_send_message", {"chat": "-1001234567890", "text": "**Hi** 1 < 2 & [here](https://a.example/?a=1&b=2)",
                                   "reply_to": 11, "silent": True},
         "/sendMessage", {"chat_id": "-1001234567890", "parse_mode": "HTML",
                          "text": '<b>Hi</b> 1 &lt; 2 &amp; <a href="https://a.example/?a=1&amp;b=2">here</a>',
                          "reply_parameters": {"message_id": 11}, "disable_notification": True},
         SENT, {"message_id": 12, "chat_id": -1001234567890, "sent_at": "2024-04-05T19:34:38.000Z"}),
        ("telegram_send_file", {"chat": "@team", "file": "SGVsbG8=", "file_name": "hello.txt", "caption": "*Look*",
                                "reply_to": 11},
         "/sendDocument", {"chat_id": "@team", "document": ("hello.txt", "application/octet-stream", "Hello"),
                           "caption": "<i>Look</i>", "parse_mode": "HTML", "reply_parameters": '{"message_id":11}'},
         SENT, {"message_id": 12, "chat_id": -1001234567890}),
        ("telegram_forget_updates", {"before": 900}, "/getUpdates", {"offset": 900, "limit": 1},
         {"ok": True, "result": [{"update_id": 900}]}, {"next_update_id": 900}),
    ],
)
