/* SPDX-License-Identifier: MIT */
/* plan.c - the table of what is sent again, and when; see plan.h. */
#include <stddef.h>

#include "base/limits.h"
#include "mcp/answer.h"
#include "mcp/plan.h"

enum when {
	NEVER,
	REPEATABLE,	/* it may have been done: only where doing it twice does it once */
	KEYED,		/* the same, and a read is not worth it: it would fail again */
	ALWAYS,		/* it was not processed */
};

/* The first row that fits decides. Rows of OUTCOME_ANSWERED have a range of statuses. */
static const struct row {
	enum outcome	 outcome;
	int		 low, high;
	enum when	 when;
	bool		 at_once;	/* the first time, without a pause */
	const char	*reason;
} rows[] = {
	{ OUTCOME_REFUSED, 0, 999, ALWAYS, true, "refused" },
	{ OUTCOME_UNREACHABLE, 0, 999, ALWAYS, false, "unreachable" },
	{ OUTCOME_UNRESOLVED, 0, 999, ALWAYS, false, "unresolved" },
	{ OUTCOME_BROKEN, 0, 999, REPEATABLE, true, "broken" },
	{ OUTCOME_TIMEOUT, 0, 999, REPEATABLE, false, "timeout" },
	{ OUTCOME_ANSWERED, 429, 429, ALWAYS, false, "rate_limited" },
	{ OUTCOME_ANSWERED, 408, 408, REPEATABLE, false, "timeout" },
	{ OUTCOME_ANSWERED, 500, 500, KEYED, false, "error" },
	{ OUTCOME_ANSWERED, 502, 504, REPEATABLE, false, "unavailable" },
	{ OUTCOME_ANSWERED, 0, 999, NEVER, false, "" },
	{ OUTCOME_UNTRUSTED, 0, 999, NEVER, false, "" },
	{ OUTCOME_EXCESS, 0, 999, NEVER, false, "" },
	{ OUTCOME_INTERNAL, 0, 999, NEVER, false, "" },
};

static const struct row *
row_of(const struct answer *a)
{
	const struct row *row = rows;

	while (row->outcome != a->outcome || a->status < row->low || a->status > row->high)
		row++;
	return row;
}

/* Tries that count: a renewal is none that failed. */
static unsigned
tried(const struct plan *p)
{
	return p->tries - (p->renews ? 1 : 0);
}

/* A pause that doubles: half of it, and the other half by chance, so that callers spread out. */
static int64_t
pause_ms(const struct plan *p, uint32_t chance)
{
	int64_t ms = LIMIT_RETRY_MS << (tried(p) - 1);

	return ms / 2 + (int64_t)(chance % (uint32_t)(ms / 2 + 1));
}

static bool
may_repeat(const struct plan *p, enum when when, const struct answer *a)
{
	switch (when) {
	case ALWAYS:
		/* libcurl may have lost it on a kept connection before it came to this. */
		return p->repeatable || a->outcome == OUTCOME_ANSWERED || !a->sent;
	case REPEATABLE:
		return p->repeatable || (a->outcome != OUTCOME_ANSWERED && !a->sent);
	case KEYED:
		return p->write && p->repeatable;
	case NEVER:
		break;
	}
	return false;
}

enum plan_step
plan_next(struct plan *p, const struct plan_news *n)
{
	const struct row *row;

	if (n->event != PLAN_ANSWER) {
		p->tries++;
		return PLAN_FETCH;
	}
	/* A token may be revoked before its time: once, and besides what else is tried again. */
	if (n->renewable && !p->renews && n->answer->outcome == OUTCOME_ANSWERED &&
	    n->answer->status == 401) {
		p->renews = true;
		p->reason = "unauthorized";
		p->tries++;
		return PLAN_FETCH;
	}
	row = row_of(n->answer);
	if (p->write && n->unclear)
		p->maybe_done = true;
	if (tried(p) > p->retries || !may_repeat(p, row->when, n->answer))
		return PLAN_DONE;
	if (n->answer->retry_after_s >= 0)
		p->wait_ms = n->answer->retry_after_s * 1000 + pause_ms(p, n->chance) / 10;
	else
		p->wait_ms = row->at_once && tried(p) == 1 ? 0 : pause_ms(p, n->chance);
	/* A wait that leaves no time for an answer is the caller's to do. */
	if (p->wait_ms + LIMIT_RETRY_LEAST_MS > n->left_ms)
		return PLAN_DONE;
	p->reason = row->reason;
	if (p->wait_ms > 0)
		return PLAN_SLEEP;
	p->tries++;
	return PLAN_FETCH;
}
