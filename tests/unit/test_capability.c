/* SPDX-License-Identifier: MIT */
/* test_capability.c - mcp/capability: what clients say, and back. */
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "mcp/capability.h"
#include "wire/json.h"

static const struct {
	const char	*said;
	unsigned	 set;
	const char	*printed;	/* NULL: as it was said */
} rows[] = {
	{ "{}", 0, NULL },
	{ "{\"elicitation\":{}}", CAPABILITY_ELICITATION, "{\"elicitation\":{\"form\":{}}}" },
	{ "{\"elicitation\":{\"form\":{}}}", CAPABILITY_ELICITATION, NULL },
	{ "{\"elicitation\":{\"url\":{}}}", CAPABILITY_ELICITATION_URL, NULL },
	{ "{\"elicitation\":{\"form\":{},\"url\":{}},\"roots\":{}}",
	    CAPABILITY_ELICITATION | CAPABILITY_ELICITATION_URL | CAPABILITY_ROOTS, NULL },
	{ "{\"elicitation\":true,\"sampling\":[],\"roots\":null}", 0, "{}" },
	{ "{\"sampling\":{}}", CAPABILITY_SAMPLING, NULL },
	{ "{\"sampling\":{\"tools\":{},\"context\":{}}}", CAPABILITY_SAMPLING |
	    CAPABILITY_SAMPLING_TOOLS | CAPABILITY_SAMPLING_CONTEXT, NULL },
	{ "{\"roots\":{\"listChanged\":true}}", CAPABILITY_ROOTS, "{\"roots\":{}}" },
	{ "{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}", CAPABILITY_TASKS, NULL },
	{ "{\"roots\":{},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}",
	    CAPABILITY_ROOTS | CAPABILITY_TASKS, NULL },
	{ "{\"extensions\":{\"other\":{}},\"tasks\":{},\"Elicitation\":{}}", 0, "{}" },
};

int
main(void)
{
	struct json_fault fault;
	struct buf out;
	cJSON *tree;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		tree = json_parse(rows[i].said, strlen(rows[i].said), &fault);
		CHECK(capability_read(tree) == rows[i].set, "%s: %x", rows[i].said,
		    capability_read(tree));
		cJSON_Delete(tree);
		buf_init(&out, 512);
		CHECK(capability_print(&out, rows[i].set) == 0 && strcmp(buf_str(&out),
		    rows[i].printed == NULL ? rows[i].said : rows[i].printed) == 0, "%s: %s",
		    rows[i].said, buf_str(&out));
		buf_finish(&out);
	}
	CHECK(capability_read(NULL) == 0, "nothing was said");
	return check_done();
}
