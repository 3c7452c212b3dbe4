/* SPDX-License-Identifier: MIT */
/*
 * master.c - forks, reaps, replaces, and never touches a request.
 *
 * A worker has a seat among settings->workers, and leaves it when it says that it drains: its
 * successor is forked then, from this process, which has loaded everything and served nothing,
 * so that it serves before the old one has ended. A worker that ends unasked is replaced
 * after a pause that doubles, so that a crash at start cannot become a storm.
 *
 * HUP: another process checks the new configuration, and if it is good this one executes
 * itself anew, on the same socket and the same board, and knows the old workers from its
 * environment; they are told to drain once all seats are served again. So the master, too,
 * has an exit at which its memory is reclaimed.
 *
 * Signals are blocked and read from a descriptor, notes of the workers from a pipe: one
 * poll() waits for both and nothing is lost between a test and a wait.
 */
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/board.h"
#include "edge/listener.h"
#include "edge/manager.h"
#include "run/master.h"
#include "run/metrics.h"
#include "run/reload.h"
#include "run/settings.h"
#include "run/worker.h"

/* The workers that a master leaves to itself when it executes itself anew. */
#define INHERITED	"UMS_WORKERS"

struct seat {
	pid_t	pid;		/* 0: no worker */
	bool	open;		/* it has said that it serves */
	int64_t	start_us;	/* when one may be forked, monotonic */
	int64_t	forked_us;	/* when the last was */
	int64_t	backoff_ms;
};

struct leaver {
	pid_t	pid;
	int64_t	kill_us;	/* when it is killed if it has not ended */
};

struct master {
	const struct settings	*settings;
	struct metrics		*metrics;
	struct reload		*reload;
	const struct listener	*listener;
	int			 signals;	/* descriptor */
	int			 notes[2];	/* pipe: workers write */
	struct seat		 seats[LIMIT_WORKERS];
	size_t			 count;
	struct leaver		 leaving[LIMIT_CHILDREN];	/* they drain */
	size_t			 nleaving;
	bool			 old;		/* those who leave have not been told yet */
	bool			 ready;		/* the service manager has been told */
	bool			 wanted;	/* HUP came; not checked yet */
	int64_t			 began_us;
	bool			 stopping;
	int64_t			 kill_us;	/* when what is left is killed; 0: never */
};

static int	master_init(struct master *, const sigset_t *);
static void	master_inherit(struct master *);
static void	master_fork(struct master *, struct seat *);
static void	master_wait(struct master *);
static void	master_signal(struct master *, int);
static void	master_notes(struct master *);
static void	master_leave(struct master *, pid_t);
static int64_t	drained_us(const struct master *);
static void	master_open(struct master *);
static void	master_reap(struct master *);
static void	master_ended(struct master *, struct seat *, int);
static void	master_check(struct master *);
static void	master_renew(struct master *);
static void	master_stop(struct master *, const char *);
static void	master_kill_late(struct master *);
static void	master_kill(struct master *);
static size_t	master_alive(const struct master *);
static bool	master_is_open(const struct master *);
static void	master_each(const struct master *, int);

int
master_run(const struct settings *s, struct metrics *m, const struct listener *l,
    struct reload *reload)
{
	struct master master = {
		.settings = s, .metrics = m, .reload = reload, .listener = l,
		.count = (size_t)s->workers, .began_us = clock_mono_us(),
	};
	sigset_t mine;
	size_t i;

	sigemptyset(&mine);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGUSR1);
	sigaddset(&mine, SIGHUP);
	sigaddset(&mine, SIGCHLD);
	if (master_init(&master, &mine) == -1) {
		log_error("the master cannot start");
		return EXIT_TEMPORARY;
	}
	log_info("master open: %zu workers", master.count);
	for (;;) {
		for (i = 0; i < master.count && !master.stopping; i++)
			if (master.seats[i].pid == 0 &&
			    master.seats[i].start_us <= clock_mono_us() &&
			    master_alive(&master) < LIMIT_CHILDREN)
				master_fork(&master, &master.seats[i]);
		if (master.stopping && master_alive(&master) == 0)
			break;
		master_wait(&master);
		if (master.wanted && !master.stopping)
			master_check(&master);
		master_kill_late(&master);
		if (master.kill_us != 0 && clock_mono_us() >= master.kill_us)
			master_kill(&master);
	}
	log_info("master gone");
	return EXIT_PLANNED;
}

static int
master_init(struct master *m, const sigset_t *mine)
{
	/* Ignored, as some parents leave it, no worker could be reaped. */
	signal(SIGCHLD, SIG_DFL);
	if (sigprocmask(SIG_BLOCK, mine, NULL) == -1)
		return -1;
	m->signals = signalfd(-1, mine, SFD_NONBLOCK | SFD_CLOEXEC);
	if (m->signals == -1 || pipe2(m->notes, O_NONBLOCK | O_CLOEXEC) == -1)
		return -1;
	master_inherit(m);
	return 0;
}

bool
master_inherits(void)
{
	return getenv(INHERITED) != NULL;
}

/* The workers of this same process before it executed itself. */
static void
master_inherit(struct master *m)
{
	char *text = getenv(INHERITED), *end;
	long pid;

	while (text != NULL && m->nleaving < LIMIT_CHILDREN) {
		pid = strtol(text, &end, 10);
		if (end == text)
			break;
		/* Ours alone: 0 says that such a child lives, a pid that it has ended. */
		if (pid > 0 && waitpid((pid_t)pid, NULL, WNOHANG) == 0)
			master_leave(m, (pid_t)pid);
		text = end;
	}
	unsetenv(INHERITED);
	m->old = m->nleaving > 0;
}

static void
master_fork(struct master *m, struct seat *seat)
{
	pid_t master = getpid(), pid = fork();

	if (pid == -1) {
		log_warn("no worker could be forked; trying again in a second");
		seat->start_us = clock_mono_us() + 1000000;
		return;
	}
	if (pid == 0) {
		/* A master that dies takes its workers along, after they have drained. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != master)
			_exit(EXIT_PLANNED);
		close(m->signals);
		close(m->notes[0]);
		if (m->reload->said != -1)
			close(m->reload->said);
		m->reload->checker = 0;
		exit(worker_run(m->settings, m->metrics, m->listener, m->notes[1], m->reload));
	}
	seat->pid = pid;
	seat->open = false;
	seat->forked_us = clock_mono_us();
}

/* Wait for a signal, a note, or until a worker is due or what is left is killed. */
static void
master_wait(struct master *m)
{
	struct pollfd fds[2] = {
		{ .fd = m->signals, .events = POLLIN }, { .fd = m->notes[0], .events = POLLIN },
	};
	int64_t now = clock_mono_us(), until = now + (m->wanted ? 1000000 : 60000000);
	struct signalfd_siginfo info;
	size_t i;

	for (i = 0; i < m->count && !m->stopping; i++)
		if (m->seats[i].pid == 0 && m->seats[i].start_us < until)
			until = m->seats[i].start_us;
	for (i = 0; i < m->nleaving && !m->old; i++)
		if (m->leaving[i].kill_us < until)
			until = m->leaving[i].kill_us;
	if (m->kill_us != 0 && m->kill_us < until)
		until = m->kill_us;
	/* Rounded up; with all children in use, the next to end wakes us. */
	until = until > now ? (until - now + 999) / 1000 :
	    master_alive(m) < LIMIT_CHILDREN ? 0 : 1000;
	if (poll(fds, 2, (int)until) == -1)
		return;
	master_notes(m);
	while (read(m->signals, &info, sizeof info) == (ssize_t)sizeof info)
		master_signal(m, (int)info.ssi_signo);
}

static void
master_signal(struct master *m, int number)
{
	switch (number) {
	case SIGCHLD:
		master_reap(m);
		break;
	case SIGHUP:
		m->wanted = true;
		break;
	default:
		master_stop(m, strsignal(number));
	}
}

/* What workers say: that they serve, that they drain. */
static void
master_notes(struct master *m)
{
	struct worker_note note;
	struct seat *seat;
	size_t i;

	while (read(m->notes[0], &note, sizeof note) == (ssize_t)sizeof note) {
		for (i = 0; i < m->count && m->seats[i].pid != note.pid; i++)
			;
		if (i == m->count)
			continue;
		seat = &m->seats[i];
		if (!note.draining) {
			seat->open = true;
			if (!m->ready && master_is_open(m))
				master_open(m);
		} else if (m->nleaving < LIMIT_CHILDREN) {
			master_leave(m, seat->pid);
			/* Its successor comes at once: it has lived well. */
			*seat = (struct seat){ 0 };
		}
	}
}

/* A worker drains now. It ends by itself in its time; one that does not is stuck, or stopped. */
static void
master_leave(struct master *m, pid_t pid)
{
	m->leaving[m->nleaving++] = (struct leaver){ .pid = pid, .kill_us = drained_us(m) };
}

/* When a worker that begins to drain now has ended at the latest. */
static int64_t
drained_us(const struct master *m)
{
	int64_t longest_s = m->settings->drain_timeout_s;

	if (m->settings->request_timeout_ms / 1000 + 1 > longest_s)
		longest_s = m->settings->request_timeout_ms / 1000 + 1;
	return clock_mono_us() + (longest_s + LIMIT_KILL_S) * 1000000;
}

/* All seats are served for the first time: who served before may go. */
static void
master_open(struct master *m)
{
	size_t i;

	m->ready = true;
	manager_tell("READY=1");
	if (m->old)
		log_info("master open: the old workers drain");
	for (i = 0; m->old && i < m->nleaving; i++) {
		m->leaving[i].kill_us = drained_us(m);
		kill(m->leaving[i].pid, SIGHUP);
	}
	m->old = false;
}

static void
master_reap(struct master *m)
{
	int status;
	pid_t pid;
	size_t i;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == m->reload->checker) {
			if (reload_checked(m->reload, status) && !m->stopping)
				master_renew(m);
			continue;
		}
		/* It may have said that it drains, and ended, since they were read. */
		master_notes(m);
		for (i = 0; i < m->nleaving && m->leaving[i].pid != pid; i++)
			;
		if (i < m->nleaving) {
			m->leaving[i] = m->leaving[--m->nleaving];
			if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_PLANNED)
				log_warnx("worker %ld did not drain well: %s %d", (long)pid,
				    WIFEXITED(status) ? "exit" : "signal",
				    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
			continue;
		}
		for (i = 0; i < m->count && m->seats[i].pid != pid; i++)
			;
		if (i < m->count)
			master_ended(m, &m->seats[i], status);
	}
}

/* A worker has ended that did not say it would. */
static void
master_ended(struct master *m, struct seat *seat, int status)
{
	long pid = (long)seat->pid;

	seat->pid = 0;
	seat->open = false;
	if (m->stopping)
		return;
	metrics_recycle(m->metrics, (pid_t)pid, "crash");
	if (clock_mono_us() - seat->forked_us > LIMIT_BACKOFF_MAX_MS * INT64_C(1000))
		seat->backoff_ms = 0;
	seat->backoff_ms = seat->backoff_ms == 0 ? LIMIT_BACKOFF_MIN_MS : seat->backoff_ms * 2;
	if (seat->backoff_ms > LIMIT_BACKOFF_MAX_MS)
		seat->backoff_ms = LIMIT_BACKOFF_MAX_MS;
	seat->start_us = clock_mono_us() + seat->backoff_ms * 1000;
	if (WIFSIGNALED(status))
		log_warnx("worker %ld was killed by signal %d (%s); the next starts in %lld ms",
		    pid, WTERMSIG(status), strsignal(WTERMSIG(status)),
		    (long long)seat->backoff_ms);
	else
		log_warnx("worker %ld exited with %d; the next starts in %lld ms", pid,
		    WEXITSTATUS(status), (long long)seat->backoff_ms);
}

/*
 * HUP: have the new configuration checked. Not before the workers of the last time have been
 * replaced, so that HUPs do not pile workers up; but if those do not open, another
 * configuration may be what mends it.
 */
static void
master_check(struct master *m)
{
	int64_t age_us = clock_mono_us() - m->began_us;

	if (master_alive(m) + m->count > LIMIT_CHILDREN ||
	    (m->old && age_us < LIMIT_RELOAD_S * INT64_C(1000000)))
		return;
	m->wanted = false;
	log_info("master reloading: the new configuration is checked");
	reload_check(m->reload);
}

/* The new configuration is good: become the program anew. Returns only if that fails. */
static void
master_renew(struct master *m)
{
	char text[LIMIT_CHILDREN * 12];
	size_t i, len = 0;

	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)clock_mono_us());
	manager_tell(text);
	text[0] = '\0';
	for (i = 0; i < m->count + m->nleaving; i++) {
		pid_t pid = i < m->count ? m->seats[i].pid : m->leaving[i - m->count].pid;

		if (pid != 0)
			len += (size_t)snprintf(text + len, sizeof text - len, "%ld ", (long)pid);
	}
	if (setenv(INHERITED, text, 1) == 0 &&
	    manager_hand_over(m->listener, board_fd(m->metrics->board)) == 0)
		reload_execute(m->reload);
	/* Still here: as before. */
	manager_take_back();
	unsetenv(INHERITED);
	manager_tell("READY=1");
}

/* Pass the end on to every worker; the first that asks for it sets the deadline. */
static void
master_stop(struct master *m, const char *why)
{
	if (!m->stopping) {
		log_info("master stopping: %s", why);
		manager_tell("STOPPING=1");
		m->stopping = true;
		/* From here on the web server is refused at once and can go elsewhere. */
		listener_unlink(m->listener);
		close(m->listener->fd);
		m->kill_us = clock_mono_us() +
		    (m->settings->drain_timeout_s + LIMIT_KILL_S) * 1000000;
	}
	master_each(m, SIGTERM);
}

static void
master_kill_late(struct master *m)
{
	int64_t now = clock_mono_us();
	size_t i;

	for (i = 0; i < m->nleaving && !m->old; i++)
		if (now >= m->leaving[i].kill_us) {
			log_warnx("worker %ld has not drained in time and is killed",
			    (long)m->leaving[i].pid);
			kill(m->leaving[i].pid, SIGKILL);
			m->leaving[i].kill_us = now + 60000000;
		}
}

static void
master_kill(struct master *m)
{
	log_warnx("drain deadline: %zu workers are killed", master_alive(m));
	m->kill_us = 0;
	master_each(m, SIGKILL);
}

static size_t
master_alive(const struct master *m)
{
	size_t i, alive = m->nleaving;

	for (i = 0; i < m->count; i++)
		alive += m->seats[i].pid != 0;
	return alive;
}

static bool
master_is_open(const struct master *m)
{
	size_t i;

	for (i = 0; i < m->count && m->seats[i].open; i++)
		;
	return i == m->count;
}

static void
master_each(const struct master *m, int number)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (m->seats[i].pid != 0)
			kill(m->seats[i].pid, number);
	for (i = 0; i < m->nleaving; i++)
		kill(m->leaving[i].pid, number);
}
