/* SPDX-License-Identifier: MIT */
/* test_sandboxed.c - from inside: what a worker needs works, all else is refused. */
#include <arpa/inet.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"
#include "check.h"
#include "edge/sandbox_part.h"
#include "edge/store.h"

#define MOST	96

/* What the process inside found, where the one outside sees it. */
struct found {
	const char	*what;
	int		 want;	/* 0: it works; EACCES, EPERM: it is refused so; -1: either */
	int		 code;
};

static struct found *found;
static size_t *nfound;
static char folder[] = "/tmp/sandbox.XXXXXX";
static char outside[64], inside[64], lock[64], beside[64], sockets[64], socket_file[64];
static struct event_base *base;
static struct store *store;
static int port;

static void
note(const char *what, int want, bool worked)
{
	int code = errno;

	if (*nfound < MOST)
		found[(*nfound)++] = (struct found){ what, want, worked ? 0 : code };
}

#define WORKS(what, call)	do { errno = 0; note(what, 0, call); } while (0)
#define REFUSED(what, call, code)	do { errno = 0; note(what, code, (call) != -1); } while (0)

static void
make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd != -1 && write(fd, "x", 1) == 1, "%s", path);
	close(fd);
}

static void
files(void)
{
	int fd;

	REFUSED("read a file outside", open(outside, O_RDONLY), EACCES);
	REFUSED("write a file outside", open(outside, O_WRONLY), EACCES);
	REFUSED("read /root", open("/root", O_RDONLY | O_DIRECTORY), EACCES);
	REFUSED("read /", open("/", O_RDONLY | O_DIRECTORY), EACCES);
	REFUSED("read what others are in /proc", open("/proc", O_RDONLY | O_DIRECTORY), EACCES);
	REFUSED("read /proc/1", open("/proc/1/status", O_RDONLY), EACCES);
	REFUSED("read memory", open("/dev/mem", O_RDONLY), -1);
	REFUSED("write /etc/hosts", open("/etc/hosts", O_WRONLY | O_APPEND), EACCES);
	REFUSED("make a file in /tmp", open("/tmp/sandbox", O_WRONLY | O_CREAT, 0600), EACCES);
	REFUSED("make a file beside the store", open(beside, O_WRONLY | O_CREAT, 0600), EACCES);
	REFUSED("take away a file outside", unlink(outside), EACCES);
	REFUSED("take away the store", unlink(inside), EACCES);
	REFUSED("rename", rename(inside, beside), EPERM);
	REFUSED("link", link(inside, beside), EPERM);
	REFUSED("symlink", symlink(inside, beside), EPERM);
	REFUSED("mkdir", mkdir(beside, 0700), EPERM);
	REFUSED("chmod", chmod(inside, 0666), EPERM);
	REFUSED("chown", chown(inside, 0, 0), EPERM);
	REFUSED("truncate by name", truncate(outside, 0), EPERM);
	REFUSED("memfd_create", memfd_create("x", 0), EPERM);
	REFUSED("make a file where only the socket's may go",
	    open(socket_file, O_WRONLY | O_CREAT | O_EXCL, 0600), -1);

	fd = open(inside, O_RDWR);
	WORKS("open the store", fd != -1);
	close(fd);
	fd = open(lock, O_RDWR);
	WORKS("open its lock file", fd != -1);
	close(fd);
	fd = open("/etc/hosts", O_RDONLY);
	WORKS("read /etc/hosts", fd != -1);
	close(fd);
	fd = open("/dev/urandom", O_RDONLY);
	WORKS("read /dev/urandom", fd != -1);
	close(fd);
	fd = open("/dev/null", O_RDWR);
	WORKS("open /dev/null", fd != -1);
	close(fd);
	WORKS("its own memory, pss", memory_pss() > 0);
	WORKS("its own memory, rss", memory_rss() > 0);
	WORKS("take away the socket's file", unlink(socket_file) == 0);
}

static pid_t
forked(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child;
}

static void
processes(void)
{
	static char *const argv[] = { (char *)(uintptr_t)"true", NULL };
	struct rlimit more = { 4096, 4096 };
	pid_t child;
	int code;

	REFUSED("execve", execve("/bin/true", argv, NULL), EPERM);
	REFUSED("execveat", syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0), EPERM);
	code = posix_spawn(&child, "/bin/true", NULL, NULL, argv, NULL);
	note("posix_spawn", -1, (errno = code) == 0);
	REFUSED("fork", forked(), EPERM);
	REFUSED("clone3", syscall(SYS_clone3, NULL, 0), ENOSYS);
	REFUSED("clone into a namespace", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
	    EPERM);
	REFUSED("unshare", unshare(CLONE_NEWUSER), EPERM);
	REFUSED("mount", mount("none", "/tmp", "tmpfs", 0, NULL), EPERM);
	REFUSED("chroot", chroot("/"), EPERM);
	REFUSED("kill its parent", kill(getppid(), SIGTERM), EPERM);
	REFUSED("kill all", kill(-1, SIGKILL), EPERM);
	WORKS("is its parent alive", kill(getppid(), 0) == 0);
	REFUSED("setuid", setresuid(0, 0, 0), EPERM);
	REFUSED("setrlimit", setrlimit(RLIMIT_CORE, &more), EPERM);
	REFUSED("bpf", syscall(SYS_bpf, 0, NULL, 0), EPERM);
	REFUSED("io_uring", syscall(SYS_io_uring_setup, 1, NULL), EPERM);
	REFUSED("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0), EPERM);
	REFUSED("a filter of its own", syscall(SYS_seccomp, 1, 0, NULL), EPERM);
	REFUSED("a ruleset of its own", syscall(SYS_landlock_create_ruleset, NULL, 0, 1), EPERM);
	REFUSED("type into a terminal", ioctl(0, TIOCSTI, "x"), EPERM);
	if (!SANDBOX_SANITIZER) {
		REFUSED("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM);
		REFUSED("prctl", prctl(PR_SET_DUMPABLE, 1), EPERM);
		REFUSED("process_vm_readv", syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL,
		    0, 0), EPERM);
	}
}

static void *
run(void *arg)
{
	*(bool *)arg = true;
	return NULL;
}

static void
memory(void)
{
	pthread_t thread;
	bool ran = false;
	char *page;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	note("memory to write and execute", EPERM, page != MAP_FAILED);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	WORKS("memory", page != MAP_FAILED);
	REFUSED("execute what was written", mprotect(page, 4096, PROT_READ | PROT_EXEC), EPERM);
	if (pthread_create(&thread, NULL, run, &ran) == 0)
		pthread_join(thread, NULL);
	WORKS("a thread", ran);
}

static void
network(bool binds)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all = NULL;
	int fd;

	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (binds)
		REFUSED("bind a TCP port", bind(fd, (struct sockaddr *)&any, sizeof any), EACCES);
	REFUSED("listen on TCP", listen(fd, 1), EPERM);
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", beside);
	REFUSED("bind a path", bind(fd, (struct sockaddr *)&sun, sizeof sun), EACCES);
	REFUSED("listen on a Unix socket", listen(fd, 1), EPERM);
	close(fd);
	REFUSED("a raw socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
	REFUSED("packets", socket(AF_PACKET, SOCK_RAW, 0), EPERM);
	REFUSED("another netlink", socket(AF_NETLINK, SOCK_RAW, 16), EPERM);

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	WORKS("connect", connect(fd, (struct sockaddr *)&sin, sizeof sin) == 0 ||
	    errno == EINPROGRESS);
	close(fd);
	WORKS("resolve a name", getaddrinfo("localhost", "80", &hints, &all) == 0 && all != NULL);
	freeaddrinfo(all);
}

static void
on_stored(void *arg, const struct store_reply *reply)
{
	*(int *)arg = (int)reply->result;
}

static void
records(void)
{
	static const uint8_t value[STORE_TAG + 4] = "record";
	uint8_t key[STORE_KEY] = { 7 };
	int result = -1, turns;

	store_add(store, key, value, sizeof value, 60000, on_stored, &result);
	for (turns = 0; result == -1 && turns < 200; turns++) {
		store_push(store);
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		usleep(1000);
	}
	WORKS("write a record", result == STORE_DONE);
	result = -1;
	store_get(store, key, on_stored, &result);
	for (turns = 0; result == -1 && turns < 200; turns++) {
		store_push(store);
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		usleep(1000);
	}
	WORKS("read a record", result == STORE_FOUND);
}

static void
be_inside(bool binds)
{
	struct store_settings settings = { .where = inside, .size_max = 1 << 20,
	    .timeout_ms = 1000 };
	struct sandbox box = { .mode = SANDBOX_ON };
	char why[512] = "";

	sandbox_prepare();
	base = event_base_new();
	store = store_create(base, &settings, why, sizeof why);
	WORKS("open the store before", store != NULL);
	sandbox_allow(&box, SANDBOX_WRITE, inside);
	sandbox_allow(&box, SANDBOX_WRITE, lock);
	sandbox_allow(&box, SANDBOX_REMOVE, sockets);
	sandbox_allow(&box, SANDBOX_READ, "/nowhere/at/all");
	WORKS("enter", sandbox_enter(&box, why, sizeof why) == 0);
	if (why[0] != '\0')
		printf("%s\n", why);
	files();
	processes();
	memory();
	network(binds);
	if (store != NULL)
		records();
	fflush(stdout);
	_exit(0);
}

static void
test_inside(void)
{
	bool binds = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION) >= 4;
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sin;
	int fd = socket(AF_INET, SOCK_STREAM, 0), status = -1;
	size_t i;
	pid_t pid;

	CHECK(bind(fd, (struct sockaddr *)&sin, sizeof sin) == 0 && listen(fd, 5) == 0 &&
	    getsockname(fd, (struct sockaddr *)&sin, &len) == 0, "a socket");
	port = ntohs(sin.sin_port);
	pid = fork();
	if (pid == 0)
		be_inside(binds);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "it ended with %x", (unsigned)status);
	for (i = 0; i < *nfound; i++)
		CHECK(found[i].want == -1 ? found[i].code != 0 : found[i].code == found[i].want,
		    "%s: %s, not %s", found[i].what, strerror(found[i].code),
		    strerror(found[i].want));
	CHECK(*nfound > 60 && *nfound < MOST, "%zu found", *nfound);
	if (!binds)
		SKIP("this kernel's Landlock does not know TCP ports");
	close(fd);
}

/* Without a sandbox all the same is there to be had: what is refused is the sandbox's doing. */
static void
test_off(void)
{
	struct sandbox box = { .mode = SANDBOX_OFF };
	char why[512] = "";
	int fd;

	CHECK(sandbox_check(SANDBOX_OFF, true, why, sizeof why) == 0, "%s", why);
	CHECK(sandbox_enter(&box, why, sizeof why) == 0, "%s", why);
	fd = open(outside, O_RDWR);
	CHECK(fd != -1, "%s", strerror(errno));
	close(fd);
}

static void
test_core(void)
{
	struct rlimit limit = { 9, 9 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		sandbox_prepare();
		_exit(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 1 &&
		    limit.rlim_max == 1 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "%x", (unsigned)status);
}

int
main(void)
{
	char why[512] = "";

	found = mmap(NULL, MOST * sizeof *found + sizeof *nfound, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	nfound = (size_t *)(void *)(found + MOST);
	CHECK(mkdtemp(folder) != NULL, "%s", folder);
	snprintf(outside, sizeof outside, "%s/outside", folder);
	snprintf(inside, sizeof inside, "%s/store", folder);
	snprintf(lock, sizeof lock, "%s/store-lock", folder);
	snprintf(beside, sizeof beside, "%s/store-beside", folder);
	snprintf(sockets, sizeof sockets, "%s/run", folder);
	snprintf(socket_file, sizeof socket_file, "%s/run/socket", folder);
	CHECK(mkdir(sockets, 0700) == 0, "%s", sockets);
	make(outside);
	make(socket_file);
	test_off();
	test_core();
	if (sandbox_check(SANDBOX_ON, true, why, sizeof why) == 0)
		test_inside();
	else
		SKIP("%s", why);
	unlink(socket_file);
	rmdir(sockets);
	unlink(outside);
	unlink(inside);
	unlink(lock);
	rmdir(folder);
	return check_done();
}
