/* SPDX-License-Identifier: MIT */
/*
 * audit.c - see audit.h. What processes of one start must know of each other lies in a page that
 * they share: whether the file ends amid a line, and when it was last complained of.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/audit.h"

#define SYSLOG_SOCKET	"/dev/log"

enum audit_kind { AUDIT_FILE, AUDIT_STDERR, AUDIT_SYSLOG };

struct audit {
	enum audit_kind	 kind;
	int		 fd;
	_Atomic bool	 torn;		/* the file's last line was not written to its end */
	_Atomic int64_t	 complained_us;	/* monotonic; 0: never */
};

_Static_assert(LIMIT_LOG_LINE <= PIPE_BUF, "a pipe takes a line whole or not at all");

static const char *const names[] = {
	[AUDIT_FILE] = "file", [AUDIT_STDERR] = "stderr", [AUDIT_SYSLOG] = "syslog",
};

bool
audit_is(const char *where)
{
	return strcmp(where, "none") == 0 || strcmp(where, "stderr") == 0 ||
	    strcmp(where, "syslog") == 0 || strchr(where, '/') != NULL;
}

/* ====== opening ====== */

static int
syslog_connect(int fd)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = SYSLOG_SOCKET };

	return connect(fd, (struct sockaddr *)&to, sizeof to);
}

/* Whether what another process, or this one before a crash, wrote last has no line end. */
static bool
is_torn(const char *path)
{
	struct stat st;
	char last = '\n';
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    pread(fd, &last, 1, st.st_size - 1) != 1)
		last = '\n';
	close(fd);
	return last != '\n';
}

/* The descriptor, or -1 with errno. */
static int
open_stream(enum audit_kind kind, const char *where)
{
	int fd;

	switch (kind) {
	case AUDIT_FILE:
		/* A pipe that nobody reads is an error here, and no wait later. */
		return open(where, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK |
		    O_NOCTTY, 0600);
	case AUDIT_STDERR:
		return STDERR_FILENO;
	case AUDIT_SYSLOG:
		break;
	}
	/* syslog(3) waits for a daemon that is slow, and does not tell what it lost. */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1 && syslog_connect(fd) == -1) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
audit_check(const char *where, char *why, size_t whylen)
{
	const char *slash = strrchr(where, '/');
	struct stat st;
	struct audit *a;
	char *folder;
	int result;

	if (slash == NULL) {
		result = audit_open(&a, where, why, whylen);
		audit_close(a);
		return result;
	}
	if (stat(where, &st) == 0) {
		result = S_ISDIR(st.st_mode) ? -1 : access(where, W_OK);
		if (result == -1)
			snprintf(why, whylen, "audit = %s: is a folder, or cannot be written",
			    where);
		return result;
	}
	folder = strndup(where, (size_t)(slash - where) + 1);
	result = folder == NULL ? -1 : access(folder, W_OK | X_OK);
	if (result == -1)
		snprintf(why, whylen, "audit = %s: its folder is not there or cannot be written",
		    where);
	free(folder);
	return result;
}

int
audit_open(struct audit **out, const char *where, char *why, size_t whylen)
{
	enum audit_kind kind = strchr(where, '/') != NULL ? AUDIT_FILE :
	    strcmp(where, "stderr") == 0 ? AUDIT_STDERR : AUDIT_SYSLOG;
	struct audit *a;
	int fd;

	*out = NULL;
	if (strcmp(where, "none") == 0)
		return 0;
	fd = open_stream(kind, where);
	if (fd == -1) {
		snprintf(why, whylen, kind == AUDIT_SYSLOG ? "audit = %s: " SYSLOG_SOCKET
		    ": %s; start a syslog daemon, or name a file" : "audit = %s: cannot be "
		    "opened: %s", where, strerror(errno));
		return -1;
	}
	a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (a == MAP_FAILED) {
		snprintf(why, whylen, "audit = %s: out of memory", where);
		if (kind != AUDIT_STDERR)
			close(fd);
		return -1;
	}
	a->kind = kind;
	a->fd = fd;
	a->torn = kind == AUDIT_FILE && is_torn(where);
	*out = a;
	return 0;
}

void
audit_close(struct audit *a)
{
	if (a == NULL)
		return;
	if (a->kind != AUDIT_STDERR)
		close(a->fd);
	munmap(a, sizeof *a);
}

const char *
audit_name(const struct audit *a)
{
	return names[a->kind];
}

bool
audit_is_shared(const struct audit *a)
{
	return a->kind == AUDIT_STDERR;
}

/* ====== writing ====== */

/* To a file or a pipe, with a line end. */
static int
write_line(struct audit *a, const struct buf *line)
{
	struct pollfd p = { .fd = a->fd, .events = POLLOUT };
	bool torn = atomic_exchange(&a->torn, false);
	char out[LIMIT_LOG_LINE + 1];
	size_t len = 0;
	ssize_t n;

	/* What was torn off is a line for itself: this one is not to be lost with it. */
	if (torn)
		out[len++] = '\n';
	memcpy(out + len, buf_str(line), line->len);
	len += line->len;
	out[len++] = '\n';
	/* Standard error is not ours to make non-blocking: others write there, too. */
	if (a->kind == AUDIT_STDERR &&
	    (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)) {
		errno = EAGAIN;
		return -1;
	}
	do
		n = write(a->fd, out, len);
	while (n == -1 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	if (n >= 0)
		errno = ENOSPC;
	/* Of what came in, all but the first line end alone is a piece of a line. */
	if (n > (torn ? 1 : 0) || (torn && n <= 0))
		atomic_store(&a->torn, true);
	return -1;
}

/* To the local daemon, as syslog(3) has it; one that was started anew is connected to again. */
static int
write_syslog(struct audit *a, const struct buf *line)
{
	char out[LIMIT_LOG_LINE + 128], stamp[32];
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;
	ssize_t n;
	int len;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof stamp, "%h %e %T", &tm);
	len = snprintf(out, sizeof out, "<%d>%s ums-mcp[%ld]: %s", LOG_AUTHPRIV | LOG_NOTICE, stamp,
	    (long)getpid(), buf_str(line));
	n = send(a->fd, out, (size_t)len, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN && syslog_connect(a->fd) == 0)
		n = send(a->fd, out, (size_t)len, MSG_NOSIGNAL);
	return n == -1 ? -1 : 0;
}

int
audit_write(struct audit *a, const struct buf *line)
{
	int64_t now = clock_mono_us(), last = atomic_load(&a->complained_us);
	int result = -1;

	errno = line->failed && line->starved ? ENOMEM : EMSGSIZE;
	if (!line->failed && line->len < LIMIT_LOG_LINE - 1)
		result = a->kind == AUDIT_SYSLOG ? write_syslog(a, line) : write_line(a, line);
	if (result == -1 &&
	    (last == 0 || now - last >= LIMIT_AUDIT_COMPLAINT_S * INT64_C(1000000)) &&
	    atomic_compare_exchange_strong(&a->complained_us, &last, now))
		log_warn("audit: lines are lost, ums_mcp_audit_failures_total counts them");
	return result;
}
