/* SPDX-License-Identifier: MIT */
/*
 * split.h - a call that goes to its service in several requests, one after the other, because a
 * text is longer than the service takes at once ("split" of a tool).
 *
 * Steps are made once, before the first part. Each part has an idempotency key of its own at the
 * service. The result is that of the first part, with those of the others in it.
 */
#ifndef MCP_SPLIT_H
#define MCP_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "mcp/spec.h"
#include "wire/cut.h"

struct buf;
struct cJSON;
struct failure;
struct split;
struct tool;

/* How a tool's text is cut. */
struct split_rule {
	const char	*argument;	/* NULL: it is not */
	size_t		 max;
	enum cut_unit	 unit;
};

/*
 * Load the rule at `spec` (at `place` in the file) for a tool whose steps and request are loaded.
 * 0, or -1 with the fault said in `f`.
 */
int	 split_load(struct split_rule *r, const struct tool *t, const struct cJSON *spec,
	    const char *place, struct spec_fault *f);

/*
 * Cut the text of a call. `*out` is then NULL where it goes as it is; else split_destroy() must
 * follow (NULL is fine there). 0, or -1 with the failure in `f`: it is longer than CUT_PARTS parts.
 */
int	 split_create(struct split **out, const struct tool *t, const struct cJSON *args,
	    struct failure *f);
void	 split_destroy(struct split *s);

/*
 * The arguments with which the next part is sent: those of the call, which must stay as they are,
 * and what steps have added; but the part's text and key. Borrowed until the next of these calls.
 * NULL: out of memory.
 */
struct cJSON *split_next(struct split *s, const struct cJSON *args);
/* The part has gone well: take its result (JSON) out of `result`. */
void	 split_keep(struct split *s, struct buf *result);
/* How many parts have gone well so far; 0 where `s` is NULL. */
size_t	 split_sent(const struct split *s);
/* Whether all have. */
bool	 split_is_done(const struct split *s);
/*
 * Append the result of the whole: the first part's with "parts", how many, and "more", the results
 * of the others, as many of them as fit into `budget` bytes in all. 0 or -1 (memory).
 */
int	 split_join(const struct split *s, struct buf *out, size_t budget);
/*
 * What came of a part is the failure `f`, and the parts before it were sent: say so, and what to
 * do now. It is not worth a repeat unless it was, and the service knows the parts' keys.
 */
void	 split_fail(const struct split *s, struct failure *f);

#endif
