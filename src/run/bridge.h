/* SPDX-License-Identifier: MIT */
/* bridge.h - what every request of a worker needs and none of them owns. */
#ifndef RUN_BRIDGE_H
#define RUN_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include "mcp/mcp.h"

struct event_base;
struct fetcher;
struct req;
struct settings;

struct bridge {
	const struct settings	*settings;
	struct event_base	*base;
	struct fetcher		*fetcher;
	struct mcp		 mcp;
	size_t			 inflight;	/* requests that have not ended */
	uint64_t		 requests;	/* requests that have ended, since the start */
	LIST_HEAD(, req)	 reqs;		/* those in flight */
	void			(*ended)(void *arg);	/* one has ended */
	void			*arg;
};

#endif
