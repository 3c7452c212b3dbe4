/* SPDX-License-Identifier: MIT */
/*
 * call.h - one request on its way to its answer: what all handlers share.
 *
 * A handler returns 0 once the reply is set (a problem is a reply too), or -1
 * when the store or memory failed it; the responder turns that into 503 or 500
 * and rolls an open transaction back.
 */
#ifndef LOCAL_CALL_H
#define LOCAL_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "local/cap.h"
#include "wire/json.h"

struct options;
struct route;
struct store;

struct pair {
	char	*name;
	char	*value;
};

struct request {
	const char	*method;
	char		*target;	/* the path as it came, for the log */
	char		*path;		/* decoded; the segments point into it */
	char		*segment[CAP_SEGMENTS];
	int		 segment_count;
	char		*query_text;	/* decoded; the pairs point into it */
	struct pair	 query[CAP_PAIRS];
	int		 query_count;
	struct buf	 body;
	cJSON		*json;		/* the body, once request_json() was asked for it */
	char		**params;	/* the web server's; borrowed */
};

struct reply {
	int		 status;
	const char	*type;		/* Content-Type; static, or `named` */
	char		 named[CAP_NAME + 1];
	struct buf	 headers;	/* more header lines, each with its CRLF */
	struct buf	 body;
};

struct call {
	const struct options	*opt;
	struct store		*store;
	const struct route	*route;
	const char		*arg;		/* the path's variable segment, or NULL */
	char			 owner[CAP_ID + 16];	/* whose token: "static" or "client:ID" */
	size_t			 owner_slot;	/* the same as a number, for the rate */
	char			 id[40];	/* the request's id */
	struct request		 req;
	struct reply		 reply;
};

#endif
