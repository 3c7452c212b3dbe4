/* SPDX-License-Identifier: MIT */
/* test_buf.c - base/buf: the cap, the sticky failure and every way to change a buffer. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"

static void	 run_empty(void);
static void	 run_append(void);
static void	 run_cap(void);
static void	 run_printf(void);
static void	 run_cut(void);
static void	 run_take(void);
static void	 run_growth(void);

static bool
holds(const struct buf *b, const char *text, size_t len)
{
	return b->len == len && memcmp(buf_str(b), text, len) == 0 && buf_str(b)[len] == '\0';
}

static void
run_empty(void)
{
	struct buf b, zeroed = { 0 };

	buf_init(&b, 10);
	CHECK(b.data == NULL && b.len == 0 && b.cap == 10 && !b.failed, "a new buffer");
	CHECK(strcmp(buf_str(&b), "") == 0, "its text is never NULL");
	buf_truncate(&b, 0);
	buf_reset(&b);
	buf_finish(&b);
	buf_finish(&b);
	CHECK(b.cap == 10, "the cap stays");
	CHECK(buf_append(&b, "ab", 2) == 0 && holds(&b, "ab", 2), "used again after its finish");
	buf_finish(&b);
	buf_finish(&zeroed);
	CHECK(buf_append(&zeroed, "", 0) == 0 && holds(&zeroed, "", 0), "nothing fits in nothing");
	CHECK(buf_putc(&zeroed, 'a') == -1 && zeroed.failed, "a byte does not");
	buf_finish(&zeroed);
}

static void
run_append(void)
{
	struct buf b;

	buf_init(&b, 100);
	CHECK(buf_append(&b, NULL, 0) == 0 && b.len == 0, "nothing");
	CHECK(buf_puts(&b, "") == 0 && holds(&b, "", 0), "an empty text");
	CHECK(buf_puts(&b, "abc") == 0 && holds(&b, "abc", 3), "a text");
	CHECK(buf_putc(&b, '\0') == 0 && holds(&b, "abc\0", 4), "a NUL is a byte");
	CHECK(buf_append(&b, "d\0e", 3) == 0 && holds(&b, "abc\0d\0e", 7), "bytes");
	CHECK(buf_putc(&b, '\xff') == 0 && holds(&b, "abc\0d\0e\xff", 8), "any byte");
	buf_reset(&b);
	CHECK(holds(&b, "", 0) && b.data != NULL, "a reset keeps the memory");
	buf_finish(&b);
	CHECK(b.data == NULL && b.len == 0 && b.size == 0, "finished");
}

static void
run_cap(void)
{
	struct buf b;

	buf_init(&b, 5);
	CHECK(buf_puts(&b, "12345") == 0 && holds(&b, "12345", 5), "to the cap");
	CHECK(b.size <= 6, "no more memory than the cap and its NUL");
	CHECK(buf_append(&b, "", 0) == 0 && !b.failed, "nothing more is fine");
	CHECK(buf_putc(&b, '6') == -1 && b.failed && holds(&b, "12345", 5), "one too many");
	CHECK(buf_append(&b, "", 0) == -1, "failed stays failed");
	buf_truncate(&b, 2);
	CHECK(buf_putc(&b, '3') == -1 && holds(&b, "12", 2), "even when there would be room");
	CHECK(buf_printf(&b, "x") == -1 && buf_puts(&b, "x") == -1, "all of them");
	buf_reset(&b);
	CHECK(buf_puts(&b, "123456") == -1 && holds(&b, "", 0), "all or nothing");
	buf_reset(&b);
	CHECK(!b.failed && buf_puts(&b, "1234") == 0, "a reset clears the failure");
	CHECK(buf_append(&b, "x", (size_t)-1) == -1 && holds(&b, "1234", 4), "a length that wraps");
	buf_finish(&b);
	CHECK(!b.failed, "so does a finish");
}

static void
run_printf(void)
{
	struct buf b;

	buf_init(&b, 10);
	CHECK(buf_printf(&b, "%s", "") == 0 && holds(&b, "", 0), "an empty text");
	CHECK(buf_printf(&b, "%d-%s", 42, "ab") == 0 && holds(&b, "42-ab", 5), "a form");
	CHECK(buf_printf(&b, "%05d", 7) == 0 && holds(&b, "42-ab00007", 10), "to the cap");
	CHECK(buf_printf(&b, "%d", 1) == -1 && holds(&b, "42-ab00007", 10), "beyond");
	buf_finish(&b);
	buf_init(&b, 2000);
	CHECK(buf_printf(&b, "%01000d", 1) == 0 && b.len == 1000, "longer than a first allocation");
	buf_finish(&b);
}

static void
run_cut(void)
{
	struct buf b;

	buf_init(&b, 100);
	buf_puts(&b, "cdef");
	buf_truncate(&b, 4);
	CHECK(holds(&b, "cdef", 4), "cut to its length");
	buf_truncate(&b, 50);
	CHECK(holds(&b, "cdef", 4), "cut to more than it is");
	buf_truncate(&b, 1);
	CHECK(holds(&b, "c", 1), "cut to one");
	buf_puts(&b, "xyz");
	CHECK(holds(&b, "cxyz", 4), "and on");
	buf_truncate(&b, 0);
	CHECK(holds(&b, "", 0), "cut to nothing");
	buf_finish(&b);
}

static void
run_take(void)
{
	struct buf b;
	char *text;

	buf_init(&b, 3);
	text = buf_take(&b);
	CHECK(text != NULL && strcmp(text, "") == 0, "an empty buffer gives an empty text");
	free(text);
	buf_puts(&b, "abc");
	text = buf_take(&b);
	CHECK(text != NULL && strcmp(text, "abc") == 0 && b.data == NULL && b.cap == 3,
	    "the text is taken, the cap stays");
	free(text);
	CHECK(buf_puts(&b, "xy") == 0 && holds(&b, "xy", 2), "and it can be used again");
	buf_puts(&b, "too long");
	CHECK(buf_take(&b) == NULL, "nothing to take from a failed one");
	buf_finish(&b);
}

static void
run_growth(void)
{
	struct buf b;
	size_t i, wrong = 0;

	buf_init(&b, 100000);
	for (i = 0; i < 100000; i++)
		if (buf_putc(&b, (char)(i % 251)) == -1)
			wrong++;
	CHECK(wrong == 0 && b.len == 100000 && b.size <= 100001, "%zu of 100000 failed", wrong);
	for (i = 0; i < b.len; i++)
		if (b.data[i] != (char)(i % 251))
			wrong++;
	CHECK(wrong == 0, "%zu bytes differ", wrong);
	CHECK(buf_putc(&b, 'x') == -1, "full");
	buf_finish(&b);
}

int
main(void)
{
	run_empty();
	run_append();
	run_cap();
	run_printf();
	run_cut();
	run_take();
	run_growth();
	return check_done();
}
