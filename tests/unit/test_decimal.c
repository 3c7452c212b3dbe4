/* SPDX-License-Identifier: MIT */
/* test_decimal.c - exact comparison and division of number texts. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wire/decimal.h"

#include "check.h"

static void	 test_compare(void);
static void	 test_multiple(void);
static void	 test_against_doubles(void);
static void	 test_long(void);

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static void
test_compare(void)
{
	static const struct {
		const char	*a, *b;
		int		 order;
	} cases[] = {
		{ "1", "1", 0 }, { "1", "1.0", 0 }, { "1", "1e0", 0 }, { "100", "1e2", 0 },
		{ "100", "1E+2", 0 }, { "0.01", "1e-2", 0 }, { "0.010", "10e-3", 0 },
		{ "0", "-0", 0 }, { "0", "0.000", 0 }, { "0e9", "-0.0e-7", 0 },
		{ "1", "2", -1 }, { "-1", "-2", 1 }, { "-1", "1", -1 }, { "0", "1e-300", -1 },
		{ "0", "-1e-300", 1 }, { "9", "10", -1 }, { "99", "100", -1 },
		{ "1.5", "1.50001", -1 }, { "-1.5", "-1.50001", 1 }, { "123", "12.3e1", 0 },
		{ "12", "123", -1 }, { "1.2", "12", -1 }, { "0.9", "0.89", 1 },
		{ "18446744073709551616", "18446744073709551617", -1 },
		{ "9007199254740993", "9007199254740992", 1 },
		{ "0.1", "0.10000000000000000000000000000001", -1 },
		{ "1e400", "1e399", 1 }, { "-1e400", "1e399", -1 }, { "1e-400", "0", 1 },
		{ "1e99999", "1e100000", -1 }, { "1e100000", "1e100001", -1 },
		{ "1e-100001", "1e-100000", -1 },
		{ "1e99999999999999999999999999", "1e-99999999999999999999999999", 1 },
		{ "10e99999999999999999999999999", "1", 1 }, { "1.1", "1.01", 1 },
		{ "100.001", "100.01", -1 }, { "1000000000000000000000", "1e21", 0 },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK(sign(decimal_compare(cases[i].a, cases[i].b)) == cases[i].order,
		    "%s and %s", cases[i].a, cases[i].b);
		CHECK(sign(decimal_compare(cases[i].b, cases[i].a)) == -cases[i].order,
		    "%s and %s", cases[i].b, cases[i].a);
	}
}

static void
test_multiple(void)
{
	static const struct {
		const char	*a, *b;
		bool		 is;
	} cases[] = {
		{ "0", "3", true }, { "-0.0", "0.7", true }, { "9", "3", true },
		{ "10", "3", false }, { "-9", "3", true }, { "4.5", "1.5", true },
		{ "0.0075", "0.0001", true }, { "0.00751", "0.0001", false },
		{ "0.3", "0.1", true }, { "1e308", "0.123456789", false },
		{ "1e308", "0.5", true }, { "12391239123", "0.5", true },
		{ "7", "7.0", true }, { "7", "70e-1", true }, { "1.5", "1", false },
		{ "1e100000", "1024", true }, { "1e100000", "7", false },
		{ "1e99999999999999999999", "3", false }, { "3e99999999999999999999", "3", true },
		{ "1", "1e-99999999999999999999", true }, { "1", "1e5", false },
		{ "100000", "1e5", true }, { "300000", "1e5", true }, { "250000", "1e5", false },
		{ "18446744073709551616", "4294967296", true },
		{ "18446744073709551617", "4294967296", false },
		{ "340282366920938463463374607431768211456", "18446744073709551616", true },
		{ "340282366920938463463374607431768211457", "18446744073709551616", false },
		{ "121932631112635269", "123456789", true }, { "5", "0", false },
		{ "999999999000000000", "999999999", true }, { "999999999000000001",
		    "999999999", false }, { "1000000000", "1000000001", false },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK(decimal_multiple(cases[i].a, cases[i].b) == cases[i].is, "%s by %s",
		    cases[i].a, cases[i].b);
}

/* Small integers with powers of ten: what 64-bit arithmetic says must come out. */
static void
test_against_doubles(void)
{
	char a[32], b[32];
	long x, y, wrong = 0;
	int i;

	srand(1);
	for (i = 0; i < 20000; i++) {
		x = rand() % 20001 - 10000;
		y = rand() % 300 + 1;
		snprintf(a, sizeof a, "%ld.%03lde%d", x / 1000, labs(x % 1000), 3);
		snprintf(b, sizeof b, "%lde-%d", y * 100, 2);
		if (x < 0 && x / 1000 == 0)
			snprintf(a, sizeof a, "-0.%03lde3", labs(x));
		wrong += sign(decimal_compare(a, b)) != (x > y) - (x < y);
		wrong += decimal_multiple(a, b) != (x % y == 0);
	}
	CHECK(wrong == 0, "%ld of 40000 answers differ", wrong);
}

static void
test_long(void)
{
	static char a[LIMIT_JSON_NUMBER + 1], b[LIMIT_JSON_NUMBER + 1], c[LIMIT_JSON_NUMBER * 2];

	memset(a, '9', LIMIT_JSON_NUMBER);
	memset(b, '9', LIMIT_JSON_NUMBER);
	b[LIMIT_JSON_NUMBER - 1] = '8';
	CHECK(decimal_compare(a, b) > 0, "the last digit counts");
	CHECK(decimal_compare(b, a) < 0, "the last digit counts");
	CHECK(decimal_multiple(a, a), "itself");
	CHECK(!decimal_multiple(a, b), "neighbours");
	CHECK(decimal_multiple(a, "3"), "nines by three");
	CHECK(!decimal_multiple(a, "2"), "nines by two");
	snprintf(c, sizeof c, "%.*se1000000", LIMIT_JSON_NUMBER - 10, b);
	CHECK(!decimal_multiple(c, a), "many zeros, a long divisor");
	memset(a, '3', LIMIT_JSON_NUMBER);
	CHECK(!decimal_multiple("1e1000000", a), "threes");
	memset(c, '0', sizeof c);
	c[0] = '1';
	c[sizeof c - 1] = '\0';
	CHECK(!decimal_multiple("7", c), "a text of more digits than any JSON number");
	c[sizeof c - 2] = '1';
	CHECK(!decimal_multiple(c, c), "no answer beyond the limit, and no overflow");
}

int
main(void)
{
	test_compare();
	test_multiple();
	test_against_doubles();
	test_long();
	return check_done();
}
