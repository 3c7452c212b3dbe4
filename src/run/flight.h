/* SPDX-License-Identifier: MIT */
/*
 * flight.h - something shared that one request upstream brings (a key set, a token), for any
 * number of calls that wait for it: one fetch in the air in this worker, and by a lease in the
 * store one in all workers. What came is kept in memory and, encrypted, in the store.
 *
 * A value is fresh, then due (it is used, and renewed meanwhile), then of no use. While its
 * source fails one that is due goes on being used.
 */
#ifndef RUN_FLIGHT_H
#define RUN_FLIGHT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"

struct answer;
struct bridge;
struct flights;
struct trust;
struct upstream;

/* How long a value lives, from now on, in milliseconds. */
struct flight_life {
	int64_t	due_ms;
	int64_t	end_ms;
};

/* A kind of what is fetched; lives as long as its flights. */
struct flight_kind {
	const char	*what;		/* for metrics: "jwks", "token", "introspection" */
	const char	*from;		/* whose it is, for the log and for failures */
	const struct trust *trust;
	int64_t		 pause_ms;	/* a renewed value younger than that is not renewed */
	bool		 stored;	/* it is kept in the store; else it is for one request */
	/* Make the request; `arg` is flight_get()'s. 0 or -1 (memory). */
	int		 (*build)(void *arg, struct upstream *u);
	/* Append what an answer brings, and say how long it lives. 0, or -1: nothing, and why. */
	int		 (*take)(const struct flight_kind *kind, const struct answer *a,
			    struct buf *value, struct flight_life *life, const char **why);
};

struct flight_value {
	const char	*data;		/* borrowed until the loop turns; it ends with a NUL */
	size_t		 len;
	int64_t		 born_ms;	/* wall time; tells it from one before */
	const char	*why;		/* FLIGHT_FAILED: static */
};

/* One who waits; its members are flight.c's, but for the first two. */
struct flight_wait {
	void			(*done)(void *arg);	/* ask flight_get() again */
	void			*arg;
	struct flight		*flight;	/* NULL: it waits for nothing */
	bool			 told;		/* it is about to be */
	TAILQ_ENTRY(flight_wait) entry;
};

enum flight_verdict { FLIGHT_HERE, FLIGHT_WAITS, FLIGHT_FAILED };

/* Make those of a worker, after its last fork. NULL: out of memory. */
struct flights *flights_create(struct bridge *b);
/* End what is in the air, without a callback. NULL is fine. */
void	 flights_destroy(struct flights *f);

/*
 * Get the value of `key`, born after `after_ms` (0: any), which renews it; but one that was
 * renewed itself has the kind's pause to be so again. FLIGHT_WAITS: `w` is told once, from the
 * loop, unless flight_leave() comes first.
 */
enum flight_verdict flight_get(struct flights *f, const struct flight_kind *kind,
	    const uint8_t key[CRYPTO_DIGEST], int64_t after_ms, void *arg,
	    struct flight_value *out, struct flight_wait *w);
/* Wait no longer. A flight whose value is stored goes on without anybody. */
void	 flight_leave(struct flight_wait *w);

#endif
