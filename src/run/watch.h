/* SPDX-License-Identifier: MIT */
/*
 * watch.h - resources that are looked at from time to time, for all who want to hear of changes.
 *
 * A resource is read once for all listeners of a worker, and for all workers that share a store:
 * what was seen last is a record there, and a lease says who looks next. What is kept is a digest.
 */
#ifndef RUN_WATCH_H
#define RUN_WATCH_H

#include <sys/queue.h>

#include <stdbool.h>

struct bridge;
struct principal;
struct resource;
struct watch;

/* One who listens to one resource. */
struct watcher {
	LIST_ENTRY(watcher)	 entry;
	struct watch		*watch;		/* NULL: to none */
	const struct principal	*principal;	/* borrowed: who listens */
	bool			 fresh;		/* it has heard nothing yet */
	/*
	 * The resource is another than it was, or what it is has been seen for the first time: from
	 * here on no change is missed. Called from the loop; must not leave any watch.
	 */
	void			(*changed)(void *arg, const char *uri);
	void			*arg;
};

/*
 * Listen to the resource at `uri`, which is copied, as `p` may see it, who is borrowed. `w` has its
 * callback, the rest is zero. 0, or -1: memory, or too many are watched. watch_leave() must follow
 * if and only if 0 is returned.
 */
int	 watch_join(struct watcher *w, struct bridge *b, const struct resource *r, const char *uri,
	    const struct principal *p);
void	 watch_leave(struct watcher *w);

#endif
