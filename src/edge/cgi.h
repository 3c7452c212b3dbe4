/* SPDX-License-Identifier: MIT */
/* cgi.h - plain CGI (RFC 3875): one request from the environment and standard input. */
#ifndef EDGE_CGI_H
#define EDGE_CGI_H

struct cgi;
struct front_handler;

/*
 * Read the request of this process and hand it to `h` (borrowed); the reply goes to standard
 * output. Must be freed with cgi_destroy() if and only if it is not NULL. NULL: out of memory.
 */
struct cgi *cgi_create(const struct front_handler *h, char *const *environment);
void	 cgi_destroy(struct cgi *c);

#endif
