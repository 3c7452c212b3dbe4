/* SPDX-License-Identifier: MIT */
/*
 * test_jwk.c - wire/jwk: which keys of a set are usable, which sets are refused, and which key is
 * found for a token.
 */
#include <stdbool.h>

#include "check.h"
#include "jose.h"

#include "base/limits.h"
#include "wire/jwk.h"

static struct jose_key	keys[SIGNATURE_ALGORITHMS];
static struct jose_key	more[2];	/* of ES256 */

static struct jwk_set *
parse(const char *text, char *why, size_t whylen)
{
	struct jwk_set *set;

	why[0] = '\0';
	set = jwk_set_parse(text, strlen(text), why, whylen);
	CHECK(ERR_peek_error() == 0, "the queue of errors: %s", text);
	CHECK((set == NULL) == (why[0] != '\0'), "a set or a sentence: %s", why);
	return set;
}

/* A set of `count` usable keys, or with 0 one that is refused and `part` in the sentence. */
static void
expect(const char *what, int count, const char *part, const char *text)
{
	char why[256];
	struct jwk_set *set = parse(text, why, sizeof why);

	if (count > 0)
		CHECK(set != NULL && jwk_set_count(set) == count, "%s: %d, %s", what,
		    set == NULL ? -1 : jwk_set_count(set), why);
	else
		CHECK(set == NULL && strstr(why, part) != NULL, "%s: %s", what, why);
	jwk_set_destroy(set);
}

/* The same for keys[alg] with other members beside a good key: is it usable? */
static void
one(const char *what, bool usable, enum signature_algorithm alg, const char *members)
{
	struct buf text;

	buf_init(&text, JOSE_MAX);
	buf_printf(&text, "{\"keys\":[{%s,\"kid\":\"good\"},{%s%s%s}]}", more[0].members.data,
	    alg == SIGNATURE_ALGORITHMS ? "" : keys[alg].members.data,
	    *members == '\0' || alg == SIGNATURE_ALGORITHMS ? "" : ",", members);
	expect(what, usable ? 2 : 1, NULL, text.data);
	buf_finish(&text);
}

static void
run_usable(void)
{
	const enum signature_algorithm none = SIGNATURE_ALGORITHMS;
	int i;

	for (i = 0; i < SIGNATURE_ALGORITHMS; i++) {
		one("bare", true, (enum signature_algorithm)i, "");
		one("named", true, (enum signature_algorithm)i, "\"kid\":\"a\",\"use\":\"sig\"");
	}
	one("alg", true, SIGNATURE_RS256, "\"alg\":\"RS256\"");
	one("PS256 for RSA", true, SIGNATURE_RS256, "\"alg\":\"PS256\"");
	one("alg", true, SIGNATURE_ES256, "\"alg\":\"ES256\"");
	one("alg", true, SIGNATURE_ES384, "\"alg\":\"ES384\"");
	one("alg", true, SIGNATURE_EDDSA, "\"alg\":\"EdDSA\"");
	one("key_ops", true, SIGNATURE_ES256, "\"key_ops\":[\"verify\"]");
	one("key_ops", true, SIGNATURE_ES256, "\"key_ops\":[\"sign\",\"verify\"]");
	one("members that nobody knows", true, SIGNATURE_ES256, "\"x5t\":\"a\",\"z\":[1,{}]");
	one("alg of another kind", false, SIGNATURE_RS256, "\"alg\":\"ES256\"");
	one("alg of another curve", false, SIGNATURE_ES256, "\"alg\":\"ES384\"");
	one("alg of another curve", false, SIGNATURE_ES384, "\"alg\":\"ES256\"");
	one("alg of another kind", false, SIGNATURE_EDDSA, "\"alg\":\"RS256\"");
	one("alg none", false, SIGNATURE_RS256, "\"alg\":\"none\"");
	one("HS256 with RSA numbers", false, SIGNATURE_RS256, "\"alg\":\"HS256\"");
	one("alg unknown", false, SIGNATURE_ES256, "\"alg\":\"ES521\"");
	one("RS512", false, SIGNATURE_RS256, "\"alg\":\"RS512\"");
	one("alg a number", false, SIGNATURE_RS256, "\"alg\":256");
	one("alg null", false, SIGNATURE_RS256, "\"alg\":null");
	one("alg in lower case", false, SIGNATURE_RS256, "\"alg\":\"rs256\"");
	one("use enc", false, SIGNATURE_RS256, "\"use\":\"enc\"");
	one("use a list", false, SIGNATURE_RS256, "\"use\":[\"sig\"]");
	one("use null", false, SIGNATURE_RS256, "\"use\":null");
	one("key_ops without verify", false, SIGNATURE_RS256, "\"key_ops\":[\"encrypt\"]");
	one("key_ops empty", false, SIGNATURE_RS256, "\"key_ops\":[]");
	one("key_ops a string", false, SIGNATURE_RS256, "\"key_ops\":\"verify\"");
	one("kid a number", false, SIGNATURE_RS256, "\"kid\":1");
	one("a private half", false, SIGNATURE_RS256, "\"d\":\"AQAB\"");
	one("empty", false, none, "");
	one("kty alone", false, none, "\"kty\":\"RSA\"");
	one("kty a number", false, none, "\"kty\":1");
	one("kty in lower case", false, none, "\"kty\":\"rsa\",\"n\":\"AQAB\",\"e\":\"AQAB\"");
	one("n short", false, none, "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"");
	one("n empty", false, none, "\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"");
	one("EC without curve", false, none, "\"kty\":\"EC\",\"x\":\"AQAB\",\"y\":\"AQAB\"");
	one("EC short", false, none,
	    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQAB\",\"y\":\"AQAB\"");
	one("secp256k1", false, none,
	    "\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AQAB\",\"y\":\"AQAB\"");
	one("X25519", false, none, "\"kty\":\"OKP\",\"crv\":\"X25519\","
	    "\"x\":\"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo\"");
	one("Ed448", false, none, "\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AQAB\"");
	one("Ed25519 of small order", false, none, "\"kty\":\"OKP\",\"crv\":\"Ed25519\","
	    "\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"");
	one("P-256, 0, 0", false, none, "\"kty\":\"EC\",\"crv\":\"P-256\","
	    "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
	    "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"");
	one("a future type", false, none, "\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AQAB\"");
}

/* One letter of a number changed: not base64url, or off the curve. */
static void
run_letters(void)
{
	static const char *const letters[] = { "+", "/", "=", " ", "\\n", "" };
	const char *members = keys[SIGNATURE_ES256].members.data, *x;
	struct buf text;
	size_t i;

	x = strstr(members, "\"x\":\"") + 5;
	for (i = 0; i < sizeof letters / sizeof letters[0]; i++) {
		buf_init(&text, JOSE_MAX);
		buf_append(&text, members, (size_t)(x - members));
		buf_puts(&text, letters[i]);
		buf_puts(&text, x + 1);
		one("a letter", false, SIGNATURE_ALGORITHMS, text.data);
		buf_finish(&text);
	}
	buf_init(&text, JOSE_MAX);
	buf_append(&text, members, (size_t)(x - members));
	buf_putc(&text, *x == 'A' ? 'B' : 'A');
	buf_puts(&text, x + 1);
	one("off the curve", false, SIGNATURE_ALGORITHMS, text.data);
	buf_finish(&text);
}

static void
run_refused(void)
{
	static const char oct[] = "{\"kty\":\"oct\",\"k\":\"AQAB\",\"kid\":\"s\"}";
	const char *a = more[0].members.data, *b = more[1].members.data;
	struct buf text;
	int i;

	expect("empty", 0, "not JSON", "");
	expect("cut", 0, "not JSON", "{\"keys\":[");
	expect("twice keys", 0, "not JSON", "{\"keys\":[],\"keys\":[]}");
	expect("an array", 0, "\"keys\"", "[]");
	expect("null", 0, "\"keys\"", "null");
	expect("an object", 0, "\"keys\"", "{}");
	expect("keys an object", 0, "\"keys\"", "{\"keys\":{}}");
	expect("no keys", 0, "no key", "{\"keys\":[]}");
	expect("no objects", 0, "no key", "{\"keys\":[1,null,\"a\",[]]}");
	buf_init(&text, JOSE_MAX);
	buf_printf(&text, "{%s}", a);
	expect("a key that is no set", 0, "\"keys\"", text.data);
	buf_reset(&text);
	buf_printf(&text, "{\"keys\":[%s]}", oct);
	expect("oct alone", 0, "no key", text.data);
	buf_reset(&text);
	buf_printf(&text, "{\"keys\":[%s,{%s}]}", oct, a);
	expect("oct before", 0, "mixes", text.data);
	buf_reset(&text);
	buf_printf(&text, "{\"keys\":[{%s},%s]}", a, oct);
	expect("oct behind", 0, "mixes", text.data);
	buf_reset(&text);
	buf_printf(&text, "{\"keys\":[{%s,\"kid\":\"k\"},{%s,\"kid\":\"k\"}]}", a, b);
	expect("one kid", 0, "same kid", text.data);
	buf_reset(&text);
	buf_printf(&text, "{\"keys\":[{%s,\"kid\":\"k\"},{%s,\"kid\":\"k\"}]}", a,
	    keys[SIGNATURE_RS256].members.data);
	expect("one kid of two kinds", 0, "same kid", text.data);
	buf_reset(&text);
	buf_printf(&text, "{\"keys\":[{%s,\"kid\":\"k\"},{%s,\"kid\":\"k\",\"use\":\"enc\"}]}", a,
	    b);
	expect("one kid, but one key is for encryption", 1, NULL, text.data);
	buf_reset(&text);
	buf_printf(&text, "{\"keys\":[{%s,\"kid\":\"k\"},{%s,\"kid\":\"K\"},{%s}]}", a, b, b);
	expect("three", 3, NULL, text.data);
	buf_reset(&text);
	buf_puts(&text, "{\"keys\":[");
	for (i = 0; i < LIMIT_JWK_KEYS; i++)
		buf_printf(&text, "%s{%s,\"kid\":\"%d\"}", i == 0 ? "" : ",", a, i);
	buf_puts(&text, "]}");
	expect("the most", LIMIT_JWK_KEYS, NULL, text.data);
	buf_truncate(&text, text.len - 2);
	buf_puts(&text, ",{}]}");
	expect("one more", 0, "more than", text.data);
	buf_finish(&text);
}

static void
found(const struct jwk_set *set, const char *kid, enum signature_algorithm alg, bool is_found,
    bool is_known)
{
	bool known = !is_known;
	const struct signature_key *key = jwk_set_find(set, kid, alg, &known);

	CHECK((key != NULL) == is_found && known == is_known, "%s, %s: %d %d",
	    kid == NULL ? "none" : kid, signature_name(alg), key != NULL, known);
	CHECK(key == NULL || signature_fits(key, alg), "%s", signature_name(alg));
}

static void
run_find(void)
{
	struct jwk_set *set;
	struct buf text;
	char why[256];

	buf_init(&text, JOSE_MAX);
	buf_printf(&text, "{\"keys\":[{%s,\"kid\":\"r\",\"alg\":\"RS256\"},{%s,\"kid\":\"any\"},"
	    "{%s,\"kid\":\"e\"},{%s},{%s},{%s,\"kid\":\"\"}]}", keys[SIGNATURE_RS256].members.data,
	    keys[SIGNATURE_PS256].members.data, keys[SIGNATURE_ES256].members.data,
	    more[0].members.data, keys[SIGNATURE_EDDSA].members.data,
	    keys[SIGNATURE_ES384].members.data);
	set = parse(text.data, why, sizeof why);
	if (set != NULL) {
		CHECK(jwk_set_count(set) == 6, "%d", jwk_set_count(set));
		found(set, "r", SIGNATURE_RS256, true, true);
		found(set, "r", SIGNATURE_PS256, false, true);	/* its alg forbids */
		found(set, "r", SIGNATURE_ES256, false, true);
		found(set, "any", SIGNATURE_RS256, true, true);
		found(set, "any", SIGNATURE_PS256, true, true);
		found(set, "any", SIGNATURE_EDDSA, false, true);
		found(set, "e", SIGNATURE_ES256, true, true);
		found(set, "e", SIGNATURE_ES384, false, true);
		found(set, "", SIGNATURE_ES384, true, true);
		found(set, "R", SIGNATURE_RS256, false, false);
		found(set, "r ", SIGNATURE_RS256, false, false);
		found(set, "an", SIGNATURE_RS256, false, false);
		found(set, NULL, SIGNATURE_RS256, false, true);	/* two fit */
		found(set, NULL, SIGNATURE_PS256, true, true);
		found(set, NULL, SIGNATURE_ES256, false, true);	/* two fit */
		found(set, NULL, SIGNATURE_ES384, true, true);
		found(set, NULL, SIGNATURE_EDDSA, true, true);
	}
	jwk_set_destroy(set);
	buf_finish(&text);
	jwk_set_destroy(NULL);
}

int
main(void)
{
	int i;

	for (i = 0; i < SIGNATURE_ALGORITHMS; i++)
		jose_make(&keys[i], (enum signature_algorithm)i);
	jose_make(&more[0], SIGNATURE_ES256);
	jose_make(&more[1], SIGNATURE_ES256);
	run_usable();
	run_letters();
	run_refused();
	run_find();
	for (i = 0; i < SIGNATURE_ALGORITHMS; i++)
		jose_drop(&keys[i]);
	jose_drop(&more[0]);
	jose_drop(&more[1]);
	return check_done();
}
