/* SPDX-License-Identifier: MIT */
/* spec.c - keys and types against a table; see spec.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "mcp/spec.h"
#include "wire/json.h"

static const char *const type_name[] = {
	[SPEC_STRING] = "a string that is not empty",
	[SPEC_BOOL] = "true or false",
	[SPEC_OBJECT] = "an object",
	[SPEC_ARRAY] = "an array",
	[SPEC_COUNT] = "a whole number above zero",
	[SPEC_ANY] = "any value",
};

static bool	is_type(const cJSON *, enum spec_type);

int
spec_fail(struct spec_fault *f, const char *place, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(f->why, f->whylen, "%s: %s: ", f->file, *place == '\0' ? "/" : place);
	if (n >= 0 && (size_t)n < f->whylen) {
		va_start(ap, fmt);
		vsnprintf(f->why + n, f->whylen - (size_t)n, fmt, ap);
		va_end(ap);
	}
	return -1;
}

int
spec_fail_file(struct spec_fault *f, const char *place, bool absent, const char *reason,
    const char *key)
{
	if (!absent || key == NULL)
		return spec_fail(f, place, "%s", reason);
	return spec_fail(f, place, "%s; %s = ... in the configuration names another", reason, key);
}

cJSON *
spec_read(struct spec_fault *f)
{
	struct json_fault fault;
	size_t line, column;
	cJSON *root = NULL;
	struct buf text;

	buf_init(&text, LIMIT_SERVICE_FILE);
	if (file_read(&text, f->file, f->why, f->whylen) == -1)
		goto out;
	root = json_parse(buf_str(&text), text.len, &fault);
	if (root == NULL) {
		json_place(buf_str(&text), fault.offset, &line, &column);
		snprintf(f->why, f->whylen, "%s:%zu:%zu: not JSON: %s", f->file, line, column,
		    fault.why);
	}
out:
	buf_finish(&text);
	return root;
}

static bool
is_type(const cJSON *item, enum spec_type type)
{
	int64_t count;

	switch (type) {
	case SPEC_STRING:
		return cJSON_IsString(item) && item->valuestring[0] != '\0' && !json_has_nul(item);
	case SPEC_BOOL:
		return cJSON_IsBool(item);
	case SPEC_OBJECT:
		return cJSON_IsObject(item);
	case SPEC_ARRAY:
		return cJSON_IsArray(item);
	case SPEC_COUNT:
		return json_integer(item, &count) == 0 && count > 0;
	case SPEC_ANY:
		break;
	}
	return true;
}

int
spec_check(const cJSON *object, const struct spec_key *keys, const char *place,
    struct spec_fault *f)
{
	char inner[512];
	const cJSON *child;
	const struct spec_key *k;

	if (!cJSON_IsObject(object))
		return spec_fail(f, place, "must be an object");
	cJSON_ArrayForEach(child, object) {
		for (k = keys; k->name != NULL && strcmp(k->name, child->string) != 0; k++)
			;
		snprintf(inner, sizeof inner, "%s/%s", place, child->string);
		if (k->name == NULL)
			return spec_fail(f, inner,
			    "unknown key; ums-mcp-service(5) lists the known ones");
		if (!is_type(child, k->type))
			return spec_fail(f, inner, "must be %s", type_name[k->type]);
	}
	for (k = keys; k->name != NULL; k++)
		if (k->required && json_get(object, k->name) == NULL)
			return spec_fail(f, place, "\"%s\" is missing; it is %s", k->name,
			    type_name[k->type]);
	return 0;
}
