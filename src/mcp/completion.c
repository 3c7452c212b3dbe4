/* SPDX-License-Identifier: MIT */
/* completion.c - see completion.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "mcp/completion.h"
#include "mcp/tool.h"
#include "mcp/tool_schema.h"
#include "wire/json.h"

static const struct spec_key completion_keys[] = {
	{ "$comment", SPEC_STRING, false },
	{ "scopes", SPEC_ARRAY, false },
	{ "request", SPEC_OBJECT, true },
	{ "response", SPEC_OBJECT, true },
	{ "success", SPEC_OBJECT, false },
	{ "error", SPEC_OBJECT, false },
	{ "timeout_ms", SPEC_COUNT, false },
	{ NULL, SPEC_ANY, false },
};

int
completion_load(struct completion *c, const struct service *s, const cJSON *spec,
    const char *name, const char *place, struct spec_fault *f)
{
	cJSON *named, *input = tool_schema_object();
	int result;

	c->name = name;
	if (spec_check(spec, completion_keys, place, f) == -1) {
		cJSON_Delete(input);
		return -1;
	}
	named = json_borrow(spec, NULL);
	if (input == NULL || tool_schema_add(input, "value", true) == -1 ||
	    json_put(named, "name", cJSON_CreateString(name)) == -1) {
		cJSON_Delete(input);
		cJSON_Delete(named);
		return spec_fail(f, place, "out of memory");
	}
	result = tool_load_part(&c->tool, TOOL_COMPLETE, s, named, input, place, f);
	cJSON_Delete(named);
	if (result == 0 && (c->tool.list == NULL || strcmp(c->tool.list, "values") != 0))
		result = spec_fail(f, place,
		    "\"response\" must pick {\"values\": {\"each\": ...}}");
	return result;
}

void
completion_finish(struct completion *c)
{
	tool_finish(&c->tool);
}

const struct completion *
completion_find(const struct service *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->ncompletions; i++)
		if (strcmp(s->completions[i].name, name) == 0)
			return &s->completions[i];
	return NULL;
}

int
completion_check(const struct service *s, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	const cJSON *word;

	if (cJSON_IsString(spec))
		return completion_find(s, spec->valuestring) != NULL ? 0 : spec_fail(f, place,
		    "\"%.128s\" is none of the file's \"completions\"", spec->valuestring);
	cJSON_ArrayForEach(word, spec)
		if (!cJSON_IsString(word))
			break;
	return cJSON_IsArray(spec) && word == NULL ? 0 : spec_fail(f, place, "is the name of one "
	    "of \"completions\", or an array of strings");
}

/* Whether a word stands in an array before it. */
static bool
is_repeated(const cJSON *words, const cJSON *word)
{
	const cJSON *other;

	for (other = words->child; other != word; other = other->next)
		if (cJSON_IsString(other) && strcmp(other->valuestring, word->valuestring) == 0)
			return true;
	return false;
}

int
completion_print(struct buf *out, const cJSON *words, const char *value)
{
	const cJSON *word;
	size_t total = 0;

	buf_puts(out, "\"values\":[");
	cJSON_ArrayForEach(word, words) {
		if (!cJSON_IsString(word) ||
		    strncasecmp(word->valuestring, value, strlen(value)) != 0 ||
		    is_repeated(words, word) || total++ >= COMPLETION_VALUES)
			continue;
		buf_puts(out, total == 1 ? "" : ",");
		json_quote(out, word->valuestring);
	}
	return buf_printf(out, "],\"total\":%zu,\"hasMore\":%s", total,
	    total > COMPLETION_VALUES ? "true" : "false");
}
