/* SPDX-License-Identifier: MIT */
/* cursor.c - tag, skip, 'a' or '-' (a text or none), text, all in base64url; see cursor.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "mcp/cursor.h"

/*
 * What is signed: a label, the scope, the digest and the payload, none of which can run
 * into another.
 */
static int
signed_bytes(struct buf *out, const char *scope, const uint8_t digest[CRYPTO_DIGEST],
    const char *payload, size_t len)
{
	buf_puts(out, "cursor:");
	buf_append(out, scope, strlen(scope) + 1);
	buf_append(out, digest, CRYPTO_DIGEST);
	return buf_append(out, payload, len);
}

int
cursor_seal(struct buf *out, const struct crypto_key *key, const char *scope,
    const uint8_t digest[CRYPTO_DIGEST], const char *at, uint64_t skip)
{
	struct buf payload, covered, sealed;
	uint8_t tag[CRYPTO_TAG];
	int result = -1;

	buf_init(&payload, LIMIT_CURSOR / 2);
	buf_init(&covered, LIMIT_CURSOR);
	buf_init(&sealed, LIMIT_CURSOR);
	buf_printf(&payload, "%" PRIu64 "%c%s", skip, at == NULL ? '-' : 'a', at == NULL ? "" : at);
	if (payload.failed ||
	    signed_bytes(&covered, scope, digest, payload.data, payload.len) == -1 ||
	    crypto_sign(key, covered.data, covered.len, tag) == -1)
		goto out;
	buf_append(&sealed, tag, sizeof tag);
	if (buf_append(&sealed, payload.data, payload.len) == -1)
		goto out;
	result = base64url_encode(out, sealed.data, sealed.len);
out:
	buf_finish(&payload);
	buf_finish(&covered);
	buf_finish(&sealed);
	return result;
}

int
cursor_open(struct cursor *c, const struct crypto_key *key, const char *scope,
    const uint8_t digest[CRYPTO_DIGEST], const char *text)
{
	struct buf sealed, covered;
	const char *payload;
	char *end;
	int result = -1;

	memset(c, 0, sizeof *c);
	buf_init(&sealed, LIMIT_CURSOR);
	buf_init(&covered, LIMIT_CURSOR);
	if (base64url_decode(&sealed, text, strlen(text)) == -1 || sealed.len <= CRYPTO_TAG)
		goto out;
	payload = sealed.data + CRYPTO_TAG;
	if (signed_bytes(&covered, scope, digest, payload, sealed.len - CRYPTO_TAG) == -1 ||
	    !crypto_verify(key, covered.data, covered.len, (const uint8_t *)sealed.data))
		goto out;
	c->skip = strtoull(payload, &end, 10);
	if (*end == 'a') {
		c->at = strdup(end + 1);
		if (c->at == NULL)
			goto out;
	}
	result = 0;
out:
	buf_finish(&sealed);
	buf_finish(&covered);
	return result;
}
