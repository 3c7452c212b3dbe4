/* SPDX-License-Identifier: MIT */
/*
 * draft.h - a message as a client asks for it, checked and resolved, not stored.
 *
 * Sending and previewing read the same draft, so that a preview is refused for
 * just what sending would be refused for.
 */
#ifndef LOCAL_DRAFT_H
#define LOCAL_DRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "local/cap.h"
#include "local/contact.h"

struct call;

struct draft {
	struct contact	 to[CAP_RECIPIENTS];
	int		 to_count;
	bool		 to_repeated;	/* somebody was named twice and gets it once */
	struct buf	 text;
	const char	*channel;	/* these point into the request's JSON or are static */
	const char	*format;
	const char	*subject;
	const char	*template_id;
	const char	*reply_to;
	char		 thread_id[CAP_ID + 1];	/* "": a new thread */
	struct buf	 attachments;	/* JSON text, empty when there are none */
	struct buf	 metadata;
	int64_t		 scheduled_at;	/* 0: now */
};

/*
 * Check the members of c->req.json that are for the tools in front and mean nothing
 * here, and take them out, so that they are no part of the payload. A preview knows
 * one more. First of all, for both. 0; 1 with a problem set.
 */
int	 draft_strip(struct call *c, bool preview);
/* Read c->req.json. 0; 1 with a problem set; -1. draft_finish() in any case. */
int	 draft_read(struct call *c, struct draft *draft, bool preview);
void	 draft_finish(struct draft *draft);
/* Where a recipient is reached on the draft's channel. Borrowed. */
const char *draft_address(const struct draft *draft, const struct contact *to);
/* The thread of `thread_id` and `reply_to` members of c->req.json. 0; 1; -1. */
int	 draft_thread(struct call *c, const char **reply_to, char *out, size_t len);
/* A text member of 1 to CAP_TEXT characters. 0; 1. */
int	 draft_check_text(struct call *c, const char *field, const char *text);

#endif
