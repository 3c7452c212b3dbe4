/* SPDX-License-Identifier: MIT */
/* listener.c - see listener.h. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/util.h>

#include "base/limits.h"
#include "edge/listener.h"

static int	clear_path(const char *, char *, size_t);
static int	open_unix(const char *, unsigned, char *, size_t);
static int	open_inet(const char *, char *, size_t);
static int	parse_inet(const char *, struct sockaddr_storage *, int *);

bool
listener_is(int fd)
{
	int listening = 0;
	socklen_t len = sizeof listening;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening != 0;
}

int
listener_check(const char *where, char *why, size_t whylen)
{
	struct sockaddr_storage ss;
	struct sockaddr_un sun;
	int len;

	if (strchr(where, '/') != NULL) {
		if (strlen(where) < sizeof sun.sun_path)
			return 0;
		snprintf(why, whylen, "listen = %s: a socket's path has at most %zu bytes", where,
		    sizeof sun.sun_path - 1);
		errno = EINVAL;
		return -1;
	}
	if (parse_inet(where, &ss, &len) == 0)
		return 0;
	snprintf(why, whylen, "listen = %s: not a path, ADDRESS:PORT or [ADDRESS]:PORT", where);
	errno = EINVAL;
	return -1;
}

int
listener_probe(const char *where, int timeout_ms)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNIX };
	struct sockaddr_un *sun = (struct sockaddr_un *)&ss;
	struct pollfd ready = { .events = POLLOUT };
	int len = sizeof *sun, error = 0, result;
	socklen_t errlen = sizeof error;

	if (strchr(where, '/') == NULL)
		result = parse_inet(where, &ss, &len);
	else
		result = (size_t)snprintf(sun->sun_path, sizeof sun->sun_path, "%s", where) <
		    sizeof sun->sun_path ? 0 : -1;
	if (result == -1) {
		errno = EINVAL;
		return -1;
	}
	ready.fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ready.fd == -1)
		return -1;
	if (connect(ready.fd, (struct sockaddr *)&ss, (socklen_t)len) == -1)
		error = errno;
	if (error == EINPROGRESS) {
		result = poll(&ready, 1, timeout_ms);
		if (result < 1 || getsockopt(ready.fd, SOL_SOCKET, SO_ERROR, &error, &errlen) == -1)
			error = result == 0 ? ETIMEDOUT : errno;
	}
	close(ready.fd);
	errno = error;
	return error == 0 ? 0 : -1;
}

int
listener_open(struct listener *l, const char *where, unsigned mode, char *why, size_t whylen)
{
	int fd = -1;

	if (listener_check(where, why, whylen) == 0)
		fd = strchr(where, '/') != NULL ? open_unix(where, mode, why, whylen) :
		    open_inet(where, why, whylen);
	if (fd == -1)
		return -1;
	*l = (struct listener){ .fd = fd, .own = true };
	listener_note(l);
	return 0;
}

/* The file of a Unix socket: its path and what is there now. 0, or -1 if there is none. */
static int
file_of(const struct listener *l, struct sockaddr_un *sun, struct stat *st)
{
	socklen_t len = sizeof *sun;

	memset(sun, 0, sizeof *sun);
	if (getsockname(l->fd, (struct sockaddr *)sun, &len) == -1 || sun->sun_family != AF_UNIX ||
	    len <= offsetof(struct sockaddr_un, sun_path) || sun->sun_path[0] != '/')
		return -1;
	return lstat(sun->sun_path, st);
}

void
listener_note(struct listener *l)
{
	struct sockaddr_un sun;
	struct stat st;

	if (file_of(l, &sun, &st) == -1)
		return;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
}

void
listener_unlink(const struct listener *l)
{
	struct sockaddr_un sun;
	struct stat st;

	/* Somebody else may have taken the name since. */
	if (l->own && file_of(l, &sun, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(sun.sun_path);
}

int
listener_give(const struct listener *l, uid_t uid, gid_t gid)
{
	struct sockaddr_un sun;
	struct stat st;

	if (!l->own || file_of(l, &sun, &st) == -1 || st.st_dev != l->dev || st.st_ino != l->ino)
		return 0;
	return lchown(sun.sun_path, uid, gid);
}

int
listener_folder(const struct listener *l, char *folder, size_t len)
{
	struct sockaddr_un sun;
	struct stat st;

	if (!l->own || file_of(l, &sun, &st) == -1)
		return -1;
	snprintf(folder, len, "%.*s", (int)(strrchr(sun.sun_path, '/') - sun.sun_path + 1),
	    sun.sun_path);
	return 0;
}

void
listener_close(struct listener *l)
{
	if (l->fd == -1)
		return;
	listener_unlink(l);
	close(l->fd);
	l->fd = -1;
}

/* Take away a socket file that nobody listens on. -1: it is not that, or cannot be told. */
static int
clear_path(const char *path, char *why, size_t whylen)
{
	struct stat st;
	int error = 0;

	if (lstat(path, &st) == -1)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, whylen, "listen = %s: is there and not a socket; remove it", path);
		return -1;
	}
	/* Ask before taking it away: somebody may be serving there. */
	if (listener_probe(path, 0) == -1)
		error = errno;
	if (error == ECONNREFUSED) {
		unlink(path);
		return 0;
	}
	if (error == 0 || error == EAGAIN) {
		snprintf(why, whylen, "listen = %s: another process is listening there", path);
		error = EADDRINUSE;
	} else
		snprintf(why, whylen, "listen = %s: is there, and whether somebody listens cannot "
		    "be told: %s", path, strerror(error));
	errno = error;
	return -1;
}

static int
open_unix(const char *path, unsigned mode, char *why, size_t whylen)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	memcpy(sun.sun_path, path, strlen(path));
	if (clear_path(path, why, whylen) == -1)
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

/* The address of "ADDRESS:PORT", "[ADDRESS]:PORT", ":PORT" or "localhost:PORT". 0 or -1. */
static int
parse_inet(const char *where, struct sockaddr_storage *ss, int *len)
{
	char text[128];

	if (strncmp(where, "localhost:", 10) == 0)
		where += 9;
	snprintf(text, sizeof text, "%s%s", where[0] == ':' ? "127.0.0.1" : "", where);
	*len = sizeof *ss;
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)ss, len) == -1 ||
	    (ss->ss_family == AF_INET ? ((struct sockaddr_in *)ss)->sin_port :
	    ((struct sockaddr_in6 *)ss)->sin6_port) == 0)
		return -1;
	return 0;
}

bool
listener_serves(int fd, const char *where)
{
	struct sockaddr_storage is = { 0 }, wanted = { 0 };
	const struct sockaddr_un *sun = (const struct sockaddr_un *)&is;
	socklen_t len = sizeof is;
	int wlen;

	if (getsockname(fd, (struct sockaddr *)&is, &len) == -1)
		return false;
	if (strchr(where, '/') != NULL)
		return is.ss_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path) &&
		    strncmp(sun->sun_path, where, sizeof sun->sun_path) == 0;
	return parse_inet(where, &wanted, &wlen) == 0 && (socklen_t)wlen == len &&
	    evutil_sockaddr_cmp((struct sockaddr *)&is, (struct sockaddr *)&wanted, 1) == 0;
}

static int
open_inet(const char *where, char *why, size_t whylen)
{
	struct sockaddr_storage ss;
	int fd, on = 1, len, code;

	parse_inet(where, &ss, &len);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
	    bind(fd, (struct sockaddr *)&ss, (socklen_t)len) == -1 ||
	    listen(fd, LIMIT_BACKLOG) == -1) {
		code = errno;
		snprintf(why, whylen, "listen = %s: %s", where, strerror(code));
		if (fd != -1)
			close(fd);
		errno = code;
		return -1;
	}
	return fd;
}
