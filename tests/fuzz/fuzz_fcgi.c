/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fcgi.c - any bytes as FastCGI records. The file under test is included, so that its
 * parser is reached without a listener; what it answers goes into a socket pair. The first
 * byte says in what pieces the rest arrives.
 */
#include "../../src/edge/fcgi.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static size_t requests;

/* Every path that ends in "z" is a probe. */
static bool
on_probe(void *arg, const struct http_request *rq, struct buf *out)
{
	const char *uri = http_variable(rq, "REQUEST_URI");

	(void)arg;
	if (uri == NULL || *uri == '\0' || uri[strlen(uri) - 1] != 'z')
		return false;
	requests++;
	http_head(out, 200, "text/plain");
	buf_puts(out, "\r\n");
	return true;
}

static void *
on_request(void *arg, struct front *f, struct http_request *rq)
{
	struct buf out;

	(void)arg;
	requests++;
	buf_init(&out, 4096);
	http_head(&out, rq->excess == HTTP_FITS ? 200 : 400, "text/plain");
	buf_puts(&out, "\r\n");
	http_request_finish(rq);
	front_reply(f, &out);
	return NULL;
}

static void
on_gone(void *arg, void *exchange)
{
	(void)arg;
	(void)exchange;
	abort();	/* every request has been answered at once */
}

static void
on_closed(void *arg)
{
	(void)arg;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct front_handler handler = {
		.probe = on_probe, .request = on_request, .gone = on_gone, .closed = on_closed, .body_max = 4096,
	};
	struct fcgi f = { .handler = &handler, .fd = -1 };
	size_t piece, n, at = 1;
	int pair[2];

	if (size < 2 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1)
		return 0;
	requests = 0;
	piece = (size_t)data[0] + 1;
	f.base = event_base_new();
	LIST_INIT(&f.conns);
	LIST_INIT(&f.spare);
	if (f.base != NULL && conn_open(&f, pair[0]) == 0) {
		while (at < size && f.count > 0) {
			n = size - at < piece ? size - at : piece;
			if (conn_feed(LIST_FIRST(&f.conns), data + at, n) == -1)
				break;
			event_base_loop(f.base, EVLOOP_NONBLOCK);
			at += n;
		}
		if (requests > 1)
			abort();	/* one request a connection */
		while (f.count > 0)
			conn_close(LIST_FIRST(&f.conns));
	} else
		close(pair[0]);
	close(pair[1]);
	spare_cut(&f, 0);
	if (f.base != NULL)
		event_base_free(f.base);
	return 0;
}
