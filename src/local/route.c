/* SPDX-License-Identifier: MIT */
/* route.c - the table of what can be asked; see route.h. */
#include <string.h>

#include "local/attachment.h"
#include "local/call.h"
#include "local/channel.h"
#include "local/contact.h"
#include "local/event.h"
#include "local/health.h"
#include "local/listing.h"
#include "local/message.h"
#include "local/post.h"
#include "local/problem.h"
#include "local/recipient.h"
#include "local/route.h"
#include "local/template.h"
#include "local/thread.h"
#include "local/token.h"

#define FILTERS	"channel,contact,thread_id,direction,status,since,until,limit,cursor"

/* Paths without a variable stand before those with one: the first that fits is taken. */
static const struct route routes[] = {
	{ .method = "GET", .path = "/healthz", .handle = health_get, .open = true },
	{ .method = "POST", .path = "/oauth/token", .handle = token_issue, .body = ROUTE_FORM,
	    .open = true },
	{ .method = "GET", .path = "/v1/messages", .handle = listing_messages, .query = FILTERS },
	{ .method = "POST", .path = "/v1/messages", .handle = post_send, .body = ROUTE_JSON },
	{ .method = "POST", .path = "/v1/messages/preview", .handle = post_preview,
	    .body = ROUTE_JSON },
	{ .method = "GET", .path = "/v1/messages/search", .handle = listing_search,
	    .query = "query," FILTERS },
	{ .method = "GET", .path = "/v1/messages/{id}", .handle = message_get,
	    .query = "include*" },
	{ .method = "GET", .path = "/v1/messages/{id}/events", .handle = event_list },
	{ .method = "POST", .path = "/v1/messages/{id}/cancel", .handle = message_cancel },
	{ .method = "POST", .path = "/v1/messages/{id}/read", .handle = message_read,
	    .body = ROUTE_JSON },
	{ .method = "GET", .path = "/v1/attachments/{id}", .handle = attachment_get },
	{ .method = "GET", .path = "/v1/deliveries", .handle = recipient_deliveries,
	    .query = "message_ids*" },
	{ .method = "GET", .path = "/v1/threads", .handle = thread_list,
	    .query = "contact,limit,cursor" },
	{ .method = "GET", .path = "/v1/threads/{id}/messages", .handle = thread_messages,
	    .query = "limit,cursor" },
	{ .method = "GET", .path = "/v1/contacts", .handle = contact_list,
	    .query = "query,limit,cursor" },
	{ .method = "POST", .path = "/v1/contacts", .handle = contact_add, .body = ROUTE_JSON },
	{ .method = "GET", .path = "/v1/contacts/{id}", .handle = contact_get },
	{ .method = "POST", .path = "/v1/contacts/{id}/messages", .handle = post_answer,
	    .body = ROUTE_JSON },
	{ .method = "GET", .path = "/v1/channels", .handle = channel_list },
	{ .method = "GET", .path = "/v1/templates", .handle = template_list,
	    .query = "template_id,limit,cursor" },
	{ .method = "GET", .path = "/v1/templates/{id}", .handle = template_get },
};

#define ROUTES	(sizeof routes / sizeof routes[0])

static bool	fits(const char *, const struct request *, const char **);
static int	refuse_method(struct call *, const char *);

static bool
fits(const char *path, const struct request *req, const char **arg)
{
	size_t n;
	int i;

	*arg = NULL;
	for (i = 0; i < req->segment_count && *path == '/'; i++, path += n) {
		n = strcspn(++path, "/");
		if (*path == '{') {
			if (req->segment[i][0] == '\0')
				return false;
			*arg = req->segment[i];
		} else if (strlen(req->segment[i]) != n || memcmp(path, req->segment[i], n) != 0)
			return false;
	}
	return i == req->segment_count && *path == '\0';
}

static int
refuse_method(struct call *c, const char *path)
{
	size_t i;

	problem(c, 405, "method_not_allowed", "%.20s is no method of this path", c->req.method);
	buf_puts(&c->reply.headers, "Allow:");
	for (i = 0; i < ROUTES; i++)
		if (strcmp(routes[i].path, path) == 0)
			buf_printf(&c->reply.headers, "%s %s%s",
			    c->reply.headers.data[c->reply.headers.len - 1] == ':' ? "" : ",",
			    routes[i].method, strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
	buf_puts(&c->reply.headers, "\r\n");
	return 1;
}

int
route_find(struct call *c)
{
	const char *method = strcmp(c->req.method, "HEAD") == 0 ? "GET" : c->req.method;
	const char *path = NULL;
	size_t i;

	for (i = 0; i < ROUTES; i++) {
		if (path == NULL ? !fits(routes[i].path, &c->req, &c->arg) :
		    strcmp(routes[i].path, path) != 0)
			continue;
		path = routes[i].path;
		if (strcmp(routes[i].method, method) == 0) {
			c->route = &routes[i];
			return 0;
		}
	}
	if (path != NULL)
		return refuse_method(c, path);
	return problem(c, 404, "not_found", "no such path");
}

void
route_print(FILE *out)
{
	size_t i;

	for (i = 0; i < ROUTES; i++)
		fprintf(out, "%s %s\n", routes[i].method, routes[i].path);
}
