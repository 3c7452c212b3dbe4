/* SPDX-License-Identifier: MIT */
/* user.c - see user.h. */
#include <sys/types.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edge/listener.h"
#include "edge/user.h"

bool
user_is_root(void)
{
	return geteuid() == 0;
}

/* What the system knows of a user; NULL with a sentence in `why`. */
static const struct passwd *
find(const char *name, char *why, size_t whylen)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL && errno != 0)
		snprintf(why, whylen, "user = %s: cannot be looked up: %s", name, strerror(errno));
	else if (pw == NULL) {
		snprintf(why, whylen, "user = %s: there is no such user; make it (useradd "
		    "--system %s) or name another", name, name);
		errno = 0;
	}
	return pw;
}

int
user_check(const char *name, char *why, size_t whylen)
{
	return find(name, why, whylen) == NULL ? -1 : 0;
}

int
user_become(const char *name, const struct listener *l, char *why, size_t whylen)
{
	const struct passwd *pw = find(name, why, whylen);
	uid_t uid;
	gid_t gid;

	if (pw == NULL)
		return -1;
	uid = pw->pw_uid;
	gid = pw->pw_gid;
	if (geteuid() == uid && getuid() == uid)
		return 0;
	if (geteuid() != 0) {
		snprintf(why, whylen, "user = %s: only root can become another user and this "
		    "process is user %ld; start it as root or as %s, or leave user empty", name,
		    (long)geteuid(), name);
		errno = 0;
		return -1;
	}
	/* The mode of its file is then said of the same user as where that one had started us. */
	if ((l != NULL && listener_give(l, uid, gid) == -1) || initgroups(name, gid) == -1 ||
	    setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1) {
		snprintf(why, whylen, "user = %s: this process cannot become that user: %s", name,
		    strerror(errno));
		return -1;
	}
	/* What is not to come back is tried. */
	if (uid != 0 && setuid(0) != -1) {
		snprintf(why, whylen, "user = %s: this process can become root again", name);
		errno = 0;
		return -1;
	}
	return 0;
}
