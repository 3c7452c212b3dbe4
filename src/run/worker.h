/* SPDX-License-Identifier: MIT */
/* worker.h - one process, one thread, one event loop; its life from open to gone. */
#ifndef RUN_WORKER_H
#define RUN_WORKER_H

struct settings;

/* What a process ends with: planned, misconfigured (do not start it again), failed for now. */
#define EXIT_PLANNED	0
#define EXIT_CONFIG	100
#define EXIT_TEMPORARY	111

/*
 * Serve the listening socket `fd` until told to drain (SIGTERM, SIGINT, SIGUSR1), then answer
 * what was accepted and return the exit code. At the drain deadline it returns all the same.
 */
int	 worker_run(const struct settings *s, int fd);
/* Serve the one CGI request of this process. Returns the exit code. */
int	 worker_cgi(const struct settings *s, char *const *environment);

#endif
