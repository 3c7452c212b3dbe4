/* SPDX-License-Identifier: MIT */
/* network.c - see network.h. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/network.h"

/* An address as 16 bytes, IPv4 as ::ffff:a.b.c.d; `bits` is what a length without / means. */
static int
parse(const char *text, size_t len, uint8_t out[16], unsigned *bits)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char name[INET6_ADDRSTRLEN + 1];

	if (len >= sizeof name)
		return -1;
	memcpy(name, text, len);
	name[len] = '\0';
	*bits = 128;
	if (inet_pton(AF_INET6, name, out) == 1)
		return 0;
	*bits = 32;
	memcpy(out, mapped, sizeof mapped);
	return inet_pton(AF_INET, name, out + 12) == 1 ? 0 : -1;
}

/* ADDRESS or ADDRESS/BITS; `bits` counts from the start of the 16 bytes. */
static int
parse_network(const char *item, uint8_t out[16], unsigned *bits)
{
	size_t len = strcspn(item, "/");
	const char *digits = item + len + 1;
	unsigned all, wanted;

	if (parse(item, len, out, &all) == -1)
		return -1;
	wanted = all;
	if (item[len] == '/') {
		if (*digits == '\0' || strlen(digits) > 3 ||
		    digits[strspn(digits, "0123456789")] != '\0')
			return -1;
		wanted = (unsigned)strtoul(digits, NULL, 10);
		if (wanted > all)
			return -1;
	}
	*bits = wanted + 128 - all;
	return 0;
}

bool
network_is(const char *item)
{
	uint8_t net[16];
	unsigned bits;

	return strcmp(item, "*") == 0 || strcmp(item, "unix:") == 0 ||
	    parse_network(item, net, &bits) == 0;
}

bool
network_has(char *const *items, size_t count, const char *address)
{
	uint8_t net[16], is[16];
	unsigned bits, all, rest;
	bool known = parse(address, strlen(address), is, &all) == 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(items[i], "*") == 0 || strcmp(items[i], address) == 0)
			return true;
		if (!known || parse_network(items[i], net, &bits) == -1 ||
		    memcmp(net, is, bits / 8) != 0)
			continue;
		rest = bits % 8;
		if (rest == 0 || (net[bits / 8] ^ is[bits / 8]) >> (8 - rest) == 0)
			return true;
	}
	return false;
}
