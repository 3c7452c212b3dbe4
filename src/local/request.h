/* SPDX-License-Identifier: MIT */
/* request.h - reading what a web server passes on: path, query, headers, body. */
#ifndef LOCAL_REQUEST_H
#define LOCAL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <fcgiapp.h>

struct call;
struct pair;
struct request;

/*
 * Fill c->req from the web server's parameters (which must outlive it), without
 * the body. 0: fine; 1: refused and the problem is the reply; -1: out of memory.
 */
int	 request_read(struct call *c, char **params);
/* Read the body. The same results. */
int	 request_body(struct call *c, FCGX_Stream *in);
/* The body as a JSON object, parsed once, without U+0000. The same results. */
int	 request_json(struct call *c);
/* Free all that was read. Zeroed is fine. */
void	 request_free(struct request *req);

/* A header by its CGI name (HTTP_X_FAULT). Borrowed; NULL when absent. */
const char *request_header(const struct request *req, const char *name);
/* A query parameter's first value. Borrowed; NULL when absent. */
const char *request_query(const struct request *req, const char *name);
/*
 * Check the query's names against `names` (separated by commas; a '*' behind
 * one lets it repeat). 0; 1 with a problem set.
 */
int	 request_check_query(struct call *c, const char *names);
/* Refuse members of `object` that `names` (commas) does not list. 0; 1 with a problem set. */
int	 request_check_members(struct call *c, const cJSON *object, const char *names);
/* Split form text in place into at most `max` pairs. Their number, or -1: it is malformed. */
int	 request_form(char *text, struct pair *pairs, int max);
/* Whether the comma-separated `names` hold `name`; `*mark` says if a '*' follows it. */
bool	 request_listed(const char *names, const char *name, bool *mark);

#endif
