/* SPDX-License-Identifier: MIT */
/* thread.h - conversations: messages that belong together, and who takes part. */
#ifndef LOCAL_THREAD_H
#define LOCAL_THREAD_H

#include <stdint.h>

struct call;
struct store;

/* Handlers. */
int	 thread_list(struct call *c);
int	 thread_messages(struct call *c);

/* Count message `seq` as the thread's last; a new thread gets `subject` (may be NULL). 0 or -1. */
int	 thread_touch(struct store *store, const char *id, const char *subject, int64_t seq);
/* Make a contact a participant. 0 or -1. */
int	 thread_join(struct store *store, const char *id, const char *contact_id, const char *name);

#endif
