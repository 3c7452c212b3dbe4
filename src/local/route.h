/* SPDX-License-Identifier: MIT */
/* route.h - the table of what can be asked: method, path, handler, query. */
#ifndef LOCAL_ROUTE_H
#define LOCAL_ROUTE_H

#include <stdbool.h>
#include <stdio.h>

struct call;

enum route_body { ROUTE_NO_BODY, ROUTE_JSON, ROUTE_FORM };

struct route {
	const char	*method;
	const char	*path;		/* a segment {id} takes anything */
	int		 (*handle)(struct call *c);
	const char	*query;		/* names; '*' behind one lets it repeat */
	enum route_body	 body;
	bool		 open;		/* needs no token */
};

/* Find the route and set c->route and c->arg. 0; 1 with a 404 or 405 set. */
int	 route_find(struct call *c);
/* Print the table, one "METHOD PATH" a line. */
void	 route_print(FILE *out);

#endif
