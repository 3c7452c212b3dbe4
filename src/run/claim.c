/* SPDX-License-Identifier: MIT */
/*
 * claim.c - the stages of a call that are about its record: CLAIM, whether it was made before;
 * SEND, from where on it may have been sent; RECORD, what came of it; see call.h.
 */
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/limits.h"
#include "edge/store.h"
#include "mcp/failure.h"
#include "mcp/service.h"
#include "run/bridge.h"
#include "run/call_part.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "run/witness.h"

static void	on_claimed(void *, const struct store_reply *);
static void	on_sent(void *, const struct store_reply *);
static void	on_given_back(void *, const struct store_reply *);
static void	on_recorded(void *, const struct store_reply *);
static void	on_twin(evutil_socket_t, short, void *);

/* ====== CLAIM: has it been made before; else write down that it is made ====== */

/* The store cannot be asked: the operator has said what that means for a write. */
enum call_stage
claim_without_store(struct call *c, const struct store_reply *reply, enum call_stage next)
{
	struct failure f;

	if (c->bridge->settings->store_failure == STORE_PROCEEDS && !c->spends) {
		metrics_idempotency(c->bridge->metrics, "unguarded");
		return next;
	}
	metrics_idempotency(c->bridge->metrics, "store_failed");
	failure_init(&f, "store_unavailable", 503, "the bridge cannot write down that this is sent "
	    "(%s), so nothing was sent; repeat the call later, or tell the operator", reply->why);
	f.retryable = true;
	f.retry_after_s = 1;
	return call_fail(c, &f);
}

enum call_stage
claim_make(struct call *c)
{
	c->op = witness_claim(c, on_claimed);
	return c->op == NULL ? call_fail_memory(c) : CALL_WAITS;
}

static enum call_stage
claim_replay(struct call *c, const struct record *r)
{
	struct failure f;

	metrics_idempotency(c->bridge->metrics, "replayed");
	c->replayed = true;
	if (r->len > 0 && record_replay(&c->text, r) == 0)
		return CALL_DONE;
	failure_init(&f, "done_before", 409, "this call was done before, with the same key; its "
	    "result was too long to keep. Look (list or search) for what it did");
	return call_fail(c, &f);
}

/* The first call is on its way: look again in a moment. */
static enum call_stage
claim_wait(struct call *c)
{
	int64_t left = call_left_ms(c);
	struct failure f;

	if (c->twin_ms == 0) {
		metrics_idempotency(c->bridge->metrics, "waited");
		c->twin_ms = LIMIT_TWIN_MS;
	} else
		c->twin_ms = c->twin_ms * 3 / 2 < LIMIT_TWIN_MAX_MS ? c->twin_ms * 3 / 2 :
		    LIMIT_TWIN_MAX_MS;
	if (left > LIMIT_RETRY_LEAST_MS) {
		call_sleep(c, c->twin_ms < left - LIMIT_RETRY_LEAST_MS ? c->twin_ms :
		    left - LIMIT_RETRY_LEAST_MS, on_twin);
		return CALL_WAITS;
	}
	failure_init(&f, "idempotency_in_progress", 409, "the first call with this key is still on "
	    "its way; repeat it with the same key for its result");
	f.retryable = true;
	f.retry_after_s = 1;
	return call_fail(c, &f);
}

static void
on_twin(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	call_resume(arg, CALL_CLAIM);
}

static enum call_stage
claim_made(struct call *c)
{
	c->claimed = true;
	c->fate = c->resumes ? RESULT_UNCLEAR : RESULT_NOTHING;
	metrics_idempotency(c->bridge->metrics, c->resumes ? "resumed" : "claimed");
	return c->resumes ? CALL_LIMIT : CALL_CONFIRM;
}

/* What the record says to this call. */
static enum call_stage
claim_heed(struct call *c, const struct store_reply *reply)
{
	struct clock_moment now;
	struct record r;
	struct failure f;

	if (record_read(&r, reply->value, reply->len) == -1) {
		failure_init(&f, "store_unavailable", 503, "the record of this key is of another "
		    "release of the bridge; nothing was sent; tell the operator");
		return call_fail(c, &f);
	}
	/* Our own: the store was slow to say that it had taken it. */
	if (memcmp(r.tag, c->tag, RECORD_TAG) == 0 && r.state < RECORD_DONE)
		return claim_made(c);
	clock_now(&now);
	switch (record_judge(&r, c->digest, &now, witness_is_alive(r.tag))) {
	case RECORD_REPLAY:
		return claim_replay(c, &r);
	case RECORD_RUNNING:
		return claim_wait(c);
	case RECORD_OTHER:
		metrics_idempotency(c->bridge->metrics, "conflict");
		failure_init(&f, "idempotency_conflict", 409, "Nothing was sent: this "
		    "idempotency_key belongs to a call with other arguments. Use a new key for a "
		    "new message");
		return call_fail(c, &f);
	case RECORD_FREE:
		memcpy(c->former, r.tag, RECORD_TAG);
		c->takes_over = true;
		return CALL_CLAIM;
	case RECORD_UNKNOWN:
		break;
	}
	/* It was agreed to, and sent perhaps: where the upstream knows the key it is sent again. */
	if (c->tool->dedupes && c->key != NULL) {
		memcpy(c->former, r.tag, RECORD_TAG);
		c->takes_over = c->resumes = true;
		return CALL_CLAIM;
	}
	metrics_idempotency(c->bridge->metrics, "unknown");
	result_unclear(&f, c->tool, c->args);
	return call_fail(c, &f);
}

static void
on_claimed(void *arg, const struct store_reply *reply)
{
	struct call *c = arg;

	c->op = NULL;
	switch (reply->result) {
	case STORE_DONE:
		call_resume(c, claim_made(c));
		return;
	case STORE_FOUND:
		call_resume(c, claim_heed(c, reply));
		return;
	case STORE_NONE:
	case STORE_CHANGED:
		/* Another has taken the record over, or away: ask again. */
		c->takes_over = c->resumes = false;
		call_resume(c, CALL_CLAIM);
		return;
	case STORE_FAILED:
		/* It may have been written all the same: given up, or left as it was. */
		c->fate = c->resumes ? RESULT_UNCLEAR : RESULT_NOTHING;
		witness_write(c, NULL);
		break;
	case STORE_FULL:
		break;
	}
	call_resume(c, claim_without_store(c, reply, CALL_CONFIRM));
}

/* ====== SEND: somebody has agreed ====== */

enum call_stage
claim_send(struct call *c)
{
	c->op = witness_send(c, on_sent);
	return c->op == NULL ? call_fail_memory(c) : CALL_WAITS;
}

static void
on_sent(void *arg, const struct store_reply *reply)
{
	struct call *c = arg;

	c->op = NULL;
	call_resume(c, reply->result == STORE_DONE ? CALL_RUN :
	    claim_without_store(c, reply, CALL_DONE));
}

/* ====== RECORD: what came of it ====== */

enum call_stage
claim_record(struct call *c)
{
	/* Nothing was done with the token: it may be used again. */
	if (c->spent && c->fate == RESULT_NOTHING)
		c->op = store_swap(c->bridge->store, c->token, c->token, NULL, 0, 0, on_given_back,
		    c);
	c->spent = false;
	if (c->op == NULL && c->claimed) {
		c->op = witness_write(c, on_recorded);
		if (c->op == NULL)
			metrics_idempotency(c->bridge->metrics, "not_recorded");
	}
	return c->op == NULL ? call_recorded(c) : CALL_WAITS;
}

static void
on_given_back(void *arg, const struct store_reply *reply)
{
	struct call *c = arg;

	(void)reply;
	c->op = NULL;
	call_resume(c, CALL_RECORD);
}

/* Written down or not, the call's result is what it is; a repeat finds the claim. */
static void
on_recorded(void *arg, const struct store_reply *reply)
{
	struct call *c = arg;

	c->op = NULL;
	if (reply->result != STORE_DONE)
		metrics_idempotency(c->bridge->metrics, "not_recorded");
	call_resume(c, call_recorded(c));
}
