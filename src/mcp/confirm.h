/* SPDX-License-Identifier: MIT */
/*
 * confirm.h - a person agrees before something is sent: the token that says so.
 *
 * A token is an HMAC under the bridge's key over the tool, the exact arguments, the caller and
 * an expiry. It is made when a call is shown to a person (a preview, a question) and believed
 * once: whoever believes it writes its place down first.
 */
#ifndef MCP_CONFIRM_H
#define MCP_CONFIRM_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/crypto.h"

struct buf;
struct failure;
struct tool;

#define CONFIRM_NONCE	8	/* random bytes that make each token another */

/* What a token is for. */
struct confirm {
	const struct crypto_key	*key;
	const struct tool	*tool;
	const char		*caller;
	bool			 asks;		/* it goes with a question that a client puts */
	uint8_t			 digest[CRYPTO_DIGEST];	/* record_digest() of the arguments */
};

enum confirm_verdict { CONFIRM_GOOD, CONFIRM_FALSE, CONFIRM_EXPIRED };

/* Append a token that is good until `expires_ms` (wall time). 0 or -1. */
int	 confirm_seal(struct buf *out, const struct confirm *c, int64_t expires_ms,
	    const uint8_t nonce[CONFIRM_NONCE]);
/* Judge one; CONFIRM_GOOD: `place` is where the store knows whether it was used. */
enum confirm_verdict confirm_open(const struct confirm *c, const char *token, int64_t now_ms,
	    uint8_t place[CRYPTO_DIGEST]);

/*
 * The failure of a call that needs a token: what would be done, with which arguments; `preview` is
 * JSON, or NULL. failure_finish() must follow.
 */
void	 confirm_required(struct failure *f, const struct tool *t, const cJSON *args,
	    const char *token, const char *preview);
/* Append the question to a person, with the same. 0 or -1. */
int	 confirm_question(struct buf *out, const struct tool *t, const cJSON *args,
	    const char *preview);

#endif
