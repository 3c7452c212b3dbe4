/* SPDX-License-Identifier: MIT */
/*
 * call.c - see call.h. The call is a message of this process to itself, and takes the way of all
 * others: what is here puts it into words, and shows what comes of it.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "cmd/argument.h"
#include "cmd/call.h"
#include "cmd/setup.h"
#include "cmd/terminal.h"
#include "mcp/answer.h"
#include "mcp/catalog.h"
#include "mcp/service.h"
#include "mcp/upstream.h"
#include "run/bridge.h"
#include "run/worker.h"
#include "wire/json.h"

#define EXIT_FAILED	1	/* the call failed */

struct caller {
	const char		*config, *file;	/* --json */
	bool			 dry, wordy;
	bool			 asks;		/* there is somebody to be asked */
	struct setup		 setup;
	const struct tool	*tool;
	cJSON			*args;
	struct buf		 secret;	/* of the last request: what is shown as *** */
	int			 code;
};

static int
usage(FILE *to, int code)
{
	fputs("usage: ums-mcp call TOOL [NAME=VALUE ...] [--dry-run] [-v] [-c FILE]\n"
	    "\n"
	    "  NAME=VALUE          an argument; JSON where the tool wants no text\n"
	    "  NAME=@FILE          its value from a file\n"
	    "  NAME:=JSON          its value as JSON, whatever the tool wants\n"
	    "  -j, --json FILE     arguments as one JSON object; -: the standard input\n"
	    "  -n, --dry-run       show the request, send nothing\n"
	    "  -v, --verbose       show requests and answers, too\n"
	    "  -c, --config FILE   configuration\n"
	    "\n"
	    "ums-mcp tools -l lists tools and arguments. See ums-mcp(8).\n", to);
	return code;
}

/* ====== what is shown ====== */

/* Show text with what is secret in it left out; somebody else may have written it. */
static void
show(const struct caller *c, FILE *to, const char *text, size_t len, const char *prefix)
{
	const char *secret = buf_str(&c->secret), *at;
	struct buf plain, out;

	buf_init(&plain, 3 * len + 16);
	buf_init(&out, 8 * len + LIMIT_HEADER);
	while (c->secret.len > 0 && (at = memmem(text, len, secret, c->secret.len)) != NULL) {
		buf_append(&plain, text, (size_t)(at - text));
		buf_puts(&plain, "***");
		len -= (size_t)(at - text) + c->secret.len;
		text = at + c->secret.len;
	}
	buf_append(&plain, text, len);
	if (plain.failed || terminal_quote(&out, buf_str(&plain), plain.len, prefix) == -1)
		fputs("(too long to be shown)", to);
	fputs(buf_str(&out), to);
	if (out.len == 0 || out.data[out.len - 1] != '\n')
		fputc('\n', to);
	buf_wipe(&plain);
	buf_finish(&out);
}

static void
show_json(const struct caller *c, FILE *to, const cJSON *item, bool pretty, const char *prefix)
{
	struct buf text;

	buf_init(&text, 16 * (size_t)LIMIT_SERVICE_FILE);
	if ((pretty ? json_pretty(&text, item) : json_print(&text, item)) == 0)
		show(c, to, buf_str(&text), text.len, prefix);
	buf_finish(&text);
}

/* How much of a credential's line is no secret: its name, and the scheme (RFC 9110, 11.4). */
static size_t
open_part(const char *line)
{
	static const char *const schemes[] = { "Authorization: Bearer ", "Authorization: Basic " };
	size_t i, name = strcspn(line, ":");

	for (i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (strncmp(line, schemes[i], strlen(schemes[i])) == 0)
			return strlen(schemes[i]);
	return name + strspn(line + name, ": ");
}

/* A dry run's request is what was asked for; else it stands beside that. */
static void
on_request(void *arg, const struct upstream *u, const char *credential)
{
	struct caller *c = arg;
	FILE *to = c->dry ? stdout : stderr;
	const char *prefix = c->dry ? "" : "> ";
	struct buf line;
	size_t i;

	buf_wipe(&c->secret);
	if (credential != NULL)
		buf_puts(&c->secret, credential + open_part(credential));
	else if (u->secret_len > 0)
		buf_append(&c->secret, u->url + u->secret_at, u->secret_len);
	if (!c->dry && !c->wordy)
		return;
	buf_init(&line, 2 * LIMIT_URL);
	buf_printf(&line, "%s %s", u->method, u->url);
	show(c, to, buf_str(&line), line.len, prefix);
	buf_finish(&line);
	if (credential != NULL)
		fprintf(to, "%s%.*s***\n", prefix, (int)open_part(credential), credential);
	for (i = 0; i < u->nheaders; i++)
		if (i + u->nsigned < u->nheaders)
			show(c, to, u->headers[i], strlen(u->headers[i]), prefix);
		else
			fprintf(to, "%s%.*s***\n", prefix, (int)open_part(u->headers[i]),
			    u->headers[i]);
	if (!u->has_body)
		return;
	fprintf(to, "%s\n", prefix);
	show(c, to, buf_str(&u->body), u->body.len, prefix);
}

static void
on_answer(void *arg, const struct answer *answer)
{
	struct caller *c = arg;

	if (!c->wordy)
		return;
	if (answer->status == 0)
		fprintf(stderr, "< no answer (%s): %s\n", answer_outcome(answer->outcome),
		    answer->why);
	else
		show(c, stderr, answer->head, strlen(answer->head), "< ");
	if (answer->len > 0)
		show(c, stderr, answer->body, answer->len, "< ");
}

/* ====== what is said ====== */

/* Ask the person at the terminal. */
static bool
ask(const struct caller *c, const cJSON *failure)
{
	char reply[16];

	fprintf(stderr, "ums-mcp: %s needs your agreement. This is what it would do:\n",
	    c->tool->name);
	show_json(c, stderr, json_get(failure, "preview"), true, "  ");
	fputs("Do it? [y/N] ", stderr);
	if (fgets(reply, sizeof reply, stdin) == NULL)
		reply[0] = '\0';
	return reply[0] == 'y' || reply[0] == 'Y';
}

/* The text of a failed call, for a person: code, hint, and what there is besides. */
static void
show_failure(const struct caller *c, const cJSON *failure)
{
	const char *code = json_str(failure, "code"), *hint = json_str(failure, "hint");
	const char *token = json_str(failure, "confirm_token");
	const cJSON *candidates = json_get(failure, "candidates"), *candidate;
	const cJSON *wait = json_get(failure, "retry_after_s");
	struct buf line;

	buf_init(&line, LIMIT_CONF_LINE);
	buf_printf(&line, "ums-mcp: %s: %s", code, hint);
	show(c, stderr, buf_str(&line), line.len, "");
	buf_finish(&line);
	cJSON_ArrayForEach(candidate, candidates)
		show_json(c, stderr, candidate, false, candidate == candidates->child ?
		    "  candidates: " : "              ");
	if (cJSON_IsNumber(wait))
		fprintf(stderr, "  repeat it after: %s s\n", wait->valuestring);
	if (json_str(failure, "upstream_request_id") != NULL)
		show_json(c, stderr, json_get(failure, "upstream_request_id"), false,
		    "  the service's request id: ");
	if (strcmp(code, "invalid_cursor") == 0 && c->setup.settings.state_key[0] == '\0')
		fputs("  a cursor outlives the process that gave it only with state_key\n", stderr);
	if (token == NULL)
		return;
	fputs("  preview:\n", stderr);
	show_json(c, stderr, json_get(failure, "preview"), true, "    ");
	if (c->setup.settings.state_key[0] == '\0')
		fputs("  to agree: call it at a terminal; a token outlives this process only with "
		    "state_key\n", stderr);
	else
		fprintf(stderr, "  to agree: call it again with confirm_token=%s\n", token);
}

/* A good result: its JSON, with what is beside it; or all of its content. */
static void
show_result(const struct caller *c, const cJSON *structured, const cJSON *content)
{
	const cJSON *block;

	if (c->dry)
		return;
	show_json(c, stdout, structured != NULL ? structured : content, isatty(STDOUT_FILENO), "");
	if (structured == NULL)
		return;
	/* The first block says the same as text. */
	for (block = cJSON_GetArrayItem(content, 1); block != NULL; block = block->next)
		show_json(c, stderr, block, false, "  beside it: ");
}

/* What came of the call. True: it is to be made again, for somebody agreed to it. */
static bool
heed(struct caller *c, const cJSON *answer)
{
	const cJSON *result = json_get(answer, "result"), *content = json_get(result, "content");
	const char *text = json_str(cJSON_GetArrayItem(content, 0), "text");
	const char *message = json_str(json_get(answer, "error"), "message");
	struct json_fault fault;
	cJSON *failure = NULL;
	bool again = false;

	c->code = EXIT_PLANNED;
	if (result != NULL && !json_true(result, "isError")) {
		show_result(c, json_get(result, "structuredContent"), content);
		return false;
	}
	c->code = EXIT_FAILED;
	if (json_true(result, "isError") && text != NULL)
		failure = json_parse(text, strlen(text), &fault);
	if (failure != NULL && json_str(failure, "confirm_token") != NULL && c->asks &&
	    strcmp(json_str(failure, "code"), "confirmation_required") == 0) {
		again = ask(c, failure);
		if (!again)
			log_errorx("nothing was done");
		else if (json_put(c->args, "confirm_token",
		    cJSON_CreateString(json_str(failure, "confirm_token"))) == -1) {
			log_errorx("out of memory; nothing was done");
			again = false;
		}
		/* Whoever was asked once is not asked again. */
		c->asks = false;
	} else if (failure != NULL && json_str(failure, "code") != NULL)
		show_failure(c, failure);
	else
		log_errorx("%s", message != NULL ? message : "there is no answer");
	cJSON_Delete(failure);
	return again;
}

static bool
next(void *arg, const struct buf *answer, struct buf *message)
{
	struct caller *c = arg;
	struct json_fault fault;
	cJSON *tree;
	bool again = true;

	if (answer->len > 0) {
		tree = json_parse(buf_str(answer), answer->len, &fault);
		again = heed(c, tree);
		cJSON_Delete(tree);
	}
	if (!again)
		return false;
	buf_puts(message, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":"
	    "{\"name\":");
	json_quote(message, c->tool->name);
	buf_puts(message, ",\"arguments\":");
	json_print(message, c->args);
	if (buf_puts(message, "}}") == 0)
		return true;
	log_errorx("the arguments are longer than body_max (%zu bytes)", message->cap);
	c->code = EXIT_FAILED;
	return false;
}

/* ====== from the command line to the call ====== */

static int
find_tool(struct caller *c, const char *name)
{
	c->tool = catalog_find(&c->setup.settings.catalog, name);
	if (c->tool == NULL)
		log_errorx("there is no tool \"%.*s\"; ums-mcp tools lists all", LIMIT_TOOL_NAME,
		    name);
	else if (c->tool->off != NULL)
		log_errorx("%s is off: %s", name, c->tool->off);
	else if (c->dry && c->tool->service == NULL)
		log_errorx("%s sends no request", name);
	else
		return 0;
	return -1;
}

static int
read_arguments(struct caller *c, char *const *words)
{
	char why[LIMIT_REASON];

	c->args = cJSON_CreateObject();
	if (c->args == NULL)
		snprintf(why, sizeof why, "out of memory");
	else if (c->file == NULL || argument_read(c->args, c->file, why, sizeof why) == 0) {
		while (*words != NULL && argument_put(c->args, c->tool, *words, why,
		    sizeof why) == 0)
			words++;
		if (*words == NULL)
			return 0;
	}
	log_errorx("%s", why);
	return -1;
}

static int
make(struct caller *c)
{
	const struct settings *s = &c->setup.settings;
	const struct bridge_watch watch = {
		.request = on_request, .answer = on_answer, .arg = c, .rehearses = c->dry,
	};
	const struct worker_talk talk = { .next = next, .arg = c, .watch = &watch };
	int code;

	if (c->dry && policy_judge(&s->policy, c->tool, c->args, MCP_OPERATOR) == POLICY_CONFIRM)
		fputs("ums-mcp: by its policy a person would be asked first\n", stderr);
	if (c->dry && c->tool->nsteps > 0)
		fprintf(stderr, "ums-mcp: %s is up to %zu requests; the first that would be sent "
		    "is shown\n", c->tool->name, c->tool->nsteps + 1);
	code = worker_talk(s, &c->setup.metrics, &talk);
	if (code != EXIT_PLANNED)
		return code;
	if (fflush(stdout) == EOF || ferror(stdout)) {
		log_error("the result cannot be written");
		return EXIT_TEMPORARY;
	}
	return c->code;
}

int
call_run(int argc, char *const *argv, const char *config)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "json", required_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct caller c = { .config = config, .code = EXIT_CONFIG };
	int option;

	while ((option = getopt_long(argc, argv, "c:nj:vh", longs, NULL)) != -1)
		switch (option) {
		case 'c':
			c.config = optarg;
			break;
		case 'n':
			c.dry = true;
			break;
		case 'j':
			c.file = optarg;
			break;
		case 'v':
			c.wordy = true;
			break;
		case 'h':
			return usage(stdout, EXIT_PLANNED);
		default:
			return usage(stderr, EXIT_CONFIG);
		}
	if (optind == argc)
		return usage(stderr, EXIT_CONFIG);
	log_init(false, LOG_LEVEL_WARN);
	buf_init(&c.secret, LIMIT_SECRET);
	c.asks = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	if (setup_init(&c.setup, c.config, c.dry) == 0 && find_tool(&c, argv[optind]) == 0 &&
	    read_arguments(&c, argv + optind + 1) == 0)
		c.code = make(&c);
	cJSON_Delete(c.args);
	buf_wipe(&c.secret);
	setup_finish(&c.setup);
	return c.code;
}
