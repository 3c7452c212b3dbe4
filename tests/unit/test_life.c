/* SPDX-License-Identifier: MIT */
/* test_life.c - run/life: when a worker is replaced, and when it gives memory back. */
#include <string.h>

#include "check.h"
#include "run/life.h"

static void
limits(void)
{
	const int64_t s = 1000000;
	struct life l;
	uint32_t chance;
	uint64_t least = UINT64_MAX, most = 0;

	life_init(&l, 0, 0, 0, 5 * s, 7);
	CHECK(life_due(&l, INT64_MAX, INT64_MAX) == LIFE_GOES_ON && !life_is_full(&l, UINT64_MAX),
	    "no limit");
	life_init(&l, 100, 60, 1000, 5 * s, 0);
	CHECK(life_due(&l, 1000, 64 * s) == LIFE_GOES_ON, "under all");
	CHECK(!life_is_full(&l, 99) && life_is_full(&l, 100), "requests");
	CHECK(life_due(&l, 1001, 5 * s + LIMIT_LIFE_LEAST_S * s) == LIFE_RSS, "rss");
	CHECK(life_due(&l, 1001, 5 * s) == LIFE_GOES_ON, "rss of a newborn");
	CHECK(life_due(&l, 0, 65 * s) == LIFE_AGE, "age");
	for (chance = 0; chance < 5000; chance++) {
		life_init(&l, 1000, 1000, 0, 0, chance);
		least = l.requests < least ? l.requests : least;
		most = l.requests > most ? l.requests : most;
		if (l.age_us < 900 * s || l.age_us > 1000 * s)
			CHECK(false, "age %lld", (long long)l.age_us);
	}
	CHECK(least == 1000 - 1000 * LIMIT_LIFE_JITTER / 100 && most == 1000, "jitter %llu to %llu",
	    (unsigned long long)least, (unsigned long long)most);
	life_init(&l, 1, 1, 0, 0, UINT32_MAX);
	CHECK(l.requests == 1 && l.age_us > 0, "one stays one");
}

static void
ebb(void)
{
	struct life l;
	int i, given = 0;

	life_init(&l, 0, 0, 0, 0, 0);
	for (i = 0; i < 100; i++)
		given += life_ebbs(&l, (size_t)(i % 7));
	CHECK(given == 0, "little load is kept: %d", given);
	for (i = 0; i < 100; i++)
		given += life_ebbs(&l, i % 2 == 0 ? 1500 : 100);
	CHECK(given == 0, "load that comes in waves is kept: %d", given);
	for (i = 0; i < LIMIT_EBB_S; i++)
		given += life_ebbs(&l, 1500);
	for (i = 0; i < LIMIT_EBB_S - 1; i++)
		given += life_ebbs(&l, 0);
	CHECK(given == 0, "not at once: %d", given);
	for (i = 0; i < 100; i++)
		given += life_ebbs(&l, 0);
	CHECK(given == 1, "once when it has gone: %d", given);
	life_ebbs(&l, 1500);
	for (i = 0, given = 0; i < 100; i++)
		given += life_ebbs(&l, 300);
	CHECK(given == 1, "once when a quarter is left: %d", given);
	for (i = 0, given = 0; i < 100; i++)
		given += life_ebbs(&l, 300);
	CHECK(given == 0, "and then no more: %d", given);
}

int
main(void)
{
	int i, k;

	limits();
	ebb();
	for (i = 0; i < LIFE_REASONS; i++)
		for (k = 0; k < i; k++)
			CHECK(strcmp(life_reason_name((enum life_reason)i),
			    life_reason_name((enum life_reason)k)) != 0, "%d and %d", i, k);
	return check_done();
}
