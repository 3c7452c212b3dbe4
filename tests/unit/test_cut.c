/* SPDX-License-Identifier: MIT */
/* test_cut.c - where a long text is cut, what stays whole, fences, and how long it takes. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "check.h"
#include "wire/cut.h"

#define FAMILY	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\xe2\x80\x8d\xf0\x9f\x91\xa6"
#define DE	"\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
#define THUMB	"\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd"
#define HEART	"\xe2\x9d\xa4\xef\xb8\x8f"
#define E_ACUTE	"e\xcc\x81"

/* Parts are separated by '|'. */
static const struct {
	size_t		 max;
	enum cut_unit	 unit;
	const char	*text, *want;
} rows[] = {
	/* What is short enough, or blank, stays as it is. */
	{ 10, CUT_CHARACTERS, "", "" },
	{ 10, CUT_CHARACTERS, "  a\n ", "  a\n " },
	{ 10, CUT_CHARACTERS, "0123456789", "0123456789" },
	{ 10, CUT_CHARACTERS, "            ", "            " },
	/* The end of a paragraph, a line, a sentence, a word, a character. */
	{ 20, CUT_CHARACTERS, "One. Two\n\nthree\nfour. five six", "One. Two\n\nthree|four. five six" },
	{ 20, CUT_CHARACTERS, "One. Two three\n\nfour\nfive six", "One. Two three|four\nfive six" },
	{ 20, CUT_CHARACTERS, "One two. three\r\nfour five six", "One two. three|four five six" },
	{ 20, CUT_CHARACTERS, "One two three. four five six", "One two three.|four five six" },
	{ 20, CUT_CHARACTERS, "Said \"one two!\" And then some", "Said \"one two!\"|And then some" },
	{ 20, CUT_CHARACTERS, "One two three four five six", "One two three four|five six" },
	{ 10, CUT_CHARACTERS, "Hi 0123456789abcdefghij", "Hi|0123456789|abcdefghij" },
	{ 10, CUT_CHARACTERS, "0123456789abcdefghijk", "0123456789|abcdefghij|k" },
	/* A sentence in a script without spaces; no break in a space that has none. */
	{ 10, CUT_CHARACTERS, "\xe4\xb8\x80\xe4\xba\x8c\xe4\xb8\x89\xe5\x9b\x9b\xe3\x80\x82\xe4\xb8\x80"
	    "\xe4\xba\x8c\xe4\xb8\x89\xe5\x9b\x9b\xe4\xba\x94\xe5\x85\xad",
	    "\xe4\xb8\x80\xe4\xba\x8c\xe4\xb8\x89\xe5\x9b\x9b\xe3\x80\x82|\xe4\xb8\x80\xe4\xba\x8c"
	    "\xe4\xb8\x89\xe5\x9b\x9b\xe4\xba\x94\xe5\x85\xad" },
	{ 10, CUT_CHARACTERS, "one two 10\xc2\xa0kg", "one two|10\xc2\xa0kg" },
	/* White space at cuts goes, what indents a line stays. */
	{ 10, CUT_CHARACTERS, "\n\n  one two   three  \n\n", "one two|three" },
	{ 10, CUT_CHARACTERS, "one two:\n\n \n  a\n  b c d", "one two:|a\n  b c d" },
	{ 20, CUT_CHARACTERS, "- one two\n- three\n  - four five", "- one two\n- three|  - four five" },
	{ 10, CUT_CHARACTERS, "            one", "one" },
	/* Units. */
	{ 10, CUT_UTF16, "aaaaaaaa\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "aaaaaaaa\xf0\x9f\x98\x80|\xf0\x9f\x98\x80" },
	{ 10, CUT_CHARACTERS, "aaaaaaaa\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "aaaaaaaa\xf0\x9f\x98\x80\xf0\x9f\x98\x80" },
	{ 10, CUT_BYTES, "aaaaaaa\xf0\x9f\x98\x80", "aaaaaaa|\xf0\x9f\x98\x80" },
	{ 10, CUT_BYTES, "aaaa\xc0\x80\xc0\x80" "aaaaaa", "aaaa\xc0\x80\xc0\x80" "aaaa|aa" },
	/* What people see as one is whole. */
	{ 10, CUT_CHARACTERS, "aaaaaa" FAMILY "b", "aaaaaa|" FAMILY "b" },
	{ 10, CUT_CHARACTERS, "aaaaaaaaa" DE DE, "aaaaaaaaa|" DE DE },
	{ 10, CUT_UTF16, THUMB "\xf0\x9f\x98\x80" HEART "\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
	    THUMB "\xf0\x9f\x98\x80" HEART "\xf0\x9f\x98\x80|\xf0\x9f\x98\x80" },
	{ 10, CUT_CHARACTERS, "aaaaaaa" DE DE, "aaaaaaa" DE "|" DE },
	{ 10, CUT_CHARACTERS, "aaaaaaaaa" THUMB, "aaaaaaaaa|" THUMB },
	{ 10, CUT_CHARACTERS, "aaaaaaaaa" HEART, "aaaaaaaaa|" HEART },
	{ 10, CUT_CHARACTERS, "aaaaaaaaa" E_ACUTE, "aaaaaaaaa|" E_ACUTE },
	{ 10, CUT_CHARACTERS, "aaaaaaaaa \xcc\x81", "aaaaaaaaa| \xcc\x81" },
	/* Unless one alone is too long. */
	{ 10, CUT_BYTES, FAMILY, "\xf0\x9f\x91\xa9\xe2\x80\x8d|\xf0\x9f\x91\xa7\xe2\x80\x8d|\xf0\x9f\x91\xa6" },
	/* Fences. */
	{ 40, CUT_CHARACTERS, "See:\n\n```c\nint one = 1;\nint two = 2;\nint three = 3;\n```\nDone.",
	    "See:\n\n```c\nint one = 1;\nint two = 2;\n```|```c\nint three = 3;\n```\nDone." },
	{ 40, CUT_CHARACTERS, "````\n```\nint one = 1; int two = 2;\n```\n  x;\n````",
	    "````\n```\nint one = 1; int two = 2;\n````|````\n```\n  x;\n````" },
	/* No empty code before a fence that closes, none behind one that opens. */
	{ 24, CUT_CHARACTERS, "```\none = 1; two = 23\n```\nthat was it",
	    "```\none = 1; two =\n```|```\n23\n```\nthat was it" },
	{ 24, CUT_CHARACTERS, "```\none = 1; tw = 2\n```\nthat was it", "```\none = 1; tw = 2\n```|that was it" },
	{ 20, CUT_CHARACTERS, "And this is:\n```c\none = 1;\n```", "And this is:|```c\none = 1;\n```" },
	/* A long line that opens one is shortened, and what is none is none. */
	{ 25, CUT_CHARACTERS, "```python title=x\none\ntwo three\n```", "```python title=x\none\n```|```\ntwo three\n```" },
	{ 20, CUT_CHARACTERS, "```one two``` three four five", "```one two``` three|four five" },
	{ 10, CUT_CHARACTERS, "```\n0123456789\n```", "```|0123456789|```" },
	/* One that stays open. */
	/* Where only a bad end fits, not within a line end. */
	{ 20, CUT_CHARACTERS, "mmmmmmn3)\n```\nonetwo)x\n  p\r\r\r\r\r\r\r\r\r\n````\n  print(3)",
	    "mmmmmmn3)|```\nonetwo)x\n```|```\n  p\n```|```\n````\n  print(3)" },
	{ 20, CUT_CHARACTERS, "```\none two\nthree four", "```\none two\n```|```\nthree four" },
};

static void
test_rows(void)
{
	struct buf got;
	struct cut cut;
	size_t i, k;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_init(&got, 1000);
		CHECK(cut_text(&cut, rows[i].text, rows[i].max, rows[i].unit) == 0, "%zu", i);
		for (k = 0; k < cut.n; k++) {
			if (k > 0)
				buf_putc(&got, '|');
			cut_print(&got, rows[i].text, &cut.parts[k]);
		}
		CHECK(cut.fits == 0 && strcmp(buf_str(&got), rows[i].want) == 0,
		    "%zu: \"%s\" is cut into \"%s\"", i, rows[i].text, buf_str(&got));
		buf_finish(&got);
	}
}

static void
test_most(void)
{
	char text[] = "\xc3\xa4 234567890 234567890 234567890 234567890 234567890 234567890 234567890 "
	    "234567890 234567890 234567890 23";
	struct cut cut;

	CHECK(cut_text(&cut, text, 10, CUT_CHARACTERS) == 0 && cut.n == CUT_PARTS &&
	    cut.fits == 92, "%zu parts, %zu fit", cut.n, cut.fits);
	text[strlen(text) - 13] = '\0';
	CHECK(cut_text(&cut, text, 10, CUT_CHARACTERS) == 0 && cut.n == CUT_PARTS && cut.fits == 0,
	    "%zu parts, %zu fit", cut.n, cut.fits);
	CHECK(cut.parts[1].character == 2 && cut.parts[1].from == 3 && cut.parts[2].character == 12,
	    "the second begins at %zu", cut.parts[1].character);
}

/* The processor time of a text made of a unit. */
static clock_t
best_of(const char *unit, size_t len)
{
	char *text = malloc(len + 1);
	size_t n = strlen(unit), i;
	struct cut cut;
	clock_t best = 0, took;

	for (i = 0; i + n <= len; i += n)
		memcpy(text + i, unit, n);
	text[i] = '\0';
	for (n = 0; n < 5; n++) {
		took = clock();
		cut_text(&cut, text, len / 5, CUT_BYTES);
		took = clock() - took;
		best = n == 0 || took < best ? took : best;
	}
	free(text);
	return best;
}

/* Eight times the text takes eight times as long, and not 64 times. */
static void
test_time(void)
{
	static const char *const made[] = { "a", "word ", " ", "\n", "\r\n", "a\n\n", "`", "```\n",
	    "```a\n", "``` a\n   ", "\xcc\x81", FAMILY, DE, "\xe4\xb8\x80", "\xe3\x80\x82", ")", ".)",
	    "\xc2\xa0", " \xcc\x81" };
	size_t i;
	clock_t small, large;

	for (i = 0; i < sizeof made / sizeof made[0]; i++) {
		small = best_of(made[i], 50000);
		large = best_of(made[i], 400000);
		CHECK(large < 32 * small + CLOCKS_PER_SEC / 200, "\"%s\": %lld and %lld", made[i],
		    (long long)small, (long long)large);
	}
}

int
main(void)
{
	test_rows();
	test_most();
	test_time();
	return check_done();
}
