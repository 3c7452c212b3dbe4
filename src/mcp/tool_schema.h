/* SPDX-License-Identifier: MIT */
/* tool_schema.h - the schemas of a tool's arguments and results, as clients see them. */
#ifndef MCP_TOOL_SCHEMA_H
#define MCP_TOOL_SCHEMA_H

#include <stdbool.h>

#include "mcp/spec.h"

struct tool;

/* The schema of an object of nothing yet, owned by the caller; NULL: out of memory. */
cJSON	*tool_schema_object(void);
/* Add a string to the properties of an object's schema, and to those required. 0 or -1. */
int	 tool_schema_add(cJSON *input, const char *name, bool required);
/*
 * Load "inputSchema" of the tool at `spec`, with what the bridge itself understands of every list
 * and every write, and what of it headers repeat (x-mcp-header). 0, or -1 with the fault said.
 */
int	 tool_schema_input(struct tool *t, const cJSON *spec, const char *place,
	    struct spec_fault *f);
/* The same of "outputSchema", if there is one, with what the bridge adds to results. */
int	 tool_schema_output(struct tool *t, const cJSON *spec, const char *place,
	    struct spec_fault *f);

#endif
