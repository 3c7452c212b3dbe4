/* SPDX-License-Identifier: MIT */
/* mailbox.c - a record whose tag says whether it is empty or full; see mailbox.h. */
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "run/bridge.h"
#include "run/mailbox.h"

/* Both tags are made of the place, which nobody knows who does not know the id. */
struct box {
	uint8_t	 place[CRYPTO_DIGEST];
};

#define EMPTY(box)	((box).place)
#define FULL(box)	((box).place + STORE_TAG)

_Static_assert(2 * STORE_TAG == CRYPTO_DIGEST, "a place has two tags");

static int
box_of(struct box *box, const char *id)
{
	struct buf text;
	int result;

	buf_init(&text, LIMIT_RPC_ID + 8);
	buf_append(&text, "mailbox", 8);
	result = buf_puts(&text, id) == -1 ? -1 : crypto_sha256(text.data, text.len, box->place);
	buf_finish(&text);
	return result;
}

bool
mailbox_is_shared(const struct bridge *b)
{
	return b->store != NULL && strcmp(store_name(b->store), "redis") == 0;
}

void
mailbox_open(struct bridge *b, const char *id, int64_t ttl_ms)
{
	struct box box;

	if (box_of(&box, id) == 0)
		store_add(b->store, box.place, EMPTY(box), STORE_TAG, ttl_ms, NULL, NULL);
}

void
mailbox_close(struct bridge *b, const char *id)
{
	struct box box;

	if (box_of(&box, id) == -1)
		return;
	store_swap(b->store, box.place, EMPTY(box), NULL, 0, 0, NULL, NULL);
	store_swap(b->store, box.place, FULL(box), NULL, 0, 0, NULL, NULL);
}

struct store_op *
mailbox_look(struct bridge *b, const char *id, store_done *done, void *arg)
{
	struct box box;

	return box_of(&box, id) == -1 ? NULL : store_get(b->store, box.place, done, arg);
}

int
mailbox_read(struct bridge *b, const char *id, const struct store_reply *reply,
    struct buf *letter)
{
	struct box box;

	return reply->result != STORE_FOUND || reply->len <= STORE_TAG ||
	    box_of(&box, id) == -1 || memcmp(reply->value, FULL(box), STORE_TAG) != 0 ? -1 :
	    crypto_unwrap(b->mcp.key, box.place, reply->value + STORE_TAG,
	    reply->len - STORE_TAG, letter);
}

struct store_op *
mailbox_post(struct bridge *b, const char *id, const void *letter, size_t len, store_done *done,
    void *arg)
{
	struct store_op *op = NULL;
	struct buf value;
	struct box box;

	if (box_of(&box, id) == -1)
		return NULL;
	buf_init(&value, LIMIT_STORE_VALUE);
	buf_append(&value, FULL(box), STORE_TAG);
	if (crypto_wrap(b->mcp.key, box.place, letter, len, &value) == 0 && !value.failed)
		op = store_swap(b->store, box.place, EMPTY(box), value.data, value.len,
		    LIMIT_MAILBOX_KEEP_MS, done, arg);
	buf_finish(&value);
	return op;
}
