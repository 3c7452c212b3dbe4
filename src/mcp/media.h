/* SPDX-License-Identifier: MIT */
/*
 * media.h - an answer that is the content itself ("response": "raw"): an image, a sound, a text or
 * other bytes become a block of a tool's result, or the content of a resource.
 */
#ifndef MCP_MEDIA_H
#define MCP_MEDIA_H

#include <stddef.h>

#include <cjson/cJSON.h>

struct answer;
struct buf;
struct failure;
struct tool;

/*
 * Append the JSON of the block or the content (without its URI, which who asked knows); a text has
 * at most `budget` bytes, other content LIMIT_MEDIA. 0, or -1 with the failure in `f`.
 */
int	 media_map(struct buf *out, const struct tool *t, const cJSON *args,
	    const struct answer *a, size_t budget, struct failure *f);
/* The bytes of a block, or of whatever has blocks in it, that no model reads as text. */
size_t	 media_bytes(const cJSON *item);

#endif
