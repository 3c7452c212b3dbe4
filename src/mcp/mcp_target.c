/* SPDX-License-Identifier: MIT */
/*
 * mcp_target.c - what a message names: a tool, a resource, a prompt, a completion; and what came
 * with it of a question that was asked before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mcp/capability.h"
#include "mcp/catalog.h"
#include "mcp/completion.h"
#include "mcp/failure.h"
#include "mcp/mcp.h"
#include "mcp/mcp_method.h"
#include "mcp/principal.h"
#include "mcp/prompt.h"
#include "mcp/resource.h"
#include "mcp/service.h"
#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/pointer.h"

/* Whether the caller may have what a tool stands for; else the reply says so. */
static enum mcp_verdict
check_scopes(struct mcp_message *m, const struct tool *t, struct mcp_reply *r)
{
	if (principal_may(m->principal, t))
		return MCP_CALL;
	m->tool = t;
	mcp_reply_error(r, 403, m->rpc.id, JSONRPC_INVALID_REQUEST, NULL, "Forbidden: what you "
	    "called with does not grant the scopes of this %s", t->kind == TOOL_CALL ? "tool" :
	    t->kind == TOOL_READ ? "resource" : "prompt");
	return MCP_FORBIDDEN;
}

/* Whether the operator does not let the caller have what is no call, or has not become one yet. */
static bool
is_denied(const struct mcp *mcp, const struct mcp_message *m, const struct tool *t)
{
	return policy_judge(mcp->policy, t, m->args, m->principal->name) == POLICY_DENY;
}

static enum mcp_verdict
refuse_denied(const struct mcp_message *m, struct mcp_reply *r)
{
	struct failure f;

	failure_denied(&f);
	return mcp_fail(r, m, &f);
}

/* What came of a question: requestState and inputResponses (modern era). */
static enum mcp_verdict
read_input(struct mcp_message *m, struct mcp_reply *r)
{
	cJSON *params = m->rpc.params, *responses = json_get(params, "inputResponses");
	const cJSON *state = json_get(params, "requestState");

	if (m->era != MCP_MODERN)
		return MCP_CALL;
	if (state != NULL && !cJSON_IsString(state))
		return mcp_refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: requestState must be the string that came with the question");
	if (responses != NULL && !cJSON_IsObject(responses))
		return mcp_refuse(r, m, JSONRPC_INVALID_PARAMS,
		    "Invalid params: inputResponses must be an object");
	if (responses != NULL)
		m->input.responses = cJSON_DetachItemViaPointer(params, responses);
	if (state == NULL)
		return MCP_CALL;
	m->input.state = strdup(state->valuestring);
	return m->input.state == NULL ? mcp_refuse_memory(r, m) : MCP_CALL;
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

/* Arguments that are mirrored in headers say the same there. */
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

/* The tool of a tools/call and its arguments. */
enum mcp_verdict
mcp_target_call(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const char *name = json_str(m->rpc.params, "name"), *off;
	cJSON *args = json_get(m->rpc.params, "arguments");
	const struct tool *t;

	if (name == NULL)
		return mcp_refuse_params(r, m, "tools/call needs the tool's \"name\"");
	if (args != NULL && !cJSON_IsObject(args))
		return mcp_refuse_params(r, m, "\"arguments\" must be an object");
	t = catalog_find(mcp->catalog, name);
	if (t == NULL || t->off != NULL) {
		off = t == NULL ? NULL : t->off;
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "%s: %.*s%s%s; tools/list has those that can be called", off == NULL ?
		    "Unknown tool" : "Tool is off", LIMIT_TOOL_NAME, name, off == NULL ? "" : ": ",
		    off == NULL ? "" : off);
		return MCP_ANSWERED;
	}
	if (check_scopes(m, t, r) == MCP_FORBIDDEN)
		return MCP_FORBIDDEN;
	if (t->follow.required && (m->input.can & CAPABILITY_TASKS) == 0) {
		mcp_reply_lacks(r, m, CAPABILITY_TASKS);
		return MCP_ANSWERED;
	}
	if (args == NULL)
		args = m->own_args = cJSON_CreateObject();
	m->tool = t;
	m->args = args;
	if (read_input(m, r) == MCP_ANSWERED)
		return MCP_ANSWERED;
	if (args == NULL)
		return mcp_refuse_memory(r, m);
	return m->era == MCP_MODERN && !rq->local ? check_params(m, rq, r) : MCP_CALL;
}

/* The resource of a URI, and what its service is asked for it. */
static enum mcp_verdict
open_uri(const struct mcp *mcp, struct mcp_message *m, const char *uri, struct mcp_reply *r)
{
	struct buf data;
	int found = catalog_resource(mcp->catalog, uri, &m->resource, &m->own_args);

	if (found == 1) {
		m->args = m->own_args;
		m->uri = strdup(uri);
		if (check_scopes(m, &m->resource->tool, r) == MCP_FORBIDDEN)
			return MCP_FORBIDDEN;
		m->tool = &m->resource->tool;
		return m->uri == NULL ? mcp_refuse_memory(r, m) : MCP_CALL;
	}
	m->resource = NULL;
	if (found == -1)
		return mcp_refuse_memory(r, m);
	buf_init(&data, LIMIT_SERVICE_FILE);
	buf_puts(&data, "{\"uri\":");
	json_quote(&data, uri);
	buf_putc(&data, '}');
	mcp_reply_error(r, 200, m->rpc.id, m->era == MCP_MODERN ? JSONRPC_INVALID_PARAMS :
	    MCP_RESOURCE_NOT_FOUND, data.failed ? NULL : buf_str(&data), "Resource not found");
	buf_finish(&data);
	return MCP_ANSWERED;
}

enum mcp_verdict
mcp_target_read(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const char *uri = json_str(m->rpc.params, "uri");

	(void)rq;
	if (uri == NULL)
		return mcp_refuse_params(r, m, "resources/read needs a \"uri\"");
	return read_input(m, r) == MCP_ANSWERED ? MCP_ANSWERED : open_uri(mcp, m, uri, r);
}

enum mcp_verdict
mcp_target_prompt(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const char *name = json_str(m->rpc.params, "name");
	const cJSON *given = json_get(m->rpc.params, "arguments");
	enum mcp_verdict verdict;
	char why[256];
	struct buf uri;

	(void)rq;
	if (name == NULL)
		return mcp_refuse_params(r, m, "prompts/get needs the prompt's \"name\"");
	if (given != NULL && !cJSON_IsObject(given))
		return mcp_refuse_params(r, m, "\"arguments\" must be an object");
	m->prompt = catalog_prompt(mcp->catalog, name);
	if (m->prompt == NULL) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "Unknown prompt: %.128s; prompts/list has those that there are", name);
		return MCP_ANSWERED;
	}
	if (check_scopes(m, &m->prompt->tool, r) == MCP_FORBIDDEN)
		return MCP_FORBIDDEN;
	if (!m->prompt->asks && is_denied(mcp, m, &m->prompt->tool))
		return refuse_denied(m, r);
	if (read_input(m, r) == MCP_ANSWERED)
		return MCP_ANSWERED;
	m->prompt_args = prompt_arguments(m->prompt, given, why, sizeof why);
	if (m->prompt_args == NULL)
		return mcp_refuse_params(r, m, "%s", why);
	if (m->prompt->asks) {
		m->tool = &m->prompt->tool;
		m->args = m->own_args = m->prompt_args;
		m->prompt_args = NULL;
		return MCP_CALL;
	}
	if (m->prompt->embeds == NULL)
		return MCP_CALL;
	buf_init(&uri, LIMIT_URL);
	verdict = prompt_uri(&uri, m->prompt, m->prompt_args) == 0 ?
	    open_uri(mcp, m, buf_str(&uri), r) : mcp_refuse_params(r, m, "the arguments make no "
	    "URI of a resource");
	buf_finish(&uri);
	return verdict;
}

enum mcp_verdict
mcp_target_subscribe(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const char *uri = json_str(m->rpc.params, "uri");
	enum mcp_verdict verdict;

	(void)rq;
	if (uri == NULL)
		return mcp_refuse_params(r, m, "%s needs a \"uri\"", m->method->name);
	if (!mcp->subscribes) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_METHOD_NOT_FOUND, NULL,
		    "Method not found: %s; no resource here tells of changes", m->method->name);
		return MCP_ANSWERED;
	}
	m->subscribes = strcmp(m->method->name, "resources/subscribe") == 0;
	verdict = open_uri(mcp, m, uri, r);
	if (verdict != MCP_CALL)
		return verdict;
	m->tool = NULL;		/* nothing is asked of its service */
	if (is_denied(mcp, m, &m->resource->tool))
		return refuse_denied(m, r);
	if (m->resource->every_ms == 0)
		return mcp_refuse_params(r, m, "this resource does not tell of changes");
	return m->in_session ? MCP_CALL : mcp_refuse_params(r, m, "a subscription belongs to a "
	    "session: send the Mcp-Session-Id that initialize gave");
}

/* What of its wishes a client of the modern era is told of: resources that tell of changes. */
enum mcp_verdict
mcp_target_listen(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const cJSON *wishes = json_get(m->rpc.params, "notifications");
	cJSON *uris = json_get(wishes, "resourceSubscriptions");

	(void)rq;
	if (wishes != NULL && !cJSON_IsObject(wishes))
		return mcp_refuse_params(r, m, "\"notifications\" must be an object");
	if (uris != NULL && !cJSON_IsArray(uris))
		return mcp_refuse_params(r, m, "\"resourceSubscriptions\" must be an array");
	/* Of tasks nobody is told, but who could not be is to know why. */
	if (mcp->catalog->follows && (m->input.can & CAPABILITY_TASKS) == 0 &&
	    json_get(wishes, "taskIds") != NULL) {
		mcp_reply_lacks(r, m, CAPABILITY_TASKS);
		return MCP_ANSWERED;
	}
	if (cJSON_GetArraySize(uris) > LIMIT_LISTEN_URIS)
		return mcp_refuse_params(r, m, "\"resourceSubscriptions\" has %d URIs at most",
		    LIMIT_LISTEN_URIS);
	if (mcp->subscribes && m->streams && uris != NULL && uris->child != NULL)
		m->uris = cJSON_DetachItemViaPointer((cJSON *)(uintptr_t)wishes, uris);
	return MCP_CALL;
}

/* A task, by its id, and the tool that is asked about it, or told to leave it. */
enum mcp_verdict
mcp_target_task(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const char *id = json_str(m->rpc.params, "taskId");
	cJSON *responses = json_get(m->rpc.params, "inputResponses");
	const struct follow_rule *rule;
	const struct tool *asked = NULL;
	const cJSON *args = NULL;

	(void)rq;
	if (!mcp->catalog->follows) {
		mcp_reply_error(r, 404, m->rpc.id, JSONRPC_METHOD_NOT_FOUND, NULL,
		    "Method not found: %s; no tool here makes tasks", m->rpc.method);
		return MCP_ANSWERED;
	}
	if ((m->input.can & CAPABILITY_TASKS) == 0) {
		mcp_reply_lacks(r, m, CAPABILITY_TASKS);
		return MCP_ANSWERED;
	}
	if (id == NULL || follow_open(&m->task, mcp->key, mcp->catalog, m->principal->name,
	    id) == -1)
		return mcp_refuse_params(r, m, "\"taskId\" is none that you were given");
	if (check_scopes(m, m->task.tool, r) == MCP_FORBIDDEN)
		return MCP_FORBIDDEN;
	rule = &m->task.tool->follow;
	if (strcmp(m->method->name, "tasks/get") == 0) {
		asked = rule->look;
		args = rule->look_args;
	} else if (strcmp(m->method->name, "tasks/cancel") == 0) {
		asked = rule->cancel;
		args = rule->cancel_args;
		m->input.can = 0;	/* nothing can be asked back about that */
	} else if (!cJSON_IsObject(responses))
		return mcp_refuse_params(r, m, "tasks/update needs \"inputResponses\", an object");
	else if (rule->look->form == TOOL_MCP) {
		/* Who asked is told; of others nobody asked anything, and it means nothing. */
		asked = rule->look;
		args = rule->look_args;
		m->input.responses = cJSON_DetachItemViaPointer(m->rpc.params, responses);
	}
	m->task_id = strdup(id);
	if (asked != NULL && check_scopes(m, asked, r) == MCP_FORBIDDEN)
		return MCP_FORBIDDEN;
	/* How it is nobody can tell. What cannot be called off is acknowledged, and goes on. */
	if (asked == rule->look && asked->off != NULL)
		return mcp_refuse_params(r, m, "the task cannot be looked at, since %s is off: "
		    "%s; ask the operator", asked->name, asked->off);
	if (asked == NULL || asked->off != NULL)
		return m->task_id == NULL ? mcp_refuse_memory(r, m) : MCP_CALL;
	m->tool = asked;
	m->args = m->own_args = follow_arguments(args, m->task.result);
	return m->args == NULL || m->task_id == NULL ? mcp_refuse_memory(r, m) : MCP_CALL;
}

/* How an argument of a prompt, or a variable of a resource's template, is completed; or NULL. */
static const cJSON *
find_completion(const struct mcp *mcp, const struct mcp_message *m, const char *argument,
    const struct service **service, bool *known)
{
	const struct catalog *c = mcp->catalog;
	const cJSON *ref = json_get(m->rpc.params, "ref");
	const char *type = json_str(ref, "type"), *name = json_str(ref, "name");
	const char *uri = json_str(ref, "uri");
	const struct prompt *prompt;
	const cJSON *list, *one;
	size_t i;

	*known = false;
	if (type != NULL && strcmp(type, "ref/prompt") == 0 && name != NULL) {
		prompt = catalog_prompt(c, name);
		/* What a caller may not have is not there. */
		if (prompt != NULL && (!mcp_list_offers(m, &prompt->tool) ||
		    is_denied(mcp, m, &prompt->tool)))
			prompt = NULL;
		*known = prompt != NULL;
		list = prompt == NULL ? NULL : prompt->arguments;
		cJSON_ArrayForEach(one, list)
			if (strcmp(json_str(one, "name"), argument) == 0)
				break;
		*service = prompt == NULL ? NULL : prompt->service;
		return json_get(one, "complete");
	}
	for (i = 0; type != NULL && strcmp(type, "ref/resource") == 0 && uri != NULL &&
	    i < c->nresources; i++)
		if (strcmp(c->resources[i]->text, uri) == 0 &&
		    mcp_list_offers(m, &c->resources[i]->tool) &&
		    !is_denied(mcp, m, &c->resources[i]->tool)) {
			*known = true;
			*service = c->resources[i]->tool.service;
			return json_get(c->resources[i]->completes, argument);
		}
	return NULL;
}

enum mcp_verdict
mcp_target_complete(const struct mcp *mcp, struct mcp_message *m, const struct http_request *rq,
    struct mcp_reply *r)
{
	const cJSON *argument = json_get(m->rpc.params, "argument"), *how;
	const char *name = json_str(argument, "name"), *value = json_str(argument, "value");
	const struct service *service = NULL;
	const struct completion *completion;
	bool known;

	(void)rq;
	if (!mcp->catalog->completes) {
		mcp_reply_error(r, m->era == MCP_MODERN ? 404 : 200, m->rpc.id,
		    JSONRPC_METHOD_NOT_FOUND, NULL, "Method not found: %s; there is nothing to "
		    "complete", m->rpc.method);
		return MCP_ANSWERED;
	}
	if (name == NULL || value == NULL)
		return mcp_refuse_params(r, m, "completion/complete needs \"argument\" with "
		    "\"name\" and \"value\"");
	how = find_completion(mcp, m, name, &service, &known);
	if (!known)
		return mcp_refuse_params(r, m, "\"ref\" is no prompt's name (ref/prompt) and no "
		    "resource's uri template (ref/resource) that there is");
	m->value = strdup(value);
	if (m->value == NULL)
		return mcp_refuse_memory(r, m);
	if (!cJSON_IsString(how)) {
		m->words = how;
		return MCP_CALL;
	}
	completion = completion_find(service, how->valuestring);
	/* What they may not look up is completed by nothing. */
	if (!mcp_list_offers(m, &completion->tool))
		return MCP_CALL;
	m->tool = &completion->tool;
	m->args = m->own_args = cJSON_CreateObject();
	return json_put(m->args, "value", cJSON_CreateString(value)) == -1 ?
	    mcp_refuse_memory(r, m) : MCP_CALL;
}
