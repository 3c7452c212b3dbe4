/* SPDX-License-Identifier: MIT */
/*
 * wish.c - read, changed, written if it is as it was; see wish.h. The record is a tag and a JSON
 * object: "uris", and "level", a number.
 */
#include <endian.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "edge/store.h"
#include "mcp/mcp.h"
#include "mcp/principal.h"
#include "run/bridge.h"
#include "run/wish.h"
#include "wire/json.h"

static void	on_got(void *, const struct store_reply *);
static void	on_put(void *, const struct store_reply *);
static void	on_found(void *, const struct store_reply *);

int
wish_place(uint8_t place[CRYPTO_DIGEST], const struct mcp_message *m)
{
	uint64_t born = htobe64((uint64_t)m->session.born_ms);
	struct buf text;
	int result;

	buf_init(&text, LIMIT_CURSOR);
	buf_append(&text, "wishes", 7);
	buf_append(&text, m->session.nonce, sizeof m->session.nonce);
	buf_append(&text, &born, sizeof born);
	result = buf_puts(&text, m->principal->name) == -1 ? -1 :
	    crypto_sha256(text.data, text.len, place);
	buf_finish(&text);
	return result;
}

/* What a record says, or nothing where there is none. NULL: memory, or it is no record. */
static cJSON *
read_record(const struct store_reply *reply)
{
	struct json_fault fault;

	if (reply->result != STORE_FOUND)
		return cJSON_CreateObject();
	return reply->len < STORE_TAG ? NULL : json_parse((const char *)reply->value + STORE_TAG,
	    reply->len - STORE_TAG, &fault);
}

cJSON *
wish_uris(const struct store_reply *reply)
{
	cJSON *record = read_record(reply);
	cJSON *uris = cJSON_DetachItemFromObjectCaseSensitive(record, "uris");

	/* There may be a level alone. */
	if (record != NULL && uris == NULL)
		uris = cJSON_CreateArray();
	cJSON_Delete(record);
	return uris;
}

static int
wish_read(struct wish *w, store_done *done)
{
	w->op = store_get(w->bridge->store, w->place, done, w);
	return w->op == NULL ? -1 : 0;
}

int
wish_write(struct wish *w)
{
	w->writes = true;
	return wish_place(w->place, w->message) == -1 ? -1 : wish_read(w, on_got);
}

int
wish_look(struct wish *w)
{
	return wish_place(w->place, w->message) == -1 ? -1 : wish_read(w, on_found);
}

void
wish_finish(struct wish *w)
{
	if (w->op != NULL)
		store_cancel(w->op);
	w->op = NULL;
}

static void
wish_end(struct wish *w, const char *why)
{
	w->why = why;
	w->done(w->arg);
}

/* The list without the URI, and with it again where it is subscribed to. 0, or -1: `why`. */
static int
change_uris(const struct wish *w, cJSON *record, const char **why)
{
	cJSON *uris = json_get(record, "uris"), *uri;
	int i = 0;

	if (uris == NULL) {
		uris = cJSON_CreateArray();
		if (json_put(record, "uris", uris) == -1)
			return -1;
	}
	while ((uri = cJSON_GetArrayItem(uris, i)) != NULL)
		if (cJSON_IsString(uri) && strcmp(uri->valuestring, w->message->uri) == 0)
			cJSON_DeleteItemFromArray(uris, i);
		else
			i++;
	if (!w->message->subscribes)
		return 0;
	if (i >= LIMIT_LISTEN_URIS) {
		*why = "the session has as many subscriptions as one may have";
		return -1;
	}
	return json_push(uris, cJSON_CreateString(w->message->uri));
}

static int
change_level(const struct wish *w, cJSON *record)
{
	cJSON_DeleteItemFromObjectCaseSensitive(record, "level");
	return json_put(record, "level", json_int(w->message->level));
}

static void
on_got(void *arg, const struct store_reply *reply)
{
	struct wish *w = arg;
	const char *why = "the bridge is short of memory";
	uint8_t tag[STORE_TAG];
	struct buf value;
	cJSON *record;

	w->op = NULL;
	if (reply->result != STORE_FOUND && reply->result != STORE_NONE) {
		wish_end(w, "the store cannot be asked now");
		return;
	}
	record = read_record(reply);
	buf_init(&value, LIMIT_STORE_VALUE);
	bridge_random(w->bridge, tag, sizeof tag);
	buf_append(&value, tag, sizeof tag);
	if (record != NULL && (w->message->uri != NULL ? change_uris(w, record, &why) :
	    change_level(w, record)) == 0) {
		if (json_print(&value, record) == -1)
			why = "what the session wants is too long";
		else
			w->op = reply->result == STORE_FOUND ? store_swap(w->bridge->store,
			    w->place, reply->value, value.data, value.len, LIMIT_WISH_MS, on_put,
			    w) : store_add(w->bridge->store, w->place, value.data, value.len,
			    LIMIT_WISH_MS, on_put, w);
	}
	cJSON_Delete(record);
	buf_finish(&value);
	if (w->op == NULL)
		wish_end(w, why);
}

static void
on_put(void *arg, const struct store_reply *reply)
{
	struct wish *w = arg;

	w->op = NULL;
	if (reply->result == STORE_DONE)
		wish_end(w, NULL);
	else if (reply->result == STORE_FAILED || reply->result == STORE_FULL || w->tries++ > 8)
		wish_end(w, "the store cannot be written to now");
	else if (wish_read(w, on_got) == -1)
		wish_end(w, "the bridge is short of memory");
}

static void
on_found(void *arg, const struct store_reply *reply)
{
	struct wish *w = arg;
	cJSON *record = read_record(reply);
	int64_t level;

	w->op = NULL;
	w->level = json_integer(json_get(record, "level"), &level) == 0 ? (unsigned)level : 0;
	cJSON_Delete(record);
	wish_end(w, NULL);
}
