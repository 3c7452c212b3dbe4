/* SPDX-License-Identifier: MIT */
/*
 * flight.c - LOOK into the store, take its LEASE, LOOK again (another may have been faster),
 * FETCH, and land: the value is put into the store, the lease given back, and all who wait are
 * told. Without a store, or while it fails, there is the fetch alone. See flight.h.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/fetch.h"
#include "edge/store.h"
#include "mcp/answer.h"
#include "mcp/upstream.h"
#include "run/bridge.h"
#include "run/flight.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "run/witness.h"

#define BUCKETS	256

enum stage { IDLE, LOOK, LEASE, LOOK_AGAIN, SLEEP, FETCH, LANDING };

TAILQ_HEAD(waits, flight_wait);

/* What is known of a value; in the store it stands before it. Wall time in milliseconds. */
struct kept {
	int64_t	born_ms, due_ms, end_ms;
	int64_t	renewed;	/* 1: it came because the one before would not do */
};

struct flight {
	TAILQ_ENTRY(flight)	 entry;		/* the last used is the last */
	LIST_ENTRY(flight)	 bucket;
	struct flights		*flights;
	const struct flight_kind *kind;
	uint8_t			 key[CRYPTO_DIGEST];
	struct buf		 value;
	struct kept		 kept;		/* of the value */

	enum stage		 stage;
	int64_t			 after_ms;	/* what is sought is to be born after that */
	bool			 renews;	/* and a fetch is for that reason */
	struct upstream		 request;
	uint8_t			 tag[STORE_TAG];	/* ours, on the lease */
	bool			 leased;
	struct store_op		*op;
	struct fetch		*fetch;
	struct event		 sleep;
	int64_t			 wait_ms, waited_ms;	/* for another's fetch */
	int64_t			 until_us;	/* monotonic: when it is given up */
	int64_t			 failed_us;	/* monotonic; 0: the last one landed well */
	const char		*why;
	struct waits		 waits, told;
};

struct flights {
	struct bridge		*bridge;
	size_t			 count;
	int64_t			 logged_us;	/* monotonic: the last complaint */
	size_t			 passing;	/* of kinds that are not stored */
	TAILQ_HEAD(, flight)	 all;
	LIST_HEAD(, flight)	 buckets[BUCKETS];
};

static struct flight *flight_find(struct flights *, const struct flight_kind *, const uint8_t *);
static int	flight_begin(struct flight *, void *, int64_t);
static void	flight_look(struct flight *, enum stage);
static void	flight_lease(struct flight *, const uint8_t *);
static void	flight_sleep(struct flight *);
static void	flight_fetch(struct flight *);
static void	flight_put(struct flight *);
static void	flight_land(struct flight *, const char *);
static void	flight_destroy(struct flight *);
static void	on_looked(void *, const struct store_reply *);
static void	on_leased(void *, const struct store_reply *);
static void	on_taken_over(void *, const struct store_reply *);
static void	on_awake(evutil_socket_t, short, void *);
static void	on_starved(evutil_socket_t, short, void *);
static void	on_fetched(void *, const struct answer *);

struct flights *
flights_create(struct bridge *b)
{
	struct flights *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->bridge = b;
	TAILQ_INIT(&f->all);
	return f;
}

void
flights_destroy(struct flights *f)
{
	struct flight *flight;

	if (f == NULL)
		return;
	while ((flight = TAILQ_FIRST(&f->all)) != NULL)
		flight_destroy(flight);
	free(f);
}

/* The place of a flight's lease. */
static void
lease_key(const struct flight *f, uint8_t out[STORE_KEY])
{
	size_t i;

	for (i = 0; i < STORE_KEY; i++)
		out[i] = f->key[i] ^ 0xa5;
}

static void
flight_give_back(struct flight *f)
{
	uint8_t key[STORE_KEY];

	lease_key(f, key);
	if (f->leased)
		store_swap(f->flights->bridge->store, key, f->tag, NULL, 0, 0, NULL, NULL);
	f->leased = false;
}

/* Let go of what a flight has in the air. */
static void
flight_clear(struct flight *f)
{
	if (f->fetch != NULL)
		fetch_cancel(f->fetch);
	if (f->op != NULL)
		store_cancel(f->op);
	if (event_initialized(&f->sleep))
		event_del(&f->sleep);
	f->fetch = NULL;
	f->op = NULL;
	flight_give_back(f);
	upstream_finish(&f->request);
}

static void
flight_destroy(struct flight *f)
{
	struct flight_wait *w;

	flight_clear(f);
	TAILQ_CONCAT(&f->told, &f->waits, entry);
	TAILQ_FOREACH(w, &f->told, entry)
		w->flight = NULL;
	TAILQ_REMOVE(&f->flights->all, f, entry);
	LIST_REMOVE(f, bucket);
	f->flights->count--;
	f->flights->passing -= f->kind->stored ? 0 : 1;
	buf_wipe(&f->value);
	free(f);
}

/* The flight of a key, made if there is none, in the place of the one idle for longest. */
static struct flight *
flight_find(struct flights *all, const struct flight_kind *kind, const uint8_t *key)
{
	struct flight *f;

	LIST_FOREACH(f, &all->buckets[key[0]], bucket)
		if (f->kind == kind && memcmp(f->key, key, sizeof f->key) == 0) {
			TAILQ_REMOVE(&all->all, f, entry);
			TAILQ_INSERT_TAIL(&all->all, f, entry);
			return f;
		}
	if (all->count >= LIMIT_FLIGHTS ||
	    (!kind->stored && all->passing >= LIMIT_FLIGHTS_PASSING)) {
		/* What passes does not push aside what all need. */
		TAILQ_FOREACH(f, &all->all, entry)
			if (f->stage == IDLE && (kind->stored || !f->kind->stored))
				break;
		if (f == NULL)
			return NULL;
		flight_destroy(f);
	}
	f = calloc(1, sizeof *f);
	if (f == NULL)
		return NULL;
	f->flights = all;
	f->kind = kind;
	memcpy(f->key, key, sizeof f->key);
	buf_init(&f->value, LIMIT_FLIGHT_VALUE);
	TAILQ_INIT(&f->waits);
	TAILQ_INIT(&f->told);
	TAILQ_INSERT_TAIL(&all->all, f, entry);
	LIST_INSERT_HEAD(&all->buckets[key[0]], f, bucket);
	all->count++;
	all->passing += kind->stored ? 0 : 1;
	return f;
}

/* Whether a value is what is sought. */
static bool
is_sought(const struct flight *f, const struct kept *value, int64_t after_ms)
{
	int64_t now = clock_wall_ms(), age = now - value->born_ms;

	/* One from the future is of before a clock was set back: who knows how old it is. */
	return value->born_ms != 0 && age > -LIMIT_CLOCK_SLACK_MS && now < value->end_ms &&
	    (value->born_ms > after_ms ||
	    (value->renewed && age < f->kind->pause_ms));
}

enum flight_verdict
flight_get(struct flights *all, const struct flight_kind *kind, const uint8_t key[CRYPTO_DIGEST],
    int64_t after_ms, void *arg, struct flight_value *out, struct flight_wait *w)
{
	struct flight *f = flight_find(all, kind, key);
	bool rests, here;

	*out = (struct flight_value){ .why = "too many are in the air" };
	if (f == NULL)
		return FLIGHT_FAILED;
	here = is_sought(f, &f->kept, after_ms);
	rests = f->failed_us != 0 && clock_mono_us() - f->failed_us < LIMIT_FLIGHT_REST_MS * 1000;
	out->why = f->why;
	if (!rests && (f->stage == IDLE || f->stage == LANDING) &&
	    (!here || clock_wall_ms() >= f->kept.due_ms) &&
	    flight_begin(f, arg, here ? f->kept.born_ms : after_ms) == -1 && !here) {
		out->why = "out of memory";
		return FLIGHT_FAILED;
	}
	if (here) {
		*out = (struct flight_value){
			.data = buf_str(&f->value), .len = f->value.len, .born_ms = f->kept.born_ms,
			.why = "",
		};
		return FLIGHT_HERE;
	}
	if (rests)
		return FLIGHT_FAILED;
	if (after_ms > f->after_ms)
		f->after_ms = after_ms;
	w->flight = f;
	w->told = false;
	TAILQ_INSERT_TAIL(&f->waits, w, entry);
	return FLIGHT_WAITS;
}

void
flight_leave(struct flight_wait *w)
{
	struct flight *f = w->flight;

	if (f == NULL)
		return;
	w->flight = NULL;
	if (w->told)
		TAILQ_REMOVE(&f->told, w, entry);
	else
		TAILQ_REMOVE(&f->waits, w, entry);
	/* What was for one request alone nobody wants any more. */
	if (!f->kind->stored && f->stage != LANDING && TAILQ_EMPTY(&f->waits)) {
		flight_clear(f);
		f->stage = IDLE;
	}
}

/* ====== LOOK, LEASE ====== */

static int
flight_begin(struct flight *f, void *arg, int64_t after_ms)
{
	struct bridge *b = f->flights->bridge;
	const struct settings *s = b->settings;
	/* A request may have to wait for two, one after the other. */
	int64_t ms = s->upstream_timeout_ms < s->request_timeout_ms / 2 ? s->upstream_timeout_ms :
	    s->request_timeout_ms / 2;

	upstream_finish(&f->request);
	buf_init(&f->request.body, LIMIT_HEADER * 4);
	if (f->kind->build(arg, &f->request) == -1) {
		upstream_finish(&f->request);
		return -1;
	}
	f->after_ms = after_ms;
	f->renews = after_ms != 0 && clock_wall_ms() < f->kept.due_ms;
	f->wait_ms = f->waited_ms = 0;
	f->until_us = clock_mono_us() + ms * 1000;
	if (b->store == NULL || !f->kind->stored)
		flight_fetch(f);
	else
		flight_look(f, LOOK);
	return 0;
}

/* The first operation fails only for want of memory: then it goes without the store. */
static void
flight_look(struct flight *f, enum stage stage)
{
	f->stage = stage;
	f->op = store_get(f->flights->bridge->store, f->key, on_looked, f);
	if (f->op == NULL)
		flight_fetch(f);
}

/* Take what the store has, if it is what is sought. */
static bool
flight_adopt(struct flight *f, const struct store_reply *reply)
{
	struct kept kept;
	struct buf plain;
	bool good;

	if (reply->result != STORE_FOUND || reply->len < STORE_TAG)
		return false;
	buf_init(&plain, LIMIT_FLIGHT_VALUE + sizeof kept);
	good = crypto_unwrap(f->flights->bridge->mcp.key, f->key, reply->value + STORE_TAG,
	    reply->len - STORE_TAG, &plain) == 0 && plain.len > sizeof kept;
	if (good) {
		memcpy(&kept, plain.data, sizeof kept);
		good = is_sought(f, &kept, f->after_ms) && kept.born_ms != f->kept.born_ms;
	}
	if (good) {
		buf_reset(&f->value);
		good = buf_append(&f->value, plain.data + sizeof kept,
		    plain.len - sizeof kept) == 0;
		f->kept = good ? kept : (struct kept){ 0 };
	}
	buf_wipe(&plain);
	return good;
}

static void
on_looked(void *arg, const struct store_reply *reply)
{
	struct flight *f = arg;

	f->op = NULL;
	if (flight_adopt(f, reply)) {
		metrics_fetched(f->flights->bridge->metrics, f->kind->what, "shared");
		flight_land(f, NULL);
	} else if (f->leased || reply->result == STORE_FAILED)
		flight_fetch(f);
	else
		flight_lease(f, NULL);
}

/* Take the lease; `former`: from one who is gone. */
static void
flight_lease(struct flight *f, const uint8_t *former)
{
	struct bridge *b = f->flights->bridge;
	int64_t left_ms = (f->until_us - clock_mono_us()) / 1000 + LIMIT_LEASE_MS;
	uint8_t key[STORE_KEY];

	lease_key(f, key);
	f->stage = LEASE;
	witness_sign(b, f->tag);
	f->op = former == NULL ?
	    store_add(b->store, key, f->tag, sizeof f->tag, left_ms, on_leased, f) :
	    store_swap(b->store, key, former, f->tag, sizeof f->tag, left_ms, on_taken_over, f);
	if (f->op == NULL)
		flight_fetch(f);
}

static void
on_leased(void *arg, const struct store_reply *reply)
{
	struct flight *f = arg;

	f->op = NULL;
	switch (reply->result) {
	case STORE_DONE:
		f->leased = true;
		flight_look(f, LOOK_AGAIN);
		return;
	case STORE_FOUND:
		if (reply->len >= STORE_TAG && !witness_is_alive(reply->value))
			flight_lease(f, reply->value);
		else
			flight_sleep(f);
		return;
	default:
		flight_fetch(f);
	}
}

static void
on_taken_over(void *arg, const struct store_reply *reply)
{
	struct flight *f = arg;

	f->op = NULL;
	f->leased = reply->result == STORE_DONE;
	if (reply->result == STORE_FAILED || reply->result == STORE_FULL)
		flight_fetch(f);
	else
		flight_look(f, LOOK_AGAIN);
}

/* Another worker fetches it: look again in a moment. */
static void
flight_sleep(struct flight *f)
{
	struct timeval in;

	if (f->waited_ms >= LIMIT_LEASE_WAIT_MS || clock_mono_us() >= f->until_us) {
		flight_fetch(f);
		return;
	}
	f->wait_ms = f->wait_ms == 0 ? LIMIT_TWIN_MS : f->wait_ms * 3 / 2 < LIMIT_TWIN_MAX_MS ?
	    f->wait_ms * 3 / 2 : LIMIT_TWIN_MAX_MS;
	f->waited_ms += f->wait_ms;
	in = (struct timeval){ 0, f->wait_ms * 1000 };
	f->stage = SLEEP;
	evtimer_assign(&f->sleep, f->flights->bridge->base, on_awake, f);
	event_add(&f->sleep, &in);
}

static void
on_awake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flight_look(arg, LOOK);
}

/* ====== FETCH, landing ====== */

static void
flight_fetch(struct flight *f)
{
	struct bridge *b = f->flights->bridge;
	int64_t left_ms = (f->until_us - clock_mono_us()) / 1000;
	struct timeval now = { 0, 0 };

	f->stage = FETCH;
	f->fetch = fetch_start(b->fetcher, &f->request, f->kind->trust,
	    left_ms < 1 ? 1 : (long)left_ms, on_fetched, f);
	/* From the loop alone are those told who wait. */
	if (f->fetch == NULL) {
		evtimer_assign(&f->sleep, b->base, on_starved, f);
		event_add(&f->sleep, &now);
	}
}

static void
on_starved(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flight_land(arg, "out of memory");
}

static void
on_fetched(void *arg, const struct answer *answer)
{
	struct flight *f = arg;
	struct bridge *b = f->flights->bridge;
	struct flight_life life = { 0 };
	const char *why = "it did not answer as it should";
	struct buf value;

	f->fetch = NULL;
	buf_init(&value, LIMIT_FLIGHT_VALUE);
	if (answer->outcome != OUTCOME_ANSWERED)
		why = answer->outcome == OUTCOME_UNTRUSTED ? "its certificate is not trusted" :
		    answer->outcome == OUTCOME_TIMEOUT ? "it did not answer in time" :
		    "it cannot be reached";
	else if (f->kind->take(f->kind, answer, &value, &life, &why) == 0 && !value.failed)
		why = NULL;
	if (why == NULL) {
		buf_wipe(&f->value);
		f->value = value;
		f->kept = (struct kept){ .born_ms = clock_wall_ms(), .renewed = f->renews };
		f->kept.due_ms = f->kept.born_ms + life.due_ms;
		f->kept.end_ms = f->kept.born_ms + life.end_ms;
		flight_put(f);
	} else
		buf_finish(&value);
	metrics_fetched(b->metrics, f->kind->what, why == NULL ? "ok" : "failed");
	if (why != NULL && clock_mono_us() - f->flights->logged_us >= 1000000) {
		f->flights->logged_us = clock_mono_us();
		log_warnx("%s of %s: %s (HTTP %d)", f->kind->what, f->kind->from, why,
		    answer->status);
	}
	flight_land(f, why);
}

/* For the others: whether something is there already or not, afterwards this is. */
static void
flight_put(struct flight *f)
{
	struct bridge *b = f->flights->bridge;
	int64_t ttl_ms = f->kept.end_ms - f->kept.born_ms;
	struct buf plain, bytes;

	if (b->store == NULL || !f->kind->stored)
		return;
	buf_init(&plain, LIMIT_FLIGHT_VALUE + sizeof f->kept);
	buf_init(&bytes, LIMIT_STORE_VALUE);
	buf_append(&plain, &f->kept, sizeof f->kept);
	buf_append(&plain, f->value.data, f->value.len);
	buf_append(&bytes, f->key, STORE_TAG);
	if (!plain.failed && crypto_wrap(b->mcp.key, f->key, plain.data, plain.len, &bytes) == 0) {
		store_add(b->store, f->key, bytes.data, bytes.len, ttl_ms, NULL, NULL);
		store_swap(b->store, f->key, f->key, bytes.data, bytes.len, ttl_ms, NULL, NULL);
	}
	buf_wipe(&plain);
	buf_finish(&bytes);
}

/* It is over; `why`: without a value. */
static void
flight_land(struct flight *f, const char *why)
{
	struct flight_wait *w;

	f->failed_us = why == NULL ? 0 : clock_mono_us();
	f->why = why;
	flight_clear(f);
	f->stage = LANDING;
	TAILQ_FOREACH(w, &f->waits, entry)
		w->told = true;
	TAILQ_CONCAT(&f->told, &f->waits, entry);
	while ((w = TAILQ_FIRST(&f->told)) != NULL) {
		TAILQ_REMOVE(&f->told, w, entry);
		w->flight = NULL;
		w->done(w->arg);
	}
	if (f->stage == LANDING)
		f->stage = IDLE;
}
