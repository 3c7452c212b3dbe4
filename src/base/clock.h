/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the two clocks: monotonic for waits, wall time for expiries.
 *
 * Pure code takes a time as an argument; only edges and run/ read a clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <sys/time.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * A moment that other processes, and the machine after a restart, can read: time since boot,
 * which nobody sets, and wall time for whoever has been booted since.
 */
struct clock_moment {
	int64_t		 wall_ms;
	int64_t		 boot_ms;	/* with the time the machine slept */
	uint64_t	 boot;		/* which boot; 0: not known */
};

#define CLOCK_STAMP	32	/* bytes that clock_stamp() needs */

/* Monotonic time in microseconds. */
int64_t	 clock_mono_us(void);
/* Wall time in milliseconds since 1970. */
int64_t	 clock_wall_ms(void);
/* Now. */
void	 clock_now(struct clock_moment *now);
/* Whether `at` is reached: by the time since boot where both are of one boot. */
bool	 clock_is_past(const struct clock_moment *at, const struct clock_moment *now);
/* `at`, some milliseconds later. */
struct clock_moment clock_after(const struct clock_moment *at, int64_t ms);
/* `ms` milliseconds, as timers of the event loop take them. */
struct timeval clock_timeval(int64_t ms);
/* Write wall time as RFC 3339 in UTC with milliseconds: 2026-01-31T23:59:59.123Z. */
void	 clock_stamp(int64_t wall_ms, char out[CLOCK_STAMP]);
/* Read an RFC 3339 time with any offset; less than a millisecond is cut. 0, or -1: it is none. */
int	 clock_parse(const char *text, int64_t *wall_ms);

#endif
