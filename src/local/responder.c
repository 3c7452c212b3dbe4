/* SPDX-License-Identifier: MIT */
/*
 * responder.c - the accept loop of libfcgi and the way of one request; see responder.h.
 *
 * libfcgi's calls block. The listening socket does not: several processes wait
 * for it with ppoll(), one gets the connection, the others get EAGAIN and wait
 * on. TERM is open in that ppoll() only, so a request in hand is finished. An
 * alarm interrupts a read or write that a silent peer would hold for ever.
 *
 * A connection is closed after its request even if the web server would keep
 * it: with one request at a time, a kept connection would hold the process.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "local/call.h"
#include "local/fault.h"
#include "local/options.h"
#include "local/problem.h"
#include "local/rate.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/responder.h"
#include "local/route.h"
#include "local/store.h"
#include "local/text.h"
#include "local/token.h"

static volatile sig_atomic_t	responder_stop;

static void	on_term(int);
static void	on_alarm(int);
static int	set_up(struct store *, const struct options *, int);
static bool	wait_for_peer(int);
static int	set_id(struct call *);
static int	admit(struct call *);
static int	answer(struct call *, FCGX_Stream *, struct fault *);
static void	serve(FCGX_Request *, struct store *, const struct options *);
static void	log_request(const struct call *, int64_t);
static void	finish(FCGX_Request *, const struct fault *);

static void
on_term(int signo)
{
	(void)signo;
	responder_stop = 1;
}

/* Its only work is to interrupt the call that blocks. */
static void
on_alarm(int signo)
{
	(void)signo;
}

static int
set_up(struct store *store, const struct options *opt, int listener)
{
	struct sigaction act = { .sa_handler = on_term };
	char why[512];

	sigaction(SIGTERM, &act, NULL);
	act.sa_handler = on_alarm;
	sigaction(SIGALRM, &act, NULL);
	/* libfcgi would wait 2 s for each peer to close, and serve nobody meanwhile. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "200", 0);
	if (fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) == -1 ||
	    FCGX_Init() != 0) {
		log_error("the listening socket cannot be used");
		return -1;
	}
	if (store_open(store, opt->db, why, sizeof why) == -1) {
		log_errorx("%s", why);
		return -1;
	}
	if (store_load_key(store) == 0)
		return 0;
	store_close(store);
	return -1;
}

/* Whether somebody is at the socket; otherwise TERM came, or it was nothing. */
static bool
wait_for_peer(int listener)
{
	struct pollfd fd = { .fd = listener, .events = POLLIN };
	sigset_t open;

	sigemptyset(&open);
	return ppoll(&fd, 1, NULL, &open) == 1 && !responder_stop;
}

/* The caller's X-Request-Id where it is harmless, so that one id runs through all logs. */
static int
set_id(struct call *c)
{
	const char *given = request_header(&c->req, "HTTP_X_REQUEST_ID");

	if (given != NULL && text_is_id(given) && strlen(given) < sizeof c->id) {
		snprintf(c->id, sizeof c->id, "%s", given);
		return 0;
	}
	return text_new_id("req_", c->id, sizeof c->id);
}

/* Path, token, rate, query. 0; 1 with a problem set; -1. */
static int
admit(struct call *c)
{
	int r;

	if ((r = route_find(c)) != 0)
		return r;
	if (!c->route->open && ((r = token_check(c)) != 0 || (r = rate_take(c)) != 0))
		return r;
	return request_check_query(c, c->route->query == NULL ? "" : c->route->query);
}

/* 0 or 1: a reply is set; -1: the store or memory failed. */
static int
answer(struct call *c, FCGX_Stream *in, struct fault *fault)
{
	bool write;
	int r;

	if ((r = request_read(c, c->req.params)) != 0 || (r = admit(c)) != 0)
		return r;
	write = strcmp(c->route->method, "POST") == 0;
	if (write && (r = request_body(c, in)) != 0)
		return r;
	/* The alarm is for the peer; the work has limits of its own. */
	alarm(0);
	if (c->route->body == ROUTE_NO_BODY && c->req.body.len > 0 &&
	    ((r = request_json(c)) != 0 || (r = request_check_members(c, c->req.json, "")) != 0))
		return r;
	if ((r = fault_find(c, fault)) != 0 || (r = fault_play(c, fault)) != 0)
		return r;
	/* One snapshot for all that a reading handler asks. */
	if (!write && store_begin(c->store, false) == -1)
		return -1;
	return c->route->handle(c);
}

static void
log_request(const struct call *c, int64_t started)
{
	char stamp[CLOCK_STAMP];
	struct buf line;

	buf_init(&line, 2 * CAP_TARGET);
	clock_stamp(clock_wall_ms(), stamp);
	buf_printf(&line, "{\"time\":\"%s\",\"level\":\"info\",\"pid\":%ld,\"method\":", stamp,
	    (long)getpid());
	log_quote(&line, c->req.method);
	buf_puts(&line, ",\"path\":");
	log_quote(&line, c->req.target == NULL ? "" : c->req.target);
	buf_printf(&line, ",\"status\":%d,\"ms\":%.1f,\"request_id\":", c->reply.status,
	    (double)(clock_mono_us() - started) / 1000);
	log_quote(&line, c->id);
	buf_putc(&line, '}');
	if (!line.failed)
		log_line(&line);
	log_flush();
	buf_finish(&line);
}

/*
 * A truncated or stalled answer ends without END_REQUEST: the peer must see the
 * connection break. libfcgi then fails on what it would still write.
 */
static void
finish(FCGX_Request *peer, const struct fault *fault)
{
	if (fault->truncate || fault->stall) {
		FCGX_FFlush(peer->out);
		shutdown(peer->ipcFd, SHUT_RDWR);
	}
	peer->keepConnection = 0;
	FCGX_Finish_r(peer);
}

static void
serve(FCGX_Request *peer, struct store *store, const struct options *opt)
{
	int64_t started = clock_mono_us();
	struct fault fault;
	struct call c;

	memset(&c, 0, sizeof c);
	memset(&fault, 0, sizeof fault);
	c.opt = opt;
	c.store = store;
	c.req.params = peer->envp;
	c.req.method = "";
	buf_init(&c.req.body, CAP_BODY);
	buf_init(&c.reply.headers, CAP_HEADERS);
	buf_init(&c.reply.body, CAP_REPLY);
	store->busy = false;
	if (set_id(&c) == -1 || answer(&c, peer->in, &fault) == -1)
		problem_store(&c);
	/* What is not committed by now is not meant to be. */
	store_rollback(store);
	alarm(CAP_PEER_S);
	if (!fault.stall)
		reply_write(&c, peer->out, &fault);
	log_request(&c, started);
	finish(peer, &fault);
	alarm(0);
	buf_finish(&c.reply.headers);
	buf_finish(&c.reply.body);
	request_free(&c.req);
}

int
responder_run(const struct options *opt, int listener)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	FCGX_Request peer;
	struct store store;
	int r;

	if (set_up(&store, opt, listener) == -1 || FCGX_InitRequest(&peer, listener, 0) != 0)
		return 1;
	while (!responder_stop) {
		if (!wait_for_peer(listener))
			continue;
		alarm(CAP_PEER_S);
		r = FCGX_Accept_r(&peer);
		if (r == 0)
			serve(&peer, &store, opt);
		alarm(0);
		/* Another process took it (EAGAIN), or there is a shortage that may pass. */
		if (r != 0 && r != -EAGAIN)
			nanosleep(&pause, NULL);
	}
	FCGX_Free(&peer, 1);
	store_close(&store);
	return 0;
}
