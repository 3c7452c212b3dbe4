/* SPDX-License-Identifier: MIT */
/* step.c - a step's description, and what its answer brings; see step.h. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
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
	snprintf(at, sizeof at, "%s/find/next_cursor", place);
	if (json_get(s->find, "next_cursor") != NULL &&
	    (paging_load(&s->next, json_get(s->find, "next_cursor"), at, f) == -1 ||
	    request_add_name(known, STEP_CURSOR, false, at, f) == -1))
		return -1;
	snprintf(at, sizeof at, "%s/request", place);
	if (request_load(&s->request, service, json_get(spec, "request"), &names, at, f) == -1)
		return -1;
	if (s->next.given && !request_uses(&s->request, STEP_CURSOR))
		return spec_fail(f, at, "must have a place for {" STEP_CURSOR "}, to go on with "
		    "the list of \"find\"");
	cJSON_DeleteItemFromObjectCaseSensitive(known, STEP_CURSOR);
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
		if (request_add_name(known, child->string, s->when == NULL, place, f) == -1)
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
		{ "next_cursor", SPEC_ANY, false },
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
	return request_add_name(known, s->as, s->when == NULL &&
	    request_is_given(names, s->argument), place, f);
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
	/* Of a list without pages it is a name like others. */
	if (s->next.given)
		cJSON_DeleteItemFromObjectCaseSensitive(args, STEP_CURSOR);
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
take_response(const struct step *s, cJSON *args, const cJSON *document, struct failure *f)
{
	const cJSON *child;
	const char *why;
	cJSON *value;
	int result;

	cJSON_ArrayForEach(child, s->response) {
		why = "it is not there";
		result = pick_apply(child, document, args, &value, &why);
		if (result == -1 && why == NULL)
			return failure_memory(f);
		if (result == -1 || value == NULL) {
			failure_init(f, "upstream_unexpected", 502, "nothing was done: a first "
			    "answer of the service has no %s (%s); tell the operator",
			    child->string, why);
			return -1;
		}
		if (json_put(args, child->string, value) == -1)
			return failure_memory(f);
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
add_candidate(cJSON **list, const struct step *s, const cJSON *item, const cJSON *args)
{
	const cJSON *pick = json_get(s->find, "candidate");
	const char *why;
	cJSON *value;

	if (*list == NULL)
		*list = cJSON_CreateArray();
	if (*list == NULL)
		return -1;
	if (cJSON_GetArraySize(*list) >= LIMIT_CANDIDATES)
		return 0;
	if (pick_apply(pick != NULL ? pick : json_get(s->find, "id"), item, args, &value,
	    &why) == -1)
		return -1;
	return value == NULL ? 0 : json_push(*list, value);
}

/* More than one item has the name, or none, or not all were seen: nothing is sent. */
static int
fail_find(const struct step *s, struct step_search *search, struct failure *f)
{
	cJSON **told = search->found > 0 ? &search->exact : &search->similar;

	if (search->found > 1)
		failure_init(f, "name_ambiguous", 409, "nothing was done: several have the name in "
		    "\"%s\"; give the id of the right candidate", s->argument);
	else if (search->found == 1)
		failure_init(f, "name_ambiguous", 409, "nothing was done: among the first %zu one "
		    "has the name in \"%s\", and there are more than are looked through; give the "
		    "id of the candidate if it is the right one", search->listed, s->argument);
	else
		failure_init(f, "name_unknown", 404, "nothing was done: among the %zu that the "
		    "service listed none has exactly the name in \"%s\"; give %sthe name of a "
		    "candidate, or look it up", search->listed, s->argument,
		    s->unless != NULL ? "the id or " : "");
	f->candidates = *told != NULL ? *told : cJSON_CreateArray();
	*told = NULL;
	return -1;
}

/* Look through one page of the list. 0 or -1 (memory). */
static int
search_page(const struct step *s, struct step_search *search, const cJSON *list, const char *name,
    const cJSON *args)
{
	const cJSON *item, *id;
	enum likeness likeness;

	cJSON_ArrayForEach(item, list) {
		search->listed++;
		likeness = compare(s, item, name);
		if (likeness == EXACT && ++search->found == 1) {
			id = pointer_get(item, json_str(s->find, "id"));
			search->id = cJSON_Duplicate(id, 1);
			if (id != NULL && search->id == NULL)
				return -1;
		}
		if (likeness != UNLIKE && add_candidate(likeness == EXACT ? &search->exact :
		    &search->similar, s, item, args) == -1)
			return -1;
	}
	search->pages++;
	return 0;
}

/* Whether the list goes on; then where is in `args`. 1, 0, or -1 (memory). */
static int
search_goes_on(const struct step *s, cJSON *args, const struct answer *a, const cJSON *document)
{
	struct buf cursor;
	int result = 0;

	cJSON_DeleteItemFromObjectCaseSensitive(args, STEP_CURSOR);
	if (!s->next.given)
		return 0;
	buf_init(&cursor, LIMIT_CURSOR);
	paging_next(&cursor, &s->next, s->find, document, a);
	if (cursor.failed)
		result = -1;
	else if (cursor.len > 0)
		result = json_put(args, STEP_CURSOR,
		    cJSON_CreateString(buf_str(&cursor))) == -1 ? -1 : 1;
	buf_finish(&cursor);
	return result;
}

static int
take_find(const struct step *s, cJSON *args, struct step_search *search, const struct answer *a,
    const cJSON *document, struct failure *f)
{
	const cJSON *list = pointer_get(document, json_str(s->find, "each"));
	const char *name = json_str(args, s->argument), *ignore = json_str(s->find, "ignore");
	int more;

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
	if (search_page(s, search, list, name, args) == -1)
		return failure_memory(f);
	more = search_goes_on(s, args, a, document);
	if (more == -1)
		return failure_memory(f);
	if (more == 1 && search->found < 2 && search->pages < STEP_PAGES)
		return 1;
	if (more == 1 || search->found != 1)
		return fail_find(s, search, f);
	if (search->id == NULL || cJSON_IsNull(search->id)) {
		failure_init(f, "upstream_unexpected", 502, "nothing was done: what has the name "
		    "in \"%s\" has no id; tell the operator", s->argument);
		return -1;
	}
	more = json_put(args, s->as, search->id);
	search->id = NULL;
	return more == 0 ? 0 : failure_memory(f);
}

int
step_take(const struct step *s, cJSON *args, struct step_search *search, const struct answer *a,
    const cJSON *document, struct failure *f)
{
	return s->find != NULL ? take_find(s, args, search, a, document, f) :
	    take_response(s, args, document, f);
}

void
step_search_finish(struct step_search *search)
{
	cJSON_Delete(search->id);
	cJSON_Delete(search->exact);
	cJSON_Delete(search->similar);
	*search = (struct step_search){ 0 };
}
