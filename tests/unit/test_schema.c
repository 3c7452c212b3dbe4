/* SPDX-License-Identifier: MIT */
/*
 * test_schema.c - the schema validator: each keyword, the messages, the limits.
 *
 * The official suite (test_schema_suite.c) says whether judgements are right; here
 * is what it does not look at: refusals when compiling, reasons, bounded work.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/schema.h"

#include "check.h"

static void	 test_keywords(void);
static void	 test_messages(void);
static void	 test_refusals(void);
static void	 test_references(void);
static void	 test_unevaluated(void);
static void	 test_numbers(void);
static void	 test_strings(void);
static void	 test_limits(void);
static void	 test_made_trees(void);

static cJSON *
parse(const char *text)
{
	struct json_fault fault;
	cJSON *tree = json_parse(text, strlen(text), &fault);

	if (tree == NULL)
		printf("bad test text %s: %s\n", text, fault.why);
	return tree;
}

/* The judgement of `instance` by `schema`, both texts; -2 if the schema was refused. */
static int
judge(const char *schema_text, const char *instance_text, struct schema_fault *fault)
{
	cJSON *root = parse(schema_text), *instance = parse(instance_text);
	struct schema *schema = schema_create(root, fault);
	int result = schema == NULL ? -2 : schema_check(schema, instance, fault);

	schema_destroy(schema);
	cJSON_Delete(root);
	cJSON_Delete(instance);
	return result;
}

static void
expect(const char *schema, const char *instance, int want)
{
	struct schema_fault fault;
	int result = judge(schema, instance, &fault);

	CHECK(result == want, "%s with %.80s: %d, not %d: %s: %s", schema, instance, result, want,
	    fault.path, fault.why);
}

static void
test_keywords(void)
{
	static const struct {
		const char	*schema, *good, *bad;	/* bad: NULL for what asserts nothing */
	} cases[] = {
		{ "true", "1", NULL },
		{ "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"}", "1", NULL },
		{ "{\"$id\":\"http://a.example/b\",\"$comment\":\"c\"}", "1", NULL },
		{ "{\"$vocabulary\":{\"http://a.example\":true}}", "1", NULL },
		{ "{\"$defs\":{\"a\":{\"type\":\"null\"}}}", "1", NULL },
		{ "{\"title\":\"t\",\"description\":\"d\",\"default\":1,\"deprecated\":true,"
		  "\"readOnly\":false,\"writeOnly\":true,\"examples\":[1]}", "2", NULL },
		{ "{\"contentEncoding\":\"base64\",\"contentMediaType\":\"text/plain\","
		  "\"contentSchema\":{\"type\":\"null\"}}", "\"x\"", NULL },
		{ "{\"format\":\"no-such-format\"}", "\"x\"", NULL },
		{ "{\"x-own\":{\"anything\":1}}", "1", NULL },
		{ "{\"type\":\"string\"}", "\"\"", "1" },
		{ "{\"type\":[\"string\",\"null\"]}", "null", "1" },
		{ "{\"type\":\"integer\"}", "1.0", "1.5" },
		{ "{\"type\":\"number\"}", "1.5", "\"1\"" },
		{ "{\"type\":\"boolean\"}", "false", "0" },
		{ "{\"type\":\"object\"}", "{}", "[]" },
		{ "{\"type\":\"array\"}", "[]", "{}" },
		{ "{\"const\":{\"a\":1,\"b\":[2]}}", "{\"b\":[2.0],\"a\":1e0}", "{\"a\":1}" },
		{ "{\"enum\":[1,\"a\",null]}", "1.0", "2" },
		{ "{\"minimum\":2}", "2", "1.9" },
		{ "{\"exclusiveMinimum\":2}", "2.1", "2" },
		{ "{\"maximum\":2}", "2", "2.1" },
		{ "{\"exclusiveMaximum\":2}", "1.9", "2" },
		{ "{\"multipleOf\":0.01}", "19.99", "19.999" },
		{ "{\"minLength\":2}", "\"ab\"", "\"a\"" },
		{ "{\"maxLength\":2}", "\"ab\"", "\"abc\"" },
		{ "{\"pattern\":\"^a+$\"}", "\"aa\"", "\"ab\"" },
		{ "{\"format\":\"uuid\"}", "\"123e4567-e89b-12d3-a456-426614174000\"", "\"1\"" },
		{ "{\"minItems\":1}", "[1]", "[]" },
		{ "{\"maxItems\":1}", "[1]", "[1,2]" },
		{ "{\"uniqueItems\":true}", "[1,2,\"1\"]", "[1,2,1.0]" },
		{ "{\"uniqueItems\":false}", "[1,1]", NULL },
		{ "{\"required\":[\"a\"]}", "{\"a\":1}", "{\"A\":1}" },
		{ "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1,\"b\":1}", "{\"a\":1}" },
		{ "{\"minProperties\":1}", "{\"a\":1}", "{}" },
		{ "{\"maxProperties\":1}", "{\"a\":1}", "{\"a\":1,\"b\":1}" },
		{ "{\"propertyNames\":{\"maxLength\":1}}", "{\"a\":1}", "{\"aa\":1}" },
		{ "{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"A\":1}", "{\"a\":1}" },
		{ "{\"patternProperties\":{\"^a\":{\"type\":\"null\"}}}", "{\"b\":1}",
		  "{\"ab\":1}" },
		{ "{\"properties\":{\"a\":true},\"patternProperties\":{\"^b\":true},"
		  "\"additionalProperties\":false}", "{\"a\":1,\"bc\":1}", "{\"c\":1}" },
		{ "{\"additionalProperties\":{\"type\":\"null\"}}", "{\"c\":null}", "{\"c\":1}" },
		{ "{\"prefixItems\":[{\"type\":\"null\"}]}", "[null,1]", "[1]" },
		{ "{\"prefixItems\":[true],\"items\":{\"type\":\"null\"}}", "[1,null]", "[1,1]" },
		{ "{\"prefixItems\":[true],\"items\":false}", "[1]", "[1,1]" },
		{ "{\"contains\":{\"type\":\"null\"}}", "[1,null]", "[1]" },
		{ "{\"contains\":{\"type\":\"null\"},\"minContains\":2}", "[null,null]",
		  "[null]" },
		{ "{\"contains\":{\"type\":\"null\"},\"maxContains\":1}", "[null]",
		  "[null,null]" },
		{ "{\"contains\":false,\"minContains\":0}", "[1]", NULL },
		{ "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"null\"}}}", "null", "1" },
		{ "{\"$ref\":\"#x\",\"$defs\":{\"a\":{\"$anchor\":\"x\",\"type\":\"null\"}}}",
		  "null", "1" },
		{ "{\"$dynamicRef\":\"#x\",\"$defs\":{\"a\":{\"$dynamicAnchor\":\"x\","
		  "\"type\":\"null\"}}}", "null", "1" },
		{ "{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}", "1", "3" },
		{ "{\"anyOf\":[{\"minimum\":1},{\"maximum\":-1}]}", "-1", "0" },
		{ "{\"oneOf\":[{\"minimum\":1},{\"maximum\":2}]}", "3", "1" },
		{ "{\"not\":{\"type\":\"null\"}}", "1", "null" },
		{ "{\"if\":{\"minimum\":5},\"then\":{\"multipleOf\":5},\"else\":{\"minimum\":1}}",
		  "10", "6" },
		{ "{\"if\":{\"minimum\":5},\"then\":{\"multipleOf\":5},\"else\":{\"minimum\":1}}",
		  "1", "0" },
		{ "{\"then\":false,\"else\":false}", "1", NULL },
		{ "{\"dependentSchemas\":{\"a\":{\"required\":[\"b\"]}}}", "{\"c\":1}",
		  "{\"a\":1}" },
		{ "{\"prefixItems\":[true],\"unevaluatedItems\":false}", "[1]", "[1,2]" },
		{ "{\"allOf\":[{\"properties\":{\"a\":true}}],\"unevaluatedProperties\":false}",
		  "{\"a\":1}", "{\"b\":1}" },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		expect(cases[i].schema, cases[i].good, 0);
		if (cases[i].bad != NULL)
			expect(cases[i].schema, cases[i].bad, 1);
	}
	expect("false", "1", 1);
	expect("{\"enum\":[]}", "1", 1);
}

static void
test_messages(void)
{
	static const struct {
		const char	*schema, *instance, *path, *why;
	} cases[] = {
		{ "{\"properties\":{\"to\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":10}}}",
		  "{\"to\":\"me\"}", "/to", "must be an array of 1 to 10 items, not a string" },
		{ "{\"properties\":{\"to\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":10}}}",
		  "{\"to\":[]}", "/to", "must be an array of 1 to 10 items, not of 0" },
		{ "{\"properties\":{\"to\":true,\"text\":true,\"channel\":true},"
		  "\"additionalProperties\":false}", "{\"txt\":1}", "",
		  "unknown argument \"txt\"; known: to, text, channel" },
		{ "{\"properties\":{\"o\":{\"properties\":{\"a\":true},"
		  "\"unevaluatedProperties\":false}}}", "{\"o\":{\"b\":1}}", "/o",
		  "unknown member \"b\"; known: a" },
		{ "{\"additionalProperties\":false}", "{\"a\\u0001b\":1}", "",
		  "unknown argument \"a?b\"" },
		{ "{\"required\":[\"a\",\"b\",\"c\"]}", "{\"b\":1}", "",
		  "missing argument \"a\", \"c\"" },
		{ "{\"items\":{\"required\":[\"a\"]}}", "[{\"a\":1},{}]", "/1",
		  "missing member \"a\"" },
		{ "{\"enum\":[\"a\",2,null]}", "\"secret\"", "", "must be one of \"a\", 2, null" },
		{ "{\"enum\":[]}", "1", "", "no value is allowed" },
		{ "{\"const\":\"a\"}", "\"secret\"", "", "must be \"a\"" },
		{ "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}", "0", "",
		  "must be an integer from 1 to 100" },
		{ "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}", "\"0\"", "",
		  "must be an integer from 1 to 100, not a string" },
		{ "{\"type\":\"integer\"}", "1.5", "",
		  "must be an integer, not a number with a fraction" },
		{ "{\"exclusiveMinimum\":0,\"maximum\":5}", "0", "",
		  "must be a number above 0 and of at most 5" },
		{ "{\"minimum\":3}", "2", "", "must be a number of at least 3" },
		{ "{\"type\":[\"string\",\"null\"],\"maxLength\":1}", "true", "",
		  "must be a string of at most 1 character or null, not a boolean" },
		{ "{\"type\":\"string\",\"minLength\":3,\"maxLength\":3}", "\"ab\"", "",
		  "must be a string of exactly 3 characters, not of 2" },
		{ "{\"minProperties\":1}", "{}", "",
		  "must be an object of at least 1 member, not of 0" },
		{ "{\"multipleOf\":5}", "7", "", "must be a multiple of 5" },
		{ "{\"pattern\":\"^[a-z]+$\"}", "\"SECRET\"", "",
		  "must match the pattern ^[a-z]+$" },
		{ "{\"format\":\"date-time\"}", "\"now\"", "",
		  "must be a date-time such as 2026-01-31T09:30:00Z" },
		{ "{\"uniqueItems\":true}", "[3,1,2,1]", "",
		  "must hold no item twice: items 1 and 3 (from 0) are equal" },
		{ "{\"anyOf\":[{\"type\":\"string\"},{\"properties\":{\"a\":{\"type\":\"null\"}},"
		  "\"type\":\"object\"}]}", "{\"a\":1}", "",
		  "fits none of the 2 alternatives: (1) must be a string, not an object; "
		  "(2) /a must be null, not a number" },
		{ "{\"oneOf\":[true,{\"type\":\"null\"},true]}", "1", "", "must fit exactly one of "
		  "the 3 alternatives, but fits alternatives 1 and 3" },
		{ "{\"not\":{\"type\":\"null\"}}", "null", "",
		  "fits what \"not\" excludes: must not be null" },
		{ "{\"not\":{\"const\":1}}", "1", "",
		  "fits what \"not\" excludes: must not be {\"const\":1}" },
		{ "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}", "",
		  "with \"a\" there must also be \"b\"" },
		{ "{\"propertyNames\":{\"maxLength\":2}}", "{\"abc\":1}", "", "the member name "
		  "\"abc\" must be a string of at most 2 characters, not of 3" },
		{ "{\"contains\":{\"type\":\"null\"}}", "[1]", "",
		  "must be an array with at least 1 item that fits: {\"type\":\"null\"}" },
		{ "{\"contains\":{\"type\":\"null\"},\"maxContains\":2}", "[null,null,null]", "",
		  "must be an array with at most 2 items that fit: {\"type\":\"null\"}" },
		{ "{\"prefixItems\":[true,true],\"items\":false}", "[1,2,3]", "",
		  "must be an array of at most 2 items" },
		{ "{\"prefixItems\":[true],\"unevaluatedItems\":false}", "[1,2]", "",
		  "must not have an item at index 1" },
		{ "{\"properties\":{\"a/b~c\":{\"items\":{\"type\":\"null\"}}}}",
		  "{\"a/b~c\":[null,1]}", "/a~1b~0c/1", "must be null, not a number" },
		{ "{\"properties\":{\"a\":false}}", "{\"a\":1}", "/a", "is not allowed" },
		{ "{\"if\":true,\"then\":{\"type\":\"null\"}}", "1", "",
		  "must be null, not a number" },
	};
	struct schema_fault fault;
	size_t i;
	int result;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		result = judge(cases[i].schema, cases[i].instance, &fault);
		CHECK(result == 1, "%s: %d", cases[i].schema, result);
		CHECK(strcmp(fault.path, cases[i].path) == 0, "%s: path %s", cases[i].schema,
		    fault.path);
		CHECK(strcmp(fault.why, cases[i].why) == 0, "%s: why %s", cases[i].schema,
		    fault.why);
	}
	result = judge("{\"type\":\"null\"}", "null", &fault);
	CHECK(result == 0 && *fault.why == '\0' && *fault.path == '\0', "nothing to say: %s",
	    fault.why);
}

/* The schema is refused at `path` and the reason holds `word`. */
static void
refused(const char *schema, const char *path, const char *word)
{
	struct schema_fault fault = { .why = "" };
	int result = judge(schema, "1", &fault);

	CHECK(result == -2, "%s is taken: %d", schema, result);
	CHECK(strcmp(fault.path, path) == 0, "%s: path %s", schema, fault.path);
	CHECK(strstr(fault.why, word) != NULL, "%s: why %s", schema, fault.why);
}

static void
test_refusals(void)
{
	static const struct {
		const char	*schema, *path, *word;
	} cases[] = {
		{ "1", "", "object or a boolean" },
		{ "{\"items\":{\"minimun\":1}}", "/items/minimun", "unknown keyword \"minimun\"" },
		{ "{\"definitions\":{}}", "/definitions", "$defs" },
		{ "{\"Type\":\"null\"}", "/Type", "\"Type\"" },
		{ "{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}", "/$schema",
		  "2020-12" },
		{ "{\"$schema\":1}", "/$schema", "$schema must be" },
		{ "{\"$id\":1}", "/$id", "$id must be a string" },
		{ "{\"$id\":\"a#b\"}", "/$id", "fragment" },
		{ "{\"$id\":\"http://a.example/\",\"items\":{\"$id\":\"http://a.example/\"}}",
		  "/items/$id", "exists already" },
		{ "{\"$anchor\":\"1a\"}", "/$anchor", "$anchor must be a name" },
		{ "{\"$anchor\":\"\"}", "/$anchor", "$anchor must be a name" },
		{ "{\"$anchor\":\"a\",\"items\":{\"$dynamicAnchor\":\"a\"}}",
		  "/items/$dynamicAnchor", "exists already" },
		{ "{\"$vocabulary\":{\"a\":1}}", "/$vocabulary", "object of booleans" },
		{ "{\"$vocabulary\":[]}", "/$vocabulary", "object of booleans" },
		{ "{\"$defs\":[]}", "/$defs", "object of schemas" },
		{ "{\"$defs\":{\"a\":1}}", "/$defs/a", "must be a schema" },
		{ "{\"type\":\"int\"}", "/type", "type must be one of" },
		{ "{\"type\":[]}", "/type", "type must be one of" },
		{ "{\"type\":[\"null\",\"null\"]}", "/type", "different" },
		{ "{\"type\":[\"null\",1]}", "/type", "type must be one of" },
		{ "{\"enum\":1}", "/enum", "enum must be an array" },
		{ "{\"minimum\":\"1\"}", "/minimum", "minimum must be a number" },
		{ "{\"multipleOf\":0}", "/multipleOf", "above 0" },
		{ "{\"multipleOf\":-1}", "/multipleOf", "above 0" },
		{ "{\"minLength\":-1}", "/minLength", "at least 0" },
		{ "{\"maxItems\":1.5}", "/maxItems", "integer" },
		{ "{\"pattern\":\"(\"}", "/pattern", "does not compile" },
		{ "{\"patternProperties\":{\"[\":true}}", "/patternProperties/[",
		  "does not compile" },
		{ "{\"uniqueItems\":1}", "/uniqueItems", "true or false" },
		{ "{\"required\":[1]}", "/required", "strings" },
		{ "{\"required\":[\"a\",\"b\",\"a\"]}", "/required", "different" },
		{ "{\"required\":true}", "/required", "array" },
		{ "{\"dependentRequired\":{\"a\":1}}", "/dependentRequired/a", "array" },
		{ "{\"dependentRequired\":[]}", "/dependentRequired", "object" },
		{ "{\"properties\":{\"a\":{\"b\":1}}}", "/properties/a/b",
		  "unknown keyword \"b\"" },
		{ "{\"items\":[{}]}", "/items", "items must be a schema" },
		{ "{\"prefixItems\":[]}", "/prefixItems", "one schema or more" },
		{ "{\"allOf\":[1]}", "/allOf/0", "must be a schema" },
		{ "{\"anyOf\":{}}", "/anyOf", "one schema or more" },
		{ "{\"format\":1}", "/format", "format must be a string" },
		{ "{\"$ref\":\"http://a.example/b\"}", "/$ref", "leaves the document" },
		{ "{\"$ref\":\"other.json#/a\"}", "/$ref", "leaves the document" },
		{ "{\"$ref\":\"#/$defs/no\"}", "/$ref", "leads nowhere" },
		{ "{\"$ref\":\"#no\"}", "/$ref", "leads nowhere" },
		{ "{\"$ref\":\"#/default\",\"default\":{}}", "/$ref", "leads nowhere" },
		{ "{\"$ref\":\"#%2\"}", "/$ref", "leads nowhere" },
		{ "{\"$dynamicRef\":\"#no\"}", "/$dynamicRef", "leads nowhere" },
		{ "{\"$ref\":\"#\"}", "", "back to itself" },
		{ "{\"allOf\":[{\"$ref\":\"#\"}]}", "", "back to itself" },
		{ "{\"$dynamicAnchor\":\"a\",\"not\":{\"$dynamicRef\":\"#a\"}}", "",
		  "back to itself" },
		{ "{\"if\":true,\"then\":{\"dependentSchemas\":{\"a\":{\"$ref\":\"#\"}}}}", "",
		  "back to itself" },
		{ "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}}}",
		  "/$defs/a", "back to itself" },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		refused(cases[i].schema, cases[i].path, cases[i].word);
}

static void
test_references(void)
{
	static const char tree[] = "{\"type\":\"object\",\"properties\":{\"v\":{\"type\":"
	    "\"integer\"},\"kids\":{\"items\":{\"$ref\":\"#\"}}},\"additionalProperties\":false}";
	static const char names[] = "{\"$defs\":{\"a b\":{\"type\":\"null\"},\"c/d\":{\"type\":"
	    "\"string\"}},\"properties\":{\"1\":{\"$ref\":\"#/$defs/a%20b\"},"
	    "\"2\":{\"$ref\":\"#/$defs/c~1d\"}}}";
	static const char dots[] = "{\"$id\":\"http://h.example/a/b/c\",\"$defs\":{"
	    "\"x\":{\"$id\":\"../d?q\",\"type\":\"null\"},\"y\":{\"$id\":\"//o.example/./e/../f\","
	    "\"type\":\"string\"},\"z\":{\"$id\":\"/g/\",\"type\":\"boolean\"}},\"properties\":{"
	    "\"x\":{\"$ref\":\"http://h.example/a/d?q\"},\"y\":{\"$ref\":\"http://o.example/f\"},"
	    "\"z\":{\"$ref\":\"../../g/h/..\"}}}";

	expect(tree, "{\"v\":1,\"kids\":[{\"v\":2},{\"kids\":[{}]}]}", 0);
	expect(tree, "{\"v\":1,\"kids\":[{\"v\":2},{\"kids\":[{\"v\":\"x\"}]}]}", 1);
	expect(names, "{\"1\":null,\"2\":\"s\"}", 0);
	expect(names, "{\"1\":1}", 1);
	expect(names, "{\"2\":1}", 1);
	expect(dots, "{\"x\":null,\"y\":\"s\",\"z\":true}", 0);
	expect(dots, "{\"x\":1}", 1);
	expect(dots, "{\"y\":1}", 1);
	expect(dots, "{\"z\":1}", 1);
}

static void
test_unevaluated(void)
{
	static const char branches[] = "{\"anyOf\":[{\"properties\":{\"a\":{\"const\":1}},"
	    "\"required\":[\"a\"]},{\"properties\":{\"b\":{\"const\":1}},\"required\":[\"b\"]}],"
	    "\"unevaluatedProperties\":false}";
	static const char deep[] = "{\"properties\":{\"o\":{\"allOf\":[{\"properties\":{\"a\":"
	    "true}}],\"unevaluatedProperties\":{\"type\":\"null\"}}}}";

	expect(branches, "{\"a\":1}", 0);
	expect(branches, "{\"a\":1,\"b\":1}", 0);
	expect(branches, "{\"a\":1,\"b\":2}", 1);
	expect(branches, "{\"a\":1,\"c\":1}", 1);
	expect(deep, "{\"o\":{\"a\":1,\"b\":null}}", 0);
	expect(deep, "{\"o\":{\"a\":1,\"b\":1}}", 1);
	expect("{\"contains\":{\"type\":\"null\"},\"unevaluatedItems\":{\"type\":\"string\"}}",
	    "[null,\"a\",null]", 0);
	expect("{\"contains\":{\"type\":\"null\"},\"unevaluatedItems\":{\"type\":\"string\"}}",
	    "[null,1]", 1);
	expect("{\"if\":{\"required\":[\"a\"],\"properties\":{\"a\":true}},"
	    "\"unevaluatedProperties\":false}", "{\"a\":1}", 0);
	expect("{\"not\":{\"not\":{\"properties\":{\"a\":true}}},"
	    "\"unevaluatedProperties\":false}", "{\"a\":1}", 1);
	expect("{\"unevaluatedItems\":false}", "[]", 0);
	expect("{\"unevaluatedItems\":false}", "[1,2,3,4,5,6,7,8,9]", 1);
}

static void
test_numbers(void)
{
	expect("{\"const\":18446744073709551617}", "18446744073709551616", 1);
	expect("{\"const\":18446744073709551617}", "18446744073709551617.0", 0);
	expect("{\"maximum\":18446744073709551616}", "18446744073709551617", 1);
	expect("{\"maximum\":1e400}", "1e399", 0);
	expect("{\"maximum\":1e400}", "1e401", 1);
	expect("{\"uniqueItems\":true}", "[9007199254740992,9007199254740993]", 0);
	expect("{\"uniqueItems\":true}", "[0,-0.0]", 1);
	expect("{\"uniqueItems\":true}", "[{\"a\":1,\"b\":2},{\"b\":2e0,\"a\":1.0}]", 1);
	expect("{\"type\":\"integer\"}", "1e400", 0);
	expect("{\"type\":\"integer\"}", "1e-400", 1);
	expect("{\"multipleOf\":1e-2}", "123456789012345678901234567890.12", 0);
	expect("{\"multipleOf\":1e-2}", "123456789012345678901234567890.123", 1);
	expect("{\"maxLength\":1e30}", "\"a\"", 0);
	expect("{\"minLength\":2.0}", "\"a\"", 1);
	expect("{\"enum\":[true]}", "1", 1);
	expect("{\"const\":null}", "false", 1);
}

static void
test_strings(void)
{
	expect("{\"maxLength\":2}", "\"\\ud83d\\ude00\xc3\xa9\"", 0);
	expect("{\"minLength\":3}", "\"\\ud83d\\ude00\xc3\xa9\"", 1);
	expect("{\"minLength\":3,\"maxLength\":3}", "\"a\\u0000b\"", 0);
	expect("{\"pattern\":\"^a\\\\0b$\"}", "\"a\\u0000b\"", 0);
	expect("{\"pattern\":\"^a\\u0000b$\"}", "\"a\\u0000b\"", 0);
	expect("{\"pattern\":\"^ab$\"}", "\"a\\u0000b\"", 1);
	expect("{\"const\":\"a\\u0000b\"}", "\"a\\u0000b\"", 0);
	expect("{\"properties\":{\"a\\u0000\":{\"type\":\"null\"}}}", "{\"a\\u0000\":1}", 1);
	expect("{\"properties\":{\"a\\u0000\":{\"type\":\"null\"}}}", "{\"a\":1}", 0);
}

/* `head`, `count` times `piece`, `tail`. */
static char *
repeat(const char *head, const char *piece, size_t count, const char *tail)
{
	struct buf text;

	buf_init(&text, 64UL * 1024 * 1024);
	buf_puts(&text, head);
	while (count-- > 0)
		buf_puts(&text, piece);
	buf_puts(&text, tail);
	return buf_take(&text);
}

/* The judgement stops at a limit, at `path` (NULL: anywhere), with `word` in the reason. */
static void
stops(const char *schema, const char *instance, const char *path, const char *word)
{
	struct schema_fault fault = { .why = "" };
	int result = judge(schema, instance, &fault);

	CHECK(result == -1, "%.60s: %d: %s", schema, result, fault.why);
	CHECK(path == NULL || strcmp(fault.path, path) == 0, "%.60s: path %s", schema,
	    fault.path);
	CHECK(strstr(fault.why, word) != NULL, "%.60s: why %s", schema, fault.why);
}

static void
test_patterns_limited(void)
{
	char *hard = repeat("{\"a\":\"", "a", 40, "!\"}"), *wide = repeat("\"", "a", 90000, "\"");
	char *easy = repeat("\"", "abc,", 20000, "x\"");

	stops("{\"properties\":{\"a\":{\"pattern\":\"^(a+)+$\"}}}", hard, "/a", "pattern");
	stops("{\"properties\":{\"a\":{\"not\":{\"pattern\":\"^(a+)+$\"}}}}", hard, "/a",
	    "pattern");
	stops("{\"patternProperties\":{\"a\":{\"anyOf\":[{\"pattern\":\"^(a|a)*$\"},true]}}}",
	    hard, "/a", "pattern");
	/* Little work at each offset, but at so many of them. */
	stops("{\"pattern\":\"a*a*[bc]\"}", wide, "", "pattern");
	expect("{\"pattern\":\"[a-z]+x$\"}", easy, 1);
	expect("{\"pattern\":\"x$\"}", easy, 0);
	free(hard);
	free(wide);
	free(easy);
}

/* Reasons and paths that do not fit end in "...", between two characters. */
static void
test_long_reasons(void)
{
	char *name = repeat("{\"", "\xc3\xa9", 400, "\":1}");
	struct schema_fault fault;
	struct buf text;
	cJSON *check;
	int i, result;

	result = judge("{\"additionalProperties\":{\"type\":\"null\"}}", name, &fault);
	CHECK(result == 1 && strlen(fault.path) > 240 &&
	    strcmp(fault.path + strlen(fault.path) - 3, "...") == 0, "path %s", fault.path);
	result = judge("{\"additionalProperties\":false}", name, &fault);
	CHECK(result == 1 && strlen(fault.why) < 100, "why %s", fault.why);
	free(name);
	buf_init(&text, 65536);
	buf_puts(&text, "{\"properties\":{\"a\":true");
	for (i = 0; i < 100; i++)
		buf_printf(&text, ",\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac%d"
		    "\":true", i);
	buf_puts(&text, "},\"additionalProperties\":false}");
	result = judge(buf_str(&text), "{\"b\":1}", &fault);
	CHECK(result == 1 && strlen(fault.why) > 200 &&
	    strcmp(fault.why + strlen(fault.why) - 3, "...") == 0, "why %s", fault.why);
	buf_reset(&text);
	json_quote(&text, fault.why);
	check = parse(buf_str(&text));
	CHECK(check != NULL, "the cut is between two characters");
	cJSON_Delete(check);
	buf_finish(&text);
}

static void
test_unique_limited(void)
{
	struct schema_fault fault;
	struct buf text;
	int i, result;

	/* Many different values are no problem. */
	buf_init(&text, 16UL * 1024 * 1024);
	for (i = 0; i < 100000; i++)
		buf_printf(&text, "%s\"%d\"", i == 0 ? "[" : ",", i);
	buf_puts(&text, "]");
	result = judge("{\"uniqueItems\":true}", buf_str(&text), &fault);
	CHECK(result == 0, "%d: %s", result, fault.why);
	/* Numbers that are one double have one hash, so all are compared. */
	buf_reset(&text);
	for (i = 0; i < 3000; i++)
		buf_printf(&text, "%s100000000000000000000000%04d", i == 0 ? "[" : ",", i);
	buf_puts(&text, "]");
	stops("{\"uniqueItems\":true}", buf_str(&text), "", "steps");
	buf_finish(&text);
}

static void
test_limits(void)
{
	struct buf text;
	char *deep, *wide;
	int i;

	test_patterns_limited();
	test_long_reasons();
	test_unique_limited();
	/* Three ways down at each level: 3^30 without a bound. */
	deep = repeat("", "[", 60, "]");
	wide = repeat(deep, "]", 59, "");
	stops("{\"$defs\":{\"n\":{\"items\":{\"anyOf\":[{\"not\":{\"$ref\":\"#/$defs/n\"}},"
	    "{\"not\":{\"$ref\":\"#/$defs/n\"}},{\"$ref\":\"#/$defs/n\"}]}}},"
	    "\"$ref\":\"#/$defs/n\"}",
	    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	    NULL, "steps");
	expect("{\"items\":{\"$ref\":\"#\"}}", wide, 0);
	stops("{\"items\":{\"$ref\":\"#/$defs/a\"},\"$defs\":{\"a\":{\"$ref\":\"#\"}}}", wide, NULL,
	    "nested too deeply");
	free(deep);
	free(wide);
	wide = repeat("[1", ",1", 199990, "]");
	stops("{\"allOf\":[{\"items\":{\"allOf\":[true,true,true,true]}},{\"items\":"
	    "{\"allOf\":[true]}}]}", wide, NULL, "steps");
	expect("{\"items\":{\"type\":\"integer\"}}", wide, 0);
	free(wide);
	buf_init(&text, 65536);
	buf_puts(&text, "{\"$defs\":{\"200\":true");
	for (i = 0; i < 200; i++)
		buf_printf(&text, ",\"%d\":{\"$ref\":\"#/$defs/%d\"}", i, i + 1);
	buf_puts(&text, "}}");
	refused(buf_str(&text), "/$defs/128", "too long");
	buf_finish(&text);
}

/* Numbers that cJSON made carry no text. */
static void
test_made_trees(void)
{
	static const struct {
		const char	*schema;
		double		 number;
		int		 want;
	} cases[] = {
		{ "{\"type\":\"integer\"}", 3, 0 }, { "{\"type\":\"integer\"}", 3.5, 1 },
		{ "{\"type\":\"integer\"}", 1e300, 0 }, { "{\"const\":0.1}", 0.1, 1 },
		{ "{\"const\":0.5}", 0.5, 0 }, { "{\"minimum\":-1e30}", -1e29, 0 },
		{ "{\"maximum\":1}", 2, 1 }, { "{\"multipleOf\":0.25}", 1.75, 0 },
	};
	struct schema_fault fault;
	struct schema *schema;
	cJSON *root, *instance;
	size_t i;
	int result;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		root = parse(cases[i].schema);
		instance = cJSON_CreateNumber(cases[i].number);
		schema = schema_create(root, &fault);
		result = schema_check(schema, instance, &fault);
		CHECK(result == cases[i].want, "%s with %g: %d", cases[i].schema, cases[i].number,
		    result);
		schema_destroy(schema);
		cJSON_Delete(root);
		cJSON_Delete(instance);
	}
	root = cJSON_CreateObject();
	json_put(root, "maxItems", cJSON_CreateNumber(1e300));
	json_put(root, "minimum", cJSON_CreateNumber(2.5));
	schema = schema_create(root, &fault);
	CHECK(schema != NULL, "a made schema: %s", fault.why);
	instance = cJSON_CreateNumber(2);
	result = schema == NULL ? -2 : schema_check(schema, instance, &fault);
	CHECK(result == 1 && strcmp(fault.why, "must be a number of at least 2.5") == 0, "%d %s",
	    result, fault.why);
	schema_destroy(schema);
	schema_destroy(NULL);
	cJSON_Delete(root);
	cJSON_Delete(instance);
}

int
main(void)
{
	test_keywords();
	test_messages();
	test_refusals();
	test_references();
	test_unevaluated();
	test_numbers();
	test_strings();
	test_limits();
	test_made_trees();
	return check_done();
}
