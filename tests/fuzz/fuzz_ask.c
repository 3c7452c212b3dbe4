/* SPDX-License-Identifier: MIT */
/*
 * fuzz_ask.c - letters of other workers: one question waits here, and one answer is on its way to
 * another worker. An input is a letter; $I in it is the question's id, $N the answer's name.
 *
 * The question ends once at most, and only for its caller; so does the answer. A letter is
 * replied to once at most, and with a letter that replies to no other.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/limits.h"
#include "edge/mail.h"
#include "edge/store.h"
#include "mcp/mcp.h"
#include "mcp/principal.h"
#include "run/ask.h"
#include "run/bridge.h"
#include "run/metrics.h"
#include "run/response.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ADDRESS	"0123456789abcdef0123456789abcdef"
#define OTHER	"ums-fedcba9876543210fedcba9876543210-00000000000000000000000000000000-0"

static size_t replies, ends, told;
static struct buf reply;

/* ====== what stands around it ====== */

const char *
mail_address(const struct mail *m)
{
	(void)m;
	return ADDRESS;
}

enum mail_fate
mail_send(struct mail *m, const char *address, const void *data, size_t len, struct mail_wait *w)
{
	(void)m;
	if (strlen(address) != MAIL_ADDRESS)
		abort();
	if (w == NULL) {
		replies++;
		buf_append(&reply, data, len);
	}
	return MAIL_SENT;
}

void
mail_leave(struct mail_wait *w)
{
	(void)w;
}

void
metrics_answer(struct metrics *m, const char *worker, int status)
{
	(void)m;
	(void)worker;
	(void)status;
}

/* There is no store: no box is opened, and none is to be used. */
const char *
store_name(const struct store *s)
{
	(void)s;
	abort();
}

struct store_op *
store_add(struct store *s, const uint8_t key[STORE_KEY], const void *value, size_t len, int64_t ttl_ms,
    store_done *done, void *arg)
{
	(void)s, (void)key, (void)value, (void)len, (void)ttl_ms, (void)done, (void)arg;
	abort();
}

struct store_op *
store_get(struct store *s, const uint8_t key[STORE_KEY], store_done *done, void *arg)
{
	(void)s, (void)key, (void)done, (void)arg;
	abort();
}

struct store_op *
store_swap(struct store *s, const uint8_t key[STORE_KEY],
    const uint8_t tag[STORE_TAG], const void *value, size_t len,
    int64_t ttl_ms, store_done *done, void *arg)
{
	(void)s, (void)key, (void)tag, (void)value, (void)len, (void)ttl_ms, (void)done, (void)arg;
	abort();
}

void
store_cancel(struct store_op *op)
{
	(void)op;
	abort();
}

/* ====== what waits ====== */

static void
on_say(void *arg, struct buf *piece)
{
	(void)arg;
	buf_finish(piece);
}

static void
on_done(void *arg, enum ask_end end)
{
	(void)arg;
	if (end != ASK_ANSWERED && end != ASK_REFUSED)
		abort();
	ends++;
}

static void
on_told(void *arg, int status)
{
	(void)arg;
	(void)status;
	told++;
}

/* The letter, with the names in it that nobody guesses. */
static void
write_input(struct buf *letter, const uint8_t *data, size_t len, const char *question,
    const char *answer)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] == '$' && i + 1 < len && data[i + 1] == 'I') {
			buf_printf(letter, "ums-" ADDRESS "-%s-0", question);
			i++;
		} else if (data[i] == '$' && i + 1 < len && data[i + 1] == 'N') {
			buf_puts(letter, answer);
			i++;
		} else
			buf_putc(letter, (char)data[i]);
	}
}

static void
check_reply(struct bridge *b)
{
	size_t before = replies;
	struct buf copy;

	if (replies > 1 || ends > 1 || told > 1 || (ends == 1 && replies != 1))
		abort();
	buf_init(&copy, LIMIT_MAIL);
	buf_append(&copy, reply.data, reply.len);
	response_letter(b, buf_str(&copy), copy.len);
	if (replies != before)
		abort();
	buf_finish(&copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct event_base *base;
	static char caller[] = "anna", id[] = "\"" OTHER "\"";
	struct principal principal = { .name = caller };
	struct mcp_message message = { .principal = &principal, .rpc.id = id };
	struct bridge b = { .mail = (struct mail *)&message };
	struct ask ask = { .bridge = &b, .principal = &principal, .say = on_say, .done = on_done };
	struct response answer = { .told = on_told };
	struct json_fault fault;
	struct buf letter;
	cJSON *requests;

	if (base == NULL && (base = event_base_new()) == NULL)
		return 0;
	b.base = base;
	replies = ends = told = 0;
	buf_init(&reply, LIMIT_MAIL);
	buf_init(&letter, LIMIT_MAIL);
	requests = json_parse("{\"k\":{\"method\":\"roots/list\"}}", 29, &fault);
	if (requests == NULL || ask_start(&ask, requests, 60) == -1 ||
	    response_take(&answer, &b, &message) != 0)
		abort();
	write_input(&letter, data, len, ask.name, answer.name);
	if (!letter.failed) {
		response_letter(&b, buf_str(&letter), letter.len);
		check_reply(&b);
	}
	response_finish(&answer);
	ask_finish(&ask);
	cJSON_Delete(requests);
	buf_finish(&letter);
	buf_finish(&reply);
	return 0;
}
