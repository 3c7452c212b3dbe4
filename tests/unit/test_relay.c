/* SPDX-License-Identifier: MIT */
/* test_relay.c - mcp/relay: results as MCP has them, checked and passed on; and questions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "catalog.h"
#include "check.h"
#include "mcp/capability.h"
#include "mcp/failure.h"
#include "mcp/prompt.h"
#include "mcp/relay.h"
#include "mcp/resource.h"
#include "mcp/result.h"
#include "mcp/service.h"
#include "scarce.h"
#include "wire/json.h"

#define BUDGET	256
#define REQUEST	"\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":\"mcp\"}"

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    "{\"name\":\"free\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"}," REQUEST ","
    "{\"name\":\"held\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},\"outputSchema\":"
    "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}," REQUEST "],"
    "\"resources\":[{\"uri\":\"demo://a\",\"name\":\"a\"," REQUEST "],"
    "\"prompts\":[{\"name\":\"p\"," REQUEST "]}";

static struct catalog catalog;

enum kind { FREE, HELD, READ, PROMPT };

static const struct tool *
tool_of(enum kind kind)
{
	return kind == FREE ? catalog_find(&catalog, "free") : kind == HELD ?
	    catalog_find(&catalog, "held") : kind == READ ? &catalog.resources[0]->tool :
	    &catalog.prompts[0]->tool;
}

/* What is passed on; or, behind '!', what is said of the fault. */
static const struct {
	enum kind	 kind;
	const char	*in, *want;
} results[] = {
	{ FREE, "{\"content\":[]}", "{\"content\":[]}" },
	{ FREE, "{\"resultType\":\"complete\",\"ttlMs\":5,\"_meta\":{},\"content\":[{\"type\":\"text\",\"text\":\"a\\u202eb\","
	    "\"x\":1}]}", "{\"content\":[{\"type\":\"text\",\"text\":\"ab\"}]}" },
	{ FREE, "{\"content\":[],\"structuredContent\":{\"a\":1.50}}", "{\"content\":[],\"structuredContent\":{\"a\":1.50}}" },
	{ FREE, "{\"content\":[{\"type\":\"film\"}]}", "!no result as MCP has it: /content/0/type: must be" },
	{ FREE, "{}", "!must have \"content\"" },
	{ FREE, "[]", "!is no object" },
	{ FREE, "7", "!is no object" },
	{ FREE, "{\"resultType\":\"later\",\"content\":[]}", "!/resultType: is one that is not known" },
	{ HELD, "{\"content\":[],\"structuredContent\":{\"n\":1}}", "{\"content\":[],\"structuredContent\":{\"n\":1}}" },
	{ HELD, "{\"content\":[],\"structuredContent\":{\"n\":\"1\"}}", "!/n: must be" },
	{ HELD, "{\"content\":[]}", "!has no structuredContent" },
	{ HELD, "{\"content\":[],\"isError\":true}", "{\"content\":[],\"isError\":true}" },
	{ HELD, "{\"content\":[],\"isError\":false}", "!has no structuredContent" },
	{ READ, "{\"contents\":[{\"uri\":\"demo://b\",\"text\":\"x\"}]}",
	    "{\"contents\":[{\"uri\":\"demo://b\",\"text\":\"x\"}]}" },
	{ READ, "{\"contents\":[{\"text\":\"x\"}]}", "!/contents/0: must have \"uri\"" },
	{ READ, "{\"content\":[]}", "!must have \"contents\"" },
	{ PROMPT, "{\"messages\":[]}", "{\"messages\":[]}" },
	{ PROMPT, "{\"messages\":[{\"role\":\"system\",\"content\":{\"type\":\"text\",\"text\":\"\"}}]}", "!/messages/0/role" },
};

static int
map(struct buf *out, enum kind kind, const char *in, struct result_more *ask, struct failure *f)
{
	struct json_fault fault;
	cJSON *tree = json_parse(in, strlen(in), &fault);
	int result;

	CHECK(tree != NULL, "%s", in);
	*ask = (struct result_more){ 0 };
	result = relay_map(out, tool_of(kind), tree, BUDGET, ask, f);
	cJSON_Delete(tree);
	return result;
}

static void
run_result(size_t i)
{
	bool good = results[i].want[0] != '!';
	struct result_more ask;
	struct failure f = { .code = "" };
	struct buf out;
	int result;

	buf_init(&out, BUDGET);
	result = map(&out, results[i].kind, results[i].in, &ask, &f);
	CHECK(good ? result == 0 && strcmp(buf_str(&out), results[i].want) == 0 : result == -1 &&
	    strcmp(f.code, "upstream_unexpected") == 0 && strstr(f.hint, results[i].want + 1) != NULL,
	    "%s: %d %s %s", results[i].in, result, buf_str(&out), f.hint);
	failure_finish(&f);
	buf_finish(&out);
}

#define ASKS(members)	"{\"resultType\":\"input_required\"" members "}"
#define ROOTS		"{\"r\":{\"method\":\"roots/list\"}}"
#define FORM		"{\"f\":{\"method\":\"elicitation/create\",\"params\":{\"message\":\"m\"," \
	"\"requestedSchema\":{\"type\":\"object\",\"properties\":{}}}}}"

static const struct {
	const char	*in, *want, *state;	/* '!': as above; NULL: none */
	unsigned	 needs;
} questions[] = {
	{ ASKS(",\"inputRequests\":" ROOTS), ROOTS, NULL, CAPABILITY_ROOTS },
	{ ASKS(",\"inputRequests\":" FORM ",\"requestState\":\"s\",\"content\":[],\"x\":1"), FORM, "s",
	    CAPABILITY_ELICITATION },
	{ ASKS(",\"requestState\":\"\""), "", "", 0 },
	{ ASKS(""), "!has no inputRequests and no requestState", NULL, 0 },
	{ ASKS(",\"requestState\":5"), "!/requestState: must be a string", NULL, 0 },
	{ ASKS(",\"inputRequests\":[]"), "!no question as MCP has it: must be", NULL, 0 },
	{ ASKS(",\"inputRequests\":{\"a\":{\"method\":\"tools/call\"}}"), "!/0/method: must be", NULL, 0 },
};

static void
run_question(size_t i, enum kind kind)
{
	bool good = questions[i].want[0] != '!';
	struct result_more ask;
	struct failure f = { .code = "" };
	struct buf out;
	int result;

	buf_init(&out, BUDGET);
	result = map(&out, kind, questions[i].in, &ask, &f);
	CHECK(good ? result == 1 && strcmp(buf_str(&out), questions[i].want) == 0 : result == -1 &&
	    strcmp(f.code, "upstream_unexpected") == 0 && strstr(f.hint, questions[i].want + 1) != NULL,
	    "%s: %d %s %s", questions[i].in, result, buf_str(&out), f.hint);
	if (result == 1)
		CHECK(ask.needs == questions[i].needs && (ask.state == NULL) == (questions[i].state == NULL) &&
		    (ask.state == NULL || strcmp(ask.state, questions[i].state) == 0), "%s: %x %s",
		    questions[i].in, ask.needs, ask.state == NULL ? "(none)" : ask.state);
	free(ask.state);
	failure_finish(&f);
	buf_finish(&out);
}

/* The text has the budget, what no model reads as text its own; a state its own, too. */
static void
run_large(void)
{
	static char in[LIMIT_MEDIA + 4096], data[LIMIT_MEDIA + 64];
	struct result_more ask;
	struct failure f;
	struct buf out;
	size_t len;

	for (len = 0; len < 2; len++) {
		memset(data, 'x', sizeof data);
		data[200 + 100 * len] = '\0';
		snprintf(in, sizeof in, "{\"content\":[{\"type\":\"text\",\"text\":\"%s\"}]}", data);
		buf_init(&out, BUDGET);
		CHECK(map(&out, FREE, in, &ask, &f) == (len == 0 ? 0 : -1), "a text: %s", buf_str(&out));
		if (len == 1) {
			CHECK(strcmp(f.code, "result_too_large") == 0, "%s", f.code);
			failure_finish(&f);
		}
		buf_finish(&out);
		memset(data, 'A', sizeof data);
		data[LIMIT_MEDIA + 4 * len] = '\0';
		snprintf(in, sizeof in, "{\"content\":[{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"%s\"}]}",
		    data);
		buf_init(&out, BUDGET);
		CHECK(map(&out, FREE, in, &ask, &f) == (len == 0 ? 0 : -1), "an image of %zu", strlen(data));
		if (len == 1)
			failure_finish(&f);
		buf_finish(&out);
		memset(data, 's', sizeof data);
		data[LIMIT_REQUEST_STATE + len] = '\0';
		snprintf(in, sizeof in, ASKS(",\"requestState\":\"%s\""), data);
		buf_init(&out, BUDGET);
		CHECK(map(&out, FREE, in, &ask, &f) == (len == 0 ? 1 : -1), "a state of %zu", strlen(data));
		free(ask.state);
		if (len == 1)
			failure_finish(&f);
		buf_finish(&out);
	}
}

/* With memory for n nodes only it is not the service's fault. */
static void
run_memory(enum kind kind, const char *in, int want)
{
	struct result_more ask;
	struct json_fault fault;
	struct failure f;
	struct buf out;
	cJSON *tree;
	int n, result = -1;

	for (n = 0; result == -1 && n < 1000; n++) {
		buf_init(&out, BUDGET);
		tree = json_parse(in, strlen(in), &fault);
		ask = (struct result_more){ 0 };
		scarce_begin(n);
		result = relay_map(&out, tool_of(kind), tree, BUDGET, &ask, &f);
		scarce_end();
		CHECK(result != -1 || (strcmp(f.code, "internal") == 0 && f.retryable), "%s with %d: %s %s",
		    in, n, f.code, f.hint);
		if (result == -1)
			failure_finish(&f);
		free(ask.state);
		cJSON_Delete(tree);
		buf_finish(&out);
	}
	CHECK(result == want && n > 1, "%s: %d allocations", in, n);
}

int
main(void)
{
	size_t i;

	catalog_of(&catalog, service);
	for (i = 0; i < sizeof results / sizeof results[0]; i++)
		run_result(i);
	for (i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		run_question(i, FREE);
		run_question(i, HELD);
		run_question(i, READ);
		run_question(i, PROMPT);
	}
	run_large();
	run_memory(FREE, "{\"content\":[{\"type\":\"text\",\"text\":\"a\"}],\"structuredContent\":{\"a\":[1]}}", 0);
	run_memory(PROMPT, "{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":\"a\"}}]}", 0);
	run_memory(FREE, ASKS(",\"inputRequests\":" FORM), 1);
	catalog_finish(&catalog);
	return check_done();
}
