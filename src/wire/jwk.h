/* SPDX-License-Identifier: MIT */
/*
 * jwk.h - the public keys of an issuer: a JWK set (RFC 7517, RFC 7518, RFC 8037).
 *
 * Keys that are of no use to verify signatures of base/signature.h are passed over, as section 5
 * says: other types, curves and algorithms, other uses, bad or weak numbers, and keys that show
 * their private half. What makes a set as a whole ambiguous is refused.
 */
#ifndef WIRE_JWK_H
#define WIRE_JWK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/signature.h"

struct jwk_set;

/*
 * Read a set. NULL with a sentence in `why` for what is not a set, has more than LIMIT_JWK_KEYS
 * keys, two usable keys of one kid, symmetric keys among public ones, or no usable key; and for
 * want of memory.
 */
struct jwk_set *jwk_set_parse(const char *text, size_t len, char *why, size_t whylen);
/* Free a set; NULL is fine. */
void	 jwk_set_destroy(struct jwk_set *set);
/* How many usable keys it has. */
int	 jwk_set_count(const struct jwk_set *set);
/*
 * The key for a token of this kid and algorithm. Without a kid (NULL) it is the one key that fits,
 * if there is but one. Borrowed; NULL: there is none. `known_kid` says whether the set has the kid;
 * of a token without one it is true, for fetching the set anew would not help.
 */
const struct signature_key *jwk_set_find(const struct jwk_set *set, const char *kid,
	    enum signature_algorithm alg, bool *known_kid);

#endif
