/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the two clocks: monotonic for waits, wall time for expiries.
 *
 * Pure code takes a time as an argument; only edges and run/ read a clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_STAMP	32	/* bytes that clock_stamp() needs */

/* Monotonic time in microseconds. */
int64_t	 clock_mono_us(void);
/* Wall time in milliseconds since 1970. */
int64_t	 clock_wall_ms(void);
/* Write wall time as RFC 3339 in UTC with milliseconds: 2026-01-31T23:59:59.123Z. */
void	 clock_stamp(int64_t wall_ms, char out[CLOCK_STAMP]);

#endif
