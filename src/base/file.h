/* SPDX-License-Identifier: MIT */
/* file.h - reading a whole small file, once, at start-up. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

struct buf;

/*
 * Append the file's bytes to `out`, at most its cap. 0, or -1 with a sentence that names
 * it in `why`.
 */
int	 file_read(struct buf *out, const char *path, char *why, size_t whylen);
/*
 * Read a secret: the file's text without its trailing line end. Empty files and
 * control characters inside are refused. The caller frees the text. NULL with a
 * sentence in `why`, which never holds any of the text.
 */
char	*file_secret(const char *path, char *why, size_t whylen);
/* `path` as seen from the folder of the file `from`; the caller frees it. NULL: out of memory. */
char	*file_beside(const char *from, const char *path);

#endif
