/* SPDX-License-Identifier: MIT */
/*
 * mcp.c - open a message (which era, are its headers true), then answer it by the method
 * table. The order of the checks is the official server's: shape, era, version, headers,
 * method, parameters.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mcp/cursor.h"
#include "mcp/failure.h"
#include "mcp/mcp.h"
#include "mcp/service.h"
#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/pointer.h"

#define META		"io.modelcontextprotocol/"
#define SERVER_INFO	"{\"name\":\"ums-mcp\",\"version\":\"" UMS_MCP_VERSION "\"}"
#define CAPABILITIES	"{\"tools\":{},\"prompts\":{},\"resources\":{}}"

enum era_bits { IN_LEGACY = 1, IN_MODERN = 2, IN_BOTH = 3 };

struct mcp_method {
	const char	 *name;
	unsigned	  eras;
	const char	 *mirrored;	/* the parameter that Mcp-Name repeats */
	enum mcp_verdict (*answer)(const struct mcp *, struct mcp_message *, struct mcp_reply *);
};

static enum mcp_verdict	open_legacy(struct mcp_message *, const struct http_request *,
			    struct mcp_reply *);
static enum mcp_verdict	open_modern(struct mcp_message *, const struct http_request *,
			    const cJSON *, struct mcp_reply *);
static enum mcp_verdict	check_meta(struct mcp_message *, const cJSON *, struct mcp_reply *);
static enum mcp_verdict	check_mirror(struct mcp_message *, const struct http_request *,
			    const char *, const char *, struct mcp_reply *);
static enum mcp_verdict	open_call(const struct mcp *, struct mcp_message *,
			    const struct http_request *, struct mcp_reply *);
static enum mcp_verdict	check_params(struct mcp_message *, const struct http_request *,
			    struct mcp_reply *);

static enum mcp_verdict	answer_discover(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_initialize(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_ping(const struct mcp *, struct mcp_message *, struct mcp_reply *);
static enum mcp_verdict	answer_tools_list(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_tools_call(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_empty_list(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_prompts_get(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_resources_read(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_listen(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static void		answer_server_info(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);

static const struct mcp_method methods[] = {
	{ "server/discover", IN_MODERN, NULL, answer_discover },
	{ "initialize", IN_LEGACY, NULL, answer_initialize },
	{ "ping", IN_LEGACY, NULL, answer_ping },
	{ "tools/list", IN_BOTH, NULL, answer_tools_list },
	{ "tools/call", IN_BOTH, "name", answer_tools_call },
	{ "prompts/list", IN_BOTH, NULL, answer_empty_list },
	{ "prompts/get", IN_BOTH, "name", answer_prompts_get },
	{ "resources/list", IN_BOTH, NULL, answer_empty_list },
	{ "resources/templates/list", IN_BOTH, NULL, answer_empty_list },
	{ "resources/read", IN_BOTH, "uri", answer_resources_read },
	{ "subscriptions/listen", IN_MODERN, NULL, answer_listen },
};

static const char *const legacy_versions[] = { MCP_LEGACY_VERSION, "2025-06-18" };

/* ====== the reply ====== */

void
mcp_reply_init(struct mcp_reply *r, size_t cap)
{
	*r = (struct mcp_reply){ .status = 200, .headers = "" };
	buf_init(&r->body, cap);
}

void
mcp_reply_finish(struct mcp_reply *r)
{
	buf_finish(&r->body);
}

void
mcp_reply_error(struct mcp_reply *r, int status, const char *id, int code, const char *data,
    const char *fmt, ...)
{
	char message[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	buf_reset(&r->body);
	r->status = status;
	r->code = code;
	r->type = "application/json";
	jsonrpc_error(&r->body, id, code, message, data);
}

/* Begin a result: what follows are members, each with a comma behind it. */
static void
result_open(struct mcp_reply *r, const struct mcp_message *m)
{
	r->status = 200;
	r->type = "application/json";
	buf_printf(&r->body, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{", m->rpc.id);
	if (m->era == MCP_MODERN)
		buf_puts(&r->body, "\"resultType\":\"complete\",");
}

/* What a modern client may keep, and for how long; nothing here depends on who asks. */
static void
result_cacheable(const struct mcp *mcp, struct mcp_reply *r, const struct mcp_message *m)
{
	if (m->era == MCP_MODERN)
		buf_printf(&r->body, "\"ttlMs\":%lld,\"cacheScope\":\"public\",",
		    (long long)mcp->list_ttl_ms);
}

static enum mcp_verdict
result_close(struct mcp_reply *r, const struct mcp_message *m)
{
	if (m->era == MCP_MODERN)
		buf_puts(&r->body, "\"_meta\":{\"" META "serverInfo\":" SERVER_INFO "}");
	else if (r->body.len > 0 && r->body.data[r->body.len - 1] == ',')
		buf_truncate(&r->body, r->body.len - 1);
	buf_puts(&r->body, "}}");
	if (r->body.failed)
		mcp_reply_error(r, 500, m->rpc.id, JSONRPC_INTERNAL_ERROR, NULL,
		    "Internal error: the bridge is short of memory; repeat later");
	return MCP_ANSWERED;
}

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
	struct buf data;

	buf_init(&data, 1024);
	buf_printf(&data, "{\"supported\":[%s],\"requested\":", supported);
	json_quote(&data, requested);
	buf_putc(&data, '}');
	mcp_reply_error(r, 400, m->rpc.id, MCP_UNSUPPORTED_VERSION,
	    data.failed ? NULL : buf_str(&data), "Unsupported protocol version");
	buf_finish(&data);
	return MCP_ANSWERED;
}

/* ====== opening a message ====== */

const char *
mcp_method_name(const struct mcp_message *m)
{
	if (m->method != NULL)
		return m->method->name;
	return m->rpc.kind == JSONRPC_NOTIFICATION && m->rpc.method != NULL ? "notification" :
	    m->rpc.method == NULL ? "" : "unknown";
}

static const struct mcp_method *
find_method(const char *name, unsigned era)
{
	size_t i;

	for (i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if ((methods[i].eras & era) != 0 && strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static bool
is_legacy_version(const char *version)
{
	size_t i;

	for (i = 0; i < sizeof legacy_versions / sizeof legacy_versions[0]; i++)
		if (strcmp(version, legacy_versions[i]) == 0)
			return true;
	return false;
}

enum mcp_verdict
mcp_open(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const cJSON *meta, *version;
	enum mcp_verdict verdict;
	char why[256];
	int code;

	memset(m, 0, sizeof *m);
	code = jsonrpc_parse(&m->rpc, buf_str(&rq->body), rq->body.len, why, sizeof why);
	if (code != 0) {
		mcp_reply_error(r, code == JSONRPC_INTERNAL_ERROR ? 500 : 400, m->rpc.id, code, NULL,
		    "%s", why);
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
	if (verdict == MCP_CALL && m->method->answer == answer_tools_call)
		verdict = open_call(mcp, m, rq, r);
	return verdict;
}

void
mcp_message_finish(struct mcp_message *m)
{
	jsonrpc_finish(&m->rpc);
	cJSON_Delete(m->no_args);
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
	if (version != NULL && !initialize && !is_legacy_version(version))
		return refuse_version(r, m, version, "\"" MCP_MODERN_VERSION "\",\""
		    MCP_LEGACY_VERSION "\",\"2025-06-18\"");
	if (accept != NULL && !http_accepts(accept, "application/json")) {
		mcp_reply_error(r, 406, m->rpc.id, JSONRPC_INVALID_REQUEST, NULL,
		    "Not acceptable: the answer is application/json; "
		    "send Accept: application/json, text/event-stream");
		return MCP_ANSWERED;
	}
	m->method = find_method(m->rpc.method, IN_LEGACY);
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
	if (header == NULL)
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
	m->method = find_method(m->rpc.method, IN_MODERN);
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
	    "Invalid params: _meta[\"" META "logLevel\"] must be debug, info, notice, warning, error, "
	    "critical, alert or emergency");
}

/* Hold a header to what the body says. */
static enum mcp_verdict
check_mirror(struct mcp_message *m, const struct http_request *rq, const char *name,
    const char *body, struct mcp_reply *r)
{
	const char *header = http_header(rq, name);
	struct buf value;
	bool same;

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

/* The tool of a tools/call and its arguments. */
static enum mcp_verdict
open_call(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const char *name = json_str(m->rpc.params, "name");
	cJSON *args = json_get(m->rpc.params, "arguments");
	size_t i;

	if (name == NULL || (args != NULL && !cJSON_IsObject(args))) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL, name == NULL ?
		    "Invalid params: tools/call needs the tool's \"name\"" :
		    "Invalid params: \"arguments\" must be an object");
		return MCP_ANSWERED;
	}
	m->tool = catalog_find(mcp->catalog, name);
	if (m->tool == NULL) {
		const char *off = NULL;

		for (i = 0; i < mcp->catalog->ntools; i++)
			if (strcmp(mcp->catalog->tools[i]->name, name) == 0)
				off = mcp->catalog->tools[i]->off;
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "Unknown tool: %.*s%s%s; tools/list has those that can be called",
		    LIMIT_TOOL_NAME, name, off == NULL ? "" : " is off: ", off == NULL ? "" : off);
		return MCP_ANSWERED;
	}
	if (args == NULL)
		args = m->no_args = cJSON_CreateObject();
	m->args = args;
	if (args == NULL) {
		mcp_reply_error(r, 500, m->rpc.id, JSONRPC_INTERNAL_ERROR, NULL,
		    "Internal error: the bridge is short of memory; repeat later");
		return MCP_ANSWERED;
	}
	return m->era == MCP_MODERN ? check_params(m, rq, r) : MCP_CALL;
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
		    "Header mismatch: %s and the argument %s differ; list the tools again and mirror "
		    "x-mcp-header arguments", name, m->tool->mirrors[i].pointer);
		return MCP_ANSWERED;
	}
	return MCP_CALL;
}

/* ====== answers ====== */

enum mcp_verdict
mcp_answer(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	return m->method->answer(mcp, m, r);
}

static enum mcp_verdict
answer_discover(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	result_open(r, m);
	result_cacheable(mcp, r, m);
	buf_puts(&r->body, "\"supportedVersions\":[\"" MCP_MODERN_VERSION "\"],\"capabilities\":"
	    CAPABILITIES ",");
	if (*mcp->instructions != '\0') {
		buf_puts(&r->body, "\"instructions\":");
		json_quote(&r->body, mcp->instructions);
		buf_putc(&r->body, ',');
	}
	return result_close(r, m);
}

static enum mcp_verdict
answer_initialize(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	const char *version = json_str(m->rpc.params, "protocolVersion");

	if (version == NULL)
		return refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: initialize needs \"protocolVersion\"");
	result_open(r, m);
	buf_printf(&r->body, "\"protocolVersion\":\"%s\",\"capabilities\":" CAPABILITIES
	    ",\"serverInfo\":" SERVER_INFO ",",
	    is_legacy_version(version) ? version : MCP_LEGACY_VERSION);
	if (*mcp->instructions != '\0') {
		buf_puts(&r->body, "\"instructions\":");
		json_quote(&r->body, mcp->instructions);
	}
	return result_close(r, m);
}

static enum mcp_verdict
answer_ping(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	(void)mcp;
	result_open(r, m);
	return result_close(r, m);
}

/* Where a page of tools/list begins: behind the tool that the cursor names. -1: no such cursor. */
static int
list_start(const struct mcp *mcp, const cJSON *text, size_t *start)
{
	static const uint8_t digest[CRYPTO_DIGEST];
	const struct catalog *c = mcp->catalog;
	struct cursor cursor;
	size_t i;
	int result = -1;

	*start = 0;
	if (text == NULL)
		return 0;
	if (!cJSON_IsString(text) ||
	    cursor_open(&cursor, mcp->key, "tools/list", digest, text->valuestring) == -1)
		return -1;
	for (i = 0; i < c->ntools && cursor.at != NULL && result == -1; i++)
		if (strcmp(c->tools[i]->name, cursor.at) == 0) {
			*start = i + 1;
			result = 0;
		}
	free(cursor.at);
	return result;
}

static enum mcp_verdict
answer_tools_list(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	static const uint8_t digest[CRYPTO_DIGEST];
	const struct catalog *c = mcp->catalog;
	const char *last = NULL;
	size_t i, given = 0;

	if (list_start(mcp, json_get(m->rpc.params, "cursor"), &i) == -1) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "Invalid params: \"cursor\" is not one that tools/list gave; leave it out to begin");
		return MCP_ANSWERED;
	}
	result_open(r, m);
	result_cacheable(mcp, r, m);
	buf_puts(&r->body, "\"tools\":[");
	for (; i < c->ntools; i++) {
		if (c->tools[i]->off != NULL)
			continue;
		if (given == mcp->list_page)
			break;
		if (given++ > 0)
			buf_putc(&r->body, ',');
		buf_puts(&r->body, c->tools[i]->listing);
		last = c->tools[i]->name;
	}
	buf_puts(&r->body, "],");
	if (i < c->ntools) {
		buf_puts(&r->body, "\"nextCursor\":\"");
		cursor_seal(&r->body, mcp->key, "tools/list", digest, last, 0);
		buf_puts(&r->body, "\",");
	}
	return result_close(r, m);
}

static enum mcp_verdict
answer_tools_call(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	struct schema_fault wrong;
	struct failure f;
	struct buf text;

	if (m->tool->service != NULL)
		return MCP_CALL;
	if (schema_check(m->tool->arguments, m->args, &wrong) == 0) {
		answer_server_info(mcp, m, r);
		return MCP_ANSWERED;
	}
	failure_init(&f, "invalid_argument", 400, "%s%s%s", wrong.path,
	    wrong.path[0] == '\0' ? "" : ": ", wrong.why);
	buf_init(&text, LIMIT_SERVICE_FILE);
	failure_print(&text, &f);
	mcp_reply_tool(r, m, buf_str(&text), true);
	buf_finish(&text);
	return MCP_ANSWERED;
}

static void
answer_server_info(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	const struct catalog *c = mcp->catalog;
	struct buf text;
	const char *comma;
	size_t i;

	buf_init(&text, LIMIT_SERVICE_FILE);
	buf_puts(&text, "{\"server\":\"ums-mcp\",\"version\":\"" UMS_MCP_VERSION "\",\"services\":[");
	for (i = 0; i < c->nservices; i++) {
		buf_puts(&text, i == 0 ? "" : ",");
		json_quote(&text, c->services[i].name);
	}
	buf_puts(&text, "],\"tools\":[");
	for (i = 0, comma = ""; i < c->ntools; i++) {
		if (c->tools[i]->off != NULL)
			continue;
		buf_puts(&text, comma);
		json_quote(&text, c->tools[i]->name);
		comma = ",";
	}
	buf_puts(&text, "],\"tools_off\":[");
	for (i = 0, comma = ""; i < c->ntools; i++) {
		if (c->tools[i]->off == NULL)
			continue;
		buf_printf(&text, "%s{\"name\":", comma);
		json_quote(&text, c->tools[i]->name);
		buf_puts(&text, ",\"why\":");
		json_quote(&text, c->tools[i]->off);
		buf_putc(&text, '}');
		comma = ",";
	}
	buf_printf(&text, "],\"limits\":%s,\"caller\":\"anonymous\"}", mcp->limits);
	mcp_reply_tool(r, m, buf_str(&text), false);
	buf_finish(&text);
}

static enum mcp_verdict
answer_empty_list(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	const char *member = strcmp(m->method->name, "prompts/list") == 0 ? "prompts" :
	    strcmp(m->method->name, "resources/list") == 0 ? "resources" : "resourceTemplates";

	if (json_get(m->rpc.params, "cursor") != NULL) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "Invalid params: \"cursor\" is not one that %s gave", m->method->name);
		return MCP_ANSWERED;
	}
	result_open(r, m);
	result_cacheable(mcp, r, m);
	buf_printf(&r->body, "\"%s\":[],", member);
	return result_close(r, m);
}

static enum mcp_verdict
answer_prompts_get(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	const char *name = json_str(m->rpc.params, "name");

	(void)mcp;
	mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL, name == NULL ?
	    "Invalid params: prompts/get needs the prompt's \"name\"" : "Unknown prompt: %.128s", name);
	return MCP_ANSWERED;
}

static enum mcp_verdict
answer_resources_read(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	const char *uri = json_str(m->rpc.params, "uri");
	struct buf data;

	(void)mcp;
	if (uri == NULL) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "Invalid params: resources/read needs a \"uri\"");
		return MCP_ANSWERED;
	}
	buf_init(&data, LIMIT_URL);
	buf_puts(&data, "{\"uri\":");
	json_quote(&data, uri);
	buf_putc(&data, '}');
	mcp_reply_error(r, 200, m->rpc.id, m->era == MCP_MODERN ? JSONRPC_INVALID_PARAMS :
	    MCP_RESOURCE_NOT_FOUND, data.failed ? NULL : buf_str(&data), "Resource not found");
	buf_finish(&data);
	return MCP_ANSWERED;
}

/* Nothing is subscribed to: the stream acknowledges that and ends. */
static enum mcp_verdict
answer_listen(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	(void)mcp;
	r->status = 200;
	r->type = "text/event-stream";
	r->headers = "X-Accel-Buffering: no\r\nCache-Control: no-cache\r\n";
	buf_printf(&r->body, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":"
	    "\"notifications/subscriptions/acknowledged\",\"params\":{\"_meta\":{\"" META
	    "subscriptionId\":%s},\"notifications\":{}}}\n\n", m->rpc.id);
	buf_printf(&r->body, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{"
	    "\"resultType\":\"complete\",\"_meta\":{\"" META "subscriptionId\":%s,\"" META
	    "serverInfo\":" SERVER_INFO "}}}\n\n", m->rpc.id, m->rpc.id);
	return MCP_ANSWERED;
}

void
mcp_reply_tool(struct mcp_reply *r, const struct mcp_message *m, const char *text, bool is_error)
{
	result_open(r, m);
	buf_puts(&r->body, "\"content\":[{\"type\":\"text\",\"text\":");
	json_quote(&r->body, text);
	buf_puts(&r->body, "}],");
	if (is_error)
		buf_puts(&r->body, "\"isError\":true,");
	else
		buf_printf(&r->body, "\"structuredContent\":%s,", text);
	result_close(r, m);
}
