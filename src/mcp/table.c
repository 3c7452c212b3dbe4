/* SPDX-License-Identifier: MIT */
/* table.c - the columns of all items are found, then everything is a line; see table.h. */
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/table.h"
#include "wire/json.h"

struct column {
	const char	*name;	/* of a member of an item */
	const char	*inner;	/* of a member of that; NULL: of itself */
};

struct columns {
	struct column	 at[LIMIT_TABLE_COLUMNS];
	size_t		 count;
};

int
table_load(bool *wanted, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const char *text = json_str(spec, "text");

	if (text == NULL)
		return 0;
	*wanted = strcmp(text, "table") == 0;
	return *wanted || strcmp(text, "json") == 0 ? 0 : spec_fail(f, place,
	    "\"text\" must be \"json\", or \"table\" for a table where that is smaller");
}

static bool
is_nested(const cJSON *value)
{
	return cJSON_IsObject(value) || cJSON_IsArray(value);
}

/* Whether a member of an item has columns for what is in it. */
static bool
is_spread(const cJSON *member)
{
	const cJSON *value;

	if (!cJSON_IsObject(member) || member->child == NULL)
		return false;
	cJSON_ArrayForEach(value, member)
		if (is_nested(value))
			return false;
	return true;
}

static bool
is_column(const struct column *column, const char *name, const char *inner)
{
	return strcmp(column->name, name) == 0 && (inner == NULL || column->inner == NULL ?
	    inner == column->inner : strcmp(column->inner, inner) == 0);
}

/* False: there are too many. */
static bool
add_column(struct columns *c, const char *name, const char *inner)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (is_column(&c->at[i], name, inner))
			return true;
	if (c->count == LIMIT_TABLE_COLUMNS)
		return false;
	c->at[c->count++] = (struct column){ name, inner };
	return true;
}

/* The columns of all items, as they come. False: they make no table. */
static bool
find_columns(struct columns *c, const cJSON *items)
{
	const cJSON *item, *member, *value;

	cJSON_ArrayForEach(item, items) {
		if (!cJSON_IsObject(item))
			return false;
		cJSON_ArrayForEach(member, item) {
			/* Else a column's name would not say what it is of. */
			if (strchr(member->string, '.') != NULL)
				return false;
			if (!is_spread(member)) {
				if (!add_column(c, member->string, NULL))
					return false;
				continue;
			}
			cJSON_ArrayForEach(value, member)
				if (!add_column(c, member->string, value->string))
					return false;
		}
	}
	return c->count > 0;
}

static const cJSON *
find_value(const cJSON *item, const struct column *column)
{
	const cJSON *member = json_get(item, column->name);

	if (column->inner == NULL)
		return is_spread(member) ? NULL : member;
	return is_spread(member) ? json_get(member, column->inner) : NULL;
}

static void
put_text(struct buf *out, const char *text)
{
	static const char special[] = "\t\n\r\\", letters[] = "tnr\\";
	size_t run;

	for (;; text += run + 1) {
		run = strcspn(text, special);
		buf_append(out, text, run);
		if (text[run] == '\0')
			return;
		buf_putc(out, '\\');
		buf_putc(out, letters[strchr(special, text[run]) - special]);
	}
}

static void
put_value(struct buf *out, const cJSON *value)
{
	struct buf text;

	if (cJSON_IsString(value))
		put_text(out, value->valuestring);
	else if (!is_nested(value))
		json_print(out, value);
	else {
		buf_init(&text, out->cap);
		if (json_print(&text, value) == -1)
			out->failed = true;
		put_text(out, buf_str(&text));
		buf_finish(&text);
	}
}

static void
put_members(struct buf *out, const cJSON *tree, const cJSON *items)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, tree) {
		if (member == items)
			continue;
		put_text(out, member->string);
		buf_puts(out, ": ");
		put_value(out, member);
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
}

static void
put_names(struct buf *out, const struct columns *c)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		put_text(out, c->at[i].name);
		if (c->at[i].inner != NULL) {
			buf_putc(out, '.');
			put_text(out, c->at[i].inner);
		}
		buf_putc(out, i + 1 < c->count ? '\t' : '\n');
	}
}

static void
put_item(struct buf *out, const struct columns *c, const cJSON *item)
{
	const cJSON *value;
	size_t i;

	for (i = 0; i < c->count; i++) {
		value = find_value(item, &c->at[i]);
		if (value != NULL)
			put_value(out, value);
		buf_putc(out, i + 1 < c->count ? '\t' : '\n');
	}
}

int
table_print(struct buf *out, const char *list, const char *json)
{
	struct json_fault fault;
	struct columns columns = { .count = 0 };
	cJSON *tree = json_parse(json, strlen(json), &fault);
	const cJSON *items = json_get(tree, list), *item;
	int result = -1;

	if (cJSON_IsArray(items) && find_columns(&columns, items)) {
		put_members(out, tree, items);
		put_names(out, &columns);
		cJSON_ArrayForEach(item, items)
			put_item(out, &columns, item);
		result = out->failed ? -1 : 0;
	}
	cJSON_Delete(tree);
	return result;
}
