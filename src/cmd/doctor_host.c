/* SPDX-License-Identifier: MIT */
/* doctor_host.c - the machine: socket, limits, memory, clock, sandbox, disk, files of secrets. */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "cmd/doctor_part.h"
#include "edge/listener.h"
#include "edge/sandbox.h"
#include "edge/trust.h"
#include "run/settings.h"

#define SOMAXCONN_FILE	"/proc/sys/net/core/somaxconn"
#define DISK_LEAST	(64 * 1024 * 1024)	/* bytes that are to be free */

/* The number that a file of the kernel holds; -1: none. */
static long long
number_in(const char *path)
{
	char why[LIMIT_REASON], *end;
	long long value = -1;
	struct buf text;

	buf_init(&text, 64);
	if (file_read(&text, path, why, sizeof why) == 0) {
		value = strtoll(buf_str(&text), &end, 10);
		if (end == buf_str(&text))
			value = -1;
	}
	buf_finish(&text);
	return value;
}

static void
look_at_socket(struct doctor *d)
{
	const struct settings *s = d->settings;
	unsigned mode = (unsigned)strtoul(s->listen_mode, NULL, 8);
	bool has_file = strchr(s->listen, '/') != NULL;
	char why[LIMIT_REASON];
	struct stat st;

	if (s->listen[0] == '\0') {
		doctor_say(d, DOCTOR_OK, "listen", NULL, "the socket is handed over, and not "
		    "looked at");
		return;
	}
	if (listener_check(s->listen, why, sizeof why) == -1) {
		doctor_say(d, DOCTOR_FAIL, "listen", "write a path with a /, or ADDRESS:PORT", "%s",
		    why);
		return;
	}
	if (has_file && lstat(s->listen, &st) == -1) {
		doctor_say(d, DOCTOR_FAIL, "listen", errno == ENOENT ? "start ums-mcp, and see its "
		    "log if it does not stay" : "let this user search the socket's folder",
		    "%s: %s", s->listen, strerror(errno));
		return;
	}
	if (has_file && !S_ISSOCK(st.st_mode)) {
		doctor_say(d, DOCTOR_FAIL, "listen", "remove the file and start ums-mcp again",
		    "%s is no socket", s->listen);
		return;
	}
	if (listener_probe(s->listen, LIMIT_INQUIRY_S * 1000) == -1)
		doctor_say(d, DOCTOR_FAIL, "listen", errno == EAGAIN ? "give the bridge more "
		    "workers: its backlog is full" : "start ums-mcp; nobody serves this socket",
		    "%s: %s", s->listen, strerror(errno));
	else
		doctor_say(d, DOCTOR_OK, "listen", NULL, "%s takes connections", s->listen);
	if (!has_file)
		return;
	if ((st.st_mode & 0777) == mode)
		doctor_say(d, mode & 02 ? DOCTOR_WARN : DOCTOR_OK, "listen_mode", mode & 02 ?
		    "set listen_mode = 0660 and put the web server into the socket's group" : NULL,
		    "%04o%s", mode, mode & 02 ? ": every user of this machine may connect" : "");
	else
		doctor_say(d, DOCTOR_FAIL, "listen_mode", "start ums-mcp again, or chmod the "
		    "socket",
		    "the socket has mode %04o, the configuration says %04o",
		    (unsigned)st.st_mode & 0777, mode);
}

static void
look_at_limits(struct doctor *d)
{
	const struct settings *s = d->settings;
	long long most = number_in(SOMAXCONN_FILE), needed = settings_descriptors(s), memory, own;
	struct rlimit files;
	int64_t taken;

	if (most != -1)
		doctor_say(d, most < LIMIT_BACKLOG ? DOCTOR_WARN : DOCTOR_OK, "backlog",
		    most < LIMIT_BACKLOG ? "sysctl net.core.somaxconn=4096, and start ums-mcp "
		    "again" : NULL, "net.core.somaxconn is %lld, the bridge asks for %d", most,
		    LIMIT_BACKLOG);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		doctor_say(d, files.rlim_max < (rlim_t)needed ? DOCTOR_WARN : DOCTOR_OK,
		    "descriptors", files.rlim_max < (rlim_t)needed ? "raise LimitNOFILE (or ulimit "
		    "-n), or lower max_inflight" : NULL, "%llu here, max_inflight = %lld may need "
		    "%lld", (unsigned long long)files.rlim_max, (long long)s->max_inflight,
		    needed);
	memory = (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	own = number_in("/sys/fs/cgroup/memory.max");
	if (own > 0 && own < memory)
		memory = own;
	/* A drained worker stands beside its successor. */
	if (s->max_rss == 0)
		doctor_say(d, DOCTOR_WARN, "memory", "set max_rss", "max_rss = 0 lets a worker "
		    "grow without a bound");
	else {
		taken = s->max_rss > INT64_MAX / (s->workers + 1) ? INT64_MAX :
		    s->max_rss * (s->workers + 1);
		doctor_say(d, taken > memory ? DOCTOR_WARN : DOCTOR_OK, "memory", taken > memory ?
		    "lower max_rss or workers, or give more memory" : NULL, "workers and a "
		    "successor may take %lld MB of %lld MB", (long long)(taken >> 20),
		    memory >> 20);
	}
}

static void
look_at_clock(struct doctor *d)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);

	if (state == -1)
		doctor_say(d, DOCTOR_OK, "clock", NULL, "the kernel does not say whether it is "
		    "synchronised");
	else
		doctor_say(d, t.status & STA_UNSYNC ? DOCTOR_WARN : DOCTOR_OK, "clock",
		    t.status & STA_UNSYNC ? "run chrony or systemd-timesyncd on this machine" :
		    NULL,
		    t.status & STA_UNSYNC ? "not synchronised, as far as the kernel knows" :
		    "synchronised");
}

static void
look_at_sandbox(struct doctor *d)
{
	const struct settings *s = d->settings;
	char why[LIMIT_REASON];

	if (s->sandbox == SANDBOX_OFF)
		doctor_say(d, DOCTOR_WARN, "sandbox", "set sandbox = on", "it is off");
	else if (sandbox_check(SANDBOX_ON, true, why, sizeof why) == -1)
		doctor_say(d, s->sandbox == SANDBOX_ON ? DOCTOR_FAIL : DOCTOR_WARN, "sandbox",
		    "run a kernel with Landlock and seccomp, or set sandbox = try", "%s", why);
	else
		doctor_say(d, DOCTOR_OK, "sandbox", NULL, "the kernel has all of it");
}

/* A file that the bridge writes: it or its folder, and the room there. */
static void
look_at_place(struct doctor *d, const char *key, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	struct statvfs fs;

	if (folder == NULL)
		return;
	if (access(path, F_OK) == 0 ? access(path, R_OK | W_OK) == -1 :
	    access(folder, W_OK | X_OK) == -1)
		doctor_say(d, DOCTOR_FAIL, key, "make the folder, owned by the user that the "
		    "bridge runs as", "%s: %s", path, strerror(errno));
	else if (statvfs(folder, &fs) == 0 && fs.f_bavail * fs.f_frsize < DISK_LEAST)
		doctor_say(d, DOCTOR_WARN, key, "make room on that disk", "%s: %llu MB are free",
		    path, (unsigned long long)(fs.f_bavail * fs.f_frsize >> 20));
	else
		doctor_say(d, DOCTOR_OK, key, NULL, "%s can be written", path);
	free(folder);
}

void
doctor_host_secret(struct doctor *d, const char *key, const char *path)
{
	struct stat st;

	if (path[0] == '\0')
		return;
	if (stat(path, &st) == -1 || access(path, R_OK) == -1)
		doctor_say(d, DOCTOR_FAIL, key, "put the secret there, readable by the user that "
		    "the bridge runs as", "%s: %s", path, strerror(errno));
	else if (!file_is_private(&st))
		doctor_say(d, DOCTOR_WARN, key, "chmod 600 it", "%s has mode %04o: others may use "
		    "it", path, (unsigned)st.st_mode & 0777);
	else
		doctor_say(d, DOCTOR_OK, key, NULL, "%s is for nobody else", path);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

static void
look_at_files(struct doctor *d)
{
	const struct settings *s = d->settings;
	int64_t expires;
	char key[256];
	size_t i;

	if (strchr(s->audit, '/') != NULL)
		look_at_place(d, "audit", s->audit);
	if (s->board[0] != '\0')
		look_at_place(d, "board", s->board);
	if (s->store[0] != '\0' && strstr(s->store, "://") == NULL)
		look_at_place(d, "store", s->store);
	if (s->state_key[0] == '\0')
		doctor_say(d, DOCTOR_WARN, "state_key", "name a file", "without one what clients "
		    "hold is void after a restart");
	else if (access(s->state_key, F_OK) == 0)
		doctor_host_secret(d, "state_key", s->state_key);
	else
		look_at_place(d, "state_key", s->state_key);
	doctor_host_secret(d, "api_keys_file", s->api_keys_file);
	doctor_host_secret(d, "store_password_file", s->store_password_file);
	doctor_host_secret(d, "introspection_secret_file", s->introspection_secret_file);
	for (i = 0; i < s->service.count; i++) {
		snprintf(key, sizeof key, "service.%s", s->service.items[i].key);
		if (ends_with(key, ".token_file"))
			doctor_host_secret(d, key, s->service.items[i].value);
		expires = ends_with(key, ".ca_file") ? trust_expiry(s->service.items[i].value) : -1;
		if (expires != -1)
			doctor_expiry(d, key, expires, "put the authority's new certificate there");
	}
}

void
doctor_host(struct doctor *d)
{
	look_at_socket(d);
	look_at_limits(d);
	look_at_clock(d);
	look_at_sandbox(d);
	look_at_files(d);
}
