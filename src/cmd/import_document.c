/* SPDX-License-Identifier: MIT */
/* import_document.c - the operations that are wanted, a tool of each, and the file as text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/import.h"
#include "cmd/import_part.h"
#include "wire/json.h"

/* Columns of the text, and of one step to the right. */
#define WIDTH	100
#define INDENT	2

/* The operations of a document, while they become tools. */
struct work {
	struct import			 import;
	const struct import_wanted	*wanted;
	struct operation		*ops;
	size_t				 count;
	bool				*tags, *named;	/* of `wanted`: found */
	struct imported			*out;
	char				*why;
	size_t				 whylen;
};

static int	check_version(struct work *);
static int	choose(struct work *);
static int	check_wanted(struct work *);
static int	make_service(struct work *, cJSON **);
static int	make_tools(struct work *);
static void	print(struct buf *, const cJSON *, int);

static int
fail(struct work *w, const char *why)
{
	snprintf(w->why, w->whylen, "%s", why);
	return -1;
}

int
import_document(struct imported *out, const cJSON *root, const struct import_wanted *wanted,
    char *why, size_t whylen)
{
	struct work w = { .import = { .root = root }, .wanted = wanted, .out = out, .why = why,
	    .whylen = whylen };
	struct json_fault fault;
	cJSON *service = cJSON_CreateObject(), *again = NULL, nothing = { .type = cJSON_Object };
	int result = -1;
	size_t i;

	buf_init(&w.import.base, LIMIT_URL);
	buf_init(&w.import.notes, LIMIT_IMPORT_NOTES);
	w.tags = calloc(wanted->ntags + 1, sizeof *w.tags);
	w.named = calloc(wanted->noperations + 1, sizeof *w.named);
	w.import.service.root = &nothing;
	w.import.tools = cJSON_CreateArray();
	if (w.tags == NULL || w.named == NULL || w.import.tools == NULL || service == NULL) {
		fail(&w, "out of memory");
		goto out;
	}
	if (check_version(&w) == -1 || choose(&w) == -1 || check_wanted(&w) == -1 ||
	    make_service(&w, &service) == -1)
		goto out;
	print(&out->text, service, 0);
	if (import_starves(&w.import)) {
		fail(&w, "out of memory");
		goto out;
	}
	buf_putc(&out->text, '\n');
	if (out->text.failed) {
		fail(&w, "the service file would be longer than 4 MB; choose fewer operations with "
		    "--tag or --operation");
		goto out;
	}
	again = json_parse(buf_str(&out->text), out->text.len, &fault);
	if (again == NULL && fault.memory)
		fail(&w, fault.why);
	else if (again == NULL)
		snprintf(why, whylen, "the service file would have %s; choose fewer operations "
		    "with --tag or --operation", fault.why);
	else
		result = 0;
out:
	for (i = 0; i < w.count; i++)
		import_operation_finish(&w.ops[i]);
	free(w.ops);
	free(w.tags);
	free(w.named);
	free(w.import.auth_header);
	cJSON_Delete(w.import.error);
	cJSON_Delete(w.import.tools);
	cJSON_Delete(service);
	cJSON_Delete(again);
	buf_finish(&w.import.base);
	buf_finish(&w.import.notes);
	return result;
}

static int
check_version(struct work *w)
{
	const char *swagger = json_str(w->import.root, "swagger");
	const char *openapi = json_str(w->import.root, "openapi");

	if (swagger != NULL && strcmp(swagger, "2.0") == 0)
		w->import.version = SWAGGER_20;
	else if (openapi != NULL && strncmp(openapi, "3.0", 3) == 0)
		w->import.version = OPENAPI_30;
	else if (openapi != NULL && strncmp(openapi, "3.1", 3) == 0)
		w->import.version = OPENAPI_31;
	else
		return fail(w, "is none of OpenAPI 3.0, OpenAPI 3.1 and Swagger 2.0: \"openapi\" "
		    "must begin with 3.0 or 3.1, or \"swagger\" be \"2.0\"");
	if (json_has_nul(w->import.root))
		return fail(w, "has U+0000 in a string");
	if (!cJSON_IsObject(json_get(w->import.root, "paths")))
		return fail(w, "/paths: must be an object");
	return 0;
}

/* ====== which operations ====== */

/* "get" in capitals; NULL: the member of a path is no operation. */
static const char *
method_of(const char *name)
{
	static const char *const methods[][2] = {
		{ "get", "GET" }, { "put", "PUT" }, { "post", "POST" }, { "delete", "DELETE" },
		{ "patch", "PATCH" }, { "head", "HEAD" }, { "options", "OPTIONS" },
		{ "trace", "TRACE" },
	};
	size_t i;

	for (i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (strcmp(methods[i][0], name) == 0)
			return methods[i][1];
	return NULL;
}

/* Whether "METHOD /path" is that of the operation. */
static bool
is_call(const struct operation *op, const char *text)
{
	size_t len = strlen(op->method);

	return strncmp(text, op->method, len) == 0 && text[len] == ' ' &&
	    strcmp(text + len + 1, op->path) == 0;
}

/* Whether the operation is wanted; what it was wanted by is found then. */
static bool
is_wanted(struct work *w, const struct operation *op)
{
	const struct import_wanted *wanted = w->wanted;
	bool found = wanted->ntags + wanted->noperations == 0;
	const cJSON *tag;
	size_t i;

	cJSON_ArrayForEach(tag, json_get(op->spec, "tags"))
		for (i = 0; i < wanted->ntags; i++)
			if (cJSON_IsString(tag) && strcmp(tag->valuestring, wanted->tags[i]) == 0)
				found = w->tags[i] = true;
	for (i = 0; i < wanted->noperations; i++)
		if ((op->id != NULL && strcmp(op->id, wanted->operations[i]) == 0) ||
		    is_call(op, wanted->operations[i]))
			found = w->named[i] = true;
	return found;
}

/* Whether it was asked for by name: then that it cannot be done is an error. */
static bool
is_named(const struct work *w, const struct operation *op)
{
	size_t i;

	for (i = 0; i < w->wanted->noperations; i++)
		if ((op->id != NULL && strcmp(op->id, w->wanted->operations[i]) == 0) ||
		    is_call(op, w->wanted->operations[i]))
			return true;
	return false;
}

static int
add_operation(struct work *w, const struct operation *op)
{
	struct operation *ops;

	if (!is_wanted(w, op))
		return 0;
	/* One more than there may be, so that it is known that there are more. */
	if (w->count > LIMIT_TOOLS)
		return 0;
	if (w->count % 64 == 0) {
		ops = realloc(w->ops, (w->count + 64) * sizeof *ops);
		if (ops == NULL)
			return fail(w, "out of memory");
		w->ops = ops;
	}
	w->ops[w->count++] = *op;
	return 0;
}

static int
choose(struct work *w)
{
	const cJSON *paths = json_get(w->import.root, "paths"), *path, *item, *spec;
	struct operation op;

	cJSON_ArrayForEach(path, paths) {
		op = (struct operation){ .import = &w->import, .path = path->string };
		item = import_follow(&op, path, "paths");
		if (item == NULL) {
			snprintf(w->why, w->whylen, "/paths: \"%.200s\": %.400s", path->string,
			    op.why);
			return -1;
		}
		if (strncmp(path->string, "x-", 2) == 0 || !cJSON_IsObject(item))
			continue;
		cJSON_ArrayForEach(spec, item) {
			op.method = method_of(spec->string);
			if (op.method == NULL || !cJSON_IsObject(spec))
				continue;
			op.id = json_str(spec, "operationId");
			op.item = item;
			op.spec = spec;
			op.servers = json_get(spec, "servers") != NULL ? json_get(spec, "servers") :
			    json_get(item, "servers") != NULL ? json_get(item, "servers") :
			    json_get(w->import.root, "servers");
			if (!cJSON_IsArray(op.servers) || op.servers->child == NULL)
				op.servers = NULL;
			if (add_operation(w, &op) == -1)
				return -1;
		}
	}
	return 0;
}

static int
check_wanted(struct work *w)
{
	size_t i;

	for (i = 0; i < w->wanted->ntags; i++)
		if (!w->tags[i]) {
			snprintf(w->why, w->whylen, "no operation has the tag \"%.200s\"",
			    w->wanted->tags[i]);
			return -1;
		}
	for (i = 0; i < w->wanted->noperations; i++)
		if (!w->named[i]) {
			snprintf(w->why, w->whylen, "no operation is \"%.200s\": give an "
			    "operationId, or \"METHOD /path\"", w->wanted->operations[i]);
			return -1;
		}
	if (w->count == 0)
		return fail(w, "/paths: has no operation");
	if (w->count > LIMIT_TOOLS) {
		snprintf(w->why, w->whylen, "more than %d operations, and a service file has at "
		    "most as many tools: choose with --tag or --operation", LIMIT_TOOLS);
		return -1;
	}
	return 0;
}

/* ====== the service ====== */

static void
put_text(struct import *im, cJSON *service, const char *member, const char *text, size_t most)
{
	struct buf words;

	buf_init(&words, most + 8);
	if (text != NULL)
		import_name_text(&words, text, most);
	if (words.len > 0)
		import_put(im, service, member, cJSON_CreateString(buf_str(&words)));
	buf_finish(&words);
}

/* What a person must know of the whole, now that all tools are there. */
static void
note_tools(struct import *im)
{
	if (im->writes > 0)
		import_note(&im->notes, "policy: what changes something (%zu of the tools) asks a "
		    "person first, for which ums-mcp needs a store; take \"confirm\" away where it "
		    "need not be.", im->writes);
	if (im->pages > 0)
		import_note(&im->notes, "pages: %zu of the tools have an argument for pages, which "
		    "the model turns itself.", im->pages);
}

/* Add a comment, if there is one, as the first member. */
static void
put_comment(struct import *im, cJSON **object, const struct buf *notes)
{
	cJSON *out, *child;

	if (notes->len == 0)
		return;
	out = cJSON_CreateObject();
	import_put(im, out, "$comment", cJSON_CreateString(buf_str(notes)));
	while (!im->starved && (child = (*object)->child) != NULL)
		import_push(im, out, cJSON_DetachItemViaPointer(*object, child));
	cJSON_Delete(*object);
	*object = out;
}

static int
make_service(struct work *w, cJSON **service)
{
	struct import *im = &w->import;
	const cJSON *info = json_get(im->root, "info");
	char name[LIMIT_IMPORT_NAME + 1];

	import_name_service(json_str(info, "title"), name, sizeof name);
	import_put(im, *service, "$schema", cJSON_CreateString("./service.schema.json"));
	import_put(im, *service, "name", cJSON_CreateString(name));
	put_text(im, *service, "title", json_str(info, "title"), LIMIT_IMPORT_NAME);
	put_text(im, *service, "description", json_str(info, "description"),
	    LIMIT_IMPORT_TOOL_TEXT);
	import_auth_base(im, *service, w->ops, w->count);
	import_auth_make(im, *service, w->ops, w->count);
	if (make_tools(w) == -1)
		return -1;
	if (im->error != NULL)
		import_put(im, *service, "error", im->error);
	import_put(im, *service, "tools", im->tools);
	im->error = im->tools = NULL;
	note_tools(im);
	put_comment(im, service, &im->notes);
	return import_starves(im) ? fail(w, "out of memory") : 0;
}

/* Whether the operation can be called as whom "auth" says; without "security" nobody asks. */
static bool
is_authorized(const struct import *im, const struct operation *op)
{
	const cJSON *security = json_get(op->spec, "security"), *one;

	if (security == NULL)
		security = json_get(im->root, "security");
	if (!cJSON_IsArray(security) || security->child == NULL)
		return true;
	cJSON_ArrayForEach(one, security)
		if (one->child == NULL || (one->child->next == NULL && im->scheme != NULL &&
		    one->child->string != NULL && strcmp(one->child->string, im->scheme) == 0))
			return true;
	return false;
}

/* The tool, its comment first, into the file. */
static int
take_tool(struct work *w, struct operation *op)
{
	struct import *im = &w->import;

	if (!is_authorized(im, op))
		import_note(&op->notes, "The document asks for another credential than that of "
		    "\"auth\".");
	im->writes += json_true(op->tool, "write");
	im->pages += op->pages;
	put_comment(im, &op->tool, &op->notes);
	import_push(im, im->tools, op->tool);
	op->tool = NULL;
	w->out->tools++;
	w->out->listed += op->listed;
	if (w->out->listed > LIMIT_SERVICE_FILE)
		return fail(w, "the service file would be longer than 4 MB; choose fewer "
		    "operations with --tag or --operation");
	return import_starves(im) ? fail(w, "out of memory") : 0;
}

static int
make_tools(struct work *w)
{
	struct operation *op;
	size_t i;
	int result = 0;

	for (i = 0; i < w->count && result == 0; i++) {
		op = &w->ops[i];
		if (import_operation_make(op) == 0) {
			result = take_tool(w, op);
		} else if (import_starves(&w->import))
			result = fail(w, "out of memory");
		else if (is_named(w, op)) {
			snprintf(w->why, w->whylen, "%s %.200s: %.240s", op->method, op->path,
			    op->why);
			result = -1;
		} else {
			buf_printf(&w->out->said, "ums-mcp: left out: %s %s: %s\n", op->method,
			    op->path, op->why);
			w->out->left_out++;
		}
		/* What it was made with is not needed any more; 1,024 may be many. */
		import_operation_finish(op);
		*op = (struct operation){ .import = &w->import };
	}
	if (result == 0 && w->out->tools == 0)
		return fail(w, "none of its operations can be done");
	return result;
}

/* ====== the text ====== */

/* What fits on a line stands on one, with spaces; else each member has its own. */
static void
print_line(struct buf *out, const cJSON *item)
{
	bool object = cJSON_IsObject(item);
	const cJSON *child;

	if (!object && !cJSON_IsArray(item)) {
		json_print(out, item);
		return;
	}
	buf_putc(out, object ? '{' : '[');
	cJSON_ArrayForEach(child, item) {
		if (object) {
			json_quote(out, child->string);
			buf_puts(out, ": ");
		}
		print_line(out, child);
		if (child->next != NULL)
			buf_puts(out, ", ");
	}
	buf_putc(out, object ? '}' : ']');
}

static void
print(struct buf *out, const cJSON *item, int indent)
{
	bool object = cJSON_IsObject(item);
	const cJSON *child;
	struct buf line;

	if ((!object && !cJSON_IsArray(item)) || item->child == NULL) {
		print_line(out, item);
		return;
	}
	buf_init(&line, WIDTH - (size_t)(indent < WIDTH / 2 ? indent : WIDTH / 2));
	print_line(&line, item);
	if (!line.failed && indent > 0) {
		buf_append(out, buf_str(&line), line.len);
		buf_finish(&line);
		return;
	}
	buf_finish(&line);
	buf_puts(out, object ? "{\n" : "[\n");
	cJSON_ArrayForEach(child, item) {
		buf_printf(out, "%*s", indent + INDENT, "");
		if (object) {
			json_quote(out, child->string);
			buf_puts(out, ": ");
		}
		print(out, child, indent + INDENT);
		buf_puts(out, child->next != NULL ? ",\n" : "\n");
	}
	buf_printf(out, "%*s%c", indent, "", object ? '}' : ']');
}
