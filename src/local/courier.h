/* SPDX-License-Identifier: MIT */
/*
 * courier.h - the process that works without being asked.
 *
 * It delivers scheduled messages when they are due, hands mail to the relay,
 * and forgets what is over. It is one process apart from those that answer
 * requests, so that a slow relay keeps nobody waiting.
 */
#ifndef LOCAL_COURIER_H
#define LOCAL_COURIER_H

struct options;

/* Work until TERM; the exit status. TERM must be blocked when it is called. */
int	 courier_run(const struct options *opt);

#endif
