/* SPDX-License-Identifier: MIT */
/* subscription.c - read, changed, written if it is as it was; see subscription.h. */
#include <endian.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "edge/store.h"
#include "mcp/mcp.h"
#include "mcp/principal.h"
#include "run/bridge.h"
#include "run/subscription.h"
#include "wire/json.h"

static void	on_got(void *, const struct store_reply *);
static void	on_put(void *, const struct store_reply *);

int
subscription_place(uint8_t place[CRYPTO_DIGEST], const struct mcp_message *m)
{
	uint64_t born = htobe64((uint64_t)m->session.born_ms);
	struct buf text;
	int result;

	buf_init(&text, LIMIT_CURSOR);
	buf_append(&text, "subscribed", 11);
	buf_append(&text, m->session.nonce, sizeof m->session.nonce);
	buf_append(&text, &born, sizeof born);
	result = buf_puts(&text, m->principal->name) == -1 ? -1 :
	    crypto_sha256(text.data, text.len, place);
	buf_finish(&text);
	return result;
}

static int
subscription_read(struct subscription *s)
{
	s->op = store_get(s->bridge->store, s->place, on_got, s);
	return s->op == NULL ? -1 : 0;
}

int
subscription_start(struct subscription *s)
{
	return subscription_place(s->place, s->message) == -1 ? -1 : subscription_read(s);
}

void
subscription_finish(struct subscription *s)
{
	if (s->op != NULL)
		store_cancel(s->op);
	s->op = NULL;
}

static void
subscription_end(struct subscription *s, const char *why)
{
	s->why = why;
	s->done(s->arg);
}

/* The list without the URI, and with it again where it is subscribed to. NULL: `why`. */
static cJSON *
changed_list(const struct subscription *s, const struct store_reply *reply, const char **why)
{
	struct json_fault fault;
	cJSON *uris = reply->result == STORE_FOUND ? json_parse((const char *)reply->value +
	    STORE_TAG, reply->len - STORE_TAG, &fault) : cJSON_CreateArray(), *uri;
	int i = 0;

	*why = "the bridge is short of memory";
	while (uris != NULL && (uri = cJSON_GetArrayItem(uris, i)) != NULL)
		if (cJSON_IsString(uri) && strcmp(uri->valuestring, s->message->uri) == 0)
			cJSON_DeleteItemFromArray(uris, i);
		else
			i++;
	if (uris == NULL || !s->message->subscribes)
		return uris;
	if (i < LIMIT_LISTEN_URIS && json_push(uris, cJSON_CreateString(s->message->uri)) == 0)
		return uris;
	if (i >= LIMIT_LISTEN_URIS)
		*why = "the session has as many subscriptions as one may have";
	cJSON_Delete(uris);
	return NULL;
}

static void
on_got(void *arg, const struct store_reply *reply)
{
	struct subscription *s = arg;
	uint8_t tag[STORE_TAG];
	const char *why = "";
	struct buf value;
	cJSON *uris;

	s->op = NULL;
	if (reply->result == STORE_FOUND && reply->len < STORE_TAG) {
		subscription_end(s, "the store has something else there");
		return;
	}
	if (reply->result != STORE_FOUND && reply->result != STORE_NONE) {
		subscription_end(s, "the store cannot be asked now");
		return;
	}
	uris = changed_list(s, reply, &why);
	buf_init(&value, LIMIT_STORE_VALUE);
	bridge_random(s->bridge, tag, sizeof tag);
	buf_append(&value, tag, sizeof tag);
	if (uris != NULL && json_print(&value, uris) == -1)
		why = "the session's subscriptions are too long";
	else if (uris != NULL)
		s->op = reply->result == STORE_FOUND ? store_swap(s->bridge->store, s->place,
		    reply->value, value.data, value.len, LIMIT_SUBSCRIBED_MS, on_put, s) :
		    store_add(s->bridge->store, s->place, value.data, value.len,
		    LIMIT_SUBSCRIBED_MS, on_put, s);
	cJSON_Delete(uris);
	buf_finish(&value);
	if (s->op == NULL)
		subscription_end(s, why);
}

static void
on_put(void *arg, const struct store_reply *reply)
{
	struct subscription *s = arg;

	s->op = NULL;
	if (reply->result == STORE_DONE)
		subscription_end(s, NULL);
	else if (reply->result == STORE_FAILED || reply->result == STORE_FULL || s->tries++ > 8)
		subscription_end(s, "the store cannot be written to now");
	else if (subscription_read(s) == -1)
		subscription_end(s, "the bridge is short of memory");
}
