/* SPDX-License-Identifier: MIT */
/* manager.c - see manager.h. */
#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "edge/listener.h"
#include "edge/manager.h"

static void	forget(void);

#define FIRST	3	/* where handed over descriptors begin */

/* Names under which a master hands over to itself. */
#define OWN	"own"
#define BOARD	"board"

/* The name of descriptor number `i` in "a:b:c"; whether it is `name`. */
static bool
is_named(const char *names, long i, const char *name)
{
	while (names != NULL && i-- > 0) {
		names = strchr(names, ':');
		names = names == NULL ? NULL : names + 1;
	}
	return names != NULL && strcspn(names, ":") == strlen(name) &&
	    strncmp(names, name, strlen(name)) == 0;
}

/* Nothing of ours stands on the numbers that are handed over: /dev/null does, until then. */
static void
reserve(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null != -1 && null != fd) {
		dup3(null, fd, O_CLOEXEC);
		close(null);
	}
}

int
manager_descriptors(struct listener *l, int *board, char *why, size_t whylen)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	bool ours = pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid();
	long i, n = ours ? strtol(count, NULL, 10) : 0;
	int result = 0, fd;

	*l = (struct listener){ .fd = -1 };
	*board = -1;
	for (i = 0; i < n; i++) {
		fd = fcntl(FIRST + (int)i, F_DUPFD_CLOEXEC, FIRST + 2);
		if (is_named(names, i, BOARD))
			*board = fd;
		else if (!listener_is(fd) || l->fd != -1) {
			snprintf(why, whylen, "the service manager hands over %ld descriptors; "
			    "one listening stream socket is wanted (Accept=no)", n);
			result = -1;
		} else {
			*l = (struct listener){ .fd = fd, .own = is_named(names, i, OWN) };
			listener_note(l);
		}
	}
	reserve(FIRST);
	reserve(FIRST + 1);
	forget();
	return result;
}

static void
forget(void)
{
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

void
manager_take_back(void)
{
	reserve(FIRST);
	reserve(FIRST + 1);
	forget();
}

int
manager_hand_over(const struct listener *l, int board)
{
	char pid[32];

	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	/* dup2() leaves close-on-exec behind. */
	return dup2(l->fd, FIRST) != -1 && dup2(board, FIRST + 1) != -1 &&
	    setenv("LISTEN_PID", pid, 1) == 0 && setenv("LISTEN_FDS", "2", 1) == 0 &&
	    setenv("LISTEN_FDNAMES", l->own ? OWN ":" BOARD : "listener:" BOARD, 1) == 0 ? 0 : -1;
}

void
manager_tell(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof sun.sun_path)
		return;
	memcpy(sun.sun_path, path, strlen(path));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		sun.sun_path[0] = '\0';	/* Linux's abstract names */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (struct sockaddr *)&sun, len) == -1)
		log_warn("the service manager cannot be told %s", state);
	if (fd != -1)
		close(fd);
}
