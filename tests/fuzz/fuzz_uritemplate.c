/* SPDX-License-Identifier: MIT */
/*
 * fuzz_uritemplate.c - wire/uritemplate: the first line is a template, the rest the
 * values. An expansion holds only what a URI may hold: no control character, no
 * space, nothing beyond ASCII, and no '%' without its two digits.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/uritemplate.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must_be_uri(const char *p, size_t len)
{
	if (strlen(p) != len)
		abort();
	for (; *p != '\0'; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f ||
		    strchr("\"<>\\^`{|}", *p) != NULL)
			abort();
		if (*p == '%' && (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2])))
			abort();
	}
}

static void
expand(const struct uritemplate *t, const cJSON *values, size_t cap)
{
	const char *why, *name;
	struct buf out;

	buf_init(&out, cap);
	if (uritemplate_expand(t, values, &out, &why, &name) == 0)
		must_be_uri(buf_str(&out), out.len);
	else if (why == NULL || out.len != 0)
		abort();
	buf_finish(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, '\n', len);
	struct uritemplate *t;
	struct json_fault fault;
	const char *why;
	size_t i, offset;
	cJSON *values;
	char *text;

	if (end == NULL)
		return 0;
	text = strndup((const char *)data, (size_t)(end - data));
	t = uritemplate_create(text, &why, &offset);
	if (t == NULL && (why == NULL || offset > strlen(text)))
		abort();
	values = json_parse((const char *)end + 1, len - (size_t)(end - data) - 1, &fault);
	if (t != NULL) {
		for (i = 0; i < uritemplate_count(t); i++)
			if (uritemplate_name(t, i)[0] == '\0')
				abort();
		expand(t, values, LIMIT_URL);
		expand(t, values, 20);
	}
	uritemplate_destroy(t);
	cJSON_Delete(values);
	free(text);
	return 0;
}
