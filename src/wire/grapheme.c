/* SPDX-License-Identifier: MIT */
/* grapheme.c - a pattern of PCRE2's, and what needs none; see grapheme.h. */
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "wire/grapheme.h"

/*
 * PCRE2's \X takes pictographs in a row for one (10.42): those have the rule GB11 of UAX 29 alone,
 * with what extends a character (GB9, GB9a) behind it.
 */
#define ZWJ		"\\x{200d}"
#define EXTENDS		"\\p{Grapheme_Extend}\\p{Emoji_Modifier}"
#define PATTERN		"\\p{ExtPict}(?:(?:(?!" ZWJ ")[" EXTENDS "])*+" ZWJ "\\p{ExtPict})*+" \
			"[" EXTENDS "\\p{Mc}" ZWJ "]*+|\\X"

struct grapheme {
	pcre2_code		*code;
	pcre2_match_data	*data;
};

struct grapheme *
grapheme_create(void)
{
	struct grapheme *g = calloc(1, sizeof *g);
	PCRE2_SIZE offset;
	int error;

	if (g == NULL)
		return NULL;
	g->code = pcre2_compile((PCRE2_SPTR)PATTERN, sizeof PATTERN - 1, PCRE2_UTF |
	    PCRE2_ANCHORED, &error, &offset, NULL);
	g->data = pcre2_match_data_create(1, NULL);
	if (g->code == NULL || g->data == NULL) {
		grapheme_destroy(g);
		return NULL;
	}
	return g;
}

void
grapheme_destroy(struct grapheme *g)
{
	if (g == NULL)
		return;
	pcre2_match_data_free(g->data);
	pcre2_code_free(g->code);
	free(g);
}

size_t
grapheme_length(struct grapheme *g, const char *p, size_t left)
{
	const unsigned char *s = (const unsigned char *)p;

	if (s[0] == 0xc0)
		return 2;
	if (s[0] == '\r')
		return left > 1 && s[1] == '\n' ? 2 : 1;
	/* Nothing of ASCII joins with what stands before it. */
	if (s[0] < 0x20 || (s[0] < 0x80 && (left == 1 || s[1] < 0x80)))
		return 1;
	/* It is valid; a check of all that follows, each time, would not be linear. */
	if (pcre2_match(g->code, s, left, 0, PCRE2_NO_UTF_CHECK, g->data, NULL) < 0)
		return 0;
	return pcre2_get_ovector_pointer(g->data)[1];
}
