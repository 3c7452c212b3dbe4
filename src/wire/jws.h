/* SPDX-License-Identifier: MIT */
/*
 * jws.h - a signature in compact form (RFC 7515), as narrow as RFC 8725 asks for.
 *
 * Three parts, a header that says how and with which key of the set, and nothing that would have
 * the verifier look for a key, an algorithm or a form elsewhere.
 */
#ifndef WIRE_JWS_H
#define WIRE_JWS_H

struct buf;
struct jwk_set;

enum jwt_verdict {
	JWT_GOOD,
	JWT_UNKNOWN_KEY,	/* the set has no key of that kid: fetching it anew may help */
	JWT_EXPIRED,		/* all else is good */
	JWT_FALSE,
	JWT_NO_MEMORY		/* nothing is known */
};

/*
 * Judge the signature of `token` by the keys of `set`; `algorithms` is the set of those that are
 * allowed, 1u << enum signature_algorithm. What was signed, any bytes or none, is appended to
 * `payload` (whose cap is LIMIT_JWT or more) if and only if the signature is good. Else `why` is a
 * static sentence, without anything of the token. Never JWT_EXPIRED.
 */
enum jwt_verdict jws_verify(const struct jwk_set *set, unsigned algorithms, const char *token,
	    struct buf *payload, const char **why);

#endif
