#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every fault that ums-mcp is to survive, brought about for real, and what comes of it.

    tests/faults.py [NAME ...] [--build DIR] [--release DIR] [-v]

Every function fault_NAME is one; its first line says what breaks and what a caller gets. It has
an Arena: a master, one worker, an upstream that does what it is told and counts. Where a fault can
be repeated it is: then the worker is the same process, holds no more descriptors and is not larger.
After each nothing is in flight, a ping is answered, the end is exit 0, and the log holds no
sanitizer report, no token and no text of a request. The clock's faults run the release build, since
its clock is put in by LD_PRELOAD.
"""
import argparse
import calendar
import contextlib
import http.client
import json
import os
import random
import resource
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))
import fastcgi  # noqa: E402
import keyed  # noqa: E402
from attack import PING, PONG, cgi, expect, is_running, whole  # noqa: E402
from attack import call as message  # noqa: E402
from cases import Bridge, Certificates, Failure, Stub, WebServer, children  # noqa: E402
from fastcgi import PARAMS, STDIN, FastCGIClient, FastCGIError, record, stream  # noqa: E402
from keyed import is_code, key  # noqa: E402

CONF = ["log_level = info", "upstream_timeout_ms = 400", "request_timeout_ms = 4000",
        "upstream_retries = 2", "store_max = 4194304"]
PSS_MORE = 16 << 20     # what a series may leave behind in a build with ASan
COPIES = 4              # calls of a kind at once in a round

# Whether a failure is worth a repeat; outcome_unknown is where the service knows the key.
RETRYABLE = {
    "upstream_timeout": True, "upstream_broken": True, "upstream_unavailable": True,
    "upstream_error": True, "rate_limited": True, "upstream_unreachable": True,
    "upstream_unresolvable": True, "upstream_unexpected": False, "upstream_too_large": False,
    "upstream_untrusted": False,
}


class Skip(Exception):
    """What a fault needs is not to be had here."""


# ---- an upstream that breaks

def reset(conn):
    """From here on closing is a reset."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODY = b'{"id":"m1","status":"made","data":[]}'


def reset_body(conn):
    conn.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:10])
    time.sleep(0.02)
    reset(conn)


def reset_after(conn):
    conn.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
    time.sleep(0.05)
    reset(conn)


def reset_open(conn):
    """The body has no length: its end is the connection's, and that is no end."""
    conn.sendall(HEAD + b"\r\n" + BODY)
    time.sleep(0.02)
    reset(conn)


def ooze(conn):
    for byte in HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY:
        conn.sendall(bytes([byte]))
        time.sleep(0.01)


class Upstream(Stub):
    """The stub of the cases with more faults; a connection ends with its answer unless `keep`."""

    keep = False
    served = set()      # connections that had an answer already
    raw = {f.__name__: f for f in (reset_body, reset_after, reset_open, ooze)}

    def play_answer(self, conn, answer):
        act = self.raw.get(answer.get("behaviour"))
        if act is not None:
            act(conn)
            return False
        if answer.get("behaviour") == "reset_kept":
            if conn in self.served:
                reset(conn)
                return False
            self.served.add(conn)
            answer = {k: v for k, v in answer.items() if k != "behaviour"}
        if not self.keep:
            headers = dict({"Connection": "close"}, **answer.get("headers", {}))
            answer = dict(answer, headers=headers)
        return super().play_answer(conn, answer) and self.keep

    def close(self):
        """Now, though accept() waits on it."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def reopen(self, port):
        self.sock, self.port = keyed.socket_on(port), port
        threading.Thread(target=self.accept, daemon=True).start()


# ---- what a fault acts on

class Arena(keyed.Arena):
    """The bridge, its upstream and its worker."""

    def __init__(self, build, tmp, conf, workers):    # pylint: disable=super-init-not-called
        self.conf, self.workers = list(conf), workers
        self.bridge = Bridge(Path(build), tmp)
        self.bridge.stub.close()
        self.bridge.stub = self.stub = Upstream(self.bridge.token)
        self.stub.handler = self.upstream
        self.store, self.lock = tmp / "store", threading.Lock()
        self.sent, self.seen, self.plan, self.fault = [], [], [], {}
        self.open, self.env = [], {"ASAN_OPTIONS": "exitcode=99:quarantine_size_mb=4"}

    def start(self):
        self.bridge.starts = self.bridge.text().count('"worker open')
        self.bridge.start(self.conf, self.env, self.workers)

    def restart(self, *lines):
        self.bridge.stop()
        self.conf += lines
        self.start()

    def upstream(self, request):
        with self.lock:
            self.seen.append(request["path"] + request["body"].decode())
        return dict(super().upstream(request), **self.fault)

    def count(self, mark):
        return sum(mark in text for text in self.seen)

    def wait_sent(self, count):
        Bridge.wait_for(lambda: len(self.sent) >= count, 5, "nothing came upstream")

    def read(self, mark="x", **more):
        return self.call("list_items", query=mark, **more)

    def wrap(self, before):
        """From the next start on a shell does something before it becomes the program."""
        script = self.bridge.tmp / "wrapped"
        script.write_text("#!/bin/sh\n%s\nexec %s \"$@\"\n" % (before, self.bridge.binary))
        script.chmod(0o755)
        self.bridge.binary = str(script)

    # raw connections

    def connect(self, receive=None):
        sock = socket.socket(socket.AF_UNIX)
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.settimeout(10)
        sock.connect(self.bridge.socket)
        self.open.append(sock)
        return sock

    def send(self, data, receive=None):
        sock = self.connect(receive)
        sock.sendall(data)
        return sock

    def ping(self, seconds=3):
        status, _, body = FastCGIClient(self.bridge.socket, seconds).request(cgi(PING), PING)
        expect((status, body) == (200, PONG), "ping: %s %s" % (status, body))

    # what is left behind

    def worker(self):
        return self.bridge.worker()[0]

    def flying(self):
        return sum(float(line.split()[-1]) for line in self.metrics().splitlines()
                   if line.startswith("ums_mcp_in_flight{"))

    def landed(self):
        Bridge.wait_for(lambda: self.flying() == 0, 5, "something is left in flight")

    def lines(self):
        """The whole lines of the request log."""
        found = []
        for line in self.bridge.text().splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return [x for x in found if x.get("msg") == "request"]

    def log_time(self):
        """The time on the log's line of a ping, in whole seconds."""
        def pings():
            return [line for line in self.lines() if line["method"] == "ping"]
        count = len(pings())
        self.ping()
        Bridge.wait_for(lambda: len(pings()) > count, 3, "no line in the log")
        return pings()[-1]["time"].partition(".")[0]

    def finish(self):
        for sock in self.open:
            sock.close()
        self.open = []


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def pss(pid):
    for line in Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise Failure("no Pss of %d" % pid)


def steady(a, fault, times=2):
    """Repeat a fault: the worker stays, and keeps nothing of it."""
    fault()
    a.finish()
    a.landed()
    worker, before, size = a.worker(), 0, pss(a.worker())
    seen = -1
    while seen != before:               # connections of ours close a moment later
        seen = before
        time.sleep(0.03)
        before = descriptors(worker)
    for _ in range(times):
        fault()
    a.finish()
    a.landed()
    expect(a.bridge.worker() == [worker], "the worker is another")
    Bridge.wait_for(lambda: descriptors(worker) <= before, 3, "%d descriptors became %d"
                    % (before, descriptors(worker)))
    expect(pss(worker) - size < PSS_MORE, "PSS grew from %d to %d KB"
           % (size >> 10, pss(worker) >> 10))


# ---- upstream: each fault meets a read, a write, and writes with a key

KINDS = {
    "read": lambda a, mark, k: a.read(mark),
    "unkeyed": lambda a, mark, k: a.form(text=mark),
    "known": lambda a, mark, k: a.item(k, text=mark),
    "unknown": lambda a, mark, k: a.form(k, text=mark),
}


class Job:
    """A call, what it should get, and what it got."""

    def __init__(self, a, kind, code, sent):
        self.a, self.kind, self.code, self.sent = a, kind, code, sent
        self.key, self.mark = key(), "m%016x" % random.getrandbits(64)

    def call(self):
        began = time.monotonic()
        answer = KINDS[self.kind](self.a, self.mark, self.key)
        return answer, time.monotonic() - began

    def check(self, answer, took, seconds):
        what = "%s: %s" % (self.kind, answer.whole)
        expect(answer.code == self.code, "expected %s of %s" % (self.code, what))
        expect(took < seconds, "%s took %.1f s" % (self.kind, took))
        count = self.a.count(self.mark)
        expect(count == self.sent, "%s: %d sent, not %d" % (self.kind, count, self.sent))
        if self.code != "ok":
            again = RETRYABLE.get(self.code, self.kind == "known")
            expect(answer.value["retryable"] is again, "retryable is wrong in " + what)

    def check_again(self):
        """The fault is over. Who knows that nothing was done sends it; else it is as it was."""
        before, answer = self.a.count(self.mark), self.call()[0]
        lost = self.code == "outcome_unknown" and self.kind == "unknown"
        kept = lost or (self.code == "ok" and self.kind in ("known", "unknown"))
        is_code(answer, "outcome_unknown" if lost else "ok")
        count = self.a.count(self.mark) - before
        expect(count == (0 if kept else 1), "%s again: %d sent" % (self.kind, count))


def matrix(a, fault, seconds=3.5, back=lambda: None, again=True, **rows):
    """All kinds of call under a fault that lasts; `rows`: the code and how often it is sent."""
    last = []

    def turn():
        jobs = [Job(a, kind, *row) for kind, row in rows.items() for _ in range(COPIES)]
        with ThreadPoolExecutor(len(jobs)) as pool:
            for job, (answer, took) in zip(jobs, pool.map(Job.call, jobs)):
                job.check(answer, took, seconds)
        last[:] = jobs[::COPIES]
    a.fault = fault
    steady(a, turn)
    a.fault = {}
    back()
    for job in last if again else []:
        job.check_again()


def same(code, sent):
    """The same for all kinds."""
    return {kind: (code, sent) for kind in KINDS}


def unclear(read, sent_read, sent_known):
    """A read's code; nobody knows of a write, and only where its key is known is it repeated."""
    return {"read": (read, sent_read), "unkeyed": ("outcome_unknown", 1),
            "known": ("outcome_unknown", sent_known), "unknown": ("outcome_unknown", 1)}


def fault_latency_within(a):
    """The service is slow, within the timeout: all is well."""
    matrix(a, {"delay_ms": 150}, **same("ok", 1))


def fault_latency_past(a):
    """It answers past the timeout: upstream_timeout; a write may have been done."""
    matrix(a, {"delay_ms": 700}, **unclear("upstream_timeout", 3, 3))


def fault_stall(a):
    """It takes the request and says nothing: the same."""
    matrix(a, {"behaviour": "stall"}, **unclear("upstream_timeout", 3, 3))


def fault_drip(a):
    """Three bytes at a time, in time: all is well."""
    matrix(a, {"behaviour": "drip"}, **same("ok", 1))


def fault_drip_past(a):
    """A byte at a time, past the timeout: as if it had said nothing."""
    matrix(a, {"behaviour": "ooze"}, **unclear("upstream_timeout", 3, 3))


def fault_429(a):
    """Too many requests: nothing was done, so all are sent again, and then rate_limited."""
    matrix(a, {"status": 429, "body": {}}, **same("rate_limited", 3))


def fault_429_wait(a):
    """The same with a time past the deadline: told at once, with that time."""
    fault = {"status": 429, "body": {}, "headers": {"Retry-After": "60"}}
    matrix(a, fault, seconds=2, **same("rate_limited", 1))
    a.fault = fault
    expect(a.form().value["retry_after_s"] == 60, "the time is not told")


def fault_500(a):
    """The service fails: upstream_error; a write may have been done."""
    matrix(a, {"status": 500, "body": {}}, **unclear("upstream_error", 1, 3))


def fault_502(a):
    """Its proxy has lost it: the same, and a read is tried again."""
    matrix(a, {"status": 502, "body": "<html>"}, **unclear("upstream_error", 3, 3))


def fault_503(a):
    """A gateway's, perhaps: it says nothing of what the service did."""
    matrix(a, {"status": 503, "body": {}}, **unclear("upstream_unavailable", 3, 3))


def fault_503_of_its_own(a):
    """The service says that it takes nothing now: nothing was done, nothing blind is repeated."""
    matrix(a, {"status": 503, "headers": {"Retry-After": "60"}, "body": {}},
           read=("upstream_unavailable", 1), unkeyed=("upstream_unavailable", 1),
           known=("upstream_unavailable", 1), unknown=("upstream_unavailable", 1))


def fault_504(a):
    """Its proxy gave up: as 502."""
    matrix(a, {"status": 504, "body": {}}, **unclear("upstream_error", 3, 3))


def fault_reset_before(a):
    """A reset instead of an answer: upstream_broken; a write may have been done."""
    matrix(a, {"behaviour": "reset"}, **unclear("upstream_broken", 3, 3))


def fault_reset_amid(a):
    """A reset amid the body: the same."""
    matrix(a, {"behaviour": "reset_body"}, **unclear("upstream_broken", 3, 3))


def fault_reset_amid_open(a):
    """A reset where the body has no length: what came is not taken for the whole."""
    matrix(a, {"behaviour": "reset_open"}, **unclear("upstream_broken", 3, 3))


def fault_reset_after(a):
    """A reset behind the whole answer: that call is well; the next write may be unclear."""
    def turn():
        for kind in KINDS:
            is_code(a.read(), "ok")     # it leaves no connection
            a.plan = [{"behaviour": "reset_after"}]
            job = Job(a, kind, "ok", 1)
            job.check(*job.call(), 1)
        time.sleep(0.1)
        # libcurl looks once a second whether a kept connection lives; never is it sent twice.
        before, answer = a.posts(), a.form()
        expect(answer.code in ("ok", "outcome_unknown"), answer.whole)
        expect(a.posts() - before == (answer.code == "ok"), "%d sent" % (a.posts() - before))
    steady(a, turn, 3)


def fault_reset_kept(a):
    """A kept connection is reset under a request: a read is sent again, a write is not."""
    a.stub.keep = True

    def turn():
        for call, code, sent in ((a.read, "ok", 2), (a.form, "outcome_unknown", 1),
                                 (lambda: a.form(key()), "outcome_unknown", 1),
                                 (lambda: a.item(key()), "ok", 2)):
            is_code(a.read(), "ok")             # it leaves a connection
            before, a.plan = len(a.sent), [{"behaviour": "reset"}]
            is_code(call(), code)
            expect(len(a.sent) - before == sent, "%d sent" % (len(a.sent) - before))
    steady(a, turn, 3)


def fault_reset_many_kept(a):
    """After a burst all kept connections are dead: a read takes a new one for its second try."""
    a.stub.keep = True

    def turn():
        a.stub.served = set()
        a.fault = {"behaviour": "reset_kept", "delay_ms": 150}
        with ThreadPoolExecutor(30) as pool:
            burst = list(pool.map(lambda _: a.read(), range(30)))
        expect(all(answer.code in ("ok", "upstream_broken") for answer in burst), "the burst")
        a.fault = {"behaviour": "reset_kept"}
        before = len(a.sent)
        is_code(a.read(), "ok")
        # libcurl itself tries some of them.
        expect(len(a.sent) - before <= 10, "%d sent" % (len(a.sent) - before))
        a.fault = {}
    steady(a, turn, 3)


def fault_truncated(a):
    """The end of the stream amid the body: upstream_broken; a write may have been done."""
    matrix(a, {"behaviour": "truncate"}, **unclear("upstream_broken", 3, 3))


def fault_json_truncated(a):
    """Half a JSON text, told as whole: upstream_unexpected, once; a write was accepted."""
    matrix(a, {"body": '{"id":"m1","data":['}, **unclear("upstream_unexpected", 1, 1))


def fault_json_wrong(a):
    """Another JSON: upstream_unexpected where the tool's outputSchema asks for what is missing."""
    matrix(a, {"body": {"surprise": [1, 2]}}, read=("upstream_unexpected", 1),
           known=("outcome_unknown", 1), unkeyed=("ok", 1), unknown=("ok", 1))


def fault_html(a):
    """A page of HTML with 200: upstream_unexpected, once; a write was accepted."""
    matrix(a, {"body": "<html><body>Sign in</body></html>",
               "headers": {"Content-Type": "text/html"}}, **unclear("upstream_unexpected", 1, 1))


def fault_huge_body(a):
    """More than upstream_response_max: upstream_too_large, once; a write may have been done."""
    matrix(a, {"behaviour": "huge"}, **unclear("upstream_too_large", 1, 1))


def fault_huge_headers(a):
    """200 KB of headers: the same."""
    matrix(a, {"behaviour": "headers"}, **unclear("upstream_too_large", 1, 1))


def fault_refused(a):
    """Nobody listens: upstream_unreachable, tried three times, nothing sent; then it is back."""
    port = a.stub.port
    a.stub.close()
    matrix(a, {}, back=lambda: a.stub.reopen(port), **same("upstream_unreachable", 0))
    tries = [line["tries"] for line in a.lines() if line.get("error") == "upstream_unreachable"]
    expect(set(tries) == {3}, "tries: %s" % set(tries))


def not_accepting(port):
    """A socket whose backlog is full: connecting to it takes for ever."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(0)
    held = [sock]
    for _ in range(4):
        held.append(socket.socket())
        held[-1].setblocking(False)
        held[-1].connect_ex(("127.0.0.1", port))
    return held


def close_all(socks):
    for sock in socks:
        sock.close()


def fault_not_accepting(a):
    """Connections hang: upstream_timeout by the connect timeout; nothing was sent."""
    port = a.stub.port
    a.stub.close()
    held = not_accepting(port)

    def back():
        close_all(held)
        a.stub.reopen(port)
    matrix(a, {}, back=back, **same("upstream_timeout", 0))


fault_not_accepting.conf = ["upstream_connect_timeout_ms = 200"]


def fault_unresolvable(a):
    """The service's host has no address: upstream_unresolvable; nothing was sent."""
    # No label may be so long: the resolver says no without a packet.
    a.restart("service.cases.base_url = http://%s.invalid/api" % ("x" * 64))
    matrix(a, {}, again=False, **same("upstream_unresolvable", 0))


# ---- TLS

OPENSSL_CA = """
[ca]
default_ca = d
[d]
database = index
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = p
x509_extensions = e
[p]
commonName = supplied
[e]
subjectAltName = %s
"""


def certificate(tmp, name, alt, begin="20200101000000Z", end="20490101000000Z"):
    """A certificate that is its own CA: the files of it and of its key."""
    tmp = tmp / name
    tmp.mkdir()
    (tmp / "index").touch()
    (tmp / "conf").write_text(OPENSSL_CA % alt)
    for command in (
            ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", "/CN=test", "-keyout", "key", "-out", "csr"],
            ["ca", "-batch", "-selfsign", "-notext", "-config", "conf", "-keyfile", "key",
             "-in", "csr", "-out", "pem", "-startdate", begin, "-enddate", end]):
        subprocess.run(["openssl"] + command, cwd=tmp, check=True, capture_output=True)
    return tmp / "pem", tmp / "key"


def over_tls(a, cert, ca, code="upstream_untrusted", sent=0):
    """The service shows `cert`, and its file says to believe `ca`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*cert)
    a.stub.context = context
    a.restart("service.cases.base_url = https://127.0.0.1:%d/api" % a.stub.port,
              "service.cases.ca_file = %s" % ca)
    matrix(a, {}, seconds=3, again=code == "ok", **same(code, sent))


def fault_tls_good(a):
    """No fault: what the others differ from. TLS's secrets are written nowhere, whatever asks."""
    cert = certificate(a.bridge.tmp, "good", "IP:127.0.0.1")
    secrets = a.bridge.tmp / "tls-secrets"
    a.env = dict(a.env, SSLKEYLOGFILE=str(secrets))
    over_tls(a, cert, cert[0], "ok", 1)
    expect(not secrets.exists(), "the secrets of TLS were written to SSLKEYLOGFILE")


def fault_tls_expired(a):
    """A certificate that has expired: upstream_untrusted, once; nothing was sent."""
    cert = certificate(a.bridge.tmp, "old", "IP:127.0.0.1", end="20200201000000Z")
    over_tls(a, cert, cert[0])


def fault_tls_wrong_host(a):
    """A certificate of another host: the same."""
    cert = certificate(a.bridge.tmp, "host", "DNS:other.example.org")
    over_tls(a, cert, cert[0])


def fault_tls_unknown_ca(a):
    """A certificate that signs itself, or of a CA that is not ours: the same."""
    own = Certificates(a.bridge.tmp)
    over_tls(a, (own.own, own.key), own.other)


def fault_tls_plain(a):
    """Plain HTTP where TLS is expected: the same, and no credential goes out."""
    got = []

    def talk(sock):
        while True:
            try:
                conn = sock.accept()[0]
            except OSError:
                return
            with conn:
                got.append(conn.recv(65536))
                conn.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(64)
        threading.Thread(target=talk, args=(sock,), daemon=True).start()
        a.restart("service.cases.base_url = https://127.0.0.1:%d/api" % sock.getsockname()[1])
        matrix(a, {}, seconds=3, again=False, **same("upstream_untrusted", 0))
        sock.shutdown(socket.SHUT_RDWR)
    expect(got and not [x for x in got if a.bridge.token.encode() in x], "the token went out")


def fault_tls_reset(a):
    """A reset amid the handshake: the same; nothing was sent."""
    def cut(sock):
        while True:
            try:
                conn = sock.accept()[0]
            except OSError:
                return
            with conn:
                conn.recv(100)
                reset(conn)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(64)
        threading.Thread(target=cut, args=(sock,), daemon=True).start()
        a.restart("service.cases.base_url = https://127.0.0.1:%d/api" % sock.getsockname()[1])
        matrix(a, {}, seconds=3, again=False, **same("upstream_untrusted", 0))
        sock.shutdown(socket.SHUT_RDWR)


# ---- the front

def post(port, body, timeout=10):
    """A request through the web server: its status and body."""
    web = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        web.request("POST", "/mcp", body, {"Content-Type": "application/json",
                                           "Accept": "application/json, text/event-stream"})
        answer = web.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as e:
        return 0, repr(e).encode()
    finally:
        web.close()


@contextlib.contextmanager
def web_server(a, name):
    """A web server in front; nothing of it is left afterwards."""
    if not shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
        raise Skip("%s is not installed" % name)
    tmp = a.bridge.tmp / ("%s.%s" % (name, random.getrandbits(32)))
    tmp.mkdir()
    web = WebServer(name, tmp, a.bridge)
    pids = [web.process.pid]
    try:
        if name == "nginx":             # it listens before its worker is there
            Bridge.wait_for(lambda: children(web.process.pid), 5, "nginx has no worker")
        pids += children(web.process.pid)   # behind their master, which would replace them
        yield web, pids
    finally:
        each(pids, signal.SIGKILL)
        web.process.wait()


def each(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def web_killed(a, name):
    def turn():
        k, seen, early = key(), len(a.sent), a.stub.left_early
        a.plan = [{"behaviour": "stall"}, {"delay_ms": 400}]
        with web_server(a, name) as (web, pids), ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(post, web.port, message("list_items", query="x"))]
            a.wait_sent(seen + 1)
            calls.append(pool.submit(post, web.port, message("post_form", text="x",
                                                             idempotency_key=k)))
            a.wait_sent(seen + 2)
            each(pids, signal.SIGKILL)
            expect([c.result()[0] for c in calls] == [0, 0], "an answer of the dead")
            Bridge.wait_for(lambda: a.stub.left_early > early, 3, "the read goes on upstream")
        expect(is_code(a.form(k, text="x"), "ok").replay, "the write's result is lost")
        expect(len(a.sent) - seen == 2, "%d sent" % (len(a.sent) - seen))
    steady(a, turn)
    gone = [x for x in a.lines() if x.get("client") == "gone"]
    expect({x["tool"] for x in gone} == {"post_form", "list_items"}, "the log: %s" % gone)


def fault_web_killed_nginx(a):
    """nginx is killed amid requests: a read is given up, a write ends, a repeat is told of it."""
    web_killed(a, "nginx")


fault_web_killed_nginx.conf = ["upstream_timeout_ms = 3000"]


def fault_web_killed_lighttpd(a):
    """lighttpd is killed amid requests: the same."""
    web_killed(a, "lighttpd")


fault_web_killed_lighttpd.conf = fault_web_killed_nginx.conf


def web_stopped(a, name):
    with web_server(a, name) as (web, pids), ThreadPoolExecutor(4) as pool:
        def turn():
            a.fault, seen = {"delay_ms": 400}, len(a.sent)
            calls = [pool.submit(post, web.port, message("post_form", text="x",
                                                         idempotency_key=key()))
                     for _ in range(4)]
            a.wait_sent(seen + 4)
            each(pids, signal.SIGSTOP)
            a.fault = {}
            for _ in range(10):
                is_code(a.read(), "ok")         # by another way in
            Bridge.wait_for(lambda: a.flying() == 0, 3, "the worker waits for the web server")
            expect(not [c for c in calls if c.done()], "an answer while it was stopped")
            each(pids, signal.SIGCONT)
            answers = [c.result() for c in calls]
            expect({x[0] for x in answers} == {200} and
                   not [x for x in answers if b"isError" in x[1]], answers)
        steady(a, turn)


def fault_web_stopped_nginx(a):
    """nginx is stopped amid requests: others are served, its clients get their answers later."""
    web_stopped(a, "nginx")


fault_web_stopped_nginx.conf = fault_web_killed_nginx.conf


def fault_web_stopped_lighttpd(a):
    """lighttpd is stopped amid requests: the same."""
    web_stopped(a, "lighttpd")


fault_web_stopped_lighttpd.conf = fault_web_killed_nginx.conf


def ends(sock):
    try:
        return sock.recv(65536) == b""
    except ConnectionResetError:
        return True


def fault_record_malformed(a):
    """A record of another version: its connection ends, others are served (more: attack.py)."""
    def turn():
        for _ in range(20):
            expect(ends(a.send(record(fastcgi.BEGIN, b"\0" * 8, version=2))), "it stays")
        a.ping()
    steady(a, turn)


def fault_record_half(a):
    """Half a record and the end: nothing comes of it; and whoever stays holds nobody up."""
    data = whole(message("post_form", text="x"))

    def turn():
        for cut in (1, 7, 12, len(data) // 2, len(data) - 1):
            a.send(data[:cut]).close()
            a.send(data[:cut])
            a.ping()
    steady(a, turn)
    expect(not a.sent, "something went upstream")


def fault_gone_in_body(a):
    """A client leaves while its body comes: nothing is sent, nothing is logged as a call."""
    body = message("post_form", text="x" * 3000, idempotency_key=key())
    head = fastcgi.begin() + stream(PARAMS, fastcgi.pairs(cgi(body)))

    def turn():
        for cut in (0, 10, len(body) - 1):
            for leave in (b"", record(fastcgi.ABORT)):
                a.send(head + record(STDIN, body[:cut]) + leave).close()
        a.ping()
    steady(a, turn, 5)
    expect(not a.sent, "something went upstream")


@contextlib.contextmanager
def locked(a):
    """Another process holds the store's lock."""
    holder = subprocess.Popen([sys.executable, "-c", keyed.HOLD % (str(a.store) + "-lock")],
                              stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        yield
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def fault_gone_at_store(a):
    """A client leaves while its write waits for the store: sent once, and a repeat is told."""
    def turn():
        before, keys = a.posts(), [key() for _ in range(5)]
        with locked(a):
            for k in keys:
                a.send(whole(message("post_form", text="x", idempotency_key=k)))
            Bridge.wait_for(lambda: a.flying() == 5, 3, "they do not wait")
            a.finish()
            time.sleep(0.1)
            expect(a.posts() == before, "sent without a record")
        for k in keys:
            expect(is_code(a.form(k, text="x"), "ok").replay, "it was not done")
        expect(a.posts() - before == 5, "%d sent" % (a.posts() - before))
    steady(a, turn)


fault_gone_at_store.conf = ["store_timeout_ms = 3000"]


def fault_gone_at_upstream(a):
    """A client leaves while the service works: a read is given up, a write is let finish."""
    def turn():
        early, seen = a.stub.left_early, len(a.sent)
        a.fault = {"behaviour": "stall"}
        a.send(whole(message("list_items", query="x")))
        a.wait_sent(seen + 1)
        a.fault = {"delay_ms": 150}
        k = key()
        a.send(whole(message("post_form", text="x", idempotency_key=k)))
        a.send(whole(message("post_form", text="x")))
        a.wait_sent(seen + 3)
        a.finish()
        Bridge.wait_for(lambda: a.stub.left_early > early, 3, "the read goes on upstream")
        expect(is_code(a.form(k, text="x"), "ok").replay, "the write was not let finish")
        expect(len(a.sent) == seen + 3, "%d sent" % (len(a.sent) - seen))
    steady(a, turn, 4)


def batch(*messages):
    return b"[" + b",".join(messages) + b"]"


def fault_gone_in_batch(a):
    """A client leaves amid a batch: its reads are given up, its writes are let finish."""
    def upstream(request):
        slow = {"behaviour": "stall"} if request["method"] == "GET" else {"delay_ms": 150}
        return dict(a.upstream(request), **slow)

    def turn():
        early, seen, k = a.stub.left_early, len(a.sent), key()
        a.stub.handler = upstream
        a.send(whole(batch(PING, message("list_items", query="x"),
                           message("post_form", text="x", idempotency_key=k),
                           message("post_form", text="x"), message("list_items", query="y"))))
        a.wait_sent(seen + 4)
        a.finish()
        Bridge.wait_for(lambda: a.stub.left_early >= early + 2, 3, "the reads go on upstream")
        a.stub.handler = a.upstream
        expect(is_code(a.form(k, text="x"), "ok").replay, "the write was not let finish")
        expect(len(a.sent) == seen + 4, "%d sent" % (len(a.sent) - seen))
    steady(a, turn, 4)


def large(count=4000):
    return {"data": [{"id": "%060d" % i} for i in range(count)]}


def fault_gone_in_reply(a):
    """A client leaves amid a reply of some hundred KB: the rest is dropped, nobody is held up."""
    a.fault = {"body": large()}

    def turn():
        for _ in range(5):
            sock = a.send(whole(message("list_items", query="x")), receive=4096)
            expect(len(FastCGIClient.read_exactly(sock, 4000)) == 4000, "no reply")
            a.ping()
            sock.close()
    steady(a, turn)


def fault_batch_too_long(a):
    """The answers of a batch are bounded together: those above are said to be too long."""
    a.fault = {"body": large()}
    body = batch(*[message("list_items", query="x")] * 20)

    def turn():
        status, _, text = FastCGIClient(a.bridge.socket, 20).request(cgi(body), body)
        answers = json.loads(text)
        good = [x for x in answers if "result" in x]
        wrong = [x["error"] for x in answers if "error" in x]
        expect(status == 200 and len(answers) == 20 and {x["id"] for x in answers} == {1},
               "%d, %d answers" % (status, len(answers)))
        expect(good and wrong and len(text) < 9 << 20, "%d good, %d wrong, %d bytes"
               % (len(good), len(wrong), len(text)))
        expect(all("too long together" in x["message"] for x in wrong), wrong[0])
    steady(a, turn)


fault_batch_too_long.conf = fault_gone_in_reply.conf = ["result_max = 1048576", "upstream_response_max = 4194304",
                            "upstream_timeout_ms = 3000"]


class Slowly:
    """A socket that is read bit by bit; others are served meanwhile."""

    def __init__(self, a, sock):
        self.a, self.sock, self.count = a, sock, 0

    def recv(self, size):
        self.count += 1
        if self.count < 30:
            time.sleep(0.01)
            self.a.ping(1)
        return self.sock.recv(min(size, 2000 if self.count < 30 else 65536))


def fault_slow_reader(a):
    """A reply of some hundred KB, read slowly: it comes whole, and others are served meanwhile."""
    a.fault = {"body": large()}

    def turn():
        sock = a.send(whole(message("list_items", query="x")), receive=4096)
        status, _, body = fastcgi.parse(FastCGIClient.read_answer(Slowly(a, sock)))
        items = json.loads(body)["result"]["structuredContent"]["items"]
        expect(status == 200 and len(items) == 4000 and len(body) > 300000,
               "%d items in %d bytes" % (len(items), len(body)))
    steady(a, turn)


fault_slow_reader.conf = fault_gone_in_reply.conf


# ---- processes

def kill_worker(a):
    """The worker is killed; another is waited for."""
    opened = a.bridge.text().count('"worker open')
    os.kill(a.worker(), signal.SIGKILL)
    return lambda: Bridge.wait_for(lambda: a.bridge.text().count('"worker open') > opened, 8,
                                   "no new worker")


def killed_one(a, kind, sent, held, back=lambda: None):
    """Kill the worker once `held` returns; the call has been sent `sent` times by then."""
    job = Job(a, kind, "", sent)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(job.call)
        held(job)
        expect(a.count(job.mark) == sent, "%d sent" % a.count(job.mark))
        opened = kill_worker(a)
        expect(isinstance(first.exception(), (FastCGIError, OSError)), "an answer of the dead")
    a.plan = []
    opened()
    back()
    answer, took = job.call()
    is_code(answer, "ok" if kind == "known" else "outcome_unknown")
    count = a.count(job.mark) - sent
    expect(count == (kind == "known") and took < 2, "%d sent in %.1f s" % (count, took))
    again = is_code(job.call()[0], answer.code)
    expect(again.replay if kind == "known" else not again.value["retryable"], again.whole)
    expect(a.count(job.mark) == sent + count, "and once more")


def fault_killed_before_sending(a):
    """Killed before a keyed write is sent: sent later where the key is known, else said."""
    port = a.stub.port

    def held(_):
        Bridge.wait_for(lambda: a.flying() == 1, 3, "it is not on its way")
        time.sleep(0.1)                 # the claim is written down, the connection hangs

    def back():
        close_all(socks)
        a.stub.reopen(port)
    for kind in ("known", "unknown"):
        a.stub.close()
        socks = not_accepting(port)
        try:
            killed_one(a, kind, 0, held, back)
        finally:
            close_all(socks)


def fault_killed_at_upstream(a):
    """Killed while the service holds the request: sent again only where the key is known."""
    for kind in ("known", "unknown"):
        a.plan = [{"delay_ms": 350}]
        killed_one(a, kind, 1, lambda job: Bridge.wait_for(
            lambda: a.count(job.mark) == 1, 3, "nothing was sent"))


def fault_killed_while_retrying(a):
    """Killed while a call sleeps before its next try: the same."""
    def held(job):
        Bridge.wait_for(lambda: a.count(job.mark) == 1, 3, "nothing was sent")
        time.sleep(0.2)
    for kind in ("known", "unknown"):
        a.plan = [{"status": 429, "body": {}, "headers": {"Retry-After": "2"}}]
        killed_one(a, kind, 1, held)


def fault_master_killed(a):
    """The master is killed: workers answer what they hold and end; what was written stays known."""
    workers, k = a.bridge.worker(), key()
    a.fault = {"delay_ms": 300}
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(a.form, k)] + [pool.submit(a.read) for _ in range(7)]
        a.wait_sent(8)
        a.bridge.master.kill()
        a.bridge.master.wait()
        expect({c.result().code for c in calls} == {"ok"}, "what was accepted is not answered")
    Bridge.wait_for(lambda: not [p for p in workers if is_running(p)], 3, "workers are left")
    a.bridge.master, a.fault = None, {}
    a.start()
    expect(is_code(a.form(k), "ok").replay and a.posts() == 1, "%d sent" % a.posts())


fault_master_killed.workers = 2


def fault_worker_stopped(a):
    """A worker is stopped and continued: the other serves, a twin is told to wait."""
    k = key()
    idle = sum(descriptors(p) for p in a.bridge.worker())
    a.plan = [{"delay_ms": 400}]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(a.form, k)
        a.wait_sent(1)
        holder = max(a.bridge.worker(), key=descriptors)
        os.kill(holder, signal.SIGSTOP)
        try:
            for _ in range(20):
                a.ping(1)
            began = time.monotonic()
            twin = is_code(a.form(k), "idempotency_in_progress")
            expect(twin.value["retryable"] and time.monotonic() - began < 2, twin.value)
        finally:
            os.kill(holder, signal.SIGCONT)
        expect(first.result().code in ("ok", "outcome_unknown"), first.result().whole)
        code = first.result().code
    is_code(a.form(k), code)
    expect(a.posts() == 1, "%d sent" % a.posts())
    Bridge.wait_for(lambda: sum(descriptors(p) for p in a.bridge.worker()) <= idle, 3,
                    "descriptors are left")


fault_worker_stopped.workers = 2
fault_worker_stopped.conf = ["request_timeout_ms = 1500", "upstream_timeout_ms = 1500"]


# ---- resources

def fault_no_descriptors(a):
    """Fewer descriptors than calls: 503 for the rest, no blame on the service; then all is well."""
    a.bridge.stop()
    a.wrap("ulimit -n 64")
    a.start()
    body = message("list_items", query="x")

    def turn():
        a.fault, began = {"delay_ms": 300}, time.monotonic()
        socks = [a.send(whole(body)) for _ in range(150)]
        codes = [keyed.Answer(*fastcgi.parse(FastCGIClient.read_answer(sock))).code
                 for sock in socks]
        took, a.fault = time.monotonic() - began, {}
        count = {code: codes.count(code) for code in set(codes)}
        expect("ok" in count and took < 8, "%s in %.1f s" % (count, took))
        expect(set(count) <= {"ok", "http 503"}, "of 150: %s" % count)
        Bridge.wait_for(lambda: a.read().code == "ok", 2, "it does not recover")
    steady(a, turn, 1)


fault_no_descriptors.conf = ["upstream_timeout_ms = 2000"]


@contextlib.contextmanager
def tmpfs(a, size="4m", flags="rw"):
    """A file system of our own, to fill and to forbid."""
    path = a.bridge.tmp / "mount"
    path.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "%s,size=%s" % (flags, size), "tmpfs", str(path)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        raise Skip("a tmpfs cannot be mounted")
    try:
        yield path
    finally:
        a.bridge.stop()
        subprocess.run(["umount", "-l", str(path)], check=True)


def does_not_start(a, code, *words):
    """The program, alone, ends with this code and these words."""
    a.bridge.write_conf(a.conf)
    done = subprocess.run([a.bridge.binary, "--listen", str(a.bridge.tmp / "t"), "--workers", "0"],
                          env=a.bridge.environment(a.env), timeout=10, capture_output=True,
                          check=False)
    expect(done.returncode == code, "exit %d: %s" % (done.returncode, done.stderr))
    for word in words:
        expect(word.encode() in done.stderr, "%s is not said: %s" % (word, done.stderr))


def fault_disk_full(a):
    """No room for the store: exit 111 that says so; a master waits, and serves once there is."""
    a.bridge.stop()
    with tmpfs(a) as path:
        a.conf.append("store = %s/store" % path)
        does_not_start(a, 111, "store = %s/store" % path, "No space left on device")
        a.bridge.write_conf(a.conf)
        opened = a.bridge.text().count('"worker open')
        with open(a.bridge.log, "ab") as log:
            a.bridge.master = subprocess.Popen(
                [a.bridge.binary, "--listen", a.bridge.socket], stdin=subprocess.DEVNULL,
                env=a.bridge.environment(a.env), stdout=log, stderr=log)
        Bridge.wait_for(lambda: "exited with 111" in a.bridge.text(), 5, "it starts")
        subprocess.run(["mount", "-o", "remount,size=64m", str(path)], check=True)
        Bridge.wait_for(lambda: a.bridge.text().count('"worker open') > opened, 5,
                        "it does not start with room")
        is_code(a.form(key()), "ok")


def fault_disk_full_later(a):
    """The disk fills while it runs: the store has its room, and keyed writes go on."""
    a.bridge.stop()
    with tmpfs(a, "64m") as path:
        a.restart("store = %s/store" % path)
        k = key()
        is_code(a.form(k), "ok")
        with contextlib.suppress(OSError), open(path / "filler", "wb", 0) as filler:
            while True:
                filler.write(b"x" * 65536)
        expect(shutil.disk_usage(path).free < 65536, "it is not full")

        def turn():
            with ThreadPoolExecutor(8) as pool:
                codes = {x.code for x in pool.map(lambda _: a.form(key()), range(100))}
            expect(codes == {"ok"}, codes)
        steady(a, turn)
        expect(is_code(a.form(k), "ok").replay, "it was forgotten")


def fault_file_too_large(a):
    """A limit on the size of files, below the store's: the start fails and says so."""
    a.bridge.stop()
    a.wrap("ulimit -f 16000")
    a.conf.append("store = %s" % (a.bridge.tmp / "other"))
    does_not_start(a, 111, "store = %s" % (a.bridge.tmp / "other"), "File too large")


def fault_log_full(a):
    """The log's file may not grow: lines are lost, requests are not."""
    pids = [a.bridge.master.pid, a.worker()]
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (a.bridge.log.stat().st_size + 500,
                                                      resource.RLIM_INFINITY))

    def turn():
        for _ in range(30):
            a.ping()
        is_code(a.form(key()), "ok")
    steady(a, turn)
    expect(a.bridge.worker() == pids[1:], "the worker is another")
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    count = len(a.lines())
    a.ping()                            # the line that was cut off swallows this one's
    a.ping()
    Bridge.wait_for(lambda: len(a.lines()) > count, 3, "it logs no more, though it may")


def fault_store_read_only(a):
    """A store on a read-only file system, new or not: exit 100 that says so."""
    a.bridge.stop()
    with tmpfs(a, "64m") as path:
        for name in ("new", "old"):
            a.conf.append("store = %s/%s" % (path, name))
            if name == "old":
                a.start()
                is_code(a.form(key()), "ok")
                a.bridge.stop()
            subprocess.run(["mount", "-o", "remount,ro", str(path)], check=True)
            does_not_start(a, 100, "store = %s/%s" % (path, name), "Read-only file system")
            subprocess.run(["mount", "-o", "remount,rw", str(path)], check=True)


# ---- the clock

SHIM = r"""
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const volatile long *offset;

__attribute__((constructor)) static void
init(void)
{
	const char *path = getenv("CLOCK_OFFSET");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

	if (fd != -1)
		offset = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	int result = (int)syscall(SYS_clock_gettime, clock, ts);

	if (offset != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ts->tv_sec += *offset;
	return result;
}

time_t
time(time_t *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (t != NULL)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
"""
DAY = 86400


def with_clock(a):
    """Restart with a wall clock that can be set: returns what sets it, in seconds from the true."""
    source, library = a.bridge.tmp / "clock.c", a.bridge.tmp / "clock.so"
    offset = a.bridge.tmp / "offset"
    source.write_text(SHIM)
    offset.write_bytes(struct.pack("l", 0))
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source)], check=True,
                   timeout=60)
    a.env = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(offset)}
    a.restart()

    def step(seconds):
        with open(offset, "r+b", 0) as file:
            file.write(struct.pack("l", seconds))
        logged = time.strptime(a.log_time(), "%Y-%m-%dT%H:%M:%S")
        off = calendar.timegm(logged) - time.time() - seconds
        expect(abs(off) < 60, "its clock is off by %.0f s" % off)
    return step


def fault_clock_stepped(a):
    """The wall clock steps by two days, on and back: a key stays known for its time."""
    step, keys = with_clock(a), []

    def known():
        for k in keys:
            expect(is_code(a.form(k), "ok").replay, "a key is forgotten")
    for seconds in (0, 2 * DAY, 0, -2 * DAY, 0):
        step(seconds)
        known()
        keys.append(key())
        is_code(a.form(keys[-1]), "ok")
        a.restart()                     # what is in the file, too
        known()
    expect(a.posts() == len(keys), "%d sent" % a.posts())


fault_clock_stepped.release = True


def fault_clock_stepped_expiry(a):
    """A key's time is over when it is over, whatever the wall clock says."""
    step = with_clock(a)
    a.restart("idempotency_ttl_s = 1")
    k = key()
    is_code(a.form(k), "ok")
    step(-2 * DAY)
    expect(is_code(a.form(k), "ok").replay, "at once")
    time.sleep(1.1)
    expect(not is_code(a.form(k), "ok").replay and a.posts() == 2, "it is not forgotten")


fault_clock_stepped_expiry.release = True


def fault_clock_stepped_in_flight(a):
    """The clock steps under calls on their way: deadlines and pauses are the monotonic clock's."""
    step = with_clock(a)
    for seconds in (2 * DAY, -2 * DAY):
        k, seen = key(), len(a.sent)
        a.plan = [{"delay_ms": 200}, {"status": 429, "headers": {"Retry-After": "1"}}]
        with ThreadPoolExecutor(3) as pool:
            began = time.monotonic()
            first = pool.submit(a.form, k)
            a.wait_sent(seen + 1)
            retried = pool.submit(a.read)
            a.wait_sent(seen + 2)
            step(seconds)
            twin = pool.submit(a.form, k)
            is_code(first.result(), "ok")
            expect(is_code(twin.result(), "ok").replay, "a twin was sent")
            is_code(retried.result(), "ok")
        expect(1 <= time.monotonic() - began < 2.5, "%.1f s" % (time.monotonic() - began))
    steady(a, lambda: step(0))


fault_clock_stepped_in_flight.release = True
fault_clock_stepped_in_flight.conf = ["upstream_timeout_ms = 2000"]


def fault_clock_stepped_confirm(a):
    """A confirm_token is refused once the clock is past its time; set back, it is good once."""
    step = with_clock(a)

    def token():
        return is_code(a.form(text="pay"), "confirmation_required").value["confirm_token"]

    def pay(with_token):
        return a.form(text="pay", confirm_token=with_token)
    first = token()
    step(2 * DAY)
    expect("expired" in is_code(pay(first), "confirm_token_invalid").value["hint"], "not why")
    late = token()
    for used, sent in ((first, 1), (late, 2)):
        step(0)
        is_code(pay(used), "ok")
        is_code(pay(used), "confirm_token_used")
        for seconds in (-2 * DAY, 0, 60):
            step(seconds)
            is_code(pay(used), "confirm_token_used")
        expect(a.posts() == sent, "%d sent" % a.posts())


fault_clock_stepped_confirm.release = True
fault_clock_stepped_confirm.conf = ["policy = confirm:*"]


# ---- running them

def release_build(options):
    if options.release is None:
        options.release = str(ROOT / "build" / "release")
        subprocess.run(["make", "-s", "-C", str(ROOT), "build/release/ums-mcp"], check=True,
                       timeout=300, stdout=subprocess.DEVNULL)
    return options.release


def run(options, tmp, function):
    conf = CONF + getattr(function, "conf", [])
    build = release_build(options) if getattr(function, "release", False) else options.build
    arena, why = Arena(build, tmp, conf, getattr(function, "workers", 1)), None
    try:
        arena.start()
        function(arena)
        arena.finish()
        if arena.bridge.master is not None:
            arena.landed()
            arena.ping()
    except (Failure, FastCGIError, OSError, subprocess.SubprocessError, LookupError, TypeError,
            ValueError) as e:
        why = "%s: %s" % (type(e).__name__, e)
    finally:
        arena.finish()
        for step in (arena.bridge.stop, arena.bridge.check_log, arena.bridge.close):
            try:
                step()
            except Failure as e:
                why = "%s; %s" % (why, e) if why else str(e)
    return why


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="names of faults; all without one")
    parser.add_argument("--build", default=os.environ.get("BUILD_DIR", str(ROOT / "build/asan")))
    parser.add_argument("--release", help="folder of the release build; made without one")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    faults = {k[6:]: v for k, v in globals().items() if k.startswith("fault_")}
    wanted = [n.replace("-", "_") for n in options.names] or list(faults)
    if set(wanted) - set(faults):
        raise SystemExit("no such fault: %s" % " ".join(sorted(set(wanted) - set(faults))))
    passed = failed = skipped = 0
    tmp = Path(tempfile.mkdtemp(prefix="faults."))
    for name in wanted:
        began, title = time.monotonic(), name.replace("_", "-")
        try:
            why = run(options, tmp / name, faults[name])
        except Skip as e:
            skipped += 1
            print("SKIP %s: %s" % (title, e), flush=True)
            continue
        if why:
            failed += 1
            print("FAIL %s: %s" % (title, why), flush=True)
        else:
            passed += 1
            if options.verbose:
                print("ok %s (%.1f s)" % (title, time.monotonic() - began), flush=True)
    shutil.rmtree(tmp, ignore_errors=True)
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
