/* SPDX-License-Identifier: MIT */
/*
 * stdio.c - bytes in, a line becomes a request, its answer waits until it is its turn to be
 * written, bytes out; see stdio.h.
 *
 * A message is there before its line, so that no line is read that could not be answered. What
 * is answered is written in a turn of its own: whoever answers may still look at the message.
 */
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/front.h"
#include "edge/stdio.h"

struct message {
	struct front		 front;		/* first: a front is its message */
	struct stdio		*stdio;
	TAILQ_ENTRY(message)	 entry;
	struct buf		 reply;
	bool			 begun;		/* its head has come, in an earlier piece */
	char			*text;		/* what of it is to be written, and a line end */
	size_t			 len;
	size_t			 gone;		/* bytes of both that are written */
};

TAILQ_HEAD(messages, message);

struct stdio {
	const struct front_handler *handler;
	struct event		 read, write;	/* when there is something, when there is room */
	struct event		 take, give;	/* at once */
	char			 chunk[LIMIT_STDIO_READ];
	size_t			 at, have;	/* of it */
	struct http_request	 rq;		/* the line as far as it has come */
	struct message		*next;		/* for that line; NULL: there was no memory */
	struct messages		 asked, answered;
	size_t			 count;		/* of both */
	int			 flags;		/* of the output, before us; -1: not changed */
	bool			 watched;	/* the input can be waited for */
	bool			 ended;		/* nothing is read any more */
};

static void	rouse(struct stdio *);
static void	on_read(evutil_socket_t, short, void *);
static void	take(struct stdio *);
static void	end_line(struct stdio *);
static void	message_write(struct front *, struct buf *, bool);
static void	message_answer(struct message *);
static void	message_end(struct stdio *, struct messages *, struct message *);
static void	on_write(evutil_socket_t, short, void *);
static bool	write_some(struct message *);
static void	break_off(struct stdio *);

static const struct timeval at_once = { 0, 0 };
static const struct timeval pause_time = { 1, 0 };

/* Whether one can wait for a descriptor. What can't be waited for never makes one wait. */
static bool
is_watched(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && isatty(fd)));
}

struct stdio *
stdio_create(struct event_base *base, const struct front_handler *h)
{
	struct stdio *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->handler = h;
	TAILQ_INIT(&s->asked);
	TAILQ_INIT(&s->answered);
	http_request_init(&s->rq, h->body_max);
	event_assign(&s->read, base, STDIN_FILENO, EV_READ, on_read, s);
	event_assign(&s->write, base, STDOUT_FILENO, EV_WRITE, on_write, s);
	evtimer_assign(&s->take, base, on_read, s);
	evtimer_assign(&s->give, base, on_write, s);
	s->watched = is_watched(STDIN_FILENO);
	/* A terminal is its shell's, too. Its reader does not keep us waiting for long. */
	s->flags = is_watched(STDOUT_FILENO) && !isatty(STDOUT_FILENO) ?
	    fcntl(STDOUT_FILENO, F_GETFL) : -1;
	if (s->flags != -1)
		fcntl(STDOUT_FILENO, F_SETFL, s->flags | O_NONBLOCK);
	rouse(s);
	return s;
}

void
stdio_stop(struct stdio *s)
{
	s->ended = true;
	s->at = s->have = 0;
	event_del(&s->read);
	event_del(&s->take);
}

size_t
stdio_count(const struct stdio *s)
{
	return s->count;
}

void
stdio_destroy(struct stdio *s)
{
	if (s == NULL)
		return;
	stdio_stop(s);
	event_del(&s->write);
	event_del(&s->give);
	while (!TAILQ_EMPTY(&s->asked))
		message_end(s, &s->asked, TAILQ_FIRST(&s->asked));
	while (!TAILQ_EMPTY(&s->answered))
		message_end(s, &s->answered, TAILQ_FIRST(&s->answered));
	http_request_finish(&s->rq);
	free(s->next);
	if (s->flags != -1)
		fcntl(STDOUT_FILENO, F_SETFL, s->flags);
	free(s);
}

/* ====== in ====== */

/* Go on reading, if there is room for another message. */
static void
rouse(struct stdio *s)
{
	if (s->ended || s->count >= s->handler->conns_max) {
		event_del(&s->read);
		return;
	}
	if (s->next == NULL)
		s->next = calloc(1, sizeof *s->next);
	if (s->next == NULL)
		event_add(&s->take, &pause_time);
	else if (s->at < s->have || !s->watched)
		event_add(&s->take, &at_once);
	else
		event_add(&s->read, NULL);
}

/* The input has ended. What has no line end is a message all the same. */
static void
end_input(struct stdio *s)
{
	s->ended = true;
	if (s->next != NULL)
		end_line(s);
	s->handler->closed(s->handler->arg);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct stdio *s = arg;
	ssize_t n;

	(void)fd;
	(void)what;
	if (s->next != NULL && s->at == s->have) {
		n = read(STDIN_FILENO, s->chunk, sizeof s->chunk);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			log_warn("the standard input cannot be read");
		if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN)) {
			end_input(s);
			return;
		}
		s->at = 0;
		s->have = n > 0 ? (size_t)n : 0;
	}
	take(s);
	rouse(s);
}

/* Take lines of what was read, as many as there is room for. */
static void
take(struct stdio *s)
{
	const char *end;
	size_t len;

	while (s->at < s->have && s->next != NULL && s->count < s->handler->conns_max) {
		end = memchr(s->chunk + s->at, '\n', s->have - s->at);
		len = end == NULL ? s->have - s->at : (size_t)(end - s->chunk) - s->at;
		if (http_request_body(&s->rq, s->chunk + s->at, len) == -1) {
			s->rq.excess = HTTP_BUSY;
			buf_finish(&s->rq.body);
		}
		s->at += len + (end != NULL);
		if (end == NULL)
			continue;
		end_line(s);
		if (s->next == NULL && !s->ended)
			s->next = calloc(1, sizeof *s->next);
	}
}

/* A line is there: hand it up, unless it is blank. */
static void
end_line(struct stdio *s)
{
	struct message *m = s->next;
	struct http_request rq = s->rq;

	http_request_init(&s->rq, s->handler->body_max);
	if (rq.excess == HTTP_FITS && strspn(buf_str(&rq.body), " \t\r") == rq.body.len) {
		http_request_finish(&rq);
		return;
	}
	s->next = NULL;
	s->count++;
	TAILQ_INSERT_TAIL(&s->asked, m, entry);
	m->stdio = s;
	m->front.write = message_write;
	m->front.began_us = clock_mono_us();
	rq.local = true;
	m->front.exchange = s->handler->request(s->handler->arg, &m->front, &rq);
}

/* ====== out ====== */

/* Events of a stream (text/event-stream) as lines: what is behind "data: ", one after the other. */
static size_t
strip_events(char *text)
{
	char *from = text, *to = text;
	size_t len;

	for (; *from != '\0'; from += len + (from[len] == '\n')) {
		len = strcspn(from, "\n");
		if (strncmp(from, "data: ", 6) != 0)
			continue;
		if (to > text)
			*to++ = '\n';
		memmove(to, from + 6, len - 6);
		to += len - 6;
	}
	return (size_t)(to - text);
}

/*
 * A piece of what is said to a message. One before the last is written as a message of its own,
 * for which it is counted, too; without memory it is left out.
 */
static void
message_write(struct front *f, struct buf *response, bool last)
{
	struct message *m = (struct message *)f, *piece;
	struct stdio *s = m->stdio;

	if (last) {
		m->reply = *response;
		TAILQ_REMOVE(&s->asked, m, entry);
		message_answer(m);
		return;
	}
	piece = calloc(1, sizeof *piece);
	if (piece == NULL) {
		log_warnx("out of memory for a part of an answer, which is left out");
		buf_finish(response);
		return;
	}
	piece->stdio = s;
	piece->begun = m->begun;
	piece->reply = *response;
	m->begun = true;
	s->count++;
	message_answer(piece);
}

/* Whoever answers has not read on yet: written in a turn of its own. */
static void
message_answer(struct message *m)
{
	static char lost[] = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32603,\"message\":"
	    "\"Internal error: the bridge is short of memory; repeat later\"}}";
	struct stdio *s = m->stdio;

	if (m->reply.len > 0) {
		m->text = m->begun ? m->reply.data :
		    m->reply.data + (http_body(&m->reply) - m->reply.data);
		/* Of a stream what is no data, a comment, is not for a client that reads lines. */
		m->len = m->begun || strncmp(m->text, "event: ", 7) == 0 ?
		    strip_events(m->text) : strlen(m->text);
		/* What has no answer is accepted (202); whoever waits for one must not do so. */
		if (m->len == 0 && !m->begun && strncmp(m->reply.data, "Status: 202 ", 12) != 0) {
			m->text = lost;
			m->len = sizeof lost - 1;
		}
	}
	TAILQ_INSERT_TAIL(&s->answered, m, entry);
	if (!event_pending(&s->write, EV_WRITE, NULL))
		event_add(&s->give, &at_once);
}

/* The one way a message ends. */
static void
message_end(struct stdio *s, struct messages *where, struct message *m)
{
	TAILQ_REMOVE(where, m, entry);
	s->count--;
	buf_finish(&m->reply);
	free(m);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct stdio *s = arg;
	struct message *m;

	(void)fd;
	(void)what;
	while ((m = TAILQ_FIRST(&s->answered)) != NULL) {
		if (m->len > 0 && !write_some(m)) {
			if (errno == EAGAIN)
				event_add(&s->write, NULL);
			else
				break_off(s);
			return;
		}
		message_end(s, &s->answered, m);
		rouse(s);
	}
}

/* Write as much as there is room for. Whether that is all; else errno says why. */
static bool
write_some(struct message *m)
{
	static char end[] = "\n";
	struct iovec parts[2] = { [1] = { end, 1 } };
	ssize_t n;

	while (m->gone < m->len + 1) {
		parts[0].iov_base = m->text + m->gone;
		parts[0].iov_len = m->len - m->gone;
		n = writev(STDOUT_FILENO, parts, 2);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		m->gone += (size_t)n;
	}
	return true;
}

/* Nobody takes answers any more. */
static void
break_off(struct stdio *s)
{
	struct message *m;

	log_warn("the standard output cannot be written");
	stdio_stop(s);
	while ((m = TAILQ_FIRST(&s->asked)) != NULL) {
		s->handler->gone(s->handler->arg, m->front.exchange);
		message_end(s, &s->asked, m);
	}
	while ((m = TAILQ_FIRST(&s->answered)) != NULL)
		message_end(s, &s->answered, m);
	s->handler->closed(s->handler->arg);
}
