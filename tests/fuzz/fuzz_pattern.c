/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pattern.c - the first line is a pattern, the rest the text; and the whole as each of
 * the formats. A match ends within its bound of work.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wire/format.h"
#include "wire/pattern.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const formats[] = { "date-time", "uri", "email", "uuid" };
	char *text = malloc(len + 1), *rest, why[128];
	struct pattern *p;
	size_t i, steps = 0;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	for (i = 0; i < sizeof formats / sizeof formats[0]; i++)
		format_find(formats[i])->check(text);
	rest = strchr(text, '\n');
	if (rest != NULL)
		*rest++ = '\0';
	p = pattern_create(text, why, sizeof why);
	if (p != NULL && rest != NULL) {
		pattern_match(p, rest, &steps);
		if (steps > 2 * LIMIT_PATTERN_MATCH + 16 * strlen(rest))
			abort();
	}
	pattern_destroy(p);
	free(text);
	return 0;
}
