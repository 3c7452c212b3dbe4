/* SPDX-License-Identifier: MIT */
/*
 * block.h - what a tool's result shows beside what "response" picks: blocks of content (texts,
 * images, sounds, resources and links to them) drawn from the answer.
 *
 * "content" of a tool is a list of rules. A rule is a block (content.h) whose members are picks
 * (pick.h) but for "type", which is its word; or {"each": POINTER, "item": RULE}. A block of which
 * a member that it must have is not in the answer is not drawn. What has no room is left out, and a
 * text behind the others says what and how many.
 */
#ifndef MCP_BLOCK_H
#define MCP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "mcp/spec.h"

struct buf;
struct failure;
struct tool;

/* Of the list that the result has a page of: the elements on it, and whether it is the first. */
struct block_page {
	size_t	 from, count;
	bool	 first;
};

/*
 * Load "content" at `spec`: *out is a list of picks, which the caller deletes whatever is returned.
 * 0, or -1 with the fault said in `f`.
 */
int	 block_load(cJSON **out, const struct tool *t, const cJSON *spec, const char *place,
	    struct spec_fault *f);
/*
 * Append the blocks that a tool draws from a document, each with a comma before it: at most
 * LIMIT_BLOCKS, of `room` bytes, and LIMIT_MEDIA of images, sounds and blobs besides. Rules for
 * the result's list draw what is on the page, others on the first. The cap
 * of `out` is set to that. 0, or -1 with the failure in `f`: one is ill-formed, or memory is short.
 */
int	 block_draw(struct buf *out, const struct tool *t, const cJSON *document,
	    const cJSON *args, const struct block_page *page, size_t room, struct failure *f);

#endif
