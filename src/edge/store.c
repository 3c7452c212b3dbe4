/* SPDX-License-Identifier: MIT */
/* store.c - the queue of operations in front of a backend; see store.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/limits.h"
#include "edge/store.h"
#include "edge/store_backend.h"

struct store {
	const struct store_backend	*backend;
	void				*self;		/* what the backend made */
	struct event			*wake;
	struct store_ops		 queue;		/* not begun yet */
	size_t				 count;		/* begun or not, not ended */
	int64_t				 timeout_us;
	int64_t				 pushed_us;	/* when that was done last */
	bool				 closing;	/* nothing is reported any more */
};

static const struct store_backend *
backend_of(const char *where)
{
	return strncmp(where, "redis:", 6) == 0 || strncmp(where, "redis+", 6) == 0 ||
	    strstr(where, "://") != NULL ? &store_redis : &store_lmdb;
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;	/* the turn that this makes ends with store_push() */
}

struct store *
store_create(struct event_base *base, const struct store_settings *settings, char *why,
    size_t whylen)
{
	struct store *s = calloc(1, sizeof *s);

	if (s != NULL) {
		TAILQ_INIT(&s->queue);
		s->timeout_us = settings->timeout_ms * 1000;
		s->wake = evtimer_new(base, on_wake, NULL);
	}
	if (s == NULL || s->wake == NULL) {
		free(s);
		snprintf(why, whylen, "store: out of memory");
		return NULL;
	}
	s->backend = backend_of(settings->where);
	s->self = s->backend->create(base, settings, why, whylen);
	if (s->self != NULL)
		return s;
	event_free(s->wake);
	free(s);
	return NULL;
}

void
store_destroy(struct store *s)
{
	struct store_op *op;

	if (s == NULL)
		return;
	s->closing = true;
	s->backend->push(s->self, &s->queue);
	while ((op = TAILQ_FIRST(&s->queue)) != NULL) {
		TAILQ_REMOVE(&s->queue, op, entry);
		store_end_with(op, STORE_FAILED, "the process ends");
	}
	s->backend->destroy(s->self);
	event_free(s->wake);
	free(s);
}

int
store_check(const struct store_settings *settings, char *why, size_t whylen)
{
	return backend_of(settings->where)->check(settings, why, whylen);
}

int
store_look(const struct store_settings *settings, struct store_state *out, char *why, size_t whylen)
{
	const struct store_backend *backend = backend_of(settings->where);

	*out = (struct store_state){ 0 };
	return backend->look == NULL ? 0 : backend->look(settings, out, why, whylen);
}

/* ====== operations ====== */

static struct store_op *
begin(struct store *s, enum store_verb verb, const uint8_t key[STORE_KEY], const void *value,
    size_t len, store_done *done, void *arg)
{
	struct store_op *op;

	if (s->count >= LIMIT_STORE_PENDING || len > LIMIT_STORE_VALUE)
		return NULL;
	op = malloc(sizeof *op + len);
	if (op == NULL)
		return NULL;
	memset(op, 0, sizeof *op);
	if (value != NULL) {
		op->value = memcpy(op->bytes, value, len);
		op->len = len;
	}
	op->store = s;
	op->verb = verb;
	memcpy(op->key, key, STORE_KEY);
	op->deadline_us = clock_mono_us() + s->timeout_us;
	op->done = done;
	op->arg = arg;
	TAILQ_INSERT_TAIL(&s->queue, op, entry);
	s->count++;
	return op;
}

struct store_op *
store_get(struct store *s, const uint8_t key[STORE_KEY], store_done *done, void *arg)
{
	return begin(s, STORE_GET, key, NULL, 0, done, arg);
}

struct store_op *
store_add(struct store *s, const uint8_t key[STORE_KEY], const void *value, size_t len,
    int64_t ttl_ms, store_done *done, void *arg)
{
	struct store_op *op = begin(s, STORE_ADD, key, value, len, done, arg);

	if (op != NULL)
		op->ttl_ms = ttl_ms;
	return op;
}

struct store_op *
store_swap(struct store *s, const uint8_t key[STORE_KEY], const uint8_t tag[STORE_TAG],
    const void *value, size_t len, int64_t ttl_ms, store_done *done, void *arg)
{
	struct store_op *op = begin(s, STORE_SWAP, key, value, len, done, arg);

	if (op != NULL) {
		memcpy(op->tag, tag, STORE_TAG);
		op->ttl_ms = ttl_ms;
	}
	return op;
}

void
store_cancel(struct store_op *op)
{
	op->done = NULL;
	op->arg = NULL;
}

void
store_push(struct store *s)
{
	struct store_op *op;
	int64_t now;

	if (s == NULL || TAILQ_EMPTY(&s->queue))
		return;
	/* Under load a transaction is for what came in a while, not for one turn's handful. */
	now = clock_mono_us();
	if (now < s->pushed_us + LIMIT_STORE_PAUSE_US) {
		if (!evtimer_pending(s->wake, NULL))
			store_wake(s, LIMIT_STORE_PAUSE_US / 1000);
		return;
	}
	s->pushed_us = now;
	s->backend->push(s->self, &s->queue);
	/* The queue is in the order of its deadlines. */
	while ((op = TAILQ_FIRST(&s->queue)) != NULL && op->deadline_us <= clock_mono_us()) {
		TAILQ_REMOVE(&s->queue, op, entry);
		store_end_with(op, STORE_FAILED, "the store did not answer in time");
	}
	if (!TAILQ_EMPTY(&s->queue))
		store_wake(s, LIMIT_STORE_AGAIN_MS);
}

void
store_ebb(struct store *s)
{
	if (s != NULL && s->backend->ebb != NULL)
		s->backend->ebb(s->self);
}

bool
store_is_busy(const struct store *s)
{
	return s != NULL && s->count > 0;
}

const char *
store_name(const struct store *s)
{
	return s->backend->name;
}

/* ====== for backends ====== */

void
store_end(struct store_op *op, const struct store_reply *reply)
{
	struct store *s = op->store;

	s->count--;
	if (op->done != NULL && !s->closing)
		op->done(op->arg, reply);
	free(op);
}

void
store_end_with(struct store_op *op, enum store_result result, const char *why)
{
	struct store_reply reply = { .result = result, .why = why };

	store_end(op, &reply);
}

void
store_wake(struct store *s, long ms)
{
	struct timeval in = clock_timeval(ms);

	event_add(s->wake, &in);
}
