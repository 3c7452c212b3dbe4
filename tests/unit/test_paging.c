/* SPDX-License-Identifier: MIT */
/* test_paging.c - where an answer says its next cursor: body, last item, headers, URLs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "catalog.h"
#include "check.h"
#include "mcp/answer.h"
#include "mcp/failure.h"
#include "mcp/paging.h"
#include "mcp/service.h"
#include "wire/json.h"
#include "wire/query.h"

#define TOOL(name, next) \
	"{\"name\":\"" name "\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"}," \
	"\"request\":{\"method\":\"GET\",\"url\":\"/x{?cursor}\"},\"response\":{\"items\":" \
	"{\"each\":\"/data\",\"item\":{\"id\":\"/id\"}},\"next_cursor\":" next "}}"

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    TOOL("pointer", "\"/next\"") "," TOOL("page", "{\"pointer\":\"/next\",\"query\":\"Page\"}") ","
    TOOL("last", "{\"last\":\"/id\"}") ","
    TOOL("more", "{\"last\":\"/id\",\"more\":\"/m\"}") "," TOOL("header", "{\"header\":\"X-Next\"}") ","
    TOOL("link", "{\"header\":\"Link\",\"query\":\"p\"}") ","
    TOOL("uri", "{\"header\":\"X-Uri\",\"query\":\"p\"}") ","
    "{\"name\":\"order\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"cursor\":"
    "{\"type\":\"string\",\"default\":\"newest\"}}},\"request\":{\"method\":\"GET\",\"url\":\"/x{?cursor}\"},"
    "\"response\":{\"items\":{\"each\":\"/by\",\"order\":\"/order\",\"item\":{\"id\":\"/id\"}},"
    "\"next_cursor\":{\"last\":\"/id\"}}}]}";

static const struct {
	const char	*tool, *head, *body, *want;
} cases[] = {
	{ "pointer", "", "{\"next\":\"a/b\"}", "a/b" },
	{ "pointer", "", "{\"next\":12345678901234567890}", "12345678901234567890" },
	{ "pointer", "", "{\"next\":null}", "" }, { "pointer", "", "{\"next\":[1]}", "" },
	{ "pointer", "", "{}", "" }, { "pointer", "", "[]", "" },
	{ "page", "", "{\"next\":\"/v1/x.json?PageSize=2&Page=1&Token=PA%2B\"}", "1" },
	{ "page", "", "{\"next\":\"https://e/?Page=a+b%2Bc%zz\"}", "a b+c%zz" },
	{ "page", "", "{\"next\":\"?Page=\"}", "" }, { "page", "", "{\"next\":\"?Page\"}", "" },
	{ "page", "", "{\"next\":\"/x?page=1\"}", "" }, { "page", "", "{\"next\":\"Page=1\"}", "" },
	{ "page", "", "{\"next\":\"?P=0&PageX=1&Pag=2&%50age=3#Page=4\"}", "3" },
	{ "page", "", "{\"next\":\"#?Page=1\"}", "1" }, { "page", "", "{\"next\":\"\"}", "" },
	{ "last", "", "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", "b" },
	{ "last", "", "{\"data\":[{\"id\":7}]}", "7" }, { "last", "", "{\"data\":[]}", "" },
	{ "last", "", "{\"data\":[{}]}", "" }, { "last", "", "{}", "" }, { "last", "", "{\"data\":{}}", "" },
	{ "more", "", "{\"m\":true,\"data\":[{\"id\":7}]}", "7" },
	{ "more", "", "{\"m\":false,\"data\":[{\"id\":7}]}", "" },
	{ "more", "", "{\"data\":[{\"id\":7}]}", "7" },
	{ "order", "", "{\"by\":{\"a\":{\"id\":1},\"b\":{\"id\":2}},\"order\":[\"b\",\"a\"]}", "1" },
	{ "order", "", "{\"by\":{\"a\":{\"id\":1}},\"order\":[\"a\",\"b\"]}", "" },
	{ "order", "", "{\"by\":{\"a\":{\"id\":1}},\"order\":[\"a\",7]}", "" },
	{ "order", "", "{\"by\":{\"a\":{\"id\":1}},\"order\":[]}", "" },
	{ "order", "", "{\"by\":{\"a\":{\"id\":1}}}", "" }, { "order", "", "{\"order\":[\"a\"]}", "" },
	{ "header", "HTTP/1.1 200 OK\r\nx-next:  tok en \r\n\r\n", "{}", "tok en" },
	{ "header", "HTTP/1.1 200 OK\r\nX-Nex: a\r\nX-Next2: b\r\n\r\n", "{}", "" },
	{ "header", "X-Next:\r\n", "{}", "" }, { "header", "X-Next: a", "{}", "a" },
	{ "link", "Link: <https://e/x?p=2>; rel=\"next\"\r\n", "{}", "2" },
	{ "link", "link: <https://e/x?p=1>; rel=prev, <https://e/x?p=3>; rel=next\r\n", "{}", "3" },
	{ "link", "Link: </x?p=1>; rel=\"prev\"\r\nLink: </x?p=5>; title=\"a, <b>; rel=next\"; "
	    "rel=\"last NEXT\"\r\n", "{}", "5" },
	{ "link", "Link: </x?p=1>; title=\"rel=next\"\r\n", "{}", "" },
	{ "link", "Link: </x?p=1>; rel=nextish\r\n", "{}", "" },
	{ "link", "Link: </x?p=1>; norel=next\r\n", "{}", "" },
	{ "link", "Link: </x?p=1>; rel = next\r\n", "{}", "" },
	{ "link", "Link: </x?p=1>; a; rel=\"next\\\"\r\n", "{}", "" },
	{ "link", "Link: </x?p=1\r\n", "{}", "" }, { "link", "Link: >; rel=next\r\n", "{}", "" },
	{ "link", "Link: <>; rel=next\r\n", "{}", "" }, { "link", "Link: <a>;rel=\r\n", "{}", "" },
	{ "link", "Link: </x?q=1>; rel=next\r\n", "{}", "" },
	{ "uri", "X-Uri: /x?p=9&q=1\r\n", "{}", "9" },
};

static void
next_of(struct buf *out, const struct tool *t, const cJSON *document, const struct answer *a)
{
	paging_next(out, &t->next, json_get(t->response, t->list), document, a);
}

static void
run_cases(const struct catalog *c)
{
	struct json_fault fault;
	struct buf out;
	cJSON *document;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct answer a = { .head = cases[i].head, .headlen = strlen(cases[i].head) };

		document = json_parse(cases[i].body, strlen(cases[i].body), &fault);
		buf_init(&out, 100);
		next_of(&out, catalog_find(c, cases[i].tool), document, &a);
		CHECK(!out.failed && strcmp(buf_str(&out), cases[i].want) == 0, "%s of %s%s: %s",
		    cases[i].tool, cases[i].head, cases[i].body, buf_str(&out));
		buf_finish(&out);
		cJSON_Delete(document);
	}
}

/* Who gives the default of a cursor begins, as who gives none. */
static void
run_default(const struct catalog *c)
{
	static const struct crypto_key key = { .count = 1 };
	static const struct {
		const char	*tool, *args;
		int		 result;
	} begins[] = {
		{ "order", "{}", 0 }, { "order", "{\"cursor\":\"newest\"}", 0 },
		{ "order", "{\"cursor\":\"oldest\"}", -1 }, { "last", "{\"cursor\":\"newest\"}", -1 },
	};
	struct json_fault fault;
	struct failure f;
	struct paging p;
	cJSON *args;
	size_t i;

	for (i = 0; i < sizeof begins / sizeof begins[0]; i++) {
		args = json_parse(begins[i].args, strlen(begins[i].args), &fault);
		CHECK(paging_init(&p, catalog_find(c, begins[i].tool), &key, args, &f) == begins[i].result,
		    "%s %s", begins[i].tool, begins[i].args);
		if (begins[i].result == -1) {
			CHECK(strcmp(f.code, "invalid_cursor") == 0, "%s", f.code);
			failure_finish(&f);
		} else
			CHECK(p.from.at == NULL && p.from.skip == 0, "%s", begins[i].args);
		paging_finish(&p);
		cJSON_Delete(args);
	}
}

/* What is too long, or has a NUL, is none. */
static void
run_limits(const struct catalog *c)
{
	const struct answer a = { .head = "X-Next: 12345\r\n", .headlen = 15 }, none = { 0 };
	struct buf out;
	size_t len;

	buf_init(&out, 4);
	next_of(&out, catalog_find(c, "header"), NULL, &a);
	CHECK(out.failed, "%s", buf_str(&out));
	buf_finish(&out);
	buf_init(&out, 10);
	CHECK(query_get(&out, "?a=%00", "a") == -1, "a NUL");
	buf_reset(&out);
	CHECK(query_get(&out, "?a=12345678901", "a") == -1, "too long");
	buf_finish(&out);
	buf_init(&out, 10);
	CHECK(query_get(&out, "?a=1", "b") == 0 && query_get(&out, "?a=1", "a") == 1, "%s", buf_str(&out));
	buf_finish(&out);
	CHECK(answer_header(&none, "X-Next", &len) == NULL, "no headers");
}

int
main(void)
{
	struct catalog c;

	catalog_of(&c, service);
	run_cases(&c);
	run_limits(&c);
	run_default(&c);
	catalog_finish(&c);
	return check_done();
}
