/* SPDX-License-Identifier: MIT */
/* pick.c - the forms of a pick, each with its check and its use; see pick.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "mcp/pick.h"
#include "mcp/text.h"
#include "wire/json.h"
#include "wire/markdown.h"
#include "wire/pointer.h"
#include "wire/uritemplate.h"

enum form { FORM_POINTER, FORM_LIST, FORM_VALUE, FORM_ARGUMENT, FORM_URI, FORM_OBJECT,
	FORM_NONE };

static enum form form_of(const cJSON *);
static int	check(const cJSON *, const cJSON *, char *, size_t, char *, size_t, int);
static int	check_keys(const cJSON *, const char *const *, char *, size_t);
static int	apply_list(const cJSON *, const cJSON *, const cJSON *, cJSON **, const char **);
static int	apply_object(const cJSON *, const cJSON *, const cJSON *, cJSON **, const char **);

static enum form
form_of(const cJSON *pick)
{
	if (cJSON_IsString(pick))
		return FORM_POINTER;
	if (!cJSON_IsObject(pick))
		return FORM_NONE;
	if (json_get(pick, "each") != NULL)
		return FORM_LIST;
	if (json_get(pick, "pointer") != NULL)
		return FORM_POINTER;
	if (json_get(pick, "value") != NULL)
		return FORM_VALUE;
	if (json_get(pick, "argument") != NULL)
		return FORM_ARGUMENT;
	if (json_get(pick, "uriTemplate") != NULL)
		return FORM_URI;
	return FORM_OBJECT;
}

bool
pick_is_list(const cJSON *pick)
{
	return form_of(pick) == FORM_LIST;
}

bool
pick_is_object(const cJSON *pick)
{
	return form_of(pick) == FORM_OBJECT;
}

bool
pick_reads(const cJSON *pick)
{
	const cJSON *child;

	switch (form_of(pick)) {
	case FORM_POINTER:
	case FORM_LIST:
		return true;
	case FORM_OBJECT:
		cJSON_ArrayForEach(child, pick)
			if (pick_reads(child))
				return true;
		return false;
	case FORM_URI:
		return pick_reads(json_get(pick, "variables"));
	case FORM_VALUE:
	case FORM_ARGUMENT:
	case FORM_NONE:
		break;
	}
	return false;
}

static int
check_keys(const cJSON *pick, const char *const *allowed, char *why, size_t whylen)
{
	const cJSON *child;
	size_t i;

	cJSON_ArrayForEach(child, pick) {
		for (i = 0; allowed[i] != NULL && strcmp(child->string, allowed[i]) != 0; i++)
			;
		if (allowed[i] == NULL) {
			snprintf(why, whylen, "unknown key \"%s\" beside \"%s\"", child->string,
			    allowed[0]);
			return -1;
		}
	}
	return 0;
}

static int
check_pointer(const cJSON *value, char *why, size_t whylen)
{
	const char *reason;

	if (!cJSON_IsString(value)) {
		snprintf(why, whylen, "must be a JSON Pointer in a string");
		return -1;
	}
	if (pointer_check(value->valuestring, &reason) == 0)
		return 0;
	snprintf(why, whylen, "\"%s\" is not a JSON Pointer: %s", value->valuestring, reason);
	return -1;
}

static int
check_argument(const cJSON *value, const cJSON *known, char *why, size_t whylen)
{
	if (cJSON_IsString(value) && json_get(known, value->valuestring) != NULL)
		return 0;
	snprintf(why, whylen, "must name an argument in inputSchema.properties");
	return -1;
}

/* Of a URI, that its template is one and its variables are exactly those that are picked. */
static int
check_uri(const cJSON *pick, char *why, size_t whylen)
{
	const cJSON *variables = json_get(pick, "variables"), *child;
	struct uritemplate *template;
	const char *reason = "it must be a string";
	size_t offset = 0, i, count;

	template = json_str(pick, "uriTemplate") == NULL ? NULL :
	    uritemplate_create(json_str(pick, "uriTemplate"), &reason, &offset);
	if (template == NULL) {
		snprintf(why, whylen, "\"uriTemplate\" is no URI Template: %s, at byte %zu", reason,
		    offset);
		return -1;
	}
	why[0] = '\0';
	count = uritemplate_count(template);
	for (i = 0; i < count && why[0] == '\0'; i++)
		if (json_get(variables, uritemplate_name(template, i)) == NULL)
			snprintf(why, whylen, "\"variables\" has no pick for {%.80s}",
			    uritemplate_name(template, i));
	cJSON_ArrayForEach(child, variables) {
		for (i = 0; i < count && strcmp(uritemplate_name(template, i), child->string) != 0;
		    i++)
			;
		if (i == count && why[0] == '\0')
			snprintf(why, whylen, "\"uriTemplate\" has no variable {%.80s}",
			    child->string);
	}
	uritemplate_destroy(template);
	return why[0] == '\0' ? 0 : -1;
}

static int
check(const cJSON *pick, const cJSON *known, char *place, size_t placelen, char *why,
    size_t whylen, int depth)
{
	static const char *const pointer_keys[] = {
		"pointer", "untrusted", "default", "map", "time", "markdown", NULL
	};
	static const char *const list_keys[] = {
		"each", "item", "key", "order", "only", "omit_empty",
		NULL
	};
	static const char *const value_keys[] = { "value", NULL };
	static const char *const argument_keys[] = { "argument", NULL };
	static const char *const uri_keys[] = { "uriTemplate", "variables", NULL };
	const cJSON *child;
	size_t at = strlen(place);

	if (depth > LIMIT_PICK_DEPTH) {
		snprintf(why, whylen, "nested more than %d deep", LIMIT_PICK_DEPTH);
		return -1;
	}
	switch (form_of(pick)) {
	case FORM_POINTER:
		if (cJSON_IsString(pick))
			return check_pointer(pick, why, whylen);
		child = json_get(pick, "untrusted");
		if (child != NULL && !cJSON_IsBool(child)) {
			snprintf(why, whylen, "\"untrusted\" must be true or false");
			return -1;
		}
		child = json_get(pick, "map");
		if (child != NULL && !cJSON_IsObject(child)) {
			snprintf(why, whylen, "\"map\" must be an object of upstream values");
			return -1;
		}
		child = json_get(pick, "time");
		if (child != NULL && (!cJSON_IsString(child) ||
		    (strcmp(child->valuestring, "s") != 0 &&
		    strcmp(child->valuestring, "ms") != 0))) {
			snprintf(why, whylen, "\"time\" must be \"s\" or \"ms\" since 1970");
			return -1;
		}
		child = json_get(pick, "markdown");
		if (child != NULL && (!cJSON_IsString(child) ||
		    !markdown_reads(markdown_dialect(child->valuestring)))) {
			snprintf(why, whylen, "\"markdown\" must be the dialect that stands there: "
			    "\"slack\" or \"html\"");
			return -1;
		}
		if (check_keys(pick, pointer_keys, why, whylen) == -1)
			return -1;
		return check_pointer(json_get(pick, "pointer"), why, whylen);
	case FORM_LIST:
		child = json_get(pick, "key");
		if (child != NULL && (!cJSON_IsString(child) || child->valuestring[0] == '\0' ||
		    !pick_is_object(json_get(pick, "item")) ||
		    json_get(json_get(pick, "item"), child->valuestring) != NULL)) {
			snprintf(why, whylen, "\"key\" must be the name of a member that \"item\" "
			    "has not, and \"item\" an object of picks");
			return -1;
		}
		child = json_get(pick, "omit_empty");
		if (child != NULL && !cJSON_IsBool(child)) {
			snprintf(why, whylen, "\"omit_empty\" must be true or false");
			return -1;
		}
		child = json_get(pick, "only");
		if (check_keys(pick, list_keys, why, whylen) == -1 ||
		    check_pointer(json_get(pick, "each"), why, whylen) == -1 ||
		    (json_get(pick, "order") != NULL &&
		    check_pointer(json_get(pick, "order"), why, whylen) == -1) ||
		    (child != NULL && check_argument(child, known, why, whylen) == -1))
			return -1;
		snprintf(place + at, placelen - at, "/item");
		return check(json_get(pick, "item"), known, place, placelen, why, whylen,
		    depth + 1);
	case FORM_VALUE:
		return check_keys(pick, value_keys, why, whylen);
	case FORM_ARGUMENT:
		return check_keys(pick, argument_keys, why, whylen) == -1 ? -1 :
		    check_argument(json_get(pick, "argument"), known, why, whylen);
	case FORM_URI:
		child = json_get(pick, "variables");
		if (check_keys(pick, uri_keys, why, whylen) == -1)
			return -1;
		if (!pick_is_object(child)) {
			snprintf(why, whylen, "\"variables\" must be an object of a pick for each "
			    "variable of \"uriTemplate\"");
			return -1;
		}
		if (check_uri(pick, why, whylen) == -1)
			return -1;
		snprintf(place + at, placelen - at, "/variables");
		return check(child, known, place, placelen, why, whylen, depth + 1);
	case FORM_OBJECT:
		cJSON_ArrayForEach(child, pick) {
			snprintf(place + at, placelen - at, "/%s", child->string);
			if (check(child, known, place, placelen, why, whylen, depth + 1) == -1)
				return -1;
			place[at] = '\0';
		}
		return 0;
	case FORM_NONE:
		break;
	}
	snprintf(why, whylen, "must be a pointer in a string or an object");
	return -1;
}

int
pick_check(const cJSON *pick, const cJSON *known, char *place, size_t placelen, char *why,
    size_t whylen)
{
	return check(pick, known, place, placelen, why, whylen, 0);
}

int
pick_untrusted(const cJSON *pick, const char *name, cJSON *names)
{
	const cJSON *child;

	switch (form_of(pick)) {
	case FORM_POINTER:
		if (!json_true(pick, "untrusted"))
			return 0;
		cJSON_ArrayForEach(child, names)
			if (strcmp(child->valuestring, name) == 0)
				return 0;
		return json_push(names, cJSON_CreateString(name));
	case FORM_LIST:
		return pick_untrusted(json_get(pick, "item"), name, names);
	case FORM_OBJECT:
		cJSON_ArrayForEach(child, pick)
			if (pick_untrusted(child, child->string, names) == -1)
				return -1;
		return 0;
	case FORM_URI:
		cJSON_ArrayForEach(child, json_get(pick, "variables"))
			if (pick_untrusted(child, name, names) == -1)
				return -1;
		return 0;
	case FORM_VALUE:
	case FORM_ARGUMENT:
	case FORM_NONE:
		break;
	}
	return 0;
}

cJSON *
pick_clean(const cJSON *value)
{
	cJSON *copy, *child;
	const cJSON *from;
	struct buf text;

	if (cJSON_IsString(value)) {
		buf_init(&text, strlen(value->valuestring));
		copy = cJSON_CreateNull();
		if (copy == NULL || text_clean(&text, value->valuestring) == -1) {
			buf_finish(&text);
			cJSON_Delete(copy);
			return NULL;
		}
		copy->type = cJSON_String;
		copy->valuestring = buf_take(&text);
		if (copy->valuestring == NULL) {
			cJSON_Delete(copy);
			return NULL;
		}
		return copy;
	}
	if (!cJSON_IsArray(value) && !cJSON_IsObject(value))
		return cJSON_Duplicate(value, 0);
	copy = cJSON_IsArray(value) ? cJSON_CreateArray() : cJSON_CreateObject();
	cJSON_ArrayForEach(from, value) {
		child = pick_clean(from);
		if ((cJSON_IsArray(value) ? json_push(copy, child) :
		    json_put(copy, from->string, child)) == -1) {
			cJSON_Delete(copy);
			return NULL;
		}
	}
	return copy;
}

/* The value of a pointer form, borrowed from the document or from the pick itself. */
static const cJSON *
resolve(const cJSON *pick, const cJSON *document, bool *foreign)
{
	const cJSON *value, *map, *mapped;

	*foreign = true;
	if (cJSON_IsString(pick))
		return pointer_get(document, pick->valuestring);
	value = pointer_get(document, json_str(pick, "pointer"));
	map = json_get(pick, "map");
	if (map != NULL && cJSON_IsString(value)) {
		mapped = json_get(map, value->valuestring);
		if (mapped != NULL) {
			*foreign = false;
			return mapped;
		}
	}
	if (value == NULL || cJSON_IsNull(value)) {
		*foreign = false;
		return json_get(pick, "default");
	}
	return value;
}

/* A time since 1970, a number or its text, as RFC 3339; what is none stays as it is. */
static cJSON *
copy_time(const cJSON *value, const char *unit)
{
	double ms = cJSON_IsNumber(value) ? value->valuedouble : 0;
	char stamp[CLOCK_STAMP], *end;

	if (cJSON_IsString(value)) {
		ms = strtod(value->valuestring, &end);
		if (end == value->valuestring || *end != '\0')
			return pick_clean(value);
	} else if (!cJSON_IsNumber(value))
		return pick_clean(value);
	if (strcmp(unit, "s") == 0)
		ms *= 1000;
	/* From 1970 to 9999: what RFC 3339 can say. */
	if (!(ms >= 0 && ms < 253402300800000.0))
		return pick_clean(value);
	clock_stamp((int64_t)ms, stamp);
	return cJSON_CreateString(stamp);
}

/* A text in a service's dialect as CommonMark. NULL: no memory. */
static cJSON *
copy_markdown(const cJSON *value, const char *dialect)
{
	cJSON *text = NULL, *clean = NULL;
	struct buf out;

	if (!cJSON_IsString(value))
		return pick_clean(value);
	buf_init(&out, LIMIT_MARKDOWN);
	if (markdown_from(&out, markdown_dialect(dialect), value->valuestring) == 0)
		text = cJSON_CreateString(buf_str(&out));
	buf_finish(&out);
	if (text != NULL)
		clean = pick_clean(text);
	cJSON_Delete(text);
	return clean;
}

/* Whether `name` is among the strings of the argument `only`; all are when it is absent. */
static bool
is_kept(const cJSON *only, const char *name)
{
	const cJSON *child;

	if (!cJSON_IsArray(only))
		return true;
	cJSON_ArrayForEach(child, only)
		if (cJSON_IsString(child) && strcmp(child->valuestring, name) == 0)
			return true;
	return false;
}

/* Put the name that an item has in an object, which is the service's word, into it. 0 or -1. */
static int
put_key(cJSON *item, const char *key, const char *name)
{
	cJSON *raw = cJSON_CreateString(name), *clean = raw == NULL ? NULL : pick_clean(raw);

	cJSON_Delete(raw);
	return json_put(item, key, clean);
}

/* A member of an object, found by its name. */
struct named {
	const cJSON	*member;
	bool		 given;		/* of a name that is there twice once is enough */
};

/* The elements of a list, or an object's in the order of an array of its names. */
struct elements {
	const cJSON	*at;		/* the next; in `names`: of the array */
	struct named	*names;		/* the object's members by name; NULL: as they come */
	size_t		 count;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->member->string,
	    ((const struct named *)b)->member->string);
}

static int
is_name(const void *name, const void *named)
{
	return strcmp(name, ((const struct named *)named)->member->string);
}

/* free() of the names must follow. 0 or -1 (memory). */
static int
elements_open(struct elements *e, const cJSON *list, const char *order, const cJSON *document)
{
	const cJSON *from;

	*e = (struct elements){ .at = list->child };
	if (order == NULL)
		return 0;
	e->names = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *e->names);
	if (e->names == NULL)
		return -1;
	cJSON_ArrayForEach(from, list)
		e->names[e->count++].member = from;
	qsort(e->names, e->count, sizeof *e->names, by_name);
	from = pointer_get(document, order);
	e->at = from == NULL ? NULL : from->child;
	return 0;
}

/* The next one, NULL behind the last; names that the object has not are passed over. */
static const cJSON *
elements_next(struct elements *e)
{
	struct named *found;
	const cJSON *at;

	for (at = e->at; at != NULL; at = at->next) {
		e->at = at->next;
		if (e->names == NULL)
			return at;
		if (!cJSON_IsString(at))
			continue;
		found = bsearch(at->valuestring, e->names, e->count, sizeof *e->names, is_name);
		if (found == NULL || found->given)
			continue;
		found->given = true;
		return found->member;
	}
	return NULL;
}

static int
apply_list(const cJSON *pick, const cJSON *document, const cJSON *args, cJSON **out,
    const char **why)
{
	const cJSON *list = pointer_get(document, json_str(pick, "each")), *from, *only = NULL;
	const char *key = json_str(pick, "key"), *order = json_str(pick, "order");
	struct elements elements;
	cJSON *array, *item, *member, *next;

	if (list == NULL || cJSON_IsNull(list))
		return 0;
	if (key != NULL || order != NULL ? !cJSON_IsObject(list) : !cJSON_IsArray(list)) {
		*why = "a list was expected and something else came";
		return -1;
	}
	if (elements_open(&elements, list, order, document) == -1) {
		*why = NULL;
		return -1;
	}
	if (json_str(pick, "only") != NULL)
		only = json_get(args, json_str(pick, "only"));
	array = cJSON_CreateArray();
	while ((from = elements_next(&elements)) != NULL) {
		item = NULL;
		if (pick_apply(json_get(pick, "item"), from, args, &item, why) == -1)
			goto fail;
		if (item == NULL)
			continue;
		if (key != NULL && put_key(item, key, from->string) == -1) {
			cJSON_Delete(item);
			*why = NULL;
			goto fail;
		}
		/* What is no object has no members, whatever came instead. */
		member = only != NULL && cJSON_IsObject(item) ? item->child : NULL;
		for (; member != NULL; member = next) {
			next = member->next;
			if (!is_kept(only, member->string))
				cJSON_Delete(cJSON_DetachItemViaPointer(item, member));
		}
		if (json_push(array, item) == -1) {
			*why = NULL;
			goto fail;
		}
	}
	free(elements.names);
	if (array == NULL) {
		*why = NULL;
		return -1;
	}
	if (array->child == NULL && json_true(pick, "omit_empty"))
		cJSON_Delete(array);
	else
		*out = array;
	return 0;
fail:
	free(elements.names);
	cJSON_Delete(array);
	return -1;
}

const cJSON *
pick_last(const cJSON *pick, const cJSON *document)
{
	const cJSON *list = pointer_get(document, json_str(pick, "each")), *last = list;

	if (json_str(pick, "order") != NULL)
		last = pointer_get(document, json_str(pick, "order"));
	last = last == NULL || last->child == NULL ? NULL : last->child->prev;
	return last == NULL || json_str(pick, "order") == NULL ? last :
	    cJSON_IsString(last) ? json_get(list, last->valuestring) : NULL;
}

static int
apply_object(const cJSON *pick, const cJSON *document, const cJSON *args, cJSON **out,
    const char **why)
{
	cJSON *object = cJSON_CreateObject(), *value;
	const cJSON *child;

	cJSON_ArrayForEach(child, pick) {
		value = NULL;
		if (pick_apply(child, document, args, &value, why) == -1) {
			cJSON_Delete(object);
			return -1;
		}
		/* An object of which nothing is there is not there either. */
		if (value != NULL && form_of(child) == FORM_OBJECT && value->child == NULL) {
			cJSON_Delete(value);
			continue;
		}
		if (value != NULL && json_put(object, child->string, value) == -1) {
			cJSON_Delete(object);
			object = NULL;
			break;
		}
	}
	*out = object;
	if (object == NULL)
		*why = NULL;
	return object == NULL ? -1 : 0;
}

/* Whether all variables of a template are among those that were picked, each with a character. */
static bool
are_given(const cJSON *wanted, const cJSON *picked)
{
	const cJSON *child, *value;

	cJSON_ArrayForEach(child, wanted) {
		value = json_get(picked, child->string);
		if (value == NULL || (cJSON_IsString(value) && value->valuestring[0] == '\0'))
			return false;
	}
	return true;
}

static int
apply_uri(const cJSON *pick, const cJSON *document, const cJSON *args, cJSON **out,
    const char **why)
{
	const cJSON *variables = json_get(pick, "variables");
	struct uritemplate *template = NULL;
	cJSON *values = NULL;
	const char *name;
	struct buf text;
	size_t offset;
	int result = -1;

	buf_init(&text, LIMIT_URL);
	if (apply_object(variables, document, args, &values, why) == -1)
		goto out;
	result = 0;
	if (!are_given(variables, values))
		goto out;
	/* It was read when the pick was checked: now only memory can be short for it. */
	template = uritemplate_create(json_str(pick, "uriTemplate"), why, &offset);
	result = template == NULL ? -1 : uritemplate_expand(template, values, &text, why, &name);
	if (result == 0 && (*out = cJSON_CreateString(buf_str(&text))) == NULL)
		result = -1;
	if (template == NULL || text.starved)
		*why = NULL;
out:
	uritemplate_destroy(template);
	cJSON_Delete(values);
	buf_finish(&text);
	return result;
}

int
pick_apply(const cJSON *pick, const cJSON *document, const cJSON *args, cJSON **out,
    const char **why)
{
	const cJSON *value = NULL;
	bool foreign = false;

	*out = NULL;
	switch (form_of(pick)) {
	case FORM_LIST:
		return apply_list(pick, document, args, out, why);
	case FORM_OBJECT:
		return apply_object(pick, document, args, out, why);
	case FORM_URI:
		return apply_uri(pick, document, args, out, why);
	case FORM_POINTER:
		value = resolve(pick, document, &foreign);
		break;
	case FORM_VALUE:
		value = json_get(pick, "value");
		break;
	case FORM_ARGUMENT:
		value = json_get(args, json_str(pick, "argument"));
		break;
	case FORM_NONE:
		break;
	}
	if (value == NULL || cJSON_IsNull(value))
		return 0;
	if (foreign && json_str(pick, "time") != NULL)
		*out = copy_time(value, json_str(pick, "time"));
	else if (foreign && json_str(pick, "markdown") != NULL)
		*out = copy_markdown(value, json_str(pick, "markdown"));
	else
		*out = foreign ? pick_clean(value) : cJSON_Duplicate(value, 1);
	if (*out != NULL)
		return 0;
	*why = NULL;
	return -1;
}
