# SPDX-License-Identifier: MIT
"""ask.py - a person is asked on the stream of a call, and answers by another request.

usage: python ask.py [--server lighttpd|nginx] [NAME...]

ASKS (1000): how many calls ask; with several workers most answers come to another than the
call's own. Each call is a message to be sent, which the person must agree to first.
"""
import concurrent.futures
import http.client
import json
import os
import re
import signal
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "clients"))
sys.path.insert(0, HERE)
from streams import expect, run, signal_all  # noqa: E402

ASKS = int(os.environ.get("ASKS", "1000"))
AT_ONCE = 50
TRIES = 12      # of what is to happen at a worker that did not ask: one in 4^12 misses it
HEADERS = {"Content-Type": "application/json",
           "Accept": "application/json, text/event-stream"}


def post(rig, message, headers):
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60)
    connection.request("POST", "/mcp", json.dumps(message), dict(HEADERS, **headers))
    return connection, connection.getresponse()


def initialize(rig, capabilities=None):
    connection, response = post(rig, {
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "clientInfo": {"name": "t", "version": "1"},
            "capabilities": {"elicitation": {}} if capabilities is None else capabilities}}, {})
    session = response.headers["Mcp-Session-Id"]
    connection.close()
    return {"Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"}


def event(response):
    """The next message of a stream; None: it has ended."""
    for line in response:
        if line.startswith(b"data: "):
            return json.loads(line[6:])
    return None


def send(rig, session, number):
    return post(rig, {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
        "name": "send_message", "arguments": {
            "to": ["Alice Example"], "text": "message %s" % number}}}, session)


def answer(rig, session, question, agrees=True):
    """Say it; the status of that."""
    connection, response = post(rig, {
        "jsonrpc": "2.0", "id": question["id"], "result": {
            "action": "accept" if agrees else "decline",
            "content": {"confirm": agrees}}}, session)
    response.read()
    connection.close()
    return response.status


def code_of(result):
    return "ok" if not result.get("isError") else json.loads(result["content"][0]["text"])["code"]


def one(rig, session, number):
    """A call, asked and answered: what came of it."""
    connection, response = send(rig, session, number)
    question = event(response)
    if question is None or question.get("method") != "elicitation/create":
        return "no question: %s" % question
    agrees = number % 4 != 0
    status = answer(rig, session, question, agrees)
    end = event(response)
    connection.close()
    if status != 202 or end is None or end.get("id") != number:
        return "answer %d, then %s" % (status, end)
    code = code_of(end["result"])
    return "" if code == ("ok" if agrees else "declined") else code


def ask_many(rig):
    """Every answer finds its call."""
    session, began = initialize(rig), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [w for w in pool.map(lambda n: one(rig, session, n), range(ASKS)) if w]
    print("%d of %d calls were asked and answered, %d at once, %d workers, %.1f s" % (
        ASKS - len(wrong), ASKS, AT_ONCE, rig.workers, time.monotonic() - began))
    expect(not wrong, "%d: %s" % (len(wrong), wrong[:3]))


def ask_wrong(rig):
    """Nobody answers for another question, or to nothing."""
    session = initialize(rig)
    connection, response = send(rig, session, 7)
    question = event(response)
    false = dict(question, id=question["id"][:-3] + "x-0")
    expect(answer(rig, session, false) == 404, "an answer to no question, wherever it is taken")
    expect(answer(rig, session, {"id": "somebody's own"}) == 202, "not one of ours")
    gone = dict(question, id="ums-" + "0" * 32 + question["id"][36:])
    expect(answer(rig, session, gone) == 404, "an answer for a worker that is not there")
    expect(answer(rig, session, question) == 202, "the answer")
    late = [answer(rig, session, question) for _ in range(20)]
    expect(late == [404] * 20, "the same again, whichever worker takes it: %s" % late)
    expect(code_of(event(response)["result"]) == "ok", "sent")
    connection.close()
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % rig.port, timeout=10) as page:
        counted = re.findall(r'ums_mcp_answers_total\{worker="(\w+)",status="(\d+)"\}',
                             page.read().decode())
    expect({"202", "404"} <= {status for _, status in counted}, "counted: %s" % counted)


def ask_twice(rig):
    """A guess, another question's number and a second answer are 404 at every worker."""
    session = initialize(rig)
    for number in range(TRIES):
        connection, response = send(rig, session, 200000 + number)
        question = event(response)
        head, _, last = question["id"].rpartition("-")
        false = head[:-1] + ("0" if head[-1] != "0" else "1")
        for name in ("%s-%s" % (false, last), head + "-7"):
            expect(answer(rig, session, {"id": name}) == 404, "a guess: " + name)
        expect(answer(rig, session, question) == 202, "the answer")
        expect(code_of(event(response)["result"]) == "ok", "sent")
        connection.close()
        expect(answer(rig, session, question) == 404, "a second answer")


def ask_nobody(rig):
    """Who cannot be asked is told how to agree; a client that takes no events, too."""
    for capabilities, headers in (({}, {}), (None, {"Accept": "application/json"})):
        session = dict(initialize(rig, capabilities), **headers)
        connection, response = send(rig, session, 8)
        result = json.loads(response.read())["result"]
        connection.close()
        expect(code_of(result) == "confirmation_required", "%s" % result)


def in_flight(rig):
    """Of all workers."""
    with urllib.request.urlopen(rig.url.replace("/mcp", "/metrics"), timeout=30) as response:
        return sum(float(n) for n in re.findall(r"^ums_mcp_in_flight(?:\{[^}]*\})? ([0-9.]+)",
                                                response.read().decode(), re.M))


def ask_left(rig):
    """A client that leaves while it is asked: nothing is sent, nothing waits."""
    session = initialize(rig)
    for number in range(20):
        connection, response = send(rig, session, 100000 + number)
        event(response)
        connection.sock and connection.sock.shutdown(2)
        connection.close()
    time.sleep(1)
    found = rig.api("/messages/search?query=100019")["data"]
    expect(not found, "it was sent: %s" % found)
    # A web server may see that the client has left only when it is sent something.
    until = time.monotonic() + 40
    while in_flight(rig) > 1 and time.monotonic() < until:
        time.sleep(0.5)
    expect(in_flight(rig) <= 1, "%d calls still wait" % in_flight(rig))


def ask_recycled(rig):
    """A worker ends while a person is asked: a clear end, and never a hang."""
    session = initialize(rig)
    calls = [send(rig, session, n) for n in range(24)]
    questions = [event(response) for _, response in calls]
    expect(all(questions), "asked: %s" % questions)
    signal_all(rig, signal.SIGTERM)
    ends, began = [], time.monotonic()
    for number, (connection, response) in enumerate(calls):
        if number % 2 == 0:
            status = answer(rig, session, questions[number])
            expect(status in (202, 404, 503), "an answer to who drains: %d" % status)
        end = event(response)
        ends.append("broken" if end is None else code_of(end["result"]))
        connection.close()
    took = time.monotonic() - began
    print("drained: %s in %.1f s" % ({e: ends.count(e) for e in sorted(set(ends))}, took))
    expect(set(ends) <= {"ok", "interrupted"} and took < 60, "%s" % ends)
    calls = [send(rig, session, n) for n in range(8)]
    questions = [event(response) for _, response in calls]
    expect(all(questions), "asked: %s" % questions)
    signal_all(rig, signal.SIGKILL)
    for connection, response in calls:
        try:
            end = event(response)
        except (http.client.HTTPException, OSError):
            end = None
        expect(end is None, "of a worker that was killed: %s" % end)
        connection.close()
    until, status = time.monotonic() + 20, 0
    while status != 404 and time.monotonic() < until:
        try:
            status = answer(rig, session, questions[0])
        except (http.client.HTTPException, OSError):
            status = 0
        time.sleep(0.2)
    expect(status == 404, "an answer for a worker that was killed: %d" % status)
    expect(not one(rig, session, 1001), "it does not go on")


if __name__ == "__main__":
    sys.exit(run(__doc__, globals(), "ask_", workers=4, environment={
        "UMS_MCP_POLICY": "confirm:send_message", "UMS_MCP_DRAIN_TIMEOUT_S": "3"}))
