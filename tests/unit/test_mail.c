/* SPDX-License-Identifier: MIT */
/* test_mail.c - edge/mail: letters come whole, once and in order; nobody else's do. */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "check.h"
#include "edge/mail.h"
#include "edge/sandbox.h"

#define LONGEST		(LIMIT_MAIL - CRYPTO_TAG)
#define MOST		(LIMIT_MAIL_QUEUE + 4096)	/* sent to one that reads nothing */
#define PROCESSES	4
#define EACH		2500	/* letters that a process sends */
#define AT_ONCE		1500	/* of these, without waiting for a fate */
#define PATIENCE_US	INT64_C(120000000)	/* until a test that hangs has failed */

static const struct crypto_key key = { .secret = { "the key of this test" }, .count = 1 };
static const struct crypto_key rotated = {
	.secret = { "a newer key", "the key of this test" }, .count = 2,
};
static const struct crypto_key foreign = { .secret = { "somebody else's key" }, .count = 1 };

/* What came to a mail. */
struct inbox {
	size_t	count, bytes;
	char	last[LIMIT_MAIL];
	size_t	len;
	bool	ended;		/* each with a NUL behind it */
	bool	sorted;		/* those that begin with a number, by it */
	size_t	number;
};

/* What came of a letter. */
struct fate {
	struct mail_wait	wait;
	enum mail_fate		fate;
	int			told;
};

static struct event_base *base;		/* of all who read */
static struct event_base *idle;		/* of one that does not */
static struct inbox one, two;
static struct fate fates[MOST];
static char bytes[LIMIT_MAIL + 1];
static size_t ticks;

static void
on_letter(void *arg, const void *data, size_t len)
{
	struct inbox *in = arg;
	size_t number;

	in->count++;
	in->bytes += len;
	memcpy(in->last, data, len);
	in->len = len;
	in->ended = in->ended && ((const char *)data)[len] == '\0';
	if (len >= sizeof number) {
		memcpy(&number, data, sizeof number);
		in->sorted = in->sorted && number >= in->number;
		in->number = number;
	}
}

static void
on_told(void *arg, enum mail_fate fate)
{
	struct fate *f = arg;

	f->fate = fate;
	f->told++;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	ticks++;
}

static void
reset(void)
{
	size_t i;

	one = two = (struct inbox){ .ended = true, .sorted = true };
	for (i = 0; i < MOST; i++)
		fates[i] = (struct fate){ .wait = { on_told, &fates[i], NULL } };
}

/* Turn the loop until *count is `want`, and no longer than a test may take. */
static void
turn(const size_t *count, size_t want)
{
	int64_t end = clock_mono_us() + PATIENCE_US;

	while (*count < want && clock_mono_us() < end)
		event_base_loop(base, EVLOOP_ONCE);
}

static void
turn_told(size_t from, size_t to)
{
	int64_t end = clock_mono_us() + PATIENCE_US;
	size_t i = from;

	while (i < to && clock_mono_us() < end)
		if (fates[i].told > 0)
			i++;
		else
			event_base_loop(base, EVLOOP_ONCE);
}

/* Until nothing that was sent can still be on its way. */
static void
turn_over(void)
{
	turn(&ticks, ticks + 3);
}

static enum mail_fate
send_number(struct mail *m, const char *to, size_t number, size_t len)
{
	memcpy(bytes, &number, sizeof number);
	return mail_send(m, to, bytes, len, &fates[number].wait);
}

static void
test_letters(void)
{
	struct mail *a = mail_create(base, &key, on_letter, &one);
	struct mail *b = mail_create(base, &rotated, on_letter, &two);
	char address[MAIL_ADDRESS + 1];
	size_t i;

	reset();
	CHECK(a != NULL && b != NULL, "%s", strerror(errno));
	CHECK(strlen(mail_address(a)) == MAIL_ADDRESS &&
	    strspn(mail_address(a), "0123456789abcdef") == MAIL_ADDRESS, "%s", mail_address(a));
	CHECK(strcmp(mail_address(a), mail_address(b)) != 0, "%s", mail_address(a));

	CHECK(mail_send(a, mail_address(b), "hello", 5, NULL) == MAIL_SENT, "a letter");
	turn(&two.count, 1);
	CHECK(two.len == 5 && memcmp(two.last, "hello", 5) == 0, "%zu bytes", two.len);
	CHECK(mail_send(a, mail_address(b), NULL, 0, &fates[0].wait) == MAIL_SENT, "an empty one");
	turn(&two.count, 2);
	CHECK(two.count == 2 && two.len == 0, "%zu", two.len);
	memset(bytes, 'x', sizeof bytes);
	CHECK(mail_send(a, mail_address(b), bytes, LONGEST, NULL) == MAIL_SENT, "the longest");
	turn(&two.count, 3);
	CHECK(two.len == LONGEST && memcmp(two.last, bytes, LONGEST) == 0, "%zu", two.len);
	CHECK(mail_send(a, mail_address(b), bytes, LONGEST + 1, NULL) == MAIL_LONG, "one longer");
	CHECK(two.ended && fates[0].told == 0, "a NUL ends each; what is sent is not told");
	/* Who has the newer key is believed once the other has it too. */
	CHECK(mail_send(b, mail_address(a), "new", 3, NULL) == MAIL_SENT, "by the newer key");
	turn_over();
	CHECK(one.count == 0, "not known here");
	CHECK(mail_send(b, mail_address(b), "me", 2, NULL) == MAIL_SENT, "to itself");
	turn(&two.count, 4);
	CHECK(two.len == 2, "%zu", two.len);
	/* The kernel does not count those: so many may be there at once. */
	for (i = 0; i < 100; i++)
		mail_send(a, mail_address(a), &i, sizeof i, NULL);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	CHECK(one.count <= LIMIT_MAIL_BURST, "%zu in one turn", one.count);
	turn(&one.count, 100);
	CHECK(one.count == 100 && one.sorted, "%zu", one.count);

	CHECK(mail_send(a, "", "x", 1, NULL) == MAIL_NOBODY, "no address");
	CHECK(mail_send(a, "0123456789abcdef", "x", 1, NULL) == MAIL_NOBODY, "half of one");
	memset(address, '0', MAIL_ADDRESS);
	address[MAIL_ADDRESS] = '\0';
	CHECK(mail_send(a, address, "x", 1, NULL) == MAIL_NOBODY, "one of nobody");
	memcpy(address, mail_address(b), MAIL_ADDRESS);
	mail_destroy(b);
	CHECK(mail_send(a, address, "x", 1, &fates[0].wait) == MAIL_NOBODY, "one that is gone");
	mail_leave(&fates[0].wait);
	mail_leave(NULL);
	CHECK(two.count == 4 && fates[0].told == 0, "%zu", two.count);
	mail_destroy(a);
	mail_destroy(NULL);
}

/* The socket of a mail, as anybody finds it. */
static int
open_raw(const char *address)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path + 1, sizeof sun.sun_path - 1, "ums-mcp-%s", address);
	if (connect(fd, (struct sockaddr *)&sun, (socklen_t)(offsetof(struct sockaddr_un,
	    sun_path) + 1 + strlen(sun.sun_path + 1))) == -1)
		_exit(3);
	return fd;
}

/* Write what is sent: the bytes at `text`, signed for that address. Its length. */
static size_t
sign(char *out, const struct crypto_key *k, const char *label, const char *address,
    const char *text, size_t len)
{
	char *covered = malloc(64 + len);
	size_t at = strlen(label) + 1;

	memcpy(covered, label, at);
	memcpy(covered + at, address, MAIL_ADDRESS);
	memcpy(covered + at + MAIL_ADDRESS, text, len);
	memcpy(out, text, len);
	CHECK(crypto_sign(k, covered, at + MAIL_ADDRESS + len, (uint8_t *)out + len) == 0, "sign");
	free(covered);
	return len + CRYPTO_TAG;
}

/* All of it, turning the loop so that there is room. */
static void
send_raw(int fd, const char *data, size_t len)
{
	ssize_t sent;

	while ((sent = send(fd, data, len, MSG_DONTWAIT)) == -1 && errno == EAGAIN)
		event_base_loop(base, EVLOOP_ONCE);
	CHECK(sent == (ssize_t)len, "%zu bytes: %s", len, strerror(errno));
}

static void
test_forged(void)
{
	static const size_t lengths[] = { 0, 1, 15, 16, 17, 1000, LIMIT_MAIL, LIMIT_MAIL + 1 };
	static char letter[LIMIT_MAIL + 64], text[LIMIT_MAIL + 64];
	struct mail *a = mail_create(base, &key, on_letter, &one);
	struct mail *b = mail_create(base, &key, on_letter, &two);
	struct mail *f = mail_create(base, &foreign, on_letter, &one);
	int fd = open_raw(mail_address(b)), bit;
	size_t i, len;

	reset();
	memset(text, 'x', sizeof text);
	for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
		send_raw(fd, text, lengths[i]);
	turn_over();
	CHECK(mail_send(f, mail_address(b), "hello", 5, NULL) == MAIL_SENT, "another key's");
	len = sign(letter, &key, "mail", mail_address(a), "hello", 5);
	send_raw(fd, letter, len);
	len = sign(letter, &key, "male", mail_address(b), "hello", 5);
	send_raw(fd, letter, len);
	len = sign(letter, &foreign, "mail", mail_address(b), "hello", 5);
	send_raw(fd, letter, len);
	/* What is read of it would be good. */
	sign(letter, &key, "mail", mail_address(b), text, LONGEST);
	send_raw(fd, letter, LIMIT_MAIL + 1);
	len = sign(letter, &key, "mail", mail_address(b), "hello", 5);
	for (i = 0; i < len; i++) {
		send_raw(fd, letter, i);
		for (bit = 0; bit < 8; bit++) {
			letter[i] = (char)(letter[i] ^ 1 << bit);
			send_raw(fd, letter, len);
			letter[i] = (char)(letter[i] ^ 1 << bit);
		}
	}
	send_raw(fd, letter, len + 1);
	turn_over();
	CHECK(one.count == 0 && two.count == 0, "%zu and %zu", one.count, two.count);
	/* The same bytes are good as they are, and from whoever sends them. */
	send_raw(fd, letter, len);
	send_raw(fd, letter, len);
	turn(&two.count, 2);
	turn_over();
	CHECK(two.count == 2 && two.len == 5 && memcmp(two.last, "hello", 5) == 0, "%zu",
	    two.count);
	close(fd);
	mail_destroy(a);
	mail_destroy(b);
	mail_destroy(f);
}

/* Send until the other's socket takes no more: the number of the first that waits. */
static size_t
fill(struct mail *m, const char *to, size_t from, size_t len)
{
	enum mail_fate fate = MAIL_SENT;

	while (fate == MAIL_SENT && from < MOST)
		fate = send_number(m, to, from++, len);
	CHECK(fate == MAIL_WAITS, "letter %zu: %d", from - 1, (int)fate);
	return from - 1;
}

/* One that reads nothing holds nobody else up; when it reads, all is there, in order. */
static void
test_waits(void)
{
	struct mail *a = mail_create(base, &key, on_letter, &one);
	struct mail *b = mail_create(base, &key, on_letter, &one);
	struct mail *s = mail_create(idle, &key, on_letter, &two), *others[3];
	int64_t end = clock_mono_us() + PATIENCE_US;
	size_t first, n, i;

	reset();
	/* So many that what this worker may have in others' sockets is used up, too. */
	for (i = 0; i < 3; i++) {
		others[i] = mail_create(idle, &key, on_letter, &one);
		while (mail_send(a, mail_address(others[i]), bytes, LONGEST, NULL) == MAIL_SENT)
			;
	}
	first = fill(a, mail_address(s), 0, LONGEST);
	for (n = first + 1; n < first + 40; n++)
		CHECK(send_number(a, mail_address(s), n, 100) == MAIL_WAITS, "letter %zu", n);
	mail_leave(&fates[first + 1].wait);
	for (i = 0; i < 50; i++)
		mail_send(a, mail_address(b), &n, sizeof n, NULL);
	turn(&one.count, 50);
	CHECK(one.count == 50, "%zu", one.count);
	for (i = 0; i < 3; i++)
		mail_destroy(others[i]);
	while (two.count < n && clock_mono_us() < end) {
		event_base_loop(idle, EVLOOP_NONBLOCK);
		event_base_loop(base, EVLOOP_ONCE);
	}
	CHECK(two.count == n && two.sorted && two.ended, "%zu of %zu", two.count, n);
	for (i = 0; i < n; i++)
		CHECK(fates[i].told == (i >= first && i != first + 1) &&
		    (fates[i].told == 0 || fates[i].fate == MAIL_SENT), "letter %zu: %d times %d",
		    i, fates[i].told, (int)fates[i].fate);
	mail_destroy(a);
	mail_destroy(b);
	mail_destroy(s);
}

/* What waits has its bounds; when the other is gone that is what is told. */
static void
test_full(size_t len)
{
	struct mail *a = mail_create(base, &key, on_letter, &one);
	struct mail *s = mail_create(idle, &key, on_letter, &two);
	enum mail_fate fate = MAIL_WAITS;
	size_t first, n, i, most;

	reset();
	most = LIMIT_MAIL_QUEUED / (len + CRYPTO_TAG);
	if (most > LIMIT_MAIL_QUEUE)
		most = LIMIT_MAIL_QUEUE;
	first = fill(a, mail_address(s), 0, len);
	for (n = first + 1; fate == MAIL_WAITS && n < MOST; n++)
		fate = send_number(a, mail_address(s), n, len);
	CHECK(fate == MAIL_FULL && n - 1 - first == most, "%d after %zu, not %zu", (int)fate,
	    n - 1 - first, most);
	CHECK(fates[n - 1].wait.letter == NULL, "who waits for nothing");
	mail_destroy(s);
	turn_told(first, n - 1);
	for (i = first; i < n - 1; i++)
		if (fates[i].told != 1 || fates[i].fate != MAIL_NOBODY)
			break;
	CHECK(i == n - 1, "letter %zu: %d times %d", i, fates[i].told, (int)fates[i].fate);
	CHECK(fates[n - 1].told == 0, "told again");
	mail_destroy(a);
}

/* One that never reads is given up; and a mail that ends tells nobody. */
static void
test_stuck(void)
{
	struct mail *a = mail_create(base, &key, on_letter, &one);
	struct mail *s = mail_create(idle, &key, on_letter, &two);
	int64_t began = clock_mono_us();
	size_t first;

	reset();
	first = fill(a, mail_address(s), 0, 100);
	CHECK(send_number(a, mail_address(s), first + 1, 100) == MAIL_WAITS, "another");
	turn_told(first, first + 2);
	CHECK(fates[first].told == 1 && fates[first].fate == MAIL_FULL &&
	    fates[first + 1].told == 1 && fates[first + 1].fate == MAIL_FULL, "%d",
	    (int)fates[first].fate);
	CHECK(clock_mono_us() - began >= LIMIT_MAIL_WAIT_S * INT64_C(1000000), "too early");
	reset();
	CHECK(send_number(a, mail_address(s), 0, 100) == MAIL_WAITS &&
	    fates[0].wait.letter != NULL, "it begins again");
	mail_destroy(a);
	CHECK(fates[0].told == 0 && fates[0].wait.letter == NULL, "told by the end");
	mail_destroy(s);
}

/* ====== processes ====== */

/* What the processes see of each other. */
static struct shared {
	char		address[PROCESSES][MAIL_ADDRESS + 1];
	atomic_int	ready;
} *shared;

/* A process that writes and is written to. */
struct writer {
	struct mail	*mail;
	size_t		 self;
	size_t		 sent, known;	/* letters: given to the mail, whose fate is known */
	size_t		 received, wanted;
	size_t		 next[PROCESSES];	/* numbers, so that none comes twice or late */
	bool		 wrong;
};

/* To whom the letter of that number goes. */
static size_t
receiver(size_t self, size_t number)
{
	return (self + 1 + number % (PROCESSES - 1)) % PROCESSES;
}

static size_t
length(size_t number)
{
	return number % 50 == 7 ? 100000 : 2 * sizeof number + number % 4000;
}

static void
on_number(void *arg, const void *data, size_t len)
{
	struct writer *w = arg;
	size_t head[2], i;

	memcpy(head, data, sizeof head);
	if (head[0] >= PROCESSES || head[1] >= EACH || len != length(head[1]) ||
	    receiver(head[0], head[1]) != w->self || head[1] < w->next[head[0]])
		w->wrong = true;
	else
		w->next[head[0]] = head[1] + 1;
	for (i = sizeof head; i < len && !w->wrong; i++)
		w->wrong = ((const char *)data)[i] != (char)head[1];
	w->received++;
}

static void
on_known(void *arg, enum mail_fate fate)
{
	struct writer *w = arg;

	w->known++;
	if (fate != MAIL_SENT)
		w->wrong = true;
}

static void
write_all(struct writer *w)
{
	struct mail_wait waits[EACH];
	int64_t end = clock_mono_us() + PATIENCE_US;
	enum mail_fate fate;
	size_t head[2];

	while ((w->known < EACH || w->received < w->wanted) && !w->wrong && clock_mono_us() < end) {
		while (shared->ready == PROCESSES && w->sent < EACH &&
		    w->sent - w->known < AT_ONCE) {
			waits[w->sent] = (struct mail_wait){ on_known, w, NULL };
			head[0] = w->self;
			head[1] = w->sent;
			memset(bytes, (char)w->sent, length(w->sent));
			memcpy(bytes, head, sizeof head);
			fate = mail_send(w->mail, shared->address[receiver(w->self, w->sent)],
			    bytes, length(w->sent), &waits[w->sent]);
			w->sent++;
			if (fate != MAIL_WAITS)
				on_known(w, fate);
		}
		event_base_loop(base, EVLOOP_ONCE);
	}
}

static _Noreturn void
be_writer(size_t self, bool boxed)
{
	struct sandbox box = { .mode = SANDBOX_ON };
	struct writer w = { .self = self };
	struct timeval ms = { 0, 1000 };
	char why[512] = "";
	size_t i, number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	base = event_base_new();
	event_add(event_new(base, -1, EV_PERSIST, on_tick, NULL), &ms);
	for (i = 0; i < PROCESSES; i++)
		for (number = 0; number < EACH; number++)
			w.wanted += i != self && receiver(i, number) == self;
	w.mail = mail_create(base, &key, on_number, &w);
	if (w.mail == NULL)
		_exit(1);
	sandbox_prepare();
	if (boxed && sandbox_enter(&box, why, sizeof why) == -1)
		_exit(2);
	memcpy(shared->address[self], mail_address(w.mail), MAIL_ADDRESS + 1);
	shared->ready++;
	write_all(&w);
	if (w.wrong || w.known != EACH || w.received != w.wanted) {
		printf("process %zu: sent %zu, known %zu, received %zu of %zu%s\n", self, w.sent,
		    w.known, w.received, w.wanted, w.wrong ? ", wrong" : "");
		fflush(stdout);
		_exit(4);
	}
	mail_destroy(w.mail);
	_exit(0);
}

static void
test_processes(bool boxed)
{
	pid_t pids[PROCESSES];
	int status;
	size_t i;

	memset(shared, 0, sizeof *shared);
	fflush(stdout);
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			be_writer(i, boxed);
	}
	for (i = 0; i < PROCESSES; i++) {
		status = -1;
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0,
		    "process %zu%s ended with %x", i, boxed ? ", in its sandbox," : "",
		    (unsigned)status);
	}
}

static _Noreturn void
be_torrent(const char *address)
{
	int fd = open_raw(address);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memset(bytes, 'g', sizeof bytes);
	for (;;)
		send(fd, bytes, 1000, 0);
}

/* Whoever sends garbage as fast as it can holds up neither the loop nor letters. */
static void
test_torrent(void)
{
	struct mail *a = mail_create(base, &key, on_letter, &one);
	struct mail *b = mail_create(base, &key, on_letter, &two);
	int64_t end = clock_mono_us() + PATIENCE_US;
	pid_t pids[2];
	size_t i, before;

	reset();
	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			be_torrent(mail_address(b));
	}
	before = ticks;
	for (i = 0; i < 300 && clock_mono_us() < end; i++) {
		if (send_number(a, mail_address(b), i, 100) == MAIL_WAITS)
			turn_told(i, i + 1);
		turn(&two.count, i + 1);
	}
	turn(&ticks, before + 100);
	CHECK(two.count == 300 && two.sorted, "%zu letters", two.count);
	CHECK(ticks - before >= 100, "%zu ticks", ticks - before);
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	mail_destroy(a);
	mail_destroy(b);
}

int
main(void)
{
	struct timeval ms = { 0, 1000 };
	char why[512] = "";
	struct event *tick;

	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	    0);
	test_processes(false);
	if (sandbox_check(SANDBOX_ON, true, why, sizeof why) == 0)
		test_processes(true);
	else
		SKIP("%s", why);
	base = event_base_new();
	idle = event_base_new();
	tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	event_add(tick, &ms);
	test_letters();
	test_forged();
	test_waits();
	test_full(100);
	test_full(LONGEST);
	test_stuck();
	test_torrent();
	event_free(tick);
	event_base_free(base);
	event_base_free(idle);
	munmap(shared, sizeof *shared);
	return check_done();
}
