/* SPDX-License-Identifier: MIT */
/*
 * request.c - a request's description, checked when it is loaded: method, URL, headers, body, and
 * that each place is filled by an argument that there is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/credential.h"
#include "mcp/multipart.h"
#include "mcp/request.h"
#include "mcp/service.h"
#include "mcp/template.h"
#include "wire/json.h"

static bool	is_own_header(const struct service *, const char *);
static bool	is_brought(const struct request_names *, const char *);
static int	load_url(struct request *, const cJSON *, const struct request_names *,
		    const char *, struct spec_fault *);
static int	check_pairs(const cJSON *, const struct request_names *, const char *, const char *,
		    struct spec_fault *);
static int	load_body(struct request *, const cJSON *, const struct request_names *,
		    const char *, struct spec_fault *);

int
request_load(struct request *r, const struct service *s, const cJSON *spec,
    const struct request_names *names, const char *place, struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "method", SPEC_STRING, true },
		{ "url", SPEC_STRING, true },
		{ "query", SPEC_OBJECT, false },
		{ "headers", SPEC_OBJECT, false },
		{ "body", SPEC_ANY, false },
		{ "form", SPEC_OBJECT, false },
		{ "multipart", SPEC_OBJECT, false },
		{ "raw", SPEC_OBJECT, false },
		{ NULL, SPEC_ANY, false },
	};
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
	size_t i;

	r->service = s;
	if (spec_check(spec, keys, place, f) == -1)
		return -1;
	for (i = 0; i < 5 && strcmp(methods[i], json_str(spec, "method")) != 0; i++)
		;
	if (i == 5)
		return spec_fail(f, place, "\"method\" must be GET, POST, PUT, PATCH or DELETE");
	r->method = methods[i];
	r->query = json_get(spec, "query");
	r->headers = json_get(spec, "headers");
	if (load_url(r, spec, names, place, f) == -1 ||
	    check_pairs(r->query, names, "query", place, f) == -1 ||
	    request_check_headers(s, r->headers, names->known, place, f) == -1)
		return -1;
	return load_body(r, spec, names, place, f);
}

void
request_finish(struct request *r)
{
	free(r->to);
	uritemplate_destroy(r->url);
	memset(r, 0, sizeof *r);
}

/* A slash would be sent as %2F, which many servers take for one again before they route. */
bool
request_is_segment(const char *text)
{
	return *text != '\0' && strpbrk(text, "/\\") == NULL && strcmp(text, ".") != 0 &&
	    strcmp(text, "..") != 0;
}

bool
request_is_token(const char *s)
{
	return *s != '\0' && strlen(s) <= LIMIT_TOOL_NAME &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == '\0';
}

bool
request_headers_have(const cJSON *headers, const char *name)
{
	const cJSON *header;

	cJSON_ArrayForEach(header, headers)
		if (strcasecmp(header->string, name) == 0)
			return true;
	return false;
}

bool
request_has_header(const struct request *r, const char *name)
{
	return request_headers_have(r->headers, name) || (r->to == NULL &&
	    request_headers_have(r->service->headers, name));
}

bool
request_uses(const struct request *r, const char *name)
{
	size_t i;

	for (i = 0; r->url != NULL && i < uritemplate_count(r->url); i++)
		if (strcmp(uritemplate_name(r->url, i), name) == 0)
			return true;
	return (r->query != NULL && template_uses(r->query, name)) ||
	    (r->headers != NULL && template_uses(r->headers, name)) ||
	    (r->body != NULL && template_uses(r->body, name));
}

/* Headers that the transport or the service's "auth" decides; a second one would lie. */
static bool
is_own_header(const struct service *s, const char *name)
{
	size_t i;

	if (credential_may_not_set(name) || strcasecmp(name, "Authorization") == 0)
		return true;
	for (i = 0; i < s->ncredentials; i++)
		if (credential_sets(&s->credentials[i], name))
			return true;
	return false;
}

/* Whether a step brings it: what is known and no argument of the caller. */
static bool
is_brought(const struct request_names *names, const char *name)
{
	return json_get(names->known, name) != NULL &&
	    json_get(json_get(names->schema, "properties"), name) == NULL;
}

bool
request_is_given(const struct request_names *names, const char *name)
{
	const cJSON *child;

	if (is_brought(names, name))
		return json_true(names->known, name);
	cJSON_ArrayForEach(child, json_get(names->schema, "required"))
		if (cJSON_IsString(child) && strcmp(child->valuestring, name) == 0)
			return true;
	return json_get(json_get(json_get(names->schema, "properties"), name), "default") != NULL;
}

int
request_add_name(cJSON *known, const char *name, bool always, const char *place,
    struct spec_fault *f)
{
	if (*name == '\0' || strlen(name) > LIMIT_TOOL_NAME || name[strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] != '\0')
		return spec_fail(f, place, "\"%s\": a name is of letters, digits and _", name);
	if (json_get(known, name) != NULL)
		return spec_fail(f, place, "\"%s\" is the name of an argument, of a constant of "
		    "the service or of what is derived or brought before", name);
	return json_put(known, name, cJSON_CreateBool(always)) == 0 ? 0 :
	    spec_fail(f, place, "out of memory");
}

int
request_check_headers(const struct service *s, const cJSON *headers, const cJSON *known,
    const char *place, struct spec_fault *f)
{
	char at[2 * SPEC_PLACE], reason[256];
	const cJSON *header, *other;

	cJSON_ArrayForEach(header, headers) {
		snprintf(at, sizeof at, "%s/headers/%s", place, header->string);
		if (is_own_header(s, header->string))
			return spec_fail(f, at, "is the bridge's own to set; credentials go into "
			    "\"auth\"");
		if (!request_is_token(header->string) || !cJSON_IsString(header))
			return spec_fail(f, at, "a header is a name of letters, digits and hyphens "
			    "and a string");
		for (other = headers->child; strcasecmp(other->string, header->string) != 0;
		    other = other->next)
			;
		if (other != header)
			return spec_fail(f, at, "is there twice, as \"%s\", too; capitals do not "
			    "tell headers apart; keep one", other->string);
		if (!template_is_header(header->valuestring, strlen(header->valuestring)))
			return spec_fail(f, at, "a header value cannot hold line ends or control "
			    "characters; take them out");
		if (template_check(header->valuestring, known, reason, sizeof reason) == -1)
			return spec_fail(f, at, "%s", reason);
	}
	return 0;
}

/* A URL that a step brings: not the caller's, and only to where the file lets it. */
static int
load_to(struct request *r, const char *text, const struct request_names *names, const char *place,
    struct spec_fault *f)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, names->known)
		if (strncmp(text + 1, child->string, strlen(child->string)) == 0 &&
		    strcmp(text + 1 + strlen(child->string), "}") == 0)
			break;
	if (child == NULL || !is_brought(names, child->string))
		return spec_fail(f, place, "must begin with '/', or be one {name} that an earlier "
		    "step brings");
	r->to = strdup(child->string);
	if (r->to == NULL)
		return spec_fail(f, place, "out of memory");
	return r->service->origins != NULL ? 0 : spec_fail(f, place, "goes where the service "
	    "says; \"origins\" of the service must list which origins that may be");
}

static int
load_url(struct request *r, const cJSON *spec, const struct request_names *names,
    const char *place, struct spec_fault *f)
{
	const char *text = json_str(spec, "url"), *reason, *query, *p, *value;
	char at[2 * SPEC_PLACE];
	size_t offset, i, first;
	bool plain;

	snprintf(at, sizeof at, "%s/url", place);
	if (*text == '{')
		return load_to(r, text, names, at, f);
	if (*text != '/')
		return spec_fail(f, at, "must begin with '/'; it follows base_url");
	r->url = uritemplate_create(text, &reason, &offset);
	if (r->url == NULL)
		return spec_fail(f, at, "\"%s\": %s (at byte %zu)", text, reason, offset);
	for (i = 0; i < uritemplate_count(r->url); i++)
		if (json_get(names->known, uritemplate_name(r->url, i)) == NULL)
			return spec_fail(f, at, "{%s}: no argument of this name; declare it in "
			    "inputSchema.properties", uritemplate_name(r->url, i));
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
		first = r->path_vars++;
		plain = strchr("./;", p[1]) == NULL;
		for (; *p != '}'; p++)
			if (*p == ',')
				r->path_vars++;
		for (i = first; i < r->path_vars; i++) {
			value = json_str(r->service->values, uritemplate_name(r->url, i));
			if (value != NULL && !request_is_segment(value))
				return spec_fail(f, at, "service.%s.values.%s stands in this path: "
				    "it must not be empty, \".\" or \"..\" and must hold no slash",
				    r->service->name, uritemplate_name(r->url, i));
		}
		for (i = first; plain && i < r->path_vars; i++)
			if (!request_is_given(names, uritemplate_name(r->url, i)))
				return spec_fail(f, at, "{%s} stands in the path and could be left "
				    "out; add it to inputSchema.required",
				    uritemplate_name(r->url, i));
	}
	return 0;
}

/* Whether there is an object among the values, where none can be sent. */
static bool
has_object(const cJSON *value)
{
	const cJSON *child;

	if (cJSON_IsObject(value))
		return true;
	cJSON_ArrayForEach(child, value)
		if (has_object(child))
			return true;
	return false;
}

/* Check "query" or "form": names and texts, or lists of them. 0, also without one; or -1. */
static int
check_pairs(const cJSON *pairs, const struct request_names *names, const char *member,
    const char *place, struct spec_fault *f)
{
	char at[2 * SPEC_PLACE], reason[256];
	const cJSON *child;

	snprintf(at, sizeof at, "%s/%s", place, member);
	if (pairs != NULL &&
	    template_check_body(pairs, names->known, reason, sizeof reason) == -1)
		return spec_fail(f, at, "%s", reason);
	cJSON_ArrayForEach(child, pairs)
		if (has_object(child))
			return spec_fail(f, at, "\"%s\": a %s has no nested objects",
			    child->string, member);
	return 0;
}

static int
load_body(struct request *r, const cJSON *spec, const struct request_names *names,
    const char *place, struct spec_fault *f)
{
	static const struct {
		const char *name;
		enum request_body kind;
	} kinds[] = {
		{ "body", REQUEST_JSON }, { "form", REQUEST_FORM },
		{ "multipart", REQUEST_MULTIPART }, { "raw", REQUEST_RAW },
	};
	char at[2 * SPEC_PLACE] = "", reason[256];
	const cJSON *child;
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		child = json_get(spec, kinds[i].name);
		if (child == NULL)
			continue;
		if (r->body != NULL)
			return spec_fail(f, place, "\"body\", \"form\", \"multipart\" and "
			    "\"raw\" exclude each other");
		r->body = child;
		r->kind = kinds[i].kind;
		snprintf(at, sizeof at, "%s/%s", place, kinds[i].name);
	}
	if (r->body == NULL)
		return 0;
	if (strcmp(r->method, "GET") == 0)
		return spec_fail(f, at, "a GET has no body");
	if (r->kind == REQUEST_MULTIPART || r->kind == REQUEST_RAW) {
		if (request_has_header(r, "Content-Type"))
			return spec_fail(f, place, "Content-Type follows from \"%s\"; a part says "
			    "its own with \"type\"", r->kind == REQUEST_RAW ? "raw" : "multipart");
		if (r->kind == REQUEST_MULTIPART)
			return multipart_check(r->body, names->known, at, f);
		if (json_get(r->body, "filename") != NULL)
			return spec_fail(f, at, "\"filename\" goes with \"multipart\"");
		return multipart_check_part(r->body, names->known, at, f);
	}
	if (r->kind == REQUEST_FORM)
		return check_pairs(r->body, names, "form", place, f);
	if (template_check_body(r->body, names->known, reason, sizeof reason) == -1)
		return spec_fail(f, at, "%s", reason);
	return 0;
}
