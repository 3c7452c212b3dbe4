/* SPDX-License-Identifier: MIT */
/*
 * schema_keyword.c - every keyword of JSON Schema 2020-12, and the shapes of their values.
 *
 * The order of the table is the order of judging: the kind of a value first, since
 * that makes the clearest message, then its own bounds, then what lies in it;
 * unevaluated* last, since they need what all the others have seen.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/schema_node.h"

#define DIALECT	"https://json-schema.org/draft/2020-12/schema"

static int	 shape_schema(struct compiler *, const struct keyword *, const cJSON *);

const struct keyword schema_keywords[] = {
	{ "$schema", SHAPE_DIALECT, false, NULL, NULL },
	{ "$id", SHAPE_STRING, false, NULL, NULL },
	{ "$anchor", SHAPE_ANCHOR, false, compile_anchor, NULL },
	{ "$dynamicAnchor", SHAPE_ANCHOR, false, compile_anchor, NULL },
	{ "$vocabulary", SHAPE_VOCABULARY, false, NULL, NULL },
	{ "$comment", SHAPE_STRING, false, NULL, NULL },
	{ "$defs", SHAPE_SCHEMA_MAP, false, NULL, NULL },
	{ "title", SHAPE_STRING, false, NULL, NULL },
	{ "description", SHAPE_STRING, false, NULL, NULL },
	{ "default", SHAPE_ANY, false, NULL, NULL },
	{ "deprecated", SHAPE_BOOLEAN, false, NULL, NULL },
	{ "readOnly", SHAPE_BOOLEAN, false, NULL, NULL },
	{ "writeOnly", SHAPE_BOOLEAN, false, NULL, NULL },
	{ "examples", SHAPE_ARRAY, false, NULL, NULL },
	{ "contentEncoding", SHAPE_STRING, false, NULL, NULL },
	{ "contentMediaType", SHAPE_STRING, false, NULL, NULL },
	{ "contentSchema", SHAPE_SCHEMA, false, NULL, NULL },
	{ "type", SHAPE_TYPES, false, NULL, check_type },
	{ "const", SHAPE_ANY, false, NULL, check_const },
	{ "enum", SHAPE_ARRAY, false, NULL, check_enum },
	{ "minimum", SHAPE_NUMBER, false, NULL, check_bound },
	{ "exclusiveMinimum", SHAPE_NUMBER, false, NULL, check_bound },
	{ "maximum", SHAPE_NUMBER, false, NULL, check_bound },
	{ "exclusiveMaximum", SHAPE_NUMBER, false, NULL, check_bound },
	{ "multipleOf", SHAPE_DIVISOR, false, NULL, check_multiple_of },
	{ "minLength", SHAPE_COUNT, false, compile_count, check_size },
	{ "maxLength", SHAPE_COUNT, false, compile_count, check_size },
	{ "format", SHAPE_STRING, false, compile_format, check_format },
	{ "pattern", SHAPE_STRING, false, compile_pattern, check_pattern },
	{ "minItems", SHAPE_COUNT, false, compile_count, check_size },
	{ "maxItems", SHAPE_COUNT, false, compile_count, check_size },
	{ "uniqueItems", SHAPE_BOOLEAN, false, NULL, check_unique_items },
	{ "required", SHAPE_NAMES, false, NULL, check_required },
	{ "dependentRequired", SHAPE_NAME_LISTS, false, NULL, check_dependent_required },
	{ "minProperties", SHAPE_COUNT, false, compile_count, check_size },
	{ "maxProperties", SHAPE_COUNT, false, compile_count, check_size },
	{ "propertyNames", SHAPE_SCHEMA, false, NULL, check_property_names },
	{ "properties", SHAPE_SCHEMA_MAP, false, NULL, check_properties },
	{ "patternProperties", SHAPE_SCHEMA_MAP, false, compile_pattern_properties,
	    check_pattern_properties },
	{ "additionalProperties", SHAPE_SCHEMA, false, NULL, check_additional_properties },
	{ "prefixItems", SHAPE_SCHEMAS, false, NULL, check_prefix_items },
	{ "items", SHAPE_SCHEMA, false, NULL, check_items },
	{ "contains", SHAPE_SCHEMA, false, NULL, check_contains },
	{ "minContains", SHAPE_COUNT, false, compile_count, NULL },
	{ "maxContains", SHAPE_COUNT, false, compile_count, NULL },
	{ "$ref", SHAPE_STRING, true, NULL, check_ref },
	{ "$dynamicRef", SHAPE_STRING, true, NULL, check_dynamic_ref },
	{ "allOf", SHAPE_SCHEMAS, true, NULL, check_all_of },
	{ "anyOf", SHAPE_SCHEMAS, true, NULL, check_any_of },
	{ "oneOf", SHAPE_SCHEMAS, true, NULL, check_any_of },
	{ "not", SHAPE_SCHEMA, true, NULL, check_not },
	{ "if", SHAPE_SCHEMA, true, NULL, check_if },
	{ "then", SHAPE_SCHEMA, true, NULL, NULL },
	{ "else", SHAPE_SCHEMA, true, NULL, NULL },
	{ "dependentSchemas", SHAPE_SCHEMA_MAP, true, NULL, check_dependent_schemas },
	{ "unevaluatedItems", SHAPE_SCHEMA, false, NULL, check_unevaluated_items },
	{ "unevaluatedProperties", SHAPE_SCHEMA, false, NULL, check_unevaluated_properties },
};

const size_t schema_keyword_count = sizeof schema_keywords / sizeof schema_keywords[0];

const struct keyword *
keyword_find(const char *name)
{
	size_t i;

	for (i = 0; i < schema_keyword_count; i++)
		if (strcmp(schema_keywords[i].name, name) == 0)
			return &schema_keywords[i];
	return NULL;
}

const char *
keyword_hint(const char *name)
{
	static const char *const hints[][2] = {
		{ "definitions", "$defs" },
		{ "dependencies", "dependentRequired or dependentSchemas" },
		{ "additionalItems", "items beside prefixItems" },
		{ "$recursiveRef", "$dynamicRef" },
		{ "$recursiveAnchor", "$dynamicAnchor" },
		{ "id", "$id" },
		{ "nullable", "a type list with \"null\"" },
		{ "example", "examples" },
	};
	size_t i;

	for (i = 0; i < sizeof hints / sizeof hints[0]; i++)
		if (strcmp(hints[i][0], name) == 0)
			return hints[i][1];
	return NULL;
}

const struct rule *
node_rule(const struct node *node, const char *name)
{
	size_t i;

	for (i = 0; i < node->count; i++)
		if (strcmp(node->rules[i].keyword->name, name) == 0)
			return &node->rules[i];
	return NULL;
}

struct node *
rule_member(const struct rule *rule, const char *name)
{
	size_t low = 0, high = rule == NULL ? 0 : rule->count, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(name, rule->nodes[middle]->json->string);
		if (order == 0)
			return rule->nodes[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static bool
is_schema(const cJSON *value)
{
	return cJSON_IsObject(value) || cJSON_IsBool(value);
}

static bool
is_type(const cJSON *value)
{
	static const char *const types[] = { "null", "boolean", "object", "array", "number",
		"string", "integer" };
	size_t i;

	for (i = 0; cJSON_IsString(value) && i < sizeof types / sizeof types[0]; i++)
		if (strcmp(value->valuestring, types[i]) == 0)
			return true;
	return false;
}

static int
compare_strings(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* An array of different strings: 1; 0 if it is not, -1 without memory. */
static int
is_names(const cJSON *value)
{
	size_t i = 0, n = (size_t)cJSON_GetArraySize(value);
	const cJSON *item;
	const char **names;
	int result = 0;

	if (!cJSON_IsArray(value))
		return 0;
	names = calloc(n + 1, sizeof *names);
	if (names == NULL)
		return -1;
	cJSON_ArrayForEach(item, value) {
		if (!cJSON_IsString(item))
			goto out;
		names[i++] = item->valuestring;
	}
	qsort(names, n, sizeof *names, compare_strings);
	for (i = 1; i < n; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			goto out;
	result = 1;
out:
	free(names);
	return result;
}

static int
shape_names(struct compiler *c, const struct keyword *keyword, const cJSON *value)
{
	int good = is_names(value);

	if (good == -1)
		return compile_memory(c);
	if (good == 0)
		return compile_refuse(c, value, "%s must be an array of different strings",
		    keyword->name);
	return 0;
}

static int
shape_name_lists(struct compiler *c, const struct keyword *keyword, const cJSON *value)
{
	const cJSON *list;

	if (!cJSON_IsObject(value))
		return compile_refuse(c, value, "%s must be an object of arrays of strings",
		    keyword->name);
	cJSON_ArrayForEach(list, value)
		if (shape_names(c, keyword, list) == -1)
			return -1;
	return 0;
}

static int
shape_types(struct compiler *c, const struct keyword *keyword, const cJSON *value)
{
	const cJSON *item;
	bool good = cJSON_IsString(value) ? is_type(value) :
	    cJSON_IsArray(value) && value->child != NULL;

	if (cJSON_IsArray(value)) {
		cJSON_ArrayForEach(item, value)
			good = good && is_type(item);
		if (good)
			return shape_names(c, keyword, value);
	}
	if (!good)
		return compile_refuse(c, value, "type must be one of null, boolean, object, "
		    "array, number, string, integer, or an array of some of them");
	return 0;
}

static int
shape_anchor(struct compiler *c, const struct keyword *keyword, const cJSON *value)
{
	static const char letters[] =
	    "_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.0123456789";
	const char *s = cJSON_GetStringValue(value);

	if (s == NULL || *s == '\0' || s[strspn(s, letters)] != '\0' ||
	    strchr("-.0123456789", *s) != NULL)
		return compile_refuse(c, value, "%s must be a name of letters, digits, '-', '_' "
		    "and '.' that begins with a letter or '_'", keyword->name);
	return 0;
}

static int
shape_vocabulary(struct compiler *c, const struct keyword *keyword, const cJSON *value)
{
	bool good = cJSON_IsObject(value);
	const cJSON *item;

	cJSON_ArrayForEach(item, value)
		good = good && cJSON_IsBool(item);
	if (!good)
		return compile_refuse(c, value, "%s must be an object of booleans", keyword->name);
	return 0;
}

static int
shape_dialect(struct compiler *c, const struct keyword *keyword, const cJSON *value)
{
	const char *s = cJSON_GetStringValue(value);

	if (s == NULL || (strcmp(s, DIALECT) != 0 && strcmp(s, DIALECT "#") != 0))
		return compile_refuse(c, value, "%s must be \"" DIALECT "\"", keyword->name);
	return 0;
}

static int
shape_schema(struct compiler *c, const struct keyword *keyword, const cJSON *value)
{
	if (!is_schema(value))
		return compile_refuse(c, value, "%s must be a schema, which is an object or "
		    "a boolean", keyword->name);
	return 0;
}

static int
shape_schemas(struct compiler *c, const struct keyword *keyword, const cJSON *value)
{
	bool map = keyword->shape == SHAPE_SCHEMA_MAP;
	const cJSON *item;

	if (map ? !cJSON_IsObject(value) : !cJSON_IsArray(value) || value->child == NULL)
		return compile_refuse(c, value, map ? "%s must be an object of schemas" :
		    "%s must be an array of one schema or more", keyword->name);
	cJSON_ArrayForEach(item, value)
		if (shape_schema(c, keyword, item) == -1)
			return -1;
	return 0;
}

static bool
is_divisor(const cJSON *value)
{
	char room[NUMBER_TEXT];

	return cJSON_IsNumber(value) && decimal_compare(number_text(value, room), "0") > 0;
}

static bool
is_count(const cJSON *value)
{
	char room[NUMBER_TEXT];

	return number_is_integer(value) && decimal_compare(number_text(value, room), "0") >= 0;
}

int
keyword_shape(struct compiler *c, const struct keyword *keyword, const cJSON *value)
{
	static const struct {
		int		(*judge)(struct compiler *, const struct keyword *, const cJSON *);
		bool		(*test)(const cJSON *);
		cJSON_bool	(*kind)(const cJSON *);
		const char	*noun;
	} shapes[] = {
		[SHAPE_STRING] = { NULL, NULL, cJSON_IsString, "a string" },
		[SHAPE_BOOLEAN] = { NULL, NULL, cJSON_IsBool, "true or false" },
		[SHAPE_NUMBER] = { NULL, NULL, cJSON_IsNumber, "a number" },
		[SHAPE_DIVISOR] = { NULL, is_divisor, NULL, "a number above 0" },
		[SHAPE_COUNT] = { NULL, is_count, NULL, "an integer of at least 0" },
		[SHAPE_ARRAY] = { NULL, NULL, cJSON_IsArray, "an array" },
		[SHAPE_TYPES] = { shape_types, NULL, NULL, NULL },
		[SHAPE_NAMES] = { shape_names, NULL, NULL, NULL },
		[SHAPE_NAME_LISTS] = { shape_name_lists, NULL, NULL, NULL },
		[SHAPE_ANCHOR] = { shape_anchor, NULL, NULL, NULL },
		[SHAPE_VOCABULARY] = { shape_vocabulary, NULL, NULL, NULL },
		[SHAPE_DIALECT] = { shape_dialect, NULL, NULL, NULL },
		[SHAPE_SCHEMA] = { shape_schema, NULL, NULL, NULL },
		[SHAPE_SCHEMAS] = { shape_schemas, NULL, NULL, NULL },
		[SHAPE_SCHEMA_MAP] = { shape_schemas, NULL, NULL, NULL },
	};
	enum shape shape = keyword->shape;

	if (shapes[shape].judge != NULL)
		return shapes[shape].judge(c, keyword, value);
	if ((shapes[shape].test != NULL && !shapes[shape].test(value)) ||
	    (shapes[shape].kind != NULL && !shapes[shape].kind(value)))
		return compile_refuse(c, value, "%s must be %s", keyword->name,
		    shapes[shape].noun);
	return 0;
}
