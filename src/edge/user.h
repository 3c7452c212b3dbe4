/* SPDX-License-Identifier: MIT */
/* user.h - whose process this is. */
#ifndef EDGE_USER_H
#define EDGE_USER_H

#include <stdbool.h>
#include <stddef.h>

struct listener;

/* Whether this process may do everything. */
bool	 user_is_root(void);
/* Whether there is a user of that name. 0, or -1 with a sentence in `why`. */
int	 user_check(const char *name, char *why, size_t whylen);
/*
 * Become this user for good, with its group and supplementary groups; the socket's file, if
 * `l` (or NULL) made one, becomes the user's. Nothing is done if it is this user already.
 * 0, or -1 with a sentence in `why`.
 */
int	 user_become(const char *name, const struct listener *l, char *why, size_t whylen);

#endif
