/* SPDX-License-Identifier: MIT */
/*
 * base64.h - RFC 4648: base64 with padding (section 4) and base64url without (section 5).
 *
 * Decoding is strict: no white space, no missing or wrong padding, no bits
 * left over that are not zero.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

struct buf;

/* Append the text for `data`. 0, or -1 when it does not fit. */
int	 base64_encode(struct buf *out, const void *data, size_t len);
int	 base64url_encode(struct buf *out, const void *data, size_t len);
/* Append the bytes that `text` stands for. 0, or -1 for text that is not base64 or does not fit. */
int	 base64_decode(struct buf *out, const char *text, size_t len);
int	 base64url_decode(struct buf *out, const char *text, size_t len);

#endif
