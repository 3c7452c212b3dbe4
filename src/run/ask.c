/* SPDX-License-Identifier: MIT */
/* ask.c - asked, answered, brought to whoever waits; see ask.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/principal.h"
#include "run/ask.h"
#include "run/bridge.h"
#include "run/mailbox.h"
#include "run/metrics.h"
#include "wire/event.h"
#include "wire/json.h"

/* An id: "ums-" ADDRESS "-" NAME "-" which of the questions. */
#define PREFIX		"ums-"
#define NAME		(2 * CRYPTO_TAG)
#define AT_NAME		(sizeof PREFIX - 1 + MAIL_ADDRESS + 1)
#define AT_NUMBER	(AT_NAME + NAME + 1)
#define ID		(AT_NUMBER + 8)
/* The address of a process that is the only one. */
#define ONLY_ADDRESS	"00000000000000000000000000000000"

static void	on_timeout(evutil_socket_t, short, void *);
static void	on_pulse(evutil_socket_t, short, void *);
static void	on_look(evutil_socket_t, short, void *);
static void	on_box(void *, const struct store_reply *);
static void	on_silence(evutil_socket_t, short, void *);
static void	on_look_back(evutil_socket_t, short, void *);
static void	on_posted(void *, const struct store_reply *);
static void	on_echo(void *, const struct store_reply *);
static int	take_letter(struct bridge *, const void *, size_t, bool);

static const struct timeval look_time = { 0, LIMIT_MAILBOX_MS * 1000 };

static const char *
own_address(const struct bridge *b)
{
	return b->mail == NULL ? ONLY_ADDRESS : mail_address(b->mail);
}

/* A name that nobody guesses. 0 or -1. */
static int
make_name(char name[static NAME + 1])
{
	uint8_t random[CRYPTO_TAG];

	if (crypto_random(random, sizeof random) == -1)
		return -1;
	crypto_hex_text(name, random, sizeof random);
	return 0;
}

/* The id of a question, without the quotes around it. */
static void
id_of(char id[ID], const struct ask *a, size_t number)
{
	snprintf(id, ID, PREFIX "%s-%s-%zu", own_address(a->bridge), a->name, number);
}

/* ====== asked ====== */

static int
say_request(struct ask *a, size_t number, const cJSON *request)
{
	struct buf json, piece;
	char id[ID];
	int result;

	id_of(id, a, number);
	buf_init(&json, 4 * LIMIT_QUESTION);
	buf_init(&piece, 4 * LIMIT_QUESTION + 64);
	buf_printf(&json, "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":", id);
	json_print(&json, json_get(request, "method"));
	buf_puts(&json, ",\"params\":");
	if (json_get(request, "params") != NULL)
		json_print(&json, json_get(request, "params"));
	else
		buf_puts(&json, "{}");
	result = buf_putc(&json, '}') == -1 ? -1 : event_write(&piece, buf_str(&json), json.len);
	buf_finish(&json);
	if (result == 0)
		a->say(a->arg, &piece);
	else
		buf_finish(&piece);
	return result;
}

int
ask_start(struct ask *a, const struct cJSON *requests, int64_t wait_s)
{
	static const struct timeval pulse = { LIMIT_STREAM_PULSE_S, 0 };
	struct timeval wait = { wait_s, 0 };
	const cJSON *request;
	char id[ID];

	a->responses = cJSON_CreateObject();
	if (a->responses == NULL || make_name(a->name) == -1)
		return -1;
	LIST_INSERT_HEAD(&a->bridge->asks, a, entry);
	evtimer_assign(&a->timer, a->bridge->base, on_timeout, a);
	event_assign(&a->pulse, a->bridge->base, -1, EV_PERSIST, on_pulse, a);
	evtimer_assign(&a->look, a->bridge->base, on_look, a);
	if (event_add(&a->timer, &wait) == -1 || event_add(&a->pulse, &pulse) == -1)
		return -1;
	a->boxed = mailbox_is_shared(a->bridge);
	a->ttl_ms = wait_s * 1000;
	if (a->boxed)
		event_add(&a->look, &look_time);
	/* Until it is answered a null stands in an answer's place. */
	cJSON_ArrayForEach(request, requests) {
		if (json_put(a->responses, request->string, cJSON_CreateNull()) == -1 ||
		    say_request(a, a->open, request) == -1)
			return -1;
		id_of(id, a, a->open++);
		if (a->boxed)
			mailbox_open(a->bridge, id, a->ttl_ms);
	}
	return 0;
}

/* Nothing is waited for any more, from wherever. */
static void
ask_stop(struct ask *a)
{
	char id[ID];
	int i;

	if (a->name[0] == '\0')
		return;
	LIST_REMOVE(a, entry);
	event_del(&a->timer);
	event_del(&a->pulse);
	event_del(&a->look);
	if (a->op != NULL)
		store_cancel(a->op);
	a->op = NULL;
	for (i = 0; a->boxed && i < cJSON_GetArraySize(a->responses); i++) {
		id_of(id, a, (size_t)i);
		mailbox_close(a->bridge, id);
	}
	a->name[0] = '\0';
}

void
ask_finish(struct ask *a)
{
	ask_stop(a);
	cJSON_Delete(a->responses);
	a->responses = NULL;
}

static void
ask_end(struct ask *a, enum ask_end end)
{
	ask_stop(a);
	a->done(a->arg, end);
}

size_t
ask_cut_all(struct bridge *b)
{
	struct ask *a;
	size_t count = 0;

	for (; (a = LIST_FIRST(&b->asks)) != NULL; count++)
		ask_end(a, ASK_CUT);
	return count;
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ask_end(arg, ASK_UNANSWERED);
}

/* A person takes their time, and proxies cut off what is silent: a comment is a sign of life. */
static void
on_pulse(evutil_socket_t fd, short what, void *arg)
{
	struct ask *a = arg;
	struct buf piece;

	(void)fd;
	(void)what;
	buf_init(&piece, 8);
	if (buf_puts(&piece, ":\n\n") == 0)
		a->say(a->arg, &piece);
	else
		buf_finish(&piece);
}

/* ====== answered ====== */

/* What an id says, which is a JSON string of visible ASCII; false: it is none of ours. */
static bool
is_ours(const char *id)
{
	return id != NULL && strlen(id) > AT_NUMBER + 2 &&
	    strncmp(id, "\"" PREFIX, sizeof PREFIX) == 0 &&
	    id[AT_NAME] == '-' && id[AT_NUMBER] == '-';
}

/* The answer to one of the questions. 202, or 404: nobody here waits for it, or not that caller. */
static int
deliver(struct bridge *b, const char *id, const char *caller, const cJSON *result)
{
	const char *name = id + 1 + AT_NAME, *number = id + 1 + AT_NUMBER;
	cJSON *place, *answer;
	struct ask *a;

	LIST_FOREACH(a, &b->asks, entry)
		if (strncmp(a->name, name, NAME) == 0)
			break;
	if (a == NULL || strcmp(a->principal->name, caller) != 0)
		return 404;
	place = cJSON_GetArrayItem(a->responses, (int)strtol(number, NULL, 10));
	if (place == NULL || !cJSON_IsNull(place))
		return 404;
	if (!cJSON_IsObject(result)) {
		ask_end(a, ASK_REFUSED);
		return 202;
	}
	answer = cJSON_Duplicate(result, 1);
	if (json_replace(a->responses, place, answer) == -1)
		return 503;
	if (--a->open == 0)
		ask_end(a, ASK_ANSWERED);
	return 202;
}

/* ====== to another worker, and back ====== */

/* Of a letter that cannot be sent. */
static int
status_of(enum mail_fate fate)
{
	return fate == MAIL_NOBODY ? 404 : fate == MAIL_LONG ? 413 : 503;
}

/* It is on its way no more. */
static void
answer_end(struct ask_answer *a, int status)
{
	ask_answer_finish(a);
	metrics_answer(a->bridge->metrics, "other", status);
	a->told(a->arg, status);
}

/* What the worker that waits is to know; an error's words are not needed. 0 or -1. */
static int
write_letter(struct buf *letter, const struct ask_answer *a)
{
	const struct mcp_message *m = a->message;
	const cJSON *result = json_get(m->rpc.root, "result");

	buf_printf(letter, "{\"from\":\"%s\",\"name\":\"%s\",\"id\":%s,\"caller\":",
	    own_address(a->bridge), a->name, m->rpc.id);
	json_quote(letter, m->principal->name);
	if (cJSON_IsObject(result)) {
		buf_puts(letter, ",\"result\":");
		json_print(letter, result);
	}
	return buf_putc(letter, '}');
}

/* To a worker of another machine: into its box. What became of it comes into one of this name. */
static int
post(struct ask_answer *a)
{
	struct buf letter, id;

	buf_init(&letter, LIMIT_MAIL);
	buf_init(&id, LIMIT_RPC_ID);
	buf_append(&id, a->message->rpc.id + 1, strlen(a->message->rpc.id) - 2);
	if (write_letter(&letter, a) == 0 && !id.failed) {
		mailbox_open(a->bridge, a->name, LIMIT_MAILBOX_KEEP_MS);
		a->boxed = true;
		a->op = mailbox_post(a->bridge, buf_str(&id), letter.data, letter.len, on_posted,
		    a);
	}
	buf_finish(&letter);
	buf_finish(&id);
	return a->op == NULL ? 503 : 0;
}

static void
on_posted(void *arg, const struct store_reply *reply)
{
	struct ask_answer *a = arg;

	a->op = NULL;
	if (reply->result == STORE_DONE)
		event_add(&a->look, &look_time);
	else
		answer_end(a, reply->result == STORE_NONE || reply->result == STORE_CHANGED ? 404 :
		    503);
}

static void
on_look_back(evutil_socket_t fd, short what, void *arg)
{
	struct ask_answer *a = arg;

	(void)fd;
	(void)what;
	event_add(&a->look, &look_time);
	if (a->op == NULL)
		a->op = mailbox_look(a->bridge, a->name, on_echo, a);
}

static void
on_echo(void *arg, const struct store_reply *reply)
{
	struct ask_answer *a = arg;
	struct buf letter;

	a->op = NULL;
	buf_init(&letter, LIMIT_STORE_VALUE);
	if (mailbox_read(a->bridge, a->name, reply, &letter) == 0)
		take_letter(a->bridge, letter.data, letter.len, true);
	buf_finish(&letter);
}

static void
on_silence(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	answer_end(arg, 503);
}

/* 0: it is on its way; else the status. A worker that is not on this machine may be on another. */
static int
fate_of(struct ask_answer *a, enum mail_fate fate)
{
	if (fate == MAIL_SENT || fate == MAIL_WAITS)
		return 0;
	return fate == MAIL_NOBODY && mailbox_is_shared(a->bridge) ? post(a) : status_of(fate);
}

static void
on_told(void *arg, enum mail_fate fate)
{
	struct ask_answer *a = arg;
	int status = fate_of(a, fate);

	if (status != 0)
		answer_end(a, status);
}

static int
forward(struct ask_answer *a)
{
	static const struct timeval wait = { LIMIT_ASK_ECHO_S, 0 };
	char address[MAIL_ADDRESS + 1];
	enum mail_fate fate = MAIL_FAILED;
	struct buf letter;
	int status;

	memcpy(address, a->message->rpc.id + sizeof PREFIX, MAIL_ADDRESS);
	address[MAIL_ADDRESS] = '\0';
	if (make_name(a->name) == -1)
		return 503;
	a->letter.told = on_told;
	a->letter.arg = a;
	LIST_INSERT_HEAD(&a->bridge->answers, a, entry);
	evtimer_assign(&a->timer, a->bridge->base, on_silence, a);
	evtimer_assign(&a->look, a->bridge->base, on_look_back, a);
	buf_init(&letter, LIMIT_MAIL);
	if (write_letter(&letter, a) == -1)
		fate = letter.starved ? MAIL_FAILED : MAIL_LONG;
	else if (event_add(&a->timer, &wait) == 0)
		fate = mail_send(a->bridge->mail, address, letter.data, letter.len, &a->letter);
	buf_finish(&letter);
	status = fate_of(a, fate);
	if (status != 0)
		ask_answer_finish(a);
	return status;
}

int
ask_answer(struct ask_answer *a, struct bridge *b, const struct mcp_message *m)
{
	const char *worker = "other";
	int status;

	if (!is_ours(m->rpc.id))
		return 202;
	a->bridge = b;
	a->message = m;
	if (b->mail == NULL ||
	    strncmp(m->rpc.id + sizeof PREFIX, own_address(b), MAIL_ADDRESS) == 0) {
		worker = "this";
		status = deliver(b, m->rpc.id, m->principal->name, json_get(m->rpc.root, "result"));
	} else
		status = forward(a);
	if (status != 0)
		metrics_answer(b->metrics, worker, status);
	return status;
}

void
ask_answer_finish(struct ask_answer *a)
{
	if (a->name[0] == '\0')
		return;
	LIST_REMOVE(a, entry);
	event_del(&a->timer);
	event_del(&a->look);
	mail_leave(&a->letter);
	if (a->op != NULL)
		store_cancel(a->op);
	a->op = NULL;
	if (a->boxed)
		mailbox_close(a->bridge, a->name);
	a->boxed = false;
	a->name[0] = '\0';
}

/* ====== looked for where other machines leave it ====== */

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct ask *a = arg;
	char id[ID];

	(void)fd;
	(void)what;
	event_add(&a->look, &look_time);
	if (a->op != NULL)
		return;
	a->at = (a->at + 1) % (size_t)cJSON_GetArraySize(a->responses);
	id_of(id, a, a->at);
	if (cJSON_IsNull(cJSON_GetArrayItem(a->responses, (int)a->at)))
		a->op = mailbox_look(a->bridge, id, on_box, a);
}

static void
on_box(void *arg, const struct store_reply *reply)
{
	struct ask *a = arg;
	struct buf letter;
	char id[ID];

	a->op = NULL;
	id_of(id, a, a->at);
	buf_init(&letter, LIMIT_STORE_VALUE);
	/* What was not taken makes room for what may be. */
	if (mailbox_read(a->bridge, id, reply, &letter) == 0 &&
	    take_letter(a->bridge, letter.data, letter.len, true) != 202) {
		mailbox_close(a->bridge, id);
		mailbox_open(a->bridge, id, a->ttl_ms);
	}
	buf_finish(&letter);
}

/* ====== from another worker ====== */

/* What became of an answer that was sent to another. */
static void
take_echo(struct bridge *b, const char *name, int status)
{
	struct ask_answer *a;

	LIST_FOREACH(a, &b->answers, entry)
		if (strcmp(a->name, name) == 0)
			break;
	if (a != NULL)
		answer_end(a, status);
}

/* Take another's answer, and say what became of it, the way it came. */
static int
take_answer(struct bridge *b, const char *id, const cJSON *letter, bool boxed)
{
	const char *caller = json_str(letter, "caller"), *from = json_str(letter, "from");
	const char *name = json_str(letter, "name");
	char quoted[LIMIT_RPC_ID];
	struct buf echo;
	int status = 404;

	if (caller == NULL || from == NULL || name == NULL || strlen(from) != MAIL_ADDRESS ||
	    strlen(name) != NAME)
		return status;
	if (snprintf(quoted, sizeof quoted, "\"%s\"", id) < (int)sizeof quoted && is_ours(quoted))
		status = deliver(b, quoted, caller, json_get(letter, "result"));
	buf_init(&echo, LIMIT_RPC_ID);
	buf_puts(&echo, "{\"name\":");
	json_quote(&echo, name);
	if (buf_printf(&echo, ",\"status\":%d}", status) == 0) {
		if (boxed)
			mailbox_post(b, name, echo.data, echo.len, NULL, NULL);
		else
			mail_send(b->mail, from, echo.data, echo.len, NULL);
	}
	buf_finish(&echo);
	return status;
}

/* What became of an answer in it; 0 of a letter that has none. */
static int
take_letter(struct bridge *b, const void *data, size_t len, bool boxed)
{
	struct json_fault fault;
	cJSON *letter = json_parse(data, len, &fault);
	const char *id = json_str(letter, "id"), *name = json_str(letter, "name");
	const cJSON *status = json_get(letter, "status");
	int result = 0;

	if (id != NULL)
		result = take_answer(b, id, letter, boxed);
	else if (name != NULL && cJSON_IsNumber(status))
		take_echo(b, name, (int)strtol(status->valuestring, NULL, 10));
	cJSON_Delete(letter);
	return result;
}

void
ask_letter(struct bridge *b, const void *data, size_t len)
{
	take_letter(b, data, len, false);
}
