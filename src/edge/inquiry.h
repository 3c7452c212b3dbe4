/* SPDX-License-Identifier: MIT */
/*
 * inquiry.h - one HTTP exchange that is waited for, for whoever looks an installation over: what
 * came back, and what the other side's certificate and clock say. Never in a worker.
 */
#ifndef EDGE_INQUIRY_H
#define EDGE_INQUIRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "mcp/answer.h"

struct trust;

struct inquiry {
	/* What is asked; all borrowed. */
	const char		*url;
	const char		*body;		/* it is a POST; NULL: a GET */
	const char *const	*headers;	/* whole lines, NULL behind the last; or NULL */
	const struct trust	*trust;		/* NULL: the system's certificates */
	bool			 stream;	/* it is over when the first event has come */

	/* What came of it. */
	enum outcome		 outcome;
	int			 status;	/* 0: no response */
	char			 why[256];	/* what failed; "": nothing */
	int64_t			 date_s;	/* its clock, since 1970; -1: not said */
	int64_t			 expires_s;	/* of its certificate; -1: there is none */
	struct buf		 answer;	/* the body, at most LIMIT_INQUIRY bytes of it */
};

/* Ask, within LIMIT_INQUIRY_S seconds; fetch_init() came before. inquiry_finish() must follow. */
void	 inquiry_make(struct inquiry *q);
void	 inquiry_finish(struct inquiry *q);

#endif
