/* SPDX-License-Identifier: MIT */
/*
 * mcp.c - open a message: which era is it of, are its headers true, what does it ask for.
 * The order of the checks is the official server's: shape, era, version, headers, method,
 * parameters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mcp/mcp.h"
#include "mcp/mcp_method.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/pointer.h"

static enum mcp_verdict	open_legacy(struct mcp_message *, const struct http_request *,
			    struct mcp_reply *);
static enum mcp_verdict	open_modern(struct mcp_message *, const struct http_request *,
			    const cJSON *, struct mcp_reply *);
static enum mcp_verdict	check_meta(struct mcp_message *, const cJSON *, struct mcp_reply *);
static enum mcp_verdict	check_mirror(struct mcp_message *, const struct http_request *,
			    const char *, const char *, struct mcp_reply *);
static enum mcp_verdict	read_consent(struct mcp_message *, struct mcp_reply *);
static enum mcp_verdict	open_call(const struct mcp *, struct mcp_message *,
			    const struct http_request *, struct mcp_reply *);
static enum mcp_verdict	check_params(struct mcp_message *, const struct http_request *,
			    struct mcp_reply *);

static enum mcp_verdict
refuse(struct mcp_reply *r, const struct mcp_message *m, int code, const char *why)
{
	mcp_reply_error(r, m->era == MCP_MODERN ? 400 : 200, m->rpc.id, code, NULL, "%s", why);
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
	verdict = version != NULL ? open_modern(m, rq, meta, r) : open_legacy(m, rq, r);
	if (verdict == MCP_CALL && m->method->calls)
		verdict = open_call(mcp, m, rq, r);
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
	free(m->consent.state);
	memset(m, 0, sizeof *m);
}

static enum mcp_verdict
open_legacy(struct mcp_message *m, const struct http_request *rq, struct mcp_reply *r)
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
	if (version != NULL && !initialize && !mcp_is_legacy(version))
		return refuse_version(r, m, version, "\"" MCP_MODERN_VERSION "\",\""
		    MCP_LEGACY_VERSION "\",\"2025-06-18\"");
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
	if (!cJSON_IsString(version))
		return refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: _meta[\"" META "protocolVersion\"] must be a string");
	if (header == NULL && !rq->local)
		return refuse(r, m, MCP_HEADER_MISMATCH,
		    "Header mismatch: the MCP-Protocol-Version header is missing");
	if (check_mirror(m, rq, "MCP-Protocol-Version", version->valuestring, r) == MCP_ANSWERED)
		return MCP_ANSWERED;
	verdict = check_meta(m, meta, r);
	if (verdict == MCP_ANSWERED)
		return verdict;
	if (strcmp(version->valuestring, MCP_MODERN_VERSION) != 0)
		return refuse_version(r, m, version->valuestring, "\"" MCP_MODERN_VERSION "\"");
	if (check_mirror(m, rq, "Mcp-Method", m->rpc.method, r) == MCP_ANSWERED)
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
	return check_mirror(m, rq, "Mcp-Name", param->valuestring, r);
}

/* The members of _meta that every modern request carries, or may. */
static enum mcp_verdict
check_meta(struct mcp_message *m, const cJSON *meta, struct mcp_reply *r)
{
	static const char *const levels[] = {
		"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
	};
	const cJSON *level = json_get(meta, META "logLevel");
	const cJSON *token = json_get(meta, "progressToken");
	size_t i;

	if (!cJSON_IsObject(json_get(meta, META "clientCapabilities")))
		return refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: _meta[\"" META "clientCapabilities\"] must be an object");
	if (token != NULL && !cJSON_IsString(token) && !json_is_integer(token))
		return refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: _meta.progressToken must be a string or an integer");
	if (level == NULL)
		return MCP_CALL;
	for (i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (cJSON_IsString(level) && strcmp(level->valuestring, levels[i]) == 0)
			return MCP_CALL;
	return refuse(r, m, JSONRPC_INVALID_PARAMS,
	    "Invalid params: _meta[\"" META "logLevel\"] must be debug, info, notice, warning, "
	    "error, critical, alert or emergency");
}

/* Hold a header to what the body says; what came over no HTTP has none. */
static enum mcp_verdict
check_mirror(struct mcp_message *m, const struct http_request *rq, const char *name,
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

/* What came of a question that we asked: requestState is ours, inputResponses the person's. */
static enum mcp_verdict
read_consent(struct mcp_message *m, struct mcp_reply *r)
{
	const cJSON *params = m->rpc.params, *state = json_get(params, "requestState");
	const cJSON *answer = json_get(json_get(params, "inputResponses"), MCP_QUESTION);
	const char *action = json_str(answer, "action");
	const cJSON *ask;
	struct mcp_consent *c = &m->consent;

	/* No mode named is the form's; a client with the other alone could never agree. */
	ask = json_get(json_get(json_get(params, "_meta"), META "clientCapabilities"),
	    "elicitation");
	c->elicits = cJSON_IsObject(ask) && (ask->child == NULL || json_get(ask, "form") != NULL);
	if (state == NULL)
		return MCP_CALL;
	if (!cJSON_IsString(state))
		return refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: requestState must be the string that came with the question");
	c->state = strdup(state->valuestring);
	if (c->state == NULL)
		return refuse(r, m, JSONRPC_INTERNAL_ERROR,
		    "Internal error: the bridge is short of memory; repeat later");
	if (action != NULL && strcmp(action, "accept") == 0)
		c->said = json_true(json_get(answer, "content"), MCP_QUESTION) ? MCP_AGREED :
		    MCP_DECLINED;
	else if (answer != NULL)
		c->said = MCP_DECLINED;
	return MCP_CALL;
}

/* The tool of a tools/call and its arguments. */
static enum mcp_verdict
open_call(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const char *name = json_str(m->rpc.params, "name");
	cJSON *args = json_get(m->rpc.params, "arguments");

	if (name == NULL || (args != NULL && !cJSON_IsObject(args))) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL, name == NULL ?
		    "Invalid params: tools/call needs the tool's \"name\"" :
		    "Invalid params: \"arguments\" must be an object");
		return MCP_ANSWERED;
	}
	m->tool = catalog_find(mcp->catalog, name);
	if (m->tool != NULL && m->tool->off == NULL && !principal_may(m->principal, m->tool)) {
		mcp_reply_error(r, 403, m->rpc.id, JSONRPC_INVALID_REQUEST, NULL,
		    "Forbidden: what you called with does not grant the scopes of this tool");
		return MCP_FORBIDDEN;
	}
	if (m->tool == NULL || m->tool->off != NULL) {
		const char *off = m->tool == NULL ? NULL : m->tool->off;

		m->tool = NULL;
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "%s: %.*s%s%s; tools/list has those that can be called", off == NULL ?
		    "Unknown tool" : "Tool is off", LIMIT_TOOL_NAME, name, off == NULL ? "" : ": ",
		    off == NULL ? "" : off);
		return MCP_ANSWERED;
	}
	if (args == NULL)
		args = m->own_args = cJSON_CreateObject();
	m->args = args;
	if (m->era == MCP_MODERN && read_consent(m, r) == MCP_ANSWERED)
		return MCP_ANSWERED;
	if (args == NULL) {
		mcp_reply_error(r, 500, m->rpc.id, JSONRPC_INTERNAL_ERROR, NULL,
		    "Internal error: the bridge is short of memory; repeat later");
		return MCP_ANSWERED;
	}
	return m->era == MCP_MODERN && !rq->local ? check_params(m, rq, r) : MCP_CALL;
}

/* Whether a Mcp-Param header says the same as the argument. */
static bool
is_mirrored(const char *header, const cJSON *value)
{
	struct json_fault fault;
	struct buf text;
	cJSON *number;
	bool same = false;

	buf_init(&text, LIMIT_PARAMS);
	if (http_mirror_decode(header, &text) == 0) {
		if (cJSON_IsString(value))
			same = strcmp(buf_str(&text), value->valuestring) == 0;
		else if (cJSON_IsBool(value))
			same = strcmp(buf_str(&text), cJSON_IsTrue(value) ? "true" : "false") == 0;
		else if (cJSON_IsNumber(value)) {
			number = json_parse(buf_str(&text), text.len, &fault);
			same = cJSON_IsNumber(number) &&
			    decimal_compare(number->valuestring, value->valuestring) == 0;
			cJSON_Delete(number);
		}
	}
	buf_finish(&text);
	return same;
}

static enum mcp_verdict
check_params(struct mcp_message *m, const struct http_request *rq, struct mcp_reply *r)
{
	char name[LIMIT_TOOL_NAME + 16];
	const char *header;
	const cJSON *value;
	size_t i;

	for (i = 0; i < m->tool->nmirrors; i++) {
		snprintf(name, sizeof name, "Mcp-Param-%s", m->tool->mirrors[i].header);
		header = http_header(rq, name);
		value = pointer_get(m->args, m->tool->mirrors[i].pointer);
		if (value != NULL && cJSON_IsNull(value))
			value = NULL;
		if ((header == NULL) == (value == NULL) &&
		    (value == NULL || is_mirrored(header, value)))
			continue;
		mcp_reply_error(r, 400, m->rpc.id, MCP_HEADER_MISMATCH, NULL,
		    "Header mismatch: %s and the argument %s differ; list the tools again and "
		    "mirror x-mcp-header arguments", name, m->tool->mirrors[i].pointer);
		return MCP_ANSWERED;
	}
	return MCP_CALL;
}
