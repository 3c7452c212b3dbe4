/* SPDX-License-Identifier: MIT */
/*
 * retry.h - how long a service asks to be left alone: the header Retry-After (RFC 9110, 10.2.3),
 * or where its file says that it says it: "retry_after" of "error".
 */
#ifndef MCP_RETRY_H
#define MCP_RETRY_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "mcp/spec.h"

struct answer;

enum retry_unit { RETRY_S, RETRY_MS, RETRY_EPOCH };

/* Where it is said, besides Retry-After; the strings are the file's. */
struct retry_source {
	const char	*pointer;	/* into the body; or NULL */
	const char	*header;	/* or this; or NULL */
	enum retry_unit	 unit;		/* of the number there; RETRY_EPOCH: seconds since 1970 at
					 * which to go on */
};

/* Load "retry_after", which may be NULL. 0, or -1 with the fault said in `f`. */
int	 retry_load(struct retry_source *r, const cJSON *spec, const char *place,
	    struct spec_fault *f);
/*
 * What an answer says, in whole seconds, rounded up, at most LIMIT_RETRY_AFTER_S; -1: nothing.
 * `document` is its body, or NULL if that is no JSON.
 */
int64_t	 retry_after_s(const struct retry_source *r, const struct answer *a,
	    const cJSON *document);
/* The same of an answer whose body nobody has read yet. */
int64_t	 retry_read_s(const struct retry_source *r, const struct answer *a);

#endif
