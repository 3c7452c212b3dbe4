/* SPDX-License-Identifier: MIT */
/* confirm.c - version, expiry, nonce, state and tag in base64url. */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "mcp/confirm.h"
#include "mcp/failure.h"
#include "mcp/service.h"
#include "mcp/text.h"
#include "wire/json.h"

#define VERSION	1
#define HEAD	(1 + 8 + CONFIRM_NONCE)
/* Of one that can be; what is signed may be as long as names, a URI and this. */
#define TOKEN_MAX	(HEAD + LIMIT_REQUEST_STATE + CRYPTO_TAG)
#define COVERED_MAX	(LIMIT_CURSOR + LIMIT_URL + TOKEN_MAX)

/* What is signed: a label, the scope and the token but its tag, none can run into another. */
static int
signed_bytes(struct buf *out, const struct confirm *c, const void *token, size_t len)
{
	static const char labels[][8] = {
		[CONFIRM_PREVIEW] = "confirm", [CONFIRM_QUESTION] = "consent",
		[CONFIRM_ROUND] = "service",
	};

	/* Names are those of a kind; and of resources several may have one. */
	const char *resource = c->tool->resource != NULL ? c->tool->resource : "";

	buf_append(out, labels[c->use], 8);
	buf_putc(out, (char)c->tool->kind);
	buf_append(out, c->tool->name, strlen(c->tool->name) + 1);
	buf_append(out, resource, strlen(resource) + 1);
	buf_append(out, c->caller, strlen(c->caller) + 1);
	buf_append(out, c->digest, CRYPTO_DIGEST);
	return buf_append(out, token, len);
}

int
confirm_seal(struct buf *out, const struct confirm *c, int64_t expires_ms,
    const uint8_t nonce[CONFIRM_NONCE], const char *state)
{
	uint8_t head[HEAD] = { VERSION }, tag[CRYPTO_TAG];
	struct buf token, covered;
	int i, result = -1;

	for (i = 0; i < 8; i++)
		head[1 + i] = (uint8_t)((uint64_t)expires_ms >> (56 - 8 * i));
	memcpy(head + 9, nonce, CONFIRM_NONCE);
	buf_init(&token, TOKEN_MAX);
	buf_init(&covered, COVERED_MAX);
	buf_append(&token, head, HEAD);
	buf_puts(&token, state);
	if (!token.failed && signed_bytes(&covered, c, token.data, token.len) == 0 &&
	    crypto_sign(c->key, covered.data, covered.len, tag) == 0 &&
	    buf_append(&token, tag, CRYPTO_TAG) == 0)
		result = base64url_encode(out, token.data, token.len);
	buf_finish(&token);
	buf_finish(&covered);
	return result;
}

enum confirm_verdict
confirm_open(const struct confirm *c, const char *token, int64_t now_ms,
    uint8_t place[CRYPTO_DIGEST], struct buf *state)
{
	enum confirm_verdict verdict = CONFIRM_FALSE;
	const uint8_t *bytes;
	struct buf sealed, covered;
	uint64_t expires = 0;
	size_t len;
	int i;

	buf_init(&sealed, TOKEN_MAX);
	buf_init(&covered, COVERED_MAX);
	if (base64url_decode(&sealed, token, strlen(token)) == -1 ||
	    sealed.len < HEAD + CRYPTO_TAG)
		goto out;
	bytes = (const uint8_t *)sealed.data;
	len = sealed.len - CRYPTO_TAG;
	if (bytes[0] != VERSION || signed_bytes(&covered, c, bytes, len) == -1 ||
	    !crypto_verify(c->key, covered.data, covered.len, bytes + len))
		goto out;
	for (i = 0; i < 8; i++)
		expires = expires << 8 | bytes[1 + i];
	if (crypto_sha256(bytes, sealed.len, place) == 0 &&
	    (state == NULL || buf_append(state, bytes + HEAD, len - HEAD) == 0))
		verdict = now_ms < (int64_t)expires ? CONFIRM_GOOD : CONFIRM_EXPIRED;
out:
	buf_finish(&sealed);
	buf_finish(&covered);
	return verdict;
}

void
confirm_required(struct failure *f, const struct tool *t, const cJSON *args, const char *token,
    const char *preview)
{
	static const char *const without[] = { "idempotency_key", "confirm_token", NULL };
	struct buf more;

	/* RFC 6585, section 3. */
	failure_init(f, "confirmation_required", 428, "Nothing was done. Show the preview to the "
	    "person you act for; if they agree, call %s again with exactly these arguments and "
	    "confirm_token. It is good once and for some minutes.", t->name);
	buf_init(&more, LIMIT_SERVICE_FILE);
	buf_puts(&more, "\"confirm_token\":");
	json_quote(&more, token);
	/* A preview may not show all that an agreement covers. */
	buf_puts(&more, ",\"preview\":{\"arguments\":");
	if (json_canonical(&more, args, without) == -1)
		more.failed = true;
	if (preview != NULL) {
		buf_puts(&more, ",\"result\":");
		buf_puts(&more, preview);
	}
	buf_putc(&more, '}');
	f->more = buf_take(&more);
	buf_finish(&more);
}

/* What would be done, in words. */
static int
put_words(struct buf *out, const struct tool *t, const cJSON *args, const char *preview)
{
	const char *title = json_str(t->spec, "title");
	struct buf value, clean;
	const cJSON *arg;
	size_t len, hidden;

	buf_printf(out, "%s?", title != NULL ? title : t->name);
	buf_init(&value, LIMIT_SERVICE_FILE);
	buf_init(&clean, LIMIT_SERVICE_FILE);
	cJSON_ArrayForEach(arg, args) {
		/* A name that the schema does not have is the model's own, and is sent nowhere. */
		if (strcmp(arg->string, "idempotency_key") == 0 ||
		    strcmp(arg->string, "confirm_token") == 0 ||
		    json_get(json_get(t->input, "properties"), arg->string) == NULL)
			continue;
		buf_reset(&value);
		buf_reset(&clean);
		/* As JSON, so that no line end in a value looks like another argument. */
		if (json_print(&value, arg) == -1 || text_clean(&clean, buf_str(&value)) == -1)
			break;
		hidden = value.len - clean.len;
		len = clean.len;
		text_cut(&clean, LIMIT_QUESTION_VALUE);
		buf_printf(out, "\n%s: %s", arg->string, buf_str(&clean));
		/* A person must know that there is more than what is shown. */
		if (clean.len < len)
			buf_printf(out, " ... (%zu bytes in all)", len);
		if (hidden > 0)
			buf_printf(out, " (and %zu bytes of characters that cannot be seen)",
			    hidden);
	}
	if (arg != NULL)
		out->failed = true;
	buf_reset(&clean);
	if (preview != NULL && text_clean(&clean, preview) == 0)
		buf_printf(out, "\n\nThis is what it would do: %s", buf_str(&clean));
	buf_finish(&value);
	buf_finish(&clean);
	return out->failed ? -1 : 0;
}

int
confirm_question(struct buf *out, const struct tool *t, const cJSON *args, const char *preview)
{
	struct buf words;
	int result;

	buf_init(&words, LIMIT_QUESTION);
	result = put_words(&words, t, args, preview);
	buf_puts(out, "{\"" CONFIRM_ANSWER "\":{\"method\":\"elicitation/create\",\"params\":{"
	    "\"mode\":\"form\",\"message\":");
	json_quote(out, buf_str(&words));
	buf_puts(out, ",\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"" CONFIRM_ANSWER
	    "\":{\"type\":\"boolean\",\"title\":\"Yes, do it\"}},\"required\":[\"" CONFIRM_ANSWER
	    "\"]}}}}");
	buf_finish(&words);
	return result == -1 || out->failed ? -1 : 0;
}

int
confirm_answer(const cJSON *responses)
{
	const cJSON *answer = json_get(responses, CONFIRM_ANSWER);
	const char *action = json_str(answer, "action");

	if (answer == NULL)
		return -1;
	return action != NULL && strcmp(action, "accept") == 0 &&
	    json_true(json_get(answer, "content"), CONFIRM_ANSWER) ? 1 : 0;
}
