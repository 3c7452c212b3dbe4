/* SPDX-License-Identifier: MIT */
/* status.c - see status.h. The page is src/run/status.html, as it is. */
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "mcp/catalog.h"
#include "run/bridge.h"
#include "run/history.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "run/status.h"
#include "run/verdict.h"
#include "wire/json.h"

/* The page, ended by a NUL. */
__asm__(
    ".pushsection .rodata\n"
    "status_html:\n"
    "	.incbin \"src/run/status.html\"\n"
    "	.byte 0\n"
    ".popsection\n");
extern const char status_html[];

#define FIRST(slot)	((slot) - LIMIT_HISTORY + 1)

/* ====== samples ====== */

void
status_sample(struct bridge *b, uint32_t slot, const struct board_pulse *now)
{
	struct board *board = b->metrics->board;
	const struct catalog *c = &b->settings->catalog;
	struct board_pulse *pulse = &board_pulses(board, b->seat)[slot % LIMIT_HISTORY];
	struct board_faults *faults = &board_faults(board)[slot % LIMIT_HISTORY];
	struct board_flow *flow, is;
	struct board_faults are;
	size_t i;

	*pulse = *now;
	pulse->slot = slot;
	if (!board_turn(board, slot))
		return;
	metrics_faults(b->metrics, &are);
	*faults = are;
	faults->slot = slot;
	metrics_requests_flow(b->metrics, &are, &is);
	flow = &board_flows(board, NULL)[slot % LIMIT_HISTORY];
	*flow = is;
	flow->slot = slot;
	for (i = 0; i < c->nservices; i++) {
		if (b->limit.breakers[i] == NULL)
			continue;
		metrics_service_flow(b->metrics, c->services[i].name, &is);
		is.failed = (uint32_t)b->limit.breakers[i]->failed;
		is.breaker = limit_breaker(&b->limit, i, clock_mono_us());
		flow = &board_flows(board, b->limit.breakers[i])[slot % LIMIT_HISTORY];
		*flow = is;
		flow->slot = slot;
	}
}

/* ====== the page ====== */

/* The digest of a part of the page. 0 or -1. */
static int
digest_of(const char *begin, const char *end, uint8_t digest[CRYPTO_DIGEST])
{
	const char *from = strstr(status_html, begin), *to = strstr(status_html, end);

	if (from == NULL || to == NULL)
		return -1;
	from += strlen(begin);
	return crypto_sha256(from, (size_t)(to - from), digest);
}

int
status_page(struct buf *out)
{
	static uint8_t style[CRYPTO_DIGEST], script[CRYPTO_DIGEST];
	static bool known;	/* the page is always the same */

	if (!known && (digest_of("<style>", "</style>", style) == -1 ||
	    digest_of("<script>", "</script>", script) == -1))
		return -1;
	known = true;
	/* Nothing but what stands in it, and its own numbers. */
	buf_puts(out, "Content-Security-Policy: default-src 'none'; connect-src 'self'; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-");
	base64_encode(out, style, sizeof style);
	buf_puts(out, "'; script-src 'sha256-");
	base64_encode(out, script, sizeof script);
	buf_puts(out, "'\r\nX-Content-Type-Options: nosniff\r\n"
	    "Referrer-Policy: no-referrer\r\n\r\n");
	return buf_puts(out, status_html);
}

/* ====== its numbers ====== */

/* A curve: a number for each slot, or null. */
static void
put_curve(struct buf *out, const char *name, const struct board_flow *ring, uint32_t slot,
    int64_t (*value)(const struct history_span *))
{
	struct history_span span;
	uint32_t s;

	buf_printf(out, ",\"%s\":[", name);
	for (s = FIRST(slot); s != slot + 1; s++) {
		if (s != FIRST(slot))
			buf_putc(out, ',');
		if (!history_span(ring, s, 1, &span))
			buf_puts(out, "null");
		else
			buf_int(out, value(&span));
	}
	buf_putc(out, ']');
}

static int64_t
span_count(const struct history_span *s)
{
	return (int64_t)s->count;
}

static int64_t
span_failed(const struct history_span *s)
{
	return (int64_t)s->failed;
}

static int64_t
span_p50(const struct history_span *s)
{
	return history_percentile(s, 0.5);
}

static int64_t
span_p95(const struct history_span *s)
{
	return history_percentile(s, 0.95);
}

static int64_t
span_p99(const struct history_span *s)
{
	return history_percentile(s, 0.99);
}

/* What a ring has of a time, as an object; and its curves. */
static void
put_flow(struct buf *out, const struct board_flow *ring, uint32_t slot)
{
	static const struct {
		const char	*name;
		uint32_t	 slots;
	} times[] = { { "minute", HISTORY_MINUTE }, { "ten", LIMIT_HISTORY - 1 } };
	struct history_span s;
	size_t i;

	for (i = 0; i < 2; i++) {
		history_span(ring, slot, times[i].slots, &s);
		buf_printf(out, "%s\"%s\":{\"seconds\":%g,\"count\":%" PRIu64 ",\"failed\":%" PRIu64
		    ",\"p50\":%" PRId64 ",\"p95\":%" PRId64 ",\"p99\":%" PRId64 "}",
		    i == 0 ? "" : ",", times[i].name, history_seconds(&s), s.count, s.failed,
		    span_p50(&s), span_p95(&s), span_p99(&s));
	}
	put_curve(out, "count", ring, slot, span_count);
	put_curve(out, "failed", ring, slot, span_failed);
	put_curve(out, "p50", ring, slot, span_p50);
	put_curve(out, "p95", ring, slot, span_p95);
	put_curve(out, "p99", ring, slot, span_p99);
}

static void
put_services(struct bridge *b, uint32_t slot, struct buf *out)
{
	const struct catalog *c = &b->settings->catalog;
	const struct board_flow *ring;
	uint32_t s;
	size_t i, put = 0;

	buf_puts(out, ",\"services\":[");
	for (i = 0; i < c->nservices; i++) {
		if (b->limit.breakers[i] == NULL)
			continue;
		ring = board_flows(b->metrics->board, b->limit.breakers[i]);
		buf_puts(out, put++ == 0 ? "{\"name\":" : ",{\"name\":");
		json_quote(out, c->services[i].name);
		buf_printf(out, ",\"breaker\":\"%s\",", limit_breaker_name(limit_breaker(&b->limit,
		    i, clock_mono_us())));
		put_flow(out, ring, slot);
		buf_puts(out, ",\"breakers\":\"");
		for (s = FIRST(slot); s != slot + 1; s++)
			buf_putc(out, history_flow(ring, s) == NULL ? ' ' :
			    "cho"[ring[s % LIMIT_HISTORY].breaker % 3]);
		buf_puts(out, "\"}");
	}
	buf_putc(out, ']');
}

/* Each cause that there was in ten minutes. */
static void
put_causes(struct bridge *b, uint32_t slot, struct buf *out)
{
	const struct board_faults *ring = board_faults(b->metrics->board);
	uint32_t s, ten;
	size_t i, put = 0;

	buf_puts(out, ",\"causes\":[");
	for (i = 0; metrics_cause(i) != NULL; i++) {
		ten = history_errors(ring, slot, LIMIT_HISTORY - 1, i);
		if (ten == 0)
			continue;
		buf_printf(out, "%s{\"cause\":\"%s\",\"minute\":%u,\"ten\":%u,\"count\":[",
		    put++ == 0 ? "" : ",", metrics_cause(i),
		    history_errors(ring, slot, HISTORY_MINUTE, i), ten);
		for (s = FIRST(slot); s != slot + 1; s++) {
			if (s != FIRST(slot))
				buf_putc(out, ',');
			if (history_faults(ring, s) == NULL || history_faults(ring, s - 1) == NULL)
				buf_puts(out, "null");
			else
				buf_int(out, history_errors(ring, s, 1, i));
		}
		buf_puts(out, "]}");
	}
	buf_putc(out, ']');
}

static void
put_workers(struct bridge *b, uint32_t slot, struct buf *out)
{
	struct board *board = b->metrics->board;
	struct history_growth g;
	const struct board_seat *s;
	size_t i, put = 0;
	bool taken;

	buf_puts(out, ",\"workers\":[");
	for (i = 0; (s = board_seat_at(board, i, &taken)) != NULL; i++) {
		if (!taken)
			continue;
		history_growth(board_pulses(board, s), (uint32_t)s->pid, slot, &g);
		buf_printf(out, "%s{\"pid\":%" PRId64 ",\"state\":\"%s\",\"born_ms\":%" PRId64
		    ",\"requests\":%" PRId64 ",\"in_flight\":%" PRId64 ",\"rss\":%" PRId64
		    ",\"pss\":%" PRId64 ",\"grows\":%s,\"growth\":%.1f}", put++ == 0 ? "" : ",",
		    s->pid, board_state_name(s->state), s->born_ms, s->requests, s->inflight,
		    s->rss, s->pss, g.steady ? "true" : "false", g.rate * 60 * 1024);
	}
	buf_putc(out, ']');
}

static uint32_t
pulse_rss(const struct board_pulse *p)
{
	return p->rss;
}

static uint32_t
pulse_inflight(const struct board_pulse *p)
{
	return p->inflight;
}

static uint32_t
pulse_cpu(const struct board_pulse *p)
{
	return p->cpu;
}

/* The samples of one process from one slot to another. */
static void
put_life_curve(struct buf *out, const char *name, const struct board_pulse *ring, uint32_t from,
    uint32_t to, uint32_t (*value)(const struct board_pulse *))
{
	uint32_t s;

	buf_printf(out, ",\"%s\":[", name);
	for (s = from; s != to + 1; s++) {
		if (s != from)
			buf_putc(out, ',');
		if (history_pulse(ring, s) == NULL)
			buf_puts(out, "null");
		else
			buf_int(out, value(&ring[s % LIMIT_HISTORY]));
	}
	buf_putc(out, ']');
}

/* Each process of the last ten minutes with its own curves: where one ends, another begins. */
static void
put_lives(struct bridge *b, uint32_t slot, struct buf *out)
{
	struct board *board = b->metrics->board;
	const struct board_seat *seat;
	const struct board_pulse *ring, *pulse, *next;
	uint32_t s, from, to;
	size_t i, put = 0;
	bool taken;

	buf_puts(out, ",\"lives\":[");
	for (i = 0; (seat = board_seat_at(board, i, &taken)) != NULL; i++) {
		/* A seat that nobody ever had. */
		if (seat->pid == 0)
			continue;
		ring = board_pulses(board, seat);
		for (s = FIRST(slot); s != slot + 1; s++) {
			pulse = history_pulse(ring, s);
			if (pulse == NULL)
				continue;
			for (from = to = s; s != slot + 1; s++) {
				next = history_pulse(ring, s);
				if (next != NULL && next->pid != pulse->pid)
					break;
				to = next == NULL ? to : s;
			}
			s = to;
			buf_printf(out, "%s{\"seat\":%zu,\"pid\":%" PRIu32 ",\"from\":%" PRIu32,
			    put++ == 0 ? "" : ",", i, pulse->pid, from - FIRST(slot));
			put_life_curve(out, "rss", ring, from, to, pulse_rss);
			put_life_curve(out, "in_flight", ring, from, to, pulse_inflight);
			put_life_curve(out, "cpu", ring, from, to, pulse_cpu);
			buf_putc(out, '}');
		}
	}
	buf_putc(out, ']');
}

static void
put_leavers(struct bridge *b, int64_t now_ms, struct buf *out)
{
	const struct board_leaver *l;
	int64_t lived_ms;
	size_t i, put = 0;

	buf_puts(out, ",\"leavers\":[");
	for (i = 0; (l = board_leaver_at(b->metrics->board, i)) != NULL; i++) {
		if (!history_left(l, now_ms, &lived_ms))
			continue;
		buf_printf(out, "%s{\"at_ms\":%" PRId64 ",\"pid\":%" PRId64 ",\"reason\":\"%.15s\","
		    "\"lived_ms\":%" PRId64 ",\"requests\":%" PRId64 ",\"rss\":%" PRId64 "}",
		    put++ == 0 ? "" : ",", l->at_ms, l->pid, l->reason,
		    lived_ms, l->requests, l->rss);
	}
	buf_putc(out, ']');
}

int
status_print(struct bridge *b, struct buf *out)
{
	const struct settings *s = b->settings;
	int64_t now_ms = clock_wall_ms();
	uint32_t slot = history_slot(now_ms);
	enum verdict_level level;

	/* One that has just begun has not everybody's samples yet. */
	if (now_ms % (LIMIT_SAMPLE_S * 1000) < 1500)
		slot--;
	buf_printf(out, "{\"version\":\"" UMS_MCP_VERSION "\",\"now_ms\":%" PRId64
	    ",\"every_s\":%d,\"slots\":%d,\"slot_ms\":%" PRId64 ",\"max_inflight\":%" PRId64
	    ",\"max_rss\":%" PRId64 ",\"says\":", now_ms, LIMIT_SAMPLE_S, LIMIT_HISTORY,
	    (int64_t)slot * LIMIT_SAMPLE_S * 1000, s->max_inflight, s->max_rss);
	level = verdict_print(b, slot, out);
	buf_printf(out, ",\"level\":\"%s\",\"bridge\":{", verdict_level_name(level));
	put_flow(out, board_flows(b->metrics->board, NULL), slot);
	buf_putc(out, '}');
	put_services(b, slot, out);
	put_causes(b, slot, out);
	put_workers(b, slot, out);
	put_lives(b, slot, out);
	put_leavers(b, now_ms, out);
	buf_putc(out, '}');
	return out->failed ? -1 : 0;
}
