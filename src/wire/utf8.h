/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, no more than
 * U+10FFFF.
 */
#ifndef WIRE_UTF8_H
#define WIRE_UTF8_H

#include <stddef.h>

/*
 * The length of the sequence at `p`, of which `left` bytes may be read (at least 1);
 * 0: there is none.
 */
size_t	 utf8_length(const unsigned char *p, size_t left);
/* Write the bytes of a code point. How many, or 0: it is a surrogate or above U+10FFFF. */
size_t	 utf8_encode(unsigned long code, char out[4]);

#endif
