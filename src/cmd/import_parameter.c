/* SPDX-License-Identifier: MIT */
/* import_parameter.c - parameters into a URI template, "query" and "headers" of a request. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/import_part.h"
#include "mcp/request.h"
#include "wire/json.h"

/* The longest key of an idempotent write, as the bridge has it. */
#define KEY_MAX	255

/* The schema of a parameter: in Swagger it is the parameter itself. NULL: any value. */
static const cJSON *
schema_of(const struct operation *op, const cJSON *parameter)
{
	return op->import->version == SWAGGER_20 ? parameter : json_get(parameter, "schema");
}

/* "*" for a list or an object whose parts are written one by one, "" else; NULL: neither can be
 * written in a template, and `why` says how it should have been. */
static const char *
explode(struct operation *op, const cJSON *parameter, const char *plain, const char **why)
{
	const char *style = json_str(parameter, "style"), *format = json_str(parameter,
	    "collectionFormat");
	const cJSON *said = json_get(parameter, "explode"), *schema = schema_of(op, parameter);
	unsigned kinds = import_schema_kinds(op, schema), inner;
	bool query = import_operation_is_in(parameter, "query"), exploded;

	if (json_get(parameter, "content") != NULL) {
		*why = "it has \"content\" instead of a schema";
		return NULL;
	}
	if ((kinds & (KIND_ARRAY | KIND_OBJECT)) == 0)
		return "";
	inner = (kinds & KIND_ARRAY) == 0 ? 0 :
	    import_schema_kinds(op, import_schema_items(op, schema));
	if (inner != 0 && (inner & KIND_SCALAR) == 0) {
		*why = "it is a list of lists or objects";
		return NULL;
	}
	if (op->import->version == SWAGGER_20) {
		if (format == NULL || strcmp(format, "csv") == 0)
			return "";
		*why = "its collectionFormat is neither csv nor multi";
		return query && strcmp(format, "multi") == 0 ? "*" : NULL;
	}
	exploded = said == NULL ? query && (style == NULL || strcmp(style, "form") == 0) :
	    cJSON_IsTrue(said);
	*why = "its style is neither form nor simple";
	if (style == NULL || strcmp(style, plain) == 0 ||
	    (exploded && query && (kinds & KIND_OBJECT) == 0) ||
	    (!query && (strcmp(style, "label") == 0 || strcmp(style, "matrix") == 0)))
		return exploded ? "*" : "";
	return NULL;
}

/* The operator of a path parameter's style (OpenAPI 3.0, "Style Values"). */
static const char *
path_operator(const cJSON *parameter)
{
	const char *style = json_str(parameter, "style");

	return style == NULL ? "" : strcmp(style, "label") == 0 ? "." :
	    strcmp(style, "matrix") == 0 ? ";" : "";
}

/* A parameter of the path, named between its braces. 0 or -1. */
static int
add_path_variable(struct operation *op, const char *wanted, cJSON *names)
{
	const cJSON *parameter = NULL;
	const char *star = "", *why = "", *operator;
	char name[LIMIT_IMPORT_NAME + 1];
	size_t i;

	if (json_str(names, wanted) != NULL)
		snprintf(name, sizeof name, "%s", json_str(names, wanted));
	for (i = 0; i < op->nparameters; i++)
		if (import_operation_is_in(op->parameters[i], "path") &&
		    strcmp(json_str(op->parameters[i], "name"), wanted) == 0)
			parameter = op->parameters[i];
	if (parameter != NULL)
		star = explode(op, parameter, "simple", &why);
	if (star == NULL)
		return import_operation_leave_out(op, "path", wanted, true, why);
	operator = path_operator(parameter);
	if (json_str(names, wanted) == NULL) {
		if (parameter == NULL)
			import_note(&op->notes, "The document does not say what {%.64s} is.",
			    wanted);
		if (import_operation_argument(op, wanted, schema_of(op, parameter), parameter,
		    true, false, name) == -1)
			return -1;
		if (parameter == NULL)
			import_put(op->import, json_get(op->properties, name), "type",
			    cJSON_CreateString("string"));
		import_put(op->import, names, wanted, cJSON_CreateString(name));
	}
	op->nvariables++;
	/* A matrix parameter is written with its name, which must be the argument's. */
	if (*operator == ';' && strcmp(name, wanted) != 0)
		return import_operation_leave_out(op, "path", wanted, true, "cannot be named so "
		    "in a template");
	return buf_printf(&op->url, "{%s%s%s}", operator, name, star) == -1 ?
	    import_refuse(op, "path: longer than %d bytes", LIMIT_URL) : 0;
}

/* Append a byte of the path; what a template does not take is written as %XX. */
static void
put_path_byte(struct buf *out, const char *at)
{
	unsigned char c = (unsigned char)*at;

	if (c >= 0x80 || isalnum(c) || strchr("-._~:/?[]@!$&'()*+,;=", c) != NULL ||
	    (c == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])))
		buf_putc(out, (char)c);
	else
		buf_printf(out, "%%%02X", c);
}

int
import_parameter_path(struct operation *op)
{
	cJSON *names = cJSON_CreateObject();
	char wanted[2 * LIMIT_IMPORT_NAME];
	const char *p;
	size_t len;
	int result = -1;

	if (op->path[0] != '/' || strchr(op->path, '#') != NULL) {
		import_refuse(op, "path: must begin with '/' and have no '#'");
		goto out;
	}
	for (p = op->path; *p != '\0'; p++) {
		if (*p != '{') {
			put_path_byte(&op->url, p);
			continue;
		}
		len = strcspn(++p, "{}");
		if (p[len] != '}' || len == 0 || len >= sizeof wanted) {
			import_refuse(op, "path: a brace that is not part of {name}");
			goto out;
		}
		snprintf(wanted, sizeof wanted, "%.*s", (int)len, p);
		if (add_path_variable(op, wanted, names) == -1)
			goto out;
		p += len;
	}
	result = op->url.failed ? import_refuse(op, "path: longer than %d bytes", LIMIT_URL) : 0;
out:
	cJSON_Delete(names);
	return result;
}

/* ====== query and headers ====== */

/* A parameter whose name no template can have, or a member of one: "filter[state]". 0 or -1. */
static int
add_named(struct operation *op, const char *wanted, const cJSON *schema, const cJSON *described,
    bool required)
{
	char name[LIMIT_IMPORT_NAME + 1], text[LIMIT_IMPORT_NAME + 3];

	if (import_operation_argument(op, wanted, schema, described, required,
	    import_name_is_query(wanted), name) == -1)
		return -1;
	snprintf(text, sizeof text, "{%s}", name);
	import_put(op->import, op->query, wanted, cJSON_CreateString(text));
	return 0;
}

/* An object each of whose members is a parameter. 0 or -1. */
static int
add_deep(struct operation *op, const cJSON *parameter)
{
	const char *wanted = json_str(parameter, "name");
	bool required = json_true(parameter, "required");
	struct members m;
	struct buf name;
	int result = import_schema_members(op, schema_of(op, parameter), &m);
	size_t i;

	if (result == 0)
		result = import_operation_leave_out(op, "query", wanted, required, "its members "
		    "are not listed") == -1 ? -1 : 1;
	else
		for (i = 0; i < m.count && result == 1; i++) {
			buf_init(&name, LIMIT_IMPORT_TEXT);
			buf_printf(&name, "%s[%s]", wanted, m.list[i].name);
			if (!import_schema_is_flat(op, m.list[i].schema) || name.failed)
				result = import_operation_leave_out(op, "query", buf_str(&name),
				    required &&
				    m.list[i].required, "it is an object itself") == -1 ? -1 : 1;
			else if (add_named(op, buf_str(&name), m.list[i].schema, NULL, required &&
			    m.list[i].required) == -1)
				result = -1;
			buf_finish(&name);
		}
	free(m.list);
	return result == -1 ? -1 : 0;
}

static int
add_query(struct operation *op, const cJSON *parameter)
{
	const char *wanted = json_str(parameter, "name"), *style = json_str(parameter, "style");
	const char *why = "", *star;
	const cJSON *schema = schema_of(op, parameter);
	bool required = json_true(parameter, "required"), many;
	char name[LIMIT_IMPORT_NAME + 1];

	if (style != NULL && strcmp(style, "deepObject") == 0)
		return add_deep(op, parameter);
	star = explode(op, parameter, "form", &why);
	if (star == NULL)
		return import_operation_leave_out(op, "query", wanted, required, why);
	if (!import_name_is_query(wanted) || op->nvariables == LIMIT_TEMPLATE_VARS) {
		many = (import_schema_kinds(op, schema) & (KIND_ARRAY | KIND_OBJECT)) != 0;
		if (!import_schema_is_flat(op, schema) || (many && *star == '\0'))
			return import_operation_leave_out(op, "query", wanted, required, "no "
			    "template can have this name, and without one a list repeats it and "
			    "there are no objects");
		return add_named(op, wanted, schema, parameter, required);
	}
	if (import_operation_argument(op, wanted, schema, parameter, required, true, name) == -1)
		return -1;
	op->nvariables++;
	buf_printf(&op->variables, "%s%s%s", op->variables.len == 0 ? "" : ",", name, star);
	return 0;
}

/* What the bridge or HTTP sets; a document may say it, and need not (OpenAPI 3.0, "Parameter"). */
static bool
is_own_header(const struct operation *op, const char *name)
{
	static const char *const names[] = { "Accept", "Content-Type", "Authorization", "Host",
		"Content-Length", "Transfer-Encoding", "Connection", "Expect", "traceparent",
		"tracestate" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return op->import->auth_header != NULL && strcasecmp(op->import->auth_header, name) == 0;
}

/* A key that the service knows repeated writes by is the bridge's argument of that name. */
static void
add_key_header(struct operation *op, const cJSON *parameter)
{
	cJSON *schema = cJSON_CreateObject();

	import_put(op->import, op->headers, json_str(parameter, "name"),
	    cJSON_CreateString("{idempotency_key}"));
	import_put(op->import, schema, "type", cJSON_CreateString("string"));
	import_put(op->import, schema, "minLength", json_int(1));
	import_put(op->import, schema, "maxLength", json_int(KEY_MAX));
	import_put(op->import, op->properties, "idempotency_key", schema);
	if (json_true(parameter, "required"))
		import_push(op->import, op->required, cJSON_CreateString("idempotency_key"));
}

static int
add_header(struct operation *op, const cJSON *parameter)
{
	const char *wanted = json_str(parameter, "name");
	bool required = json_true(parameter, "required");
	char name[LIMIT_IMPORT_NAME + 1], text[LIMIT_IMPORT_NAME + 3];
	unsigned kinds;

	if (is_own_header(op, wanted))
		return 0;
	if (!request_is_token(wanted))
		return import_operation_leave_out(op, "header", wanted, required, "a header's "
		    "name is letters, digits and hyphens");
	if (json_get(op->headers, wanted) != NULL)
		return 0;
	if (strcmp(op->method, "GET") != 0 && json_get(op->properties, "idempotency_key") == NULL &&
	    (strcasecmp(wanted, "Idempotency-Key") == 0 ||
	    strcasecmp(wanted, "X-Idempotency-Key") == 0)) {
		add_key_header(op, parameter);
		return 0;
	}
	kinds = import_schema_kinds(op, schema_of(op, parameter));
	if (kinds != 0 && (kinds & KIND_SCALAR) == 0)
		return import_operation_leave_out(op, "header", wanted, required, "it is a list "
		    "or an object");
	if (import_operation_argument(op, wanted, schema_of(op, parameter), parameter, required,
	    false, name) == -1)
		return -1;
	snprintf(text, sizeof text, "{%s}", name);
	import_put(op->import, op->headers, wanted, cJSON_CreateString(text));
	return 0;
}

int
import_parameter_rest(struct operation *op)
{
	const cJSON *parameter;
	int result = 0;
	size_t i;

	for (i = 0; i < op->nparameters && result == 0; i++) {
		parameter = op->parameters[i];
		if (import_operation_is_in(parameter, "query"))
			result = add_query(op, parameter);
		else if (import_operation_is_in(parameter, "header"))
			result = add_header(op, parameter);
		else if (import_operation_is_in(parameter, "cookie"))
			result = import_operation_leave_out(op, "cookie", json_str(parameter,
			    "name"),
			    json_true(parameter, "required"), "the bridge sends no cookies");
	}
	if (result == 0 && op->variables.len > 0)
		buf_printf(&op->url, "{%c%s}", strchr(buf_str(&op->url), '?') == NULL ? '?' : '&',
		    buf_str(&op->variables));
	return result == 0 && op->url.failed ? import_refuse(op, "query: the URL is longer than %d "
	    "bytes", LIMIT_URL) : result;
}
