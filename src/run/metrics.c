/* SPDX-License-Identifier: MIT */
/* metrics.c - see metrics.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "edge/board.h"
#include "edge/fetch.h"
#include "run/limit.h"
#include "run/metrics.h"
#include "run/settings.h"

/* The first are on the board, by number: a new one is added at their end. */
enum family {
	REQUESTS, REQUEST_SECONDS, STAGE_SECONDS, TOOL_CALLS, UPSTREAM_REQUESTS, UPSTREAM_SECONDS,
	CONNECTIONS_OPENED, CONNECTIONS_REUSED, RECYCLES, RETRIES, LIMITED, IDEMPOTENCY,
	CONFIRMATIONS, AUTH, FETCHED, AUDIT_FAILURES, ANSWERS, PUSHES, FAMILIES
};

static const struct {
	const char	*name;
	const char	*help;
	bool		 histogram;
} families[FAMILIES] = {
	[REQUESTS] = { "requests_total", "HTTP exchanges on the endpoint.", false },
	[REQUEST_SECONDS] = { "request_seconds", "Time of an exchange, from its first byte to "
	    "its reply.", true },
	[STAGE_SECONDS] = { "stage_seconds", "Time of an exchange in each of its stages.", true },
	[TOOL_CALLS] = { "tool_calls_total", "Tool calls and what came of them.", false },
	[UPSTREAM_REQUESTS] = { "upstream_requests_total", "Transactions with a messaging "
	    "service.", false },
	[UPSTREAM_SECONDS] = { "upstream_seconds", "Time of a transaction with a messaging "
	    "service.", true },
	[CONNECTIONS_OPENED] = { "upstream_connections_opened_total", "Connections opened to a "
	    "messaging service.", false },
	[CONNECTIONS_REUSED] = { "upstream_connections_reused_total", "Transactions on a "
	    "connection that was there.", false },
	[RECYCLES] = { "recycles_total", "Workers that ended, by reason.", false },
	[RETRIES] = { "retries_total", "Requests sent to a messaging service again.", false },
	[LIMITED] = { "limited_total", "Calls and requests refused by a limit.", false },
	[IDEMPOTENCY] = { "idempotency_total", "Keyed writes: what their record said, or what "
	    "became of it.", false },
	[CONFIRMATIONS] = { "confirmations_total", "Calls that a person must agree to: asked, and "
	    "what came of it.", false },
	[AUTH] = { "auth_total", "Credentials of requests: their kind, and what came of them.",
	    false },
	[FETCHED] = { "fetched_total", "Key sets and tokens: fetched, had from another worker, or "
	    "not to be had.", false },
	[AUDIT_FAILURES] = { "audit_failures_total", "Tool calls whose line of the audit was lost.",
	    false },
	[ANSWERS] = { "answers_total", "Answers to what clients were asked on streams: for this "
	    "worker or another, and the status.", false },
	[PUSHES] = { "pushes_total", "Streams by which a messaging service tells of changes: "
	    "opened, broken, their events.", false },
};

#define PREFIX	"ums_mcp_"

/* A label and its value: text, or a number where `text` is NULL; name NULL: no label. */
struct label {
	const char	*name, *text;
	int		 number;
};

static struct board_series *
series(struct metrics *m, enum family family, struct label a, struct label b)
{
	size_t i = ((uintptr_t)a.text / 8 * 31 + (uintptr_t)b.text / 8 * 17 +
	    (size_t)b.number * 7 + family) % LIMIT_METRICS_CACHE, tries;
	char labels[LIMIT_BOARD_LABELS], second[LIMIT_BOARD_LABELS] = "";

	for (tries = 0; tries < LIMIT_METRICS_CACHE && m->cache[i].series != NULL; tries++) {
		if (m->cache[i].family == family && m->cache[i].a == a.text &&
		    m->cache[i].b == b.text && m->cache[i].number == b.number)
			return m->cache[i].series;
		i = (i + 1) % LIMIT_METRICS_CACHE;
	}
	if (b.name != NULL && b.text != NULL)
		snprintf(second, sizeof second, ",%s=\"%.64s\"", b.name, b.text);
	else if (b.name != NULL)
		snprintf(second, sizeof second, ",%s=\"%d\"", b.name, b.number);
	snprintf(labels, sizeof labels, "%s=\"%.128s\"%.100s", a.name, a.text, second);
	m->cache[i].family = family;
	m->cache[i].a = a.text;
	m->cache[i].b = b.text;
	m->cache[i].number = b.number;
	m->cache[i].series = board_series(m->board, family, labels);
	return m->cache[i].series;
}

void
metrics_request(struct metrics *m, const char *method, int status, int64_t us)
{
	struct label by = { "method", method, 0 };

	board_add(series(m, REQUESTS, by, (struct label){ "status", NULL, status }), 1);
	board_observe(series(m, REQUEST_SECONDS, by, (struct label){ 0 }), us);
}

void
metrics_stage(struct metrics *m, const char *stage, int64_t us)
{
	board_observe(series(m, STAGE_SECONDS, (struct label){ "stage", stage, 0 },
	    (struct label){ 0 }), us);
}

void
metrics_tool(struct metrics *m, const char *tool, const char *outcome)
{
	board_add(series(m, TOOL_CALLS, (struct label){ "tool", tool, 0 },
	    (struct label){ "outcome", outcome, 0 }), 1);
}

void
metrics_upstream(struct metrics *m, const char *service, const char *outcome, int64_t us,
    long connects, bool sent)
{
	struct label by = { "service", service, 0 }, none = { 0 };

	board_add(series(m, UPSTREAM_REQUESTS, by, (struct label){ "outcome", outcome, 0 }), 1);
	board_observe(series(m, UPSTREAM_SECONDS, by, none), us);
	if (connects > 0)
		board_add(series(m, CONNECTIONS_OPENED, by, none), (uint64_t)connects);
	else if (sent)
		board_add(series(m, CONNECTIONS_REUSED, by, none), 1);
}

void
metrics_answer(struct metrics *m, const char *worker, int status)
{
	board_add(series(m, ANSWERS, (struct label){ "worker", worker, 0 },
	    (struct label){ "status", NULL, status }), 1);
}

void
metrics_auth(struct metrics *m, const char *method, const char *result)
{
	board_add(series(m, AUTH, (struct label){ "method", method, 0 },
	    (struct label){ "result", result, 0 }), 1);
}

void
metrics_fetched(struct metrics *m, const char *what, const char *result)
{
	board_add(series(m, FETCHED, (struct label){ "what", what, 0 },
	    (struct label){ "result", result, 0 }), 1);
}

void
metrics_recycle(struct metrics *m, pid_t worker, const char *reason)
{
	board_leave(m->board, worker, reason);
	board_add(series(m, RECYCLES, (struct label){ "reason", reason, 0 },
	    (struct label){ 0 }), 1);
}

void
metrics_retry(struct metrics *m, const char *service, const char *reason)
{
	board_add(series(m, RETRIES, (struct label){ "service", service, 0 },
	    (struct label){ "reason", reason, 0 }), 1);
}

void
metrics_limited(struct metrics *m, const char *limit)
{
	board_add(series(m, LIMITED, (struct label){ "limit", limit, 0 },
	    (struct label){ 0 }), 1);
}

void
metrics_idempotency(struct metrics *m, const char *result)
{
	board_add(series(m, IDEMPOTENCY, (struct label){ "result", result, 0 },
	    (struct label){ 0 }), 1);
}

void
metrics_confirmation(struct metrics *m, const char *result)
{
	board_add(series(m, CONFIRMATIONS, (struct label){ "result", result, 0 },
	    (struct label){ 0 }), 1);
}

void
metrics_push(struct metrics *m, const char *service, const char *what)
{
	board_add(series(m, PUSHES, (struct label){ "service", service, 0 },
	    (struct label){ "what", what, 0 }), 1);
}

void
metrics_audit_failure(struct metrics *m, const char *stream)
{
	board_add(series(m, AUDIT_FAILURES, (struct label){ "stream", stream, 0 },
	    (struct label){ 0 }), 1);
}

/* ====== samples ====== */

/* Causes of errors are on the board, by number: a new one is added at their end. */
static const struct cause {
	enum family	 family;
	const char	*label;		/* the last one of a series */
	const char	*name;
	bool		 fails;		/* a caller did not get what it may have wanted */
} causes[] = {
	{ LIMITED, "limit=\"worker\"", "limit_worker", false },
	{ LIMITED, "limit=\"requests\"", "limit_requests", false },
	{ LIMITED, "limit=\"all\"", "limit_all", false },
	{ LIMITED, "limit=\"caller\"", "limit_caller", false },
	{ LIMITED, "limit=\"tool\"", "limit_tool", false },
	{ LIMITED, "limit=\"in_flight\"", "limit_in_flight", false },
	{ LIMITED, "limit=\"breaker\"", "limit_breaker", false },
	{ TOOL_CALLS, "outcome=\"timeout\"", "call_timeout", true },
	{ TOOL_CALLS, "outcome=\"error\"", "call_error", true },
	{ TOOL_CALLS, "outcome=\"broken\"", "call_broken", true },
	{ TOOL_CALLS, "outcome=\"unreachable\"", "call_unreachable", true },
	{ TOOL_CALLS, "outcome=\"unresolved\"", "call_unresolved", true },
	{ TOOL_CALLS, "outcome=\"untrusted\"", "call_untrusted", true },
	{ TOOL_CALLS, "outcome=\"excess\"", "call_excess", true },
	{ TOOL_CALLS, "outcome=\"internal\"", "call_internal", true },
	{ TOOL_CALLS, "outcome=\"refused\"", "call_refused", true },
	{ TOOL_CALLS, "outcome=\"cut\"", "call_cut", true },
	{ TOOL_CALLS, "outcome=\"gone\"", "call_gone", false },
	{ TOOL_CALLS, "outcome=\"arguments\"", "call_arguments", false },
	{ REQUESTS, "status=\"500\"", "http_500", true },
	{ REQUESTS, "status=\"503\"", "http_503", true },
	{ REQUESTS, "status=\"429\"", "http_429", false },
	{ REQUESTS, "status=\"400\"", "http_400", false },
	{ REQUESTS, "status=\"401\"", "http_401", false },
	{ REQUESTS, "status=\"403\"", "http_403", false },
	{ REQUESTS, "status=\"404\"", "http_404", false },
	{ REQUESTS, "status=\"405\"", "http_405", false },
	{ REQUESTS, "status=\"406\"", "http_406", false },
	{ REQUESTS, "status=\"413\"", "http_413", false },
	{ REQUESTS, "status=\"415\"", "http_415", false },
	{ REQUESTS, "status=\"431\"", "http_431", false },
	{ LIMITED, "limit=\"streams\"", "limit_streams", false },
};

#define CAUSES	(sizeof causes / sizeof causes[0])

_Static_assert(CAUSES <= LIMIT_BOARD_CAUSES, "causes are on the board");

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), endlen = strlen(end);

	return len >= endlen && memcmp(text + len - endlen, end, endlen) == 0;
}

void
metrics_faults(struct metrics *m, struct board_faults *out)
{
	const struct board_series *s;
	size_t i, k;

	memset(out, 0, sizeof *out);
	for (i = 0; (s = board_series_at(m->board, i)) != NULL; i++) {
		if (s->family != REQUESTS && s->family != TOOL_CALLS && s->family != LIMITED)
			continue;
		for (k = 0; k < CAUSES; k++)
			if (s->family == causes[k].family && ends_with(s->labels, causes[k].label))
				out->count[k] += (uint32_t)s->count[0];
	}
}

/* Whether a series of times is of the requests that the bridge is judged by. */
static bool
is_served(const struct board_series *s)
{
	return s->family == REQUEST_SECONDS && strcmp(s->labels, "method=\"\"") != 0 &&
	    strcmp(s->labels, "method=\"subscriptions/listen\"") != 0;
}

/* Add a series of times to a sample. */
static void
add_times(struct board_flow *out, const struct board_series *s)
{
	size_t i;

	for (i = 0; i < BOARD_BUCKETS; i++)
		out->count[i] += (uint32_t)s->count[i];
	out->sum_us += s->sum_us;
}

void
metrics_requests_flow(struct metrics *m, const struct board_faults *faults, struct board_flow *out)
{
	const struct board_series *s;
	size_t i;

	memset(out, 0, sizeof *out);
	for (i = 0; (s = board_series_at(m->board, i)) != NULL; i++)
		if (is_served(s))
			add_times(out, s);
	for (i = 0; i < CAUSES; i++)
		if (causes[i].fails)
			out->failed += faults->count[i];
}

void
metrics_service_flow(struct metrics *m, const char *service, struct board_flow *out)
{
	char of[LIMIT_BOARD_LABELS];
	const struct board_series *s;
	size_t i;

	memset(out, 0, sizeof *out);
	snprintf(of, sizeof of, "service=\"%.128s\"", service);
	for (i = 0; (s = board_series_at(m->board, i)) != NULL; i++)
		if (s->family == UPSTREAM_SECONDS && strcmp(s->labels, of) == 0)
			add_times(out, s);
}

const char *
metrics_cause(size_t i)
{
	return i < CAUSES ? causes[i].name : NULL;
}

/* ====== the text ====== */

static void
print_head(struct buf *out, const char *name, const char *help, const char *type)
{
	buf_printf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void
print_histogram(struct buf *out, const char *name, const struct board_series *s)
{
	uint64_t count = 0;
	unsigned i;

	for (i = 0; i < BOARD_BUCKETS; i++) {
		count += s->count[i];
		buf_printf(out, PREFIX "%s_bucket{%s,le=\"", name, s->labels);
		if (i == BOARD_BUCKETS - 1)
			buf_puts(out, "+Inf");
		else
			buf_printf(out, "%g", (double)board_bound(i) / 1e6);
		buf_printf(out, "\"} %" PRIu64 "\n", count);
	}
	buf_printf(out, PREFIX "%s_sum{%s} %.6f\n" PREFIX "%s_count{%s} %" PRIu64 "\n", name,
	    s->labels, (double)s->sum_us / 1e6, name, s->labels, count);
}

static void
print_family(struct metrics *m, enum family family, struct buf *out)
{
	const char *name = families[family].name;
	const struct board_series *s;
	size_t i;

	print_head(out, name, families[family].help,
	    families[family].histogram ? "histogram" : "counter");
	for (i = 0; (s = board_series_at(m->board, i)) != NULL; i++) {
		if (s->family != family)
			continue;
		if (families[family].histogram)
			print_histogram(out, name, s);
		else
			buf_printf(out, PREFIX "%s{%s} %" PRIu64 "\n", name, s->labels,
			    s->count[0]);
	}
}

/* One gauge of every living worker. */
static void
print_seats(struct metrics *m, const char *name, const char *help, struct buf *out,
    int64_t (*value)(const struct board_seat *))
{
	const struct board_seat *s;
	bool taken;
	size_t i;

	print_head(out, name, help, "gauge");
	for (i = 0; (s = board_seat_at(m->board, i, &taken)) != NULL; i++)
		if (taken)
			buf_printf(out, PREFIX "%s{worker=\"%zu\"} %" PRId64 "\n", name, i,
			    value(s));
}

static int64_t
seat_inflight(const struct board_seat *s)
{
	return s->inflight;
}

static int64_t
seat_pss(const struct board_seat *s)
{
	return s->pss;
}

static int64_t
seat_requests(const struct board_seat *s)
{
	return s->requests;
}

static int64_t
seat_born(const struct board_seat *s)
{
	return s->born_ms / 1000;
}

int
metrics_print(struct metrics *m, struct limit *l, struct buf *out)
{
	size_t count[BOARD_STATES] = { 0 }, i;
	const struct board_seat *s;
	enum family family;
	bool taken;

	print_head(out, "build_info", "What runs here.", "gauge");
	buf_printf(out, PREFIX "build_info{version=\"" UMS_MCP_VERSION "\",library=\"%s\"} 1\n",
	    fetch_library());
	for (family = 0; family < FAMILIES; family++)
		print_family(m, family, out);
	print_head(out, "workers", "Living workers by state.", "gauge");
	for (i = 0; (s = board_seat_at(m->board, i, &taken)) != NULL; i++)
		if (taken && s->state >= 0 && s->state < BOARD_STATES)
			count[s->state]++;
	for (i = 0; i < BOARD_STATES; i++)
		buf_printf(out, PREFIX "workers{state=\"%s\"} %zu\n", board_state_name((int64_t)i),
		    count[i]);
	print_head(out, "max_inflight", "Requests in flight above which a worker answers 503.",
	    "gauge");
	buf_printf(out, PREFIX "max_inflight %" PRId64 "\n", l->settings->max_inflight);
	limit_print(l, PREFIX, clock_mono_us(), out);
	print_seats(m, "in_flight", "Requests in flight in a worker.", out, seat_inflight);
	print_seats(m, "worker_requests", "Requests that a worker has ended.", out, seat_requests);
	print_seats(m, "worker_pss_bytes", "Memory of a worker, shared pages divided.", out,
	    seat_pss);
	print_seats(m, "worker_start_time_seconds", "When a worker was born.", out, seat_born);
	return out->failed ? -1 : 0;
}
