/* SPDX-License-Identifier: MIT */
/* test_plan.c - mcp/plan: what follows what happened, row by row. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "check.h"
#include "mcp/answer.h"
#include "mcp/plan.h"

#define DEADLINE	30000

/* What happened, and whether a read, an unkeyed write and one whose key is known go again. */
static const struct {
	const char	*name;
	struct answer	 answer;
	const char	*again;		/* "r" read, "w" write, "k" keyed write */
	const char	*unclear;	/* "w" if a write may have been done */
} rows[] = {
	{ "200", { OUTCOME_ANSWERED, true, 1, 200, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "" },
	{ "201", { OUTCOME_ANSWERED, true, 1, 201, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "" },
	{ "301", { OUTCOME_ANSWERED, true, 1, 301, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "" },
	{ "400", { OUTCOME_ANSWERED, true, 1, 400, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "" },
	{ "401", { OUTCOME_ANSWERED, true, 1, 401, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "" },
	{ "404", { OUTCOME_ANSWERED, true, 1, 404, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "" },
	{ "408", { OUTCOME_ANSWERED, true, 1, 408, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rk", "" },
	{ "409", { OUTCOME_ANSWERED, true, 1, 409, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "" },
	{ "429", { OUTCOME_ANSWERED, true, 1, 429, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rwk", "" },
	{ "500", { OUTCOME_ANSWERED, true, 1, 500, -1, "", "", "", 0, NULL, 0, 0, -1 }, "k", "w" },
	{ "501", { OUTCOME_ANSWERED, true, 1, 501, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "w" },
	{ "502", { OUTCOME_ANSWERED, true, 1, 502, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rk", "w" },
	{ "503", { OUTCOME_ANSWERED, true, 1, 503, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rk", "" },
	{ "504", { OUTCOME_ANSWERED, true, 1, 504, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rk", "w" },
	{ "599", { OUTCOME_ANSWERED, true, 1, 599, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "w" },
	{ "unresolved", { OUTCOME_UNRESOLVED, false, 0, 0, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rwk", "" },
	{ "lost, then unreachable", { OUTCOME_UNREACHABLE, true, 1, 0, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rk", "w" },
	{ "unreachable", { OUTCOME_UNREACHABLE, false, 0, 0, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rwk", "" },
	{ "untrusted", { OUTCOME_UNTRUSTED, false, 1, 0, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "" },
	{ "connect timeout", { OUTCOME_TIMEOUT, false, 1, 0, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rwk", "" },
	{ "timeout", { OUTCOME_TIMEOUT, true, 1, 0, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rk", "w" },
	{ "excess", { OUTCOME_EXCESS, true, 1, 200, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "w" },
	{ "broken", { OUTCOME_BROKEN, true, 1, 0, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rk", "w" },
	{ "refused", { OUTCOME_REFUSED, false, 0, 0, -1, "", "", "", 0, NULL, 0, 0, -1 }, "rwk", "" },
	{ "internal", { OUTCOME_INTERNAL, false, 0, 0, -1, "", "", "", 0, NULL, 0, 0, -1 }, "", "" },
};

static struct plan
begun(char kind)
{
	struct plan p = { .write = kind != 'r', .repeatable = kind != 'w', .retries = 2 };
	struct plan_news start = { .event = PLAN_START };

	CHECK(plan_next(&p, &start) == PLAN_FETCH && p.tries == 1, "begins");
	return p;
}

static enum plan_step
tell_of(struct plan *p, const struct answer *a, bool renewable, int64_t left_ms, uint32_t chance)
{
	struct plan_news news = {
		.event = PLAN_ANSWER, .answer = a, .left_ms = left_ms, .chance = chance,
		.renewable = renewable,
		.unclear = a->outcome == OUTCOME_ANSWERED ? a->status >= 500 && a->status != 503 :
		    a->sent && a->outcome != OUTCOME_REFUSED,
	};
	struct plan_news woken = { .event = PLAN_WOKEN };
	enum plan_step step = plan_next(p, &news);

	/* Sleeping is followed by sending. */
	if (step == PLAN_SLEEP)
		CHECK(p->wait_ms > 0 && plan_next(p, &woken) == PLAN_FETCH, "woken");
	return step;
}

static enum plan_step
tell(struct plan *p, const struct answer *a, int64_t left_ms, uint32_t chance)
{
	return tell_of(p, a, false, left_ms, chance);
}

static void
run_rows(void)
{
	const char *kind;
	struct plan p;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (kind = "rwk"; *kind != '\0'; kind++) {
			p = begun(*kind);
			CHECK((tell(&p, &rows[i].answer, DEADLINE, 0) != PLAN_DONE) ==
			    (strchr(rows[i].again, *kind) != NULL), "%s, %c", rows[i].name, *kind);
			CHECK(p.maybe_done == (*kind != 'r' && rows[i].unclear[0] == 'w'),
			    "%s, %c: unclear", rows[i].name, *kind);
		}
}

/* What was unclear once stays so, however the last try ends; and it does end. */
static void
run_runs(void)
{
	static const struct answer broken = { OUTCOME_BROKEN, true, 1, 0, -1, "", "", "", 0, NULL, 0, 0, -1 };
	static const struct answer down = { OUTCOME_UNREACHABLE, false, 0, 0, -1, "", "", "", 0, NULL, 0, 0, -1 };
	struct plan p = begun('k');
	int k;

	CHECK(tell(&p, &broken, DEADLINE, 0) == PLAN_FETCH, "the first break costs no pause");
	CHECK(tell(&p, &broken, DEADLINE, 0) == PLAN_SLEEP, "the second does");
	CHECK(tell(&p, &down, DEADLINE, 0) == PLAN_DONE && p.maybe_done && p.tries == 3, "and ends");
	p = begun('r');
	for (k = 0; k < 1000 && tell(&p, &down, DEADLINE, 0) != PLAN_DONE; k++)
		;
	CHECK(k == 2, "%d retries", k);
	p = begun('k');
	p.retries = 0;
	CHECK(tell(&p, &broken, DEADLINE, 0) == PLAN_DONE, "none where none is wanted");
}

static void
run_waits(void)
{
	struct answer a = { OUTCOME_ANSWERED, true, 1, 429, 3, "", "", "", 0, NULL, 0, 0, -1 };
	struct plan p = begun('w');
	int64_t first, least = INT64_MAX, most = 0;
	uint32_t chance;

	CHECK(tell(&p, &a, DEADLINE, 0) == PLAN_SLEEP && p.wait_ms >= 3000 && p.wait_ms < 3100,
	    "Retry-After is kept: %lld", (long long)p.wait_ms);
	p = begun('w');
	CHECK(tell(&p, &a, 3000, 0) == PLAN_DONE, "and not begun where it does not fit");
	a.retry_after_s = 0;
	p = begun('w');
	CHECK(tell(&p, &a, DEADLINE, 0) != PLAN_DONE, "at once, as it says");
	a.retry_after_s = INT64_MAX / 2000;
	p = begun('w');
	CHECK(tell(&p, &a, DEADLINE, 0) == PLAN_DONE, "a year is no wait");
	a.retry_after_s = -1;
	for (chance = 0; chance < 1000; chance++) {
		p = begun('r');
		tell(&p, &a, DEADLINE, chance * 4294967u);
		least = p.wait_ms < least ? p.wait_ms : least;
		most = p.wait_ms > most ? p.wait_ms : most;
	}
	CHECK(least >= LIMIT_RETRY_MS / 2 && most <= LIMIT_RETRY_MS && most - least > LIMIT_RETRY_MS / 4,
	    "jitter: %lld to %lld", (long long)least, (long long)most);
	p = begun('r');
	tell(&p, &a, DEADLINE, 0);
	first = p.wait_ms;
	tell(&p, &a, DEADLINE, 0);
	CHECK(p.wait_ms == 2 * first, "pauses double");
}

/* 401: with a new token once more, whatever the call; it was not done. */
static void
run_renewal(void)
{
	static const struct answer no = { OUTCOME_ANSWERED, true, 1, 401, -1, "", "", "", 0, NULL, 0, 0, -1 };
	static const struct answer later = { OUTCOME_ANSWERED, true, 1, 401, 60, "", "", "", 0, NULL, 0, 0, -1 };
	static const struct answer fine = { OUTCOME_ANSWERED, true, 1, 200, -1, "", "", "", 0, NULL, 0, 0, -1 };
	static const struct answer busy = { OUTCOME_ANSWERED, true, 1, 429, -1, "", "", "", 0, NULL, 0, 0, -1 };
	static const struct answer broken = { OUTCOME_BROKEN, true, 1, 0, -1, "", "", "", 0, NULL, 0, 0, -1 };
	static const struct answer forbidden = { OUTCOME_ANSWERED, true, 1, 403, -1, "", "", "", 0, NULL, 0, 0, -1 };
	const char *kind;
	struct plan p;
	unsigned k;

	for (kind = "rwk"; *kind != '\0'; kind++) {
		p = begun(*kind);
		CHECK(!p.renews && tell_of(&p, &no, true, DEADLINE, 0) == PLAN_FETCH && p.renews &&
		    p.tries == 2 && strcmp(p.reason, "unauthorized") == 0 && !p.maybe_done,
		    "%c: at once, with a new token", *kind);
		CHECK(tell_of(&p, &no, true, DEADLINE, 0) == PLAN_DONE && p.tries == 2 &&
		    !p.maybe_done, "%c: once", *kind);
		p = begun(*kind);
		CHECK(tell_of(&p, &no, true, DEADLINE, 0) == PLAN_FETCH &&
		    tell_of(&p, &fine, true, DEADLINE, 0) == PLAN_DONE, "%c: and is done", *kind);
		p = begun(*kind);
		CHECK(tell_of(&p, &no, false, DEADLINE, 0) == PLAN_DONE && !p.renews &&
		    p.tries == 1, "%c: a token that cannot be had anew", *kind);
		p = begun(*kind);
		CHECK(tell_of(&p, &forbidden, true, DEADLINE, 0) == PLAN_DONE && !p.renews,
		    "%c: 403 is for the token as it is", *kind);
		p = begun(*kind);
		CHECK(tell_of(&p, &later, true, DEADLINE, 0) == PLAN_FETCH,
		    "%c: no Retry-After holds it up", *kind);
		/* Retries are there as before, in front of it and behind. */
		for (k = 0; k <= 2; k++) {
			p = begun(*kind);
			while (p.tries <= k)
				CHECK(tell_of(&p, &busy, true, DEADLINE, 0) == PLAN_SLEEP, "busy");
			CHECK(tell_of(&p, &no, true, DEADLINE, 0) == PLAN_FETCH, "%c: renewed after "
			    "%u", *kind, k);
			while (tell_of(&p, &busy, true, DEADLINE, 0) == PLAN_SLEEP && p.tries < 100)
				;
			CHECK(p.tries == 4, "%c, %u: 1, 2 retries, 1 renewal: %u", *kind, k,
			    p.tries);
		}
		p = begun(*kind);
		p.retries = 0;
		CHECK(tell_of(&p, &no, true, DEADLINE, 0) == PLAN_FETCH &&
		    tell_of(&p, &busy, true, DEADLINE, 0) == PLAN_DONE && p.tries == 2,
		    "%c: upstream_retries = 0 renews, and no more", *kind);
	}
	/* What was unclear before a 401 stays so. */
	p = begun('k');
	CHECK(tell_of(&p, &broken, true, DEADLINE, 0) == PLAN_FETCH && p.maybe_done &&
	    tell_of(&p, &no, true, DEADLINE, 0) == PLAN_FETCH &&
	    tell_of(&p, &no, true, DEADLINE, 0) == PLAN_DONE && p.maybe_done, "unclear, then 401");
	/* The renewal is no try that failed: the first break behind it costs no pause, and no
	 * pause is longer for it. */
	p = begun('r');
	tell_of(&p, &no, true, DEADLINE, 0);
	CHECK(tell_of(&p, &broken, true, DEADLINE, 0) == PLAN_FETCH, "the first break is the first");
	p = begun('r');
	tell_of(&p, &no, true, DEADLINE, 0);
	CHECK(tell_of(&p, &busy, true, DEADLINE, 0) == PLAN_SLEEP &&
	    p.wait_ms == LIMIT_RETRY_MS / 2, "the first pause is short: %lld", (long long)p.wait_ms);
}

int
main(void)
{
	run_rows();
	run_renewal();
	run_runs();
	run_waits();
	return check_done();
}
