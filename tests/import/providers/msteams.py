# SPDX-License-Identifier: MIT
"""Microsoft Teams through Microsoft Graph, against a document that we wrote by its public documentation."""
import json
from urllib.parse import quote

from about import About
from document import listed

USER, TEAM, PERSON = ("%s-16c8-47cf-b4a5-4b9b187c508b" % n for n in ("8b081ef6", "fbe2bf47", "82af01c5"))
CHANNEL = "19:4a95f7d8db4c4e7fae857bcebe0623e6@thread.tacv2"
CHAT = "19:82fe7758-5bb3-4f0d-a43f-e555fd399c6f_8c0a1a67-50ce-4114-bb6c-da9c5dbcf6ca@unq.gbl.spaces"
ID, ID2 = "1616990032035", "1616990171266"
CHANNELS = "/teams/%s/channels" % TEAM
MESSAGES = "%s/%s/messages" % (CHANNELS, quote(CHANNEL, ""))
CHATTED = "/chats/%s/messages" % quote(CHAT, "")
STATUS = {"InvalidAuthenticationToken": 401, "Unauthorized": 401, "unauthenticated": 401, "Forbidden": 403,
          "Authorization_RequestDenied": 403, "accessDenied": 403, "AccessDenied": 403, "InsufficientPrivileges": 403,
          "notAllowed": 403, "NotFound": 404, "itemNotFound": 404, "Request_ResourceNotFound": 404,
          "ResourceNotFound": 404, "Conflict": 409, "nameAlreadyExists": 409, "RequestEntityTooLarge": 413,
          "TooManyRequests": 429, "activityLimitReached": 429, "throttledRequest": 429,
          "Request_ThrottledTemporarily": 429,
          "ServiceUnavailable": 503, "serviceNotAvailable": 503}
SENT = {"id": ID, "createdDateTime": "2021-03-29T03:53:52.035Z", "webUrl": "https://teams.microsoft.com/l/message/x"}
GOT = {"message_id": ID, "sent_at": "2021-03-29T03:53:52.035Z", "url": "https://teams.microsoft.com/l/message/x"}
NEXT = "https://graph.microsoft.com/v1.0%s?$top=1&$skiptoken=%%5b%%7b%%22a%%22%%3a1%%7d%%5d"
MEMBER = {"@odata.type": "#microsoft.graph.aadUserConversationMember", "roles": ["owner"]}


def shape(code):
    status = STATUS.get(code, 400)
    return status, {"Retry-After": "10"} if status in (429, 503) else {}, {
        "error": {"code": code, "message": "No.", "innerError": {"request-id": "r", "date": "2026-11-27T12:00:00"}}}


def member(user):
    return dict(MEMBER, **{"user@odata.bind": "https://graph.microsoft.com/v1.0/users('%s')" % user})


def said(html, **more):
    return dict(more, body={"contentType": "html", "content": html})


def page(name, arguments, path, query, member="messages/message_id"):
    """A list in two pages, of which the first has a cursor that is JSON, as Graph's are."""
    return (name, dict(arguments, limit=1), {"@odata.nextLink": NEXT % path, "value": [{"id": ID}]},
            dict({"$top": "1", "$skiptoken": '[{"a":1}]'}, **query), {"value": [{"id": ID2}]}, member, [ID, ID2])


def shown(provider):
    """A message's HTML as Markdown, and all that a text cannot carry: each is named."""
    message = dict(SENT, replyToId=None, deletedDateTime=None, subject="Plan", messageType="message",
                   body={"contentType": "html", "content": "<p>Look, <at id=\"0\">Bo</at>: <b>1 &lt; 2</b></p>"
                         "<img src=\"https://graph.microsoft.com/v1.0/x/hostedContents/1/$value\">"},
                   attachments=[
                       {"id": "1", "contentType": "reference", "name": "a.docx",
                        "contentUrl": "https://x.sharepoint.com/a.docx"},
                       {"id": "2", "contentType": "application/vnd.microsoft.card.adaptive", "content": "{}",
                        "name": None}],
                   reactions=[{"reactionType": "like", "user": {"user": {"id": PERSON}}}])
    message["from"] = {"application": None, "user": {"id": USER, "displayName": "Anna"}}
    event = {"id": ID2, "messageType": "systemEventMessage", "from": None, "body": {"content": "<systemEventMessage/>"},
             "eventDetail": {"@odata.type": "#microsoft.graph.chatRenamedEventMessageDetail"}}
    provider.script(lambda path: {"body": {"value": [message, event]}} if path == CHATTED else None)
    got, text = provider.result("msteams_list_chat_messages", {"chat_id": CHAT})
    one, two = got.get("messages", [{}, {}])
    provider.check("HTML as Markdown", one.get("text") == "Look, @Bo: **1 < 2**\n\n![image]" and
                   two.get("text", "") == "", text)
    provider.check("what a text cannot carry is named", one.get("attachments") == [
        {"attachment_id": "1", "name": "a.docx", "type": "reference", "url": "https://x.sharepoint.com/a.docx"},
        {"attachment_id": "2", "type": "application/vnd.microsoft.card.adaptive"}] and
        one["reactions"] == [{"emoji": "like", "from_id": PERSON}] and one["from"] == "Anna" and
        not {"url", "reply_to"} & set(one) and two["event"].endswith("chatRenamedEventMessageDetail") and
        "from" not in two, text)


def searched(provider):
    """A search that goes on, and one that finds nothing: then Graph leaves the list out."""
    hit = {"summary": "...one", "resource": {"id": ID, "chatId": CHAT, "channelIdentity": {},
                                             "from": {"emailAddress": {"name": "Anna", "address": "anna@example.org"}}}}
    found = {"message_id": ID, "chat_id": CHAT, "from": "Anna", "from_mail": "anna@example.org", "summary": "...one"}
    for containers, wanted in (
            ([{"hits": [hit], "total": 1, "moreResultsAvailable": True}], {"more": True, "messages": [found]}),
            ([{"total": 0, "moreResultsAvailable": False}], {"more": False})):
        asked = provider.script(lambda path: {"body": {"value": [{"hitsContainers": containers}]}})
        got, text = provider.result("msteams_search_messages", {"query": "one from:anna", "skip": 20})
        provider.check("a search", {name: got.get(name) for name in wanted} == wanted and ("messages" in got) == (
            "messages" in wanted) and json.loads(asked[-1]["body"]) == {"requests": [
                {"entityTypes": ["chatMessage"], "query": {"queryString": "one from:anna"}, "from": 20, "size": 10}]},
                       text)


def found_later(provider):
    """A person whose name is on the second page of those that the words of it find."""
    pages = [{"@odata.nextLink": NEXT % "/users", "value": [{"id": USER, "displayName": "Anna Bo"}]},
             {"value": [{"id": PERSON, "displayName": "Anna", "mail": "anna@example.org"}]}]
    asked = provider.script(lambda path: {"body": pages.pop(0)} if path == "/users" else
                            {"status": 201, "body": SENT} if path == CHATTED else None)
    got, text = provider.result("msteams_send_direct_message", {"person": "Anna", "text": "Hi"})
    provider.check("a person on the second page", got.get("message_id") == ID and len(asked) == 4 and
                   "skiptoken=%5B%7B%22a%22%3A1%7D%5D" in asked[1]["path"] and member(PERSON) in
                   json.loads(asked[2]["body"])["members"], "%s\n%s" % ([a["path"] for a in asked], text))


def others(provider):
    shown(provider)
    searched(provider)
    found_later(provider)


ABOUT = About(
    document="msteams.json", secret="msteams.token", values={"user": USER}, shape=shape, others=others,
    wrong=("GET", "/chats/%s/messages?$top=51" % quote(CHAT, ""), None),
    errors=lambda document, request: listed(document, "", request, lambda headers, body: int(headers["Retry-After"])),
    all={"team": TEAM, "channel": CHANNEL, "person": PERSON, "team_id": TEAM, "channel_id": CHANNEL, "chat_id": CHAT,
         "message_id": ID, "file": "aGk=", "file_name": "a.txt"},
    names={"team": "string", "channel": "string", "person": "string", "chat_id": CHAT, "message_id": ID},
    before={"/users/%s/joinedTeams" % USER: {"value": [{"id": TEAM, "displayName": "string"}]},
            CHANNELS: {"value": [{"id": CHANNEL, "displayName": "string"}]},
            "/users": {"value": [{"id": PERSON, "displayName": "string", "mail": "anna@example.org"}]},
            "/chats": {"id": CHAT}, "/filesFolder": {"id": "01ABC", "parentReference": {"driveId": "b!2S"}}},
    opens={"/chats": {"chatType": "oneOnOne", "members": [member(USER), member(PERSON)]}},
    pages=[
        page("msteams_list_channel_messages", {"team": TEAM, "channel": CHANNEL}, MESSAGES, {}),
        page("msteams_list_replies", {"team": TEAM, "channel": CHANNEL, "message_id": ID},
             "%s/%s/replies" % (MESSAGES, ID), {}),
        page("msteams_list_chat_messages", {"chat_id": CHAT}, CHATTED, {"$orderby": "createdDateTime desc"}),
        page("msteams_list_chats", {}, "/users/%s/chats" % USER, {
            "$expand": "members,lastMessagePreview",
            "$orderby": "lastMessagePreview/createdDateTime desc"}, "chats/chat_id"),
        page("msteams_find_person", {"query": "Anna O'Neil"}, "/users", {
            "$search": '"displayName:Anna O\'Neil" OR "mail:Anna O\'Neil" OR "userPrincipalName:Anna O\'Neil"',
            "$select": "id,displayName,mail,userPrincipalName,jobTitle", "$count": "true"}, "people/person"),
    ],
    sends=[
        ("msteams_send_channel_message",
         {"team": "string", "channel": "#string", "text": "Hi & **bye**", "subject": "Plan"},
         MESSAGES, said("<p>Hi &amp; <strong>bye</strong></p>", subject="Plan"), SENT,
         dict(GOT, team=TEAM, channel=CHANNEL)),
        ("msteams_reply", {"team": TEAM, "channel": "string", "message_id": ID2, "text": "Hi", "importance": "high"},
         "%s/%s/replies" % (MESSAGES, ID2), said("<p>Hi</p>", importance="high"), dict(SENT, replyToId=ID2),
         dict(GOT, reply_to=ID2)),
        ("msteams_send_chat_message", {"chat_id": CHAT, "text": "Hi"}, CHATTED, said("<p>Hi</p>"), SENT, GOT),
        ("msteams_send_direct_message", {"person": "anna@example.org", "text": "Hi"}, CHATTED, said("<p>Hi</p>"), SENT,
         dict(GOT, chat_id=CHAT)),
        ("msteams_upload_file", {"team_id": TEAM, "channel_id": CHANNEL, "file": "aGk=", "file_name": "a b.txt"},
         "/drives/b%212S/items/01ABC:/a%20b.txt:/content", ("application/octet-stream", "hi"),
         {"id": "01DEF", "name": "a b.txt", "size": 2, "webUrl": "https://x.sharepoint.com/a%20b.txt"},
         {"file_id": "01DEF", "name": "a b.txt", "size": 2, "url": "https://x.sharepoint.com/a%20b.txt"}),
    ],
)
