/* SPDX-License-Identifier: MIT */
/*
 * listen.h - a stream that tells its client of resources that have changed: subscriptions/listen
 * of the modern era, and the GET stream of the legacy one, whose resources/subscribe may come to
 * any worker: what a session has subscribed to is a record in the store.
 */
#ifndef RUN_LISTEN_H
#define RUN_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/queue.h>

#include <event2/event_struct.h>

#include "base/crypto.h"
#include "run/watch.h"

struct bridge;
struct buf;
struct cJSON;
struct mcp_message;
struct store_op;

enum listen_end {
	LISTEN_DRAINED,		/* the process is to end, and the stream with it */
	LISTEN_EXPIRED,		/* the credentials that it was asked for with have ended */
};

struct listen {
	struct bridge			*bridge;
	const struct mcp_message	*message;	/* borrowed: who listens */
	LIST_ENTRY(listen)		 entry;
	struct listener			*listeners;	/* owned: one for each resource */
	size_t				 count;
	uint8_t				 place[CRYPTO_DIGEST];	/* legacy: its session's record */
	uint8_t				 tag[16];	/* that is known of it */
	struct store_op			*op;
	struct event			 pulse;
	struct event			 expiry;	/* of its caller's credentials */
	unsigned			 turns;		/* of it */
	bool				 begun;
	/* A piece of the stream. Takes over what it holds. */
	void				(*say)(void *arg, struct buf *piece);
	/* Called once from the loop: there is nothing more to come. */
	void				(*done)(void *arg, enum listen_end why);
	void				*arg;
};

/* How many streams a caller has in this worker. */
size_t	 listen_count(const struct bridge *b, const char *caller);
/*
 * Begin to listen; members from `say` on, bridge and message are set, the rest zero. 0, or -1
 * (memory, too many resources are watched). listen_finish() must follow in both cases.
 */
int	 listen_start(struct listen *l);
void	 listen_finish(struct listen *l);
/*
 * End all streams that listen: their clients come back to another process. Whatever is begun from
 * now on is for its caller to end at once (bridge->listens_over).
 */
void	 listen_end_all(struct bridge *b);

#endif
