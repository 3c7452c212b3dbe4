/* SPDX-License-Identifier: MIT */
/*
 * fuzz_stdio.c - any bytes as the standard input, in pieces of any size, and answers at once or
 * later, of every kind. The file under test is included, so that no descriptor is read or written.
 * Each line that is not blank is one request; each answer becomes the lines that it should.
 *
 * The first byte says in what pieces the rest arrives, the second how many requests are let in.
 */
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int	fuzz_fstat(int, struct stat *);
static ssize_t	fuzz_read(int, void *, size_t);
static ssize_t	fuzz_writev(int, const struct iovec *, int);

#define fstat	fuzz_fstat
#define read(fd, to, len)	fuzz_read(fd, to, len)
#define writev	fuzz_writev
#include "../../src/edge/stdio.c"
#undef read

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define BODY_MAX	64

static const uint8_t *input;
static size_t left, piece, requests, lines, wanted;
static struct front *waiting[256];
static size_t nwaiting;
static unsigned turn;
static bool closed;

/* Neither input nor output is one that could be waited for. */
static int
fuzz_fstat(int fd, struct stat *st)
{
	(void)fd;
	(void)st;
	return -1;
}

static ssize_t
fuzz_read(int fd, void *to, size_t len)
{
	size_t n = left < piece ? left : piece;

	(void)fd;
	n = n < len ? n : len;
	memcpy(to, input, n);
	input += n;
	left -= n;
	return (ssize_t)n;
}

/* Takes some bytes, and now and then none. */
static ssize_t
fuzz_writev(int fd, const struct iovec *parts, int count)
{
	size_t most = turn++ % 97 + 1, taken = 0, n;
	int i;

	(void)fd;
	if (turn % 5 == 0) {
		errno = EINTR;
		return -1;
	}
	for (i = 0; i < count; i++)
		for (n = 0; n < parts[i].iov_len && taken < most; n++, taken++)
			lines += ((const char *)parts[i].iov_base)[n] == '\n';
	return (ssize_t)taken;
}

static void
answer(struct front *f)
{
	static const char *const answers[] = {
		"Status: 200 OK\r\nContent-Type: application/json\r\n\r\n{\"id\":1}",
		"Status: 202 Accepted\r\n\r\n",
		"Status: 200 OK\r\n\r\nevent: message\ndata: {\"a\":1}\n\nevent: message\ndata: {}\n\n",
		"Status: 500 Internal Server Error\r\n\r\n",
		"",	/* it was cancelled */
	};
	static const size_t have[] = { 1, 0, 2, 1, 0 };
	size_t i = turn++ % (sizeof have / sizeof have[0]);
	struct buf out;

	buf_init(&out, 4096);
	buf_puts(&out, answers[i]);
	wanted += have[i];
	front_reply(f, &out);
}

static void *
on_request(void *arg, struct front *f, struct http_request *rq)
{
	(void)arg;
	requests++;
	if (!rq->local || rq->body.len > BODY_MAX ||
	    memchr(buf_str(&rq->body), '\n', rq->body.len) != NULL)
		abort();
	http_request_finish(rq);
	if (turn++ % 3 == 0 || nwaiting == sizeof waiting / sizeof waiting[0]) {
		answer(f);
		return NULL;
	}
	waiting[nwaiting++] = f;
	return f;
}

static void
on_gone(void *arg, void *exchange)
{
	(void)arg;
	(void)exchange;
	abort();	/* the output takes everything */
}

static void
on_closed(void *arg)
{
	(void)arg;
	if (closed)
		abort();
	closed = true;
}

/* Lines that are messages: blank ones are none, unless they are too long to be told. */
static size_t
count_lines(const uint8_t *p, size_t size)
{
	size_t i, len = 0, count = 0;
	bool blank = true;

	for (i = 0; i <= size; i++) {
		if (i < size && p[i] != '\n') {
			blank = blank && strchr(" \t\r", p[i]) != NULL && p[i] != '\0';
			len++;
			continue;
		}
		count += len > BODY_MAX || !blank;
		blank = true;
		len = 0;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct front_handler handler = {
		.request = on_request, .gone = on_gone, .closed = on_closed, .body_max = BODY_MAX,
	};
	struct event_base *base;
	struct stdio *s;
	size_t expected, last;

	if (size < 2)
		return 0;
	piece = (size_t)data[0] + 1;
	handler.conns_max = (size_t)data[1] + 1;
	input = data + 2;
	left = size - 2;
	expected = count_lines(input, left);
	requests = lines = wanted = nwaiting = turn = 0;
	closed = false;
	base = event_base_new();
	s = base == NULL ? NULL : stdio_create(base, &handler);
	while (s != NULL && !(closed && stdio_count(s) == 0)) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (stdio_count(s) > handler.conns_max)
			abort();
		/* The last that came is answered first, and not in each turn. */
		for (last = nwaiting; nwaiting > 0 && nwaiting + 3 > last && turn++ % 4 != 0; )
			answer(waiting[--nwaiting]);
	}
	if (s != NULL && (requests != expected || lines != wanted))
		abort();
	stdio_destroy(s);
	if (base != NULL)
		event_base_free(base);
	return 0;
}
