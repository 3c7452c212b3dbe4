/* SPDX-License-Identifier: MIT */
/*
 * fuzz_mcp.c - a request: lines of CGI variables (NAME=value), an empty line, the body.
 * What comes back is JSON, two events, or nothing, and never holds a bare control character.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/catalog.h"
#include "base/limits.h"
#include "mcp/mcp.h"
#include "mcp/policy.h"
#include "mcp/principal.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    "{\"name\":\"get\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":"
    "{\"s\":{\"type\":\"string\",\"x-mcp-header\":\"S\"},\"n\":{\"type\":\"integer\",\"x-mcp-header\":\"N\"}}},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/{?s}\"},\"response\":{}},"
    "{\"name\":\"off\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{}}]}";

static const struct principal anybody = { .name = (char *)(uintptr_t)"anonymous" };
static struct crypto_key key = { .secret = { "the secret of this test" }, .count = 1 };
static struct catalog catalog;
/* Ids of sessions are the same each time. */
static void
stamp(void *arg, uint8_t *random, size_t len, int64_t *now_ms)
{
	(void)arg;
	memset(random, 7, len);
	*now_ms = 1000;
}

static const struct policy policy;
static const struct mcp mcp = { .catalog = &catalog, .policy = &policy, .key = &key, .stamp = stamp,
    .instructions = "i", .limits = "{}", .list_ttl_ms = 1000, .list_page = 2 };

static void
check_json(const char *text, size_t len)
{
	struct json_fault fault;
	cJSON *tree = json_parse(text, len, &fault);

	if (tree == NULL || json_str(tree, "jsonrpc") == NULL)
		abort();
	cJSON_Delete(tree);
}

static void
check_reply(const struct mcp_reply *r)
{
	const char *p = buf_str(&r->body), *end;
	size_t i;

	if (r->status < 200 || r->status > 599 || (r->type == NULL) != (r->body.len == 0))
		abort();
	if (r->type == NULL)
		return;
	if (strcmp(r->type, "application/json") == 0) {
		for (i = 0; i < r->body.len; i++)
			if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
				abort();
		check_json(p, r->body.len);
		return;
	}
	for (; *p != '\0'; p = end + 2) {
		if (strncmp(p, "event: message\ndata: ", 21) != 0)
			abort();
		p += 21;
		end = strchr(p, '\n');
		if (end == NULL || end[1] != '\n')
			abort();
		check_json(p, (size_t)(end - p));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = (const char *)data, *end = p + len, *line, *equals;
	enum mcp_verdict verdict;
	struct http_request rq;
	struct mcp_message m;
	struct mcp_reply r;

	if (catalog.ntools == 0) {
		catalog_of(&catalog, service);
		catalog.tools[1]->off = "tired";
	}
	http_request_init(&rq, 65536);
	for (; p < end; p = line + 1) {
		line = memchr(p, '\n', (size_t)(end - p));
		if (line == NULL || line == p)
			break;
		equals = memchr(p, '=', (size_t)(line - p));
		if (equals != NULL)
			http_request_add(&rq, p, (size_t)(equals - p), equals + 1,
			    (size_t)(line - equals - 1));
	}
	if (p < end && *p == '\n')
		p++;
	http_request_body(&rq, p, (size_t)(end - p));
	mcp_reply_init(&r, LIMIT_SERVICE_FILE);
	verdict = mcp_open(&mcp, &m, &anybody, &rq, &r);
	if (verdict == MCP_CALL)
		verdict = mcp_answer(&mcp, &m, &r);
	if (verdict == MCP_CALL) {
		if (m.tool == NULL || !cJSON_IsObject(m.args))
			abort();
		if (len % 2 == 0)
			mcp_reply_failure(&r, &m, "{\"a\":\"\\n\"}", "x");
		else
			mcp_reply_result(&r, &m, "{\"a\":\"\\n\"}", "");
	}
	if (mcp_method_name(&m) == NULL)
		abort();
	check_reply(&r);
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
	http_request_finish(&rq);
	return 0;
}
