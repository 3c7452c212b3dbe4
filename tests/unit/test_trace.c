/* SPDX-License-Identifier: MIT */
/* test_trace.c - wire/trace: which traceparent is gone on with, and what is passed on. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "wire/trace.h"

#define ID	"4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN	"00f067aa0ba902b7"

static const struct {
	const char	*name;
	const char	*header;
	const char	*flags;		/* NULL: a trace of our own begins */
} cases[] = {
	{ "sampled", "00-" ID "-" SPAN "-01", "01" },
	{ "not sampled", "00-" ID "-" SPAN "-00", "00" },
	{ "all flags", "00-" ID "-" SPAN "-ff", "ff" },
	{ "a later version", "01-" ID "-" SPAN "-01", "01" },
	{ "a later version goes on", "cc-" ID "-" SPAN "-01-what-the-future-says", "01" },
	{ "none", NULL, NULL },
	{ "empty", "", NULL },
	{ "version ff", "ff-" ID "-" SPAN "-01", NULL },
	{ "version 00 goes on", "00-" ID "-" SPAN "-01-x", NULL },
	{ "later version without hyphen", "01-" ID "-" SPAN "-01x", NULL },
	{ "zero trace", "00-00000000000000000000000000000000-" SPAN "-01", NULL },
	{ "zero span", "00-" ID "-0000000000000000-01", NULL },
	{ "capitals", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", NULL },
	{ "no hex in the version", "0x-" ID "-" SPAN "-01", NULL },
	{ "no hex in the trace", "00-4bf92f3577b34da6a3ce929d0e0e473g-" SPAN "-01", NULL },
	{ "no hex in the span", "00-" ID "-00f067aa0ba902bg-01", NULL },
	{ "no hex in the flags", "00-" ID "-" SPAN "-0g", NULL },
	{ "too short", "00-" ID "-" SPAN "-0", NULL },
	{ "other separators", "00_" ID "_" SPAN "_01", NULL },
	{ "space before", " 00-" ID "-" SPAN "-01", NULL },
	{ "space behind", "00-" ID "-" SPAN "-01 ", NULL },
	{ "trace alone", "00-" ID, NULL },
};

int
main(void)
{
	uint8_t random[24];
	char out[TRACE_HEADER], want[TRACE_HEADER + 32];
	struct trace t;
	size_t i;

	for (i = 0; i < sizeof random; i++)
		random[i] = (uint8_t)(i * 11);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		memset(&t, 'x', sizeof t);
		trace_begin(&t, cases[i].header, random);
		trace_header(&t, out);
		snprintf(want, sizeof want, "00-%s-b0bbc6d1dce7f2fd-%s",
		    cases[i].flags == NULL ? "000b16212c37424d58636e79848f9aa5" : ID,
		    cases[i].flags == NULL ? "00" : cases[i].flags);
		CHECK(strcmp(out, want) == 0, "%s: %s", cases[i].name, out);
		CHECK(strcmp(t.span, "b0bbc6d1dce7f2fd") == 0, "%s: span %s", cases[i].name, t.span);
	}
	return check_done();
}
