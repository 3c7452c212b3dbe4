/* SPDX-License-Identifier: MIT */
/* crypto.c - OpenSSL's EVP behind five functions; see crypto.h. */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/file.h"

#define KEY_TEXT	(2 * CRYPTO_KEY + 1)	/* a key in hex and its newline */

static int	key_create(const char *, char *, size_t);

int
crypto_random(void *out, size_t len)
{
	return RAND_bytes(out, (int)len) == 1 ? 0 : -1;
}

int
crypto_sha256(const void *data, size_t len, uint8_t out[CRYPTO_DIGEST])
{
	return EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

bool
crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

int
crypto_hex(struct buf *out, const uint8_t *data, size_t len)
{
	char pair[3];
	size_t i;

	for (i = 0; i < len; i++) {
		crypto_hex_text(pair, &data[i], 1);
		buf_append(out, pair, 2);
	}
	return out->failed ? -1 : 0;
}

void
crypto_hex_text(char *out, const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		*out++ = digits[data[i] >> 4];
		*out++ = digits[data[i] & 15];
	}
	*out = '\0';
}

/* The digest called so; NULL: none of ours. */
static const EVP_MD *
digest_find(const char *name)
{
	static const struct {
		const char *name;
		const EVP_MD *(*make)(void);
	} digests[] = {
		{ "sha1", EVP_sha1 }, { "sha256", EVP_sha256 },
		{ "sha384", EVP_sha384 }, { "sha512", EVP_sha512 },
	};
	size_t i;

	for (i = 0; i < 4; i++)
		if (strcmp(digests[i].name, name) == 0)
			return digests[i].make();
	return NULL;
}

size_t
crypto_digest(const char *name, const void *data, size_t len, uint8_t out[CRYPTO_HMAC])
{
	const EVP_MD *digest = digest_find(name);
	unsigned got = 0;

	return digest != NULL && EVP_Digest(data, len, out, &got, digest, NULL) == 1 ? got : 0;
}

size_t
crypto_hmac(const char *name, const void *secret, size_t secretlen, const void *data, size_t len,
    uint8_t out[CRYPTO_HMAC])
{
	const EVP_MD *digest = digest_find(name);
	unsigned got = 0;

	return digest != NULL && secretlen <= INT_MAX && HMAC(digest, secret, (int)secretlen,
	    data, len, out, &got) != NULL ? got : 0;
}

static int
hmac(const uint8_t *secret, const void *data, size_t len, uint8_t out[CRYPTO_TAG])
{
	uint8_t full[EVP_MAX_MD_SIZE];

	if (HMAC(EVP_sha256(), secret, CRYPTO_KEY, data, len, full, NULL) == NULL)
		return -1;
	memcpy(out, full, CRYPTO_TAG);
	return 0;
}

int
crypto_sign(const struct crypto_key *key, const void *data, size_t len, uint8_t out[CRYPTO_TAG])
{
	return hmac(key->secret[0], data, len, out);
}

bool
crypto_verify(const struct crypto_key *key, const void *data, size_t len,
    const uint8_t tag[CRYPTO_TAG])
{
	uint8_t mine[CRYPTO_TAG];
	bool ok = false;
	int i;

	for (i = 0; i < key->count; i++)
		if (hmac(key->secret[i], data, len, mine) == 0 &&
		    CRYPTO_memcmp(mine, tag, CRYPTO_TAG) == 0)
			ok = true;
	return ok;
}

#define NONCE	12
#define GCM_TAG	16

/* The key of what is wrapped: no other use is made of it. */
static int
wrap_key(const uint8_t *secret, uint8_t out[EVP_MAX_MD_SIZE])
{
	static const char use[] = "ums-mcp wrap 1";

	return HMAC(EVP_sha256(), secret, CRYPTO_KEY, (const unsigned char *)use, sizeof use - 1,
	    out, NULL) == NULL ? -1 : 0;
}

/* One pass of AES-256-GCM; `tag` is made (encrypt) or held to. 0 or -1. */
static int
gcm(bool encrypt, const uint8_t *secret, const uint8_t *nonce, const uint8_t *place,
    const void *data, size_t len, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[EVP_MAX_MD_SIZE];
	int n, result = -1;

	if (ctx == NULL || wrap_key(secret, key) == -1)
		goto out;
	if (EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1 &&
	    EVP_CipherUpdate(ctx, NULL, &n, place, CRYPTO_DIGEST) == 1 &&
	    EVP_CipherUpdate(ctx, out, &n, data, (int)len) == 1 &&
	    (encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, tag) == 1) &&
	    EVP_CipherFinal_ex(ctx, out + n, &n) == 1 &&
	    (!encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, tag) == 1))
		result = 0;
	OPENSSL_cleanse(key, sizeof key);
out:
	EVP_CIPHER_CTX_free(ctx);
	return result;
}

int
crypto_wrap(const struct crypto_key *key, const uint8_t place[CRYPTO_DIGEST], const void *data,
    size_t len, struct buf *out)
{
	uint8_t *whole = malloc(len + CRYPTO_WRAP);
	int result = -1;

	if (whole != NULL && len <= INT_MAX && crypto_random(whole, NONCE) == 0 &&
	    gcm(true, key->secret[0], whole, place, data, len, whole + NONCE,
	    whole + NONCE + len) == 0)
		result = buf_append(out, whole, len + CRYPTO_WRAP);
	free(whole);
	return result;
}

int
crypto_unwrap(const struct crypto_key *key, const uint8_t place[CRYPTO_DIGEST], const void *data,
    size_t len, struct buf *out)
{
	const uint8_t *bytes = data;
	uint8_t *plain, tag[GCM_TAG];
	int i, result = -1;

	if (len < CRYPTO_WRAP || len > INT_MAX)
		return -1;
	len -= CRYPTO_WRAP;
	plain = malloc(len + 1);
	for (i = 0; plain != NULL && i < key->count && result == -1; i++) {
		memcpy(tag, bytes + NONCE + len, GCM_TAG);
		result = gcm(false, key->secret[i], bytes, place, bytes + NONCE, len, plain, tag);
	}
	if (result == 0)
		result = buf_append(out, plain, len);
	if (plain != NULL)
		OPENSSL_cleanse(plain, len);
	free(plain);
	return result;
}

int
crypto_key_random(struct crypto_key *key)
{
	memset(key, 0, sizeof *key);
	key->count = 1;
	return crypto_random(key->secret[0], CRYPTO_KEY);
}

/* Write a new key beside `path` and link it into place: whoever is first wins, nobody sees half. */
static int
key_create(const char *path, char *why, size_t whylen)
{
	char tmp[4096], text[KEY_TEXT + 1];
	uint8_t secret[CRYPTO_KEY];
	int fd, result = -1;

	if (crypto_random(secret, sizeof secret) == -1) {
		snprintf(why, whylen, "no random bytes to be had for a new key");
		return -1;
	}
	crypto_hex_text(text, secret, sizeof secret);
	text[KEY_TEXT - 1] = '\n';
	snprintf(tmp, sizeof tmp, "%s.XXXXXX", path);
	fd = mkostemp(tmp, O_CLOEXEC);	/* mode 0600 */
	if (fd == -1) {
		snprintf(why, whylen,
		    "%s: cannot be made: %s; make its folder, writable by this user",
		    path, strerror(errno));
		goto out;
	}
	if (write(fd, text, KEY_TEXT) != KEY_TEXT || fsync(fd) == -1 ||
	    (link(tmp, path) == -1 && errno != EEXIST))
		snprintf(why, whylen, "%s: cannot be written: %s", path, strerror(errno));
	else
		result = 0;
	close(fd);
	unlink(tmp);
out:
	OPENSSL_cleanse(secret, sizeof secret);
	OPENSSL_cleanse(text, sizeof text);
	return result;
}

int
crypto_unhex(const char *s, uint8_t *out, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const char *hi, *lo;
	size_t i;

	for (i = 0; i < len; i++) {
		hi = memchr(digits, tolower((unsigned char)s[2 * i]), 16);
		lo = memchr(digits, tolower((unsigned char)s[2 * i + 1]), 16);
		if (hi == NULL || lo == NULL)
			return -1;
		out[i] = (uint8_t)((hi - digits) << 4 | (lo - digits));
	}
	return 0;
}

int
crypto_key_load(struct crypto_key *key, const char *path, char *why, size_t whylen)
{
	char text[2 * KEY_TEXT + 1];
	struct stat st;
	ssize_t n;
	int fd;

	memset(key, 0, sizeof *key);
	/* A FIFO would be waited for. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT) {
		if (key_create(path, why, whylen) == -1)
			return -1;
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd == -1 || fstat(fd, &st) == -1) {
		snprintf(why, whylen, "%s: %s", path, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, whylen, "%s: not a regular file; name one, it is made if it is not "
		    "there", path);
		close(fd);
		return -1;
	}
	memset(text, 0, sizeof text);
	do
		n = read(fd, text, sizeof text);
	while (n == -1 && errno == EINTR);
	close(fd);
	if (!file_is_private(&st)) {
		snprintf(why, whylen, "%s: others may read it (mode %03o); chmod 600 it", path,
		    (unsigned)(st.st_mode & 0777));
		return -1;
	}
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n == KEY_TEXT - 1 && crypto_unhex(text, key->secret[0], CRYPTO_KEY) == 0)
		key->count = 1;
	else if (n == 2 * KEY_TEXT - 1 && text[KEY_TEXT - 1] == '\n' &&
	    crypto_unhex(text, key->secret[0], CRYPTO_KEY) == 0 &&
	    crypto_unhex(text + KEY_TEXT, key->secret[1], CRYPTO_KEY) == 0)
		key->count = 2;
	OPENSSL_cleanse(text, sizeof text);
	if (key->count == 0) {
		snprintf(why, whylen,
		    "%s: not one or two lines of %d hex digits; delete it for a new one",
		    path, 2 * CRYPTO_KEY);
		return -1;
	}
	return 0;
}
