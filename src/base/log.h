/* SPDX-License-Identifier: MIT */
/*
 * log.h - what the program says to its operator, on standard error.
 *
 * A daemon writes one JSON object a line ({"time","level","pid","msg"}), a
 * command writes plain text. Every call keeps errno. The x in a name means
 * "without strerror(errno)". Bodies, arguments and secrets are never passed in.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

struct buf;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set the form (JSON lines, or plain) and the least severe level that is written. */
void	 log_init(bool json, enum log_level level);

void	 log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	 log_errorx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	 log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	 log_warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	 log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	 log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Whether lines of that level are written: what is costly to say need not be made otherwise. */
bool	 log_wants(enum log_level level);
/*
 * Write one ready JSON object as a line of its own (the request log); level info. It may wait
 * for others until log_flush(), which whoever calls this calls once a turn of its loop.
 */
void	 log_line(const struct buf *line);
void	 log_flush(void);
/* Append `s` to `out` as a JSON string, quotes included; bytes that are not UTF-8 become '?'. */
void	 log_quote(struct buf *out, const char *s);

#endif
