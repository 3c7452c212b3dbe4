/* SPDX-License-Identifier: MIT */
/*
 * watch.c - a timer; what the store says of the last look; a look, and what it says to all.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "edge/store.h"
#include "mcp/credential.h"
#include "mcp/failure.h"
#include "mcp/principal.h"
#include "mcp/push.h"
#include "mcp/resource.h"
#include "mcp/result.h"
#include "run/bridge.h"
#include "run/errand.h"
#include "run/feed.h"
#include "run/limit.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "run/watch.h"
#include "wire/json.h"
#include "wire/trace.h"

/* What stands in the store of the last look, by all workers. */
struct sight {
	uint8_t		 tag[STORE_TAG];
	uint64_t	 seen_ms;	/* big-endian, wall time; 0: never */
	uint64_t	 lease_ms;	/* until then somebody is looking */
	uint8_t		 digest[CRYPTO_DIGEST];
};

struct watch {
	LIST_ENTRY(watch)	 entry;
	struct bridge		*bridge;
	const struct resource	*resource;
	struct principal	*principal;	/* held: as whom it is looked, during a look */
	char			*uri;
	cJSON			*args;		/* of its tool; and what is lent to a look */
	cJSON			*lent;
	LIST_HEAD(, watcher)	 watchers;
	struct fed		 fed;		/* by the service itself, where it tells */
	uint8_t			 place[CRYPTO_DIGEST];	/* of the record */
	struct sight		 sight;		/* as it was seen last */
	int64_t			 look_us;	/* while the service tells: no look before */
	bool			 known;		/* it was seen since somebody listens */
	bool			 leased;	/* the record is ours */
	struct event		 timer;
	struct store_op		*op;
	bool			 looking;	/* `errand` is in use */
	bool			 entered;	/* limit_leave() is due */
	struct errand		 errand;
	char			 traceparent[TRACE_HEADER];
};

static void	on_time(evutil_socket_t, short, void *);
static void	on_record(void *, const struct store_reply *);
static void	on_taken(void *, const struct store_reply *);
static void	on_written(void *, const struct store_reply *);
static void	on_seen(void *, const struct answer *, struct failure *);
static void	on_fed(void *, enum feed_news);
static void	look(struct watch *);

/* Who asks the service: callers that it cannot tell apart see the same. */
static const char *
seen_by(const struct resource *r, const struct principal *p)
{
	const struct credential *c = service_credential(r->tool.service, p->name);

	return c->caller != NULL || c->client != NULL ? p->name : "";
}

static int
place_of(uint8_t place[CRYPTO_DIGEST], const struct resource *r, const char *uri,
    const struct principal *p)
{
	struct buf text;
	int result;

	buf_init(&text, LIMIT_URL + LIMIT_CURSOR);
	buf_append(&text, "watch", 6);
	buf_append(&text, r->tool.service->name, strlen(r->tool.service->name) + 1);
	buf_append(&text, seen_by(r, p), strlen(seen_by(r, p)) + 1);
	result = buf_puts(&text, uri) == -1 ? -1 : crypto_sha256(text.data, text.len, place);
	buf_finish(&text);
	return result;
}

static void
watch_arm(struct watch *w, int64_t ms)
{
	struct timeval in = clock_timeval(ms);

	event_add(&w->timer, &in);
}

/* Look again in so long, or much later while the service tells of what changes. */
static void
watch_rest(struct watch *w, int64_t ms)
{
	const struct push *push = w->resource->tool.service->push;

	if (feed_state(&w->fed) == FEED_OPEN && ms < push->every_ms)
		ms = push->every_ms;
	w->look_us = clock_mono_us() + ms * 1000;
	watch_arm(w, ms);
}

/* A look is over. */
static void
look_end(struct watch *w)
{
	if (!w->looking)
		return;
	errand_finish(&w->errand);
	if (w->entered)
		limit_leave(&w->bridge->limit, &w->resource->tool, w->errand.probes);
	principal_drop(w->principal);
	w->principal = NULL;
	w->looking = w->entered = false;
}

static void
watch_destroy(struct watch *w)
{
	bool looked = w->looking;

	LIST_REMOVE(w, entry);
	w->bridge->watches--;
	event_del(&w->timer);
	feed_leave(&w->fed);
	if (w->op != NULL)
		store_cancel(w->op);
	look_end(w);
	/* Whoever looks next need not wait for us. */
	if (w->leased && looked) {
		w->sight.lease_ms = 0;
		store_swap(w->bridge->store, w->place, w->sight.tag, &w->sight, sizeof w->sight,
		    LIMIT_WATCH_KEEP_MS, NULL, NULL);
	}
	cJSON_Delete(w->lent);
	cJSON_Delete(w->args);
	free(w->uri);
	free(w);
}

/* Who came last of those whom the service cannot tell apart: that one's token is the youngest. */
static struct principal *
last_of(void *arg)
{
	const struct watch *w = arg;

	return (struct principal *)(uintptr_t)LIST_FIRST(&w->watchers)->principal;
}

/* Be told by the service, if it tells. What comes of that. */
static enum feed_state
watch_feed(struct watch *w, const struct principal *p)
{
	w->fed = (struct fed){
		.resource = w->resource, .args = w->args, .told = on_fed, .as = last_of, .arg = w,
	};
	/* What is not told is looked at. */
	if (w->resource->push.is_set)
		feed_join(&w->fed, w->bridge, seen_by(w->resource, p));
	return feed_state(&w->fed);
}

int
watch_join(struct watcher *who, struct bridge *b, const struct resource *r, const char *uri,
    const struct principal *p)
{
	uint8_t place[CRYPTO_DIGEST];
	const struct resource *same;
	enum feed_state state;
	struct watch *w;

	if (place_of(place, r, uri, p) == -1)
		return -1;
	LIST_FOREACH(w, &b->watched, entry)
		if (memcmp(w->place, place, sizeof place) == 0)
			break;
	if (w == NULL) {
		if (b->watches >= LIMIT_WATCHES || (w = calloc(1, sizeof *w)) == NULL)
			return -1;
		w->bridge = b;
		w->resource = r;
		memcpy(w->place, place, sizeof place);
		LIST_INIT(&w->watchers);
		LIST_INSERT_HEAD(&b->watched, w, entry);
		b->watches++;
		evtimer_assign(&w->timer, b->base, on_time, w);
		w->uri = strdup(uri);
		if (w->uri == NULL ||
		    catalog_resource(&b->settings->catalog, uri, &same, &w->args) != 1) {
			watch_destroy(w);
			return -1;
		}
		state = watch_feed(w, p);
		if (state == FEED_OPEN)
			watch_rest(w, 0);	/* the next look */
		watch_arm(w, state == FEED_OPENING ? LIMIT_FEED_GRACE_MS : 0);
	} else if (w->known)
		watch_arm(w, 0);	/* what is known is said to the new one, too */
	who->watch = w;
	who->principal = p;
	LIST_INSERT_HEAD(&w->watchers, who, entry);
	who->fresh = true;
	return 0;
}

void
watch_leave(struct watcher *who)
{
	struct watch *w = who->watch;

	LIST_REMOVE(who, entry);
	who->watch = NULL;
	if (LIST_EMPTY(&w->watchers))
		watch_destroy(w);
}

/* It was seen: whoever has not heard of what it is now hears. */
static void
watch_say(struct watch *w, bool changed)
{
	struct watcher *who;

	w->known = true;
	LIST_FOREACH(who, &w->watchers, entry)
		if (changed || who->fresh) {
			who->fresh = false;
			who->changed(who->arg, w->uri);
		}
}

static void
on_fed(void *arg, enum feed_news news)
{
	struct watch *w = arg;
	struct watcher *who;

	if (news != FEED_ENDS) {
		if (news == FEED_BEGINS)
			watch_rest(w, w->resource->every_ms);
		watch_say(w, true);
		return;
	}
	/* What the last look saw is old: what the next one sees all hear. */
	LIST_FOREACH(who, &w->watchers, entry)
		who->fresh = true;
	watch_arm(w, w->known ? w->resource->every_ms : 0);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	int64_t left_us = w->look_us - clock_mono_us();

	(void)fd;
	(void)what;
	/* What changes is told: what there is to say now is to whoever is new. */
	if (feed_state(&w->fed) == FEED_OPEN && left_us > 0) {
		watch_say(w, false);
		watch_arm(w, left_us / 1000 + 1);
		return;
	}
	if (w->op != NULL || w->looking) {
		watch_arm(w, LIMIT_WATCH_AGAIN_MS);
		return;
	}
	if (w->bridge->store == NULL) {
		look(w);
		return;
	}
	w->op = store_get(w->bridge->store, w->place, on_record, w);
	if (w->op == NULL)
		watch_rest(w, w->resource->every_ms);
}

/* Begin a look, unless another is at it: the lease is ours if the record still is as it was. */
static void
lease(struct watch *w, bool found, int64_t now)
{
	uint8_t before[STORE_TAG];

	memcpy(before, w->sight.tag, sizeof before);
	bridge_random(w->bridge, w->sight.tag, sizeof w->sight.tag);
	w->sight.lease_ms = htobe64((uint64_t)(now +
	    w->bridge->settings->request_timeout_ms + LIMIT_LEASE_MS));
	w->op = found ? store_swap(w->bridge->store, w->place, before, &w->sight,
	    sizeof w->sight, LIMIT_WATCH_KEEP_MS, on_taken, w) :
	    store_add(w->bridge->store, w->place, &w->sight, sizeof w->sight,
	    LIMIT_WATCH_KEEP_MS, on_taken, w);
	if (w->op == NULL)
		watch_rest(w, w->resource->every_ms);
}

static void
on_record(void *arg, const struct store_reply *reply)
{
	struct watch *w = arg;
	int64_t now = clock_wall_ms(), next;
	struct sight sight;
	bool changed;

	w->op = NULL;
	if (reply->result == STORE_NONE) {
		memset(&w->sight, 0, sizeof w->sight);
		lease(w, false, now);
		return;
	}
	if (reply->result != STORE_FOUND || reply->len != sizeof sight) {
		look(w);	/* without the store each worker looks for itself */
		return;
	}
	memcpy(&sight, reply->value, sizeof sight);
	changed = w->known && memcmp(sight.digest, w->sight.digest, sizeof sight.digest) != 0;
	w->sight = sight;
	if (sight.seen_ms != 0)
		watch_say(w, changed);
	next = (int64_t)be64toh(sight.seen_ms) + w->resource->every_ms - now;
	if (next > 0)
		watch_rest(w, next < w->resource->every_ms ? next : w->resource->every_ms);
	else if ((int64_t)be64toh(sight.lease_ms) > now)
		watch_arm(w, LIMIT_WATCH_AGAIN_MS);
	else
		lease(w, true, now);
}

static void
on_taken(void *arg, const struct store_reply *reply)
{
	struct watch *w = arg;

	w->op = NULL;
	w->leased = reply->result == STORE_DONE;
	if (w->leased || reply->result == STORE_FAILED || reply->result == STORE_FULL)
		look(w);
	else
		watch_arm(w, LIMIT_WATCH_AGAIN_MS);
}

/* Look. Nobody has called for it, so it counts where all calls do, and in no caller's rate. */
static void
look(struct watch *w)
{
	struct bridge *b = w->bridge;
	const char *limit;
	struct trace trace;
	struct failure f;
	bool probes;

	bridge_trace(b, NULL, &trace, w->traceparent);
	cJSON_Delete(w->lent);
	w->lent = json_borrow(w->args, NULL);
	limit = limit_enter(&b->limit, &w->resource->tool, NULL, clock_mono_us(), &probes, &f);
	w->entered = limit == NULL;
	w->principal = principal_hold(last_of(w));
	w->errand = (struct errand){
		.bridge = b, .tool = &w->resource->tool, .args = w->lent,
		.principal = w->principal, .traceparent = w->traceparent, .repeatable = true,
		.deadline_us = clock_mono_us() + b->settings->request_timeout_ms * 1000,
		.probes = probes, .done = on_seen, .arg = w,
	};
	w->looking = true;
	if (limit != NULL) {
		metrics_limited(b->metrics, limit);
		on_seen(w, NULL, &f);
	} else if (w->lent == NULL)
		on_seen(w, NULL, NULL);
	else if (errand_start(&w->errand, &f) == -1)
		on_seen(w, NULL, &f);
}

/* The digest of what the service answered. 0, or -1: it has not been seen. */
static int
digest_of(const struct watch *w, const struct answer *answer, uint8_t digest[CRYPTO_DIGEST])
{
	size_t budget = (size_t)w->bridge->settings->result_max;
	struct paging none = { .key = w->bridge->mcp.key };
	struct result_more ask = { 0 };
	struct failure f;
	struct buf text;
	int result = -1;

	buf_init(&text, budget + LIMIT_CURSOR);
	switch (result_map(&text, &w->resource->tool, w->lent, answer, &none, budget, false, &ask,
	    &f)) {
	case RESULT_GOOD:
		result = crypto_sha256(text.data, text.len, digest);
		break;
	case RESULT_ASKS:
		free(ask.state);
		break;
	case RESULT_NOTHING:
	case RESULT_UNCLEAR:
		/* It is not there now, which is another thing than it was. */
		if (strcmp(f.code, "not_found") == 0) {
			memset(digest, 0, CRYPTO_DIGEST);
			result = 0;
		}
		failure_finish(&f);
		break;
	}
	buf_finish(&text);
	return result;
}

static void
on_seen(void *arg, const struct answer *answer, struct failure *failed)
{
	struct watch *w = arg;
	uint8_t digest[CRYPTO_DIGEST], before[STORE_TAG];
	int64_t now = clock_wall_ms(), next_ms = w->resource->every_ms;
	bool seen = answer != NULL && digest_of(w, answer, digest) == 0, changed = false;

	if (failed != NULL) {
		/* What is refused for a moment is not put off for an hour. */
		if (failed->retry_after_s > 0 && failed->retry_after_s * 1000 < next_ms)
			next_ms = failed->retry_after_s * 1000;
		failure_finish(failed);
	}
	look_end(w);
	if (seen) {
		changed = w->known && memcmp(digest, w->sight.digest, sizeof digest) != 0;
		memcpy(w->sight.digest, digest, sizeof digest);
	}
	if (w->leased) {
		/* One that failed is not tried again at once by all. */
		memcpy(before, w->sight.tag, sizeof before);
		bridge_random(w->bridge, w->sight.tag, sizeof w->sight.tag);
		if (seen)
			w->sight.seen_ms = htobe64((uint64_t)now);
		w->sight.lease_ms = seen ? 0 : htobe64((uint64_t)(now + next_ms));
		w->op = store_swap(w->bridge->store, w->place, before, &w->sight,
		    sizeof w->sight, LIMIT_WATCH_KEEP_MS, on_written, w);
		w->leased = false;
	}
	watch_rest(w, next_ms);
	if (seen)
		watch_say(w, changed);
}

static void
on_written(void *arg, const struct store_reply *reply)
{
	struct watch *w = arg;

	(void)reply;
	w->op = NULL;
}
