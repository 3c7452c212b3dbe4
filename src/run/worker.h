/* SPDX-License-Identifier: MIT */
/* worker.h - one process, one thread, one event loop; its life from open to gone. */
#ifndef RUN_WORKER_H
#define RUN_WORKER_H

#include <sys/types.h>

#include <stdbool.h>

struct bridge_watch;
struct buf;
struct listener;
struct metrics;
struct reload;
struct settings;

/* What a process ends with: planned, misconfigured (do not start it again), failed for now. */
#define EXIT_PLANNED	0
#define EXIT_CONFIG	100
#define EXIT_TEMPORARY	111

/* What a worker writes to its master, whole, when it opens and when it begins to drain. */
struct worker_note {
	pid_t	pid;
	bool	draining;
};

/*
 * Serve the listening socket until a signal or a limit of life says to drain, then answer
 * what was accepted and return the exit code. At the drain deadline it returns all the same.
 * `master` takes notes; -1: there is no master, and HUP checks with `reload` before it drains.
 */
int	 worker_run(const struct settings *s, struct metrics *m, const struct listener *l,
	    int master, struct reload *reload);
/*
 * Serve one client over standard input and output, until the input ends or a signal comes and what
 * is in flight has ended, within drain_timeout_s. Returns the exit code.
 */
int	 worker_stdio(const struct settings *s, struct metrics *m);
/* Messages of this process itself, answered as a client's are. */
struct worker_talk {
	/*
	 * The answer to the last message is there (at first none): append the next one. False:
	 * there is none.
	 */
	bool	(*next)(void *arg, const struct buf *answer, struct buf *message);
	void	*arg;
	const struct bridge_watch *watch;	/* of what that sends; or NULL */
};

/* Answer one message after the other. Returns the exit code. */
int	 worker_talk(const struct settings *s, struct metrics *m, const struct worker_talk *talk);
/* Serve the one CGI request of this process. Returns the exit code. */
int	 worker_cgi(const struct settings *s, struct metrics *m, char *const *environment);

#endif
