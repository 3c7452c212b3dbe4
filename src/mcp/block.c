/* SPDX-License-Identifier: MIT */
/* block.c - the rules, held to the protocol's shapes by a sample; what they draw. See block.h. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/block.h"
#include "mcp/content.h"
#include "mcp/failure.h"
#include "mcp/media.h"
#include "mcp/pick.h"
#include "mcp/service.h"
#include "wire/json.h"
#include "wire/pointer.h"

/* The kinds, each with what it must have: all of the first, and one of the others. */
static const struct kind {
	const char	*name;
	const char	*all[2];
	const char	*one[2];
} kinds[] = {
	{ "text", { "/text" }, { NULL } },
	{ "image", { "/data", "/mimeType" }, { NULL } },
	{ "audio", { "/data", "/mimeType" }, { NULL } },
	{ "resource", { "/resource/uri" }, { "/resource/text", "/resource/blob" } },
	{ "resource_link", { "/uri", "/name" }, { NULL } },
};

#define KINDS	(sizeof kinds / sizeof kinds[0])

/* ====== Loading ====== */

/* What a member may be, where the answer says what it is. */
static const struct {
	const char	*name;
	const char	*json;
} samples[] = {
	{ "annotations", "{}" }, { "audience", "[]" }, { "blob", "\"\"" }, { "data", "\"\"" },
	{ "description", "\"\"" }, { "icons", "[]" },
	{ "lastModified", "\"1970-01-01T00:00:00Z\"" }, { "mimeType", "\"a/b\"" },
	{ "name", "\"\"" }, { "priority", "0" }, { "resource", "{\"uri\":\"x:y\",\"text\":\"\"}" },
	{ "size", "0" }, { "text", "\"\"" }, { "title", "\"\"" }, { "uri", "\"x:y\"" },
};

/*
 * The block of a rule, behind lists of lists, its place appended. NULL, with the fault said: what
 * else a list of a result may have is of no use here.
 */
static cJSON *
inner_rule(cJSON *rule, char *place, size_t placelen, struct spec_fault *f)
{
	static const struct spec_key keys[] = {
		{ "each", SPEC_STRING, true },
		{ "item", SPEC_OBJECT, true },
		{ "order", SPEC_STRING, false },
		{ NULL, SPEC_ANY, false },
	};
	size_t len;
	int depth;

	for (depth = 0; pick_is_list(rule) && depth < LIMIT_PICK_DEPTH; depth++) {
		if (spec_check(rule, keys, place, f) == -1)
			return NULL;
		rule = json_get(rule, "item");
		len = strlen(place);
		snprintf(place + len, placelen - len, "/item");
	}
	return rule;
}

/*
 * A block as a rule may draw it, what is constant as it is; *out is NULL for a member that no block
 * has. 0 or -1 (memory).
 */
static int
sample_of(cJSON **out, const cJSON *pick, const char *name)
{
	const cJSON *child, *value = json_get(pick, "value");
	struct json_fault fault;
	cJSON *member;
	size_t i;

	*out = NULL;
	if (strcmp(name, "type") == 0)
		value = pick;
	if (value != NULL) {
		*out = cJSON_Duplicate(value, 1);
		return *out == NULL ? -1 : 0;
	}
	if (pick_is_object(pick)) {
		*out = cJSON_CreateObject();
		cJSON_ArrayForEach(child, pick)
			if (sample_of(&member, child, child->string) == -1 ||
			    (member != NULL && json_put(*out, child->string, member) == -1)) {
				cJSON_Delete(*out);
				*out = NULL;
				break;
			}
		return *out == NULL ? -1 : 0;
	}
	for (i = 0; i < sizeof samples / sizeof samples[0]; i++)
		if (strcmp(name, samples[i].name) == 0) {
			*out = json_parse(samples[i].json, strlen(samples[i].json), &fault);
			return *out == NULL ? -1 : 0;
		}
	return 0;
}

/* That each member of a rule is one that is known where it stands: what is not was taken out. */
static int
check_members(const cJSON *rule, const cJSON *sample, const char *place, struct spec_fault *f)
{
	const cJSON *child, *member;
	char at[2 * SPEC_PLACE];

	cJSON_ArrayForEach(child, rule) {
		member = json_get(sample, child->string);
		snprintf(at, sizeof at, "%.512s/%.128s", place, child->string);
		if (member == NULL)
			return spec_fail(f, at, "is no member that the protocol knows here");
		if (pick_is_object(child) && check_members(child, member, at, f) == -1)
			return -1;
	}
	return 0;
}

/* A block of picks: held to the protocol. Its type is then a constant like any other. */
static int
load_rule(cJSON *rule, const char *place, struct spec_fault *f)
{
	cJSON *type = json_get(rule, "type"), *constant, *sample = NULL;
	struct content_fault wrong;
	char at[2 * SPEC_PLACE];
	int result = -1;

	if (!pick_is_object(rule))
		return spec_fail(f, place, "must be a block of picks in an object, or {\"each\": "
		    "POINTER, \"item\": BLOCK}");
	if (sample_of(&sample, rule, "") == -1)
		spec_fail(f, place, "out of memory");
	else if (content_check_block(sample, &wrong) == -1) {
		snprintf(at, sizeof at, "%.512s%s", place, wrong.place);
		spec_fail(f, at, "%s", wrong.why);
	} else
		result = check_members(rule, sample, place, f);
	cJSON_Delete(sample);
	if (result == -1)
		return -1;
	constant = cJSON_CreateObject();
	if (json_put(constant, "value", cJSON_Duplicate(type, 1)) == 0 &&
	    json_replace(rule, type, constant) == 0)
		return 0;
	cJSON_Delete(constant);
	return spec_fail(f, place, "out of memory");
}

int
block_load(cJSON **out, const struct tool *t, const cJSON *spec, const char *place,
    struct spec_fault *f)
{
	char at[SPEC_PLACE], below[SPEC_PLACE / 4] = "", why[256];
	cJSON *rule, *inner;
	size_t i = 0, len;

	if (t->form != TOOL_PICKS)
		return spec_fail(f, place, "goes with a \"response\" of picks; \"mcp\" and \"raw\" "
		    "have the content already");
	if (t->write)
		return spec_fail(f, place, "goes with a tool that reads: what a write gave is "
		    "kept, and given again without it");
	if (cJSON_GetArraySize(spec) < 1 || cJSON_GetArraySize(spec) > LIMIT_BLOCK_RULES)
		return spec_fail(f, place, "must have 1 to %d blocks", LIMIT_BLOCK_RULES);
	*out = cJSON_Duplicate(spec, 1);
	if (*out == NULL)
		return spec_fail(f, place, "out of memory");
	cJSON_ArrayForEach(rule, *out) {
		snprintf(at, sizeof at, "%.256s/%zu", place, i++);
		len = strlen(at);
		inner = inner_rule(rule, at, sizeof at, f);
		if (inner == NULL || load_rule(inner, at, f) == -1)
			return -1;
		if (pick_check(rule, t->known, below, sizeof below, why, sizeof why) == -1) {
			snprintf(at + len, sizeof at - len, "%s", below);
			return spec_fail(f, at, "%s", why);
		}
	}
	return 0;
}

/* ====== Drawing ====== */

struct drawing {
	struct buf	*out;
	size_t		 room, media;		/* bytes that there are still */
	size_t		 drawn;
	size_t		 left[KINDS];		/* how many of each had no room */
	struct failure	*f;
};

static size_t
kind_of(const cJSON *block)
{
	size_t kind = 0;

	while (strcmp(kinds[kind].name, json_str(block, "type")) != 0)
		kind++;
	return kind;
}

/* Whether the answer had all that makes the block one. */
static bool
is_there(const cJSON *block, const struct kind *kind)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (kind->all[i] != NULL && pointer_get(block, kind->all[i]) == NULL)
			return false;
	return kind->one[0] == NULL || pointer_get(block, kind->one[0]) != NULL ||
	    pointer_get(block, kind->one[1]) != NULL;
}

/* One block. 0, or -1 with the failure. */
static int
draw_block(struct drawing *d, cJSON *block)
{
	size_t kind = kind_of(block), media;
	struct content_fault wrong;
	struct buf text;
	int result = 0;

	if (!is_there(block, &kinds[kind]))
		return 0;
	if (content_check_block(block, &wrong) == -1)
		return failure_content(d->f, kinds[kind].name, &wrong);
	media = media_bytes(block);
	buf_init(&text, d->room + media);
	if (d->drawn == LIMIT_BLOCKS || media > d->media || json_print(&text, block) == -1 ||
	    text.len >= d->room + media) {
		d->left[kind]++;
		if (text.starved)
			result = failure_memory(d->f);
	} else {
		d->drawn++;
		d->media -= media;
		d->room -= text.len + 1 - media;
		buf_putc(d->out, ',');
		if (buf_append(d->out, text.data, text.len) == -1)
			result = failure_memory(d->f);
	}
	buf_finish(&text);
	return result;
}

/* A block, or lists of them. */
static int
draw_all(struct drawing *d, cJSON *drawn)
{
	cJSON *item;
	int result = 0;

	if (!cJSON_IsArray(drawn))
		return draw_block(d, drawn);
	for (item = drawn->child; item != NULL && result == 0; item = item->next)
		result = draw_all(d, item);
	return result;
}

/* What a rule makes of a value of the answer. */
static int
draw_value(struct drawing *d, const cJSON *rule, const cJSON *value, const cJSON *args)
{
	const char *why;
	cJSON *drawn;
	int result;

	if (pick_apply(rule, value, args, &drawn, &why) == -1)
		return failure_pick(d->f, why);
	result = drawn == NULL ? 0 : draw_all(d, drawn);
	cJSON_Delete(drawn);
	return result;
}

/* Whether a rule is for each item of the result's list: both go through it as it stands. */
static bool
is_of_list(const struct tool *t, const cJSON *rule)
{
	const cJSON *list = t->list == NULL ? NULL : json_get(t->response, t->list);

	return pick_is_list(rule) && list != NULL && pick_is_object(json_get(list, "item")) &&
	    strcmp(json_str(rule, "each"), json_str(list, "each")) == 0 &&
	    json_get(rule, "order") == NULL && json_get(list, "order") == NULL;
}

static int
draw_rule(struct drawing *d, const struct tool *t, const cJSON *rule, const cJSON *document,
    const cJSON *args, const struct block_page *page)
{
	const cJSON *item;
	size_t i = 0;
	int result = 0;

	if (!is_of_list(t, rule))
		return page->first ? draw_value(d, rule, document, args) : 0;
	cJSON_ArrayForEach(item, pointer_get(document, json_str(rule, "each"))) {
		if (result == 0 && i >= page->from && i - page->from < page->count)
			result = draw_value(d, json_get(rule, "item"), item, args);
		i++;
	}
	return result;
}

/* Say what was left out, outside of the room for it. */
static int
put_left(const struct drawing *d)
{
	size_t i;
	bool any = false;

	for (i = 0; i < KINDS; i++) {
		if (d->left[i] == 0)
			continue;
		buf_printf(d->out, "%s%zu of %s", any ? ", " : ",{\"type\":\"text\",\"text\":"
		    "\"Left out, for the result would be too large: ", d->left[i], kinds[i].name);
		any = true;
	}
	if (any)
		buf_puts(d->out, "\"}");
	return d->out->failed ? failure_memory(d->f) : 0;
}

int
block_draw(struct buf *out, const struct tool *t, const cJSON *document, const cJSON *args,
    const struct block_page *page, size_t room, struct failure *f)
{
	struct drawing d = { .out = out, .room = room, .media = LIMIT_MEDIA, .f = f };
	const cJSON *rule;

	out->cap = out->len + room + LIMIT_MEDIA + LIMIT_BLOCKS_LEFT;
	cJSON_ArrayForEach(rule, t->content)
		if (draw_rule(&d, t, rule, document, args, page) == -1)
			return -1;
	return put_left(&d);
}
