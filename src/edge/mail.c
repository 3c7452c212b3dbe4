/* SPDX-License-Identifier: MIT */
/*
 * mail.c - see mail.h. A letter goes out of the worker's own socket, at once. If there is no room
 * it waits on a route: a socket that is connected to the one address, by which the kernel
 * says when there is. A route ends with its last letter.
 *
 * What a sender has in others' sockets counts against its own (SO_SNDBUF), so one that reads
 * nothing may use all of that up. Then all letters take routes, which are sockets of their own.
 */
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/mail.h"

/* What is signed before the bytes of a letter, and not sent: a label and the address. */
#define LABEL	"mail"
#define HEAD	(sizeof LABEL + MAIL_ADDRESS)

struct letter {
	TAILQ_ENTRY(letter)	 entry;
	struct mail_wait	*wait;		/* NULL: nobody is told */
	size_t			 len;		/* of what is sent: bytes and signature */
	char			 head[];	/* HEAD, and what is sent */
};

TAILQ_HEAD(letters, letter);

struct route {
	TAILQ_ENTRY(route)	 entry;
	struct mail		*mail;
	int			 fd;
	struct event		*room;
	int64_t			 until_us;	/* one letter at least must be gone by then */
	struct letters		 letters;
	char			 address[MAIL_ADDRESS + 1];
};

struct mail {
	struct event_base	*base;
	const struct crypto_key	*key;
	void			(*letter)(void *, const void *, size_t);
	void			*arg;
	int			 fd;
	struct event		*ready;
	TAILQ_HEAD(, route)	 routes;
	size_t			 count, bytes;	/* of the letters on them */
	uint64_t		 dropped;
	char			*in;		/* HEAD for this address, and a letter that came */
	char			 address[MAIL_ADDRESS + 1];
};

static int	open_socket(void);
static void	on_ready(evutil_socket_t, short, void *);
static void	on_room(evutil_socket_t, short, void *);
static void	route_end(struct route *, enum mail_fate);

/* The socket of an address; the bytes of `sun` that count. */
static socklen_t
socket_name(struct sockaddr_un *sun, const char *address)
{
	static const char name[] = "\0ums-mcp-";

	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(sun->sun_path, name, sizeof name - 1);
	memcpy(sun->sun_path + sizeof name - 1, address, MAIL_ADDRESS);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof name - 1 +
	    MAIL_ADDRESS);
}

/* ====== a worker's own ====== */

/* Make up an address and listen there. 0 or -1. */
static int
take_address(struct mail *m)
{
	uint8_t random[MAIL_ADDRESS / 2];
	struct sockaddr_un sun;
	socklen_t len;

	if (crypto_random(random, sizeof random) == -1)
		return -1;
	crypto_hex_text(m->address, random, sizeof random);
	memcpy(m->in, LABEL, sizeof LABEL);
	memcpy(m->in + sizeof LABEL, m->address, MAIL_ADDRESS);
	len = socket_name(&sun, m->address);
	return bind(m->fd, (struct sockaddr *)&sun, len);
}

struct mail *
mail_create(struct event_base *base, const struct crypto_key *key,
    void (*letter)(void *, const void *, size_t), void *arg)
{
	struct mail *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->base = base;
	m->key = key;
	m->letter = letter;
	m->arg = arg;
	TAILQ_INIT(&m->routes);
	/* Pages that no letter was long enough for stay untouched. */
	m->in = malloc(HEAD + LIMIT_MAIL);
	m->fd = open_socket();
	if (m->in == NULL || m->fd == -1 || take_address(m) == -1 ||
	    (m->ready = event_new(base, m->fd, EV_READ | EV_PERSIST, on_ready, m)) == NULL ||
	    event_add(m->ready, NULL) == -1) {
		mail_destroy(m);
		return NULL;
	}
	return m;
}

void
mail_destroy(struct mail *m)
{
	struct letter *l;
	struct route *r;

	if (m == NULL)
		return;
	TAILQ_FOREACH(r, &m->routes, entry)
		TAILQ_FOREACH(l, &r->letters, entry)
			mail_leave(l->wait);
	while ((r = TAILQ_FIRST(&m->routes)) != NULL)
		route_end(r, MAIL_FAILED);
	if (m->ready != NULL)
		event_free(m->ready);
	if (m->fd != -1)
		close(m->fd);
	free(m->in);
	free(m);
}

const char *
mail_address(const struct mail *m)
{
	return m->address;
}

/* ====== letters that come ====== */

/* Some letters; the rest has the next turn of the loop, so that a torrent holds nothing up. */
static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct mail *m = arg;
	char *data = m->in + HEAD;
	ssize_t n;
	size_t len;
	int i;

	(void)what;
	for (i = 0; i < LIMIT_MAIL_BURST; i++) {
		/* With MSG_TRUNC it says how long a letter is, not how much there was room for. */
		n = recv(fd, data, LIMIT_MAIL, MSG_TRUNC);
		if (n == -1)
			break;
		len = (size_t)n - CRYPTO_TAG;
		if (n < CRYPTO_TAG || n > LIMIT_MAIL ||
		    !crypto_verify(m->key, m->in, HEAD + len, (uint8_t *)data + len)) {
			log_debug("a letter of %zd bytes that none of us signed is dropped, the "
			    "%" PRIu64 "th", n, ++m->dropped);
			continue;
		}
		data[len] = '\0';
		m->letter(m->arg, data, len);
	}
}

/* ====== letters that go ====== */

static int
open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int size = LIMIT_MAIL_SOCKET;

	/* As much of it as net.core.wmem_max allows; by itself it takes one long letter. */
	if (fd != -1)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return fd;
}

static enum mail_fate
fate_of(int code)
{
	switch (code) {
	case EAGAIN:
		return MAIL_WAITS;
	case ECONNREFUSED:
	case ENOENT:
		return MAIL_NOBODY;
	case EMSGSIZE:
		return MAIL_LONG;
	default:
		log_debug("a letter could not be sent: %s", strerror(code));
		return MAIL_FAILED;
	}
}

/* Send it out of that socket, now or not. */
static enum mail_fate
deliver(int fd, const struct letter *l)
{
	struct sockaddr_un sun;
	socklen_t len = socket_name(&sun, l->head + sizeof LABEL);

	return sendto(fd, l->head + HEAD, l->len, 0, (struct sockaddr *)&sun, len) == -1 ?
	    fate_of(errno) : MAIL_SENT;
}

/* A signed letter; NULL: out of memory. */
static struct letter *
letter_create(const struct mail *m, const char *address, const void *data, size_t len)
{
	struct letter *l = malloc(sizeof *l + HEAD + len + CRYPTO_TAG);

	if (l == NULL)
		return NULL;
	l->len = len + CRYPTO_TAG;
	memcpy(l->head, LABEL, sizeof LABEL);
	memcpy(l->head + sizeof LABEL, address, MAIL_ADDRESS);
	if (len > 0)
		memcpy(l->head + HEAD, data, len);
	if (crypto_sign(m->key, l->head, HEAD + len, (uint8_t *)l->head + HEAD + len) == -1) {
		free(l);
		return NULL;
	}
	return l;
}

/* ====== letters that wait ====== */

static struct route *
route_find(const struct mail *m, const char *address)
{
	struct route *r;

	TAILQ_FOREACH(r, &m->routes, entry)
		if (memcmp(r->address, address, MAIL_ADDRESS) == 0)
			break;
	return r;
}

/* Wait for room, until its time is over. 0 or -1. */
static int
route_watch(struct route *r, int64_t now_us)
{
	int64_t left = r->until_us > now_us ? r->until_us - now_us : 0;
	struct timeval tv = { left / 1000000, left % 1000000 };

	return event_add(r->room, &tv);
}

/* Make the route to an address. MAIL_WAITS and it is in *out, or what becomes of its letters. */
static enum mail_fate
route_open(struct mail *m, const char *address, struct route **out)
{
	int64_t now = clock_mono_us();
	struct route *r = calloc(1, sizeof *r);
	enum mail_fate fate = MAIL_FAILED;
	struct sockaddr_un sun;
	socklen_t len = socket_name(&sun, address);

	if (r == NULL)
		return MAIL_FAILED;
	r->mail = m;
	r->until_us = now + LIMIT_MAIL_WAIT_S * INT64_C(1000000);
	memcpy(r->address, address, MAIL_ADDRESS);
	TAILQ_INIT(&r->letters);
	TAILQ_INSERT_TAIL(&m->routes, r, entry);
	r->fd = open_socket();
	if (r->fd != -1 && (r->room = event_new(m->base, r->fd, EV_WRITE, on_room, r)) != NULL &&
	    route_watch(r, now) == 0)
		fate = connect(r->fd, (struct sockaddr *)&sun, len) == -1 ? fate_of(errno) :
		    MAIL_WAITS;
	if (fate == MAIL_WAITS)
		*out = r;
	else
		route_end(r, fate);
	return fate;
}

/* Take its first letter off it, and say what became of it. */
static void
route_tell(struct route *r, enum mail_fate fate)
{
	struct letter *l = TAILQ_FIRST(&r->letters);
	struct mail_wait *w = l->wait;

	TAILQ_REMOVE(&r->letters, l, entry);
	r->mail->count--;
	r->mail->bytes -= l->len;
	free(l);
	if (w != NULL) {
		w->letter = NULL;
		w->told(w->arg, fate);
	}
}

/* End it, and with it what still waits. */
static void
route_end(struct route *r, enum mail_fate fate)
{
	/* First: who is told may send again. */
	TAILQ_REMOVE(&r->mail->routes, r, entry);
	while (!TAILQ_EMPTY(&r->letters))
		route_tell(r, fate);
	if (r->room != NULL)
		event_free(r->room);
	if (r->fd != -1)
		close(r->fd);
	free(r);
}

static void
on_room(evutil_socket_t fd, short what, void *arg)
{
	struct route *r = arg;
	int64_t now = clock_mono_us();
	enum mail_fate fate = MAIL_SENT;
	int i;

	(void)what;
	for (i = 0; i < LIMIT_MAIL_BURST && !TAILQ_EMPTY(&r->letters); i++) {
		fate = deliver(fd, TAILQ_FIRST(&r->letters));
		if (fate == MAIL_WAITS)
			break;
		r->until_us = now + LIMIT_MAIL_WAIT_S * INT64_C(1000000);
		route_tell(r, fate);
	}
	if (TAILQ_EMPTY(&r->letters) || now >= r->until_us)
		route_end(r, MAIL_FULL);
	else if (route_watch(r, now) == -1)
		route_end(r, MAIL_FAILED);
}

enum mail_fate
mail_send(struct mail *m, const char *address, const void *data, size_t len, struct mail_wait *w)
{
	enum mail_fate fate;
	struct letter *l;
	struct route *r;

	if (strlen(address) != MAIL_ADDRESS)
		return MAIL_NOBODY;
	if (len > LIMIT_MAIL - CRYPTO_TAG)
		return MAIL_LONG;
	l = letter_create(m, address, data, len);
	if (l == NULL)
		return MAIL_FAILED;
	/* Behind those that wait already. */
	r = route_find(m, address);
	fate = r != NULL ? MAIL_WAITS : deliver(m->fd, l);
	if (fate == MAIL_WAITS && (m->count >= LIMIT_MAIL_QUEUE ||
	    m->bytes + l->len > LIMIT_MAIL_QUEUED))
		fate = MAIL_FULL;
	if (fate == MAIL_WAITS && r == NULL)
		fate = route_open(m, address, &r);
	if (fate != MAIL_WAITS) {
		free(l);
		return fate;
	}
	l->wait = w;
	if (w != NULL)
		w->letter = l;
	TAILQ_INSERT_TAIL(&r->letters, l, entry);
	m->count++;
	m->bytes += l->len;
	return MAIL_WAITS;
}

void
mail_leave(struct mail_wait *w)
{
	if (w == NULL || w->letter == NULL)
		return;
	w->letter->wait = NULL;
	w->letter = NULL;
}
