/* SPDX-License-Identifier: MIT */
/*
 * fuzz_content.c - a service's own results: the first byte chooses the shape, the rest is the
 * text. What is refused is refused in printable words; what is accepted is accepted again and stays
 * as it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "mcp/content.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
check(int kind, cJSON *tree, unsigned *needs, struct content_fault *f)
{
	*needs = 0;
	switch (kind) {
	case 0:
		return content_check_tool(tree, f);
	case 1:
		return content_check_prompt(tree, f);
	case 2:
		return content_check_resource(tree, NULL, f);
	case 3:
		return content_check_resource(tree, "test://asked", f);
	case 4:
		return content_check_block(tree, f);
	case 5:
		return content_check_icons(tree, f);
	default:
		return content_check_input(tree, needs, f);
	}
}

static void
check_words(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct content_fault f;
	struct json_fault fault;
	struct buf first, second;
	unsigned needs, again;
	cJSON *tree;
	int kind;

	if (len == 0)
		return 0;
	kind = data[0] % 7;
	tree = json_parse((const char *)data + 1, len - 1, &fault);
	if (tree == NULL)
		return 0;
	if (check(kind, tree, &needs, &f) == -1) {
		if (f.why[0] == '\0' || (f.place[0] != '\0' && f.place[0] != '/'))
			abort();
		check_words(f.why);
		check_words(f.place);
	} else {
		buf_init(&first, 8 * len + 4096);
		buf_init(&second, 8 * len + 4096);
		json_print(&first, tree);
		if (check(kind, tree, &again, &f) == -1 || again != needs)
			abort();
		json_print(&second, tree);
		if (first.failed || second.failed)
			abort();
		if (strcmp(buf_str(&first), buf_str(&second)) != 0)
			abort();
		buf_finish(&first);
		buf_finish(&second);
	}
	cJSON_Delete(tree);
	return 0;
}
