/* SPDX-License-Identifier: MIT */
/*
 * idempotency.h - one message for one Idempotency-Key.
 *
 * The record is written in the message's own transaction, which holds the write
 * lock from its start: of two requests at once one waits and then finds the
 * other's record. A key belongs to the token's owner.
 */
#ifndef LOCAL_IDEMPOTENCY_H
#define LOCAL_IDEMPOTENCY_H

#include "base/crypto.h"

struct call;
struct store;

struct idempotency {
	const char	*key;		/* NULL: the request has none */
	uint8_t		 digest[CRYPTO_DIGEST];	/* of the payload */
};

/* Read the header. 0; 1 with a problem set; -1. */
int	 idempotency_read(struct call *c, struct idempotency *out);
/* Inside the transaction: answer a repeated request. 1: answered; 0: it is new; -1. */
int	 idempotency_replay(struct call *c, const struct idempotency *idem);
/* Keep the reply that was made. 0 or -1. */
int	 idempotency_keep(struct call *c, const struct idempotency *idem);
/* Forget records that are too old. 0 or -1. */
int	 idempotency_purge(struct store *store);

#endif
