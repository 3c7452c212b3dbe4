/* SPDX-License-Identifier: MIT */
/* life.c - see life.h. */
#include <string.h>

#include "run/life.h"

const char *
life_reason_name(enum life_reason reason)
{
	static const char *const names[LIFE_REASONS] = {
		[LIFE_GOES_ON] = "none",
		[LIFE_SIGNAL] = "signal",
		[LIFE_RELOAD] = "reload",
		[LIFE_MASTER_GONE] = "master_gone",
		[LIFE_REQUESTS] = "max_requests",
		[LIFE_RSS] = "max_rss",
		[LIFE_AGE] = "max_age",
	};

	return names[reason];
}

void
life_init(struct life *l, uint64_t requests, int64_t age_s, int64_t rss, int64_t now_us,
    uint32_t chance)
{
	uint64_t share = chance % (LIMIT_LIFE_JITTER * 10 + 1);	/* of a thousand */
	uint64_t age_us = (uint64_t)age_s * 1000000;

	memset(l, 0, sizeof *l);
	/* Rounded so that 1 stays 1. */
	l->requests = requests - requests * share / 1000;
	l->age_us = (int64_t)(age_us - age_us / 1000 * share);
	l->rss = rss;
	l->born_us = now_us;
}

bool
life_is_full(const struct life *l, uint64_t begun)
{
	return l->requests != 0 && begun >= l->requests;
}

enum life_reason
life_due(const struct life *l, int64_t rss, int64_t now_us)
{
	/* A limit that a newborn exceeds must not become a storm of newborns. */
	if (l->rss != 0 && rss > l->rss &&
	    now_us - l->born_us >= LIMIT_LIFE_LEAST_S * INT64_C(1000000))
		return LIFE_RSS;
	if (l->age_us != 0 && now_us - l->born_us >= l->age_us)
		return LIFE_AGE;
	return LIFE_GOES_ON;
}

bool
life_ebbs(struct life *l, size_t peak)
{
	size_t i, recent = 0;

	l->window[l->at++ % LIMIT_EBB_S] = peak;
	for (i = 0; i < LIMIT_EBB_S; i++)
		if (l->window[i] > recent)
			recent = l->window[i];
	if (recent > l->high)
		l->high = recent;
	if (l->high < LIMIT_EBB_LEAST || recent > l->high / 4)
		return false;
	l->high = recent;
	return true;
}
