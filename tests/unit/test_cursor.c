/* SPDX-License-Identifier: MIT */
/* test_cursor.c - mcp/cursor: what was sealed comes back, and only for what it was sealed for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "check.h"
#include "mcp/cursor.h"

static struct crypto_key key = { .secret = { "the first secret of this test..", "the second one" },
    .count = 1 };
static const uint8_t digest[CRYPTO_DIGEST] = "the digest of some arguments";

static const struct {
	const char	*at;
	uint64_t	 skip;
} cases[] = {
	{ NULL, 0 }, { NULL, 1 }, { "", 0 }, { "", 7 }, { "a", 0 }, { "-", 3 }, { "5a", 12 },
	{ "MTIzNDU2Nzg5MA==", 20 }, { "a b/c?d&e\"\\\n", 1 }, { "\xf0\x9f\x98\x80", UINT64_MAX },
};

static void
run_round(const char *at, uint64_t skip, size_t row)
{
	struct cursor c;
	struct buf text;

	buf_init(&text, LIMIT_CURSOR);
	CHECK(cursor_seal(&text, &key, "list", digest, at, skip) == 0, "row %zu", row);
	CHECK(buf_str(&text)[strspn(buf_str(&text), "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0', "row %zu: %s", row, buf_str(&text));
	CHECK(cursor_open(&c, &key, "list", digest, buf_str(&text)) == 0, "row %zu", row);
	CHECK(c.skip == skip, "row %zu: %" PRIu64, row, c.skip);
	CHECK(at == NULL ? c.at == NULL : c.at != NULL && strcmp(c.at, at) == 0, "row %zu: %s", row,
	    c.at == NULL ? "none" : c.at);
	free(c.at);
	buf_finish(&text);
}

static bool
opens(const struct crypto_key *k, const char *scope, const uint8_t *d, const char *text)
{
	struct cursor c;
	bool opened = cursor_open(&c, k, scope, d, text) == 0;

	if (!opened)
		CHECK(c.at == NULL, "nothing to free");
	free(c.at);
	return opened;
}

static void
run_foreign(void)
{
	static const char *const texts[] = {
		"", "a", "====", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"not a cursor", "{\"skip\":1}", "\xff\xfe", "MTIzNDU2Nzg5MA==",
	};
	struct crypto_key other = key;
	uint8_t changed[CRYPTO_DIGEST];
	struct buf text;
	char *copy;
	size_t i;
	int bit;

	buf_init(&text, LIMIT_CURSOR);
	cursor_seal(&text, &key, "list", digest, "next", 3);
	CHECK(opens(&key, "list", digest, buf_str(&text)), "its own");
	CHECK(!opens(&key, "lis", digest, buf_str(&text)), "a shorter scope");
	CHECK(!opens(&key, "other", digest, buf_str(&text)), "another scope");
	memcpy(changed, digest, sizeof changed);
	changed[31] ^= 1;
	CHECK(!opens(&key, "list", changed, buf_str(&text)), "other arguments");
	other.secret[0][0] ^= 1;
	CHECK(!opens(&other, "list", digest, buf_str(&text)), "another key");
	/* Rotation: what the old key signed is still good. */
	memcpy(other.secret[1], key.secret[0], CRYPTO_KEY);
	other.count = 2;
	CHECK(opens(&other, "list", digest, buf_str(&text)), "the key before");
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		CHECK(!opens(&key, "list", digest, texts[i]), "\"%s\"", texts[i]);
	/* Not one bit may change, no character may be missing or more. */
	for (i = 0; i < text.len; i++)
		for (bit = 0; bit < 7; bit++) {
			copy = strdup(buf_str(&text));
			copy[i] = (char)(copy[i] ^ 1 << bit);
			if (copy[i] != '\0')
				CHECK(!opens(&key, "list", digest, copy), "bit %d of byte %zu", bit, i);
			copy[i] = '\0';
			if (bit == 0)
				CHECK(!opens(&key, "list", digest, copy), "cut to %zu", i);
			free(copy);
		}
	buf_putc(&text, 'A');
	CHECK(!opens(&key, "list", digest, buf_str(&text)), "a character more");
	buf_finish(&text);
}

static void
run_long(void)
{
	char *at = calloc(1, 2 * LIMIT_CURSOR);
	struct buf text;

	buf_init(&text, LIMIT_CURSOR);
	memset(at, 'x', LIMIT_CURSOR / 2 - 2);
	CHECK(cursor_seal(&text, &key, "list", digest, at, 0) == 0, "the longest");
	CHECK(opens(&key, "list", digest, buf_str(&text)), "the longest comes back");
	buf_reset(&text);
	memset(at, 'x', LIMIT_CURSOR / 2 - 1);
	CHECK(cursor_seal(&text, &key, "list", digest, at, 0) == -1, "a byte too long");
	memset(at, 'A', 2 * LIMIT_CURSOR - 1);
	CHECK(!opens(&key, "list", digest, at), "a long text");
	free(at);
	buf_finish(&text);
	buf_init(&text, 10);
	CHECK(cursor_seal(&text, &key, "list", digest, "a", 0) == -1, "no room");
	buf_finish(&text);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		run_round(cases[i].at, cases[i].skip, i);
	run_foreign();
	run_long();
	return check_done();
}
