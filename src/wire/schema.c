/* SPDX-License-Identifier: MIT */
/*
 * schema.c - judging: the walk of a compiled schema along an instance, and the
 * keywords that hold schemas; see schema.h and schema_node.h.
 *
 * What unevaluated* must know is a bit per child of the value. Each node judges
 * with bits of its own and hands them up when it found the value valid, so what a
 * failed branch saw is forgotten and cousins do not see each other's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wire/json.h"
#include "wire/schema_node.h"

/* Members or bits that are passed in one step. */
#define MEMBERS_PER_STEP	16

static int	 judge_rules(struct judge *, const struct node *, struct visit *, unsigned char *);
static int	 judge_child(struct judge *, const struct node *, struct visit *, const cJSON *,
		    size_t);
static int	 judge_quietly(struct judge *, const struct node *, struct visit *, bool);
static int	 any_alternative(struct judge *, const struct rule *, struct visit *, size_t [2],
		    size_t *, struct schema_fault *);
static void	 add_alternative(struct schema_fault *, size_t, size_t, const struct schema_fault *,
		    size_t);
static int	 matches_sibling(struct judge *, const struct visit *, const char *);
static int	 fail_unknown(struct judge *, const struct visit *, const char *);

int
schema_check(const struct schema *s, const cJSON *instance, struct schema_fault *fault)
{
	struct judge j = { .schema = s, .fault = fault, .stop = fault };
	struct place at = { .item = instance };
	int result;

	memset(fault, 0, sizeof *fault);
	result = judge_node(&j, s->root, &at, NULL);
	if (result == 0)
		memset(fault, 0, sizeof *fault);
	return result;
}

int
judge_work(struct judge *j, const struct place *at, size_t steps)
{
	j->steps += steps;
	if (j->steps > LIMIT_SCHEMA_STEPS || steps > LIMIT_SCHEMA_STEPS)
		return judge_stop(j, at, "could not be checked: it takes too many steps; "
		    "send less at once");
	return 0;
}

int
judge_node(struct judge *j, const struct node *node, const struct place *at, unsigned char *seen)
{
	struct visit v = { .node = node, .at = at };
	struct scope scope = { .up = j->scope, .home = node->home };
	size_t bits;
	int result;

	if (judge_work(j, at, 1) == -1)
		return -1;
	if (cJSON_IsTrue(node->json))
		return 0;
	if (cJSON_IsFalse(node->json))
		return judge_fail(j, &v, "is not allowed");
	if (j->depth >= LIMIT_SCHEMA_DEPTH)
		return judge_stop(j, at, "could not be checked: it is nested too deeply");
	if (j->schema->unevaluated && at->item->child != NULL &&
	    (seen != NULL || node->unevaluated)) {
		bits = (size_t)cJSON_GetArraySize(at->item);
		if (judge_work(j, at, bits / MEMBERS_PER_STEP) == -1)
			return -1;
		v.bytes = bits / 8 + 1;
		v.seen = calloc(v.bytes, 1);
		if (v.seen == NULL)
			return judge_stop(j, at, "could not be checked: out of memory");
	}
	if (j->scope == NULL || j->scope->home != node->home)
		j->scope = &scope;
	j->depth++;
	result = judge_rules(j, node, &v, seen);
	j->depth--;
	j->scope = scope.up;
	free(v.seen);
	return result;
}

static int
judge_rules(struct judge *j, const struct node *node, struct visit *v, unsigned char *seen)
{
	size_t i;
	int result = 0;

	for (i = 0; i < node->count && result == 0; i++)
		if (node->rules[i].keyword->check != NULL)
			result = node->rules[i].keyword->check(j, &node->rules[i], v);
	if (result == 0 && seen != NULL)
		for (i = 0; i < v->bytes; i++)
			seen[i] |= v->seen[i];
	return result;
}

static void
mark(struct visit *v, size_t index)
{
	if (v->seen != NULL)
		v->seen[index / 8] |= (unsigned char)(1U << index % 8);
}

static bool
marked(const struct visit *v, size_t index)
{
	return v->seen != NULL && (v->seen[index / 8] >> index % 8 & 1) != 0;
}

/* Judge the child at `index`; a valid one is evaluated. */
static int
judge_child(struct judge *j, const struct node *node, struct visit *v, const cJSON *item,
    size_t index)
{
	struct place child = { .up = v->at, .item = item, .index = index };
	int result;

	if (cJSON_IsObject(v->at->item))
		child.name = item->string;
	result = judge_node(j, node, &child, NULL);
	if (result == 0)
		mark(v, index);
	return result;
}

/* Judge the same value while nobody asks for reasons. */
static int
judge_quietly(struct judge *j, const struct node *node, struct visit *v, bool collect)
{
	struct schema_fault *asked = j->fault;
	int result;

	j->fault = NULL;
	result = judge_node(j, node, v->at, collect ? v->seen : NULL);
	j->fault = asked;
	return result;
}

int
check_ref(struct judge *j, const struct rule *rule, struct visit *v)
{
	return judge_node(j, rule->target, v->at, v->seen);
}

/* The outermost resource on the way here that has the anchor wins. */
int
check_dynamic_ref(struct judge *j, const struct rule *rule, struct visit *v)
{
	const struct node *target = rule->target;
	const struct anchor *anchor;
	const struct scope *scope;

	for (scope = j->scope; scope != NULL && rule->dynamic != NULL; scope = scope->up) {
		anchor = anchor_find(j->schema, scope->home, rule->dynamic, true);
		if (anchor != NULL)
			target = anchor->node;
	}
	return judge_node(j, target, v->at, v->seen);
}

int
check_all_of(struct judge *j, const struct rule *rule, struct visit *v)
{
	size_t i;
	int result = 0;

	for (i = 0; i < rule->count && result == 0; i++)
		result = judge_node(j, rule->nodes[i], v->at, v->seen);
	return result;
}

/* The reason of one alternative, below the value's own path, within its share of the room. */
static void
add_alternative(struct schema_fault *all, size_t number, size_t count,
    const struct schema_fault *one, size_t path_len)
{
	size_t share = sizeof all->why / (count < 4 ? count + 1 : 4);
	const char *path = strlen(one->path) > path_len ? one->path + path_len : "";
	struct schema_fault text = { .why = "" };
	size_t n;

	why_add(&text, "%s%s%s", path, *path == '\0' ? "" : " ", one->why);
	n = strlen(text.why);
	if (n <= share) {
		why_add(all, "%s (%zu) %s", number == 1 ? "" : ";", number, text.why);
		return;
	}
	while (share > 0 && ((unsigned char)text.why[share] & 0xc0) == 0x80)
		share--;
	why_add(all, "%s (%zu) %.*s..", number == 1 ? "" : ";", number, (int)share, text.why);
}

/*
 * Judge the alternatives of anyOf or oneOf: `hits` gets the number of the valid ones
 * and `which` the first two (from 1). 0 or -1.
 */
static int
any_alternative(struct judge *j, const struct rule *rule, struct visit *v, size_t which[2],
    size_t *hits, struct schema_fault *all)
{
	struct schema_fault *asked = j->fault, one;
	size_t i, path_len = strlen(all->path);
	bool any = rule->keyword->name[0] == 'a';
	int result;

	for (i = 0; i < rule->count; i++) {
		j->fault = asked == NULL ? NULL : &one;
		result = judge_node(j, rule->nodes[i], v->at, v->seen);
		j->fault = asked;
		if (result == -1)
			return -1;
		if (result == 1 && asked != NULL)
			add_alternative(all, i + 1, rule->count, &one, path_len);
		if (result == 1)
			continue;
		if (*hits < 2)
			which[*hits] = i + 1;
		(*hits)++;
		/* More than are needed only matter for what they have seen. */
		if (any ? v->seen == NULL : *hits == 2)
			break;
	}
	return 0;
}

/* anyOf and oneOf. */
int
check_any_of(struct judge *j, const struct rule *rule, struct visit *v)
{
	struct schema_fault all;
	size_t which[2], hits = 0;

	memset(&all, 0, sizeof all);
	if (judge_explain(j, v->at))
		all = *j->fault;
	why_add(&all, "fits none of the %zu alternatives:", rule->count);
	if (any_alternative(j, rule, v, which, &hits, &all) == -1)
		return -1;
	if (hits == 1 || (hits > 1 && rule->keyword->name[0] == 'a'))
		return 0;
	if (hits > 1)
		return judge_fail(j, v, "must fit exactly one of the %zu alternatives, but fits "
		    "alternatives %zu and %zu", rule->count, which[0], which[1]);
	if (j->fault != NULL)
		*j->fault = all;
	return 1;
}

int
check_not(struct judge *j, const struct rule *rule, struct visit *v)
{
	int result = judge_quietly(j, rule->nodes[0], v, false);

	if (result != 0)
		return result == 1 ? 0 : -1;
	if (!judge_explain(j, v->at))
		return 1;
	why_add(j->fault, "fits what \"not\" excludes: must not be ");
	if (rule->nodes[0]->count == 1 && node_rule(rule->nodes[0], "type") != NULL)
		why_wanted(j->fault, rule->nodes[0], NULL);
	else
		why_value(j->fault, rule->value);
	return 1;
}

int
check_if(struct judge *j, const struct rule *rule, struct visit *v)
{
	const struct rule *branch;
	int result = judge_quietly(j, rule->nodes[0], v, true);

	if (result == -1)
		return -1;
	branch = node_rule(v->node, result == 0 ? "then" : "else");
	return branch == NULL ? 0 : judge_node(j, branch->nodes[0], v->at, v->seen);
}

int
check_dependent_schemas(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *member;
	struct node *node;
	int result = 0;

	if (!cJSON_IsObject(v->at->item))
		return 0;
	for (member = v->at->item->child; member != NULL && result == 0; member = member->next) {
		node = rule_member(rule, member->string);
		if (node != NULL)
			result = judge_node(j, node, v->at, v->seen);
	}
	return result;
}

int
check_properties(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *member;
	struct node *node;
	size_t i = 0;
	int result = 0;

	if (!cJSON_IsObject(v->at->item))
		return 0;
	for (member = v->at->item->child; member != NULL && result == 0; member = member->next) {
		node = rule_member(rule, member->string);
		if (node != NULL)
			result = judge_child(j, node, v, member, i);
		i++;
	}
	return result;
}

int
check_pattern_properties(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *member;
	size_t i = 0, k;
	int result;

	if (!cJSON_IsObject(v->at->item))
		return 0;
	cJSON_ArrayForEach(member, v->at->item) {
		for (k = 0; k < rule->count; k++) {
			result = judge_pattern(j, v->at, rule->patterns[k], member->string);
			if (result == 1)
				result = judge_child(j, rule->nodes[k], v, member, i);
			if (result != 0)
				return result;
		}
		i++;
	}
	return 0;
}

/* Whether properties or patternProperties of the same schema take the member: 1, 0, -1. */
static int
matches_sibling(struct judge *j, const struct visit *v, const char *name)
{
	const struct rule *patterns = node_rule(v->node, "patternProperties");
	size_t k;
	int result = rule_member(node_rule(v->node, "properties"), name) != NULL;

	for (k = 0; patterns != NULL && k < patterns->count && result == 0; k++)
		result = judge_pattern(j, v->at, patterns->patterns[k], name);
	return result;
}

/* Name the member nobody knows, and those that are known. */
static int
fail_unknown(struct judge *j, const struct visit *v, const char *name)
{
	const struct rule *known = node_rule(v->node, "properties");
	const cJSON *member;
	size_t n = 0;

	if (!judge_explain(j, v->at))
		return 1;
	why_add(j->fault, v->at->up == NULL ? "unknown argument " : "unknown member ");
	why_name(j->fault, name);
	if (known == NULL || known->count == 0)
		return 1;
	cJSON_ArrayForEach(member, known->value) {
		if (n == LIMIT_CANDIDATES) {
			why_add(j->fault, ", ...");
			break;
		}
		why_add(j->fault, "%s%s", n++ == 0 ? "; known: " : ", ", member->string);
	}
	return 1;
}

/* Judge a member that no other keyword has taken. */
static int
judge_rest(struct judge *j, const struct rule *rule, struct visit *v, const cJSON *member,
    size_t i)
{
	return cJSON_IsFalse(rule->value) ? fail_unknown(j, v, member->string) :
	    judge_child(j, rule->nodes[0], v, member, i);
}

int
check_additional_properties(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *member;
	size_t i = 0;
	int result;

	if (!cJSON_IsObject(v->at->item))
		return 0;
	cJSON_ArrayForEach(member, v->at->item) {
		if (judge_work(j, v->at, 1) == -1)
			return -1;
		result = matches_sibling(j, v, member->string);
		if (result == -1)
			return -1;
		result = result == 1 ? 0 : judge_rest(j, rule, v, member, i);
		if (result != 0)
			return result;
		i++;
	}
	return 0;
}

int
check_unevaluated_properties(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *member;
	size_t i = 0;
	int result;

	if (!cJSON_IsObject(v->at->item))
		return 0;
	cJSON_ArrayForEach(member, v->at->item) {
		result = marked(v, i) ? 0 : judge_rest(j, rule, v, member, i);
		if (result != 0)
			return result;
		i++;
	}
	return 0;
}

int
check_property_names(struct judge *j, const struct rule *rule, struct visit *v)
{
	struct schema_fault *asked = j->fault, reason = { .why = "" };
	struct place at = *v->at;
	const cJSON *member;
	cJSON name;
	int result;

	if (!cJSON_IsObject(v->at->item))
		return 0;
	cJSON_ArrayForEach(member, v->at->item) {
		memset(&name, 0, sizeof name);
		name.type = cJSON_String;
		name.valuestring = member->string;
		at.item = &name;
		j->fault = asked == NULL ? NULL : &reason;
		result = judge_node(j, rule->nodes[0], &at, NULL);
		j->fault = asked;
		if (result == 1 && judge_explain(j, v->at)) {
			why_add(asked, "the member name ");
			why_name(asked, member->string);
			why_add(asked, " %s", reason.why);
		}
		if (result != 0)
			return result;
	}
	return 0;
}

int
check_prefix_items(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *item;
	size_t i = 0;
	int result = 0;

	if (!cJSON_IsArray(v->at->item))
		return 0;
	for (item = v->at->item->child; item != NULL && i < rule->count && result == 0;
	    item = item->next, i++)
		result = judge_child(j, rule->nodes[i], v, item, i);
	return result;
}

int
check_items(struct judge *j, const struct rule *rule, struct visit *v)
{
	const struct rule *prefix = node_rule(v->node, "prefixItems");
	size_t i = 0, first = prefix == NULL ? 0 : prefix->count;
	const cJSON *item;
	int result;

	if (!cJSON_IsArray(v->at->item))
		return 0;
	cJSON_ArrayForEach(item, v->at->item) {
		if (i >= first && cJSON_IsFalse(rule->value))
			return judge_fail(j, v, "must be an array of at most %zu item%s", first,
			    first == 1 ? "" : "s");
		result = i < first ? 0 : judge_child(j, rule->nodes[0], v, item, i);
		if (result != 0)
			return result;
		i++;
	}
	return 0;
}

int
check_contains(struct judge *j, const struct rule *rule, struct visit *v)
{
	const struct rule *min = node_rule(v->node, "minContains");
	const struct rule *max = node_rule(v->node, "maxContains");
	int64_t least = min == NULL ? 1 : min->number, hits = 0;
	struct schema_fault *asked = j->fault;
	const cJSON *item;
	size_t i = 0;
	int result;

	if (!cJSON_IsArray(v->at->item))
		return 0;
	cJSON_ArrayForEach(item, v->at->item) {
		j->fault = NULL;
		result = judge_child(j, rule->nodes[0], v, item, i++);
		j->fault = asked;
		if (result == -1)
			return -1;
		hits += result == 0;
	}
	if (hits >= least && (max == NULL || hits <= max->number))
		return 0;
	if (!judge_explain(j, v->at))
		return 1;
	why_add(j->fault, "must be an array with at %s %lld item%s that fit%s: ",
	    hits < least ? "least" : "most", (long long)(hits < least ? least : max->number),
	    (hits < least ? least : max->number) == 1 ? "" : "s",
	    (hits < least ? least : max->number) == 1 ? "s" : "");
	why_value(j->fault, rule->value);
	return 1;
}

int
check_unevaluated_items(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *item;
	size_t i = 0;
	int result;

	if (!cJSON_IsArray(v->at->item))
		return 0;
	cJSON_ArrayForEach(item, v->at->item) {
		if (!marked(v, i)) {
			if (cJSON_IsFalse(rule->value))
				return judge_fail(j, v, "must not have an item at index %zu", i);
			result = judge_child(j, rule->nodes[0], v, item, i);
			if (result != 0)
				return result;
		}
		i++;
	}
	return 0;
}
