#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ums-mcp doctor on a real installation, with faults planted in it one at a time.

    tests/doctor.py [NAME ...] [-v]

Bridge, ums-local behind TLS and lighttpd run as scripts/run starts them. Each row of fault_* plants
one fault, by a key of the configuration, a file, a limit, or a proxy that does to requests what a
badly configured web server does. The report must have a line of that severity and part with its
mend, and the exit code that goes with it.
"""
import argparse
import contextlib
import http.client
import http.server
import json
import os
import re
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE / "clients"))
from attack import expect  # noqa: E402
from cases import SANITIZERS, Failure  # noqa: E402
from rig import Rig, free_ports  # noqa: E402

BUILD = Path(os.environ.get("BUILD_DIR", str(ROOT / "build" / "asan")))
LINE = re.compile(r"(ok  |warn|FAIL) ([^:]+): (.*)")


class Ward:
    """The installation, and the doctor that looks at it."""

    def __init__(self, rig, tmp):
        self.rig, self.tmp = rig, tmp
        self.conf = Path(rig.state) / "ums-mcp.conf"
        front = (Path(rig.state) / "lighttpd.conf").read_text()
        self.socket = re.search(r'"(\S+/ums-mcp\.sock)"', front).group(1)

    def look(self, *words, env=None, before=None, inside=()):
        """A run: its lines as (severity, part, text), and its exit code."""
        all_env = {"PATH": os.environ["PATH"], "UMS_MCP_CONFIG": str(self.conf),
                   "UMS_MCP_LISTEN": self.socket, "ASAN_OPTIONS": "exitcode=99", **(env or {})}
        done = subprocess.run([*inside, str(BUILD / "ums-mcp"), "doctor", *words], env=all_env,
                              text=True, capture_output=True, timeout=120, preexec_fn=before)
        text = done.stdout + done.stderr
        for word in SANITIZERS + (self.rig.token,):
            expect(word not in text, "%s in what is said: %s" % (word, text[-3000:]))
        lines = [LINE.fullmatch(x) for x in done.stdout.splitlines()]
        expect(all(lines), "no line of a report: %s" % text)
        lines = [x.groups() for x in lines]
        expect(all((severity != "ok  ") == ("; mend: " in said) for severity, _, said in lines),
               "a mend stands with what is wrong, and only there: %s" % text)
        return lines, done.returncode, text

    def finds(self, severity, part, found, mend, *words, code=None, **more):
        lines, got, text = self.look(*words, **more)
        expect(any(s == severity and p == part and found in said.split("; mend: ")[0] and
                   mend in said.split("; mend: ")[-1] for s, p, said in lines),
               "not found: %s %s: %s; mend: %s\n%s" % (severity, part, found, mend, text))
        code = {"FAIL": 1, "warn": 0}[severity] if code is None else code
        expect(got == code, "exit %d instead of %d: %s" % (got, code, text))

    def file(self, name, text="", mode=0o600):
        path = self.tmp / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def certificate(self, days, name="self"):
        """A self-signed certificate of 127.0.0.1; the files of it and of its key."""
        crt, key = self.tmp / (name + ".crt"), self.tmp / (name + ".key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", str(days), "-subj",
                        "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                        str(key), "-out", str(crt)], check=True, capture_output=True)
        return str(crt), str(key)


@contextlib.contextmanager
def proxy(rig, strip=(), put=None, most=None, hold=False, date=None, answer=None, tls=None):
    """A web server that passes requests on to the rig's, less what a fault takes away."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def date_time_string(self, timestamp=None):
            return super().date_time_string((timestamp or time.time()) + (date or 0))

        def do_GET(self):
            self.do_POST()

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if answer or (most is not None and len(body) > most):
                self.send_response(answer or 413)
                self.end_headers()
                return
            headers = {k: v for k, v in self.headers.items() if k.lower() not in strip}
            headers.update(put or {})
            down = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=20)
            try:
                down.request(self.command, self.path, body, headers)
                response = down.getresponse()
                if hold and "event-stream" in response.headers.get("Content-Type", ""):
                    time.sleep(7)
                    return
                self.send_response(response.status)
                self.send_header("Content-Type", response.headers.get("Content-Type", ""))
                self.end_headers()
                while chunk := response.read1(65536):
                    self.wfile.write(chunk)
                    self.wfile.flush()
            except OSError:
                pass
            finally:
                down.close()

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "%s://127.0.0.1:%d" % ("http" if tls is None else "https", server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# ====== an installation as it should be

def fault_none(w):
    lines, code, text = w.look("--url", w.rig.url)
    expect(code == 0 and not any(s == "FAIL" for s, _, _ in lines), text)
    parts = {p for _, p, _ in lines}
    for part in ("listen", "listen_mode", "backlog", "descriptors", "clock", "sandbox", "store",
                 "service ums reach", "service ums certificate", "service ums clock",
                 "service ums credential", "front /healthz", "front POST", "front Host",
                 "front MCP-Protocol-Version", "front Mcp-Session-Id", "front Accept",
                 "front Mcp-Method", "front Mcp-Name", "front body", "front stream"):
        expect(part in parts, "%s is not looked at: %s" % (part, text))
    quiet, code, text = w.look("--quiet")
    expect(code == 0 and all(s != "ok  " for s, _, _ in quiet), text)


def fault_usage(w):
    for words in (["more"], ["--nothing"], ["--token-file", "x"]):
        done = subprocess.run([str(BUILD / "ums-mcp"), "doctor", *words], text=True,
                              capture_output=True, timeout=60)
        expect(done.returncode == 100 and "usage: ums-mcp doctor" in done.stderr, done)


# ====== the machine

def fault_socket_is_not_there(w):
    w.finds("FAIL", "listen", "No such file", "start ums-mcp",
            env={"UMS_MCP_LISTEN": str(w.tmp / "none.sock")})


def fault_socket_is_a_file(w):
    w.finds("FAIL", "listen", "is no socket", "remove the file",
            env={"UMS_MCP_LISTEN": w.file("plain")})


def fault_socket_is_dead(w):
    path = str(w.tmp / "dead.sock")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
    w.finds("FAIL", "listen", "refused", "start ums-mcp", env={"UMS_MCP_LISTEN": path})


def fault_socket_of_tcp_is_dead(w):
    w.finds("FAIL", "listen", "refused", "start ums-mcp",
            env={"UMS_MCP_LISTEN": "127.0.0.1:%d" % free_ports(1)[0]})


def fault_socket_is_no_address(w):
    w.finds("FAIL", "listen", "not a path", "ADDRESS:PORT", env={"UMS_MCP_LISTEN": "ums.sock"})


def fault_backlog_is_full(w):
    path = str(w.tmp / "full.sock")
    with socket.socket(socket.AF_UNIX) as s, contextlib.ExitStack() as waiting:
        s.bind(path)
        os.chmod(path, 0o660)
        s.listen(0)
        waiting.enter_context(socket.socket(socket.AF_UNIX)).connect(path)
        w.finds("FAIL", "listen", "unavailable", "backlog is full", env={"UMS_MCP_LISTEN": path})


def fault_fifo(w):
    """Where a file is wanted nobody may write, ever: nothing waits for it."""
    path = str(w.tmp / "fifo")
    os.mkfifo(path, 0o600)
    w.finds("FAIL", "configuration", "not a regular file", "change what is named", code=100,
            env={"UMS_MCP_STATE_KEY": path})
    w.finds("FAIL", "front certificate", "not a regular file", "--ca-file", "--url", w.rig.url,
            "--ca-file", path)
    conf = w.file("conf", re.sub(r"(?m)^service\.ums\.ca_file.*$", "service.ums.ca_file = " + path,
                                 w.conf.read_text()))
    w.finds("FAIL", "configuration", "not a regular file", "change what is named", "-c", conf,
            code=100)


def fault_socket_has_another_mode(w):
    w.finds("FAIL", "listen_mode", "has mode 0660, the configuration says 0600", "chmod",
            env={"UMS_MCP_LISTEN_MODE": "0600"})


def fault_backlog(w):
    """somaxconn is of a network namespace; in a new one it can be lowered."""
    script = ('mount -t proc proc /proc 2>/dev/null; '
              'echo 128 >/proc/sys/net/core/somaxconn || exit 77; exec "$@"')
    inside = ["unshare", "-n", "-m", "-r", "sh", "-c", script, "sh"]
    probe = subprocess.run([*inside, "true"], capture_output=True)
    if probe.returncode != 0:
        return "no network namespace with a somaxconn of its own can be made here"
    w.finds("warn", "backlog", "somaxconn is 128", "net.core.somaxconn=4096", inside=inside, code=1)
    return None


def fault_descriptors(w):
    w.finds("warn", "descriptors", "300 here", "LimitNOFILE",
            before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300)))


def fault_memory(w):
    w.finds("warn", "memory", "may take", "lower max_rss", env={"UMS_MCP_MAX_RSS": str(1 << 50)})


def fault_sandbox_is_off(w):
    w.finds("warn", "sandbox", "it is off", "sandbox = on", env={"UMS_MCP_SANDBOX": "off"})


def fault_user(w):
    if os.geteuid() != 0:
        return "only root becomes another user"
    w.finds("FAIL", "user", "no such user", "make the user", env={"UMS_MCP_USER": "ums-nobody"},
            code=100)
    return None


def fault_audit_folder(w):
    w.finds("FAIL", "audit", "No such file", "make the folder",
            env={"UMS_MCP_AUDIT": str(w.tmp / "none/audit")}, code=100)


def fault_store_folder(w):
    w.finds("FAIL", "store", "No such file", "make the folder",
            env={"UMS_MCP_STORE": str(w.tmp / "none/store")}, code=100)


def fault_token_is_readable(w):
    conf = w.conf.read_text()
    path = w.file("open.token", w.rig.token + "\n", 0o644)
    other = w.file("conf", re.sub(r"(?m)^service\.ums\.token_file.*$",
                                  "service.ums.token_file = " + path, conf))
    w.finds("warn", "service.ums.token_file", "has mode 0644", "chmod 600", "-c", other)
    if os.geteuid() == 0:       # as the Debian package has secrets: root's, given to the bridge
        os.chown(path, 0, 10001)
        os.chmod(path, 0o640)
        lines, _, text = w.look("-c", other)
        expect(("ok  ", "service.ums.token_file", path + " is for nobody else") in lines, text)


def fault_secret_of_service_file_is_readable(w):
    w.file("t", "x\n", 0o644)
    shop = w.file("shop.json", json.dumps({
        "name": "ums", "base_url": "http://127.0.0.1:1",
        "auth": {"type": "bearer", "token": {"file": "t"}},
        "tools": [{"name": "look", "description": "Looks.", "inputSchema": {"type": "object"},
                   "request": {"method": "GET", "url": "/health"}, "response": {"is": "/status"}}]}))
    w.finds("warn", "service ums secret", "has mode 0644", "chmod 600", code=1,
            env={"UMS_MCP_SERVICES": shop})


def fault_issuer_is_away(w):
    away = "https://127.0.0.1:%d" % free_ports(1)[0]
    w.finds("FAIL", "jwks reach", "connect", "firewall", env={
        "UMS_MCP_AUTH": "jwt", "UMS_MCP_ISSUER": away, "UMS_MCP_JWKS": away + "/jwks",
        "UMS_MCP_RESOURCE": "https://bridge.example/mcp"})


# ====== configuration, and who may call

def fault_configuration_key(w):
    w.finds("FAIL", "configuration", "workers", "change what is named",
            env={"UMS_MCP_WORKERS": "many"}, code=100)


def fault_service_file(w):
    w.finds("FAIL", "configuration", "broken.json", "change what is named",
            env={"UMS_MCP_SERVICES": w.file("broken.json", "{")}, code=100)


def fault_nobody_is_asked(w):
    w.finds("warn", "auth", "none", "auth = api_key")


def fault_store_is_none(w):
    w.file("t", "x\n")
    plain = w.file("plain.json", json.dumps({
        "name": "ums", "base_url": "http://127.0.0.1:1",
        "auth": {"type": "bearer", "token": {"file": "t"}},
        "tools": [{"name": "look", "description": "Looks.", "inputSchema": {"type": "object"},
                   "request": {"method": "GET", "url": "/health"}, "response": {"is": "/status"}}]}))
    w.finds("warn", "store", "there is none", "name a file in store", code=1,
            env={"UMS_MCP_STORE": "", "UMS_MCP_SERVICES": plain})


def fault_api_key_is_over(w):
    w.finds("FAIL", "API key of ann", "expired", "ums-mcp key new", env={
        "UMS_MCP_AUTH": "api_key", "UMS_MCP_API_KEYS_FILE": w.file(
            "keys", "ann sha256:%s expires=2020-01-01T00:00:00Z\n" % ("a" * 64))})


def fault_api_key_ends_soon(w):
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5 * 86400 + 60))
    w.finds("warn", "API key of ann", "valid for 5 days", "ums-mcp key new", env={
        "UMS_MCP_AUTH": "api_key", "UMS_MCP_API_KEYS_FILE": w.file(
            "keys", "ann sha256:%s expires=%s\n" % ("a" * 64, soon))})


def fault_api_key_is_replaced(w):
    """An old key that is over beside one that is not is no fault."""
    lines, code, text = w.look(env={
        "UMS_MCP_AUTH": "api_key", "UMS_MCP_API_KEYS_FILE": w.file(
            "keys", "ann sha256:%s expires=2020-01-01T00:00:00Z\nann sha256:%s\n" % (
                "a" * 64, "b" * 64))})
    expect(code == 0 and not any(p.startswith("API key") for _, p, _ in lines), text)


def fault_redis_is_silent(w):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        w.finds("FAIL", "store", "does not answer", "start Redis",
                env={"UMS_MCP_STORE": "redis://127.0.0.1:%d" % s.getsockname()[1]})


def fault_redis_is_away(w):
    w.finds("FAIL", "store", "refused", "start Redis",
            env={"UMS_MCP_STORE": "redis://127.0.0.1:%d" % free_ports(1)[0]})


def redis(w, *options):
    if shutil.which("redis-server") is None:
        return None, "redis-server is not here"
    path = str(w.tmp / "redis.sock")
    process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", path, "--dir",
                                str(w.tmp), *options], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while not os.path.exists(path):
        if time.monotonic() > end:
            raise Failure("Redis does not start")
        time.sleep(0.05)
    return process, "redis+unix://" + path


def fault_redis_evicts(w):
    process, where = redis(w, "--maxmemory-policy", "allkeys-lru")
    if process is None:
        return where
    try:
        w.finds("FAIL", "store maxmemory-policy", "allkeys-lru", "noeviction",
                env={"UMS_MCP_STORE": where})
    finally:
        process.terminate()
        process.wait()
    return None


def fault_redis_forgets(w):
    process, where = redis(w, "--appendonly", "no")
    if process is None:
        return where
    try:
        w.finds("warn", "store appendonly", "no", "appendonly yes", env={"UMS_MCP_STORE": where})
    finally:
        process.terminate()
        process.wait()
    return None


# ====== services

def at(url):
    return {"UMS_MCP_SERVICE_UMS_BASE_URL": url}


def fault_service_has_no_address(w):
    w.finds("FAIL", "service ums reach", "resolve", "resolver",
            env=at("https://ums.invalid/v1"))


def fault_service_is_down(w):
    w.finds("FAIL", "service ums reach", "connect", "start what is to listen",
            env=at("https://127.0.0.1:%d/v1" % free_ports(1)[0]))


def fault_service_is_a_stranger(w):
    w.finds("FAIL", "service ums reach", "certificate", "ca_file",
            env={"UMS_MCP_SERVICE_UMS_CA_FILE": w.certificate(100, "stranger")[0]})


def fault_service_certificate_ends_soon(w):
    crt, key = w.certificate(3, "soon")
    with proxy(w.rig, tls=(crt, key), answer=404) as url:
        w.finds("warn", "service ums certificate", "valid for", "renew", code=1,
                env={**at(url), "UMS_MCP_SERVICE_UMS_CA_FILE": crt})


def fault_service_clock(w):
    with proxy(w.rig, date=3600, answer=404) as url:
        w.finds("warn", "service ums clock", "s from ours", "NTP", code=1, env=at(url))


def fault_service_credential(w):
    w.finds("FAIL", "service ums credential", "is answered 401", "put a credential", env={
        "UMS_MCP_SERVICE_UMS_TOKEN_FILE": w.file("wrong.token", "wrong\n")})


@contextlib.contextmanager
def service(status, body=b"", headers=(), wait_s=0):
    """A service that answers every tool with that, and takes its time for it."""
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if "?" in self.path:
                over.wait(wait_s)
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "http://127.0.0.1:%d" % server.server_port
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def fault_service_path(w):
    w.finds("FAIL", "service ums credential", "is answered 404", "path of base_url",
            env=at(w.rig.base_url + "/nowhere"))


def fault_service_speaks_no_tls(w):
    w.finds("FAIL", "service ums reach", "SSL", "whether the URL is right",
            env=at("https://127.0.0.1:%d/v1" % w.rig.port))


def fault_service_redirects(w):
    with service(301, headers=[("Location", "https://ums.invalid/")]) as url:
        w.finds("FAIL", "service ums credential", "is answered 301", "redirects are not followed",
                env=at(url))


def fault_service_is_another(w):
    with service(200, b"<html>Welcome</html>") as url:
        w.finds("FAIL", "service ums credential", "upstream_unexpected", "what answers there",
                env=at(url))


def fault_service_is_ill(w):
    with service(500) as url:
        w.finds("warn", "service ums credential", "is answered 500", "own state", env=at(url))


def fault_service_is_slow(w):
    with service(200, wait_s=60) as url:
        w.finds("FAIL", "service ums credential", "upstream_timeout", "why it is slow", env=at(url))


def fault_service_refuses_with_200(w):
    """Slack's way: the status is good, the answer says that the token is not."""
    with service(200, b'{"ok": false, "error": "invalid_auth"}') as url:
        conf = w.file("conf", "auth = none\nservices = %s\nservice.slack.base_url = %s\n"
                      "service.slack.token_file = %s\nstore = %s\n" % (
                          ROOT / "etc/services/slack.json", url, w.file("token", "xoxb-no\n"),
                          w.tmp / "store"))
        w.finds("FAIL", "service slack credential", "is answered 200 (upstream_unauthorized)",
                "put a credential", "-c", conf)


def fault_one_of_two_services(w):
    """Each is tried by itself: the first is well, the credential of the second is not."""
    w.file("t", "wrong\n")
    shop = w.file("shop.json", json.dumps({
        "name": "shop", "base_url": w.rig.base_url,
        "auth": {"type": "bearer", "token": {"file": "t"}},
        "tools": [{"name": "look", "description": "Looks.", "inputSchema": {"type": "object"},
                   "request": {"method": "GET", "url": "/messages"}, "response": {"is": "/x"}}]}))
    env = {"UMS_MCP_SERVICES": "%s %s" % (ROOT / "etc/services/ums.json", shop),
           "UMS_MCP_SERVICE_SHOP_CA_FILE": w.rig.state + "/ca.pem"}
    w.finds("FAIL", "service shop credential", "look is answered 401", "put a credential", env=env)
    lines, _, text = w.look(env=env)
    expect(any(s == "ok  " and p == "service ums credential" for s, p, _ in lines), text)


def fault_authority_ends_soon(w):
    crt, _ = w.certificate(3, "authority")
    conf = w.file("conf", re.sub(r"(?m)^service\.ums\.ca_file.*$", "service.ums.ca_file = " + crt,
                                 w.conf.read_text()))
    w.finds("warn", "service.ums.ca_file", "valid for", "new certificate", "-c", conf, code=1)


# ====== the web server

def fault_front_is_down(w):
    w.finds("FAIL", "front POST", "0 ", "start the web server", "--url",
            "http://127.0.0.1:%d/mcp" % free_ports(1)[0])


def fault_front_path(w):
    w.finds("FAIL", "front POST", "404", "endpoint", "--url", w.rig.url + "/elsewhere")


def fault_front_has_no_bridge(w):
    with proxy(w.rig, answer=502) as url:
        w.finds("FAIL", "front POST", "502", "name its socket", "--url", url + "/mcp")


def fault_front_url(w):
    done = subprocess.run([str(BUILD / "ums-mcp"), "doctor", "--url", "127.0.0.1/mcp"], text=True,
                          capture_output=True, timeout=60)
    expect(done.returncode == 100 and "https://HOST/mcp" in done.stderr, done)


def fault_front_content_type(w):
    front(w, "FAIL", "front POST", "415", "CONTENT_TYPE", strip=("content-type",))


def fault_front_is_stuck(w):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        w.finds("FAIL", "front POST", "timed out", "whether its workers answer", "--url",
                "http://127.0.0.1:%d/mcp" % s.getsockname()[1])


def fault_front_body_max(w):
    """What the bridge itself is told to refuse is no fault of the web server."""
    with Rig("lighttpd", {"UMS_MCP_BODY_MAX": "65536"}) as rig:
        lines, code, text = Ward(rig, w.tmp).look("--url", rig.url,
                                                  env={"UMS_MCP_BODY_MAX": "65536"})
        expect(code == 0 and ("ok  ", "front body", "64 KB are answered 200") in lines, text)
    expect(not rig.problems(), rig.problems())
    rig.clean()


def front(w, severity, part, found, mend, **fault):
    with proxy(w.rig, **fault) as url:
        w.finds(severity, part, found, mend, "--url", url + "/mcp")


def fault_front_version(w):
    front(w, "FAIL", "front MCP-Protocol-Version", "does not come", "pass on every header",
          strip=("mcp-protocol-version",))


def fault_front_session(w):
    front(w, "FAIL", "front Mcp-Session-Id", "does not come", "pass on every header",
          strip=("mcp-session-id",))


def fault_front_method(w):
    front(w, "FAIL", "front Mcp-Method", "answered 400", "pass on every header",
          strip=("mcp-method",))


def fault_front_name(w):
    front(w, "FAIL", "front Mcp-Name", "does not come", "pass on every header",
          strip=("mcp-name",))


def fault_front_accept(w):
    front(w, "FAIL", "front Accept", "does not come", "leave Accept", strip=("accept",),
          put={"Accept": "*/*"})


def fault_front_host(w):
    front(w, "FAIL", "front Host", "does not come", "leave Host", strip=("host",),
          put={"Host": "localhost"})


def fault_front_body(w):
    front(w, "FAIL", "front body", "answered 413", "client_max_body_size", most=8192)


def fault_front_stream(w):
    front(w, "FAIL", "front stream", "no event", "fastcgi_buffering off", hold=True)


def fault_front_host_is_not_ours(w):
    with proxy(w.rig, strip=("host",), put={"Host": "www.example"}) as url:
        w.finds("FAIL", "front POST", "403", "allowed_hosts", "--url", url + "/mcp")


@contextlib.contextmanager
def asking(w):
    """Another installation, which asks for keys: its ward, and the file of a key."""
    keys = w.tmp / "api_keys"
    made = subprocess.run([str(BUILD / "ums-mcp"), "key", "new", "ann", "--file", str(keys)],
                          text=True, capture_output=True, check=True, timeout=60)
    env = {"UMS_MCP_AUTH": "api_key", "UMS_MCP_API_KEYS_FILE": str(keys)}
    with Rig("lighttpd", env) as rig:
        yield Ward(rig, w.tmp), w.file("key", made.stdout), env
    expect(not rig.problems(), rig.problems())
    rig.clean()


def fault_front_authorization(w):
    with asking(w) as (ward, key, env):
        lines, code, text = ward.look("--url", ward.rig.url, "--token-file", key, env=env)
        expect(code == 0 and ("ok  ", "front Authorization", "comes through") in lines, text)
        ward.finds("FAIL", "front POST", "401", "--token-file", "--url", ward.rig.url, env=env)
        with proxy(ward.rig, strip=("authorization",)) as url:
            ward.finds("FAIL", "front Authorization", "does not come", "HTTP_AUTHORIZATION",
                       "--url", url + "/mcp", "--token-file", key, env=env)


def fault_front_lets_all_in(w):
    """The doctor has a configuration that asks; before the bridge that runs nobody is asked."""
    w.finds("FAIL", "front Authorization", "answered 200", "add no credential", "--url", w.rig.url,
            env={"UMS_MCP_AUTH": "api_key", "UMS_MCP_API_KEYS_FILE": w.file("keys", "")})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    os.environ["BUILD_DIR"] = str(BUILD)
    passed = failed = skipped = 0
    tmp = Path(tempfile.mkdtemp(prefix="doctor."))
    rig = Rig("lighttpd")
    with rig:
        for name, function in [(k[6:], v) for k, v in globals().items() if k.startswith("fault_")]:
            if args.names and name.replace("_", "-") not in args.names:
                continue
            (tmp / name).mkdir()
            try:
                why = function(Ward(rig, tmp / name))
            except (Failure, OSError, subprocess.SubprocessError) as e:
                failed += 1
                print("FAIL %s: %s" % (name.replace("_", "-"), e), flush=True)
                continue
            if why:
                skipped += 1
                print("SKIP %s: %s" % (name.replace("_", "-"), why), flush=True)
            else:
                passed += 1
                if args.verbose:
                    print("ok %s" % name.replace("_", "-"), flush=True)
    for problem in rig.problems():
        failed += 1
        print("FAIL %s" % problem)
    rig.clean()
    shutil.rmtree(tmp, ignore_errors=True)
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
