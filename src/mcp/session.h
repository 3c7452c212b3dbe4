/* SPDX-License-Identifier: MIT */
/*
 * session.h - the session id of the legacy era (Mcp-Session-Id), which says what initialize said.
 *
 * Nobody keeps a session: the id is what there is to know, signed under the bridge's key and bound
 * to the caller who was given it. So any worker of any machine with that key can read it, and there
 * is nothing to lose when one ends. It is not secret, it is not to be forged.
 */
#ifndef MCP_SESSION_H
#define MCP_SESSION_H

#include <stdint.h>

#include "base/crypto.h"

struct buf;

#define SESSION_NONCE	8	/* random bytes that make each id another */
#define SESSION_ID	48	/* characters of an id: base64url, all of them visible ASCII */

struct session {
	unsigned	 version;	/* of the protocol: a number of the caller's, 0 to 255 */
	unsigned	 capabilities;	/* of capability.h, as initialize said them */
	unsigned	 level;		/* of the log: 1 (debug) to 8 (emergency); 0: not set */
	uint8_t		 nonce[SESSION_NONCE];
	int64_t		 born_ms;	/* wall time */
};

/* Append the id of a session for that caller. 0, or -1: a number out of its range, memory. */
int	 session_seal(struct buf *out, const struct session *s, const struct crypto_key *key,
	    const char *caller);
/*
 * Read one back. 0, or -1: it is not ours or not this caller's. How old it may be is not judged
 * here, nor whether its protocol version is one that is spoken.
 */
int	 session_open(struct session *s, const struct crypto_key *key, const char *caller,
	    const char *id);

#endif
