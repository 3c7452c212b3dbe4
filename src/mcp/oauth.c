/* SPDX-License-Identifier: MIT */
/* oauth.c - forms and JSON of authorization servers; see oauth.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/signature.h"
#include "mcp/answer.h"
#include "mcp/credential.h"
#include "mcp/oauth.h"
#include "mcp/principal.h"
#include "mcp/template.h"
#include "mcp/upstream.h"
#include "wire/json.h"

#define GRANT_EXCHANGE	"urn:ietf:params:oauth:grant-type:token-exchange"
#define TYPE_ACCESS	"urn:ietf:params:oauth:token-type:access_token"
#define TYPE_ASSERTION	"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* How long a client's assertion is good (seconds). */
#define ASSERTION_S	60

/* One field of a form; NULL is none. */
static void
field(struct buf *form, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (form->len > 0)
		buf_putc(form, '&');
	template_encode(form, name);
	buf_putc(form, '=');
	template_encode(form, value);
}

/* A form is posted, and JSON wanted. */
static int
post(struct upstream *u, const char *url)
{
	u->method = "POST";
	u->url = strdup(url);
	u->has_body = true;
	return u->url == NULL || u->body.failed ||
	    upstream_header(u, "Content-Type", "application/x-www-form-urlencoded") == -1 ||
	    upstream_header(u, "Accept", "application/json") == -1 ? -1 : 0;
}

/* Name and secret, each encoded as a form would (RFC 6749, 2.3.1). */
static int
authorize_basic(struct upstream *u, const char *client_id, const char *secret)
{
	struct buf pair, value;
	int result;

	buf_init(&pair, LIMIT_HEADER);
	buf_init(&value, 2 * LIMIT_HEADER);
	template_encode(&pair, client_id);
	buf_putc(&pair, ':');
	template_encode(&pair, secret);
	buf_puts(&value, "Basic ");
	result = pair.failed || base64_encode(&value, buf_str(&pair), pair.len) == -1 ||
	    upstream_header(u, "Authorization", buf_str(&value)) == -1 ? -1 : 0;
	buf_wipe(&pair);
	buf_wipe(&value);
	return result;
}

/* Append the client's signed word for itself (RFC 7523, section 3). 0 or -1. */
static int
assert_client(struct buf *out, const struct oauth_client *c, int64_t now_s,
    const uint8_t nonce[OAUTH_NONCE])
{
	struct buf part, signature;
	int result;

	buf_init(&part, LIMIT_HEADER);
	buf_init(&signature, LIMIT_HEADER);
	buf_printf(&part, "{\"alg\":\"%s\",\"typ\":\"JWT\"", signature_name(c->algorithm));
	if (c->key_id != NULL) {
		buf_puts(&part, ",\"kid\":");
		json_quote(&part, c->key_id);
	}
	buf_putc(&part, '}');
	base64url_encode(out, buf_str(&part), part.len);
	buf_putc(out, '.');
	buf_reset(&part);
	buf_puts(&part, "{\"iss\":");
	json_quote(&part, c->client_id);
	buf_puts(&part, ",\"sub\":");
	json_quote(&part, c->client_id);
	buf_puts(&part, ",\"aud\":");
	json_quote(&part, c->token_url);
	buf_printf(&part, ",\"iat\":%lld,\"exp\":%lld,\"jti\":\"", (long long)now_s,
	    (long long)(now_s + ASSERTION_S));
	base64url_encode(&part, nonce, OAUTH_NONCE);
	buf_puts(&part, "\"}");
	base64url_encode(out, buf_str(&part), part.len);
	result = part.failed || out->failed || signature_sign(c->key, c->algorithm, buf_str(out),
	    out->len, &signature) == -1 ? -1 : 0;
	buf_putc(out, '.');
	if (result == 0)
		result = base64url_encode(out, signature.data, signature.len);
	buf_finish(&part);
	buf_finish(&signature);
	return result;
}

static int
authorize_client(struct upstream *u, const struct oauth_client *c, int64_t now_s,
    const uint8_t nonce[OAUTH_NONCE])
{
	struct buf assertion;
	int result = 0;

	switch (c->auth) {
	case CLIENT_SECRET_BASIC:
		return authorize_basic(u, c->client_id, c->secret);
	case CLIENT_SECRET_POST:
		field(&u->body, "client_id", c->client_id);
		field(&u->body, "client_secret", c->secret);
		break;
	case PRIVATE_KEY_JWT:
		buf_init(&assertion, LIMIT_HEADER);
		result = assert_client(&assertion, c, now_s, nonce);
		field(&u->body, "client_id", c->client_id);
		field(&u->body, "client_assertion_type", TYPE_ASSERTION);
		field(&u->body, "client_assertion", buf_str(&assertion));
		buf_finish(&assertion);
		break;
	}
	return result;
}

int
oauth_token_request(struct upstream *u, const struct oauth_client *c, const char *subject,
    int64_t now_s, const uint8_t nonce[OAUTH_NONCE])
{
	field(&u->body, "grant_type", c->exchanges ? GRANT_EXCHANGE : "client_credentials");
	if (c->exchanges) {
		field(&u->body, "subject_token", subject);
		field(&u->body, "subject_token_type", TYPE_ACCESS);
		field(&u->body, "requested_token_type", TYPE_ACCESS);
	}
	field(&u->body, "scope", c->scope);
	field(&u->body, "audience", c->audience);
	field(&u->body, "resource", c->resource);
	return authorize_client(u, c, now_s, nonce) == -1 || post(u, c->token_url) == -1 ? -1 : 0;
}

/* Whether a token can stand in a header (RFC 6750, 2.1). */
static bool
is_token(const char *text)
{
	return *text != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=")] == '\0';
}

/* What an error of a token endpoint means (RFC 6749, 5.2), as far as an operator can mend it. */
static const char *
refusal(const cJSON *tree)
{
	static const struct {
		const char *error, *why;
	} known[] = {
		{ "invalid_client", "the token endpoint does not accept our client "
		    "(invalid_client)" },
		{ "invalid_grant", "the token endpoint does not accept the grant "
		    "(invalid_grant)" },
		{ "unauthorized_client", "our client may not use this grant "
		    "(unauthorized_client)" },
		{ "unsupported_grant_type", "the token endpoint does not know this grant "
		    "(unsupported_grant_type)" },
		{ "invalid_scope", "the token endpoint does not grant this scope "
		    "(invalid_scope)" },
		{ "invalid_target", "the token endpoint does not know this resource or audience "
		    "(invalid_target)" },
		{ "invalid_request", "the token endpoint does not understand us "
		    "(invalid_request)" },
	};
	const char *error = json_str(tree, "error");
	size_t i;

	for (i = 0; error != NULL && i < sizeof known / sizeof known[0]; i++)
		if (strcmp(error, known[i].error) == 0)
			return known[i].why;
	return "the token endpoint refused";
}

int
oauth_token_take(const struct answer *a, struct buf *line, int64_t *life_s, const char **why)
{
	struct json_fault fault;
	cJSON *tree = json_parse(a->body, a->len, &fault);
	const char *token = json_str(tree, "access_token"), *type = json_str(tree, "token_type");
	int result = -1;

	*life_s = LIMIT_TOKEN_LIFE_S;
	if (a->status != 200)
		*why = refusal(tree);
	else if (token == NULL || !is_token(token))
		*why = "the token endpoint's answer has no access_token";
	else if (type == NULL || strcasecmp(type, "Bearer") != 0)
		*why = "the token endpoint's token is no bearer's";
	else if (json_get(tree, "expires_in") != NULL &&
	    (json_integer(json_get(tree, "expires_in"), life_s) == -1 || *life_s < 1))
		*why = "the token endpoint's expires_in is no number of seconds";
	else {
		*why = "the token endpoint's token is too long";
		buf_puts(line, "Authorization: Bearer ");
		result = buf_puts(line, token);
	}
	cJSON_Delete(tree);
	return result;
}

/* ====== introspection ====== */

bool
oauth_is_word(const char *text, size_t len)
{
	struct json_fault fault;
	cJSON *tree = json_parse(text, len, &fault);
	bool is = cJSON_IsBool(json_get(tree, "active"));

	cJSON_Delete(tree);
	return is;
}

int
oauth_introspection_request(struct upstream *u, const char *url, const char *client_id,
    const char *secret, const char *token)
{
	field(&u->body, "token", token);
	field(&u->body, "token_type_hint", "access_token");
	return authorize_basic(u, client_id, secret) == -1 || post(u, url) == -1 ? -1 : 0;
}

/* Whether a member is a text, or a list that has it; the values of an object are no list. */
static bool
names(const cJSON *item, const char *text)
{
	const cJSON *one;

	if (cJSON_IsString(item))
		return strcmp(item->valuestring, text) == 0;
	if (!cJSON_IsArray(item))
		return false;
	cJSON_ArrayForEach(one, item)
		if (cJSON_IsString(one) && strcmp(one->valuestring, text) == 0)
			return true;
	return false;
}

/* Whether a text has no control characters and no NUL, which json.h keeps as C0 80. */
static bool
is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || (unsigned char)*text == 0xc0)
			return false;
	return true;
}

struct principal *
oauth_introspected(const char *text, const char *issuer, const char *resource, const char *token,
    int64_t now_s, const char **why)
{
	struct json_fault fault = { .memory = false };
	cJSON *tree = json_parse(text, strlen(text), &fault);
	const char *name = json_str(tree, "sub"), *scope = json_str(tree, "scope");
	const cJSON *exp = json_get(tree, "exp"), *iss = json_get(tree, "iss"),
	    *granted = json_get(tree, "scope");
	struct principal *p = NULL;
	int64_t end_s = 0;

	if (name == NULL)
		name = json_str(tree, "client_id");
	*why = NULL;
	if (tree == NULL && fault.memory)
		return NULL;
	if (!json_true(tree, "active"))
		*why = "the token is not active";
	else if (!names(json_get(tree, "aud"), resource))
		*why = "the token is not for this resource";
	else if (iss != NULL && issuer[0] != '\0' &&
	    (!cJSON_IsString(iss) || strcmp(iss->valuestring, issuer) != 0))
		*why = "the token is of another issuer";
	else if (exp != NULL && (json_integer(exp, &end_s) == -1 || end_s <= now_s ||
	    end_s > INT64_MAX / 1000))
		*why = "the token has expired";
	else if (name == NULL || *name == '\0' || strlen(name) > LIMIT_CALLER || !is_clean(name))
		*why = "the token says nothing of whose it is";
	else if (granted != NULL && !cJSON_IsNull(granted) && (scope == NULL || !is_clean(scope)))
		*why = "the token's scope is not a list of names";
	else
		p = principal_create(name, scope == NULL ? "" : scope, token, end_s * 1000);
	cJSON_Delete(tree);
	return p;
}
