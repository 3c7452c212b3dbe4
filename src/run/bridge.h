/* SPDX-License-Identifier: MIT */
/* bridge.h - what every request of a worker needs and none of them owns. */
#ifndef RUN_BRIDGE_H
#define RUN_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include "mcp/mcp.h"
#include "mcp/session.h"
#include "run/limit.h"
#include "wire/trace.h"

struct answer;
struct ask;
struct auth;
struct batch;
struct board_seat;
struct event_base;
struct feed;
struct fetcher;
struct flights;
struct grants;
struct listen;
struct mail;
struct memos;
struct metrics;
struct req;
struct response;
struct settings;
struct store;
struct upstream;
struct watch;

/* Who looks on at what calls send to services, and what comes back. */
struct bridge_watch {
	/*
	 * A request is there; what it goes with besides is secret: a header line, or NULL. A part
	 * of its URL may be.
	 */
	void	(*request)(void *arg, const struct upstream *u, const char *credential);
	void	(*answer)(void *arg, const struct answer *answer);
	void	*arg;
	bool	 rehearses;	/* requests are shown and not sent */
};

struct bridge {
	const struct settings	*settings;
	struct event_base	*base;
	struct fetcher		*fetcher;
	struct fetcher		*feeder;	/* of streams that last; NULL: no service has one */
	struct store		*store;		/* NULL: none is configured */
	struct flights		*flights;
	struct auth		*auth;
	struct grants		*grants;
	struct metrics		*metrics;
	const struct bridge_watch *watch;	/* NULL: nobody looks on */
	struct memos		*memos;
	struct mail		*mail;		/* NULL in a process that is the only one */
	struct session		 local;		/* of its one client, then */
	LIST_HEAD(, ask)	 asks;		/* that wait for their answers */
	LIST_HEAD(, response)	 responses;	/* on their way to other workers */
	LIST_HEAD(, listen)	 listens;	/* streams that tell of changes */
	size_t			 listening;	/* how many */
	bool			 listens_over;	/* the process is to end: no more of them */
	LIST_HEAD(, watch)	 watched;	/* resources that these are about */
	size_t			 watches;	/* how many */
	LIST_HEAD(, feed)	 feeds;		/* streams by which services tell of changes */
	size_t			 nfeeds;
	struct board_seat	*seat;		/* NULL in a process that is no worker */
	struct limit		 limit;
	struct mcp		 mcp;
	uint8_t			 random[1024];	/* drawn for many at once; not for secrets */
	size_t			 nrandom;
	size_t			 held;		/* bytes of the bodies that requests came with */
	size_t			 inflight;	/* requests that have not ended */
	uint64_t		 requests;	/* requests that have ended, since the start */
	LIST_HEAD(, req)	 reqs;		/* those in flight */
	LIST_HEAD(, batch)	 batches;	/* that wait for some of them */
	void			(*ended)(void *arg);	/* one has ended */
	void			*arg;
};

/* Random bytes, at most as many as are drawn at once. */
void	 bridge_random(struct bridge *b, void *out, size_t len);
/* Join the trace of `traceparent`, or begin one (NULL); and `header`, by which another joins it. */
void	 bridge_trace(struct bridge *b, const char *traceparent, struct trace *t,
	    char header[TRACE_HEADER]);

#endif
