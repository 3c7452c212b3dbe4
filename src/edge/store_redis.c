/* SPDX-License-Identifier: MIT */
/*
 * store_redis.c - the store in a Redis that several machines share, by hiredis' asynchronous half.
 *
 * There is at most one connection. Operations wait in store.c's queue until Redis has answered the
 * greeting (AUTH, SELECT), and then are in the air, in the order in which they will be answered. A
 * connection that is no good any more is first forgotten (forget()), then freed, and only then
 * are its operations ended: whoever is called then may begin new ones, and what hiredis still has
 * to say about the old connection finds nobody. A new one begins from the timer only, when no frame
 * of hiredis is on the stack and the old one is gone; so both can have the same two events.
 */
#include <sys/queue.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/redis_address.h"
#include "edge/redis_look.h"
#include "edge/store_backend.h"

#define KEY_PREFIX	"ums-mcp:"
#define KEY_TEXT	(sizeof KEY_PREFIX - 1 + 2 * STORE_KEY)

enum state {
	WAITING,	/* the timer: try now */
	RESOLVING,	/* the timer: has the name been resolved? */
	CONNECTING,	/* connect() and greeting; the timer: it took too long */
	READY,		/* no timer */
};

/* Apart from struct redis: a thread of the C library may outlive it. */
struct lookup {
	struct gaicb	 request;
	struct addrinfo	 hints;
	char		 host[LIMIT_REDIS_HOST];
};

struct redis {
	struct event_base	*base;
	struct store		*store;		/* NULL until its first operation */
	struct redis_address	 address;
	char			*where;
	char			*password;
	int64_t			 attempt_ms;	/* how long one may take */
	enum state		 state;
	bool			 absent;	/* the last attempt failed: nobody waits */
	long			 retry_ms;
	unsigned		 attempt;	/* chooses among a name's addresses */
	int64_t			 patience_us;	/* RESOLVING: so long operations wait */
	struct lookup		*lookup;
	redisAsyncContext	*ac;		/* CONNECTING, READY */
	struct event		 readable, writable;	/* its socket */
	struct event		 timer;
	struct event		 due;		/* READY: the oldest's deadline, or before */
	struct store_ops	 air;		/* sent, in the order of their answers */
	const char		*refusal;	/* the last that was logged of this connection */
	char			 complaint[LIMIT_REDIS_COMPLAINT];	/* "" while well */
};

/* Redis' words for what it does not do, and ours. */
static const struct refusal {
	const char		*word;
	enum store_result	 result;
	const char		*why;
} refusals[] = {
	{ "OOM ",	STORE_FULL,	"Redis has no memory left" },
	{ "MISCONF ",	STORE_FAILED,	"Redis cannot write its disk" },
	{ "READONLY ",	STORE_FAILED,	"Redis is a replica that nobody may write to" },
	{ "LOADING ",	STORE_FAILED,	"Redis is still loading its data" },
	{ "MASTERDOWN ", STORE_FAILED,	"Redis is a replica without its master" },
	{ "NOREPLICAS ", STORE_FAILED,	"Redis has too few replicas to write" },
	{ "NOAUTH ",	STORE_FAILED,	"Redis wants a password" },
	{ "NOPERM ",	STORE_FAILED,	"Redis does not permit that to this user" },
	{ "BUSY ",	STORE_FAILED,	"Redis is busy with a script" },
	{ "MOVED ",	STORE_FAILED,	"Redis is a cluster, which is not supported" },
	{ "WRONGTYPE ",	STORE_FAILED,	"a record that is not ours" },
};

/* ARGV: value, milliseconds. */
static const char add_script[] =
    "local v=redis.call('GET',KEYS[1]) "
    "if v then return v end "
    "redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2]) "
    "return false";
/* ARGV: tag, and unless it is to be taken away: value, milliseconds. */
static const char swap_script[] =
    "local v=redis.call('GET',KEYS[1]) "
    "if not v then return 'none' end "
    "if string.sub(v,1,#ARGV[1])~=ARGV[1] then return 'changed' end "
    "if ARGV[2] then redis.call('SET',KEYS[1],ARGV[2],'PX',ARGV[3]) "
    "else redis.call('DEL',KEYS[1]) end "
    "return 'done'";

static void	*redis_create(struct event_base *, const struct store_settings *, char *, size_t);
static int	redis_check(const struct store_settings *, char *, size_t);
static void	redis_push(void *, struct store_ops *);
static void	redis_destroy(void *);
static void	try_now(struct redis *);
static void	lookup_begin(struct redis *);
static void	lookup_look(struct redis *);
static void	lookup_drop(struct redis *);
static void	link_begin(struct redis *, const char *);
static int	link_greet(struct redis *);
static void	forget(struct redis *, struct store_ops *);
static void	lose(struct redis *, const char *, const char *, bool);
static void	give_up(struct redis *);
static void	retry(struct redis *, const char *);
static void	set_timer(struct event *, int64_t);
static void	on_timer(evutil_socket_t, short, void *);
static void	on_due(evutil_socket_t, short, void *);
static void	on_connect(const redisAsyncContext *, int);
static void	on_disconnect(const redisAsyncContext *, int);
static void	on_auth(redisAsyncContext *, void *, void *);
static void	on_select(redisAsyncContext *, void *, void *);
static void	on_reply(redisAsyncContext *, void *, void *);

const struct store_backend store_redis = {
	.name = "redis",
	.create = redis_create,
	.check = redis_check,
	.look = redis_look,
	.push = redis_push,
	.destroy = redis_destroy,
};

static int
redis_check(const struct store_settings *s, char *why, size_t whylen)
{
	struct redis_address a;

	return redis_address_parse(&a, s->where, why, whylen);
}

/* ====== birth and death ====== */

static void *
redis_create(struct event_base *base, const struct store_settings *s, char *why, size_t whylen)
{
	struct redis_address address;
	struct redis *r;

	if (redis_address_parse(&address, s->where, why, whylen) == -1)
		return NULL;
	r = calloc(1, sizeof *r);
	if (r != NULL) {
		r->where = strdup(s->where);
		r->password = s->password == NULL ? NULL : strdup(s->password);
	}
	if (r == NULL || r->where == NULL || (s->password != NULL && r->password == NULL)) {
		snprintf(why, whylen, "store = %s: out of memory", s->where);
		free(r == NULL ? NULL : r->where);
		free(r);
		return NULL;
	}
	r->base = base;
	r->address = address;
	r->attempt_ms = s->timeout_ms < LIMIT_REDIS_ATTEMPT_MS ? LIMIT_REDIS_ATTEMPT_MS :
	    s->timeout_ms;
	r->retry_ms = LIMIT_REDIS_RETRY_MS;
	TAILQ_INIT(&r->air);
	evtimer_assign(&r->timer, base, on_timer, r);
	evtimer_assign(&r->due, base, on_due, r);
	/* In the loop: a thread that looks up a name is to begin inside of the sandbox. */
	set_timer(&r->timer, 0);
	return r;
}

/* Wait a little for what is in the air: when its answers have come, it was done. */
static void
linger(struct redis *r)
{
	int64_t end = clock_mono_us() + LIMIT_REDIS_LINGER_MS * 1000, now;
	struct pollfd fd;

	while (!TAILQ_EMPTY(&r->air) && (now = clock_mono_us()) < end) {
		fd = (struct pollfd){ .fd = r->ac->c.fd, .events = POLLIN };
		if (sdslen(r->ac->c.obuf) > 0)
			fd.events |= POLLOUT;
		if (poll(&fd, 1, (int)((end - now) / 1000 + 1)) == -1 && errno != EINTR)
			return;
		redisAsyncHandleWrite(r->ac);
		/* Either of the two may have found that the connection is gone: no more air. */
		if (r->ac != NULL)
			redisAsyncHandleRead(r->ac);
	}
}

static void
redis_destroy(void *self)
{
	struct redis *r = self;

	linger(r);
	if (r->ac != NULL)
		lose(r, "the process ends", NULL, true);
	lookup_drop(r);
	event_del(&r->timer);
	event_del(&r->due);
	if (r->password != NULL)
		explicit_bzero(r->password, strlen(r->password));
	free(r->password);
	free(r->where);
	free(r);
}

/* ====== making a connection ====== */

static void
try_now(struct redis *r)
{
	struct in6_addr any;

	if (r->address.is_unix || inet_pton(AF_INET, r->address.host, &any) == 1 ||
	    inet_pton(AF_INET6, r->address.host, &any) == 1)
		link_begin(r, r->address.host);
	else
		lookup_begin(r);
}

/* hiredis would resolve a name while the loop waits; a thread of the C library does it. */
static void
lookup_begin(struct redis *r)
{
	struct lookup *l = calloc(1, sizeof *l);
	struct gaicb *list[1];
	int code;

	if (l == NULL) {
		retry(r, "out of memory");
		return;
	}
	l->hints.ai_socktype = SOCK_STREAM;
	memcpy(l->host, r->address.host, sizeof l->host);
	l->request.ar_name = l->host;
	l->request.ar_request = &l->hints;
	list[0] = &l->request;
	code = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	if (code != 0) {
		free(l);
		retry(r, gai_strerror(code));
		return;
	}
	r->lookup = l;
	r->state = RESOLVING;
	r->patience_us = clock_mono_us() + r->attempt_ms * 1000;
	set_timer(&r->timer, LIMIT_REDIS_LOOKUP_MS);
}

static void
lookup_look(struct redis *r)
{
	struct addrinfo *ai, *all;
	char host[INET6_ADDRSTRLEN + sizeof "%interface-name"];
	unsigned count = 0, nth;
	int code = gai_error(&r->lookup->request);

	if (code == EAI_INPROGRESS) {
		/* It cannot be called off. */
		if (!r->absent && clock_mono_us() > r->patience_us)
			give_up(r);
		set_timer(&r->timer, LIMIT_REDIS_LOOKUP_MS);
		return;
	}
	if (code == 0) {
		all = r->lookup->request.ar_result;
		for (ai = all; ai != NULL; ai = ai->ai_next)
			count++;
		nth = r->attempt % count;
		for (ai = all; nth > 0; nth--)
			ai = ai->ai_next;
		code = getnameinfo(ai->ai_addr, ai->ai_addrlen, host, sizeof host, NULL, 0,
		    NI_NUMERICHOST);
	}
	lookup_drop(r);
	if (code == 0)
		link_begin(r, host);
	else
		retry(r, gai_strerror(code));
}

static void
lookup_drop(struct redis *r)
{
	struct lookup *l = r->lookup;

	r->lookup = NULL;
	/* What a thread is at is left to it. */
	if (l == NULL || gai_cancel(&l->request) == EAI_NOTCANCELED)
		return;
	if (gai_error(&l->request) == 0)
		freeaddrinfo(l->request.ar_result);
	free(l);
}

/* ====== the socket's events, for hiredis ====== */

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct redis *r = arg;

	(void)fd;
	(void)what;
	redisAsyncHandleRead(r->ac);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct redis *r = arg;

	(void)fd;
	(void)what;
	redisAsyncHandleWrite(r->ac);
}

static void
add_read(void *arg)
{
	event_add(&((struct redis *)arg)->readable, NULL);
}

static void
del_read(void *arg)
{
	event_del(&((struct redis *)arg)->readable);
}

static void
add_write(void *arg)
{
	event_add(&((struct redis *)arg)->writable, NULL);
}

static void
del_write(void *arg)
{
	event_del(&((struct redis *)arg)->writable);
}

static void
cleanup(void *arg)
{
	del_read(arg);
	del_write(arg);
}

/* ====== the connection ====== */

/* Begin to connect to an address, not a name. */
static void
link_begin(struct redis *r, const char *host)
{
	redisAsyncContext *ac = r->address.is_unix ? redisAsyncConnectUnix(host) :
	    redisAsyncConnect(host, r->address.port);

	if (ac == NULL || ac->err != 0) {
		retry(r, ac == NULL ? "out of memory" : ac->errstr);
		if (ac != NULL)
			redisAsyncFree(ac);
		return;
	}
	fcntl(ac->c.fd, F_SETFD, FD_CLOEXEC);
	event_assign(&r->readable, r->base, ac->c.fd, EV_READ | EV_PERSIST, on_readable, r);
	event_assign(&r->writable, r->base, ac->c.fd, EV_WRITE | EV_PERSIST, on_writable, r);
	ac->ev.data = r;
	ac->ev.addRead = add_read;
	ac->ev.delRead = del_read;
	ac->ev.addWrite = add_write;
	ac->ev.delWrite = del_write;
	ac->ev.cleanup = cleanup;
	ac->data = r;
	r->ac = ac;
	r->state = CONNECTING;
	set_timer(&r->timer, r->attempt_ms);
	redisAsyncSetConnectCallback(ac, on_connect);
	redisAsyncSetDisconnectCallback(ac, on_disconnect);
	if (link_greet(r) == -1)
		lose(r, "", "out of memory", true);
}

/* SELECT in any case: nothing goes into another database, and its answer is a sign of life. */
static int
link_greet(struct redis *r)
{
	if (r->password != NULL &&
	    redisAsyncCommand(r->ac, on_auth, NULL, "AUTH %s", r->password) != REDIS_OK)
		return -1;
	return redisAsyncCommand(r->ac, on_select, NULL, "SELECT %d", r->address.database) ==
	    REDIS_OK ? 0 : -1;
}

static void
end_all(struct store_ops *ops, const char *why)
{
	struct store_op *op;

	while ((op = TAILQ_FIRST(ops)) != NULL) {
		TAILQ_REMOVE(ops, op, entry);
		store_end_with(op, STORE_FAILED, why);
	}
}

/* From here on hiredis' callbacks for this connection find nobody. */
static void
forget(struct redis *r, struct store_ops *air)
{
	r->ac->data = NULL;
	r->ac = NULL;
	r->refusal = NULL;
	event_del(&r->due);
	TAILQ_INIT(air);
	TAILQ_CONCAT(air, &r->air, entry);
}

/*
 * The connection is no good. `why` is for its operations, `complaint` for the operator (NULL:
 * nothing to say). `ours`: it is not hiredis that frees it already; within a callback that
 * happens behind it.
 */
static void
lose(struct redis *r, const char *why, const char *complaint, bool ours)
{
	redisAsyncContext *ac = r->ac;
	struct store_ops air;

	forget(r, &air);
	retry(r, complaint);
	if (ours)
		redisAsyncFree(ac);
	end_all(&air, why);
}

/* Until Redis is there operations fail at once, those too that have waited for it. */
static void
give_up(struct redis *r)
{
	r->absent = true;
	if (r->store != NULL)
		store_wake(r->store, 0);
}

/* Come back to it later. Who closes a connection that was idle is not to be complained of. */
static void
retry(struct redis *r, const char *complaint)
{
	if (complaint != NULL && strncmp(r->complaint, complaint, LIMIT_REDIS_COMPLAINT - 1) != 0) {
		log_warnx("store %s: %s; trying again", r->where, complaint);
		snprintf(r->complaint, sizeof r->complaint, "%s", complaint);
	}
	if (r->state != READY) {
		give_up(r);
		r->attempt++;
	}
	r->state = WAITING;
	set_timer(&r->timer, r->retry_ms);
	r->retry_ms *= 2;
	if (r->retry_ms > LIMIT_REDIS_RETRY_MAX_MS)
		r->retry_ms = LIMIT_REDIS_RETRY_MAX_MS;
}

static void
set_timer(struct event *timer, int64_t ms)
{
	struct timeval in = clock_timeval(ms);

	evtimer_add(timer, &in);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct redis *r = arg;

	(void)fd;
	(void)what;
	if (r->state == WAITING)
		try_now(r);
	else if (r->state == RESOLVING)
		lookup_look(r);
	else
		lose(r, "", "Redis did not answer in time", true);
}

/* What hiredis knows of an error, or a text of ours. */
static const char *
error_of(const redisAsyncContext *ac)
{
	return ac->c.errstr[0] != '\0' ? ac->c.errstr : "the connection broke";
}

/* hiredis frees a connection that could not be made by itself, behind this. */
static void
on_connect(const redisAsyncContext *ac, int status)
{
	if (ac->data != NULL && status != REDIS_OK)
		lose(ac->data, "", error_of(ac), false);
}

static void
on_disconnect(const redisAsyncContext *ac, int status)
{
	struct redis *r = ac->data;

	(void)status;
	if (r != NULL)
		lose(r, "", r->state == READY ? NULL : error_of(ac), false);
}

static void
on_auth(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	char complaint[LIMIT_REDIS_COMPLAINT];
	struct redis *r = ac->data;

	(void)arg;
	if (r == NULL || (reply != NULL && reply->type != REDIS_REPLY_ERROR))
		return;
	if (reply == NULL) {
		lose(r, "", error_of(ac), false);
		return;
	}
	/* Of its text the first word only: an unknown command is quoted with its arguments. */
	snprintf(complaint, sizeof complaint, "Redis refuses the password of store_password_file "
	    "(%.*s)", (int)strcspn(reply->str, " "), reply->str);
	lose(r, "", complaint, true);
}

static void
on_select(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	char complaint[LIMIT_REDIS_COMPLAINT];
	struct redis *r = ac->data;

	(void)arg;
	if (r == NULL)
		return;
	if (reply == NULL) {
		lose(r, "", error_of(ac), false);
		return;
	}
	if (reply->type == REDIS_REPLY_ERROR) {
		if (strncmp(reply->str, "NOAUTH ", 7) == 0)
			snprintf(complaint, sizeof complaint, "Redis wants a password, and "
			    "store_password_file names none");
		else
			snprintf(complaint, sizeof complaint, "Redis refuses database %d: %s",
			    r->address.database, reply->str);
		lose(r, "", complaint, true);
		return;
	}
	r->state = READY;
	r->absent = false;
	r->retry_ms = LIMIT_REDIS_RETRY_MS;
	event_del(&r->timer);
	if (r->complaint[0] != '\0')
		log_info("store %s: Redis is there again", r->where);
	r->complaint[0] = '\0';
	if (r->store != NULL)
		store_wake(r->store, 0);
}

/* ====== operations ====== */

static void
key_text(const uint8_t key[STORE_KEY], char out[KEY_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	char *to = out + sizeof KEY_PREFIX - 1;
	size_t i;

	memcpy(out, KEY_PREFIX, sizeof KEY_PREFIX - 1);
	for (i = 0; i < STORE_KEY; i++) {
		*to++ = digits[key[i] >> 4];
		*to++ = digits[key[i] & 15];
	}
}

/* A command that is put together argument by argument. */
struct command {
	const char	*argv[7];	/* EVAL, script, number of keys, key, tag, value, time */
	size_t		 len[7];
	int		 argc;
};

static void
put(struct command *c, const void *data, size_t len)
{
	c->argv[c->argc] = data;
	c->len[c->argc++] = len;
}

/* Send an operation; 0, or -1 when memory is short and nothing was sent. */
static int
send_op(struct redis *r, struct store_op *op)
{
	char key[KEY_TEXT], ttl[sizeof "9223372036854775807"];
	const char *script = op->verb == STORE_ADD ? add_script : swap_script;
	struct command c = { .argc = 0 };
	int ttl_len = snprintf(ttl, sizeof ttl, "%lld",
	    (long long)(op->ttl_ms < 1 ? 1 : op->ttl_ms));	/* Redis takes no less */

	key_text(op->key, key);
	if (op->verb == STORE_GET)
		put(&c, "GET", 3);
	else {
		put(&c, "EVAL", 4);
		put(&c, script, strlen(script));
		put(&c, "1", 1);
	}
	put(&c, key, sizeof key);
	if (op->verb == STORE_SWAP)
		put(&c, op->tag, STORE_TAG);
	if (op->value != NULL) {
		put(&c, op->value, op->len);
		put(&c, ttl, (size_t)ttl_len);
	}
	if (redisAsyncCommandArgv(r->ac, on_reply, op, c.argc, c.argv, c.len) != REDIS_OK)
		return -1;
	TAILQ_INSERT_TAIL(&r->air, op, entry);
	return 0;
}

static void
redis_push(void *self, struct store_ops *ops)
{
	struct redis *r = self;
	struct store_ops all;
	struct store_op *op = TAILQ_FIRST(ops);

	if (op == NULL)
		return;
	r->store = op->store;
	if (r->state != READY) {
		if (!r->absent)
			return;		/* they wait for the first attempt, or for one of now */
		TAILQ_INIT(&all);
		TAILQ_CONCAT(&all, ops, entry);
		end_all(&all, "Redis is not there");
		return;
	}
	while ((op = TAILQ_FIRST(ops)) != NULL && sdslen(r->ac->c.obuf) < LIMIT_REDIS_OUT) {
		TAILQ_REMOVE(ops, op, entry);
		if (send_op(r, op) == -1) {
			store_end_with(op, STORE_FAILED, "out of memory");
			break;
		}
	}
	op = TAILQ_FIRST(&r->air);
	if (op != NULL && !evtimer_pending(&r->due, NULL))
		on_due(-1, 0, r);
	/* Now, not when the loop finds that the socket can be written; this may lose it. */
	if (r->ac != NULL)
		redisAsyncHandleWrite(r->ac);
}

/* Wait for the oldest operation; it may have been answered when its time comes, then the next. */
static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	struct redis *r = arg;
	const struct store_op *oldest = TAILQ_FIRST(&r->air);
	int64_t left;

	(void)fd;
	(void)what;
	if (oldest == NULL)
		return;
	left = oldest->deadline_us - clock_mono_us();
	if (left > 0)
		set_timer(&r->due, left / 1000 + 1);
	else
		lose(r, "Redis did not answer in time", "Redis did not answer in time", true);
}

/* Redis says no. Scripts' errors stand within a longer text in older ones, "... -OOM command". */
static void
refused(struct redis *r, struct store_op *op, const char *text)
{
	struct refusal found = { "", STORE_FAILED, "Redis refuses the command" };
	const char *at;
	size_t i;

	for (i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		at = strstr(text, refusals[i].word);
		if (at == text || (at != NULL && at[-1] == '-')) {
			found = refusals[i];
			break;
		}
	}
	if (r->refusal != found.why)
		log_warnx("store %s: %s", r->where, found.why);
	r->refusal = found.why;
	store_end_with(op, found.result, found.why);
}

static enum store_result
swap_result(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return STORE_FAILED;
	return strcmp(reply->str, "done") == 0 ? STORE_DONE :
	    strcmp(reply->str, "none") == 0 ? STORE_NONE :
	    strcmp(reply->str, "changed") == 0 ? STORE_CHANGED : STORE_FAILED;
}

static void
answered(struct redis *r, struct store_op *op, const redisReply *reply)
{
	struct store_reply out = { .result = STORE_FAILED, .why = "" };

	if (reply->type == REDIS_REPLY_ERROR) {
		refused(r, op, reply->str);
		return;
	}
	if (op->verb == STORE_SWAP)
		out.result = swap_result(reply);
	else if (reply->type == REDIS_REPLY_NIL)
		out.result = op->verb == STORE_GET ? STORE_NONE : STORE_DONE;
	else if (reply->type == REDIS_REPLY_STRING && reply->len >= STORE_TAG &&
	    reply->len <= LIMIT_STORE_VALUE) {
		out.result = STORE_FOUND;
		out.value = (const uint8_t *)reply->str;
		out.len = reply->len;
	}
	if (out.result == STORE_FAILED)
		out.why = "a record that is not ours";
	store_end(op, &out);
}

static void
on_reply(redisAsyncContext *ac, void *reply, void *arg)
{
	struct redis *r = ac->data;
	struct store_op *op = arg;

	if (r == NULL)
		return;		/* forgotten; the operation has ended or will */
	if (reply == NULL) {
		lose(r, "Redis closed the connection", error_of(ac), false);
		return;
	}
	TAILQ_REMOVE(&r->air, op, entry);
	answered(r, op, reply);
}
