/* SPDX-License-Identifier: MIT */
/*
 * failure.h - what a model is told when a call fails: the code, the cause, the next step.
 *
 * The text block of a failed result is
 * {code, http_status, retryable, retry_after_s?, hint, upstream_request_id?, candidates?}; one that
 * asks for a person's agreement has confirm_token and preview, too.
 */
#ifndef MCP_FAILURE_H
#define MCP_FAILURE_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/limits.h"

struct buf;
struct content_fault;
struct schema_fault;

struct failure {
	char		 code[64];
	int		 http_status;		/* the upstream's, or what a gateway would answer */
	bool		 retryable;
	int64_t		 retry_after_s;		/* -1: not said */
	char		 hint[2 * LIMIT_HINT];
	char		 request_id[128];
	cJSON		*candidates;		/* owned; NULL without any */
	char		*next_cursor;		/* owned; NULL without one */
	char		*more;			/* owned; more members as JSON; NULL without any */
};

/* Make a failure of a code, a status and a hint; failure_finish() must follow. */
void	 failure_init(struct failure *f, const char *code, int http_status, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
/* Make the failure of arguments that a schema does not accept. */
void	 failure_arguments(struct failure *f, const struct schema_fault *wrong);
/* Make the failure of a call that the policy denies. */
void	 failure_denied(struct failure *f);
/* Make the failure of a call for which there is no memory. Always -1, to be returned. */
int	 failure_memory(struct failure *f);
/* Make the failure of an answer that is no `what` (a result, an image) as MCP has it: what is wrong
 * at `place`, a JSON Pointer. Always -1. */
int	 failure_form(struct failure *f, const char *what, const char *place, const char *why);
/* The same of what content.h refused, or of too little memory, if it was that. Always -1. */
int	 failure_content(struct failure *f, const char *what, const struct content_fault *wrong);
/* Make the failure of a pick_apply() that said `why`; NULL: there was no memory. Always -1. */
int	 failure_pick(struct failure *f, const char *why);
void	 failure_finish(struct failure *f);
/* Append the text block's JSON. 0 or -1. */
int	 failure_print(struct buf *out, const struct failure *f);

#endif
