/* SPDX-License-Identifier: MIT */
/*
 * test_target.c - mcp/mcp_target, mcp/mcp_list and mcp/mcp_reply: what a message names that is no
 * tool, the lists of it, and what goes back of a service's answers, failures and notices.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "catalog.h"
#include "check.h"
#include "mcp/mcp.h"
#include "mcp/policy.h"
#include "mcp/principal.h"
#include "mcp/resource.h"
#include "mcp/service.h"
#include "scarce.h"
#include "wire/json.h"

#define GET(url) "\"request\":{\"method\":\"GET\",\"url\":\"" url "\"}"

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    "{\"name\":\"picks\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"}," GET("/") ",\"response\":{}},"
    "{\"name\":\"passed\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"}," GET("/")
    ",\"response\":\"mcp\"},"
    "{\"name\":\"bytes\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"}," GET("/")
    ",\"response\":\"raw\",\"uri\":\"demo://x\"}],"
    "\"completions\":{\"people\":{\"scopes\":[\"people\"]," GET("/people{?value}")
    ",\"response\":{\"values\":{\"each\":\"\",\"item\":\"\"}}}},"
    "\"resources\":["
    "{\"uri\":\"demo://all\",\"name\":\"all\"," GET("/all") ",\"response\":{\"a\":\"/a\"}},"
    "{\"uriTemplate\":\"demo://things/{id}{?cursor}\",\"name\":\"thing\",\"complete\":{\"id\":\"people\"},"
    GET("/things/{id}{?cursor}") ",\"response\":{\"l\":{\"each\":\"\",\"item\":\"\"},\"next_cursor\":\"/n\"}},"
    "{\"uri\":\"demo://things/special\",\"name\":\"special\"," GET("/special") ",\"response\":{}},"
    "{\"uri\":\"demo://bytes\",\"name\":\"bytes\",\"mimeType\":\"text/plain\"," GET("/bytes")
    ",\"response\":\"raw\"},"
    "{\"uri\":\"demo://passed\",\"name\":\"passed\"," GET("/passed") ",\"response\":\"mcp\"},"
    "{\"uri\":\"demo://secret\",\"name\":\"secret\",\"scopes\":[\"secrets\"]," GET("/secret")
    ",\"response\":{}},"
    "{\"uriTemplate\":\"demo://secrets/{id}\",\"name\":\"secrets\",\"scopes\":[\"secrets\"]," GET("/secrets/{id}")
    ",\"response\":{}}],"
    "\"prompts\":["
    "{\"name\":\"plain\",\"description\":\"d\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello.\"}]},"
    "{\"name\":\"write\",\"arguments\":[{\"name\":\"to\",\"required\":true,\"complete\":\"people\"},"
    "{\"name\":\"tone\",\"complete\":[\"friendly\",\"Formal\",\"short\"]},{\"name\":\"free\"}],\"messages\":["
    "{\"role\":\"user\",\"content\":{\"type\":\"resource\",\"resource\":{\"uri\":\"demo://things/{to}\"}}},"
    "{\"role\":\"assistant\",\"content\":\"To {to}, {tone}.\"}]},"
    "{\"name\":\"whole\",\"arguments\":[{\"name\":\"uri\"}],\"messages\":["
    "{\"role\":\"user\",\"content\":{\"type\":\"resource\",\"resource\":{\"uri\":\"{uri}\"}}}]},"
    "{\"name\":\"asked\",\"arguments\":[{\"name\":\"topic\"}]," GET("/prompts{?topic}") ",\"response\":\"mcp\"},"
    "{\"name\":\"secret_prompt\",\"scopes\":[\"secrets\"],\"messages\":[]}]}";

static struct crypto_key key = { .secret = { "the secret of this test" }, .count = 1 };
static struct catalog catalog;
static struct policy policy;
static struct mcp mcp = { .catalog = &catalog, .policy = &policy, .key = &key, .instructions = "", .limits = "{}",
    .list_ttl_ms = 60000, .list_page = 100 };

static const struct principal anybody = { .name = (char *)(uintptr_t)"anonymous" };
static const struct principal limited = { .name = (char *)(uintptr_t)"limited",
    .scopes = (char *)(uintptr_t)"other" };

#define META	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"," \
	"\"io.modelcontextprotocol/clientCapabilities\":{}}"

/* Open a message that came over no HTTP and, if it goes on, answer. */
static enum mcp_verdict
run(enum mcp_era era, const struct principal *who, const char *method, const char *params,
    struct mcp_message *m, struct mcp_reply *r)
{
	struct http_request rq;
	enum mcp_verdict verdict;
	char body[4096];

	snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s%s%s}}",
	    method, era == MCP_MODERN ? META : "", era == MCP_MODERN && *params != '\0' ? "," : "",
	    params);
	http_request_init(&rq, 65536);
	rq.local = true;
	http_request_body(&rq, body, strlen(body));
	mcp_reply_init(r, LIMIT_SERVICE_FILE);
	verdict = mcp_open(&mcp, m, who, &rq, r);
	http_request_finish(&rq);
	return verdict == MCP_CALL ? mcp_answer(&mcp, m, r) : verdict;
}

#define READ(uri) "resources/read", "\"uri\":\"" uri "\""
#define PROMPT(name, args) "prompts/get", "\"name\":\"" name "\",\"arguments\":{" args "}"
#define COMPLETE(ref, name, value) "completion/complete", "\"ref\":{" ref "},\"argument\":{\"name\":\"" \
	name "\",\"value\":\"" value "\"}"
#define OF_PROMPT(name) "\"type\":\"ref/prompt\",\"name\":\"" name "\""
#define OF_RESOURCE(uri) "\"type\":\"ref/resource\",\"uri\":\"" uri "\""

/* What is asked of the service, "TOOL ARGUMENTS"; or the code of an error, and what it says. */
static const struct {
	const struct principal	*who;
	const char		*method, *params;
	int			 legacy, modern;	/* the code; 0: no error */
	const char		*want;
} targets[] = {
	{ &anybody, READ("demo://all"), 0, 0, "all {}" },
	{ &anybody, READ("demo://things/a%2Fb"), 0, 0, "thing {\"id\":\"a/b\"}" },
	{ &anybody, READ("demo://things/x?cursor=c+d"), 0, 0, "thing {\"id\":\"x\",\"cursor\":\"c+d\"}" },
	/* The first that fits is read. */
	{ &anybody, READ("demo://things/special"), 0, 0, "thing {\"id\":\"special\"}" },
	{ &anybody, READ("demo://nothing"), -32002, -32602, "\"data\":{\"uri\":\"demo://nothing\"}" },
	{ &anybody, READ("demo://things/"), -32002, -32602, "Resource not found" },
	{ &anybody, READ("demo://things/a/b"), -32002, -32602, "Resource not found" },
	{ &anybody, READ("demo://things/x?page=2"), -32002, -32602, "Resource not found" },
	{ &anybody, READ(""), -32002, -32602, "Resource not found" },
	{ &anybody, "resources/read", "", -32602, -32602, "resources/read needs a \\\"uri\\\"" },
	{ &anybody, "resources/read", "\"uri\":[]", -32602, -32602, "needs a" },
	{ &anybody, READ("demo://secret"), 0, 0, "secret {}" },
	{ &limited, READ("demo://secret"), -32600, -32600, "does not grant the scopes of this resource" },
	{ &limited, READ("demo://all"), 0, 0, "all {}" },

	{ &anybody, PROMPT("plain", ""), 0, 0, "\"description\":\"d\",\"messages\":[{\"role\":\"user\",\"content\":"
	    "{\"type\":\"text\",\"text\":\"Hello.\"}}]" },
	{ &anybody, "prompts/get", "\"name\":\"plain\"", 0, 0, "Hello." },
	{ &anybody, PROMPT("write", "\"to\":\"x\""), 0, 0, "thing {\"id\":\"x\"}" },
	{ &anybody, PROMPT("write", "\"to\":\"a/b?c\""), 0, 0, "thing {\"id\":\"a/b?c\"}" },
	{ &anybody, PROMPT("write", "\"to\":\"\""), -32002, -32602, "Resource not found" },
	{ &anybody, PROMPT("write", ""), -32602, -32602, "\\\"to\\\" is missing" },
	{ &anybody, PROMPT("write", "\"to\":1"), -32602, -32602, "\\\"to\\\" must be a string" },
	{ &anybody, PROMPT("write", "\"to\":\"x\",\"colour\":\"red\""), -32602, -32602,
	    "no argument \\\"colour\\\"" },
	{ &anybody, PROMPT("whole", "\"uri\":\"demo://things/x?cursor=1\""), 0, 0,
	    "thing {\"id\":\"x\",\"cursor\":\"1\"}" },
	{ &limited, PROMPT("whole", "\"uri\":\"demo://secret\""), -32600, -32600, "scopes of this resource" },
	{ &anybody, PROMPT("asked", "\"topic\":\"t\""), 0, 0, "asked {\"topic\":\"t\"}" },
	{ &anybody, PROMPT("asked", ""), 0, 0, "asked {}" },
	{ &anybody, PROMPT("none", ""), -32602, -32602, "Unknown prompt: none" },
	{ &anybody, "prompts/get", "\"name\":\"plain\",\"arguments\":[]", -32602, -32602, "must be an object" },
	{ &anybody, "prompts/get", "", -32602, -32602, "needs the prompt's" },
	{ &anybody, PROMPT("secret_prompt", ""), 0, 0, "\"messages\":[]" },
	{ &limited, PROMPT("secret_prompt", ""), -32600, -32600, "the scopes of this prompt" },

	{ &anybody, COMPLETE(OF_PROMPT("write"), "tone", "F"), 0, 0,
	    "\"completion\":{\"values\":[\"friendly\",\"Formal\"],\"total\":2,\"hasMore\":false}" },
	{ &anybody, COMPLETE(OF_PROMPT("write"), "tone", "x"), 0, 0, "\"values\":[],\"total\":0" },
	{ &anybody, COMPLETE(OF_PROMPT("write"), "to", "al"), 0, 0, "people {\"value\":\"al\"}" },
	{ &limited, COMPLETE(OF_PROMPT("write"), "to", "al"), 0, 0, "\"values\":[],\"total\":0" },
	{ &anybody, COMPLETE(OF_PROMPT("write"), "free", "al"), 0, 0, "\"values\":[],\"total\":0" },
	{ &anybody, COMPLETE(OF_PROMPT("write"), "colour", ""), 0, 0, "\"values\":[],\"total\":0" },
	{ &anybody, COMPLETE(OF_RESOURCE("demo://things/{id}{?cursor}"), "id", ""), 0, 0,
	    "people {\"value\":\"\"}" },
	{ &anybody, COMPLETE(OF_RESOURCE("demo://all"), "id", ""), 0, 0, "\"values\":[]" },
	{ &anybody, COMPLETE(OF_RESOURCE("demo://things/x"), "id", ""), -32602, -32602, "\\\"ref\\\" is no" },
	{ &anybody, COMPLETE(OF_PROMPT("none"), "to", ""), -32602, -32602, "\\\"ref\\\" is no" },
	{ &anybody, COMPLETE("\"type\":\"ref/tool\",\"name\":\"picks\"", "to", ""), -32602, -32602,
	    "\\\"ref\\\" is no" },
	{ &anybody, "completion/complete", "\"ref\":{" OF_PROMPT("write") "}", -32602, -32602, "needs \\\"argument" },
	{ &anybody, "completion/complete", "\"ref\":{" OF_PROMPT("write") "},\"argument\":{\"name\":\"to\",\"value\":1}",
	    -32602, -32602, "needs \\\"argument" },
};

static void
run_target(size_t i, enum mcp_era era)
{
	int code = era == MCP_MODERN ? targets[i].modern : targets[i].legacy;
	struct mcp_message m;
	struct mcp_reply r;
	struct buf got;
	enum mcp_verdict verdict = run(era, targets[i].who, targets[i].method, targets[i].params, &m, &r);

	buf_init(&got, 4096);
	if (verdict == MCP_CALL) {
		buf_printf(&got, "%s ", m.tool->name);
		json_print(&got, m.args);
		CHECK(code == 0 && strcmp(buf_str(&got), targets[i].want) == 0, "%s %s: %s",
		    targets[i].method, targets[i].params, buf_str(&got));
	} else
		CHECK(r.code == code && (r.status == 403) == (verdict == MCP_FORBIDDEN) &&
		    strstr(buf_str(&r.body), targets[i].want) != NULL, "%s %s: %s", targets[i].method,
		    targets[i].params, buf_str(&r.body));
	buf_finish(&got);
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
}

/* A service's answer, mapped to `text`, and the result of it: all but what the modern era adds. */
static const struct {
	const char	*method, *params;
	const char	*text;
	const char	*want;
} results[] = {
	{ "tools/call", "\"name\":\"picks\"", "{\"a\":\"b\"}",
	    "\"content\":[{\"type\":\"text\",\"text\":\"{\\\"a\\\":\\\"b\\\"}\"}],\"structuredContent\":{\"a\":\"b\"}" },
	{ "tools/call", "\"name\":\"passed\"", "{\"content\":[],\"isError\":true}", "\"content\":[],\"isError\":true" },
	{ "tools/call", "\"name\":\"bytes\"", "{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"AAAA\"}",
	    "\"content\":[{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"AAAA\"}]" },
	{ READ("demo://all"), "{\"a\":1}",
	    "\"contents\":[{\"text\":\"{\\\"a\\\":1}\",\"uri\":\"demo://all\",\"mimeType\":\"application/json\"}]" },
	{ READ("demo://things/x?cursor=y"), "{\"l\":[]}",
	    "\"contents\":[{\"text\":\"{\\\"l\\\":[]}\",\"uri\":\"demo://things/x?cursor=y\","
	    "\"mimeType\":\"application/json\"}]" },
	{ READ("demo://bytes"), "{\"mimeType\":\"text/html\",\"text\":\"hi\"}",
	    "\"contents\":[{\"mimeType\":\"text/html\",\"text\":\"hi\",\"uri\":\"demo://bytes\"}]" },
	{ READ("demo://bytes"), "{\"mimeType\":\"image/gif\",\"blob\":\"AAAA\"}",
	    "\"contents\":[{\"mimeType\":\"image/gif\",\"blob\":\"AAAA\",\"uri\":\"demo://bytes\"}]" },
	{ READ("demo://passed"), "{\"contents\":[{\"uri\":\"demo://1\",\"text\":\"a\"},{\"uri\":\"demo://2\",\"blob\":\"\"}]}",
	    "\"contents\":[{\"uri\":\"demo://1\",\"text\":\"a\"},{\"uri\":\"demo://2\",\"blob\":\"\"}]" },
	{ PROMPT("write", "\"to\":\"x\",\"tone\":\"{a}\\\"\\n\""), "{\"l\":[]}",
	    "\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"resource\",\"resource\":{\"text\":\"{\\\"l\\\":[]}\","
	    "\"uri\":\"demo://things/x\",\"mimeType\":\"application/json\"}}},{\"role\":\"assistant\",\"content\":"
	    "{\"type\":\"text\",\"text\":\"To x, {a}\\\"\\n.\"}}]" },
	{ PROMPT("whole", "\"uri\":\"demo://bytes\""), "{\"mimeType\":\"image/gif\",\"blob\":\"AAAA\"}",
	    "\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"resource\",\"resource\":{\"mimeType\":\"image/gif\","
	    "\"blob\":\"AAAA\",\"uri\":\"demo://bytes\"}}}]" },
	/* Of a service's own contents the first is embedded. */
	{ PROMPT("whole", "\"uri\":\"demo://passed\""),
	    "{\"contents\":[{\"uri\":\"demo://1\",\"text\":\"a\"},{\"uri\":\"demo://2\",\"text\":\"b\"}]}",
	    "\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"resource\",\"resource\":{\"uri\":\"demo://1\","
	    "\"text\":\"a\",\"mimeType\":\"application/json\"}}}]" },
	{ PROMPT("asked", ""), "{\"description\":\"d\",\"messages\":[]}", "\"description\":\"d\",\"messages\":[]" },
	{ COMPLETE(OF_PROMPT("write"), "to", "al"), "{\"values\":[\"Alice\",\"bob\",\"al\",\"Alice\",7]}",
	    "\"completion\":{\"values\":[\"Alice\",\"al\"],\"total\":2,\"hasMore\":false}" },
	{ COMPLETE(OF_PROMPT("write"), "to", "al"), "{}", "\"completion\":{\"values\":[],\"total\":0,\"hasMore\":false}" },
};

static void
run_result(size_t i, enum mcp_era era)
{
	bool reads = strcmp(results[i].method, "resources/read") == 0;
	struct mcp_message m;
	struct mcp_reply r;
	char want[1024];

	CHECK(run(era, &anybody, results[i].method, results[i].params, &m, &r) == MCP_CALL, "%s",
	    buf_str(&r.body));
	mcp_message_keep(&m);
	mcp_reply_result(&r, &m, results[i].text, "");
	snprintf(want, sizeof want, era == MCP_LEGACY ? "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{%s%s}}" :
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"complete\",%s%s,\"_meta\":{",
	    era == MCP_MODERN && reads ? "\"ttlMs\":0,\"cacheScope\":\"private\"," : "", results[i].want);
	CHECK(r.status == 200 && r.code == 0 && strncmp(buf_str(&r.body), want, strlen(want)) == 0 &&
	    (era == MCP_MODERN || r.body.len == strlen(want)), "%s %s: %s", results[i].method,
	    results[i].params, buf_str(&r.body));
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
	/* No text: there was no memory for it. */
	run(era, &anybody, results[i].method, results[i].params, &m, &r);
	mcp_reply_result(&r, &m, "", "");
	CHECK(r.status == 500 && r.code == -32603, "%s: %s", results[i].method, buf_str(&r.body));
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
}

/* A failure by its code: what is no tool has an error, whose data has the failure. */
static const struct {
	const char	*method, *params;
	const char	*code;
	int		 legacy, modern;
	const char	*want;
} failures[] = {
	{ "tools/call", "\"name\":\"picks\"", "not_found", 0, 0, "\"isError\":true" },
	{ "tools/call", "\"name\":\"passed\"", "not_found", 0, 0, "\"isError\":true" },
	{ READ("demo://all"), "not_found", -32002, -32602, "\"message\":\"Resource not found: a hint\",\"data\":"
	    "{\"hint\":\"a hint\",\"uri\":\"demo://all\"}" },
	{ READ("demo://all"), "gone", -32002, -32602, "Resource not found: a hint" },
	{ READ("demo://all"), "invalid_argument", -32602, -32602, "\"message\":\"a hint\"" },
	{ READ("demo://all"), "invalid_cursor", -32602, -32602, "\"message\":\"a hint\"" },
	{ READ("demo://all"), "upstream_error", -32603, -32603, "\"uri\":\"demo://all\"" },
	{ PROMPT("write", "\"to\":\"x\""), "not_found", -32002, -32602, "\"uri\":\"demo://things/x\"" },
	{ PROMPT("asked", ""), "not_found", -32603, -32603, "\"data\":{\"hint\":\"a hint\"}" },
	{ PROMPT("asked", ""), "rate_limited", -32603, -32603, "\"message\":\"a hint\"" },
	{ COMPLETE(OF_PROMPT("write"), "to", "al"), "upstream_error", -32603, -32603,
	    "\"data\":{\"hint\":\"a hint\"}" },
};

static void
run_failure(size_t i, enum mcp_era era)
{
	struct mcp_message m;
	struct mcp_reply r;

	CHECK(run(era, &anybody, failures[i].method, failures[i].params, &m, &r) == MCP_CALL, "%s",
	    buf_str(&r.body));
	mcp_message_keep(&m);
	mcp_reply_failure(&r, &m, "{\"hint\":\"a hint\"}", failures[i].code);
	CHECK(r.status == 200 && r.code == (era == MCP_MODERN ? failures[i].modern : failures[i].legacy) &&
	    strstr(buf_str(&r.body), failures[i].want) != NULL, "%s %s: %s", failures[i].params,
	    failures[i].code, buf_str(&r.body));
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
}

/* Every item, once, in order, whatever the page; and of those only what the caller may have. */
static const struct {
	const char		*method, *member, *name;
	const struct principal	*who;
	const char		*want;
} lists[] = {
	{ "tools/list", "tools", "name", &anybody, "picks passed bytes server_info " },
	{ "resources/list", "resources", "uri", &anybody,
	    "demo://all demo://things/special demo://bytes demo://passed demo://secret " },
	{ "resources/list", "resources", "uri", &limited,
	    "demo://all demo://things/special demo://bytes demo://passed " },
	{ "resources/templates/list", "resourceTemplates", "uriTemplate", &anybody,
	    "demo://things/{id}{?cursor} demo://secrets/{id} " },
	{ "resources/templates/list", "resourceTemplates", "uriTemplate", &limited, "demo://things/{id}{?cursor} " },
	{ "prompts/list", "prompts", "name", &anybody, "plain write whole asked secret_prompt " },
	{ "prompts/list", "prompts", "name", &limited, "plain write whole asked " },
};

static void
run_list(size_t i, size_t page)
{
	char params[1024], names[256] = "", cursor[512] = "";
	struct mcp_message m;
	struct mcp_reply r;
	struct json_fault fault;
	const cJSON *item, *result;
	cJSON *tree;
	int calls = 0;

	mcp.list_page = page;
	do {
		snprintf(params, sizeof params, "%s%s%s", *cursor == '\0' ? "" : "\"cursor\":\"", cursor,
		    *cursor == '\0' ? "" : "\"");
		run(MCP_LEGACY, lists[i].who, lists[i].method, params, &m, &r);
		tree = json_parse(buf_str(&r.body), r.body.len, &fault);
		result = json_get(tree, "result");
		CHECK(cJSON_GetArraySize(json_get(result, lists[i].member)) <= (int)page, "page of %zu", page);
		cJSON_ArrayForEach(item, json_get(result, lists[i].member))
			snprintf(names + strlen(names), sizeof names - strlen(names), "%s ",
			    json_str(item, lists[i].name));
		snprintf(cursor, sizeof cursor, "%s", json_str(result, "nextCursor") == NULL ? "" :
		    json_str(result, "nextCursor"));
		cJSON_Delete(tree);
		mcp_message_finish(&m);
		mcp_reply_finish(&r);
	} while (*cursor != '\0' && ++calls < 10);
	CHECK(strcmp(names, lists[i].want) == 0, "%s, pages of %zu: %s", lists[i].method, page, names);
	mcp.list_page = 100;
}

/* A cursor is of its list alone. */
static void
run_foreign_cursor(void)
{
	char params[1024];
	struct mcp_message m;
	struct mcp_reply r;
	struct json_fault fault;
	cJSON *tree;

	mcp.list_page = 1;
	run(MCP_LEGACY, &anybody, "resources/list", "", &m, &r);
	tree = json_parse(buf_str(&r.body), r.body.len, &fault);
	snprintf(params, sizeof params, "\"cursor\":\"%s\"", json_str(json_get(tree, "result"), "nextCursor"));
	cJSON_Delete(tree);
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
	run(MCP_LEGACY, &anybody, "resources/templates/list", params, &m, &r);
	CHECK(r.code == -32602, "%s", buf_str(&r.body));
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
	mcp.list_page = 100;
}

/* What a service says before its answer, to a client that wants progress and warnings, or nothing. */
static const struct {
	const char	*method, *params;
	int		 result;
	const char	*want;
} notices[] = {
	{ "notifications/progress", "{\"progress\":1.50,\"total\":3,\"message\":\"a\\u202eb\",\"progressToken\":9,"
	    "\"more\":{}}", 0, "{\"progressToken\":\"t\",\"progress\":1.50,\"total\":3,\"message\":\"ab\"}" },
	{ "notifications/progress", "{\"progress\":1,\"total\":\"3\",\"message\":4}", 0,
	    "{\"progressToken\":\"t\",\"progress\":1}" },
	{ "notifications/progress", "{\"progress\":\"1\"}", -1, "" },
	{ "notifications/progress", "{}", -1, "" },
	{ "notifications/progress", "7", -1, "" },
	{ "notifications/message", "{\"level\":\"warning\",\"logger\":\"l\",\"data\":{\"a\":[\"x\\u200b\",1.0]},\"more\":1}", 0,
	    "{\"level\":\"warning\",\"logger\":\"l\",\"data\":{\"a\":[\"x\",1.0]}}" },
	{ "notifications/message", "{\"level\":\"emergency\",\"logger\":5,\"data\":null}", 0,
	    "{\"level\":\"emergency\",\"data\":null}" },
	{ "notifications/message", "{\"level\":\"notice\",\"data\":\"x\"}", 1, "" },
	{ "notifications/message", "{\"level\":\"loud\",\"data\":\"x\"}", 1, "" },
	{ "notifications/message", "{\"level\":\"error\"}", -1, "" },
	{ "notifications/message", "{\"data\":\"x\"}", 1, "" },
	{ "notifications/tools/list_changed", "{\"level\":\"error\",\"data\":1}", -1, "" },
	{ "notifications/cancelled", "{\"requestId\":1}", 1, "" },
};

static void
run_notice(size_t i)
{
	static char token[] = "\"t\"";
	const struct mcp_message wants = { .progress = token, .level = 4 }, none = { .level = 0 };
	struct json_fault fault;
	cJSON *params = json_parse(notices[i].params, strlen(notices[i].params), &fault);
	struct buf out;
	char want[512];
	int result;

	buf_init(&out, 4096);
	result = mcp_notice(&out, &wants, notices[i].method, params);
	snprintf(want, sizeof want, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":%s}", notices[i].method,
	    notices[i].want);
	CHECK(result == notices[i].result && strcmp(buf_str(&out), result == 0 ? want : "") == 0,
	    "%s %s: %d %s", notices[i].method, notices[i].params, result, buf_str(&out));
	buf_reset(&out);
	CHECK(mcp_notice(&out, &none, notices[i].method, params) == 1 && out.len == 0, "%s: %s",
	    notices[i].method, buf_str(&out));
	buf_finish(&out);
	buf_init(&out, 8);
	CHECK(mcp_notice(&out, &wants, notices[i].method, params) != 0, "it does not fit");
	buf_finish(&out);
	cJSON_Delete(params);
}

static void
run_levels(void)
{
	static const char *const names[] = { "debug", "info", "notice", "warning", "error", "critical",
	    "alert", "emergency" };
	unsigned i;

	for (i = 0; i < 8; i++)
		CHECK(mcp_notice_level(names[i]) == i + 1, "%s", names[i]);
	CHECK(mcp_notice_level("Debug") == 0 && mcp_notice_level("") == 0, "no level");
}

/* Nothing can be completed where nothing says how. */
static void
run_without(void)
{
	struct mcp_message m;
	struct mcp_reply r;

	CHECK(catalog.completes, "something is completed");
	catalog.completes = false;
	run(MCP_LEGACY, &anybody, COMPLETE(OF_PROMPT("write"), "tone", ""), &m, &r);
	CHECK(r.code == -32601 && r.status == 200, "%s", buf_str(&r.body));
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
	run(MCP_MODERN, &anybody, COMPLETE(OF_PROMPT("write"), "tone", ""), &m, &r);
	CHECK(r.code == -32601 && r.status == 404, "%s", buf_str(&r.body));
	mcp_message_finish(&m);
	mcp_reply_finish(&r);
	catalog.completes = true;
}

/* With memory for n nodes of JSON only there is the result, or an internal error. */
static void
run_memory(size_t i)
{
	struct mcp_message m;
	struct mcp_reply r;
	bool good = false;
	int n;

	for (n = 0; !good && n < 500; n++) {
		run(MCP_LEGACY, &anybody, results[i].method, results[i].params, &m, &r);
		scarce_begin(n);
		mcp_reply_result(&r, &m, results[i].text, "");
		scarce_end();
		good = r.code == 0;
		CHECK(good ? strstr(buf_str(&r.body), results[i].want) != NULL : r.code == -32603, "%d: %s", n,
		    buf_str(&r.body));
		mcp_message_finish(&m);
		mcp_reply_finish(&r);
	}
	CHECK(good, "%s %s", results[i].method, results[i].params);
}

int
main(void)
{
	size_t i, page;

	catalog_of(&catalog, service);
	for (i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		run_target(i, MCP_LEGACY);
		run_target(i, MCP_MODERN);
	}
	for (i = 0; i < sizeof results / sizeof results[0]; i++) {
		run_result(i, MCP_LEGACY);
		run_result(i, MCP_MODERN);
		run_memory(i);
	}
	for (i = 0; i < sizeof failures / sizeof failures[0]; i++) {
		run_failure(i, MCP_LEGACY);
		run_failure(i, MCP_MODERN);
	}
	for (i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (page = 1; page < 7; page++)
			run_list(i, page);
	run_foreign_cursor();
	for (i = 0; i < sizeof notices / sizeof notices[0]; i++)
		run_notice(i);
	run_levels();
	run_without();
	catalog_finish(&catalog);
	return check_done();
}
