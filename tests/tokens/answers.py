# SPDX-License-Identifier: MIT
"""answers.py - a conversation, and the answers in which services would give it.

What an item has is what the providers' documents list for it, as far as a plain message has it; the
texts are the same everywhere. Matrix has no document like that: its items have what the specification
says of an event of a room.
"""
from datetime import datetime, timedelta, timezone
from hashlib import sha256

PEOPLE = ["Anna Berger", "Ben Okafor", "Chloé Martin", "Dimitri Papadakis", "Elif Kaya", "Farid Haddad",
          "Greta Lindqvist", "Hiro Tanaka", "Ines Carvalho", "Jan Nowak", "Kofi Mensah", "Lucía Romero",
          "Mei Chen", "Noah Fischer", "Olga Ivanova", "Priya Nair", "Quentin Dubois", "Rosa Bianchi",
          "Sven Eriksen", "Tara Murphy"]
TEXTS = [
    "Morning! Has the delivery for Hall 3 arrived?",
    "Not yet. The carrier says between 10 and 12.",
    "Ok. Please send me the slip when it is there, accounting wants it today.",
    "Will do.",
    "It is here: 14 pallets, one of them is damaged. I took pictures of all sides before we signed, and the "
    "driver noted it on his copy, too.",
    "Which one? If it is the pumps we have to open it now and look at the seals.",
    "Pallet 9, and yes, the pumps.",
    "I can be there in twenty minutes.",
    "Thanks, gate B is open.",
    "Two seals are broken, the rest looks good. Order number is 4711-88 / position 6, quantity 24, and 22 of "
    "them are fine as far as I can see without a test bench.",
    "Then we claim two. I will write to the supplier this afternoon; what do they need besides the pictures?",
    "The slip, the serial numbers and the form on their page: https://claims.example.com/new?order=4711-88",
    "Serial numbers: PX-20931 and PX-20944",
    "\U0001F44D",
    "Done, case 55120. They answer within three days.",
    "Great. Can we still deliver to Nordhafen on Friday with 22?",
    "They need 20, so yes.",
    "Perfect, I will confirm it to them. Who drives?",
    "Sven, leaving at 6:30. He needs the papers on Thursday evening.",
    "I will put them into his box. Have a good day, everybody!",
]
START = datetime(2026, 11, 24, 8, 2, 11, tzinfo=timezone.utc)


def moment(i):
    return START + timedelta(seconds=137 * i, microseconds=1000 * (i * 379 % 1000))


def name_of(i):
    """Four people talk."""
    return PEOPLE[i * 7 % 4]


def word(*what):
    """Letters and digits that stand for an id."""
    return sha256(repr(what).encode()).hexdigest()


def handle(name):
    return name.lower().replace(" ", ".").replace("é", "e").replace("í", "i")


def slack_user(name):
    return "U" + word("slack", name)[:10].upper()


def slack_messages():
    messages = []
    for i in reversed(range(len(TEXTS))):
        at = moment(i)
        messages.append({
            "client_msg_id": "%s-%s-4%s-8%s-%s" % tuple(
                word("m", i)[a:b] for a, b in ((0, 8), (8, 12), (13, 16), (17, 20), (20, 32))),
            "type": "message", "text": TEXTS[i], "user": slack_user(name_of(i)),
            "ts": "%d.%06d" % (at.timestamp(), at.microsecond), "team": "T02M4KQ7PXA",
            "blocks": [{"type": "rich_text", "block_id": word("b", i)[:5], "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": TEXTS[i]}]}]}]})
    return {"ok": True, "messages": messages, "has_more": True, "pin_count": 0, "channel_actions_ts": None,
            "channel_actions_count": 0, "response_metadata": {"next_cursor": "bmV4dF90czoxNzYzOTcxMzMxMDAwMDAw"}}


def slack_people():
    members = []
    for name in PEOPLE:
        user, picture = slack_user(name), word("p", name)[:12]
        images = {"image_%d" % size: "https://avatars.slack-edge.com/2026-03-02/%s_%s_%d.png" % (
            int(word(name)[:10], 16), picture, size) for size in (24, 32, 48, 72, 192, 512)}
        members.append({
            "id": user, "team_id": "T02M4KQ7PXA", "name": handle(name), "deleted": False, "color": "9f69e7",
            "real_name": name, "tz": "Europe/Berlin", "tz_label": "Central European Time", "tz_offset": 3600,
            "profile": dict({
                "title": "", "phone": "", "skype": "", "real_name": name, "real_name_normalized": name,
                "display_name": name.split()[0], "display_name_normalized": name.split()[0], "fields": None,
                "status_text": "", "status_emoji": "", "status_expiration": 0, "avatar_hash": picture,
                "email": handle(name) + "@example.com", "first_name": name.split()[0],
                "last_name": name.split()[1], "status_text_canonical": "", "team": "T02M4KQ7PXA"}, **images),
            "is_admin": False, "is_owner": False, "is_primary_owner": False, "is_restricted": False,
            "is_ultra_restricted": False, "is_bot": False, "is_app_user": False, "updated": 1772445120,
            "has_2fa": True})
    return {"ok": True, "members": members, "cache_ts": 1763971331,
            "response_metadata": {"next_cursor": "dXNlcjpVMDY2MEhRNjc="}}


def discord_id(*what):
    return str(1310000000000000000 + int(word(*what)[:12], 16))


def discord_user(name):
    return {"id": discord_id(name), "username": handle(name), "avatar": word("a", name)[:32],
            "discriminator": "0", "public_flags": 0, "flags": 0, "banner": None, "accent_color": None,
            "global_name": name, "avatar_decoration_data": None, "collectibles": None, "primary_guild": None}


def discord_messages():
    return [{
        "type": 0, "content": TEXTS[i], "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
        "timestamp": moment(i).isoformat(), "edited_timestamp": None, "flags": 0, "components": [],
        "id": str(1310151000000000000 + i * 574619648512), "channel_id": "1309874412345098240",
        "author": discord_user(name_of(i)), "pinned": False, "mention_everyone": False, "tts": False,
    } for i in reversed(range(len(TEXTS)))]


def discord_people():
    return [{
        "avatar": None, "banner": None, "communication_disabled_until": None, "flags": 0,
        "joined_at": "2026-0%d-1%dT09:30:00.000000+00:00" % (1 + i % 9, i % 10), "nick": None, "pending": False,
        "premium_since": None, "roles": [discord_id("role", i % 3)], "user": discord_user(name), "mute": False,
        "deaf": False,
    } for i, name in enumerate(PEOPLE)]


def twilio_messages():
    account = "/2010-04-01/Accounts/AC" + "0" * 32
    page = account + "/Messages.json?PageSize=20&Page="
    messages = []
    for i in reversed(range(len(TEXTS))):
        sid = "SM" + word("sms", i)[:32]
        uri, ours = "%s/Messages/%s" % (account, sid), i % 2 == 0
        at = moment(i).strftime("%a, %d %b %Y %H:%M:%S +0000")
        messages.append({
            "account_sid": "AC" + "0" * 32, "api_version": "2010-04-01", "body": TEXTS[i], "date_created": at,
            "date_sent": at, "date_updated": at, "direction": "outbound-api" if ours else "inbound",
            "error_code": None, "error_message": None, "from": "+4930555010%d" % (0 if ours else 7),
            "messaging_service_sid": "MG" + word("service")[:32] if ours else None, "num_media": "0",
            "num_segments": "1", "price": "-0.07900" if ours else "-0.00750", "price_unit": "USD", "sid": sid,
            "status": "delivered" if ours else "received",
            "subresource_uris": {"media": uri + "/Media.json", "feedback": uri + "/Feedback.json"},
            "to": "+4930555010%d" % (7 if ours else 0), "uri": uri + ".json"})
    return {"end": 19, "first_page_uri": page + "0",
            "next_page_uri": page + "1&PageToken=PASM" + word("page")[:32], "page": 0, "page_size": 20,
            "previous_page_uri": None, "messages": messages, "start": 0, "uri": page + "0"}


def matrix_messages():
    return {"chunk": [{
        "type": "m.room.message", "room_id": "!qXbTzGvLmRcKsYpWdN:example.org",
        "sender": "@%s:example.org" % handle(name_of(i)),
        "content": {"msgtype": "m.text", "body": TEXTS[i], "m.mentions": {}},
        "event_id": "$" + word("event", i)[:43], "origin_server_ts": int(moment(i).timestamp() * 1000),
        "unsigned": {"age": 86400000 - 137000 * i, "membership": "join"},
    } for i in reversed(range(len(TEXTS)))], "start": "t47409-4357353_219380_26003_2265",
        "end": "t47389-4357353_219380_26003_2265"}
