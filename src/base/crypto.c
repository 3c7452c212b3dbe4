/* SPDX-License-Identifier: MIT */
/* crypto.c - OpenSSL's EVP behind five functions; see crypto.h. */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/crypto.h"

#define KEY_TEXT	(2 * CRYPTO_KEY + 1)	/* a key in hex and its newline */

static int	key_create(const char *, char *, size_t);
static int	hex_decode(const char *, uint8_t *, size_t);

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
	int fd, i, result = -1;

	if (crypto_random(secret, sizeof secret) == -1) {
		snprintf(why, whylen, "no random bytes to be had for a new key");
		return -1;
	}
	for (i = 0; i < CRYPTO_KEY; i++)
		snprintf(text + 2 * i, 3, "%02x", secret[i]);
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

static int
hex_decode(const char *s, uint8_t *out, size_t len)
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
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT) {
		if (key_create(path, why, whylen) == -1)
			return -1;
		fd = open(path, O_RDONLY | O_CLOEXEC);
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
	n = read(fd, text, sizeof text);
	close(fd);
	if ((st.st_mode & 077) != 0) {
		snprintf(why, whylen, "%s: others may read it (mode %03o); chmod 600 it", path,
		    (unsigned)(st.st_mode & 0777));
		return -1;
	}
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n == KEY_TEXT - 1 && hex_decode(text, key->secret[0], CRYPTO_KEY) == 0)
		key->count = 1;
	else if (n == 2 * KEY_TEXT - 1 && text[KEY_TEXT - 1] == '\n' &&
	    hex_decode(text, key->secret[0], CRYPTO_KEY) == 0 &&
	    hex_decode(text + KEY_TEXT, key->secret[1], CRYPTO_KEY) == 0)
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
