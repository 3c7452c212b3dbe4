/* SPDX-License-Identifier: MIT */
/*
 * witness.c - see witness.h. A tag is where its writer lives (the boot and the process
 * namespace), its process id and a random number.
 */
#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "mcp/service.h"
#include "run/bridge.h"
#include "run/call.h"
#include "run/settings.h"
#include "run/witness.h"

struct writer {
	uint64_t	 home;
	uint32_t	 pid;
	uint32_t	 number;
};

_Static_assert(sizeof(struct writer) == RECORD_TAG, "a tag is a writer");

/* Where process ids mean what they mean here; 0: not known. */
static uint64_t
home(void)
{
	static uint64_t where;
	struct clock_moment now;
	struct stat st;

	if (where != 0)
		return where;
	clock_now(&now);
	if (now.boot != 0 && stat("/proc/self/ns/pid", &st) == 0)
		where = now.boot ^ ((uint64_t)st.st_ino * UINT64_C(0x9e3779b97f4a7c15));
	return where;
}

void
witness_sign(struct bridge *b, uint8_t tag[RECORD_TAG])
{
	struct writer w = { .home = home(), .pid = (uint32_t)getpid() };

	bridge_random(b, &w.number, sizeof w.number);
	memcpy(tag, &w, sizeof w);
}

bool
witness_is_alive(const uint8_t tag[RECORD_TAG])
{
	struct writer w;

	memcpy(&w, tag, sizeof w);
	return w.home == 0 || w.home != home() || kill((pid_t)w.pid, 0) == 0 || errno != ESRCH;
}

/* Write a record of a state in the place of `former`; NULL: where nothing is. */
static struct store_op *
put(struct call *c, enum record_state state, const uint8_t *former, store_done *done)
{
	const struct settings *s = c->bridge->settings;
	int64_t ttl_ms = (c->key != NULL ? s->idempotency_ttl_s : s->dedupe_window_s) * 1000;
	int64_t left_ms = (c->deadline_us - clock_mono_us()) / 1000;
	struct store_op *op = NULL;
	struct record r = { .state = state };
	struct clock_moment now;
	struct buf kept, bytes;

	memcpy(r.tag, c->tag, RECORD_TAG);
	memcpy(r.digest, c->digest, CRYPTO_DIGEST);
	clock_now(&now);
	r.until = clock_after(&now, left_ms);
	/* What is not known yet, or never will be, is not forgotten before the call has ended. */
	if (state != RECORD_DONE && ttl_ms < left_ms + LIMIT_CLAIM_MS)
		ttl_ms = left_ms + LIMIT_CLAIM_MS;
	buf_init(&kept, (size_t)s->result_max);
	buf_init(&bytes, LIMIT_STORE_VALUE);
	if (state == RECORD_DONE && record_result(&kept, c->tool, buf_str(&c->text)) == 0) {
		r.result = buf_str(&kept);
		r.len = kept.len;
	}
	buf_room(&bytes, r.len + 128);
	if (record_write(&bytes, &r) == 0)
		op = former == NULL ?
		    store_add(c->bridge->store, c->place, bytes.data, bytes.len, ttl_ms, done, c) :
		    store_swap(c->bridge->store, c->place, former, bytes.data, bytes.len, ttl_ms,
		    done, c);
	buf_finish(&kept);
	buf_finish(&bytes);
	return op;
}

struct store_op *
witness_claim(struct call *c, store_done *done)
{
	bool held = c->policy == POLICY_CONFIRM && !c->resumes;

	return put(c, held ? RECORD_HELD : RECORD_SENT, c->takes_over ? c->former : NULL, done);
}

struct store_op *
witness_send(struct call *c, store_done *done)
{
	return put(c, RECORD_SENT, c->tag, done);
}

struct store_op *
witness_write(struct call *c, store_done *done)
{
	switch (c->fate) {
	case RESULT_GOOD:
		return put(c, RECORD_DONE, c->tag, done);
	case RESULT_UNCLEAR:
		return put(c, RECORD_LOST, c->tag, done);
	case RESULT_NOTHING:
	case RESULT_ASKS:
		break;
	}
	return store_swap(c->bridge->store, c->place, c->tag, NULL, 0, 0, done, c);
}
