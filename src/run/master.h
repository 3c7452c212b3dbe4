/* SPDX-License-Identifier: MIT */
/* master.h - the process manager: forks workers, reaps them, replaces those that end. */
#ifndef RUN_MASTER_H
#define RUN_MASTER_H

#include <stdbool.h>

struct listener;
struct metrics;
struct reload;
struct settings;

/*
 * Keep settings->workers workers on the listening socket until SIGTERM, SIGINT or SIGUSR1,
 * which is passed on; returns the exit code once all have ended. HUP: the new configuration is
 * checked, then this process executes itself anew and replaces the workers.
 */
int	 master_run(const struct settings *s, struct metrics *m, const struct listener *l,
	    struct reload *reload);
/* Whether this process is a master that has executed itself anew and has workers. */
bool	 master_inherits(void);

#endif
