/* SPDX-License-Identifier: MIT */
/* test_step.c - what a step takes out of the arguments before it is made. */
#include <string.h>

#include "base/buf.h"
#include "catalog.h"
#include "check.h"
#include "mcp/service.h"
#include "wire/json.h"

#define TOOL(name, url, next) \
	"{\"name\":\"" name "\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"," \
	"\"properties\":{\"to\":{\"type\":\"string\"}}},\"steps\":[{\"request\":{\"method\":\"GET\"," \
	"\"url\":\"" url "\"},\"find\":{\"argument\":\"to\",\"each\":\"/l\",\"match\":[\"/n\"],\"id\":" \
	"\"/id\",\"as\":\"who\"" next "}}],\"request\":{\"method\":\"GET\",\"url\":\"/x{?who}\"}," \
	"\"response\":{\"id\":\"/id\"}}"

static const char service[] =
    "{\"name\":\"demo\",\"base_url\":\"https://api.example.org\",\"tools\":["
    TOOL("one", "/l", "") "," TOOL("paged", "/l{?step_cursor}", ",\"next_cursor\":\"/next\"") "]}";

static struct catalog catalog;

/* What a step brings is not the caller's to give; a name that it does not bring is. */
static void
check_left(const char *tool, const char *given, const char *want)
{
	struct json_fault fault;
	cJSON *args = json_parse(given, strlen(given), &fault);
	struct buf text;

	buf_init(&text, 1000);
	CHECK(step_is_needed(&catalog_find(&catalog, tool)->steps[0], args) == 1, "%s", tool);
	CHECK(json_print(&text, args) == 0 && strcmp(buf_str(&text), want) == 0, "%s: %s", tool,
	    buf_str(&text));
	buf_finish(&text);
	cJSON_Delete(args);
}

int
main(void)
{
	catalog_of(&catalog, service);
	check_left("one", "{\"to\":\"bob\",\"who\":\"7\",\"step_cursor\":\"mine\"}",
	    "{\"to\":\"bob\",\"step_cursor\":\"mine\"}");
	check_left("paged", "{\"to\":\"bob\",\"who\":\"7\",\"step_cursor\":\"mine\"}",
	    "{\"to\":\"bob\"}");
	catalog_finish(&catalog);
	return check_done();
}
