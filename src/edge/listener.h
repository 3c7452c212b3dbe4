/* SPDX-License-Identifier: MIT */
/* listener.h - the one socket that all workers share. */
#ifndef EDGE_LISTENER_H
#define EDGE_LISTENER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct listener {
	int	fd;
	bool	own;	/* this program made it: its file is ours to take away */
	dev_t	dev;	/* that file: another of the same name is not */
	ino_t	ino;
};

/* Whether `fd` is a listening socket, as a web server or a manager hands it over. */
bool	 listener_is(int fd);
/* Whether the listening socket `fd` is the one that `where` names. */
bool	 listener_serves(int fd, const char *where);
/* Whether somebody takes connections at `where`, within some time. 0, or -1 with errno. */
int	 listener_probe(const char *where, int timeout_ms);
/* Whether `where` can be listened on, by its form. 0, or -1 with a sentence in `why`. */
int	 listener_check(const char *where, char *why, size_t whylen);
/*
 * Listen on `where`: the path of a Unix socket (it has a '/'), HOST:PORT, [ADDRESS]:PORT or
 * :PORT for loopback. A socket file that nobody listens on is replaced; one that somebody
 * does is an error, with errno EADDRINUSE. `mode` is the socket file's. 0 and `l` is set
 * (listener_close() undoes it), or -1 with a sentence in `why`.
 */
int	 listener_open(struct listener *l, const char *where, unsigned mode, char *why,
	    size_t whylen);
/* Take note of which file belongs to it, if it has one. */
void	 listener_note(struct listener *l);
/* Make its file, if it is ours, that user's. 0 or -1. */
int	 listener_give(const struct listener *l, uid_t uid, gid_t gid);
/* The folder of its file, if it is ours. 0, or -1: there is none. */
int	 listener_folder(const struct listener *l, char *folder, size_t len);
/* Close it, and take its file away if it is ours. */
void	 listener_close(struct listener *l);
/* Take its file away if it is ours: from then on the web server is refused. */
void	 listener_unlink(const struct listener *l);

#endif
