/* SPDX-License-Identifier: MIT */
/*
 * life.h - when a worker has lived long enough, and when its load has gone: decided here,
 * done by worker.c. Pure: the clock, the counts and chance are arguments.
 */
#ifndef RUN_LIFE_H
#define RUN_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

/* Why a worker drains; the name is the log's word and a metric's label. */
enum life_reason {
	LIFE_GOES_ON,
	LIFE_SIGNAL,		/* it was told to */
	LIFE_RELOAD,		/* another with a new configuration takes over */
	LIFE_MASTER_GONE,
	LIFE_REQUESTS,		/* max_requests */
	LIFE_RSS,		/* max_rss */
	LIFE_AGE,		/* max_age_s */
	LIFE_REASONS
};

struct life {
	uint64_t	requests;	/* limits; 0: none */
	int64_t		age_us;
	int64_t		rss;
	int64_t		born_us;

	size_t		window[LIMIT_EBB_S];	/* peaks of the last seconds */
	size_t		at;
	size_t		high;		/* the highest since memory was last given back */
};

const char *life_reason_name(enum life_reason reason);
/*
 * Begin a life at `now_us` under three limits (0: none). `chance` (any number) shortens those of
 * requests and age by up to LIMIT_LIFE_JITTER percent, so that workers do not all end at once.
 */
void	 life_init(struct life *l, uint64_t requests, int64_t age_s, int64_t rss, int64_t now_us,
	    uint32_t chance);
/* Whether a worker that has begun so many requests is to take no more. */
bool	 life_is_full(const struct life *l, uint64_t begun);
/* Whether a worker of so many bytes is to be replaced at `now_us`, and why. */
enum life_reason life_due(const struct life *l, int64_t rss, int64_t now_us);
/*
 * Called every second with the most that was in flight since: true when it has been under a
 * quarter of what it was for LIMIT_EBB_S seconds, and memory is to be given back.
 */
bool	 life_ebbs(struct life *l, size_t peak);

#endif
