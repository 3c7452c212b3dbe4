/* SPDX-License-Identifier: MIT */
/*
 * record.h - what is written down of a call that must not be sent twice, and what it says to
 * the same call when that comes again.
 *
 * A record is made before the call is sent and changed when its outcome is known. It holds ids
 * and states, a digest of the arguments and no argument. Pure: run/ keeps it in the store.
 */
#ifndef MCP_RECORD_H
#define MCP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/crypto.h"

struct buf;
struct tool;

#define RECORD_TAG	16	/* bytes: the writer, and by whom a record may be changed */

enum record_state {
	RECORD_HELD = 1,	/* claimed, and a person is still to agree: nothing was sent */
	RECORD_SENT,		/* claimed: it is about to be sent, or was */
	RECORD_DONE,		/* the service has done it, and this is the result */
	RECORD_LOST,		/* it may have been done, and no answer came */
	RECORD_STATES
};

struct record {
	uint8_t			 tag[RECORD_TAG];
	enum record_state	 state;
	uint8_t			 digest[CRYPTO_DIGEST];	/* of the arguments */
	struct clock_moment	 until;		/* HELD, SENT: then its writer has given up */
	const char		*result;	/* RECORD_DONE: JSON, borrowed; len 0: too long */
	size_t			 len;
};

/* Append the bytes of a record, which begin with its tag. 0 or -1. */
int	 record_write(struct buf *out, const struct record *r);
/* Read them; the result is borrowed from `bytes`. 0, or -1: not ours, or of a newer release. */
int	 record_read(struct record *r, const uint8_t *bytes, size_t len);

enum record_verdict {
	RECORD_REPLAY,		/* give the result again */
	RECORD_OTHER,		/* the key belongs to other arguments */
	RECORD_RUNNING,		/* the first call is still on its way */
	RECORD_FREE,		/* its writer is gone, and had sent nothing */
	RECORD_UNKNOWN,		/* it may have been done, and nobody will say any more */
};

/* What a record says to a call with that digest. `alive`: whether its writer may be. */
enum record_verdict record_judge(const struct record *r, const uint8_t digest[CRYPTO_DIGEST],
	    const struct clock_moment *now, bool alive);

/*
 * The digest of a write's arguments, but for the key and the token that come with them, and for
 * the argument `waits` (NULL: none), which says how long to wait. 0 or -1.
 */
int	 record_digest(uint8_t out[CRYPTO_DIGEST], const cJSON *args, const char *waits);
/*
 * The place of a record in the store: of a caller's key for a tool; where `key` is NULL, of its
 * arguments. 0 or -1.
 */
int	 record_place(uint8_t out[CRYPTO_DIGEST], const char *caller, const struct tool *t,
	    const char *key, const uint8_t digest[CRYPTO_DIGEST]);
/*
 * Append what is kept of a tool's result (JSON): not what other people wrote, unless the output
 * schema asks for it. Nothing is appended when that is longer than LIMIT_RECORD_RESULT. 0 or -1.
 */
int	 record_result(struct buf *out, const struct tool *t, const char *json);
/* Append a kept result as it is given again: with "idempotent_replay": true. 0 or -1. */
int	 record_replay(struct buf *out, const struct record *r);

#endif
