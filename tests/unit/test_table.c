/* SPDX-License-Identifier: MIT */
/* test_table.c - results as tables: what is a line, what a column, and when there is none. */
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "catalog.h"
#include "check.h"
#include "mcp/mcp.h"
#include "mcp/table.h"
#include "wire/json.h"

/* A result whose list is "l", and its table; NULL: there is none. */
static const struct {
	const char	*json, *want;
} cases[] = {
	{ "{\"l\":[{\"id\":\"a\",\"n\":1},{\"id\":\"b\",\"n\":2}]}", "\nid\tn\na\t1\nb\t2\n" },
	{ "{\"untrusted\":[\"t\"],\"l\":[{\"t\":\"x\"}],\"total\":7,\"truncated\":true,\"next_cursor\":\"c.d\"}",
	    "untrusted: [\"t\"]\ntotal: 7\ntruncated: true\nnext_cursor: c.d\n\nt\nx\n" },
	/* Scalars as they are written; absent and empty are empty. */
	{ "{\"l\":[{\"a\":12345678901234567890.10,\"b\":true,\"c\":false,\"d\":null,\"e\":\"\"}]}",
	    "\na\tb\tc\td\te\n12345678901234567890.10\ttrue\tfalse\tnull\t\n" },
	{ "{\"l\":[{\"a\":1},{\"b\":2},{\"c\":3,\"a\":4},{}]}",
	    "\na\tb\tc\n1\t\t\n\t2\t\n4\t\t3\n\t\t\n" },
	/* An object of scalars is spread; what holds more stays in one cell. */
	{ "{\"l\":[{\"from\":{\"id\":1,\"name\":\"Bob\"},\"t\":\"x\"},{\"from\":{\"name\":\"Eve\",\"x\":null}}]}",
	    "\nfrom.id\tfrom.name\tt\tfrom.x\n1\tBob\tx\t\n\tEve\t\tnull\n" },
	{ "{\"l\":[{\"o\":{\"a\":1}},{\"o\":{\"a\":[1]}},{\"o\":2},{\"o\":{}},{\"o\":[]}]}",
	    "\no.a\to\n1\t\n\t{\"a\":[1]}\n\t2\n\t{}\n\t[]\n" },
	{ "{\"l\":[{\"o\":{\"a.b\":1}}]}", "\no.a.b\n1\n" },
	/* No text of other people's begins a line or a cell. */
	{ "{\"l\":[{\"t\":\"a\\tb\\nuntrusted: []\\r\\n\\\\n\"}],\"m\":\"\\n\\nid\"}",
	    "m: \\n\\nid\n\nt\na\\tb\\nuntrusted: []\\r\\n\\\\n\n" },
	{ "{\"l\":[{\"a\\tb\":{\"\\n\":1}}],\"\\\\\":[\"\\t\"]}",
	    "\\\\: [\"\\\\t\"]\n\na\\tb.\\n\n1\n" },
	{ "{\"l\":[{\"o\":[\"a\\tb\\\\\",{\"x\":\"\\\"\"}]}]}",
	    "\no\n[\"a\\\\tb\\\\\\\\\",{\"x\":\"\\\\\"\"}]\n" },
	{ "{\"l\":[{\"\":\"\\u00e4\\u0000\"}]}", "\n\n\xc3\xa4\xc0\x80\n" },
	/* No table. */
	{ "{\"l\":[]}", NULL }, { "{\"l\":[{}]}", NULL }, { "{\"l\":[1]}", NULL }, { "{\"l\":{\"a\":1}}", NULL },
	{ "{\"l\":[{\"a\":1},[]]}", NULL }, { "{\"m\":[{\"a\":1}]}", NULL }, { "{\"l\":[{\"a.b\":1}]}", NULL },
	{ "[{\"a\":1}]", NULL }, { "{\"l\":[{\"a\":1}]", NULL }, { "", NULL },
};

static void
run_case(size_t i)
{
	struct buf out;
	size_t len;

	buf_init(&out, 4096);
	if (cases[i].want == NULL) {
		CHECK(table_print(&out, "l", cases[i].json) == -1, "%s: %s", cases[i].json, buf_str(&out));
		buf_finish(&out);
		return;
	}
	CHECK(table_print(&out, "l", cases[i].json) == 0 && strcmp(buf_str(&out), cases[i].want) == 0,
	    "%s: %s", cases[i].json, buf_str(&out));
	buf_finish(&out);
	/* Where it does not fit it says so, wherever that is. */
	for (len = 0; len < strlen(cases[i].want); len++) {
		buf_init(&out, len);
		CHECK(table_print(&out, "l", cases[i].json) == -1, "%s in %zu bytes", cases[i].json, len);
		buf_finish(&out);
	}
}

/* As many columns as there may be, and one more. */
static void
run_columns(void)
{
	struct buf json, out;
	int i;

	buf_init(&json, 8192);
	buf_init(&out, 8192);
	buf_puts(&json, "{\"l\":[");
	for (i = 0; i < LIMIT_TABLE_COLUMNS; i++)
		buf_printf(&json, "%s{\"c%d\":%d}", i == 0 ? "" : ",", i, i);
	buf_puts(&json, "]}");
	CHECK(table_print(&out, "l", buf_str(&json)) == 0, "%d columns", i);
	buf_truncate(&json, json.len - 2);
	buf_puts(&json, ",{\"more\":1}]}");
	CHECK(table_print(&out, "l", buf_str(&json)) == -1, "%d columns", i + 1);
	buf_reset(&json);
	buf_puts(&json, "{\"l\":[{\"o\":{");
	for (i = 0; i <= LIMIT_TABLE_COLUMNS; i++)
		buf_printf(&json, "%s\"c%d\":%d", i == 0 ? "" : ",", i, i);
	buf_puts(&json, "}}]}");
	CHECK(table_print(&out, "l", buf_str(&json)) == -1, "%d columns in one member", i);
	buf_finish(&json);
	buf_finish(&out);
}

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    "{\"name\":\"rows\",\"text\":\"table\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{\"l\":{\"each\":\"/l\",\"item\":\"\"}}},"
    "{\"name\":\"same\",\"text\":\"json\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{\"l\":{\"each\":\"/l\",\"item\":\"\"}}}]}";

#define SIX "[{\"a\":1},{\"b\":1},{\"c\":1},{\"d\":1},{\"e\":1},{\"f\":1}]"

/* What a client is given for a result: its text, and beside it the JSON. */
static const struct {
	const char	*tool;
	bool		 failed;
	const char	*json, *text;
} replies[] = {
	{ "rows", false, "{\"l\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", "\nid\na\nb\n" },
	{ "same", false, "{\"l\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", "{\"l\":[{\"id\":\"a\"},{\"id\":\"b\"}]}" },
	{ "rows", true, "{\"l\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", "{\"l\":[{\"id\":\"a\"},{\"id\":\"b\"}]}" },
	{ "rows", false, "{\"l\":[]}", "{\"l\":[]}" },
	{ "rows", false, "{\"l\":[{\"id\":\"a\"}],\"idempotent_replay\":true}",
	    "idempotent_replay: true\n\nid\na\n" },
	/* As many bytes are JSON; one less is a table. */
	{ "rows", false, "{\"l\":" SIX "}", "{\"l\":" SIX "}" },
	{ "rows", false, "{\"l\":" SIX ",\"m\":1}",
	    "m: 1\n\na\tb\tc\td\te\tf\n1\t\t\t\t\t\n\t1\t\t\t\t\n\t\t1\t\t\t\n\t\t\t1\t\t\n\t\t\t\t1\t\n\t\t\t\t\t1\n" },
	{ "rows", false, "{\"l\":[{\"a\":1}]}", "\na\n1\n" },
};

static void
run_reply(size_t i)
{
	static struct catalog catalog;
	struct mcp_message m = { .rpc = { .id = (char *)(uintptr_t)"1" }, .era = MCP_LEGACY };
	struct mcp_reply r;
	struct json_fault fault;
	const cJSON *result;
	const char *text;
	struct buf structured;
	cJSON *tree;

	if (i == 0)
		catalog_of(&catalog, service);
	m.tool = catalog_find(&catalog, replies[i].tool);
	mcp_reply_init(&r, 65536);
	if (replies[i].failed)
		mcp_reply_failure(&r, &m, replies[i].json, "x");
	else
		mcp_reply_result(&r, &m, replies[i].json, "");
	tree = json_parse(buf_str(&r.body), r.body.len, &fault);
	result = json_get(tree, "result");
	text = json_str(cJSON_GetArrayItem(json_get(result, "content"), 0), "text");
	CHECK(text != NULL && strcmp(text, replies[i].text) == 0, "%zu: %s", i, buf_str(&r.body));
	buf_init(&structured, 4096);
	if (!replies[i].failed)
		json_print(&structured, json_get(result, "structuredContent"));
	CHECK(strcmp(buf_str(&structured), replies[i].failed ? "" : replies[i].json) == 0, "%zu: %s", i,
	    buf_str(&r.body));
	buf_finish(&structured);
	cJSON_Delete(tree);
	mcp_reply_finish(&r);
	if (i == sizeof replies / sizeof replies[0] - 1)
		catalog_finish(&catalog);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		run_case(i);
	run_columns();
	for (i = 0; i < sizeof replies / sizeof replies[0]; i++)
		run_reply(i);
	return check_done();
}
