/* SPDX-License-Identifier: MIT */
/*
 * test_oauth.c - mcp/oauth: what is said to an authorization server, read back field by field,
 * and which of its answers are believed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/signature.h"
#include "check.h"
#include "jose.h"
#include "mcp/answer.h"
#include "mcp/credential.h"
#include "mcp/oauth.h"
#include "mcp/principal.h"
#include "mcp/upstream.h"
#include "scarce.h"
#include "wire/json.h"

#define TOKEN_URL	"https://id.example.org/token"
#define NOW		INT64_C(1800000000)

static const uint8_t nonce[OAUTH_NONCE] = { 0, 1, 2, 0xfb, 0xff, 0xfe };

/* ====== requests ====== */

/* The decoded value of a field of a form; false: it is not there, or more than once. */
static bool
form_get(const char *form, const char *name, char *value, size_t room)
{
	size_t len = strlen(name), n;
	const char *p = form, *end;
	int found = 0;

	for (; *p != '\0'; p = *end == '&' ? end + 1 : end) {
		end = p + strcspn(p, "&");
		if (strncmp(p, name, len) != 0 || p[len] != '=')
			continue;
		found++;
		for (p += len + 1, n = 0; p < end && n + 1 < room; p++) {
			char hex[3] = { p[0], p[1], '\0' };

			if (*p == '%') {
				memcpy(hex, p + 1, 2);
				value[n++] = (char)strtol(hex, NULL, 16);
				p += 2;
			} else
				value[n++] = *p == '+' ? ' ' : *p;
		}
		value[n] = '\0';
	}
	return found == 1;
}

static bool
form_is(const struct upstream *u, const char *name, const char *want)
{
	char value[4096];
	bool there = form_get(buf_str(&u->body), name, value, sizeof value);

	return want == NULL ? !there : there && strcmp(value, want) == 0;
}

static const char *
header(const struct upstream *u, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < u->nheaders; i++)
		if (strncmp(u->headers[i], name, len) == 0 && u->headers[i][len] == ':')
			return u->headers[i] + len + 2;
	return NULL;
}

static void
ask(struct upstream *u, const struct oauth_client *c, const char *subject)
{
	const char *type;

	memset(u, 0, sizeof *u);
	buf_init(&u->body, 65536);
	CHECK(oauth_token_request(u, c, subject, NOW, nonce) == 0, "made");
	CHECK(strcmp(u->method, "POST") == 0 && strcmp(u->url, TOKEN_URL) == 0 && u->has_body &&
	    !u->once, "posted");
	type = header(u, "Content-Type");
	CHECK(type != NULL && strcmp(type, "application/x-www-form-urlencoded") == 0, "a form");
	CHECK(header(u, "Accept") != NULL, "JSON is wanted");
	CHECK(strspn(buf_str(&u->body), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789*-._+%&=") == u->body.len, "encoded: %s", buf_str(&u->body));
}

/* RFC 6749, 2.3.1: both parts are encoded before they are joined, so a colon is no end. */
static void
run_basic(void)
{
	static const struct {
		const char *id, *secret, *pair;
	} clients[] = {
		{ "s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", "s6BhdRkqt3:7Fjfp0ZBr1KtDRbnfVdmIw" },
		{ "a:b", "c:d", "a%3Ab:c%3Ad" },
		{ "a b", "c+d", "a+b:c%2Bd" },
		{ "100%", "&=?/#", "100%25:%26%3D%3F%2F%23" },
		{ "j\xc3\xbcrg", "p\xe2\x82\xac", "j%C3%BCrg:p%E2%82%AC" },
		{ "https://c.example/id", "~!@$", "https%3A%2F%2Fc.example%2Fid:%7E%21%40%24" },
	};
	struct oauth_client c = { .token_url = TOKEN_URL, .auth = CLIENT_SECRET_BASIC };
	char secret[64];
	struct buf want;
	struct upstream u;
	size_t i;

	for (i = 0; i < sizeof clients / sizeof clients[0]; i++) {
		snprintf(secret, sizeof secret, "%s", clients[i].secret);
		c.client_id = clients[i].id;
		c.secret = secret;
		ask(&u, &c, NULL);
		buf_init(&want, 1024);
		buf_puts(&want, "Basic ");
		base64_encode(&want, clients[i].pair, strlen(clients[i].pair));
		CHECK(header(&u, "Authorization") != NULL &&
		    strcmp(header(&u, "Authorization"), buf_str(&want)) == 0, "%s: %s",
		    clients[i].id, header(&u, "Authorization"));
		CHECK(strcmp(buf_str(&u.body), "grant_type=client_credentials") == 0, "%s",
		    buf_str(&u.body));
		buf_finish(&want);
		upstream_finish(&u);
	}
}

static void
run_post(void)
{
	char secret[] = "p+q&r=s %\xe2\x82\xac";
	struct oauth_client c = { .token_url = TOKEN_URL, .auth = CLIENT_SECRET_POST,
	    .client_id = "me & co:", .secret = secret, .scope = "a b", .audience = "aud/1",
	    .resource = "https://api.example.org/?x=1&y" };
	struct upstream u;

	ask(&u, &c, "ignored");
	CHECK(header(&u, "Authorization") == NULL, "one way is enough");
	CHECK(form_is(&u, "grant_type", "client_credentials") && form_is(&u, "client_id",
	    "me & co:") && form_is(&u, "client_secret", secret) && form_is(&u, "scope", "a b") &&
	    form_is(&u, "audience", "aud/1") && form_is(&u, "resource",
	    "https://api.example.org/?x=1&y"), "%s", buf_str(&u.body));
	CHECK(form_is(&u, "subject_token", NULL) && form_is(&u, "client_assertion", NULL),
	    "nothing else: %s", buf_str(&u.body));
	upstream_finish(&u);
	/* What does not fit is not sent in part. */
	memset(&u, 0, sizeof u);
	buf_init(&u.body, 30);
	CHECK(oauth_token_request(&u, &c, NULL, NOW, nonce) == -1, "no room");
	upstream_finish(&u);
}

/* The parts of an assertion: header and claims as trees, and whether it is signed. */
static bool
open_assertion(char *text, const struct signature_key *key, enum signature_algorithm alg,
    cJSON **head, cJSON **claims)
{
	char *dot = strchr(text, '.'), *last = strrchr(text, '.');
	struct json_fault fault;
	struct buf part;
	bool good;

	if (dot == NULL || last == dot || strchr(dot + 1, '.') != last)
		return false;
	buf_init(&part, 4096);
	good = base64url_decode(&part, last + 1, strlen(last + 1)) == 0 &&
	    signature_verify(key, alg, text, (size_t)(last - text), part.data, part.len);
	buf_reset(&part);
	good = good && base64url_decode(&part, text, (size_t)(dot - text)) == 0;
	*head = json_parse(buf_str(&part), part.len, &fault);
	buf_reset(&part);
	good = good && base64url_decode(&part, dot + 1, (size_t)(last - dot - 1)) == 0;
	*claims = json_parse(buf_str(&part), part.len, &fault);
	buf_finish(&part);
	return good;
}

static bool
says(const cJSON *tree, const char *name, const char *want)
{
	const char *text = json_str(tree, name);

	return want == NULL ? json_get(tree, name) == NULL :
	    text != NULL && strcmp(text, want) == 0;
}

static void
run_assertion(enum signature_algorithm alg, const char *id, const char *kid)
{
	struct oauth_client c = { .token_url = TOKEN_URL, .auth = PRIVATE_KEY_JWT,
	    .client_id = id, .algorithm = alg, .key_id = kid };
	cJSON *head = NULL, *claims = NULL;
	int64_t iat = 0, exp = 0;
	struct jose_key key, other;
	char text[4096] = "", again[4096];
	struct upstream u;
	struct buf jti;

	jose_make(&key, alg);
	jose_make(&other, alg);
	c.key = key.key;
	ask(&u, &c, NULL);
	CHECK(header(&u, "Authorization") == NULL && form_is(&u, "client_secret", NULL) &&
	    form_is(&u, "client_id", id) && form_is(&u, "client_assertion_type",
	    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), "%s", buf_str(&u.body));
	CHECK(form_get(buf_str(&u.body), "client_assertion", text, sizeof text), "an assertion");
	snprintf(again, sizeof again, "%s", text);
	CHECK(open_assertion(text, key.key, alg, &head, &claims), "signed: %s", text);
	CHECK(says(head, "alg", signature_name(alg)) && says(head, "typ", "JWT") &&
	    says(head, "kid", kid), "%s's header", signature_name(alg));
	CHECK(says(claims, "iss", id) && says(claims, "sub", id) &&
	    says(claims, "aud", TOKEN_URL), "its claims");
	CHECK(json_integer(json_get(claims, "iat"), &iat) == 0 && iat == NOW &&
	    json_integer(json_get(claims, "exp"), &exp) == 0 && exp > NOW && exp <= NOW + 300,
	    "for a short time: %lld", (long long)(exp - NOW));
	buf_init(&jti, 100);
	CHECK(json_str(claims, "jti") != NULL && base64url_decode(&jti, json_str(claims, "jti"),
	    strlen(json_str(claims, "jti"))) == 0 && jti.len == OAUTH_NONCE &&
	    memcmp(jti.data, nonce, OAUTH_NONCE) == 0, "the nonce is its name");
	buf_finish(&jti);
	cJSON_Delete(head);
	cJSON_Delete(claims);
	head = claims = NULL;
	CHECK(!open_assertion(again, other.key, alg, &head, &claims), "with no other key");
	cJSON_Delete(head);
	cJSON_Delete(claims);
	upstream_finish(&u);
	/* A key that cannot sign so: no request. */
	memset(&u, 0, sizeof u);
	buf_init(&u.body, 65536);
	c.algorithm = alg == SIGNATURE_EDDSA ? SIGNATURE_ES256 : SIGNATURE_EDDSA;
	CHECK(oauth_token_request(&u, &c, NULL, NOW, nonce) == -1, "a key that does not fit");
	upstream_finish(&u);
	jose_drop(&key);
	jose_drop(&other);
}

/* RFC 8693, 2.1. */
static void
run_exchange(void)
{
	char secret[] = "s";
	struct oauth_client c = { .token_url = TOKEN_URL, .auth = CLIENT_SECRET_POST,
	    .client_id = "me", .secret = secret, .exchanges = true, .audience = "api" };
	struct upstream u;

	ask(&u, &c, "eyJ.a+b/c=.d");
	CHECK(form_is(&u, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange") &&
	    form_is(&u, "subject_token", "eyJ.a+b/c=.d") && form_is(&u, "subject_token_type",
	    "urn:ietf:params:oauth:token-type:access_token") && form_is(&u,
	    "requested_token_type", "urn:ietf:params:oauth:token-type:access_token") &&
	    form_is(&u, "audience", "api") && form_is(&u, "scope", NULL) &&
	    form_is(&u, "resource", NULL) && form_is(&u, "actor_token", NULL), "%s",
	    buf_str(&u.body));
	upstream_finish(&u);
}

static void
run_question(void)
{
	const char *line;
	struct upstream u = { .nheaders = 0 };

	buf_init(&u.body, 4096);
	CHECK(oauth_introspection_request(&u, TOKEN_URL "?x", "me:", "s e", "a.b~c+/=") == 0 &&
	    strcmp(u.url, TOKEN_URL "?x") == 0 && strcmp(u.method, "POST") == 0, "made");
	CHECK(form_is(&u, "token", "a.b~c+/=") && form_is(&u, "token_type_hint", "access_token") &&
	    form_is(&u, "client_secret", NULL), "%s", buf_str(&u.body));
	/* me%3A:s+e */
	line = header(&u, "Authorization");
	CHECK(line != NULL && strcmp(line, "Basic bWUlM0E6cytl") == 0, "%s", line);
	upstream_finish(&u);
}

/* ====== answers of a token endpoint ====== */

#define GOOD	"\"access_token\":\"t0.K-en_~+/=\",\"token_type\":\"Bearer\""
#define LINE	"Authorization: Bearer t0.K-en_~+/="

static const struct {
	int		 status;
	const char	*body;
	int64_t		 life_s;	/* 0: it is refused */
	const char	*why;
} answers[] = {
	{ 200, "{" GOOD ",\"expires_in\":3600}", 3600, NULL },
	{ 200, "{" GOOD ",\"expires_in\":1}", 1, NULL },
	{ 200, "{" GOOD ",\"expires_in\":3.6e3}", 3600, NULL },
	{ 200, "{" GOOD ",\"expires_in\":3600.0}", 3600, NULL },
	{ 200, "{" GOOD ",\"expires_in\":9007199254740991}", INT64_C(9007199254740991), NULL },
	{ 200, "{" GOOD "}", LIMIT_TOKEN_LIFE_S, NULL },
	{ 200, "{" GOOD ",\"scope\":\"a\",\"refresh_token\":\"x\",\"error\":\"invalid_client\"}",
	    LIMIT_TOKEN_LIFE_S, NULL },
	{ 200, "{\"access_token\":\"t0.K-en_~+/=\",\"token_type\":\"bearer\"}", LIMIT_TOKEN_LIFE_S,
	    NULL },
	{ 200, "{\"access_token\":\"t0.K-en_~+/=\",\"token_type\":\"BEARER\"}", LIMIT_TOKEN_LIFE_S,
	    NULL },
	{ 200, "{" GOOD ",\"expires_in\":0}", 0, "expires_in" },
	{ 200, "{" GOOD ",\"expires_in\":-1}", 0, "expires_in" },
	{ 200, "{" GOOD ",\"expires_in\":1.5}", 0, "expires_in" },
	{ 200, "{" GOOD ",\"expires_in\":\"3600\"}", 0, "expires_in" },
	{ 200, "{" GOOD ",\"expires_in\":null}", 0, "expires_in" },
	{ 200, "{" GOOD ",\"expires_in\":9223372036854775808}", 0, "expires_in" },
	{ 200, "{" GOOD ",\"expires_in\":1e400}", 0, "expires_in" },

	{ 200, "", 0, "no access_token" }, { 200, "null", 0, "no access_token" },
	{ 200, "[]", 0, "no access_token" }, { 200, "<html>", 0, "no access_token" },
	{ 200, "{" GOOD "} x", 0, "no access_token" }, { 200, "{" GOOD, 0, "no access_token" },
	{ 200, "{" GOOD "," GOOD "}", 0, "no access_token" },
	{ 200, "{\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"access_token\":7,\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"access_token\":\"\",\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"ACCESS_TOKEN\":\"t\",\"token_type\":\"Bearer\"}", 0, "no access_token" },
	/* What would end the header, or stand for something else in it. */
	{ 200, "{\"access_token\":\"t\\r\\nX: y\",\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"access_token\":\"t\\n\",\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"access_token\":\"t\\u0000u\",\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"access_token\":\"t\\u007f\",\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"access_token\":\"t u\",\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"access_token\":\"t,u\",\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"access_token\":\"\xc3\xbc\",\"token_type\":\"Bearer\"}", 0, "no access_token" },
	{ 200, "{\"access_token\":\"t\"}", 0, "no bearer's" },
	{ 200, "{\"access_token\":\"t\",\"token_type\":\"\"}", 0, "no bearer's" },
	{ 200, "{\"access_token\":\"t\",\"token_type\":\"DPoP\"}", 0, "no bearer's" },
	{ 200, "{\"access_token\":\"t\",\"token_type\":\"mac\"}", 0, "no bearer's" },
	{ 200, "{\"access_token\":\"t\",\"token_type\":\"N_A\"}", 0, "no bearer's" },
	{ 200, "{\"access_token\":\"t\",\"token_type\":[\"Bearer\"]}", 0, "no bearer's" },

	/* No status but 200 gives one. */
	{ 201, "{" GOOD "}", 0, "refused" }, { 204, "", 0, "refused" },
	{ 302, "", 0, "refused" }, { 401, "{" GOOD "}", 0, "refused" },
	{ 400, "{\"error\":\"invalid_client\"}", 0, "(invalid_client)" },
	{ 401, "{\"error\":\"invalid_client\",\"error_description\":\"\\r\\n\"}", 0,
	    "(invalid_client)" },
	{ 400, "{\"error\":\"invalid_grant\"}", 0, "(invalid_grant)" },
	{ 400, "{\"error\":\"invalid_request\"}", 0, "(invalid_request)" },
	{ 400, "{\"error\":\"invalid_scope\"}", 0, "(invalid_scope)" },
	{ 400, "{\"error\":\"invalid_target\"}", 0, "(invalid_target)" },
	{ 400, "{\"error\":\"unauthorized_client\"}", 0, "(unauthorized_client)" },
	{ 400, "{\"error\":\"unsupported_grant_type\"}", 0, "(unsupported_grant_type)" },
	{ 400, "{\"error\":\"Invalid_Client\"}", 0, "the token endpoint refused" },
	{ 400, "{\"error\":\"s3cret\\n\"}", 0, "the token endpoint refused" },
	{ 400, "{\"error\":{\"code\":1}}", 0, "the token endpoint refused" },
	{ 503, "<html>", 0, "the token endpoint refused" },
};

static void
run_answers(void)
{
	struct answer a = { .outcome = OUTCOME_ANSWERED };
	const char *why;
	struct buf line, body;
	int64_t life_s;
	size_t i;
	int result;

	for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		buf_init(&line, LIMIT_HEADER);
		a.status = answers[i].status;
		a.body = answers[i].body;
		a.len = strlen(a.body);
		why = "";
		result = oauth_token_take(&a, &line, &life_s, &why);
		if (answers[i].life_s != 0)
			CHECK(result == 0 && life_s == answers[i].life_s &&
			    strcmp(buf_str(&line), LINE) == 0, "%s: %s, %lld", a.body, why,
			    (long long)life_s);
		else
			CHECK(result == -1 && strstr(why, answers[i].why) != NULL &&
			    line.len == 0, "%d %s: %s", a.status, a.body, why);
		buf_finish(&line);
	}
	/* A token of any length, as long as it fits. */
	buf_init(&body, 65536);
	buf_puts(&body, "{\"token_type\":\"Bearer\",\"access_token\":\"");
	for (i = 0; i < 9000; i++)
		buf_putc(&body, 'x');
	buf_puts(&body, "\"}");
	a.status = 200;
	a.body = buf_str(&body);
	a.len = body.len;
	buf_init(&line, 9100);
	CHECK(oauth_token_take(&a, &line, &life_s, &why) == 0 && line.len == 22 + 9000, "long");
	buf_finish(&line);
	buf_init(&line, 9000);
	CHECK(oauth_token_take(&a, &line, &life_s, &why) == -1 &&
	    strstr(why, "too long") != NULL, "too long: %s", why);
	buf_finish(&line);
	buf_finish(&body);
}

/* ====== introspection ====== */

#define ISSUER		"https://id.example.org"
#define RESOURCE	"https://mcp.example.org/mcp"
#define AUD		"\"aud\":\"" RESOURCE "\""
#define ACTIVE		"\"active\":true," AUD ",\"sub\":\"alice\""

static const struct {
	const char	*text;
	const char	*name, *scopes;	/* NULL: it is refused */
	int64_t		 expires_ms;
	const char	*why;
} words[] = {
	{ "{" ACTIVE "}", "alice", "", 0, NULL },
	{ "{" ACTIVE ",\"scope\":\"a b\",\"iss\":\"" ISSUER "\",\"exp\":1800000001}", "alice", "a b",
	    INT64_C(1800000001000), NULL },
	{ "{" ACTIVE ",\"scope\":\"\"}", "alice", "", 0, NULL },
	{ "{" ACTIVE ",\"scope\":null}", "alice", "", 0, NULL },
	{ "{" ACTIVE ",\"client_id\":\"app\",\"nbf\":\"x\",\"username\":7}", "alice", "", 0, NULL },
	{ "{\"active\":true," AUD ",\"client_id\":\"app\"}", "app", "", 0, NULL },
	{ "{\"active\":true,\"aud\":[\"https://b.example\",7,\"" RESOURCE "\"],\"sub\":\"j\xc3\xbcrg\"}",
	    "j\xc3\xbcrg", "", 0, NULL },

	{ "{\"active\":false}", NULL, NULL, 0, "not active" },
	{ "{\"active\":false," AUD ",\"sub\":\"alice\"}", NULL, NULL, 0, "not active" },
	{ "{\"active\":\"true\"," AUD ",\"sub\":\"alice\"}", NULL, NULL, 0, "not active" },
	{ "{\"active\":1," AUD ",\"sub\":\"alice\"}", NULL, NULL, 0, "not active" },
	{ "{\"Active\":true," AUD ",\"sub\":\"alice\"}", NULL, NULL, 0, "not active" },
	{ "{" AUD ",\"sub\":\"alice\"}", NULL, NULL, 0, "not active" },
	{ "", NULL, NULL, 0, "not active" }, { "null", NULL, NULL, 0, "not active" },
	{ "true", NULL, NULL, 0, "not active" }, { "[{" ACTIVE "}]", NULL, NULL, 0, "not active" },
	{ "{" ACTIVE "} x", NULL, NULL, 0, "not active" },
	{ "{" ACTIVE ",\"active\":true}", NULL, NULL, 0, "not active" },

	{ "{\"active\":true,\"sub\":\"alice\"}", NULL, NULL, 0, "not for this resource" },
	{ "{\"active\":true,\"aud\":\"https://b.example\",\"sub\":\"alice\"}", NULL, NULL, 0,
	    "not for this resource" },
	{ "{\"active\":true,\"aud\":\"" RESOURCE "/\",\"sub\":\"alice\"}", NULL, NULL, 0,
	    "not for this resource" },
	{ "{\"active\":true,\"aud\":\"https://mcp.example.org\",\"sub\":\"alice\"}", NULL, NULL, 0,
	    "not for this resource" },
	{ "{\"active\":true,\"aud\":[],\"sub\":\"alice\"}", NULL, NULL, 0, "not for this resource" },
	{ "{\"active\":true,\"aud\":null,\"sub\":\"alice\"}", NULL, NULL, 0,
	    "not for this resource" },
	{ "{\"active\":true,\"aud\":[[\"" RESOURCE "\"]],\"sub\":\"alice\"}", NULL, NULL, 0,
	    "not for this resource" },
	{ "{\"active\":true,\"aud\":{\"x\":\"" RESOURCE "\"},\"sub\":\"alice\"}", NULL, NULL, 0,
	    "not for this resource" },
	{ "{\"active\":true,\"AUD\":\"" RESOURCE "\",\"sub\":\"alice\"}", NULL, NULL, 0,
	    "not for this resource" },
	{ "{\"active\":true,\"aud\":\"" RESOURCE "\\u0000\",\"sub\":\"alice\"}", NULL, NULL, 0,
	    "not for this resource" },

	{ "{" ACTIVE ",\"iss\":\"https://evil.example\"}", NULL, NULL, 0, "another issuer" },
	{ "{" ACTIVE ",\"iss\":\"" ISSUER "/\"}", NULL, NULL, 0, "another issuer" },
	{ "{" ACTIVE ",\"iss\":[\"" ISSUER "\"]}", NULL, NULL, 0, "another issuer" },
	{ "{" ACTIVE ",\"iss\":null}", NULL, NULL, 0, "another issuer" },

	{ "{" ACTIVE ",\"exp\":1799999999}", NULL, NULL, 0, "expired" },
	{ "{" ACTIVE ",\"exp\":1800000000}", NULL, NULL, 0, "expired" },
	{ "{" ACTIVE ",\"exp\":0}", NULL, NULL, 0, "expired" },
	{ "{" ACTIVE ",\"exp\":-1}", NULL, NULL, 0, "expired" },
	{ "{" ACTIVE ",\"exp\":\"1800000001\"}", NULL, NULL, 0, "expired" },
	{ "{" ACTIVE ",\"exp\":null}", NULL, NULL, 0, "expired" },
	{ "{" ACTIVE ",\"exp\":9223372036854775807}", NULL, NULL, 0, "expired" },
	{ "{" ACTIVE ",\"exp\":1e300}", NULL, NULL, 0, "expired" },

	{ "{\"active\":true," AUD "}", NULL, NULL, 0, "whose it is" },
	{ "{\"active\":true," AUD ",\"sub\":\"\"}", NULL, NULL, 0, "whose it is" },
	{ "{\"active\":true," AUD ",\"sub\":7}", NULL, NULL, 0, "whose it is" },
	{ "{\"active\":true," AUD ",\"sub\":\"a\\nb\"}", NULL, NULL, 0, "whose it is" },
	{ "{\"active\":true," AUD ",\"sub\":\"a\\u0000b\"}", NULL, NULL, 0, "whose it is" },
	{ "{\"active\":true," AUD ",\"sub\":\"a\\u007f\"}", NULL, NULL, 0, "whose it is" },
	{ "{" ACTIVE ",\"scope\":\"a\\nb\"}", NULL, NULL, 0, "scope" },
	{ "{" ACTIVE ",\"scope\":\"a\\u0000b\"}", NULL, NULL, 0, "scope" },
	{ "{" ACTIVE ",\"scope\":[\"a\"]}", NULL, NULL, 0, "scope" },
	{ "{" ACTIVE ",\"scope\":7}", NULL, NULL, 0, "scope" },
};

static void
run_words(void)
{
	struct principal *p;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		why = "";
		p = oauth_introspected(words[i].text, ISSUER, RESOURCE, "t0ken", NOW, &why);
		if (words[i].name == NULL)
			CHECK(p == NULL && strstr(why, words[i].why) != NULL, "%s: %s",
			    words[i].text, why);
		else
			CHECK(p != NULL && strcmp(p->name, words[i].name) == 0 &&
			    p->scopes != NULL && strcmp(p->scopes, words[i].scopes) == 0 &&
			    p->expires_ms == words[i].expires_ms &&
			    strcmp(p->token, "t0ken") == 0 && p->holders == 1, "%s: %s",
			    words[i].text, why);
		principal_drop(p);
	}
	p = oauth_introspected("{" ACTIVE ",\"iss\":\"https://b.example\"}", "", RESOURCE, NULL, NOW,
	    &why);
	CHECK(p != NULL && p->token == NULL, "without an issuer to hold it to; none to exchange");
	principal_drop(p);
}

/* What is no answer says nothing of a token. */
static void
run_is_word(void)
{
	static const struct {
		const char	*text;
		bool		 is;
	} texts[] = {
		{ "{\"active\":true}", true }, { "{\"active\":false}", true }, { "{" ACTIVE "}", true },
		{ "{\"active\":\"true\"}", false }, { "{\"active\":1}", false }, { "{}", false },
		{ "", false }, { "<html>", false }, { "true", false }, { "[{\"active\":true}]", false },
		{ "{\"active\":false} x", false }, { "{\"error\":\"invalid_client\"}", false },
	};
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		CHECK(oauth_is_word(texts[i].text, strlen(texts[i].text)) == texts[i].is, "%s",
		    texts[i].text);
	CHECK(!oauth_is_word("{\"active\":true}\0", 16), "a NUL behind");
}

/* Without memory nobody is said to be false. */
static void
run_memory(void)
{
	struct principal *p = NULL;
	const char *why;
	int i;

	for (i = 0; p == NULL && i < 1000; i++) {
		why = "";
		scarce_begin(i);
		p = oauth_introspected("{" ACTIVE ",\"scope\":\"a\"}", ISSUER, RESOURCE, NULL, NOW,
		    &why);
		scarce_end();
		CHECK(p != NULL || why == NULL, "%d allocations: %s", i, why);
	}
	CHECK(p != NULL && i > 4, "%d allocations", i);
	principal_drop(p);
}

/* Names up to the cap, and answers of megabytes. */
static void
run_huge(void)
{
	struct principal *p;
	const char *why = "";
	struct buf text;
	size_t n, i;

	for (n = LIMIT_CALLER - 1; n <= LIMIT_CALLER + 1; n++) {
		buf_init(&text, 4096);
		buf_puts(&text, "{\"active\":true," AUD ",\"sub\":\"");
		for (i = 0; i < n; i++)
			buf_putc(&text, 'x');
		buf_puts(&text, "\"}");
		p = oauth_introspected(buf_str(&text), ISSUER, RESOURCE, NULL, NOW, &why);
		CHECK((p != NULL) == (n <= LIMIT_CALLER), "%zu: %s", n, why);
		principal_drop(p);
		buf_finish(&text);
	}
	buf_init(&text, 4 << 20);
	buf_puts(&text, "{" ACTIVE ",\"aud2\":[");
	while (text.len < 2 << 20)
		buf_puts(&text, "\"https://a.example\",");
	buf_puts(&text, "1],\"scope\":\"a\"}");
	p = oauth_introspected(buf_str(&text), ISSUER, RESOURCE, NULL, NOW, &why);
	CHECK(p != NULL || *why != '\0', "two megabytes");
	principal_drop(p);
	buf_reset(&text);
	for (i = 0; i < 1 << 20; i++)
		buf_putc(&text, '[');
	CHECK(oauth_introspected(buf_str(&text), ISSUER, RESOURCE, NULL, NOW, &why) == NULL, "deep");
	buf_finish(&text);
}

int
main(void)
{
	run_basic();
	run_post();
	run_assertion(SIGNATURE_ES256, "me", "k1");
	run_assertion(SIGNATURE_ES384, "a \"quoted\" & \\ id", "k\"\\");
	run_assertion(SIGNATURE_RS256, "me", NULL);
	run_assertion(SIGNATURE_PS256, "j\xc3\xbcrg", "2");
	run_assertion(SIGNATURE_EDDSA, "https://c.example/", NULL);
	run_exchange();
	run_question();
	run_answers();
	run_words();
	run_is_word();
	run_memory();
	run_huge();
	return check_done();
}
