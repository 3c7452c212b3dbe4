/* SPDX-License-Identifier: MIT */
/* deed.c - see deed.h. */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "edge/audit.h"
#include "mcp/principal.h"
#include "mcp/record.h"
#include "mcp/service.h"
#include "run/bridge.h"
#include "run/call.h"
#include "run/deed.h"
#include "run/metrics.h"
#include "run/settings.h"
#include "wire/json.h"

#define CHANNEL	64	/* bytes of a channel's name that are told */
#define ID	128	/* the longest text that is taken for an id */
#define WORD	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-"

/* A text that is no word may be anything, and is not told. */
static bool
is_word(const char *text, const char *characters)
{
	return text != NULL && text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

static void
put_digest(struct buf *out, const cJSON *args)
{
	uint8_t digest[CRYPTO_DIGEST];

	/* A call that is refused for its scopes may have none. */
	if (args == NULL || record_digest(digest, args, NULL) == -1)
		return;
	buf_puts(out, ",\"args\":\"sha256:");
	crypto_hex(out, digest, sizeof digest);
	buf_putc(out, '"');
}

/* To how many, and over what. */
static void
put_addressees(struct buf *out, const cJSON *args)
{
	const cJSON *to = json_get(args, "to");
	const char *channel = json_str(args, "channel");

	if (cJSON_IsString(to) || cJSON_IsArray(to))
		buf_printf(out, ",\"recipients\":%d", cJSON_IsArray(to) ?
		    cJSON_GetArraySize(to) : 1);
	if (is_word(channel, WORD))
		buf_printf(out, ",\"channel\":\"%.*s\"", CHANNEL, channel);
}

/* The id that the service gave what was sent. */
static void
put_message_id(struct buf *out, const struct buf *result)
{
	struct json_fault fault;
	const char *id;
	cJSON *tree;

	/* Most results have none, and are not parsed for it. */
	if (result->failed || strstr(buf_str(result), "\"message_id\"") == NULL)
		return;
	tree = json_parse(buf_str(result), result->len, &fault);
	id = json_str(tree, "message_id");
	if (is_word(id, WORD "@") && strlen(id) <= ID)
		buf_printf(out, ",\"message_id\":\"%s\"", id);
	cJSON_Delete(tree);
}

int
deed_compose(struct buf *out, const struct call *c, const char *outcome, const char *trace,
    int64_t wall_ms)
{
	const char *key = json_str(c->args, "idempotency_key");
	char stamp[CLOCK_STAMP];

	clock_stamp(wall_ms, stamp);
	buf_printf(out, "{\"time\":\"%s\"", stamp);
	if (audit_is_shared(c->bridge->settings->auditor))
		buf_puts(out, ",\"level\":\"info\",\"msg\":\"audit\"");
	buf_puts(out, ",\"caller\":");
	json_quote(out, c->principal->name);
	buf_printf(out, ",\"tool\":\"%s\",\"service\":\"%s\"", c->tool->name,
	    c->tool->service->name);
	put_digest(out, c->args);
	put_addressees(out, c->args);
	buf_printf(out, ",\"outcome\":\"%s\"", outcome);
	/* A code may be the service's own. */
	if (c->code[0] != '\0')
		buf_printf(out, ",\"code\":\"%s\"", is_word(c->code, WORD) ? c->code : "other");
	if (c->split != NULL)
		buf_printf(out, ",\"parts\":%zu", split_sent(c->split));
	if (c->end == CALL_RESULT)
		put_message_id(out, &c->text);
	buf_printf(out, ",\"trace\":\"%s\",\"key\":%s}", trace,
	    key != NULL && key[0] != '\0' ? "true" : "false");
	return out->failed ? -1 : 0;
}

void
deed_write(const struct call *c, const char *outcome, const char *trace)
{
	struct audit *audit = c->bridge->settings->auditor;
	struct buf line;

	if (audit == NULL)
		return;
	buf_init(&line, LIMIT_LOG_LINE - 2);
	deed_compose(&line, c, outcome, trace, clock_wall_ms());
	if (audit_write(audit, &line) == -1)
		metrics_audit_failure(c->bridge->metrics, audit_name(audit));
	buf_finish(&line);
}
