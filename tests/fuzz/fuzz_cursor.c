/* SPDX-License-Identifier: MIT */
/*
 * fuzz_cursor.c - no text opens as a cursor but one that was sealed, and what is sealed opens
 * as it was; changed in any byte it does not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/cursor.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct crypto_key key = { .secret = { { 1, 2, 3 } }, .count = 1 };
	static const uint8_t digest[CRYPTO_DIGEST] = { 9 };
	char *text = malloc(len + 1);
	struct cursor c;
	struct buf out;

	if (text == NULL || len == 0) {
		free(text);
		return 0;
	}
	memcpy(text, data, len);
	text[len] = '\0';
	if (cursor_open(&c, &key, "list", digest, text) == 0)
		abort();
	free(c.at);
	buf_init(&out, LIMIT_CURSOR);
	if (cursor_seal(&out, &key, "list", digest, text, len) == 0) {
		if (cursor_open(&c, &key, "list", digest, out.data) == -1 || c.skip != len ||
		    strcmp(c.at, text) != 0)
			abort();
		free(c.at);
		if (cursor_open(&c, &key, "other", digest, out.data) == 0)
			abort();
		free(c.at);
		out.data[data[0] % out.len] ^= 1;
		if (cursor_open(&c, &key, "list", digest, out.data) == 0)
			abort();
		free(c.at);
	}
	buf_finish(&out);
	free(text);
	return 0;
}
