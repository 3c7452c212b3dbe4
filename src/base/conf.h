/* SPDX-License-Identifier: MIT */
/*
 * conf.h - a configuration file of "key = value" lines, read by a table of keys.
 *
 * Whoever owns a configuration owns a struct and a static table that says where
 * in it each key lives; this module fills the struct from the table's defaults,
 * then from lines, then from the environment, and prints it back.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum conf_type {
	CONF_STRING,	/* char * */
	CONF_SOCKET,	/* char *: an address, or a path (it has a '/') as CONF_PATH */
	CONF_PLACE,	/* char *: a URL (it has a "://"), or a path as CONF_PATH */
	CONF_PATH,	/* char *; relative ones are seen from the file's folder */
	CONF_INT,	/* int64_t, within min and max */
	CONF_BOOL,	/* bool: yes or no */
	CONF_CHOICE,	/* int: the index of a word in `words` */
	CONF_LIST,	/* struct conf_list: words, separated by spaces or commas */
	CONF_PATHS,	/* struct conf_list of paths */
	CONF_PAIRS,	/* struct conf_pairs: every key NAME..., a path if it ends in _file */
};

struct conf_list {
	char	**items;
	size_t	  count;
};

struct conf_pair {
	char	*key;	/* what follows the prefix */
	char	*value;
};

struct conf_pairs {
	struct conf_pair	*items;
	size_t			 count;
};

struct conf_key {
	const char		*name;
	enum conf_type		 type;
	size_t			 offset;	/* in the struct that is filled */
	const char		*fallback;	/* as text; NULL: empty */
	int64_t			 min, max;
	const char *const	*words;		/* CONF_CHOICE: NULL-terminated */
};

struct conf {
	const struct conf_key	*keys;
	size_t			 count;
	void			*base;		/* the struct that is filled */
	uint64_t		 seen;		/* keys set so far, at most 64 */
};

/*
 * Set every key's default. The struct must be zeroed. 0, or -1: out of memory.
 * conf_finish() undoes it.
 */
int	 conf_init(struct conf *c, const struct conf_key *keys, size_t count, void *base);
/* Free what the keys hold. */
void	 conf_finish(struct conf *c);
/*
 * Read a file. 0, or -1 with "FILE:LINE: what is wrong; the mend" in `why`: an unknown
 * key, a key given twice, a value that does not fit. A line given later stands above it.
 */
int	 conf_file(struct conf *c, const char *path, char *why, size_t whylen);
/*
 * One line of text, comments and blank lines included; `file` is what relative paths are
 * seen from.
 */
int	 conf_line(struct conf *c, const char *file, const char *line, char *why, size_t whylen);
/*
 * Apply the environment: PREFIX and the key in capitals, dots as underscores. A variable
 * that begins with PREFIX and names no key is an error, unless it belongs to a
 * CONF_PAIRS key, which is the owner's to look up. 0 or -1 with the reason.
 */
int	 conf_env(struct conf *c, const char *prefix, char *const *environment, char *why,
	    size_t whylen);
/* Append what is in effect, in the form of a file. */
int	 conf_print(const struct conf *c, struct buf *out);
/* The value of the pair `key`, NULL when there is none. Borrowed. */
const char *conf_pair(const struct conf_pairs *pairs, const char *key);

#endif
