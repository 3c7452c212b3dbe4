/* SPDX-License-Identifier: MIT */
/*
 * grapheme.h - what people see as one character (UAX 29, extended grapheme clusters): a letter
 * with its marks, an emoji with its joiners, a flag, CR LF.
 */
#ifndef WIRE_GRAPHEME_H
#define WIRE_GRAPHEME_H

#include <stddef.h>

struct grapheme;

/* NULL: out of memory. grapheme_destroy() must follow; NULL is fine there. */
struct grapheme *grapheme_create(void);
void	 grapheme_destroy(struct grapheme *g);
/*
 * The bytes of the cluster that begins at `p`, of which `left` bytes may be read (at least 1):
 * UTF-8 with U+0000 as wire/json stores it. 0: out of memory.
 */
size_t	 grapheme_length(struct grapheme *g, const char *p, size_t left);

#endif
