/* SPDX-License-Identifier: MIT */
/* percent.h - the characters of URIs, and octets written as %XX (RFC 3986, section 2). */
#ifndef WIRE_PERCENT_H
#define WIRE_PERCENT_H

#include <stdbool.h>

/* The octet of the triplet at `p`, which is read no further than a NUL; -1: there is none. */
int	 percent_octet(const char *p);
/* Letters, digits and -._~, which mean the same whether encoded or not. */
bool	 percent_is_unreserved(char c);
/* The delimiters, which mean something else when encoded. */
bool	 percent_is_reserved(char c);

#endif
