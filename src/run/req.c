/* SPDX-License-Identifier: MIT */
/*
 * req.c - the stages of an exchange, each a function and a row of one table, walked by
 * req_run(). A stage's name is its enum, its log field and its place in the table.
 */
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "edge/front.h"
#include "run/ask.h"
#include "run/auth.h"
#include "run/bridge.h"
#include "run/call.h"
#include "run/listen.h"
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

static enum req_move	req_reply(struct req *);

static const struct {
	const char	*name;
	enum req_move	(*run)(struct req *);
} stages[REQ_STAGES] = {
	[REQ_READ] = { "read", req_entry_read },
	[REQ_ROUTE] = { "route", req_entry_route },
	[REQ_HTTP] = { "http", req_entry_http },
	[REQ_AUTH] = { "auth", req_entry_auth },
	[REQ_RPC] = { "rpc", req_entry_rpc },
	[REQ_CALLS] = { "calls", req_calls },
	[REQ_REPLY] = { "reply", req_reply },
};

const char *
req_stage_name(enum req_stage stage)
{
	return stages[stage].name;
}

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

void
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

void
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
void
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

void
req_resume(void *arg)
{
	req_run(arg);
}

void
req_conclude(struct req *r)
{
	r->last = r->stage;
	r->stage = REQ_REPLY;
	req_run(r);
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
	req_conclude(r);
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

	req_calls_end(r);
	if (r->listen != NULL)
		listen_finish(r->listen);
	free(r->listen);
	if (r->wish != NULL)
		wish_finish(r->wish);
	free(r->wish);
	response_finish(&r->response);
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
