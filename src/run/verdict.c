/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - see verdict.h. Each function looks for one thing; what it says has the numbers that
 * it was found by.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "run/bridge.h"
#include "run/history.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "run/verdict.h"
#include "wire/json.h"

#define SLOW_US		INT64_C(1000000)	/* p95 of a service that is called slow */
#define LEAST		5	/* transactions, or failures, that are worth a word */
#define OWN_US		100000	/* of a request, in the bridge itself, that is too much */
#define HOT		850	/* thousandths of a core */
#define TEXT		600

/* What is seen, and where it is said. */
struct verdict {
	struct bridge		*bridge;
	struct buf		*out;
	uint32_t		 slot;
	enum verdict_level	 worst;
	bool			 said;

	struct history_span	 requests;	/* of the last minute */
	double			 refused;	/* a second, because workers are full */
	double			 own_us;	/* of a request, on average, but for its services */
	int64_t			 open, full, inflight;	/* workers, requests */
	uint32_t		 cpu;		/* of the busiest worker */
	size_t			 slowest;	/* service, the last if none is slow */
};

static void	verdict_measure(struct verdict *);
static void	verdict_overload(struct verdict *);
static void	verdict_failing(struct verdict *);
static void	verdict_crash(struct verdict *);
static void	verdict_slow(struct verdict *);
static void	verdict_busy(struct verdict *);
static void	verdict_limited(struct verdict *);
static void	verdict_growth(struct verdict *);
static void	verdict_replaced(struct verdict *);
static void	verdict_well(struct verdict *);
static void	say(struct verdict *, enum verdict_level, const char *, const char *, const char *,
		    const char *, ...) __attribute__((format(printf, 6, 7)));

const char *
verdict_level_name(enum verdict_level level)
{
	static const char *const names[] = { "well", "watch", "trouble" };

	return names[level];
}

enum verdict_level
verdict_print(struct bridge *b, uint32_t slot, struct buf *out)
{
	struct verdict v = { .bridge = b, .out = out, .slot = slot };

	verdict_measure(&v);
	buf_putc(out, '[');
	/* The worst first: each function says things of one level. */
	verdict_overload(&v);
	verdict_failing(&v);
	verdict_crash(&v);
	verdict_slow(&v);
	verdict_busy(&v);
	verdict_limited(&v);
	verdict_growth(&v);
	verdict_replaced(&v);
	if (!v.said)
		verdict_well(&v);
	buf_putc(out, ']');
	return v.worst;
}

/* ====== words ====== */

struct words {
	char	text[32];
};

static const char *
put_time(struct words *w, int64_t us)
{
	double ms = (double)us / 1000;

	if (ms >= 120000)
		snprintf(w->text, sizeof w->text, "%.0f min", ms / 60000);
	else if (ms >= 10000)
		snprintf(w->text, sizeof w->text, "%.0f s", ms / 1000);
	else if (ms >= 1000)
		snprintf(w->text, sizeof w->text, "%.1f s", ms / 1000);
	else
		snprintf(w->text, sizeof w->text, ms >= 10 ? "%.0f ms" : "%.1f ms", ms);
	return w->text;
}

static const char *
put_bytes(struct words *w, double bytes)
{
	snprintf(w->text, sizeof w->text, bytes >= 10485760 ? "%.0f MB" : "%.1f MB",
	    bytes / 1048576);
	return w->text;
}

static const char *
put_rate(struct words *w, double rate)
{
	snprintf(w->text, sizeof w->text, rate >= 10 ? "%.0f" : "%.1f", rate);
	return w->text;
}

static const char *
put_count(struct words *w, int64_t count, const char *what)
{
	snprintf(w->text, sizeof w->text, "%" PRId64 " %.16s%s", count, what,
	    count == 1 ? "" : "s");
	return w->text;
}

/* `kind` is for programs; `mend` is what to do, "" if there is nothing. */
static void
say(struct verdict *v, enum verdict_level level, const char *kind, const char *title,
    const char *mend, const char *fmt, ...)
{
	char text[TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_printf(v->out, "%s{\"level\":\"%s\",\"kind\":\"%s\",\"title\":", v->said ? "," : "",
	    verdict_level_name(level), kind);
	json_quote(v->out, title);
	buf_puts(v->out, ",\"text\":");
	json_quote(v->out, text);
	buf_puts(v->out, ",\"mend\":");
	json_quote(v->out, mend);
	buf_putc(v->out, '}');
	v->said = true;
	if (level > v->worst)
		v->worst = level;
}

/* ====== what there is to see ====== */

static const struct service *
service_at(const struct verdict *v, size_t i)
{
	return &v->bridge->settings->catalog.services[i];
}

/* What went to a service in the `slots` until so many before now. */
static bool
service_span(const struct verdict *v, size_t i, uint32_t before, uint32_t slots,
    struct history_span *out)
{
	const struct board_breaker *of = v->bridge->limit.breakers[i];

	memset(out, 0, sizeof *out);
	return of != NULL && history_span(board_flows(v->bridge->metrics->board, of),
	    v->slot - before, slots, out);
}

/* How many errors of a cause there were in the last minute. */
static uint32_t
errors(const struct verdict *v, const char *cause)
{
	const struct board_faults *ring = board_faults(v->bridge->metrics->board);
	size_t i;

	for (i = 0; metrics_cause(i) != NULL; i++)
		if (strcmp(metrics_cause(i), cause) == 0)
			return history_errors(ring, v->slot, HISTORY_MINUTE, i);
	return 0;
}

static void
verdict_measure(struct verdict *v)
{
	struct board *board = v->bridge->metrics->board;
	size_t i, count = v->bridge->settings->catalog.nservices;
	const struct board_pulse *pulse;
	const struct board_seat *s;
	struct history_span span;
	int64_t worst_us = SLOW_US - 1, p95;
	uint64_t upstream_us = 0;
	bool taken;

	history_span(board_flows(board, NULL), v->slot, HISTORY_MINUTE, &v->requests);
	v->refused = errors(v, "limit_worker") / history_seconds(&v->requests);
	for (i = 0, v->slowest = count; i < count; i++) {
		service_span(v, i, 0, HISTORY_MINUTE, &span);
		upstream_us += span.sum_us;
		p95 = history_percentile(&span, 0.95);
		if (span.count >= LEAST && p95 > worst_us) {
			worst_us = p95;
			v->slowest = i;
		}
	}
	if (v->requests.count > 0 && v->requests.sum_us > upstream_us)
		v->own_us = (double)(v->requests.sum_us - upstream_us) / (double)v->requests.count;
	for (i = 0; (s = board_seat_at(board, i, &taken)) != NULL; i++) {
		if (!taken)
			continue;
		v->open += s->state == BOARD_OPEN;
		v->full += s->state == BOARD_FULL;
		v->inflight += s->inflight;
		pulse = history_pulse(board_pulses(board, s), v->slot);
		if (pulse != NULL && pulse->pid == s->pid && pulse->cpu > v->cpu)
			v->cpu = pulse->cpu;
	}
}

/* ====== what is seen ====== */

static void
verdict_overload(struct verdict *v)
{
	const struct settings *s = v->bridge->settings;
	struct words refused, served, workers, p95, p95_all;
	char why[TEXT / 2], title[TEXT / 2];
	const char *mend;
	struct history_span span;

	if (v->refused == 0)
		return;
	put_time(&p95_all, history_percentile(&v->requests, 0.95));
	if (v->slowest < s->catalog.nservices) {
		service_span(v, v->slowest, 0, HISTORY_MINUTE, &span);
		snprintf(why, sizeof why, "They fill up because calls wait for service %.64s "
		    "(p95 %s).", service_at(v, v->slowest)->name,
		    put_time(&p95, history_percentile(&span, 0.95)));
		mend = "Look at the service first. A higher max_inflight lets more calls wait, "
		    "which costs memory.";
	} else if (v->cpu >= HOT) {
		snprintf(why, sizeof why, "No service is slow: the workers have no processor time "
		    "left (%u %% of a core).", v->cpu / 10);
		mend = "More cores and workers, or rate_limit for the callers that send most.";
	} else {
		snprintf(why, sizeof why, "No service is slow (requests: p95 %s): more comes than "
		    "may be in flight.", p95_all.text);
		mend = "Raise max_inflight or workers, add a machine, or set rate_limit.";
	}
	snprintf(title, sizeof title, "Overload: %s requests a second are refused",
	    put_rate(&refused, v->refused));
	say(v, VERDICT_TROUBLE, "overload", title, mend,
	    "In the last minute %s requests a second were answered and %s refused with 503. In "
	    "flight are %" PRId64 " of the %" PRId64 " that %s may hold (max_inflight %" PRId64
	    " each). %s", put_rate(&served, (double)v->requests.count /
	    history_seconds(&v->requests)), refused.text, v->inflight,
	    s->max_inflight * (v->open + v->full), put_count(&workers, v->open + v->full, "worker"),
	    s->max_inflight, why);
}

static void
service_fails(struct verdict *v, size_t i, const struct history_span *span,
    enum limit_breaker breaker)
{
	char title[TEXT / 2];
	uint64_t count = span->count > span->failed ? span->count : span->failed;

	snprintf(title, sizeof title, "Service %.64s fails", service_at(v, i)->name);
	say(v, VERDICT_TROUBLE, "failing", title,
	    "Look at the service, its address and its credentials. The errors below say what came.",
	    "In the last minute %" PRIu64 " of %" PRIu64 " transactions failed%s", span->failed,
	    count, breaker == LIMIT_CLOSED ? "." : breaker == LIMIT_OPEN ?
	    ", and its breaker is open: calls are refused at once (service_down), until one "
	    "that is let through from time to time succeeds." :
	    ", and its breaker is half-open: the next call tries whether it is well again.");
}

static void
verdict_failing(struct verdict *v)
{
	struct history_span span;
	enum limit_breaker breaker;
	size_t i;

	for (i = 0; i < v->bridge->settings->catalog.nservices; i++) {
		service_span(v, i, 0, HISTORY_MINUTE, &span);
		breaker = limit_breaker(&v->bridge->limit, i, clock_mono_us());
		if (breaker != LIMIT_CLOSED ||
		    (span.failed >= LEAST && span.failed * 10 >= span.count))
			service_fails(v, i, &span, breaker);
	}
}

/* Those who left in the last ten minutes for a reason; how long they lived on average. */
static size_t
leavers(const struct verdict *v, const char *reason, int64_t *lived_ms)
{
	const struct board_leaver *l;
	int64_t now = clock_wall_ms(), lived;
	size_t i, count = 0;

	*lived_ms = 0;
	for (i = 0; (l = board_leaver_at(v->bridge->metrics->board, i)) != NULL; i++) {
		if (!history_left(l, now, &lived) || strcmp(l->reason, reason) != 0)
			continue;
		*lived_ms += lived;
		count++;
	}
	*lived_ms /= count == 0 ? 1 : (int64_t)count;
	return count;
}

static void
verdict_crash(struct verdict *v)
{
	struct words workers;
	char title[TEXT / 2];
	int64_t lived;
	size_t count = leavers(v, "crash", &lived);

	snprintf(title, sizeof title, "%s crashed", put_count(&workers, (int64_t)count, "worker"));
	if (count > 0)
		say(v, VERDICT_TROUBLE, "crash", title,
		    "The log says by which signal or exit code they ended.",
		    "In the last ten minutes %s ended unasked, and others took over. The callers "
		    "of what was in flight there had no answer.", workers.text);
}

static void
service_is_slow(struct verdict *v, size_t i, const struct history_span *span)
{
	struct words p50, p95, own, was, limit;
	struct history_span before;
	char title[TEXT / 2], earlier[64] = "";

	snprintf(title, sizeof title, "Service %.64s answers slowly: p95 %s",
	    service_at(v, i)->name, put_time(&p95, history_percentile(span, 0.95)));
	if (service_span(v, i, HISTORY_MINUTE, LIMIT_HISTORY - 1 - HISTORY_MINUTE, &before) &&
	    before.count >= LEAST)
		snprintf(earlier, sizeof earlier, " (p95 in the minutes before: %s)",
		    put_time(&was, history_percentile(&before, 0.95)));
	say(v, VERDICT_WATCH, "slow", title,
	    "Look at the service: callers wait for it, and nothing is lost by that.",
	    "In the last minute its %" PRIu64 " answers took p50 %s, p95 %s%s. The bridge's own "
	    "part of a request is %s. What takes longer than %s is ended (upstream_timeout_ms).",
	    span->count, put_time(&p50, history_percentile(span, 0.5)), p95.text, earlier,
	    put_time(&own, (int64_t)v->own_us),
	    put_time(&limit, v->bridge->settings->upstream_timeout_ms * 1000));
}

static void
verdict_slow(struct verdict *v)
{
	struct history_span span;
	size_t i;

	for (i = 0; i < v->bridge->settings->catalog.nservices; i++) {
		service_span(v, i, 0, HISTORY_MINUTE, &span);
		if (span.count >= LEAST && history_percentile(&span, 0.95) >= SLOW_US)
			service_is_slow(v, i, &span);
	}
}

static void
verdict_busy(struct verdict *v)
{
	struct words own;

	if (v->own_us >= OWN_US && v->cpu >= HOT)
		say(v, VERDICT_WATCH, "busy", "The workers have no processor time left",
		    "More cores and workers, or rate_limit for the callers that send most.",
		    "The busiest uses %u %% of a core, and %s of a request is the bridge's own "
		    "time, not a service's.", v->cpu / 10, put_time(&own, (int64_t)v->own_us));
	else if (v->own_us >= OWN_US)
		say(v, VERDICT_WATCH, "busy", "Requests wait in the bridge",
		    "Look at what it waits for: the store, the authorization server, a person who "
		    "is asked, or the pauses before a request is sent again.",
		    "%s of a request is not a service's time, though the busiest worker uses only "
		    "%u %% of a core.", put_time(&own, (int64_t)v->own_us), v->cpu / 10);
}

static void
verdict_limited(struct verdict *v)
{
	uint32_t rates = errors(v, "limit_all") + errors(v, "limit_caller") +
	    errors(v, "limit_tool") + errors(v, "limit_requests");
	uint32_t busy = errors(v, "limit_in_flight"), streams = errors(v, "limit_streams");

	if (rates + busy + streams > 0)
		say(v, VERDICT_WATCH, "limited", "Limits refuse calls",
		    "They do what they are set for; if they are too low, raise them.",
		    "In the last minute %u by rate_limit, %u by a service's max_inflight and %u "
		    "by max_streams.", rates, busy, streams);
}

/* When a worker that grows so is replaced. */
static void
put_end(const struct verdict *v, char *text, size_t size, const struct history_growth *g)
{
	const struct settings *s = v->bridge->settings;
	struct words most, when;
	double left = (double)s->max_rss - (double)g->rss * 1024;

	if (s->max_rss == 0)
		snprintf(text, size, "max_rss is 0: only max_requests and max_age_s replace it.");
	else
		snprintf(text, size, "At %s (max_rss) it is replaced without losing a request, in "
		    "about %s.", put_bytes(&most, (double)s->max_rss),
		    put_time(&when, left <= 0 ? 0 : (int64_t)(left / 1024 / g->rate * 1e6)));
}

static void
verdict_growth(struct verdict *v)
{
	struct board *board = v->bridge->metrics->board;
	struct history_growth g, most = { 0 };
	struct words rate, seen, now;
	const struct board_seat *s;
	char end[TEXT / 4], title[TEXT / 2];
	int64_t pid = 0, workers = 0, grow = 0;
	bool taken;
	size_t i;

	for (i = 0; (s = board_seat_at(board, i, &taken)) != NULL; i++) {
		if (!taken)
			continue;
		history_growth(board_pulses(board, s), (uint32_t)s->pid, v->slot, &g);
		workers++;
		grow += g.steady;
		if (g.steady && g.rate > most.rate) {
			most = g;
			pid = s->pid;
		}
	}
	if (grow == 0)
		return;
	put_end(v, end, sizeof end, &most);
	snprintf(title, sizeof title, "Worker %" PRId64 " grows steadily: a leak", pid);
	say(v, VERDICT_WATCH, "leak", title,
	    "Nothing at once: replacing it gives all of it back. Its cause is in this program or "
	    "in a library; say with which requests it grows when you report it.",
	    "It grows by %s a minute over %s, to %s, though its load does not grow (%" PRId64
	    " of %" PRId64 " workers grow so). %s",
	    put_bytes(&rate, most.rate * 60 * 1024), put_time(&seen, (int64_t)(most.seconds * 1e6)),
	    put_bytes(&now, (double)most.rss * 1024), grow, workers, end);
}

/* The fastest steady growth of those who left at max_rss, in KB a second; 0: none grew so. */
static double
left_growth(const struct verdict *v)
{
	struct board *board = v->bridge->metrics->board;
	const struct board_leaver *l;
	const struct board_pulse *ring;
	struct history_growth g;
	int64_t now = clock_wall_ms(), lived;
	double most = 0;
	size_t i;

	for (i = 0; (l = board_leaver_at(board, i)) != NULL; i++) {
		ring = board_left_pulses(board, l);
		if (ring == NULL || !history_left(l, now, &lived) ||
		    strcmp(l->reason, "max_rss") != 0)
			continue;
		history_growth(ring, (uint32_t)l->pid, v->slot, &g);
		if (g.steady && g.rate > most)
			most = g.rate;
	}
	return most;
}

static void
verdict_replaced(struct verdict *v)
{
	struct words workers, most, lived, rate;
	char title[TEXT / 2], grew[TEXT / 4] = "";
	int64_t lived_ms;
	size_t count = leavers(v, "max_rss", &lived_ms);
	double growth = count == 0 ? 0 : left_growth(v);

	if (count == 0)
		return;
	snprintf(title, sizeof title, "%s came to the bound of memory%s",
	    put_count(&workers, (int64_t)count, "worker"), growth > 0 ? ": a leak" : "");
	if (growth > 0)
		snprintf(grew, sizeof grew, " Growth was steady, %s a minute, under an even load.",
		    put_bytes(&rate, growth * 60 * 1024));
	say(v, VERDICT_WATCH, "replaced", title, growth > 0 ?
	    "Nothing at once: each gives all of it back at its end." :
	    "Does max_rss leave room for the load? If it does, they leak, and this bounds it.",
	    "In the last ten minutes %s came to max_rss (%s), after %s on average; others took "
	    "over, and no request was lost.%s", workers.text,
	    put_bytes(&most, (double)v->bridge->settings->max_rss),
	    put_time(&lived, lived_ms * 1000), grew);
}

static void
verdict_well(struct verdict *v)
{
	struct words workers, rate, p95;

	say(v, VERDICT_WELL, "well", "All is well", "",
	    "%s open. In the last minute %s requests a second were answered%s%s; nothing was "
	    "refused, no service fails or is slow, no worker grows.",
	    put_count(&workers, v->open, "worker"), put_rate(&rate, (double)v->requests.count /
	    history_seconds(&v->requests)), v->requests.count == 0 ? "" : ", p95 ",
	    v->requests.count == 0 ? "" :
	    put_time(&p95, history_percentile(&v->requests, 0.95)));
}
