/* SPDX-License-Identifier: MIT */
/*
 * store_lmdb.c - the store in an LMDB file that the processes of one machine share.
 *
 * The operations of a turn are one transaction. LMDB's own write lock waits without end, for
 * a process that was stopped within a transaction too; so a lock that can be tried stands in
 * front of it, and who does not get it tries again in the next turn, until the operation's
 * deadline. The kernel takes both away with their process.
 *
 * Pages are written where the file is mapped, and copied before they are changed: what a process
 * leaves half done when it dies belongs to nothing yet.
 *
 * A value is preceded by its expiry. What has expired is not there, and is swept bit by bit:
 * each transaction looks at a few records behind those that the last one looked at.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmdb.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/store_backend.h"

#define MAGIC_AT	16		/* a page's header, then the meta page's magic */
#define MAGIC		0xbeefc0deU
#define MOVE_IT		"; move it away (what it knew of calls is gone then) or name another"
#define TURN_LOCK_AT	(1L << 30)	/* of the lock file; LMDB's own lock is on its first byte */

struct lmdb {
	char		*path;
	size_t		 size_max;
	MDB_env		*env;
	MDB_dbi		 dbi;
	MDB_txn		*reader;	/* kept between its uses */
	void		*map;		/* where the file is mapped; NULL: not known */
	size_t		 map_size;
	bool		 broken;	/* it could not be mapped anew: nothing goes any more */
	int		 lock;		/* the lock file, for the lock in front */
	uint8_t		 swept[STORE_KEY];	/* the sweep goes on behind this key */
	bool		 ailing;	/* the last transaction failed, and that was logged */
	bool		 full;		/* so is this, since a record found no room */
};

/* What came of an operation; what was found is a copy, since the file goes on changing. */
struct outcome {
	enum store_result	 result;
	uint8_t			*copy;
	size_t			 len;
};

/* How a value begins. */
struct expiry {
	struct clock_moment	at;
};

static void	*lmdb_create(struct event_base *, const struct store_settings *, char *, size_t);
static int	lmdb_check(const struct store_settings *, char *, size_t);
static void	lmdb_push(void *, struct store_ops *);
static void	lmdb_ebb(void *);
static void	lmdb_destroy(void *);

const struct store_backend store_lmdb = {
	.name = "lmdb",
	.create = lmdb_create,
	.check = lmdb_check,
	.push = lmdb_push,
	.ebb = lmdb_ebb,
	.destroy = lmdb_destroy,
};

/* ====== opening ====== */

/* Whether the file is LMDB's, or is yet to be made. */
static int
lmdb_check(const struct store_settings *s, char *why, size_t whylen)
{
	const char *slash = strrchr(s->where, '/');
	char *folder = slash == NULL ? strdup(".") :
	    strndup(s->where, (size_t)(slash - s->where) + 1);
	uint32_t magic = 0;
	struct stat st;
	int fd, result = -1;

	fd = open(s->where, O_RDWR | O_CLOEXEC);
	if (folder == NULL)
		snprintf(why, whylen, "store = %s: out of memory", s->where);
	else if (fd == -1 && errno == ENOENT && access(folder, W_OK | X_OK) == 0)
		result = 0;
	else if (fd == -1)
		snprintf(why, whylen, "store = %s: %s; name a file that this user may write",
		    s->where, strerror(errno));
	else if (access(folder, W_OK | X_OK) == -1)
		snprintf(why, whylen, "store = %s: its folder cannot be written, and a lock file "
		    "stands beside it", s->where);
	else if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || (st.st_size > 0 &&
	    (pread(fd, &magic, sizeof magic, MAGIC_AT) != sizeof magic || magic != MAGIC)))
		snprintf(why, whylen, "store = %s: is not an LMDB file, or is damaged" MOVE_IT,
		    s->where);
	else
		result = 0;
	if (fd != -1)
		close(fd);
	free(folder);
	return result;
}

/*
 * What is written goes into the mapped file: a page that the disk has no room for would end the
 * process. So the room is there before the first is written, or the start fails.
 */
static int
reserve(const char *path, size_t size)
{
	int code, fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd == -1)
		return errno;
	code = posix_fallocate(fd, 0, (off_t)size);
	close(fd);
	return code;
}

/* Where the file is mapped: LMDB does not say. */
static void
find_map(struct lmdb *l)
{
	unsigned long from, to, inode;
	struct stat st;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	l->map = NULL;
	if (maps == NULL || stat(l->path, &st) == -1)
		goto out;
	while (fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx %*s %*s %*s %lu", &from, &to, &inode) == 3 &&
		    inode == st.st_ino) {
			l->map = (void *)from;
			l->map_size = to - from;
			break;
		}
out:
	if (maps != NULL)
		fclose(maps);
}

/* A file that ends before its last page would end the process that reads there. */
static bool
is_whole(MDB_env *env, const char *path)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;

	return mdb_env_info(env, &info) == 0 && mdb_env_stat(env, &stat) == 0 &&
	    lstat(path, &st) == 0 &&
	    (uint64_t)st.st_size >= ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

static void *
lmdb_create(struct event_base *base, const struct store_settings *s, char *why, size_t whylen)
{
	struct lmdb *l = NULL;
	char *lock_path = NULL;
	MDB_txn *txn = NULL;
	int dead, code = 0;
	size_t map = s->size_max + LIMIT_STORE_ROOM;
	struct stat st;

	(void)base;
	if (lmdb_check(s, why, whylen) == -1)
		return NULL;
	l = calloc(1, sizeof *l);
	if (l == NULL || (l->path = strdup(s->where)) == NULL ||
	    asprintf(&lock_path, "%s-lock", s->where) == -1) {
		snprintf(why, whylen, "store = %s: out of memory", s->where);
		free(l == NULL ? NULL : l->path);
		free(l);
		return NULL;
	}
	/* Another process may have more of the file mapped than this one wants: it is never cut. */
	if (stat(s->where, &st) == 0 && (size_t)st.st_size > map)
		map = (size_t)st.st_size;
	l->size_max = s->size_max;
	l->lock = -1;
	if ((code = mdb_env_create(&l->env)) != 0 ||
	    (code = mdb_env_set_mapsize(l->env, map)) != 0 ||
	    (code = mdb_env_set_maxreaders(l->env, LIMIT_STORE_READERS)) != 0 ||
	    (code = mdb_env_open(l->env, s->where, MDB_NOSUBDIR | MDB_WRITEMAP |
	    (s->sync ? 0 : MDB_NOSYNC), 0600)) != 0 || (code = reserve(s->where, map)) != 0)
		goto fail;
	/* Closed after LMDB's own descriptor: its locks would go with the first that is closed. */
	l->lock = open(lock_path, O_RDWR | O_CLOEXEC);
	if (l->lock == -1) {
		code = errno;
		goto fail;
	}
	mdb_reader_check(l->env, &dead);
	if (!is_whole(l->env, s->where)) {
		code = MDB_CORRUPTED;
		goto fail;
	}
	/* Reading waits for nobody. */
	if ((code = mdb_txn_begin(l->env, NULL, MDB_RDONLY, &txn)) != 0)
		goto fail;
	code = mdb_dbi_open(txn, NULL, 0, &l->dbi);
	mdb_txn_abort(txn);
	if (code != 0)
		goto fail;
	find_map(l);
	free(lock_path);
	return l;
fail:
	snprintf(why, whylen, "store = %s: %s%s", s->where, mdb_strerror(code),
	    code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID ||
	    code == MDB_VERSION_MISMATCH ? MOVE_IT : "");
	free(lock_path);
	lmdb_destroy(l);
	return NULL;
}

/* No page of the file counts as this process's any more; they stay in the system's cache. */
static void
lmdb_ebb(void *self)
{
	struct lmdb *l = self;

	if (l->map != NULL)
		madvise(l->map, l->map_size, MADV_DONTNEED);
}

static void
lmdb_destroy(void *self)
{
	struct lmdb *l = self;

	if (l->reader != NULL)
		mdb_txn_abort(l->reader);
	if (l->env != NULL)
		mdb_env_close(l->env);
	if (l->lock != -1)
		close(l->lock);
	free(l->path);
	free(l);
}

/* ====== the operations of a turn ====== */

static bool
turn_lock(struct lmdb *l)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = TURN_LOCK_AT, .l_len = 1,
	};

	return fcntl(l->lock, F_OFD_SETLK, &lock) == 0;
}

static void
turn_unlock(struct lmdb *l)
{
	struct flock lock = {
		.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = TURN_LOCK_AT, .l_len = 1,
	};

	fcntl(l->lock, F_OFD_SETLK, &lock);
}

/* The record at a key: 0 with what follows its expiry, MDB_NOTFOUND, or an error. */
static int
find(struct lmdb *l, MDB_txn *txn, const uint8_t key[STORE_KEY], const struct clock_moment *now,
    MDB_val *value)
{
	MDB_val k = { .mv_size = STORE_KEY, .mv_data = (void *)(uintptr_t)key };
	struct expiry expiry;
	int code = mdb_get(txn, l->dbi, &k, value);

	if (code != 0)
		return code;
	if (value->mv_size < sizeof expiry + STORE_TAG)
		return MDB_CORRUPTED;
	memcpy(&expiry, value->mv_data, sizeof expiry);
	if (clock_is_past(&expiry.at, now))
		return MDB_NOTFOUND;
	value->mv_data = (uint8_t *)value->mv_data + sizeof expiry;
	value->mv_size -= sizeof expiry;
	return 0;
}

static int
put(struct lmdb *l, MDB_txn *txn, const struct store_op *op, const struct clock_moment *now)
{
	struct expiry expiry = { .at = clock_after(now, op->ttl_ms) };
	MDB_val k = { .mv_size = STORE_KEY, .mv_data = (void *)(uintptr_t)op->key };
	MDB_val v = { .mv_size = sizeof expiry + op->len };
	int code;

	code = mdb_put(txn, l->dbi, &k, &v, MDB_RESERVE);
	if (code != 0)
		return code;
	memcpy(v.mv_data, &expiry, sizeof expiry);
	memcpy((uint8_t *)v.mv_data + sizeof expiry, op->value, op->len);
	return 0;
}

static int
take_away(struct lmdb *l, MDB_txn *txn, const uint8_t key[STORE_KEY])
{
	MDB_val k = { .mv_size = STORE_KEY, .mv_data = (void *)(uintptr_t)key };

	return mdb_del(txn, l->dbi, &k, NULL);
}

/* Look at some records behind the last that were looked at; what has expired goes. */
static void
sweep(struct lmdb *l, MDB_txn *txn, const struct clock_moment *now, size_t count)
{
	MDB_val k = { .mv_size = STORE_KEY, .mv_data = l->swept }, v;
	struct expiry expiry;
	MDB_cursor *cursor;
	int code;

	if (mdb_cursor_open(txn, l->dbi, &cursor) != 0)
		return;
	code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; code == 0 && count > 0; count--) {
		memcpy(&expiry, v.mv_data, v.mv_size < sizeof expiry ? 0 : sizeof expiry);
		if (k.mv_size != STORE_KEY || v.mv_size < sizeof expiry ||
		    clock_is_past(&expiry.at, now))
			if (mdb_cursor_del(cursor, 0) != 0)
				break;
		code = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	}
	if (code == 0 && k.mv_size == STORE_KEY)
		memcpy(l->swept, k.mv_data, STORE_KEY);
	else
		memset(l->swept, 0, STORE_KEY);
	mdb_cursor_close(cursor);
}

/* Whether records take more than so many bytes. */
static bool
is_full(struct lmdb *l, MDB_txn *txn, size_t most)
{
	MDB_stat st;

	return mdb_stat(txn, l->dbi, &st) == 0 && (st.ms_branch_pages + st.ms_leaf_pages +
	    st.ms_overflow_pages + 1) * st.ms_psize > most;
}

/* Do one operation; 0, or an error of LMDB's. */
static int
apply(struct lmdb *l, MDB_txn *txn, const struct store_op *op, const struct clock_moment *now,
    struct outcome *o)
{
	size_t most = l->size_max;
	MDB_val v = { 0 };
	int code = find(l, txn, op->key, now, &v);

	if (code != 0 && code != MDB_NOTFOUND)
		return code;
	if (code == 0 && op->verb != STORE_SWAP) {
		o->copy = malloc(v.mv_size);
		if (o->copy == NULL)
			return ENOMEM;
		memcpy(o->copy, v.mv_data, v.mv_size);
		o->len = v.mv_size;
		o->result = STORE_FOUND;
		return 0;
	}
	if (op->verb == STORE_GET || (op->verb == STORE_SWAP && code != 0)) {
		o->result = STORE_NONE;
		return 0;
	}
	if (op->verb == STORE_SWAP && memcmp(v.mv_data, op->tag, STORE_TAG) != 0) {
		o->result = STORE_CHANGED;
		return 0;
	}
	o->result = STORE_DONE;
	if (op->value == NULL)
		return take_away(l, txn, op->key);
	/* What was begun has some more room to be ended in. */
	if (op->verb == STORE_SWAP)
		most += op->len <= v.mv_size ? LIMIT_STORE_ROOM : LIMIT_STORE_ROOM / 2;
	if (is_full(l, txn, most)) {
		sweep(l, txn, now, LIMIT_STORE_SWEEP_FULL);
		if (is_full(l, txn, most)) {
			o->result = STORE_FULL;
			return 0;
		}
	}
	return put(l, txn, op, now);
}

/* Report a batch: each with its result, or all with a failure. */
static void
report(struct lmdb *l, struct store_ops *batch, struct outcome *outcomes, int code)
{
	struct store_reply reply;
	struct store_op *op;
	struct outcome *o;

	if (code != 0 && !l->ailing)
		log_warnx("store %s: %s", l->path, mdb_strerror(code));
	l->ailing = code != 0;
	for (o = outcomes; (op = TAILQ_FIRST(batch)) != NULL; o++) {
		TAILQ_REMOVE(batch, op, entry);
		reply = (struct store_reply){ .result = o->result, .why = "" };
		if (code != 0) {
			reply.result = code == ENOSPC || code == MDB_MAP_FULL ? STORE_FULL :
			    STORE_FAILED;
			reply.why = code == ENOSPC ? "the disk is full" : code == MDB_MAP_FULL ?
			    "the store is full" : "the store's file cannot be used";
		} else if (o->result == STORE_FULL) {
			reply.why = "the store is full (store_max)";
			if (!l->full)
				log_warnx("store %s: is full: no new key until old ones run out, "
				    "or store_max is raised", l->path);
			l->full = true;
		}
		else if (o->result == STORE_DONE && op->verb == STORE_ADD)
			l->full = false;
		else if (o->result == STORE_FOUND) {
			reply.value = o->copy;
			reply.len = o->len;
		}
		store_end(op, &reply);
		free(o->copy);
	}
}

/* Begin a transaction, mending what other processes may have caused. */
static int
begin(struct lmdb *l, bool writes, MDB_txn **txn)
{
	struct stat st;
	int code, dead;

	if (l->broken)
		return MDB_PANIC;
	if (!writes && l->reader != NULL) {
		*txn = l->reader;
		code = mdb_txn_renew(l->reader);
		if (code != MDB_MAP_RESIZED && code != MDB_READERS_FULL)
			return code;
		mdb_txn_abort(l->reader);
		l->reader = NULL;
	} else
		code = mdb_txn_begin(l->env, NULL, writes ? 0 : MDB_RDONLY, txn);
	/* Another process was started with a larger map. The file is not cut. */
	if (code == MDB_MAP_RESIZED) {
		l->broken = stat(l->path, &st) == -1 ||
		    mdb_env_set_mapsize(l->env, (size_t)st.st_size) != 0;
		if (l->broken)
			return MDB_PANIC;
		find_map(l);
		code = mdb_txn_begin(l->env, NULL, writes ? 0 : MDB_RDONLY, txn);
	}
	if (code == MDB_READERS_FULL) {
		mdb_reader_check(l->env, &dead);
		code = mdb_txn_begin(l->env, NULL, writes ? 0 : MDB_RDONLY, txn);
	}
	if (code == 0 && !writes)
		l->reader = *txn;
	return code;
}

/* Take the first operations off the queue: as many as one transaction does, of one kind. */
static size_t
take_batch(struct store_ops *ops, struct store_ops *batch, bool writes)
{
	struct store_op *op;
	size_t count = 0;

	TAILQ_INIT(batch);
	while (count < LIMIT_STORE_BATCH && (op = TAILQ_FIRST(ops)) != NULL &&
	    (writes || op->verb == STORE_GET)) {
		TAILQ_REMOVE(ops, op, entry);
		TAILQ_INSERT_TAIL(batch, op, entry);
		count++;
	}
	return count;
}

static bool
only_reads(const struct store_ops *ops)
{
	const struct store_op *op;

	TAILQ_FOREACH(op, ops, entry)
		if (op->verb != STORE_GET)
			return false;
	return true;
}

static void
lmdb_push(void *self, struct store_ops *ops)
{
	struct outcome outcomes[LIMIT_STORE_BATCH];
	struct clock_moment now;
	struct lmdb *l = self;
	struct store_ops batch;
	struct store_op *op;
	MDB_txn *txn;
	size_t i, count;
	bool writes;
	int code;

	clock_now(&now);
	while (!TAILQ_EMPTY(ops)) {
		writes = !only_reads(ops) && turn_lock(l);
		count = take_batch(ops, &batch, writes);
		if (count == 0)
			return;		/* another process is at it: in the next turn */
		memset(outcomes, 0, count * sizeof *outcomes);
		code = begin(l, writes, &txn);
		i = 0;
		if (code == 0) {
			TAILQ_FOREACH(op, &batch, entry)
				if ((code = apply(l, txn, op, &now, &outcomes[i++])) != 0)
					break;
			if (writes && code == 0)
				sweep(l, txn, &now, 2 * count);
			if (!writes)
				mdb_txn_reset(txn);
			else if (code == 0)
				code = mdb_txn_commit(txn);
			else
				mdb_txn_abort(txn);
		}
		if (writes)
			turn_unlock(l);
		report(l, &batch, outcomes, code);
	}
}
