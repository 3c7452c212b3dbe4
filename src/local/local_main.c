/* SPDX-License-Identifier: MIT */
/*
 * local_main.c - ums-local, the reference messaging service.
 *
 * A FastCGI responder behind a web server, SQLite below. The store is made and
 * migrated here, before any child exists; each child then opens it for itself.
 */
#include <sys/stat.h>

#include <stdio.h>

#include <sqlite3.h>

#include "base/log.h"
#include "local/migration.h"
#include "local/options.h"
#include "local/parent.h"
#include "local/route.h"
#include "local/store.h"

static int	prepare(const struct options *);

static int
prepare(const struct options *opt)
{
	struct store store;
	char why[512];
	int result;

	if (store_open(&store, opt->db, why, sizeof why) == -1) {
		fprintf(stderr, "ums-local: %s\n", why);
		return -1;
	}
	result = migration_run(&store, why, sizeof why);
	store_close(&store);
	if (result == -1)
		fprintf(stderr, "ums-local: %s: %s\n", opt->db, why);
	return result;
}

int
main(int argc, char **argv)
{
	struct options opt;
	int r, status = 1;

	log_init(true, LOG_LEVEL_INFO);
	/* The store holds what people wrote to each other. */
	umask(077);
	r = options_read(&opt, argc, argv);
	if (r != 0) {
		status = r == 1 ? 0 : 100;
		goto out;
	}
	if (opt.print_routes) {
		route_print(stdout);
		status = 0;
		goto out;
	}
	if (prepare(&opt) == -1)
		goto out;
	status = opt.init_only ? 0 : parent_run(&opt);
out:
	options_free(&opt);
	sqlite3_shutdown();
	return status;
}
