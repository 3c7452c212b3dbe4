/* SPDX-License-Identifier: MIT */
/* listener.c - see listener.h. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/util.h>

#include "base/limits.h"
#include "edge/listener.h"

static int	clear_path(const char *, const struct sockaddr_un *, char *, size_t);
static int	open_unix(const char *, unsigned, char *, size_t);
static int	open_inet(const char *, char *, size_t);

bool
listener_is(int fd)
{
	int listening = 0;
	socklen_t len = sizeof listening;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening != 0;
}

int
listener_open(const char *where, unsigned mode, char *why, size_t whylen)
{
	return strchr(where, '/') != NULL ? open_unix(where, mode, why, whylen) :
	    open_inet(where, why, whylen);
}

void
listener_unlink(const char *where)
{
	if (strchr(where, '/') != NULL)
		unlink(where);
}

/* Take away a socket file that nobody listens on. -1: it is not that, or cannot be told. */
static int
clear_path(const char *path, const struct sockaddr_un *sun, char *why, size_t whylen)
{
	struct stat st;
	int probe, error = 0;

	if (lstat(path, &st) == -1)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, whylen, "listen = %s: is there and not a socket; remove it", path);
		return -1;
	}
	/* Ask before taking it away: somebody may be serving there. */
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe == -1 || connect(probe, (const struct sockaddr *)sun, sizeof *sun) == -1)
		error = errno;
	if (probe != -1)
		close(probe);
	if (error == ECONNREFUSED) {
		unlink(path);
		return 0;
	}
	if (error == 0 || error == EAGAIN)
		snprintf(why, whylen, "listen = %s: another process is listening there", path);
	else
		snprintf(why, whylen, "listen = %s: is there, and whether somebody listens cannot "
		    "be told: %s", path, strerror(error));
	return -1;
}

static int
open_unix(const char *path, unsigned mode, char *why, size_t whylen)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof sun.sun_path) {
		snprintf(why, whylen, "listen = %s: a socket's path has at most %zu bytes", path,
		    sizeof sun.sun_path - 1);
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path));
	if (clear_path(path, &sun, why, whylen) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof sun) == -1 ||
	    chmod(path, (mode_t)mode) == -1 || listen(fd, LIMIT_BACKLOG) == -1) {
		snprintf(why, whylen, "listen = %s: %s", path, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

static int
open_inet(const char *where, char *why, size_t whylen)
{
	struct sockaddr_storage ss;
	int fd, on = 1, len = sizeof ss;
	char text[128];

	if (strncmp(where, "localhost:", 10) == 0)
		where += 9;
	snprintf(text, sizeof text, "%s%s", where[0] == ':' ? "127.0.0.1" : "", where);
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&ss, &len) == -1 ||
	    (ss.ss_family == AF_INET ? ((struct sockaddr_in *)&ss)->sin_port :
	    ((struct sockaddr_in6 *)&ss)->sin6_port) == 0) {
		snprintf(why, whylen, "listen = %s: not a path, ADDRESS:PORT or [ADDRESS]:PORT",
		    where);
		return -1;
	}
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
	    bind(fd, (struct sockaddr *)&ss, (socklen_t)len) == -1 ||
	    listen(fd, LIMIT_BACKLOG) == -1) {
		snprintf(why, whylen, "listen = %s: %s", where, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}
