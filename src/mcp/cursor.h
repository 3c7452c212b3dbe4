/* SPDX-License-Identifier: MIT */
/*
 * cursor.h - the bridge's own cursors: opaque, signed, bound to what they page through.
 *
 * A cursor says where the next page begins: a text (the service's cursor, or the
 * last name given) and how many items of that page were already given. The
 * signature covers the scope (which list) and a digest of the other arguments, so
 * that a cursor of one query cannot be used with another.
 */
#ifndef MCP_CURSOR_H
#define MCP_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"

struct buf;

struct cursor {
	char		*at;	/* owned, free() it; NULL: the first page */
	uint64_t	 skip;	/* items of it that were given */
};

/*
 * Append the text of the cursor that goes on at `at` (NULL: the first page) behind `skip`
 * items. 0 or -1.
 */
int	 cursor_seal(struct buf *out, const struct crypto_key *key, const char *scope,
	    const uint8_t digest[CRYPTO_DIGEST], const char *at, uint64_t skip);
/* Read one back. 0 with `c->at` owned by the caller; -1 if it is not ours or not for this. */
int	 cursor_open(struct cursor *c, const struct crypto_key *key, const char *scope,
	    const uint8_t digest[CRYPTO_DIGEST], const char *text);

#endif
