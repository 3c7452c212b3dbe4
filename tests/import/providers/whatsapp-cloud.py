# SPDX-License-Identifier: MIT
"""Meta's WhatsApp Cloud API, against a document that we wrote by its public documentation."""
import json

from about import About
from document import listed

NUMBER, ACCOUNT = "106540352242922", "102290129340398"
MESSAGES = "/%s/messages" % NUMBER
TO, WAMID, WAMID2 = "+15551234567", "wamid.HBgLMTU1NTEyMzQ1NjcVAgARGBI", "wamid.HBgLMTU1NTEyMzQ1NjcVAgASGBQ"
STATUS = {"0": 401, "190": 401, "3": 403, "10": 403, "200": 403, "131005": 403, "368": 403, "131031": 403,
          "130497": 403, "2": 503, "132001": 404}
SENT = {"messaging_product": "whatsapp", "contacts": [{"input": TO, "wa_id": "15551234567"}],
        "messages": [{"id": WAMID2}]}
GOT = {"message_id": WAMID2, "to": "15551234567"}
COMPONENTS = [{"type": "header", "parameters": [{"type": "image", "image": {"link": "https://example.org/a.png"}}]},
              {"type": "body", "parameters": [{"type": "text", "text": "Anna"}]},
              {"type": "button", "sub_type": "quick_reply", "index": "0",
               "parameters": [{"type": "payload", "payload": "yes"}]}]
DOCUMENT = {"link": "https://example.org/a.pdf", "caption": "Look", "filename": "a.pdf"}


def message(kind, **more):
    return {"messaging_product": "whatsapp", "recipient_type": "individual", "to": TO, "type": kind, **more}


def shape(code, **more):
    return STATUS.get(code, 400), {}, {"error": dict({"message": "(#%s) No." % code, "type": "OAuthException",
                                                      "code": int(code), "fbtrace_id": "AbC"}, **more)}


def media(provider):
    """Each kind of media by its own name, and nothing of the others."""
    for kind in ("image", "document", "video", "audio", "sticker"):
        provider.send("whatsapp_send_media", {"to": TO, "type": kind, kind: {"id": "4490709327384033"}}, MESSAGES,
                      message(kind, **{kind: {"id": "4490709327384033"}}), SENT, GOT)


def detailed(provider):
    """What WhatsApp says of an error are its details: the message has the code's name alone."""
    tool = provider.root["tools"][0]
    answer = shape("131009", error_data={"messaging_product": "whatsapp", "details": "The link is too long."})
    failure, more = provider.refused(tool, MESSAGES, *answer)
    provider.check("an error's details", "The link is too long." in failure.get("hint", ""), more)


def parts(provider):
    """A text longer than WhatsApp takes goes in several messages, each with its marks."""
    asked = provider.script(lambda path: {"body": SENT})
    got, text = provider.result("whatsapp_send_text", {"to": TO, "text": "\n\n".join(["**one** " * 400] * 3),
                                                       "reply_to": WAMID})
    bodies = [json.loads(request["body"]) for request in asked]
    provider.check("a long text", got.get("parts") == 3 == len(bodies) and all(
        body["text"]["body"].startswith("*one* *one*") and len(body["text"]["body"]) <= 4096 and
        body["context"] == {"message_id": WAMID} for body in bodies), "%s\n%s" % (len(bodies), text))


def others(provider):
    media(provider)
    parts(provider)
    detailed(provider)


ABOUT = About(
    document="whatsapp-cloud.json", secret="whatsapp-cloud.token",
    values={"phone_number_id": NUMBER, "waba_id": ACCOUNT},
    wrong=("POST", MESSAGES, "to=x"), others=others,
    errors=lambda document, request: listed(document, "", request, lambda headers, body: None),
    shape=shape,
    all={"to": TO, "type": "image", "image": {"link": "https://example.org/a.png", "caption": "Look"}, "document": None,
         "video": None, "audio": None, "sticker": None, "components": COMPONENTS},
    pages=[
        ("whatsapp_list_templates", {"name": "order", "limit": 1},
         {"data": [{"name": "order_a"}], "paging": {"cursors": {"after": "QVFI"}, "next":
          "https://graph.facebook.com/v23.0/%s/message_templates?access_token=x&limit=1&after=QVFI%%3D" % ACCOUNT}},
         {"fields": "name,language,status,category,parameter_format,components", "name": "order", "status": "APPROVED",
          "limit": "1", "after": "QVFI="},
         {"data": [{"name": "order_b"}], "paging": {"cursors": {"before": "QVFI", "after": "QVFJ"}}},
         "templates/template", ["order_a", "order_b"]),
    ],
    sends=[
        ("whatsapp_send_text", {"to": TO, "text": "Hi & **bye**, _Anna_", "reply_to": WAMID}, MESSAGES,
         message("text", context={"message_id": WAMID}, text={"body": "Hi & *bye*, _Anna_", "preview_url": False}),
         SENT, GOT),
        ("whatsapp_send_template", {"to": TO, "template": "order_a", "language": "en_US", "components": COMPONENTS},
         MESSAGES, message("template", template={"name": "order_a", "language": {"code": "en_US"},
                                                 "components": COMPONENTS}), SENT, GOT),
        ("whatsapp_send_template", {"to": TO, "template": "hello_world", "language": "en"}, MESSAGES,
         message("template", template={"name": "hello_world", "language": {"code": "en"}}), SENT, GOT),
        ("whatsapp_send_media", {"to": TO, "type": "document", "document": DOCUMENT, "reply_to": WAMID}, MESSAGES,
         message("document", context={"message_id": WAMID}, document=DOCUMENT), SENT, GOT),
        ("whatsapp_upload_media", {"file": "aGk=", "file_name": "a.png", "content_type": "image/png"},
         "/%s/media" % NUMBER,
         {"messaging_product": "whatsapp", "type": "image/png", "file": ("a.png", "image/png", "hi")},
         {"id": "4490709327384033"}, {"media_id": "4490709327384033"}),
        ("whatsapp_react", {"to": TO, "message_id": WAMID, "emoji": ""}, MESSAGES,
         message("reaction", reaction={"message_id": WAMID, "emoji": ""}), SENT, GOT),
        ("whatsapp_mark_read", {"message_id": WAMID, "typing": True}, MESSAGES,
         {"messaging_product": "whatsapp", "status": "read", "message_id": WAMID, "typing_indicator": {"type": "text"}},
         {"success": True}, {"read": True}),
        ("whatsapp_mark_read", {"message_id": WAMID}, MESSAGES,
         {"messaging_product": "whatsapp", "status": "read", "message_id": WAMID}, {"success": True}, {"read": True}),
    ],
)
