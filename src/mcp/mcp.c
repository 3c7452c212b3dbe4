/* SPDX-License-Identifier: MIT */
/*
 * mcp.c - open a message: which era is it of, are its headers true, what does it ask for.
 * The order of the checks is the official server's: shape, era, version, headers, method,
 * parameters.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mcp/capability.h"
#include "mcp/mcp.h"
#include "mcp/mcp_method.h"
#include "mcp/principal.h"
#include "mcp/session.h"
#include "wire/json.h"

static enum mcp_verdict	open_legacy(const struct mcp *, struct mcp_message *,
			    const struct http_request *, struct mcp_reply *);
static enum mcp_verdict	open_modern(struct mcp_message *, const struct http_request *,
			    const cJSON *, struct mcp_reply *);
static enum mcp_verdict	check_session(const struct mcp *, struct mcp_message *,
			    const struct http_request *, struct mcp_reply *);
static enum mcp_verdict	check_progress(struct mcp_message *, const struct http_request *,
			    const cJSON *, struct mcp_reply *);
static enum mcp_verdict	check_meta(struct mcp_message *, const cJSON *, struct mcp_reply *);

enum mcp_verdict
mcp_refuse(struct mcp_reply *r, const struct mcp_message *m, int code, const char *why)
{
	mcp_reply_error(r, m->era == MCP_MODERN ? 400 : 200, m->rpc.id, code, NULL, "%s", why);
	return MCP_ANSWERED;
}

enum mcp_verdict
mcp_refuse_params(struct mcp_reply *r, const struct mcp_message *m, const char *fmt, ...)
{
	char why[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL, "Invalid params: %s", why);
	return MCP_ANSWERED;
}

enum mcp_verdict
mcp_refuse_memory(struct mcp_reply *r, const struct mcp_message *m)
{
	mcp_reply_error(r, 500, m->rpc.id, JSONRPC_INTERNAL_ERROR, NULL,
	    "Internal error: the bridge is short of memory; repeat later");
	return MCP_ANSWERED;
}

static enum mcp_verdict
refuse_version(struct mcp_reply *r, const struct mcp_message *m, const char *requested,
    const char *supported)
{
	char cut[64];
	struct buf data;

	snprintf(cut, sizeof cut, "%s", requested);
	buf_init(&data, 1024);
	buf_printf(&data, "{\"supported\":[%s],\"requested\":", supported);
	json_quote(&data, cut);
	buf_putc(&data, '}');
	mcp_reply_error(r, 400, m->rpc.id, MCP_UNSUPPORTED_VERSION,
	    data.failed ? NULL : buf_str(&data), "Unsupported protocol version");
	buf_finish(&data);
	return MCP_ANSWERED;
}

bool
mcp_takes_batch(const struct mcp *mcp, const struct http_request *rq)
{
	const char *version = http_header(rq, "MCP-Protocol-Version");

	if (rq->local && mcp->local != NULL)
		return (int)mcp->local->version == mcp_legacy_find(MCP_BATCH_VERSION);
	return version == NULL || strcmp(version, MCP_BATCH_VERSION) == 0;
}

enum mcp_verdict
mcp_open(const struct mcp *mcp, struct mcp_message *m, const struct principal *principal,
    const struct http_request *rq, struct mcp_reply *r)
{
	const cJSON *meta, *version;
	enum mcp_verdict verdict;
	char why[256];
	int code;

	memset(m, 0, sizeof *m);
	m->principal = principal;
	code = jsonrpc_parse(&m->rpc, buf_str(&rq->body), rq->body.len, why, sizeof why);
	if (code != 0) {
		mcp_reply_error(r, code == JSONRPC_INTERNAL_ERROR ? 500 : 400, m->rpc.id, code,
		    NULL, "%s", why);
		return MCP_ANSWERED;
	}
	if (m->rpc.kind != JSONRPC_REQUEST) {
		r->status = 202;
		return MCP_ANSWERED;
	}
	/* The key decides, not _meta itself: legacy requests carry a _meta too. */
	meta = json_get(m->rpc.params, "_meta");
	version = json_get(meta, META "protocolVersion");
	if (rq->batched && (version != NULL || strcmp(m->rpc.method, "initialize") == 0))
		return mcp_refuse(r, m, JSONRPC_INVALID_REQUEST, version != NULL ?
		    "Invalid request: " MCP_MODERN_VERSION " has no batches; send one message a "
		    "request" : "Invalid request: initialize is sent alone, never in a batch");
	verdict = version != NULL ? open_modern(m, rq, meta, r) : open_legacy(mcp, m, rq, r);
	if (verdict == MCP_CALL)
		verdict = check_progress(m, rq, meta, r);
	if (verdict == MCP_CALL && m->method->open != NULL)
		verdict = m->method->open(mcp, m, rq, r);
	return verdict;
}

void
mcp_message_keep(struct mcp_message *m)
{
	if (m->own_args == NULL)
		m->own_args = cJSON_DetachItemViaPointer(m->rpc.params, m->args);
	cJSON_Delete(m->rpc.root);
	m->rpc.root = m->rpc.params = NULL;
	m->rpc.method = NULL;
}

void
mcp_message_finish(struct mcp_message *m)
{
	jsonrpc_finish(&m->rpc);
	cJSON_Delete(m->own_args);
	cJSON_Delete(m->prompt_args);
	cJSON_Delete(m->input.responses);
	free(m->input.state);
	free(m->progress);
	cJSON_Delete(m->uris);
	cJSON_Delete(m->task.result);
	free(m->task_id);
	free(m->uri);
	free(m->value);
	memset(m, 0, sizeof *m);
}

static enum mcp_verdict
open_legacy(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const char *version = http_header(rq, "MCP-Protocol-Version");
	const char *accept = http_header(rq, "Accept");
	bool initialize = strcmp(m->rpc.method, "initialize") == 0;

	m->era = MCP_LEGACY;
	if (version != NULL && strcmp(version, MCP_MODERN_VERSION) == 0) {
		mcp_reply_error(r, 400, m->rpc.id, initialize ? MCP_HEADER_MISMATCH :
		    JSONRPC_INVALID_PARAMS, NULL, initialize ?
		    "Header mismatch: initialize is not part of " MCP_MODERN_VERSION
		    "; leave the MCP-Protocol-Version header out, or use server/discover" :
		    "Invalid params: _meta[\"" META "protocolVersion\"] is missing");
		return MCP_ANSWERED;
	}
	if (version != NULL && !initialize && mcp_legacy_find(version) == -1)
		return refuse_version(r, m, version, "\"" MCP_MODERN_VERSION "\",\""
		    MCP_LEGACY_VERSION "\",\"2025-06-18\",\"2025-03-26\"");
	if (accept != NULL && !http_accepts(accept, "application/json")) {
		mcp_reply_error(r, 406, m->rpc.id, JSONRPC_INVALID_REQUEST, NULL,
		    "Not acceptable: the answer is application/json; "
		    "send Accept: application/json, text/event-stream");
		return MCP_ANSWERED;
	}
	m->method = mcp_method_find(m->rpc.method, IN_LEGACY);
	if (m->method == NULL) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_METHOD_NOT_FOUND, NULL,
		    "Method not found: %s", m->rpc.method);
		return MCP_ANSWERED;
	}
	return initialize ? MCP_CALL : check_session(mcp, m, rq, r);
}

/* What initialize said comes back in the session's id, from clients that have one. */
static enum mcp_verdict
check_session(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const char *id = http_header(rq, "Mcp-Session-Id");
	const char *version = http_header(rq, "MCP-Protocol-Version");

	if (rq->local && mcp->local != NULL)
		m->session = *mcp->local;
	else if (id != NULL &&
	    session_open(&m->session, mcp->key, m->principal->name, id) == -1) {
		mcp_reply_error(r, 404, m->rpc.id, JSONRPC_INVALID_REQUEST, NULL,
		    "Session not found: the Mcp-Session-Id is not one that you were given; "
		    "initialize again, or leave the header out");
		return MCP_ANSWERED;
	}
	m->in_session = id != NULL || (rq->local && mcp->local != NULL);
	/* They are of 2025-06-18; who does not say its version is of before. */
	m->links = m->in_session ? (int)m->session.version != mcp_legacy_find(MCP_OLDEST_VERSION) :
	    version != NULL && strcmp(version, MCP_OLDEST_VERSION) != 0;
	m->input.can = m->session.capabilities;
	m->level = m->session.level;
	return MCP_CALL;
}

enum mcp_verdict
mcp_open_stream(const struct mcp *mcp, struct mcp_message *m, const struct principal *principal,
    const struct http_request *rq, struct mcp_reply *r)
{
	memset(m, 0, sizeof *m);
	m->principal = principal;
	m->era = MCP_LEGACY;
	if (check_session(mcp, m, rq, r) == MCP_ANSWERED)
		return MCP_ANSWERED;
	return MCP_LISTENS;
}

/* Whether the client takes events before the answer, and wants to hear of progress. */
static enum mcp_verdict
check_progress(struct mcp_message *m, const struct http_request *rq, const cJSON *meta,
    struct mcp_reply *r)
{
	const cJSON *token = json_get(meta, "progressToken");
	const char *accept = http_header(rq, "Accept");
	struct buf text;

	m->streams = !rq->whole && (rq->local ||
	    (accept != NULL && strstr(accept, "text/event-stream") != NULL &&
	    http_accepts(accept, "text/event-stream")));
	/* Of a client of the legacy era that takes no events nothing can be asked. */
	if (!m->streams && m->era == MCP_LEGACY)
		m->input.can = 0;
	if (token == NULL)
		return MCP_CALL;
	if (!cJSON_IsString(token) && !json_is_integer(token))
		return mcp_refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: _meta.progressToken must be a string or an integer");
	buf_init(&text, LIMIT_RPC_ID);
	json_print(&text, token);
	m->progress = text.failed ? NULL : buf_take(&text);
	buf_finish(&text);
	return MCP_CALL;
}

static enum mcp_verdict
open_modern(struct mcp_message *m, const struct http_request *rq, const cJSON *meta,
    struct mcp_reply *r)
{
	const cJSON *version = json_get(meta, META "protocolVersion"), *param;
	const char *header = http_header(rq, "MCP-Protocol-Version");
	enum mcp_verdict verdict;

	m->era = MCP_MODERN;
	m->links = true;
	if (!cJSON_IsString(version))
		return mcp_refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: _meta[\"" META "protocolVersion\"] must be a string");
	if (header == NULL && !rq->local)
		return mcp_refuse(r, m, MCP_HEADER_MISMATCH,
		    "Header mismatch: the MCP-Protocol-Version header is missing");
	if (mcp_check_mirror(m, rq, "MCP-Protocol-Version", version->valuestring, r) ==
	    MCP_ANSWERED)
		return MCP_ANSWERED;
	verdict = check_meta(m, meta, r);
	if (verdict == MCP_ANSWERED)
		return verdict;
	if (strcmp(version->valuestring, MCP_MODERN_VERSION) != 0)
		return refuse_version(r, m, version->valuestring, "\"" MCP_MODERN_VERSION "\"");
	if (mcp_check_mirror(m, rq, "Mcp-Method", m->rpc.method, r) == MCP_ANSWERED)
		return MCP_ANSWERED;
	m->method = mcp_method_find(m->rpc.method, IN_MODERN);
	if (m->method == NULL) {
		mcp_reply_error(r, 404, m->rpc.id, JSONRPC_METHOD_NOT_FOUND, NULL,
		    "Method not found: %s", m->rpc.method);
		return MCP_ANSWERED;
	}
	if (m->method->mirrored == NULL)
		return MCP_CALL;
	param = json_get(m->rpc.params, m->method->mirrored);
	if (!cJSON_IsString(param))
		return MCP_CALL;	/* the method itself says what is wrong with it */
	return mcp_check_mirror(m, rq, "Mcp-Name", param->valuestring, r);
}

/* The members of _meta that every modern request carries, or may. */
static enum mcp_verdict
check_meta(struct mcp_message *m, const cJSON *meta, struct mcp_reply *r)
{
	const cJSON *level = json_get(meta, META "logLevel");

	if (!cJSON_IsObject(json_get(meta, META "clientCapabilities")))
		return mcp_refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: _meta[\"" META "clientCapabilities\"] must be an object");
	m->input.can = capability_read(json_get(meta, META "clientCapabilities"));
	m->level = cJSON_IsString(level) ? mcp_notice_level(level->valuestring) : 0;
	if (level == NULL || m->level != 0)
		return MCP_CALL;
	return mcp_refuse(r, m, JSONRPC_INVALID_PARAMS,
	    "Invalid params: _meta[\"" META "logLevel\"] must be debug, info, notice, warning, "
	    "error, critical, alert or emergency");
}

enum mcp_verdict
mcp_check_mirror(struct mcp_message *m, const struct http_request *rq, const char *name,
    const char *body, struct mcp_reply *r)
{
	const char *header = http_header(rq, name);
	struct buf value;
	bool same;

	if (rq->local)
		return MCP_CALL;
	if (header == NULL) {
		mcp_reply_error(r, 400, m->rpc.id, MCP_HEADER_MISMATCH, NULL,
		    "Header mismatch: the %s header is missing", name);
		return MCP_ANSWERED;
	}
	buf_init(&value, LIMIT_PARAMS);
	same = http_mirror_decode(header, &value) == 0 && strcmp(buf_str(&value), body) == 0;
	buf_finish(&value);
	if (same)
		return MCP_CALL;
	mcp_reply_error(r, 400, m->rpc.id, MCP_HEADER_MISMATCH, NULL,
	    "Header mismatch: the %s header does not say what the body says", name);
	return MCP_ANSWERED;
}
