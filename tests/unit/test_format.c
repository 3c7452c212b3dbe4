/* SPDX-License-Identifier: MIT */
/* test_format.c - the formats that are asserted; the official suite has more cases. */
#include <stddef.h>

#include "wire/format.h"

#include "check.h"

static void	 test_formats(void);

static void
test_formats(void)
{
	static const struct {
		const char	*name, *text;
		bool		 good;
	} cases[] = {
		{ "date-time", "2024-02-29T00:00:00Z", true },
		{ "date-time", "2023-02-29T00:00:00Z", false },
		{ "date-time", "1900-02-29T00:00:00Z", false },
		{ "date-time", "2000-02-29T00:00:00Z", true },
		{ "date-time", "2000-13-01T00:00:00Z", false },
		{ "date-time", "2000-01-00T00:00:00Z", false },
		{ "date-time", "2000-01-01 00:00:00Z", false },
		{ "date-time", "2000-01-01T00:00:00", false },
		{ "date-time", "2000-01-01T00:00:00.Z", false },
		{ "date-time", "2017-01-01T01:29:60+01:30", true },
		{ "date-time", "2017-01-01T01:29:60-01:30", false },
		{ "date-time", "", false },
		{ "uri", "a:", true }, { "uri", "http://", true }, { "uri", "http://h:80/p", true },
		{ "uri", "http://h:8a/", false }, { "uri", "http://u@h@i/", false },
		{ "uri", "http://[::1]:1/", true }, { "uri", "http://[::g]/", false },
		{ "uri", "http://[::1", false }, { "uri", "http://[v1.a:b]/", true },
		{ "uri", "http://[v.a]/", false }, { "uri", "http://[v1.]/", false },
		{ "uri", "http://[::1]x/", false }, { "uri", "a:b#c#d", false },
		{ "uri", "a:?b?c", true }, { "uri", "", false }, { "uri", "a b:c", false },
		{ "email", "a@b", true }, { "email", "a@b.", false }, { "email", "a@-b.c", false },
		{ "email", "a@b-.c", false }, { "email", "a@b..c", false },
		{ "email", "\"a\\\"b\"@c.d", true }, { "email", "\"a\"b\"@c.d", false },
		{ "email", "\"a@c.d", false }, { "email", "a@[", false },
		{ "email", "a@[]", false },
		{ "email", "a@[IPv6:::1]", true }, { "email", "a@[IPv6:]", false },
		{ "email", "\xc3\xa9@b.c", false },
		{ "email", "1234567890123456789012345678901234567890123456789012345678901234@b.c",
		  true },
		{ "email", "12345678901234567890123456789012345678901234567890123456789012345@b.c",
		  false },
		{ "email", "a@b1234567890123456789012345678901234567890123456789012345678901234.c",
		  false },
		{ "uuid", "00000000-0000-0000-0000-00000000000", false },
		{ "uuid", "00000000-0000-0000-0000-0000000000000", false },
		{ "uuid", "", false },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK(format_find(cases[i].name)->check(cases[i].text) == cases[i].good, "%s %s",
		    cases[i].name, cases[i].text);
	CHECK(format_find("ipv4") == NULL, "other formats are annotations");
}

int
main(void)
{
	test_formats();
	return check_done();
}
