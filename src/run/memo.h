/* SPDX-License-Identifier: MIT */
/*
 * memo.h - answers to look-ups for completions, kept for some seconds: who types asks at each
 * letter.
 */
#ifndef RUN_MEMO_H
#define RUN_MEMO_H

#include <stddef.h>

struct bridge;
struct memos;
struct principal;
struct tool;

/* Make a worker's; memo_destroy() must follow if and only if it is not NULL. */
struct memos *memo_create(void);
void	 memo_destroy(struct memos *m);
/*
 * The JSON that `t` gave that caller for `value` some seconds ago; NULL: it is not known.
 * Borrowed until the next call of one of these.
 */
const char *memo_find(struct memos *m, const struct tool *t, const struct principal *p,
	    const char *value);
/* Keep it. Without memory, or where it is long, it is not kept. */
void	 memo_keep(struct memos *m, const struct tool *t, const struct principal *p,
	    const char *value, const char *json);

#endif
