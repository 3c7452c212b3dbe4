/* SPDX-License-Identifier: MIT */
/*
 * text.h - text that other people wrote, made safe to show to a model.
 *
 * Removed are characters that nobody sees and that can hide or reorder text:
 * controls but tab and line feed, bidirectional marks, embeddings and isolates,
 * zero-width spaces and joiners, soft hyphens, fillers, tag characters. Kept is
 * what a script or an emoji needs: ZWJ, ZWNJ between letters that are not ASCII,
 * variation selectors behind a character that can carry one, and tags of an
 * emoji flag.
 */
#ifndef MCP_TEXT_H
#define MCP_TEXT_H

#include <stddef.h>

struct buf;

/* Append the cleaned text of the UTF-8 string `s` to `out`. 0 or -1. */
int	 text_clean(struct buf *out, const char *s);
/* Cut `out` to at most `len` bytes at a character's border. */
void	 text_cut(struct buf *out, size_t len);

#endif
