/* SPDX-License-Identifier: MIT */
/*
 * rate.h - a token bucket for each owner of a token, shared by all processes.
 *
 * A bucket is one number: the time at which it would be full again. It lies in
 * memory that the parent shares with its children, and is moved by one
 * compare-and-swap; a child that dies leaves nothing locked.
 */
#ifndef LOCAL_RATE_H
#define LOCAL_RATE_H

#include <stddef.h>

struct call;

/* Make `slots` buckets; before the fork. 0 or -1. */
int	 rate_init(size_t slots);
void	 rate_finish(void);
/* Take one from the owner's bucket. 0; 1 with a 429 set. */
int	 rate_take(struct call *c);

#endif
