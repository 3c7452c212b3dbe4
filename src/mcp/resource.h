/* SPDX-License-Identifier: MIT */
/*
 * resource.h - one resource of a service file, or a template of many: a URI, and what its service
 * is asked when somebody reads it.
 */
#ifndef MCP_RESOURCE_H
#define MCP_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "mcp/push.h"
#include "mcp/service.h"
#include "mcp/spec.h"

struct urimatch;

struct resource {
	struct tool	 tool;		/* the variables of the URI are its arguments */
	struct urimatch	*uri;
	bool		 templated;	/* the URI has variables */
	const char	*text;		/* of the URI, or of its template */
	const char	*mime;		/* of the content; NULL: as the service says */
	const cJSON	*completes;	/* by variable; NULL without any */
	int64_t		 every_ms;	/* how often it is looked at for changes; 0: never */
	struct push_rule push;		/* or what the service's own stream says of them */
	char		*listing;	/* as JSON in a list */
};

/*
 * Load the resource at `spec` (at `place` in the file) into the zeroed `r`; it borrows from both.
 * resource_finish() must follow whatever is returned. 0, or -1 with the fault said in `f`.
 */
int	 resource_load(struct resource *r, const struct service *s, const cJSON *spec,
	    const char *place, struct spec_fault *f);
void	 resource_finish(struct resource *r);

#endif
