/* SPDX-License-Identifier: MIT */
/* feed.c - joined, opened, told of, ended, opened again; see feed.h. */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "mcp/answer.h"
#include "mcp/failure.h"
#include "mcp/principal.h"
#include "mcp/push.h"
#include "mcp/resource.h"
#include "run/bridge.h"
#include "run/errand.h"
#include "run/feed.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "wire/json.h"
#include "wire/trace.h"

struct feed {
	LIST_ENTRY(feed)	 entry;
	struct bridge		*bridge;
	const struct service	*service;
	struct principal	*principal;	/* held: as whom it is asked for, during that */
	char			*seen_by;
	LIST_HEAD(, fed)	 all;		/* whom it tells */
	enum feed_state		 state;
	bool			 asking;	/* `errand` is in use */
	struct errand		 errand;
	struct errand_ear	 ear;
	cJSON			*args;		/* lent to it */
	char			 traceparent[TRACE_HEADER];
	/* The end of a pause; the last moment to open; whether it has fallen silent. */
	struct event		 timer;
	struct event		 news;		/* outside of libcurl: what there is to tell */
	bool			 begins;	/* that it is open */
	bool			 complained;	/* of data that is no JSON */
	int64_t			 told_us;	/* when something was told last */
	int64_t			 opened_us;
	int64_t			 again_ms;	/* the first pause; as the service says */
	unsigned		 failed;	/* times, one after the other */
	char			 id[LIMIT_FEED_ID];	/* of the last event; "" */
};

static void	feed_open(struct feed *);
static void	feed_close(struct feed *);
static void	feed_break(struct feed *, const char *, int64_t);
static void	on_opened(void *);
static void	on_event(void *, const char *, const char *, const char *, size_t);
static void	on_end(void *, const struct answer *, struct failure *);
static void	on_time(evutil_socket_t, short, void *);
static void	on_news(evutil_socket_t, short, void *);

static void
feed_arm(struct event *timer, int64_t ms)
{
	struct timeval in = { ms / 1000, ms % 1000 * 1000 };

	event_add(timer, &in);
}

static struct feed *
feed_create(struct bridge *b, const struct service *s, const char *seen_by)
{
	struct feed *f = b->nfeeds >= LIMIT_FEEDS ? NULL : calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->seen_by = strdup(seen_by);
	if (f->seen_by == NULL) {
		free(f);
		return NULL;
	}
	f->bridge = b;
	f->service = s;
	f->again_ms = LIMIT_FEED_AGAIN_MS;
	f->ear = (struct errand_ear){
		.opened = on_opened, .event = on_event, .arg = f, .last_id = f->id,
	};
	LIST_INIT(&f->all);
	LIST_INSERT_HEAD(&b->feeds, f, entry);
	b->nfeeds++;
	evtimer_assign(&f->timer, b->base, on_time, f);
	evtimer_assign(&f->news, b->base, on_news, f);
	f->state = FEED_OPENING;
	feed_arm(&f->timer, 0);
	return f;
}

static void
feed_destroy(struct feed *f)
{
	LIST_REMOVE(f, entry);
	f->bridge->nfeeds--;
	feed_close(f);
	event_del(&f->timer);
	event_del(&f->news);
	free(f->seen_by);
	free(f);
}

int
feed_join(struct fed *who, struct bridge *b, const char *seen_by)
{
	const struct service *s = who->resource->tool.service;
	struct feed *f;

	LIST_FOREACH(f, &b->feeds, entry)
		if (f->service == s && strcmp(f->seen_by, seen_by) == 0)
			break;
	if (f == NULL && (f = feed_create(b, s, seen_by)) == NULL)
		return -1;
	who->feed = f;
	LIST_INSERT_HEAD(&f->all, who, entry);
	return 0;
}

void
feed_leave(struct fed *who)
{
	struct feed *f = who->feed;

	if (f == NULL)
		return;
	LIST_REMOVE(who, entry);
	who->feed = NULL;
	/* Whoever leaves may be about to join again, and libcurl may be at it. */
	if (LIST_EMPTY(&f->all))
		feed_arm(&f->news, 0);
}

enum feed_state
feed_state(const struct fed *who)
{
	return who->feed == NULL ? FEED_NONE : who->feed->state;
}

void
feed_end_all(struct bridge *b)
{
	while (!LIST_EMPTY(&b->feeds))
		feed_destroy(LIST_FIRST(&b->feeds));
}

/* ====== the stream ====== */

static void
feed_open(struct feed *f)
{
	struct bridge *b = f->bridge;
	struct fed *who = LIST_FIRST(&f->all);
	struct failure failure;
	struct trace trace;

	/* Nobody is left, and so it ends in this turn. */
	if (who == NULL)
		return;
	bridge_trace(b, NULL, &trace, f->traceparent);
	f->principal = principal_hold(who->as(who->arg));
	f->args = cJSON_CreateObject();
	f->errand = (struct errand){
		.bridge = b, .tool = &f->service->push->tool, .args = f->args,
		.principal = f->principal, .traceparent = f->traceparent, .repeatable = true,
		.deadline_us = clock_mono_us() + b->settings->request_timeout_ms * 1000,
		.done = on_end, .arg = f, .ear = &f->ear,
	};
	f->asking = true;
	feed_arm(&f->timer, b->settings->request_timeout_ms);
	if (f->args == NULL)
		feed_break(f, "out of memory", -1);
	else if (errand_start(&f->errand, &failure) == -1)
		on_end(f, NULL, &failure);
}

/* End what is in the air. */
static void
feed_close(struct feed *f)
{
	if (f->asking)
		errand_finish(&f->errand);
	f->asking = false;
	principal_drop(f->principal);
	f->principal = NULL;
	cJSON_Delete(f->args);
	f->args = NULL;
}

/* What a service asks for, within bounds (milliseconds). */
static int64_t
within(int64_t ms)
{
	return ms < LIMIT_FEED_LEAST_MS ? LIMIT_FEED_LEAST_MS :
	    ms > LIMIT_FEED_REST_MS ? LIMIT_FEED_REST_MS : ms;
}

/* How long to rest: as the service says, doubled, and half as much again by chance. */
static int64_t
pause_ms(struct feed *f, int64_t least_ms)
{
	int64_t ms = f->again_ms, most = ms > LIMIT_FEED_MOST_MS ? ms : LIMIT_FEED_MOST_MS;
	uint32_t chance;
	unsigned i;

	for (i = 1; i < f->failed && ms < most; i++)
		ms *= 2;
	if (ms > most)
		ms = most;
	if (ms < least_ms)
		ms = least_ms;
	bridge_random(f->bridge, &chance, sizeof chance);
	return ms + (int64_t)(chance % (uint32_t)(ms / 2 + 1));
}

/* It ended, or it could not be opened: all look for themselves until it is open again. */
static void
feed_break(struct feed *f, const char *why, int64_t least_ms)
{
	bool told = f->state == FEED_BROKEN;
	struct fed *who;
	int64_t rest;

	feed_close(f);
	/* What there was to tell is told by that it ends; with nobody left it is the end of all. */
	if (!LIST_EMPTY(&f->all))
		event_del(&f->news);
	f->begins = false;
	if (f->state == FEED_OPEN &&
	    clock_mono_us() - f->opened_us >= LIMIT_FEED_STEADY_MS * 1000)
		f->failed = 0;
	f->failed++;
	f->state = FEED_BROKEN;
	rest = pause_ms(f, least_ms);
	feed_arm(&f->timer, rest);
	metrics_push(f->bridge->metrics, f->service->name, "broken");
	log_warnx("push of %s: %s; resources are looked at until it is open again, in %.1f s or "
	    "later", f->service->name, why, (double)rest / 1000);
	if (told)
		return;
	LIST_FOREACH(who, &f->all, entry) {
		who->due = false;
		who->told(who->arg, FEED_ENDS);
	}
}

/* Its turn for news: at once, but not before those told last were given time. */
static void
feed_hurry(struct feed *f)
{
	int64_t wait_us = f->told_us + LIMIT_FEED_TELL_MS * INT64_C(1000) - clock_mono_us();

	if (!evtimer_pending(&f->news, NULL))
		feed_arm(&f->news, wait_us > 0 && f->told_us != 0 ? wait_us / 1000 + 1 : 0);
}

static void
on_opened(void *arg)
{
	struct feed *f = arg;

	f->state = FEED_OPEN;
	f->opened_us = clock_mono_us();
	f->begins = true;
	f->complained = false;
	metrics_push(f->bridge->metrics, f->service->name, "opened");
	log_info("push of %s: the stream is open", f->service->name);
	feed_arm(&f->timer, f->service->push->silence_ms);
	feed_hurry(f);
}

/* Where to go on: what no header takes is as good as none. */
static void
take_id(struct feed *f, const char *id)
{
	size_t len = strlen(id), i;

	for (i = 0; i < len && (unsigned char)id[i] >= ' ' && id[i] != 0x7f; i++)
		;
	if (i < len || len >= sizeof f->id)
		f->id[0] = '\0';
	else
		memcpy(f->id, id, len + 1);
}

/* Data is read once, for the first who needs it. */
static void
on_event(void *arg, const char *type, const char *id, const char *data, size_t len)
{
	struct feed *f = arg;
	struct json_fault fault = { 0 };
	const struct push_rule *rule;
	bool read = false, any = false;
	cJSON *document = NULL;
	struct fed *who;

	take_id(f, id);
	LIST_FOREACH(who, &f->all, entry) {
		rule = &who->resource->push;
		if (who->due || !push_hears(rule, type))
			continue;
		if (rule->match != NULL && !read) {
			document = json_parse(data, len, &fault);
			read = true;
		}
		who->due = push_fits(rule, document, who->args);
		any = any || who->due;
	}
	metrics_push(f->bridge->metrics, f->service->name,
	    read && document == NULL ? "unreadable" : "event");
	if (read && document == NULL && !f->complained) {
		log_warnx("push of %s: the data of an event is no JSON (%s); such events are "
		    "ignored", f->service->name, fault.why);
		f->complained = true;
	}
	cJSON_Delete(document);
	if (any)
		feed_hurry(f);
}

/* What the answer was that is no stream. */
static const char *
why_none(const struct answer *a, bool opened)
{
	if (a->outcome == OUTCOME_EXCESS)
		return opened ? "an event is too large" : "the answer is no stream, and long";
	if (a->outcome != OUTCOME_ANSWERED)
		return opened ? "the stream ended" : a->why;
	return a->status == 200 ? "the answer is no text/event-stream" :
	    a->status == 401 || a->status == 403 ? "the service refuses the credential" :
	    "the service has no stream now";
}

static void
on_end(void *arg, const struct answer *answer, struct failure *failed)
{
	struct feed *f = arg;
	int64_t least_ms = -1;

	if (failed != NULL) {
		feed_break(f, failed->code, least_ms);
		failure_finish(failed);
		return;
	}
	if (answer->reconnect_ms >= 0)
		f->again_ms = within(answer->reconnect_ms);
	/* From there it would come again. */
	if (f->state == FEED_OPEN && answer->outcome == OUTCOME_EXCESS)
		f->id[0] = '\0';
	/* 204: not to be asked for again (HTML, 9.2.3). One that is late is no worse. */
	if (answer->status == 204)
		least_ms = LIMIT_FEED_REST_MS;
	else if (answer->retry_after_s > 0)
		least_ms = within(answer->retry_after_s * 1000);
	feed_break(f, why_none(answer, f->state == FEED_OPEN), least_ms);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	struct feed *f = arg;
	int64_t left;

	(void)fd;
	(void)what;
	if (!f->asking) {
		feed_open(f);
		return;
	}
	if (f->state != FEED_OPEN) {
		feed_break(f, "the stream does not open", -1);
		return;
	}
	left = errand_heard_us(&f->errand) / 1000 + f->service->push->silence_ms -
	    clock_mono_us() / 1000;
	if (left > 0)
		feed_arm(&f->timer, left);
	else
		feed_break(f, "the stream fell silent", -1);
}

static void
on_news(evutil_socket_t fd, short what, void *arg)
{
	struct feed *f = arg;
	bool begins = f->begins;
	struct fed *who;

	(void)fd;
	(void)what;
	if (LIST_EMPTY(&f->all)) {
		feed_destroy(f);
		return;
	}
	f->begins = false;
	f->told_us = clock_mono_us();
	LIST_FOREACH(who, &f->all, entry) {
		if (begins || who->due)
			who->told(who->arg, begins ? FEED_BEGINS : FEED_TELLS);
		who->due = false;
	}
}
