#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ums-local from the outside: every endpoint, good and bad, over FastCGI.

    tests/local/test_local.py [part of a test's name ...]

UMS_LOCAL names the program (default build/asan/ums-local). The last line is
"N passed, N failed"; the exit code is 0 when nothing failed.
"""
import base64
import email
import email.header
import json
import os
import re
import signal
import socket
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True         # nothing is left in the source tree
sys.path.insert(0, os.path.join(ROOT, "tests"))
import fastcgi  # noqa: E402
from fastcgi import FastCGIClient, FastCGIError  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("UMS_LOCAL", os.path.join(ROOT, "build/asan/ums-local")))
OPENAPI = os.path.join(ROOT, "etc/services/ums.openapi.json")
TOKEN = "static-token-of-the-test"
MEMORY_REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error|UndefinedBehavior")
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

TESTS = []


FOLDERS = tempfile.TemporaryDirectory(prefix="ums-local.")


def new_folder():
    return tempfile.mkdtemp(dir=FOLDERS.name)


def test(function):
    TESTS.append(function)
    return function


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%d %s" % (self.status, self.body[:600].decode("utf-8", "replace"))


class Server:
    """One ums-local in a folder of its own."""

    def __init__(self, *options, folder=None, clients=None, **settings):
        self.folder = folder or new_folder()
        self.socket = os.path.join(self.folder, "s")
        self.db = os.path.join(self.folder, "db")
        self.log_path = os.path.join(self.folder, "log")
        self.log = open(self.log_path, "ab")
        args = [PROGRAM, "--db", self.db, "--socket", self.socket, "--token-file",
                self.write("token", TOKEN + "\n")]
        if clients is not None:
            args += ["--clients-file", self.write("clients", json.dumps(clients))]
        self.process = subprocess.Popen(args + list(options), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, **settings)
        self.client = FastCGIClient(self.socket)
        self.wait_ready()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as out:
            out.write(text)
        return path

    def wait_ready(self):
        end = time.monotonic() + 15
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError("ums-local ended: " + self.text())
            try:
                if self.get("/healthz").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError("ums-local does not answer: " + self.text())

    def text(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def lines(self):
        text = self.text()      # a line that is being written is not one yet
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()
                if line.startswith("{")]

    def children(self):
        """The living ones; a killed child stays listed as a zombie until it is reaped."""
        out = subprocess.run(["ps", "-o", "pid=,stat=", "--ppid", str(self.process.pid)],
                             capture_output=True, text=True, check=False).stdout
        rows = [line.split() for line in out.splitlines()]
        return [int(pid) for pid, state in rows if not state.startswith("Z")]

    def stop(self):
        """End it as an init system would; its exit and its memory must be in order."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(90)
        self.log.close()
        text = self.text()
        assert not MEMORY_REPORT.search(text), text[-6000:]
        assert code == 0, "exit code %d: %s" % (code, text[-3000:])
        assert not os.path.exists(self.socket), "the socket is left behind"

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        elif self.process.poll() is None:
            self.process.terminate()
            self.process.wait(90)

    def call(self, method, target, body=None, headers=None, token=TOKEN, raw=None, **more):
        sent = {}
        if token is not None:
            sent["Authorization"] = "Bearer " + token
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        if body is not None or raw is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        sent = {k: v for k, v in sent.items() if v is not None}
        return Answer(*self.client.request(fastcgi.params(method, target, sent, data, **more),
                                           data))

    def get(self, path, headers=None, token=TOKEN, **query):
        pairs = [(k, v) for k, v in query.items() if v is not None]
        if pairs:
            path += "?" + urllib.parse.urlencode(pairs, doseq=True)
        return self.call("GET", path, headers=headers, token=token)

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)

    def send(self, to="alice", text="hello", **more):
        answer = self.post("/v1/messages", dict({"to": to, "text": text}, **more))
        assert answer.status == 201, answer
        return answer.json


class Sink(socketserver.ThreadingTCPServer):
    """An SMTP server that keeps what it gets; a recipient with 'refuse' in it is refused."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SinkHandler)
        self.mails = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "smtp://127.0.0.1:%d" % self.server_address[1]


class SinkHandler(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 sink")
        sender, to = None, []
        for line in self.rfile:
            word = line.decode().strip()
            verb = word.upper()
            if verb.startswith(("EHLO", "HELO")):
                self.say("250 sink")
            elif verb.startswith("MAIL"):
                sender = word
                self.say("250 ok")
            elif verb.startswith("RCPT"):
                if "refuse" in word:
                    self.say("550 no such user")
                    continue
                to.append(word)
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go")
                data = b""
                for part in self.rfile:
                    if part == b".\r\n":
                        break
                    data += part
                self.server.mails.append((sender, to, data))
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


def until(what, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come true within %d s" % seconds)


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def expect(answer, status, code=None, field=None):
    """An answer with this status; a problem must be complete and of this code."""
    assert answer.status == status, answer
    assert answer.headers.get("x-request-id"), answer.headers
    if status >= 400:
        problem = answer.json
        assert answer.headers["content-type"] == "application/problem+json", answer.headers
        for name in ("type", "title", "status", "detail", "code", "request_id"):
            assert name in problem, problem
        assert problem["status"] == status and problem["code"] == code, answer
        assert problem["request_id"] == answer.headers["x-request-id"], problem
        if field is not None:
            assert problem["detail"].startswith(field), problem["detail"]
    else:
        assert answer.headers["content-type"] == "application/json", answer.headers
        assert int(answer.headers["content-length"]) == len(answer.body), answer.headers
    return answer.json


# -- start, options ---------------------------------------------------------------------------


def run(*args, **more):
    return subprocess.run([PROGRAM] + list(args), capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False, **more)


@test
def options_help_and_version():
    out = run("--help")
    assert out.returncode == 0 and "--token-file" in out.stdout, out
    out = run("--version")
    assert out.returncode == 0 and re.match(r"ums-local \d+\.\d+", out.stdout), out


@test
def options_refused():
    folder = new_folder()
    path = os.path.join(folder, "t")
    with open(path, "w") as out:
        out.write("x\n")
    base = ["--db", os.path.join(folder, "db")]
    for args in ([], base, base + ["--token-file", path, "--workers", "0"],
                 base + ["--token-file", path, "--workers", "x"],
                 base + ["--token-file", path, "--smtp", "smtp://127.0.0.1:25"],
                 base + ["--token-file", path, "--smtp", "http://x", "--mail-from", "a@b.c"],
                 base + ["--token-file", path, "--socket", ":9000"],
                 base + ["--token-file", os.path.join(folder, "none")],
                 base + ["--token-file", path, "--what"], base + ["--token-file", path, "extra"]):
        out = run(*args)
        assert out.returncode == 100 and out.stderr.startswith(("ums-local", PROGRAM)), (args, out)


@test
def options_clients_file_refused():
    folder = new_folder()
    path = os.path.join(folder, "c")
    for text in ("", "[]", "{\"a\":1}", "{\"a\":\"\"}", "{\"a\":\"b\"", "{\"\":\"b\"}"):
        with open(path, "w") as out:
            out.write(text)
        out = run("--db", os.path.join(folder, "db"), "--clients-file", path)
        assert out.returncode == 100 and "client_id" in out.stderr, (text, out)


@test
def init_only_makes_a_private_store():
    folder = new_folder()
    db = os.path.join(folder, "db")
    for _ in range(2):
        out = run("--db", db, "--init-only")
        assert out.returncode == 0 and out.stderr == "", out
    assert os.stat(db).st_mode & 0o077 == 0, oct(os.stat(db).st_mode)
    out = run("--db", os.path.join(folder, "no", "db"), "--init-only")
    assert out.returncode == 1 and "no/db" in out.stderr, out


@test
def newer_store_is_refused():
    folder = new_folder()
    db = os.path.join(folder, "db")
    con = sqlite3.connect(db)
    con.execute("PRAGMA user_version = 99")
    con.commit()
    con.close()
    out = run("--db", db, "--init-only")
    assert out.returncode == 1 and "version 99" in out.stderr, out
    with open(db, "wb") as out:
        out.write(b"this is not a database at all, but long enough to be read as one" * 64)
    out = run("--db", db, "--init-only")
    assert out.returncode == 1 and "not a database" in out.stderr, out


@test
def older_store_is_brought_up():
    with Server() as s:
        s.send("bob")
    con = sqlite3.connect(s.db)
    con.executescript("DROP INDEX contact_phone; DROP TABLE attachment; PRAGMA user_version = 1")
    con.close()
    with Server(folder=s.folder) as s:
        assert len(s.get("/v1/messages", contact="+15550100").json["data"]) == 1
        con = sqlite3.connect(s.db)
        plan = con.execute("EXPLAIN QUERY PLAN SELECT id FROM contact WHERE phone = ?", ("1",))
        assert "contact_phone" in str(plan.fetchall())
        con.close()


@test
def descriptor_zero():
    folder = new_folder()
    token = os.path.join(folder, "token")
    with open(token, "w") as out:
        out.write(TOKEN)
    args = [PROGRAM, "--db", os.path.join(folder, "db"), "--token-file", token]
    out = run(*args[1:])
    assert out.returncode == 1 and "descriptor 0" in out.stderr, out
    path = os.path.join(folder, "s")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    process = subprocess.Popen(args, stdin=listener, stderr=subprocess.PIPE)
    try:
        client = FastCGIClient(path)
        assert client.request(fastcgi.params("GET", "/healthz"))[0] == 200
    finally:
        process.terminate()
        text = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 0 and not MEMORY_REPORT.search(text), text
    assert os.path.exists(path), "a socket that was not ours is gone"


@test
def socket_in_use_and_stale():
    with Server() as s:
        out = run("--db", s.db, "--socket", s.socket, "--token-file", s.folder + "/token")
        assert out.returncode == 1 and "another process" in out.stderr, out
        assert s.get("/healthz").status == 200
        mode = os.stat(s.socket).st_mode & 0o777
        assert mode == 0o660, oct(mode)
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(s.socket)
    stale.close()
    with Server(folder=s.folder):
        pass
    with open(s.socket, "w") as out:
        out.write("precious")
    out = run("--db", s.db, "--socket", s.socket, "--token-file", s.folder + "/token")
    assert out.returncode == 1 and "no socket" in out.stderr, out
    with open(s.socket) as precious:
        assert precious.read() == "precious"


# -- HTTP: tokens, methods, bodies ------------------------------------------------------------


@test
def health_needs_no_token():
    with Server() as s:
        assert expect(s.get("/healthz", token=None), 200) == {"status": "ok"}


@test
def unauthorized():
    with Server() as s:
        for headers in ({}, {"Authorization": ""}, {"Authorization": "Bearer"},
                        {"Authorization": "Bearer wrong"}, {"Authorization": "Basic " + TOKEN},
                        {"Authorization": "Bearer " + TOKEN + "x"},
                        {"Authorization": "Bearer " + TOKEN[:-1]}):
            answer = s.get("/v1/contacts", headers=headers, token=None)
            expect(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer"), answer.headers
        assert s.get("/v1/contacts", token=None,
                     headers={"Authorization": "bearer " + TOKEN}).status == 200
        log = s.text()
        assert TOKEN not in log, "a token is in the log"


@test
def unknown_paths():
    with Server() as s:
        for path in ("/", "/v1", "/v1/", "/v2/messages", "/v1/messages/", "/v1/messages/x/y",
                     "/v1/messages/x/events/", "/healthz/", "//healthz", "/v1/contacts//messages",
                     "/a/b/c/d/e/f/g/h/i/j"):
            expect(s.get(path), 404, "not_found")
        expect(s.get("/v1/contacts/%zz"), 400, "bad_request")
        expect(s.get("/v1/contacts/%00"), 400, "bad_request")
        expect(s.get("/v1/contacts/%ff"), 400, "bad_request")
        expect(s.get("/v1/contacts/alice%2Fmessages"), 404, "not_found")
        expect(s.get("/v1/messages/..%2F..%2Fhealthz"), 404, "not_found")
        expect(s.call("GET", "http"), 400, "bad_request")
        expect(s.get("/v1/contacts/" + "x" * 9000), 400, "bad_request")


@test
def methods():
    with Server() as s:
        for method, path, allow in (("DELETE", "/v1/messages", {"GET", "HEAD", "POST"}),
                                    ("POST", "/v1/messages/search", {"GET", "HEAD"}),
                                    ("GET", "/v1/messages/preview", {"POST"}),
                                    ("PUT", "/v1/messages/x", {"GET", "HEAD"}),
                                    ("GET", "/v1/messages/x/cancel", {"POST"}),
                                    ("GET", "/oauth/token", {"POST"}),
                                    ("OPTIONS", "/healthz", {"GET", "HEAD"}),
                                    ("", "/healthz", {"GET", "HEAD"})):
            answer = s.call(method, path)
            expect(answer, 405, "method_not_allowed")
            assert set(answer.headers["allow"].split(", ")) == allow, answer.headers
        answer = s.call("HEAD", "/v1/contacts")
        assert answer.status == 200 and answer.body == b"", answer
        assert int(answer.headers["content-length"]) > 0


@test
def bodies_refused():
    with Server() as s:
        body = {"to": "alice", "text": "x"}
        for kind in (None, "text/plain", "application/jsonx", "application/x-www-form-urlencoded"):
            expect(s.post("/v1/messages", body, headers={"Content-Type": kind}), 415,
                   "unsupported_media_type")
        assert s.post("/v1/messages", body, headers={
            "Content-Type": "Application/JSON; charset=utf-8"}).status == 201
        for raw in (b"", b"{", b"{\"to\":\"alice\",\"to\":\"bob\"}", b"{}x", b"\xff", b"nul",
                    b"{\"text\":\"\xc3\x28\"}", b"[" * 5000):
            expect(s.call("POST", "/v1/messages", raw=raw), 400, "bad_request")
        for raw in (b"[]", b"1", b"null", b"\"x\"",
                    b"{\"to\":\"alice\",\"text\":\"a\\u0000b\"}"):
            expect(s.call("POST", "/v1/messages", raw=raw), 422, "validation")
        expect(s.post("/v1/messages", dict(body, surprise=1)), 422, "validation", "surprise")
        expect(s.call("POST", "/v1/messages/x/cancel", raw=b"{\"a\":1}"), 422, "validation", "a")


@test
def bodies_too_large():
    with Server() as s:
        expect(s.call("POST", "/v1/messages", raw=b" " * (256 * 1024 + 1)), 413, "too_large")
        expect(s.call("POST", "/v1/messages", raw=b" " * (256 * 1024 + 1),
                      CONTENT_LENGTH=""), 413, "too_large")
        expect(s.call("POST", "/v1/messages", raw=b" " * 3000000), 413, "too_large")
        expect(s.call("POST", "/v1/messages", raw=b"{}", CONTENT_LENGTH="99999999999999999999999"),
               400, "bad_request")
        expect(s.call("POST", "/v1/messages", raw=b"{}", CONTENT_LENGTH="-1"), 400, "bad_request")
        expect(s.call("POST", "/v1/messages", raw=b"{}", CONTENT_LENGTH="1000"), 400,
               "bad_request")
        raw = json.dumps({"to": "alice", "text": "x"}).encode().ljust(256 * 1024)
        expect(s.call("POST", "/v1/messages", raw=raw), 201)


@test
def queries_refused():
    with Server() as s:
        expect(s.get("/v1/messages", surprise="1"), 422, "validation", "surprise")
        expect(s.get("/healthz?x=1"), 422, "validation", "x")
        expect(s.get("/v1/messages?limit=1&limit=2"), 422, "validation", "limit")
        for limit in ("0", "51", "-1", "x", "", "1e1", "99999999999999999999", "+1", " 1", "1 ",
                      "1\n", "1.0", "0x1", "\u0661"):
            expect(s.get("/v1/messages", limit=limit), 422, "validation", "limit")
        for query in ("query=%", "query=%0", "query=%00", "query=%ff", "%ff=1",
                      "&".join("a%d=1" % i for i in range(200)), "query=" + "x" * 9000):
            expect(s.get("/v1/contacts?" + query), 400, "bad_request")
        expect(s.get("/v1/contacts?&&limit=1&"), 200)


@test
def request_ids():
    with Server() as s:
        seen = {s.get("/healthz").headers["x-request-id"] for _ in range(20)}
        assert len(seen) == 20, seen
        assert s.get("/healthz", headers={"X-Request-Id": "trace-1"}).headers[
            "x-request-id"] == "trace-1"
        for bad in ("a b", "x" * 65, "a\r\nb: c", "\u00e4"):
            assert s.get("/healthz", headers={"X-Request-Id": bad}).headers[
                "x-request-id"].startswith("req_")


@test
def log_lines():
    with Server() as s:
        s.send(text="the-secret-text")
        s.get("/v1/messages/search", query="the-secret-query")
        s.get("/v1/contacts/no%22such")
        lines = until(lambda: [x for x in s.lines() if x.get("path") == "/v1/contacts/no%22such"])
        for name in ("time", "method", "path", "status", "ms", "request_id"):
            assert name in lines[0], lines[0]
        text = s.text()
        assert "the-secret" not in text, text
        assert TOKEN not in text


# -- contacts ---------------------------------------------------------------------------------


@test
def contacts_seeded():
    with Server() as s:
        assert expect(s.get("/v1/contacts/alice"), 200) == {
            "id": "alice", "name": "Alice Example", "email": "alice@example.org"}
        bob = expect(s.get("/v1/contacts/bob"), 200)
        assert bob["email"] == "bob@example.org" and bob["phone"], bob
        expect(s.get("/v1/contacts/nobody"), 404, "not_found")
        page = expect(s.get("/v1/contacts"), 200)
        assert [c["id"] for c in page["data"]] == ["alice", "bob"] and page["next"] is None, page


@test
def contacts_added():
    with Server() as s:
        new = expect(s.post("/v1/contacts", {"id": "carol", "name": "Carol \u4e16\u754c",
                                             "email": "carol@example.org"}), 201)
        assert new == s.get("/v1/contacts/carol").json, new
        assert expect(s.post("/v1/contacts", {"name": "No Id"}), 201)["id"].startswith("con_")
        expect(s.post("/v1/contacts", {"id": "carol", "name": "x"}), 409, "conflict")
        expect(s.post("/v1/contacts", {"name": "x", "email": "CAROL@example.org"}), 409,
               "conflict")
        for body, field in (({}, "name"), ({"name": ""}, "name"), ({"name": "x" * 201}, "name"),
                            ({"name": "a\nb"}, "name"), ({"name": 1}, "name"),
                            ({"name": "x", "id": "a/b"}, "id"), ({"name": "x", "id": ""}, "id"),
                            ({"name": "x", "id": "ums"}, "id"), ({"name": "x", "id": 1}, "id"),
                            ({"name": "x", "id": "x" * 65}, "id"),
                            ({"name": "x", "email": "nope"}, "email"),
                            ({"name": "x", "email": "a@b@c"}, "email"),
                            ({"name": "x", "email": "a@b\r\nRCPT TO:<c@d>"}, "email"),
                            ({"name": "x", "email": "<a@b>"}, "email"),
                            ({"name": "x", "email": None}, "email"),
                            ({"name": "x", "phone": "1"}, "phone")):
            expect(s.post("/v1/contacts", body), 422, "validation", field)


@test
def contacts_found_and_ranked():
    with Server() as s:
        for cid, name in (("al", "Zed"), ("x1", "Alan"), ("x2", "Al"), ("x3", "Cal")):
            s.post("/v1/contacts", {"id": cid, "name": name})
        data = expect(s.get("/v1/contacts", query="al"), 200)["data"]
        assert [c["id"] for c in data] == ["al", "x2", "alice", "x1", "x3"], data
        assert [c["exact"] for c in data] == [True, True, False, False, False], data
        data = expect(s.get("/v1/contacts", query="ALICE@example.org"), 200)["data"]
        assert [(c["id"], c["exact"]) for c in data] == [("alice", True)], data
        assert expect(s.get("/v1/contacts", query="%"), 200)["data"] == []
        assert expect(s.get("/v1/contacts", query="_"), 200)["data"] == []
        expect(s.get("/v1/contacts", query="x" * 501), 422, "validation", "query")


def with_phones(s, *rows):
    """Contacts that no client can make: the API takes no phone."""
    con = sqlite3.connect(s.db, timeout=10)
    with con:
        con.executemany("INSERT INTO contact (id, name, phone, created_at) VALUES (?, ?, ?, 0)",
                        rows)
    con.close()


@test
def contacts_found_by_phone():
    with Server() as s:
        with_phones(s, ("p1", "First", "+155501001"), ("p2", "Second", "0049 30 1"),
                    ("p3", "+15550100", None))
        for query, want in (("+15550100", [("bob", True), ("p3", True), ("p1", False)]),
                            ("5550100", [("bob", False), ("p1", False), ("p3", False)]),
                            ("+155501001", [("p1", True)]), ("0049 30 1", [("p2", True)]),
                            ("+155501002", []), ("+1555010_", [])):
            data = expect(s.get("/v1/contacts", query=query), 200)["data"]
            assert sorted((c["id"], c["exact"]) for c in data) == sorted(want), (query, data)
            assert [c["exact"] for c in data] == sorted([x for _, x in want], reverse=True), data
        data = expect(s.get("/v1/contacts", query="+15550100"), 200)["data"]
        assert data[0]["id"] == "bob" and data[0]["phone"] == "+15550100", data


@test
def contacts_query_with_control_characters():
    with Server() as s:
        s.post("/v1/contacts", {"id": "two", "name": "Two  Spaces"})
        for query, want in (("Alice%0AExample", ["alice"]), ("Alice%0D%0AExample", ["alice"]),
                            ("Alice%09Example", ["alice"]), ("%0D%0Aalice%0A", ["alice"]),
                            ("Alice+%0A+Example", ["alice"]), ("Alice%01%7F%1FExample", ["alice"]),
                            ("%2B15550100%0A", ["bob"]), ("Two++Spaces", ["two"]),
                            ("Two++Spaces%0A", ["two"])):
            data = expect(s.get("/v1/contacts?query=" + query), 200)["data"]
            assert [(c["id"], c["exact"]) for c in data] == [(x, True) for x in want], (query, data)
        assert expect(s.get("/v1/contacts?query=Ali%0Ace"), 200)["data"] == []
        assert len(expect(s.get("/v1/contacts?query=%0D%0A%09"), 200)["data"]) == 3
        expect(s.get("/v1/contacts?query=" + "%0A" * 501), 422, "validation", "query")
        expect(s.get("/v1/contacts?query=" + "%0A" * 500), 200)
        one = expect(s.get("/v1/contacts?limit=1&query=example%0A"), 200)
        two = expect(s.get("/v1/contacts?limit=1&query=example%0A&cursor=" + one["next"]), 200)
        assert [one["data"][0]["id"], two["data"][0]["id"]] == ["alice", "bob"], (one, two)


# -- messages ---------------------------------------------------------------------------------


@test
def message_sent():
    with Server() as s:
        m = s.send(["alice", "bob@example.org"], "hello", subject="Subject", format="markdown",
                   metadata={"k": [1, {"n": 10000000000000000000001}]},
                   attachments=[{"name": "a.pdf", "url": "https://example.org/a.pdf",
                                 "mime_type": "application/pdf"}])
        assert m["direction"] == "outbound" and m["channel"] == "inbox", m
        assert m["status"] == "delivered" and m["from"]["id"] == "ums", m
        assert m["to"] == [{"id": "alice", "name": "Alice Example", "address": "alice"},
                           {"id": "bob", "name": "Bob Example", "address": "bob"}], m
        assert m["body"] == {"text": "hello", "format": "markdown"} and m["subject"] == "Subject"
        assert m["metadata"]["k"][1]["n"] == 10000000000000000000001, m["metadata"]
        assert m["attachments"][0]["name"] == "a.pdf", m
        assert STAMP.match(m["created_at"]) and "segments" not in m and "reply_to" not in m, m
        assert expect(s.get("/v1/messages/" + m["id"]), 200) == m
        expect(s.get("/v1/messages/none"), 404, "not_found")


@test
def attachment_kept():
    """A file goes in as base64 and comes out as its bytes; a message shows what it is."""
    picture, text = bytes(range(256)) * 3, "Grüße\n".encode()

    def given(name, data, **more):
        return {"name": name, "data": base64.b64encode(data).decode(), **more}
    with Server() as s:
        m = s.send("alice", "hello", attachments=[
            given("a.png", picture, mime_type="image/png"),
            {"name": "b", "url": "https://e.org/b"},
            given("c.txt", text, mime_type="text/plain; charset=utf-8"), given("d", b"")])
        a, b, c, d = m["attachments"]
        assert b == {"name": "b", "url": "https://e.org/b"}, b
        assert {k: a[k] for k in a if k != "id"} == {
            "name": "a.png", "mime_type": "image/png", "size": 768}, a
        assert d["size"] == 0 and "mime_type" not in d and len({a["id"], c["id"], d["id"]}) == 3, d
        for one, kind, want in ((a, "image/png", picture), (c, "text/plain; charset=utf-8", text),
                                (d, "application/octet-stream", b"")):
            answer = s.get("/v1/attachments/" + one["id"])
            assert answer.status == 200 and answer.body == want, answer
            assert answer.headers["content-type"] == kind, answer.headers
            assert answer.headers["x-content-type-options"] == "nosniff", answer.headers
        assert s.call("HEAD", "/v1/attachments/" + a["id"]).headers["content-length"] == "768"
        expect(s.get("/v1/attachments/none"), 404, "not_found")
        expect(s.get("/v1/attachments/" + a["id"], token="wrong"), 401, "unauthorized")
        assert expect(s.get("/v1/messages/" + m["id"]), 200)["attachments"] == m["attachments"]
        # The same key again: the same file, not one more.
        body = {"to": "alice", "text": "k", "attachments": [given("e", b"e")]}
        first, again = (expect(keyed(s, "att", body), 201) for _ in range(2))
        assert first["attachments"] == again["attachments"], again
        expect(keyed(s, "att", dict(body, attachments=[given("e", b"f")])), 409,
               "idempotency_conflict")
        preview = expect(s.post("/v1/messages/preview", body), 200)
        assert "data" not in json.dumps(preview), preview
        con = sqlite3.connect(s.db)
        assert con.execute("SELECT count(*) FROM attachment").fetchone() == (4,)
        con.close()
        largest = given("l", b"l" * 131072)
        m = s.send("alice", "large", attachments=[largest])
        assert s.get("/v1/attachments/" + m["attachments"][0]["id"]).body == b"l" * 131072


@test
def message_by_exact_name():
    with Server() as s:
        assert s.send("alice example")["to"][0]["id"] == "alice"
        assert [t["id"] for t in s.send(["Bob Example", "bob", "bob@example.org"])["to"]] == ["bob"]


@test
def message_by_phone():
    with Server() as s:
        assert s.send("+15550100")["to"][0]["id"] == "bob"
        assert [t["id"] for t in s.send(["+15550100", "bob", "alice"])["to"]] == ["bob", "alice"]
        assert len(expect(s.get("/v1/messages", contact="+15550100"), 200)["data"]) == 2
        assert len(expect(s.get("/v1/threads", contact="+15550100"), 200)["data"]) == 2
        for to in ("5550100", "+1555010"):
            problem = expect(s.post("/v1/messages", {"to": to, "text": "x"}), 422,
                             "recipient_unknown", "to")
            assert [c["id"] for c in problem["candidates"]] == ["bob"], problem
        # An id goes before a phone number, and that before a name.
        with_phones(s, ("named", "+15550100", None), ("555", "Id", "+1777"), ("p", "P", "555"),
                    ("q1", "Q", "+1888"), ("q2", "R", "+1888"), ("q3", "+1888", None))
        assert s.send("+15550100")["to"][0]["id"] == "bob"
        assert s.send("555")["to"][0]["id"] == "555"
        problem = expect(s.post("/v1/messages", {"to": "+1888", "text": "x"}), 422,
                         "recipient_ambiguous", "to")
        assert [c["id"] for c in problem["candidates"]] == ["q1", "q2"], problem


@test
def message_confirm_token_is_ignored():
    with Server() as s:
        body = {"to": "alice", "text": "x"}
        for token in ("", "tok-QQZ-7", "\u4e16" * 4096):
            m = s.send(confirm_token=token)
            assert "confirm_token" not in m and "metadata" not in m, m
            p = expect(s.post("/v1/messages/preview", dict(body, confirm_token=token,
                                                           idempotency_key=token[:255])), 200)
            assert p == s.post("/v1/messages/preview", body).json, p
        sent = len(s.get("/v1/messages").json["data"])
        for bad in (1, None, [], {}, True, "x" * 4097):
            for path in ("/v1/messages", "/v1/messages/preview"):
                expect(s.post(path, dict(body, confirm_token=bad)), 422, "validation",
                       "confirm_token")
        for bad in (1, None, [], "x" * 256):
            expect(s.post("/v1/messages/preview", dict(body, idempotency_key=bad)), 422,
                   "validation", "idempotency_key")
        expect(s.post("/v1/messages", dict(body, idempotency_key="k")), 422, "validation",
               "idempotency_key")
        assert len(s.get("/v1/messages").json["data"]) == sent
        # It is no way to send something that confirms nothing else.
        expect(s.post("/v1/messages", {"confirm_token": "x"}), 422, "validation", "to")
        assert "tok-QQZ-7" not in s.text(), "a token is in the log"


@test
def message_unknown_recipient():
    with Server() as s:
        for to, near in (("ali", ["alice"]), ("Alice Smith", ["alice"]), ("nobody at all", []),
                         ("alice@wrong.org", ["alice"]), ("Example", ["alice", "bob"]),
                         ("' OR 1=1 --", []), ("%", []), (["alice", "bo"], ["bob"])):
            problem = expect(s.post("/v1/messages", {"to": to, "text": "x"}), 422,
                             "recipient_unknown", "to")
            assert [c["id"] for c in problem["candidates"]] == near, (to, problem)
            for c in problem["candidates"]:
                assert {"id", "name", "email"} <= set(c), c
        assert s.get("/v1/messages").json["data"] == [], "something was sent"


@test
def problems_are_utf8():
    with Server() as s:
        for n in range(60, 90):
            word = "x" * (n % 3) + "\u4e16" * n
            expect(s.post("/v1/messages", {"to": word, "text": "x"}), 422, "recipient_unknown")
            expect(s.post("/v1/messages", {word: 1}), 422, "validation")
            expect(s.get("/v1/messages", **{word: 1}), 422, "validation")
        expect(s.call(b"\xff\xfe", "/healthz"), 405, "method_not_allowed")


@test
def message_ambiguous_recipient():
    with Server() as s:
        s.post("/v1/contacts", {"id": "alice2", "name": "Alice Example"})
        for to in ("Alice Example", ["bob", "ALICE EXAMPLE"]):
            problem = expect(s.post("/v1/messages", {"to": to, "text": "x"}), 422,
                             "recipient_ambiguous")
            assert [c["id"] for c in problem["candidates"]] == ["alice", "alice2"], problem
        assert s.get("/v1/messages").json["data"] == [], "something was sent"
        assert s.send("alice2")["to"][0]["id"] == "alice2"


@test
def message_validation():
    with Server() as s:
        good = {"to": "alice", "text": "x"}
        long_url = "https://e.org/" + "x" * 2048
        attach = {"name": "a", "url": "https://e.org/a"}
        for change, field in (
                ({"to": None}, "to"), ({"to": []}, "to"), ({"to": ""}, "to"), ({"to": 1}, "to"),
                ({"to": ["alice", 1]}, "to[1]"), ({"to": ["alice"] * 11}, "to"),
                ({"to": {}}, "to"), ({"text": ""}, "text"), ({"text": 1}, "text"),
                ({"text": "x" * 10001}, "text"), ({"text": None}, "text"),
                ({"template_id": "welcome"}, "text"), ({"template_vars": {}}, "template_vars"),
                ({"subject": ""}, "subject"), ({"subject": "x" * 201}, "subject"),
                ({"subject": "a\r\nBcc: eve@example.org"}, "subject"), ({"subject": 1}, "subject"),
                ({"format": "html"}, "format"), ({"format": ""}, "format"),
                ({"channel": 1}, "channel"), ({"thread_id": "none"}, "thread_id"),
                ({"thread_id": 1}, "thread_id"), ({"reply_to": "none"}, "reply_to"),
                ({"attachments": {}}, "attachments"), ({"attachments": [1]}, "attachments[0]"),
                ({"attachments": [attach, {"name": "a"}]}, "attachments[1].url"),
                ({"attachments": [dict(attach, url="file:///etc/passwd")]}, "attachments[0].url"),
                ({"attachments": [dict(attach, url="https://e.org/a b")]}, "attachments[0].url"),
                ({"attachments": [dict(attach, url=long_url)]}, "attachments[0].url"),
                ({"attachments": [dict(attach, name="")]}, "attachments[0].name"),
                ({"attachments": [dict(attach, mime_type="x")]}, "attachments[0].mime_type"),
                ({"attachments": [dict(attach, data="eA==")]}, "attachments[0].data"),
                ({"attachments": [{"name": "a", "data": "eA="}]}, "attachments[0].data"),
                ({"attachments": [{"name": "a", "data": 7}]}, "attachments[0].data"),
                ({"attachments": [{"name": "a", "data": "A" * 174768}]}, "attachments[0].data"),
                ({"attachments": [dict(attach, id="x")]}, "id"),
                ({"attachments": [dict(attach, mime_type="a b/c")]}, "attachments[0].mime_type"),
                ({"attachments": [dict(attach, mime_type="a/b c")]}, "attachments[0].mime_type"),
                ({"attachments": [dict(attach, mime_type="a/ü")]}, "attachments[0].mime_type"),
                ({"attachments": [dict(attach, mime_type="a/")]}, "attachments[0].mime_type"),
                ({"attachments": [attach] * 11}, "attachments"),
                ({"metadata": []}, "metadata"), ({"metadata": {"k": "x" * 5000}}, "metadata"),
                ({"schedule_at": 1}, "schedule_at"), ({"schedule_at": "tomorrow"}, "schedule_at"),
                ({"schedule_at": stamp(-60)}, "schedule_at"),
                ({"schedule_at": stamp(400 * 86400)}, "schedule_at"),
                ({"schedule_at": "2030-02-30T00:00:00Z"}, "schedule_at"),
                ({"schedule_at": "2030-02-01T00:00:00"}, "schedule_at")):
            for path in ("/v1/messages", "/v1/messages/preview"):
                expect(s.post(path, dict(good, **change)), 422, "validation", field)
        expect(s.post("/v1/messages", {"text": "x"}), 422, "validation", "to")
        expect(s.post("/v1/messages", {"to": "alice"}), 422, "validation", "text")
        assert s.get("/v1/messages").json["data"] == []
        text = "\u4e16" * 9999 + "\U0001f600"
        assert s.send(text=text)["body"]["text"] == text


@test
def message_text_survives():
    with Server() as s:
        for text in ("a\"b\\c/d\b\f\n\r\t", "</script><b>", "\u202eevil\u2066", "e\u0301",
                     "\U0001f468\u200d\U0001f469", "'; DROP TABLE message; --", "\x01\x1f\x7f"):
            m = s.send(text=text)
            assert s.get("/v1/messages/" + m["id"]).json["body"]["text"] == text, text


@test
def message_include():
    with Server() as s:
        m = s.send()
        path = "/v1/messages/" + m["id"]
        both = expect(s.get(path, include="body,events"), 200)
        assert both["body"] == m["body"] and [e["type"] for e in both["events"]] == [
            "queued", "delivered"], both
        assert both == expect(s.get(path, include=["body", "events"]), 200)
        only = expect(s.get(path, include="events"), 200)
        assert "body" not in only and "events" in only, only
        expect(s.get(path, include="everything"), 422, "validation", "include")


@test
def message_events():
    with Server() as s:
        m = s.send(["alice", "bob"])
        s.post("/v1/messages/%s/read" % m["id"], {"contact_id": "bob"})
        events = expect(s.get("/v1/messages/%s/events" % m["id"]), 200)["data"]
        assert [(e["type"], e.get("contact_id")) for e in events] == [
            ("queued", None), ("delivered", "alice"), ("delivered", "bob"), ("read", "bob")], events
        assert all(STAMP.match(e["at"]) for e in events)
        expect(s.get("/v1/messages/none/events"), 404, "not_found")


@test
def message_read_by_contact():
    with Server() as s:
        m = s.send(["alice", "bob"])
        path = "/v1/messages/%s/read" % m["id"]
        assert expect(s.post(path, {"contact_id": "alice"}), 200)["status"] == "delivered"
        assert expect(s.post(path, {"contact_id": "alice"}), 200)["status"] == "delivered"
        assert expect(s.post(path, {"contact_id": "bob"}), 200)["status"] == "read"
        expect(s.post(path, {"contact_id": "carol"}), 422, "validation", "contact_id")
        expect(s.post(path, {}), 422, "validation", "contact_id")
        expect(s.post(path, {"contact_id": "ums"}), 422, "validation", "contact_id")
        expect(s.post(path, {"contact_id": "bob", "x": 1}), 422, "validation", "x")
        expect(s.post("/v1/messages/none/read", {"contact_id": "bob"}), 404, "not_found")
        later = s.send(schedule_at=stamp(3600))
        expect(s.post("/v1/messages/%s/read" % later["id"], {"contact_id": "alice"}), 409,
               "conflict")


@test
def contact_answers():
    with Server() as s:
        m = s.send("bob", "ready?", subject="Plan")
        a = expect(s.post("/v1/contacts/bob/messages", {"text": "yes", "reply_to": m["id"]}), 201)
        assert a["direction"] == "inbound" and a["thread_id"] == m["thread_id"], a
        assert a["from"] == {"id": "bob", "name": "Bob Example"} and a["to"][0]["id"] == "ums", a
        assert a["reply_to"] == m["id"] and a["status"] == "delivered", a
        b = expect(s.post("/v1/contacts/bob/messages", {"text": "hm", "thread_id":
                                                        m["thread_id"]}), 201)
        c = expect(s.post("/v1/contacts/alice/messages", {"text": "new"}), 201)
        assert b["thread_id"] == m["thread_id"] != c["thread_id"]
        thread = expect(s.get("/v1/threads/%s/messages" % m["thread_id"]), 200)["data"]
        assert [x["body"]["text"] for x in thread] == ["hm", "yes", "ready?"], thread
        for body, field in (({}, "text"), ({"text": ""}, "text"), ({"text": "x", "to": "y"}, "to"),
                            ({"text": "x", "thread_id": "none"}, "thread_id"),
                            ({"text": "x", "reply_to": "none"}, "reply_to"),
                            ({"text": "x", "reply_to": m["id"], "thread_id": c["thread_id"]},
                             "thread_id")):
            expect(s.post("/v1/contacts/bob/messages", body), 422, "validation", field)
        expect(s.post("/v1/contacts/nobody/messages", {"text": "x"}), 404, "not_found")


@test
def threads():
    with Server() as s:
        a = s.send("alice", "one", subject="First")
        b = s.send("bob", "two")
        s.send("bob", "three \u4e16 " + "x" * 500, thread_id=a["thread_id"], subject="Other")
        page = expect(s.get("/v1/threads"), 200)
        assert [t["id"] for t in page["data"]] == [a["thread_id"], b["thread_id"]], page
        first = page["data"][0]
        assert first["subject"] == "First" and first["message_count"] == 2, first
        assert [p["id"] for p in first["participants"]] == ["alice", "bob"], first
        assert len(first["snippet"]) == 121 and first["snippet"].startswith("three \u4e16"), first
        assert STAMP.match(first["last_message_at"]) and page["next"] is None
        mine = expect(s.get("/v1/threads", contact="alice"), 200)["data"]
        assert [t["id"] for t in mine] == [a["thread_id"]], mine
        expect(s.get("/v1/threads", contact="nobody"), 422, "recipient_unknown", "contact")
        expect(s.get("/v1/threads/none/messages"), 404, "not_found")
        one = expect(s.get("/v1/threads", limit=1), 200)
        two = expect(s.get("/v1/threads", limit=1, cursor=one["next"]), 200)
        assert [t["id"] for t in one["data"] + two["data"]] == [a["thread_id"], b["thread_id"]]
        assert two["next"] is None, two


@test
def templates():
    with Server() as s:
        page = expect(s.get("/v1/templates"), 200)
        assert [t["id"] for t in page["data"]] == ["welcome"], page
        t = page["data"][0]
        assert t["variables"]["type"] == "object" and t["variables"]["required"] == ["name"], t
        assert "{{name}}" in t["text"], t
        assert expect(s.get("/v1/templates/welcome"), 200) == t
        assert expect(s.get("/v1/templates", template_id="welcome"), 200)["data"] == [t]
        assert expect(s.get("/v1/templates", template_id="none"), 200)["data"] == []
        expect(s.get("/v1/templates/none"), 404, "not_found")
        body = {"to": "alice", "template_id": "welcome",
                "template_vars": {"name": "Al {{link}}", "link": "https://e.org"}}
        m = expect(s.post("/v1/messages", body), 201)
        assert m["template_id"] == "welcome", m
        assert m["body"]["text"].startswith("Hello Al {{link}}, welcome"), m
        assert m["body"]["text"].endswith(" https://e.org"), m
        for change, field in (({"template_vars": {}}, "template_vars.name"),
                              ({"template_vars": {"name": 1}}, "template_vars.name"),
                              ({"template_vars": {"name": ""}}, "template_vars.name"),
                              ({"template_vars": {"name": "x" * 201}}, "template_vars.name"),
                              ({"template_vars": {"name": "x", "y": "z"}}, "template_vars.y"),
                              ({"template_vars": []}, "template_vars"),
                              ({"template_id": "none"}, "template_id"),
                              ({"template_id": 1}, "template_id")):
            expect(s.post("/v1/messages", dict(body, **change)), 422, "validation", field)
        del body["template_vars"]
        expect(s.post("/v1/messages", body), 422, "validation", "template_vars.name")


@test
def preview_sends_nothing():
    with Server() as s:
        p = expect(s.post("/v1/messages/preview", {
            "to": ["alice", "Alice Example"], "template_id": "welcome", "subject": "S",
            "template_vars": {"name": "\u4e16"}}), 200)
        assert p["to_resolved"] == [{"id": "alice", "name": "Alice Example", "address": "alice"}]
        assert p["characters"] == len(p["text"]) and p["channel"] == "inbox", p
        assert p["subject"] == "S" and len(p["warnings"]) == 1, p
        assert s.get("/v1/messages").json["data"] == []
        assert s.get("/v1/threads").json["data"] == []
        expect(s.post("/v1/messages/preview", {"to": "ali", "text": "x"}), 422,
               "recipient_unknown")


@test
def deliveries():
    with Server() as s:
        a, b = s.send(["alice", "bob"]), s.send("bob", schedule_at=stamp(3600))
        s.post("/v1/messages/%s/read" % a["id"], {"contact_id": "bob"})
        for query in ("message_ids=%s,none,%s" % (a["id"], b["id"]),
                      "message_ids=%s&message_ids=none&message_ids=%s" % (a["id"], b["id"])):
            got = expect(s.get("/v1/deliveries?" + query), 200)
            assert got["not_found"] == ["none"], got
            assert [d["message_id"] for d in got["data"]] == [a["id"], b["id"]], got
            states = [[(r["to"], r["state"]) for r in d["recipients"]] for d in got["data"]]
            assert states == [[("alice", "delivered"), ("bob", "read")], [("bob", "queued")]]
            assert all(STAMP.match(r["at"]) for d in got["data"] for r in d["recipients"])
        expect(s.get("/v1/deliveries"), 422, "validation", "message_ids")
        expect(s.get("/v1/deliveries?message_ids=,,"), 422, "validation", "message_ids")
        fifty = ",".join(["x"] * 50)
        assert len(expect(s.get("/v1/deliveries", message_ids=fifty), 200)["not_found"]) == 50
        expect(s.get("/v1/deliveries", message_ids=fifty + ",y"), 422, "validation", "message_ids")


@test
def channels():
    with Server() as s:
        data = expect(s.get("/v1/channels"), 200)["data"]
        assert [(c["id"], c["available"]) for c in data] == [("inbox", True), ("email", False)]
        assert "relay" in data[1]["reason"] and "reason" not in data[0], data
        for c in data:
            assert c["sender"]["id"] == "ums" and c["capabilities"] and c["limits"], c
        for channel in ("email", "sms", ""):
            problem = expect(s.post("/v1/messages", {"to": "alice", "text": "x",
                                                     "channel": channel}), 422,
                             "channel_unavailable", "channel")
            assert channel in problem["detail"]


# -- schedule ---------------------------------------------------------------------------------


@test
def scheduled_is_delivered_without_a_request():
    with Server() as s:
        when = stamp(2)
        m = s.send(["alice", "bob"], schedule_at=when)
        assert m["status"] == "scheduled" and m["scheduled_at"] == when.replace("Z", ".000Z"), m
        time.sleep(4.5)
        now = expect(s.get("/v1/messages/" + m["id"], include="events"), 200)
        assert now["status"] == "delivered", now
        assert [e["type"] for e in now["events"]] == ["scheduled", "queued", "delivered",
                                                      "delivered"], now
        assert now["events"][1]["at"] >= now["scheduled_at"], now
        assert now["events"][1]["at"] < stamp(0), now
        expect(s.post("/v1/messages/%s/cancel" % m["id"]), 409, "not_cancelable")


@test
def scheduled_is_canceled():
    with Server() as s:
        m = s.send(schedule_at=stamp(2).replace("Z", "+00:00"))
        gone = expect(s.post("/v1/messages/%s/cancel" % m["id"]), 200)
        assert gone["status"] == "canceled", gone
        expect(s.post("/v1/messages/%s/cancel" % m["id"]), 409, "not_cancelable")
        time.sleep(3.5)
        now = s.get("/v1/messages/" + m["id"], include="events").json
        assert now["status"] == "canceled", now
        assert [e["type"] for e in now["events"]] == ["scheduled", "canceled"], now
        state = s.get("/v1/deliveries", message_ids=m["id"]).json["data"][0]["recipients"][0]
        assert state["state"] == "expired" and state["code"] == "canceled", state
        expect(s.post("/v1/messages/%s/cancel" % s.send()["id"]), 409, "not_cancelable")
        expect(s.post("/v1/messages/none/cancel"), 404, "not_found")


@test
def scheduled_survives_restart():
    s = Server()
    m = s.send(schedule_at=stamp(2))
    s.stop()
    time.sleep(2.5)
    with Server(folder=s.folder) as s:
        until(lambda: s.get("/v1/messages/" + m["id"]).json["status"] == "delivered")


@test
def schedule_time_zones():
    with Server() as s:
        def at(offset, text):
            return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(base + offset * 60)) + text
        base = int(time.time()) + 86400
        for offset, text in ((0, "Z"), (120, "+02:00"), (-330, "-05:30"), (0, ".1Z"),
                             (0, ".123456z")):
            m = s.send(schedule_at=at(offset, text))
            got = m["scheduled_at"][:19] + "Z"
            assert got == at(0, "Z"), (text, m)
        assert s.send(schedule_at=at(0, ".1Z"))["scheduled_at"].endswith(".100Z")


# -- lists, search, cursors -------------------------------------------------------------------


@test
def list_filters():
    with Server() as s:
        a = s.send("alice", "one")
        b = s.send("bob", "two", schedule_at=stamp(3600))
        c = expect(s.post("/v1/contacts/bob/messages", {"text": "three"}), 201)
        ids = {a["id"]: "a", b["id"]: "b", c["id"]: "c"}

        def got(**query):
            return "".join(ids[m["id"]] for m in expect(s.get("/v1/messages", **query),
                                                        200)["data"])
        assert got() == "cba"
        for query, want in (({"contact": "alice"}, "a"), ({"contact": "Bob Example"}, "cb"),
                            ({"contact": "bob@example.org"}, "cb"), ({"direction": "inbound"}, "c"),
                            ({"direction": "outbound"}, "ba"), ({"status": "scheduled"}, "b"),
                            ({"status": "read"}, ""), ({"channel": "email"}, ""),
                            ({"channel": "inbox"}, "cba"), ({"thread_id": b["thread_id"]}, "b"),
                            ({"thread_id": "none"}, ""), ({"since": b["created_at"]}, "cb"),
                            ({"until": b["created_at"]}, "a"), ({"until": stamp(-60)}, ""),
                            ({"since": "2020-01-01T00:00:00+02:00"}, "cba"),
                            ({"contact": "bob", "direction": "outbound", "status": "scheduled",
                              "channel": "inbox", "since": stamp(-60), "until": stamp(60),
                              "thread_id": b["thread_id"]}, "b")):
            assert got(**query) == want, (query, got(**query))
        expect(s.get("/v1/messages", contact="nobody"), 422, "recipient_unknown", "contact")
        for name in ("channel", "direction", "status", "since", "until"):
            for bad in ("x", ""):
                expect(s.get("/v1/messages", **{name: bad}), 422, "validation", name)


@test
def search_words():
    with Server() as s:
        s.send("alice", "The quick brown fox", subject="Animals")
        s.send("bob", "The lazy caf\u00e9 dog")
        s.send("bob", "\u4e16\u754c hello")

        def got(query, **more):
            return [m["body"]["text"][4:8] for m in
                    expect(s.get("/v1/messages/search", query=query, **more), 200)["data"]]
        for query, want in (("fox", ["quic"]), ("the", ["lazy", "quic"]), ("QUICK fox", ["quic"]),
                            ("fox dog", []), ("cafe", ["lazy"]), ("animals", ["quic"]),
                            ("qui", ["quic"]), ("\u4e16", ["ello"]), ("uick", [])):
            assert got(query) == want, (query, got(query))
        assert got("the", contact="alice") == ["quic"]
        assert got("the", status="failed") == []
        one = expect(s.get("/v1/messages/search", query="the", limit=1), 200)
        two = expect(s.get("/v1/messages/search", query="the", limit=1, cursor=one["next"]), 200)
        assert one["data"][0]["id"] != two["data"][0]["id"] and two["next"] is None
        expect(s.get("/v1/messages/search"), 422, "validation", "query")
        expect(s.get("/v1/messages/search", query=""), 422, "validation", "query")
        expect(s.get("/v1/messages/search", query="x" * 501), 422, "validation", "query")


@test
def search_query_with_control_characters():
    with Server() as s:
        s.send("alice", "The quick brown fox")
        for query in ("quick%0Afox", "fox%0D%0Aquick", "brown%09the", "%0Afox%0A", "fox%01quick",
                      "fox%7Fquick", "fox%0B%0Cthe", "%0D%0A%22quick%22%0D%0A"):
            data = expect(s.get("/v1/messages/search?query=" + query), 200)["data"]
            assert len(data) == 1, (query, data)
        for query in ("%0A", "%0D%0A", "%09", "%1F", "quick%0Adog"):
            assert expect(s.get("/v1/messages/search?query=" + query), 200)["data"] == [], query


@test
def search_syntax_attacks():
    with Server() as s:
        s.send("alice", "needle in a haystack OR NOT AND NEAR")
        for query in ("\"", "\"\"", "\"\"\"", "*", "***", "a*", "^needle", "needle NEAR",
                      "NEAR(needle haystack, 1)", "NEAR(", "(", ")", "(needle", "needle)",
                      "text:needle", "subject : x", "-needle", "+needle", "needle AND", "AND",
                      "OR OR OR", "NOT needle", "{text subject}:needle", "needle\\", "'", "';--",
                      "needle' OR '1'='1", "a\tb\nc", "\u0301", "\u202e", "%", "_", "\x01", ",",
                      "col:", ":", "{", "}", "\"needle", "needle\"", "x" * 500, "* " * 250,
                      "\" " * 250, "a " * 250):
            expect(s.get("/v1/messages/search", query=query), 200)
        for query in ("needle", "\"needle\"", "needle)", "NEAR needle", "text:needle NOT x"):
            data = s.get("/v1/messages/search", query=query).json["data"]
            assert len(data) == (0 if "x" in query else 1), (query, data)
        assert not [x for x in s.lines() if x["level"] == "error"], s.text()


@test
def sql_injection():
    with Server() as s:
        m = s.send()
        for text in ("'", "\"", "';DROP TABLE message;--", "' OR '1'='1", "\\' OR 1=1 --",
                     "1; SELECT * FROM token", "' UNION SELECT value FROM meta --", "%27 OR 1=1"):
            for path in ("messages", "messages/{}/events", "contacts", "templates"):
                path = "/v1/" + (path if "{}" in path else path + "/{}")
                expect(s.get(path.format(urllib.parse.quote(text, safe=""))), 404, "not_found")
            for name in ("thread_id",):
                assert expect(s.get("/v1/messages", **{name: text}), 200)["data"] == []
            for name in ("channel", "status", "direction", "since", "until", "limit"):
                expect(s.get("/v1/messages", **{name: text}), 422, "validation", name)
            expect(s.get("/v1/messages", contact=text), 422, "recipient_unknown")
            expect(s.get("/v1/messages", cursor=text), 400, "bad_cursor")
            expect(s.get("/v1/contacts", query=text), 200)
            expect(s.get("/v1/templates", template_id=text), 200)
            expect(s.get("/v1/deliveries", message_ids=text), 200)
            expect(s.post("/v1/contacts", {"id": text, "name": "x"}), 422, "validation")
            assert expect(s.post("/v1/contacts", {"name": text}), 201)["name"] == text
        assert s.get("/v1/messages/" + m["id"]).status == 200


@test
def cursors_walk_everything():
    with Server() as s:
        ids = [s.send("alice" if i % 3 else "bob", "message %d" % i)["id"] for i in range(45)]
        for path, query, want in (
                ("/v1/messages", {}, ids[::-1]),
                ("/v1/messages", {"contact": "bob"}, [x for i, x in enumerate(ids)
                                                      if i % 3 == 0][::-1]),
                ("/v1/messages/search", {"query": "message"}, ids[::-1])):
            for limit in (7, 15, 45, 50):
                seen, cursor, pages = [], None, 0
                while True:
                    page = expect(s.get(path, limit=limit, cursor=cursor, **query), 200)
                    assert len(page["data"]) <= limit
                    seen += [m["id"] for m in page["data"]]
                    cursor, pages = page["next"], pages + 1
                    # What comes while somebody pages does not move the pages.
                    if cursor is None:
                        break
                assert seen == want and pages == -(-len(want) // limit), (path, limit, pages)
        assert len(expect(s.get("/v1/messages"), 200)["data"]) == 20
        first = expect(s.get("/v1/messages", limit=5), 200)
        s.send(text="in between")
        second = expect(s.get("/v1/messages", limit=5, cursor=first["next"]), 200)
        assert [m["id"] for m in second["data"]] == ids[::-1][5:10]


@test
def cursors_of_contacts():
    with Server() as s:
        for i in range(30):
            s.post("/v1/contacts", {"id": "c%02d" % i, "name": "%sNumber %02d" % (
                "" if i % 2 else "The ", i)})
        everything = [c["id"] for c in s.get("/v1/contacts", query="number", limit=50).json["data"]]
        assert len(everything) == 30
        seen, cursor = [], None
        while True:
            page = expect(s.get("/v1/contacts", query="number", limit=4, cursor=cursor), 200)
            seen += [c["id"] for c in page["data"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == everything, seen


@test
def cursors_tampered():
    with Server() as s:
        for _ in range(3):
            s.send()
        cursor = s.get("/v1/messages", limit=1).json["next"]
        assert re.match(r"^[A-Za-z0-9_-]+$", cursor), cursor
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        bad = ["", "x", "AAAA", cursor[:-1], cursor + "A", cursor + "=", cursor[1:], "A" * 54,
               cursor.swapcase(), "\u00e4", "x" * 5000]
        for i in range(0, len(raw)):
            flipped = bytearray(raw)
            flipped[i] ^= 1
            bad.append(base64.urlsafe_b64encode(bytes(flipped)).decode().rstrip("="))
        for text in bad:
            expect(s.get("/v1/messages", limit=1, cursor=text), 400, "bad_cursor", "cursor")
        for path, query in (("/v1/messages", {"contact": "alice"}), ("/v1/threads", {}),
                            ("/v1/contacts", {}), ("/v1/messages/search", {"query": "hello"})):
            expect(s.get(path, cursor=cursor, **query), 400, "bad_cursor", "cursor")
        expect(s.get("/v1/messages", limit=2, cursor=cursor), 200)


# -- idempotency ------------------------------------------------------------------------------


def keyed(s, key, body, **more):
    return s.post("/v1/messages", body, headers={"Idempotency-Key": key}, **more)


@test
def idempotency_replays():
    with Server() as s:
        body = {"to": "alice", "text": "once"}
        first = keyed(s, "key-1", body)
        second = keyed(s, "key-1", body)
        assert first.status == second.status == 201, (first, second)
        assert "idempotent-replay" not in first.headers and "idempotent_replay" not in first.json
        assert second.headers["idempotent-replay"] == "true", second.headers
        assert second.json == dict(first.json, idempotent_replay=True), second
        assert len(s.get("/v1/messages").json["data"]) == 1
        expect(keyed(s, "key-1", dict(body, text="other")), 409, "idempotency_conflict")
        assert keyed(s, "key-2", body).json["id"] != first.json["id"]
        spaced = s.call("POST", "/v1/messages", raw=b' { "to" : "alice" , "text":"once"} ',
                        headers={"Idempotency-Key": "key-1"})
        assert spaced.json["id"] == first.json["id"], "white space is not another payload"
        for bad in ("", "x" * 256, "a\x01b"):
            expect(keyed(s, bad, body), 400, "bad_request", "Idempotency-Key")
        assert keyed(s, "x" * 255, body).status == 201


@test
def idempotency_without_the_confirm_token():
    with Server() as s:
        body = {"to": "alice", "text": "once"}
        for key, tokens in (("a", (None, "one", "two")), ("b", ("one", None, "two"))):
            ids = set()
            for token in tokens:
                more = {} if token is None else {"confirm_token": token}
                ids.add(expect(keyed(s, key, dict(more, **body)), 201)["id"])
                ids.add(expect(keyed(s, key, dict(body, **more)), 201)["id"])
            assert len(ids) == 1, (key, ids)
        expect(keyed(s, "a", dict(body, text="other", confirm_token="one")), 409,
               "idempotency_conflict")
        expect(keyed(s, "a", dict(body, metadata={"confirm_token": "one"})), 409,
               "idempotency_conflict")
        expect(keyed(s, "a", dict(body, confirm_token=1)), 422, "validation", "confirm_token")
        assert len(s.get("/v1/messages").json["data"]) == 2


@test
def idempotency_of_refusals():
    with Server() as s:
        expect(keyed(s, "k", {"to": "nobody", "text": "x"}), 422, "recipient_unknown")
        assert keyed(s, "k", {"to": "alice", "text": "x"}).status == 201, "nothing was kept"


@test
def idempotency_survives_restart_and_due_time():
    s = Server()
    body = {"to": "alice", "text": "once", "schedule_at": stamp(2)}
    first = keyed(s, "k", body)
    assert first.status == 201, first
    s.stop()
    time.sleep(2.5)
    with Server(folder=s.folder) as s:
        again = keyed(s, "k", body)
        assert again.status == 201 and again.json["id"] == first.json["id"], again
        assert again.json["status"] == "scheduled", "it is the first answer, not a new one"


@test
def idempotency_twins():
    with Server("--workers", "8") as s:
        for turn in range(10):
            answers = []
            gate = threading.Barrier(8)

            def one():
                gate.wait()
                answers.append(keyed(s, "twin-%d" % turn, {"to": "alice", "text": "t%d" % turn}))
            crowd = [threading.Thread(target=one) for _ in range(8)]
            for t in crowd:
                t.start()
            for t in crowd:
                t.join()
            assert [a.status for a in answers] == [201] * 8, answers
            assert len({a.json["id"] for a in answers}) == 1, answers
            assert sum("idempotent-replay" not in a.headers for a in answers) == 1
        assert len(s.get("/v1/messages", limit=50).json["data"]) == 10


@test
def idempotency_is_scoped_by_owner():
    with Server(clients={"a": "secret-a", "b": "secret-b"}) as s:
        body = {"to": "alice", "text": "mine"}
        tokens = {c: grant(s, client_id=c, client_secret="secret-" + c).json["access_token"]
                  for c in ("a", "b")}
        ids = [keyed(s, "same", body, token=t).json["id"]
               for t in (TOKEN, tokens["a"], tokens["b"])]
        assert len(set(ids)) == 3, ids
        fresh = grant(s, client_id="a", client_secret="secret-a").json["access_token"]
        assert keyed(s, "same", body, token=fresh).json["id"] == ids[1], \
            "a new token of the same client repeats"


# -- OAuth ------------------------------------------------------------------------------------


def grant(s, headers=None, raw=None, **form):
    form.setdefault("grant_type", "client_credentials")
    data = raw if raw is not None else urllib.parse.urlencode(
        {k: v for k, v in form.items() if v is not None}).encode()
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    sent.update(headers or {})
    return Answer(*s.client.request(fastcgi.params(
        "POST", "/oauth/token", {k: v for k, v in sent.items() if v is not None}, data), data))


def basic(client, secret):
    text = urllib.parse.quote_plus(client) + ":" + urllib.parse.quote_plus(secret)
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


CLIENTS = {"app": "s3cret", "odd id:%": "p@ss w&rd=:+"}


@test
def oauth_grants():
    with Server(clients=CLIENTS) as s:
        for client, secret in CLIENTS.items():
            for answer in (grant(s, client_id=client, client_secret=secret),
                           grant(s, headers=basic(client, secret)),
                           grant(s, headers=basic(client, secret), client_id=client, scope="x")):
                assert answer.status == 200, answer
                token = answer.json
                assert token["token_type"] == "Bearer" and token["expires_in"] == 3600, token
                assert answer.headers["cache-control"] == "no-store"
                assert s.get("/v1/contacts", token=token["access_token"]).status == 200
        con = sqlite3.connect(s.db)
        kept = con.execute("SELECT digest, expires_at FROM token").fetchall()
        con.close()
        assert len(kept) == 6 and all(len(d) == 32 for d, _ in kept), kept
        with open(s.db, "rb") as raw, open(s.db + "-wal", "rb") as wal:
            assert token["access_token"].encode() not in raw.read() + wal.read()


@test
def oauth_refuses():
    with Server(clients=CLIENTS) as s:
        good = {"client_id": "app", "client_secret": "s3cret"}
        for answer, status, error in (
                (grant(s, **dict(good, client_secret="wrong")), 401, "invalid_client"),
                (grant(s, **dict(good, client_id="none")), 401, "invalid_client"),
                (grant(s), 401, "invalid_client"), (grant(s, client_id="app"), 401,
                                                    "invalid_client"),
                (grant(s, headers=basic("app", "wrong")), 401, "invalid_client"),
                (grant(s, headers=basic("none", "")), 401, "invalid_client"),
                (grant(s, headers={"Authorization": "Basic !!!"}), 401, "invalid_client"),
                (grant(s, headers={"Authorization": "Basic YXBw"}), 401, "invalid_client"),
                (grant(s, headers={"Authorization": "Bearer x"}, **good), 401, "invalid_client"),
                (grant(s, headers=basic("app", "s3cret"), **good), 400, "invalid_request"),
                (grant(s, headers=basic("app", "s3cret"), client_id="x"), 400, "invalid_request"),
                (grant(s, grant_type=None, **good), 400, "invalid_request"),
                (grant(s, grant_type="password", **good), 400, "unsupported_grant_type"),
                (grant(s, raw=b"grant_type=client_credentials&grant_type=x"), 400,
                 "invalid_request"),
                (grant(s, raw=b""), 400, "invalid_request"),
                (grant(s, raw=b"a=%zz"), 400, "invalid_request"),
                (grant(s, raw=b"a=b\0c"), 400, "invalid_request"),
                (grant(s, headers={"Content-Type": "application/json"}, **good), 400,
                 "invalid_request")):
            assert answer.status == status and answer.json["error"] == error, answer
            assert ("www-authenticate" in answer.headers) == (status == 401), answer.headers
    with Server() as s:
        assert grant(s, client_id="app", client_secret="s3cret").status == 401


@test
def oauth_tokens_expire_and_are_revoked():
    s = Server(clients={"app": "x", "other": "y"})
    token = grant(s, client_id="app", client_secret="x").json["access_token"]
    other = grant(s, client_id="other", client_secret="y").json["access_token"]
    s.stop()
    with Server(folder=s.folder, clients={"app": "x"}) as s:
        assert s.get("/v1/contacts", token=token).status == 200, "a token survives a restart"
        expect(s.get("/v1/contacts", token=other), 401, "unauthorized")
        con = sqlite3.connect(s.db, timeout=10)
        con.execute("UPDATE token SET expires_at = 1")
        con.commit()
        con.close()
        expect(s.get("/v1/contacts", token=token), 401, "unauthorized")


# -- rate, faults -----------------------------------------------------------------------------


@test
def rate_limit():
    with Server("--rate", "60", "--workers", "3", clients={"app": "x"}) as s:
        codes = [s.get("/v1/channels").status for _ in range(70)]
        assert codes.count(200) in range(60, 63) and codes[:60] == [200] * 60, codes
        answer = s.get("/v1/channels")
        problem = expect(answer, 429, "rate_limited")
        wait = int(answer.headers["retry-after"])
        assert 1 <= wait <= 2 and problem["retry_after"] == wait, answer
        token = grant(s, client_id="app", client_secret="x").json["access_token"]
        assert s.get("/v1/channels", token=token).status == 200, "another owner's bucket"
        time.sleep(wait + 0.1)
        assert s.get("/v1/channels").status == 200
        assert s.get("/healthz").status == 200


@test
def faults_are_off():
    with Server() as s:
        for words in ("status=503", "garbage", "huge=100000", "nonsense"):
            assert s.get("/v1/channels", headers={"X-Fault": words}).status == 200
        m = s.send(text="#fault status=503")
        assert m["body"]["text"] == "#fault status=503"
        expect(s.get("/v1/contacts", query="#fault status=503"), 200)


@test
def faults_by_header():
    with Server("--faults", "--workers", "3") as s:
        def ask(words, path="/v1/channels"):
            return s.get(path, headers={"X-Fault": words})
        answer = ask("status=503")
        expect(answer, 503, "injected")
        answer = ask("status=429;retry_after=2")
        assert expect(answer, 429, "rate_limited")["retry_after"] == 2
        assert answer.headers["retry-after"] == "2"
        start = time.monotonic()
        assert ask("delay=700").status == 200 and 0.7 <= time.monotonic() - start < 3
        huge = ask("huge=5000000")
        assert huge.status == 200 and len(huge.body) == 5000000 and huge.json["data"], huge.headers
        answer = ask("garbage")
        assert answer.status == 200
        try:
            answer.json
            raise AssertionError("garbage is JSON")
        except ValueError:
            pass
        try:
            ask("truncate")
            raise AssertionError("the answer is whole")
        except FastCGIError as error:
            head, _, body = error.stdout.partition(b"\r\n\r\n")
            length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
            assert len(body) == length // 2 > 0, error.stdout
        for bad in ("nonsense", "status=200", "status=", "status=x", "delay=99999999", "huge=-1"):
            expect(ask(bad), 422, "validation", "X-Fault")
        expect(s.get("/v1/channels", headers={"X-Fault": "status=503"}, token="no"), 401,
               "unauthorized")


@test
def faults_by_text():
    with Server("--faults") as s:
        body = {"to": "alice", "text": "#fault status=502"}
        expect(s.post("/v1/messages", body), 502, "injected")
        expect(s.post("/v1/messages/preview", body), 502, "injected")
        expect(s.get("/v1/messages/search", query="#fault status=500"), 500, "injected")
        expect(s.get("/v1/contacts", query="#fault status=504"), 504, "injected")
        assert s.get("/v1/messages").json["data"] == []
        try:
            keyed(s, "k", {"to": "alice", "text": "#fault truncate"})
            raise AssertionError("the answer is whole")
        except FastCGIError:
            pass
        again = s.get("/v1/messages").json["data"]
        assert len(again) == 1, "the work is done, the answer is lost"


@test
def fault_stall_ends_with_term():
    s = Server("--faults")
    sock = s.client.connect()
    cgi = fastcgi.params("GET", "/v1/channels", {"Authorization": "Bearer " + TOKEN,
                                                 "X-Fault": "stall"})
    sock.sendall(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(cgi)) +
                 fastcgi.stream(fastcgi.STDIN, b""))
    sock.settimeout(1.5)
    try:
        got = sock.recv(1)
        raise AssertionError("a stalled request was answered: %r" % got)
    except socket.timeout:
        pass
    assert s.get("/healthz").status == 200, "the other worker serves"
    start = time.monotonic()
    s.stop()
    assert time.monotonic() - start < 20
    sock.settimeout(5)
    assert sock.recv(1) == b"", "it must end without an answer"
    sock.close()


# -- email ------------------------------------------------------------------------------------


def mail_of(data):
    parsed = email.message_from_bytes(data)

    def header(name):
        return str(email.header.make_header(email.header.decode_header(parsed[name] or "")))
    return parsed, header, parsed.get_payload(decode=True).decode()


@test
def email_is_relayed():
    sink = Sink()
    with Server("--smtp", sink.url, "--mail-from", "desk@example.net") as s:
        data = s.get("/v1/channels").json["data"][1]
        assert data["available"] and data["sender"]["address"] == "desk@example.net", data
        text = "Gr\u00fc\u00dfe\n.\n.leading dots\n" + "long " * 400 + "\r\nQUIT"
        subject = "\u00dcber " * 20
        m = s.send(["alice", "bob"], text, channel="email", subject=subject.strip(),
                   attachments=[{"name": "a", "url": "https://e.org/a"}])
        assert m["status"] == "queued" and m["to"][0]["address"] == "alice@example.org", m
        expect(s.post("/v1/messages", {"to": "alice", "text": "x", "channel": "email",
                                       "attachments": [{"name": "a", "data": "eA=="}]}),
               422, "validation", "attachments[0].data")
        until(lambda: s.get("/v1/messages/" + m["id"]).json["status"] == "sent")
        assert len(sink.mails) == 2, sink.mails
        sender, to, raw = sink.mails[0]
        parsed, header, body = mail_of(raw)
        assert "<desk@example.net>" in sender, sender
        assert to == ["RCPT TO:<alice@example.org>"], to
        assert header("Subject") == subject.strip(), header("Subject")
        assert "alice@example.org" in parsed["To"] and m["id"] in parsed["Message-ID"], raw
        assert body.startswith(text.replace("\r\n", "\n").replace("\n", "\r\n")) and "https://e.org/a" in body, body
        assert all(len(line) <= 78 for line in raw.split(b"\r\n")), raw
        states = s.get("/v1/deliveries", message_ids=m["id"]).json["data"][0]["recipients"]
        assert [r["state"] for r in states] == ["sent", "sent"], states
        expect(s.post("/v1/messages/%s/read" % m["id"], {"contact_id": "alice"}), 409, "conflict")
        assert "example.org" not in s.text(), "an address is in the log"


@test
def email_refusals_are_told():
    sink = Sink()
    with Server("--smtp", sink.url, "--mail-from", "desk@example.net") as s:
        s.post("/v1/contacts", {"id": "no", "name": "No", "email": "refuse@example.org"})
        s.post("/v1/contacts", {"id": "bare", "name": "Bare"})
        m = s.send(["alice", "no"], channel="email", subject="S")
        until(lambda: s.get("/v1/messages/" + m["id"]).json["status"] == "failed")
        states = s.get("/v1/deliveries", message_ids=m["id"]).json["data"][0]["recipients"]
        assert [(r["to"], r["state"]) for r in states] == [("alice", "sent"), ("no", "failed")]
        assert states[1]["code"] == "relay_refused" and "550" in states[1]["reason"], states
        expect(s.post("/v1/messages", {"to": "bare", "text": "x", "channel": "email"}), 422,
               "recipient_unreachable", "to")
        p = expect(s.post("/v1/messages/preview", {"to": "alice", "text": "x", "channel": "email",
                                                   "format": "markdown"}), 200)
        assert len(p["warnings"]) == 2 and p["to_resolved"][0]["address"] == "alice@example.org"
        later = s.send(channel="email", schedule_at=stamp(2), reply_to=m["id"])
        until(lambda: s.get("/v1/messages/" + later["id"]).json["status"] == "sent")
        assert m["id"] in mail_of(sink.mails[-1][2])[0]["In-Reply-To"]


@test
def email_without_a_relay_there():
    spare = socket.socket()
    spare.bind(("127.0.0.1", 0))
    url = "smtp://127.0.0.1:%d" % spare.getsockname()[1]
    spare.close()
    with Server("--smtp", url, "--mail-from", "desk@example.net") as s:
        m = s.send(channel="email", subject="S")
        until(lambda: s.get("/v1/messages/" + m["id"]).json["status"] == "failed")
        state = s.get("/v1/deliveries", message_ids=m["id"]).json["data"][0]["recipients"][0]
        assert state["code"] == "relay_unreachable" and state["reason"], state


@test
def email_of_a_dead_courier_is_not_sent_twice():
    sink = Sink()
    options = ("--smtp", sink.url, "--mail-from", "desk@example.net")
    s = Server(*options)
    m = s.send(channel="email", schedule_at=stamp(3600))
    s.stop()
    con = sqlite3.connect(s.db)
    con.execute("UPDATE message SET status = 'queued'")
    con.execute("UPDATE recipient SET state = 'sending', at = at - 3600000")
    con.commit()
    con.close()
    with Server(*options, folder=s.folder) as s:
        until(lambda: s.get("/v1/messages/" + m["id"]).json["status"] == "failed")
        state = s.get("/v1/deliveries", message_ids=m["id"]).json["data"][0]["recipients"][0]
        assert state["state"] == "failed" and state["code"] == "interrupted", state
        assert sink.mails == [], sink.mails


@test
def email_queued_before_the_relay_was_taken_away():
    s = Server("--smtp", Sink().url, "--mail-from", "desk@example.net")
    m = s.send(channel="email", schedule_at=stamp(2))
    s.stop()
    with Server(folder=s.folder) as s:
        until(lambda: s.get("/v1/messages/" + m["id"]).json["status"] == "failed")
        state = s.get("/v1/deliveries", message_ids=m["id"]).json["data"][0]["recipients"][0]
        assert state["code"] == "channel_unavailable", state


# -- processes --------------------------------------------------------------------------------


@test
def persistence():
    s = Server()
    m = s.send(text="keep me", subject="S")
    cursor_page = [s.send(text="more") for _ in range(2)] and s.get("/v1/messages", limit=1).json
    s.stop()
    with Server(folder=s.folder) as s:
        assert s.get("/v1/messages/" + m["id"]).json == m
        assert len(s.get("/v1/messages/search", query="keep").json["data"]) == 1
        assert len(s.get("/v1/contacts").json["data"]) == 2, "seeded once"
        page = expect(s.get("/v1/messages", limit=1, cursor=cursor_page["next"]), 200)
        assert page["data"][0]["body"]["text"] == "more", "a cursor survives a restart"


@test
def killed_children_are_replaced():
    with Server() as s:
        before = until(lambda: len(s.children()) == 3 and s.children())
        m = s.send()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        after = until(lambda: len(s.children()) == 3 and s.children())
        assert not set(before) & set(after), (before, after)
        assert s.get("/v1/messages/" + m["id"]).status == 200
        first = time.monotonic()
        for _ in range(3):
            old = until(lambda: len(s.children()) == 3 and s.children())
            for pid in old:
                os.kill(pid, signal.SIGKILL)
            until(lambda: len(s.children()) == 3 and not set(s.children()) & set(old))
        assert time.monotonic() - first >= 0.6, "the pause grows"
        later = s.send(schedule_at=stamp(1))
        until(lambda: s.get("/v1/messages/" + later["id"]).json["status"] == "delivered")


@test
def children_end_with_the_parent():
    s = Server()
    children = until(lambda: len(s.children()) == 3 and s.children())
    s.process.kill()
    s.process.wait()
    until(lambda: not any(os.path.exists("/proc/%d" % pid) and "Z" not in open(
        "/proc/%d/stat" % pid).read().rsplit(")", 1)[1][:3] for pid in children))
    with Server(folder=s.folder):
        pass


@test
def term_drains():
    s = Server("--faults", "--workers", "2")
    answers = []
    crowd = [threading.Thread(target=lambda: answers.append(s.get(
        "/v1/channels", headers={"X-Fault": "delay=1500"}))) for _ in range(2)]
    for t in crowd:
        t.start()
    time.sleep(0.5)
    start = time.monotonic()
    s.stop()
    assert 0.7 < time.monotonic() - start < 20
    for t in crowd:
        t.join()
    assert [a.status for a in answers] == [200, 200], answers


@test
def int_and_hup_end_it_too():
    for signo in (signal.SIGINT, signal.SIGHUP):
        s = Server()
        s.process.send_signal(signo)
        s.process.wait(30)
        s.stop()


@test
def kept_connections_do_not_hold_a_worker():
    with Server("--workers", "1") as s:
        sock = s.client.connect()
        cgi = fastcgi.params("GET", "/healthz")
        sock.sendall(fastcgi.begin(flags=fastcgi.KEEP_CONN) +
                     fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(cgi)) +
                     fastcgi.stream(fastcgi.STDIN, b""))
        assert fastcgi.parse(FastCGIClient.read_answer(sock))[0] == 200
        start = time.monotonic()
        assert s.get("/healthz").status == 200
        assert time.monotonic() - start < 1, "a peer that does not close holds the worker"
        sock.close()


@test
def broken_peers():
    with Server("--workers", "2") as s:
        headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
        good = fastcgi.params("POST", "/v1/messages", headers, b"x" * 9)
        whole = fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(good))
        for raw in (b"", b"\x01", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 64, b"\xff" * 64,
                    fastcgi.begin(), fastcgi.begin(role=99) + whole[16:], whole[:-20], whole,
                    whole + fastcgi.record(fastcgi.STDIN, b"x", length=60000),
                    fastcgi.record(fastcgi.PARAMS, b"x"), fastcgi.record(99, b"x"),
                    fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, b"\x80\xff\xff\xff\xff"),
                    fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, b"\xff\xff\xff\xff")):
            sock = s.client.connect()
            sock.sendall(raw)
            sock.close()
            assert s.get("/healthz").status == 200, raw[:40]
        assert s.get("/v1/messages").json["data"] == []


@test
def many_at_once():
    with Server("--workers", "4") as s:
        failures = []

        def one(number):
            try:
                for i in range(15):
                    m = s.send("alice" if i % 2 else "bob", "message %d of %d" % (i, number))
                    assert s.get("/v1/messages/" + m["id"]).status == 200
                    s.get("/v1/messages", limit=3)
            except Exception as error:  # noqa: BLE001
                failures.append(error)
        crowd = [threading.Thread(target=one, args=(n,)) for n in range(12)]
        for t in crowd:
            t.start()
        for t in crowd:
            t.join()
        assert not failures, failures[:3]
        con = sqlite3.connect(s.db)
        assert con.execute("SELECT COUNT(*), COUNT(DISTINCT id) FROM message").fetchone() == (
            180, 180)
        assert con.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        con.execute("INSERT INTO message_text (message_text) VALUES ('integrity-check')")
        con.close()


@test
def busy_store_is_503():
    with Server() as s:
        con = sqlite3.connect(s.db, isolation_level=None)
        con.execute("BEGIN IMMEDIATE")
        answer = s.post("/v1/messages", {"to": "alice", "text": "x"})
        expect(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert s.get("/v1/messages").status == 200, "readers do not wait"
        con.execute("ROLLBACK")
        con.close()
        s.send()


# -- the description --------------------------------------------------------------------------


@test
def openapi_and_routes_agree():
    with open(OPENAPI) as text:
        document = json.load(text)
    documented = {(method.upper(), path) for path, item in document["paths"].items()
                  for method in item if method != "parameters"}
    out = run("--routes")
    routes = {tuple(line.split(" ", 1)) for line in out.stdout.splitlines()}
    assert documented == routes, (documented - routes, routes - documented)
    with Server() as s:
        for method, path in sorted(documented):
            answer = s.call(method, path.replace("{id}", "none"))
            problem = answer.json
            assert answer.status != 405 and problem.get("detail") != "no such path", (path, answer)
            item = document["paths"][path][method.lower()]
            assert str(answer.status) in item["responses"], (method, path, answer)
            assert item["operationId"] and item["summary"] and item["description"], item


def resolve(document, node):
    while "$ref" in node:
        target = document
        for part in node["$ref"].lstrip("#/").split("/"):
            target = target[part]
        node = target
    return node


def conforms(document, schema, value, where="$"):
    """The few keywords that the document uses, strictly."""
    schema = resolve(document, schema)
    for part in schema.get("allOf", []):
        conforms(document, part, value, where)
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
             "integer": int, "number": (int, float)}
    if "type" in schema:
        wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        assert any(isinstance(value, kinds[k]) for k in wanted), (where, value, wanted)
    if "enum" in schema:
        assert value in schema["enum"], (where, value)
    if isinstance(value, dict):
        for name in schema.get("required", []):
            assert name in value, (where, name, value)
        for name, inner in value.items():
            if name in schema.get("properties", {}):
                conforms(document, schema["properties"][name], inner, where + "." + name)
            else:
                assert schema.get("additionalProperties", True) is not False, (where, name)
    if isinstance(value, list) and "items" in schema:
        for i, inner in enumerate(value):
            conforms(document, schema["items"], inner, "%s[%d]" % (where, i))


@test
def openapi_describes_the_answers():
    with open(OPENAPI) as text:
        document = json.load(text)
    sink = Sink()
    with Server("--smtp", sink.url, "--mail-from", "desk@example.net",
                clients={"app": "x"}) as s:
        def check(method, path, answer):
            responses = document["paths"][path][method.lower()]["responses"]
            assert str(answer.status) in responses, (method, path, answer)
            content = resolve(document, responses[str(answer.status)])["content"]
            kind = content[answer.headers["content-type"]]
            conforms(document, kind["schema"], answer.json)
            return answer
        m = check("POST", "/v1/messages", keyed(s, "k", {
            "to": ["alice", "bob"], "text": "x", "subject": "S", "metadata": {},
            "attachments": [{"name": "a", "url": "https://e.org/a"},
                            {"name": "b", "data": "eA=="}]})).json
        check("POST", "/v1/messages", keyed(s, "k", {"to": "alice", "text": "y"}))
        check("POST", "/v1/messages", s.post("/v1/messages", {"to": "ali", "text": "y"}))
        later = check("POST", "/v1/messages", s.post("/v1/messages", {
            "to": "alice", "template_id": "welcome", "template_vars": {"name": "A"},
            "schedule_at": stamp(60), "reply_to": m["id"]})).json
        check("POST", "/v1/messages/{id}/cancel", s.post("/v1/messages/%s/cancel" % later["id"]))
        check("POST", "/v1/messages/{id}/cancel", s.post("/v1/messages/%s/cancel" % m["id"]))
        check("POST", "/v1/messages/preview", s.post("/v1/messages/preview", {
            "to": "alice", "text": "x", "subject": "S", "schedule_at": stamp(60)}))
        check("POST", "/v1/contacts/{id}/messages", s.post("/v1/contacts/bob/messages", {
            "text": "x", "reply_to": m["id"]}))
        check("POST", "/v1/messages/{id}/read", s.post("/v1/messages/%s/read" % m["id"], {
            "contact_id": "bob"}))
        check("POST", "/v1/contacts", s.post("/v1/contacts", {"name": "N"}))
        check("POST", "/oauth/token", grant(s, client_id="app", client_secret="x"))
        check("POST", "/oauth/token", grant(s, client_id="app", client_secret="y"))
        check("POST", "/oauth/token", grant(s, grant_type="x", client_id="app",
                                            client_secret="x"))
        for path, query in (("/healthz", {}), ("/v1/messages", {"limit": 1}), ("/v1/threads", {}),
                            ("/v1/messages", {"cursor": "x"}), ("/v1/messages", {"limit": 0}),
                            ("/v1/messages/search", {"query": "x"}), ("/v1/contacts", {}),
                            ("/v1/channels", {}), ("/v1/templates", {}),
                            ("/v1/deliveries", {"message_ids": m["id"] + "," + later["id"]})):
            check("GET", path, s.get(path, **query))
            check("GET", path, s.get(path, token="wrong", **query)
                  ) if path != "/healthz" else None
        for path, one in (("/v1/messages/{id}", m["id"]), ("/v1/messages/{id}/events", m["id"]),
                          ("/v1/messages/{id}/events", later["id"]),
                          ("/v1/threads/{id}/messages", m["thread_id"]),
                          ("/v1/contacts/{id}", "bob"), ("/v1/templates/{id}", "welcome")):
            check("GET", path, s.get(path.replace("{id}", one)))
            check("GET", path, s.get(path.replace("{id}", "none")))
        check("GET", "/v1/messages/{id}", s.get("/v1/messages/" + m["id"], include="body,events"))


@test
def openapi_is_consistent():
    with open(OPENAPI) as text:
        document = json.load(text)
    assert document["openapi"].startswith("3.1"), document["openapi"]

    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                resolve(document, node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
    walk(document)
    ids = [op["operationId"] for item in document["paths"].values() for op in item.values()]
    assert len(ids) == len(set(ids)), ids


@test
def openapi_bodies_agree():
    """A body that is refused for an unknown member is told all that are known."""
    with open(OPENAPI) as text:
        document = json.load(text)
    with Server() as s:
        for path in ("/v1/messages", "/v1/messages/preview", "/v1/contacts"):
            content = document["paths"][path]["post"]["requestBody"]["content"]
            schema = resolve(document, content["application/json"]["schema"])
            detail = expect(s.post(path, {"surprise": 1}), 422, "validation", "surprise")["detail"]
            known = detail.split("known: ")[1].split(",")
            assert sorted(known) == sorted(schema["properties"]), (path, known)
            for inner in schema["properties"].values():
                assert resolve(document, inner).get("type") or "oneOf" in resolve(document, inner)


def main():
    wanted = sys.argv[1:]
    passed, failed = 0, 0
    for function in TESTS:
        if wanted and not any(word in function.__name__ for word in wanted):
            continue
        start = time.monotonic()
        try:
            function()
        except BaseException as error:  # noqa: BLE001
            if isinstance(error, KeyboardInterrupt):
                raise
            failed += 1
            print("FAIL    %s" % function.__name__)
            traceback.print_exc(file=sys.stdout)
        else:
            passed += 1
            print("ok      %s (%.1f s)" % (function.__name__, time.monotonic() - start))
        sys.stdout.flush()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
