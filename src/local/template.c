/* SPDX-License-Identifier: MIT */
/* template.c - texts with {{variables}}; see template.h. */
#include <string.h>

#include "local/call.h"
#include "local/page.h"
#include "local/problem.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/store.h"
#include "local/template.h"
#include "local/text.h"

static cJSON	*template_json(sqlite3_stmt *);
static int	check_value(struct call *, const char *, const cJSON *, const cJSON *);
static int	check_vars(struct call *, const cJSON *, const cJSON *);
static int	fill(struct buf *, const char *, const cJSON *);

/* Columns id, name, text, variables. */
static cJSON *
template_json(sqlite3_stmt *stmt)
{
	cJSON *o = cJSON_CreateObject();
	int bad = 0;

	bad |= reply_text(o, "id", store_text(stmt, 0));
	bad |= reply_text(o, "name", store_text(stmt, 1));
	bad |= reply_text(o, "text", store_text(stmt, 2));
	bad |= reply_parsed(o, "variables", store_text(stmt, 3));
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

int
template_list(struct call *c)
{
	static const char sql[] = "SELECT id, name, text, variables, seq FROM template"
	    " WHERE seq > ?1 AND (?2 IS NULL OR id = ?2) ORDER BY seq LIMIT ?3";
	sqlite3_stmt *stmt;
	struct page page;
	cJSON *data;
	int r;

	if ((r = page_read(c, &page)) != 0)
		return r;
	data = cJSON_CreateArray();
	stmt = store_bind(c->store, sql, "iti", page.major,
	    request_query(&c->req, "template_id"), page.limit + 1);
	while ((r = store_step(c->store, stmt)) == 1) {
		page_note(&page, data, sqlite3_column_int64(stmt, 4), 0);
		if (json_push(data, template_json(stmt)) == -1)
			break;
	}
	store_done(stmt);
	if (r == 0)
		return page_reply(c, &page, data);
	cJSON_Delete(data);
	return -1;
}

int
template_get(struct call *c)
{
	sqlite3_stmt *stmt = store_bind(c->store,
	    "SELECT id, name, text, variables FROM template WHERE id = ?", "t", c->arg);
	int r = store_step(c->store, stmt);

	if (r == 1)
		r = reply_json(c, 200, template_json(stmt));
	else if (r == 0)
		r = problem(c, 404, "not_found", "no template has this id");
	store_done(stmt);
	return r;
}

static int
check_value(struct call *c, const char *id, const cJSON *value, const cJSON *schema)
{
	int64_t least = 0, most = CAP_TEXT;
	size_t len;

	if (!cJSON_IsString(value))
		return problem_field(c, "template_vars.%.80s: a string is wanted",
		    value->string);
	if (schema == NULL)
		return problem_field(c, "template_vars.%.80s: template '%.80s' has no "
		    "such variable", value->string, id);
	json_integer(json_get(schema, "minLength"), &least);
	json_integer(json_get(schema, "maxLength"), &most);
	len = text_length(value->valuestring);
	if ((int64_t)len < least || (int64_t)len > most)
		return problem_field(c, "template_vars.%.80s: %d to %d characters are "
		    "wanted", value->string, (int)least, (int)most);
	return 0;
}

static int
check_vars(struct call *c, const cJSON *variables, const cJSON *vars)
{
	const cJSON *item, *properties = json_get(variables, "properties");
	const char *id = json_str(c->req.json, "template_id");
	int r;

	cJSON_ArrayForEach(item, vars)
		if ((r = check_value(c, id, item, json_get(properties, item->string))) != 0)
			return r;
	cJSON_ArrayForEach(item, json_get(variables, "required"))
		if (json_get(vars, item->valuestring) == NULL)
			return problem_field(c, "template_vars.%.80s: is missing; template "
			    "'%.80s' needs it", item->valuestring, id);
	return 0;
}

static int
fill(struct buf *out, const char *text, const cJSON *vars)
{
	const char *open, *close, *value;
	char name[CAP_ID + 1];
	size_t len;

	while ((open = strstr(text, "{{")) != NULL && (close = strstr(open, "}}")) != NULL) {
		buf_append(out, text, (size_t)(open - text));
		len = (size_t)(close - open) - 2;
		if (len < sizeof name) {
			memcpy(name, open + 2, len);
			name[len] = '\0';
			value = json_str(vars, name);
			buf_puts(out, value == NULL ? "" : value);
		}
		text = close + 2;
	}
	buf_puts(out, text);
	/* An optional variable at the end leaves its blank behind. */
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		buf_truncate(out, out->len - 1);
	return out->failed ? -1 : 0;
}

int
template_render(struct call *c, const char *id, const cJSON *vars, struct buf *out)
{
	sqlite3_stmt *stmt = store_bind(c->store,
	    "SELECT text, variables FROM template WHERE id = ?", "t", id);
	struct json_fault fault;
	cJSON *variables = NULL;
	int r = store_step(c->store, stmt);

	if (r == 0)
		return problem_field(c, "template_id: there is no template '%.80s'", id);
	if (r == -1)
		return -1;
	variables = json_parse(store_text(stmt, 1), strlen(store_text(stmt, 1)), &fault);
	r = variables == NULL ? -1 : check_vars(c, variables, vars);
	if (r == 0)
		r = fill(out, store_text(stmt, 0), vars);
	cJSON_Delete(variables);
	store_done(stmt);
	return r;
}
