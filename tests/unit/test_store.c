/* SPDX-License-Identifier: MIT */
/* test_store.c - edge/store: the same cases on LMDB and on Redis, and what each has of its own. */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/store.h"

#define PATIENCE_US	5000000		/* what has not come by then does not come */
#define TIMEOUT_MS	2000
#define HOUR_MS		3600000
#define TICK_US		10000
#define RACED		200		/* keys */
#define MANY		2000		/* operations in one turn */
#define SECRET		"pa ss\r\nword"

struct key {
	uint8_t	 bytes[STORE_KEY];
};

/* What callbacks saw. */
struct seen {
	int			 count;
	enum store_result	 result;
	size_t			 len;
	uint8_t			 value[LIMIT_STORE_VALUE];
	char			 why[128];
	struct store		*store;		/* for callbacks that go on */
	struct key		 key;
	int			 left;
};

static struct event_base *base;
static struct store_settings at;	/* the backend whose turn it is */
static const char *name;
static char folder[] = "/tmp/test_store.XXXXXX", lmdb_path[64], socket_path[64], redis_where[96];
static int ticks, port;
static pid_t server = -1;

/* ====== the loop ====== */

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	ticks++;
}

static struct event *
base_make(void)
{
	const struct timeval tick = { 0, TICK_US };
	struct event *timer;

	base = event_base_new();
	timer = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	event_add(timer, &tick);
	return timer;
}

static void
turn(struct store *s)
{
	event_base_loop(base, EVLOOP_ONCE);
	store_push(s);
}

/* Turn until `count` is `want`. */
static bool
await(struct store *s, const int *count, int want)
{
	const int64_t end = clock_mono_us() + PATIENCE_US;

	store_push(s);
	while (*count < want && clock_mono_us() < end)
		turn(s);
	return *count == want;
}

static void
turn_for(struct store *s, int64_t ms)
{
	const int64_t end = clock_mono_us() + ms * 1000;

	do
		turn(s);
	while (clock_mono_us() < end);
}

static struct store *
open_store(const struct store_settings *settings)
{
	char why[512] = "";
	struct store *s = store_create(base, settings, why, sizeof why);

	if (s == NULL) {
		printf("FAIL %s: %s\n", name, why);
		exit(1);
	}
	return s;
}

/* ====== one operation ====== */

static struct key
key_new(void)
{
	static uint32_t last;
	struct key key = { .bytes = { 0, 255, '\r', '\n', ' ', 0 } };

	last++;
	memcpy(key.bytes + STORE_KEY - sizeof last, &last, sizeof last);
	return key;
}

static void
on_done(void *arg, const struct store_reply *reply)
{
	struct seen *seen = arg;

	seen->count++;
	seen->result = reply->result;
	seen->len = reply->result == STORE_FOUND ? reply->len : 0;
	memcpy(seen->value, reply->value == NULL ? seen->value : reply->value, seen->len);
	snprintf(seen->why, sizeof seen->why, "%s", reply->why);
}

static const struct seen *
get(struct store *s, struct key key)
{
	static struct seen seen;

	seen = (struct seen){ .count = 0 };
	if (store_get(s, key.bytes, on_done, &seen) == NULL || !await(s, &seen.count, 1))
		CHECK(false, "%s: get was not reported", name);
	return &seen;
}

static const struct seen *
add(struct store *s, struct key key, const void *value, size_t len, int64_t ttl_ms)
{
	static struct seen seen;

	seen = (struct seen){ .count = 0 };
	if (store_add(s, key.bytes, value, len, ttl_ms, on_done, &seen) == NULL ||
	    !await(s, &seen.count, 1))
		CHECK(false, "%s: add was not reported", name);
	return &seen;
}

/* The tag is what `tag` begins with. */
static enum store_result
swap(struct store *s, struct key key, const char *tag, const void *value, size_t len,
    int64_t ttl_ms)
{
	static struct seen seen;
	uint8_t bytes[STORE_TAG];

	seen = (struct seen){ .count = 0 };
	memcpy(bytes, tag, sizeof bytes);
	if (store_swap(s, key.bytes, bytes, value, len, ttl_ms, on_done, &seen) == NULL ||
	    !await(s, &seen.count, 1))
		CHECK(false, "%s: swap was not reported", name);
	return seen.result;
}

static bool
is(const struct seen *seen, const char *value, size_t len)
{
	return seen->result == STORE_FOUND && seen->len == len &&
	    memcmp(seen->value, value, len) == 0;
}

/* Values of 24 bytes with their tags, zeros among both. */
static const char one[24] = "tag-1\0\0\0\0\0\0\0\0\0\0\0one\0one";
static const char two[24] = "tag-2\0\0\0\0\0\0\0\0\0\0\0two\0two";

/* ====== the same on every backend ====== */

static void
one_by_one(struct store *s)
{
	struct key k = key_new();

	CHECK(get(s, k)->result == STORE_NONE, "%s: nothing is there", name);
	CHECK(swap(s, k, one, two, sizeof two, HOUR_MS) == STORE_NONE, "%s: nor to be swapped", name);
	CHECK(swap(s, k, one, NULL, 0, 0) == STORE_NONE, "%s: nor to be taken away", name);
	CHECK(add(s, k, one, sizeof one, HOUR_MS)->result == STORE_DONE, "%s: added", name);
	CHECK(is(get(s, k), one, sizeof one), "%s: and there", name);
	CHECK(is(add(s, k, two, sizeof two, HOUR_MS), one, sizeof one), "%s: the first stays", name);
	CHECK(swap(s, k, two, two, sizeof two, HOUR_MS) == STORE_CHANGED, "%s: another tag", name);
	CHECK(swap(s, k, two, NULL, 0, 0) == STORE_CHANGED, "%s: nor taken away", name);
	CHECK(is(get(s, k), one, sizeof one), "%s: unchanged", name);
	CHECK(swap(s, k, one, two, sizeof two, HOUR_MS) == STORE_DONE, "%s: the right tag", name);
	CHECK(is(get(s, k), two, sizeof two), "%s: swapped", name);
	CHECK(swap(s, k, two, NULL, 0, 0) == STORE_DONE, "%s: taken away", name);
	CHECK(get(s, k)->result == STORE_NONE, "%s: gone", name);
	CHECK(add(s, k, two, sizeof two, HOUR_MS)->result == STORE_DONE, "%s: added again", name);
	CHECK(!store_is_busy(s), "%s: nothing is left to do", name);
}

static void
expiry(struct store *s)
{
	struct key k = key_new(), longer = key_new(), shorter = key_new();

	CHECK(add(s, longer, one, sizeof one, 60)->result == STORE_DONE &&
	    swap(s, longer, one, two, sizeof two, HOUR_MS) == STORE_DONE, "%s: prolonged", name);
	CHECK(add(s, shorter, one, sizeof one, HOUR_MS)->result == STORE_DONE &&
	    swap(s, shorter, one, two, sizeof two, 60) == STORE_DONE, "%s: shortened", name);
	CHECK(add(s, k, one, sizeof one, 60)->result == STORE_DONE, "%s: added", name);
	CHECK(is(get(s, k), one, sizeof one), "%s: there for a while", name);
	turn_for(s, 80);
	CHECK(get(s, k)->result == STORE_NONE, "%s: expired", name);
	CHECK(swap(s, k, one, two, sizeof two, HOUR_MS) == STORE_NONE, "%s: for swap too", name);
	CHECK(get(s, shorter)->result == STORE_NONE, "%s: the shorter time", name);
	CHECK(is(get(s, longer), two, sizeof two), "%s: the longer time", name);
	CHECK(add(s, k, two, sizeof two, HOUR_MS)->result == STORE_DONE, "%s: room for another", name);
	CHECK(is(get(s, k), two, sizeof two), "%s: which is there", name);
}

static void
sizes(struct store *s)
{
	static char large[LIMIT_STORE_VALUE + 1];
	struct key k = key_new(), least = key_new();
	size_t i;

	for (i = 0; i < sizeof large; i++)
		large[i] = (char)(i * 7 + (i >> 8));
	CHECK(add(s, k, large, LIMIT_STORE_VALUE, HOUR_MS)->result == STORE_DONE, "%s: largest", name);
	CHECK(is(get(s, k), large, LIMIT_STORE_VALUE), "%s: all of it", name);
	CHECK(swap(s, k, large, large, LIMIT_STORE_VALUE, HOUR_MS) == STORE_DONE, "%s: swapped", name);
	CHECK(is(add(s, k, one, sizeof one, HOUR_MS), large, LIMIT_STORE_VALUE), "%s: found", name);
	CHECK(store_add(s, k.bytes, large, sizeof large, HOUR_MS, NULL, NULL) == NULL, "%s: more", name);
	CHECK(add(s, least, one, STORE_TAG, HOUR_MS)->result == STORE_DONE &&
	    is(get(s, least), one, STORE_TAG), "%s: a tag alone", name);
}

static void
one_turn(struct store *s)
{
	static struct seen seen[8];
	struct key k = key_new();
	uint8_t tag1[STORE_TAG], tag2[STORE_TAG];
	size_t i;

	memcpy(tag1, one, sizeof tag1);
	memcpy(tag2, two, sizeof tag2);
	for (i = 0; i < 8; i++)
		seen[i] = (struct seen){ .count = 0 };
	store_add(s, k.bytes, one, sizeof one, HOUR_MS, on_done, &seen[0]);
	store_get(s, k.bytes, on_done, &seen[1]);
	store_swap(s, k.bytes, tag1, two, sizeof two, HOUR_MS, on_done, &seen[2]);
	store_get(s, k.bytes, on_done, &seen[3]);
	store_swap(s, k.bytes, tag1, one, sizeof one, HOUR_MS, on_done, &seen[4]);
	store_swap(s, k.bytes, tag2, NULL, 0, 0, on_done, &seen[5]);
	store_get(s, k.bytes, on_done, &seen[6]);
	store_add(s, k.bytes, one, sizeof one, HOUR_MS, on_done, &seen[7]);
	CHECK(seen[0].count == 0 && store_is_busy(s), "%s: nothing is reported at once", name);
	CHECK(await(s, &seen[7].count, 1), "%s: all in one turn", name);
	for (i = 0; i < 8; i++)
		CHECK(seen[i].count == 1, "%s: %zu reported once", name, i);
	CHECK(seen[0].result == STORE_DONE && is(&seen[1], one, sizeof one) &&
	    seen[2].result == STORE_DONE && is(&seen[3], two, sizeof two) &&
	    seen[4].result == STORE_CHANGED && seen[5].result == STORE_DONE &&
	    seen[6].result == STORE_NONE && seen[7].result == STORE_DONE,
	    "%s: in order: %d %d %d %d %d %d %d %d", name, seen[0].result, seen[1].result,
	    seen[2].result, seen[3].result, seen[4].result, seen[5].result, seen[6].result,
	    seen[7].result);
}

struct tally {
	int	 count, done, found;
	size_t	 bytes;
};

static void
on_counted(void *arg, const struct store_reply *reply)
{
	struct tally *t = arg;

	t->count++;
	t->done += reply->result == STORE_DONE;
	t->found += reply->result == STORE_FOUND;
	t->bytes += reply->result == STORE_FOUND ? reply->len : 0;
}

static void
many(struct store *s)
{
	static char large[8192] = "a tag for many";
	struct tally t = { 0 };
	struct key first = key_new(), k = first;
	int i;

	for (i = 0; i < MANY; i++) {
		store_add(s, k.bytes, large, i % 2 == 0 ? sizeof one : sizeof large, HOUR_MS,
		    on_counted, &t);
		k.bytes[8] = (uint8_t)(i + 1);
		k.bytes[9] = (uint8_t)((i + 1) >> 8);
	}
	CHECK(await(s, &t.count, MANY) && t.done == MANY, "%s: %d of %d added", name, t.done, MANY);
	t = (struct tally){ 0 };
	for (i = 0, k = first; i < MANY; i++) {
		store_get(s, k.bytes, on_counted, &t);
		k.bytes[8] = (uint8_t)(i + 1);
		k.bytes[9] = (uint8_t)((i + 1) >> 8);
	}
	CHECK(await(s, &t.count, MANY) && t.found == MANY &&
	    t.bytes == MANY / 2 * (sizeof one + sizeof large), "%s: %d of %d found", name, t.found,
	    MANY);
}

static void
cancelled(struct store *s)
{
	struct seen *seen = calloc(1, sizeof *seen);
	struct key early = key_new(), late = key_new();
	struct store_op *op;

	store_cancel(store_add(s, early.bytes, one, sizeof one, HOUR_MS, on_done, seen));
	CHECK(is(get(s, early), one, sizeof one), "%s: cancelled, and done", name);
	/* LMDB has reported by the end of the push; Redis has it in the air. */
	op = store_add(s, late.bytes, one, sizeof one, HOUR_MS, on_done, seen);
	if (strcmp(store_name(s), "redis") == 0) {
		store_push(s);
		store_cancel(op);
		CHECK(is(get(s, late), one, sizeof one), "%s: cancelled in the air", name);
	} else
		store_cancel(op);
	store_add(s, key_new().bytes, one, sizeof one, HOUR_MS, NULL, NULL);
	get(s, early);
	CHECK(seen->count == 0, "%s: nobody was called", name);
	free(seen);
}

static void
on_chain(void *arg, const struct store_reply *reply)
{
	struct seen *seen = arg;

	on_done(seen, reply);
	if (--seen->left == 0)
		return;
	if (seen->left % 2 == 0)
		store_get(seen->store, seen->key.bytes, on_chain, seen);
	else
		store_add(seen->store, seen->key.bytes, one, sizeof one, HOUR_MS, on_chain, seen);
}

static void
chained(struct store *s)
{
	static struct seen seen;

	seen = (struct seen){ .store = s, .key = key_new(), .left = 100 };
	store_add(s, seen.key.bytes, one, sizeof one, HOUR_MS, on_chain, &seen);
	CHECK(await(s, &seen.count, 100) && is(&seen, one, sizeof one), "%s: %d in a chain", name,
	    seen.count);
}

/* A process adds the same keys as another, and writes which it got. */
static void
race_child(int start, int out, const struct key *keys, const char *value)
{
	static struct seen seen[RACED];
	char got[RACED], c;
	struct store *s;
	int i;

	base_make();
	s = open_store(&at);
	get(s, key_new());	/* the connection is made before the start */
	if (read(start, &c, 1) != 0)
		_exit(1);
	for (i = 0; i < RACED; i++) {
		store_add(s, keys[i].bytes, value, sizeof one, HOUR_MS, on_done, &seen[i]);
		if (i % 10 == 9)
			turn(s);
	}
	for (i = 0; i < RACED; i++) {
		await(s, &seen[i].count, 1);
		got[i] = seen[i].result == STORE_DONE ? 'd' :
		    is(&seen[i], one, sizeof one) || is(&seen[i], two, sizeof two) ? 'f' : '?';
	}
	_exit(write(out, got, sizeof got) == sizeof got ? 0 : 1);
}

static void
race(void)
{
	struct key keys[RACED];
	char got[2][RACED];
	int start[2], out[2][2], i, good = 0, firsts = 0;
	pid_t pids[2];

	for (i = 0; i < RACED; i++)
		keys[i] = key_new();
	if (pipe(start) == -1 || pipe(out[0]) == -1 || pipe(out[1]) == -1)
		abort();
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(start[1]);
			race_child(start[0], out[i][1], keys, i == 0 ? one : two);
		}
	}
	close(start[0]);
	usleep(300000);
	close(start[1]);
	for (i = 0; i < 2; i++) {
		close(out[i][1]);
		CHECK(read(out[i][0], got[i], RACED) == RACED, "%s: process %d", name, i);
		close(out[i][0]);
		waitpid(pids[i], NULL, 0);
	}
	for (i = 0; i < RACED; i++) {
		good += (got[0][i] == 'd' && got[1][i] == 'f') || (got[0][i] == 'f' && got[1][i] == 'd');
		firsts += got[0][i] == 'd';
	}
	CHECK(good == RACED, "%s: %d of %d keys have one owner (%d the first process)", name, good,
	    RACED, firsts);
}

static void
killed(void)
{
	struct key k = key_new();
	struct store *s;
	int out[2];
	pid_t pid;
	char c;

	if (pipe(out) == -1)
		abort();
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		base_make();
		s = open_store(&at);
		if (add(s, k, one, sizeof one, HOUR_MS)->result == STORE_DONE &&
		    write(out[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(out[1]);
	CHECK(read(out[0], &c, 1) == 1, "%s: the child has added", name);
	close(out[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	s = open_store(&at);
	CHECK(is(get(s, k), one, sizeof one), "%s: it outlives its process", name);
	store_destroy(s);
}

static void
destroyed(void)
{
	enum { COUNT = 300 };
	static char large[1024] = "a tag of the end";
	struct store *s = open_store(&at);
	struct tally t = { 0 };
	struct key keys[COUNT], claimed = key_new();
	uint8_t tag[STORE_TAG];
	int i, there = 0;

	memcpy(tag, one, sizeof tag);
	CHECK(add(s, claimed, one, sizeof one, HOUR_MS)->result == STORE_DONE, "%s: claimed", name);
	for (i = 0; i < COUNT; i++) {
		keys[i] = key_new();
		store_add(s, keys[i].bytes, large, sizeof large, HOUR_MS,
		    i % 2 == 0 ? NULL : on_counted, &t);
	}
	store_swap(s, claimed.bytes, tag, NULL, 0, 0, NULL, NULL);
	store_destroy(s);
	CHECK(t.count == 0, "%s: nothing is reported after the end", name);
	s = open_store(&at);
	CHECK(get(s, claimed)->result == STORE_NONE, "%s: given back at the end", name);
	for (i = 0; i < COUNT; i++)
		there += get(s, keys[i])->result == STORE_FOUND;
	CHECK(there == COUNT, "%s: %d of %d were done at the end", name, there, COUNT);
	/* Begun and never pushed; pushed and not answered; nothing begun at all. */
	store_get(s, claimed.bytes, on_counted, &t);
	store_push(s);
	t.count = 0;
	store_get(s, claimed.bytes, on_counted, &t);
	store_destroy(s);
	CHECK(t.count == 0, "%s: nobody is called", name);
	store_destroy(open_store(&at));
	store_destroy(NULL);
}

static void
cases(void)
{
	char why[512];
	struct store *s;

	CHECK(store_check(&at, why, sizeof why) == 0, "%s", why);
	s = open_store(&at);
	CHECK(strcmp(store_name(s), name) == 0, "%s", store_name(s));
	one_by_one(s);
	expiry(s);
	sizes(s);
	one_turn(s);
	many(s);
	cancelled(s);
	chained(s);
	store_destroy(s);
	race();
	killed();
	destroyed();
}

/* ====== LMDB alone ====== */

static void
lmdb_garbage(void)
{
	struct store_settings bad = at;
	char path[64], why[512] = "";
	FILE *f;
	int i;

	snprintf(path, sizeof path, "%s/garbage", folder);
	bad.where = path;
	f = fopen(path, "w");
	for (i = 0; i < 4096; i++)
		fputs("rubbish ", f);
	fclose(f);
	CHECK(store_create(base, &bad, why, sizeof why) == NULL && strstr(why, path) != NULL, "%s", why);
	CHECK(store_check(&bad, why, sizeof why) == -1 && strstr(why, path) != NULL, "%s", why);
	bad.where = "/nowhere/store";
	CHECK(store_create(base, &bad, why, sizeof why) == NULL &&
	    strstr(why, bad.where) != NULL, "%s", why);
}

static void
lmdb_full(void)
{
	static char large[8192] = "a tag for a full";
	struct store_settings small = at;
	const struct seen *seen;
	char path[64];
	struct store *s;
	int i;

	snprintf(path, sizeof path, "%s/small", folder);
	small.where = path;
	small.size_max = 1024 * 1024;
	s = open_store(&small);
	for (i = 0; i < 1000; i++) {
		seen = add(s, key_new(), large, sizeof large, 1000);
		if (seen->result != STORE_DONE)
			break;
	}
	CHECK(seen->result == STORE_FULL && seen->why[0] != '\0', "full: %d, %s", seen->result,
	    seen->why);
	CHECK(i >= 64 && i <= 256, "after %d", i);
	turn_for(s, 1100);
	seen = add(s, key_new(), large, sizeof large, HOUR_MS);
	CHECK(seen->result == STORE_DONE, "room again: %d, %s", seen->result, seen->why);
	store_destroy(s);
}

/* ====== Redis alone ====== */

static bool
server_answers(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), result;

	memcpy(sa.sun_path, socket_path, strlen(socket_path) + 1);
	result = connect(fd, (const struct sockaddr *)&sa, sizeof sa);
	close(fd);
	return result == 0;
}

/* Start redis-server with two more arguments, or none. */
static bool
server_start(const char *option, const char *value)
{
	char number[16];
	int i, null;

	snprintf(number, sizeof number, "%d", port);
	fflush(stdout);
	server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execlp("redis-server", "redis-server", "--port", number, "--bind", "127.0.0.1",
		    "--unixsocket", socket_path, "--save", "", "--appendonly", "no", "--daemonize",
		    "no", "--dir", folder, option, value, (char *)NULL);
		_exit(127);
	}
	for (i = 0; i < 500 && !server_answers(); i++) {
		if (waitpid(server, NULL, WNOHANG) == server)
			return false;
		usleep(TICK_US);
	}
	return i < 500;
}

static void
server_stop(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	unlink(socket_path);
}

/* Tell Redis something over a connection of one's own. */
static void
tell(const char *command)
{
	redisContext *c = redisConnectUnix(socket_path);
	redisReply *reply = c == NULL || c->err != 0 ? NULL : redisCommand(c, command);

	CHECK(reply != NULL && reply->type != REDIS_REPLY_ERROR, "%s: %s", command,
	    reply == NULL ? "no connection" : reply->str);
	if (reply != NULL)
		freeReplyObject(reply);
	if (c != NULL)
		redisFree(c);
}

static int
port_free(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (const struct sockaddr *)&sa, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) == -1)
		abort();
	close(fd);
	return ntohs(sa.sin_port);
}

/* The milliseconds until a get does not fail any more; -1 if it does for 3 s. */
static int64_t
comes_back(struct store *s, struct key k)
{
	const int64_t start = clock_mono_us();

	while (get(s, k)->result == STORE_FAILED) {
		if (clock_mono_us() - start > 3000000)
			return -1;
		turn(s);	/* what fails at once is reported before the loop has turned */
	}
	return (clock_mono_us() - start) / 1000;
}

/* Redis does not answer: the loop turns on, and the operation ends in its time. */
static void
redis_stopped(void)
{
	struct store_settings hasty = at;
	static struct seen seen[3];
	struct key k = key_new();
	const struct seen *later;
	struct store *s;
	int64_t start, ms;
	int before, i;

	hasty.timeout_ms = 500;
	s = open_store(&hasty);
	CHECK(get(s, k)->result == STORE_NONE, "a connection");
	kill(server, SIGSTOP);
	for (i = 0; i < 3; i++) {
		seen[i] = (struct seen){ .count = 0 };
		store_get(s, k.bytes, on_done, &seen[i]);
	}
	before = ticks;
	start = clock_mono_us();
	CHECK(await(s, &seen[2].count, 1) && seen[0].count == 1 && seen[1].count == 1, "ended");
	ms = (clock_mono_us() - start) / 1000;
	CHECK(seen[0].result == STORE_FAILED && seen[2].result == STORE_FAILED &&
	    strcmp(seen[0].why, "Redis did not answer in time") == 0, "%d: %s", seen[0].result,
	    seen[0].why);
	CHECK(ms >= 450 && ms <= 700, "after %lld ms", (long long)ms);
	CHECK(ticks - before > 35, "the loop turned on: %d", ticks - before);
	/* The new connection is not greeted: one waits with it, and the next does not wait. */
	start = clock_mono_us();
	later = get(s, k);
	ms = (clock_mono_us() - start) / 1000;
	CHECK(later->result == STORE_FAILED && ms <= 700, "%s, %lld ms", later->why, (long long)ms);
	turn_for(s, 600);
	start = clock_mono_us();
	later = get(s, k);
	ms = (clock_mono_us() - start) / 1000;
	CHECK(strcmp(later->why, "Redis is not there") == 0 && ms < 50, "%s, %lld ms", later->why,
	    (long long)ms);
	kill(server, SIGCONT);
	ms = comes_back(s, k);
	CHECK(ms >= 0, "goes on after %lld ms", (long long)ms);
	/* A destroy that finds a silent Redis does not wait long. */
	kill(server, SIGSTOP);
	store_add(s, k.bytes, one, sizeof one, HOUR_MS, NULL, NULL);
	start = clock_mono_us();
	store_destroy(s);
	ms = (clock_mono_us() - start) / 1000;
	CHECK(ms < 300, "destroyed in %lld ms", (long long)ms);
	kill(server, SIGCONT);
}

static void
redis_killed(void)
{
	static struct seen seen;
	struct store *s = open_store(&at), *other;
	struct key k = key_new();
	const struct seen *later;
	int64_t start, ms;
	int i;

	CHECK(add(s, k, one, sizeof one, HOUR_MS)->result == STORE_DONE, "added");
	kill(server, SIGSTOP);
	seen = (struct seen){ .count = 0 };
	store_get(s, k.bytes, on_done, &seen);
	store_push(s);
	server_stop();
	start = clock_mono_us();
	CHECK(await(s, &seen.count, 1) && seen.result == STORE_FAILED, "in the air: %s", seen.why);
	ms = (clock_mono_us() - start) / 1000;
	CHECK(ms < 200, "in the air: %lld ms", (long long)ms);
	for (i = 0; i < 20; i++) {
		start = clock_mono_us();
		later = get(s, k);
		ms = (clock_mono_us() - start) / 1000;
		CHECK(later->result == STORE_FAILED && ms < 200 && later->why[0] != '\0',
		    "%d: %lld ms, %s", i, (long long)ms, later->why);
	}
	/* One that begins while Redis is away. */
	other = open_store(&at);
	later = get(other, k);
	CHECK(later->result == STORE_FAILED && strcmp(later->why, "Redis is not there") == 0, "%s",
	    later->why);
	/* An operation that begins the next as soon as it fails does not hold the loop. */
	seen = (struct seen){ .store = other, .key = k, .left = 10 };
	store_get(other, k.bytes, on_chain, &seen);
	CHECK(await(other, &seen.count, 10), "%d failures in a chain", seen.count);
	turn_for(s, 1000);
	CHECK(server_start(NULL, NULL), "started again");
	ms = comes_back(s, k);
	CHECK(ms >= 0, "again after %lld ms", (long long)ms);
	ms = comes_back(other, k);
	CHECK(ms >= 0, "the other after %lld ms", (long long)ms);
	CHECK(add(s, k, one, sizeof one, HOUR_MS)->result == STORE_DONE, "added again");
	CHECK(is(get(other, k), one, sizeof one), "and seen by the other");
	tell("FLUSHALL");
	CHECK(get(s, k)->result == STORE_NONE, "flushed");
	/* Who closes our connection while it is idle costs nobody an operation. */
	tell("CLIENT KILL TYPE normal");
	turn_for(s, 20);
	CHECK(get(s, k)->result == STORE_NONE, "a new connection by itself");
	store_destroy(other);
	store_destroy(s);
}

static void
redis_tcp(void)
{
	static const struct {
		const char		*host, *database;
		enum store_result	 result;	/* of the same key, added in each */
	} forms[] = {
		{ "127.0.0.1", "", STORE_DONE }, { "127.0.0.1", "/", STORE_FOUND },
		{ "127.0.0.1", "/3", STORE_DONE }, { "localhost", "/3", STORE_FOUND },
	};
	struct store_settings tcp = at;
	struct key k = key_new();
	char where[64], text[128];
	struct store *s;
	size_t i;

	tcp.where = where;
	for (i = 0; i < sizeof forms / sizeof *forms; i++) {
		snprintf(where, sizeof where, "redis://%s:%d%s", forms[i].host, port,
		    forms[i].database);
		s = open_store(&tcp);
		/* A name may have an address where nobody listens, and the next is tried then. */
		CHECK(comes_back(s, k) >= 0, "%s", where);
		CHECK(add(s, k, one, sizeof one, HOUR_MS)->result == forms[i].result, "%s",
		    where);
		store_destroy(s);
	}
	snprintf(text, sizeof text, "%s?db=3", redis_where);
	tcp.where = text;
	s = open_store(&tcp);
	CHECK(is(get(s, k), one, sizeof one), "%s", text);
	store_destroy(s);
	snprintf(where, sizeof where, "redis://nowhere.invalid:%d", port);
	tcp.where = where;
	s = open_store(&tcp);
	CHECK(get(s, k)->result == STORE_FAILED, "a name that is none");
	store_destroy(s);
	store_destroy(open_store(&tcp));	/* while the name is being resolved */
}

static void
redis_foreign(void)
{
	struct store *s = open_store(&at);
	struct key k = key_new();
	char command[160], hex[2 * STORE_KEY + 1];
	static char huge[LIMIT_STORE_VALUE + 2];
	const struct seen *seen;
	redisContext *c;
	size_t i;

	for (i = 0; i < STORE_KEY; i++)
		snprintf(hex + 2 * i, 3, "%02x", k.bytes[i]);
	snprintf(command, sizeof command, "SET ums-mcp:%s short", hex);
	tell(command);
	seen = get(s, k);
	CHECK(seen->result == STORE_FAILED && strcmp(seen->why, "a record that is not ours") == 0,
	    "too short: %s", seen->why);
	CHECK(add(s, k, one, sizeof one, HOUR_MS)->result == STORE_FAILED, "nor is it added to");
	memset(huge, 'x', sizeof huge - 1);
	c = redisConnectUnix(socket_path);
	freeReplyObject(redisCommand(c, "SET ums-mcp:%s %s", hex, huge));
	redisFree(c);
	CHECK(get(s, k)->result == STORE_FAILED, "too long");
	snprintf(command, sizeof command, "DEL ums-mcp:%s", hex);
	tell(command);
	snprintf(command, sizeof command, "LPUSH ums-mcp:%s a", hex);
	tell(command);
	seen = get(s, k);
	CHECK(seen->result == STORE_FAILED && strcmp(seen->why, "a record that is not ours") == 0,
	    "a list: %s", seen->why);
	seen = add(s, k, one, sizeof one, HOUR_MS);
	CHECK(seen->result == STORE_FAILED && strcmp(seen->why, "a record that is not ours") == 0,
	    "a list, in a script: %s", seen->why);
	k = key_new();
	CHECK(add(s, k, one, sizeof one, HOUR_MS)->result == STORE_DONE, "the connection lives on");
	tell("REPLICAOF 127.0.0.1 1");
	seen = add(s, key_new(), one, sizeof one, HOUR_MS);
	CHECK(seen->result == STORE_FAILED && strstr(seen->why, "replica") != NULL, "%s", seen->why);
	CHECK(is(get(s, k), one, sizeof one), "a replica can be read");
	tell("REPLICAOF NO ONE");
	CHECK(add(s, key_new(), one, sizeof one, HOUR_MS)->result == STORE_DONE, "a master again");
	store_destroy(s);
}

static void
redis_password(void)
{
	static const struct {
		const char		*password;
		enum store_result	 result;
	} tries[] = {
		{ SECRET, STORE_DONE }, { "wrong", STORE_FAILED }, { "", STORE_FAILED },
		{ NULL, STORE_FAILED },
	};
	struct store_settings with = at;
	const struct seen *seen;
	struct store *s;
	int64_t start, ms;
	size_t i;

	server_stop();
	CHECK(server_start("--requirepass", SECRET), "with a password");
	for (i = 0; i < sizeof tries / sizeof *tries; i++) {
		with.password = tries[i].password;
		s = open_store(&with);
		start = clock_mono_us();
		seen = add(s, key_new(), one, sizeof one, HOUR_MS);
		ms = (clock_mono_us() - start) / 1000;
		CHECK(seen->result == tries[i].result && ms < 500, "%zu: %d %s, %lld ms", i,
		    seen->result, seen->why, (long long)ms);
		turn_for(s, 120);
		CHECK((get(s, key_new())->result == STORE_FAILED) ==
		    (tries[i].result == STORE_FAILED), "%zu", i);
		store_destroy(s);
	}
	server_stop();
	CHECK(server_start(NULL, NULL), "without a password");
	with.password = SECRET;
	with.where = redis_where;
	s = open_store(&with);
	CHECK(get(s, key_new())->result == STORE_FAILED, "a password that nobody asks for");
	store_destroy(s);
}

static void
redis_full(void)
{
	static char large[LIMIT_STORE_VALUE] = "a tag for a full one";
	const struct seen *seen = NULL;
	struct store *s;
	int i;

	server_stop();
	CHECK(server_start("--maxmemory", "1mb"), "with little memory");
	s = open_store(&at);
	for (i = 0; i < 100; i++) {
		seen = add(s, key_new(), large, sizeof large, HOUR_MS);
		if (seen->result != STORE_DONE)
			break;
	}
	CHECK(seen->result == STORE_FULL && strcmp(seen->why, "Redis has no memory left") == 0,
	    "%d: %s", seen->result, seen->why);
	CHECK(get(s, key_new())->result == STORE_NONE, "and it can be read");
	store_destroy(s);
}

static void
redis_addresses(void)
{
	static const char *const good[] = {
		"redis://h", "redis://h/", "redis://h:1", "redis://h:65535/0", "redis://h/15",
		"redis://[::1]", "redis://[::1]:7000/2", "redis://10.0.0.1:6379", "redis+unix:///s",
		"redis+unix:///run/r.sock?db=3", "redis+unix:///run/a@b",
	};
	static const char *const bad[] = {
		"redis:", "redis:/h", "redis://", "redis:///1", "redis://:6379", "redis://h:",
		"redis://h:0", "redis://h:65536", "redis://h:99999999999999", "redis://h:x",
		"redis://h:1:2", "redis://h/x", "redis://h/1/2", "redis://h/10000", "redis://h/-1",
		"redis://h?db=1", "redis://::1", "redis://[::1", "redis://[::1]x", "redis://[h]",
		"redis://[]", "redis://a b", "redis+unix://", "redis+unix:///", "redis+unix://run/s",
		"redis+unix:///s?db=", "redis+unix:///s?db=x", "redis+unix:///s?x=1",
		"redis+tls://h", "redis+",
	};
	static const char *const secret[] = {
		"redis://hidden@h", "redis://user:hidden@h:6379/1", "redis://:hidden@[::1]",
		"redis://:x/hidden@h", "redis://:x@hidden@h", "redis+tls://:hidden@h",
		"redis+unix://hidden@/run/s",
	};
	struct store_settings s = at;
	char why[512], want[600], longest[400];
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		s.where = good[i];
		why[0] = '\0';
		CHECK(store_check(&s, why, sizeof why) == 0, "%s: %s", good[i], why);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		s.where = bad[i];
		why[0] = '\0';
		snprintf(want, sizeof want, "store = %s: ", bad[i]);
		CHECK(store_check(&s, why, sizeof why) == -1 &&
		    strncmp(why, want, strlen(want)) == 0 && strlen(why) > strlen(want), "%s: %s",
		    bad[i], why);
		CHECK(store_create(base, &s, why, sizeof why) == NULL, "%s", bad[i]);
	}
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	memcpy(longest, "redis://", 8);
	s.where = longest;
	CHECK(store_check(&s, why, sizeof why) == -1, "a long name");
	memcpy(longest, "redis+unix:///", 14);
	CHECK(store_check(&s, why, sizeof why) == -1, "a long path");
	for (i = 0; i < sizeof secret / sizeof *secret; i++) {
		s.where = secret[i];
		CHECK(store_check(&s, why, sizeof why) == -1 &&
		    strstr(why, "put the password into store_password_file") != NULL &&
		    strncmp(why, "store = redis", 13) == 0 && strstr(why, "hidden") == NULL, "%s",
		    why);
	}
}

/* ====== both ====== */

/* Whether the program can be run. */
static bool
server_exists(void)
{
	return system("redis-server --version >/dev/null 2>&1") == 0;
}

static void
sweep(void)
{
	static const char *const files[] = {
		"store", "store-lock", "small", "small-lock", "garbage", "garbage-lock", "redis.sock",
		"dump.rdb",
	};
	char path[64];
	size_t i;

	for (i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		unlink(path);
	}
	CHECK(rmdir(folder) == 0, "%s: %s", folder, strerror(errno));
}

int
main(void)
{
	struct event *timer;

	signal(SIGPIPE, SIG_IGN);
	log_init(false, LOG_LEVEL_ERROR);
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(lmdb_path, sizeof lmdb_path, "%s/store", folder);
	snprintf(socket_path, sizeof socket_path, "%s/redis.sock", folder);
	snprintf(redis_where, sizeof redis_where, "redis+unix://%s", socket_path);
	timer = base_make();

	name = "lmdb";
	at = (struct store_settings){
		.where = lmdb_path, .size_max = 64 * 1024 * 1024, .timeout_ms = TIMEOUT_MS,
	};
	cases();
	lmdb_garbage();
	lmdb_full();

	name = "redis";
	at.where = redis_where;
	redis_addresses();
	port = port_free();
	if (!server_exists())
		SKIP("redis-server is not installed: the cases of the Redis store");
	else if (!server_start(NULL, NULL))
		CHECK(false, "redis-server does not start");
	else {
		cases();
		redis_stopped();
		redis_killed();
		redis_tcp();
		redis_foreign();
		redis_password();
		redis_full();
		server_stop();
	}
	event_free(timer);
	event_base_free(base);
	sweep();
	return check_done();
}
