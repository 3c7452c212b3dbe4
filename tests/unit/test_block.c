/* SPDX-License-Identifier: MIT */
/*
 * test_block.c - mcp/block: which rules are let in, what they draw of an answer, and what is said
 * of what has no room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "catalog.h"
#include "check.h"
#include "mcp/answer.h"
#include "mcp/block.h"
#include "mcp/failure.h"
#include "mcp/paging.h"
#include "mcp/result.h"
#include "mcp/service.h"
#include "scarce.h"
#include "wire/json.h"

#define TOOL(name, response, content) \
    "{\"name\":\"" name "\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":" \
    "{\"who\":{},\"cursor\":{}}},\"request\":{\"method\":\"GET\",\"url\":\"/{?cursor}\"},\"response\":" response "," \
    "\"content\":" content "}"

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    TOOL("kinds", "{\"id\":\"/id\"}", "["
    "{\"type\":\"text\",\"text\":{\"pointer\":\"/note\",\"untrusted\":true}},"
    "{\"type\":\"image\",\"data\":\"/png\",\"mimeType\":{\"value\":\"image/png\"}},"
    "{\"type\":\"audio\",\"data\":\"/sound/data\",\"mimeType\":\"/sound/type\","
    "\"annotations\":{\"audience\":{\"value\":[\"user\"]},\"priority\":\"/sound/p\"}},"
    "{\"type\":\"resource\",\"resource\":{\"uri\":{\"uriTemplate\":\"demo://{who}/{id}\",\"variables\":"
    "{\"who\":{\"argument\":\"who\"},\"id\":\"/file/id\"}},\"text\":\"/file/text\"}},"
    "{\"type\":\"resource\",\"resource\":{\"uri\":\"/file/uri\",\"blob\":\"/file/blob\","
    "\"mimeType\":{\"pointer\":\"/file/type\",\"default\":\"a/b\"}}},"
    "{\"each\":\"/links\",\"item\":{\"type\":\"resource_link\",\"name\":\"/name\",\"title\":\"/title\","
    "\"size\":\"/size\",\"uri\":{\"uriTemplate\":\"demo://files/{id}\",\"variables\":{\"id\":\"/id\"}}}}]") ","
    TOOL("list", "{\"items\":{\"each\":\"/data\",\"item\":{\"id\":\"/id\",\"t\":\"/t\"}}}", "["
    "{\"type\":\"text\",\"text\":\"/head\"},"
    "{\"each\":\"/data\",\"item\":{\"each\":\"/files\",\"item\":{\"type\":\"resource_link\","
    "\"uri\":\"/u\",\"name\":\"/n\"}}}]") ","
    TOOL("many", "{}", "[{\"each\":\"/a\",\"item\":{\"type\":\"text\",\"text\":\"/t\"}},"
    "{\"each\":\"/i\",\"item\":{\"type\":\"image\",\"data\":\"\",\"mimeType\":{\"value\":\"a/b\"}}}]")
    "]}";

static struct crypto_key key = { .secret = { "the secret of this test" }, .count = 1 };
static struct catalog catalog;

/*
 * What is drawn of an answer at a page that begins `skip` items behind the service's `at`, or "!"
 * and the failure; `structured`: the result, to be freed.
 */
static char *
draw_from(const char *tool, const char *args_text, const char *body, const char *at, uint64_t skip, size_t budget,
    char **structured)
{
	struct answer a = { .outcome = OUTCOME_ANSWERED, .status = 200, .body = body, .len = strlen(body) };
	const struct tool *t = catalog_find(&catalog, tool);
	struct json_fault fault;
	cJSON *args = json_parse(args_text, strlen(args_text), &fault);
	struct buf out, blocks, told;
	struct result_more more = { .blocks = &blocks };
	struct paging p;
	struct failure f;

	buf_init(&out, 4 * 1024 * 1024);
	buf_init(&blocks, 0);
	buf_init(&told, 4096);
	CHECK(paging_init(&p, t, &key, args, &f) == 0, "%s", tool);
	p.from.at = at == NULL ? NULL : strdup(at);
	p.from.skip = skip;
	if (result_map(&out, t, args, &a, &p, budget, false, &more, &f) != RESULT_GOOD) {
		buf_printf(&told, "!%s %s", f.code, f.hint);
		failure_finish(&f);
	} else {
		told.cap += blocks.len;
		buf_puts(&told, buf_str(&blocks));
	}
	if (structured != NULL)
		*structured = strdup(buf_str(&out));
	paging_finish(&p);
	cJSON_Delete(args);
	buf_finish(&out);
	buf_finish(&blocks);
	return buf_take(&told);
}

static char *
draw(const char *tool, const char *args_text, const char *body, uint64_t skip, size_t budget, char **structured)
{
	return draw_from(tool, args_text, body, NULL, skip, budget, structured);
}

/* An answer, and what is drawn of it. */
static const struct {
	const char	*body;
	const char	*want;
} cases[] = {
	{ "{}", "" },
	{ "null", "" },
	{ "{\"note\":\"a\\u202eb\"}", ",{\"type\":\"text\",\"text\":\"ab\"}" },
	{ "{\"png\":\"AAEC\"}", ",{\"type\":\"image\",\"data\":\"AAEC\",\"mimeType\":\"image/png\"}" },
	{ "{\"sound\":{\"data\":\"AA==\",\"type\":\"audio/wav\",\"p\":0.5}}",
	    ",{\"type\":\"audio\",\"data\":\"AA==\",\"mimeType\":\"audio/wav\","
	    "\"annotations\":{\"audience\":[\"user\"],\"priority\":0.5}}" },
	{ "{\"file\":{\"id\":\"a b\",\"text\":\"x\"}}",
	    ",{\"type\":\"resource\",\"resource\":{\"uri\":\"demo://me/a%20b\",\"text\":\"x\"}}" },
	{ "{\"file\":{\"uri\":\"x:1\",\"blob\":\"\"}}",
	    ",{\"type\":\"resource\",\"resource\":{\"uri\":\"x:1\",\"blob\":\"\",\"mimeType\":\"a/b\"}}" },
	{ "{\"links\":[{\"id\":7,\"name\":\"n\",\"size\":3},{\"id\":\"\",\"name\":\"n\"},{\"id\":1},"
	    "{\"id\":\"/../x\",\"name\":\"m\",\"title\":\"t\"}]}",
	    ",{\"type\":\"resource_link\",\"name\":\"n\",\"size\":3,\"uri\":\"demo://files/7\"}"
	    ",{\"type\":\"resource_link\",\"name\":\"m\",\"title\":\"t\",\"uri\":\"demo://files/%2F..%2Fx\"}" },
	/* A member that a block must have is not there, or null: neither is the block. */
	{ "{\"sound\":{\"data\":\"AA==\"},\"file\":{\"id\":\"a\"},\"links\":[],\"png\":null}", "" },
	{ "{\"sound\":{\"type\":\"audio/wav\"}}", "" },
	/* What is ill-formed goes to nobody. */
	{ "{\"png\":\"AAE\"}", "!upstream_unexpected the service's answer makes no image as MCP has it: /data: "
	    "must be base64 with padding (RFC 4648, section 4); tell the operator" },
	{ "{\"png\":7}", "!upstream_unexpected the service's answer makes no image as MCP has it: /data: "
	    "must be base64 with padding (RFC 4648, section 4); tell the operator" },
	{ "{\"sound\":{\"data\":\"\",\"type\":\"wav\"}}", "!upstream_unexpected the service's answer makes no "
	    "audio as MCP has it: /mimeType: must be a media type; tell the operator" },
	{ "{\"sound\":{\"data\":\"\",\"type\":\"a/b\",\"p\":2}}", "!upstream_unexpected the service's answer "
	    "makes no audio as MCP has it: /annotations/priority: must be a number from 0 to 1; tell the operator" },
	{ "{\"file\":{\"uri\":\"no uri\",\"blob\":\"\"}}", "!upstream_unexpected the service's answer makes no "
	    "resource as MCP has it: /resource/uri: must be an absolute URI (RFC 3986); tell the operator" },
	{ "{\"links\":7}", "!upstream_unexpected the service's answer has another form than its file says: "
	    "a list was expected and something else came; tell the operator" },
	{ "{\"links\":[{\"id\":[[1]],\"name\":\"n\"}]}", "!upstream_unexpected the service's answer has another "
	    "form than its file says: a member of a list or an object is itself a list or an object; tell the "
	    "operator" },
};

static void
run_kinds(void)
{
	char *told, *structured;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		told = draw("kinds", "{\"who\":\"me\"}", cases[i].body, 0, 4096, NULL);
		CHECK(strcmp(told, cases[i].want) == 0, "%s: %s", cases[i].body, told);
		free(told);
	}
	/* The names of what other people wrote are among the result's. */
	free(draw("kinds", "{}", "{\"id\":1}", 0, 4096, &structured));
	CHECK(strcmp(structured, "{\"id\":1,\"untrusted\":[\"text\"]}") == 0, "%s", structured);
	free(structured);
}

#define LINK(n)	",{\"type\":\"resource_link\",\"uri\":\"x:" n "\",\"name\":\"" n "\"}"
#define FILES(n) "\"files\":[{\"u\":\"x:" n "\",\"n\":\"" n "\"}]"
#define LONG	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* What is drawn of the items of a list goes with the page that has them. */
static void
run_pages(void)
{
	static const char body[] = "{\"head\":\"h\",\"data\":[{\"id\":1," FILES("a") "},{\"id\":2},"
	    "{\"id\":3," FILES("b") "},{\"id\":4,\"t\":\"" LONG LONG LONG LONG LONG LONG "\"," FILES("c") "}]}";
	char *told, *structured;

	told = draw("list", "{}", body, 0, 4096, &structured);
	CHECK(strcmp(told, ",{\"type\":\"text\",\"text\":\"h\"}" LINK("a") LINK("b") LINK("c")) == 0, "%s", told);
	free(told);
	free(structured);
	told = draw("list", "{}", body, 0, 600, &structured);
	CHECK(strcmp(told, ",{\"type\":\"text\",\"text\":\"h\"}" LINK("a") LINK("b")) == 0 &&
	    strstr(structured, "\"truncated\":true") != NULL, "%s %s", structured, told);
	free(told);
	free(structured);
	told = draw("list", "{}", body, 2, 4096, &structured);
	CHECK(strcmp(told, LINK("b") LINK("c")) == 0, "%s %s", structured, told);
	free(told);
	free(structured);
	told = draw("list", "{}", body, 9, 4096, NULL);
	CHECK(strcmp(told, "") == 0, "%s", told);
	free(told);
	/* A page of the service's own is no beginning either. */
	told = draw_from("list", "{}", body, "page 2", 0, 4096, NULL);
	CHECK(strcmp(told, LINK("a") LINK("b") LINK("c")) == 0, "%s", told);
	free(told);
}

/* An object with a list of so many items. */
static char *
many(const char *name, size_t n, const char *item)
{
	struct buf out;
	size_t i;

	buf_init(&out, 8 * 1024 * 1024);
	buf_printf(&out, "{\"%s\":[", name);
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(&out, ',');
		buf_puts(&out, item);
	}
	buf_puts(&out, "]}");
	return buf_take(&out);
}

static void
run_limits(void)
{
	static const char end[] = "{\"type\":\"text\",\"text\":\"Left out, for the result would be too large: ";
	char *body = many("a", LIMIT_BLOCKS, "{\"t\":\"\"}"), *told, *large;

	told = draw("many", "{}", body, 0, 65536, NULL);
	CHECK(strstr(told, "Left out") == NULL, "%s", told);
	free(told);
	free(body);
	body = many("a", LIMIT_BLOCKS + 3, "{\"t\":\"\"}");
	told = draw("many", "{}", body, 0, 65536, NULL);
	CHECK(strstr(told, end) != NULL && strstr(told, ": 3 of text\"}") != NULL, "%s", told);
	free(told);
	/* The structured result and the blocks have one budget: 2 bytes, and 26 for each block. */
	told = draw("many", "{}", body, 0, 2 + 2 * 26, NULL);
	CHECK(strncmp(told, ",{\"type\":\"text\",\"text\":\"\"},{\"type\":\"text\",\"text\":\"\"},{", 54) == 0 &&
	    strstr(told, ": 129 of text\"}") != NULL, "%s", told);
	free(told);
	told = draw("many", "{}", body, 0, 2 + 2 * 26 - 1, NULL);
	CHECK(strstr(told, ": 130 of text\"}") != NULL, "%s", told);
	free(told);
	free(body);
	/* Images have a budget of their own. */
	large = malloc(LIMIT_MEDIA / 2 + 3);
	memset(large, 'A', LIMIT_MEDIA / 2 + 2);
	large[0] = large[LIMIT_MEDIA / 2 + 1] = '"';
	large[LIMIT_MEDIA / 2 + 2] = '\0';
	body = many("i", 3, large);
	told = draw("many", "{}", body, 0, 1024, NULL);
	CHECK(strlen(told) > LIMIT_MEDIA && strstr(told, ": 1 of image\"}") != NULL, "%zu", strlen(told));
	free(told);
	free(body);
	free(large);
}

/* With memory for n nodes only it is not the service's fault. */
static void
run_memory(void)
{
	static const char body[] = "{\"id\":1,\"note\":\"a\",\"file\":{\"id\":\"a\",\"text\":\"x\"},\"links\":["
	    "{\"id\":7,\"name\":\"n\",\"size\":3}]}";
	const struct tool *t = catalog_find(&catalog, "kinds");
	struct block_page page = { .first = true };
	cJSON *args = cJSON_CreateObject(), *document;
	struct json_fault fault;
	struct failure f;
	struct buf out;
	size_t cap = 0;
	int n, result = -1;

	document = json_parse(body, sizeof body - 1, &fault);
	for (n = 0; result == -1 && n < 1000; n++) {
		buf_init(&out, 0);
		scarce_begin(n);
		result = block_draw(&out, t, document, args, &page, 4096, &f);
		scarce_end();
		CHECK(result == 0 || (strcmp(f.code, "internal") == 0 && f.retryable), "with %d: %s %s", n,
		    f.code, f.hint);
		if (result == -1)
			failure_finish(&f);
		buf_finish(&out);
	}
	CHECK(result == 0 && n > 10, "%d allocations", n);
	/* What is drawn again, as of each look at what is waited for, takes no more room. */
	buf_init(&out, 0);
	for (n = 0; n < 2; n++) {
		buf_reset(&out);
		CHECK(block_draw(&out, t, document, args, &page, 4096, &f) == 0 && (n == 0 || out.cap == cap),
		    "%d: %zu", n, out.cap);
		cap = out.cap;
	}
	buf_finish(&out);
	cJSON_Delete(document);
	cJSON_Delete(args);
}

int
main(void)
{
	catalog_of(&catalog, service);
	run_kinds();
	run_pages();
	run_limits();
	run_memory();
	catalog_finish(&catalog);
	return check_done();
}
