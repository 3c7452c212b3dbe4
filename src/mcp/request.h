/* SPDX-License-Identifier: MIT */
/*
 * request.h - an upstream request as a service file describes it: method, URL, headers and body,
 * with places for arguments. upstream.h makes one that can be sent.
 */
#ifndef MCP_REQUEST_H
#define MCP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "mcp/spec.h"
#include "wire/uritemplate.h"

struct service;

enum request_body { REQUEST_EMPTY, REQUEST_JSON, REQUEST_FORM, REQUEST_MULTIPART, REQUEST_RAW };

struct request {
	const struct service	*service;
	const char		*method;	/* static */
	char			*to;		/* the argument that is its whole URL; or NULL */
	struct uritemplate	*url;		/* else what follows base_url */
	size_t			 path_vars;	/* how many of its variables stand in the path */
	const cJSON		*query;		/* object of templates behind the URL, or NULL */
	const cJSON		*headers;	/* object of templates, or NULL */
	enum request_body	 kind;
	const cJSON		*body;		/* template or parts; NULL for REQUEST_EMPTY */
};

/* The names that a request may use. */
struct request_names {
	const cJSON	*known;		/* an object of all of them; false: it may not be there */
	const cJSON	*schema;	/* of the caller's arguments; "required" are always there */
};

/*
 * Load the request at `spec` (at `place` in the file) into the zeroed `r`; it borrows from both.
 * request_finish() must follow whatever is returned. 0, or -1 with the fault said in `f`.
 */
int	 request_load(struct request *r, const struct service *s, const cJSON *spec,
	    const struct request_names *names, const char *place, struct spec_fault *f);
void	 request_finish(struct request *r);
/* Whether it has a place for the argument: in its URL, its headers or its body. */
bool	 request_uses(const struct request *r, const char *name);
/* Whether a value is always there under a name: a required argument, or what a step brings. */
bool	 request_is_given(const struct request_names *names, const char *name);
/* Whether its description sets the header. */
bool	 request_has_header(const struct request *r, const char *name);
/* Whether a text can be the name of a header. */
bool	 request_is_token(const char *s);

#endif
