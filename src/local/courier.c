/* SPDX-License-Identifier: MIT */
/* courier.c - due messages and mail; see courier.h. */
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "local/cap.h"
#include "local/channel.h"
#include "local/courier.h"
#include "local/event.h"
#include "local/idempotency.h"
#include "local/mail.h"
#include "local/options.h"
#include "local/recipient.h"
#include "local/store.h"
#include "local/token.h"

struct copy {				/* one recipient's copy of a mail, in our hands */
	int64_t	 seq;
	char	 contact[CAP_ID + 1];
};

static volatile sig_atomic_t	courier_stop;

static void	stop(int);
static int	any_due(struct store *, int64_t);
static int	next_due(struct store *, int64_t, int64_t *, bool *);
static int	deliver_due(struct store *);
static int	claim(struct store *, struct copy *);
static int	send_copy(struct store *, const struct options *, const struct copy *,
		    const char **, char *, size_t);
static int	send_mail(struct store *, const struct options *);
static int	give_up_stale(struct store *);
static int	note(struct store *, const struct copy *, const char *, const char *, const char *);
static void	work(struct store *, const struct options *, int64_t *);
static void	wait_for_work(const struct options *);

static void
stop(int signo)
{
	(void)signo;
	courier_stop = 1;
}

/* Asked without the write lock: nearly always nothing is due. */
static int
any_due(struct store *store, int64_t now)
{
	sqlite3_stmt *stmt = store_bind(store, "SELECT 1 FROM message"
	    " WHERE status = 'scheduled' AND scheduled_at <= ? LIMIT 1", "i", now);
	int r = store_step(store, stmt);

	store_done(stmt);
	return r;
}

static int
next_due(struct store *store, int64_t now, int64_t *seq, bool *mail)
{
	sqlite3_stmt *stmt = store_bind(store, "SELECT seq, channel FROM message"
	    " WHERE status = 'scheduled' AND scheduled_at <= ? ORDER BY scheduled_at, seq LIMIT 1",
	    "i", now);
	int r = store_step(store, stmt);

	if (r == 1) {
		*seq = sqlite3_column_int64(stmt, 0);
		*mail = strcmp(store_text(stmt, 1), CHANNEL_EMAIL) == 0;
	}
	store_done(stmt);
	return r;
}

static int
deliver_due(struct store *store)
{
	int64_t now = clock_wall_ms(), seq;
	int r, n = 0;
	bool mail;

	if ((r = any_due(store, now)) != 1)
		return r;
	if (store_begin(store, true) == -1)
		return -1;
	while (n++ < CAP_DUE && (r = next_due(store, now, &seq, &mail)) == 1) {
		/* The status first: it is what keeps the message from being due again. */
		if (store_run(store, "UPDATE message SET status = 'queued' WHERE seq = ?", "i",
		    seq) == -1 || event_add(store, seq, "queued", NULL, NULL, NULL) == -1 ||
		    (!mail && recipient_deliver(store, seq) == -1))
			return -1;
	}
	return r == -1 ? -1 : store_commit(store);
}

/* Take one mail. 1: it is in `copy` and marked, so that no other courier takes it; 0: none; -1. */
static int
claim(struct store *store, struct copy *copy)
{
	static const char sql[] = "SELECT r.message_seq, r.contact_id FROM recipient r"
	    " JOIN message m ON m.seq = r.message_seq WHERE r.state = 'queued'"
	    " AND m.status = 'queued' AND m.channel = 'email' ORDER BY r.rowid LIMIT 1";
	sqlite3_stmt *stmt = store_bind(store, sql, "");
	int r = store_step(store, stmt);

	if (r == 1) {
		copy->seq = sqlite3_column_int64(stmt, 0);
		snprintf(copy->contact, sizeof copy->contact, "%s", store_text(stmt, 1));
	}
	store_done(stmt);
	if (r != 1)
		return r;
	if (store_begin(store, true) == -1 ||
	    store_run(store, "UPDATE recipient SET state = 'sending', at = ? WHERE message_seq = ?"
	    " AND contact_id = ? AND state = 'queued'", "iit", clock_wall_ms(), copy->seq,
	    copy->contact) == -1)
		return -1;
	r = sqlite3_changes(store->db);
	return store_commit(store) == -1 ? -1 : r;
}

/* 1: the relay took it; 0: it did not, `code` and `why` are set; -1. */
static int
send_copy(struct store *store, const struct options *opt, const struct copy *copy,
    const char **code, char *why, size_t whylen)
{
	static const char sql[] = "SELECT m.id, r.address, r.name, m.subject, m.text, m.reply_to,"
	    " m.attachments FROM message m JOIN recipient r ON r.message_seq = m.seq"
	    " WHERE m.seq = ? AND r.contact_id = ?";
	sqlite3_stmt *stmt = store_bind(store, sql, "it", copy->seq, copy->contact);
	int r = store_step(store, stmt);
	struct mail mail;

	if (r != 1) {
		store_done(stmt);
		return -1;
	}
	mail.id = store_text(stmt, 0);
	mail.to = store_text(stmt, 1);
	mail.name = store_text(stmt, 2);
	mail.subject = store_text(stmt, 3);
	mail.text = store_text(stmt, 4);
	mail.reply_to = store_text(stmt, 5);
	mail.attachments = store_text(stmt, 6);
	r = mail_send(opt, &mail, code, why, whylen) == 0;
	store_done(stmt);
	return r;
}

static int
note(struct store *store, const struct copy *copy, const char *state, const char *code,
    const char *why)
{
	if (store_begin(store, true) == -1 ||
	    recipient_move(store, copy->seq, copy->contact, state, code, why) == -1 ||
	    recipient_settle(store, copy->seq) == -1)
		return -1;
	return store_commit(store);
}

static int
send_mail(struct store *store, const struct options *opt)
{
	const char *code = NULL;
	struct copy copy;
	char why[512];
	int r;

	while (!courier_stop && (r = claim(store, &copy)) == 1) {
		r = send_copy(store, opt, &copy, &code, why, sizeof why);
		if (r == 1)
			r = note(store, &copy, "sent", NULL, NULL);
		else if (r == 0)
			r = note(store, &copy, "failed", code, why);
		if (r == -1)
			return -1;
	}
	return 0;
}

/*
 * A courier that died with a mail in its hands leaves it so. Whether the relay
 * has it is not known: to send it again could send it twice, so it is failed
 * and says why.
 */
static int
give_up_stale(struct store *store)
{
	static const char sql[] = "SELECT message_seq, contact_id FROM recipient"
	    " WHERE state = 'sending' AND at < ? LIMIT 1";
	struct copy copy;
	sqlite3_stmt *stmt;
	int r;

	while ((r = store_step(store, stmt = store_bind(store, sql, "i",
	    clock_wall_ms() - CAP_CLAIM_MS))) == 1) {
		copy.seq = sqlite3_column_int64(stmt, 0);
		snprintf(copy.contact, sizeof copy.contact, "%s", store_text(stmt, 1));
		store_done(stmt);
		if (note(store, &copy, "failed", "interrupted", "the service stopped while the "
		    "relay had it; it may have been sent") == -1)
			return -1;
	}
	return r;
}

/* One turn. What fails is logged by the store and tried again in the next one. */
static void
work(struct store *store, const struct options *opt, int64_t *purged)
{
	int64_t now = clock_wall_ms();

	if (deliver_due(store) == -1)
		store_rollback(store);
	if (give_up_stale(store) == -1)
		store_rollback(store);
	if (send_mail(store, opt) == -1)
		store_rollback(store);
	if (now - *purged < 60000 && *purged <= now)
		return;
	*purged = now;
	if (idempotency_purge(store) == -1 || token_purge(store) == -1)
		store_rollback(store);
}

static void
wait_for_work(const struct options *opt)
{
	struct timespec tick = { .tv_sec = CAP_TICK_MS / 1000,
	    .tv_nsec = CAP_TICK_MS % 1000 * 1000000 };
	struct pollfd bell = { .fd = opt->bell, .events = POLLIN };
	sigset_t open;
	uint64_t rings;

	/* TERM is let in here only: between two pieces of work. */
	sigemptyset(&open);
	if (ppoll(&bell, 1, &tick, &open) == 1 &&
	    read(opt->bell, &rings, sizeof rings) == -1)
		log_warn("the bell cannot be read");
}

int
courier_run(const struct options *opt)
{
	struct sigaction act = { .sa_handler = stop };
	struct store store;
	int64_t purged = 0;
	char why[512];

	sigaction(SIGTERM, &act, NULL);
	if (mail_init() == -1)
		return 1;
	if (store_open(&store, opt->db, why, sizeof why) == -1) {
		log_errorx("%s", why);
		mail_finish();
		return 1;
	}
	while (!courier_stop) {
		work(&store, opt, &purged);
		wait_for_work(opt);
	}
	store_close(&store);
	mail_finish();
	return 0;
}
