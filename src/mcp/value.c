/* SPDX-License-Identifier: MIT */
/* value.c - constants, defaults, what is derived: named, put in, taken out; see value.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "mcp/failure.h"
#include "mcp/request.h"
#include "mcp/service.h"
#include "mcp/value.h"
#include "wire/json.h"
#include "wire/sms.h"

static int	load_derived(struct value *, const cJSON *, struct tool *, const char *,
		    struct spec_fault *);
static int	derive(const struct value *, const cJSON *, cJSON **, struct failure *);

/* The ways to derive: the member that says so beside "argument", its value, what is made. */
static const struct way {
	const char	*member;
	const char	*word;
	enum value_kind	 kind;
} ways[] = {
	{ "time", "s", VALUE_TIME_S },
	{ "time", "ms", VALUE_TIME_MS },
	{ "markdown", NULL, VALUE_MARKDOWN },	/* a dialect */
	{ "sms", "segments", VALUE_SMS_SEGMENTS },
	{ "sms", "encoding", VALUE_SMS_ENCODING },
};

#define WAYS	(sizeof ways / sizeof ways[0])

int
value_load(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *child, *derived = json_get(spec, "derive");
	char at[SPEC_PLACE];

	cJSON_ArrayForEach(child, t->service->values)
		if (request_add_name(t->known, child->string, true, place, f) == -1)
			return -1;
	if (derived == NULL)
		return 0;
	t->derived = calloc((size_t)cJSON_GetArraySize(derived) + 1, sizeof *t->derived);
	if (t->derived == NULL)
		return spec_fail(f, place, "out of memory");
	cJSON_ArrayForEach(child, derived) {
		snprintf(at, sizeof at, "%.256s/derive/%.128s", place, child->string);
		if (load_derived(&t->derived[t->nderived++], child, t, at, f) == -1)
			return -1;
	}
	return 0;
}

/* Whether an argument may be a text, by the type that its schema says at once. */
static bool
is_text(const struct tool *t, const char *name)
{
	const cJSON *type = json_get(json_get(json_get(t->input, "properties"), name), "type");
	const cJSON *one;

	if (!cJSON_IsArray(type))
		return type == NULL || (cJSON_IsString(type) &&
		    strcmp(type->valuestring, "string") == 0);
	cJSON_ArrayForEach(one, type)
		if (cJSON_IsString(one) && strcmp(one->valuestring, "string") == 0)
			return true;
	return false;
}

static int
load_derived(struct value *v, const cJSON *spec, struct tool *t, const char *place,
    struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "argument", SPEC_STRING, true },
		{ "time", SPEC_STRING, false },
		{ "markdown", SPEC_STRING, false },
		{ "sms", SPEC_STRING, false },
		{ NULL, SPEC_ANY, false },
	};
	const struct request_names names = { t->known, t->input };
	const char *word;
	size_t i;

	if (spec_check(spec, keys, place, f) == -1)
		return -1;
	v->name = spec->string;
	v->argument = json_str(spec, "argument");
	if (json_get(t->known, v->argument) == NULL)
		return spec_fail(f, place, "no argument is called \"%s\"", v->argument);
	if (!is_text(t, v->argument))
		return spec_fail(f, place, "\"%s\" must be an argument with \"type\": "
		    "\"string\", or without any type", v->argument);
	if (cJSON_GetArraySize(spec) != 2)
		return spec_fail(f, place, "must have \"argument\" and what is made of it");
	for (i = 0; i < WAYS; i++) {
		word = json_str(spec, ways[i].member);
		v->dialect = word == NULL ? MARKDOWN_DIALECTS : markdown_dialect(word);
		if (word != NULL && (ways[i].word == NULL ? v->dialect != MARKDOWN_DIALECTS :
		    strcmp(word, ways[i].word) == 0))
			break;
	}
	if (i == WAYS)
		return spec_fail(f, place, "must be \"time\": \"s\" or \"ms\"; \"markdown\": "
		    "\"slack\", \"telegram\", \"whatsapp\", \"html\" or \"text\"; or \"sms\": "
		    "\"segments\" or \"encoding\"");
	v->kind = ways[i].kind;
	return request_add_name(t->known, v->name, request_is_given(&names, v->argument), place,
	    f);
}

void
value_finish(struct tool *t)
{
	free(t->derived);
	t->derived = NULL;
	t->nderived = 0;
}

bool
value_is_used(const struct tool *t, const struct request *r, const char *name)
{
	size_t i;

	for (i = 0; i < t->nderived; i++)
		if (strcmp(t->derived[i].argument, name) == 0 &&
		    value_is_used(t, r, t->derived[i].name))
			return true;
	return request_uses(r, name);
}

/* Take out what is put in here. */
static void
forget_own(const struct tool *t, cJSON *args)
{
	const cJSON *child;
	size_t i;

	cJSON_ArrayForEach(child, t->service->values)
		cJSON_DeleteItemFromObjectCaseSensitive(args, child->string);
	for (i = 0; i < t->nderived; i++)
		cJSON_DeleteItemFromObjectCaseSensitive(args, t->derived[i].name);
}

int
value_fill(const struct tool *t, cJSON *args, struct failure *f)
{
	const cJSON *child, *fallback;
	cJSON *value;
	size_t i;

	forget_own(t, args);
	cJSON_ArrayForEach(child, t->service->values)
		if (json_put(args, child->string, cJSON_Duplicate(child, 1)) == -1)
			goto memory;
	cJSON_ArrayForEach(child, json_get(t->input, "properties")) {
		fallback = json_get(child, "default");
		if (fallback != NULL && json_get(args, child->string) == NULL &&
		    json_put(args, child->string, cJSON_Duplicate(fallback, 1)) == -1)
			goto memory;
	}
	for (i = 0; i < t->nderived; i++) {
		if (derive(&t->derived[i], args, &value, f) == -1)
			return -1;
		if (value != NULL && json_put(args, t->derived[i].name, value) == -1)
			goto memory;
	}
	return 0;
memory:
	return failure_memory(f);
}

/* A text in a dialect. NULL: no memory, or it is longer than that may be. */
static cJSON *
render(const char *text, enum markdown_dialect dialect)
{
	struct buf out;
	cJSON *value = NULL;

	buf_init(&out, LIMIT_MARKDOWN);
	if (markdown_to(&out, dialect, text) == 0)
		value = cJSON_CreateString(buf_str(&out));
	buf_finish(&out);
	return value;
}

static bool
is_time(enum value_kind kind)
{
	return kind == VALUE_TIME_S || kind == VALUE_TIME_MS;
}

/* What is made of an argument; NULL where that is absent. 0, or -1 with the failure in `f`. */
static int
derive(const struct value *v, const cJSON *args, cJSON **out, struct failure *f)
{
	const cJSON *from = json_get(args, v->argument);
	struct sms sms;
	int64_t ms = 0;

	*out = NULL;
	if (from == NULL || cJSON_IsNull(from))
		return 0;
	if (!cJSON_IsString(from) ||
	    (is_time(v->kind) && clock_parse(from->valuestring, &ms) == -1)) {
		failure_init(f, "invalid_argument", 400, "/%s: must be a %s", v->argument,
		    is_time(v->kind) ? "time such as 2026-01-31T09:30:00Z (RFC 3339)" : "text");
		return -1;
	}
	if (v->kind == VALUE_MARKDOWN && strlen(from->valuestring) > LIMIT_COMMONMARK) {
		failure_init(f, "invalid_argument", 400, "/%s: is longer than %d bytes; send it in "
		    "several messages", v->argument, LIMIT_COMMONMARK);
		return -1;
	}
	switch (v->kind) {
	case VALUE_TIME_S:
		*out = json_int(ms / 1000);
		break;
	case VALUE_TIME_MS:
		*out = json_int(ms);
		break;
	case VALUE_MARKDOWN:
		*out = render(from->valuestring, v->dialect);
		break;
	case VALUE_SMS_SEGMENTS:
	case VALUE_SMS_ENCODING:
		sms_count(from->valuestring, &sms);
		*out = v->kind == VALUE_SMS_SEGMENTS ? json_int((int64_t)sms.segments) :
		    cJSON_CreateString(sms.encoding);
		break;
	}
	return *out == NULL ? failure_memory(f) : 0;
}
