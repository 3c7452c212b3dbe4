/* SPDX-License-Identifier: MIT */
/*
 * check.h - the whole of the unit test framework.
 *
 * A test program is a main() that calls CHECK(condition, "what", ...) as often as
 * it likes and returns check_done(). Each check counts as one test; a failed one
 * prints its place and text. The last line is "N passed, N failed", with
 * ", N skipped" if SKIP("why") was called.
 */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <stdio.h>

static int check_passed, check_failed, check_skipped;

#define CHECK(condition, ...) do {					\
	if (condition)							\
		check_passed++;						\
	else {								\
		check_failed++;						\
		printf("FAIL %s:%d: %s: ", __FILE__, __LINE__, #condition); \
		printf(__VA_ARGS__);					\
		putchar('\n');						\
	}								\
} while (0)

#define SKIP(...) do {							\
	check_skipped++;						\
	printf("SKIP %s:%d: ", __FILE__, __LINE__);			\
	printf(__VA_ARGS__);						\
	putchar('\n');							\
} while (0)

static inline int
check_done(void)
{
	printf("%d passed, %d failed", check_passed, check_failed);
	if (check_skipped > 0)
		printf(", %d skipped", check_skipped);
	putchar('\n');
	return check_failed == 0 ? 0 : 1;
}

#endif
