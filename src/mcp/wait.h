/* SPDX-License-Identifier: MIT */
/*
 * wait.h - a read that is made again until what it shows is final: how far it is, and whether the
 * caller wants to wait for more.
 *
 *	"wait": {"argument": "wait_s", "of": PICK, "final": ["read", "failed"],
 *	    "cancelled": ["canceled"], "every_ms": 1000}
 *
 * The pick is seen from the result, or the structuredContent of one that the service made itself,
 * and gives the states: a text, or lists of lists of them.
 */
#ifndef MCP_WAIT_H
#define MCP_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "mcp/spec.h"

struct tool;

struct wait_rule {
	const char	*argument;	/* seconds to wait at most; NULL: there is no such rule */
	const cJSON	*of;
	const cJSON	*final;
	const cJSON	*cancelled;	/* final as well: it was called off; NULL: none says so */
	int64_t		 every_ms;
};

/* How far it is. */
struct wait_progress {
	size_t	 final, total;
	size_t	 cancelled;	/* of the final ones */
};

/*
 * Load "wait" of the tool at `place` in the file; it borrows from `spec`. 0, or -1 with the fault
 * said in `f`.
 */
int	 wait_load(struct wait_rule *w, const struct tool *t, const cJSON *spec, const char *place,
	    struct spec_fault *f);
/* Whether `t` has an argument `name` that can say seconds. 0, or -1 with the fault said in `f`. */
int	 wait_check_argument(const struct tool *t, const char *name, const char *place,
	    struct spec_fault *f);
/* The milliseconds that the seconds in an argument are, at most LIMIT_WAIT_MS; 0: there is none. */
int64_t	 wait_argument_ms(const char *name, const cJSON *args);
/* How far the result of `t` is whose JSON is `text`; a failure is final. 0, or -1 (memory). */
int	 wait_look(const struct tool *t, const cJSON *args, const char *text, size_t len,
	    struct wait_progress *p);
/* The parameters of a notifications/progress that says so, owned by the caller; NULL: memory. */
cJSON	*wait_params(const struct wait_progress *p);

#endif
