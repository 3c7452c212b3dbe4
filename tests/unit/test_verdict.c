/* SPDX-License-Identifier: MIT */
/* test_verdict.c - run/verdict: what is said of samples on the board, and in which order. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "check.h"
#include "edge/board.h"
#include "run/bridge.h"
#include "run/history.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "run/verdict.h"

enum { QUICK, SLOW, FAILING, SERVICES };

static struct service services[SERVICES];
static struct settings settings = { .catalog = { .services = services, .nservices = SERVICES } };
static struct metrics metrics;
static struct bridge bridge = { .settings = &settings, .metrics = &metrics };
static uint32_t now;

/* What is said, as "LEVEL KIND", one after the other. */
static const char *
said(struct buf *out)
{
	static char all[512];
	const char *at;
	size_t len = 0;

	buf_reset(out);
	verdict_print(&bridge, now, out);
	buf_putc(out, '\0');
	all[0] = '\0';
	for (at = out->data; (at = strstr(at, "{\"level\":\"")) != NULL; at++)
		len += (size_t)snprintf(all + len, sizeof all - len, "%s%.*s %.*s",
		    len == 0 ? "" : ", ", (int)strcspn(at + 10, "\""), at + 10,
		    (int)strcspn(strstr(at, "\"kind\":\"") + 8, "\""), strstr(at, "\"kind\":\"") + 8);
	return all;
}

/* So many transactions of a service in the last sample, in a bucket of the histogram. */
static void
flow(size_t service, unsigned bucket, uint32_t count, uint32_t failed)
{
	struct board_flow *ring = board_flows(metrics.board, bridge.limit.breakers[service]);

	ring[(now - 1) % LIMIT_HISTORY].slot = now - 1;
	ring[now % LIMIT_HISTORY].slot = now;
	ring[now % LIMIT_HISTORY].count[bucket] = count;
	ring[now % LIMIT_HISTORY].failed = failed;
}

static void
order(struct buf *out)
{
	CHECK(strcmp(said(out), "well well") == 0, "%s", said(out));
	flow(QUICK, 3, 100, 0);
	CHECK(strcmp(said(out), "well well") == 0, "%s", said(out));
	flow(SLOW, 14, 100, 0);
	CHECK(strcmp(said(out), "watch slow") == 0, "%s", said(out));
	board_leave(metrics.board, 1, "crash");
	CHECK(strcmp(said(out), "trouble crash, watch slow") == 0, "%s", said(out));
	flow(FAILING, 3, 100, 50);
	CHECK(strcmp(said(out), "trouble failing, trouble crash, watch slow") == 0, "%s", said(out));
	CHECK(verdict_print(&bridge, now, out) == VERDICT_TROUBLE, "the worst of it");
}

/* A worker that grew by 100 KB from sample to sample, and came to max_rss. */
static void
replaced(struct buf *out)
{
	struct board_seat *seat = board_sit(metrics.board);
	struct board_pulse *ring = board_pulses(metrics.board, seat);
	uint32_t i;

	board_leave(metrics.board, getpid(), "max_rss");
	/* Another is on its seat by now, which is not full and does not grow. */
	seat->pid = 1;
	CHECK(strstr(said(out), "watch replaced") != NULL &&
	    strstr(out->data, "1 worker came to the bound of memory\"") != NULL, "%s", out->data);
	for (i = 0; i < 60; i++)
		ring[(now - i) % LIMIT_HISTORY] = (struct board_pulse){
		    .slot = now - i, .pid = (uint32_t)getpid(), .rss = 20000 - i * 100 };
	CHECK(strstr(said(out), "watch replaced") != NULL &&
	    strstr(out->data, "1 worker came to the bound of memory: a leak\"") != NULL &&
	    strstr(out->data, "Growth was steady, 1.2 MB a minute,") != NULL, "%s", out->data);
	seat->pid = getpid();
	CHECK(strstr(said(out), "watch leak, watch replaced") != NULL, "%s", said(out));
}

int
main(void)
{
	char why[256];
	struct buf out;

	services[QUICK].name = (char[]){ "quick" };
	services[SLOW].name = (char[]){ "slow" };
	services[FAILING].name = (char[]){ "failing" };
	metrics.board = board_open("", -1, why, sizeof why);
	if (metrics.board == NULL) {
		printf("FAIL %s\n", why);
		return 1;
	}
	limit_init(&bridge.limit, &settings, metrics.board);
	now = history_slot(clock_wall_ms());
	buf_init(&out, 65536);
	order(&out);
	replaced(&out);
	buf_finish(&out);
	board_close(metrics.board);
	return check_done();
}
