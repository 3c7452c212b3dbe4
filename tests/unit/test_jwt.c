/* SPDX-License-Identifier: MIT */
/*
 * test_jwt.c - wire/jws and wire/jwt: a good token, and each way of attack by its name.
 *
 * Keys are made on the spot; tokens are signed with them, so that what is refused is refused for
 * what the test changes and not for its signature, unless that is what it changes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <openssl/hmac.h>

#include "check.h"
#include "jose.h"

#include "base/limits.h"
#include "wire/jwk.h"
#include "wire/jwt.h"

#define ISSUER		"https://id.example.org/realm"
#define AUDIENCE	"https://mcp.example.org/mcp"
#define NOW		INT64_C(1800000000)
#define LEEWAY		30
#define ALL		((1u << SIGNATURE_ALGORITHMS) - 1)
#define BASE		"\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\""
#define CLAIMS		"{" BASE ",\"sub\":\"alice\",\"exp\":1800000600,\"iat\":1799999990," \
			"\"nbf\":1799999990,\"scope\":\"mail.read mail.send\"," \
			"\"client_id\":\"agent\"}"
#define MUTATIONS	10000

static struct jose_key	 keys[SIGNATURE_ALGORITHMS];
static struct jwk_set	*set;
static const struct jwt_rules rules = { ISSUER, AUDIENCE, ALL, LEEWAY };
static const enum signature_algorithm es = SIGNATURE_ES256;
static const char	 header_es[] = "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"es256\"}";

/* Which call of malloc() and its like fails, and whether all later ones do. No sanitizer only. */
#if !defined(__SANITIZE_ADDRESS__)
#if defined(__has_feature)
#if !__has_feature(address_sanitizer)
#define STARVES
#endif
#else
#define STARVES
#endif
#endif

static long	allocations, fail_at;
static bool	fail_on;

#ifdef STARVES
void	*__libc_malloc(size_t);
void	*__libc_calloc(size_t, size_t);
void	*__libc_realloc(void *, size_t);
__attribute__((visibility("default"))) void *malloc(size_t);
__attribute__((visibility("default"))) void *calloc(size_t, size_t);
__attribute__((visibility("default"))) void *realloc(void *, size_t);

static bool
fails(void)
{
	allocations++;
	return fail_at > 0 && (allocations == fail_at || (fail_on && allocations > fail_at));
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}
#endif

/* Judge a token; what must hold of every verdict is checked here. */
static enum jwt_verdict
judge_by(const struct jwt_rules *r, const char *token, struct jwt *out, const char **why)
{
	enum jwt_verdict verdict;

	*why = NULL;
	verdict = jwt_verify(r, set, token, NOW, out, why);
	CHECK(ERR_peek_error() == 0, "the queue of errors");
	if (verdict == JWT_GOOD)
		CHECK(out->subject != NULL && out->subject[0] != '\0' && out->scope != NULL,
		    "good without a subject or a scope");
	else
		CHECK(*why != NULL && out->subject == NULL && out->scope == NULL &&
		    out->client_id == NULL && out->expires_s == 0, "not good, but told: %s",
		    *why == NULL ? "" : *why);
	return verdict;
}

static void
expect_by(const struct jwt_rules *r, const char *what, enum jwt_verdict verdict, const char *token)
{
	struct jwt out;
	const char *why;
	enum jwt_verdict got = judge_by(r, token, &out, &why);

	CHECK(got == verdict, "%s: %d: %s", what, got, why == NULL ? "good" : why);
	jwt_finish(&out);
}

static void
expect(const char *what, enum jwt_verdict verdict, const char *token)
{
	expect_by(&rules, what, verdict, token);
}

/* The same for a token of ES256 with this header and these claims. */
static void
header(const char *what, enum jwt_verdict verdict, const char *text)
{
	struct buf token;

	jose_token(&token, keys[es].key, es, text, CLAIMS, strlen(CLAIMS));
	expect(what, verdict, token.data);
	buf_finish(&token);
}

static void
claims(const char *what, enum jwt_verdict verdict, const char *text)
{
	struct buf token;

	jose_token(&token, keys[es].key, es, header_es, text, strlen(text));
	expect(what, verdict, token.data);
	buf_finish(&token);
}

/* Claims that name a subject, a scope and a client so; the rest is good. */
static void
tells(const char *what, const char *text, const char *subject, const char *scope,
    const char *client)
{
	struct buf whole, token;
	struct jwt out;
	const char *why;
	enum jwt_verdict got;

	buf_init(&whole, JOSE_MAX);
	buf_printf(&whole, "{" BASE ",\"exp\":1800000600%s%s}", *text == '\0' ? "" : ",", text);
	jose_token(&token, keys[es].key, es, header_es, whole.data, whole.len);
	got = judge_by(&rules, token.data, &out, &why);
	if (subject == NULL)
		CHECK(got == JWT_FALSE, "%s: %d", what, got);
	else {
		CHECK(got == JWT_GOOD, "%s: %s", what, why == NULL ? "" : why);
		CHECK(got != JWT_GOOD || (strcmp(out.subject, subject) == 0 &&
		    strcmp(out.scope, scope) == 0), "%s: '%s' '%s'", what, out.subject,
		    out.scope);
		CHECK(got != JWT_GOOD || (client == NULL ? out.client_id == NULL :
		    out.client_id != NULL && strcmp(out.client_id, client) == 0), "%s: client",
		    what);
	}
	jwt_finish(&out);
	buf_finish(&token);
	buf_finish(&whole);
}

static void
run_good(void)
{
	static const char *const headers[] = {
		"{\"alg\":\"RS256\",\"kid\":\"rs256\"}", "{\"alg\":\"PS256\",\"kid\":\"ps256\"}",
		"{\"alg\":\"ES256\",\"kid\":\"es256\"}", "{\"alg\":\"ES384\",\"kid\":\"es384\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"eddsa\"}",
	};
	struct jwt_rules only = rules;
	struct buf token;
	struct jwt out;
	const char *why;
	int i;

	for (i = 0; i < SIGNATURE_ALGORITHMS; i++) {
		jose_token(&token, keys[i].key, (enum signature_algorithm)i, headers[i], CLAIMS,
		    strlen(CLAIMS));
		CHECK(judge_by(&rules, token.data, &out, &why) == JWT_GOOD, "%s: %s", headers[i],
		    why);
		CHECK(strcmp(out.subject, "alice") == 0 && strcmp(out.client_id, "agent") == 0 &&
		    strcmp(out.scope, "mail.read mail.send") == 0 &&
		    out.expires_s == 1800000600, "what it says");
		jwt_finish(&out);
		jwt_finish(&out);
		only.algorithms = 1u << i;
		expect_by(&only, "the one that is allowed", JWT_GOOD, token.data);
		only.algorithms = ALL & ~(1u << i);
		expect_by(&only, "all others are allowed", JWT_FALSE, token.data);
		only.algorithms = 0;
		expect_by(&only, "none is allowed", JWT_FALSE, token.data);
		buf_finish(&token);
	}
}

static void
run_header(void)
{
	header("typ JWT", JWT_GOOD, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":\"JWT\"}");
	header("typ jwt", JWT_GOOD, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":\"jwt\"}");
	header("typ AT+JWT", JWT_GOOD, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":\"AT+JWT\"}");
	header("typ long", JWT_GOOD,
	    "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":\"application/at+jwt\"}");
	header("white space, x5t, cty", JWT_GOOD,
	    " {\n\"alg\" : \"ES256\", \"kid\":\"es256\", \"x5t\":\"a\", \"cty\":\"JWT\" } ");
	header("no kid, one key", JWT_GOOD, "{\"alg\":\"ES256\"}");
	header("escapes", JWT_GOOD, "{\"\\u0061lg\":\"\\u0045S256\",\"kid\":\"es256\"}");
	header("typ of another token", JWT_FALSE,
	    "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":\"logout+jwt\"}");
	header("typ dpop", JWT_FALSE,
	    "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":\"dpop+jwt\"}");
	header("typ JOSE", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":\"JOSE\"}");
	header("typ empty", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":\"\"}");
	header("typ null", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":null}");
	header("typ an array", JWT_FALSE,
	    "{\"alg\":\"ES256\",\"kid\":\"es256\",\"typ\":[\"JWT\"]}");
	header("no alg", JWT_FALSE, "{\"kid\":\"es256\"}");
	header("alg null", JWT_FALSE, "{\"alg\":null,\"kid\":\"es256\"}");
	header("alg an array", JWT_FALSE, "{\"alg\":[\"ES256\"],\"kid\":\"es256\"}");
	header("alg lower case", JWT_FALSE, "{\"alg\":\"es256\",\"kid\":\"es256\"}");
	header("alg with a NUL", JWT_FALSE, "{\"alg\":\"ES256\\u0000\",\"kid\":\"es256\"}");
	header("alg with a space", JWT_FALSE, "{\"alg\":\"ES256 \",\"kid\":\"es256\"}");
	header("ES256K", JWT_FALSE, "{\"alg\":\"ES256K\",\"kid\":\"es256\"}");
	header("alg of another kind", JWT_FALSE, "{\"alg\":\"RS256\",\"kid\":\"es256\"}");
	header("alg of another curve", JWT_FALSE, "{\"alg\":\"ES384\",\"kid\":\"es256\"}");
	header("duplicate alg", JWT_FALSE,
	    "{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"es256\"}");
	header("duplicate alg, escaped", JWT_FALSE,
	    "{\"\\u0061lg\":\"none\",\"alg\":\"ES256\",\"kid\":\"es256\"}");
	header("duplicate kid", JWT_FALSE,
	    "{\"alg\":\"ES256\",\"kid\":\"es256\",\"kid\":\"es256\"}");
	header("crit", JWT_FALSE,
	    "{\"alg\":\"ES256\",\"kid\":\"es256\",\"crit\":[\"exp\"],\"exp\":1}");
	header("crit empty", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"crit\":[]}");
	header("crit null", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"crit\":null}");
	header("b64 false", JWT_FALSE,
	    "{\"alg\":\"ES256\",\"kid\":\"es256\",\"b64\":false,\"crit\":[\"b64\"]}");
	header("b64 alone", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"b64\":true}");
	header("jku", JWT_FALSE,
	    "{\"alg\":\"ES256\",\"kid\":\"es256\",\"jku\":\"https://evil.example/jwks\"}");
	header("x5u", JWT_FALSE,
	    "{\"alg\":\"ES256\",\"kid\":\"es256\",\"x5u\":\"https://evil.example/c\"}");
	header("x5c", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"x5c\":[\"MIIB\"]}");
	header("zip bomb", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"zip\":\"DEF\"}");
	header("empty", JWT_FALSE, "");
	header("not JSON", JWT_FALSE, "alg=ES256");
	header("an array", JWT_FALSE, "[\"ES256\"]");
	header("a string", JWT_FALSE, "\"ES256\"");
	header("null", JWT_FALSE, "null");
	header("text behind", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\"}x");
	header("two objects", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\"}{}");
	header("a byte order mark", JWT_FALSE, "\xef\xbb\xbf{\"alg\":\"ES256\"}");
	header("not UTF-8", JWT_FALSE, "{\"alg\":\"ES256\",\"a\":\"\xff\"}");
}

static void
run_kid(void)
{
	struct buf text;
	char *kid = malloc(20001);
	size_t len;

	header("kid of nobody", JWT_UNKNOWN_KEY, "{\"alg\":\"ES256\",\"kid\":\"nobody\"}");
	header("kid in capitals", JWT_UNKNOWN_KEY, "{\"alg\":\"ES256\",\"kid\":\"ES256\"}");
	header("kid with a space", JWT_UNKNOWN_KEY, "{\"alg\":\"ES256\",\"kid\":\"es256 \"}");
	header("kid empty", JWT_UNKNOWN_KEY, "{\"alg\":\"ES256\",\"kid\":\"\"}");
	header("kid: path traversal", JWT_UNKNOWN_KEY,
	    "{\"alg\":\"ES256\",\"kid\":\"../../../../dev/null\"}");
	header("kid: SQL", JWT_UNKNOWN_KEY,
	    "{\"alg\":\"ES256\",\"kid\":\"x' UNION SELECT 'key' -- \"}");
	header("kid: a command", JWT_UNKNOWN_KEY,
	    "{\"alg\":\"ES256\",\"kid\":\"es256|/usr/bin/id\"}");
	header("kid: a newline", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\\nX: y\"}");
	header("kid: a NUL", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\\u0000\"}");
	header("kid: DEL", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"es256\\u007f\"}");
	header("kid: not ASCII", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":\"\xc3\xa9\"}");
	header("kid a number", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":256}");
	header("kid null", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":null}");
	header("kid an object", JWT_FALSE, "{\"alg\":\"ES256\",\"kid\":{\"$ne\":\"\"}}");
	buf_init(&text, JOSE_MAX);
	for (len = 256; kid != NULL && len <= 10240; len = len == 256 ? 257 : len * 4) {
		memset(kid, 'k', len);
		kid[len] = '\0';
		buf_reset(&text);
		buf_printf(&text, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid);
		header("kid: long", len == 256 ? JWT_UNKNOWN_KEY : JWT_FALSE, text.data);
	}
	memset(kid, 'k', 10240);
	kid[10240] = '\0';
	buf_reset(&text);
	buf_printf(&text, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid);
	header("kid: 10 KB", JWT_FALSE, text.data);
	buf_finish(&text);
	free(kid);
	/* RS256 and PS256 keys both fit. */
	jose_token(&text, keys[SIGNATURE_RS256].key, SIGNATURE_RS256, "{\"alg\":\"PS256\"}",
	    CLAIMS, strlen(CLAIMS));
	expect("RS256 signature under PS256", JWT_FALSE, text.data);
	buf_finish(&text);
}

/* Append an HMAC as the third part. */
static void
hs256(const char *what, const char *head, const void *secret, size_t len)
{
	uint8_t tag[EVP_MAX_MD_SIZE];
	unsigned taglen = 0;
	struct buf token;

	buf_init(&token, JOSE_MAX);
	jose_base64url(&token, head, strlen(head));
	buf_putc(&token, '.');
	jose_base64url(&token, CLAIMS, strlen(CLAIMS));
	HMAC(EVP_sha256(), secret, (int)len, (const uint8_t *)token.data, token.len, tag, &taglen);
	buf_putc(&token, '.');
	jose_base64url(&token, tag, taglen);
	expect(what, JWT_FALSE, token.data);
	buf_finish(&token);
}

static void
run_confusion(void)
{
	static const char *const none[] = { "none", "None", "NONE", "nOnE", "" };
	const struct jose_key *rsa = &keys[SIGNATURE_RS256];
	struct jose_key evil;
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t *der = NULL;
	struct buf token, head;
	char *pem;
	size_t i;
	int len;

	for (i = 0; i < sizeof none / sizeof none[0]; i++) {
		buf_init(&token, JOSE_MAX);
		buf_init(&head, JOSE_MAX);
		buf_printf(&head, "{\"alg\":\"%s\",\"kid\":\"es256\"}", none[i]);
		jose_base64url(&token, head.data, head.len);
		buf_putc(&token, '.');
		jose_base64url(&token, CLAIMS, strlen(CLAIMS));
		expect("alg none, two parts", JWT_FALSE, token.data);
		buf_putc(&token, '.');
		expect("alg none, no signature", JWT_FALSE, token.data);
		buf_puts(&token, "AA");
		expect("alg none, some signature", JWT_FALSE, token.data);
		buf_finish(&token);
		header("alg none, a good signature", JWT_FALSE, head.data);
		buf_finish(&head);
	}
	PEM_write_bio_PUBKEY(bio, rsa->pkey);
	len = (int)BIO_get_mem_data(bio, &pem);
	hs256("HS256 by the public key's PEM", "{\"alg\":\"HS256\",\"kid\":\"rs256\"}", pem,
	    (size_t)len);
	hs256("RS256 that is an HMAC", "{\"alg\":\"RS256\",\"kid\":\"rs256\"}", pem, (size_t)len);
	hs256("HS256 without the last newline", "{\"alg\":\"HS256\",\"kid\":\"rs256\"}", pem,
	    (size_t)len - 1);
	hs256("HS256 without a kid", "{\"alg\":\"HS256\"}", pem, (size_t)len);
	hs256("HS256 by nothing", "{\"alg\":\"HS256\",\"kid\":\"rs256\"}", "", 0);
	BIO_free(bio);
	len = i2d_PUBKEY(rsa->pkey, &der);
	hs256("HS256 by the public key's DER", "{\"alg\":\"HS256\",\"kid\":\"rs256\"}", der,
	    (size_t)len);
	OPENSSL_free(der);
	hs256("HS256 by the JWK", "{\"alg\":\"HS256\",\"kid\":\"rs256\"}", rsa->members.data,
	    rsa->members.len);
	/* CVE-2018-0114: the token brings its key. */
	jose_make(&evil, es);
	buf_init(&head, JOSE_MAX);
	buf_printf(&head, "{\"alg\":\"ES256\",\"jwk\":{%s}}", evil.members.data);
	jose_token(&token, evil.key, es, head.data, CLAIMS, strlen(CLAIMS));
	expect("embedded jwk", JWT_FALSE, token.data);
	buf_finish(&token);
	buf_reset(&head);
	buf_printf(&head, "{\"alg\":\"ES256\",\"kid\":\"es256\",\"jwk\":{%s}}", evil.members.data);
	jose_token(&token, evil.key, es, head.data, CLAIMS, strlen(CLAIMS));
	expect("embedded jwk of a known kid", JWT_FALSE, token.data);
	buf_finish(&token);
	jose_token(&token, evil.key, es, header_es, CLAIMS, strlen(CLAIMS));
	expect("another's signature", JWT_FALSE, token.data);
	buf_finish(&token);
	buf_finish(&head);
	jose_drop(&evil);
}

static void
run_issuer(void)
{
	static const char *const issuers[] = {
		"\"" ISSUER "/\"", "\"HTTPS://id.example.org/realm\"", "\"\"", "null", "1",
		"\"https://id.example.org/realm2\"", "\"https://id.example.org/real\"",
		"\"https://id.example.org/realm?\"", "\"https://id.example.org:443/realm\"",
		"\"https://id.example.org/realm\\u0000\"", "\"http://id.example.org/realm\"",
		"[\"" ISSUER "\"]", "\" " ISSUER "\"", "{\"" ISSUER "\":1}",
	};
	struct buf text;
	size_t i;

	for (i = 0; i < sizeof issuers / sizeof issuers[0]; i++) {
		buf_init(&text, JOSE_MAX);
		buf_printf(&text, "{\"iss\":%s,\"aud\":\"" AUDIENCE "\",\"sub\":\"a\","
		    "\"exp\":1800000600}", issuers[i]);
		claims(issuers[i], JWT_FALSE, text.data);
		buf_finish(&text);
	}
	claims("no iss", JWT_FALSE,
	    "{\"aud\":\"" AUDIENCE "\",\"sub\":\"a\",\"exp\":1800000600}");
	claims("two iss", JWT_FALSE, "{\"iss\":\"https://evil.example\"," BASE
	    ",\"sub\":\"a\",\"exp\":1800000600}");
	claims("ISS", JWT_FALSE, "{\"ISS\":\"" ISSUER "\",\"aud\":\"" AUDIENCE
	    "\",\"sub\":\"a\",\"exp\":1800000600}");
}

static void
audience(bool good, const char *aud)
{
	struct buf text;

	buf_init(&text, JOSE_MAX);
	buf_printf(&text, "{\"iss\":\"" ISSUER "\",\"sub\":\"a\",\"exp\":1800000600%s%s}",
	    *aud == '\0' ? "" : ",\"aud\":", aud);
	claims(aud, good ? JWT_GOOD : JWT_FALSE, text.data);
	buf_finish(&text);
}

static void
run_audience(void)
{
	audience(true, "\"" AUDIENCE "\"");
	audience(true, "[\"" AUDIENCE "\"]");
	audience(true, "[\"account\",\"" AUDIENCE "\",\"\"]");
	audience(false, "");
	audience(false, "[]");
	audience(false, "null");
	audience(false, "true");
	audience(false, "\"\"");
	audience(false, "\"https://other.example.org/mcp\"");
	audience(false, "[\"https://other.example.org/mcp\"]");
	audience(false, "\"" AUDIENCE "/\"");
	audience(false, "\"" AUDIENCE "2\"");
	audience(false, "\"https://mcp.example.org/mc\"");
	audience(false, "\"https://mcp.example.org\"");
	audience(false, "\"x " AUDIENCE "\"");
	audience(false, "\"" AUDIENCE " x\"");
	audience(false, "\"" AUDIENCE "\\u0000\"");
	audience(false, "[\"" AUDIENCE "\",1]");
	audience(false, "[[\"" AUDIENCE "\"]]");
	audience(false, "{\"" AUDIENCE "\":\"" AUDIENCE "\"}");
	audience(false, "\"*\"");
}

static void
times(const char *text, enum jwt_verdict verdict)
{
	struct buf whole;

	buf_init(&whole, JOSE_MAX);
	buf_printf(&whole, "{" BASE ",\"sub\":\"a\"%s%s}", *text == '\0' ? "" : ",", text);
	claims(*text == '\0' ? "no exp" : text, verdict, whole.data);
	buf_finish(&whole);
}

static void
run_times(void)
{
	times("", JWT_FALSE);
	times("\"exp\":1800000001", JWT_GOOD);
	times("\"exp\":1799999971", JWT_GOOD);			/* within the leeway */
	times("\"exp\":1799999970.5", JWT_GOOD);
	times("\"exp\":1799999970", JWT_EXPIRED);
	times("\"exp\":1799999969.999", JWT_EXPIRED);
	times("\"exp\":0", JWT_EXPIRED);
	times("\"exp\":-1", JWT_EXPIRED);
	times("\"exp\":-0.0", JWT_EXPIRED);
	times("\"exp\":1.8e9", JWT_GOOD);
	times("\"exp\":1e10", JWT_GOOD);
	times("\"exp\":9007199254740991", JWT_GOOD);
	times("\"exp\":9007199254740992", JWT_FALSE);
	times("\"exp\":1e400", JWT_FALSE);
	times("\"exp\":-1e400", JWT_FALSE);
	times("\"exp\":1e-400", JWT_EXPIRED);
	times("\"exp\":99999999999999999999999999999999999999999999", JWT_FALSE);
	times("\"exp\":\"1800000600\"", JWT_FALSE);
	times("\"exp\":null", JWT_FALSE);
	times("\"exp\":true", JWT_FALSE);
	times("\"exp\":[1800000600]", JWT_FALSE);
	times("\"exp\":NaN", JWT_FALSE);
	times("\"exp\":Infinity", JWT_FALSE);
	times("\"exp\":1800000600,\"exp\":1", JWT_FALSE);
	times("\"EXP\":1800000600", JWT_FALSE);
	times("\"exp\":1800000600,\"nbf\":1800000030", JWT_GOOD);
	times("\"exp\":1800000600,\"nbf\":1800000030.5", JWT_FALSE);
	times("\"exp\":1800000600,\"nbf\":1800000031", JWT_FALSE);
	times("\"exp\":1800000600,\"nbf\":\"0\"", JWT_FALSE);
	times("\"exp\":1800000600,\"nbf\":null", JWT_FALSE);
	times("\"exp\":1800000600,\"nbf\":-1e400", JWT_FALSE);
	times("\"exp\":1800000600,\"iat\":1800000030", JWT_GOOD);
	times("\"exp\":1800000600,\"iat\":1800000031", JWT_FALSE);
	times("\"exp\":1800000600,\"iat\":\"1\"", JWT_FALSE);
	times("\"exp\":1800000600,\"iat\":{}", JWT_FALSE);
	times("\"exp\":1800000600,\"iat\":0,\"nbf\":0", JWT_GOOD);
	/* Only a token that is good else has expired. */
	times("\"exp\":1,\"nbf\":1800000031", JWT_FALSE);
	claims("expired, of another issuer", JWT_FALSE,
	    "{\"iss\":\"x\",\"aud\":\"" AUDIENCE "\",\"sub\":\"a\",\"exp\":1}");
}

static void
run_names(void)
{
	char text[600] = "", name[400];

	tells("sub", "\"sub\":\"bob\"", "bob", "", NULL);
	tells("sub and client", "\"sub\":\"bob\",\"client_id\":\"c\"", "bob", "", "c");
	tells("sub and azp", "\"sub\":\"bob\",\"azp\":\"z\"", "bob", "", "z");
	tells("client_id before azp", "\"sub\":\"b\",\"azp\":\"z\",\"client_id\":\"c\"", "b", "",
	    "c");
	tells("client_id alone", "\"client_id\":\"c\"", "c", "", "c");
	tells("azp alone", "\"azp\":\"z\"", "z", "", "z");
	tells("UTF-8", "\"sub\":\"\xc3\xa9\"", "\xc3\xa9", "", NULL);
	tells("nobody", "", NULL, NULL, NULL);
	tells("sub empty", "\"sub\":\"\",\"client_id\":\"c\"", NULL, NULL, NULL);
	tells("sub null", "\"sub\":null,\"client_id\":\"c\"", NULL, NULL, NULL);
	tells("sub a number", "\"sub\":1", NULL, NULL, NULL);
	tells("sub an array", "\"sub\":[\"bob\"]", NULL, NULL, NULL);
	tells("sub with a newline", "\"sub\":\"bob\\nalice\"", NULL, NULL, NULL);
	tells("sub with a NUL", "\"sub\":\"alice\\u0000\"", NULL, NULL, NULL);
	tells("sub with DEL", "\"sub\":\"alice\\u007f\"", NULL, NULL, NULL);
	tells("two subs", "\"sub\":\"bob\",\"sub\":\"alice\"", NULL, NULL, NULL);
	tells("client_id a number", "\"sub\":\"bob\",\"client_id\":1", NULL, NULL, NULL);
	tells("azp empty", "\"sub\":\"bob\",\"azp\":\"\"", NULL, NULL, NULL);
	memset(name, 'n', sizeof name);
	name[LIMIT_CALLER] = '\0';
	snprintf(text, sizeof text, "\"sub\":\"%s\"", name);
	tells("sub of full length", text, name, "", NULL);
	name[LIMIT_CALLER] = 'n';
	name[LIMIT_CALLER + 1] = '\0';
	snprintf(text, sizeof text, "\"sub\":\"%s\"", name);
	tells("sub too long", text, NULL, NULL, NULL);
	tells("scope", "\"sub\":\"b\",\"scope\":\"a b\"", "b", "a b", NULL);
	tells("scope empty", "\"sub\":\"b\",\"scope\":\"\"", "b", "", NULL);
	tells("scope an array", "\"sub\":\"b\",\"scope\":[\"a\",\"b\"]", "b", "a b", NULL);
	tells("scope an empty array", "\"sub\":\"b\",\"scope\":[]", "b", "", NULL);
	tells("scp", "\"sub\":\"b\",\"scp\":[\"a\",\"b\"]", "b", "a b", NULL);
	tells("scp a string", "\"sub\":\"b\",\"scp\":\"a b\"", "b", "a b", NULL);
	tells("scope before scp", "\"sub\":\"b\",\"scp\":[\"x\"],\"scope\":\"a\"", "b", "a", NULL);
	tells("two in one", "\"sub\":\"b\",\"scp\":[\"a b\"]", NULL, NULL, NULL);
	tells("an empty name", "\"sub\":\"b\",\"scp\":[\"\"]", NULL, NULL, NULL);
	tells("a number among them", "\"sub\":\"b\",\"scp\":[\"a\",1]", NULL, NULL, NULL);
	tells("scope a number", "\"sub\":\"b\",\"scope\":1", NULL, NULL, NULL);
	tells("scope null", "\"sub\":\"b\",\"scope\":null", NULL, NULL, NULL);
	tells("scope with a tab", "\"sub\":\"b\",\"scope\":\"a\\tb\"", NULL, NULL, NULL);
	tells("scope with a NUL", "\"sub\":\"b\",\"scope\":\"a\\u0000b\"", NULL, NULL, NULL);
	claims("no object", JWT_FALSE, "[]");
	claims("a string", JWT_FALSE, "\"x\"");
	claims("nothing", JWT_FALSE, "");
	claims("not JSON", JWT_FALSE, CLAIMS "x");
	claims("not UTF-8", JWT_FALSE, "{" BASE ",\"sub\":\"\xff\",\"exp\":1800000600}");
}

/* Put together of three texts, with anything between. */
static void
form(const char *what, const char *format, const char *a, const char *b, const char *c)
{
	struct buf token;

	buf_init(&token, JOSE_MAX);
	for (; *format != '\0'; format++)
		if (*format == 'A')
			buf_puts(&token, a);
		else if (*format == 'B')
			buf_puts(&token, b);
		else if (*format == 'C')
			buf_puts(&token, c);
		else
			buf_putc(&token, *format);
	expect(what, JWT_FALSE, token.data == NULL ? "" : token.data);
	buf_finish(&token);
}

static void
run_forms(void)
{
	static const char *const forms[] = {
		"", ".", "..", "...", "A", "A.", "A.B", "A.B.", "A..C", ".B.C", "A.C", "B.C",
		"A.B.C.", "A.B.C.C", ".A.B.C", "A.B.C.C.C", "A..B.C", " A.B.C", "A.B.C ", "A.B.C\n",
		"\nA.B.C", "A .B.C", "A. B.C", "A.B .C", "A.B. C", "A.B.C=", "A.B.C==", "A=.B.C",
		"A==.B.C", "A.B=.C", "A.B==.C", "A\r\n.B.C", "A.B\n.C", "A.B.C\t", "A,B,C", "A.B,C",
		"A/.B.C", "A+.B.C", "A.B.C+", "A.B.C%3D", "Bearer A.B.C", "\"A.B.C\"", "A.B.CC",
		"AA.B.C", "A.BB.C", "B.A.C", "A.A.C", "{\"A\":1}", "A.B.CA", "A.B.CAA", "A.B.CAAA",
		"A.BAAAA.C", "AAAAA.B.C", "A.B.C\xc3\xa9", "A.B.C\x80",
	};
	char *a, *b, *c, *rest, *last;
	struct buf token;
	size_t i, len;

	jose_token(&token, keys[es].key, es, header_es, CLAIMS, strlen(CLAIMS));
	expect("good", JWT_GOOD, token.data);
	rest = strdup(token.data);
	a = strsep(&rest, ".");
	b = strsep(&rest, ".");
	c = rest;
	for (i = 0; i < sizeof forms / sizeof forms[0]; i++)
		form(forms[i], forms[i], a, b, c);
	/* 64 bytes are 86 letters; four bits of the last are left over and must be zero. */
	last = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	    c[strlen(c) - 1]);
	for (i = 1; i < 16; i++) {
		c[strlen(c) - 1] = last[i];
		form("trailing bits", "A.B.C", a, b, c);
	}
	free(a);
	for (len = 0; len < token.len; len++) {
		char kept = token.data[len];

		token.data[len] = '\0';
		expect("truncated", JWT_FALSE, token.data);
		token.data[len] = kept;
	}
	buf_finish(&token);
	buf_init(&token, JOSE_MAX);
	for (i = 0; i < 100 * 1024; i++)
		buf_putc(&token, 'A');
	expect("100 KB of letters", JWT_FALSE, token.data);
	memset(token.data, '.', token.len);
	expect("100 KB of dots", JWT_FALSE, token.data);
	buf_finish(&token);
}

/* A good token of 8192 bytes, and one of one more. */
static void
run_length(void)
{
	struct buf text, token;
	size_t pad;

	buf_init(&text, JOSE_MAX);
	for (pad = 5000; pad < 7000; pad++) {
		buf_reset(&text);
		buf_puts(&text, "{" BASE ",\"sub\":\"a\",\"exp\":1800000600,\"pad\":\"");
		while (text.len < pad)
			buf_putc(&text, 'x');
		buf_puts(&text, "\"}");
		if (strlen(header_es) * 4 / 3 + text.len * 4 / 3 + 90 < LIMIT_JWT - 8)
			continue;
		jose_token(&token, keys[es].key, es, header_es, text.data, text.len);
		expect("long", token.len <= LIMIT_JWT ? JWT_GOOD : JWT_FALSE, token.data);
		if (token.len > LIMIT_JWT)
			pad = 7000;
		buf_finish(&token);
	}
	buf_finish(&text);
}

/* Replace the signature of a good token. */
static void
with_signature(const char *what, enum signature_algorithm alg, const char *head, const void *sig,
    size_t len)
{
	struct buf token;

	jose_token(&token, keys[alg].key, alg, head, CLAIMS, strlen(CLAIMS));
	buf_truncate(&token, (size_t)(strrchr(token.data, '.') + 1 - token.data));
	jose_base64url(&token, sig, len);
	expect(what, JWT_FALSE, token.data);
	buf_finish(&token);
}

static void
run_signatures(void)
{
	uint8_t sig[256], zero[256] = { 0 };
	size_t len = sizeof sig;
	struct buf text, raw;
	EVP_MD_CTX *ctx;

	with_signature("r and s zero", es, header_es, zero, 64);
	with_signature("too short", es, header_es, zero, 63);
	with_signature("one byte", es, header_es, zero, 1);
	with_signature("EdDSA of zeros", SIGNATURE_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"eddsa\"}",
	    zero, 64);
	with_signature("RSA of zeros", SIGNATURE_RS256, "{\"alg\":\"RS256\",\"kid\":\"rs256\"}",
	    zero, 256);
	buf_init(&text, JOSE_MAX);
	buf_init(&raw, JOSE_MAX);
	jose_base64url(&text, header_es, strlen(header_es));
	buf_putc(&text, '.');
	jose_base64url(&text, CLAIMS, strlen(CLAIMS));
	ctx = EVP_MD_CTX_new();
	CHECK(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, keys[es].pkey) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, (const uint8_t *)text.data, text.len) == 1, "DER");
	EVP_MD_CTX_free(ctx);
	with_signature("in DER form", es, header_es, sig, len);
	CHECK(signature_sign(keys[es].key, es, text.data, text.len, &raw) == 0, "raw");
	buf_append(&raw, zero, 2);
	with_signature("zeros behind", es, header_es, raw.data, 66);
	with_signature("cut", es, header_es, raw.data, 63);
	memcpy(sig, raw.data, 64);
	memset(sig, 0, 32);
	with_signature("r zero", es, header_es, sig, 64);
	memcpy(sig, raw.data, 64);
	memset(sig + 32, 0, 32);
	with_signature("s zero", es, header_es, sig, 64);
	memcpy(sig, raw.data + 32, 32);
	memcpy(sig + 32, raw.data, 32);
	with_signature("r and s exchanged", es, header_es, sig, 64);
	buf_finish(&raw);
	buf_finish(&text);
}

static uint32_t
pseudo_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

/* One to four bytes changed, most of them to letters of base64url: none is accepted. */
static void
run_mutations(enum signature_algorithm alg, const char *head)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	struct buf token;
	struct jwt out;
	const char *why;
	char *copy;
	int i, k, accepted = 0, tried = 0;
	size_t at;

	jose_token(&token, keys[alg].key, alg, head, CLAIMS, strlen(CLAIMS));
	expect("unchanged", JWT_GOOD, token.data);
	for (i = 0; i < MUTATIONS; i++) {
		copy = strdup(token.data);
		for (k = (int)(pseudo_random() % 4); k >= 0; k--) {
			at = pseudo_random() % token.len;
			copy[at] = pseudo_random() % 8 == 0 ? (char)pseudo_random() :
			    letters[pseudo_random() % (sizeof letters - 1)];
		}
		if (strcmp(copy, token.data) != 0) {
			tried++;
			accepted += jwt_verify(&rules, set, copy, NOW, &out, &why) == JWT_GOOD;
			jwt_finish(&out);
		}
		free(copy);
	}
	CHECK(accepted == 0 && tried > MUTATIONS / 2, "%s: %d of %d", head, accepted, tried);
	buf_finish(&token);
}

/* Every allocation fails in turn: what is false is not accepted, what is good not called false. */
static void
run_starved(enum signature_algorithm alg, const char *head)
{
#ifdef STARVES
	enum jwt_verdict verdict;
	struct buf token;
	struct jwt out;
	const char *why;
	long n, total;
	int refused = 0;

	jose_token(&token, keys[alg].key, alg, head, CLAIMS, strlen(CLAIMS));
	expect("unhindered", JWT_GOOD, token.data);
	allocations = 0;
	verdict = jwt_verify(&rules, set, token.data, NOW, &out, &why);
	total = allocations;
	CHECK(verdict == JWT_GOOD && total > 10, "%ld", total);
	jwt_finish(&out);
	for (n = 1; n <= total; n++) {
		why = "";
		allocations = 0;
		fail_at = n;
		verdict = jwt_verify(&rules, set, token.data, NOW, &out, &why);
		fail_at = 0;
		CHECK(verdict == JWT_NO_MEMORY || verdict == JWT_GOOD, "%s: allocation %ld: %d %s",
		    head, n, verdict, why);
		refused += verdict == JWT_NO_MEMORY;
		jwt_finish(&out);
	}
	CHECK(refused > 0, "%s: %d of %ld", head, refused, total);
	token.data[token.len - 5] ^= 1;
	for (n = 1; n <= total; n++) {
		allocations = 0;
		fail_at = n;
		verdict = jwt_verify(&rules, set, token.data, NOW, &out, &why);
		fail_at = 0;
		CHECK(verdict != JWT_GOOD, "%s: allocation %ld: accepted", head, n);
		jwt_finish(&out);
	}
	buf_finish(&token);
#else
	(void)allocations;
	(void)fail_at;
	(void)fail_on;
	(void)alg;
	(void)head;
#endif
}

static void
run_starved_set(const char *text, size_t len)
{
#ifdef STARVES
	struct jwk_set *made;
	char why[256];
	long n, total;

	allocations = 0;
	made = jwk_set_parse(text, len, why, sizeof why);
	total = allocations;
	CHECK(made != NULL && total > 50, "%ld", total);
	jwk_set_destroy(made);
	for (n = 1; n <= total; n++) {
		allocations = 0;
		fail_at = n;
		made = jwk_set_parse(text, len, why, sizeof why);
		fail_at = 0;
		CHECK(made == NULL ? strcmp(why, "out of memory") == 0 :
		    jwk_set_count(made) == SIGNATURE_ALGORITHMS, "allocation %ld: %d %s", n,
		    made == NULL ? -1 : jwk_set_count(made), why);
		jwk_set_destroy(made);
	}
#else
	(void)text;
	(void)len;
#endif
}

static void
measure(enum signature_algorithm alg, const char *head)
{
	struct timespec a, b;
	struct buf token;
	struct jwt out;
	const char *why;
	int i, n = 2000;

	jose_token(&token, keys[alg].key, alg, head, CLAIMS, strlen(CLAIMS));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (i = 0; i < n; i++) {
		jwt_verify(&rules, set, token.data, NOW, &out, &why);
		jwt_finish(&out);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	printf("%s: %.1f us a token\n", signature_name(alg),
	    ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 1e3 / n);
	buf_finish(&token);
}

int
main(int argc, char **argv)
{
	static const char *const kids[] = { "rs256", "ps256", "es256", "es384", "eddsa" };
	char why[256] = "", head[64];
	struct buf text;
	int i, k;

	(void)argv;
	buf_init(&text, JOSE_MAX);
	buf_puts(&text, "{\"keys\":[");
	for (i = 0; i < SIGNATURE_ALGORITHMS; i++) {
		jose_make(&keys[i], (enum signature_algorithm)i);
		buf_printf(&text, "%s{%s,\"kid\":\"%s\"}", i == 0 ? "" : ",", keys[i].members.data,
		    kids[i]);
	}
	buf_puts(&text, "]}");
	set = jwk_set_parse(text.data, text.len, why, sizeof why);
	CHECK(set != NULL, "%s", why);
	if (set == NULL)
		return check_done();
	run_good();
	run_header();
	run_kid();
	run_confusion();
	run_issuer();
	run_audience();
	run_times();
	run_names();
	run_forms();
	run_length();
	run_signatures();
	run_mutations(SIGNATURE_ES256, header_es);
	run_mutations(SIGNATURE_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"eddsa\"}");
	for (i = 0; i < SIGNATURE_ALGORITHMS; i++) {
		snprintf(head, sizeof head, "{\"alg\":\"%s\",\"kid\":\"%s\"}",
		    signature_name((enum signature_algorithm)i), kids[i]);
		for (k = 0; k < 2; k++) {
			fail_on = k == 1;
			run_starved((enum signature_algorithm)i, head);
		}
		if (argc > 1)
			measure((enum signature_algorithm)i, head);
	}
	run_starved_set(text.data, text.len);
	fail_on = false;
	run_starved_set(text.data, text.len);
#ifndef STARVES
	SKIP("failing allocations: the sanitizer has malloc() to itself");
#endif
	buf_finish(&text);
	jwk_set_destroy(set);
	for (i = 0; i < SIGNATURE_ALGORITHMS; i++)
		jose_drop(&keys[i]);
	return check_done();
}
