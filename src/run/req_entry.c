/* SPDX-License-Identifier: MIT */
/* req_entry.c - READ, ROUTE, HTTP, AUTH and RPC: is it for us, whose is it, what is it. */
#include <sys/queue.h>

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/limits.h"
#include "edge/front.h"
#include "mcp/metadata.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "run/auth.h"
#include "run/bridge.h"
#include "run/deed.h"
#include "run/metrics.h"
#include "run/req.h"
#include "run/req_part.h"
#include "run/settings.h"
#include "wire/json.h"
#include "wire/trace.h"

#define OLD_TRANSPORT	"the HTTP+SSE transport of 2024-11-05 is not served"

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
	metrics_limited(r->bridge->metrics, "worker");
	buf_puts(&r->reply.headers, "Retry-After: 1\r\n");
	return req_refuse(r, 503, "too many requests are in flight; repeat in a second");
}

enum req_move
req_entry_read(struct req *r)
{
	bridge_trace(r->bridge, http_header(&r->http, "traceparent"), &r->trace, r->traceparent);
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

enum req_move
req_entry_route(struct req *r)
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

enum req_move
req_entry_http(struct req *r)
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
		return req_refuse(r, 403, "Host not allowed: allowed_hosts does not "
		    "have it");
	/* Any host is not any origin: a browser's page is held to names that are written out. */
	if (origin != NULL && !is_our_host(r, origin, http_origin_host, false) &&
	    !is_listed(&r->bridge->settings->allowed_origins, origin, true))
		return req_refuse(r, 403, "Origin not allowed: neither allowed_origins "
		    "nor allowed_hosts has it");
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
	metadata_challenge(&r->reply.headers, s->metadata == NULL ? NULL : s->resource, s->scopes,
	    tool, error, why);
	buf_puts(&r->reply.headers, "\r\n");
	if (!r->reply.headers.failed)
		return;
	buf_reset(&r->reply.headers);
	buf_puts(&r->reply.headers, "WWW-Authenticate: Bearer\r\n");
}

enum req_move
req_entry_auth(struct req *r)
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

/* ====== RPC: what it means ====== */

/* A line end would make it two headers. */
const char *
req_entry_tracestate(const struct req *r)
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

enum req_move
req_entry_rpc(struct req *r)
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
		bridge_trace(r->bridge, traceparent, &r->trace, r->traceparent);
	if (verdict == MCP_FORBIDDEN)
		req_forbid(r);
	if (rpc->kind == JSONRPC_RESPONSE && r->reply.status == 202)
		return NEXT;
	/* Of the variables nothing else is needed any more. */
	if (req_entry_tracestate(r) == NULL)
		buf_wipe(&r->http.params);
	return verdict == MCP_CALL || verdict == MCP_LISTENS ? NEXT : DONE;
}
