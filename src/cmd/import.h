/* SPDX-License-Identifier: MIT */
/*
 * import.h - ums-mcp import: a service file out of an OpenAPI 3.0, 3.1 or Swagger 2.0 document;
 * see ums-mcp(8).
 *
 * Every tool is loaded as a start would load it before it is written. What cannot be done is named
 * and left out, and what a person must choose stands in "$comment".
 */
#ifndef CMD_IMPORT_H
#define CMD_IMPORT_H

#include <stddef.h>

#include "base/buf.h"

/* Which operations: those with one of the tags and those named; all if nothing is said. */
struct import_wanted {
	const char	**tags;
	size_t		 ntags;
	const char	**operations;	/* an operationId, or "METHOD /path" */
	size_t		 noperations;
};

struct imported {
	struct buf	 text;		/* the service file */
	struct buf	 said;		/* a line for each operation that was left out */
	size_t		 tools;		/* written */
	size_t		 left_out;
	size_t		 listed;	/* bytes of tools/list */
};

/* Run "import"; argv[0] is "import", a configuration is not needed. The exit code. */
int	 import_run(int argc, char *const *argv, const char *config);
/*
 * Make the service file of a document of `len` bytes, followed by a NUL: YAML if `file`, its name,
 * ends so or it does not begin with a brace, and else JSON. 0, or -1 with a sentence in `why`;
 * import_finish() must follow in both cases.
 */
int	 import_text(struct imported *out, const char *file, const char *text, size_t len,
	    const struct import_wanted *wanted, char *why, size_t whylen);
void	 import_finish(struct imported *out);

#endif
