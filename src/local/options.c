/* SPDX-License-Identifier: MIT */
/* options.c - the command line of ums-local; see options.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "local/cap.h"
#include "local/options.h"
#include "wire/json.h"

#ifndef UMS_MCP_VERSION
#define UMS_MCP_VERSION	"unknown"
#endif

enum {
	OPTION_DB = 256, OPTION_SOCKET, OPTION_WORKERS, OPTION_TOKEN_FILE, OPTION_CLIENTS_FILE,
	OPTION_SMTP, OPTION_MAIL_FROM, OPTION_RATE, OPTION_FAULTS, OPTION_INIT_ONLY, OPTION_ROUTES,
	OPTION_VERSION, OPTION_HELP
};

static const struct option words[] = {
	{ "db", required_argument, NULL, OPTION_DB },
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "workers", required_argument, NULL, OPTION_WORKERS },
	{ "token-file", required_argument, NULL, OPTION_TOKEN_FILE },
	{ "clients-file", required_argument, NULL, OPTION_CLIENTS_FILE },
	{ "smtp", required_argument, NULL, OPTION_SMTP },
	{ "mail-from", required_argument, NULL, OPTION_MAIL_FROM },
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "faults", no_argument, NULL, OPTION_FAULTS },
	{ "init-only", no_argument, NULL, OPTION_INIT_ONLY },
	{ "routes", no_argument, NULL, OPTION_ROUTES },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 }
};

static const char usage[] =
    "usage: ums-local --db FILE --token-file FILE [--socket PATH] [--workers N]\n"
    "\n"
    "The reference messaging service: a FastCGI responder over SQLite.\n"
    "\n"
    "  --db FILE            the store; made and filled when it is not there\n"
    "  --socket PATH        listen here; without it, serve the socket on descriptor 0\n"
    "  --workers N          processes that answer requests (default 2)\n"
    "  --token-file FILE    one line: the bearer token that clients must show\n"
    "  --clients-file FILE  JSON {\"client_id\":\"secret\"} for POST /oauth/token\n"
    "  --smtp URL           smtp://HOST:PORT of a relay for channel email\n"
    "  --mail-from ADDRESS  the sender of mail\n"
    "  --rate N             requests a minute that one token's owner may make (default: no limit)\n"
    "  --faults             obey X-Fault; for tests only\n"
    "  --init-only          make or migrate the store and exit\n"
    "  --routes             print the table of routes and exit\n"
    "  --version, --help\n";

static int	read_word(struct options *, int, char *);
static int	read_number(const char *, const char *, int, int, int *);
static const char *refusal(const struct options *);
static int	check(const struct options *);
static int	read_clients(struct options *, char *, size_t);

static int
read_number(const char *name, const char *text, int low, int high, int *out)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < low || n > high) {
		fprintf(stderr, "ums-local: --%s: a number from %d to %d is wanted, not '%s'\n",
		    name, low, high, text);
		return -1;
	}
	*out = (int)n;
	return 0;
}

/* 0, 1 when the word is answered and the program is done, or -1. */
static int
read_word(struct options *opt, int word, char *value)
{
	switch (word) {
	case OPTION_DB:
		opt->db = value;
		return 0;
	case OPTION_SOCKET:
		opt->socket = value;
		return 0;
	case OPTION_WORKERS:
		return read_number("workers", value, 1, CAP_WORKERS, &opt->workers);
	case OPTION_TOKEN_FILE:
		opt->token_file = value;
		return 0;
	case OPTION_CLIENTS_FILE:
		opt->clients_file = value;
		return 0;
	case OPTION_SMTP:
		opt->smtp = value;
		return 0;
	case OPTION_MAIL_FROM:
		opt->mail_from = value;
		return 0;
	case OPTION_RATE:
		return read_number("rate", value, 0, 1000000, &opt->rate);
	case OPTION_FAULTS:
		opt->faults = true;
		return 0;
	case OPTION_INIT_ONLY:
		opt->init_only = true;
		return 0;
	case OPTION_ROUTES:
		opt->print_routes = true;
		return 0;
	case OPTION_VERSION:
		printf("ums-local %s\n", UMS_MCP_VERSION);
		return 1;
	case OPTION_HELP:
		fputs(usage, stdout);
		return 1;
	default:
		fputs("ums-local: --help lists the options\n", stderr);
		return -1;
	}
}

static const char *
refusal(const struct options *opt)
{
	if (opt->db == NULL)
		return "--db FILE is missing: where shall the messages be kept?";
	if (opt->init_only)
		return NULL;
	if (opt->token_file == NULL && opt->clients_file == NULL)
		return "--token-file FILE is missing: nobody could call a service without a token";
	if ((opt->smtp == NULL) != (opt->mail_from == NULL))
		return "--smtp and --mail-from go together";
	if (opt->smtp != NULL && strncmp(opt->smtp, "smtp://", 7) != 0)
		return "--smtp: smtp://HOST:PORT is wanted";
	if (opt->mail_from != NULL && (strchr(opt->mail_from, '@') == NULL ||
	    strpbrk(opt->mail_from, " <>\r\n\t\"") != NULL))
		return "--mail-from: a plain address such as desk@example.org is wanted";
	/* FCGX_OpenSocket() takes NAME:PORT for TCP, on any interface; that is never meant. */
	if (opt->socket != NULL && strchr(opt->socket, ':') != NULL)
		return "--socket: a path without ':' is wanted";
	return NULL;
}

static int
check(const struct options *opt)
{
	const char *why = refusal(opt);

	if (why == NULL)
		return 0;
	fprintf(stderr, "ums-local: %s\n", why);
	return -1;
}

static int
read_clients(struct options *opt, char *why, size_t whylen)
{
	struct json_fault fault;
	struct buf text;
	cJSON *tree = NULL;
	const cJSON *item;
	struct client *c;
	int result = -1;

	buf_init(&text, LIMIT_SECRET);
	if (file_read(&text, opt->clients_file, why, whylen) == -1)
		goto out;
	snprintf(why, whylen, "%s: a JSON object {\"client_id\":\"secret\"} is wanted",
	    opt->clients_file);
	tree = json_parse(buf_str(&text), text.len, &fault);
	if (!cJSON_IsObject(tree) || json_has_nul(tree) || cJSON_GetArraySize(tree) > CAP_CLIENTS)
		goto out;
	opt->clients = calloc((size_t)cJSON_GetArraySize(tree) + 1, sizeof *opt->clients);
	if (opt->clients == NULL)
		goto out;
	cJSON_ArrayForEach(item, tree) {
		if (!cJSON_IsString(item) || item->valuestring[0] == '\0' ||
		    item->string[0] == '\0' || strlen(item->string) > CAP_ID)
			goto out;
		c = &opt->clients[opt->client_count++];
		c->id = strdup(item->string);
		c->secret = strdup(item->valuestring);
		if (c->id == NULL || c->secret == NULL)
			goto out;
	}
	result = 0;
out:
	cJSON_Delete(tree);
	buf_finish(&text);
	return result;
}

int
options_read(struct options *opt, int argc, char **argv)
{
	char why[512];
	int word, result = 0;

	memset(opt, 0, sizeof *opt);
	opt->workers = 2;
	opt->bell = -1;
	while (result == 0 && (word = getopt_long(argc, argv, "", words, NULL)) != -1)
		result = read_word(opt, word, optarg);
	if (result != 0 || opt->print_routes)
		return result;
	if (optind < argc) {
		fprintf(stderr, "ums-local: '%s' is no option; --help lists them\n", argv[optind]);
		return -1;
	}
	if (check(opt) == -1)
		return -1;
	if (opt->init_only)
		return 0;
	if (opt->token_file != NULL &&
	    (opt->token = file_secret(opt->token_file, why, sizeof why)) == NULL)
		result = -1;
	if (result == 0 && opt->clients_file != NULL)
		result = read_clients(opt, why, sizeof why);
	if (result == -1)
		fprintf(stderr, "ums-local: %s\n", why);
	return result;
}

void
options_free(struct options *opt)
{
	size_t i;

	for (i = 0; i < opt->client_count; i++) {
		free(opt->clients[i].id);
		free(opt->clients[i].secret);
	}
	free(opt->clients);
	free(opt->token);
}
