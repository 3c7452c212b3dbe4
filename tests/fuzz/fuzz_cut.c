/* SPDX-License-Identifier: MIT */
/*
 * fuzz_cut.c - two bytes for the length and its unit, then a text: its parts are short enough, not
 * blank, whole characters, and joined they are the text again but for white space and fences.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/cut.h"
#include "wire/grapheme.h"
#include "wire/utf8.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static size_t
units(const char *s, size_t len, enum cut_unit unit)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		if (unit == CUT_BYTES)
			n += (unsigned char)s[i] != 0xc0;
		else if (((unsigned char)s[i] & 0xc0) != 0x80)
			n += unit == CUT_UTF16 && (unsigned char)s[i] >= 0xf0 ? 2 : 1;
	return n;
}

/* Whether there is nothing to see, by Unicode's White_Space. */
static bool
is_blank(const char *s, size_t len)
{
	static const char *const white[] = { " ", "\t", "\n", "\v", "\f", "\r", "\xc2\x85",
	    "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf",
	    "\xe2\x81\x9f", "\xe3\x80\x80" };
	size_t at, i, n;

	for (at = 0; at < len; at += n) {
		n = 0;
		for (i = 0; n == 0 && i < sizeof white / sizeof white[0]; i++)
			if (strncmp(s + at, white[i], strlen(white[i])) == 0)
				n = strlen(white[i]);
		if (n == 0 && memcmp(s + at, "\xe2\x80", 2) == 0 &&
		    (unsigned char)s[at + 2] >= 0x80 && (unsigned char)s[at + 2] <= 0x8b)
			n = 3;
		if (n == 0)
			return false;
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t sizes[] = { 10, 11, 15, 16, 17, 20, 24, 32, 40, 60, 100, 160, 1000 };
	struct grapheme *g;
	struct cut cut;
	struct buf part;
	char *text;
	bool *border;
	size_t max, i, n, before = 0;
	enum cut_unit unit;

	if (len < 2)
		return 0;
	max = sizes[data[0] % (sizeof sizes / sizeof sizes[0])];
	unit = data[1] % 3;
	len -= 2;
	text = malloc(len + 1);
	border = calloc(len + 1, sizeof *border);
	g = grapheme_create();
	if (text == NULL || border == NULL || g == NULL)
		abort();
	memcpy(text, data + 2, len);
	text[len] = '\0';
	for (i = 0; i < len; i += n) {
		n = utf8_length(data + 2 + i, len - i);
		if (n == 0 || text[i] == '\0')
			goto out;
	}
	for (i = 0; i < len; i += n) {
		border[i] = true;
		n = grapheme_length(g, text + i, len - i);
		if (n == 0)
			abort();
		/* What is too long by itself may be cut anywhere. */
		if (units(text + i, n, unit) > max / 8)
			memset(border + i, true, n);
	}
	border[len] = true;
	if (cut_text(&cut, text, max, unit) == -1 || cut.n == 0 || cut.n > CUT_PARTS)
		abort();
	if (cut.n == 1 && cut.parts[0].from == 0 && cut.parts[0].to == len)
		goto out;
	for (i = 0; i < cut.n; i++) {
		const struct cut_part *p = &cut.parts[i];

		buf_init(&part, 4 * len + 4 * max);
		if (cut_print(&part, text, p) == -1)
			abort();
		if (units(buf_str(&part), part.len, unit) > max || p->from < before ||
		    p->to <= p->from || p->to > len)
			abort();
		if (is_blank(text + p->from, p->to - p->from) ||
		    !is_blank(text + before, p->from - before))
			abort();
		if (!border[p->from] || !border[p->to])
			abort();
		if (p->character != units(text, p->from, CUT_CHARACTERS))
			abort();
		before = p->to;
		buf_finish(&part);
	}
	if (cut.fits == 0 ? !is_blank(text + before, len - before) : cut.n != CUT_PARTS)
		abort();
out:
	grapheme_destroy(g);
	free(border);
	free(text);
	return 0;
}
