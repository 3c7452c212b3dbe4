/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, no more than
 * U+10FFFF.
 */
#ifndef WIRE_UTF8_H
#define WIRE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The length of the sequence at `p`, of which `left` bytes may be read (at least 1);
 * 0: there is none.
 */
size_t	 utf8_length(const unsigned char *p, size_t left);
/* Write the bytes of a code point. How many, or 0: it is a surrogate or above U+10FFFF. */
size_t	 utf8_encode(unsigned long code, char out[4]);
/*
 * The code point at `p`, in a string that is valid or has U+0000 as wire/json stores it (C0 80),
 * and the length of its sequence. What the string's end cuts off is 0, and the end is not passed.
 */
uint32_t utf8_decode(const unsigned char *p, size_t *len);
/* Code points of such a string; U+0000 counts as one. */
size_t	 utf8_count(const char *s);

#endif
