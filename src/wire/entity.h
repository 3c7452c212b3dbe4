/* SPDX-License-Identifier: MIT */
/* entity.h - the character references of HTML: numbers, and the names that messages have. */
#ifndef WIRE_ENTITY_H
#define WIRE_ENTITY_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * Append what a reference at the beginning of `text` ("&amp;", "&#8217;", "&#x1f600;") stands for.
 * The bytes that it has, or 0: there is none that is known, and nothing was appended.
 */
size_t	 entity_decode(struct buf *out, const char *text, size_t len);
/* Append text with & < > and, with `quote`, " as references. */
void	 entity_encode(struct buf *out, const char *text, size_t len, bool quote);

#endif
