/* SPDX-License-Identifier: MIT */
/* reload.c - see reload.h. */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "run/reload.h"

/* What tells the checker from an operator's ums-mcp -t. */
#define CHECKS	"UMS_CHECKS"

bool
reload_is_check(void)
{
	return getenv(CHECKS) != NULL;
}

/* The checker: the arguments with -t behind the name. Never returns. */
static void
check(const struct reload *r, int said)
{
	static char test[] = "-t";
	char **argv;
	int n = 0, null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LIMIT_WATCHDOG_S);
	while (r->argv[n] != NULL)
		n++;
	argv = calloc((size_t)n + 2, sizeof *argv);
	if (argv == NULL || setenv(CHECKS, "1", 1) == -1 || null == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(said, STDERR_FILENO) == -1)
		_exit(111);
	argv[0] = r->argv[0];
	argv[1] = test;
	memcpy(argv + 2, r->argv + 1, (size_t)n * sizeof *argv);
	execv(r->program, argv);
	_exit(111);
}

int
reload_check(struct reload *r)
{
	int ends[2];

	if (r->checker != 0) {
		r->again = true;
		return 0;
	}
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1) {
		log_warn("the new configuration cannot be checked");
		return -1;
	}
	r->checker = fork();
	if (r->checker == 0)
		check(r, ends[1]);
	close(ends[1]);
	if (r->checker == -1) {
		log_warn("the new configuration cannot be checked");
		close(ends[0]);
		r->checker = 0;
		return -1;
	}
	r->said = ends[0];
	return 0;
}

/* What came of a check. */
struct verdict {
	bool	good;
	char	text[LIMIT_REASON];	/* what is wrong, one line */
};

/* The checker's verdict, which is over with it. */
static void
read_verdict(struct reload *r, int status, struct verdict *v)
{
	ssize_t n;

	v->good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	n = v->good ? 0 : read(r->said, v->text, sizeof v->text - 1);
	v->text[n > 0 ? n : 0] = '\0';
	v->text[strcspn(v->text, "\n")] = '\0';
	close(r->said);
	r->checker = 0;
	r->said = -1;
}

static bool
judge(const struct verdict *v)
{
	if (!v->good)
		log_errorx("reload refused, the old configuration goes on: %s",
		    v->text[0] == '\0' ? "the check did not come to its end" : v->text);
	return v->good;
}

bool
reload_checked(struct reload *r, int status)
{
	struct verdict v;

	read_verdict(r, status, &v);
	if (r->again) {
		/* What was changed since is not what was checked. */
		r->again = false;
		reload_check(r);
		return false;
	}
	return judge(&v);
}

/* Check as often as it is asked, until nobody is there to ask. */
static _Noreturn void
serve_post(struct reload *r, int fd)
{
	struct pollfd ends[2] = { { .fd = fd }, { .fd = -1 } };
	struct verdict v;
	char asked;
	int status;

	while (read(fd, &asked, 1) == 1) {
		memset(&v, 0, sizeof v);
		if (reload_check(r) == 0) {
			/* Whose end comes first: the checker's or who asked. */
			ends[1].fd = r->said;
			while (poll(ends, 2, -1) == -1 && errno == EINTR)
				;
			if (ends[0].revents != 0)
				kill(r->checker, SIGKILL);
			while (waitpid(r->checker, &status, 0) == -1 && errno == EINTR)
				;
			read_verdict(r, status, &v);
		}
		if (send(fd, &v, sizeof v, MSG_NOSIGNAL) == -1)
			break;
	}
	_exit(0);
}

int
reload_post(struct reload *r)
{
	static const int deaf[] = { SIGTERM, SIGINT, SIGUSR1, SIGHUP };
	pid_t parent = getpid();
	int ends[2];
	size_t i;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) {
		log_error("no process for reloads can be had");
		return -1;
	}
	r->poster = fork();
	if (r->poster == 0) {
		/* A signal to a whole group is for who serves; and nobody serves here. */
		for (i = 0; i < sizeof deaf / sizeof deaf[0]; i++)
			signal(deaf[i], SIG_IGN);
		signal(SIGCHLD, SIG_DFL);
		prctl(PR_SET_NAME, "ums-mcp-reload");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || dup2(ends[1], STDERR_FILENO + 1) == -1)
			_exit(0);
		/* The listening socket and the board are not held here. */
		close_range(STDERR_FILENO + 2, ~0U, 0);
		fcntl(STDERR_FILENO + 1, F_SETFD, FD_CLOEXEC);
		serve_post(r, STDERR_FILENO + 1);
	}
	close(ends[1]);
	if (r->poster == -1) {
		log_error("no process for reloads can be had");
		close(ends[0]);
		r->poster = 0;
		return -1;
	}
	r->post = ends[0];
	return 0;
}

void
reload_ask(struct reload *r)
{
	if (r->checker != 0) {
		r->again = true;
		return;
	}
	if (r->post == -1 || send(r->post, "?", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		log_errorx("the new configuration cannot be checked; start anew for it");
	else
		r->checker = r->poster;
}

int
reload_answered(struct reload *r)
{
	struct verdict v;
	ssize_t n = recv(r->post, &v, sizeof v, MSG_DONTWAIT);

	if (n == -1 && errno == EAGAIN)
		return 0;
	r->checker = 0;
	if (n != (ssize_t)sizeof v) {
		log_warnx("the process for reloads is gone");
		return -1;
	}
	if (r->again) {
		r->again = false;
		reload_ask(r);
		return 0;
	}
	return judge(&v);
}

void
reload_dismiss(struct reload *r)
{
	if (r->post == -1)
		return;
	close(r->post);
	r->post = -1;
	/* It sees that and ends. */
	while (waitpid(r->poster, NULL, 0) == -1 && errno == EINTR)
		;
	r->poster = 0;
}

void
reload_execute(const struct reload *r)
{
	execv(r->program, r->argv);
	log_error("reload failed, the old configuration goes on: %s cannot be executed",
	    r->program);
}
