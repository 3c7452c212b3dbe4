/* SPDX-License-Identifier: MIT */
/* template.c - one walker over a text's parts, three kinds of place; see template.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/template.h"
#include "wire/json.h"

enum part { PART_END, PART_TEXT, PART_NAME, PART_BAD };

static enum part	part_next(const char **, const char **, size_t *);
static const cJSON	*argument(const cJSON *, const char *, size_t);
static enum template_result form_member(struct buf *, const char *, const cJSON *, const cJSON *,
		    const char **);

/* The next part of a text: a run of plain bytes, or a name between braces. */
static enum part
part_next(const char **at, const char **from, size_t *len)
{
	const char *p = *at;

	if (*p == '\0')
		return PART_END;
	if (*p == '{' && p[1] != '{') {
		*from = p + 1;
		*len = strspn(p + 1,
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		*at = p + *len + 2;
		return *len > 0 && p[*len + 1] == '}' ? PART_NAME : PART_BAD;
	}
	*from = p;
	if (*p == '{' || *p == '}') {
		*len = 1;
		*at = p + 2;
		return p[1] == *p ? PART_TEXT : PART_BAD;
	}
	*len = strcspn(p, "{}");
	*at = p + *len;
	return PART_TEXT;
}

/* The argument named; NULL when absent or null. */
static const cJSON *
argument(const cJSON *args, const char *name, size_t len)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, args)
		if (strlen(item->string) == len && memcmp(item->string, name, len) == 0)
			return cJSON_IsNull(item) ? NULL : item;
	return NULL;
}

/* Whether the whole text is one {name}. */
static bool
is_whole(const char *text, const char **name, size_t *len)
{
	const char *at = text;

	return part_next(&at, name, len) == PART_NAME && *at == '\0';
}

int
template_check(const char *text, const cJSON *known, char *why, size_t whylen)
{
	const char *at = text, *from;
	enum part part;
	size_t len;

	while ((part = part_next(&at, &from, &len)) != PART_END) {
		if (part == PART_BAD) {
			snprintf(why, whylen, "a brace that is not part of {name}; "
			    "write a literal one twice");
			return -1;
		}
		if (part == PART_NAME && argument(known, from, len) == NULL) {
			snprintf(why, whylen, "{%.*s}: no argument of this name; declare it in "
			    "inputSchema.properties", (int)len, from);
			return -1;
		}
	}
	return 0;
}

int
template_check_body(const cJSON *body, const cJSON *known, char *why, size_t whylen)
{
	const cJSON *child, *when = json_get(body, "$when");

	if (cJSON_IsString(body))
		return template_check(body->valuestring, known, why, whylen);
	if (when != NULL && (!cJSON_IsString(when) ||
	    json_get(known, when->valuestring) == NULL)) {
		snprintf(why, whylen, "\"$when\" must be the name of an argument");
		return -1;
	}
	cJSON_ArrayForEach(child, body)
		if (child != when && template_check_body(child, known, why, whylen) == -1)
			return -1;
	return 0;
}

bool
template_uses(const cJSON *body, const char *name)
{
	const cJSON *child, *when = json_get(body, "$when");
	const char *at = body->valuestring, *from;
	enum part part;
	size_t len;

	while (cJSON_IsString(body) && (part = part_next(&at, &from, &len)) != PART_END)
		if (part == PART_NAME && strlen(name) == len && memcmp(from, name, len) == 0)
			return true;
	/* What another argument decides on may be left out. */
	if (when != NULL && strcmp(when->valuestring, name) != 0)
		return false;
	cJSON_ArrayForEach(child, body)
		if (child != when && template_uses(child, name))
			return true;
	return false;
}

enum template_result
template_text(struct buf *out, const char *text, const cJSON *args, const char **why)
{
	const char *at = text, *from;
	const cJSON *value;
	size_t len, start = out->len;
	enum part part;

	while ((part = part_next(&at, &from, &len)) != PART_END) {
		if (part != PART_NAME) {
			buf_append(out, from, len);
			continue;
		}
		value = argument(args, from, len);
		if (value == NULL) {
			buf_truncate(out, start);
			return TEMPLATE_ABSENT;
		}
		if (cJSON_IsString(value))
			buf_puts(out, value->valuestring);
		else
			json_print(out, value);
	}
	if (out->failed) {
		*why = "the value is too long";
		return TEMPLATE_UNFIT;
	}
	return TEMPLATE_DONE;
}

bool
template_is_header(const char *text, size_t len)
{
	size_t i;

	/* C0 80 is U+0000: see wire/json.h. */
	for (i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f ||
		    (unsigned char)text[i] == 0xc0)
			return false;
	return true;
}

enum template_result
template_header(struct buf *out, const char *text, const cJSON *args, const char **why)
{
	enum template_result result;
	size_t start = out->len;

	result = template_text(out, text, args, why);
	if (result == TEMPLATE_DONE && !out->failed && out->len > start &&
	    !template_is_header(out->data + start, out->len - start)) {
		*why = "a header value cannot hold line ends or control characters";
		return TEMPLATE_UNFIT;
	}
	return result;
}

enum template_result
template_json(struct buf *out, const cJSON *body, const cJSON *args, const char **why)
{
	enum template_result result;
	const cJSON *child, *value, *when;
	size_t start = out->len, mark, len;
	const char *name;
	struct buf text;
	bool first = true, object = cJSON_IsObject(body);

	if (cJSON_IsString(body)) {
		if (is_whole(body->valuestring, &name, &len)) {
			value = argument(args, name, len);
			if (value == NULL)
				return TEMPLATE_ABSENT;
			json_print(out, value);
		} else {
			buf_init(&text, out->cap);
			result = template_text(&text, body->valuestring, args, why);
			if (result == TEMPLATE_DONE)
				json_quote(out, buf_str(&text));
			buf_finish(&text);
			if (result != TEMPLATE_DONE)
				return result;
		}
	} else if (object || cJSON_IsArray(body)) {
		when = json_get(body, "$when");
		if (when != NULL &&
		    argument(args, when->valuestring, strlen(when->valuestring)) == NULL)
			return TEMPLATE_ABSENT;
		buf_putc(out, object ? '{' : '[');
		cJSON_ArrayForEach(child, body) {
			mark = out->len;
			if (child == when)
				continue;
			if (!first)
				buf_putc(out, ',');
			if (object) {
				json_quote(out, child->string);
				buf_putc(out, ':');
			}
			result = template_json(out, child, args, why);
			if (result == TEMPLATE_UNFIT)
				return result;
			if (result == TEMPLATE_ABSENT)
				buf_truncate(out, mark);
			else
				first = false;
		}
		/* An object that was to hold arguments only, and got none, is absent itself. */
		if (first && body->child != NULL && start > 0) {
			buf_truncate(out, start);
			return TEMPLATE_ABSENT;
		}
		buf_putc(out, object ? '}' : ']');
	} else
		json_print(out, body);
	if (out->failed) {
		*why = "the body is too long";
		return TEMPLATE_UNFIT;
	}
	return TEMPLATE_DONE;
}

void
template_encode(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (isalnum(c) || c == '*' || c == '-' || c == '.' || c == '_')
			buf_putc(out, (char)c);
		else if (c == ' ')
			buf_putc(out, '+');
		else
			buf_printf(out, "%%%02X", c);
	}
}

/* One name=value, or one for each element of an array. */
static enum template_result
form_member(struct buf *out, const char *name, const cJSON *value, const cJSON *args,
    const char **why)
{
	enum template_result result = TEMPLATE_DONE;
	const cJSON *child;
	const char *arg;
	struct buf text;
	size_t len;

	if (cJSON_IsString(value) && args != NULL && is_whole(value->valuestring, &arg, &len)) {
		value = argument(args, arg, len);
		if (value == NULL)
			return TEMPLATE_ABSENT;
		args = NULL;	/* what came from an argument is no template */
	}
	if (cJSON_IsArray(value)) {
		cJSON_ArrayForEach(child, value) {
			result = form_member(out, name, child, args, why);
			if (result == TEMPLATE_UNFIT)
				return result;
		}
		return TEMPLATE_DONE;
	}
	if (cJSON_IsObject(value)) {
		*why = "an object cannot be a form value";
		return TEMPLATE_UNFIT;
	}
	buf_init(&text, out->cap);
	if (cJSON_IsString(value) && args != NULL)
		result = template_text(&text, value->valuestring, args, why);
	else if (cJSON_IsString(value))
		buf_puts(&text, value->valuestring);
	else
		json_print(&text, value);
	if (text.failed)
		out->failed = true;	/* template_form() says it; half a value is not sent */
	if (result == TEMPLATE_DONE && strstr(buf_str(&text), "\xc0\x80") != NULL) {
		*why = "a form value cannot hold U+0000";
		result = TEMPLATE_UNFIT;
	}
	if (result == TEMPLATE_DONE) {
		if (out->len > 0)
			buf_putc(out, '&');
		template_encode(out, name);
		buf_putc(out, '=');
		template_encode(out, buf_str(&text));
	}
	buf_finish(&text);
	return result;
}

enum template_result
template_form(struct buf *out, const cJSON *body, const cJSON *args, const char **why)
{
	const cJSON *child, *when = json_get(body, "$when");

	if (when != NULL && argument(args, when->valuestring, strlen(when->valuestring)) == NULL)
		return TEMPLATE_ABSENT;
	cJSON_ArrayForEach(child, body)
		if (child != when &&
		    form_member(out, child->string, child, args, why) == TEMPLATE_UNFIT)
			return TEMPLATE_UNFIT;
	if (out->failed) {
		*why = "the body is too long";
		return TEMPLATE_UNFIT;
	}
	return TEMPLATE_DONE;
}
