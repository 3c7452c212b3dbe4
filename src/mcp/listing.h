/* SPDX-License-Identifier: MIT */
/* listing.h - what a list (tools/list and its like) says of one entry. */
#ifndef MCP_LISTING_H
#define MCP_LISTING_H

#include "mcp/spec.h"

struct buf;
struct tool;

/*
 * Append the members that tools, resources and prompts have in common in a list, each with a comma
 * before it: title, description, icons. 0 or -1, with the fault said: of the icons.
 */
int	 listing_common(struct buf *out, const cJSON *spec, const char *place,
	    struct spec_fault *f);
/* Write the whole entry of the tool at `spec`, whose schemas are loaded, as t->listing. 0 or -1. */
int	 listing_tool(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f);

#endif
