/* SPDX-License-Identifier: MIT */
/* store_backend.h - what store.c and its backends share; nobody else includes it. */
#ifndef EDGE_STORE_BACKEND_H
#define EDGE_STORE_BACKEND_H

#include <sys/queue.h>

#include "edge/store.h"

enum store_verb { STORE_GET, STORE_ADD, STORE_SWAP };

struct store_op {
	TAILQ_ENTRY(store_op)	 entry;
	struct store		*store;
	enum store_verb		 verb;
	uint8_t			 key[STORE_KEY];
	uint8_t			 tag[STORE_TAG];	/* STORE_SWAP: what must be there */
	const uint8_t		*value;			/* to write; NULL: take it away */
	size_t			 len;
	int64_t			 ttl_ms;
	int64_t			 deadline_us;		/* monotonic */
	store_done		*done;			/* NULL: nobody wants to know */
	void			*arg;
	uint8_t			 bytes[];		/* of the value */
};

TAILQ_HEAD(store_ops, store_op);

/* A backend makes one of these; all its functions get what create() returned. */
struct store_backend {
	const char	*name;
	void		*(*create)(struct event_base *base, const struct store_settings *s,
			    char *why, size_t whylen);
	int		 (*check)(const struct store_settings *s, char *why, size_t whylen);
	/* NULL: there is nobody to ask. */
	int		 (*look)(const struct store_settings *s, struct store_state *out, char *why,
			    size_t whylen);
	/*
	 * Begin the operations of `ops`, taking each off it; each ends by store_end(), now or
	 * later. What cannot be begun now may be left in `ops` and is offered again on the next
	 * push; store.c ends those whose deadline has passed.
	 */
	void		 (*push)(void *backend, struct store_ops *ops);
	void		 (*ebb)(void *backend);		/* NULL: nothing to let go of */
	/* End what is in the air by store_end() with STORE_FAILED, and free everything. */
	void		 (*destroy)(void *backend);
};

extern const struct store_backend store_lmdb, store_redis;

/* An operation has ended, and is off every list: report it and free it. */
void	 store_end(struct store_op *op, const struct store_reply *reply);
/* The same for one that has no value to show. `why` is static, "" for none. */
void	 store_end_with(struct store_op *op, enum store_result result, const char *why);
/* Ask for store_push() in some `ms`, though no turn of the loop comes by itself. */
void	 store_wake(struct store *s, long ms);

#endif
