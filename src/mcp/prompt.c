/* SPDX-License-Identifier: MIT */
/* prompt.c - loaded: arguments, messages, listing; then filled in; see prompt.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/completion.h"
#include "mcp/content.h"
#include "mcp/listing.h"
#include "mcp/prompt.h"
#include "mcp/template.h"
#include "mcp/tool.h"
#include "mcp/tool_schema.h"
#include "wire/json.h"
#include "wire/uritemplate.h"

/* What stands for the embedded resource while messages are made. */
#define EMBEDDED	"embedded_resource"

static const struct spec_key prompt_keys[] = {
	{ "$comment", SPEC_STRING, false },
	{ "name", SPEC_STRING, true },
	{ "title", SPEC_STRING, false },
	{ "description", SPEC_STRING, false },
	{ "icons", SPEC_ARRAY, false },
	{ "arguments", SPEC_ARRAY, false },
	{ "scopes", SPEC_ARRAY, false },
	{ "messages", SPEC_ARRAY, false },
	{ "request", SPEC_OBJECT, false },
	{ "stream", SPEC_BOOL, false },
	{ "response", SPEC_ANY, false },
	{ "success", SPEC_OBJECT, false },
	{ "error", SPEC_OBJECT, false },
	{ "timeout_ms", SPEC_COUNT, false },
	{ NULL, SPEC_ANY, false },
};

static const struct spec_key argument_keys[] = {
	{ "name", SPEC_STRING, true },
	{ "title", SPEC_STRING, false },
	{ "description", SPEC_STRING, false },
	{ "required", SPEC_BOOL, false },
	{ "complete", SPEC_ANY, false },
	{ NULL, SPEC_ANY, false },
};

/* The schema of the arguments; NULL with the fault said. */
static cJSON *
load_arguments(struct prompt *p, const cJSON *spec, const char *place, struct spec_fault *f)
{
	cJSON *input = tool_schema_object();
	const cJSON *argument, *complete;
	char at[2 * SPEC_PLACE];
	const char *name;
	size_t i = 0;

	p->arguments = json_get(spec, "arguments");
	cJSON_ArrayForEach(argument, p->arguments) {
		snprintf(at, sizeof at, "%s/arguments/%zu", place, i++);
		if (spec_check(argument, argument_keys, at, f) == -1)
			goto fail;
		name = json_str(argument, "name");
		complete = json_get(argument, "complete");
		if (*name == '\0' || strcmp(name, EMBEDDED) == 0 ||
		    json_get(json_get(input, "properties"), name) != NULL) {
			spec_fail(f, at, "\"name\" must not be empty, another's, or \""
			    EMBEDDED "\"");
			goto fail;
		}
		if (complete != NULL && completion_check(p->service, complete, at, f) == -1)
			goto fail;
		if (input == NULL ||
		    tool_schema_add(input, name, json_true(argument, "required")) == -1) {
			spec_fail(f, at, "out of memory");
			goto fail;
		}
	}
	if (input != NULL)
		return input;
	spec_fail(f, place, "out of memory");
fail:
	cJSON_Delete(input);
	return NULL;
}

/* Whether a block stands for a resource that is read when the prompt is asked for. */
static const char *
embedded_uri(const cJSON *block)
{
	const cJSON *resource = json_get(block, "resource");

	return json_get(resource, "text") == NULL && json_get(resource, "blob") == NULL ?
	    json_str(resource, "uri") : NULL;
}

/* With every name given a text the messages must be what MCP has: checked on a copy. */
static int
check_messages(const struct prompt *p, const cJSON *input, const char *place,
    struct spec_fault *f)
{
	struct content_fault wrong;
	struct json_fault fault;
	const cJSON *name;
	cJSON *args = cJSON_CreateObject(), *tree = NULL, *some = NULL, *before;
	struct buf text;
	char at[2 * SPEC_PLACE];
	int result = args == NULL ? -1 : 0;

	cJSON_ArrayForEach(name, json_get(input, "properties"))
		result |= json_put(args, name->string, cJSON_CreateString("x:x"));
	buf_init(&text, LIMIT_SERVICE_FILE);
	if (p->embeds != NULL) {
		some = cJSON_CreateObject();
		result |= json_put(some, "uri", cJSON_CreateString("x:x")) |
		    json_put(some, "text", cJSON_CreateString(""));
	}
	buf_putc(&text, '{');
	if (result == 0 && prompt_print(&text, p, args, some) == 0 && buf_putc(&text, '}') == 0)
		tree = json_parse(buf_str(&text), text.len, &fault);
	before = cJSON_Duplicate(tree, 1);
	if (before == NULL)
		result = spec_fail(f, place, "\"messages\" cannot be made, or out of memory");
	else if (content_check_prompt(tree, &wrong) == -1) {
		snprintf(at, sizeof at, "%s%s", place, wrong.place);
		result = spec_fail(f, at, "%s", wrong.why);
	} else if (!cJSON_Compare(before, tree, true))
		result = spec_fail(f, place, "\"messages\" has a member that MCP does not know "
		    "there, a null, or characters that nobody sees");
	buf_finish(&text);
	cJSON_Delete(before);
	cJSON_Delete(args);
	cJSON_Delete(some);
	cJSON_Delete(tree);
	return result;
}

static int
load_messages(struct prompt *p, const cJSON *spec, const cJSON *input, const char *place,
    struct spec_fault *f)
{
	const cJSON *message, *properties = json_get(input, "properties");
	char at[2 * SPEC_PLACE], why[256];
	const char *uri, *reason;
	size_t offset;

	snprintf(at, sizeof at, "%s/messages", place);
	p->messages = json_get(spec, "messages");
	if (template_check_body(p->messages, properties, why, sizeof why) == -1)
		return spec_fail(f, at, "%s", why);
	cJSON_ArrayForEach(message, p->messages) {
		uri = embedded_uri(json_get(message, "content"));
		if (uri != NULL && p->embeds != NULL)
			return spec_fail(f, at, "one resource can be embedded, not two");
		if (uri != NULL)
			p->embeds = uri;
	}
	/* What is put into a URI is encoded, a URI that is given whole is not. */
	if (p->embeds != NULL && p->embeds[0] != '{') {
		p->uri = uritemplate_create(p->embeds, &reason, &offset);
		if (p->uri == NULL)
			return spec_fail(f, at, "the resource's \"uri\": %s", reason);
	}
	return check_messages(p, input, place, f);
}

/* As clients see it: what is said of completion is not theirs. */
static int
load_listing(struct prompt *p, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *argument;
	struct buf out;
	const char *comma = "";
	int result;

	buf_init(&out, LIMIT_SERVICE_FILE);
	buf_puts(&out, "{\"name\":");
	json_quote(&out, p->name);
	result = listing_common(&out, spec, place, f);
	if (p->arguments != NULL)
		buf_puts(&out, ",\"arguments\":[");
	cJSON_ArrayForEach(argument, p->arguments) {
		buf_printf(&out, "%s{\"name\":", comma);
		json_quote(&out, json_str(argument, "name"));
		result |= listing_common(&out, argument, place, f);
		buf_puts(&out, json_true(argument, "required") ? ",\"required\":true}" :
		    ",\"required\":false}");
		comma = ",";
	}
	buf_puts(&out, p->arguments != NULL ? "]}" : "}");
	p->listing = buf_take(&out);
	buf_finish(&out);
	return result == -1 ? -1 : p->listing == NULL ? spec_fail(f, place, "out of memory") : 0;
}

int
prompt_load(struct prompt *p, const struct service *s, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	static const char *const asking[] = {
		"stream", "response", "success", "error", "timeout_ms",
	};
	cJSON *input;
	size_t i;
	int result;

	p->service = s;
	p->spec = spec;
	if (spec_check(spec, prompt_keys, place, f) == -1 ||
	    tool_check_names(spec, place, f) == -1)
		return -1;
	p->name = json_str(spec, "name");
	p->asks = json_get(spec, "request") != NULL;
	if (p->asks == (json_get(spec, "messages") != NULL))
		return spec_fail(f, place, "a prompt has \"messages\", or a \"request\" to its "
		    "service and \"response\": \"mcp\"");
	for (i = 0; i < sizeof asking / sizeof asking[0] && !p->asks; i++)
		if (json_get(spec, asking[i]) != NULL)
			return spec_fail(f, place, "\"%s\" goes with a \"request\"", asking[i]);
	if (p->asks && (json_str(spec, "response") == NULL ||
	    strcmp(json_str(spec, "response"), "mcp") != 0))
		return spec_fail(f, place, "with a \"request\" the \"response\" is \"mcp\": the "
		    "service answers with the prompt's messages");
	input = load_arguments(p, spec, place, f);
	if (input == NULL)
		return -1;
	if (p->asks)
		return tool_load_part(&p->tool, TOOL_PROMPT, s, spec, input, place, f) == -1 ?
		    -1 : load_listing(p, spec, place, f);
	/* Nothing is asked of the service; who may not have it is told so by these. */
	p->tool.kind = TOOL_PROMPT;
	p->tool.name = p->name;
	p->tool.service = s;
	p->tool.scopes = json_get(spec, "scopes");
	result = load_messages(p, spec, input, place, f);
	cJSON_Delete(input);
	return result == -1 ? -1 : load_listing(p, spec, place, f);
}

void
prompt_finish(struct prompt *p)
{
	tool_finish(&p->tool);
	uritemplate_destroy(p->uri);
	free(p->listing);
	memset(p, 0, sizeof *p);
}

cJSON *
prompt_arguments(const struct prompt *p, const cJSON *given, char *why, size_t whylen)
{
	cJSON *args = cJSON_CreateObject();
	const cJSON *argument, *value;
	const char *name;

	snprintf(why, whylen, "the bridge is short of memory; repeat later");
	cJSON_ArrayForEach(argument, p->arguments) {
		name = json_str(argument, "name");
		value = json_get(given, name);
		if (value == NULL ? json_true(argument, "required") : !cJSON_IsString(value)) {
			snprintf(why, whylen, "the argument \"%.128s\" %s", name,
			    value == NULL ? "is missing" : "must be a string");
			goto fail;
		}
		/* What a service is asked is left out, what is read is empty. */
		if (value == NULL && p->asks)
			continue;
		if (json_put(args, name,
		    cJSON_CreateString(value == NULL ? "" : value->valuestring)) == -1)
			goto fail;
	}
	cJSON_ArrayForEach(value, given) {
		cJSON_ArrayForEach(argument, p->arguments)
			if (strcmp(json_str(argument, "name"), value->string) == 0)
				break;
		if (argument == NULL) {
			snprintf(why, whylen, "the prompt has no argument \"%.128s\"",
			    value->string);
			goto fail;
		}
	}
	if (args != NULL)
		return args;
fail:
	cJSON_Delete(args);
	return NULL;
}

int
prompt_uri(struct buf *out, const struct prompt *p, const cJSON *args)
{
	const char *why, *name;

	return p->uri != NULL ? uritemplate_expand(p->uri, args, out, &why, &name) :
	    template_text(out, p->embeds, args, &why) == TEMPLATE_DONE ? 0 : -1;
}

/* A message as MCP has it: a text is short for a block of text, and the resource is put in. */
static int
complete_message(cJSON *message, bool embeds)
{
	cJSON *content = json_get(message, "content"), *resource, *block;

	if (cJSON_IsString(content)) {
		block = cJSON_CreateObject();
		if (json_put(block, "type", cJSON_CreateString("text")) == -1 ||
		    json_put(block, "text", cJSON_CreateString(content->valuestring)) == -1) {
			cJSON_Delete(block);
			return -1;
		}
		return json_replace(message, content, block);
	}
	if (!embeds || embedded_uri(content) == NULL)
		return 0;
	resource = json_get(content, "resource");
	return json_replace(content, resource, cJSON_CreateString("{" EMBEDDED "}"));
}

int
prompt_print(struct buf *out, const struct prompt *p, const cJSON *args, const cJSON *content)
{
	cJSON *messages = cJSON_Duplicate(p->messages, 1), *all = json_borrow(args, NULL);
	const char *description = json_str(p->spec, "description"), *why;
	cJSON *message;
	int result = messages == NULL || all == NULL ? -1 : 0;

	cJSON_ArrayForEach(message, messages)
		result |= complete_message(message, content != NULL);
	if (content != NULL)
		result |= json_put(all, EMBEDDED, cJSON_CreateObjectReference(content->child));
	if (description != NULL) {
		buf_puts(out, "\"description\":");
		json_quote(out, description);
		buf_putc(out, ',');
	}
	buf_puts(out, "\"messages\":");
	if (result == 0 && template_json(out, messages, all, &why) != TEMPLATE_DONE)
		result = -1;
	cJSON_Delete(messages);
	cJSON_Delete(all);
	return result == 0 && !out->failed ? 0 : -1;
}
