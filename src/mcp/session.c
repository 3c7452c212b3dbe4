/* SPDX-License-Identifier: MIT */
/*
 * session.c - format, version, capabilities, level, nonce, time of birth and tag in base64url.
 * Their number divides by three: the text has no bit to spare.
 */
#include <endian.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "mcp/session.h"

#define FORMAT	1
#define HEAD	(4 + SESSION_NONCE + 8)
#define ID	(HEAD + CRYPTO_TAG)

_Static_assert(ID % 3 == 0 && ID / 3 * 4 == SESSION_ID, "so long is the text");

/* What is signed: a label, the caller and the id's head, none of which can run into another. */
static int
signed_bytes(struct buf *out, const char *caller, const uint8_t head[HEAD])
{
	buf_append(out, "session", 8);
	buf_append(out, caller, strlen(caller) + 1);
	return buf_append(out, head, HEAD);
}

int
session_seal(struct buf *out, const struct session *s, const struct crypto_key *key,
    const char *caller)
{
	uint8_t id[ID] = { FORMAT, (uint8_t)s->version, (uint8_t)s->capabilities,
	    (uint8_t)s->level };
	uint64_t born = htobe64((uint64_t)s->born_ms);
	struct buf covered;
	int result = -1;

	if (s->version > UINT8_MAX || s->capabilities > UINT8_MAX || s->level > 8)
		return -1;
	memcpy(id + 4, s->nonce, SESSION_NONCE);
	memcpy(id + 4 + SESSION_NONCE, &born, sizeof born);
	buf_init(&covered, LIMIT_CURSOR);
	if (signed_bytes(&covered, caller, id) == 0 &&
	    crypto_sign(key, covered.data, covered.len, id + HEAD) == 0)
		result = base64url_encode(out, id, sizeof id);
	buf_finish(&covered);
	return result;
}

int
session_open(struct session *s, const struct crypto_key *key, const char *caller, const char *id)
{
	const uint8_t *bytes;
	struct buf sealed, covered;
	uint64_t born;
	int result = -1;

	memset(s, 0, sizeof *s);
	buf_init(&sealed, ID);
	buf_init(&covered, LIMIT_CURSOR);
	if (base64url_decode(&sealed, id, strlen(id)) == -1 || sealed.len != ID)
		goto out;
	bytes = (const uint8_t *)sealed.data;
	if (bytes[0] != FORMAT || signed_bytes(&covered, caller, bytes) == -1 ||
	    !crypto_verify(key, covered.data, covered.len, bytes + HEAD))
		goto out;
	s->version = bytes[1];
	s->capabilities = bytes[2];
	s->level = bytes[3];
	memcpy(s->nonce, bytes + 4, SESSION_NONCE);
	memcpy(&born, bytes + 4 + SESSION_NONCE, sizeof born);
	s->born_ms = (int64_t)be64toh(born);
	result = 0;
out:
	buf_finish(&sealed);
	buf_finish(&covered);
	return result;
}
