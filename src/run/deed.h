/* SPDX-License-Identifier: MIT */
/* deed.h - what the audit says of a call: who did what to how many, and what came of it. */
#ifndef RUN_DEED_H
#define RUN_DEED_H

#include <stdint.h>

struct buf;
struct call;

/*
 * Append the line of a call that has ended, without a line end: names, counts, ids and a digest
 * of the arguments, and of what they say the channel alone. `outcome` is the metrics' word. 0 or
 * -1.
 */
int	 deed_compose(struct buf *out, const struct call *c, const char *outcome,
	    const char *trace, int64_t wall_ms);
/* Write it to the audit that is configured, and count it if it is lost; never waits. */
void	 deed_write(const struct call *c, const char *outcome, const char *trace);

#endif
