/* SPDX-License-Identifier: MIT */
/* import_answer.c - the answers of an operation into response, outputSchema and error. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/import_part.h"
#include "wire/json.h"

/* The schema of a good answer: the first 2xx that has a body. */
struct answer {
	const cJSON	*schema;	/* NULL: no body, or one without a schema */
	const char	*type;		/* the media type that is not application/json, or NULL */
};

static int	find_answer(struct operation *, struct answer *);
static void	make_picks(struct operation *, const struct answer *);
static void	make_error(struct operation *);

int
import_answer_make(struct operation *op)
{
	struct answer answer = { NULL, NULL };
	cJSON *headers, *request = json_get(op->tool, "request");

	if (find_answer(op, &answer) == -1)
		return -1;
	headers = json_get(request, "headers");
	if (answer.type != NULL && headers == NULL) {
		headers = cJSON_CreateObject();
		import_put(op->import, request, "headers", headers);
	}
	if (answer.type != NULL && !op->import->starved)
		import_put(op->import, headers, "Accept", cJSON_CreateString(answer.type));
	make_picks(op, &answer);
	make_error(op);
	return 0;
}

/* The schema of one answer of OpenAPI, or of Swagger. 1; 0: it has no body; -1: not JSON. */
static int
answer_schema(struct operation *op, const cJSON *response, struct answer *a)
{
	const cJSON *content, *one, *types;
	bool json = false;

	if (op->import->version == SWAGGER_20) {
		a->schema = json_get(response, "schema");
		types = json_get(op->spec, "produces") != NULL ? json_get(op->spec, "produces") :
		    json_get(op->import->root, "produces");
		cJSON_ArrayForEach(one, types)
			if (cJSON_IsString(one) && import_body_is_json(one->valuestring))
				json = true;
		if (a->schema != NULL && cJSON_IsArray(types) && types->child != NULL && !json)
			return import_refuse(op, "produces: no JSON among the answer's types");
		return a->schema != NULL;
	}
	content = json_get(response, "content");
	if (!cJSON_IsObject(content) || content->child == NULL)
		return 0;
	cJSON_ArrayForEach(one, content)
		if (import_body_is_json(one->string))
			break;
	if (one == NULL)
		return import_refuse(op, "responses: the answer is no JSON, but %.100s",
		    content->child->string);
	a->schema = json_get(one, "schema");
	if (strcmp(one->string, "application/json") != 0 && strncmp(one->string, "*/*", 3) != 0)
		a->type = one->string;
	return 1;
}

static bool
is_good_status(const char *status)
{
	return status[0] == '2' && strlen(status) == 3;
}

static int
find_answer(struct operation *op, struct answer *a)
{
	const cJSON *responses = json_get(op->spec, "responses"), *one, *response;
	bool found = false, redirects = false;
	int result = 0;

	cJSON_ArrayForEach(one, responses) {
		redirects = redirects || (one->string != NULL && one->string[0] == '3');
		if (one->string == NULL || !is_good_status(one->string))
			continue;
		found = true;
		response = import_follow(op, one, "responses");
		if (response == NULL)
			return -1;
		result = answer_schema(op, response, a);
		if (result != 0)
			return result == -1 ? -1 : 0;
	}
	if (!found && redirects)
		return import_refuse(op, "responses: a redirect, which the bridge does not follow");
	if (found || json_get(responses, "default") == NULL)
		return 0;
	response = import_follow(op, json_get(responses, "default"), "responses");
	return response == NULL ? -1 : answer_schema(op, response, a) == -1 ? -1 : 0;
}

/* ====== what a result has ====== */

/* The JSON Pointer of a member, appended to `pointer`. */
static void
put_segment(struct buf *pointer, const char *name)
{
	buf_putc(pointer, '/');
	for (; *name != '\0'; name++)
		if (*name == '~' || *name == '/')
			buf_puts(pointer, *name == '~' ? "~0" : "~1");
		else
			buf_putc(pointer, *name);
}

/* A list, for the bridge to cut where a result is too large; else the value as it is. */
static cJSON *
make_pick(struct operation *op, const char *pointer, bool list)
{
	cJSON *pick;

	if (!list)
		return cJSON_CreateString(pointer);
	pick = cJSON_CreateObject();
	import_put(op->import, pick, "each", cJSON_CreateString(pointer));
	import_put(op->import, pick, "item", cJSON_CreateString(""));
	return pick;
}

/* Whether the tool has an argument of the name. */
static bool
takes(const struct operation *op, const char *name)
{
	return json_get(json_get(json_get(op->tool, "inputSchema"), "properties"), name) != NULL;
}

/* The parameter by which the caller asks for a page, or NULL. */
static const char *
page_argument(const struct operation *op)
{
	static const char *const names[] = { "cursor", "page_token", "pageToken", "PageToken",
	    "page",
		"Page", "offset", "after", "before", "starting_after", "next", "start", "skip" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (takes(op, names[i]))
			return names[i];
	return NULL;
}

/*
 * The schema of a member: its type, if it is one. NULL: more than one, or none. Documents call a
 * number what services write as text, and a result that does not fit would be an error.
 */
static cJSON *
type_schema(struct import *im, unsigned kinds)
{
	static const struct {
		unsigned	 kind;
		const char	*word;
	} words[] = {
		{ KIND_BOOLEAN, "boolean" }, { KIND_NUMBER, "number" }, { KIND_STRING, "string" },
		{ KIND_ARRAY, "array" }, { KIND_OBJECT, "object" },
	};
	cJSON *schema, *types;
	size_t i;

	kinds &= ~(unsigned)KIND_NULL;
	for (i = 0; i < sizeof words / sizeof words[0] && words[i].kind != kinds; i++)
		;
	if (i == sizeof words / sizeof words[0])
		return NULL;
	schema = cJSON_CreateObject();
	if (kinds == KIND_NUMBER) {
		types = cJSON_CreateArray();
		import_push(im, types, cJSON_CreateString("number"));
		import_push(im, types, cJSON_CreateString("string"));
		import_put(im, schema, "type", types);
	} else
		import_put(im, schema, "type", cJSON_CreateString(words[i].word));
	return schema;
}

/* The result's member for one of the answer's: the bridge has some names for itself. */
static void
result_name(const char *name, char *out, size_t size)
{
	static const char *const own[] = { "next_cursor", "truncated", "untrusted",
		"idempotent_replay", "confirm_token" };
	size_t i;

	for (i = 0; i < sizeof own / sizeof own[0] && strcmp(own[i], name) != 0; i++)
		;
	snprintf(out, size, "%s%s", i < sizeof own / sizeof own[0] ? "service_" : "", name);
}

/* One member into a pick and its schema; of a required one it is said that it is there. */
static void
add_member(struct operation *op, cJSON *picks, cJSON *properties, cJSON *required,
    const struct member *member, bool *list)
{
	unsigned kinds = import_schema_kinds(op, member->schema);
	/* Only a read is paged through, and one member of it; a cursor of the service's own would
	 * be taken for the bridge's. */
	bool each = kinds == KIND_ARRAY && !*list && strcmp(op->method, "GET") == 0 &&
	    !takes(op, "cursor");
	char name[LIMIT_REASON];
	cJSON *schema;
	struct buf pointer;

	result_name(member->name, name, sizeof name);
	if (strlen(member->name) > LIMIT_REASON / 2 || json_get(picks, name) != NULL)
		return;
	buf_init(&pointer, LIMIT_URL);
	put_segment(&pointer, member->name);
	import_put(op->import, picks, name, make_pick(op, buf_str(&pointer), each));
	buf_finish(&pointer);
	*list = *list || each;
	schema = type_schema(op->import, kinds);
	if (schema == NULL)
		return;
	import_put(op->import, properties, name, schema);
	/* null is left out of a result. */
	if (member->required && (kinds & KIND_NULL) == 0)
		import_push(op->import, required, cJSON_CreateString(name));
}

/* A member that is true in every good answer: others come with the same status. */
static void
make_success(struct operation *op, const struct members *m)
{
	static const char *const names[] = { "ok", "success" };
	const cJSON *schema, *values;
	char pointer[16];
	cJSON *success;
	size_t i, k;

	for (i = 0; i < m->count; i++)
		for (k = 0; k < 2; k++) {
			schema = import_follow(op, m->list[i].schema, "a schema");
			values = json_get(schema, "enum");
			if (strcmp(m->list[i].name, names[k]) != 0 || !m->list[i].required ||
			    !(json_true(schema, "const") || (cJSON_GetArraySize(values) == 1 &&
			    cJSON_IsTrue(values->child))))
				continue;
			success = cJSON_CreateObject();
			snprintf(pointer, sizeof pointer, "/%s", names[k]);
			import_put(op->import, success, "pointer", cJSON_CreateString(pointer));
			import_put(op->import, success, "equals", cJSON_CreateTrue());
			import_put(op->import, op->tool, "success", success);
			return;
		}
}

/* Whether the names of members are those that make a pick something else. */
static bool
is_reserved(const struct members *m)
{
	static const char *const names[] = { "each", "pointer", "value", "argument",
	    "uriTemplate" };
	size_t i, k;

	for (i = 0; i < m->count; i++)
		for (k = 0; k < sizeof names / sizeof names[0]; k++)
			if (strcmp(m->list[i].name, names[k]) == 0)
				return true;
	return false;
}

static void
make_output(struct operation *op, cJSON *properties, cJSON *required)
{
	cJSON *output = cJSON_CreateObject();

	import_put(op->import, output, "type", cJSON_CreateString("object"));
	import_put(op->import, output, "properties", properties);
	if (required != NULL && required->child != NULL)
		import_put(op->import, output, "required", required);
	else
		cJSON_Delete(required);
	import_put(op->import, op->tool, "outputSchema", output);
}

static void
make_picks(struct operation *op, const struct answer *a)
{
	cJSON *picks = cJSON_CreateObject(), *properties, *required, *schema;
	unsigned kinds = a->schema == NULL ? 0 : import_schema_kinds(op, a->schema);
	struct members m = { 0 };
	bool list = false;
	size_t i;

	if (a->schema != NULL && import_schema_members(op, a->schema, &m) == 1)
		make_success(op, &m);
	if (m.count > 0 && !m.open && !is_reserved(&m)) {
		properties = cJSON_CreateObject();
		required = cJSON_CreateArray();
		for (i = 0; i < m.count; i++)
			if (!import_schema_is(op, m.list[i].schema, "writeOnly"))
				add_member(op, picks, properties, required, &m.list[i], &list);
		/* An answer that may be null is a result without members. */
		if ((kinds & KIND_NULL) != 0) {
			cJSON_Delete(required);
			required = NULL;
		}
		make_output(op, properties, required);
	} else {
		list = kinds == KIND_ARRAY && strcmp(op->method, "GET") == 0 &&
		    !takes(op, "cursor");
		import_put(op->import, picks, "result", make_pick(op, "", list));
		schema = type_schema(op->import, kinds);
		if (schema != NULL) {
			properties = cJSON_CreateObject();
			import_put(op->import, properties, "result", schema);
			make_output(op, properties, NULL);
		}
	}
	free(m.list);
	import_put(op->import, op->tool, "response", picks);
	if (strcmp(op->method, "GET") == 0 && page_argument(op) != NULL) {
		op->pages = true;
		import_note(&op->notes, "The service has pages (argument %s): next_cursor in "
		    "\"response\" would have the bridge turn them.", page_argument(op));
	}
}

/* ====== errors ====== */

/* The first of `names` that is a scalar member; added as a pointer below `above`. */
static bool
add_part(struct operation *op, cJSON *error, const char *part, const struct members *m,
    const char *above, const char *const *names)
{
	char pointer[LIMIT_IMPORT_NAME];
	size_t i;

	for (; *names != NULL; names++)
		for (i = 0; i < m->count; i++) {
			if (strcmp(m->list[i].name, *names) != 0 ||
			    (import_schema_kinds(op, m->list[i].schema) &
			    (KIND_STRING | KIND_NUMBER)) == 0)
				continue;
			snprintf(pointer, sizeof pointer, "%s/%s", above, *names);
			import_put(op->import, error, part, cJSON_CreateString(pointer));
			return true;
		}
	return false;
}

/* Where a schema of an error has its code and its message, or such a member "error" of it. */
static void
add_parts(struct operation *op, cJSON *error, const cJSON *schema, const char *above)
{
	static const char *const codes[] = { "code", "error_code", "errorCode", "error", NULL };
	static const char *const messages[] = { "message", "detail", "error_description",
		"error_message", "errorMessage", "title", NULL };
	struct members m;
	size_t i;
	int result = import_schema_members(op, schema, &m);

	if (result == 1) {
		add_part(op, error, "code", &m, above, codes);
		add_part(op, error, "message", &m, above, messages);
		for (i = 0; i < m.count && error->child == NULL && *above == '\0'; i++)
			if (strcmp(m.list[i].name, "error") == 0)
				add_parts(op, error, m.list[i].schema, "/error");
	}
	free(m.list);
}

/* What the first answer that is an error shows; the service's if all tools have the same. */
static void
make_error(struct operation *op)
{
	const cJSON *responses = json_get(op->spec, "responses"), *one, *response;
	cJSON *error = cJSON_CreateObject();
	struct answer a = { NULL, NULL };
	struct buf mine, theirs;

	cJSON_ArrayForEach(one, responses) {
		if (one->string == NULL || (strcmp(one->string, "default") != 0 &&
		    one->string[0] != '4' && one->string[0] != '5'))
			continue;
		response = import_follow(op, one, "responses");
		if (response == NULL || answer_schema(op, response, &a) != 1 || a.schema == NULL)
			continue;
		if (error != NULL)
			add_parts(op, error, a.schema, "");
		if (error == NULL || error->child != NULL)
			break;
	}
	if (error == NULL || error->child == NULL) {
		cJSON_Delete(error);
		return;
	}
	if (op->import->error == NULL) {
		op->import->error = error;
		return;
	}
	buf_init(&mine, LIMIT_REASON);
	buf_init(&theirs, LIMIT_REASON);
	json_print(&mine, error);
	json_print(&theirs, op->import->error);
	if (strcmp(buf_str(&mine), buf_str(&theirs)) == 0)
		cJSON_Delete(error);
	else
		import_put(op->import, op->tool, "error", error);
	buf_finish(&mine);
	buf_finish(&theirs);
}
