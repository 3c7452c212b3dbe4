/* SPDX-License-Identifier: MIT */
/* batch.c - an array taken apart, its exchanges begun, their answers put together; see batch.h. */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "edge/front.h"
#include "mcp/mcp.h"
#include "run/batch.h"
#include "run/bridge.h"
#include "run/req.h"
#include "run/settings.h"
#include "wire/json.h"
#include "wire/jsonrpc.h"

#define SESSION_LINE	"\r\nMcp-Session-Id: "
#define NO_MEMORY	"Internal error: the bridge is short of memory; nothing was done; " \
			"repeat later"

/* An element: the front of its own exchange. */
struct element {
	struct front		 front;		/* first: a front is its element */
	struct batch		*batch;
	struct buf		 id;		/* as JSON; empty: none */
	struct buf		 reply;		/* whole, with its head; empty: none */
};

struct batch {
	LIST_ENTRY(batch)	 entry;
	struct bridge		*bridge;
	struct front		*front;		/* NULL once the client has left */
	bool			 local;
	size_t			 open;		/* exchanges, and one while they are begun */
	size_t			 bytes;		/* of all replies */
	size_t			 count;
	struct element		 elements[];
};

static cJSON	*batch_parse(const struct bridge *, const struct http_request *);
static void	*batch_refuse(struct bridge *, struct front *, struct http_request *);
static int	 status_of(const struct buf *);
static void	 element_start(struct batch *, struct element *, const cJSON *,
		    struct http_request *);
static void	 element_write(struct front *, struct buf *, bool);
static void	 element_fail(struct element *, const char *);
static void	 batch_close(struct batch *);
static void	 batch_reply(struct batch *);
static void	 batch_free(struct batch *);

/* ====== in ====== */

void *
batch_start(struct bridge *b, struct front *f, struct http_request *rq)
{
	cJSON *root = batch_parse(b, rq);
	const cJSON *item;
	struct batch *t;

	if (root == NULL)
		return req_start(b, f, rq);
	t = calloc(1, sizeof *t + (size_t)cJSON_GetArraySize(root) * sizeof t->elements[0]);
	if (t == NULL) {
		cJSON_Delete(root);
		return batch_refuse(b, f, rq);
	}
	LIST_INSERT_HEAD(&b->batches, t, entry);
	t->bridge = b;
	t->front = f;
	t->local = rq->local;
	t->open = 1;
	f->exchange = t;
	buf_finish(&rq->body);
	cJSON_ArrayForEach(item, root) {
		element_start(t, &t->elements[t->count++], item, rq);
		/* Who is not let in hears it once, and is logged once. */
		if (status_of(&t->elements[0].reply) == 401)
			break;
	}
	cJSON_Delete(root);
	http_request_finish(rq);
	batch_close(t);
	return f->exchange;
}

/* The array that a body is, if it is a batch that may come in. NULL: it is none. */
static cJSON *
batch_parse(const struct bridge *b, const struct http_request *rq)
{
	const char *body = buf_str(&rq->body), *method = http_variable(rq, "REQUEST_METHOD");
	struct json_fault fault;
	cJSON *root;
	int count;

	if (rq->excess != HTTP_FITS || body[strspn(body, " \t\r\n")] != '[' ||
	    !mcp_takes_batch(&b->mcp, rq))
		return NULL;
	/* What is refused for its path, method or type need not be parsed. */
	if (!rq->local && (method == NULL || strcmp(method, "POST") != 0 ||
	    !http_path_is(rq, b->settings->endpoint) ||
	    !http_is_json(http_header(rq, "Content-Type"))))
		return NULL;
	root = json_parse(body, rq->body.len, &fault);
	count = cJSON_GetArraySize(root);
	if (count >= 1 && count <= LIMIT_BATCH)
		return root;
	cJSON_Delete(root);
	return NULL;
}

/* There is no memory for it: said as of any other body. */
static void *
batch_refuse(struct bridge *b, struct front *f, struct http_request *rq)
{
	rq->excess = HTTP_BUSY;
	return req_start(b, f, rq);
}

/* Begin the exchange of an element, which may end before this returns. */
static void
element_start(struct batch *t, struct element *e, const cJSON *item, struct http_request *whole)
{
	const cJSON *id = json_get(item, "id");
	struct http_request rq;

	e->batch = t;
	e->front.write = element_write;
	e->front.began_us = t->front->began_us;
	buf_init(&e->id, LIMIT_RPC_ID);
	if ((cJSON_IsString(id) || json_is_integer(id)) && json_print(&e->id, id) == -1)
		buf_finish(&e->id);
	json_print(&whole->body, item);
	if (http_request_move(&rq, whole) == -1 || rq.body.failed) {
		http_request_finish(&rq);
		buf_finish(&whole->body);
		element_fail(e, NO_MEMORY);
		return;
	}
	rq.whole = rq.batched = true;
	t->open++;
	req_start(t->bridge, &e->front, &rq);
}

bool
batch_gone(struct bridge *b, void *exchange)
{
	struct batch *t;
	void *inner;
	size_t i;

	LIST_FOREACH(t, &b->batches, entry)
		if (t == exchange)
			break;
	if (t == NULL)
		return false;
	t->front = NULL;
	t->open++;	/* one that ends meanwhile does not end the batch */
	for (i = 0; i < t->count; i++) {
		inner = t->elements[i].front.exchange;
		t->elements[i].front.exchange = NULL;
		if (inner != NULL)
			req_gone(inner);
	}
	batch_free(t);
	return true;
}

void
batch_cut_all(struct bridge *b)
{
	while (!LIST_EMPTY(&b->batches))
		batch_free(LIST_FIRST(&b->batches));
}

/* ====== out ====== */

/* The status of a CGI response, which http_head() began. */
static int
status_of(const struct buf *reply)
{
	return reply->len == 0 ? 202 : (int)strtol(reply->data + strlen("Status: "), NULL, 10);
}

/* What an element is answered when its exchange has no answer that could be passed on. */
static void
element_fail(struct element *e, const char *why)
{
	int status = e->reply.len == 0 ? 503 : status_of(&e->reply);

	buf_finish(&e->reply);
	buf_init(&e->reply, LIMIT_HEADER);
	http_head(&e->reply, status, "application/json");
	buf_puts(&e->reply, status == 503 ? "Retry-After: 1\r\n\r\n" : "\r\n");
	jsonrpc_error(&e->reply, e->id.len == 0 ? NULL : buf_str(&e->id), JSONRPC_INTERNAL_ERROR,
	    why, NULL);
}

/* An exchange has ended. Its answer comes in one piece: it was told to (http.h, `whole`). */
static void
element_write(struct front *f, struct buf *reply, bool last)
{
	struct element *e = (struct element *)f;
	struct batch *t = e->batch;

	(void)last;
	e->reply = *reply;
	if (t->bytes + reply->len > LIMIT_BATCH_REPLIES)
		element_fail(e, "Internal error: the answers of this batch are too long together; "
		    "this message was processed all the same: send reads alone, and look before "
		    "a write is repeated");
	else if (status_of(reply) != 202 && *http_body(reply) == '\0')
		element_fail(e, status_of(reply) == 503 ? NO_MEMORY : "Internal error: the bridge "
		    "is short of memory; what this message did is not known: look before a write "
		    "is repeated");
	t->bytes += e->reply.len;
	batch_close(t);
}

/* One thing less is waited for. */
static void
batch_close(struct batch *t)
{
	if (--t->open > 0)
		return;
	if (t->front != NULL)
		batch_reply(t);
	batch_free(t);
}

/*
 * The element whose answer is that of all: each that has an answer was refused by HTTP's means, as
 * who is not let in is. NULL: there is none.
 */
static struct element *
batch_refusal(struct batch *t)
{
	struct element *first = NULL;
	size_t i;
	int status;

	/* Over one stream each id waits for an answer of its own. */
	for (i = 0; i < t->count && !t->local; i++) {
		status = status_of(&t->elements[i].reply);
		if (status == 202)
			continue;
		if (status <= 400 || status == 500)
			return NULL;
		if (first == NULL)
			first = &t->elements[i];
	}
	return first;
}

/* A session's id that an element was given (logging/setLevel): the last one counts. */
static void
put_session(struct batch *t, struct buf *out)
{
	const char *line = NULL, *at;
	size_t i;

	for (i = 0; i < t->count; i++) {
		at = strstr(buf_str(&t->elements[i].reply), SESSION_LINE);
		if (at != NULL && at < http_body(&t->elements[i].reply))
			line = at + 2;
	}
	if (line != NULL)
		buf_append(out, line, strcspn(line, "\n") + 1);
}

/* Put the answers together: an array, or nothing when no element has one. */
static void
batch_reply(struct batch *t)
{
	struct element *refusal = batch_refusal(t);
	struct buf out;
	char mark = '[';
	size_t i;

	if (refusal != NULL) {
		out = refusal->reply;
		buf_init(&refusal->reply, 0);
		front_reply(t->front, &out);
		return;
	}
	for (i = 0; i < t->count && status_of(&t->elements[i].reply) == 202; i++)
		;
	buf_init(&out, t->bytes + LIMIT_BATCH + LIMIT_HEADER);
	http_head(&out, i == t->count ? 202 : 200, i == t->count ? NULL : "application/json");
	put_session(t, &out);
	buf_puts(&out, "\r\n");
	for (; i < t->count; i++) {
		if (status_of(&t->elements[i].reply) == 202)
			continue;
		buf_putc(&out, mark);
		buf_puts(&out, http_body(&t->elements[i].reply));
		mark = ',';
	}
	if (mark == ',')
		buf_putc(&out, ']');
	if (out.failed) {
		buf_finish(&out);
		http_head(&out, 500, NULL);
		buf_puts(&out, "\r\n");
	}
	front_reply(t->front, &out);
}

static void
batch_free(struct batch *t)
{
	size_t i;

	for (i = 0; i < t->count; i++) {
		buf_finish(&t->elements[i].id);
		buf_finish(&t->elements[i].reply);
	}
	LIST_REMOVE(t, entry);
	free(t);
}
