/* SPDX-License-Identifier: MIT */
/* trace.h - W3C Trace Context (Level 1): the traceparent header in and out. */
#ifndef WIRE_TRACE_H
#define WIRE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#define TRACE_HEADER	56	/* "00-" 32 hex "-" 16 hex "-" 2 hex and the NUL */

struct trace {
	bool	 joined;	/* with the traceparent that came in */
	char	 id[33];	/* the trace: 32 lower-case hex digits */
	char	 span[17];	/* this exchange: 16 lower-case hex digits */
	char	 flags[3];
};

/*
 * Go on with the trace of `traceparent`, or begin one if it is NULL or not valid
 * (section 4.3). `random` is 24 fresh random bytes: the new trace's id and the span.
 */
void	 trace_begin(struct trace *t, const char *traceparent, const uint8_t random[24]);
/* The traceparent to pass on. */
void	 trace_header(const struct trace *t, char out[TRACE_HEADER]);

#endif
