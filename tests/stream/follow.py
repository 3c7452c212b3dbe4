# SPDX-License-Identifier: MIT
"""follow.py - what becomes of a message that was sent: waited for with progress, or as a task.

usage: python follow.py [--server lighttpd|nginx] [NAME...]
"""
import datetime
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "clients"))
sys.path.insert(0, HERE)
from streams import expect, run  # noqa: E402

TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
TOKEN = "p"


def ask(rig, method, params, capabilities=None, token=None):
    """(status, [events or the one answer])."""
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": capabilities or {}}
    if token:
        meta["progressToken"] = token
    name = params.get("name") or params.get("taskId")
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60)
    connection.request("POST", "/mcp", json.dumps({
        "jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params, _meta=meta)}), {
            "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name or "-"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    lines = [line.removeprefix("data: ") for line in text.split("\n")]
    return response.status, [json.loads(line) for line in lines if line.startswith("{")]


def soon(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) +
            datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def send(rig, capabilities=None, token=None, **arguments):
    arguments = dict({"to": ["Alice Example"], "text": "Hello"}, **arguments)
    status, said = ask(rig, "tools/call", {"name": "send_message", "arguments": arguments},
                       capabilities, token)
    expect(status == 200, "%d %s" % (status, said))
    return said


def states(outcome):
    return [r["state"] for d in outcome["deliveries"] for r in d["recipients"]]


def follow_waited(rig):
    """Each recipient's end is waited for, and said."""
    said = send(rig, token=TOKEN, to=["Alice Example", "Bob Example"], wait_s=20,
                schedule_at=soon(4))
    progress = [m["params"] for m in said[:-1]]
    expect(all(p["progressToken"] == TOKEN and p["total"] == 2 for p in progress) and
           [p["progress"] for p in progress] == sorted({p["progress"] for p in progress}) and
           progress[-1]["progress"] == 2, "progress: %s" % progress)
    outcome = said[-1]["result"]["structuredContent"]["outcome"]
    expect(states(outcome) == ["delivered"] * 2, "outcome: %s" % outcome)


def follow_read_waited(rig):
    """A read waits, too; without a progress token in one piece, and no longer than it may."""
    sent = send(rig, schedule_at=soon(4))[0]["result"]["structuredContent"]
    arguments = {"message_ids": [sent["message_id"]], "wait_s": 20}
    call = {"name": "get_delivery_status", "arguments": arguments}
    said = ask(rig, "tools/call", call, token=TOKEN)[1]
    expect(len(said) > 1 and states(said[-1]["result"]["structuredContent"]) == ["delivered"],
           "with progress: %s" % said)
    said = ask(rig, "tools/call", call)[1]
    expect(len(said) == 1, "without: %s" % said)
    sent = send(rig, schedule_at=soon(60))[0]["result"]["structuredContent"]
    began = time.monotonic()
    said = ask(rig, "tools/call", {"name": "get_delivery_status", "arguments": {
        "message_ids": [sent["message_id"]], "wait_s": 2}})[1]
    expect(len(said) == 1 and states(said[0]["result"]["structuredContent"]) == ["queued"] and
           time.monotonic() - began < 10, "time is up: %s" % said)


def follow_task(rig):
    """A slow send is a task for who declares that, whichever worker is asked about it."""
    result = send(rig, TASKS)[0]["result"]
    expect(result["resultType"] == "complete", "what is done at once is no task: %s" % result)
    expect(send(rig, schedule_at=soon(60))[0]["result"]["resultType"] == "complete",
           "a client that declares nothing gets no task")
    task = send(rig, TASKS, schedule_at=soon(3))[0]["result"]
    expect(task["resultType"] == "task" and task["status"] == "working" and
           "content" not in task, "no task: %s" % task)
    seen, until = [], time.monotonic() + 20
    while "completed" not in seen and time.monotonic() < until:
        got = ask(rig, "tasks/get", {"taskId": task["taskId"]}, TASKS)[1][0]["result"]
        expect(got["taskId"] == task["taskId"] and got["createdAt"] == task["createdAt"],
               "another task: %s" % got)
        seen.append(got["status"])
        time.sleep(0.3)
    expect(seen[0] == "working" and seen[-1] == "completed", "seen: %s" % seen)
    expect(states(got["result"]["structuredContent"]) == ["delivered"], "result: %s" % got)


def follow_task_cancelled(rig):
    task = send(rig, TASKS, schedule_at=soon(60))[0]["result"]["taskId"]
    for _ in range(2):
        ack = ask(rig, "tasks/cancel", {"taskId": task}, TASKS)[1][0]["result"]
        expect(ack["resultType"] == "complete" and "status" not in ack, "no ack: %s" % ack)
    got = ask(rig, "tasks/get", {"taskId": task}, TASKS)[1][0]["result"]
    expect(got["status"] == "cancelled" and "result" not in got, "after it: %s" % got)
    ack = ask(rig, "tasks/update", {"taskId": task, "inputResponses": {}}, TASKS)[1][0]
    expect(ack["result"]["resultType"] == "complete", "update: %s" % ack)


def follow_task_refused(rig):
    task = send(rig, TASKS, schedule_at=soon(60))[0]["result"]["taskId"]
    changed = task[:-1] + ("A" if task[-1] != "A" else "B")
    for wrong in (changed, "x"):
        status, said = ask(rig, "tasks/get", {"taskId": wrong}, TASKS)
        expect(status == 200 and said[0]["error"]["code"] == -32602, "%r: %s" % (wrong, said))
    for method in ("tasks/get", "tasks/cancel", "tasks/update"):
        status, said = ask(rig, method, {"taskId": task})
        expect(status == 400 and said[0]["error"]["code"] == -32021 and "io.modelcontextprotocol"
               "/tasks" in said[0]["error"]["data"]["requiredCapabilities"]["extensions"],
               "%s: %d %s" % (method, status, said))


def follow_key(rig):
    """How long one waits is no part of what is sent: a repeat is one."""
    first = send(rig, idempotency_key="k1", text="once")[-1]["result"]["structuredContent"]
    again = send(rig, idempotency_key="k1", text="once", wait_s=5)[-1]["result"]
    expect(again["structuredContent"]["idempotent_replay"] and
           again["structuredContent"]["message_id"] == first["message_id"], "%s" % again)


def follow_left(rig):
    """Who leaves while it is waited for finds what was sent by the key: it was, once."""
    arguments = {"to": ["Alice Example"], "text": "left alone", "idempotency_key": "left1",
                 "wait_s": 60, "schedule_at": soon(120)}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "send_message", "arguments": arguments, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "progressToken": 1,
            "io.modelcontextprotocol/clientCapabilities": {}}}})
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60)
    connection.request("POST", "/mcp", body, {
        "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call",
        "Mcp-Name": "send_message"})
    first = connection.getresponse().readline()
    expect(first.startswith(b"event") or first.startswith(b":"), "no stream: %s" % first)
    connection.sock and connection.sock.shutdown(2)
    connection.close()
    time.sleep(1)
    again = send(rig, **dict(arguments, wait_s=0))[-1]["result"]
    expect(not again.get("isError") and again["structuredContent"]["idempotent_replay"],
           "not replayed: %s" % again)


def follow_stdio(rig):
    """Over standard input and output, too: progress, and a question with its answer."""
    with subprocess.Popen(json.loads(rig.stdio[len("stdio:"):]), text=True, env=dict(
            rig.environment, UMS_MCP_POLICY="confirm:send_message"), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE) as process:
        def say(method, **params):
            process.stdin.write(json.dumps({
                "jsonrpc": "2.0", "id": method, "method": method, "params": params}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        say("initialize", protocolVersion="2025-11-25", capabilities={"elicitation": {}},
            clientInfo={"name": "t", "version": "1"})
        asked = say("tools/call", name="send_message", _meta={"progressToken": 7}, arguments={
            "to": ["Alice Example"], "text": "by stdio", "wait_s": 20, "schedule_at": soon(5)})
        expect(asked.get("method") == "elicitation/create", "asked: %s" % asked)
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {
            "action": "accept", "content": {"confirm": True}}}) + "\n")
        process.stdin.flush()
        said = [json.loads(process.stdout.readline())]
        while "method" in said[-1]:
            said.append(json.loads(process.stdout.readline()))
        expect([m["params"]["progress"] for m in said[:-1]] == [0, 1], "progress: %s" % said)
        expect(states(said[-1]["result"]["structuredContent"]["outcome"]) == ["delivered"],
               "outcome: %s" % said[-1])
        process.stdin.close()
        expect(process.wait(30) == 0, "it ended with %d" % process.returncode)


def follow_completion(rig):
    """Who types asks at each letter; the service is asked once where it is not told of letters."""
    def words(typed):
        return ask(rig, "completion/complete", {
            "ref": {"type": "ref/prompt", "name": "compose_reply"},
            "argument": {"name": "channel", "value": typed}})[1][0]["result"]["completion"]

    def asked():
        with urllib.request.urlopen(rig.url.replace("/mcp", "/metrics"), timeout=30) as response:
            found = re.findall(r'^ums_mcp_tool_calls_total\{[^}]*tool="channels"[^}]*\} (\d+)',
                               response.read().decode(), re.M)
        return sum(int(n) for n in found)

    expect("inbox" in words("")["values"], "words: %s" % words(""))
    expect(words("IN")["values"] == ["inbox"] and words("x")["values"] == [], "by prefix")
    before = asked()
    expect(before > 0, "the metric has another name")
    for typed in ("i", "in", "inb", "inbo", "inbox"):
        expect(words(typed)["values"] == ["inbox"], typed)
    expect(asked() - before <= rig.workers, "asked %d times" % (asked() - before))


if __name__ == "__main__":
    sys.exit(run(__doc__, globals(), "follow_", workers=2))
