/* SPDX-License-Identifier: MIT */
/*
 * decimal.c - JSON numbers compared and divided digit by digit; see decimal.h.
 *
 * A number is read in place: its first and its last digit that are not zero, and
 * the power of ten of both. Nothing is allocated and nothing can fail.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "wire/decimal.h"

/* Far above what the length of a text can add to it, far below overflow. */
#define EXPONENT_MAX	1000000000L
/* Big integers are kept in limbs of nine digits. */
#define LIMB		1000000000U
#define LIMBS		(LIMIT_JSON_NUMBER / 9 + 2)
/*
 * Zeros that are appended at most before a division. A divisor of n digits holds
 * fewer than 4n twos and 4n fives, so from 10^4n on another zero changes nothing.
 */
#define ZEROS_MAX	(4L * LIMIT_JSON_NUMBER)

struct decimal {
	const char	*first;		/* first digit that is not 0; NULL: the number is zero */
	const char	*last;		/* the last one */
	long		 top;		/* power of ten of the first */
	long		 low;		/* power of ten of the last */
	bool		 negative;
};

struct big {
	uint32_t	 limb[LIMBS];	/* the least significant first */
	size_t		 count;		/* without leading zeros: 0 for zero */
};

static struct decimal	 decimal_read(const char *);
static long		 read_exponent(const char *);
static int		 compare_size(const struct decimal *, const struct decimal *);
static int		 big_shift(struct big *, unsigned);
static bool		 big_less(const struct big *, const struct big *);
static void		 big_subtract(struct big *, const struct big *);
static int		 big_reduce(struct big *, unsigned, const struct big *);

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digit after the one at `p`, over the point. */
static const char *
next_digit(const char *p)
{
	return p[1] == '.' ? p + 2 : p + 1;
}

/* The number after an 'e', clamped: its text may be as long as any number's. */
static long
read_exponent(const char *p)
{
	bool negative = *p == '-';
	long value = 0;

	if (*p == '-' || *p == '+')
		p++;
	for (; is_digit(*p); p++)
		if (value < EXPONENT_MAX)
			value = value * 10 + (*p - '0');
	if (value > EXPONENT_MAX)
		value = EXPONENT_MAX;
	return negative ? -value : value;
}

static struct decimal
decimal_read(const char *text)
{
	struct decimal d = { .negative = *text == '-' };
	const char *p;
	long power = -1, exponent;

	if (d.negative)
		text++;
	for (p = text; is_digit(*p); p++)
		power++;
	for (p = text; is_digit(*p); p = next_digit(p), power--) {
		if (*p == '0')
			continue;
		if (d.first == NULL) {
			d.first = p;
			d.top = power;
		}
		d.last = p;
		d.low = power;
	}
	if (*p == 'e' || *p == 'E') {
		exponent = read_exponent(p + 1);
		d.top += exponent;
		d.low += exponent;
	}
	return d;
}

/* As decimal_compare(), without the signs; neither is zero. */
static int
compare_size(const struct decimal *a, const struct decimal *b)
{
	const char *p = a->first, *q = b->first;

	if (a->top != b->top)
		return a->top < b->top ? -1 : 1;
	for (; *p == *q; p = next_digit(p), q = next_digit(q))
		if (p == a->last || q == b->last)
			return (p != a->last) - (q != b->last);
	return *p < *q ? -1 : 1;
}

int
decimal_compare(const char *a, const char *b)
{
	struct decimal x = decimal_read(a), y = decimal_read(b);
	int sign_x, sign_y;

	sign_x = x.first == NULL ? 0 : x.negative ? -1 : 1;
	sign_y = y.first == NULL ? 0 : y.negative ? -1 : 1;
	if (sign_x != sign_y)
		return sign_x < sign_y ? -1 : 1;
	return sign_x == 0 ? 0 : sign_x * compare_size(&x, &y);
}

/* n * 10 + digit. 0, or -1 when it does not fit. */
static int
big_shift(struct big *n, unsigned digit)
{
	uint64_t carry = digit;
	size_t i;

	for (i = 0; i < n->count; i++) {
		carry += (uint64_t)n->limb[i] * 10;
		n->limb[i] = (uint32_t)(carry % LIMB);
		carry /= LIMB;
	}
	if (carry == 0)
		return 0;
	if (n->count == LIMBS)
		return -1;
	n->limb[n->count++] = (uint32_t)carry;
	return 0;
}

static bool
big_less(const struct big *a, const struct big *b)
{
	size_t i;

	if (a->count != b->count)
		return a->count < b->count;
	for (i = a->count; i > 0; i--)
		if (a->limb[i - 1] != b->limb[i - 1])
			return a->limb[i - 1] < b->limb[i - 1];
	return false;
}

/* a - b, for a that is not less. */
static void
big_subtract(struct big *a, const struct big *b)
{
	uint32_t take, borrow = 0;
	size_t i;

	for (i = 0; i < a->count; i++) {
		take = (i < b->count ? b->limb[i] : 0) + borrow;
		borrow = a->limb[i] < take;
		a->limb[i] += borrow * LIMB - take;
	}
	while (a->count > 0 && a->limb[a->count - 1] == 0)
		a->count--;
}

/* One digit of a long division: the remainder moves on by `digit`. */
static int
big_reduce(struct big *rest, unsigned digit, const struct big *divisor)
{
	if (big_shift(rest, digit) == -1)
		return -1;
	while (!big_less(rest, divisor))
		big_subtract(rest, divisor);
	return 0;
}

bool
decimal_multiple(const char *a, const char *b)
{
	struct decimal x = decimal_read(a), y = decimal_read(b);
	struct big divisor = { .count = 0 }, rest = { .count = 0 };
	const char *p;
	long zeros;

	if (x.first == NULL)
		return true;
	/* Both are digits that end in no zero, so a lower power leaves a fraction. */
	if (y.first == NULL || x.low < y.low)
		return false;
	for (p = y.first; ; p = next_digit(p)) {
		if (big_shift(&divisor, (unsigned)(*p - '0')) == -1)
			return false;
		if (p == y.last)
			break;
	}
	for (p = x.first; ; p = next_digit(p)) {
		if (big_reduce(&rest, (unsigned)(*p - '0'), &divisor) == -1)
			return false;
		if (p == x.last)
			break;
	}
	zeros = x.low - y.low > ZEROS_MAX ? ZEROS_MAX : x.low - y.low;
	for (; zeros > 0 && rest.count > 0; zeros--)
		if (big_reduce(&rest, 0, &divisor) == -1)
			return false;
	return rest.count == 0;
}
