/* SPDX-License-Identifier: MIT */
/*
 * req.c - the stages of an exchange, each a function and a row of one table, walked by
 * req_run(). A stage's name is its enum, its log field and its place in the table.
 */
#include <sys/queue.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/front.h"
#include "mcp/failure.h"
#include "mcp/metadata.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "run/ask.h"
#include "run/auth.h"
#include "run/bridge.h"
#include "run/call.h"
#include "run/deed.h"
#include "run/listen.h"
#include "run/memo.h"
#include "run/metrics.h"
#include "run/req.h"
#include "run/req_part.h"
#include "run/settings.h"
#include "run/wish.h"
#include "wire/decimal.h"
#include "wire/event.h"
#include "wire/json.h"
#include "wire/trace.h"

/* A first guess, so that most replies are allocated once. */
#define REPLY_HEAD	256

#define OLD_TRANSPORT	"the HTTP+SSE transport of 2024-11-05 is not served"

/* What a stage says of what comes next. */
enum req_move {
	NEXT,	/* the next stage */
	WAIT,	/* nothing now; req_run() is called again later */
	DONE,	/* the reply is complete: go to REPLY */
};

static enum req_move	req_read(struct req *);
static enum req_move	req_route(struct req *);
static enum req_move	req_http(struct req *);
static enum req_move	req_auth(struct req *);
static enum req_move	req_rpc(struct req *);
static enum req_move	req_calls(struct req *);
static enum req_move	req_reply(struct req *);

static const struct {
	const char	*name;
	enum req_move	(*run)(struct req *);
} stages[REQ_STAGES] = {
	[REQ_READ] = { "read", req_read },
	[REQ_ROUTE] = { "route", req_route },
	[REQ_HTTP] = { "http", req_http },
	[REQ_AUTH] = { "auth", req_auth },
	[REQ_RPC] = { "rpc", req_rpc },
	[REQ_CALLS] = { "calls", req_calls },
	[REQ_REPLY] = { "reply", req_reply },
};

const char *
req_stage_name(enum req_stage stage)
{
	return stages[stage].name;
}

static void	req_run(struct req *);
static void	req_resume(void *);
static void	req_cut(struct req *);
static void	req_end(struct req *);

void *
req_start(struct bridge *b, struct front *f, struct http_request *rq)
{
	struct req *r = calloc(1, sizeof *r);
	struct buf out;

	if (r == NULL) {
		http_request_finish(rq);
		buf_init(&out, 256);
		http_head(&out, 503, NULL);
		buf_puts(&out, "Retry-After: 1\r\n\r\n");
		front_reply(f, &out);
		return NULL;
	}
	b->inflight++;
	LIST_INSERT_HEAD(&b->reqs, r, entry);
	r->bridge = b;
	r->front = f;
	r->http = *rq;
	r->bytes_in = rq->body.len;
	b->held += r->bytes_in;
	r->began_us = r->entered_us = f->began_us;
	r->auth.done = req_resume;
	r->auth.arg = r;
	/* A result goes out twice, once of them quoted. */
	mcp_reply_init(&r->reply, LIMIT_SERVICE_FILE + 4 * (size_t)b->settings->result_max);
	/* The front learns of the exchange here: it may be answered before this returns. */
	f->exchange = r;
	req_run(r);
	return f->exchange;
}

/* Walk the table from where the request stands until it waits or has ended. */
static void
req_run(struct req *r)
{
	enum req_stage stage;
	enum req_move step;
	int64_t now;

	for (;;) {
		stage = r->stage;
		if (++r->steps > LIMIT_REQ_STEPS && stage != REQ_REPLY) {
			mcp_reply_error(&r->reply, 500, NULL, JSONRPC_INTERNAL_ERROR, NULL,
			    "Internal error: the request went in circles");
			r->last = stage;
			r->stage = REQ_REPLY;
			continue;
		}
		if (stage == REQ_REPLY) {
			req_reply(r);
			return;
		}
		step = stages[stage].run(r);
		now = clock_mono_us();
		r->us[stage] += now - r->entered_us;
		r->entered_us = now;
		if (step == WAIT)
			return;
		r->last = stage;
		r->stage = step == DONE ? REQ_REPLY : stage + 1;
	}
}

/* ====== what is said before the answer ====== */

/* A piece of the stream that the answer has become. Takes over what `piece` holds. */
static void
req_say(void *arg, struct buf *piece)
{
	struct req *r = arg;
	struct buf out;

	if (!r->streaming) {
		buf_init(&out, LIMIT_HEADER + piece->len);
		http_head(&out, 200, "text/event-stream");
		buf_puts(&out, "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n\r\n");
		buf_append(&out, buf_str(piece), piece->len);
		buf_finish(piece);
		*piece = out;
	}
	if (piece->failed) {
		buf_finish(piece);
		return;
	}
	r->streaming = true;
	r->bytes_out += piece->len;
	front_send(r->front, piece);
	buf_init(piece, 0);
}

/* Progress goes on and not back, whatever a second try says. */
static bool
req_goes_on(struct req *r, const cJSON *params)
{
	const cJSON *progress = json_get(params, "progress");

	if (progress == NULL)
		return true;
	if (!cJSON_IsNumber(progress) || strlen(progress->valuestring) >= sizeof r->progress ||
	    (r->progress[0] != '\0' &&
	    decimal_compare(progress->valuestring, r->progress) <= 0))
		return false;
	snprintf(r->progress, sizeof r->progress, "%s", progress->valuestring);
	return true;
}

/* A call has something to say. What cannot be said is left out: the answer says what counts. */
static void
req_notify(void *arg, const char *method, const cJSON *params)
{
	struct req *r = arg;
	struct buf json, piece;

	if (r->front == NULL || r->front->behind || !r->message.streams)
		return;
	buf_init(&json, LIMIT_NOTICE);
	buf_init(&piece, LIMIT_NOTICE + 64);
	/* A sign of life, where there is a stream. */
	if (method == NULL && r->streaming && buf_puts(&piece, ":\n\n") == 0)
		req_say(r, &piece);
	else if (method != NULL && mcp_notice(&json, &r->message, method, params) == 0 &&
	    req_goes_on(r, params) &&
	    event_write(&piece, buf_str(&json), json.len) == 0)
		req_say(r, &piece);
	buf_finish(&json);
	buf_finish(&piece);
}

/* ====== READ, ROUTE, HTTP: is it for us, and may it come in ====== */

static enum req_move
req_refuse(struct req *r, int status, const char *why)
{
	struct jsonrpc rpc = { 0 };
	char ignored[256];

	r->refused = why;
	/* On one stream an answer's id says what it is to, and a notification has no answer. */
	if (r->http.local && jsonrpc_parse(&rpc, buf_str(&r->http.body), r->http.body.len, ignored,
	    sizeof ignored) == 0 && rpc.kind != JSONRPC_REQUEST)
		r->reply.status = 202;
	else
		mcp_reply_error(&r->reply, status, rpc.id, JSONRPC_INVALID_REQUEST, NULL, "%s",
		    why);
	jsonrpc_finish(&rpc);
	return DONE;
}

static enum req_move
req_busy(struct req *r)
{
	buf_puts(&r->reply.headers, "Retry-After: 1\r\n");
	return req_refuse(r, 503, "too many requests are in flight; repeat in a second");
}

/* Join the trace of `traceparent`, or begin one. */
static void
req_trace(struct req *r, const char *traceparent)
{
	uint8_t random[24];

	bridge_random(r->bridge, random, sizeof random);
	trace_begin(&r->trace, traceparent, random);
	trace_header(&r->trace, r->traceparent);
}

static enum req_move
req_read(struct req *r)
{
	req_trace(r, http_header(&r->http, "traceparent"));
	switch (r->http.excess) {
	case HTTP_FITS:
		return NEXT;
	case HTTP_PARAMS_EXCESS:
		return req_refuse(r, 431, "the request's headers are too many or too long");
	case HTTP_BODY_EXCESS:
		return req_refuse(r, 413, "the request's body is too long");
	case HTTP_BUSY:
		return req_busy(r);
	case HTTP_MALFORMED:
		break;
	}
	return req_refuse(r, 400, "the request is incomplete or cannot be read");
}

/* Whether a client of the HTTP+SSE transport looks for it here: beside the endpoint. */
static bool
is_old_transport(const struct req *r)
{
	static const char *const names[] = { "sse", "sse/", "message", "message/", "messages",
		"messages/" };
	const char *endpoint = r->bridge->settings->endpoint;
	size_t i, beside = (size_t)(strrchr(endpoint, '/') + 1 - endpoint);
	struct buf path;
	bool is = false;

	buf_init(&path, LIMIT_CONF_LINE);
	buf_append(&path, endpoint, beside);
	for (i = 0; i < sizeof names / sizeof names[0] && !is; i++) {
		buf_truncate(&path, beside);
		buf_puts(&path, names[i]);
		is = !path.failed && http_path_is(&r->http, buf_str(&path));
	}
	buf_finish(&path);
	return is;
}

static enum req_move
req_route(struct req *r)
{
	const struct settings *s = r->bridge->settings;

	if (!r->http.local && !http_path_is(&r->http, s->endpoint)) {
		if (!is_old_transport(r))
			return req_refuse(r, 404, "nothing is here; the endpoint has another path");
		r->refused = OLD_TRANSPORT;
		mcp_reply_error(&r->reply, 404, NULL, JSONRPC_INVALID_REQUEST, NULL,
		    OLD_TRANSPORT "; POST to %s instead (Streamable HTTP, " MCP_OLDEST_VERSION
		    " or newer)", s->endpoint);
		return DONE;
	}
	if (r->bridge->inflight > (size_t)s->max_inflight || r->bridge->held > LIMIT_HELD_BODIES)
		return req_busy(r);
	return NEXT;
}

/* Whether a list has the word, or, where `any` is allowed, the star. */
static bool
is_listed(const struct conf_list *list, const char *word, bool any)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (strcmp(list->items[i], word) == 0 || (any && strcmp(list->items[i], "*") == 0))
			return true;
	return false;
}

/*
 * Whether a Host or an Origin names a host that we are known by: the guard against DNS
 * rebinding.
 */
static bool
is_our_host(const struct req *r, const char *value, int (*host)(const char *, struct buf *),
    bool any)
{
	struct buf name;
	bool ours;

	buf_init(&name, 512);
	ours = host(value, &name) == 0 &&
	    is_listed(&r->bridge->settings->allowed_hosts, buf_str(&name), any);
	buf_finish(&name);
	return ours;
}

static enum req_move
req_http(struct req *r)
{
	const char *method = http_variable(&r->http, "REQUEST_METHOD");
	const char *host = http_header(&r->http, "Host"), *origin = http_header(&r->http, "Origin");
	const char *encoding = http_header(&r->http, "Content-Encoding");

	if (r->http.local)
		return NEXT;
	/* The stream of a session, and nothing else, is asked for with GET. */
	r->gets = method != NULL && strcmp(method, "GET") == 0 && r->bridge->mcp.subscribes &&
	    http_header(&r->http, "Mcp-Session-Id") != NULL;
	if (!r->gets && (method == NULL || strcmp(method, "POST") != 0)) {
		buf_puts(&r->reply.headers, "Allow: POST\r\n");
		/* So the transport of 2024-11-05 began, too: its client is told what there is. */
		if (method != NULL && strcmp(method, "GET") == 0 &&
		    http_header(&r->http, "Mcp-Session-Id") == NULL)
			return req_refuse(r, 405, OLD_TRANSPORT "; POST to this URL instead "
			    "(Streamable HTTP, " MCP_OLDEST_VERSION " or newer)");
		return req_refuse(r, 405, "the endpoint takes POST only");
	}
	if (host != NULL && !is_our_host(r, host, http_host, true))
		return req_refuse(r, 403, "Host not allowed");
	/* Any host is not any origin: a browser's page is held to names that are written out. */
	if (origin != NULL && !is_our_host(r, origin, http_origin_host, false) &&
	    !is_listed(&r->bridge->settings->allowed_origins, origin, true))
		return req_refuse(r, 403, "Origin not allowed");
	if (encoding != NULL && strcasecmp(encoding, "identity") != 0)
		return req_refuse(r, 415, "the body is to have no Content-Encoding");
	if (!r->gets && !http_is_json(http_header(&r->http, "Content-Type")))
		return req_refuse(r, 415, "the body is to be Content-Type: application/json");
	return NEXT;
}

/* ====== AUTH: who calls, and may that one come so often ====== */

/* Say where a token is to be had, and what for (RFC 6750, section 3; RFC 9728, 5.1). */
static void
req_challenge(struct req *r, const struct tool *tool, const char *error, const char *why)
{
	const struct settings *s = r->bridge->settings;

	buf_puts(&r->reply.headers, "WWW-Authenticate: ");
	metadata_challenge(&r->reply.headers, s->metadata == NULL ? NULL : s->resource, &s->catalog,
	    tool, error, why);
	buf_puts(&r->reply.headers, "\r\n");
	if (!r->reply.headers.failed)
		return;
	buf_reset(&r->reply.headers);
	buf_puts(&r->reply.headers, "WWW-Authenticate: Bearer\r\n");
}

static enum req_move
req_auth(struct req *r)
{
	int64_t wait_s = 0;

	if (clock_mono_us() - r->began_us > r->bridge->settings->request_timeout_ms * 1000)
		return req_busy(r);
	switch (auth_judge(r->bridge->auth, &r->auth, &r->http)) {
	case AUTH_WAITS:
		return WAIT;
	case AUTH_MISSING:
		req_challenge(r, NULL, NULL, NULL);
		return req_refuse(r, 401, r->auth.why);
	case AUTH_FALSE:
		req_challenge(r, NULL, "invalid_token", r->auth.why);
		return req_refuse(r, 401, r->auth.why);
	case AUTH_MALFORMED:
		return req_refuse(r, 400, r->auth.why);
	case AUTH_UNAVAILABLE:
		buf_puts(&r->reply.headers, "Retry-After: 1\r\n");
		return req_refuse(r, 503, r->auth.why);
	case AUTH_KNOWN:
		break;
	}
	if (limit_request(&r->bridge->limit, r->auth.principal->name, r->entered_us, &wait_s))
		return NEXT;
	metrics_limited(r->bridge->metrics, "requests");
	buf_printf(&r->reply.headers, "Retry-After: %" PRId64 "\r\n", wait_s);
	return req_refuse(r, 429, "too many requests; wait as long as Retry-After says");
}

/* ====== RPC, CALLS: what it means, and the answer ====== */

/* The tracestate of a trace that is gone on with; a line end would make it two headers. */
static const char *
req_tracestate(const struct req *r)
{
	const char *state = http_header(&r->http, "tracestate");

	return r->trace.joined && state != NULL && strlen(state) <= LIMIT_TRACESTATE &&
	    strpbrk(state, "\r\n") == NULL ? state : NULL;
}

/*
 * The client no longer wants what it asked for with that id (notifications/cancelled): there is
 * no answer. Over HTTP it leaves instead.
 */
static void
req_cancel(struct bridge *b, const cJSON *id)
{
	struct front *front;
	struct buf text, nothing;
	struct req *r = NULL;

	buf_init(&text, LIMIT_RPC_ID);
	if (id != NULL && json_print(&text, id) == 0)
		LIST_FOREACH(r, &b->reqs, entry)
			if (r->front != NULL && r->http.local && r->message.rpc.id != NULL &&
			    strcmp(r->message.rpc.id, buf_str(&text)) == 0)
				break;
	buf_finish(&text);
	if (r == NULL)
		return;
	front = r->front;
	buf_init(&nothing, 0);
	req_gone(r);
	front_reply(front, &nothing);
}

/* A call that the caller's scopes do not allow is never begun, but it is written down. */
static void
req_forbid(struct req *r)
{
	const struct call refused = {
		.bridge = r->bridge,
		.tool = r->message.tool,
		.args = json_get(r->message.rpc.params, "arguments"),
		.principal = r->auth.principal,
		.end = CALL_FAILURE,
		.code = "insufficient_scope",
	};

	req_challenge(r, r->message.tool, refused.code,
	    "the token does not grant the scopes of this tool");
	deed_write(&refused, "refused", r->trace.id);
}

static enum req_move
req_rpc(struct req *r)
{
	const struct jsonrpc *rpc = &r->message.rpc;
	enum mcp_verdict verdict;
	const char *traceparent;

	verdict = r->gets ? mcp_open_stream(&r->bridge->mcp, &r->message, r->auth.principal,
	    &r->http, &r->reply) : mcp_open(&r->bridge->mcp, &r->message, r->auth.principal,
	    &r->http, &r->reply);
	if (r->http.local && rpc->kind == JSONRPC_NOTIFICATION && rpc->method != NULL &&
	    strcmp(rpc->method, "notifications/cancelled") == 0)
		req_cancel(r->bridge, json_get(rpc->params, "requestId"));
	traceparent = json_str(json_get(rpc->params, "_meta"), "traceparent");
	buf_finish(&r->http.body);
	if (traceparent != NULL && http_header(&r->http, "traceparent") == NULL)
		req_trace(r, traceparent);
	if (verdict == MCP_FORBIDDEN)
		req_forbid(r);
	if (rpc->kind == JSONRPC_RESPONSE && r->reply.status == 202)
		return NEXT;
	/* Of the variables nothing else is needed any more. */
	if (req_tracestate(r) == NULL)
		buf_wipe(&r->http.params);
	return verdict == MCP_CALL || verdict == MCP_LISTENS ? NEXT : DONE;
}

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
	r->answer.told = NULL;
	req_run(r);
}

static enum req_move
req_deliver(struct req *r)
{
	int status;

	if (r->answer.arg != NULL)
		return NEXT;	/* it has been told */
	r->answer.told = on_told;
	r->answer.arg = r;
	status = ask_answer(&r->answer, r->bridge, &r->message);
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
		.tracestate = req_tracestate(r),
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

static void
req_ask_end(struct req *r)
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
		r->last = r->stage;
		r->stage = REQ_REPLY;
		req_run(r);
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
	req_ask_end(r);
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

/* Its stream ends with this process: the client comes back to another. */
static void
on_listened(void *arg)
{
	struct req *r = arg;

	if (r->message.era == MCP_MODERN)
		mcp_reply_listened(&r->reply, &r->message, true);
	r->last = r->stage;
	r->stage = REQ_REPLY;
	req_run(r);
}

/* A stream that tells of changes, until the client or this process goes. */
static enum req_move
req_listen(struct req *r)
{
	/* Half of what a worker holds is for those who ask and go. */
	if (r->bridge->listening < (size_t)r->bridge->settings->max_inflight / 2)
		r->listen = calloc(1, sizeof *r->listen);
	if (r->listen != NULL) {
		*r->listen = (struct listen){
			.bridge = r->bridge, .message = &r->message, .say = req_say,
			.done = on_listened, .arg = r,
		};
		if (listen_start(r->listen) == 0)
			return WAIT;
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

static enum req_move
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
			mcp_reply_result(&r->reply, &r->message, known);
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
	switch (c->end) {
	case CALL_ASKS:
		if (r->message.era == MCP_LEGACY)
			return req_ask(r);
		r->message.now_ms = clock_wall_ms();
		mcp_reply_question(&r->reply, &r->message, buf_str(&c->text), buf_str(&c->ask));
		break;
	case CALL_TASK:
		mcp_reply_task(&r->reply, &r->message, buf_str(&c->ask), clock_wall_ms());
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
		r->message.now_ms = clock_wall_ms();
		if (r->message.value != NULL && !c->text.failed)
			memo_keep(r->bridge->memos, c->tool, r->auth.principal, r->message.value,
			    buf_str(&c->text));
		mcp_reply_result(&r->reply, &r->message, c->text.failed ? "" : buf_str(&c->text));
		break;
	case CALL_FAILURE:
		r->message.now_ms = clock_wall_ms();
		mcp_reply_failure(&r->reply, &r->message, c->text.failed ? no_memory :
		    buf_str(&c->text), c->text.failed ? "internal" : c->code);
		break;
	}
	return NEXT;
}

static void
req_resume(void *arg)
{
	req_run(arg);
}

void
req_gone(void *exchange)
{
	struct req *r = exchange;

	r->front = NULL;
	if (r->calling && r->ask == NULL && call_must_finish(&r->call))
		return;
	req_cut(r);
}

/* End a request that nobody waits for. */
static void
req_cut(struct req *r)
{
	r->reply.status = 499;	/* the log's word for a client that left; nobody is sent it */
	r->last = r->stage;
	r->stage = REQ_REPLY;
	req_run(r);
}

void
req_cut_all(struct bridge *b)
{
	struct req *r;

	while ((r = LIST_FIRST(&b->reqs)) != NULL) {
		r->front = NULL;
		r->cut = true;
		req_cut(r);
	}
}

/* ====== REPLY ====== */

static enum req_move
req_reply(struct req *r)
{
	struct mcp_reply *reply = &r->reply;
	struct buf out;

	if (r->front != NULL) {
		buf_init(&out, reply->body.cap + LIMIT_HEADER);
		buf_room(&out, reply->body.len + REPLY_HEAD);
		if (r->streaming && reply->body.len == 0)
			;	/* the stream of a session has no answer */
		else if (r->streaming)
			event_write(&out, buf_str(&reply->body), reply->body.len);
		else {
			http_head(&out, reply->status, reply->type);
			buf_append(&out, buf_str(&reply->headers), reply->headers.len);
			buf_puts(&out, "\r\n");
			buf_append(&out, buf_str(&reply->body), reply->body.len);
		}
		if (out.failed || reply->body.failed || reply->headers.failed) {
			buf_finish(&out);
			reply->status = 500;
			/* A stream that ends without an answer is an error to its client. */
			if (!r->streaming) {
				http_head(&out, 500, NULL);
				buf_puts(&out, "\r\n");
			}
		}
		r->bytes_out += out.len;
		front_reply(r->front, &out);
	}
	r->us[REQ_REPLY] = clock_mono_us() - r->entered_us;
	req_log_count(r);
	req_log_write(r);
	req_end(r);
	return DONE;
}

/* The one way an exchange ends. */
static void
req_end(struct req *r)
{
	struct bridge *b = r->bridge;

	req_ask_end(r);
	if (r->listen != NULL)
		listen_finish(r->listen);
	free(r->listen);
	if (r->wish != NULL)
		wish_finish(r->wish);
	free(r->wish);
	ask_answer_finish(&r->answer);
	if (r->calling)
		call_finish(&r->call);
	mcp_message_finish(&r->message);
	mcp_reply_finish(&r->reply);
	http_request_finish(&r->http);
	auth_case_finish(&r->auth);
	LIST_REMOVE(r, entry);
	b->held -= r->bytes_in;
	b->inflight--;
	b->requests++;
	free(r);
	b->ended(b->arg);
}
