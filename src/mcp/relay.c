/* SPDX-License-Identifier: MIT */
/* relay.c - see relay.h. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/content.h"
#include "mcp/failure.h"
#include "mcp/media.h"
#include "mcp/relay.h"
#include "mcp/result.h"
#include "mcp/service.h"
#include "wire/json.h"

/* The service asks something back: "inputRequests", a state of its own, or both. */
static int
relay_ask(struct buf *out, cJSON *document, struct result_more *ask, struct failure *f)
{
	cJSON *requests = json_get(document, "inputRequests");
	const cJSON *state = json_get(document, "requestState");
	struct content_fault wrong;

	if (state != NULL && (!cJSON_IsString(state) ||
	    strlen(state->valuestring) > LIMIT_REQUEST_STATE))
		return failure_form(f, "question", "/requestState", "must be a string of not too "
		    "many bytes");
	if (requests == NULL && state == NULL)
		return failure_form(f, "question", "", "has no inputRequests and no requestState");
	ask->needs = 0;
	if (requests != NULL && content_check_input(requests, &ask->needs, &wrong) == -1)
		return failure_content(f, "question", &wrong);
	ask->state = state == NULL ? NULL : strdup(state->valuestring);
	if ((state != NULL && ask->state == NULL) ||
	    (requests != NULL && json_print(out, requests) == -1)) {
		free(ask->state);
		ask->state = NULL;
		return failure_memory(f);
	}
	return 1;
}

/* A tool that has an output schema has a structured result that fits it, unless it failed. */
static int
check_structured(const struct tool *t, const cJSON *document, struct failure *f)
{
	const cJSON *structured = json_get(document, "structuredContent");
	struct schema_fault wrong;

	if (t->result == NULL || json_true(document, "isError"))
		return 0;
	if (structured == NULL)
		return failure_form(f, "result", "", "has no structuredContent, and the tool an "
		    "outputSchema");
	return schema_check(t->result, structured, &wrong) == 0 ? 0 :
	    failure_form(f, "result", wrong.path, wrong.why);
}

int
relay_map(struct buf *out, const struct tool *t, cJSON *document, size_t budget,
    struct result_more *ask, struct failure *f)
{
	const char *type = json_str(document, "resultType");
	struct content_fault wrong;
	size_t before = out->len, media;
	int result;

	if (!cJSON_IsObject(document))
		return failure_form(f, "result", "", "is no object");
	if (type != NULL && strcmp(type, "input_required") == 0)
		return relay_ask(out, document, ask, f);
	if (type != NULL && strcmp(type, "complete") != 0)
		return failure_form(f, "result", "/resultType", "is one that is not known");
	result = t->kind == TOOL_READ ? content_check_resource(document, NULL, &wrong) :
	    t->kind == TOOL_PROMPT ? content_check_prompt(document, &wrong) :
	    content_check_tool(document, &wrong);
	if (result == -1)
		return failure_content(f, "result", &wrong);
	if (check_structured(t, document, f) == -1)
		return -1;
	media = media_bytes(document);
	out->cap += media;
	if (media > LIMIT_MEDIA || json_print(out, document) == -1 ||
	    out->len - before > budget + media) {
		if (out->starved)
			return failure_memory(f);
		failure_init(f, "result_too_large", 502, "the service's result is larger than %zu "
		    "bytes; ask for less", budget);
		return -1;
	}
	return 0;
}
