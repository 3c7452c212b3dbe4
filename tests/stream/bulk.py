# SPDX-License-Identifier: MIT
"""bulk.py - 500 open streams and 1,000 plain calls in flight, in one worker: memory, lateness.

usage: python bulk.py [--streams N] [--calls N] [--seconds N]

The streams are calls whose service says every 500 ms what time it is; how late that is at the
client is measured. The calls are the benchmark's, with its load generator and its upstream. One
line for each of its bounds; memory is PSS, summed over the master and its worker.
"""
import argparse
import asyncio
import contextlib
import json
import os
import resource
import statistics
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
import bench  # noqa: E402
from upstream import Upstream  # noqa: E402

EVERY_S = 0.5
# The benchmark's bound at 1,500 in flight where a service speaks HTTP/1.1, as that of the streams.
PEAK_MB = 110
LATE_MS = 50
REST_S = 30
MODERN = ["MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: say_times"]
SERVICE = {
    "name": "clock", "base_url": None, "tools": [{
        "name": "say_times", "description": "Say what time it is, again and again.",
        "inputSchema": {"type": "object", "additionalProperties": False},
        "request": {"method": "GET", "url": "/times"}, "stream": True, "timeout_ms": 600000,
        "response": {"done": "/done"}}]}


async def serve_times(reader, writer, seconds):
    """The service: events with the time in them, and last the answer."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                     b"Connection: close\r\n\r\n")
        number, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            number += 1
            message = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {
                "progress": number, "message": repr(time.time())}}
            writer.write(b"data: %s\n\n" % json.dumps(message).encode())
            await writer.drain()
            await asyncio.sleep(EVERY_S)
        writer.write(b'data: {"jsonrpc": "2.0", "result": {"done": true}}\n\n')
        await writer.drain()
    writer.close()


async def hear_times(port, number, late):
    """A client: how late each event is; whether its answer came."""
    body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
        "name": "say_times", "arguments": {},
        "_meta": dict(bench.META, progressToken=number)}}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join(
        ["POST /mcp HTTP/1.1", "Host: localhost", "Content-Type: application/json",
         "Accept: application/json, text/event-stream", "Connection: close",
         "Content-Length: %d" % len(body)] + MODERN + ["", ""]).encode() + body)
    ended = False
    with contextlib.suppress(ConnectionError):
        while line := await reader.readline():
            now = time.time()
            if line.startswith(b"data: "):
                message = json.loads(line[6:])
                if "method" in message:
                    late.append(now - float(message["params"]["message"]))
                else:
                    ended = "structuredContent" in message.get("result", {})
    writer.close()
    return ended


class Streams(threading.Thread):
    """The service and all its clients, in a loop of their own."""

    def __init__(self, count, seconds):
        super().__init__(daemon=True)
        self.count, self.seconds, self.late, self.ended = count, seconds, [], 0
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(
            lambda r, w: serve_times(r, w, self.seconds), "127.0.0.1", 0, backlog=1024))
        self.service_port = self.server.sockets[0].getsockname()[1]
        self.port = None

    async def all(self):
        done = await asyncio.gather(*(hear_times(self.port, n, self.late)
                                      for n in range(self.count)))
        self.ended = sum(done)

    def run(self):
        self.loop.run_until_complete(self.all())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    streams = Streams(options.streams, options.seconds + 6)
    with tempfile.TemporaryDirectory(prefix="ums-bulk.") as folder, Upstream(200) as upstream:
        service = os.path.join(folder, "clock.json")
        with open(service, "w") as f:
            json.dump(dict(SERVICE, base_url="http://127.0.0.1:%d" % streams.service_port), f)
        loads = bench.Load(folder, "modern", options.calls)
        with bench.ums_mcp(folder, upstream, "http2", services="%s %s" % (
                os.path.join(bench.HERE, "service.json"), service),
                max_inflight=str(4 * (options.streams + options.calls)),
                request_timeout_ms="120000", upstream_timeout_ms="120000") as bridge:
            calls = loads.calls(bridge.url, "http2")
            bench.ready(bridge, calls)
            streams.port = bridge.port
            idle = bench.pss_mb(bridge.pid)
            streams.start()
            time.sleep(4)
            alone, before = bench.pss_mb(bridge.pid), len(streams.late)
            with bench.Sampler([bridge.pid]) as sampler:
                said = bench.load(calls, options.calls, options.seconds - 6)
            peak = max(s[1] for s in sampler.samples)
            streams.join()
            time.sleep(REST_S)
            after = bench.pss_mb(bridge.pid)
    late = sorted(ms * 1000 for ms in streams.late[before:])
    rows = [
        ("streams that ended with their answer", streams.ended, options.streams, ">="),
        ("calls that failed", said["error_sum"], 0, "<="),
        ("median lateness of an event, ms", statistics.median(late), LATE_MS, "<="),
        ("peak with streams and calls, MB", peak, PEAK_MB, "<="),
        ("%d s after it, MB" % REST_S, after, 2 * idle, "<="),
    ]
    print("%d events, lateness p99 %.1f ms; idle %.1f MB, with %d streams %.1f MB; %d calls, "
          "%d a second" % (len(late), late[len(late) * 99 // 100], idle, options.streams, alone,
                           said["ok"], said["rps"]))
    failed = 0
    for what, value, bound, sign in rows:
        holds = value >= bound if sign == ">=" else value <= bound
        failed += not holds
        print("%s %s: %.1f, %s %.1f" % ("ok  " if holds else "FAIL", what, value, sign, bound))
    print("%d passed, %d failed" % (len(rows) - failed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
