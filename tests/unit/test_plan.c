/* SPDX-License-Identifier: MIT */
/* test_plan.c - mcp/plan: what follows what happened, row by row. */
#include <stdio.h>

#include "base/limits.h"
#include "check.h"
#include "mcp/answer.h"
#include "mcp/plan.h"

static const struct {
	const char	*name;
	enum outcome	 answers[4];
	int		 count;		/* answers that come before the plan is done */
} cases[] = {
	{ "answered", { OUTCOME_ANSWERED }, 1 },
	{ "unresolved", { OUTCOME_UNRESOLVED }, 1 },
	{ "unreachable", { OUTCOME_UNREACHABLE }, 1 },
	{ "untrusted", { OUTCOME_UNTRUSTED }, 1 },
	{ "timeout", { OUTCOME_TIMEOUT }, 1 },
	{ "excess", { OUTCOME_EXCESS }, 1 },
	{ "broken", { OUTCOME_BROKEN }, 1 },
	{ "internal", { OUTCOME_INTERNAL }, 1 },
	{ "refused, answered", { OUTCOME_REFUSED, OUTCOME_ANSWERED }, 2 },
	{ "refused, broken", { OUTCOME_REFUSED, OUTCOME_BROKEN }, 2 },
	{ "refused twice, answered", { OUTCOME_REFUSED, OUTCOME_REFUSED, OUTCOME_ANSWERED }, 3 },
	{ "refused for good", { OUTCOME_REFUSED, OUTCOME_REFUSED, OUTCOME_REFUSED }, 3 },
};

int
main(void)
{
	struct answer answer = { .retry_after_s = -1 };
	struct plan p;
	size_t i;
	int k;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		p = (struct plan){ 0 };
		CHECK(plan_next(&p, PLAN_START, NULL) == PLAN_FETCH, "%s: begins", cases[i].name);
		for (k = 0; k < cases[i].count; k++) {
			answer.outcome = cases[i].answers[k];
			CHECK((plan_next(&p, PLAN_ANSWER, &answer) == PLAN_DONE) ==
			    (k + 1 == cases[i].count), "%s: answer %d", cases[i].name, k);
		}
		CHECK(p.tries == (unsigned)cases[i].count, "%s: %u tries", cases[i].name, p.tries);
	}
	/* However often it is asked, it ends. */
	p = (struct plan){ 0 };
	answer.outcome = OUTCOME_REFUSED;
	for (k = 0; k < 1000 && plan_next(&p, PLAN_ANSWER, &answer) == PLAN_FETCH; k++)
		;
	CHECK(k <= LIMIT_PLAN_STEPS, "%d fetches", k);
	return check_done();
}
