/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what a call does next: pure, told what happened, saying what to do.
 *
 * run/ asks, does what it is told, and comes back with the next event. Everything
 * that would be a loop (a retry, a wait) is a row here and a row in its test.
 */
#ifndef MCP_PLAN_H
#define MCP_PLAN_H

#include <stdbool.h>
#include <stdint.h>

struct answer;

enum plan_event { PLAN_START, PLAN_ANSWER, PLAN_WOKEN };
enum plan_step {
	PLAN_FETCH,	/* send the request */
	PLAN_SLEEP,	/* wait for `wait_ms`, then PLAN_WOKEN */
	PLAN_DONE,	/* the last answer is the call's */
};

struct plan {
	bool		 write;
	bool		 repeatable;	/* sent twice it does once: a read, or a key that the
					 * upstream knows */
	unsigned	 retries;	/* at most so many */

	unsigned	 tries;		/* fetches begun */
	bool		 renews;	/* PLAN_FETCH: with a new token, for the last was refused */
	bool		 maybe_done;	/* a try without a clear answer may have been done */
	int64_t		 wait_ms;	/* PLAN_SLEEP */
	const char	*reason;	/* of the last retry, static; NULL: none yet */
};

/* What has happened. */
struct plan_news {
	enum plan_event		 event;
	const struct answer	*answer;	/* PLAN_ANSWER */
	bool			 unclear;	/* and it leaves open whether it was done */
	bool			 renewable;	/* it went with a token that can be had anew */
	int64_t			 left_ms;	/* until the call's deadline */
	uint32_t		 chance;	/* random, for the jitter */
};

enum plan_step plan_next(struct plan *p, const struct plan_news *n);

#endif
