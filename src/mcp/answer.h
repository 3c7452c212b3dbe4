/* SPDX-License-Identifier: MIT */
/* answer.h - what came of one transaction with an upstream: filled by edge/fetch, read by mcp/. */
#ifndef MCP_ANSWER_H
#define MCP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum outcome {
	OUTCOME_ANSWERED,	/* an HTTP response came whole */
	OUTCOME_UNRESOLVED,	/* no address for the host */
	OUTCOME_UNREACHABLE,	/* no connection */
	OUTCOME_UNTRUSTED,	/* TLS: not the peer that was meant, or no common version */
	OUTCOME_TIMEOUT,	/* the deadline passed */
	OUTCOME_EXCESS,		/* the response is larger than the configuration allows */
	OUTCOME_BROKEN,		/* the connection or the protocol broke */
	OUTCOME_REFUSED,	/* the protocol says that the request was not processed */
	OUTCOME_INTERNAL,	/* the bridge itself could not: memory, a setting */
};

struct answer {
	enum outcome	 outcome;
	bool		 sent;			/* the upstream may have seen the request */
	long		 connects;		/* connections opened for it */
	int		 status;		/* HTTP, 0 without a response */
	int64_t		 retry_after_s;		/* -1: not said */
	const char	*why;			/* the library's word for what failed, static; "" */
	char		 request_id[128];	/* the upstream's X-Request-Id, "" if none */
	const char	*body;			/* borrowed until the next turn */
	size_t		 len;
	const char	*head;			/* the header lines, borrowed too; NULL */
	size_t		 headlen;
	int64_t		 came_ms;		/* wall time */
	int64_t		 reconnect_ms;		/* a stream's word of it (`retry`); -1: none */
};

/* The name of an outcome, for logs and metrics. */
const char *answer_outcome(enum outcome outcome);
/* The trimmed value of a response's header, of `*len` bytes and not ended; NULL: there is none. */
const char *answer_header(const struct answer *a, const char *name, size_t *len);
/* Append the target of the Link whose relation is "next" (RFC 8288), if there is one. 0 or -1. */
int	 answer_next_link(const struct answer *a, struct buf *out);

#endif
