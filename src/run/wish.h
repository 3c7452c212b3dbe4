/* SPDX-License-Identifier: MIT */
/*
 * wish.h - what a session of the legacy era wants beyond one request: which resources it is told
 * of, and which log. A record in the store, for its next request may be another worker's.
 */
#ifndef RUN_WISH_H
#define RUN_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "wire/json.h"

struct bridge;
struct mcp_message;
struct store_op;
struct store_reply;

/* Where the record of a message's session is. 0 or -1. */
int	 wish_place(uint8_t place[CRYPTO_DIGEST], const struct mcp_message *m);
/* The URIs that a record has: an array, the caller's. NULL: none, or there is no memory. */
cJSON	*wish_uris(const struct store_reply *reply);

/* A wish on its way into the store, or one that is looked up there. */
struct wish {
	struct bridge			*bridge;
	const struct mcp_message	*message;	/* borrowed */
	struct store_op			*op;
	uint8_t				 place[CRYPTO_DIGEST];
	unsigned			 tries;
	bool				 writes;
	unsigned			 level;	/* that was found; 0: none was */
	const char			*why;	/* static: of a failure; NULL: done */
	void				(*done)(void *arg);
	void				*arg;
};

/*
 * Begin to write a message's wish down: of resources/subscribe and unsubscribe its `uri`, of
 * logging/setLevel its `level`. bridge, message, done and arg are set, the rest zero. Calls `done`
 * from the loop, unless -1 is returned (memory) or wish_finish() comes first.
 */
int	 wish_write(struct wish *w);
/* Begin to look up `level`, the same way; a record that cannot be read has none. */
int	 wish_look(struct wish *w);
void	 wish_finish(struct wish *w);

#endif
