/* SPDX-License-Identifier: MIT */
/*
 * import_operation.c - one operation into a tool: what is there, the parts of its request, the
 * tool of them, its answers, and whether it loads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/import_part.h"
#include "mcp/tool.h"
#include "wire/json.h"

static int	begin(struct operation *);
static int	make_tool(struct operation *);
static int	load(struct operation *);

int
import_operation_make(struct operation *op)
{
	static int (*const steps[])(struct operation *) = {
		begin, import_parameter_path, import_parameter_rest, import_body_make, make_tool,
		import_answer_make, load,
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

bool
import_operation_is_in(const cJSON *parameter, const char *in)
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
			    import_operation_is_in(op->parameters[i], json_str(parameter, "in")))
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

int
import_operation_argument(struct operation *op, const char *wanted, const cJSON *schema,
    const cJSON *described, bool required, bool query, char name[LIMIT_IMPORT_NAME + 1])
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

int
import_operation_leave_out(struct operation *op, const char *place, const char *name, bool required,
    const char *why)
{
	if (required)
		return import_refuse(op, "%s: \"%.100s\" is required, and %s", place, name, why);
	import_note(&op->notes, "%s: \"%.100s\" was left out: %s.", place, name, why);
	return 0;
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
	import_settle_definitions(op, input);
	buf_init(&nulls, LIMIT_IMPORT_TEXT);
	cJSON_ArrayForEach(argument, json_get(input, "properties"))
		if (import_settle_null(op, argument))
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
