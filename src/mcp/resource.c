/* SPDX-License-Identifier: MIT */
/* resource.c - its URI, what is asked, the text that clients see of it; see resource.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/completion.h"
#include "mcp/content.h"
#include "mcp/resource.h"
#include "mcp/tool.h"
#include "wire/json.h"
#include "wire/urimatch.h"

static const struct spec_key resource_keys[] = {
	{ "$comment", SPEC_STRING, false },
	{ "uri", SPEC_STRING, false },
	{ "uriTemplate", SPEC_STRING, false },
	{ "name", SPEC_STRING, true },
	{ "title", SPEC_STRING, false },
	{ "description", SPEC_STRING, false },
	{ "icons", SPEC_ARRAY, false },
	{ "mimeType", SPEC_STRING, false },
	{ "annotations", SPEC_OBJECT, false },
	{ "size", SPEC_COUNT, false },
	{ "scopes", SPEC_ARRAY, false },
	{ "complete", SPEC_OBJECT, false },
	{ "subscribe", SPEC_OBJECT, false },
	{ "derive", SPEC_OBJECT, false },
	{ "steps", SPEC_ARRAY, false },
	{ "request", SPEC_OBJECT, true },
	{ "stream", SPEC_BOOL, false },
	{ "response", SPEC_ANY, true },
	{ "success", SPEC_OBJECT, false },
	{ "error", SPEC_OBJECT, false },
	{ "timeout_ms", SPEC_COUNT, false },
	{ NULL, SPEC_ANY, false },
};

/* What follows the scheme tells one resource from another: a URI is absolute (RFC 3986, 4.3). */
static bool
has_scheme(const char *uri)
{
	size_t len = strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789+.-");

	return len > 1 && uri[len] == ':' && uri[len + 1] != '\0';
}

static int
load_uri(struct resource *r, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const char *uri = json_str(spec, "uri"), *whole = json_str(spec, "uriTemplate");
	const char *text = uri != NULL ? uri : whole;
	char why[256];

	if ((uri == NULL) == (whole == NULL))
		return spec_fail(f, place, "a resource has a \"uri\", or a \"uriTemplate\" with "
		    "variables: \"ums://threads/{thread_id}\"");
	if (!has_scheme(text))
		return spec_fail(f, place, "its URI must begin with a scheme: \"ums://...\"");
	r->text = text;
	r->templated = whole != NULL;
	r->uri = urimatch_create(text, why, sizeof why);
	if (r->uri == NULL)
		return spec_fail(f, place, "\"%s\": %s", r->templated ? "uriTemplate" : "uri", why);
	if ((urimatch_count(r->uri) > 0) != r->templated)
		return spec_fail(f, place, r->templated ? "\"uriTemplate\" has no variable; call "
		    "it \"uri\"" : "\"uri\" has variables; call it \"uriTemplate\"");
	return 0;
}

/* What is asked: with the variables, of which those in the query may be absent. */
static int
load_tool(struct resource *r, const struct service *s, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	cJSON *input = tool_input();
	int result = input == NULL ? -1 : 0;
	size_t i;

	for (i = 0; i < urimatch_count(r->uri) && result == 0; i++)
		result = tool_input_add(input, urimatch_name(r->uri, i),
		    !urimatch_is_optional(r->uri, i));
	if (result == -1) {
		cJSON_Delete(input);
		return spec_fail(f, place, "out of memory");
	}
	r->tool.resource = r->text;
	return tool_load_part(&r->tool, TOOL_READ, s, spec, input, place, f);
}

static int
load_completes(struct resource *r, const struct service *s, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	const cJSON *one;
	char at[2 * SPEC_PLACE];

	r->completes = json_get(spec, "complete");
	cJSON_ArrayForEach(one, r->completes) {
		snprintf(at, sizeof at, "%s/complete/%.128s", place, one->string);
		if (!urimatch_has(r->uri, one->string))
			return spec_fail(f, at, "is no variable of the \"uriTemplate\"");
		if (completion_check(s, one, at, f) == -1)
			return -1;
	}
	return 0;
}

/* How clients are told of changes: the service tells, or it is read from time to time. */
static int
load_subscribe(struct resource *r, const struct service *s, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "every_ms", SPEC_COUNT, true },
		{ "push", SPEC_OBJECT, false },
		{ NULL, SPEC_ANY, false },
	};
	const cJSON *subscribe = json_get(spec, "subscribe"), *push = json_get(subscribe, "push");
	char at[SPEC_PLACE + 16];

	if (subscribe == NULL)
		return 0;
	snprintf(at, sizeof at, "%s/subscribe", place);
	if (spec_check(subscribe, keys, at, f) == -1)
		return -1;
	if (json_integer(json_get(subscribe, "every_ms"), &r->every_ms) == -1 ||
	    r->every_ms < LIMIT_WATCH_EVERY_MS || r->every_ms > LIMIT_WATCH_KEEP_MS)
		return spec_fail(f, at, "\"every_ms\" must be %d to %d", LIMIT_WATCH_EVERY_MS,
		    (int)LIMIT_WATCH_KEEP_MS);
	snprintf(at, sizeof at, "%s/subscribe/push", place);
	return push == NULL ? 0 : push_load_rule(&r->push, s, r->uri, push, at, f);
}

/* What clients are told of the content, as the protocol has it. */
static int
check_content(const struct resource *r, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	static const struct spec_key annotation_keys[] = {
		{ "audience", SPEC_ARRAY, false },
		{ "priority", SPEC_ANY, false },
		{ "lastModified", SPEC_STRING, false },
		{ NULL, SPEC_ANY, false },
	};
	cJSON *annotations = json_get(spec, "annotations"), *mime = json_get(spec, "mimeType");
	struct content_fault wrong;
	char at[2 * SPEC_PLACE];

	snprintf(at, sizeof at, "%s/mimeType", place);
	if (mime != NULL && content_check_media_type(mime, &wrong) == -1)
		return spec_fail(f, at, "%s", wrong.why);
	if (r->templated && json_get(spec, "size") != NULL)
		return spec_fail(f, place, "\"size\" goes with a \"uri\": of a \"uriTemplate\" "
		    "each has its own");
	if (annotations == NULL)
		return 0;
	snprintf(at, sizeof at, "%s/annotations", place);
	if (spec_check(annotations, annotation_keys, at, f) == -1)
		return -1;
	if (content_check_annotations(annotations, &wrong) == 0)
		return 0;
	snprintf(at, sizeof at, "%s/annotations%s", place, wrong.place);
	return spec_fail(f, at, "%s", wrong.why);
}

static int
load_listing(struct resource *r, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *annotations = json_get(spec, "annotations");
	struct buf out;
	int64_t size;
	int result = -1;

	buf_init(&out, LIMIT_SERVICE_FILE);
	buf_printf(&out, "{\"%s\":", r->templated ? "uriTemplate" : "uri");
	json_quote(&out, r->text);
	buf_puts(&out, ",\"name\":");
	json_quote(&out, r->tool.name);
	if (tool_list_common(&out, spec, place, f) == -1)
		goto out;
	r->mime = json_str(spec, "mimeType");
	if (r->mime != NULL) {
		buf_puts(&out, ",\"mimeType\":");
		json_quote(&out, r->mime);
	}
	if (json_integer(json_get(spec, "size"), &size) == 0) {
		buf_puts(&out, ",\"size\":");
		buf_int(&out, size);
	}
	if (annotations != NULL) {
		buf_puts(&out, ",\"annotations\":");
		json_print(&out, annotations);
	}
	buf_putc(&out, '}');
	r->listing = buf_take(&out);
	result = r->listing == NULL ? spec_fail(f, place, "out of memory") : 0;
out:
	buf_finish(&out);
	return result;
}

int
resource_load(struct resource *r, const struct service *s, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	if (spec_check(spec, resource_keys, place, f) == -1 ||
	    load_uri(r, spec, place, f) == -1 || load_tool(r, s, spec, place, f) == -1 ||
	    load_completes(r, s, spec, place, f) == -1 ||
	    load_subscribe(r, s, spec, place, f) == -1 || check_content(r, spec, place, f) == -1)
		return -1;
	return load_listing(r, spec, place, f);
}

void
resource_finish(struct resource *r)
{
	tool_finish(&r->tool);
	urimatch_destroy(r->uri);
	free(r->listing);
	memset(r, 0, sizeof *r);
}
