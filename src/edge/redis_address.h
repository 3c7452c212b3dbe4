/* SPDX-License-Identifier: MIT */
/* redis_address.h - where a Redis is: redis://HOST:PORT/DB or redis+unix:///PATH?db=DB. */
#ifndef EDGE_REDIS_ADDRESS_H
#define EDGE_REDIS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

struct redis_address {
	bool		 is_unix;
	char		 host[LIMIT_REDIS_HOST];	/* a name, an IP address, or a path */
	int		 port;
	int		 database;
};

/* Take an address apart. 0, or -1 with a sentence in `why`; it does not repeat a password. */
int	 redis_address_parse(struct redis_address *a, const char *where, char *why,
	    size_t whylen);

#endif
