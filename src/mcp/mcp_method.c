/* SPDX-License-Identifier: MIT */
/* mcp_method.c - the method table, and what each method answers that needs no upstream. */
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
#include "mcp/service.h"
#include "mcp/session.h"
#include "wire/json.h"

static enum mcp_verdict	answer_discover(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_initialize(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_ping(const struct mcp *, struct mcp_message *, struct mcp_reply *);
static enum mcp_verdict	answer_tools_call(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_prompts_get(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_read(const struct mcp *, struct mcp_message *, struct mcp_reply *);
static enum mcp_verdict	answer_complete(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_set_level(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_task(const struct mcp *, struct mcp_message *, struct mcp_reply *);
static enum mcp_verdict	answer_subscribe(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static enum mcp_verdict	answer_listen(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);
static void		answer_server_info(const struct mcp *, struct mcp_message *,
			    struct mcp_reply *);

static const struct mcp_method methods[] = {
	{ "server/discover", IN_MODERN, NULL, NULL, answer_discover },
	{ "initialize", IN_LEGACY, NULL, NULL, answer_initialize },
	{ "ping", IN_LEGACY, NULL, NULL, answer_ping },
	{ "logging/setLevel", IN_LEGACY, NULL, NULL, answer_set_level },
	{ "tools/list", IN_BOTH, NULL, NULL, mcp_list_answer },
	{ "tools/call", IN_BOTH, "name", mcp_target_call, answer_tools_call },
	{ "prompts/list", IN_BOTH, NULL, NULL, mcp_list_answer },
	{ "prompts/get", IN_BOTH, "name", mcp_target_prompt, answer_prompts_get },
	{ "resources/list", IN_BOTH, NULL, NULL, mcp_list_answer },
	{ "resources/templates/list", IN_BOTH, NULL, NULL, mcp_list_answer },
	{ "resources/read", IN_BOTH, "uri", mcp_target_read, answer_read },
	{ "tasks/get", IN_MODERN, "taskId", mcp_target_task, answer_task },
	{ "tasks/update", IN_MODERN, "taskId", mcp_target_task, answer_task },
	{ "tasks/cancel", IN_MODERN, "taskId", mcp_target_task, answer_task },
	{ "completion/complete", IN_BOTH, NULL, mcp_target_complete, answer_complete },
	{ "resources/subscribe", IN_LEGACY, NULL, mcp_target_subscribe, answer_subscribe },
	{ "resources/unsubscribe", IN_LEGACY, NULL, mcp_target_subscribe, answer_subscribe },
	{ "subscriptions/listen", IN_MODERN, NULL, mcp_target_listen, answer_listen },
};

/* Their places are their numbers in a session's id: a new one stands at the end. */
static const char *const legacy_versions[] = { MCP_BATCH_VERSION, "2025-06-18",
	MCP_LEGACY_VERSION };

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

int
mcp_legacy_find(const char *version)
{
	size_t i;

	for (i = 0; i < sizeof legacy_versions / sizeof legacy_versions[0]; i++)
		if (strcmp(version, legacy_versions[i]) == 0)
			return (int)i;
	return -1;
}

enum mcp_verdict
mcp_answer(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	return m->method->answer(mcp, m, r);
}

/* What is offered: nothing that is not delivered. */
static void
put_capabilities(const struct mcp *mcp, const struct mcp_message *m, struct mcp_reply *r)
{
	buf_printf(&r->body, "\"capabilities\":{\"tools\":{},\"prompts\":{},\"resources\":{%s},"
	    "\"logging\":{}%s%s},", mcp->subscribes ? "\"subscribe\":true" : "",
	    mcp->catalog->completes ? ",\"completions\":{}" : "",
	    mcp->catalog->follows && m->era == MCP_MODERN ?
	    ",\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}" : "");
}

static enum mcp_verdict
answer_discover(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	mcp_result_open(r, m);
	mcp_result_cacheable(mcp, r, m);
	buf_puts(&r->body, "\"supportedVersions\":[\"" MCP_MODERN_VERSION "\"],");
	put_capabilities(mcp, m, r);
	if (*mcp->instructions != '\0') {
		buf_puts(&r->body, "\"instructions\":");
		json_quote(&r->body, mcp->instructions);
		buf_putc(&r->body, ',');
	}
	return mcp_result_close(r, m);
}

/*
 * Give the client an id that says what it can do and which log it wants; the one client of a
 * process has none, and is remembered. 0, or -1: there is no memory for an id.
 */
static int
open_session(const struct mcp *mcp, const struct mcp_message *m, unsigned version,
    struct mcp_reply *r)
{
	struct session session = m->session;
	struct buf id;
	int result;

	session.version = version;
	session.capabilities = m->input.can;
	session.level = m->level;
	if (mcp->local != NULL) {
		*mcp->local = session;
		return 0;
	}
	/* One that goes on is the same session, with the same subscriptions. */
	if (!m->in_session)
		mcp->stamp(mcp->arg, session.nonce, sizeof session.nonce, &session.born_ms);
	buf_init(&id, SESSION_ID);
	result = session_seal(&id, &session, mcp->key, m->principal->name);
	if (result == 0)
		result = buf_printf(&r->headers, "Mcp-Session-Id: %s\r\n", buf_str(&id));
	buf_finish(&id);
	return result;
}

static enum mcp_verdict
answer_initialize(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	const char *version = json_str(m->rpc.params, "protocolVersion");
	int number;

	if (version == NULL) {
		mcp_reply_error(r, 200, m->rpc.id, JSONRPC_INVALID_PARAMS, NULL,
		    "Invalid params: initialize needs \"protocolVersion\"");
		return MCP_ANSWERED;
	}
	number = mcp_legacy_find(version);
	if (number == -1)
		number = mcp_legacy_find(MCP_LEGACY_VERSION);
	/* Tasks came later: a client of this era could not ask about one. */
	m->input.can = capability_read(json_get(m->rpc.params, "capabilities")) &
	    ~(unsigned)CAPABILITY_TASKS;
	/* Without memory for an id it goes on as a client that has none. */
	open_session(mcp, m, (unsigned)number, r);
	mcp_result_open(r, m);
	buf_printf(&r->body, "\"protocolVersion\":\"%s\",", legacy_versions[number]);
	put_capabilities(mcp, m, r);
	buf_puts(&r->body, "\"serverInfo\":" SERVER_INFO ",");
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
	mcp_reply_empty(r, m);
	return MCP_ANSWERED;
}

static enum mcp_verdict
answer_tools_call(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	struct schema_fault wrong;
	struct failure f;

	if (m->tool->service != NULL)
		return MCP_CALL;
	if (schema_check(m->tool->arguments, m->args, &wrong) == 0) {
		answer_server_info(mcp, m, r);
		return MCP_ANSWERED;
	}
	failure_arguments(&f, &wrong);
	return mcp_fail(r, m, &f);
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
		if (!mcp_list_offers(m, c->tools[i]))
			continue;
		buf_puts(&text, comma);
		json_quote(&text, c->tools[i]->name);
		comma = ",";
	}
	buf_puts(&text, "],\"tools_off\":[");
	for (i = 0, comma = ""; i < c->ntools; i++) {
		if (mcp_list_offers(m, c->tools[i]))
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
	mcp_reply_result(r, m, text.failed ? "" : buf_str(&text), "");
	buf_finish(&text);
}

/* A prompt whose messages stand in the service file. */
static enum mcp_verdict
answer_prompts_get(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	(void)mcp;
	if (m->tool != NULL)
		return MCP_CALL;
	mcp_reply_result(r, m, "{}", "");
	return MCP_ANSWERED;
}

static enum mcp_verdict
answer_read(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	(void)mcp;
	(void)m;
	(void)r;
	return MCP_CALL;
}

/* Words that stand in the service file, or none. */
static enum mcp_verdict
answer_complete(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	(void)mcp;
	if (m->tool != NULL)
		return MCP_CALL;
	mcp_result_open(r, m);
	buf_puts(&r->body, "\"completion\":{");
	completion_print(&r->body, m->words, m->value);
	buf_puts(&r->body, "},");
	return mcp_result_close(r, m);
}

/*
 * The level of the log that a client wants: kept in the store, or, where there is none, said in a
 * new id of its session. A client without a session gets no log.
 */
static enum mcp_verdict
answer_set_level(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	const char *name = json_str(m->rpc.params, "level");
	unsigned level = name == NULL ? 0 : mcp_notice_level(name);

	if (level == 0)
		return mcp_refuse_params(r, m, "\"level\" must be debug, info, notice, warning, "
		    "error, critical, alert or emergency");
	m->level = level;
	if (m->in_session && mcp->local == NULL && mcp->keeps)
		return MCP_WISHES;
	/* As it said, whatever this request takes. */
	m->input.can = m->session.capabilities;
	if (m->in_session && open_session(mcp, m, m->session.version, r) == -1)
		return mcp_refuse_memory(r, m);
	mcp_result_open(r, m);
	return mcp_result_close(r, m);
}

/* A task is asked about where it is; what nobody asked of it is heard and means nothing. */
static enum mcp_verdict
answer_task(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	(void)mcp;
	if (m->tool != NULL)
		return MCP_CALL;
	mcp_reply_empty(r, m);
	return MCP_ANSWERED;
}

static enum mcp_verdict
answer_subscribe(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	(void)mcp;
	(void)m;
	(void)r;
	return MCP_WISHES;
}

static enum mcp_verdict
answer_listen(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	if (m->uris != NULL)
		return MCP_LISTENS;
	mcp_reply_listened(r, m, false);
	(void)mcp;
	return MCP_ANSWERED;
}
