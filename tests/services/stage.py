# SPDX-License-Identifier: MIT
"""stage.py - what a test of a service file stands on: processes, the bridge, a client.

    with Stage(build, tmp, ["matrix.json"], lines, secrets) as stage:
        stage.model.do("matrix_list_rooms")          # its result, or a cases.Failure
        stage.model.refused("matrix_get_room", "not_found", room="#x:y")
"""
import functools
import json
import subprocess
import sys
import time
from pathlib import Path

import anyio.from_thread
from mcp import Client
from mcp_types import ElicitResult

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from cases import Bridge, WebServer  # noqa: E402
from attack import expect  # noqa: E402

START_S, END_S = 180, 20     # a busy machine takes its time: ejabberd needs 1 s alone

CONF = """\
auth = none
services = {services}
state_key = {tmp}/state.key
store = {tmp}/store
drain_timeout_s = 3
"""


class Process:
    """A program that a test starts, and ends by its id; what it says is in a file."""

    def __init__(self, name, command, tmp, ready, environment=None):
        self.name, self.log = name, tmp / (name + ".log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, cwd=tmp, env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            expect(patiently(lambda: self.ended() or ready(), START_S) and not self.ended(),
                   "%s does not start:\n%s" % (name, self.said()[-2000:]))
        except BaseException:
            self.stop()
            raise

    def ended(self):
        return self.process.poll() is not None

    def said(self):
        return self.log.read_text("utf-8", "backslashreplace")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class ServiceBridge(Bridge):
    """A Bridge for service files, with `lines` of configuration; `token` may be in no log."""

    def __init__(self, build, tmp, files, lines, token):
        super().__init__(build, tmp)
        self.files, self.lines, self.token = files, lines, token

    def write_conf(self, lines=()):
        text = CONF.format(tmp=self.tmp, services=" ".join(map(str, self.files)))
        self.conf.write_text(text + "\n".join(list(self.lines) + list(lines)) + "\n")


class Model:
    """The official Python client, in the one era or the other.

    `person` is what the one whom it asks says: "accept", "decline", or None where the client
    cannot ask. `done` has the tools that gave a result.
    """

    def __init__(self, url, mode, person=None):
        self.person, self.asked, self.done = person, [], set()
        self.began = anyio.from_thread.start_blocking_portal()
        self.portal = self.began.__enter__()
        try:
            self.opened = self.portal.wrap_async_context_manager(Client(
                url, mode=mode, elicitation_callback=self.ask if person else None))
            self.client = self.opened.__enter__()
        except BaseException:
            self.began.__exit__(None, None, None)
            raise

    async def ask(self, _, params):
        self.asked.append(params.message)
        if self.person == "accept":
            return ElicitResult(action="accept", content={"confirm": True})
        return ElicitResult(action=self.person)

    def tools(self):
        return self.portal.call(self.client.list_tools).tools

    def call(self, tool, arguments):
        """(whether it failed, the result); the client holds it to the tool's outputSchema."""
        got = self.portal.call(functools.partial(self.client.call_tool, tool, arguments))
        expect(len(got.content) == 1, "not one text block: %s" % got)
        value = json.loads(got.content[0].text)
        expect(got.is_error or got.structured_content == value, "text and structure differ")
        return got.is_error, value

    def do(self, tool, **arguments):
        failed, value = self.call(tool, arguments)
        expect(not failed, "%s: %s" % (tool, value))
        self.done.add(tool)
        return value

    def refused(self, tool, code, **arguments):
        failed, value = self.call(tool, arguments)
        expect(failed and value["code"] == code, "%s: %s is wanted, not %s" % (tool, code, value))
        return value

    def pages(self, tool, member, **arguments):
        """All items of a list, page by page."""
        out, cursor, count = [], {}, 0
        while True:
            page = self.do(tool, **arguments, **cursor)
            out += page[member]
            count += 1
            expect(count < 50, "the pages of %s have no end" % tool)
            if "next_cursor" not in page:
                return out, count
            cursor = {"cursor": page["next_cursor"]}

    def close(self):
        try:
            self.opened.__exit__(None, None, None)
        finally:
            self.began.__exit__(None, None, None)


class Stage:
    """Service files behind the bridge and lighttpd, and a client for each era in front."""

    def __init__(self, build, tmp, files, lines, token):
        self.bridge = ServiceBridge(build, tmp, files, lines, token)
        self.files = files
        self.ends = [self.bridge.close, self.bridge.check_log]
        try:
            self.bridge.start()
            self.ends.append(self.bridge.stop)
            self.web = WebServer("lighttpd", tmp, self.bridge)
            self.ends.append(self.web.stop)
            url = "http://127.0.0.1:%d/mcp" % self.web.port
            self.model = Model(url, "auto", "accept")
            self.ends.append(self.model.close)
            self.silent = Model(url, "legacy")      # it cannot ask its person
            self.ends.append(self.silent.close)
        except BaseException:
            self.end()
            raise

    def end(self):
        """All that was started ends; what was wrong with it, or None."""
        why = []
        while self.ends:
            try:
                self.ends.pop()()
            except Exception as e:      # whatever it is: the others must end, too
                why.append(str(e) or repr(e))
        return "; ".join(why) or None

    def tools(self):
        """The names of the tools in the files."""
        return [t["name"] for f in self.files for t in json.loads(Path(f).read_text())["tools"]]

    def check_list(self):
        """Clients see every tool of the files, with the hints that the file gives."""
        listed = {t.name: t for t in self.model.tools()}
        for file in self.files:
            for tool in json.loads(Path(file).read_text())["tools"]:
                got, write = listed[tool["name"]], tool.get("write", False)
                expect(got.annotations.read_only_hint is not write, "%s: hints" % tool["name"])
                expect(not write or tool["policy"] == "confirm", "%s: not asked" % tool["name"])
                expect(got.output_schema is not None, "%s: no outputSchema" % tool["name"])

    def check_done(self):
        """Every tool gave a result at least once."""
        missing = set(self.tools()) - self.model.done - self.silent.done
        expect(not missing, "never run: %s" % ", ".join(sorted(missing)))


def patiently(what, seconds=20):
    """What `what` returns, as soon as that is something; it is asked until then."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(0.1)
