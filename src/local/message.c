/* SPDX-License-Identifier: MIT */
/* message.c - stored messages; see message.h. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "local/call.h"
#include "local/channel.h"
#include "local/event.h"
#include "local/message.h"
#include "local/problem.h"
#include "local/recipient.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/store.h"

static cJSON	*from_json(sqlite3_stmt *);
static cJSON	*body_json(sqlite3_stmt *);
static int	add_rest(cJSON *, sqlite3_stmt *);
static int	read_include(struct call *, unsigned *);
static int	cancel(struct call *, int64_t);
static int	find(struct call *, int64_t *, char *, size_t);
static int	mark_read(struct call *, int64_t, const char *);

static cJSON *
from_json(sqlite3_stmt *row)
{
	cJSON *o = cJSON_CreateObject();

	if (reply_text(o, "id", store_text(row, 6)) == 0 &&
	    reply_text(o, "name", store_text(row, 7)) == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

static cJSON *
body_json(sqlite3_stmt *row)
{
	cJSON *o = cJSON_CreateObject();

	if (reply_text(o, "text", store_text(row, 9)) == 0 &&
	    reply_text(o, "format", store_text(row, 10)) == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

static int
add_rest(cJSON *o, sqlite3_stmt *row)
{
	const char *attachments = store_text(row, 15);
	int bad = 0;

	bad |= reply_parsed(o, "attachments", attachments == NULL ? "[]" : attachments);
	bad |= reply_text(o, "template_id", store_text(row, 11));
	bad |= reply_text(o, "reply_to", store_text(row, 12));
	if (sqlite3_column_type(row, 13) != SQLITE_NULL)
		bad |= reply_time(o, "scheduled_at", sqlite3_column_int64(row, 13));
	bad |= reply_time(o, "created_at", sqlite3_column_int64(row, 14));
	bad |= reply_parsed(o, "metadata", store_text(row, 16));
	return bad;
}

cJSON *
message_json(struct call *c, sqlite3_stmt *row, unsigned include)
{
	int64_t seq = sqlite3_column_int64(row, 0);
	cJSON *o = cJSON_CreateObject();
	int bad = 0;

	bad |= reply_text(o, "id", store_text(row, 1));
	bad |= reply_text(o, "thread_id", store_text(row, 2));
	bad |= reply_text(o, "direction", store_text(row, 3));
	bad |= reply_text(o, "channel", store_text(row, 4));
	bad |= reply_text(o, "status", store_text(row, 5));
	bad |= json_put(o, "from", from_json(row));
	bad |= json_put(o, "to", recipient_json(c->store, seq));
	bad |= reply_text(o, "subject", store_text(row, 8));
	if ((include & MESSAGE_BODY) != 0)
		bad |= json_put(o, "body", body_json(row));
	bad |= add_rest(o, row);
	if ((include & MESSAGE_EVENTS) != 0)
		bad |= json_put(o, "events", event_json(c->store, seq));
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

int
message_reply(struct call *c, int status, const char *id, unsigned include)
{
	sqlite3_stmt *stmt = store_bind(c->store,
	    "SELECT " MESSAGE_COLUMNS " FROM message m WHERE m.id = ?", "t", id);
	int r = store_step(c->store, stmt);

	if (r == 1)
		r = reply_json(c, status, message_json(c, stmt, include));
	else if (r == 0)
		r = problem(c, 404, "not_found", "no message has this id");
	store_done(stmt);
	return r;
}

/* include=body,events and include=body&include=events; without it, the body. */
static int
read_include(struct call *c, unsigned *out)
{
	const char *p;
	size_t n;
	int i;

	*out = c->req.query_count == 0 ? MESSAGE_BODY : 0;
	for (i = 0; i < c->req.query_count; i++)
		for (p = c->req.query[i].value; *p != '\0'; p += n + (p[n] == ',')) {
			n = strcspn(p, ",");
			if (n == 4 && memcmp(p, "body", n) == 0)
				*out |= MESSAGE_BODY;
			else if (n == 6 && memcmp(p, "events", n) == 0)
				*out |= MESSAGE_EVENTS;
			else
				return problem_field(c, "include: body and events are known");
		}
	return 0;
}

int
message_get(struct call *c)
{
	unsigned include;
	int r = read_include(c, &include);

	return r != 0 ? r : message_reply(c, 200, c->arg, include);
}

/* The path's message: its number and its status. 0; 1: a 404; -1. */
static int
find(struct call *c, int64_t *seq, char *status, size_t len)
{
	sqlite3_stmt *stmt = store_bind(c->store, "SELECT seq, status FROM message WHERE id = ?",
	    "t", c->arg);
	int r = store_step(c->store, stmt);

	if (r == 1) {
		*seq = sqlite3_column_int64(stmt, 0);
		snprintf(status, len, "%s", store_text(stmt, 1));
	}
	store_done(stmt);
	if (r == 0)
		return problem(c, 404, "not_found", "no message has this id");
	return r == 1 ? 0 : -1;
}

static int
cancel(struct call *c, int64_t seq)
{
	return store_run(c->store, "UPDATE message SET status = 'canceled' WHERE seq = ?", "i",
	    seq) == -1 ||
	    store_run(c->store, "UPDATE recipient SET state = 'expired', code = 'canceled',"
	    " reason = 'canceled before it was due', at = ? WHERE message_seq = ?", "ii",
	    clock_wall_ms(), seq) == -1 ||
	    event_add(c->store, seq, "canceled", NULL, NULL, NULL) == -1 ? -1 : 0;
}

int
message_cancel(struct call *c)
{
	char status[16];
	int64_t seq;
	int r;

	if (store_begin(c->store, true) == -1)
		return -1;
	if ((r = find(c, &seq, status, sizeof status)) != 0)
		return r;
	if (strcmp(status, "scheduled") != 0)
		return problem(c, 409, "not_cancelable", "the message is %s; only a scheduled one "
		    "can be canceled", status);
	if (cancel(c, seq) == -1 || message_reply(c, 200, c->arg, MESSAGE_BODY) != 0)
		return -1;
	return store_commit(c->store);
}

/* Only a copy that lies in the contact's inbox can be read there. */
static int
mark_read(struct call *c, int64_t seq, const char *contact)
{
	sqlite3_stmt *stmt = store_bind(c->store, "SELECT state FROM recipient"
	    " WHERE message_seq = ? AND contact_id = ?", "it", seq, contact);
	int r = store_step(c->store, stmt);
	bool delivered, read;

	if (r == 0)
		return problem_field(c, "contact_id: '%.80s' is no recipient of this "
		    "message", contact);
	if (r == -1)
		return -1;
	delivered = strcmp(store_text(stmt, 0), "delivered") == 0;
	read = strcmp(store_text(stmt, 0), "read") == 0;
	store_done(stmt);
	if (read)
		return 0;
	if (!delivered)
		return problem(c, 409, "conflict", "the message is not in the inbox of '%.80s'",
		    contact);
	if (recipient_move(c->store, seq, contact, "read", NULL, NULL) == -1)
		return -1;
	return recipient_settle(c->store, seq);
}

int
message_read(struct call *c)
{
	const char *contact;
	char status[16];
	int64_t seq;
	int r;

	if ((r = request_json(c)) != 0 ||
	    (r = request_check_members(c, c->req.json, "contact_id")) != 0)
		return r;
	contact = json_str(c->req.json, "contact_id");
	if (contact == NULL || strcmp(contact, CHANNEL_SELF) == 0)
		return problem_field(c, "contact_id: the id of a recipient is wanted");
	if (store_begin(c->store, true) == -1)
		return -1;
	if ((r = find(c, &seq, status, sizeof status)) != 0 ||
	    (r = mark_read(c, seq, contact)) != 0)
		return r;
	if (message_reply(c, 200, c->arg, MESSAGE_BODY) != 0)
		return -1;
	return store_commit(c->store);
}
