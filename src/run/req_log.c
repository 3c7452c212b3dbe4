/* SPDX-License-Identifier: MIT */
/* req_log.c - what is left of an exchange that has ended: its numbers, and its line of the log. */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "mcp/service.h"
#include "run/bridge.h"
#include "run/deed.h"
#include "run/metrics.h"
#include "run/req_part.h"

/* A first guess, so that most lines are allocated once. */
#define LOG_LINE	700

/* What came of a call, in a word. */
static const char *
req_outcome(const struct req *r)
{
	if (r->reply.status == 499)
		return r->cut ? "cut" : "gone";
	if (r->call.end == CALL_RESULT || r->call.end == CALL_TASK)
		return r->call.replayed ? "replayed" : "ok";
	if (r->call.end == CALL_ASKS || r->call.end == CALL_LACKS ||
	    strcmp(r->call.code, "confirmation_required") == 0)
		return "asked";
	if (r->call.errand.outcome == NULL)
		return strcmp(r->call.code, "invalid_argument") == 0 ? "arguments" : "refused";
	return r->call.errand.status != 0 ? "error" : r->call.errand.outcome;
}

void
req_log_count(struct req *r)
{
	struct metrics *m = r->bridge->metrics;
	const char *outcome;
	int64_t total = 0;
	int i;

	for (i = 0; i < REQ_STAGES; i++) {
		total += r->us[i];
		if (i <= (int)r->last || i == REQ_REPLY)
			metrics_stage(m, req_stage_name((enum req_stage)i), r->us[i]);
	}
	metrics_request(m, mcp_method_name(&r->message), r->reply.status, total);
	if (!r->calling)
		return;
	outcome = req_outcome(r);
	metrics_tool(m, r->message.tool->name, outcome);
	deed_write(&r->call, outcome, r->trace.id);
}

static void
log_text(struct buf *line, const char *key, const char *text)
{
	buf_puts(line, key);
	buf_puts(line, text);
	buf_putc(line, '"');
}

static void
log_number(struct buf *line, const char *key, int64_t number)
{
	buf_puts(line, key);
	buf_int(line, number);
}

/* One line a request; never a body, an argument or a token. Most texts are our own words. */
void
req_log_write(struct req *r)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_.-";
	const struct call *c = &r->call;
	char stamp[CLOCK_STAMP];
	struct buf line;
	int i;

	if (!log_wants(LOG_LEVEL_INFO))
		return;
	clock_stamp(clock_wall_ms(), stamp);
	buf_init(&line, LIMIT_LOG_LINE - 1);
	buf_room(&line, LOG_LINE);
	log_text(&line, "{\"time\":\"", stamp);
	log_text(&line, ",\"level\":\"info\",\"msg\":\"request\",\"id\":\"", r->trace.span);
	log_text(&line, ",\"trace\":\"", r->trace.id);
	log_number(&line, ",\"status\":", r->reply.status);
	log_text(&line, ",\"stage\":\"", req_stage_name(r->last));
	log_text(&line, ",\"method\":\"", mcp_method_name(&r->message));
	if (r->message.method != NULL)
		log_text(&line, ",\"era\":\"", r->message.era == MCP_MODERN ? "modern" : "legacy");
	if (r->refused != NULL)
		log_text(&line, ",\"refused\":\"", r->refused);
	if (r->message.tool != NULL)
		log_text(&line, ",\"tool\":\"", r->message.tool->name);
	if (r->reply.code != 0)
		log_number(&line, ",\"rpc_error\":", r->reply.code);
	/* A code may be the service's own: what does not look like one is not logged. */
	if (r->calling && c->code[0] != '\0')
		log_text(&line, ",\"error\":\"",
		    c->code[strspn(c->code, word)] == '\0' ? c->code : "other");
	if (r->calling && c->errand.outcome != NULL) {
		log_text(&line, ",\"upstream\":\"", c->errand.outcome);
		log_number(&line, ",\"upstream_status\":", c->errand.status);
		log_number(&line, ",\"upstream_us\":", c->errand.us);
		log_number(&line, ",\"tries\":", c->errand.plan.tries);
		if (c->split != NULL)
			log_number(&line, ",\"parts\":", (int64_t)split_sent(c->split));
	}
	if (r->calling && c->errand.why != NULL && c->errand.why[0] != '\0') {
		buf_puts(&line, ",\"upstream_error\":");
		log_quote(&line, c->errand.why);
	}
	if (r->front == NULL)
		buf_puts(&line, r->cut ? ",\"client\":\"cut\"" : ",\"client\":\"gone\"");
	buf_puts(&line, ",\"us\":{\"");
	for (i = 0; i < REQ_STAGES; i++) {
		buf_puts(&line, i == 0 ? "" : ",\"");
		buf_puts(&line, req_stage_name((enum req_stage)i));
		log_number(&line, "\":", r->us[i]);
	}
	log_number(&line, "},\"bytes_in\":", (int64_t)r->bytes_in);
	log_number(&line, ",\"bytes_out\":", (int64_t)r->bytes_out);
	buf_putc(&line, '}');
	log_line(&line);
	buf_finish(&line);
}
