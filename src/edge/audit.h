/* SPDX-License-Identifier: MIT */
/*
 * audit.h - the stream that tells who called what: a file that is only added to, syslog or
 * standard error. It is opened once, before the first fork; a line is written whole, at once, or
 * is lost: nobody waits for it.
 */
#ifndef EDGE_AUDIT_H
#define EDGE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

struct audit;
struct buf;

/* Whether `where` is "none", "stderr", "syslog" or a path, which has a slash. */
bool	 audit_is(const char *where);
/* Whether it can be opened, as far as that is seen without making anything. 0 or -1, as below. */
int	 audit_check(const char *where, char *why, size_t whylen);
/*
 * Open it: a file is made with mode 0600 if it is not there. NULL in *out for "none".
 * audit_close() must follow. 0, or -1 with a sentence that names it in `why`.
 */
int	 audit_open(struct audit **out, const char *where, char *why, size_t whylen);
void	 audit_close(struct audit *a);
/* What goes where: "file", "syslog" or "stderr". Static. */
const char *audit_name(const struct audit *a);
/* Whether its lines stand among others, from which they must be told. */
bool	 audit_is_shared(const struct audit *a);
/*
 * Write one line, given without its line end. 0, or -1: it is lost, and the log says so at most
 * once a minute.
 */
int	 audit_write(struct audit *a, const struct buf *line);

#endif
