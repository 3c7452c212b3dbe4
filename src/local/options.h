/* SPDX-License-Identifier: MIT */
/* options.h - what the command line said, with the files it named already read. */
#ifndef LOCAL_OPTIONS_H
#define LOCAL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct client {
	char	*id;
	char	*secret;
};

struct options {
	const char	*db;
	const char	*socket;	/* NULL: descriptor 0 is the listening socket */
	const char	*token_file;
	const char	*clients_file;
	const char	*smtp;		/* NULL: no relay, channel email is unavailable */
	const char	*mail_from;
	int		 workers;
	int		 rate;		/* requests a minute and owner; 0: no limit */
	bool		 faults;
	bool		 init_only;
	bool		 print_routes;
	char		*token;		/* NULL: only tokens of /oauth/token are good */
	struct client	*clients;
	size_t		 client_count;
	int		 bell;		/* eventfd that wakes the courier; -1: none yet */
};

/*
 * Read the arguments and the files they name. 0: go on; 1: all is said and done
 * (help, version); -1: refused, the reason is on standard error. Free in any case.
 */
int	 options_read(struct options *opt, int argc, char **argv);
void	 options_free(struct options *opt);

#endif
