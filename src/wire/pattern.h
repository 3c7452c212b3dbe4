/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - the regular expressions of JSON Schema: ECMA-262 in Unicode mode.
 *
 * They run on PCRE2 after a translation of what means something else there
 * (\s, \v, \uXXXX, \p{Letter}, the dot, "[" in a class). What only PCRE2 knows
 * (\A, (?i), possessive groups, verbs) is refused, and so is lookbehind of varying
 * length, which PCRE2 cannot do. Strings hold U+0000 as wire/json stores it.
 */
#ifndef WIRE_PATTERN_H
#define WIRE_PATTERN_H

#include <stddef.h>

struct pattern;

enum pattern_result {
	PATTERN_NO_MATCH,
	PATTERN_MATCH,
	PATTERN_LIMIT,		/* given up: LIMIT_PATTERN_MATCH */
	PATTERN_MEMORY,
};

/*
 * Compile `text`. Must be freed with pattern_destroy() if and only if it is not
 * NULL. On NULL `why` holds the reason.
 */
struct pattern *pattern_create(const char *text, char *why, size_t size);
void	 pattern_destroy(struct pattern *p);
/* Whether `p` occurs in `text`. The work it took, in PCRE2's steps, is added to `steps`. */
enum pattern_result pattern_match(const struct pattern *p, const char *text, size_t *steps);

#endif
