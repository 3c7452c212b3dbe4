/* SPDX-License-Identifier: MIT */
/*
 * fetch.c - one multi handle, one timer, one event a socket. libcurl says which sockets
 * and which timeout it wants; the loop says what happened; finished transfers are read
 * off afterwards, outside of any of libcurl's own callbacks, where starting and
 * cancelling others is allowed.
 */
#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/fetch.h"
#include "mcp/answer.h"
#include "mcp/upstream.h"

/* Before this version an early answer over HTTP/2 can be lost (DESIGN.md, libcurl). */
#define HTTP2_SINCE	0x080e00

struct fetch {
	TAILQ_ENTRY(fetch)	 entry;
	struct fetcher		*fetcher;
	CURL			*easy;
	struct curl_slist	*headers;
	struct buf		 request;	/* the body, until the transfer has ended */
	struct buf		 response;
	char			 request_id[128];
	size_t			 head;		/* bytes of response headers so far */
	bool			 excess;
	bool			 once;		/* the upstream must see it once at most */
	bool			 begun;		/* it was about to be sent */
	bool			 clean;		/* it has ended well: its handle may serve again */
	void			(*done)(void *, const struct answer *);
	void			*arg;
};

struct fetcher {
	struct event_base	*base;
	struct fetch_settings	 settings;
	CURLM			*multi;
	struct event		*timer;
	bool			 shared;	/* connections are bounded: streams share them */
	TAILQ_HEAD(, fetch)	 running;
	CURL			*idle[LIMIT_FETCH_IDLE];
	size_t			 nidle;
};

static void	unshare(struct fetcher *);
static int	want_socket(CURL *, curl_socket_t, int, void *, void *);
static int	want_timer(CURLM *, long, void *);
static void	on_socket(evutil_socket_t, short, void *);
static void	on_timer(evutil_socket_t, short, void *);
static void	read_done(struct fetcher *);
static int	set_up(struct fetch *, struct upstream *, const char *, long);
static int	before_request(void *, char *, char *, int, int);
static size_t	take_body(char *, size_t, size_t, void *);
static size_t	take_header(char *, size_t, size_t, void *);
static void	finish(struct fetch *, CURLcode);
static enum outcome outcome_of(const struct fetch *, CURLcode, bool);
static void	release(struct fetch *);

const char *
fetch_http_name(enum fetch_http http)
{
	if (http == FETCH_HTTP_AUTO)
		http = curl_version_info(CURLVERSION_NOW)->version_num >= HTTP2_SINCE ?
		    FETCH_HTTP_2 : FETCH_HTTP_1_1;
	return http == FETCH_HTTP_2 ? "2" : "1.1";
}

const char *
fetch_library(void)
{
	return curl_version();
}

static bool
is_http2(const struct fetcher *f)
{
	return strcmp(fetch_http_name(f->settings.http), "2") == 0;
}

struct fetcher *
fetcher_create(struct event_base *base, const struct fetch_settings *settings)
{
	struct fetcher *f = calloc(1, sizeof *f);
	long connections;

	if (f == NULL)
		return NULL;
	f->base = base;
	f->settings = *settings;
	TAILQ_INIT(&f->running);
	f->multi = curl_multi_init();
	f->timer = evtimer_new(base, on_timer, f);
	if (f->multi == NULL || f->timer == NULL) {
		fetcher_destroy(f);
		return NULL;
	}
	/*
	 * Streams share connections; without a bound a burst opens one for each before the
	 * first is up.
	 */
	f->shared = is_http2(f) && settings->connections == 0;
	connections = f->shared ? settings->inflight / 128 + 1 : settings->connections;
	curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(f->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	return f;
}

void
fetcher_destroy(struct fetcher *f)
{
	struct fetch *fetch;

	if (f == NULL)
		return;
	while ((fetch = TAILQ_FIRST(&f->running)) != NULL)
		fetch_cancel(fetch);
	while (f->nidle > 0)
		curl_easy_cleanup(f->idle[--f->nidle]);
	if (f->multi != NULL)
		curl_multi_cleanup(f->multi);
	if (f->timer != NULL)
		event_free(f->timer);
	free(f);
}

/*
 * An upstream that speaks HTTP/1.1 only has one request a connection: the bound that is
 * right for streams would throttle it, so it is lifted, for all upstreams of this process.
 */
static void
unshare(struct fetcher *f)
{
	if (!f->shared)
		return;
	f->shared = false;
	curl_multi_setopt(f->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 0L);
}

/* ====== libcurl's wishes and the loop's events ====== */

/* One event a socket, remade when libcurl wants another direction. */
static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *event)
{
	struct fetcher *f = arg;
	struct event *ev = event;
	short kind = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
	    (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

	(void)easy;
	if (ev != NULL)
		event_free(ev);
	ev = NULL;
	if (what != CURL_POLL_REMOVE) {
		ev = event_new(f->base, fd, kind, on_socket, f);
		if (ev != NULL && event_add(ev, NULL) == -1) {
			event_free(ev);
			ev = NULL;
		}
		if (ev == NULL)
			log_warn("an upstream's socket cannot be watched; its calls will time out");
	}
	curl_multi_assign(f->multi, fd, ev);
	return 0;
}

static int
want_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	struct fetcher *f = arg;

	(void)multi;
	if (timeout_ms < 0)
		event_del(f->timer);
	else
		event_add(f->timer, &tv);
	return 0;
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct fetcher *f = arg;
	int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) |
	    (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(f->multi, fd, flags, &running);
	read_done(f);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct fetcher *f = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	read_done(f);
}

static void
read_done(struct fetcher *f)
{
	struct fetch *fetch = NULL;
	CURLMsg *msg;
	CURLcode code;
	CURL *easy;
	int left;

	while ((msg = curl_multi_info_read(f->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		easy = msg->easy_handle;
		code = msg->data.result;	/* msg is gone once its handle is removed */
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&fetch);
		finish(fetch, code);
	}
}

/* ====== one transaction ====== */

struct fetch *
fetch_start(struct fetcher *f, struct upstream *u, const char *ca_file, long timeout_ms,
    void (*done)(void *arg, const struct answer *answer), void *arg)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);

	if (fetch == NULL)
		return NULL;
	fetch->fetcher = f;
	fetch->done = done;
	fetch->arg = arg;
	fetch->once = u->once;
	fetch->request = u->body;
	buf_init(&u->body, 0);
	buf_init(&fetch->response, f->settings.response_max);
	TAILQ_INSERT_TAIL(&f->running, fetch, entry);
	fetch->easy = f->nidle > 0 ? f->idle[--f->nidle] : curl_easy_init();
	if (fetch->easy == NULL || set_up(fetch, u, ca_file, timeout_ms) == -1 ||
	    curl_multi_add_handle(f->multi, fetch->easy) != CURLM_OK) {
		release(fetch);
		return NULL;
	}
	return fetch;
}

static int
set_up(struct fetch *fetch, struct upstream *u, const char *ca_file, long timeout_ms)
{
	const struct fetch_settings *s = &fetch->fetcher->settings;
	bool http2 = is_http2(fetch->fetcher) && strncmp(u->url, "https:", 6) == 0;
	struct curl_slist *list;
	CURL *e = fetch->easy;
	CURLcode failed = 0;
	size_t i;

	if (!http2)
		unshare(fetch->fetcher);
	/* "Expect:" keeps libcurl from asking before it sends a body. */
	for (i = 0; i <= u->nheaders; i++) {
		list = curl_slist_append(fetch->headers,
		    i < u->nheaders ? u->headers[i] : "Expect:");
		if (list == NULL)
			return -1;
		fetch->headers = list;
	}
	failed |= curl_easy_setopt(e, CURLOPT_URL, u->url);
	failed |= curl_easy_setopt(e, CURLOPT_PRIVATE, fetch);
	failed |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* Names are resolved in a thread; the end of a transfer must not wait for it. */
	failed |= curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	failed |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	failed |= curl_easy_setopt(e, CURLOPT_PROXY, "");
	failed |= curl_easy_setopt(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	failed |= curl_easy_setopt(e, CURLOPT_USERAGENT, "ums-mcp/" UMS_MCP_VERSION);
	failed |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, http2 ? CURL_HTTP_VERSION_2TLS :
	    CURL_HTTP_VERSION_1_1);
	failed |= curl_easy_setopt(e, CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
	failed |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, s->connect_timeout_ms);
	failed |= curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, timeout_ms < 1 ? 1L : timeout_ms);
	/*
	 * A server may have closed a connection that has been idle, and libcurl takes a TLS one
	 * for alive all the same. A read is sent again then; a write would not be.
	 */
	if (fetch->once)
		failed |= curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, LIMIT_FETCH_IDLE_S);
	failed |= curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 4096L);
	failed |= curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	failed |= curl_easy_setopt(e, CURLOPT_HTTPHEADER, fetch->headers);
	failed |= curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request);
	failed |= curl_easy_setopt(e, CURLOPT_PREREQDATA, fetch);
	failed |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	failed |= curl_easy_setopt(e, CURLOPT_WRITEDATA, fetch);
	failed |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	failed |= curl_easy_setopt(e, CURLOPT_HEADERDATA, fetch);
	if (ca_file != NULL)
		failed |= curl_easy_setopt(e, CURLOPT_CAINFO, ca_file);
	if (u->has_body) {
		failed |= curl_easy_setopt(e, CURLOPT_POSTFIELDS, buf_str(&fetch->request));
		failed |= curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)fetch->request.len);
	} else if (strcmp(u->method, "POST") == 0) {
		failed |= curl_easy_setopt(e, CURLOPT_POSTFIELDS, "");
		failed |= curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, 0L);
	}
	if (strcmp(u->method, "GET") != 0 && strcmp(u->method, "POST") != 0)
		failed |= curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, u->method);
	return failed == 0 ? 0 : -1;
}

/*
 * libcurl sends a request again, on a new connection, when a kept one ends without an
 * answer. Whether the first was processed nobody knows: a write is not sent twice.
 */
static int
before_request(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct fetch *fetch = arg;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	if (fetch->begun && fetch->once)
		return CURL_PREREQFUNC_ABORT;
	fetch->begun = true;
	return CURL_PREREQFUNC_OK;
}

static size_t
take_body(char *data, size_t size, size_t count, void *arg)
{
	struct fetch *fetch = arg;

	if (buf_append(&fetch->response, data, size * count) == 0)
		return size * count;
	fetch->excess = fetch->response.len + size * count > fetch->response.cap;
	return 0;	/* libcurl ends the transfer */
}

static size_t
take_header(char *line, size_t size, size_t count, void *arg)
{
	static const char name[] = "x-request-id:";
	struct fetch *fetch = arg;
	size_t len = size * count, at = sizeof name - 1, i = 0;

	fetch->head += len;
	if (fetch->head > LIMIT_UPSTREAM_HEADERS) {
		fetch->excess = true;
		return 0;	/* libcurl ends the transfer */
	}
	if (len < at || strncasecmp(line, name, at) != 0)
		return len;
	while (at < len && line[at] == ' ')
		at++;
	while (at < len && line[at] > ' ' && line[at] < 0x7f && i + 1 < sizeof fetch->request_id)
		fetch->request_id[i++] = line[at++];
	fetch->request_id[i] = '\0';
	return len;
}

static void
finish(struct fetch *fetch, CURLcode code)
{
	struct answer a = { .retry_after_s = -1 };
	curl_off_t retry = 0;
	long status = 0, version = 0;

	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(fetch->easy, CURLINFO_HTTP_VERSION, &version);
	if (version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1)
		unshare(fetch->fetcher);
	a.sent = fetch->begun;
	fetch->clean = code == CURLE_OK;
	a.outcome = outcome_of(fetch, code, a.sent);
	a.status = (int)status;
	if (curl_easy_getinfo(fetch->easy, CURLINFO_RETRY_AFTER, &retry) == CURLE_OK && retry > 0)
		a.retry_after_s = retry;
	snprintf(a.request_id, sizeof a.request_id, "%s", fetch->request_id);
	a.why = code == CURLE_OK ? "" : curl_easy_strerror(code);
	a.body = buf_str(&fetch->response);
	a.len = fetch->response.len;
	if (code != CURLE_OK)
		log_debug("fetch: %s (%d)", curl_easy_strerror(code), (int)code);
	curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
	fetch->done(fetch->arg, &a);
	release(fetch);
}

static enum outcome
outcome_of(const struct fetch *fetch, CURLcode code, bool sent)
{
	if (fetch->excess)
		return OUTCOME_EXCESS;
	switch (code) {
	case CURLE_OK:
		return OUTCOME_ANSWERED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return OUTCOME_UNRESOLVED;
	case CURLE_COULDNT_CONNECT:
		return OUTCOME_UNREACHABLE;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return OUTCOME_UNTRUSTED;
	case CURLE_OPERATION_TIMEDOUT:
		return OUTCOME_TIMEOUT;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
		return OUTCOME_INTERNAL;
	default:
		/* A connection that broke before anything was sent has processed nothing. */
		return sent ? OUTCOME_BROKEN : OUTCOME_REFUSED;
	}
}

bool
fetch_begun(const struct fetch *fetch)
{
	return fetch->begun;
}

void
fetch_cancel(struct fetch *fetch)
{
	curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
	release(fetch);
}

/* The one way a transaction ends; its handle is off the multi handle, or never was on. */
static void
release(struct fetch *fetch)
{
	struct fetcher *f = fetch->fetcher;

	TAILQ_REMOVE(&f->running, fetch, entry);
	/* One that was cut off keeps buffers that a reset does not free, and can't be set up. */
	if (fetch->clean && f->nidle < LIMIT_FETCH_IDLE) {
		curl_easy_reset(fetch->easy);
		f->idle[f->nidle++] = fetch->easy;
	} else if (fetch->easy != NULL)
		curl_easy_cleanup(fetch->easy);
	curl_slist_free_all(fetch->headers);
	buf_finish(&fetch->request);
	buf_finish(&fetch->response);
	free(fetch);
}
