/* SPDX-License-Identifier: MIT */
/*
 * signature.c - OpenSSL's EVP_PKEY behind what JOSE asks of it; see signature.h.
 *
 * A caller must be able to tell a bad signature from a bad moment, but OpenSSL does not say always
 * that memory was short. So a refusal is believed only with the reason that belongs to it in the
 * queue of errors, and where there is none for it (ECDSA, EdDSA) only if it comes twice.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/buf.h"
#include "base/signature.h"

#define RSA_BITS_MIN	2048
#define RSA_BITS_MAX	8192	/* by the largest e a check takes 0.6 ms; at 32768 bits 9 */
#define EXPONENT_MAX	4	/* bytes of an RSA exponent; 65537 is what is used */
#define FIELD_MAX	48	/* bytes of a coordinate on P-384 */
#define ED25519_KEY	32
#define ED25519_SIG	64

/* What became of a try: it was good, or the queue of errors tells what OpenSSL says it failed for:
 * nothing, a reason of the library in question, no memory. */
enum told { GOOD, NOTHING, REASON, MEMORY };

enum kind { RSA_KEY, P256_KEY, P384_KEY, ED25519_PAIR };

struct signature_key {
	EVP_PKEY	*pkey;
	enum kind	 kind;
	size_t		 siglen;	/* bytes of every signature by it */
	bool		 secret;	/* it can sign */
};

struct curve {
	const char	*name;		/* in a JWK */
	const char	*group;		/* in OpenSSL */
	enum kind	 kind;
	size_t		 field;		/* bytes of a coordinate */
};

static const struct {
	const char	*name;
	enum kind	 kind;
} algorithms[SIGNATURE_ALGORITHMS] = {
	[SIGNATURE_RS256] = { "RS256", RSA_KEY },
	[SIGNATURE_PS256] = { "PS256", RSA_KEY },
	[SIGNATURE_ES256] = { "ES256", P256_KEY },
	[SIGNATURE_ES384] = { "ES384", P384_KEY },
	[SIGNATURE_EDDSA] = { "EdDSA", ED25519_PAIR },
};

static const struct curve curves[] = {
	{ "P-256", "prime256v1", P256_KEY, 32 },
	{ "P-384", "secp384r1", P384_KEY, 48 },
};
#define CURVES	(sizeof curves / sizeof curves[0])

static struct signature_key *key_create(EVP_PKEY *, enum kind, size_t, bool);
static int	 rsa_check(const uint8_t *, size_t, const uint8_t *, size_t);
static struct signature_key *pem_rsa(EVP_PKEY *, const char **);
static struct signature_key *pem_ec(EVP_PKEY *, const char **);
static uint8_t	*ecdsa_der(const uint8_t *, size_t, size_t *);
static int	 ecdsa_raw(const uint8_t *, size_t, size_t, struct buf *);
static enum told check(const struct signature_key *, enum signature_algorithm, const void *, size_t,
	    const void *, size_t);

const char *
signature_name(enum signature_algorithm alg)
{
	return (unsigned)alg < SIGNATURE_ALGORITHMS ? algorithms[alg].name : "none";
}

enum signature_algorithm
signature_find(const char *name)
{
	int i;

	for (i = 0; i < SIGNATURE_ALGORITHMS; i++)
		if (name != NULL && strcmp(name, algorithms[i].name) == 0)
			break;
	return (enum signature_algorithm)i;
}

/* Empty OpenSSL's queue of errors, and say what was in it. */
static enum told
queue_read(int library)
{
	enum told told = NOTHING;
	unsigned long error;

	while ((error = ERR_get_error()) != 0) {
		if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
			told = MEMORY;
		else if (told == NOTHING && ERR_GET_LIB(error) == library &&
		    (ERR_GET_REASON(error) & ERR_RFLAG_COMMON) == 0)
			told = REASON;
	}
	return told;
}

/* What a maker of keys returns that made none. */
static struct signature_key *
no_key(bool memory)
{
	ERR_clear_error();
	errno = memory ? ENOMEM : EINVAL;
	return NULL;
}

/* Wrap a key of OpenSSL's, which is taken over or freed. */
static struct signature_key *
key_create(EVP_PKEY *pkey, enum kind kind, size_t siglen, bool secret)
{
	struct signature_key *key = calloc(1, sizeof *key);

	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return no_key(true);
	}
	key->pkey = pkey;
	key->kind = kind;
	key->siglen = siglen;
	key->secret = secret;
	ERR_clear_error();
	return key;
}

/* A public key of the kind `type` with `params`, which are freed; NULL if they make none. */
static EVP_PKEY *
pkey_create(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *pkey = NULL;

	ctx = params == NULL ? NULL : EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static void
strip(const uint8_t **number, size_t *len)
{
	while (*len > 0 && **number == 0) {
		(*number)++;
		(*len)--;
	}
}

/*
 * Whether a modulus has the mark of CVE-2017-15361: primes of that generator are k * M + 65537^a
 * mod M, with M the product of the first primes, so that the modulus is a power of 65537 modulo
 * each of them. Of moduli by others one in 2^27 is. A modulus with a factor that small passes for
 * marked, too: nobody should use it either.
 */
static bool
modulus_is_marked(const uint8_t *n, size_t nlen)
{
	static const uint8_t primes[] = {
		3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79,
		83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
	};
	bool marked = true, power;
	unsigned p, rest, value;
	size_t i, k;

	for (i = 0; i < sizeof primes; i++) {
		p = primes[i];
		for (rest = 0, k = 0; k < nlen; k++)
			rest = (rest << 8 | n[k]) % p;
		if (rest == 0)
			return true;
		power = false;
		value = 1;
		do {
			power |= value == rest;
			value = value * (65537 % p) % p;
		} while (value != 1);
		marked &= power;
	}
	return marked;
}

/* Whether these numbers, without zeros in front, are a key to rely on. 0 or -1. */
static int
rsa_check(const uint8_t *n, size_t nlen, const uint8_t *e, size_t elen)
{
	size_t bits = nlen * 8;
	uint8_t top;

	if (nlen == 0 || elen == 0 || elen > EXPONENT_MAX || (e[elen - 1] & 1) == 0 ||
	    (elen == 1 && e[0] < 3))
		return -1;
	for (top = n[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
		bits--;
	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX || (n[nlen - 1] & 1) == 0)
		return -1;
	return modulus_is_marked(n, nlen) ? -1 : 0;
}

struct signature_key *
signature_key_rsa(const uint8_t *n, size_t nlen, const uint8_t *e, size_t elen)
{
	OSSL_PARAM_BLD *build;
	OSSL_PARAM *params = NULL;
	BIGNUM *modulus, *exponent;
	EVP_PKEY *pkey;

	strip(&n, &nlen);
	strip(&e, &elen);
	if (rsa_check(n, nlen, e, elen) == -1)
		return no_key(false);
	build = OSSL_PARAM_BLD_new();
	modulus = BN_bin2bn(n, (int)nlen, NULL);
	exponent = BN_bin2bn(e, (int)elen, NULL);
	if (build != NULL && modulus != NULL && exponent != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	pkey = pkey_create("RSA", params);
	OSSL_PARAM_BLD_free(build);
	BN_free(modulus);
	BN_free(exponent);
	/* OpenSSL has no objections of its own. */
	return pkey == NULL ? no_key(true) : key_create(pkey, RSA_KEY, nlen, false);
}

/* Whether the point of a key is on its curve: on one of prime order that is all there is to it. */
static bool
point_is_good(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool good = ctx != NULL && EVP_PKEY_public_check_quick(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

struct signature_key *
signature_key_ec(const char *curve, const uint8_t *x, size_t xlen, const uint8_t *y, size_t ylen)
{
	uint8_t point[1 + 2 * FIELD_MAX];
	const struct curve *c = NULL;
	OSSL_PARAM_BLD *build;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey;
	size_t i;

	for (i = 0; i < CURVES; i++)
		if (strcmp(curve, curves[i].name) == 0)
			c = &curves[i];
	if (c == NULL || xlen != c->field || ylen != c->field)
		return no_key(false);
	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1, x, xlen);
	memcpy(point + 1 + xlen, y, ylen);
	build = OSSL_PARAM_BLD_new();
	if (build != NULL && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
	    c->group, 0) == 1 && OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
	    point, 1 + xlen + ylen) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	OSSL_PARAM_BLD_free(build);
	if (params == NULL)
		return no_key(true);
	pkey = pkey_create("EC", params);
	if (pkey == NULL || !point_is_good(pkey)) {
		EVP_PKEY_free(pkey);
		return no_key(queue_read(ERR_LIB_EC) != REASON);
	}
	return key_create(pkey, c->kind, 2 * c->field, false);
}

/*
 * Whether a public key of Ed25519 is not written in the one way there is, or has small order: with
 * such a one there are signatures that fit to every message.
 */
static bool
ed25519_is_weak(const uint8_t x[ED25519_KEY])
{
	/* y of the points of order 1, 2, 4 and 8, little-endian, without the sign of x. */
	static const uint8_t small[][ED25519_KEY] = {
		{ 0 }, { 1 },
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2,
		    0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38,
		    0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d,
		    0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7,
		    0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	};
	uint8_t y[ED25519_KEY];
	size_t i;

	memcpy(y, x, sizeof y);
	y[ED25519_KEY - 1] &= 0x7f;
	for (i = 0; i < sizeof small / sizeof small[0]; i++)
		if (memcmp(y, small[i], sizeof y) == 0)
			return true;
	/* 2^255 - 19 and up to 2^255 - 1 stand for 0 to 18. */
	for (i = 1; i < ED25519_KEY - 1; i++)
		if (y[i] != 0xff)
			return false;
	return y[0] >= 0xed && y[ED25519_KEY - 1] == 0x7f;
}

struct signature_key *
signature_key_ed25519(const uint8_t *x, size_t len)
{
	EVP_PKEY *pkey;

	if (len != ED25519_KEY || ed25519_is_weak(x))
		return no_key(false);
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, len);
	return pkey == NULL ? no_key(true) : key_create(pkey, ED25519_PAIR, ED25519_SIG, false);
}

/* There is nobody to ask for a passphrase, and OpenSSL must not ask at the terminal. */
static int
no_passphrase(char *out, int size, int writing, void *context)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static struct signature_key *
pem_rsa(EVP_PKEY *pkey, const char **why)
{
	uint8_t n[SIGNATURE_MAX], e[EXPONENT_MAX];
	BIGNUM *modulus = NULL, *exponent = NULL;
	size_t nlen = 0;
	bool good;

	good = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
	    BN_num_bytes(modulus) <= (int)sizeof n && BN_num_bytes(exponent) <= (int)sizeof e;
	if (good) {
		nlen = (size_t)BN_bn2bin(modulus, n);
		good = rsa_check(n, nlen, e, (size_t)BN_bn2bin(exponent, e)) == 0;
	}
	BN_free(modulus);
	BN_free(exponent);
	if (good)
		return key_create(pkey, RSA_KEY, nlen, true);
	*why = "it is an RSA key that is weak or not of 2048 to 8192 bits; make a new one";
	EVP_PKEY_free(pkey);
	return no_key(false);
}

static struct signature_key *
pem_ec(EVP_PKEY *pkey, const char **why)
{
	char group[64];
	size_t i;

	if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1)
		for (i = 0; i < CURVES; i++)
			if (strcmp(group, curves[i].group) == 0)
				return key_create(pkey, curves[i].kind, 2 * curves[i].field, true);
	*why = "it is an EC key on a curve that is not P-256 or P-384";
	EVP_PKEY_free(pkey);
	return no_key(false);
}

/* Whether what a key signs, it verifies: its halves belong together. 1, 0, or -1: no memory. */
static int
pair_check(const struct signature_key *key)
{
	static const char data[] = "to be signed";
	struct buf sig;
	int i, result = -1;

	for (i = 0; i < SIGNATURE_ALGORITHMS && algorithms[i].kind != key->kind; i++)
		;
	buf_init(&sig, SIGNATURE_MAX);
	if (signature_sign(key, (enum signature_algorithm)i, data, sizeof data, &sig) == 0)
		result = signature_check(key, (enum signature_algorithm)i, data, sizeof data,
		    sig.data, sig.len);
	buf_finish(&sig);
	return result;
}

struct signature_key *
signature_key_pem(const char *text, char *why, size_t whylen)
{
	struct signature_key *key = NULL;
	const char *reason = "it is not an unencrypted private key in PEM form";
	EVP_PKEY *pkey;
	BIO *bio;

	bio = BIO_new_mem_buf(text, -1);
	pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	if (pkey == NULL)
		no_key(queue_read(ERR_LIB_NONE) == MEMORY);
	else if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
		key = pem_rsa(pkey, &reason);
	else if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC)
		key = pem_ec(pkey, &reason);
	else if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519)
		key = key_create(pkey, ED25519_PAIR, ED25519_SIG, true);
	else {
		EVP_PKEY_free(pkey);
		reason = "it is a private key that is not RSA, EC or Ed25519";
		no_key(false);
	}
	if (key != NULL && pair_check(key) != 1) {
		signature_key_destroy(key);
		key = NULL;
		reason = "its public half does not belong to its private half";
		no_key(false);
	}
	if (key == NULL)
		snprintf(why, whylen, "%s", errno == ENOMEM ? "out of memory" : reason);
	return key;
}

void
signature_key_destroy(struct signature_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

bool
signature_fits(const struct signature_key *key, enum signature_algorithm alg)
{
	return (unsigned)alg < SIGNATURE_ALGORITHMS && algorithms[alg].kind == key->kind;
}

static const EVP_MD *
digest(enum signature_algorithm alg)
{
	switch (alg) {
	case SIGNATURE_ES384:
		return EVP_sha384();
	case SIGNATURE_EDDSA:
		return NULL;
	default:
		return EVP_sha256();
	}
}

/* Set the padding of RSA. 0 or -1. */
static int
padding(EVP_PKEY_CTX *ctx, enum signature_algorithm alg)
{
	switch (alg) {
	case SIGNATURE_RS256:
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 ? 0 : -1;
	case SIGNATURE_PS256:
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1 ? 0 : -1;
	default:
		return 0;
	}
}

/* An ECDSA signature as OpenSSL takes it, of r and s. NULL: no memory. */
static uint8_t *
ecdsa_der(const uint8_t *sig, size_t siglen, size_t *len)
{
	int half = (int)(siglen / 2), n = -1;
	uint8_t *der = NULL;
	ECDSA_SIG *pair;
	BIGNUM *r, *s;

	pair = ECDSA_SIG_new();
	r = BN_bin2bn(sig, half, NULL);
	s = BN_bin2bn(sig + half, half, NULL);
	if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
	} else
		n = i2d_ECDSA_SIG(pair, &der);
	ECDSA_SIG_free(pair);
	if (n <= 0)
		return NULL;
	*len = (size_t)n;
	return der;
}

/* Append r and s, of `half` bytes each, of what OpenSSL makes. 0 or -1. */
static int
ecdsa_raw(const uint8_t *der, size_t len, size_t half, struct buf *out)
{
	uint8_t raw[2 * FIELD_MAX];
	const BIGNUM *r, *s;
	ECDSA_SIG *pair;
	int result = -1;

	pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
	if (pair == NULL)
		return -1;
	ECDSA_SIG_get0(pair, &r, &s);
	if (BN_bn2binpad(r, raw, (int)half) == (int)half &&
	    BN_bn2binpad(s, raw + half, (int)half) == (int)half)
		result = buf_append(out, raw, 2 * half);
	ECDSA_SIG_free(pair);
	return result;
}

/* Check a signature, that of ECDSA in DER. */
static enum told
check(const struct signature_key *key, enum signature_algorithm alg, const void *data, size_t len,
    const void *sig, size_t siglen)
{
	EVP_PKEY_CTX *pctx = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum told told = MEMORY;	/* all that can be before the signature is looked at */

	if (ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, &pctx, digest(alg), NULL, key->pkey) == 1 &&
	    padding(pctx, alg) == 0) {
		/* It is used once: no copy to go on with. */
		EVP_MD_CTX_set_flags(ctx, EVP_MD_CTX_FLAG_FINALISE);
		if (EVP_DigestVerify(ctx, sig, siglen, data, len) == 1)
			told = GOOD;
		else
			told = queue_read(key->kind == RSA_KEY ? ERR_LIB_RSA : ERR_LIB_EC);
	}
	EVP_MD_CTX_free(ctx);
	return told;
}

int
signature_check(const struct signature_key *key, enum signature_algorithm alg, const void *data,
    size_t len, const void *sig, size_t siglen)
{
	uint8_t *der = NULL;
	enum told told = MEMORY;

	/* The length is that of the key: a zero in front or behind makes another text of it. */
	if (!signature_fits(key, alg) || siglen != key->siglen)
		return 0;
	if (key->kind == P256_KEY || key->kind == P384_KEY)
		sig = der = ecdsa_der(sig, siglen, &siglen);
	if (sig != NULL)
		told = check(key, alg, data, len, sig, siglen);
	if (told == NOTHING && key->kind != RSA_KEY) {
		told = check(key, alg, data, len, sig, siglen);
		if (told == NOTHING)
			told = REASON;
	}
	OPENSSL_free(der);
	ERR_clear_error();
	return told == GOOD ? 1 : told == REASON ? 0 : -1;
}

bool
signature_verify(const struct signature_key *key, enum signature_algorithm alg, const void *data,
    size_t len, const void *sig, size_t siglen)
{
	return signature_check(key, alg, data, len, sig, siglen) == 1;
}

int
signature_sign(const struct signature_key *key, enum signature_algorithm alg, const void *data,
    size_t len, struct buf *out)
{
	uint8_t sig[SIGNATURE_MAX];
	EVP_PKEY_CTX *pctx = NULL;
	size_t siglen = sizeof sig;
	EVP_MD_CTX *ctx;
	int result = -1;

	if (!key->secret || !signature_fits(key, alg))
		return -1;
	ctx = EVP_MD_CTX_new();
	if (ctx != NULL &&
	    EVP_DigestSignInit(ctx, &pctx, digest(alg), NULL, key->pkey) == 1 &&
	    padding(pctx, alg) == 0 &&
	    EVP_DigestSign(ctx, sig, &siglen, data, len) == 1) {
		if (key->kind == P256_KEY || key->kind == P384_KEY)
			result = ecdsa_raw(sig, siglen, key->siglen / 2, out);
		else
			result = buf_append(out, sig, siglen);
	}
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return result;
}
