#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may call, and as whom the bridge calls, with a real authorization server.

    tests/auth/auth.py [NAME ...] [--only issuer|auth] [--build DIR] [-v]

Functions issuer_NAME (selftest.py) hold for the authorization server alone; then every function
auth_NAME gets an Arena: a bridge, its stub upstream over TLS, and that server. Attributes of a
function say how the bridge is configured: conf (lines), credentials (the service's "auth"),
workers, ask_client (the upstream wants a certificate), tls (of the service file), build.
After each, no secret and no token stands in a log, in metrics, in what -T prints or in the store.
"""
import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "bench"), str(HERE.parent / "life")]
import fastcgi  # noqa: E402
import selftest  # noqa: E402
from attack import expect  # noqa: E402
from cases import Bridge, Failure, WebServer, free_port  # noqa: E402
from fastcgi import FastCGIClient, FastCGIError  # noqa: E402
from issuer import (ALGORITHMS, NODE, NPM, SCOPES, Issuer, Pki, b64, claims_of,  # noqa: E402
                    header_of)
from keyed import META, Answer, is_code  # noqa: E402
from life import check_metrics  # noqa: E402
from upstream import Upstream  # noqa: E402

RESOURCE = "https://127.0.0.1:1/mcp"    # what FastCGI's tests are known as; nobody connects to it
UPSTREAM = "https://127.0.0.1:2/api"    # the audience of tokens for the service
PATHS = ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"]
READ, SEND = SCOPES
LOAD = 1500                             # in flight
RENEWAL_S = 1.1                         # a token is not fetched twice in less
LEEWAY_S = 6                            # a token past its time is refused by then, and what
REVOKED_S = 10                          # is known of an opaque one forgotten
DOWN = ("503", "page", "hang", "refuse")    # ways in which an issuer is not there

CONF = """\
services = {tmp}/service.json
state_key = {tmp}/state.key
store = {tmp}/store
allowed_hosts = localhost 127.0.0.1
auth = jwt
resource = {resource}
issuer = {issuer.url}
jwks = {issuer.jwks}
jwks_pause_s = 1
jwt_leeway_s = 2
introspection_ttl_s = 5
auth_ca_file = {issuer.pki.ca}
upstream_retries = 0
breaker_failures = 0
upstream_timeout_ms = 4000
upstream_connect_timeout_ms = 2000
request_timeout_ms = 10000
drain_timeout_s = 3
log_level = debug
audit = {tmp}/audit
"""


def tool(name, scopes, method="GET", **more):
    made = {
        "name": name, "description": "A tool of the tests.", "scopes": scopes,
        "inputSchema": {"type": "object", "properties": {"item_id": {"type": "string"}},
                        "required": ["item_id"], "additionalProperties": False},
        "outputSchema": {"type": "object", "properties": {"id": {"type": "string"}},
                         "required": ["id"]},
        "request": {"method": method, "url": "/items/{item_id}"},
        "response": {"id": "/id"}}
    return {k: v for k, v in dict(made, **more).items() if v is not None}


TOOLS = [tool("open_item", None), tool("read_item", [READ]),
         tool("send_item", [SEND], "POST", write=True), tool("move_item", [READ, SEND])]


class AuthBridge(Bridge):
    """A Bridge with the configuration of these tests."""

    def __init__(self, build, tmp, issuer, certificates, service, resource):
        super().__init__(build, tmp, certificates)
        self.issuer, self.resource = issuer, resource
        service = dict({
            "name": "vault", "title": "Vault", "description": "The tests' service.",
            "base_url": "https://127.0.0.1:%d/api" % self.tls.port, "tools": TOOLS,
            "auth": {"type": "bearer", "token": {"file": str(tmp / "token")}},
            "tls": {"ca_file": str(issuer.pki.ca)}}, **service)
        text = json.dumps(service, indent=1).replace("<<PORT>>", str(self.tls.port))
        (tmp / "service.json").write_text(text)

    def write_conf(self, lines=()):
        text = CONF.format(tmp=self.tmp, issuer=self.issuer, resource=self.resource)
        over = {line.split("=")[0].strip(): line for line in lines}
        kept = [x for x in text.splitlines() if x.split("=")[0].strip() not in over]
        self.conf.write_text("\n".join(kept + list(over.values())) + "\n")


class AskingClient:
    """What Bridge takes for certificates, of an upstream that may want to see the client's."""

    def __init__(self, pki, ask_client):
        self.pki, self.ask_client = pki, ask_client

    def context(self):
        return self.pki.context(self.ask_client)


class Arena:
    """A bridge, its stub upstream, what that was sent, and the issuer."""

    def __init__(self, issuer, build, tmp, options):
        def option(name, default):
            value = getattr(options, name, default)
            return value(issuer) if callable(value) else value
        self.issuer, self.tmp = issuer, tmp
        self.port = free_port()
        self.resource = ("https://127.0.0.1:%d/mcp" % self.port
                         if option("web", False) else RESOURCE)
        service = {k: v for k, v in (("auth", option("credentials", None)),
                                     ("tls", option("tls", None))) if v}
        service.update(option("service", {}))
        self.bridge = AuthBridge(build, tmp, issuer, AskingClient(
            issuer.pki, option("ask_client", False)), service, self.resource)
        self.lock = threading.Lock()
        self.seen = []          # (path, headers) of each request upstream
        self.plan = []          # answers to come, before the usual one
        self.bridge.tls.handler = self.upstream
        self.own = []           # tokens that a test made itself
        self.said = []          # /metrics, each time they were read
        self.conf = option("conf", [])
        self.workers = option("workers", 2)

    def start(self):
        self.bridge.start(self.conf, workers=self.workers)

    def upstream(self, request):
        with self.lock:
            self.seen.append((request["path"], request["headers"]))
            answer = self.plan.pop(0) if self.plan else {}
        if callable(answer):
            answer = answer(request)
        return dict({"body": {"id": "i1"}}, **answer)

    def bearers(self):
        """What the upstream was given as tokens, in order."""
        out = []
        for _, headers in self.seen:
            given = headers.get("authorization", ["?"])
            expect(len(given) == 1 and given[0].startswith("Bearer "), given)
            out.append(given[0][7:])
        return out

    # ---- callers

    def token(self, client="caller-ES256", scope=" ".join(SCOPES)):
        return self.issuer.token(client, resource=self.resource, scope=scope)

    def sign(self, claims=None, **more):
        made = self.issuer.sign(dict({"aud": self.resource}, **(claims or {})), **more)
        self.own.append(made)
        return made

    def request(self, method, target, headers=None, body=b"", timeout=20):
        cgi = fastcgi.params(method, target, dict({"Host": "localhost"}, **(headers or {})), body)
        return FastCGIClient(self.bridge.socket, timeout).request(cgi, body)

    def rpc(self, method, params, token=None, modern=False, target="/mcp"):
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = token if " " in token else "Bearer " + token
        if modern:
            params = dict(params, _meta={
                META + "protocolVersion": "2026-07-28", META + "clientCapabilities": {},
                META + "clientInfo": {"name": "t", "version": "1"}})
            headers.update({"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method})
            if "name" in params:
                headers["Mcp-Name"] = params["name"]
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        return Answer(*self.request("POST", target, headers, body))

    def call(self, name, token=None, **more):
        return self.rpc("tools/call", {"name": name, "arguments": {"item_id": "1"}}, token, **more)

    def calls(self, count, name, token):
        with ThreadPoolExecutor(min(count, 64)) as pool:
            return list(pool.map(lambda _: self.call(name, token), range(count)))

    def metric(self, name, **labels):
        text = self.request("GET", "/metrics")[2].decode()
        self.said.append(text)
        return sum(v for (n, have), v in check_metrics(text).items()
                   if n == "ums_mcp_" + name and labels.items() <= dict(have).items())

    # ---- at the end

    def secrets(self):
        """What may be seen nowhere, by name."""
        out = {"line %d of the private key" % n: line
               for n, line in enumerate(self.issuer.key.secret_lines())}
        out["the upstream's token"] = self.bridge.token
        for client, secret in self.issuer.secrets.items():
            quoted = urllib.parse.quote_plus(secret)
            basic = base64.b64encode(("%s:%s" % (client, quoted)).encode()).decode()
            for kind, text in (("", secret), (" quoted", quoted), (" as Basic", basic)):
                out["the secret of %s%s" % (client, kind)] = text
        for n, token in enumerate(self.issuer.issued() + self.own):
            # Its claims alone are no secret; its signature makes it a token.
            out["token %d (%s)" % (n, "opaque" if "." not in token else claims_of(token).get(
                "client_id"))] = token.rsplit(".", 1)[-1]
        return {k: v for k, v in out.items() if len(v) > 8}

    def check_secrets(self):
        shown = subprocess.run([self.bridge.binary, "-T"], env=self.bridge.environment(),
                               capture_output=True, timeout=20, check=False)
        places = {"what -T prints": shown.stdout + shown.stderr,
                  "metrics": "".join(self.said).encode()}
        planted = {"token", "service.json", "conf", "state.key"}
        for path in sorted(self.tmp.rglob("*")):
            if path.is_file() and path.name not in planted and path.suffix != ".conf":
                places[path.name] = path.read_bytes()
        for what, secret in self.secrets().items():
            for place, text in places.items():
                at = text.find(secret.encode())
                expect(at == -1, "%s stands in %s: %r" % (
                    what, place, text[max(0, at - 200):at + 20]))


def challenge(answer):
    """The parameters of the one challenge that an answer has."""
    text = answer.headers.get("www-authenticate")
    expect(isinstance(text, str) and text.startswith("Bearer "), "challenge: %s" % text)
    found = dict(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', text))
    expect(re.fullmatch(r'Bearer [a-z_]+="[^"]*"(, ?[a-z_]+="[^"]*")*', text), text)
    return found


def is_refused(answer, status=401, error="invalid_token"):
    """No entry, said as RFC 6750 says it."""
    expect(answer.status == status, "expected %d: %d %s" % (status, answer.status, answer.whole))
    said = challenge(answer)
    expect(error is None or said.get("error") == error, said)
    expect("result" not in answer.whole, answer.whole)
    return said


def is_unavailable(answer):
    """Nobody can say now whether the token is good: no entry, and no word against it."""
    expect(answer.status == 503 and answer.headers.get("retry-after") == "1" and
           "www-authenticate" not in answer.headers, "%d %s" % (answer.status, answer.whole))


def oauth(issuer, client="bridge-basic", grant="client_credentials", **more):
    """The "auth" of a service file for one of the issuer's clients; its secret in a file."""
    method = next(c["token_endpoint_auth_method"] for c in issuer.clients
                  if c["client_id"] == client)
    out = {"type": "oauth2", "grant": grant, "token_url": issuer.token_url, "client_id": client,
           "client_auth": method, "scope": " ".join(SCOPES), "resource": UPSTREAM}
    if method == "private_key_jwt":
        out.update(private_key={"file": str(issuer.key.path)}, key_id=issuer.key.kid,
                   algorithm="ES256")
    else:
        path = issuer.folder / (client + ".secret")
        path.write_text(issuer.secrets[client] + "\n")
        path.chmod(0o600)
        out["client_secret"] = {"file": str(path)}
    return {k: v for k, v in dict(out, **more).items() if v is not None}


# ---- who calls: JWT

def auth_algorithms(a):
    """A token of each algorithm is let in; it does not go upstream."""
    for alg in ALGORITHMS:
        token = a.token("caller-" + alg)
        for _ in range(3):
            is_code(a.call("read_item", token), "ok")
        expect(header_of(token)["alg"] == alg, header_of(token))
    expect(set(a.bearers()) == {a.bridge.token}, "the upstream got another token")
    good = a.metric("auth_total", result="verified") + a.metric("auth_total", result="hit")
    expect(good == 3 * len(ALGORITHMS), "%d counted" % good)


def auth_audiences(a):
    """One of several audiences is enough; another's alone, or none, is not."""
    is_code(a.call("read_item", a.sign({"aud": ["https://127.0.0.1:9/", a.resource]})), "ok")
    for wrong in (UPSTREAM, a.resource + "/", a.resource[:-1], "", [], [UPSTREAM], None,
                  {"x": a.resource}, 7):
        is_refused(a.call("read_item", a.sign({"aud": wrong})))
    expect(len(a.seen) == 1, "it was called upstream")


def auth_claims(a):
    """Another issuer, a token past its time or before it, or without one."""
    now = int(time.time())
    for claims in ({"iss": "https://localhost:1"}, {"iss": a.issuer.url + "/"}, {"iss": None},
                   {"iss": [a.issuer.url]}, {"exp": now - 3600}, {"exp": None}, {"exp": "soon"},
                   {"exp": str(now + 600)}, {"nbf": now + 3600}, {"exp": -1}):
        is_refused(a.call("read_item", a.sign(claims)))
    is_code(a.call("read_item", a.sign({"nbf": now - 5, "exp": now + 60})), "ok")
    expect(len(a.seen) == 1, "it was called upstream")


def auth_expires(a):
    """A token that was good is not once its time is over, though it was verified before."""
    token = a.sign({"exp": int(time.time()) + 2})
    is_code(a.call("read_item", token), "ok")
    Bridge.wait_for(lambda: time.sleep(1) or a.call("read_item", token).status == 401, LEEWAY_S,
                    "it is good for ever")


def auth_forged(a):
    """No signature, one by another key, by the public key as a secret, over other words."""
    good = a.sign()
    head, body, signature = good.split(".")
    _, keys = a.issuer.ask(a.issuer.jwks)
    public = next(k for k in keys["keys"] if k["kid"] == header_of(good)["kid"])

    def mac(secret):
        text = "%s.%s" % (b64(json.dumps(dict(header_of(good), alg="HS256")).encode()), body)
        return text + "." + b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())
    other = b64(json.dumps(dict(claims_of(good), sub="root")).encode())
    none = b64(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    mixed = a.issuer.sign({"aud": a.resource}, header={"kid": header_of(good)["kid"]}, foreign=True)
    a.own += [mixed]
    flipped = signature[:9] + ("A" if signature[9] != "A" else "B") + signature[10:]
    for wrong in (
            "%s.%s." % (none, body), "%s.%s" % (head, body), "%s.%s.%s" % (none, body, signature),
            "%s.%s.%s" % (head, other, signature), "%s.%s.%s" % (head, body, flipped),
            "%s.%s.%s" % (head, body, signature + "A"), "%s.%s." % (head, body), mixed,
            "%s.%s.%s.%s" % (head, body, signature, signature), a.sign(foreign=True),
            mac(json.dumps(public).encode()), mac(b""), "x.y.z", "...", "e30.e30.e30", "A" * 7000):
        is_refused(a.call("read_item", wrong))
    expect(not a.seen, "it was called upstream")
    is_code(a.call("read_item", good), "ok")


def auth_nobody(a):
    """Without a token: 401 that names metadata, which anybody may read and which names the issuer."""
    for modern in (False, True):
        for answer in (a.rpc("tools/list", {}, modern=modern), a.call("open_item", modern=modern),
                       a.call("read_item", modern=modern)):
            said = is_refused(answer, error=None)
            where = urllib.parse.urlsplit(said["resource_metadata"])
            expect(said["resource_metadata"].startswith(a.resource[:-len("/mcp")]) and
                   where.path in PATHS, said)
    for path in PATHS + [where.path]:
        status, headers, body = a.request("GET", path)
        expect(status == 200 and headers["content-type"].startswith("application/json"), headers)
        metadata = json.loads(body)
        expect(metadata["resource"] == a.resource and
               metadata["authorization_servers"] == [a.issuer.url], metadata)
        expect(set(SCOPES) <= set(metadata["scopes_supported"]), metadata)
        expect(metadata.get("bearer_methods_supported", ["header"]) == ["header"], metadata)
    for path in ("/healthz", "/readyz"):
        expect(a.request("GET", path)[0] == 200, path)
    expect(a.request("POST", PATHS[0], {"Content-Type": "application/json"}, b"{}")[0] == 405,
           "metadata may be posted to")
    status, _, _ = a.request("GET", "/.well-known/oauth-protected-resource/other")
    expect(status == 404, "metadata of another resource: %d" % status)
    expect(not a.seen, "it was called upstream")


def auth_how_it_is_given(a):
    """The scheme's case does not matter; another's, two words and a token in the URL are nobody's."""
    token = a.token()
    is_code(a.call("read_item", "bearer " + token), "ok")
    for malformed in ("Bearer ", "Bearer  ", "Bearer a b", "Bearer " + token + ",x",
                      "Bearer " + "A" * 9000):
        answer = a.call("read_item", malformed)
        expect(answer.status in (400, 401), "%d %s" % (answer.status, answer.whole))
        challenge(answer)       # RFC 6750, 3: whatever gives no access is answered with one
    for other in ("Basic " + token, "Token " + token, "Digest a=b"):
        is_refused(a.call("read_item", other), error=None)
    is_refused(a.call("read_item", target="/mcp?access_token=" + token), error=None)


def auth_insufficient_scope(a):
    """403 names all that is needed, in one challenge; nothing is sent."""
    for scope, name, needed in ((READ, "send_item", {SEND}), (SEND, "read_item", {READ}),
                                (READ, "move_item", {READ, SEND}),
                                (SEND, "move_item", {READ, SEND})):
        for modern in (False, True):
            said = is_refused(a.call(name, a.token(scope=scope), modern=modern), 403,
                              "insufficient_scope")
            expect(needed <= set(said["scope"].split()), said)
            expect("resource_metadata" in said, said)
    expect(not a.seen, "it was called upstream")
    is_code(a.call("send_item", a.token(scope=SEND)), "ok")
    is_code(a.call("move_item", a.token()), "ok")
    for claims in ({"scope": None}, {"scope": ""}, {"scope": "messages"}, {"scope": READ + "x"},
                   {"scope": [SEND]}, {"scope": READ.upper()}):
        token = a.sign(claims)
        is_code(a.call("open_item", token), "ok")
        is_refused(a.call("read_item", token), 403, "insufficient_scope")


def listed(answer):
    """The names of a list's tools; server_info is the bridge's own and everybody's."""
    expect("tools" in answer.result, answer.whole)
    return [t["name"] for t in answer.result["tools"] if t["name"] != "server_info"]


def auth_list(a):
    """tools/list has what the caller may call, and says that it is the caller's own."""
    for scope, names in ((READ, {"open_item", "read_item"}), (SEND, {"open_item", "send_item"}),
                         (" ".join(SCOPES), {t["name"] for t in TOOLS})):
        for modern in (False, True):
            answer = a.rpc("tools/list", {}, a.token(scope=scope), modern=modern)
            expect(set(listed(answer)) == names, answer.result)
            expect(not modern or answer.result["cacheScope"] == "private", answer.result)
    found = listed(a.rpc("tools/list", {}, a.sign({"scope": None})))
    expect(found == ["open_item"], found)


def auth_list_pages(a):
    """A page is of what the caller may see; another's cursor shows him no more than that."""
    names, cursor = [], None
    while True:
        answer = a.rpc("tools/list", {"cursor": cursor} if cursor else {}, a.token(scope=READ))
        names += listed(answer)
        cursor = answer.result.get("nextCursor")
        if not cursor:
            break
        other = a.rpc("tools/list", {"cursor": cursor}, a.token(scope=SEND))
        expect(not other.result or "read_item" not in listed(other), other.result)
    expect(names == ["open_item", "read_item"], names)


auth_list_pages.conf = ["tools_page = 1"]


def auth_callers_are_told_apart(a):
    """A call's key is the caller's: another's same key is another call."""
    one, two = a.sign({"sub": "anna"}), a.sign({"sub": "bert"})
    params = {"name": "send_item", "arguments": {"item_id": "1", "idempotency_key": "k1"}}
    for token in (one, two, one, two):
        is_code(a.rpc("tools/call", params, token), "ok")
    expect(len(a.seen) == 2, "%d were sent" % len(a.seen))


auth_callers_are_told_apart.service = {"tools": [tool(
    "send_item", [SEND], "POST", write=True, inputSchema={
        "type": "object", "properties": {"item_id": {"type": "string"},
                                         "idempotency_key": {"type": "string"}},
        "required": ["item_id"], "additionalProperties": False})]}


# ---- who calls: keys of the issuer

def warm(a, token, name="read_item"):
    """Have every worker call once with the token, as far as many calls at once do that."""
    for answer in a.calls(16 * a.workers, name, token):
        is_code(answer, "ok")


def auth_key_set_is_kept(a):
    """One fetch a worker, however many calls and callers."""
    before = a.issuer.count("jwks")
    for _ in range(3):
        warm(a, a.token())
    warm(a, a.token("caller-EdDSA"))
    fetched = a.issuer.count("jwks") - before
    expect(fetched <= a.workers, "%d fetches" % fetched)
    expect(a.metric("fetched_total", what="jwks", result="ok") >= max(1, fetched), "not counted")


def auth_rotation(a):
    """A new key is found when the first token comes that has it, once a worker."""
    warm(a, a.token())
    time.sleep(1.1)                 # jwks_pause_s
    before = a.issuer.count("jwks")
    kid = a.issuer.rotate(after_s=0, keep_s=30)["ES256"]
    Bridge.wait_for(lambda: header_of(a.token())["kid"] == kid, 5, "the new key never signs")
    token = a.token()
    for _ in range(3):
        warm(a, token)
    fetched = a.issuer.count("jwks") - before
    expect(1 <= fetched <= a.workers, "%d fetches" % fetched)


def auth_rotation_again(a):
    """Keys that change again and again: a token of the newest is never told that it is false."""
    warm(a, a.token())
    for _ in range(8):      # one worker fetches a set, the other meets the next key first
        time.sleep(1.1)             # jwks_pause_s
        kid = a.issuer.rotate(after_s=0, keep_s=60)["ES256"]
        Bridge.wait_for(lambda: header_of(a.token())["kid"] == kid, 5, "the new key never signs")
        is_code(a.call("read_item", a.token()), "ok")


def auth_key_is_withdrawn(a):
    """A key that the issuer publishes no more is not believed once the set is fetched anew."""
    token = a.token()
    warm(a, token)
    a.issuer.rotate(after_s=0, keep_s=0)
    Bridge.wait_for(lambda: time.sleep(0.2) or
                    {x.status for x in a.calls(8, "read_item", token)} == {401}, 10,
                    "a withdrawn key is believed")
    is_code(a.call("read_item", a.token()), "ok")


auth_key_is_withdrawn.conf = ["jwks_refresh_s = 1"]


def auth_unknown_keys(a):
    """A flood of unknown keys is refused, and is not one of fetches."""
    good = a.token()
    warm(a, good)
    before = a.issuer.count("jwks")
    tokens = [a.sign(header={"kid": "no-%d" % n}, foreign=True) for n in range(100)]
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda t: a.call("read_item", t), tokens))
    for answer in answers:      # 503: such a key may be a new one, and is not asked about yet
        expect(answer.status in (401, 503), answer.whole)
    expect(401 in [x.status for x in answers], "nobody is told that the key is unknown")
    fetched = a.issuer.count("jwks") - before
    expect(fetched <= a.workers, "%d fetches" % fetched)
    is_code(a.call("read_item", good), "ok")
    expect(a.metric("auth_total", method="jwt", result="unknown_key") == 100, "not counted")


auth_unknown_keys.conf = ["jwks_pause_s = 30"]


def auth_issuer_down(a):
    """Known keys go on; an unknown one gets 503 in time; all is well when it is back."""
    old = a.token()
    warm(a, old)
    time.sleep(1.1)
    kid = a.issuer.rotate(after_s=0, keep_s=30)["ES256"]
    Bridge.wait_for(lambda: header_of(a.token())["kid"] == kid, 5, "the new key never signs")
    new = a.token()
    for how in DOWN:
        a.issuer.down(30, how)
        began = time.monotonic()
        for answer in a.calls(16, "read_item", new):
            is_unavailable(answer)
        expect(time.monotonic() - began < 8, "%.1f s" % (time.monotonic() - began))
        warm(a, old)
        a.issuer.down(0)
    Bridge.wait_for(lambda: time.sleep(0.3) or a.call("read_item", new).code == "ok", 15,
                    "it does not come back")
    expect(a.metric("fetched_total", what="jwks", result="failed") > 0, "it is not counted")


def auth_issuer_down_from_the_start(a):
    """It starts, answers 503 (nobody knows yet), and lets in once the issuer is there."""
    token = a.token()
    a.issuer.down(60)
    a.bridge.stop()
    a.start()
    is_unavailable(a.call("read_item", token))
    expect(a.request("GET", "/healthz")[0] == 200, "it is not healthy")
    expect(a.request("GET", PATHS[0])[0] == 200, "no metadata")
    a.issuer.down(0)
    Bridge.wait_for(lambda: time.sleep(0.3) or a.call("read_item", token).code == "ok", 15,
                    "it does not come back")


def auth_issuer_untrusted(a):
    """A key set from a server with a certificate of another CA is none."""
    is_unavailable(a.call("read_item", a.token()))
    expect(a.metric("fetched_total", what="jwks", result="ok") == 0, "it was fetched")
    expect(not a.seen, "it was called upstream")


auth_issuer_untrusted.conf = lambda issuer: ["auth_ca_file = %s" % issuer.pki.other]


def auth_only_over_https(a):
    """Whoever could change keys or words on tokens on their way could let in: http ends the start.
    So does a password in a URL, which -T would show."""
    for key, lines in (("jwks", ["jwks = http://localhost:1/jwks"]),
                       ("jwks", ["jwks = https://user:word@localhost:1/jwks"]),
                       ("introspection_url", introspection(a.issuer) + [
                           "introspection_url = https://user:word@localhost:1/word"]),
                       ("introspection_url", introspection(a.issuer) + [
                           "introspection_url = http://localhost:1/word"])):
        a.bridge.write_conf(lines)
        done = subprocess.run([a.bridge.binary, "-t"], env=a.bridge.environment(), timeout=20,
                              capture_output=True, check=False)
        expect(done.returncode == 100 and key.encode() in done.stderr and
               b"https" in done.stderr and b"word@" not in done.stderr, "exit %d: %s" % (done.returncode, done.stderr))
    a.bridge.write_conf(a.conf)


def auth_key_set_in_a_file(a):
    """jwks may be a file: the issuer is not asked."""
    before = a.issuer.count("jwks")
    warm(a, a.token())
    is_refused(a.call("read_item", a.sign(foreign=True)))
    expect(a.issuer.count("jwks") == before, "it was asked")


def key_file(issuer):
    path = issuer.folder / "jwks.json"
    path.write_text(json.dumps(issuer.ask(issuer.jwks)[1]))
    return ["jwks = %s" % path]


auth_key_set_in_a_file.conf = key_file


# ---- who calls: introspection

def introspection(issuer):
    path = issuer.folder / "introspection.secret"
    path.write_text(issuer.secrets["bridge-reads"] + "\n")
    path.chmod(0o600)
    return ["auth = jwt introspection", "introspection_url = %s" % issuer.introspection_url,
            "introspection_client = bridge-reads", "introspection_secret_file = %s" % path]


def auth_opaque(a):
    """An opaque token is asked about, once for many calls; scopes and audience hold as in a JWT."""
    token = a.token("caller-opaque", scope=READ)
    before = a.issuer.count("introspection")
    for _ in range(3):
        warm(a, token)
    asked = a.issuer.count("introspection") - before
    expect(1 <= asked <= a.workers, "asked %d times" % asked)
    is_refused(a.call("send_item", token), 403, "insufficient_scope")
    names = listed(a.rpc("tools/list", {}, token))
    expect(names == ["open_item", "read_item"], names)
    is_refused(a.call("read_item", a.issuer.token("caller-opaque", resource=UPSTREAM, scope=READ)))
    for _ in range(3):
        is_refused(a.call("read_item", "rubbish-" + "x" * 30))
    is_code(a.call("read_item", a.token()), "ok")       # a JWT, as well
    expect(set(a.bearers()) == {a.bridge.token}, "the upstream got another token")
    expect(a.metric("fetched_total", what="introspection", result="ok") > 0 and
           a.metric("auth_total", method="introspection") > 0, "it is not counted")


auth_opaque.conf = introspection


def send_and_leave(a, token):
    """A whole request, whose client leaves before it is answered."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    cgi = fastcgi.params("POST", "/mcp", {"Host": "localhost", "Content-Type": "application/json",
                                          "Authorization": "Bearer " + token}, body)
    sock = FastCGIClient(a.bridge.socket, 10).connect()
    sock.sendall(fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pairs(cgi)) +
                 fastcgi.stream(fastcgi.STDIN, body))
    time.sleep(0.1)
    sock.close()


def auth_flood_of_junk(a):
    """Tokens that nobody knows, of clients that leave: others are let in, and asked about."""
    opaque, known = a.token("caller-opaque"), a.token()
    warm(a, known)
    a.issuer.slow(3000)
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda n: send_and_leave(a, "junk%06d" % n), range(1300)))
    is_code(a.call("read_item", known), "ok")
    a.issuer.slow(0)
    is_code(a.call("open_item", opaque), "ok")


auth_flood_of_junk.conf = lambda issuer: introspection(issuer) + ["store ="]
auth_flood_of_junk.credentials = oauth
auth_flood_of_junk.workers = 1


def auth_opaque_revoked(a):
    """A revoked token is refused, at the latest when the answer that is kept is forgotten."""
    kept, fresh = a.token("caller-opaque"), a.token("caller-opaque")
    warm(a, kept)
    a.issuer.revoke(kept, "caller-opaque")
    a.issuer.revoke(fresh, "caller-opaque")
    is_refused(a.call("read_item", fresh))
    began = time.monotonic()
    Bridge.wait_for(lambda: time.sleep(0.5) or
                    {x.status for x in a.calls(8, "read_item", kept)} == {401}, REVOKED_S,
                    "a revoked token is good after %d s" % REVOKED_S)
    print("    a revoked token was refused after %.0f s" % (time.monotonic() - began))


auth_opaque_revoked.conf = introspection


def auth_opaque_expires(a):
    """A kept answer does not outlive its token."""
    token = a.token("caller-opaque-brief")
    is_code(a.call("read_item", token), "ok")
    time.sleep(5)
    expect(not a.issuer.introspect(token)[1]["active"], "the issuer says it is good")
    Bridge.wait_for(lambda: time.sleep(1) or a.call("read_item", token).status == 401, LEEWAY_S,
                    "it is good after its time")


auth_opaque_expires.conf = lambda issuer: introspection(issuer) + ["introspection_ttl_s = 600"]


def auth_opaque_issuer_down(a):
    """Nobody can be asked: 503 in time, never let in; nor 401, which has a good token thrown away."""
    token = a.token("caller-opaque")
    for how in DOWN:
        a.issuer.down(30, how)
        began = time.monotonic()
        for answer in a.calls(16, "read_item", token):
            is_unavailable(answer)
        expect(time.monotonic() - began < 12, "%.1f s" % (time.monotonic() - began))
        a.issuer.down(0)
    Bridge.wait_for(lambda: time.sleep(0.3) or a.call("read_item", token).code == "ok", 15,
                    "it does not come back")


auth_opaque_issuer_down.conf = introspection


# ---- who calls: API keys

def key_command(a, *words):
    done = subprocess.run([a.bridge.binary, "key", *words], env=a.bridge.environment(),
                          capture_output=True, text=True, timeout=20, check=False)
    expect(done.returncode == 0, "key %s: %s" % (words, done.stderr))
    return done.stdout.strip()


def auth_api_key(a):
    """A key is its caller, with the key's scopes; another, an old and a revoked one are nobody."""
    conf = ["auth = api_key jwt", "api_keys_file = %s" % (a.tmp / "keys")]
    a.bridge.stop()
    a.bridge.write_conf(conf)
    whole = key_command(a, "new", "anna")
    reads = key_command(a, "new", "bert", "--scopes", READ)
    brief = key_command(a, "new", "carl", "--expires",
                        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5)))
    a.own += [whole, reads, brief]
    a.conf = conf
    a.start()
    is_code(a.call("send_item", brief), "ok")
    is_code(a.call("send_item", whole), "ok")
    is_code(a.call("read_item", reads), "ok")
    is_code(a.call("read_item", a.token()), "ok")       # a JWT, as well
    for name in ("anna", "anonymous"):      # but not under the name of somebody else here
        is_refused(a.call("open_item", a.sign({"sub": name})))
    is_refused(a.call("send_item", reads), 403, "insufficient_scope")
    deed = json.loads((a.tmp / "audit").read_text().splitlines()[-1])
    expect((deed["caller"], deed["tool"], deed["outcome"], deed.get("code")) ==
           ("bert", "send_item", "refused", "insufficient_scope"), "not written down: %s" % deed)
    expect(listed(a.rpc("tools/list", {}, reads)) == ["open_item", "read_item"], "listed")
    altered = whole[:-1] + ("A" if whole[-1] != "A" else "B")
    for wrong in (altered, whole + "A", whole[:-1]):
        is_refused(a.call("read_item", wrong))
    Bridge.wait_for(lambda: time.sleep(0.2) or a.call("read_item", brief).status == 401, 8,
                    "a key is good after its time")
    expect(set(a.bearers()) == {a.bridge.token}, "the upstream got another token")
    key_command(a, "revoke", "anna")
    os.kill(a.bridge.master.pid, signal.SIGHUP)
    Bridge.wait_for(lambda: time.sleep(0.1) or
                    {x.status for x in a.calls(8, "read_item", whole)} == {401}, 10,
                    "a revoked key is good")
    is_code(a.call("read_item", reads), "ok")
    expect(a.metric("auth_total", method="api_key") > 0, "it is not counted")


# ---- as whom the bridge calls

def auth_passes_nothing_on(a):
    """Nothing of the caller's token goes upstream, in whatever place it was given."""
    token = a.token()
    is_code(a.call("read_item", token), "ok")
    a.call("read_item", token, target="/mcp?access_token=" + token)
    signature = token.rsplit(".", 1)[1]
    for path, headers in a.seen:
        expect(signature not in path + json.dumps(headers), "%s %s" % (path, headers))


def client_credentials(client):
    """A test: the upstream gets a token of this client, which authenticates as it should."""
    def test(a):
        token = a.token()
        before = a.issuer.counts()
        warm(a, token)
        asked = a.issuer.count("token client_credentials " + client) - before.get(
            "token client_credentials " + client, 0)
        expect(asked == 1, "%d token requests" % asked)
        method = oauth(a.issuer, client)["client_auth"]
        way = "auth %s %s" % (method, client)
        expect(a.issuer.counts()[way] == before.get(way, 0) + 1, a.issuer.counts())
        given = set(a.bearers())
        expect(len(given) == 1 and token not in given, "%d tokens upstream" % len(given))
        claims = a.issuer.verify(given.pop(), UPSTREAM)
        expect(claims.get("client_id") == client and
               set(claims["scope"].split()) == set(SCOPES), claims)
        expect(a.metric("fetched_total", what="token", result="ok") == 1, "it is not counted")
    test.__doc__ = "Client credentials by %s: one token for all workers." % client
    test.credentials = lambda issuer: oauth(issuer, client)
    return test


auth_client_secret_basic = client_credentials("bridge-basic")
auth_client_secret_post = client_credentials("bridge-post")
auth_private_key_jwt = client_credentials("bridge-key")


def auth_one_request_for_sixteen(a):
    """The token has expired, 16 workers want one at once: the issuer is asked once."""
    token, name = a.token(), "token client_credentials bridge-brief"
    is_code(a.call("read_item", token), "ok")
    before = a.issuer.count(name)
    time.sleep(5)                   # it was good for four
    expect(a.issuer.count(name) - before <= 1, "renewed though nobody calls")
    before = a.issuer.count(name)
    a.issuer.slow(300)
    try:
        answers = a.calls(64, "read_item", token)
    finally:
        a.issuer.slow(0)
    for answer in answers:
        is_code(answer, "ok")
    asked = a.issuer.count(name) - before
    expect(asked == 1, "%d token requests" % asked)
    expect(claims_of(a.bearers()[-1])["exp"] > time.time() - 1, "an expired token went upstream")


auth_one_request_for_sixteen.workers = 16
auth_one_request_for_sixteen.credentials = lambda issuer: oauth(issuer, "bridge-brief")


def auth_renewed_before_expiry(a):
    """Under way, a token is renewed before its time is over: none that is late goes upstream."""
    token, name, late = a.token(), "token client_credentials bridge-12s", []

    def judge(request):
        given = request["headers"]["authorization"][0][7:]
        if claims_of(given)["exp"] <= time.time():
            late.append(given)
        return {}
    before, until = a.issuer.count(name), time.monotonic() + 26
    while time.monotonic() < until:
        a.plan = [judge] * 4
        for answer in a.calls(4, "read_item", token):
            is_code(answer, "ok")
        time.sleep(0.1)
    asked = a.issuer.count(name) - before
    expect(not late, "%d calls with an expired token" % len(late))
    expect(3 <= asked <= 8, "%d token requests in 26 s, of 12 s each" % asked)
    expect(len(set(a.bearers())) >= asked - 1, "tokens that were not used")


auth_renewed_before_expiry.credentials = lambda issuer: oauth(issuer, "bridge-12s")


def auth_upstream_says_401(a):
    """A token that the upstream refuses is renewed once and the call sent again; then it is told."""
    token, name = a.token(), "token client_credentials bridge-basic"
    is_code(a.call("read_item", token), "ok")
    for tool_name in ("read_item", "send_item"):    # nothing was done: a write as well
        time.sleep(RENEWAL_S)
        before, sent = a.issuer.count(name), len(a.seen)
        a.plan = [{"status": 401, "headers": {"WWW-Authenticate": 'Bearer error="invalid_token"'}}]
        is_code(a.call(tool_name, token), "ok")
        expect(a.issuer.count(name) == before + 1, "%d token requests" % (
            a.issuer.count(name) - before))
        expect(len(a.seen) == sent + 2 and len(set(a.bearers()[-2:])) == 2, "the same token again")
    time.sleep(RENEWAL_S)
    before, sent = a.issuer.count(name), len(a.seen)
    a.plan = [{"status": 401}] * 8
    answer = a.call("read_item", token)
    a.plan = []
    is_code(answer, "upstream_unauthorized")
    expect(len(a.seen) - sent <= 2 and a.issuer.count(name) - before <= 1, "%d sent, %d asked" % (
        len(a.seen) - sent, a.issuer.count(name) - before))
    is_code(a.call("read_item", token), "ok")


auth_upstream_says_401.credentials = oauth
auth_upstream_says_401.workers = 1       # another may know a newer token already, and ask for none


def auth_upstream_says_401_to_all(a):
    """Many calls are refused at once for the same token: one new token serves them all."""
    token, name = a.token(), "token client_credentials bridge-basic"
    warm(a, token)
    time.sleep(RENEWAL_S)
    old = a.bearers()[-1]

    def judge(request):
        return {"status": 401} if request["headers"]["authorization"][0][7:] == old else {}
    before = a.issuer.count(name)
    a.plan = [judge] * 200
    for answer in a.calls(48, "read_item", token):
        is_code(answer, "ok")
    expect(a.issuer.count(name) == before + 1, "%d token requests" % (
        a.issuer.count(name) - before))


auth_upstream_says_401_to_all.credentials = oauth


def auth_upstream_says_401_in_a_chain(a):
    """Each request of a chain may renew the token once, if the last renewal was not just now."""
    slow = {"body": {"at": "x"}, "delay_ms": RENEWAL_S * 1000}
    a.plan = [{"status": 401}, slow, {"status": 401}]
    is_code(a.call("step_item", a.token()), "ok")
    used = a.bearers()
    expect(len(used) == 4 and used[1] == used[2] and len(set(used)) == 3, "%d tokens in %d requests"
           % (len(set(used)), len(used)))


auth_upstream_says_401_in_a_chain.credentials = oauth
auth_upstream_says_401_in_a_chain.service = {"tools": [dict(
    tool("step_item", None), steps=[{"request": {"method": "GET", "url": "/first"},
                                     "response": {"at": "/at"}}])]}
auth_upstream_says_401_in_a_chain.workers = 1
auth_upstream_says_401_in_a_chain.conf = ["upstream_timeout_ms = 8000"]
auth_upstream_says_401_to_all.workers = 4


def auth_token_server_down(a):
    """No token to be had: a clear failure in time, nothing sent, and well again afterwards."""
    token = a.token()
    warm_up = a.rpc("tools/list", {}, token)        # the key set is there
    expect(warm_up.status == 200, warm_up.whole)
    for how in DOWN:
        a.issuer.down(30, how)
        began = time.monotonic()
        for name in ("read_item", "send_item"):
            is_code(a.call(name, token), "upstream_credential")
        expect(time.monotonic() - began < 20 and not a.seen, "%d sent" % len(a.seen))
        a.issuer.down(0)
    Bridge.wait_for(lambda: time.sleep(0.3) or a.call("read_item", token).code == "ok", 15,
                    "it does not come back")
    expect(a.metric("fetched_total", what="token", result="failed") > 0, "it is not counted")


auth_token_server_down.credentials = oauth


def auth_token_server_refuses(a):
    """A wrong secret: a clear failure, at most one request a call, the secret not shown."""
    token, before = a.token(), a.issuer.count("token ")
    for answer in a.calls(20, "read_item", token):
        is_code(answer, "upstream_credential")
        expect("planted" not in json.dumps(answer.whole), answer.whole)
    asked = a.issuer.count("token ") - before
    expect(1 <= asked <= 20 and not a.seen, "asked %d times, called %d" % (asked, len(a.seen)))


def wrong_secret(issuer):
    path = issuer.folder / "wrong.secret"
    path.write_text("planted-and-wrong\n")
    path.chmod(0o600)
    return oauth(issuer, client_secret={"file": str(path)})


auth_token_server_refuses.credentials = wrong_secret


def auth_exchange(a):
    """The upstream sees a token for itself whose subject is the caller, and not the caller's own."""
    name = "token token-exchange bridge-basic"
    before, tokens = a.issuer.count(name), {}
    for client in ("caller-ES256", "caller-RS256"):
        tokens[client] = a.token(client)
        at = len(a.seen)
        for _ in range(2):
            warm(a, tokens[client])
        given = set(a.bearers()[at:])
        expect(tokens[client] not in given, "the caller's own token went upstream")
        for bearer in given:
            claims = a.issuer.verify(bearer, UPSTREAM)
            expect(claims.get("sub") == client and claims["client_id"] == "bridge-basic" and
                   claims["act"] == {"sub": "bridge-basic"}, claims)
    asked = a.issuer.count(name) - before
    expect(2 <= asked <= 2 * a.workers, "%d exchanges" % asked)


auth_exchange.credentials = lambda issuer: oauth(issuer, grant="token_exchange")


def auth_exchange_audience(a):
    """The same with an audience in place of a resource."""
    is_code(a.call("read_item", a.token("caller-RS256")), "ok")
    claims = a.issuer.verify(a.bearers()[-1], UPSTREAM)
    expect(claims.get("sub") == "caller-RS256", claims)


auth_exchange_audience.credentials = lambda issuer: oauth(
    issuer, "bridge-key", "token_exchange", resource=None, audience=UPSTREAM)


def auth_exchange_refused(a):
    """What the issuer does not exchange is a clear failure: no other credential steps in."""
    is_code(a.call("read_item", a.token()), "upstream_credential")
    expect(not a.seen, "it was called upstream")


auth_exchange_refused.credentials = lambda issuer: oauth(
    issuer, grant="token_exchange", resource=None, audience="https://example.org/")


def auth_credentials_by_caller(a):
    """A caller with credentials of its own is served with those, the others with the usual."""
    for client, want in (("caller-RS256", "bridge-post"), ("caller-ES256", "bridge-basic"),
                         ("caller-RS256", "bridge-post"), ("caller-PS256", "bridge-key")):
        is_code(a.call("read_item", a.token(client)), "ok")
        claims = a.issuer.verify(a.bearers()[-1], UPSTREAM)
        expect(claims.get("client_id") == want, "%s: %s" % (client, claims))


auth_credentials_by_caller.credentials = lambda issuer: oauth(issuer, callers={
    "caller-RS256": oauth(issuer, "bridge-post"), "caller-PS256": oauth(issuer, "bridge-key")})


# ---- mutual TLS

def mutual(cert="client_cert", key="client_key"):
    return lambda issuer: {"ca_file": str(issuer.pki.ca),
                           "certificate_file": str(getattr(issuer.pki, cert)),
                           "key_file": str(getattr(issuer.pki, key))}


def auth_mutual_tls(a):
    """The upstream wants the bridge's certificate, and gets it."""
    token = a.token()
    warm(a, token)
    is_code(a.call("send_item", token), "ok")


auth_mutual_tls.ask_client = True
auth_mutual_tls.tls = mutual()


def auth_mutual_tls_without(a):
    """Without one the call fails with a clear code, and nothing was heard."""
    answer = a.call("read_item", a.token())
    expect(answer.code in ("upstream_untrusted", "upstream_broken", "upstream_unreachable"),
           answer.whole)
    expect(not a.seen, "it was heard")


auth_mutual_tls_without.ask_client = True


def auth_mutual_tls_stranger(a):
    """The same with a certificate that the upstream's CA did not sign."""
    auth_mutual_tls_without(a)


auth_mutual_tls_stranger.ask_client = True
auth_mutual_tls_stranger.tls = mutual("stranger_cert", "stranger_key")


def auth_mutual_tls_given_url(a):
    """Where a service's word leads nobody is shown the certificate, either."""
    a.plan = [{"body": {"url": "https://127.0.0.1:%d/store" % a.bridge.tls.port}}]
    answer = a.call("put_item", a.token())
    expect(answer.code in ("upstream_untrusted", "upstream_broken", "upstream_unreachable"),
           answer.whole)
    expect([path for path, _ in a.seen] == ["/api/uploads"], a.seen)


auth_mutual_tls_given_url.ask_client = True
auth_mutual_tls_given_url.tls = mutual()
auth_mutual_tls_given_url.service = {"origins": ["https://127.0.0.1:<<PORT>>"], "tools": [dict(
    tool("put_item", None), steps=[{"request": {"method": "GET", "url": "/uploads"},
                                    "response": {"at": "/url"}}],
    request={"method": "GET", "url": "{at}"})]}


# ---- under load

def auth_rotation_under_load(a):
    """1,500 in flight while the issuer's keys change: none fails, one fetch a worker."""
    old = a.token()
    volley(a, old, LOAD // 3, 1)
    time.sleep(1.1)
    before = a.issuer.count("jwks")
    first = start_volley(a, old, LOAD // 2, 8)
    kid = a.issuer.rotate(after_s=1, keep_s=60)["ES256"]
    Bridge.wait_for(lambda: header_of(a.token())["kid"] == kid, 10, "the new key never signs")
    new = a.token()
    second = start_volley(a, new, LOAD - LOAD // 2, 4)
    for said in (finish_volley(second), finish_volley(first)):
        print("    %d requests, %d/s, p99 %d ms" % (said["requests"], said["rps"], said["p99_ms"]))
        expect(said["ok"] == said["requests"] > LOAD and not said["wrong"] and
               not sum(said["errors"].values()) and not said["unfinished"], said)
    fetched = a.issuer.count("jwks") - before
    expect(1 <= fetched <= a.workers, "%d fetches" % fetched)


def start_volley(a, token, in_flight, seconds):
    body = a.tmp / "call.json"
    body.write_text(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "read_item", "arguments": {"item_id": "m1"}}}))
    return subprocess.Popen(
        [str(Path(a.bridge.binary).parent / "volley"), "-c", str(in_flight), "-d", str(seconds),
         "-b", str(body), "-e", "structuredContent", "-H", "Authorization: Bearer " + token,
         "http://127.0.0.1:%d/mcp" % a.web.port],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def finish_volley(process):
    said = json.loads(process.stdout.read())
    expect(process.wait() == 0, "volley ended with %d" % process.returncode)
    return said


def volley(a, token, in_flight, seconds):
    return finish_volley(start_volley(a, token, in_flight, seconds))


auth_rotation_under_load.build = "release"
auth_rotation_under_load.plain_web = "nginx"
auth_rotation_under_load.upstream = True
auth_rotation_under_load.conf = ["max_requests = 0", "log_level = info", "upstream_http = 2",
                                 "request_timeout_ms = 30000", "upstream_timeout_ms = 20000"]


# ---- a client that finds its own way

def sdk(a):
    """The TypeScript SDK: 401, metadata, registration, PKCE, token, tools; and more scope."""
    run = a.tmp / "run.json"
    run.write_text(json.dumps({
        "url": a.resource, "issuer": a.issuer.url, "scopes": SCOPES,
        "secret": a.issuer.secrets["sdk-secret"], "key": a.issuer.key.path.read_text()}))
    run.chmod(0o600)
    before = a.issuer.counts()
    try:
        done = subprocess.run(
            [str(NODE), str(HERE / "client.mjs"), str(run)], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=90, check=False,
            env=dict(os.environ, NPM_FOLDER=str(NPM), NODE_EXTRA_CA_CERTS=str(a.issuer.pki.ca)))
    finally:
        run.unlink()
    lines = done.stdout.strip().splitlines() or [""]
    m = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1])
    expect(m and m[2] == "0" and done.returncode == 0, "\n    ".join(
        [x for x in lines if not x.startswith("PASS")] + [done.stderr[-2000:]]))
    expect(a.issuer.count("registration") > before.get("registration", 0), "nobody registered")
    expect(set(a.bearers()) == {a.bridge.token}, "the upstream got another token")


def auth_sdk_lighttpd(a):
    sdk(a)


def auth_sdk_nginx(a):
    sdk(a)


for function in (auth_sdk_lighttpd, auth_sdk_nginx):
    function.__doc__ = sdk.__doc__
    function.web = function.__name__.rpartition("_")[2]


def with_tls(name, pki):
    """An edit of a web server's configuration: the same over TLS."""
    def edit(text):
        if name == "nginx":
            return re.sub(r"(listen 127\.0\.0\.1:\d+)( backlog=\d+;)",
                          r'\1 ssl\2 ssl_certificate "%s"; ssl_certificate_key "%s";'
                          % (pki.cert, pki.key), text)
        return re.sub(r'(\$SERVER\["socket"\] == "127\.0\.0\.1:\d+" \{)',
                      r'\1 ssl.engine = "enable" ssl.pemfile = "%s" ssl.privkey = "%s"'
                      % (pki.cert, pki.key), text)
    return edit


# ---- what is seen of secrets

def auth_secrets(a):
    """Everything at once, most of it going wrong, at debug level: nothing of it is to be seen."""
    jwt, opaque = a.token(), a.token("caller-opaque")
    for token in (jwt, opaque, jwt[:-3] + "AAA", a.sign({"exp": 1}), a.sign(foreign=True)):
        for name in ("read_item", "send_item"):
            a.call(name, token)
    a.plan = [{"status": 401, "body": {"error": {"message": "no"}}}] * 4
    a.call("read_item", jwt)
    a.plan = []
    for how in ("503", "refuse"):
        a.issuer.down(20, how)
        a.call("read_item", a.sign({"sub": "later"}))
        a.issuer.down(0)
    a.request("GET", "/mcp?access_token=" + jwt, {"Authorization": "Bearer " + jwt})
    os.kill(a.bridge.master.pid, signal.SIGHUP)
    time.sleep(1)
    is_code(a.call("read_item", jwt), "ok")
    expect("planted" in a.issuer.secrets["bridge-basic"], "nothing was planted")
    expect("read_item" in (a.tmp / "audit").read_text(), "there is no audit")
    a.metric("auth_total")
    a.check_secrets()


auth_secrets.conf = introspection
auth_secrets.credentials = lambda issuer: oauth(issuer, grant="token_exchange", callers={
    "caller-RS256": oauth(issuer, "bridge-post"), "caller-PS256": oauth(issuer, "bridge-key")})


# ---- running them

def service_of(up):
    """A service file's part that calls the benchmark's upstream."""
    return {"base_url": up.url, "tls": {"ca_file": up.ca},
            "auth": {"type": "bearer", "token": {"file": up.token_file}},
            "tools": [tool("read_item", [READ], request={
                "method": "GET", "url": "/messages/{item_id}"})]}


def run(issuer, build, tmp, function):
    """One test: why it failed, or None."""
    arena, up, web, why = None, None, None, None
    if getattr(function, "build", None):
        build = ROOT / "build" / function.build
    try:
        if getattr(function, "upstream", False):
            up = Upstream(delay_ms=200).start()
            function.service = service_of(up)
        arena = Arena(issuer, build, tmp, function)
        arena.start()
        if hasattr(function, "web"):
            web = WebServer(function.web, tmp, arena.bridge, arena.port,
                            with_tls(function.web, issuer.pki))
        elif hasattr(function, "plain_web"):
            web = arena.web = WebServer(function.plain_web, tmp, arena.bridge)
        function(arena)
    except (Failure, FastCGIError, OSError, ValueError, KeyError, RuntimeError,
            subprocess.SubprocessError) as e:
        why = "%s: %s" % (type(e).__name__, e)
    finally:        # interrupted as well: nothing is left running
        steps = [lambda: issuer.slow(0), lambda: issuer.down(0)] + ([web.stop] if web else [])
        steps += [lambda: arena.metric("auth_total"), arena.bridge.stop, arena.bridge.check_log,
                  arena.check_secrets, arena.bridge.close] if arena else []
        for step in steps + ([up.stop] if up else []):
            try:
                step()
            except (Failure, FastCGIError, OSError) as e:
                why = "%s; %s" % (why, e) if why else str(e)
    return why


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="names of tests; all without one")
    parser.add_argument("--only", choices=["issuer", "auth"])
    parser.add_argument("--build", default=os.environ.get(
        "BUILD_DIR", str(ROOT / "build" / "asan")))
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tests = [("issuer", k[7:], v) for k, v in vars(selftest).items() if k.startswith("issuer_")]
    tests += [("auth", k[5:], v) for k, v in globals().items() if k.startswith("auth_")]
    names = [n.replace("-", "_") for n in args.names]
    unknown = set(names) - {name for _, name, _ in tests}
    if unknown:
        parser.error("no such test: " + " ".join(sorted(unknown)))
    passed = failed = 0
    folder = Path(tempfile.mkdtemp(prefix="auth."))
    try:
        with Issuer(folder / "issuer", Pki(folder / "pki")) as issuer:
            for kind, name, function in tests:
                if (names and name not in names) or (args.only and kind != args.only):
                    continue
                began, why = time.monotonic(), None
                if kind == "auth":
                    why = run(issuer, Path(args.build), folder / name[:24], function)
                else:
                    try:
                        function(issuer)
                    except (Failure, OSError, ValueError, KeyError) as e:
                        why = "%s: %s" % (type(e).__name__, e)
                title = "%s %s" % (kind, name.replace("_", "-"))
                if why:
                    failed += 1
                    print("FAIL %s: %s" % (title, why))
                else:
                    passed += 1
                    if args.verbose:
                        print("ok %s (%.1f s)" % (title, time.monotonic() - began))
            complaints = issuer.log.read_text()
            if failed and complaints:
                print("the issuer's log ends:\n    " + "\n    ".join(
                    complaints.splitlines()[-15:]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
