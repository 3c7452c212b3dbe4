/* SPDX-License-Identifier: MIT */
/* test_network.c - base/network: addresses in and out of lists. */
#include "base/network.h"
#include "check.h"

static const struct {
	const char	*item, *address;
	bool		 has;
} cases[] = {
	{ "127.0.0.0/8", "127.0.0.1", true },
	{ "127.0.0.0/8", "127.255.255.255", true },
	{ "127.0.0.0/8", "128.0.0.1", false },
	{ "127.0.0.0/8", "::ffff:127.0.0.1", true },
	{ "127.0.0.0/8", "::1", false },
	{ "10.1.2.3", "10.1.2.3", true },
	{ "10.1.2.3", "10.1.2.2", false },
	{ "10.1.2.3/31", "10.1.2.2", true },
	{ "10.1.2.0/23", "10.1.3.9", true },
	{ "10.1.2.0/23", "10.1.4.0", false },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "::1", "::1", true },
	{ "::1", "::2", false },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "::/0", "2001:db8::1", true },
	{ "unix:", "unix:", true },
	{ "unix:", "127.0.0.1", false },
	{ "*", "127.0.0.1", true },
	{ "*", "", true },
	{ "127.0.0.0/8", "", false },
	{ "127.0.0.0/8", "127.0.0.1, 10.0.0.1", false },
	{ "127.0.0.0/8", "127.1", false },
};

int
main(void)
{
	static const char *const good[] = { "10.0.0.0/8", "10.0.0.1", "::1", "fe80::/10", "*",
		"unix:", "0.0.0.0/0", "10.0.0.0/32", "::/128" };
	static const char *const bad[] = { "", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/8x", "10.0.0/8", "::/129", "localhost", "unix", "/8", "10.0.0.0/8/8",
		"0000000000000000000000000000000000000000000000000000:1" };
	size_t i;
	char *list[2];

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		/* Not changed; the type is that of a configuration's lists. */
		list[0] = (char *)(size_t)"192.0.2.7/32";
		list[1] = (char *)(size_t)cases[i].item;
		CHECK(network_has(list, 2, cases[i].address) == cases[i].has, "%s in %s",
		    cases[i].address, cases[i].item);
		CHECK(!network_has(list, 0, cases[i].address), "nothing has %s",
		    cases[i].address);
	}
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		CHECK(network_is(good[i]), "%s", good[i]);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(!network_is(bad[i]), "%s", bad[i]);
	return check_done();
}
