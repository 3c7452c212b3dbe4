/* SPDX-License-Identifier: MIT */
/* test_sms.c - the alphabets, and the borders at which a message becomes several. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "wire/sms.h"

#define EURO	"\xe2\x82\xac"
#define SMILE	"\xf0\x9f\x98\x80"
#define KANJI	"\xe6\xbc\xa2"

/* `before` once, then `text` so often, then `after`. */
static const struct {
	const char	*before, *text, *after;
	int		 times;
	const char	*encoding;
	size_t		 units, segments;
} rows[] = {
	{ "", "", "", 0, "GSM-7", 0, 1 }, { "", "a", "", 1, "GSM-7", 1, 1 },
	{ "", "a", "", 160, "GSM-7", 160, 1 }, { "", "a", "", 161, "GSM-7", 161, 2 },
	{ "", "a", "", 306, "GSM-7", 306, 2 }, { "", "a", "", 307, "GSM-7", 307, 3 },
	{ "", "a", "", 459, "GSM-7", 459, 3 }, { "", "a", "", 460, "GSM-7", 460, 4 },
	{ "", EURO, "", 80, "GSM-7", 160, 1 }, { "a", EURO, "", 80, "GSM-7", 161, 2 },
	/* 153 is odd: of 153 septets one is left over where all are pairs. */
	{ "", EURO, "", 152, "GSM-7", 304, 2 }, { "", EURO, "", 153, "GSM-7", 306, 3 },
	{ "a", EURO, "", 152, "GSM-7", 305, 2 }, { "a", EURO, "a", 152, "GSM-7", 306, 2 },
	{ "", "a", EURO "aaaaaaa", 152, "GSM-7", 161, 2 },
	{ "", KANJI, "", 70, "UCS-2", 70, 1 }, { "", KANJI, "", 71, "UCS-2", 71, 2 },
	{ "", KANJI, "", 134, "UCS-2", 134, 2 }, { "", KANJI, "", 135, "UCS-2", 135, 3 },
	{ "", SMILE, "", 35, "UCS-2", 70, 1 }, { "", SMILE, "", 36, "UCS-2", 72, 2 },
	{ "", SMILE, "", 66, "UCS-2", 132, 2 }, { "", SMILE, "", 67, "UCS-2", 134, 3 },
	{ KANJI, SMILE, "", 66, "UCS-2", 133, 2 },
	{ SMILE, "a", "", 68, "UCS-2", 70, 1 }, { SMILE, "a", "", 69, "UCS-2", 71, 2 },
	{ "", "Hello, w\xc3\xb6rld!\r\n", "", 1, "GSM-7", 15, 1 },
	{ "", "\xc3\x87", "", 1, "GSM-7", 1, 1 }, { "", "\xc3\xa7", "", 1, "UCS-2", 1, 1 },
	{ "", "`", "", 1, "UCS-2", 1, 1 }, { "", "\t", "", 1, "UCS-2", 1, 1 },
	{ "", "\xc0\x80", "", 1, "UCS-2", 1, 1 }, { "", "\xe2\x80\x99", "", 1, "UCS-2", 1, 1 },
	{ "", "\x7f", "", 1, "UCS-2", 1, 1 }, { "", "\x1b", "", 1, "UCS-2", 1, 1 },
};

/* The tables of 3GPP TS 23.038, 6.2.1 and 6.2.1.1, in their order; without ESC. */
static const char table[] =
    "@\xc2\xa3$\xc2\xa5\xc3\xa8\xc3\xa9\xc3\xb9\xc3\xac\xc3\xb2\xc3\x87\n\xc3\x98\xc3\xb8\r\xc3\x85\xc3\xa5"
    "\xce\x94_\xce\xa6\xce\x93\xce\x9b\xce\xa9\xce\xa0\xce\xa8\xce\xa3\xce\x98\xce\x9e\xc3\x86\xc3\xa6\xc3\x9f"
    "\xc3\x89 !\"#\xc2\xa4%&'()*+,-./0123456789:;<=>?\xc2\xa1" "ABCDEFGHIJKLMNOPQRSTUVWXYZ\xc3\x84\xc3\x96"
    "\xc3\x91\xc3\x9c\xc2\xa7\xc2\xbf" "abcdefghijklmnopqrstuvwxyz\xc3\xa4\xc3\xb6\xc3\xb1\xc3\xbc\xc3\xa0";
static const char extension[] = "\f^{}\\[~]|" EURO;

int
main(void)
{
	struct buf text;
	struct sms got;
	size_t i;
	int k;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_init(&text, 10000);
		buf_puts(&text, rows[i].before);
		for (k = 0; k < rows[i].times; k++)
			buf_puts(&text, rows[i].text);
		buf_puts(&text, rows[i].after);
		sms_count(buf_str(&text), &got);
		CHECK(strcmp(got.encoding, rows[i].encoding) == 0 && got.units == rows[i].units &&
		    got.segments == rows[i].segments, "row %zu: %s, %zu units, %zu segments", i,
		    got.encoding, got.units, got.segments);
		buf_finish(&text);
	}
	sms_count(table, &got);
	CHECK(strcmp(got.encoding, "GSM-7") == 0 && got.units == 127, "%s, %zu units", got.encoding,
	    got.units);
	sms_count(extension, &got);
	CHECK(strcmp(got.encoding, "GSM-7") == 0 && got.units == 20, "%s, %zu units", got.encoding,
	    got.units);
	return check_done();
}
