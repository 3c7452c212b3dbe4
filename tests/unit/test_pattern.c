/* SPDX-License-Identifier: MIT */
/* test_pattern.c - ECMA-262 patterns: what they match, what is refused, the work counted. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wire/pattern.h"

#include "check.h"

static void	 test_match(void);
static void	 test_steps(void);

static void
match(const char *pattern, const char *text, int want)
{
	char why[128] = "";
	struct pattern *p = pattern_create(pattern, why, sizeof why);
	size_t steps = 0;
	int result = p == NULL ? -1 : (int)pattern_match(p, text, &steps);

	CHECK(result == want, "%s in %.40s: %d, not %d %s", pattern, text, result, want, why);
	pattern_destroy(p);
}

static void
test_match(void)
{
	static const struct {
		const char	*pattern, *text;
		int		 want;		/* -1: refused */
	} cases[] = {
		{ "b", "abc", 1 }, { "^b", "abc", 0 }, { "^a$", "a\n", 0 }, { "^.$", "\n", 0 },
		{ "^.$", "\xe2\x80\xa8", 0 }, { "^.$", "\xf0\x9f\x98\x80", 1 },
		{ "^[^]$", "\n", 1 }, { "[]", "a", 0 }, { "^[[]$", "[", 1 },
		{ "^[[:alpha:]]$", "a]", 1 }, { "^[[:alpha:]]$", "z", 0 },
		{ "^\\s$", "\xc2\xa0", 1 }, { "^[\\s]$", "\xef\xbb\xbf", 1 },
		{ "^\\S$", "\xc2\xa0", 0 }, { "^[\\S]$", "a", 1 }, { "^[^\\S]$", " ", 1 },
		{ "^\\d$", "\xd9\xa3", 0 }, { "^\\w$", "\xc3\xa9", 0 }, { "^\\v$", "\v", 1 },
		{ "^\\v$", "\n", 0 }, { "^\\u0041$", "A", 1 },
		{ "^\\u{1F600}$", "\xf0\x9f\x98\x80", 1 },
		{ "^\\ud83d\\ude00$", "\xf0\x9f\x98\x80", 1 }, { "^\\x41$", "A", 1 },
		{ "^\\cA$", "\x01", 1 }, { "^\\p{L}$", "\xc3\xa9", 1 },
		{ "^\\p{Lowercase_Letter}$", "A", 0 }, { "^\\P{gc=Letter}$", "1", 1 },
		{ "^\\p{General_Category=Decimal_Number}$", "1", 1 },
		{ "^\\p{Script=Greek}$", "\xce\xb1", 1 }, { "^\\p{LC}$", "a", 1 },
		{ "^(?<x>a)\\k<x>$", "aa", 1 }, { "^(?=a)(?!b)a$", "a", 1 }, { "(?<=a)b", "ab", 1 },
		{ "(?<!a)b", "ab", 0 }, { "^(?:(a)|b)\\1c$", "bc", 1 }, { "^a\\.b$", "a.b", 1 },
		{ "^\\/$", "/", 1 }, { "^[\\b]$", "\b", 1 }, { "", "", 1 },
		{ "\\A", "a", -1 }, { "\\Qa\\E", "a", -1 }, { "\\z", "a", -1 }, { "\\h", " ", -1 },
		{ "(?i)a", "A", -1 }, { "(?>a)", "a", -1 }, { "(?R)", "a", -1 },
		{ "(*ACCEPT)", "a", -1 }, { "(?#x)", "a", -1 }, { "(?P<x>a)", "a", -1 },
		{ "\\u12", "a", -1 }, { "\\u{}", "a", -1 }, { "\\u{110000}", "a", -1 },
		{ "\\ud800", "a", -1 }, { "\\x1", "a", -1 }, { "\\c1", "a", -1 },
		{ "\\p", "a", -1 }, { "\\p{", "a", -1 }, { "\\p{Nothing}", "a", -1 },
		{ "a\\", "a", -1 }, { "[a", "a", -1 }, { "a)", "a", -1 }, { "*", "a", -1 },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		match(cases[i].pattern, cases[i].text, cases[i].want);
}

/* The work is bounded over all offsets together, not only at each of them. */
static void
test_steps(void)
{
	size_t len = 200000, steps = 0;
	char *text = malloc(len + 1), why[128];
	struct pattern *p = pattern_create("a*a*[bc]", why, sizeof why);

	if (text == NULL || p == NULL) {
		CHECK(false, "no memory");
		return;
	}
	memset(text, 'a', len);
	text[len] = '\0';
	CHECK(pattern_match(p, text, &steps) == PATTERN_LIMIT, "a hard text");
	CHECK(steps > LIMIT_PATTERN_MATCH && steps < 10 * len + LIMIT_PATTERN_MATCH, "%zu steps",
	    steps);
	text[20] = '\0';
	CHECK(pattern_match(p, text, &steps) == PATTERN_NO_MATCH, "an easy one");
	pattern_destroy(p);
	pattern_destroy(NULL);
	free(text);
}

int
main(void)
{
	test_match();
	test_steps();
	return check_done();
}
