/* SPDX-License-Identifier: MIT */
/*
 * paging.h - pages of a list: where the service says its next cursor, and what a call pages
 * through. Cursors that clients see are ours (cursor.h).
 */
#ifndef MCP_PAGING_H
#define MCP_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/crypto.h"
#include "mcp/cursor.h"
#include "mcp/spec.h"

struct answer;
struct buf;
struct failure;
struct tool;

/* Where the next cursor is: in the answer, in the last item of its list, or in a header. */
struct paging_source {
	bool		 given;
	const char	*pointer;
	const char	*last;
	const char	*header;
	bool		 link;		/* that is Link (RFC 8288): the target of "next" */
	const char	*query;		/* what is there is a URL: this parameter of it; or NULL */
	const char	*more;		/* a pointer: false there, and this page is the last */
};

/* What a call pages through. */
struct paging {
	const struct crypto_key	*key;
	uint8_t			 digest[CRYPTO_DIGEST];	/* of the arguments but the cursor */
	struct cursor		 from;			/* where this page begins */
};

/* Load "next_cursor" of a response; borrows from `spec`. 0, or -1 with the fault said in `f`. */
int	 paging_load(struct paging_source *next, const cJSON *spec, const char *place,
	    struct spec_fault *f);
/*
 * Read the argument `cursor` of a call, replace it in `args` by the service's own, and
 * take the digest. paging_finish() must follow. 0, or -1 with the failure in `f`.
 */
int	 paging_init(struct paging *p, const struct tool *t, const struct crypto_key *key,
	    cJSON *args, struct failure *f);
void	 paging_finish(struct paging *p);

/*
 * Append the service's next cursor behind the list of a list pick; nothing if there is none.
 * What is too long fails `out`.
 */
void	 paging_next(struct buf *out, const struct paging_source *next, const cJSON *list,
	    const cJSON *document, const struct answer *a);
/* Room for what is added to a list: the next cursor in base64, the marks, their punctuation. */
size_t	 paging_reserve(const struct paging *p, const struct buf *next);
/* Put the member next_cursor into a result: `skip` items behind the service's `at`. 0 or -1. */
int	 paging_put(cJSON *tree, const struct tool *t, const struct paging *p, const char *at,
	    uint64_t skip);

#endif
