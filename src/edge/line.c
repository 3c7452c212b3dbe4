/* SPDX-License-Identifier: MIT */
/*
 * line.c - see line.h. libcurl says which sockets and which timeout it wants, one event a socket
 * and one timer a line; the loop says what happened; transfers that have ended are read off
 * afterwards.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/line.h"

struct line {
	TAILQ_ENTRY(line)	 entry;
	struct lines		*lines;
	CURLM			*multi;
	struct event		*timer;
	size_t			 running;	/* transfers */
	bool			 left;		/* it takes nothing new */
	bool			 busy;		/* inside of libcurl: not to be ended now */
	bool			 bounded;	/* connections are: streams share them */
	bool			 corked;	/* its sockets hold back until line_push_all() */
	bool			 acted;		/* something may be held back */
	int			 sockets[LIMIT_FETCH_CORKED];
	size_t			 nsockets;
};

static void	line_destroy(struct line *);
static void	line_check(struct line *);
static void	line_act(struct line *, curl_socket_t, int);
static void	cork(const struct line *, int);
static int	want_socket(CURL *, curl_socket_t, int, void *, void *);
static int	want_timer(CURLM *, long, void *);
static void	on_socket(evutil_socket_t, short, void *);
static void	on_timer(evutil_socket_t, short, void *);
static int	on_open(void *, curl_socket_t, curlsocktype);
static int	on_close(void *, curl_socket_t);

struct line *
line_create(struct lines *all)
{
	struct line *line = calloc(1, sizeof *line);
	long connections;

	if (line == NULL)
		return NULL;
	line->lines = all;
	TAILQ_INSERT_HEAD(&all->all, line, entry);
	line->multi = curl_multi_init();
	line->timer = evtimer_new(all->base, on_timer, line);
	if (line->multi == NULL || line->timer == NULL) {
		line_destroy(line);
		return NULL;
	}
	/*
	 * Streams share connections; without a bound a burst opens one for each before the
	 * first is up.
	 */
	line->bounded = all->shared && all->connections == 0;
	line->corked = all->shared;
	connections = line->bounded ? all->inflight / 128 + 1 : all->connections;
	curl_multi_setopt(line->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(line->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
	/* By itself libcurl keeps four times as many as there are handles, and closes the rest. */
	curl_multi_setopt(line->multi, CURLMOPT_MAXCONNECTS, all->inflight);
	curl_multi_setopt(line->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(line->multi, CURLMOPT_SOCKETDATA, line);
	curl_multi_setopt(line->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(line->multi, CURLMOPT_TIMERDATA, line);
	return line;
}

static void
line_destroy(struct line *line)
{
	TAILQ_REMOVE(&line->lines->all, line, entry);
	if (line->multi != NULL)
		curl_multi_cleanup(line->multi);
	if (line->timer != NULL)
		event_free(line->timer);
	free(line);
}

void
line_destroy_all(struct lines *all)
{
	struct line *line;

	while ((line = TAILQ_FIRST(&all->all)) != NULL)
		line_destroy(line);
}

struct line *
line_newest(const struct lines *all)
{
	return TAILQ_FIRST(&all->all);
}

void
line_leave(struct line *line)
{
	line->left = true;
	/* What it carries ends one by one, each with the connection that it had. */
	curl_multi_setopt(line->multi, CURLMOPT_MAXCONNECTS, 1L);
	line_check(line);
}

/* A line that takes nothing new ends once it carries nothing. */
static void
line_check(struct line *line)
{
	if (line->left && !line->busy && line->running == 0)
		line_destroy(line);
}

struct line *
line_add(struct line *line, CURL *easy)
{
	CURLcode failed = 0;

	failed |= curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_open);
	failed |= curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, line);
	failed |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	failed |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, line);
	if (failed != 0 || curl_multi_add_handle(line->multi, easy) != CURLM_OK)
		return NULL;
	line->running++;
	return line;
}

void
line_remove(struct line *line, CURL *easy)
{
	curl_multi_remove_handle(line->multi, easy);
	line->running--;
	line->acted = true;	/* a stream may have been reset */
	line_check(line);
}

void
line_unshare(struct line *line)
{
	if (line->corked) {
		cork(line, 0);
		line->corked = false;
		line->nsockets = 0;
	}
	if (!line->bounded)
		return;
	line->bounded = false;
	curl_multi_setopt(line->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 0L);
}

void
line_push_all(struct lines *all)
{
	struct line *line;

	TAILQ_FOREACH(line, &all->all, entry) {
		if (line->acted && line->nsockets > 0) {
			cork(line, 0);
			cork(line, 1);
		}
		line->acted = false;
	}
}

static void
cork(const struct line *line, int on)
{
	size_t i;

	for (i = 0; i < line->nsockets; i++)
		setsockopt(line->sockets[i], IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

/* ====== libcurl's wishes and the loop's events ====== */

/* One event a socket, set again when libcurl wants another direction. */
static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *event)
{
	struct line *line = arg;
	struct event *ev = event;
	short kind = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
	    (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (ev != NULL)
			event_free(ev);
		curl_multi_assign(line->multi, fd, NULL);
		return 0;
	}
	if (ev == NULL) {
		ev = event_new(line->lines->base, fd, kind, on_socket, line);
		curl_multi_assign(line->multi, fd, ev);
	} else {
		event_del(ev);
		event_assign(ev, line->lines->base, fd, kind, on_socket, line);
	}
	if (ev == NULL || event_add(ev, NULL) == -1)
		log_warn("an upstream's socket cannot be watched; its calls will time out");
	return 0;
}

static int
want_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct timeval tv = clock_timeval(timeout_ms);
	struct line *line = arg;

	(void)multi;
	return timeout_ms < 0 ? event_del(line->timer) : event_add(line->timer, &tv);
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	line_act(arg, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) |
	    (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	line_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int
on_open(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	struct line *line = arg;
	int on = 1;

	(void)purpose;
	if (line->corked && line->nsockets < LIMIT_FETCH_CORKED &&
	    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0)
		line->sockets[line->nsockets++] = fd;
	return CURL_SOCKOPT_OK;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct line *line = arg;
	size_t i;

	for (i = 0; i < line->nsockets && line->sockets[i] != fd; i++)
		;
	if (i < line->nsockets)
		line->sockets[i] = line->sockets[--line->nsockets];
	return close(fd);
}

/* Tell libcurl what happened, then end what has come to its end. */
static void
line_act(struct line *line, curl_socket_t fd, int flags)
{
	CURLMsg *msg;
	CURLcode code;
	CURL *easy;
	int left, running;

	line->busy = line->acted = true;
	curl_multi_socket_action(line->multi, fd, flags, &running);
	while ((msg = curl_multi_info_read(line->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		easy = msg->easy_handle;
		code = msg->data.result;	/* msg is gone once its handle is removed */
		curl_multi_remove_handle(line->multi, easy);
		line->running--;
		line->lines->ended(easy, code);
	}
	line->busy = false;
	line_check(line);
}
