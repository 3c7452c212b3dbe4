/* SPDX-License-Identifier: MIT */
/* tool_schema.c - see tool_schema.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "mcp/pick.h"
#include "mcp/request.h"
#include "mcp/service.h"
#include "mcp/tool_schema.h"
#include "wire/json.h"
#include "wire/schema.h"

static int
load_schema(struct schema **out, const cJSON *schema, const char *place, const char *member,
    struct spec_fault *f)
{
	struct schema_fault fault;
	char inner[SPEC_PLACE];

	*out = schema_create(schema, &fault);
	if (*out != NULL)
		return 0;
	snprintf(inner, sizeof inner, "%s/%s%s", place, member, fault.path);
	return spec_fail(f, inner, "%s", fault.why);
}

/* ====== arguments ====== */

cJSON *
tool_schema_object(void)
{
	cJSON *input = cJSON_CreateObject();

	if (json_put(input, "type", cJSON_CreateString("object")) == 0 &&
	    json_put(input, "properties", cJSON_CreateObject()) == 0 &&
	    json_put(input, "required", cJSON_CreateArray()) == 0 &&
	    json_put(input, "additionalProperties", cJSON_CreateFalse()) == 0)
		return input;
	cJSON_Delete(input);
	return NULL;
}

int
tool_schema_add(cJSON *input, const char *name, bool required)
{
	cJSON *schema = cJSON_CreateObject();

	if (json_put(json_get(input, "properties"), name, schema) == -1 ||
	    json_put(schema, "type", cJSON_CreateString("string")) == -1)
		return -1;
	return required ? json_push(json_get(input, "required"), cJSON_CreateString(name)) : 0;
}

/* Whether the response's pick has a list at its root; its name. */
static const char *
list_name(const cJSON *spec)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, json_get(spec, "response"))
		if (pick_is_list(child))
			return child->string;
	return NULL;
}

/* An optional argument that the bridge itself understands. */
static int
add_argument(cJSON *properties, const char *name, int longest)
{
	cJSON *schema;

	if (json_get(properties, name) != NULL)
		return 0;
	schema = cJSON_CreateObject();
	if (json_put(properties, name, schema) == -1 ||
	    json_put(schema, "type", cJSON_CreateString("string")) == -1)
		return -1;
	return longest == 0 ? 0 : json_put(schema, "minLength", json_int(1)) |
	    json_put(schema, "maxLength", json_int(longest));
}

/* A default is sent as it stands: it must be what its schema says, where that says it by itself. */
static int
check_defaults(const struct tool *t, const char *place, struct spec_fault *f)
{
	const cJSON *property, *fallback;
	struct schema_fault wrong;
	struct schema *schema;
	char at[SPEC_PLACE];
	bool fits;

	cJSON_ArrayForEach(property, json_get(t->input, "properties")) {
		fallback = json_get(property, "default");
		schema = fallback == NULL ? NULL : schema_create(property, &wrong);
		fits = schema == NULL || schema_check(schema, fallback, &wrong) == 0;
		schema_destroy(schema);
		snprintf(at, sizeof at, "%.256s/properties/%.128s/default", place,
		    property->string);
		if (!fits)
			return spec_fail(f, at, "%s", wrong.why);
	}
	return 0;
}

/* Find every x-mcp-header that is reached through "properties" alone. */
static int
load_mirrors(struct tool *t, const cJSON *schema, const char *pointer, const char *place,
    struct spec_fault *f)
{
	char inner[SPEC_PLACE], below[SPEC_PLACE];
	const cJSON *child, *header;
	struct mirror *mirrors;
	const char *type;
	size_t i;

	cJSON_ArrayForEach(child, json_get(schema, "properties")) {
		snprintf(inner, sizeof inner, "%s/properties/%s", place, child->string);
		snprintf(below, sizeof below, "%s/%s", pointer, child->string);
		if (strpbrk(child->string, "~/") != NULL && json_get(child, "x-mcp-header") != NULL)
			return spec_fail(f, inner, "x-mcp-header goes with a name without "
			    "'/' and '~'");
		if (load_mirrors(t, child, below, inner, f) == -1)
			return -1;
		header = json_get(child, "x-mcp-header");
		if (header == NULL)
			continue;
		type = json_str(child, "type");
		if (!cJSON_IsString(header) || !request_is_token(header->valuestring))
			return spec_fail(f, inner, "x-mcp-header must be letters, digits and "
			    "hyphens; web servers drop underscores");
		if (type == NULL || (strcmp(type, "string") != 0 && strcmp(type, "integer") != 0 &&
		    strcmp(type, "boolean") != 0))
			return spec_fail(f, inner, "x-mcp-header goes with type string, integer or "
			    "boolean");
		for (i = 0; i < t->nmirrors; i++)
			if (strcasecmp(t->mirrors[i].header, header->valuestring) == 0)
				return spec_fail(f, inner, "x-mcp-header \"%s\" is used twice",
				    header->valuestring);
		mirrors = realloc(t->mirrors, (t->nmirrors + 1) * sizeof *mirrors);
		if (mirrors == NULL)
			return spec_fail(f, inner, "out of memory");
		t->mirrors = mirrors;
		mirrors[t->nmirrors].header = header->valuestring;
		mirrors[t->nmirrors].pointer = strdup(below);
		if (mirrors[t->nmirrors++].pointer == NULL)
			return spec_fail(f, inner, "out of memory");
	}
	return 0;
}

/*
 * The input schema as clients see it: a list can be paged through, so it has a cursor; a write
 * can be repeated safely and agreed to, so it has a key and a token.
 */
int
tool_schema_input(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *schema = json_get(spec, "inputSchema"), *child;
	cJSON *properties;
	char inner[SPEC_PLACE];

	snprintf(inner, sizeof inner, "%s/inputSchema", place);
	if (json_str(schema, "type") == NULL || strcmp(json_str(schema, "type"), "object") != 0)
		return spec_fail(f, inner, "\"type\" must be \"object\"");
	child = json_get(schema, "properties");
	if (child != NULL && !cJSON_IsObject(child))
		return spec_fail(f, inner, "\"properties\" must be an object");
	t->list = list_name(spec);
	t->input = cJSON_Duplicate(schema, 1);
	properties = json_get(t->input, "properties");
	if (t->input != NULL && properties == NULL) {
		properties = cJSON_CreateObject();
		if (json_put(t->input, "properties", properties) == -1)
			properties = NULL;
	}
	if (properties != NULL && t->list != NULL && add_argument(properties, "cursor", 0) == -1)
		properties = NULL;
	if (properties != NULL && t->write &&
	    (add_argument(properties, "idempotency_key", LIMIT_KEY) == -1 ||
	    add_argument(properties, "confirm_token", 0) == -1))
		properties = NULL;
	if (properties == NULL)
		return spec_fail(f, inner, "out of memory");
	if (load_schema(&t->arguments, t->input, place, "inputSchema", f) == -1 ||
	    check_defaults(t, inner, f) == -1)
		return -1;
	return load_mirrors(t, t->input, "", inner, f);
}

/* ====== results ====== */

static int
add_property(cJSON *properties, const char *name, const char *type)
{
	cJSON *schema;

	if (json_get(properties, name) != NULL)
		return 0;
	schema = cJSON_CreateObject();
	if (json_put(properties, name, schema) == -1)
		return -1;
	return json_put(schema, "type", cJSON_CreateString(type));
}

/* Whether the bridge itself puts that member into every result of the tool. */
static bool
is_added(const struct tool *t, const char *name)
{
	return t->untrusted != NULL && strcmp(name, "untrusted") == 0;
}

/* The output schema as clients see it: with what the bridge itself may add to a result. */
int
tool_schema_output(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *schema = json_get(spec, "outputSchema"), *name;
	cJSON *properties;
	char at[SPEC_PLACE];
	int result = 0;

	if (schema == NULL)
		return 0;
	snprintf(at, sizeof at, "%s/outputSchema", place);
	if (json_str(schema, "type") == NULL || strcmp(json_str(schema, "type"), "object") != 0)
		return spec_fail(f, at,
		    "\"type\" must be \"object\"; older clients know no other root");
	t->output = cJSON_Duplicate(schema, 1);
	properties = json_get(t->output, "properties");
	if (t->output != NULL && properties == NULL) {
		properties = cJSON_CreateObject();
		if (json_put(t->output, "properties", properties) == -1)
			properties = NULL;
	}
	if (properties == NULL || !cJSON_IsObject(properties))
		return spec_fail(f, at, "\"properties\" must be an object, and memory must be had");
	if (t->list != NULL)
		result |= add_property(properties, "next_cursor", "string") |
		    add_property(properties, "truncated", "boolean");
	if (t->untrusted != NULL)
		result |= add_property(properties, "untrusted", "array");
	if (t->previews)
		result |= add_property(properties, "confirm_token", "string");
	if (t->write)
		result |= add_property(properties, "idempotent_replay", "boolean");
	if (json_get(spec, "follow") != NULL)
		result |= add_property(properties, "outcome", "object");
	if (t->split.argument != NULL)
		result |= add_property(properties, "parts", "integer") |
		    add_property(properties, "more", "array");
	if (result != 0)
		return spec_fail(f, at, "out of memory");
	cJSON_ArrayForEach(name, json_get(schema, "required"))
		if (t->form == TOOL_PICKS && cJSON_IsString(name) &&
		    json_get(t->response, name->valuestring) == NULL &&
		    !is_added(t, name->valuestring))
			return spec_fail(f, at, "\"%s\" is required and \"response\" does not pick "
			    "it", name->valuestring);
	return load_schema(&t->result, t->output, place, "outputSchema", f);
}
