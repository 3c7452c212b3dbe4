#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service files of providers that cannot be run here, against documents of their APIs.

    tests/import/shipped.py [NAME ...] [-v]

The documents are the providers' own where they publish one that can be used as it is: those are in
the folder OPENAPI. Else the folder documents/ has one that we wrote, of the operations that the file
uses, by what the provider's public documentation says: such a file is proven against our reading of
that, and no more.

For each module in providers/:
  - each name that a request sends and each pointer into an answer is one that the document has.
  - each tool is called through the bridge with what is required and with all arguments, and once more
    with a name where it takes names for ids. The service is Prism with that document: a request that
    does not fit it is told in its log.
  - each error that the document lists for a request of a tool, and each code that the file knows, is
    answered by a scripted service: the model must see what the file says of it.
  - each list that goes on is read in two pages from it, what each send sends is looked at, and names
    that nothing has.
  - emoji of many characters and right-to-left text go out whole and come back whole.
The last line is "N passed, N failed[, N skipped]".
"""
import argparse
import email
import http.client
import importlib
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
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "services")]
import values  # noqa: E402
from cases import Failure  # noqa: E402
from document import branches, operation_of, pointers  # noqa: E402
from mock import CALL_S, Mock, Service  # noqa: E402
from texts import FAMILY, RTL, SCOTLAND, WAVE  # noqa: E402

SERVICES = ROOT / "etc" / "services"
DOCUMENTS = HERE / "documents"
WHOLE = " ".join((FAMILY, SCOTLAND, WAVE, RTL))
GENERIC = {"upstream_rejected", "upstream_error"}
PROVIDERS = {path.stem: importlib.import_module("providers." + path.stem).ABOUT
             for path in sorted(HERE.glob("providers/*.py"))}


def document_of(about, folder):
    """The path of a provider's document, None if it is not there."""
    ours = DOCUMENTS / about.document
    path = ours if ours.exists() else folder / about.document if folder else None
    return path if path is not None and path.exists() else None


def body_of(request):
    """What a request brought: of a form its pairs, of parts their texts or (file name, type, text) by name, of bytes
    (type, text), of nothing None."""
    kind = request["headers"].get("content-type", [""])[0]
    if not request["body"]:
        return None
    if kind.startswith("application/x-www-form-urlencoded"):
        return parse_qsl(request["body"].decode())
    if kind == "application/json":
        return json.loads(request["body"])
    if not kind.startswith("multipart/form-data"):
        return kind, request["body"].decode()
    parts = {}
    for part in email.message_from_bytes(b"Content-Type: %s\r\n\r\n%s" % (kind.encode(), request["body"])).get_payload():
        text = part.get_payload(decode=True).decode()
        file = part.get_filename()
        name = part.get_param("name", header="content-disposition")
        parts[name] = text if file is None else (file, part.get_content_type(), text)
    return parts


def put(document, pointer, value):
    """Put a value where a pointer leads, and what is on the way there."""
    at = document
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for step, after in zip(steps, [*steps[1:], None]):
        below = value if after is None else [] if after.isdigit() else {}
        if isinstance(at, list):
            at.extend({} for _ in range(int(step) + 1 - len(at)))
            at[int(step)] = at[int(step)] or below
            at = at[int(step)]
        elif after is None:
            at[step] = value
        else:
            at = at.setdefault(step, below)


def filled(pick, schema, document=None):
    """An answer in which each pick finds something: a text of others' is WHOLE."""
    document = {} if document is None else document
    for name, one in pick.items():
        below = schema.get("properties", {}).get(name, {})
        if name == "next_cursor" or not isinstance(one, (dict, str)):
            continue
        if isinstance(one, dict) and "each" in one:
            item = one["item"]
            content = (filled(item, below.get("items", {})) if isinstance(item, dict) and "pointer" not in item
                       else WHOLE if isinstance(item, dict) and item.get("untrusted") else "1")
            if one["each"]:
                put(document, one["each"], {"k": content} if "key" in one or "order" in one else [content])
            if "order" in one:
                put(document, one["order"], ["k"])
        elif isinstance(one, dict) and not {"pointer", "value", "argument"} & set(one):
            filled(one, below, document)
        elif isinstance(one, str) or "pointer" in one:
            pointer = one if isinstance(one, str) else one["pointer"]
            kind = below.get("type", "string")
            value = {"integer": 1, "number": 1, "boolean": True}.get(kind, "1")
            if isinstance(one, dict) and one.get("untrusted") and kind == "string" and "map" not in one:
                value = WHOLE
            if pointer:
                put(document, pointer, value)
    return document


class Provider:
    def __init__(self, build, tmp, document, name, verbose):
        self.build, self.tmp, self.name, self.verbose = build, tmp, name, verbose
        self.about = PROVIDERS[name]
        self.root = json.loads((SERVICES / (name + ".json")).read_text())
        self.document = json.loads(document.read_text())
        # What a request's path begins with.
        self.base = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(self.about.base))
        self.bridge = None
        self.passed = self.failed = self.calls = self.keys = 0

    def check(self, what, good, more=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print("FAIL %s: %s\n    %s" % (self.name, what, more.strip().replace("\n", "\n    ")))
        elif self.verbose:
            print("ok   %s: %s" % (self.name, what))

    def start(self, place, port=None, allow=True):
        """The bridge before the service at that port, else before its own scripted one; not `allow`: it does
        what the file says of those who must be asked."""
        folder = self.tmp / place
        folder.mkdir()
        file = folder / (self.name + ".json")
        file.write_text(json.dumps(self.root))
        self.bridge = Service(self.build, folder / "bridge", file, self.name, port, self.about.path,
                              self.about.secret, self.about.values)
        if not allow:
            self.bridge.lines.remove("policy = allow:*")
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
            copy.write_text(json.dumps(self.about.said(json.loads(json.dumps(self.document)))))
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
            self.whole()
            self.names()
            self.about.others(self)
            for page in self.about.pages:
                self.pages(*page)
            for send in self.about.sends:
                self.send(*send)
            listed = {page[0] for page in self.about.pages}
            sent = {send[0] for send in self.about.sends} | set(self.about.not_looked_at)
            for tool in self.root["tools"]:
                if "next_cursor" in tool["response"]:
                    self.check("%s is read in pages" % tool["name"], tool["name"] in listed)
                if tool.get("write"):
                    self.check("what %s sends is looked at" % tool["name"], tool["name"] in sent)
            self.stop()
        except Failure as e:
            self.check("bridge and mock", False, str(e))
        finally:
            if mock is not None:
                mock.end()
            if self.bridge is not None:
                self.bridge.stop(30)
                self.bridge.close()

    def arguments(self, tool, full, more):
        """Of the tool's schema, with ids and names for what takes either."""
        schema = tool["inputSchema"]
        out = values.arguments(schema, full)
        out.pop("cursor", None)
        out.update({name: value for name, value in more.items()
                    if name in schema["properties"] and (name in out or name in schema.get("required", []))})
        out = {name: value for name, value in out.items() if value is not None}
        if "idempotency_key" in schema["properties"]:
            self.keys += 1
            out["idempotency_key"] = "call-%d" % self.keys
        return out

    def documented(self, tool):
        """Each name that the tool's requests send, and each pointer into their answers, is the document's."""
        for spec in tool.get("steps", []) + [tool]:
            request = spec["request"]
            operation = operation_of(self.document, self.about.base, request)
            query = {name for name, _ in parse_qsl(urlsplit(request["url"]).query)} | set(request.get("query", {}))
            known = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
            self.check("%s: query of %s" % (tool["name"], request["url"]), query <= known, str(query - known))
            content = operation.get("requestBody", {}).get("content", {})
            kind = ("multipart/form-data" if "multipart" in request else "application/json" if "body" in request
                    else "application/x-www-form-urlencoded")
            known = {p["name"] for p in operation["parameters"] if p["in"] == "formData"} | {
                name for schema in branches(self.document, content.get(kind, {}).get("schema", {}))
                for name in schema.get("properties", {})}
            body = request.get("body", request.get("form", request.get("multipart", {})))
            sent = set(body) if isinstance(body, dict) else set()
            self.check("%s: body of %s" % (tool["name"], request["url"]), sent <= known, str(sent - known))
            answers = [answer for status, answer in operation["responses"].items() if status[0] == "2"]
            schemas = [a.get("schema") or a["content"]["application/json"]["schema"] for a in answers]
            find = spec.get("find")
            picks = spec["response"] if find is None else dict({"list": {"each": find["each"], "item": dict(
                {pointer: pointer for pointer in find["match"] + [find["id"]]}, candidate=find["candidate"])}},
                **{key: find[key] for key in ("next_cursor",) if key in find})
            for pointer, has in pointers(self.document, schemas, picks):
                if not re.fullmatch(self.about.not_shown, "%s %s" % (tool["name"], pointer)):
                    self.check("%s: %s in the answer to %s" % (tool["name"], pointer, request["url"]), has)

    def control(self, mock):
        """The mock does refuse, and its log says so."""
        method, path, body = self.about.wrong
        connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=CALL_S)
        credential = {"Authorization": self.about.authorization} if self.about.authorization else {}
        connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded", **credential})
        status = connection.getresponse().status
        connection.close()
        said = mock.news()
        self.check("the mock refuses %s %s" % (method, path), status in (400, 422) and mock.refuses(said),
                   "%d\n%s" % (status, said))

    def judge(self, mock, tool):
        ways = [("what is required", False, self.about.all), ("all arguments", True, self.about.all)]
        if any("find" in step for step in tool.get("steps", [])) and self.about.names:
            ways.append(("names", True, self.about.names))
        for way, full, more in ways:
            arguments = self.arguments(tool, full, more)
            wrong, text = self.bridge.call(tool["name"], arguments)
            said = mock.news()
            asked = said.count("Request received")
            broken = mock.refuses(said)
            steps = tool.get("steps", [])
            wanted = 1 + sum(s.get("when", way) in (*arguments, way) and ("unless" not in s.get("find", {}) or
                                                                             way == "names") for s in steps)
            self.calls += asked
            self.check("%s, %s" % (tool["name"], way), not wrong and not broken and asked == wanted,
                       "%d requests instead of %d\n%s\n%s\n%s" % (asked, wanted, json.dumps(arguments), text[:1500],
                                                                  said[-2500:]))

    def path_of(self, request):
        """Its path behind base_url and a credential in it."""
        return re.sub("^" + self.base, "", urlsplit(request["path"]).path)

    def at(self, request):
        """A pattern of the paths of a request of the file."""
        return re.sub(r"\\{\w+\\}", "[^/]+", re.escape(urlsplit(request["url"].split("{?")[0]).path))

    def script(self, last):
        """A service that answers the requests before a tool's own, and `last` to it; what it was asked."""
        asked = []

        def answer(request):
            asked.append(request)
            path = self.path_of(request)
            return last(path) or {"body": next((body for end, body in self.about.before.items()
                                                if path.endswith(end)), {})}
        self.bridge.stub.handler = answer
        return asked

    def refused(self, tool, at, status, headers, body):
        """The failure that a model sees when the request to a path that matches `at` is answered so."""
        asked = self.script(lambda path: {"status": status, "headers": headers, "body": json.dumps(body)}
                            if re.fullmatch(at, path) else None)
        finds = any("find" in step for step in tool.get("steps", []))
        arguments = self.arguments(tool, True, dict(self.about.all, **(self.about.names if finds else {})))
        wrong, text = self.bridge.call(tool["name"], arguments)
        result = json.loads(text).get("result", {})
        failure = json.loads(result["content"][0]["text"]) if wrong and result.get("content") else {}
        return failure, "%s\n%s" % ([(a["method"], a["path"]) for a in asked], text[:1000])

    def code(self, body):
        """What is at the file's pointer to an error's code, which is a member of a member at most."""
        for name in self.root["error"]["code"].split("/")[1:]:
            body = body.get(name, "") if isinstance(body, dict) else ""
        return str(body)

    def wanted(self, status, body):
        """The code that the file makes of an answer."""
        known = self.root["error"]["codes"].get(self.code(body))
        by_status = {400: "bad_request", 401: "upstream_unauthorized", 403: "upstream_forbidden", 404: "not_found",
                     409: "conflict", 413: "too_large", 422: "invalid", 429: "rate_limited"}
        return by_status.get(status) if known is None or known.get("code") is None else known["code"]

    def errors(self, tool):
        """Each error that the document lists for each of the tool's requests."""
        requests = [step["request"] for step in tool.get("steps", [])] + [tool["request"]]
        for request in requests:
            at = self.at(request)
            for status, headers, body, wait in self.about.errors(self.document, request):
                failure, more = self.refused(tool, at, status, headers, body)
                wanted = self.wanted(status, body)
                good = wanted is not None and failure.get("code") == wanted and failure["http_status"] == status and (
                    wanted not in GENERIC or self.code(body) in self.about.generic)
                if wait is not None:
                    good = good and failure["retryable"] and failure.get("retry_after_s") == wait
                self.check("%s: %s to %s" % (tool["name"], json.dumps(body), at), good,
                           "%s wanted\n%s" % (wanted, more))

    def codes(self):
        """Each code that the file knows, in the provider's shape; and one that it does not."""
        tool = self.root["tools"][0]
        at = self.at(tool["request"])
        for code, known in self.root["error"]["codes"].items():
            status, headers, body = self.about.shape(code)
            failure, more = self.refused(tool, at, status, headers, body)
            good = failure.get("code") == self.wanted(status, body)
            if "hint" in known:
                good = good and failure["hint"].startswith(known["hint"])
            if "Retry-After" in headers:
                good = good and failure.get("retry_after_s") == int(headers["Retry-After"])
            if "retryable" in known:
                good = good and failure["retryable"] == known["retryable"]
            self.check("the code %s" % code, good, more)
        status, headers, body = self.about.shape("99999")
        failure, more = self.refused(tool, at, status, headers, body)
        self.check("a code that the file does not know", failure.get("code") == "99999", more)
        # Without a place for the key a write that may have been done is not to be repeated.
        failure, more = self.refused(tool, at, 500, {}, "down")
        self.check("500 without JSON", failure.get("http_status") == 500 and
                   failure["retryable"] == ("{idempotency_key}" in json.dumps(tool["request"])), more)

    def names(self):
        """Candidates for a name that nothing has."""
        for tool in self.root["tools"]:
            steps = tool.get("steps", [])
            finds = [(at, step["find"]["argument"]) for at, step in enumerate(steps, 1) if "find" in step]
            if finds:
                at, argument = finds[0]
                asked = self.script(lambda path: None)
                _, text = self.bridge.call(tool["name"], dict(self.arguments(tool, False, self.about.all),
                                                              **{argument: "strin"}))
                failure = json.loads(json.loads(text)["result"]["content"][0]["text"])
                self.check("%s: a name that nothing has" % tool["name"], failure["code"] == "name_unknown" and
                           [c.get("name") for c in failure["candidates"]] == ["string"] and len(asked) == at, text)

    def whole(self):
        went = sum(self.outgoing(tool) for tool in self.root["tools"] if tool.get("write"))
        came = sum(self.incoming(tool) for tool in self.root["tools"] if not tool.get("write"))
        self.check("texts went %d times and came %d times" % (went, came), went > 0 and
                   (came > 0 or self.name == "twilio"))

    def outgoing(self, tool):
        """Emoji of many characters and right-to-left text arrive whole in whatever is sent."""
        used = json.dumps([tool["request"].get(kind) for kind in ("body", "form", "multipart")])
        made = {name: how["argument"] for name, how in tool.get("derive", {}).items() if "markdown" in how}
        free = [name for name, schema in tool["inputSchema"]["properties"].items()
                if schema.get("type") == "string" and not {"pattern", "format", "enum", "const"} & set(schema)
                and schema.get("maxLength", 1000) >= len(WHOLE) and name not in ("cursor", "idempotency_key")
                and '"base64": "{%s}"' % name not in used
                and any("{%s}" % n in used for n in [name, *(n for n, a in made.items() if a == name)])]
        for name in free:
            asked = self.script(lambda path: None)
            self.bridge.call(tool["name"], dict(self.arguments(tool, False, self.about.all), **{name: WHOLE}))
            sent = json.dumps(body_of(asked[-1]) if asked else None, ensure_ascii=False)
            self.check("%s: %s arrives whole" % (tool["name"], name), WHOLE in sent, sent[:1000])
        return len(free)

    def incoming(self, tool):
        """And come back whole in whatever others wrote."""
        document = filled(tool["response"], tool.get("outputSchema", {}))
        success = tool.get("success", self.root.get("success"))
        if success:
            put(document, success["pointer"], success["equals"])
        if WHOLE not in json.dumps(document, ensure_ascii=False):
            return 0
        self.script(lambda path: {"body": json.dumps(document)}
                    if re.fullmatch(self.at(tool["request"]), path) else None)
        got, text = self.result(tool["name"], self.arguments(tool, False, self.about.all))
        self.check("%s: a text comes back whole" % tool["name"], WHOLE in json.dumps(got, ensure_ascii=False),
                   "%s\n%s" % (json.dumps(document)[:1500], text[:1500]))
        return 1

    def result(self, name, arguments):
        wrong, text = self.bridge.call(name, arguments)
        result = json.loads(text).get("result", {})
        return {} if wrong else result.get("structuredContent", {}), text

    def preview(self, name, arguments):
        """What a person is shown who must agree to a call; nothing may be sent for that."""
        allowing, self.bridge = self.bridge, None
        try:
            self.start("asking-%d" % self.keys, allow=False)
            self.keys += 1
            asked = self.script(lambda path: {})
            _, text = self.bridge.call(name, arguments)
            self.stop()
        finally:
            if self.bridge is not None:
                self.bridge.close()
            self.bridge = allowing
        failure = json.loads(json.loads(text)["result"]["content"][0]["text"])
        self.check("%s: a person is asked" % name, failure["code"] == "confirmation_required" and not asked, text)
        return failure.get("preview", {}), text

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
        wanted = dict(self.about.opens, **{path: body})
        sent = [(self.path_of(r), body_of(r)) for r in asked if r["method"] != "GET"]
        self.check("%s: what is sent" % name, sent and sent[-1][0] == path and
                   all(wanted.get(at) == s for at, s in sent) and
                   all("authorization" in r["headers"] or self.about.authorization is None for r in asked)
                   and {key: got.get(key) for key in result} == result, "%s\n%s" % (sent, text[:1000]))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*", choices=[*PROVIDERS, []])
    arguments.add_argument("--build", default=os.environ.get("BUILD_DIR", ROOT / "build" / "asan"))
    arguments.add_argument("-v", dest="verbose", action="store_true")
    options = arguments.parse_args()
    folder = Path(os.environ["OPENAPI"]).resolve() if os.environ.get("OPENAPI") else None
    passed = failed = skipped = 0
    for name in options.names or PROVIDERS:
        document = document_of(PROVIDERS[name], folder)
        if document is None:
            print("SKIP %s: OPENAPI names no folder that has %s" % (name, PROVIDERS[name].document))
            skipped += 1
            continue
        with tempfile.TemporaryDirectory(prefix="ums-contracts.") as tmp:
            began = time.monotonic()
            provider = Provider(Path(options.build).resolve(), Path(tmp), document, name, options.verbose)
            provider.run()
            print("%-10s %d passed, %d failed, %d tools, %d judged requests, %.0f s" % (
                name, provider.passed, provider.failed, len(provider.root["tools"]), provider.calls,
                time.monotonic() - began))
            passed += provider.passed
            failed += provider.failed
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
