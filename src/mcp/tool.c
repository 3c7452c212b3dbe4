/* SPDX-License-Identifier: MIT */
/*
 * tool.c - a tool from its description, in the order a call uses its parts: arguments, request,
 * response, error; last what clients see of it. The schemas are in tool_schema.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mcp/block.h"
#include "mcp/listing.h"
#include "mcp/pick.h"
#include "mcp/table.h"
#include "mcp/template.h"
#include "mcp/tool.h"
#include "mcp/tool_schema.h"
#include "wire/json.h"
#include "wire/pointer.h"

static bool	is_preview(const struct tool *);
static int	load_names(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_form(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_known(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_steps(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_request(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_shows(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_split(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_wait(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_content(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_response(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_outcome(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	load_listing(struct tool *, const cJSON *, const char *, struct spec_fault *);

static const struct spec_key tool_keys[] = {
	{ "$comment", SPEC_STRING, false },
	{ "name", SPEC_STRING, true },
	{ "title", SPEC_STRING, false },
	{ "description", SPEC_STRING, true },
	{ "icons", SPEC_ARRAY, false },
	{ "annotations", SPEC_OBJECT, false },
	{ "write", SPEC_BOOL, false },
	{ "policy", SPEC_STRING, false },
	{ "preview", SPEC_ANY, false },
	{ "scopes", SPEC_ARRAY, false },
	{ "inputSchema", SPEC_OBJECT, true },
	{ "outputSchema", SPEC_OBJECT, false },
	{ "derive", SPEC_OBJECT, false },
	{ "steps", SPEC_ARRAY, false },
	{ "request", SPEC_OBJECT, true },
	{ "split", SPEC_OBJECT, false },
	{ "stream", SPEC_BOOL, false },
	{ "wait", SPEC_OBJECT, false },
	{ "follow", SPEC_OBJECT, false },
	{ "response", SPEC_ANY, true },
	{ "content", SPEC_ARRAY, false },
	{ "uri", SPEC_STRING, false },
	{ "text", SPEC_STRING, false },
	{ "success", SPEC_OBJECT, false },
	{ "error", SPEC_OBJECT, false },
	{ "timeout_ms", SPEC_COUNT, false },
	{ NULL, SPEC_ANY, false },
};

int
tool_load(struct tool *t, const struct service *s, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	static int (*const steps[])(struct tool *, const cJSON *, const char *,
	    struct spec_fault *) = {
		load_names, load_form, tool_schema_input, load_known, load_shows, load_steps,
		load_request, load_split, load_wait, load_content, load_response, load_outcome,
		tool_schema_output, load_listing,
	};
	size_t i;

	t->service = s;
	t->spec = spec;
	if (spec_check(spec, tool_keys, place, f) == -1)
		return -1;
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (steps[i](t, spec, place, f) == -1)
			return -1;
	return 0;
}

int
tool_load_part(struct tool *t, enum tool_kind kind, const struct service *s, const cJSON *spec,
    cJSON *input, const char *place, struct spec_fault *f)
{
	static const char *const members[] = {
		"name", "scopes", "derive", "steps", "request", "stream", "response", "success",
		"error", "timeout_ms",
	};
	const cJSON *member;
	size_t i;

	t->kind = kind;
	t->own = cJSON_CreateObject();
	if (json_put(t->own, "inputSchema", input) == -1 ||
	    json_put(t->own, "description", cJSON_CreateString("not listed")) == -1 ||
	    json_put(t->own, "write", cJSON_CreateFalse()) == -1)
		return spec_fail(f, place, "out of memory");
	for (i = 0; i < sizeof members / sizeof members[0]; i++) {
		member = json_get(spec, members[i]);
		if (member != NULL && json_put(t->own, members[i],
		    cJSON_Duplicate(member, 1)) == -1)
			return spec_fail(f, place, "out of memory");
	}
	if (tool_load(t, s, t->own, place, f) == -1)
		return -1;
	/* What was needed to load it only. */
	cJSON_DeleteItemFromObjectCaseSensitive(t->own, "inputSchema");
	cJSON_Delete(t->known);
	t->known = NULL;
	return 0;
}

void
tool_finish(struct tool *t)
{
	size_t i;

	cJSON_Delete(t->own);
	schema_destroy(t->arguments);
	schema_destroy(t->result);
	cJSON_Delete(t->input);
	cJSON_Delete(t->output);
	cJSON_Delete(t->response);
	cJSON_Delete(t->content);
	cJSON_Delete(t->known);
	for (i = 0; i < t->nsteps; i++)
		step_finish(&t->steps[i]);
	value_finish(t);
	cJSON_Delete(t->untrusted);
	request_finish(&t->request);
	for (i = 0; i < t->nmirrors; i++)
		free(t->mirrors[i].pointer);
	free(t->mirrors);
	free(t->listing);
	memset(t, 0, sizeof *t);
}

/* Whether another tool of the file names this one as its preview. */
static bool
is_preview(const struct tool *t)
{
	const cJSON *other;

	cJSON_ArrayForEach(other, json_get(t->service->root, "tools"))
		if (json_str(other, "preview") != NULL &&
		    strcmp(json_str(other, "preview"), t->name) == 0)
			return true;
	return false;
}

static bool
is_scope(const char *text)
{
	const char *p;

	for (p = text; *p > 0x20 && *p < 0x7f && *p != '"' && *p != '\\'; p++)
		;
	return p > text && *p == '\0';
}

int
tool_check_names(const cJSON *spec, const char *place, struct spec_fault *f)
{
	const char *name = json_str(spec, "name");
	const cJSON *scope;

	if (strlen(name) > LIMIT_TOOL_NAME || name[strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] != '\0')
		return spec_fail(f, place, "\"name\" must be 1 to %d of A-Z a-z 0-9 _ . -",
		    LIMIT_TOOL_NAME);
	cJSON_ArrayForEach(scope, json_get(spec, "scopes"))
		if (!cJSON_IsString(scope) || !is_scope(scope->valuestring))
			return spec_fail(f, place, "\"scopes\" must be an array of strings without "
			    "spaces, quotes and backslashes (RFC 6749, 3.3)");
	return 0;
}

static int
load_names(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	static const struct spec_key annotation_keys[] = {
		{ "title", SPEC_STRING, false },
		{ "readOnlyHint", SPEC_BOOL, false },
		{ "destructiveHint", SPEC_BOOL, false },
		{ "idempotentHint", SPEC_BOOL, false },
		{ "openWorldHint", SPEC_BOOL, false },
		{ NULL, SPEC_ANY, false },
	};
	const cJSON *annotations = json_get(spec, "annotations");
	char inner[SPEC_PLACE];
	int64_t timeout = 0;

	if (tool_check_names(spec, place, f) == -1)
		return -1;
	t->name = json_str(spec, "name");
	t->scopes = json_get(spec, "scopes");
	t->write = json_true(spec, "write");
	if (json_str(spec, "policy") != NULL)
		t->policy = policy_action(json_str(spec, "policy"));
	if (t->policy == POLICY_ACTIONS)
		return spec_fail(f, place, "\"policy\" must be allow, confirm or deny");
	if (!t->write && (t->policy == POLICY_CONFIRM || json_get(spec, "preview") != NULL))
		return spec_fail(f, place, "\"policy\": \"confirm\" and \"preview\" go with "
		    "\"write\": true");
	t->previews = t->kind == TOOL_CALL && is_preview(t);
	json_integer(json_get(spec, "timeout_ms"), &timeout);
	t->timeout_ms = (long)timeout;
	snprintf(inner, sizeof inner, "%s/annotations", place);
	if (annotations != NULL && spec_check(annotations, annotation_keys, inner, f) == -1)
		return -1;
	if (t->write && json_true(annotations, "readOnlyHint"))
		return spec_fail(f, inner, "readOnlyHint is true and \"write\" too; one is wrong");
	return 0;
}

/* What the answer is: picks, or one of two words. */
static int
load_form(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *response = json_get(spec, "response");
	const char *word = json_str(spec, "response");

	t->streams = json_true(spec, "stream");
	if (word != NULL && strcmp(word, "mcp") == 0)
		t->form = TOOL_MCP;
	else if (word != NULL && strcmp(word, "raw") == 0 &&
	    (t->kind == TOOL_CALL || t->kind == TOOL_READ))
		t->form = TOOL_RAW;
	else if (!cJSON_IsObject(response))
		return spec_fail(f, place, "\"response\" must be an object of picks, or "
		    "\"mcp\" where the service answers with a result as MCP has it, or \"raw\" "
		    "where its answer is the content of a resource or of a tool's result");
	if (t->form != TOOL_PICKS && t->kind == TOOL_COMPLETE)
		return spec_fail(f, place, "a completion picks {\"values\": {\"each\": ...}}");
	if (t->form != TOOL_PICKS && (json_get(spec, "text") != NULL ||
	    json_get(spec, "split") != NULL || t->previews))
		return spec_fail(f, place, "\"text\", \"split\" and being a preview go with a "
		    "\"response\" of picks");
	if (t->form == TOOL_RAW && json_get(spec, "outputSchema") != NULL)
		return spec_fail(f, place, "\"response\": \"raw\" has no structured result, and so "
		    "no \"outputSchema\"");
	if (t->form == TOOL_RAW && t->streams)
		return spec_fail(f, place, "\"stream\" goes with an answer in JSON, not with "
		    "\"response\": \"raw\"");
	t->uri = json_str(spec, "uri");
	if ((t->uri != NULL) != (t->form == TOOL_RAW && t->kind == TOOL_CALL))
		return spec_fail(f, place, "\"uri\" goes with a tool's \"response\": \"raw\": what "
		    "the content is called where it is no image, sound or text");
	return 0;
}

/* The names that requests may use: of the caller's arguments, and of values besides them. */
static int
load_known(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *child;
	char why[256];

	t->known = cJSON_CreateObject();
	cJSON_ArrayForEach(child, json_get(t->input, "properties"))
		if (json_put(t->known, child->string, cJSON_CreateTrue()) == -1)
			return spec_fail(f, place, "out of memory");
	if (t->known == NULL)
		return spec_fail(f, place, "out of memory");
	/* What a client says to the service's questions, and the service's own word to itself. */
	if (t->form == TOOL_MCP &&
	    (request_add_name(t->known, TOOL_RESPONSES, false, place, f) == -1 ||
	    request_add_name(t->known, TOOL_STATE, false, place, f) == -1))
		return -1;
	if (t->uri != NULL && template_check(t->uri, t->known, why, sizeof why) == -1)
		return spec_fail(f, place, "\"uri\": %s", why);
	return value_load(t, spec, place, f);
}

/* A preview that is made of arguments, without a request. */
static int
load_shows(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *preview = json_get(spec, "preview");
	char at[SPEC_PLACE], below[SPEC_PLACE / 2] = "", reason[256];

	if (preview == NULL || cJSON_IsString(preview))
		return 0;
	snprintf(at, sizeof at, "%s/preview", place);
	if (!pick_is_object(preview))
		return spec_fail(f, at, "is the name of a tool, or an object of picks: "
		    "{\"name\": PICK, ...}");
	if (preview->child == NULL)
		return spec_fail(f, at, "must show something");
	if (pick_check(preview, t->known, below, sizeof below, reason, sizeof reason) == -1)
		return spec_fail(f, at, "%s%s%s", below, below[0] == '\0' ? "" : ": ", reason);
	if (pick_reads(preview))
		return spec_fail(f, at, "there is no answer yet: picks are \"argument\" and "
		    "\"value\" here");
	t->shows = preview;
	return 0;
}

/* Each step adds the names of what it brings. */
static int
load_steps(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *child, *steps = json_get(spec, "steps");
	char at[SPEC_PLACE];

	if (cJSON_GetArraySize(steps) > STEPS_MAX)
		return spec_fail(f, place, "\"steps\" are %d at most; a call is a chain of at "
		    "most %d requests", STEPS_MAX, STEPS_MAX + 1);
	cJSON_ArrayForEach(child, steps) {
		snprintf(at, sizeof at, "%s/steps/%zu", place, t->nsteps);
		if (step_load(&t->steps[t->nsteps++], t->service, child, t->known, t->input, at,
		    f) == -1)
			return -1;
	}
	return 0;
}

static int
load_request(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const struct request_names names = { t->known, t->input };
	char at[SPEC_PLACE];

	snprintf(at, sizeof at, "%s/request", place);
	if (request_load(&t->request, t->service, json_get(spec, "request"), &names, at, f) == -1)
		return -1;
	t->request.accept = t->form == TOOL_RAW ? "*/*" :
	    t->streams ? "application/json, text/event-stream" : NULL;
	if (strcmp(t->request.method, "GET") != 0 && json_get(spec, "write") == NULL)
		return spec_fail(f, place, "a %s needs \"write\": true, or false if it changes "
		    "nothing", t->request.method);
	t->dedupes = t->write && request_uses(&t->request, "idempotency_key");
	return 0;
}

static int
load_split(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *split = json_get(spec, "split"), *picks = json_get(spec, "response");
	char at[SPEC_PLACE];

	if (split == NULL)
		return 0;
	snprintf(at, sizeof at, "%s/split", place);
	if (json_get(picks, "parts") != NULL || json_get(picks, "more") != NULL)
		return spec_fail(f, at, "the bridge adds \"parts\" and \"more\" to the result "
		    "itself; give the member of \"response\" another name");
	return split_load(&t->split, t, split, at, f);
}

static int
load_wait(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *wait = json_get(spec, "wait");

	return wait == NULL ? 0 : wait_load(&t->wait, t, wait, place, f);
}

static int
load_content(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *content = json_get(spec, "content");
	char at[SPEC_PLACE];

	snprintf(at, sizeof at, "%s/content", place);
	return content == NULL ? 0 : block_load(&t->content, t, content, at, f);
}

static int
load_response(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *known = t->known, *next, *rule;
	char at[SPEC_PLACE], below[SPEC_PLACE / 2] = "", reason[256];

	if (t->form != TOOL_PICKS)
		return 0;
	next = json_get(json_get(spec, "response"), "next_cursor");
	t->response = cJSON_Duplicate(json_get(spec, "response"), 1);
	if (t->response == NULL)
		return spec_fail(f, place, "out of memory");
	cJSON_DeleteItemFromObjectCaseSensitive(t->response, "next_cursor");
	if (pick_check(t->response, known, below, sizeof below, reason, sizeof reason) == -1) {
		snprintf(at, sizeof at, "%s/response%s", place, below);
		return spec_fail(f, at, "%s", reason);
	}
	snprintf(at, sizeof at, "%s/response", place);
	if (!pick_is_object(t->response))
		return spec_fail(f, at, "a result is an object: {\"name\": PICK, ...}");
	if (next != NULL) {
		if (t->list == NULL || (!cJSON_IsString(next) && !cJSON_IsObject(next)))
			return spec_fail(f, at, "\"next_cursor\" is a pointer beside a list "
			    "({\"each\": ...})");
		if (!request_uses(&t->request, "cursor"))
			return spec_fail(f, at, "\"next_cursor\" is picked and the request has no "
			    "{cursor} to go on with; put it into the URL or the body");
		snprintf(at, sizeof at, "%s/response/next_cursor", place);
		if (paging_load(&t->next, next, at, f) == -1)
			return -1;
		snprintf(at, sizeof at, "%s/response", place);
	}
	t->untrusted = cJSON_CreateArray();
	if (t->untrusted == NULL || pick_untrusted(t->response, "", t->untrusted) == -1)
		return spec_fail(f, at, "out of memory");
	cJSON_ArrayForEach(rule, t->content)
		if (pick_untrusted(rule, "", t->untrusted) == -1)
			return spec_fail(f, at, "out of memory");
	if (cJSON_GetArraySize(t->untrusted) == 0) {
		cJSON_Delete(t->untrusted);
		t->untrusted = NULL;
	}
	if ((t->untrusted != NULL && json_get(t->response, "untrusted") != NULL) ||
	    (t->list != NULL && json_get(t->response, "truncated") != NULL))
		return spec_fail(f, at, "the bridge adds \"untrusted\" and \"truncated\" itself; "
		    "give the member another name");
	if (t->previews && json_get(t->response, "confirm_token") != NULL)
		return spec_fail(f, at, "the bridge adds \"confirm_token\" to what a \"preview\" "
		    "names; give the member another name");
	if (table_load(&t->table, spec, place, f) == -1)
		return -1;
	if (t->table && t->list == NULL)
		return spec_fail(f, place, "\"text\": \"table\" is for a \"response\" with a list "
		    "({\"each\": ...})");
	return 0;
}

/* "success" and "error", the tool's own or else its service's. */
static int
load_outcome(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	static const struct spec_key success_keys[] = {
		{ "pointer", SPEC_ANY, true },
		{ "equals", SPEC_ANY, true },
		{ NULL, SPEC_ANY, false },
	};
	static const struct spec_key error_keys[] = {
		{ "code", SPEC_ANY, false },
		{ "message", SPEC_ANY, false },
		{ "request_id", SPEC_ANY, false },
		{ "retry_after", SPEC_ANY, false },
		{ "candidates", SPEC_ANY, false },
		{ "codes", SPEC_OBJECT, false },
		{ NULL, SPEC_ANY, false },
	};
	static const struct spec_key code_keys[] = {
		{ "code", SPEC_ANY, false },
		{ "hint", SPEC_STRING, false },
		{ "retryable", SPEC_BOOL, false },
		{ NULL, SPEC_ANY, false },
	};
	static const char *const pointers[] = { "code", "message", "request_id" };
	const cJSON *item, *code, *known = t->known;
	char at[SPEC_PLACE], inner[2 * SPEC_PLACE], below[SPEC_PLACE / 2] = "", reason[256];
	const char *why, *pointer;
	size_t i;

	t->success = json_get(spec, "success");
	t->error = json_get(spec, "error");
	if (t->success == NULL)
		t->success = json_get(t->service->root, "success");
	if (t->error == NULL)
		t->error = json_get(t->service->root, "error");
	snprintf(at, sizeof at, "%s/success", json_get(spec, "success") == NULL ? "" : place);
	if (t->success != NULL) {
		if (spec_check(t->success, success_keys, at, f) == -1)
			return -1;
		pointer = json_str(t->success, "pointer");
		if (pointer == NULL || pointer_check(pointer, &why) == -1)
			return spec_fail(f, at, "\"pointer\" must be a JSON Pointer in a string");
	}
	if (t->error == NULL)
		return 0;
	snprintf(at, sizeof at, "%s/error", json_get(spec, "error") == NULL ? "" : place);
	if (spec_check(t->error, error_keys, at, f) == -1)
		return -1;
	for (i = 0; i < sizeof pointers / sizeof pointers[0]; i++) {
		item = json_get(t->error, pointers[i]);
		if (item != NULL && (!cJSON_IsString(item) ||
		    pointer_check(item->valuestring, &why) == -1))
			return spec_fail(f, at, "\"%s\" must be a JSON Pointer in a string",
			    pointers[i]);
	}
	snprintf(inner, sizeof inner, "%s/retry_after", at);
	if (retry_load(&t->retry, json_get(t->error, "retry_after"), inner, f) == -1)
		return -1;
	cJSON_ArrayForEach(item, json_get(t->error, "codes")) {
		snprintf(inner, sizeof inner, "%s/codes/%s", at, item->string);
		if (spec_check(item, code_keys, inner, f) == -1)
			return -1;
		code = json_get(item, "code");
		if (code != NULL && !cJSON_IsString(code) && !cJSON_IsNull(code))
			return spec_fail(f, inner, "\"code\" must be a string, or null for that "
			    "of the status");
	}
	item = json_get(t->error, "candidates");
	if (item == NULL)
		return 0;
	if (pick_check(item, known, below, sizeof below, reason, sizeof reason) == -1)
		return spec_fail(f, at, "\"candidates\"%s: %s", below, reason);
	return pick_is_list(item) ? 0 : spec_fail(f, at, "\"candidates\" must be a list "
	    "({\"each\": ...})");
}

static int
load_listing(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	return t->kind == TOOL_CALL ? listing_tool(t, spec, place, f) : 0;
}
