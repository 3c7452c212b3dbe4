/* SPDX-License-Identifier: MIT */
/*
 * result.h - the MAP of a call: an upstream's answer becomes a tool's result.
 *
 * A good result is compact JSON within a byte budget, past which whole items of
 * its list are left out and a cursor goes on where it stopped. A bad one is a
 * failure (failure.h).
 */
#ifndef MCP_RESULT_H
#define MCP_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

struct answer;
struct buf;
struct failure;
struct paging;
struct tool;

/* What came of a call. All but RESULT_GOOD have a failure, which the caller finishes. */
enum result_fate {
	RESULT_NOTHING,		/* nothing was done */
	RESULT_GOOD,
	RESULT_UNCLEAR,		/* a write that may have been done */
	RESULT_ASKS,		/* nothing was done: the service asks something back, no failure */
};

/* What comes besides the JSON. */
struct result_more {
	unsigned	 needs;		/* RESULT_ASKS: capability.h: what it takes to be asked */
	char		*state;		/* the service's own, which the caller frees; or NULL */
	struct buf	*blocks;	/* RESULT_GOOD: where block_draw() draws; NULL: nowhere */
};

/*
 * The document of an answer to a step, if it says success. The caller deletes it. NULL: the
 * failure is in `f`.
 */
cJSON	*result_document(const struct tool *t, const cJSON *args, const struct answer *a,
	    size_t budget, struct failure *f);
/*
 * Append the JSON of the result to `out`, at most `budget` bytes and what is no text besides:
 * RESULT_GOOD; or that of the questions ("" for none): RESULT_ASKS; else the failure is in `f`.
 * Of picks it is the structured result; of what is passed on all of the result; of what is raw a
 * block, or the content of a resource. `maybe_done`: an earlier try of this call may have been
 * done, whatever this answer says. `more` may be NULL for picks: without blocks.
 */
enum result_fate result_map(struct buf *out, const struct tool *t, const cJSON *args,
	    const struct answer *a, const struct paging *p, size_t budget, bool maybe_done,
	    struct result_more *more, struct failure *f);
/*
 * Whether an answer to a write leaves open whether it was done: it was sent and nothing came
 * back, a gateway's 5xx, a redirect to what may have been made. A 503 is clear where the service
 * says so itself: with a Retry-After, or an error of its own.
 */
bool	 result_is_unclear(const struct tool *t, const struct answer *a);
/*
 * Of the list taken over, the first whole candidates, as many as are allowed and fit into `room`
 * bytes. NULL: there is no list, or no memory.
 */
cJSON	*result_candidates(cJSON *list, size_t room);
/* Make the failure of a write of which nobody will ever say whether it was done. */
void	 result_unclear(struct failure *f, const struct tool *t, const cJSON *args);

#endif
