/* SPDX-License-Identifier: MIT */
/* master.h - the process manager: forks workers, reaps them, replaces those that end. */
#ifndef RUN_MASTER_H
#define RUN_MASTER_H

struct settings;

/*
 * Keep settings->workers workers on the listening socket `fd` until SIGTERM, SIGINT or SIGUSR1,
 * which is passed on; returns the exit code once all have ended.
 */
int	 master_run(const struct settings *s, int fd);

#endif
