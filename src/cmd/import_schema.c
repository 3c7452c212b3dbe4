/* SPDX-License-Identifier: MIT */
/*
 * import_schema.c - schemas of OpenAPI into JSON Schema 2020-12, and what a schema says of itself.
 *
 * What is left out makes a schema take more, never less: the service judges again. So oneOf becomes
 * anyOf, for a branch that takes more could be a second one that fits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/import_part.h"
#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/pattern.h"

enum kind {
	KEY_TYPE, KEY_VALUE, KEY_LIST, KEY_BOUND, KEY_DIVISOR, KEY_COUNT, KEY_FORMAT, KEY_PATTERN,
	KEY_FLAG, KEY_NAMES, KEY_MAP, KEY_PATTERN_MAP, KEY_SCHEMA, KEY_SCHEMAS, KEY_TEXT, KEY_LOST,
};

static const struct keyword {
	const char		*name;
	enum kind		 kind;
	enum import_version	 since;
} keywords[] = {
	{ "description", KEY_TEXT, SWAGGER_20 },
	{ "type", KEY_TYPE, SWAGGER_20 },
	{ "const", KEY_VALUE, OPENAPI_31 },
	{ "enum", KEY_LIST, SWAGGER_20 },
	{ "minimum", KEY_BOUND, SWAGGER_20 },
	{ "maximum", KEY_BOUND, SWAGGER_20 },
	{ "exclusiveMinimum", KEY_BOUND, SWAGGER_20 },
	{ "exclusiveMaximum", KEY_BOUND, SWAGGER_20 },
	{ "multipleOf", KEY_DIVISOR, SWAGGER_20 },
	{ "minLength", KEY_COUNT, SWAGGER_20 },
	{ "maxLength", KEY_COUNT, SWAGGER_20 },
	{ "format", KEY_FORMAT, SWAGGER_20 },
	{ "pattern", KEY_PATTERN, SWAGGER_20 },
	{ "minItems", KEY_COUNT, SWAGGER_20 },
	{ "maxItems", KEY_COUNT, SWAGGER_20 },
	{ "uniqueItems", KEY_FLAG, SWAGGER_20 },
	{ "prefixItems", KEY_SCHEMAS, OPENAPI_31 },
	{ "items", KEY_SCHEMA, SWAGGER_20 },
	{ "minProperties", KEY_COUNT, SWAGGER_20 },
	{ "maxProperties", KEY_COUNT, SWAGGER_20 },
	{ "properties", KEY_MAP, SWAGGER_20 },
	{ "patternProperties", KEY_PATTERN_MAP, OPENAPI_31 },
	{ "propertyNames", KEY_SCHEMA, OPENAPI_31 },
	{ "additionalProperties", KEY_SCHEMA, SWAGGER_20 },
	{ "required", KEY_NAMES, SWAGGER_20 },
	{ "allOf", KEY_SCHEMAS, SWAGGER_20 },
	{ "anyOf", KEY_SCHEMAS, OPENAPI_30 },
	{ "oneOf", KEY_SCHEMAS, OPENAPI_30 },
	{ "default", KEY_VALUE, SWAGGER_20 },
	{ "not", KEY_LOST, OPENAPI_30 },
	{ "if", KEY_LOST, OPENAPI_31 },
	{ "contains", KEY_LOST, OPENAPI_31 },
	{ "dependentRequired", KEY_LOST, OPENAPI_31 },
	{ "dependentSchemas", KEY_LOST, OPENAPI_31 },
	{ "unevaluatedItems", KEY_LOST, OPENAPI_31 },
	{ "unevaluatedProperties", KEY_LOST, OPENAPI_31 },
	{ "$dynamicRef", KEY_LOST, OPENAPI_31 },
};

#define KEYWORDS	(sizeof keywords / sizeof keywords[0])

/* A schema on its way from the document into a tool. */
struct walk {
	struct operation	*op;
	const char		*where;	/* the nearest name, for notes */
	int			 depth;
};

static cJSON	*convert(struct walk, const cJSON *);
static void	 convert_keyword(struct walk, cJSON *, const cJSON *, const struct keyword *,
		    const cJSON *);
static cJSON	*refer(struct operation *, const cJSON *);
static void	 take_nullable(struct walk, cJSON **);

/* Count a step; a schema that takes too many is refused. 0 or -1. */
static int
step(struct operation *op)
{
	if (op->steps++ < LIMIT_IMPORT_STEPS)
		return 0;
	return import_refuse(op, "its schemas are too large or refer to each other too often");
}

/* ====== what a schema says ====== */

static unsigned
kind_named(const char *type)
{
	static const struct {
		const char	*name;
		unsigned	 kind;
	} types[] = {
		{ "null", KIND_NULL }, { "boolean", KIND_BOOLEAN }, { "integer", KIND_NUMBER },
		{ "number", KIND_NUMBER }, { "string", KIND_STRING }, { "array", KIND_ARRAY },
		{ "object", KIND_OBJECT },
	};
	size_t i;

	for (i = 0; type != NULL && i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i].name, type) == 0)
			return types[i].kind;
	return 0;
}

static unsigned
kind_of(const cJSON *value)
{
	return cJSON_IsNull(value) ? KIND_NULL : cJSON_IsBool(value) ? KIND_BOOLEAN :
	    cJSON_IsNumber(value) ? KIND_NUMBER : cJSON_IsString(value) ? KIND_STRING :
	    cJSON_IsArray(value) ? KIND_ARRAY : KIND_OBJECT;
}

static bool
is_nullable(const struct operation *op, const cJSON *schema)
{
	return op->import->version != OPENAPI_31 &&
	    (json_true(schema, "nullable") || json_true(schema, "x-nullable"));
}

static unsigned
kinds(struct operation *op, const cJSON *schema, int depth)
{
	const cJSON *child, *list;
	unsigned found = 0, one;

	if (depth > LIMIT_IMPORT_REFS || step(op) == -1)
		return 0;
	schema = import_follow(op, schema, "a schema");
	if (cJSON_IsArray(json_get(schema, "type")))
		cJSON_ArrayForEach(child, json_get(schema, "type"))
			found |= kind_named(cJSON_GetStringValue(child));
	else
		found = kind_named(json_str(schema, "type"));
	if (found == 0)
		cJSON_ArrayForEach(child, json_get(schema, "enum"))
			found |= kind_of(child);
	if (found == 0 && json_get(schema, "const") != NULL)
		found = kind_of(json_get(schema, "const"));
	if (found == 0 && (cJSON_IsObject(json_get(schema, "properties")) ||
	    cJSON_IsObject(json_get(schema, "additionalProperties"))))
		found = KIND_OBJECT;
	if (found == 0 && cJSON_IsObject(json_get(schema, "items")))
		found = KIND_ARRAY;
	cJSON_ArrayForEach(child, json_get(schema, "allOf"))
		if (found == 0)
			found = kinds(op, child, depth + 1);
	list = json_get(schema, "anyOf") != NULL ? json_get(schema, "anyOf") :
	    json_get(schema, "oneOf");
	if (found == 0)
		cJSON_ArrayForEach(child, list) {
			one = kinds(op, child, depth + 1);
			if (one == 0)
				return 0;
			found |= one;
		}
	return found != 0 && is_nullable(op, schema) ? found | KIND_NULL : found;
}

unsigned
import_schema_kinds(struct operation *op, const cJSON *schema)
{
	return kinds(op, schema, 0);
}

const cJSON *
import_schema_items(struct operation *op, const cJSON *schema)
{
	return json_get(import_follow(op, schema, "a schema"), "items");
}

bool
import_schema_is_flat(struct operation *op, const cJSON *schema)
{
	unsigned kinds = import_schema_kinds(op, schema), inner;

	if ((kinds & KIND_ARRAY) != 0 && (kinds & KIND_SCALAR) == 0) {
		inner = import_schema_kinds(op, import_schema_items(op, schema));
		return inner == 0 || (inner & KIND_SCALAR) != 0;
	}
	return kinds == 0 || (kinds & KIND_SCALAR) != 0;
}

bool
import_schema_is(struct operation *op, const cJSON *schema, const char *mark)
{
	return json_true(schema, mark) || json_true(import_follow(op, schema, "a schema"), mark);
}

static int
add_member(struct members *m, const cJSON *schema)
{
	struct member *list;
	size_t i;

	for (i = 0; i < m->count; i++)
		if (strcmp(m->list[i].name, schema->string) == 0) {
			m->list[i].schema = schema;
			return 0;
		}
	list = realloc(m->list, (m->count + 1) * sizeof *list);
	if (list == NULL)
		return -1;
	m->list = list;
	list[m->count++] = (struct member){ schema->string, schema, false };
	return 0;
}

/* Add a schema's members, and those of what it is made of. As import_schema_members(). */
static int
add_members(struct operation *op, const cJSON *schema, struct members *m, int depth)
{
	const cJSON *child, *type;
	int result;

	if (step(op) == -1)
		return -1;
	schema = import_follow(op, schema, "a schema");
	if (schema == NULL)
		return -1;
	type = json_get(schema, "type");
	if (depth > LIMIT_IMPORT_REFS || !cJSON_IsObject(schema) ||
	    json_get(schema, "oneOf") != NULL || json_get(schema, "anyOf") != NULL ||
	    json_get(schema, "patternProperties") != NULL ||
	    (type != NULL && (kinds(op, schema, 0) & ~(unsigned)KIND_NULL) != KIND_OBJECT))
		return 0;
	cJSON_ArrayForEach(child, json_get(schema, "allOf")) {
		result = add_members(op, child, m, depth + 1);
		if (result != 1)
			return result;
	}
	child = json_get(schema, "additionalProperties");
	if (cJSON_IsObject(child) || cJSON_IsTrue(child))
		m->open = true;
	if (cJSON_IsObject(json_get(schema, "properties")))
		cJSON_ArrayForEach(child, json_get(schema, "properties")) {
			if (step(op) == -1)
				return -1;
			if (add_member(m, child) == -1) {
				op->import->starved = true;
				return import_refuse(op, "out of memory");
			}
		}
	return 1;
}

/* Mark what is required, of all that an object is made of. Only after add_members(). */
static void
mark_required(struct operation *op, const cJSON *schema, struct members *m)
{
	const cJSON *child, *name;
	size_t i;

	if (step(op) == -1)
		return;
	schema = import_follow(op, schema, "a schema");
	cJSON_ArrayForEach(child, json_get(schema, "allOf"))
		mark_required(op, child, m);
	if (cJSON_IsArray(json_get(schema, "required")))
		cJSON_ArrayForEach(name, json_get(schema, "required"))
			for (i = 0; cJSON_IsString(name) && i < m->count; i++)
				if (strcmp(m->list[i].name, name->valuestring) == 0)
					m->list[i].required = true;
}

int
import_schema_members(struct operation *op, const cJSON *schema, struct members *m)
{
	int result;

	*m = (struct members){ 0 };
	result = add_members(op, schema, m, 0);
	if (result == 1)
		mark_required(op, schema, m);
	return result == 1 && m->count == 0 ? 0 : result;
}

/* ====== conversion ====== */

cJSON *
import_schema_convert(struct operation *op, const cJSON *schema, const char *where)
{
	cJSON *out = convert((struct walk){ op, where, 0 }, schema);
	cJSON *definition;
	size_t i;

	/* What it refers to may refer to more: the list grows, and moves, meanwhile. */
	for (i = 0; i < op->ndefinitions; i++) {
		if (op->definitions[i].schema != NULL)
			continue;
		definition = convert((struct walk){ op, op->definitions[i].name, 0 },
		    op->definitions[i].from);
		op->definitions[i].schema = definition;
	}
	if (out != NULL && op->why[0] == '\0' && !import_starves(op->import))
		return out;
	cJSON_Delete(out);
	import_refuse(op, "out of memory");
	return NULL;
}

/* Never NULL but without memory; what is refused is said in the operation. */
static cJSON *
convert(struct walk w, const cJSON *schema)
{
	cJSON *out;
	size_t i;

	if (cJSON_IsBool(schema))
		return cJSON_CreateBool(cJSON_IsTrue(schema));
	if (step(w.op) == -1)
		return cJSON_CreateObject();
	if (json_str(schema, "$ref") != NULL && w.op->import->version != OPENAPI_31)
		return refer(w.op, schema);
	out = cJSON_CreateObject();
	if (!cJSON_IsObject(schema) || w.depth++ >= LIMIT_IMPORT_DEPTH) {
		import_note(&w.op->notes, "What stands deep in the schema of \"%.64s\" was left "
		    "out.", w.where);
		return out;
	}
	for (i = 0; i < KEYWORDS; i++) {
		const cJSON *value = json_get(schema, keywords[i].name);

		if (value != NULL && w.op->import->version >= keywords[i].since)
			convert_keyword(w, out, schema, &keywords[i], value);
	}
	/* "if" is said to be lost, and "then" goes with it; oneOf stands for anyOf. */
	if (json_str(schema, "$ref") != NULL) {
		cJSON *ref = refer(w.op, schema);
		cJSON *link = cJSON_DetachItemFromObjectCaseSensitive(ref, "$ref");

		cJSON_Delete(ref);
		if (link != NULL)
			import_put(w.op->import, out, "$ref", link);
	}
	if (is_nullable(w.op, schema))
		take_nullable(w, &out);
	return out;
}

/* {"$ref": "#/$defs/NAME"} for what a schema refers to, which is defined if it is not yet. */
static cJSON *
refer(struct operation *op, const cJSON *schema)
{
	const char *ref = json_str(schema, "$ref"), *slash = strrchr(ref, '/');
	struct import_definition *list;
	char name[LIMIT_IMPORT_NAME + 1], text[LIMIT_IMPORT_NAME + 16];
	const cJSON *target = import_follow(op, schema, "a schema");
	cJSON *out = cJSON_CreateObject();
	size_t i, k, n;

	if (target == NULL)
		return out;
	for (i = 0; i < op->ndefinitions && op->definitions[i].from != target; i++)
		;
	if (i == op->ndefinitions) {
		n = (size_t)snprintf(name, sizeof name - 6, "%s", slash == NULL ? "all" :
		    slash + 1);
		for (k = 0; name[k] != '\0'; k++)
			if (strspn(name + k, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_.-") == 0)
				name[k] = '_';
		n = n > strlen(name) ? strlen(name) : n;
		for (k = 0; k < op->ndefinitions; k++)
			if (strcmp(op->definitions[k].name, name) == 0) {
				snprintf(name + n, sizeof name - n, "_%zu", i % 10000);
				break;
			}
		list = realloc(op->definitions, (i + 1) * sizeof *list);
		if (list != NULL)
			op->definitions = list;
		if (list == NULL || (list[i].name = strdup(name)) == NULL) {
			op->import->starved = true;
			return out;
		}
		op->ndefinitions++;
		list[i] = (struct import_definition){ .from = target, .name = list[i].name };
	}
	snprintf(text, sizeof text, "#/$defs/%s", op->definitions[i].name);
	import_put(op->import, out, "$ref", cJSON_CreateString(text));
	/* cJSON keeps the number of a string for whoever needs one. */
	if (json_get(out, "$ref") != NULL)
		json_get(out, "$ref")->valueint = (int)i + 1;
	return out;
}

/* "type": what is no type is left out. */
static void
convert_type(struct walk w, cJSON *out, const cJSON *value)
{
	const cJSON *one;
	cJSON *list;
	unsigned seen = 0, kind;
	int integer = 0;

	if (cJSON_IsString(value)) {
		if (strcmp(value->valuestring, "file") == 0)
			import_refuse(w.op, "\"%.64s\" is a file", w.where);
		else if (kind_named(value->valuestring) != 0)
			import_put(w.op->import, out, "type", cJSON_Duplicate(value, 0));
		else
			import_note(&w.op->notes, "The type \"%.64s\" of \"%.64s\" is none of JSON "
			    "Schema.", value->valuestring, w.where);
		return;
	}
	list = cJSON_CreateArray();
	if (cJSON_IsArray(value))
		cJSON_ArrayForEach(one, value) {
			kind = kind_named(cJSON_GetStringValue(one));
			if (kind == 0 || (kind != KIND_NUMBER && (seen & kind) != 0))
				continue;
			if (kind == KIND_NUMBER) {
				int bit = one->valuestring[0] == 'i' ? 1 : 2;

				if ((integer & bit) != 0)
					continue;
				integer |= bit;
			}
			seen |= kind;
			import_push(w.op->import, list, cJSON_CreateString(one->valuestring));
		}
	if (seen != 0)
		import_put(w.op->import, out, "type", list);
	else
		cJSON_Delete(list);
}

/* A bound; up to 3.0 "exclusiveMinimum" is a mark beside "minimum". */
static void
convert_bound(struct walk w, cJSON *out, const cJSON *schema, const char *name, const cJSON *value)
{
	bool exclusive = false;

	if (!cJSON_IsNumber(value))
		return;
	if (strcmp(name, "minimum") == 0)
		exclusive = json_true(schema, "exclusiveMinimum");
	else if (strcmp(name, "maximum") == 0)
		exclusive = json_true(schema, "exclusiveMaximum");
	import_put(w.op->import, out, !exclusive ? name : strcmp(name, "minimum") == 0 ?
	    "exclusiveMinimum" : "exclusiveMaximum", cJSON_Duplicate(value, 0));
}

/* Those that JSON Schema 2020-12 knows: the four that are judged, and others that tell a model. */
static bool
is_format(const char *format)
{
	static const char *const formats[] = { "date-time", "uri", "email", "uuid", "date", "time",
		"duration", "hostname", "ipv4", "ipv6", "uri-reference", "uri-template", "regex",
		"idn-email", "idn-hostname", "iri", "iri-reference", "json-pointer" };
	size_t i;

	for (i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i], format) == 0)
			return true;
	return false;
}

static bool
is_pattern(struct walk w, const char *text)
{
	char why[128];
	struct pattern *pattern = pattern_create(text, why, sizeof why);

	pattern_destroy(pattern);
	if (pattern == NULL)
		import_note(&w.op->notes, "The pattern \"%.100s\" of \"%.64s\" was left out: "
		    "%s.", text, w.where, why);
	return pattern != NULL;
}

static cJSON *
convert_map(struct walk w, const cJSON *map, bool patterns)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *child;
	struct walk below = w;

	cJSON_ArrayForEach(child, map) {
		if ((patterns && !is_pattern(w, child->string)) ||
		    (!patterns && import_schema_is(w.op, child, "readOnly")))
			continue;
		below.where = patterns ? w.where : child->string;
		import_put(w.op->import, out, child->string, convert(below, child));
	}
	return out;
}

/* Names that are required of a caller: each once, and none that only the service sets. */
static cJSON *
convert_names(struct walk w, const cJSON *schema, const cJSON *names)
{
	const cJSON *name, *other, *properties = json_get(schema, "properties"), *property;
	cJSON *out = cJSON_CreateArray();

	cJSON_ArrayForEach(name, names) {
		if (!cJSON_IsString(name) || step(w.op) == -1)
			continue;
		property = json_get(properties, name->valuestring);
		if (property != NULL && import_schema_is(w.op, property, "readOnly"))
			continue;
		cJSON_ArrayForEach(other, out)
			if (strcmp(other->valuestring, name->valuestring) == 0)
				break;
		if (other == NULL)
			import_push(w.op->import, out, cJSON_CreateString(name->valuestring));
	}
	if (out != NULL && out->child == NULL) {
		cJSON_Delete(out);
		return NULL;
	}
	return out;
}

/* A value that is kept as it is; one that is deep is left out. */
static bool
is_shallow(const cJSON *value, int levels)
{
	const cJSON *child;

	if (levels == 0)
		return false;
	cJSON_ArrayForEach(child, value)
		if (!is_shallow(child, levels - 1))
			return false;
	return true;
}

static void
convert_keyword(struct walk w, cJSON *out, const cJSON *schema, const struct keyword *keyword,
    const cJSON *value)
{
	struct import *im = w.op->import;
	const char *name = keyword->name, *text = cJSON_GetStringValue(value);
	const cJSON *child;
	struct buf words;
	int64_t count;
	cJSON *list;

	switch (keyword->kind) {
	case KEY_TYPE:
		convert_type(w, out, value);
		break;
	case KEY_VALUE:
		if (is_shallow(value, 4))
			import_put(im, out, name, cJSON_Duplicate(value, 1));
		break;
	case KEY_LIST:
		if (cJSON_IsArray(value) && value->child != NULL && is_shallow(value, 4))
			import_put(im, out, name, cJSON_Duplicate(value, 1));
		break;
	case KEY_BOUND:
		convert_bound(w, out, schema, name, value);
		break;
	case KEY_DIVISOR:
		if (cJSON_IsNumber(value) && value->valuestring != NULL &&
		    decimal_compare(value->valuestring, "0") > 0)
			import_put(im, out, name, cJSON_Duplicate(value, 0));
		break;
	case KEY_COUNT:
		if (json_integer(value, &count) == 0 && count >= 0)
			import_put(im, out, name, cJSON_Duplicate(value, 0));
		break;
	case KEY_FORMAT:
		if (text != NULL && is_format(text))
			import_put(im, out, name, cJSON_Duplicate(value, 0));
		break;
	case KEY_PATTERN:
		if (text != NULL && is_pattern(w, text))
			import_put(im, out, name, cJSON_Duplicate(value, 0));
		break;
	case KEY_FLAG:
		if (cJSON_IsTrue(value))
			import_put(im, out, name, cJSON_CreateTrue());
		break;
	case KEY_NAMES:
		list = cJSON_IsArray(value) ? convert_names(w, schema, value) : NULL;
		if (list != NULL)
			import_put(im, out, name, list);
		break;
	case KEY_MAP:
	case KEY_PATTERN_MAP:
		if (cJSON_IsObject(value) && value->child != NULL)
			import_put(im, out, name, convert_map(w, value,
			    keyword->kind == KEY_PATTERN_MAP));
		break;
	case KEY_SCHEMA:
		/* {} and true say nothing. */
		if (cJSON_IsFalse(value) || (cJSON_IsObject(value) && value->child != NULL))
			import_put(im, out, name, convert(w, value));
		break;
	case KEY_SCHEMAS:
		if (!cJSON_IsArray(value) || value->child == NULL)
			break;
		if (strcmp(name, "oneOf") == 0)
			name = "anyOf";
		if (json_get(out, name) != NULL) {
			import_note(&w.op->notes, "\"%s\" of \"%.64s\" was left out, for it has "
			    "\"%s\" too.", keyword->name, w.where, name);
			break;
		}
		list = cJSON_CreateArray();
		cJSON_ArrayForEach(child, value)
			import_push(im, list, convert(w, child));
		import_put(im, out, name, list);
		break;
	case KEY_TEXT:
		buf_init(&words, LIMIT_IMPORT_TEXT + 8);
		if (text != NULL)
			import_name_text(&words, text, LIMIT_IMPORT_TEXT);
		if (words.len > 0)
			import_put(im, out, name, cJSON_CreateString(buf_str(&words)));
		buf_finish(&words);
		break;
	case KEY_LOST:
		import_note(&w.op->notes, "\"%s\" of \"%.64s\" was left out.", name, w.where);
		break;
	}
}

/* Let a converted schema take null, too. */
static void
take_nullable(struct walk w, cJSON **schema)
{
	struct import *im = w.op->import;
	cJSON *type = json_get(*schema, "type"), *values = json_get(*schema, "enum"), *list, *null;
	const cJSON *one;

	if (values != NULL) {
		cJSON_ArrayForEach(one, values)
			if (cJSON_IsNull(one))
				break;
		if (one == NULL)
			import_push(im, values, cJSON_CreateNull());
	}
	if (cJSON_IsString(type)) {
		list = cJSON_CreateArray();
		import_push(im, list, cJSON_CreateString(type->valuestring));
		import_push(im, list, cJSON_CreateString("null"));
		import_replace(im, *schema, type, list);
	} else if (type == NULL && (json_get(*schema, "allOf") != NULL ||
	    json_get(*schema, "anyOf") != NULL)) {
		list = cJSON_CreateArray();
		null = cJSON_CreateObject();
		import_put(im, null, "type", cJSON_CreateString("null"));
		import_push(im, list, *schema);
		import_push(im, list, null);
		*schema = cJSON_CreateObject();
		import_put(im, *schema, "anyOf", list);
	}
}
