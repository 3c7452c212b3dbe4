/* SPDX-License-Identifier: MIT */
/* log.c - lines on standard error, each written with one write(2); see log.h. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

static const char *const level_name[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static bool		log_json;
static enum log_level	log_least = LOG_LEVEL_INFO;
static char		pending[PIPE_BUF];	/* whole lines */
static size_t		npending;

_Static_assert(LIMIT_LOG_LINE <= PIPE_BUF, "a line is written whole or not at all");

static void	vlog(enum log_level, int, const char *, va_list)
		    __attribute__((format(printf, 3, 0)));
static void	log_write(const char *, size_t);

void
log_init(bool json, enum log_level level)
{
	log_json = json;
	log_least = level;
}

/*
 * One write, so that lines of several processes do not mix. A pipe that nobody reads loses
 * the line instead of stopping the loop: it is writable while a whole line fits, which has
 * at most PIPE_BUF bytes.
 */
static void
log_write(const char *data, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n;

	if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
		return;

	do
		n = write(STDERR_FILENO, data, len);
	while (n == -1 && errno == EINTR);
}

static void
vlog(enum log_level level, int code, const char *fmt, va_list ap)
{
	char msg[LIMIT_LOG_LINE / 2], stamp[CLOCK_STAMP];
	struct buf line;
	int saved = errno;

	if (!log_wants(level))
		return;
	log_flush();
	vsnprintf(msg, sizeof msg, fmt, ap);
	buf_init(&line, LIMIT_LOG_LINE);
	if (code != 0 && strlen(msg) < sizeof msg - 64)
		snprintf(msg + strlen(msg), sizeof msg - strlen(msg), ": %s", strerror(code));
	if (log_json) {
		/* Escapes may make six bytes of one. */
		if (strlen(msg) > LIMIT_LOG_LINE / 8)
			msg[LIMIT_LOG_LINE / 8] = '\0';
		clock_stamp(clock_wall_ms(), stamp);
		buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"pid\":%ld,\"msg\":", stamp,
		    level_name[level], (long)getpid());
		log_quote(&line, msg);
		buf_puts(&line, "}\n");
	} else
		buf_printf(&line, "ums-mcp: %s\n", msg);
	log_write(buf_str(&line), line.len);
	buf_finish(&line);
	errno = saved;
}

#define LOG_FUNCTION(name, level, code)		\
void						\
name(const char *fmt, ...)			\
{						\
	va_list ap;				\
						\
	va_start(ap, fmt);			\
	vlog(level, code, fmt, ap);		\
	va_end(ap);				\
}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR, errno)
LOG_FUNCTION(log_errorx, LOG_LEVEL_ERROR, 0)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN, errno)
LOG_FUNCTION(log_warnx, LOG_LEVEL_WARN, 0)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO, 0)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG, 0)

bool
log_wants(enum log_level level)
{
	return level <= log_least;
}

void
log_line(const struct buf *line)
{
	if (!log_wants(LOG_LEVEL_INFO) || line->len >= sizeof pending)
		return;
	if (npending + line->len + 1 > sizeof pending)
		log_flush();
	memcpy(pending + npending, buf_str(line), line->len);
	npending += line->len;
	pending[npending++] = '\n';
}

void
log_flush(void)
{
	int saved = errno;

	if (npending > 0)
		log_write(pending, npending);
	npending = 0;
	errno = saved;
}

void
log_quote(struct buf *out, const char *s)
{
	const unsigned char *p;

	buf_putc(out, '"');
	for (p = (const unsigned char *)s; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			buf_printf(out, "\\u%04x", *p);
		else
			buf_putc(out, *p < 0x80 ? (char)*p : '?');
	}
	buf_putc(out, '"');
}
