/* SPDX-License-Identifier: MIT */
/*
 * sandbox_seccomp.c - the system calls that a worker makes while it serves; all others, and
 * these with other arguments, fail with EPERM.
 *
 * What a newer C library asks for in vain is to be seen by `strace -f -e status=failed`.
 */
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#include <seccomp.h>

#include "edge/sandbox_part.h"

/* Newer than some headers: glibc 2.42 guards its threads' stacks by them, and names mappings. */
#define GUARD_INSTALL	102
#define GUARD_REMOVE	103
#define SET_VMA		0x53564d41

static int	seccomp_check(void);
static int	seccomp_enter(const struct sandbox *, const char **);

const struct sandbox_part sandbox_seccomp = {
	.name = "seccomp filter", .check = seccomp_check, .enter = seccomp_enter,
};

#define CALL(name)	SCMP_SYS(name)

static const int calls[] = {
	/* the loop, its descriptors and its clock */
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait),
	CALL(epoll_pwait2), CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6),
	CALL(eventfd2), CALL(pipe2), CALL(close), CALL(read), CALL(readv), CALL(pread64),
	CALL(write), CALL(writev), CALL(pwrite64), CALL(lseek), CALL(clock_gettime),
	CALL(clock_getres), CALL(gettimeofday), CALL(time), CALL(nanosleep),
	CALL(clock_nanosleep), CALL(alarm), CALL(setitimer), CALL(restart_syscall),
	/* sockets; listen() is for none, bind() for netlink: Landlock refuses it to TCP */
	CALL(accept), CALL(accept4), CALL(bind), CALL(connect), CALL(getpeername),
	CALL(getsockname), CALL(getsockopt), CALL(setsockopt), CALL(shutdown), CALL(recvfrom),
	CALL(recvmsg), CALL(sendto), CALL(sendmsg), CALL(sendmmsg),
	/* files; which ones is Landlock's matter */
	CALL(open), CALL(openat), CALL(stat), CALL(lstat), CALL(fstat), CALL(newfstatat),
	CALL(statx), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink),
	CALL(readlinkat), CALL(getcwd), CALL(unlink), CALL(unlinkat), CALL(ftruncate),
	CALL(fsync), CALL(fdatasync), CALL(msync),
	/* memory, threads, signals, the end */
	CALL(brk), CALL(munmap), CALL(mremap), CALL(futex), CALL(set_robust_list),
	CALL(get_robust_list), CALL(rseq), CALL(membarrier), CALL(sched_yield),
	CALL(sched_getaffinity), CALL(getcpu), CALL(rt_sigaction), CALL(rt_sigprocmask),
	CALL(rt_sigreturn), CALL(sigaltstack), CALL(wait4), CALL(exit), CALL(exit_group),
	/* what it is told of itself */
	CALL(getpid), CALL(getppid), CALL(gettid), CALL(getuid), CALL(geteuid), CALL(getgid),
	CALL(getegid), CALL(getrlimit), CALL(getrusage), CALL(uname), CALL(sysinfo),
	CALL(getrandom),
#if SANDBOX_SANITIZER
	CALL(getdents), CALL(getdents64), CALL(madvise), CALL(personality), CALL(pipe), CALL(prctl),
	CALL(process_vm_readv), CALL(ptrace),
#endif
};

/* One argument of a call: which one, the bits that count, and their value. */
struct argument {
	unsigned	nth;
	uint64_t	mask;
	uint64_t	value;
};

/* A call that is good if all its arguments are. An int is the lower half of what is passed. */
static const struct rule {
	int		call;
	struct argument	arguments[2];	/* a mask of 0: no more */
} rules[] = {
#define INT		UINT32_MAX
#define IS(name, nth, value)	{ CALL(name), { { nth, INT, (uint32_t)(value) } } }
#define SOCKET(family, type)	\
	{ CALL(socket), { { 0, INT, family }, { 1, 0xf, type } } }
	SOCKET(AF_INET, SOCK_STREAM), SOCKET(AF_INET, SOCK_DGRAM),
	SOCKET(AF_INET6, SOCK_STREAM), SOCKET(AF_INET6, SOCK_DGRAM),
	IS(socket, 0, AF_UNIX),		/* the service manager, Redis, syslog, names, mail */
	/* getaddrinfo() asks which addresses this machine has */
	{ CALL(socket), { { 0, INT, AF_NETLINK }, { 2, INT, NETLINK_ROUTE } } },
	IS(socketpair, 0, AF_UNIX),
	/* A thread, in no new namespace. */
	{ CALL(clone), { { 0, CLONE_THREAD | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID |
	    CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP, CLONE_THREAD } } },
	IS(kill, 1, 0),			/* is the writer of a record alive */
	IS(ioctl, 1, FIONREAD), IS(ioctl, 1, FIONBIO), IS(ioctl, 1, TCGETS),
	IS(fcntl, 1, F_DUPFD), IS(fcntl, 1, F_DUPFD_CLOEXEC), IS(fcntl, 1, F_GETFD),
	IS(fcntl, 1, F_SETFD), IS(fcntl, 1, F_GETFL), IS(fcntl, 1, F_SETFL),
	IS(fcntl, 1, F_GETLK), IS(fcntl, 1, F_SETLK), IS(fcntl, 1, F_SETLKW),
	IS(fcntl, 1, F_OFD_GETLK), IS(fcntl, 1, F_OFD_SETLK), IS(fcntl, 1, F_OFD_SETLKW),
	/* Nothing that was ever writable is executed; libraries are mapped as they are. */
	{ CALL(mmap), { { 2, PROT_EXEC, 0 } } },
	{ CALL(mmap), { { 2, PROT_WRITE | PROT_EXEC, PROT_EXEC } } },
	{ CALL(mprotect), { { 2, PROT_EXEC, 0 } } },
	/* To ask for limits, not to set them. */
	{ CALL(prlimit64), { { 2, UINT64_MAX, 0 } } },
#if SANDBOX_SANITIZER
	/* The process that looks for leaks; it is not what fork() makes. */
	{ CALL(clone), { { 0, CLONE_VM | CLONE_UNTRACED, CLONE_VM | CLONE_UNTRACED } } },
#else
	IS(madvise, 2, MADV_DONTNEED), IS(madvise, 2, MADV_FREE), IS(madvise, 2, MADV_RANDOM),
	IS(madvise, 2, MADV_NORMAL), IS(madvise, 2, MADV_WILLNEED),
	IS(madvise, 2, MADV_DONTDUMP), IS(madvise, 2, MADV_HUGEPAGE),
	IS(madvise, 2, MADV_NOHUGEPAGE), IS(madvise, 2, GUARD_INSTALL),
	IS(madvise, 2, GUARD_REMOVE),
	IS(prctl, 0, PR_SET_NAME), IS(prctl, 0, SET_VMA),
#endif
};

static int
seccomp_check(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	return (int)syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

static int
add_rule(scmp_filter_ctx filter, const struct rule *r)
{
	struct scmp_arg_cmp compare[2];
	unsigned i;

	for (i = 0; i < 2 && r->arguments[i].mask != 0; i++)
		compare[i] = (struct scmp_arg_cmp){ r->arguments[i].nth, SCMP_CMP_MASKED_EQ,
		    r->arguments[i].mask, r->arguments[i].value };
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, r->call, i, compare);
}

/* The rules of the filter; 0 or a negative errno. */
static int
add_all(scmp_filter_ctx filter)
{
	/* Signals of its own, as abort() sends one. */
	const struct rule own = IS(tgkill, 0, getpid());
	size_t i;
	int code;

	for (i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if ((code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0)) < 0)
			return code;
	for (i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if ((code = add_rule(filter, &rules[i])) < 0)
			return code;
	if ((code = add_rule(filter, &own)) < 0)
		return code;
	/* Its flags lie in memory, out of a filter's sight: glibc takes clone() then. */
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0);
}

static int
seccomp_enter(const struct sandbox *s, const char **step)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int code;

	(void)s;
	*step = "seccomp_init";
	if (filter == NULL) {
		errno = ENOMEM;
		return -1;
	}
	*step = "its rules";
	code = add_all(filter);
	/* A search in a tree instead of a walk along a hundred calls. */
	if (code == 0)
		code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* All threads, if there is another after all. */
	if (code == 0)
		code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (code == 0) {
		*step = "seccomp_load";
		code = seccomp_load(filter);
	}
	seccomp_release(filter);
	errno = -code;
	return code < 0 ? -1 : 0;
}
