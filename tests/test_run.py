# SPDX-License-Identifier: MIT
"""test_run.py - scripts/run as a new user meets it, with each web server.

Starts it on free ports with a state folder of its own, sends a real message with nothing
but HTTP, reads it back, starts it again to see that nothing is set up twice, and looks
for what it leaves behind. Ends with "N passed, N failed".
"""
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
counts = {"passed": 0, "failed": 0}


def check(what, ok, detail=""):
    counts["passed" if ok else "failed"] += 1
    if not ok:
        print("FAIL %s: %s" % (what, detail))


def free_port():
    """A port below the ephemeral range that nobody has now."""
    for port in range(20000 + os.getpid() % 5000, 32000):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise SystemExit("no free port")


class Run:
    """One scripts/run, from start to Ctrl-C."""

    def __init__(self, state, *options):
        self.port, self.tls_port = free_port(), free_port()
        while self.tls_port == self.port:
            self.tls_port += 1
        self.out = open(os.path.join(state, "..", "out-%d" % time.monotonic_ns()), "w+")
        self.process = subprocess.Popen(
            [os.path.join(TOP, "scripts/run"), "--port", str(self.port), "--service-port",
             str(self.tls_port), "--state", state, *options],
            stdout=self.out, stderr=self.out, start_new_session=True,
            # Ignored, as a shell leaves it for what it starts behind, a script cannot take it back.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def text(self):
        with open(self.out.name) as f:
            return f.read()

    def ready(self):
        for _ in range(300):
            if "is ready" in self.text():
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.1)
        return False

    def post(self, message):
        request = urllib.request.Request(
            "http://127.0.0.1:%d/mcp" % self.port, json.dumps(message).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def call(self, tool, **arguments):
        return self.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                          "params": {"name": tool, "arguments": arguments}})["result"]

    def read(self, uri):
        return self.post({"jsonrpc": "2.0", "id": 1, "method": "resources/read",
                          "params": {"uri": uri}})

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=20)


def is_listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def send_files(run, server):
    """Files go out with a message; the message links to them, and they are read as they were."""
    picture, text = bytes(range(256)), "Gr\u00fc\u00dfe\n"
    large = 40000       # more than a result has room for (result_max), if a model is to read it

    def given(name, kind, data):
        return {"name": name, "mime_type": kind, "data": base64.b64encode(data).decode()}
    sent = run.call("send_message", to=["bob"], text="Files", attachments=[
        given("a.png", "image/png", picture), given("b.txt", "text/plain", text.encode()),
        given("c.txt", "text/plain", large * b"c"), given("d.bin", "application/zip", large * b"d"),
        {"name": "e", "url": "https://example.org/e"}])
    check(server + ": files are sent", not sent.get("isError"), sent)
    got = run.call("get_message", message_id=sent["structuredContent"]["message_id"])
    links = [b for b in got["content"] if b["type"] == "resource_link"]
    check(server + ": a message links to its files", [
        (b["name"], b.get("mimeType"), b["size"]) for b in links] == [
            ("a.png", "image/png", 256), ("b.txt", "text/plain", 8), ("c.txt", "text/plain", large),
            ("d.bin", "application/zip", large)], got)
    check(server + ": and shows those that are elsewhere",
          got["structuredContent"]["attachments"][4]["url"] == "https://example.org/e", got)
    a, b, c, d = [run.read(link["uri"]) for link in links]
    check(server + ": a picture is read", a["result"]["contents"] == [{
        "mimeType": "image/png", "blob": base64.b64encode(picture).decode(),
        "uri": links[0]["uri"]}], a)
    check(server + ": a text is read", b["result"]["contents"][0]["text"] == text, b)
    check(server + ": a text that is too large says so", c["error"]["data"]["code"] ==
          "result_too_large" and "larger than 32768 bytes" in c["error"]["message"], c)
    check(server + ": a file of that size is read", len(base64.b64decode(
        d["result"]["contents"][0]["blob"])) == large, str(d)[:300])
    none = run.read("ums://attachments/none")
    check(server + ": one that is not there", none["error"]["code"] == -32002, none)


def first_run(state, server):
    run = Run(state, "--server", server, "--workers", "2")
    if not run.ready():
        check(server + ": starts", False, run.text())
        run.stop()
        return
    check(server + ": starts", True)
    check(server + ": says how to try it", "curl" in run.text(), run.text())
    check(server + ": names its state folder", state in run.text(), run.text())
    sent = run.call("send_message", to=["bob"], text="Hello through " + server)
    check(server + ": a message is sent", not sent.get("isError"), sent)
    listed = run.call("list_messages", contact="bob", limit=1)
    texts = [m.get("text") for m in listed.get("structuredContent", {}).get("messages", [])]
    check(server + ": and read back", texts == ["Hello through " + server], listed)
    none = run.post({"jsonrpc": "2.0", "id": 1, "method": "resources/read",
                     "params": {"uri": "ums://inbox/nobody"}})["error"]
    check(server + ": nobody's inbox is said not to be found", none["code"] == -32002 and
          "No contact has this id" in none["message"], none)
    send_files(run, server)
    if server == "lighttpd":
        time.sleep(6)       # the service closes connections that are idle for 5 s
        sent = run.call("send_message", to=["bob"], text="After a pause")
        check(server + ": a message after a pause", not sent.get("isError"), sent)
    beside = subprocess.run([os.path.join(TOP, "scripts/run"), "--port", str(free_port()),
                             "--state", state], capture_output=True, text=True, timeout=60)
    check(server + ": a state folder in use is refused", beside.returncode == 1
          and "another scripts/run" in beside.stderr, beside)
    taken = subprocess.run(
        [os.path.join(TOP, "scripts/run"), "--port", str(run.port), "--state", state + "2"],
        capture_output=True, text=True, timeout=60)
    check(server + ": a taken port is said", taken.returncode == 1
          and "port %d" % run.port in taken.stderr and "taken" in taken.stderr, taken)
    code = run.stop()
    check(server + ": Ctrl-C ends it well", code == 0, (code, run.text()))
    check(server + ": nothing listens any more",
          not is_listening(run.port) and not is_listening(run.tls_port), run.port)


def bad_options():
    for options, said in ((["--port", "0"], "from 1 to 65535"), (["--port", "x"], "a number"),
                          (["--port", "8443"], "are one"), (["--server", "apache"], "lighttpd or"),
                          (["--bogus", "1"], "usage:")):
        done = subprocess.run([os.path.join(TOP, "scripts/run"), *options], capture_output=True,
                              text=True, timeout=30)
        check("options " + " ".join(options), done.returncode == 2 and said in done.stderr, done)


def second_run(state):
    with open(os.path.join(state, "ca.pem")) as f:
        ca = f.read()
    run = Run(state)
    check("again: starts", run.ready(), run.text())
    check("again: sets nothing up", "making" not in run.text()
          and "installing" not in run.text(), run.text())
    with open(os.path.join(state, "ca.pem")) as f:
        check("again: the CA is kept", f.read() == ca)
    listed = run.call("list_messages", contact="bob", fields=["text"])
    texts = {m["text"] for m in listed["structuredContent"]["messages"]}
    check("again: the messages are kept",
          {"Hello through lighttpd", "Hello through nginx"} <= texts, texts)
    run.stop()


def main():
    with tempfile.TemporaryDirectory(prefix="ums-run.") as folder:
        state = os.path.join(folder, "a state & more " + 180 * "x")
        os.mkdir(state)
        bad_options()
        first_run(state, "lighttpd")
        first_run(state, "nginx")
        second_run(state)
        for log in ("ums-mcp.log", "ums-local.log"):
            with open(os.path.join(state, log), errors="replace") as f:
                text = f.read()
            check(log + ": no sanitizer report", "ERROR: " not in text
                  and "runtime error" not in text, text[-3000:])
    print("%(passed)d passed, %(failed)d failed" % counts)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
