/* SPDX-License-Identifier: MIT */
/* redis_look.h - a Redis asked how it is, by who may wait for it. */
#ifndef EDGE_REDIS_LOOK_H
#define EDGE_REDIS_LOOK_H

#include <stddef.h>

struct store_settings;
struct store_state;

/* store_look() of a Redis. */
int	 redis_look(const struct store_settings *s, struct store_state *out, char *why,
	    size_t whylen);

#endif
