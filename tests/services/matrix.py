# SPDX-License-Identifier: MIT
"""matrix.py - etc/services/matrix.json against Synapse, with a SQLite database of its own.

The bridge is alice. What arrives is looked at as bob, by the homeserver's own API.
"""
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

from stage import ROOT, Process, Stage, expect, patiently
from cases import free_port
from texts import cleaned, long_text

CLIENT = "/_matrix/client/v3"
HOST = "matrix.test"
LIMITED = {"per_second": 0.02, "burst_count": 2}    # two messages, then one in 50 seconds
FREE = {"per_second": 1000, "burst_count": 1000}


class Synapse:
    """A homeserver in a folder: users, and its API as each of them."""

    def __init__(self, tmp):
        self.tmp, self.port = tmp, free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.tokens = {}
        conf = {
            "server_name": HOST, "report_stats": False, "pid_file": str(tmp / "pid"),
            "listeners": [{"port": self.port, "type": "http", "bind_addresses": ["127.0.0.1"],
                           "tls": False, "resources": [{"names": ["client", "media"]}]}],
            "database": {"name": "sqlite3", "args": {"database": str(tmp / "homeserver.db")}},
            "media_store_path": str(tmp / "media"), "signing_key_path": str(tmp / "signing.key"),
            "macaroon_secret_key": "m", "form_secret": "f", "registration_shared_secret": "r",
            "trusted_key_servers": [], "suppress_key_server_warning": True,
            "user_directory": {"search_all_users": True},
            "room_list_publication_rules": [{"action": "allow"}],
            "rc_message": LIMITED, "rc_invites": {"per_room": FREE, "per_user": FREE},
            "rc_joins": {"local": FREE}, "rc_login": {"address": FREE, "account": FREE},
        }
        file = tmp / "homeserver.yaml"
        file.write_text(json.dumps(conf))       # which is YAML, too
        command = [sys.executable, "-m", "synapse.app.homeserver", "-c", str(file)]
        subprocess.run(command + ["--generate-keys"], cwd=tmp, check=True, capture_output=True)
        self.process = Process("synapse", command, tmp, self.is_up)

    def is_up(self):
        try:
            return self.api(None, "GET", "/health", parse=False)[0] == 200
        except OSError:
            return False

    def api(self, user, method, path, body=None, parse=True):
        """(status, JSON) of the homeserver itself."""
        headers = {"Content-Type": "application/json"}
        if user is not None:
            headers["Authorization"] = "Bearer " + self.tokens[user]
        request = urllib.request.Request(
            self.url + path, None if body is None else json.dumps(body).encode(), headers,
            method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if parse else text
        except urllib.error.HTTPError as e:
            return e.code, json.loads(e.read())

    def ok(self, user, method, path, body=None):
        status, got = self.api(user, method, path, body)
        expect(status == 200, "%s %s: %s %s" % (method, path, status, got))
        return got

    def register(self, name, display, admin=False):
        nonce = self.ok(None, "GET", "/_synapse/admin/v1/register")["nonce"]
        said = "\0".join((nonce, name, "password", "admin" if admin else "notadmin"))
        self.tokens[name] = self.ok(None, "POST", "/_synapse/admin/v1/register", {
            "nonce": nonce, "username": name, "displayname": display, "password": "password",
            "admin": admin, "mac": hmac.new(b"r", said.encode(), hashlib.sha1).hexdigest()},
        )["access_token"]

    def free(self, name, free=True):
        """Whether a user may send as much as they like, or LIMITED says how much."""
        path = "/_synapse/admin/v1/users/%s/override_ratelimit" % quote(user_id(name))
        self.ok("admin", "POST" if free else "DELETE", path,
                {"messages_per_second": 0, "burst_count": 0} if free else None)

    def event(self, user, room, event):
        return self.ok(user, "GET", "%s/rooms/%s/event/%s" % (CLIENT, quote(room), quote(event)))

    def send(self, user, room, key, text, **content):
        path = "%s/rooms/%s/send/m.room.message/%s" % (CLIENT, quote(room), quote(key))
        return self.ok(user, "PUT", path, dict({"msgtype": "m.text", "body": text}, **content)
                       )["event_id"]

    def media(self, user, url):
        """(bytes, Content-Type) of what was uploaded."""
        request = urllib.request.Request(
            "%s/_matrix/client/v1/media/download/%s" % (self.url, url[len("mxc://"):]),
            headers={"Authorization": "Bearer " + self.tokens[user]})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read(), answer.headers["Content-Type"]

    def bodies(self, user, room):
        """The texts of a room's messages, oldest first."""
        got = self.ok(user, "GET", "%s/rooms/%s/messages?dir=b&limit=200" % (CLIENT, quote(room)))
        return [e["content"].get("body") for e in reversed(got["chunk"])
                if e["type"] == "m.room.message"]

    def room(self, user, guests=("bob",), **more):
        room = self.ok(user, "POST", CLIENT + "/createRoom", dict(
            {"preset": "public_chat"}, **more))["room_id"]
        for guest in guests:
            self.ok(guest, "POST", CLIENT + "/join/" + quote(room), {})
        return room


def quote(text):
    return urllib.parse.quote(text, safe="")


def user_id(name):
    return "@%s:%s" % (name, HOST)


class MatrixStage(Stage):
    def __init__(self, build, tmp):
        self.synapse = Synapse(tmp)
        try:
            self.synapse.register("admin", "Admin", admin=True)
            for name, display in (("alice", "Alice Ärlig"), ("bob", "Bob Öst"), ("carol", "Carol")):
                self.synapse.register(name, display)
                self.synapse.free(name)
            token = tmp / "matrix.token"
            token.write_text(self.synapse.tokens["alice"] + "\n")
            token.chmod(0o600)
            self.lobby = self.synapse.room(
                "bob", ["alice"], name="Lobby für alle", topic="Was ansteht", visibility="public",
                room_alias_name="lobby")
            super().__init__(build, tmp / "bridge", [ROOT / "etc/services/matrix.json"], [
                "service.matrix.base_url = %s/_matrix" % self.synapse.url,
                "service.matrix.token_file = %s" % token], self.synapse.tokens["alice"])
        except BaseException:
            self.synapse.process.stop()
            raise
        self.ends.insert(0, self.synapse.process.stop)

    def room(self):
        return self.synapse.room("alice")


def matrix_lookups(s):
    """Names lead to ids: a room by its alias, by a word, a person by name; who is nowhere."""
    got = s.model.do("matrix_get_room", room="#lobby:" + HOST)
    expect((got["room_id"], got["name"], got["topic"], got["members"], got["membership"]) ==
           (s.lobby, "Lobby für alle", "Was ansteht", 2, "join"), got)
    expect("encryption" not in got, got)
    expect(s.model.do("matrix_get_room", room=s.lobby)["alias"] == "#lobby:" + HOST, "by id")
    rooms = s.model.do("matrix_find_room", query="FÜR")["rooms"]
    expect([r["room_id"] for r in rooms] == [s.lobby], rooms)
    expect({"room_id": s.lobby} in s.model.do("matrix_list_rooms")["rooms"], "not listed")
    people = patiently(lambda: s.model.do("matrix_find_person", query="Bob")["people"])
    expect(people == [{"user_id": user_id("bob"), "name": "Bob Öst"}], people)
    expect(s.model.do("matrix_find_person", query="nobody-has-this")["people"] == [], "found")
    s.model.refused("matrix_get_room", "not_found", room="#nowhere:" + HOST)


def matrix_encrypted_room(s):
    """A room with encryption says so."""
    room = s.synapse.room("alice", initial_state=[{
        "type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}])
    got = s.model.do("matrix_get_room", room=room)
    expect(got.get("encryption") == "m.megolm.v1.aes-sha2", got)


def matrix_long_text_in_a_thread(s):
    """4,000 characters with emoji and right-to-left text arrive in a thread byte for byte, and
    come back through get_thread without what nobody sees."""
    room = s.room()
    root = s.synapse.send("bob", room, "root", "What do you think?")
    text = long_text()
    sent = s.model.do("matrix_reply_in_thread", room_id=room, thread_id=root, text=text,
                      idempotency_key="long-1")
    event = s.synapse.event("bob", room, sent["message_id"])
    expect(event["content"]["body"].encode() == text.encode(), "it arrived as another text")
    expect(event["sender"] == user_id("alice"), event["sender"])
    expect(event["content"]["format"] == "org.matrix.custom.html" and
           "&lt;b&gt;" in event["content"]["formatted_body"], "no HTML beside it")
    relation = event["content"]["m.relates_to"]
    expect((relation["rel_type"], relation["event_id"]) == ("m.thread", root), relation)
    got = s.model.do("matrix_get_thread", room_id=room, thread_id=root)
    expect(len(got["messages"]) == 1 and got["thread_id"] == root, got)
    expect(got["messages"][0]["text"] == cleaned(text), "it comes back as another text")
    expect(got["messages"][0]["message_id"] == sent["message_id"], got)
    expect("text" in got["untrusted"], got["untrusted"])


def matrix_file(s):
    """A file of all bytes arrives in a thread byte for byte, with its name and type; once."""
    room = s.room()
    root = s.synapse.send("bob", room, "root", "the plan, please")
    data = bytes(range(256)) * 300
    args = {"room_id": room, "thread_id": root, "name": "Plän \"1\".pdf", "type": "application/pdf",
            "data": base64.b64encode(data).decode(), "idempotency_key": "file-1"}
    sent = s.model.do("matrix_send_file", **args)
    event = s.synapse.event("bob", room, sent["message_id"])["content"]
    expect((event["msgtype"], event["body"], event["info"]) ==
           ("m.file", args["name"], {"mimetype": "application/pdf"}), event)
    expect((event["m.relates_to"]["rel_type"], event["m.relates_to"]["event_id"]) ==
           ("m.thread", root) and "$when" not in event["m.relates_to"], event)
    expect(event["url"] == sent["media_url"], event)
    got, kind = s.synapse.media("bob", event["url"])
    expect(got == data and kind == "application/pdf", "%d bytes of %s" % (len(got), kind))
    again = s.model.do("matrix_send_file", **args)
    expect(again["message_id"] == sent["message_id"] and again["idempotent_replay"], again)
    reply = s.model.do("matrix_get_thread", room_id=room, thread_id=root)["messages"]
    expect([(m["kind"], m["text"], m["media_url"]) for m in reply] ==
           [("m.file", args["name"], event["url"])], reply)
    alone = dict(args, data="", idempotency_key="file-2")
    del alone["thread_id"]
    plain = s.model.do("matrix_send_file", **alone)
    expect("m.relates_to" not in s.synapse.event("bob", room, plain["message_id"])["content"],
           "an empty file in a thread")
    s.model.refused("matrix_send_file", "invalid_argument",
                    **dict(args, data="no base64", idempotency_key="file-3"))


def matrix_send(s):
    """A message and an answer to it arrive; each key is one message, for Synapse as well."""
    room = s.room()
    first = s.model.do("matrix_send_message", room_id=room, text="one", idempotency_key="k1")
    again = s.model.do("matrix_send_message", room_id=room, text="one", idempotency_key="k1")
    expect(again["message_id"] == first["message_id"] and again["idempotent_replay"], again)
    s.model.refused("matrix_send_message", "idempotency_conflict", room_id=room, text="other",
                    idempotency_key="k1")
    # Our key is Matrix's transaction id: the same again past the bridge is no second message.
    expect(s.synapse.send("alice", room, "k1", "one") == first["message_id"], "another key")
    answer = s.model.do("matrix_send_message", room_id=room, text="two",
                        reply_to=first["message_id"], idempotency_key="k2")
    event = s.synapse.event("bob", room, answer["message_id"])
    expect(event["content"]["m.relates_to"] == {
        "m.in_reply_to": {"event_id": first["message_id"]}}, event)
    expect("m.relates_to" not in s.synapse.event("bob", room, first["message_id"])["content"],
           "an answer to nothing")
    expect(s.synapse.bodies("bob", room) == ["one", "two"], s.synapse.bodies("bob", room))


def matrix_markdown(s):
    """Markdown is shown as HTML; the plain text stays as it was given, in messages and in threads."""
    room = s.room()
    text = "**Plan**: [see](https://a.example/?a=1&b=2)\n<script>x</script>"
    html = ('<p><strong>Plan</strong>: <a href="https://a.example/?a=1&amp;b=2">see</a><br>\n'
            "&lt;script&gt;x&lt;/script&gt;</p>")
    root = s.model.do("matrix_send_message", room_id=room, text=text, idempotency_key="m1")["message_id"]
    reply = s.model.do("matrix_reply_in_thread", room_id=room, thread_id=root, text=text,
                       idempotency_key="m2")["message_id"]
    for message in (root, reply):
        content = s.synapse.event("bob", room, message)["content"]
        expect((content["body"], content["format"], content["formatted_body"]) ==
               (text, "org.matrix.custom.html", html), content)
    expect(s.model.do("matrix_get_message", room_id=room, message_id=root)["text"] == text, "another text")


def matrix_parts(s):
    """A text that is too long for one message goes in several, in order and once."""
    room = s.room()
    lines = ["line %05d %s" % (i, "ü" * 40) for i in range(600)]
    call = {"room_id": room, "text": "\n".join(lines), "idempotency_key": "long"}
    got = s.model.do("matrix_send_message", **call)
    expect(got["parts"] == 3 and len(got["more"]) == 2, got)
    again = s.model.do("matrix_send_message", **call)
    expect(again["idempotent_replay"] and again["message_id"] == got["message_id"], again)
    bodies = s.synapse.bodies("bob", room)
    expect(len(bodies) == 3 and "\n".join(bodies).split("\n") == lines, [len(b) for b in bodies])
    expect(all(len(b.encode()) <= 24000 for b in bodies), [len(b.encode()) for b in bodies])


def matrix_kinds(s):
    """What is no text is named: a picture with its caption, a sticker, a poll, what is encrypted."""
    room = s.room()
    root = s.synapse.send("bob", room, "root", "so")
    thread = {"m.relates_to": {"rel_type": "m.thread", "event_id": root}}
    poll = {"question": {"org.matrix.msc1767.text": "When\u202e?"}, "answers": []}
    sent = [("m.room.message", dict(thread, msgtype="m.image", body="our plan", filename="plan.png",
                                    url="mxc://%s/abc" % HOST, info={"mimetype": "image/png"})),
            ("m.sticker", dict(thread, body="a wave", url="mxc://%s/def" % HOST, info={})),
            ("org.matrix.msc3381.poll.start", dict(thread, **{"org.matrix.msc3381.poll.start": poll})),
            ("m.room.encrypted", dict(thread, algorithm="m.megolm.v1.aes-sha2", ciphertext="x", sender_key="k",
                                      device_id="D", session_id="s"))]
    wanted = [{"kind": "m.image", "text": "our plan", "file_name": "plan.png", "media_type": "image/png"},
              {"event": "m.sticker", "text": "a wave"},
              {"event": "org.matrix.msc3381.poll.start", "poll": "When?"}, {"event": "m.room.encrypted"}]
    ids = [s.synapse.ok("bob", "PUT", "%s/rooms/%s/send/%s/k%d" % (CLIENT, quote(room), kind, i), content)["event_id"]
           for i, (kind, content) in enumerate(sent)]

    def named(messages):
        return [{k: m[k] for k in ("kind", "event", "text", "poll", "file_name", "media_type") if k in m}
                for m in messages]
    listed = s.model.do("matrix_list_messages", room_id=room)
    expect(named(listed["messages"])[::-1] == [{"kind": "m.text", "text": "so"}] + wanted, listed)
    expect(set(listed["untrusted"]) >= {"event", "poll", "file_name"}, listed["untrusted"])
    replies = s.model.do("matrix_get_thread", room_id=room, thread_id=root)["messages"]
    expect(named(replies)[::-1] == wanted, replies)
    alone = [s.model.do("matrix_get_message", room_id=room, message_id=i) for i in ids]
    expect(named(alone) == wanted, alone)


def matrix_threads(s):
    """Two threads: listed with their counts, read in pages, the root by get_message."""
    room = s.room()
    roots = [s.synapse.send("bob", room, "r%d" % i, "topic %d" % i) for i in range(2)]
    sent = [s.model.do("matrix_reply_in_thread", room_id=room, thread_id=roots[0],
                       text="reply %d" % i, idempotency_key="t%d" % i)["message_id"]
            for i in range(5)]
    s.synapse.send("bob", room, "other", "elsewhere", **{
        "m.relates_to": {"rel_type": "m.thread", "event_id": roots[1]}})
    got, pages = s.model.pages("matrix_get_thread", "messages", room_id=room, thread_id=roots[0],
                               limit=2)
    expect([m["message_id"] for m in got] == sent[::-1] and pages >= 3, got)
    expect(all(m["from"] == user_id("alice") for m in got), got)
    threads, pages = s.model.pages("matrix_list_threads", "threads", room_id=room, limit=1)
    expect([(t["thread_id"], t["replies"], t["text"], t["last_reply_text"]) for t in threads] ==
           [(roots[1], 1, "topic 1", "elsewhere"), (roots[0], 5, "topic 0", "reply 4")], threads)
    expect(all(t["last_reply_at"].startswith("20") for t in threads), threads)
    expect(pages >= 2, "one page")
    root = s.model.do("matrix_get_message", room_id=room, message_id=roots[0])
    expect((root["text"], root["from"], root["thread_replies"]) ==
           ("topic 0", user_id("bob"), 5), root)
    reply = s.model.do("matrix_get_message", room_id=room, message_id=sent[0])
    expect((reply["relation"], reply["relates_to"]) == ("m.thread", roots[0]), reply)


def matrix_history(s):
    """A room's messages in pages, newest first, nothing twice and nothing missing."""
    room = s.room()
    sent = [s.synapse.send("bob", room, "h%d" % i, "line %d" % i) for i in range(7)]
    got, pages = s.model.pages("matrix_list_messages", "messages", room_id=room, limit=3)
    expect([m["message_id"] for m in got] == sent[::-1] and pages >= 3, got)
    expect([m["text"] for m in got] == ["line %d" % i for i in range(6, -1, -1)], got)
    expect(all(m["kind"] == "m.text" and m["sent_at"].startswith("20") for m in got), got)


def matrix_media_is_named(s):
    """What others sent as a file is listed with its name, type and place."""
    room = s.room()
    s.synapse.send("bob", room, "f", "plan.pdf", msgtype="m.file", url="mxc://%s/abc" % HOST,
                   info={"mimetype": "application/pdf", "size": 7})
    got = s.model.do("matrix_list_messages", room_id=room)["messages"][0]
    expect((got["kind"], got["text"], got["media_url"], got["media_type"]) ==
           ("m.file", "plan.pdf", "mxc://%s/abc" % HOST, "application/pdf"), got)


def matrix_search(s):
    """Words are found in one room or in all, in pages."""
    rooms = [s.room(), s.room()]
    for i in range(3):
        s.synapse.send("bob", rooms[0], "s%d" % i, "Zirkuszelt number %d" % i)
    s.synapse.send("bob", rooms[1], "s", "another zirkuszelt")
    got, pages = s.model.pages("matrix_search_messages", "messages", query="zirkuszelt", limit=2)
    expect(len(got) == 4 and len({m["message_id"] for m in got}) == 4 and pages >= 2, got)
    expect(all(m["kind"] == "m.text" and m["sent_at"].startswith("20") for m in got), got)
    got = s.model.do("matrix_search_messages", query="zirkuszelt", room_id=rooms[1])
    expect([m["text"] for m in got["messages"]] == ["another zirkuszelt"], got)
    expect(got["count"] == 1, got)
    expect(s.model.do("matrix_search_messages", query="nonesuch")["messages"] == [], "found")


def matrix_rate_limit(s):
    """429: rate_limited, with the seconds of retry_after_ms; nothing was sent, and the same key
    is sent once there is room."""
    room = s.room()
    s.synapse.free("alice", False)
    try:
        for i in range(4):
            failed, got = s.model.call("matrix_send_message", {
                "room_id": room, "text": "n%d" % i, "idempotency_key": "n%d" % i})
            if failed:
                break
    finally:
        s.synapse.free("alice")
    expect(failed and got["code"] == "rate_limited" and got["http_status"] == 429, got)
    expect(got["retryable"] and 0 < got["retry_after_s"] <= 60, got)
    expect(len(s.synapse.bodies("bob", room)) == i, "it was sent")
    s.model.do("matrix_send_message", room_id=room, text="n%d" % i, idempotency_key="n%d" % i)
    expect(s.synapse.bodies("bob", room) == ["n%d" % k for k in range(i + 1)], "not once")


def matrix_refusals(s):
    """A room of others, ids of nothing, too much, another's key: codes with a next step."""
    room, other = s.room(), s.synapse.room("bob", [], preset="private_chat")
    for tool, more in (("matrix_send_message", {"text": "x", "idempotency_key": "no"}),
                       ("matrix_list_messages", {})):
        got = s.model.refused(tool, "upstream_forbidden", room_id=other, **more)
        expect("matrix_list_rooms" in got["hint"] and not got["retryable"], got)
    s.model.refused("matrix_get_message", "not_found", room_id=room, message_id="$nothing")
    got = s.model.refused("matrix_get_thread", "M_UNKNOWN", room_id=room, thread_id="$nothing")
    expect(got["http_status"] == 404 and "look it up" in got["hint"], got)
    # Each of these is five bytes of HTML.
    got = s.model.refused("matrix_send_message", "too_large", room_id=room, text="&" * 24000,
                          idempotency_key="big")
    expect("its formatting counted" in got["hint"], got)
    s.model.refused("matrix_send_message", "invalid_argument", room_id=room, text="ä" * 60000 * 3,
                    idempotency_key="huge")
    for wrong in ("../x", "", "a/b"):
        s.model.refused("matrix_send_message", "invalid_argument", room_id=room, text="x",
                        idempotency_key=wrong)
    expect(s.synapse.bodies("bob", room) == [] == s.synapse.bodies("bob", other), "it was sent")


def matrix_hostile_text(s):
    """What others write comes without what nobody sees, and is named as theirs."""
    room = s.room()
    root = s.synapse.send("bob", room, "root", "so")
    s.synapse.send("bob", room, "evil", "pay\u202e \U000e0041\U000e0042now\u200b\u0007",
                   **{"m.relates_to": {"rel_type": "x\u202e", "event_id": root}})
    got = s.model.do("matrix_list_messages", room_id=room)
    expect((got["messages"][0]["text"], got["messages"][0]["relation"]) == ("pay now", "x"), got)
    expect(set(got["untrusted"]) >= {"text", "kind", "relation", "relates_to", "media_url"},
           got["untrusted"])


def matrix_person_decides(s):
    """Nothing is sent before a person agreed: by a token, by a question; a no is a no."""
    room = s.room()
    call = {"room_id": room, "text": "may I?", "idempotency_key": "ask"}
    got = s.silent.refused("matrix_send_message", "confirmation_required", **call)
    expect(s.synapse.bodies("bob", room) == [], "it was sent")
    s.silent.do("matrix_send_message", confirm_token=got["confirm_token"], **call)
    expect(s.synapse.bodies("bob", room) == ["may I?"], "it was not sent")
    s.model.person = "decline"
    try:
        s.model.refused("matrix_send_message", "declined", room_id=room, text="no",
                        idempotency_key="no")
    finally:
        s.model.person = "accept"
    expect("no" in s.model.asked[-1] and s.synapse.bodies("bob", room) == ["may I?"], "sent")


def matrix_direct_room(s):
    """A room with one person: they are invited, and read what is said there."""
    room = s.model.do("matrix_create_direct_room", user_id=user_id("carol"))["room_id"]
    s.synapse.ok("carol", "POST", CLIENT + "/join/" + quote(room), {})
    s.model.do("matrix_send_message", room_id=room, text="hello Carol", idempotency_key="d")
    expect(s.synapse.bodies("carol", room) == ["hello Carol"], "carol does not read it")


def matrix_token_is_revoked(s):
    """The last test: a token that is good no more is the operator's to mend."""
    s.synapse.ok("alice", "POST", CLIENT + "/logout", {})
    got = s.model.refused("matrix_list_rooms", "upstream_unauthorized")
    expect(got["http_status"] == 401 and "operator" in got["hint"], got)


STAGE = MatrixStage
