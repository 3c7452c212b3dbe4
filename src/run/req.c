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
#include "mcp/principal.h"
#include "mcp/resource.h"
#include "mcp/service.h"
#include "run/auth.h"
#include "run/bridge.h"
#include "run/call.h"
#include "run/deed.h"
#include "run/metrics.h"
#include "run/req.h"
#include "run/settings.h"
#include "wire/json.h"
#include "wire/trace.h"

/* First guesses, so that most replies and log lines are allocated once. */
#define REPLY_HEAD	256
#define LOG_LINE	700

/* What a stage says of what comes next. */
enum req_move {
	NEXT,	/* the next stage */
	WAIT,	/* nothing now; req_run() is called again later */
	DONE,	/* the reply is complete: go to REPLY */
};

enum req_stage {
	REQ_READ, REQ_ROUTE, REQ_HTTP, REQ_AUTH, REQ_RPC, REQ_CALLS, REQ_REPLY, REQ_STAGES
};

struct req {
	LIST_ENTRY(req)		 entry;
	struct bridge		*bridge;
	struct front		*front;		/* NULL once the client has left */
	struct http_request	 http;
	enum req_stage		 stage;
	enum req_stage		 last;		/* the last stage before REPLY */
	unsigned		 steps;

	struct trace		 trace;
	char			 traceparent[TRACE_HEADER];
	struct mcp_message	 message;
	struct call		 call;
	bool			 calling;	/* `call` is in use */
	struct mcp_reply	 reply;
	struct auth_case	 auth;
	struct buf		 headers;	/* of the reply, when they are its own */
	const char		*refused;	/* why it came no further than HTTP; static */
	bool			 cut;		/* by the end of the process, not by its client */

	int64_t			 began_us;	/* the first byte */
	int64_t			 entered_us;	/* the stage */
	int64_t			 us[REQ_STAGES];	/* time in each */
	size_t			 bytes_in;
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

static void	req_run(struct req *);
static void	req_resume(void *);
static void	req_count(struct req *);
static void	req_log(struct req *, size_t);
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
	buf_init(&r->headers, LIMIT_HEADER);
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
	r->reply.headers = "Retry-After: 1\r\n";
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

static enum req_move
req_route(struct req *r)
{
	const struct settings *s = r->bridge->settings;

	if (!r->http.local && !http_path_is(&r->http, s->endpoint))
		return req_refuse(r, 404, "nothing is here; the endpoint has another path");
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
	if (method == NULL || strcmp(method, "POST") != 0) {
		r->reply.headers = "Allow: POST\r\n";
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
	if (!http_is_json(http_header(&r->http, "Content-Type")))
		return req_refuse(r, 415, "the body is to be Content-Type: application/json");
	return NEXT;
}

/* ====== AUTH: who calls, and may that one come so often ====== */

/* Say where a token is to be had, and what for (RFC 6750, section 3; RFC 9728, 5.1). */
static void
req_challenge(struct req *r, const struct tool *tool, const char *error, const char *why)
{
	const struct settings *s = r->bridge->settings;

	buf_puts(&r->headers, "WWW-Authenticate: ");
	resource_challenge(&r->headers, s->metadata == NULL ? NULL : s->resource, &s->catalog,
	    tool, error, why);
	buf_puts(&r->headers, "\r\n");
	r->reply.headers = r->headers.failed ? "WWW-Authenticate: Bearer\r\n" :
	    buf_str(&r->headers);
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
		r->reply.headers = "Retry-After: 1\r\n";
		return req_refuse(r, 503, r->auth.why);
	case AUTH_KNOWN:
		break;
	}
	if (limit_request(&r->bridge->limit, r->auth.principal->name, r->entered_us, &wait_s))
		return NEXT;
	metrics_limited(r->bridge->metrics, "requests");
	buf_printf(&r->headers, "Retry-After: %" PRId64 "\r\n", wait_s);
	r->reply.headers = buf_str(&r->headers);
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

	verdict = mcp_open(&r->bridge->mcp, &r->message, r->auth.principal, &r->http, &r->reply);
	if (r->http.local && rpc->kind == JSONRPC_NOTIFICATION && rpc->method != NULL &&
	    strcmp(rpc->method, "notifications/cancelled") == 0)
		req_cancel(r->bridge, json_get(rpc->params, "requestId"));
	traceparent = json_str(json_get(rpc->params, "_meta"), "traceparent");
	buf_finish(&r->http.body);
	if (traceparent != NULL && http_header(&r->http, "traceparent") == NULL)
		req_trace(r, traceparent);
	if (verdict == MCP_FORBIDDEN)
		req_forbid(r);
	/* Of the variables nothing else is needed any more. */
	if (req_tracestate(r) == NULL)
		buf_wipe(&r->http.params);
	return verdict == MCP_CALL ? NEXT : DONE;
}

static enum req_move
req_calls(struct req *r)
{
	static const char no_memory[] = "{\"code\":\"internal\",\"http_status\":500,"
	    "\"retryable\":false,\"hint\":\"the bridge is short of memory; what the call did is "
	    "not known: look before you repeat it\"}";
	struct call *c = &r->call;

	if (!r->calling) {
		if (mcp_answer(&r->bridge->mcp, &r->message, &r->reply) == MCP_ANSWERED)
			return NEXT;
		r->calling = true;
		mcp_message_keep(&r->message);
		*c = (struct call){
			.bridge = r->bridge,
			.tool = r->message.tool,
			.args = r->message.args,
			.principal = r->auth.principal,
			.consent = &r->message.consent,
			.traceparent = r->traceparent,
			.tracestate = req_tracestate(r),
			.deadline_us = r->began_us + r->bridge->settings->request_timeout_ms * 1000,
			.done = req_resume,
			.arg = r,
		};
		if (!call_start(c))
			return WAIT;
	}
	switch (c->end) {
	case CALL_ASKS:
		mcp_reply_question(&r->reply, &r->message, buf_str(&c->text), buf_str(&c->ask));
		break;
	case CALL_FALSE_STATE:
		mcp_reply_error(&r->reply, 400, r->message.rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "Invalid params: requestState is not one for exactly this call, or has "
		    "expired; nothing was done; call without it, and ask again");
		break;
	case CALL_RESULT:
	case CALL_FAILURE:
		mcp_reply_tool(&r->reply, &r->message, c->text.failed ? no_memory :
		    buf_str(&c->text), c->end == CALL_FAILURE || c->text.failed);
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
	if (r->calling && call_must_finish(&r->call))
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
	size_t sent = 0;

	if (r->front != NULL) {
		buf_init(&out, reply->body.cap + LIMIT_HEADER);
		buf_room(&out, reply->body.len + REPLY_HEAD);
		http_head(&out, reply->status, reply->type);
		buf_puts(&out, reply->headers);
		buf_puts(&out, "\r\n");
		buf_append(&out, buf_str(&reply->body), reply->body.len);
		if (out.failed || reply->body.failed) {
			buf_finish(&out);
			reply->status = 500;
			http_head(&out, 500, NULL);
			buf_puts(&out, "\r\n");
		}
		sent = out.len;
		front_reply(r->front, &out);
	}
	r->us[REQ_REPLY] = clock_mono_us() - r->entered_us;
	req_count(r);
	req_log(r, sent);
	req_end(r);
	return DONE;
}

/* What came of a call, in a word. */
static const char *
req_outcome(const struct req *r)
{
	if (r->reply.status == 499)
		return r->cut ? "cut" : "gone";
	if (r->call.end == CALL_RESULT)
		return r->call.replayed ? "replayed" : "ok";
	if (r->call.end == CALL_ASKS || strcmp(r->call.code, "confirmation_required") == 0)
		return "asked";
	if (r->call.errand.outcome == NULL)
		return strcmp(r->call.code, "invalid_argument") == 0 ? "arguments" : "refused";
	return r->call.errand.status != 0 ? "error" : r->call.errand.outcome;
}

static void
req_count(struct req *r)
{
	struct metrics *m = r->bridge->metrics;
	const char *outcome;
	int64_t total = 0;
	int i;

	for (i = 0; i < REQ_STAGES; i++) {
		total += r->us[i];
		if (i <= (int)r->last || i == REQ_REPLY)
			metrics_stage(m, stages[i].name, r->us[i]);
	}
	metrics_request(m, mcp_method_name(&r->message), r->reply.status, total);
	if (!r->calling)
		return;
	outcome = req_outcome(r);
	metrics_tool(m, r->message.tool->name, outcome);
	deed_write(&r->call, outcome, r->trace.id);
}

static void
log_text(struct buf *line, const char *key, const char *text)
{
	buf_puts(line, key);
	buf_puts(line, text);
	buf_putc(line, '"');
}

static void
log_number(struct buf *line, const char *key, int64_t number)
{
	buf_puts(line, key);
	buf_int(line, number);
}

/* One line a request; never a body, an argument or a token. Most texts are our own words. */
static void
req_log(struct req *r, size_t sent)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_.-";
	const struct call *c = &r->call;
	char stamp[CLOCK_STAMP];
	struct buf line;
	int i;

	if (!log_wants(LOG_LEVEL_INFO))
		return;
	clock_stamp(clock_wall_ms(), stamp);
	buf_init(&line, LIMIT_LOG_LINE - 1);
	buf_room(&line, LOG_LINE);
	log_text(&line, "{\"time\":\"", stamp);
	log_text(&line, ",\"level\":\"info\",\"msg\":\"request\",\"id\":\"", r->trace.span);
	log_text(&line, ",\"trace\":\"", r->trace.id);
	log_number(&line, ",\"status\":", r->reply.status);
	log_text(&line, ",\"stage\":\"", stages[r->last].name);
	log_text(&line, ",\"method\":\"", mcp_method_name(&r->message));
	if (r->message.method != NULL)
		log_text(&line, ",\"era\":\"", r->message.era == MCP_MODERN ? "modern" : "legacy");
	if (r->refused != NULL)
		log_text(&line, ",\"refused\":\"", r->refused);
	if (r->message.tool != NULL)
		log_text(&line, ",\"tool\":\"", r->message.tool->name);
	if (r->reply.code != 0)
		log_number(&line, ",\"rpc_error\":", r->reply.code);
	/* A code may be the service's own: what does not look like one is not logged. */
	if (r->calling && c->code[0] != '\0')
		log_text(&line, ",\"error\":\"",
		    c->code[strspn(c->code, word)] == '\0' ? c->code : "other");
	if (r->calling && c->errand.outcome != NULL) {
		log_text(&line, ",\"upstream\":\"", c->errand.outcome);
		log_number(&line, ",\"upstream_status\":", c->errand.status);
		log_number(&line, ",\"upstream_us\":", c->errand.us);
		log_number(&line, ",\"tries\":", c->errand.plan.tries);
		if (c->split != NULL)
			log_number(&line, ",\"parts\":", (int64_t)split_sent(c->split));
	}
	if (r->calling && c->errand.why != NULL && c->errand.why[0] != '\0') {
		buf_puts(&line, ",\"upstream_error\":");
		log_quote(&line, c->errand.why);
	}
	if (r->front == NULL)
		buf_puts(&line, r->cut ? ",\"client\":\"cut\"" : ",\"client\":\"gone\"");
	buf_puts(&line, ",\"us\":{\"");
	for (i = 0; i < REQ_STAGES; i++) {
		buf_puts(&line, i == 0 ? "" : ",\"");
		buf_puts(&line, stages[i].name);
		log_number(&line, "\":", r->us[i]);
	}
	log_number(&line, "},\"bytes_in\":", (int64_t)r->bytes_in);
	log_number(&line, ",\"bytes_out\":", (int64_t)sent);
	buf_putc(&line, '}');
	log_line(&line);
	buf_finish(&line);
}

/* The one way an exchange ends. */
static void
req_end(struct req *r)
{
	struct bridge *b = r->bridge;

	if (r->calling)
		call_finish(&r->call);
	mcp_message_finish(&r->message);
	mcp_reply_finish(&r->reply);
	http_request_finish(&r->http);
	auth_case_finish(&r->auth);
	buf_finish(&r->headers);
	LIST_REMOVE(r, entry);
	b->held -= r->bytes_in;
	b->inflight--;
	b->requests++;
	free(r);
	b->ended(b->arg);
}
