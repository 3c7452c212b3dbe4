/* SPDX-License-Identifier: MIT */
/*
 * fuzz_session.c - no text opens as a session id but one that was sealed; what is sealed opens as
 * it was, for the same caller and key alone, and unchanged. The first bytes are a version,
 * capabilities, a level, a nonce and a time; then a line is the caller, the rest a text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/session.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define HEAD	(3 + SESSION_NONCE + 8)

static const struct crypto_key key = { .secret = { "the secret of this test" }, .count = 1 };
static const struct crypto_key other_key = { .secret = { "another secret" }, .count = 1 };

static void
never(const struct crypto_key *k, const char *caller, const char *id)
{
	struct session s;

	if (session_open(&s, k, caller, id) == 0)
		abort();
}

static void
round_trip(const struct session *s, const char *caller, const char *rest, uint8_t bit)
{
	struct session got;
	struct buf id;

	buf_init(&id, SESSION_ID);
	if (session_seal(&id, s, &key, caller) == -1) {
		if (s->level <= 8 && strlen(caller) <= LIMIT_CALLER)
			abort();
		goto out;
	}
	if (s->level > 8 || session_open(&got, &key, caller, id.data) == -1 ||
	    got.version != s->version || got.capabilities != s->capabilities ||
	    got.level != s->level || got.born_ms != s->born_ms ||
	    memcmp(got.nonce, s->nonce, SESSION_NONCE) != 0)
		abort();
	never(&other_key, caller, id.data);
	if (strcmp(caller, rest) != 0)
		never(&key, rest, id.data);
	id.data[bit % SESSION_ID] = (char)(id.data[bit % SESSION_ID] ^ 1 << (bit & 7));
	never(&key, caller, id.data);
out:
	buf_finish(&id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct session s;
	char *text, *rest;
	const char *caller;

	if (len < HEAD)
		return 0;
	s.version = data[0];
	s.capabilities = data[1];
	s.level = data[2];
	memcpy(s.nonce, data + 3, SESSION_NONCE);
	memcpy(&s.born_ms, data + 3 + SESSION_NONCE, 8);
	text = rest = strndup((const char *)data + HEAD, len - HEAD);
	if (text == NULL)
		abort();
	caller = strsep(&rest, "\n");
	if (rest == NULL)
		rest = text + strlen(text);
	never(&key, caller, rest);
	round_trip(&s, caller, rest, data[HEAD - 1]);
	free(text);
	return 0;
}
