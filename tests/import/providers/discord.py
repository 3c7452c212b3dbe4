# SPDX-License-Identifier: MIT
"""Discord, against its published document."""
import json

from about import About
from document import operation_of

ID, ID2 = "1100000000000000001", "1000000000000000002"


def said(document):
    """The mock's ids are ids."""
    document["components"]["schemas"]["SnowflakeType"]["example"] = ID
    return document


def errors(document, request):
    responses = operation_of(document, "", request)["responses"]
    assert set(responses) - {"200", "201", "202"} == {"4XX", "429"}, (request, list(responses))
    return [(status, {}, {"code": 0, "message": "%d" % status}, None) for status in (400, 401, 403, 404)] + [
        (429, {}, {"message": "You are being rate limited.", "retry_after": 0.65, "global": False, "code": 0}, 1),
        (429, {}, {"message": "You are being rate limited.", "retry_after": 64.57, "global": True}, 65),
        (429, {"Retry-After": "3"}, {"message": "Slow.", "retry_after": 2.1, "global": False, "code": 20016}, 3)]


PLAIN = {"id": ID, "content": "a", "attachments": [], "embeds": [], "components": [], "sticker_items": []}
RICH = {"id": ID2, "content": "", "attachments": [{"filename": "plan.pdf", "url": "https://cdn.example/1"}],
        "embeds": [{"type": "rich", "title": "Build\u202e 7", "description": "It failed.", "url": "https://ci.example/7",
                    "fields": [{"name": "branch", "value": "main"}]}, {"type": "image"}],
        "components": [{"type": 1}], "sticker_items": [{"id": "1", "name": "Wave", "format_type": 1}],
        "poll": {"question": {"text": "When?"}, "answers": [{"poll_media": {"text": "Now"}}],
                 "expiry": "2026-11-29T00:00:00Z"},
        "message_snapshots": [{"message": {"content": "as it was"}}]}
FILES = [{"name": "plan.pdf", "url": "https://cdn.example/1"}]
SHOWN = [{"message_id": ID, "text": "a"},
         {"message_id": ID2, "text": "", "files": FILES, "forwarded": "as it was", "not_shown": {
             "embeds": [{"type": "rich", "title": "Build 7"}, {"type": "image"}], "components": [1],
             "stickers": ["Wave"], "poll": "When?"}}]
ALONE = {"message_id": ID2, "text": "", "files": FILES, "forwarded": "as it was",
         "embeds": [{"type": "rich", "title": "Build 7", "text": "It failed.", "url": "https://ci.example/7",
                     "fields": [{"name": "branch", "text": "main"}]}, {"type": "image"}],
         "poll": {"question": "When?", "answers": ["Now"], "ends_at": "2026-11-29T00:00:00Z"},
         "not_shown": {"components": [1], "stickers": ["Wave"]}}


def others(provider):
    """A search that must wait; what is not shown; a text in parts."""
    provider.script(lambda path: {"status": 202, "body": {"message": "Wait.", "code": 110000, "retry_after": 2,
                                                          "documents_indexed": 0}})
    got, text = provider.result("discord_search_messages", {"guild_id": ID, "query": "x"})
    provider.check("a search that must wait", got.get("retry_after_s") == 2 and "messages" not in got, text)

    for name, arguments, answer in (
            ("discord_list_messages", {"channel_id": ID}, [PLAIN, RICH]),
            ("discord_search_messages", {"guild_id": ID, "query": "a"}, {"messages": [[PLAIN], [RICH]]})):
        provider.script(lambda path, answer=answer: {"body": json.dumps(answer)})
        got, text = provider.result(name, arguments)
        provider.check("%s: what is not shown" % name, got.get("messages") == SHOWN, text)
    for message, wanted in ((PLAIN, SHOWN[0]), (RICH, ALONE)):
        provider.script(lambda path, message=message: {"body": message})
        got, text = provider.result("discord_get_message", {"channel_id": ID, "message_id": message["id"]})
        got.pop("untrusted", None)
        provider.check("discord_get_message: all that it has", got == wanted, text)

    # Discord's key has 25 characters at most, and takes 2000: an emoji may be two.
    key, long = "k" * 22, "\U0001f600" * 999 + " b" + "\U0001f600" * 1000
    for name, to in (("discord_send_message", {"channel_id": ID}), ("discord_send_direct_message", {"user_id": ID2})):
        asked = provider.script(lambda path: {"body": {"id": ID2, "channel_id": ID}} if path.endswith("/messages") else None)
        got, text = provider.result(name, dict(to, text=long, idempotency_key=key))
        sent = [json.loads(a["body"]) for a in asked if a["path"].endswith("/messages")]
        provider.check("%s: a text in parts" % name, got.get("parts") == 3 and [m["nonce"][22:] for m in sent] == [
            "", "-2", "-3"] and len({m["nonce"][:22] for m in sent}) == 1 and [m["content"] for m in sent] == [
                "\U0001f600" * 999, "b" + "\U0001f600" * 999, "\U0001f600"], "%s\n%s" % (sent, text[:500]))


ABOUT = About(
    document="discord.json", secret="discord.token", said=said,
    wrong=("GET", "/channels/1/messages?limit=101", None), errors=errors,
    shape=lambda code: (400, {}, {"code": int(code), "message": "No.", "errors": {}}),
    all={"name": "string", "guild_id": ID, "channel_id": ID},
    before={"/users/@me/channels": {"id": ID}, "/guilds/%s/channels" % ID: [{"id": ID, "name": "string"}]},
    opens={"/users/@me/channels": {"recipient_id": ID2}},
    not_looked_at=("discord_start_thread",), others=others,
    pages=[
        ("discord_list_messages", {"channel_id": ID, "limit": 1}, [{"id": ID, "content": "a"}],
         {"before": ID, "limit": "1"}, [], "messages/message_id", [ID]),
        ("discord_list_guilds", {"limit": 1}, [{"id": ID2, "name": "a"}], {"after": ID2, "limit": "1"}, [],
         "guilds/guild_id", [ID2]),
        ("discord_search_messages", {"guild_id": ID, "query": "a b"},
         {"messages": [[{"id": ID}]], "total_results": 2}, {"max_id": ID, "content": "a b", "limit": "25"},
         {"messages": [], "total_results": 2}, "messages/message_id", [ID]),
    ],
    sends=[
        ("discord_send_message", {"channel_id": ID, "text": "Hi @everyone", "idempotency_key": "one"},
         "/channels/%s/messages" % ID, {"content": "Hi @everyone", "allowed_mentions": {"parse": ["users"]},
                                        "nonce": "one", "enforce_nonce": True},
         {"id": ID2, "channel_id": ID}, {"message_id": ID2, "channel_id": ID}),
        ("discord_send_message", {"channel_id": ID, "text": "Hi", "reply_to": ID2, "idempotency_key": "two"},
         "/channels/%s/messages" % ID, {"content": "Hi", "allowed_mentions": {"parse": ["users"]}, "nonce": "two",
                                        "enforce_nonce": True, "message_reference": {"message_id": ID2}},
         {"id": ID2, "channel_id": ID}, {"message_id": ID2, "channel_id": ID}),
        ("discord_send_direct_message", {"user_id": ID2, "text": "Hi", "idempotency_key": "three"},
         "/channels/%s/messages" % ID, {"content": "Hi", "nonce": "three", "enforce_nonce": True},
         {"id": ID2, "channel_id": ID}, {"message_id": ID2, "channel_id": ID}),
    ],
)
