/* SPDX-License-Identifier: MIT */
/*
 * fuzz_confirm.c - no text opens as a token but one that was sealed; what is sealed opens for the
 * same tool, arguments, caller and purpose alone, until it expires, and unchanged, with the state
 * that went with it: the rest, cut to what a state may be. The first bytes
 * are a purpose, an expiry and a time, a digest; then a line is the caller, the rest a text.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/confirm.h"
#include "mcp/failure.h"
#include "mcp/service.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define HEAD	(1 + 8 + 8 + CRYPTO_DIGEST)

static const struct crypto_key key = { .secret = { "the secret of this test" }, .count = 1 };
static const struct crypto_key other_key = { .secret = { "another secret" }, .count = 1 };
static const struct tool tools[] = { { .name = "send" }, { .name = "send_" } };

static void
never(const struct confirm *c, const char *token)
{
	uint8_t place[CRYPTO_DIGEST];

	if (confirm_open(c, token, INT64_MIN, place, NULL) != CONFIRM_FALSE)
		abort();
}

/* Of whatever else it might be for, a token says nothing. */
static void
others(const struct confirm *c, struct buf *token, const char *caller, uint8_t bit)
{
	struct confirm other = *c;
	struct buf longer;

	other.use = (c->use + 1) % 3;
	never(&other, token->data);
	other = *c;
	other.tool = c->tool == &tools[0] ? &tools[1] : &tools[0];
	never(&other, token->data);
	other = *c;
	other.key = &other_key;
	never(&other, token->data);
	other = *c;
	other.digest[bit % CRYPTO_DIGEST] ^= 1;
	never(&other, token->data);
	other = *c;
	buf_init(&longer, LIMIT_CURSOR * 8);
	buf_printf(&longer, "%s%c", caller, 'a' + bit % 26);
	other.caller = buf_str(&longer);
	never(&other, token->data);
	buf_finish(&longer);
	token->data[bit % token->len] ^= 1;
	never(c, token->data);
	token->data[bit % token->len] ^= 1;
}

static void
shown(const struct confirm *c, const char *token, const char *text)
{
	static const struct tool t = { .name = "send" };
	struct json_fault fault;
	struct failure f;
	struct buf out;
	cJSON *tree;

	(void)c;
	buf_init(&out, LIMIT_SERVICE_FILE);
	tree = json_parse(text, strlen(text), &fault);
	if (!cJSON_IsObject(tree)) {
		cJSON_Delete(tree);
		tree = cJSON_CreateObject();
	}
	confirm_question(&out, &t, tree, text);
	buf_reset(&out);
	confirm_required(&f, &t, tree, token, "{\"a\":1}");
	cJSON_Delete(tree);
	if (failure_print(&out, &f) == -1)
		abort();
	failure_finish(&f);
	tree = json_parse(buf_str(&out), out.len, &fault);
	if (tree == NULL || json_str(tree, "confirm_token") == NULL ||
	    strcmp(json_str(tree, "confirm_token"), token) != 0)
		abort();
	cJSON_Delete(tree);
	buf_finish(&out);
}

static int64_t
number(const uint8_t *p)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < 8; i++)
		n = n << 8 | p[i];
	return (int64_t)n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct confirm c = { .key = &key };
	uint8_t place[CRYPTO_DIGEST], nonce[CONFIRM_NONCE];
	int64_t expires, now;
	struct buf token, state;
	char *text, *rest, given[LIMIT_REQUEST_STATE + 1];

	if (len < HEAD)
		return 0;
	c.use = data[0] % 3;
	c.tool = &tools[data[0] >> 2 & 1];
	expires = number(data + 1);
	now = number(data + 9);
	memcpy(nonce, data + 9, sizeof nonce);
	memcpy(c.digest, data + 17, CRYPTO_DIGEST);
	text = rest = strndup((const char *)data + HEAD, len - HEAD);
	if (text == NULL)
		abort();
	c.caller = strsep(&rest, "\n");
	if (rest == NULL)
		rest = text + strlen(text);
	never(&c, c.caller);
	never(&c, rest);
	snprintf(given, sizeof given, "%s", rest);
	buf_init(&token, 4 * LIMIT_REQUEST_STATE);
	buf_init(&state, LIMIT_REQUEST_STATE);
	if (confirm_seal(&token, &c, expires, nonce, given) == 0) {
		if (confirm_open(&c, token.data, now, place, &state) !=
		    (now < expires ? CONFIRM_GOOD : CONFIRM_EXPIRED) ||
		    strcmp(buf_str(&state), given) != 0)
			abort();
		others(&c, &token, c.caller, data[0]);
		shown(&c, token.data, rest);
	} else if (strlen(c.caller) <= LIMIT_CALLER)
		abort();
	buf_finish(&token);
	buf_finish(&state);
	free(text);
	return 0;
}
