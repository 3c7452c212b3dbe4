/* SPDX-License-Identifier: MIT */
/*
 * limit.h - how much is let through: rates, calls at once for a service, and a circuit breaker
 * for each service. Buckets and breakers are on the board, so all workers share them.
 *
 * A rate is WHAT=COUNT/UNIT (s, m or h): "all" for all calls, "caller" for one caller's,
 * "requests" for one caller's HTTP requests, else a pattern of tool names, for one caller's calls
 * of one tool. COUNT may come at once; then they come as they are refilled.
 */
#ifndef RUN_LIMIT_H
#define RUN_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct answer;
struct board;
struct buf;
struct failure;
struct metrics;
struct service;
struct settings;
struct tool;

struct limit_rate {
	char		*what;		/* a word or a pattern */
	int64_t		 count;
	int64_t		 every_us;	/* one is refilled in this time */
};

struct limit_rates {
	struct limit_rate	 items[LIMIT_RATES];
	size_t			 count;
};

/* Of a service: its calls are let through, one is to try whether it may close, none are. */
enum limit_breaker { LIMIT_CLOSED, LIMIT_HALF_OPEN, LIMIT_OPEN };

struct limit {
	const struct settings	*settings;
	struct board		*board;
	struct board_breaker	*breakers[LIMIT_SERVICES];
	size_t			 inflight[LIMIT_SERVICES];	/* calls of this worker */
};

/* Read the rules of rate_limit. limit_rates_finish() must follow whatever is returned. 0 or -1. */
int	 limit_rates_init(struct limit_rates *r, char *const *rules, size_t count, char *why,
	    size_t whylen);
void	 limit_rates_finish(struct limit_rates *r);

/* Make one for the services of `s`, all closed but for what the board knows. */
void	 limit_init(struct limit *l, const struct settings *s, struct board *b);
/* Whether an HTTP request of a caller may come in; else the seconds to wait. */
bool	 limit_request(struct limit *l, const char *caller, int64_t now_us, int64_t *wait_s);
/*
 * Whether a call may go to its service: matched by limit_leave() if and only if NULL is
 * returned. `caller` NULL: it is a look for who waits or listens, which no caller's rate counts.
 * Else the name of the limit, and the failure in `f`, which the caller finishes.
 * `*probes`: the answer to this call decides on the service's breaker; limit_leave() is told
 * so if limit_learn() never had one.
 */
const char *limit_enter(struct limit *l, const struct tool *t, const char *caller, int64_t now_us,
	    bool *probes, struct failure *f);
void	 limit_leave(struct limit *l, const struct tool *t, bool probes);
/* Learn from an answer how the service is. */
void	 limit_learn(struct limit *l, const struct service *s, const struct answer *a,
	    int64_t now_us);

/* The breaker of a service, by its place in the catalog. */
enum limit_breaker limit_breaker(const struct limit *l, size_t service, int64_t now_us);
const char *limit_breaker_name(enum limit_breaker state);
/* Append gauges for Prometheus, each line with `prefix`. */
void	 limit_print(struct limit *l, const char *prefix, int64_t now_us, struct buf *out);
/* Append members of server_info: the caller's rates and the services' state. */
void	 limit_status(struct limit *l, const char *caller, int64_t now_us, struct buf *out);

#endif
