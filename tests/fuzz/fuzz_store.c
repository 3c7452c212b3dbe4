/* SPDX-License-Identifier: MIT */
/*
 * fuzz_store.c - the store of any text as its address; a Redis that says any bytes; an LMDB file
 * with any bytes as records. What is found has at least a tag, and each operation is reported
 * once. The first byte chooses: which of the three, and in what pieces Redis talks.
 */
#define begin begin_op
#include "../../src/edge/store.c"
#undef begin
#include "../../src/edge/store_lmdb.c"

#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define OPS	6

static struct event_base *base;
static char folder[] = "/tmp/fuzz_store.XXXXXX";
static int reported[OPS], began;

static void
on_done(void *arg, const struct store_reply *reply)
{
	int *count = arg;

	if (++*count != 1 || reply->result > STORE_FAILED || reply->why == NULL)
		abort();
	if (reply->result == STORE_FOUND && (reply->value == NULL || reply->len < STORE_TAG ||
	    reply->len > LIMIT_STORE_VALUE))
		abort();
	if (reply->result >= STORE_FULL ? reply->why[0] == '\0' : reply->why[0] != '\0')
		abort();
}

/* One operation of each kind, and of those two that take away and that add where something is. */
static void
operations(struct store *s, const uint8_t key[STORE_KEY], const uint8_t *data, size_t len)
{
	static const uint8_t other[STORE_KEY] = "another";
	uint8_t tag[STORE_TAG] = { 0 }, value[STORE_TAG + 4] = "0123456789abcdef";

	memset(reported, 0, sizeof reported);
	memcpy(tag, data, len < sizeof tag ? len : sizeof tag);
	began = 0;
	began += store_get(s, key, on_done, &reported[0]) != NULL;
	began += store_swap(s, key, tag, value, sizeof value, 1000, on_done, &reported[1]) != NULL;
	began += store_add(s, key, value, sizeof value, 1000, on_done, &reported[2]) != NULL;
	began += store_get(s, key, on_done, &reported[3]) != NULL;
	began += store_swap(s, key, value, NULL, 0, 0, on_done, &reported[4]) != NULL;
	began += store_add(s, other, value, sizeof value, 1, NULL, NULL) != NULL;
	if (began != OPS)
		abort();
}

/* Without the pause from one transaction to the next. */
static void
push_now(struct store *s)
{
	s->pushed_us = 0;
	store_push(s);
}

static void
any_address(const uint8_t *data, size_t len)
{
	struct store_settings s = { .timeout_ms = 10 };
	char *where = malloc(len + 16), why[512] = "";

	if (where == NULL)
		abort();
	/* A text without a scheme is the path of a file, which is not made here. */
	snprintf(where, len + 16, "%s%.*s", len % 3 == 0 ? "redis://" : len % 3 == 1 ?
	    "redis+unix://" : "redis", (int)len, (const char *)data);
	s.where = where;
	if (backend_of(where) == &store_redis &&
	    (store_check(&s, why, sizeof why) == -1) != (why[0] != '\0'))
		abort();
	free(where);
}

/* The messages that end within some bytes; 1 for ever behind what is no message. */
static size_t
messages(redisReader *reader, const void *data, size_t len)
{
	size_t count = 0;
	void *reply;

	redisReaderFeed(reader, data, len);
	while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL) {
		freeReplyObject(reply);
		count++;
	}
	return reader->err != 0 ? 1 : count;
}

/* What the bridge has asked, one after the other. */
static size_t
questions(int fd, redisReader *reader)
{
	char bytes[4096];
	size_t count = 0;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		count += messages(reader, bytes, (size_t)n);
	return count;
}

/* A Redis that says more than it was asked is left out: hiredis itself ends the process then. */
static void
any_redis(const uint8_t *data, size_t len, size_t piece)
{
	static const uint8_t key[STORE_KEY] = "key";
	static struct sockaddr_un sun = { .sun_family = AF_UNIX };
	static int listener = -1;
	struct store_settings settings = { .timeout_ms = 10 };
	redisReader *in = redisReaderCreate(), *out = redisReaderCreate();
	char where[160], why[512] = "";
	struct store *s;
	size_t at, n, asked;
	int fd;

	if (listener == -1) {
		snprintf(sun.sun_path, sizeof sun.sun_path, "%s/r", folder);
		listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (listener == -1 || bind(listener, (struct sockaddr *)&sun, sizeof sun) == -1 ||
		    listen(listener, 8) == -1)
			abort();
	}
	snprintf(where, sizeof where, "redis+unix://%s", sun.sun_path);
	settings.where = where;
	settings.password = piece % 2 == 0 ? "secret" : NULL;
	s = store_create(base, &settings, why, sizeof why);
	if (s == NULL)
		abort();
	event_base_loop(base, EVLOOP_NONBLOCK);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	if (fd == -1)
		abort();
	operations(s, key, data, len);
	push_now(s);
	asked = questions(fd, in);
	for (at = 0; at < len && asked > 0; at += n) {
		for (n = 0; n < piece && at + n < len; )
			if (messages(out, data + at + n++, 1) > 0) {
				asked--;
				break;
			}
		if (send(fd, data + at, n, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0)
			break;
		event_base_loop(base, EVLOOP_NONBLOCK);
		push_now(s);
		asked += questions(fd, in);
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
	redisReaderFree(in);
	redisReaderFree(out);
	close(fd);
	event_base_loop(base, EVLOOP_NONBLOCK);
	push_now(s);
	store_destroy(s);
	/* What is no news to anybody any more is not reported. */
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* The first byte's third bit: whether the record has expired; else the bytes say when it does. */
static void
any_record(const uint8_t *data, size_t len, uint8_t how)
{
	static const uint8_t key[STORE_KEY] = "key";
	static struct store *s;
	struct store_settings settings = { .timeout_ms = 60000, .size_max = 1024 * 1024 };
	char where[80], why[512] = "";
	struct expiry expiry;
	struct clock_moment now;
	struct lmdb *l;
	MDB_val k = { .mv_size = STORE_KEY, .mv_data = (void *)(uintptr_t)key }, v;
	MDB_txn *txn;
	uint8_t *bytes;
	size_t size = len;

	if (s == NULL) {
		snprintf(where, sizeof where, "%s/lmdb", folder);
		settings.where = where;
		s = store_create(base, &settings, why, sizeof why);
		if (s == NULL) {
			fprintf(stderr, "%s\n", why);
			abort();
		}
		unlink(where);
		snprintf(where, sizeof where, "%s/lmdb-lock", folder);
		unlink(where);
	}
	bytes = malloc(len + sizeof expiry);
	if (bytes == NULL)
		abort();
	if (how & 4) {
		memcpy(bytes, data, len);
	} else {
		clock_now(&now);
		memset(&expiry, 0, sizeof expiry);
		expiry.at = clock_after(&now, how & 8 ? -1 : 100000);
		memcpy(bytes, &expiry, sizeof expiry);
		memcpy(bytes + sizeof expiry, data, len);
		size += sizeof expiry;
	}
	l = s->self;
	v = (MDB_val){ .mv_size = size, .mv_data = bytes };
	/* A key that is not ours is swept away some day. */
	if (mdb_txn_begin(l->env, NULL, 0, &txn) != 0 || mdb_put(txn, l->dbi, &k, &v, 0) != 0)
		abort();
	k.mv_size = 1 + how % 40;
	k.mv_data = memset((uint8_t [64]){ 0 }, how, 64);
	if (mdb_put(txn, l->dbi, &k, &v, 0) != 0 || mdb_txn_commit(txn) != 0)
		abort();
	if (how & 16) {
		memset(reported, 0, sizeof reported);
		if (store_get(s, key, on_done, &reported[0]) == NULL)
			abort();
		push_now(s);
		if (reported[0] != 1)
			abort();
	}
	operations(s, key, data, len);
	push_now(s);
	if (store_is_busy(s) || reported[0] + reported[1] + reported[2] + reported[3] +
	    reported[4] != OPS - 1)
		abort();
	free(bytes);
}

static void
clean(void)
{
	char path[80];

	snprintf(path, sizeof path, "%s/r", folder);
	unlink(path);
	rmdir(folder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (base == NULL) {
		log_init(false, LOG_LEVEL_ERROR);
		base = event_base_new();
		if (base == NULL || mkdtemp(folder) == NULL)
			abort();
		atexit(clean);
	}
	if (len == 0)
		return 0;
	switch (data[0] & 3) {
	case 0:
		any_address(data + 1, len - 1);
		break;
	case 1:
		any_record(data + 1, len - 1 < 60000 ? len - 1 : 60000, data[0]);
		break;
	default:
		any_redis(data + 1, len - 1, (size_t)(data[0] >> 2) + 1);
		break;
	}
	return 0;
}
