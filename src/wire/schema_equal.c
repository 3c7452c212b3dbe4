/* SPDX-License-Identifier: MIT */
/*
 * schema_equal.c - equality as JSON Schema defines it: numbers by value, objects
 * without order; and uniqueItems, which sorts by a hash so that only values that
 * are likely to be equal are compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/schema_node.h"

/* Members passed in one step of a search by name. */
#define MEMBERS_PER_STEP	16

struct hashed {
	uint64_t	 hash;
	size_t		 index;
	const cJSON	*item;
};

static int	 equal(struct judge *, const struct place *, const cJSON *, const cJSON *, int);
static int	 equal_arrays(struct judge *, const struct place *, const cJSON *, const cJSON *,
		    int);
static int	 equal_objects(struct judge *, const struct place *, const cJSON *, const cJSON *,
		    int);
static uint64_t	 hash_bytes(const void *, size_t, uint64_t);
static uint64_t	 hash_item(const cJSON *, int);
static int	 find_twins(struct judge *, const struct visit *, const struct hashed *, size_t);

const char *
number_text(const cJSON *item, char room[NUMBER_TEXT])
{
	if (item->valuestring != NULL)
		return item->valuestring;
	snprintf(room, NUMBER_TEXT, "%.17g", item->valuedouble);
	return room;
}

bool
number_is_integer(const cJSON *item)
{
	char room[NUMBER_TEXT];

	return cJSON_IsNumber(item) && decimal_multiple(number_text(item, room), "1");
}

static int
equal(struct judge *j, const struct place *at, const cJSON *a, const cJSON *b, int depth)
{
	char room[2][NUMBER_TEXT];

	if (judge_work(j, at, 1) == -1)
		return -1;
	if (depth >= LIMIT_SCHEMA_DEPTH)
		return judge_stop(j, at, "could not be checked: it is nested too deeply");
	if ((a->type & 0xff) != (b->type & 0xff))
		return 0;
	if (cJSON_IsNumber(a))
		return decimal_compare(number_text(a, room[0]), number_text(b, room[1])) == 0;
	if (cJSON_IsString(a))
		return strcmp(a->valuestring, b->valuestring) == 0;
	if (cJSON_IsArray(a))
		return equal_arrays(j, at, a, b, depth);
	if (cJSON_IsObject(a))
		return equal_objects(j, at, a, b, depth);
	return 1;
}

static int
equal_arrays(struct judge *j, const struct place *at, const cJSON *a, const cJSON *b, int depth)
{
	const cJSON *x = a->child, *y = b->child;
	int same = 1;

	for (; x != NULL && y != NULL && same == 1; x = x->next, y = y->next)
		same = equal(j, at, x, y, depth + 1);
	return same == 1 ? x == NULL && y == NULL : same;
}

static int
equal_objects(struct judge *j, const struct place *at, const cJSON *a, const cJSON *b, int depth)
{
	size_t n = (size_t)cJSON_GetArraySize(a);
	const cJSON *x, *y;
	int same = 1;

	if (n != (size_t)cJSON_GetArraySize(b))
		return 0;
	for (x = a->child; x != NULL && same == 1; x = x->next) {
		if (judge_work(j, at, n / MEMBERS_PER_STEP) == -1)
			return -1;
		y = json_get(b, x->string);
		same = y == NULL ? 0 : equal(j, at, x, y, depth + 1);
	}
	return same;
}

int
json_equal(struct judge *j, const struct place *at, const cJSON *a, const cJSON *b)
{
	return equal(j, at, a, b, 0);
}

/* FNV-1a. */
static uint64_t
hash_bytes(const void *data, size_t len, uint64_t hash)
{
	const unsigned char *p = data;

	for (; len > 0; len--, p++)
		hash = (hash ^ *p) * UINT64_C(0x100000001b3);
	return hash;
}

/* Equal values have equal hashes: a number's double is the same however it is written. */
static uint64_t
hash_item(const cJSON *item, int depth)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) + (unsigned)(item->type & 0xff), sum = 0;
	const cJSON *child;
	double d;

	if (depth >= LIMIT_SCHEMA_DEPTH)
		return hash;
	if (cJSON_IsNumber(item)) {
		d = item->valuedouble == 0 ? 0 : item->valuedouble;
		return hash_bytes(&d, sizeof d, hash);
	}
	if (cJSON_IsString(item))
		return hash_bytes(item->valuestring, strlen(item->valuestring), hash);
	cJSON_ArrayForEach(child, item) {
		sum = hash_item(child, depth + 1);
		if (cJSON_IsArray(item))
			hash = hash_bytes(&sum, sizeof sum, hash);
		else
			hash += hash_bytes(child->string, strlen(child->string), sum);
	}
	return hash;
}

static int
compare_hashed(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorted by hash: compare each item with those of its hash before it. */
static int
find_twins(struct judge *j, const struct visit *v, const struct hashed *list, size_t n)
{
	size_t first = 0, i, k;
	int same;

	for (i = 1; i < n; i++) {
		if (list[i].hash != list[first].hash)
			first = i;
		for (k = first; k < i; k++) {
			same = json_equal(j, v->at, list[k].item, list[i].item);
			if (same == -1)
				return -1;
			if (same == 1)
				return judge_fail(j, v, "must hold no item twice: items %zu and "
				    "%zu (from 0) are equal", list[k].index, list[i].index);
		}
	}
	return 0;
}

int
check_unique_items(struct judge *j, const struct rule *rule, struct visit *v)
{
	size_t i = 0, n = (size_t)cJSON_GetArraySize(v->at->item);
	struct hashed *list;
	const cJSON *item;
	int result;

	if (!cJSON_IsTrue(rule->value) || !cJSON_IsArray(v->at->item) || n < 2)
		return 0;
	if (judge_work(j, v->at, n) == -1)
		return -1;
	list = calloc(n, sizeof *list);
	if (list == NULL)
		return judge_stop(j, v->at, "could not be checked: out of memory");
	cJSON_ArrayForEach(item, v->at->item) {
		list[i].hash = hash_item(item, 0);
		list[i].index = i;
		list[i].item = item;
		i++;
	}
	qsort(list, n, sizeof *list, compare_hashed);
	result = find_twins(j, v, list, n);
	free(list);
	return result;
}
