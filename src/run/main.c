/* SPDX-License-Identifier: MIT */
/* main.c - one straight line: options, configuration, socket, and then who serves it. */
#include <sys/resource.h>

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/fetch.h"
#include "edge/listener.h"
#include "run/master.h"
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

extern char **environ;

static int	parse_options(struct options *, int, char *const *);
static void	usage(FILE *);
static void	open_standard(void);
static void	raise_descriptors(void);
static int	check(const struct settings *, const char *);
static int	serve(struct settings *);

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct settings s;
	char why[1024];
	bool cgi = getenv("GATEWAY_INTERFACE") != NULL && getenv("REQUEST_METHOD") != NULL &&
	    !listener_is(STDIN_FILENO);
	int code = EXIT_CONFIG;

	open_standard();
	raise_descriptors();
	signal(SIGPIPE, SIG_IGN);
	/* A web server's CGI script gets arguments from the query: they are not ours to read. */
	code = parse_options(&o, cgi ? 1 : argc, argv);
	if (code != -1)
		return code;
	code = EXIT_CONFIG;
	if (settings_read(&s, o.config, environ, why, sizeof why) == -1)
		goto bad;
	if (o.listen != NULL && conf_line(&s.conf, "", o.listen, why, sizeof why) == -1)
		goto bad;
	if (o.workers != NULL && conf_line(&s.conf, "", o.workers, why, sizeof why) == -1)
		goto bad;
	log_init(!o.test && !o.print, (enum log_level)s.log_level);
	if (o.print) {
		code = check(&s, NULL);
		goto out;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		snprintf(why, sizeof why, "libcurl does not start");
		code = EXIT_TEMPORARY;
		goto bad;
	}
	if (settings_load(&s, o.test, why, sizeof why) == -1)
		goto bad;
	if (o.test)
		code = check(&s, o.config == NULL ? "the environment" : o.config);
	else if (cgi)
		code = worker_cgi(&s, environ);
	else
		code = serve(&s);
	goto out;
bad:
	log_errorx("%s", why);
out:
	settings_finish(&s);
	curl_global_cleanup();
	return code;
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

/* Each request in flight holds a descriptor or two; the usual soft limit is 1,024. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void
usage(FILE *to)
{
	fprintf(to,
	    "usage: ums-mcp [-c FILE] [--listen PATH|ADDRESS:PORT] [--workers N]\n"
	    "       ums-mcp [-c FILE] -t | -T\n"
	    "\n"
	    "  -c, --config FILE   configuration (default %s, or $UMS_MCP_CONFIG)\n"
	    "  -l, --listen WHERE  socket to listen on; without one, descriptor 0 is the socket\n"
	    "  -w, --workers N     worker processes; 0: serve in this one, without a master\n"
	    "  -t, --test          check configuration and service files, then exit\n"
	    "  -T, --print         print the configuration in effect, then exit\n"
	    "  -V, --version       print the version, then exit\n"
	    "  -h, --help          print this, then exit\n"
	    "\n"
	    "See ums-mcp(8), ums-mcp.conf(5) and ums-mcp-service(5).\n", UMS_MCP_CONF);
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

	o->config = getenv("UMS_MCP_CONFIG");
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
		usage(stderr);
		return EXIT_CONFIG;
	}
	unsetenv("UMS_MCP_CONFIG");
	if (o->config == NULL && access(UMS_MCP_CONF, F_OK) == 0)
		o->config = UMS_MCP_CONF;
	return -1;
}

/* -T (without a name) prints the settings; -t says that all is well, and what was found. */
static int
check(const struct settings *s, const char *name)
{
	struct buf text;
	size_t i, size, on = 0;
	int result;

	buf_init(&text, LIMIT_CONF_FILE);
	if (name == NULL)
		settings_print(s, &text);
	for (i = 0; name != NULL && i < s->catalog.nservices; i++)
		buf_printf(&text, "%s: service %s at %s, %zu tools\n", s->catalog.services[i].file,
		    s->catalog.services[i].name, s->catalog.services[i].base_url,
		    s->catalog.services[i].ntools);
	for (i = 0, size = 0; i < s->catalog.ntools; i++)
		if (s->catalog.tools[i]->off == NULL) {
			size += strlen(s->catalog.tools[i]->listing) + 1;
			on++;
		}
	if (name != NULL)
		buf_printf(&text, "tools/list: %zu tools, %zu bytes\n%s: configuration OK\n", on,
		    size, name);
	result = text.failed || fputs(buf_str(&text), stdout) == EOF || fflush(stdout) == EOF ?
	    EXIT_TEMPORARY : EXIT_PLANNED;
	buf_finish(&text);
	return result;
}

static int
serve(struct settings *s)
{
	char why[1024];
	int fd = STDIN_FILENO;

	if (s->listen[0] != '\0') {
		fd = listener_open(s->listen, (unsigned)strtoul(s->listen_mode, NULL, 8), why,
		    sizeof why);
		if (fd == -1) {
			log_errorx("%s", why);
			return EXIT_CONFIG;
		}
	} else if (!listener_is(fd)) {
		log_errorx("descriptor 0 is not a listening socket; give one with --listen, or "
		    "start ums-mcp from a web server or a process manager");
		return EXIT_CONFIG;
	}
	return s->workers == 0 ? worker_run(s, fd) : master_run(s, fd);
}
