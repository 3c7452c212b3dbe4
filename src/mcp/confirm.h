/* SPDX-License-Identifier: MIT */
/*
 * confirm.h - a person agrees before something is sent: the token that says so.
 *
 * A token is an HMAC under the bridge's key over the tool (or prompt, or resource), the exact
 * arguments, the caller and an expiry. It is made when a call is shown to a person (a preview, a
 * question) and believed once: whoever believes it writes its place down first. With a question
 * of a service's own a token brings back the state that the service gave with it.
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

/* What it goes with; a token of one is none of another. */
enum confirm_use {
	CONFIRM_PREVIEW,	/* what a model shows to its person */
	CONFIRM_QUESTION,	/* our question, which a client puts */
	CONFIRM_ROUND,		/* a service's question */
};

/* The key of our one question, and of its one answer. */
#define CONFIRM_ANSWER	"confirm"

/* What a token is for. */
struct confirm {
	const struct crypto_key	*key;
	const struct tool	*tool;
	const char		*caller;
	enum confirm_use	 use;
	uint8_t			 digest[CRYPTO_DIGEST];	/* record_digest() of the arguments */
};

enum confirm_verdict { CONFIRM_GOOD, CONFIRM_FALSE, CONFIRM_EXPIRED };

/*
 * Append a token that is good until `expires_ms` (wall time) and brings `state` back, which may be
 * "" and has at most LIMIT_REQUEST_STATE bytes. 0 or -1.
 */
int	 confirm_seal(struct buf *out, const struct confirm *c, int64_t expires_ms,
	    const uint8_t nonce[CONFIRM_NONCE], const char *state);
/*
 * Judge one; CONFIRM_GOOD: `place` is where the store knows whether it was used, and what it
 * brings back is appended to `state`, if that is not NULL.
 */
enum confirm_verdict confirm_open(const struct confirm *c, const char *token, int64_t now_ms,
	    uint8_t place[CRYPTO_DIGEST], struct buf *state);

/*
 * The failure of a call that needs a token: what would be done, with which arguments; `preview` is
 * JSON, or NULL. failure_finish() must follow.
 */
void	 confirm_required(struct failure *f, const struct tool *t, const cJSON *args,
	    const char *token, const char *preview);
/* Append the question to a person, with the same, as the JSON of inputRequests. 0 or -1. */
int	 confirm_question(struct buf *out, const struct tool *t, const cJSON *args,
	    const char *preview);
/* What came of that question, in inputResponses: 1 agreed, 0 not, -1 there is no answer to it. */
int	 confirm_answer(const cJSON *responses);

#endif
