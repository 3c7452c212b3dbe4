/* SPDX-License-Identifier: MIT */
/*
 * limits.h - every cap in the program, in one place, each with its reason.
 *
 * A buffer, list, table, string or wait that is not bounded here does not
 * exist. What an operator may change is a key of ums-mcp.conf and has its
 * default and its range here.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* JSON: depth that a recursive walk may reach; a tree of 64 levels fits a small stack. */
#define LIMIT_JSON_DEPTH	64
/* JSON: nodes in one document; 16 times those of the largest tools/list, 13 to 28 MB as a tree. */
#define LIMIT_JSON_NODES	200000
/* A number's text: enough for any decimal128 or 4096-bit integer somebody sends as JSON. */
#define LIMIT_JSON_NUMBER	1300
/* JSON-RPC: id and method as text. */
#define LIMIT_RPC_ID		256
#define LIMIT_RPC_METHOD	128

/* Front: CGI parameters of one request (web servers cap headers at 8 to 32 KB themselves). */
#define LIMIT_PARAMS		65536
/* Front: number of CGI parameters; lighttpd and nginx send about 30 and the headers. */
#define LIMIT_PARAMS_COUNT	256
/* Front: bytes read from one connection in one go. */
#define LIMIT_FCGI_READ		65536
/* Front: a connection that has not delivered its request by then is closed (seconds). */
#define LIMIT_FRONT_READ_S	30
/* Front: a reply that the web server does not take for this long is dropped (seconds). */
#define LIMIT_FRONT_WRITE_S	30
/* Front: connections accepted in one turn of the loop, so that replies get their turn. */
#define LIMIT_ACCEPT_BURST	64
/* Listen backlog: 511 loses connections when 1,500 arrive at once, 4096 none. */
#define LIMIT_BACKLOG		4096

/* Front: a longer tracestate is not passed on (W3C Trace Context, 3.3.1.5). */
#define LIMIT_TRACESTATE	512

/* Upstream: one header line built from a template. */
#define LIMIT_HEADER		8192
/* Upstream: a URL after expansion; servers answer 414 from 8 KB on. */
#define LIMIT_URL		8192
/* Upstream: idle easy handles kept for reuse. */
#define LIMIT_FETCH_IDLE	64
/* Upstream: a write takes no connection that has been idle for longer (seconds); servers' own
 * limits begin at 5. */
#define LIMIT_FETCH_IDLE_S	2L
/* Upstream: response header bytes that are kept (Retry-After, request id). */
#define LIMIT_UPSTREAM_HEADERS	65536

/* URI templates: operators and variables in one template. */
#define LIMIT_TEMPLATE_PARTS	64
#define LIMIT_TEMPLATE_VARS	32

/* Schemas: levels of $ref and of nesting while judging an instance. */
#define LIMIT_SCHEMA_DEPTH	128
/* Schemas: steps of one judgement; stops exponential anyOf and $ref trees. */
#define LIMIT_SCHEMA_STEPS	1000000
/* pattern: PCRE2 match limit, about a millisecond. */
#define LIMIT_PATTERN_MATCH	100000

/* Service files: size of one file, of files and of tools in one bridge. */
#define LIMIT_SERVICE_FILE	(4 * 1024 * 1024)
#define LIMIT_SERVICES		64
#define LIMIT_TOOLS		1024
/* A tool's name: the protocol's own bound. */
#define LIMIT_TOOL_NAME		128
/* Service files: levels of a pick or of a body template. */
#define LIMIT_PICK_DEPTH	16
/* A secret read from a file (a token, a key). */
#define LIMIT_SECRET		65536

/* Text of an upstream's error message that is shown to a model (bytes). */
#define LIMIT_HINT		400
/* Candidates shown with an error. */
#define LIMIT_CANDIDATES	20
/* A signed cursor as text. */
#define LIMIT_CURSOR		4096
/* A log line. */
#define LIMIT_LOG_LINE		4096
/* A file of configuration. */
#define LIMIT_CONF_FILE		(1024 * 1024)
#define LIMIT_CONF_LINE		4096
/* Names in one list of the configuration. */
#define LIMIT_CONF_LIST		256

/* Stages a request may pass; a request that loops is failed, not served. */
#define LIMIT_REQ_STEPS		64
/* Steps of one call's plan. */
#define LIMIT_PLAN_STEPS	8

/* Master: workers, and the pause after a worker that crashed (milliseconds, doubled). */
#define LIMIT_WORKERS		64
#define LIMIT_BACKOFF_MIN_MS	100
#define LIMIT_BACKOFF_MAX_MS	30000

#endif
