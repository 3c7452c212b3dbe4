/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what a call does next: pure, told what happened, saying what to do.
 *
 * run/ asks, does what it is told, and comes back with the next event. Everything
 * that would be a loop (a retry, a second step) is a row here and a row in its test.
 */
#ifndef MCP_PLAN_H
#define MCP_PLAN_H

struct answer;

enum plan_event { PLAN_START, PLAN_ANSWER };
enum plan_step { PLAN_FETCH, PLAN_DONE };

struct plan {
	unsigned	tries;	/* fetches begun */
};

/*
 * The next step after `event`; `answer` belongs to PLAN_ANSWER. At most LIMIT_PLAN_STEPS
 * fetches.
 */
enum plan_step plan_next(struct plan *p, enum plan_event event, const struct answer *answer);

#endif
