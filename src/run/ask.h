/* SPDX-License-Identifier: MIT */
/*
 * ask.h - questions to a client of the legacy era: requests on the stream of its call, whose
 * answers come with requests of their own, to this worker or to another.
 *
 * A request's id names the worker that waits and cannot be guessed. Whoever gets an answer for
 * another worker sends it there (edge/mail), or leaves it in the store where that is other
 * machines', too (run/mailbox), hears back the same way what became of it, and says that to the
 * client.
 */
#ifndef RUN_ASK_H
#define RUN_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include <event2/event_struct.h>

#include "base/crypto.h"
#include "edge/mail.h"

struct bridge;
struct buf;
struct cJSON;
struct mcp_message;
struct principal;

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
	char			 name[2 * CRYPTO_TAG + 1];	/* random; "": nothing is asked */
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

/* An answer on its way to the worker that waits for it, until that has said what became of it. */
struct ask_answer {
	struct bridge		*bridge;
	const struct mcp_message *message;	/* borrowed */
	struct mail_wait	 letter;
	struct store_op		*op;
	char			 name[2 * CRYPTO_TAG + 1];	/* random; "": it is on no way */
	LIST_ENTRY(ask_answer)	 entry;
	struct event		 timer;
	struct event		 look;		/* into the box of its name */
	bool			 boxed;		/* there is one */
	void			(*told)(void *arg, int status);
	void			*arg;
};

/*
 * Take an answer that a client posted. The HTTP status of the reply: 202 it has been taken, or is
 * an answer to nothing of ours; 404 nobody waits for it, or not for this caller's; 413, 503; or 0:
 * `told`, which is set with `arg`, the rest zero, will be called with it once from the loop, after
 * LIMIT_ASK_ECHO_S at most, unless ask_answer_finish() comes first. `m` must live as long.
 */
int	 ask_answer(struct ask_answer *a, struct bridge *b, const struct mcp_message *m);
void	 ask_answer_finish(struct ask_answer *a);
/* A letter of another worker: an answer, or what became of one that was sent there. */
void	 ask_letter(struct bridge *b, const void *data, size_t len);

#endif
