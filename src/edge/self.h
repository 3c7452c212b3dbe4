/* SPDX-License-Identifier: MIT */
/* self.h - a message of this process to itself: a body in, the body of its answer into memory. */
#ifndef EDGE_SELF_H
#define EDGE_SELF_H

struct buf;
struct front_handler;
struct self;

/*
 * Hand `message` to `h` (borrowed) as a local request; what is answered is appended to `answer`
 * (borrowed until self_destroy()), and closed() is called. Must be freed with self_destroy() if and
 * only if it is not NULL. NULL: out of memory.
 */
struct self *self_create(const struct front_handler *h, const struct buf *message,
	    struct buf *answer);
void	 self_destroy(struct self *s);

#endif
