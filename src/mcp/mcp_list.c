/* SPDX-License-Identifier: MIT */
/* mcp_list.c - tools/list and its like: one page after the other of what a caller may have. */
#include <stdlib.h>
#include <string.h>

#include "mcp/catalog.h"
#include "mcp/cursor.h"
#include "mcp/mcp.h"
#include "mcp/mcp_method.h"
#include "mcp/principal.h"
#include "mcp/prompt.h"
#include "mcp/resource.h"
#include "mcp/service.h"
#include "wire/json.h"

/* What stands at a place of a list. */
struct item {
	const char		*name;		/* by which a cursor goes on behind it */
	const char		*listing;
	const struct tool	*tool;		/* whose scopes it takes; NULL: not of this list */
};

static struct item
tool_at(const struct catalog *c, size_t i)
{
	return (struct item){ c->tools[i]->name, c->tools[i]->listing, c->tools[i] };
}

static struct item
prompt_at(const struct catalog *c, size_t i)
{
	return (struct item){ c->prompts[i]->name, c->prompts[i]->listing, &c->prompts[i]->tool };
}

static struct item
resource_at(const struct catalog *c, size_t i)
{
	const struct resource *r = c->resources[i];

	return (struct item){ r->text, r->listing, r->templated ? NULL : &r->tool };
}

static struct item
template_at(const struct catalog *c, size_t i)
{
	const struct resource *r = c->resources[i];

	return (struct item){ r->text, r->listing, r->templated ? &r->tool : NULL };
}

static const struct list {
	const char	*method, *member;
	struct item	(*at)(const struct catalog *, size_t);
	size_t		 count;		/* where in the catalog their number is */
} lists[] = {
	{ "tools/list", "tools", tool_at, offsetof(struct catalog, ntools) },
	{ "prompts/list", "prompts", prompt_at, offsetof(struct catalog, nprompts) },
	{ "resources/list", "resources", resource_at, offsetof(struct catalog, nresources) },
	{ "resources/templates/list", "resourceTemplates", template_at,
	    offsetof(struct catalog, nresources) },
};

bool
mcp_list_offers(const struct mcp_message *m, const struct tool *t)
{
	return t->off == NULL && principal_may(m->principal, t);
}

/* Where a page begins: behind what the cursor names. -1: no such cursor. */
static int
list_start(const struct mcp *mcp, const struct list *list, size_t count, const cJSON *text,
    size_t *start)
{
	static const uint8_t digest[CRYPTO_DIGEST];
	struct cursor cursor;
	size_t i;
	int result = -1;

	*start = 0;
	if (text == NULL)
		return 0;
	if (!cJSON_IsString(text) ||
	    cursor_open(&cursor, mcp->key, list->method, digest, text->valuestring) == -1)
		return -1;
	for (i = 0; i < count && cursor.at != NULL && result == -1; i++)
		if (strcmp(list->at(mcp->catalog, i).name, cursor.at) == 0) {
			*start = i + 1;
			result = 0;
		}
	free(cursor.at);
	return result;
}

enum mcp_verdict
mcp_list_answer(const struct mcp *mcp, struct mcp_message *m, struct mcp_reply *r)
{
	static const uint8_t digest[CRYPTO_DIGEST];
	const struct list *list = lists;
	const char *last = NULL;
	size_t i, count, given = 0;
	struct item item;

	while (strcmp(list->method, m->method->name) != 0)
		list++;
	count = *(const size_t *)(const void *)((const char *)mcp->catalog + list->count);
	if (list_start(mcp, list, count, json_get(m->rpc.params, "cursor"), &i) == -1)
		return mcp_refuse_params(r, m, "\"cursor\" is not one that %s gave; leave it out "
		    "to begin", list->method);
	mcp_result_open(r, m);
	mcp_result_cacheable(mcp, r, m);
	buf_printf(&r->body, "\"%s\":[", list->member);
	for (; i < count; i++) {
		item = list->at(mcp->catalog, i);
		if (item.tool == NULL || !mcp_list_offers(m, item.tool))
			continue;
		if (given == mcp->list_page)
			break;
		if (given++ > 0)
			buf_putc(&r->body, ',');
		buf_puts(&r->body, item.listing);
		last = item.name;
	}
	buf_puts(&r->body, "],");
	if (i < count) {
		buf_puts(&r->body, "\"nextCursor\":\"");
		/* A list without its cursor would look like the whole. */
		if (cursor_seal(&r->body, mcp->key, list->method, digest, last, 0) == -1)
			r->body.failed = true;
		buf_puts(&r->body, "\",");
	}
	return mcp_result_close(r, m);
}
