#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the cases of this folder that need a signature or an API key, and what they are judged by.

    tests/attack/make.py

Everything it writes is committed; it is run to add an attack or to change one. Its keys are made
anew each time and forgotten: what was signed is all that is left of them. It writes jwks.json (the
issuer's keys), api_keys (the callers' API keys, as digests), and the folders token-*, key-* and
control-*. A control has the settings of the attacks it is named after and a good credential, which
is let in: of what is refused beside it one thing alone is wrong. See tests/cases.py for the files.
"""
import base64
import hashlib
import hmac
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "auth")]
from cases import CANARY  # noqa: E402
from issuer import b64, raw_of, unb64  # noqa: E402

ISSUER, RESOURCE = "https://id.example.org", "https://mcp.example.org/mcp"     # as in BASE_CONF
METADATA = "https://mcp.example.org/.well-known/oauth-protected-resource/mcp"
SCOPE = "items:read"                    # what get_item asks for
PAST, FUTURE = 1000000000, 4102444800   # 2001 and 2100
JWT, KEY, BOTH = "auth = jwt", "auth = api_key", "auth = api_key jwt"

MALFORMED = "Authorization is to be: Bearer and a token of at most 8192 characters"
ALG = "the token's alg is not one that is accepted here"
PARTS = "the token is not of three parts"
PARAMETER = ("the token's header has a parameter that is not accepted "
             "(crit, jku, jwk, x5u, x5c, b64 or zip)")
SIGNATURE = "the token's signature is false"
ENCODING = "a part of the token is not base64url"
HEADER, CLAIMS = "the token's header is not JSON", "the token's claims are not a JSON object"
NO_KEY = "the issuer has no key of the token's kid"
NO_FIT = "the issuer has not one key that fits to the token's alg"
AUDIENCE, OF_ISSUER = "the token is for another audience", "the token is of another issuer"
NO_TIME, EXPIRED = "the token's exp, nbf or iat is not a time", "the token has expired"
TAKEN = "the token's subject is the name of an API key here, or reserved"
NOT_BEARER, NOTHING = "the credential is to be a Bearer's", "a credential is needed"
NO_API_KEY, UNKNOWN_API_KEY = "the token is no API key", "the API key is not known"
GRANTS = "the token does not grant the scopes of this tool"
FORBIDDEN = "Forbidden: what you called with does not grant the scopes of this tool"


# ---- keys and tokens

class Key:
    """A key of the issuer's, by the openssl command."""

    KINDS = {
        "ES256": ("EC", "ec_paramgen_curve:P-256"), "ES384": ("EC", "ec_paramgen_curve:P-384"),
        "RS256": ("RSA", "rsa_keygen_bits:2048"), "PS256": ("RSA", "rsa_keygen_bits:2048"),
        "small": ("RSA", "rsa_keygen_bits:1024"), "EdDSA": ("ED25519", None)}

    def __init__(self, folder, kid, kind=None):
        kind = kind or kid
        self.kid, self.alg = kid, kind if kind != "small" else "RS256"
        self.path = folder / (kid + ".pem")
        name, option = self.KINDS[kind]
        self.openssl("genpkey", "-algorithm", name, "-out", str(self.path),
                     *(("-pkeyopt", option) if option else ()))
        self.pem = self.openssl("pkey", "-in", str(self.path), "-pubout")
        der = self.openssl("pkey", "-in", str(self.path), "-pubout", "-outform", "DER")
        self.jwk = {"kid": kid, "alg": self.alg, "use": "sig"}
        if name == "EC":
            half = 32 if kind == "ES256" else 48
            self.jwk.update(kty="EC", crv="P-%d" % (half * 8), x=b64(der[-2 * half:-half]),
                            y=b64(der[-half:]))
        elif name == "RSA":
            modulus = self.openssl("rsa", "-in", str(self.path), "-noout", "-modulus")
            self.jwk.update(kty="RSA", e="AQAB", n=b64(bytes.fromhex(
                modulus.decode().strip().partition("=")[2])))
        else:
            self.jwk.update(kty="OKP", crv="Ed25519", x=b64(der[-32:]))

    @staticmethod
    def openssl(*words, data=None):
        return subprocess.run(["openssl", *words], input=data, check=True,
                              capture_output=True).stdout

    def der(self, text, digest="-sha256", *more):
        return self.openssl("dgst", digest, "-sign", str(self.path), *more, data=text)

    def sign(self, text, alg=None):
        alg = alg or self.alg
        if alg == "EdDSA":
            path = self.path.with_suffix(".text")
            path.write_bytes(text)
            return self.openssl("pkeyutl", "-sign", "-rawin", "-inkey", str(self.path),
                                "-in", str(path))
        if alg.startswith("ES"):
            return raw_of(self.der(text, "-sha" + alg[2:]), 32 if alg == "ES256" else 48)
        padding = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
        return self.der(text, "-sha" + alg[2:], *(padding if alg.startswith("PS") else ()))


class Made:
    """The keys, and tokens by them: good but for what is asked for."""

    def __init__(self, folder):
        self.es, self.es384, self.rs, self.ps, self.ed, self.small = self.keys = [
            Key(folder, kid) for kid in ("ES256", "ES384", "RS256", "PS256", "EdDSA", "small")]
        self.foreign = Key(folder, "foreign", "ES256")
        self.good = self.token()
        # Spare bits of the last letter, and letters that the other alphabet writes otherwise.
        while not set("-_") & set(self.good.rpartition(".")[2]):
            self.good = self.token()

    def words(self, key=None, claims=None, header=None):
        """The header and the claims of a token, each as text."""
        head = dict({"alg": (key or self.es).alg, "kid": (key or self.es).kid, "typ": "at+jwt"},
                    **(header or {}))
        said = dict({"iss": ISSUER, "aud": RESOURCE, "sub": "carol", "scope": SCOPE,
                     "exp": FUTURE}, **(claims or {}))
        return [json.dumps({k: v for k, v in part.items() if v is not None})
                for part in (head, said)]

    def token(self, key=None, claims=None, header=None, by=None):
        """A token; `by` signs it, if not the key that it names. None takes a member away."""
        return self.sealed(*self.words(key, claims, header), by or key)

    def sealed(self, head, said, by=None):
        text = (b64(head.encode()) + "." + b64(said.encode())).encode()
        return text.decode() + "." + b64((by or self.es).sign(text))

    def mac(self, alg, secret):
        """A token with a MAC by what everybody knows."""
        head, said = self.words(self.rs, header={"alg": alg})
        text = b64(head.encode()) + "." + b64(said.encode())
        return text + "." + b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())

    def signed(self, signature):
        return self.good.rpartition(".")[0] + "." + signature


# ---- files of a case

PARAMS = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/mcp", "CONTENT_TYPE": "application/json",
          "HTTP_HOST": "localhost", "HTTP_ACCEPT": "application/json, text/event-stream"}
CALL = ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_item",'
        '"arguments":{"item_id":"7"}}}')
LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
RESULT = ('{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"<<ANY>>"}],'
          '"structuredContent":{"id":"7","status":"open","source":"cases",'
          '"untrusted":["text"]}}}')
# That Authorization is the service's own and stands there once, tests/cases.py sees by itself.
UPSTREAM = {"expect": {"method": "GET", "path": "/api/items/7", "body": None,
                       "headers": {"Cookie": None}},
            "answer": {"body": '{"id":"7","state":"o"}'}}


def write(folder, params, body, expect, upstream=None):
    folder.mkdir(parents=True)
    lines = {k: v for k, v in dict(PARAMS, **params).items() if v is not None}
    if any("\n" in v for v in lines.values()):
        (folder / "params.gen").write_text(json.dumps(lines, indent=1) + "\n")
    else:
        (folder / "params").write_text("".join("%s=%s\n" % kv for kv in lines.items()))
    (folder / "body").write_text(body + "\n")
    (folder / "expect").write_text(expect + "\n")
    if upstream is not None:
        (folder / "upstream").write_text(json.dumps(upstream, indent=1) + "\n")


class Cases:
    """Writes cases, each with its settings and its line."""

    def __init__(self):
        for old in HERE.iterdir():
            if old.is_dir() and old.name.startswith(("token-", "key-", "control-")):
                shutil.rmtree(old)

    def settings(self, name, why, conf, **limits):
        (HERE / name / "why").write_text(why + "\n")
        (HERE / name / "limits").write_text(json.dumps(dict({"conf": conf}, **limits)) + "\n")

    @staticmethod
    def credential(credential):
        return {"HTTP_AUTHORIZATION": credential if credential is None or " " in credential
                else "Bearer " + credential}

    def accepted(self, name, why, credential, conf=(JWT,), **limits):
        self.let_in(HERE / name, credential)
        self.settings(name, why, list(conf), **limits)

    def let_in(self, folder, credential):
        write(folder, self.credential(credential), CALL,
              "200 OK\nContent-Type: application/json\n!WWW-Authenticate\n\n" + RESULT, UPSTREAM)

    @staticmethod
    def challenge(conf, error, why):
        return 'WWW-Authenticate: Bearer realm="ums-mcp"%s, scope="%s"%s' % (
            ', error="%s", error_description="%s"' % (error, why) if error else "", SCOPE,
            ', resource_metadata="%s"' % METADATA if "jwt" in conf[0] else "")

    def refused(self, name, why, credential, said, conf=(JWT,), body=CALL, params=None, **limits):
        """401, with the error where a credential was given that is no good."""
        error = None if said in (NOTHING, NOT_BEARER) else "invalid_token"
        write(HERE / name, dict(self.credential(credential), **(params or {})), body,
              "401 Unauthorized\nContent-Type: application/json\n%s\n\n%s" % (
                  self.challenge(conf, error, said),
                  '{"jsonrpc":"2.0","error":{"code":-32600,"message":"%s"}}' % said))
        self.settings(name, why, list(conf), **limits)

    def forbidden(self, name, why, credential, conf=(JWT,)):
        """403, with all that the tool needs."""
        self.forbid(HERE / name, credential, conf)
        self.settings(name, why, list(conf))

    def forbid(self, folder, credential, conf):
        write(folder, self.credential(credential), CALL,
              "403 Forbidden\nContent-Type: application/json\n%s\n\n%s" % (
                  self.challenge(conf, "insufficient_scope", GRANTS),
                  '{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"%s"}}' % FORBIDDEN))


# ---- the cases

def signatures(c, m):
    """Who signed, and by what."""
    head, said = m.words()
    plain = b64(said.encode())

    def unsigned(alg, tail):
        return b64(json.dumps({"alg": alg, "typ": "at+jwt"}).encode()) + "." + plain + "." + tail
    signature = m.good.rpartition(".")[2]
    for alg in ("none", "None", "NONE", "nOnE"):
        case = {"none": "", "None": "-capital", "NONE": "-capitals", "nOnE": "-mixed"}[alg]
        c.refused("token-alg-none" + case, "alg %s, with another token's signature." % alg,
                  unsigned(alg, signature), ALG)
    c.refused("token-alg-none-unsigned", "alg none and an empty signature, as RFC 7515 has it.",
              unsigned("none", ""), PARTS)
    c.refused("token-alg-empty", "alg is an empty string.", m.token(header={"alg": ""}), ALG)
    c.refused("token-alg-missing", "A header without alg.", m.token(header={"alg": None}), ALG)
    c.refused("token-alg-number", "alg is no string.", m.token(header={"alg": 256}), ALG)
    c.refused("token-alg-case", "es256: algorithms are compared with their case.",
              m.token(header={"alg": "es256"}), ALG)
    c.refused("token-alg-hmac-pem", "HS256 with the public key's PEM text as its secret.",
              m.mac("HS256", m.rs.pem), ALG)
    c.refused("token-alg-hmac-jwk", "HS256 with the public key's JWK as its secret.",
              m.mac("HS256", json.dumps(m.rs.jwk).encode()), ALG)
    c.refused("token-alg-hmac-as-rs256", "A MAC by the public key that says it is RS256.",
              m.mac("RS256", m.rs.pem), SIGNATURE)
    c.refused("token-alg-unknown", "RS512, a signature by a good key that nobody here verifies.",
              m.sealed(*m.words(m.rs, header={"alg": "RS512"}), by=Signer(m.rs, "RS512")), ALG)
    c.refused("token-alg-not-allowed", "A good RS256 token, where jwt_algorithms has ES256 alone.",
              m.token(m.rs), ALG, conf=[JWT, "jwt_algorithms = ES256"])
    c.refused("token-alg-of-another-key", "PS256, well signed, by a key that is for RS256.",
              m.sealed(*m.words(m.rs, header={"alg": "PS256"}), by=Signer(m.rs, "PS256")), NO_FIT)
    c.refused("token-alg-of-another-kind", "RS256 by a key that is on a curve.",
              m.token(header={"alg": "RS256"}), NO_FIT)
    c.refused("token-key-too-small", "RS256 by a key of 1024 bits, which the key file has.",
              m.token(m.small), NO_KEY)
    c.refused("token-signature-empty", "A signature of no bytes.", m.signed(""), PARTS)
    c.refused("token-signature-stripped", "Header and claims alone.",
              m.good.rpartition(".")[0], PARTS)
    c.refused("token-signature-of-another", "The signature of another good token.",
              m.signed(m.token(claims={"sub": "dave"}).rpartition(".")[2]), SIGNATURE)
    c.refused("token-signature-cut", "A signature without its last bytes.",
              m.signed(signature[:80]), SIGNATURE)
    c.refused("token-signature-by-another", "A stranger's key, under the name of the issuer's.",
              m.token(by=m.foreign), SIGNATURE)
    raw = unb64(signature)
    c.refused("token-es256-r-zero", "ES256 with r = 0.",
              m.signed(b64(bytes(32) + raw[32:])), SIGNATURE)
    c.refused("token-es256-s-zero", "ES256 with s = 0.",
              m.signed(b64(raw[:32] + bytes(32))), SIGNATURE)
    c.refused("token-es256-zero", "ES256 with r = s = 0, which once verified anything in Java.",
              m.signed(b64(bytes(64))), SIGNATURE)
    text = m.good.rpartition(".")[0].encode()
    c.refused("token-es256-der", "A good ES256 signature in DER: another text of the same.",
              m.signed(b64(m.es.der(text))), SIGNATURE)
    c.refused("token-claims-changed", "Other claims under a good signature.",
              "%s.%s.%s" % (b64(head.encode()), b64(m.words(claims={"sub": "root"})[1].encode()),
                            signature), SIGNATURE)


class Signer:
    """A key with another algorithm than its own."""

    def __init__(self, key, alg):
        self.key, self.alg = key, alg

    def sign(self, text):
        return self.key.sign(text, self.alg)


def headers(c, m):
    """What a header says of itself."""
    foreign, evil = m.foreign, "https://evil.example.com/"
    c.refused("token-header-crit", "A critical extension, well signed: it is not understood here.",
              m.token(header={"crit": ["exp"]}), PARAMETER)
    c.refused("token-header-jwk", "A stranger's key in the header, to be verified by.",
              m.token(header={"jwk": foreign.jwk}, by=foreign), PARAMETER)
    c.refused("token-header-jku", "A stranger's key set, to be fetched.",
              m.token(header={"jku": evil + "jwks"}, by=foreign), PARAMETER)
    c.refused("token-header-x5u", "A stranger's certificate, to be fetched.",
              m.token(header={"x5u": evil + "cert"}, by=foreign), PARAMETER)
    c.refused("token-header-x5c", "A stranger's certificate in the header.",
              m.token(header={"x5c": [base64.b64encode(b"x" * 64).decode()]}, by=foreign),
              PARAMETER)
    c.refused("token-header-b64", "b64 false: signed would be something else than is read.",
              m.token(header={"b64": False}), PARAMETER)
    c.refused("token-header-typ", "A well signed token of another kind.",
              m.token(header={"typ": "logout+jwt"}),
              "the token's typ is not that of an access token")
    c.refused("token-kid-path", "A kid that climbs to a file whose text is known.",
              m.token(header={"kid": "../../../../dev/null"}), NO_KEY)
    c.refused("token-kid-sql", "A kid that would make a database answer with a chosen key.",
              m.token(header={"kid": "x' UNION SELECT 'secret';--"}), NO_KEY)
    c.refused("token-kid-nul", "A kid that ends early for whom a NUL ends it: ES256, NUL and more.",
              m.token(header={"kid": "ES256\0x"}), "the token's kid is not printable ASCII")
    c.refused("token-kid-long", "A kid of 3,000 characters.",
              m.token(header={"kid": "ES256" * 600}), "the token's kid is not a short string")
    c.refused("token-kid-number", "A kid that is no string.", m.token(header={"kid": 0}),
              "the token's kid is not a short string")
    head, said = m.words()
    c.refused("token-header-twice", "Two alg in a header: none for one reader, ES256 for another.",
              m.sealed('{"alg":"none",' + head[1:], said), HEADER)


def forms(c, m):
    """How a token is written, and where."""
    head, said, signature = m.good.split(".")
    c.refused("token-huge", "A well signed token longer than any that is read.",
              m.token(claims={"x": "y" * 6100}), MALFORMED, only=["fcgi", "cgi"])
    c.refused("token-nested", "Five parts, as of an encrypted token.",
              "%s.%s.%s.%s.%s" % (head, said, signature, said, signature), PARTS)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    c.refused("token-base64-spare-bits", "A last letter with a spare bit set: the same bytes.",
              m.signed(signature[:-1] + letters[letters.index(signature[-1]) | 1]), ENCODING)
    c.refused("token-base64-padding", "Padding, which base64url in a token has not.",
              m.signed(signature + "=="), ENCODING)
    c.refused("token-base64-alphabet", "The letters + and / of plain base64: the same bytes.",
              m.signed(signature.replace("-", "+").replace("_", "/")), ENCODING)
    c.refused("token-white-space", "A blank in a token.",
              "Bearer %s.%s %s.%s" % (head, said[:9], said[9:], signature), MALFORMED)
    c.refused("token-tab", "A tab between the scheme and the token.", "Bearer\t " + m.good,
              MALFORMED)
    c.refused("token-scheme-without-blank", "No blank between the scheme and the token.",
              None, MALFORMED, params={"HTTP_AUTHORIZATION": "Bearer" + m.good})
    c.accepted("token-scheme-case", "The scheme's case does not matter (RFC 9110, 11.1): let in.",
               "bEARER " + m.good)
    c.refused("token-scheme-other", "A good token under another scheme.", "Basic " + m.good,
              NOT_BEARER)
    c.refused("token-twice-joined", "Two Authorization lines that a server in front has joined.",
              "Bearer %s, Bearer %s" % (m.good, m.good), MALFORMED)
    twice = {"HTTP_AUTHORIZATION": "Bearer %s\nBearer %s" % (m.good, m.token(claims={
        "sub": "dave"}))}
    c.refused("token-twice-lighttpd", "Two Authorization lines: lighttpd joins them.",
              None, MALFORMED, params=twice, only="lighttpd")
    write(HERE / "token-twice-nginx", twice, CALL, "400 Bad Request\n\n<<ANY>>")
    c.settings("token-twice-nginx", "Two Authorization lines: nginx refuses them itself.", [JWT],
               only="nginx", counts=0)
    c.refused("token-in-query", "A token in the URL (RFC 6750, 2.3) is none, nor is it logged.",
              None, NOTHING, params={"REQUEST_URI": "/mcp?x=%s&access_token=%s" % (
                  CANARY, m.good)})
    c.refused("token-in-meta", "A token in _meta is none.", None, NOTHING, body=CALL[:-2] +
              ',"_meta":{"authorization":"Bearer %s","access_token":"%s"}}}' % (m.good, m.good))
    c.refused("token-in-cookie", "A token in a cookie, which a browser would send by itself.",
              None, NOTHING, params={"HTTP_COOKIE": "access_token=" + m.good})
    c.refused("token-missing", "No credential at all: told where one is to be had.", None, NOTHING)
    c.accepted("token-not-forwarded", "The caller's token never goes upstream: the service's own.",
               m.good)


def claims(c, m):
    """What a well signed token says."""
    for name, why, said in (
            ("other", "Another server.", "https://other.example.org/mcp"),
            ("prefix", "A beginning of ours.", RESOURCE[:-1]),
            ("origin", "Our origin alone.", "https://mcp.example.org"),
            ("longer", "Ours and a slash.", RESOURCE + "/"),
            ("substring", "A text that ours stands in.", "see %s there" % RESOURCE),
            ("case", "Ours in capitals.", RESOURCE.upper()),
            ("nul", "Ours, NUL and more.", RESOURCE + "\0x"),
            ("object", "An object with our name.", {RESOURCE: True}),
            ("mixed", "A list with ours and what is no string.", [RESOURCE, 1]),
            ("empty", "A list of none.", []), ("missing", "No aud.", None)):
        c.refused("token-aud-" + name, "aud: %s%s" % (why[0].lower(), why[1:]),
                  m.token(claims={"aud": said}), AUDIENCE)
    for name, why, said in (
            ("other", "Another issuer.", "https://evil.example.com"),
            ("longer", "Ours and a slash.", ISSUER + "/"),
            ("list", "A list with ours.", [ISSUER]), ("missing", "No iss.", None)):
        c.refused("token-iss-" + name, "iss: %s%s" % (why[0].lower(), why[1:]),
                  m.token(claims={"iss": said}), OF_ISSUER)
    c.refused("token-expired", "A token past its time.", m.token(claims={"exp": PAST}), EXPIRED)
    c.refused("token-not-yet-valid", "A token whose nbf is to come.",
              m.token(claims={"nbf": FUTURE - 1}), "the token is not valid yet")
    c.refused("token-iat-future", "A token that will have been issued.",
              m.token(claims={"iat": FUTURE - 1}), "the token was issued in the future")
    c.refused("token-exp-missing", "A token without an end.", m.token(claims={"exp": None}),
              "the token has no exp")
    c.refused("token-exp-string", "exp is a string.", m.token(claims={"exp": str(FUTURE)}),
              NO_TIME)
    c.refused("token-exp-negative", "exp is -1.", m.token(claims={"exp": -1}), EXPIRED)
    head, said = m.words()
    c.refused("token-exp-infinite", "exp is 1e400, which no double holds.",
              m.sealed(head, said.replace(str(FUTURE), "1e400")), NO_TIME)
    c.refused("token-claims-twice", "Two exp: past for one reader, to come for another.",
              m.sealed(head, '{"exp":%d,%s' % (PAST, said[1:])), CLAIMS)
    c.refused("token-claims-list", "Claims that are no object.",
              m.sealed(head, "[%s]" % said), CLAIMS)
    c.refused("token-sub-control", "A sub with a line end, for the log.",
              m.token(claims={"sub": "carol\nroot"}),
              "the token's sub, client_id or azp is not a short string")
    c.refused("token-sub-of-a-key", "A sub that is the name of an API key: anna's records.",
              m.token(claims={"sub": "anna"}), TAKEN, conf=[BOTH])
    c.refused("token-sub-anonymous", "A sub that stands for nobody here.",
              m.token(claims={"sub": "anonymous"}), TAKEN)
    for name, why, said in (
            ("missing", "A token without scopes.", None),
            ("other", "Another scope.", "items:write"),
            ("longer", "A scope that begins with the tool's.", SCOPE + "x"),
            ("prefix", "A scope that the tool's begins with.", "items"),
            ("case", "The tool's scope in capitals.", SCOPE.upper())):
        c.forbidden("token-scope-" + name, why, m.token(claims={"scope": said}))
    # The first page has one tool, the first that the caller may use.
    first = ('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"%s",<<ANY>>}],'
             '"nextCursor":"<<ANY>>"}}')
    name, conf, none = "token-scope-hidden-tool", [JWT, "tools_page = 1"], m.token(
        claims={"scope": None})
    ok = "200 OK\nContent-Type: application/json\n\n"
    write(HERE / name, c.credential(none), LIST, ok + first % "list_items")
    c.forbid(HERE / name / "step2", none, conf)
    write(HERE / name / "step3", c.credential(m.good), LIST, ok + first % "get_item")
    c.settings(name, "A tool that the caller may not use is not listed, and refused when called.",
               conf)


def api_keys(c, m):
    """Keys of the bridge's own. The file has digests; the keys are in the cases alone."""
    def new():
        return "ums_" + b64(secrets.token_bytes(32))
    good, expired, revoked, narrow = new(), new(), new(), new()

    def digest(key):
        return hashlib.sha256(key.encode()).hexdigest()
    (HERE / "api_keys").write_text("".join("%s sha256:%s%s\n" % (name, digest(key), more)
                                           for name, key, more in (
        ("anna", good, ""), ("bert", expired, " expires=2020-01-01T00:00:00Z"),
        ("# carl", revoked, ""), ("dora", narrow, " scopes=items:write"))))
    for name, why, credential, said in (
            ("wrong", "A key that nobody was given.",
             "ums_" + (CANARY + "x" * 43)[:43], UNKNOWN_API_KEY),
            ("one-letter", "A key with one letter changed.",
             good[:20] + ("A" if good[20] != "A" else "B") + good[21:], UNKNOWN_API_KEY),
            ("revoked", "A key whose line is a comment now.", revoked, UNKNOWN_API_KEY),
            ("expired", "A key past its time.", expired, "the API key has expired"),
            ("prefix", "A key without its last letter.", good[:-1], NO_API_KEY),
            ("longer", "A key with a letter behind it.", good + "A", NO_API_KEY),
            ("dot", "A key with bytes behind it that are none of a key.", good + ".~", NO_API_KEY),
            ("case", "A key with small and capital letters swapped.",
             "ums_" + good[4:].swapcase(), UNKNOWN_API_KEY),
            ("case-of-prefix", "UMS_ before a key.", "UMS_" + good[4:], NO_API_KEY),
            ("digest", "What the key file has instead of the key.", digest(good), NO_API_KEY),
            ("name", "The name of a key.", "anna", NO_API_KEY),
            ("twice", "A key, a blank and the key again.", "Bearer %s %s" % (good, good),
             MALFORMED),
            ("other-scheme", "A key as a password (Basic).",
             "Basic " + base64.b64encode(("anna:" + good).encode()).decode(), NOT_BEARER),
            ("bare-scheme", "A key without its scheme.", None, NOT_BEARER)):
        more = {"params": {"HTTP_AUTHORIZATION": good}} if name == "bare-scheme" else {}
        c.refused("key-" + name, why, credential, said, conf=[KEY], **more)
    c.refused("key-other-header", "A key in X-API-Key.", None, NOTHING, conf=[KEY],
              params={"HTTP_X_API_KEY": good})
    c.refused("key-in-query", "A key in the URL.", None, NOTHING, conf=[KEY],
              params={"REQUEST_URI": "/mcp?api_key=" + good})
    c.refused("key-is-a-token", "A good token, where only keys are let in.", m.good, NO_API_KEY,
              conf=[KEY])
    c.refused("key-no-longer-a-method", "A good key, where only tokens are let in.", good, PARTS)
    c.forbidden("key-scope", "A key that does not grant the tool's scope.", narrow, conf=[KEY])
    c.accepted("control-key", "A good API key is let in; upstream goes the service's credential.",
               good, [KEY])
    c.accepted("control-key-or-token", "A good token where keys are let in as well, and a key.",
               m.good, [BOTH])
    c.let_in(HERE / "control-key-or-token" / "step2", good)


def controls(c, m):
    for key in m.keys[:-1]:
        c.accepted("control-token-" + key.kid.lower(), "A good %s token is let in." % key.kid,
                   m.token(key))
    c.accepted("control-token-claims", "Ours among several audiences, and times that have been.",
               m.token(claims={"aud": ["https://other.example.org", RESOURCE], "nbf": PAST,
                               "iat": PAST, "scope": "items:write " + SCOPE}))
    c.accepted("control-token-large", "A token as long as every web server lets through.",
               m.token(claims={"x": "y" * 4900}))
    c.accepted("control-token-allowed-alg", "An algorithm that jwt_algorithms has.", m.good,
               [JWT, "jwt_algorithms = ES256"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        m, c = Made(Path(folder)), Cases()
        (HERE / "jwks.json").write_text(json.dumps({"keys": [k.jwk for k in m.keys]}, indent=1)
                                        + "\n")
        for made in (signatures, headers, forms, claims, api_keys, controls):
            made(c, m)


if __name__ == "__main__":
    main()
