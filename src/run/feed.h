/* SPDX-License-Identifier: MIT */
/*
 * feed.h - the stream by which a service tells of changes ("push" of its file): open as long as
 * somebody in this worker listens to a resource that it is about, one for all whom the service
 * cannot tell apart. It is opened again when it ends, goes on where it was (Last-Event-ID), and
 * as what could have been missed nobody knows, all are told that.
 */
#ifndef RUN_FEED_H
#define RUN_FEED_H

#include <sys/queue.h>

#include <stdbool.h>

struct bridge;
struct cJSON;
struct feed;
struct principal;
struct resource;

enum feed_state {
	FEED_NONE,	/* there is none */
	FEED_OPENING,	/* soon, perhaps */
	FEED_OPEN,	/* what changes is told */
	FEED_BROKEN,	/* it ended, or could not be opened: nothing is told now */
};

enum feed_news {
	FEED_BEGINS,	/* it is open: what happened before was not told, what follows is */
	FEED_TELLS,	/* of this resource */
	FEED_ENDS,	/* from here on nothing is told, until it begins again */
};

/* One resource that a feed tells of. */
struct fed {
	LIST_ENTRY(fed)		 entry;
	struct feed		*feed;		/* NULL: none does */
	const struct resource	*resource;
	const struct cJSON	*args;		/* the variables of its URI; borrowed */
	bool			 due;		/* it has changed, and is to be told so */
	/* Called from the loop; must neither join nor leave. */
	void			(*told)(void *arg, enum feed_news news);
	/* As whom the stream is asked for, borrowed; while it is joined there is somebody. */
	struct principal	*(*as)(void *arg);
	void			*arg;
};

/*
 * Have `who` told, of whom resource, args and what follows `due` are set and the rest is zero, by
 * the stream of `seen_by`, which tells those apart whom the service tells apart. 0, or -1: memory,
 * or there are too many streams. feed_leave() must follow if and only if 0 is returned.
 */
int	 feed_join(struct fed *who, struct bridge *b, const char *seen_by);
/* The last one's ends the stream, at the end of the turn. */
void	 feed_leave(struct fed *who);
enum feed_state feed_state(const struct fed *who);
/* The process ends: nobody has joined any more. */
void	 feed_end_all(struct bridge *b);

#endif
