/* SPDX-License-Identifier: MIT */
/*
 * json.c - the tree: printing it, looking into it, adding to it; see json.h. Reading is in
 * json_read.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/json.h"
#include "wire/utf8.h"

void
json_place(const char *text, size_t offset, size_t *line, size_t *column)
{
	size_t i;

	*line = *column = 1;
	for (i = 0; i < offset && text[i] != '\0'; i++) {
		if (text[i] == '\n') {
			(*line)++;
			*column = 1;
		} else
			(*column)++;
	}
}

int
json_quote(struct buf *out, const char *s)
{
	static const char escaped[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *p, *from;
	size_t n;

	buf_putc(out, '"');
	for (p = from = s; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		const char *e;

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
			continue;
		if (c >= 0x80 && (n = utf8_length((const unsigned char *)p, 4)) > 0) {
			p += n - 1;
			continue;
		}
		buf_append(out, from, (size_t)(p - from));
		from = p + 1;
		if (c == 0xc0 && (unsigned char)p[1] == 0x80) {
			buf_puts(out, "\\u0000");
			from = ++p + 1;
		} else if (c >= 0x80)
			buf_puts(out, "\xef\xbf\xbd");
		else if ((e = strchr(escaped, c)) != NULL)
			buf_append(out, (char[]){ '\\', letter[e - escaped] }, 2);
		else
			buf_printf(out, "\\u%04x", c);
	}
	buf_append(out, from, (size_t)(p - from));
	return buf_putc(out, '"');
}

static int
print_number(struct buf *out, const cJSON *item)
{
	double d = item->valuedouble;

	if (item->valuestring != NULL)
		return buf_puts(out, item->valuestring);
	if (d >= -9007199254740992.0 && d <= 9007199254740992.0 && d == (double)(int64_t)d)
		return buf_int(out, (int64_t)d);
	if (!isfinite(d)) {
		out->failed = true;
		return -1;
	}
	return buf_printf(out, "%.17g", d);
}

int
json_print(struct buf *out, const cJSON *item)
{
	const cJSON *child;

	switch (item->type & 0xff) {
	case cJSON_False:
		return buf_puts(out, "false");
	case cJSON_True:
		return buf_puts(out, "true");
	case cJSON_NULL:
		return buf_puts(out, "null");
	case cJSON_Number:
		return print_number(out, item);
	case cJSON_String:
		return json_quote(out, item->valuestring);
	case cJSON_Array:
		buf_putc(out, '[');
		cJSON_ArrayForEach(child, item) {
			if (child != item->child)
				buf_putc(out, ',');
			json_print(out, child);
		}
		return buf_putc(out, ']');
	case cJSON_Object:
		buf_putc(out, '{');
		cJSON_ArrayForEach(child, item) {
			if (child != item->child)
				buf_putc(out, ',');
			json_quote(out, child->string);
			buf_putc(out, ':');
			json_print(out, child);
		}
		return buf_putc(out, '}');
	default:
		out->failed = true;	/* or the containers around it would not notice */
		return -1;
	}
}

static int
pretty(struct buf *out, const cJSON *item, int depth)
{
	bool array = cJSON_IsArray(item);
	const cJSON *child;

	if ((!array && !cJSON_IsObject(item)) || item->child == NULL)
		return json_print(out, item);
	buf_putc(out, array ? '[' : '{');
	cJSON_ArrayForEach(child, item) {
		buf_printf(out, "%s\n%*s", child == item->child ? "" : ",", 2 * depth + 2, "");
		if (!array) {
			json_quote(out, child->string);
			buf_puts(out, ": ");
		}
		pretty(out, child, depth + 1);
	}
	buf_printf(out, "\n%*s", 2 * depth, "");
	return buf_putc(out, array ? ']' : '}');
}

int
json_pretty(struct buf *out, const cJSON *item)
{
	return pretty(out, item, 0);
}

static int
compare_members(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

static bool
is_among(const char *name, const char *const *names)
{
	for (; names != NULL && *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

int
json_canonical(struct buf *out, const cJSON *item, const char *const *without)
{
	const cJSON *child, **members;
	size_t i, count = 0;
	int result = 0;

	if (cJSON_IsArray(item)) {
		buf_putc(out, '[');
		cJSON_ArrayForEach(child, item) {
			if (child != item->child)
				buf_putc(out, ',');
			if (json_canonical(out, child, NULL) == -1)
				return -1;
		}
		return buf_putc(out, ']');
	}
	if (!cJSON_IsObject(item))
		return json_print(out, item);
	members = malloc(((size_t)cJSON_GetArraySize(item) + 1) * sizeof *members);
	if (members == NULL)
		return -1;
	cJSON_ArrayForEach(child, item)
		if (!is_among(child->string, without))
			members[count++] = child;
	qsort(members, count, sizeof *members, compare_members);
	buf_putc(out, '{');
	for (i = 0; i < count && result == 0; i++) {
		if (i > 0)
			buf_putc(out, ',');
		json_quote(out, members[i]->string);
		buf_putc(out, ':');
		result = json_canonical(out, members[i], NULL);
	}
	free(members);
	return buf_putc(out, '}') == -1 ? -1 : result;
}

cJSON *
json_get(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *
json_str(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(json_get(object, name));
}

bool
json_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(json_get(object, name));
}

/* From 2^53 on a double has no fraction, and far beyond it does not fit an int64_t. */
static bool
is_whole(double d)
{
	if (!isfinite(d))
		return false;
	return fabs(d) >= 9007199254740992.0 || d == (double)(int64_t)d;
}

/*
 * By the text, since a double cannot tell: count the digits after the point
 * that are not trailing zeros and compare with the exponent.
 */
bool
json_is_integer(const cJSON *item)
{
	const char *p, *point, *last = NULL;
	long exponent, fraction = 0, zeros = 0;
	bool zero = true;

	if (!cJSON_IsNumber(item))
		return false;
	if (item->valuestring == NULL)
		return is_whole(item->valuedouble);
	point = NULL;
	for (p = item->valuestring; *p != '\0' && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.')
			point = p;
		else if (*p >= '1' && *p <= '9') {
			zero = false;
			last = p;
		}
	}
	if (zero)
		return true;
	exponent = *p == '\0' ? 0 : strtol(p + 1, NULL, 10);
	if (point != NULL && last > point)
		fraction = (long)(last - point);
	else
		zeros = (long)((point == NULL ? p : point) - last) - 1;
	return fraction > 0 ? exponent >= fraction : exponent >= -zeros;
}

int
json_integer(const cJSON *item, int64_t *out)
{
	double d;

	if (!json_is_integer(item))
		return -1;
	d = item->valuedouble;
	/* 2^53 itself is out: 2^53 + 1 has the same double. */
	if (fabs(d) >= 9007199254740992.0)
		return -1;
	*out = (int64_t)d;
	return 0;
}

bool
json_has_nul(const cJSON *item)
{
	const cJSON *child;

	if (item == NULL)
		return false;
	if ((cJSON_IsString(item) && strstr(item->valuestring, "\xc0\x80") != NULL) ||
	    (item->string != NULL && strstr(item->string, "\xc0\x80") != NULL))
		return true;
	cJSON_ArrayForEach(child, item)
		if (json_has_nul(child))
			return true;
	return false;
}

cJSON *
json_int(int64_t value)
{
	char text[32];
	cJSON *item = cJSON_CreateNumber((double)value);

	if (item == NULL)
		return NULL;
	snprintf(text, sizeof text, "%" PRId64, value);
	item->valuestring = strdup(text);
	if (item->valuestring == NULL) {
		cJSON_Delete(item);
		return NULL;
	}
	return item;
}

int
json_put(cJSON *object, const char *name, cJSON *item)
{
	if (item == NULL || object == NULL || !cJSON_AddItemToObject(object, name, item)) {
		cJSON_Delete(item);
		return -1;
	}
	return 0;
}

int
json_replace(cJSON *object, cJSON *old, cJSON *item)
{
	if (item == NULL)
		return -1;
	if ((item->type & cJSON_StringIsConst) == 0)
		free(item->string);
	item->string = old->string;
	item->type = (item->type & ~cJSON_StringIsConst) | (old->type & cJSON_StringIsConst);
	old->string = NULL;
	cJSON_ReplaceItemViaPointer(object, old, item);
	return 0;
}

int
json_push(cJSON *array, cJSON *item)
{
	if (item == NULL || array == NULL || !cJSON_AddItemToArray(array, item)) {
		cJSON_Delete(item);
		return -1;
	}
	return 0;
}

/* An item with a value that it does not own. NULL: out of memory. */
static cJSON *
borrow_value(const cJSON *value)
{
	cJSON *item = cJSON_CreateNull();

	if (item != NULL)
		*item = (cJSON){
			.type = (value->type & 0xff) | cJSON_IsReference, .child = value->child,
			.valuestring = value->valuestring, .valueint = value->valueint,
			.valuedouble = value->valuedouble,
		};
	return item;
}

cJSON *
json_borrow(const cJSON *object, const char *without)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *child;

	cJSON_ArrayForEach(child, object) {
		if (without != NULL && strcmp(child->string, without) == 0)
			continue;
		if (json_put(out, child->string, borrow_value(child)) == -1) {
			cJSON_Delete(out);
			return NULL;
		}
	}
	return out;
}
