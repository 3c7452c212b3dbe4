/* SPDX-License-Identifier: MIT */
/*
 * master.c - forks, reaps, replaces, and never touches a request.
 *
 * All its signals are blocked and taken one by one with sigtimedwait(), so nothing is
 * lost between a test and a wait. A worker that ends as planned is replaced at once; one
 * that crashes after a pause that doubles, so that a crash at start cannot become a storm.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/listener.h"
#include "run/master.h"
#include "run/settings.h"
#include "run/worker.h"

struct slot {
	pid_t	pid;		/* 0: no worker */
	int64_t	start_us;	/* when one may be forked, monotonic */
	int64_t	forked_us;	/* when the last was */
	int64_t	backoff_ms;
};

struct master {
	const struct settings	*settings;
	struct slot		 slots[LIMIT_WORKERS];
	size_t			 count;
	int			 fd;
	bool			 stopping;
	int64_t			 kill_us;	/* when what is left is killed; 0: never */
	int			 code;
};

static void	master_fork(struct master *, struct slot *, const sigset_t *);
static void	master_reap(struct master *);
static void	master_signal(struct master *, int);
static size_t	master_alive(const struct master *);
static void	master_wait(const struct master *, struct timespec *);

int
master_run(const struct settings *s, int fd)
{
	struct master m = { .settings = s, .count = (size_t)s->workers, .fd = fd };
	struct timespec wait;
	sigset_t mine, before;
	siginfo_t info;
	size_t i;
	int number;

	sigemptyset(&mine);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGUSR1);
	sigaddset(&mine, SIGCHLD);
	/* Ignored, as some parents leave it, no worker could be reaped. */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &mine, &before);
	log_info("master open: %zu workers", m.count);
	for (;;) {
		for (i = 0; i < m.count && !m.stopping; i++)
			if (m.slots[i].pid == 0 && m.slots[i].start_us <= clock_mono_us())
				master_fork(&m, &m.slots[i], &before);
		if (m.stopping && master_alive(&m) == 0)
			break;
		master_wait(&m, &wait);
		number = sigtimedwait(&mine, &info, &wait);
		if (number == SIGCHLD)
			master_reap(&m);
		else if (number != -1)
			master_signal(&m, number);
		if (m.kill_us != 0 && clock_mono_us() >= m.kill_us)
			master_signal(&m, SIGKILL);
	}
	log_info("master gone");
	return m.code;
}

static void
master_fork(struct master *m, struct slot *slot, const sigset_t *before)
{
	pid_t master = getpid(), pid = fork();

	if (pid == -1) {
		log_warn("no worker could be forked; trying again in a second");
		slot->start_us = clock_mono_us() + 1000000;
		return;
	}
	if (pid == 0) {
		/* A master that dies takes its workers along, after they have drained. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		sigprocmask(SIG_SETMASK, before, NULL);
		if (getppid() != master)
			_exit(EXIT_PLANNED);
		exit(worker_run(m->settings, m->fd));
	}
	slot->pid = pid;
	slot->forked_us = clock_mono_us();
}

/* How long to wait for a signal: until a worker is due, or what is left is killed. */
static void
master_wait(const struct master *m, struct timespec *wait)
{
	int64_t now = clock_mono_us(), until = now + 60000000;
	size_t i;

	for (i = 0; i < m->count && !m->stopping; i++)
		if (m->slots[i].pid == 0 && m->slots[i].start_us < until)
			until = m->slots[i].start_us;
	if (m->kill_us != 0 && m->kill_us < until)
		until = m->kill_us;
	until = until > now ? until - now : 0;
	wait->tv_sec = until / 1000000;
	wait->tv_nsec = until % 1000000 * 1000;
}

static void
master_reap(struct master *m)
{
	struct slot *slot;
	int status;
	pid_t pid;
	size_t i;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < m->count && m->slots[i].pid != pid; i++)
			;
		if (i == m->count)
			continue;
		slot = &m->slots[i];
		slot->pid = 0;
		slot->start_us = 0;
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PLANNED) {
			slot->backoff_ms = 0;
			continue;
		}
		if (clock_mono_us() - slot->forked_us > LIMIT_BACKOFF_MAX_MS * INT64_C(1000))
			slot->backoff_ms = 0;
		slot->backoff_ms = slot->backoff_ms == 0 ? LIMIT_BACKOFF_MIN_MS :
		    slot->backoff_ms * 2;
		if (slot->backoff_ms > LIMIT_BACKOFF_MAX_MS)
			slot->backoff_ms = LIMIT_BACKOFF_MAX_MS;
		slot->start_us = clock_mono_us() + slot->backoff_ms * 1000;
		if (WIFSIGNALED(status))
			log_warnx("worker %ld was killed by signal %d (%s); the next starts in "
			    "%lld ms", (long)pid, WTERMSIG(status), strsignal(WTERMSIG(status)),
			    (long long)slot->backoff_ms);
		else
			log_warnx("worker %ld exited with %d; the next starts in %lld ms",
			    (long)pid, WEXITSTATUS(status), (long long)slot->backoff_ms);
	}
}

/* Pass a signal on to every worker; the first that ends us sets the deadline. */
static void
master_signal(struct master *m, int number)
{
	size_t i;

	if (number == SIGKILL) {
		log_warnx("drain deadline: %zu workers are killed", master_alive(m));
		m->kill_us = 0;
	} else if (!m->stopping) {
		log_info("master stopping: %s", strsignal(number));
		m->stopping = true;
		/* From here on the web server is refused at once and can go elsewhere. */
		listener_unlink(m->settings->listen);
		close(m->fd);
		m->kill_us = clock_mono_us() + (m->settings->drain_timeout_s + 5) * 1000000;
	}
	for (i = 0; i < m->count; i++)
		if (m->slots[i].pid != 0)
			kill(m->slots[i].pid, number == SIGKILL ? SIGKILL : SIGTERM);
}

static size_t
master_alive(const struct master *m)
{
	size_t i, alive = 0;

	for (i = 0; i < m->count; i++)
		alive += m->slots[i].pid != 0;
	return alive;
}
