/* SPDX-License-Identifier: MIT */
/* doctor.c - see doctor.h: the options, the order of what is looked at, and the report. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "cmd/doctor.h"
#include "cmd/doctor_part.h"
#include "cmd/terminal.h"
#include "edge/fetch.h"
#include "edge/user.h"
#include "run/settings.h"
#include "run/worker.h"

#define EXIT_FAILED	1	/* something failed */
#define DAY_S		86400

extern char **environ;

static int
usage(FILE *to, int code)
{
	fputs("usage: ums-mcp doctor [--url URL] [--quiet] [-c FILE]\n"
	    "\n"
	    "  -u, --url URL          look through the web server: where clients find the bridge\n"
	    "  -t, --token-file FILE  with a caller's key or token\n"
	    "      --ca-file FILE     whose certificates the web server's is held to\n"
	    "  -q, --quiet            show only what is not right\n"
	    "  -c, --config FILE      configuration\n"
	    "\n"
	    "Exit: 0 nothing failed, 1 something did, 100 the configuration is wrong.\n"
	    "See ums-mcp(8).\n", to);
	return code;
}

void
doctor_say(struct doctor *d, enum verdict verdict, const char *what, const char *mend,
    const char *found, ...)
{
	static const char *const words[] = { "ok  ", "warn", "FAIL" };
	struct buf plain, shown;
	va_list ap;
	char text[2 * LIMIT_REASON];

	d->failed = d->failed || verdict == DOCTOR_FAIL;
	if (verdict == DOCTOR_OK && d->quiet)
		return;
	va_start(ap, found);
	vsnprintf(text, sizeof text, found, ap);
	va_end(ap);
	buf_init(&plain, LIMIT_CONF_LINE + sizeof text);
	buf_init(&shown, 2 * plain.cap);
	buf_printf(&plain, "%s %s: %s%s%s", words[verdict], what, text,
	    mend == NULL ? "" : "; mend: ", mend == NULL ? "" : mend);
	/* A line a check, whatever the other side has said. */
	for (char *p = plain.data; p != NULL && *p != '\0'; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	terminal_quote(&shown, buf_str(&plain), plain.len, "");
	printf("%s\n", buf_str(&shown));
	buf_finish(&plain);
	buf_finish(&shown);
}

void
doctor_expiry(struct doctor *d, const char *what, int64_t expires_s, const char *mend)
{
	int64_t left = expires_s - clock_wall_ms() / 1000;

	if (left <= 0)
		doctor_say(d, DOCTOR_FAIL, what, mend, "expired %lld days ago",
		    (long long)(-left / DAY_S));
	else
		doctor_say(d, left < LIMIT_EXPIRY_DAYS * DAY_S ? DOCTOR_WARN : DOCTOR_OK, what,
		    left < LIMIT_EXPIRY_DAYS * DAY_S ? mend : NULL, "valid for %lld days",
		    (long long)(left / DAY_S));
}

/* From the keys to what they name; what cannot be loaded is said and the rest looked at. */
static int
look(struct doctor *d, const char *config)
{
	struct settings *s = d->settings;
	char why[LIMIT_REASON];
	int code = EXIT_PLANNED;

	if (settings_read(s, config, environ, why, sizeof why) == -1) {
		doctor_say(d, DOCTOR_FAIL, "configuration", "change what is named, then "
		    "look again", "%s", why);
		return EXIT_CONFIG;
	}
	if (s->user[0] != '\0' && user_is_root() &&
	    user_become(s->user, NULL, why, sizeof why) == -1) {
		doctor_say(d, DOCTOR_FAIL, "user", "make the user, or name another", "%s", why);
		code = EXIT_CONFIG;
	} else
		doctor_say(d, user_is_root() ? DOCTOR_WARN : DOCTOR_OK, "user", user_is_root() ?
		    "name a user of its own in user" : NULL, user_is_root() ?
		    "user is empty and this is root" : "the bridge is not root");
	doctor_host(d);
	if (settings_load(s, true, why, sizeof why) == -1) {
		doctor_say(d, DOCTOR_FAIL, "configuration", "change what is named, then "
		    "look again", "%s", why);
		code = EXIT_CONFIG;
	} else {
		doctor_say(d, DOCTOR_OK, "configuration", NULL, "%zu services, %zu tools",
		    s->catalog.nservices, s->catalog.ntools);
		doctor_service(d);
	}
	if (d->url != NULL)
		doctor_front(d);
	return code != EXIT_PLANNED ? code : d->failed ? EXIT_FAILED : EXIT_PLANNED;
}

int
doctor_run(int argc, char *const *argv, const char *config)
{
	static const struct option longs[] = {
		{ "ca-file", required_argument, NULL, 'a' },
		{ "config", required_argument, NULL, 'c' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "token-file", required_argument, NULL, 't' },
		{ "url", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct settings settings = { 0 };
	struct doctor d = { .settings = &settings };
	const char *token_file = NULL;
	char why[LIMIT_REASON], *token = NULL;
	int option, code = EXIT_CONFIG;

	while ((option = getopt_long(argc, argv, "c:qt:u:h", longs, NULL)) != -1)
		switch (option) {
		case 'a':
			d.ca_file = optarg;
			break;
		case 'c':
			config = optarg;
			break;
		case 'q':
			d.quiet = true;
			break;
		case 't':
			token_file = optarg;
			break;
		case 'u':
			d.url = optarg;
			break;
		case 'h':
			return usage(stdout, EXIT_PLANNED);
		default:
			return usage(stderr, EXIT_CONFIG);
		}
	if (optind < argc || (d.url == NULL && (token_file != NULL || d.ca_file != NULL)))
		return usage(stderr, EXIT_CONFIG);
	log_init(false, LOG_LEVEL_ERROR);
	if (d.url != NULL && strncmp(d.url, "http://", 7) != 0 &&
	    strncmp(d.url, "https://", 8) != 0) {
		log_errorx("--url: write it as clients do: https://HOST/mcp");
		return EXIT_CONFIG;
	}
	if (token_file != NULL && (token = file_secret(token_file, why, sizeof why)) == NULL) {
		log_errorx("--token-file: %s", why);
		return EXIT_CONFIG;
	}
	d.token = token;
	if (fetch_init() == -1) {
		log_errorx("libcurl does not start");
		code = EXIT_TEMPORARY;
	} else
		code = look(&d, config);
	settings_finish(&settings);
	fetch_finish();
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	free(token);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		log_error("the report cannot be written");
		return EXIT_TEMPORARY;
	}
	return code;
}
