/* SPDX-License-Identifier: MIT */
/*
 * import_settle.c - what is done with converted schemas: definitions are written where they are
 * used, and null, which no template sends, is taken out of arguments.
 */
#include <string.h>

#include "cmd/import_part.h"
#include "wire/json.h"

enum place { PLACE_SCHEMA, PLACE_LIST, PLACE_MAP, PLACE_NONE };

/* What a member of a converted schema holds. */
static enum place
place_of(const char *name)
{
	static const struct {
		const char	*name;
		enum place	 place;
	} places[] = {
		{ "items", PLACE_SCHEMA }, { "additionalProperties", PLACE_SCHEMA },
		{ "propertyNames", PLACE_SCHEMA }, { "prefixItems", PLACE_LIST },
		{ "allOf", PLACE_LIST }, { "anyOf", PLACE_LIST }, { "properties", PLACE_MAP },
		{ "patternProperties", PLACE_MAP },
	};
	size_t i;

	for (i = 0; i < sizeof places / sizeof places[0]; i++)
		if (strcmp(places[i].name, name) == 0)
			return places[i].place;
	return PLACE_NONE;
}

/* The definition that a schema refers to, or NULL. */
static struct import_definition *
definition_of(const struct operation *op, const cJSON *schema)
{
	const cJSON *ref = json_get(schema, "$ref");

	return !cJSON_IsString(ref) || ref->valueint < 1 ||
	    (size_t)ref->valueint > op->ndefinitions ? NULL : &op->definitions[ref->valueint - 1];
}

static void
count_uses(const struct operation *op, const cJSON *schema)
{
	struct import_definition *d = definition_of(op, schema);
	const cJSON *child, *below;

	if (d != NULL)
		d->uses++;
	cJSON_ArrayForEach(child, schema) {
		if (child->string == NULL || place_of(child->string) == PLACE_NONE)
			continue;
		if (place_of(child->string) == PLACE_SCHEMA)
			count_uses(op, child);
		else
			cJSON_ArrayForEach(below, child)
				count_uses(op, below);
	}
}

static int
levels(const cJSON *schema)
{
	const cJSON *child;
	int most = 0, n;

	cJSON_ArrayForEach(child, schema) {
		n = levels(child);
		most = n > most ? n : most;
	}
	return most + 1;
}

/* Whether a definition is so small that nobody wants to look it up. */
static bool
is_small(const struct import_definition *d)
{
	struct buf text;
	bool small;

	if (!cJSON_IsObject(d->schema) || json_get(d->schema, "$ref") != NULL)
		return cJSON_IsBool(d->schema);
	buf_init(&text, LIMIT_IMPORT_SMALL);
	small = json_print(&text, d->schema) == 0 && strstr(buf_str(&text), "\"$ref\"") == NULL;
	buf_finish(&text);
	return small;
}

/* Whether what stands beside a "$ref" only describes. */
static bool
is_only_described(const cJSON *schema)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, schema)
		if (strcmp(child->string, "$ref") != 0 && strcmp(child->string, "description") !=
		    0 && strcmp(child->string, "default") != 0)
			return false;
	return true;
}

/* Move the members of a schema into another, which has none of them but what describes it. */
static void
merge(struct operation *op, cJSON *into, cJSON *from)
{
	cJSON *child;

	while (from != NULL && (child = from->child) != NULL) {
		cJSON_DetachItemViaPointer(from, child);
		if (json_get(into, child->string) != NULL)
			cJSON_Delete(child);
		else
			import_push(op->import, into, child);
	}
	cJSON_Delete(from);
}

/* Put a definition in the place of the reference to it. */
static void
unfold(struct operation *op, cJSON *schema, struct import_definition *d, bool only)
{
	cJSON *copy = only ? d->schema : cJSON_Duplicate(d->schema, 1);

	if (only)
		d->schema = NULL;
	if (copy == NULL) {
		op->import->starved = true;
		return;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(schema, "$ref");
	if (cJSON_IsFalse(copy))
		import_put(op->import, schema, "not", cJSON_CreateObject());
	merge(op, schema, copy);
}

static void
unfold_all(struct operation *op, cJSON *schema, int depth)
{
	struct import_definition *d;
	cJSON *child, *below;
	bool only;

	while ((d = definition_of(op, schema)) != NULL && d->schema != NULL &&
	    is_only_described(schema)) {
		only = d->uses == 1;
		if ((!only && !is_small(d)) || depth + levels(d->schema) > LIMIT_JSON_DEPTH / 2)
			break;
		unfold(op, schema, d, only);
	}
	cJSON_ArrayForEach(child, schema) {
		if (place_of(child->string) == PLACE_NONE)
			continue;
		if (place_of(child->string) == PLACE_SCHEMA)
			unfold_all(op, child, depth + 1);
		else
			cJSON_ArrayForEach(below, child)
				unfold_all(op, below, depth + 2);
	}
}

void
import_settle_definitions(struct operation *op, cJSON *input)
{
	struct import_definition *d;
	cJSON *all = NULL;
	size_t i;

	count_uses(op, input);
	for (i = 0; i < op->ndefinitions; i++)
		count_uses(op, op->definitions[i].schema);
	unfold_all(op, input, 0);
	for (i = 0; i < op->ndefinitions; i++) {
		d = &op->definitions[i];
		if (d->schema != NULL && d->uses > 1 && !is_small(d))
			unfold_all(op, d->schema, 1);
	}
	for (i = 0; i < op->ndefinitions; i++)
		op->definitions[i].uses = 0;
	count_uses(op, input);
	for (i = 0; i < op->ndefinitions; i++)
		count_uses(op, op->definitions[i].schema);
	for (i = 0; i < op->ndefinitions; i++) {
		d = &op->definitions[i];
		if (d->schema == NULL || d->uses == 0)
			continue;
		if (all == NULL)
			all = cJSON_CreateObject();
		import_put(op->import, all, d->name, d->schema);
		d->schema = NULL;
	}
	if (all != NULL)
		import_put(op->import, input, "$defs", all);
}

/* ====== null ====== */

/* Take what `is` finds out of an array. Whether it was there. */
static bool
take_out(cJSON *array, bool (*is)(const cJSON *))
{
	cJSON *child, *next;
	bool found = false;

	for (child = array == NULL ? NULL : array->child; child != NULL; child = next) {
		next = child->next;
		if (!is(child))
			continue;
		cJSON_Delete(cJSON_DetachItemViaPointer(array, child));
		found = true;
	}
	return found;
}

static bool
is_null(const cJSON *value)
{
	return cJSON_IsNull(value);
}

static bool
is_null_name(const cJSON *value)
{
	return cJSON_IsString(value) && strcmp(value->valuestring, "null") == 0;
}

static bool
is_null_schema(const cJSON *value)
{
	return json_str(value, "type") != NULL && is_null_name(json_get(value, "type"));
}

bool
import_settle_null(struct operation *op, cJSON *schema)
{
	cJSON *type = json_get(schema, "type"), *any = json_get(schema, "anyOf"), *one;
	bool found = false;

	if (cJSON_IsArray(type) && cJSON_GetArraySize(type) > 1 && take_out(type, is_null_name)) {
		found = true;
		if (type->child->next == NULL) {
			one = cJSON_DetachItemViaPointer(type, type->child);
			import_replace(op->import, schema, type, one);
		}
	}
	if (found)
		take_out(json_get(schema, "enum"), is_null);
	if (cJSON_GetArraySize(any) < 2 || !take_out(any, is_null_schema))
		return found;
	/* One that is left alone need not be one of several. */
	any = cJSON_DetachItemViaPointer(schema, any);
	if (any->child != NULL && (any->child->next != NULL || !is_only_described(schema)))
		import_push(op->import, schema, any);
	else {
		one = any->child == NULL ? NULL : cJSON_DetachItemViaPointer(any, any->child);
		cJSON_Delete(any);
		merge(op, schema, one);
	}
	return true;
}
