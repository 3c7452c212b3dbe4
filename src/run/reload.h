/* SPDX-License-Identifier: MIT */
/*
 * reload.h - HUP: is the new configuration good, and this program again with it.
 *
 * Another process checks it (ums-mcp -t), so that nothing of it stays in this one; what
 * it says is the reason of a refusal. A master forks that process; a worker without a master
 * has one outside of its sandbox that does.
 */
#ifndef RUN_RELOAD_H
#define RUN_RELOAD_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/limits.h"

struct reload {
	const char	*program;	/* its path; an upgrade puts another file there */
	char *const	*argv;
	pid_t		 checker;	/* at work; 0: none */
	int		 said;		/* what it says; -1 */
	bool		 again;		/* asked for while it was at work */
	int		 post;		/* to a process that checks for this one; -1: none */
	pid_t		 poster;
};

/* Whether this process is such a checker: what is good for it must be good for who asked. */
bool	 reload_is_check(void);
/* Begin a check, or another one after that which is under way. 0 or -1 (logged). */
int	 reload_check(struct reload *r);
/*
 * The checker has ended with `status` (of waitpid()): whether the new configuration is good.
 * If it is not, the reason is logged; if another check was asked for, it begins.
 */
bool	 reload_checked(struct reload *r, int status);
/*
 * For a process that soon may not fork: one that stays outside and checks for it, over the pair
 * of sockets of which this one has `post`. It ends with this process. 0 or -1 (logged).
 */
int	 reload_post(struct reload *r);
/* reload_check(), by that process. */
void	 reload_ask(struct reload *r);
/* `post` can be read. 1: the new configuration is good; 0: not so, or not yet; -1: it is gone. */
int	 reload_answered(struct reload *r);
/* End that process and wait for its end. */
void	 reload_dismiss(struct reload *r);
/* Become the program anew; returns only if that fails (logged). */
void	 reload_execute(const struct reload *r);

#endif
