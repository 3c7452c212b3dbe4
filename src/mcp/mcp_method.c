/* SPDX-License-Identifier: MIT */
/* mcp_method.c - the method table, and what each method answers that needs no upstream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mcp/cursor.h"
#include "mcp/failure.h"
#include "mcp/mcp.h"
#include "mcp/mcp_method.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "wire/json.h"

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
	{ "server/discover", IN_MODERN, NULL, false, answer_discover },
	{ "initialize", IN_LEGACY, NULL, false, answer_initialize },
	{ "ping", IN_LEGACY, NULL, false, answer_ping },
	{ "tools/list", IN_BOTH, NULL, false, answer_tools_list },
	{ "tools/call", IN_BOTH, "name", true, answer_tools_call },
	{ "prompts/list", IN_BOTH, NULL, false, answer_empty_list },
	{ "prompts/get", IN_BOTH, "name", false, answer_prompts_get },
	{ "resources/list", IN_BOTH, NULL, false, answer_empty_list },
	{ "resources/templates/list", IN_BOTH, NULL, false, answer_empty_list },
	{ "resources/read", IN_BOTH, "uri", false, answer_resources_read },
	{ "subscriptions/listen", IN_MODERN, NULL, false, answer_listen },
};

static const char *const legacy_versions[] = { MCP_LEGACY_VERSION, "2025-06-18" };

const char *
mcp_method_name(const struct mcp_message *m)
{
	if (m->method != NULL)
		return m->method->name;
	return m->rpc.kind == JSONRPC_NOTIFICATION && m->rpc.method != NULL ? "notification" :
	    m->rpc.method == NULL ? "" : "unknown";
}

const struct mcp_method *
mcp_method_find(const char *name, unsigned era)
{
	size_t i;

	for (i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if ((methods[i].eras & era) != 0 && strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

bool
mcp_is_legacy(const char *version)
{
	size_t i;

	for (i = 0; i < sizeof legacy_versions / sizeof legacy_versions[0]; i++)
		if (strcmp(version, legacy_versions[i]) == 0)
			return true;
	return false;
}

enum mcp_verdict
mcp_answer(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	return m->method->answer(mcp, m, r);
}

static enum mcp_verdict
answer_discover(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	mcp_result_open(r, m);
	mcp_result_cacheable(mcp, r, m);
	buf_puts(&r->body, "\"supportedVersions\":[\"" MCP_MODERN_VERSION "\"],\"capabilities\":"
	    CAPABILITIES ",");
	if (*mcp->instructions != '\0') {
		buf_puts(&r->body, "\"instructions\":");
		json_quote(&r->body, mcp->instructions);
		buf_putc(&r->body, ',');
	}
	return mcp_result_close(r, m);
}

static enum mcp_verdict
answer_initialize(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	const char *version = json_str(m->rpc.params, "protocolVersion");

	if (version == NULL) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "Invalid params: initialize needs \"protocolVersion\"");
		return MCP_ANSWERED;
	}
	mcp_result_open(r, m);
	buf_printf(&r->body, "\"protocolVersion\":\"%s\",\"capabilities\":" CAPABILITIES
	    ",\"serverInfo\":" SERVER_INFO ",",
	    mcp_is_legacy(version) ? version : MCP_LEGACY_VERSION);
	if (*mcp->instructions != '\0') {
		buf_puts(&r->body, "\"instructions\":");
		json_quote(&r->body, mcp->instructions);
	}
	return mcp_result_close(r, m);
}

static enum mcp_verdict
answer_ping(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	(void)mcp;
	mcp_result_open(r, m);
	return mcp_result_close(r, m);
}

/* Whether who asks can call the tool. */
static bool
is_offered(const struct mcp_message *m, const struct tool *t)
{
	return t->off == NULL && principal_may(m->principal, t);
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
		    "Invalid params: \"cursor\" is not one that tools/list gave; leave it out to "
		    "begin");
		return MCP_ANSWERED;
	}
	mcp_result_open(r, m);
	mcp_result_cacheable(mcp, r, m);
	buf_puts(&r->body, "\"tools\":[");
	for (; i < c->ntools; i++) {
		if (!is_offered(m, c->tools[i]))
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
		/* A list without its cursor would look like the whole. */
		if (cursor_seal(&r->body, mcp->key, "tools/list", digest, last, 0) == -1)
			r->body.failed = true;
		buf_puts(&r->body, "\",");
	}
	return mcp_result_close(r, m);
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
	failure_arguments(&f, &wrong);
	buf_init(&text, LIMIT_SERVICE_FILE);
	failure_print(&text, &f);
	mcp_reply_tool(r, m, text.failed ? "" : buf_str(&text), true);
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
	buf_puts(&text,
	    "{\"server\":\"ums-mcp\",\"version\":\"" UMS_MCP_VERSION "\",\"services\":[");
	for (i = 0; i < c->nservices; i++) {
		buf_puts(&text, i == 0 ? "" : ",");
		json_quote(&text, c->services[i].name);
	}
	buf_puts(&text, "],\"tools\":[");
	for (i = 0, comma = ""; i < c->ntools; i++) {
		if (!is_offered(m, c->tools[i]))
			continue;
		buf_puts(&text, comma);
		json_quote(&text, c->tools[i]->name);
		comma = ",";
	}
	buf_puts(&text, "],\"tools_off\":[");
	for (i = 0, comma = ""; i < c->ntools; i++) {
		if (is_offered(m, c->tools[i]))
			continue;
		buf_printf(&text, "%s{\"name\":", comma);
		json_quote(&text, c->tools[i]->name);
		buf_puts(&text, ",\"why\":");
		json_quote(&text, c->tools[i]->off != NULL ? c->tools[i]->off :
		    "what you called with does not grant its scopes");
		buf_putc(&text, '}');
		comma = ",";
	}
	buf_printf(&text, "],\"limits\":%s,", mcp->limits);
	if (mcp->status != NULL) {
		mcp->status(mcp->arg, m->principal->name, &text);
		buf_putc(&text, ',');
	}
	buf_puts(&text, "\"caller\":");
	json_quote(&text, m->principal->name);
	buf_putc(&text, '}');
	mcp_reply_tool(r, m, text.failed ? "" : buf_str(&text), false);
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
	mcp_result_open(r, m);
	mcp_result_cacheable(mcp, r, m);
	buf_printf(&r->body, "\"%s\":[],", member);
	return mcp_result_close(r, m);
}

static enum mcp_verdict
answer_prompts_get(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	const char *name = json_str(m->rpc.params, "name");

	(void)mcp;
	mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL, name == NULL ?
	    "Invalid params: prompts/get needs the prompt's \"name\"" : "Unknown prompt: %.128s",
	    name);
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
	buf_init(&data, LIMIT_SERVICE_FILE);
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
