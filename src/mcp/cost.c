/* SPDX-License-Identifier: MIT */
/* cost.c - see cost.h. */
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/catalog.h"
#include "mcp/cost.h"
#include "mcp/service.h"

#define BYTES_PER_TOKEN	4
#define DEAREST		3	/* tools that a warning names */

/* Its JSON and a comma. */
static size_t
bytes(const struct tool *t)
{
	return strlen(t->listing) + 1;
}

size_t
cost_of(size_t len)
{
	return (len + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
}

size_t
cost_tokens(const struct tool *t)
{
	return cost_of(bytes(t));
}

void
cost_sum(const struct catalog *c, struct cost *out)
{
	size_t i;

	memset(out, 0, sizeof *out);
	for (i = 0; i < c->ntools; i++) {
		if (c->tools[i]->off != NULL)
			continue;
		out->tools++;
		out->bytes += bytes(c->tools[i]);
		out->tokens += cost_tokens(c->tools[i]);
	}
}

/* The dearest tools that are on, dearest first; of equal ones the first in the list. How many. */
static size_t
find_dearest(const struct catalog *c, const struct tool *dearest[DEAREST])
{
	const struct tool *t;
	size_t i, k, count = 0;

	for (i = 0; i < c->ntools; i++) {
		t = c->tools[i];
		if (t->off != NULL)
			continue;
		for (k = count; k > 0 && cost_tokens(dearest[k - 1]) < cost_tokens(t); k--)
			if (k < DEAREST)
				dearest[k] = dearest[k - 1];
		if (k == DEAREST)
			continue;
		dearest[k] = t;
		count += count < DEAREST;
	}
	return count;
}

int
cost_warn(struct buf *out, const struct catalog *c)
{
	const struct tool *dearest[DEAREST];
	struct cost sum;
	size_t i, count;

	cost_sum(c, &sum);
	if (sum.tokens <= LIMIT_LIST_TOKENS)
		return 0;
	buf_printf(out, "tools/list takes about %zu tokens of every conversation, more than %d; "
	    "most of all ", sum.tokens, LIMIT_LIST_TOKENS);
	count = find_dearest(c, dearest);
	for (i = 0; i < count; i++)
		buf_printf(out, "%s%s (%zu)", i == 0 ? "" : i + 1 < count ? ", " : " and ",
		    dearest[i]->name, cost_tokens(dearest[i]));
	return buf_puts(out, "; shorten them in their service file, or leave some out with "
	    "tools_off");
}
