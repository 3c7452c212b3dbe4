/* SPDX-License-Identifier: MIT */
/*
 * overlay.h - what an operator changes about the tools of a service file, in a file of their own:
 *
 *	{"instructions": "...", "only": ["send_*"], "prefix": "acme_",
 *	 "tools": {"send_sms": {"name": "sms", "title": "...", "description": "...",
 *	    "policy": "confirm", "text": "table"}}}
 *
 * Tools are called as in the service file there, and "only" has patterns (fnmatch(3)) of their
 * names. A name that is given stands as it is; all others get the prefix.
 */
#ifndef MCP_OVERLAY_H
#define MCP_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "mcp/spec.h"

struct overlay {
	cJSON	*root;		/* NULL: nothing is changed */
	bool	*taken;		/* by the place of a tool in the service file; NULL: all are */
};

/*
 * Read an overlay and change a service file's `root` as it says; the tools that it leaves out
 * stay there and are not `taken`. overlay_finish() must follow whatever is returned. 0, or -1 with
 * the fault said in `f`, whose `file` then is the overlay's.
 */
int	 overlay_apply(struct overlay *o, const char *file, cJSON *root, struct spec_fault *f);
/* Whether the i-th tool of the service file is one. */
bool	 overlay_takes(const struct overlay *o, size_t i);
void	 overlay_finish(struct overlay *o);

#endif
