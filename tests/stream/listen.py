# SPDX-License-Identifier: MIT
"""listen.py - clients that wait for changes of a resource, on both wires, over several workers.

usage: python listen.py [--server lighttpd|nginx] [NAME...]

The resource is test://watched-resource of tests/conformance/fixtures.json: its upstream changes
it when it is told to, and counts how often it was read.
"""
import http.client
import json
import os
import signal
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "clients"))
sys.path.insert(0, HERE)
from streams import expect, run, signal_all  # noqa: E402

URI = "test://watched-resource"
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}}
WORKERS = 4
SOON_S = 8


class Stream:
    """A response that is read as it comes, in a thread: its events, each with when it came."""

    def __init__(self, rig, method, body, headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60)
        self.connection.request(method, "/mcp", body, headers)
        self.response = self.connection.getresponse()
        self.events, self.came, self.over = [], [], False
        self.news = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for line in self.response:
                if line.startswith(b"data: "):
                    with self.news:
                        self.events.append(json.loads(line[6:]))
                        self.came.append(time.monotonic())
                        self.news.notify_all()
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        with self.news:
            self.over = True
            self.news.notify_all()

    def wait(self, method, count=1, within=SOON_S):
        """Whether so many messages of a method come."""
        until = time.monotonic() + within
        with self.news:
            while self.count(method) < count and not self.over:
                if not self.news.wait(max(0, until - time.monotonic())):
                    break
            return self.count(method) >= count

    def count(self, method):
        return sum(event.get("method") == method for event in self.events)

    def close(self):
        self.connection.sock and self.connection.sock.shutdown(2)
        self.connection.close()


UPDATED = "notifications/resources/updated"


def post(rig, message, headers):
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60)
    connection.request("POST", "/mcp", json.dumps(message),
                       dict({"Content-Type": "application/json",
                             "Accept": "application/json, text/event-stream"}, **headers))
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, json.loads(body) if body else None


def listen(rig, wishes, number=1):
    return Stream(rig, "POST", json.dumps({
        "jsonrpc": "2.0", "id": number, "method": "subscriptions/listen",
        "params": {"notifications": wishes, "_meta": META}}), {
            "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"})


def session(rig):
    """The headers of a session of the legacy era."""
    response, _ = post(rig, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"}}}, {})
    return {"Mcp-Session-Id": response.headers["Mcp-Session-Id"],
            "MCP-Protocol-Version": "2025-11-25"}


def subscribe(rig, headers, method="resources/subscribe", uri=URI):
    return post(rig, {"jsonrpc": "2.0", "id": 2, "method": method, "params": {"uri": uri}},
                headers)[1]


def upstream(rig, what, of="watched"):
    with urllib.request.urlopen(rig.environment["UMS_MCP_SERVICE_FIXTURES_BASE_URL"] +
                                "/resources/%s/%s" % (of, what), timeout=30) as response:
        return json.load(response)


def listen_modern(rig):
    stream = listen(rig, {"resourceSubscriptions": [URI, "test://nothing"]}, "seven")
    expect(stream.wait("notifications/subscriptions/acknowledged"), "no acknowledgement")
    first = stream.events[0]["params"]
    expect(first["notifications"] == {"resourceSubscriptions": [URI]}, "granted: %s" % first)
    expect(stream.wait(UPDATED), "nothing was said at the beginning")
    upstream(rig, "change")
    expect(stream.wait(UPDATED, 2), "a change was not said: %s" % stream.events)
    expect(all(e["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == "seven" and
               e["params"]["uri"] == URI for e in stream.events if e["method"] == UPDATED),
           "of what: %s" % stream.events)
    stream.close()


def call(rig, tool, meta, accept="application/json, text/event-stream"):
    """A call's stream, with when each message came."""
    return Stream(rig, "POST", json.dumps({
        "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {
            "name": tool, "arguments": {}, "_meta": dict(META, **meta)}}), {
                "Content-Type": "application/json", "Accept": accept, "Mcp-Name": tool,
                "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call"})


def listen_progress(rig):
    """Each event comes when it is said, and not with the answer; only to who wants it."""
    stream = call(rig, "test_tool_with_progress", {"progressToken": "t"})
    until = time.monotonic() + SOON_S
    while not stream.over and time.monotonic() < until:
        time.sleep(0.01)
    progress = [e["params"]["progress"] for e in stream.events[:-1]]
    expect(progress == [0, 50, 100] and "result" in stream.events[-1], "%s" % stream.events)
    # The service pauses for 50 ms before each of the last three.
    expect(stream.came[-1] - stream.came[0] > 0.09, "they came together: %s" % stream.came)
    for meta, accept in (({}, "application/json, text/event-stream"),
                         ({"progressToken": "t"}, "application/json")):
        stream = call(rig, "test_tool_with_progress", meta, accept)
        expect(stream.response.headers["Content-Type"] == "application/json",
               "%s %s: %s" % (meta, accept, stream.response.headers["Content-Type"]))
        stream.close()


def listen_log(rig):
    """Of the log what has the level that was asked for."""
    level = "io.modelcontextprotocol/logLevel"
    for meta, count in (({}, 0), ({level: "error"}, 0), ({level: "info"}, 3), ({level: "debug"}, 3)):
        stream = call(rig, "test_tool_with_logging", meta)
        until = time.monotonic() + SOON_S
        while not stream.over and time.monotonic() < until:
            time.sleep(0.01)
        expect(stream.count("notifications/message") == count, "%s: %s" % (meta, stream.events))


def listen_level(rig):
    """The level that a session set counts for its first id, whichever worker has the call."""
    headers = session(rig)
    wants = dict(headers, **{"Content-Type": "application/json",
                             "Accept": "application/json, text/event-stream"})
    for level, count in ((None, 0), ("info", 3), ("error", 0), ("debug", 3)):
        if level is not None:
            response, answer = post(rig, {"jsonrpc": "2.0", "id": 3, "method": "logging/setLevel",
                                          "params": {"level": level}}, headers)
            expect(answer["result"] == {} and "Mcp-Session-Id" not in response.headers,
                   "%s: %s" % (level, answer))
        for _ in range(4 * WORKERS):
            stream = Stream(rig, "POST", json.dumps({
                "jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {
                    "name": "test_tool_with_logging", "arguments": {}}}), wants)
            until = time.monotonic() + SOON_S
            while not stream.over and time.monotonic() < until:
                time.sleep(0.01)
            expect(stream.count("notifications/message") == count,
                   "%s: %s" % (level, stream.events))


def listen_to_nothing(rig):
    stream = listen(rig, {"toolsListChanged": True})
    until = time.monotonic() + SOON_S
    while not stream.over and time.monotonic() < until:
        time.sleep(0.05)
    expect(stream.over and stream.events[-1]["result"]["resultType"] == "complete",
           "a stream that has nothing to tell does not end: %s" % stream.events)
    expect(stream.events[0]["params"]["notifications"] == {}, "granted: %s" % stream.events)


def listen_legacy(rig):
    headers = session(rig)
    stream = Stream(rig, "GET", None, dict(headers, Accept="text/event-stream"))
    expect(stream.response.status == 200, "GET: %d" % stream.response.status)
    expect(subscribe(rig, headers)["result"] == {}, "subscribed")
    expect(stream.wait(UPDATED), "nothing was said at the beginning")
    upstream(rig, "change")
    expect(stream.wait(UPDATED, 2), "a change was not said: %s" % stream.events)
    expect(subscribe(rig, headers, "resources/unsubscribe")["result"] == {}, "unsubscribed")
    time.sleep(2.5)
    before = stream.count(UPDATED)
    upstream(rig, "change")
    expect(not stream.wait(UPDATED, before + 1, 3), "it was unsubscribed: %s" % stream.events)
    stream.close()


def listen_refused(rig):
    headers = session(rig)
    stream = Stream(rig, "GET", None, {"Accept": "text/event-stream"})
    expect(stream.response.status == 405, "GET without a session: %d" % stream.response.status)
    stream = Stream(rig, "GET", None, {"Mcp-Session-Id": "x" * 48})
    expect(stream.response.status == 404, "a forged session: %d" % stream.response.status)
    expect("error" in subscribe(rig, headers, uri="test://static-text"), "it tells of nothing")
    expect("error" in subscribe(rig, {"MCP-Protocol-Version": "2025-11-25"}), "no session")


def listen_many(rig):
    """One look at the service for all who listen, whichever worker holds them."""
    streams = [listen(rig, {"resourceSubscriptions": [URI]}, n) for n in range(40)]
    for stream in streams:
        expect(stream.wait(UPDATED), "nothing was said at the beginning")
    began, before = time.monotonic(), upstream(rig, "count")["reads"]
    time.sleep(6)
    upstream(rig, "change")
    for stream in streams:
        expect(stream.wait(UPDATED, 2), "a change was not said")
    took, reads = time.monotonic() - began, upstream(rig, "count")["reads"] - before
    print("40 streams, %d workers, %.1f s: the resource was read %d times" % (
        WORKERS, took, reads))
    expect(reads <= took / 0.5 * 1.5 + 4, "%d reads in %.1f s" % (reads, took))
    for stream in streams:
        stream.close()


def listen_pushed(rig):
    """The service tells: it is not read meanwhile; a stream that is cut is opened again."""
    uri = "test://pushed-resource/one"
    streams = [listen(rig, {"resourceSubscriptions": [uri]}, n) for n in range(12)]
    for stream in streams:
        expect(stream.wait(UPDATED), "nothing was said at the beginning")
    until = time.monotonic() + SOON_S
    while upstream(rig, "count", "pushed")["streams"] == 0 and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(3)   # longer than what waits for a stream to open, and three looks
    before = upstream(rig, "count", "pushed")
    expect(1 <= before["streams"] <= WORKERS, "streams: %s" % before)
    told = [s.count(UPDATED) for s in streams]
    upstream(rig, "noise", "pushed")
    upstream(rig, "change?name=two", "pushed")
    time.sleep(2.5)
    expect([s.count(UPDATED) for s in streams] == told, "of what is another's it was told")
    upstream(rig, "change", "pushed")
    for stream, count in zip(streams, told):
        expect(stream.wait(UPDATED, count + 1), "a change was not said")
    expect(upstream(rig, "count", "pushed")["reads"] == before["reads"], "it was read")
    told = [s.count(UPDATED) for s in streams]
    upstream(rig, "cut", "pushed")
    upstream(rig, "change", "pushed")
    for stream, count in zip(streams, told):
        expect(stream.wait(UPDATED, count + 1), "what changed while it was cut was not said")
    until = time.monotonic() + SOON_S
    while upstream(rig, "count", "pushed")["opened"] < before["opened"] + before["streams"] and \
            time.monotonic() < until:
        time.sleep(0.05)
    after = upstream(rig, "count", "pushed")
    expect(after["opened"] > before["opened"] and "2" in after["seen"], "opened again: %s" % after)
    for stream in streams:
        stream.close()
    # That a client has left is seen by the next pulse.
    until = time.monotonic() + 45
    while upstream(rig, "count", "pushed")["streams"] > 0 and time.monotonic() < until:
        time.sleep(0.05)
    expect(upstream(rig, "count", "pushed")["streams"] == 0, "a stream outlives its listeners")


def listen_drained(rig):
    """A worker that drains ends its streams; who comes back hears of what happened meanwhile."""
    streams = [listen(rig, {"resourceSubscriptions": [URI]}, n) for n in range(12)]
    for stream in streams:
        expect(stream.wait(UPDATED), "nothing was said at the beginning")
    signal_all(rig, signal.SIGTERM)
    until = time.monotonic() + 20
    while not all(s.over for s in streams) and time.monotonic() < until:
        time.sleep(0.05)
    expect(all(s.over and s.events[-1].get("result", {}).get("resultType") == "complete"
               for s in streams), "streams did not end gracefully: %s" %
           [s.events[-1] for s in streams if not s.over or "result" not in s.events[-1]][:2])
    upstream(rig, "change")
    stream = listen(rig, {"resourceSubscriptions": [URI]})
    expect(stream.wait(UPDATED), "who came back was not told")
    stream.close()


if __name__ == "__main__":
    sys.exit(run(__doc__, globals(), "listen_", fixtures=True, workers=WORKERS))
