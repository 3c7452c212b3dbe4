/* SPDX-License-Identifier: MIT */
/*
 * board.h - what outlives a worker and is nobody's alone: counters and histograms of all
 * workers, and a seat for each that is alive. One shared mapping, changed by atomics; it
 * survives workers and, as a file, masters, and may be lost with the machine.
 *
 * A series is a metric's family with its labels. It is made when it is first wanted and
 * never taken away. A seat is held by a lock that ends with its process, however that ends.
 *
 * The last ten minutes are kept as samples, in rings: that of slot N (wall time by LIMIT_SAMPLE_S)
 * stands at N % LIMIT_HISTORY and says its slot, so what is of another time is known for it. What
 * they count only grows (and wraps): a time is the difference of two. Each is written by one
 * process, its slot last; who reads one that is being overwritten shows one wrong point.
 */
#ifndef EDGE_BOARD_H
#define EDGE_BOARD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct board;

enum board_state { BOARD_STARTING, BOARD_OPEN, BOARD_FULL, BOARD_DRAINING, BOARD_STATES };

/* The name of a state, as metrics and the status have it; "" of what is none. */
const char *board_state_name(int64_t state);

#define BOARD_BUCKETS	18	/* of a histogram, the last without an upper bound */

struct board_series {
	uint32_t		 family;
	char			 labels[LIMIT_BOARD_LABELS];	/* as Prometheus prints them */
	_Atomic uint64_t	 count[BOARD_BUCKETS];	/* a counter has the first alone */
	_Atomic uint64_t	 sum_us;
};

/* A bucket of tokens, as the time at which it would be full again (monotonic, microseconds). */
struct board_bucket {
	_Atomic uint64_t key;
	_Atomic int64_t	 full_us;
};

/* A circuit breaker; run/limit.c says what its times mean (monotonic, microseconds). */
struct board_breaker {
	_Atomic uint64_t key;
	_Atomic int64_t	 failures;	/* one after the other */
	_Atomic int64_t	 opened_us;	/* 0: it is closed */
	_Atomic int64_t	 probe_us;	/* until then one call tries whether it may close */
	_Atomic int64_t	 failed;	/* answers that were failures, in all */
};

/* A worker as others see it. */
struct board_seat {
	_Atomic int64_t	 pid;
	_Atomic int64_t	 state;		/* enum board_state */
	_Atomic int64_t	 inflight, requests, rss, pss;
	_Atomic int64_t	 born_ms;	/* wall time */
	_Atomic int64_t	 turned_us;	/* when its loop last said that it turns, monotonic */
};

/* A worker at a slot. */
struct board_pulse {
	_Atomic uint32_t slot;
	uint32_t	 pid;
	uint32_t	 rss;		/* KB */
	uint32_t	 inflight;	/* the most since the last one */
	uint32_t	 cpu;		/* used since the last one, thousandths of a core */
};

/* What has gone through until a slot: HTTP requests, or transactions with a service. */
struct board_flow {
	_Atomic uint32_t slot;
	uint32_t	 failed;
	uint32_t	 count[BOARD_BUCKETS];	/* as of a histogram */
	uint64_t	 sum_us;
	uint32_t	 breaker;	/* of the service: 0 closed, 1 half-open, 2 open */
};

/* Errors until a slot, by causes that run/metrics.c numbers. */
struct board_faults {
	_Atomic uint32_t slot;
	uint32_t	 count[LIMIT_BOARD_CAUSES];
};

/* A worker that began to drain, or has ended without that. */
struct board_leaver {
	_Atomic int64_t	 at_ms;		/* wall time; 0: there is none */
	int64_t		 seat;		/* its number; -1: it had none */
	int64_t		 born_ms, pid, requests;
	int64_t		 rss;		/* bytes, when it was last looked at */
	char		 reason[16];
};

/*
 * Open the board of the file `path`, made if it is not there or of another release; "": one
 * for this process and its children alone, or the one that is handed over as `fd` (-1: none).
 * board_close() must follow if and only if it is not NULL. NULL with a sentence in `why`.
 */
struct board *board_open(const char *path, int fd, char *why, size_t whylen);
void	 board_close(struct board *b);
/* Its descriptor, to hand over. Borrowed. */
int	 board_fd(const struct board *b);
/* The upper bound of a bucket in microseconds; INT64_MAX for the last. */
int64_t	 board_bound(unsigned bucket);

/* Find or make a series. NULL when the board is full or `labels` is too long. */
struct board_series *board_series(struct board *b, unsigned family, const char *labels);
/* The series number `i`, in the order they were made; NULL behind the last. */
struct board_series *board_series_at(struct board *b, size_t i);
/* Count; NULL is counted nowhere. */
void	 board_add(struct board_series *s, uint64_t n);
void	 board_observe(struct board_series *s, int64_t us);

/*
 * The bucket of a key that is not 0; one that is full is as good as none, and its place is given
 * to another. Where there is no place left two keys share one. `in_use` counts those not full.
 */
struct board_bucket *board_bucket(struct board *b, uint64_t key, int64_t now_us);
size_t	 board_buckets_in_use(const struct board *b, int64_t now_us);
/* The breaker of a service; NULL when there are too many. */
struct board_breaker *board_breaker(struct board *b, const char *service);

/*
 * Take a seat for this process, after its last fork; it is left by ending. NULL when all
 * are taken.
 */
struct board_seat *board_sit(struct board *b);
/*
 * Rings of LIMIT_HISTORY: of a seat; of that which a worker left (NULL: it had none); of a service,
 * by its breaker, or of the bridge's own requests (NULL); of errors. Borrowed.
 */
struct board_pulse *board_pulses(struct board *b, const struct board_seat *s);
const struct board_pulse *board_left_pulses(const struct board *b, const struct board_leaver *l);
struct board_flow *board_flows(struct board *b, const struct board_breaker *of);
struct board_faults *board_faults(struct board *b);
/* Whether this process is the first that asks for a slot: it writes the samples that are all's. */
bool	 board_turn(struct board *b, uint32_t slot);
/* Write down that a worker leaves, with what its seat says of it. */
void	 board_leave(struct board *b, pid_t pid, const char *reason);
/* Those who left, in no order; NULL behind the last place. */
const struct board_leaver *board_leaver_at(struct board *b, size_t i);
/* The seat number `i`: NULL behind the last; `*taken` says whether a process is alive on it. */
const struct board_seat *board_seat_at(struct board *b, size_t i, bool *taken);
/*
 * Whether some worker that is alive is open, and has said within LIMIT_BOARD_SILENT_S that its loop
 * turns. Asks the system only for those whose seat says so.
 */
bool	 board_has_open(const struct board *b, int64_t now_us);

#endif
