/* SPDX-License-Identifier: MIT */
/*
 * history.h - what the board's samples of the last ten minutes say: how much in a time, how long it
 * took, whether a worker grows. Pure: reads rings of the board, and no clock.
 */
#ifndef RUN_HISTORY_H
#define RUN_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/board.h"

#define HISTORY_MINUTE	(60 / LIMIT_SAMPLE_S)	/* slots */

/* What flowed between two samples. */
struct history_span {
	uint32_t	from, to;	/* their slots; equal: there are no two */
	uint64_t	count, failed, sum_us;
	uint32_t	bucket[BOARD_BUCKETS];
};

/* How the memory of one process goes. */
struct history_growth {
	double		seconds;	/* seen, without its warming up */
	double		rate;		/* KB a second, a line through all of it */
	int64_t		rss;		/* KB, the last */
	bool		steady;		/* it grows all the time, though its load does not */
};

/* The slot of a wall time. */
uint32_t history_slot(int64_t wall_ms);
/* The sample of a slot; NULL: there is none. */
const struct board_flow *history_flow(const struct board_flow *ring, uint32_t slot);
const struct board_faults *history_faults(const struct board_faults *ring, uint32_t slot);
const struct board_pulse *history_pulse(const struct board_pulse *ring, uint32_t slot);
/*
 * What flowed in the `slots` before `slot` and in it, as far as there are samples of it. False:
 * there are no two.
 */
bool	 history_span(const struct board_flow *ring, uint32_t slot, uint32_t slots,
	    struct history_span *out);
/* How many errors of a cause there were in that time. */
uint32_t history_errors(const struct board_faults *ring, uint32_t slot, uint32_t slots,
	    size_t cause);
/* In seconds, at least those between two samples. */
double	 history_seconds(const struct history_span *s);
/* The time within which a share of all was done, in microseconds, by the line within a bucket. */
int64_t	 history_percentile(const struct history_span *s, double share);
/* How a process has grown until `slot`. */
void	 history_growth(const struct board_pulse *ring, uint32_t pid, uint32_t slot,
	    struct history_growth *out);
/* Whether a worker left in the last ten minutes, and how long it had lived; 0: nobody knows. */
bool	 history_left(const struct board_leaver *l, int64_t now_ms, int64_t *lived_ms);

#endif
