#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an operator runs at a terminal: ums-mcp tools, call and stdio.

    tests/commands.py [NAME ...] [--build DIR] [-v]

Every function command_NAME is one. It gets a Desk: a configuration with a stub upstream, and ways
to run the program. Nothing that it writes may hold the upstream's token or a sanitizer's report.
"""
import argparse
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE / "clients"))
from attack import expect  # noqa: E402
from cases import SANITIZERS, Bridge, Failure  # noqa: E402
from rig import Rig  # noqa: E402

OK = {"status": 200, "body": {"id": "i1", "state": "o"}}
TRACE = re.compile(r"traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00\n")

SERVICE = {
    "name": "shop", "base_url": "http://127.0.0.1:1/v1",
    "auth": {"type": "bearer", "token": {"file": "token"}},
    "tools": [
        {"name": "send", "description": "Sends a thing. " + "And says more of it. " * 8,
         "write": True, "policy": "confirm",
         "inputSchema": {
             "type": "object", "$defs": {"size": {"type": "integer", "minimum": 1, "maximum": 9}},
             "properties": {
                 "note": {"type": "string", "default": "none"},
                 "size": {"$ref": "#/$defs/size"},
                 "to": {"type": "array", "items": {"enum": ["ann", "bob"]}},
                 "when": {"type": "string", "format": "date-time"},
                 "any": {}, "two": {"type": ["string", "null"]},
                 "on": {"type": "boolean"}, "ratio": {"type": "number", "minimum": 0},
                 "a_name_that_is_longer_than_the_others": {"type": "object"}},
             "required": ["to", "size"]},
         "request": {"method": "POST", "url": "/send", "body": {"to": "{to}", "size": "{size}"}},
         "response": {"id": "/id"}},
        {"name": "look", "description": "Looks.", "inputSchema": {"type": "object"},
         "request": {"method": "GET", "url": "/look"}, "response": {"id": "/id"}},
        {"name": "mail", "description": "Mails.", "write": True,
         "inputSchema": {"type": "object", "properties": {"channel": {"type": "string"}}},
         "request": {"method": "POST", "url": "/mail"}, "response": {"id": "/id"}},
        {"name": "wipe", "description": "Wipes.", "write": True,
         "inputSchema": {"type": "object"},
         "request": {"method": "POST", "url": "/wipe"}, "response": {"id": "/id"}},
    ]}

TABLE = """\
TOOL         SERVICE  DOES   TOKENS  POLICY
send         shop     write     222  confirm: by its service file
look         shop     read       48  allow
mail         shop     write      80  varies: by channel or caller, see policy
wipe         shop     write       -  deny: denied by the configuration's policy
server_info  -        read        -  off: named in the configuration's tools_off

3 of 5 tools are on, about 350 tokens (1396 bytes) in tools/list
"""

LONG = """
send (shop, write, confirm, about 222 tokens)
  Sends a thing. And says more of it. And says more of it. And says more of it.
  And says more of it. And says more of it. And says more of it. And says more
  of it. And says more of it.
    size              required: integer, 1 to 9
    to                required: array of one of ann, bob
    note              string, default "none"
    when              string (date-time)
    any               any value
    two               one of the types string, null
    on                boolean
    ratio             number, at least 0
    a_name_that_is_longer_than_the_others  object
    idempotency_key   string
    confirm_token     string

look (shop, read, allow, about 48 tokens)
  Looks.
"""


class Run:
    """What a run of the program has written, and how it ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return "exit %s\n%s\n%s" % (self.code, self.out, self.err)

    def json(self):
        return json.loads(self.out)


class Desk(Bridge):
    """A configuration, its stub upstream, and the program run as a command."""

    def __init__(self, build, tmp):
        super().__init__(build, tmp)
        self.asked = []
        self.answer = OK
        self.stub.handler = self.serve
        self.write_conf()

    def serve(self, request):
        self.asked.append(request)
        return self.answer(request) if callable(self.answer) else self.answer

    def judge(self, done):
        text = done.out + done.err
        for word in SANITIZERS + (self.token,):
            expect(word not in text, "%s in what is said: %s" % (word, text[-3000:]))
        return done

    def run(self, *words, text=None, env=None):
        done = subprocess.run([self.binary, *words], env=self.environment(env), text=True,
                              input=text, capture_output=True, timeout=60)
        return self.judge(Run(done.returncode, done.stdout, done.stderr))

    def call(self, *words, **more):
        return self.run("call", *words, **more)

    def typed(self, *words, keys="", until=b"[y/N] "):
        """The same at a terminal, where `keys` is typed once it is asked for."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(self.binary, [self.binary, *words], self.environment())
        said, sent, end = b"", not keys, time.monotonic() + 60
        while time.monotonic() < end:
            if not select.select([fd], [], [], 1)[0]:
                continue
            try:
                chunk = os.read(fd, 65536)
            except OSError:     # the other side is closed
                chunk = b""
            if not chunk:
                break
            said += chunk
            if not sent and until in said:
                os.write(fd, keys.encode())
                sent = True
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(fd)
        return self.judge(Run(code, said.decode().replace("\r\n", "\n"), ""))

    def own(self, *conf, service=None):
        """A service file of this test instead of the cases'."""
        file = self.tmp / "shop.json"
        file.write_text(json.dumps(service or SERVICE))
        text = ["auth = none", "services = %s" % file, "store = %s/store" % self.tmp,
                "state_key = %s/state.key" % self.tmp,
                "service.shop.base_url = http://127.0.0.1:%d/v1" % self.stub.port, *conf]
        self.conf.write_text("\n".join(text) + "\n")


class Session:
    """ums-mcp stdio as a client has it: messages out, answers by their ids in."""

    def __init__(self, desk, *words, env=None, stdin=subprocess.PIPE, stdout=subprocess.PIPE):
        self.desk = desk
        self.log = desk.tmp / ("stdio-%d" % time.monotonic_ns())
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [desk.binary, "stdio", *words], env=desk.environment(env), stdin=stdin,
                stdout=stdout, stderr=log)
        self.held = b""

    def send(self, *messages):
        for m in messages:
            text = m if isinstance(m, bytes) else json.dumps(m, ensure_ascii=False).encode()
            self.process.stdin.write(text + b"\n")
        self.process.stdin.flush()

    def line(self, seconds=20):
        """The next line; None at the end of the output."""
        end = time.monotonic() + seconds
        fd = self.process.stdout.fileno()
        while b"\n" not in self.held:
            if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
                raise Failure("no answer in %s s; the log: %s" % (seconds, self.said()))
            chunk = os.read(fd, 1 << 20)
            if not chunk:
                expect(not self.held, "half a line: %r" % self.held[-500:])
                return None
            self.held += chunk
        line, _, self.held = self.held.partition(b"\n")
        return line

    def read(self, seconds=20):
        line = self.line(seconds)
        return None if line is None else json.loads(line.decode())

    def ask(self, message):
        self.send(message)
        answer = self.read()
        expect(answer and answer.get("id") == message["id"], "%s: %s" % (message, answer))
        return answer

    def said(self):
        return self.log.read_text("utf-8", "backslashreplace")

    def end(self, code=0, seconds=20):
        """The input's end, if it has not come; what was still written, as messages."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        rest = []
        while self.process.stdout:
            message = self.read(seconds)
            if message is None:
                break
            rest.append(message)
        try:
            got = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure("it does not end: %s" % self.said()[-3000:]) from None
        expect(got == code, "it ended with %s: %s" % (got, self.said()[-3000:]))
        self.desk.check_log(self.said())
        for line in self.said().splitlines():
            expect(isinstance(json.loads(line), dict), "a log line: %s" % line)
        return rest


META = "io.modelcontextprotocol/"


def legacy(number, method, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def modern(number, method, capabilities=None, **params):
    params["_meta"] = {META + "protocolVersion": "2026-07-28",
                       META + "clientCapabilities": capabilities or {}}
    return legacy(number, method, **params)


def get_item(number, item="1", form=legacy):
    return form(number, "tools/call", name="get_item", arguments={"item_id": item})


def list_items(number):
    return legacy(number, "tools/call", name="list_items")


def cancelled(number):
    return {"jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": {"requestId": number, "reason": "test"}}


def shown(said, *parts):
    for part in parts:
        expect(part in said, "%r is not in %s" % (part, said))


# ---- tools

def command_tools(desk):
    desk.own("tools_off = server_info",
             "policy = deny:wipe confirm:mail:channel=sms allow:look:caller=x")
    done = desk.run("tools")
    table = TABLE.replace("allow\n", "varies: by channel or caller, see policy\n", 1)
    expect((done.code, done.out, done.err) == (0, table, ""), "the table: %s" % done)
    desk.own("tools_off = server_info", "policy = deny:wipe confirm:mail:channel=sms")
    done = desk.run("tools", "-l", "-c", str(desk.conf), env={"UMS_MCP_CONFIG": "/nowhere"})
    expect(done.out.startswith(TABLE + LONG), "with arguments: %s" % done)
    expect(max(len(line) for line in done.out.splitlines()) <= 80, "80 columns: %s" % done)
    test = desk.run("-t")
    shown(test.out, "tools/list: 3 tools, 1396 bytes, about 350 tokens\n")
    expect(not (desk.tmp / "store").exists() and not (desk.tmp / "state.key").exists(),
           "nothing is made")
    desk.own("read_only = yes", "policy = allow:*")
    done = desk.run("tools")
    shown(done.out, "off: the configuration is read_only", "allow: by the configuration's policy")


def command_tools_cost(desk):
    service = json.loads(json.dumps(SERVICE))
    for i, tool in enumerate(service["tools"]):
        tool["description"] = "x" * 4 * (900 + 100 * i)
    desk.own("policy = allow:*", service=service)
    done = desk.run("tools")
    shown(done.out.replace("\n  ", " "), "warning: tools/list takes about 4", "more than 4000; "
          "most of all wipe (1", "), mail (1", ") and send (1", "tools_off")
    shown(desk.run("-t").err, "tools/list takes about 4", "wipe (1")
    session = Session(desk)
    session.end()
    shown(session.said(), '"level":"warn"', "tools/list takes about 4")
    desk.launch()
    desk.stop()
    shown(desk.text(), '"level":"warn"', "tools/list takes about 4")
    desk.own("policy = allow:*", "tools_off = wipe")
    expect("warning" not in desk.run("tools").out, "a short list is not warned of")
    expect(not desk.run("-t").err, "nor by a test")


def command_tools_wrong(desk):
    for words in (["-x"], ["send"], ["-c"]):
        done = desk.run("tools", *words)
        expect(done.code == 100 and "usage: ums-mcp tools" in done.err, "%s: %s" % (words, done))
    done = desk.run("tools", "--help")
    expect(done.code == 0 and "usage: ums-mcp tools" in done.out, "%s" % done)
    done = desk.run("tools", "-c", str(desk.tmp / "none"))
    expect(done.code == 100 and "none" in done.err, "no file: %s" % done)


def command_help(desk):
    done = desk.run("--help")
    lines = done.out.splitlines()
    expect(done.code == 0 and len(lines) <= 24 and max(map(len, lines)) <= 80,
           "a screen: %d lines\n%s" % (len(lines), done.out))
    shown(done.out, "tools", "call TOOL", "stdio", "key ")


# ---- call

def command_call(desk):
    done = desk.call("get_item", "item_id=a b")
    expect((done.code, done.err) == (0, "") and
           done.json() == {"id": "i1", "status": "open", "source": "cases", "untrusted": ["text"]}, "%s" % done)
    expect(done.out.count("\n") == 1, "compact: %s" % done)
    asked = desk.asked.pop()
    expect(asked["path"] == "/api/items/a%20b", "path: %s" % asked)
    expect(asked["headers"]["authorization"] == ["Bearer " + desk.token], "credential: %s" % asked)
    done = desk.typed("call", "get_item", "item_id=1")
    expect(done.code == 0 and '{\n  "id": "i1",\n  "status": "open",' in done.out,
           "pretty at a terminal: %s" % done)
    done = desk.call("server_info")
    expect(done.json()["caller"] == "operator", "the caller: %s" % done)
    audit = desk.tmp / "audit"
    desk.call("get_item", "item_id=1", env={"UMS_MCP_AUDIT": str(audit)})
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    expect([(x["caller"], x["tool"]) for x in lines] == [("operator", "get_item")],
           "the audit: %s" % lines)


def command_call_arguments(desk):
    desk.answer = {"status": 201, "body": {"id": "n1"}}
    (desk.tmp / "text").write_text("two\nlines é\n")
    (desk.tmp / "list.json").write_text('["ann", "bob"]\n')
    (desk.tmp / "all.json").write_text('{"to": ["eve"], "count": 12345678901234567890}')
    full = ["to=@%s/list.json" % desk.tmp, "text=@%s/text" % desk.tmp, "count=20", "ratio=0.25",
            'meta={"a": [1, null]}', "flag=true"]
    done = desk.call("create_item", *full)
    expect(done.code == 0 and done.json() == {"id": "n1"}, "%s" % done)
    body = json.loads(desk.asked.pop()["body"])
    expect(body["to"] == ["ann", "bob"] and body["text"] == "two\nlines é\n"
           and body["numbers"] == {"count": 20, "ratio": 0.25} and body["meta"] == {"a": [1, None]}
           and body["list"][0] is True, "the body: %s" % body)
    done = desk.call("create_item", "text:=\"@a=b\"", "--json", str(desk.tmp / "all.json"))
    body = desk.asked.pop()["body"]
    expect(done.code == 0 and b"12345678901234567890" in body and b'"@a=b"' in body,
           "digits as they came: %s %s" % (body, done))
    done = desk.call("create_item", "--json", "-", "text=1=2", text='{"to":["x"]}')
    expect(done.code == 0 and json.loads(desk.asked.pop()["body"])["text"] == "1=2", "%s" % done)


def command_call_wrong(desk):
    wrong = {
        "to: takes an array as JSON": ["create_item", "text=x", "to=ann"],
        'such as to=\'["one","two"]\'': ["create_item", "to=[1"],
        "count: takes an integer": ["create_item", "count=many"],
        "flag: takes true or false": ["create_item", "flag=yes"],
        "text: is given twice": ["create_item", "text=1", "text=2"],
        '"text" is no argument': ["create_item", "text"],
        '"=x" is no argument': ["create_item", "=x"],
        "nothere: cannot be read": ["create_item", "text=@%s/nothere" % desk.tmp],
        "text: must be UTF-8": ["create_item", b"text=\xff"],
        'no tool "nothing"': ["nothing"],
        "off_tool is off: named": ["off_tool"],
        "the standard input:1:2: ": ["create_item", "-j", "-"],
        "usage: ums-mcp call": [],
        "invalid option": ["create_item", "-x"],
    }
    for said, words in wrong.items():
        done = desk.call(*words, text="{x")
        expect(done.code == 100 and said in done.err and not done.out, "%s: %s" % (words, done))
    done = desk.call("create_item", "-j", "-", text="[1]")
    expect(done.code == 100 and "one JSON object" in done.err, "%s" % done)
    done = desk.call("get_item")
    expect(done.code == 1 and 'invalid_argument: missing argument "item_id"' in done.err,
           "%s" % done)
    done = desk.call("create_item", 'to=["a"]', "text=" + "x" * 70000,
                     env={"UMS_MCP_BODY_MAX": "2048"})
    expect(done.code == 1 and "longer than body_max (2048 bytes)" in done.err, "%s" % done)
    done = desk.call("create_item", "-c", str(desk.tmp / "none"))
    expect(done.code == 100 and "none" in done.err, "%s" % done)
    expect(not desk.asked, "nothing was sent: %s" % desk.asked)


def command_call_fails(desk):
    desk.answer = {"status": 409, "body": {"error": {
        "code": "who", "message": "two of them", "request_id": "r-1",
        "candidates": [{"id": "c1", "name": "Sam"}, {"id": "c2", "name": "\u009b2J"}]}}}
    done = desk.call("get_item", "item_id=1")
    expect(done.code == 1 and not done.out, "%s" % done)
    shown(done.err, "ums-mcp: recipient_ambiguous: Use one candidate's id.",
          '  candidates: {"id":"c1","name":"Sam"}\n', '"r-1"')
    expect("\u009b" not in done.err, "a control reached the terminal: %r" % done.err)
    desk.answer = {"status": 429, "headers": {"Retry-After": "7"}, "body": {}}
    done = desk.call("get_item", "item_id=1")
    expect(done.code == 1, "%s" % done)
    shown(done.err, "rate_limited", "repeat it after: 7 s")
    desk.answer = {"behaviour": "close"}
    done = desk.call("get_item", "item_id=1", "-v")
    expect(done.code == 1, "%s" % done)
    shown(done.err, "upstream_broken", "< no answer (broken): ")
    done = desk.call("get_item", "item_id=1", env={"UMS_MCP_POLICY": "deny:get_*:caller=operator"})
    expect(done.code == 1 and "denied: " in done.err, "policy holds: %s" % done)


def command_call_shows(desk):
    # The service says our credential back: it is not shown, wherever it stands.
    desk.answer = lambda request: {
        "status": 200, "headers": {"X-Echo": request["headers"]["authorization"][0]},
        "body": {"id": request["headers"]["authorization"][0], "state": "o"}}
    done = desk.call("get_item", "item_id=1", "label=x", "--verbose")
    expect(done.code == 0 and done.json()["id"] == "Bearer ***", "%s" % done)
    port = desk.stub.port
    said = TRACE.sub("traceparent\n", done.err)
    shown(said, "> GET http://127.0.0.1:%d/api/items/1\n> Authorization: Bearer ***\n"
          "> X-Label: item x\n> Accept: application/json\n> traceparent\n< HTTP/1.1 200 " % port,
          "< X-Echo: Bearer ***\n", '< {"id":"Bearer ***","state":"o"}\n')
    done = desk.call("get_item", "item_id=1")
    expect(done.json()["id"] == "Bearer ***" and not done.err, "%s" % done)


def command_call_shows_blocks(desk):
    """What a result has beside its JSON is shown, and so is one without."""
    reading = {"inputSchema": {"type": "object"}, "request": {"method": "GET", "url": "/notes"}}
    desk.own(service={
        "name": "shop", "base_url": "http://127.0.0.1:1/v1", "auth": SERVICE["auth"],
        "tools": [{"name": "notes", "description": "Notes.", "response": {"n": "/n"},
                   "content": [{"type": "text", "text": "/note"}], **reading},
                  {"name": "page", "description": "A page.", "response": "raw", "uri": "shop://page",
                   **reading}]})
    desk.answer = {"status": 200, "body": {"n": 1, "note": "a\x1b[2Jb"}}
    done = desk.call("notes")
    expect(done.code == 0 and done.json() == {"n": 1}, "%s" % done)
    expect(done.err == '  beside it: {"type":"text","text":"a[2Jb"}\n', "%r" % done.err)
    done = desk.call("page")
    expect(done.code == 0 and done.json()[0]["type"] == "text" and not done.err, "%s" % done)


def command_call_shows_a_url(desk):
    """A URL that the service gave is somebody else's text, too."""
    port = desk.stub.port
    desk.own(service={
        "name": "shop", "base_url": "http://127.0.0.1:1/v1", "auth": SERVICE["auth"],
        "origins": ["http://127.0.0.1:%d" % port],
        "tools": [{
            "name": "put", "description": "Puts.", "write": True,
            "inputSchema": {"type": "object", "properties": {"name": {"type": "string"}},
                            "required": ["name"]},
            "steps": [{"request": {"method": "GET", "url": "/list"},
                       "find": {"argument": "name", "each": "/l", "match": ["/n"],
                                "id": "/u", "as": "at"}}],
            "request": {"method": "PUT", "url": "{at}"}, "response": {}}]})
    desk.answer = {"status": 200, "body": {"l": [
        {"n": "a", "u": "http://127.0.0.1:%d/\x1b[2Jx" % port}]}}
    done = desk.call("put", "name=a", "-v")
    expect("> PUT http://127.0.0.1:%d/" % port in done.err, "%s" % done)
    expect("\x1b" not in done.err, "an escape at the terminal: %r" % done.err)


def command_call_dry_run(desk):
    words = ["create_item", 'to=["bob"]', "text=Hi", "idempotency_key=k", "--dry-run"]
    done = desk.call(*words, env={"UMS_MCP_AUDIT": str(desk.tmp / "audit"),
                                  "UMS_MCP_BOARD": str(desk.tmp / "board"),
                                  "UMS_MCP_POLICY": "confirm:create_item"})
    expect(done.code == 0 and "a person would be asked first" in done.err, "%s" % done)
    key = re.search(r"Idempotency-Key: [A-Za-z0-9_-]{22}\n", done.out)
    expect(key, "the key, as it is sent: %s" % done)
    expect(TRACE.sub("", done.out.replace(key.group(0), "")) ==
           "POST http://127.0.0.1:%d/api/items\nAuthorization: Bearer ***\n"
           "Accept: application/json\nContent-Type: application/json\n\n"
           '{"to":["bob"],"text":"Hi","title":"Item: Hi!","braces":"{literal}",'
           '"list":["fixed",7]}\n' % desk.stub.port, "%s" % done)
    expect(not desk.asked, "sent: %s" % desk.asked)
    left = sorted(p.name for p in desk.tmp.iterdir())
    expect(left == ["api_keys", "conf", "log", "token"], "made: %s" % left)
    # What it shows is what is then sent.
    expect(desk.call(*words[:-1]).code == 0, "the call itself")
    sent = desk.asked.pop()
    expect(sent["headers"]["idempotency-key"] == [key.group(0).split()[1]]
           and sent["body"].decode() == done.out.splitlines()[-1], "%s" % sent)
    done = desk.call("delete_item", "item_id=..", "-n")
    expect(done.code == 1 and "invalid_argument" in done.err and not done.out, "%s" % done)
    done = desk.call("server_info", "-n")
    expect(done.code == 100 and "sends no request" in done.err, "%s" % done)
    desk.own(service={
        "name": "shop", "base_url": "http://127.0.0.1:1/v1", "tools": [{
            "name": "put", "description": "Puts.", "write": True, "inputSchema": {"type": "object"},
            "steps": [{"request": {"method": "GET", "url": "/look"}, "response": {"id": "/id"}}],
            "request": {"method": "PUT", "url": "/{id}"}, "response": {}}]})
    done = desk.call("put", "-n")
    expect("put is up to 2 requests; the first that would be sent is shown" in done.err
           and re.match(r"GET \S+/v1/look\n", done.out), "%s" % done)
    expect(not desk.asked, "sent: %s" % desk.asked)


def command_call_credentials(desk):
    """Each kind of credential in a dry run; a token is not fetched for it."""
    for name, auth, line in (
            ("basic", {"type": "basic", "username": "u", "password": {"file": "token"}},
             "Authorization: Basic ***"),
            ("header", {"type": "header", "header": "X-Key", "value": {"file": "token"}},
             "X-Key: ***"),
            ("path", {"type": "path", "path": "/bot{token}", "token": {"file": "token"}},
             "GET http://127.0.0.1:%d/v1/bot***/look" % desk.stub.port),
            ("none", {"type": "none"}, None),
            ("oauth2", {"type": "oauth2", "grant": "client_credentials",
                        "token_url": "http://127.0.0.1:%d/token" % desk.stub.port,
                        "client_id": "c", "client_secret": {"file": "token"}},
             "Authorization: Bearer ***")):
        desk.own("policy = allow:*", service=dict(SERVICE, auth=auth))
        done = desk.call("look", "--dry-run")
        got = [x for x in done.out.splitlines() if "***" in x]
        expect(done.code == 0 and got == ([line] if line else []), "%s: %s" % (name, done))
    expect(not desk.asked, "sent: %s" % desk.asked)


def command_call_path(desk):
    """A credential in the path is sent there, and shown nowhere: not in a request, not where the service says
    it back, not in what fails, not in the log."""
    desk.own("policy = allow:*", service=dict(SERVICE, auth={"type": "path", "path": "/bot{token}",
                                                             "token": {"file": "token"}}))
    wanted = "/v1/bot%s/look" % desk.token
    for status in (200, 404):
        desk.answer = lambda request: {"status": status, "headers": {"X-Echo": request["path"]},
                                       "body": {"id": "no " + request["path"], "error": request["path"]}}
        for words in ([], ["-v"]):
            done = desk.call("look", *words)
            expect(desk.asked[-1]["path"] == wanted and "authorization" not in desk.asked[-1]["headers"],
                   "%s" % desk.asked)
            expect(done.code == (0 if status == 200 else 1) and desk.token not in done.out + done.err, "%s" % done)
            expect(not words or "> GET http://127.0.0.1:%d/v1/bot***/look\n" % desk.stub.port in done.err and
                   "< X-Echo: /v1/bot***/look\n" in done.err, "%s" % done)


def command_stdio_path(desk):
    """Nor where a model reads it: in a result and in a failure of a client's call."""
    desk.own("policy = allow:*", service=dict(SERVICE, error={"message": "/error"}, auth={
        "type": "path", "path": "/bot{token}", "token": {"file": "token"}}))
    session = Session(desk)
    for status in (200, 404):
        desk.answer = lambda request: {"status": status, "body": {"id": "no " + request["path"],
                                                                  "error": request["path"]}}
        answer = json.dumps(session.ask(legacy(status, "tools/call", name="look", arguments={})))
        expect("/bot****" in answer and desk.token not in answer, answer)
    session.end()
    expect(desk.token not in session.said(), "it is in the log")


def command_call_signed(desk):
    """What signs a request is shown no more than any other credential."""
    desk.own("policy = allow:*", service=dict(SERVICE, auth={
        "type": "hmac", "key": {"file": "token"}, "sign": "{timestamp} {target}",
        "headers": {"X-Time": "{timestamp}", "X-Signature": "v1={signature}"}}))
    done = desk.call("look", "-v")
    sent = desk.asked[-1]["headers"]
    expect(done.code == 0 and len(sent["x-signature"][0]) == 67, "%s %s" % (done, sent))
    expect("> X-Signature: ***\n" in done.err and sent["x-signature"][0][3:] not in done.err, "%s" % done)
    done = desk.call("look", "--dry-run")
    expect("X-Signature: ***\n" in done.out, "%s" % done)


def command_call_once(desk):
    """Records hold for the operator as for everybody: a repeat is not sent."""
    words = ["post_form", "text=Hi", "idempotency_key=once"]
    first, second = desk.call(*words), desk.call(*words)
    expect((first.code, second.code, len(desk.asked)) == (0, 0, 1), "%s %s" % (first, second))
    expect(second.json().get("idempotent_replay") is True, "%s" % second)
    other = desk.call("post_form", "text=Ho", "idempotency_key=once")
    expect(other.code == 1 and "idempotency_conflict" in other.err, "%s" % other)


def command_call_confirm(desk):
    desk.write_conf(["policy = confirm:delete_item"])
    done = desk.typed("call", "delete_item", "item_id=7", keys="n\n")
    expect(done.code == 1 and not desk.asked, "declined: %s" % done)
    shown(done.out, '"item_id": "7"', "Do it? [y/N] ", "nothing was done")
    done = desk.typed("call", "delete_item", "item_id=7", keys="y\n")
    expect(done.code == 0 and [x["method"] for x in desk.asked] == ["DELETE"],
           "agreed: %s %s" % (done, desk.asked))
    # Without a terminal it is said how to agree, and that works once.
    done = desk.call("delete_item", "item_id=7", text="y\n")
    token = re.search(r"call it again with (confirm_token=\S+)\n", done.err)
    expect(done.code == 1 and token and len(desk.asked) == 1, "not asked: %s" % done)
    done = desk.call("delete_item", "item_id=8", token.group(1))
    expect(done.code == 1 and "confirm_token_invalid" in done.err, "for another: %s" % done)
    done = desk.call("delete_item", "item_id=7", token.group(1))
    expect(done.code == 0 and len(desk.asked) == 2, "by token: %s" % done)
    done = desk.call("delete_item", "item_id=7", token.group(1))
    expect(done.code == 1 and "confirm_token_used" in done.err, "twice: %s" % done)
    text = desk.conf.read_text().replace("state_key", "#state_key")
    desk.conf.write_text(text)
    done = desk.call("delete_item", "item_id=7")
    expect(done.code == 1 and "only with state_key" in done.err, "no key: %s" % done)
    done = desk.call("list_items", "cursor=x")
    expect(done.code == 1 and "a cursor outlives the process that gave it only with state_key" in done.err,
           "%s" % done)


def command_call_network(desk):
    """`auth` is for who comes over the network; no key and no token is the operator's name."""
    keys = desk.tmp / "keys"
    done = desk.run("key", "new", "operator", "--file", str(keys))
    expect(done.code == 100 and "operator" in done.err, "%s" % done)
    made = subprocess.run([desk.binary, "key", "new", "ann", "--file", str(keys)], text=True,
                          env=desk.environment(), capture_output=True, timeout=60)
    expect(made.returncode == 0, made.stderr)
    desk.write_conf(["auth = api_key", "api_keys_file = %s" % keys])
    expect(desk.call("get_item", "item_id=1").code == 0, "scopes and auth are not asked for")


def command_call_local(desk):
    """A message through the reference service, as scripts/run starts it."""
    with Rig("lighttpd") as rig:
        conf = ["-c", os.path.join(rig.state, "ums-mcp.conf")]
        done = desk.call("send_message", 'to=["bob"]', "text=From a terminal", *conf)
        expect(done.code == 0, "%s" % done)
        sent = done.json()["message_id"]
        done = desk.call("get_message", "message_id=" + sent, *conf)
        expect(done.code == 0 and done.json()["text"] == "From a terminal", "%s" % done)
        done = desk.call("send_message", 'to=["nobody"]', "text=x", *conf)
        expect(done.code == 1 and "recipient" in done.err, "%s" % done)
        done = desk.call("send_message", 'to=["bob"]', "text=x", "--dry-run", "-v", *conf)
        expect(done.code == 0 and rig.token not in done.out + done.err
               and "POST https://127.0.0.1:%d/v1/messages\n" % rig.service_port in done.out,
               "%s" % done)
        done = desk.call("list_messages", "contact=bob", "-v", *conf)
        expect(done.code == 0 and rig.token not in done.out + done.err
               and len(done.json()["messages"]) == 1, "%s" % done)
    problems = rig.problems()
    expect(not problems, "; ".join(problems))
    rig.clean()


# ---- completion

def command_completion(desk):
    """What bash would offer behind each of these words; the last one is what is being typed."""
    desk.own("tools_off = server_info", "policy = deny:wipe")
    conf = str(desk.conf)
    offers = {
        ("",): {"tools", "call", "stdio", "key", "doctor", "import", "--config", "--listen", "--workers",
                "--test", "--print", "--version", "--help"},
        ("doctor", "--t"): {"--token-file"},
        ("t",): {"tools"},
        ("-c", conf, "c"): {"call"},
        ("tools", "-"): {"--long", "--config", "--help"},
        ("stdio", "--c"): {"--config"},
        ("key", ""): {"new", "list", "revoke", "--help"},
        ("import", "--o"): {"--operation", "--output"},
        ("import", "--h"): {"--help"},
        ("key", "revoke", "--o"): {"--older"},
        ("call", "-c", conf, ""): {"send", "look", "mail"},
        ("call", "-c", conf, "s"): {"send"},
        ("call", "-c", conf, "send", "t"): {"to=", "two="},
        ("call", "-c", conf, "send", "to", "=", "x"): set(),
        ("call", "-c", conf, "send", "to", "=", "x", "t"): {"two="},
        ("call", "send", "-c", conf, "confirm"): {"confirm_token="},
        ("call", "-c", conf, "nothing", ""): set(),
        ("call", "-c", conf, "send", "--d"): {"--dry-run"},
        ("call", "-c", str(desk.tmp / "none"), ""): set(),
        ("tools", "-c", conf[:-1]): {conf},
    }
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '_ums_mcp "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    for words, wanted in offers.items():
        done = subprocess.run(
            ["bash", "--norc", "-c", script, "bash",
             str(HERE.parent / "etc" / "completion" / "ums-mcp.bash"), desk.binary, *words],
            env=desk.environment({"UMS_MCP_CONFIG": str(desk.tmp / "none")}),
            capture_output=True, text=True, timeout=60)
        expect(done.stderr == "" and set(done.stdout.split()) == wanted,
               "%s: %s not %s %s" % (words, done.stdout.split(), wanted, done.stderr))
    done = subprocess.run(["bash", "--norc", "-c", 'source "$1"; complete -p ums-mcp', "bash",
                           str(HERE.parent / "etc" / "completion" / "ums-mcp.bash")],
                          capture_output=True, text=True, timeout=60)
    expect(done.stdout == "complete -F _ums_mcp ums-mcp\n", "%s" % done)


# ---- stdio

def command_stdio(desk):
    """Both eras in one session; ids come back as they were."""
    session = Session(desk)
    hello = session.ask(legacy(0, "initialize", protocolVersion="2025-11-25", capabilities={},
                               clientInfo={"name": "c", "version": "1"}))["result"]
    expect(hello["protocolVersion"] == "2025-11-25" and hello["serverInfo"]["name"] == "ums-mcp",
           "initialize: %s" % hello)
    session.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    expect(session.ask(legacy("p", "ping"))["result"] == {}, "ping")
    tools = session.ask(legacy(2, "tools/list"))["result"]["tools"]
    expect(len(tools) == 9, "tools: %s" % tools)
    got = session.ask(get_item(3))["result"]
    expect(got["structuredContent"]["id"] == "i1" and "resultType" not in got, "%s" % got)
    found = session.ask(modern(-4, "server/discover"))["result"]
    expect(found["supportedVersions"] == ["2026-07-28"], "%s" % found)
    got = session.ask(get_item("fünf\n", form=modern))["result"]
    expect(got["resultType"] == "complete" and got["structuredContent"]["id"] == "i1", "%s" % got)
    # An argument that HTTP clients mirror in a header.
    got = session.ask(modern(6, "tools/call", name="by_region", arguments={"region": "eu"}))
    expect("result" in got and not got["result"].get("isError"), "mirrored: %s" % got)
    wrong = session.ask(dict(modern(7, "tools/list"), method="ping"))["error"]
    expect(wrong["code"] == -32601, "ping is gone: %s" % wrong)
    old = modern(8, "tools/list")
    old["params"]["_meta"][META + "protocolVersion"] = "2030-01-01"
    wrong = session.ask(old)["error"]
    expect(wrong["code"] == -32022 and wrong["data"]["supported"] == ["2026-07-28"], "%s" % wrong)
    session.send(modern(9, "subscriptions/listen", notifications={}))
    first, second = session.read(), session.read()
    expect(first["method"] == "notifications/subscriptions/acknowledged" and second["id"] == 9,
           "listen: %s %s" % (first, second))
    info = session.ask(legacy(10, "tools/call", name="server_info"))["result"]
    expect(info["structuredContent"]["caller"] == "operator", "%s" % info)
    expect(session.end() == [], "nothing else is written")


def command_stdio_attacks(desk):
    """Whatever comes, each line has one answer at most, and the next is served."""
    session = Session(desk, env={"UMS_MCP_BODY_MAX": "65536"})
    call = json.dumps(get_item(1)).encode()
    wrong = [
        (b"garbage", -32700), (b"{", -32700), (b"\x00", -32700), (b"\0" * 5000, -32700),
        (call + b"\0", -32700), (call[:-1], -32700), (call.replace(b'"1"', b'"\xff"'), -32700),
        (b'{"a":"' + b"x" * (1 << 22) + b'"}', -32600), (b"[" * 60000, -32700),
        (b"x" * 65536, -32700), (b"x" * 65537, -32600), (b"[]", -32600),
        (call.replace(b'"id": 1', b'"id": null'), -32600), (b"42", -32600), (b'"', -32700),
    ]
    for line, code in wrong:
        session.send(line)
        answer = session.read()
        expect(answer.get("error", {}).get("code") == code and "id" not in answer,
               "%.60r: %s" % (line, answer))
        expect(session.ask(legacy(2, "ping"))["result"] == {}, "ping after %.60r" % line)
    # What needs no answer gets none: blank lines, notifications, answers to nothing of ours.
    session.send(b"", b"   \t", b"\r", b'{"jsonrpc":"2.0","method":"notifications/x"}',
                 b'{"jsonrpc":"2.0","id":1,"result":{}}', cancelled(99), cancelled(None),
                 {"jsonrpc": "2.0", "method": "notifications/cancelled"}, call + b"\r")
    expect(session.read()["id"] == 1, "the call, with a CR before its line end")
    # Byte by byte, and half a line at the end.
    for byte in call + b"\n":
        session.process.stdin.write(bytes([byte]))
        session.process.stdin.flush()
    expect(session.read()["result"]["structuredContent"]["id"] == "i1", "byte by byte")
    session.process.stdin.write(call[:40])
    rest = session.end()
    expect([m["error"]["code"] for m in rest] == [-32700], "half a line: %s" % rest)
    session = Session(desk)
    session.process.stdin.write(call)
    rest = session.end()
    expect([m["id"] for m in rest] == [1], "a line without its end: %s" % rest)


def command_stdio_pipelined(desk):
    """1,000 calls at once; then few of them at a time, by max_inflight, none refused."""
    lock, now, most = threading.Lock(), [0], [0]

    def slowly(request):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        return {"status": 200, "body": {"id": request["path"].rpartition("/")[2], "state": "o"}}

    desk.answer = slowly
    for env, least, limit in (({"UMS_MCP_UPSTREAM_TIMEOUT_MS": "20000",
                                "UMS_MCP_REQUEST_TIMEOUT_MS": "30000",
                                "UMS_MCP_SERVICE_CASES_MAX_INFLIGHT": "100"}, 0, 100),
                              ({"UMS_MCP_MAX_INFLIGHT": "7"}, 3, 7)):
        most[0] = 0
        session = Session(desk, env=env)
        lines = b"".join(json.dumps(get_item(i, "n%d" % i)).encode() + b"\n"
                         for i in range(1000))
        writer = threading.Thread(target=lambda: session.process.stdin.write(lines))
        writer.start()
        answers = [session.read() for _ in range(1000)]
        writer.join()
        expect(sorted(a["id"] for a in answers) == list(range(1000)), "each id once")
        good = [a for a in answers if not a["result"].get("isError")]
        expect(all(a["result"]["structuredContent"]["id"] == "n%d" % a["id"] for a in good),
               "each its own answer")
        busy = [a for a in answers if a["result"].get("isError")]
        expect(all("service_busy" in a["result"]["content"][0]["text"] for a in busy)
               and len(good) >= 100 and (least == 0 or not busy), "%d busy: %s"
               % (len(busy), busy[:1]))
        expect(least <= most[0] <= limit, "%d at once" % most[0])
        expect(session.end() == [], "no more")


def command_stdio_cancel(desk):
    desk.answer = lambda request: {"behaviour": "stall"} if request["method"] == "GET" else {
        "status": 201, "delay_ms": 500, "body": {"id": "p1"}}
    session = Session(desk, env={"UMS_MCP_REQUEST_TIMEOUT_MS": "20000",
                                 "UMS_MCP_UPSTREAM_TIMEOUT_MS": "15000"})
    session.send(list_items(1), list_items("1"), legacy(2, "tools/call", name="post_form",
                                                    arguments={"text": "Hi"}))
    Bridge.wait_for(lambda: len(desk.asked) == 3, 10, "the calls: %s" % desk.asked)
    session.send(cancelled("1"), cancelled(2), cancelled(3), legacy(4, "ping"))
    expect(session.read()["id"] == 4, "those that were cancelled have no answer")
    Bridge.wait_for(lambda: desk.stub.left_early == 1, 10, "the read is not given up")
    # A write goes on; what is left is the call with the number.
    Bridge.wait_for(lambda: '"tool":"post_form"' in session.said(), 10, "the write ends")
    expect('"client":"gone"' in session.said(), "the log says so: %s" % session.said())
    session.send(cancelled(1))
    expect(session.end() == [], "no answer at all")
    expect(desk.stub.left_early == 2, "and the other one")


def command_stdio_batch(desk):
    """A batch: one line in, one line out, in its order; until a later version is negotiated."""
    def answer(request):
        item = request["path"].rpartition("/")[2]
        if not item.startswith("n"):
            return {"behaviour": "stall"}
        return {"status": 200, "delay_ms": 300 - 100 * int(item[1:]),
                "body": {"id": item, "state": "o"}}

    def hello(version):
        return legacy(0, "initialize", protocolVersion=version, capabilities={},
                      clientInfo={"name": "c", "version": "1"})

    desk.answer = answer
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    session = Session(desk, env={"UMS_MCP_DRAIN_TIMEOUT_S": "1",
                                 "UMS_MCP_UPSTREAM_TIMEOUT_MS": "60000",
                                 "UMS_MCP_REQUEST_TIMEOUT_MS": "60000"})
    expect(session.ask(hello("2025-03-26"))["result"]["protocolVersion"] == "2025-03-26", "hello")
    session.send(json.dumps([get_item(i, "n%d" % i) for i in range(3)] + [note, 7]).encode())
    got = session.read()
    expect([m["result"]["structuredContent"]["id"] for m in got[:3]] == ["n0", "n1", "n2"]
           and [m["id"] for m in got[:3]] == [0, 1, 2] and got[3]["error"]["code"] == -32600
           and len(got) == 4, "%s" % got)
    # What is cancelled has no answer, and what asks nothing none either.
    asked = len(desk.asked)
    session.send(json.dumps([list_items(1), legacy(2, "ping")]).encode())
    Bridge.wait_for(lambda: len(desk.asked) > asked, 10, "the call")
    session.send(json.dumps([note, cancelled(1)]).encode())
    got = session.read()
    expect([m["id"] for m in got] == [2], "%s" % got)
    session.send(b"[" + json.dumps(hello("2025-11-25")).encode() + b"]")
    expect(session.read()[0]["error"]["code"] == -32600, "initialize in a batch")
    session.ask(hello("2025-11-25"))
    session.send(b"[" + json.dumps(legacy(3, "ping")).encode() + b"]")
    expect("batches" in session.read()["error"]["message"], "of a later version")
    session.ask(hello("2025-03-26"))
    # The end of the input, and of the time for what is in flight.
    asked = len(desk.asked)
    session.send(json.dumps([list_items(4), legacy(5, "ping"), list_items(6)]).encode())
    Bridge.wait_for(lambda: len(desk.asked) >= asked + 2, 10, "the calls")
    expect(session.end() == [] and "2 left" in session.said(), session.said())


def command_stdio_ends(desk):
    """The end of the input: what is in flight is answered, but not waited for without end."""
    desk.answer = dict(OK, delay_ms=300)
    session = Session(desk)
    session.send(get_item(1), get_item(2))
    rest = session.end()
    expect(sorted(m["id"] for m in rest) == [1, 2], "answered: %s" % rest)
    desk.answer = {"behaviour": "stall"}
    for how in ("end", "term"):
        session = Session(desk, env={"UMS_MCP_DRAIN_TIMEOUT_S": "1",
                                     "UMS_MCP_UPSTREAM_TIMEOUT_MS": "60000",
                                     "UMS_MCP_REQUEST_TIMEOUT_MS": "60000"})
        asked = len(desk.asked)
        session.send(list_items(1))
        Bridge.wait_for(lambda n=asked: len(desk.asked) > n, 10, "the call")
        if how == "term":
            session.process.send_signal(signal.SIGTERM)
            session.process.wait(20)
        expect(session.end() == [] and "1 left" in session.said(), "%s: %s"
               % (how, session.said()))
    session = Session(desk)
    session.ask(legacy(1, "ping"))
    session.process.send_signal(signal.SIGHUP)
    session.process.wait(20)
    session.end()
    for name in (os.devnull, str(desk.tmp / "in")):
        (desk.tmp / "in").write_text("\n".join(json.dumps(legacy(i, "ping")) for i in range(3000)))
        with open(name, "rb") as stdin:
            session = Session(desk, stdin=stdin)
            rest = session.end()
        expect([m["id"] for m in rest] == list(range(0 if name == os.devnull else 3000)),
               "from %s: %d" % (name, len(rest)))


def command_stdio_output(desk):
    """A client that does not read for a while, one that has closed its end, and a full disk."""
    desk.answer = {"status": 200, "body": {"id": "x" * 3000, "state": "o"}}
    session = Session(desk, env={"UMS_MCP_MAX_INFLIGHT": "50"})
    lines = b"".join(json.dumps(get_item(i)).encode() + b"\n" for i in range(400))
    writer = threading.Thread(target=lambda: session.process.stdin.write(lines))
    writer.start()
    Bridge.wait_for(lambda: len(desk.asked) >= 50, 20, "%d were sent" % len(desk.asked))
    writer.join(0.5)
    sent = len(desk.asked)
    expect(sent < 200, "it reads on though nobody takes its answers: %d" % sent)
    answers = [session.read() for _ in range(400)]
    writer.join()
    expect(sorted(a["id"] for a in answers) == list(range(400)), "all of them, later")
    session.end()
    desk.answer = dict(OK, delay_ms=300)
    session = Session(desk)
    session.send(get_item(1))
    session.process.stdout.close()
    session.process.stdout = None
    session.send(legacy(2, "ping"))
    expect(session.process.wait(20) == 0, "%s" % session.said())
    session.end()
    with open("/dev/full", "wb") as full:
        session = Session(desk, stdout=full)
        session.send(get_item(1), legacy(2, "ping"))
        expect(session.process.wait(20) == 0, "%s" % session.said())
        session.end()
    shown(session.said(), "the standard output cannot be written")


def command_stdio_refused(desk):
    """What comes no further than the rates says whose it was; a notification is not answered."""
    session = Session(desk, env={"UMS_MCP_RATE_LIMIT": "requests=2/h"})
    expect("result" in session.ask(legacy(1, "ping")), "the first")
    session.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    for i in range(3):
        session.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        wrong = session.ask(legacy("r%d" % i, "ping"))["error"]
        expect("too many requests" in wrong["message"], "%s" % wrong)
    expect(session.end() == [], "notifications have no answer")


def command_stdio_confirm(desk):
    """A modern client asks its person itself; another one gets a token."""
    desk.write_conf(["policy = confirm:delete_item"])
    session = Session(desk)
    params = {"name": "delete_item", "arguments": {"item_id": "7"}}
    asked = session.ask(modern(1, "tools/call", {"elicitation": {}}, **params))["result"]
    expect(asked["resultType"] == "input_required" and not desk.asked, "%s" % asked)
    done = session.ask(modern(2, "tools/call", {"elicitation": {}}, **params,
                              requestState=asked["requestState"],
                              inputResponses={"confirm": {"action": "accept",
                                                          "content": {"confirm": True}}}))
    expect(not done["result"].get("isError") and len(desk.asked) == 1, "%s" % done)
    refused = session.ask(legacy(3, "tools/call", **params))["result"]
    refused = json.loads(refused["content"][0]["text"])
    params["arguments"]["confirm_token"] = refused["confirm_token"]
    done = session.ask(legacy(4, "tools/call", **params))["result"]
    expect(not done.get("isError") and len(desk.asked) == 2, "%s" % done)
    session.end()


def command_wrong(desk):
    done = desk.run("sendd")
    expect(done.code == 100 and 'no command "sendd"' in done.err, "%s" % done)


def command_stdio_wrong(desk):
    for words in (["-x"], ["more"], ["-c"]):
        done = desk.run("stdio", *words)
        expect(done.code == 100 and "usage: ums-mcp stdio" in done.err, "%s: %s" % (words, done))
    done = desk.run("stdio", "-c", str(desk.tmp / "none"))
    expect(done.code == 100 and "none" in done.err and not done.out, "%s" % done)


def run(build, tmp, function):
    try:
        desk = Desk(build, tmp)
        try:
            function(desk)
        finally:
            desk.close()
    except Failure as e:
        return str(e)
    return None


WALK = re.compile(r"^## A service of your own.*?(?=^## )", re.M | re.S)


def acme(request):
    """The API of README's walk."""
    if request["headers"].get("x-api-key") != ["my-key"]:
        return {"status": 401, "body": {"ok": False, "err": {"no": 1, "text": "no key"}}}
    if request["method"] == "POST":
        return {"status": 200, "body": {"ok": True, "sms": {"id": "s1"}}}
    return {"status": 200, "body": {"ok": True, "last": "", "list": [{"id": "r1", "from": "+1", "text": "Hi"}]}}


def command_readme_walk(desk):
    """README's walk, word for word but for the host of its API, which is made up."""
    blocks = re.findall(r"^```sh\n(.*?)^```", WALK.search((ROOT / "README.md").read_text())[0], re.M | re.S)
    expect(len(blocks) == 6 and blocks[0].startswith("make && PATH=$PWD/build/release:$PATH"), blocks)
    desk.answer = acme
    home = desk.tmp / "walk"
    home.mkdir()
    env = dict(desk.environment(), UMS_MCP_SERVICE_ACME_BASE_URL="http://127.0.0.1:%d/v2" % desk.stub.port)
    env["PATH"] = "%s:%s" % (Path(desk.binary).resolve().parent, env.get("PATH", "/usr/bin:/bin"))
    said = []
    for block in ["mkdir -p acme\n", *blocks[1:5]]:
        done = subprocess.run(["sh", "-c", "cd acme 2>/dev/null; " + block], cwd=home, env=env, text=True,
                              input="", capture_output=True, timeout=60)
        said.append(desk.judge(Run(done.returncode, done.stdout, done.stderr)))
    wrong, mended, tried = said[2:]
    expect(wrong.code == 100 and "/tools/1/request/url: {max}: no argument of this name" in wrong.err, wrong)
    expect(mended.code == 0 and "3 tools" in mended.out + mended.err, mended)
    expect(all(word in tried.out + tried.err for word in (
        "send_sms (acme, write, confirm", "GET http://127.0.0.1", "after=&max=5", "X-Api-Key: ***",
        '"message_id":"r1"', "confirmation_required")), tried)
    expect([r["path"] for r in desk.asked] == ["/v2/sms?after=&max=5"], desk.asked)
    expect((home / "acme" / "acme.key").stat().st_mode & 0o77 == 0, "others may read the key")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--build", default=os.environ.get(
        "BUILD_DIR", str(HERE.parent / "build" / "asan")))
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    passed = failed = 0
    tmp = Path(tempfile.mkdtemp(prefix="commands."))
    for name, function in [(k[8:], v) for k, v in globals().items() if k.startswith("command_")]:
        if args.names and name not in [n.replace("-", "_") for n in args.names]:
            continue
        began = time.monotonic()
        why = run(Path(args.build), tmp / name, function)
        if why:
            failed += 1
            print("FAIL %s: %s" % (name.replace("_", "-"), why), flush=True)
        else:
            passed += 1
            if args.verbose:
                print("ok %s (%.1f s)" % (name.replace("_", "-"), time.monotonic() - began),
                      flush=True)
    shutil.rmtree(tmp, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
