/* SPDX-License-Identifier: MIT */
/*
 * tool_request.c - the upstream request of a tool, checked when it is loaded: method, URL,
 * headers, body, and that each place is filled by an argument that there is.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/credential.h"
#include "mcp/template.h"
#include "mcp/tool.h"
#include "wire/json.h"

static bool	is_own_header(const struct tool *, const char *);
static bool	is_required(const cJSON *, const char *);
static int	load_url(struct tool *, const cJSON *, const char *, struct spec_fault *);
static int	check_pairs(const struct tool *, const cJSON *, const char *, const char *,
		    struct spec_fault *);
static int	load_body(struct tool *, const cJSON *, const char *, struct spec_fault *);

bool
tool_request_is_token(const char *s)
{
	return *s != '\0' && strlen(s) <= LIMIT_TOOL_NAME &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == '\0';
}

/* Headers that the transport or the service's "auth" decides; a second one would lie. */
static bool
is_own_header(const struct tool *t, const char *name)
{
	static const char *const names[] = { "Host", "Content-Length", "Transfer-Encoding",
		"Connection", "Authorization", "traceparent", "tracestate", "Expect" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	for (i = 0; i < t->service->ncredentials; i++)
		if (credential_sets(&t->service->credentials[i], name))
			return true;
	return false;
}

bool
tool_request_sends(const struct tool *t, const char *name)
{
	char text[LIMIT_TOOL_NAME + 8];
	struct buf request;
	bool found = false;
	size_t i;

	for (i = 0; i < uritemplate_count(t->url); i++)
		if (strcmp(uritemplate_name(t->url, i), name) == 0)
			return true;
	snprintf(text, sizeof text, "{%s}", name);
	buf_init(&request, LIMIT_SERVICE_FILE);
	if (t->query != NULL)
		json_print(&request, t->query);
	if (t->headers != NULL)
		json_print(&request, t->headers);
	if (t->body != NULL)
		json_print(&request, t->body);
	found = strstr(buf_str(&request), text) != NULL;
	buf_finish(&request);
	return found;
}

int
tool_request_load(struct tool *t, const cJSON *spec, const char *place, struct spec_fault *f)
{
	static const struct spec_key request_keys[] = {
		{ "method", SPEC_STRING, true },
		{ "url", SPEC_STRING, true },
		{ "query", SPEC_OBJECT, false },
		{ "headers", SPEC_OBJECT, false },
		{ "body", SPEC_ANY, false },
		{ "form", SPEC_OBJECT, false },
		{ NULL, SPEC_ANY, false },
	};
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
	const cJSON *request = json_get(spec, "request"), *known, *header;
	char inner[TOOL_PLACE], at[2 * TOOL_PLACE], reason[256];
	size_t i;

	snprintf(inner, sizeof inner, "%s/request", place);
	if (spec_check(request, request_keys, inner, f) == -1)
		return -1;
	for (i = 0; i < 5 && strcmp(methods[i], json_str(request, "method")) != 0; i++)
		;
	if (i == 5)
		return spec_fail(f, inner, "\"method\" must be GET, POST, PUT, PATCH or DELETE");
	t->method = methods[i];
	if (i > 0 && json_get(spec, "write") == NULL)
		return spec_fail(f, place,
		    "a %s needs \"write\": true, or false if it changes nothing", t->method);
	known = json_get(t->input, "properties");
	if (load_url(t, request, inner, f) == -1)
		return -1;
	t->query = json_get(request, "query");
	if (check_pairs(t, t->query, "query", inner, f) == -1)
		return -1;
	t->headers = json_get(request, "headers");
	cJSON_ArrayForEach(header, t->headers) {
		snprintf(at, sizeof at, "%s/headers/%s", inner, header->string);
		if (is_own_header(t, header->string))
			return spec_fail(f, at, "is the bridge's own to set; credentials go into "
			    "\"auth\"");
		if (!tool_request_is_token(header->string) || !cJSON_IsString(header))
			return spec_fail(f, at, "a header is a name of letters, digits and hyphens "
			    "and a string");
		if (template_check(header->valuestring, known, reason, sizeof reason) == -1)
			return spec_fail(f, at, "%s", reason);
	}
	if (load_body(t, request, inner, f) == -1)
		return -1;
	t->dedupes = t->write && tool_request_sends(t, "idempotency_key");
	return 0;
}

static bool
is_required(const cJSON *schema, const char *name)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, json_get(schema, "required"))
		if (cJSON_IsString(child) && strcmp(child->valuestring, name) == 0)
			return true;
	return false;
}

static int
load_url(struct tool *t, const cJSON *request, const char *place, struct spec_fault *f)
{
	const char *text = json_str(request, "url"), *reason, *query, *p;
	const cJSON *known = json_get(t->input, "properties");
	char at[2 * TOOL_PLACE];
	size_t offset, i, first;
	bool plain;

	snprintf(at, sizeof at, "%s/url", place);
	if (*text != '/')
		return spec_fail(f, at, "must begin with '/'; it follows base_url");
	t->url = uritemplate_create(text, &reason, &offset);
	if (t->url == NULL)
		return spec_fail(f, at, "\"%s\": %s (at byte %zu)", text, reason, offset);
	for (i = 0; i < uritemplate_count(t->url); i++)
		if (json_get(known, uritemplate_name(t->url, i)) == NULL)
			return spec_fail(f, at, "{%s}: no argument of this name; declare it in "
			    "inputSchema.properties", uritemplate_name(t->url, i));
	/* Everything before the query stands in the path, where no value may add a segment. */
	query = strchrnul(text, '?');
	for (p = text; p < query && *p != '\0'; p++) {
		if (*p != '{')
			continue;
		if (p[1] == '+' || p[1] == '#')
			return spec_fail(f, at, "{%c...} in a path lets a value add segments; "
			    "use {name}", p[1]);
		if (p[1] == '?' || p[1] == '&')
			break;
		first = t->path_vars++;
		plain = strchr("./;", p[1]) == NULL;
		for (; *p != '}'; p++)
			if (*p == ',')
				t->path_vars++;
		for (i = first; plain && i < t->path_vars; i++)
			if (!is_required(t->input, uritemplate_name(t->url, i)))
				return spec_fail(f, at, "{%s} stands in the path and could be left "
				    "out; add it to inputSchema.required",
				    uritemplate_name(t->url, i));
	}
	return 0;
}

/* Check "query" or "form": names and texts, or lists of them. 0, also without one; or -1. */
static int
check_pairs(const struct tool *t, const cJSON *pairs, const char *member, const char *place,
    struct spec_fault *f)
{
	char at[2 * TOOL_PLACE], reason[256];
	const cJSON *child;

	snprintf(at, sizeof at, "%s/%s", place, member);
	if (pairs != NULL && template_check_body(pairs, json_get(t->input, "properties"), reason,
	    sizeof reason) == -1)
		return spec_fail(f, at, "%s", reason);
	cJSON_ArrayForEach(child, pairs)
		if (cJSON_IsObject(child))
			return spec_fail(f, at, "\"%s\": a %s has no nested objects",
			    child->string, member);
	return 0;
}

static int
load_body(struct tool *t, const cJSON *request, const char *place, struct spec_fault *f)
{
	const cJSON *known = json_get(t->input, "properties"), *form = json_get(request, "form");
	char at[2 * TOOL_PLACE], reason[256];

	t->body = json_get(request, "body");
	if (t->body != NULL && form != NULL)
		return spec_fail(f, place, "\"body\" and \"form\" exclude each other");
	if (form != NULL) {
		t->body = form;
		t->form = true;
	}
	if (t->body == NULL)
		return 0;
	snprintf(at, sizeof at, "%s/%s", place, t->form ? "form" : "body");
	if (strcmp(t->method, "GET") == 0)
		return spec_fail(f, at, "a GET has no body");
	if (t->form)
		return check_pairs(t, form, "form", place, f);
	if (template_check_body(t->body, known, reason, sizeof reason) == -1)
		return spec_fail(f, at, "%s", reason);
	return 0;
}
