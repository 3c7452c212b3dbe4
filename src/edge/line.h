/* SPDX-License-Identifier: MIT */
/*
 * line.h - a multi handle with all that hangs on it: connections, sockets, a timer. fetch.c's
 * alone.
 *
 * A multi handle keeps its connections, and what it once allocated for them, until it ends. So
 * a line can be left: new transfers take the newest, older ones end with their last transfer.
 */
#ifndef EDGE_LINE_H
#define EDGE_LINE_H

#include <sys/queue.h>

#include <stdbool.h>

#include <curl/curl.h>

struct event_base;
struct line;

/* All lines of a process, the newest first. Filled by their owner but for `all`, which is empty. */
struct lines {
	TAILQ_HEAD(, line)	 all;
	struct event_base	*base;
	long			 inflight;	/* transfers at once that are expected at most */
	long			 connections;	/* per host at most; 0: as they are needed */
	bool			 shared;	/* HTTP/2 is wanted: streams share connections */
	/* A transfer has ended and its handle is off the line; others may be begun or removed. */
	void			(*ended)(CURL *easy, CURLcode code);
};

/* Make a line, the newest from now on. NULL: out of memory. */
struct line *line_create(struct lines *all);
/* End all lines; none carries anything. */
void	 line_destroy_all(struct lines *all);
struct line *line_newest(const struct lines *all);
/* Let a line go that is no longer the newest: it ends with the last that it carries, or now. */
void	 line_leave(struct line *line);

/* Begin the transfer of a handle that is set up. The line, or NULL (memory). */
struct line *line_add(struct line *line, CURL *easy);
/* End it without a word. The line may be gone then. */
void	 line_remove(struct line *line, CURL *easy);
/*
 * An upstream that speaks HTTP/1.1 only has one request a connection: the bound that is
 * right for streams would throttle it, so it is lifted, for all upstreams of this line.
 */
void	 line_unshare(struct line *line);
/*
 * To be called at the end of each turn. Over HTTP/2 the requests of a turn share a few
 * connections. Sent frame by frame each of them would be two packets, and two wake-ups at the
 * other end; held back until the turn is over they fill packets together.
 */
void	 line_push_all(struct lines *all);

#endif
