/* SPDX-License-Identifier: MIT */
/*
 * window.c - see window.h. One mapping, divided into windows of one size; those in use
 * are known by their address, those that are free by a stack of their numbers, so that the
 * last to be given back, whose first page is there, is the next to be taken.
 *
 * A process made by fork() has its parent's windows as its own copies, like its heap.
 */
#include <sys/mman.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "edge/window.h"

static char	*windows;			/* NULL: none yet; MAP_FAILED: not to be had */
static uint16_t	 spare[LIMIT_WINDOWS];
static size_t	 nspare, used;			/* of `used` that were ever taken */

_Static_assert(LIMIT_WINDOWS <= UINT16_MAX, "a number fits");

/* A window, or NULL; `fresh` if nothing has been written into it. */
static void *
take(bool *fresh)
{
	size_t all = (size_t)LIMIT_WINDOWS * LIMIT_WINDOW;

	/* Where pages are so large that they do not divide a window there is little to be won. */
	if (windows == NULL && LIMIT_WINDOW % sysconf(_SC_PAGESIZE) != 0)
		windows = MAP_FAILED;
	if (windows == NULL) {
		windows = mmap(NULL, all, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		/* Or one written byte would make two megabytes resident. */
		if (windows != MAP_FAILED)
			madvise(windows, all, MADV_NOHUGEPAGE);
	}
	if (windows == MAP_FAILED)
		return NULL;
	*fresh = nspare == 0;
	if (nspare > 0)
		return windows + (size_t)spare[--nspare] * LIMIT_WINDOW;
	return used < LIMIT_WINDOWS ? windows + used++ * LIMIT_WINDOW : NULL;
}

/* Whether so many bytes are what libcurl sends from. */
static bool
is_size(size_t size)
{
	return size >= LIMIT_FETCH_SEND && size <= LIMIT_WINDOW;
}

static bool
is_window(const void *p)
{
	uintptr_t at = (uintptr_t)p, from = (uintptr_t)windows;

	return used > 0 && at >= from && at < from + used * LIMIT_WINDOW;
}

void *
window_malloc(size_t size)
{
	bool fresh;
	void *p = is_size(size) ? take(&fresh) : NULL;

	return p != NULL ? p : malloc(size);
}

void *
window_calloc(size_t count, size_t size)
{
	bool fresh;
	void *p = count == 1 && is_size(size) ? take(&fresh) : NULL;

	if (p == NULL)
		return calloc(count, size);
	/* Without its pages it is zero again. */
	if (!fresh && madvise(p, LIMIT_WINDOW, MADV_DONTNEED) == -1)
		memset(p, 0, size);
	return p;
}

void *
window_realloc(void *p, size_t size)
{
	void *other;

	if (!is_window(p))
		return realloc(p, size);
	other = malloc(size);
	if (other != NULL) {
		memcpy(other, p, size < LIMIT_WINDOW ? size : LIMIT_WINDOW);
		window_free(p);
	}
	return other;
}

char *
window_strdup(const char *s)
{
	return strdup(s);
}

void
window_free(void *p)
{
	if (is_window(p))
		spare[nspare++] = (uint16_t)(((char *)p - windows) / LIMIT_WINDOW);
	else
		free(p);
}

void
window_trim(void)
{
	size_t i;

	for (i = 0; i < nspare; i++)
		madvise(windows + (size_t)spare[i] * LIMIT_WINDOW, LIMIT_WINDOW, MADV_DONTNEED);
	if (nspare == used)
		nspare = used = 0;
}
