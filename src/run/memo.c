/* SPDX-License-Identifier: MIT */
/* memo.c - a ring of answers by digest of what was asked; see memo.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "mcp/principal.h"
#include "mcp/service.h"
#include "run/memo.h"

struct memos {
	struct {
		uint8_t	 digest[CRYPTO_DIGEST];
		int64_t	 until_us;
		char	*json;		/* NULL: the place is free */
	} at[LIMIT_MEMOS];
	size_t	 next;
};

struct memos *
memo_create(void)
{
	return calloc(1, sizeof(struct memos));
}

void
memo_destroy(struct memos *m)
{
	size_t i;

	for (i = 0; m != NULL && i < LIMIT_MEMOS; i++)
		free(m->at[i].json);
	free(m);
}

/* Of what was asked: what has been typed counts only where the service is told of it. */
static int
digest_of(uint8_t digest[CRYPTO_DIGEST], const struct tool *t, const struct principal *p,
    const char *value)
{
	struct buf text;
	int result;

	buf_init(&text, LIMIT_URL + LIMIT_CURSOR);
	buf_append(&text, t->service->name, strlen(t->service->name) + 1);
	buf_append(&text, t->name, strlen(t->name) + 1);
	buf_append(&text, p->name, strlen(p->name) + 1);
	if (request_uses(&t->request, "value"))
		buf_puts(&text, value);
	result = text.failed ? -1 : crypto_sha256(text.data, text.len, digest);
	buf_finish(&text);
	return result;
}

const char *
memo_find(struct memos *m, const struct tool *t, const struct principal *p, const char *value)
{
	uint8_t digest[CRYPTO_DIGEST];
	int64_t now = clock_mono_us();
	size_t i;

	if (digest_of(digest, t, p, value) == -1)
		return NULL;
	for (i = 0; i < LIMIT_MEMOS; i++)
		if (m->at[i].json != NULL && now < m->at[i].until_us &&
		    memcmp(m->at[i].digest, digest, sizeof digest) == 0)
			return m->at[i].json;
	return NULL;
}

void
memo_keep(struct memos *m, const struct tool *t, const struct principal *p, const char *value,
    const char *json)
{
	size_t i = m->next;

	if (strlen(json) > LIMIT_MEMO || digest_of(m->at[i].digest, t, p, value) == -1)
		return;
	free(m->at[i].json);
	m->at[i].json = strdup(json);
	m->at[i].until_us = clock_mono_us() + LIMIT_MEMO_US;
	m->next = (i + 1) % LIMIT_MEMOS;
}
