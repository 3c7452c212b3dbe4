/* SPDX-License-Identifier: MIT */
/* query.c - find and decode a parameter; see query.h. */
#include <string.h>

#include "base/buf.h"
#include "wire/percent.h"
#include "wire/query.h"

/* The byte that stands at `*p`, which moves behind it. */
static unsigned char
decode(const char **p, const char *end)
{
	const char *at = (*p)++;
	int octet = end - at < 3 ? -1 : percent_octet(at);

	if (*at == '+')
		return ' ';
	if (octet == -1)
		return (unsigned char)*at;
	*p = at + 3;
	return (unsigned char)octet;
}

int
query_get(struct buf *out, const char *url, const char *name)
{
	const char *p = strchr(url, '?'), *end, *mid, *n;
	unsigned char c;

	for (; p != NULL && *p != '#' && *p != '\0'; p = end) {
		p++;
		end = p + strcspn(p, "&#");
		mid = memchr(p, '=', (size_t)(end - p));
		mid = mid == NULL ? end : mid;
		for (n = name; p < mid && *n != '\0' && decode(&p, mid) == (unsigned char)*n; n++)
			;
		if (p < mid || *n != '\0')
			continue;
		for (p = mid < end ? mid + 1 : end; p < end;) {
			c = decode(&p, end);
			if (c == '\0' || buf_putc(out, (char)c) == -1)
				return -1;
		}
		return 1;
	}
	return 0;
}
