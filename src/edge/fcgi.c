/* SPDX-License-Identifier: MIT */
/*
 * fcgi.c - a connection's life: accept, records in, the request up, the reply out, close.
 *
 * A connection owns nothing but its descriptor, the header of the record it is in, the
 * request as far as it has come, and the reply as far as it has not gone. A peer can
 * fail its own connection and nothing else: whatever cannot be understood closes it.
 *
 * Connections and the buffers that they read into are kept for the next ones, a few of
 * each: while a request waits for its answer its connection holds no buffer at all, and
 * a probe is answered without an allocation.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <fastcgi.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/fcgi.h"
#include "edge/front.h"

enum conn_state {
	CONN_BEGIN,	/* waiting for BEGIN_REQUEST */
	CONN_PARAMS,	/* PARAMS until an empty one */
	CONN_STDIN,	/* STDIN until an empty one */
	CONN_BUSY,	/* the request is with the layer above, which may say something already */
	CONN_REPLY,	/* the end of the reply is being written */
};

/* Parameters as they come and decoded, the reply and the reply in records. */
#define CONN_BUFFERS	4

struct conn {
	struct front		 front;		/* first: a front is its connection */
	LIST_ENTRY(conn)	 entry;
	struct fcgi		*fcgi;
	struct event		 read, write;
	int			 fd;
	enum conn_state		 state;
	uint16_t		 id;		/* of the request */

	unsigned char		 header[FCGI_HEADER_LEN];
	size_t			 have;		/* bytes of the header */
	size_t			 content;	/* bytes of the record's content to come */
	size_t			 padding;
	unsigned char		 begin[sizeof(FCGI_BeginRequestBody)];
	size_t			 begun;		/* bytes of it */

	struct buf		 params;	/* PARAMS content, undecoded */
	bool			 excess;	/* there was more than fits */
	struct http_request	 rq;
	struct buf		 out;
	size_t			 gone;		/* bytes of it written */
};

struct fcgi {
	struct event_base		*base;
	const struct front_handler	*handler;
	struct event			*accept, *pause;
	LIST_HEAD(, conn)		 conns;
	size_t				 count;
	LIST_HEAD(, conn)		 spare;		/* closed, for the next to come */
	size_t				 nspare;
	struct buf			 stash[LIMIT_FRONT_STASH];	/* empty ones with memory */
	size_t				 nstash;
	size_t				 reading;	/* bytes of bodies that are not whole */
	int				 fd;
	bool				 stopped;
	bool				 crowded;	/* as many are open as may be */
};

static void	spare_cut(struct fcgi *, size_t);
static void	on_accept(evutil_socket_t, short, void *);
static void	on_pause(evutil_socket_t, short, void *);
static struct buf stash_take(struct fcgi *, size_t);
static void	stash_give(struct fcgi *, struct buf *);
static int	conn_open(struct fcgi *, int);
static void	conn_close(struct conn *);
static void	conn_forget(struct conn *);
static void	on_read(evutil_socket_t, short, void *);
static int	conn_read(struct conn *);
static bool	is_overdue(const struct conn *);
static int	conn_feed(struct conn *, const unsigned char *, size_t);
static int	record_begin(struct conn *);
static int	record_content(struct conn *, const unsigned char *, size_t);
static int	body_content(struct conn *, const unsigned char *, size_t);
static int	record_end(struct conn *);
static int	request_begin(struct conn *);
static int	params_decode(struct conn *);
static int	request_ready(struct conn *);
static int	conn_manage(struct conn *, unsigned);
static void	conn_take(struct front *, struct buf *, bool);
static void	frame(struct buf *, unsigned, uint16_t, const char *, size_t);
static void	conn_write(struct conn *);
static void	on_write(evutil_socket_t, short, void *);

static const struct timeval read_timeout = { LIMIT_FRONT_READ_S, 0 };
static const struct timeval write_timeout = { LIMIT_FRONT_WRITE_S, 0 };
static const struct timeval pause_time = { 1, 0 };
static const struct timeval yield_time = { 0, 5000 };
static const struct timeval at_once = { 0, 0 };

/* ====== accepting ====== */

struct fcgi *
fcgi_create(struct event_base *base, int fd, const struct front_handler *h)
{
	struct fcgi *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->base = base;
	f->handler = h;
	f->fd = fd;
	LIST_INIT(&f->conns);
	LIST_INIT(&f->spare);
	evutil_make_socket_nonblocking(fd);
	f->accept = event_new(base, fd, EV_READ | EV_PERSIST, on_accept, f);
	f->pause = evtimer_new(base, on_pause, f);
	if (f->accept == NULL || f->pause == NULL || event_add(f->accept, NULL) == -1) {
		fcgi_destroy(f);
		return NULL;
	}
	return f;
}

void
fcgi_stop(struct fcgi *f)
{
	if (f->stopped)
		return;
	f->stopped = true;
	event_del(f->accept);
	/*
	 * Others hold this socket open: closed before the loop has told the kernel to watch it no
	 * more, it would go on waking us. A timer that is due at once comes after that.
	 */
	event_add(f->pause, &at_once);
}

size_t
fcgi_count(const struct fcgi *f)
{
	return f->count;
}

void
fcgi_destroy(struct fcgi *f)
{
	struct conn *c;

	if (f == NULL)
		return;
	while ((c = LIST_FIRST(&f->conns)) != NULL)
		conn_close(c);
	spare_cut(f, 0);
	if (f->accept != NULL)
		event_free(f->accept);
	if (f->pause != NULL)
		event_free(f->pause);
	free(f);
}

void
fcgi_ebb(struct fcgi *f)
{
	spare_cut(f, 1);
}

/* Keep spare connections, and the buffers of as many. */
static void
spare_cut(struct fcgi *f, size_t keep)
{
	struct conn *c;

	for (; f->nspare > keep; f->nspare--) {
		c = LIST_FIRST(&f->spare);
		LIST_REMOVE(c, entry);
		free(c);
	}
	while (f->nstash > keep * CONN_BUFFERS)
		buf_finish(&f->stash[--f->nstash]);
}

/*
 * When descriptors or memory run out, the gate closes for a second: a listening
 * socket that cannot be accepted from would otherwise wake the loop without end. For a moment
 * when this process is full and another is not.
 */
static void
on_accept(evutil_socket_t listener, short what, void *arg)
{
	struct fcgi *f = arg;
	int i, fd;

	(void)what;
	/* A request that has come whole may be the last that is wanted. */
	for (i = 0; i < LIMIT_ACCEPT_BURST && !f->stopped; i++) {
		/* The descriptors that are left are for what these will need behind. */
		if (f->handler->conns_max != 0 && f->count >= f->handler->conns_max) {
			event_del(f->accept);
			f->crowded = true;
			return;
		}
		if (f->handler->yields != NULL && f->handler->yields(f->handler->arg)) {
			event_del(f->accept);
			event_add(f->pause, &yield_time);
			return;
		}
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (fd != -1 && conn_open(f, fd) == 0)
			continue;
		log_warn("no new connections for a second, %zu are open", f->count);
		if (fd != -1)
			close(fd);
		event_del(f->accept);
		event_add(f->pause, &pause_time);
		return;
	}
}

static void
on_pause(evutil_socket_t fd, short what, void *arg)
{
	struct fcgi *f = arg;

	(void)fd;
	(void)what;
	if (!f->stopped)
		event_add(f->accept, NULL);
	else
		close(f->fd);
}

/* An empty buffer, with memory if there is one. */
static struct buf
stash_take(struct fcgi *f, size_t cap)
{
	struct buf b;

	if (f->nstash == 0) {
		buf_init(&b, cap);
		return b;
	}
	b = f->stash[--f->nstash];
	b.cap = cap;
	return b;
}

/* Keep a buffer's memory, unless it is much or there is enough. */
static void
stash_give(struct fcgi *f, struct buf *b)
{
	if (b->size == 0 || b->size > LIMIT_FRONT_STASHED || f->nstash == LIMIT_FRONT_STASH) {
		buf_finish(b);
		return;
	}
	buf_reset(b);
	f->stash[f->nstash++] = *b;
	buf_init(b, 0);
}

static int
conn_open(struct fcgi *f, int fd)
{
	struct conn *c = LIST_FIRST(&f->spare);

	if (c != NULL) {
		LIST_REMOVE(c, entry);
		f->nspare--;
		memset(c, 0, sizeof *c);
	} else
		c = calloc(1, sizeof *c);
	if (c == NULL)
		return -1;
	c->fcgi = f;
	c->fd = fd;
	c->front.write = conn_take;
	c->front.began_us = clock_mono_us();
	event_assign(&c->read, f->base, fd, EV_READ | EV_PERSIST, on_read, c);
	event_assign(&c->write, f->base, fd, EV_WRITE, on_write, c);
	c->params = stash_take(f, LIMIT_PARAMS);
	http_request_init(&c->rq, f->handler->body_max);
	c->rq.params = stash_take(f, HTTP_PARAMS_ROOM);
	LIST_INSERT_HEAD(&f->conns, c, entry);
	f->count++;
	/* A web server connects when it has a request: most often it is there already. */
	if (conn_read(c) == 0 &&
	    event_add(&c->read, c->state < CONN_BUSY ? &read_timeout : NULL) == -1)
		conn_close(c);
	return 0;
}

/* The one way a connection ends; may be called at any moment of its life. */
static void
conn_close(struct conn *c)
{
	struct fcgi *f = c->fcgi;
	void *exchange = c->front.exchange;

	LIST_REMOVE(c, entry);
	f->count--;
	event_del(&c->read);
	event_del(&c->write);
	close(c->fd);
	if (f->crowded && !f->stopped) {
		f->crowded = false;
		event_add(f->accept, NULL);
	}
	conn_forget(c);
	stash_give(f, &c->out);
	if (f->nspare < LIMIT_FRONT_SPARE) {
		LIST_INSERT_HEAD(&f->spare, c, entry);
		f->nspare++;
	} else
		free(c);
	if (exchange != NULL)
		f->handler->gone(f->handler->arg, exchange);
	f->handler->closed(f->handler->arg);
}

/* What was read is not needed any more. */
static void
conn_forget(struct conn *c)
{
	c->fcgi->reading -= c->rq.body.len;
	buf_finish(&c->rq.body);
	stash_give(c->fcgi, &c->params);
	stash_give(c->fcgi, &c->rq.params);
}

/* ====== records in ====== */

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	if ((what & EV_TIMEOUT) != 0)
		conn_close(c);
	else
		conn_read(c);
}

/* Read what there is. -1: the connection has been closed. */
static int
conn_read(struct conn *c)
{
	static unsigned char bytes[LIMIT_FCGI_READ];
	ssize_t n = read(c->fd, bytes, sizeof bytes);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	/* The end of the stream is how a web server says that its client has left. */
	if (n > 0 && !is_overdue(c) && conn_feed(c, bytes, (size_t)n) == 0)
		return 0;
	conn_close(c);
	return -1;
}

/* The event's own timeout begins again with each byte; a peer that drips them is held to this. */
static bool
is_overdue(const struct conn *c)
{
	return c->state < CONN_BUSY &&
	    clock_mono_us() - c->front.began_us > (int64_t)LIMIT_FRONT_READ_S * 1000000;
}

/* Take bytes of records. -1: this connection must be closed by the caller. */
static int
conn_feed(struct conn *c, const unsigned char *p, size_t n)
{
	size_t take;

	while (n > 0) {
		if (c->have < FCGI_HEADER_LEN) {
			c->header[c->have++] = *p++;
			n--;
			if (c->have < FCGI_HEADER_LEN)
				continue;
			if (record_begin(c) == -1)
				return -1;
		} else if (c->content > 0) {
			take = n < c->content ? n : c->content;
			if (record_content(c, p, take) == -1)
				return -1;
			c->content -= take;
			p += take;
			n -= take;
		} else {
			take = n < c->padding ? n : c->padding;
			c->padding -= take;
			p += take;
			n -= take;
		}
		if (c->have == FCGI_HEADER_LEN && c->content == 0 && c->padding == 0) {
			c->have = 0;
			if (record_end(c) == -1)
				return -1;
		}
	}
	return 0;
}

static unsigned
record_type(const struct conn *c)
{
	return ((const FCGI_Header *)c->header)->type;
}

static uint16_t
record_id(const struct conn *c)
{
	const FCGI_Header *h = (const FCGI_Header *)c->header;

	return (uint16_t)(h->requestIdB1 << 8 | h->requestIdB0);
}

static int
record_begin(struct conn *c)
{
	const FCGI_Header *h = (const FCGI_Header *)c->header;

	if (h->version != FCGI_VERSION_1)
		return -1;
	c->content = (size_t)(h->contentLengthB1 << 8 | h->contentLengthB0);
	c->padding = h->paddingLength;
	if (record_type(c) == FCGI_BEGIN_REQUEST) {
		c->begun = 0;
		return c->content == sizeof c->begin ? 0 : -1;
	}
	return 0;
}

static int
record_content(struct conn *c, const unsigned char *p, size_t n)
{
	if (record_type(c) == FCGI_BEGIN_REQUEST) {
		memcpy(c->begin + c->begun, p, n);
		c->begun += n;
	} else if (record_id(c) != c->id || c->state == CONN_BEGIN)
		return 0;
	else if (record_type(c) == FCGI_PARAMS && c->state == CONN_PARAMS) {
		if (c->params.len + n > c->params.cap)
			c->excess = true;
		else if (!c->excess && buf_append(&c->params, p, n) == -1)
			return -1;
	} else if (record_type(c) == FCGI_STDIN && c->state == CONN_STDIN)
		return body_content(c, p, n);
	return 0;
}

/* Bodies that are being read are held to a sum: a thousand large ones must not fill memory. */
static int
body_content(struct conn *c, const unsigned char *p, size_t n)
{
	struct fcgi *f = c->fcgi;
	size_t before = c->rq.body.len;
	int result;

	if (f->reading + n > LIMIT_FRONT_BODIES && c->rq.excess == HTTP_FITS) {
		c->rq.excess = HTTP_BUSY;
		buf_finish(&c->rq.body);
	}
	result = http_request_body(&c->rq, p, n);
	f->reading = f->reading - before + c->rq.body.len;
	return result;
}

static int
record_end(struct conn *c)
{
	const FCGI_Header *h = (const FCGI_Header *)c->header;
	bool empty = h->contentLengthB1 == 0 && h->contentLengthB0 == 0;
	unsigned type = record_type(c);

	if (record_id(c) == FCGI_NULL_REQUEST_ID)
		return conn_manage(c, type);
	if (type == FCGI_BEGIN_REQUEST)
		return request_begin(c);
	if (record_id(c) != c->id || c->state == CONN_BEGIN)
		return 0;
	if (type == FCGI_ABORT_REQUEST)
		return -1;
	if (type == FCGI_PARAMS && c->state == CONN_PARAMS && empty) {
		c->state = CONN_STDIN;
		return params_decode(c);
	}
	if (type == FCGI_STDIN && c->state == CONN_STDIN && empty)
		return request_ready(c);
	return 0;
}

static int
request_begin(struct conn *c)
{
	const FCGI_BeginRequestBody *b = (const FCGI_BeginRequestBody *)c->begin;
	FCGI_EndRequestBody end = { 0 };

	if (c->state == CONN_BEGIN && (b->roleB1 << 8 | b->roleB0) == FCGI_RESPONDER) {
		c->id = record_id(c);
		c->state = CONN_PARAMS;
		return 0;
	}
	if (c->state == CONN_REPLY)
		return 0;
	end.protocolStatus = c->state == CONN_BEGIN ? FCGI_UNKNOWN_ROLE : FCGI_CANT_MPX_CONN;
	if (c->out.cap == 0)
		c->out = stash_take(c->fcgi, LIMIT_FCGI_READ);
	frame(&c->out, FCGI_END_REQUEST, record_id(c), (const char *)&end, sizeof end);
	conn_write(c);
	return 0;
}

/* The length of a name or a value (FastCGI 1.0, section 3.4). -1: it does not fit. */
static int
pair_length(const unsigned char **p, const unsigned char *end, size_t *len)
{
	if (*p >= end)
		return -1;
	if ((**p & 0x80) == 0) {
		*len = *(*p)++;
		return 0;
	}
	if (end - *p < 4)
		return -1;
	*len = (size_t)((*p)[0] & 0x7f) << 24 | (size_t)(*p)[1] << 16 | (size_t)(*p)[2] << 8 |
	    (*p)[3];
	*p += 4;
	return 0;
}

static int
params_decode(struct conn *c)
{
	const unsigned char *p = (const unsigned char *)buf_str(&c->params);
	const unsigned char *end = p + c->params.len;
	size_t name, value;

	while (!c->excess && p < end) {
		if (pair_length(&p, end, &name) == -1 || pair_length(&p, end, &value) == -1 ||
		    name > (size_t)(end - p) || value > (size_t)(end - p) - name) {
			c->rq.excess = HTTP_MALFORMED;
			break;
		}
		if (http_request_add(&c->rq, (const char *)p, name, (const char *)p + name,
		    value) == -1)
			return -1;
		p += name + value;
	}
	if (c->excess)
		c->rq.excess = HTTP_PARAMS_EXCESS;
	stash_give(c->fcgi, &c->params);
	return 0;
}

/*
 * The request is whole: answer a probe at once, or hand it up. From here on only the end of
 * the stream is of interest.
 */
static int
request_ready(struct conn *c)
{
	const struct front_handler *h = c->fcgi->handler;
	struct http_request rq;
	struct buf out;

	http_request_end(&c->rq);
	c->state = CONN_BUSY;
	event_remove_timer(&c->read);
	out = stash_take(c->fcgi, LIMIT_METRICS);
	if (h->probe(h->arg, &c->rq, &out)) {
		conn_forget(c);
		conn_take(&c->front, &out, true);
		return 0;
	}
	stash_give(c->fcgi, &out);
	if (http_request_move(&rq, &c->rq) == -1)
		return -1;
	c->fcgi->reading -= rq.body.len;
	conn_forget(c);
	c->front.exchange = h->request(h->arg, &c->front, &rq);
	return 0;
}

/* Management records (section 4): what the server may ask, or may not. */
static int
conn_manage(struct conn *c, unsigned type)
{
	/* One request a connection. */
	static const char values[] = "\x0f\x01" "FCGI_MPXS_CONNS0";
	FCGI_UnknownTypeBody unknown = { 0 };

	if (c->state == CONN_REPLY)
		return 0;
	if (c->out.cap == 0)
		c->out = stash_take(c->fcgi, LIMIT_FCGI_READ);
	if (type == FCGI_GET_VALUES)
		frame(&c->out, FCGI_GET_VALUES_RESULT, 0, values, sizeof values - 1);
	else {
		unknown.type = (unsigned char)type;
		frame(&c->out, FCGI_UNKNOWN_TYPE, 0, (const char *)&unknown, sizeof unknown);
	}
	if (c->out.failed)
		return -1;
	conn_write(c);
	return 0;
}

/* ====== the reply out ====== */

/*
 * Append data in as many records as it takes, each filled up to a multiple of eight bytes, as the
 * specification advises (3.3): cgi-fcgi loses a record whose head straddles its buffer's end.
 */
static void
frame(struct buf *out, unsigned type, uint16_t id, const char *data, size_t len)
{
	static const char zeros[FCGI_HEADER_LEN];
	FCGI_Header h = { .version = FCGI_VERSION_1, .type = (unsigned char)type };
	size_t n;

	h.requestIdB1 = (unsigned char)(id >> 8);
	h.requestIdB0 = (unsigned char)id;
	do {
		n = len < FCGI_MAX_LENGTH ? len : FCGI_MAX_LENGTH;
		h.contentLengthB1 = (unsigned char)(n >> 8);
		h.contentLengthB0 = (unsigned char)n;
		h.paddingLength = (unsigned char)(-n % FCGI_HEADER_LEN);
		buf_append(out, &h, sizeof h);
		buf_append(out, data, n);
		buf_append(out, zeros, h.paddingLength);
		data += n;
		len -= n;
	} while (len > 0);
}

/* Let go of what was written of a stream that never ends: half at least, or nothing. */
static void
conn_shift(struct conn *c)
{
	size_t left = c->out.len - c->gone;

	if (c->gone <= left)
		return;
	memmove(c->out.data, c->out.data + c->gone, left);
	buf_truncate(&c->out, left);
	c->gone = 0;
}

/* A piece of the reply from above. */
static void
conn_take(struct front *f, struct buf *response, bool last)
{
	static const FCGI_EndRequestBody end = { .protocolStatus = FCGI_REQUEST_COMPLETE };
	struct conn *c = (struct conn *)f;
	size_t room;

	conn_shift(c);
	room = response->len + (response->len / FCGI_MAX_LENGTH + 4) * 2 * FCGI_HEADER_LEN +
	    sizeof end + c->out.len;
	if (c->out.cap == 0)
		c->out = stash_take(c->fcgi, room);
	c->out.cap = room > c->out.cap ? room : c->out.cap;
	buf_room(&c->out, room - c->out.len);
	/* An empty record is the end of the stream. */
	if (response->len > 0)
		frame(&c->out, FCGI_STDOUT, c->id, buf_str(response), response->len);
	if (last) {
		frame(&c->out, FCGI_STDOUT, c->id, "", 0);
		frame(&c->out, FCGI_END_REQUEST, c->id, (const char *)&end, sizeof end);
		c->state = CONN_REPLY;
	}
	stash_give(c->fcgi, response);
	f->behind = c->out.len - c->gone > LIMIT_FRONT_BACKLOG / 2;
	if (c->out.failed || (!last && c->out.len - c->gone > LIMIT_FRONT_BACKLOG)) {
		log_warnx(c->out.failed ? "out of memory for a reply; its connection is cut" :
		    "a client does not take what it is sent; its connection is cut");
		shutdown(c->fd, SHUT_RDWR);	/* the read event closes it */
		return;
	}
	/* Written from the loop: the caller may be deep inside this connection's own read. */
	event_active(&c->write, EV_WRITE, 0);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	if ((what & EV_TIMEOUT) != 0)
		conn_close(c);
	else
		conn_write(c);
}

/*
 * Write what there is; what the socket does not take waits. A finished reply closes; between the
 * pieces of one the connection holds no buffer.
 */
static void
conn_write(struct conn *c)
{
	ssize_t n;

	while (c->gone < c->out.len) {
		n = send(c->fd, c->out.data + c->gone, c->out.len - c->gone, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			if (event_add(&c->write, &write_timeout) == -1)
				shutdown(c->fd, SHUT_RDWR);
			return;
		}
		if (n == -1) {
			shutdown(c->fd, SHUT_RDWR);	/* the read event closes it */
			return;
		}
		c->gone += (size_t)n;
		c->front.behind = c->out.len - c->gone > LIMIT_FRONT_BACKLOG / 2;
	}
	c->gone = 0;
	stash_give(c->fcgi, &c->out);
	buf_init(&c->out, 0);
	if (c->state == CONN_REPLY)
		conn_close(c);
}
