/* SPDX-License-Identifier: MIT */
/*
 * step.h - a request that a tool makes before its own, for values that its own needs.
 *
 * What a step brings becomes an argument of what follows, under a name that no argument of the
 * caller has. It is either picked out of the answer ("response"), or the id of the one item of a
 * list that has the name that the caller gave ("find"). A step prepares: it may be made twice.
 */
#ifndef MCP_STEP_H
#define MCP_STEP_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "mcp/paging.h"
#include "mcp/request.h"
#include "mcp/spec.h"

struct answer;
struct failure;
struct pattern;
struct tool;

/* Pages of a list that a name is looked for in. */
#define STEP_PAGES	10

struct step {
	struct request	 request;
	const char	*when;		/* it is left out where this is absent; or NULL */
	const cJSON	*response;	/* picks by the names of what they bring; or NULL */
	const cJSON	*find;		/* else this: */
	const char	*argument;	/* what has the name, */
	struct pattern	*unless;	/* unless it is an id already, which looks so; or NULL */
	const char	*as;		/* what the id becomes */
	struct paging_source next;	/* where the list's next page is */
};

/* What has been found so far, page by page; zeroed first. */
struct step_search {
	cJSON		*id;		/* of the first that has the name, or NULL */
	cJSON		*exact;		/* candidates: what has the name, */
	cJSON		*similar;	/* or one like it */
	size_t		 found;		/* how many have it */
	size_t		 listed;	/* of how many */
	unsigned	 pages;
};

/* The argument under which a step that finds has the service's cursor of its next page. */
#define STEP_CURSOR	"step_cursor"

/*
 * Load the step at `spec` (at `place` in the file) into the zeroed `s`; it borrows from it. What
 * it brings is added to `known` (request.h), whose members are all names so far. step_finish()
 * must follow whatever is returned. 0, or -1 with the fault said in `f`.
 */
int	 step_load(struct step *s, const struct service *service, const cJSON *spec,
	    cJSON *known, const cJSON *schema, const char *place, struct spec_fault *f);
void	 step_finish(struct step *s);

/* Take what the step brings, or a caller gave under its name, out of `args`. */
void	 step_forget(const struct step *s, cJSON *args);
/*
 * Whether a call with `args` needs the step's request: 1 or 0, then what it would have brought is
 * in `args`, if anything; or -1 (memory). What a caller gave under its names is forgotten.
 */
int	 step_is_needed(const struct step *s, cJSON *args);
/*
 * Put what the step's answer `a` with its `document` brings into `args`; `search` goes from page
 * to page. 0; 1: the list goes on, make the request again; or -1 with the failure in `f`: a name
 * that nothing or more than one has, with candidates; an answer of another form.
 */
int	 step_take(const struct step *s, cJSON *args, struct step_search *search,
	    const struct answer *a, const cJSON *document, struct failure *f);
/* End a search, wherever it is; it may be used again. */
void	 step_search_finish(struct step_search *search);

#endif
