/* SPDX-License-Identifier: MIT */
/*
 * jose.h - keys, JWK sets and tokens for the tests of signatures, made by OpenSSL on the spot.
 */
#ifndef TESTS_UNIT_JOSE_H
#define TESTS_UNIT_JOSE_H

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/signature.h"

#define JOSE_MAX	(1024 * 1024)

struct jose_key {
	EVP_PKEY		*pkey;
	struct signature_key	*key;		/* signs */
	struct buf		 pem;
	struct buf		 members;	/* "kty" and its numbers, as in a JWK */
};

static inline void
jose_base64url(struct buf *out, const void *data, size_t len)
{
	if (base64url_encode(out, data, len) == -1)
		abort();
}

static inline void
jose_number(struct buf *out, EVP_PKEY *pkey, const char *name, int width)
{
	uint8_t bytes[2048];
	BIGNUM *n = NULL;

	if (EVP_PKEY_get_bn_param(pkey, name, &n) != 1)
		abort();
	if (width == 0)
		width = BN_num_bytes(n);
	if (BN_bn2binpad(n, bytes, width) != width)
		abort();
	jose_base64url(out, bytes, (size_t)width);
	BN_free(n);
}

static inline void
jose_members(struct jose_key *k)
{
	uint8_t x[32];
	size_t len = sizeof x;
	int field;

	buf_init(&k->members, JOSE_MAX);
	switch (EVP_PKEY_get_base_id(k->pkey)) {
	case EVP_PKEY_RSA:
		buf_puts(&k->members, "\"kty\":\"RSA\",\"n\":\"");
		jose_number(&k->members, k->pkey, OSSL_PKEY_PARAM_RSA_N, 0);
		buf_puts(&k->members, "\",\"e\":\"");
		jose_number(&k->members, k->pkey, OSSL_PKEY_PARAM_RSA_E, 0);
		break;
	case EVP_PKEY_EC:
		field = (EVP_PKEY_get_bits(k->pkey) + 7) / 8;
		buf_printf(&k->members, "\"kty\":\"EC\",\"crv\":\"P-%d\",\"x\":\"",
		    EVP_PKEY_get_bits(k->pkey));
		jose_number(&k->members, k->pkey, OSSL_PKEY_PARAM_EC_PUB_X, field);
		buf_puts(&k->members, "\",\"y\":\"");
		jose_number(&k->members, k->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, field);
		break;
	default:
		if (EVP_PKEY_get_raw_public_key(k->pkey, x, &len) != 1)
			abort();
		buf_puts(&k->members, "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
		jose_base64url(&k->members, x, len);
	}
	buf_puts(&k->members, "\"");
}

static inline void
jose_pem(struct buf *out, EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	buf_init(out, JOSE_MAX);
	if (bio == NULL || PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1)
		abort();
	len = BIO_get_mem_data(bio, &text);
	buf_append(out, text, (size_t)len);
	BIO_free(bio);
}

/* A new key for an algorithm. */
static inline void
jose_make(struct jose_key *k, enum signature_algorithm alg)
{
	char why[256] = "";

	memset(k, 0, sizeof *k);
	switch (alg) {
	case SIGNATURE_ES256:
		k->pkey = EVP_EC_gen("P-256");
		break;
	case SIGNATURE_ES384:
		k->pkey = EVP_EC_gen("P-384");
		break;
	case SIGNATURE_EDDSA:
		k->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	default:
		k->pkey = EVP_RSA_gen(2048);
	}
	if (k->pkey == NULL)
		abort();
	jose_pem(&k->pem, k->pkey);
	jose_members(k);
	k->key = signature_key_pem(k->pem.data, why, sizeof why);
	if (k->key == NULL) {
		puts(why);
		abort();
	}
}

static inline void
jose_drop(struct jose_key *k)
{
	EVP_PKEY_free(k->pkey);
	signature_key_destroy(k->key);
	buf_finish(&k->pem);
	buf_finish(&k->members);
}

/* Put a token together of header and payload as they are, signed by `key`. */
static inline void
jose_token(struct buf *out, const struct signature_key *key, enum signature_algorithm alg,
    const char *header, const void *payload, size_t len)
{
	struct buf sig;

	buf_init(out, JOSE_MAX);
	buf_init(&sig, SIGNATURE_MAX);
	jose_base64url(out, header, strlen(header));
	buf_putc(out, '.');
	jose_base64url(out, payload, len);
	if (signature_sign(key, alg, out->data, out->len, &sig) == -1)
		abort();
	buf_putc(out, '.');
	jose_base64url(out, sig.data, sig.len);
	buf_finish(&sig);
}

#endif
