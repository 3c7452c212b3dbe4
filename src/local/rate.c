/* SPDX-License-Identifier: MIT */
/* rate.c - shared token buckets; see rate.h. */
#include <sys/mman.h>

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"
#include "local/call.h"
#include "local/options.h"
#include "local/problem.h"
#include "local/rate.h"

#define RATE_MINUTE	60000000LL	/* microseconds */

static _Atomic int64_t	*rate_full_at;
static size_t		 rate_slots;

int
rate_init(size_t slots)
{
	void *map = mmap(NULL, slots * sizeof *rate_full_at, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -1;
	rate_full_at = map;
	rate_slots = slots;
	return 0;
}

void
rate_finish(void)
{
	if (rate_full_at != NULL)
		munmap(rate_full_at, rate_slots * sizeof *rate_full_at);
	rate_full_at = NULL;
}

/*
 * Each request moves the time at which the bucket is full by one interval; a
 * bucket of a minute's worth is empty when that is more than a minute ahead.
 */
int
rate_take(struct call *c)
{
	_Atomic int64_t *slot;
	int64_t step, now, old, new;

	if (c->opt->rate == 0 || c->owner_slot >= rate_slots)
		return 0;
	slot = &rate_full_at[c->owner_slot];
	step = RATE_MINUTE / c->opt->rate;
	now = clock_mono_us();
	old = atomic_load(slot);
	do {
		new = (old > now ? old : now) + step;
		if (new - now > RATE_MINUTE)
			return problem_retry(c, 429, "rate_limited",
			    (int)((new - now - RATE_MINUTE + 999999) / 1000000),
			    "too many requests with this token; wait and try again");
	} while (!atomic_compare_exchange_weak(slot, &old, new));
	return 0;
}
