/* SPDX-License-Identifier: MIT */
/* test_board.c - edge/board: series of several processes, seats that end with their process. */
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "edge/board.h"

static size_t	 asked;		/* how often it was asked who holds a lock */

int	__real_fcntl(int, int, void *);
int	__wrap_fcntl(int, int, void *);

int
__wrap_fcntl(int fd, int command, void *arg)
{
	asked += command == F_GETLK;
	return __real_fcntl(fd, command, arg);
}

static size_t
taken(struct board *b)
{
	size_t i, n = 0;
	bool is;

	for (i = 0; board_seat_at(b, i, &is) != NULL; i++)
		n += is;
	return n;
}

static size_t
made(struct board *b)
{
	size_t n = 0;

	while (board_series_at(b, n) != NULL)
		n++;
	return n;
}

static void
series(struct board *b)
{
	char name[32], longest[LIMIT_BOARD_LABELS + 1];
	struct board_series *s = board_series(b, 1, "a=\"1\"");
	pid_t pids[4];
	size_t i, k;
	int64_t us;

	CHECK(s != NULL && s == board_series(b, 1, "a=\"1\""), "found again");
	CHECK(s != board_series(b, 2, "a=\"1\""), "another family");
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	CHECK(board_series(b, 1, longest) == NULL, "labels too long");
	board_add(NULL, 1);
	board_observe(NULL, 1);
	/* Four processes make the same hundred series at once and count in them. */
	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (k = 0; k < 10000; k++) {
			snprintf(name, sizeof name, "n=\"%zu\"", (k + i) % 100);
			board_add(board_series(b, 3, name), 1);
		}
		_exit(0);
	}
	for (i = 0; i < 4; i++)
		waitpid(pids[i], NULL, 0);
	CHECK(made(b) == 102, "%zu series", made(b));
	for (k = 0; k < 100; k++) {
		snprintf(name, sizeof name, "n=\"%zu\"", k);
		CHECK(board_series(b, 3, name)->count[0] == 400, "series %zu", k);
	}
	s = board_series(b, 4, "h");
	for (us = 1; us < 20000000; us *= 3)
		board_observe(s, us);
	board_observe(s, board_bound(3));
	board_observe(s, INT64_MAX);
	board_observe(s, -1);
	for (i = 0, k = 0; i < BOARD_BUCKETS; i++)
		k += s->count[i];
	CHECK(k == 19 && s->count[3] == 1 && s->count[0] == 5 && s->count[BOARD_BUCKETS - 1] == 2, "%zu observed", k);
	for (i = made(b); i < LIMIT_BOARD_SERIES; i++) {
		snprintf(name, sizeof name, "full=\"%zu\"", i);
		if (board_series(b, 5, name) == NULL)
			break;
	}
	CHECK(i == LIMIT_BOARD_SERIES && board_series(b, 5, "one more") == NULL, "full at %zu", i);
	CHECK(board_series(b, 1, "a=\"1\"") != NULL, "what is there is found");
}

static void
seats(struct board *b)
{
	const int64_t silent = LIMIT_BOARD_SILENT_S * INT64_C(1000000);
	struct board_seat *s;
	pid_t pid;
	int ready[2];
	char c;

	CHECK(taken(b) == 0, "nobody sits");
	asked = 0;
	CHECK(!board_has_open(b, 0) && asked == 0, "and nobody is open");
	if (pipe(ready) == -1)
		abort();
	pid = fork();
	if (pid == 0) {
		s = board_sit(b);
		s->state = BOARD_OPEN;
		s->turned_us = 1000000;
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	CHECK(read(ready[0], &c, 1) == 1 && taken(b) == 1, "a child sits");
	s = board_sit(b);
	CHECK(strcmp(board_state_name(BOARD_STARTING), "starting") == 0 &&
	    strcmp(board_state_name(BOARD_DRAINING), "draining") == 0 &&
	    board_state_name(BOARD_STATES)[0] == '\0' && board_state_name(-1)[0] == '\0', "states");
	CHECK(s != NULL && taken(b) == 2 && s->pid == getpid(), "and so does this process");
	s->state = BOARD_FULL;
	asked = 0;
	CHECK(board_has_open(b, 1000000) && asked == 1, "the child is open; asked %zu times", asked);
	CHECK(board_has_open(b, 999999 + silent), "and a little later");
	asked = 0;
	CHECK(!board_has_open(b, 1000000 + silent) && asked == 0,
	    "who has been silent for long is not; asked %zu times", asked);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(taken(b) == 1, "who is killed sits no more");
	CHECK(!board_has_open(b, 1000000), "and is not open");
	close(ready[0]);
	close(ready[1]);
}

/* Rings are each one's own, one process writes a slot, and who left is known by its seat. */
static void
history(struct board *b)
{
	struct board_seat *s = board_sit(b);
	struct board_breaker *breaker = board_breaker(b, "one");
	const struct board_leaver *l;
	size_t i, left = 0;

	CHECK(board_turn(b, 5) && !board_turn(b, 5) && board_turn(b, 6) && board_turn(b, 5),
	    "the first that comes, whatever the clock does");
	CHECK(board_flows(b, NULL) != board_flows(b, breaker) &&
	    board_flows(b, breaker) != board_flows(b, board_breaker(b, "two")) &&
	    board_flows(b, breaker) == board_flows(b, board_breaker(b, "one")), "flows");
	board_pulses(b, s)[LIMIT_HISTORY - 1].rss = 1;
	CHECK(board_pulses(b, s + 1)[0].rss == 0 && board_faults(b)[LIMIT_HISTORY - 1].slot == 0,
	    "pulses");
	s->requests = 12;
	s->rss = 4096;
	board_leave(b, getpid(), "max_requests");
	board_leave(b, 1, "a reason that is longer than its place");
	for (i = 0; (l = board_leaver_at(b, i)) != NULL; i++)
		left += l->at_ms != 0;
	CHECK(left == 2 && i == LIMIT_BOARD_LEAVERS, "%zu left", left);
	l = board_leaver_at(b, 0);
	CHECK(l->pid == getpid() && l->requests == 12 && l->rss == 4096 && l->born_ms == s->born_ms &&
	    strcmp(l->reason, "max_requests") == 0, "who it was");
	CHECK(board_left_pulses(b, l) == board_pulses(b, s), "and its curve");
	l = board_leaver_at(b, 1);
	CHECK(l->pid == 1 && l->born_ms == 0 && board_left_pulses(b, l) == NULL &&
	    strlen(l->reason) == sizeof l->reason - 1,
	    "who had no seat");
	for (i = 0; i < LIMIT_BOARD_LEAVERS; i++)
		board_leave(b, 2, "signal");
	CHECK(board_leaver_at(b, 0)->pid == 2, "the oldest make room");
}

int
main(void)
{
	char why[256], path[] = "/tmp/test_board.XXXXXX", file[64];
	struct board *b = board_open("", -1, why, sizeof why), *other;
	FILE *junk;
	int fd;

	if (b == NULL || mkdtemp(path) == NULL) {
		printf("FAIL %s\n", why);
		return 1;
	}
	series(b);
	seats(b);
	history(b);
	fd = dup(board_fd(b));
	other = board_open("", fd, why, sizeof why);
	CHECK(other != NULL && board_series(other, 3, "n=\"1\"")->count[0] == 400, "handed over");
	board_close(other);
	board_close(b);

	snprintf(file, sizeof file, "%s/board", path);
	b = board_open(file, -1, why, sizeof why);
	CHECK(b != NULL, "%s", why);
	board_add(board_series(b, 1, "x"), 5);
	board_close(b);
	b = board_open(file, -1, why, sizeof why);
	CHECK(b != NULL && board_series(b, 1, "x")->count[0] == 5, "a file outlives its process");
	board_close(b);
	junk = fopen(file, "w");
	fputs("something else", junk);
	fclose(junk);
	b = board_open(file, -1, why, sizeof why);
	CHECK(b != NULL && made(b) == 0, "what is no board is replaced");
	board_close(b);
	unlink(file);
	CHECK(board_open("/nowhere/board", -1, why, sizeof why) == NULL &&
	    strstr(why, "/nowhere/board") != NULL, "%s", why);
	CHECK(symlink("/etc/passwd", file) == 0 && board_open(file, -1, why, sizeof why) == NULL,
	    "a link is not followed");
	unlink(file);
	rmdir(path);
	return check_done();
}
