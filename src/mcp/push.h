/* SPDX-License-Identifier: MIT */
/*
 * push.h - how a service tells of changes by itself: "push" of a service file, a request whose
 * answer is a stream of events that lasts (text/event-stream), and "push" of a resource's
 * "subscribe", which says what of the stream is about that resource.
 */
#ifndef MCP_PUSH_H
#define MCP_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "mcp/service.h"
#include "mcp/spec.h"

struct urimatch;

/* The stream of a service. */
struct push {
	struct tool	 tool;		/* of its request; it has no arguments and no response */
	int64_t		 every_ms;	/* how often one looks all the same */
	int64_t		 silence_ms;	/* after which it is taken for dead */
};

/* What of it is about a resource. */
struct push_rule {
	bool		 is_set;	/* false: nothing, the resource is looked at */
	const cJSON	*events;	/* the types, an array; NULL: all */
	const cJSON	*match;		/* pointers by variable of the URI, into an event's data;
					 * NULL: none, and that is not needed */
};

/*
 * Load the stream at `spec` (at `place` in the file) into the zeroed `p`; it borrows from both.
 * push_finish() must follow whatever is returned. 0, or -1 with the fault said in `f`.
 */
int	 push_load(struct push *p, const struct service *s, const cJSON *spec, const char *place,
	    struct spec_fault *f);
void	 push_finish(struct push *p);
/*
 * Load what of the service's stream is about the resources of `uri`, from "push" of a "subscribe".
 * It borrows from `spec`. 0, or -1 with the fault said in `f`.
 */
int	 push_load_rule(struct push_rule *r, const struct service *s, const struct urimatch *uri,
	    const cJSON *spec, const char *place, struct spec_fault *f);
/* Whether a rule has to do with events of that type. */
bool	 push_hears(const struct push_rule *r, const char *type);
/*
 * Whether an event with `data` is about the resource whose URI has the variables `args`: at each
 * pointer is the variable's value, or a list that has it. Where the URI has no value, nobody can
 * say that it is not. NULL is data that is no JSON: it is about none, unless nothing is matched.
 */
bool	 push_fits(const struct push_rule *r, const cJSON *data, const cJSON *args);

#endif
