/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - what is counted, under which names, and how Prometheus reads it (text format
 * 0.0.4). Everything counted is on the board, so any worker answers for all.
 */
#ifndef RUN_METRICS_H
#define RUN_METRICS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct board;
struct board_faults;
struct board_flow;
struct board_series;
struct buf;
struct limit;

struct metrics {
	struct board	*board;
	/* Series that this process has counted in; names are told apart by where they are. */
	struct {
		unsigned		 family;
		const char		*a, *b;
		int			 number;
		struct board_series	*series;
	} cache[LIMIT_METRICS_CACHE];
};

/* One HTTP exchange on the endpoint. `method` and all names below must live as long as `m`. */
void	 metrics_request(struct metrics *m, const char *method, int status, int64_t us);
/* Time spent in a stage of an exchange. */
void	 metrics_stage(struct metrics *m, const char *stage, int64_t us);
/* One tools/call and what came of it: "ok", "arguments", or an outcome of upstream. */
void	 metrics_tool(struct metrics *m, const char *tool, const char *outcome);
/*
 * One transaction with a service; `connects` are connections that it opened, and `sent` says
 * whether it came as far as using one.
 */
void	 metrics_upstream(struct metrics *m, const char *service, const char *outcome, int64_t us,
	    long connects, bool sent);
/* A request is sent to a service again. */
void	 metrics_retry(struct metrics *m, const char *service, const char *reason);
/*
 * A limit (limit_enter()) refused a call, or an HTTP request: "requests" by a rate, "worker"
 * because this worker has as much in flight as it may, "streams" because its caller has.
 */
void	 metrics_limited(struct metrics *m, const char *limit);
/* What the record of a keyed write said, or what became of it. */
void	 metrics_idempotency(struct metrics *m, const char *result);
/* A person was asked, or what came of it. */
void	 metrics_confirmation(struct metrics *m, const char *result);
/* A client's answer for "this" worker or an "other", and the status it got. */
void	 metrics_answer(struct metrics *m, const char *worker, int status);
/* A credential was judged: which kind, and what came of it. */
void	 metrics_auth(struct metrics *m, const char *method, const char *result);
/* Something shared (flight.h) was fetched, had from another worker, or could not be had. */
void	 metrics_fetched(struct metrics *m, const char *what, const char *result);
/* A service's stream of changes: "opened", "broken", an "event" of it, one that is "unreadable". */
void	 metrics_push(struct metrics *m, const char *service, const char *what);
/* A line of the audit could not be written to "file", "syslog" or "stderr". */
void	 metrics_audit_failure(struct metrics *m, const char *stream);
/* A worker begins to drain (a reason of life.h), or has ended without that ("crash"). */
void	 metrics_recycle(struct metrics *m, pid_t worker, const char *reason);

/* Errors until now by causes, but for the slot; the name of a cause by number, NULL: no more. */
void	 metrics_faults(struct metrics *m, struct board_faults *out);
const char *metrics_cause(size_t i);
/*
 * What has gone into the bridge until now, but for the slot: requests that were refused before they
 * were read and streams that tell of changes are left out; `failed` are, of the errors until now,
 * tool calls that failed and answers from 500 on.
 */
void	 metrics_requests_flow(struct metrics *m, const struct board_faults *faults,
	    struct board_flow *out);
/* What has gone to a service until now, but for the slot; limit.h has its failures and breaker. */
void	 metrics_service_flow(struct metrics *m, const char *service, struct board_flow *out);
/* Append everything as text; 0 or -1 (it does not fit). */
int	 metrics_print(struct metrics *m, struct limit *l, struct buf *out);

#endif
