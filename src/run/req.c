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
#include "base/crypto.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/front.h"
#include "mcp/service.h"
#include "run/bridge.h"
#include "run/call.h"
#include "run/req.h"
#include "run/settings.h"
#include "wire/json.h"
#include "wire/trace.h"

/* What a stage says of what comes next. */
enum step {
	NEXT,	/* the next stage */
	WAIT,	/* nothing now; req_run() is called again later */
	DONE,	/* the reply is complete: go to REPLY */
};

enum req_stage { REQ_READ, REQ_ROUTE, REQ_HTTP, REQ_RPC, REQ_CALLS, REQ_REPLY, REQ_STAGES };

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
	const char		*refused;	/* why it came no further than HTTP; static */

	int64_t			 began_us;	/* the first byte */
	int64_t			 entered_us;	/* the stage */
	int64_t			 us[REQ_STAGES];	/* time in each */
	size_t			 bytes_in;
};

static enum step	req_read(struct req *);
static enum step	req_route(struct req *);
static enum step	req_http(struct req *);
static enum step	req_rpc(struct req *);
static enum step	req_calls(struct req *);
static enum step	req_reply(struct req *);

static const struct {
	const char	*name;
	enum step	(*run)(struct req *);
} stages[REQ_STAGES] = {
	[REQ_READ] = { "read", req_read },
	[REQ_ROUTE] = { "route", req_route },
	[REQ_HTTP] = { "http", req_http },
	[REQ_RPC] = { "rpc", req_rpc },
	[REQ_CALLS] = { "calls", req_calls },
	[REQ_REPLY] = { "reply", req_reply },
};

static void	req_run(struct req *);
static void	req_resume(void *);
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
	r->began_us = r->entered_us = f->began_us;
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
	enum step step;
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

static enum step
req_refuse(struct req *r, int status, const char *why)
{
	r->refused = why;
	mcp_reply_error(&r->reply, status, NULL, JSONRPC_INVALID_REQUEST, NULL, "%s", why);
	return DONE;
}

/* Join the trace of `traceparent`, or begin one. */
static void
req_trace(struct req *r, const char *traceparent)
{
	uint8_t random[24] = { 0 };

	crypto_random(random, sizeof random);
	trace_begin(&r->trace, traceparent, random);
	trace_header(&r->trace, r->traceparent);
}

static enum step
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
	case HTTP_MALFORMED:
		break;
	}
	return req_refuse(r, 400, "the request is incomplete or cannot be read");
}

static enum step
req_route(struct req *r)
{
	const struct settings *s = r->bridge->settings;
	struct buf path;
	bool endpoint, health;

	buf_init(&path, LIMIT_URL);
	http_path(&r->http, &path);
	endpoint = strcmp(buf_str(&path), s->endpoint) == 0;
	health = strcmp(buf_str(&path), "/healthz") == 0;
	buf_finish(&path);
	if (health) {
		r->reply.type = "application/json";
		buf_puts(&r->reply.body, "{\"status\":\"ok\"}");
		return DONE;
	}
	if (!endpoint)
		return req_refuse(r, 404, "nothing is here; the endpoint has another path");
	if (r->bridge->inflight > (size_t)s->max_inflight) {
		r->reply.headers = "Retry-After: 1\r\n";
		return req_refuse(r, 503, "too many requests are in flight; repeat in a second");
	}
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

static enum step
req_http(struct req *r)
{
	const char *method = http_variable(&r->http, "REQUEST_METHOD");
	const char *host = http_header(&r->http, "Host"), *origin = http_header(&r->http, "Origin");
	const char *encoding = http_header(&r->http, "Content-Encoding");

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

/* ====== RPC, CALLS: what it means, and the answer ====== */

static enum step
req_rpc(struct req *r)
{
	enum mcp_verdict verdict = mcp_open(&r->bridge->mcp, &r->message, &r->http, &r->reply);
	const char *traceparent = json_str(json_get(r->message.rpc.params, "_meta"), "traceparent");

	buf_finish(&r->http.body);
	if (traceparent != NULL && http_header(&r->http, "traceparent") == NULL)
		req_trace(r, traceparent);
	return verdict == MCP_CALL ? NEXT : DONE;
}

/* The tracestate of a trace that is gone on with; a line end would make it two headers. */
static const char *
req_tracestate(const struct req *r)
{
	const char *state = http_header(&r->http, "tracestate");

	return r->trace.joined && state != NULL && strlen(state) <= LIMIT_TRACESTATE &&
	    strpbrk(state, "\r\n") == NULL ? state : NULL;
}

static enum step
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
		*c = (struct call){
			.bridge = r->bridge,
			.tool = r->message.tool,
			.args = r->message.args,
			.traceparent = r->traceparent,
			.tracestate = req_tracestate(r),
			.deadline_us = r->began_us + r->bridge->settings->request_timeout_ms * 1000,
			.done = req_resume,
			.arg = r,
		};
		if (!call_start(c))
			return WAIT;
	}
	mcp_reply_tool(&r->reply, &r->message, c->text.failed ? no_memory : buf_str(&c->text),
	    c->is_error || c->text.failed);
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
		req_cut(r);
	}
}

/* ====== REPLY ====== */

static enum step
req_reply(struct req *r)
{
	struct mcp_reply *reply = &r->reply;
	struct buf out;
	size_t sent = 0;

	if (r->front != NULL) {
		buf_init(&out, reply->body.cap + LIMIT_HEADER);
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
	req_log(r, sent);
	req_end(r);
	return DONE;
}

/* One line a request; never a body, an argument or a token. */
static void
req_log(struct req *r, size_t sent)
{
	char stamp[CLOCK_STAMP];
	struct buf line;
	int i;

	clock_stamp(clock_wall_ms(), stamp);
	buf_init(&line, LIMIT_LOG_LINE - 1);
	buf_printf(&line, "{\"time\":\"%s\",\"level\":\"info\",\"msg\":\"request\",\"id\":\"%s\","
	    "\"trace\":\"%s\",\"status\":%d,\"stage\":\"%s\",\"method\":\"%s\"", stamp,
	    r->trace.span, r->trace.id, r->reply.status, stages[r->last].name,
	    mcp_method_name(&r->message));
	if (r->message.method != NULL)
		buf_printf(&line, ",\"era\":\"%s\"",
		    r->message.era == MCP_MODERN ? "modern" : "legacy");
	if (r->refused != NULL)
		buf_printf(&line, ",\"refused\":\"%s\"", r->refused);
	if (r->message.tool != NULL) {
		buf_puts(&line, ",\"tool\":");
		log_quote(&line, r->message.tool->name);
	}
	if (r->reply.code != 0)
		buf_printf(&line, ",\"rpc_error\":%d", r->reply.code);
	if (r->calling && r->call.is_error) {
		/* A code may be the service's own: what does not look like one is not logged. */
		buf_printf(&line, ",\"error\":\"%s\"", r->call.code[strspn(r->call.code,
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0' ?
		    r->call.code : "other");
	}
	if (r->calling && r->call.upstream_outcome != NULL)
		buf_printf(&line, ",\"upstream\":\"%s\",\"upstream_status\":%d,\"upstream_us\":%"
		    PRId64 ",\"tries\":%u", r->call.upstream_outcome, r->call.upstream_status,
		    r->call.upstream_us, r->call.plan.tries);
	if (r->calling && r->call.upstream_why != NULL && r->call.upstream_why[0] != '\0') {
		buf_puts(&line, ",\"upstream_error\":");
		log_quote(&line, r->call.upstream_why);
	}
	if (r->front == NULL)
		buf_puts(&line, ",\"client\":\"gone\"");
	buf_puts(&line, ",\"us\":{");
	for (i = 0; i < REQ_STAGES; i++)
		buf_printf(&line, "%s\"%s\":%" PRId64, i == 0 ? "" : ",", stages[i].name, r->us[i]);
	buf_printf(&line, "},\"bytes_in\":%zu,\"bytes_out\":%zu}", r->bytes_in, sent);
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
	LIST_REMOVE(r, entry);
	b->inflight--;
	b->requests++;
	free(r);
	b->ended(b->arg);
}
