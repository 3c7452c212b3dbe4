/* SPDX-License-Identifier: MIT */
/*
 * pointer.c - RFC 6901; see pointer.h.
 *
 * Tokens are compared in their escaped form, byte by byte, so that nothing is
 * unescaped into memory that could run out.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "wire/pointer.h"

static bool	 token_is(const char *, size_t, const char *);
static int	 token_index(const char *, size_t, size_t *);
static const cJSON *step(const cJSON *, const char *, size_t);

int
pointer_check(const char *text, const char **why)
{
	const char *p;

	if (*text != '\0' && *text != '/') {
		*why = "a JSON Pointer is empty or begins with '/'";
		return -1;
	}
	for (p = text; *p != '\0'; p++)
		if (*p == '~' && p[1] != '0' && p[1] != '1') {
			*why = "in a JSON Pointer '~' is followed by 0 or 1";
			return -1;
		}
	return 0;
}

/* Whether the escaped token stands for `name`. */
static bool
token_is(const char *token, size_t len, const char *name)
{
	size_t i;
	char c;

	for (i = 0; i < len; i++, name++) {
		c = token[i];
		if (c == '~')
			c = token[++i] == '0' ? '~' : '/';
		if (*name == '\0' || *name != c)
			return false;
	}
	return *name == '\0';
}

/* An index has one spelling: no sign, no leading zero, and it fits. */
static int
token_index(const char *token, size_t len, size_t *index)
{
	size_t i, digit, v = 0;

	if (len == 0 || (len > 1 && token[0] == '0'))
		return -1;
	for (i = 0; i < len; i++) {
		if (token[i] < '0' || token[i] > '9')
			return -1;
		digit = (size_t)(token[i] - '0');
		if (v > (SIZE_MAX - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	*index = v;
	return 0;
}

static const cJSON *
step(const cJSON *item, const char *token, size_t len)
{
	const cJSON *child;
	size_t index;

	if (cJSON_IsObject(item)) {
		cJSON_ArrayForEach(child, item)
			if (token_is(token, len, child->string))
				return child;
	} else if (cJSON_IsArray(item) && token_index(token, len, &index) == 0) {
		cJSON_ArrayForEach(child, item)
			if (index-- == 0)
				return child;
	}
	return NULL;
}

cJSON *
pointer_get(const cJSON *document, const char *text)
{
	const cJSON *item = document;
	const char *why;
	size_t len;

	if (pointer_check(text, &why) == -1)
		return NULL;
	while (item != NULL && *text == '/') {
		text++;
		len = strcspn(text, "/");
		item = step(item, text, len);
		text += len;
	}
	/* Const for this function only: whoever owns the document may change what it finds. */
	return (cJSON *)(uintptr_t)item;
}
