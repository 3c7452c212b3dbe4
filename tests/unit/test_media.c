/* SPDX-License-Identifier: MIT */
/* test_media.c - mcp/media: bytes become what their type says; what is no text is never one. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "check.h"
#include "mcp/answer.h"
#include "mcp/failure.h"
#include "mcp/media.h"
#include "mcp/service.h"
#include "wire/json.h"

static const struct {
	const char	*type;
	const char	*body;
	const char	*block;		/* of a tool's result */
	const char	*content;	/* of a resource */
} rows[] = {
	{ "text/plain; charset=utf-8", "a\"b\xe2\x80\xae" "c", "{\"type\":\"text\",\"text\":\"a\\\"bc\"}",
	    "{\"mimeType\":\"text/plain\",\"text\":\"a\\\"bc\"}" },
	{ "application/json", "{}", "{\"type\":\"text\",\"text\":\"{}\"}",
	    "{\"mimeType\":\"application/json\",\"text\":\"{}\"}" },
	{ "application/vnd.x+json", "[]", "{\"type\":\"text\",\"text\":\"[]\"}",
	    "{\"mimeType\":\"application/vnd.x+json\",\"text\":\"[]\"}" },
	{ "IMAGE/PNG", "\x89PNG", "{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"iVBORw==\"}",
	    "{\"mimeType\":\"image/png\",\"blob\":\"iVBORw==\"}" },
	{ "audio/wav", "RIFF", "{\"type\":\"audio\",\"mimeType\":\"audio/wav\",\"data\":\"UklGRg==\"}",
	    "{\"mimeType\":\"audio/wav\",\"blob\":\"UklGRg==\"}" },
	{ "image/svg+xml", "<svg/>", "{\"type\":\"text\",\"text\":\"<svg/>\"}",
	    "{\"mimeType\":\"image/svg+xml\",\"text\":\"<svg/>\"}" },
	{ "application/pdf", "%PDF", "{\"type\":\"resource\",\"resource\":{\"uri\":\"x:a%2Fb\",\"mimeType\":"
	    "\"application/pdf\",\"blob\":\"JVBERg==\"}}",
	    "{\"mimeType\":\"application/pdf\",\"blob\":\"JVBERg==\"}" },
	{ "text/plain", "\xff\xfe", "{\"type\":\"resource\",\"resource\":{\"uri\":\"x:a%2Fb\",\"mimeType\":"
	    "\"text/plain\",\"blob\":\"//4=\"}}", "{\"mimeType\":\"text/plain\",\"blob\":\"//4=\"}" },
	{ "\"quoted\"", "x", "{\"type\":\"resource\",\"resource\":{\"uri\":\"x:a%2Fb\",\"mimeType\":"
	    "\"application/octet-stream\",\"blob\":\"eA==\"}}",
	    "{\"mimeType\":\"application/octet-stream\",\"blob\":\"eA==\"}" },
	{ NULL, "", "{\"type\":\"resource\",\"resource\":{\"uri\":\"x:a%2Fb\",\"mimeType\":"
	    "\"application/octet-stream\",\"blob\":\"\"}}",
	    "{\"mimeType\":\"application/octet-stream\",\"blob\":\"\"}" },
};

static int
map(struct buf *out, enum tool_kind kind, const char *type, const char *body, size_t len,
    size_t budget, struct failure *f)
{
	struct tool t = { .kind = kind, .form = TOOL_RAW, .uri = "x:{id}" };
	struct answer a = { .outcome = OUTCOME_ANSWERED, .status = 200, .body = body, .len = len };
	cJSON *args = cJSON_CreateObject();
	char head[256];
	int result;

	json_put(args, "id", cJSON_CreateString("a%2Fb"));
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n%s%s%s\r\n", type == NULL ? "" :
	    "Content-Type: ", type == NULL ? "" : type, type == NULL ? "" : "\r\n");
	a.head = head;
	a.headlen = strlen(head);
	buf_init(out, budget);
	result = media_map(out, &t, args, &a, budget, f);
	cJSON_Delete(args);
	return result;
}

static void
run_rows(void)
{
	struct failure f;
	struct buf out;
	size_t i;
	int kind;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (kind = 0; kind < 2; kind++) {
			CHECK(map(&out, kind == 0 ? TOOL_CALL : TOOL_READ, rows[i].type, rows[i].body,
			    strlen(rows[i].body), 4096, &f) == 0 && strcmp(buf_str(&out),
			    kind == 0 ? rows[i].block : rows[i].content) == 0, "%s: %s",
			    rows[i].type == NULL ? "no type" : rows[i].type, buf_str(&out));
			buf_finish(&out);
		}
}

/* A text has the budget of a result, other content its own. */
static void
run_budgets(void)
{
	size_t len = LIMIT_MEDIA + 1;
	char *body = malloc(len);
	struct failure f;
	struct buf out;

	memset(body, 'x', len);
	CHECK(map(&out, TOOL_READ, "text/plain", body, 1000, 1000, &f) == 0, "as long as it may be");
	buf_finish(&out);
	CHECK(map(&out, TOOL_READ, "text/plain", body, 1001, 1000, &f) == -1 &&
	    strcmp(f.code, "result_too_large") == 0, "a longer text");
	failure_finish(&f);
	buf_finish(&out);
	CHECK(map(&out, TOOL_READ, "image/png", body, LIMIT_MEDIA, 1000, &f) == 0, "a picture");
	buf_finish(&out);
	CHECK(map(&out, TOOL_READ, "image/png", body, len, 1000, &f) == -1 &&
	    strcmp(f.code, "result_too_large") == 0, "a larger one");
	failure_finish(&f);
	buf_finish(&out);
	free(body);
}

int
main(void)
{
	run_rows();
	run_budgets();
	return check_done();
}
