/* SPDX-License-Identifier: MIT */
/* stdio.c - see stdio.h; what it serves with is run/worker and edge/stdio. */
#include <getopt.h>
#include <stdio.h>

#include "base/log.h"
#include "cmd/setup.h"
#include "cmd/stdio.h"
#include "run/worker.h"

static int
usage(FILE *to, int code)
{
	fputs("usage: ums-mcp stdio [-c FILE]\n"
	    "\n"
	    "Serve one MCP client: a JSON-RPC message a line on standard input and output.\n"
	    "\n"
	    "  -c, --config FILE   configuration\n"
	    "\n"
	    "See ums-mcp(8).\n", to);
	return code;
}

static int
serve(struct setup *u)
{
	struct settings *s = &u->settings;

	log_init(true, (enum log_level)s->log_level);
	settings_warn_cost(s);
	settings_fit(s);
	return worker_stdio(s, &u->metrics);
}

int
stdio_run(int argc, char *const *argv, const char *config)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct setup setup;
	int c, code;

	while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1)
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 'h':
			return usage(stdout, EXIT_PLANNED);
		default:
			return usage(stderr, EXIT_CONFIG);
		}
	if (optind < argc)
		return usage(stderr, EXIT_CONFIG);
	code = setup_init(&setup, config, false) == -1 ? EXIT_CONFIG : serve(&setup);
	setup_finish(&setup);
	return code;
}
