/* SPDX-License-Identifier: MIT */
/*
 * req.h - one HTTP exchange: the spine of the program.
 *
 *	READ	params and body complete, within their caps	400 413 431
 *	ROUTE	the endpoint; is there room			404 503
 *	HTTP	method, Host, Origin, content type		405 403 415
 *	AUTH	who calls, and may that one come so often	401 400 429 503
 *	RPC	JSON-RPC, the era, its headers and version	400 404 406 202
 *	CALLS	the method answers, or its call runs and waits
 *	REPLY	written without blocking; one log line; everything freed
 */
#ifndef RUN_REQ_H
#define RUN_REQ_H

struct bridge;
struct front;
struct http_request;

/*
 * Begin an exchange; takes over what `rq` holds. Returns it while it waits, NULL once it has
 * been answered. Out of memory: the front is answered 503 by itself.
 */
void	*req_start(struct bridge *b, struct front *f, struct http_request *rq);
/*
 * The client has left: a read is aborted, a write is let finish so that its outcome is
 * known when the client asks again.
 */
void	 req_gone(void *exchange);
/* End, without an answer, all that is in flight; for the end of the process. */
void	 req_cut_all(struct bridge *b);

#endif
