/* SPDX-License-Identifier: MIT */
/* doctor_part.h - what the files of ums-mcp doctor share; nobody else includes it. */
#ifndef CMD_DOCTOR_PART_H
#define CMD_DOCTOR_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;

enum verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
	struct settings	*settings;
	const char	*url;		/* of the web server; NULL: it is not looked at */
	const char	*token;		/* a caller's, for that; secret; NULL: none */
	const char	*ca_file;	/* whom that is held to; NULL: the system's */
	bool		 quiet;		/* what is right is not said */
	bool		 failed;
};

/* Say what was looked at and found, a line; `mend` (NULL: none) is an action. */
void	 doctor_say(struct doctor *d, enum verdict verdict, const char *what, const char *mend,
	    const char *found, ...) __attribute__((format(printf, 5, 6)));
/* The same of what is over at a time in seconds since 1970. */
void	 doctor_expiry(struct doctor *d, const char *what, int64_t expires_s, const char *mend);

/* Socket, limits, clock, sandbox, files: what needs the keys of the configuration alone. */
void	 doctor_host(struct doctor *d);
/* A file of that meaning that nobody else is to read; "": none. */
void	 doctor_host_secret(struct doctor *d, const char *what, const char *path);
/* Each service of the catalog, and who vouches for callers; the store. */
void	 doctor_service(struct doctor *d);
/* The way of a request through the web server. */
void	 doctor_front(struct doctor *d);

#endif
