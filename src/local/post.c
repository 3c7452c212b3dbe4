/* SPDX-License-Identifier: MIT */
/* post.c - new messages; see post.h. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "local/attachment.h"
#include "local/call.h"
#include "local/channel.h"
#include "local/draft.h"
#include "local/event.h"
#include "local/idempotency.h"
#include "local/message.h"
#include "local/options.h"
#include "local/post.h"
#include "local/problem.h"
#include "local/recipient.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/store.h"
#include "local/text.h"
#include "local/thread.h"

struct letter {				/* a row of table message, about to be */
	char		 id[CAP_ID + 1];
	char		 thread_id[CAP_ID + 1];
	const char	*direction;
	const char	*channel;
	const char	*status;
	const char	*from_id;
	const char	*from_name;
	const char	*subject;
	const char	*text;
	const char	*format;
	const char	*template_id;
	const char	*reply_to;
	int64_t		 scheduled_at;
	const char	*attachments;
	const char	*metadata;
	int64_t		 seq;		/* set by insert() */
};

static int	insert(struct call *, struct letter *);
static int	send_draft(struct call *, struct draft *, struct letter *);
static int	send_keyed(struct call *, const struct idempotency *, struct draft *);
static void	ring(const struct call *);
static cJSON	*preview_json(const struct draft *);
static cJSON	*resolved_json(const struct draft *);
static cJSON	*warnings_json(const struct draft *);
static int	store_answer(struct call *, const struct contact *);

static int
insert(struct call *c, struct letter *l)
{
	static const char sql[] = "INSERT INTO message (id, thread_id, direction, channel, status,"
	    " from_id, from_name, subject, text, format, template_id, reply_to, scheduled_at,"
	    " created_at, attachments, metadata)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, ?, ?)";

	if (text_new_id("msg_", l->id, sizeof l->id) == -1)
		return -1;
	if (l->thread_id[0] == '\0' &&
	    text_new_id("thr_", l->thread_id, sizeof l->thread_id) == -1)
		return -1;
	if (store_run(c->store, sql, "ttttttttttttiitt", l->id, l->thread_id, l->direction,
	    l->channel, l->status, l->from_id, l->from_name, l->subject, l->text, l->format,
	    l->template_id, l->reply_to, l->scheduled_at, clock_wall_ms(), l->attachments,
	    l->metadata) == -1)
		return -1;
	l->seq = sqlite3_last_insert_rowid(c->store->db);
	/* Not a trigger: a schema that is not trusted may not touch virtual tables. */
	if (store_run(c->store, "INSERT INTO message_text (rowid, subject, text) VALUES (?, ?, ?)",
	    "itt", l->seq, l->subject, l->text) == -1)
		return -1;
	return thread_touch(c->store, l->thread_id, l->subject, l->seq);
}

/* Store the message with its recipients; a message to inboxes that is due lies in them at once. */
static int
send_draft(struct call *c, struct draft *d, struct letter *l)
{
	const char *first = d->scheduled_at == 0 ? "queued" : "scheduled";
	int i;

	memset(l, 0, sizeof *l);
	memcpy(l->thread_id, d->thread_id, sizeof l->thread_id);
	l->direction = "outbound";
	l->channel = d->channel;
	l->status = first;
	l->from_id = CHANNEL_SELF;
	l->from_name = CHANNEL_SELF_NAME;
	l->subject = d->subject;
	l->text = buf_str(&d->text);
	l->format = d->format;
	l->template_id = d->template_id;
	l->reply_to = d->reply_to;
	l->scheduled_at = d->scheduled_at;
	l->attachments = d->attachments.len == 0 ? NULL : buf_str(&d->attachments);
	l->metadata = d->metadata.len == 0 ? NULL : buf_str(&d->metadata);
	if (insert(c, l) == -1 || attachment_keep(c, l->id) == -1 ||
	    event_add(c->store, l->seq, first, NULL, NULL, NULL) == -1)
		return -1;
	for (i = 0; i < d->to_count; i++)
		if (recipient_add(c->store, l->seq, d->to[i].id, d->to[i].name,
		    draft_address(d, &d->to[i]), "queued") == -1 ||
		    thread_join(c->store, l->thread_id, d->to[i].id, d->to[i].name) == -1)
			return -1;
	if (d->scheduled_at != 0 || strcmp(d->channel, CHANNEL_INBOX) != 0)
		return 0;
	return recipient_deliver(c->store, l->seq);
}

/* Wake the courier: there may be mail. It looks by itself too, so a lost ring costs a second. */
static void
ring(const struct call *c)
{
	uint64_t one = 1;

	if (c->opt->bell != -1 && write(c->opt->bell, &one, sizeof one) == -1)
		log_warn("the courier cannot be woken");
}

static int
send_keyed(struct call *c, const struct idempotency *idem, struct draft *draft)
{
	struct letter letter;

	if (send_draft(c, draft, &letter) == -1 ||
	    message_reply(c, 201, letter.id, MESSAGE_BODY) != 0 ||
	    idempotency_keep(c, idem) == -1 || store_commit(c->store) == -1)
		return -1;
	if (strcmp(letter.channel, CHANNEL_EMAIL) == 0)
		ring(c);
	return 0;
}

int
post_send(struct call *c)
{
	struct idempotency idem;
	struct draft draft;
	int r;

	/* Stripped before the key's payload is read: a confirmation makes it no other message. */
	if ((r = request_json(c)) != 0 || (r = draft_strip(c, false)) != 0 ||
	    (r = idempotency_read(c, &idem)) != 0)
		return r;
	if (store_begin(c->store, true) == -1)
		return -1;
	/* Before the draft is judged: by the time of a repetition its schedule_at may be past. */
	if ((r = idempotency_replay(c, &idem)) != 0)
		return r;
	r = draft_read(c, &draft, false);
	if (r == 0)
		r = send_keyed(c, &idem, &draft);
	draft_finish(&draft);
	return r;
}

static cJSON *
resolved_json(const struct draft *d)
{
	cJSON *list = cJSON_CreateArray(), *o;
	int i, bad = 0;

	for (i = 0; i < d->to_count && bad == 0; i++) {
		o = cJSON_CreateObject();
		bad |= reply_text(o, "id", d->to[i].id);
		bad |= reply_text(o, "name", d->to[i].name);
		bad |= reply_text(o, "address", draft_address(d, &d->to[i]));
		bad |= json_push(list, o);
	}
	if (bad == 0)
		return list;
	cJSON_Delete(list);
	return NULL;
}

static cJSON *
warnings_json(const struct draft *d)
{
	bool mail = strcmp(d->channel, CHANNEL_EMAIL) == 0;
	cJSON *list = cJSON_CreateArray();
	int bad = 0;

	if (d->to_repeated)
		bad |= json_push(list, cJSON_CreateString("a recipient is named more than once and "
		    "gets the message once"));
	if (mail && d->subject == NULL)
		bad |= json_push(list, cJSON_CreateString("a mail without a subject"));
	if (mail && strcmp(d->format, "markdown") == 0)
		bad |= json_push(list, cJSON_CreateString("markdown goes out by mail as it is "
		    "written"));
	if (mail && d->attachments.len > 0)
		bad |= json_push(list, cJSON_CreateString("attachments go out by mail as links"));
	if (bad == 0)
		return list;
	cJSON_Delete(list);
	return NULL;
}

static cJSON *
preview_json(const struct draft *d)
{
	cJSON *o = cJSON_CreateObject();
	int bad = 0;

	bad |= json_put(o, "to_resolved", resolved_json(d));
	bad |= reply_text(o, "text", buf_str(&d->text));
	bad |= reply_text(o, "subject", d->subject);
	bad |= reply_text(o, "channel", d->channel);
	bad |= json_put(o, "characters", json_int((int64_t)text_length(buf_str(&d->text))));
	if (d->scheduled_at != 0)
		bad |= reply_time(o, "scheduled_at", d->scheduled_at);
	bad |= json_put(o, "warnings", warnings_json(d));
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

int
post_preview(struct call *c)
{
	struct draft draft;
	int r;

	if ((r = request_json(c)) != 0 || (r = draft_strip(c, true)) != 0)
		return r;
	if (store_begin(c->store, false) == -1)
		return -1;
	r = draft_read(c, &draft, true);
	if (r == 0)
		r = reply_json(c, 200, preview_json(&draft));
	draft_finish(&draft);
	return r;
}

static int
store_answer(struct call *c, const struct contact *from)
{
	struct letter l;
	int r;

	memset(&l, 0, sizeof l);
	if ((r = draft_thread(c, &l.reply_to, l.thread_id, sizeof l.thread_id)) != 0)
		return r;
	l.direction = "inbound";
	l.channel = CHANNEL_INBOX;
	l.status = "delivered";
	l.from_id = from->id;
	l.from_name = from->name;
	l.text = json_str(c->req.json, "text");
	l.format = "text";
	if (insert(c, &l) == -1 ||
	    recipient_add(c->store, l.seq, CHANNEL_SELF, CHANNEL_SELF_NAME, CHANNEL_SELF,
	    "delivered") == -1 ||
	    event_add(c->store, l.seq, "delivered", CHANNEL_SELF, NULL, NULL) == -1 ||
	    thread_join(c->store, l.thread_id, from->id, from->name) == -1 ||
	    message_reply(c, 201, l.id, MESSAGE_BODY) != 0)
		return -1;
	return store_commit(c->store);
}

int
post_answer(struct call *c)
{
	struct contact from;
	int r;

	if ((r = request_json(c)) != 0 ||
	    (r = request_check_members(c, c->req.json, "text,thread_id,reply_to")) != 0 ||
	    (r = draft_check_text(c, "text", json_str(c->req.json, "text"))) != 0)
		return r;
	if (store_begin(c->store, true) == -1)
		return -1;
	r = contact_load(c, c->arg, &from);
	if (r == 0)
		return problem(c, 404, "not_found", "no contact has this id");
	return r == -1 ? -1 : store_answer(c, &from);
}
