#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service files of providers that cannot be run here, against their published documents.

    tests/import/shipped.py [NAME ...] [-v]

For each file of FILES, whose document is in the folder OPENAPI:
  - each name that a request sends and each pointer into an answer is one that the document has.
  - each tool is called through the bridge with what is required and with all arguments, and once more
    with a name where it takes names for ids. The service is Prism with that document: a request that
    does not fit it is told in its log.
  - each error that the document lists for a request of a tool, and each code that the file knows, is
    answered by a scripted service: the model must see what the file says of it.
  - each list that goes on is read in two pages from it, what each send sends is looked at, and names
    that nothing has.
The last line is "N passed, N failed[, N skipped]".
"""
import argparse
import http.client
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import values  # noqa: E402
from cases import Failure  # noqa: E402
from mock import CALL_S, Mock, Service, said_aloud  # noqa: E402

SERVICES = ROOT / "etc" / "services"
ACCOUNT = "/2010-04-01/Accounts/AC" + "0" * 32
TS, TS2 = "1712345678.123456", "1712345600.000001"
SID, SID2 = "SM" + "a" * 32, "SM" + "b" * 32
ID, ID2 = "1100000000000000001", "1000000000000000002"
GENERIC = {"upstream_rejected", "upstream_error"}

# What the files read of answers although the documents do not show it. At Slack: all that a search
# finds; where messages go on, which the text of the parameter cursor says; of the messages of a thread what
# the document shows of those of a channel.
NOT_SHOWN = re.compile(r"slack_search_messages .*|slack_(list_messages|get_thread) /response_metadata/next_cursor|"
                       r"slack_get_(thread|message) /messages/[*0]/(bot_id|files.*)")


def first_of_each(schema):
    """Slack's document lists alternatives as the items of what is no array: the mock answers with the first."""
    if isinstance(schema, list):
        return [first_of_each(below) for below in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("items"), list) and schema["items"] and schema.get("type") != "array":
        return first_of_each(schema["items"][0])
    return {name: first_of_each(below) for name, below in schema.items()}


def slack_said(document):
    """The bridge's token goes into Authorization, as the document's slackAuth has it: the parameter
    token, which is the same a second time, is not sent."""
    for item in document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [p for p in operation.get("parameters", []) if p["name"] != "token"]
    return first_of_each(document)


def discord_said(document):
    """The mock's ids are ids."""
    document["components"]["schemas"]["SnowflakeType"]["example"] = ID
    return document


def operation_of(document, base, request):
    """The document's operation for a request of the file, whose variables may have other names."""
    path = re.escape(base + urlsplit(request["url"]).path)
    path = re.sub(r"\\{\w+\\}", r"\\{\\w+\\}", path.replace("AC" + "0" * 32, r"\{x\}"))
    found = [item for name, item in document["paths"].items() if re.fullmatch(path, name)]
    assert len(found) == 1, (path, len(found))
    own = found[0][request["method"].lower()]
    return dict(own, parameters=found[0].get("parameters", []) + own.get("parameters", []))


def branches(document, schema):
    """A schema and all that it may be instead, Slack's way of saying so among them."""
    if "$ref" in schema:
        target = document
        for name in schema["$ref"][2:].split("/"):
            target = target[name]
        schema = target
    other = schema["items"] if isinstance(schema.get("items"), list) else []
    below = [b for key in ("allOf", "oneOf", "anyOf") for b in schema.get(key, [])] + other
    return [schema] + [found for b in below for found in branches(document, b)]


def below(document, schemas, pointer):
    """The schemas of what is at a pointer."""
    for name in pointer.split("/")[1:]:
        schemas = [s for schema in schemas for s in branches(document, schema)]
        schemas = [s["properties"][name] for s in schemas if name in s.get("properties", {})] + [
            s["items"] for s in schemas if name.isdigit() and isinstance(s.get("items"), dict)]
    return schemas


def pointers(document, schemas, pick, at=""):
    """Of a pick each pointer, and whether the document has it there."""
    if isinstance(pick, str):
        yield at + pick, bool(below(document, schemas, pick))
    elif "pointer" in pick:
        yield at + pick["pointer"], bool(below(document, schemas, pick["pointer"]))
    elif "each" in pick:
        lists = below(document, schemas, pick["each"])
        items = [s["items"] for schema in lists for s in branches(document, schema) if isinstance(s.get("items"), dict)]
        yield at + pick["each"], bool(items)
        yield from pointers(document, items, pick["item"], at + pick["each"] + "/*")
    elif "last" not in pick and "argument" not in pick and "value" not in pick:
        for one in pick.values():
            yield from pointers(document, schemas, one, at)


def slack_errors(document, request):
    """What the document lists for a request of the file: [(status, headers, body)]."""
    listed = operation_of(document, "", request)["responses"]["default"]["schema"]
    return [(200, {}, {"ok": False, "error": code})
            for code in listed.get("properties", {}).get("error", {}).get("enum", [])]


def discord_errors(document, request):
    responses = operation_of(document, "", request)["responses"]
    assert set(responses) - {"200", "201", "202"} == {"4XX", "429"}, (request, list(responses))
    return [(status, {}, {"code": 0, "message": "%d" % status}) for status in (400, 401, 403, 404)] + [
        (429, {}, {"message": "You are being rate limited.", "retry_after": 0.65, "global": False, "code": 0}),
        (429, {}, {"message": "You are being rate limited.", "retry_after": 64.57, "global": True}),
        (429, {"Retry-After": "3"}, {"message": "Slow.", "retry_after": 2.1, "global": False, "code": 20016})]


def twilio_errors(document, request):
    """The document lists none."""
    assert all(status < "300" for status in operation_of(document, ACCOUNT, request)["responses"])
    return []


# name: its document, the path of its base_url, its secret's file, how the mock has the document, a request that it
# must refuse, which errors the document lists, the shape of an error with a code, and arguments that the schema
# alone does not give: of all calls, and of those with names.
FILES = {
    "twilio": {
        "document": "twilio_api_v2010.json", "path": ACCOUNT, "secret": "twilio.password", "said": said_aloud,
        "wrong": ("POST", ACCOUNT + "/Messages.json", "Body=x"), "errors": twilio_errors,
        "shape": lambda code: (429 if code == "20429" else 400, {},
                               {"code": int(code), "message": "No.", "status": 400,
                                "more_info": "https://www.twilio.com/docs/errors/" + code}),
        "all": {}, "names": {},
    },
    "slack": {
        "document": "slack_web_openapi_v2.json", "path": "", "secret": "slack.token", "said": slack_said,
        "wrong": ("POST", "/chat.postMessage", "text=x"), "errors": slack_errors,
        "shape": lambda code: (429, {"Retry-After": "30"}, {"ok": False, "error": code})
        if code == "ratelimited" else (200, {}, {"ok": False, "error": code}),
        "all": {"channel": "C012345678", "person": "U012345678"}, "names": {"channel": "string", "person": "string"},
    },
    "discord": {
        "document": "discord.json", "path": "", "secret": "discord.token", "said": discord_said,
        "wrong": ("GET", "/channels/1/messages?limit=101", None), "errors": discord_errors,
        "shape": lambda code: (400, {}, {"code": int(code), "message": "No.", "errors": {}}),
        "all": {"name": "string"}, "names": {},
    },
}

# What a scripted service answers to the requests before a tool's own, by the end of their path.
BEFORE = {
    "/conversations.list": {"ok": True, "channels": [{"id": "C012345678", "name": "string"}]},
    "/users.list": {"ok": True, "members": [{"id": "U012345678", "name": "string",
                                              "profile": {"real_name": "string"}}]},
    "/conversations.open": {"ok": True, "channel": {"id": "D012345678"}},
    "/users/@me/channels": {"id": ID},
    "/guilds/%s/channels" % ID: [{"id": ID, "name": "string"}],
}

# What opens a direct chat, by path.
OPENS = {"/conversations.open": [("users", "U012345678")], "/users/@me/channels": {"recipient_id": ID2}}

# Lists that go on: tool, arguments, the first page, where its cursor stands in the second request's
# query and what it is there, the second page, and the member with the ids of both.
PAGES = [
    ("twilio", "twilio_list_messages", {"from": "+15551234567", "limit": 1,
                                        "sent_after": "2026-11-27T00:00:00Z", "sent_before": "2026-11-28T00:00:00Z"},
     {"messages": [{"sid": SID, "body": "a"}], "next_page_uri": ACCOUNT + "/Messages.json?From=%2B15551234567"
      "&PageSize=1&Page=1&PageToken=PASM1%3D"},
     {"PageToken": "PASM1=", "From": "+15551234567", "PageSize": "1", "DateSent>": "2026-11-27T00:00:00Z",
      "DateSent<": "2026-11-28T00:00:00Z"},
     {"messages": [{"sid": SID2, "body": "b"}], "next_page_uri": None}, "messages/message_id", [SID, SID2]),
    ("twilio", "twilio_list_media", {"message_id": SID}, {"media_list": [{"sid": "ME1"}], "next_page_uri":
     ACCOUNT + "/Messages/%s/Media.json?PageSize=50&Page=1&PageToken=PAME1" % SID},
     {"PageToken": "PAME1"}, {"media_list": [{"sid": "ME2"}], "next_page_uri": None},
     "media/media_id", ["ME1", "ME2"]),
    ("twilio", "twilio_list_numbers", {}, {"incoming_phone_numbers": [{"phone_number": "+1"}], "next_page_uri":
     ACCOUNT + "/IncomingPhoneNumbers.json?PageSize=50&Page=1&PageToken=PAPN1"},
     {"PageToken": "PAPN1"}, {"incoming_phone_numbers": [{"phone_number": "+2"}],
                                                "next_page_uri": None}, "numbers/number", ["+1", "+2"]),
    ("slack", "slack_list_messages", {"channel": "C012345678", "since": TS2},
     {"ok": True, "messages": [{"ts": TS, "text": "a"}], "has_more": True,
      "response_metadata": {"next_cursor": "bmV4dA=="}},
     {"cursor": "bmV4dA==", "channel": "C012345678", "oldest": TS2},
     {"ok": True, "messages": [{"ts": TS2, "text": "b"}], "has_more": False}, "messages/message_id", [TS, TS2]),
    ("slack", "slack_get_thread", {"channel": "C012345678", "thread_id": TS},
     {"ok": True, "messages": [{"ts": TS}], "response_metadata": {"next_cursor": "x="}},
     {"cursor": "x=", "channel": "C012345678", "ts": TS},
     {"ok": True, "messages": [{"ts": TS2}]}, "messages/message_id", [TS, TS2]),
    ("slack", "slack_list_channels", {}, {"ok": True, "channels": [{"id": "C1"}],
                                          "response_metadata": {"next_cursor": "x="}},
     {"cursor": "x=", "types": "public_channel,private_channel", "exclude_archived": "true"},
     {"ok": True, "channels": [{"id": "C2"}], "response_metadata": {"next_cursor": ""}},
     "channels/channel", ["C1", "C2"]),
    ("slack", "slack_list_people", {"limit": 1}, {"ok": True, "members": [{"id": "U1"}],
                                                  "response_metadata": {"next_cursor": "x="}},
     {"cursor": "x=", "limit": "1"}, {"ok": True, "members": [{"id": "U2"}],
                                      "response_metadata": {"next_cursor": ""}}, "people/person", ["U1", "U2"]),
    ("discord", "discord_list_messages", {"channel_id": ID, "limit": 1}, [{"id": ID, "content": "a"}],
     {"before": ID, "limit": "1"}, [], "messages/message_id", [ID]),
    ("discord", "discord_list_guilds", {"limit": 1}, [{"id": ID2, "name": "a"}], {"after": ID2, "limit": "1"}, [],
     "guilds/guild_id", [ID2]),
    ("discord", "discord_search_messages", {"guild_id": ID, "query": "a b"},
     {"messages": [[{"id": ID}]], "total_results": 2}, {"max_id": ID, "content": "a b"},
     {"messages": [], "total_results": 2}, "messages/message_id", [ID]),
]

# What a send sends: tool, arguments, the last request's path, its body (of a form its pairs), and what comes of it.
SENDS = [
    ("twilio", "twilio_send_sms", {"to": "+15551234567", "from": "ACME", "text": "Hi & bye",
                                   "media_urls": ["https://a.example/1", "https://a.example/2"]},
     ACCOUNT + "/Messages.json", [("To", "+15551234567"), ("From", "ACME"), ("Body", "Hi & bye"),
                                  ("MediaUrl", "https://a.example/1"), ("MediaUrl", "https://a.example/2")],
     {"sid": SID, "status": "queued"}, {"message_id": SID, "status": "queued"}),
    ("twilio", "twilio_send_whatsapp", {"to": "+15551234567", "from": "+15557654321", "text": "Hi"},
     ACCOUNT + "/Messages.json", [("To", "whatsapp:+15551234567"), ("From", "whatsapp:+15557654321"), ("Body", "Hi")],
     {"sid": SID, "status": "queued"}, {"message_id": SID, "status": "queued"}),
    ("slack", "slack_send_message", {"channel": "#string", "text": "Hi", "thread_id": TS},
     "/chat.postMessage", [("channel", "C012345678"), ("text", "Hi"), ("thread_ts", TS)],
     {"ok": True, "channel": "C012345678", "ts": TS2}, {"message_id": TS2, "channel": "C012345678"}),
    ("slack", "slack_send_direct_message", {"person": "@string", "text": "Hi"},
     "/chat.postMessage", [("channel", "D012345678"), ("text", "Hi")],
     {"ok": True, "channel": "D012345678", "ts": TS2}, {"message_id": TS2, "channel": "D012345678"}),
    ("discord", "discord_send_message", {"channel_id": ID, "text": "Hi @everyone", "idempotency_key": "one"},
     "/channels/%s/messages" % ID, {"content": "Hi @everyone", "allowed_mentions": {"parse": ["users"]},
                                    "nonce": "one", "enforce_nonce": True},
     {"id": ID2, "channel_id": ID}, {"message_id": ID2, "channel_id": ID}),
    ("discord", "discord_send_message", {"channel_id": ID, "text": "Hi", "reply_to": ID2, "idempotency_key": "two"},
     "/channels/%s/messages" % ID, {"content": "Hi", "allowed_mentions": {"parse": ["users"]}, "nonce": "two",
                                    "enforce_nonce": True, "message_reference": {"message_id": ID2}},
     {"id": ID2, "channel_id": ID}, {"message_id": ID2, "channel_id": ID}),
    ("discord", "discord_send_direct_message", {"user_id": ID2, "text": "Hi", "idempotency_key": "three"},
     "/channels/%s/messages" % ID, {"content": "Hi", "nonce": "three", "enforce_nonce": True},
     {"id": ID2, "channel_id": ID}, {"message_id": ID2, "channel_id": ID}),
]


class Provider:
    def __init__(self, build, tmp, folder, name, verbose):
        self.build, self.tmp, self.name, self.verbose = build, tmp, name, verbose
        self.about = FILES[name]
        self.root = json.loads((SERVICES / (name + ".json")).read_text())
        self.document = json.loads((folder / self.about["document"]).read_text())
        self.bridge = None
        self.passed = self.failed = self.calls = self.keys = 0

    def check(self, what, good, more=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print("FAIL %s: %s\n    %s" % (self.name, what, more.strip().replace("\n", "\n    ")))
        elif self.verbose:
            print("ok   %s: %s" % (self.name, what))

    def start(self, place, port=None):
        """The bridge before the service at that port, else before its own scripted one."""
        folder = self.tmp / place
        folder.mkdir()
        file = folder / (self.name + ".json")
        file.write_text(json.dumps(self.root))
        self.bridge = Service(self.build, folder / "bridge", file, self.name, port, self.about["path"],
                              self.about["secret"])
        self.bridge.start()

    def stop(self):
        try:
            self.bridge.stop(30)
            self.bridge.check_log()
        finally:
            self.bridge.close()
            self.bridge = None

    def run(self):
        mock = None
        try:
            copy = self.tmp / "document.json"
            copy.write_text(json.dumps(self.about["said"](json.loads(json.dumps(self.document)))))
            mock = Mock(copy, self.tmp)
            self.start("judged", mock.port)
            for tool in self.root["tools"]:
                self.documented(tool)
            self.control(mock)
            for tool in self.root["tools"]:
                self.judge(mock, tool)
            self.stop()
            self.start("scripted")
            for tool in self.root["tools"]:
                self.errors(tool)
            self.codes()
            self.others()
            for page in PAGES:
                if page[0] == self.name:
                    self.pages(*page[1:])
            for send in SENDS:
                if send[0] == self.name:
                    self.send(*send[1:])
            listed = {page[1] for page in PAGES}
            sent = {send[1] for send in SENDS} | {"discord_start_thread"}
            for tool in self.root["tools"]:
                if "next_cursor" in tool["response"]:
                    self.check("%s is read in pages" % tool["name"], tool["name"] in listed)
                if tool.get("write"):
                    self.check("what %s sends is looked at" % tool["name"], tool["name"] in sent)
            self.stop()
        except Failure as e:
            self.check("bridge and mock", False, str(e))
        finally:
            if self.bridge is not None:
                self.bridge.close()
            if mock is not None:
                mock.end()

    def arguments(self, tool, full, more):
        """Of the tool's schema, with ids and names for what takes either."""
        schema = tool["inputSchema"]
        out = values.arguments(schema, full)
        out.pop("cursor", None)
        out.update({name: value for name, value in more.items()
                    if name in schema["properties"] and (name in out or name in schema.get("required", []))})
        if "idempotency_key" in schema["properties"]:
            self.keys += 1
            out["idempotency_key"] = "call-%d" % self.keys
        return out

    def documented(self, tool):
        """Each name that the tool's requests send, and each pointer into their answers, is the document's."""
        for spec in tool.get("steps", []) + [tool]:
            request = spec["request"]
            operation = operation_of(self.document, self.about["path"], request)
            query = {name for name, _ in parse_qsl(urlsplit(request["url"]).query)} | set(request.get("query", {}))
            known = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
            self.check("%s: query of %s" % (tool["name"], request["url"]), query <= known, str(query - known))
            content = operation.get("requestBody", {}).get("content", {})
            kind = "application/json" if "body" in request else "application/x-www-form-urlencoded"
            known = {p["name"] for p in operation["parameters"] if p["in"] == "formData"} | {
                name for schema in branches(self.document, content.get(kind, {}).get("schema", {}))
                for name in schema.get("properties", {})}
            sent = set(request.get("body", request.get("form", {})))
            self.check("%s: body of %s" % (tool["name"], request["url"]), sent <= known, str(sent - known))
            answers = [answer for status, answer in operation["responses"].items() if status[0] == "2"]
            schemas = [a.get("schema") or a["content"]["application/json"]["schema"] for a in answers]
            find = spec.get("find")
            picks = spec["response"] if find is None else {"each": find["each"], "item": dict(
                {pointer: pointer for pointer in find["match"] + [find["id"]]}, candidate=find["candidate"])}
            for pointer, has in pointers(self.document, schemas, picks):
                if not NOT_SHOWN.fullmatch("%s %s" % (tool["name"], pointer)):
                    self.check("%s: %s in the answer to %s" % (tool["name"], pointer, request["url"]), has)

    def control(self, mock):
        """The mock does refuse, and its log says so."""
        method, path, body = self.about["wrong"]
        connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=CALL_S)
        connection.request(method, path, body, {"Authorization": "Basic eDp5" if self.name == "twilio" else "Bearer x",
                                                "Content-Type": "application/x-www-form-urlencoded"})
        status = connection.getresponse().status
        connection.close()
        said = mock.news()
        self.check("the mock refuses %s %s" % (method, path), status == 422 and mock.refuses(said),
                   "%d\n%s" % (status, said))

    def judge(self, mock, tool):
        ways = [("what is required", False, self.about["all"]), ("all arguments", True, self.about["all"])]
        if any("find" in step for step in tool.get("steps", [])) and self.about["names"]:
            ways.append(("names", True, self.about["names"]))
        for way, full, more in ways:
            arguments = self.arguments(tool, full, more)
            wrong, text = self.bridge.call(tool["name"], arguments)
            said = mock.news()
            asked = said.count("Request received")
            broken = mock.refuses(said)
            steps = tool.get("steps", [])
            wanted = 1 + sum("find" not in s or way == "names" or self.name == "discord" for s in steps)
            self.calls += asked
            self.check("%s, %s" % (tool["name"], way), not wrong and not broken and asked == wanted,
                       "%d requests instead of %d\n%s\n%s\n%s" % (asked, wanted, json.dumps(arguments), text[:1500],
                                                                  said[-2500:]))

    def script(self, last):
        """A service that answers the requests before a tool's own, and `last` to it; what it was asked."""
        asked = []

        def answer(request):
            asked.append(request)
            path = urlsplit(request["path"]).path
            return last(path) or {"body": next((body for end, body in BEFORE.items() if path.endswith(end)), {})}
        self.bridge.stub.handler = answer
        return asked

    def refused(self, tool, at, status, headers, body):
        """The failure that a model sees when the request to a path that matches `at` is answered so."""
        asked = self.script(lambda path: {"status": status, "headers": headers, "body": json.dumps(body)}
                            if re.fullmatch(at, path) else None)
        finds = any("find" in step for step in tool.get("steps", []))
        arguments = self.arguments(tool, True, dict(self.about["all"], **(self.about["names"] if finds else {})))
        arguments.update({name: ID for name in arguments if self.name == "discord" and name.endswith("_id")})
        wrong, text = self.bridge.call(tool["name"], arguments)
        result = json.loads(text).get("result", {})
        failure = json.loads(result["content"][0]["text"]) if wrong and result.get("content") else {}
        return failure, "%s\n%s" % ([(a["method"], a["path"]) for a in asked], text[:1000])

    def wanted(self, status, body):
        """The code that the file makes of an answer."""
        code = str(body.get("code", body.get("error", "")))
        known = self.root["error"]["codes"].get(code)
        by_status = {400: "bad_request", 401: "upstream_unauthorized", 403: "upstream_forbidden", 404: "not_found",
                     429: "rate_limited"}
        return by_status.get(status) if known is None or known.get("code") is None else known["code"]

    def errors(self, tool):
        """Each error that the document lists for each of the tool's requests."""
        requests = [step["request"] for step in tool.get("steps", [])] + [tool["request"]]
        for request in requests:
            at = re.escape(self.about["path"]) + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(
                urlsplit(request["url"].split("{?")[0]).path))
            for status, headers, body in self.about["errors"](self.document, request):
                failure, more = self.refused(tool, at, status, headers, body)
                wanted = self.wanted(status, body)
                good = wanted is not None and failure.get("code") == wanted and failure["http_status"] == status and (
                    wanted not in GENERIC or body.get("error") in ("fatal_error", "upgrade_required"))
                if status == 429:
                    wait = int(headers.get("Retry-After", -int(-body["retry_after"] // 1)))
                    good = good and failure["retryable"] and failure["retry_after_s"] == wait
                self.check("%s: %s to %s" % (tool["name"], json.dumps(body), at), good,
                           "%s wanted\n%s" % (wanted, more))

    def codes(self):
        """Each code that the file knows, in the provider's shape; and one that it does not."""
        tool = self.root["tools"][0]
        at = ".*(Messages.json|chat.postMessage|/messages)"
        for code, known in self.root["error"]["codes"].items():
            status, headers, body = self.about["shape"](code)
            failure, more = self.refused(tool, at, status, headers, body)
            good = failure.get("code") == self.wanted(status, body)
            if "hint" in known:
                good = good and failure["hint"].startswith(known["hint"])
            if "Retry-After" in headers:
                good = good and failure["retry_after_s"] == int(headers["Retry-After"])
            if "retryable" in known:
                good = good and failure["retryable"] == known["retryable"]
            self.check("the code %s" % code, good, more)
        status, headers, body = self.about["shape"]("99999")
        failure, more = self.refused(tool, at, status, headers, body)
        self.check("a code that the file does not know", failure.get("code") == "99999", more)
        # Without a place for the key a write that may have been done is not to be repeated.
        failure, more = self.refused(tool, at, 500, {}, "down")
        self.check("500 without JSON", failure.get("http_status") == 500 and
                   failure["retryable"] == (self.name == "discord"), more)

    def others(self):
        """What else the files promise: candidates for a name that nothing has, and a search that must wait."""
        finders = [tool for tool in self.root["tools"] if any("find" in step for step in tool.get("steps", []))]
        for tool in finders:
            argument = tool["steps"][0]["find"]["argument"]
            asked = self.script(lambda path: None)
            arguments = dict(self.arguments(tool, False, {}), **{argument: "strin"})
            arguments.update({"guild_id": ID} if self.name == "discord" else {})
            _, text = self.bridge.call(tool["name"], arguments)
            failure = json.loads(json.loads(text)["result"]["content"][0]["text"])
            self.check("%s: a name that nothing has" % tool["name"], failure["code"] == "name_unknown" and
                       [c.get("name") for c in failure["candidates"]] == ["string"] and len(asked) == 1, text)
        if self.name == "discord":
            self.script(lambda path: {"status": 202, "body": {"message": "Wait.", "code": 110000, "retry_after": 2,
                                                              "documents_indexed": 0}})
            got, text = self.result("discord_search_messages", {"guild_id": ID, "query": "x"})
            self.check("a search that must wait", got.get("retry_after_s") == 2 and "messages" not in got, text)

    def result(self, name, arguments):
        wrong, text = self.bridge.call(name, arguments)
        result = json.loads(text).get("result", {})
        return {} if wrong else result.get("structuredContent", {}), text

    def pages(self, name, arguments, first, query, second, member, ids):
        pages = [first, second]
        asked = self.script(lambda path: {"body": json.dumps(pages.pop(0))})
        one, text = self.result(name, arguments)
        two, more = self.result(name, dict(arguments, cursor=one.get("next_cursor", "")))
        lists, key = member.split("/")
        got = [item.get(key) for page in (one, two) for item in page.get(lists, [])]
        sent = dict(parse_qsl(urlsplit(asked[-1]["path"]).query)) if asked else {}
        self.check("%s: two pages" % name, len(asked) == 2 and got == ids and sent == query and
                   "next_cursor" not in two, "%s\n%s\n%s\n%s" % (sent, got, text[:1000], more[:1000]))

    def send(self, name, arguments, path, body, answer, result):
        asked = self.script(lambda at: {"body": json.dumps(answer)} if at == path else None)
        got, text = self.result(name, arguments)
        wanted = dict(OPENS, **{path: body})
        sent = [(r["path"], parse_qsl(r["body"].decode()) if isinstance(body, list) else json.loads(r["body"]))
                for r in asked if r["method"] == "POST"]
        self.check("%s: what is sent" % name, sent and sent[-1][0] == path and
                   all(wanted.get(at) == s for at, s in sent) and all("authorization" in r["headers"] for r in asked)
                   and {key: got.get(key) for key in result} == result, "%s\n%s" % (sent, text[:1000]))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*", choices=[*FILES, []])
    arguments.add_argument("--build", default=os.environ.get("BUILD_DIR", ROOT / "build" / "asan"))
    arguments.add_argument("-v", dest="verbose", action="store_true")
    options = arguments.parse_args()
    folder = os.environ.get("OPENAPI", "")
    passed = failed = skipped = 0
    for name in options.names or FILES:
        if not folder or not (Path(folder) / FILES[name]["document"]).exists():
            print("SKIP %s: OPENAPI names no folder that has %s" % (name, FILES[name]["document"]))
            skipped += 1
            continue
        with tempfile.TemporaryDirectory(prefix="ums-contracts.") as tmp:
            began = time.monotonic()
            provider = Provider(Path(options.build).resolve(), Path(tmp), Path(folder).resolve(), name,
                                options.verbose)
            provider.run()
            print("%-8s %d passed, %d failed, %d tools, %d judged requests, %.0f s" % (
                name, provider.passed, provider.failed, len(provider.root["tools"]), provider.calls,
                time.monotonic() - began))
            passed += provider.passed
            failed += provider.failed
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
