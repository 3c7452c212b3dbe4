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
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/crypto.h"
#include "mcp/cursor.h"

struct answer;
struct buf;
struct failure;
struct tool;

/* What a call pages through. */
struct paging {
	const struct crypto_key	*key;
	uint8_t			 digest[CRYPTO_DIGEST];	/* of the arguments but the cursor */
	struct cursor		 from;			/* where this page begins */
};

/*
 * Read the argument `cursor` of a call, replace it in `args` by the service's own, and
 * take the digest. paging_finish() must follow. 0, or -1 with the failure in `f`.
 */
int	 paging_init(struct paging *p, const struct tool *t, const struct crypto_key *key,
	    cJSON *args, struct failure *f);
void	 paging_finish(struct paging *p);

/*
 * Append the JSON of the result to `out`, at most `budget` bytes. 0, or -1 with the failure
 * in `f`, which the caller finishes.
 */
int	 result_map(struct buf *out, const struct tool *t, const cJSON *args,
	    const struct answer *a, const struct paging *p, size_t budget, struct failure *f);

#endif
