/* SPDX-License-Identifier: MIT */
/* sandbox.c - the order of its parts, what every worker needs of the system, the messages. */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "edge/sandbox_part.h"

/* The filter comes last: it refuses the calls that the others are made of. */
static const struct sandbox_part *const parts[] = { &sandbox_landlock, &sandbox_seccomp };

#define PARTS	(sizeof parts / sizeof parts[0])

/*
 * What the C library, libcurl and OpenSSL open while a worker serves. /etc is a folder, since
 * its files are replaced by others of the same name. Of /proc the process sees itself only.
 */
static const struct sandbox_path system_paths[] = {
	{ "/etc", SANDBOX_READ },			/* resolv.conf, hosts, nsswitch.conf, ssl */
	{ "/lib", SANDBOX_READ },			/* NSS modules, loaded at the first name */
	{ "/lib64", SANDBOX_READ },
	{ "/usr/lib", SANDBOX_READ },
	{ "/usr/lib64", SANDBOX_READ },
	{ "/usr/local/lib", SANDBOX_READ },
	{ "/usr/share/ca-certificates", SANDBOX_READ },	/* where /etc/ssl/certs points to */
	{ "/usr/local/share/ca-certificates", SANDBOX_READ },
	{ "/dev/urandom", SANDBOX_READ },
	{ "/dev/null", SANDBOX_WRITE },
	{ "/proc/self", SANDBOX_READ },
#if SANDBOX_SANITIZER
	{ "/proc/self/exe", SANDBOX_READ },		/* for the names in a report */
#endif
};

void
sandbox_prepare(void)
{
	/*
	 * One byte is the kernel's word for "no core, not into a pipe either"; with 0 a program
	 * in core_pattern would have one. PR_SET_DUMPABLE does the same, but ends with execve()
	 * and hides the process from whoever shares its user: gdb, perf, a look into /proc. So
	 * it is for where the limit is 0 already and cannot be raised.
	 */
	static const struct rlimit none = { 1, 1 };

	if (setrlimit(RLIMIT_CORE, &none) == -1)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int
sandbox_check(enum sandbox_mode mode, bool quiet, char *why, size_t whylen)
{
	size_t i;

	for (i = 0; i < PARTS && mode != SANDBOX_OFF; i++) {
		if (parts[i]->check() == 0)
			continue;
		if (mode == SANDBOX_ON) {
			snprintf(why, whylen, "sandbox = on: this kernel has no %s (%s); "
			    "sandbox = try goes on without what is missing", parts[i]->name,
			    strerror(errno));
			errno = 0;
			return -1;
		}
		if (!quiet)
			log_warn("sandbox = try: this kernel has no %s, workers go without it",
			    parts[i]->name);
	}
	if (mode == SANDBOX_OFF && !quiet)
		log_warnx("sandbox = off: workers may do whatever their user may");
	return 0;
}

void
sandbox_allow(struct sandbox *s, enum sandbox_access access, const char *path)
{
	if (s->count < LIMIT_SANDBOX_PATHS)
		s->paths[s->count++] = (struct sandbox_path){ path, access };
}

int
sandbox_enter(const struct sandbox *s, char *why, size_t whylen)
{
	struct sandbox all = { .mode = s->mode };
	const char *step = "";
	char resolver[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof system_paths / sizeof system_paths[0]; i++)
		sandbox_allow(&all, system_paths[i].access, system_paths[i].path);
	/* It may be a link into /run, where another file takes its place now and then. */
	if (realpath("/etc/resolv.conf", resolver) != NULL) {
		*strrchr(resolver, '/') = '\0';
		sandbox_allow(&all, SANDBOX_READ, resolver);
	}
	for (i = 0; i < s->count; i++)
		sandbox_allow(&all, s->paths[i].access, s->paths[i].path);
	for (i = 0; i < PARTS && s->mode != SANDBOX_OFF; i++) {
		if (s->mode == SANDBOX_TRY && parts[i]->check() == -1)
			continue;
		if (parts[i]->enter(&all, &step) == -1) {
			snprintf(why, whylen, "sandbox = %s: %s cannot be entered: %s: %s; "
			    "sandbox = off goes without", s->mode == SANDBOX_ON ? "on" : "try",
			    parts[i]->name, step, strerror(errno));
			return -1;
		}
	}
	return 0;
}
