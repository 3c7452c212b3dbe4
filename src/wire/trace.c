/* SPDX-License-Identifier: MIT */
/* trace.c - W3C Trace Context; see trace.h. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "wire/trace.h"

static bool
is_hex(const char *s, size_t len)
{
	return strspn(s, "0123456789abcdef") >= len;
}

static bool
is_zero(const char *s, size_t len)
{
	return strspn(s, "0") >= len;
}

/* version "-" trace-id "-" parent-id "-" flags; a later version may go on after another "-". */
static bool
is_traceparent(const char *s)
{
	if (s == NULL || strnlen(s, TRACE_HEADER) < TRACE_HEADER - 1)
		return false;
	if (!is_hex(s, 2) || strncmp(s, "ff", 2) == 0 || s[2] != '-' || s[35] != '-' ||
	    s[52] != '-')
		return false;
	if (s[55] != '\0' && (strncmp(s, "00", 2) == 0 || s[55] != '-'))
		return false;
	return is_hex(s + 3, 32) && !is_zero(s + 3, 32) && is_hex(s + 36, 16) &&
	    !is_zero(s + 36, 16) && is_hex(s + 53, 2);
}

static void
hex(char *out, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

void
trace_begin(struct trace *t, const char *traceparent, const uint8_t random[24])
{
	memset(t, 0, sizeof *t);
	hex(t->span, random + 16, 8);
	if (is_traceparent(traceparent)) {
		memcpy(t->id, traceparent + 3, 32);
		memcpy(t->flags, traceparent + 53, 2);
		t->joined = true;
	} else {
		hex(t->id, random, 16);
		memcpy(t->flags, "00", 2);
	}
}

void
trace_header(const struct trace *t, char out[TRACE_HEADER])
{
	memcpy(out, "00-", 3);
	memcpy(out + 3, t->id, 32);
	out[35] = '-';
	memcpy(out + 36, t->span, 16);
	out[52] = '-';
	memcpy(out + 53, t->flags, 3);
}
