/* SPDX-License-Identifier: MIT */
/* catalog.h - what all services offer, and what the bridge itself does. */
#ifndef MCP_CATALOG_H
#define MCP_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct prompt;
struct resource;
struct service;
struct tool;

/* In listing order. */
struct catalog {
	struct service	*services;
	size_t		 nservices;
	struct tool	*own;		/* server_info */
	struct tool	**tools;	/* all, in order */
	size_t		 ntools;
	struct resource	**resources;
	size_t		 nresources;
	struct prompt	**prompts;
	size_t		 nprompts;
	bool		 completes;	/* some argument of a prompt or a resource */
	bool		 subscribes;	/* some resource tells of changes */
	bool		 pushes;	/* some service tells of them by itself */
	bool		 follows;	/* some tool can be a task */
};

/*
 * Fill a catalog that takes over `services` (an allocated array of loaded ones): names must be
 * unique over all. 0 or -1 with the reason; catalog_finish() must follow in both cases.
 */
int	 catalog_init(struct catalog *c, struct service *services, size_t nservices, char *why,
	    size_t whylen);
void	 catalog_finish(struct catalog *c);
/* The tool called `name`, on or off; NULL if there is none. */
const struct tool *catalog_find(const struct catalog *c, const char *name);
/*
 * One after the other what a caller may have, on or off: the tools, then what resources and
 * prompts stand for. NULL behind the last.
 */
struct tool *catalog_part(const struct catalog *c, size_t i);
/* The prompt called `name`; NULL if there is none. */
const struct prompt *catalog_prompt(const struct catalog *c, const char *name);
/*
 * The resource that a URI is of, the first that fits, with the variables' values in `*args`,
 * owned by the caller. 1, 0 if there is none, or -1 (memory).
 */
int	 catalog_resource(const struct catalog *c, const char *uri, const struct resource **out,
	    struct cJSON **args);

#endif
