/* SPDX-License-Identifier: MIT */
/* event.h - what happened to a message, one row for each thing that did. */
#ifndef LOCAL_EVENT_H
#define LOCAL_EVENT_H

#include <stdint.h>

#include "wire/json.h"

struct call;
struct store;

/* Handler: GET /v1/messages/{id}/events. */
int	 event_list(struct call *c);
/* Note that `type` happened now, for one recipient or (NULL) for all. 0 or -1. */
int	 event_add(struct store *store, int64_t message_seq, const char *type,
	    const char *contact_id, const char *code, const char *reason);
/* A message's events, oldest first. The caller's; NULL: failed. */
cJSON	*event_json(struct store *store, int64_t message_seq);

#endif
