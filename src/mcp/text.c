/* SPDX-License-Identifier: MIT */
/* text.c - the characters that are taken out, by ranges; see text.h. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "mcp/text.h"
#include "wire/utf8.h"

#define ZWNJ		0x200c
#define ZWJ		0x200d
#define TEXT_STYLE	0xfe0e
#define EMOJI_STYLE	0xfe0f
#define BLACK_FLAG	0x1f3f4
#define CANCEL_TAG	0xe007f

static bool	is_hidden(uint32_t);
static bool	is_line_end(uint32_t);
static bool	is_kept(uint32_t, uint32_t, const unsigned char *);
static size_t	flag_tags(const unsigned char *);

/* Sorted ranges of code points that show nothing or reorder what shows. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x00, 0x08 }, { 0x0b, 0x1f }, { 0x7f, 0x9f },	/* controls but tab and line feed */
	{ 0xad, 0xad },					/* soft hyphen */
	{ 0x34f, 0x34f },				/* combining grapheme joiner */
	{ 0x61c, 0x61c },				/* Arabic letter mark */
	{ 0x115f, 0x1160 },				/* Hangul fillers */
	{ 0x17b4, 0x17b5 },				/* Khmer inherent vowels */
	{ 0x180b, 0x180f },				/* Mongolian selectors and separator */
	{ 0x200b, 0x200f },				/* zero width, LRM, RLM */
	{ 0x202a, 0x202e },				/* embeddings and overrides */
	{ 0x2060, 0x206f },				/* WJ, invisible operators, isolates */
	{ 0x3164, 0x3164 },				/* Hangul filler */
	{ 0xfe00, 0xfe0f },				/* variation selectors */
	{ 0xfeff, 0xfeff },				/* byte order mark */
	{ 0xffa0, 0xffa0 },				/* half-width Hangul filler */
	{ 0xfff0, 0xfffb },				/* unassigned, interlinear annotation */
	{ 0x1bca0, 0x1bca3 },				/* shorthand format controls */
	{ 0x1d173, 0x1d17a },				/* musical format controls */
	{ 0xe0000, 0xe0fff },				/* tags, variation selectors supplement */
};

static bool
is_hidden(uint32_t c)
{
	size_t low = 0, high = sizeof hidden / sizeof hidden[0], mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (c > hidden[mid].last)
			low = mid + 1;
		else if (c < hidden[mid].first)
			high = mid;
		else
			return true;
	}
	return false;
}

/* U+2028 and U+2029, which become line feeds. */
static bool
is_line_end(uint32_t c)
{
	return c == 0x2028 || c == 0x2029;
}

/* Whether the hidden `c` behind `before` is needed. Hidden ones in a row could spell a message. */
static bool
is_kept(uint32_t c, uint32_t before, const unsigned char *after)
{
	uint32_t next;
	size_t len;

	switch (c) {
	case ZWJ:
		return before > 0x7f && (!is_hidden(before) || before == EMOJI_STYLE);
	case ZWNJ:
		next = *after >= 0x80 ? utf8_decode(after, &len) : 0;
		return before >= 0x600 && !is_hidden(before) && next >= 0x600 &&
		    !is_hidden(next) && !is_line_end(next);
	case TEXT_STYLE:
	case EMOJI_STYLE:	/* also of 0-9, # and * */
		return (before >= 0x203c && !is_hidden(before)) || before == 0xa9 ||
		    before == 0xae || before == '#' || before == '*' ||
		    (before >= '0' && before <= '9');
	case 0x180b:
	case 0x180c:
	case 0x180d:
		return before >= 0x1820 && before <= 0x18aa;
	default:
		if (c >= 0xfe00 && c <= 0xfe0f)
			return before >= 0x2200 && !is_hidden(before);
		if (c >= 0xe0100 && c <= 0xe01ef)	/* ideographic variants */
			return (before >= 0x3400 && before <= 0x9fff) ||
			    (before >= 0x20000 && before <= 0x3ffff);
		return false;
	}
}

/*
 * The bytes of the tags that make a flag of the black flag before them: a region of 3 to 6
 * letters and digits (gbsct) and the cancel tag. Else 0: longer tags spell hidden text.
 */
static size_t
flag_tags(const unsigned char *p)
{
	const unsigned char *start = p;
	uint32_t c;
	size_t len, count;

	for (count = 0; *p >= 0x80 && count < 7; count++) {
		c = utf8_decode(p, &len);
		p += len;
		if (c == CANCEL_TAG)
			return count >= 3 ? (size_t)(p - start) : 0;
		if (!(c >= 0xe0030 && c <= 0xe0039) && !(c >= 0xe0061 && c <= 0xe007a))
			break;
	}
	return 0;
}

int
text_clean(struct buf *out, const char *s)
{
	const unsigned char *p = (const unsigned char *)s, *plain = p;
	uint32_t c, before = 0;
	size_t len;

	for (; *p != '\0'; p += len) {
		len = 1;
		if (*p >= 0x20 && *p < 0x7f) {
			before = *p;
			continue;
		}
		c = utf8_decode(p, &len);
		if (is_line_end(c) || (is_hidden(c) && !is_kept(c, before, p + len))) {
			buf_append(out, plain, (size_t)(p - plain));
			if (is_line_end(c)) {
				buf_putc(out, '\n');
				before = '\n';
			}
			plain = p + len;
			continue;
		}
		if (c == BLACK_FLAG)
			len += flag_tags(p + len);
		before = c;
	}
	return buf_append(out, plain, (size_t)(p - plain));
}

void
text_cut(struct buf *out, size_t len)
{
	if (out->len <= len)
		return;
	while (len > 0 && ((unsigned char)out->data[len] & 0xc0) == 0x80)
		len--;
	buf_truncate(out, len);
}
