/* SPDX-License-Identifier: MIT */
/* test_text.c - mcp/text: what is taken out of other people's text, and what must stay. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "mcp/text.h"
#include "wire/json.h"

/* Texts are JSON strings, so that what is invisible can be read here. */
static const struct {
	const char	*name;
	const char	*in;
	const char	*want;		/* NULL: the same */
} cases[] = {
	{ "empty", "", NULL },
	{ "ASCII", "Hello, world! ~", NULL },
	{ "tab and line feed", "a\\tb\\nc", NULL },
	{ "carriage return", "a\\r\\nb", "a\\nb" },
	{ "controls", "\\u0001a\\u0008\\u000b\\u001fb\\u007f", "ab" },
	{ "escape sequence", "\\u001b[31mred\\u001b[0m", "[31mred[0m" },
	{ "NUL", "a\\u0000b", "ab" },
	{ "C1 controls", "a\\u0080\\u0085\\u009fb", "ab" },
	{ "no-break space stays", "a\\u00a0b", NULL },
	{ "soft hyphen", "pass\\u00adword", "password" },
	{ "zero width space", "a\\u200bb", "ab" },
	{ "left-to-right mark", "a\\u200eb\\u200fc", "abc" },
	{ "embeddings and overrides", "\\u202aa\\u202bb\\u202cc\\u202dd\\u202ee", "abcde" },
	{ "isolates", "\\u2066a\\u2067b\\u2068c\\u2069", "abc" },
	{ "Arabic letter mark", "\\u0645\\u061c\\u0645", "\\u0645\\u0645" },
	{ "word joiner and invisible operators", "a\\u2060\\u2061\\u2062\\u2063\\u2064b", "ab" },
	{ "byte order mark", "\\ufeffa\\ufeffb", "ab" },
	{ "line and paragraph separators", "a\\u2028b\\u2029c", "a\\nb\\nc" },
	{ "grapheme joiner", "a\\u034fb", "ab" },
	{ "fillers", "\\u115fa\\u1160b\\u3164c\\uffa0d", "abcd" },
	{ "interlinear annotation", "a\\ufff9b\\ufffac\\ufffbd", "abcd" },
	{ "musical controls", "a\\ud834\\udd73b", "ab" },
	{ "shorthand controls", "a\\ud82f\\udca0b", "ab" },
	{ "tags", "a\\udb40\\udc69\\udb40\\udc67b\\udb40\\udc7f", "ab" },
	{ "replacement character stays", "\\ufffd", NULL },
	{ "umlauts", "\\u00e4\\u00f6\\u00fc\\u00df", NULL },
	{ "combining marks", "e\\u0301 a\\u0308", NULL },
	{ "Chinese", "\\u4f60\\u597d", NULL },
	{ "an emoji", "\\ud83d\\ude00", NULL },

	/* Joiners. */
	{ "ZWJ between ASCII", "a\\u200db", "ab" },
	{ "ZWJ first", "\\u200da", "a" },
	{ "a family", "\\ud83d\\udc68\\u200d\\ud83d\\udc69\\u200d\\ud83d\\udc67", NULL },
	{ "a heart on fire", "\\u2764\\ufe0f\\u200d\\ud83d\\udd25", NULL },
	{ "the rainbow flag", "\\ud83c\\udff3\\ufe0f\\u200d\\ud83c\\udf08", NULL },
	{ "a skin tone and ZWJ", "\\ud83d\\udc69\\ud83c\\udffd\\u200d\\ud83d\\udcbb", NULL },
	{ "ZWJ in Sinhala", "\\u0dc1\\u0dca\\u200d\\u0dbb\\u0dd3", NULL },
	{ "ZWJs in a row", "\\ud83d\\udc68\\u200d\\u200d\\u200d\\ud83d\\udc69",
	    "\\ud83d\\udc68\\u200d\\ud83d\\udc69" },
	{ "ZWNJ in Persian", "\\u0645\\u06cc\\u200c\\u062e\\u0648\\u0627\\u0647\\u0645", NULL },
	{ "ZWNJ between ASCII", "a\\u200cb", "ab" },
	{ "ZWNJ last", "\\u0645\\u200c", "\\u0645" },
	{ "ZWJ behind a line separator", "\\u0dc1\\u2028\\u200d\\u0dbb", "\\u0dc1\\n\\u0dbb" },
	{ "ZWNJ before a line separator", "\\u0645\\u200c\\u2029\\u0645",
	    "\\u0645\\n\\u0645" },
	{ "a variation selector behind a line separator", "\\u2764\\u2028\\ufe0f",
	    "\\u2764\\n" },
	{ "ZWNJ before ASCII", "\\u0645\\u200ca", "\\u0645a" },
	{ "ZWNJs in a row", "\\u0645\\u200c\\u200c\\u200c\\u0645", "\\u0645\\u200c\\u0645" },
	{ "ZWJ and ZWNJ spell nothing", "\\u4f60\\u200d\\u200c\\u200d\\u200c\\u597d",
	    "\\u4f60\\u200d\\u597d" },

	/* Variation selectors. */
	{ "a keycap", "1\\ufe0f\\u20e3", NULL },
	{ "text style", "\\u2764\\ufe0e", NULL },
	{ "copyright as emoji", "\\u00a9\\ufe0f", NULL },
	{ "behind a letter", "a\\ufe0fb", "ab" },
	{ "first", "\\ufe0fa", "a" },
	{ "in a row", "\\ud83d\\ude00\\ufe0f\\ufe0e\\ufe0f\\ufe0e", "\\ud83d\\ude00\\ufe0f" },
	{ "others in a row", "\\ud83d\\ude00\\ufe01\\ufe02\\ufe03", "\\ud83d\\ude00\\ufe01" },
	{ "of an ideograph", "\\u845b\\udb40\\udd00", NULL },
	{ "ideographic ones in a row", "\\u845b\\udb40\\udd00\\udb40\\udd01", "\\u845b\\udb40\\udd00" },
	{ "ideographic one behind an emoji", "\\ud83d\\ude00\\udb40\\udd00", "\\ud83d\\ude00" },
	{ "Mongolian", "\\u182d\\u180b", NULL },
	{ "Mongolian behind a letter", "a\\u180bb", "ab" },

	/* Tags of a flag: a region's and no other text. */
	{ "the flag of Scotland", "\\ud83c\\udff4\\udb40\\udc67\\udb40\\udc62\\udb40\\udc73\\udb40\\udc63"
	    "\\udb40\\udc74\\udb40\\udc7f!", NULL },
	{ "a black flag", "\\ud83c\\udff4 x", NULL },
	{ "a pirate flag", "\\ud83c\\udff4\\u200d\\u2620\\ufe0f", NULL },
	{ "tags without their end", "\\ud83c\\udff4\\udb40\\udc67\\udb40\\udc62\\udb40\\udc73x",
	    "\\ud83c\\udff4x" },
	{ "a text in tags", "\\ud83c\\udff4\\udb40\\udc69\\udb40\\udc67\\udb40\\udc6e\\udb40\\udc6f"
	    "\\udb40\\udc72\\udb40\\udc65\\udb40\\udc20\\udb40\\udc61\\udb40\\udc6c\\udb40\\udc6c"
	    "\\udb40\\udc7f", "\\ud83c\\udff4" },
	{ "seven tags", "\\ud83c\\udff4\\udb40\\udc67\\udb40\\udc67\\udb40\\udc67\\udb40\\udc67"
	    "\\udb40\\udc67\\udb40\\udc67\\udb40\\udc67\\udb40\\udc7f", "\\ud83c\\udff4" },
	{ "a second flag's tags", "\\ud83c\\udff4\\udb40\\udc67\\udb40\\udc62\\udb40\\udc73\\udb40\\udc7f"
	    "\\udb40\\udc67\\udb40\\udc62\\udb40\\udc73\\udb40\\udc7f",
	    "\\ud83c\\udff4\\udb40\\udc67\\udb40\\udc62\\udb40\\udc73\\udb40\\udc7f" },
	{ "a cancel tag alone", "\\ud83c\\udff4\\udb40\\udc7f", "\\ud83c\\udff4" },
};

static cJSON *
string(const char *text)
{
	char json[1024];
	struct json_fault fault;
	cJSON *item;

	snprintf(json, sizeof json, "\"%s\"", text);
	item = json_parse(json, strlen(json), &fault);
	CHECK(item != NULL, "%s", text);
	return item;
}

static void
run_cut(void)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} cuts[] = {
		{ "abc", 3, "abc" }, { "abc", 9, "abc" }, { "abc", 2, "ab" }, { "abc", 0, "" },
		{ "a\xc3\xa4", 2, "a" }, { "a\xc3\xa4", 3, "a\xc3\xa4" },
		{ "\xf0\x9f\x98\x80", 3, "" }, { "x\xf0\x9f\x98\x80y", 4, "x" },
		{ "x\xf0\x9f\x98\x80y", 5, "x\xf0\x9f\x98\x80" }, { "", 0, "" },
	};
	struct buf out;
	size_t i;

	for (i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		buf_init(&out, 64);
		buf_puts(&out, cuts[i].text);
		text_cut(&out, cuts[i].len);
		CHECK(strcmp(buf_str(&out), cuts[i].want) == 0, "%s to %zu: %s", cuts[i].text,
		    cuts[i].len, buf_str(&out));
		buf_finish(&out);
	}
}

int
main(void)
{
	cJSON *in, *want;
	struct buf out, shown;
	size_t i, k;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		in = string(cases[i].in);
		want = string(cases[i].want == NULL ? cases[i].in : cases[i].want);
		buf_init(&out, 1024);
		CHECK(text_clean(&out, in->valuestring) == 0, "%s", cases[i].name);
		buf_init(&shown, 4096);
		for (k = 0; k < out.len; k++)
			buf_printf(&shown, " %02x", (unsigned char)out.data[k]);
		CHECK(strcmp(buf_str(&out), want->valuestring) == 0, "%s:%s", cases[i].name,
		    buf_str(&shown));
		buf_finish(&shown);
		/* Clean text is left alone. */
		buf_init(&shown, 1024);
		CHECK(text_clean(&shown, buf_str(&out)) == 0 &&
		    strcmp(buf_str(&shown), buf_str(&out)) == 0, "%s, again", cases[i].name);
		buf_finish(&shown);
		buf_finish(&out);
		cJSON_Delete(in);
		cJSON_Delete(want);
	}
	buf_init(&out, 3);
	CHECK(text_clean(&out, "abcd") == -1, "no room");
	buf_finish(&out);
	run_cut();
	return check_done();
}
