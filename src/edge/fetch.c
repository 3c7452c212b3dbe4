/* SPDX-License-Identifier: MIT */
/*
 * fetch.c - a transaction's life: a handle is set up, put on a line (line.h), and what came of
 * it becomes an answer. A line reports the end of a transfer outside of any of libcurl's own
 * callbacks, where starting and cancelling others is allowed.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/fetch.h"
#include "edge/line.h"
#include "edge/trust.h"
#include "edge/window.h"
#include "mcp/answer.h"
#include "mcp/upstream.h"
#include "wire/event.h"

/* Before this version an early answer over HTTP/2 can be lost (DESIGN.md, libcurl). */
#define HTTP2_SINCE	0x080e00

struct fetch {
	TAILQ_ENTRY(fetch)	 entry;
	struct fetcher		*fetcher;
	struct line		*line;		/* NULL: on none yet */
	CURL			*easy;
	struct curl_slist	*headers;
	struct buf		 request;	/* the body, until the transfer has ended */
	struct buf		 response;
	struct buf		 head;		/* the header lines of the response */
	size_t			 heard;		/* bytes of all header lines that came */
	int64_t			 heard_us;	/* when anything came last */
	int			(*event)(void *, const char *, const char *, const char *, size_t,
				    struct buf *);
	void			(*opened)(void *);
	struct event_reader	 events;
	enum { STREAM_UNKNOWN, STREAM_NONE, STREAM_EVENTS } stream;	/* the response's body */
	bool			 answered;	/* one of them was the answer */
	bool			 excess;
	bool			 once;		/* the upstream must see it once at most */
	bool			 begun;		/* it was about to be sent */
	bool			 starved;	/* no descriptor for a connection */
	bool			 clean;		/* it has ended well: its handle may serve again */
	void			(*done)(void *, const struct answer *);
	void			*arg;
};

struct fetcher {
	struct fetch_settings	 settings;
	bool			 http2;
	struct lines		 lines;
	TAILQ_HEAD(, fetch)	 running;
	CURL			*idle[LIMIT_FETCH_IDLE];
	size_t			 nidle;
};

static CURL	*handle_create(void);
static int	set_up(struct fetch *, struct upstream *, const struct trust *, long);
static curl_socket_t open_socket(void *, curlsocktype, struct curl_sockaddr *);
static CURLcode	before_tls(CURL *, void *, void *);
static int	before_request(void *, char *, char *, int, int);
static size_t	take_body(char *, size_t, size_t, void *);
static int	on_event(void *, const char *, const char *, const char *, size_t);
static size_t	take_header(char *, size_t, size_t, void *);
static void	finish(CURL *, CURLcode);
static enum outcome outcome_of(const struct fetch *, CURLcode, bool);
static void	release(struct fetch *);

int
fetch_init(void)
{
	/* libcurl would write every connection's TLS secrets into the file that this names. */
	unsetenv("SSLKEYLOGFILE");
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, window_malloc, window_free,
	    window_realloc, window_strdup, window_calloc) == 0 ? 0 : -1;
}

void
fetch_finish(void)
{
	curl_global_cleanup();
}

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
	static const char *version;	/* libcurl asks its libraries, which allocate, each time */

	if (version == NULL)
		version = curl_version();
	return version;
}

struct fetcher *
fetcher_create(struct event_base *base, const struct fetch_settings *settings)
{
	struct fetcher *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->settings = *settings;
	f->http2 = strcmp(fetch_http_name(settings->http), "2") == 0;
	f->lines = (struct lines){
		.base = base, .ended = finish, .inflight = settings->inflight,
		.connections = settings->connections, .shared = f->http2,
	};
	TAILQ_INIT(&f->lines.all);
	TAILQ_INIT(&f->running);
	if (line_create(&f->lines) == NULL) {
		fetcher_destroy(f);
		return NULL;
	}
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
	line_destroy_all(&f->lines);
	while (f->nidle > 0)
		curl_easy_cleanup(f->idle[--f->nidle]);
	free(f);
}

void
fetcher_ebb(struct fetcher *f)
{
	struct line *old = line_newest(&f->lines);

	while (f->nidle > 0)
		curl_easy_cleanup(f->idle[--f->nidle]);
	/* Without memory for a new line the old one goes on. */
	if (line_create(&f->lines) != NULL)
		line_leave(old);
	window_trim();
}

void
fetcher_push(struct fetcher *f)
{
	line_push_all(&f->lines);
}

struct fetch *
fetch_start(struct fetcher *f, struct upstream *u, const struct trust *trust, long timeout_ms,
    void (*done)(void *arg, const struct answer *answer), void *arg)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);

	if (fetch == NULL)
		return NULL;
	fetch->fetcher = f;
	fetch->done = done;
	fetch->arg = arg;
	fetch->once = u->once;
	fetch->event = u->event;
	fetch->opened = u->opened;
	event_reader_init(&fetch->events, f->settings.response_max, on_event, fetch);
	fetch->request = u->body;
	buf_init(&u->body, 0);
	buf_init(&fetch->response, f->settings.response_max);
	buf_init(&fetch->head, LIMIT_UPSTREAM_HEADERS);
	TAILQ_INSERT_TAIL(&f->running, fetch, entry);
	fetch->easy = f->nidle > 0 ? f->idle[--f->nidle] : handle_create();
	if (fetch->easy != NULL && set_up(fetch, u, trust, timeout_ms) == 0)
		fetch->line = line_add(line_newest(&f->lines), fetch->easy);
	if (fetch->line == NULL) {
		release(fetch);
		return NULL;
	}
	return fetch;
}

/* A handle with what is the same for every transfer; set_up() sets all the rest each time. */
static CURL *
handle_create(void)
{
	CURL *e = curl_easy_init();
	CURLcode failed = 0;

	if (e == NULL)
		return NULL;
	failed |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* Names are resolved in a thread; the end of a transfer must not wait for it. */
	failed |= curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	failed |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	failed |= curl_easy_setopt(e, CURLOPT_PROXY, "");
	failed |= curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	failed |= curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	failed |= curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, before_tls);
	failed |= curl_easy_setopt(e, CURLOPT_USERAGENT, "ums-mcp/" UMS_MCP_VERSION);
	failed |= curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)LIMIT_FETCH_RECEIVE);
	failed |= curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)LIMIT_FETCH_SEND);
	failed |= curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	failed |= curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request);
	failed |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	failed |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	if (failed == 0)
		return e;
	curl_easy_cleanup(e);
	return NULL;
}

static int
set_up(struct fetch *fetch, struct upstream *u, const struct trust *trust, long timeout_ms)
{
	const struct fetch_settings *s = &fetch->fetcher->settings;
	bool http2 = fetch->fetcher->http2 && strncmp(u->url, "https:", 6) == 0;
	bool post = strcmp(u->method, "POST") == 0, get = strcmp(u->method, "GET") == 0;
	struct curl_slist *list;
	const char *target;
	CURL *e = fetch->easy;
	CURLcode failed = 0;
	size_t i;

	if (!http2)
		line_unshare(line_newest(&fetch->fetcher->lines));
	/* "Expect:" keeps libcurl from asking before it sends a body. */
	for (i = 0; i <= u->nheaders; i++) {
		list = curl_slist_append(fetch->headers,
		    i < u->nheaders ? u->headers[i] : "Expect:");
		if (list == NULL)
			return -1;
		fetch->headers = list;
	}
	failed |= curl_easy_setopt(e, CURLOPT_URL, u->url);
	/* libcurl takes the URL apart again and, short of memory, leaves its query out. */
	target = strstr(u->url, "://");
	failed |= curl_easy_setopt(e, CURLOPT_REQUEST_TARGET,
	    target == NULL ? NULL : strchr(target + 3, '/'));
	failed |= curl_easy_setopt(e, CURLOPT_PRIVATE, fetch);
	failed |= curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, fetch);
	failed |= curl_easy_setopt(e, CURLOPT_PREREQDATA, fetch);
	failed |= curl_easy_setopt(e, CURLOPT_WRITEDATA, fetch);
	failed |= curl_easy_setopt(e, CURLOPT_HEADERDATA, fetch);
	/*
	 * The store is put in by before_tls(). Its name, which is no folder, tells libcurl which
	 * connections may serve which transfer.
	 */
	failed |= curl_easy_setopt(e, CURLOPT_CAPATH, trust_name(trust));
	failed |= curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, trust);
	failed |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, http2 ? CURL_HTTP_VERSION_2TLS :
	    CURL_HTTP_VERSION_1_1);
	failed |= curl_easy_setopt(e, CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
	failed |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, s->connect_timeout_ms);
	failed |= curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, u->opened != NULL ? 0L :
	    timeout_ms < 1 ? 1L : timeout_ms);
	failed |= curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, u->opened != NULL ? 1L : 0L);
	/*
	 * A server may have closed a connection that has been idle, and libcurl takes a TLS one
	 * for alive all the same. A read is sent again then; a write would not be.
	 */
	failed |= curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, fetch->once ? LIMIT_FETCH_IDLE_WRITE_S :
	    LIMIT_FETCH_IDLE_S);
	failed |= curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, u->fresh ? 1L : 0L);
	failed |= curl_easy_setopt(e, CURLOPT_HTTPHEADER, fetch->headers);
	/* A method other than these two is one of them under another name. */
	if (u->has_body || post) {
		failed |= curl_easy_setopt(e, CURLOPT_POST, 1L);
		failed |= curl_easy_setopt(e, CURLOPT_POSTFIELDS,
		    u->has_body ? buf_str(&fetch->request) : "");
		failed |= curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)fetch->request.len);
	} else
		failed |= curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
	failed |= curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST,
	    (u->has_body ? post : post || get) ? NULL : u->method);
	return failed == 0 ? 0 : -1;
}

/* Without a descriptor of ours the service is not to be blamed. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch *fetch = arg;
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);

	(void)purpose;
	if (fd == -1)
		fetch->starved = true;
	return fd == -1 ? CURL_SOCKET_BAD : fd;
}

/* A new connection believes what its service's file says. */
static CURLcode
before_tls(CURL *easy, void *ssl_ctx, void *trust)
{
	(void)easy;
	return trust_apply(trust, ssl_ctx) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
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

/* Whether the body that begins is a stream of events that somebody listens to. */
static bool
is_stream(struct fetch *fetch)
{
	struct answer a = { .head = buf_str(&fetch->head), .headlen = fetch->head.len };
	static const char type[] = "text/event-stream";
	const char *value;
	size_t len = 0;

	value = fetch->event == NULL ? NULL : answer_header(&a, "Content-Type", &len);
	return value != NULL && len >= sizeof type - 1 &&
	    strncasecmp(value, type, sizeof type - 1) == 0 &&
	    (len == sizeof type - 1 || strchr("; \t", value[sizeof type - 1]) != NULL);
}

/* What comes behind the answer is nobody's. */
static int
on_event(void *arg, const char *type, const char *id, const char *data, size_t len)
{
	struct fetch *fetch = arg;
	int result;

	if (fetch->answered)
		return 0;
	result = fetch->event(fetch->arg, type, id, data, len, &fetch->response);
	fetch->answered = result == 1;
	return result == -1 ? -1 : 0;
}

static size_t
take_body(char *data, size_t size, size_t count, void *arg)
{
	struct fetch *fetch = arg;

	fetch->heard_us = clock_mono_us();
	if (fetch->stream == STREAM_UNKNOWN)
		fetch->stream = fetch->opened == NULL && is_stream(fetch) ? STREAM_EVENTS :
		    STREAM_NONE;
	if (fetch->stream == STREAM_EVENTS) {
		if (event_reader_feed(&fetch->events, data, size * count) == 0)
			return size * count;
		fetch->excess = fetch->events.excess;
		return 0;
	}
	if (buf_append(&fetch->response, data, size * count) == 0)
		return size * count;
	fetch->excess = fetch->response.len + size * count > fetch->response.cap;
	return 0;	/* libcurl ends the transfer */
}

/* The header has ended: a stream that is to last has begun before anything comes of it. */
static void
open_stream(struct fetch *fetch)
{
	long status = 0;

	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200 || fetch->stream != STREAM_UNKNOWN || !is_stream(fetch))
		return;
	fetch->stream = STREAM_EVENTS;
	fetch->opened(fetch->arg);
}

/* A status line begins anew: what came before it was of an informational response. */
static size_t
take_header(char *line, size_t size, size_t count, void *arg)
{
	struct fetch *fetch = arg;
	size_t len = size * count;

	fetch->heard += len;
	fetch->heard_us = clock_mono_us();
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
		buf_reset(&fetch->head);
	if (len == 2 && fetch->opened != NULL)
		open_stream(fetch);
	if (fetch->heard <= fetch->head.cap && buf_append(&fetch->head, line, len) == 0)
		return len;
	fetch->excess = fetch->heard > fetch->head.cap;
	return 0;	/* libcurl ends the transfer */
}

/* The upstream's word for the request, as far as it is one word and fits. */
static void
copy_request_id(char *out, size_t size, const struct answer *a)
{
	size_t len, i = 0;
	const char *id = answer_header(a, "X-Request-Id", &len);

	for (; id != NULL && i < len && id[i] > ' ' && id[i] < 0x7f && i + 1 < size; i++)
		out[i] = id[i];
	out[i] = '\0';
}

/* A transfer has ended; its handle is off the line. */
static void
finish(CURL *easy, CURLcode code)
{
	struct fetch *fetch = NULL;
	struct answer a = { .retry_after_s = -1, .came_ms = clock_wall_ms() };
	curl_off_t retry = 0;
	long status = 0, version = 0, connects = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&fetch);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	if (version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1)
		line_unshare(fetch->line);
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	a.connects = connects;
	a.sent = fetch->begun;
	fetch->clean = code == CURLE_OK;
	/* A stream is whole when the answer has come, however it ends. */
	if (fetch->stream == STREAM_EVENTS)
		code = fetch->answered ? CURLE_OK : code == CURLE_OK ? CURLE_PARTIAL_FILE : code;
	a.outcome = outcome_of(fetch, code, a.sent);
	a.status = (int)status;
	if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry) == CURLE_OK && retry > 0)
		a.retry_after_s = retry < LIMIT_RETRY_AFTER_S ? retry : LIMIT_RETRY_AFTER_S;
	a.head = buf_str(&fetch->head);
	a.headlen = fetch->head.len;
	copy_request_id(a.request_id, sizeof a.request_id, &a);
	a.why = code == CURLE_OK ? "" : curl_easy_strerror(code);
	a.reconnect_ms = fetch->events.retry_ms;
	a.head = buf_str(&fetch->head);
	a.body = buf_str(&fetch->response);
	a.len = fetch->response.len;
	if (code != CURLE_OK)
		log_debug("fetch: %s (%d)", curl_easy_strerror(code), (int)code);
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
		return fetch->starved ? OUTCOME_INTERNAL : OUTCOME_UNREACHABLE;
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

int64_t
fetch_heard_us(const struct fetch *fetch)
{
	return fetch->heard_us;
}

void
fetch_cancel(struct fetch *fetch)
{
	line_remove(fetch->line, fetch->easy);
	release(fetch);
}

/* The one way a transaction ends; its handle is off its line, or never was on one. */
static void
release(struct fetch *fetch)
{
	struct fetcher *f = fetch->fetcher;

	TAILQ_REMOVE(&f->running, fetch, entry);
	/* One that was cut off keeps buffers that nothing frees, and can't be set up. */
	if (fetch->clean && f->nidle < LIMIT_FETCH_IDLE)
		f->idle[f->nidle++] = fetch->easy;
	else if (fetch->easy != NULL)
		curl_easy_cleanup(fetch->easy);
	curl_slist_free_all(fetch->headers);
	buf_finish(&fetch->request);
	event_reader_finish(&fetch->events);
	buf_finish(&fetch->response);
	buf_finish(&fetch->head);
	free(fetch);
}
