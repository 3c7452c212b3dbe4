/* SPDX-License-Identifier: MIT */
/* recipient.c - recipients and their states; see recipient.h. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "local/call.h"
#include "local/event.h"
#include "local/problem.h"
#include "local/recipient.h"
#include "local/reply.h"
#include "local/store.h"

static cJSON	*to_json(sqlite3_stmt *);
static cJSON	*state_json(sqlite3_stmt *);
static cJSON	*rows(struct store *, const char *, int64_t, cJSON *(*)(sqlite3_stmt *));
static int	split_ids(struct call *, char **, int *);
static int	add_delivery(struct call *, const char *, cJSON *, cJSON *);
static int	answer(struct call *, char **, int);

int
recipient_add(struct store *store, int64_t message_seq, const char *contact_id, const char *name,
    const char *address, const char *state)
{
	return store_run(store, "INSERT INTO recipient (message_seq, contact_id, name, address,"
	    " state, at) VALUES (?, ?, ?, ?, ?, ?)", "itttti", message_seq, contact_id, name,
	    address, state, clock_wall_ms());
}

int
recipient_move(struct store *store, int64_t message_seq, const char *contact_id,
    const char *state, const char *code, const char *reason)
{
	if (store_run(store, "UPDATE recipient SET state = ?, code = ?, reason = ?, at = ?"
	    " WHERE message_seq = ? AND contact_id = ?", "tttiit", state, code, reason,
	    clock_wall_ms(), message_seq, contact_id) == -1)
		return -1;
	/* An expired copy's event is the message's: canceled, once for all. */
	if (strcmp(state, "expired") == 0)
		return 0;
	return event_add(store, message_seq, state, contact_id, code, reason);
}

/*
 * A failure of one shows as the message's, so that nobody reads "sent" and
 * believes it of all; the deliveries say who.
 */
int
recipient_settle(struct store *store, int64_t message_seq)
{
	return store_run(store, "UPDATE message SET status = (SELECT CASE"
	    " WHEN SUM(state IN ('queued', 'sending')) > 0 THEN 'queued'"
	    " WHEN SUM(state = 'failed') > 0 THEN 'failed'"
	    " WHEN SUM(state <> 'read') = 0 THEN 'read'"
	    " WHEN SUM(state = 'sent') > 0 THEN 'sent'"
	    " ELSE 'delivered' END FROM recipient WHERE message_seq = message.seq)"
	    " WHERE seq = ?", "i", message_seq);
}

int
recipient_deliver(struct store *store, int64_t message_seq)
{
	static const char sql[] = "SELECT contact_id FROM recipient"
	    " WHERE message_seq = ? AND state = 'queued' ORDER BY rowid LIMIT 1";
	sqlite3_stmt *stmt;
	char id[CAP_ID + 1];
	int r;

	/* One at a time: the move changes the rows that the query walks. */
	while ((r = store_step(store, stmt = store_bind(store, sql, "i", message_seq))) == 1) {
		snprintf(id, sizeof id, "%s", store_text(stmt, 0));
		store_done(stmt);
		if (recipient_move(store, message_seq, id, "delivered", NULL, NULL) == -1)
			return -1;
	}
	return r == -1 ? -1 : recipient_settle(store, message_seq);
}

static cJSON *
to_json(sqlite3_stmt *stmt)
{
	cJSON *o = cJSON_CreateObject();
	int bad = 0;

	bad |= reply_text(o, "id", store_text(stmt, 0));
	bad |= reply_text(o, "name", store_text(stmt, 1));
	bad |= reply_text(o, "address", store_text(stmt, 2));
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

static cJSON *
state_json(sqlite3_stmt *stmt)
{
	const char *state = store_text(stmt, 1);
	cJSON *o = cJSON_CreateObject();
	int bad = 0;

	bad |= reply_text(o, "to", store_text(stmt, 0));
	bad |= reply_text(o, "state", strcmp(state, "sending") == 0 ? "queued" : state);
	bad |= reply_text(o, "code", store_text(stmt, 2));
	bad |= reply_text(o, "reason", store_text(stmt, 3));
	bad |= reply_time(o, "at", sqlite3_column_int64(stmt, 4));
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

static cJSON *
rows(struct store *store, const char *sql, int64_t seq, cJSON *(*make)(sqlite3_stmt *))
{
	sqlite3_stmt *stmt = store_bind(store, sql, "i", seq);
	cJSON *list = cJSON_CreateArray();
	int r;

	while ((r = store_step(store, stmt)) == 1)
		if (json_push(list, make(stmt)) == -1)
			break;
	store_done(stmt);
	if (r == 0)
		return list;
	cJSON_Delete(list);
	return NULL;
}

cJSON *
recipient_json(struct store *store, int64_t message_seq)
{
	return rows(store, "SELECT contact_id, name, address FROM recipient"
	    " WHERE message_seq = ? ORDER BY rowid", message_seq, to_json);
}

/* message_ids=a,b and message_ids=a&message_ids=b: the ids, cut out of the query in place. */
static int
split_ids(struct call *c, char **ids, int *count)
{
	char *p, *next;
	int i;

	*count = 0;
	for (i = 0; i < c->req.query_count; i++)
		for (p = c->req.query[i].value; p != NULL; p = next) {
			next = strchr(p, ',');
			if (next != NULL)
				*next++ = '\0';
			if (*p == '\0')
				continue;
			if (*count == CAP_IDS)
				return problem_field(c, "message_ids: at most %d",
				    CAP_IDS);
			ids[(*count)++] = p;
		}
	if (*count == 0)
		return problem_field(c, "message_ids: 1 to %d ids are wanted", CAP_IDS);
	return 0;
}

static int
add_delivery(struct call *c, const char *id, cJSON *data, cJSON *missing)
{
	sqlite3_stmt *stmt = store_bind(c->store, "SELECT seq FROM message WHERE id = ?", "t", id);
	int r = store_step(c->store, stmt);
	int64_t seq;
	cJSON *o;

	if (r != 1)
		return r == -1 ? -1 : json_push(missing, cJSON_CreateString(id));
	seq = sqlite3_column_int64(stmt, 0);
	store_done(stmt);
	o = cJSON_CreateObject();
	if (reply_text(o, "message_id", id) == -1 ||
	    json_put(o, "recipients", rows(c->store, "SELECT contact_id, state, code, reason, at"
	    " FROM recipient WHERE message_seq = ? ORDER BY rowid", seq, state_json)) == -1) {
		cJSON_Delete(o);
		return -1;
	}
	return json_push(data, o);
}

static int
answer(struct call *c, char **ids, int count)
{
	cJSON *root = cJSON_CreateObject(), *data = cJSON_CreateArray();
	cJSON *missing = cJSON_CreateArray();
	int i, bad = 0;

	for (i = 0; i < count && bad == 0; i++)
		bad = add_delivery(c, ids[i], data, missing);
	bad |= json_put(root, "data", data);
	bad |= json_put(root, "not_found", missing);
	if (bad == 0)
		return reply_json(c, 200, root);
	cJSON_Delete(root);
	return -1;
}

int
recipient_deliveries(struct call *c)
{
	char *ids[CAP_IDS];
	int count, r;

	if ((r = split_ids(c, ids, &count)) != 0)
		return r;
	return answer(c, ids, count);
}
