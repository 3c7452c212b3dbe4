/* SPDX-License-Identifier: MIT */
/*
 * leak.c - a library to be loaded before libc: a bridge that leaks. Each connection that ums-mcp
 * accepts costs it as many bytes as LEAK_BYTES says, written and never freed.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int	accept4(int, struct sockaddr *, socklen_t *, int);

/* Kept, so that no compiler takes it for unused. */
static void *volatile	last;

int
accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int) =
	    (int (*)(int, struct sockaddr *, socklen_t *, int))dlsym(RTLD_NEXT, "accept4");
	const char *bytes = getenv("LEAK_BYTES");
	size_t size = bytes == NULL ? 0 : strtoul(bytes, NULL, 10);
	int one = real(fd, address, len, flags), error = errno;

	if (one != -1 && strcmp(program_invocation_short_name, "ums-mcp") == 0) {
		last = malloc(size);
		if (last != NULL)
			memset(last, 1, size);
	}
	errno = error;
	return one;
}
