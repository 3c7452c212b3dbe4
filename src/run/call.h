/* SPDX-License-Identifier: MIT */
/*
 * call.h - one tools/call on its way through an upstream; knows nothing of HTTP in front.
 *
 *	METHOD	the arguments are judged by the tool's schema
 *	RUN	the plan says what to do, until it says DONE
 *	MAP	the answer becomes the result
 */
#ifndef RUN_CALL_H
#define RUN_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "mcp/mcp.h"
#include "mcp/plan.h"
#include "mcp/result.h"

struct bridge;
struct fetch;

enum call_stage { CALL_METHOD, CALL_RUN, CALL_MAP, CALL_DONE };

struct call {
	struct bridge		*bridge;
	const struct tool	*tool;
	cJSON			*args;		/* borrowed from the message */
	const char		*traceparent;	/* borrowed */
	const char		*tracestate;	/* borrowed, or NULL */
	int64_t			 deadline_us;	/* monotonic */

	enum call_stage		 stage;
	struct paging		 paging;
	struct plan		 plan;
	struct fetch		*fetch;		/* in the air, or NULL */
	int64_t			 fetched_us;	/* when it began */

	struct buf		 text;		/* the result's JSON */
	bool			 is_error;
	char			 code[64];	/* of the failure, for the log; "" if none */
	int			 upstream_status;
	int64_t			 upstream_us;	/* time spent upstream */
	const char		*upstream_outcome;
	const char		*upstream_why;	/* static, for the log; "" */

	void			(*done)(void *arg);
	void			*arg;
};

/*
 * Begin a call whose members bridge, tool, args, traceparent, tracestate, deadline_us, done and
 * arg are set, the rest zero. True if it is complete already; else `done` is called from the
 * loop when it is. call_finish() must follow in both cases.
 */
bool	 call_start(struct call *c);
/* Whether something must be let finish though nobody waits: a write that has been sent. */
bool	 call_must_finish(const struct call *c);
/* Free what it holds; ends what is in the air. */
void	 call_finish(struct call *c);

#endif
