/* SPDX-License-Identifier: MIT */
/* service.c - a service file from bytes to tools, and the catalog; see service.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "mcp/completion.h"
#include "mcp/credential.h"
#include "mcp/overlay.h"
#include "mcp/prompt.h"
#include "mcp/push.h"
#include "mcp/resource.h"
#include "mcp/service.h"
#include "mcp/spec.h"
#include "mcp/template.h"
#include "mcp/tool.h"
#include "wire/json.h"
#include "wire/urimatch.h"

static int	load_base(struct service *, const struct service_settings *, struct spec_fault *);
static int	load_values(struct service *, const struct service_settings *, struct spec_fault *);
static int	load_headers(struct service *, struct spec_fault *);
static int	load_origins(struct service *, struct spec_fault *);
static int	load_tls(struct service *, const struct service_settings *, struct spec_fault *);
static int	load_auth(struct service *, const struct service_settings *, struct spec_fault *);
static void	shed(struct service *, cJSON *);
static int	load_tools(struct service *, const struct service_settings *,
		    struct spec_fault *);
static int	load_taken(struct service *, cJSON *, const struct overlay *,
		    struct spec_fault *);
static int	link_previews(struct service *, struct spec_fault *);
static int	link_follows(struct service *, struct spec_fault *);
static int	load_completions(struct service *, struct spec_fault *);
static int	load_push(struct service *, struct spec_fault *);
static int	load_resources(struct service *, struct spec_fault *);
static int	load_prompts(struct service *, struct spec_fault *);
static struct tool *own_tool(void);

static const struct spec_key service_keys[] = {
	{ "$schema", SPEC_STRING, false },
	{ "$comment", SPEC_STRING, false },
	{ "name", SPEC_STRING, true },
	{ "title", SPEC_STRING, false },
	{ "description", SPEC_STRING, false },
	{ "instructions", SPEC_STRING, false },
	{ "base_url", SPEC_STRING, true },
	{ "values", SPEC_OBJECT, false },
	{ "headers", SPEC_OBJECT, false },
	{ "tls", SPEC_OBJECT, false },
	{ "origins", SPEC_ARRAY, false },
	{ "auth", SPEC_OBJECT, false },
	{ "success", SPEC_OBJECT, false },
	{ "error", SPEC_OBJECT, false },
	{ "tools", SPEC_ARRAY, true },
	{ "completions", SPEC_OBJECT, false },
	{ "push", SPEC_OBJECT, false },
	{ "resources", SPEC_ARRAY, false },
	{ "prompts", SPEC_ARRAY, false },
	{ NULL, SPEC_ANY, false },
};

int
service_load(struct service *s, const char *file,
    void (*settings)(void *arg, const char *name, struct service_settings *out), void *arg,
    char *why, size_t whylen)
{
	struct spec_fault f = { .file = file, .why = why, .whylen = whylen };
	struct service_settings over = { 0 };

	memset(s, 0, sizeof *s);
	s->file = strdup(file);
	if (s->file == NULL)
		return spec_fail(&f, "", "out of memory");
	s->root = spec_read(&f);
	if (s->root == NULL || spec_check(s->root, service_keys, "", &f) == -1)
		return -1;
	s->name = json_str(s->root, "name");
	if (s->name[strspn(s->name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0')
		return spec_fail(&f, "/name", "must be of a-z 0-9 _ -");
	s->title = json_str(s->root, "title");
	if (settings != NULL)
		settings(arg, s->name, &over);
	if (load_base(s, &over, &f) == -1 || load_values(s, &over, &f) == -1 ||
	    load_origins(s, &f) == -1 || load_tls(s, &over, &f) == -1 ||
	    load_auth(s, &over, &f) == -1 || load_headers(s, &f) == -1 ||
	    load_tools(s, &over, &f) == -1 || load_completions(s, &f) == -1 ||
	    load_push(s, &f) == -1 || load_resources(s, &f) == -1 || load_prompts(s, &f) == -1)
		return -1;
	s->instructions = json_str(s->root, "instructions");
	return 0;
}

void
service_finish(struct service *s)
{
	size_t i;

	for (i = 0; i < s->ntools; i++)
		tool_finish(&s->tools[i]);
	if (s->push != NULL)
		push_finish(s->push);
	for (i = 0; i < s->nresources; i++)
		resource_finish(&s->resources[i]);
	for (i = 0; i < s->nprompts; i++)
		prompt_finish(&s->prompts[i]);
	for (i = 0; i < s->ncompletions; i++)
		completion_finish(&s->completions[i]);
	free(s->tools);
	free(s->push);
	free(s->resources);
	free(s->prompts);
	free(s->completions);
	cJSON_Delete(s->root);
	cJSON_Delete(s->values);
	free(s->file);
	free(s->base_url);
	free(s->ca_file);
	free(s->certificate_file);
	free(s->key_file);
	for (i = 0; i < s->ncredentials; i++)
		credential_finish(&s->credentials[i]);
	free(s->credentials);
	memset(s, 0, sizeof *s);
}

static int
load_base(struct service *s, const struct service_settings *over, struct spec_fault *f)
{
	const char *url = over->base_url != NULL ? over->base_url : json_str(s->root, "base_url");
	const char *host;
	size_t len;

	host = strncmp(url, "https://", 8) == 0 ? url + 8 : strncmp(url, "http://", 7) == 0 ?
	    url + 7 : NULL;
	if (host == NULL || *host == '\0' || *host == '/')
		return spec_fail(f, "/base_url", "must be an http or https URL with a host");
	if (strpbrk(url, "?#{} \t\r\n\"<>") != NULL ||
	    memchr(host, '@', strcspn(host, "/")) != NULL)
		return spec_fail(f, "/base_url", "must have no query, no fragment and no user; "
		    "credentials go into \"auth\"");
	for (len = strlen(url); url[len - 1] == '/'; len--)
		;
	s->base_url = strndup(url, len);
	return s->base_url == NULL ? spec_fail(f, "/base_url", "out of memory") : 0;
}

/* The constants that requests use: the file's, or what the operator says of each. */
static int
load_values(struct service *s, const struct service_settings *over, struct spec_fault *f)
{
	const cJSON *values = json_get(s->root, "values"), *child;
	char place[SPEC_PLACE];
	const char *text;

	if (values == NULL)
		return 0;
	s->values = cJSON_CreateObject();
	cJSON_ArrayForEach(child, values) {
		snprintf(place, sizeof place, "/values/%.256s", child->string);
		if (!cJSON_IsString(child) && !cJSON_IsNull(child))
			return spec_fail(f, place, "must be a string, or null where the "
			    "configuration must say it");
		text = over->value == NULL ? NULL : over->value(over->arg, s->name, child->string);
		if (text == NULL)
			text = child->valuestring;
		if (text == NULL)
			return spec_fail(f, place, "is for you to say: service.%s.values.%s = ... "
			    "in the configuration", s->name, child->string);
		if (json_put(s->values, child->string, cJSON_CreateString(text)) == -1)
			return spec_fail(f, place, "out of memory");
	}
	return s->values == NULL ? spec_fail(f, "/values", "out of memory") : 0;
}

/* What every request says besides what its tool does. */
static int
load_headers(struct service *s, struct spec_fault *f)
{
	const cJSON *header;
	enum template_result result;
	char place[SPEC_PLACE];
	const char *why;
	struct buf text;

	s->headers = json_get(s->root, "headers");
	if (request_check_headers(s, s->headers, s->values, "", f) == -1)
		return -1;
	/* They use constants alone: what they become is known now. */
	cJSON_ArrayForEach(header, s->headers) {
		buf_init(&text, LIMIT_HEADER - 256);
		result = template_header(&text, header->valuestring, s->values, &why);
		buf_finish(&text);
		snprintf(place, sizeof place, "/headers/%.256s", header->string);
		if (result != TEMPLATE_DONE)
			return spec_fail(f, place, "with its values: %s", why);
	}
	return 0;
}

/* Where else requests may go to, with a URL that the service itself gave. */
static int
load_origins(struct service *s, struct spec_fault *f)
{
	const cJSON *origin;
	const char *host;

	s->origins = json_get(s->root, "origins");
	if (s->origins != NULL && s->origins->child == NULL)
		return spec_fail(f, "/origins", "must list one, or not be there");
	cJSON_ArrayForEach(origin, s->origins) {
		host = cJSON_IsString(origin) ? strstr(origin->valuestring, "://") : NULL;
		if (host == NULL || (strncmp(origin->valuestring, "https://", 8) != 0 &&
		    strncmp(origin->valuestring, "http://", 7) != 0) || host[3] == '\0' ||
		    strpbrk(host + 3, "/?#@\\ \t\r\n\"<>{}") != NULL)
			return spec_fail(f, "/origins", "each must be http or https, a host and "
			    "no path: \"https://files.example\"");
	}
	return 0;
}

/* Who the bridge is to a service that asks for a client certificate. What is in the files is read
 * when connections are made ready (edge/trust). */
static int
load_certificate(struct service *s, const cJSON *tls, struct spec_fault *f)
{
	const char *certificate = json_str(tls, "certificate_file");
	const char *key = json_str(tls, "key_file");

	if ((certificate == NULL) != (key == NULL))
		return spec_fail(f, "/tls", "\"certificate_file\" and \"key_file\" go together");
	if (certificate == NULL)
		return 0;
	s->certificate_file = file_beside(s->file, certificate);
	s->key_file = file_beside(s->file, key);
	return s->certificate_file == NULL || s->key_file == NULL ?
	    spec_fail(f, "/tls", "out of memory") : 0;
}

static int
load_tls(struct service *s, const struct service_settings *over, struct spec_fault *f)
{
	static const struct spec_key tls_keys[] = {
		{ "ca_file", SPEC_STRING, false },
		{ "certificate_file", SPEC_STRING, false },
		{ "key_file", SPEC_STRING, false },
		{ NULL, SPEC_ANY, false },
	};
	const cJSON *tls = json_get(s->root, "tls");
	struct buf probe;
	char reason[512], key[256];
	const char *another = NULL;	/* the key that would name one */
	bool absent;
	int result;

	if (tls != NULL && spec_check(tls, tls_keys, "/tls", f) == -1)
		return -1;
	if (load_certificate(s, tls, f) == -1)
		return -1;
	if (over->ca_file != NULL)
		s->ca_file = strdup(over->ca_file);
	else if (json_str(tls, "ca_file") != NULL) {
		s->ca_file = file_beside(s->file, json_str(tls, "ca_file"));
		snprintf(key, sizeof key, "service.%s.ca_file", s->name);
		another = key;
	} else
		return 0;
	if (s->ca_file == NULL)
		return spec_fail(f, "/tls/ca_file", "out of memory");
	buf_init(&probe, LIMIT_SERVICE_FILE);
	result = file_read(&probe, s->ca_file, reason, sizeof reason);
	absent = result == -1 && errno == ENOENT;
	if (result == 0 && strstr(buf_str(&probe), "-----BEGIN CERTIFICATE-----") == NULL) {
		snprintf(reason, sizeof reason, "%s: holds no PEM certificate", s->ca_file);
		result = -1;
	}
	buf_finish(&probe);
	return result == -1 ? spec_fail_file(f, "/tls/ca_file", absent, reason, another) : 0;
}

/* "auth", and in it "callers" with an object of the same form for each who has one of their own. */
static int
load_auth(struct service *s, const struct service_settings *over, struct spec_fault *f)
{
	const cJSON *auth = json_get(s->root, "auth"), *callers = json_get(auth, "callers"), *one;
	int count = cJSON_GetArraySize(callers);
	char place[512], key[256];

	if (count > LIMIT_CALLERS)
		return spec_fail(f, "/auth/callers", "must have %d at most", LIMIT_CALLERS);
	s->credentials = calloc((size_t)count + 1, sizeof *s->credentials);
	if (s->credentials == NULL)
		return spec_fail(f, "/auth", "out of memory");
	s->ncredentials = 1;
	snprintf(key, sizeof key, "service.%s.token_file", s->name);
	if (auth != NULL &&
	    credential_load(&s->credentials[0], auth, over->token_file, key, s->values, "/auth",
	    f) == -1)
		return -1;
	cJSON_ArrayForEach(one, callers) {
		snprintf(place, sizeof place, "/auth/callers/%.256s", one->string);
		if (json_get(one, "callers") != NULL)
			return spec_fail(f, place, "must have no \"callers\" itself");
		if (credential_load(&s->credentials[s->ncredentials++], one, NULL, NULL, s->values,
		    place, f) == -1)
			return -1;
		s->credentials[s->ncredentials - 1].caller = one->string;
	}
	return 0;
}

const struct credential *
service_credential(const struct service *s, const char *caller)
{
	size_t i;

	for (i = 1; i < s->ncredentials; i++)
		if (strcmp(s->credentials[i].caller, caller) == 0)
			return &s->credentials[i];
	return &s->credentials[0];
}

static int
load_tools(struct service *s, const struct service_settings *over, struct spec_fault *f)
{
	cJSON *tools = json_get(s->root, "tools");
	struct spec_fault on_overlay = *f;
	struct overlay overlay = { 0 };
	int result = -1;

	if (over->overlay == NULL ||
	    overlay_apply(&overlay, over->overlay, s->root, &on_overlay) == 0)
		result = load_taken(s, tools, &overlay, f);
	overlay_finish(&overlay);
	return result;
}

/* The tools of the file, less what an overlay leaves out. */
static int
load_taken(struct service *s, cJSON *tools, const struct overlay *overlay,
    struct spec_fault *f)
{
	int count = cJSON_GetArraySize(tools);
	const cJSON *spec;
	char place[64];
	size_t i, at = 0;

	if (count < 1 || count > LIMIT_TOOLS)
		return spec_fail(f, "/tools", "must hold 1 to %d tools", LIMIT_TOOLS);
	s->tools = calloc((size_t)count, sizeof *s->tools);
	if (s->tools == NULL)
		return spec_fail(f, "/tools", "out of memory");
	cJSON_ArrayForEach(spec, tools) {
		snprintf(place, sizeof place, "/tools/%zu", at);
		if (!overlay_takes(overlay, at++))
			continue;
		if (tool_load(&s->tools[s->ntools++], s, spec, place, f) == -1)
			return -1;
		for (i = 0; i + 1 < s->ntools; i++)
			if (strcmp(s->tools[i].name, s->tools[s->ntools - 1].name) == 0)
				return spec_fail(f, place, "a second tool named \"%s\"",
				    s->tools[i].name);
	}
	if (link_previews(s, f) == -1 || link_follows(s, f) == -1)
		return -1;
	shed(s, tools);
	return 0;
}

/* Let go of what was needed to load tools only: half of a file are schemas, which tools copied. */
static void
shed(struct service *s, cJSON *tools)
{
	static const char *const members[] = {
		"$comment", "description", "annotations", "inputSchema", "outputSchema",
	};
	cJSON *spec;
	size_t i;

	cJSON_ArrayForEach(spec, tools)
		for (i = 0; i < sizeof members / sizeof members[0]; i++)
			cJSON_DeleteItemFromObjectCaseSensitive(spec, members[i]);
	for (i = 0; i < s->ntools; i++) {
		cJSON_Delete(s->tools[i].known);
		s->tools[i].known = NULL;
	}
}

/* Whether all that `wanted` lists is in `scopes`. */
static bool
grants(const cJSON *scopes, const cJSON *wanted)
{
	const cJSON *one, *other;

	cJSON_ArrayForEach(one, wanted) {
		cJSON_ArrayForEach(other, scopes)
			if (strcmp(one->valuestring, other->valuestring) == 0)
				break;
		if (other == NULL)
			return false;
	}
	return true;
}

/* A name that the preview's steps bring and that is an argument of the tool; NULL: none. */
static const char *
first_shared(const struct tool *preview, const struct tool *t)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, preview->known)
		if (json_get(json_get(preview->input, "properties"), name->string) == NULL &&
		    json_get(json_get(t->input, "properties"), name->string) != NULL)
			return name->string;
	return NULL;
}

/* An argument of both with another default in each: what is shown would not be sent; NULL: none. */
static const char *
first_unlike(const struct tool *preview, const struct tool *t)
{
	const cJSON *child, *mine, *its;

	cJSON_ArrayForEach(child, json_get(preview->input, "properties")) {
		its = json_get(child, "default");
		mine = json_get(json_get(t->input, "properties"), child->string);
		if (mine == NULL)
			continue;
		mine = json_get(mine, "default");
		if (mine != its && !cJSON_Compare(mine, its, true))
			return child->string;
	}
	return NULL;
}

/* A required argument of the tool that its preview does not know; NULL: none. */
static const char *
first_unknown(const struct tool *preview, const struct tool *t)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, json_get(t->input, "required"))
		if (cJSON_IsString(name) && strcmp(name->valuestring, "idempotency_key") != 0 &&
		    json_get(json_get(preview->input, "properties"), name->valuestring) == NULL)
			return name->valuestring;
	return NULL;
}

/* Find the tools that "follow" names. */
static int
link_follows(struct service *s, struct spec_fault *f)
{
	char place[64];
	size_t i;

	for (i = 0; i < s->ntools; i++) {
		snprintf(place, sizeof place, "/tools/%zu", i);
		if (follow_load(&s->tools[i], s, place, f) == -1)
			return -1;
	}
	return 0;
}

/* Find the tools that "preview" names. */
static int
link_previews(struct service *s, struct spec_fault *f)
{
	const char *name, *shadow, *unlike, *unknown;
	char place[64];
	size_t i, k;

	for (i = 0; i < s->ntools; i++) {
		name = json_str(s->tools[i].spec, "preview");
		if (name == NULL)
			continue;
		for (k = 0; k < s->ntools && strcmp(s->tools[k].name, name) != 0; k++)
			;
		snprintf(place, sizeof place, "/tools/%zu/preview", i);
		if (k == s->ntools || s->tools[k].write || s->tools[k].previewed != NULL)
			return spec_fail(f, place, k == s->ntools ?
			    "names no tool of this file that is taken" :
			    "must name a tool that only reads and is no other tool's preview");
		shadow = first_shared(&s->tools[k], &s->tools[i]);
		if (shadow != NULL)
			return spec_fail(f, place, "has a step that brings \"%s\", which is the "
			    "name of an argument here; give it another name", shadow);
		unlike = first_unlike(&s->tools[k], &s->tools[i]);
		if (unlike != NULL)
			return spec_fail(f, place, "has another default of \"%s\"; what is "
			    "agreed to must be what is sent", unlike);
		if (!grants(s->tools[i].scopes, s->tools[k].scopes))
			return spec_fail(f, place, "asks for scopes that the tool itself does "
			    "not; who may call the one is shown the other");
		unknown = first_unknown(&s->tools[k], &s->tools[i]);
		if (unknown != NULL)
			return spec_fail(f, place, "has no argument \"%s\", which this tool "
			    "requires: it cannot show what this one would do", unknown);
		s->tools[i].preview = &s->tools[k];
		s->tools[k].previewed = &s->tools[i];
	}
	return 0;
}

/* Room for what a member of the file lists, at most LIMIT_TOOLS; NULL with the fault said. */
static void *
make_room(const cJSON *list, size_t size, const char *place, struct spec_fault *f)
{
	int count = cJSON_GetArraySize(list);
	void *room = count > LIMIT_TOOLS ? NULL : calloc((size_t)count + 1, size);

	if (room == NULL)
		spec_fail(f, place, "must hold %d at most, or out of memory", LIMIT_TOOLS);
	return room;
}

static int
load_completions(struct service *s, struct spec_fault *f)
{
	const cJSON *list = json_get(s->root, "completions"), *spec;
	char place[SPEC_PLACE];

	s->completions = make_room(list, sizeof *s->completions, "/completions", f);
	if (s->completions == NULL)
		return -1;
	cJSON_ArrayForEach(spec, list) {
		snprintf(place, sizeof place, "/completions/%.256s", spec->string);
		if (completion_load(&s->completions[s->ncompletions++], s, spec, spec->string,
		    place, f) == -1)
			return -1;
	}
	return 0;
}

/* The stream by which the service tells of changes. */
static int
load_push(struct service *s, struct spec_fault *f)
{
	const cJSON *spec = json_get(s->root, "push"), *resource;

	if (spec == NULL)
		return 0;
	s->push = calloc(1, sizeof *s->push);
	if (s->push == NULL)
		return spec_fail(f, "/push", "out of memory");
	if (push_load(s->push, s, spec, "/push", f) == -1)
		return -1;
	cJSON_ArrayForEach(resource, json_get(s->root, "resources"))
		if (json_get(json_get(resource, "subscribe"), "push") != NULL)
			return 0;
	return spec_fail(f, "/push", "no resource has \"push\" in its \"subscribe\": say there "
	    "what of the stream is about it, or leave the stream out");
}

static int
load_resources(struct service *s, struct spec_fault *f)
{
	const cJSON *list = json_get(s->root, "resources"), *spec;
	char place[64];
	size_t i;

	s->resources = make_room(list, sizeof *s->resources, "/resources", f);
	if (s->resources == NULL)
		return -1;
	cJSON_ArrayForEach(spec, list) {
		snprintf(place, sizeof place, "/resources/%zu", s->nresources);
		if (resource_load(&s->resources[s->nresources++], s, spec, place, f) == -1)
			return -1;
		for (i = 0; i + 1 < s->nresources; i++)
			if (strcmp(s->resources[i].text,
			    s->resources[s->nresources - 1].text) == 0)
				return spec_fail(f, place, "a second resource at \"%s\"",
				    s->resources[i].text);
	}
	return 0;
}

static int
load_prompts(struct service *s, struct spec_fault *f)
{
	const cJSON *list = json_get(s->root, "prompts"), *spec;
	char place[64];

	s->prompts = make_room(list, sizeof *s->prompts, "/prompts", f);
	if (s->prompts == NULL)
		return -1;
	cJSON_ArrayForEach(spec, list) {
		snprintf(place, sizeof place, "/prompts/%zu", s->nprompts);
		if (prompt_load(&s->prompts[s->nprompts++], s, spec, place, f) == -1)
			return -1;
	}
	return 0;
}

/* The tool that the bridge answers itself. NULL: out of memory. */
static struct tool *
own_tool(void)
{
	static const char input[] = "{\"type\":\"object\",\"additionalProperties\":false}";
	static const char output[] = "{\"type\":\"object\",\"properties\":{"
	    "\"server\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"},"
	    "\"services\":{\"type\":\"array\"},\"tools\":{\"type\":\"array\"},"
	    "\"tools_off\":{\"type\":\"array\"},\"limits\":{\"type\":\"object\"},"
	    "\"rates\":{\"type\":\"array\"},\"breakers\":{\"type\":\"object\"},"
	    "\"store\":{\"type\":\"string\"},"
	    "\"caller\":{\"type\":\"string\"}},"
	    "\"required\":[\"server\",\"version\",\"tools\",\"tools_off\",\"limits\",\"caller\"]}";
	struct tool *t = calloc(1, sizeof *t);
	struct schema_fault schema_fault;
	struct json_fault fault;
	struct buf out;

	if (t == NULL)
		return NULL;
	t->name = "server_info";
	t->input = json_parse(input, sizeof input - 1, &fault);
	t->output = json_parse(output, sizeof output - 1, &fault);
	if (t->input != NULL && t->output != NULL) {
		t->arguments = schema_create(t->input, &schema_fault);
		t->result = schema_create(t->output, &schema_fault);
	}
	buf_init(&out, LIMIT_SERVICE_FILE);
	buf_printf(&out, "{\"name\":\"%s\",\"title\":\"Server info\",\"description\":"
	    "\"What this bridge can do now: tools that are on, tools that are off and why, limits, "
	    "and who you are to it.\",\"inputSchema\":%s,\"outputSchema\":%s,\"annotations\":"
	    "{\"readOnlyHint\":true,\"destructiveHint\":false,\"idempotentHint\":true,"
	    "\"openWorldHint\":false}}", t->name, input, output);
	t->listing = buf_take(&out);
	if (t->listing != NULL && t->arguments != NULL && t->result != NULL)
		return t;
	tool_finish(t);
	free(t);
	return NULL;
}

/* The tools of all services and our own: a name is one tool's. 0 or -1. */
static int
shelve_tools(struct catalog *c, char *why, size_t whylen)
{
	struct service *s;
	size_t i, j, k;

	for (i = 0; i < c->nservices; i++) {
		s = &c->services[i];
		for (k = 0; k < i; k++)
			if (strcmp(s->name, c->services[k].name) == 0) {
				snprintf(why, whylen, "%s: /name: \"%s\" is the name of %s too",
				    s->file, s->name, c->services[k].file);
				return -1;
			}
		for (k = 0; k < s->ntools; k++)
			c->tools[c->ntools++] = &s->tools[k];
		for (k = 0; k < s->ntools; k++)
			c->follows |= s->tools[k].follow.look != NULL;
	}
	c->tools[c->ntools++] = c->own;
	for (i = 0; i < c->ntools; i++)
		for (j = 0; j < i; j++)
			if (strcmp(c->tools[i]->name, c->tools[j]->name) == 0) {
				snprintf(why, whylen, "%s: a tool named \"%s\" is in %s already; "
				    "rename one", c->tools[i]->service == NULL ? "the bridge" :
				    c->tools[i]->service->file, c->tools[i]->name,
				    c->tools[j]->service->file);
				return -1;
			}
	return 0;
}

/* The resources and prompts of all services: a name is one prompt's, a URI one resource's. */
static int
shelve_others(struct catalog *c, char *why, size_t whylen)
{
	const struct resource *resource;
	const struct prompt *prompt;
	const cJSON *argument;
	struct service *s;
	size_t i, j, k;

	for (i = 0; i < c->nservices; i++) {
		s = &c->services[i];
		for (k = 0; k < s->nresources; k++) {
			resource = &s->resources[k];
			for (j = 0; j < c->nresources; j++)
				if (strcmp(c->resources[j]->text, resource->text) == 0) {
					snprintf(why, whylen, "%s: the resource \"%s\" is in %s "
					    "already", s->file, resource->text,
					    c->resources[j]->tool.service->file);
					return -1;
				}
			c->completes |= resource->completes != NULL;
			c->subscribes |= resource->every_ms != 0;
			c->pushes |= resource->push.is_set;
			c->resources[c->nresources++] = &s->resources[k];
		}
		for (k = 0; k < s->nprompts; k++) {
			prompt = catalog_prompt(c, s->prompts[k].name);
			if (prompt != NULL) {
				snprintf(why, whylen, "%s: a prompt named \"%s\" is in %s "
				    "already; rename one", s->file, prompt->name,
				    prompt->service->file);
				return -1;
			}
			cJSON_ArrayForEach(argument, s->prompts[k].arguments)
				c->completes |= json_get(argument, "complete") != NULL;
			c->prompts[c->nprompts++] = &s->prompts[k];
		}
	}
	return 0;
}

int
catalog_init(struct catalog *c, struct service *services, size_t nservices, char *why,
    size_t whylen)
{
	size_t i, tools = 1, resources = 1, prompts = 1;

	*c = (struct catalog){ .services = services, .nservices = nservices };
	for (i = 0; i < nservices; i++) {
		tools += services[i].ntools;
		resources += services[i].nresources;
		prompts += services[i].nprompts;
	}
	c->own = own_tool();
	c->tools = calloc(tools, sizeof *c->tools);
	c->resources = calloc(resources, sizeof *c->resources);
	c->prompts = calloc(prompts, sizeof *c->prompts);
	if (c->own == NULL || c->tools == NULL || c->resources == NULL || c->prompts == NULL ||
	    tools > LIMIT_TOOLS) {
		snprintf(why, whylen, "more than %d tools, or out of memory", LIMIT_TOOLS);
		return -1;
	}
	return shelve_tools(c, why, whylen) == -1 ? -1 : shelve_others(c, why, whylen);
}

void
catalog_finish(struct catalog *c)
{
	size_t i;

	for (i = 0; i < c->nservices; i++)
		service_finish(&c->services[i]);
	free(c->services);
	if (c->own != NULL)
		tool_finish(c->own);
	free(c->own);
	free(c->tools);
	free(c->resources);
	free(c->prompts);
	memset(c, 0, sizeof *c);
}

const struct tool *
catalog_find(const struct catalog *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->ntools; i++)
		if (strcmp(c->tools[i]->name, name) == 0)
			return c->tools[i];
	return NULL;
}

struct tool *
catalog_part(const struct catalog *c, size_t i)
{
	if (i < c->ntools)
		return c->tools[i];
	i -= c->ntools;
	if (i < c->nresources)
		return &c->resources[i]->tool;
	i -= c->nresources;
	return i < c->nprompts ? &c->prompts[i]->tool : NULL;
}

const struct prompt *
catalog_prompt(const struct catalog *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nprompts; i++)
		if (strcmp(c->prompts[i]->name, name) == 0)
			return c->prompts[i];
	return NULL;
}

int
catalog_resource(const struct catalog *c, const char *uri, const struct resource **out,
    cJSON **args)
{
	int match = 0;
	size_t i;

	for (i = 0; i < c->nresources && match == 0; i++) {
		match = urimatch_apply(c->resources[i]->uri, uri, args);
		*out = c->resources[i];
	}
	return match;
}
