/* SPDX-License-Identifier: MIT */
/*
 * value.h - what a tool's requests may use besides the arguments that a caller gives: the
 * service's constants ("values"), the defaults of the input schema, and what is derived from
 * arguments ("derive"): a time as a number, a text in the service's dialect, how many segments
 * an SMS has.
 *
 * They are put among the arguments when a call is sent; what a caller gave under the name of a
 * constant or of what is derived is passed over.
 */
#ifndef MCP_VALUE_H
#define MCP_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "mcp/spec.h"
#include "wire/markdown.h"

struct failure;
struct request;
struct tool;

enum value_kind {
	VALUE_TIME_S, VALUE_TIME_MS, VALUE_MARKDOWN, VALUE_SMS_SEGMENTS, VALUE_SMS_ENCODING,
};

/* One member of "derive"; the strings are the file's. */
struct value {
	const char	*name;
	const char	*argument;	/* what it is made of; it is absent where that is */
	enum value_kind	 kind;
	enum markdown_dialect dialect;	/* VALUE_MARKDOWN */
};

/*
 * Load "derive" of the tool at `place` in the file and add the names of constants and of what is
 * derived to the tool's known ones (request.h). value_finish() must follow whatever is returned.
 * 0, or -1 with the fault said in `f`.
 */
int	 value_load(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f);
void	 value_finish(struct tool *t);
/* Whether a request of the tool has a place for an argument, or for what is derived of it. */
bool	 value_is_used(const struct tool *t, const struct request *r, const char *name);
/*
 * Put constants, defaults of absent arguments and what is derived into `args`, which the schema
 * has accepted. 0, or -1 with the failure in `f`: an argument that is not what it is taken for.
 */
int	 value_fill(const struct tool *t, cJSON *args, struct failure *f);

#endif
