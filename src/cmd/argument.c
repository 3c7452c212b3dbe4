/* SPDX-License-Identifier: MIT */
/* argument.c - see argument.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "cmd/argument.h"
#include "mcp/service.h"
#include "wire/json.h"
#include "wire/pointer.h"
#include "wire/utf8.h"

#define REFS	8	/* a $ref that leads to another, an array of arrays, and so on */

/* ====== what the schema says of one ====== */

/* The schema itself, behind references into `root`; NULL: there is none. */
static const cJSON *
resolve(const cJSON *root, const cJSON *schema)
{
	const char *ref;
	int i;

	for (i = 0; i < REFS && (ref = json_str(schema, "$ref")) != NULL && *ref == '#'; i++)
		schema = pointer_get(root, ref + 1);
	return schema;
}

static const cJSON *
schema_of(const struct tool *t, const char *name)
{
	return resolve(t->input, json_get(json_get(t->input, "properties"), name));
}

bool
argument_is_required(const struct tool *t, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, json_get(t->input, "required"))
		if (cJSON_IsString(one) && strcmp(one->valuestring, name) == 0)
			return true;
	return false;
}

/* Values with commas between them, strings without quotes. */
static void
put_values(struct buf *out, const cJSON *values)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, values) {
		buf_puts(out, one == values->child ? "" : ", ");
		if (cJSON_IsString(one))
			buf_puts(out, one->valuestring);
		else
			json_print(out, one);
	}
}

static void
put_range(struct buf *out, const cJSON *schema)
{
	const cJSON *least = json_get(schema, "minimum"), *most = json_get(schema, "maximum");

	if (least != NULL) {
		buf_puts(out, most == NULL ? ", at least " : ", ");
		json_print(out, least);
	}
	if (most != NULL) {
		buf_puts(out, least == NULL ? ", at most " : " to ");
		json_print(out, most);
	}
}

static void
put_type(struct buf *out, const cJSON *root, const cJSON *schema, int depth)
{
	const cJSON *type = json_get(schema, "type"), *value = json_get(schema, "enum");
	const cJSON *items = resolve(root, json_get(schema, "items"));

	if (value != NULL) {
		buf_puts(out, "one of ");
		put_values(out, value);
	} else if ((value = json_get(schema, "const")) != NULL) {
		buf_puts(out, "always ");
		json_print(out, value);
	} else if (cJSON_IsArray(type)) {
		buf_puts(out, "one of the types ");
		put_values(out, type);
	} else if (!cJSON_IsString(type))
		buf_puts(out, "any value");
	else if (strcmp(type->valuestring, "array") == 0 && items != NULL && depth < REFS) {
		buf_puts(out, "array of ");
		put_type(out, root, items, depth + 1);
	} else
		buf_puts(out, type->valuestring);
	if (json_str(schema, "format") != NULL)
		buf_printf(out, " (%s)", json_str(schema, "format"));
	put_range(out, schema);
}

int
argument_type(struct buf *out, const struct tool *t, const char *name)
{
	const cJSON *schema = schema_of(t, name), *fallback = json_get(schema, "default");

	put_type(out, t->input, schema, 0);
	if (fallback != NULL) {
		buf_puts(out, ", default ");
		json_print(out, fallback);
	}
	return out->failed ? -1 : 0;
}

/* Types whose values are written as JSON: how that is said, and an example. */
static const struct written {
	const char	*type, *said, *example;
} written[] = {
	{ "number", "a number", "=1.5" },
	{ "integer", "an integer", "=7" },
	{ "boolean", "true or false", "=true" },
	{ "array", "an array as JSON", "='[\"one\",\"two\"]'" },
	{ "object", "an object as JSON", "='{\"member\":\"value\"}'" },
}, raw_json = { NULL, "JSON", ":='\"text\"'" };

/* How a value is to be written; NULL: as text. */
static const struct written *
written_as(const struct tool *t, const char *name)
{
	const char *type = json_str(schema_of(t, name), "type");
	size_t i;

	for (i = 0; type != NULL && i < sizeof written / sizeof written[0]; i++)
		if (strcmp(type, written[i].type) == 0)
			return &written[i];
	return NULL;
}

/* ====== what the command line says of one ====== */

static int
fail(char *why, size_t whylen, const char *name, const char *what)
{
	snprintf(why, whylen, "%.*s: %s", LIMIT_TOOL_NAME, name, what);
	return -1;
}

static bool
is_text(const struct buf *value)
{
	const char *p = buf_str(value);
	size_t i, n;

	for (i = 0; i < value->len; i += n) {
		n = p[i] == '\0' ? 0 : utf8_length((const unsigned char *)p + i, value->len - i);
		if (n == 0)
			return false;
	}
	return true;
}

/* Put a value under its name. `as` NULL: it is text. */
static int
put(cJSON *args, const char *name, const struct buf *value, const struct written *as, char *why,
    size_t whylen)
{
	char what[LIMIT_TOOL_NAME + 256];
	struct json_fault fault;
	cJSON *item;

	if (json_get(args, name) != NULL)
		return fail(why, whylen, name, "is given twice");
	if (as == NULL && !is_text(value))
		return fail(why, whylen, name, "must be UTF-8 without a NUL");
	item = as == NULL ? cJSON_CreateString(buf_str(value)) :
	    json_parse(buf_str(value), value->len, &fault);
	if (item == NULL && as != NULL && !fault.memory) {
		snprintf(what, sizeof what, "takes %s, such as %s%s (at byte %zu: %s)", as->said,
		    name, as->example, fault.offset, fault.why);
		return fail(why, whylen, name, what);
	}
	return json_put(args, name, item) == 0 ? 0 : fail(why, whylen, name, "out of memory");
}

int
argument_put(cJSON *args, const struct tool *t, const char *word, char *why, size_t whylen)
{
	const char *equals = strchr(word, '=');
	char name[LIMIT_TOOL_NAME + 1];
	struct buf value;
	size_t len;
	bool raw;
	int result;

	raw = equals != NULL && equals > word && equals[-1] == ':';
	len = equals == NULL ? 0 : (size_t)(equals - word) - raw;
	if (len == 0 || len >= sizeof name) {
		snprintf(why, whylen, "\"%.64s\" is no argument; write NAME=VALUE, NAME=@FILE or "
		    "NAME:=JSON", word);
		return -1;
	}
	snprintf(name, sizeof name, "%.*s", (int)len, word);
	buf_init(&value, LIMIT_SERVICE_FILE);
	if (equals[1] == '@')
		result = file_read(&value, equals + 2, why, whylen);
	else if ((result = buf_puts(&value, equals + 1)) == -1)
		fail(why, whylen, name, "is too long");
	if (result == 0)
		result = put(args, name, &value, raw ? &raw_json : written_as(t, name), why,
		    whylen);
	buf_finish(&value);
	return result;
}

static int
read_input(struct buf *out, char *why, size_t whylen)
{
	char chunk[8192];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0 || (n == -1 && errno == EINTR))
		if (n > 0 && buf_append(out, chunk, (size_t)n) == -1) {
			snprintf(why, whylen, "the standard input is longer than %zu bytes",
			    out->cap);
			return -1;
		}
	if (n == -1)
		snprintf(why, whylen, "the standard input cannot be read: %s", strerror(errno));
	return n == -1 ? -1 : 0;
}

int
argument_read(cJSON *args, const char *path, char *why, size_t whylen)
{
	const char *from = strcmp(path, "-") == 0 ? "the standard input" : path;
	struct json_fault fault;
	size_t line, column;
	cJSON *tree = NULL, *one;
	struct buf text;
	int result = -1;

	buf_init(&text, LIMIT_SERVICE_FILE);
	if ((from == path ? file_read(&text, path, why, whylen) :
	    read_input(&text, why, whylen)) == -1)
		goto out;
	tree = json_parse(buf_str(&text), text.len, &fault);
	if (!cJSON_IsObject(tree)) {
		json_place(buf_str(&text), tree == NULL ? fault.offset : 0, &line, &column);
		snprintf(why, whylen, "%s:%zu:%zu: %s", from, line, column, tree == NULL ?
		    fault.why : "the arguments are one JSON object, {\"NAME\":VALUE}");
		goto out;
	}
	while ((one = tree->child) != NULL) {
		one = cJSON_DetachItemViaPointer(tree, one);
		if (json_get(args, one->string) != NULL) {
			fail(why, whylen, one->string, "is given twice");
			cJSON_Delete(one);
			goto out;
		}
		if (!cJSON_AddItemToArray(args, one)) {	/* it keeps its name */
			cJSON_Delete(one);
			snprintf(why, whylen, "out of memory");
			goto out;
		}
	}
	result = 0;
out:
	cJSON_Delete(tree);
	buf_finish(&text);
	return result;
}
