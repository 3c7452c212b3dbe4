/* SPDX-License-Identifier: MIT */
/*
 * json_read.c - the recursive descent parser of json.h: values, containers, strings,
 * numbers. The tree is built with cJSON's allocator, so cJSON_Delete() frees it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/utf8.h"

struct reader {
	const char		*text;
	size_t			 len;
	size_t			 at;
	int			 depth;
	size_t			 nodes;
	size_t			 most;		/* nodes */
	struct json_fault	*fault;
};

static cJSON	*read_value(struct reader *);
static cJSON	*read_array(struct reader *);
static cJSON	*read_object(struct reader *);
static int	 read_unique(struct reader *, const cJSON *, size_t);
static char	*read_string(struct reader *);
static int	 read_escape(struct reader *, struct buf *);
static cJSON	*read_number(struct reader *);
static cJSON	*read_word(struct reader *, const char *, cJSON *(*)(void));

static void *
refuse(struct reader *r, const char *why)
{
	if (r->fault->why == NULL) {
		r->fault->why = why;
		r->fault->offset = r->at;
	}
	return NULL;
}

static void *
refuse_memory(struct reader *r)
{
	if (r->fault->why == NULL)
		r->fault->memory = true;
	return refuse(r, "out of memory");
}

static int
peek(const struct reader *r)
{
	return r->at < r->len ? (unsigned char)r->text[r->at] : -1;
}

static void
skip_space(struct reader *r)
{
	int c;

	while ((c = peek(r)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		r->at++;
}

cJSON *
json_parse(const char *text, size_t len, struct json_fault *fault)
{
	return json_parse_most(text, len, LIMIT_JSON_NODES, fault);
}

cJSON *
json_parse_most(const char *text, size_t len, size_t nodes, struct json_fault *fault)
{
	struct reader r = { .text = text, .len = len, .most = nodes, .fault = fault };
	cJSON *item;

	memset(fault, 0, sizeof *fault);
	item = read_value(&r);
	if (item == NULL)
		return NULL;
	skip_space(&r);
	if (r.at < r.len) {
		cJSON_Delete(item);
		return refuse(&r, "text goes on after the value");
	}
	return item;
}

static cJSON *
read_value(struct reader *r)
{
	cJSON *item = NULL;
	char *s;

	skip_space(r);
	if (r->depth >= LIMIT_JSON_DEPTH)
		return refuse(r, "nested too deeply");
	if (++r->nodes > r->most)
		return refuse(r, "too many values");
	r->depth++;
	switch (peek(r)) {
	case '{':
		item = read_object(r);
		break;
	case '[':
		item = read_array(r);
		break;
	case '"':
		s = read_string(r);
		if (s == NULL)
			break;
		item = cJSON_CreateNull();
		if (item == NULL) {
			free(s);
			refuse_memory(r);
			break;
		}
		item->type = cJSON_String;
		item->valuestring = s;
		break;
	case 't':
		item = read_word(r, "true", cJSON_CreateTrue);
		break;
	case 'f':
		item = read_word(r, "false", cJSON_CreateFalse);
		break;
	case 'n':
		item = read_word(r, "null", cJSON_CreateNull);
		break;
	case -1:
		refuse(r, "the text ends where a value should be");
		break;
	default:
		item = read_number(r);
	}
	r->depth--;
	return item;
}

static cJSON *
read_array(struct reader *r)
{
	cJSON *array = cJSON_CreateArray(), *item;

	if (array == NULL)
		return refuse_memory(r);
	r->at++;
	skip_space(r);
	if (peek(r) == ']') {
		r->at++;
		return array;
	}
	for (;;) {
		item = read_value(r);
		if (item == NULL)
			break;
		cJSON_AddItemToArray(array, item);
		skip_space(r);
		if (peek(r) == ']') {
			r->at++;
			return array;
		}
		if (peek(r) != ',') {
			refuse(r, "an array goes on with ',' or ends with ']'");
			break;
		}
		r->at++;
	}
	cJSON_Delete(array);
	return NULL;
}

static cJSON *
read_object(struct reader *r)
{
	cJSON *object = cJSON_CreateObject(), *item;
	size_t count = 0;
	char *name;

	if (object == NULL)
		return refuse_memory(r);
	r->at++;
	skip_space(r);
	if (peek(r) == '}') {
		r->at++;
		return object;
	}
	for (;;) {
		skip_space(r);
		if (peek(r) != '"') {
			refuse(r, "a member begins with its name in quotes");
			break;
		}
		name = read_string(r);
		if (name == NULL)
			break;
		skip_space(r);
		if (peek(r) != ':') {
			free(name);
			refuse(r, "a member's name is followed by ':'");
			break;
		}
		r->at++;
		item = read_value(r);
		if (item == NULL) {
			free(name);
			break;
		}
		item->string = name;
		cJSON_AddItemToArray(object, item);
		count++;
		skip_space(r);
		if (peek(r) == '}') {
			if (read_unique(r, object, count) == -1)
				break;
			r->at++;
			return object;
		}
		if (peek(r) != ',') {
			refuse(r, "an object goes on with ',' or ends with '}'");
			break;
		}
		r->at++;
	}
	cJSON_Delete(object);
	return NULL;
}

static int
compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* No two members of one name: sorted, so that a million names cost no square. */
static int
read_unique(struct reader *r, const cJSON *object, size_t count)
{
	const char *few[32], **names = few;
	const cJSON *item;
	size_t i = 0;
	int result = 0;

	if (count < 2)
		return 0;
	/* Two or three are compared faster than sorted. */
	if (count <= 3) {
		for (item = object->child; item != NULL && result == 0; item = item->next)
			if ((item->next != NULL && strcmp(item->string, item->next->string) == 0) ||
			    (item->next != NULL && item->next->next != NULL &&
			    strcmp(item->string, item->next->next->string) == 0)) {
				refuse(r, "an object has two members of one name");
				result = -1;
			}
		return result;
	}
	if (count > sizeof few / sizeof few[0])
		names = malloc(count * sizeof *names);
	if (names == NULL) {
		refuse_memory(r);
		return -1;
	}
	cJSON_ArrayForEach(item, object)
		names[i++] = item->string;
	qsort(names, count, sizeof *names, compare_names);
	for (i = 1; i < count; i++)
		if (strcmp(names[i - 1], names[i]) == 0) {
			refuse(r, "an object has two members of one name");
			result = -1;
			break;
		}
	if (names != few)
		free(names);
	return result;
}

/*
 * The bytes up to the closing quote: no string is longer once unescaped. As the
 * buffer's cap this keeps 200,000 short strings from taking 256 bytes each.
 */
static size_t
raw_length(const struct reader *r)
{
	size_t i;

	for (i = r->at; i < r->len && r->text[i] != '"'; i++)
		if (r->text[i] == '\\')
			i++;
	return i - r->at;
}

/* Bytes from `at` on that stand for themselves: ASCII without quotes, backslashes, controls. */
static size_t
plain_length(const struct reader *r, size_t at)
{
	const unsigned char *p = (const unsigned char *)r->text + at;
	size_t n = 0;

	while (n < r->len - at && p[n] >= 0x20 && p[n] < 0x80 && p[n] != '"' && p[n] != '\\')
		n++;
	return n;
}

/* A string's bytes, NUL-terminated; the caller frees them. NULL with the fault set. */
static char *
read_string(struct reader *r)
{
	const char *from;
	struct buf s;
	size_t n;
	char *taken;
	int c;

	r->at++;
	/* Most strings are plain to their end. */
	n = plain_length(r, r->at);
	if (r->at + n < r->len && r->text[r->at + n] == '"') {
		taken = malloc(n + 1);
		if (taken == NULL) {
			refuse_memory(r);
			return NULL;
		}
		memcpy(taken, r->text + r->at, n);
		taken[n] = '\0';
		r->at += n + 1;
		return taken;
	}
	buf_init(&s, raw_length(r));
	while ((c = peek(r)) != '"') {
		from = r->text + r->at;
		if (c == -1) {
			refuse(r, "a string is not closed");
			goto fail;
		}
		if (c < 0x20) {
			refuse(r, "a control character stands in a string unescaped");
			goto fail;
		}
		if (c == '\\') {
			if (read_escape(r, &s) == -1)
				goto fail;
			continue;
		}
		n = utf8_length((const unsigned char *)from, r->len - r->at);
		if (n == 0) {
			refuse(r, "the text is not UTF-8");
			goto fail;
		}
		/* Plain ASCII goes in one piece. */
		n += plain_length(r, r->at + n);
		if (buf_append(&s, from, n) == -1) {
			refuse_memory(r);
			goto fail;
		}
		r->at += n;
	}
	r->at++;
	taken = buf_take(&s);
	if (taken == NULL)
		refuse_memory(r);
	return taken;
fail:
	buf_finish(&s);
	return NULL;
}

static int
read_hex4(struct reader *r, unsigned *out)
{
	unsigned v = 0;
	int i, c;

	for (i = 0; i < 4; i++, r->at++) {
		c = peek(r);
		if (c >= '0' && c <= '9')
			v = v << 4 | (unsigned)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (unsigned)((c | 0x20) - 'a' + 10);
		else {
			refuse(r, "\\u is followed by four hex digits");
			return -1;
		}
	}
	*out = v;
	return 0;
}

static int
read_escape(struct reader *r, struct buf *s)
{
	static const char plain[] = "\"\\/bfnrt", value[] = "\"\\/\b\f\n\r\t";
	char utf8[4];
	const char *p;
	unsigned u, low;
	size_t n;
	int c;

	r->at++;
	c = peek(r);
	if (c != 'u') {
		p = c <= 0 ? NULL : strchr(plain, c);
		if (p == NULL) {
			refuse(r, "no such escape in a string");
			return -1;
		}
		r->at++;
		utf8[0] = value[p - plain];
		n = 1;
		goto append;
	}
	r->at++;
	if (read_hex4(r, &u) == -1)
		return -1;
	if (u >= 0xdc00 && u <= 0xdfff)
		goto lone;
	if (u >= 0xd800 && u <= 0xdbff) {
		if (r->len - r->at < 6 || r->text[r->at] != '\\' || r->text[r->at + 1] != 'u')
			goto lone;
		r->at += 2;
		if (read_hex4(r, &low) == -1)
			return -1;
		if (low < 0xdc00 || low > 0xdfff)
			goto lone;
		u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
	}
	n = utf8_encode(u, utf8);
	if (u == 0) {	/* as C0 80: see json.h */
		memcpy(utf8, "\xc0\x80", 2);
		n = 2;
	}
append:
	if (buf_append(s, utf8, n) == -1) {
		refuse_memory(r);
		return -1;
	}
	return 0;
lone:
	refuse(r, "half of a surrogate pair stands alone");
	return -1;
}

static size_t
skip_digits(struct reader *r)
{
	size_t n = 0;
	int c;

	while ((c = peek(r)) >= '0' && c <= '9') {
		r->at++;
		n++;
	}
	return n;
}

static cJSON *
read_number(struct reader *r)
{
	size_t start = r->at, len;
	cJSON *item;
	int c;

	if (peek(r) == '-')
		r->at++;
	c = peek(r);
	if (c < '0' || c > '9')
		return refuse(r, "no value begins like this");
	if (skip_digits(r) > 1 && c == '0')
		return refuse(r, "a number has a leading zero");
	if (peek(r) == '.') {
		r->at++;
		if (skip_digits(r) == 0)
			return refuse(r, "a number's point is followed by a digit");
	}
	c = peek(r);
	if (c == 'e' || c == 'E') {
		r->at++;
		c = peek(r);
		if (c == '+' || c == '-')
			r->at++;
		if (skip_digits(r) == 0)
			return refuse(r, "a number's exponent has a digit");
	}
	len = r->at - start;
	if (len > LIMIT_JSON_NUMBER)
		return refuse(r, "a number is too long");
	item = cJSON_CreateNumber(0);
	if (item == NULL)
		return refuse_memory(r);
	item->valuestring = malloc(len + 1);
	if (item->valuestring == NULL) {
		cJSON_Delete(item);
		return refuse_memory(r);
	}
	memcpy(item->valuestring, r->text + start, len);
	item->valuestring[len] = '\0';
	item->valuedouble = strtod(item->valuestring, NULL);
	return item;
}

static cJSON *
read_word(struct reader *r, const char *word, cJSON *(*make)(void))
{
	size_t len = strlen(word);
	cJSON *item;

	if (r->len - r->at < len || memcmp(r->text + r->at, word, len) != 0)
		return refuse(r, "no value begins like this");
	item = make();
	if (item == NULL)
		return refuse_memory(r);
	r->at += len;
	return item;
}
