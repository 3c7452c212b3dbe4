/* SPDX-License-Identifier: MIT */
/* file.c - whole small files; see file.h. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"

bool
file_is_private(const struct stat *st)
{
	bool given = st->st_uid == 0 && st->st_gid != 0;

	return (st->st_mode & (given ? 037 : 077)) == 0;
}

static int
read_whole(struct buf *out, const char *path, bool private, char *why, size_t whylen)
{
	char chunk[8192];
	struct stat st;
	ssize_t n;
	int fd, error = EINVAL, result = -1;

	/* A FIFO would be waited for. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		error = errno == ENOTDIR ? ENOENT : errno;
		snprintf(why, whylen, "%s: cannot be read: %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, whylen, "%s: not a regular file", path);
		goto out;
	}
	if (private && !file_is_private(&st)) {
		snprintf(why, whylen, "%s: others may read it (mode %03o); chmod 600 it", path,
		    (unsigned)(st.st_mode & 0777));
		goto out;
	}
	while ((n = read(fd, chunk, sizeof chunk)) > 0 || (n == -1 && errno == EINTR))
		if (n > 0 && buf_append(out, chunk, (size_t)n) == -1) {
			error = out->starved ? ENOMEM : EINVAL;
			if (out->starved)
				snprintf(why, whylen, "%s: out of memory", path);
			else
				snprintf(why, whylen, "%s: longer than %zu bytes", path, out->cap);
			goto out;
		}
	error = n == -1 ? errno : 0;
	if (n == -1)
		snprintf(why, whylen, "%s: cannot be read: %s", path, strerror(error));
	else
		result = 0;
out:
	if (fd != -1)
		close(fd);
	if (result == -1)
		errno = error;
	return result;
}

int
file_read(struct buf *out, const char *path, char *why, size_t whylen)
{
	return read_whole(out, path, false, why, whylen);
}

int
file_read_private(struct buf *out, const char *path, char *why, size_t whylen)
{
	return read_whole(out, path, true, why, whylen);
}

static int
write_whole(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		do
			n = write(fd, data, len);
		while (n == -1 && errno == EINTR);
		if (n == -1)
			return -1;
	}
	return fsync(fd);
}

int
file_replace(const char *path, const char *data, size_t len, char *why, size_t whylen)
{
	/* Behind a symbolic link it is the file that is replaced, not the link. */
	char *real = realpath(path, NULL), *tmp = NULL;
	const char *name = real == NULL ? path : real;
	struct stat st;
	int fd = -1, result = -1;

	if (asprintf(&tmp, "%s.XXXXXX", name) == -1)
		tmp = NULL;
	else
		fd = mkostemp(tmp, O_CLOEXEC);	/* mode 0600 */
	/* Who could read the old one is to read the new one: root may write for another user. */
	if (fd != -1 && (stat(name, &st) == -1 ||
	    (st.st_uid == geteuid() && st.st_gid == getegid()) ||
	    (fchown(fd, st.st_uid, st.st_gid) == 0 &&
	    (!file_is_private(&st) || fchmod(fd, 0600 | (st.st_mode & 040)) == 0))) &&
	    write_whole(fd, data, len) == 0 && rename(tmp, name) == 0)
		result = 0;
	else
		snprintf(why, whylen, "%s: cannot be written: %s", name, strerror(errno));
	if (fd != -1) {
		if (result == -1)
			unlink(tmp);
		close(fd);
	}
	free(tmp);
	free(real);
	return result;
}

char *
file_secret(const char *path, char *why, size_t whylen)
{
	struct buf text;
	char *secret = NULL;
	size_t i;

	buf_init(&text, LIMIT_SECRET);
	if (file_read(&text, path, why, whylen) == -1)
		goto out;
	errno = EINVAL;
	while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		buf_truncate(&text, text.len - 1);
	if (text.len == 0) {
		snprintf(why, whylen, "%s: is empty; write the secret into it", path);
		goto out;
	}
	for (i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f) {
			snprintf(why, whylen, "%s: has a control character at byte %zu; "
			    "a secret is one line of text", path, i);
			goto out;
		}
	secret = buf_take(&text);
	if (secret == NULL)
		snprintf(why, whylen, "%s: out of memory", path);
out:
	buf_finish(&text);
	return secret;
}

char *
file_beside(const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');
	size_t dir = slash == NULL || path[0] == '/' ? 0 : (size_t)(slash - from) + 1;
	char *out = malloc(dir + strlen(path) + 1);

	if (out == NULL)
		return NULL;
	memcpy(out, from, dir);
	memcpy(out + dir, path, strlen(path) + 1);
	return out;
}
