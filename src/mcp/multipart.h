/* SPDX-License-Identifier: MIT */
/*
 * multipart.h - bodies that are no JSON: multipart/form-data (RFC 7578), and one part alone.
 *
 * A part is a text template, or an object with one of
 *	"text"		a text template
 *	"base64"	a text template whose value is decoded (RFC 4648)
 *	"json"		a body template
 * and, as texts, "filename" and "type" (its Content-Type). A part that needs an absent argument is
 * left out.
 */
#ifndef MCP_MULTIPART_H
#define MCP_MULTIPART_H

#include <cjson/cJSON.h>

#include "mcp/spec.h"
#include "mcp/template.h"

#define MULTIPART_TYPE	96	/* bytes of the Content-Type with its boundary, and a NUL */

/*
 * Check an object of parts by their names, or one part (at `place` in the file); each name in a
 * template must be a member of `known`. 0, or -1 with the fault said in `f`.
 */
int	 multipart_check(const cJSON *parts, const cJSON *known, const char *place,
	    struct spec_fault *f);
int	 multipart_check_part(const cJSON *part, const cJSON *known, const char *place,
	    struct spec_fault *f);

/*
 * Append the body and write its Content-Type. The boundary is a digest of what it separates, so no
 * argument can hold it. TEMPLATE_ABSENT: all parts were left out.
 */
enum template_result multipart_build(struct buf *out, char type[MULTIPART_TYPE], const cJSON *parts,
	    const cJSON *args, const char **why);
/* Append the bytes of one part. */
enum template_result multipart_part(struct buf *out, const cJSON *part, const cJSON *args,
	    const char **why);

#endif
