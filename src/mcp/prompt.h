/* SPDX-License-Identifier: MIT */
/*
 * prompt.h - one prompt of a service file: messages with places for arguments, in which one
 * resource may be embedded; or what its service is asked for them.
 */
#ifndef MCP_PROMPT_H
#define MCP_PROMPT_H

#include <stdbool.h>

#include "mcp/service.h"
#include "mcp/spec.h"

struct buf;
struct uritemplate;

struct prompt {
	const struct service *service;
	const cJSON	*spec;		/* of the file */
	const char	*name;
	const cJSON	*arguments;	/* of the file; NULL without any */
	struct tool	 tool;		/* `asks`: what its service is asked; else for its scopes */
	bool		 asks;
	const cJSON	*messages;	/* else these */
	const char	*embeds;	/* the URI of a resource in them, with places */
	struct uritemplate *uri;	/* the same; NULL: an argument is the whole URI */
	char		*listing;	/* as JSON in prompts/list */
};

/*
 * Load the prompt at `spec` (at `place` in the file) into the zeroed `p`; it borrows from both.
 * prompt_finish() must follow whatever is returned. 0, or -1 with the fault said in `f`.
 */
int	 prompt_load(struct prompt *p, const struct service *s, const cJSON *spec,
	    const char *place, struct spec_fault *f);
void	 prompt_finish(struct prompt *p);
/*
 * The arguments of a prompts/get as templates take them: strings, "" for what is absent; owned by
 * the caller. NULL: `why` says which one is missing or no string, or of memory.
 */
cJSON	*prompt_arguments(const struct prompt *p, const cJSON *given, char *why, size_t whylen);
/* Append the URI of the resource that is embedded. 0 or -1. */
int	 prompt_uri(struct buf *out, const struct prompt *p, const cJSON *args);
/*
 * Append the members of the result, without braces: with `args`, and `content`, the embedded
 * resource's first content, or NULL. 0 or -1.
 */
int	 prompt_print(struct buf *out, const struct prompt *p, const cJSON *args,
	    const cJSON *content);

#endif
