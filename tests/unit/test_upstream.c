/* SPDX-License-Identifier: MIT */
/* test_upstream.c - mcp/upstream: the URL, headers and body that a call becomes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "catalog.h"
#include "check.h"
#include "mcp/failure.h"
#include "mcp/service.h"
#include "mcp/upstream.h"
#include "wire/json.h"

#define ARGS "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"id\":{},\"id2\":{},\"q\":{}," \
    "\"limit\":{},\"tags\":{},\"key\":{},\"text\":{},\"opt\":{}},\"required\":[\"id\",\"id2\"]}," \
    "\"response\":{},\"description\":\"d\""

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org/v1/\",\"tools\":["
    "{\"name\":\"get\"," ARGS ",\"request\":{\"method\":\"GET\",\"url\":\"/things/{id}{?q,limit}\","
    "\"headers\":{\"X-Key\":\"{key}\",\"X-Fixed\":\"a {{b}}\"}}},"
    "{\"name\":\"list\"," ARGS ",\"request\":{\"method\":\"GET\",\"url\":\"/things{?q,tags*}\"}},"
    "{\"name\":\"two\"," ARGS ",\"request\":{\"method\":\"GET\",\"url\":\"/a/{id}{id2}/b\"}},"
    "{\"name\":\"comma\"," ARGS ",\"request\":{\"method\":\"GET\",\"url\":\"/a/{id,id2}\"}},"
    "{\"name\":\"slash\"," ARGS ",\"request\":{\"method\":\"GET\",\"url\":\"/a{/opt*}{;q}\"}},"
    "{\"name\":\"prefix\"," ARGS ",\"request\":{\"method\":\"GET\",\"url\":\"/a/{id:2}\"}},"
    "{\"name\":\"query\"," ARGS ",\"request\":{\"method\":\"GET\",\"url\":\"/a?x=1{&q}\"}},"
    "{\"name\":\"named\"," ARGS ",\"request\":{\"method\":\"GET\",\"url\":\"/a{?limit}\","
    "\"query\":{\"q>\":\"{q}\",\"tag[]\":\"{tags}\",\"v\":\"1\"}}},"
    "{\"name\":\"lone\"," ARGS ",\"request\":{\"method\":\"GET\",\"url\":\"/a\","
    "\"query\":{\"q>\":\"{q}\"}}},"
    "{\"name\":\"send\",\"write\":true," ARGS ",\"request\":{\"method\":\"POST\",\"url\":\"/things\","
    "\"headers\":{\"Idempotency-Key\":\"{key}\"},\"body\":{\"text\":\"{text}\",\"tags\":\"{tags}\"}}},"
    "{\"name\":\"whole\",\"write\":true," ARGS ",\"request\":{\"method\":\"PUT\",\"url\":\"/x\","
    "\"body\":\"{text}\"}},"
    "{\"name\":\"form\",\"write\":true," ARGS ",\"request\":{\"method\":\"POST\",\"url\":\"/x\","
    "\"form\":{\"text\":\"{text}\",\"tags\":\"{tags}\"}}},"
    "{\"name\":\"raw\",\"write\":true," ARGS ",\"request\":{\"method\":\"PUT\",\"url\":\"/x\","
    "\"raw\":{\"base64\":\"{text}\",\"type\":\"{key}\"}}},"
    "{\"name\":\"parts\",\"write\":true," ARGS ",\"request\":{\"method\":\"POST\",\"url\":\"/x\","
    "\"multipart\":{\"t\":\"{text}\"}}},"
    "{\"name\":\"bare\",\"write\":true," ARGS ",\"request\":{\"method\":\"DELETE\",\"url\":\"/x/{id}\"}}]}";

#define URL	"https://api.example.org/v1"
#define ACCEPT	"Accept: application/json\n"
/* The digest of what stands between. */
#define BOUNDARY "af76e532167328f3af953e597eb6d19d7ac1210e9ae6ca8e"
#define FIXED	"X-Fixed: a {b}\n" ACCEPT

static const struct {
	const char	*tool;
	const char	*args;
	const char	*url;		/* NULL: refused */
	const char	*rest;		/* header lines, then the body; or of the reason */
} cases[] = {
	/* URLs. */
	{ "get", "{\"id\":\"m1\"}", URL "/things/m1", FIXED },
	{ "get", "{\"id\":\"m1\",\"q\":\"a b&c\",\"limit\":5}", URL "/things/m1?q=a%20b%26c&limit=5", FIXED },
	{ "get", "{\"id\":\"m1\",\"q\":null}", URL "/things/m1", FIXED },
	{ "get", "{\"id\":\"m1\",\"q\":\"\"}", URL "/things/m1?q=", FIXED },
	{ "get", "{\"id\":123456789012345678901}", URL "/things/123456789012345678901", FIXED },
	{ "get", "{\"id\":true}", URL "/things/true", FIXED },
	{ "get", "{\"id\":\"a?b#c\"}", URL "/things/a%3Fb%23c", FIXED },
	{ "get", "{\"id\":\"%2e%2e\"}", URL "/things/%252e%252e", FIXED },
	{ "get", "{\"id\":\"a%2fb\"}", URL "/things/a%252fb", FIXED },
	{ "get", "{\"id\":\"...\"}", URL "/things/...", FIXED },
	{ "get", "{\"id\":\"..a\"}", URL "/things/..a", FIXED },
	{ "get", "{\"id\":\"a..\"}", URL "/things/a..", FIXED },
	{ "get", "{\"id\":\"a\\r\\nb\"}", URL "/things/a%0D%0Ab", FIXED },
	{ "get", "{\"id\":\"\\u00e4\"}", URL "/things/%C3%A4", FIXED },
	{ "get", "{\"id\":\"m\",\"q\":\"../../x\"}", URL "/things/m?q=..%2F..%2Fx", FIXED },
	{ "list", "{}", URL "/things", ACCEPT },
	{ "list", "{\"q\":\"a/b\"}", URL "/things?q=a%2Fb", ACCEPT },
	{ "list", "{\"q\":\"..\"}", URL "/things?q=..", ACCEPT },
	{ "list", "{\"q\":\"\"}", URL "/things?q=", ACCEPT },
	{ "list", "{\"tags\":[\"a\",\"b/c\",1]}", URL "/things?tags=a&tags=b%2Fc&tags=1", ACCEPT },
	{ "list", "{\"tags\":[]}", URL "/things", ACCEPT },
	{ "list", "{\"tags\":{\"a&b\":\"c\"}}", URL "/things?a%26b=c", ACCEPT },
	{ "query", "{\"q\":\"a&x=2/..\"}", URL "/a?x=1&q=a%26x%3D2%2F..", ACCEPT },
	{ "slash", "{}", URL "/a", ACCEPT },
	{ "slash", "{\"opt\":\"b\",\"q\":\"c\"}", URL "/a/b;q=c", ACCEPT },
	{ "slash", "{\"opt\":[\"b\",\"c\"]}", URL "/a/b/c", ACCEPT },
	{ "two", "{\"id\":\"x\",\"id2\":\"y\"}", URL "/a/xy/b", ACCEPT },
	{ "comma", "{\"id\":\"x\",\"id2\":\"y\"}", URL "/a/x,y", ACCEPT },
	{ "prefix", "{\"id\":\"abc\"}", URL "/a/ab", ACCEPT },
	{ "bare", "{\"id\":\"x\"}", URL "/x/x", ACCEPT },

	/* Values that would leave their segment. */
	{ "get", "{\"id\":\"\"}", NULL, "/id: must not be empty" },
	{ "get", "{\"id\":null}", NULL, "/id: must not be empty" },
	{ "get", "{\"id\":[]}", NULL, "/id: must not be empty" },
	{ "get", "{\"id\":{}}", NULL, "/id: must not be empty" },
	{ "get", "{\"id\":\".\"}", NULL, "/id: must not be empty, \".\"" },
	{ "get", "{\"id\":\"..\"}", NULL, "/id: must" },
	{ "get", "{\"id\":\"/\"}", NULL, "/id: must" },
	{ "get", "{\"id\":\"../x\"}", NULL, "must hold no slash" },
	{ "get", "{\"id\":\"a/b\"}", NULL, "/id: must" },
	{ "get", "{\"id\":\"a\\\\b\"}", NULL, "/id: must" },
	{ "get", "{\"id\":[\"a\",\"..\"]}", NULL, "/id: must" },
	{ "get", "{\"id\":{\"k\":\"a/b\"}}", NULL, "/id: must" },
	{ "get", "{\"id\":{\"a/b\":\"k\"}}", NULL, "/id: must" },
	{ "get", "{\"id\":{\"..\":\"k\"}}", NULL, "/id: must" },
	{ "get", "{\"id\":\"a\\u0000b\"}", NULL, "/id: a value holds U+0000" },
	{ "slash", "{\"opt\":[\"..\",\"x\"]}", NULL, "/opt: must" },
	{ "slash", "{\"opt\":{\"..\":\"x\"}}", NULL, "/opt: must" },
	{ "two", "{\"id\":\"x\",\"id2\":\"../y\"}", NULL, "/id2: must" },
	{ "two", "{\"id\":\".\",\"id2\":\".\"}", NULL, "/id: must" },
	{ "comma", "{\"id\":\"x\",\"id2\":\"..\"}", NULL, "/id2: must" },
	{ "prefix", "{\"id\":\"..x\"}", NULL, "would make a path with \"..\"" },
	{ "prefix", "{\"id\":[\"a\"]}", NULL, "/id: " },
	{ "list", "{\"tags\":[[\"a\"]]}", NULL, "/tags: " },

	/* Headers. */
	{ "get", "{\"id\":\"m\",\"key\":\"k1\"}", URL "/things/m", "X-Key: k1\n" FIXED },
	{ "get", "{\"id\":\"m\",\"key\":42}", URL "/things/m", "X-Key: 42\n" FIXED },
	{ "get", "{\"id\":\"m\",\"key\":\"a\\r\\nX: y\"}", NULL, "the header X-Key: a header value cannot" },
	{ "get", "{\"id\":\"m\",\"key\":\"a\\nb\"}", NULL, "the header X-Key: " },
	{ "get", "{\"id\":\"m\",\"key\":\"a\\u0000b\"}", NULL, "the header X-Key: " },

	/* Bodies. */
	{ "send", "{\"text\":\"hi\",\"key\":\"k\"}", URL "/things", "Idempotency-Key: k\n" ACCEPT
	    "Content-Type: application/json\n{\"text\":\"hi\"}" },
	{ "send", "{\"text\":\"a\\\"\\u0000\",\"tags\":[1.0,{}]}", URL "/things", ACCEPT
	    "Content-Type: application/json\n{\"text\":\"a\\\"\\u0000\",\"tags\":[1.0,{}]}" },
	{ "send", "{}", URL "/things", ACCEPT "Content-Type: application/json\n{}" },
	{ "whole", "{\"text\":{\"a\":[1]}}", URL "/x", ACCEPT
	    "Content-Type: application/json\n{\"a\":[1]}" },
	{ "whole", "{}", URL "/x", ACCEPT "(none)" },
	{ "named", "{\"q\":\"a b&c=\\u00e9\",\"limit\":5,\"tags\":[\"x\",2]}",
	    URL "/a?limit=5&q%3E=a+b%26c%3D%C3%A9&tag%5B%5D=x&tag%5B%5D=2&v=1", ACCEPT },
	{ "named", "{\"q\":null}", URL "/a?v=1", ACCEPT },
	{ "named", "{\"q\":{}}", NULL, "an object cannot be a form value" },
	{ "named", "{\"q\":\"\\u0000\"}", NULL, "U+0000" },
	{ "named", "{\"q\":\"../\"}", URL "/a?q%3E=..%2F&v=1", ACCEPT },
	{ "lone", "{}", URL "/a", ACCEPT },
	{ "lone", "{\"q\":true}", URL "/a?q%3E=true", ACCEPT },

	{ "form", "{\"text\":\"a&b=c\",\"tags\":[\"x\",\"y\"]}", URL "/x", ACCEPT
	    "Content-Type: application/x-www-form-urlencoded\ntext=a%26b%3Dc&tags=x&tags=y" },
	{ "form", "{}", URL "/x", ACCEPT "Content-Type: application/x-www-form-urlencoded\n" },
	{ "form", "{\"text\":{}}", NULL, "an object cannot be a form value" },
	{ "form", "{\"text\":\"\\u0000\"}", NULL, "U+0000" },
	{ "raw", "{\"text\":\"SGk=\"}", URL "/x", ACCEPT "Content-Type: application/octet-stream\nHi" },
	{ "raw", "{\"text\":\"SGk=\",\"key\":\"image/png\"}", URL "/x", ACCEPT "Content-Type: image/png\nHi" },
	{ "raw", "{\"text\":\"SGk=\",\"key\":\"a\\nb\"}", NULL, "a header value cannot" },
	{ "raw", "{}", URL "/x", ACCEPT "(none)" },
	{ "parts", "{\"text\":\"a\"}", URL "/x", ACCEPT "Content-Type: multipart/form-data; boundary=" BOUNDARY "\n"
	    "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\na\r\n--" BOUNDARY "--\r\n" },
	{ "parts", "{}", URL "/x", ACCEPT "(none)" },
};

static cJSON *
parse(const char *text)
{
	struct json_fault fault;
	cJSON *item = json_parse(text, strlen(text), &fault);

	CHECK(item != NULL, "%s", text);
	return item;
}

static void
run_case(const struct catalog *c, size_t i)
{
	const struct tool *t = catalog_find(c, cases[i].tool);
	cJSON *args = parse(cases[i].args);
	struct failure f = { .hint = "" };
	struct upstream u;
	struct buf rest;
	size_t k;
	int result;

	result = upstream_build(&u, &t->request, args, &f);
	if (cases[i].url == NULL) {
		CHECK(result == -1 && strcmp(f.code, "invalid_argument") == 0 && f.http_status == 400 &&
		    !f.retryable && strstr(f.hint, cases[i].rest) != NULL, "%s %s: %d %s", cases[i].tool,
		    cases[i].args, result, result == -1 ? f.hint : u.url);
		if (result == -1)
			failure_finish(&f);
	} else {
		buf_init(&rest, 65536);
		for (k = 0; k < u.nheaders; k++)
			buf_printf(&rest, "%s\n", u.headers[k]);
		buf_puts(&rest, u.has_body ? buf_str(&u.body) :
		    strstr(cases[i].rest, "(none)") != NULL ? "(none)" : "");
		CHECK(result == 0 && strcmp(u.url, cases[i].url) == 0, "%s %s: %s", cases[i].tool,
		    cases[i].args, result == 0 ? u.url : f.hint);
		CHECK(strcmp(buf_str(&rest), cases[i].rest) == 0, "%s %s:\n%s", cases[i].tool,
		    cases[i].args, buf_str(&rest));
		CHECK(strcmp(u.method, t->request.method) == 0, "%s", u.method);
		buf_finish(&rest);
	}
	upstream_finish(&u);
	cJSON_Delete(args);
}

/* What is too long is refused, not cut. */
static void
run_lengths(const struct catalog *c)
{
	static const char *const tools[] = { "get", "list", "get", "lone" };
	static const char *const names[] = { "id", "q", "key", "q" };
	static char text[LIMIT_URL + 1];
	struct failure f;
	struct upstream u;
	cJSON *args;
	size_t i;

	memset(text, 'x', LIMIT_URL);
	for (i = 0; i < 4; i++) {
		args = parse(i == 2 ? "{\"id\":\"x\"}" : "{}");
		json_put(args, names[i], cJSON_CreateString(text));
		CHECK(upstream_build(&u, &catalog_find(c, tools[i])->request, args, &f) == -1 &&
		    strcmp(f.code, "invalid_argument") == 0, "a long %s", names[i]);
		failure_finish(&f);
		upstream_finish(&u);
		cJSON_Delete(args);
	}
}

static void
run_credential(struct catalog *c)
{
	cJSON *args = parse("{}");
	struct upstream u;
	struct failure f;

	CHECK(upstream_build(&u, &catalog_find(c, "list")->request, args, &f) == 0 && u.nheaders == 1 &&
	    upstream_line(&u, "Authorization: Bearer t") == 0 && u.nheaders == 2 &&
	    strcmp(u.headers[1], "Authorization: Bearer t") == 0, "the credential");
	CHECK(upstream_header(&u, "traceparent", "x") == 0 && u.nheaders == 3 &&
	    strcmp(u.headers[2], "traceparent: x") == 0, "one header more");
	upstream_finish(&u);
	cJSON_Delete(args);
}

/* A credential in the path stands behind base_url, and nowhere in a URL that a service gave. */
static void
run_path(struct catalog *c)
{
	static char path[LIMIT_URL + 1];
	cJSON *args = parse("{\"q\":\"a\"}");
	struct upstream u;
	struct failure f;
	char *bare;

	memset(path, 'x', LIMIT_URL);
	path[0] = '/';
	CHECK(upstream_build(&u, &catalog_find(c, "list")->request, args, &f) == 0, "built");
	bare = strdup(u.url);
	CHECK(upstream_path(&u, path, 1, LIMIT_URL - 1) == -1 && strcmp(u.url, bare) == 0 &&
	    u.secret_len == 0, "too long: %zu", strlen(u.url));
	CHECK(upstream_path(&u, "/bot1:ax", 4, 3) == 0 && strncmp(u.url, URL "/bot1:ax/", strlen(URL) + 9) == 0 &&
	    strcmp(u.url + strlen(URL) + 8, bare + strlen(URL)) == 0 && u.secret_len == 3 &&
	    strncmp(u.url + u.secret_at, "1:a", 3) == 0, "%s", u.url);
	u.base_len = 0;
	free(bare);
	bare = strdup(u.url);
	CHECK(upstream_path(&u, "/bot1:ax", 4, 3) == 0 && strcmp(u.url, bare) == 0, "%s", u.url);
	free(bare);
	upstream_finish(&u);
	cJSON_Delete(args);
}

int
main(void)
{
	struct catalog c;
	size_t i;

	catalog_of(&c, service);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		run_case(&c, i);
	run_lengths(&c);
	run_credential(&c);
	run_path(&c);
	catalog_finish(&c);
	return check_done();
}
