/* SPDX-License-Identifier: MIT */
/* listing.h - lists of messages, newest first, with filters. */
#ifndef LOCAL_LISTING_H
#define LOCAL_LISTING_H

struct call;

/* Handlers: GET /v1/messages and GET /v1/messages/search. */
int	 listing_messages(struct call *c);
int	 listing_search(struct call *c);
/* Reply with a page of one thread. 0; 1 with a problem set; -1. */
int	 listing_of_thread(struct call *c, const char *thread_id);

#endif
