/* SPDX-License-Identifier: MIT */
/*
 * fuzz_base64.c - base/base64: bytes come back from their text, and a text that is
 * accepted is the one and only text for its bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
round_trip(int (*encode)(struct buf *, const void *, size_t),
    int (*decode)(struct buf *, const char *, size_t), const uint8_t *data, size_t len)
{
	struct buf text, bytes;

	buf_init(&text, 2 * len + 8);
	buf_init(&bytes, 2 * len + 8);
	if (encode(&text, data, len) == -1 || decode(&bytes, buf_str(&text), text.len) == -1 ||
	    bytes.len != len || (len > 0 && memcmp(bytes.data, data, len) != 0))
		abort();
	buf_reset(&text);
	buf_reset(&bytes);
	if (decode(&bytes, (const char *)data, len) == 0 &&
	    (encode(&text, buf_str(&bytes), bytes.len) == -1 || text.len != len ||
	    memcmp(buf_str(&text), data, len) != 0))
		abort();
	buf_finish(&text);
	buf_finish(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	round_trip(base64_encode, base64_decode, data, len);
	round_trip(base64url_encode, base64url_decode, data, len);
	return 0;
}
