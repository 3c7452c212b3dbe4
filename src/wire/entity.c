/* SPDX-License-Identifier: MIT */
/* entity.c - see entity.h. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/entity.h"
#include "wire/utf8.h"

#define LONGEST	12	/* bytes of a reference that is looked at */

static const struct {
	const char	*name, *text;
} names[] = {
	{ "amp", "&" }, { "lt", "<" }, { "gt", ">" }, { "quot", "\"" }, { "apos", "'" },
	{ "nbsp", "\xc2\xa0" }, { "copy", "\xc2\xa9" }, { "reg", "\xc2\xae" },
	{ "trade", "\xe2\x84\xa2" }, { "hellip", "\xe2\x80\xa6" }, { "mdash", "\xe2\x80\x94" },
	{ "ndash", "\xe2\x80\x93" }, { "lsquo", "\xe2\x80\x98" }, { "rsquo", "\xe2\x80\x99" },
	{ "ldquo", "\xe2\x80\x9c" }, { "rdquo", "\xe2\x80\x9d" }, { "laquo", "\xc2\xab" },
	{ "raquo", "\xc2\xbb" }, { "bull", "\xe2\x80\xa2" }, { "middot", "\xc2\xb7" },
	{ "euro", "\xe2\x82\xac" }, { "pound", "\xc2\xa3" }, { "sect", "\xc2\xa7" },
	{ "deg", "\xc2\xb0" }, { "times", "\xc3\x97" }, { "auml", "\xc3\xa4" },
	{ "ouml", "\xc3\xb6" }, { "uuml", "\xc3\xbc" }, { "Auml", "\xc3\x84" },
	{ "Ouml", "\xc3\x96" }, { "Uuml", "\xc3\x9c" }, { "szlig", "\xc3\x9f" },
	{ "eacute", "\xc3\xa9" }, { "egrave", "\xc3\xa8" }, { "agrave", "\xc3\xa0" },
	{ "ccedil", "\xc3\xa7" }, { "ntilde", "\xc3\xb1" }, { "zwj", "\xe2\x80\x8d" },
	{ "zwnj", "\xe2\x80\x8c" },
};

/* Append the character of a number; 0, or -1 for one that is none. */
static int
put_number(struct buf *out, const char *digits, size_t len)
{
	int base = (digits[0] | 0x20) == 'x' ? 16 : 10;
	char copy[LONGEST], *end;
	unsigned long code;
	char bytes[4];
	size_t n;

	memcpy(copy, digits, len);
	copy[len] = '\0';
	if (copy[base == 16] == '\0' || strspn(copy + (base == 16), "0123456789abcdefABCDEF") !=
	    len - (base == 16))
		return -1;
	code = strtoul(copy + (base == 16), &end, base);
	n = *end != '\0' || code < 0x20 ? 0 : utf8_encode(code, bytes);
	if (n == 0)
		return -1;
	buf_append(out, bytes, n);
	return 0;
}

size_t
entity_decode(struct buf *out, const char *text, size_t len)
{
	const char *end = len < 2 ? NULL : memchr(text, ';', len < LONGEST ? len : LONGEST);
	size_t name, i;

	if (end == NULL || *text != '&' || end - text < 2)
		return 0;
	name = (size_t)(end - text) - 1;
	if (text[1] == '#')
		return name > 1 && put_number(out, text + 2, name - 1) == 0 ? name + 2 : 0;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i].name) == name && memcmp(names[i].name, text + 1, name) == 0) {
			buf_puts(out, names[i].text);
			return name + 2;
		}
	return 0;
}

void
entity_encode(struct buf *out, const char *text, size_t len, bool quote)
{
	size_t i;

	for (i = 0; i < len; i++)
		switch (text[i]) {
		case '&':
			buf_puts(out, "&amp;");
			break;
		case '<':
			buf_puts(out, "&lt;");
			break;
		case '>':
			buf_puts(out, "&gt;");
			break;
		case '"':
			buf_puts(out, quote ? "&quot;" : "\"");
			break;
		default:
			buf_putc(out, text[i]);
		}
}
