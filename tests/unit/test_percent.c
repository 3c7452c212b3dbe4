/* SPDX-License-Identifier: MIT */
/* test_percent.c - wire/percent: every triplet there is, what is none, and each byte's class. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "wire/percent.h"

static const char *const broken[] = {
	"", "%", "%4", "%%41", "41", "%4g", "%g4", "%-1", "% 1", "%+1", "%0x", "%4\xc3", "x%41",
};

int
main(void)
{
	char text[8];
	size_t i;
	int c;

	for (c = 0; c < 256; c++) {
		snprintf(text, sizeof text, "%%%02x", (unsigned)c);
		CHECK(percent_octet(text) == c, "%s", text);
		snprintf(text, sizeof text, "%%%02Xx", (unsigned)c);
		CHECK(percent_octet(text) == c, "%s", text);
		CHECK(percent_is_unreserved((char)c) == (c != 0 && strchr("abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", c) != NULL), "%d", c);
		CHECK(percent_is_reserved((char)c) ==
		    (c != 0 && strchr(":/?#[]@!$&'()*+,;=", c) != NULL), "%d", c);
	}
	for (i = 0; i < sizeof broken / sizeof broken[0]; i++)
		CHECK(percent_octet(broken[i]) == -1, "%s", broken[i]);
	return check_done();
}
