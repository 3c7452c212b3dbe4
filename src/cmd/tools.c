/* SPDX-License-Identifier: MIT */
/* tools.c - see tools.h. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "cmd/argument.h"
#include "cmd/setup.h"
#include "cmd/terminal.h"
#include "cmd/tools.h"
#include "mcp/catalog.h"
#include "mcp/cost.h"
#include "mcp/service.h"
#include "run/worker.h"
#include "wire/json.h"

#define ARGUMENT_COLUMN	22	/* where types stand, unless a name is longer */

static int
usage(FILE *to, int code)
{
	fputs("usage: ums-mcp tools [-l] [-c FILE]\n"
	    "\n"
	    "  -l, --long          and each tool's description and arguments\n"
	    "  -c, --config FILE   configuration\n"
	    "\n"
	    "See ums-mcp(8).\n", to);
	return code;
}

/* What becomes of a call, in a word, and why. */
static const char *
policy_word(const struct settings *s, const struct tool *t, const char **why)
{
	enum policy_action always = policy_always(&s->policy, t);
	size_t i;

	*why = t->off;
	if (t->off != NULL)
		return always == POLICY_DENY ? "deny" : "off";
	for (i = 0; i < s->policy.count && !policy_rule_names(&s->policy, i, t); i++)
		;
	if (i < s->policy.count)
		*why = "by the configuration's policy";
	else if (json_str(t->spec, "policy") != NULL)
		*why = "by its service file";
	if (always == POLICY_ACTIONS) {
		*why = "by channel or caller, see policy";
		return "varies";
	}
	return always == POLICY_CONFIRM ? "confirm" : "allow";
}

static const char *
service_name(const struct tool *t)
{
	return t->service == NULL ? "-" : t->service->name;
}

/* The widest of the names, and of a heading. */
static size_t
widest(const struct catalog *c, const char *(*name)(const struct tool *), const char *heading)
{
	size_t i, most = strlen(heading);

	for (i = 0; i < c->ntools; i++)
		if (strlen(name(c->tools[i])) > most)
			most = strlen(name(c->tools[i]));
	return most;
}

static const char *
tool_name(const struct tool *t)
{
	return t->name;
}

static void
put_table(struct buf *out, const struct settings *s)
{
	const struct catalog *c = &s->catalog;
	int names = (int)widest(c, tool_name, "TOOL");
	int services = (int)widest(c, service_name, "SERVICE");
	const char *why, *word;
	const struct tool *t;
	struct buf policy;
	size_t i, from;

	buf_init(&policy, LIMIT_CONF_LINE);
	buf_printf(out, "%-*s  %-*s  %-5s  %6s  POLICY\n", names, "TOOL", services, "SERVICE",
	    "DOES", "TOKENS");
	for (i = 0; i < c->ntools; i++) {
		t = c->tools[i];
		from = out->len;
		buf_printf(out, "%-*s  %-*s  %-5s  ", names, t->name, services, service_name(t),
		    t->write ? "write" : "read");
		/* One that is off is in no list. */
		if (t->off != NULL)
			buf_printf(out, "%6s  ", "-");
		else
			buf_printf(out, "%6zu  ", cost_tokens(t));
		word = policy_word(s, t, &why);
		buf_reset(&policy);
		buf_printf(&policy, "%s%s%s", word, why == NULL ? "" : ": ",
		    why == NULL ? "" : why);
		terminal_wrap(out, buf_str(&policy), out->len - from, out->len - from);
	}
	buf_finish(&policy);
}

static void
put_argument(struct buf *out, const struct tool *t, const char *name)
{
	size_t from = out->len, at;
	struct buf text;

	buf_init(&text, LIMIT_SERVICE_FILE);
	buf_printf(out, "    %-*s  ", ARGUMENT_COLUMN - 6, name);
	at = out->len - from;
	buf_puts(&text, argument_is_required(t, name) ? "required: " : "");
	argument_type(&text, t, name);
	terminal_wrap(out, buf_str(&text), at, ARGUMENT_COLUMN + 2);
	buf_finish(&text);
}

/* One tool, with its arguments: those that a call must have first. */
static void
put_tool(struct buf *out, const struct settings *s, const struct tool *t)
{
	const cJSON *properties = json_get(t->input, "properties"), *one;
	struct json_fault fault;
	cJSON *listing = json_parse(t->listing, strlen(t->listing), &fault);
	const char *why, *word;

	word = policy_word(s, t, &why);
	buf_printf(out, "\n%s (%s, %s, %s, about %zu tokens)\n", t->name, service_name(t),
	    t->write ? "write" : "read", word, cost_tokens(t));
	buf_puts(out, "  ");
	terminal_wrap(out, listing == NULL ? "?" : json_str(listing, "description"), 2, 2);
	cJSON_Delete(listing);
	cJSON_ArrayForEach(one, properties)
		if (argument_is_required(t, one->string))
			put_argument(out, t, one->string);
	cJSON_ArrayForEach(one, properties)
		if (!argument_is_required(t, one->string))
			put_argument(out, t, one->string);
}

static int
show(const struct settings *s, bool whole)
{
	const struct catalog *c = &s->catalog;
	struct cost sum;
	struct buf out, warning;
	size_t i;
	int code;

	buf_init(&out, 4 * LIMIT_SERVICE_FILE);
	put_table(&out, s);
	cost_sum(c, &sum);
	buf_printf(&out, "\n%zu of %zu tools are on, about %zu tokens (%zu bytes) in tools/list\n",
	    sum.tools, c->ntools, sum.tokens, sum.bytes);
	buf_init(&warning, LIMIT_CONF_LINE);
	if (cost_warn(&warning, c) == 0 && warning.len > 0) {
		buf_puts(&out, "warning: ");
		terminal_wrap(&out, buf_str(&warning), 9, 2);
	}
	for (i = 0; whole && i < c->ntools; i++)
		put_tool(&out, s, c->tools[i]);
	code = out.failed || fputs(buf_str(&out), stdout) == EOF || fflush(stdout) == EOF ?
	    EXIT_TEMPORARY : EXIT_PLANNED;
	if (code != EXIT_PLANNED)
		log_error("the table cannot be written");
	buf_finish(&warning);
	buf_finish(&out);
	return code;
}

int
tools_run(int argc, char *const *argv, const char *config)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "long", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct setup setup;
	bool whole = false;
	int c, code;

	while ((c = getopt_long(argc, argv, "c:lh", longs, NULL)) != -1)
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 'l':
			whole = true;
			break;
		case 'h':
			return usage(stdout, EXIT_PLANNED);
		default:
			return usage(stderr, EXIT_CONFIG);
		}
	if (optind < argc)
		return usage(stderr, EXIT_CONFIG);
	code = setup_init(&setup, config, true) == -1 ? EXIT_CONFIG :
	    show(&setup.settings, whole);
	setup_finish(&setup);
	return code;
}
