/* SPDX-License-Identifier: MIT */
/* event.c - what happened to a message; see event.h. */
#include "base/clock.h"
#include "local/call.h"
#include "local/event.h"
#include "local/problem.h"
#include "local/reply.h"
#include "local/store.h"

static cJSON	*row_json(sqlite3_stmt *);

int
event_add(struct store *store, int64_t message_seq, const char *type, const char *contact_id,
    const char *code, const char *reason)
{
	static const char sql[] = "INSERT INTO event (message_seq, type, at, contact_id, code,"
	    " reason) VALUES (?, ?, ?, ?, ?, ?)";

	return store_run(store, sql, "itittt", message_seq, type, clock_wall_ms(), contact_id,
	    code, reason);
}

static cJSON *
row_json(sqlite3_stmt *stmt)
{
	cJSON *o = cJSON_CreateObject();
	int bad = 0;

	bad |= reply_text(o, "type", store_text(stmt, 0));
	bad |= reply_time(o, "at", sqlite3_column_int64(stmt, 1));
	bad |= reply_text(o, "contact_id", store_text(stmt, 2));
	bad |= reply_text(o, "code", store_text(stmt, 3));
	bad |= reply_text(o, "reason", store_text(stmt, 4));
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

cJSON *
event_json(struct store *store, int64_t message_seq)
{
	sqlite3_stmt *stmt = store_bind(store, "SELECT type, at, contact_id, code, reason"
	    " FROM event WHERE message_seq = ? ORDER BY seq", "i", message_seq);
	cJSON *list = cJSON_CreateArray();
	int r;

	while ((r = store_step(store, stmt)) == 1)
		if (json_push(list, row_json(stmt)) == -1)
			break;
	store_done(stmt);
	if (r == 0)
		return list;
	cJSON_Delete(list);
	return NULL;
}

int
event_list(struct call *c)
{
	sqlite3_stmt *stmt = store_bind(c->store, "SELECT seq FROM message WHERE id = ?", "t",
	    c->arg);
	int64_t seq = 0;
	cJSON *root;
	int r = store_step(c->store, stmt);

	if (r == 1)
		seq = sqlite3_column_int64(stmt, 0);
	store_done(stmt);
	if (r == 0)
		return problem(c, 404, "not_found", "no message has this id");
	if (r == -1)
		return -1;
	root = cJSON_CreateObject();
	if (json_put(root, "data", event_json(c->store, seq)) == -1) {
		cJSON_Delete(root);
		return -1;
	}
	return reply_json(c, 200, root);
}
