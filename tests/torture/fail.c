/* SPDX-License-Identifier: MIT */
/*
 * fail.c - a library to be loaded before libc: makes the Nth call of a kind fail, in a fork of
 * a process that has warmed up.
 *
 * With TORTURE_FD the process stops at one place and serves forks to the driver (torture.py),
 * which sits at the other end of that descriptor. TORTURE_AT says where: "start" is before
 * main(), "loop" is where the event base of a CGI process is made, with all configuration read.
 * For each command a child goes on from there, with the files TORTURE_IN, TORTURE_OUT and
 * TORTURE_ERR as its descriptors 0 to 2, and counts calls from there on or from its first read
 * of descriptor 0. What it counts stands in a page that it shares with the server of forks, so
 * that it is known however the child ends.
 *
 * Fresh memory is filled with one byte and freed memory with another: what is used too soon or
 * too late shows. Kinds have the order of KINDS in torture.py.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH		24		/* frames of a call that are kept */
#define BLOCKS		(1 << 16)	/* of memory that are traced; a power of two */
#define FILL_MAX	65536		/* bytes of a block that are overwritten */
#define FRESH		0xa5
#define STALE		0xdb

enum kind {
	ALLOC, READ, WRITE, EPOLL, SOCKET, CONNECT, ACCEPT, OPEN, MAP, THREAD, EINTR_ONCE, SHORT,
	KINDS,
};

struct block {
	void		*p;
	uint64_t	 size;
	void		*frame[DEPTH];
};

struct page {
	_Atomic uint32_t	 count[KINDS];
	_Atomic int64_t		 live;		/* blocks of memory */
	uint32_t		 kind, n;	/* what fails; n = 0: nothing */
	bool			 armed;		/* calls are counted */
	bool			 at_read;	/* they will be, from the first read of 0 on */
	bool			 tracing;
	_Atomic uint32_t	 fired, nframes;
	void			*frame[DEPTH];	/* of the call that failed */
	struct block		 block[];	/* BLOCKS of them when shared */
};

struct command {
	uint32_t	kind, n, at_read, trace, timeout_ms;
};

struct report {
	int32_t		status;			/* of waitpid() */
	uint32_t	hung, left, fired;	/* left: processes of its that outlived it */
	int64_t		live;
	uint32_t	count[KINDS];
	uint32_t	nframes;
	uint64_t	frame[DEPTH];
};

extern void	*__libc_malloc(size_t);
extern void	*__libc_calloc(size_t, size_t);
extern void	*__libc_realloc(void *, size_t);
extern void	*__libc_memalign(size_t, size_t);
extern void	 __libc_free(void *);

static void	warm(void);
static void	serve(int);
static void	become_child(int, const struct command *);
static void	watch(pid_t, const struct command *, struct report *);
static void	write_trace(void);

static struct page	 own, *page = &own;
static int		 control = -1;
static bool		 at_loop, looping;
static __thread bool	 inside;	/* our own calls do not count */

__attribute__((constructor)) static void
begin(void)
{
	const char *fd = getenv("TORTURE_FD"), *at = getenv("TORTURE_AT");
	void *frame[2];

	if (fd == NULL || at == NULL)
		return;
	/* What it loads at its first call must not count as the program's. */
	backtrace(frame, 2);
	control = atoi(fd);
	fcntl(control, F_SETFD, FD_CLOEXEC);
	/* What the program executes or forks is none of this. */
	unsetenv("TORTURE_FD");
	at_loop = strcmp(at, "loop") == 0;
	if (!at_loop)
		serve(control);
}

/*
 * What a process does once in its life at its first request, some thousand calls for OpenSSL's
 * random numbers, is done before the forks. TORTURE_COLD leaves it to them.
 */
static void
warm(void)
{
	int (*random)(unsigned char *, int);
	unsigned char byte;

	*(void **)&random = dlsym(RTLD_DEFAULT, "RAND_bytes");
	if (random != NULL && getenv("TORTURE_COLD") == NULL)
		random(&byte, 1);
}

/* Returns in each child; the server of forks itself ends in here. */
static void
serve(int fd)
{
	struct command c;
	struct report r;
	int32_t pid;
	size_t size = sizeof *page + BLOCKS * sizeof page->block[0];

	inside = true;
	/* Its pages are touched when something is traced. */
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		_exit(2);
	if (looping)
		warm();
	page->live = own.live;
	while (recv(fd, &c, sizeof c, MSG_WAITALL) == (ssize_t)sizeof c) {
		if (page->tracing)
			memset(page->block, 0, BLOCKS * sizeof page->block[0]);
		memset(page, 0, sizeof *page);
		page->live = own.live;
		page->kind = c.kind;
		page->n = c.n;
		page->tracing = c.trace != 0;
		pid = fork();
		if (pid == 0) {
			become_child(fd, &c);
			return;
		}
		if (pid == -1 || send(fd, &pid, sizeof pid, MSG_NOSIGNAL) == -1)
			_exit(2);
		watch(pid, &c, &r);
		if (page->tracing)
			write_trace();
		if (send(fd, &r, sizeof r, MSG_NOSIGNAL) == -1)
			_exit(2);
	}
	_exit(0);
}

/* Open the file that a variable names as this descriptor. */
static void
become(const char *name, int fd, int flags)
{
	const char *path = getenv(name);
	int from = path == NULL ? -1 : open(path, flags, 0600);

	if (from == -1 || dup2(from, fd) == -1)
		_exit(2);
	close(from);
}

static void
become_child(int fd, const struct command *c)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	close(fd);
	become("TORTURE_IN", STDIN_FILENO, O_RDONLY);
	become("TORTURE_OUT", STDOUT_FILENO, O_WRONLY | O_CREAT | O_TRUNC);
	become("TORTURE_ERR", STDERR_FILENO, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
	page->at_read = c->at_read != 0;
	page->armed = !page->at_read;
	inside = false;
}

/* Wait for the end of a child, and bring it about when its time is over. */
static void
watch(pid_t pid, const struct command *c, struct report *r)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	size_t i;

	memset(r, 0, sizeof *r);
	r->hung = poll(&p, 1, (int)c->timeout_ms) != 1;
	if (r->hung)
		kill(pid, SIGKILL);
	close(p.fd);
	while (waitpid(pid, &r->status, 0) == -1 && errno == EINTR)
		;
	r->left = kill(-pid, SIGKILL) == 0;
	r->fired = page->fired;
	r->live = page->live;
	for (i = 0; i < KINDS; i++)
		r->count[i] = page->count[i];
	r->nframes = page->nframes;
	for (i = 0; i < r->nframes; i++)
		r->frame[i] = (uint64_t)(uintptr_t)page->frame[i];
}

/* A line for each block that was not freed: its size and the frames of its allocation. */
static void
write_trace(void)
{
	const char *path = getenv("TORTURE_TRACE");
	FILE *f = path == NULL ? NULL : fopen(path, "w");
	size_t i, j;

	for (i = 0; f != NULL && i < BLOCKS; i++) {
		if (page->block[i].p == NULL || page->block[i].size == UINT64_MAX)
			continue;
		fprintf(f, "%llu", (unsigned long long)page->block[i].size);
		for (j = 0; j < DEPTH && page->block[i].frame[j] != NULL; j++)
			fprintf(f, " %p", page->block[i].frame[j]);
		fputc('\n', f);
	}
	if (f != NULL)
		fclose(f);
}

/* Count a call; whether it is the one that fails. */
static bool
fails(enum kind kind)
{
	uint32_t number;

	if (!page->armed || inside)
		return false;
	number = ++page->count[kind];
	if (page->n != number || page->kind != (uint32_t)kind)
		return false;
	inside = true;
	page->nframes = (uint32_t)backtrace(page->frame, DEPTH);
	inside = false;
	page->fired = 1;
	return true;
}

/* ====== memory ====== */

static size_t
slot(const void *p)
{
	return ((uintptr_t)p >> 4) * 2654435761u % BLOCKS;
}

static void *
taken(void *p, size_t size, bool fill)
{
	size_t i, left = BLOCKS;

	if (p == NULL)
		return NULL;
	page->live++;
	if (fill)
		memset(p, FRESH, size < FILL_MAX ? size : FILL_MAX);
	if (!page->tracing || inside)
		return p;
	inside = true;
	for (i = slot(p); left > 0 && page->block[i].p != NULL && page->block[i].p != p; left--)
		i = (i + 1) % BLOCKS;
	memset(&page->block[i], 0, sizeof page->block[i]);
	page->block[i].p = p;
	page->block[i].size = size;
	backtrace(page->block[i].frame, DEPTH);
	inside = false;
	return p;
}

/* `p` is about to be freed. */
static void
given(void *p)
{
	size_t i, left = BLOCKS;

	page->live--;
	if (!page->tracing)
		return;
	for (i = slot(p); left > 0 && page->block[i].p != NULL; left--, i = (i + 1) % BLOCKS)
		if (page->block[i].p == p) {
			page->block[i].size = UINT64_MAX;	/* its place stays taken */
			return;
		}
}

void *
malloc(size_t size)
{
	if (fails(ALLOC)) {
		errno = ENOMEM;
		return NULL;
	}
	return taken(__libc_malloc(size), size, true);
}

void *
calloc(size_t n, size_t size)
{
	if (fails(ALLOC)) {
		errno = ENOMEM;
		return NULL;
	}
	return taken(__libc_calloc(n, size), n * size, false);
}

void *
realloc(void *p, size_t size)
{
	void *new;

	if (fails(ALLOC)) {
		errno = ENOMEM;
		return NULL;
	}
	if (p == NULL)
		return taken(__libc_realloc(NULL, size), size, true);
	new = __libc_realloc(p, size);
	if (new == NULL && size > 0)
		return NULL;
	given(p);
	return taken(new, size, false);
}

void *
reallocarray(void *p, size_t n, size_t size)
{
	if (size > 0 && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, n * size);
}

void *
memalign(size_t align, size_t size)
{
	if (fails(ALLOC)) {
		errno = ENOMEM;
		return NULL;
	}
	return taken(__libc_memalign(align, size), size, true);
}

void *
aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

int
posix_memalign(void **out, size_t align, size_t size)
{
	void *p = memalign(align, size);

	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}

void
free(void *p)
{
	size_t size;

	if (p == NULL)
		return;
	size = malloc_usable_size(p);
	given(p);
	memset(p, STALE, size < FILL_MAX ? size : FILL_MAX);
	__libc_free(p);
}

/* ====== reading and writing ====== */

/* A stream socket or a file; a pipe and a datagram carry whole messages. */
static bool
may_be_short(int fd)
{
	struct stat st;
	int type = 0;
	socklen_t len = sizeof type;

	if (fstat(fd, &st) == -1 || S_ISFIFO(st.st_mode))
		return false;
	if (!S_ISSOCK(st.st_mode))
		return S_ISREG(st.st_mode);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* -1: the call fails, with errno; else how many bytes it may move. */
static ssize_t
limited(int fd, size_t size, enum kind kind)
{
	if (page->at_read && kind == READ && fd == STDIN_FILENO) {
		page->at_read = false;
		page->armed = true;
	}
	if (!page->armed || inside)
		return (ssize_t)size;
	if (fails(kind)) {
		errno = kind == READ ? ECONNRESET : EPIPE;
		return -1;
	}
	if (fails(EINTR_ONCE)) {
		errno = EINTR;
		return -1;
	}
	return size > 1 && may_be_short(fd) && fails(SHORT) ? 1 : (ssize_t)size;
}

ssize_t
read(int fd, void *p, size_t size)
{
	ssize_t n = limited(fd, size, READ);

	return n == -1 ? -1 : syscall(SYS_read, fd, p, n);
}

ssize_t
__read_chk(int fd, void *p, size_t size, size_t room)
{
	if (size > room)
		abort();
	return read(fd, p, size);
}

ssize_t
recvfrom(int fd, void *restrict p, size_t size, int flags, struct sockaddr *restrict from,
    socklen_t *restrict len)
{
	ssize_t n = limited(fd, size, READ);

	return n == -1 ? -1 : syscall(SYS_recvfrom, fd, p, n, flags, from, len);
}

ssize_t
recv(int fd, void *p, size_t size, int flags)
{
	return recvfrom(fd, p, size, flags, NULL, NULL);
}

ssize_t
__recv_chk(int fd, void *p, size_t size, size_t room, int flags)
{
	if (size > room)
		abort();
	return recv(fd, p, size, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	return limited(fd, 1, READ) == -1 ? -1 : syscall(SYS_recvmsg, fd, m, flags);
}

ssize_t
readv(int fd, const struct iovec *v, int count)
{
	ssize_t n = count > 0 ? limited(fd, v[0].iov_len + (size_t)count - 1, READ) : 0;

	if (n == -1)
		return -1;
	return n == 1 ? syscall(SYS_read, fd, v[0].iov_base, v[0].iov_len > 0 ? 1 : 0) :
	    syscall(SYS_readv, fd, v, count);
}

ssize_t
write(int fd, const void *p, size_t size)
{
	ssize_t n = limited(fd, size, WRITE);

	return n == -1 ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t
writev(int fd, const struct iovec *v, int count)
{
	ssize_t n = count > 0 ? limited(fd, v[0].iov_len + (size_t)count - 1, WRITE) : 0;

	if (n == -1)
		return -1;
	return n == 1 ? syscall(SYS_write, fd, v[0].iov_base, v[0].iov_len > 0 ? 1 : 0) :
	    syscall(SYS_writev, fd, v, count);
}

ssize_t
sendto(int fd, const void *p, size_t size, int flags, const struct sockaddr *to, socklen_t len)
{
	ssize_t n = limited(fd, size, WRITE);

	return n == -1 ? -1 : syscall(SYS_sendto, fd, p, n, flags, to, len);
}

ssize_t
send(int fd, const void *p, size_t size, int flags)
{
	return sendto(fd, p, size, flags, NULL, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	return limited(fd, 1, WRITE) == -1 ? -1 : syscall(SYS_sendmsg, fd, m, flags);
}

/* ====== descriptors ====== */

/* A call that returns -1 and sets errno when it is its turn. */
#define FAILS(kind, error)			\
	do {					\
		if (fails(kind)) {		\
			errno = (error);	\
			return -1;		\
		}				\
	} while (0)

int
epoll_create1(int flags)
{
	if (at_loop && control != -1) {
		at_loop = false;
		looping = true;
		serve(control);
	}
	FAILS(SOCKET, EMFILE);
	return (int)syscall(SYS_epoll_create1, flags);
}

int
epoll_ctl(int fd, int what, int of, struct epoll_event *event)
{
	FAILS(EPOLL, ENOMEM);
	return (int)syscall(SYS_epoll_ctl, fd, what, of, event);
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	FAILS(EINTR_ONCE, EINTR);
	return (int)syscall(SYS_epoll_wait, fd, events, max, timeout_ms);
}

int
socket(int domain, int type, int protocol)
{
	FAILS(SOCKET, EMFILE);
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int
socketpair(int domain, int type, int protocol, int pair[2])
{
	FAILS(SOCKET, EMFILE);
	return (int)syscall(SYS_socketpair, domain, type, protocol, pair);
}

int
eventfd(unsigned count, int flags)
{
	FAILS(SOCKET, EMFILE);
	return (int)syscall(SYS_eventfd2, count, flags);
}

int
pipe2(int pair[2], int flags)
{
	FAILS(SOCKET, EMFILE);
	return (int)syscall(SYS_pipe2, pair, flags);
}

int
pipe(int pair[2])
{
	return pipe2(pair, 0);
}

int
connect(int fd, const struct sockaddr *to, socklen_t len)
{
	FAILS(CONNECT, ENETUNREACH);
	return (int)syscall(SYS_connect, fd, to, len);
}

int
accept4(int fd, struct sockaddr *restrict from, socklen_t *restrict len, int flags)
{
	FAILS(ACCEPT, EMFILE);
	return (int)syscall(SYS_accept4, fd, from, len, flags);
}

int
accept(int fd, struct sockaddr *restrict from, socklen_t *restrict len)
{
	return accept4(fd, from, len, 0);
}

int
openat(int at, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	FAILS(OPEN, EMFILE);
	return (int)syscall(SYS_openat, at, path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return openat(AT_FDCWD, path, flags, mode);
}

int	open64(const char *, int, ...) __attribute__((alias("open")));
int	openat64(int, const char *, int, ...) __attribute__((alias("openat")));
int	__open_2(const char *, int);

int
__open_2(const char *path, int flags)
{
	return open(path, flags);
}

FILE *
fopen(const char *restrict path, const char *restrict mode)
{
	static FILE *(*real)(const char *, const char *);

	if (fails(OPEN)) {
		errno = EMFILE;
		return NULL;
	}
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "fopen");
	return real(path, mode);
}

FILE	*fopen64(const char *restrict, const char *restrict) __attribute__((alias("fopen")));

void *
mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (fails(MAP)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

int
pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
    void *(*run)(void *), void *restrict arg)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (fails(THREAD))
		return EAGAIN;
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return real(thread, attributes, run, arg);
}
