/* SPDX-License-Identifier: MIT */
/* step.c - a step's description, and what its answer brings; see step.h. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "mcp/failure.h"
#include "mcp/pick.h"
#include "mcp/step.h"
#include "wire/json.h"
#include "wire/pattern.h"
#include "wire/pointer.h"

static int	load_response(struct step *, cJSON *, const char *, struct spec_fault *);
static int	load_find(struct step *, const struct request_names *, cJSON *, const char *,
		    struct spec_fault *);

/* Add a name that a step brings; no argument and no step before may have it. */
static int
add_name(cJSON *known, const char *name, bool always, const char *place,
    struct spec_fault *f)
{
	if (*name == '\0' || strlen(name) > LIMIT_TOOL_NAME || name[strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] != '\0')
		return spec_fail(f, place, "\"%s\": a name is of letters, digits and _", name);
	if (json_get(known, name) != NULL)
		return spec_fail(f, place, "\"%s\" is the name of an argument or of what another "
		    "step brings", name);
	return json_put(known, name, cJSON_CreateBool(always)) == 0 ? 0 :
	    spec_fail(f, place, "out of memory");
}

int
step_load(struct step *s, const struct service *service, const cJSON *spec, cJSON *known,
    const cJSON *schema, const char *place, struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "when", SPEC_STRING, false },
		{ "request", SPEC_OBJECT, true },
		{ "response", SPEC_OBJECT, false },
		{ "find", SPEC_OBJECT, false },
		{ NULL, SPEC_ANY, false },
	};
	const struct request_names names = { known, schema };
	char at[SPEC_PLACE];

	if (spec_check(spec, keys, place, f) == -1)
		return -1;
	s->response = json_get(spec, "response");
	s->find = json_get(spec, "find");
	if ((s->response == NULL) == (s->find == NULL))
		return spec_fail(f, place, "must have one of \"response\" and \"find\"");
	s->when = json_str(spec, "when");
	if (s->when != NULL && json_get(known, s->when) == NULL)
		return spec_fail(f, place, "\"when\": no argument is called \"%s\"", s->when);
	snprintf(at, sizeof at, "%s/request", place);
	if (request_load(&s->request, service, json_get(spec, "request"), &names, at, f) == -1)
		return -1;
	snprintf(at, sizeof at, "%s/%s", place, s->find != NULL ? "find" : "response");
	return s->find != NULL ? load_find(s, &names, known, at, f) :
	    load_response(s, known, at, f);
}

static int
load_response(struct step *s, cJSON *known, const char *place, struct spec_fault *f)
{
	char at[SPEC_PLACE], below[SPEC_PLACE / 2] = "", reason[256];
	const cJSON *child;

	if (pick_check(s->response, known, below, sizeof below, reason, sizeof reason) == -1) {
		snprintf(at, sizeof at, "%.200s%s", place, below);
		return spec_fail(f, at, "%s", reason);
	}
	if (!pick_is_object(s->response))
		return spec_fail(f, place, "what a step brings has names: {\"name\": PICK, ...}");
	cJSON_ArrayForEach(child, s->response)
		if (add_name(known, child->string, s->when == NULL, place, f) == -1)
			return -1;
	return s->response->child != NULL ? 0 : spec_fail(f, place, "must bring something");
}

/* A member of "find" that is a pointer. */
static int
check_pointer(const cJSON *pointer, const char *place, struct spec_fault *f)
{
	const char *why = "it is no string";

	if (cJSON_IsString(pointer) && pointer_check(pointer->valuestring, &why) == 0)
		return 0;
	return spec_fail(f, place, "\"each\", \"id\" and those in \"match\" are JSON Pointers: %s",
	    why);
}

static int
load_find(struct step *s, const struct request_names *names, cJSON *known, const char *place,
    struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "argument", SPEC_STRING, true },
		{ "unless", SPEC_STRING, false },
		{ "ignore", SPEC_STRING, false },
		{ "each", SPEC_ANY, true },
		{ "match", SPEC_ARRAY, true },
		{ "id", SPEC_ANY, true },
		{ "as", SPEC_STRING, true },
		{ "candidate", SPEC_ANY, false },
		{ NULL, SPEC_ANY, false },
	};
	char below[SPEC_PLACE / 2] = "", reason[256];
	const cJSON *one, *candidate;

	if (spec_check(s->find, keys, place, f) == -1)
		return -1;
	s->argument = json_str(s->find, "argument");
	s->as = json_str(s->find, "as");
	if (json_get(known, s->argument) == NULL)
		return spec_fail(f, place, "no argument is called \"%s\"", s->argument);
	if (json_str(s->find, "unless") != NULL) {
		s->unless = pattern_create(json_str(s->find, "unless"), reason, sizeof reason);
		if (s->unless == NULL)
			return spec_fail(f, place, "\"unless\": %s", reason);
	}
	if (check_pointer(json_get(s->find, "each"), place, f) == -1 ||
	    check_pointer(json_get(s->find, "id"), place, f) == -1)
		return -1;
	cJSON_ArrayForEach(one, json_get(s->find, "match"))
		if (check_pointer(one, place, f) == -1)
			return -1;
	if (json_get(s->find, "match")->child == NULL)
		return spec_fail(f, place, "\"match\" must have a pointer to a name");
	candidate = json_get(s->find, "candidate");
	if (candidate != NULL &&
	    pick_check(candidate, known, below, sizeof below, reason, sizeof reason) == -1)
		return spec_fail(f, place, "\"candidate\"%s: %s", below, reason);
	return add_name(known, s->as, s->when == NULL && request_is_given(names, s->argument),
	    place, f);
}

void
step_finish(struct step *s)
{
	request_finish(&s->request);
	pattern_destroy(s->unless);
	memset(s, 0, sizeof *s);
}

/* The argument of that name, unless it is null. */
static const cJSON *
value_of(const cJSON *args, const char *name)
{
	const cJSON *value = json_get(args, name);

	return cJSON_IsNull(value) ? NULL : value;
}

void
step_forget(const struct step *s, cJSON *args)
{
	const cJSON *child;

	if (s->find != NULL)
		cJSON_DeleteItemFromObjectCaseSensitive(args, s->as);
	cJSON_ArrayForEach(child, s->response)
		cJSON_DeleteItemFromObjectCaseSensitive(args, child->string);
}

int
step_is_needed(const struct step *s, cJSON *args)
{
	const cJSON *name;
	size_t work = 0;

	/* Where the schema lets more in than it names, a caller's word is not the service's. */
	step_forget(s, args);
	if (s->when != NULL && value_of(args, s->when) == NULL)
		return 0;
	if (s->find == NULL)
		return 1;
	name = value_of(args, s->argument);
	if (name == NULL)
		return 0;
	if (s->unless == NULL || !cJSON_IsString(name))
		return 1;
	switch (pattern_match(s->unless, name->valuestring, &work)) {
	case PATTERN_MATCH:
		return json_put(args, s->as, cJSON_CreateString(name->valuestring)) == 0 ? 0 : -1;
	case PATTERN_MEMORY:
		return -1;
	case PATTERN_LIMIT:
	case PATTERN_NO_MATCH:
		break;
	}
	return 1;
}

static int
fail_memory(struct failure *f)
{
	failure_init(f, "internal", 500, "the bridge is short of memory; nothing was done; repeat "
	    "the call later");
	f->retryable = true;
	return -1;
}

static int
take_response(const struct step *s, cJSON *args, const cJSON *document, struct failure *f)
{
	const cJSON *child;
	const char *why;
	cJSON *value;

	cJSON_ArrayForEach(child, s->response) {
		why = "it is not there";
		if (pick_apply(child, document, args, &value, &why) == -1 || value == NULL) {
			failure_init(f, "upstream_unexpected", 502, "nothing was done: a first "
			    "answer of the service has no %s (%s); tell the operator",
			    child->string, why);
			return -1;
		}
		if (json_put(args, child->string, value) == -1)
			return fail_memory(f);
	}
	return 0;
}

/* What of an item's names is like `name`: it, a part of one whatever its case, or none. */
enum likeness { UNLIKE, SIMILAR, EXACT };

static enum likeness
compare(const struct step *s, const cJSON *item, const char *name)
{
	enum likeness best = UNLIKE;
	const cJSON *pointer, *value;

	cJSON_ArrayForEach(pointer, json_get(s->find, "match")) {
		value = pointer_get(item, pointer->valuestring);
		if (!cJSON_IsString(value))
			continue;
		if (strcmp(value->valuestring, name) == 0)
			return EXACT;
		if (strcasestr(value->valuestring, name) != NULL)
			best = SIMILAR;
	}
	return best;
}

/* Append the candidate that an item is, as long as there is room for one. 0 or -1 (memory). */
static int
add_candidate(cJSON *list, const struct step *s, const cJSON *item, const cJSON *args)
{
	const cJSON *pick = json_get(s->find, "candidate");
	const char *why;
	cJSON *value;

	if (cJSON_GetArraySize(list) >= LIMIT_CANDIDATES)
		return 0;
	if (pick_apply(pick != NULL ? pick : json_get(s->find, "id"), item, args, &value,
	    &why) == -1)
		return -1;
	return value == NULL ? 0 : json_push(list, value);
}

/* More than one item has the name, or none: nothing is sent. */
static int
fail_find(const struct step *s, const cJSON *list, const char *name, enum likeness wanted,
    const cJSON *args, struct failure *f)
{
	const cJSON *item;

	if (wanted == EXACT)
		failure_init(f, "name_ambiguous", 409, "nothing was done: several have the name in "
		    "\"%s\"; give the id of the right candidate", s->argument);
	else
		failure_init(f, "name_unknown", 404, "nothing was done: among the %d that the "
		    "service listed none has exactly the name in \"%s\"; give the id or the name "
		    "of a candidate, or look it up", cJSON_GetArraySize(list), s->argument);
	f->candidates = cJSON_CreateArray();
	cJSON_ArrayForEach(item, list)
		if (f->candidates != NULL && compare(s, item, name) == wanted &&
		    add_candidate(f->candidates, s, item, args) == -1)
			break;
	return -1;
}

static int
take_find(const struct step *s, cJSON *args, const cJSON *document, struct failure *f)
{
	const cJSON *list = pointer_get(document, json_str(s->find, "each")), *item, *id = NULL;
	const char *name = json_str(args, s->argument), *ignore = json_str(s->find, "ignore");
	size_t found = 0;

	if (name == NULL || *name == '\0') {
		failure_init(f, "invalid_argument", 400, "/%s: must be an id or a name",
		    s->argument);
		return -1;
	}
	if (!cJSON_IsArray(list)) {
		failure_init(f, "upstream_unexpected", 502, "nothing was done: the service's "
		    "answer has no list where its file says; tell the operator");
		return -1;
	}
	if (ignore != NULL && strchr(ignore, name[0]) != NULL && name[1] != '\0')
		name++;
	cJSON_ArrayForEach(item, list)
		if (compare(s, item, name) == EXACT) {
			id = pointer_get(item, json_str(s->find, "id"));
			found++;
		}
	if (found != 1)
		return fail_find(s, list, name, found == 0 ? SIMILAR : EXACT, args, f);
	if (id == NULL || cJSON_IsNull(id)) {
		failure_init(f, "upstream_unexpected", 502, "nothing was done: what has the name "
		    "in \"%s\" has no id; tell the operator", s->argument);
		return -1;
	}
	return json_put(args, s->as, cJSON_Duplicate(id, 1)) == 0 ? 0 : fail_memory(f);
}

int
step_take(const struct step *s, cJSON *args, const cJSON *document, struct failure *f)
{
	return s->find != NULL ? take_find(s, args, document, f) :
	    take_response(s, args, document, f);
}
