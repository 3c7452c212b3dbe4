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
/*
 * The same of what a resource, a prompt or a completion at `spec` asks, with `input`, the schema of
 * its arguments, which is taken over.
 */
int	 tool_load_part(struct tool *t, enum tool_kind kind, const struct service *s,
	    const cJSON *spec, cJSON *input, const char *place, struct spec_fault *f);
void	 tool_finish(struct tool *t);
/* Check "name" and "scopes" of a tool, or of what is like one. 0, or -1 with the fault said. */
int	 tool_check_names(const cJSON *spec, const char *place, struct spec_fault *f);

#endif
