# SPDX-License-Identifier: MIT
"""ejabberd.py - etc/services/ejabberd.json against ejabberd, read by an XMPP client (slixmpp).

The bridge is bot. What arrives is read as bob, over XMPP.
"""
import asyncio
import base64
import json
import os
import shutil
import urllib.error
import urllib.request

import anyio.from_thread
from slixmpp import ClientXMPP

from stage import ROOT, Process, Stage, expect, patiently
from cases import Failure, free_port
from texts import HIDDEN, long_text

HOST = "xmpp.test"
ROOMS = "conference." + HOST

CONF = """\
loglevel: warning
hosts: [%(host)s]
listen:
  - {port: %(xmpp)d, ip: "127.0.0.1", module: ejabberd_c2s, access: c2s}
  - {port: %(http)d, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {/api: mod_http_api}}
acl:
  bot: {user: ["bot@%(host)s"]}
access_rules:
  c2s: {allow: all}
  bot: {allow: bot}
# What etc/services/ejabberd.json needs, and no more; the tests themselves make accounts and rooms.
api_permissions:
  bridge:
    from: [mod_http_api]
    who: {access: [{allow: {acl: bot}}]}
    what: [send_message, get_roster, registered_users, get_presence, get_offline_count,
           muc_online_rooms_by_regex, get_room_occupants]
  tests:
    from: [mod_http_api]
    who: {ip: 127.0.0.1/8}
    what: [register, change_password, create_room, add_rosteritem]
auth_method: internal
modules:
  mod_admin_extra: {}
  mod_http_api: {}
  mod_mam: {default: always}
  mod_muc: {access_admin: bot}
  mod_muc_admin: {}
  mod_offline: {}
  mod_roster: {}
"""


class Ejabberd:
    """A server in a folder; no cluster, so no node name and no epmd."""

    def __init__(self, tmp):
        self.xmpp, self.http = free_port(), free_port()
        self.passwords = {}
        conf = tmp / "ejabberd.yml"
        conf.write_text(CONF % {"host": HOST, "xmpp": self.xmpp, "http": self.http})
        self.process = Process("ejabberd", [
            shutil.which("erl"), "-noinput", "-mnesia", "dir", '"%s"' % (tmp / "mnesia"), "-s",
            "ejabberd"], tmp, self.is_up, {
                "PATH": os.environ["PATH"], "HOME": str(tmp), "ERL_LIBS": libraries(),
                "EJABBERD_CONFIG_PATH": str(conf), "EJABBERD_LOG_PATH": str(tmp / "xmpp.log"),
                "ERL_CRASH_DUMP": str(tmp / "crash")})

    def is_up(self):
        try:
            return self.api("status")[0] in (200, 403)
        except OSError:
            return False

    def api(self, command, as_user=None, **arguments):
        headers = {"Content-Type": "application/json"}
        if as_user:
            pair = "%s@%s:%s" % (as_user, HOST, self.passwords[as_user])
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        request = urllib.request.Request("http://127.0.0.1:%d/api/%s" % (self.http, command),
                                         json.dumps(arguments).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def ok(self, command, **arguments):
        status, got = self.api(command, **arguments)
        expect(status == 200, "%s: %s %s" % (command, status, got))
        return got

    def register(self, user):
        self.passwords[user] = base64.b32encode(os.urandom(15)).decode()
        self.ok("register", user=user, host=HOST, password=self.passwords[user])


def libraries():
    """The folder that has the package's Erlang code."""
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"):
        if any(name.startswith("ejabberd-") for name in os.listdir(folder)):
            return folder
    raise Failure("no folder ejabberd-VERSION in /usr/lib")


class Reader(ClientXMPP):
    """A person with an XMPP client: what they got, in order."""

    def __init__(self, user, password):
        super().__init__("%s@%s/reader" % (user, HOST), password)
        self.enable_starttls = self.enable_direct_tls = False
        self.enable_plaintext = True
        self.got, self.ready = [], asyncio.Event()
        self.register_plugin("xep_0045")
        self.register_plugin("xep_0313")
        self.plugin["feature_mechanisms"].unencrypted_scram = True
        self.plugin["feature_mechanisms"].unencrypted_plain = True
        self.add_event_handler("session_start", self.begun)
        self.add_event_handler("message", self.received)

    async def begun(self, _):
        self.send_presence(pshow="chat", pstatus="ready \u202eto read")
        self.ready.set()

    def received(self, message):
        if message["body"]:
            self.got.append((message["type"], str(message["from"]), message["body"]))

    async def archive(self):
        """The texts that the server keeps for this account."""
        texts = []
        async for result in self.plugin["xep_0313"].iterate():
            texts.append(result["mam_result"]["forwarded"]["stanza"]["body"])
        return texts


class Person:
    """A Reader that is online, in a loop of its own."""

    def __init__(self, server, user):
        self.server, self.user = server, user

    def __enter__(self):
        self.began = anyio.from_thread.start_blocking_portal()
        self.portal = self.began.__enter__()
        try:
            self.portal.call(self.connect)
        except BaseException:
            self.began.__exit__(None, None, None)
            raise
        return self

    async def connect(self):
        self.reader = Reader(self.user, self.server.passwords[self.user])
        self.reader.connect("127.0.0.1", self.server.xmpp)
        await asyncio.wait_for(self.reader.ready.wait(), 20)

    def join(self, room):
        self.portal.call(self.enter, room)

    async def enter(self, room):
        await self.reader.plugin["xep_0045"].join_muc_wait(
            room, self.user.title() + " Ü", maxstanzas=0, timeout=20)

    def archive(self):
        return self.portal.call(self.reader.archive)

    async def leave(self):
        await self.reader.disconnect()

    def __exit__(self, *_):
        try:
            self.portal.call(self.leave)
        finally:
            self.began.__exit__(None, None, None)

    def waits_for(self, what):
        got = patiently(lambda: [m for m in self.reader.got if what(m)])
        expect(got, "%s did not get it: %s" % (self.user, self.reader.got))
        return got


class EjabberdStage(Stage):
    def __init__(self, build, tmp):
        self.server = Ejabberd(tmp)
        try:
            for user in ("bot", "bob", "carol"):
                self.server.register(user)
            self.server.ok("create_room", name="lobby", service=ROOMS, host=HOST)
            self.server.ok("add_rosteritem", localuser="bot", localhost=HOST, user="bob", host=HOST,
                           nick="Bob Öst", group="Friends", subs="both")
            password = tmp / "ejabberd.password"
            password.write_text(self.server.passwords["bot"] + "\n")
            password.chmod(0o600)
            super().__init__(build, tmp / "bridge", [ROOT / "etc/services/ejabberd.json"], [
                "service.ejabberd.base_url = http://127.0.0.1:%d/api" % self.server.http,
                "service.ejabberd.values.host = " + HOST, "service.ejabberd.values.account = bot",
                "service.ejabberd.values.rooms = " + ROOMS,
                "service.ejabberd.token_file = %s" % password],
                self.server.passwords["bot"])
        except BaseException:
            self.server.process.stop()
            raise
        self.ends.insert(0, self.server.process.stop)


def ejabberd_lookups(s):
    """Contacts, accounts, rooms and who is in one, and who is online."""
    expect(s.model.do("xmpp_list_contacts")["contacts"] == [{
        "address": "bob@" + HOST, "name": "Bob Öst", "group": "Friends", "subscription": "both"}],
        "contacts")
    got = s.model.do("xmpp_list_accounts")
    expect(sorted(a["user"] for a in got["accounts"]) == ["bob", "bot", "carol"] and
           got["host"] == HOST, got)
    rooms = s.model.do("xmpp_list_rooms")["rooms"]
    expect(rooms == [{"room": "lobby@" + ROOMS, "participants": 0, "public": "true"}], rooms)
    expect(s.model.do("xmpp_get_presence", user="bob")["show"] == "unavailable", "bob is there")
    with Person(s.server, "bob") as bob:
        bob.join("lobby@" + ROOMS)
        got = patiently(lambda: s.model.do("xmpp_list_room_occupants", name="lobby")["occupants"])
        expect(len(got) == 1 and got[0]["address"].startswith("bob@" + HOST) and
               got[0]["nick"] == "Bob Ü", got)
        got = s.model.do("xmpp_get_presence", user="bob")
        expect((got["show"], got["status"]) == ("chat", "ready to read"), got)


def ejabberd_offline(s):
    """4,000 characters with emoji and right-to-left text wait for somebody who is offline, and
    are read byte for byte; the server's archive has them."""
    text = long_text()
    before = s.model.do("xmpp_count_waiting", user="carol")["waiting"]
    got = s.model.do("xmpp_send_message", to="carol@" + HOST, text=text)
    expect(got["status"] == "accepted", got)
    now = patiently(lambda: s.model.do("xmpp_count_waiting", user="carol")["waiting"])
    expect((before, now) == (0, 1), (before, now))
    with Person(s.server, "carol") as carol:
        kind, sender, body = carol.waits_for(lambda m: True)[0]
        expect((kind, sender) == ("chat", "bot@" + HOST), (kind, sender))
        expect(body.encode() == text.encode(), "it arrived as another text")
        expect(carol.archive() == [text], "the archive has something else")
        expect(len(carol.reader.got) == 1, "it came twice")
    expect(s.model.do("xmpp_count_waiting", user="carol")["waiting"] == 0, "it still waits")


def ejabberd_online(s):
    """Who is online gets it at once; the same key is one message, by the bridge's own record."""
    with Person(s.server, "bob") as bob:
        call = {"to": "bob@" + HOST, "text": "a <b>&amp; \"c\"", "idempotency_key": "once"}
        s.model.do("xmpp_send_message", **call)
        expect(s.model.do("xmpp_send_message", **call)["idempotent_replay"], "no replay")
        s.model.do("xmpp_send_message", to="bob@" + HOST, text="last")
        bob.waits_for(lambda m: m[2] == "last")
        expect([m[2] for m in bob.reader.got] == [call["text"], "last"], bob.reader.got)


def ejabberd_room(s):
    """A message to a room reaches who is in it."""
    with Person(s.server, "bob") as bob:
        bob.join("lobby@" + ROOMS)
        s.model.do("xmpp_send_room_message", room="lobby@" + ROOMS, text="to all " + HIDDEN)
        kind, sender, _ = bob.waits_for(lambda m: m[2] == "to all " + HIDDEN)[0]
        expect(kind == "groupchat" and sender.startswith("lobby@" + ROOMS), (kind, sender))


def ejabberd_refusals(s):
    """A room that is none, an address that is none, a command that is not allowed."""
    got = s.model.refused("xmpp_list_room_occupants", "bad_request", name="nowhere")
    expect("room_not_found" in got["hint"], got)
    s.model.refused("xmpp_send_message", "invalid_argument", to="nobody", text="x")
    got = s.model.refused("xmpp_send_message", "bad_request", to="a'b@" + HOST, text="x")
    expect(not got["retryable"], got)


def ejabberd_wrong_password(s):
    """A password that is refused is the operator's to mend, and is not in the answer."""
    def change(password):
        s.server.ok("change_password", user="bot", host=HOST, newpass=password)
    change("another")
    try:
        got = s.model.refused("xmpp_list_rooms", "upstream_unauthorized")
        expect(got["http_status"] == 401 and s.server.passwords["bot"] not in str(got), got)
    finally:
        change(s.server.passwords["bot"])
    s.model.do("xmpp_list_rooms")


def ejabberd_person_decides(s):
    """Nothing is sent before a person agreed."""
    before = s.model.do("xmpp_count_waiting", user="bob")["waiting"]
    call = {"to": "bob@" + HOST, "text": "may I?"}
    token = s.silent.refused("xmpp_send_message", "confirmation_required", **call)["confirm_token"]
    expect(s.model.do("xmpp_count_waiting", user="bob")["waiting"] == before, "it was sent")
    s.silent.do("xmpp_send_message", confirm_token=token, **call)
    now = patiently(lambda: s.model.do("xmpp_count_waiting", user="bob")["waiting"])
    expect(now == before + 1, (before, now))


STAGE = EjabberdStage
