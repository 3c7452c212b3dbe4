/* SPDX-License-Identifier: MIT */
/*
 * page.h - limits and cursors of lists.
 *
 * A cursor is base64url of: a digest of the request it belongs to, the sort
 * keys of the last item given, and a tag made with the store's key. It is good
 * for the same path and filters only, in every process, after a restart too.
 */
#ifndef LOCAL_PAGE_H
#define LOCAL_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/json.h"

struct call;

struct page {
	int64_t	 limit;
	bool	 resumed;	/* a cursor was given, and these are its keys */
	int64_t	 major;
	int64_t	 minor;
};

/* Read limit and cursor from the query. 0; 1 with a problem set; -1. */
int	 page_read(struct call *c, struct page *page);
/*
 * Reply with {data, next}: `data` may hold one item more than the limit, which
 * then is dropped and the cursor is made of page->major and minor. Takes `data`.
 */
int	 page_reply(struct call *c, const struct page *page, cJSON *data);
/* Note the keys of an item before it is put into `data`, unless that holds a page already. */
void	 page_note(struct page *page, const cJSON *data, int64_t major, int64_t minor);

#endif
