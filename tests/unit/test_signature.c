/* SPDX-License-Identifier: MIT */
/*
 * test_signature.c - base/signature: what it signs it verifies and nothing else; keys that are
 * weak, bad or of another kind; the forms of a signature that others accept.
 *
 * With an argument it measures one check of each algorithm.
 */
#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include <openssl/param_build.h>

#include "check.h"
#include "jose.h"

static struct jose_key	keys[SIGNATURE_ALGORITHMS];
static const char	text[] = "the text that is signed";

static bool
queue_is_empty(void)
{
	return ERR_peek_error() == 0;
}

static void
sign(enum signature_algorithm alg, struct buf *out)
{
	buf_init(out, SIGNATURE_MAX);
	CHECK(signature_sign(keys[alg].key, alg, text, sizeof text, out) == 0, "%s",
	    signature_name(alg));
	CHECK(queue_is_empty(), "%s", signature_name(alg));
}

static bool
verify(enum signature_algorithm alg, const void *sig, size_t len)
{
	bool good = signature_verify(keys[alg].key, alg, text, sizeof text, sig, len);

	CHECK(good || signature_check(keys[alg].key, alg, text, sizeof text, sig, len) == 0,
	    "%s: false, and it says so", signature_name(alg));
	CHECK(queue_is_empty(), "%s: the queue of errors", signature_name(alg));
	return good;
}

static void
run_names(void)
{
	static const char *const names[] = { "RS256", "PS256", "ES256", "ES384", "EdDSA" };
	static const char *const none[] = { "none", "None", "HS256", "RS384", "RS512", "PS384",
	    "ES512", "ES256K", "rs256", "RS256 ", "", "EDDSA", "Ed25519", "Ed448", "RS25" };
	size_t i;

	for (i = 0; i < SIGNATURE_ALGORITHMS; i++) {
		CHECK(signature_find(names[i]) == i, "%s", names[i]);
		CHECK(strcmp(signature_name((enum signature_algorithm)i), names[i]) == 0, "%s",
		    names[i]);
	}
	for (i = 0; i < sizeof none / sizeof none[0]; i++)
		CHECK(signature_find(none[i]) == SIGNATURE_ALGORITHMS, "%s", none[i]);
	CHECK(signature_find(NULL) == SIGNATURE_ALGORITHMS, "NULL");
	CHECK(strcmp(signature_name(SIGNATURE_ALGORITHMS), "none") == 0, "no name");
}

/* Every bit of a signature matters, every length, the text, the key and the algorithm. */
static void
run_round(enum signature_algorithm alg)
{
	struct buf sig, longer;
	struct jose_key other;
	size_t bit, len;
	int i;

	sign(alg, &sig);
	CHECK(verify(alg, sig.data, sig.len), "%s", signature_name(alg));
	for (bit = 0; bit < sig.len * 8; bit += alg < SIGNATURE_ES256 ? 7 : 1) {
		sig.data[bit / 8] ^= (char)(1u << bit % 8);
		CHECK(!verify(alg, sig.data, sig.len), "%s: bit %zu", signature_name(alg), bit);
		sig.data[bit / 8] ^= (char)(1u << bit % 8);
	}
	for (len = 0; len < sig.len; len++)
		CHECK(!verify(alg, sig.data, len), "%s: cut to %zu", signature_name(alg), len);
	buf_init(&longer, JOSE_MAX);
	buf_putc(&longer, '\0');
	buf_append(&longer, sig.data, sig.len);
	CHECK(!verify(alg, longer.data, longer.len), "%s: a zero in front", signature_name(alg));
	buf_putc(&longer, '\0');
	CHECK(!verify(alg, longer.data + 1, sig.len + 1), "%s: a zero behind",
	    signature_name(alg));
	buf_finish(&longer);
	CHECK(!signature_verify(keys[alg].key, alg, text, sizeof text - 1, sig.data, sig.len),
	    "%s: another text", signature_name(alg));
	CHECK(!signature_verify(keys[alg].key, alg, "", 0, sig.data, sig.len), "%s: no text",
	    signature_name(alg));
	for (i = 0; i < SIGNATURE_ALGORITHMS; i++)
		CHECK(i == (int)alg || !signature_verify(keys[alg].key,
		    (enum signature_algorithm)i, text, sizeof text, sig.data, sig.len),
		    "%s as %s", signature_name(alg), signature_name((enum signature_algorithm)i));
	CHECK(!signature_verify(keys[alg].key, SIGNATURE_ALGORITHMS, text, sizeof text, sig.data,
	    sig.len), "%s as none", signature_name(alg));
	jose_make(&other, alg);
	CHECK(!signature_verify(other.key, alg, text, sizeof text, sig.data, sig.len),
	    "%s: another key", signature_name(alg));
	jose_drop(&other);
	buf_finish(&sig);
}

static void
run_fits(void)
{
	static const char fits[SIGNATURE_ALGORITHMS][SIGNATURE_ALGORITHMS + 1] = {
		"11000", "11000", "00100", "00010", "00001",
	};
	struct buf out;
	int i, k;

	buf_init(&out, SIGNATURE_MAX);
	for (i = 0; i < SIGNATURE_ALGORITHMS; i++)
		for (k = 0; k < SIGNATURE_ALGORITHMS; k++) {
			CHECK(signature_fits(keys[i].key, (enum signature_algorithm)k) ==
			    (fits[i][k] == '1'), "%d %d", i, k);
			buf_reset(&out);
			CHECK((signature_sign(keys[i].key, (enum signature_algorithm)k, text,
			    sizeof text, &out) == 0) == (fits[i][k] == '1'), "%d %d", i, k);
		}
	CHECK(!signature_fits(keys[0].key, SIGNATURE_ALGORITHMS), "none");
	buf_finish(&out);
	buf_init(&out, 10);
	CHECK(signature_sign(keys[SIGNATURE_EDDSA].key, SIGNATURE_EDDSA, text, sizeof text,
	    &out) == -1, "no room");
	buf_finish(&out);
}

/* Sign with OpenSSL itself: other digests, paddings, salts. */
static size_t
sign_as(EVP_PKEY *pkey, const EVP_MD *md, int padding, int salt, uint8_t *out, size_t size)
{
	EVP_PKEY_CTX *pctx = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx == NULL || EVP_DigestSignInit(ctx, &pctx, md, NULL, pkey) != 1 ||
	    (padding != 0 && EVP_PKEY_CTX_set_rsa_padding(pctx, padding) != 1) ||
	    (salt != -9 && EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt) != 1) ||
	    EVP_DigestSign(ctx, out, &size, (const uint8_t *)text, sizeof text) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	return size;
}

static void
run_forms(void)
{
	static const int salts[] = { 0, 16, 20, 31, 33, 64, RSA_PSS_SALTLEN_MAX };
	EVP_PKEY *rsa = keys[SIGNATURE_RS256].pkey, *ps = keys[SIGNATURE_PS256].pkey;
	uint8_t sig[SIGNATURE_MAX];
	size_t i, len;

	len = sign_as(rsa, EVP_sha256(), RSA_PKCS1_PADDING, -9, sig, sizeof sig);
	CHECK(verify(SIGNATURE_RS256, sig, len), "PKCS #1, SHA-256");
	len = sign_as(rsa, EVP_sha1(), RSA_PKCS1_PADDING, -9, sig, sizeof sig);
	CHECK(!verify(SIGNATURE_RS256, sig, len), "PKCS #1, SHA-1");
	len = sign_as(rsa, EVP_sha512(), RSA_PKCS1_PADDING, -9, sig, sizeof sig);
	CHECK(!verify(SIGNATURE_RS256, sig, len), "PKCS #1, SHA-512");
	len = sign_as(ps, EVP_sha256(), RSA_PKCS1_PSS_PADDING, 32, sig, sizeof sig);
	CHECK(verify(SIGNATURE_PS256, sig, len), "PSS, 32");
	for (i = 0; i < sizeof salts / sizeof salts[0]; i++) {
		len = sign_as(ps, EVP_sha256(), RSA_PKCS1_PSS_PADDING, salts[i], sig, sizeof sig);
		CHECK(!verify(SIGNATURE_PS256, sig, len), "PSS, salt of %d", salts[i]);
	}
	len = sign_as(ps, EVP_sha384(), RSA_PKCS1_PSS_PADDING, 32, sig, sizeof sig);
	CHECK(!verify(SIGNATURE_PS256, sig, len), "PSS, SHA-384");
	len = sign_as(keys[SIGNATURE_ES256].pkey, EVP_sha256(), 0, -9, sig, sizeof sig);
	CHECK(!verify(SIGNATURE_ES256, sig, len), "ES256 in DER");
	len = sign_as(keys[SIGNATURE_ES384].pkey, EVP_sha384(), 0, -9, sig, sizeof sig);
	CHECK(!verify(SIGNATURE_ES384, sig, len), "ES384 in DER");
	/* What s^e = s is for, and the like. */
	memset(sig, 0, sizeof sig);
	CHECK(!verify(SIGNATURE_RS256, sig, 256) && !verify(SIGNATURE_PS256, sig, 256), "zero");
	sig[255] = 1;
	CHECK(!verify(SIGNATURE_RS256, sig, 256) && !verify(SIGNATURE_PS256, sig, 256), "one");
	memset(sig, 0xff, sizeof sig);
	CHECK(!verify(SIGNATURE_RS256, sig, 256) && !verify(SIGNATURE_PS256, sig, 256), "ones");
}

/* CVE-2022-21449 and its like: r and s that are 0, 1, n, n - 1, n + 1, p. */
static void
run_psychic(void)
{
	static const char *const special[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000001",
		"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550",
		"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
		"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632552",
		"FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
		"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
	};
	uint8_t sig[96] = { 0 }, half[32];
	struct buf good;
	BIGNUM *n = NULL;
	size_t i, k, count = sizeof special / sizeof special[0];

	sign(SIGNATURE_ES256, &good);
	for (i = 0; i < count; i++) {
		BN_hex2bn(&n, special[i]);
		BN_bn2binpad(n, half, 32);
		for (k = 0; k < count; k++) {
			BN_hex2bn(&n, special[k]);
			memcpy(sig, half, 32);
			BN_bn2binpad(n, sig + 32, 32);
			CHECK(!verify(SIGNATURE_ES256, sig, 64), "r %zu, s %zu", i, k);
		}
		memcpy(sig, good.data, 64);
		memcpy(sig, half, 32);
		CHECK(!verify(SIGNATURE_ES256, sig, 64), "r %zu", i);
		memcpy(sig, good.data, 64);
		memcpy(sig + 32, half, 32);
		CHECK(!verify(SIGNATURE_ES256, sig, 64), "s %zu", i);
	}
	memset(sig, 0, sizeof sig);
	CHECK(!verify(SIGNATURE_ES384, sig, 96), "ES384 of zeros");
	CHECK(!verify(SIGNATURE_EDDSA, sig, 64), "EdDSA of zeros");
	BN_free(n);
	buf_finish(&good);
}

static void
bad(struct signature_key *key, const char *what)
{
	CHECK(key == NULL && errno == EINVAL, "%s", what);
	CHECK(queue_is_empty(), "%s: the queue of errors", what);
	signature_key_destroy(key);
}

static size_t
rsa_number(EVP_PKEY *pkey, const char *name, uint8_t *out)
{
	BIGNUM *n = NULL;
	size_t len;

	if (EVP_PKEY_get_bn_param(pkey, name, &n) != 1)
		abort();
	len = (size_t)BN_bn2bin(n, out);
	BN_free(n);
	return len;
}

/* A modulus of the form that the generator of ROCA makes: 65537^a mod M, times a number = 1 mod M. */
static size_t
roca(uint8_t *out)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *m = BN_new(), *r = BN_new(), *a = BN_new(), *k = BN_new();
	BIGNUM *e = BN_new();
	unsigned p, q, prime;
	size_t len;

	BN_one(m);
	for (p = 2; p <= 701; p++) {
		for (prime = 1, q = 2; q < p; q++)
			prime &= p % q != 0;
		if (prime)
			BN_mul_word(m, p);
	}
	BN_set_word(e, 65537);
	BN_set_word(a, 123456789);
	BN_mod_exp(r, e, a, m, ctx);
	BN_one(k);
	BN_lshift(k, k, 2047);
	BN_div(k, NULL, k, m, ctx);
	BN_add_word(k, 2);
	BN_mul(k, k, m, ctx);
	BN_add(r, r, k);
	len = (size_t)BN_bn2bin(r, out);
	BN_free(m);
	BN_free(r);
	BN_free(a);
	BN_free(k);
	BN_free(e);
	BN_CTX_free(ctx);
	return len;
}

static void
run_rsa_keys(void)
{
	static const uint8_t f4[] = { 1, 0, 1 }, e1[] = { 1 }, e2[] = { 2 }, e3[] = { 3 },
	    even[] = { 1, 0, 0 }, none[] = { 0 }, padded[] = { 0, 1, 0, 1 },
	    large[] = { 0xff, 0xff, 0xff, 0xfb }, huge[] = { 1, 0, 0, 0, 1 };
	uint8_t n[1200] = { 0 };
	struct signature_key *key;
	EVP_PKEY *small;
	size_t len;

	len = rsa_number(keys[SIGNATURE_RS256].pkey, OSSL_PKEY_PARAM_RSA_N, n + 1);
	CHECK(len == 256, "%zu", len);
	key = signature_key_rsa(n + 1, len, f4, sizeof f4);
	CHECK(key != NULL, "2048 bits");
	CHECK(signature_sign(key, SIGNATURE_RS256, text, sizeof text, NULL) == -1,
	    "a public key does not sign");
	signature_key_destroy(key);
	key = signature_key_rsa(n, len + 1, padded, sizeof padded);
	CHECK(key != NULL, "zeros in front");
	signature_key_destroy(key);
	key = signature_key_rsa(n + 1, len, e3, sizeof e3);
	CHECK(key != NULL, "e = 3");
	signature_key_destroy(key);
	key = signature_key_rsa(n + 1, len, large, sizeof large);
	CHECK(key != NULL, "e of 32 bits");
	signature_key_destroy(key);
	bad(signature_key_rsa(n + 1, len, e1, sizeof e1), "e = 1");
	bad(signature_key_rsa(n + 1, len, e2, sizeof e2), "e = 2");
	bad(signature_key_rsa(n + 1, len, even, sizeof even), "e even");
	bad(signature_key_rsa(n + 1, len, none, sizeof none), "e = 0");
	bad(signature_key_rsa(n + 1, len, none, 0), "no e");
	bad(signature_key_rsa(n + 1, len, huge, sizeof huge), "e of 33 bits");
	bad(signature_key_rsa(n + 1, len, n + 1, len), "e as long as n");
	bad(signature_key_rsa(n, 0, f4, sizeof f4), "no n");
	bad(signature_key_rsa(n, 1, f4, sizeof f4), "n = 0");
	n[256] ^= 1;
	bad(signature_key_rsa(n + 1, len, f4, sizeof f4), "n even");
	n[256] ^= 1;
	bad(signature_key_rsa(n + 1, len - 1, f4, sizeof f4), "2040 bits");
	n[1] = 0x7f;
	bad(signature_key_rsa(n + 1, len, f4, sizeof f4), "2047 bits");
	memset(n, 0xff, sizeof n);
	bad(signature_key_rsa(n, 1025, f4, sizeof f4), "8200 bits");
	bad(signature_key_rsa(n, 256, f4, sizeof f4), "2^2048 - 1, which 3 divides");
	len = roca(n);
	CHECK(len == 256, "%zu", len);
	bad(signature_key_rsa(n, len, f4, sizeof f4), "ROCA");
	small = EVP_RSA_gen(1024);
	len = rsa_number(small, OSSL_PKEY_PARAM_RSA_N, n);
	bad(signature_key_rsa(n, len, f4, sizeof f4), "1024 bits");
	EVP_PKEY_free(small);
}

/* Keys as OpenSSL makes them are not taken for marked ones. */
static void
run_many_rsa(void)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	struct signature_key *key;
	uint8_t n[256];
	EVP_PKEY *pkey;
	int i, good = 0;

	for (i = 0; i < 8; i++) {
		pkey = EVP_RSA_gen(2048);
		rsa_number(pkey, OSSL_PKEY_PARAM_RSA_N, n);
		key = signature_key_rsa(n, sizeof n, f4, sizeof f4);
		good += key != NULL;
		signature_key_destroy(key);
		EVP_PKEY_free(pkey);
	}
	CHECK(good == 8, "%d of 8", good);
}

static void
run_ec_keys(void)
{
	uint8_t x[49] = { 0 }, y[49] = { 0 };
	struct signature_key *key;
	size_t i;

	rsa_number(keys[SIGNATURE_ES256].pkey, OSSL_PKEY_PARAM_EC_PUB_X, x);
	rsa_number(keys[SIGNATURE_ES256].pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y);
	key = signature_key_ec("P-256", x, 32, y, 32);
	/* One key in 128 has a zero in front that rsa_number() leaves out. */
	if (x[31] != 0 && y[31] != 0) {
		CHECK(key != NULL, "P-256");
		bad(signature_key_ec("P-256", x, 32, x, 32), "y = x");
		y[31] ^= 1;
		bad(signature_key_ec("P-256", x, 32, y, 32), "off the curve");
		y[31] ^= 1;
	}
	signature_key_destroy(key);
	bad(signature_key_ec("P-256", x, 31, y, 32), "x of 31 bytes");
	bad(signature_key_ec("P-256", x, 32, y, 33), "y of 33 bytes");
	bad(signature_key_ec("P-256", x, 0, y, 0), "no point");
	bad(signature_key_ec("P-384", x, 32, y, 32), "another curve");
	bad(signature_key_ec("P-384", x, 48, y, 48), "off another curve");
	bad(signature_key_ec("P-521", x, 32, y, 32), "a curve that is not ours");
	bad(signature_key_ec("secp256k1", x, 32, y, 32), "the curve of coins");
	bad(signature_key_ec("prime256v1", x, 32, y, 32), "OpenSSL's name");
	bad(signature_key_ec("", x, 32, y, 32), "no curve");
	memset(x, 0, sizeof x);
	memset(y, 0, sizeof y);
	bad(signature_key_ec("P-256", x, 32, y, 32), "0, 0");
	for (i = 0; i < 49; i++)
		x[i] = y[i] = 0xff;
	bad(signature_key_ec("P-256", x, 32, y, 32), "beyond the field");
	rsa_number(keys[SIGNATURE_ES384].pkey, OSSL_PKEY_PARAM_EC_PUB_X, x);
	bad(signature_key_ec("P-256", x, 48, y, 48), "P-384 as P-256");
}

static void
run_ed25519_keys(void)
{
	static const char *const weak[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	};
	uint8_t x[33] = { 0 };
	struct signature_key *key;
	size_t i, k, len = 32;
	unsigned v;

	EVP_PKEY_get_raw_public_key(keys[SIGNATURE_EDDSA].pkey, x, &len);
	key = signature_key_ed25519(x, 32);
	CHECK(key != NULL, "Ed25519");
	signature_key_destroy(key);
	bad(signature_key_ed25519(x, 31), "31 bytes");
	bad(signature_key_ed25519(x, 33), "33 bytes");
	bad(signature_key_ed25519(x, 0), "no bytes");
	for (i = 0; i < sizeof weak / sizeof weak[0]; i++) {
		for (k = 0; k < 32; k++) {
			sscanf(weak[i] + 2 * k, "%2x", &v);
			x[k] = (uint8_t)v;
		}
		bad(signature_key_ed25519(x, 32), weak[i]);
	}
}

static void
pem_is_bad(const char *pem, const char *what, const char *part)
{
	char why[256] = "";
	struct signature_key *key = signature_key_pem(pem, why, sizeof why);

	CHECK(key == NULL && strstr(why, part) != NULL, "%s: %s", what, why);
	CHECK(queue_is_empty(), "%s: the queue of errors", what);
	signature_key_destroy(key);
}

static void
pem_of(EVP_PKEY *pkey, const char *what, const char *part)
{
	struct buf pem;

	jose_pem(&pem, pkey);
	pem_is_bad(pem.data, what, part);
	buf_finish(&pem);
	EVP_PKEY_free(pkey);
}

/* The private half of one key with the public half of another. */
static EVP_PKEY *
chimera(void)
{
	EVP_PKEY *a = EVP_EC_gen("P-256"), *out = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params;
	uint8_t point[65];
	BIGNUM *d = NULL;
	size_t len;

	EVP_PKEY_get_bn_param(a, OSSL_PKEY_PARAM_PRIV_KEY, &d);
	EVP_PKEY_get_octet_string_param(keys[SIGNATURE_ES256].pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
	    sizeof point, &len);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, len);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d);
	params = OSSL_PARAM_BLD_to_param(build);
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_KEYPAIR, params) != 1)
		abort();
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(a);
	BN_free(d);
	return out;
}

static void
run_pem(void)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, secret[] = "secret";
	struct buf copy;

	pem_is_bad("", "empty", "PEM");
	pem_is_bad("-----BEGIN PRIVATE KEY-----\n", "a beginning", "PEM");
	pem_is_bad("no key at all", "text", "PEM");
	pem_of(EVP_EC_gen("secp256k1"), "secp256k1", "curve");
	pem_of(EVP_EC_gen("P-521"), "P-521", "curve");
	pem_of(EVP_RSA_gen(1024), "RSA of 1024", "weak");
	pem_of(chimera(), "halves of two keys", "belong");
	pem_of(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), "X25519", "not RSA");
	pem_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), "Ed448", "not RSA");
	buf_init(&copy, JOSE_MAX);
	buf_append(&copy, keys[0].pem.data, keys[0].pem.len / 2);
	pem_is_bad(copy.data, "half", "PEM");
	buf_finish(&copy);
	PEM_write_bio_PUBKEY(bio, keys[0].pkey);
	BIO_write(bio, "", 1);
	BIO_get_mem_data(bio, &data);
	pem_is_bad(data, "public", "PEM");
	BIO_free(bio);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, keys[0].pkey, EVP_aes_128_cbc(), NULL, 0, NULL, secret);
	BIO_write(bio, "", 1);
	BIO_get_mem_data(bio, &data);
	pem_is_bad(data, "encrypted", "unencrypted");
	BIO_free(bio);
	signature_key_destroy(NULL);
}

static void
measure(enum signature_algorithm alg)
{
	struct timespec a, b;
	struct buf sig;
	double us;
	int i, n = 2000, good = 0;

	sign(alg, &sig);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (i = 0; i < n; i++)
		good += signature_verify(keys[alg].key, alg, text, sizeof text, sig.data, sig.len);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	us = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 1e3 / n;
	printf("%s: %.1f us, %d of %d\n", signature_name(alg), us, good, n);
	buf_finish(&sig);
}

int
main(int argc, char **argv)
{
	int i;

	(void)argv;
	for (i = 0; i < SIGNATURE_ALGORITHMS; i++)
		jose_make(&keys[i], (enum signature_algorithm)i);
	run_names();
	for (i = 0; i < SIGNATURE_ALGORITHMS; i++)
		run_round((enum signature_algorithm)i);
	run_fits();
	run_forms();
	run_psychic();
	run_rsa_keys();
	run_many_rsa();
	run_ec_keys();
	run_ed25519_keys();
	run_pem();
	for (i = 0; argc > 1 && i < SIGNATURE_ALGORITHMS; i++)
		measure((enum signature_algorithm)i);
	for (i = 0; i < SIGNATURE_ALGORITHMS; i++)
		jose_drop(&keys[i]);
	return check_done();
}
