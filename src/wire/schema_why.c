/* SPDX-License-Identifier: MIT */
/*
 * schema_why.c - places and reasons, in words that help whoever made the value.
 *
 * A reason says what would be right, never what the value's text was: it may be
 * shown to others than the sender. Everything is cut to the size of the fault.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/schema_node.h"

#define NAME_MAX_SHOWN	64
#define VALUE_MAX_SHOWN	120

static void	 text_add(char *, size_t, const char *, va_list)
		    __attribute__((format(printf, 3, 0)));
static void	 path_add(struct schema_fault *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));
static void	 path_name(struct schema_fault *, const char *);
static void	 path_of_place(struct schema_fault *, const struct place *);
static bool	 path_of_item(struct schema_fault *, const struct place *, const cJSON *, int);
static void	 wanted_type(struct schema_fault *, const struct node *, const char *);
static void	 wanted_size(struct schema_fault *, const struct rule *, const struct rule *,
		    const char *);
static void	 wanted_range(struct schema_fault *, const struct node *);

/* The length of `s` cut to at most `max` bytes between two characters. */
static size_t
cut(const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);

	if (n <= max)
		return n;
	n = max;
	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Append to the text in `text`; what does not fit becomes "...", and nothing follows that. */
static void
text_add(char *text, size_t size, const char *fmt, va_list ap)
{
	size_t len = strlen(text);
	int n;

	if (len + 8 > size && len > 3 && strcmp(text + len - 3, "...") == 0)
		return;
	n = vsnprintf(text + len, size - len, fmt, ap);
	if (n >= 0 && (size_t)n < size - len)
		return;
	len = cut(text, size - 4);
	memcpy(text + len, "...", 4);
}

void
why_add(struct schema_fault *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_add(f->why, sizeof f->why, fmt, ap);
	va_end(ap);
}

static void
path_add(struct schema_fault *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_add(f->path, sizeof f->path, fmt, ap);
	va_end(ap);
}

/* In quotes, without control characters: names come from outside. */
void
why_name(struct schema_fault *f, const char *name)
{
	char shown[NAME_MAX_SHOWN + 1];
	size_t i, n = cut(name, NAME_MAX_SHOWN);

	for (i = 0; i < n; i++)
		shown[i] = (unsigned char)name[i] < ' ' || name[i] == '\x7f' ? '?' : name[i];
	shown[n] = '\0';
	why_add(f, "\"%s%s\"", shown, name[n] == '\0' ? "" : "...");
}

void
why_value(struct schema_fault *f, const cJSON *value)
{
	struct buf text;

	buf_init(&text, VALUE_MAX_SHOWN);
	json_print(&text, value);
	why_add(f, "%s", text.failed ? "..." : buf_str(&text));
	buf_finish(&text);
}

static void
path_name(struct schema_fault *f, const char *name)
{
	size_t n;

	path_add(f, "/");
	while (*name != '\0') {
		n = strcspn(name, "~/");
		path_add(f, "%.*s", (int)n, name);
		name += n;
		if (*name != '\0')
			path_add(f, "%s", *name++ == '~' ? "~0" : "~1");
	}
}

static void
path_of_place(struct schema_fault *f, const struct place *at)
{
	if (at->up == NULL)
		return;
	path_of_place(f, at->up);
	if (at->name != NULL)
		path_name(f, at->name);
	else
		path_add(f, "/%zu", at->index);
}

/* Whether `target` is at or below the place; then the path becomes the way to it. */
static bool
path_of_item(struct schema_fault *f, const struct place *at, const cJSON *target, int depth)
{
	struct place below = { .up = at };
	const cJSON *child;

	if (at->item == target) {
		path_of_place(f, at);
		return true;
	}
	if (depth >= LIMIT_SCHEMA_DEPTH)
		return false;
	cJSON_ArrayForEach(child, at->item) {
		below.item = child;
		below.name = cJSON_IsObject(at->item) ? child->string : NULL;
		if (path_of_item(f, &below, target, depth + 1))
			return true;
		below.index++;
	}
	return false;
}

int
compile_refuse(struct compiler *c, const cJSON *at, const char *fmt, ...)
{
	struct place root = { .item = c->schema->json };
	va_list ap;

	memset(c->fault, 0, sizeof *c->fault);
	path_of_item(c->fault, &root, at, 0);
	va_start(ap, fmt);
	text_add(c->fault->why, sizeof c->fault->why, fmt, ap);
	va_end(ap);
	return -1;
}

int
compile_memory(struct compiler *c)
{
	memset(c->fault, 0, sizeof *c->fault);
	why_add(c->fault, "out of memory");
	return -1;
}

bool
judge_explain(struct judge *j, const struct place *at)
{
	if (j->fault == NULL)
		return false;
	memset(j->fault, 0, sizeof *j->fault);
	path_of_place(j->fault, at);
	return true;
}

int
judge_fail(struct judge *j, const struct visit *v, const char *fmt, ...)
{
	va_list ap;

	if (!judge_explain(j, v->at))
		return 1;
	va_start(ap, fmt);
	text_add(j->fault->why, sizeof j->fault->why, fmt, ap);
	va_end(ap);
	return 1;
}

int
judge_stop(struct judge *j, const struct place *at, const char *why)
{
	memset(j->stop, 0, sizeof *j->stop);
	path_of_place(j->stop, at);
	why_add(j->stop, "%s", why);
	return -1;
}

const char *
why_kind(const cJSON *instance)
{
	if (cJSON_IsString(instance))
		return "a string";
	if (cJSON_IsNumber(instance))
		return number_is_integer(instance) ? "a number" : "a number with a fraction";
	if (cJSON_IsArray(instance))
		return "an array";
	if (cJSON_IsObject(instance))
		return "an object";
	return cJSON_IsNull(instance) ? "null" : "a boolean";
}

/* " of 1 to 10 items" */
static void
wanted_size(struct schema_fault *f, const struct rule *min, const struct rule *max,
    const char *unit)
{
	int64_t last = max != NULL ? max->number : min != NULL ? min->number : 0;

	if (min == NULL && max == NULL)
		return;
	if (min == NULL || max == NULL)
		why_add(f, " of at %s %lld", max == NULL ? "least" : "most", (long long)last);
	else if (min->number == max->number)
		why_add(f, " of exactly %lld", (long long)last);
	else
		why_add(f, " of %lld to %lld", (long long)min->number, (long long)last);
	why_add(f, " %s%s", unit, last == 1 ? "" : "s");
}

static void
wanted_range(struct schema_fault *f, const struct node *node)
{
	static const char *const bounds[][2] = {
		{ "minimum", "of at least" }, { "exclusiveMinimum", "above" },
		{ "maximum", "of at most" }, { "exclusiveMaximum", "below" },
	};
	const struct rule *rule[4];
	char room[2][NUMBER_TEXT];
	const char *join = "";
	size_t i;

	for (i = 0; i < 4; i++)
		rule[i] = node_rule(node, bounds[i][0]);
	if (rule[0] != NULL && rule[2] != NULL && rule[1] == NULL && rule[3] == NULL) {
		why_add(f, " from %s to %s", number_text(rule[0]->value, room[0]),
		    number_text(rule[2]->value, room[1]));
		return;
	}
	for (i = 0; i < 4; i++) {
		if (rule[i] == NULL)
			continue;
		why_add(f, "%s %s %s", join, bounds[i][1], number_text(rule[i]->value, room[0]));
		join = " and";
	}
}

/* A type's name with the bounds that the node has for it. */
static void
wanted_type(struct schema_fault *f, const struct node *node, const char *type)
{
	static const struct {
		const char	*type, *noun, *unit, *min, *max;
	} kinds[] = {
		{ "string", "a string", "character", "minLength", "maxLength" },
		{ "array", "an array", "item", "minItems", "maxItems" },
		{ "object", "an object", "member", "minProperties", "maxProperties" },
		{ "integer", "an integer", NULL, NULL, NULL },
		{ "number", "a number", NULL, NULL, NULL },
		{ "boolean", "true or false", "", NULL, NULL },
		{ "null", "null", "", NULL, NULL },
	};
	size_t i;

	for (i = 0; strcmp(kinds[i].type, type) != 0; i++)
		continue;
	why_add(f, "%s", kinds[i].noun);
	if (kinds[i].min != NULL)
		wanted_size(f, node_rule(node, kinds[i].min), node_rule(node, kinds[i].max),
		    kinds[i].unit);
	else if (kinds[i].unit == NULL)
		wanted_range(f, node);
}

static const char *
type_name(const struct node *node, const cJSON *instance)
{
	const struct rule *type = node_rule(node, "type");

	if (!cJSON_IsNumber(instance))
		return cJSON_IsString(instance) ? "string" :
		    cJSON_IsArray(instance) ? "array" :
		    cJSON_IsObject(instance) ? "object" :
		    cJSON_IsNull(instance) ? "null" : "boolean";
	return type != NULL && cJSON_IsString(type->value) ? type->value->valuestring : "number";
}

void
why_wanted(struct schema_fault *f, const struct node *node, const cJSON *instance)
{
	const struct rule *type = node_rule(node, "type");
	const cJSON *item;

	if (instance != NULL || type == NULL)
		wanted_type(f, node, type_name(node, instance));
	else if (cJSON_IsString(type->value))
		wanted_type(f, node, type->value->valuestring);
	else
		cJSON_ArrayForEach(item, type->value) {
			if (item != type->value->child)
				why_add(f, item->next == NULL ? " or " : ", ");
			wanted_type(f, node, item->valuestring);
		}
}
