/* SPDX-License-Identifier: MIT */
/*
 * sandbox_landlock.c - files that are not named cannot be opened, made, moved or taken away,
 * and no TCP port can be bound.
 *
 * The kernel says how much it knows (its ABI, from 1 on); what it does not know is left out.
 * Looking at a file (stat) and connecting to a socket it does not restrict; nor is its scope of
 * abstract sockets (ABI 6) asked for, which would part the workers from each other (edge/mail.c).
 */
#include <linux/landlock.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "edge/sandbox_part.h"

/* What headers older than the kernel do not have; some are enums there, so the names differ. */
#define FS_ABI1		((UINT64_C(1) << 13) - 1)
#define FS_REFER	(UINT64_C(1) << 13)	/* ABI 2 */
#define FS_TRUNCATE	(UINT64_C(1) << 14)	/* ABI 3 */
#define FS_IOCTL_DEV	(UINT64_C(1) << 15)	/* ABI 5 */
#define NET_BIND_TCP	(UINT64_C(1) << 0)	/* ABI 4 */

/* struct landlock_ruleset_attr, as of ABI 4. */
struct attributes {
	uint64_t	fs;
	uint64_t	net;
};

static int	landlock_check(void);
static int	landlock_enter(const struct sandbox *, const char **);

const struct sandbox_part sandbox_landlock = {
	.name = "Landlock", .check = landlock_check, .enter = landlock_enter,
};

/* The kernel's ABI; -1 with errno: it has none, or was started without. */
static int
landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int
landlock_check(void)
{
	return landlock_abi() < 1 ? -1 : 0;
}

static uint64_t
rights_of(enum sandbox_access access, bool folder)
{
	switch (access) {
	case SANDBOX_READ:
		return LANDLOCK_ACCESS_FS_READ_FILE | (folder ? LANDLOCK_ACCESS_FS_READ_DIR : 0);
	case SANDBOX_WRITE:
		return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
	case SANDBOX_REMOVE:
		break;
	}
	return folder ? LANDLOCK_ACCESS_FS_REMOVE_FILE : 0;
}

/* 0, also for a path that is not there; -1 with errno. */
static int
add_path(int ruleset, const struct sandbox_path *p, uint64_t handled)
{
	int fd = open(p->path, O_PATH | O_CLOEXEC), result = 0, code;
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct statfs fs;
	struct stat st;

	if (fd == -1)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -1 : 0;
	if (fstat(fd, &st) == -1 || fstatfs(fd, &fs) == -1)
		result = -1;
	else {
		rule.allowed_access = rights_of(p->access, S_ISDIR(st.st_mode)) & handled;
		if (rule.allowed_access != 0)
			result = (int)syscall(SYS_landlock_add_rule, ruleset,
			    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	code = errno;
	/*
	 * A rule is an inode's. Those of /proc are made anew when the kernel has dropped them, and
	 * would be without it: it keeps what is open.
	 */
	if (result == -1 || fs.f_type != PROC_SUPER_MAGIC)
		close(fd);
	errno = code;
	return result;
}

static int
landlock_enter(const struct sandbox *s, const char **step)
{
	int abi = landlock_abi(), ruleset, result = -1, code;
	struct attributes a = {
		.fs = FS_ABI1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
		    (abi >= 5 ? FS_IOCTL_DEV : 0),
		.net = NET_BIND_TCP,
	};
	size_t i;

	*step = "landlock_create_ruleset";
	ruleset = abi < 1 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &a,
	    abi >= 4 ? sizeof a : sizeof a.fs, 0);
	if (ruleset == -1)
		return -1;
	for (i = 0; i < s->count; i++) {
		*step = s->paths[i].path;
		if (add_path(ruleset, &s->paths[i], a.fs) == -1)
			goto out;
	}
	*step = "landlock_restrict_self";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0) == -1)
		goto out;
	result = 0;
out:
	code = errno;
	close(ruleset);
	errno = code;
	return result;
}
