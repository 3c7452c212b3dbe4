/* SPDX-License-Identifier: MIT */
/* fuzz_jsonrpc.c - any body: a code or a message, and an error with its id is JSON again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/json.h"
#include "wire/jsonrpc.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct json_fault fault;
	struct jsonrpc m;
	struct buf out;
	char why[256] = "";
	cJSON *tree;
	int code;

	code = jsonrpc_parse(&m, (const char *)data, len, why, sizeof why);
	if (code != 0 && (why[0] == '\0' || code > -32600 || code < -32700))
		abort();
	if (code == 0 && (m.kind == JSONRPC_REQUEST) != (m.id != NULL && m.method != NULL))
		abort();
	buf_init(&out, LIMIT_SERVICE_FILE);
	if (jsonrpc_error(&out, m.id, code, why, NULL) == -1)
		abort();
	tree = json_parse(out.data, out.len, &fault);
	if (tree == NULL)
		abort();
	cJSON_Delete(tree);
	buf_finish(&out);
	jsonrpc_finish(&m);
	return 0;
}
