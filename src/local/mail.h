/* SPDX-License-Identifier: MIT */
/* mail.h - one message to one address over SMTP. */
#ifndef LOCAL_MAIL_H
#define LOCAL_MAIL_H

#include <stddef.h>

struct options;

struct mail {
	const char	*id;		/* the message's: becomes its Message-ID */
	const char	*to;
	const char	*name;
	const char	*subject;	/* may be NULL */
	const char	*text;
	const char	*reply_to;	/* id of the message that it answers, or NULL */
	const char	*attachments;	/* JSON text, or NULL */
};

/* Before and after any mail, once a process. 0 or -1. */
int	 mail_init(void);
void	 mail_finish(void);
/*
 * Hand it to the relay. 0: the relay took it. -1: not, `why` says so in words and
 * `code` is a short name of it (static).
 */
int	 mail_send(const struct options *opt, const struct mail *mail, const char **code, char *why,
	    size_t whylen);

#endif
