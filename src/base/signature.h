/* SPDX-License-Identifier: MIT */
/*
 * signature.h - public-key signatures as JOSE has them (RFC 7518, RFC 8037).
 *
 * A key is made of the numbers of a JWK, to verify, or of a PEM text, to sign too. What is known
 * to be weak is no key: an RSA modulus of less than 2048 bits, with a small factor or made by the
 * generator of CVE-2017-15361 (ROCA), an even or huge exponent or 1, a point that is not on its
 * curve, a point of small order. OpenSSL's queue of errors is left empty by every function.
 */
#ifndef BASE_SIGNATURE_H
#define BASE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct signature_key;

#define SIGNATURE_MAX	1024	/* bytes of the longest signature, that of 8192-bit RSA */

enum signature_algorithm {
	SIGNATURE_RS256,
	SIGNATURE_PS256,
	SIGNATURE_ES256,
	SIGNATURE_ES384,
	SIGNATURE_EDDSA,	/* Ed25519 alone */
	SIGNATURE_ALGORITHMS	/* their number; none of them */
};

/* The algorithm's name in JOSE: RS256, ... EdDSA. Static. */
const char *signature_name(enum signature_algorithm alg);
/* The algorithm of that name, exact case; SIGNATURE_ALGORITHMS if it is none of ours. */
enum signature_algorithm signature_find(const char *name);

/*
 * A public key. Numbers are big-endian; those of RSA may have zeros in front, those of EC have the
 * exact length of the curve's field; `curve` is P-256 or P-384. NULL with errno EINVAL: it is bad;
 * with ENOMEM: it may be good.
 */
struct signature_key *signature_key_rsa(const uint8_t *n, size_t nlen, const uint8_t *e,
	    size_t elen);
struct signature_key *signature_key_ec(const char *curve, const uint8_t *x, size_t xlen,
	    const uint8_t *y, size_t ylen);
struct signature_key *signature_key_ed25519(const uint8_t *x, size_t len);
/*
 * A private key, of a PEM text without a passphrase: RSA, EC on P-256 or P-384, Ed25519. It signs
 * and verifies. NULL with a sentence in `why` that tells nothing of the text.
 */
struct signature_key *signature_key_pem(const char *text, char *why, size_t whylen);
/* Free a key; NULL is fine. */
void	 signature_key_destroy(struct signature_key *key);

/* Whether signatures of this algorithm are made with keys of this kind. */
bool	 signature_fits(const struct signature_key *key, enum signature_algorithm alg);
/*
 * Whether `sig` is the signature of `data`, in the form of JOSE: ECDSA as r and s of full length,
 * PS256 with 32 bytes of salt. 1: it is; 0: it is not, or the key does not fit; -1: no memory to
 * tell.
 */
int	 signature_check(const struct signature_key *key, enum signature_algorithm alg,
	    const void *data, size_t len, const void *sig, size_t siglen);
/* The same for who does not ask why: true only if it is. */
bool	 signature_verify(const struct signature_key *key, enum signature_algorithm alg,
	    const void *data, size_t len, const void *sig, size_t siglen);
/* Append the signature of `data`. 0, or -1: no private key, one that does not fit, no memory. */
int	 signature_sign(const struct signature_key *key, enum signature_algorithm alg,
	    const void *data, size_t len, struct buf *out);

#endif
