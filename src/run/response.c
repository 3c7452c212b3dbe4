/* SPDX-License-Identifier: MIT */
/* response.c - delivered here, or sent to where it is waited for; see response.h. */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/mcp.h"
#include "mcp/principal.h"
#include "run/ask.h"
#include "run/bridge.h"
#include "run/mailbox.h"
#include "run/metrics.h"
#include "run/response.h"
#include "wire/json.h"

static void	on_told(void *, enum mail_fate);
static void	on_silence(evutil_socket_t, short, void *);
static void	on_posted(void *, const struct store_reply *);
static void	on_look(evutil_socket_t, short, void *);
static void	on_echo(void *, const struct store_reply *);

static const struct timeval look_time = { 0, LIMIT_MAILBOX_MS * 1000 };

/* Of a letter that cannot be sent. */
static int
status_of(enum mail_fate fate)
{
	return fate == MAIL_NOBODY ? 404 : fate == MAIL_LONG ? 413 : 503;
}

/* What the worker that waits is to know; an error's words are not needed. 0 or -1. */
static int
write_letter(struct buf *letter, const struct response *r)
{
	const struct mcp_message *m = r->message;
	const cJSON *result = json_get(m->rpc.root, "result");

	buf_printf(letter, "{\"from\":\"%s\",\"name\":\"%s\",\"id\":%s,\"caller\":",
	    mail_address(r->bridge->mail), r->name, m->rpc.id);
	json_quote(letter, m->principal->name);
	if (cJSON_IsObject(result)) {
		buf_puts(letter, ",\"result\":");
		json_print(letter, result);
	}
	return buf_putc(letter, '}');
}

/* To a worker of another machine: into its box. What became of it comes into one of this name. */
static int
post(struct response *r)
{
	struct buf letter, id;

	buf_init(&letter, LIMIT_MAIL);
	buf_init(&id, LIMIT_RPC_ID);
	buf_append(&id, r->message->rpc.id + 1, strlen(r->message->rpc.id) - 2);
	if (write_letter(&letter, r) == 0 && !id.failed) {
		mailbox_open(r->bridge, r->name, LIMIT_MAILBOX_KEEP_MS);
		r->boxed = true;
		r->op = mailbox_post(r->bridge, buf_str(&id), letter.data, letter.len, on_posted,
		    r);
	}
	buf_finish(&letter);
	buf_finish(&id);
	return r->op == NULL ? 503 : 0;
}

/* 0: it is on its way; else the status. A worker that is not on this machine may be on another. */
static int
fate_of(struct response *r, enum mail_fate fate)
{
	if (fate == MAIL_SENT || fate == MAIL_WAITS)
		return 0;
	return fate == MAIL_NOBODY && mailbox_is_shared(r->bridge) ? post(r) : status_of(fate);
}

static int
forward(struct response *r, const char *worker)
{
	static const struct timeval wait = { LIMIT_ASK_ECHO_S, 0 };
	char address[MAIL_ADDRESS + 1];
	enum mail_fate fate = MAIL_FAILED;
	struct buf letter;
	int status;

	memcpy(address, worker, MAIL_ADDRESS);
	address[MAIL_ADDRESS] = '\0';
	if (ask_make_name(r->name) == -1)
		return 503;
	r->letter.told = on_told;
	r->letter.arg = r;
	LIST_INSERT_HEAD(&r->bridge->responses, r, entry);
	evtimer_assign(&r->timer, r->bridge->base, on_silence, r);
	evtimer_assign(&r->look, r->bridge->base, on_look, r);
	buf_init(&letter, LIMIT_MAIL);
	if (write_letter(&letter, r) == -1)
		fate = letter.starved ? MAIL_FAILED : MAIL_LONG;
	else if (event_add(&r->timer, &wait) == 0)
		fate = mail_send(r->bridge->mail, address, letter.data, letter.len, &r->letter);
	buf_finish(&letter);
	status = fate_of(r, fate);
	if (status != 0)
		response_finish(r);
	return status;
}

int
response_take(struct response *r, struct bridge *b, const struct mcp_message *m)
{
	const char *worker = ask_worker(m->rpc.id);
	bool own;
	int status;

	if (worker == NULL)
		return 202;
	r->bridge = b;
	r->message = m;
	own = b->mail == NULL || strncmp(worker, mail_address(b->mail), MAIL_ADDRESS) == 0;
	status = own ? ask_deliver(b, m->rpc.id, m->principal->name,
	    json_get(m->rpc.root, "result")) : forward(r, worker);
	if (status != 0)
		metrics_answer(b->metrics, own ? "this" : "other", status);
	return status;
}

void
response_finish(struct response *r)
{
	if (r->name[0] == '\0')
		return;
	LIST_REMOVE(r, entry);
	event_del(&r->timer);
	event_del(&r->look);
	mail_leave(&r->letter);
	if (r->op != NULL)
		store_cancel(r->op);
	r->op = NULL;
	if (r->boxed)
		mailbox_close(r->bridge, r->name);
	r->boxed = false;
	r->name[0] = '\0';
}

/* ====== what became of it ====== */

/* It is on its way no more. */
static void
response_end(struct response *r, int status)
{
	response_finish(r);
	metrics_answer(r->bridge->metrics, "other", status);
	r->told(r->arg, status);
}

static void
on_told(void *arg, enum mail_fate fate)
{
	struct response *r = arg;
	int status = fate_of(r, fate);

	if (status != 0)
		response_end(r, status);
}

static void
on_posted(void *arg, const struct store_reply *reply)
{
	struct response *r = arg;

	r->op = NULL;
	if (reply->result == STORE_DONE)
		event_add(&r->look, &look_time);
	else
		response_end(r, reply->result == STORE_NONE ||
		    reply->result == STORE_CHANGED ? 404 : 503);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct response *r = arg;

	(void)fd;
	(void)what;
	event_add(&r->look, &look_time);
	if (r->op == NULL)
		r->op = mailbox_look(r->bridge, r->name, on_echo, r);
}

static void
on_echo(void *arg, const struct store_reply *reply)
{
	struct response *r = arg;
	struct buf letter;

	r->op = NULL;
	buf_init(&letter, LIMIT_STORE_VALUE);
	if (mailbox_read(r->bridge, r->name, reply, &letter) == 0)
		response_letter(r->bridge, letter.data, letter.len);
	buf_finish(&letter);
}

static void
on_silence(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	response_end(arg, 503);
}

/* What became of an answer that was sent to another. */
static void
take_echo(struct bridge *b, const char *name, int status)
{
	struct response *r;

	LIST_FOREACH(r, &b->responses, entry)
		if (strcmp(r->name, name) == 0)
			break;
	if (r != NULL)
		response_end(r, status);
}

void
response_letter(struct bridge *b, const void *data, size_t len)
{
	struct json_fault fault;
	cJSON *letter = json_parse(data, len, &fault);
	const cJSON *status = json_get(letter, "status");
	const char *name = json_str(letter, "name");

	if (json_get(letter, "id") != NULL)
		ask_letter(b, letter, false);
	else if (name != NULL && cJSON_IsNumber(status))
		take_echo(b, name, (int)strtol(status->valuestring, NULL, 10));
	cJSON_Delete(letter);
}
