/* SPDX-License-Identifier: MIT */
/*
 * stdio.h - MCP over standard input and output: a JSON-RPC message a line, both ways; one client,
 * many requests at once.
 */
#ifndef EDGE_STDIO_H
#define EDGE_STDIO_H

#include <stddef.h>

struct event_base;
struct front_handler;
struct stdio;

/*
 * Begin to read. Each line is a local request; its answer is a line when it is there, whatever
 * the order. Of `h` (borrowed) closed() is called when the input has ended or nobody takes the
 * output any more. While conns_max requests are not answered and written nothing is read. NULL: out
 * of memory.
 */
struct stdio *stdio_create(struct event_base *base, const struct front_handler *h);
/* Read no more. May be called again. */
void	 stdio_stop(struct stdio *s);
/* Requests that are not answered, and answers that are not written. */
size_t	 stdio_count(const struct stdio *s);
/* Forget what there is and free it; NULL is fine. */
void	 stdio_destroy(struct stdio *s);

#endif
