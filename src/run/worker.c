/* SPDX-License-Identifier: MIT */
/*
 * worker.c - STARTING, OPEN and FULL by turns, DRAINING until nothing is left, then gone.
 *
 * Whatever leaks in here ends with the process. Signals come through the loop; a drain
 * closes the listening socket for this worker alone, its siblings go on accepting. Once a
 * second the worker looks at itself: has it lived long enough, has its load gone.
 */
#include <sys/resource.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/memory.h"
#include "edge/board.h"
#include "edge/cgi.h"
#include "edge/fcgi.h"
#include "edge/fetch.h"
#include "edge/front.h"
#include "edge/listener.h"
#include "edge/mail.h"
#include "edge/manager.h"
#include "edge/sandbox.h"
#include "edge/self.h"
#include "edge/stdio.h"
#include "edge/store.h"
#include "edge/trust.h"
#include "run/ask.h"
#include "run/auth.h"
#include "run/batch.h"
#include "run/bridge.h"
#include "run/feed.h"
#include "run/flight.h"
#include "run/grant.h"
#include "run/history.h"
#include "run/life.h"
#include "run/listen.h"
#include "run/memo.h"
#include "run/metrics.h"
#include "run/probe.h"
#include "run/reload.h"
#include "run/req.h"
#include "run/response.h"
#include "run/settings.h"
#include "run/status.h"
#include "run/worker.h"

enum { ON_TERM, ON_INT, ON_USR1, ON_HUP, SIGNALS };

struct worker {
	struct bridge		 bridge;
	struct front_handler	 handler;
	const struct listener	*listener;
	struct fcgi		*fcgi;		/* NULL in a process that is no worker */
	struct stdio		*stdio;		/* NULL in one that does not serve it */
	struct reload		*reload;
	struct event		*signals[SIGNALS];
	struct event		*tick, *deadline;
	struct event		*answer;	/* of who checks for a reload, outside */
	struct life		 life;
	size_t			 peak;		/* most in flight since the last tick */
	size_t			 crest;		/* most in flight since it was last written down */
	uint32_t		 slot;		/* of history.h, when that was; 0: never */
	int64_t			 cpu_us, cpu_at_us;	/* used until then */
	pid_t			 parent;	/* at the start */
	int			 master;	/* takes notes; -1: no master */
	bool			 draining;
	bool			 over;		/* the loop is to be left */
	int			 code;
};

static int	worker_init(struct worker *, const struct settings *, struct metrics *);
static void	worker_seat_descriptors(struct worker *);
static int	worker_open(struct worker *);
static int	worker_live(struct worker *);
static int	worker_enter(struct worker *);
static void	worker_loop(struct worker *);
static void	worker_finish(struct worker *);
static void	worker_note(struct worker *, bool);
static void	worker_drain(struct worker *, enum life_reason);
static void	worker_wind_up(struct worker *);
static void	worker_check(struct worker *);
static void	worker_count(struct worker *);
static void	worker_turns(struct worker *, int64_t, int64_t);
static void	on_signal(evutil_socket_t, short, void *);
static void	on_alarm(int);
static void	on_answer(evutil_socket_t, short, void *);
static void	on_tick(evutil_socket_t, short, void *);
static void	on_deadline(evutil_socket_t, short, void *);
static bool	on_probe(void *, const struct http_request *, struct buf *);
static void	*on_request(void *, struct front *, struct http_request *);
static void	on_gone(void *, void *);
static void	on_closed(void *);
static void	on_ended(void *);
static bool	on_yields(void *);

static bool	unwatched;	/* libevent could not watch a descriptor, and only logs that */

static const struct timeval	second = { 1, 0 };

static volatile sig_atomic_t	alarms;	/* since the last tick */

static const int handled[SIGNALS] = {
	[ON_TERM] = SIGTERM, [ON_INT] = SIGINT, [ON_USR1] = SIGUSR1, [ON_HUP] = SIGHUP,
};

int
worker_run(const struct settings *s, struct metrics *m, const struct listener *l, int master,
    struct reload *reload)
{
	struct worker w = {
		.code = EXIT_TEMPORARY, .listener = l, .master = master, .reload = reload,
	};

	/* Before there is anything that it would have too. */
	if (master == -1 && reload_post(reload) == -1)
		goto out;
	if (worker_init(&w, s, m) == -1 || worker_open(&w) == -1 || worker_enter(&w) == -1)
		goto out;
	log_info("worker open: %zu tools, upstream HTTP/%s", s->catalog.ntools,
	    fetch_http_name((enum fetch_http)s->upstream_http));
	worker_note(&w, false);
	worker_loop(&w);
	log_info("worker gone: %llu requests answered, %zu left",
	    (unsigned long long)w.bridge.requests, w.bridge.inflight);
out:
	if (w.code == EXIT_TEMPORARY)
		log_errorx("the worker could not start or its loop failed; out of memory or "
		    "descriptors");
	worker_finish(&w);
	return w.code;
}

int
worker_cgi(const struct settings *s, struct metrics *m, char *const *environment)
{
	struct worker w = { .code = EXIT_TEMPORARY, .master = -1 };
	struct cgi *cgi = NULL;

	/* The request is read at once: the sandbox comes before it. */
	if (worker_init(&w, s, m) == -1 || worker_enter(&w) == -1)
		goto out;
	cgi = cgi_create(&w.handler, environment);
	if (cgi == NULL)
		goto out;
	worker_loop(&w);
out:
	cgi_destroy(cgi);
	worker_finish(&w);
	return w.code;
}

int
worker_stdio(const struct settings *s, struct metrics *m)
{
	struct worker w = { .code = EXIT_TEMPORARY, .master = -1 };

	if (worker_init(&w, s, m) == -1 || worker_live(&w) == -1 || worker_enter(&w) == -1)
		goto out;
	w.handler.conns_max = (size_t)s->max_inflight;
	w.bridge.mcp.local = &w.bridge.local;
	w.stdio = stdio_create(w.bridge.base, &w.handler);
	if (w.stdio == NULL)
		goto out;
	log_info("serving standard input and output: %zu tools, upstream HTTP/%s",
	    s->catalog.ntools, fetch_http_name((enum fetch_http)s->upstream_http));
	worker_loop(&w);
	log_info("client gone: %llu requests answered, %zu left",
	    (unsigned long long)w.bridge.requests, w.bridge.inflight);
out:
	if (w.code == EXIT_TEMPORARY)
		log_errorx("it could not start or its loop failed; out of memory or descriptors");
	worker_finish(&w);
	return w.code;
}

int
worker_talk(const struct settings *s, struct metrics *m, const struct worker_talk *talk)
{
	struct worker w = { .code = EXIT_TEMPORARY, .master = -1, .bridge.watch = talk->watch };
	struct buf message, answer;
	struct self *self;

	buf_init(&message, (size_t)s->body_max);
	buf_init(&answer, LIMIT_SERVICE_FILE + 4 * (size_t)s->result_max);
	if (worker_init(&w, s, m) == -1 || worker_enter(&w) == -1)
		goto out;
	w.bridge.mcp.local = &w.bridge.local;
	w.code = EXIT_PLANNED;
	while (w.code == EXIT_PLANNED && talk->next(talk->arg, &answer, &message)) {
		w.code = EXIT_TEMPORARY;
		w.over = false;
		buf_reset(&answer);
		self = self_create(&w.handler, &message, &answer);
		if (self == NULL)
			goto out;
		worker_loop(&w);
		self_destroy(self);
		buf_reset(&message);
	}
out:
	if (w.code == EXIT_TEMPORARY)
		log_errorx("no answer could be had; out of memory or descriptors");
	buf_finish(&message);
	buf_finish(&answer);
	worker_finish(&w);
	return w.code;
}

/* Turn by turn until it is over; what is done once a turn stands here. */
static void
worker_loop(struct worker *w)
{
	int result = 0;

	for (;;) {
		/* What the store says may begin fetches. */
		store_push(w->bridge.store);
		fetcher_push(w->bridge.fetcher);
		log_flush();
		worker_check(w);
		/* 1 says that nothing is left that could ever happen. */
		if (w->over || result != 0)
			break;
		result = event_base_loop(w->bridge.base, EVLOOP_ONCE);
		/* It may be deaf to its signals or to its socket: another is to take its place. */
		if (unwatched && w->fcgi != NULL && w->bridge.inflight == 0)
			result = -1;
	}
	if (result != -1)
		w->code = EXIT_PLANNED;
}

/* What server_info says of now. */
static void
worker_status(void *arg, const char *caller, struct buf *out)
{
	struct worker *w = arg;

	limit_status(&w->bridge.limit, caller, clock_mono_us(), out);
	buf_printf(out, ",\"store\":\"%s\"",
	    w->bridge.store == NULL ? "none" : store_name(w->bridge.store));
}

/* Random bytes of a session's id, and when it was made. */
static void
worker_stamp(void *arg, uint8_t *random, size_t len, int64_t *now_ms)
{
	struct worker *w = arg;

	bridge_random(&w->bridge, random, len);
	*now_ms = clock_wall_ms();
}

static void
on_letter(void *arg, const void *data, size_t len)
{
	struct worker *w = arg;

	response_letter(&w->bridge, data, len);
}

static void
on_event_log(int severity, const char *text)
{
	if (severity < EVENT_LOG_WARN)
		return;
	log_warnx("libevent: %s", text);
	unwatched = unwatched || strncmp(text, "Epoll ", 6) == 0;
}

/* Connections in front that leave each request in flight a descriptor behind. */
static size_t
conns_max(const struct settings *s)
{
	struct rlimit limit = { 0 };
	rlim_t taken = (rlim_t)s->max_inflight;

	getrlimit(RLIMIT_NOFILE, &limit);
	taken += limit.rlim_cur / 3 < LIMIT_DESCRIPTORS_MORE ? limit.rlim_cur / 3 :
	    LIMIT_DESCRIPTORS_MORE;
	return limit.rlim_cur > taken ? (size_t)(limit.rlim_cur - taken) : 1;
}

static int
worker_init(struct worker *w, const struct settings *s, struct metrics *m)
{
	struct fetch_settings upstream = {
		.http = (enum fetch_http)s->upstream_http,
		.connect_timeout_ms = (long)s->upstream_connect_timeout_ms,
		.response_max = (size_t)s->upstream_response_max,
		.connections = (long)s->upstream_connections,
		.inflight = (long)s->max_inflight,
	};
	struct store_settings store;
	struct event_config *config;
	char why[LIMIT_REASON];

	w->handler = (struct front_handler){
		.probe = on_probe, .request = on_request, .gone = on_gone, .closed = on_closed,
		.yields = on_yields, .arg = w,
		.body_max = (size_t)s->body_max, .conns_max = conns_max(s),
	};
	w->bridge.settings = s;
	w->bridge.metrics = m;
	w->bridge.ended = on_ended;
	w->bridge.arg = w;
	w->bridge.mcp = (struct mcp){
		.catalog = &s->catalog, .policy = &s->policy, .key = &s->key,
		.instructions = s->instructions, .limits = s->limits,
		.list_ttl_ms = s->list_ttl_s * 1000,
		.list_page = (size_t)s->tools_page, .personal = s->auth_methods != 0,
	};
	event_set_log_callback(on_event_log);
	/* Interests that change forth and back within a turn cost no system call. */
	config = event_config_new();
	if (config == NULL)
		return -1;
	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	w->bridge.base = event_base_new_with_config(config);
	event_config_free(config);
	if (w->bridge.base == NULL)
		return -1;
	w->bridge.mcp.status = worker_status;
	w->bridge.mcp.stamp = worker_stamp;
	w->bridge.mcp.arg = w;
	limit_init(&w->bridge.limit, s, m->board);
	w->bridge.fetcher = fetcher_create(w->bridge.base, &upstream);
	/* A stream that lasts takes nobody's connection away, and is left by no ebb. */
	if (s->catalog.pushes) {
		upstream.http = FETCH_HTTP_1_1;
		upstream.response_max = LIMIT_FEED_EVENT;
		upstream.connections = 0;
		upstream.inflight = LIMIT_FEEDS;
		w->bridge.feeder = fetcher_create(w->bridge.base, &upstream);
	}
	w->bridge.flights = flights_create(&w->bridge);
	w->bridge.auth = auth_create(&w->bridge);
	w->bridge.grants = grants_create(&w->bridge);
	w->bridge.memos = memo_create();
	if (w->bridge.memos == NULL || w->bridge.fetcher == NULL || w->bridge.flights == NULL ||
	    w->bridge.auth == NULL || w->bridge.grants == NULL ||
	    (s->catalog.pushes && w->bridge.feeder == NULL))
		return -1;
	if (s->store[0] == '\0' || (w->bridge.watch != NULL && w->bridge.watch->rehearses))
		return 0;
	settings_store(s, &store);
	w->bridge.store = store_create(w->bridge.base, &store, why, sizeof why);
	w->bridge.mcp.keeps = w->bridge.store != NULL;
	if (w->bridge.store == NULL)
		log_errorx("%s", why);
	return w->bridge.store == NULL ? -1 : 0;
}

/*
 * libevent keeps a small block for each descriptor it has ever seen. Made while a burst grows,
 * they would lie scattered over the heap and each keep its page from being given back; made
 * now they lie side by side. Nothing of this reaches the kernel.
 */
static void
worker_seat_descriptors(struct worker *w)
{
	struct rlimit limit = { 0 };
	struct event ev;
	int fd, count = settings_descriptors(w->bridge.settings);

	getrlimit(RLIMIT_NOFILE, &limit);
	for (fd = 0; fd < count && (rlim_t)fd < limit.rlim_cur; fd++) {
		event_assign(&ev, w->bridge.base, fd, EV_READ, on_deadline, w);
		if (event_add(&ev, NULL) == -1)
			return;
		event_del(&ev);
	}
}

/* What a worker has and no other process: a seat, an end of its life, the socket. */
static int
worker_open(struct worker *w)
{
	const struct settings *s = w->bridge.settings;
	struct event_base *base = w->bridge.base;
	uint32_t chance = 0;

	worker_seat_descriptors(w);
	w->parent = getppid();
	w->bridge.seat = board_sit(w->bridge.metrics->board);
	if (w->bridge.seat == NULL)
		log_errorx("all %d seats of the board are taken", LIMIT_BOARD_SEATS);
	if (w->bridge.seat == NULL || worker_live(w) == -1)
		return -1;
	w->bridge.mcp.subscribes = s->catalog.subscribes && w->bridge.store != NULL;
	w->bridge.mail = mail_create(base, &s->key, on_letter, w);
	if (w->bridge.mail == NULL)
		return -1;
	crypto_random(&chance, sizeof chance);
	life_init(&w->life, (uint64_t)s->max_requests, s->max_age_s, s->max_rss, clock_mono_us(),
	    chance);
	if (w->master == -1) {
		w->answer = event_new(base, w->reload->post, EV_READ | EV_PERSIST, on_answer, w);
		if (w->answer == NULL || event_add(w->answer, NULL) == -1)
			return -1;
	}
	w->fcgi = fcgi_create(base, w->listener->fd, &w->handler);
	if (w->fcgi == NULL)
		return -1;
	/* The rest of what a tick does is of interest once it has served for a second. */
	worker_turns(w, memory_rss(), clock_mono_us());
	worker_count(w);
	return 0;
}

/* What a process has that serves for long: signals, a look at itself each second. */
static int
worker_live(struct worker *w)
{
	struct event_base *base = w->bridge.base;
	sigset_t mine;
	int i;

	w->deadline = evtimer_new(base, on_deadline, w);
	w->tick = event_new(base, -1, EV_PERSIST, on_tick, w);
	if (w->deadline == NULL || w->tick == NULL || event_add(w->tick, &second) == -1)
		return -1;
	sigemptyset(&mine);
	for (i = 0; i < SIGNALS; i++) {
		w->signals[i] = evsignal_new(base, handled[i], on_signal, w);
		if (w->signals[i] == NULL || event_add(w->signals[i], NULL) == -1)
			return -1;
		sigaddset(&mine, handled[i]);
	}
	/* A parent may have left them blocked, as our own master does. */
	sigprocmask(SIG_UNBLOCK, &mine, NULL);
	signal(SIGALRM, on_alarm);
	return 0;
}

/* The last line before the loop: from here on nothing is opened that is not named here. */
static int
worker_enter(struct worker *w)
{
	const struct settings *s = w->bridge.settings;
	struct sandbox box = { .mode = (enum sandbox_mode)s->sandbox };
	char lock[LIMIT_CONF_LINE + 8], folders[LIMIT_CONF_LINE], socket[LIMIT_CONF_LINE];
	char why[LIMIT_REASON], *folder, *next = folders;
	struct clock_moment now;

	/* Which boot this is: read once, and there it cannot be. */
	clock_now(&now);
	if (s->store[0] != '\0' && strstr(s->store, "://") == NULL) {
		snprintf(lock, sizeof lock, "%s-lock", s->store);
		sandbox_allow(&box, SANDBOX_WRITE, s->store);
		sandbox_allow(&box, SANDBOX_WRITE, lock);
	}
	snprintf(folders, sizeof folders, "%s", trust_folders());
	while ((folder = strsep(&next, ":")) != NULL)
		sandbox_allow(&box, SANDBOX_READ, folder);
	/* Without a master it takes the socket's file away when it drains. */
	if (w->fcgi != NULL && w->master == -1 &&
	    listener_folder(w->listener, socket, sizeof socket) == 0)
		sandbox_allow(&box, SANDBOX_REMOVE, socket);
	if (sandbox_enter(&box, why, sizeof why) == 0)
		return 0;
	/* A kernel that refuses it goes on to do so; memory and descriptors come back. */
	if (errno != ENOMEM && errno != EMFILE && errno != ENFILE)
		w->code = EXIT_CONFIG;
	log_errorx("%s", why);
	return -1;
}

static void
worker_finish(struct worker *w)
{
	int i;

	fcgi_destroy(w->fcgi);
	w->fcgi = NULL;
	stdio_destroy(w->stdio);
	w->stdio = NULL;
	req_cut_all(&w->bridge);
	batch_cut_all(&w->bridge);
	log_flush();
	feed_end_all(&w->bridge);
	flights_destroy(w->bridge.flights);
	auth_destroy(w->bridge.auth);
	grants_destroy(w->bridge.grants);
	mail_destroy(w->bridge.mail);
	memo_destroy(w->bridge.memos);
	store_destroy(w->bridge.store);
	fetcher_destroy(w->bridge.feeder);
	fetcher_destroy(w->bridge.fetcher);
	for (i = 0; i < SIGNALS; i++) {
		if (w->signals[i] == NULL)
			continue;
		event_free(w->signals[i]);
		/* One more that says what is being done already must not look like a crash. */
		signal(handled[i], SIG_IGN);
	}
	if (w->tick != NULL)
		event_free(w->tick);
	if (w->deadline != NULL)
		event_free(w->deadline);
	if (w->answer != NULL)
		event_free(w->answer);
	if (w->reload != NULL)
		reload_dismiss(w->reload);
	if (w->bridge.base != NULL)
		event_base_free(w->bridge.base);
}

/* Tell whoever manages this process that it is open, or that its successor may come. */
static void
worker_note(struct worker *w, bool draining)
{
	struct worker_note note = { .pid = getpid(), .draining = draining };

	if (w->master == -1)
		manager_tell(draining ? "STOPPING=1" : "READY=1");
	else if (write(w->master, &note, sizeof note) != (ssize_t)sizeof note)
		log_debug("the master takes no notes");
}

/*
 * Stop accepting and finish what there is; may be called again. Who is told to end has
 * drain_timeout_s; who ends as planned cuts nothing off that could still be answered in time.
 */
static void
worker_drain(struct worker *w, enum life_reason reason)
{
	const struct settings *s = w->bridge.settings;
	struct timeval tv = { s->drain_timeout_s, 0 };

	if (reason != LIFE_SIGNAL && reason != LIFE_MASTER_GONE &&
	    s->request_timeout_ms / 1000 >= tv.tv_sec)
		tv.tv_sec = s->request_timeout_ms / 1000 + 1;
	if (!w->draining || reason == LIFE_SIGNAL || reason == LIFE_MASTER_GONE)
		event_add(w->deadline, &tv);
	if (w->draining)
		return;
	w->draining = true;
	log_info("worker draining: %s, %zu in flight", life_reason_name(reason),
	    w->bridge.inflight);
	metrics_recycle(w->bridge.metrics, getpid(), life_reason_name(reason));
	/* Who is told of changes comes back to another process. */
	listen_end_all(&w->bridge);
	worker_note(w, true);
	/* Without a master the socket's file is this process's to take away. */
	if (w->master == -1)
		listener_unlink(w->listener);
	fcgi_stop(w->fcgi);
	worker_count(w);
}

/* The same for one client: it has nothing more to ask, or somebody told us to end. */
static void
worker_wind_up(struct worker *w)
{
	struct timeval tv = { w->bridge.settings->drain_timeout_s, 0 };

	if (w->draining)
		return;
	w->draining = true;
	event_add(w->deadline, &tv);
	stdio_stop(w->stdio);
}

/* Write down on the board what state this worker is in. */
static void
worker_count(struct worker *w)
{
	struct bridge *b = &w->bridge;

	if (b->inflight > w->peak)
		w->peak = b->inflight;
	if (b->seat == NULL)
		return;
	b->seat->inflight = (int64_t)b->inflight;
	b->seat->requests = (int64_t)b->requests;
	b->seat->state = w->draining ? BOARD_DRAINING :
	    b->inflight >= (size_t)b->settings->max_inflight ? BOARD_FULL : BOARD_OPEN;
}

/* Say that the loop turns: one that no longer does is ended by its alarm, whoever else is gone. */
static void
worker_turns(struct worker *w, int64_t rss, int64_t now_us)
{
	alarms = 0;
	alarm(LIMIT_WATCHDOG_S);
	if (w->bridge.seat == NULL)
		return;
	w->bridge.seat->rss = rss;
	w->bridge.seat->turned_us = now_us;
}

/* Write down on the board what memory is this worker's own. */
static void
worker_memory(struct worker *w)
{
	/* All pages of a store that it ever looked at would count as its memory. */
	store_ebb(w->bridge.store);
	if (w->bridge.seat != NULL)
		w->bridge.seat->pss = memory_pss();
}

/* Write down on the board how this worker was since the last time. */
static void
worker_sample(struct worker *w, int64_t rss, int64_t now_us)
{
	struct rusage used = { 0 };
	struct board_pulse pulse = { .pid = (uint32_t)getpid(), .rss = (uint32_t)(rss / 1024) };
	int64_t cpu_us;

	if (w->bridge.seat == NULL)
		return;
	getrusage(RUSAGE_SELF, &used);
	cpu_us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000) +
	    used.ru_utime.tv_usec + used.ru_stime.tv_usec;
	if (w->cpu_at_us != 0 && now_us > w->cpu_at_us)
		pulse.cpu = (uint32_t)((cpu_us - w->cpu_us) * 1000 / (now_us - w->cpu_at_us));
	w->cpu_us = cpu_us;
	w->cpu_at_us = now_us;
	pulse.inflight = (uint32_t)w->crest;
	w->crest = w->bridge.inflight;
	status_sample(&w->bridge, w->slot, &pulse);
}

/* Leave the loop once a drain has nothing left to wait for. */
static void
worker_check(struct worker *w)
{
	size_t open = w->stdio != NULL ? stdio_count(w->stdio) :
	    w->fcgi != NULL ? fcgi_count(w->fcgi) : 0;

	if (w->draining && w->bridge.inflight == 0 && open == 0 && !store_is_busy(w->bridge.store))
		w->over = true;
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct worker *w = arg;

	(void)what;
	if (w->stdio != NULL)
		worker_wind_up(w);
	else if (number == SIGHUP && w->master == -1)
		reload_ask(w->reload);
	else if (number == SIGHUP)
		worker_drain(w, LIFE_RELOAD);
	else
		worker_drain(w, w->master != -1 && getppid() != w->parent ? LIFE_MASTER_GONE :
		    LIFE_SIGNAL);
}

static void
on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	int answer = reload_answered(w->reload);

	(void)fd;
	(void)what;
	if (answer == 1)
		worker_drain(w, LIFE_RELOAD);
	if (answer == -1) {
		event_del(w->answer);
		reload_dismiss(w->reload);
	}
}

/*
 * The loop has not turned for LIMIT_WATCHDOG_S: once may be because the process was stopped
 * meanwhile, twice is its end.
 */
static void
on_alarm(int number)
{
	if (alarms++ > 0) {
		signal(number, SIG_DFL);
		raise(number);
	}
	alarm(LIMIT_WATCHDOG_S);
}

/* Once a second: the worker looks at itself. */
static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	int64_t now = clock_mono_us(), rss = memory_rss();
	uint32_t slot = history_slot(clock_wall_ms());
	enum life_reason reason = life_due(&w->life, rss, now);

	(void)fd;
	(void)what;
	worker_turns(w, rss, now);
	if (reason != LIFE_GOES_ON)
		worker_drain(w, reason);
	if (life_ebbs(&w->life, w->peak)) {
		if (w->fcgi != NULL)
			fcgi_ebb(w->fcgi);
		fetcher_ebb(w->bridge.fetcher);
		memory_trim();
		worker_memory(w);
		rss = memory_rss();
	}
	w->crest = w->peak > w->crest ? w->peak : w->crest;
	w->peak = w->bridge.inflight;
	if (w->slot != slot) {
		w->slot = slot;
		worker_memory(w);
		worker_sample(w, rss, now);
	}
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	/* Those who are asked something are told so, for which there is a second. */
	if (ask_cut_all(&w->bridge) > 0) {
		event_add(w->deadline, &second);
		return;
	}
	log_warnx("drain deadline: %zu requests in flight are cut off", w->bridge.inflight);
	w->over = true;
}

static bool
on_probe(void *arg, const struct http_request *rq, struct buf *out)
{
	struct worker *w = arg;

	return probe_answer(&w->bridge, rq, out);
}

static void *
on_request(void *arg, struct front *f, struct http_request *rq)
{
	struct worker *w = arg;
	void *exchange = batch_start(&w->bridge, f, rq);

	worker_count(w);
	/* Not at the next tick, and not when they have ended: a thousand more would come. */
	if (w->fcgi != NULL &&
	    life_is_full(&w->life, w->bridge.requests + w->bridge.inflight))
		worker_drain(w, LIFE_REQUESTS);
	return exchange;
}

static void
on_gone(void *arg, void *exchange)
{
	struct worker *w = arg;

	if (!batch_gone(&w->bridge, exchange))
		req_gone(exchange);
}

static void
on_closed(void *arg)
{
	struct worker *w = arg;

	if (w->stdio != NULL)
		worker_wind_up(w);
	else if (w->fcgi == NULL)
		w->over = true;
}

/* A worker that is full says 503 only when no other has room, or takes what comes. */
static bool
on_yields(void *arg)
{
	const struct worker *w = arg;

	return w->bridge.seat != NULL && w->bridge.seat->state == BOARD_FULL &&
	    board_has_open(w->bridge.metrics->board, clock_mono_us());
}

/* A write whose client had left ends without a connection: a drain may have waited for it. */
static void
on_ended(void *arg)
{
	struct worker *w = arg;

	worker_count(w);
}
