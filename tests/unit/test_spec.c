/* SPDX-License-Identifier: MIT */
/* test_spec.c - each type of a key, right and wrong, and what the error says. */
#include <string.h>

#include "check.h"
#include "mcp/spec.h"
#include "wire/json.h"

static const struct spec_key keys[] = {
	{ "name", SPEC_STRING, true },
	{ "on", SPEC_BOOL, false },
	{ "object", SPEC_OBJECT, false },
	{ "array", SPEC_ARRAY, false },
	{ "count", SPEC_COUNT, false },
	{ "any", SPEC_ANY, false },
	{ NULL, SPEC_ANY, false },
};

static const struct {
	const char	*text;
	const char	*said;	/* NULL: it is right */
} rows[] = {
	{ "{\"name\":\"a\"}", NULL },
	{ "{\"name\":\"a\",\"on\":false,\"object\":{},\"array\":[],\"count\":1,\"any\":null}", NULL },
	{ "{}", "f.json: /p: \"name\" is missing; it is a string" },
	{ "[]", "f.json: /p: must be an object" },
	{ "{\"name\":\"\"}", "f.json: /p/name: must be a string that is not empty" },
	{ "{\"name\":\"a\\u0000b\"}", "f.json: /p/name: must be a string" },
	{ "{\"name\":1}", "f.json: /p/name: must be a string" },
	{ "{\"name\":\"a\",\"on\":\"yes\"}", "f.json: /p/on: must be true or false" },
	{ "{\"name\":\"a\",\"object\":[]}", "f.json: /p/object: must be an object" },
	{ "{\"name\":\"a\",\"array\":{}}", "f.json: /p/array: must be an array" },
	{ "{\"name\":\"a\",\"count\":0}", "f.json: /p/count: must be a whole number above zero" },
	{ "{\"name\":\"a\",\"count\":1.5}", "f.json: /p/count: must be a whole number" },
	{ "{\"name\":\"a\",\"Name\":\"a\"}", "f.json: /p/Name: unknown key" },
};

int
main(void)
{
	char why[256];
	struct spec_fault f = { .file = "f.json", .why = why, .whylen = sizeof why };
	struct json_fault fault;
	cJSON *item;
	size_t i;
	int got;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		item = json_parse(rows[i].text, strlen(rows[i].text), &fault);
		why[0] = '\0';
		got = spec_check(item, keys, "/p", &f);
		CHECK(got == (rows[i].said == NULL ? 0 : -1), "%s: %d, %s", rows[i].text, got, why);
		if (rows[i].said != NULL)
			CHECK(strncmp(why, rows[i].said, strlen(rows[i].said)) == 0, "%s: %s",
			    rows[i].text, why);
		cJSON_Delete(item);
	}
	CHECK(spec_fail(&f, "", "%s", "x") == -1 && strcmp(why, "f.json: /: x") == 0, "%s", why);
	f.whylen = 4;
	CHECK(spec_fail(&f, "/a", "%s", "x") == -1 && strcmp(why, "f.j") == 0, "%s", why);
	return check_done();
}
