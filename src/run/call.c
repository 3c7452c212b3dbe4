/* SPDX-License-Identifier: MIT */
/* call.c - the stages of a call, in order; see call.h. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "edge/fetch.h"
#include "mcp/answer.h"
#include "mcp/failure.h"
#include "mcp/service.h"
#include "mcp/upstream.h"
#include "run/bridge.h"
#include "run/call.h"
#include "run/settings.h"
#include "wire/schema.h"

static int	call_method(struct call *);
static void	call_step(struct call *, enum plan_event, const struct answer *);
static int	call_fetch(struct call *);
static void	on_answer(void *, const struct answer *);
static void	call_map(struct call *, const struct answer *);
static void	call_fail(struct call *, struct failure *);

bool
call_start(struct call *c)
{
	buf_init(&c->text, (size_t)c->bridge->settings->result_max);
	c->stage = CALL_METHOD;
	if (call_method(c) == -1)
		return true;
	c->stage = CALL_RUN;
	call_step(c, PLAN_START, NULL);
	return c->stage == CALL_DONE;
}

bool
call_must_finish(const struct call *c)
{
	return c->fetch != NULL && c->tool->write && fetch_begun(c->fetch);
}

void
call_finish(struct call *c)
{
	if (c->fetch != NULL)
		fetch_cancel(c->fetch);
	c->fetch = NULL;
	paging_finish(&c->paging);
	buf_finish(&c->text);
}

/* METHOD: arguments that the schema does not accept are the model's to mend. */
static int
call_method(struct call *c)
{
	struct schema_fault wrong;
	struct failure f;

	if (schema_check(c->tool->arguments, c->args, &wrong) != 0) {
		failure_arguments(&f, &wrong);
		call_fail(c, &f);
		return -1;
	}
	if (paging_init(&c->paging, c->tool, c->bridge->mcp.key, c->args, &f) == -1) {
		call_fail(c, &f);
		return -1;
	}
	return 0;
}

/* RUN: do what the plan says until it waits or is done. */
static void
call_step(struct call *c, enum plan_event event, const struct answer *answer)
{
	static const struct answer not_begun = {
		.outcome = OUTCOME_INTERNAL, .retry_after_s = -1, .why = "",
	};

	while (plan_next(&c->plan, event, answer) == PLAN_FETCH) {
		switch (call_fetch(c)) {
		case 0:
			return;
		case 1:
			event = PLAN_ANSWER;
			answer = &not_begun;
			break;
		default:
			return;	/* the call has failed and says why */
		}
	}
	call_map(c, answer);
}

/* Begin the upstream request. 0: in the air; 1: it could not begin; -1: the call has failed. */
static int
call_fetch(struct call *c)
{
	const struct settings *s = c->bridge->settings;
	int64_t left_ms = (c->deadline_us - clock_mono_us()) / 1000;
	long timeout_ms = c->tool->timeout_ms > 0 ? c->tool->timeout_ms :
	    (long)s->upstream_timeout_ms;
	struct upstream u;
	struct failure f;

	if (upstream_build(&u, c->tool, c->args, &f) == -1) {
		upstream_finish(&u);
		call_fail(c, &f);
		return -1;
	}
	if (timeout_ms > left_ms)
		timeout_ms = left_ms < 1 ? 1 : (long)left_ms;
	c->fetched_us = clock_mono_us();
	if (upstream_header(&u, "traceparent", c->traceparent) == 0 &&
	    (c->tracestate == NULL || upstream_header(&u, "tracestate", c->tracestate) == 0))
		c->fetch = fetch_start(c->bridge->fetcher, &u, c->tool->service->ca_file,
		    timeout_ms, on_answer, c);
	upstream_finish(&u);
	return c->fetch == NULL ? 1 : 0;
}

static void
on_answer(void *arg, const struct answer *answer)
{
	struct call *c = arg;

	c->fetch = NULL;
	c->upstream_us += clock_mono_us() - c->fetched_us;
	c->upstream_status = answer->status;
	c->upstream_outcome = outcome_name(answer->outcome);
	c->upstream_why = answer->why;
	call_step(c, PLAN_ANSWER, answer);
	if (c->stage == CALL_DONE)
		c->done(c->arg);
}

/* MAP: the last stage. */
static void
call_map(struct call *c, const struct answer *answer)
{
	struct failure f;

	c->stage = CALL_MAP;
	if (result_map(&c->text, c->tool, c->args, answer, &c->paging,
	    (size_t)c->bridge->settings->result_max, &f) == -1) {
		call_fail(c, &f);
		return;
	}
	c->stage = CALL_DONE;
}

/* The result is a failure; takes over what `f` holds. */
static void
call_fail(struct call *c, struct failure *f)
{
	buf_finish(&c->text);
	buf_init(&c->text, LIMIT_SERVICE_FILE);
	failure_print(&c->text, f);
	c->is_error = true;
	snprintf(c->code, sizeof c->code, "%s", f->code);
	failure_finish(f);
	c->stage = CALL_DONE;
}
