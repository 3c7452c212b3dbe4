/* SPDX-License-Identifier: MIT */
/* percent.c - see percent.h. */
#include <string.h>

#include "wire/percent.h"

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
percent_octet(const char *p)
{
	if (p[0] != '%' || digit(p[1]) == -1 || digit(p[2]) == -1)
		return -1;
	return digit(p[1]) << 4 | digit(p[2]);
}

bool
percent_is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._~", c) != NULL);
}

bool
percent_is_reserved(char c)
{
	return c != '\0' && strchr(":/?#[]@!$&'()*+,;=", c) != NULL;
}
