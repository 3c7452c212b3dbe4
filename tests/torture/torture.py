#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every call that can fail fails once: memory, reading, writing, sockets, descriptors, threads.

    tests/torture/torture.py [--case PATTERN] [--kind KIND] [--n N] [--max N] [--full]
        [--jobs N] [--progress] [-v]

Release build, under build/torture/fail.so. Each case (tests/cases.py) that may go the CGI way is
started once; where its event base is made, the process is forked for each N = 1, 2, 3 ..., and the
Nth call of a kind fails in the fork: counted from the first read of the body on, or from there on
when there is no body (what OpenSSL sets up for its first random number is done before, and
tortured once for itself). It goes on until a fork in which nothing failed any more; where that
would be more than --max (default 400) or would take too long, N is spread evenly over all of them
(--full takes each). Start-up is tortured the same way from before main() on: `-t`, a worker with
some requests and TERM, a master with a worker.

Two kinds are no failures: eintr (interrupted) and short (one byte is moved); their answer is the
expected one to the byte. After any other the process ends by itself with 0 or 111; its answer is
empty, the expected one, or an error in good form; no success is said that is none; the upstream
sees no write twice, and none that may be repeated after it was seen; nothing secret is logged; no
memory is left that is not left otherwise. --n runs that one N, and -v prints every answer.

Prints a line a kind and each failure; what is KNOWN and not ours to mend is counted as skipped.
The last line is "N passed, N failed[, N skipped]".
"""
import argparse
import collections
import fnmatch
import json
import multiprocessing
import os
import re
import select
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
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
import fastcgi  # noqa: E402
from cases import (CANARY, CASES, SANITIZERS, Bridge, Case, Certificates, Failure,  # noqa: E402
                   Front, Stub, all_cases, check_always, check_answer, kind_of,
                   parse_json, pattern_of, put_words)

BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build" / "release"))
SHIM = ROOT / "build" / "torture" / "fail.so"
KINDS = ("alloc", "read", "write", "epoll", "socket", "connect", "accept", "open", "map",
         "thread", "eintr", "short")         # the order of fail.c
HARMLESS = ("eintr", "short")
DEPTH = 24                                   # fail.c
HUNG_MS = 20000
BAD_WORDS = SANITIZERS + ("stack smashing", "malloc(): ", "free(): ", "realloc(): ",
                          "double free", "corrupted", "buffer overflow detected", "Assertion")
WRITES = ("POST", "PUT", "PATCH", "DELETE")
TIMEOUTS = ["upstream_timeout_ms = 300", "upstream_connect_timeout_ms = 300"]

# What is not ours to mend: kind, what happened, and the frames that must be in the call that
# failed or in what was left, as patterns; and why.
KNOWN = (
    ("alloc", "memory are left", r"^libcrypto\S+( < libcrypto\S+)+( < libc\.so\S+)+ < _start",
     "OpenSSL at exit: OPENSSL_cleanup() frees nothing when it has no memory itself"),
    ("alloc", r"memory are left; allocated at:(\n *\d+: (libc\.so\S+ < )*libcrypto[^\n]*)*$",
     r"^(libc\.so\S+ < )?libcrypto",
     "OpenSSL leaves blocks behind where it sets up an algorithm and finds no memory"),
    ("alloc", "ended by|memory are left", r"lib(ldap|lber|sasl2)\S+",
     "libldap and libsasl2, begun by curl_version(), check no memory"),
    ("alloc", "ended by|ended with 100|memory are left|^hung", r"^(libc\.so\S+ < )?libseccomp",
     "libseccomp 2.5 looks at no result of its allocations where it makes the filter's program"),
    ("alloc", r"memory are left; allocated at:(\n *\d+: libmd4c[^\n]*)*$", r"^(libc\.so\S+ < )?libmd4c",
     "md4c is left when it has no memory, before it frees what it made of a link twice"),
    ("eintr", "upstream_(timeout|untrusted)", r"^libcurl\S+ < libcurl\S+ < libcrypto",
     "an alert of TLS that is interrupted is waited for until the timeout; nothing was sent"),
    ("eintr|write", "^hung", r"^libevent\S+ < libc\.so\S+ < ",
     "libevent's signal handler writes one byte to a pair that does not block, and only once"),
    ("read", "ended with 1$", r"^libevent",
     "libevent calls exit(1) when its own pair for signals cannot be read"),
    ("eintr|short", "ended with 100", r"file_read|crypto_key_load|file_",
     "a plain file is read whole and without interruption, at start"),
    (".*", "memory are left", r"clock_stamp|localtime|tzset",
     "glibc keeps the time zone that the first line of a log has loaded"),
    (".*", r"^1 blocks of memory are left", r"1: ld-linux\S+ < ld-linux\S+ < libc\.so",
     "glibc keeps the stack of a thread that has ended (libcurl's resolver) for a next one"),
)


Command = struct.Struct("=5I")
Report = struct.Struct("=iIIIq%dII4x%dQ" % (len(KINDS), DEPTH))
Run = collections.namedtuple("Run", "status hung left fired live count frames out err stub")


# ---- the process that is forked

def empty_store(tmp):
    """What a run before has recorded is not this one's."""
    for path in tmp.glob("store*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def fill_store(tmp):
    """What the steps before have recorded is there again, and nothing else."""
    empty_store(tmp)
    for path in (tmp / "kept").glob("*"):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp / path.name)


def keep_store(tmp):
    """What is recorded now is there for the steps that follow."""
    shutil.rmtree(tmp / "kept", ignore_errors=True)
    (tmp / "kept").mkdir()
    for path in tmp.glob("store*"):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp / "kept" / path.name)


class Server:
    """A process that stands still and is forked for each run; see fail.c."""

    def __init__(self, arguments, env, at, tmp, body=b""):
        self.tmp = tmp
        self.files = {n: tmp / n.lower() for n in ("IN", "OUT", "ERR", "TRACE")}
        self.files["IN"].write_bytes(body)
        ours, theirs = socket.socketpair()
        ours.settimeout(HUNG_MS / 1000 + 10)
        env = dict(env, LD_PRELOAD=str(SHIM), TORTURE_FD=str(theirs.fileno()), TORTURE_AT=at)
        env.update({"TORTURE_" + n: str(p) for n, p in self.files.items()})
        with open(tmp / "server.log", "wb") as log, open(self.files["IN"], "rb") as body_file:
            self.process = subprocess.Popen(arguments, env=env, stdin=body_file, stdout=log,
                                            stderr=log, pass_fds=[theirs.fileno()])
        theirs.close()
        self.control = ours
        self.child = None

    def begin(self, kind=None, n=0, at_read=False, trace=False):
        number = KINDS.index(kind) if kind else 0
        try:
            self.control.sendall(Command.pack(number, n, at_read, trace, HUNG_MS))
            self.child = struct.unpack("=i", self.receive(4))[0]
        except OSError as e:
            raise Failure("no fork to be had: %s: %s"
                          % (e, (self.tmp / "server.log").read_text()[-500:])) from None

    def is_over(self):
        return bool(select.select([self.control], [], [], 0)[0])

    def finish(self, stub=None):
        """What came of a run."""
        fields = Report.unpack(self.receive(Report.size))
        status, hung, left, fired, live = fields[:5]
        count = dict(zip(KINDS, fields[5:5 + len(KINDS)]))
        at = 5 + len(KINDS)
        frames = list(fields[at + 1:at + 1 + fields[at]])
        return Run(status, hung, left, fired, live, count, frames,
                   self.files["OUT"].read_bytes(),
                   self.files["ERR"].read_text("utf-8", "backslashreplace"),
                   stub.finish() if stub is not None else None)

    def receive(self, size):
        data = self.control.recv(size, socket.MSG_WAITALL)
        if len(data) != size:
            raise Failure("the server of forks is gone: %s"
                          % (self.tmp / "server.log").read_text("utf-8", "replace")[-500:])
        return data

    def names(self, frames):
        """Frames as words: the program's by its debug information, others by their library."""
        maps, out = [], []
        for line in Path("/proc/%d/maps" % self.process.pid).read_text().splitlines():
            part = line.split(None, 5)
            if len(part) == 6 and part[5].startswith("/"):
                low, high = (int(x, 16) for x in part[0].split("-"))
                maps.append((low, high, int(part[2], 16), part[5]))
        for frame in frames:
            for low, high, offset, path in maps:
                if low <= frame < high:
                    out += symbols(path, frame - low + offset - 1)
                    break
        return [name for name in out if "fail.so" not in name]

    def traced(self):
        """The blocks that were left, by the frames that they were allocated at."""
        found = collections.Counter()
        for line in self.files["TRACE"].read_text().splitlines():
            found[tuple(int(x, 16) for x in line.split()[1:])] += 1
        return found

    def close(self):
        self.control.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


SYMBOLS = {}


def symbols(path, offset):
    """What stands at an offset of a file, innermost first."""
    if (path, offset) not in SYMBOLS:
        name, found = os.path.basename(path), []
        if name == "ums-mcp":
            said = subprocess.run(["addr2line", "-i", "-f", "-s", "-e", path, hex(offset)],
                                  capture_output=True, text=True, check=False).stdout.split("\n")
            found = ["%s (%s)" % (f, line.split(" ")[0]) for f, line in zip(said[::2], said[1::2])]
        SYMBOLS[path, offset] = found or ["%s+%#x" % (name, offset)]
    return SYMBOLS[path, offset]


# ---- the upstream

class Watcher(Stub):
    """The scripted upstream, which also tells writes, and answers what is sent again as before."""

    def __init__(self, token, context=None):
        self.requests, self.busy, self.last = [], 0, None
        super().__init__(token, context)

    def play(self, script):
        with self.lock:
            self.requests, self.last = [], None
        super().play(script)

    def serve(self, conn):
        with self.lock:
            self.busy += 1
        try:
            super().serve(conn)
        finally:
            with self.lock:
                self.busy -= 1

    @staticmethod
    def read_request(stream):
        """None for a request that is not whole: nothing was asked."""
        lines = []
        while True:
            line = stream.readline()
            if not line.endswith(b"\r\n"):
                return None
            if line == b"\r\n":
                break
            lines.append(line.decode("latin-1").rstrip("\r\n"))
        method, path, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        length = int(headers.get("content-length", ["0"])[0])
        body = stream.read(length)
        if len(body) != length:
            return None
        return {"method": method, "path": path, "headers": headers, "body": body}

    def answer(self, conn, request):
        same = [request[k] for k in ("method", "path", "body")]
        with self.lock:
            self.requests.append(request)
            if self.last is not None and self.last[0] == same and not (
                    self.script and not self.compare(self.script[0].get("expect", {}), request)):
                self.script.insert(0, self.last[1])
            if self.script:
                self.last = same, self.script[0]
        return super().answer(conn, request)

    def settle(self):
        """Wait until all that was connected so far has been read to its end."""
        with socket.create_connection(("127.0.0.1", self.port), 5):
            pass
        end = time.monotonic() + 6
        while self.busy > 0 and time.monotonic() < end:
            time.sleep(0.0002)

    def accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            with self.lock:
                self.busy += 1
            threading.Thread(target=self.serve_one, args=(conn,), daemon=True).start()

    def serve_one(self, conn):
        try:
            self.serve(conn)
        finally:
            with self.lock:
                self.busy -= 1


def writes(requests, steps):
    """The writes among requests, and those without a key of their own; steps only prepare one."""
    found = [r for r in requests if r["method"] in WRITES and (r["method"], r["path"]) not in steps]
    keys = {"".join(r["headers"]["idempotency-key"]) for r in found
            if "idempotency-key" in r["headers"]}
    plain = [r for r in found if "idempotency-key" not in r["headers"]]
    return len(keys) + len(plain), plain


# ---- judging a run

class Wrong(Exception):
    """What a run did that it must not do."""


def log_end(run):
    return "\n".join("      " + line[:300] for line in run.err.splitlines()[-5:])


def check_end(run, codes, token):
    """It has ended by itself and said nothing that it must not say."""
    if run.hung:
        raise Wrong("hung")
    if os.WIFSIGNALED(run.status):
        raise Wrong("ended by %s" % signal.Signals(os.WTERMSIG(run.status)).name)
    if os.WEXITSTATUS(run.status) not in codes:
        raise Wrong("ended with %d" % os.WEXITSTATUS(run.status))
    for word in BAD_WORDS + (token, CANARY):
        if word in run.err:
            raise Wrong("%s in the log" % ("a secret" if word in (token, CANARY) else word))


def is_error(headers, body):
    """Whether an answer says that it is one, in good form."""
    if headers.get("content-type") == "text/event-stream":
        # A stream that ends without an answer is an error to its client.
        events = [e for e in body.decode("utf-8").split("\n\n") if e.startswith("event: message\ndata: ")]
        last = events[-1].partition("data: ")[2] if body.endswith(b"\n\n") else ""
        return '"id":' not in last or is_error({"content-type": "application/json"}, last.encode())
    if headers.get("content-type") != "application/json":
        return False
    return says_error(parse_json(body.decode("utf-8")))


def says_error(message):
    if not isinstance(message, dict) or "jsonrpc" not in message:
        return False
    return "error" in message or message.get("result", {}).get("isError") is True


def is_partly_error(base, body):
    """Whether answers of a batch that are not as they would be without the failure are errors."""
    try:
        wanted = Front.parse(base)[2].decode("utf-8") or "[]"
        wanted = [kind_of(m) for m in parse_json(wanted)]
        return all(says_error(m) or kind_of(m) in wanted for m in parse_json(body.decode("utf-8")))
    except (Failure, ValueError, TypeError):
        return False


class Judge:
    """What one step of a case must do, however it is disturbed."""

    def __init__(self, step, words, token, base):
        self.step, self.words, self.token, self.base = step, words, token, base
        self.steps = {(turn["expect"]["method"], turn["expect"]["path"])
                      for turn in step.upstream if turn.get("step")}
        self.once = writes(base.stub[1], self.steps)

    def __call__(self, kind, run):
        """What the answer was, in a word; Wrong if it is none that may be."""
        check_end(run, (0,) if kind in HARMLESS else (0, 111), self.token)
        verdict = self.answered(kind, run)
        self.check_upstream(run)
        if run.live > self.base.live:
            raise Wrong("%d blocks of memory are left" % (run.live - self.base.live))
        return verdict

    def is_without_table(self, body):
        """Whether it is the result, and its text JSON, for want of memory for a table; check_always() has
        held that to it."""
        mark = b'"structuredContent":'
        wanted, got = self.step.answer.partition(mark)[2], body.partition(mark)[2]
        return wanted and pattern_of(wanted, dict(self.words)).fullmatch(got) is not None

    def is_without_news(self, body):
        """Whether it is a stream's answer alone, for want of memory for what is told before it."""
        wanted, got = (text.rstrip().rpartition(b"data: ")[2] for text in (self.step.answer, body))
        return b"data: " in self.step.answer and \
            pattern_of(wanted, dict(self.words)).fullmatch(got) is not None

    def answered(self, kind, run):
        if not run.out and kind not in HARMLESS:
            return "nothing"
        try:
            status, headers, body = Front.parse(run.out)
            try:
                check_answer(self.step, status, headers, body, dict(self.words), False)
                return "right"
            except Failure as e:
                why = str(e)
            if kind in HARMLESS:
                raise Wrong("another answer: %s" % why)
            check_always(headers, body)
            error = is_error(headers, body) or (
                body.startswith(b"[") and is_partly_error(self.base.out, body))
        except (fastcgi.FastCGIError, Failure, ValueError, KeyError) as e:
            raise Wrong("malformed: %s: %.300r" % (e, run.out)) from None
        code = int(status.split()[0])
        if code >= 400 and (error or not body or headers.get("content-type") == "text/plain"):
            return "error"
        if code == 200 and error and (body.startswith(b"[") or
                                      self.step.status.split()[0] != "202"):
            return "error"
        if code == 200 and (self.is_without_table(body) or self.is_without_news(body) or
                            self.is_without_session(status, headers, body)):
            return "right"
        raise Wrong("a wrong success: %s %.300r" % (status, body))

    def is_without_session(self, status, headers, body):
        """Without memory for a session's id a client goes on as one that has none."""
        if "mcp-session-id" in headers:
            return False
        try:
            check_answer(self.step, status, dict(headers, **{"mcp-session-id": "-"}), body,
                         dict(self.words), False)
        except Failure:
            return False
        return True

    def check_upstream(self, run):
        problems, requests = run.stub
        problems = [p for p in problems if "did not come" not in p]
        if problems:
            raise Wrong("upstream: %s" % "; ".join(problems)[:400])
        count, plain = writes(requests, self.steps)
        if count > self.once[0]:
            raise Wrong("upstream: %d writes instead of %d" % (count, self.once[0]))
        text = run.out.decode("utf-8", "replace")
        same = text == self.base.out.decode("utf-8", "replace")
        if plain and not same and (re.search(r'retryable\\?":true', text) or
                                   "repeat later" in text):
            raise Wrong("told to repeat a write that the upstream has seen: %.300s"
                        % text.partition("\r\n\r\n")[2])


# ---- the cases

class Tally:
    """What came of the runs of one kind."""

    def __init__(self):
        self.runs = collections.Counter()
        self.failures, self.known, self.spread = [], [], 0

    def add(self, other):
        self.runs += other.runs
        self.failures += other.failures
        self.known += other.known
        self.spread += other.spread


class Torturer:
    """Takes cases, one after the other; a process for itself."""

    def __init__(self, tmp, certificates, options):
        self.options = options
        self.tmp = tmp
        self.bridge = Bridge(BUILD, tmp, certificates)
        for stub in (self.bridge.stub, self.bridge.tls):
            stub.close()
        self.bridge.stub = Watcher(self.bridge.token)
        self.bridge.tls = Watcher(self.bridge.token, certificates.context())
        self.tally = collections.defaultdict(Tally)
        self.traced = {}        # where memory was left, by the place of the call that failed
        self.cold = False

    def case(self, case, cold=False):
        words, self.cold = {}, cold
        shutil.rmtree(self.tmp / "kept", ignore_errors=True)
        try:
            for number, step in enumerate(case.steps, 1):
                name = case.name + ("" if number == 1 else " step %d" % number)
                self.take_step(case, step, name, words)
        except (Failure, OSError, subprocess.SubprocessError, fastcgi.FastCGIError) as e:
            self.tally["(none)"].failures.append((case.name, "(none)", 0, str(e), [], ""))

    def take_step(self, case, step, name, words):
        conf = case.limits.get("conf", [])
        self.bridge.write_conf(TIMEOUTS + conf)
        params = {k: put_words(v.encode(), words).decode() for k, v in step.params.items()}
        body = put_words(step.body, words)
        if body:
            params.setdefault("CONTENT_LENGTH", str(len(body)))
        env = self.bridge.environment(case.limits.get("env"))
        env.update({"GATEWAY_INTERFACE": "CGI/1.1"})
        env.update(params)
        if self.cold:
            env["TORTURE_COLD"] = "1"
        stub = self.bridge.tls if any("<<TLS>>" in line for line in conf) else self.bridge.stub
        reads = body != b"" and params["CONTENT_LENGTH"].strip("0") not in ("", "-")
        server = Server([self.bridge.binary], env, "loop", self.tmp, body)
        try:
            one = Torture(self, server, stub, step, name, reads)
            one.run(words)
        finally:
            server.close()


class Torture:
    """One step of one case."""

    def __init__(self, torturer, server, stub, step, name, reads):
        self.options, self.tally = torturer.options, torturer.tally
        self.left = torturer.traced
        self.token = torturer.bridge.token
        self.server, self.stub, self.step, self.name = server, stub, step, name
        self.reads = reads
        self.judge = None

    def once(self, kind=None, n=0, trace=False):
        fill_store(self.server.tmp)
        self.stub.play(self.step.upstream)
        self.server.begin(kind, n, self.reads, trace)
        run = self.server.finish()
        if run.count["connect"] > 0:
            self.stub.settle()
        return run._replace(stub=(self.stub.finish(), list(self.stub.requests)))

    def patient(self, kind=None, n=0):
        """A run whose answer is to be the expected one: again where it only came too late.

        The upstream has 300 ms, which a machine that stands still for a moment takes away; what
        is late by itself is late three times.
        """
        for _ in range(3):
            run = self.once(kind, n)
            if b"upstream_timeout" not in run.out:
                break
        return run

    def unharmed(self, words):
        """A run in which nothing fails: exactly what is expected."""
        run = self.patient()
        try:
            check_end(run, (0,), self.token)
        except Wrong as e:
            raise Failure("unharmed: %s\n%s" % (e, log_end(run))) from None
        check_answer(self.step, *Front.parse(run.out), words, False)
        if run.stub[0]:
            raise Failure("unharmed: %s" % "; ".join(run.stub[0]))
        return run

    def run(self, words):
        before = dict(words)
        runs, took = [], []
        for _ in range(3):
            words.clear()
            words.update(before)
            began = time.monotonic()
            runs.append(self.unharmed(words))
            took.append(time.monotonic() - began)
        most = {k: max(r.count[k] for r in runs) for k in KINDS}
        base = max(runs, key=lambda r: r.live)._replace(count=most)
        self.judge = Judge(self.step, before, self.token, base)
        for kind in self.options.kinds:
            self.kind(kind, most[kind], min(took))
        self.unharmed(dict(before))
        keep_store(self.server.tmp)

    def kind(self, kind, count, took):
        """N by N until nothing fails any more."""
        options = self.options
        if options.n:
            self.number(kind, options.n)
            return
        most = options.max if options.full else max(8, min(options.max, int(1.5 / took)))
        if options.full or count <= most:
            n, fired = 1, count > 0
            while fired and n <= max(2 * count + 50, most):
                fired = self.number(kind, n)
                n += 1
            return
        self.tally[kind].spread += 1
        for i in range(most):
            self.number(kind, 1 + i * (count - 1) // max(1, most - 1))

    def number(self, kind, n):
        """One run; whether anything failed in it."""
        run = self.patient(kind, n) if kind in HARMLESS else self.once(kind, n)
        tally = self.tally[kind]
        try:
            verdict = self.judge(kind, run)
            if run.fired:
                tally.runs[verdict] += 1
            if self.options.verbose:
                print("%s %s %d: %s: %s\n%s" % (self.name, kind, n, verdict, " < ".join(
                    self.server.names(run.frames)), run.out.decode("utf-8", "replace")))
        except Wrong as e:
            tally.runs["wrong"] += 1
            self.wrong(kind, n, run, str(e))
        return run.fired

    def wrong(self, kind, n, run, why):
        site = self.server.names(run.frames)
        if "memory are left" in why:
            if tuple(site) not in self.left:
                self.left[tuple(site)] = self.leaks(kind, n)
            why += "; allocated at:" + self.left[tuple(site)]
        failure = (self.name, kind, n, why, site, log_end(run))
        reason = known(failure)
        if reason is None:
            self.tally[kind].failures.append(failure)
        else:
            self.tally[kind].known.append((reason, failure))

    def leaks(self, kind, n):
        """Where blocks come from that are left and are not otherwise."""
        self.once(trace=True)
        base = self.server.traced()
        self.once(kind, n, trace=True)
        more = self.server.traced() - base
        return "".join("\n        %d: %s" % (count, " < ".join(self.server.names(frames)[:12]))
                       for frames, count in more.most_common(4))


def known(failure):
    _, kind, _, why, site, _ = failure
    for kinds, what, frames, reason in KNOWN:
        if re.fullmatch(kinds, kind) and re.search(what, why) and \
                re.search(frames, " < ".join(site) + " " + why):
            return reason
    return None


# ---- start-up

INITIALIZE = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
PARAMS = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/mcp", "SCRIPT_NAME": "/mcp",
          "CONTENT_TYPE": "application/json", "HTTP_HOST": "localhost",
          "HTTP_ACCEPT": "application/json, text/event-stream",
          "CONTENT_LENGTH": str(len(INITIALIZE))}
PONG = b'{"jsonrpc":"2.0","id":1,"result":{}}'


class Start:
    """The program from before main() on."""

    def __init__(self, torturer, name):
        self.options, self.tally = torturer.options, torturer.tally
        self.left = torturer.traced
        self.bridge = bridge = torturer.bridge
        self.name = "start: " + name
        bridge.write_conf()
        arguments = {"-t": ["-t", "-c", str(bridge.conf)],
                     "worker": ["-c", str(bridge.conf), "--listen", bridge.socket,
                                "--workers", "0"],
                     "master": ["-c", str(bridge.conf), "--listen", bridge.socket,
                                "--workers", "1"]}[name]
        self.serves, self.alone = name != "-t", name != "master"
        self.server = Server([bridge.binary] + arguments, bridge.environment(), "start",
                             torturer.tmp)
        self.base = None

    def once(self, kind=None, n=0, trace=False):
        """A run, and the answers it gave to three requests."""
        empty_store(self.server.tmp)
        for path in (self.bridge.socket, self.server.files["ERR"]):
            Path(path).unlink(missing_ok=True)
        self.server.begin(kind, n, trace=trace)
        said = []
        if self.serves and self.wait_open():
            said = [self.request() for _ in range(3)]
            if not self.server.is_over():
                os.kill(self.server.child, signal.SIGTERM)
        return self.server.finish()._replace(stub=said)

    def wait_open(self):
        """Whether it serves; False once it has ended."""
        end = time.monotonic() + 10
        while not self.server.is_over() and time.monotonic() < end:
            try:
                log = self.server.files["ERR"].read_bytes()
            except FileNotFoundError:
                log = b""
            if b"worker open" in log:
                return True
            if os.path.exists(self.bridge.socket) and time.monotonic() > end - 8:
                return True             # it could not say so
            time.sleep(0.001)
        return not self.server.is_over()

    def request(self):
        client = fastcgi.FastCGIClient(self.bridge.socket, 10)
        try:
            status, _, body = client.request(PARAMS, INITIALIZE)
        except (OSError, fastcgi.FastCGIError) as e:
            return "none: %s" % e
        if str(status) == "200 OK" or status == 200:
            return "right" if body == PONG else "another: %.300r" % body
        return "error"

    def check(self, kind, run):
        harmless = kind is None or kind in HARMLESS
        check_end(run, (0,) if harmless else (0, 100, 111), self.bridge.token)
        code = os.WEXITSTATUS(run.status)
        if code == 100 and kind in ("alloc", "socket", "open", "map"):
            raise Wrong("ended with 100: that starting again does not help, which it would")
        if run.left and code == 0:
            raise Wrong("processes are left")
        if code != 0 and not run.err.strip() and kind not in ("write", "alloc"):
            raise Wrong("ended with %d and did not say why" % code)
        if code == 0 and not self.serves and kind != "write" and self.base is not None and \
                run.out != self.base.out:
            raise Wrong("another output: %.300r" % run.out)
        if code == 0 and self.serves:
            if not run.stub:
                raise Wrong("ended with 0 and had not served")
            right = sum(s == "right" for s in run.stub)
            if right < (3 if harmless else 2) or any(s.startswith("another") for s in run.stub):
                raise Wrong("answers: %s" % run.stub)
        # Of a master and its workers one number says nothing.
        if self.base is not None and self.alone and run.live > self.base.live:
            raise Wrong("%d blocks of memory are left" % (run.live - self.base.live))
        return "right" if code == 0 else "exit %d" % code

    def run(self):
        try:
            runs = []
            for _ in range(3):
                runs.append(self.once())
                try:
                    self.check(None, runs[-1])
                except Wrong as e:
                    raise Failure("unharmed: %s\n%s" % (e, log_end(runs[-1]))) from None
            self.base = max(runs, key=lambda r: r.live)
            for kind in self.options.kinds:
                self.kind(kind, max(r.count[kind] for r in runs))
            self.check(None, self.once())
        finally:
            self.server.close()

    def kind(self, kind, count):
        most = self.options.max
        if self.options.n:
            numbers = [self.options.n]
        elif self.options.full or count <= most:
            numbers = range(1, count + 1)
        else:
            self.tally[kind].spread += 1
            # The beginning whole, for it differs most; the rest evenly.
            numbers = sorted({1 + i * (count - 1) // (most - 1) for i in range(most)})
        for n in numbers:
            self.number(kind, n)

    patient = once              # it has no upstream that could be late
    number = Torture.number
    wrong = Torture.wrong
    leaks = Torture.leaks

    def judge(self, kind, run):
        return self.check(kind, run)


# ---- all of it

def work(number, tmp, certificates, options, todo, done):
    """One of the processes: takes what there is to do until there is nothing."""
    try:
        torturer = Torturer(tmp / str(number), certificates, options)
        while True:
            item = todo.get()
            if item is None:
                break
            began = time.monotonic()
            if isinstance(item, str):
                try:
                    if item == "cold":
                        torturer.case(Case(CASES / "015-ping"), True)
                    else:
                        Start(torturer, item).run()
                except (Failure, OSError, Wrong) as e:
                    torturer.tally["(none)"].failures.append(
                        ("start: " + item, "(none)", 0, str(e), [], ""))
            else:
                torturer.case(item)
            if options.progress:
                print("%s: %.1f s" % (getattr(item, "name", item), time.monotonic() - began),
                      file=sys.stderr, flush=True)
        done.put(dict(torturer.tally))
    except BaseException as e:  # pylint: disable=broad-except
        done.put(e)
        raise


def take_all(options, cases, starts):
    """The sum of what the processes found."""
    tmp = Path(tempfile.mkdtemp(prefix="torture."))
    total = collections.defaultdict(Tally)
    try:
        certificates = Certificates(tmp)
        todo, done = multiprocessing.Queue(), multiprocessing.Queue()
        for item in starts + cases + [None] * options.jobs:
            todo.put(item)
        processes = [multiprocessing.Process(target=work, args=(
            i, tmp, certificates, options, todo, done)) for i in range(options.jobs)]
        for process in processes:
            process.start()
        for _ in processes:
            found = done.get()
            if isinstance(found, BaseException):
                raise SystemExit("torture: %r" % found)
            for kind, tally in found.items():
                total[kind].add(tally)
        for process in processes:
            process.join(10)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    return total


def show(failure, told, word="FAIL"):
    """A failure; its log only when it is the first of its place."""
    name, kind, n, why, site, log = failure
    print("%s %s %s %d: %s" % (word, name, kind, n, why))
    place = tuple(site[:6])
    if place not in told:
        told.add(place)
        print("    failed at: " + " < ".join(site[:14]))
        if log:
            print(log)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", default="*", help="a pattern of names; 'start' is start-up")
    parser.add_argument("--kind", choices=KINDS, action="append", dest="kinds")
    parser.add_argument("--n", type=int, default=0, help="this N alone")
    parser.add_argument("--max", type=int, default=400, help="runs for a case and a kind")
    parser.add_argument("--full", action="store_true", help="each N")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--progress", action="store_true", help="say how long each case took")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every answer")
    options = parser.parse_args()
    options.kinds = options.kinds or list(KINDS)

    cases = [c for c in all_cases() if "cgi" in c.only and fnmatch.fnmatch(c.name, options.case)]
    # One of them asks DNS, which no test that counts calls can wait for.
    asking = [c for c in cases if ".invalid" in c.group]
    cases = [c for c in cases if c not in asking]
    starts = ["-t", "worker", "master", "cold"] if fnmatch.fnmatch("start", options.case) else []
    if not cases and not starts:
        raise SystemExit("no such case")
    began = time.monotonic()
    total = take_all(options, cases, starts)

    told, passed, failed, skipped = set(), 0, 0, len(asking)
    reasons, examples = collections.Counter(), {}
    for kind in ["(none)"] + list(options.kinds):
        tally = total[kind]
        runs = sum(tally.runs.values())
        bad, mine = len(tally.failures), len(tally.known)
        for failure in tally.failures:
            show(failure, told)
        for reason, failure in tally.known:
            reasons["%s: %s" % (kind, reason)] += 1
            examples.setdefault("%s: %s" % (kind, reason), "%s %s %d" % failure[:3])
            if options.verbose:
                show(failure, told, "known")
        passed, failed, skipped = passed + runs - bad - mine, failed + bad, skipped + mine
        if runs or bad:
            print("%-8s%6d runs: %s%s" % (
                kind, runs, ", ".join("%d %s" % (v, k) for k, v in tally.runs.most_common()),
                "; N was spread in %d" % tally.spread if tally.spread else ""))
    for reason, count in sorted(reasons.items()):
        print("skipped %d, known: %s (such as %s)" % (count, reason, examples[reason]))
    if asking:
        print("skipped %d, a case that asks DNS" % len(asking))
    print("%d cases and %d starts in %d s"
          % (len(cases), len(starts), time.monotonic() - began))
    print("%d passed, %d failed%s" % (max(passed, 0), failed,
                                      ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
