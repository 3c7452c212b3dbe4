# SPDX-License-Identifier: MIT
"""tokens.py - an issuer's keys and access tokens for the benchmark; no issuer is asked.

    keys = Keys(folder)                     # keys.jwks, the public ones as a JWK set
    keys.tokens("ES256", 5000)              # of as many callers, good for a day

RFC 7515 and RFC 7517, with the cryptography package.
"""
import base64
import json
import os
import secrets
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ISSUER = "https://id.example.org"
RESOURCE = "https://mcp.example.org/mcp"
LIFE_S = 86400


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64_number(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


class Keys:
    """One key of P-256 and one of RSA with 2048 bits."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = {"ES256": ec.generate_private_key(ec.SECP256R1()),
                     "RS256": rsa.generate_private_key(65537, 2048)}
        point = self.keys["ES256"].public_key().public_numbers()
        number = self.keys["RS256"].public_key().public_numbers()
        words = {"ES256": {"kty": "EC", "crv": "P-256", "x": b64_number(point.x, 32),
                           "y": b64_number(point.y, 32)},
                 "RS256": {"kty": "RSA", "n": b64_number(number.n), "e": b64_number(number.e)}}
        self.jwks = os.path.join(folder, "keys.jwks")
        with open(self.jwks, "w") as f:
            json.dump({"keys": [dict(words[alg], alg=alg, kid=alg, use="sig")
                                for alg in sorted(words)]}, f)

    def public(self, alg):
        """The file of a public key (PEM)."""
        path = os.path.join(self.folder, alg + ".pem")
        with open(path, "wb") as f:
            f.write(self.keys[alg].public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        return path

    def sign(self, alg, text):
        if alg == "RS256":
            return self.keys[alg].sign(text, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.keys[alg].sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def tokens(self, alg, count):
        now = int(time.time())
        head = b64(json.dumps({"alg": alg, "kid": alg, "typ": "at+jwt"}).encode())
        out = []
        for i in range(count):
            claims = {"iss": ISSUER, "aud": RESOURCE, "sub": "caller-%05d" % i,
                      "client_id": "bench", "scope": "messages:read messages:send",
                      "iat": now, "exp": now + LIFE_S, "jti": secrets.token_hex(8)}
            text = "%s.%s" % (head, b64(json.dumps(claims).encode()))
            out.append("%s.%s" % (text, b64(self.sign(alg, text.encode()))))
        return out
