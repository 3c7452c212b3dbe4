/* SPDX-License-Identifier: MIT */
/*
 * recipient.h - each recipient's copy of a message and the state it is truly in.
 *
 * queued:    nothing has happened yet, or it waits for its time
 * sending:   in a sender's hands; shown as queued
 * sent:      the relay took it (email)
 * delivered: it is in the contact's inbox
 * read:      the contact read it there
 * failed:    it was not taken, `reason` says why
 * expired:   it will never go: canceled before its time
 */
#ifndef LOCAL_RECIPIENT_H
#define LOCAL_RECIPIENT_H

#include <stdint.h>

#include "wire/json.h"

struct call;
struct store;

/* Handler: GET /v1/deliveries. */
int	 recipient_deliveries(struct call *c);

/* Store one recipient's copy. 0 or -1. */
int	 recipient_add(struct store *store, int64_t message_seq, const char *contact_id,
	    const char *name, const char *address, const char *state);
/* Move a copy to another state and note it as an event. 0 or -1. */
int	 recipient_move(struct store *store, int64_t message_seq, const char *contact_id,
	    const char *state, const char *code, const char *reason);
/* Make the message's own status follow from its recipients'. 0 or -1. */
int	 recipient_settle(struct store *store, int64_t message_seq);
/* Put all queued copies of a message into their inboxes. 0 or -1. */
int	 recipient_deliver(struct store *store, int64_t message_seq);
/* The `to` of a message: id, name, address. The caller's; NULL: failed. */
cJSON	*recipient_json(struct store *store, int64_t message_seq);

#endif
