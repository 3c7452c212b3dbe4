/* SPDX-License-Identifier: MIT */
/*
 * relay.h - an answer that is a result as MCP has it already ("response": "mcp"): checked, and
 * passed on.
 */
#ifndef MCP_RELAY_H
#define MCP_RELAY_H

#include <stddef.h>

#include <cjson/cJSON.h>

struct buf;
struct failure;
struct result_more;
struct tool;

/*
 * Append the JSON of the result that `document` is, which may be edited: at most `budget` bytes
 * and its images, sounds and blobs. 0; 1: it is a question (result.h, RESULT_ASKS), which is
 * appended; or -1 with the failure in `f`.
 */
int	 relay_map(struct buf *out, const struct tool *t, cJSON *document, size_t budget,
	    struct result_more *ask, struct failure *f);

#endif
