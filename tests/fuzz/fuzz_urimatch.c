/* SPDX-License-Identifier: MIT */
/*
 * fuzz_urimatch.c - wire/urimatch: the first line is a template, the second a URI, the rest the
 * values. What a template is expanded to matches it; the variables are the values wherever they
 * can be no others, and expand to the same URI everywhere.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/urimatch.h"
#include "wire/uritemplate.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Whether each literal between two variables has a character that no expanded string has. */
static bool
is_unique(const char *text)
{
	const char *p, *end;

	for (p = text; (p = strchr(p, '}')) != NULL; ) {
		p++;
		end = strchr(p, '{');
		if (end != NULL && end[1] != '?' && strcspn(p, ":/?#[]@!$&'()*+,;=") >= (size_t)(end - p))
			return false;
	}
	return true;
}

/* The strings among `values` that can come back; what has to be there is. */
static cJSON *
choose(const struct urimatch *m, const cJSON *values)
{
	cJSON *chosen = cJSON_CreateObject();
	const char *name, *value;
	size_t i;

	for (i = 0; i < urimatch_count(m); i++) {
		name = urimatch_name(m, i);
		value = json_str(values, name);
		if (value != NULL && strstr(value, "\xc0\x80") != NULL)
			value = NULL;
		if (!urimatch_is_optional(m, i) && (value == NULL || *value == '\0'))
			value = name;
		if (value != NULL)
			json_put(chosen, name, cJSON_CreateString(value));
	}
	return chosen;
}

static void
round_trip(const struct uritemplate *t, const struct urimatch *m, const cJSON *values, bool unique)
{
	struct buf uri, again;
	const char *why, *name;
	cJSON *vars;

	buf_init(&uri, LIMIT_URL);
	buf_init(&again, LIMIT_URL);
	if (uritemplate_expand(t, values, &uri, &why, &name) == 0) {
		if (urimatch_apply(m, buf_str(&uri), &vars) != 1)
			abort();
		if (unique && !cJSON_Compare(vars, values, true))
			abort();
		if (uritemplate_expand(t, vars, &again, &why, &name) == -1 ||
		    strcmp(buf_str(&uri), buf_str(&again)) != 0)
			abort();
		cJSON_Delete(vars);
	}
	buf_finish(&uri);
	buf_finish(&again);
}

static void
match(const char *text, const char *uri, const cJSON *values)
{
	char reason[200] = "";
	struct urimatch *m = urimatch_create(text, reason, sizeof reason);
	struct uritemplate *t;
	const char *why;
	size_t offset;
	cJSON *vars;

	if (m == NULL) {
		if (reason[0] == '\0')
			abort();
		return;
	}
	t = uritemplate_create(text, &why, &offset);
	vars = choose(m, values);
	round_trip(t, m, vars, is_unique(text));
	cJSON_Delete(vars);
	switch (urimatch_apply(m, uri, &vars)) {
	case 1:
		/* All that has to be there is, and each is a string that can be sent on. */
		if (cJSON_GetArraySize(vars) > (int)urimatch_count(m))
			abort();
		round_trip(t, m, vars, false);
		cJSON_Delete(vars);
		break;
	case 0:
		if (vars != NULL)
			abort();
		break;
	default:
		abort();
	}
	uritemplate_destroy(t);
	urimatch_destroy(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = (const char *)data, *end = p + len, *mid, *rest;
	struct json_fault fault;
	char *text, *uri;
	cJSON *values;

	mid = memchr(p, '\n', len);
	rest = mid == NULL ? NULL : memchr(mid + 1, '\n', (size_t)(end - mid - 1));
	if (rest == NULL)
		return 0;
	text = strndup(p, (size_t)(mid - p));
	uri = strndup(mid + 1, (size_t)(rest - mid - 1));
	values = json_parse(rest + 1, (size_t)(end - rest - 1), &fault);
	match(text, uri, values);
	cJSON_Delete(values);
	free(uri);
	free(text);
	return 0;
}
