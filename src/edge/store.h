/* SPDX-License-Identifier: MIT */
/*
 * store.h - what must outlive a process: small records under 32-byte keys, each with a time to
 * live. LMDB keeps them in a file that all processes of a machine share, Redis for several
 * machines; both behind these few functions.
 *
 * A value begins with a tag of its writer's choice; a record is changed only by who names the
 * tag that stands there. Each operation is atomic over all processes. It is queued, done at the
 * end of the turn (store_push()), and reported from the loop, never from within the call that
 * began it. What was reported as done survives the death of every process.
 */
#ifndef EDGE_STORE_H
#define EDGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_KEY	32	/* bytes of a key, a digest */
#define STORE_TAG	16	/* bytes that a value begins with */

struct event_base;
struct store;
struct store_op;

enum store_result {
	STORE_DONE,	/* added, swapped or taken away */
	STORE_FOUND,	/* get, add: this is there, and nothing was changed */
	STORE_NONE,	/* get, swap: nothing is there */
	STORE_CHANGED,	/* swap: another tag is there, and nothing was changed */
	STORE_FULL,	/* no room, on disk or within the cap; nothing was changed */
	STORE_FAILED,	/* whether anything was changed is not known */
};

struct store_reply {
	enum store_result	 result;
	const uint8_t		*value;		/* STORE_FOUND: borrowed until the callback ends */
	size_t			 len;
	const char		*why;		/* STORE_FULL, STORE_FAILED: static; else "" */
};

struct store_settings {
	/* A file, or redis://HOST[:PORT][/DB] or redis+unix:///PATH[?db=DB]. */
	const char	*where;
	const char	*password;	/* Redis: NULL for none */
	size_t		 size_max;	/* LMDB: bytes of the file */
	bool		 sync;		/* LMDB: on disk before it is reported as done */
	int64_t		 timeout_ms;	/* an operation that takes longer has failed */
};

/*
 * Open the store, after the process's last fork. Redis need not be there yet. store_destroy()
 * must follow if and only if it is not NULL. NULL with a sentence that names the file or the
 * address and the mend in `why`.
 */
struct store *store_create(struct event_base *base, const struct store_settings *s, char *why,
	    size_t whylen);
/*
 * Do what is queued, as far as that goes without waiting for long, report nothing, and free it.
 * Not from within a callback.
 */
void	 store_destroy(struct store *s);
/* Whether that names a place that could be opened, for a check that makes nothing. 0 or -1. */
int	 store_check(const struct store_settings *s, char *why, size_t whylen);

/* What a store's own configuration says of how it keeps records. */
struct store_state {
	char	policy[32];	/* what it does when its memory is full; "": it does not say */
	bool	evicts;		/* it would drop records that are still good */
	bool	appends;	/* it has them again after a restart */
};

/*
 * Ask the store how it is, and wait for it, for at most LIMIT_INQUIRY_S seconds a step. 0 or -1
 * with a sentence in `why`.
 */
int	 store_look(const struct store_settings *s, struct store_state *out, char *why,
	    size_t whylen);

typedef void	 store_done(void *arg, const struct store_reply *reply);

/*
 * Begin an operation; `done` (NULL: nobody wants to know) is called once with `arg` unless
 * store_cancel() comes first. NULL: out of memory, nothing was begun.
 *
 * get: FOUND or NONE. add: DONE if nothing was there, else FOUND. swap: where the record's tag
 * is `tag`, put `value` in its place (NULL: take it away): DONE, NONE or CHANGED. Values are
 * copied, STORE_TAG to LIMIT_STORE_VALUE bytes.
 */
struct store_op *store_get(struct store *s, const uint8_t key[STORE_KEY], store_done *done,
	    void *arg);
struct store_op *store_add(struct store *s, const uint8_t key[STORE_KEY], const void *value,
	    size_t len, int64_t ttl_ms, store_done *done, void *arg);
struct store_op *store_swap(struct store *s, const uint8_t key[STORE_KEY],
	    const uint8_t tag[STORE_TAG], const void *value, size_t len, int64_t ttl_ms,
	    store_done *done, void *arg);
/* Nobody wants to know any more; what was begun is done all the same. */
void	 store_cancel(struct store_op *op);

/* Do what was begun in this turn of the loop; to be called at its end. */
void	 store_push(struct store *s);
/* Let go of memory that can be had again: pages of a file. Costs some page faults later. */
void	 store_ebb(struct store *s);
/* Whether operations have not ended yet. NULL is fine. */
bool	 store_is_busy(const struct store *s);
/* "lmdb" or "redis", for logs and metrics. */
const char *store_name(const struct store *s);

#endif
