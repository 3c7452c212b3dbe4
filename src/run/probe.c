/* SPDX-License-Identifier: MIT */
/* probe.c - see probe.h. Answered before there is a request: even a full worker has room. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/network.h"
#include "edge/board.h"
#include "mcp/metadata.h"
#include "run/bridge.h"
#include "run/metrics.h"
#include "run/probe.h"
#include "run/settings.h"
#include "run/status.h"
#include "wire/http.h"

static void	probe_health(struct bridge *, struct buf *);
static void	probe_ready(struct bridge *, struct buf *);
static void	probe_metrics(struct bridge *, struct buf *);
static void	probe_page(struct bridge *, struct buf *);
static void	probe_status(struct bridge *, struct buf *);

#define METADATA	"/.well-known/oauth-protected-resource"

static const struct {
	const char	*path;
	void		(*answer)(struct bridge *, struct buf *);
} probes[] = {
	{ "/healthz", probe_health },
	{ "/readyz", probe_ready },
	{ "/metrics", probe_metrics },
	{ "/status", probe_page },
	{ "/status.json", probe_status },
};

static void
reply(struct buf *out, int status, const char *type, const char *headers, const char *body)
{
	http_head(out, status, type);
	buf_puts(out, headers);
	buf_puts(out, "Cache-Control: no-store\r\n\r\n");
	buf_puts(out, body);
}

/* Whether the path is one of the two at which clients look for it (RFC 9728, 3.1). */
static bool
is_metadata(const struct bridge *b, const struct http_request *rq)
{
	char path[LIMIT_URL];

	if (b->settings->metadata == NULL)
		return false;
	snprintf(path, sizeof path, METADATA "%s", metadata_path(b->settings->resource));
	return http_path_is(rq, METADATA) || http_path_is(rq, path);
}

/* For everybody, pages of other origins too: clients in browsers begin with it. */
static void
probe_metadata(struct bridge *b, const struct http_request *rq, struct buf *out)
{
	const char *method = http_variable(rq, "REQUEST_METHOD");

	if (method == NULL || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)) {
		reply(out, 405, "text/plain", "Allow: GET, HEAD\r\n", "GET only\n");
		return;
	}
	http_head(out, 200, "application/json");
	buf_puts(out, "Access-Control-Allow-Origin: *\r\nCache-Control: max-age=300\r\n\r\n");
	buf_puts(out, b->settings->metadata);
}

bool
probe_answer(struct bridge *b, const struct http_request *rq, struct buf *out)
{
	const struct conf_list *from = &b->settings->monitor_from;
	const char *method, *address;
	size_t i;

	/* What comes most often first. */
	if (http_path_is(rq, b->settings->endpoint))
		return false;
	if (is_metadata(b, rq)) {
		probe_metadata(b, rq, out);
		return true;
	}
	for (i = 0; !http_path_is(rq, probes[i].path); )
		if (++i == sizeof probes / sizeof probes[0])
			return false;
	method = http_variable(rq, "REQUEST_METHOD");
	address = http_variable(rq, "REMOTE_ADDR");
	if (!network_has(from->items, from->count, address == NULL ? "" : address))
		reply(out, 403, "text/plain", "", "not from this address; see monitor_from\n");
	else if (method == NULL || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0))
		reply(out, 405, "text/plain", "Allow: GET, HEAD\r\n", "GET only\n");
	else
		probes[i].answer(b, out);
	return true;
}

static void
probe_health(struct bridge *b, struct buf *out)
{
	(void)b;
	reply(out, 200, "application/json", "", "{\"status\":\"ok\"}");
}

static void
probe_ready(struct bridge *b, struct buf *out)
{
	/* A process of CGI has no seat and is its one request's own. */
	int64_t state = b->seat == NULL ? BOARD_OPEN : b->seat->state;

	if (state == BOARD_OPEN)
		reply(out, 200, "application/json", "", "{\"status\":\"ready\"}");
	else
		reply(out, 503, "application/json", "Retry-After: 1\r\n",
		    state == BOARD_FULL ? "{\"status\":\"full\"}" : "{\"status\":\"draining\"}");
}

static void
probe_metrics(struct bridge *b, struct buf *out)
{
	size_t mark;

	http_head(out, 200, "text/plain; version=0.0.4; charset=utf-8");
	buf_puts(out, "Cache-Control: no-store\r\n\r\n");
	mark = out->len;
	if (metrics_print(b->metrics, &b->limit, out) == -1 && mark > 0) {
		buf_reset(out);
		reply(out, 500, "text/plain", "", "out of memory\n");
	}
}

static void
probe_page(struct bridge *b, struct buf *out)
{
	(void)b;
	http_head(out, 200, "text/html; charset=utf-8");
	buf_puts(out, "Cache-Control: no-store\r\n");
	if (status_page(out) == -1) {
		buf_reset(out);
		reply(out, 500, "text/plain", "", "out of memory\n");
	}
}

static void
probe_status(struct bridge *b, struct buf *out)
{
	reply(out, 200, "application/json", "X-Content-Type-Options: nosniff\r\n", "");
	if (status_print(b, out) == -1) {
		buf_reset(out);
		reply(out, 500, "text/plain", "", "out of memory\n");
	}
}
