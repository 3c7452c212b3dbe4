/* SPDX-License-Identifier: MIT */
/*
 * fuzz_event.c - wire/event: any bytes as a stream give the same events, and the same end, whole
 * and in pieces; what is written as one event is read as one.
 *
 * The first byte says in what pieces the rest arrives, the second how much an event may have.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/event.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define STOP	'!'	/* an event that begins with it is the last that is wanted */
#define CAP_MIN	7	/* "message" is a type that no stream has to give */

struct tape {
	struct buf	 out;
	size_t		 cap;
};

static int
note(void *arg, const char *type, const char *id, const char *data, size_t len)
{
	struct tape *tape = arg;

	if (*type == '\0' || len > tape->cap || strlen(type) > tape->cap || strlen(id) > tape->cap ||
	    memchr(data, '\r', len) != NULL || data[len] != '\0')
		abort();
	/* Each with its NUL, so that none can be taken for two. */
	buf_append(&tape->out, type, strlen(type) + 1);
	buf_append(&tape->out, id, strlen(id) + 1);
	buf_int(&tape->out, (int64_t)len);
	buf_append(&tape->out, data, len + 1);
	return data[0] == STOP;
}

/* Feed pieces of `most` bytes, or fewer; the events, and with what it ended. */
static void
feed(struct tape *tape, size_t cap, const uint8_t *p, size_t len, size_t most)
{
	struct event_reader r;
	size_t n, turn = 0;
	uint8_t *piece;
	int result = 0;

	tape->cap = cap;
	buf_init(&tape->out, 16 * len + 64);
	event_reader_init(&r, cap, note, tape);
	for (; len > 0 && result == 0; p += n, len -= n) {
		n = most - turn++ % 3 % most;
		n = n < len ? n : len;
		piece = malloc(n);
		memcpy(piece, p, n);
		result = event_reader_feed(&r, piece, n);
		free(piece);
	}
	if (result == -1 && event_reader_feed(&r, "data: x\n\n", 9) != -1)
		abort();
	buf_puts(&tape->out, result == 0 ? "went on" : r.why == NULL ? "stopped" : r.why);
	event_reader_finish(&r);
}

static void
must_be_equal(const struct tape *a, const struct tape *b)
{
	/* A tape may be full: many events with a long id. Then both are, at the same place. */
	if (a->out.failed != b->out.failed || a->out.len != b->out.len ||
	    memcmp(a->out.data, b->out.data, a->out.len) != 0)
		abort();
}

/* The bytes without line ends, written as one event. */
static void
write_one(const uint8_t *p, size_t len)
{
	static const char type[] = "message";
	size_t i, cap = len < CAP_MIN ? CAP_MIN : len;
	struct tape got, want;
	struct buf json, out;

	buf_init(&json, len);
	buf_init(&out, len + 64);
	for (i = 0; i < len; i++)
		if (p[i] != '\n' && p[i] != '\r')
			buf_putc(&json, (char)p[i]);
	if (event_write(&out, buf_str(&json), json.len) == -1)
		abort();
	feed(&got, cap, (const uint8_t *)out.data, out.len, out.len);
	want.cap = cap;
	buf_init(&want.out, 16 * len + 1024);
	if (note(&want, type, "", buf_str(&json), json.len) == 0)
		buf_puts(&want.out, "went on");
	else
		buf_puts(&want.out, "stopped");
	must_be_equal(&got, &want);
	buf_finish(&want.out);
	buf_finish(&got.out);
	buf_finish(&out);
	buf_finish(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tape whole, single, pieces;
	size_t cap;

	if (len < 3)
		return 0;
	cap = data[1] == 255 ? len : data[1];
	cap = cap < CAP_MIN ? CAP_MIN : cap;
	feed(&whole, cap, data + 2, len - 2, len);
	feed(&single, cap, data + 2, len - 2, 1);
	feed(&pieces, cap, data + 2, len - 2, (size_t)data[0] + 1);
	must_be_equal(&whole, &single);
	must_be_equal(&whole, &pieces);
	buf_finish(&pieces.out);
	buf_finish(&single.out);
	buf_finish(&whole.out);
	write_one(data + 2, len - 2);
	return 0;
}
