/* SPDX-License-Identifier: MIT */
/* thread.c - conversations; see thread.h. */
#include "base/buf.h"
#include "local/call.h"
#include "local/contact.h"
#include "local/listing.h"
#include "local/page.h"
#include "local/problem.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/store.h"
#include "local/text.h"
#include "local/thread.h"

static cJSON	*thread_json(struct call *, sqlite3_stmt *);
static cJSON	*participants(struct call *, const char *);
static cJSON	*snippet(const char *);

int
thread_touch(struct store *store, const char *id, const char *subject, int64_t seq)
{
	return store_run(store, "INSERT INTO thread (id, subject, last_seq, count)"
	    " VALUES (?, ?, ?, 1) ON CONFLICT (id) DO UPDATE SET last_seq = excluded.last_seq,"
	    " count = count + 1", "tti", id, subject, seq);
}

int
thread_join(struct store *store, const char *id, const char *contact_id, const char *name)
{
	return store_run(store, "INSERT OR IGNORE INTO participant (thread_id, contact_id, name)"
	    " VALUES (?, ?, ?)", "ttt", id, contact_id, name);
}

static cJSON *
participants(struct call *c, const char *id)
{
	sqlite3_stmt *stmt = store_bind(c->store, "SELECT contact_id, name FROM participant"
	    " WHERE thread_id = ? ORDER BY rowid LIMIT 50", "t", id);
	cJSON *list = cJSON_CreateArray(), *o;
	int r, bad = 0;

	while ((r = store_step(c->store, stmt)) == 1 && bad == 0) {
		o = cJSON_CreateObject();
		bad |= reply_text(o, "id", store_text(stmt, 0));
		bad |= reply_text(o, "name", store_text(stmt, 1));
		bad |= json_push(list, o);
	}
	store_done(stmt);
	if (r == 0 && bad == 0)
		return list;
	cJSON_Delete(list);
	return NULL;
}

static cJSON *
snippet(const char *text)
{
	struct buf out;
	cJSON *item = NULL;

	buf_init(&out, CAP_SNIPPET * 4 + 8);
	if (text_cut(&out, text, CAP_SNIPPET) == 0)
		item = cJSON_CreateString(buf_str(&out));
	buf_finish(&out);
	return item;
}

/* Columns id, subject, last_seq, count, created_at, text. */
static cJSON *
thread_json(struct call *c, sqlite3_stmt *stmt)
{
	cJSON *o = cJSON_CreateObject();
	int bad = 0;

	bad |= reply_text(o, "id", store_text(stmt, 0));
	bad |= reply_text(o, "subject", store_text(stmt, 1));
	bad |= reply_time(o, "last_message_at", sqlite3_column_int64(stmt, 4));
	bad |= json_put(o, "message_count", json_int(sqlite3_column_int64(stmt, 3)));
	bad |= json_put(o, "participants", participants(c, store_text(stmt, 0)));
	bad |= json_put(o, "snippet", snippet(store_text(stmt, 5)));
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

int
thread_list(struct call *c)
{
	static const char sql[] =
	    "SELECT t.id, t.subject, t.last_seq, t.count, m.created_at, m.text"
	    " FROM thread t JOIN message m ON m.seq = t.last_seq WHERE t.last_seq < ?1"
	    " AND (?2 IS NULL OR EXISTS (SELECT 1 FROM participant p"
	    "  WHERE p.thread_id = t.id AND p.contact_id = ?2))"
	    " ORDER BY t.last_seq DESC LIMIT ?3";
	const char *who = request_query(&c->req, "contact");
	struct contact contact;
	sqlite3_stmt *stmt;
	struct page page;
	cJSON *data;
	int r;

	if ((r = page_read(c, &page)) != 0)
		return r;
	if (who != NULL && (r = contact_resolve(c, "contact", who, &contact)) != 0)
		return r;
	data = cJSON_CreateArray();
	stmt = store_bind(c->store, sql, "iti", page.resumed ? page.major : INT64_MAX,
	    who == NULL ? (const char *)NULL : contact.id, page.limit + 1);
	while ((r = store_step(c->store, stmt)) == 1) {
		page_note(&page, data, sqlite3_column_int64(stmt, 2), 0);
		if (json_push(data, thread_json(c, stmt)) == -1)
			break;
	}
	store_done(stmt);
	if (r == 0)
		return page_reply(c, &page, data);
	cJSON_Delete(data);
	return -1;
}

int
thread_messages(struct call *c)
{
	sqlite3_stmt *stmt = store_bind(c->store, "SELECT 1 FROM thread WHERE id = ?", "t", c->arg);
	int r = store_step(c->store, stmt);

	store_done(stmt);
	if (r == 0)
		return problem(c, 404, "not_found", "no thread has this id");
	return r == -1 ? -1 : listing_of_thread(c, c->arg);
}
