/* SPDX-License-Identifier: MIT */
/* redis_address.c - see redis_address.h. */
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "edge/redis_address.h"

/* The port and the database of a Redis that nobody has configured. */
#define PORT		6379
#define DATABASE	0
/* Redis has 16 databases unless it was told otherwise; more digits are a slip. */
#define DATABASE_MAX	9999

/* The number that is all of `s`, between two others; -1 if it is none. */
static int
number_of(const char *s, int min, int max)
{
	int n = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		n = n * 10 + *s - '0';
		if (n > max)
			return -1;
	}
	return n < min ? -1 : n;
}

/* ///PATH[?db=N] without its first two slashes; NULL, or what is wrong. */
static const char *
parse_unix(struct redis_address *a, const char *s)
{
	const char *query = strchr(s, '?');
	size_t len = query == NULL ? strlen(s) : (size_t)(query - s);

	a->is_unix = true;
	if (*s != '/' || len < 2)
		return "name the socket by its whole path, redis+unix:///run/redis/redis.sock";
	if (len >= sizeof ((struct sockaddr_un *)0)->sun_path)
		return "the path is longer than the system permits for a socket; move the socket";
	memcpy(a->host, s, len);
	if (query == NULL)
		return NULL;
	a->database = strncmp(query, "?db=", 4) == 0 ? number_of(query + 4, 0, DATABASE_MAX) : -1;
	return a->database == -1 ? "behind the path only ?db=NUMBER may follow" : NULL;
}

/* HOST[:PORT][/DB]; NULL, or what is wrong. */
static const char *
parse_tcp(struct redis_address *a, const char *s)
{
	char text[LIMIT_REDIS_HOST + sizeof ":65535/9999"], *host = text, *end, *port, *database;
	struct in6_addr ip6;

	if (strlen(s) >= sizeof text)
		return "the host's name is too long";
	memcpy(text, s, strlen(s) + 1);
	database = strchr(text, '/');
	if (database != NULL) {
		*database++ = '\0';
		a->database = *database == '\0' ? DATABASE : number_of(database, 0, DATABASE_MAX);
		if (a->database == -1)
			return "behind the host comes the number of a database, /0 or none";
	}
	end = *host == '[' ? strchr(host, ']') : NULL;
	port = strchr(end == NULL ? host : end, ':');
	if (port != NULL) {
		*port++ = '\0';
		a->port = number_of(port, 1, UINT16_MAX);
		if (a->port == -1)
			return "the port must be a number from 1 to 65535, and an IPv6 address "
			    "stand in brackets";
	}
	if (end != NULL) {
		if (end[1] != '\0')
			return "between an IPv6 address and its port stands a colon";
		*end = '\0';
		host++;
	}
	if (*host == '\0' || strlen(host) >= LIMIT_REDIS_HOST ||
	    host[strcspn(host, " \t?#[]%\\\"<>")] != '\0')
		return "name the host, redis://HOST:PORT/DB";
	if (end != NULL && inet_pton(AF_INET6, host, &ip6) != 1)
		return "in brackets an IPv6 address is expected";
	memcpy(a->host, host, strlen(host) + 1);
	return NULL;
}

int
redis_address_parse(struct redis_address *a, const char *where, char *why, size_t whylen)
{
	const char *authority = strstr(where, "://"), *at, *wrong;

	*a = (struct redis_address){ .port = PORT, .database = DATABASE };
	/* The last one, wherever: a password may have a slash or another in it. A path may, too. */
	at = authority == NULL || authority[3] == '/' ? NULL : strrchr(authority, '@');
	if (at != NULL) {
		snprintf(why, whylen, "store = %.*s...%s: put the password into "
		    "store_password_file", (int)(authority + 3 - where), where, at);
		return -1;
	}
	if (strncmp(where, "redis://", 8) == 0)
		wrong = parse_tcp(a, where + 8);
	else if (strncmp(where, "redis+unix://", 13) == 0)
		wrong = parse_unix(a, where + 13);
	else
		wrong = "is neither redis://HOST:PORT/DB nor redis+unix:///PATH?db=DB";
	if (wrong == NULL)
		return 0;
	snprintf(why, whylen, "store = %s: %s", where, wrong);
	return -1;
}
