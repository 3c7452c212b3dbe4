/* SPDX-License-Identifier: MIT */
/*
 * cgi.c - the same request path with another edge. The process is one request's own, so
 * reading and writing may block.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/cgi.h"
#include "edge/front.h"

struct cgi {
	struct front			 front;	/* first: a front is its process */
	const struct front_handler	*handler;
	bool				 broken;	/* nobody reads what is written */
};

static int	read_body(struct http_request *);
static void	cgi_write(struct front *, struct buf *, bool);

struct cgi *
cgi_create(const struct front_handler *h, char *const *environment)
{
	struct cgi *c = calloc(1, sizeof *c);
	struct http_request rq;
	struct buf out;
	const char *equals;
	size_t i;

	if (c == NULL)
		return NULL;
	c->handler = h;
	c->front.write = cgi_write;
	c->front.began_us = clock_mono_us();
	http_request_init(&rq, h->body_max);
	for (i = 0; environment[i] != NULL; i++) {
		equals = strchr(environment[i], '=');
		if (equals != NULL && http_request_add(&rq, environment[i],
		    (size_t)(equals - environment[i]), equals + 1, strlen(equals + 1)) == -1)
			goto fail;
	}
	if (read_body(&rq) == -1)
		goto fail;
	http_request_end(&rq);
	buf_init(&out, LIMIT_METRICS);
	if (h->probe(h->arg, &rq, &out)) {
		http_request_finish(&rq);
		cgi_write(&c->front, &out, true);
	} else
		c->front.exchange = h->request(h->arg, &c->front, &rq);
	return c;
fail:
	http_request_finish(&rq);
	free(c);
	return NULL;
}

/* CONTENT_LENGTH bytes and no more (RFC 3875, 4.2): the server need not close the stream. */
static int
read_body(struct http_request *rq)
{
	const char *text = http_variable(rq, "CONTENT_LENGTH");
	unsigned long long left = text == NULL || *text == '-' ? 0 : strtoull(text, NULL, 10);
	char chunk[16384];
	ssize_t n;

	while (left > 0) {
		n = read(STDIN_FILENO, chunk, left < sizeof chunk ? (size_t)left : sizeof chunk);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		if (http_request_body(rq, chunk, (size_t)n) == -1)
			return -1;
		left -= (size_t)n;
	}
	return 0;
}

void
cgi_destroy(struct cgi *c)
{
	free(c);
}

static void
cgi_write(struct front *f, struct buf *response, bool last)
{
	struct cgi *c = (struct cgi *)f;
	const char *p = buf_str(response);
	size_t left = response->len;
	ssize_t n;

	/* Behind what was lost nothing may follow: it would look like the whole. */
	while (left > 0 && !c->broken) {
		n = write(STDOUT_FILENO, p, left);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			log_warn("the reply could not be written");
			c->broken = true;
			break;
		}
		p += n;
		left -= (size_t)n;
	}
	buf_finish(response);
	if (last)
		c->handler->closed(c->handler->arg);
}
