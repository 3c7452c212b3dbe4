/* SPDX-License-Identifier: MIT */
/* ask.c - asked, answered, brought to whoever waits; see ask.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/limits.h"
#include "edge/mail.h"
#include "mcp/principal.h"
#include "run/ask.h"
#include "run/bridge.h"
#include "run/mailbox.h"
#include "wire/event.h"
#include "wire/json.h"

/* An id: "ums-" ADDRESS "-" NAME "-" which of the questions. */
#define PREFIX		"ums-"
#define AT_NAME		(sizeof PREFIX - 1 + MAIL_ADDRESS + 1)
#define AT_NUMBER	(AT_NAME + ASK_NAME + 1)
#define ID		(AT_NUMBER + 8)
/* The address of a process that is the only one. */
#define ONLY_ADDRESS	"00000000000000000000000000000000"

static void	on_timeout(evutil_socket_t, short, void *);
static void	on_pulse(evutil_socket_t, short, void *);
static void	on_look(evutil_socket_t, short, void *);
static void	on_box(void *, const struct store_reply *);

static const struct timeval look_time = { 0, LIMIT_MAILBOX_MS * 1000 };

static const char *
own_address(const struct bridge *b)
{
	return b->mail == NULL ? ONLY_ADDRESS : mail_address(b->mail);
}

int
ask_make_name(char name[static ASK_NAME + 1])
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
	if (a->responses == NULL || ask_make_name(a->name) == -1)
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

const char *
ask_worker(const char *id)
{
	/* A JSON string of visible ASCII. */
	return id != NULL && strlen(id) > AT_NUMBER + 2 &&
	    strncmp(id, "\"" PREFIX, sizeof PREFIX) == 0 &&
	    id[AT_NAME] == '-' && id[AT_NUMBER] == '-' ? id + sizeof PREFIX : NULL;
}

int
ask_deliver(struct bridge *b, const char *id, const char *caller, const cJSON *result)
{
	const char *name = id + 1 + AT_NAME, *number = id + 1 + AT_NUMBER;
	cJSON *place, *answer;
	struct ask *a;

	LIST_FOREACH(a, &b->asks, entry)
		if (strncmp(a->name, name, ASK_NAME) == 0)
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

/* ====== answered elsewhere ====== */

int
ask_letter(struct bridge *b, const cJSON *letter, bool boxed)
{
	const char *caller = json_str(letter, "caller"), *from = json_str(letter, "from");
	const char *id = json_str(letter, "id"), *name = json_str(letter, "name");
	char quoted[LIMIT_RPC_ID];
	struct buf echo;
	int status = 404;

	if (id == NULL || caller == NULL || from == NULL || name == NULL ||
	    strlen(from) != MAIL_ADDRESS || strlen(name) != ASK_NAME)
		return status;
	if (snprintf(quoted, sizeof quoted, "\"%s\"", id) < (int)sizeof quoted &&
	    ask_worker(quoted) != NULL)
		status = ask_deliver(b, quoted, caller, json_get(letter, "result"));
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
	struct json_fault fault;
	struct buf text;
	cJSON *letter;
	char id[ID];

	a->op = NULL;
	id_of(id, a, a->at);
	buf_init(&text, LIMIT_STORE_VALUE);
	if (mailbox_read(a->bridge, id, reply, &text) == 0) {
		letter = json_parse(text.data, text.len, &fault);
		/* What was not taken makes room for what may be. */
		if (ask_letter(a->bridge, letter, true) != 202) {
			mailbox_close(a->bridge, id);
			mailbox_open(a->bridge, id, a->ttl_ms);
		}
		cJSON_Delete(letter);
	}
	buf_finish(&text);
}
