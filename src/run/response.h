/* SPDX-License-Identifier: MIT */
/*
 * response.h - a JSON-RPC response that a client posts to what it was asked (run/ask), on its way
 * to the worker that waits for it.
 *
 * A response for another worker is sent there (edge/mail), or left in the store where that is
 * other machines', too (run/mailbox); what became of it comes back the same way, and is what the
 * client is told.
 */
#ifndef RUN_RESPONSE_H
#define RUN_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/queue.h>

#include <event2/event_struct.h>

#include "edge/mail.h"
#include "run/ask.h"

struct mcp_message;
struct store_op;

struct response {
	struct bridge		*bridge;
	const struct mcp_message *message;	/* borrowed */
	struct mail_wait	 letter;
	struct store_op		*op;
	char			 name[ASK_NAME + 1];	/* random; "": it is on no way */
	LIST_ENTRY(response)	 entry;
	struct event		 timer;
	struct event		 look;		/* into the box of its name */
	bool			 boxed;		/* there is one */
	void			(*told)(void *arg, int status);
	void			*arg;
};

/*
 * Take a response. The HTTP status of the reply: 202 it has been taken, or is one to nothing of
 * ours; 404 nobody waits for it, or not for this caller's; 413, 503; or 0: `told`, which is set
 * with `arg`, the rest zero, will be called with it once from the loop, after LIMIT_ASK_ECHO_S at
 * most, unless response_finish() comes first. `m` must live as long.
 */
int	 response_take(struct response *r, struct bridge *b, const struct mcp_message *m);
void	 response_finish(struct response *r);
/* A letter of another worker: a response, or what became of one that was sent there. */
void	 response_letter(struct bridge *b, const void *data, size_t len);

#endif
