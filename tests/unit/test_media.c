/* SPDX-License-Identifier: MIT */
/* test_media.c - mcp/media: an answer that is the content, as a block and as a resource's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "catalog.h"
#include "check.h"
#include "mcp/answer.h"
#include "mcp/failure.h"
#include "mcp/media.h"
#include "mcp/resource.h"
#include "mcp/service.h"
#include "wire/json.h"

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    "{\"name\":\"file\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"id\":{}}},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":\"raw\",\"uri\":\"demo://files/{id}\"}],"
    "\"resources\":[{\"uri\":\"demo://file\",\"name\":\"file\",\"request\":{\"method\":\"GET\",\"url\":\"/\"},"
    "\"response\":\"raw\"}]}";

static struct catalog catalog;

#define FILE_URI	"\"uri\":\"demo://files/a\\\"b\""
#define BYTES		"{\"type\":\"resource\",\"resource\":{" FILE_URI ","

/* A Content-Type, a body of `len` bytes, the block and the resource's content. */
static const struct {
	const char	*type;
	const char	*body;
	size_t		 len;
	const char	*block, *content;
} cases[] = {
	{ "image/png", "\0\1\2", 3, "{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"AAEC\"}",
	    "{\"mimeType\":\"image/png\",\"blob\":\"AAEC\"}" },
	{ "AUDIO/Wav; rate=8000", "abc", 3, "{\"type\":\"audio\",\"mimeType\":\"audio/wav\",\"data\":\"YWJj\"}",
	    "{\"mimeType\":\"audio/wav\",\"blob\":\"YWJj\"}" },
	{ "text/plain; charset=utf-8", "a\xe2\x80\xae\"b\n", 7, "{\"type\":\"text\",\"text\":\"a\\\"b\\n\"}",
	    "{\"mimeType\":\"text/plain\",\"text\":\"a\\\"b\\n\"}" },
	{ "application/json", "{\"a\":1}", 7, "{\"type\":\"text\",\"text\":\"{\\\"a\\\":1}\"}",
	    "{\"mimeType\":\"application/json\",\"text\":\"{\\\"a\\\":1}\"}" },
	{ "application/problem+json", "{}", 2, "{\"type\":\"text\",\"text\":\"{}\"}",
	    "{\"mimeType\":\"application/problem+json\",\"text\":\"{}\"}" },
	/* By its type it could be read as an image, too; it is one. */
	{ "image/svg+xml", "<svg/>", 6, "{\"type\":\"text\",\"text\":\"<svg/>\"}",
	    "{\"mimeType\":\"image/svg+xml\",\"text\":\"<svg/>\"}" },
	/* No text: another encoding, a zero byte. */
	{ "text/plain", "\xff", 1, BYTES "\"mimeType\":\"text/plain\",\"blob\":\"/w==\"}}",
	    "{\"mimeType\":\"text/plain\",\"blob\":\"/w==\"}" },
	{ "text/plain", "a\0b", 3, BYTES "\"mimeType\":\"text/plain\",\"blob\":\"YQBi\"}}",
	    "{\"mimeType\":\"text/plain\",\"blob\":\"YQBi\"}" },
	{ "application/pdf", "%PDF", 4, BYTES "\"mimeType\":\"application/pdf\",\"blob\":\"JVBERg==\"}}",
	    "{\"mimeType\":\"application/pdf\",\"blob\":\"JVBERg==\"}" },
	/* Types that are none. */
	{ NULL, "a", 1, BYTES "\"mimeType\":\"application/octet-stream\",\"blob\":\"YQ==\"}}",
	    "{\"mimeType\":\"application/octet-stream\",\"blob\":\"YQ==\"}" },
	{ "text", "a", 1, BYTES "\"mimeType\":\"application/octet-stream\",\"blob\":\"YQ==\"}}",
	    "{\"mimeType\":\"application/octet-stream\",\"blob\":\"YQ==\"}" },
	{ "a/b\"c", "a", 1, BYTES "\"mimeType\":\"a/b\",\"blob\":\"YQ==\"}}",
	    "{\"mimeType\":\"a/b\",\"blob\":\"YQ==\"}" },
	{ "text/plain", "", 0, "{\"type\":\"text\",\"text\":\"\"}", "{\"mimeType\":\"text/plain\",\"text\":\"\"}" },
	{ "image/png", "", 0, "{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"\"}",
	    "{\"mimeType\":\"image/png\",\"blob\":\"\"}" },
};

static int
map(struct buf *out, const struct tool *t, const char *type, const char *body, size_t len, size_t budget,
    struct failure *f)
{
	struct answer a = { .outcome = OUTCOME_ANSWERED, .status = 200, .body = body, .len = len };
	struct json_fault fault;
	cJSON *args = json_parse("{\"id\":\"a\\\"b\"}", 13, &fault);
	char head[512] = "";
	int result;

	if (type != NULL)
		snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n", type);
	a.head = head;
	a.headlen = strlen(head);
	result = media_map(out, t, args, &a, budget, f);
	cJSON_Delete(args);
	return result;
}

static void
run_case(size_t i, const struct tool *t, const char *want)
{
	struct failure f;
	struct buf out;

	buf_init(&out, 1024);
	CHECK(map(&out, t, cases[i].type, cases[i].body, cases[i].len, 1024, &f) == 0 &&
	    strcmp(buf_str(&out), want) == 0, "%s: %s", cases[i].type == NULL ? "none" : cases[i].type,
	    buf_str(&out));
	buf_finish(&out);
}

/* A text has the budget's bytes, other content those of its own. */
static void
run_large(const struct tool *t)
{
	size_t most = LIMIT_MEDIA;
	char *body = calloc(1, most + 2);
	struct failure f;
	struct buf out;

	memset(body, 'a', most + 1);
	buf_init(&out, 1024);
	CHECK(map(&out, t, "text/plain", body, 1024, 1024, &f) == 0, "a text that fits");
	buf_reset(&out);
	CHECK(map(&out, t, "text/plain", body, 1025, 1024, &f) == -1 &&
	    strcmp(f.code, "result_too_large") == 0 && strstr(f.hint, "1024") != NULL, "a text");
	failure_finish(&f);
	CHECK(map(&out, t, "image/png", body, most, 1024, &f) == 0 && out.len > most * 4 / 3, "an image that fits");
	buf_finish(&out);
	buf_init(&out, 1024);
	CHECK(map(&out, t, "image/png", body, most + 1, 1024, &f) == -1 &&
	    strcmp(f.code, "result_too_large") == 0, "an image");
	failure_finish(&f);
	buf_finish(&out);
	free(body);
}

int
main(void)
{
	const struct tool *tool;
	size_t i;

	catalog_of(&catalog, service);
	tool = catalog_find(&catalog, "file");
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		run_case(i, tool, cases[i].block);
		run_case(i, &catalog.resources[0]->tool, cases[i].content);
	}
	run_large(tool);
	run_large(&catalog.resources[0]->tool);
	catalog_finish(&catalog);
	return check_done();
}
