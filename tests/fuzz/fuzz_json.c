/* SPDX-License-Identifier: MIT */
/* fuzz_json.c - wire/json: whatever is accepted prints, parses again and prints the same. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The questions must be answered for any tree; the answers must agree. */
static void
ask(const cJSON *item)
{
	const cJSON *child;
	int64_t v;

	if (json_integer(item, &v) == 0 && !json_is_integer(item))
		abort();
	cJSON_ArrayForEach(child, item)
		ask(child);
}

static void
print(struct buf *out, const cJSON *item, size_t len)
{
	/* The longest that a byte becomes is \u007f. */
	buf_init(out, 6 * len + 1);
	if (json_print(out, item) == -1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct json_fault fault;
	struct buf first, second;
	size_t line, column;
	cJSON *item, *again;

	item = json_parse(text, len, &fault);
	if (item == NULL) {
		if (fault.why == NULL || fault.offset > len)
			abort();
		json_place(text, fault.offset, &line, &column);
		if (line < 1 || column < 1)
			abort();
		return 0;
	}
	ask(item);
	print(&first, item, len);
	again = json_parse(buf_str(&first), first.len, &fault);
	if (again == NULL || json_has_nul(again) != json_has_nul(item))
		abort();
	print(&second, again, len);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	buf_finish(&first);
	buf_finish(&second);
	cJSON_Delete(item);
	cJSON_Delete(again);
	return 0;
}
