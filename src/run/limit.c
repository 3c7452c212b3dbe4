/* SPDX-License-Identifier: MIT */
/*
 * limit.c - see limit.h. A bucket is kept as the time at which it would be full again (the
 * generic cell rate algorithm): taking a token is one compare-and-swap, and no clock has to
 * refill anything.
 */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "edge/board.h"
#include "mcp/answer.h"
#include "mcp/catalog.h"
#include "mcp/failure.h"
#include "mcp/service.h"
#include "run/limit.h"
#include "run/settings.h"
#include "wire/json.h"

#define SECOND	INT64_C(1000000)

static const char *const words[] = { "requests", "all", "caller" };
enum scope { REQUESTS, ALL, CALLER, TOOL };

/* ====== rates ====== */

static int
read_rate(struct limit_rate *r, const char *rule)
{
	char *end;
	const char *equals = strrchr(rule, '=');
	int64_t unit;

	if (equals == NULL || equals == rule)
		return -1;
	r->count = strtoll(equals + 1, &end, 10);
	unit = strcmp(end, "/s") == 0 ? 1 : strcmp(end, "/m") == 0 ? 60 :
	    strcmp(end, "/h") == 0 ? 3600 : 0;
	if (unit == 0 || r->count < 1 || r->count > 1000000 || end == equals + 1)
		return -1;
	r->every_us = unit * SECOND / r->count;
	r->what = strndup(rule, (size_t)(equals - rule));
	return r->what == NULL ? -1 : 0;
}

int
limit_rates_init(struct limit_rates *r, char *const *rules, size_t count, char *why, size_t whylen)
{
	size_t i;

	memset(r, 0, sizeof *r);
	for (i = 0; i < count; i++) {
		if (i < LIMIT_RATES && read_rate(&r->items[r->count++], rules[i]) == 0)
			continue;
		snprintf(why, whylen, "rate_limit: \"%s\" is not a rate, or one of more than %d; "
		    "it is all, caller, requests or a pattern of tool names, then =COUNT/s, /m "
		    "or /h",
		    rules[i], LIMIT_RATES);
		return -1;
	}
	return 0;
}

void
limit_rates_finish(struct limit_rates *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		free(r->items[i].what);
	r->count = 0;
}

static enum scope
scope_of(const struct limit_rate *r)
{
	enum scope s;

	for (s = REQUESTS; s < TOOL && strcmp(r->what, words[s]) != 0; s++)
		;
	return s;
}

/* A bucket's key: what is counted in it, none of which can run into another. */
static struct board_bucket *
bucket_of(struct limit *l, const struct limit_rate *r, const char *caller, const char *tool,
    int64_t now_us)
{
	char text[LIMIT_CALLER + LIMIT_TOOL_NAME + 64];
	enum scope scope = scope_of(r);
	uint8_t digest[CRYPTO_DIGEST];
	uint64_t key = 1;
	int len;

	len = snprintf(text, sizeof text, "%d%c%" PRId64 "%c%s%c%s", (int)scope, '\0', r->every_us,
	    '\0', scope == ALL ? "" : caller, '\0', scope == TOOL ? tool : "");
	if (len > 0 && crypto_sha256(text, (size_t)len < sizeof text ? (size_t)len : sizeof text,
	    digest) == 0)
		memcpy(&key, digest, sizeof key);
	return board_bucket(l->board, key == 0 ? 1 : key, now_us);
}

/* What may still come at once. A time that no token could have caused is another boot's. */
static int64_t
tokens(const struct limit_rate *r, const struct board_bucket *b, int64_t now_us)
{
	int64_t full = b->full_us;

	if (full <= now_us || full > now_us + (r->count + 1) * r->every_us)
		return r->count;
	return (now_us + r->count * r->every_us - full) / r->every_us;
}

/* Take a token: 0, or the microseconds until there is one. */
static int64_t
take(const struct limit_rate *r, struct board_bucket *b, int64_t now_us)
{
	int64_t full = b->full_us, from, most = r->count * r->every_us;

	do {
		from = full <= now_us || full > now_us + most + r->every_us ? now_us : full;
		if (from + r->every_us > now_us + most)
			return from + r->every_us - now_us - most;
	} while (!atomic_compare_exchange_weak(&b->full_us, &full, from + r->every_us));
	return 0;
}

static void
give_back(const struct limit_rate *r, struct board_bucket *b)
{
	atomic_fetch_sub(&b->full_us, r->every_us);
}

/* In whole seconds, at least one. */
static int64_t
seconds(int64_t us)
{
	return us <= SECOND ? 1 : (us + SECOND - 1) / SECOND;
}

void
limit_init(struct limit *l, const struct settings *s, struct board *b)
{
	size_t i;

	memset(l, 0, sizeof *l);
	l->settings = s;
	l->board = b;
	for (i = 0; i < s->catalog.nservices; i++)
		l->breakers[i] = board_breaker(b, s->catalog.services[i].name);
}

static size_t
number_of(const struct limit *l, const struct service *s)
{
	return (size_t)(s - l->settings->catalog.services);
}

bool
limit_request(struct limit *l, const char *caller, int64_t now_us, int64_t *wait_s)
{
	const struct limit_rates *rates = &l->settings->rates;
	int64_t wait;
	size_t i;

	for (i = 0; i < rates->count; i++) {
		if (scope_of(&rates->items[i]) != REQUESTS)
			continue;
		wait = take(&rates->items[i], bucket_of(l, &rates->items[i], caller, "", now_us),
		    now_us);
		if (wait > 0) {
			*wait_s = seconds(wait);
			return false;
		}
	}
	return true;
}

static void
give_all_back(struct limit *l, struct board_bucket *const taken[LIMIT_RATES])
{
	size_t i;

	for (i = 0; i < l->settings->rates.count; i++)
		if (taken[i] != NULL)
			give_back(&l->settings->rates.items[i], taken[i]);
}

/* Take a token of every rate that a call counts in; none when one of them refuses. */
static const struct limit_rate *
take_all(struct limit *l, const struct tool *t, const char *caller, int64_t now_us,
    struct board_bucket *taken[LIMIT_RATES], int64_t *wait)
{
	const struct limit_rates *rates = &l->settings->rates;
	const struct limit_rate *r;
	struct board_bucket *bucket;
	enum scope scope;
	size_t i;

	for (i = 0; i < rates->count; i++) {
		r = &rates->items[i];
		scope = scope_of(r);
		if (scope == REQUESTS || (caller == NULL && scope != ALL) ||
		    (scope == TOOL && fnmatch(r->what, t->name, 0) != 0))
			continue;
		bucket = bucket_of(l, r, caller, t->name, now_us);
		*wait = take(r, bucket, now_us);
		if (*wait > 0) {
			give_all_back(l, taken);
			return r;
		}
		taken[i] = bucket;
	}
	return NULL;
}

/* ====== a service: how many at once, and whether at all ====== */

/*
 * A breaker that is open lets one call through once its time is over; that one's answer closes
 * it or opens it anew. 0: go on; else the microseconds to wait.
 */
static int64_t
breaker_wait(const struct limit *l, const struct service *s, int64_t now_us, bool *probes)
{
	struct board_breaker *b = l->breakers[number_of(l, s)];
	int64_t pause = l->settings->breaker_open_s * SECOND, probe, opened;

	if (b == NULL || l->settings->breaker_failures == 0 || (opened = b->opened_us) == 0)
		return 0;
	/* A time to come is another boot's. */
	if (opened <= now_us && now_us < opened + pause)
		return opened + pause - now_us;
	probe = b->probe_us;
	if (now_us < probe && probe <= now_us + LIMIT_BREAKER_PROBE_S * SECOND)
		return SECOND;
	*probes = atomic_compare_exchange_strong(&b->probe_us, &probe,
	    now_us + LIMIT_BREAKER_PROBE_S * SECOND);
	return *probes ? 0 : SECOND;
}

void
limit_learn(struct limit *l, const struct service *s, const struct answer *a, int64_t now_us)
{
	struct board_breaker *b = l->breakers[number_of(l, s)];
	bool bad = a->outcome == OUTCOME_ANSWERED ? a->status >= 500 :
	    a->outcome != OUTCOME_EXCESS && a->outcome != OUTCOME_INTERNAL;
	int64_t threshold = l->settings->breaker_failures;

	if (b == NULL || a->outcome == OUTCOME_INTERNAL)
		return;
	if (bad)
		atomic_fetch_add(&b->failed, 1);
	if (threshold == 0)
		return;
	if (!bad) {
		b->failures = 0;
		b->opened_us = 0;
		b->probe_us = 0;
		return;
	}
	/* What was on its way when it opened says nothing new; the one that tried does. */
	if (atomic_fetch_add(&b->failures, 1) + 1 >= threshold &&
	    (b->opened_us == 0 || b->probe_us != 0)) {
		b->opened_us = now_us;
		b->probe_us = 0;
	}
}

const char *
limit_enter(struct limit *l, const struct tool *t, const char *caller, int64_t now_us,
    bool *probes, struct failure *f)
{
	struct board_bucket *taken[LIMIT_RATES] = { NULL };
	int64_t most = settings_service_inflight(l->settings, t->service), wait = 0;
	const struct limit_rate *r;
	const char *name = NULL;

	*probes = false;
	if (most > 0 && (int64_t)l->inflight[number_of(l, t->service)] >= most) {
		failure_init(f, "service_busy", 503, "the bridge has as many calls to this service "
		    "in flight as it may; nothing was done; repeat the call in a moment");
		wait = SECOND;
		name = "in_flight";
	} else if ((r = take_all(l, t, caller, now_us, taken, &wait)) != NULL) {
		failure_init(f, "rate_limited", 429, "the bridge's limit for %s is used up; "
		    "nothing was done; wait, then repeat the call", scope_of(r) == ALL ?
		    "all calls" : scope_of(r) == CALLER ? "your calls" : "your calls of this tool");
		name = scope_of(r) == TOOL ? "tool" : r->what;
	} else if ((wait = breaker_wait(l, t->service, now_us, probes)) > 0) {
		give_all_back(l, taken);
		failure_init(f, "service_down", 503, "the messaging service failed again and again "
		    "and is left alone for a while; nothing was done; repeat the call later");
		name = "breaker";
	}
	if (name == NULL) {
		l->inflight[number_of(l, t->service)]++;
		return NULL;
	}
	f->retryable = true;
	f->retry_after_s = seconds(wait);
	return name;
}

void
limit_leave(struct limit *l, const struct tool *t, bool probes)
{
	struct board_breaker *b = l->breakers[number_of(l, t->service)];

	/* It never came to an answer: another call may try. */
	if (probes && b != NULL)
		b->probe_us = 0;
	l->inflight[number_of(l, t->service)]--;
}

/* ====== to be seen ====== */

enum limit_breaker
limit_breaker(const struct limit *l, size_t service, int64_t now_us)
{
	const struct board_breaker *b = l->breakers[service];
	int64_t opened = b == NULL ? 0 : b->opened_us;

	if (l->settings->breaker_failures == 0 || opened == 0)
		return LIMIT_CLOSED;
	return opened <= now_us && now_us < opened + l->settings->breaker_open_s * SECOND ?
	    LIMIT_OPEN : LIMIT_HALF_OPEN;
}

const char *
limit_breaker_name(enum limit_breaker state)
{
	static const char *const names[] = { "closed", "half-open", "open" };

	return names[state];
}

void
limit_print(struct limit *l, const char *prefix, int64_t now_us, struct buf *out)
{
	const struct catalog *c = &l->settings->catalog;
	const struct limit_rate *r;
	size_t i;

	buf_printf(out, "# HELP %sbreaker_state Of a service: 0 closed, 1 half-open, 2 open.\n"
	    "# TYPE %sbreaker_state gauge\n", prefix, prefix);
	for (i = 0; i < c->nservices; i++)
		buf_printf(out, "%sbreaker_state{service=\"%s\"} %d\n", prefix,
		    c->services[i].name, (int)limit_breaker(l, i, now_us));
	buf_printf(out, "# HELP %srate_buckets Buckets of rates that are not full.\n# TYPE "
	    "%srate_buckets gauge\n%srate_buckets %zu\n", prefix, prefix, prefix,
	    board_buckets_in_use(l->board, now_us));
	buf_printf(out, "# HELP %srate_tokens Calls that a rate for all lets through at once.\n"
	    "# TYPE %srate_tokens gauge\n", prefix, prefix);
	for (i = 0; i < l->settings->rates.count; i++) {
		r = &l->settings->rates.items[i];
		if (scope_of(r) == ALL)
			buf_printf(out, "%srate_tokens{limit=\"all\",count=\"%" PRId64 "\"} %"
			    PRId64 "\n", prefix, r->count,
			    tokens(r, bucket_of(l, r, "", "", now_us), now_us));
	}
}

void
limit_status(struct limit *l, const char *caller, int64_t now_us, struct buf *out)
{
	const struct catalog *c = &l->settings->catalog;
	const struct limit_rate *r;
	size_t i;

	buf_puts(out, "\"rates\":[");
	for (i = 0; i < l->settings->rates.count; i++) {
		r = &l->settings->rates.items[i];
		buf_printf(out, "%s{\"limit\":", i == 0 ? "" : ",");
		json_quote(out, r->what);
		buf_printf(out, ",\"count\":%" PRId64 ",\"per_s\":%" PRId64, r->count,
		    r->count * r->every_us / SECOND);
		/* A pattern has a bucket for each tool. */
		if (scope_of(r) != TOOL)
			buf_printf(out, ",\"left\":%" PRId64,
			    tokens(r, bucket_of(l, r, caller, "", now_us), now_us));
		buf_putc(out, '}');
	}
	buf_puts(out, "],\"breakers\":{");
	for (i = 0; i < c->nservices; i++) {
		buf_puts(out, i == 0 ? "" : ",");
		json_quote(out, c->services[i].name);
		buf_printf(out, ":\"%s\"", limit_breaker_name(limit_breaker(l, i, now_us)));
	}
	buf_putc(out, '}');
}
