/* SPDX-License-Identifier: MIT */
/* network.h - whether an address is in a list of addresses and networks (CIDR, RFC 4632). */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `item` can stand in such a list: ADDRESS, ADDRESS/BITS, "unix:" or "*". */
bool	 network_is(const char *item);
/*
 * Whether one of `count` items holds `address`, the text of an IPv4 or IPv6 address ("unix:"
 * is nginx's word for a client on a Unix socket). IPv4 in IPv6 (::ffff:192.0.2.1) is IPv4.
 */
bool	 network_has(char *const *items, size_t count, const char *address);

#endif
