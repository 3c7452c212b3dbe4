#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is sent once, agreed to, sent again and limited, against the running program.

    tests/keyed.py [NAME ...] [--store lmdb|redis] [--build DIR] [-v]

Every function keyed_NAME is one. It gets an Arena: a master with two workers, a stub upstream that
counts, and ways to call tools. create_item's key goes upstream, which is taken to know it;
post_form's does not. Those of STORES run on LMDB and on a real Redis. The log must hold no
sanitizer report, no token and no text of a request, and neither may the store.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import fastcgi  # noqa: E402
from cases import CANARY, Bridge, Failure  # noqa: E402
from attack import expect  # noqa: E402
from fastcgi import FastCGIClient, FastCGIError  # noqa: E402

META = "io.modelcontextprotocol/"
MODERN = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call"}
CONF = ["log_level = info", "upstream_timeout_ms = 1000", "request_timeout_ms = 4000"]


class Answer:
    """What a call got: `code` is "ok", the failure's, or the HTTP status of none."""

    def __init__(self, status, headers, body):
        self.status, self.headers = status, headers
        self.whole = json.loads(body) if body.startswith(b"{") else {}
        self.result = self.whole.get("result", {})
        self.value = self.result.get("structuredContent")
        if self.value is None and self.result.get("isError"):
            self.value = json.loads(self.result["content"][0]["text"])
        self.code = ("ok" if "structuredContent" in self.result else
                     (self.value or {}).get("code", "http %d" % status))
        self.replay = bool((self.value or {}).get("idempotent_replay"))


class Arena:
    """A bridge, its stub upstream, and what that was sent."""

    def __init__(self, build, tmp, conf, workers=2):
        self.bridge = Bridge(build, tmp)
        self.workers = workers
        self.store = tmp / "store"
        self.conf = conf
        self.lock = threading.Lock()
        self.sent = []              # (path, key) of each POST
        self.plan = []              # answers to come, before the usual one
        self.bridge.stub.handler = self.upstream
        self.start()

    def start(self):
        self.bridge.start(self.conf, workers=self.workers)

    def upstream(self, request):
        with self.lock:
            key = request["headers"].get("idempotency-key", [None])[0]
            self.sent.append((request["method"], request["path"], key))
            number = len(self.sent)
            answer = self.plan.pop(0) if self.plan else {}
        return dict({"body": {"id": "m%d" % number, "status": "made", "data": []}}, **answer)

    def posts(self):
        return len([s for s in self.sent if s[0] == "POST"])

    def call(self, tool, user=None, era=None, more=None, timeout=10, **arguments):
        params = dict({"name": tool, "arguments": arguments}, **(more or {}))
        headers = {"Content-Type": "application/json", "Host": "localhost"}
        if era is not None:
            params["_meta"] = {META + "protocolVersion": "2026-07-28",
                               META + "clientInfo": {"name": "t", "version": "1"},
                               META + "clientCapabilities": era}
            headers.update(MODERN, **{"Mcp-Name": tool})
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                           "params": params}).encode()
        cgi = fastcgi.params("POST", "/mcp", headers, body,
                             **({"REMOTE_USER": user} if user else {}))
        status, got, text = FastCGIClient(self.bridge.socket, timeout).request(cgi, body)
        return Answer(status, got, text)

    def item(self, key=None, text="hello", **more):
        arguments = {"text": text} if key is None else {"text": text, "idempotency_key": key}
        return self.call("create_item", **dict(arguments, **more))

    def form(self, key=None, text="hello", **more):
        arguments = {"text": text} if key is None else {"text": text, "idempotency_key": key}
        return self.call("post_form", **dict(arguments, **more))

    def metrics(self):
        cgi = fastcgi.params("GET", "/metrics", {"Host": "localhost"}, REMOTE_ADDR="127.0.0.1")
        return FastCGIClient(self.bridge.socket, 5).request(cgi)[2].decode()

    def in_flight(self):
        """Wait until the upstream has got one more request."""
        count = len(self.sent)
        return lambda: Bridge.wait_for(lambda: len(self.sent) > count, 5, "nothing was sent")

    def lines(self):
        return [json.loads(x) for x in self.bridge.text().splitlines() if '"msg":"request"' in x]


def key():
    return "k%016x" % random.getrandbits(64)


def is_code(answer, code):
    expect(answer.code == code, "expected %s: %s %s" % (code, answer.status, answer.whole))
    return answer


# ---- idempotent calls

def keyed_replay(a):
    """The same again returns the first result; other arguments are refused; others are others."""
    for tool in (a.item, a.form):
        k, before = key(), a.posts()
        first = is_code(tool(k), "ok")
        again = is_code(tool(k), "ok")
        expect(not first.replay and again.replay, "the second is no replay: %s" % again.value)
        expect(again.value["id"] == first.value["id"], "another result")
        expect(a.posts() == before + 1, "%d sent" % (a.posts() - before))
        is_code(tool(k, text="other"), "idempotency_conflict")
        expect(a.posts() == before + 1, "a conflict was sent")
        is_code(tool(k, user="somebody"), "ok")
        expect(a.posts() == before + 2, "another caller's key is another key")
        is_code(tool(key()), "ok")
    k = key()
    is_code(a.item(k), "ok")
    is_code(a.form(k), "ok")        # of another tool
    expect("idempotency_total{result=\"replayed\"}" in a.metrics(), "it is not counted")


def keyed_upstream_key(a):
    """The key goes upstream as the file says, or not at all."""
    k = key()
    a.item(k)
    expect(a.sent[-1][2] == k, "the upstream got %s" % (a.sent[-1],))
    a.form(k)
    expect(a.sent[-1][2] is None, "the upstream got %s" % (a.sent[-1],))


def keyed_keys_at_the_service(a):
    """Keys of two callers do not meet at the service; one that no header carries is refused."""
    k = key()
    is_code(a.item(k, user="anna"), "ok")
    is_code(a.item(k, user="bert"), "ok")
    names = {s[2] for s in a.sent}
    expect(len(names) == 2 and k not in names, names)
    for wrong in (" ", "\t", " k", "k "):
        is_code(a.item(wrong), "invalid_argument")
    is_code(a.item("k y\u00e9"), "ok")
    expect(a.posts() == 3, "%d sent" % a.posts())


def keyed_twins(a):
    """Twins in flight: one is sent, all get its result."""
    k = key()
    a.plan = [{"delay_ms": 300}]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: a.form(k), range(8)))
    expect({x.code for x in answers} == {"ok"}, [x.whole for x in answers])
    expect(len({x.value["id"] for x in answers}) == 1, "several results")
    expect(sum(x.replay for x in answers) == 7 and a.posts() == 1, "%d sent" % a.posts())


def keyed_twin_past_its_deadline(a):
    """A twin waits no longer than its deadline, and is told so."""
    k = key()
    a.plan = [{"delay_ms": 900}]
    a.conf = a.conf + ["request_timeout_ms = 700"]
    a.bridge.stop()
    a.start()
    with ThreadPoolExecutor(2) as pool:
        sent = a.in_flight()
        first = pool.submit(a.form, k)
        sent()
        time.sleep(0.2)
        began = time.monotonic()
        second = a.form(k)
        took = time.monotonic() - began
    expect(first.result().code == "outcome_unknown", first.result().whole)
    expect(second.code in ("idempotency_in_progress", "outcome_unknown") and took < 1.2,
           "%s after %.1f s" % (second.whole, took))


def keyed_refused_is_not_kept(a):
    """What the service refused may be tried again with the same key."""
    for plan in ({"status": 422}, {"status": 404}, {"status": 429}, {"status": 301},
                 {"status": 503, "headers": {"Retry-After": "1"}},
                 {"status": 503, "body": {"error": {"code": "closed"}}}):
        k = key()
        a.plan = [plan]
        expect(a.form(k).code != "ok", "no failure")
        is_code(a.form(k), "ok")


def keyed_unclear(a):
    """An outcome nobody knows: sent again where the service knows the key, else said."""
    for plan in ({"behaviour": "stall"}, {"behaviour": "reset"}, {"behaviour": "truncate"},
                 {"status": 500}, {"status": 502}, {"status": 503}, {"status": 504},
                 {"status": 303}):
        k = key()
        a.plan = [plan]
        first = a.item(k)
        # On a kept connection libcurl itself sends a repeatable one again.
        if first.code != "ok" or plan.get("behaviour") != "reset":
            is_code(first, "outcome_unknown")
            expect(first.value["retryable"], "a key that the service knows is safe to repeat")
        is_code(a.item(k), "ok")
        expect(is_code(a.item(k), "ok").replay, "and is kept then")
        k = key()
        a.plan = [plan]
        before = a.posts()
        first = is_code(a.form(k), "outcome_unknown")
        expect(not first.value["retryable"] and "Look" in first.value["hint"], first.value)
        is_code(a.form(k), "outcome_unknown")
        expect(a.posts() == before + 1, "%d sent" % (a.posts() - before))


def keyed_still_unclear(a):
    """A repeat of what may have been done that fails clearly leaves it as unclear as it was."""
    k = key()
    a.plan = [{"status": 500}, {"status": 503, "headers": {"Retry-After": "60"}}]
    is_code(a.item(k), "outcome_unknown")
    is_code(a.item(k), "outcome_unknown")
    is_code(a.item(k), "ok")


def kill_workers(a):
    for pid in a.bridge.worker():
        os.kill(pid, signal.SIGKILL)


def keyed_killed_in_flight(a):
    """A worker dies between sending and recording: at once sent again, or at once said."""
    for tool, code in ((a.item, "ok"), (a.form, "outcome_unknown")):
        k, before = key(), a.posts()
        a.plan = [{"delay_ms": 350}]
        with ThreadPoolExecutor(1) as pool:
            sent = a.in_flight()
            first = pool.submit(tool, k)
            sent()
            starts = a.bridge.text().count('"worker open')
            kill_workers(a)
            try:
                expect(first.result().code != "ok", "an answer of the dead")
            except (FastCGIError, OSError):
                pass
        a.bridge.wait_for(lambda: a.bridge.text().count('"worker open') >= starts + 2, 5,
                          "no new workers")
        began = time.monotonic()
        is_code(tool(k), code)
        expect(time.monotonic() - began < 2, "it took %.1f s" % (time.monotonic() - began))
        expect(a.posts() - before == (2 if code == "ok" else 1), "%d sent" % (a.posts() - before))


def keyed_client_gone(a):
    """A client that leaves does not undo a write: whoever asks again gets its result."""
    k = key()
    a.plan = [{"delay_ms": 300}]
    sent = a.in_flight()
    try:
        a.form(k, timeout=0.1)
    except (OSError, FastCGIError):
        pass
    sent()
    expect(is_code(a.form(k), "ok").replay and a.posts() == 1, "%d sent" % a.posts())


def keyed_outlives_the_master(a):
    """What was written down outlives every process."""
    k = key()
    first = is_code(a.form(k), "ok")
    a.bridge.stop()
    a.start()
    again = is_code(a.form(k), "ok")
    expect(again.replay and again.value["id"] == first.value["id"] and a.posts() == 1, again.value)


def keyed_drain_deadline(a):
    """A drain that runs out of time writes down what it cuts off."""
    k = key()
    a.conf = a.conf + ["drain_timeout_s = 1", "request_timeout_ms = 20000"]
    a.bridge.stop()
    a.start()
    a.plan = [{"behaviour": "stall"}]
    a.bridge.stub.handler = lambda r: dict(a.upstream(r))
    with ThreadPoolExecutor(1) as pool:
        sent = a.in_flight()
        pool.submit(lambda: a.form(k, timeout=2)).add_done_callback(lambda f: f.exception())
        sent()
        a.bridge.stop()
    a.start()
    is_code(a.form(k), "outcome_unknown")
    expect(a.posts() == 1, "%d sent" % a.posts())


def keyed_window(a):
    """dedupe_window_s: equal arguments of one caller are one call for a while."""
    a.conf = a.conf + ["dedupe_window_s = 1"]
    a.bridge.stop()
    a.start()
    first = is_code(a.form(), "ok")
    again = is_code(a.form(), "ok")
    expect(again.replay and again.value["id"] == first.value["id"], again.value)
    is_code(a.form(text="other"), "ok")
    is_code(a.form(user="other"), "ok")
    time.sleep(1.2)
    expect(not is_code(a.form(), "ok").replay and a.posts() == 4, "%d sent" % a.posts())


def keyed_expired(a):
    """A key is forgotten when its time is over."""
    a.conf = a.conf + ["idempotency_ttl_s = 1"]
    a.bridge.stop()
    a.start()
    k = key()
    is_code(a.form(k), "ok")
    expect(is_code(a.form(k), "ok").replay, "at once")
    time.sleep(1.2)
    expect(not is_code(a.form(k), "ok").replay, "it is not forgotten")


def keyed_nothing_at_rest(a):
    """The store holds no text of a call, and no key."""
    k = key() + CANARY
    for tool in (a.item, a.form):
        is_code(tool(k, text=CANARY + " text"), "ok")
    a.bridge.stop()
    at_rest = a.store.read_bytes()
    expect(CANARY.encode() not in at_rest, "text of a call is in the store")
    expect(b'"id":"m1"' in at_rest, "and the id is not")
    a.start()


def keyed_reads_pass_by(a):
    """Reads have no key, and a write without one is sent as often as it is called."""
    for _ in range(3):
        is_code(a.form(), "ok")
    expect(a.posts() == 3, "%d sent" % a.posts())
    expect(a.call("get_item", item_id="1", idempotency_key="k").code == "invalid_argument",
           "a read takes a key")


# ---- the store fails

def keyed_store_is_garbage(a):
    """A file that is none of LMDB's: the start is refused, with the file's name and the mend."""
    a.bridge.stop()
    garbage = a.bridge.tmp / "garbage"
    garbage.write_bytes(os.urandom(65536))
    a.bridge.write_conf(a.conf + ["store = %s" % garbage])
    done = subprocess.run([a.bridge.binary, "-t"], env=a.bridge.environment(), timeout=10,
                          capture_output=True, check=False)
    expect(done.returncode == 100 and str(garbage).encode() in done.stderr and
           b"move it away" in done.stderr, "%d %s" % (done.returncode, done.stderr))
    a.start()


def keyed_store_full(a):
    """A store that is full refuses new keys and knows the old ones; reads go on."""
    a.conf = a.conf + ["store_max = 1048576"]
    a.bridge.stop()
    a.start()
    first = key()
    is_code(a.form(first), "ok")
    code, count = "ok", 0
    while code == "ok" and count < 20000:
        with ThreadPoolExecutor(8) as pool:
            codes = {x.code for x in pool.map(lambda _: a.form(key()), range(200))}
        count += 200
        expect(codes <= {"ok", "store_unavailable"}, codes)
        code = "ok" if codes == {"ok"} else "full"
    before = a.posts()
    got = is_code(a.form(key()), "store_unavailable")
    expect(got.value["retryable"] and got.value["http_status"] == 503 and
           "store_max" in got.value["hint"], got.value)
    expect(a.posts() == before, "it was sent")
    expect(is_code(a.form(first), "ok").replay, "an old key is forgotten")
    is_code(a.call("list_items", query="x"), "ok")
    is_code(a.form(), "ok")


def keyed_store_proceeds(a):
    """store_failure = proceed: sent all the same, and counted."""
    a.conf = a.conf + ["store_max = 1048576", "store_failure = proceed"]
    keyed = a.bridge
    keyed.stop()
    a.start()
    count = 0
    while "idempotency_total{result=\"unguarded\"}" not in a.metrics():
        with ThreadPoolExecutor(8) as pool:
            codes = {x.code for x in pool.map(lambda _: a.form(key()), range(400))}
        count += 400
        expect(codes == {"ok"} and count < 20000, "%s after %d" % (codes, count))


def keyed_store_locked(a):
    """A process that was stopped with the store's lock in its hands: bounded, and then well."""
    a.conf = a.conf + ["store_timeout_ms = 300"]
    a.bridge.stop()
    a.start()
    is_code(a.form(key()), "ok")
    holder = hold(a)
    began = time.monotonic()
    is_code(a.form(key()), "store_unavailable")
    took = time.monotonic() - began
    is_code(a.call("list_items", query="x"), "ok")
    release(holder)
    expect(took < 1.5, "it took %.1f s" % took)
    is_code(a.form(key()), "ok")


def hold(a):
    """Take the lock in front of the store's, as a process that was stopped would have it."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD % (str(a.store) + "-lock")],
                              stdout=subprocess.PIPE)
    holder.stdout.readline()
    return holder


def release(holder):
    holder.kill()
    holder.wait()


HOLD = """
import fcntl, struct, sys, time
f = open(%r, "r+b")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 1 << 30, 1, 0))
print("held", flush=True)
time.sleep(60)
"""


def keyed_without_a_store(a):
    """Without one the key goes upstream, and that is all; what needs one says so."""
    a.bridge.stop()
    a.conf = a.conf + ["store ="]
    a.start()
    k = key()
    is_code(a.item(k), "ok")
    is_code(a.item(k), "ok")
    expect(a.sent[-1][2] == k and a.posts() == 2, a.sent)
    for line in ("policy = confirm:create_item", "dedupe_window_s = 5"):
        a.bridge.write_conf(a.conf + [line])
        done = subprocess.run([a.bridge.binary, "-t"], env=a.bridge.environment(), timeout=10,
                              capture_output=True, check=False)
        expect(done.returncode == 100 and b"store: " in done.stderr, done.stderr)


# ---- confirmation

def keyed_confirm(a):
    """Nothing is sent without a token; with it once; and only exactly that."""
    asked = is_code(a.form(text="pay"), "confirmation_required")
    token = asked.value["confirm_token"]
    expect(a.posts() == 0 and asked.value["http_status"] == 428, asked.value)
    expect(asked.value["preview"] == {"arguments": {"text": "pay"}}, asked.value)
    expect("structuredContent" not in asked.result, "it has structuredContent")
    is_code(a.form(text="pay more", confirm_token=token), "confirm_token_invalid")
    is_code(a.form(text="pay", n=1, confirm_token=token), "confirm_token_invalid")
    is_code(a.form(text="pay", user="other", confirm_token=token), "confirm_token_invalid")
    is_code(a.item(text="pay", confirm_token=token), "confirm_token_invalid")
    expect(a.posts() == 0, "something was sent")
    is_code(a.form(text="pay", confirm_token=token), "ok")
    is_code(a.form(text="pay", confirm_token=token), "confirm_token_used")
    expect(a.posts() == 1, "%d sent" % a.posts())
    is_code(a.call("list_items", query="x"), "ok")


keyed_confirm.conf = ["policy = confirm:*"]


def keyed_confirm_alterations(a):
    """10,000 random alterations of good tokens send nothing."""
    rng, letters = random.Random(4), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = a.form(text="pay").value["confirm_token"]
    forged = set()
    while len(forged) < 10000:
        new, at = list(token), rng.sample(range(len(token)), rng.choice((1, 1, 1, 2, 5, 20)))
        for i in at:
            new[i] = rng.choice(letters)
        if rng.random() < 0.1:
            new = new[:rng.randrange(len(new))] + new[rng.randrange(len(new)):]
        if "".join(new) != token:
            forged.add("".join(new))
    with ThreadPoolExecutor(8) as pool:
        codes = [x.code for x in pool.map(lambda t: a.form(text="pay", confirm_token=t),
                                          sorted(forged))]
    refused = sum(c == "confirm_token_invalid" for c in codes)
    empty = sum(c == "confirmation_required" for c in codes)
    expect(refused + empty == 10000 and empty <= forged.__contains__(""), set(codes))
    expect(a.posts() == 0, "%d sent" % a.posts())
    is_code(a.form(text="pay", confirm_token=token), "ok")


keyed_confirm_alterations.conf = ["policy = confirm:*"]


def keyed_confirm_expired(a):
    """A token that is too old sends nothing."""
    token = a.form(text="pay").value["confirm_token"]
    time.sleep(1.2)
    got = is_code(a.form(text="pay", confirm_token=token), "confirm_token_invalid")
    expect("expired" in got.value["hint"] and a.posts() == 0, got.value)


keyed_confirm_expired.conf = ["policy = confirm:*", "confirm_ttl_s = 1"]


def keyed_confirm_at_once(a):
    """One token from many hands at once: one sends."""
    token = a.form(text="pay").value["confirm_token"]
    with ThreadPoolExecutor(16) as pool:
        codes = [x.code for x in pool.map(lambda _: a.form(text="pay", confirm_token=token),
                                          range(16))]
    expect(sorted(set(codes)) == ["confirm_token_used", "ok"] and codes.count("ok") == 1, codes)
    expect(a.posts() == 1, "%d sent" % a.posts())


keyed_confirm_at_once.conf = ["policy = confirm:*"]


def keyed_confirm_with_a_key(a):
    """A keyed call with its token may be repeated as it is; a failed one gives its token back."""
    k = key()
    token = a.form(text="pay").value["confirm_token"]
    first = is_code(a.form(k, text="pay", confirm_token=token), "ok")
    again = is_code(a.form(k, text="pay", confirm_token=token), "ok")
    expect(again.replay and again.value["id"] == first.value["id"], again.value)
    token = a.form(text="pay").value["confirm_token"]
    a.plan = [{"status": 422}]
    expect(a.form(text="pay", confirm_token=token).code == "invalid", "422")
    is_code(a.form(text="pay", confirm_token=token), "ok")
    expect(a.posts() == 3, "%d sent" % a.posts())


keyed_confirm_with_a_key.conf = ["policy = confirm:*"]


def keyed_confirm_fails_closed(a):
    """Where a token cannot be written down nothing is sent, whatever store_failure says."""
    token = a.form(text="pay").value["confirm_token"]
    holder = hold(a)
    is_code(a.form(text="pay", confirm_token=token), "store_unavailable")
    release(holder)
    expect(a.posts() == 0, "it was sent")
    is_code(a.form(text="pay", confirm_token=token), "ok")


keyed_confirm_fails_closed.conf = ["policy = confirm:*", "store_failure = proceed",
                                   "store_timeout_ms = 300"]


def keyed_policy(a):
    """Rules by tool and caller; what is denied to all is off."""
    is_code(a.form(user="robot"), "ok")
    is_code(a.form(user="anna"), "confirmation_required")
    is_code(a.form(), "denied")
    got = a.call("delete_item", item_id="1")
    expect(got.whole.get("error", {}).get("code") == -32602 and "policy" in got.whole["error"]["message"],
           got.whole)
    expect(a.posts() == 1, "%d sent" % a.posts())


keyed_policy.conf = ["policy = deny:delete_item allow:post_form:caller=robot* "
                     "confirm:post_form:caller=anna deny:post_form"]


def ask(a, **more):
    got = a.form(text="pay", era={"elicitation": {}}, **more)
    expect(got.result.get("resultType") == "input_required", got.whole)
    request = got.result["inputRequests"]["confirm"]
    expect(request["method"] == "elicitation/create" and "pay" in request["params"]["message"],
           request)
    return got.result["requestState"]


def reply(a, state, action="accept", content=None, **more):
    answer = {"action": action}
    if action == "accept":
        answer["content"] = {"confirm": True} if content is None else content
    return a.form(**dict({"text": "pay", "era": {"elicitation": {}}, "more": {
        "requestState": state, "inputResponses": {"confirm": answer}}}, **more))


def keyed_elicitation(a):
    """A modern client that can ask its person does, through input_required."""
    state = ask(a)
    expect(a.posts() == 0, "it was sent")
    is_code(reply(a, state), "ok")
    expect(a.posts() == 1 and reply(a, state).code == "confirm_token_used", "it is good twice")
    state = ask(a)
    is_code(reply(a, state, "decline"), "declined")
    expect(reply(a, state).code == "confirm_token_used", "a no can be turned into a yes")
    is_code(reply(a, ask(a), "cancel"), "declined")
    is_code(reply(a, ask(a), content={"confirm": False}), "declined")
    is_code(reply(a, ask(a), content={}), "declined")
    state = ask(a)
    for wrong in (dict(text="pay more"), dict(user="other")):
        got = reply(a, state, **wrong)
        expect(got.whole.get("error", {}).get("code") == -32602, got.whole)
    got = reply(a, state[:-1] + ("A" if state[-1] != "A" else "B"))
    expect(got.whole.get("error", {}).get("code") == -32602, got.whole)
    expect(a.form(text="pay", confirm_token=state).code == "confirm_token_invalid",
           "a question's state is no token")
    got = a.form(text="pay", era={"elicitation": {}}, more={"requestState": state})
    expect(got.result.get("resultType") == "input_required", "no answer to the question: %s" % got.whole)
    is_code(a.form(text="pay", era={}), "confirmation_required")
    expect(a.posts() == 1, "%d sent" % a.posts())


keyed_elicitation.conf = ["policy = confirm:*"]


# ---- deadlines and retries

def keyed_retries(a):
    """Sent again where it is safe, and only there."""
    read = lambda: a.call("list_items", query="x")  # noqa: E731
    rows = [
        (read, [{"status": 503}], "ok", 2),
        (read, [{"status": 502}, {"behaviour": "reset"}], "ok", 3),
        (read, [{"behaviour": "truncate"}], "ok", 2),
        (read, [{"status": 503}] * 3, "upstream_unavailable", 3),
        (read, [{"status": 500}], "upstream_error", 1),
        (read, [{"status": 404}], "not_found", 1),
        (lambda: a.item(key()), [{"behaviour": "reset"}, {"status": 500}], "ok", 3),
        (lambda: a.item(key()), [{"behaviour": "stall"}], "ok", 2),
        (lambda: a.item(key()), [{"status": 500}] * 3, "outcome_unknown", 3),
        (lambda: a.item(key()), [{"status": 500}, {"status": 422}], "outcome_unknown", 2),
        (lambda: a.form(key()), [{"behaviour": "reset"}], "outcome_unknown", 1),
        (lambda: a.form(key()), [{"status": 503}], "outcome_unknown", 1),
        (a.form, [{"status": 503, "headers": {"Retry-After": "60"}}], "upstream_unavailable", 1),
        (a.form, [{"status": 500}], "outcome_unknown", 1),
        (a.form, [{"status": 429, "headers": {"Retry-After": "0"}}], "ok", 2),
    ]
    for i, (call, plan, code, count) in enumerate(rows):
        before, a.plan = len(a.sent), list(plan)
        is_code(call(), code)
        expect(len(a.sent) - before == count, "row %d: %d sent" % (i, len(a.sent) - before))
    expect("retries_total{service=\"cases\",reason=\"broken\"}" in a.metrics(), "not counted")


keyed_retries.conf = ["upstream_retries = 2"]


def keyed_retry_after(a):
    """Retry-After is kept where it fits the deadline, and told where it does not."""
    a.plan = [{"status": 429, "headers": {"Retry-After": "1"}}]
    began = time.monotonic()
    is_code(a.form(), "ok")
    expect(time.monotonic() - began >= 1, "it did not wait")
    a.plan = [{"status": 429, "headers": {"Retry-After": "60"}}]
    began = time.monotonic()
    got = is_code(a.form(), "rate_limited")
    expect(got.value["retry_after_s"] == 60 and time.monotonic() - began < 1, got.value)


keyed_retry_after.conf = ["upstream_retries = 2"]


def keyed_one_deadline(a):
    """However often it is tried, a call ends by its deadline."""
    a.plan = [{"behaviour": "stall"}] * 3
    began = time.monotonic()
    is_code(a.item(key()), "outcome_unknown")
    expect(time.monotonic() - began < 1.4, "%.1f s" % (time.monotonic() - began))


keyed_one_deadline.conf = ["upstream_retries = 5", "request_timeout_ms = 1000"]


def keyed_upstream_restarts(a):
    """A keyed call survives a restart of the service."""
    stub, port = a.bridge.stub, a.bridge.stub.port
    stub.sock.shutdown(socket.SHUT_RDWR)    # accept() would go on
    stub.close()
    threading.Timer(0.25, lambda: reopen(stub, port)).start()
    is_code(a.item(key()), "ok")


keyed_upstream_restarts.conf = ["upstream_retries = 5"]


def reopen(stub, port):
    stub.sock = socket_on(port)
    threading.Thread(target=stub.accept, daemon=True).start()


def socket_on(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(64)
    return sock


# ---- limits

def keyed_rates(a):
    """Rates by tool and caller, by caller, and in all: shared by the workers, seen, and kept."""
    codes = [a.form(user="anna").code for _ in range(5)]
    expect(codes == ["ok"] * 3 + ["rate_limited"] * 2, codes)
    got = a.form(user="anna")
    expect(got.value["http_status"] == 429 and got.value["retryable"] and
           1 <= got.value["retry_after_s"] <= 1200, got.value)
    is_code(a.form(user="bert"), "ok")
    is_code(a.call("list_items", query="x", user="anna"), "ok")
    codes = [a.call("list_items", query="x", user="carl").code for _ in range(8)]
    expect(codes == ["ok"] * 6 + ["rate_limited"] * 2, codes)
    codes = [a.call("list_items", query="x", user="u%d" % i).code for i in range(8)]
    expect("ok" in codes and codes[-1] == "rate_limited", codes)
    info = a.call("server_info", user="anna").value
    rates = {r["limit"]: r for r in info["rates"]}
    expect(rates["all"]["left"] == 0 and rates["post_*"]["count"] == 3, info)
    text = a.metrics()
    for name in ('limited_total{limit="tool"} 3', 'limited_total{limit="caller"} 2',
                 'limited_total{limit="all"}', "rate_buckets ", 'rate_tokens{limit="all"'):
        expect("ums_mcp_" + name in text, "%s is not in /metrics:\n%s" % (name, [
            x for x in text.splitlines() if "limited" in x or "rate_" in x]))


keyed_rates.conf = ["rate_limit = all=15/h caller=6/h post_*=3/h"]


def keyed_rate_refills(a):
    """A bucket is refilled, and no more than that."""
    expect([a.form().code for _ in range(6)].count("ok") == 5, "the burst")
    time.sleep(0.45)
    codes = [a.form().code for _ in range(5)]
    expect(1 <= codes.count("ok") <= 3, codes)


keyed_rate_refills.conf = ["rate_limit = all=5/s"]


def keyed_requests_rate(a):
    """Of the transport it is a 429 with Retry-After."""
    got = [a.call("server_info") for _ in range(4)]
    expect([x.status for x in got] == [200, 200, 200, 429], [x.status for x in got])
    expect(int(got[3].headers["retry-after"]) >= 1, got[3].headers)
    is_code(a.call("server_info", user="other"), "ok")


keyed_requests_rate.conf = ["rate_limit = requests=3/h"]


def keyed_replay_costs_nothing(a):
    """A replay is no call to the service: no rate counts it."""
    k = key()
    codes = [a.form(k).code for _ in range(6)]
    expect(codes == ["ok"] * 6, codes)
    is_code(a.form(key()), "rate_limited")


keyed_replay_costs_nothing.conf = ["rate_limit = all=1/h"]


def keyed_bulkhead(a):
    """Calls of one service in flight: the others are told at once."""
    a.plan = [{"delay_ms": 500}] * 2
    with ThreadPoolExecutor(2) as pool:
        first = [pool.submit(a.form) for _ in range(2)]
        Bridge.wait_for(lambda: len(a.sent) == 2, 5, "nothing was sent")
        got = is_code(a.form(), "service_busy")
        expect([f.result().code for f in first] == ["ok", "ok"], "the first")
    expect(got.value["http_status"] == 503 and got.value["retry_after_s"] == 1, got.value)
    is_code(a.form(), "ok")


keyed_bulkhead.conf = ["service.cases.max_inflight = 2", "workers = 1"]
keyed_bulkhead.workers = 1


def keyed_breaker(a):
    """A service that fails and fails is left alone, tried by one call, and taken back."""
    a.plan = [{"status": 500}] * 3
    read = lambda: a.call("list_items", query="x")  # noqa: E731
    for _ in range(3):
        is_code(read(), "upstream_error")
    before = len(a.sent)
    got = is_code(read(), "service_down")
    expect(got.value["retry_after_s"] == 1 and got.value["retryable"] and len(a.sent) == before,
           got.value)
    expect('breaker_state{service="cases"} 2' in a.metrics(), "it is not seen")
    expect(a.call("server_info").value["breakers"] == {"cases": "open"}, "nor in server_info")
    time.sleep(1.1)
    expect('breaker_state{service="cases"} 1' in a.metrics(), "it is not half-open")
    a.plan = [{"status": 500, "delay_ms": 200}]
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(x.code for x in pool.map(lambda _: read(), range(4)))
    expect(codes == ["service_down"] * 3 + ["upstream_error"], codes)
    is_code(read(), "service_down")
    time.sleep(1.1)
    is_code(read(), "ok")
    is_code(read(), "ok")
    expect('breaker_state{service="cases"} 0' in a.metrics(), "it is not closed")


keyed_breaker.conf = ["breaker_failures = 3", "breaker_open_s = 1"]


def chain_services():
    """The cases' service with a tool that has a step."""
    path = Path(tempfile.gettempdir()) / ("keyed-chain-%d.json" % os.getpid())
    path.write_text((HERE / "cases" / "chain.json").read_text().replace("<<PORT>>", "1"))
    return path


def keyed_breaker_and_steps(a):
    """A step that goes well does not hide that what comes behind it fails and fails."""
    rooms = {"body": {"rooms": [{"id": "r1", "name": "general"}]}}
    a.plan = [rooms, {"status": 500}] * 3
    for _ in range(3):
        is_code(a.call("say", room="general", text="hi"), "outcome_unknown")
    is_code(a.call("say", room="general", text="hi"), "service_down")
    time.sleep(1.1)
    a.plan = [dict(rooms)]
    is_code(a.call("say", room="nobody", text="hi"), "name_unknown")
    a.plan = [dict(rooms)]
    is_code(a.call("say", room="general", text="hi"), "ok")
    expect('breaker_state{service="cases"} 0' in a.metrics(), "it is not closed")


keyed_breaker_and_steps.conf = ["breaker_failures = 3", "breaker_open_s = 1", "tools_off ="]
keyed_breaker_and_steps.services = chain_services


# ---- what must not happen though much goes wrong at once

def preview_services():
    """The cases' service with a tool that previews create_item."""
    spec = json.loads((HERE / "cases" / "service.json").read_text())
    item = next(t for t in spec["tools"] if t["name"] == "create_item")
    item["preview"] = "preview_item"
    spec["tools"].append({
        "name": "preview_item", "description": "Preview.", "write": False, "timeout_ms": 4000,
        "inputSchema": item["inputSchema"],
        "request": {"method": "POST", "url": "/preview", "body": {"text": "{text}"}},
        "response": {"seen": "/id"}})
    path = Path(tempfile.gettempdir()) / ("keyed-preview-%d.json" % os.getpid())
    path.write_text(json.dumps(spec))
    return path


def with_preview(function):
    function.services = preview_services
    function.conf = getattr(function, "conf", []) + ["policy = confirm:create_item"]
    return function


def items(a):
    """How often create_item was sent."""
    return len([s for s in a.sent if s[1].endswith("/items")])


@with_preview
def keyed_unasked_after_a_kill(a):
    """A worker dies while a preview is fetched: the repeat is asked about, too."""
    k = key()
    a.plan = [{"delay_ms": 1500}]
    with ThreadPoolExecutor(1) as pool:
        sent = a.in_flight()
        pool.submit(a.item, k, timeout=3).add_done_callback(lambda f: f.exception())
        sent()
        starts = a.bridge.text().count('"worker open')
        kill_workers(a)
        a.bridge.wait_for(lambda: a.bridge.text().count('"worker open') >= starts + 2, 5,
                          "no new workers")
    is_code(a.item(k), "confirmation_required")
    expect(items(a) == 0, "it was sent unasked")


@with_preview
def keyed_unasked_after_a_drain(a):
    """The same, where a drain runs out of time."""
    k = key()
    a.conf = a.conf + ["drain_timeout_s = 1", "request_timeout_ms = 10000",
                       "upstream_timeout_ms = 5000"]
    a.bridge.stop()
    a.start()
    a.plan = [{"delay_ms": 2500}]
    with ThreadPoolExecutor(1) as pool:
        sent = a.in_flight()
        pool.submit(a.item, k, timeout=4).add_done_callback(lambda f: f.exception())
        sent()
        a.bridge.stop()
    a.start()
    is_code(a.item(k), "confirmation_required")
    expect(items(a) == 0, "it was sent unasked")


@with_preview
def keyed_unasked_without_a_release(a):
    """The claim of a call that was asked about cannot be taken away: nothing is sent later."""
    k = key()
    a.conf = a.conf + ["store_timeout_ms = 300", "request_timeout_ms = 2000"]
    a.bridge.stop()
    a.start()
    a.plan = [{"delay_ms": 500}]
    with ThreadPoolExecutor(1) as pool:
        sent = a.in_flight()
        first = pool.submit(a.item, k)
        sent()
        holder = hold(a)
        is_code(first.result(), "confirmation_required")
        release(holder)
    time.sleep(2.2)
    is_code(a.item(k), "confirmation_required")
    expect(items(a) == 0, "it was sent unasked")


@with_preview
def keyed_preview_token(a):
    """A preview's token is the model's; a client that can ask its person does."""
    token = a.call("preview_item", text="hello").value["confirm_token"]
    got = a.call("create_item", text="hello", era={"elicitation": {}}, confirm_token=token)
    expect(got.result.get("resultType") == "input_required" and items(a) == 0, got.whole)
    got = a.call("create_item", text="hello", era={"elicitation": {"url": {}}})
    is_code(got, "confirmation_required")
    asked = is_code(a.item(text="hello"), "confirmation_required")
    expect(asked.value["preview"]["result"]["seen"].startswith("m") and
           asked.value["preview"]["arguments"] == {"text": "hello"}, asked.value)
    is_code(a.item(text="hello", confirm_token=token), "ok")


def default_services(preview):
    """The same with a default in what is sent and in what is shown."""
    path = preview_services()
    spec = json.loads(path.read_text())
    for tool in spec["tools"]:
        if tool["name"] in ("create_item", "preview_item"):
            tool["inputSchema"] = json.loads(json.dumps(tool["inputSchema"]))
            tool["inputSchema"]["properties"]["size"] = {"type": "integer", "default": 5}
        if tool["name"] == "create_item":
            tool["preview"] = preview
    path.write_text(json.dumps(spec))
    return path


def keyed_preview_of_defaults(a):
    """What is to be agreed to are the arguments that were given, and with them it is agreed to."""
    asked = is_code(a.item(text="hello"), "confirmation_required").value
    expect(asked["preview"]["arguments"] == {"text": "hello"}, asked)
    is_code(a.item(confirm_token=asked["confirm_token"], **asked["preview"]["arguments"]), "ok")


def keyed_preview_shows_defaults(a):
    """The same of a preview that is made of arguments, which has the default."""
    asked = is_code(a.item(text="hello"), "confirmation_required").value
    expect(asked["preview"] == {"arguments": {"text": "hello"}, "result": {"size": 5}}, asked)
    is_code(a.item(confirm_token=asked["confirm_token"], **asked["preview"]["arguments"]), "ok")


keyed_preview_of_defaults.services = lambda: default_services("preview_item")
keyed_preview_shows_defaults.services = lambda: default_services({"size": {"argument": "size"}})
for previews in (keyed_preview_of_defaults, keyed_preview_shows_defaults):
    previews.conf = ["policy = confirm:create_item"]


def keyed_lost_then_unreachable(a):
    """A write that was lost on a kept connection is not sent again once nobody listens."""
    is_code(a.form(), "ok")
    stub, port, usual, done = a.bridge.stub, a.bridge.stub.port, a.upstream, []

    def handler(request):
        out = usual(request)
        if done:
            return out
        done.append(1)
        stub.sock.shutdown(socket.SHUT_RDWR)
        stub.sock.close()
        threading.Timer(0.15, lambda: reopen(stub, port)).start()
        time.sleep(0.05)
        return {"behaviour": "close"}
    stub.handler = handler
    before = a.posts()
    is_code(a.form(), "outcome_unknown")
    expect(a.posts() == before + 1, "%d sent" % (a.posts() - before))


keyed_lost_then_unreachable.conf = ["upstream_retries = 2"]
keyed_lost_then_unreachable.workers = 1


def keyed_claim_outlives_its_key(a):
    """A key that is forgotten soon is not forgotten while its call is on its way."""
    k = key()
    a.plan = [{"delay_ms": 1800}]
    with ThreadPoolExecutor(1) as pool:
        sent = a.in_flight()
        first = pool.submit(a.form, k)
        sent()
        time.sleep(1.2)
        second = a.form(k)
        is_code(first.result(), "ok")
    expect(is_code(second, "ok").replay and a.posts() == 1, "%d sent" % a.posts())


keyed_claim_outlives_its_key.conf = ["idempotency_ttl_s = 1", "upstream_timeout_ms = 3000"]


def keyed_probe_is_lost(a):
    """A call that was to try a service and never did leaves that to the next."""
    token = a.form(text="pay").value["confirm_token"]
    is_code(a.form(text="pay", confirm_token=token), "ok")
    a.plan = [{"status": 500}]
    is_code(a.call("list_items", query="x"), "upstream_error")
    time.sleep(1.1)
    is_code(a.form(text="pay", confirm_token=token), "confirm_token_used")
    is_code(a.call("list_items", query="x"), "ok")


keyed_probe_is_lost.conf = ["policy = confirm:post_form", "breaker_failures = 1",
                            "breaker_open_s = 1"]


def keyed_breaker_takes_no_token(a):
    """What the breaker refuses counts in no rate."""
    a.plan = [{"status": 500}]
    codes = [a.call("list_items", query="x").code for _ in range(6)]
    expect(codes == ["upstream_error"] + ["service_down"] * 5, codes)
    time.sleep(1.1)
    is_code(a.call("list_items", query="x"), "ok")


keyed_breaker_takes_no_token.conf = ["breaker_failures = 1", "breaker_open_s = 1",
                                     "rate_limit = caller=3/h"]


def keyed_resumed_and_refused(a):
    """A repeat of what may have been done, kept back by a limit, is not called undone."""
    k = key()
    a.plan = [{"status": 500}]
    is_code(a.item(k), "outcome_unknown")
    got = is_code(a.item(k), "outcome_unknown")
    expect(got.value["retry_after_s"] > 0 and a.posts() == 1, got.value)


keyed_resumed_and_refused.conf = ["rate_limit = all=1/h"]


def keyed_retry_after_for_ever(a):
    """A Retry-After beyond all numbers is a week."""
    a.plan = [{"status": 429, "headers": {"Retry-After": "9223372036854775807"}}]
    got = is_code(a.form(), "rate_limited")
    expect(got.value["retry_after_s"] == 604800 and a.posts() == 1, got.value)


keyed_retry_after_for_ever.conf = ["upstream_retries = 2"]


def keyed_twin_without_a_client(a):
    """A twin whose client has left sends nothing."""
    k = key()
    a.plan = [{"delay_ms": 600, "status": 422}]
    with ThreadPoolExecutor(1) as pool:
        sent = a.in_flight()
        first = pool.submit(a.form, k)
        sent()
        try:
            a.form(k, timeout=0.1)
        except (OSError, FastCGIError):
            pass
        expect(first.result().code == "invalid", "the first")
    time.sleep(0.6)
    expect(a.posts() == 1, "%d sent" % a.posts())


def keyed_store_grows(a):
    """store_max is raised by a reload: the old worker does not cut the file under the new one."""
    size = a.store.stat().st_size
    a.plan = [{"delay_ms": 7000}]
    with ThreadPoolExecutor(1) as pool:
        sent = a.in_flight()
        old = pool.submit(a.form, None, "slow", timeout=15)
        sent()
        a.bridge.write_conf(a.conf + ["store_max = 8388608"])
        starts = a.bridge.text().count('"worker open')
        a.bridge.master.send_signal(signal.SIGHUP)
        a.bridge.wait_for(lambda: a.bridge.text().count('"worker open') > starts, 5, "no reload")
        grown = a.store.stat().st_size
        expect(grown > size, "it does not grow")
        is_code(old.result(), "ok")
    expect(a.store.stat().st_size == grown, "it was cut")
    is_code(a.form(key()), "ok")


keyed_store_grows.conf = ["store_max = 1048576", "upstream_timeout_ms = 10000",
                          "request_timeout_ms = 10000"]
keyed_store_grows.workers = 1


def keyed_question_shows_what_is_sent(a):
    """No line of a question is the model's own."""
    got = a.call("post_form", era={"elicitation": {}}, text="pay\nto: [\"boss\"]", to=["mallory"])
    lines = got.result["inputRequests"]["confirm"]["params"]["message"].split("\n")
    expect(sorted(lines[1:]) == ['text: "pay\\nto: [\\"boss\\"]"', 'to: ["mallory"]'], lines)


keyed_question_shows_what_is_sent.conf = ["policy = confirm:*"]


def keyed_store_beside_its_file(a):
    """A relative store stands beside the configuration, wherever the program was started."""
    a.bridge.stop()
    a.conf = a.conf + ["store = records"]
    a.start()
    is_code(a.form(key()), "ok")
    expect((a.bridge.conf.parent / "records").exists(), "it stands elsewhere")


# ---- a text in parts

LONG = "The first of three.\n\nAnd now the second!\nIt ends with a word."


def keyed_split_replay(a):
    """Parts are one call: its repeat is a replay of all their results, its twin waits for them."""
    k = key()
    a.plan = [{}, {"delay_ms": 300}]
    with ThreadPoolExecutor(2) as pool:
        sent = a.in_flight()
        first = pool.submit(a.call, "post_long", text=LONG, idempotency_key=k)
        sent()
        twin = is_code(a.call("post_long", text=LONG, idempotency_key=k), "ok")
    first = is_code(first.result(), "ok")
    expect(twin.replay and not first.replay, "the twin is no replay: %s" % twin.value)
    expect(first.value["parts"] == 3 and len(first.value["more"]) == 2, first.value)
    for again in (twin, a.call("post_long", text=LONG, idempotency_key=k)):
        expect(dict(first.value, idempotent_replay=True) == again.value, again.value)
    is_code(a.call("post_long", text=LONG + "!", idempotency_key=k), "idempotency_conflict")
    expect(a.posts() == 3, "%d sent" % a.posts())
    expect([x["parts"] for x in a.lines() if "upstream" in x] == [3], a.lines())


def keyed_split_keys(a):
    """A named caller's parts have keys of their own, and what others wrote is not kept."""
    rooms = {"body": {"rooms": [{"id": "r1", "name": "general"}]}}
    k = key()
    a.plan = [rooms] + [{"body": {"id": "m", "note": "canary of others"}}] * 3
    first = is_code(a.call("say_long", user="anna", room="general", text=LONG, idempotency_key=k),
                    "ok")
    expect([x["note"] for x in first.value["more"]] == ["canary of others"] * 2, first.value)
    keys = [s[2] for s in a.sent[1:]]
    expect(k not in keys and keys[1:] == [keys[0] + "-2", keys[0] + "-3"], keys)
    again = is_code(a.call("say_long", user="anna", room="general", text=LONG, idempotency_key=k),
                    "ok")
    expect("canary" not in json.dumps(again.value) and len(again.value["more"]) == 2, again.value)


def keyed_split_keys_of_two(a):
    """The key of a second part is none that somebody makes up for a second message."""
    rooms = {"body": {"rooms": [{"id": "r1", "name": "general"}]}}
    k = key()
    a.plan = [rooms] + [{"body": {"id": "m"}}] * 3 + [rooms, {"body": {"id": "m"}}]
    is_code(a.call("say_long", room="general", text=LONG, idempotency_key=k), "ok")
    is_code(a.call("say_long", room="general", text="short", idempotency_key=k + "-2"), "ok")
    keys = [s[2] for s in a.sent if s[2]]
    expect(len(keys) == 4 and len(set(keys)) == 4 and keys[3] == k + "-2", keys)


def keyed_split_partly(a):
    """A part fails: repeated where the service knows the keys, and else never."""
    rooms = {"body": {"rooms": [{"id": "r1", "name": "general"}]}}
    for plan in ({"status": 503, "headers": {"Retry-After": "60"}}, {"status": 502},
                 {"behaviour": "stall"}):
        k, code = key(), "partly_done" if plan.get("status") == 503 else "outcome_unknown"
        a.sent, a.plan = [], [rooms, {}, plan]
        got = is_code(a.call("say_long", room="general", text=LONG, idempotency_key=k), code)
        expect(got.value["retryable"] and got.value["parts_sent"] == 1 and a.posts() == 2,
               got.value)
        a.plan = [rooms]
        is_code(a.call("say_long", room="general", text=LONG, idempotency_key=k), "ok")
        keys = [s[2] for s in a.sent if s[0] == "POST"]
        expect(keys == [keys[0], keys[0] + "-2"] * 2 + [keys[0] + "-3"], a.sent)
        k = key()
        a.sent, a.plan = [], [{}, plan]
        got = is_code(a.call("post_long", text=LONG, idempotency_key=k), code)
        expect(not got.value["retryable"] and got.value["rest_from"] == 22, got.value)
        got = is_code(a.call("post_long", text=LONG, idempotency_key=k), "outcome_unknown")
        expect(not got.value["retryable"] and a.posts() == 2, "%d sent" % a.posts())


def keyed_split_killed(a):
    """A worker dies between parts: as of one request, sent again or said, and nothing sent blindly."""
    for tool, code in (("say_long", "ok"), ("post_long", "outcome_unknown")):
        k, before = key(), a.posts()
        arguments = {"text": LONG, "idempotency_key": k}
        if tool == "say_long":
            arguments["room"] = "r1"
        a.plan = [{}, {"delay_ms": 2500}]
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(a.call, tool, **arguments)
            Bridge.wait_for(lambda: a.posts() == before + 2, 5, "the second part was not sent")
            starts = a.bridge.text().count('"worker open')
            kill_workers(a)
            try:
                expect(first.result().code != "ok", "an answer of the dead")
            except (FastCGIError, OSError):
                pass
        a.bridge.wait_for(lambda: a.bridge.text().count('"worker open') >= starts + 2, 5,
                          "no new workers")
        is_code(a.call(tool, **arguments), code)
        expect(a.posts() - before == (5 if code == "ok" else 2), "%d sent" % (a.posts() - before))


keyed_split_killed.conf = ["upstream_timeout_ms = 3500"]


def keyed_split_client_gone(a):
    """A client that leaves between parts does not stop them, key or not."""
    for k in ({"idempotency_key": key()}, {}):
        before = a.posts()
        a.plan = [{}, {"delay_ms": 1500}]
        try:
            a.call("post_long", text=LONG, timeout=1, **k)
        except (OSError, FastCGIError):
            pass
        Bridge.wait_for(lambda: a.posts() == before + 3, 5, "the rest was not sent")


keyed_split_client_gone.conf = ["upstream_timeout_ms = 4000"]


def keyed_split_deadline(a):
    """The deadline is the call's, whatever part it meets."""
    a.plan = [{}, {"behaviour": "stall"}]
    began = time.monotonic()
    got = is_code(a.call("post_long", text=LONG), "outcome_unknown")
    expect(got.value["parts_sent"] == 1 and not got.value["retryable"], got.value)
    expect(time.monotonic() - began < 5 and a.posts() == 2, "%d sent" % a.posts())


keyed_split_deadline.conf = ["request_timeout_ms = 1500", "upstream_timeout_ms = 10000"]


def keyed_split_confirm(a):
    """A person agrees once, to the whole text; a token of a call that sent a part is used up."""
    asked = is_code(a.call("post_long", text=LONG), "confirmation_required")
    expect(asked.value["preview"]["arguments"] == {"text": LONG} and a.posts() == 0, asked.value)
    token = asked.value["confirm_token"]
    is_code(a.call("post_long", text=LONG, confirm_token=token), "ok")
    expect(a.posts() == 3, "%d sent" % a.posts())
    token = a.call("post_long", text=LONG).value["confirm_token"]
    a.plan = [{}, {"status": 422}]
    is_code(a.call("post_long", text=LONG, confirm_token=token), "partly_done")
    is_code(a.call("post_long", text=LONG, confirm_token=token), "confirm_token_used")
    expect(a.posts() == 5, "%d sent" % a.posts())


keyed_split_confirm.conf = ["policy = confirm:post_long"]


def keyed_split_rate(a):
    """Parts are one call of the caller's rate."""
    is_code(a.call("post_long", text=LONG), "ok")
    is_code(a.call("post_long", text=LONG), "ok")
    is_code(a.call("post_long", text=LONG), "rate_limited")
    expect(a.posts() == 6, "%d sent" % a.posts())


keyed_split_rate.conf = ["rate_limit = post_*=2/h"]


for split in (keyed_split_replay, keyed_split_keys, keyed_split_keys_of_two, keyed_split_partly,
              keyed_split_killed,
              keyed_split_client_gone, keyed_split_deadline, keyed_split_confirm, keyed_split_rate):
    split.services = chain_services
    split.conf = getattr(split, "conf", []) + ["tools_off ="]


# ---- Redis

class Redis:
    """A redis-server of our own."""

    def __init__(self, tmp):
        self.tmp, self.process = tmp, None
        tmp.mkdir(parents=True, exist_ok=True)
        self.path = tmp / "r"
        self.start()

    @property
    def where(self):
        return "redis+unix://%s" % self.path

    def start(self):
        with open(self.tmp / "redis.log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", "0", "--unixsocket", str(self.path), "--save", "",
                 "--appendonly", "yes", "--appendfsync", "always", "--dir", str(self.tmp)],
                stdout=log, stderr=log)
        Bridge.wait_for(lambda: self.say("PING") == b"PONG\n", 10, "redis-server does not start")

    def say(self, *words):
        return subprocess.run(["redis-cli", "-s", str(self.path)] + list(words), check=False,
                              capture_output=True, timeout=10).stdout

    def stop(self):
        self.process.kill()
        self.process.wait()


def redis_gone_and_back(a):
    """Redis is gone: refused at once, reads go on; it returns, and what it knew is known."""
    k = key()
    is_code(a.form(k), "ok")
    a.redis.stop()
    Bridge.wait_for(lambda: a.form(key()).code == "store_unavailable", 3, "it is not noticed")
    began = time.monotonic()
    for _ in range(10):
        is_code(a.form(key()), "store_unavailable")
    expect(time.monotonic() - began < 1.5, "%.1f s" % (time.monotonic() - began))
    is_code(a.call("list_items", query="x"), "ok")
    a.redis.start()
    answers = [a.form(k)]
    Bridge.wait_for(lambda: answers.append(a.form(k)) or answers[-1].code == "ok", 15,
                    "it does not come back")
    first = next(answer for answer in answers if answer.code == "ok")
    expect(first.replay, "what it knew is lost")


def redis_slow(a):
    """Redis does not answer: bounded, and the loop turns meanwhile."""
    is_code(a.form(key()), "ok")
    a.redis.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(4) as pool:
        began = time.monotonic()
        slow = [pool.submit(a.form, key()) for _ in range(4)]
        time.sleep(0.05)
        is_code(a.call("list_items", query="x"), "ok")
        expect(time.monotonic() - began < 0.4, "the loop stood still")
        codes = [f.result().code for f in slow]
        took = time.monotonic() - began
    a.redis.process.send_signal(signal.SIGCONT)
    expect(set(codes) == {"store_unavailable"} and took < 1.5, "%s after %.1f s" % (codes, took))
    Bridge.wait_for(lambda: a.form(key()).code == "ok", 5, "it does not come back")


redis_slow.conf = ["store_timeout_ms = 500"]


def redis_claim_was_slow(a):
    """A claim that was refused because Redis was slow leaves nothing behind."""
    is_code(a.form(key()), "ok")
    k = key()
    a.redis.process.send_signal(signal.SIGSTOP)
    is_code(a.form(k), "store_unavailable")
    a.redis.process.send_signal(signal.SIGCONT)
    Bridge.wait_for(lambda: a.form(key()).code == "ok", 5, "it does not come back")
    before = a.posts()
    Bridge.wait_for(lambda: a.form(k).code in ("ok", "outcome_unknown"), 6, "it never ends")
    expect(a.posts() - before <= 1, "%d sent" % (a.posts() - before))


redis_claim_was_slow.conf = ["store_timeout_ms = 500"]


def redis_flushed(a):
    """Records that were flushed are not known; where the service knows the key it is safe still."""
    k = key()
    is_code(a.item(k), "ok")
    a.redis.say("FLUSHALL")
    is_code(a.item(k), "ok")
    expect(a.sent[-1][2] == k, a.sent)


def redis_full(a):
    """Redis without memory: a clear refusal."""
    a.redis.say("CONFIG", "SET", "maxmemory", "1")
    got = is_code(a.form(key()), "store_unavailable")
    expect("memory" in got.value["hint"], got.value)
    a.redis.say("CONFIG", "SET", "maxmemory", "0")
    is_code(a.form(key()), "ok")


class Elsewhere:
    """A second machine: a bridge with the same configuration in a network of its own."""

    def __init__(self, a):
        self.socket = str(a.bridge.tmp / "elsewhere")
        with open(a.bridge.log, "ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "-n" if os.geteuid() == 0 else "-rn", a.bridge.binary, "--listen", self.socket, "--workers", "1"],
                env=a.bridge.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        Bridge.wait_for(self.listens, 10, "it does not start")

    def listens(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.socket) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait()


def post(address, message, headers):
    body = json.dumps(message).encode()
    cgi = fastcgi.params("POST", "/mcp", dict({
        "Content-Type": "application/json", "Host": "localhost",
        "Accept": "application/json, text/event-stream"}, **headers), body)
    return FastCGIClient(address, 20).request(cgi, body)


def events(text):
    return [json.loads(line[6:]) for line in text.decode().split("\n")
            if line.startswith("data: ")]


def redis_asked_elsewhere(a):
    """A question's answer comes to another machine, and finds its call through the store."""
    got = post(a.bridge.socket, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "t", "version": "1"}}}, {})
    session = {"Mcp-Session-Id": got[1]["mcp-session-id"]}
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "post_form", "arguments": {"text": "pay"}}}
    elsewhere = Elsewhere(a)
    try:
        for accept in (True, False):
            body = json.dumps(call).encode()
            sock = FastCGIClient(a.bridge.socket, 20).connect()
            sock.sendall(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(
                fastcgi.params("POST", "/mcp", dict({
                    "Content-Type": "application/json", "Host": "localhost",
                    "Accept": "application/json, text/event-stream"}, **session), body))) +
                fastcgi.stream(fastcgi.STDIN, body))
            said = b""
            while not events(said):
                said += FastCGIClient.read_record(sock)[2]
            question = events(said)[0]
            answer = {"jsonrpc": "2.0", "id": question["id"], "result": {
                "action": "accept", "content": {"confirm": accept}}}
            before = a.posts()
            wrong = dict(answer, id=question["id"].replace("-0", "-1"))
            expect(post(elsewhere.socket, wrong, session)[0] == 404, "an answer to no question")
            status = post(elsewhere.socket, answer, session)[0]
            expect(status == 202, "the answer elsewhere: %d" % status)
            rest = events(FastCGIClient.read_answer(sock))
            sock.close()
            failed = rest[-1]["result"].get("isError", False)
            expect(failed != accept and a.posts() - before == accept,
                   "accepted: %s, then %s, %d sent" % (accept, rest, a.posts() - before))
            status = post(elsewhere.socket, answer, session)[0]
            expect(status == 404, "it was answered before: %d" % status)
    finally:
        elsewhere.stop()


redis_asked_elsewhere.conf = ["policy = confirm:*"]


# ---- running them

STORES = ["replay", "twins", "refused_is_not_kept", "unclear", "still_unclear", "killed_in_flight",
          "client_gone", "outlives_the_master", "window", "confirm", "confirm_at_once",
          "confirm_with_a_key", "elicitation", "split_replay", "split_partly",
          "level_of_a_session"]


# ---- a write that is followed; who may not have what

FOLLOWED = {
    "name": "cases", "title": "Cases", "base_url": "http://127.0.0.1:1/api",
    "auth": {"type": "bearer", "token": {"file": "token"}},
    "error": {"code": "/error/code", "message": "/error/message"},
    "tools": [
        {"name": "send_it", "description": "Send.", "write": True, "scopes": ["it:send"],
         "inputSchema": {"type": "object", "required": ["text"], "properties": {
             "text": {"type": "string"}, "wait_s": {"type": "integer"},
             "idempotency_key": {"type": "string"}}},
         "request": {"method": "POST", "url": "/it", "body": {"text": "{text}"},
                     "headers": {"Idempotency-Key": "{idempotency_key}"}},
         "response": {"id": "/id"},
         "follow": {"tool": "look_at_it", "arguments": {"id": "{id}"}, "argument": "wait_s",
                    "cancel": {"tool": "take_it_back", "arguments": {"id": "{id}"}}}},
        {"name": "look_at_it", "description": "Look.", "scopes": ["it:read"],
         "inputSchema": {"type": "object", "required": ["id"], "properties": {
             "id": {"type": "string"}, "wait_s": {"type": "integer"}}},
         "request": {"method": "GET", "url": "/it/{id}"}, "response": {"state": "/status"},
         "wait": {"argument": "wait_s", "of": "/state", "final": ["done"],
                  "cancelled": ["back"], "every_ms": 100}},
        {"name": "send_asking", "description": "Send what may need an answer.", "write": True,
         "inputSchema": {"type": "object"}, "outputSchema": {"type": "object", "properties": {
             "id": {"type": "string"}}, "required": ["id"]},
         "request": {"method": "POST", "url": "/asking"}, "response": "mcp",
         "follow": {"tool": "look_asking", "arguments": {"id": "{id}"}, "required": True}},
        {"name": "look_asking", "description": "Look, and ask.", "write": False,
         "inputSchema": {"type": "object", "required": ["id"], "properties": {
             "id": {"type": "string"}, "wait_s": {"type": "integer"}}},
         "request": {"method": "POST", "url": "/asking/{id}",
                     "body": {"said": "{input_responses}"}},
         "response": "mcp", "wait": {"argument": "wait_s", "of": "/state", "final": ["done"]}},
        {"name": "say_it", "description": "Say.", "stream": True,
         "inputSchema": {"type": "object", "properties": {}},
         "request": {"method": "GET", "url": "/say"}, "response": {"state": "/status"}},
        {"name": "take_it_back", "description": "Take back.", "write": True,
         "scopes": ["it:back"],
         "inputSchema": {"type": "object", "required": ["id"],
                         "properties": {"id": {"type": "string"}}},
         "request": {"method": "DELETE", "url": "/it/{id}"}, "response": {"state": "/status"}},
        {"name": "tells", "description": "Tell much.", "stream": True,
         "inputSchema": {"type": "object"}, "request": {"method": "GET", "url": "/tells"},
         "response": "mcp"},
        {"name": "send_bare", "description": "Send, with nothing to show for it.", "write": True,
         "preview": "show_bare", "inputSchema": {"type": "object", "properties": {
             "wait_s": {"type": "integer"}}},
         "request": {"method": "POST", "url": "/bare"}, "response": {"id": "/nothing"},
         "follow": {"tool": "look_at_it", "arguments": {"id": "last"}, "argument": "wait_s"}},
        {"name": "show_bare", "description": "Show nothing.", "inputSchema": {"type": "object"},
         "request": {"method": "GET", "url": "/bare"}, "response": {"id": "/nothing"}}],
    "resources": [
        {"uriTemplate": "it://{id}", "name": "it", "scopes": ["it:read"],
         "subscribe": {"every_ms": 100}, "complete": {"id": ["hidden"]},
         "request": {"method": "GET", "url": "/it/{id}"}, "response": {"state": "/status"}}],
    "prompts": [
        {"name": "about_it", "scopes": ["it:read"],
         "arguments": [{"name": "which", "complete": ["hidden"]}],
         "messages": [{"role": "user", "content": "What of {which}?"}]}],
}
# Keys of callers, as the file of them has their digests.
CALLERS = {"sends": "it:send", "reads": "it:send,it:read", "all": "it:send,it:read,it:back",
           "none": "other"}
TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
FORM = {"elicitation": {"form": {}}}
WATCHES = {"notifications": {"resourceSubscriptions": ["it://x"]}}


def followed_services():
    path = Path(tempfile.gettempdir()) / ("keyed-followed-%d.json" % os.getpid())
    path.write_text(json.dumps(FOLLOWED))
    return path


def followed(*conf, workers=2):
    """For a test of FOLLOWED: what its upstream has is not final."""
    def mark(function):
        function.services = followed_services
        function.workers = workers
        function.conf = ["tools_off =", *conf]
        return function
    return mark


def as_caller(a, name):
    """The key of a caller of CALLERS; with auth = api_key."""
    return "ums_" + hashlib.sha256(("%s %s" % (name, a.bridge.token)).encode()).hexdigest()[:43]


def name_callers(a, expires=""):
    """Start again, with the keys of CALLERS."""
    (a.bridge.tmp / "api_keys").write_text("".join("%s sha256:%s scopes=%s %s\n" % (
        name, hashlib.sha256(as_caller(a, name).encode()).hexdigest(), scopes, expires)
        for name, scopes in CALLERS.items()))
    a.bridge.stop()
    a.conf = a.conf + ["auth = api_key"]
    a.start()


def request_of(a, method, params, era=None, caller=None, session=None):
    """The CGI parameters and the body of any request; `era` is as in Arena.call()."""
    headers = {"Content-Type": "application/json", "Host": "localhost",
               "Accept": "application/json, text/event-stream"}
    if era is not None:
        params = dict(params, _meta={META + "protocolVersion": "2026-07-28",
                                     META + "clientCapabilities": era})
        headers.update({"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method})
        name = params.get("name") or params.get("uri") or params.get("taskId")
        headers.update({"Mcp-Name": name} if name else {})
    headers.update({"Mcp-Session-Id": session} if session else {})
    headers.update({"Authorization": "Bearer " + as_caller(a, caller)} if caller else {})
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    return fastcgi.params("POST", "/mcp", headers, body), body


def ask_for(a, method, params, **more):
    """(status, headers, text) of any request."""
    status, headers, body = FastCGIClient(a.bridge.socket, 10).request(
        *request_of(a, method, params, **more))
    return status, headers, body.decode()


def open_stream(a, method, params, until, **more):
    """A connection on which the request was sent, and what came, with `until` in it."""
    cgi, body = request_of(a, method, params, **more)
    sock = FastCGIClient(a.bridge.socket, 10).connect()
    sock.sendall(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(cgi)) +
                 fastcgi.stream(fastcgi.STDIN, body))
    return sock, read_until(sock, until)


def read_until(sock, until):
    came, end = b"", time.monotonic() + 20
    while until not in came:
        expect(time.monotonic() < end, "no %s comes: %s" % (until, came[-500:]))
        piece = sock.recv(65536)
        expect(piece, "it ended without %s: %s" % (until, came[-500:]))
        came += piece
    return came.decode("utf-8", "replace")


def session_of(a, capabilities, **more):
    return ask_for(a, "initialize", {"protocolVersion": "2025-11-25", "capabilities": capabilities},
               **more)[1]["mcp-session-id"]


def looks(a):
    return len([s for s in a.sent if s[0] == "GET"])


@followed("drain_timeout_s = 1")
def keyed_followed_past_a_drain(a):
    """A drain that cuts off who waits for the outcome leaves the record of what was sent."""
    k = key()
    call = {"name": "send_it", "arguments": {"text": "x", "idempotency_key": k, "wait_s": 60},
            "_meta": {"progressToken": "p"}}
    sock, _ = open_stream(a, "tools/call", call, b"notifications/progress")
    a.bridge.stop(10)
    sock.close()
    a.start()
    again = is_code(a.call("send_it", text="x", idempotency_key=k), "ok")
    expect(again.replay and a.posts() == 1, "%d sent: %s" % (a.posts(), again.whole))


@followed()
def keyed_followed_by_nobody(a):
    """Once it is written down what was sent, nobody looks on for a client that has left."""
    call = {"name": "send_it", "arguments": {"text": "x", "idempotency_key": key(), "wait_s": 60},
            "_meta": {"progressToken": "p"}}
    sock, _ = open_stream(a, "tools/call", call, b"notifications/progress")
    sock.close()
    Bridge.wait_for(lambda: any(x.get("client") == "gone" for x in a.lines()), 3,
                    "it goes on without its client")


@followed("policy = confirm:send_it")
def keyed_asked_by_event(a):
    """A key that was used behind a question of the legacy era is the same key in any other call."""
    name_callers(a)
    k = key()
    call = {"name": "send_it", "arguments": {"text": "x", "idempotency_key": k}}
    sock, asked = open_stream(a, "tools/call", call, b"elicitation/create", caller="all",
                              session=session_of(a, FORM, caller="all"))
    question = json.loads(asked[asked.index("data: {") + 6:asked.index("\n\n")])
    field = question["params"]["requestedSchema"]["required"][0]
    status, _, text = post(a.bridge.socket, {"jsonrpc": "2.0", "id": question["id"], "result": {
        "action": "accept", "content": {field: True}}}, {
            "Authorization": "Bearer " + as_caller(a, "all")})
    expect(status == 202, "the answer is not taken: %d %s" % (status, text))
    read_until(sock, b'"structuredContent"')
    sock.close()
    for era in (FORM, {}):
        text = ask_for(a, "tools/call", call, era=era, caller="all")[2]
        expect('"idempotent_replay":true' in text and a.posts() == 1,
               "%d sent: %s" % (a.posts(), text))


@followed("audit = stderr")
def keyed_forbidden(a):
    """Who may not have a tool, a resource or a prompt is told so, whatever is asked with it."""
    name_callers(a)
    session = session_of(a, {}, caller="none")
    for method, params in (("tools/call", {"name": "send_it"}), ("prompts/get", {
            "name": "about_it"}), ("resources/read", {"uri": "it://x"})):
        status, headers, text = ask_for(a, method, params, era={}, caller="none")
        expect(status == 403 and "insufficient_scope" in headers["www-authenticate"],
               "%s: %d %s" % (method, status, text))
    for method in ("resources/subscribe", "resources/unsubscribe"):
        status, _, text = ask_for(a, method, {"uri": "it://x"}, caller="none", session=session)
        expect(status == 403, "%s: %d %s" % (method, status, text))
    expect(not a.sent, "sent: %s" % a.sent)


@followed()
def keyed_completion_scopes(a):
    """Who may not have a prompt or a resource is not told its words."""
    name_callers(a)
    for ref, name in (({"type": "ref/prompt", "name": "about_it"}, "which"),
                      ({"type": "ref/resource", "uri": "it://{id}"}, "id")):
        params = {"ref": ref, "argument": {"name": name, "value": ""}}
        expect("hidden" in ask_for(a, "completion/complete", params, era={}, caller="all")[2],
               "%s has no completion" % ref)
        text = ask_for(a, "completion/complete", params, era={}, caller="none")[2]
        expect("-32602" in text, "who may not have it completes it: %s" % text)


SAID = {"headers": {"Content-Type": "text/event-stream"}, "body": "".join(
    "data: %s\n\n" % json.dumps(dict({"jsonrpc": "2.0"}, **x)) for x in (
        {"method": "notifications/message", "params": {"level": "warning", "data": "low"}},
        {"result": {"status": "said"}}))}


def hears(a, session):
    """Whether a call of the session is told what the service says before its answer."""
    a.plan.append(SAID)
    text = ask_for(a, "tools/call", {"name": "say_it", "arguments": {}}, session=session)[2]
    expect("said" in text, "no answer: %s" % text)
    return "notifications/message" in text


@followed()
def keyed_level_of_a_session(a):
    """The log that a session asked for counts for its first id, at each worker and the next."""
    mine, other = session_of(a, {}), session_of(a, {})
    expect(not hears(a, mine), "it asked for no log")
    status, headers, text = ask_for(a, "logging/setLevel", {"level": "info"}, session=mine)
    expect(status == 200 and '"result":{}' in text and "mcp-session-id" not in headers,
           "not set: %s %s" % (headers, text))
    expect(all(hears(a, mine) for _ in range(12)), "a worker does not know of it")
    expect(not hears(a, other), "another session's level counts")
    starts = a.bridge.text().count('"worker open')
    kill_workers(a)
    a.bridge.wait_for(lambda: a.bridge.text().count('"worker open') >= starts + 2, 5,
                      "no new workers")
    expect(hears(a, mine), "it is not known after a crash")
    ask_for(a, "logging/setLevel", {"level": "error"}, session=mine)
    expect(not any(hears(a, mine) for _ in range(12)), "a worker goes by the former level")


def reads(a):
    """How many reads Redis has had."""
    lines = a.redis.say("INFO", "commandstats").decode().splitlines()
    return sum(int(x.split("calls=")[1].split(",")[0]) for x in lines if
               x.startswith("cmdstat_get:"))


@followed("store_timeout_ms = 500")
def redis_level_is_not_set(a):
    """Without its store the bridge says that a level is not set; calls are made without a log."""
    session = session_of(a, {})
    ask_for(a, "logging/setLevel", {"level": "info"}, session=session)
    expect(hears(a, session), "it is not set")
    before = reads(a)
    for _ in range(3):
        ask_for(a, "tools/call", {"name": "look_at_it", "arguments": {"id": "i"}}, session=session)
    expect(reads(a) == before, "calls that log nothing ask the store")
    hears(a, session)
    expect(reads(a) == before + 1, "the store is asked %d times" % (reads(a) - before))
    a.redis.stop()
    Bridge.wait_for(lambda: "The level is not set" in ask_for(
        a, "logging/setLevel", {"level": "info"}, session=session)[2], 3, "it is not noticed")
    expect(not hears(a, session), "whence is that known")


@followed()
def keyed_followed_stdio(a):
    """Over stdio each thing that is said is a line of JSON, and a sign of life is none."""
    lines = [{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}}}, {
            "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
                "name": "look_at_it", "arguments": {"id": "i", "wait_s": 1},
                "_meta": {"progressToken": "p"}}}]
    done = subprocess.run([a.bridge.binary, "stdio", "-c", str(a.bridge.conf)], text=True,
                          input="".join(json.dumps(x) + "\n" for x in lines), timeout=20,
                          capture_output=True, env=a.bridge.environment())
    expect(done.returncode == 0, "it ended with %d: %s" % (done.returncode, done.stderr[-3000:]))
    said = [json.loads(x) for x in done.stdout.splitlines()]
    expect([x.get("id") for x in said] == [1, None, 2] and looks(a) > 1 and
           said[1]["method"] == "notifications/progress", "said: %s" % said)


@followed()
def keyed_followed_legacy(a):
    """Clients of the legacy era have no tasks, whatever they declare."""
    text = ask_for(a, "tools/call", {"name": "send_it", "arguments": {"text": "x"}},
               session=session_of(a, TASKS))[2]
    expect("structuredContent" in text and "taskId" not in text, text)


@followed()
def keyed_followed_scopes(a):
    """A task gives nobody a tool that they may not call: not to look, and not to take back."""
    name_callers(a)
    call = {"name": "send_it", "arguments": {"text": "x", "wait_s": 1}}
    text = ask_for(a, "tools/call", call, era=TASKS, caller="sends")[2]
    expect('"complete"' in text and "outcome" not in text and looks(a) == 0,
           "it looks: %s" % text)
    text = ask_for(a, "tools/call", {"name": "send_it", "arguments": {"text": "x"}}, era=TASKS,
               caller="reads")[2]
    task = {"taskId": json.loads(text)["result"]["taskId"]}
    expect(ask_for(a, "tasks/get", task, era=TASKS, caller="reads")[0] == 200, "no look")
    status, _, text = ask_for(a, "tasks/cancel", task, era=TASKS, caller="reads")
    expect(status == 403 and not [s for s in a.sent if s[0] == "DELETE"],
           "it was taken back: %d %s" % (status, text))


def about(a, method, task, era=None, **more):
    """The result or the error of a request about a task."""
    said = json.loads(ask_for(a, "tasks/" + method, dict(more, taskId=task),
                              era=era or TASKS)[2])
    return said.get("result", said.get("error"))


def task_of(a, tool, era=None, **arguments):
    result = json.loads(ask_for(a, "tools/call", {"name": tool, "arguments": arguments},
                                era=era or TASKS)[2])["result"]
    expect(result["resultType"] == "task", "no task: %s" % result)
    return result["taskId"]


@followed()
def keyed_task_ends(a):
    """A task that was called off is cancelled; of what is gone nothing more can be heard."""
    a.plan = [{"body": {"id": "i"}}, {"body": {"status": "on"}}, {"body": {"status": "back"}},
              {"status": 404, "body": {"error": {"code": "not_yet"}}},
              {"status": 410, "body": {"error": {"code": "lost"}}}]
    task = task_of(a, "send_it", text="x")
    got = about(a, "get", task)
    expect(got["status"] == "cancelled" and "result" not in got, "called off: %s" % got)
    expect("code" in about(a, "get", task), "what may be seen later has not failed")
    got = about(a, "get", task)
    expect(got["status"] == "failed" and got["error"]["code"] == -32603 and
           got["error"]["data"]["code"] == "lost" and "result" not in got, "gone: %s" % got)
    expect(got["resultType"] == "complete" and got["statusMessage"], "gone: %s" % got)


def question(name):
    return {"method": "elicitation/create", "params": {"message": name, "requestedSchema": {
        "type": "object", "properties": {name: {"type": "string"}}}}}


@followed()
def keyed_task_asks(a):
    """What a service asks while it works is asked of who asks how far it is."""
    def asks(*names):
        return {"body": {"resultType": "input_required", "requestState": "s",
                         "inputRequests": {name: question(name) for name in names}}}

    def seen(state, **more):
        return {"body": dict(more, content=[{"type": "text", "text": state}],
                             structuredContent={"state": state})}

    era = dict(TASKS, **FORM)
    status, _, text = ask_for(a, "tools/call", {"name": "send_asking", "arguments": {}}, era=FORM)
    expect(status == 400 and "-32021" in text and not a.sent, "%d %s" % (status, text))
    text = ask_for(a, "tools/call", {"name": "send_asking", "arguments": {}})[2]
    expect("-32021" in text and not a.sent, "legacy: %s" % text)
    a.plan = [{"body": {"content": [], "structuredContent": {"id": "i"}}}, asks("a", "b"),
              asks("a", "b"), asks("b"), asks("b"), seen("on"), seen("on"), seen("done"),
              asks("c"), seen("sorry", isError=True)]
    bodies = []
    a.bridge.stub.handler = lambda r: bodies.append(r["body"]) or a.upstream(r)
    task = task_of(a, "send_asking", era)
    got = about(a, "get", task, era)
    expect(got["status"] == "input_required" and sorted(got["inputRequests"]) == ["a", "b"] and
           "requestState" not in got and got["resultType"] == "complete", "asked: %s" % got)
    answer = {"action": "accept", "content": {"a": "yes"}}
    got = about(a, "update", task, era, inputResponses={"a": answer})
    expect(got["resultType"] == "complete" and set(got) == {"resultType", "_meta"}, got)
    expect(json.loads(bodies[-1]) == {"said": {"a": answer}}, "sent: %s" % bodies[-1])
    got = about(a, "get", task, era)
    expect(list(got["inputRequests"]) == ["b"], "the rest: %s" % got)
    got = about(a, "update", task, era, inputResponses={"b": answer})
    expect(set(got) == {"resultType", "_meta"}, "the last answer: %s" % got)
    expect(about(a, "get", task, era)["status"] == "working", "it goes on")
    got = about(a, "get", task, era)
    expect(got["status"] == "completed" and got["result"]["content"][0]["text"] == "done" and
           got["result"]["structuredContent"] == {"state": "done"} and
           got["result"]["resultType"] == "complete", "done: %s" % got)
    expect(about(a, "get", task)["code"] == -32021, "who shows no form is asked nothing")
    got = about(a, "get", task)
    expect(got["status"] == "completed" and got["result"]["isError"], "an error: %s" % got)
    n = len(a.sent)
    for wrong in ({}, {"inputResponses": None}, {"inputResponses": []}):
        expect(about(a, "update", task, era, **wrong)["code"] == -32602, "%s" % wrong)
    status, _, text = ask_for(a, "subscriptions/listen", {"notifications": {"taskIds": [task]}},
                              era=FORM)
    expect(status == 400 and "-32021" in text and len(a.sent) == n, "%d %s" % (status, text))


@followed("policy = deny:[il]*t")
def keyed_followed_denied(a):
    """What the operator denies is not looked at for who waits, for a task, or for who listens."""
    call = {"name": "send_it", "arguments": {"text": "x", "wait_s": 1}}
    text = ask_for(a, "tools/call", call, era=TASKS)[2]
    expect('"complete"' in text and "outcome" not in text and looks(a) == 0,
           "it was looked at: %s" % text)
    sock, text = open_stream(a, "subscriptions/listen", WATCHES, b"acknowledged", era={})
    time.sleep(0.5)
    sock.close()
    expect('"notifications":{}' in text and looks(a) == 0, "it is listened to: %s" % text)


@followed()
def keyed_followed_torrent(a):
    """More news at once than a connection takes are left out in part, and the answer is not."""
    def event(message):
        return "data: %s\n\n" % json.dumps(dict(message, jsonrpc="2.0"))

    said = [event({"method": "notifications/progress", "params": {
        "progress": i, "message": "m" * 12000}}) for i in range(400)]
    said.append(event({"id": 1, "result": {"content": [{"type": "text", "text": "the end"}]}}))
    a.plan = [{"headers": {"Content-Type": "text/event-stream"}, "body": "".join(said)}]
    sock, came = open_stream(a, "tools/call", {"name": "tells", "arguments": {}, "_meta": {
        "progressToken": "p"}}, b"the end")
    sock.close()
    expect("notifications/progress" in came, "nothing was said: %s" % came[-300:])


@followed()
def keyed_followed_bare(a):
    """What is put into a result that has no member makes an object of it, and no other text."""
    outcome = is_code(a.call("send_bare", wait_s=1), "ok").value
    expect(outcome == {"outcome": {"state": "made"}}, outcome)
    shown = is_code(a.call("show_bare"), "ok").value
    expect(list(shown) == ["confirm_token"], shown)


@followed("policy = deny:about_it deny:it://{id}:caller=reads")
def keyed_policy_names(a):
    """Rules name prompts and resources, too: by name, or a resource by its URI template."""
    name_callers(a)
    expect('"prompts":[]' in ask_for(a, "prompts/list", {}, era={}, caller="all")[2], "listed")
    text = ask_for(a, "prompts/get", {"name": "about_it"}, era={}, caller="all")[2]
    expect('"code":"denied"' in text and "What of" not in text, "a prompt: %s" % text)
    complete = {"ref": {"type": "ref/resource", "uri": "it://{id}"},
                "argument": {"name": "id", "value": ""}}
    for caller in ("reads", "all"):
        denied = caller == "reads"
        text = ask_for(a, "resources/read", {"uri": "it://x"}, era={}, caller=caller)[2]
        expect(('"code":"denied"' in text) == denied, "%s reads: %s" % (caller, text))
        text = ask_for(a, "completion/complete", complete, era={}, caller=caller)[2]
        expect(("hidden" not in text) == denied, "%s completes: %s" % (caller, text))
        text = ask_for(a, "resources/subscribe", {"uri": "it://x"}, caller=caller,
                       session=session_of(a, {}, caller=caller))[2]
        expect(('"code":"denied"' in text) == denied, "%s subscribes: %s" % (caller, text))
    expect(looks(a) == 1, "looked at: %s" % a.sent)


class Crowd:
    """How many requests the upstream has at once; a POST takes long."""

    def __init__(self, a):
        self.lock, self.now, self.most, self.usual = threading.Lock(), 0, 0, a.upstream
        a.bridge.stub.handler = self.serve

    def serve(self, request):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        if request["method"] == "POST":
            time.sleep(0.9)
        answer = self.usual(request)
        with self.lock:
            self.now -= 1
        return answer


@followed("service.cases.max_inflight = 1", workers=1)
def keyed_watched_in_its_place(a):
    """A look for who listens takes a place among the calls of its service, or waits for one."""
    crowd = Crowd(a)
    sock, _ = open_stream(a, "subscriptions/listen", WATCHES, b"updated", era={})
    for _ in range(3):
        Bridge.wait_for(lambda: a.call("send_it", text="x").code == "ok", 10, "no place for a call")
    before = looks(a)
    Bridge.wait_for(lambda: looks(a) > before + 2, 5, "nobody looks any more")
    sock.close()
    expect(crowd.most == 1, "%d at once" % crowd.most)
    expect('limited_total{limit="in_flight"}' in a.metrics(), "it is not counted")


@followed("rate_limit = all=3/h caller=1/h", workers=1)
def keyed_watched_at_a_rate(a):
    """A look for who listens counts in the rate for all, and in no caller's."""
    sock, _ = open_stream(a, "subscriptions/listen", WATCHES, b"updated", era={})
    Bridge.wait_for(lambda: 'limited_total{limit="all"}' in a.metrics(), 5, "it is not limited")
    sock.close()
    expect(looks(a) == 3, "%d looks" % looks(a))


@followed("service.cases.max_inflight = 1", workers=1)
def keyed_waited_in_its_place(a):
    """A look of who waits takes a place among the calls of its service, or waits for one."""
    crowd = Crowd(a)
    for tool, arguments in (("look_at_it", {"id": "i"}), ("send_it", {"text": "x"})):
        before = looks(a)
        sock, _ = open_stream(a, "tools/call", {
            "name": tool, "arguments": dict(arguments, wait_s=30), "_meta": {
                "progressToken": "p"}}, b"notifications/progress")
        for _ in range(3):
            Bridge.wait_for(lambda: a.call("send_it", text="y").code == "ok", 10,
                            "no place for a call")
        Bridge.wait_for(lambda: looks(a) > before + 3, 5, "nobody looks any more")
        sock.close()
    expect(crowd.most == 1, "%d at once" % crowd.most)


@followed("rate_limit = all=4/h caller=2/h")
def keyed_waited_at_a_rate(a):
    """Who waits is one call of its caller; looks count in the rate for all, and end no wait."""
    seen = is_code(a.call("send_it", text="x", wait_s=1), "ok").value
    expect(seen.get("outcome") == {"state": "made"}, "what was seen last: %s" % seen)
    expect(looks(a) == 3 and a.posts() == 1, "sent: %s" % a.sent)
    is_code(a.call("look_at_it", id="i"), "rate_limited")


@followed("rate_limit = all=4/h caller=1/h")
def keyed_read_waited_at_a_rate(a):
    """The same for a read that waits: what it saw last is its result."""
    seen = is_code(a.call("look_at_it", id="i", wait_s=1), "ok").value
    expect(seen == {"state": "made"} and looks(a) == 4, "%s: %s" % (seen, a.sent))


def read_to_end(sock):
    """What comes until the other side closes it."""
    came, end = b"", time.monotonic() + 20
    while piece := sock.recv(65536):
        expect(time.monotonic() < end, "it does not end: %s" % came[-500:])
        came += piece
    return came.decode("utf-8", "replace")


def get_stream(a, session, caller):
    """The stream of a session, by GET."""
    cgi = fastcgi.params("GET", "/mcp", {
        "Host": "localhost", "Accept": "text/event-stream", "Mcp-Session-Id": session,
        "Authorization": "Bearer " + as_caller(a, caller)})
    sock = FastCGIClient(a.bridge.socket, 20).connect()
    sock.sendall(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(cgi)) +
                 fastcgi.stream(fastcgi.STDIN, b""))
    return sock, read_until(sock, b":\n\n")


@followed()
def keyed_listened_and_levelled(a):
    """A session's other level is no reason to tell of its resources again."""
    name_callers(a)
    session = session_of(a, {}, caller="all")
    ask_for(a, "logging/setLevel", {"level": "error"}, caller="all", session=session)
    sock, _ = get_stream(a, session, "all")
    ask_for(a, "resources/subscribe", {"uri": "it://x"}, caller="all", session=session)
    read_until(sock, b"updated")
    ask_for(a, "logging/setLevel", {"level": "debug"}, caller="all", session=session)
    expect(told(sock, 3) == 0, "told again, though nothing has changed")
    sock.close()


@followed()
def keyed_listened_until_it_expires(a):
    """A stream ends with the credentials that it was asked for with, and says why if it can."""
    until = int(time.time()) + 6
    name_callers(a, time.strftime("expires=%Y-%m-%dT%H:%M:%SZ", time.gmtime(until)))
    modern, _ = open_stream(a, "subscriptions/listen", WATCHES, b"updated", era={}, caller="all")
    session = session_of(a, {}, caller="all")
    legacy, _ = get_stream(a, session, "all")
    status, _, text = ask_for(a, "resources/subscribe", {"uri": "it://x"}, caller="all",
                              session=session)
    expect(status == 200 and "error" not in text, "not subscribed: %s" % text)
    read_until(legacy, b"updated")
    expect(time.time() < until, "the machine is too slow for this test")
    modern.settimeout(20)
    for sock, says in ((modern, True), (legacy, False)):
        text = read_to_end(sock)
        expect(("expired" in text and '"error"' in text) == says, "its end: %s" % text[-600:])
        expect(until - 1 < time.time() < until + 5, "it lives %.1f s longer" % (
            time.time() - until))
        sock.close()
    before = looks(a)
    time.sleep(0.6)
    expect(looks(a) <= before + 1, "it is looked at for nobody")


@followed("max_streams = 2", workers=1)
def keyed_streams_of_a_caller(a):
    """One caller has so many streams open and no more; another has its own. Whom nobody knows is
    not one."""
    for sock in [open_stream(a, "subscriptions/listen", WATCHES, b"acknowledged", era={})[0]
                 for _ in range(3)]:
        sock.close()
    name_callers(a)     # which starts again
    session = session_of(a, {}, caller="all")
    mine = [open_stream(a, "subscriptions/listen", WATCHES, b"acknowledged", era={},
                        caller="all")[0], get_stream(a, session, "all")[0]]
    status, headers, text = ask_for(a, "subscriptions/listen", WATCHES, era={}, caller="all")
    expect(status == 429 and int(headers["retry-after"]) > 0 and "max_streams" in text and
           '"id":1' in text, "%d %s %s" % (status, headers, text))
    expect('limited_total{limit="streams"} 1' in a.metrics(), "it is not counted")
    other, _ = open_stream(a, "subscriptions/listen", WATCHES, b"acknowledged", era={},
                           caller="reads")

    def gone():
        return sum(x.get("client") == "gone" for x in a.lines())

    for sock in (other, mine.pop()):
        before = gone()
        sock.close()
        Bridge.wait_for(lambda n=before: gone() > n, 5, "it is not over")
    again, _ = open_stream(a, "subscriptions/listen", WATCHES, b"acknowledged", era={},
                           caller="all")
    for sock in (again, *mine):
        sock.close()


@followed()
def keyed_task_whose_look_is_off(a):
    """A task whose tool to look is off, or denied, says so; it has no state that nobody saw."""
    text = ask_for(a, "tools/call", {"name": "send_it", "arguments": {"text": "x"}}, era=TASKS)[2]
    task = {"taskId": json.loads(text)["result"]["taskId"]}
    conf = list(a.conf)
    for more, says in (("tools_off = look_at_it", "look_at_it is off"),
                       ("policy = deny:look_at_it", "look_at_it is off"),
                       ("policy = deny:look_at_it:caller=anonymous", '"code":"denied"')):
        a.bridge.stop()
        a.conf = conf + [more]
        a.start()
        before = looks(a)
        text = ask_for(a, "tasks/get", task, era=TASKS)[2]
        expect('"error"' in text and says in text and looks(a) == before, "%s: %s" % (more, text))


@followed(workers=1)
def keyed_listened_in_a_drain(a):
    """A stream that is asked for when its worker drains already ends at once, as others did."""
    cgi, body = request_of(a, "subscriptions/listen", WATCHES, era={})
    sock = FastCGIClient(a.bridge.socket, 20).connect()
    sock.sendall(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(cgi)) +
                 fastcgi.record(fastcgi.STDIN, body[:5]))
    time.sleep(0.3)
    for pid in a.bridge.worker():
        os.kill(pid, signal.SIGTERM)
    a.bridge.wait_for(lambda: '"worker draining' in a.bridge.text(), 5, "it does not drain")
    sock.sendall(fastcgi.stream(fastcgi.STDIN, body[5:]))
    began = time.monotonic()
    text = read_to_end(sock)
    sock.close()
    expect("acknowledged" in text and '"resultType":"complete"' in text and
           time.monotonic() - began < 10, "after %.1f s: %s" % (time.monotonic() - began, text))

# ---- a service that tells of changes by itself

def pushed(own_every_ms, **members):
    """FOLLOWED, whose service has a stream of events."""
    resource = dict(FOLLOWED["resources"][0], subscribe={
        "every_ms": own_every_ms, "push": {"events": ["changed"], "match": {"id": "/id"}}})

    def services():
        path = Path(tempfile.gettempdir()) / ("keyed-pushed-%d.json" % os.getpid())
        push = dict({"request": {"method": "GET", "url": "/events"}, "silence_ms": 2000}, **members)
        path.write_text(json.dumps(dict(FOLLOWED, resources=[resource], push=push)))
        return path

    def mark(function):
        function.services, function.workers = services, 1
        function.conf = ["tools_off ="]
        return function
    return mark


class Pushes:
    """The upstream's streams of events: what each was asked with, and what is written to the last."""

    def __init__(self, a):
        self.usual, self.opened, self.conn, self.silent = a.upstream, [], None, False
        self.refuses = False
        a.bridge.stub.handler = self.serve

    def serve(self, request):
        if not request["path"].endswith("/events"):
            return self.usual(request)
        self.opened.append(request["headers"].get("last-event-id", [None])[0])
        return {"status": 503} if self.refuses else {"behaviour": self.stream}

    def stream(self, conn):
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 100\n\n")
        self.conn = conn
        while self.conn is conn:
            if not self.silent:
                conn.sendall(b": on\n\n")
            time.sleep(0.1)

    def say(self, text):
        self.conn.sendall(text.encode())

    def changed(self, which, number):
        self.say("id: %s\nevent: changed\ndata: %s\n\n" % (number, json.dumps({"id": which})))

    def cut(self):
        self.conn = None

    def wait(self, count):
        Bridge.wait_for(lambda: len(self.opened) >= count and self.conn, 20, "no stream %d: %s" % (
            count, self.opened))


def listen_pushed(a, pushes):
    """A listener who has been told that the stream began."""
    sock, _ = open_stream(a, "subscriptions/listen", WATCHES, b"updated", era={})
    pushes.wait(1)
    return sock


def told(sock, seconds):
    """How often it is told in so long."""
    came, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            piece = sock.recv(65536)
        except TimeoutError:
            break
        expect(piece, "the stream ended")
        came += piece
    return came.count(b"resources/updated")


@pushed(60000)
def keyed_pushed(a):
    """What the service says is told long before the next look, of this resource only."""
    pushes = Pushes(a)
    sock = listen_pushed(a, pushes)
    pushes.changed("y", 1)
    pushes.say("event: other\ndata: {\"id\":\"x\"}\n\n")
    expect(told(sock, 1) == 0, "told of another resource")
    pushes.changed("x", 2)
    read_until(sock, b"resources/updated")
    sock.close()
    expect(looks(a) == 0, "%d looks" % looks(a))
    expect('pushes_total{service="cases",what="event"}' in a.metrics(), "it is not counted")
    Bridge.wait_for(lambda: ends(pushes), 10, "nobody listens, and the stream is open")


def ends(pushes):
    try:
        pushes.say(": still\n\n")
    except (OSError, AttributeError):
        return True
    return False


@pushed(100)
def keyed_pushed_cut(a):
    """A stream that is cut is taken up where it was; meanwhile one looks, and all are told."""
    pushes = Pushes(a)
    sock = listen_pushed(a, pushes)
    pushes.changed("x", "seven")
    read_until(sock, b"resources/updated")
    before = looks(a)
    time.sleep(1)
    expect(looks(a) == before, "%d looks while the service tells" % (looks(a) - before))
    pushes.refuses = True
    pushes.cut()
    read_until(sock, b"resources/updated")
    Bridge.wait_for(lambda: looks(a) > before + 2, 10, "nobody looks while there is no stream")
    pushes.refuses = False
    count = len(pushes.opened)
    pushes.wait(count + 1)
    expect(set(pushes.opened[1:]) == {"seven"}, "asked with: %s" % pushes.opened)
    read_until(sock, b"resources/updated")
    sock.close()
    expect('what="broken"' in a.metrics(), "it is not counted")


@pushed(60000)
def keyed_pushed_and_left(a):
    """The one for whom a stream was opened has gone when it ends; another still listens."""
    name_callers(a)
    pushes = Pushes(a)
    first = open_stream(a, "subscriptions/listen", WATCHES, b"updated", era={}, caller="all")[0]
    pushes.wait(1)
    second = open_stream(a, "subscriptions/listen", {"notifications": {
        "resourceSubscriptions": ["it://y"]}}, b"updated", era={}, caller="reads")[0]
    first.close()
    Bridge.wait_for(lambda: any(x.get("client") == "gone" for x in a.lines()), 5, "still there")
    pushes.cut()
    pushes.wait(2)
    read_until(second, b"updated")
    pushes.changed("y", 1)
    read_until(second, b"updated")
    expect(len(pushes.opened) == 2, "more than one stream: %s" % pushes.opened)
    second.close()


@pushed(60000)
def keyed_pushed_silence(a):
    """A stream of which nothing comes any more is opened anew."""
    pushes = Pushes(a)
    sock = listen_pushed(a, pushes)
    pushes.silent = True
    pushes.wait(2)
    read_until(sock, b"resources/updated")
    sock.close()


@pushed(60000)
def keyed_pushed_malformed(a):
    """Data that is no JSON is counted and ignored, is in no log, and ends nothing."""
    pushes = Pushes(a)
    sock = listen_pushed(a, pushes)
    pushes.say("event: changed\ndata: {%s\n\n" % CANARY)
    expect(told(sock, 1) == 0, "told of what cannot be read")
    pushes.changed("x", 3)
    read_until(sock, b"resources/updated")
    sock.close()
    expect('what="unreadable"' in a.metrics() and len(pushes.opened) == 1, "counted: %s" %
           pushes.opened)


@pushed(60000)
def keyed_pushed_drain(a):
    """A drain ends the listener's stream at once, and the service's with it."""
    pushes = Pushes(a)
    sock = listen_pushed(a, pushes)
    for pid in a.bridge.worker():
        os.kill(pid, signal.SIGTERM)
    began = time.monotonic()
    text = read_to_end(sock)
    sock.close()
    expect('"resultType":"complete"' in text and time.monotonic() - began < 10, text)
    Bridge.wait_for(lambda: ends(pushes), 10, "the service's stream is still open")
    sock = open_stream(a, "subscriptions/listen", WATCHES, b"updated", era={})[0]
    sock.close()


@pushed(100, every_ms=1000)
def keyed_pushed_and_looked_at(a):
    """An event that is lost is made good by a look, which is rare while the stream is open."""
    pushes = Pushes(a)
    sock = listen_pushed(a, pushes)
    began, before = time.monotonic(), looks(a)
    Bridge.wait_for(lambda: looks(a) > before, 10, "nobody looks while the stream is open")
    a.plan = [{"body": {"status": "another"}}]
    read_until(sock, b"resources/updated")
    Bridge.wait_for(lambda: looks(a) > before + 2, 10, "nobody looks any more")
    took = time.monotonic() - began
    expect(looks(a) - before <= took + 1, "%d looks in %.1f s" % (looks(a) - before, took))
    sock.close()


def run(build, tmp, name, function, store):
    redis = Redis(tmp.with_name(tmp.name + ".redis")) if store == "redis" else None
    conf = CONF + (["store = " + redis.where] if redis else []) + getattr(function, "conf", [])
    services = getattr(function, "services", lambda: None)()
    conf += ["services = %s" % services] if services else []
    arena, why = None, None
    try:
        arena = Arena(build, tmp, conf, getattr(function, "workers", 2))
        arena.redis = redis
        function(arena)
    except (Failure, FastCGIError, OSError) as e:
        why = "%s: %s" % (type(e).__name__, e)
    finally:
        for step in ([arena.bridge.stop, arena.bridge.check_log, arena.bridge.close] if arena
                     else []):
            try:
                step()
            except Failure as e:
                why = "%s; %s" % (why, e) if why else str(e)
        if redis:
            redis.stop()
        if services:
            services.unlink()
    return why


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--store", choices=["lmdb", "redis"])
    parser.add_argument("--build", default=os.environ.get(
        "BUILD_DIR", str(HERE.parent / "build" / "asan")))
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    tests = [(k[6:], v, "lmdb") for k, v in globals().items() if k.startswith("keyed_")]
    tests += [(n, globals()["keyed_" + n], "redis") for n in STORES]
    tests += [(k[6:], v, "redis") for k, v in globals().items() if k.startswith("redis_")]
    names = [n.replace("-", "_") for n in args.names]
    passed = failed = skipped = 0
    tmp = Path(tempfile.mkdtemp(prefix="keyed."))
    for name, function, store in tests:
        if (names and name not in names) or (args.store and store != args.store):
            continue
        if store == "redis" and not shutil.which("redis-server"):
            skipped += 1
            print("SKIP redis-server is not installed")
            continue
        began = time.monotonic()
        why = run(Path(args.build), tmp / ("%s.%s" % (name[:20], store)), name, function, store)
        title = "%s on %s" % (name.replace("_", "-"), store)
        if why:
            failed += 1
            print("FAIL %s: %s" % (title, why), flush=True)
        else:
            passed += 1
            if args.verbose:
                print("ok %s (%.1f s)" % (title, time.monotonic() - began), flush=True)
    shutil.rmtree(tmp, ignore_errors=True)
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
