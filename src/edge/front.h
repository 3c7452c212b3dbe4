/* SPDX-License-Identifier: MIT */
/*
 * front.h - what every front edge (FastCGI, CGI, stdio, self) is to the layer above.
 *
 * An edge reads one request whole, hands it up with front_handler.request(), and is
 * told the reply with front_reply(), or piece by piece with front_send() before it. In between
 * it may find that the client has left; then it calls gone() and forgets the exchange.
 */
#ifndef EDGE_FRONT_H
#define EDGE_FRONT_H

#include "wire/http.h"

struct buf;
struct front;

/* What an edge does; each edge embeds a struct front as its first member. */
struct front {
	void	(*write)(struct front *, struct buf *, bool);	/* the last one ends it */
	void	*exchange;	/* what request() returned; NULL before and after */
	long long began_us;	/* when it was accepted, monotonic */
	bool	behind;		/* its client has much to take: what can be left out should be */
};

/* What the layer above does. */
struct front_handler {
	/*
	 * A request is there, whole: whether it is a probe, which is answered at once with the
	 * CGI head and body that are appended to `out`. Allocates nothing if `out` has room.
	 */
	bool	 (*probe)(void *arg, const struct http_request *rq, struct buf *out);
	/*
	 * A request is there, whole or in excess of a cap (rq->excess). Takes over what `rq`
	 * holds. Returns the exchange, or NULL if it has been answered already.
	 */
	void	*(*request)(void *arg, struct front *f, struct http_request *rq);
	/* The client has left before the reply: `exchange` must not use its front again. */
	void	 (*gone)(void *arg, void *exchange);
	/* A connection has been closed, with or without a request. */
	void	 (*closed)(void *arg);
	/* Whether new connections are better left to another process. NULL: never. */
	bool	 (*yields)(void *arg);
	void	*arg;
	size_t	 body_max;	/* bytes of a request's body */
	size_t	 conns_max;	/* at once; more wait outside. 0: any number (not for stdio) */
};

/*
 * Give a piece of the response, the first with the CGI head; takes over what `out` holds, which is
 * not the caller's to finish any more. A piece for which there is no memory is left out; a client
 * that takes none for long is let go of.
 */
static inline void
front_send(struct front *f, struct buf *out)
{
	f->write(f, out, false);
}

/* Give all of the response, or what is left of it, and end the exchange; takes over `out`, too. */
static inline void
front_reply(struct front *f, struct buf *out)
{
	f->exchange = NULL;
	f->write(f, out, true);
}

#endif
