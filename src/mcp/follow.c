/* SPDX-License-Identifier: MIT */
/* follow.c - see follow.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/cursor.h"
#include "mcp/follow.h"
#include "mcp/service.h"
#include "mcp/template.h"
#include "wire/json.h"

#define SCOPE	"task"

/* The tool of this file that a rule names, with its arguments; NULL with the fault said. */
static const struct tool *
find_tool(const struct tool *t, const struct service *s, const cJSON *spec, const char *at,
    struct spec_fault *f)
{
	const cJSON *members = t->form == TOOL_PICKS ? t->response :
	    json_get(t->output, "properties");
	const char *name = json_str(spec, "tool");
	char why[256];
	size_t i;

	for (i = 0; i < s->ntools && strcmp(s->tools[i].name, name) != 0; i++)
		;
	if (i == s->ntools) {
		spec_fail(f, at, "\"tool\" names no tool of this file that is taken");
		return NULL;
	}
	if (template_check_body(json_get(spec, "arguments"), members, why, sizeof why) == -1) {
		spec_fail(f, at, "\"arguments\": %s; names are members of \"%s\"", why,
		    t->form == TOOL_PICKS ? "response" : "outputSchema");
		return NULL;
	}
	return &s->tools[i];
}

int
follow_load(struct tool *t, const struct service *s, const char *place, struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "tool", SPEC_STRING, true },
		{ "arguments", SPEC_OBJECT, true },
		{ "argument", SPEC_STRING, false },
		{ "cancel", SPEC_OBJECT, false },
		{ "required", SPEC_BOOL, false },
		{ NULL, SPEC_ANY, false },
	};
	static const struct spec_key cancel_keys[] = {
		{ "tool", SPEC_STRING, true },
		{ "arguments", SPEC_OBJECT, true },
		{ NULL, SPEC_ANY, false },
	};
	const cJSON *spec = json_get(t->spec, "follow"), *cancel = json_get(spec, "cancel");
	char at[SPEC_PLACE], below[SPEC_PLACE + 16];

	if (spec == NULL)
		return 0;
	snprintf(at, sizeof at, "%s/follow", place);
	if (spec_check(spec, keys, at, f) == -1)
		return -1;
	if (!t->write || t->form == TOOL_RAW || (t->form == TOOL_MCP && t->output == NULL))
		return spec_fail(f, at, "goes with \"write\": true and a \"response\" of picks, or "
		    "\"mcp\" with an \"outputSchema\"");
	t->follow.look = find_tool(t, s, spec, at, f);
	if (t->follow.look == NULL)
		return -1;
	if (t->follow.look->wait.argument == NULL)
		return spec_fail(f, at, "\"tool\" must have a \"wait\", which says what is final");
	t->follow.look_args = json_get(spec, "arguments");
	t->follow.argument = json_str(spec, "argument");
	if (t->follow.argument != NULL &&
	    (t->form == TOOL_MCP || t->follow.look->form == TOOL_MCP))
		return spec_fail(f, at, "\"argument\" goes with tools whose \"response\" is of "
		    "picks: the outcome is a member of the result");
	if (t->follow.argument != NULL &&
	    wait_check_argument(t, t->follow.argument, at, f) == -1)
		return -1;
	t->follow.required = json_true(spec, "required");
	if (cancel == NULL)
		return 0;
	snprintf(below, sizeof below, "%s/cancel", at);
	if (spec_check(cancel, cancel_keys, below, f) == -1)
		return -1;
	t->follow.cancel = find_tool(t, s, cancel, below, f);
	t->follow.cancel_args = json_get(cancel, "arguments");
	return t->follow.cancel == NULL ? -1 : 0;
}

cJSON *
follow_members(const struct tool *t, const char *text, size_t len)
{
	struct json_fault fault;
	cJSON *result = json_parse(text, len, &fault), *members = result;

	if (t->form != TOOL_MCP)
		return result;
	members = json_true(result, "isError") ? NULL :
	    cJSON_DetachItemFromObjectCaseSensitive(result, "structuredContent");
	cJSON_Delete(result);
	return members;
}

cJSON *
follow_arguments(const cJSON *args, const cJSON *result)
{
	struct json_fault fault;
	const char *why;
	struct buf text;
	cJSON *made = NULL;

	buf_init(&text, LIMIT_CURSOR);
	if (template_json(&text, args, result, &why) == TEMPLATE_DONE)
		made = json_parse(buf_str(&text), text.len, &fault);
	buf_finish(&text);
	return made;
}

/* A task is its caller's: the digest that a signature covers. */
static int
digest_of(uint8_t digest[CRYPTO_DIGEST], const char *caller)
{
	return crypto_sha256(caller, strlen(caller), digest);
}

/* Of a result what the tools that are asked need of it. */
static cJSON *
needed(const struct tool *t, const cJSON *result)
{
	cJSON *kept = cJSON_CreateObject();
	const cJSON *member;

	cJSON_ArrayForEach(member, result) {
		if (!template_uses(t->follow.look_args, member->string) &&
		    (t->follow.cancel == NULL ||
		    !template_uses(t->follow.cancel_args, member->string)))
			continue;
		if (json_put(kept, member->string, cJSON_Duplicate(member, 1)) == -1) {
			cJSON_Delete(kept);
			return NULL;
		}
	}
	return kept;
}

int
follow_seal(struct buf *out, const struct crypto_key *key, const struct tool *t,
    const cJSON *result, const char *caller, int64_t now_ms)
{
	uint8_t digest[CRYPTO_DIGEST];
	cJSON *kept = needed(t, result);
	struct buf text;
	int done = -1;

	buf_init(&text, LIMIT_CURSOR / 2 - 32);
	buf_printf(&text, "%s ", t->name);
	if (kept != NULL && json_print(&text, kept) == 0 && digest_of(digest, caller) == 0)
		done = cursor_seal(out, key, SCOPE, digest, buf_str(&text), (uint64_t)now_ms);
	buf_finish(&text);
	cJSON_Delete(kept);
	return done;
}

int
follow_open(struct follow_task *task, const struct crypto_key *key, const struct catalog *c,
    const char *caller, const char *id)
{
	uint8_t digest[CRYPTO_DIGEST];
	struct json_fault fault;
	struct cursor cursor = { 0 };
	char *space;

	*task = (struct follow_task){ 0 };
	if (digest_of(digest, caller) == -1 ||
	    cursor_open(&cursor, key, SCOPE, digest, id) == -1)
		return -1;
	space = cursor.at == NULL ? NULL : strchr(cursor.at, ' ');
	if (space != NULL) {
		*space = '\0';
		task->tool = catalog_find(c, cursor.at);
		task->born_ms = (int64_t)cursor.skip;
		/* A service file may have changed since. */
		if (task->tool != NULL && task->tool->follow.look != NULL)
			task->result = json_parse(space + 1, strlen(space + 1), &fault);
	}
	free(cursor.at);
	return task->result == NULL ? -1 : 0;
}
