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
};

static void	self_reply(struct front *, struct buf *);

struct self *
self_create(const struct front_handler *h, const struct buf *message, struct buf *answer)
{
	struct self *s = calloc(1, sizeof *s);
	struct http_request rq;

	if (s == NULL)
		return NULL;
	s->handler = h;
	s->answer = answer;
	s->front.reply = self_reply;
	s->front.began_us = clock_mono_us();
	http_request_init(&rq, h->body_max);
	rq.local = true;
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
self_reply(struct front *f, struct buf *response)
{
	struct self *s = (struct self *)f;

	buf_puts(s->answer, http_body(response));
	buf_finish(response);
	s->handler->closed(s->handler->arg);
}
