/* SPDX-License-Identifier: MIT */
/* file.h - whole small files, read at start-up or written by a command. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct stat;

/*
 * Append the file's bytes to `out`, at most its cap. 0, or -1 with a sentence that names it in
 * `why`; errno is ENOENT then if there is no such file, the system's if it has failed, else EINVAL.
 */
int	 file_read(struct buf *out, const char *path, char *why, size_t whylen);
/*
 * Whether a file is for its owner alone (0600); or root's, who gives it to a group that is not its
 * own, which may read it (0640, 0440), as a Secret is given to a pod.
 */
bool	 file_is_private(const struct stat *st);
/* As file_read(), of a file that is private: another mode is an error. */
int	 file_read_private(struct buf *out, const char *path, char *why, size_t whylen);
/*
 * Write a file anew in one step: whoever reads it finds the old text or the new one. It has mode
 * 0600 and the owner it had; a group that root gave it to reads it as before. 0, or -1 with a
 * sentence in `why`; the file is as it was then.
 */
int	 file_replace(const char *path, const char *data, size_t len, char *why, size_t whylen);
/*
 * Read a secret: the file's text without its trailing line end. Empty files and
 * control characters inside are refused. The caller frees the text. NULL with a
 * sentence in `why`, which never holds any of the text; errno is as file_read() has it.
 */
char	*file_secret(const char *path, char *why, size_t whylen);
/* `path` as seen from the folder of the file `from`; the caller frees it. NULL: out of memory. */
char	*file_beside(const char *from, const char *path);

#endif
