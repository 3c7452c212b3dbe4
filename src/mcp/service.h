/* SPDX-License-Identifier: MIT */
/*
 * service.h - a service file: one messaging API, described.
 *
 * Loading checks everything: an unknown key, a template or pointer that does not
 * parse, a variable that no argument supplies, a schema keyword that is not
 * supported is an error that names the file, the place and the mend. What is
 * loaded is never changed afterwards.
 */
#ifndef MCP_SERVICE_H
#define MCP_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "mcp/follow.h"
#include "mcp/paging.h"
#include "mcp/policy.h"
#include "mcp/request.h"
#include "mcp/retry.h"
#include "mcp/split.h"
#include "mcp/step.h"
#include "mcp/value.h"
#include "mcp/wait.h"
#include "wire/schema.h"

struct completion;
struct credential;
struct prompt;
struct push;
struct resource;
struct service;

/* An argument that clients mirror in a header (x-mcp-header): where, and how it is called. */
struct mirror {
	char		*pointer;	/* of the argument, from the arguments' root */
	const char	*header;	/* what follows Mcp-Param- */
};

/* Steps of one tool: a call is a chain of at most three requests. */
#define STEPS_MAX	2

/* Who asks: a client calls it, or it is what a resource, a prompt or a completion asks. */
enum tool_kind { TOOL_CALL, TOOL_READ, TOOL_PROMPT, TOOL_COMPLETE };

/* What the service's answer is. */
enum tool_form {
	TOOL_PICKS,	/* JSON, of which "response" picks */
	TOOL_MCP,	/* a result as MCP has it, which is passed on */
	TOOL_RAW,	/* the content itself */
};

/* What requests of TOOL_MCP may use besides: a client's answers, the service's own state. */
#define TOOL_RESPONSES	"input_responses"
#define TOOL_STATE	"request_state"

struct tool {
	const struct service	*service;	/* NULL: the bridge answers itself */
	enum tool_kind		 kind;
	const char		*name;
	const char		*resource;	/* TOOL_READ: the URI of that, or its template */
	const cJSON		*spec;		/* of the file, less its schemas */
	cJSON			*own;		/* or this, made of a resource, a prompt ... */
	bool			 write;		/* it changes something upstream */
	bool			 dedupes;	/* a repeated idempotency_key does it once there */
	enum policy_action	 policy;	/* where the configuration has no rule for it */
	const cJSON		*scopes;	/* that a caller must have been granted; or NULL */
	const struct tool	*preview;	/* shows what it would do; or NULL */
	const cJSON		*shows;		/* or picks of arguments, which show it; or NULL */
	bool			 previews;	/* it is some tool's preview */
	const struct tool	*previewed;	/* that tool */
	const char		*off;		/* why it is off; NULL: it is on */

	cJSON			*input;		/* the input schema as clients see it */
	cJSON			*output;	/* the output schema; NULL without one */
	struct schema		*arguments;	/* compiled */
	struct schema		*result;
	struct mirror		*mirrors;
	size_t			 nmirrors;
	char			*listing;	/* the tool as JSON in tools/list */

	struct value		*derived;	/* what its requests use of arguments */
	size_t			 nderived;
	struct step		 steps[STEPS_MAX];	/* requests before it, in this order */
	size_t			 nsteps;
	struct request		 request;
	struct follow_rule	 follow;	/* what is looked at when it is done */
	struct wait_rule	 wait;		/* it may be made again until it is final */
	struct split_rule	 split;		/* the text that may go in parts */
	cJSON			*known;		/* while it is loaded: the names for templates */
	long			 timeout_ms;	/* 0: the configuration's */

	enum tool_form		 form;
	bool			 streams;	/* it may be told before its answer */
	cJSON			*response;	/* TOOL_PICKS: of the result, without next_cursor */
	cJSON			*content;	/* and of blocks beside it (block.h); or NULL */
	const char		*uri;		/* TOOL_RAW of a call: what the content is called */
	const char		*list;		/* the member that holds the list, or NULL */
	bool			 table;		/* its text is a table where that is smaller */
	struct paging_source	 next;		/* where its next cursor is */
	cJSON			*untrusted;	/* names of members with others' text, or NULL */
	const cJSON		*success;	/* {"pointer","equals"}, or NULL */
	const cJSON		*error;		/* where an error's parts are, or NULL */
	struct retry_source	 retry;		/* and where it says how long to wait */
};

struct service {
	char		*file;
	cJSON		*root;		/* the file; everything const above points into it */
	const char	*name;
	const char	*title;
	const char	*instructions;
	cJSON		*values;	/* the constants that requests use: strings; or NULL */
	const cJSON	*headers;	/* of every request that has no such own; or NULL */
	char		*base_url;	/* no slash at its end */
	const cJSON	*origins;	/* besides base_url's, where requests may go; or NULL */
	char		*ca_file;	/* NULL: the system's */
	char		*certificate_file;	/* PEM, whom we are in TLS; NULL: nobody */
	char		*key_file;
	struct credential *credentials;	/* the first is for callers who have none of their own */
	size_t		 ncredentials;
	struct push	*push;		/* the stream by which it tells of changes; or NULL */
	struct tool	*tools;
	size_t		 ntools;
	struct resource	*resources;
	size_t		 nresources;
	struct prompt	*prompts;
	size_t		 nprompts;
	struct completion *completions;
	size_t		 ncompletions;
};

/* What the configuration says of a service, over its file. NULL members say nothing. */
struct service_settings {
	const char	*base_url;
	const char	*ca_file;
	const char	*token_file;
	const char	*overlay;	/* a file: overlay.h */
	/* Of one of the file's "values"; NULL: nothing. */
	const char	*(*value)(void *arg, const char *name, const char *key);
	void		*arg;
};

/*
 * Load a service file. `s` is zeroed first; service_finish() must follow whatever is
 * returned. 0, or -1 with "FILE: PLACE: what; the mend" in `why`. `settings` is called
 * with `arg` and the file's name once that is known, for what the configuration overrides.
 */
int	 service_load(struct service *s, const char *file,
	    void (*settings)(void *arg, const char *name, struct service_settings *out), void *arg,
	    char *why, size_t whylen);
void	 service_finish(struct service *s);
/* As whom a caller's calls go to the service. */
const struct credential *service_credential(const struct service *s, const char *caller);

#endif
