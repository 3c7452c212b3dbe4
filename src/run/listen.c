/* SPDX-License-Identifier: MIT */
/* listen.c - what is listened to, and what is said of it; see listen.h. */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "edge/store.h"
#include "mcp/principal.h"
#include "mcp/resource.h"
#include "run/bridge.h"
#include "run/listen.h"
#include "run/settings.h"
#include "run/wish.h"
#include "wire/event.h"
#include "wire/json.h"

/* One resource of a stream. */
struct listener {
	struct watcher	 watcher;
	struct listen	*listen;
	char		*uri;		/* owned */
};

static void	on_pulse(evutil_socket_t, short, void *);
static void	on_expiry(evutil_socket_t, short, void *);
static void	on_record(void *, const struct store_reply *);
static void	on_changed(void *, const char *);

static void
listen_say(struct listen *l, const char *json, size_t len)
{
	struct buf piece;

	buf_init(&piece, LIMIT_URL + LIMIT_RPC_ID + 1024);
	if (event_write(&piece, json, len) == 0)
		l->say(l->arg, &piece);
	buf_finish(&piece);
}

static void
on_changed(void *arg, const char *uri)
{
	struct listener *one = arg;
	const struct mcp_message *m = one->listen->message;
	struct buf json;

	buf_init(&json, LIMIT_URL + LIMIT_RPC_ID + 512);
	buf_puts(&json, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\","
	    "\"params\":{\"uri\":");
	json_quote(&json, uri);
	if (m->era == MCP_MODERN)
		buf_printf(&json, ",\"_meta\":{\"" MCP_META "subscriptionId\":%s}", m->rpc.id);
	if (buf_puts(&json, "}}") == 0)
		listen_say(one->listen, json.data, json.len);
	buf_finish(&json);
}

static void
listen_drop(struct listen *l)
{
	for (; l->count > 0; l->count--) {
		watch_leave(&l->listeners[l->count - 1].watcher);
		free(l->listeners[l->count - 1].uri);
	}
	free(l->listeners);
	l->listeners = NULL;
}

/* Listen to each resource of a list that can be listened to. 0 or -1. */
static int
listen_to(struct listen *l, const cJSON *uris)
{
	const struct catalog *c = &l->bridge->settings->catalog;
	const struct resource *resource;
	const cJSON *uri;
	struct listener *one;
	cJSON *args;
	bool denied;

	l->listeners = calloc((size_t)cJSON_GetArraySize(uris) + 1, sizeof *l->listeners);
	if (l->listeners == NULL)
		return -1;
	cJSON_ArrayForEach(uri, uris) {
		args = NULL;
		if (!cJSON_IsString(uri) ||
		    catalog_resource(c, uri->valuestring, &resource, &args) != 1)
			continue;
		denied = policy_judge(&l->bridge->settings->policy, &resource->tool, args,
		    l->message->principal->name) == POLICY_DENY;
		cJSON_Delete(args);
		if (resource->every_ms == 0 || denied ||
		    !principal_may(l->message->principal, &resource->tool))
			continue;
		one = &l->listeners[l->count];
		*one = (struct listener){
			.listen = l, .watcher = { .changed = on_changed, .arg = one },
			.uri = strdup(uri->valuestring),
		};
		if (one->uri == NULL || watch_join(&one->watcher, l->bridge, resource, one->uri,
		    l->message->principal) == -1) {
			free(one->uri);
			return -1;
		}
		l->count++;
	}
	return 0;
}

/* The modern era is told first which of its wishes are granted. */
static int
listen_acknowledge(struct listen *l)
{
	struct buf json;
	size_t i;

	buf_init(&json, LIMIT_LISTEN_URIS * (size_t)LIMIT_URL);
	buf_printf(&json, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/"
	    "acknowledged\",\"params\":{\"_meta\":{\"" MCP_META "subscriptionId\":%s},"
	    "\"notifications\":{", l->message->rpc.id);
	for (i = 0; i < l->count; i++) {
		buf_puts(&json, i == 0 ? "\"resourceSubscriptions\":[" : ",");
		json_quote(&json, l->listeners[i].uri);
	}
	buf_puts(&json, l->count > 0 ? "]}}}" : "}}}");
	if (!json.failed) {
		struct buf piece;

		buf_init(&piece, json.len + 64);
		if (event_write(&piece, json.data, json.len) == 0)
			l->say(l->arg, &piece);
		buf_finish(&piece);
	}
	buf_finish(&json);
	return json.failed ? -1 : 0;
}

size_t
listen_count(const struct bridge *b, const char *caller)
{
	const struct listen *l;
	size_t count = 0;

	LIST_FOREACH(l, &b->listens, entry)
		count += strcmp(l->message->principal->name, caller) == 0;
	return count;
}

/* Wait until the credentials have ended; the wall's clock may be set meanwhile. */
static int
listen_arm(struct listen *l, int64_t expires_ms)
{
	int64_t left_ms = expires_ms - clock_wall_ms(), most_ms = LIMIT_STREAM_PULSE_S * 1000;
	struct timeval in = { 0 };

	if (left_ms > most_ms)
		left_ms = most_ms;
	if (left_ms > 0)
		in = clock_timeval(left_ms);
	return event_add(&l->expiry, &in);
}

int
listen_start(struct listen *l)
{
	static const struct timeval pulse = { LIMIT_STREAM_PULSE_S, 0 };
	static const struct timeval turn = { LIMIT_LISTEN_S, 0 };
	int64_t expires_ms = l->message->principal->expires_ms;

	LIST_INSERT_HEAD(&l->bridge->listens, l, entry);
	l->begun = true;
	l->bridge->listening++;
	event_assign(&l->pulse, l->bridge->base, -1, EV_PERSIST, on_pulse, l);
	evtimer_assign(&l->expiry, l->bridge->base, on_expiry, l);
	if (expires_ms != 0 && listen_arm(l, expires_ms) == -1)
		return -1;
	if (l->message->era == MCP_MODERN)
		return event_add(&l->pulse, &pulse) == -1 ||
		    listen_to(l, l->message->uris) == -1 ? -1 : listen_acknowledge(l);
	/* What the session subscribes to is looked up at once, and then each second. */
	if (wish_place(l->place, l->message) == -1 || event_add(&l->pulse, &turn) == -1)
		return -1;
	on_pulse(-1, 0, l);
	return 0;
}

void
listen_finish(struct listen *l)
{
	if (!l->begun)
		return;
	LIST_REMOVE(l, entry);
	l->bridge->listening--;
	event_del(&l->pulse);
	event_del(&l->expiry);
	if (l->op != NULL)
		store_cancel(l->op);
	listen_drop(l);
	l->begun = false;
}

void
listen_end_all(struct bridge *b)
{
	struct listen *l, *next;

	b->listens_over = true;
	for (l = LIST_FIRST(&b->listens); l != NULL; l = next) {
		next = LIST_NEXT(l, entry);
		l->done(l->arg, LISTEN_DRAINED);
	}
}

static void
on_expiry(evutil_socket_t fd, short what, void *arg)
{
	struct listen *l = arg;
	int64_t expires_ms = l->message->principal->expires_ms;

	(void)fd;
	(void)what;
	if (clock_wall_ms() < expires_ms)
		listen_arm(l, expires_ms);
	else
		l->done(l->arg, LISTEN_EXPIRED);
}

static void
on_pulse(evutil_socket_t fd, short what, void *arg)
{
	struct listen *l = arg;
	struct buf piece;

	(void)fd;
	(void)what;
	if (l->message->era == MCP_LEGACY && l->op == NULL && l->bridge->store != NULL)
		l->op = store_get(l->bridge->store, l->place, on_record, l);
	if (l->message->era == MCP_LEGACY && l->turns++ % LIMIT_STREAM_PULSE_S != 0)
		return;
	buf_init(&piece, 8);
	if (buf_puts(&piece, ":\n\n") == 0)
		l->say(l->arg, &piece);
	buf_finish(&piece);
}

/* Whether these are the resources that are listened to, all of them. */
static bool
is_heard(const struct listen *l, const cJSON *uris)
{
	const cJSON *uri;
	size_t i = 0;

	cJSON_ArrayForEach(uri, uris)
		if (i == l->count || !cJSON_IsString(uri) ||
		    strcmp(uri->valuestring, l->listeners[i++].uri) != 0)
			return false;
	return i == l->count;
}

/* What the session has subscribed to, if that is another than was known. */
static void
on_record(void *arg, const struct store_reply *reply)
{
	struct listen *l = arg;
	cJSON *uris;

	l->op = NULL;
	if (reply->result != STORE_FOUND || reply->len < STORE_TAG ||
	    memcmp(reply->value, l->tag, STORE_TAG) == 0)
		return;
	memcpy(l->tag, reply->value, STORE_TAG);
	uris = wish_uris(reply);
	if (uris != NULL && is_heard(l, uris)) {
		cJSON_Delete(uris);	/* it wants another log */
		return;
	}
	/* Those that it had and has are said once more, which no client minds. */
	listen_drop(l);
	if (uris == NULL || listen_to(l, uris) == -1)
		memset(l->tag, 0, sizeof l->tag);	/* again in a second */
	cJSON_Delete(uris);
}
