/* SPDX-License-Identifier: MIT */
/* draft.c - judging the body of POST /v1/messages; see draft.h. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "local/attachment.h"
#include "local/call.h"
#include "local/channel.h"
#include "local/draft.h"
#include "local/problem.h"
#include "local/request.h"
#include "local/store.h"
#include "local/template.h"
#include "local/text.h"

static int	strip(struct call *, const char *, size_t);
static int	read_strings(struct call *, struct draft *);
static int	read_to(struct call *, struct draft *);
static int	add_to(struct call *, struct draft *, const char *, const cJSON *);
static int	read_text(struct call *, struct draft *);
static int	thread_of(struct call *, const char *, const char *, char *, size_t);
static int	read_metadata(struct call *, struct draft *);
static int	read_schedule(struct call *, struct draft *);
static int	optional(struct call *, const char *, const char **);

/* With those that draft_strip() takes out: a client that is told what is known may use them. */
#define DRAFT_MEMBERS	"to,text,template_id,template_vars,channel,subject,format,thread_id," \
			"reply_to,attachments,schedule_at,metadata,confirm_token"

static int
strip(struct call *c, const char *name, size_t max)
{
	cJSON *item = json_get(c->req.json, name);

	if (item == NULL)
		return 0;
	if (!cJSON_IsString(item) || text_length(item->valuestring) > max)
		return problem_field(c, "%s: a string of at most %zu characters is wanted", name,
		    max);
	cJSON_Delete(cJSON_DetachItemViaPointer(c->req.json, item));
	return 0;
}

int
draft_strip(struct call *c, bool preview)
{
	int r;

	if ((r = strip(c, "confirm_token", CAP_CONFIRM)) != 0 || !preview)
		return r;
	/* When sending it is a header; a preview takes the arguments of a send as they are. */
	return strip(c, "idempotency_key", CAP_KEY);
}

int
draft_read(struct call *c, struct draft *d, bool preview)
{
	const char *members = preview ? DRAFT_MEMBERS ",idempotency_key" : DRAFT_MEMBERS;
	int r;

	memset(d, 0, sizeof *d);
	buf_init(&d->text, CAP_BODY * 2);
	buf_init(&d->attachments, CAP_BODY);
	buf_init(&d->metadata, CAP_METADATA);
	if ((r = request_check_members(c, c->req.json, members)) != 0 ||
	    (r = read_strings(c, d)) != 0 ||
	    (r = channel_check(c, d->channel)) != 0 ||
	    (r = read_to(c, d)) != 0 ||
	    (r = read_text(c, d)) != 0 ||
	    (r = draft_thread(c, &d->reply_to, d->thread_id, sizeof d->thread_id)) != 0 ||
	    (r = attachment_read(c, d->channel, &d->attachments)) != 0 ||
	    (r = read_metadata(c, d)) != 0)
		return r;
	return read_schedule(c, d);
}

void
draft_finish(struct draft *d)
{
	buf_finish(&d->text);
	buf_finish(&d->attachments);
	buf_finish(&d->metadata);
}

const char *
draft_address(const struct draft *d, const struct contact *to)
{
	return strcmp(d->channel, CHANNEL_EMAIL) == 0 ? to->email : to->id;
}

/* A member that is absent or a string; *out stays as it was when absent. */
static int
optional(struct call *c, const char *name, const char **out)
{
	const cJSON *item = json_get(c->req.json, name);

	if (item == NULL)
		return 0;
	if (!cJSON_IsString(item))
		return problem_field(c, "%s: a string is wanted", name);
	*out = item->valuestring;
	return 0;
}

static int
read_strings(struct call *c, struct draft *d)
{
	int r;

	d->channel = CHANNEL_INBOX;
	d->format = "text";
	if ((r = optional(c, "channel", &d->channel)) != 0 ||
	    (r = optional(c, "format", &d->format)) != 0 ||
	    (r = optional(c, "subject", &d->subject)) != 0 ||
	    (r = optional(c, "template_id", &d->template_id)) != 0)
		return r;
	if (!text_is_one_of(d->format, "text,markdown"))
		return problem_field(c, "format: text or markdown is wanted");
	/* A subject becomes a mail header: a line end in it would begin another one. */
	if (d->subject != NULL && (text_length(d->subject) > CAP_SUBJECT ||
	    d->subject[0] == '\0' || text_has_control(d->subject)))
		return problem_field(c, "subject: 1 to %d characters of one line are "
		    "wanted", CAP_SUBJECT);
	return 0;
}

static int
add_to(struct call *c, struct draft *d, const char *field, const cJSON *item)
{
	struct contact *to = &d->to[d->to_count];
	int i, r;

	if (!cJSON_IsString(item) || item->valuestring[0] == '\0' ||
	    text_length(item->valuestring) > CAP_EMAIL)
		return problem_field(c, "%s: an id, an address or a name is wanted", field);
	if ((r = contact_resolve(c, field, item->valuestring, to)) != 0)
		return r;
	if (draft_address(d, to)[0] == '\0')
		return problem(c, 422, "recipient_unreachable", "%s: contact '%s' has no address "
		    "on channel %s", field, to->id, d->channel);
	for (i = 0; i < d->to_count; i++)
		if (strcmp(d->to[i].id, to->id) == 0) {
			d->to_repeated = true;
			return 0;
		}
	d->to_count++;
	return 0;
}

static int
read_to(struct call *c, struct draft *d)
{
	const cJSON *to = json_get(c->req.json, "to"), *item;
	char field[32];
	int r, n = 0;

	if (cJSON_IsString(to))
		return add_to(c, d, "to", to);
	if (!cJSON_IsArray(to) || cJSON_GetArraySize(to) < 1 ||
	    cJSON_GetArraySize(to) > CAP_RECIPIENTS)
		return problem_field(c, "to: an id, address or name, or an array of 1 to "
		    "%d of them is wanted", CAP_RECIPIENTS);
	cJSON_ArrayForEach(item, to) {
		snprintf(field, sizeof field, "to[%d]", n++);
		if ((r = add_to(c, d, field, item)) != 0)
			return r;
	}
	return 0;
}

int
draft_check_text(struct call *c, const char *field, const char *text)
{
	if (text != NULL && text[0] != '\0' && text_length(text) <= CAP_TEXT)
		return 0;
	return problem_field(c, "%s: a string of 1 to %d characters is wanted", field,
	    CAP_TEXT);
}

static int
read_text(struct call *c, struct draft *d)
{
	const cJSON *text = json_get(c->req.json, "text");
	const cJSON *vars = json_get(c->req.json, "template_vars");
	int r;

	if ((text == NULL) == (d->template_id == NULL))
		return problem_field(c, "text: either text or template_id is wanted");
	if (vars != NULL && (d->template_id == NULL || !cJSON_IsObject(vars)))
		return problem_field(c, "template_vars: an object beside template_id is "
		    "wanted");
	if (text != NULL) {
		if ((r = draft_check_text(c, "text", cJSON_GetStringValue(text))) != 0)
			return r;
		return buf_puts(&d->text, text->valuestring);
	}
	if ((r = template_render(c, d->template_id, vars, &d->text)) != 0)
		return r;
	return draft_check_text(c, "template_vars", buf_str(&d->text));
}

/* One column of the message `id`. 1: found, the text in `out`; 0; -1. */
static int
thread_of(struct call *c, const char *sql, const char *id, char *out, size_t len)
{
	sqlite3_stmt *stmt = store_bind(c->store, sql, "t", id);
	int r = store_step(c->store, stmt);

	if (r == 1)
		snprintf(out, len, "%s", store_text(stmt, 0));
	store_done(stmt);
	return r;
}

int
draft_thread(struct call *c, const char **reply_to, char *out, size_t len)
{
	const char *thread = NULL;
	int r;

	*reply_to = NULL;
	out[0] = '\0';
	if ((r = optional(c, "thread_id", &thread)) != 0 ||
	    (r = optional(c, "reply_to", reply_to)) != 0)
		return r;
	if (*reply_to != NULL) {
		r = thread_of(c, "SELECT thread_id FROM message WHERE id = ?", *reply_to, out, len);
		if (r != 1)
			return r == -1 ? -1 : problem_field(c,
			    "reply_to: there is no message '%.80s'", *reply_to);
		if (thread != NULL && strcmp(thread, out) != 0)
			return problem_field(c, "thread_id: the message replied to is in "
			    "thread '%s'", out);
		return 0;
	}
	if (thread == NULL)
		return 0;
	r = thread_of(c, "SELECT id FROM thread WHERE id = ?", thread, out, len);
	if (r == 0)
		return problem_field(c, "thread_id: there is no thread '%.80s'", thread);
	return r == 1 ? 0 : -1;
}

static int
read_metadata(struct call *c, struct draft *d)
{
	const cJSON *item = json_get(c->req.json, "metadata");

	if (item == NULL)
		return 0;
	if (!cJSON_IsObject(item))
		return problem_field(c, "metadata: an object is wanted");
	if (json_print(&d->metadata, item) == -1)
		return problem_field(c, "metadata: at most %d bytes as JSON", CAP_METADATA);
	return 0;
}

static int
read_schedule(struct call *c, struct draft *d)
{
	int64_t now = clock_wall_ms();
	const char *text = NULL;
	int r;

	if ((r = optional(c, "schedule_at", &text)) != 0 || text == NULL)
		return r;
	if (text_time(text, &d->scheduled_at) == -1)
		return problem_field(c, "schedule_at: a time as in RFC 3339 is wanted, "
		    "such as 2030-01-31T09:00:00Z");
	if (d->scheduled_at <= now)
		return problem_field(c, "schedule_at: this time is past");
	if (d->scheduled_at > now + CAP_AHEAD_MS)
		return problem_field(c, "schedule_at: more than a year ahead");
	return 0;
}
