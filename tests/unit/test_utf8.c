/* SPDX-License-Identifier: MIT */
/* test_utf8.c - sequences at each border of RFC 3629. */
#include <string.h>

#include "check.h"
#include "wire/utf8.h"

static const struct {
	const char	*name;
	const char	*bytes;
	size_t		 length;	/* 0: not UTF-8 */
} rows[] = {
	{ "ASCII", "a", 1 }, { "DEL", "\x7f", 1 },
	{ "U+0080, the first of two", "\xc2\x80", 2 }, { "U+07FF, the last", "\xdf\xbf", 2 },
	{ "U+0800, the first of three", "\xe0\xa0\x80", 3 },
	{ "U+D7FF, before the surrogates", "\xed\x9f\xbf", 3 },
	{ "U+E000, behind them", "\xee\x80\x80", 3 },
	{ "U+10000, the first of four", "\xf0\x90\x80\x80", 4 },
	{ "U+10FFFF, the last of all", "\xf4\x8f\xbf\xbf", 4 },
	{ "a continuation alone", "\x80", 0 }, { "C0, overlong", "\xc0\x80", 0 },
	{ "C1, overlong", "\xc1\xbf", 0 }, { "E0 80, overlong", "\xe0\x80\x80", 0 },
	{ "F0 80, overlong", "\xf0\x80\x80\x80", 0 }, { "U+D800", "\xed\xa0\x80", 0 },
	{ "U+DFFF", "\xed\xbf\xbf", 0 }, { "U+110000", "\xf4\x90\x80\x80", 0 },
	{ "F5", "\xf5\x80\x80\x80", 0 }, { "FF", "\xff", 0 }, { "cut after one", "\xe2", 0 },
	{ "cut after two", "\xe2\x82", 0 }, { "ASCII inside", "\xe2\x82" "a", 0 },
};

static const struct {
	const char	*bytes;
	uint32_t	 code;
	size_t		 length;
} points[] = {
	{ "a", 'a', 1 }, { "\xc2\x80", 0x80, 2 }, { "\xdf\xbf", 0x7ff, 2 }, { "\xe0\xa0\x80", 0x800, 3 },
	{ "\xef\xbf\xbf", 0xffff, 3 }, { "\xf0\x90\x80\x80", 0x10000, 4 },
	{ "\xf4\x8f\xbf\xbf", 0x10ffff, 4 }, { "\xc0\x80", 0, 2 }, { "", 0, 1 }, { "\xe2\x82", 0, 2 },
	{ "\xf0", 0, 1 },
};

static const struct {
	const char	*text;
	size_t		 count;
} counts[] = {
	{ "", 0 }, { "a", 1 }, { "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 4 }, { "a\xc0\x80" "b", 3 },
};

int
main(void)
{
	size_t i, got;
	uint32_t code;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		got = utf8_length((const unsigned char *)rows[i].bytes, strlen(rows[i].bytes));
		CHECK(got == rows[i].length, "%s: %zu, not %zu", rows[i].name, got, rows[i].length);
	}
	for (i = 0; i < sizeof points / sizeof points[0]; i++) {
		code = utf8_decode((const unsigned char *)points[i].bytes, &got);
		CHECK(code == points[i].code && got == points[i].length, "%zu: U+%04x of %zu", i,
		    (unsigned)code, got);
	}
	for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		got = utf8_count(counts[i].text);
		CHECK(got == counts[i].count, "%zu: %zu, not %zu", i, got, counts[i].count);
	}
	return check_done();
}
