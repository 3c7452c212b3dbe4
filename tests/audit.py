#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The audit: a line for each tool call, in a file, in syslog and on standard error.

    tests/audit.py [NAME ...] [--build DIR] [-v]

Every function audit_NAME is one. It gets a Ledger: a master with two workers over a service of two
tools that write and one that reads, a stub upstream, and the lines of its audit. No line may have a
text of a request, a token or the upstream's secret.
"""
import argparse
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from attack import expect  # noqa: E402
from cases import CANARY, Bridge, Failure, children  # noqa: E402
from fastcgi import FastCGIError  # noqa: E402
from keyed import CONF, Arena, is_code, key  # noqa: E402

TO = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def tool(name, **more):
    return dict({
        "name": name, "description": name, "write": True,
        "inputSchema": {"type": "object", "additionalProperties": False, "required": ["text"],
                        "properties": {"text": {"type": "string"}, "to": TO,
                                       "channel": {"type": "string"}}},
        "outputSchema": {"type": "object", "properties": {"message_id": {}}},
        "request": {"method": "POST", "url": "/" + name,
                    "headers": {"Idempotency-Key": "{idempotency_key}"},
                    "body": {"text": "{text}", "to": "{to}"}},
        "response": {"message_id": "/id"}}, **more)


SERVICE = {
    "name": "cases", "base_url": "http://127.0.0.1:1",
    "auth": {"type": "bearer", "token": {"file": "token"}},
    "error": {"code": "/error/code", "message": "/error/message"},
    "tools": [
        tool("send"),
        tool("post", request={"method": "POST", "url": "/post", "body": {"text": "{text}"}}),
        {"name": "look", "description": "look", "write": False,
         "inputSchema": {"type": "object", "properties": {"q": {"type": "string"},
                                                           "n": {"type": "integer", "default": 5}}},
         "request": {"method": "GET", "url": "/look{?q,n}"}, "response": {"found": "/id"}},
    ]}


class Ledger(Arena):
    """A bridge with an audit. `where` is what the configuration says; a path is below tmp."""

    def __init__(self, build, tmp, conf, where="./audit"):
        tmp.mkdir(parents=True)
        (tmp / "service.json").write_text(json.dumps(SERVICE))
        self.file = tmp / "audit"
        super().__init__(build, tmp, CONF + conf + [
            "services = %s" % (tmp / "service.json"), "tools_off =", "audit = " + where])

    def raw(self):
        return self.file.read_text() if self.file.exists() else ""

    def deeds(self):
        return [json.loads(x) for x in self.raw().splitlines()]

    def last(self, count):
        """The last line, once there are so many: a line may follow its answer by a moment."""
        Bridge.wait_for(lambda: self.raw().count("\n") >= count, 5,
                        "no line %d: %s" % (count, self.raw()))
        time.sleep(0.02)
        lines = self.deeds()
        expect(len(lines) == count, "%d lines, not %d" % (len(lines), count))
        return lines[-1]

    def failures(self):
        found = re.search(r"^ums_mcp_audit_failures_total\{[^}]*\} (\d+)$", self.metrics(), re.M)
        return int(found.group(1)) if found else 0

    def restart(self, *conf):
        self.bridge.stop()
        self.conf = self.conf + list(conf)
        self.start()


def holds(line, **members):
    """The members are as given; None: absent."""
    for name, value in members.items():
        expect(line.get(name) == value, "%s is not %r: %s" % (name, value, line))
    return line


def digest(**arguments):
    text = json.dumps(arguments, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


# ---- what a line says

def audit_ok(a):
    """Who, what, how many, over what, which message; and of the arguments a digest."""
    expect(a.file.stat().st_mode & 0o777 == 0o600, oct(a.file.stat().st_mode))
    trace = "0af7651916cd43dd8448eb211c80319c"
    k = key()
    before = time.time()
    got = is_code(a.call("send", user="Jürgen \"J\"", era={}, more={"_meta": {
        "traceparent": "00-%s-b7ad6b7169203331-01" % trace}}, text=CANARY, to=["bob", CANARY],
        channel="sms", idempotency_key=k), "ok")
    line = a.last(1)
    holds(line, caller="Jürgen \"J\"", tool="send", service="cases", recipients=2, channel="sms",
          outcome="ok", code=None, message_id=got.value["message_id"], key=True, msg=None,
          args=digest(text=CANARY, to=["bob", CANARY], channel="sms"))
    expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line)
    expect(abs(time.mktime(time.strptime(line["time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
               - before) < 10, line)
    expect(re.fullmatch("[0-9a-f]{32}", line["trace"]), line)
    expect(line["trace"] == a.lines()[-1]["trace"], "another trace than the log's")
    expect(set(line) == {"time", "caller", "tool", "service", "args", "recipients", "channel",
                         "outcome", "message_id", "trace", "key"}, line)
    is_code(a.call("look", q=CANARY), "ok")
    holds(a.last(2), caller="anonymous", tool="look", args=digest(q=CANARY), outcome="ok",
          recipients=None, channel=None, message_id=None, key=False)


def audit_words(a):
    """What is no word is not told; an id that looks like none is not taken for one."""
    for number, (channel, told) in enumerate((
            ("a b", None), ("a\nb", None), ("ä", None), ('"', None), ("", None),
            ("x" * 70, "x" * 64), ("A-z_0.9:b", "A-z_0.9:b")), 1):
        is_code(a.call("send", text="t", to="bob", channel=channel), "ok")
        holds(a.last(number), channel=told, recipients=1, outcome="ok")
    count = len(a.deeds())
    for given, told in (("id 7", None), ("x" * 129, None), (7, None), (None, None),
                        (CANARY + "\n", None), ("", None), ("<a@b.c:1>", None),
                        ("20260101.a-b_c:1@host", "20260101.a-b_c:1@host"), ("x" * 128, "x" * 128)):
        a.plan = [{"body": {"id": given}}]
        a.call("send", text="t")
        count += 1
        holds(a.last(count), message_id=told, recipients=None)
    is_code(a.call("send", text="t", to=[]), "ok")
    holds(a.last(count + 1), recipients=0)


def audit_replay(a):
    """A repeat has the same digest and message, and is told from the first."""
    k = key()
    for turn, outcome in ((1, "ok"), (2, "replayed")):
        is_code(a.call("send", text="t", idempotency_key=k), "ok")
        line = holds(a.last(turn), outcome=outcome, key=True, args=digest(text="t"))
        expect(line["message_id"] == "m1", line)
    is_code(a.call("send", text="other", idempotency_key=k), "idempotency_conflict")
    holds(a.last(3), outcome="refused", code="idempotency_conflict", message_id=None)
    expect(k not in a.raw(), "the key is told")


def audit_refused(a):
    """Refused before it ran, by schema, by policy or by a rate; what is no call has no line."""
    is_code(a.call("send", user="eve", text="t", to=[CANARY]), "denied")
    holds(a.last(1), outcome="refused", code="denied", caller="eve", recipients=1,
          args=digest(text="t", to=[CANARY]))
    is_code(a.call("send", txt=CANARY), "invalid_argument")
    holds(a.last(2), outcome="arguments", code="invalid_argument", args=digest(txt=CANARY))
    is_code(a.call("send", text=CANARY, to={CANARY: 1}, channel=[CANARY], idempotency_key=7),
            "invalid_argument")
    holds(a.last(3), outcome="arguments", recipients=None, channel=None, key=False)
    a.call("no_such_tool", text="t")
    is_code(a.call("server_info"), "ok")
    a.call("look", era={"wrong": 1}, more={"name": "other"})    # refused as a request
    is_code(a.call("look"), "ok")
    is_code(a.call("look"), "rate_limited")
    holds(a.last(5), outcome="refused", code="rate_limited", tool="look", args=digest())


audit_refused.conf = ["policy = deny:send:caller=eve", "rate_limit = look=1/h"]


def audit_error(a):
    """What the service refused, and what befell the way to it."""
    a.plan = [{"status": 422, "body": {"error": {"code": "who_is_that", "message": CANARY}}}]
    is_code(a.call("send", text="t"), "who_is_that")
    holds(a.last(1), outcome="error", code="who_is_that", message_id=None)
    a.plan = [{"status": 422, "body": {"error": {"code": CANARY + " x", "message": "m"}}}]
    a.call("send", text="t")
    holds(a.last(2), outcome="error", code="other")
    a.plan = [{"behaviour": "stall"}]
    is_code(a.call("look"), "upstream_timeout")
    holds(a.last(3), outcome="timeout", code="upstream_timeout")
    a.plan = [{"behaviour": "stall"}]
    is_code(a.call("post", text="t"), "outcome_unknown")
    holds(a.last(4), outcome="timeout", code="outcome_unknown")


def audit_asked(a):
    """A call that waits for a person, and the same call agreed to: one digest."""
    asked = is_code(a.call("send", text="t", to="bob"), "confirmation_required")
    first = holds(a.last(1), outcome="asked", code="confirmation_required", message_id=None)
    token = asked.value["confirm_token"]
    is_code(a.call("send", text="t", to="bob", confirm_token=token), "ok")
    holds(a.last(2), outcome="ok", args=first["args"], recipients=1)
    is_code(a.call("send", text="t", to="bob", confirm_token=token), "confirm_token_used")
    holds(a.last(3), outcome="refused", code="confirm_token_used")
    got = a.call("send", era={"elicitation": {}}, text="t")
    expect("requestState" in got.result, got.whole)
    holds(a.last(4), outcome="asked", code=None, message_id=None)
    expect(token not in a.raw() and got.result["requestState"] not in a.raw(), "a token is told")


audit_asked.conf = ["policy = confirm:send"]


def leave(a, name, **arguments):
    sent = a.in_flight()
    try:
        a.call(name, timeout=0.1, **arguments)
    except (OSError, FastCGIError):
        pass
    sent()


def audit_gone(a):
    """A client that left: a read is given up, a write is made and told with its id."""
    a.plan = [{"delay_ms": 400}]
    leave(a, "look")
    holds(a.last(1), tool="look", outcome="gone", code=None)
    a.plan = [{"delay_ms": 400}]
    leave(a, "send", text="t", idempotency_key=key())
    holds(a.last(2), tool="send", outcome="ok", message_id="m2")


def audit_cut(a):
    """What the end of the process cut off has a line, too."""
    a.bridge.stub.handler = lambda r: dict(a.upstream(r), behaviour="stall")
    with ThreadPoolExecutor(1) as pool:
        sent = a.in_flight()
        pool.submit(lambda: a.call("send", text="t", timeout=3)).add_done_callback(
            lambda f: f.exception())
        sent()
        a.bridge.stop()
    holds(a.last(1), tool="send", outcome="cut")


audit_cut.conf = ["drain_timeout_s = 1", "request_timeout_ms = 20000", "upstream_timeout_ms = 20000"]


# ---- how it is written

def audit_whole_lines(a):
    """2,000 calls from 16 hands in two workers: as many lines, each whole."""
    long = "x" * 64
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda i: a.call(
            "send", user="hand%d" % i + "y" * (i % 200), text="t%d" % i, channel=long).code,
            range(2000)))
    expect(set(codes) == {"ok"}, set(codes))
    a.last(2000)
    lines = a.deeds()
    expect({x["args"] for x in lines} == {digest(text="t%d" % i, channel=long)
                                          for i in range(2000)}, "other calls")
    expect(len({x["message_id"] for x in lines}) == 2000, "other messages")
    expect(a.failures() == 0, "lines were lost")


def audit_reopened(a):
    """A file that is renamed is written on until a HUP; then there is a new one."""
    is_code(a.call("look"), "ok")
    a.last(1)
    old = a.file.with_name("audit.1")
    a.file.rename(old)
    is_code(a.call("look"), "ok")
    Bridge.wait_for(lambda: old.read_text().count("\n") == 2, 5, "not in the old file")
    a.bridge.starts += 2
    a.bridge.master.send_signal(signal.SIGHUP)
    Bridge.wait_for(lambda: a.bridge.text().count('"worker open') >= a.bridge.starts, 10,
                    "no new workers")
    Bridge.wait_for(lambda: len(a.bridge.worker()) == 2, 10, "the old ones do not end")
    is_code(a.call("look"), "ok")
    a.last(1)
    # Truncated by whoever copied it: what follows begins at its beginning.
    os.truncate(a.file, 0)
    is_code(a.call("look"), "ok")
    a.last(1)


def audit_torn(a):
    """A file that may not grow: calls go on, lines are counted; then each is whole again."""
    pids = children(a.bridge.master.pid)
    is_code(a.call("look"), "ok")
    a.last(1)
    # The log is at the limit long before: only the audit's file can grow to it.
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (a.file.stat().st_size + 100,
                                                      resource.RLIM_INFINITY))
    for _ in range(5):
        is_code(a.call("look"), "ok")
    time.sleep(0.05)
    expect(a.failures() == 5, "%d are counted" % a.failures())
    expect(not a.raw().endswith("\n"), "nothing was torn, so nothing is shown")
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    for _ in range(4):
        is_code(a.call("look"), "ok")
    Bridge.wait_for(lambda: a.raw().count("\n") == 6, 5, a.raw())
    lines = a.raw().splitlines()
    for number, text in enumerate(lines):
        whole = text.startswith("{") and text.endswith("}")
        expect(whole == (number != 1), "line %d: %s" % (number, text))
    # A start finds what a crash left behind.
    a.bridge.stop()
    with open(a.file, "a", encoding="utf-8") as f:
        f.write('{"time":"half')
    a.start()
    is_code(a.call("look"), "ok")
    Bridge.wait_for(lambda: a.raw().endswith("}\n"), 5, a.raw())
    json.loads(a.raw().splitlines()[-1])


def audit_full(a):
    """No room at all: calls go on, all are counted, and the log says so once."""
    for _ in range(20):
        is_code(a.call("send", text=CANARY), "ok")
    time.sleep(0.05)
    expect(a.failures() == 20, "%d are counted" % a.failures())
    said = [x for x in a.bridge.text().splitlines() if "audit: lines are lost" in x]
    expect(len(said) == 1 and "No space left" in said[0], said)


audit_full.where = "/dev/full"


def audit_pipe(a):
    """A pipe that nobody reads any more, or too slowly, holds nobody up."""
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda i: a.call("look", q=str(i)).code, range(600)))
    expect(set(codes) == {"ok"}, set(codes))
    expect(time.monotonic() - began < 20, "it took %.1f s" % (time.monotonic() - began))
    time.sleep(0.05)
    os.set_blocking(a.pipe, False)
    data = b""
    try:
        while True:
            data += os.read(a.pipe, 65536)
    except BlockingIOError:
        pass
    lines = [json.loads(x) for x in data.decode().splitlines()]
    expect(len(lines) + a.failures() == 600 and a.failures() > 0, "%d lines, %d lost"
           % (len(lines), a.failures()))


def make_pipe(tmp):
    path = tmp.with_name(tmp.name + ".fifo")
    os.mkfifo(path)
    return path, os.open(path, os.O_RDONLY | os.O_NONBLOCK)


audit_pipe.pipe = True


def audit_stderr(a):
    """Among the log, told by "msg":"audit"."""
    is_code(a.call("send", text=CANARY, to=["a", "b"]), "ok")
    is_code(a.call("look"), "ok")

    def mine():
        return [json.loads(x) for x in a.bridge.text().splitlines() if '"msg":"audit"' in x]
    Bridge.wait_for(lambda: len(mine()) == 2, 5, a.bridge.text()[-2000:])
    holds(mine()[0], level="info", msg="audit", tool="send", recipients=2, outcome="ok")
    expect(not a.file.exists(), "a file was made")


audit_stderr.where = "stderr"


def audit_none(a):
    """Nothing is written unless it is wanted."""
    is_code(a.call("look"), "ok")
    expect(not a.file.exists() and '"audit"' not in a.bridge.text(), "something is")


audit_none.where = "none"


class Daemon:
    """A syslog daemon, as far as a datagram socket is one."""

    def __init__(self):
        self.path = os.path.realpath("/dev/log")
        self.made = []
        folder = os.path.dirname(self.path)
        while not os.path.isdir(folder):
            self.made.append(folder)
            folder = os.path.dirname(folder)
        for folder in reversed(self.made):
            os.mkdir(folder)
        self.open()

    def open(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.sock.settimeout(5)

    def close(self):
        self.sock.close()
        os.unlink(self.path)

    def remove(self):
        self.close()
        for folder in self.made:
            os.rmdir(folder)


def no_daemon():
    if os.path.exists("/dev/log"):
        return "a syslog daemon has /dev/log already"
    return None if os.getuid() == 0 else "/dev/log is not there, and only root can make it"


def audit_syslog(a):
    """authpriv.notice with the process; found again when the daemon was started anew."""
    is_code(a.call("send", text=CANARY, to="bob"), "ok")
    text = a.daemon.sock.recv(65536).decode()
    found = re.fullmatch(r"<85>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ums-mcp\[(\d+)\]: (\{.*\})", text)
    expect(found and int(found.group(1)) in children(a.bridge.master.pid), text)
    holds(json.loads(found.group(2)), tool="send", recipients=1, outcome="ok", msg=None)
    a.daemon.close()
    is_code(a.call("look"), "ok")
    time.sleep(0.05)
    expect(a.failures() == 1, "%d are counted" % a.failures())
    a.daemon.open()
    for _ in range(4):
        is_code(a.call("look"), "ok")
        expect('"tool":"look"' in a.daemon.sock.recv(65536).decode(), "it is not found again")
    # One that does not read holds nobody up.
    began = time.monotonic()
    for _ in range(60):
        is_code(a.call("look"), "ok")
    expect(time.monotonic() - began < 10, "it took %.1f s" % (time.monotonic() - began))


audit_syslog.where = "syslog"
audit_syslog.skip = no_daemon


def audit_start(a):
    """What cannot be opened ends the start with 100 and a sentence; a check makes nothing."""
    a.bridge.stop()
    for where, why in (("/no/such/folder/x", "audit = /no/such/folder/x: "),
                       ("./", "audit = "), ("file", "must be none, stderr, syslog or a path"),
                       ("syslog", "/dev/log")):
        if where == "syslog" and os.path.exists("/dev/log"):
            continue
        for options in ((), ("-t",)):
            a.bridge.write_conf(a.conf + ["audit = " + where])
            got = run_once(a, options)
            expect(got.returncode == 100, "%s: %d %s" % (where, got.returncode, got.stderr))
            expect(why in got.stderr, got.stderr)
    a.bridge.write_conf(a.conf + ["audit = ./checked"])
    got = run_once(a, ("-t",))
    expect(got.returncode == 0 and not a.file.with_name("checked").exists(), got.stderr)


def run_once(a, options):
    return subprocess.run([a.bridge.binary, "--listen", a.bridge.socket, *options], text=True,
                          env=a.bridge.environment(), stdin=subprocess.DEVNULL, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def run(build, tmp, function):
    where, ledger, why, daemon, pipe = getattr(function, "where", "./audit"), None, None, None, None
    try:
        if where == "syslog":
            daemon = Daemon()
        if getattr(function, "pipe", False):
            where, pipe = make_pipe(tmp)
        ledger = Ledger(build, tmp, getattr(function, "conf", []), str(where))
        ledger.daemon, ledger.pipe = daemon, pipe
        function(ledger)
        for secret in (CANARY, ledger.bridge.token):
            expect(secret not in ledger.raw(), "a secret is in the audit: %s" % ledger.raw()[-3000:])
    except (Failure, FastCGIError, OSError, ValueError) as e:
        why = "%s: %s" % (type(e).__name__, e)
    finally:
        for step in ([ledger.bridge.stop, ledger.bridge.check_log, ledger.bridge.close] if ledger
                     else []):
            try:
                step()
            except Failure as e:
                why = "%s; %s" % (why, e) if why else str(e)
        if daemon:
            daemon.remove()
    return why


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--build", default=os.environ.get(
        "BUILD_DIR", str(HERE.parent / "build" / "asan")))
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    passed = failed = skipped = 0
    tmp = Path(tempfile.mkdtemp(prefix="audit."))
    for name, function in [(k[6:], v) for k, v in globals().items() if k.startswith("audit_")]:
        if args.names and name not in [n.replace("-", "_") for n in args.names]:
            continue
        reason = getattr(function, "skip", lambda: None)()
        if reason:
            skipped += 1
            print("SKIP %s" % reason)
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
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
