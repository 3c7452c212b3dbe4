/* SPDX-License-Identifier: MIT */
/* message.h - stored messages: shown, canceled, read. */
#ifndef LOCAL_MESSAGE_H
#define LOCAL_MESSAGE_H

#include <sqlite3.h>

#include "wire/json.h"

struct call;

/* The columns that message_json() reads; the table is named m in the statement. */
#define MESSAGE_COLUMNS	"m.seq, m.id, m.thread_id, m.direction, m.channel, m.status, m.from_id," \
			" m.from_name, m.subject, m.text, m.format, m.template_id, m.reply_to," \
			" m.scheduled_at, m.created_at, m.attachments, m.metadata"
#define MESSAGE_BODY	1	/* include its text */
#define MESSAGE_EVENTS	2	/* include its events */

/* Handlers. */
int	 message_get(struct call *c);
int	 message_cancel(struct call *c);
int	 message_read(struct call *c);

/* The row's message. The caller's; NULL: failed. */
cJSON	*message_json(struct call *c, sqlite3_stmt *row, unsigned include);
/* Reply with the message `id` as it is now. 0; 1: a 404; -1. */
int	 message_reply(struct call *c, int status, const char *id, unsigned include);

#endif
