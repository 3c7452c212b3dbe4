/* SPDX-License-Identifier: MIT */
/* responder.h - a process that answers requests, one at a time. */
#ifndef LOCAL_RESPONDER_H
#define LOCAL_RESPONDER_H

struct options;

/*
 * Serve the listening socket until TERM; the exit status. TERM must be blocked
 * when it is called: it is let in between requests only.
 */
int	 responder_run(const struct options *opt, int listener);

#endif
