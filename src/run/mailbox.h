/* SPDX-License-Identifier: MIT */
/*
 * mailbox.h - a place in the store for the answer to one question, where workers of several
 * machines share one: it is there as long as somebody waits, and takes one letter.
 */
#ifndef RUN_MAILBOX_H
#define RUN_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/store.h"

struct bridge;
struct buf;

/* Whether the store is other machines', too: else letters between workers are enough. */
bool	 mailbox_is_shared(const struct bridge *b);
/* Put a box up for the question with that id, for `ttl_ms` at most; and take it away. */
void	 mailbox_open(struct bridge *b, const char *id, int64_t ttl_ms);
void	 mailbox_close(struct bridge *b, const char *id);
/* Look into it: `done` is told what is there, for mailbox_read(). NULL: out of memory. */
struct store_op *mailbox_look(struct bridge *b, const char *id, store_done *done, void *arg);
/* Append the letter that was found. 0, or -1: there is none yet, or it is not ours. */
int	 mailbox_read(struct bridge *b, const char *id, const struct store_reply *reply,
	    struct buf *letter);
/*
 * Put a letter in, encrypted. `done` is told: STORE_DONE it is there; STORE_NONE nobody waits;
 * STORE_CHANGED there is one already. NULL: out of memory, or it is too long.
 */
struct store_op *mailbox_post(struct bridge *b, const char *id, const void *letter, size_t len,
	    store_done *done, void *arg);

#endif
