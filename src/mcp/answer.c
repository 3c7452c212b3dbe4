/* SPDX-License-Identifier: MIT */
/* answer.c - the name of an outcome, and what the headers of a response say; see answer.h. */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "mcp/answer.h"

static const char *const outcome_names[] = {
	[OUTCOME_ANSWERED] = "answered",
	[OUTCOME_UNRESOLVED] = "unresolved",
	[OUTCOME_UNREACHABLE] = "unreachable",
	[OUTCOME_UNTRUSTED] = "untrusted",
	[OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_EXCESS] = "excess",
	[OUTCOME_BROKEN] = "broken",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_INTERNAL] = "internal",
};

const char *
answer_outcome(enum outcome outcome)
{
	return outcome_names[outcome];
}

/* The next header called `name` from `*at` on, which moves behind its line. */
static const char *
next_header(const struct answer *a, const char *name, const char **at, size_t *len)
{
	size_t n = strlen(name), size;
	const char *line, *end, *p;

	while (a->head != NULL && (line = *at) < a->head + a->headlen) {
		size = (size_t)(a->head + a->headlen - line);
		end = memchr(line, '\n', size);
		end = end == NULL ? line + size : end;
		*at = end + 1;
		if ((size_t)(end - line) <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
			continue;
		for (p = line + n + 1; p < end && (*p == ' ' || *p == '\t'); p++)
			;
		while (end > p && strchr(" \t\r", end[-1]) != NULL)
			end--;
		*len = (size_t)(end - p);
		return p;
	}
	return NULL;
}

const char *
answer_header(const struct answer *a, const char *name, size_t *len)
{
	const char *at = a->head;

	return next_header(a, name, &at, len);
}

/* The end of a parameter's value from `p` on: of a quoted string, or of a token. */
static const char *
value_end(const char *p, const char *end)
{
	if (p < end && *p == '"') {
		for (p++; p < end && *p != '"'; p++)
			if (*p == '\\' && p + 1 < end)
				p++;
		return p < end ? p + 1 : end;
	}
	while (p < end && strchr(";, \t", *p) == NULL)
		p++;
	return p;
}

/* Whether one of the relation types between `p` and `end`, which may be quoted, is "next". */
static bool
is_next(const char *p, const char *end)
{
	size_t len;

	for (; p < end; p += len) {
		for (; p < end && strchr(" \"", *p) != NULL; p++)
			;
		for (len = 0; p + len < end && strchr(" \"", p[len]) == NULL; len++)
			;
		if (len == 4 && strncasecmp(p, "next", 4) == 0)
			return true;
	}
	return false;
}

int
answer_next_link(const struct answer *a, struct buf *out)
{
	const char *at = a->head, *p, *end, *target, *close, *to;
	bool next;
	size_t len;

	while ((p = next_header(a, "Link", &at, &len)) != NULL) {
		for (end = p + len; (target = memchr(p, '<', (size_t)(end - p))) != NULL;) {
			close = memchr(target, '>', (size_t)(end - target));
			if (close == NULL)
				break;
			/* What follows a target up to the next comma are its parameters. */
			for (next = false, p = close + 1; p < end && *p != ',';) {
				if (strchr("; \t", *p) != NULL) {
					p++;
					continue;
				}
				for (to = p; to < end && strchr("=;, \t", *to) == NULL; to++)
					;
				len = (size_t)(to - p);
				if (to == end || *to != '=') {
					p = to;
					continue;
				}
				p = value_end(to + 1, end);
				next |= len == 3 && strncasecmp(to - 3, "rel", 3) == 0 &&
				    is_next(to + 1, p);
			}
			if (next)
				return buf_append(out, target + 1, (size_t)(close - target - 1));
		}
	}
	return 0;
}
