/* SPDX-License-Identifier: MIT */
/*
 * subscription.h - what a session of the legacy era has subscribed to: a record in the store, for
 * the stream that tells of it may be another worker's.
 */
#ifndef RUN_SUBSCRIPTION_H
#define RUN_SUBSCRIPTION_H

#include <stdint.h>

#include "base/crypto.h"

struct bridge;
struct mcp_message;
struct store_op;

/* Where the record of a message's session is: a tag, and a JSON array of URIs. 0 or -1. */
int	 subscription_place(uint8_t place[CRYPTO_DIGEST], const struct mcp_message *m);

/* A resources/subscribe or resources/unsubscribe on its way into the store. */
struct subscription {
	struct bridge			*bridge;
	const struct mcp_message	*message;	/* borrowed */
	struct store_op			*op;
	uint8_t				 place[CRYPTO_DIGEST];
	unsigned			 tries;
	const char			*why;	/* static: of a failure; NULL: done */
	void				(*done)(void *arg);
	void				*arg;
};

/*
 * Begin to write it down; bridge, message, done and arg are set, the rest zero. Calls `done` from
 * the loop, unless -1 is returned (memory) or subscription_finish() comes first.
 */
int	 subscription_start(struct subscription *s);
void	 subscription_finish(struct subscription *s);

#endif
