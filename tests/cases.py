#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""End-to-end cases: real requests through real web servers to ums-mcp and a scripted upstream.

    tests/cases.py [CASE ...] [--via fcgi|lighttpd|nginx|cgi] [--build DIR] [-v] [--keep]

Each folder of tests/cases and of tests/attack is a case; `step2/`, `step3/` ... in it are requests
that follow the first one, with files of their own:

    why       what the case shows, in a line
    params    CGI variables, NAME=VALUE a line; CONTENT_LENGTH is put in when it is not there
              (params.gen: a Python expression, a dict of more of them; each line of a value is
              a header of its own, for web servers)
    body      the request's body without the file's last newline (body.gen: an expression)
    upstream  JSON: one {"expect": {...}, "answer": {...}} or a list; without it the upstream
              must not be asked. See Stub.
    expect    the status line and chosen headers ("!Name" must be absent), an empty line, the
              exact body without the file's last newline
    limits    JSON: "only" (front or fronts), "max_ms", "conf" (lines, in which <<FILE:NAME>> is a
              copy of tests/cases/NAME), "env", "counts" (lines in the request log for a step),
              "raw" (send the records ourselves, not by cgi-fcgi)

In `expect`: <<ANY>> is any text, <<NUMBER>> an integer, <<VERSION>> a version, and any other
<<NAME>> is a word that later steps may use; <<NAME~>> there is the word with a letter changed.

Fronts: fcgi (cgi-fcgi), lighttpd and nginx (curl), cgi (the program itself). Around each case the
worker stays the same process, and its request log grows by one line a request.
"""
import argparse
import difflib
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from email.utils import formatdate
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))
import fastcgi  # noqa: E402
import table  # noqa: E402

CASES = HERE / "cases"
ATTACKS = HERE / "attack"
CANARY = "canary-7f3a9c"    # cases put it where nothing may log it
FRONTS = ("fcgi", "lighttpd", "nginx", "cgi")
SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehavior")

BASE_CONF = """\
auth = none
services = {cases}/service.json
service.cases.base_url = http://127.0.0.1:{port}/api
service.cases.token_file = {tmp}/token
state_key = {tmp}/state.key
store = {tmp}/store
upstream_retries = 0
breaker_failures = 0
tools_off = off_tool
result_max = 4096
allowed_origins = https://app.example.org
issuer = https://id.example.org
resource = https://mcp.example.org/mcp
jwks = {attacks}/jwks.json
api_keys_file = {tmp}/api_keys
upstream_response_max = 65536
upstream_timeout_ms = 2000
upstream_connect_timeout_ms = 1000
request_timeout_ms = 5000
drain_timeout_s = 3
"""


class Failure(Exception):
    """A case that does not hold; the text says how."""


# ---- JSON with the text of its numbers kept

class Digits(str):
    """A number's text."""


def parse_json(text):
    def pairs(items):
        if len({k for k, _ in items}) != len(items):
            raise Failure("duplicate member names in %.200s" % text)
        return dict(items)
    return json.loads(text, parse_int=Digits, parse_float=Digits, object_pairs_hook=pairs)


def kind_of(value):
    """A value that can be compared: numbers by text, apart from strings."""
    if isinstance(value, Digits):
        return ("number", str(value))
    if isinstance(value, dict):
        return {k: kind_of(v) for k, v in value.items()}
    if isinstance(value, list):
        return [kind_of(v) for v in value]
    return value


# ---- the upstream

def listen_below(limit=32768):
    """A listening socket on a free loopback port below the ephemeral ones."""
    for _ in range(200):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", random.randrange(20000, limit)))
            sock.listen(1024)
            return sock
        except OSError:
            sock.close()
    raise SystemExit("no free port on loopback")


def free_port():
    with listen_below() as sock:
        return sock.getsockname()[1]


class Stub:
    """An HTTP/1.1 upstream that plays a script, a thread a connection.

    A turn is {"expect", "answer"}; "step": true says that it writes nothing: it only prepares the
    call's own request, or reads by POST.
    expect: method, path (with the query, as it came), headers (null: absent), body (JSON is
    compared as JSON, a string as bytes, null: none). answer: status, headers, body (JSON or a
    string; <<PORT>> is the stub's), body_gen (an expression), delay_ms, and behaviour: truncate (half a body), reset
    (RST instead of an answer), close (end of stream instead of one), leave (an answer, then the
    end of the stream), stall (nothing until the client leaves), huge (more than any cap),
    headers (200 KB of them), drip (three bytes at a time).
    """

    def __init__(self, token, context=None):
        self.token = token
        self.context = context
        self.sock = listen_below()
        self.port = self.sock.getsockname()[1]
        self.lock = threading.Lock()
        self.script, self.problems, self.seen, self.left_early = [], [], 0, 0
        self.handler = None     # attack tests: called with the request instead of a script
        threading.Thread(target=self.accept, daemon=True).start()

    def play(self, script):
        with self.lock:
            self.script, self.problems, self.seen, self.left_early = list(script), [], 0, 0

    def finish(self):
        """What went wrong, after a case."""
        with self.lock:
            out = list(self.problems)
            if self.script:
                out.append("%d upstream requests were expected and did not come"
                           % len(self.script))
            self.script, self.problems = [], []
        return out

    def accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        try:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context is not None:
                conn = self.context.wrap_socket(conn, server_side=True)
            stream = conn.makefile("rb")
            while True:
                request = self.read_request(stream)
                if request is None or not self.answer(conn, request):
                    break
        except (OSError, ValueError):
            pass
        finally:
            conn.close()

    @staticmethod
    def read_request(stream):
        line = stream.readline()
        if not line:
            return None
        method, path, _ = line.decode("latin-1").split(" ", 2)
        headers = {}
        while True:
            line = stream.readline().decode("latin-1").rstrip("\r\n")
            if not line:
                break
            name, _, value = line.partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        length = int(headers.get("content-length", ["0"])[0])
        return {"method": method, "path": path, "headers": headers, "body": stream.read(length)}

    def answer(self, conn, request):
        """Answer one request; whether the connection stays."""
        with self.lock:
            self.seen += 1
            turn = self.script.pop(0) if self.script else None
            if turn is None and self.handler is None:
                self.problems.append("an upstream request that nobody expects: %s %s %.200r"
                                     % (request["method"], request["path"], request["body"]))
        if self.handler is not None and turn is None:
            turn = {"answer": self.handler(request)}
        if turn is None:
            turn = {"answer": {"status": 500}}
        elif "expect" in turn:
            wrong = self.compare(turn["expect"], request)
            with self.lock:
                self.problems += wrong
        return self.play_answer(conn, turn.get("answer", {}))

    def compare(self, expect, request):
        wrong = []
        for part in ("method", "path"):
            if part in expect and expect[part] != request[part]:
                wrong.append("upstream %s: expected %s, got %s"
                             % (part, expect[part], request[part]))
        wanted = {"authorization": "Bearer " + self.token}
        wanted.update({k.lower(): v for k, v in expect.get("headers", {}).items()})
        for name, value in wanted.items():
            got = request["headers"].get(name)
            if (got is None) != (value is None) or (
                    value is not None and not pattern_of(value, {}).fullmatch(
                        "|".join(got).encode("latin-1"))):
                wrong.append("upstream header %s: expected %s, got %s" % (name, value, got))
        if "body" in expect:
            wrong += self.compare_body(expect["body"], request["body"])
        return wrong

    @staticmethod
    def compare_body(wanted, got):
        if wanted is None or (isinstance(wanted, str) and not isinstance(wanted, Digits)):
            same = (wanted or "").encode() == got
        else:
            try:
                same = kind_of(parse_json(got.decode())) == kind_of(wanted)
            except (ValueError, Failure) as e:
                return ["upstream body is not JSON: %s: %.500r" % (e, got)]
        return [] if same else ["upstream body: expected %s, got %.500r"
                                % (json.dumps(wanted, ensure_ascii=False), got)]

    def play_answer(self, conn, answer):
        time.sleep(answer.get("delay_ms", 0) / 1000)
        behaviour = answer.get("behaviour")
        if callable(behaviour):     # of a handler: it writes to the connection, which then ends
            behaviour(conn)
            return False
        if behaviour == "reset":
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if behaviour == "close":
            return False
        if behaviour == "stall":
            conn.settimeout(5)
            if conn.recv(1) == b"":
                with self.lock:
                    self.left_early += 1
            return False
        body, kind = self.body_of(answer)
        body = body.replace(b"<<PORT>>", str(self.port).encode())
        headers = {"Content-Type": kind, "Content-Length": str(len(body))}
        headers.update(answer.get("headers", {}))
        status = answer.get("status", 200)
        if status == 204:
            del headers["Content-Length"], headers["Content-Type"]
        head = "HTTP/1.1 %d Status\r\n" % status
        head += "".join("%s: %s\r\n" % (k, dated(v)) for k, v in headers.items()) + "\r\n"
        data = head.encode("latin-1") + body
        if behaviour == "truncate":
            conn.sendall(data[:len(data) - len(body) // 2 - 1])
            return False
        if behaviour == "headers":
            lines = b"".join(b"X-%d: %s\r\n" % (i, b"x" * 990) for i in range(200))
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + lines + b"\r\n{}")
            return False
        if behaviour == "drip":
            for i in range(0, len(data), 3):
                conn.sendall(data[i:i + 3])
                time.sleep(0.0005)
            return True
        conn.sendall(data)
        return behaviour != "leave"

    @staticmethod
    def body_of(answer):
        if answer.get("behaviour") == "huge":
            return b'{"filler":"' + b"x" * 300000 + b'"}', "application/json"
        body = answer.get("body")
        if "body_gen" in answer:
            body = eval(answer["body_gen"])  # pylint: disable=eval-used
        if body is None:
            return b"", "application/json"
        if isinstance(body, bytes):
            return body, "application/json"
        if isinstance(body, str) and not isinstance(body, Digits):
            return body.encode(), "application/json"
        return dump(body).encode(), "application/json"

    def close(self):
        self.sock.close()


def dump(value):
    """Compact JSON with numbers as they were written."""
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, dict):
        return "{%s}" % ",".join("%s:%s" % (json.dumps(k), dump(v)) for k, v in value.items())
    if isinstance(value, list):
        return "[%s]" % ",".join(dump(v) for v in value)
    return json.dumps(value, ensure_ascii=False)


def dated(text):
    """<<DATE+N>> is the time in N seconds as HTTP writes it."""
    return re.sub(r"<<DATE\+(\d+)>>",
                  lambda m: formatdate(time.time() + int(m.group(1)), usegmt=True), text)


# ---- the bridge

class Certificates:
    """A certificate for loopback that is its own CA, and a CA that has nothing to do with it."""

    def __init__(self, tmp):
        self.own, self.key = tmp / "own.pem", tmp / "own.key"
        self.other, other_key = tmp / "other.pem", tmp / "other.key"
        for cert, key in ((self.own, self.key), (self.other, other_key)):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test",
                            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key),
                            "-out", str(cert)], check=True, capture_output=True)

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.own, self.key)
        return context


def children(pid):
    """Processes whose parent is `pid`."""
    out = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path("/proc", entry, "stat").read_text()
        except OSError:
            continue
        state, parent = stat.rpartition(")")[2].split()[:2]
        if int(parent) == pid and state != "Z":
            out.append(int(entry))
    return out


class Bridge:
    """One ums-mcp master with one worker, its stub upstream and its log."""

    def __init__(self, build, tmp, certificates=None):
        self.binary = str(build / "ums-mcp")
        self.tmp = tmp
        self.tmp.mkdir(parents=True, exist_ok=True)
        self.token = secrets.token_hex(24)
        for name, text in (("token", self.token + "\n"),
                           ("api_keys", (ATTACKS / "api_keys").read_text())):
            (tmp / name).write_text(text)
            (tmp / name).chmod(0o600)
        self.stub = Stub(self.token)
        self.tls = None
        if certificates is not None:
            self.tls = Stub(self.token, certificates.context())
        self.certificates = certificates
        self.socket = str(tmp / "s")
        self.log = tmp / "log"
        self.log.touch()
        self.conf = tmp / "conf"
        self.master = None
        self.starts = 0

    def environment(self, more=None):
        env = {"PATH": "/usr/bin:/bin", "UMS_MCP_CONFIG": str(self.conf),
               "ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "print_stacktrace=1"}
        env.update(more or {})
        return env

    def write_conf(self, lines=()):
        text = BASE_CONF.format(cases=CASES, attacks=ATTACKS, port=self.stub.port, tmp=self.tmp)
        over = {}
        for line in lines:
            line = line.replace("<<REFUSED>>", str(free_port()))
            if self.tls is not None:
                line = line.replace("<<TLS>>", str(self.tls.port))
                line = line.replace("<<CA>>", str(self.certificates.own))
                line = line.replace("<<OTHER_CA>>", str(self.certificates.other))
            for name in re.findall(r"<<FILE:(.*?)>>", line):
                (self.tmp / name).write_text((CASES / name).read_text().replace(
                    "<<PORT>>", str(self.stub.port)))
                line = line.replace("<<FILE:%s>>" % name, str(self.tmp / name))
            over[line.split("=")[0].strip()] = line
        kept = [x for x in text.splitlines() if x.split("=")[0].strip() not in over]
        self.conf.write_text("\n".join(kept + list(over.values())) + "\n")

    def start(self, lines=(), env=None, workers=1):
        self.write_conf(lines)
        self.launch(env, workers)

    def launch(self, env=None, workers=1):
        """Start with the configuration that there is."""
        with open(self.log, "ab") as log:
            self.master = subprocess.Popen(
                [self.binary, "--listen", self.socket, "--workers", str(workers)],
                env=self.environment(env), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.starts += workers
        self.wait_for(lambda: self.text().count('"worker open') >= self.starts or self.lost(),
                      10, "ums-mcp does not start:\n%s" % self.text()[-2000:])

    def lost(self):
        if self.master.poll() is not None:
            raise Failure("ums-mcp ended with %d:\n%s"
                          % (self.master.returncode, self.text()[-2000:]))
        return False

    @staticmethod
    def wait_for(what, seconds, why):
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                raise Failure(why)
            time.sleep(0.005)

    def text(self):
        return self.log.read_text("utf-8", "backslashreplace")

    def requests(self):
        return self.text().count('"msg":"request"')

    def worker(self):
        return children(self.master.pid)

    def stop(self, seconds=5):
        """TERM; it must end in time, with 0."""
        master, self.master = self.master, None
        if master is None:
            return
        master.send_signal(signal.SIGTERM)
        try:
            code = master.wait(seconds)
        except subprocess.TimeoutExpired:
            for pid in children(master.pid) + [master.pid]:
                os.kill(pid, signal.SIGKILL)
            master.wait()
            raise Failure("ums-mcp did not end within %d s of SIGTERM" % seconds) from None
        if code != 0:
            raise Failure("ums-mcp ended with %d after SIGTERM" % code)

    def check_log(self, text=None):
        """Nothing in the log that must not be there."""
        text = self.text() if text is None else text
        for word, what in [(s, "a sanitizer report") for s in SANITIZERS] + [
                (self.token, "the upstream's token"), (CANARY, "text of a request")]:
            at = text.find(word)
            if at != -1:
                raise Failure("%s in the log: %s"
                              % (what, text[max(0, at - 300):at + 3000].replace("\n", "\n    ")))

    def close(self):
        self.stub.close()
        if self.tls is not None:
            self.tls.close()


# ---- web servers, from the files in etc/

class WebServer:
    """lighttpd or nginx in front of a bridge's socket."""

    def __init__(self, name, tmp, bridge, port=None, edit=lambda text: text):
        self.port = port or free_port()
        text = (ROOT / "etc" / (name + ".conf")).read_text()
        text = text[:text.rindex("# ---- ums-local")].rstrip().rstrip("\t")
        text = text.replace("/run/ums-mcp/ums-mcp.sock", bridge.socket)
        text = text.replace("/run/ums-mcp", str(tmp)).replace(":8080", ":%d" % self.port)
        text = text.replace("server.port = 8080", "server.port = %d" % self.port)
        text = text.replace("worker_processes auto", "worker_processes 1")
        if name == "nginx":
            text = ("user root;\n" if os.getuid() == 0 else "") + text + "\n}"
        conf = tmp / (name + ".conf")
        conf.write_text(edit(text) + "\n")
        command = {"lighttpd": ["lighttpd", "-D", "-f", str(conf)],
                   "nginx": ["nginx", "-e", "stderr", "-c", str(conf)]}[name]
        self.log = tmp / (name + ".log")
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [shutil.which(command[0], path=path)] + command[1:], env={"PATH": path},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        Bridge.wait_for(self.is_up, 10, "%s does not start: %s" % (name, self.log.read_text()))

    def is_up(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


# ---- a case

class Step:
    """One request of a case."""

    def __init__(self, folder, before=None):
        self.folder = folder
        self.params = dict(before.params) if before is not None else {}
        self.params.pop("CONTENT_LENGTH", None)
        path = folder / "params"
        if path.exists():
            lines = path.read_text().splitlines()
            self.params = dict(line.split("=", 1) for line in lines if line)
        if (folder / "params.gen").exists():
            self.params.update(evaluate(folder / "params.gen"))
        self.body = b""
        if (folder / "body.gen").exists():
            self.body = evaluate(folder / "body.gen")
            self.body = self.body if isinstance(self.body, bytes) else self.body.encode()
        elif (folder / "body").exists():
            self.body = without_newline((folder / "body").read_bytes())
        path = folder / "upstream"
        script = parse_json(path.read_text()) if path.exists() else []
        script = [script] if isinstance(script, dict) else script
        self.upstream = [numbers(turn) for turn in script]
        self.status, self.headers, self.answer = self.read_expect(folder / "expect")

    @staticmethod
    def read_expect(path):
        head, _, body = path.read_bytes().partition(b"\n\n")
        lines = head.decode().splitlines()
        return lines[0], lines[1:], without_newline(body)


class Case:
    """A folder of tests/cases or tests/attack."""

    def __init__(self, folder):
        self.name = folder.name
        path = folder / "limits"
        self.limits = json.loads(path.read_text()) if path.exists() else {}
        only = self.limits.get("only", FRONTS)
        self.only = (only,) if isinstance(only, str) else tuple(only)
        self.steps = [Step(folder)]
        for i in range(2, 10):
            if (folder / ("step%d" % i)).is_dir():
                self.steps.append(Step(folder / ("step%d" % i), self.steps[-1]))
        # Cases that need the same configuration share a start of ums-mcp.
        self.group = json.dumps([self.limits.get("conf", []), self.limits.get("env", {})])


def all_cases():
    """The cases of both folders."""
    return [Case(p) for folder in (CASES, ATTACKS) for p in sorted(folder.iterdir())
            if (p / "expect").exists()]


def evaluate(path):
    return eval(path.read_text(), {"CANARY": CANARY})  # pylint: disable=eval-used


def without_newline(data):
    return data[:-1] if data.endswith(b"\n") else data


def numbers(turn):
    """The numbers of a script's own members are numbers; those of bodies stay text."""
    answer = turn.get("answer", {})
    for name in ("status", "delay_ms"):
        if name in answer:
            answer[name] = int(answer[name])
    return turn


# ---- comparing

SPECIAL = {"ANY": rb"(?s:.*?)", "NUMBER": rb"-?\d+", "VERSION": rb"[0-9][0-9.]*"}


def pattern_of(text, words):
    """`text` with its placeholders as a regular expression over bytes."""
    data = text if isinstance(text, bytes) else text.encode()
    out, named = b"", set()
    for i, part in enumerate(re.split(rb"<<([A-Z][A-Z0-9_]*)>>", data)):
        name = part.decode("latin-1")
        if i % 2 == 0:
            out += re.escape(part)
        elif name in SPECIAL:
            out += SPECIAL[name]
        elif name in words:
            out += re.escape(words[name].encode())
        elif name in named:
            out += b"(?P=" + part + b")"
        else:
            named.add(name)
            out += b"(?P<" + part + rb">[A-Za-z0-9_.-]+)"
    return re.compile(out)


def put_words(text, words):
    """Placeholders of a request replaced by what an earlier step gave."""
    def word(m):
        value = words[m.group(1).decode()]
        if m.group(2):
            i = len(value) // 2
            value = value[:i] + ("A" if value[i] != "A" else "B") + value[i + 1:]
        return value.encode()
    return re.sub(rb"<<([A-Z][A-Z0-9_]*)(~?)>>", word, text)


def diff(expected, got):
    """Both, one above the other, in pieces that can be read."""
    def pieces(data):
        return re.sub(r'(?<=[,{\[])', "\n", data.decode("utf-8", "backslashreplace")).splitlines()
    lines = difflib.unified_diff(pieces(expected), pieces(got), "expected", "got", n=2, lineterm="")
    return "\n    ".join(list(lines)[:60])


def check_answer(step, status, headers, body, words, by_server):
    """Hold an answer to what the step expects."""
    phrase = step.status if not by_server else step.status.split()[0]
    if (status if not by_server else status.split()[0]) != phrase:
        raise Failure("status: expected %s, got %s: %.300s" % (phrase, status, body))
    for line in step.headers:
        name, _, value = line.partition(":")
        if name.startswith("!"):
            if name[1:].lower() in headers:
                raise Failure("header %s must be absent" % name[1:])
            continue
        got = headers.get(name.lower())
        got = "|".join(got) if isinstance(got, list) else got
        match = pattern_of(value.strip(), words).fullmatch((got or "").encode())
        if got is None or match is None:
            raise Failure("header %s: expected %s, got %s" % (name, value.strip(), got))
        words.update({k: v.decode() for k, v in match.groupdict().items()})
    match = pattern_of(step.answer, words).fullmatch(body)
    if match is None:
        raise Failure("body:\n    " + diff(step.answer, body))
    words.update({k: v.decode() for k, v in match.groupdict().items()})
    check_always(headers, body)


def check_always(headers, body):
    """What holds for every answer."""
    if headers.get("content-type") != "application/json":
        return
    try:
        message = parse_json(body.decode("utf-8"))
    except ValueError as e:
        raise Failure("the body is not JSON in UTF-8: %s: %.500r" % (e, body)) from None
    for one in message if isinstance(message, list) else [message]:
        if "jsonrpc" in one:
            check_message(one)


def check_message(message):
    """What holds for every JSON-RPC message."""
    if message.get("id", "") is None:
        raise Failure("an id that is null")
    result = message.get("result", {})
    # Content that a service said itself, or that is no text, is as it came.
    texts = [block.get("text") for block in result.get("content", [])]
    if not texts or texts[0] is None:
        return
    text, structured = texts[0], result.get("structuredContent")
    if structured is None or text.startswith("{"):
        text = parse_json(text)
        if structured is not None and kind_of(text) != kind_of(structured):
            raise Failure("the text block says something else than structuredContent")
    else:
        try:
            wrong = table.differs(text, structured, parse_json)
        except ValueError as e:
            wrong = e
        if wrong is not None:
            raise Failure("the table in the text block: %s" % wrong)
    if result.get("isError") and "structuredContent" in result:
        raise Failure("structuredContent beside isError")


# ---- fronts

def header_name(variable):
    if variable in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        return variable.replace("_", "-").title()
    return variable[5:].replace("_", "-").title()


class Front:
    """A way to ums-mcp; runs the cases that may go this way, one after the other."""

    def __init__(self, name, build, tmp, certificates, verbose):
        self.name = name
        self.verbose = verbose
        self.bridge = Bridge(build, tmp, certificates)
        self.tmp = tmp
        self.web = None
        self.results = []       # (case name, None or why)
        self.cgi_log = b""

    def run(self, cases):
        try:
            self.run_groups([c for c in cases if self.name in c.only])
        except (Failure, OSError, subprocess.SubprocessError) as e:
            self.results.append(("(%s)" % self.name, str(e)))
        finally:
            for end in (self.stop_web, self.bridge.stop, self.bridge.check_log, self.bridge.close):
                try:
                    end()
                except Failure as e:
                    self.results.append(("(the end of %s)" % self.name, str(e)))

    def stop_web(self):
        if self.web is not None:
            self.web.stop()

    def run_groups(self, cases):
        if self.name in ("lighttpd", "nginx"):
            self.bridge.start()
            self.web = WebServer(self.name, self.tmp, self.bridge)
            self.bridge.stop()
        for group in dict.fromkeys(c.group for c in cases):
            mine = [c for c in cases if c.group == group]
            conf, env = mine[0].limits.get("conf", []), mine[0].limits.get("env", {})
            if self.name == "cgi":
                self.bridge.write_conf(conf)
            else:
                self.bridge.start(conf, env)
            for case in mine:
                self.run_case(case)
            self.bridge.stop()
            self.bridge.check_log(None if self.name != "cgi" else self.cgi_log.decode(
                "utf-8", "backslashreplace"))

    def run_case(self, case):
        words, why = {}, None
        try:
            for number, step in enumerate(case.steps, 1):
                try:
                    self.run_step(case, step, words)
                except Failure as e:
                    raise Failure(("step %d: " % number if number > 1 else "") + str(e)) from None
        except (Failure, OSError, subprocess.SubprocessError, fastcgi.FastCGIError) as e:
            why = str(e) or repr(e)
        self.results.append((case.name, why))

    def run_step(self, case, step, words):
        stubs = [s for s in (self.bridge.stub, self.bridge.tls) if s is not None]
        over_tls = any("<<TLS>>" in line for line in case.limits.get("conf", []))
        for stub in stubs:
            stub.play(step.upstream if (stub is self.bridge.tls) == over_tls else [])
        params = {k: put_words(v.encode(), words).decode() for k, v in step.params.items()}
        body = put_words(step.body, words)
        if body:
            params.setdefault("CONTENT_LENGTH", str(len(body)))
        before = self.worker_state()
        began = time.monotonic()
        status, headers, answer = self.exchange(case, params, body)
        took = (time.monotonic() - began) * 1000
        if self.verbose:
            print("%s via %s: %s %s\n  %s" % (case.name, self.name, status, headers, answer))
        wrong = [w for stub in stubs for w in stub.finish()]
        if wrong:
            raise Failure("; ".join(wrong) + "; the answer was %.500s" % answer)
        check_answer(step, status, headers, answer, words, self.web is not None)
        most = case.limits.get("max_ms", 5000)
        if took > most:
            raise Failure("took %d ms, more than %d" % (took, most))
        self.check_worker(before, case.limits.get("counts", 1))

    def worker_state(self):
        if self.name == "cgi":
            return None, self.cgi_log.count(b'"msg":"request"')
        return self.bridge.worker(), self.bridge.requests()

    def check_worker(self, before, counts):
        end = time.monotonic() + 1
        while True:
            after = self.worker_state()
            if after[1] >= before[1] + counts or time.monotonic() > end:
                break
            time.sleep(0.005)
        if after[0] != before[0] or after[0] == []:
            raise Failure("the worker is another: %s, was %s" % (after[0], before[0]))
        if after[1] != before[1] + counts:
            raise Failure("%d lines in the request log, expected %d"
                          % (after[1] - before[1], counts))

    def exchange(self, case, params, body):
        if self.name == "cgi":
            return self.by_cgi(case, params, body)
        if self.web is not None:
            return self.by_curl(params, body)
        if case.limits.get("raw"):
            client = fastcgi.FastCGIClient(self.bridge.socket, 10)
            sock = client.connect()
            with sock:
                sock.sendall(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(params))
                             + fastcgi.stream(fastcgi.STDIN, body))
                return self.parse(client.read_answer(sock))
        done = subprocess.run([shutil.which("cgi-fcgi"), "-bind", "-connect", self.bridge.socket],
                              env=params, input=body, capture_output=True, timeout=20, check=False)
        if done.returncode != 0:
            raise Failure("cgi-fcgi ended with %d: %s" % (done.returncode, done.stderr.decode()))
        return self.parse(done.stdout)

    def by_cgi(self, case, params, body):
        env = self.bridge.environment(case.limits.get("env"))
        env.update({"GATEWAY_INTERFACE": "CGI/1.1"})
        env.update(params)
        done = subprocess.run([self.bridge.binary], env=env, input=body, capture_output=True,
                              timeout=20, check=False)
        self.cgi_log += done.stderr
        if done.returncode != 0:
            raise Failure("the program ended with %d: %s"
                          % (done.returncode, done.stderr.decode()[-3000:]))
        return self.parse(done.stdout)

    @staticmethod
    def parse(stdout):
        """A CGI answer: the status with its phrase, headers, body."""
        _, headers, body = fastcgi.parse(stdout)
        return headers.pop("status", "200 OK"), headers, body

    def by_curl(self, params, body):
        head, data, sent = self.tmp / "head", self.tmp / "data", self.tmp / "sent"
        data.write_bytes(b"")
        sent.write_bytes(body)
        url = "http://127.0.0.1:%d%s" % (self.web.port, params["REQUEST_URI"])
        command = ["curl", "-q", "-s", "-S", "-g", "--noproxy", "*", "--http1.1", "--path-as-is",
                   "--max-time", "20", "-X", params["REQUEST_METHOD"], "-D", str(head),
                   "-o", str(data), "-H", "Expect:", "-H", "User-Agent:"]
        for name in ("HTTP_ACCEPT", "CONTENT_TYPE"):
            if name not in params:
                command += ["-H", header_name(name) + ":"]
        for name, value in params.items():
            if name.startswith("HTTP_") or name == "CONTENT_TYPE":
                for line in value.split("\n"):
                    command += ["-H", header_name(name) + (": " + line if line else ";")]
        if body:
            command += ["--data-binary", "@" + str(sent)]
        done = subprocess.run(command + [url], capture_output=True, check=False)
        if done.returncode != 0:
            raise Failure("curl ended with %d: %s" % (done.returncode, done.stderr.decode()))
        lines = head.read_bytes().decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, sep, value = line.partition(":")
            if sep:
                headers.setdefault(name.lower(), value.strip())
        return lines[0].partition(" ")[2], headers, data.read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help="names of cases; all without one")
    parser.add_argument("--via", choices=FRONTS, action="append")
    parser.add_argument("--build", default=os.environ.get(
        "BUILD_DIR", str(ROOT / "build" / "asan")))
    parser.add_argument("-v", "--verbose", action="store_true", help="print every answer")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    args = parser.parse_args()

    names = [n.rstrip("/").rsplit("/", 1)[-1] for n in args.cases]
    cases = [c for c in all_cases() if not names or c.name in names]
    unknown = set(names) - {c.name for c in cases}
    if unknown or not cases:
        raise SystemExit("no such case: " + " ".join(sorted(unknown)))

    fronts, skipped = [], 0
    tmp = Path(tempfile.mkdtemp(prefix="cases."))
    certificates = Certificates(tmp)
    needs = {"fcgi": "cgi-fcgi", "lighttpd": "lighttpd", "nginx": "nginx", "cgi": "sh"}
    for name in args.via or FRONTS:
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        if shutil.which(needs[name], path=path) is None:
            print("skipped: no %s here" % needs[name])
            skipped += sum(name in c.only for c in cases)
            continue
        fronts.append(Front(name, Path(args.build), tmp / name, certificates, args.verbose))
    threads = [threading.Thread(target=f.run, args=(cases,)) for f in fronts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    failed = 0
    for front in fronts:
        for name, why in front.results:
            if why is not None:
                failed += 1
                print("FAIL %s via %s: %s" % (name, front.name, why))
    for front in fronts:
        good = sum(why is None for _, why in front.results)
        print("%s: %d of %d" % (front.name, good, len(front.results)))
    if args.keep:
        print("kept: %s" % tmp)
    else:
        shutil.rmtree(tmp, ignore_errors=True)
    total = sum(len(f.results) for f in fronts)
    print("%d passed, %d failed%s" % (total - failed, failed,
                                      ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
