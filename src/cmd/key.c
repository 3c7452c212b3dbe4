/* SPDX-License-Identifier: MIT */
/*
 * key.c - see key.h. A key is shown once, on the standard output, and never again: the file has
 * its digest. Whoever changes the file holds its lock, and checks the new text as a start would.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "cmd/key.h"
#include "mcp/apikey.h"
#include "run/settings.h"
#include "run/worker.h"

#define DAY_MS	INT64_C(86400000)

struct key_options {
	const char	*name;
	const char	*config;
	const char	*file;		/* NULL: none; may point into `settings` */
	const char	*expires;
	char		*scopes;	/* separated by spaces */
	bool		 older;
	struct settings	 settings;
};

extern char **environ;

static int	key_new(struct key_options *);
static int	key_list(struct key_options *);
static int	key_revoke(struct key_options *);

static const struct command {
	const char	*name;
	const char	*takes;		/* options, as getopt(3) has them */
	bool		 named;		/* a NAME follows */
	int		(*run)(struct key_options *);
} commands[] = {
	{ "new", "c:f:e:s:", true, key_new },
	{ "list", "c:f:", false, key_list },
	{ "revoke", "c:f:o", true, key_revoke },
};

static int
usage(FILE *to, int code)
{
	fputs("usage: ums-mcp key new NAME [--expires DATE|DAYSd] [--scopes A,B] [--file FILE]\n"
	    "       ums-mcp key list [--file FILE]\n"
	    "       ums-mcp key revoke NAME [--older] [--file FILE]\n"
	    "\n"
	    "Without --file it is api_keys_file of the configuration (-c FILE, or the default).\n"
	    "See ums-mcp(8).\n", to);
	return code;
}

static int
fail(const char *why)
{
	log_errorx("%s", why);
	return EXIT_CONFIG;
}

/* Options and the name. 0, or -1: wrong, and said. */
static int
read_options(struct key_options *o, const struct command *command, int argc, char *const *argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "file", required_argument, NULL, 'f' },
		{ "expires", required_argument, NULL, 'e' },
		{ "scopes", required_argument, NULL, 's' },
		{ "older", no_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	char *p;
	int c;

	while ((c = getopt_long(argc, argv, "c:f:e:s:o", longs, NULL)) != -1) {
		if (c == '?' || strchr(command->takes, c) == NULL)
			return -1;
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'f':
			o->file = optarg;
			break;
		case 'e':
			o->expires = optarg;
			break;
		case 's':
			o->scopes = optarg;
			for (p = optarg; *p != '\0'; p++)
				*p = *p == ',' ? ' ' : *p;
			break;
		case 'o':
			o->older = true;
			break;
		}
	}
	if (argc - optind != (command->named ? 1 : 0))
		return -1;
	o->name = command->named ? argv[optind] : NULL;
	return 0;
}

/* The file that the configuration names, where no option did. 0 or -1. */
static int
find_file(struct key_options *o, char *why, size_t whylen)
{
	if (o->file != NULL)
		return 0;
	if (settings_read(&o->settings, o->config, environ, why, whylen) == -1)
		return -1;
	if (o->settings.api_keys_file[0] != '\0')
		o->file = o->settings.api_keys_file;
	return 0;
}

int
key_run(int argc, char *const *argv, const char *config)
{
	struct key_options o = { .config = config };
	const struct command *command = NULL;
	char why[LIMIT_REASON];
	size_t i;
	int code;

	if (argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
		return usage(stdout, EXIT_PLANNED);
	for (i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			command = &commands[i];
	if (command == NULL || read_options(&o, command, argc - 1, argv + 1) == -1)
		return usage(stderr, EXIT_CONFIG);
	code = find_file(&o, why, sizeof why) == -1 ? fail(why) : command->run(&o);
	if (o.settings.conf.base != NULL)
		settings_finish(&o.settings);
	return code;
}

/* ====== the file ====== */

/* Open a file and hold its lock; whoever had it before may have put another in its place. */
static int
lock_file(const char *path, bool make, char *why, size_t whylen)
{
	struct stat mine, there;
	int fd;

	for (;;) {
		fd = open(path, O_RDONLY | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
		if (fd == -1 || flock(fd, LOCK_EX) == -1 || fstat(fd, &mine) == -1)
			break;
		if (stat(path, &there) == 0 && there.st_ino == mine.st_ino &&
		    there.st_dev == mine.st_dev)
			return fd;
		close(fd);
	}
	snprintf(why, whylen, "%s: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

/* Read the file and what it means; both are to be finished whatever is returned. */
static int
read_keys(const char *path, struct buf *text, struct apikey_set *set, char *why, size_t whylen)
{
	*set = (struct apikey_set){ 0 };
	buf_init(text, LIMIT_CONF_FILE);
	return file_read_private(text, path, why, whylen) == -1 ? -1 :
	    apikey_set_read(set, buf_str(text), text->len, path, why, whylen);
}

static void
tell_reload(void)
{
	fputs("ums-mcp: a running ums-mcp hears of it by a HUP to its master\n", stderr);
}

/* ====== new ====== */

/* When a key ends: a date, a time or a number of days. -1: none of these, or gone by. */
static int64_t
expiry(const char *text)
{
	int64_t now = clock_wall_ms(), ms;
	char whole[64], *end;
	long days;

	if (text == NULL)
		return 0;
	days = strtol(text, &end, 10);
	if (end != text && strcmp(end, "d") == 0)
		return days >= 1 && days <= 36500 ? now + days * DAY_MS : -1;
	snprintf(whole, sizeof whole, "%.40s%s", text, strlen(text) == 10 ? "T00:00:00Z" : "");
	ms = apikey_time(whole);
	return ms > now ? ms : -1;
}

/* Show a new key: whoever could not read it must not have it in the file. */
static int
show(const struct buf *token)
{
	if (puts(buf_str(token)) != EOF && fflush(stdout) != EOF)
		return 0;
	log_error("the key cannot be written on the standard output");
	return -1;
}

/* Append the line to the file, and show the key once it is sure that it fits. */
static int
append(const char *path, const char *name, const struct buf *token, const struct buf *line)
{
	bool made = access(path, F_OK) == -1;
	struct apikey_set set, after = { 0 };
	size_t i, same = 0;
	char why[LIMIT_REASON];
	int fd, code = EXIT_CONFIG;
	struct buf text;

	fd = lock_file(path, true, why, sizeof why);
	if (fd == -1)
		return fail(why);
	if (read_keys(path, &text, &set, why, sizeof why) == -1)
		goto bad;
	for (i = 0; i < set.count; i++)
		same += strcmp(set.keys[i].name, name) == 0;
	if (same > 1) {
		snprintf(why, sizeof why, "%s: %s has two keys already; revoke one first "
		    "(ums-mcp key revoke %s --older)", path, name, name);
		goto bad;
	}
	if (text.len > 0 && text.data[text.len - 1] != '\n')
		buf_putc(&text, '\n');
	if (buf_append(&text, line->data, line->len) == -1) {
		snprintf(why, sizeof why, "%s: longer than %zu bytes", path, text.cap);
		goto bad;
	}
	if (apikey_set_read(&after, buf_str(&text), text.len, path, why, sizeof why) == -1)
		goto bad;
	if (show(token) == -1)
		goto out;
	if (file_replace(path, buf_str(&text), text.len, why, sizeof why) == -1) {
		fail("the key that was shown is not valid");
		goto bad;
	}
	fprintf(stderr, "ums-mcp: %s: a key of %s was added%s; it is shown this once\n", path, name,
	    same == 1 ? ", its second; both are valid" : "");
	if (made && geteuid() == 0)
		fprintf(stderr, "ums-mcp: %s belongs to root: chown it to the user that runs "
		    "ums-mcp\n", path);
	tell_reload();
	code = EXIT_PLANNED;
	goto out;
bad:
	fail(why);
out:
	buf_finish(&text);
	apikey_set_finish(&set);
	apikey_set_finish(&after);
	close(fd);
	return code;
}

static int
key_new(struct key_options *o)
{
	int64_t expires_ms = expiry(o->expires);
	struct buf token, line;
	char why[LIMIT_REASON];
	int code = EXIT_CONFIG;

	if (expires_ms == -1)
		return fail("--expires takes a date or a time that is to come, such as 2027-01-31 "
		    "or 2027-01-31T12:00:00Z, or days from 1d to 36500d");
	buf_init(&token, APIKEY_TEXT);
	buf_init(&line, LIMIT_CONF_LINE);
	if (apikey_new(&token, &line, o->name, expires_ms, o->scopes, why, sizeof why) == -1)
		fail(why);
	else if (o->file != NULL)
		code = append(o->file, o->name, &token, &line);
	else if (show(&token) == 0) {
		fprintf(stderr, "ums-mcp: no file was changed, for the configuration has no "
		    "api_keys_file; add this line to one (mode 0600), and name that:\n%s",
		    buf_str(&line));
		code = EXIT_PLANNED;
	}
	if (token.data != NULL)
		explicit_bzero(token.data, token.len);
	buf_finish(&token);
	buf_finish(&line);
	return code;
}

/* ====== list, revoke ====== */

static int
need_file(const struct key_options *o)
{
	if (o->file == NULL)
		fail("which file? name it with --file, or as api_keys_file in the configuration");
	return o->file == NULL ? -1 : 0;
}

static int
key_list(struct key_options *o)
{
	int64_t now = clock_wall_ms();
	const struct apikey *k;
	char why[LIMIT_REASON], date[APIKEY_DATE];
	int code = EXIT_PLANNED;
	struct apikey_set set;
	struct buf text;
	size_t i;

	if (need_file(o) == -1)
		return EXIT_CONFIG;
	if (read_keys(o->file, &text, &set, why, sizeof why) == -1)
		code = fail(why);
	for (i = 0; code == EXIT_PLANNED && i < set.count; i++) {
		k = &set.keys[i];
		apikey_date(k->expires_ms, date);
		printf("%s\t%s%s\t%s\n", k->name, k->expires_ms == 0 ? "never" : date,
		    k->expires_ms != 0 && k->expires_ms <= now ? " expired" : "",
		    k->scopes == NULL ? "all" : k->scopes);
	}
	if (fflush(stdout) == EOF)
		code = fail("the standard output cannot be written");
	buf_finish(&text);
	apikey_set_finish(&set);
	return code;
}

/* Copy all lines but those of the keys of a name (`older`: but the first). How many went. */
static size_t
copy_others(struct buf *out, const struct buf *text, const struct apikey_set *set,
    const char *name, bool older)
{
	const char *p, *end, *stop = text->data + text->len;
	size_t number = 0, gone = 0, at = 0;

	for (p = text->data; p < stop; p = end) {
		number++;
		end = memchr(p, '\n', (size_t)(stop - p));
		end = end == NULL ? stop : end + 1;
		while (at < set->count && set->keys[at].line < number)
			at++;
		if (at < set->count && set->keys[at].line == number &&
		    strcmp(set->keys[at].name, name) == 0 && !(older && gone > 0))
			gone++;
		else
			buf_append(out, p, (size_t)(end - p));
	}
	return gone;
}

static int
key_revoke(struct key_options *o)
{
	struct apikey_set set = { 0 };
	struct buf text, rest;
	size_t i, same = 0, gone;
	char why[LIMIT_REASON];
	int fd, code = EXIT_CONFIG;

	if (need_file(o) == -1)
		return EXIT_CONFIG;
	fd = lock_file(o->file, false, why, sizeof why);
	if (fd == -1)
		return fail(why);
	buf_init(&rest, LIMIT_CONF_FILE);
	if (read_keys(o->file, &text, &set, why, sizeof why) == -1)
		goto out;
	for (i = 0; i < set.count; i++)
		same += strcmp(set.keys[i].name, o->name) == 0;
	snprintf(why, sizeof why, same == 0 ?
	    "%s: no key has that name; ums-mcp key list shows all" :
	    "%s: the name has one key only, which --older would leave nothing of; revoke it "
	    "without --older", o->file);
	if (same == 0 || (o->older && same == 1))
		goto out;
	gone = copy_others(&rest, &text, &set, o->name, o->older);
	if (rest.failed) {
		snprintf(why, sizeof why, "out of memory");
		goto out;
	}
	if (file_replace(o->file, buf_str(&rest), rest.len, why, sizeof why) == -1)
		goto out;
	fprintf(stderr, "ums-mcp: %s: %s of %s %s taken away\n", o->file,
	    o->older ? "the older key" : gone == 1 ? "the key" : "both keys", o->name,
	    gone == 1 ? "was" : "were");
	tell_reload();
	code = EXIT_PLANNED;
out:
	if (code != EXIT_PLANNED)
		fail(why);
	buf_finish(&text);
	buf_finish(&rest);
	apikey_set_finish(&set);
	close(fd);
	return code;
}
