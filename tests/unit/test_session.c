/* SPDX-License-Identifier: MIT */
/* test_session.c - mcp/session: an id says what was sealed into it, to whom it was given alone. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "check.h"
#include "mcp/capability.h"
#include "mcp/session.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const struct crypto_key key = {
	.secret = { "the first secret of this test..", "the second one" }, .count = 1,
};

static const struct session sessions[] = {
	{ 0 },
	{ .version = 2, .capabilities = CAPABILITY_ELICITATION, .level = 3, .nonce = "random1",
	    .born_ms = INT64_C(1790000000000) },
	{ .version = 1, .capabilities = CAPABILITY_ELICITATION_URL | CAPABILITY_SAMPLING_TOOLS,
	    .level = 1, .born_ms = 1 },
	{ .version = UINT8_MAX, .capabilities = UINT8_MAX, .level = 8,
	    .nonce = { 255, 255, 255, 255, 255, 255, 255, 255 }, .born_ms = INT64_MAX },
	{ .capabilities = CAPABILITY_SAMPLING | CAPABILITY_ROOTS, .born_ms = INT64_MIN },
};

static bool
opens(const struct crypto_key *k, const char *caller, const char *id)
{
	struct session s;

	return session_open(&s, k, caller, id) == 0;
}

static void
run_round(const struct session *want, const char *caller)
{
	struct session s;
	struct buf id;

	buf_init(&id, SESSION_ID);
	CHECK(session_seal(&id, want, &key, caller) == 0, "version %u", want->version);
	CHECK(id.len == SESSION_ID && strspn(buf_str(&id), alphabet) == SESSION_ID, "%s",
	    buf_str(&id));
	CHECK(session_open(&s, &key, caller, buf_str(&id)) == 0, "%s", buf_str(&id));
	CHECK(s.version == want->version && s.capabilities == want->capabilities &&
	    s.level == want->level && s.born_ms == want->born_ms &&
	    memcmp(s.nonce, want->nonce, SESSION_NONCE) == 0,
	    "version %u, capabilities %x, level %u, born %" PRId64, s.version, s.capabilities,
	    s.level, s.born_ms);
	buf_finish(&id);
}

static void
run_foreign(void)
{
	static const char *const texts[] = {
		"", "a", "====", "AAAA", "not a session id", "\xff\xfe",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AQIBAwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"550e8400-e29b-41d4-a716-446655440000",
	};
	struct crypto_key other = key;
	struct buf id, again;
	size_t i;

	buf_init(&id, SESSION_ID);
	buf_init(&again, SESSION_ID);
	session_seal(&id, &sessions[1], &key, "alice");
	CHECK(opens(&key, "alice", buf_str(&id)), "her own");
	CHECK(!opens(&key, "bob", buf_str(&id)), "another caller");
	CHECK(!opens(&key, "alic", buf_str(&id)), "a shorter name");
	CHECK(!opens(&key, "alice2", buf_str(&id)), "a longer name");
	CHECK(!opens(&key, "", buf_str(&id)), "no name");
	other.secret[0][0] ^= 1;
	CHECK(!opens(&other, "alice", buf_str(&id)), "another key");
	/* Rotation: what the old key signed is still good. */
	memcpy(other.secret[1], key.secret[0], CRYPTO_KEY);
	CHECK(!opens(&other, "alice", buf_str(&id)), "a second key that does not count");
	other.count = 2;
	CHECK(opens(&other, "alice", buf_str(&id)), "the key before");
	session_seal(&again, &sessions[1], &other, "alice");
	CHECK(strcmp(buf_str(&id), buf_str(&again)) != 0, "the first key signs");
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		CHECK(!opens(&key, "alice", texts[i]), "\"%s\"", texts[i]);
	buf_finish(&id);
	buf_finish(&again);
}

/* Not one bit may change, in the bytes or in the text; no character may be missing or more. */
static void
run_changed(void)
{
	char text[SESSION_ID + 3];
	struct buf id, bytes;
	size_t i, c;
	int bit;

	buf_init(&id, SESSION_ID);
	buf_init(&bytes, SESSION_ID);
	session_seal(&id, &sessions[1], &key, "alice");
	CHECK(base64url_decode(&bytes, buf_str(&id), id.len) == 0 && bytes.len == 36, "%zu",
	    bytes.len);
	for (i = 0; i < bytes.len; i++)
		for (bit = 0; bit < 8; bit++) {
			bytes.data[i] = (char)(bytes.data[i] ^ 1 << bit);
			buf_reset(&id);
			base64url_encode(&id, bytes.data, bytes.len);
			CHECK(!opens(&key, "alice", buf_str(&id)), "bit %d of byte %zu", bit, i);
			bytes.data[i] = (char)(bytes.data[i] ^ 1 << bit);
		}
	buf_reset(&id);
	base64url_encode(&id, bytes.data, bytes.len);
	CHECK(opens(&key, "alice", buf_str(&id)), "as it was");
	for (i = 0; i < SESSION_ID; i++)
		for (bit = 0; bit < 8; bit++) {
			memcpy(text, id.data, SESSION_ID + 1);
			text[i] = (char)(text[i] ^ 1 << bit);
			CHECK(!opens(&key, "alice", text), "bit %d of character %zu", bit, i);
		}
	for (i = 0; i < SESSION_ID; i++) {
		memcpy(text, id.data, SESSION_ID + 1);
		text[i] = '\0';
		CHECK(!opens(&key, "alice", text), "cut to %zu", i);
	}
	/* The last character has no bit that says nothing: no other stands for the same. */
	for (c = 0; alphabet[c] != '\0'; c++) {
		memcpy(text, id.data, SESSION_ID + 1);
		text[SESSION_ID - 1] = alphabet[c];
		CHECK(opens(&key, "alice", text) == (alphabet[c] == id.data[SESSION_ID - 1]),
		    "%c at its end", alphabet[c]);
	}
	for (i = 0; i < 4; i++) {
		snprintf(text, sizeof text, "%s%s", buf_str(&id),
		    (const char *const[]){ "A", "=", "==", " " }[i]);
		CHECK(!opens(&key, "alice", text), "\"%s\"", text);
	}
	buf_finish(&id);
	buf_finish(&bytes);
}

static void
run_ranges(void)
{
	static const struct session wrong[] = {
		{ .version = 256 }, { .capabilities = 256 }, { .level = 9 }, { .level = 257 },
	};
	char *caller = calloc(1, LIMIT_CURSOR + 1);
	struct buf id;
	size_t i;

	buf_init(&id, SESSION_ID);
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		CHECK(session_seal(&id, &wrong[i], &key, "alice") == -1 && id.len == 0,
		    "row %zu", i);
	memset(caller, 'x', LIMIT_CALLER);
	run_round(&sessions[1], caller);
	memset(caller, 'x', LIMIT_CURSOR);
	CHECK(session_seal(&id, &sessions[1], &key, caller) == -1, "a name without an end");
	CHECK(!opens(&key, caller, "AQIBAwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "the same");
	buf_finish(&id);
	buf_init(&id, SESSION_ID - 1);
	CHECK(session_seal(&id, &sessions[1], &key, "alice") == -1, "no room");
	buf_finish(&id);
	free(caller);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof sessions / sizeof sessions[0]; i++) {
		run_round(&sessions[i], "alice");
		run_round(&sessions[i], "");
	}
	run_foreign();
	run_changed();
	run_ranges();
	return check_done();
}
