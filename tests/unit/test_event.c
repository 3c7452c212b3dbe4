/* SPDX-License-Identifier: MIT */
/*
 * test_event.c - wire/event: streams and the events in them, each stream fed whole, byte by byte,
 * in two pieces and at random; caps, a callback that has had enough, and the writer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "wire/event.h"

#define CAP	16
#define STREAM(text)	text, sizeof text - 1

static const struct {
	const char	*bytes;
	size_t		 len;
	const char	*want;		/* (type,id,data) of each event, and '!' if the reader failed */
} rows[] = {
	{ STREAM(""), "" }, { STREAM("\n\r\r\n\n"), "" },
	/* One event, and the three ends of lines. */
	{ STREAM("data: x\n\n"), "(message,,x)" }, { STREAM("data: x\r\r"), "(message,,x)" },
	{ STREAM("data: x\r\n\r\n"), "(message,,x)" }, { STREAM("data: x\n\r"), "(message,,x)" },
	{ STREAM("data: x\r\n\n"), "(message,,x)" }, { STREAM("data: x\n\r\n"), "(message,,x)" },
	{ STREAM("data: x\r\n\rdata: y\r\r\n"), "(message,,x)(message,,y)" },
	{ STREAM("data: a\rdata: b\ndata: c\r\ndata: d\n\n"), "(message,,a\nb\nc\nd)" },
	/* The space behind the colon, which is one. */
	{ STREAM("data:x\n\n"), "(message,,x)" }, { STREAM("data:  x \n\n"), "(message,, x )" },
	{ STREAM("data:\tx\n\n"), "(message,,\tx)" }, { STREAM("data: \n\n"), "(message,,)" },
	{ STREAM("data::x\n\n"), "(message,,:x)" }, { STREAM("data: a: b\n\n"), "(message,,a: b)" },
	/* Data that is empty is data. */
	{ STREAM("data\n\n"), "(message,,)" }, { STREAM("data:\n\n"), "(message,,)" },
	{ STREAM("data\ndata\n\n"), "(message,,\n)" }, { STREAM("data:a\ndata:\ndata\n\n"), "(message,,a\n\n)" },
	{ STREAM("data\ndata:a\n\ndata:"), "(message,,\na)" },
	/* No data, no event; what the end cuts off is none. */
	{ STREAM("event: x\n\ndata: y\n\n"), "(message,,y)" }, { STREAM("data: x"), "" },
	{ STREAM("data: x\n"), "" }, { STREAM("data: x\n\ndata: y\n"), "(message,,x)" },
	/* Types: of one event, the last counts. */
	{ STREAM("event: ping\ndata: x\n\ndata: y\n\n"), "(ping,,x)(message,,y)" },
	{ STREAM("data: x\nevent: a\nevent: b\n\n"), "(b,,x)" }, { STREAM("event: a\nevent\ndata: x\n\n"), "(message,,x)" },
	{ STREAM("event: a\0b\ndata: x\n\nevent: \0b\ndata: y\n\n"), "(a,,x)(message,,y)" },
	/* Ids: of all that follow, until there is another; none with a NUL. */
	{ STREAM("id: 1\ndata: x\n\ndata: y\n\nid\ndata: z\n\n"), "(message,1,x)(message,1,y)(message,,z)" },
	{ STREAM("id: 1\n\ndata: x\n\n"), "(message,1,x)" }, { STREAM("id: 1\nid: 2\ndata: x\n\n"), "(message,2,x)" },
	{ STREAM("id: 1\nid: a\0b\ndata: x\n\n"), "(message,1,x)" }, { STREAM("id: 1\nid: \0\ndata: x\n\n"), "(message,1,x)" },
	{ STREAM("id: 1\ndata: x\n\nid: 2"), "(message,1,x)" },
	/* What is ignored: comments, fields that nobody knows, other case, a space before. */
	{ STREAM(":\n: x\n:data: x\ndata: y\n:\n\n"), "(message,,y)" },
	{ STREAM("retry: 10\ndata: x\nretry\n\n"), "(message,,x)" },
	{ STREAM("Data: x\n data: x\ndata : x\ndat: x\ndatas: x\ndatadatadata: x\n\n"), "" },
	{ STREAM("eventeventevent: x\nids: 2\nidata\ndata: x\n\n"), "(message,,x)" },
	{ STREAM(": 0123456789abcdefghijklmnopqrstuvwxyz\nx: 0123456789abcdefghijklmnopqrstuvwxyz\n"
	    "0123456789abcdefghijklmnopqrstuvwxyz\ndata: x\n\n"), "(message,,x)" },
	/* A BOM, once, and what only looks like one. */
	{ STREAM("\xef\xbb\xbf" "data: x\n\n"), "(message,,x)" }, { STREAM("\xef\xbb\xbf" "event: x\ndata: x\n\n"), "(x,,x)" },
	{ STREAM("\xef\xbb\xbf\ndata: x\n\n"), "(message,,x)" }, { STREAM("\xef\xbb\xbf: x\ndata: x\n\n"), "(message,,x)" },
	{ STREAM("\xef\xbb\xbf\xef\xbb\xbf" "data: x\n\n"), "" }, { STREAM("\n\xef\xbb\xbf" "data: x\n\n"), "" },
	{ STREAM("\xef\xbb" "data: x\n\n"), "" }, { STREAM("\xef\xbb\xbf" "events: x\ndata: x\n\n"), "(message,,x)" },
	{ STREAM("data: x\n\xef\xbb\xbf\n\n"), "(message,,x)" },
	/* Bytes as they are. */
	{ STREAM("data: \xc3\xa9\xff\n\n"), "(message,,\xc3\xa9\xff)" },
	/* The cap: of data with the LFs between, of a type, of an id. */
	{ STREAM("data: 0123456789abcdef\n\n"), "(message,,0123456789abcdef)" },
	{ STREAM("data: x\n\ndata: 0123456789abcdefg\n\ndata: y\n\n"), "(message,,x)!" },
	{ STREAM("data: 01234567\ndata: 9abcdef\n\n"), "(message,,01234567\n9abcdef)" },
	{ STREAM("data: 01234567\ndata: 9abcdefg\n\n"), "!" }, { STREAM("data: 0123456789abcdef\ndata\n\n"), "!" },
	{ STREAM("event: 0123456789abcdef\ndata\n\n"), "(0123456789abcdef,,)" },
	{ STREAM("event: 0123456789abcdefg\ndata\n\n"), "!" }, { STREAM("id: 0123456789abcdef\ndata\n\n"), "(message,0123456789abcdef,)" },
	{ STREAM("id: 0123456789abcdefg\ndata\n\n"), "!" },
	{ STREAM("data: 0123456789abcdef\n\ndata: 0123456789abcdef\n\n"),
	    "(message,,0123456789abcdef)(message,,0123456789abcdef)" },
};

static uint32_t seed = 1;

/* Numbers that look random and are the same each time. */
static size_t
random_below(size_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static int
note(void *arg, const char *type, const char *id, const char *data, size_t len)
{
	struct buf *out = arg;

	buf_printf(out, "(%s,%s,", type, id);
	buf_append(out, data, len);
	buf_puts(out, ")");
	CHECK(data[len] == '\0', "a NUL behind the data");
	return 0;
}

/* `first` bytes, then pieces of up to `most`, of one length or of any. */
static void
feed(size_t row, size_t first, size_t most, bool any)
{
	size_t at = 0, n = first, len = rows[row].len;
	struct event_reader r;
	struct buf out;
	char *piece;
	int result = 0;

	buf_init(&out, 4096);
	event_reader_init(&r, CAP, note, &out);
	for (; at < len; at += n, n = any ? random_below(most + 1) : most) {
		n = n < len - at ? n : len - at;
		/* In memory of its own, so that a byte too far is seen. */
		piece = n == 0 ? NULL : memcpy(malloc(n), rows[row].bytes + at, n);
		result = event_reader_feed(&r, piece, n);
		free(piece);
		if (result == -1)
			break;
	}
	if (result == -1) {
		buf_putc(&out, '!');
		CHECK(r.why != NULL && strstr(r.why, "too large") != NULL && r.excess, "a reason");
		CHECK(event_reader_feed(&r, "\n\ndata: x\n\n", 11) == -1, "it stays so");
	}
	CHECK(strcmp(buf_str(&out), rows[row].want) == 0, "row %zu, first %zu, most %zu: %s, not %s", row,
	    first, most, buf_str(&out), rows[row].want);
	event_reader_finish(&r);
	buf_finish(&out);
}

static void
run_rows(void)
{
	size_t i, n;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		feed(i, rows[i].len, 1, false);
		feed(i, 1, 1, false);
		for (n = 1; n < rows[i].len; n++)
			feed(i, n, rows[i].len, false);
		for (n = 0; n < 50; n++)
			feed(i, random_below(8), 1 + random_below(8), true);
	}
}

/* Has had enough when `arg` has counted to nought. */
static int
count(void *arg, const char *type, const char *id, const char *data, size_t len)
{
	int *left = arg;

	(void)type;
	(void)id;
	(void)data;
	(void)len;
	return --*left == 0;
}

static void
run_stop(void)
{
	static const char stream[] = "data: 1\n\ndata: 2\n\ndata: 3\n\n";
	struct event_reader r;
	int left = 2;

	event_reader_init(&r, CAP, count, &left);
	CHECK(event_reader_feed(&r, stream, sizeof stream - 1) == -1 && left == 0 && r.why == NULL,
	    "stopped at the second, %d left", left);
	CHECK(event_reader_feed(&r, stream, sizeof stream - 1) == -1 && left == 0, "and not told of more");
	event_reader_finish(&r);
}

/* Between events nothing is held but the id, whatever has passed. */
static void
run_held(void)
{
	struct event_reader r;
	int left = 100;

	event_reader_init(&r, CAP, count, &left);
	CHECK(event_reader_feed(&r, STREAM("id: 7\nevent: x\ndata: y\n\n: comment\nx: y\nid: 8\0\n")) == 0 &&
	    left == 99, "one event");
	CHECK(r.data.data == NULL && r.type.data == NULL && r.new_id.data == NULL &&
	    strcmp(buf_str(&r.id), "7") == 0, "only the id is held");
	event_reader_finish(&r);
}

/* The pause before one comes back: digits alone, the last that were said, however they come. */
static void
run_retry(void)
{
	static const struct {
		const char	*bytes;
		int64_t		 want;
	} times[] = {
		{ "data: x\n\n", -1 }, { "retry: 10\n", 10 }, { "retry:0\n\n", 0 }, { "retry: 1500", -1 },
		{ "retry: 1\nretry: 23\rretry: x\nretry\nretry:\n", 23 }, { "retry: 1s\n", -1 },
		{ "retry: -1\n", -1 }, { "retry: x\nretry: 8\n", 8 },
		{ "retry:  5\n", -1 }, { "retry: 1.5\nretries: 4\nRetry: 5\n", -1 },
		{ "\xef\xbb\xbfretry: 7\n", 7 }, { "data: x\nretry: 8\n\n", 8 },
	};
	struct event_reader r;
	size_t i, n, at;
	int left = 100;

	for (i = 0; i < sizeof times / sizeof times[0]; i++)
		for (n = 1; n < 12; n++) {
			event_reader_init(&r, CAP, count, &left);
			for (at = 0; at < strlen(times[i].bytes); at += n)
				CHECK(event_reader_feed(&r, times[i].bytes + at,
				    strnlen(times[i].bytes + at, n)) == 0, "%s", times[i].bytes);
			CHECK(r.retry_ms == times[i].want, "%s: %lld", times[i].bytes, (long long)r.retry_ms);
			event_reader_finish(&r);
		}
	event_reader_init(&r, CAP, count, &left);
	CHECK(event_reader_feed(&r, STREAM("retry: 99999999999999999999999999999999\n")) == 0 &&
	    r.retry_ms >= INT32_MAX, "a long time: %lld", (long long)r.retry_ms);
	event_reader_finish(&r);
}

static void
run_write(void)
{
	static const char want[] = "event: message\ndata: {\"a\":1}\n\nevent: message\ndata: []\n\n";
	struct event_reader r;
	struct buf out, read;
	size_t cap;

	buf_init(&out, 4096);
	CHECK(event_write(&out, "{\"a\":1}!", 7) == 0 && event_write(&out, "[]", 2) == 0 &&
	    strcmp(buf_str(&out), want) == 0, "%s", buf_str(&out));
	buf_init(&read, 4096);
	event_reader_init(&r, CAP, note, &read);
	CHECK(event_reader_feed(&r, buf_str(&out), out.len) == 0 &&
	    strcmp(buf_str(&read), "(message,,{\"a\":1})(message,,[])") == 0, "%s", buf_str(&read));
	event_reader_finish(&r);
	buf_finish(&read);
	buf_finish(&out);
	for (cap = 0; cap < 28; cap++) {
		buf_init(&out, cap);
		CHECK((event_write(&out, "[]", 2) == 0) == (cap >= 25), "25 bytes into %zu", cap);
		buf_finish(&out);
	}
}

int
main(void)
{
	run_rows();
	run_stop();
	run_held();
	run_retry();
	run_write();
	return check_done();
}
