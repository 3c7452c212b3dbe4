/* SPDX-License-Identifier: MIT */
/* test_overlay.c - tools of a service file, picked, renamed and described anew by an operator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "check.h"
#include "mcp/service.h"
#include "wire/json.h"

#define TOOL(name, more) \
	"{\"name\":\"" name "\",\"description\":\"Old.\",\"inputSchema\":{\"type\":\"object\"}," more \
	"\"response\":{}}"
#define GET "\"request\":{\"method\":\"GET\",\"url\":\"/x\"},"
#define POST "\"write\":true,\"request\":{\"method\":\"POST\",\"url\":\"/x\"},"

static const char service[] =
    "{\"name\":\"acme\",\"base_url\":\"https://api.example.org\",\"tools\":["
    TOOL("send_sms", POST "\"preview\":\"preview_sms\",") "," TOOL("preview_sms", GET) ","
    TOOL("list_sms", GET) "," TOOL("get_sms", GET) "]}";

static char folder[] = "/tmp/test_overlay.XXXXXX", service_path[64], overlay_path[64];

/* An overlay, and the names that come of it or a part of the reason. */
static const struct {
	const char	*overlay, *want;
} cases[] = {
	{ "{}", "send_sms preview_sms list_sms get_sms" },
	{ "{\"$comment\":\"c\"}", "send_sms preview_sms list_sms get_sms" },
	{ "{\"prefix\":\"acme_\"}", "acme_send_sms acme_preview_sms acme_list_sms acme_get_sms" },
	{ "{\"only\":[\"list_sms\",\"get_*\"]}", "list_sms get_sms" },
	{ "{\"only\":[\"*_sms\"],\"prefix\":\"a.\",\"tools\":{\"list_sms\":{\"name\":\"texts\"}}}",
	    "a.send_sms a.preview_sms texts a.get_sms" },
	{ "{\"tools\":{\"preview_sms\":{\"name\":\"look\"}}}", "send_sms look list_sms get_sms" },
	{ "{\"tools\":{\"send_sms\":{\"policy\":\"confirm\",\"title\":\"T\",\"description\":\"New.\"}}}",
	    "send_sms preview_sms list_sms get_sms" },
	{ "[]", "!over.json: /: must be an object" }, { "{\"only\":7}", "!/only: must be an array" },
	{ "{\"only\":[]}", "!/only: must name a tool" }, { "{\"only\":[7]}", "!/only: must be an array of names" },
	{ "{\"only\":[\"nothing\"]}", "!/only: no tool of the service file matches \"nothing\"" },
	{ "{\"prefix\":\"\"}", "!/prefix: must be a string" }, { "{\"colour\":1}", "!/colour: unknown key" },
	{ "{\"tools\":{\"sms\":{}}}", "!/tools/sms: the service file has no tool of this name" },
	{ "{\"tools\":{\"send_sms\":{\"write\":false}}}", "!/tools/send_sms/write: unknown key" },
	{ "{\"tools\":{\"send_sms\":7}}", "!/tools/send_sms: must be an object" },
	{ "{", "!over.json:1:2: not JSON" },
	{ "{\"prefix\":\"a b\"}", "!demo.json: /tools/0: \"name\" must be" },
	{ "{\"only\":[\"send_sms\"]}", "!names no tool of this file that is taken" },
	{ "{\"tools\":{\"list_sms\":{\"name\":\"get_sms\"}}}", "!/tools/3: a second tool named \"get_sms\"" },
	{ "{\"tools\":{\"list_sms\":{\"text\":\"csv\"}}}",
	    "!over.json: /tools/list_sms: \"text\" must be \"json\", or \"table\"" },
	{ "{\"tools\":{\"list_sms\":{\"text\":\"table\"}}}", "!/tools/2: \"text\": \"table\" is for" },
	{ "{\"tools\":{\"list_sms\":{\"policy\":\"confirm\"}}}", "!/tools/2: \"policy\": \"confirm\"" },
};

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CHECK(f != NULL && fputs(text, f) != EOF && fclose(f) == 0, "%s", path);
}

static void
settings(void *arg, const char *name, struct service_settings *out)
{
	CHECK(strcmp(name, "acme") == 0, "%s", name);
	out->overlay = arg;
}

static void
run_case(size_t i)
{
	char why[1024] = "";
	struct service s;
	struct buf names;
	size_t k;
	int result;

	write_file(overlay_path, cases[i].overlay);
	result = service_load(&s, service_path, settings, overlay_path, why, sizeof why);
	if (cases[i].want[0] == '!')
		CHECK(result == -1 && strstr(why, cases[i].want + 1) != NULL, "%s: %d %s",
		    cases[i].overlay, result, why);
	else {
		buf_init(&names, 4096);
		for (k = 0; result == 0 && k < s.ntools; k++)
			buf_printf(&names, "%s%s", k == 0 ? "" : " ", s.tools[k].name);
		CHECK(result == 0 && strcmp(buf_str(&names), cases[i].want) == 0, "%s: %s %s",
		    cases[i].overlay, why, buf_str(&names));
		CHECK(result == -1 || s.ntools < 3 || s.tools[0].preview == &s.tools[1], "its preview");
		buf_finish(&names);
	}
	service_finish(&s);
}

/* What is said anew is what clients are told, and a policy is one. */
static void
run_words(void)
{
	char why[1024] = "";
	struct service s;

	write_file(overlay_path, "{\"tools\":{\"send_sms\":{\"policy\":\"confirm\",\"title\":\"T\","
	    "\"description\":\"New.\"}}}");
	CHECK(service_load(&s, service_path, settings, overlay_path, why, sizeof why) == 0, "%s", why);
	CHECK(s.tools[0].policy == POLICY_CONFIRM && strstr(s.tools[0].listing,
	    "\"title\":\"T\",\"description\":\"New.\"") != NULL, "%s", s.tools[0].listing);
	CHECK(strstr(s.tools[1].listing, "\"description\":\"Old.\"") != NULL, "%s", s.tools[1].listing);
	service_finish(&s);
	unlink(overlay_path);
	CHECK(service_load(&s, service_path, settings, overlay_path, why, sizeof why) == -1 &&
	    strstr(why, "over.json") != NULL, "%s", why);
	service_finish(&s);
}

int
main(void)
{
	size_t i;

	CHECK(mkdtemp(folder) != NULL, "a folder");
	snprintf(service_path, sizeof service_path, "%s/demo.json", folder);
	snprintf(overlay_path, sizeof overlay_path, "%s/over.json", folder);
	write_file(service_path, service);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		run_case(i);
	run_words();
	unlink(service_path);
	rmdir(folder);
	return check_done();
}
