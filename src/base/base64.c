/* SPDX-License-Identifier: MIT */
/* base64.c - RFC 4648; see base64.h. */
#include <stdbool.h>
#include <stdint.h>

#include "base/base64.h"
#include "base/buf.h"

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char urlsafe[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int
encode(struct buf *out, const char *alphabet, bool pad, const void *data, size_t len)
{
	const uint8_t *p = data;
	char quad[4];
	uint32_t v;
	size_t i, n;

	for (i = 0; i < len; i += 3) {
		n = len - i < 3 ? len - i : 3;
		v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
		    (n > 2 ? (uint32_t)p[i + 2] : 0);
		quad[0] = alphabet[v >> 18];
		quad[1] = alphabet[v >> 12 & 63];
		quad[2] = n > 1 ? alphabet[v >> 6 & 63] : '=';
		quad[3] = n > 2 ? alphabet[v & 63] : '=';
		if (buf_append(out, quad, pad ? 4 : n + 1) == -1)
			return -1;
	}
	return out->failed ? -1 : 0;
}

/* The value of a digit, or -1. */
static int
digit(const char *alphabet, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

static int
decode(struct buf *out, const char *alphabet, bool pad, const char *text, size_t len)
{
	uint32_t v = 0;
	int bits = 0, d;
	size_t i;

	if (pad) {
		if (len % 4 != 0)
			return -1;
		if (len > 0 && text[len - 1] == '=')
			len -= text[len - 2] == '=' ? 2 : 1;
	}
	if (len % 4 == 1)
		return -1;
	for (i = 0; i < len; i++) {
		if ((d = digit(alphabet, text[i])) == -1)
			return -1;
		v = v << 6 | (uint32_t)d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (buf_putc(out, (char)(v >> bits & 0xff)) == -1)
				return -1;
		}
	}
	return (v & ((1u << bits) - 1)) == 0 ? 0 : -1;
}

int
base64_encode(struct buf *out, const void *data, size_t len)
{
	return encode(out, standard, true, data, len);
}

int
base64url_encode(struct buf *out, const void *data, size_t len)
{
	return encode(out, urlsafe, false, data, len);
}

int
base64_decode(struct buf *out, const char *text, size_t len)
{
	return decode(out, standard, true, text, len);
}

int
base64url_decode(struct buf *out, const char *text, size_t len)
{
	return decode(out, urlsafe, false, text, len);
}
