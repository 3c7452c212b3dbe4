#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Attacks on the FastCGI socket of ums-mcp: what no web server sends, and what processes suffer.

    tests/attack.py [NAME ...] [--build DIR] [-v]

Every function attack_NAME is one. It gets an Arena: a master with one worker, a stub upstream, and
ways to speak to them. After each the worker must be alive and answer a ping, and the log must hold
no sanitizer report, no token and no text of a request.
"""
import argparse
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import fastcgi  # noqa: E402
from cases import CANARY, Bridge, Failure  # noqa: E402
from fastcgi import BEGIN, PARAMS, STDIN, FastCGIClient, FastCGIError, record, stream  # noqa: E402

HEADERS = {"Content-Type": "application/json", "Host": "localhost"}


def rpc(method, params=None):
    message = {"jsonrpc": "2.0", "id": 1, "method": method}
    if params is not None:
        message["params"] = params
    return json.dumps(message).encode()


def call(tool, **arguments):
    return rpc("tools/call", {"name": tool, "arguments": arguments})


PING = rpc("ping")
PONG = b'{"jsonrpc":"2.0","id":1,"result":{}}'
READ = call("list_items", query=CANARY)
WRITE = call("create_item", text=CANARY)


def cgi(body, **more):
    return fastcgi.params("POST", "/mcp", HEADERS, body, **more)


def whole(body, **more):
    """All records of one request."""
    return (fastcgi.begin() + stream(PARAMS, fastcgi.pairs(cgi(body, **more))) +
            stream(STDIN, body))


def expect(what, why):
    if not what:
        raise Failure(why)


class Arena:
    """What an attack acts on."""

    def __init__(self, bridge):
        self.bridge = bridge
        self.client = FastCGIClient(bridge.socket, 10)
        self.open = []
        self.gate = threading.Event()   # upstream answers of "gated" wait for it
        bridge.stub.handler = self.upstream
        self.delay_ms = 0
        self.reply = '{"data":[],"id":"1"}'

    def upstream(self, _):
        return {"delay_ms": self.delay_ms, "body": self.reply}

    def connect(self):
        sock = self.client.connect()
        self.open.append(sock)
        return sock

    def send(self, data):
        sock = self.connect()
        try:
            sock.sendall(data)
        except OSError:
            pass                        # it may have had enough of us
        return sock

    def answer(self, sock):
        return fastcgi.parse(self.client.read_answer(sock))

    @staticmethod
    def ends(sock, seconds=2):
        """Whether the peer ends the connection without more."""
        sock.settimeout(seconds)
        try:
            return sock.recv(65536) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def ping(self, seconds=2):
        client = FastCGIClient(self.bridge.socket, seconds)
        status, _, body = client.request(cgi(PING), PING)
        expect((status, body) == (200, PONG), "ping: %s %s" % (status, body))

    def finish(self):
        self.gate.set()
        for sock in self.open:
            sock.close()
        self.open = []
        self.bridge.stub.handler = None

    def wait_log(self, what, seconds=3, times=1):
        Bridge.wait_for(lambda: self.bridge.text().count(what) >= times, seconds,
                        "the log does not say %s %d times" % (what, times))

    def requests(self):
        """The lines of the request log; one that is being written is not one yet."""
        text = self.bridge.text()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()
                if '"msg":"request"' in line]

    def mark(self):
        """How many lines there are; those of what was just answered come a moment later."""
        seen, now = -1, len(self.requests())
        while seen != now:
            time.sleep(0.02)
            seen, now = now, len(self.requests())
        return now

    def logged(self, mark, count=1, seconds=3):
        """The `count` lines since `mark`."""
        Bridge.wait_for(lambda: len(self.requests()) >= mark + count, seconds, "no line in the request log")
        return self.requests()[mark:]


# ---- half a record

def attack_half_a_record_then_close(a):
    """Stop inside of a header, PARAMS or STDIN, and go."""
    data = whole(PING)
    for cut in (1, 7, 8, 12, 20, 40, len(data) // 2, len(data) - 9, len(data) - 1):
        a.send(data[:cut]).close()
        a.ping()


def attack_half_a_record_and_stay(a):
    """Stop, and stay: others are served meanwhile, and the rest is taken when it comes."""
    data, held = whole(PING), []
    for cut in (1, 7, 12, 40, len(data) // 2, len(data) - 1):
        held.append((a.send(data[:cut]), data[cut:]))
        a.ping(1)
    for sock, rest in held:
        sock.sendall(rest)
        expect(a.answer(sock)[2] == PONG, "a request that stopped half-way is not answered")


# ---- records that do not belong

def attack_unknown_record_type(a):
    """A type nobody knows, for our request, is passed over."""
    sock = a.send(fastcgi.begin() + record(77, b"x" * 100) +
                  stream(PARAMS, fastcgi.pairs(cgi(PING))) + record(200, b"y", padding=255) +
                  stream(STDIN, PING))
    expect(a.answer(sock)[2] == PONG, "no answer")


def attack_unknown_management_record(a):
    """A management record nobody knows gets UNKNOWN_TYPE."""
    sock = a.send(record(77, b"xyz", request_id=0))
    kind, number, content = a.client.read_record(sock)
    expect((kind, number, content[:1]) == (fastcgi.UNKNOWN_TYPE, 0, b"\x4d"),
           "got %s %s %r" % (kind, number, content))
    sock.sendall(whole(PING))
    expect(a.answer(sock)[2] == PONG, "no answer after it")


def attack_get_values(a):
    """GET_VALUES: one request a connection."""
    sock = a.send(record(fastcgi.GET_VALUES, fastcgi.pairs({"FCGI_MPXS_CONNS": ""}), 0))
    kind, _, content = a.client.read_record(sock)
    expect(kind == fastcgi.GET_VALUES_RESULT and content == b"\x0f\x01FCGI_MPXS_CONNS0",
           "got %s %r" % (kind, content))


def attack_get_values_flood(a):
    """100,000 of them, and none of the answers is read: bounded memory, and others are served."""
    sock = a.connect()
    sock.settimeout(1)
    flood = record(fastcgi.GET_VALUES, b"", 0) * 1000
    try:
        for _ in range(100):
            sock.sendall(flood)
    except OSError:
        pass
    a.ping()


def attack_wrong_version(a):
    """A record of version 2 ends the connection."""
    sock = a.send(record(BEGIN, b"\0\1\0\0\0\0\0\0", version=2))
    expect(a.ends(sock), "the connection stays")


def attack_begin_twice(a):
    """A second request on the connection is refused, the first is answered."""
    sock = a.send(fastcgi.begin(1) + fastcgi.begin(2) + stream(PARAMS, fastcgi.pairs(cgi(PING))) +
                  stream(STDIN, PING))
    kind, number, content = a.client.read_record(sock)
    expect((kind, number, content[4]) == (fastcgi.END, 2, 1), "CANT_MPX_CONN is to be said, got "
           "%s %s %r" % (kind, number, content))
    expect(a.answer(sock)[2] == PONG, "the first is not answered")


def attack_begin_twice_same_id(a):
    """BEGIN again with the same id: no crash, and one request at most."""
    a.send(fastcgi.begin(1) * 50 + stream(PARAMS, fastcgi.pairs(cgi(PING))) + stream(STDIN, PING))


def attack_begin_short(a):
    """BEGIN_REQUEST with a body of another size ends the connection."""
    for size in (0, 7, 9, 65535):
        expect(a.ends(a.send(record(BEGIN, b"\0" * size))),
               "the connection stays with %d bytes" % size)


def attack_other_request_id(a):
    """Records of a request that was never begun are not mixed into ours."""
    evil = fastcgi.pairs({"REQUEST_METHOD": "GET", "HTTP_HOST": "evil.example.com"})
    sock = a.send(fastcgi.begin(5) + record(PARAMS, evil, 6) +
                  stream(PARAMS, fastcgi.pairs(cgi(PING)), 5) + record(STDIN, b"x" * 50, 6) +
                  stream(STDIN, PING, 5))
    answer = fastcgi.parse(a.client.read_answer(sock, 5))
    expect(answer[2] == PONG, "got %s" % (answer,))


def attack_role_authorizer(a):
    """We are a responder."""
    for role in (fastcgi.AUTHORIZER, fastcgi.FILTER, 0, 65535):
        sock = a.send(fastcgi.begin(role=role))
        kind, _, content = a.client.read_record(sock)
        expect((kind, content[4]) == (fastcgi.END, 3), "UNKNOWN_ROLE is to be said, got %s %r"
               % (kind, content))


def attack_stdin_before_params(a):
    """STDIN before PARAMS is no body of anything."""
    a.send(fastcgi.begin() + stream(STDIN, WRITE) + stream(PARAMS, fastcgi.pairs(cgi(PING))))
    a.ping()
    expect(a.bridge.stub.seen == 0, "something went upstream")


def attack_params_after_stdin(a):
    """PARAMS after their end change nothing."""
    sock = a.send(fastcgi.begin() + stream(PARAMS, fastcgi.pairs(cgi(PING))) +
                  record(STDIN, PING[:5]) +
                  stream(PARAMS, fastcgi.pairs({"HTTP_HOST": "evil.example.com"})) +
                  record(STDIN, PING[5:]) + record(STDIN))
    expect(a.answer(sock)[2] == PONG, "no answer")


def attack_empty_everything(a):
    """No parameters, no body: an answer, and no crash."""
    sock = a.send(fastcgi.begin() + record(PARAMS) + record(STDIN))
    status = a.answer(sock)[0]
    expect(400 <= status < 500, "status %d" % status)
    for data in (b"", b"\0" * 8, b"\1" * 8, record(PARAMS), record(STDIN), record(fastcgi.ABORT)):
        a.send(data).close()


def attack_garbage(a):
    """1 MiB of anything, and of things that begin well."""
    a.send(os.urandom(1 << 20))
    a.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10000)
    a.send(fastcgi.begin() + os.urandom(1 << 20))
    a.send(fastcgi.begin() + stream(PARAMS, os.urandom(60000)) + stream(STDIN, os.urandom(1 << 20)))


# ---- parameters

def attack_byte_by_byte(a):
    """The whole request a byte at a time."""
    sock = a.connect()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    for i in range(0, len(whole(PING))):
        sock.sendall(whole(PING)[i:i + 1])
    expect(a.answer(sock)[2] == PONG, "no answer")


def attack_chunked_params(a):
    """Names and values across record borders, a byte a record."""
    for size in (1, 2, 3, 7):
        sock = a.send(fastcgi.begin() + stream(PARAMS, fastcgi.pairs(cgi(PING)), chunk=size) +
                      stream(STDIN, PING, chunk=size))
        expect(a.answer(sock)[2] == PONG, "no answer in pieces of %d" % size)


def attack_padding(a):
    """Every record with all the padding there can be."""
    data = fastcgi.pairs(cgi(PING))
    sock = a.send(record(BEGIN, b"\0\1" + b"\0" * 6, padding=255) +
                  b"".join(record(PARAMS, data[i:i + 9], padding=255)
                           for i in range(0, len(data), 9)) +
                  record(PARAMS, padding=255) + record(STDIN, PING, padding=255) +
                  record(STDIN, padding=255))
    expect(a.answer(sock)[2] == PONG, "no answer")


def attack_length_overflow(a):
    """Lengths that are larger than what is there, up to 2^31-1 each."""
    for pair in (b"\xff\xff\xff\xff\xff\xff\xff\xffab", b"\xff\xff\xff\xff\x01ab",
                 b"\x01\xff\xff\xff\xffab", b"\x80", b"\x05", b"\x05\x05a", b"\xff\xff\xff",
                 b"\x01\x80\x00\x00", b"\x7f\x7f" + b"x" * 253):
        sock = a.send(fastcgi.begin() + stream(PARAMS, pair) + stream(STDIN, PING))
        status = a.answer(sock)[0]
        expect(status == 400, "%r: status %d" % (pair[:12], status))


def attack_nul_in_params(a):
    """A NUL in a name or a value would cut it short for somebody."""
    for more in ({"HTTP_HOST": b"localhost\0.evil.example.com"}, {b"HTTP_X\0Y": "1"},
                 {"REQUEST_URI": b"/mcp\0/x"}):
        params = cgi(PING)
        params.update(more)
        sock = a.send(fastcgi.begin() + stream(PARAMS, fastcgi.pairs(params)) + stream(STDIN, PING))
        expect(a.answer(sock)[0] == 400, "%r is taken" % more)


def attack_authorization_twice(a):
    """Of two credentials a proxy may have judged the one and we the other: neither is taken."""
    for first, second in (("Bearer a", "Bearer b"), ("Bearer a", "Bearer a"), ("", "Bearer a")):
        params = fastcgi.pairs(dict(cgi(PING), HTTP_AUTHORIZATION=first))
        params += fastcgi.pairs({"HTTP_AUTHORIZATION": second})
        sock = a.send(fastcgi.begin() + stream(PARAMS, params) + stream(STDIN, PING))
        expect(a.answer(sock)[0] == 400, "%r and %r are taken" % (first, second))


def attack_crlf_in_params(a):
    """A line end in a header that is passed on must not become a header upstream."""
    seen = []
    a.bridge.stub.handler = lambda rq: seen.append(rq["headers"]) or {"body": a.reply}
    body = call("list_items")
    sock = a.send(whole(body, HTTP_TRACEPARENT="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
                        HTTP_TRACESTATE="a=1\r\nX-Evil: 1"))
    a.answer(sock)
    expect(seen and "x-evil" not in seen[0], "a header was smuggled: %s" % seen)


def attack_params_over_cap(a):
    """A megabyte of parameters is 431, and not kept."""
    params = cgi(PING)
    params.update({"HTTP_X_%d" % i: "x" * 4000 for i in range(250)})
    sock = a.send(fastcgi.begin() + stream(PARAMS, fastcgi.pairs(params)) + stream(STDIN, PING))
    expect(a.answer(sock)[0] == 431, "not 431")


def attack_params_without_end(a):
    """64 MB of PARAMS that never end: read off, not kept."""
    sock = a.connect()
    sock.sendall(fastcgi.begin())
    for _ in range(1024):
        sock.sendall(record(PARAMS, b"x" * 65535))
    a.ping()
    worker = a.bridge.worker()[0]
    pages = int(Path("/proc/%d/statm" % worker).read_text().split()[1])
    expect(pages * 4096 < 400 << 20, "the worker has %d MB" % (pages * 4096 >> 20))


# ---- clients that leave

def attack_abort_mid_request(a):
    """ABORT before the request is whole: no answer, no line in the request log."""
    mark = a.mark()
    data = fastcgi.begin() + stream(PARAMS, fastcgi.pairs(cgi(WRITE))) + record(STDIN, WRITE[:20])
    expect(a.ends(a.send(data + record(fastcgi.ABORT))), "the connection stays")
    a.ping()
    expect(a.mark() == mark + 1, "an aborted request is in the log")
    expect(a.bridge.stub.seen == 0, "something went upstream")


def attack_abort_while_a_read_waits(a):
    """The client of a read leaves: its upstream request is given up, and the log says so."""
    a.bridge.stub.handler = lambda _: {"behaviour": "stall"}
    for leave in (lambda s: s.sendall(record(fastcgi.ABORT)), lambda s: s.close()):
        mark, early = a.mark(), a.bridge.stub.left_early
        seen = a.bridge.stub.seen
        sock = a.send(whole(READ))
        Bridge.wait_for(lambda n=seen: a.bridge.stub.seen > n, 3, "nothing came upstream")
        leave(sock)
        line = a.logged(mark)[0]
        expect(line.get("client") == "gone" and line["status"] == 499, "the log says %s" % line)
        Bridge.wait_for(lambda n=early: a.bridge.stub.left_early > n, 3,
                        "the upstream connection stays open")
        a.ping()


def attack_abort_while_a_write_waits(a):
    """The client of a write leaves: it is let finish, and the log says how it ended."""
    a.bridge.stub.handler = lambda _: {"delay_ms": 200, "body": a.reply}
    mark = a.mark()
    sock = a.send(whole(WRITE))
    Bridge.wait_for(lambda: a.bridge.stub.seen > 0, 3, "nothing came upstream")
    sock.close()
    a.ping()
    lines = [x for x in a.logged(mark, 2) if x.get("tool") == "create_item"]
    expect(len(lines) == 1 and lines[0].get("client") == "gone" and
           lines[0].get("upstream") == "answered", "the log says %s" % lines)


def attack_client_gone_before_reply(a):
    """200 clients that send and close at once."""
    for _ in range(200):
        sock = a.client.connect()
        sock.sendall(whole(PING))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    a.ping()


def attack_half_close(a):
    """A client that closes its sending side has left."""
    sock = a.send(whole(PING))
    sock.shutdown(socket.SHUT_WR)
    a.ping()


def attack_slow_reader(a):
    """Clients that do not read large replies hold nobody up."""
    a.reply = '{"data":[%s]}' % ",".join('{"id":"%s"}' % ("x" * 90) for _ in range(35))
    held = []
    for _ in range(30):
        sock = socket.socket(socket.AF_UNIX)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.settimeout(10)
        sock.connect(a.bridge.socket)
        a.open.append(sock)
        sock.sendall(whole(rpc("tools/list")) if len(held) % 2 else whole(call("list_items")))
        held.append(sock)
        a.ping(1)
    for sock in held:
        expect(a.answer(sock)[0] == 200, "a slow reader gets no answer in the end")


def attack_many_connections(a):
    """500 idle connections, and the service still answers."""
    for _ in range(500):
        a.connect()
    began = time.monotonic()
    for _ in range(20):
        a.ping(1)
    expect(time.monotonic() - began < 2, "pings take long")


def attack_many_at_once(a):
    """200 calls at once, each with its own answer."""
    a.bridge.stub.handler = lambda rq: {"delay_ms": 100, "body": '{"data":[{"id":"%s"}]}'
                                        % rq["path"].rpartition("=")[2]}
    socks = [(i, a.send(whole(call("list_items", query=str(i))))) for i in range(200)]
    for i, sock in socks:
        body = a.answer(sock)[2]
        expect(b'"structuredContent":{"items":[{"id":"%d"}]' % i in body, "%d got %s" % (i, body))


# ---- processes; each of these starts a bridge of its own

def attack_drain_answers_what_was_accepted(a):
    """TERM with 20 slow requests in flight: all get answers, new ones are not taken, exit 0."""
    a.delay_ms = 600
    socks = [a.send(whole(call("list_items", query=str(i)))) for i in range(20)]
    Bridge.wait_for(lambda: a.bridge.stub.seen == 20, 3, "not all came upstream")
    master = a.bridge.master
    master.send_signal(signal.SIGTERM)
    a.wait_log('"worker draining')
    late = a.client.connect() if os.path.exists(a.bridge.socket) else None
    if late is not None:
        late.sendall(whole(PING))
        late.settimeout(0.2)
        try:
            expect(late.recv(10) == b"", "a request after SIGTERM is answered")
        except OSError:
            pass
        late.close()
    for sock in socks:
        status, _, body = a.answer(sock)
        expect(status == 200 and b'"items":[]' in body, "got %s %s" % (status, body))
    expect(master.wait(3) == 0, "exit %s" % master.returncode)
    expect(not os.path.exists(a.bridge.socket), "the socket's file is left behind")
    a.bridge.master = None


def attack_drain_with_a_client_gone(a):
    """A write whose client has left is the last thing a drain waits for, and no longer."""
    a.delay_ms = 300
    sock = a.send(whole(WRITE))
    Bridge.wait_for(lambda: a.bridge.stub.seen == 1, 3, "nothing came upstream")
    sock.close()
    time.sleep(0.05)
    began = time.monotonic()
    a.bridge.stop(10)
    took = time.monotonic() - began
    expect(took < 2, "the drain took %.1f s; the write 0.3" % took)


def attack_drain_deadline(a):
    """What has not ended by the drain's deadline is cut off, cleanly."""
    a.bridge.stub.handler = lambda _: {"behaviour": "stall"}
    a.send(whole(call("list_items", query="a")))
    gone = a.send(whole(call("post_form", text="x")))
    Bridge.wait_for(lambda: a.bridge.stub.seen == 2, 3, "not all came upstream")
    gone.close()
    a.bridge.stop(5)


attack_drain_deadline.conf = ["drain_timeout_s = 1", "upstream_timeout_ms = 20000"]


def attack_crash_respawn(a):
    """SIGKILL the worker: the master forks another, and the service goes on."""
    for _ in range(2):
        worker = a.bridge.worker()
        os.kill(worker[0], signal.SIGKILL)
        Bridge.wait_for(lambda old=worker: a.bridge.worker() not in (old, []), 3, "no other worker")
        a.ping()
    a.wait_log("was killed by signal 9", times=2)


def attack_master_sigkill(a):
    """SIGKILL the master: the worker answers what it holds, and ends."""
    a.delay_ms = 300
    worker = a.bridge.worker()[0]
    sock = a.send(whole(call("list_items")))
    Bridge.wait_for(lambda: a.bridge.stub.seen == 1, 3, "nothing came upstream")
    a.bridge.master.kill()
    a.bridge.master.wait()
    expect(a.answer(sock)[0] == 200, "what was accepted is not answered")
    Bridge.wait_for(lambda: not is_running(worker), 3, "the worker does not end")
    a.bridge.master = None


def attack_start_beside(a):
    """A second ums-mcp does not take the socket of a running one away."""
    done = subprocess.run([a.bridge.binary, "--listen", a.bridge.socket], check=False, timeout=10,
                          env=a.bridge.environment(), capture_output=True)
    expect(done.returncode != 0 and b"another process is listening" in done.stderr,
           "exit %d: %s" % (done.returncode, done.stderr))


def attack_start_after_sigkill(a):
    """A socket's file that nobody serves any more is taken over."""
    worker = a.bridge.worker()[0]
    a.bridge.master.kill()
    a.bridge.master.wait()
    Bridge.wait_for(lambda: not is_running(worker), 3, "the worker does not end")
    expect(os.path.exists(a.bridge.socket), "there is no file to be taken over")
    a.bridge.start(a.conf)


def attack_limit_in_flight(a):
    """Calls above max_inflight: 503 with Retry-After; those in flight get their answers."""
    a.delay_ms = 400
    socks = [a.send(whole(call("list_items", query=str(i)))) for i in range(3)]
    Bridge.wait_for(lambda: a.bridge.stub.seen == 3, 3, "not all came upstream")
    for _ in range(5):
        status, headers, _ = a.answer(a.send(whole(READ)))
        expect((status, headers.get("retry-after")) == (503, "1"), "got %s %s" % (status, headers))
    status = a.answer(a.send(whole(b"", REQUEST_METHOD="GET", REQUEST_URI="/healthz")))[0]
    expect(status == 200, "the health check says %d" % status)
    for sock in socks:
        expect(a.answer(sock)[0] == 200, "what was accepted is not answered")
    expect(a.bridge.stub.seen == 3, "a refused call went upstream")


attack_limit_in_flight.conf = ["max_inflight = 3"]


def attack_limit_descriptors(a):
    """A worker without descriptors pauses, and comes back; it does not spin and does not die."""
    worker = a.bridge.worker()
    resource.prlimit(worker[0], resource.RLIMIT_NOFILE, (40, 40))
    socks = [a.connect() for _ in range(100)]
    a.wait_log("no new connections for a second")
    before = cpu_ms(worker[0])
    time.sleep(0.5)
    expect(cpu_ms(worker[0]) - before < 100, "the worker spins")
    for sock in socks:
        sock.close()
    a.ping(3)
    expect(a.bridge.worker() == worker, "the worker is another")


def attack_limit_connections(a):
    """Clients that leave while their calls wait for a connection spoil none of the later ones."""
    a.delay_ms = 500
    first = a.send(whole(call("list_items", query="a")))
    Bridge.wait_for(lambda: a.bridge.stub.seen == 1, 3, "nothing came upstream")
    waiting = [a.send(whole(call("list_items", query=str(i)))) for i in range(6)]
    time.sleep(0.2)
    for sock in waiting:
        sock.close()
    expect(a.answer(first)[0] == 200, "the first is not answered")
    a.delay_ms = 0
    socks = [a.send(whole(call("list_items", query=str(i)))) for i in range(4)]
    for sock in socks:
        body = a.answer(sock)[2]
        expect(b"isError" not in body, "a later call fails: %r" % body)


attack_limit_connections.conf = ["upstream_connections = 1"]


def attack_drain_refuses_new_ones(a):
    """From TERM on a connection is refused at once, not left to wait and then broken."""
    a.delay_ms = 1000
    sock = a.send(whole(call("list_items")))
    Bridge.wait_for(lambda: a.bridge.stub.seen == 1, 3, "nothing came upstream")
    a.bridge.master.terminate()
    a.wait_log("worker draining")
    time.sleep(0.1)
    try:
        a.connect()
        raise Failure("a connection is taken while draining")
    except (FileNotFoundError, ConnectionRefusedError):
        pass
    expect(a.answer(sock)[0] == 200, "what was accepted is not answered")
    expect(a.bridge.master.wait(5) == 0, "it does not end well")
    a.bridge.master = None


def attack_start_with_sigchld_ignored(a):
    """A parent that ignored SIGCHLD does not keep the master from replacing workers."""
    a.bridge.stop()
    old = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        a.bridge.start(a.conf)
    finally:
        signal.signal(signal.SIGCHLD, old)
    worker = a.bridge.worker()
    os.kill(worker[0], signal.SIGKILL)
    Bridge.wait_for(lambda: a.bridge.worker() not in (worker, []), 3, "no other worker")


def attack_start_without_permission(a):
    """A socket that may not be asked is not taken away."""
    path = str(a.bridge.tmp / "other")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen(0)
        os.chmod(path, 0)
        # Root may ask: then it is told that somebody listens, which may be otherwise later.
        code, said = (111, b"another process is listening") if os.getuid() == 0 else (
            100, b"cannot be told")
        done = subprocess.run([a.bridge.binary, "--listen", path], check=False, timeout=10,
                              env=a.bridge.environment(), capture_output=True)
        expect(done.returncode == code and said in done.stderr,
               "exit %d: %s" % (done.returncode, done.stderr))
        # With its backlog full, a connect would wait: it is asked without waiting.
        full = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for sock in full:
            sock.setblocking(False)
            sock.connect_ex(path)
        done = subprocess.run([a.bridge.binary, "--listen", path], check=False, timeout=10,
                              env=a.bridge.environment(), capture_output=True)
        expect(done.returncode == code, "exit %d: %s" % (done.returncode, done.stderr))
        for sock in full:
            sock.close()
    expect(os.path.exists(path), "the socket was taken away")


def attack_reply_of_any_size(a):
    """A reply whose records end anywhere about cgi-fcgi's buffer of 8 KB arrives whole."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "get_item", "arguments": {"item_id": "7"}}}).encode()
    env = {"PATH": os.environ["PATH"], "REQUEST_METHOD": "POST", "REQUEST_URI": "/mcp",
           "CONTENT_TYPE": "application/json", "HTTP_HOST": "localhost",
           "HTTP_ACCEPT": "application/json, text/event-stream", "CONTENT_LENGTH": str(len(body))}
    size, text = 0, "x" * 3900
    while size < 8260:
        a.bridge.stub.handler = lambda _: {"body": json.dumps({
            "id": "7", "body": {"text": text}, "state": "o", "size": 1})}  # noqa: B023
        done = subprocess.run(["cgi-fcgi", "-bind", "-connect", a.bridge.socket], input=body,
                              env=env, capture_output=True, check=False, timeout=20)
        expect(done.returncode == 0 and done.stdout.endswith(b"}}}"),
               "%d after %d bytes" % (done.returncode, len(done.stdout)))
        expect(done.stdout.count(text.encode()) == 2, "another text")
        size = len(done.stdout)
        text += "x"
    expect(size < 8300, "it began too late: %d" % size)


attack_reply_of_any_size.conf = ["result_max = 32768"]


def connects(path):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
    except OSError:
        return False
    return True


def attack_limit_log(a):
    """A pipe of log lines that nobody reads costs lines, not requests."""
    a.bridge.stop()
    pipe = os.pipe()
    process = subprocess.Popen([a.bridge.binary, "--listen", a.bridge.socket, "--workers", "0"],
                               env=a.bridge.environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=pipe[1])
    os.close(pipe[1])
    try:
        Bridge.wait_for(lambda: connects(a.bridge.socket), 5, "it does not start")
        for _ in range(400):            # some 300 lines fill a pipe
            a.ping()
        process.terminate()
        expect(process.wait(5) == 0, "it does not end well")
    finally:
        process.kill()
        os.close(pipe[0])


def attack_limit_candidates(a):
    """An error with 100,000 candidates delays nobody."""
    a.bridge.stub.handler = lambda _: {
        "status": 404, "body": json.dumps({"error": {"code": "x", "candidates": [0] * 100000}})}
    sock = a.send(whole(READ))
    time.sleep(0.05)
    began = time.monotonic()
    a.ping(10)
    a.answer(sock)
    expect(time.monotonic() - began < 3, "it took %.1f s" % (time.monotonic() - began))


attack_limit_candidates.conf = ["upstream_response_max = 4194304"]


def cpu_ms(pid):
    fields = Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


def is_running(pid):
    try:
        return Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# ---- running them

PROCESS = ("drain_", "crash_", "master_", "start_", "limit_")
CONF = ["result_max = 32768", "upstream_timeout_ms = 5000"]


def run(name, attack, bridge, conf):
    """One attack. None, or why it failed."""
    arena = Arena(bridge)
    arena.conf = conf
    bridge.stub.play([])
    why = None
    workers = bridge.worker()
    try:
        attack(arena)
        if bridge.master is not None:
            arena.ping()
            if not name.startswith(PROCESS):
                expect(bridge.worker() == workers, "the worker is another")
    except (Failure, FastCGIError, OSError) as e:
        why = "%s: %s" % (type(e).__name__, e)
    arena.finish()
    return why


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="names of attacks; all without one")
    parser.add_argument("--build", default=os.environ.get(
        "BUILD_DIR", str(HERE.parent / "build" / "asan")))
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    attacks = {k[7:]: v for k, v in globals().items() if k.startswith("attack_")}
    wanted = [n.replace("-", "_") for n in args.names] or list(attacks)
    if set(wanted) - set(attacks):
        raise SystemExit("no such attack: %s" % " ".join(sorted(set(wanted) - set(attacks))))
    tmp = Path(tempfile.mkdtemp(prefix="attack."))
    shared, passed, failed = None, 0, 0
    for name in wanted:
        began = time.monotonic()
        alone = name.startswith(PROCESS)
        conf = CONF + getattr(attacks[name], "conf", [])
        why = None
        if alone or shared is None:
            bridge = Bridge(Path(args.build), tmp / name)
            bridge.start(conf)
            shared = shared if alone else bridge
        bridge = bridge if alone else shared
        why = run(name, attacks[name], bridge, conf)
        if alone or why is not None:
            why = end(bridge, why)
            shared = None if bridge is shared else shared
        passed, failed = passed + (why is None), failed + (why is not None)
        title = name.replace("_", "-")
        if why is not None:
            print("FAIL %s: %s" % (title, why))
        elif args.verbose:
            print("ok %s (%.1f s)" % (title, time.monotonic() - began))
    if shared is not None:
        why = end(shared, None)
        if why is not None:
            print("FAIL (the end): %s" % why)
            failed += 1
    shutil.rmtree(tmp, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


def end(bridge, why):
    """Stop a bridge and look at its log."""
    for step in (bridge.stop, bridge.check_log):
        try:
            step()
        except Failure as e:
            why = "%s; %s" % (why, e) if why else str(e)
    bridge.close()
    return why


if __name__ == "__main__":
    sys.exit(main())
