/* SPDX-License-Identifier: MIT */
/* test_history.c - run/history: times and percentiles between samples, and who grows. */
#include <string.h>

#include "check.h"
#include "run/history.h"

#define NOW	1000000u

static struct board_flow flows[LIMIT_HISTORY];
static struct board_faults faults[LIMIT_HISTORY];
static struct board_pulse pulses[LIMIT_HISTORY];

static void
flow_at(uint32_t slot, uint32_t fast, uint32_t slow, uint64_t sum_us)
{
	struct board_flow *f = &flows[slot % LIMIT_HISTORY];

	memset(f, 0, sizeof *f);
	f->slot = slot;
	f->count[0] = fast;	/* up to 50 us */
	f->count[14] = slow;	/* from 1 to 2.5 s */
	f->failed = slow;
	f->sum_us = sum_us;
}

static void
spans(void)
{
	struct history_span s;
	uint32_t i;

	CHECK(!history_span(flows, NOW, 12, &s) && s.count == 0, "nothing");
	CHECK(history_seconds(&s) > 0 && history_percentile(&s, 0.95) == 0, "and no time of it");
	flow_at(NOW, 10, 0, 400);
	CHECK(!history_span(flows, NOW, 12, &s) && s.count == 0, "one sample is no time");
	/* It counts on past the end of its 32 bits. */
	for (i = 0; i < LIMIT_HISTORY; i++)
		flow_at(NOW - i, UINT32_MAX - 100 + (LIMIT_HISTORY - i) * 10,
		    (LIMIT_HISTORY - i), (LIMIT_HISTORY - i) * 1000);
	CHECK(history_span(flows, NOW, 12, &s) && s.count == 132 && s.failed == 12 &&
	    s.sum_us == 12000, "%llu in a minute", (unsigned long long)s.count);
	CHECK(history_seconds(&s) == 60, "%g s", history_seconds(&s));
	CHECK(history_percentile(&s, 0.5) < 50, "half are fast");
	CHECK(history_percentile(&s, 0.99) > 1000000 && history_percentile(&s, 0.99) < 2500000,
	    "few are slow: %lld", (long long)history_percentile(&s, 0.99));
	CHECK(history_span(flows, NOW, LIMIT_HISTORY - 1, &s) && s.count == 119 * 11, "all of it");
	/* Gaps: the nearest samples within the time. */
	flows[NOW % LIMIT_HISTORY].slot = flows[(NOW - 12) % LIMIT_HISTORY].slot = 0;
	CHECK(history_span(flows, NOW, 12, &s) && s.count == 110 && history_seconds(&s) == 50,
	    "with gaps %llu", (unsigned long long)s.count);
	CHECK(history_span(flows, NOW - 1, 1, &s) && !history_span(flows, NOW, 1, &s) &&
	    !history_span(flows, NOW - 11, 1, &s), "one slot: it and the one before");
	/* What is of ten minutes before stands at the same place, and is not it. */
	flow_at(NOW - LIMIT_HISTORY, 5, 5, 5);
	CHECK(history_flow(flows, NOW) == NULL && history_flow(flows, NOW - LIMIT_HISTORY) != NULL,
	    "whose slot it is");
	faults[(NOW - 3) % LIMIT_HISTORY] = (struct board_faults){ .slot = NOW - 3, .count = { 0, 7 } };
	faults[NOW % LIMIT_HISTORY] = (struct board_faults){ .slot = NOW, .count = { 0, 9 } };
	CHECK(history_errors(faults, NOW, 12, 1) == 2 && history_errors(faults, NOW, 12, 0) == 0,
	    "errors");
	memset(&s, 0, sizeof s);
	s.count = s.bucket[BOARD_BUCKETS - 1] = 3;
	CHECK(history_percentile(&s, 0.5) == 10000000, "longer than the last bound");
}

/* A process of `count` samples until now: `rss` and `load` say what they were. */
static struct history_growth
grown(uint32_t count, uint32_t (*rss)(uint32_t), uint32_t (*load)(uint32_t))
{
	struct history_growth g;
	uint32_t i;

	memset(pulses, 0, sizeof pulses);
	for (i = 0; i < LIMIT_HISTORY; i++)
		pulses[(NOW - i) % LIMIT_HISTORY] = (struct board_pulse){ .slot = NOW - i, .pid = 1,
		    .rss = 99999 };
	for (i = 0; i < count; i++)
		pulses[(NOW - count + 1 + i) % LIMIT_HISTORY] = (struct board_pulse){
		    .slot = NOW - count + 1 + i, .pid = 7, .rss = rss(i), .inflight = load(i) };
	history_growth(pulses, 7, NOW, &g);
	return g;
}

static uint32_t
even(uint32_t i)
{
	return 9000 + i % 3 * 100;
}

static uint32_t
leaks(uint32_t i)
{
	return 9000 + i * 100 + i % 3 * 50;
}

static uint32_t
leaks_slowly(uint32_t i)
{
	return 9000 + i * 10;
}

/* Half of it is a burst that stays. */
static uint32_t
steps(uint32_t i)
{
	return i < 40 ? 9000 : 30000 + i % 2;
}

/* Its caches fill, then it stays. */
static uint32_t
settles(uint32_t i)
{
	return i < 20 ? 9000 + i * 500 : 19000 + i % 2;
}

static uint32_t
saw(uint32_t i)
{
	return 9000 + i % 20 * 500;
}

static uint32_t
steady(uint32_t i)
{
	return 20 + i % 5;
}

static uint32_t
rises(uint32_t i)
{
	return 20 + i;
}

static void
growth(void)
{
	struct history_growth g = grown(80, leaks, steady);

	CHECK(g.steady && g.rate > 19.5 && g.rate < 20.5, "a leak of %g KB a second", g.rate);
	CHECK(g.seconds == 76 * 5 && g.rss == 9000 + 79 * 100 + 50, "for %g s, to %lld KB",
	    g.seconds, (long long)g.rss);
	CHECK(!grown(80, leaks, rises).steady, "grows with its load");
	CHECK(!grown(14, leaks, steady).steady, "too young");
	CHECK(grown(40, leaks, steady).steady, "three minutes of it are enough");
	CHECK(!grown(60, leaks_slowly, steady).steady, "not worth a word");
	CHECK(!grown(80, even, steady).steady, "even");
	CHECK(!grown(80, steps, steady).steady, "a step");
	CHECK(!grown(80, settles, steady).steady, "a plateau");
	CHECK(!grown(80, saw, steady).steady, "up and down");
	CHECK(!grown(0, even, steady).steady, "nobody");
}

static void
leaving(void)
{
	const int64_t last = INT64_C(1700000000000), ten = 600000;
	struct board_leaver l = { .at_ms = 0 };
	int64_t lived;

	CHECK(!history_left(&l, last, &lived), "nobody");
	l = (struct board_leaver){ .at_ms = last, .born_ms = last - 5000 };
	CHECK(history_left(&l, last, &lived) && lived == 5000, "just now, of %lld ms",
	    (long long)lived);
	CHECK(history_left(&l, last + ten, &lived) && !history_left(&l, last + ten + 1, &lived),
	    "ten minutes ago");
	CHECK(!history_left(&l, last - 1, &lived), "the clock was put back");
	l.born_ms = 0;
	CHECK(history_left(&l, last, &lived) && lived == 0, "it had no seat");
}

int
main(void)
{
	CHECK(history_slot(INT64_C(1700000004999)) == 340000000, "slots are of wall time");
	spans();
	growth();
	leaving();
	return check_done();
}
