/* SPDX-License-Identifier: MIT */
/*
 * schema_rule.c - the keywords that look at a value themselves: its type, its size,
 * its text, the members it must have; see schema_node.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wire/decimal.h"
#include "wire/format.h"
#include "wire/json.h"
#include "wire/pattern.h"
#include "wire/schema_node.h"
#include "wire/utf8.h"

/* What PCRE2 does in the time of one step of ours. */
#define MATCHES_PER_STEP	64
/* From here on a count is more than anything has. */
#define COUNT_MAX		1e15
/* Members passed in one step of a search by name. */
#define MEMBERS_PER_STEP	16

static int	 fail_wanted(struct judge *, const struct visit *, bool);
static void	 add_missing(struct schema_fault *, const cJSON *, const cJSON *);
static int	 has_members(struct judge *, const struct visit *, const cJSON *);

int
compile_count(struct compiler *c, struct rule *rule)
{
	double count = rule->value->valuedouble;

	(void)c;
	rule->number = count < COUNT_MAX ? (int64_t)count : INT64_MAX;
	return 0;
}

static struct pattern *
new_pattern(struct compiler *c, const cJSON *at, const char *text)
{
	struct pattern *pattern;
	char why[128];

	pattern = pattern_create(text, why, sizeof why);
	if (pattern == NULL)
		compile_refuse(c, at, "the pattern does not compile: %s", why);
	return pattern;
}

int
compile_pattern(struct compiler *c, struct rule *rule)
{
	rule->patterns = calloc(1, sizeof *rule->patterns);
	if (rule->patterns == NULL)
		return compile_memory(c);
	rule->patterns[0] = new_pattern(c, rule->value, rule->value->valuestring);
	if (rule->patterns[0] == NULL)
		return -1;
	rule->pattern_count = 1;
	return 0;
}

int
compile_pattern_properties(struct compiler *c, struct rule *rule)
{
	size_t *n = &rule->pattern_count;
	const cJSON *json;

	rule->patterns = calloc(rule->count + 1, sizeof *rule->patterns);
	if (rule->patterns == NULL)
		return compile_memory(c);
	for (; *n < rule->count; (*n)++) {
		json = rule->nodes[*n]->json;
		rule->patterns[*n] = new_pattern(c, json, json->string);
		if (rule->patterns[*n] == NULL)
			return -1;
	}
	return 0;
}

/* Other formats stay annotations. */
int
compile_format(struct compiler *c, struct rule *rule)
{
	(void)c;
	rule->format = format_find(rule->value->valuestring);
	return 0;
}

int
judge_pattern(struct judge *j, const struct place *at, const struct pattern *pattern,
    const char *text)
{
	enum pattern_result result;
	size_t matches = 0;

	result = pattern_match(pattern, text, &matches);
	if (result == PATTERN_MEMORY)
		return judge_stop(j, at, "could not be checked: out of memory");
	if (result == PATTERN_LIMIT)
		return judge_stop(j, at, "could not be checked: matching the pattern takes "
		    "too many steps; send a shorter text");
	if (judge_work(j, at, 1 + matches / MATCHES_PER_STEP) == -1)
		return -1;
	return result == PATTERN_MATCH;
}

/* "must be an array of 1 to 10 items", with what it is when the type is wrong. */
static int
fail_wanted(struct judge *j, const struct visit *v, bool type)
{
	if (!judge_explain(j, v->at))
		return 1;
	why_add(j->fault, "must be ");
	why_wanted(j->fault, v->node, type ? NULL : v->at->item);
	if (type)
		why_add(j->fault, ", not %s", why_kind(v->at->item));
	return 1;
}

static bool
is_of_type(const cJSON *item, const char *type)
{
	switch (type[0]) {
	case 's':
		return cJSON_IsString(item);
	case 'o':
		return cJSON_IsObject(item);
	case 'a':
		return cJSON_IsArray(item);
	case 'b':
		return cJSON_IsBool(item);
	case 'i':
		return number_is_integer(item);
	default:
		return type[2] == 'm' ? cJSON_IsNumber(item) : cJSON_IsNull(item);
	}
}

int
check_type(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *type;

	if (cJSON_IsString(rule->value) && is_of_type(v->at->item, rule->value->valuestring))
		return 0;
	cJSON_ArrayForEach(type, rule->value)
		if (is_of_type(v->at->item, type->valuestring))
			return 0;
	return fail_wanted(j, v, true);
}

int
check_const(struct judge *j, const struct rule *rule, struct visit *v)
{
	int same = json_equal(j, v->at, v->at->item, rule->value);

	if (same != 0)
		return same == 1 ? 0 : -1;
	if (judge_explain(j, v->at)) {
		why_add(j->fault, "must be ");
		why_value(j->fault, rule->value);
	}
	return 1;
}

int
check_enum(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *value;
	size_t n = 0;
	int same;

	cJSON_ArrayForEach(value, rule->value) {
		same = json_equal(j, v->at, v->at->item, value);
		if (same != 0)
			return same == 1 ? 0 : -1;
	}
	if (!judge_explain(j, v->at))
		return 1;
	why_add(j->fault, rule->value->child == NULL ? "no value is allowed" : "must be one of ");
	cJSON_ArrayForEach(value, rule->value) {
		if (n == LIMIT_CANDIDATES) {
			why_add(j->fault, ", ...");
			break;
		}
		why_add(j->fault, n++ == 0 ? "" : ", ");
		why_value(j->fault, value);
	}
	return 1;
}

/* minimum, maximum and their exclusive forms. */
int
check_bound(struct judge *j, const struct rule *rule, struct visit *v)
{
	const char *name = rule->keyword->name;
	bool exclusive = name[0] == 'e', low = strstr(name, "inimum") != NULL;
	char room[2][NUMBER_TEXT];
	int order;

	if (!cJSON_IsNumber(v->at->item))
		return 0;
	order = decimal_compare(number_text(v->at->item, room[0]),
	    number_text(rule->value, room[1]));
	if (!low)
		order = -order;
	return order > 0 || (order == 0 && !exclusive) ? 0 : fail_wanted(j, v, false);
}

int
check_multiple_of(struct judge *j, const struct rule *rule, struct visit *v)
{
	char room[2][NUMBER_TEXT];
	const char *divisor = number_text(rule->value, room[1]);

	if (!cJSON_IsNumber(v->at->item) ||
	    decimal_multiple(number_text(v->at->item, room[0]), divisor))
		return 0;
	return judge_fail(j, v, "must be a multiple of %s", divisor);
}

/* The size of a value for a keyword "minLength" ... "maxProperties"; -1: not its type. */
static int64_t
size_for(const char *keyword, const cJSON *item)
{
	switch (keyword[3]) {
	case 'L':
		return cJSON_IsString(item) ? (int64_t)utf8_count(item->valuestring) : -1;
	case 'I':
		return cJSON_IsArray(item) ? cJSON_GetArraySize(item) : -1;
	default:
		return cJSON_IsObject(item) ? cJSON_GetArraySize(item) : -1;
	}
}

int
check_size(struct judge *j, const struct rule *rule, struct visit *v)
{
	int64_t size = size_for(rule->keyword->name, v->at->item);
	bool low = rule->keyword->name[1] == 'i';

	if (size == -1 || (low ? size >= rule->number : size <= rule->number))
		return 0;
	fail_wanted(j, v, false);
	if (j->fault != NULL)
		why_add(j->fault, ", not of %lld", (long long)size);
	return 1;
}

int
check_pattern(struct judge *j, const struct rule *rule, struct visit *v)
{
	int result;

	if (!cJSON_IsString(v->at->item))
		return 0;
	result = judge_pattern(j, v->at, rule->patterns[0], v->at->item->valuestring);
	if (result != 0)
		return result == 1 ? 0 : -1;
	return judge_fail(j, v, "must match the pattern %s", rule->value->valuestring);
}

int
check_format(struct judge *j, const struct rule *rule, struct visit *v)
{
	if (rule->format == NULL || !cJSON_IsString(v->at->item) ||
	    rule->format->check(v->at->item->valuestring))
		return 0;
	return judge_fail(j, v, "must be %s", rule->format->noun);
}

/* Whether all `names` are members: 1, 0 or -1. */
static int
has_members(struct judge *j, const struct visit *v, const cJSON *names)
{
	size_t work = 1 + (size_t)cJSON_GetArraySize(v->at->item) / MEMBERS_PER_STEP;
	const cJSON *name;

	cJSON_ArrayForEach(name, names) {
		if (judge_work(j, v->at, work) == -1)
			return -1;
		if (json_get(v->at->item, name->valuestring) == NULL)
			return 0;
	}
	return 1;
}

static void
add_missing(struct schema_fault *fault, const cJSON *object, const cJSON *names)
{
	const cJSON *name;
	const char *join = "";

	cJSON_ArrayForEach(name, names) {
		if (json_get(object, name->valuestring) != NULL)
			continue;
		why_add(fault, "%s", join);
		why_name(fault, name->valuestring);
		join = ", ";
	}
}

int
check_required(struct judge *j, const struct rule *rule, struct visit *v)
{
	int result;

	if (!cJSON_IsObject(v->at->item))
		return 0;
	result = has_members(j, v, rule->value);
	if (result != 0)
		return result == 1 ? 0 : -1;
	if (judge_explain(j, v->at)) {
		why_add(j->fault, v->at->up == NULL ? "missing argument " : "missing member ");
		add_missing(j->fault, v->at->item, rule->value);
	}
	return 1;
}

int
check_dependent_required(struct judge *j, const struct rule *rule, struct visit *v)
{
	const cJSON *names;
	int result;

	if (!cJSON_IsObject(v->at->item))
		return 0;
	cJSON_ArrayForEach(names, rule->value) {
		if (json_get(v->at->item, names->string) == NULL)
			continue;
		result = has_members(j, v, names);
		if (result == -1)
			return -1;
		if (result == 0 && judge_explain(j, v->at)) {
			why_add(j->fault, "with ");
			why_name(j->fault, names->string);
			why_add(j->fault, " there must also be ");
			add_missing(j->fault, v->at->item, names);
		}
		if (result == 0)
			return 1;
	}
	return 0;
}
