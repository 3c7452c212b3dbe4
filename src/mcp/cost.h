/* SPDX-License-Identifier: MIT */
/*
 * cost.h - what the list of tools costs: a model reads all of it in each conversation. Tokens
 * are an estimate, four bytes of compact JSON each. Of the files in etc/services that is from 4 %
 * less to 6 % more than o200k_base counts (make tokens); other texts and tokenizers differ more.
 */
#ifndef MCP_COST_H
#define MCP_COST_H

#include <stddef.h>

struct buf;
struct catalog;
struct tool;

struct cost {
	size_t	tools;		/* that are on */
	size_t	bytes;		/* of their JSON in tools/list */
	size_t	tokens;
};

/* About how many tokens so many bytes of JSON are. */
size_t	 cost_of(size_t len);
/* About how many tokens one tool takes in tools/list, on or off. */
size_t	 cost_tokens(const struct tool *t);
/* Add up the tools that are on. */
void	 cost_sum(const struct catalog *c, struct cost *out);
/*
 * Append a sentence that says so, and which tools cost most, if the list takes more than
 * LIMIT_LIST_TOKENS; else nothing. 0 or -1.
 */
int	 cost_warn(struct buf *out, const struct catalog *c);

#endif
