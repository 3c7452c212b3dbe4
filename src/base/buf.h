/* SPDX-License-Identifier: MIT */
/*
 * buf.h - a byte buffer that is born with its maximum.
 *
 * A buffer holds `len` bytes at `data`, always followed by a NUL that is not
 * counted. It never grows past `cap`. An append that would, or that finds no
 * memory, returns -1 and sets `failed`; from then on every append fails, so a
 * run of appends is checked once, at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char	*data;		/* NUL-terminated once something was appended, else NULL */
	size_t	 len;
	size_t	 size;		/* bytes allocated */
	size_t	 cap;		/* most bytes it may hold */
	bool	 failed;	/* an append did not fit or found no memory */
	bool	 starved;	/* it found no memory */
};

/* Make an empty buffer of at most `cap` bytes. Cannot fail, allocates nothing. */
void	 buf_init(struct buf *b, size_t cap);
/* Free what it holds; the cap stays. Zeroed and finished buffers are fine. */
void	 buf_finish(struct buf *b);
/* The same, leaving nothing of a secret in memory. */
void	 buf_wipe(struct buf *b);
/* Empty it and clear `failed`, keeping the memory. */
void	 buf_reset(struct buf *b);
/* Have room for `more` bytes in one allocation, where their number is known. 0 or -1. */
int	 buf_room(struct buf *b, size_t more);
/* Append; 0, or -1 when it does not fit or memory is short (nothing is appended then). */
int	 buf_append(struct buf *b, const void *data, size_t len);
int	 buf_puts(struct buf *b, const char *s);
int	 buf_putc(struct buf *b, char c);
int	 buf_int(struct buf *b, int64_t value);
int	 buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Cut back to `len` bytes; a longer `len` changes nothing. */
void	 buf_truncate(struct buf *b, size_t len);
/* The text, never NULL. Borrowed: valid until the next change. */
const char *buf_str(const struct buf *b);
/* Take the text out: the caller frees it; the buffer is empty afterwards. NULL if failed. */
char	*buf_take(struct buf *b);

#endif
