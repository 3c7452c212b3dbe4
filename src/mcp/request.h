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
	const char		*accept;	/* static: what its answer may be; NULL: JSON */
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
/*
 * Check an object of header texts at `place`/headers, which may use the `known` names; NULL is
 * good. 0, or -1 with the fault said.
 */
int	 request_check_headers(const struct service *s, const cJSON *headers, const cJSON *known,
	    const char *place, struct spec_fault *f);
/*
 * Add a name that is no caller's to `known`: of a constant, of what is derived or a step brings;
 * `always`: there is a value whenever it is used. 0, or -1 with the fault: another has it.
 */
int	 request_add_name(cJSON *known, const char *name, bool always, const char *place,
	    struct spec_fault *f);
/*
 * Whether a value is always there under a name: an argument that is required or has a default, or
 * what is added so.
 */
bool	 request_is_given(const struct request_names *names, const char *name);
/* Whether an object of headers has one, in whatever case. */
bool	 request_headers_have(const cJSON *headers, const char *name);
/* Whether its description, or its service's for all requests, sets the header. */
bool	 request_has_header(const struct request *r, const char *name);
/* Whether a text can be a segment of a path: not empty, no dots alone, no separator in it. */
bool	 request_is_segment(const char *text);
/* Whether a text can be the name of a header. */
bool	 request_is_token(const char *s);

#endif
