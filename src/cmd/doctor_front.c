/* SPDX-License-Identifier: MIT */
/*
 * doctor_front.c - the way through the web server. Which headers come through is seen by what the
 * bridge answers to wrong ones: it refuses each in its own way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "cmd/doctor_part.h"
#include "edge/inquiry.h"
#include "edge/trust.h"
#include "run/settings.h"

#define LARGE	(100 * 1024)	/* bytes of a body that is to pass, if body_max lets it */
#define META	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"," \
		"\"io.modelcontextprotocol/clientInfo\":{\"name\":\"doctor\",\"version\":\"1\"}," \
		"\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define PING	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
#define DISCOVER "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"," \
		"\"params\":{" META "}}"
#define NAMED	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{" \
		"\"name\":\"doctor\",\"arguments\":{}," META "}}"
#define LISTEN	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/listen\",\"params\":{" \
		"\"notifications\":{\"toolsListChanged\":true}," META "}}"

#define ACCEPT	"Accept: application/json, text/event-stream"
#define MODERN	"MCP-Protocol-Version: 2026-07-28"

struct front {
	struct doctor	*d;
	struct trust	*trust;
	char		 token[LIMIT_SECRET + 32];	/* the header line of it; "": none */
};

/* Post a body, its revision in a header, too. inquiry_finish() must follow. */
static void
post(const struct front *f, struct inquiry *q, const char *body, const char *accept,
    const char *first, const char *second, const char *token)
{
	const char *lines[8] = { "Content-Type: application/json" };
	const char *more[] = { accept, first, second, token, strstr(body, META) == NULL ? NULL :
	    MODERN };
	size_t i, n = 1;

	for (i = 0; i < sizeof more / sizeof more[0]; i++)
		if (more[i] != NULL && more[i][0] != '\0')
			lines[n++] = more[i];
	q->url = f->d->url;
	q->trust = f->trust;
	q->body = body;
	q->headers = lines;
	inquiry_make(q);
	q->headers = NULL;
}

static const char *
mend_of_post(const struct inquiry *q)
{
	if (q->outcome == OUTCOME_UNTRUSTED)
		return "renew the web server's certificate, or name its authority with --ca-file";
	if (q->outcome == OUTCOME_TIMEOUT)
		return "open the way to the web server, and see in the log of ums-mcp whether its "
		    "workers answer";
	switch (q->status) {
	case 0:
		return "start the web server, and see that the URL's host and port are its own";
	case 403:
		return "add the URL's host to allowed_hosts";
	case 404:
		return "send POST of this path to the bridge, and see that endpoint is the path of "
		    "the URL";
	case 405:
		return "send POST of this path to the bridge with its REQUEST_METHOD, and see that "
		    "endpoint is the path of the URL";
	case 400:
	case 411:
		return "have the web server pass on the body and its CONTENT_LENGTH";
	case 415:
		return "have the web server pass on CONTENT_TYPE";
	case 401:
		return "give a caller's key or token with --token-file";
	case 502:
	case 503:
	case 504:
		return "start ums-mcp, and name its socket in the web server, which must be let "
		    "connect to it";
	default:
		return "see the web server's error log";
	}
}

static void
look_at_health(const struct front *f)
{
	const char *url = f->d->url, *host = strstr(url, "://");
	size_t len = host == NULL ? 0 : (size_t)(host - url) + 3 + strcspn(host + 3, "/");
	struct inquiry q = { .trust = f->trust };
	char health[LIMIT_URL];

	snprintf(health, sizeof health, "%.*s/healthz", (int)len, url);
	q.url = health;
	inquiry_make(&q);
	if (q.status == 200)
		doctor_say(f->d, DOCTOR_OK, "front /healthz", NULL, "answers");
	else
		doctor_say(f->d, DOCTOR_WARN, "front /healthz", q.status == 403 ? "add this "
		    "address to monitor_from, and have the web server pass on REMOTE_ADDR" :
		    "send /healthz to the bridge, too", "%d %s", q.status, q.why);
	if (q.expires_s != -1)
		doctor_expiry(f->d, "front certificate", q.expires_s, "renew it");
	inquiry_finish(&q);
}

/* Whether a request comes to the bridge and is answered. */
static bool
look_at_post(const struct front *f)
{
	struct inquiry q = { 0 };
	bool good;

	post(f, &q, PING, ACCEPT, NULL, NULL, f->token);
	good = q.status == 200 && strstr(buf_str(&q.answer), "\"result\"") != NULL;
	doctor_say(f->d, good ? DOCTOR_OK : DOCTOR_FAIL, "front POST", good ? NULL :
	    mend_of_post(&q), "%d %s", q.status, q.why);
	inquiry_finish(&q);
	return good;
}

/* A wrong credential is answered otherwise than none, if it is seen. */
static void
look_at_authorization(const struct front *f)
{
	struct inquiry none = { 0 }, wrong = { 0 };
	bool lost;

	if (f->d->settings->auth_methods == 0)
		return;
	post(f, &none, PING, ACCEPT, NULL, NULL, NULL);
	post(f, &wrong, PING, ACCEPT, NULL, NULL, "Authorization: Bearer doctor");
	lost = strcmp(buf_str(&none.answer), buf_str(&wrong.answer)) == 0;
	if (none.status != 401)
		doctor_say(f->d, DOCTOR_FAIL, "front Authorization", "have the web server add no "
		    "credential of its own", "a request without one is answered %d", none.status);
	else
		doctor_say(f->d, lost ? DOCTOR_FAIL : DOCTOR_OK, "front Authorization", lost ?
		    "have the web server pass Authorization on (HTTP_AUTHORIZATION), and leave its "
		    "own authentication out" : NULL, "%s", lost ? "does not come through" :
		    "comes through");
	inquiry_finish(&none);
	inquiry_finish(&wrong);
}

/* A wrong value in one header; the status with which the bridge refuses it. */
static void
look_at_header(const struct front *f, const char *name, const char *value, int status,
    const char *mend)
{
	struct inquiry q = { 0 };
	char what[64], line[128];
	bool accept = strcmp(name, "Accept") == 0;

	snprintf(what, sizeof what, "front %s", name);
	snprintf(line, sizeof line, "%s: %s", name, value);
	post(f, &q, PING, accept ? line : ACCEPT, accept ? NULL : line, NULL, f->token);
	doctor_say(f->d, q.status == status ? DOCTOR_OK : DOCTOR_FAIL, what,
	    q.status == status ? NULL : mend, q.status == status ? "comes through" :
	    "does not come through: a wrong one is answered %d", q.status);
	inquiry_finish(&q);
}

/* Headers that the newest revision wants to say what the body says. */
static void
look_at_mirrors(const struct front *f)
{
	static const char mend[] = "have the web server pass on every header, as HTTP_...";
	struct inquiry q = { 0 };
	bool lost;

	post(f, &q, DISCOVER, ACCEPT, "Mcp-Method: server/discover", NULL, f->token);
	lost = q.status != 200;
	doctor_say(f->d, lost ? DOCTOR_FAIL : DOCTOR_OK, "front Mcp-Method", lost ? mend : NULL,
	    lost ? "server/discover is answered %d" : "comes through", q.status);
	inquiry_finish(&q);
	if (lost)
		return;
	post(f, &q, NAMED, ACCEPT, "Mcp-Method: tools/call", "Mcp-Name: doctor",
	    f->token);
	lost = strstr(buf_str(&q.answer), "header is missing") != NULL;
	doctor_say(f->d, lost ? DOCTOR_FAIL : DOCTOR_OK, "front Mcp-Name", lost ? mend : NULL,
	    lost ? "does not come through" : "comes through");
	inquiry_finish(&q);
}

static void
look_at_body(const struct front *f)
{
	static const char pad[] = "                                ";
	size_t len = (size_t)f->d->settings->body_max;
	struct inquiry q = { 0 };
	struct buf body;

	len = len < LARGE ? len : LARGE;
	buf_init(&body, 2 * LARGE);
	buf_puts(&body, PING);
	while (body.len + strlen(pad) <= len && buf_puts(&body, pad) == 0)
		;
	post(f, &q, buf_str(&body), ACCEPT, NULL, NULL, f->token);
	doctor_say(f->d, q.status == 200 ? DOCTOR_OK : DOCTOR_FAIL, "front body", q.status == 200 ?
	    NULL : "raise the web server's limit of a body (client_max_body_size, "
	    "server.max-request-size) to body_max", "%zu KB are answered %d", len / 1024,
	    q.status);
	inquiry_finish(&q);
	buf_finish(&body);
}

static void
look_at_stream(const struct front *f)
{
	struct inquiry q = { .stream = true };
	bool good;

	if (f->d->settings->max_streams == 0)
		return;
	post(f, &q, LISTEN, ACCEPT, "Mcp-Method: subscriptions/listen", NULL, f->token);
	good = q.status == 200 && q.outcome == OUTCOME_ANSWERED;
	doctor_say(f->d, good ? DOCTOR_OK : DOCTOR_FAIL, "front stream", good ? NULL :
	    "have the web server send what comes as it comes (fastcgi_buffering off, "
	    "server.stream-response-body = 1)", good ? "its first event comes at once" :
	    "no event in %d s", LIMIT_INQUIRY_S);
	inquiry_finish(&q);
}

void
doctor_front(struct doctor *d)
{
	struct front f = { .d = d };
	char why[LIMIT_REASON];

	f.trust = trust_load(d->ca_file, why, sizeof why);
	if (f.trust == NULL) {
		doctor_say(d, DOCTOR_FAIL, "front certificate", "name a PEM file with --ca-file",
		    "%s", why);
		return;
	}
	if (d->token != NULL)
		snprintf(f.token, sizeof f.token, "Authorization: Bearer %s", d->token);
	look_at_health(&f);
	look_at_authorization(&f);
	if (look_at_post(&f)) {
		look_at_header(&f, "MCP-Protocol-Version", "1999-01-01", 400,
		    "have the web server pass on every header, as HTTP_...");
		look_at_header(&f, "Mcp-Session-Id", "doctor", 404,
		    "have the web server pass on every header, as HTTP_...");
		look_at_header(&f, "Accept", "text/plain", 406,
		    "have the web server leave Accept as it came");
		look_at_header(&f, "Host", "doctor.invalid", 403,
		    "have the web server leave Host as it came, or refuse hosts itself");
		look_at_mirrors(&f);
		look_at_body(&f);
		look_at_stream(&f);
	}
	explicit_bzero(f.token, sizeof f.token);
	trust_destroy(f.trust);
}
