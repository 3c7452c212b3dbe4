/* SPDX-License-Identifier: MIT */
/* query.h - the query of a URL, as application/x-www-form-urlencoded (WHATWG URL, 5.1). */
#ifndef WIRE_QUERY_H
#define WIRE_QUERY_H

struct buf;

/*
 * Append the decoded value of the first parameter `name` in the query of `url`, whole or relative.
 * 1 if it is there, 0 if not, -1 if it does not fit or holds a NUL.
 */
int	 query_get(struct buf *out, const char *url, const char *name);

#endif
