/* SPDX-License-Identifier: MIT */
/*
 * decimal.h - exact arithmetic on the text of JSON numbers.
 *
 * JSON Schema compares numbers by value, whatever their length: 1, 1.0 and 1e0
 * are one number, 2^64 and 2^64+1 are two. Doubles cannot do that, so these
 * functions work on the digits. Texts are JSON numbers as wire/json lets them
 * through (at most LIMIT_JSON_NUMBER characters); an exponent beyond +-10^9 is
 * clamped, which bounds the work.
 */
#ifndef WIRE_DECIMAL_H
#define WIRE_DECIMAL_H

#include <stdbool.h>

/* Below zero, zero or above zero as `a` is less than, equal to or greater than `b`. */
int	 decimal_compare(const char *a, const char *b);
/* Whether `a` divided by `b` (greater than zero) is an integer, exactly. */
bool	 decimal_multiple(const char *a, const char *b);

#endif
