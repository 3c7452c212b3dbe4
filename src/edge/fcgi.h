/* SPDX-License-Identifier: MIT */
/*
 * fcgi.h - the FastCGI 1.0 responder side, non-blocking, many connections at once.
 *
 * One request a connection: the web server opens one for each, and kept ones lose
 * requests when a worker drains. libfcgi's own calls block the process, so records
 * are read and written here, on libfcgi's protocol header.
 */
#ifndef EDGE_FCGI_H
#define EDGE_FCGI_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct fcgi;
struct front_handler;

/*
 * Serve the listening socket `fd` in `base`. Must be freed with fcgi_destroy() if and only
 * if it is not NULL. `h` is borrowed. NULL: out of memory.
 */
struct fcgi *fcgi_create(struct event_base *base, int fd, const struct front_handler *h);
/* Stop accepting, and close the socket a turn later; what was accepted goes on. Idempotent. */
void	 fcgi_stop(struct fcgi *f);
/* Connections that are open. */
size_t	 fcgi_count(const struct fcgi *f);
/* The load has gone: keep no more for the next connections than a probe needs. */
void	 fcgi_ebb(struct fcgi *f);
/* Close all connections and free it; NULL is fine. */
void	 fcgi_destroy(struct fcgi *f);

#endif
