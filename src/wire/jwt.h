/* SPDX-License-Identifier: MIT */
/*
 * jwt.h - an access token that is a JWT (RFC 7519, RFC 9068, RFC 8725): whose it is, what it
 * allows, until when.
 */
#ifndef WIRE_JWT_H
#define WIRE_JWT_H

#include <stdint.h>

#include "wire/jws.h"

struct jwk_set;

struct jwt_rules {
	const char	*issuer;	/* what iss must be, byte by byte */
	const char	*audience;	/* what aud must be or contain */
	unsigned	 algorithms;	/* allowed ones, 1u << enum signature_algorithm */
	int64_t		 leeway_s;	/* by which clocks may differ */
};

struct jwt {
	char	*subject;	/* sub, else the client; never empty, no control characters */
	char	*scope;		/* names with a space between; may be empty */
	char	*client_id;	/* client_id or azp; NULL: the token names none */
	int64_t	 expires_s;	/* exp, without its fraction */
};

/*
 * Judge a token at the time `now_s` (Unix). If it is good, `out` is filled and the caller's to
 * finish; else it is empty and `why` a static sentence, without anything of the token.
 */
enum jwt_verdict jwt_verify(const struct jwt_rules *rules, const struct jwk_set *set,
	    const char *token, int64_t now_s, struct jwt *out, const char **why);
/* Free what it holds; an empty one is fine. */
void	 jwt_finish(struct jwt *token);

#endif
