/* SPDX-License-Identifier: MIT */
/* overlay.c - read, held to the tools that there are, and laid over them; see overlay.h. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/overlay.h"
#include "mcp/table.h"
#include "wire/json.h"

static int	take(struct overlay *, const cJSON *, struct spec_fault *);
static int	check_tools(const cJSON *, const cJSON *, struct spec_fault *);
static int	put_text(cJSON *, const char *, const char *);
static int	rename_tools(const struct overlay *, cJSON *, struct spec_fault *);

int
overlay_apply(struct overlay *o, const char *file, cJSON *root, struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "$comment", SPEC_STRING, false },
		{ "instructions", SPEC_STRING, false },
		{ "only", SPEC_ARRAY, false },
		{ "prefix", SPEC_STRING, false },
		{ "tools", SPEC_OBJECT, false },
		{ NULL, SPEC_ANY, false },
	};

	cJSON *tools = json_get(root, "tools");

	f->file = file;
	o->root = spec_read(f);
	if (o->root == NULL || spec_check(o->root, keys, "", f) == -1 ||
	    take(o, tools, f) == -1 ||
	    check_tools(json_get(o->root, "tools"), tools, f) == -1)
		return -1;
	if (json_str(o->root, "instructions") != NULL &&
	    put_text(root, "instructions", json_str(o->root, "instructions")) == -1)
		return spec_fail(f, "", "out of memory");
	return rename_tools(o, tools, f);
}

void
overlay_finish(struct overlay *o)
{
	cJSON_Delete(o->root);
	free(o->taken);
	*o = (struct overlay){ 0 };
}

bool
overlay_takes(const struct overlay *o, size_t i)
{
	return o->taken == NULL || o->taken[i];
}

/* Which tools "only" lets through; a pattern that lets none through is a mistake. */
static int
take(struct overlay *o, const cJSON *tools, struct spec_fault *f)
{
	const cJSON *only = json_get(o->root, "only"), *pattern, *tool;
	bool any;
	size_t i;

	if (only == NULL)
		return 0;
	o->taken = calloc((size_t)cJSON_GetArraySize(tools) + 1, sizeof *o->taken);
	if (o->taken == NULL)
		return spec_fail(f, "/only", "out of memory");
	cJSON_ArrayForEach(pattern, only) {
		if (!cJSON_IsString(pattern))
			return spec_fail(f, "/only", "must be an array of names or patterns");
		i = 0;
		any = false;
		cJSON_ArrayForEach(tool, tools) {
			if (json_str(tool, "name") != NULL &&
			    fnmatch(pattern->valuestring, json_str(tool, "name"), 0) == 0)
				any = o->taken[i] = true;
			i++;
		}
		if (!any)
			return spec_fail(f, "/only", "no tool of the service file matches \"%s\"",
			    pattern->valuestring);
	}
	return only->child != NULL ? 0 : spec_fail(f, "/only", "must name a tool");
}

static int
check_tools(const cJSON *changes, const cJSON *tools, struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "name", SPEC_STRING, false },
		{ "title", SPEC_STRING, false },
		{ "description", SPEC_STRING, false },
		{ "policy", SPEC_STRING, false },
		{ "text", SPEC_STRING, false },
		{ NULL, SPEC_ANY, false },
	};
	const cJSON *change, *tool;
	char place[SPEC_PLACE];
	bool table;

	cJSON_ArrayForEach(change, changes) {
		snprintf(place, sizeof place, "/tools/%.256s", change->string);
		if (spec_check(change, keys, place, f) == -1 ||
		    table_load(&table, change, place, f) == -1)
			return -1;
		cJSON_ArrayForEach(tool, tools)
			if (json_str(tool, "name") != NULL &&
			    strcmp(json_str(tool, "name"), change->string) == 0)
				break;
		if (tool == NULL)
			return spec_fail(f, place, "the service file has no tool of this name");
	}
	return 0;
}

/* Put a copy of `text` into a member. 0 or -1 (memory). */
static int
put_text(cJSON *object, const char *name, const char *text)
{
	cJSON *value = cJSON_CreateString(text);

	if (value == NULL)
		return -1;
	cJSON_DeleteItemFromObjectCaseSensitive(object, name);
	return json_put(object, name, value);
}

/* What a tool of the service file is called now, for itself and for who names it as a preview. */
static int
put_name(const struct overlay *o, cJSON *tool, const char *member)
{
	const char *old = json_str(tool, member), *prefix = json_str(o->root, "prefix");
	const char *given = old == NULL ? NULL :
	    json_str(json_get(json_get(o->root, "tools"), old), "name");
	struct buf name;
	int result;

	if (old == NULL || (given == NULL && prefix == NULL))
		return 0;
	if (given != NULL)
		return put_text(tool, member, given);
	buf_init(&name, LIMIT_SERVICE_FILE);
	buf_puts(&name, prefix);
	result = buf_puts(&name, old) == -1 ? -1 : put_text(tool, member, buf_str(&name));
	buf_finish(&name);
	return result;
}

static int
rename_tools(const struct overlay *o, cJSON *tools, struct spec_fault *f)
{
	static const char *const members[] = { "title", "description", "policy", "text" };
	const cJSON *change;
	cJSON *tool;
	size_t i;

	cJSON_ArrayForEach(tool, tools) {
		change = json_str(tool, "name") == NULL ? NULL :
		    json_get(json_get(o->root, "tools"), json_str(tool, "name"));
		for (i = 0; i < sizeof members / sizeof members[0]; i++)
			if (json_str(change, members[i]) != NULL &&
			    put_text(tool, members[i], json_str(change, members[i])) == -1)
				return spec_fail(f, "", "out of memory");
		if (put_name(o, tool, "preview") == -1 || put_name(o, tool, "name") == -1)
			return spec_fail(f, "", "out of memory");
	}
	return 0;
}
