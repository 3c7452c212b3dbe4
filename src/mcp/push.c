/* SPDX-License-Identifier: MIT */
/* push.c - a stream's request, what of it is about a resource, whether an event is; see push.h. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/push.h"
#include "mcp/request.h"
#include "mcp/tool.h"
#include "wire/json.h"
#include "wire/pointer.h"
#include "wire/urimatch.h"

/* What is the bridge's own to say where a stream is taken up again. */
#define LAST_ID	"Last-Event-ID"

static int
load_request(struct push *p, const struct service *s, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	struct request_names names = { .known = NULL };
	char at[SPEC_PLACE + 16];
	int result;

	snprintf(at, sizeof at, "%s/request", place);
	p->tool.service = s;
	p->tool.kind = TOOL_READ;
	p->tool.name = "push";
	p->tool.known = cJSON_CreateObject();
	result = value_load(&p->tool, spec, place, f);
	names.known = p->tool.known;
	if (result == 0)
		result = request_load(&p->tool.request, s, spec, &names, at, f);
	cJSON_Delete(p->tool.known);
	p->tool.known = NULL;
	if (result == -1)
		return -1;
	p->tool.request.accept = "text/event-stream";
	if (strcmp(p->tool.request.method, "GET") != 0)
		return spec_fail(f, at, "a stream of events is asked for with GET");
	if (request_has_header(&p->tool.request, LAST_ID))
		return spec_fail(f, at, "\"" LAST_ID "\" is the bridge's own to set");
	return 0;
}

int
push_load(struct push *p, const struct service *s, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "$comment", SPEC_STRING, false },
		{ "request", SPEC_OBJECT, true },
		{ "silence_ms", SPEC_COUNT, false },
		{ "every_ms", SPEC_COUNT, false },
		{ NULL, SPEC_ANY, false },
	};

	if (spec_check(spec, keys, place, f) == -1)
		return -1;
	p->silence_ms = LIMIT_FEED_SILENCE_MS;
	if (json_get(spec, "silence_ms") != NULL &&
	    (json_integer(json_get(spec, "silence_ms"), &p->silence_ms) == -1 ||
	    p->silence_ms < LIMIT_FEED_SILENT_MS || p->silence_ms > LIMIT_WATCH_KEEP_MS))
		return spec_fail(f, place, "\"silence_ms\" must be %d to %d", LIMIT_FEED_SILENT_MS,
		    (int)LIMIT_WATCH_KEEP_MS);
	p->every_ms = LIMIT_FEED_LOOK_MS;
	if (json_get(spec, "every_ms") != NULL &&
	    (json_integer(json_get(spec, "every_ms"), &p->every_ms) == -1 ||
	    p->every_ms < LIMIT_FEED_SILENT_MS || p->every_ms > LIMIT_WATCH_KEEP_MS))
		return spec_fail(f, place, "\"every_ms\" must be %d to %d", LIMIT_FEED_SILENT_MS,
		    (int)LIMIT_WATCH_KEEP_MS);
	return load_request(p, s, json_get(spec, "request"), place, f);
}

void
push_finish(struct push *p)
{
	tool_finish(&p->tool);
}

static int
load_events(struct push_rule *r, const cJSON *spec, const char *place, struct spec_fault *f)
{
	const cJSON *type;

	r->events = json_get(spec, "events");
	if (r->events != NULL && r->events->child == NULL)
		return spec_fail(f, place, "\"events\" must list one, or not be there: then all "
		    "types are heard");
	cJSON_ArrayForEach(type, r->events)
		if (!cJSON_IsString(type) || type->valuestring[0] == '\0')
			return spec_fail(f, place, "\"events\" are types as the stream's \"event\" "
			    "says them, \"message\" where it says none");
	return 0;
}

static int
load_match(struct push_rule *r, const struct urimatch *uri, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	const cJSON *one;
	const char *why;
	char at[2 * SPEC_PLACE];

	r->match = json_get(spec, "match");
	if (r->match != NULL && r->match->child == NULL)
		r->match = NULL;
	cJSON_ArrayForEach(one, r->match) {
		snprintf(at, sizeof at, "%s/match/%.128s", place, one->string);
		if (!urimatch_has(uri, one->string))
			return spec_fail(f, at, "is no variable of the \"uriTemplate\"");
		if (!cJSON_IsString(one))
			return spec_fail(f, at, "must be a JSON Pointer into an event's data, such "
			    "as \"/id\"");
		if (pointer_check(one->valuestring, &why) == -1)
			return spec_fail(f, at, "\"%s\": %s", one->valuestring, why);
	}
	return 0;
}

int
push_load_rule(struct push_rule *r, const struct service *s, const struct urimatch *uri,
    const cJSON *spec, const char *place, struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "events", SPEC_ARRAY, false },
		{ "match", SPEC_OBJECT, false },
		{ NULL, SPEC_ANY, false },
	};

	if (spec_check(spec, keys, place, f) == -1)
		return -1;
	if (s->push == NULL)
		return spec_fail(f, place, "the service has no \"push\": add it beside "
		    "\"base_url\", with the request of its stream of events");
	if (load_events(r, spec, place, f) == -1 || load_match(r, uri, spec, place, f) == -1)
		return -1;
	r->is_set = true;
	return 0;
}

bool
push_hears(const struct push_rule *r, const char *type)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, r->events)
		if (strcmp(one->valuestring, type) == 0)
			return true;
	return r->events == NULL;
}

/* Whether a value of an event, or one of a list, is the text of a variable. */
static bool
is_value(const cJSON *value, const char *text)
{
	struct buf number;
	const cJSON *child;
	bool same;

	if (cJSON_IsString(value))
		return strcmp(value->valuestring, text) == 0;
	if (cJSON_IsNumber(value)) {
		buf_init(&number, LIMIT_JSON_NUMBER);
		same = json_print(&number, value) == 0 && strcmp(buf_str(&number), text) == 0;
		buf_finish(&number);
		return same;
	}
	if (!cJSON_IsArray(value))
		return false;
	cJSON_ArrayForEach(child, value)
		if (!cJSON_IsArray(child) && is_value(child, text))
			return true;
	return false;
}

bool
push_fits(const struct push_rule *r, const cJSON *data, const cJSON *args)
{
	const cJSON *one;
	const char *text;

	if (data == NULL)
		return r->match == NULL;
	cJSON_ArrayForEach(one, r->match) {
		text = json_str(args, one->string);
		if (text != NULL && !is_value(pointer_get(data, one->valuestring), text))
			return false;
	}
	return true;
}
