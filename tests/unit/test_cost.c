/* SPDX-License-Identifier: MIT */
/* test_cost.c - mcp/cost: what is added up, and of what is warned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "catalog.h"
#include "check.h"
#include "mcp/cost.h"
#include "mcp/service.h"

static const char service[] = "{\"name\":\"demo\",\"base_url\":\"https://a\",\"tools\":[%s]}";

/* Make a catalog of tools whose listings then have so many bytes with their commas; 0 ends them. */
static void
make(struct catalog *c, const size_t *bytes)
{
	char tools[4096] = "", text[8192];
	size_t i;

	for (i = 0; bytes[i] != 0; i++)
		snprintf(tools + strlen(tools), sizeof tools - strlen(tools), "%s{\"name\":\"t%zu\","
		    "\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
		    "\"request\":{\"method\":\"GET\",\"url\":\"/\"},\"response\":{}}",
		    i == 0 ? "" : ",", i);
	snprintf(text, sizeof text, service, tools);
	catalog_of(c, text);
	c->own->off = "not in this test";
	for (i = 0; bytes[i] != 0; i++) {
		free(c->tools[i]->listing);
		c->tools[i]->listing = malloc(bytes[i]);
		memset(c->tools[i]->listing, 'x', bytes[i] - 1);
		c->tools[i]->listing[bytes[i] - 1] = '\0';
	}
}

static void
warned(const struct catalog *c, const char *want)
{
	struct buf out;

	buf_init(&out, 1024);
	CHECK(cost_warn(&out, c) == 0 && strstr(buf_str(&out), want) != NULL &&
	    (*want != '\0' || out.len == 0), "%s in: %s", want, buf_str(&out));
	buf_finish(&out);
}

int
main(void)
{
	struct catalog c;
	struct cost sum;
	struct buf small;

	make(&c, (size_t[]){ 4, 5, 8, 0 });
	CHECK(cost_tokens(c.tools[0]) == 1 && cost_tokens(c.tools[1]) == 2, "rounded up");
	cost_sum(&c, &sum);
	CHECK(sum.tools == 3 && sum.bytes == 17 && sum.tokens == 5, "the sum is that of its parts");
	c.tools[1]->off = "off";
	cost_sum(&c, &sum);
	CHECK(sum.tools == 2 && sum.bytes == 12 && sum.tokens == 3, "what is off costs nothing");
	warned(&c, "");
	catalog_finish(&c);

	make(&c, (size_t[]){ 4 * LIMIT_LIST_TOKENS, 0 });
	warned(&c, "");
	catalog_finish(&c);
	make(&c, (size_t[]){ 4 * LIMIT_LIST_TOKENS + 1, 0 });
	warned(&c, "about 4001 tokens");
	warned(&c, "most of all t0 (4001);");
	buf_init(&small, 20);
	CHECK(cost_warn(&small, &c) == -1, "no room");
	buf_finish(&small);
	catalog_finish(&c);

	make(&c, (size_t[]){ 4000, 12000, 4, 8000, 4000, 0 });
	warned(&c, "most of all t1 (3000), t3 (2000) and t0 (1000);");
	c.tools[1]->off = "off";
	warned(&c, "most of all t3 (2000), t0 (1000) and t4 (1000);");
	catalog_finish(&c);
	make(&c, (size_t[]){ 9000, 9000, 0 });
	warned(&c, "most of all t0 (2250) and t1 (2250);");
	catalog_finish(&c);
	return check_done();
}
