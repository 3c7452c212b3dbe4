/* SPDX-License-Identifier: MIT */
/* plan.c - see plan.h. */
#include "base/limits.h"
#include "mcp/answer.h"
#include "mcp/plan.h"

#define PLAN_TRIES	3	/* a request that the protocol calls unprocessed is sent again */

_Static_assert(PLAN_TRIES <= LIMIT_PLAN_STEPS, "a plan is bounded");

enum plan_step
plan_next(struct plan *p, enum plan_event event, const struct answer *answer)
{
	if (event == PLAN_ANSWER && answer->outcome != OUTCOME_REFUSED)
		return PLAN_DONE;
	if (p->tries >= PLAN_TRIES)
		return PLAN_DONE;
	p->tries++;
	return PLAN_FETCH;
}
