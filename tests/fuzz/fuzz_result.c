/* SPDX-License-Identifier: MIT */
/*
 * fuzz_result.c - an upstream's answer: the first bytes choose tool, status, outcome and
 * budget, the rest is the body. What is made of it is JSON within the budget, and a table, and blocks
 * as the protocol has them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/catalog.h"
#include "base/buf.h"
#include "mcp/answer.h"
#include "mcp/content.h"
#include "mcp/failure.h"
#include "mcp/paging.h"
#include "mcp/result.h"
#include "mcp/table.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"error\":{\"code\":\"/code\","
    "\"message\":\"/message\",\"request_id\":\"/id\",\"retry_after\":\"/retry\","
    "\"candidates\":{\"each\":\"/c\",\"item\":{\"id\":\"/id\",\"all\":\"\"}},"
    "\"codes\":{\"G\":{\"code\":\"gone\",\"hint\":\"It is gone.\",\"retryable\":false}}},\"tools\":["
    "{\"name\":\"get\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},\"outputSchema\":"
    "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":[\"string\",\"integer\"]}},\"required\":[\"id\"]},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{\"id\":\"/id\",\"all\":\"\",\"text\":"
    "{\"pointer\":\"/text\",\"untrusted\":true,\"default\":1,\"map\":{\"a\":\"b\"}}},"
    "\"content\":[{\"type\":\"image\",\"data\":\"/id\",\"mimeType\":\"/text\"},"
    "{\"type\":\"resource\",\"resource\":{\"uri\":\"/text\",\"blob\":\"/id\"},\"annotations\":\"/c\"}]},"
    "{\"name\":\"list\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":"
    "{\"fields\":{}}},\"request\":{\"method\":\"GET\",\"url\":\"/{?cursor}\"},"
    "\"response\":{\"items\":{\"each\":\"/data\",\"item\":{\"id\":\"/id\",\"t\":{\"pointer\":\"/t\","
    "\"untrusted\":true}}},\"next_cursor\":\"/next\",\"total\":\"/total\"},"
    "\"content\":[{\"type\":\"text\",\"text\":\"/total\"},{\"each\":\"/data\",\"item\":{\"each\":\"/l\",\"item\":"
    "{\"type\":\"resource_link\",\"name\":\"/t\",\"size\":\"/n\",\"uri\":{\"uriTemplate\":\"x:{id}\","
    "\"variables\":{\"id\":\"/id\"}}}}}]},"
    "{\"name\":\"send\",\"write\":true,\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/\"},\"response\":{\"id\":\"/id\",\"l\":{\"each\":\"/l\","
    "\"item\":\"\"}},\"success\":{\"pointer\":\"/ok\",\"equals\":true}}]}";

static struct crypto_key key = { .secret = { "the secret of this test" }, .count = 1 };
static struct catalog catalog;

static void
check_json(const struct buf *text)
{
	struct json_fault fault;
	cJSON *tree = json_parse(buf_str(text), text->len, &fault);

	if (!cJSON_IsObject(tree))
		abort();
	cJSON_Delete(tree);
}

/* A table has a line for each item below that of its names, and as many cells in each. */
static void
check_table(const struct tool *t, const struct buf *text)
{
	struct json_fault fault;
	struct buf table;
	const char *line, *at;
	size_t cells = 0, lines = 0, count;
	cJSON *tree;

	buf_init(&table, 1024 * 1024);
	if (t->list == NULL || table_print(&table, t->list, buf_str(text)) == -1) {
		buf_finish(&table);
		return;
	}
	line = buf_str(&table);
	if (*line != '\n')
		line = strstr(line, "\n\n") + 1;
	for (line++; *line != '\0'; line = at + 1, lines++) {
		for (at = line, count = 1; *at != '\n'; at++)
			count += *at == '\t';
		if (lines > 0 && count != cells)
			abort();
		cells = count;
	}
	tree = json_parse(buf_str(text), text->len, &fault);
	if (lines != 1 + (size_t)cJSON_GetArraySize(json_get(tree, t->list)))
		abort();
	cJSON_Delete(tree);
	buf_finish(&table);
}

/* Blocks are as the protocol has them; they and the result share the budget, but for a last text. */
static void
check_blocks(const struct buf *blocks, size_t media, size_t room)
{
	struct content_fault wrong;
	struct json_fault fault;
	struct buf list, again;
	cJSON *tree, *block;

	if (blocks->len == 0)
		return;
	buf_init(&list, blocks->len + 1);
	buf_init(&again, blocks->len + 1);
	buf_printf(&list, "[%s]", buf_str(blocks) + 1);
	tree = json_parse(buf_str(&list), list.len, &fault);
	if (tree == NULL || cJSON_GetArraySize(tree) > LIMIT_BLOCKS + 1)
		abort();
	cJSON_ArrayForEach(block, tree)
		if (content_check_block(block, &wrong) == -1)
			abort();
	if (json_print(&again, tree) == -1 || strcmp(buf_str(&again), buf_str(&list)) != 0 ||
	    blocks->len > room + media + 256)
		abort();
	cJSON_Delete(tree);
	buf_finish(&list);
	buf_finish(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const int statuses[] = { 200, 200, 200, 204, 302, 400, 404, 409, 422, 429, 500, 503 };
	struct answer a = { .sent = true, .retry_after_s = -1 };
	const struct tool *t;
	struct failure f = { .code = "" };
	struct paging p;
	struct buf out, blocks;
	struct result_more more = { .blocks = &blocks };
	cJSON *args;
	size_t budget;

	if (catalog.ntools == 0)
		catalog_of(&catalog, service);
	if (len < 4)
		return 0;
	t = catalog.tools[data[0] % 3];
	a.status = statuses[data[1] % (sizeof statuses / sizeof statuses[0])];
	a.outcome = data[2] < 200 ? OUTCOME_ANSWERED : (enum outcome)(data[2] % (OUTCOME_INTERNAL + 1));
	budget = (size_t)(data[3] + 2) * 512;
	a.body = (const char *)data + 4;
	a.len = len - 4;
	args = cJSON_CreateObject();
	buf_init(&out, budget);
	buf_init(&blocks, 0);
	if (paging_init(&p, t, &key, args, &f) == -1)
		abort();
	if (result_map(&out, t, args, &a, &p, budget, false, &more, &f) == RESULT_GOOD) {
		check_json(&out);
		check_table(t, &out);
		check_blocks(&blocks, len, budget - out.len);
	} else {
		if (f.code[0] == '\0' || f.hint[0] == '\0')
			abort();
		buf_finish(&out);
		buf_init(&out, budget + 16384);
		if (failure_print(&out, &f) == -1)
			abort();
		check_json(&out);
		failure_finish(&f);
	}
	paging_finish(&p);
	buf_finish(&out);
	buf_finish(&blocks);
	cJSON_Delete(args);
	return 0;
}
