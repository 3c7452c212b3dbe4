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
#include "wire/event.h"
#include "wire/json.h"

/* An id: "ums-" ADDRESS "-" NAME "-" which of the questions. */
#define PREFIX		"ums-"
#define NAME		(2 * CRYPTO_TAG)
#define AT_NAME		(sizeof PREFIX - 1 + MAIL_ADDRESS + 1)
#define AT_NUMBER	(AT_NAME + NAME + 1)
/* The address of a process that is the only one. */
#define ONLY_ADDRESS	"00000000000000000000000000000000"

static void	on_timeout(evutil_socket_t, short, void *);
static void	on_pulse(evutil_socket_t, short, void *);

static const char *
own_address(const struct bridge *b)
{
	return b->mail == NULL ? ONLY_ADDRESS : mail_address(b->mail);
}

/* ====== asked ====== */

static int
say_request(struct ask *a, size_t number, const cJSON *request)
{
	struct buf json, piece;
	int result;

	buf_init(&json, 4 * LIMIT_QUESTION);
	buf_init(&piece, 4 * LIMIT_QUESTION + 64);
	buf_printf(&json, "{\"jsonrpc\":\"2.0\",\"id\":\"" PREFIX "%s-%s-%zu\",\"method\":",
	    own_address(a->bridge), a->name, number);
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
	uint8_t random[CRYPTO_TAG];
	const cJSON *request;
	size_t i;

	a->responses = cJSON_CreateObject();
	if (a->responses == NULL || crypto_random(random, sizeof random) == -1)
		return -1;
	for (i = 0; i < sizeof random; i++)
		snprintf(a->name + 2 * i, 3, "%02x", random[i]);
	LIST_INSERT_HEAD(&a->bridge->asks, a, entry);
	evtimer_assign(&a->timer, a->bridge->base, on_timeout, a);
	event_assign(&a->pulse, a->bridge->base, -1, EV_PERSIST, on_pulse, a);
	if (event_add(&a->timer, &wait) == -1 || event_add(&a->pulse, &pulse) == -1)
		return -1;
	/* Until it is answered a null stands in an answer's place. */
	cJSON_ArrayForEach(request, requests) {
		if (json_put(a->responses, request->string, cJSON_CreateNull()) == -1 ||
		    say_request(a, a->open, request) == -1)
			return -1;
		a->open++;
	}
	return 0;
}

void
ask_finish(struct ask *a)
{
	if (a->name[0] != '\0') {
		LIST_REMOVE(a, entry);
		event_del(&a->timer);
		event_del(&a->pulse);
	}
	a->name[0] = '\0';
	cJSON_Delete(a->responses);
	a->responses = NULL;
}

/* The end: nothing is waited for any more. */
static void
ask_end(struct ask *a, enum ask_end end)
{
	LIST_REMOVE(a, entry);
	event_del(&a->timer);
	event_del(&a->pulse);
	a->name[0] = '\0';
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

static int
status_of(enum mail_fate fate)
{
	switch (fate) {
	case MAIL_WAITS:
		return 0;
	case MAIL_SENT:
		return 202;
	case MAIL_NOBODY:
		return 404;
	case MAIL_LONG:
		return 413;
	case MAIL_FULL:
	case MAIL_FAILED:
		break;
	}
	return 503;
}

static void
on_told(void *arg, enum mail_fate fate)
{
	struct ask_answer *a = arg;

	a->told(a->arg, status_of(fate));
}

/* To the worker that waits: who answers, what, and the answer; an error's words are not needed. */
static int
forward(struct ask_answer *a, struct bridge *b, const struct mcp_message *m)
{
	const cJSON *result = json_get(m->rpc.root, "result");
	char address[MAIL_ADDRESS + 1];
	struct buf letter;
	int status = 503;

	memcpy(address, m->rpc.id + sizeof PREFIX, MAIL_ADDRESS);
	address[MAIL_ADDRESS] = '\0';
	a->letter.told = on_told;
	a->letter.arg = a;
	buf_init(&letter, LIMIT_MAIL);
	buf_printf(&letter, "{\"id\":%s,\"caller\":", m->rpc.id);
	json_quote(&letter, m->principal->name);
	if (cJSON_IsObject(result)) {
		buf_puts(&letter, ",\"result\":");
		json_print(&letter, result);
	}
	if (buf_putc(&letter, '}') == 0)
		status = status_of(mail_send(b->mail, address, letter.data, letter.len,
		    &a->letter));
	else if (!letter.starved)
		status = 413;
	buf_finish(&letter);
	return status;
}

int
ask_answer(struct ask_answer *a, struct bridge *b, const struct mcp_message *m)
{
	if (!is_ours(m->rpc.id))
		return 202;
	if (b->mail == NULL ||
	    strncmp(m->rpc.id + sizeof PREFIX, own_address(b), MAIL_ADDRESS) == 0)
		return deliver(b, m->rpc.id, m->principal->name, json_get(m->rpc.root, "result"));
	return forward(a, b, m);
}

void
ask_answer_finish(struct ask_answer *a)
{
	mail_leave(&a->letter);
}

void
ask_letter(struct bridge *b, const void *data, size_t len)
{
	struct json_fault fault;
	cJSON *letter = json_parse(data, len, &fault);
	const char *caller = json_str(letter, "caller"), *id = json_str(letter, "id");
	char quoted[LIMIT_RPC_ID];

	if (id != NULL && caller != NULL &&
	    snprintf(quoted, sizeof quoted, "\"%s\"", id) < (int)sizeof quoted && is_ours(quoted))
		deliver(b, quoted, caller, json_get(letter, "result"));
	cJSON_Delete(letter);
}
