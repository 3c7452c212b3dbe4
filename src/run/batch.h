/* SPDX-License-Identifier: MIT */
/*
 * batch.h - JSON-RPC batches, which revision 2025-03-26 has and no other: an array of messages in
 * one body, answered by an array.
 *
 * Each element becomes an exchange of its own, with the variables of the whole, so all that holds
 * for a message holds for it: who calls, rates, logs, records. The answers stand in the order of
 * the elements; what has none is left out.
 */
#ifndef RUN_BATCH_H
#define RUN_BATCH_H

#include <stdbool.h>

struct bridge;
struct front;
struct http_request;

/*
 * Begin an exchange, or one for each element if the body is a batch; takes over what `rq` holds.
 * Returns what waits, NULL once it has been answered. An array that is no batch of at most
 * LIMIT_BATCH messages, or not one for this client, is refused as any other body is.
 */
void	*batch_start(struct bridge *b, struct front *f, struct http_request *rq);
/* The client has left, as req_gone(). Whether the exchange is a batch: else it is a request. */
bool	 batch_gone(struct bridge *b, void *exchange);
/* Let go of all batches, whose exchanges have ended; for the end of the process. */
void	 batch_cut_all(struct bridge *b);

#endif
