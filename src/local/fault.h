/* SPDX-License-Identifier: MIT */
/*
 * fault.h - failures on demand, for tests of what stands in front.
 *
 * Only with --faults. Chosen by the header X-Fault, or, where a test cannot set
 * headers, by a text or query that begins with "#fault ". Words, separated by
 * ';': status=503, retry_after=2, delay=1500, stall, truncate, huge=5000000,
 * garbage.
 */
#ifndef LOCAL_FAULT_H
#define LOCAL_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct call;

struct fault {
	int64_t	 status;	/* answer with it and do nothing else */
	int64_t	 retry_after;	/* seconds */
	int64_t	 delay;		/* milliseconds before the work */
	int64_t	 huge;		/* answer with a body of so many bytes */
	bool	 stall;		/* never answer */
	bool	 truncate;	/* do the work, send half the answer, close */
	bool	 garbage;	/* answer 200 with what is not JSON */
};

/* What the request asks for; all zero when nothing. 0; 1 with a problem set for unknown words. */
int	 fault_find(struct call *c, struct fault *fault);
/* Wait as told, then answer in the handler's place. 1: answered; 0: go on with the request. */
int	 fault_play(struct call *c, const struct fault *fault);

#endif
