/* SPDX-License-Identifier: MIT */
/*
 * policy.h - who may call what without asking: rules of the configuration, in their order.
 *
 * A rule is ACTION:NAME[:channel=PATTERN][:caller=PATTERN], patterns as in fnmatch(3); the first
 * that fits decides, else the tool's own "policy", else "allow". NAME is that of tools, resources
 * and prompts; with "://" it is the URI of a resource, as its service file has it.
 */
#ifndef MCP_POLICY_H
#define MCP_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

struct tool;

enum policy_action { POLICY_ALLOW, POLICY_CONFIRM, POLICY_DENY, POLICY_ACTIONS };

struct policy {
	struct policy_rule	*rules;
	size_t			 count;
};

/* The action of that name; POLICY_ACTIONS for none. */
enum policy_action policy_action(const char *name);

/*
 * Read rules. policy_finish() must follow whatever is returned. 0, or -1 with a sentence that
 * names the rule and the mend in `why`.
 */
int	 policy_init(struct policy *p, char *const *rules, size_t count, char *why, size_t whylen);
void	 policy_finish(struct policy *p);
/* Whether a rule is for the tool (confirm is for writes, a channel for those with an argument of
 * that name); for telling rules that are for none. */
bool	 policy_rule_names(const struct policy *p, size_t rule, const struct tool *t);
/* What is to be done with a call. */
enum policy_action policy_judge(const struct policy *p, const struct tool *t, const cJSON *args,
	    const char *caller);
/* What is done with every call of a tool, whatever its arguments and caller; POLICY_ACTIONS: it
 * depends on them. */
enum policy_action policy_always(const struct policy *p, const struct tool *t);

#endif
