/* SPDX-License-Identifier: MIT */
/* markdown_slack.c - Slack's mrkdwn into CommonMark: one pass; see markdown.h. */
#include <string.h>

#include "wire/markdown_part.h"
#include "wire/sheet.h"

/* <...>: a link, or what is called by name; `text` stands behind the '<'. */
static void
put_angle(struct sheet *s, const char *text, size_t len)
{
	const char *bar = memchr(text, '|', len);
	size_t target = bar == NULL ? len : (size_t)(bar - text);
	const char *label = bar == NULL ? text : bar + 1;
	size_t labellen = bar == NULL ? len : len - target - 1;

	if (len > 0 && strchr("@#!", text[0]) != NULL) {
		sheet_puts(s, text[0] == '#' ? "#" : "@");
		/* <!subteam^S1|@team> and <!date^1|text> say it behind the bar. */
		if (bar == NULL) {
			label++;
			labellen--;
		} else if (labellen > 0 && label[0] == (text[0] == '#' ? '#' : '@')) {
			label++;
			labellen--;
		}
		markdown_put(s, label, labellen);
	} else if (bar == NULL || labellen == 0) {
		sheet_puts(s, "<");
		markdown_put(s, text, target);
		sheet_puts(s, ">");
	} else {
		sheet_puts(s, "[");
		markdown_put(s, label, labellen);
		sheet_puts(s, "](");
		markdown_put(s, text, target);
		sheet_puts(s, ")");
	}
}

/* Signs that go in pairs within a line; where the search for a second one gave up. */
struct pair {
	char		 sign;
	const char	*twice;		/* what it is in CommonMark */
	bool		 open;
	const char	*dead;		/* none before this */
};

/* Whether the sign at `p` begins or ends something. */
static bool
is_mark(struct pair *pair, const char *text, const char *p)
{
	const char *q;
	char before = p == text ? ' ' : p[-1];

	if (pair->open)
		return before != ' ' && !markdown_is_word(p[1]);
	if (markdown_is_word(before) || strchr(" \n", p[1]) != NULL || p[1] == pair->sign ||
	    (pair->dead != NULL && p < pair->dead))
		return false;
	for (q = p + 1; *q != '\0' && *q != '\n'; q++)
		if (*q == pair->sign && q[-1] != ' ' && !markdown_is_word(q[1]))
			return true;
	pair->dead = q;
	return false;
}

void
markdown_slack(struct sheet *s, const char *text)
{
	struct pair pairs[] = { { '*', "**", false, NULL }, { '~', "~~", false, NULL } };
	const char *p = text, *end, *no_angle = NULL;
	size_t len, i;

	while (*p != '\0') {
		len = strcspn(p, "<`*~\n\xe2");
		markdown_put(s, p, len);
		p += len;
		end = NULL;
		if (*p == '\0')
			break;
		if (*p == '`') {
			len = strspn(p, "`");
			end = strstr(p + len, len >= 3 ? "```" : "`");
			len = end == NULL ? len : (size_t)(end - p) + (len >= 3 ? 3 : 1);
			markdown_put(s, p, len);
			p += len;
			continue;
		}
		if (*p == '<' && no_angle == NULL) {
			end = strchr(p, '>');
			if (end == NULL)
				no_angle = p;
		}
		if (end != NULL) {
			put_angle(s, p + 1, (size_t)(end - p) - 1);
			p = end + 1;
			continue;
		}
		for (i = 0; i < 2 && pairs[i].sign != *p; i++)
			;
		if (i < 2 && is_mark(&pairs[i], text, p)) {
			pairs[i].open = !pairs[i].open;
			sheet_puts(s, pairs[i].twice);
		} else if (strncmp(p, "\xe2\x80\xa2 ", 4) == 0 && (p == text || p[-1] == '\n')) {
			sheet_puts(s, "- ");
			p += 3;
		} else
			sheet_put(s, p, 1);
		if (*p == '\n')
			pairs[0].open = pairs[1].open = false;
		p++;
	}
}
