/* SPDX-License-Identifier: MIT */
/* mcp_reply.c - the envelopes that go back: errors, results, a tool's result. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mcp/mcp.h"
#include "mcp/mcp_method.h"
#include "mcp/service.h"
#include "mcp/table.h"
#include "wire/json.h"

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
mcp_reply_question(struct mcp_reply *r, const struct mcp_message *m, const char *question,
    const char *state)
{
	r->status = 200;
	r->type = "application/json";
	buf_printf(&r->body, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"resultType\":"
	    "\"input_required\",\"requestState\":\"%s\",\"inputRequests\":{\"" MCP_QUESTION
	    "\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"form\",\"message\":",
	    m->rpc.id, state);
	json_quote(&r->body, question);
	buf_puts(&r->body, ",\"requestedSchema\":{\"type\":\"object\",\"properties\":{\""
	    MCP_QUESTION "\":{\"type\":\"boolean\",\"title\":\"Yes, do it\"}},\"required\":[\""
	    MCP_QUESTION "\"]}}}},");
	mcp_result_close(r, m);
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

void
mcp_reply_tool(struct mcp_reply *r, const struct mcp_message *m, const char *text, bool is_error)
{
	/* The text once as it is, once quoted, and what is around them. */
	buf_room(&r->body, strlen(text) * 5 / 2 + 512);
	mcp_result_open(r, m);
	if (*text == '\0')
		r->body.failed = true;	/* no JSON: there was no memory for it */
	buf_puts(&r->body, "\"content\":[{\"type\":\"text\",\"text\":");
	if (is_error) {
		json_quote(&r->body, text);
		buf_puts(&r->body, "}],\"isError\":true,");
	} else {
		put_text(&r->body, m->tool, text);
		buf_puts(&r->body, "}],\"structuredContent\":");
		buf_puts(&r->body, text);
		buf_putc(&r->body, ',');
	}
	mcp_result_close(r, m);
	if (r->code != 0 && m->tool != NULL && m->tool->write)
		mcp_reply_error(r, 500, m->rpc.id, JSONRPC_INTERNAL_ERROR, NULL, is_error ?
		    "Internal error: there is no memory to say what became of the call; look "
		    "before you repeat it" :
		    "Internal error: the call was done, and there is no memory to say its result; "
		    "look before you repeat it");
}
