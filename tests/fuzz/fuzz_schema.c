/* SPDX-License-Identifier: MIT */
/*
 * fuzz_schema.c - wire/schema: the first line is a schema, the rest an instance. No
 * schema and no instance may crash it or keep it, and every refusal has its reason.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"
#include "wire/schema.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must_say_why(const struct schema_fault *fault)
{
	if (memchr(fault->why, '\0', sizeof fault->why) == NULL || fault->why[0] == '\0' ||
	    memchr(fault->path, '\0', sizeof fault->path) == NULL)
		abort();
}

static void
judge(const struct schema *s, const cJSON *instance)
{
	struct schema_fault fault;
	int result, again;

	memset(&fault, 0xff, sizeof fault);
	result = schema_check(s, instance, &fault);
	if (result < -1 || result > 1)
		abort();
	if (result != 0)
		must_say_why(&fault);
	again = schema_check(s, instance, &fault);
	if (again != result)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, '\n', len);
	struct schema_fault fault;
	struct json_fault bad;
	cJSON *root, *instance;
	struct schema *s = NULL;

	if (end == NULL)
		return 0;
	root = json_parse((const char *)data, (size_t)(end - data), &bad);
	instance = json_parse((const char *)end + 1, len - (size_t)(end - data) - 1, &bad);
	memset(&fault, 0xff, sizeof fault);
	if (root != NULL) {
		s = schema_create(root, &fault);
		if (s == NULL)
			must_say_why(&fault);
	}
	if (s != NULL && instance != NULL)
		judge(s, instance);
	schema_destroy(s);
	cJSON_Delete(instance);
	cJSON_Delete(root);
	return 0;
}
