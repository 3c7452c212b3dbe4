/* SPDX-License-Identifier: MIT */
/* parent.h - the process that owns the socket and keeps its children alive. */
#ifndef LOCAL_PARENT_H
#define LOCAL_PARENT_H

struct options;

/* Serve until TERM, INT or HUP, children included; the exit status. */
int	 parent_run(struct options *opt);

#endif
