/* SPDX-License-Identifier: MIT */
/*
 * completion.h - what an argument of a prompt or a variable of a resource may become: words of the
 * service file, or what its service is asked by the name of a "completions" member.
 */
#ifndef MCP_COMPLETION_H
#define MCP_COMPLETION_H

#include <stdbool.h>

#include "mcp/service.h"
#include "mcp/spec.h"

struct buf;

/* Values of one answer, which is the protocol's own bound. */
#define COMPLETION_VALUES	100

struct completion {
	const char	*name;
	struct tool	 tool;		/* its argument is "value": what has been typed */
};

/*
 * Load the completion at `spec` (at `place` in the file, whose member is `name`) into the zeroed
 * `c`. completion_finish() must follow whatever is returned. 0, or -1 with the fault said in `f`.
 */
int	 completion_load(struct completion *c, const struct service *s, const cJSON *spec,
	    const char *name, const char *place, struct spec_fault *f);
void	 completion_finish(struct completion *c);
/* Check what stands where an argument is said to be completed: a name, or an array of words. */
int	 completion_check(const struct service *s, const cJSON *spec, const char *place,
	    struct spec_fault *f);
/* The completion of that name; NULL if there is none. */
const struct completion *completion_find(const struct service *s, const char *name);
/*
 * Append the members of a "completion": of the strings in the array `words` those that begin with
 * `value` whatever their case (ASCII), each once, as many as the protocol allows. 0 or -1.
 */
int	 completion_print(struct buf *out, const cJSON *words, const char *value);

#endif
