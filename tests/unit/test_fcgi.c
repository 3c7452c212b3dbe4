/* SPDX-License-Identifier: MIT */
/*
 * test_fcgi.c - edge/fcgi: what a long stream holds. The file under test is included, so that its
 * buffer can be looked at; tests/cases drives the rest by the running program.
 */
#include "../../src/edge/fcgi.c"

#include "check.h"

#define PIECE	8192
/* What a client is behind all the time, besides what the kernel holds for it. */
#define BEHIND	(16 * PIECE)

static struct front *front;
static size_t gone;

static bool
on_probe(void *arg, const struct http_request *rq, struct buf *out)
{
	(void)arg;
	(void)rq;
	(void)out;
	return false;
}

static void *
on_request(void *arg, struct front *f, struct http_request *rq)
{
	(void)arg;
	http_request_finish(rq);
	front = f;
	return f;
}

static void
on_gone(void *arg, void *exchange)
{
	(void)arg;
	(void)exchange;
	gone++;
}

static void
on_closed(void *arg)
{
	(void)arg;
}

/* Read what a client has been sent, a piece of it at most. */
static size_t
take(int fd)
{
	static char bytes[PIECE];
	ssize_t n = read(fd, bytes, sizeof bytes);

	return n > 0 ? (size_t)n : 0;
}

/* A client that reads all it is sent, and is never done with it. */
static void
always_behind(struct fcgi *f, int fd)
{
	static const unsigned char request[] =
	    "\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0" "\1\4\0\1\0\0\0\0" "\1\5\0\1\0\0\0\0";
	struct conn *c = LIST_FIRST(&f->conns);
	size_t sent = 0, taken = 0, most = 0;
	int i, little = 16384;
	struct buf piece;

	setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);

	CHECK(conn_feed(c, request, sizeof request - 1) == 0 && front != NULL, "no request");
	for (i = 0; i < 4000 && gone == 0; i++) {
		buf_init(&piece, PIECE);
		while (buf_putc(&piece, 'x') == 0)
			;
		piece.failed = false;
		sent += piece.len;
		front_send(front, &piece);
		event_base_loop(f->base, EVLOOP_NONBLOCK);
		while (gone == 0 && c->out.len - c->gone > BEHIND) {
			taken += take(fd);
			event_base_loop(f->base, EVLOOP_NONBLOCK);
		}
		most = gone == 0 && c->out.size > most ? c->out.size : most;
	}
	CHECK(gone == 0, "it was cut off after %d pieces", i);
	if (gone > 0)
		return;
	CHECK(c->out.len > c->gone && taken > sent / 2, "it is not a client that is behind");
	CHECK(most <= 4 * LIMIT_FRONT_BACKLOG, "%zu bytes are held of %zu that were sent", most,
	    sent);
	buf_init(&piece, 0);
	front_reply(front, &piece);
	for (i = 0; i < 4000 && f->count > 0; i++) {
		taken += take(fd);
		event_base_loop(f->base, EVLOOP_NONBLOCK);
	}
	for (; i < 4000 && taken < sent; i++)
		taken += take(fd);
	CHECK(f->count == 0 && gone == 0 && taken >= sent, "%zu of %zu bytes came", taken, sent);
}

int
main(void)
{
	static const struct front_handler handler = {
		.probe = on_probe, .request = on_request, .gone = on_gone, .closed = on_closed,
		.body_max = 4096,
	};
	struct fcgi f = { .handler = &handler, .fd = -1, .base = event_base_new() };
	int pair[2];

	LIST_INIT(&f.conns);
	LIST_INIT(&f.spare);
	if (f.base == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1 ||
	    conn_open(&f, pair[0]) == -1)
		CHECK(false, "no connection");
	else
		always_behind(&f, pair[1]);
	close(pair[1]);
	spare_cut(&f, 0);
	event_base_free(f.base);
	return check_done();
}
