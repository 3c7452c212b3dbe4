/* SPDX-License-Identifier: MIT */
/* mcp_reply.c - the envelopes that go back: errors, results by what was asked, notifications. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "mcp/capability.h"
#include "mcp/completion.h"
#include "mcp/failure.h"
#include "mcp/mcp.h"
#include "mcp/mcp_method.h"
#include "mcp/pick.h"
#include "mcp/prompt.h"
#include "mcp/resource.h"
#include "mcp/service.h"
#include "mcp/table.h"
#include "wire/json.h"

#define GONE	"The service keeps nothing of it any more"

void
mcp_reply_init(struct mcp_reply *r, size_t cap)
{
	*r = (struct mcp_reply){ .status = 200 };
	buf_init(&r->headers, LIMIT_HEADER);
	buf_init(&r->body, cap);
}

void
mcp_reply_finish(struct mcp_reply *r)
{
	buf_finish(&r->headers);
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

void
mcp_result_open(struct mcp_reply *r, const struct mcp_message *m)
{
	r->status = 200;
	r->type = "application/json";
	buf_puts(&r->body, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_puts(&r->body, m->rpc.id);
	buf_puts(&r->body, ",\"result\":{");
	if (m->era == MCP_MODERN)
		buf_puts(&r->body, "\"resultType\":\"complete\",");
}

void
mcp_result_cacheable(const struct mcp *mcp, struct mcp_reply *r, const struct mcp_message *m)
{
	if (m->era == MCP_MODERN)
		buf_printf(&r->body, "\"ttlMs\":%lld,\"cacheScope\":\"%s\",",
		    (long long)mcp->list_ttl_ms, mcp->personal ? "private" : "public");
}

enum mcp_verdict
mcp_result_close(struct mcp_reply *r, const struct mcp_message *m)
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

void
mcp_reply_empty(struct mcp_reply *r, const struct mcp_message *m)
{
	mcp_result_open(r, m);
	mcp_result_close(r, m);
}

void
mcp_reply_lacks(struct mcp_reply *r, const struct mcp_message *m, unsigned lacks)
{
	struct buf data;

	buf_init(&data, 512);
	buf_puts(&data, "{\"requiredCapabilities\":");
	capability_print(&data, lacks);
	buf_putc(&data, '}');
	mcp_reply_error(r, m->era == MCP_MODERN ? 400 : 200, m->rpc.id, MCP_LACKS_CAPABILITY,
	    data.failed ? NULL : buf_str(&data), "Missing required client capability: the "
	    "call takes requiredCapabilities, and the client does not declare them");
	buf_finish(&data);
}

/* Append the members of the JSON object that `text` is, and a comma; of "{}" nothing. */
static void
put_members(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	if (len <= 2)
		return;
	buf_append(out, text + 1, len - 2);
	buf_putc(out, ',');
}

/* A content that a service gave, under the URI by which it was asked for. */
static cJSON *
read_content(const struct mcp_message *m, const char *text)
{
	struct json_fault fault;
	cJSON *tree = NULL, *contents;

	switch (m->tool->form) {
	case TOOL_PICKS:
		tree = cJSON_CreateObject();
		if (json_put(tree, "text", cJSON_CreateString(text)) == -1)
			goto fail;
		break;
	case TOOL_MCP:
		contents = json_parse(text, strlen(text), &fault);
		tree = cJSON_DetachItemFromArray(json_get(contents, "contents"), 0);
		cJSON_Delete(contents);
		break;
	case TOOL_RAW:
		tree = json_parse(text, strlen(text), &fault);
		break;
	}
	if (tree == NULL)
		return NULL;
	if (json_get(tree, "uri") == NULL &&
	    json_put(tree, "uri", cJSON_CreateString(m->uri)) == -1)
		goto fail;
	if (json_get(tree, "mimeType") == NULL && json_put(tree, "mimeType", cJSON_CreateString(
	    m->resource->mime != NULL ? m->resource->mime : "application/json")) == -1)
		goto fail;
	return tree;
fail:
	cJSON_Delete(tree);
	return NULL;
}

/* A resource that was read. Who may keep it how long nobody said: not at all. */
static void
put_resource(struct mcp_reply *r, const struct mcp_message *m, const char *text)
{
	cJSON *content;

	if (m->era == MCP_MODERN)
		buf_puts(&r->body, "\"ttlMs\":0,\"cacheScope\":\"private\",");
	if (m->tool->form == TOOL_MCP) {
		put_members(&r->body, text);
		return;
	}
	content = read_content(m, text);
	buf_puts(&r->body, "\"contents\":[");
	if (content == NULL || json_print(&r->body, content) == -1)
		r->body.failed = true;
	buf_puts(&r->body, "],");
	cJSON_Delete(content);
}

static void
put_prompt(struct mcp_reply *r, const struct mcp_message *m, const char *text)
{
	cJSON *content = NULL;

	if (m->prompt->asks) {
		put_members(&r->body, text);
		return;
	}
	if (m->resource != NULL)
		content = read_content(m, text);
	if ((m->resource != NULL && content == NULL) ||
	    prompt_print(&r->body, m->prompt, m->prompt_args, content) == -1)
		r->body.failed = true;
	buf_putc(&r->body, ',');
	cJSON_Delete(content);
}

static void
put_completion(struct mcp_reply *r, const struct mcp_message *m, const char *text)
{
	struct json_fault fault;
	cJSON *tree = json_parse(text, strlen(text), &fault);

	buf_puts(&r->body, "\"completion\":{");
	if (tree == NULL)
		r->body.failed = true;
	completion_print(&r->body, json_get(tree, "values"), m->value);
	buf_puts(&r->body, "},");
	cJSON_Delete(tree);
}

/* The text of a good result: its JSON, or a table where its tool has that and it is smaller. */
static void
put_text(struct buf *out, const struct tool *t, const char *json)
{
	size_t len = strlen(json);
	struct buf table;

	buf_init(&table, len == 0 ? 0 : len - 1);
	json_quote(out, t != NULL && t->table && table_print(&table, t->list, json) == 0 ?
	    buf_str(&table) : json);
	buf_finish(&table);
}

/* A link as a text that says the same. NULL: there is no memory. */
static cJSON *
text_of_link(const cJSON *link)
{
	const cJSON *annotations = json_get(link, "annotations");
	cJSON *block = cJSON_CreateObject();
	struct buf text;
	int result;

	buf_init(&text, LIMIT_SERVICE_FILE);
	buf_printf(&text, "%s: %s", json_str(link, "name"), json_str(link, "uri"));
	result = text.failed ? -1 : 0;
	if (result == 0)
		result = json_put(block, "type", cJSON_CreateString("text"));
	if (result == 0)
		result = json_put(block, "text", cJSON_CreateString(buf_str(&text)));
	if (result == 0 && annotations != NULL)
		result = json_put(block, "annotations", cJSON_Duplicate(annotations, 1));
	buf_finish(&text);
	if (result == 0)
		return block;
	cJSON_Delete(block);
	return NULL;
}

/* Further blocks: links are of 2025-06-18, a client of before gets texts for them. */
static void
put_blocks(struct buf *out, const struct mcp_message *m, const char *blocks)
{
	bool knows = !m->in_session ||
	    (int)m->session.version != mcp_legacy_find(MCP_OLDEST_VERSION);
	struct json_fault fault;
	const cJSON *block;
	cJSON *list, *text;
	struct buf whole;

	if (knows || *blocks == '\0') {
		buf_puts(out, blocks);
		return;
	}
	buf_init(&whole, strlen(blocks) + 1);
	buf_printf(&whole, "[%s]", blocks + 1);
	list = json_parse(buf_str(&whole), whole.len, &fault);
	cJSON_ArrayForEach(block, list) {
		text = strcmp(json_str(block, "type"), "resource_link") == 0 ?
		    text_of_link(block) : NULL;
		buf_putc(out, ',');
		json_print(out, text != NULL ? text : block);
		cJSON_Delete(text);
	}
	if (list == NULL)
		out->failed = true;
	cJSON_Delete(list);
	buf_finish(&whole);
}

/* A tool's result: `text` is its JSON, good and with its blocks or (is_error) a failure's. */
static void
put_tool(struct mcp_reply *r, const struct mcp_message *m, const char *text, const char *blocks,
    bool is_error)
{
	if (!is_error && m->tool->form == TOOL_MCP) {
		put_members(&r->body, text);
		return;
	}
	buf_puts(&r->body, "\"content\":[");
	if (!is_error && m->tool->form == TOOL_RAW) {
		buf_puts(&r->body, text);
		buf_puts(&r->body, "],");
		return;
	}
	buf_puts(&r->body, "{\"type\":\"text\",\"text\":");
	if (is_error) {
		json_quote(&r->body, text);
		buf_puts(&r->body, "}],\"isError\":true,");
		return;
	}
	put_text(&r->body, m->tool, text);
	buf_putc(&r->body, '}');
	put_blocks(&r->body, m, blocks);
	buf_puts(&r->body, "],\"structuredContent\":");
	buf_puts(&r->body, text);
	buf_putc(&r->body, ',');
}

/* The members that say of a task how it is. */
static void
put_task(struct buf *out, const char *id, const char *status, int64_t born_ms, int64_t now_ms,
    int64_t every_ms)
{
	char born[CLOCK_STAMP], now[CLOCK_STAMP];

	clock_stamp(born_ms, born);
	clock_stamp(now_ms, now);
	buf_printf(out, "\"taskId\":\"%s\",\"status\":\"%s\",\"createdAt\":\"%s\","
	    "\"lastUpdatedAt\":\"%s\",\"ttlMs\":%lld,\"pollIntervalMs\":%lld,", id, status,
	    born, now, (long long)LIMIT_TASK_MS, (long long)every_ms);
}

/* A task as it was found. */
static void
put_found(struct mcp_reply *r, const struct mcp_message *m, const char *status)
{
	put_task(&r->body, m->task_id, status, m->task.born_ms, m->now_ms, m->tool->wait.every_ms);
}

/* Whether what came of a tool is told of a task; else its method is acknowledged, and no more. */
static bool
is_looked_at(const struct mcp_message *m)
{
	return strcmp(m->method->name, "tasks/get") == 0;
}

/* Done is a task that has nothing more to come; its result is the look's. */
static void
put_looked(struct mcp_reply *r, const struct mcp_message *m, const char *text, const char *blocks)
{
	struct wait_progress p;
	bool done, cancelled;

	if (!is_looked_at(m))
		return;
	if (wait_look(m->tool, m->args, text, strlen(text), &p) == -1)
		r->body.failed = true;
	done = p.final == p.total;
	cancelled = p.total > 0 && p.cancelled == p.total;
	put_found(r, m, cancelled ? "cancelled" : done ? "completed" : "working");
	if (!done || cancelled)
		return;
	buf_puts(&r->body, "\"result\":{\"resultType\":\"complete\",");
	put_tool(r, m, text, blocks, false);
	buf_truncate(&r->body, r->body.len - 1);
	buf_puts(&r->body, "},");
}

void
mcp_reply_task(struct mcp_reply *r, const struct mcp_message *m, const char *id, int64_t born_ms)
{
	r->status = 200;
	r->type = "application/json";
	buf_printf(&r->body, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"resultType\":\"task\",",
	    m->rpc.id);
	put_task(&r->body, id, "working", born_ms, born_ms, m->tool->follow.look->wait.every_ms);
	mcp_result_close(r, m);
}

/* The requests that a client is to answer. */
static void
put_requests(struct buf *out, const char *requests)
{
	if (*requests != '\0')
		buf_printf(out, "\"inputRequests\":%s,", requests);
}

/* A task that is asked something by its service; the answers to an update may leave a rest. */
static void
reply_asked(struct mcp_reply *r, const struct mcp_message *m, const char *requests)
{
	mcp_result_open(r, m);
	if (is_looked_at(m)) {
		/* With nothing to answer one asks again. */
		put_found(r, m, *requests == '\0' ? "working" : "input_required");
		put_requests(&r->body, requests);
	}
	mcp_result_close(r, m);
}

void
mcp_reply_question(struct mcp_reply *r, const struct mcp_message *m, const char *requests,
    const char *state)
{
	if (m->task.tool != NULL) {
		reply_asked(r, m, requests);
		return;
	}
	r->status = 200;
	r->type = "application/json";
	buf_printf(&r->body, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"resultType\":"
	    "\"input_required\",\"requestState\":\"%s\",", m->rpc.id, state);
	put_requests(&r->body, requests);
	mcp_result_close(r, m);
}

/* End a result; if there is no memory for it, say what that means. */
static void
close_result(struct mcp_reply *r, const struct mcp_message *m, bool is_error)
{
	mcp_result_close(r, m);
	if (r->code != 0 && m->tool != NULL && m->tool->write)
		mcp_reply_error(r, 500, m->rpc.id, JSONRPC_INTERNAL_ERROR, NULL, is_error ?
		    "Internal error: there is no memory to say what became of the call; look "
		    "before you repeat it" :
		    "Internal error: the call was done, and there is no memory to say its result; "
		    "look before you repeat it");
}

void
mcp_reply_result(struct mcp_reply *r, const struct mcp_message *m, const char *text,
    const char *blocks)
{
	/* The text once as it is, once quoted, and what is around them. */
	buf_room(&r->body, strlen(text) * 5 / 2 + strlen(blocks) + 512);
	mcp_result_open(r, m);
	if (*text == '\0')
		r->body.failed = true;	/* no JSON: there was no memory for it */
	else if (m->task.tool != NULL)
		put_looked(r, m, text, blocks);
	else if (m->prompt != NULL)
		put_prompt(r, m, text);
	else if (m->resource != NULL)
		put_resource(r, m, text);
	else if (m->value != NULL)
		put_completion(r, m, text);
	else
		put_tool(r, m, text, blocks, false);
	close_result(r, m, false);
}

/* What is no tool has no result that says that it failed: an error with the same in its data. */
static void
reply_error(struct mcp_reply *r, const struct mcp_message *m, const char *text, const char *code)
{
	struct json_fault fault;
	cJSON *tree = json_parse(text, strlen(text), &fault);
	const char *hint = json_str(tree, "hint");
	bool asked = strcmp(code, "invalid_argument") == 0 || strcmp(code, "invalid_cursor") == 0;
	bool none = m->resource != NULL &&
	    (strcmp(code, "not_found") == 0 || strcmp(code, "gone") == 0);
	struct buf data;

	buf_init(&data, LIMIT_SERVICE_FILE);
	if (m->uri != NULL)
		json_put(tree, "uri", cJSON_CreateString(m->uri));
	if (tree != NULL)
		json_print(&data, tree);
	mcp_reply_error(r, 200, m->rpc.id, asked || (none && m->era == MCP_MODERN) ?
	    JSONRPC_INVALID_PARAMS : none ? MCP_RESOURCE_NOT_FOUND : JSONRPC_INTERNAL_ERROR,
	    data.failed || data.len == 0 ? NULL : buf_str(&data), "%s%.400s",
	    none ? "Resource not found: " : "", hint == NULL ? code : hint);
	buf_finish(&data);
	cJSON_Delete(tree);
}

/* The status that a failure names, or 0. */
static int64_t
status_of(const char *text)
{
	struct json_fault fault;
	cJSON *tree = json_parse(text, strlen(text), &fault);
	int64_t status = 0;

	json_integer(json_get(tree, "http_status"), &status);
	cJSON_Delete(tree);
	return status;
}

/* Whether a task that is to be left is over already, which is as good: it is acknowledged. */
static bool
is_past(const struct mcp_message *m, const char *text)
{
	int64_t status = status_of(text);

	return strcmp(m->method->name, "tasks/cancel") == 0 &&
	    (status == 404 || status == 409 || status == 410);
}

/* A task of which its service keeps nothing any more: there is nothing more to ask. */
static void
reply_gone(struct mcp_reply *r, const struct mcp_message *m, const char *text)
{
	buf_room(&r->body, strlen(text) + 1024);
	mcp_result_open(r, m);
	put_found(r, m, "failed");
	buf_printf(&r->body, "\"statusMessage\":\"" GONE "\",\"error\":{\"code\":%d,"
	    "\"message\":\"" GONE "\",\"data\":%s},", JSONRPC_INTERNAL_ERROR, text);
	mcp_result_close(r, m);
}

void
mcp_reply_failure(struct mcp_reply *r, const struct mcp_message *m, const char *text,
    const char *code)
{
	if (m->task.tool != NULL && is_past(m, text)) {
		mcp_reply_empty(r, m);
		return;
	}
	if (m->task.tool != NULL && is_looked_at(m) && status_of(text) == 410) {
		reply_gone(r, m, text);
		return;
	}
	if (m->tool == NULL || m->tool->kind != TOOL_CALL || m->task.tool != NULL) {
		reply_error(r, m, text, code);
		return;
	}
	buf_room(&r->body, strlen(text) * 3 / 2 + 512);
	mcp_result_open(r, m);
	put_tool(r, m, text, "", true);
	if (*text == '\0')
		r->body.failed = true;
	close_result(r, m, true);
}

enum mcp_verdict
mcp_fail(struct mcp_reply *r, const struct mcp_message *m, struct failure *f)
{
	struct buf text;

	buf_init(&text, LIMIT_SERVICE_FILE);
	failure_print(&text, f);
	mcp_reply_failure(r, m, text.failed ? "" : buf_str(&text), f->code);
	buf_finish(&text);
	failure_finish(f);
	return MCP_ANSWERED;
}

void
mcp_reply_listened(struct mcp_reply *r, const struct mcp_message *m, bool begun)
{
	/* Nothing was to be listened to: the stream says so, and ends. */
	if (!begun) {
		buf_puts(&r->headers, "X-Accel-Buffering: no\r\nCache-Control: no-cache\r\n");
		buf_printf(&r->body, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":"
		    "\"notifications/subscriptions/acknowledged\",\"params\":{\"_meta\":{\"" META
		    "subscriptionId\":%s},\"notifications\":{}}}\n\nevent: message\ndata: ",
		    m->rpc.id);
	}
	buf_printf(&r->body, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{"
	    "\"resultType\":\"complete\",\"_meta\":{\"" META "subscriptionId\":%s,\"" META
	    "serverInfo\":" SERVER_INFO "}}}", m->rpc.id, m->rpc.id);
	r->status = 200;
	r->type = begun ? "application/json" : "text/event-stream";
	if (!begun)
		buf_puts(&r->body, "\n\n");
}

/* ====== what is said before an answer ====== */

unsigned
mcp_level(const char *name)
{
	static const char *const levels[] = {
		"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
	};
	unsigned i;

	for (i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (strcmp(name, levels[i]) == 0)
			return i + 1;
	return 0;
}

/* Of params those members that the protocol knows, each if it is of its type. -1: memory. */
static int
put_progress(struct buf *out, const struct mcp_message *m, const cJSON *params)
{
	const cJSON *total = json_get(params, "total");
	const char *message = json_str(params, "message");

	buf_printf(out, "{\"progressToken\":%s,\"progress\":%s", m->progress,
	    json_get(params, "progress")->valuestring);
	if (cJSON_IsNumber(total))
		buf_printf(out, ",\"total\":%s", total->valuestring);
	if (message != NULL) {
		buf_puts(out, ",\"message\":");
		json_quote(out, message);
	}
	return buf_putc(out, '}');
}

static int
put_message(struct buf *out, const cJSON *params)
{
	const char *logger = json_str(params, "logger");
	const cJSON *data = json_get(params, "data");

	buf_printf(out, "{\"level\":\"%s\"", json_str(params, "level"));
	if (logger != NULL) {
		buf_puts(out, ",\"logger\":");
		json_quote(out, logger);
	}
	buf_puts(out, ",\"data\":");
	json_print(out, data);
	return buf_putc(out, '}');
}

int
mcp_notice(struct buf *out, const struct mcp_message *m, const char *method, const cJSON *params)
{
	const char *name = json_str(params, "level");
	unsigned level = name == NULL ? 0 : mcp_level(name);
	bool progress = strcmp(method, "notifications/progress") == 0;
	cJSON *clean;

	if (progress ? m->progress == NULL : m->level == 0 || level < m->level)
		return 1;
	if (progress ? !cJSON_IsNumber(json_get(params, "progress")) :
	    strcmp(method, "notifications/message") != 0 || level == 0 ||
	    json_get(params, "data") == NULL)
		return -1;
	/* A service's words lose the characters that hide or reorder text, as everywhere. */
	clean = pick_clean(params);
	if (clean == NULL)
		return -1;
	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":", method);
	if (progress)
		put_progress(out, m, clean);
	else
		put_message(out, clean);
	cJSON_Delete(clean);
	return buf_putc(out, '}');
}
