/* SPDX-License-Identifier: MIT */
/*
 * listing.c - lists of messages; see listing.h.
 *
 * A statement is put together from fixed pieces, one for each filter that is
 * given, so that the right index serves it; what the client wrote is only ever
 * bound. There are few combinations, and each stays prepared.
 */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "local/call.h"
#include "local/contact.h"
#include "local/listing.h"
#include "local/message.h"
#include "local/page.h"
#include "local/problem.h"
#include "local/request.h"
#include "local/store.h"
#include "local/text.h"

#define LISTING_VALUES	16

struct value {
	const char	*text;		/* NULL: the number counts */
	int64_t		 number;
};

struct listing {
	struct buf	 sql;
	struct buf	 match;		/* the search as FTS5 wants it */
	struct value	 value[LISTING_VALUES];
	int		 count;
	struct contact	 contact;
	struct page	 page;
};

static void	where(struct listing *, const char *, const char *, int64_t);
static int	filter_word(struct call *, struct listing *, const char *, const char *,
		    const char *);
static int	filter_time(struct call *, struct listing *, const char *, const char *);
static int	filter_contact(struct call *, struct listing *);
static int	filters(struct call *, struct listing *);
static int	quote_query(struct buf *, const char *);
static sqlite3_stmt *bind(struct call *, struct listing *);
static int	run(struct call *, struct listing *);
static void	begin(struct listing *, const char *);
static void	finish(struct listing *);

static void
begin(struct listing *l, const char *from)
{
	memset(l, 0, sizeof *l);
	buf_init(&l->sql, CAP_SQL);
	buf_init(&l->match, CAP_QUERY * 16);
	buf_printf(&l->sql, "SELECT " MESSAGE_COLUMNS " FROM %s", from);
}

static void
finish(struct listing *l)
{
	buf_finish(&l->sql);
	buf_finish(&l->match);
}

/* One more condition: fixed text with one '?', and the value for it. */
static void
where(struct listing *l, const char *condition, const char *text, int64_t number)
{
	buf_printf(&l->sql, " %s %s", l->count == 0 ? "WHERE" : "AND", condition);
	l->value[l->count].text = text;
	l->value[l->count++].number = number;
}

static int
filter_word(struct call *c, struct listing *l, const char *name, const char *words,
    const char *condition)
{
	const char *value = request_query(&c->req, name);

	if (value == NULL)
		return 0;
	if (words != NULL && !text_is_one_of(value, words))
		return problem_field(c, "%s: one of %s is wanted", name, words);
	where(l, condition, value, 0);
	return 0;
}

static int
filter_time(struct call *c, struct listing *l, const char *name, const char *condition)
{
	const char *value = request_query(&c->req, name);
	int64_t ms;

	if (value == NULL)
		return 0;
	if (text_time(value, &ms) == -1)
		return problem_field(c, "%s: a time as in RFC 3339 is wanted, such as "
		    "2030-01-31T09:00:00Z", name);
	where(l, condition, NULL, ms);
	return 0;
}

static int
filter_contact(struct call *c, struct listing *l)
{
	const char *value = request_query(&c->req, "contact");
	int r;

	if (value == NULL)
		return 0;
	if ((r = contact_resolve(c, "contact", value, &l->contact)) != 0)
		return r;
	where(l, "m.seq IN (SELECT seq FROM message WHERE from_id = ?", l->contact.id, 0);
	buf_puts(&l->sql, " UNION ALL SELECT message_seq FROM recipient WHERE contact_id = ?)");
	l->value[l->count++].text = l->contact.id;
	return 0;
}

static int
filters(struct call *c, struct listing *l)
{
	int r;

	if ((r = filter_contact(c, l)) != 0 ||
	    (r = filter_word(c, l, "channel", "inbox,email", "m.channel = ?")) != 0 ||
	    (r = filter_word(c, l, "thread_id", NULL, "m.thread_id = ?")) != 0 ||
	    (r = filter_word(c, l, "direction", "inbound,outbound", "m.direction = ?")) != 0 ||
	    (r = filter_word(c, l, "status", "queued,scheduled,sent,delivered,read,failed,canceled",
	    "m.status = ?")) != 0 ||
	    (r = filter_time(c, l, "since", "m.created_at >= ?")) != 0)
		return r;
	return filter_time(c, l, "until", "m.created_at < ?");
}

static sqlite3_stmt *
bind(struct call *c, struct listing *l)
{
	sqlite3_stmt *stmt = l->sql.failed ? NULL : store_prepare(c->store, buf_str(&l->sql));
	int i, code = SQLITE_OK;

	if (stmt == NULL)
		return NULL;
	for (i = 0; i < l->count && code == SQLITE_OK; i++) {
		if (l->value[i].text != NULL)
			code = sqlite3_bind_text(stmt, i + 1, l->value[i].text, -1, SQLITE_STATIC);
		else
			code = sqlite3_bind_int64(stmt, i + 1, l->value[i].number);
	}
	return code == SQLITE_OK ? stmt : NULL;
}

static int
run(struct call *c, struct listing *l)
{
	cJSON *data = cJSON_CreateArray();
	sqlite3_stmt *stmt;
	int r;

	where(l, "m.seq < ?", NULL, l->page.resumed ? l->page.major : INT64_MAX);
	buf_puts(&l->sql, " ORDER BY m.seq DESC LIMIT ?");
	l->value[l->count++].number = l->page.limit + 1;
	stmt = bind(c, l);
	while ((r = store_step(c->store, stmt)) == 1) {
		page_note(&l->page, data, sqlite3_column_int64(stmt, 0), 0);
		if (json_push(data, message_json(c, stmt, MESSAGE_BODY)) == -1)
			break;
	}
	store_done(stmt);
	if (r == 0)
		return page_reply(c, &l->page, data);
	cJSON_Delete(data);
	return -1;
}

int
listing_messages(struct call *c)
{
	struct listing l;
	int r;

	begin(&l, "message m");
	if ((r = page_read(c, &l.page)) == 0 && (r = filters(c, &l)) == 0)
		r = run(c, &l);
	finish(&l);
	return r;
}

int
listing_of_thread(struct call *c, const char *thread_id)
{
	struct listing l;
	int r;

	begin(&l, "message m");
	where(&l, "m.thread_id = ?", thread_id, 0);
	if ((r = page_read(c, &l.page)) == 0)
		r = run(c, &l);
	finish(&l);
	return r;
}

/*
 * Every word as a quoted FTS5 string and a prefix, all of them wanted. Inside
 * the quotes nothing is an operator, so no query can be a syntax error. A word
 * without a letter or digit matches nothing and is left out.
 */
static int
quote_query(struct buf *out, const char *query)
{
	const char *p, *end;
	bool content;

	for (; *query != '\0'; query = end) {
		content = false;
		while (*query != '\0' && text_is_space(*query))
			query++;
		for (end = query; *end != '\0' && !text_is_space(*end); end++)
			;
		for (p = query; p < end; p++)
			content |= isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80;
		if (!content)
			continue;
		buf_puts(out, out->len == 0 ? "\"" : " \"");
		for (p = query; p < end; p++)
			buf_puts(out, *p == '"' ? "\"\"" : (char [2]){ *p, '\0' });
		buf_puts(out, "\" *");
	}
	return out->failed ? -1 : 0;
}

int
listing_search(struct call *c)
{
	const char *query = request_query(&c->req, "query");
	struct listing l;
	int r;

	if (query == NULL || *query == '\0' || text_length(query) > CAP_QUERY)
		return problem_field(c, "query: 1 to %d characters are wanted", CAP_QUERY);
	begin(&l, "message_text CROSS JOIN message m ON m.seq = message_text.rowid");
	if (quote_query(&l.match, query) == -1) {
		r = -1;
		goto out;
	}
	if (l.match.len == 0)
		buf_puts(&l.match, "\"\"");
	where(&l, "message_text MATCH ?", buf_str(&l.match), 0);
	if ((r = page_read(c, &l.page)) == 0 && (r = filters(c, &l)) == 0)
		r = run(c, &l);
out:
	finish(&l);
	return r;
}
