#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The process: what its program file is made of, whose it is, and what a worker can no longer do.

    tests/sandbox.py [NAME ...] [--build DIR] [-v]

Every function sandbox_NAME is one test. What is refused inside of the sandbox is tried by
tests/unit/test_sandboxed.c, which enters it as a worker does; here that is built as the release is,
and real workers are looked at from outside. Tests of `user` need root.
"""
import argparse
import ctypes
import errno
import grp
import json
import os
import pwd
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from attack import Arena, cgi, expect, is_running  # noqa: E402
from cases import ROOT, Bridge, Certificates, Failure, children, free_port  # noqa: E402
from fastcgi import FastCGIClient, FastCGIError, params  # noqa: E402

RELEASE = ROOT / "build" / "release"
NOBODY = "nobody"
LIST = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                   "params": {"name": "list_items", "arguments": {}}}).encode()


class LocalCertificates(Certificates):
    """For the name localhost, which has to be looked up."""

    def __init__(self, tmp):
        self.own, self.key, self.other = tmp / "own.pem", tmp / "own.key", tmp / "own.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", str(self.key),
                        "-out", str(self.own)], check=True, capture_output=True)


class Skip(Exception):
    """What a test needs is not to be had here."""


# ---- looking at processes

def status(pid):
    """/proc/PID/status as a dictionary."""
    lines = Path("/proc/%d/status" % pid).read_text().splitlines()
    return dict(re.split(r":\s*", line, maxsplit=1) for line in lines)


def core_limit(pid):
    text = Path("/proc/%d/limits" % pid).read_text()
    return re.search(r"Max core file size +(\S+) +(\S+)", text).groups()


def sockets(pid):
    """How many of its descriptors are sockets."""
    folder = "/proc/%d/fd" % pid
    return sum(os.readlink("%s/%s" % (folder, fd)).startswith("socket:")
               for fd in os.listdir(folder))


def call(bridge):
    """A tool call that goes to the service."""
    code, _, body = FastCGIClient(bridge.socket, 10).request(cgi(LIST), LIST)
    return code, body


def called(bridge):
    code, body = call(bridge)
    expect(code == 200 and b'"structuredContent"' in body, "call: %s %.300s" % (code, body))


def start(bridge, conf=(), code=100, **more):
    """Start it where it is not to start: its exit code and what it said."""
    bridge.write_conf(conf)
    done = subprocess.run([bridge.binary, "--listen", bridge.socket], check=False, timeout=20,
                          env=bridge.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                          **more)
    said = done.stderr.decode()
    expect(done.returncode == code, "exit %d, not %d: %s" % (done.returncode, code, said))
    expect(not os.path.exists(bridge.socket), "the socket's file is left")
    return said


# ---- the program files

def make(*targets):
    done = subprocess.run(["make", "-s", "-C", str(ROOT)] + list(targets), check=False,
                          timeout=400, capture_output=True)
    expect(done.returncode == 0, "make %s: %s" % (" ".join(targets), done.stderr.decode()))


def readelf(path, *options):
    return subprocess.run(["readelf", "-W"] + list(options) + [str(path)], check=True, timeout=60,
                          capture_output=True, text=True, env=dict(os.environ, LC_ALL="C")).stdout


def sandbox_flags(_):
    """The release build is hardened: what checksec looks for."""
    make("build/release/ums-mcp", "build/release/ums-local")
    for name in ("ums-mcp", "ums-local"):
        path = RELEASE / name
        header, segments = readelf(path, "-h"), readelf(path, "-l")
        dynamic, symbols = readelf(path, "-d"), readelf(path, "--dyn-syms")
        stack = re.search(r"GNU_STACK.* ([RWE ]{3}) +0x", segments)
        for what, why in (
                (re.search(r"Type: +DYN", header), "no PIE"),
                (re.search(r"FLAGS_1\).*\bPIE\b", dynamic), "a library, not a PIE"),
                ("GNU_RELRO" in segments, "no RELRO"),
                (re.search(r"\(FLAGS\).*BIND_NOW|FLAGS_1\).*\bNOW\b", dynamic), "no BIND_NOW"),
                (stack is not None and "E" not in stack.group(1), "an executable stack"),
                (not re.search(r"LOAD.* RWE ", segments), "a segment to write and execute"),
                ("__stack_chk_fail" in symbols, "no stack protector"),
                (len(set(re.findall(r"(__\w+_chk)@", symbols))) > 3, "no _FORTIFY_SOURCE"),
                (not re.search(r"\((RPATH|RUNPATH|TEXTREL)\)", dynamic), "RPATH or TEXTREL")):
            expect(what, "%s: %s" % (name, why))
        if os.uname().machine == "x86_64":
            # The program has the mark only if all objects do, the C library's as well.
            notes = readelf(RELEASE / "obj" / "base" / "buf.o", "-n")
            expect("IBT" in notes and "SHSTK" in notes, "%s: no -fcf-protection" % name)


def sandbox_inside(_):
    """All that is refused and all that goes on working, in the release build."""
    make("build/release/unit/test_sandboxed")
    done = subprocess.run([str(RELEASE / "unit" / "test_sandboxed")], check=False, timeout=60,
                          capture_output=True, text=True)
    expect(done.returncode == 0, done.stdout + done.stderr)


# ---- real workers

def sandbox_worker(a):
    """A worker is in it; its master is not, but for what both keep from others."""
    master, (worker,) = a.bridge.master.pid, a.bridge.worker()
    inside, outside = status(worker), status(master)
    expect(inside["Seccomp"] == "2", "no filter: %s" % inside["Seccomp"])
    expect(inside["Seccomp_filters"] == "1", "%s filters" % inside.get("Seccomp_filters"))
    expect(outside["Seccomp"] == "0", "the master has a filter")
    for pid, of in ((worker, inside), (master, outside)):
        expect(of["NoNewPrivs"] == "1", "new privileges are to be had")
        expect(core_limit(pid) == ("1", "1"), "core limit: %s" % (core_limit(pid),))
    a.ping()
    called(a.bridge)
    Bridge.wait_for(lambda: a.pss() > 1000000, 5, "its memory is not seen")


def sandbox_off(a):
    """sandbox = off: as before there was one, and the log says so."""
    worker, = a.bridge.worker()
    expect(status(worker)["Seccomp"] == "0", "there is a filter")
    expect(status(worker)["NoNewPrivs"] == "1", "new privileges are to be had")
    expect("sandbox = off" in a.bridge.text(), "the log does not say it")
    called(a.bridge)


sandbox_off.conf = ["sandbox = off"]


def sandbox_alone(a):
    """Without a master: in it as well, and who checks its reloads is outside, and holds nothing."""
    a.bridge.stop()
    a.alone()
    pid = a.bridge.master.pid
    helper, = children(pid)
    expect(status(pid)["Seccomp"] == "2", "no filter")
    expect(status(helper)["Seccomp"] == "0", "the checker is inside")
    expect(status(helper)["Name"] == "ums-mcp-reload", status(helper)["Name"])
    expect(sockets(helper) == 1, "it holds %d sockets" % sockets(helper))
    # Signals to the whole group are not for it.
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        os.kill(helper, number)
    a.bridge.write_conf(["nonsense = 1"])
    for count in (1, 2):
        os.kill(pid, signal.SIGHUP)
        a.wait_log("reload refused", 5, count)
    expect("unknown key" in a.bridge.text(), "the reason is not said")
    a.ping()
    # HUP upon HUP while one is being checked: checked once more, and then it drains.
    a.bridge.write_conf(a.conf)
    for _ in range(5):
        os.kill(pid, signal.SIGHUP)
    expect(a.bridge.master.wait(10) == 0, "it does not drain")
    expect(not is_running(helper), "the checker is left behind")
    expect(not os.path.exists(a.bridge.socket), "the socket's file is left")
    a.bridge.master = None


def sandbox_alone_killed(a):
    """The checker dies: no reload any more, all else goes on. The worker dies: so does it."""
    a.bridge.stop()
    a.alone()
    pid = a.bridge.master.pid
    helper, = children(pid)
    os.kill(helper, signal.SIGKILL)
    a.wait_log("the process for reloads is gone")
    Bridge.wait_for(lambda: not os.path.exists("/proc/%d" % helper), 3, "a zombie is left")
    os.kill(pid, signal.SIGHUP)
    a.wait_log("cannot be checked")
    a.ping()
    a.bridge.stop()
    a.alone()
    helper, = children(a.bridge.master.pid)
    a.bridge.master.kill()
    a.bridge.master.wait()
    a.bridge.master = None
    Bridge.wait_for(lambda: not is_running(helper), 3, "the checker outlives its worker")


def sandbox_names(a):
    """A name is resolved, and a certificate judged, inside; a name that is none is an error."""
    a.bridge.stop()
    a.bridge.start(["service.cases.base_url = https://localhost:<<TLS>>/api",
                    "service.cases.ca_file = <<CA>>"])
    called(a.bridge)
    a.bridge.stop()
    a.bridge.start(["service.cases.base_url = https://no-such-host.invalid/api"])
    body = call(a.bridge)[1]
    expect(b"upstream_unresolvable" in body, "%.300s" % body)


sandbox_names.certificates = True


def sandbox_redis(a):
    """Redis by its name, which is looked up inside."""
    if shutil.which("redis-server") is None:
        raise Skip("no redis-server here")
    port = free_port()
    server = subprocess.Popen(["redis-server", "--port", str(port), "--save", "", "--bind",
                               "127.0.0.1"], stdout=subprocess.DEVNULL, cwd=a.bridge.tmp)
    try:
        a.bridge.stop()
        a.reply = '{"id":"1"}'
        a.bridge.start(["store = redis://localhost:%d" % port])
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "create_item", "arguments": {"text": "x", "idempotency_key": "k"}}}).encode()
        for replay in (False, True):
            _, _, text = FastCGIClient(a.bridge.socket, 10).request(cgi(body), body)
            expect(b'"structuredContent":{"id":"1"' in text, "%.300s" % text)
            expect((b'"idempotent_replay":true' in text) == replay, "%.300s" % text)
    finally:
        server.kill()
        server.wait()


# ---- kernels that lack something

def refusing(*calls):
    """For subprocess: from then on these calls are answered as by a kernel without them."""
    lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_init.argtypes = [ctypes.c_uint32]
    lib.seccomp_load.argtypes = [ctypes.c_void_p]
    lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int,
                                           ctypes.c_uint, ctypes.c_void_p]
    allow, refuse = 0x7fff0000, 0x00050000 | errno.ENOSYS
    context = lib.seccomp_init(allow)
    for name in calls:
        number = lib.seccomp_syscall_resolve_name(name.encode())
        expect(lib.seccomp_rule_add_array(context, refuse, number, 0, None) == 0, name)
    return lambda: lib.seccomp_load(context)


def sandbox_old_kernel(a):
    """What the kernel lacks ends the start with the mend in the sentence, or is left out."""
    a.bridge.stop()
    for calls, name in ((["landlock_create_ruleset"], "Landlock"), (["seccomp"], "seccomp filter")):
        said = start(a.bridge, preexec_fn=refusing(*calls))
        expect(("this kernel has no " + name) in said and "sandbox = try" in said, said)
        a.conf = ["sandbox = try"]
        a.launch(preexec_fn=refusing(*calls))
        expect("this kernel has no " + name in a.bridge.text(), "no warning")
        worker, = a.bridge.worker()
        # One filter is the test's own.
        filters = 1 if name == "seccomp filter" else 2
        expect(status(worker)["Seccomp_filters"] == str(filters),
               "%s filters" % status(worker)["Seccomp_filters"])
        called(a.bridge)
        a.bridge.stop()


# ---- whose it is

def as_user(a):
    """What the bridge needs where `user` can reach it."""
    if os.getuid() != 0:
        raise Skip("not root")
    a.bridge.stop()
    user = pwd.getpwnam(NOBODY)
    tmp = a.bridge.tmp
    tmp.parent.chmod(0o755)
    shutil.copy(a.bridge.binary, tmp / "ums-mcp")
    a.bridge.binary = str(tmp / "ums-mcp")
    shutil.copy(HERE / "cases" / "service.json", tmp / "service.json")
    for path in [tmp, *tmp.iterdir()]:
        if path != a.bridge.log and path.exists():
            os.chown(path, user.pw_uid, user.pw_gid)
    for name in ("store", "store-lock", "state.key"):
        (tmp / name).unlink(missing_ok=True)
    a.conf = ["user = " + NOBODY, "services = %s/service.json" % tmp]
    return user


def sandbox_user(a):
    """Started as root it becomes the user, reads its secrets as that one, and reloads."""
    user = as_user(a)
    groups = {g.gr_gid for g in grp.getgrall() if NOBODY in g.gr_mem} | {user.pw_gid}
    a.launch(preexec_fn=lambda: os.setgroups([0, 4]))
    expect("started as root" not in a.bridge.text().split("pid\":%d" % a.bridge.master.pid)[-1],
           "it warns")
    for turn in range(2):
        master, workers = a.bridge.master.pid, a.bridge.worker()
        for pid in [master] + workers:
            of = status(pid)
            expect(of["Uid"].split() == [str(user.pw_uid)] * 4, "uid %s" % of["Uid"])
            expect(of["Gid"].split() == [str(user.pw_gid)] * 4, "gid %s" % of["Gid"])
            expect(set(map(int, of["Groups"].split())) <= groups, "groups %s" % of["Groups"])
            expect(int(of["CapEff"], 16) == 0 and int(of["CapPrm"], 16) == 0, "capabilities")
            expect(core_limit(pid) == ("1", "1"), "core limit: %s" % (core_limit(pid),))
        expect(os.stat(a.bridge.socket).st_uid == user.pw_uid, "the socket's file is another's")
        for name in ("store", "state.key"):
            expect(os.stat(a.bridge.tmp / name).st_uid == user.pw_uid, "whose is %s" % name)
        called(a.bridge)
        if turn == 0:
            opened = a.bridge.text().count('"worker open')
            os.kill(master, signal.SIGHUP)
            a.wait_log('"worker open', 10, opened + 1)
            Bridge.wait_for(lambda: a.bridge.worker() and set(a.bridge.worker()).isdisjoint(
                workers), 10, "the old worker stays")
    # A secret that is no longer to be read: the old configuration goes on.
    os.chown(a.bridge.tmp / "token", 0, 0)
    os.kill(a.bridge.master.pid, signal.SIGHUP)
    a.wait_log("reload refused", 10)
    expect(str(a.bridge.tmp / "token") in a.bridge.text(), "the file is not named")
    called(a.bridge)
    # Another user is nobody that this process could become by now.
    os.chown(a.bridge.tmp / "token", user.pw_uid, user.pw_gid)
    a.bridge.write_conf(a.conf + ["user = daemon"])
    os.kill(a.bridge.master.pid, signal.SIGHUP)
    a.wait_log("reload refused", 10, 2)
    expect("only root can become another user" in a.bridge.text(), "the reason is not said")
    called(a.bridge)


def sandbox_user_secrets(a):
    """What the user may not read is named at start, though root could read it."""
    as_user(a)
    for name in ("token", "conf", "service.json"):
        path = a.bridge.tmp / name
        a.bridge.write_conf(a.conf)
        mode, owner = path.stat().st_mode & 0o777, path.stat().st_uid
        os.chown(path, 0, 0)
        path.chmod(0o600)
        said = start(a.bridge, a.conf)
        expect(str(path) in said and "Permission denied" in said, "%s: %s" % (name, said))
        tested = subprocess.run([a.bridge.binary, "-t"], check=False, timeout=20,
                                env=a.bridge.environment(), capture_output=True)
        expect(tested.returncode == 100 and str(path).encode() in tested.stderr,
               "-t: %d %s" % (tested.returncode, tested.stderr))
        os.chown(path, owner, owner)
        path.chmod(mode)


def sandbox_user_other(a):
    """Who is neither root nor that user cannot start it; the user itself can."""
    user = as_user(a)

    def become():
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)

    said = start(a.bridge, a.conf + ["user = daemon"], preexec_fn=become)
    expect("user = daemon" in said and "only root" in said, said)
    said = start(a.bridge, a.conf + ["user = nobody-at-all"])
    expect("there is no such user" in said, said)
    # Whoever checks a configuration need not be whom it names.
    a.bridge.write_conf(a.conf + ["user = daemon"])
    done = subprocess.run([a.bridge.binary, "-t"], check=False, timeout=20, preexec_fn=become,
                          env=a.bridge.environment(), capture_output=True)
    expect(done.returncode == 0, "-t: %s" % done.stderr)
    a.launch(preexec_fn=become)
    called(a.bridge)


def sandbox_user_empty(a):
    """Started as root without a user: it goes on, and says so."""
    if os.getuid() != 0:
        raise Skip("not root")
    expect("started as root, and user is empty" in a.bridge.text(), "no warning")


# ---- running them

class Rig(Arena):
    """What a test acts on."""

    def __init__(self, bridge, conf):
        super().__init__(bridge)
        self.conf = conf
        self.reply = '{"data":[{"id":"7"}]}'
        if bridge.tls is not None:
            bridge.tls.handler = self.upstream

    def launch(self, *options, **more):
        """Start it in another way than Bridge.start() does."""
        before = self.bridge.text().count('"worker open')
        self.bridge.write_conf(self.conf)
        with open(self.bridge.log, "ab") as log:
            self.bridge.master = subprocess.Popen(
                [self.bridge.binary, "--listen", self.bridge.socket, *options],
                env=self.bridge.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                **more)
        self.wait_log('"worker open', 10, before + 1)

    def alone(self):
        """Without a master."""
        self.launch("--workers", "0")

    def pss(self):
        """The worker's memory as it says itself."""
        found = re.search(rb"(?m)^ums_mcp_worker_pss_bytes\{[^}]*\} (\d+)", self.get("/metrics")[1])
        return int(found.group(1)) if found else 0

    def get(self, path):
        code, _, body = self.client.request(
            params("GET", path, {"Host": "localhost"}, b""), b"")
        return code, body


def run(name, test, build, tmp):
    """One test: None, why it failed, or Skip."""
    certificates = None
    if getattr(test, "certificates", False):
        certificates = LocalCertificates(tmp)
    bridge = Bridge(build.resolve(), tmp / name, certificates)
    why = None
    try:
        rig = Rig(bridge, list(getattr(test, "conf", [])))
        if name not in ("flags", "inside"):
            bridge.start(rig.conf)
        test(rig)
        rig.finish()
    except Skip as e:
        why = e
    except (Failure, FastCGIError, OSError, subprocess.SubprocessError) as e:
        why = "%s: %s" % (type(e).__name__, e)
    for step in (bridge.stop, bridge.check_log):
        try:
            step()
        except Failure as e:
            why = str(e) if why is None or isinstance(why, Skip) else "%s; %s" % (why, e)
    bridge.close()
    return why


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="names of tests; all without one")
    parser.add_argument("--build", default=os.environ.get(
        "BUILD_DIR", str(ROOT / "build" / "asan")))
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    tests = {k[8:]: v for k, v in globals().items() if k.startswith("sandbox_")}
    wanted = [n.replace("-", "_") for n in args.names] or list(tests)
    if set(wanted) - set(tests):
        raise SystemExit("no such test: %s" % " ".join(sorted(set(wanted) - set(tests))))
    tmp = Path(tempfile.mkdtemp(prefix="sandbox."))
    passed = failed = skipped = 0
    for name in wanted:
        began = time.monotonic()
        why = run(name, tests[name], Path(args.build), tmp)
        title = name.replace("_", "-")
        if isinstance(why, Skip):
            skipped += 1
            print("SKIP %s: %s" % (title, why), flush=True)
        elif why is not None:
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
