/* SPDX-License-Identifier: MIT */
/* wait.c - see wait.h. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "mcp/pick.h"
#include "mcp/service.h"
#include "mcp/wait.h"
#include "wire/json.h"

/* A member that is there is a list of texts. */
static int
check_words(const cJSON *spec, const char *member, const char *place, struct spec_fault *f)
{
	const cJSON *list = json_get(spec, member), *word;
	bool good = list == NULL || list->child != NULL;

	cJSON_ArrayForEach(word, list)
		good = good && cJSON_IsString(word);
	return good ? 0 : spec_fail(f, place, "\"%s\" must list one text at least", member);
}

int
wait_check_argument(const struct tool *t, const char *name, const char *place,
    struct spec_fault *f)
{
	const char *type = json_str(json_get(json_get(t->input, "properties"), name), "type");

	if (type == NULL || (strcmp(type, "integer") != 0 && strcmp(type, "number") != 0))
		return spec_fail(f, place, "\"argument\" must be one of the tool's, an integer "
		    "or a number: of seconds");
	return 0;
}

int
wait_load(struct wait_rule *w, const struct tool *t, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "argument", SPEC_STRING, true },
		{ "of", SPEC_ANY, true },
		{ "final", SPEC_ARRAY, true },
		{ "cancelled", SPEC_ARRAY, false },
		{ "every_ms", SPEC_COUNT, false },
		{ NULL, SPEC_ANY, false },
	};
	char at[SPEC_PLACE], below[SPEC_PLACE / 2] = "", reason[256];

	snprintf(at, sizeof at, "%s/wait", place);
	if (spec_check(spec, keys, at, f) == -1)
		return -1;
	if (t->write || t->form == TOOL_RAW)
		return spec_fail(f, at, "goes with a tool that only reads, and not with "
		    "\"response\": \"raw\"");
	w->argument = json_str(spec, "argument");
	if (wait_check_argument(t, w->argument, at, f) == -1)
		return -1;
	w->of = json_get(spec, "of");
	if (pick_check(w->of, t->known, below, sizeof below, reason, sizeof reason) == -1)
		return spec_fail(f, at, "\"of\"%s: %s", below, reason);
	w->final = json_get(spec, "final");
	w->cancelled = json_get(spec, "cancelled");
	if (check_words(spec, "final", at, f) == -1 || check_words(spec, "cancelled", at, f) == -1)
		return -1;
	w->every_ms = 1000;
	json_integer(json_get(spec, "every_ms"), &w->every_ms);
	return w->every_ms < LIMIT_WATCH_EVERY_MS || w->every_ms > LIMIT_WAIT_MS ?
	    spec_fail(f, at, "\"every_ms\" must be %d to %d", LIMIT_WATCH_EVERY_MS,
	    LIMIT_WAIT_MS) : 0;
}

int64_t
wait_argument_ms(const char *name, const cJSON *args)
{
	const cJSON *seconds = name == NULL ? NULL : json_get(args, name);
	double ms = cJSON_IsNumber(seconds) ? seconds->valuedouble * 1000 : 0;

	return ms < 1 ? 0 : ms > LIMIT_WAIT_MS ? LIMIT_WAIT_MS : (int64_t)ms;
}

static bool
is_among(const cJSON *words, const cJSON *state)
{
	const cJSON *word;

	cJSON_ArrayForEach(word, words)
		if (cJSON_IsString(state) && strcmp(word->valuestring, state->valuestring) == 0)
			return true;
	return false;
}

/* Lists of lists come down to what stands in them. */
static void
count(const struct wait_rule *w, const cJSON *states, struct wait_progress *p)
{
	const cJSON *child;

	if (states == NULL)
		return;
	if (cJSON_IsArray(states) || cJSON_IsObject(states)) {
		cJSON_ArrayForEach(child, states)
			count(w, child, p);
		return;
	}
	p->total++;
	p->cancelled += is_among(w->cancelled, states);
	p->final += is_among(w->final, states) || is_among(w->cancelled, states);
}

int
wait_look(const struct tool *t, const cJSON *args, const char *text, size_t len,
    struct wait_progress *p)
{
	const struct wait_rule *w = &t->wait;
	struct json_fault fault;
	cJSON *document = json_parse(text, len, &fault), *states = NULL;
	const cJSON *seen = document;
	const char *why;
	int result = -1;

	*p = (struct wait_progress){ 0 };
	if (t->form == TOOL_MCP)
		seen = json_true(document, "isError") ? NULL :
		    json_get(document, "structuredContent");
	if (document != NULL && seen == NULL)
		result = 0;	/* it says of nothing that it goes on */
	else if (document != NULL && pick_apply(w->of, seen, args, &states, &why) == 0) {
		count(w, states, p);
		result = 0;
	}
	cJSON_Delete(states);
	cJSON_Delete(document);
	return result;
}

cJSON *
wait_params(const struct wait_progress *p)
{
	cJSON *params = cJSON_CreateObject();
	char message[80];

	snprintf(message, sizeof message, "%zu of %zu are final", p->final, p->total);
	if (json_put(params, "progress", json_int((int64_t)p->final)) == 0 &&
	    json_put(params, "total", json_int((int64_t)p->total)) == 0 &&
	    json_put(params, "message", cJSON_CreateString(message)) == 0)
		return params;
	cJSON_Delete(params);
	return NULL;
}
