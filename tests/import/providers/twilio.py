# SPDX-License-Identifier: MIT
"""Twilio, against its published document."""
import base64

from about import About
from document import operation_of
from mock import said_aloud

BASE = "/2010-04-01"
ACCOUNT_SID, KEY = "AC" + "0" * 31 + "1", "SK" + "0" * 32
ACCOUNT = "/Accounts/" + ACCOUNT_SID
SID, SID2 = "SM" + "a" * 32, "SM" + "b" * 32


def errors(document, request):
    """The document lists none."""
    assert all(status < "300" for status in operation_of(document, BASE, request)["responses"])
    return []


def shape(code):
    return 429 if code == "20429" else 400, {}, {"code": int(code), "message": "No.", "status": 400,
                                                 "more_info": "https://www.twilio.com/docs/errors/" + code}


def others(provider):
    """The account and who calls are the configuration's; a person sees what an SMS costs."""
    asked = provider.script(lambda path: {"body": {"messages": []}})
    _, text = provider.result("twilio_list_messages", {})
    pair = base64.b64decode(asked[0]["headers"]["authorization"][0].split()[1]).decode()
    provider.check("the account and who calls", pair == "%s:%s" % (KEY, provider.bridge.token) and
                   asked[0]["path"].startswith(BASE + ACCOUNT + "/"), "%s\n%s" % (asked[0]["path"], text))

    for words, segments, encoding in (("a" * 161, 2, "GSM-7"), ("a" * 69 + "\U0001f600", 2, "UCS-2")):
        got, text = provider.preview("twilio_send_sms", {"to": "+15551234567", "from": "ACME", "text": words})
        provider.check("segments and encoding of an SMS", got.get("result") == {
            "segments": segments, "encoding": encoding}, text)


ABOUT = About(
    document="twilio_api_v2010.json", path=BASE, base=BASE, secret="twilio.password",
    values={"account_sid": ACCOUNT_SID, "username": KEY},
    authorization="Basic eDp5", said=said_aloud, wrong=("POST", BASE + ACCOUNT + "/Messages.json", "Body=x"),
    errors=errors, shape=shape, others=others,
    pages=[
        ("twilio_list_messages", {"from": "+15551234567", "limit": 1, "sent_after": "2026-11-27T00:00:00Z",
                                  "sent_before": "2026-11-28T00:00:00Z"},
         {"messages": [{"sid": SID, "body": "a"}], "next_page_uri": BASE + ACCOUNT +
          "/Messages.json?From=%2B15551234567&PageSize=1&Page=1&PageToken=PASM1%3D"},
         {"PageToken": "PASM1=", "From": "+15551234567", "PageSize": "1", "DateSent>": "2026-11-27T00:00:00Z",
          "DateSent<": "2026-11-28T00:00:00Z"},
         {"messages": [{"sid": SID2, "body": "b"}], "next_page_uri": None}, "messages/message_id", [SID, SID2]),
        ("twilio_list_media", {"message_id": SID}, {"media_list": [{"sid": "ME1"}], "next_page_uri":
         BASE + ACCOUNT + "/Messages/%s/Media.json?PageSize=50&Page=1&PageToken=PAME1" % SID},
         {"PageToken": "PAME1", "PageSize": "50"}, {"media_list": [{"sid": "ME2"}], "next_page_uri": None},
         "media/media_id", ["ME1", "ME2"]),
        ("twilio_list_numbers", {}, {"incoming_phone_numbers": [{"phone_number": "+1"}], "next_page_uri":
         BASE + ACCOUNT + "/IncomingPhoneNumbers.json?PageSize=50&Page=1&PageToken=PAPN1"},
         {"PageToken": "PAPN1", "PageSize": "50"}, {"incoming_phone_numbers": [{"phone_number": "+2"}],
                                                    "next_page_uri": None}, "numbers/number", ["+1", "+2"]),
    ],
    sends=[
        ("twilio_send_sms", {"to": "+15551234567", "from": "ACME", "text": "Hi & bye",
                             "media_urls": ["https://a.example/1", "https://a.example/2"]},
         ACCOUNT + "/Messages.json", [
             ("To", "+15551234567"), ("From", "ACME"), ("Body", "Hi & bye"),
             ("MediaUrl", "https://a.example/1"), ("MediaUrl", "https://a.example/2")],
         {"sid": SID, "status": "queued"}, {"message_id": SID, "status": "queued"}),
        ("twilio_send_whatsapp", {"to": "+15551234567", "from": "+15557654321", "text": "**Hi**"},
         ACCOUNT + "/Messages.json", [
             ("To", "whatsapp:+15551234567"), ("From", "whatsapp:+15557654321"), ("Body", "*Hi*")],
         {"sid": SID, "status": "queued"}, {"message_id": SID, "status": "queued"}),
    ],
)
