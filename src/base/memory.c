/* SPDX-License-Identifier: MIT */
/* memory.c - see memory.h. The allocator's knobs are glibc's; other libraries have none. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/limits.h"
#include "base/memory.h"

void
memory_init(void)
{
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
	/* Set by hand, they no longer grow with the largest block that was ever freed. */
	mallopt(M_MMAP_THRESHOLD, LIMIT_HEAP_BLOCK);
	mallopt(M_TRIM_THRESHOLD, LIMIT_HEAP_TOP);
#endif
}

void
memory_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

/* The start of a file of /proc as text: few bytes, no allocation. */
static void
read_start(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	if (fd != -1)
		close(fd);
}

int64_t
memory_rss(void)
{
	char text[128], *resident;

	read_start("/proc/self/statm", text, sizeof text);
	resident = strchr(text, ' ');
	return resident == NULL ? 0 : strtoll(resident, NULL, 10) * sysconf(_SC_PAGESIZE);
}

int64_t
memory_pss(void)
{
	char text[1024], *pss;

	read_start("/proc/self/smaps_rollup", text, sizeof text);
	pss = strstr(text, "\nPss:");
	return pss == NULL ? 0 : strtoll(pss + 5, NULL, 10) * 1024;
}
