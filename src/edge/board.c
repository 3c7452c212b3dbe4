/* SPDX-License-Identifier: MIT */
/*
 * board.c - see board.h. Series are appended under a lock of the file and read without
 * one: `made` is raised when a series is whole. Locks are POSIX record locks, byte 0 for
 * appending, byte 1 and on for the seats: the kernel takes them away with their process.
 */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "edge/board.h"

#define MAGIC	0x36756d73u	/* "smu6": raised when the layout changes */
#define LOCK_TRIES	1000

struct head {
	uint32_t	magic;
	uint32_t	size;		/* of the whole: two builds may differ */
};

struct board_map {
	struct head		 head;
	_Atomic uint32_t	 made;		/* series that are whole */
	struct board_seat	 seats[LIMIT_BOARD_SEATS];
	struct board_breaker	 breakers[LIMIT_SERVICES];
	struct board_bucket	 buckets[LIMIT_BOARD_BUCKETS];
	struct board_series	 series[LIMIT_BOARD_SERIES];
	/* The history last: pages of what there is not are never touched. */
	_Atomic uint32_t	 slot;		/* the last that somebody writes for all */
	_Atomic uint32_t	 left;		/* workers, in all */
	struct board_leaver	 leavers[LIMIT_BOARD_LEAVERS];
	struct board_faults	 faults[LIMIT_HISTORY];
	struct board_flow	 requests[LIMIT_HISTORY];
	struct board_flow	 flows[LIMIT_SERVICES][LIMIT_HISTORY];
	struct board_pulse	 pulses[LIMIT_BOARD_SEATS][LIMIT_HISTORY];
};

struct board {
	struct board_map	*map;
	int			 fd;
	int			 seat;	/* this process's own, or -1 */
};

static int	open_file(const char *, char *, size_t);
static int	prepare(int);
static int	lock(const struct board *, short, off_t);

const char *
board_state_name(int64_t state)
{
	static const char *const names[BOARD_STATES] = { "starting", "open", "full", "draining" };

	return state >= 0 && state < BOARD_STATES ? names[state] : "";
}

int64_t
board_bound(unsigned bucket)
{
	static const int64_t us[BOARD_BUCKETS] = { 50, 100, 250, 500, 1000, 2500, 5000, 10000,
		25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
		INT64_MAX };

	return us[bucket];
}

struct board *
board_open(const char *path, int fd, char *why, size_t whylen)
{
	struct board *b = calloc(1, sizeof *b);

	if (b == NULL) {
		snprintf(why, whylen, "out of memory");
		return NULL;
	}
	b->seat = -1;
	b->map = MAP_FAILED;
	b->fd = path[0] == '\0' ? -1 : open_file(path, why, whylen);
	/* What is handed over serves where no file is named, or the one that is cannot. */
	if (b->fd == -1 && fd != -1 && prepare(fd) == 0) {
		if (path[0] != '\0')
			log_errorx("%s; the old board goes on", why);
		b->fd = fd;
	} else if (fd != -1)
		close(fd);
	if (b->fd == -1 && path[0] != '\0')
		goto fail;
	if (b->fd == -1)
		b->fd = memfd_create("ums-mcp", MFD_CLOEXEC);
	if (b->fd != -1 && prepare(b->fd) == 0)
		b->map = mmap(NULL, sizeof *b->map, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
	if (b->map == MAP_FAILED) {
		snprintf(why, whylen, "board: %s", strerror(errno));
		goto fail;
	}
	return b;
fail:
	board_close(b);
	return NULL;
}

/*
 * Make an empty file a board. 1: it is one of another layout; 0; -1 with errno. Two that do
 * so at once write the same.
 */
static int
prepare(int fd)
{
	struct head head = { .magic = MAGIC, .size = sizeof(struct board_map) }, is = { 0 };
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (st.st_size == 0)
		return ftruncate(fd, head.size) == -1 ||
		    pwrite(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ? -1 : 0;
	if (pread(fd, &is, sizeof is, 0) == -1)
		return -1;
	return st.st_size != head.size || memcmp(&is, &head, sizeof head) != 0;
}

/* Room for the whole file: a mapped page that its file system has no room for ends a process. */
static int
reserve(int fd)
{
	errno = posix_fallocate(fd, 0, sizeof(struct board_map));
	return errno == 0 ? 0 : -1;
}

/* A board of another release may have readers: it is replaced, not changed. */
static int
open_file(const char *path, char *why, size_t whylen)
{
	char other[4096];
	int fd, kind, tries;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		goto fail;
	/* Whoever made it may not have come to its size yet. */
	for (tries = 0; flock(fd, LOCK_EX | LOCK_NB) == -1; tries++) {
		if (tries == LOCK_TRIES) {
			close(fd);
			errno = EBUSY;
			goto fail;
		}
		usleep(1000);
	}
	kind = prepare(fd);
	flock(fd, LOCK_UN);
	if (kind == 0 && reserve(fd) == 0)
		return fd;
	kind = kind == 0 ? -1 : kind;
	close(fd);
	if (kind == -1)
		goto fail;
	snprintf(other, sizeof other, "%s.%ld", path, (long)getpid());
	fd = open(other, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd != -1 && prepare(fd) == 0 && reserve(fd) == 0 && rename(other, path) == 0)
		return fd;
	if (fd != -1) {
		unlink(other);
		close(fd);
	}
fail:
	snprintf(why, whylen, "board = %s: %s", path, strerror(errno));
	return -1;
}

void
board_close(struct board *b)
{
	if (b == NULL)
		return;
	if (b->map != MAP_FAILED)
		munmap(b->map, sizeof *b->map);
	if (b->fd != -1)
		close(b->fd);
	free(b);
}

int
board_fd(const struct board *b)
{
	return b->fd;
}

/* Set or lift a record lock on one byte, without waiting. 0 or -1. */
static int
lock(const struct board *b, short type, off_t byte)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(b->fd, F_SETLK, &l);
}

/* ====== series ====== */

struct board_series *
board_series_at(struct board *b, size_t i)
{
	return i < b->map->made && i < LIMIT_BOARD_SERIES ? &b->map->series[i] : NULL;
}

static struct board_series *
find(struct board *b, size_t from, unsigned family, const char *labels)
{
	struct board_series *s;

	for (; (s = board_series_at(b, from)) != NULL; from++)
		if (s->family == family && strcmp(s->labels, labels) == 0)
			return s;
	return NULL;
}

struct board_series *
board_series(struct board *b, unsigned family, const char *labels)
{
	struct board_series *s = find(b, 0, family, labels);
	size_t made = b->map->made;
	int tries = 0;

	if (s != NULL || strlen(labels) >= sizeof s->labels || made >= LIMIT_BOARD_SERIES)
		return s;
	/* It is held for some microseconds; but whoever holds it may have been stopped. */
	while (lock(b, F_WRLCK, 0) == -1)
		if (tries++ == LOCK_TRIES || sched_yield() == -1)
			return NULL;
	/* Somebody may have made it in between. */
	s = find(b, made, family, labels);
	made = b->map->made;
	if (s == NULL && made < LIMIT_BOARD_SERIES) {
		s = &b->map->series[made];
		s->family = family;
		snprintf(s->labels, sizeof s->labels, "%s", labels);
		atomic_store(&b->map->made, (uint32_t)made + 1);
	}
	lock(b, F_UNLCK, 0);
	return s;
}

void
board_add(struct board_series *s, uint64_t n)
{
	if (s != NULL)
		atomic_fetch_add_explicit(&s->count[0], n, memory_order_relaxed);
}

void
board_observe(struct board_series *s, int64_t us)
{
	unsigned i = 0;

	if (s == NULL)
		return;
	while (us > board_bound(i))
		i++;
	atomic_fetch_add_explicit(&s->count[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->sum_us, (uint64_t)(us < 0 ? 0 : us), memory_order_relaxed);
}

/* ====== buckets and breakers ====== */

struct board_bucket *
board_bucket(struct board *b, uint64_t key, int64_t now_us)
{
	struct board_bucket *bucket, *unused = NULL;
	uint64_t other;
	size_t i;

	for (i = 0; i < LIMIT_BOARD_PROBES; i++) {
		bucket = &b->map->buckets[(key + i) % LIMIT_BOARD_BUCKETS];
		if (bucket->key == key)
			return bucket;
		if (unused == NULL && (bucket->key == 0 || bucket->full_us <= now_us))
			unused = bucket;
	}
	if (unused == NULL)
		return &b->map->buckets[key % LIMIT_BOARD_BUCKETS];
	other = unused->key;
	if (atomic_compare_exchange_strong(&unused->key, &other, key))
		unused->full_us = now_us;
	return unused;
}

size_t
board_buckets_in_use(const struct board *b, int64_t now_us)
{
	size_t i, count = 0;

	for (i = 0; i < LIMIT_BOARD_BUCKETS; i++)
		count += b->map->buckets[i].key != 0 && b->map->buckets[i].full_us > now_us;
	return count;
}

struct board_breaker *
board_breaker(struct board *b, const char *service)
{
	uint8_t digest[CRYPTO_DIGEST];
	uint64_t key, none;
	size_t i;

	if (crypto_sha256(service, strlen(service), digest) == -1)
		return NULL;
	memcpy(&key, digest, sizeof key);
	for (i = 0; i < LIMIT_SERVICES; i++) {
		none = 0;
		if (b->map->breakers[i].key == key ||
		    atomic_compare_exchange_strong(&b->map->breakers[i].key, &none, key) ||
		    none == key)
			return &b->map->breakers[i];
	}
	return NULL;
}

/* ====== seats ====== */

struct board_seat *
board_sit(struct board *b)
{
	struct board_seat *s;
	int i;

	for (i = 0; i < LIMIT_BOARD_SEATS; i++) {
		if (lock(b, F_WRLCK, i + 1) == -1)
			continue;
		s = &b->map->seats[i];
		s->inflight = s->requests = s->rss = s->pss = 0;
		s->state = BOARD_STARTING;
		s->turned_us = 0;
		s->born_ms = clock_wall_ms();
		s->pid = getpid();
		b->seat = i;
		return s;
	}
	return NULL;
}

/* Whether the process on a seat is alive. */
static bool
is_taken(const struct board *b, size_t i)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)i + 1,
	    .l_len = 1 };

	/* A process never meets its own lock. */
	return (int)i == b->seat ||
	    (b->map->seats[i].pid != 0 && fcntl(b->fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK);
}

const struct board_seat *
board_seat_at(struct board *b, size_t i, bool *taken)
{
	if (i >= LIMIT_BOARD_SEATS)
		return NULL;
	*taken = is_taken(b, i);
	return &b->map->seats[i];
}

bool
board_has_open(const struct board *b, int64_t now_us)
{
	const struct board_seat *s;
	size_t i;

	for (i = 0; i < LIMIT_BOARD_SEATS; i++) {
		s = &b->map->seats[i];
		if (s->state == BOARD_OPEN &&
		    now_us - s->turned_us < LIMIT_BOARD_SILENT_S * INT64_C(1000000) &&
		    is_taken(b, i))
			return true;
	}
	return false;
}

/* ====== the last ten minutes ====== */

struct board_pulse *
board_pulses(struct board *b, const struct board_seat *s)
{
	return b->map->pulses[s - b->map->seats];
}

const struct board_pulse *
board_left_pulses(const struct board *b, const struct board_leaver *l)
{
	int64_t seat = l->seat;

	return seat < 0 || seat >= LIMIT_BOARD_SEATS ? NULL : b->map->pulses[seat];
}

struct board_flow *
board_flows(struct board *b, const struct board_breaker *of)
{
	return of == NULL ? b->map->requests : b->map->flows[of - b->map->breakers];
}

struct board_faults *
board_faults(struct board *b)
{
	return b->map->faults;
}

bool
board_turn(struct board *b, uint32_t slot)
{
	uint32_t last = b->map->slot;

	return last != slot && atomic_compare_exchange_strong(&b->map->slot, &last, slot);
}

void
board_leave(struct board *b, pid_t pid, const char *reason)
{
	struct board_leaver *l = &b->map->leavers[atomic_fetch_add(&b->map->left, 1) %
	    LIMIT_BOARD_LEAVERS];
	const struct board_seat *s;
	size_t i;

	l->at_ms = 0;
	l->pid = pid;
	l->seat = -1;
	l->born_ms = l->requests = l->rss = 0;
	snprintf(l->reason, sizeof l->reason, "%s", reason);
	for (i = 0; i < LIMIT_BOARD_SEATS; i++) {
		s = &b->map->seats[i];
		if (s->pid != pid || s->born_ms <= l->born_ms)
			continue;
		l->seat = (int64_t)i;
		l->born_ms = s->born_ms;
		l->requests = s->requests;
		l->rss = s->rss;
	}
	l->at_ms = clock_wall_ms();
}

const struct board_leaver *
board_leaver_at(struct board *b, size_t i)
{
	return i < LIMIT_BOARD_LEAVERS ? &b->map->leavers[i] : NULL;
}
