# SPDX-License-Identifier: MIT
"""Resend, against a document that we wrote by its public documentation."""
from about import About
from document import listed

ID, ID2 = "4ef9a417-02e9-4d39-ad75-9611e0fcc33c", "56761188-7520-42d8-8898-ff6fc54ce618"
FROM = "Acme <hello@acme.example>"
STATUS = {"invalid_idempotency_key": 400, "missing_api_key": 401, "restricted_api_key": 401, "invalid_api_key": 403,
          "not_found": 404, "invalid_idempotent_request": 409, "concurrent_idempotent_requests": 409,
          "rate_limit_exceeded": 429, "daily_quota_exceeded": 429, "monthly_quota_exceeded": 429, "security_error": 451}
MAIL = {"to": ["anna@example.org"], "bcc": ["bob@example.org"], "subject": "Lunch",
        "attachments": [{"filename": "a.txt", "content": "aGk="},
                        {"filename": "b.txt", "path": "https://example.org/b.txt"}],
        "scheduled_at": "2026-12-01T12:00:00Z"}


def errors(document, request):
    """Of the three 429 only the one that is for a moment says when to go on."""
    for status, headers, body, _ in listed(document, "", request, lambda headers, body: None):
        yield status, headers, body, 2 if body["name"] == "rate_limit_exceeded" else None


def read(provider):
    """An e-mail that has HTML alone. Its pictures stay references: Resend would put them all into it."""
    mail = {"id": ID, "message_id": "<1@example.org>", "html": "<p>At <b>one</b>?</p>"}
    asked = provider.script(lambda path: {"body": mail})
    got, text = provider.result("resend_get_received_email", {"email_id": ID})
    provider.check("HTML as Markdown", got.get("html_as_text") == "At **one**?" and "text" not in got and
                   asked[-1]["path"] == "/emails/receiving/%s?html_format=cid" % ID, "%s\n%s" % (asked, text))


def key(provider):
    """The key goes along as a header, so that the same one is the same e-mail."""
    asked = provider.script(lambda path: {"body": {"id": ID}} if path == "/emails" else None)
    provider.result("resend_send_email", {"to": ["anna@example.org"], "subject": "Hi", "text": "Hi",
                                          "idempotency_key": "a key"})
    provider.check("the idempotency key", asked[-1]["headers"].get("idempotency-key") == ["a key"], str(asked[-1]))


def others(provider):
    read(provider)
    key(provider)


ABOUT = About(
    document="resend.json", secret="resend.key", values={"from": FROM},
    wrong=("GET", "/emails?limit=101", None), errors=errors, others=others,
    shape=lambda code: (STATUS.get(code, 422), {"ratelimit-reset": "7"},
                        {"statusCode": STATUS.get(code, 422), "name": code, "message": "No."}),
    all={"email_id": ID, "address": "anna@example.org"},
    pages=[
        ("resend_list_emails", {"limit": 1}, {"object": "list", "has_more": True, "data": [{"id": ID}]},
         {"limit": "1", "after": ID}, {"object": "list", "has_more": False, "data": [{"id": ID2}]},
         "emails/email_id", [ID, ID2]),
        ("resend_list_received_emails", {"limit": 1}, {"has_more": True, "data": [{"id": ID}]},
         {"limit": "1", "after": ID}, {"has_more": False, "data": [{"id": ID2}]}, "emails/email_id", [ID, ID2]),
        ("resend_list_attachments", {"email_id": ID}, {"has_more": True, "data": [{"id": ID2}]},
         {"limit": "20", "after": ID2}, {"has_more": False, "data": [{"id": ID}]}, "attachments/attachment_id", [ID2, ID]),
    ],
    sends=[
        ("resend_send_email", dict(MAIL, text="At **one**?", idempotency_key="one"),
         "/emails", dict(MAIL, html="<p>At <strong>one</strong>?</p>", text="At one?", **{"from": FROM}),
         {"id": ID2}, {"email_id": ID2}),
        ("resend_send_email", {"to": ["Anna <anna@example.org>"], "subject": "Re: Lunch", "text": "Yes",
                               "in_reply_to": "<1@example.org>", "idempotency_key": "two"},
         "/emails", {"from": FROM, "to": ["Anna <anna@example.org>"], "subject": "Re: Lunch",
                     "html": "<p>Yes</p>", "text": "Yes",
                     "headers": {"In-Reply-To": "<1@example.org>", "References": "<1@example.org>"}},
         {"id": ID2}, {"email_id": ID2}),
        ("resend_cancel_email", {"email_id": ID}, "/emails/%s/cancel" % ID, None, {"object": "email", "id": ID},
         {"email_id": ID}),
    ],
)
