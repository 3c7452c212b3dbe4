/* SPDX-License-Identifier: MIT */
/* catalog.c - what is offered, each under a name of its own; see catalog.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "mcp/catalog.h"
#include "mcp/prompt.h"
#include "mcp/resource.h"
#include "mcp/service.h"
#include "mcp/tool.h"
#include "wire/json.h"
#include "wire/urimatch.h"

/* The tool that the bridge answers itself. NULL: out of memory. */
static struct tool *
own_tool(void)
{
	static const char input[] = "{\"type\":\"object\",\"additionalProperties\":false}";
	static const char output[] = "{\"type\":\"object\",\"properties\":{"
	    "\"server\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"},"
	    "\"services\":{\"type\":\"array\"},\"tools\":{\"type\":\"array\"},"
	    "\"tools_off\":{\"type\":\"array\"},\"limits\":{\"type\":\"object\"},"
	    "\"rates\":{\"type\":\"array\"},\"breakers\":{\"type\":\"object\"},"
	    "\"store\":{\"type\":\"string\"},"
	    "\"caller\":{\"type\":\"string\"}},"
	    "\"required\":[\"server\",\"version\",\"tools\",\"tools_off\",\"limits\",\"caller\"]}";
	struct tool *t = calloc(1, sizeof *t);
	struct schema_fault schema_fault;
	struct json_fault fault;
	struct buf out;

	if (t == NULL)
		return NULL;
	t->name = "server_info";
	t->input = json_parse(input, sizeof input - 1, &fault);
	t->output = json_parse(output, sizeof output - 1, &fault);
	if (t->input != NULL && t->output != NULL) {
		t->arguments = schema_create(t->input, &schema_fault);
		t->result = schema_create(t->output, &schema_fault);
	}
	buf_init(&out, LIMIT_SERVICE_FILE);
	buf_printf(&out, "{\"name\":\"%s\",\"title\":\"Server info\",\"description\":"
	    "\"What this bridge can do now: tools that are on, tools that are off and why, limits, "
	    "and who you are to it.\",\"inputSchema\":%s,\"outputSchema\":%s,\"annotations\":"
	    "{\"readOnlyHint\":true,\"destructiveHint\":false,\"idempotentHint\":true,"
	    "\"openWorldHint\":false}}", t->name, input, output);
	t->listing = buf_take(&out);
	if (t->listing != NULL && t->arguments != NULL && t->result != NULL)
		return t;
	tool_finish(t);
	free(t);
	return NULL;
}

/* The tools of all services and our own: a name is one tool's. 0 or -1. */
static int
shelve_tools(struct catalog *c, char *why, size_t whylen)
{
	struct service *s;
	size_t i, j, k;

	for (i = 0; i < c->nservices; i++) {
		s = &c->services[i];
		for (k = 0; k < i; k++)
			if (strcmp(s->name, c->services[k].name) == 0) {
				snprintf(why, whylen, "%s: /name: \"%s\" is the name of %s too",
				    s->file, s->name, c->services[k].file);
				return -1;
			}
		for (k = 0; k < s->ntools; k++)
			c->tools[c->ntools++] = &s->tools[k];
		for (k = 0; k < s->ntools; k++)
			c->follows |= s->tools[k].follow.look != NULL;
	}
	c->tools[c->ntools++] = c->own;
	for (i = 0; i < c->ntools; i++)
		for (j = 0; j < i; j++)
			if (strcmp(c->tools[i]->name, c->tools[j]->name) == 0) {
				snprintf(why, whylen, "%s: a tool named \"%s\" is in %s already; "
				    "rename one", c->tools[i]->service == NULL ? "the bridge" :
				    c->tools[i]->service->file, c->tools[i]->name,
				    c->tools[j]->service->file);
				return -1;
			}
	return 0;
}

/* The resources and prompts of all services: a name is one prompt's, a URI one resource's. */
static int
shelve_others(struct catalog *c, char *why, size_t whylen)
{
	const struct resource *resource;
	const struct prompt *prompt;
	const cJSON *argument;
	struct service *s;
	size_t i, j, k;

	for (i = 0; i < c->nservices; i++) {
		s = &c->services[i];
		for (k = 0; k < s->nresources; k++) {
			resource = &s->resources[k];
			for (j = 0; j < c->nresources; j++)
				if (strcmp(c->resources[j]->text, resource->text) == 0) {
					snprintf(why, whylen, "%s: the resource \"%s\" is in %s "
					    "already", s->file, resource->text,
					    c->resources[j]->tool.service->file);
					return -1;
				}
			c->completes |= resource->completes != NULL;
			c->subscribes |= resource->every_ms != 0;
			c->pushes |= resource->push.is_set;
			c->resources[c->nresources++] = &s->resources[k];
		}
		for (k = 0; k < s->nprompts; k++) {
			prompt = catalog_prompt(c, s->prompts[k].name);
			if (prompt != NULL) {
				snprintf(why, whylen, "%s: a prompt named \"%s\" is in %s "
				    "already; rename one", s->file, prompt->name,
				    prompt->service->file);
				return -1;
			}
			cJSON_ArrayForEach(argument, s->prompts[k].arguments)
				c->completes |= json_get(argument, "complete") != NULL;
			c->prompts[c->nprompts++] = &s->prompts[k];
		}
	}
	return 0;
}

int
catalog_init(struct catalog *c, struct service *services, size_t nservices, char *why,
    size_t whylen)
{
	size_t i, tools = 1, resources = 1, prompts = 1;

	*c = (struct catalog){ .services = services, .nservices = nservices };
	for (i = 0; i < nservices; i++) {
		tools += services[i].ntools;
		resources += services[i].nresources;
		prompts += services[i].nprompts;
	}
	c->own = own_tool();
	c->tools = calloc(tools, sizeof *c->tools);
	c->resources = calloc(resources, sizeof *c->resources);
	c->prompts = calloc(prompts, sizeof *c->prompts);
	if (c->own == NULL || c->tools == NULL || c->resources == NULL || c->prompts == NULL ||
	    tools > LIMIT_TOOLS) {
		snprintf(why, whylen, "more than %d tools, or out of memory", LIMIT_TOOLS);
		return -1;
	}
	return shelve_tools(c, why, whylen) == -1 ? -1 : shelve_others(c, why, whylen);
}

void
catalog_finish(struct catalog *c)
{
	size_t i;

	for (i = 0; i < c->nservices; i++)
		service_finish(&c->services[i]);
	free(c->services);
	if (c->own != NULL)
		tool_finish(c->own);
	free(c->own);
	free(c->tools);
	free(c->resources);
	free(c->prompts);
	memset(c, 0, sizeof *c);
}

const struct tool *
catalog_find(const struct catalog *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->ntools; i++)
		if (strcmp(c->tools[i]->name, name) == 0)
			return c->tools[i];
	return NULL;
}

struct tool *
catalog_part(const struct catalog *c, size_t i)
{
	if (i < c->ntools)
		return c->tools[i];
	i -= c->ntools;
	if (i < c->nresources)
		return &c->resources[i]->tool;
	i -= c->nresources;
	return i < c->nprompts ? &c->prompts[i]->tool : NULL;
}

const struct prompt *
catalog_prompt(const struct catalog *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nprompts; i++)
		if (strcmp(c->prompts[i]->name, name) == 0)
			return c->prompts[i];
	return NULL;
}

int
catalog_resource(const struct catalog *c, const char *uri, const struct resource **out,
    cJSON **args)
{
	int match = 0;
	size_t i;

	for (i = 0; i < c->nresources && match == 0; i++) {
		match = urimatch_apply(c->resources[i]->uri, uri, args);
		*out = c->resources[i];
	}
	return match;
}
