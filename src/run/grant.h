/* SPDX-License-Identifier: MIT */
/*
 * grant.h - the token with which a call goes to its service, where "auth" is oauth2: one for all
 * callers (client credentials), or one for each (token exchange). See flight.h.
 */
#ifndef RUN_GRANT_H
#define RUN_GRANT_H

#include "run/flight.h"

struct credential;
struct grants;
struct principal;
struct service;

/* Make those of a worker for the services of its settings. NULL: out of memory. */
struct grants *grants_create(struct bridge *b);
void	 grants_destroy(struct grants *g);
/*
 * Get the header line for calls of `p` with a credential of oauth2; born after `after_ms` (the
 * one that a service has refused; 0: any). As flight_get().
 */
enum flight_verdict grant_get(struct grants *g, const struct service *s,
	    const struct credential *c, const struct principal *p, int64_t after_ms,
	    struct flight_value *line, struct flight_wait *w);

#endif
