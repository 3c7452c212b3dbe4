/* SPDX-License-Identifier: MIT */
/*
 * crypto.h - digest, HMAC and random; the one user of openssl/ outside TLS.
 *
 * `struct crypto_key` is the bridge's own key (state.key): the first half
 * signs, both halves verify, so that a key can be rotated across a fleet.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define CRYPTO_KEY	32	/* bytes of a key */
#define CRYPTO_DIGEST	32	/* bytes of a SHA-256 digest */
#define CRYPTO_HMAC	64	/* bytes of the longest HMAC */
#define CRYPTO_TAG	16	/* bytes of a truncated HMAC-SHA-256 (RFC 2104, section 5) */
#define CRYPTO_WRAP	28	/* bytes by which what is wrapped is longer: nonce and tag */

struct crypto_key {
	uint8_t	 secret[2][CRYPTO_KEY];	/* [0] signs; [0] and [1] verify */
	int	 count;			/* 1 or 2 */
};

/* Fill `out` with random bytes. 0, or -1 when the system has none to give. */
int	 crypto_random(void *out, size_t len);
/* SHA-256 of `data`. 0, or -1 (out of memory). */
int	 crypto_sha256(const void *data, size_t len, uint8_t out[CRYPTO_DIGEST]);
/* Whether two runs of bytes are the same; the time it takes says nothing of them. */
bool	 crypto_equal(const void *a, const void *b, size_t len);
/* Append bytes as hex digits, lower case. 0 or -1. */
int	 crypto_hex(struct buf *out, const uint8_t *data, size_t len);
/* The same at `out`, which takes 2 * `len` digits and a NUL. */
void	 crypto_hex_text(char *out, const uint8_t *data, size_t len);
/* Read `len` bytes from 2 * `len` hex digits, of either case. 0, or -1: they are none. */
int	 crypto_unhex(const char *s, uint8_t *out, size_t len);
/* A digest of that name, as of crypto_hmac(). */
size_t	 crypto_digest(const char *name, const void *data, size_t len, uint8_t out[CRYPTO_HMAC]);
/*
 * HMAC (RFC 2104) with "sha1", "sha256", "sha384" or "sha512" under a secret of any length.
 * The bytes of the result, or 0: another digest, or memory.
 */
size_t	 crypto_hmac(const char *digest, const void *secret, size_t secretlen, const void *data,
	    size_t len, uint8_t out[CRYPTO_HMAC]);
/* The tag of `data` under the signing key. 0 or -1. */
int	 crypto_sign(const struct crypto_key *key, const void *data, size_t len,
	    uint8_t out[CRYPTO_TAG]);
/* Whether `tag` was made of `data` by either key; constant time. */
bool	 crypto_verify(const struct crypto_key *key, const void *data, size_t len,
	    const uint8_t tag[CRYPTO_TAG]);
/*
 * Append `data`, encrypted and authenticated (AES-256-GCM under a key of its own that is made of
 * the signing key), bound to `place`; and back. Unwrapping tries both keys. 0, or -1: memory, or
 * bytes that nobody wrapped for this place.
 */
int	 crypto_wrap(const struct crypto_key *key, const uint8_t place[CRYPTO_DIGEST],
	    const void *data, size_t len, struct buf *out);
int	 crypto_unwrap(const struct crypto_key *key, const uint8_t place[CRYPTO_DIGEST],
	    const void *data, size_t len, struct buf *out);
/*
 * Read the key file: one or two lines of 64 hex digits, the first signs.
 * A file that is not there is made with mode 0600 and a random key; two
 * processes that start at once end with the same key.
 * 0, or -1 with a sentence that names the file in `why`.
 */
int	 crypto_key_load(struct crypto_key *key, const char *path, char *why, size_t whylen);
/* A key for this process and its children alone. 0 or -1. */
int	 crypto_key_random(struct crypto_key *key);

#endif
