/* SPDX-License-Identifier: MIT */
/* self.c - see self.h. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "edge/front.h"
#include "edge/self.h"

struct self {
	struct front			 front;	/* first: a front is its message */
	const struct front_handler	*handler;
	struct buf			*answer;
	bool				 begun;	/* the head has come */
};

static void	self_write(struct front *, struct buf *, bool);

struct self *
self_create(const struct front_handler *h, const struct buf *message, struct buf *answer)
{
	struct self *s = calloc(1, sizeof *s);
	struct http_request rq;

	if (s == NULL)
		return NULL;
	s->handler = h;
	s->answer = answer;
	s->front.write = self_write;
	s->front.began_us = clock_mono_us();
	http_request_init(&rq, h->body_max);
	rq.local = rq.whole = true;
	if (http_request_body(&rq, buf_str(message), message->len) == -1) {
		http_request_finish(&rq);
		free(s);
		return NULL;
	}
	s->front.exchange = h->request(h->arg, &s->front, &rq);
	return s;
}

void
self_destroy(struct self *s)
{
	free(s);
}

static void
self_write(struct front *f, struct buf *response, bool last)
{
	struct self *s = (struct self *)f;

	buf_puts(s->answer, s->begun ? buf_str(response) : http_body(response));
	s->begun = true;
	buf_finish(response);
	if (last)
		s->handler->closed(s->handler->arg);
}
