/* SPDX-License-Identifier: MIT */
/*
 * fuzz_path.c - whole exchanges, from an HTTP request to its reply, over a service and a store
 * that do what the input says, under a clock that goes on as fast as the loop turns.
 *
 * An input is parts, each behind a NUL but the first, which chooses the settings. A part's first
 * byte says what it is:
 *
 *	R	a request: lines of CGI variables (NAME=value), an empty line, the body. The line
 *		GONE=n is no variable: the client leaves after n turns. The exchange runs to its end.
 *	r	the same, but the next part comes when its script is used up
 *	S	what service and store do, a letter each: see fetch_turn() and store_turn()
 *	B	the body of the service's next answer
 *	X	the bytes of a record that somebody else writes
 *	K	the worker dies, with all that is in flight
 *	E	it ends in order
 *	T	40 seconds pass
 *
 * In a request @T is the last token that a reply held, @F the first, @C the last cursor.
 *
 * Each exchange ends, with one reply that is HTTP and JSON; nothing is left of it. What needs a
 * person's agreement is not sent without; a token serves once; what was sent under a key, and may
 * have been done, is not sent again unless the service knows the key.
 */
#include <sys/queue.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/board.h"
#include "edge/fetch.h"
#include "edge/front.h"
#include "edge/store.h"
#include "edge/trust.h"
#include "mcp/answer.h"
#include "mcp/plan.h"
#include "mcp/service.h"
#include "mcp/upstream.h"
#include "run/auth.h"
#include "run/bridge.h"
#include "run/flight.h"
#include "run/grant.h"
#include "run/call.h"
#include "run/memo.h"
#include "run/metrics.h"
#include "run/req.h"
#include "run/settings.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);
size_t	LLVMFuzzerCustomMutator(uint8_t *, size_t, size_t, unsigned);
size_t	LLVMFuzzerMutate(uint8_t *, size_t, size_t);

#define KEY_ARG	"\"idempotency_key\":{\"type\":\"string\",\"maxLength\":64}"
#define TOKEN_ARG "\"confirm_token\":{\"type\":\"string\",\"maxLength\":4096}"
#define TEXT_ARGS "\"inputSchema\":{\"type\":\"object\",\"required\":[\"text\"],\"properties\":{" \
    "\"text\":{\"type\":\"string\",\"maxLength\":200},\"channel\":{\"type\":\"string\",\"default\":\"inbox\"}"
#define SENT "\"response\":{\"id\":\"/id\",\"to\":{\"pointer\":\"/to\",\"untrusted\":true}}"
#define POST(url) "\"request\":{\"method\":\"POST\",\"url\":\"" url "\",\"body\":{\"text\":\"{text}\"," \
    "\"channel\":\"{channel}\"}}"
#define KEYED(url) "\"request\":{\"method\":\"POST\",\"url\":\"" url "\",\"headers\":{\"Idempotency-Key\":" \
    "\"{idempotency_key}\"},\"body\":{\"text\":\"{text}\",\"channel\":\"{channel}\"}}"

#define SPLIT "\"split\":{\"argument\":\"text\",\"max\":30,\"unit\":\"utf16\"}"

/* send: confirmed, with a preview, the service knows its key; ask: confirmed, without either;
 * note: the service knows its key; post: it does not; both go in parts. */
static const char service_text[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"error\":{\"code\":\"/code\","
    "\"message\":\"/message\",\"request_id\":\"/rid\",\"retry_after\":\"/retry\","
    "\"candidates\":{\"each\":\"/c\",\"item\":{\"id\":\"/id\"}}},\"tools\":["
    "{\"name\":\"get\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":"
    "{\"id\":{\"type\":\"string\",\"x-mcp-header\":\"Id\"}},\"required\":[\"id\"]},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/items/{id}\"},"
    "\"response\":{\"id\":\"/id\",\"text\":{\"pointer\":\"/text\",\"untrusted\":true}}},"
    "{\"name\":\"list\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":"
    "{\"cursor\":{\"type\":\"string\"},\"q\":{\"type\":\"string\"}}},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/items{?cursor,q}\"},"
    "\"response\":{\"items\":{\"each\":\"/data\",\"item\":{\"id\":\"/id\",\"t\":{\"pointer\":\"/t\","
    "\"untrusted\":true}}},\"next_cursor\":\"/next\",\"total\":\"/total\"}},"
    "{\"name\":\"preview_send\",\"write\":false,\"description\":\"d\"," TEXT_ARGS "," KEY_ARG "}},"
    POST("/preview") ",\"response\":{\"text\":\"/text\",\"warnings\":{\"pointer\":\"/w\",\"default\":[]}}},"
    "{\"name\":\"send\",\"write\":true,\"policy\":\"confirm\",\"preview\":\"preview_send\","
    "\"description\":\"d\"," TEXT_ARGS "," KEY_ARG "," TOKEN_ARG "}}," KEYED("/send") "," SENT "},"
    "{\"name\":\"ask\",\"title\":\"Ask\",\"write\":true,\"policy\":\"confirm\",\"description\":\"d\","
    TEXT_ARGS "," KEY_ARG "," TOKEN_ARG "}}," POST("/ask") "," SENT "},"
    "{\"name\":\"note\",\"write\":true,\"description\":\"d\"," TEXT_ARGS "," KEY_ARG "}},"
    KEYED("/note") "," SPLIT "," SENT "},"
    "{\"name\":\"post\",\"write\":true,\"description\":\"d\"," TEXT_ARGS "," KEY_ARG "}},"
    POST("/post") "," SPLIT "," SENT "}]}";

/* Refuses without its store; goes on without it, and asks by rule; has none, and asks nobody. */
#define VARIANTS	3
#define COMMON	"UMS_MCP_RESULT_MAX=2048", "UMS_MCP_BODY_MAX=16384", "UMS_MCP_TOOLS_PAGE=3", \
    "UMS_MCP_MAX_INFLIGHT=6", "UMS_MCP_AUTH=none", services_line
static char services_line[128] = "UMS_MCP_SERVICES=";
static const char *const environments[VARIANTS][16] = {
	{ COMMON, "UMS_MCP_STORE=/x/s", "UMS_MCP_BREAKER_FAILURES=4", NULL },
	{ COMMON, "UMS_MCP_STORE=/x/s", "UMS_MCP_STORE_FAILURE=proceed",
	    "UMS_MCP_DEDUPE_WINDOW_S=86400", "UMS_MCP_POLICY=confirm:post:channel=sms "
	    "deny:note:caller=bob allow:ask:caller=ann",
	    "UMS_MCP_RATE_LIMIT=requests=20/m caller=9/m p*=3/m all=12/m", NULL },
	{ COMMON, "UMS_MCP_POLICY=allow:*", "UMS_MCP_SERVICE_DEMO_MAX_INFLIGHT=1",
	    "UMS_MCP_UPSTREAM_RETRIES=5", "UMS_MCP_ALLOWED_HOSTS=h.example", NULL },
};
static struct settings settings[VARIANTS];
static struct metrics metrics;
static struct auth *auth;
static struct grants *grants;
static struct flights *shared;

/* ====== the input, the clock ====== */

#define TURNS		4000	/* by then an exchange has ended */
#define PASSES_MAX	20
#define EXCHANGES	8	/* in flight */
#define WAITS_MS	5000

static const uint8_t *script, *script_end, *answers_at, *input_end, *other;
static size_t other_len;
static int64_t now_us = INT64_C(1000000000);
static uint64_t chance;
static bool dead;		/* the worker dies: nothing that it does reaches anybody */
static bool meddled;		/* somebody else was at the store: what it knows is not the truth */

int64_t	__wrap_clock_mono_us(void);
int64_t	__wrap_clock_wall_ms(void);
void	__wrap_clock_now(struct clock_moment *);
int	__wrap_crypto_random(void *, size_t);
int	__wrap_event_add(struct event *, const struct timeval *);
int	__wrap_event_del(struct event *);
void	__wrap_log_line(const struct buf *);

int64_t
__wrap_clock_mono_us(void)
{
	return now_us;
}

int64_t
__wrap_clock_wall_ms(void)
{
	return INT64_C(1700000000000) + now_us / 1000;
}

void
__wrap_clock_now(struct clock_moment *now)
{
	*now = (struct clock_moment){
		.wall_ms = __wrap_clock_wall_ms(), .boot_ms = now_us / 1000, .boot = 1,
	};
}

int
__wrap_crypto_random(void *out, size_t len)
{
	uint8_t *p = out;

	while (len-- > 0) {
		chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407;
		*p++ = (uint8_t)(chance >> 56);
	}
	return 0;
}

void
__wrap_log_line(const struct buf *line)
{
	struct json_fault fault;
	cJSON *tree = json_parse(line->data, line->len, &fault);

	if (!cJSON_IsObject(tree) || line->failed)
		abort();
	cJSON_Delete(tree);
}

/* The next letter of the script if it is one of `from` to `to`; what is neither's is left out. */
static int
letter(int from, int to)
{
	while (script < script_end && (*script < '!' || *script > 'h' ||
	    (*script > '=' && *script < 'a')))
		script++;
	return script < script_end && *script >= from && *script <= to ? *script++ : 0;
}

/* A number from 0 that goes with a letter. */
static unsigned
number(void)
{
	return script < script_end ? (unsigned)(*script++ - '0') & 0x3f : 0;
}

/* ====== timers ====== */

static struct timer {
	struct event	*event;
	int64_t		 at_us;
} timers[EXCHANGES * 4];
static size_t ntimers;

int
__wrap_event_add(struct event *ev, const struct timeval *in)
{
	size_t i;

	if (in == NULL || ntimers == sizeof timers / sizeof *timers || in->tv_sec < 0)
		abort();
	for (i = 0; i < ntimers; i++)
		if (timers[i].event == ev)
			abort();
	timers[ntimers++] = (struct timer){ ev, now_us + in->tv_sec * 1000000 + in->tv_usec };
	return 0;
}

int
__wrap_event_del(struct event *ev)
{
	size_t i;

	for (i = 0; i < ntimers && timers[i].event != ev; i++)
		;
	if (i < ntimers)
		timers[i] = timers[--ntimers];
	return 0;
}

/* The next timer's time comes. */
static void
timer_turn(void)
{
	struct event *ev;
	size_t i, next = 0;

	for (i = 1; i < ntimers; i++)
		if (timers[i].at_us < timers[next].at_us)
			next = i;
	if (now_us < timers[next].at_us)
		now_us = timers[next].at_us;
	ev = timers[next].event;
	timers[next] = timers[--ntimers];
	event_get_callback(ev)(-1, EV_TIMEOUT, event_get_callback_arg(ev));
}

/* ====== what was sent ====== */

/* What is known of a record's place or of a token. */
static struct known {
	uint8_t		 what[CRYPTO_DIGEST];
	unsigned	 by;		/* the call that may have done it; 0: none */
	bool		 agreed;	/* a person did, to what is under this place */
} knowns[256];
static size_t nknowns;

static struct known *
known(const uint8_t what[CRYPTO_DIGEST])
{
	size_t i;

	for (i = 0; i < nknowns; i++)
		if (memcmp(knowns[i].what, what, CRYPTO_DIGEST) == 0)
			return &knowns[i];
	if (nknowns == sizeof knowns / sizeof *knowns)
		return NULL;
	memcpy(knowns[nknowns].what, what, CRYPTO_DIGEST);
	knowns[nknowns].by = 0;
	knowns[nknowns].agreed = false;
	return &knowns[nknowns++];
}

/* ====== the service ====== */

struct fetch {
	TAILQ_ENTRY(fetch)	 entry;
	const struct call	*call;
	const struct tool	*tool;
	bool			 write, repeatable, claimed, spent;
	uint8_t			 place[CRYPTO_DIGEST], token[CRYPTO_DIGEST];
	unsigned		 serial;	/* of the call */
	int64_t			 until_us;
	bool			 begun;
	void			(*done)(void *, const struct answer *);
	void			*arg;
};

static TAILQ_HEAD(, fetch) flights = TAILQ_HEAD_INITIALIZER(flights);
static unsigned serials;
static struct { const void *call; unsigned serial; size_t part; bool did; } callers[EXCHANGES * 2];

/* The number of a call, by its first try; `did`: one of the tries of its part may have done that. */
static size_t
caller_of(const struct call *c)
{
	static size_t next;
	size_t i;

	for (i = 0; i < EXCHANGES * 2; i++)
		if (callers[i].call == c && (c->errand.plan.tries > 1 || split_sent(c->split) > 0)) {
			callers[i].did &= callers[i].part == split_sent(c->split);
			callers[i].part = split_sent(c->split);
			return i;
		}
	for (i = 0; i < EXCHANGES * 2 && callers[i].call != c; i++)
		;
	if (i == EXCHANGES * 2)
		i = next++ % (EXCHANGES * 2);
	callers[i].call = c;
	callers[i].serial = ++serials;
	callers[i].part = 0;
	callers[i].did = false;
	return i;
}

static void
wrong(const char *what)
{
	fprintf(stderr, "WRONG: %s\n", what);
	abort();
}

/* A write goes out: may it? */
static void
fetch_judge(struct fetch *f, const struct upstream *u)
{
	const struct call *c = f->call;
	struct known *k;
	size_t i = caller_of(c);

	f->serial = callers[i].serial;
	if (u->once == f->repeatable)
		wrong("sent once, or again, by the wrong rule");
	if (callers[i].did && !f->repeatable)
		wrong("sent twice by one call");
	if (c->policy == POLICY_DENY)
		wrong("sent though it is denied");
	if (f->claimed && (k = known(c->place)) != NULL) {
		if (k->by != 0 && k->by != f->serial && !c->tool->dedupes && !meddled)
			wrong("sent twice under one record");
		if (f->spent)
			k->agreed = true;
		if (c->policy == POLICY_CONFIRM && !f->spent && !k->agreed && !meddled)
			wrong("sent though nobody agreed, under a record");
	} else if (c->policy == POLICY_CONFIRM && !f->spent)
		wrong("sent though nobody agreed");
	/* A call that is resumed is the one that was agreed to. */
	if (f->spent && (k = known(c->token)) != NULL && k->by != 0 && k->by != f->serial &&
	    !(c->resumes && f->claimed && f->repeatable) && !meddled)
		wrong("sent twice with one token");
}

/* What came of it: whether it may have been done. */
static void
fetch_settle(struct fetch *f, const struct answer *a)
{
	struct known *k;
	size_t i;

	if (!f->write || (a == NULL ? !f->begun : a->outcome == OUTCOME_ANSWERED ?
	    a->status >= 300 && !result_is_unclear(f->tool, a) : !result_is_unclear(f->tool, a)))
		return;
	for (i = 0; i < EXCHANGES * 2; i++)
		if (callers[i].serial == f->serial)
			callers[i].did = true;
	if (f->claimed && (k = known(f->place)) != NULL)
		k->by = f->serial;
	if (f->spent && (k = known(f->token)) != NULL)
		k->by = f->serial;
}

struct fetch *
fetch_start(struct fetcher *fetcher, struct upstream *u, const struct trust *trust, long timeout_ms,
    void (*done)(void *arg, const struct answer *answer), void *arg)
{
	const struct errand *e = arg;
	const struct call *c = e->arg;
	struct fetch *f;

	(void)fetcher;
	(void)trust;
	if (timeout_ms < 1 || strncmp(u->url, "https://api.example.org/", 24) != 0)
		abort();
	if (letter('!', '!') != 0 || (f = calloc(1, sizeof *f)) == NULL)
		return NULL;
	f->call = c;
	f->tool = c->tool;
	f->write = c->tool->write && c->stage == CALL_RUN;
	f->repeatable = c->tool->dedupes && c->key != NULL;
	f->claimed = c->claimed;
	f->spent = c->spent;
	memcpy(f->place, c->place, sizeof f->place);
	memcpy(f->token, c->token, sizeof f->token);
	f->until_us = now_us + timeout_ms * 1000;
	f->done = done;
	f->arg = arg;
	if (f->write)
		fetch_judge(f, u);
	buf_finish(&u->body);
	TAILQ_INSERT_TAIL(&flights, f, entry);
	return f;
}

bool
fetch_begun(const struct fetch *f)
{
	return f->begun;
}

int64_t
fetch_heard_us(const struct fetch *f)
{
	(void)f;
	return 0;
}

void
fetch_cancel(struct fetch *f)
{
	fetch_settle(f, NULL);
	TAILQ_REMOVE(&flights, f, entry);
	free(f);
}

/* The next part B, or a body that most tools can make something of. */
static void
next_body(struct answer *a)
{
	static const char body[] = "{\"id\":\"m1\",\"to\":[\"ann\"],\"text\":\"hi\",\"data\":["
	    "{\"id\":1,\"t\":\"x\"},{\"id\":2}],\"next\":\"n2\",\"code\":\"gone\",\"message\":\"m\"}";
	const uint8_t *end;

	a->body = body;
	a->len = sizeof body - 1;
	while (answers_at < input_end) {
		end = memchr(answers_at, '\0', (size_t)(input_end - answers_at));
		if (end == NULL)
			end = input_end;
		if (*answers_at == 'B') {
			a->body = (const char *)answers_at + 1;
			a->len = (size_t)(end - answers_at) - 1;
			answers_at = end;
			return;
		}
		answers_at = end + 1;
	}
}

/* False: it goes on. */
static bool
fetch_answer(struct fetch *f, struct answer *a)
{
	static const int statuses[] = {
		200, 204, 302, 400, 401, 404, 408, 409, 422, 429, 500, 501, 502, 503, 504, 205,
	};
	int what = f->until_us <= now_us ? '7' : letter('0', '<');

	*a = (struct answer){ .retry_after_s = -1, .why = "", .body = "", .status = 200 };
	switch (what) {
	case '1':
		return false;
	case '2':
		f->begun = true;
		return false;
	case '<':
		f->begun = true;
		now_us += WAITS_MS * 1000;
		return false;
	case '3':
		a->status = statuses[number() % (sizeof statuses / sizeof *statuses)];
		a->retry_after_s = (int64_t)number() - 1;
		break;
	case '4':
		a->outcome = OUTCOME_UNRESOLVED;
		break;
	case '5':
		a->outcome = OUTCOME_UNREACHABLE;
		break;
	case '6':
		a->outcome = OUTCOME_UNTRUSTED;
		break;
	case '7':
		a->outcome = OUTCOME_TIMEOUT;
		break;
	case '8':
		a->outcome = OUTCOME_EXCESS;
		break;
	case '9':
		a->outcome = OUTCOME_BROKEN;
		break;
	case ':':
		a->outcome = OUTCOME_REFUSED;
		break;
	case ';':
		a->outcome = OUTCOME_INTERNAL;
		break;
	default:
		break;
	}
	if (a->outcome == OUTCOME_ANSWERED || a->outcome == OUTCOME_EXCESS ||
	    a->outcome == OUTCOME_BROKEN)
		f->begun = true;
	/* Before a request is sent, its connection fails otherwise than behind it. */
	if (f->begun && (what == '4' || what == '5' || what == '6' || what == ':'))
		a->outcome = OUTCOME_BROKEN;
	a->sent = f->begun;
	a->connects = f->begun ? 1 : 0;
	if (a->outcome == OUTCOME_ANSWERED)
		next_body(a);
	else {
		a->status = 0;
		a->why = "it failed";
	}
	if (a->len > 0 && a->body[0] == '{')
		snprintf(a->request_id, sizeof a->request_id, "req-%zu", a->len);
	return true;
}

/* Whether anything happened. */
static bool
fetch_turn(void)
{
	struct fetch *f, *next;
	struct answer a;
	char *body;
	size_t count = 0;

	TAILQ_FOREACH(f, &flights, entry)
		count++;
	for (f = TAILQ_FIRST(&flights); f != NULL && count > 0; f = next, count--) {
		next = TAILQ_NEXT(f, entry);
		if (!fetch_answer(f, &a))
			continue;
		fetch_settle(f, &a);
		/* As from a buffer of its own. */
		body = malloc(a.len + 1);
		if (body == NULL)
			abort();
		memcpy(body, a.body, a.len);
		body[a.len] = '\0';
		a.body = body;
		f->done(f->arg, &a);
		free(body);
		TAILQ_REMOVE(&flights, f, entry);
		free(f);
		/* What was done may have ended others. */
		return true;
	}
	return !TAILQ_EMPTY(&flights);
}

const char *
fetch_library(void)
{
	return "none";
}

/* ====== the store ====== */

#define RECORDS	64

enum verb { GET, ADD, SWAP };

struct store_op {
	TAILQ_ENTRY(store_op)	 entry;
	enum verb		 verb;
	uint8_t			 key[STORE_KEY], tag[STORE_TAG];
	struct buf		 value;
	bool			 removes;
	int64_t			 ttl_ms;
	int			 waits;
	store_done		*done;
	void			*arg;
};

static struct record_at {
	uint8_t		 key[STORE_KEY];
	struct buf	 value;
	int64_t		 until_us;
} records[RECORDS];
static size_t nrecords;
static TAILQ_HEAD(, store_op) ops = TAILQ_HEAD_INITIALIZER(ops);

static struct record_at *
record_at(const uint8_t key[STORE_KEY])
{
	size_t i;

	for (i = 0; i < nrecords; i++)
		if (memcmp(records[i].key, key, STORE_KEY) == 0)
			return &records[i];
	return NULL;
}

static void
record_drop(struct record_at *r)
{
	buf_finish(&r->value);
	*r = records[--nrecords];
}

static bool
record_put(const uint8_t key[STORE_KEY], const void *value, size_t len, int64_t ttl_ms)
{
	struct record_at *r = record_at(key);

	if (len < STORE_TAG || len > LIMIT_STORE_VALUE)
		abort();
	if (r == NULL) {
		if (nrecords == RECORDS)
			return false;
		r = &records[nrecords++];
		memcpy(r->key, key, STORE_KEY);
		buf_init(&r->value, LIMIT_STORE_VALUE);
	}
	buf_reset(&r->value);
	buf_append(&r->value, value, len);
	r->until_us = now_us + ttl_ms * 1000;
	return true;
}

static struct store_op *
begin(enum verb verb, const uint8_t key[STORE_KEY], const uint8_t *tag, const void *value,
    size_t len, int64_t ttl_ms, store_done *done, void *arg)
{
	struct store_op *op;

	if (letter('h', 'h') != 0 || (op = calloc(1, sizeof *op)) == NULL)
		return NULL;
	op->verb = verb;
	memcpy(op->key, key, STORE_KEY);
	if (tag != NULL)
		memcpy(op->tag, tag, STORE_TAG);
	buf_init(&op->value, LIMIT_STORE_VALUE);
	if (value != NULL) {
		if (len < STORE_TAG || buf_append(&op->value, value, len) == -1)
			abort();
	}
	op->removes = value == NULL;
	op->ttl_ms = ttl_ms;
	op->done = done;
	op->arg = arg;
	TAILQ_INSERT_TAIL(&ops, op, entry);
	return op;
}

struct store_op *
store_get(struct store *s, const uint8_t key[STORE_KEY], store_done *done, void *arg)
{
	(void)s;
	return begin(GET, key, NULL, NULL, 0, 0, done, arg);
}

struct store_op *
store_add(struct store *s, const uint8_t key[STORE_KEY], const void *value, size_t len,
    int64_t ttl_ms, store_done *done, void *arg)
{
	(void)s;
	return begin(ADD, key, NULL, value, len, ttl_ms, done, arg);
}

struct store_op *
store_swap(struct store *s, const uint8_t key[STORE_KEY], const uint8_t tag[STORE_TAG],
    const void *value, size_t len, int64_t ttl_ms, store_done *done, void *arg)
{
	(void)s;
	return begin(SWAP, key, tag, value, len, ttl_ms, done, arg);
}

void
store_cancel(struct store_op *op)
{
	op->done = NULL;
}

int
store_check(const struct store_settings *s, char *why, size_t whylen)
{
	(void)s;
	(void)why;
	(void)whylen;
	return 0;
}

const char *
store_name(const struct store *s)
{
	(void)s;
	return "fuzz";
}

/* As store.h says. */
static enum store_result
store_do(struct store_op *op, struct buf *found)
{
	struct record_at *r = record_at(op->key);

	if (r != NULL && r->until_us <= now_us) {
		record_drop(r);
		r = NULL;
	}
	if (op->verb != SWAP && r != NULL) {
		buf_append(found, r->value.data, r->value.len);
		return STORE_FOUND;
	}
	if (r == NULL && op->verb != ADD)
		return STORE_NONE;
	if (op->verb == SWAP && memcmp(r->value.data, op->tag, STORE_TAG) != 0)
		return STORE_CHANGED;
	if (op->removes) {
		record_drop(r);
		return STORE_DONE;
	}
	return record_put(op->key, op->value.data, op->value.len, op->ttl_ms) ? STORE_DONE :
	    STORE_FULL;
}

static void
store_one(struct store_op *op)
{
	struct store_reply reply = { .why = "" };
	struct record_at *r = record_at(op->key);
	struct buf found;
	uint32_t nobody = 0x7ffffffe;

	buf_init(&found, LIMIT_STORE_VALUE);
	switch (dead ? 'b' : letter('b', 'g')) {
	case 'b':
		reply.result = STORE_FAILED;
		break;
	case 'c':
		store_do(op, &found);
		reply.result = STORE_FAILED;
		break;
	case 'd':
		reply.result = op->verb == GET || op->removes ? STORE_FAILED : STORE_FULL;
		break;
	case 'e':	/* its writer is not there any more */
		if (r != NULL && r->value.len >= STORE_TAG) {
			memcpy(r->value.data + 8, &nobody, sizeof nobody);
			meddled = true;
		}
		reply.result = store_do(op, &found);
		break;
	case 'f':	/* somebody takes it away */
		if (r != NULL)
			record_drop(r);
		meddled = true;
		reply.result = store_do(op, &found);
		break;
	case 'g':	/* somebody has written something else */
		if (other_len >= STORE_TAG && record_put(op->key, other, other_len, 100000))
			meddled = true;
		reply.result = store_do(op, &found);
		break;
	default:
		reply.result = store_do(op, &found);
		break;
	}
	if (reply.result >= STORE_FULL)
		reply.why = "the store does not work";
	if (reply.result == STORE_FOUND) {
		reply.value = (uint8_t *)found.data;
		reply.len = found.len;
	}
	if (op->done != NULL)
		op->done(op->arg, &reply);
	buf_finish(&found);
	buf_finish(&op->value);
	free(op);
}

static bool
store_turn(void)
{
	struct store_op *op = TAILQ_FIRST(&ops);

	if (op == NULL)
		return false;
	if (!dead && op->waits++ < 50 && letter('a', 'a') != 0)
		return true;
	TAILQ_REMOVE(&ops, op, entry);
	store_one(op);
	return true;
}

/* ====== certificates ====== */

struct trust {
	int	 none;
};
static struct trust no_trust;

struct trust *
trust_load(const char *file, char *why, size_t whylen)
{
	(void)file;
	(void)why;
	(void)whylen;
	return &no_trust;
}

struct trust *
trust_share(struct trust *t)
{
	return t;
}

int
trust_identify(struct trust *t, const char *certificate_file, const char *key_file, char *why,
    size_t whylen)
{
	(void)t;
	(void)certificate_file;
	(void)key_file;
	snprintf(why, whylen, "no service of this test has a certificate");
	return -1;
}

void
trust_destroy(struct trust *t)
{
	(void)t;
}

/* ====== exchanges ====== */

static struct exchange {
	struct front	 front;
	bool		 used, replied;
	int		 gone;		/* turns until the client leaves; -1: it does not */
	struct buf	 said;		/* pieces of its reply so far */
} exchanges[EXCHANGES];
static struct bridge bridge;
static char *last_token, *first_token, *last_cursor;
static unsigned ended;

static void
keep(char **at, const char *text)
{
	free(*at);
	*at = strdup(text);
}

static void
keep_tokens(const cJSON *result, const cJSON *text)
{
	const char *token = json_str(text, "confirm_token"), *cursor = json_str(text, "next_cursor");

	if (token == NULL)
		token = json_str(result, "requestState");
	if (token != NULL && first_token == NULL)
		keep(&first_token, token);
	if (token != NULL)
		keep(&last_token, token);
	if (cursor != NULL)
		keep(&last_cursor, cursor);
}

static void
check_result(const cJSON *result)
{
	const cJSON *content = json_get(result, "content"), *good, *bad;
	struct json_fault fault;
	const char *text;
	cJSON *tree;

	if (content == NULL) {
		keep_tokens(result, NULL);
		return;
	}
	good = json_get(result, "structuredContent");
	bad = json_get(result, "isError");
	if ((good == NULL) == (bad == NULL) || (bad != NULL && !cJSON_IsTrue(bad)) ||
	    (good != NULL && !cJSON_IsObject(good)))
		wrong("neither a result nor a failure, or both");
	text = json_str(content->child, "text");
	tree = text == NULL ? NULL : json_parse(text, strlen(text), &fault);
	if (!cJSON_IsObject(tree))
		wrong("a result's text is not JSON");
	if (bad != NULL && (json_str(tree, "code") == NULL || json_str(tree, "hint") == NULL ||
	    json_str(tree, "code")[0] == '\0' || json_str(tree, "hint")[0] == '\0'))
		wrong("a failure says too little");
	keep_tokens(result, tree);
	cJSON_Delete(tree);
}

static void
check_message(const char *text, size_t len)
{
	struct json_fault fault;
	cJSON *tree = json_parse(text, len, &fault);
	const cJSON *result = json_get(tree, "result"), *error = json_get(tree, "error");

	if (!cJSON_IsObject(tree) || json_str(tree, "jsonrpc") == NULL)
		wrong("a reply is no JSON-RPC");
	if (json_get(tree, "method") == NULL && (result == NULL) == (error == NULL))
		wrong("a reply has neither a result nor an error, or both");
	if (result != NULL)
		check_result(result);
	cJSON_Delete(tree);
}

static void check_reply(const struct buf *);

/* Pieces come one after the other; the last one ends the exchange. */
static void
on_piece(struct front *f, struct buf *piece, bool last)
{
	struct exchange *e = (struct exchange *)f;

	if (!e->used || e->replied || (f->exchange == NULL) != last)
		wrong("a second reply");
	buf_append(&e->said, buf_str(piece), piece->len);
	buf_finish(piece);
	if (!last)
		return;
	check_reply(&e->said);
	buf_finish(&e->said);
	e->replied = true;
	e->used = false;
}

static void
check_reply(const struct buf *out)
{
	const char *text = buf_str(out), *body = strstr(text, "\r\n\r\n"), *p, *end;
	int status = -1;

	if (sscanf(text, "Status: %d ", &status) != 1 || status < 200 || status > 599 ||
	    body == NULL || out->failed || strlen(text) != out->len)
		wrong("a reply is no HTTP");
	if (strncmp(strchr(text, '\n') + 1, "Retry-After: 1\r\n", 16) != 0 && dead)
		wrong("a dead worker replies");
	body += 4;
	if (strstr(text, "Content-Type: application/json") != NULL) {
		for (p = body; *p != '\0'; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				wrong("a control character");
		check_message(body, strlen(body));
	} else if (strstr(text, "Content-Type: text/event-stream") != NULL) {
		for (p = body; *p != '\0'; p = end + 2) {
			end = strchr(p, '\n');
			if (*p == ':' && end != NULL && end[1] == '\n')
				continue;	/* a sign of life */
			if (strncmp(p, "event: message\ndata: ", 21) != 0 || end == NULL)
				wrong("no event");
			p += 21;
			end = strchr(p, '\n');
			if (end == NULL || end[1] != '\n')
				wrong("half an event");
			check_message(p, (size_t)(end - p));
		}
	} else if (*body != '\0')
		wrong("a body without a type");
}

/* Ids of sessions are the same each time. */
static void
stamp(void *arg, uint8_t *random, size_t len, int64_t *now_ms)
{
	(void)arg;
	memset(random, 7, len);
	*now_ms = 1000;
}

static void
on_ended(void *arg)
{
	(void)arg;
	ended++;
}

/* One turn of the loop. Timers have their time when nothing else happens any more. */
static void
turn(void)
{
	struct exchange *e;
	void *exchange;
	bool busy;

	now_us += 1000;
	busy = store_turn();
	busy = fetch_turn() || busy;
	if (!busy && ntimers > 0)
		timer_turn();
	for (e = exchanges; e < exchanges + EXCHANGES; e++)
		if (e->used && e->gone >= 0 && e->gone-- == 0) {
			exchange = e->front.exchange;
			e->front.exchange = NULL;
			e->used = false;
			buf_finish(&e->said);
			req_gone(exchange);
		}
}

static void
run(const struct exchange *e, int most)
{
	int turns = 0;

	while (e != NULL ? e->used : bridge.inflight > 0 || !TAILQ_EMPTY(&ops)) {
		if (turns++ == most)
			wrong("an exchange does not end");
		turn();
	}
}

/* Append with what the marks stand for. */
static void
expand(struct buf *out, const char *text, size_t len)
{
	const char *mark, *value;

	for (; len > 0; text++, len--) {
		mark = *text == '@' && len > 1 ? strchr("TFC", text[1]) : NULL;
		value = mark == NULL || *mark == '\0' ? NULL : *mark == 'T' ? last_token :
		    *mark == 'F' ? first_token : last_cursor;
		if (value == NULL) {
			buf_append(out, text, 1);
			continue;
		}
		buf_puts(out, value);
		text++;
		len--;
	}
}

static void
add_default(struct http_request *rq, const char *name, const char *value)
{
	if (http_variable(rq, name) == NULL)
		http_request_add(rq, name, strlen(name), value, strlen(value));
}

static struct exchange *
start(const char *p, size_t len)
{
	const char *end = p + len, *line, *equals;
	struct exchange *e = exchanges;
	struct http_request rq;
	struct buf text;

	while (e < exchanges + EXCHANGES && e->used)
		e++;
	if (e == exchanges + EXCHANGES)
		return NULL;
	*e = (struct exchange){ .used = true, .gone = -1 };
	e->front.write = on_piece;
	buf_init(&e->said, LIMIT_SERVICE_FILE);
	e->front.began_us = now_us;
	http_request_init(&rq, (size_t)bridge.settings->body_max);
	buf_init(&text, 65536);
	for (; p < end; p = line + 1) {
		line = memchr(p, '\n', (size_t)(end - p));
		if (line == NULL || line == p)
			break;
		equals = memchr(p, '=', (size_t)(line - p));
		if (equals == p + 4 && memcmp(p, "GONE", 4) == 0)
			e->gone = atoi(equals + 1) & 0xff;
		else if (equals != NULL) {
			buf_reset(&text);
			expand(&text, equals + 1, (size_t)(line - equals - 1));
			http_request_add(&rq, p, (size_t)(equals - p), buf_str(&text), text.len);
		}
	}
	if (p < end && *p == '\n')
		p++;
	buf_reset(&text);
	expand(&text, p, p < end ? (size_t)(end - p) : 0);
	http_request_body(&rq, buf_str(&text), text.len);
	buf_finish(&text);
	add_default(&rq, "REQUEST_METHOD", "POST");
	add_default(&rq, "REQUEST_URI", "/mcp");
	add_default(&rq, "CONTENT_TYPE", "application/json");
	http_request_end(&rq);
	e->front.exchange = req_start(&bridge, &e->front, &rq);
	if ((e->front.exchange == NULL) != e->replied)
		wrong("an exchange that waits was answered, or the other way");
	return e;
}

/* The worker is gone, and all processes know that it is; or it ends in order. */
static void
finish(bool dies)
{
	uint32_t pid = (uint32_t)getpid(), nobody = 0x7ffffffe, writer;
	struct exchange *e;
	size_t i;

	for (e = exchanges; e < exchanges + EXCHANGES; e++) {
		if (e->used)
			buf_finish(&e->said);
		e->used = false;
		e->front.exchange = NULL;
	}
	dead = dies;
	req_cut_all(&bridge);
	run(NULL, TURNS);
	dead = false;
	for (i = 0; dies && i < nrecords; i++) {
		memcpy(&writer, records[i].value.data + 8, sizeof writer);
		if (writer == pid)
			memcpy(records[i].value.data + 8, &nobody, sizeof nobody);
	}
}

static void
status(void *arg, const char *caller, struct buf *out)
{
	(void)arg;
	limit_status(&bridge.limit, caller, now_us, out);
}

/* ====== an input ====== */

static void
load(void)
{
	char path[] = "/tmp/fuzz_path.XXXXXX", why[1024] = "no file";
	int fd = mkstemp(path), i;

	if (fd == -1 || write(fd, service_text, sizeof service_text - 1) !=
	    (ssize_t)sizeof service_text - 1)
		abort();
	close(fd);
	strcat(services_line, path);
	metrics.board = board_open("", -1, why, sizeof why);
	for (i = 0; i < VARIANTS; i++) {
		if (i == 2)
			setenv("UMS_MCP_SERVICE_DEMO_MAX_INFLIGHT", "1", 1);
		if (settings_read(&settings[i], NULL, (char *const *)(uintptr_t)environments[i], why,
		    sizeof why) == -1 ||
		    settings_load(&settings[i], false, why, sizeof why) == -1) {
			fprintf(stderr, "FAIL %s\n", why);
			unlink(path);
			exit(1);
		}
		memset(&settings[i].key, 0, sizeof settings[i].key);
		settings[i].key.count = 1;
	}
	unlink(path);
	log_init(true, LOG_LEVEL_INFO);
	bridge.settings = &settings[0];
	auth = auth_create(&bridge);
	grants = grants_create(&bridge);
	shared = flights_create(&bridge);
	if (auth == NULL || grants == NULL || shared == NULL)
		abort();
}

static void
open_bridge(unsigned variant)
{
	const struct settings *s = &settings[variant % VARIANTS];

	bridge = (struct bridge){
		.settings = s, .metrics = &metrics, .ended = on_ended,
		.auth = auth, .grants = grants, .flights = shared,
		.store = s->store[0] == '\0' ? NULL : (struct store *)&bridge,
		.memos = memo_create(),
		.mcp = {
			.stamp = stamp,
			.catalog = &s->catalog, .policy = &s->policy, .key = &s->key,
			.instructions = s->instructions, .limits = s->limits,
			.list_ttl_ms = s->list_ttl_s * 1000,
			.list_page = (size_t)s->tools_page, .status = status,
		},
	};
	LIST_INIT(&bridge.reqs);
	limit_init(&bridge.limit, s, metrics.board);
	bridge.limit.breakers[0]->failures = 0;
	bridge.limit.breakers[0]->opened_us = 0;
	bridge.limit.breakers[0]->probe_us = 0;
}

static void
part(const uint8_t *p, size_t len, unsigned *passes)
{
	const struct exchange *e;
	int turns = 0;

	switch (*p) {
	case 'R':
	case 'r':
		e = start((const char *)p + 1, len - 1);
		if (e != NULL && *p == 'R')
			run(e, TURNS);
		while (e != NULL && e->used && script < script_end && turns++ < TURNS)
			turn();
		break;
	case 'K':
	case 'E':
		finish(*p == 'K');
		break;
	case 'T':
		if (++*passes <= PASSES_MAX)
			now_us += INT64_C(40) * 1000000;
		break;
	case 'X':
		other = p + 1;
		other_len = len - 1;
		break;
	default:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *p, *next, *end = data + len, *after, *then;
	unsigned passes = 0;

	if (metrics.board == NULL)
		load();
	if (len == 0)
		return 0;
	open_bridge(data[0]);
	now_us += INT64_C(3600) * 1000000;
	chance = len;
	meddled = false;
	nknowns = 0;
	ended = 0;
	other_len = 0;
	script = script_end = answers_at = data;
	input_end = end;
	memset(callers, 0, sizeof callers);
	for (p = data; p < end; p = next + 1) {
		next = memchr(p, '\0', (size_t)(end - p));
		if (next == NULL)
			next = end;
		if (next == p || p == data)
			continue;
		/* A script that follows a request is for that. */
		after = next < end ? next + 1 : end;
		if ((*p | 0x20) == 'r' && after < end && *after == 'S') {
			then = memchr(after, '\0', (size_t)(end - after));
			script = after + 1;
			script_end = then == NULL ? end : then;
		}
		if ((*p | 0x20) == 'r')
			answers_at = after;
		part(p, (size_t)(next - p), &passes);
	}
	script = script_end;
	run(NULL, TURNS);
	if (bridge.inflight != 0 || bridge.held != 0 || !LIST_EMPTY(&bridge.reqs) || ntimers != 0 ||
	    !TAILQ_EMPTY(&flights) || !TAILQ_EMPTY(&ops) || bridge.limit.inflight[0] != 0 ||
	    bridge.requests != ended)
		wrong("something is left");
	for (; nrecords > 0; )
		record_drop(&records[nrecords - 1]);
	free(last_token);
	free(first_token);
	free(last_cursor);
	last_token = first_token = last_cursor = NULL;
	memo_destroy(bridge.memos);
	return 0;
}

/* ====== changes that keep an input an input ====== */

#define CALL(kind, tool, args)	kind "\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"," \
    "\"params\":{\"name\":\"" tool "\",\"arguments\":{\"text\":\"hi\"" args "}}}"
#define K1	",\"idempotency_key\":\"k1\""
#define TOKEN	",\"confirm_token\":\"@T\""

static const char *const some_parts[] = {
	CALL("R", "send", K1), CALL("R", "send", K1 TOKEN), CALL("R", "send", TOKEN),
	CALL("R", "ask", K1), CALL("R", "ask", K1 TOKEN), CALL("R", "ask", TOKEN), CALL("R", "ask", ""),
	CALL("R", "note", K1), CALL("R", "note", ""), CALL("R", "post", K1), CALL("R", "post", ""),
	CALL("R", "preview_send", ""), CALL("R", "post", ",\"channel\":\"sms\"" TOKEN),
	"S", "S0", "S22", "Sb", "S0b", "S2222a", "SaaaS", "S3:0", "S3<0", "S9", "S7", "K", "E", "T",
};

/* Where the parts begin; their number. */
static size_t
parts(const uint8_t *data, size_t size, size_t *at, size_t most)
{
	size_t i, count = 0;

	for (i = 1; i < size && count < most; i++)
		if (data[i - 1] == '\0')
			at[count++] = i;
	return count;
}

/* Put bytes in at a place, with a NUL behind; what does not fit is not put in. */
static size_t
put_in(uint8_t *data, size_t size, size_t most, size_t at, const void *bytes, size_t len)
{
	if (size + len + 1 > most)
		return size;
	memmove(data + at + len + 1, data + at, size - at);
	memcpy(data + at, bytes, len);
	data[at + len] = '\0';
	return size + len + 1;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	static const char letters[] = "0123456789:;<!abcdefgh";
	size_t at[64], count = parts(data, size, at, 64), i, len;
	unsigned r = seed >> 4;
	const char *some;
	uint8_t *copy;

	if (seed % 3 == 0 || count == 0)
		return LLVMFuzzerMutate(data, size, most);
	i = r % count;
	r /= 64;
	len = (i + 1 < count ? at[i + 1] - 1 : size) - at[i];
	switch (seed % 5) {
	case 0:
		some = some_parts[r % (sizeof some_parts / sizeof *some_parts)];
		return put_in(data, size, most, at[i], some, strlen(some));
	case 1:
		if (i + 1 == count)
			return at[i];
		memmove(data + at[i], data + at[i + 1], size - at[i + 1]);
		return size - (at[i + 1] - at[i]);
	case 2:
		copy = malloc(len + 1);
		if (copy == NULL)
			abort();
		memcpy(copy, data + at[i], len);
		size = put_in(data, size, most, at[r % count], copy, len);
		free(copy);
		return size;
	case 3:
		for (; i < count && (at[i] >= size || data[at[i]] != 'S'); i++)
			;
		if (i == count)
			return put_in(data, size, most, at[r % count], "S0", 2);
		len = (i + 1 < count ? at[i + 1] - 1 : size) - at[i];
		if (len > 1 && r % 3 != 0)
			data[at[i] + 1 + r % (len - 1)] = (uint8_t)letters[r / 8 % (sizeof letters - 1)];
		else if (size < most) {
			memmove(data + at[i] + 2, data + at[i] + 1, size - at[i] - 1);
			data[at[i] + 1] = (uint8_t)letters[r / 8 % (sizeof letters - 1)];
			size++;
		}
		return size;
	default:
		for (; i < count && (at[i] >= size || (data[at[i]] | 0x20) != 'r'); i++)
			;
		if (i < count)
			data[at[i]] ^= 0x20;
		return size;
	}
}
