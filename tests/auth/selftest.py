# SPDX-License-Identifier: MIT
"""selftest.py - the authorization server alone: what the tests of the bridge take for granted.

Every function issuer_NAME is one; auth.py runs them first. It gets the Issuer.
"""
import time
import urllib.error
import urllib.request

from attack import expect
from cases import Bridge
from issuer import ACCESS_TOKEN, ALGORITHMS, ASSERTION, EXCHANGE, SCOPES, claims_of, header_of

RESOURCE = "https://127.0.0.1:1/mcp"
UPSTREAM = "https://127.0.0.1:2/api"


def issuer_discovery(i):
    """Its metadata names its endpoints and what it can do; another CA does not trust it."""
    status, said = i.ask(i.url + "/.well-known/openid-configuration")
    expect(status == 200 and said["issuer"] == i.url, said)
    expect((said["jwks_uri"], said["token_endpoint"], said["introspection_endpoint"],
            said["revocation_endpoint"]) ==
           (i.jwks, i.token_url, i.introspection_url, i.revocation_url), said)
    expect(EXCHANGE in said["grant_types_supported"], said["grant_types_supported"])
    expect("S256" in said["code_challenge_methods_supported"], said)
    expect({"client_secret_basic", "client_secret_post", "private_key_jwt"} <=
           set(said["token_endpoint_auth_methods_supported"]), said)
    try:
        urllib.request.urlopen(i.jwks, timeout=10)
        expect(False, "it is trusted without its CA")
    except urllib.error.URLError as e:
        expect("CERTIFICATE_VERIFY_FAILED" in str(e), e)


def issuer_jwt(i):
    """A token by client credentials is a JWT for the resource, signed with a published key."""
    _, keys = i.ask(i.jwks)
    kinds = {k["kid"]: k for k in keys["keys"]}
    expect(not any("d" in k for k in kinds.values()), "private keys are published")
    for alg in ALGORITHMS:
        status, answer = i.grant("caller-" + alg, scope="messages:read", resource=RESOURCE)
        expect(status == 200 and answer["token_type"] == "Bearer", answer)
        token = answer["access_token"]
        head, claims = header_of(token), i.verify(token, RESOURCE)
        expect(head["alg"] == alg and head["typ"] == "at+jwt" and head["kid"] in kinds, head)
        expect(claims.get("aud") == RESOURCE and claims["iss"] == i.url and
               claims["sub"] == claims["client_id"] == "caller-" + alg and
               claims["scope"] == "messages:read", claims)
        expect(0 < claims["exp"] - time.time() <= 600, claims)
        expect("error" in i.verify(token, UPSTREAM), "it is good for another audience")


def issuer_refuses(i):
    """A wrong secret, a foreign resource, a grant that the client has not; no unknown scope."""
    right, i.secrets["caller-ES256"] = i.secrets["caller-ES256"], "wrong"
    try:
        expect(i.grant("caller-ES256", resource=RESOURCE)[0] == 401, "a wrong secret")
    finally:
        i.secrets["caller-ES256"] = right
    status, answer = i.grant("caller-ES256", resource="https://example.org/")
    expect(status == 400 and answer["error"] == "invalid_target", "%d %s" % (status, answer))
    token = i.token("caller-ES256", resource=RESOURCE, scope="all:things")
    expect("scope" not in claims_of(token), claims_of(token))
    status, answer = i.grant("caller-ES256", EXCHANGE, subject_token="x", resource=UPSTREAM,
                             subject_token_type=ACCESS_TOKEN)
    expect(status == 400 and answer["error"] == "invalid_request", answer)


def issuer_client_auth(i):
    """All three ways of a client to say who it is; each asks with its own and no other."""
    for client, method in (("bridge-basic", "client_secret_basic"),
                           ("bridge-post", "client_secret_post"),
                           ("bridge-key", "private_key_jwt")):
        before = i.count("token client_credentials " + client)
        ways = i.counts().get("auth %s %s" % (method, client), 0)
        token = i.token(client, resource=UPSTREAM, scope=SCOPES[0])
        expect(i.verify(token, UPSTREAM).get("client_id") == client, i.verify(token))
        expect(i.count("token client_credentials " + client) == before + 1, i.counts())
        expect(i.counts()["auth %s %s" % (method, client)] == ways + 1, i.counts())
    assertion = {"iss": "bridge-key", "sub": "bridge-key", "iat": int(time.time()), "jti": "once",
                 "exp": int(time.time()) + 60}
    for audience, code in ((i.url, 200), (i.url, 401), ("https://localhost:1", 401)):
        status, answer = i.ask(i.token_url, {
            "grant_type": "client_credentials", "client_assertion_type": ASSERTION,
            "client_assertion": i.key.sign(dict(assertion, aud=audience))})
        expect(status == code, "an assertion used twice, or for others: %d %s" % (status, answer))


def issuer_introspection(i):
    """An opaque token is active, then revoked and not; rubbish is not; a JWT is refused."""
    token = i.token("caller-opaque", resource=RESOURCE, scope="messages:read")
    expect(token.count(".") == 0, "it is not opaque")
    before = i.count("introspection")
    status, said = i.introspect(token)
    expect(status == 200 and said["active"] and said["aud"] == RESOURCE and
           said["scope"] == "messages:read" and said["client_id"] == "caller-opaque" and
           said["iss"] == i.url and said["exp"] > time.time(), said)
    i.revoke(token, "caller-opaque")
    expect(i.introspect(token) == (200, {"active": False}), i.introspect(token))
    expect(i.introspect("rubbish") == (200, {"active": False}), "rubbish is active")
    expect(i.count("introspection") >= before + 3, i.counts())
    status, said = i.ask(i.introspection_url, {"token": token})
    expect(status in (400, 401), "anybody may ask: %d %s" % (status, said))
    status, said = i.introspect(i.token("caller-ES256", resource=RESOURCE))
    expect(status == 400, "%d %s" % (status, said))
    token = i.token("caller-opaque-brief", resource=RESOURCE)
    Bridge.wait_for(lambda: not i.introspect(token)[1]["active"], 7, "it does not expire")


def issuer_exchange(i):
    """A caller's token for one for the upstream: same subject, other audience, the actor named."""
    subject = i.token("caller-RS256", resource=RESOURCE, scope="messages:read")
    form = {"subject_token": subject, "subject_token_type": ACCESS_TOKEN}
    for target in ({"audience": UPSTREAM}, {"resource": UPSTREAM}):
        status, answer = i.grant("bridge-basic", EXCHANGE, **dict(form, **target))
        expect(status == 200 and answer["issued_token_type"] == ACCESS_TOKEN and
               answer["expires_in"] == 600, answer)
        claims = i.verify(answer["access_token"], UPSTREAM)
        expect(claims.get("sub") == "caller-RS256" and claims["client_id"] == "bridge-basic" and
               claims["act"] == {"sub": "bridge-basic"}, claims)
    expect(i.count("token token-exchange bridge-basic") >= 2, i.counts())
    foreign = i.sign({"aud": RESOURCE}, foreign=True)
    for wrong in (foreign, subject[:-4] + "AAAA", "rubbish",
                  i.sign({"aud": RESOURCE, "exp": 1})):
        status, answer = i.grant("bridge-basic", EXCHANGE,
                                 **dict(form, subject_token=wrong, audience=UPSTREAM))
        expect(status == 400 and answer["error"] == "invalid_grant", answer)


def issuer_signs_what_is_asked(i):
    """The test's own tokens: any claim, any key."""
    good = i.sign({"aud": RESOURCE}, alg="PS256")
    expect(i.verify(good, RESOURCE).get("sub") == "somebody", i.verify(good))
    for wrong in (i.sign({"aud": RESOURCE, "exp": int(time.time()) - 60}),
                  i.sign({"aud": RESOURCE, "nbf": int(time.time()) + 60}),
                  i.sign({"aud": RESOURCE, "iss": "https://localhost:1"}),
                  i.sign({"aud": RESOURCE}, foreign=True)):
        expect("error" in i.verify(wrong, RESOURCE), claims_of(wrong))
    expect("exp" not in claims_of(i.sign({"exp": None})), "a claim is not taken away")


def kids(i):
    return {k["kid"] for k in i.ask(i.jwks)[1]["keys"]}


def issuer_rotation(i):
    """New keys are published, then sign, then the old are gone; clients and tokens are kept."""
    opaque = i.token("caller-opaque", resource=RESOURCE)
    old = i.token("caller-ES256", resource=RESOURCE)
    before = kids(i)
    fresh = set(i.rotate(after_s=1, keep_s=2).values())
    expect(kids(i) == before | fresh and not before & fresh, kids(i))
    token = i.token("caller-ES256", resource=RESOURCE)
    expect(header_of(token)["kid"] in before, "it signs with the new one at once")
    Bridge.wait_for(lambda: header_of(i.token("caller-ES256", resource=RESOURCE))["kid"] in
                    fresh, 5, "the new one never signs")
    expect(header_of(old)["kid"] in kids(i), "the old one is gone at once")
    Bridge.wait_for(lambda: kids(i) == fresh, 5, "the old one is never gone")
    expect(i.introspect(opaque)[1]["active"], "a token is lost")
    expect(header_of(i.token("caller-EdDSA", resource=RESOURCE))["kid"] in fresh, "EdDSA")


def issuer_down(i):
    """It refuses connections, or answers 503, for as long as it was told; then it is back."""
    i.down(1)
    expect(not i.listens(), "it listens")
    Bridge.wait_for(i.listens, 5, "it does not come back")
    i.token("caller-ES256", resource=RESOURCE)
    i.down(30, "503")
    expect(i.ask(i.jwks)[0] == 503, "it answers")
    i.down(0)
    expect(i.ask(i.jwks)[0] == 200, "it does not come back")
    i.down(30)
    i.down(0)
    expect(i.listens(), "it does not come back when told")


def issuer_slow(i):
    """Its answers come later when told."""
    i.slow(300)
    began = time.monotonic()
    i.ask(i.jwks)
    i.slow(0)
    expect(time.monotonic() - began >= 0.3, "it is not")
