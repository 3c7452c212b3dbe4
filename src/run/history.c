/* SPDX-License-Identifier: MIT */
/* history.c - see history.h. */
#include <string.h>

#include "run/history.h"

#define WARM	3	/* samples of a worker that is new: it fills its caches */
#define LEAST	12	/* samples before anything is said of its growth */
#define GROWN	2048	/* KB that are worth a word */

uint32_t
history_slot(int64_t wall_ms)
{
	return (uint32_t)(wall_ms / 1000 / LIMIT_SAMPLE_S);
}

/* Whether a ring of samples, each with its slot first, has one of this slot. */
static bool
has(const void *ring, size_t size, uint32_t slot)
{
	const _Atomic uint32_t *of = (const void *)((const char *)ring +
	    slot % LIMIT_HISTORY * size);

	return *of == slot;
}

const struct board_flow *
history_flow(const struct board_flow *ring, uint32_t slot)
{
	return has(ring, sizeof *ring, slot) ? &ring[slot % LIMIT_HISTORY] : NULL;
}

const struct board_faults *
history_faults(const struct board_faults *ring, uint32_t slot)
{
	return has(ring, sizeof *ring, slot) ? &ring[slot % LIMIT_HISTORY] : NULL;
}

const struct board_pulse *
history_pulse(const struct board_pulse *ring, uint32_t slot)
{
	return has(ring, sizeof *ring, slot) ? &ring[slot % LIMIT_HISTORY] : NULL;
}

/* The first and the last slot of a time of which there is a sample; equal: there are no two. */
static void
ends(const void *ring, size_t size, uint32_t slot, uint32_t slots, uint32_t *from, uint32_t *to)
{
	*to = slot;
	*from = slot - slots;
	while (*to != *from && !has(ring, size, *to))
		--*to;
	while (*from != *to && !has(ring, size, *from))
		++*from;
}

bool
history_span(const struct board_flow *ring, uint32_t slot, uint32_t slots,
    struct history_span *out)
{
	const struct board_flow *a, *b;
	size_t i;

	memset(out, 0, sizeof *out);
	ends(ring, sizeof *ring, slot, slots, &out->from, &out->to);
	if (out->from == out->to)
		return false;
	a = &ring[out->from % LIMIT_HISTORY];
	b = &ring[out->to % LIMIT_HISTORY];
	for (i = 0; i < BOARD_BUCKETS; i++) {
		out->bucket[i] = b->count[i] - a->count[i];
		out->count += out->bucket[i];
	}
	out->failed = b->failed - a->failed;
	out->sum_us = b->sum_us - a->sum_us;
	return true;
}

uint32_t
history_errors(const struct board_faults *ring, uint32_t slot, uint32_t slots, size_t cause)
{
	uint32_t from, to;

	ends(ring, sizeof *ring, slot, slots, &from, &to);
	return ring[to % LIMIT_HISTORY].count[cause] - ring[from % LIMIT_HISTORY].count[cause];
}

double
history_seconds(const struct history_span *s)
{
	return (double)(s->to == s->from ? 1 : s->to - s->from) * LIMIT_SAMPLE_S;
}

int64_t
history_percentile(const struct history_span *s, double share)
{
	double rank = share * (double)s->count, below = 0;
	int64_t from = 0;
	unsigned i;

	for (i = 0; i < BOARD_BUCKETS - 1; i++) {
		if (s->bucket[i] > 0 && below + s->bucket[i] >= rank)
			return from + (int64_t)((double)(board_bound(i) - from) *
			    (rank - below) / s->bucket[i]);
		below += s->bucket[i];
		from = board_bound(i);
	}
	return s->count == 0 ? 0 : from;
}

/* The middle one of a third of the samples, which few that stand out do not move. */
static uint32_t
middle(const uint32_t *values, size_t count)
{
	size_t i, k, less;

	for (i = 0; i + 1 < count; i++) {
		for (k = 0, less = 0; k < count; k++)
			less += values[k] < values[i] || (values[k] == values[i] && k < i);
		if (less == count / 2)
			break;
	}
	return values[i];
}

void
history_growth(const struct board_pulse *ring, uint32_t pid, uint32_t slot,
    struct history_growth *out)
{
	uint32_t at[LIMIT_HISTORY], rss[LIMIT_HISTORY], load[LIMIT_HISTORY], s, thirds[3];
	double x, y, n, sum_x = 0, sum_y = 0, sum_xx = 0, sum_yy = 0, sum_xy = 0, xx, yy, xy;
	double before = 0, after = 0;
	const struct board_pulse *pulse;
	size_t count = 0, i, third;

	memset(out, 0, sizeof *out);
	for (s = slot - LIMIT_HISTORY + 1; s != slot + 1; s++) {
		pulse = history_pulse(ring, s);
		if (pulse == NULL || pulse->pid != pid)
			continue;
		at[count] = s;
		rss[count] = pulse->rss;
		load[count++] = pulse->inflight;
	}
	if (count == 0)
		return;
	out->rss = rss[count - 1];
	if (count < WARM + LEAST)
		return;
	for (i = WARM; i < count; i++) {
		x = (double)(at[i] - at[WARM]) * LIMIT_SAMPLE_S;
		y = rss[i];
		sum_x += x;
		sum_y += y;
		sum_xx += x * x;
		sum_yy += y * y;
		sum_xy += x * y;
	}
	n = (double)(count - WARM);
	out->seconds = (double)(at[count - 1] - at[WARM]) * LIMIT_SAMPLE_S;
	xx = n * sum_xx - sum_x * sum_x;
	yy = n * sum_yy - sum_y * sum_y;
	xy = n * sum_xy - sum_x * sum_y;
	out->rate = xy / xx;
	third = (count - WARM) / 3;
	for (i = 0; i < 3; i++)
		thirds[i] = middle(rss + WARM + i * third, third);
	for (i = 0; i < third; i++) {
		before += load[WARM + i];
		after += load[count - 1 - i];
	}
	/*
	 * More in each third than in the one before, by a share of the whole: no step, no plateau;
	 * and near the line (the square of the correlation), which what goes up and down is not.
	 */
	out->steady = thirds[2] > thirds[0] + GROWN && xy * xy > 0.7 * xx * yy &&
	    thirds[1] > thirds[0] + (thirds[2] - thirds[0]) / 4 &&
	    thirds[2] > thirds[1] + (thirds[2] - thirds[0]) / 4 &&
	    after <= before * 1.25 + (double)third * 4;
}

bool
history_left(const struct board_leaver *l, int64_t now_ms, int64_t *lived_ms)
{
	int64_t at_ms = l->at_ms;

	*lived_ms = l->born_ms == 0 ? 0 : at_ms - l->born_ms;
	return at_ms != 0 && at_ms <= now_ms &&
	    at_ms >= now_ms - LIMIT_HISTORY * LIMIT_SAMPLE_S * INT64_C(1000);
}
