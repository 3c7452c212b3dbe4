/* SPDX-License-Identifier: MIT */
/* listener.h - the one socket that all workers share. */
#ifndef EDGE_LISTENER_H
#define EDGE_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `fd` is a listening socket, as a web server or a manager hands it over. */
bool	 listener_is(int fd);
/*
 * Listen on `where`: the path of a Unix socket (it has a '/'), HOST:PORT, [ADDRESS]:PORT or
 * :PORT for loopback. A socket file that nobody listens on is replaced; one that somebody
 * does is an error. `mode` is the socket file's. The descriptor (the caller closes it), or
 * -1 with a sentence in `why`.
 */
int	 listener_open(const char *where, unsigned mode, char *why, size_t whylen);
/* Remove the socket file of `where`, if it is one. */
void	 listener_unlink(const char *where);

#endif
