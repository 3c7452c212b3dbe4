/* SPDX-License-Identifier: MIT */
/* file.h - whole small files, read at start-up or written by a command. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

struct buf;

/*
 * Append the file's bytes to `out`, at most its cap. 0, or -1 with a sentence that names it in
 * `why`; errno is ENOENT then if there is no such file, and something else if there is.
 */
int	 file_read(struct buf *out, const char *path, char *why, size_t whylen);
/* The same of a file that nobody but its owner may read: of another mode it is an error. */
int	 file_read_private(struct buf *out, const char *path, char *why, size_t whylen);
/*
 * Write a file anew in one step: whoever reads it finds the old text or the new one. It has mode
 * 0600 and the owner it had. 0, or -1 with a sentence in `why`; the file is as it was then.
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
