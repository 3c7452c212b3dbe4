/* SPDX-License-Identifier: MIT */
/* retry.c - where it is said, and what is said there; see retry.h. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mcp/answer.h"
#include "mcp/request.h"
#include "mcp/retry.h"
#include "wire/json.h"
#include "wire/pointer.h"

int
retry_load(struct retry_source *r, const cJSON *spec, const char *place, struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "pointer", SPEC_STRING, false },
		{ "header", SPEC_STRING, false },
		{ "unit", SPEC_STRING, false },
		{ NULL, SPEC_ANY, false },
	};
	static const char *const units[] = {
		[RETRY_S] = "s", [RETRY_MS] = "ms", [RETRY_EPOCH] = "epoch",
	};
	const char *unit, *why;
	size_t i;

	*r = (struct retry_source){ .unit = RETRY_S };
	if (spec == NULL)
		return 0;
	if (cJSON_IsString(spec))
		r->pointer = spec->valuestring;
	else {
		if (spec_check(spec, keys, place, f) == -1)
			return -1;
		r->pointer = json_str(spec, "pointer");
		r->header = json_str(spec, "header");
		unit = json_str(spec, "unit");
		for (i = 0; unit != NULL && i < 3 && strcmp(unit, units[i]) != 0; i++)
			;
		if (i == 3)
			return spec_fail(f, place, "\"unit\" must be s, ms or epoch");
		r->unit = (enum retry_unit)i;
	}
	if ((r->pointer == NULL) == (r->header == NULL))
		return spec_fail(f, place, "must have one of \"pointer\" and \"header\"");
	if (r->header != NULL)
		return request_is_token(r->header) ? 0 : spec_fail(f, place, "\"header\" must be "
		    "letters, digits and hyphens");
	return pointer_check(r->pointer, &why) == 0 ? 0 : spec_fail(f, place,
	    "\"%s\" is not a JSON Pointer: %s", r->pointer, why);
}

/* A number of that unit in seconds from when the answer came; -1: it is none. */
static int64_t
seconds_of(double number, enum retry_unit unit, const struct answer *a)
{
	double wanted = number;
	int64_t n;

	if (unit == RETRY_MS)
		wanted /= 1000;
	else if (unit == RETRY_EPOCH) {
		wanted -= (double)a->came_ms / 1000;
		/* A clock that goes before ours: it is over. */
		if (wanted < 0)
			wanted = 0;
	}
	if (!(number >= 0) || !(wanted >= 0))
		return -1;
	if (wanted >= LIMIT_RETRY_AFTER_S)
		return LIMIT_RETRY_AFTER_S;
	n = (int64_t)wanted;
	return n < wanted ? n + 1 : n;
}

/* The number that a header has; -1: it has none. */
static double
header_number(const struct answer *a, const char *name)
{
	const char *value;
	char text[32], *end;
	double number;
	size_t len;

	value = answer_header(a, name, &len);
	if (value == NULL || len == 0 || len >= sizeof text)
		return -1;
	memcpy(text, value, len);
	text[len] = '\0';
	if (strspn(text, "0123456789.") != len)
		return -1;
	number = strtod(text, &end);
	return *end == '\0' ? number : -1;
}

int64_t
retry_after_s(const struct retry_source *r, const struct answer *a, const cJSON *document)
{
	const cJSON *value;
	int64_t n;

	/* Zulip counts it with a fraction, which libcurl cuts off: that would be too early. */
	if (a->retry_after_s >= 0) {
		n = seconds_of(header_number(a, "Retry-After"), RETRY_S, a);
		return n > a->retry_after_s ? n : a->retry_after_s;
	}
	if (r->header != NULL)
		return seconds_of(header_number(a, r->header), r->unit, a);
	value = r->pointer == NULL || document == NULL ? NULL :
	    pointer_get(document, r->pointer);
	return cJSON_IsNumber(value) ? seconds_of(value->valuedouble, r->unit, a) : -1;
}

int64_t
retry_read_s(const struct retry_source *r, const struct answer *a)
{
	struct json_fault fault;
	cJSON *document = NULL;
	int64_t n;

	/* A header that every answer may have does not say of a 503 that nothing was done. */
	if (a->outcome != OUTCOME_ANSWERED ||
	    (a->status != 429 && (a->status != 503 || r->header != NULL)))
		return a->retry_after_s;
	if (a->retry_after_s < 0 && r->pointer != NULL)
		document = json_parse(a->body, a->len, &fault);
	n = retry_after_s(r, a, document);
	cJSON_Delete(document);
	return n;
}
