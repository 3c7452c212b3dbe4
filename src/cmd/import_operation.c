/* SPDX-License-Identifier: MIT */
/*
 * import_operation.c - one operation into a tool, in the order of its request: path, query and
 * headers, body; then its schema, its answers, and whether it loads.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/import_part.h"
#include "mcp/tool.h"
#include "wire/json.h"

/* The longest key of an idempotent write, as the bridge has it. */
#define KEY_MAX	255

static int	begin(struct operation *);
static int	make_path(struct operation *);
static int	make_parameters(struct operation *);
static int	make_body(struct operation *);
static int	make_tool(struct operation *);
static int	load(struct operation *);

int
import_operation_make(struct operation *op)
{
	static int (*const steps[])(struct operation *) = {
		begin, make_path, make_parameters, make_body, make_tool, import_answer_make, load,
	};
	size_t i;

	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (steps[i](op) == -1)
			import_refuse(op, "out of memory");
		if (import_starves(op->import) || op->why[0] != '\0')
			return -1;
	}
	return 0;
}

void
import_operation_finish(struct operation *op)
{
	size_t i;

	for (i = 0; i < op->ndefinitions; i++) {
		free(op->definitions[i].name);
		cJSON_Delete(op->definitions[i].schema);
	}
	free(op->definitions);
	free(op->parameters);
	cJSON_Delete(op->tool);
	cJSON_Delete(op->properties);
	cJSON_Delete(op->required);
	cJSON_Delete(op->query);
	cJSON_Delete(op->headers);
	cJSON_Delete(op->body);
	buf_finish(&op->url);
	buf_finish(&op->variables);
	buf_finish(&op->notes);
}

/* ====== what is there ====== */

static bool
is_in(const cJSON *parameter, const char *in)
{
	return json_str(parameter, "in") != NULL && strcmp(json_str(parameter, "in"), in) == 0;
}

/* Add the parameters of a path or of an operation, which stand above the path's. 0 or -1. */
static int
add_parameters(struct operation *op, const cJSON *list)
{
	const cJSON *one, *parameter, **all;
	size_t i;

	if (!cJSON_IsArray(list))
		return 0;
	cJSON_ArrayForEach(one, list) {
		parameter = import_follow(op, one, "parameters");
		if (parameter == NULL)
			return -1;
		if (json_str(parameter, "name") == NULL || json_str(parameter, "in") == NULL)
			return import_refuse(op, "parameters: one has no \"name\" or no \"in\"");
		for (i = 0; i < op->nparameters; i++)
			if (strcmp(json_str(op->parameters[i], "name"),
			    json_str(parameter, "name")) == 0 &&
			    is_in(op->parameters[i], json_str(parameter, "in")))
				break;
		if (i == op->nparameters) {
			all = realloc(op->parameters, (i + 1) * sizeof *all);
			if (all == NULL)
				return import_refuse(op, "out of memory");
			op->parameters = all;
			op->nparameters++;
		}
		op->parameters[i] = parameter;
	}
	return 0;
}

static int
begin(struct operation *op)
{
	struct buf server;
	bool same;

	op->properties = cJSON_CreateObject();
	op->required = cJSON_CreateArray();
	op->query = cJSON_CreateObject();
	op->headers = cJSON_CreateObject();
	buf_init(&op->url, LIMIT_URL);
	buf_init(&op->variables, LIMIT_URL);
	buf_init(&op->notes, LIMIT_IMPORT_NOTES);
	import_name_tool(op);
	if (op->properties == NULL || op->required == NULL || op->query == NULL ||
	    op->headers == NULL)
		return import_refuse(op, "out of memory");
	if (strcmp(op->method, "HEAD") == 0 || strcmp(op->method, "OPTIONS") == 0 ||
	    strcmp(op->method, "TRACE") == 0)
		return import_refuse(op, "the bridge makes no %s requests", op->method);
	if (json_get(op->spec, "callbacks") != NULL)
		return import_refuse(op, "callbacks: the service would call back, and the bridge "
		    "takes no calls of it");
	buf_init(&server, LIMIT_URL);
	import_auth_server(&server, op->servers);
	same = op->servers == NULL || strcmp(buf_str(&server), buf_str(&op->import->base)) == 0;
	if (!same)
		import_refuse(op, "servers: \"%.200s\" is another than that of the file, "
		    "\"%.200s\"; a service file has one", buf_str(&server),
		    buf_str(&op->import->base));
	buf_finish(&server);
	if (!same || add_parameters(op, json_get(op->item, "parameters")) == -1 ||
	    add_parameters(op, json_get(op->spec, "parameters")) == -1)
		return -1;
	return 0;
}

/* ====== arguments ====== */

/* Whether a name is what services call a secret. */
static bool
is_secret(const char *name)
{
	static const char *const names[] = { "token", "access_token", "auth_token", "api_key",
		"apikey", "api-key", "x-api-key", "client_secret" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

/*
 * Declare an argument for `wanted`; its name goes to `name`. `described` is a parameter with a
 * description, or NULL: the schema has its own. 0 or -1.
 */
static int
add_argument(struct operation *op, const char *wanted, const cJSON *schema, const cJSON *described,
    bool required, bool query, char name[LIMIT_IMPORT_NAME + 1])
{
	const char *text = json_str(described, "description");
	cJSON *converted;
	struct buf words;

	import_name_argument(op, wanted, query, name);
	if (described != NULL && is_secret(wanted))
		import_note(&op->notes, "The argument %s looks like a credential: a model should "
		    "not have it; see \"auth\".", name);
	converted = schema == NULL ? cJSON_CreateObject() :
	    import_schema_convert(op, schema, wanted);
	if (converted == NULL)
		return import_refuse(op, "out of memory");
	if (cJSON_IsBool(converted)) {
		cJSON_Delete(converted);
		converted = cJSON_CreateObject();
	}
	buf_init(&words, LIMIT_IMPORT_TEXT + 8);
	if (text != NULL)
		import_name_text(&words, text, LIMIT_IMPORT_TEXT);
	if (words.len > 0) {
		cJSON_DeleteItemFromObjectCaseSensitive(converted, "description");
		import_put(op->import, converted, "description",
		    cJSON_CreateString(buf_str(&words)));
	}
	buf_finish(&words);
	import_put(op->import, op->properties, name, converted);
	if (required)
		import_push(op->import, op->required, cJSON_CreateString(name));
	return 0;
}

/* Leave something out that can be: what must be there refuses the operation. 0 or -1. */
static int
leave_out(struct operation *op, const char *place, const char *name, bool required,
    const char *why)
{
	if (required)
		return import_refuse(op, "%s: \"%.100s\" is required, and %s", place, name, why);
	import_note(&op->notes, "%s: \"%.100s\" was left out: %s.", place, name, why);
	return 0;
}

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
	bool query = is_in(parameter, "query"), exploded;

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
		if (is_in(op->parameters[i], "path") &&
		    strcmp(json_str(op->parameters[i], "name"), wanted) == 0)
			parameter = op->parameters[i];
	if (parameter != NULL)
		star = explode(op, parameter, "simple", &why);
	if (star == NULL)
		return leave_out(op, "path", wanted, true, why);
	operator = path_operator(parameter);
	if (json_str(names, wanted) == NULL) {
		if (parameter == NULL)
			import_note(&op->notes, "The document does not say what {%.64s} is.",
			    wanted);
		if (add_argument(op, wanted, schema_of(op, parameter), parameter, true, false,
		    name) == -1)
			return -1;
		import_put(op->import, names, wanted, cJSON_CreateString(name));
	}
	op->nvariables++;
	/* A matrix parameter is written with its name, which must be the argument's. */
	if (*operator == ';' && strcmp(name, wanted) != 0)
		return leave_out(op, "path", wanted, true, "cannot be named so in a template");
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

static int
make_path(struct operation *op)
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

/* Whether a value can be that of a form or a query: a scalar, or a list of them. */
static bool
is_form_value(struct operation *op, const cJSON *schema)
{
	unsigned kinds = import_schema_kinds(op, schema), inner;

	if ((kinds & KIND_ARRAY) != 0 && (kinds & KIND_SCALAR) == 0) {
		inner = import_schema_kinds(op, import_schema_items(op, schema));
		return inner == 0 || (inner & KIND_SCALAR) != 0;
	}
	return kinds == 0 || (kinds & KIND_SCALAR) != 0;
}

/* A parameter whose name no template can have, or a member of one: "filter[state]". 0 or -1. */
static int
add_named(struct operation *op, const char *wanted, const cJSON *schema, const cJSON *described,
    bool required)
{
	char name[LIMIT_IMPORT_NAME + 1], text[LIMIT_IMPORT_NAME + 3];

	if (add_argument(op, wanted, schema, described, required, import_name_is_query(wanted),
	    name) == -1)
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
		result = leave_out(op, "query", wanted, required, "its members are not listed") ==
		    -1 ? -1 : 1;
	else
		for (i = 0; i < m.count && result == 1; i++) {
			buf_init(&name, LIMIT_IMPORT_TEXT);
			buf_printf(&name, "%s[%s]", wanted, m.list[i].name);
			if (!is_form_value(op, m.list[i].schema) || name.failed)
				result = leave_out(op, "query", buf_str(&name), required &&
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
		return leave_out(op, "query", wanted, required, why);
	if (!import_name_is_query(wanted) || op->nvariables == LIMIT_TEMPLATE_VARS) {
		many = (import_schema_kinds(op, schema) & (KIND_ARRAY | KIND_OBJECT)) != 0;
		if (!is_form_value(op, schema) || (many && *star == '\0'))
			return leave_out(op, "query", wanted, required, "no template can have this "
			    "name, and without one a list repeats it and there are no objects");
		return add_named(op, wanted, schema, parameter, required);
	}
	if (add_argument(op, wanted, schema, parameter, required, true, name) == -1)
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
	if (!tool_request_is_token(wanted))
		return leave_out(op, "header", wanted, required, "a header's name is letters, "
		    "digits and hyphens");
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
		return leave_out(op, "header", wanted, required, "it is a list or an object");
	if (add_argument(op, wanted, schema_of(op, parameter), parameter, required, false,
	    name) == -1)
		return -1;
	snprintf(text, sizeof text, "{%s}", name);
	import_put(op->import, op->headers, wanted, cJSON_CreateString(text));
	return 0;
}

static int
make_parameters(struct operation *op)
{
	const cJSON *parameter;
	int result = 0;
	size_t i;

	for (i = 0; i < op->nparameters && result == 0; i++) {
		parameter = op->parameters[i];
		if (is_in(parameter, "query"))
			result = add_query(op, parameter);
		else if (is_in(parameter, "header"))
			result = add_header(op, parameter);
		else if (is_in(parameter, "cookie"))
			result = leave_out(op, "cookie", json_str(parameter, "name"),
			    json_true(parameter, "required"), "the bridge sends no cookies");
	}
	if (result == 0 && op->variables.len > 0)
		buf_printf(&op->url, "{%c%s}", strchr(buf_str(&op->url), '?') == NULL ? '?' : '&',
		    buf_str(&op->variables));
	return result == 0 && op->url.failed ? import_refuse(op, "query: the URL is longer than %d "
	    "bytes", LIMIT_URL) : result;
}

/* ====== the body ====== */

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
		return leave_out(op, "body", wanted, required, "it is a file");
	if (op->form && !is_form_value(op, schema))
		return leave_out(op, "body", wanted, required, "a form has no objects");
	if (json_get(op->body, wanted) != NULL)
		return 0;
	if (add_argument(op, wanted, schema, described, required, false, name) == -1)
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
		result = add_argument(op, "body", schema, NULL, required, false, name);
		snprintf(text, sizeof text, "{%s}", name);
		op->body = cJSON_CreateString(text);
	}
	free(m.list);
	return result == -1 ? -1 : 0;
}

bool
import_operation_is_json(const char *type)
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
		other = other || (text != NULL && import_operation_is_json(text));
	}
	for (i = 0; i < op->nparameters; i++) {
		parameter = op->parameters[i];
		if (is_in(parameter, "body")) {
			if (any && !other)
				return import_refuse(op, "consumes: no JSON among the body's "
				    "types");
			return add_body(op, json_get(parameter, "schema"),
			    json_true(parameter, "required"));
		}
		if (!is_in(parameter, "formData"))
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
	cJSON_ArrayForEach(one, content)
		if (chosen == NULL && import_operation_is_json(one->string))
			chosen = one;
	cJSON_ArrayForEach(one, content)
		if (chosen == NULL && is_form(one->string)) {
			chosen = one;
			op->form = true;
		}
	if (chosen == NULL)
		return import_refuse(op, "requestBody: neither JSON nor a form, but %.100s",
		    content == NULL || content->child == NULL ? "nothing" :
		    content->child->string);
	if (!op->form && strncmp(chosen->string, "*/*", 3) != 0 &&
	    strcasecmp(chosen->string, "application/json") != 0)
		import_put(op->import, op->headers, "Content-Type",
		    cJSON_CreateString(chosen->string));
	if (json_get(chosen, "schema") == NULL)
		return import_refuse(op, "requestBody: has no schema");
	return add_body(op, json_get(chosen, "schema"), json_true(body, "required"));
}

static int
make_body(struct operation *op)
{
	int result = op->import->version == SWAGGER_20 ? make_swagger_body(op) :
	    make_request_body(op);

	if (result == 0 && op->body != NULL && strcmp(op->method, "GET") == 0)
		return import_refuse(op, "requestBody: the bridge sends none with a GET");
	return result;
}

/* ====== the tool ====== */

/* The schema of the arguments, of which none is null: a template leaves that out. */
static int
make_input(struct operation *op, cJSON *input)
{
	struct import *im = op->import;
	cJSON *argument;
	struct buf nulls;
	bool required = op->required->child != NULL;

	import_put(im, input, "type", cJSON_CreateString("object"));
	import_put(im, input, "properties", op->properties);
	if (required)
		import_put(im, input, "required", op->required);
	else
		cJSON_Delete(op->required);
	op->properties = op->required = NULL;
	import_put(im, input, "additionalProperties", cJSON_CreateFalse());
	import_schema_settle(op, input);
	buf_init(&nulls, LIMIT_IMPORT_TEXT);
	cJSON_ArrayForEach(argument, json_get(input, "properties"))
		if (import_schema_no_null(op, argument))
			buf_printf(&nulls, "%s%s", nulls.len == 0 ? "" : ", ", argument->string);
	if (nulls.len > 0 && op->body != NULL)
		import_note(&op->notes, "The service takes null for some arguments, which a "
		    "template leaves out: %s.", buf_str(&nulls));
	buf_finish(&nulls);
	return 0;
}

/* What it does, for the model; and for people, where the document says it twice. */
static void
make_description(struct operation *op)
{
	const char *summary = json_str(op->spec, "summary"), *text = json_str(op->spec,
	    "description");
	struct buf title, words;

	buf_init(&title, LIMIT_IMPORT_TOOL_TEXT + 8);
	buf_init(&words, LIMIT_IMPORT_TOOL_TEXT + 8);
	if (summary != NULL)
		import_name_text(&title, summary, LIMIT_IMPORT_NAME);
	if (text != NULL)
		import_name_text(&words, text, LIMIT_IMPORT_TOOL_TEXT);
	if (words.len == 0 && summary != NULL)
		import_name_text(&words, summary, LIMIT_IMPORT_TOOL_TEXT);
	if (words.len == 0) {
		buf_reset(&words);
		buf_printf(&words, "%s %.300s", op->method, op->path);
		import_note(&op->notes, "The document does not say what this does: write a "
		    "description.");
	}
	/* The beginning of the description alone is no title. */
	if (title.len > 0 && strstr(buf_str(&title), "...") == NULL &&
	    strncmp(buf_str(&title), buf_str(&words), title.len) != 0)
		import_put(op->import, op->tool, "title", cJSON_CreateString(buf_str(&title)));
	import_put(op->import, op->tool, "description", cJSON_CreateString(buf_str(&words)));
	buf_finish(&title);
	buf_finish(&words);
}

static void
make_effects(struct operation *op)
{
	bool erases = strcmp(op->method, "DELETE") == 0, puts = strcmp(op->method, "PUT") == 0;
	cJSON *hints;

	if (strcmp(op->method, "GET") == 0)
		return;
	op->import->writes++;
	import_put(op->import, op->tool, "write", cJSON_CreateTrue());
	import_put(op->import, op->tool, "policy", cJSON_CreateString("confirm"));
	if (!erases && !puts)
		return;
	/* RFC 9110, 9.2.2: both do no more when they are repeated. */
	hints = cJSON_CreateObject();
	if (erases)
		import_put(op->import, hints, "destructiveHint", cJSON_CreateTrue());
	import_put(op->import, hints, "idempotentHint", cJSON_CreateTrue());
	import_put(op->import, op->tool, "annotations", hints);
}

static int
make_tool(struct operation *op)
{
	struct import *im = op->import;
	cJSON *input, *request;

	op->tool = cJSON_CreateObject();
	import_put(im, op->tool, "name", cJSON_CreateString(op->name));
	make_description(op);
	make_effects(op);
	input = cJSON_CreateObject();
	if (input == NULL || make_input(op, input) == -1) {
		cJSON_Delete(input);
		return import_refuse(op, "out of memory");
	}
	import_put(im, op->tool, "inputSchema", input);
	request = cJSON_CreateObject();
	import_put(im, request, "method", cJSON_CreateString(op->method));
	import_put(im, request, "url", cJSON_CreateString(buf_str(&op->url)));
	if (op->query->child != NULL) {
		import_put(im, request, "query", op->query);
		op->query = NULL;
	}
	if (op->headers->child != NULL) {
		import_put(im, request, "headers", op->headers);
		op->headers = NULL;
	}
	if (op->body != NULL) {
		import_put(im, request, op->form ? "form" : "body", op->body);
		op->body = NULL;
	}
	import_put(im, op->tool, "request", request);
	return 0;
}

/* As a start does it: what does not load is not written. */
static int
load(struct operation *op)
{
	char why[LIMIT_REASON];
	struct spec_fault f = { "the tool", why, sizeof why };
	struct tool t = { 0 };
	int result;

	result = tool_load(&t, &op->import->service, op->tool, "", &f);
	if (result == -1)
		import_refuse(op, "%.800s", why);
	else
		op->listed = strlen(t.listing);
	tool_finish(&t);
	return result;
}
