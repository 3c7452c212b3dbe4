/* SPDX-License-Identifier: MIT */
/* fault.c - failures on demand; see fault.h. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "local/call.h"
#include "local/fault.h"
#include "local/options.h"
#include "local/problem.h"
#include "local/request.h"

#define FAULT_PREFIX	"#fault "

static const char *words_of(struct call *);
static int	read_word(struct fault *, const char *, size_t);
static int	read_number(const char *, size_t, const char *, int64_t, int64_t *);
static void	wait_ms(int64_t, bool);

static const char *
words_of(struct call *c)
{
	const char *s = request_header(&c->req, "HTTP_X_FAULT");

	if (s != NULL)
		return s;
	s = request_query(&c->req, "query");
	/* Only a body that is JSON anyway is looked into; the handler answers for a bad one. */
	if (s == NULL && c->req.body.len > 0 && request_json(c) == 0)
		s = json_str(c->req.json, "text");
	if (s == NULL || strncmp(s, FAULT_PREFIX, strlen(FAULT_PREFIX)) != 0)
		return NULL;
	return s + strlen(FAULT_PREFIX);
}

/* `word` as name=number: 1 and the number, 0 if it is another name, -1 if the number is bad. */
static int
read_number(const char *word, size_t len, const char *name, int64_t most, int64_t *out)
{
	size_t n = strlen(name), i;

	if (len <= n || memcmp(word, name, n) != 0 || word[n] != '=')
		return 0;
	*out = 0;
	for (i = n + 1; i < len; i++) {
		if (word[i] < '0' || word[i] > '9' || *out > most)
			return -1;
		*out = *out * 10 + (word[i] - '0');
	}
	return i > n + 1 && *out <= most ? 1 : -1;
}

static int
read_word(struct fault *f, const char *word, size_t len)
{
	int r;

	if (len == 5 && memcmp(word, "stall", len) == 0)
		f->stall = true;
	else if (len == 8 && memcmp(word, "truncate", len) == 0)
		f->truncate = true;
	else if (len == 7 && memcmp(word, "garbage", len) == 0)
		f->garbage = true;
	else {
		r = read_number(word, len, "status", 599, &f->status);
		if (r == 0)
			r = read_number(word, len, "retry_after", 86400, &f->retry_after);
		if (r == 0)
			r = read_number(word, len, "delay", CAP_FAULT_MS, &f->delay);
		if (r == 0)
			r = read_number(word, len, "huge", CAP_FAULT_BYTES, &f->huge);
		return r == 1 && (f->status == 0 || f->status >= 400) ? 0 : -1;
	}
	return 0;
}

int
fault_find(struct call *c, struct fault *fault)
{
	const char *s;
	size_t len;

	memset(fault, 0, sizeof *fault);
	if (!c->opt->faults || (s = words_of(c)) == NULL)
		return 0;
	for (;; s += len) {
		s += strspn(s, "; ");
		len = strcspn(s, "; ");
		if (len == 0)
			return 0;
		if (read_word(fault, s, len) == -1) {
			memset(fault, 0, sizeof *fault);
			return problem_field(c, "X-Fault: '%.*s' is not known",
			    (int)(len > 80 ? 80 : len), s);
		}
	}
}

/* A delay is part of the request in hand; a stall has no end of its own, so TERM ends it. */
static void
wait_ms(int64_t ms, bool until_term)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000 };
	sigset_t open;

	if (!until_term) {
		nanosleep(&t, NULL);
		return;
	}
	sigemptyset(&open);
	ppoll(NULL, 0, &t, &open);
}

int
fault_play(struct call *c, const struct fault *fault)
{
	if (fault->delay > 0)
		wait_ms(fault->delay, false);
	if (fault->stall) {
		wait_ms(CAP_FAULT_MS, true);
		return 1;
	}
	if (fault->status != 0) {
		problem_retry(c, (int)fault->status,
		    fault->status == 429 ? "rate_limited" : "injected", (int)fault->retry_after,
		    "a fault that the request asked for");
		return 1;
	}
	if (fault->huge == 0 && !fault->garbage)
		return 0;
	c->reply.status = 200;
	c->reply.type = "application/json";
	buf_reset(&c->reply.body);
	buf_puts(&c->reply.body, "{\"data\":[{\"id\":");
	return 1;
}
