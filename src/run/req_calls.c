/* SPDX-License-Identifier: MIT */
/*
 * req_calls.c - the stage CALLS: the call that a request asks for, what its client is asked
 * meanwhile, the streams that tell of changes, and what becomes of an answer to a question.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "mcp/failure.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "run/ask.h"
#include "run/bridge.h"
#include "run/call.h"
#include "run/listen.h"
#include "run/memo.h"
#include "run/metrics.h"
#include "run/req_part.h"
#include "run/settings.h"
#include "run/wish.h"
#include "wire/json.h"

/* An answer to a question of ours: the reply says what became of it. */
static void
req_answered(struct req *r, int status)
{
	if (status == 202)
		r->reply.status = 202;
	else if (status == 404)
		mcp_reply_error(&r->reply, 404, NULL, JSONRPC_INVALID_REQUEST, NULL,
		    "No call waits for this answer: it has come too late, a second time, or the "
		    "process that asked has ended; make the call again");
	else {
		buf_puts(&r->reply.headers, "Retry-After: 1\r\n");
		mcp_reply_error(&r->reply, status, NULL, JSONRPC_INTERNAL_ERROR, NULL, status ==
		    413 ? "The answer is too long" : "The answer could not be passed on; send it "
		    "again in a second");
	}
}

static void
on_told(void *arg, int status)
{
	struct req *r = arg;

	req_answered(r, status);
	req_run(r);
}

static enum req_move
req_deliver(struct req *r)
{
	int status;

	if (r->response.arg != NULL)
		return NEXT;	/* it has been told */
	r->response.told = on_told;
	r->response.arg = r;
	status = response_take(&r->response, r->bridge, &r->message);
	if (status == 0)
		return WAIT;
	req_answered(r, status);
	return NEXT;
}

/* Make the call, or make it again with what the client said. */
static bool
req_call(struct req *r)
{
	r->calling = true;
	r->call = (struct call){
		.bridge = r->bridge,
		.tool = r->message.tool,
		.args = r->message.args,
		.principal = r->auth.principal,
		.input = &r->message.input,
		.traceparent = r->traceparent,
		.tracestate = req_entry_tracestate(r),
		.deadline_us = (r->rounds == 0 ? r->began_us : clock_mono_us()) +
		    r->bridge->settings->request_timeout_ms * 1000,
		.patient = r->message.streams && r->message.progress != NULL,
		.notify = req_notify,
		.done = req_resume,
		.arg = r,
	};
	return call_start(&r->call);
}

/* What a tool is to be told instead of a result. */
static void
req_fail(struct req *r, struct failure *f)
{
	struct buf text;

	buf_init(&text, LIMIT_SERVICE_FILE);
	failure_print(&text, f);
	mcp_reply_failure(&r->reply, &r->message, text.failed ? "" : buf_str(&text), f->code);
	snprintf(r->call.code, sizeof r->call.code, "%s", f->code);
	r->call.end = CALL_FAILURE;
	buf_finish(&text);
	failure_finish(f);
}

void
req_calls_end(struct req *r)
{
	if (r->ask != NULL)
		ask_finish(r->ask);
	free(r->ask);
	r->ask = NULL;
}

/* The client has been asked, or could not be. */
static void
on_asked(void *arg, enum ask_end end)
{
	static const struct {
		const char *code;
		int status;
		const char *hint;
	} told[] = {
		[ASK_REFUSED] = { "question_refused", 403, "the client could not answer the "
		    "question; nothing was done" },
		[ASK_UNANSWERED] = { "question_unanswered", 408, "nobody answered the question in "
		    "time; nothing was done; call again when the person is there" },
		[ASK_CUT] = { "interrupted", 503, "the bridge's process ended while it waited for "
		    "an answer; nothing was done; make the call again" },
	};
	struct req *r = arg;
	struct mcp_input *input = &r->message.input;
	struct failure f;
	struct buf state;

	if (end != ASK_ANSWERED) {
		failure_init(&f, told[end].code, told[end].status, "%s", told[end].hint);
		f.retryable = end == ASK_CUT;
		req_fail(r, &f);
		req_conclude(r);
		return;
	}
	state = r->call.ask;
	buf_init(&r->call.ask, 0);
	call_finish(&r->call);
	free(input->state);
	input->state = buf_take(&state);
	cJSON_Delete(input->responses);
	input->responses = r->ask->responses;
	r->ask->responses = NULL;
	req_calls_end(r);
	if (req_call(r))
		req_run(r);
}

/* The client of the legacy era is asked on the stream of its call, which then goes on. */
static enum req_move
req_ask(struct req *r)
{
	struct json_fault fault;
	struct failure f;
	cJSON *requests;
	int result = -1;

	if (++r->rounds > LIMIT_ROUNDS) {
		failure_init(&f, "upstream_unexpected", 502, "the service asks one question after "
		    "the other; tell the operator");
		req_fail(r, &f);
		return NEXT;
	}
	requests = json_parse(buf_str(&r->call.text), r->call.text.len, &fault);
	r->ask = calloc(1, sizeof *r->ask);
	if (r->ask != NULL)
		*r->ask = (struct ask){
			.bridge = r->bridge, .principal = r->auth.principal, .say = req_say,
			.done = on_asked, .arg = r,
		};
	if (r->ask != NULL && requests != NULL && requests->child != NULL)
		result = ask_start(r->ask, requests, r->bridge->settings->confirm_ttl_s);
	cJSON_Delete(requests);
	if (result == 0)
		return WAIT;
	failure_memory(&f);
	req_fail(r, &f);
	return NEXT;
}

/* How a stream ends that tells of changes. That of a GET has no word for why. */
static void
req_listened(struct req *r, enum listen_end why)
{
	if (r->message.era != MCP_MODERN)
		return;
	if (why == LISTEN_DRAINED)
		mcp_reply_listened(&r->reply, &r->message, true);
	else
		mcp_reply_error(&r->reply, 200, r->message.rpc.id, JSONRPC_INVALID_REQUEST, NULL,
		    "The credentials that this stream was asked for with have expired; ask again "
		    "with new ones");
}

static void
on_listened(void *arg, enum listen_end why)
{
	struct req *r = arg;

	req_listened(r, why);
	req_conclude(r);
}

/* Whether a caller has all the streams that one may have. Whom nobody knows may be many. */
static bool
has_its_streams(const struct req *r)
{
	const char *name = r->auth.principal->name;
	int64_t most = r->bridge->settings->max_streams;

	return most > 0 && strcmp(name, MCP_ANONYMOUS) != 0 &&
	    listen_count(r->bridge, name) >= (size_t)most;
}

/* A stream that tells of changes, until the client, its credentials or this process go. */
static enum req_move
req_listen(struct req *r)
{
	struct bridge *b = r->bridge;

	if (has_its_streams(r)) {
		metrics_limited(b->metrics, "streams");
		/* By then a client that has gone without a word has been noticed. */
		buf_printf(&r->reply.headers, "Retry-After: %d\r\n", LIMIT_STREAM_PULSE_S);
		mcp_reply_error(&r->reply, 429, r->message.rpc.id, JSONRPC_INVALID_REQUEST, NULL,
		    "You have as many streams as one caller may (max_streams, %" PRId64 "); close "
		    "one, or listen to more resources with one", b->settings->max_streams);
		return NEXT;
	}
	/* Half of what a worker holds is for those who ask and go. */
	if (b->listening < (size_t)b->settings->max_inflight / 2)
		r->listen = calloc(1, sizeof *r->listen);
	if (r->listen != NULL) {
		*r->listen = (struct listen){
			.bridge = b, .message = &r->message, .say = req_say,
			.done = on_listened, .arg = r,
		};
		if (listen_start(r->listen) == 0) {
			if (!b->listens_over)
				return WAIT;
			req_listened(r, LISTEN_DRAINED);
			return NEXT;
		}
	}
	mcp_reply_error(&r->reply, 503, r->message.rpc.id, JSONRPC_INTERNAL_ERROR, NULL,
	    "The bridge has as many streams as it can hold, or is short of memory; repeat later");
	return NEXT;
}

/* Begin with what the session wants: write it down, or look it up. 0 or -1 (memory). */
static int
req_wish(struct req *r, int (*begin)(struct wish *))
{
	r->wish = calloc(1, sizeof *r->wish);
	if (r->wish == NULL)
		return -1;
	*r->wish = (struct wish){
		.bridge = r->bridge, .message = &r->message, .done = req_resume, .arg = r,
	};
	return begin(r->wish);
}

static enum req_move
req_write_wish(struct req *r)
{
	if (r->wish == NULL) {
		if (req_wish(r, wish_write) == 0)
			return WAIT;
		mcp_reply_error(&r->reply, 500, r->message.rpc.id, JSONRPC_INTERNAL_ERROR, NULL,
		    "Internal error: the bridge is short of memory; repeat later");
		return NEXT;
	}
	if (r->wish->why == NULL)
		mcp_reply_empty(&r->reply, &r->message);
	else
		mcp_reply_error(&r->reply, 200, r->message.rpc.id, JSONRPC_INTERNAL_ERROR, NULL,
		    "%s: %s", r->message.uri != NULL ? "Not subscribed" : "The level is not set",
		    r->wish->why);
	return NEXT;
}

/*
 * Whether it is worth a look which log the session wants now: only of a call that may have
 * something to say before its answer.
 */
static bool
req_may_log(const struct req *r)
{
	const struct mcp_message *m = &r->message;

	return m->in_session && m->streams && m->tool->streams &&
	    r->bridge->mcp.local == NULL && r->bridge->mcp.keeps;
}

enum req_move
req_calls(struct req *r)
{
	static const char no_memory[] = "{\"code\":\"internal\",\"http_status\":500,"
	    "\"retryable\":false,\"hint\":\"the bridge is short of memory; what the call did is "
	    "not known: look before you repeat it\"}";
	struct call *c = &r->call;
	const char *known;

	if (r->message.rpc.kind == JSONRPC_RESPONSE)
		return req_deliver(r);
	if (r->gets)
		return req_listen(r);
	if (r->wish != NULL && r->wish->writes)
		return req_write_wish(r);
	if (!r->calling && r->wish == NULL) {
		switch (mcp_answer(&r->bridge->mcp, &r->message, &r->reply)) {
		case MCP_LISTENS:
			return req_listen(r);
		case MCP_WISHES:
			return req_write_wish(r);
		case MCP_CALL:
			known = r->message.value == NULL ? NULL : memo_find(r->bridge->memos,
			    r->message.tool, r->auth.principal, r->message.value);
			if (known == NULL)
				break;
			mcp_reply_result(&r->reply, &r->message, known, "");
			return NEXT;
		case MCP_ANSWERED:
		case MCP_FORBIDDEN:
			return NEXT;
		}
		mcp_message_keep(&r->message);
		if (req_may_log(r) && req_wish(r, wish_look) == 0)
			return WAIT;
	}
	if (!r->calling) {
		if (r->wish != NULL && r->wish->level != 0)
			r->message.level = r->wish->level;
		if (!req_call(r))
			return WAIT;
	}
	r->message.now_ms = clock_wall_ms();
	switch (c->end) {
	case CALL_ASKS:
		if (r->message.era == MCP_LEGACY)
			return req_ask(r);
		mcp_reply_question(&r->reply, &r->message, buf_str(&c->text), buf_str(&c->ask));
		break;
	case CALL_TASK:
		mcp_reply_task(&r->reply, &r->message, buf_str(&c->ask), c->born_ms);
		break;
	case CALL_LACKS:
		mcp_reply_lacks(&r->reply, &r->message, c->lacks);
		break;
	case CALL_FALSE_STATE:
		mcp_reply_error(&r->reply, 400, r->message.rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "Invalid params: requestState is not one for exactly this call, or has "
		    "expired; nothing was done; call without it, and ask again");
		break;
	case CALL_RESULT:
		if (r->message.value != NULL && !c->text.failed)
			memo_keep(r->bridge->memos, c->tool, r->auth.principal, r->message.value,
			    buf_str(&c->text));
		mcp_reply_result(&r->reply, &r->message, c->text.failed ? "" : buf_str(&c->text),
		    buf_str(&c->blocks));
		break;
	case CALL_FAILURE:
		mcp_reply_failure(&r->reply, &r->message, c->text.failed ? no_memory :
		    buf_str(&c->text), c->text.failed ? "internal" : c->code);
		break;
	}
	return NEXT;
}
