/* SPDX-License-Identifier: MIT */
/* test_conf.c - base/conf: defaults, lines, files, the environment, and every mistake. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/limits.h"
#include "check.h"

struct example {
	char			*name;
	char			*path;
	int64_t			 count;
	bool			 flag;
	int			 choice;
	struct conf_list	 words;
	struct conf_list	 paths;
	struct conf_pairs	 pairs;
};

static const char *const words[] = { "red", "green", NULL };
static const struct conf_key keys[] = {
	{ "name", CONF_STRING, offsetof(struct example, name), "nobody", 0, 0, NULL },
	{ "path", CONF_PATH, offsetof(struct example, path), NULL, 0, 0, NULL },
	{ "count", CONF_INT, offsetof(struct example, count), "7", -5, 100, NULL },
	{ "flag", CONF_BOOL, offsetof(struct example, flag), "no", 0, 0, NULL },
	{ "choice", CONF_CHOICE, offsetof(struct example, choice), "green", 0, 0, words },
	{ "words", CONF_LIST, offsetof(struct example, words), "a b", 0, 0, NULL },
	{ "paths", CONF_PATHS, offsetof(struct example, paths), NULL, 0, 0, NULL },
	{ "pair.", CONF_PAIRS, offsetof(struct example, pairs), NULL, 0, 0, NULL },
};

#define DEFAULTS_BUT(name, path, count, flag, choice, words, paths, pairs) \
	"name =" name "\npath =" path "\ncount =" count "\nflag =" flag "\nchoice =" choice \
	"\nwords =" words "\npaths =" paths "\n" pairs

static const char defaults[] =
    DEFAULTS_BUT(" nobody", " ", " 7", " no", " green", " a b", "", "");

static void
begin(struct conf *c, struct example *e)
{
	memset(e, 0, sizeof *e);
	CHECK(conf_init(c, keys, sizeof keys / sizeof keys[0], e) == 0, "defaults");
}

static void
expect(const struct conf *c, const char *name, const char *want)
{
	struct buf out;

	buf_init(&out, 4096);
	CHECK(conf_print(c, &out) == 0 && strcmp(buf_str(&out), want) == 0, "%s:\n%s", name,
	    buf_str(&out));
	buf_finish(&out);
}

/* One line from the file dir/x.conf, and everything in effect after it. */
static const struct {
	const char	*line;
	const char	*want;
} good[] = {
	{ "", defaults }, { "   \t", defaults }, { "# name = x", defaults }, { " \t#", defaults },
	{ "\r", defaults }, { " \r", defaults },
	{ "name = somebody", DEFAULTS_BUT(" somebody", " ", " 7", " no", " green", " a b", "", "") },
	{ "name=somebody", DEFAULTS_BUT(" somebody", " ", " 7", " no", " green", " a b", "", "") },
	{ "  name\t=\tsome body \t", DEFAULTS_BUT(" some body", " ", " 7", " no", " green", " a b", "",
	    "") },
	{ "name = a # b = c", DEFAULTS_BUT(" a # b = c", " ", " 7", " no", " green", " a b", "", "") },
	{ "name =", DEFAULTS_BUT(" ", " ", " 7", " no", " green", " a b", "", "") },
	{ "name = x\r", DEFAULTS_BUT(" x", " ", " 7", " no", " green", " a b", "", "") },
	{ "path = f", DEFAULTS_BUT(" nobody", " dir/f", " 7", " no", " green", " a b", "", "") },
	{ "path = /f", DEFAULTS_BUT(" nobody", " /f", " 7", " no", " green", " a b", "", "") },
	{ "path =", defaults },
	{ "count = -5", DEFAULTS_BUT(" nobody", " ", " -5", " no", " green", " a b", "", "") },
	{ "count = 100", DEFAULTS_BUT(" nobody", " ", " 100", " no", " green", " a b", "", "") },
	{ "flag = yes", DEFAULTS_BUT(" nobody", " ", " 7", " yes", " green", " a b", "", "") },
	{ "choice = red", DEFAULTS_BUT(" nobody", " ", " 7", " no", " red", " a b", "", "") },
	{ "words = x,y z,, w", DEFAULTS_BUT(" nobody", " ", " 7", " no", " green", " x y z w", "", "") },
	{ "words =", DEFAULTS_BUT(" nobody", " ", " 7", " no", " green", "", "", "") },
	{ "paths = a /b", DEFAULTS_BUT(" nobody", " ", " 7", " no", " green", " a b", " dir/a /b", "") },
	{ "pair.x = 1", DEFAULTS_BUT(" nobody", " ", " 7", " no", " green", " a b", "",
	    "pair.x = 1\n") },
	{ "pair.x.key_file = k", DEFAULTS_BUT(" nobody", " ", " 7", " no", " green", " a b", "",
	    "pair.x.key_file = dir/k\n") },
};

static const struct {
	const char	*lines[2];
	const char	*want;		/* in the reason */
} bad[] = {
	{ { "nothing" }, "not of the form" },
	{ { "= x" }, "not of the form" },
	{ { "name x = y" }, "not of the form" },
	{ { "two words" }, "not of the form" },
	{ { "colour = red" }, "unknown key \"colour\"; ums-mcp.conf(5)" },
	{ { "Name = x" }, "unknown key" },
	{ { "pair = x" }, "unknown key" },
	{ { "name = x", "name = y" }, "name is given twice; keep one" },
	{ { "words = x", "words = y" }, "words is given twice" },
	{ { "pair.x = 1", "pair.x = 2" }, "pair.x is given twice" },
	{ { "count = 101" }, "count = 101: must be a whole number from -5 to 100" },
	{ { "count = -6" }, "from -5 to 100" },
	{ { "count =" }, "from -5 to 100" },
	{ { "count = 1.5" }, "from -5 to 100" },
	{ { "count = 1k" }, "from -5 to 100" },
	{ { "count = 0x10" }, "from -5 to 100" },
	{ { "count = 99999999999999999999" }, "from -5 to 100" },
	{ { "flag = true" }, "flag = true: must be yes or no" },
	{ { "flag = YES" }, "must be yes or no" },
	{ { "flag =" }, "must be yes or no" },
	{ { "choice = blue" }, "choice = blue: must be one of red, green" },
	{ { "choice =" }, "must be one of" },
	{ { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = 1" }, "not of the form" },
};

static void
run_lines(void)
{
	struct example e;
	struct conf c;
	char why[512];
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		begin(&c, &e);
		CHECK(conf_line(&c, "dir/x.conf", good[i].line, why, sizeof why) == 0, "%s: %s",
		    good[i].line, why);
		expect(&c, good[i].line, good[i].want);
		conf_finish(&c);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		begin(&c, &e);
		why[0] = '\0';
		if (bad[i].lines[1] != NULL)
			CHECK(conf_line(&c, "", bad[i].lines[0], why, sizeof why) == 0, "%s", why);
		CHECK(conf_line(&c, "", bad[i].lines[bad[i].lines[1] != NULL], why, sizeof why) == -1 &&
		    strstr(why, bad[i].want) != NULL, "%s: %s", bad[i].lines[0], why);
		conf_finish(&c);
	}
}

static void
run_list_limit(void)
{
	struct buf line;
	struct example e;
	struct conf c;
	char why[512];
	int i;

	buf_init(&line, 65536);
	buf_puts(&line, "words =");
	for (i = 0; i < LIMIT_CONF_LIST; i++)
		buf_puts(&line, " x");
	begin(&c, &e);
	CHECK(conf_line(&c, "", buf_str(&line), why, sizeof why) == 0 &&
	    e.words.count == LIMIT_CONF_LIST, "a full list");
	conf_finish(&c);
	buf_puts(&line, " x");
	begin(&c, &e);
	CHECK(conf_line(&c, "", buf_str(&line), why, sizeof why) == -1 &&
	    strstr(why, "more than 256 items") != NULL, "%s", why);
	conf_finish(&c);
	buf_finish(&line);
}

static char path[] = "/tmp/test_conf.XXXXXX";

static void
write_file(const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	CHECK(f != NULL && fwrite(text, 1, len, f) == len && fclose(f) == 0, "write %s", path);
}

#define TEXT(s)	(s), sizeof(s) - 1

static void
run_files(void)
{
	static const struct {
		const char *name, *text;
		size_t len;
		const char *want;		/* NULL: fine */
	} files[] = {
		{ "empty", TEXT(""), NULL },
		{ "comment", TEXT("# x\n\n  \n"), NULL },
		{ "no line end", TEXT("name = x"), NULL },
		{ "several", TEXT("name = x\ncount = 1\nflag = yes\n"), NULL },
		{ "CR LF", TEXT("name = x\r\ncount = 1\r\n"), NULL },
		{ "second line", TEXT("name = x\ncolour = red\n"), ":2: unknown key \"colour\"" },
		{ "third line", TEXT("\n#\ncount = x"), ":3: count = x: must be" },
		{ "twice", TEXT("name = x\nname = y\n"), ":2: name is given twice" },
		{ "NUL", TEXT("name = x\nna\0me = y\n"), ":2: " },
		{ "NUL at the end", TEXT("name = x\n\0"), "has a NUL byte" },
	};
	struct example e;
	struct conf c;
	char why[1024], big[LIMIT_CONF_LINE + 16];
	size_t i;

	close(mkstemp(path));
	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		write_file(files[i].text, files[i].len);
		begin(&c, &e);
		why[0] = '\0';
		CHECK(conf_file(&c, path, why, sizeof why) == (files[i].want == NULL ? 0 : -1), "%s: %s",
		    files[i].name, why);
		if (files[i].want != NULL)
			CHECK(strncmp(why, path, strlen(path)) == 0 && strstr(why, files[i].want) != NULL,
			    "%s: %s", files[i].name, why);
		conf_finish(&c);
	}
	memset(big, 'x', sizeof big);
	memcpy(big, "name = ", 7);
	write_file(big, sizeof big);
	begin(&c, &e);
	CHECK(conf_file(&c, path, why, sizeof why) == -1 && strstr(why, ":1: a line longer") != NULL,
	    "%s", why);
	CHECK(conf_file(&c, "/tmp/there is no such file", why, sizeof why) == -1 &&
	    strstr(why, "cannot be read") != NULL, "%s", why);
	conf_finish(&c);

	/* A line of the command line stands above the file's; the environment too. */
	write_file(TEXT("name = file\ncount = 1\n"));
	begin(&c, &e);
	CHECK(conf_file(&c, path, why, sizeof why) == 0, "%s", why);
	CHECK(conf_line(&c, "", "name = option", why, sizeof why) == 0, "%s", why);
	CHECK(strcmp(e.name, "option") == 0 && e.count == 1, "the option wins: %s", e.name);
	conf_finish(&c);
	unlink(path);
}

static void
run_environment(void)
{
	static char good_env[][24] = { "PATH=/bin", "X_NAME=env", "X_COUNT=3", "X_PATHS=a b",
	    "X_PAIR_ANY_THING=v", "XY=1", "X_FLAG" };
	static char bad_env[][24] = { "X_COLOUR=red", "X_COUNT=1000", "X_=1", "X_name=1", "X_PAIR=1" };
	static const char *const wants[] = {
		"environment variable X_COLOUR: names no key", "environment variable X_COUNT: count = 1000",
		"names no key", "names no key", "names no key",
	};
	char *environment[8] = { NULL }, why[1024];
	struct example e;
	struct conf c;
	size_t i;

	for (i = 0; i < sizeof good_env / sizeof good_env[0]; i++)
		environment[i] = good_env[i];
	begin(&c, &e);
	CHECK(conf_line(&c, "", "name = line", why, sizeof why) == 0, "%s", why);
	CHECK(conf_env(&c, "X_", environment, why, sizeof why) == 0, "%s", why);
	expect(&c, "environment", DEFAULTS_BUT(" env", " ", " 3", " no", " green", " a b", " a b", ""));
	conf_finish(&c);
	for (i = 0; i < sizeof bad_env / sizeof bad_env[0]; i++) {
		environment[0] = bad_env[i];
		begin(&c, &e);
		CHECK(conf_env(&c, "X_", environment, why, sizeof why) == -1 &&
		    strstr(why, wants[i]) != NULL, "%s: %s", bad_env[i], why);
		conf_finish(&c);
	}
}

/* What is printed reads back as the same. */
static void
run_print(void)
{
	static const char text[] = DEFAULTS_BUT(" x y", " /p", " 9", " yes", " red", " 1 2", " /a /b",
	    "pair.a = 1\npair.b.c_file = /f\n");
	const char *p, *end;
	struct example e;
	struct conf c;
	char line[256], why[512];

	begin(&c, &e);
	for (p = text; *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		snprintf(line, sizeof line, "%.*s", (int)(end - p), p);
		CHECK(conf_line(&c, "", line, why, sizeof why) == 0, "%s: %s", line, why);
	}
	expect(&c, "read back", text);
	CHECK(conf_pair(&e.pairs, "a") != NULL && strcmp(conf_pair(&e.pairs, "a"), "1") == 0, "pair a");
	CHECK(conf_pair(&e.pairs, "b") == NULL && conf_pair(&e.pairs, "") == NULL, "no pair");
	conf_finish(&c);
	CHECK(e.name == NULL && e.words.items == NULL && e.pairs.items == NULL, "all is given back");
}

int
main(void)
{
	run_lines();
	run_list_limit();
	run_files();
	run_environment();
	run_print();
	return check_done();
}
