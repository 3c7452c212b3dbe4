/* SPDX-License-Identifier: MIT */
/* main.c - one straight line: options, configuration, socket, and then who serves it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/memory.h"
#include "cmd/call.h"
#include "cmd/doctor.h"
#include "cmd/import.h"
#include "cmd/key.h"
#include "cmd/stdio.h"
#include "cmd/tools.h"
#include "edge/board.h"
#include "edge/fetch.h"
#include "edge/listener.h"
#include "edge/manager.h"
#include "edge/sandbox.h"
#include "edge/trust.h"
#include "edge/user.h"
#include "mcp/cost.h"
#include "run/master.h"
#include "run/metrics.h"
#include "run/reload.h"
#include "run/settings.h"
#include "run/worker.h"

#ifndef UMS_MCP_CONF
#define UMS_MCP_CONF	"/etc/ums-mcp/ums-mcp.conf"
#endif

struct options {
	const char	*config;	/* NULL: no file */
	const char	*listen;
	const char	*workers;
	bool		 test, print;
};

/* What an operator runs besides, each in a file of src/cmd. */
static const struct command {
	const char	*name;
	int		(*run)(int, char *const *, const char *);
} commands[] = {
	{ "call", call_run },
	{ "doctor", doctor_run },
	{ "import", import_run },
	{ "key", key_run },
	{ "stdio", stdio_run },
	{ "tools", tools_run },
};

extern char **environ;

static char variable[LIMIT_CONF_LINE];	/* what UMS_MCP_CONFIG said; "": nothing */

static const struct command *find_command(int, char *const *);
static const char *default_config(void);
static int	parse_options(struct options *, int, char *const *);
static void	usage(FILE *);
static void	open_standard(void);
static void	remind(const struct settings *);
static int	check(const struct settings *, const char *);
static int	open_listener(const struct settings *, struct listener *, char *, size_t);
static int	become_user(const struct settings *, const struct options *,
		    const struct listener *, bool, char *, size_t);
static int	serve(struct settings *, struct metrics *, struct listener *, struct reload *);
static const char *own_path(void);

/* Whether what failed may work later, with the same configuration. */
static bool
is_temporary(int error)
{
	return error == EADDRINUSE || error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS || error == ENOSPC;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct settings s;
	static struct metrics metrics;
	struct reload reload = { .argv = argv, .said = -1, .post = -1 };
	char why[1024];
	bool cgi = getenv("GATEWAY_INTERFACE") != NULL && getenv("REQUEST_METHOD") != NULL &&
	    !listener_is(STDIN_FILENO);
	const struct command *command = cgi ? NULL : find_command(argc, argv);
	struct listener listener = { .fd = -1 };
	int code = EXIT_CONFIG, board = -1;

	memory_init();
	sandbox_prepare();
	open_standard();
	signal(SIGPIPE, SIG_IGN);
	/* A limit on files is an error of whoever writes, not the end of the process. */
	signal(SIGXFSZ, SIG_IGN);
	reload.program = own_path();
	o.config = default_config();
	if (command != NULL)
		return command->run(argc - 1, argv + 1, o.config);
	/* Until somebody serves there is nothing to reload. */
	if (!cgi)
		signal(SIGHUP, SIG_IGN);
	/* A web server's CGI script gets arguments from the query: they are not ours to read. */
	code = parse_options(&o, cgi ? 1 : argc, argv);
	if (code != -1)
		return code;
	code = EXIT_CONFIG;
	errno = 0;	/* what stands in it at `bad` is why */
	if (settings_read(&s, o.config, environ, why, sizeof why) == -1)
		goto bad;
	if (o.listen != NULL && conf_line(&s.conf, "", o.listen, why, sizeof why) == -1)
		goto bad;
	if (o.workers != NULL && conf_line(&s.conf, "", o.workers, why, sizeof why) == -1)
		goto bad;
	log_init(!o.test && !o.print, (enum log_level)s.log_level);
	if (s.listen[0] != '\0' && listener_check(s.listen, why, sizeof why) == -1)
		goto bad;
	if (o.print) {
		code = check(&s, NULL);
		goto out;
	}
	if (sandbox_check((enum sandbox_mode)s.sandbox, o.test || cgi, why, sizeof why) == -1)
		goto bad;
	if (!cgi && !o.test && (manager_descriptors(&listener, &board, why, sizeof why) == -1 ||
	    open_listener(&s, &listener, why, sizeof why) == -1))
		goto bad;
	/* From here on all is read that a reload reads again. */
	if (become_user(&s, &o, &listener, cgi, why, sizeof why) == -1)
		goto bad;
	if (fetch_init() == -1) {
		snprintf(why, sizeof why, "libcurl does not start");
		code = EXIT_TEMPORARY;
		goto bad;
	}
	if (settings_load(&s, o.test, why, sizeof why) == -1)
		goto bad;
	if (o.test) {
		code = check(&s, o.config == NULL ? "the environment" : o.config);
		goto out;
	}
	metrics.board = board_open(s.board, board, why, sizeof why);
	if (metrics.board == NULL)
		goto bad;
	/* Whoever executes this program again is to find what it found. */
	if (variable[0] != '\0')
		setenv("UMS_MCP_CONFIG", variable, 1);
	if (cgi)
		code = worker_cgi(&s, &metrics, environ);
	else
		code = serve(&s, &metrics, &listener, &reload);
	goto out;
bad:
	if (is_temporary(errno))
		code = EXIT_TEMPORARY;
	log_errorx("%s", why);
	listener_close(&listener);
out:
	board_close(metrics.board);
	settings_finish(&s);
	fetch_finish();
	return code;
}

/* The command that the first argument names; NULL: it is none. */
static const struct command *
find_command(int argc, char *const *argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

/* The file of this program, as it was called; "" if the system does not say. */
static const char *
own_path(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	path[n > 0 ? n : 0] = '\0';
	return path;
}

/* Descriptors 0 to 2 are there, so that no socket of ours becomes standard error. */
static void
open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* What works, and may not be what is wanted. */
static void
remind(const struct settings *s)
{
	size_t i;

	if (s->auth_methods == 0)
		log_warnx("auth = none: whoever can reach the web server may call every tool");
	settings_warn_cost(s);
	for (i = 0; i < s->catalog.ntools && s->store[0] == '\0'; i++)
		if (s->catalog.tools[i]->write && s->catalog.tools[i]->off == NULL) {
			log_warnx("store is empty: what is sent is not written down, and a "
			    "repeated call is sent again unless the service knows its key");
			return;
		}
}

static void
usage(FILE *to)
{
	fprintf(to,
	    "usage: ums-mcp [-c FILE] [--listen PATH|ADDRESS:PORT] [--workers N]\n"
	    "       ums-mcp [-c FILE] -t | -T\n"
	    "       ums-mcp COMMAND ...\n"
	    "\n"
	    "  tools [-l]          the tools that the configuration gives, and their cost\n"
	    "  call TOOL [NAME=VALUE ...] [--dry-run] [-v]\n"
	    "                      call one, or show what it would send\n"
	    "  stdio               serve one client over standard input and output\n"
	    "  key new|list|revoke API keys of callers\n"
	    "  doctor [--url URL]  what is wrong with this installation, and the mend\n"
	    "  import FILE         a service file out of an OpenAPI document\n"
	    "\n"
	    "  -c, --config FILE   configuration; else $UMS_MCP_CONFIG, else\n"
	    "                      %s\n"
	    "  -l, --listen WHERE  socket to listen on; else descriptor 0 is the socket\n"
	    "  -w, --workers N     worker processes; 0: serve in this one, without a master\n"
	    "  -t, --test          check configuration and service files, then exit\n"
	    "  -T, --print         print the configuration in effect, then exit\n"
	    "  -V, --version       print the version, then exit\n"
	    "  -h, --help          print this, then exit\n"
	    "\n"
	    "See ums-mcp(8), ums-mcp.conf(5) and ums-mcp-service(5).\n", UMS_MCP_CONF);
}

/* The configuration, if no option names another; NULL: none. */
static const char *
default_config(void)
{
	const char *said = getenv("UMS_MCP_CONFIG");

	if (said != NULL) {
		snprintf(variable, sizeof variable, "%s", said);
		/* It is no key: what reads the environment for keys must not meet it. */
		unsetenv("UMS_MCP_CONFIG");
		return variable;
	}
	return access(UMS_MCP_CONF, F_OK) == 0 ? UMS_MCP_CONF : NULL;
}

/* -1: go on; else the exit code. */
static int
parse_options(struct options *o, int argc, char *const *argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "listen", required_argument, NULL, 'l' },
		{ "workers", required_argument, NULL, 'w' },
		{ "test", no_argument, NULL, 't' },
		{ "print", no_argument, NULL, 'T' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static char listen[LIMIT_CONF_LINE], workers[64];
	int c;

	while ((c = getopt_long(argc, argv, "c:l:w:tTVh", longs, NULL)) != -1)
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'l':
			snprintf(listen, sizeof listen, "listen = %s", optarg);
			o->listen = listen;
			break;
		case 'w':
			snprintf(workers, sizeof workers, "workers = %s", optarg);
			o->workers = workers;
			break;
		case 't':
			o->test = true;
			break;
		case 'T':
			o->print = true;
			break;
		case 'V':
			printf("ums-mcp %s (%s; upstream_http auto is %s)\n", UMS_MCP_VERSION,
			    fetch_library(), fetch_http_name(FETCH_HTTP_AUTO));
			return EXIT_PLANNED;
		case 'h':
			usage(stdout);
			return EXIT_PLANNED;
		default:
			usage(stderr);
			return EXIT_CONFIG;
		}
	if (optind < argc) {
		fprintf(stderr, "ums-mcp: there is no command \"%s\"; ums-mcp --help lists all\n",
		    argv[optind]);
		return EXIT_CONFIG;
	}
	return -1;
}

static void
put_service(struct buf *out, const struct service *s)
{
	buf_printf(out, "%s: service %s at %s, %zu tools", s->file, s->name, s->base_url,
	    s->ntools);
	if (s->nresources > 0)
		buf_printf(out, ", %zu resources", s->nresources);
	if (s->nprompts > 0)
		buf_printf(out, ", %zu prompts", s->nprompts);
	buf_putc(out, '\n');
}

/* -T (without a name) prints the settings; -t says that all is well, and what was found. */
static int
check(const struct settings *s, const char *name)
{
	struct cost sum;
	struct buf text;
	size_t i;
	int result;

	buf_init(&text, LIMIT_CONF_FILE);
	if (name == NULL)
		settings_print(s, &text);
	for (i = 0; name != NULL && i < s->catalog.nservices; i++)
		put_service(&text, &s->catalog.services[i]);
	cost_sum(&s->catalog, &sum);
	if (name != NULL) {
		settings_warn_cost(s);
		buf_printf(&text, "tools/list: %zu tools, %zu bytes, about %zu tokens\n"
		    "%s: configuration OK\n", sum.tools, sum.bytes, sum.tokens, name);
	}
	result = text.failed || fputs(buf_str(&text), stdout) == EOF || fflush(stdout) == EOF ?
	    EXIT_TEMPORARY : EXIT_PLANNED;
	buf_finish(&text);
	return result;
}

/* The socket to serve: one that was handed over, descriptor 0, or one of our own. */
static int
open_listener(const struct settings *s, struct listener *l, char *why, size_t whylen)
{
	struct listener other;

	/* A socket that is handed over stands, unless the configuration names another by now. */
	if (s->listen[0] != '\0' && (l->fd == -1 || !listener_serves(l->fd, s->listen))) {
		if (listener_open(&other, s->listen, (unsigned)strtoul(s->listen_mode, NULL, 8),
		    why, whylen) == 0) {
			listener_close(l);
			*l = other;
		} else if (l->fd == -1 || !master_inherits())
			return -1;
		else
			log_errorx("%s; the old socket goes on", why);
	} else if (l->fd == -1 && listener_is(STDIN_FILENO)) {
		/* Elsewhere, so that descriptor 0 is nothing special from here on. */
		l->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	} else if (l->fd == -1) {
		snprintf(why, whylen, "descriptor 0 is not a listening socket; give one with "
		    "--listen, or start ums-mcp from a web server or a process manager");
		errno = 0;
		return -1;
	}
	if (listener_is(STDIN_FILENO)) {
		close(STDIN_FILENO);
		open_standard();
	}
	errno = 0;
	return 0;
}

static int
become_user(const struct settings *s, const struct options *o, const struct listener *l, bool cgi,
    char *why, size_t whylen)
{
	if (s->user[0] == '\0') {
		if (user_is_root() && !o->test && !cgi)
			log_warnx("started as root, and user is empty: everything is done as "
			    "root; name a user that may read the secrets and no more");
		return 0;
	}
	/* Whoever looks over a configuration need not be whom it names. */
	if (o->test && !user_is_root() && !reload_is_check())
		return user_check(s->user, why, whylen);
	if (user_become(s->user, l, why, whylen) == -1)
		return -1;
	if (o->config != NULL && access(o->config, R_OK) == -1) {
		snprintf(why, whylen, "user = %s: cannot read this file, and must for a reload: "
		    "%s: %.512s", s->user, strerror(errno), o->config);
		return -1;
	}
	errno = 0;
	return 0;
}

static int
serve(struct settings *s, struct metrics *m, struct listener *l, struct reload *reload)
{
	if (s->workers == 0 && master_inherits()) {
		log_errorx("workers = 0 cannot be reloaded, start anew for it; one worker goes on");
		s->workers = 1;
	}
	settings_fit(s);
	remind(s);
	trust_warm();
	fetch_library();
	return s->workers == 0 ? worker_run(s, m, l, -1, reload) : master_run(s, m, l, reload);
}
