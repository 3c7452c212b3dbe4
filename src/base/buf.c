/* SPDX-License-Identifier: MIT */
/* buf.c - a byte buffer with a cap; see buf.h. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define BUF_FIRST	256	/* first allocation: most header lines and small answers */

static int	buf_reserve(struct buf *, size_t);

void
buf_init(struct buf *b, size_t cap)
{
	memset(b, 0, sizeof *b);
	b->cap = cap;
}

void
buf_finish(struct buf *b)
{
	free(b->data);
	buf_init(b, b->cap);
}

void
buf_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->size);
	buf_finish(b);
}

void
buf_reset(struct buf *b)
{
	b->failed = b->starved = false;
	buf_truncate(b, 0);
}

/* Make room for `more` bytes and the NUL, doubling up to the cap. */
static int
buf_reserve(struct buf *b, size_t more)
{
	size_t size = b->size == 0 ? BUF_FIRST : b->size;

	if (!b->failed && more <= b->cap && b->len <= b->cap - more) {
		if (b->len + more + 1 <= b->size)
			return 0;
		while (size < b->len + more + 1)
			size = size > SIZE_MAX / 2 ? b->len + more + 1 : size * 2;
		more = (size > b->cap + 1 ? b->cap + 1 : size) - b->len - 1;
	}
	return buf_room(b, more);
}

int
buf_room(struct buf *b, size_t more)
{
	size_t size;
	char *data;

	if (b->failed || more > b->cap || b->len > b->cap - more) {
		b->failed = true;
		return -1;
	}
	size = b->len + more + 1;
	if (size <= b->size)
		return 0;
	data = realloc(b->data, size);
	if (data == NULL) {
		b->failed = b->starved = true;
		return -1;
	}
	b->data = data;
	b->size = size;
	return 0;
}

/* Whether `more` bytes and the NUL fit as it is: the usual case, decided without a call. */
static inline bool
fits(const struct buf *b, size_t more)
{
	return more < b->size - b->len && more <= b->cap - b->len && !b->failed;
}

int
buf_append(struct buf *b, const void *data, size_t len)
{
	if (!fits(b, len) && buf_reserve(b, len) == -1)
		return -1;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_puts(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s));
}

int
buf_putc(struct buf *b, char c)
{
	if (!fits(b, 1) && buf_reserve(b, 1) == -1)
		return -1;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->size - b->len;	/* with the NUL's */
	va_list ap;
	int n;

	if (b->failed)
		return -1;
	va_start(ap, fmt);
	n = vsnprintf(room == 0 ? NULL : b->data + b->len, room, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < room && (size_t)n <= b->cap - b->len) {
		b->len += (size_t)n;
		return 0;
	}
	if (room > 0)
		b->data[b->len] = '\0';
	if (n < 0 || buf_reserve(b, (size_t)n) == -1) {
		b->failed = true;
		return -1;
	}
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

int
buf_int(struct buf *b, int64_t value)
{
	char text[24], *p = text + sizeof text;
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--p = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	if (value < 0)
		*--p = '-';
	return buf_append(b, p, (size_t)(text + sizeof text - p));
}

void
buf_truncate(struct buf *b, size_t len)
{
	if (b->data == NULL || len > b->len)
		return;
	b->len = len;
	b->data[len] = '\0';
}

const char *
buf_str(const struct buf *b)
{
	return b->data == NULL ? "" : b->data;
}

char *
buf_take(struct buf *b)
{
	char *data;

	if (b->failed || (b->data == NULL && buf_reserve(b, 0) == -1))
		return NULL;
	data = b->size > 2 * b->len + 1 ? realloc(b->data, b->len + 1) : NULL;
	if (data == NULL)
		data = b->data;
	data[b->len] = '\0';
	buf_init(b, b->cap);
	return data;
}
