/* SPDX-License-Identifier: MIT */
/* channel.c - inbox, and email where a relay is configured; see channel.h. */
#include <string.h>

#include "local/call.h"
#include "local/channel.h"
#include "local/options.h"
#include "local/problem.h"
#include "local/reply.h"

static const char no_relay[] = "no SMTP relay is configured (--smtp, --mail-from)";

static cJSON	*limits_json(void);
static cJSON	*channel_json(const char *, const char *, const char *, const char *,
		    const char *const *, size_t);

static cJSON *
limits_json(void)
{
	cJSON *o = cJSON_CreateObject();
	int bad = 0;

	bad |= json_put(o, "text_characters", json_int(CAP_TEXT));
	bad |= json_put(o, "subject_characters", json_int(CAP_SUBJECT));
	bad |= json_put(o, "recipients", json_int(CAP_RECIPIENTS));
	bad |= json_put(o, "attachments", json_int(CAP_ATTACHMENTS));
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

/* `reason` says why it is not available; NULL: it is. */
static cJSON *
channel_json(const char *id, const char *name, const char *sender, const char *reason,
    const char *const *can, size_t count)
{
	cJSON *o = cJSON_CreateObject(), *from = cJSON_CreateObject(), *list;
	int bad = 0;
	size_t i;

	bad |= reply_text(o, "id", id);
	bad |= reply_text(o, "name", name);
	bad |= json_put(o, "available", cJSON_CreateBool(reason == NULL));
	bad |= reply_text(o, "reason", reason);
	bad |= reply_text(from, "id", CHANNEL_SELF);
	bad |= reply_text(from, "name", CHANNEL_SELF_NAME);
	bad |= reply_text(from, "address", sender);
	bad |= json_put(o, "sender", from);
	list = cJSON_CreateArray();
	for (i = 0; i < count; i++)
		bad |= json_push(list, cJSON_CreateString(can[i]));
	bad |= json_put(o, "capabilities", list);
	bad |= json_put(o, "limits", limits_json());
	if (bad == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

int
channel_list(struct call *c)
{
	static const char *const inbox[] = { "text", "markdown", "subject", "attachments",
	    "templates", "threads", "replies", "schedule", "delivered", "read" };
	static const char *const email[] = { "text", "markdown", "subject", "attachments",
	    "templates", "threads", "schedule", "sent" };
	cJSON *root = cJSON_CreateObject(), *data = cJSON_CreateArray();
	int bad = 0;

	bad |= json_push(data, channel_json(CHANNEL_INBOX, "Inbox", CHANNEL_SELF, NULL, inbox,
	    sizeof inbox / sizeof inbox[0]));
	bad |= json_push(data, channel_json(CHANNEL_EMAIL, "Email", c->opt->mail_from,
	    c->opt->smtp == NULL ? no_relay : NULL, email, sizeof email / sizeof email[0]));
	bad |= json_put(root, "data", data);
	if (bad == 0)
		return reply_json(c, 200, root);
	cJSON_Delete(root);
	return -1;
}

int
channel_check(struct call *c, const char *channel)
{
	if (strcmp(channel, CHANNEL_INBOX) == 0)
		return 0;
	if (strcmp(channel, CHANNEL_EMAIL) != 0)
		return problem(c, 422, "channel_unavailable", "channel: there is no '%.80s'; "
		    "there are inbox and email", channel);
	if (c->opt->smtp == NULL)
		return problem(c, 422, "channel_unavailable", "channel: email is not available: %s",
		    no_relay);
	return 0;
}
