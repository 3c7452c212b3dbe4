/* SPDX-License-Identifier: MIT */
/* policy.c - see policy.h. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp/policy.h"
#include "mcp/service.h"
#include "wire/json.h"

struct policy_rule {
	enum policy_action	 action;
	char			*text;		/* what the patterns point into */
	const char		*name;		/* or, with "://", a resource's URI or template */
	const char		*channel;	/* NULL: any, or none */
	const char		*caller;	/* NULL: any */
};

static const char *const actions[POLICY_ACTIONS] = {
	[POLICY_ALLOW] = "allow", [POLICY_CONFIRM] = "confirm", [POLICY_DENY] = "deny",
};

enum policy_action
policy_action(const char *name)
{
	enum policy_action a;

	for (a = POLICY_ALLOW; a < POLICY_ACTIONS && strcmp(actions[a], name) != 0; a++)
		;
	return a;
}

/* Where the name before a rule's conditions ends: a URI may have colons of its own. */
static char *
end_of_name(char *name)
{
	char *end = strchr(name, ':'), *channel, *caller;

	if (end == NULL || strncmp(end, "://", 3) != 0)
		return end;
	channel = strstr(end, ":channel=");
	caller = strstr(end, ":caller=");
	return channel == NULL || (caller != NULL && caller < channel) ? caller : channel;
}

static int
read_rule(struct policy_rule *r, const char *text, char *why, size_t whylen)
{
	char *part, *rest, *end;

	r->text = rest = strdup(text);
	if (rest == NULL) {
		snprintf(why, whylen, "policy: out of memory");
		return -1;
	}
	r->action = policy_action(strsep(&rest, ":"));
	if (r->action == POLICY_ACTIONS || rest == NULL || *rest == ':' || *rest == '\0')
		goto wrong;
	r->name = rest;
	end = end_of_name(rest);
	if (end != NULL)
		*end++ = '\0';
	rest = end;
	while ((part = strsep(&rest, ":")) != NULL) {
		if (strncmp(part, "channel=", 8) == 0 && r->channel == NULL)
			r->channel = part + 8;
		else if (strncmp(part, "caller=", 7) == 0 && r->caller == NULL)
			r->caller = part + 7;
		else
			goto wrong;
		if (part[strlen(part) - 1] == '=')
			goto wrong;
	}
	return 0;
wrong:
	snprintf(why, whylen, "policy: \"%s\" is not a rule; it is allow, confirm or deny, then "
	    ":NAME of a tool, a resource or a prompt, or the :URI of a resource, then "
	    ":channel=PATTERN and :caller=PATTERN if wanted", text);
	return -1;
}

int
policy_init(struct policy *p, char *const *rules, size_t count, char *why, size_t whylen)
{
	size_t i;

	memset(p, 0, sizeof *p);
	if (count == 0)
		return 0;
	p->rules = calloc(count, sizeof *p->rules);
	if (p->rules == NULL) {
		snprintf(why, whylen, "policy: out of memory");
		return -1;
	}
	for (i = 0; i < count; i++)
		if (read_rule(&p->rules[p->count++], rules[i], why, whylen) == -1)
			return -1;
	return 0;
}

void
policy_finish(struct policy *p)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		free(p->rules[i].text);
	free(p->rules);
	memset(p, 0, sizeof *p);
}

static const cJSON *
channel_property(const struct tool *t)
{
	return json_get(json_get(t->input, "properties"), "channel");
}

/* A read has nothing that a person would have to agree to; who cannot name a channel uses none. */
static bool
names(const struct policy_rule *r, const struct tool *t)
{
	const char *text = strstr(r->name, "://") == NULL ? t->name : t->resource;

	return text != NULL && fnmatch(r->name, text, 0) == 0 &&
	    (r->action != POLICY_CONFIRM || t->write) &&
	    (r->channel == NULL || channel_property(t) != NULL);
}

bool
policy_rule_names(const struct policy *p, size_t rule, const struct tool *t)
{
	return names(&p->rules[rule], t);
}

/* The channel that a call names, or its schema's default; NULL: the service's own. */
static const char *
channel_of(const struct tool *t, const cJSON *args)
{
	const cJSON *channel = json_get(args, "channel");

	return channel != NULL ? cJSON_GetStringValue(channel) :
	    json_str(channel_property(t), "default");
}

/* Where the channel is not known, a rule that refuses or asks holds; one that allows does not. */
static bool
fits(const struct policy_rule *r, const struct tool *t, const char *channel, const char *caller)
{
	if (!names(r, t) || (r->caller != NULL && fnmatch(r->caller, caller, 0) != 0))
		return false;
	if (r->channel == NULL)
		return true;
	return channel == NULL ? r->action != POLICY_ALLOW :
	    fnmatch(r->channel, channel, FNM_CASEFOLD) == 0;
}

enum policy_action
policy_judge(const struct policy *p, const struct tool *t, const cJSON *args, const char *caller)
{
	const char *channel = channel_of(t, args);
	size_t i;

	for (i = 0; i < p->count; i++)
		if (fits(&p->rules[i], t, channel, caller))
			return p->rules[i].action;
	return t->policy;
}

enum policy_action
policy_always(const struct policy *p, const struct tool *t)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		if (policy_rule_names(p, i, t))
			return p->rules[i].channel == NULL && p->rules[i].caller == NULL ?
			    p->rules[i].action : POLICY_ACTIONS;
	return t->policy;
}
