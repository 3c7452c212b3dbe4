/* SPDX-License-Identifier: MIT */
/*
 * parent.c - opening the socket, forking, reaping; see parent.h.
 *
 * The children are opt->workers responders and one courier. A child that ends
 * is replaced, after a pause that doubles while they end quickly. All signals
 * are taken synchronously with sigtimedwait(), so nothing runs in a handler.
 */
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/clock.h"
#include "base/log.h"
#include "local/cap.h"
#include "local/courier.h"
#include "local/options.h"
#include "local/parent.h"
#include "local/rate.h"
#include "local/responder.h"

struct child {
	pid_t	 pid;		/* 0: none */
	int64_t	 started;	/* microseconds */
	int64_t	 start_at;	/* when to start it again */
	int64_t	 pause;		/* milliseconds, doubled by a quick end */
};

struct parent {
	struct options	*opt;
	struct child	 child[CAP_WORKERS + 1];	/* the last one in use is the courier */
	int		 count;
	int		 listener;
	struct stat	 socket;	/* as it was made: only that one is removed */
	sigset_t	 signals;
	bool		 stopping;
	bool		 killed;
};

static int	probe(const char *);
static int	open_socket(struct parent *);
static int	check_inherited(void);
static void	remove_socket(const struct parent *);
static int	child_main(const struct parent *, int, pid_t);
static void	start(struct parent *, int);
static void	start_due(struct parent *);
static void	reap(struct parent *);
static void	ended(struct parent *, struct child *, int);
static void	signal_children(const struct parent *, int);
static int	alive(const struct parent *);
static int	wait_ms(const struct parent *, int);
static void	watch(struct parent *);

/* Whether the path can be taken: nothing there, or a socket at which nobody listens. 0 or -1. */
static int
probe(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, r;

	if (strlen(path) >= sizeof addr.sun_path) {
		fprintf(stderr, "ums-local: --socket: the path is longer than %zu bytes\n",
		    sizeof addr.sun_path - 1);
		return -1;
	}
	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		fprintf(stderr, "ums-local: %s: is there and is no socket\n", path);
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	r = connect(fd, (struct sockaddr *)&addr, sizeof addr);
	/* EAGAIN: somebody listens and the queue is full. */
	if (r == 0 || errno == EAGAIN) {
		fprintf(stderr, "ums-local: %s: another process is listening there\n", path);
		r = 0;
	}
	close(fd);
	return r == 0 ? -1 : 0;
}

static int
open_socket(struct parent *p)
{
	const char *path = p->opt->socket;
	mode_t old;

	if (probe(path) == -1)
		return -1;
	/* The web server connects as the same user or through the group. */
	old = umask(0117);
	p->listener = FCGX_OpenSocket(path, CAP_BACKLOG);
	umask(old);
	if (p->listener == -1 || lstat(path, &p->socket) == -1) {
		fprintf(stderr, "ums-local: %s: %s\n", path, strerror(errno));
		return -1;
	}
	return 0;
}

static int
check_inherited(void)
{
	socklen_t len = sizeof(int);
	int listening = 0;

	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening)
		return 0;
	fprintf(stderr, "ums-local: --socket is missing and descriptor 0 is no listening socket\n");
	return -1;
}

static void
remove_socket(const struct parent *p)
{
	struct stat st;

	if (p->opt->socket != NULL && lstat(p->opt->socket, &st) == 0 &&
	    st.st_ino == p->socket.st_ino && st.st_dev == p->socket.st_dev)
		unlink(p->opt->socket);
}

static int
child_main(const struct parent *p, int slot, pid_t parent)
{
	sigset_t term;

	/* Without a parent nobody would end this process; it may be gone already. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != parent)
		return 1;
	/* A terminal's INT and HUP go to all; the parent makes a TERM of them. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_SETMASK, &term, NULL);
	if (slot == p->count - 1)
		return courier_run(p->opt);
	return responder_run(p->opt, p->listener);
}

static void
start(struct parent *p, int slot)
{
	struct child *child = &p->child[slot];
	pid_t parent = getpid();
	int status;

	child->started = clock_mono_us();
	child->pid = fork();
	if (child->pid == 0) {
		status = child_main(p, slot, parent);
		options_free(p->opt);
		rate_finish();
		exit(status);
	}
	if (child->pid == -1) {
		log_error("a child cannot be made");
		child->pid = 0;
		child->start_at = child->started + CAP_BACKOFF_MAX_MS * 1000LL;
	}
}

static void
start_due(struct parent *p)
{
	int64_t now = clock_mono_us();
	int i;

	for (i = 0; i < p->count; i++)
		if (p->child[i].pid == 0 && p->child[i].start_at <= now)
			start(p, i);
}

static void
ended(struct parent *p, struct child *child, int status)
{
	int64_t now = clock_mono_us();

	if (!p->stopping || status != 0)
		log_warnx("child %ld ended with %s %d", (long)child->pid,
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	child->pid = 0;
	if (now - child->started > CAP_QUICK_MS * 1000LL || child->pause == 0)
		child->pause = CAP_BACKOFF_MIN_MS;
	else if ((child->pause *= 2) > CAP_BACKOFF_MAX_MS)
		child->pause = CAP_BACKOFF_MAX_MS;
	child->start_at = now + child->pause * 1000;
}

static void
reap(struct parent *p)
{
	int i, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < p->count; i++)
			if (p->child[i].pid == pid)
				ended(p, &p->child[i], status);
}

static void
signal_children(const struct parent *p, int signo)
{
	int i;

	for (i = 0; i < p->count; i++)
		if (p->child[i].pid > 0)
			kill(p->child[i].pid, signo);
}

static int
alive(const struct parent *p)
{
	int i, n = 0;

	for (i = 0; i < p->count; i++)
		n += p->child[i].pid > 0;
	return n;
}

/* The next signal, or 0 after `ms`. */
static int
wait_ms(const struct parent *p, int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	int signo = sigtimedwait(&p->signals, NULL, &t);

	return signo == -1 ? 0 : signo;
}

static void
watch(struct parent *p)
{
	int64_t deadline = 0;
	int signo;

	while (!p->stopping || alive(p) > 0) {
		if (!p->stopping)
			start_due(p);
		/* With all children there, only a signal brings work. */
		signo = wait_ms(p, !p->stopping && alive(p) == p->count ? 60000 :
		    CAP_BACKOFF_MIN_MS);
		reap(p);
		if (signo != 0 && signo != SIGCHLD && !p->stopping) {
			p->stopping = true;
			deadline = clock_mono_us() + CAP_GRACE_MS * 1000LL;
			signal_children(p, SIGTERM);
		}
		if (p->stopping && !p->killed && clock_mono_us() > deadline) {
			p->killed = true;
			signal_children(p, SIGKILL);
		}
	}
}

int
parent_run(struct options *opt)
{
	struct parent p;
	int result = 1;

	memset(&p, 0, sizeof p);
	p.opt = opt;
	p.count = opt->workers + 1;
	/* Before the first fork, so that no signal falls between it and the wait. */
	sigemptyset(&p.signals);
	sigaddset(&p.signals, SIGTERM);
	sigaddset(&p.signals, SIGINT);
	sigaddset(&p.signals, SIGHUP);
	sigaddset(&p.signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &p.signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	opt->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (opt->bell == -1 || rate_init(opt->client_count + 1) == -1) {
		log_error("the children's shared things cannot be made");
		goto out;
	}
	if ((opt->socket != NULL ? open_socket(&p) : check_inherited()) == -1)
		goto out;
	watch(&p);
	remove_socket(&p);
	result = 0;
out:
	rate_finish();
	if (opt->bell != -1)
		close(opt->bell);
	return result;
}
