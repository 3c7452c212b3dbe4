/* SPDX-License-Identifier: MIT */
/*
 * probe.h - what watches the bridge rather than uses it:
 *
 *	/healthz	the loop turns: 200 whatever the load; allocates nothing
 *	/readyz		200 while this worker takes calls, 503 while it is full or drains
 *	/metrics	Prometheus's text
 *	/status		a page for people, and what it shows as /status.json
 *
 * To addresses of `monitor_from` alone, under any Host.
 */
#ifndef RUN_PROBE_H
#define RUN_PROBE_H

#include <stdbool.h>

struct bridge;
struct buf;
struct http_request;

/* Append the whole CGI response to `out` if the request is one of these; else false. */
bool	 probe_answer(struct bridge *b, const struct http_request *rq, struct buf *out);

#endif
