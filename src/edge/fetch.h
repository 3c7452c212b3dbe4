/* SPDX-License-Identifier: MIT */
/*
 * fetch.h - transactions with upstreams: libcurl's multi interface in the event loop.
 *
 * TLS peers are always verified, TLS 1.2 at least; only http and https; no redirect is
 * followed; no proxy from the environment.
 */
#ifndef EDGE_FETCH_H
#define EDGE_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer;
struct event_base;
struct fetch;
struct fetcher;
struct trust;
struct upstream;

enum fetch_http { FETCH_HTTP_AUTO, FETCH_HTTP_1_1, FETCH_HTTP_2 };

struct fetch_settings {
	enum fetch_http	 http;
	long		 connect_timeout_ms;
	size_t		 response_max;	/* bytes of a response's body */
	long		 connections;	/* per host at most; 0: as the HTTP version wants it */
	long		 inflight;	/* fetches at once that are expected at most */
};

/* Set libcurl up, once and before any fork. 0 or -1; fetch_finish() undoes it. */
int	 fetch_init(void);
void	 fetch_finish(void);

/* What `auto` means for the library at hand: "1.1" or "2"; and its version, for -V. */
const char *fetch_http_name(enum fetch_http http);
const char *fetch_library(void);

/* Make the fetcher of a process, after its last fork. NULL: out of memory. */
struct fetcher *fetcher_create(struct event_base *base, const struct fetch_settings *settings);
/* Abort what is in the air without a callback and free it; NULL is fine. */
void	 fetcher_destroy(struct fetcher *f);

/* Send what was begun in this turn of the loop; to be called at its end. */
void	 fetcher_push(struct fetcher *f);
/*
 * The load has gone: let go of idle connections and of what is kept for reuse. What is in the
 * air ends as it would have; its connections are closed after it.
 */
void	 fetcher_ebb(struct fetcher *f);

/*
 * Begin a transaction. The body of `u` is taken over, the rest copied; `trust` is borrowed for as
 * long as the fetcher lives. `done` is called once from the loop, never from within this call,
 * with an answer that lives until it returns, unless fetch_cancel() comes first. What `u` has to
 * be told before is called from within libcurl, where no fetch may be begun or cancelled. A stream
 * that is to last has no timeout. NULL: it could not begin.
 */
struct fetch *fetch_start(struct fetcher *f, struct upstream *u, const struct trust *trust,
	    long timeout_ms, void (*done)(void *arg, const struct answer *answer), void *arg);
/* Whether the upstream may have seen it: from then on a write is not to be cut off. */
bool	 fetch_begun(const struct fetch *fetch);
/* When the upstream was heard last (monotonic, microseconds); 0: not yet. */
int64_t	 fetch_heard_us(const struct fetch *fetch);
/* End it without a callback. */
void	 fetch_cancel(struct fetch *fetch);

#endif
