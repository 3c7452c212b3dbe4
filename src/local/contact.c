/* SPDX-License-Identifier: MIT */
/* contact.c - the address book; see contact.h. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "local/call.h"
#include "local/channel.h"
#include "local/contact.h"
#include "local/page.h"
#include "local/problem.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/store.h"
#include "local/text.h"

#define CONTACT_COLUMNS	"SELECT id, name, email, phone FROM contact"

static const char by_id[] = CONTACT_COLUMNS " WHERE id = ?";
static const char by_email[] = CONTACT_COLUMNS " WHERE email = ?";
static const char by_phone[] = CONTACT_COLUMNS " WHERE phone = ? ORDER BY seq LIMIT 5";
static const char by_name[] = CONTACT_COLUMNS " WHERE name = ? ORDER BY seq LIMIT 5";

static void	load_row(sqlite3_stmt *, struct contact *);
static cJSON	*contact_json(sqlite3_stmt *, int);
static int	find(struct call *, const char *, const char *, struct contact *, cJSON **);
static int	nearest(struct call *, const char *, cJSON **);
static int	collect(struct call *, sqlite3_stmt *, struct page *, cJSON *);
static int	read_new(struct call *, struct contact *);
static int	insert(struct call *, const struct contact *);

static void
load_row(sqlite3_stmt *stmt, struct contact *out)
{
	const char *email = store_text(stmt, 2);

	snprintf(out->id, sizeof out->id, "%s", store_text(stmt, 0));
	snprintf(out->name, sizeof out->name, "%s", store_text(stmt, 1));
	snprintf(out->email, sizeof out->email, "%s", email == NULL ? "" : email);
}

/* Columns id, name, email, phone; `exact` is 0 or 1, or -1 for a contact by itself. */
static cJSON *
contact_json(sqlite3_stmt *stmt, int exact)
{
	cJSON *o = cJSON_CreateObject();
	int bad = 0;

	bad |= reply_text(o, "id", store_text(stmt, 0));
	bad |= reply_text(o, "name", store_text(stmt, 1));
	bad |= reply_text(o, "email", store_text(stmt, 2));
	bad |= reply_text(o, "phone", store_text(stmt, 3));
	if (exact >= 0)
		bad |= json_put(o, "exact", cJSON_CreateBool(exact));
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

int
contact_load(struct call *c, const char *id, struct contact *out)
{
	sqlite3_stmt *stmt = store_bind(c->store, by_id, "t", id);
	int r = store_step(c->store, stmt);

	if (r == 1)
		load_row(stmt, out);
	store_done(stmt);
	return r;
}

/* The contacts that a statement's one value finds: their number, the first, and all as JSON. */
static int
find(struct call *c, const char *sql, const char *value, struct contact *first, cJSON **all)
{
	sqlite3_stmt *stmt = store_bind(c->store, sql, "t", value);
	int n = 0, r;

	*all = cJSON_CreateArray();
	while ((r = store_step(c->store, stmt)) == 1) {
		if (n++ == 0)
			load_row(stmt, first);
		if (json_push(*all, contact_json(stmt, -1)) == -1) {
			store_done(stmt);
			r = -1;
			break;
		}
	}
	if (r == 0)
		return n;
	cJSON_Delete(*all);
	*all = NULL;
	return -1;
}

/* Contacts that `who` may mean: those with all of it in them, else with its first word. */
static int
nearest(struct call *c, const char *who, cJSON **out)
{
	static const char sql[] =
	    CONTACT_COLUMNS " WHERE instr(lower(id), lower(?1)) OR instr(lower(name), lower(?1))"
	    " OR instr(lower(email), lower(?1)) OR instr(lower(phone), lower(?1))"
	    " ORDER BY instr(lower(name), lower(?1)) <> 1, seq LIMIT 5";
	struct contact first;
	char word[CAP_NAME + 1];
	size_t n = strcspn(who, " @.,");
	int found;

	found = find(c, sql, who, &first, out);
	if (found != 0 || n < 2 || n >= sizeof word || who[n] == '\0')
		return found == -1 ? -1 : 0;
	memcpy(word, who, n);
	word[n] = '\0';
	cJSON_Delete(*out);
	return find(c, sql, word, &first, out) == -1 ? -1 : 0;
}

int
contact_resolve(struct call *c, const char *field, const char *who, struct contact *out)
{
	static const char *const ways[] = { by_id, by_email, by_phone, by_name };
	cJSON *all = NULL;
	size_t i;
	int n = 0;

	for (i = 0; i < sizeof ways / sizeof ways[0] && n == 0; i++) {
		cJSON_Delete(all);
		n = find(c, ways[i], who, out, &all);
	}
	if (n == -1)
		return -1;
	if (n > 1)
		return problem_candidates(c, "recipient_ambiguous", all, "%s: '%.200s' is the name "
		    "or phone number of several contacts; use an id", field, who);
	cJSON_Delete(all);
	if (n == 1)
		return 0;
	if (nearest(c, who, &all) == -1)
		return -1;
	return problem_candidates(c, "recipient_unknown", all, "%s: no contact has '%.200s' as id, "
	    "address, phone number or name", field, who);
}

/* Columns id, name, email, phone, rank, seq. */
static int
collect(struct call *c, sqlite3_stmt *stmt, struct page *page, cJSON *data)
{
	int64_t rank;
	int r;

	while ((r = store_step(c->store, stmt)) == 1) {
		rank = sqlite3_column_int64(stmt, 4);
		page_note(page, data, rank, sqlite3_column_int64(stmt, 5));
		if (json_push(data, contact_json(stmt, rank <= 1)) == -1) {
			store_done(stmt);
			return -1;
		}
	}
	return r;
}

/* Ranked: exact id, address or phone, exact name, beginning of a name, anywhere in one. */
int
contact_list(struct call *c)
{
	static const char sql[] =
	    "SELECT id, name, email, phone, rank, seq FROM (SELECT *, CASE"
	    " WHEN ?1 = '' THEN 3"
	    " WHEN id = ?1 OR email = ?1 OR phone = ?1 THEN 0"
	    " WHEN name = ?1 THEN 1"
	    " WHEN instr(lower(name), lower(?1)) = 1 OR instr(lower(id), lower(?1)) = 1 THEN 2"
	    " WHEN instr(lower(name), lower(?1)) OR instr(lower(email), lower(?1))"
	    "  OR instr(lower(id), lower(?1)) OR instr(lower(phone), lower(?1)) THEN 3"
	    " ELSE 9 END AS rank FROM contact)"
	    " WHERE rank < 9 AND (rank, seq) > (?2, ?3) ORDER BY rank, seq LIMIT ?4";
	const char *query = request_query(&c->req, "query");
	char words[CAP_QUERY * 4 + 1];
	struct page page;
	cJSON *data;
	int r;

	if (query != NULL && text_length(query) > CAP_QUERY)
		return problem_field(c, "query: at most %d characters", CAP_QUERY);
	/* No contact has a control character in it: a line end that was copied along is a space. */
	snprintf(words, sizeof words, "%s", query == NULL ? "" : query);
	text_flatten(words);
	if ((r = page_read(c, &page)) != 0)
		return r;
	data = cJSON_CreateArray();
	r = collect(c, store_bind(c->store, sql, "tiii", words,
	    page.resumed ? page.major : (int64_t)-1, page.resumed ? page.minor : (int64_t)-1,
	    page.limit + 1), &page, data);
	if (r == -1) {
		cJSON_Delete(data);
		return -1;
	}
	return page_reply(c, &page, data);
}

int
contact_get(struct call *c)
{
	sqlite3_stmt *stmt = store_bind(c->store, by_id, "t", c->arg);
	int r = store_step(c->store, stmt);

	if (r == 1)
		r = reply_json(c, 200, contact_json(stmt, -1));
	else if (r == 0)
		r = problem(c, 404, "not_found", "no contact has this id");
	store_done(stmt);
	return r;
}

static int
read_new(struct call *c, struct contact *out)
{
	const cJSON *id = json_get(c->req.json, "id"), *email = json_get(c->req.json, "email");
	const char *name = json_str(c->req.json, "name");

	memset(out, 0, sizeof *out);
	if (name == NULL || *name == '\0' || text_length(name) > CAP_NAME || text_has_control(name))
		return problem_field(c, "name: 1 to %d characters of one line are wanted",
		    CAP_NAME);
	if (id != NULL && (!cJSON_IsString(id) || !text_is_id(id->valuestring) ||
	    strcmp(id->valuestring, CHANNEL_SELF) == 0))
		return problem_field(c, "id: 1 to %d of A-Z a-z 0-9 . _ - are wanted, "
		    "and not '%s'", CAP_ID, CHANNEL_SELF);
	if (email != NULL && (!cJSON_IsString(email) || !text_is_email(email->valuestring)))
		return problem_field(c, "email: a plain address is wanted");
	snprintf(out->name, sizeof out->name, "%s", name);
	if (email != NULL)
		snprintf(out->email, sizeof out->email, "%s", email->valuestring);
	if (id == NULL)
		return text_new_id("con_", out->id, sizeof out->id);
	snprintf(out->id, sizeof out->id, "%s", id->valuestring);
	return 0;
}

static int
insert(struct call *c, const struct contact *new)
{
	struct contact other;
	cJSON *all = NULL;
	int n;

	n = find(c, by_id, new->id, &other, &all);
	cJSON_Delete(all);
	if (n == 0 && new->email[0] != '\0') {
		n = find(c, by_email, new->email, &other, &all);
		cJSON_Delete(all);
	}
	if (n == -1)
		return -1;
	if (n > 0)
		return problem(c, 409, "conflict", "another contact has this id or email address");
	return store_run(c->store,
	    "INSERT INTO contact (id, name, email, created_at) VALUES (?, ?, ?, ?)", "ttti",
	    new->id, new->name, new->email[0] == '\0' ? (const char *)NULL : new->email,
	    clock_wall_ms());
}

int
contact_add(struct call *c)
{
	struct contact new;
	int r;

	if ((r = request_json(c)) != 0 ||
	    (r = request_check_members(c, c->req.json, "id,name,email")) != 0 ||
	    (r = read_new(c, &new)) != 0)
		return r;
	if (store_begin(c->store, true) == -1)
		return -1;
	if ((r = insert(c, &new)) != 0)
		return r;
	c->arg = new.id;
	r = contact_get(c);
	/* The argument must not outlive the contact on this stack. */
	c->arg = NULL;
	if (r != 0 || store_commit(c->store) == -1)
		return -1;
	c->reply.status = 201;
	return 0;
}
