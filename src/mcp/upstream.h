/* SPDX-License-Identifier: MIT */
/* upstream.h - the HTTP request that a tool and its arguments stand for. */
#ifndef MCP_UPSTREAM_H
#define MCP_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/buf.h"

struct failure;
struct request;

struct upstream {
	const char	*method;	/* borrowed from the request */
	char		*url;
	size_t		 base_len;	/* where base_url ends in it; 0: it is not the service's */
	size_t		 secret_at, secret_len;	/* what of it is secret: never to be shown */
	char		**headers;	/* whole lines */
	size_t		 nheaders;
	size_t		 nsigned;	/* the last so many sign it: they are not shown */
	struct buf	 body;
	bool		 has_body;
	bool		 once;		/* a write: never to be sent a second time */
	bool		 fresh;		/* on a new connection: a kept one was broken */
	/*
	 * For an answer that comes as a stream of events (event.h): told of each, as it comes. 0;
	 * 1: it is the answer, which it has put into `answer`; -1: it is none of those that there
	 * are, or there is no memory. NULL: a stream is an answer like any other.
	 */
	int		(*event)(void *arg, const char *type, const char *id, const char *data,
			    size_t len, struct buf *answer);
	/* The stream is to last, and no time is too long: told when it has begun. Or NULL. */
	void		(*opened)(void *arg);
};

/*
 * Build `r`, without a credential, for arguments that its tool's schema has accepted.
 * upstream_finish() must follow in both cases. 0, or -1 with the reason for the model in `f`: a
 * value that would add a path segment, a line end for a header, something too long.
 */
int	 upstream_build(struct upstream *u, const struct request *r, const cJSON *args,
	    struct failure *f);
/* Add a header line of name and value. 0 or -1 (memory). */
int	 upstream_header(struct upstream *u, const char *name, const char *value);
/*
 * Put a credential behind base_url, whose secret stands at `secret_at` of it; not into a URL that
 * the service gave. 0, or -1 (memory, or longer than LIMIT_URL).
 */
int	 upstream_path(struct upstream *u, const char *path, size_t secret_at, size_t secret_len);
/* Add a whole header line: a credential. 0 or -1 (memory). */
int	 upstream_line(struct upstream *u, const char *line);
void	 upstream_finish(struct upstream *u);

#endif
