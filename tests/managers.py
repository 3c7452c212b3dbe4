#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ums-mcp under the managers that start it: each for real, from the file in etc/managers.

    tests/managers.py [NAME ...] [--build DIR] [-v]

Every function manager_NAME is one. It shows that the manager starts ums-mcp and requests go
through, that workers are replaced under load and after a SIGKILL, what HUP does with a good
and with a wrong configuration, that the manager's stop ends everything, and that a wrong
configuration at the start is no storm of starts.

Processes are found by a variable in their environment, never by name. Nothing is installed and no
manager of the machine is spoken to: each has a folder, and a socket, of its own.
"""
import argparse
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import fastcgi  # noqa: E402
from cases import ROOT, Bridge, Failure, free_port  # noqa: E402

MANAGERS = ROOT / "etc" / "managers"
SEARCH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
HEADERS = {"Content-Type": "application/json", "Host": "localhost"}
PING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
LIST = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                   "params": {"name": "list_items", "arguments": {}}}).encode()
PONG = b'{"jsonrpc":"2.0","id":1,"result":{}}'
BROKEN = ["nonsense = 1"]
SAID = re.compile(r'unknown key \\?"nonsense')     # plain, or in a line of JSON


def expect(what, why):
    if not what:
        raise Failure(why)


def is_running(pid):
    """Whether it has not ended; while it does so its environment is gone, its sockets are not."""
    try:
        return Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def send(pids, number):
    """A signal to those of them that are still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Trial:
    """The steps of one manager, counted."""

    def __init__(self, name, verbose):
        self.name, self.verbose = name, verbose
        self.passed = self.failed = self.skipped = 0

    @contextmanager
    def step(self, what):
        began = time.monotonic()
        try:
            yield
        except (Failure, fastcgi.FastCGIError, OSError, http.client.HTTPException,
                subprocess.SubprocessError) as e:
            self.failed += 1
            print("FAIL %s: %s: %s: %s" % (self.name, what, type(e).__name__, e), flush=True)
            return
        self.passed += 1
        self.note("ok %s: %s (%.1f s)" % (self.name, what, time.monotonic() - began))

    def skip(self, what, why):
        self.skipped += 1
        print("SKIP %s: %s: %s" % (self.name, what, why), flush=True)

    def note(self, text):
        if self.verbose:
            print(text, flush=True)


class Manager:
    """What the managers have in common: a folder, processes, and ways to ask."""

    needs = ()              # programs
    conf = ("max_requests = 20", "upstream_timeout_ms = 5000")

    def __init__(self, build, tmp):
        self.bridge = Bridge(build.resolve(), tmp)
        self.bridge.stub.handler = self.upstream
        self.delay_ms = 0
        self.tmp = tmp
        self.socket = str(tmp / "ums-mcp.sock")
        self.mark = "MANAGERS_TEST=" + secrets.token_hex(8)
        self.process = None
        self.write()

    def upstream(self, _):
        return {"delay_ms": self.delay_ms, "body": '{"data":[{"id":"7"}]}'}

    def write(self, *lines):
        """The configuration of ums-mcp, changed by `lines`."""
        # The manager's socket must stand, whatever `listen` says.
        self.bridge.write_conf(list(self.conf) + ["listen = " + self.socket] + list(lines))

    def ready_file(self, name, more=()):
        """The text of a file in etc/managers with the paths, the user and the ports of the test."""
        words = {
            "/usr/local/bin/ums-mcp": self.bridge.binary,
            "/etc/ums-mcp/ums-mcp.conf": str(self.bridge.conf),
            "/run/ums-mcp": str(self.tmp), "/var/lib/ums-mcp": str(self.tmp),
            "/var/log": str(self.tmp),
        }
        words.update(more)
        text = (MANAGERS / name).read_text()
        for word in more:
            expect(word in text, "%s has no %r" % (name, word))
        # At one go, so that nothing is replaced twice.
        pattern = "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))
        return re.sub(pattern, lambda m: words[m.group(0)], text)

    def environment(self):
        name, _, value = self.mark.partition("=")
        return {"PATH": SEARCH, name: value, "ASAN_OPTIONS": "exitcode=99",
                "UBSAN_OPTIONS": "print_stacktrace=1"}

    def spawn(self, *command, **more):
        with open(self.tmp / "manager.log", "ab") as log:
            self.process = subprocess.Popen(
                [shutil.which(command[0], path=SEARCH)] + list(command[1:]), stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, env=self.environment(),
                start_new_session=True, **more)

    def text(self):
        """All logs."""
        return "".join(p.read_text("utf-8", "backslashreplace")
                       for p in sorted(self.tmp.rglob("*.log*"),
                                       key=lambda p: p.stat().st_mtime) if p.is_file())

    def tail(self):
        """What the logs end with, without the lines of requests."""
        lines = [x for x in self.text().splitlines() if '"msg":"request"' not in x]
        return "\n".join("    " + x for x in lines[-12:])

    def count(self, word):
        text = self.text()
        return text.count(word) if isinstance(word, str) else len(word.findall(text))

    # ---- processes

    def all(self):
        """Every process of this manager: pid to (parent, is ums-mcp and serves)."""
        out = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            path = Path("/proc", entry)
            try:
                if self.mark.encode() not in (path / "environ").read_bytes().split(b"\0"):
                    continue
                words = (path / "cmdline").read_bytes().split(b"\0")
                # Who checks a reload for a worker without a master does not serve.
                ours = (os.readlink(path / "exe") == self.bridge.binary and b"-t" not in words
                        and (path / "comm").read_text() != "ums-mcp-reload\n")
                stat = (path / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if stat[0] != "Z":
                out[int(entry)] = (int(stat[1]), ours)
        return out

    def tops(self):
        """ums-mcp that something else started: masters, or those without one."""
        ours = {pid: parent for pid, (parent, good) in self.all().items() if good}
        return sorted(pid for pid, parent in ours.items() if parent not in ours)

    def workers(self):
        """ums-mcp whose parent is ums-mcp."""
        ours = {pid: parent for pid, (parent, good) in self.all().items() if good}
        return sorted(pid for pid, parent in ours.items() if parent in ours)

    # ---- requests

    def ask(self, body=PING):
        return self.fcgi("POST", "/mcp", body)

    def fcgi(self, method, target, body=b""):
        status, _, answer = fastcgi.FastCGIClient(self.socket, 10).request(
            fastcgi.params(method, target, HEADERS if body else {"Host": "localhost"}, body), body)
        return status, answer

    def ping(self):
        answer = self.ask()
        expect(answer == (200, PONG), "ping: %s %.90s" % answer)

    def call(self):
        status, answer = self.ask(CALL)
        expect(status == 200 and b'"structuredContent":{"items":[{"id":"7"}]' in answer,
               "call: %s %.300s" % (status, answer))

    def up(self, seconds=10):
        """Wait until it answers; how long that took."""
        began = time.monotonic()
        while True:
            try:
                self.ping()
                return time.monotonic() - began
            except (Failure, OSError, fastcgi.FastCGIError, http.client.HTTPException) as e:
                if time.monotonic() - began > seconds:
                    raise Failure("no answer within %d s: %s; the log:\n%s"
                                  % (seconds, e, self.tail())) from None
            time.sleep(0.02)

    def load(self, in_turn=200, threads=5, each=20):
        """Requests one after the other and then at once. How many there were; none may fail."""
        wrong, gate = [], threading.Lock()

        def run(n):
            for i in range(n):
                try:
                    (self.call if i % 2 else self.ping)()
                except (Failure, OSError, fastcgi.FastCGIError, http.client.HTTPException) as e:
                    with gate:
                        wrong.append("%s: %s" % (type(e).__name__, e))

        run(in_turn)
        crowd = [threading.Thread(target=run, args=(each,)) for _ in range(threads)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()
        total = in_turn + threads * each
        expect(not wrong, "%d of %d requests failed, the first: %s"
               % (len(wrong), total, wrong[:1]))
        return total

    @contextmanager
    def asked_all_the_time(self):
        """Pings in a loop around something; none may fail."""
        wrong, done, asked = [], threading.Event(), [0]

        def run():
            while not done.is_set():
                try:
                    self.ping()
                    asked[0] += 1
                except (Failure, OSError, fastcgi.FastCGIError, http.client.HTTPException) as e:
                    wrong.append("%s: %s" % (type(e).__name__, e))
                time.sleep(0.02)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        expect(not wrong, "%d pings failed meanwhile, %d did not; the first: %s"
               % (len(wrong), asked[0], wrong[:1]))

    def tools(self):
        status, answer = self.ask(LIST)
        expect(status == 200, "tools/list: %s %.90s" % (status, answer))
        return {t["name"] for t in json.loads(answer)["result"]["tools"]}

    def recycled(self):
        """Planned ends because of max_requests."""
        return self.count('"worker draining: max_requests')

    def wait(self, what, seconds, why):
        try:
            Bridge.wait_for(what, seconds, why)
        except Failure as e:
            raise Failure("%s; the log:\n%s" % (e, self.tail())) from None

    # ---- the end

    def gone(self, seconds=5):
        """No process is left of it."""
        self.wait(lambda: not self.all(), seconds, "left behind: %s" % self.all())

    def ends(self, code=0, seconds=10):
        """The manager's own process ends; with any code if `code` is None."""
        process, self.process = self.process, None
        try:
            got = process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process = process
            raise Failure("the manager does not end within %d s" % seconds) from None
        expect(code in (got, None), "the manager ended with %d, expected %s; the log:\n%s"
               % (got, code, self.tail()))

    def close(self):
        """Whatever is left, and it is ours by its mark, is ended."""
        send(self.all(), signal.SIGKILL)
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.bridge.close()


# ---- the steps that are the same everywhere

def step_start(t, m):
    with t.step("starts and answers"):
        began = time.monotonic()
        m.start()
        m.up()
        t.note("   %s: first answer after %.2f s" % (t.name, time.monotonic() - began))
        m.call()


def step_recycle(t, m, least=8):
    with t.step("300 requests, and nothing is lost while workers are replaced"):
        before = set(m.workers() or m.tops())
        n = m.load()
        m.wait(lambda: m.recycled() >= least, 3, "only %d were replaced" % m.recycled())
        m.wait(lambda: set(m.workers() or m.tops()) - before, 3, "the processes are the same")
        t.note("   %s: %d requests, %d replaced, 0 failed" % (t.name, n, m.recycled()))


def step_kill(t, m, what, victims, whole=False):
    """SIGKILL. `whole`: the masters among them last, when no worker of theirs holds the socket."""
    with t.step("SIGKILL of %s, and it serves again" % what):
        m.wait(m.settled, 5, "it does not come to rest")
        old = victims()
        if whole:
            send(old, signal.SIGSTOP)    # so that it replaces nobody meanwhile
            workers = m.workers()
            send(workers, signal.SIGKILL)
            m.wait(lambda: not any(map(is_running, workers)), 5, "the workers do not end")
        send(old, signal.SIGKILL)
        m.wait(lambda: victims() and not set(victims()) & set(old), 5, "nobody is started again")
        took = m.up(5)
        t.note("   %s: answers again after %.2f s" % (t.name, took))


def step_reload(t, m, reload, steady):
    """HUP. `steady`: the processes that a wrong configuration must not change."""
    with t.step("HUP puts a new configuration into effect, and it serves meanwhile"):
        expect("get_item" in m.tools(), "get_item is not there")
        m.write("tools_off = off_tool get_item", "max_requests = 0")
        with m.asked_all_the_time():
            reload()
            m.wait(lambda: "get_item" not in m.tools(), 10, "the old one is in effect")
            time.sleep(0.2)
        # Two processes: both.
        m.wait(lambda: all("get_item" not in m.tools() for _ in range(20)), 10,
               "the old one is in effect, too")
    with t.step("HUP with a wrong configuration changes nothing"):
        m.wait(m.settled, 5, "it does not come to rest")
        before, refused = steady(), m.count('"reload refused')
        m.write(*BROKEN)
        with m.asked_all_the_time():
            reload()
            m.wait(lambda: m.count('"reload refused') >= refused + m.units, 10, "none is refused")
            time.sleep(0.2)
        expect(m.count(SAID) >= 1, "the log does not say why")
        expect(steady() == before, "the processes are others: %s, were %s" % (steady(), before))
        m.write()


def step_stop(t, m, stop, code=0, delay_ms=600):
    with t.step("the stop answers what was accepted and leaves nobody behind"):
        m.up()
        m.delay_ms = delay_ms
        seen, box = m.bridge.stub.seen, []

        def run():
            try:
                m.call()
            except (Failure, OSError, fastcgi.FastCGIError, http.client.HTTPException) as e:
                box.append("%s: %s" % (type(e).__name__, e))

        thread = threading.Thread(target=run)
        thread.start()
        m.wait(lambda: m.bridge.stub.seen > seen, 5, "nothing came upstream")
        stop()
        thread.join()
        m.delay_ms = 0
        expect(not box, "what was accepted is not answered: %s" % box)
        m.ends(code)
        m.gone()


def step_bad_start(t, m, start, seconds=3):
    """A wrong configuration from the start: few starts within 3 s."""
    before = m.count(SAID)
    m.write(*BROKEN)
    began = time.monotonic()
    start()
    time.sleep(seconds)
    starts = m.count(SAID) - before
    # On a machine that is slow the time is longer, too.
    expect(1 <= starts < 5 * (time.monotonic() - began) / seconds,
           "%d starts within %d s; the log:\n%s" % (starts, seconds, m.tail()))
    expect(not m.workers(), "there are workers")
    t.note("   %s: %d starts within %d s" % (t.name, starts, seconds))
    m.write()


# ---- lighttpd

class Lighttpd(Manager):
    needs = ("lighttpd",)
    units = 1
    conf = ("max_requests = 20", "upstream_timeout_ms = 20000", "request_timeout_ms = 20000",
            "drain_timeout_s = 20")

    def __init__(self, build, tmp):
        super().__init__(build, tmp)
        self.port = free_port()
        (tmp / "lighttpd").mkdir()
        (tmp / "lighttpd.conf").write_text(self.ready_file("lighttpd-spawn.conf", {
            "server.port = 8080": "server.port = %d" % self.port,
            'server.username = "www-data"\n': "", 'server.groupname = "www-data"\n': ""}))

    def start(self):
        self.spawn("lighttpd", "-D", "-f", str(self.tmp / "lighttpd.conf"))

    def ask(self, body=PING):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/mcp", body, HEADERS)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def settled(self):
        return len(self.workers()) == 1 and len(self.tops()) == 1


def manager_lighttpd(t, build, tmp):
    """lighttpd starts a master and hands the socket over as descriptor 0."""
    m = Lighttpd(build, tmp)
    try:
        step_start(t, m)
        step_recycle(t, m)
        step_kill(t, m, "a worker", m.workers)
        step_kill(t, m, "the master and its worker", m.tops, True)
        master = m.tops()
        step_reload(t, m, lambda: send(m.tops(), signal.SIGHUP),
                    lambda: (m.tops(), m.workers()))
        with t.step("a reload keeps the master's pid"):
            expect(m.tops() == master, "%s, was %s" % (m.tops(), master))
        # By itself lighttpd waits for 8 s.
        step_stop(t, m, lambda: m.process.send_signal(signal.SIGINT), delay_ms=12000)
        with t.step("TERM ends it, too"):
            m.start()
            m.up()
            m.process.terminate()
            # lighttpd says 1 now and then, when it is told soon after a start.
            m.ends(None)
            m.gone()
        with t.step("a wrong configuration is no storm"):
            step_bad_start(t, m, m.start)
            if m.process.poll() is None:
                m.up(5)                 # mended by now
                m.process.terminate()
                m.ends(None)
            m.gone()
    finally:
        finish(t, m)


# ---- spawn-fcgi and multiwatch, supervisord: two processes without a master

def step_board(t, m):
    with t.step("/metrics of either process counts for both"):
        m.wait(m.settled, 5, "there are not two")
        texts = []
        want = sum_of(m.metrics(), "ums_mcp_requests_total")
        for _ in range(40):
            m.ping()
        for _ in range(10):
            texts.append(m.metrics())
        got = [sum_of(x, "ums_mcp_requests_total") - want for x in texts]
        expect(got == [40] * 10, "40 requests were sent; /metrics says %s" % got)
        m.wait(lambda: 'ums_mcp_workers{state="open"} 2' in m.metrics(), 5,
               "two are open; /metrics says %s" % re.findall(r"ums_mcp_workers\{.*", m.metrics()))
        shares = [int(x) for x in re.findall(r"^ums_mcp_worker_requests\S* (\d+)", m.metrics(),
                                             re.M)]
        t.note("   %s: %s requests in the two" % (t.name, shares or "?"))


def sum_of(text, name):
    return sum(int(x) for x in re.findall(r"^%s\{.*\} (\d+)$" % name, text, re.M))


class Pair(Manager):
    units = 2

    def metrics(self):
        status, answer = self.fcgi("GET", "/metrics")
        expect(status == 200, "/metrics: %s %s" % (status, answer))
        return answer.decode()

    def settled(self):
        return len(self.tops()) == 2 and not self.workers() and \
            'ums_mcp_workers{state="open"} 2' in self.metrics()

    def hup(self):
        send(self.tops(), signal.SIGHUP)

    def renew(self, reload, *lines):
        """Both take a good configuration."""
        self.wait(self.settled, 5, "there are not two")
        old = self.tops()
        self.write(*lines)
        reload()
        self.wait(lambda: not set(old) & set(self.tops()), 10, "they are not replaced")
        self.up()
        self.wait(self.settled, 10, "there are not two")


class SpawnFcgi(Pair):
    needs = ("spawn-fcgi", "multiwatch")

    def __init__(self, build, tmp):
        super().__init__(build, tmp)
        self.script = tmp / "spawn-fcgi.sh"
        self.script.write_text(self.ready_file("spawn-fcgi.sh", {"user=ums-mcp\n": "user=\n"}))
        self.script.chmod(0o755)

    def start(self):
        self.spawn(str(self.script))


def manager_spawn_fcgi(t, build, tmp):
    """spawn-fcgi makes the socket, multiwatch starts two processes on it."""
    m = SpawnFcgi(build, tmp)
    try:
        step_start(t, m)
        step_recycle(t, m)
        step_kill(t, m, "both processes", m.tops)
        step_reload(t, m, m.hup, m.tops)
        m.renew(m.hup, "max_requests = 0")
        step_board(t, m)
        with t.step("a configuration that becomes wrong is no storm, and mended it serves"):
            step_bad_start(t, m, lambda: send(m.tops(), signal.SIGKILL))
            m.up(12)
            m.wait(m.settled, 12, "there are not two")
        with t.step("the number in the file is multiwatch's"):
            pid = int((tmp / "multiwatch.pid").read_text())
            expect(pid == m.process.pid, "%d, and that is %d" % (pid, m.process.pid))
        step_stop(t, m, m.process.terminate)
        with t.step("a wrong configuration at the start: exit 100"):
            m.write(*BROKEN)
            m.start()
            m.ends(100)
            m.gone()
    finally:
        finish(t, m)


class Supervisor(Pair):
    needs = ("supervisord", "supervisorctl")

    def __init__(self, build, tmp):
        super().__init__(build, tmp)
        root = os.getuid() == 0
        (tmp / "ums-mcp.conf").write_text(self.ready_file("supervisord.conf", {
            "user=ums-mcp\n": "user=root\n" if root else "",
            "socket_owner=ums-mcp:www-data\n": ""}))
        self.main = tmp / "supervisord.conf"
        self.main.write_text("\n".join([
            "[supervisord]", "nodaemon=true", "logfile=%s/supervisord.log" % tmp,
            "pidfile=%s/supervisord.pid" % tmp, "childlogdir=%s" % tmp,
            "user=root" if root else "",
            "[unix_http_server]", "file=%s/ctl" % tmp,
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
            "[supervisorctl]", "serverurl=unix://%s/ctl" % tmp,
            "[include]", "files=%s/ums-mcp.conf" % tmp, ""]))

    def start(self):
        self.spawn("supervisord", "-n", "-c", str(self.main))

    def ctl(self, *words):
        done = subprocess.run([shutil.which("supervisorctl", path=SEARCH), "-c", str(self.main)] +
                              list(words), env={"PATH": SEARCH}, capture_output=True, timeout=30,
                              check=False, text=True)
        return done.stdout + done.stderr

    def stop(self):
        said = self.ctl("stop", "ums-mcp:*")
        expect(said.count("stopped") == 3, said)
        self.wait(lambda: not self.tops(), 2, "left behind: %s" % self.tops())
        log = (self.tmp / "supervisord.log").read_text()
        for i in (1, 2):
            expect("stopped: ums-mcp-%d (exit status 0)" % i in log, "not exit 0:\n" + log[-1500:])
        self.process.terminate()


def manager_supervisor(t, build, tmp):
    """supervisord makes the socket and starts two processes on it."""
    m = Supervisor(build, tmp)
    try:
        step_start(t, m)
        step_recycle(t, m)
        step_kill(t, m, "both processes", m.tops)
        step_reload(t, m, lambda: m.ctl("signal", "HUP", "ums-mcp:*"), m.tops)
        m.renew(lambda: m.ctl("signal", "HUP", "ums-mcp:*"), "max_requests = 0")
        step_board(t, m)
        with t.step("both end in one turn of supervisord's loop, and nobody who waits is lost"):
            with m.asked_all_the_time():
                os.kill(m.process.pid, signal.SIGSTOP)
                send(m.tops(), signal.SIGTERM)
                m.wait(lambda: not m.tops(), 5, "they do not end")
                os.kill(m.process.pid, signal.SIGCONT)
                m.wait(lambda: len(m.tops()) == 2, 5, "they are not started again")
                m.wait(m.settled, 5, "there are not two")
        step_stop(t, m, m.stop)
        with t.step("a wrong configuration at the start: exit 100, and not again until asked"):
            step_bad_start(t, m, m.start)
            said = m.ctl("status")
            expect(said.count("EXITED") == 2, said)
            log = (tmp / "supervisord.log").read_text()
            expect("ums-mcp-1 (exit status 100; expected)" in log, log[-1500:])
            m.ctl("start", "ums-mcp:*")
            m.up(5)
            m.process.terminate()
            m.ends()
            m.gone()
    finally:
        finish(t, m)


# ---- systemd

class Systemd(Manager):
    needs = ("systemd-analyze", "systemd-socket-activate")
    units = 1

    def __init__(self, build, tmp):
        super().__init__(build, tmp)
        self.dir = tmp / "units"
        self.dir.mkdir()
        for name in ("ums-mcp.socket", "ums-mcp.service"):
            (self.dir / name).write_text(self.ready_file(name))
        self.heard = []
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(tmp / "n"))
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self):
        while True:
            try:
                text = self.notify.recv(4096).decode()
            except OSError:
                return
            self.heard.append((text, self.count('"worker open')))

    def said(self, since=0):
        return [text.split("\n")[0] for text, _ in self.heard[since:]]

    def of(self, unit, key):
        """The values of a key in a unit."""
        return re.findall(r"^%s=(.*)$" % key, (self.dir / unit).read_text(), re.M)

    def start(self):
        """What the two units say, by systemd-socket-activate: it listens and, once asked, execs."""
        options = []
        for pair in [self.mark, "NOTIFY_SOCKET=%s/n" % self.tmp, "ASAN_OPTIONS=exitcode=99"] + \
                self.of("ums-mcp.service", "Environment"):
            options += ["-E", pair]
        Path(self.socket).unlink(missing_ok=True)
        self.spawn("systemd-socket-activate", "-l", self.of("ums-mcp.socket", "ListenStream")[0],
                   *options, *self.of("ums-mcp.service", "ExecStart")[0].split())

    def settled(self):
        return len(self.workers()) == 1 and len(self.tops()) == 1

    def close(self):
        super().close()
        self.notify.close()


def manager_systemd(t, build, tmp):
    """Socket activation and notification; the units themselves are checked by systemd-analyze."""
    m = Systemd(build, tmp)
    try:
        with t.step("systemd-analyze verify has nothing to say"):
            # As nobody, if we may: it is to read two files and to touch nothing.
            nobody = {"user": 65534, "group": 65534, "extra_groups": []} \
                if os.getuid() == 0 else {}
            with tempfile.TemporaryDirectory(prefix="mu.") as units:
                os.chmod(units, 0o755)
                for unit in m.dir.iterdir():
                    # Its program need only be one that nobody can reach.
                    text = unit.read_text().replace(m.bridge.binary, "/bin/true")
                    Path(units, unit.name).write_text(text)
                done = subprocess.run(
                    ["systemd-analyze", "verify", "--man=no", units + "/ums-mcp.socket",
                     units + "/ums-mcp.service"], env={"PATH": SEARCH}, check=False,
                    capture_output=True, text=True, timeout=30, **nobody)
            # What other units of the machine are blamed for is not ours.
            mine = [x for x in (done.stdout + done.stderr).splitlines() if "ums-mcp" in x]
            expect(done.returncode == 0 and not mine, "exit %d: %s%s"
                   % (done.returncode, done.stdout, done.stderr))
        step_start(t, m)
        with t.step("READY=1 comes once, after the worker serves"):
            m.wait(lambda: m.heard, 5, "nothing is said")
            expect(m.said() == ["READY=1"] and m.heard[0][1] >= 1, "said: %s" % m.heard)
        step_recycle(t, m)
        with t.step("replaced workers are nothing to tell"):
            expect(set(m.said()) == {"READY=1"}, "said: %s" % m.said())
        step_kill(t, m, "a worker", m.workers)
        mark = len(m.heard)
        step_reload(t, m, lambda: send(m.tops(), signal.SIGHUP),
                    lambda: (m.tops(), m.workers()))
        with t.step("RELOADING=1 with a time, then READY=1; nothing of a refused one"):
            said = m.said(mark)
            expect(said.count("RELOADING=1") == 1, "said: %s" % m.heard[mark:])
            at = said.index("RELOADING=1")
            expect(said[at:at + 2] == ["RELOADING=1", "READY=1"], "said: %s" % m.heard[mark:])
            expect(re.search(r"^MONOTONIC_USEC=\d+$", m.heard[mark + at][0], re.M),
                   "no time: %s" % m.heard[mark + at][0])
        with t.step("the master is still the process that systemd started"):
            expect(m.tops() == [m.process.pid], "%s, was %d" % (m.tops(), m.process.pid))
        mark = len(m.heard)
        step_stop(t, m, m.process.terminate)
        with t.step("STOPPING=1, and the socket's file stays"):
            expect(m.said(mark) == ["STOPPING=1"], "said: %s" % m.said(mark))
            expect(os.path.exists(m.socket), "the file is gone; systemd listens there")
        with t.step("a wrong configuration: exit 100, and no READY=1"):
            mark = len(m.heard)
            m.write(*BROKEN)
            m.start()
            m.wait(lambda: os.path.exists(m.socket), 5, "it does not listen")
            client = fastcgi.FastCGIClient(m.socket, 5).connect()
            m.ends(100)
            client.close()
            expect(m.said(mark) == [], "said: %s" % m.said(mark))
            m.gone()
        t.skip("the two units under a systemd of their own",
               "one that boots changes the machine it is on (/tmp, cgroups, sysctl); make test-deb"
               " boots machines for it")
    finally:
        finish(t, m)


# ---- s6

class S6(Manager):
    needs = ("s6-svscan", "s6-svc", "s6-svstat", "s6-ipcserver-socketbinder")
    units = 1

    def __init__(self, build, tmp):
        super().__init__(build, tmp)
        self.scan = tmp / "scan"
        self.service = self.scan / "ums-mcp"
        self.service.mkdir(parents=True)
        # The folder of the socket, and whoever runs the test.
        more = {"install -d -o ums-mcp -g www-data -m 2750": "install -d -m 2750",
                "s6-setuidgid ums-mcp ": ""}
        for name in ("run", "finish", "timeout-kill"):
            (self.service / name).write_text(self.ready_file(
                "s6/" + name, more if name == "run" else {}))
            (self.service / name).chmod((MANAGERS / "s6" / name).stat().st_mode & 0o777)

    def start(self):
        self.spawn("s6-svscan", str(self.scan))

    def svc(self, *words):
        subprocess.run([shutil.which("s6-svc", path=SEARCH)] + list(words) + [str(self.service)],
                       check=True, timeout=20, capture_output=True)

    def status(self):
        return subprocess.run([shutil.which("s6-svstat", path=SEARCH), str(self.service)],
                              check=False, timeout=20, capture_output=True, text=True).stdout

    def stop(self):
        self.svc("-wD", "-T", "8000", "-d")
        self.wait(lambda: "down (exitcode 0)" in self.status(), 2, "it is %s" % self.status())
        self.scan_ends()

    def scan_ends(self):
        subprocess.run([shutil.which("s6-svscanctl", path=SEARCH), "-t", str(self.scan)],
                       check=True, timeout=20)

    def settled(self):
        return len(self.workers()) == 1 and len(self.tops()) == 1


def manager_s6(t, build, tmp):
    """s6-svscan and s6-supervise keep a master, s6-ipcserver-socketbinder makes its socket."""
    m = S6(build, tmp)
    try:
        step_start(t, m)
        with t.step("the socket has mode 0660"):
            mode = os.stat(m.socket).st_mode & 0o777
            expect(mode == 0o660, "it has %o" % mode)
        step_recycle(t, m)
        step_kill(t, m, "a worker", m.workers)
        step_kill(t, m, "the master and its worker", m.tops, True)
        master = m.tops()
        step_reload(t, m, lambda: m.svc("-h"), lambda: (m.tops(), m.workers()))
        with t.step("a reload keeps the master's pid"):
            expect(m.tops() == master, "%s, was %s" % (m.tops(), master))
        step_stop(t, m, m.stop)
        with t.step("a wrong configuration at the start: exit 100, and not again until asked"):
            step_bad_start(t, m, m.start)
            expect("down (exitcode 100)" in m.status(), m.status())
            m.svc("-u")
            m.up(5)
            m.svc("-wD", "-T", "8000", "-d")
            m.scan_ends()
            m.ends()
            m.gone()
    finally:
        finish(t, m)


# ---- running them

def finish(t, m):
    """Look at the logs, and leave nothing behind."""
    m.close()
    with t.step("nothing in the logs that must not be there"):
        m.bridge.check_log(m.text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="names of managers; all without one")
    parser.add_argument("--build", default=os.environ.get(
        "BUILD_DIR", str(ROOT / "build" / "asan")))
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    managers = {k[8:]: v for k, v in globals().items() if k.startswith("manager_")}
    kinds = {"lighttpd": Lighttpd, "spawn_fcgi": SpawnFcgi, "supervisor": Supervisor,
             "systemd": Systemd, "s6": S6}
    wanted = [n.replace("-", "_") for n in args.names] or list(managers)
    if set(wanted) - set(managers):
        raise SystemExit("no such manager: %s" % " ".join(sorted(set(wanted) - set(managers))))
    tmp = Path(tempfile.mkdtemp(prefix="mg."))
    trials = []
    for name in wanted:
        t = Trial(name.replace("_", "-"), args.verbose)
        trials.append(t)
        missing = [p for p in kinds[name].needs if shutil.which(p, path=SEARCH) is None]
        if missing:
            t.skip("all", "no %s here" % ", ".join(missing))
            continue
        began = time.monotonic()
        try:
            managers[name](t, Path(args.build), tmp / name)
        except (Failure, OSError, fastcgi.FastCGIError, subprocess.SubprocessError) as e:
            t.failed += 1
            print("FAIL %s: %s: %s" % (t.name, type(e).__name__, e), flush=True)
        t.note("   %s: %.1f s" % (t.name, time.monotonic() - began))
    shutil.rmtree(tmp, ignore_errors=True)
    passed, failed, skipped = (sum(getattr(t, k) for t in trials)
                               for k in ("passed", "failed", "skipped"))
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
