/* SPDX-License-Identifier: MIT */
/*
 * fuzz_policy.c - two lines, a caller and a channel, then lines of policy rules; behind an empty
 * line lines of rates. Rules are read or a sentence says why not; what always holds of a tool holds
 * of each call; a rate never lets more through at once than its count.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/catalog.h"
#include "base/buf.h"
#include "edge/board.h"
#include "mcp/answer.h"
#include "mcp/failure.h"
#include "mcp/policy.h"
#include "run/limit.h"
#include "run/settings.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define RULES	(LIMIT_RATES + 2)
#define TRIES	24

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    "{\"name\":\"get\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{}},"
    "{\"name\":\"send\",\"write\":true,\"description\":\"d\",\"inputSchema\":{\"type\":\"object\","
    "\"properties\":{\"channel\":{\"type\":\"string\",\"default\":\"inbox\"}}},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/{?channel}\"},\"response\":{}},"
    "{\"name\":\"send_later\",\"write\":true,\"policy\":\"confirm\",\"description\":\"d\","
    "\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/\"},\"response\":{}}]}";

static struct settings settings = { .breaker_failures = 3, .breaker_open_s = 5 };
static struct limit limit;

/* In place of all that settings.c stands on. */
int64_t
settings_service_inflight(const struct settings *s, const struct service *of)
{
	(void)s;
	(void)of;
	return 0;
}

static void
judge(const struct policy *p, const char *caller, const char *channel)
{
	const struct catalog *c = &settings.catalog;
	enum policy_action always, one;
	cJSON *args, *none = cJSON_CreateObject();
	size_t i, k;

	args = cJSON_CreateObject();
	cJSON_AddStringToObject(args, "channel", channel);
	for (i = 0; i < c->ntools; i++) {
		always = policy_always(p, c->tools[i]);
		one = policy_judge(p, c->tools[i], args, caller);
		if (one >= POLICY_ACTIONS || always > POLICY_ACTIONS)
			abort();
		if (always != POLICY_ACTIONS && (one != always ||
		    policy_judge(p, c->tools[i], none, caller) != always))
			abort();
		if (one == POLICY_CONFIRM && !c->tools[i]->write)
			abort();
		for (k = 0; k < p->count; k++)
			policy_rule_names(p, k, c->tools[i]);
	}
	cJSON_Delete(args);
	cJSON_Delete(none);
}

/* The clock goes on from input to input, so that every bucket is full again. */
static void
rates(const char *caller, size_t size)
{
	static int64_t now_us = 1;
	const struct catalog *c = &settings.catalog;
	struct answer a = { .outcome = OUTCOME_ANSWERED, .sent = true, .status = 503 };
	const struct limit_rates *r = &settings.rates;
	int64_t wait_s, passed = 0, entered = 0, looks = 0;
	const char *refused, *who;
	struct failure f;
	struct json_fault fault;
	struct buf out;
	cJSON *tree;
	size_t i, k;
	bool probes;

	now_us += INT64_C(3) * 3600 * 1000000;
	for (i = 0; i < TRIES; i++) {
		wait_s = 0;
		if (limit_request(&limit, caller, now_us, &wait_s))
			passed++;
		else if (wait_s < 1 || wait_s > 3600)
			abort();
		who = i % 4 == 3 ? NULL : caller;
		refused = limit_enter(&limit, c->tools[i % 3], who, now_us, &probes, &f);
		if (refused == NULL) {
			*(who == NULL ? &looks : &entered) += 1;
			a.status = size % 2 == 0 ? 200 : 503;
			limit_learn(&limit, c->tools[i % 3]->service, &a, now_us);
			limit_leave(&limit, c->tools[i % 3], false);
		} else
			failure_finish(&f);
	}
	for (k = 0; k < r->count; k++)
		if ((strcmp(r->items[k].what, "requests") == 0 && passed > r->items[k].count) ||
		    (strcmp(r->items[k].what, "all") == 0 &&
		    entered + looks > r->items[k].count) ||
		    (strcmp(r->items[k].what, "caller") == 0 && entered > r->items[k].count))
			abort();
	if (limit.inflight[0] != 0)
		abort();
	buf_init(&out, 1024 * 1024);
	buf_putc(&out, '{');
	limit_status(&limit, caller, now_us, &out);
	buf_putc(&out, '}');
	tree = json_parse(buf_str(&out), out.len, &fault);
	/* A pattern that is not UTF-8 is shown as well as it can be. */
	if (tree == NULL)
		abort();
	cJSON_Delete(tree);
	buf_reset(&out);
	limit_print(&limit, "x_", now_us, &out);
	buf_finish(&out);
	/* The breaker is closed again for the next input. */
	a.status = 200;
	limit_learn(&limit, c->tools[0]->service, &a, now_us);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len), *rest = text, *rules[RULES], *caller, *channel;
	struct policy policy;
	char why[1024] = "";
	struct board *board;
	size_t count = 0;

	if (text == NULL)
		abort();
	if (settings.catalog.ntools == 0) {
		catalog_of(&settings.catalog, service);
		board = board_open("", -1, why, sizeof why);
		if (board == NULL)
			abort();
		limit_init(&limit, &settings, board);
	}
	caller = strsep(&rest, "\n");
	channel = strsep(&rest, "\n");
	if (channel == NULL)
		channel = caller;
	while (count < RULES && rest != NULL && *rest != '\0' && *rest != '\n')
		rules[count++] = strsep(&rest, "\n");
	why[0] = '\0';
	if (policy_init(&policy, rules, count, why, sizeof why) == 0)
		judge(&policy, caller, channel);
	else if (why[0] == '\0')
		abort();
	policy_finish(&policy);
	if (rest != NULL)
		strsep(&rest, "\n");
	for (count = 0; count < RULES && rest != NULL; )
		rules[count++] = strsep(&rest, "\n");
	why[0] = '\0';
	if (limit_rates_init(&settings.rates, rules, count, why, sizeof why) == 0)
		rates(caller, len);
	else if (why[0] == '\0')
		abort();
	limit_rates_finish(&settings.rates);
	free(text);
	return 0;
}
