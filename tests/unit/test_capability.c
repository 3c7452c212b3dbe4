/* SPDX-License-Identifier: MIT */
/* test_capability.c - mcp/capability: what clients say that they can do, read and said again. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "mcp/capability.h"
#include "wire/json.h"

static const struct {
	const char	*said;
	unsigned	 set;
} cases[] = {
	{ "{}", 0 },
	{ "[]", 0 },
	{ "{\"elicitation\":{}}", CAPABILITY_ELICITATION },
	{ "{\"elicitation\":{\"form\":{}}}", CAPABILITY_ELICITATION },
	{ "{\"elicitation\":{\"url\":{}}}", CAPABILITY_ELICITATION_URL },
	{ "{\"elicitation\":{\"form\":{},\"url\":{}}}", CAPABILITY_ELICITATION | CAPABILITY_ELICITATION_URL },
	{ "{\"elicitation\":{\"other\":{}}}", 0 },
	{ "{\"elicitation\":true}", 0 },
	{ "{\"sampling\":{}}", CAPABILITY_SAMPLING },
	{ "{\"sampling\":{\"tools\":{},\"context\":{}}}", CAPABILITY_SAMPLING | CAPABILITY_SAMPLING_TOOLS |
	    CAPABILITY_SAMPLING_CONTEXT },
	{ "{\"sampling\":null,\"roots\":{\"listChanged\":true}}", CAPABILITY_ROOTS },
	{ "{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}", CAPABILITY_TASKS },
	{ "{\"extensions\":{\"tasks\":{}},\"experimental\":{\"x\":1}}", 0 },
};

int
main(void)
{
	struct json_fault fault;
	struct buf text;
	unsigned set;
	cJSON *tree;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tree = json_parse(cases[i].said, strlen(cases[i].said), &fault);
		CHECK(tree != NULL && capability_read(tree) == cases[i].set, "%s: %x", cases[i].said,
		    capability_read(tree));
		cJSON_Delete(tree);
	}
	CHECK(capability_read(NULL) == 0, "nothing was said");
	/* Each set, said and read again; what stands in "sampling" says that, too. */
	buf_init(&text, 512);
	for (set = 0; set < 2 * CAPABILITY_TASKS; set++) {
		buf_reset(&text);
		CHECK(capability_print(&text, set) == 0, "%x", set);
		tree = json_parse(buf_str(&text), text.len, &fault);
		CHECK(tree != NULL && (capability_read(tree) & ~(unsigned)CAPABILITY_SAMPLING) ==
		    (set & ~(unsigned)CAPABILITY_SAMPLING) && ((set & CAPABILITY_SAMPLING) == 0 ||
		    (capability_read(tree) & CAPABILITY_SAMPLING) != 0), "%x: %s", set, buf_str(&text));
		cJSON_Delete(tree);
	}
	buf_finish(&text);
	buf_init(&text, 4);
	CHECK(capability_print(&text, CAPABILITY_ROOTS) == -1, "it does not fit");
	buf_finish(&text);
	return check_done();
}
