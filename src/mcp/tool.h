/* SPDX-License-Identifier: MIT */
/* tool.h - one tool of a service file, loaded and listed; struct tool is in service.h. */
#ifndef MCP_TOOL_H
#define MCP_TOOL_H

#include "mcp/service.h"
#include "mcp/spec.h"

/*
 * Load the tool at `spec` (at `place` in the file) into the zeroed `t`. tool_finish() must
 * follow whatever is returned. 0, or -1 with the fault said in `f`.
 */
int	 tool_load(struct tool *t, const struct service *s, const cJSON *spec, const char *place,
	    struct spec_fault *f);
void	 tool_finish(struct tool *t);

#define TOOL_PLACE	512	/* bytes of a place in an error message */

/* The part of tool_load() that is in tool_request.c: "request" of `spec`. 0 or -1. */
int	 tool_request_load(struct tool *t, const cJSON *spec, const char *place,
	    struct spec_fault *f);
/* Whether the request has a place for the argument: in its URL, its headers or its body. */
bool	 tool_request_sends(const struct tool *t, const char *name);
/* Whether a text can be the name of a header. */
bool	 tool_request_is_token(const char *s);

#endif
