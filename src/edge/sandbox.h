/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - what a worker can no longer do once it serves: open another file than those it
 * was told of, run a program, fork, listen, and every system call that it does not need.
 *
 * It is entered once everything is open, and never left. The master stays outside of it: it
 * forks, and for a reload it reads all files again.
 */
#ifndef EDGE_SANDBOX_H
#define EDGE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

/* `sandbox` of ums-mcp.conf, in the order of its words. */
enum sandbox_mode {
	SANDBOX_ON,	/* what the kernel lacks is an error */
	SANDBOX_TRY,	/* what the kernel lacks is left out */
	SANDBOX_OFF,
};

enum sandbox_access {
	SANDBOX_READ,	/* the file, or what is below the folder */
	SANDBOX_WRITE,	/* and write it; none can be made */
	SANDBOX_REMOVE,	/* take away what is in the folder, and no more */
};

struct sandbox_path {
	const char		*path;
	enum sandbox_access	 access;
};

struct sandbox {
	enum sandbox_mode	mode;
	struct sandbox_path	paths[LIMIT_SANDBOX_PATHS];
	size_t			count;
};

/* For this process and all that come of it: no new privileges, no core dump. */
void	 sandbox_prepare(void);
/*
 * Whether the kernel can do it. With SANDBOX_TRY what is missing is logged, unless `quiet`.
 * 0, or -1 with a sentence that names the mend in `why`.
 */
int	 sandbox_check(enum sandbox_mode mode, bool quiet, char *why, size_t whylen);
/* A path that is to be had inside; borrowed. One that is not there then will never be. */
void	 sandbox_allow(struct sandbox *s, enum sandbox_access access, const char *path);
/*
 * Enter it, for good; the process must have one thread. 0, or -1 with a sentence in `why`:
 * then the process may be half inside, and must end.
 */
int	 sandbox_enter(const struct sandbox *s, char *why, size_t whylen);

#endif
