/* SPDX-License-Identifier: MIT */
/*
 * worker.c - OPEN until a signal, DRAINING until nothing is left, then gone.
 *
 * Whatever leaks in here ends with the process. Signals come through the loop; a drain
 * closes the listening socket for this worker alone, its siblings go on accepting.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "edge/cgi.h"
#include "edge/fcgi.h"
#include "edge/fetch.h"
#include "edge/front.h"
#include "edge/listener.h"
#include "run/bridge.h"
#include "run/req.h"
#include "run/settings.h"
#include "run/worker.h"

struct worker {
	struct bridge		 bridge;
	struct front_handler	 handler;
	struct fcgi		*fcgi;		/* NULL in a CGI process */
	struct event		*signals[3];
	struct event		*deadline;
	bool			 draining;
	int			 code;
};

static int	worker_init(struct worker *, const struct settings *);
static void	worker_finish(struct worker *);
static void	worker_drain(struct worker *, const char *);
static void	worker_check(struct worker *);
static void	on_signal(evutil_socket_t, short, void *);
static void	on_deadline(evutil_socket_t, short, void *);
static void	*on_request(void *, struct front *, struct http_request *);
static void	on_gone(void *, void *);
static void	on_closed(void *);
static void	on_ended(void *);

static const int drain_signals[3] = { SIGTERM, SIGINT, SIGUSR1 };

int
worker_run(const struct settings *s, int fd)
{
	struct worker w = { .code = EXIT_TEMPORARY };
	int i;

	if (worker_init(&w, s) == -1)
		goto out;
	for (i = 0; i < 3; i++) {
		w.signals[i] = evsignal_new(w.bridge.base, drain_signals[i], on_signal, &w);
		if (w.signals[i] == NULL || event_add(w.signals[i], NULL) == -1)
			goto out;
	}
	w.fcgi = fcgi_create(w.bridge.base, fd, &w.handler);
	if (w.fcgi == NULL)
		goto out;
	log_info("worker open: %zu tools, upstream HTTP/%s", s->catalog.ntools,
	    fetch_http_name((enum fetch_http)s->upstream_http));
	if (event_base_dispatch(w.bridge.base) != -1)
		w.code = EXIT_PLANNED;
	log_info("worker gone: %llu requests answered, %zu left",
	    (unsigned long long)w.bridge.requests, w.bridge.inflight);
out:
	if (w.code != EXIT_PLANNED)
		log_errorx("the worker could not start or its loop failed; out of memory or "
		    "descriptors");
	worker_finish(&w);
	return w.code;
}

int
worker_cgi(const struct settings *s, char *const *environment)
{
	struct worker w = { .code = EXIT_TEMPORARY };
	struct cgi *cgi = NULL;

	if (worker_init(&w, s) == -1)
		goto out;
	cgi = cgi_create(&w.handler, environment);
	if (cgi == NULL)
		goto out;
	w.code = EXIT_PLANNED;
	if (w.bridge.inflight > 0 && event_base_dispatch(w.bridge.base) == -1)
		w.code = EXIT_TEMPORARY;
out:
	cgi_destroy(cgi);
	worker_finish(&w);
	return w.code;
}

static int
worker_init(struct worker *w, const struct settings *s)
{
	struct fetch_settings upstream = {
		.http = (enum fetch_http)s->upstream_http,
		.connect_timeout_ms = (long)s->upstream_connect_timeout_ms,
		.response_max = (size_t)s->upstream_response_max,
		.connections = (long)s->upstream_connections,
		.inflight = (long)s->max_inflight,
	};

	w->handler = (struct front_handler){
		.request = on_request, .gone = on_gone, .closed = on_closed, .arg = w,
		.body_max = (size_t)s->body_max,
	};
	w->bridge.settings = s;
	w->bridge.ended = on_ended;
	w->bridge.arg = w;
	w->bridge.mcp = (struct mcp){
		.catalog = &s->catalog, .key = &s->key, .instructions = s->instructions,
		.limits = s->limits, .list_ttl_ms = s->list_ttl_s * 1000,
		.list_page = (size_t)s->tools_page,
	};
	w->bridge.base = event_base_new();
	if (w->bridge.base == NULL)
		return -1;
	w->deadline = evtimer_new(w->bridge.base, on_deadline, w);
	w->bridge.fetcher = fetcher_create(w->bridge.base, &upstream);
	return w->deadline == NULL || w->bridge.fetcher == NULL ? -1 : 0;
}

static void
worker_finish(struct worker *w)
{
	int i;

	fcgi_destroy(w->fcgi);
	w->fcgi = NULL;
	req_cut_all(&w->bridge);
	fetcher_destroy(w->bridge.fetcher);
	for (i = 0; i < 3; i++)
		if (w->signals[i] != NULL)
			event_free(w->signals[i]);
	if (w->deadline != NULL)
		event_free(w->deadline);
	if (w->bridge.base != NULL)
		event_base_free(w->bridge.base);
}

/* Stop accepting and finish what there is; idempotent. */
static void
worker_drain(struct worker *w, const char *why)
{
	struct timeval tv = { w->bridge.settings->drain_timeout_s, 0 };

	if (w->draining)
		return;
	w->draining = true;
	log_info("worker draining: %s, %zu in flight", why, w->bridge.inflight);
	/* Without a master the socket's file is this process's to take away. */
	if (w->bridge.settings->workers == 0)
		listener_unlink(w->bridge.settings->listen);
	fcgi_stop(w->fcgi);
	event_add(w->deadline, &tv);
	worker_check(w);
}

/* Leave the loop once a drain has nothing left to wait for. */
static void
worker_check(struct worker *w)
{
	if (w->draining && w->bridge.inflight == 0 && fcgi_count(w->fcgi) == 0)
		event_base_loopexit(w->bridge.base, NULL);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)what;
	worker_drain(arg, strsignal((int)number));
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	log_warnx("drain deadline: %zu requests in flight are cut off", w->bridge.inflight);
	event_base_loopbreak(w->bridge.base);
}

static void *
on_request(void *arg, struct front *f, struct http_request *rq)
{
	struct worker *w = arg;

	return req_start(&w->bridge, f, rq);
}

static void
on_gone(void *arg, void *exchange)
{
	(void)arg;
	req_gone(exchange);
}

static void
on_closed(void *arg)
{
	struct worker *w = arg;

	if (w->fcgi == NULL)
		event_base_loopexit(w->bridge.base, NULL);
	else
		worker_check(w);
}

/* A write whose client had left ends without a connection: a drain may have waited for it. */
static void
on_ended(void *arg)
{
	struct worker *w = arg;

	if (w->fcgi != NULL)
		worker_check(w);
}
