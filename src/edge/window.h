/* SPDX-License-Identifier: MIT */
/*
 * window.h - the allocator that libcurl is given: malloc() but for its upload buffers.
 *
 * libcurl takes 16 KB for each transfer that sends a body over HTTP/2 (7.88 by malloc(), 8.14
 * by calloc() with a head of its own) and writes only as much of it as the body has, mostly
 * some hundred bytes. From the heap all of it would be resident; here it is a window of address
 * space whose unwritten pages do not exist.
 */
#ifndef EDGE_WINDOW_H
#define EDGE_WINDOW_H

#include <stddef.h>

/* As their namesakes of <stdlib.h>. One thread alone may ask for windows. */
void	*window_malloc(size_t size);
void	*window_calloc(size_t count, size_t size);
void	*window_realloc(void *p, size_t size);
char	*window_strdup(const char *s);
void	 window_free(void *p);
/* Give the pages of windows that are not in use back to the system. */
void	 window_trim(void);

#endif
