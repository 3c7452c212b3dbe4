/* SPDX-License-Identifier: MIT */
/* import_body.c - the body of an operation into "body" or "form" of a request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/import_part.h"
#include "wire/json.h"

static bool
is_binary(struct operation *op, const cJSON *schema)
{
	const cJSON *target = import_follow(op, schema, "a schema");
	const char *format = json_str(target, "format"), *type = json_str(target, "type");

	return (format != NULL && strcmp(format, "binary") == 0) ||
	    (type != NULL && strcmp(type, "file") == 0);
}

/* One member of the body, which is an argument. 0 or -1. */
static int
add_body_member(struct operation *op, const char *wanted, const cJSON *schema,
    const cJSON *described, bool required)
{
	char name[LIMIT_IMPORT_NAME + 1], text[LIMIT_IMPORT_NAME + 3];

	if (import_schema_is(op, schema, "readOnly"))
		return 0;
	if (is_binary(op, schema))
		return import_operation_leave_out(op, "body", wanted, required, "it is a file");
	if (op->form && !import_schema_is_flat(op, schema))
		return import_operation_leave_out(op, "body", wanted, required, "a form has no "
		    "objects");
	if (json_get(op->body, wanted) != NULL)
		return 0;
	if (import_operation_argument(op, wanted, schema, described, required, false, name) == -1)
		return -1;
	snprintf(text, sizeof text, "{%s}", name);
	import_put(op->import, op->body, wanted, cJSON_CreateString(text));
	return 0;
}

/* The body of a schema: its members, or all of it as one argument. */
static int
add_body(struct operation *op, const cJSON *schema, bool required)
{
	char name[LIMIT_IMPORT_NAME + 1], text[LIMIT_IMPORT_NAME + 3];
	struct members m;
	int result = import_schema_members(op, schema, &m);
	size_t i;

	if (result == 1) {
		if (m.open)
			import_note(&op->notes, "The body may have more members than those of the "
			    "document; they were left out.");
		op->body = cJSON_CreateObject();
		for (i = 0; i < m.count && result == 1; i++)
			if (add_body_member(op, m.list[i].name, m.list[i].schema, NULL,
			    m.list[i].required) == -1)
				result = -1;
	} else if (result == 0 && op->form)
		result = import_refuse(op, "requestBody: a form whose members are not listed");
	else if (result == 0) {
		result = import_operation_argument(op, "body", schema, NULL, required, false, name);
		snprintf(text, sizeof text, "{%s}", name);
		op->body = cJSON_CreateString(text);
	}
	free(m.list);
	return result == -1 ? -1 : 0;
}

bool
import_body_is_json(const char *type)
{
	size_t len = strcspn(type, "; ");

	return (len == 16 && strncasecmp(type, "application/json", len) == 0) ||
	    (len == 9 && strncasecmp(type, "text/json", len) == 0) ||
	    (len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0) ||
	    (len == 3 && strncmp(type, "*/*", len) == 0);
}

static bool
is_form(const char *type)
{
	size_t len = strcspn(type, "; ");

	return len == 33 && strncasecmp(type, "application/x-www-form-urlencoded", len) == 0;
}

/* Parameters "body" and "formData" of Swagger. */
static int
make_swagger_body(struct operation *op)
{
	const cJSON *parameter, *types = json_get(op->spec, "consumes"), *type;
	bool form = false, other = false, any = false;
	size_t i;

	if (types == NULL)
		types = json_get(op->import->root, "consumes");
	cJSON_ArrayForEach(type, types) {
		const char *text = cJSON_GetStringValue(type);

		any = true;
		form = form || (text != NULL && is_form(text));
		other = other || (text != NULL && import_body_is_json(text));
	}
	for (i = 0; i < op->nparameters; i++) {
		parameter = op->parameters[i];
		if (import_operation_is_in(parameter, "body")) {
			if (any && !other)
				return import_refuse(op, "consumes: no JSON among the body's "
				    "types");
			return add_body(op, json_get(parameter, "schema"),
			    json_true(parameter, "required"));
		}
		if (!import_operation_is_in(parameter, "formData"))
			continue;
		if (any && !form)
			return import_refuse(op, "consumes: a form, and not of the type "
			    "application/x-www-form-urlencoded");
		op->form = true;
		if (op->body == NULL)
			op->body = cJSON_CreateObject();
		if (add_body_member(op, json_str(parameter, "name"), parameter, parameter,
		    json_true(parameter, "required")) == -1)
			return -1;
	}
	return 0;
}

/* "requestBody" of OpenAPI: its JSON, else its form. */
static int
make_request_body(struct operation *op)
{
	const cJSON *body = json_get(op->spec, "requestBody"), *content, *one, *chosen = NULL;

	if (body == NULL)
		return 0;
	body = import_follow(op, body, "requestBody");
	if (body == NULL)
		return -1;
	content = json_get(body, "content");
	if (!cJSON_IsObject(content) || content->child == NULL)
		return import_refuse(op, "requestBody: has no content");
	cJSON_ArrayForEach(one, content)
		if (chosen == NULL && import_body_is_json(one->string))
			chosen = one;
	cJSON_ArrayForEach(one, content)
		if (chosen == NULL && is_form(one->string)) {
			chosen = one;
			op->form = true;
		}
	if (chosen == NULL)
		return import_refuse(op, "requestBody: neither JSON nor a form, but %.100s",
		    content->child->string);
	if (!op->form && strncmp(chosen->string, "*/*", 3) != 0 &&
	    strcasecmp(chosen->string, "application/json") != 0)
		import_put(op->import, op->headers, "Content-Type",
		    cJSON_CreateString(chosen->string));
	if (json_get(chosen, "schema") == NULL)
		return import_refuse(op, "requestBody: has no schema");
	return add_body(op, json_get(chosen, "schema"), json_true(body, "required"));
}

int
import_body_make(struct operation *op)
{
	int result = op->import->version == SWAGGER_20 ? make_swagger_body(op) :
	    make_request_body(op);

	if (result == 0 && op->body != NULL && strcmp(op->method, "GET") == 0)
		return import_refuse(op, "requestBody: the bridge sends none with a GET");
	return result;
}
