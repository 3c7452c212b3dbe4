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
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
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
    desk.own("policy = allow:*", "tools_off = wipe")
    expect("warning" not in desk.run("tools").out, "a short list is not warned of")


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
    shown(done.out, "tools", "call TOOL", "key ")


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


def command_call_dry_run(desk):
    words = ["create_item", 'to=["bob"]', "text=Hi", "idempotency_key=k", "--dry-run"]
    done = desk.call(*words, env={"UMS_MCP_AUDIT": str(desk.tmp / "audit"),
                                  "UMS_MCP_BOARD": str(desk.tmp / "board"),
                                  "UMS_MCP_POLICY": "confirm:create_item"})
    expect(done.code == 0 and "a person would be asked first" in done.err, "%s" % done)
    key = re.search(r"Idempotency-Key: [0-9a-f]{64}\n", done.out)
    expect(key, "the key, as it is sent: %s" % done)
    expect(TRACE.sub("", done.out.replace(key.group(0), "")) ==
           "POST http://127.0.0.1:%d/api/items\nAuthorization: Bearer ***\n"
           "Accept: application/json\nContent-Type: application/json\n\n"
           '{"to":["bob"],"text":"Hi","title":"Item: Hi!","braces":"{literal}",'
           '"list":["fixed",7]}\n' % desk.stub.port, "%s" % done)
    expect(not desk.asked, "sent: %s" % desk.asked)
    left = sorted(p.name for p in desk.tmp.iterdir())
    expect(left == ["conf", "log", "token"], "made: %s" % left)
    # What it shows is what is then sent.
    expect(desk.call(*words[:-1]).code == 0, "the call itself")
    sent = desk.asked.pop()
    expect(sent["headers"]["idempotency-key"] == [key.group(0).split()[1]]
           and sent["body"].decode() == done.out.splitlines()[-1], "%s" % sent)
    done = desk.call("delete_item", "item_id=..", "-n")
    expect(done.code == 1 and "invalid_argument" in done.err and not done.out, "%s" % done)
    done = desk.call("server_info", "-n")
    expect(done.code == 100 and "sends no request" in done.err, "%s" % done)
    expect(not desk.asked, "sent: %s" % desk.asked)


def command_call_credentials(desk):
    """Each kind of credential in a dry run; a token is not fetched for it."""
    for name, auth, line in (
            ("basic", {"type": "basic", "username": "u", "password": {"file": "token"}},
             "Authorization: Basic ***"),
            ("header", {"type": "header", "header": "X-Key", "value": {"file": "token"}},
             "X-Key: ***"),
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
