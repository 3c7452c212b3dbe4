/* SPDX-License-Identifier: MIT */
/*
 * ask.h - questions to a client of the legacy era: requests on the stream of its call, whose
 * answers are JSON-RPC responses that it posts, to this worker or to another (run/response).
 *
 * A request's id names the worker that waits and cannot be guessed.
 */
#ifndef RUN_ASK_H
#define RUN_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include <event2/event_struct.h>

#include "base/crypto.h"

struct bridge;
struct buf;
struct cJSON;
struct principal;

#define ASK_NAME	(2 * CRYPTO_TAG)	/* bytes of a name that nobody guesses */

/* What came of it. */
enum ask_end {
	ASK_ANSWERED,	/* `responses` has an answer to each question */
	ASK_REFUSED,	/* the client answered one with an error */
	ASK_UNANSWERED,	/* not in time */
	ASK_CUT,	/* this process is to end */
};

struct ask {
	struct bridge		*bridge;
	const struct principal	*principal;	/* who is asked, and may answer; borrowed */
	struct cJSON		*responses;	/* owned: by the questions' keys */
	size_t			 open;		/* questions without an answer */
	char			 name[ASK_NAME + 1];	/* random; "": nothing is asked */
	LIST_ENTRY(ask)		 entry;
	struct event		 timer, pulse;
	struct event		 look;		/* into the store's boxes, one after the other */
	struct store_op		*op;
	size_t			 at;
	bool			 boxed;		/* there are such */
	int64_t			 ttl_ms;	/* of theirs */
	/* A piece of its call's stream: an event, or a sign of life. Takes over what it holds. */
	void			(*say)(void *arg, struct buf *piece);
	/* Called once from the loop. */
	void			(*done)(void *arg, enum ask_end end);
	void			*arg;
};

/*
 * Ask what `requests` (inputRequests) are, for `wait_s` seconds at most. Members up to `principal`
 * and `say` to `arg` are set, the rest zero. 0, or -1 (memory, random bytes): nothing was asked.
 * ask_finish() must follow in both cases.
 */
int	 ask_start(struct ask *a, const struct cJSON *requests, int64_t wait_s);
void	 ask_finish(struct ask *a);
/* End all that is asked: the process is to end. Returns how many there were. */
size_t	 ask_cut_all(struct bridge *b);

/* ====== for run/response ====== */

/* Make one. 0 or -1. */
int	 ask_make_name(char name[static ASK_NAME + 1]);
/* The address (MAIL_ADDRESS bytes) in a response's id, JSON, of who asked; NULL: none of us did. */
const char *ask_worker(const char *id);
/*
 * The response to one of this worker's questions; `result` is no object if it is an error. The HTTP
 * status for who sent it: 202 taken, 404 nobody here waits for it, or not for that caller's; 503.
 */
int	 ask_deliver(struct bridge *b, const char *id, const char *caller,
	    const struct cJSON *result);
/*
 * The same of a response in a letter of another worker, from its box if `boxed`, who is told the
 * status the way the letter came.
 */
int	 ask_letter(struct bridge *b, const struct cJSON *letter, bool boxed);

#endif
