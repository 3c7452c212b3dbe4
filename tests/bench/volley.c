/* SPDX-License-Identifier: MIT */
/*
 * volley.c - the load generator: N connections, one request at a time on each.
 *
 * It shares the processor with what it measures, so a request costs one write, one read and
 * no timer: answers are judged while they are read and never stored, and since all requests
 * have the same timeout, the oldest is always at the head of one list. It speaks HTTP/1.1
 * only, follows nothing, pipelines nothing, and has no target but this machine.
 */
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define CONNECTIONS_MAX	10000
#define KINDS_MAX	256
#define FILE_MAX	(16 << 20)	/* a body, or a mix */
#define HEADERS_MAX	64		/* -H options */
#define LINE_MAX_LEN	8192		/* of an answer's head, or before a chunk */
#define UNIQUE_MAX	16		/* digits of a number that no other request has */
#define HEAD_MAX	65536		/* all lines of an answer that are not body */
#define SESSION_MAX	256		/* an Mcp-Session-Id */
#define EXPECT_MAX	256
#define SHOWN_MAX	200		/* bytes of a wrong answer on stderr */
#define SHOWN_TIMES	5
#define CONNECT_TRIES	100
#define CONNECT_WAIT_MS	50
#define TICK_MS		100		/* how late a timeout may be noticed */
#define READ_SIZE	65536

#define HISTOGRAM_SIZE	(128 + 64 * 36)	/* to 2^43 us */

#define PROTOCOL	"2025-11-25"

static const char usage_text[] =
"usage: volley [options] http[s]://HOST:PORT/PATH     (HOST is a loopback address)\n"
"  -c, --connections N   requests in flight, one on each connection (default 1)\n"
"  -n, --requests N      begin N requests (with --sessions: sessions) and no more\n"
"  -d, --duration S      begin no more requests after S seconds\n"
"      --grace S         then wait for answers so long (default 30)\n"
"      --timeout S       an answer must be complete by then (default 60)\n"
"  -b, --body FILE       POST this; without it, GET\n"
"  -H, --header LINE     'Name: value' of each request; repeated\n"
"      --each FILE       lines 'Name: value', of which each request has one more, in turn\n"
"  -e, --expect TEXT     the body of each answer must contain it\n"
"      --unique TEXT     where it stands in the body (16 bytes) write a number instead that\n"
"                        no other request has\n"
"      --close           a new connection for each request\n"
"      --cacert FILE     who to trust, for https\n"
"      --sessions        initialize, initialized, the body; and again in a new session\n"
"      --one-session     the same, but each connection opens its session only once\n"
"      --mix FILE        kinds of requests, chosen by weight (see the comment at mix_read)\n"
"      --seed N          of that choice (default 1)\n"
"Prints one JSON object. Exit: 0 when the run has ended, 2 when it could not begin.\n";

enum outcome {
	END_OK,
	END_WRONG,	/* answered, but not as it should be */
	END_LEFT,	/* we have left, as planned */
	END_CONNECT,	/* TCP or TLS never stood; not final until the tries are used up */
	END_RESET,	/* closed before the answer was complete */
	END_TIMEOUT,
	END_PROTOCOL,	/* not HTTP */
	END_COUNT,
};

/* Latencies in microseconds: exact below 128, then 64 buckets an octave, so within 0.8 %. */
struct histogram {
	uint64_t	 bucket[HISTOGRAM_SIZE];
	uint64_t	 count, sum, max;
};

struct kind {
	char			*name;
	char			*text;		/* the request */
	size_t			 len;
	size_t			 head;		/* where more header lines would go in */
	size_t			 unique;	/* where a number goes in; 0: nowhere */
	bool			 bodiless;	/* HEAD: its answer has no body */
	double			 until;		/* sum of weights up to and with this one */
	bool			 listed[1000];	/* statuses that are right */
	int			 leave_ms;	/* 0: stay */
	char			 expect[EXPECT_MAX + 1];
	size_t			 expect_len;
	/* Where to go on in it when the byte after its first n bytes does not fit. */
	uint16_t		 fallback[EXPECT_MAX + 1];
	uint64_t		 ended[END_COUNT];
	struct histogram	 times;
};

enum part {
	PART_STATUS,
	PART_HEADER,
	PART_LENGTH,	/* body: so many bytes */
	PART_CLOSE,	/* body: until the end of the stream */
	PART_SIZE,	/* chunked body: the line before a chunk */
	PART_CHUNK,
	PART_CHUNK_END,	/* the empty line behind it */
	PART_TRAILER,
	PART_DONE,
};

struct answer {
	enum part	 part;
	int		 status;
	bool		 close;		/* the connection ends with this answer */
	bool		 chunked;
	bool		 sized;
	uint64_t	 left;		/* bytes of the body or the chunk to come */
	size_t		 head;		/* bytes of lines so far */
	size_t		 matched;	/* bytes of what is expected that were just seen */
	size_t		 shown_len;
	char		 shown[SHOWN_MAX];
};

enum step { STEP_INITIALIZE, STEP_INITIALIZED, STEP_CALL };

struct conn {
	struct event		 read, write;
	struct event		 timer;		/* without a descriptor: connect; with one: leave */
	TAILQ_ENTRY(conn)	 entry;		/* in waiting, while listed */
	bool			 listed;
	bool			 stands;	/* TCP and TLS are established */
	bool			 unit;		/* one of the run's requests or sessions is ours */
	enum step		 step;
	int			 fd;
	unsigned		 tries;		/* connects that failed in a row */
	SSL			*ssl;
	struct kind		*kind;
	int64_t			 began_us;
	const char		*out;		/* the request */
	size_t			 len, gone;
	char			*own;		/* room for one with session headers */
	size_t			 own_size;
	struct answer		 answer;
	char			*line;		/* of an incomplete line; made when needed */
	size_t			 line_len;
	char			 session[SESSION_MAX + 1];
};

enum mode { MODE_PLAIN, MODE_MIX, MODE_SESSIONS, MODE_ONE_SESSION };

static struct {
	const char	*body, *cacert, *each, *expect, *mix, *unique;
	const char	*headers[HEADERS_MAX];
	size_t		 header_count;
	size_t		 connections;
	uint64_t	 requests;	/* 0: no limit */
	double		 duration;	/* 0: no limit */
	double		 grace, timeout;
	uint64_t	 seed;
	enum mode	 mode;
	bool		 close;
} opt = { .connections = 1, .grace = 30, .timeout = 60, .seed = 1 };

static struct {
	bool				 tls;
	char				 host[64];	/* numeric, no brackets */
	char				 authority[80];	/* as in the URL: the Host header */
	char				 path[2048];
	struct sockaddr_storage		 addr;
	socklen_t			 addr_len;
} target;

static struct {
	struct event_base	*base;
	SSL_CTX			*tls;
	struct conn		*conns;
	TAILQ_HEAD(, conn)	 waiting;	/* for answers, the oldest first */
	struct kind		*kinds;
	size_t			 kind_count;
	char			**each;		/* lines of which each request has one more */
	size_t			 each_count;
	uint64_t		 each_next;
	char			*each_text;
	uint64_t		 random;
	unsigned long long	 unique;	/* the next number that no other request has */
	uint64_t		 begun;		/* requests, or sessions */
	size_t			 busy;		/* connections with something to do */
	bool			 stopping;
	int64_t			 start_us, last_us;
	uint64_t		 sessions;	/* whole ones */
	uint64_t		 connect_errors;
	uint64_t		 statuses[1000];
	unsigned		 shown;
	bool			 tls_error_shown;
	struct histogram	 times;
} run;

static void	on_read(evutil_socket_t, short, void *);
static void	on_write(evutil_socket_t, short, void *);
static void	on_timer(evutil_socket_t, short, void *);
static void	conn_connect(struct conn *);
static void	conn_push(struct conn *);
static void	conn_ended(struct conn *, enum outcome);

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void *
need(void *p)
{
	if (p == NULL)
		err(2, "memory");
	return p;
}

__attribute__((noreturn, format(printf, 1, 2))) static void
usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "volley: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n%s", usage_text);
	va_end(ap);
	exit(2);
}

/* ====== latencies ====== */

static void
histogram_add(struct histogram *h, uint64_t us)
{
	unsigned e, i;

	if (us < 128)
		i = (unsigned)us;
	else {
		e = 63 - (unsigned)__builtin_clzll(us);
		i = 128 + (e - 7) * 64 + ((unsigned)(us >> (e - 6)) & 63);
		i = i < HISTOGRAM_SIZE ? i : HISTOGRAM_SIZE - 1;
	}
	h->bucket[i]++;
	h->count++;
	h->sum += us;
	h->max = us > h->max ? us : h->max;
}

/* The middle of the bucket that holds the given part of all, in ms. */
static double
histogram_at(const struct histogram *h, double part)
{
	uint64_t rank = (uint64_t)(part * (double)h->count), seen = 0;
	unsigned i, e;
	double us;

	if (h->count == 0)
		return 0;
	if ((double)rank < part * (double)h->count || rank == 0)
		rank++;
	for (i = 0; i < HISTOGRAM_SIZE - 1; i++)
		if ((seen += h->bucket[i]) >= rank)
			break;
	if (i < 128)
		us = i;
	else {
		e = (i - 128) / 64 + 7;
		us = (double)((64 + (uint64_t)(i - 128) % 64) << (e - 6)) +
		    (double)((1ULL << (e - 6)) - 1) / 2;
	}
	return (us < (double)h->max ? us : (double)h->max) / 1000;
}

/* ====== what is asked ====== */

static char *
file_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *bytes;

	if (f == NULL)
		err(2, "%s", path);
	bytes = need(malloc(FILE_MAX + 1));
	*len = fread(bytes, 1, FILE_MAX + 1, f);
	if (ferror(f))
		err(2, "%s", path);
	if (*len > FILE_MAX)
		errx(2, "%s: more than %d bytes", path, FILE_MAX);
	fclose(f);
	bytes[*len] = '\0';
	return need(realloc(bytes, *len + 1));
}

static bool
is_header(const char *line)
{
	const char *colon = strchr(line, ':');

	return colon != NULL && colon != line && strpbrk(line, "\r\n") == NULL &&
	    strcspn(line, " \t") > (size_t)(colon - line);
}

/* A file of header lines, one at least. */
static void
each_read(const char *path)
{
	size_t len, room = 0;
	char *line, *rest;

	run.each_text = file_read(path, &len);
	for (line = strtok_r(run.each_text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		if (!is_header(line))
			usage("%s: not lines of 'Name: value'", path);
		if (run.each_count == room) {
			room = room == 0 ? 1024 : 2 * room;
			run.each = need(realloc(run.each, room * sizeof *run.each));
		}
		run.each[run.each_count++] = line;
	}
	if (run.each_count == 0)
		usage("%s: no line in it", path);
}

/* Is there a header of this name ("name:") among the lines that are written? */
static bool
has_header(const char *head, const char *name)
{
	const char *p;

	for (p = strchr(head, '\n'); p != NULL; p = strchr(p, '\n'))
		if (strncasecmp(++p, name, strlen(name)) == 0)
			return true;
	return false;
}

static void
kind_expect(struct kind *k, const char *text)
{
	size_t i, j = 0;

	if (text == NULL || *text == '\0')
		return;
	k->expect_len = strlen(text);
	if (k->expect_len > EXPECT_MAX)
		usage("what is expected has more than %d bytes", EXPECT_MAX);
	memcpy(k->expect, text, k->expect_len + 1);
	for (i = 1; i < k->expect_len; i++) {
		while (j > 0 && text[i] != text[j])
			j = k->fallback[j];
		if (text[i] == text[j])
			j++;
		k->fallback[i + 1] = (uint16_t)j;
	}
}

/* Write the request of a kind. headers: a JSON object, or NULL. */
static struct kind *
kind_add(const char *name, const char *method, const char *path, const cJSON *headers,
    const char *body, size_t body_len)
{
	struct kind *k = &run.kinds[run.kind_count++];
	const cJSON *h;
	const char *mark;
	size_t i, len;
	FILE *f;

	if (run.kind_count > KINDS_MAX)
		usage("more than %d kinds", KINDS_MAX);
	if (strpbrk(path, " \r\n") != NULL || *path != '/' || strpbrk(method, " \r\n") != NULL)
		usage("%s: a method or a path cannot be sent", name);
	k->name = need(strdup(name));
	k->bodiless = strcmp(method, "HEAD") == 0;
	for (i = 200; i < 300; i++)
		k->listed[i] = true;
	f = need(open_memstream(&k->text, &k->len));
	fprintf(f, "%s %s HTTP/1.1\r\n", method, path);
	cJSON_ArrayForEach(h, headers)
		fprintf(f, "%s: %s\r\n", h->string, h->valuestring);
	for (i = 0; i < opt.header_count; i++)
		fprintf(f, "%s\r\n", opt.headers[i]);
	fflush(f);
	if (!has_header(k->text, "host:"))
		fprintf(f, "Host: %s\r\n", target.authority);
	if (body != NULL && !has_header(k->text, "content-type:"))
		fprintf(f, "Content-Type: application/json\r\n");
	if (!has_header(k->text, "accept:"))
		fprintf(f, "Accept: application/json, text/event-stream\r\n");
	if (body != NULL)
		fprintf(f, "Content-Length: %zu\r\n", body_len);
	if (opt.close)
		fprintf(f, "Connection: close\r\n");
	fflush(f);
	len = k->len;
	fprintf(f, "\r\n");
	fwrite(body == NULL ? "" : body, 1, body_len, f);
	if (fclose(f) != 0)
		err(2, "memory");
	k->head = len;
	if (opt.unique != NULL) {
		mark = strstr(k->text, opt.unique);
		k->unique = mark == NULL ? 0 : (size_t)(mark - k->text);
	}
	return k;
}

/*
 * A mix is a list of objects: "name" and "weight"; "method" (POST if there is a body, else GET),
 * "path" (that of the URL), "headers" (an object), "body" (a string); "status", a list of those
 * that are right (without: 2xx), "expect", and "leave_after_ms", after which it is not waited for.
 */
static void
mix_read(const char *path)
{
	size_t len;
	char *text = file_read(path, &len);
	cJSON *mix = cJSON_Parse(text);
	const cJSON *o, *h, *body, *list, *weight, *leave;
	const char *name, *method, *where;
	struct kind *k;
	double sum = 0;

	if (!cJSON_IsArray(mix) || cJSON_GetArraySize(mix) == 0)
		usage("%s: no JSON list of kinds", path);
	cJSON_ArrayForEach(o, mix) {
		name = cJSON_GetStringValue(cJSON_GetObjectItem(o, "name"));
		weight = cJSON_GetObjectItem(o, "weight");
		body = cJSON_GetObjectItem(o, "body");
		list = cJSON_GetObjectItem(o, "status");
		leave = cJSON_GetObjectItem(o, "leave_after_ms");
		if (name == NULL || !cJSON_IsNumber(weight) || weight->valuedouble < 0 ||
		    (body != NULL && !cJSON_IsString(body)) ||
		    (leave != NULL && (!cJSON_IsNumber(leave) || leave->valueint <= 0)))
			usage("%s: %s: name, weight, body or leave_after_ms is wrong", path,
			    name == NULL ? "a kind" : name);
		cJSON_ArrayForEach(h, cJSON_GetObjectItem(o, "headers"))
			if (!cJSON_IsString(h) || strpbrk(h->string, ":\r\n ") != NULL ||
			    strpbrk(h->valuestring, "\r\n") != NULL)
				usage("%s: %s: a header is wrong", path, name);
		method = cJSON_GetStringValue(cJSON_GetObjectItem(o, "method"));
		where = cJSON_GetStringValue(cJSON_GetObjectItem(o, "path"));
		k = kind_add(name, method != NULL ? method : body != NULL ? "POST" : "GET",
		    where != NULL ? where : target.path, cJSON_GetObjectItem(o, "headers"),
		    cJSON_GetStringValue(body), body == NULL ? 0 : strlen(body->valuestring));
		kind_expect(k, cJSON_GetStringValue(cJSON_GetObjectItem(o, "expect")));
		k->until = sum += weight->valuedouble;
		k->leave_ms = leave == NULL ? 0 : leave->valueint;
		if (list != NULL)
			memset(k->listed, 0, sizeof k->listed);
		cJSON_ArrayForEach(h, list) {
			if (!cJSON_IsNumber(h) || h->valueint < 100 || h->valueint > 999)
				usage("%s: %s: a status is wrong", path, name);
			k->listed[h->valueint] = true;
		}
	}
	if (sum <= 0)
		usage("%s: all weights are 0", path);
	cJSON_Delete(mix);
	free(text);
}

static void
kinds_make(void)
{
	static const char initialize[] = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"" PROTOCOL "\",\"capabilities\":{},"
	    "\"clientInfo\":{\"name\":\"volley\",\"version\":\"1\"}}}";
	static const char initialized[] =
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";
	char *body = NULL;
	size_t len = 0;

	run.kinds = need(calloc(KINDS_MAX + 1, sizeof *run.kinds));
	if (opt.mode == MODE_MIX) {
		mix_read(opt.mix);
		return;
	}
	if (opt.body != NULL)
		body = file_read(opt.body, &len);
	if (opt.mode != MODE_PLAIN) {
		/* In the order of enum step. */
		kind_add("initialize", "POST", target.path, NULL, initialize,
		    sizeof initialize - 1);
		kind_add("initialized", "POST", target.path, NULL, initialized,
		    sizeof initialized - 1);
	}
	kind_expect(kind_add(opt.mode == MODE_PLAIN ? "request" : "call",
	    body == NULL ? "GET" : "POST", target.path, NULL, body, len), opt.expect);
	free(body);
}

/* splitmix64 */
static double
random_part(void)
{
	uint64_t z = run.random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return (double)(z >> 11) / 9007199254740992.0;
}

static struct kind *
kind_pick(void)
{
	double at = random_part() * run.kinds[run.kind_count - 1].until;
	size_t i;

	for (i = 0; i < run.kind_count - 1; i++)
		if (at < run.kinds[i].until)
			break;
	return &run.kinds[i];
}

/* ====== what is answered ====== */

static void
answer_begin(struct answer *a)
{
	a->part = PART_STATUS;
	a->status = 0;
	a->close = a->chunked = a->sized = false;
	a->left = 0;
	a->head = a->matched = a->shown_len = 0;
}

/* Bytes of a body: look for what is expected in them, and keep the first. */
static void
answer_body(struct conn *c, const char *p, size_t n)
{
	struct answer *a = &c->answer;
	const struct kind *k = c->kind;
	const char *end = p + n;
	size_t room = SHOWN_MAX - a->shown_len;

	if (room > 0) {
		room = n < room ? n : room;
		memcpy(a->shown + a->shown_len, p, room);
		a->shown_len += room;
	}
	while (a->matched < k->expect_len && p < end) {
		if (a->matched == 0 && (p = memchr(p, k->expect[0], (size_t)(end - p))) == NULL)
			return;
		while (a->matched > 0 && *p != k->expect[a->matched])
			a->matched = k->fallback[a->matched];
		if (*p == k->expect[a->matched])
			a->matched++;
		p++;
	}
}

/* The value of a header line if it has this name ("name:"), without blanks around it. */
static bool
header_is(const char *line, size_t len, const char *name, const char **value, size_t *value_len)
{
	size_t n = strlen(name);

	if (len < n || strncasecmp(line, name, n) != 0)
		return false;
	for (line += n, len -= n; len > 0 && (*line == ' ' || *line == '\t'); line++)
		len--;
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	*value = line;
	*value_len = len;
	return true;
}

static int
answer_header(struct conn *c, const char *line, size_t len)
{
	struct answer *a = &c->answer;
	const char *v;
	size_t i, n;

	switch (line[0] | 0x20) {
	case 'c':
		if (header_is(line, len, "content-length:", &v, &n)) {
			a->sized = true;
			if (n == 0 || n > 15)
				return -1;
			for (a->left = 0, i = 0; i < n; i++) {
				if (v[i] < '0' || v[i] > '9')
					return -1;
				a->left = a->left * 10 + (uint64_t)(v[i] - '0');
			}
		} else if (header_is(line, len, "connection:", &v, &n) && n == 5 &&
		    strncasecmp(v, "close", 5) == 0)
			a->close = true;
		break;
	case 't':
		if (header_is(line, len, "transfer-encoding:", &v, &n)) {
			if (n != 7 || strncasecmp(v, "chunked", 7) != 0)
				return -1;
			a->chunked = true;
		}
		break;
	case 'm':
		if (c->step == STEP_INITIALIZE && opt.mode >= MODE_SESSIONS &&
		    header_is(line, len, "mcp-session-id:", &v, &n)) {
			if (n > SESSION_MAX)
				return -1;
			for (i = 0; i < n; i++)
				if (v[i] < 0x21 || v[i] > 0x7e)
					return -1;
			memcpy(c->session, v, n);
			c->session[n] = '\0';
		}
		break;
	}
	return 0;
}

/* The head is complete. */
static void
answer_head_end(struct conn *c)
{
	struct answer *a = &c->answer;

	if (a->status < 200) {
		answer_begin(a);
		return;
	}
	if (a->chunked)
		a->part = PART_SIZE;
	else if (a->sized)
		a->part = a->left > 0 ? PART_LENGTH : PART_DONE;
	else {
		a->part = PART_CLOSE;
		a->close = true;
	}
	if (a->status == 204 || a->status == 304 || c->kind->bodiless)
		a->part = PART_DONE;
}

/* One line, without its end. */
static int
answer_line(struct conn *c, const char *line, size_t len)
{
	struct answer *a = &c->answer;
	size_t i;
	int digit;

	switch (a->part) {
	case PART_STATUS:
		if (len < 12 || strncmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
		    (len > 12 && line[12] != ' '))
			return -1;
		for (i = 9; i < 12; i++) {
			if (line[i] < '0' || line[i] > '9')
				return -1;
			a->status = a->status * 10 + (line[i] - '0');
		}
		a->close = line[7] == '0';
		a->part = PART_HEADER;
		return a->status >= 100 && a->status != 101 ? 0 : -1;
	case PART_HEADER:
		if (len > 0)
			return answer_header(c, line, len);
		answer_head_end(c);
		return 0;
	case PART_SIZE:
		for (a->left = 0, i = 0; i < len && line[i] != ';' && line[i] != ' '; i++) {
			digit = line[i] >= '0' && line[i] <= '9' ? line[i] - '0' :
			    (line[i] | 0x20) >= 'a' && (line[i] | 0x20) <= 'f' ?
			    (line[i] | 0x20) - 'a' + 10 : -1;
			if (digit == -1 || i > 12)
				return -1;
			a->left = a->left * 16 + (uint64_t)digit;
		}
		a->part = a->left > 0 ? PART_CHUNK : PART_TRAILER;
		/* The cap on lines is for each chunk anew. */
		a->head = 0;
		return i > 0 ? 0 : -1;
	case PART_CHUNK_END:
		a->part = PART_SIZE;
		return len == 0 ? 0 : -1;
	default:	/* PART_TRAILER */
		if (len == 0)
			a->part = PART_DONE;
		return 0;
	}
}

/* Take the rest of a line from n bytes: how many were taken, or -1. */
static ssize_t
answer_take_line(struct conn *c, const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	size_t len = lf == NULL ? n : (size_t)(lf - p), taken = lf == NULL ? n : len + 1;

	if ((c->answer.head += taken) > HEAD_MAX)
		return -1;
	if (lf == NULL || c->line_len > 0) {
		if (c->line == NULL)
			c->line = need(malloc(LINE_MAX_LEN));
		if (len > LINE_MAX_LEN - c->line_len)
			return -1;
		memcpy(c->line + c->line_len, p, len);
		len = c->line_len += len;
		p = c->line;
		if (lf == NULL)
			return (ssize_t)taken;
		c->line_len = 0;
	}
	if (len > 0 && p[len - 1] == '\r')
		len--;
	return answer_line(c, p, len) == -1 ? -1 : (ssize_t)taken;
}

/* Take bytes of an answer. -1: this is not HTTP. */
static int
answer_feed(struct conn *c, const char *p, size_t n)
{
	struct answer *a = &c->answer;
	ssize_t line;
	size_t take;

	while (n > 0) {
		switch (a->part) {
		case PART_DONE:
			return -1;	/* more than was asked for */
		case PART_CLOSE:
			answer_body(c, p, n);
			return 0;
		case PART_LENGTH:
		case PART_CHUNK:
			take = n < a->left ? n : (size_t)a->left;
			answer_body(c, p, take);
			if ((a->left -= take) == 0)
				a->part = a->part == PART_CHUNK ? PART_CHUNK_END : PART_DONE;
			break;
		default:
			if ((line = answer_take_line(c, p, n)) == -1)
				return -1;
			take = (size_t)line;
		}
		p += take;
		n -= take;
	}
	return 0;
}

/* The first few answers that are not as they should be. */
static void
answer_show(const struct conn *c, const char *what, const char *p, size_t n)
{
	if (run.shown++ >= SHOWN_TIMES)
		return;
	fprintf(stderr, "volley: %s to %s: %d ", what, c->kind->name, c->answer.status);
	for (n = n < SHOWN_MAX ? n : SHOWN_MAX; n > 0; n--, p++)
		fputc((unsigned char)*p < ' ' ? ' ' : *p, stderr);
	fputc('\n', stderr);
}

static enum outcome
answer_judge(struct conn *c)
{
	const struct answer *a = &c->answer;

	run.statuses[a->status]++;
	if (c->kind->listed[a->status] && a->matched == c->kind->expect_len)
		return END_OK;
	answer_show(c, "wrong answer", a->shown, a->shown_len);
	return END_WRONG;
}

/* ====== a connection ====== */

static void
conn_close(struct conn *c)
{
	if (c->fd == -1)
		return;
	event_del(&c->read);
	event_del(&c->write);
	SSL_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
	c->fd = -1;
	c->stands = false;
	c->line_len = 0;
}

/* Connect, but from the loop: whoever asks may be deep inside this connection's read. */
static void
conn_connect_later(struct conn *c, int ms)
{
	const struct timeval wait = { 0, ms * 1000 };

	if (ms > 0)
		evtimer_add(&c->timer, &wait);
	else
		event_active(&c->timer, EV_TIMEOUT, 0);
}

static void
conn_leave_later(struct conn *c)
{
	const struct timeval wait = { c->kind->leave_ms / 1000, c->kind->leave_ms % 1000 * 1000 };

	if (c->kind->leave_ms > 0)
		evtimer_add(&c->timer, &wait);
}

static void
conn_list(struct conn *c, int64_t now)
{
	c->began_us = now;
	TAILQ_INSERT_TAIL(&run.waiting, c, entry);
	c->listed = true;
}

/* Headers of its own go in behind the others, and a number where one is wanted. */
static void
conn_compose(struct conn *c)
{
	const struct kind *k = c->kind;
	char lines[SESSION_MAX + 80], number[UNIQUE_MAX + 1];
	const char *each = NULL;
	size_t n = 0, each_len = 0, own;

	if (run.each_count > 0) {
		each = run.each[run.each_next++ % run.each_count];
		each_len = strlen(each);
	}
	if ((opt.mode < MODE_SESSIONS || c->step == STEP_INITIALIZE) && k->unique == 0 &&
	    each == NULL) {
		c->out = k->text;
		c->len = k->len;
		return;
	}
	if (opt.mode >= MODE_SESSIONS && c->step != STEP_INITIALIZE)
		n = (size_t)snprintf(lines, sizeof lines, "MCP-Protocol-Version: %s\r\n%s%s%s", PROTOCOL,
		    *c->session != '\0' ? "Mcp-Session-Id: " : "", c->session,
		    *c->session != '\0' ? "\r\n" : "");
	own = n + (each == NULL ? 0 : each_len + 2);
	c->len = k->len + own;
	if (c->own_size < c->len) {
		free(c->own);
		c->own = need(malloc(c->len));
		c->own_size = c->len;
	}
	memcpy(c->own, k->text, k->head);
	memcpy(c->own + k->head, lines, n);
	if (each != NULL) {
		memcpy(c->own + k->head + n, each, each_len);
		memcpy(c->own + k->head + n + each_len, "\r\n", 2);
	}
	memcpy(c->own + k->head + own, k->text + k->head, k->len - k->head);
	if (k->unique != 0) {
		snprintf(number, sizeof number, "%0*llx", UNIQUE_MAX, run.unique++);
		memcpy(c->own + k->unique + own, number, UNIQUE_MAX);
	}
	c->out = c->own;
}

/* Go on to what comes next on this connection, if anything does. */
static void
conn_next(struct conn *c, int64_t now)
{
	if (!c->unit) {
		if (run.stopping || (opt.requests > 0 && run.begun == opt.requests)) {
			conn_close(c);
			if (--run.busy == 0)
				event_base_loopbreak(run.base);
			return;
		}
		run.begun++;
		c->unit = true;
	}
	c->kind = opt.mode == MODE_PLAIN ? run.kinds :
	    opt.mode == MODE_MIX ? kind_pick() : &run.kinds[c->step];
	c->gone = 0;
	answer_begin(&c->answer);
	conn_compose(c);
	if (c->fd == -1) {
		conn_connect_later(c, 0);
		return;
	}
	conn_list(c, now);
	conn_leave_later(c);
	conn_push(c);
}

/* Where a session goes from here. */
static void
conn_step(struct conn *c, enum outcome end)
{
	bool whole = end == END_OK && c->step == STEP_CALL;

	c->unit = false;
	if (opt.mode < MODE_SESSIONS)
		return;
	if (opt.mode == MODE_SESSIONS && whole)
		run.sessions++;
	if (end == END_OK && c->step != STEP_CALL) {
		c->unit = true;
		if (++c->step == STEP_CALL && opt.mode == MODE_ONE_SESSION)
			run.sessions++;
	} else if (opt.mode == MODE_SESSIONS || (end == END_WRONG &&
	    (c->step != STEP_CALL || c->answer.status == 404 || c->answer.status == 400)))
		c->step = STEP_INITIALIZE;
	if (c->step == STEP_INITIALIZE)
		*c->session = '\0';
}

/* The one way a request ends. */
static void
conn_ended(struct conn *c, enum outcome end)
{
	int64_t now = now_us();

	if (c->listed) {
		TAILQ_REMOVE(&run.waiting, c, entry);
		c->listed = false;
	}
	if (c->kind->leave_ms > 0)
		event_del(&c->timer);
	if (end > END_WRONG || c->answer.close || opt.close || c->gone < c->len)
		conn_close(c);
	if (end == END_CONNECT) {
		run.connect_errors++;
		if (c->tries++ < CONNECT_TRIES && !run.stopping) {
			c->gone = 0;
			answer_begin(&c->answer);
			conn_connect_later(c, CONNECT_WAIT_MS);
			return;
		}
	}
	run.last_us = now;
	c->kind->ended[end]++;
	if (end <= END_WRONG) {
		histogram_add(&run.times, (uint64_t)(now - c->began_us));
		histogram_add(&c->kind->times, (uint64_t)(now - c->began_us));
	}
	if (end == END_CONNECT) {
		/* Nobody is there: this connection is given up. */
		if (--run.busy == 0)
			event_base_loopbreak(run.base);
		return;
	}
	conn_step(c, end);
	conn_next(c, now);
}

static void
conn_connect(struct conn *c)
{
	int one = 1;

	if (run.stopping && c->tries > 0) {
		conn_ended(c, END_CONNECT);
		return;
	}
	conn_list(c, now_us());
	c->fd = socket(target.addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd == -1) {
		conn_ended(c, END_CONNECT);
		return;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	event_assign(&c->read, run.base, c->fd, EV_READ | EV_PERSIST, on_read, c);
	event_assign(&c->write, run.base, c->fd, EV_WRITE, on_write, c);
	if (connect(c->fd, (struct sockaddr *)&target.addr, target.addr_len) == -1 &&
	    errno != EINPROGRESS) {
		conn_ended(c, END_CONNECT);
		return;
	}
	if (run.tls != NULL) {
		c->ssl = need(SSL_new(run.tls));
		SSL_set_fd(c->ssl, c->fd);
		SSL_set_connect_state(c->ssl);
	}
	event_add(&c->read, NULL);
	/* On loopback it mostly stands already; if not, the write says so and waits. */
	conn_push(c);
}

static void
tls_complain(void)
{
	unsigned long e = ERR_peek_last_error();

	if (e != 0 && !run.tls_error_shown) {
		run.tls_error_shown = true;
		fprintf(stderr, "volley: TLS: %s\n", ERR_reason_error_string(e));
	}
}

/* As send(2) and recv(2): 0 is the end, and -1 with EAGAIN is also "wait for the other way". */
static ssize_t
conn_send(struct conn *c, const char *p, size_t n, bool *want_write)
{
	int r;

	*want_write = true;
	if (c->ssl == NULL)
		return send(c->fd, p, n, MSG_NOSIGNAL);
	ERR_clear_error();
	errno = 0;
	if ((r = SSL_write(c->ssl, p, (int)n)) > 0)
		return r;
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		*want_write = false;
		/* FALLTHROUGH */
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	default:
		tls_complain();
		if (errno == 0 || errno == EAGAIN)
			errno = ECONNRESET;
		return -1;
	}
}

static ssize_t
conn_recv(struct conn *c, char *p, size_t n)
{
	int r;

	if (c->ssl == NULL)
		return recv(c->fd, p, n, 0);
	ERR_clear_error();
	errno = 0;
	if ((r = SSL_read(c->ssl, p, (int)n)) > 0)
		return r;
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		/* Many servers end without saying goodbye in TLS; the answer's length judges. */
		return errno == 0 ? 0 : -1;
	}
}

/* Send what is left of the request. */
static void
conn_push(struct conn *c)
{
	bool want_write;
	ssize_t n;

	while (c->gone < c->len) {
		n = conn_send(c, c->out + c->gone, c->len - c->gone, &want_write);
		if (n > 0) {
			c->gone += (size_t)n;
			if (!c->stands) {
				c->stands = true;
				c->tries = 0;
				conn_leave_later(c);
			}
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN) {
			if (want_write)
				event_add(&c->write, NULL);
			return;
		}
		if (!c->stands)
			conn_ended(c, END_CONNECT);
		else if (c->ssl != NULL)
			conn_ended(c, END_RESET);
		else {
			/* There may be an answer that says why: let the read see. */
			c->answer.close = true;
			c->gone = c->len;
		}
		return;
	}
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_push(arg);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	static char bytes[READ_SIZE];
	struct conn *c = arg;
	ssize_t n;

	(void)what;
	if (c->gone < c->len) {
		conn_push(c);
		if (!c->stands)
			return;
	}
	do {
		n = conn_recv(c, bytes, sizeof bytes);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == 0 && c->answer.part == PART_CLOSE)
			conn_ended(c, answer_judge(c));
		else if (n <= 0)
			conn_ended(c, END_RESET);
		else if (answer_feed(c, bytes, (size_t)n) == -1) {
			answer_show(c, "not an HTTP answer", bytes, (size_t)n);
			conn_ended(c, END_PROTOCOL);
		}
		else if (c->answer.part == PART_DONE)
			conn_ended(c, answer_judge(c));

		/* What TLS holds already, the socket will not tell of. */
	} while (c->fd == fd && c->ssl != NULL && SSL_has_pending(c->ssl));
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->fd == -1)
		conn_connect(c);
	else
		conn_ended(c, END_LEFT);
}

/* ====== the run ====== */

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	int64_t before = now_us() - (int64_t)(opt.timeout * 1e6);
	struct conn *c;

	(void)fd;
	(void)what;
	(void)arg;
	while ((c = TAILQ_FIRST(&run.waiting)) != NULL && c->began_us <= before)
		conn_ended(c, END_TIMEOUT);
}

static void
on_duration(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval grace = { (time_t)opt.grace,
	    (suseconds_t)((opt.grace - (double)(time_t)opt.grace) * 1e6) };

	(void)fd;
	(void)what;
	(void)arg;
	run.stopping = true;
	event_base_loopexit(run.base, &grace);
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	event_base_loopbreak(run.base);
}

/* A number with three decimals: what follows is noise. */
static void
add_number(cJSON *o, const char *name, double d)
{
	cJSON_AddNumberToObject(o, name, (double)(int64_t)(d * 1000 + 0.5) / 1000);
}

static void
add_times(cJSON *o, const struct histogram *h)
{
	add_number(o, "p50_ms", histogram_at(h, 0.50));
	add_number(o, "p90_ms", histogram_at(h, 0.90));
	add_number(o, "p99_ms", histogram_at(h, 0.99));
	add_number(o, "max_ms", (double)h->max / 1000);
	add_number(o, "mean_ms", h->count == 0 ? 0 : (double)h->sum / (double)h->count / 1000);
}

static void
report(void)
{
	cJSON *o = need(cJSON_CreateObject()), *errors, *statuses, *kinds = NULL, *ko;
	uint64_t ended[END_COUNT] = { 0 };
	struct conn *c;
	struct kind *k;
	double seconds, unfinished = 0;
	char number[8], *text;
	size_t i, e;

	for (k = run.kinds; k < run.kinds + run.kind_count; k++)
		for (e = 0; e < END_COUNT; e++)
			ended[e] += k->ended[e];
	TAILQ_FOREACH(c, &run.waiting, entry)
		unfinished++;
	seconds = (double)((run.last_us > 0 ? run.last_us : now_us()) - run.start_us) / 1e6;
	add_number(o, "requests", (double)run.times.count);
	add_number(o, "ok", (double)ended[END_OK]);
	add_number(o, "wrong", (double)ended[END_WRONG]);
	add_number(o, "left", (double)ended[END_LEFT]);
	add_number(o, "unfinished", unfinished);
	errors = need(cJSON_AddObjectToObject(o, "errors"));
	add_number(errors, "connect", (double)run.connect_errors);
	add_number(errors, "reset", (double)ended[END_RESET]);
	add_number(errors, "timeout", (double)ended[END_TIMEOUT]);
	add_number(errors, "protocol", (double)ended[END_PROTOCOL]);
	statuses = need(cJSON_AddObjectToObject(o, "statuses"));
	for (i = 0; i < 1000; i++)
		if (run.statuses[i] > 0) {
			snprintf(number, sizeof number, "%zu", i);
			add_number(statuses, number, (double)run.statuses[i]);
		}
	add_number(o, "seconds", seconds);
	add_number(o, "rps", seconds > 0 ? (double)run.times.count / seconds : 0);
	add_times(o, &run.times);
	add_number(o, "sessions", (double)run.sessions);
	if (opt.mode != MODE_PLAIN)
		kinds = need(cJSON_AddObjectToObject(o, "kinds"));
	for (k = run.kinds; kinds != NULL && k < run.kinds + run.kind_count; k++) {
		ko = need(cJSON_AddObjectToObject(kinds, k->name));
		add_number(ko, "requests", (double)k->times.count);
		add_number(ko, "ok", (double)k->ended[END_OK]);
		add_number(ko, "wrong", (double)k->ended[END_WRONG]);
		add_number(ko, "left", (double)k->ended[END_LEFT]);
		add_number(ko, "errors", (double)(k->ended[END_CONNECT] +
		    k->ended[END_RESET] + k->ended[END_TIMEOUT] + k->ended[END_PROTOCOL]));
		add_times(ko, &k->times);
	}
	text = need(cJSON_PrintUnformatted(o));
	puts(text);
	cJSON_free(text);
	cJSON_Delete(o);
}

static void
tls_setup(void)
{
	static const unsigned char alpn[] = "\x08http/1.1";
	X509_VERIFY_PARAM *param;

	run.tls = need(SSL_CTX_new(TLS_client_method()));
	SSL_CTX_set_min_proto_version(run.tls, TLS1_2_VERSION);
	SSL_CTX_set_verify(run.tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(run.tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(run.tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(run.tls, 1);
	SSL_CTX_set_alpn_protos(run.tls, alpn, sizeof alpn - 1);
	if (opt.cacert == NULL)
		SSL_CTX_set_default_verify_paths(run.tls);
	else if (SSL_CTX_load_verify_locations(run.tls, opt.cacert, NULL) != 1)
		errx(2, "%s: no certificate authority in it", opt.cacert);
	param = SSL_CTX_get0_param(run.tls);
	if (strncmp(target.authority, "localhost", 9) == 0)
		X509_VERIFY_PARAM_set1_host(param, "localhost", 0);
	else
		X509_VERIFY_PARAM_set1_ip_asc(param, target.host);
}

static void
url_read(const char *url)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&target.addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&target.addr;
	const char *p, *path, *end, *colon;
	unsigned long port;
	size_t n;
	char *rest;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		usage("%s: not http:// or https://", url);
	target.tls = url[4] == 's';
	p = url + (target.tls ? 8 : 7);
	path = p + strcspn(p, "/?#");
	if (strlen(path) >= sizeof target.path || (*path != '\0' && *path != '/') ||
	    (size_t)(path - p) >= sizeof target.authority)
		usage("%s: too long, or no path", url);
	snprintf(target.path, sizeof target.path, "%s", *path == '\0' ? "/" : path);
	snprintf(target.authority, sizeof target.authority, "%.*s", (int)(path - p), p);
	port = target.tls ? 443 : 80;
	p = target.authority;
	end = *p == '[' ? strchr(p, ']') : p + strcspn(p, ":");
	if (end == NULL)
		usage("%s: no host", url);
	colon = *end == ']' ? end + 1 : end;
	if (*colon == ':') {
		port = strtoul(colon + 1, &rest, 10);
		if (*rest != '\0' || port == 0 || port > 65535)
			usage("%s: no port", url);
	} else if (*colon != '\0')
		usage("%s: no host", url);
	p += *p == '[';
	n = (size_t)(end - p);
	if (n >= sizeof target.host)
		usage("%s: no host", url);
	snprintf(target.host, sizeof target.host, "%.*s", (int)n, p);
	if (strcmp(target.host, "localhost") == 0)
		snprintf(target.host, sizeof target.host, "127.0.0.1");
	if (inet_pton(AF_INET, target.host, &in->sin_addr) == 1 &&
	    ntohl(in->sin_addr.s_addr) >> 24 == 127) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		target.addr_len = sizeof *in;
	} else if (inet_pton(AF_INET6, target.host, &in6->sin6_addr) == 1 &&
	    IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr)) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		target.addr_len = sizeof *in6;
	} else
		usage("%s: not a loopback address; volley is for this machine only", url);
}

static double
number(const char *what, const char *text, double least, double most)
{
	char *end;
	double d = strtod(text, &end);

	if (end == text || *end != '\0' || !(d >= least && d <= most))
		usage("--%s: %s is not between %.9g and %.9g", what, text, least, most);
	return d;
}

enum { OPT_GRACE = 256, OPT_TIMEOUT, OPT_CLOSE, OPT_CACERT, OPT_SESSIONS, OPT_ONE_SESSION,
	OPT_MIX, OPT_SEED, OPT_UNIQUE, OPT_EACH };

static const struct option options[] = {
	{ "connections", required_argument, NULL, 'c' },
	{ "requests", required_argument, NULL, 'n' },
	{ "duration", required_argument, NULL, 'd' },
	{ "body", required_argument, NULL, 'b' },
	{ "header", required_argument, NULL, 'H' },
	{ "expect", required_argument, NULL, 'e' },
	{ "help", no_argument, NULL, 'h' },
	{ "grace", required_argument, NULL, OPT_GRACE },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "close", no_argument, NULL, OPT_CLOSE },
	{ "cacert", required_argument, NULL, OPT_CACERT },
	{ "sessions", no_argument, NULL, OPT_SESSIONS },
	{ "one-session", no_argument, NULL, OPT_ONE_SESSION },
	{ "mix", required_argument, NULL, OPT_MIX },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "unique", required_argument, NULL, OPT_UNIQUE },
	{ "each", required_argument, NULL, OPT_EACH },
	{ NULL, 0, NULL, 0 },
};

static void
mode_set(enum mode mode)
{
	if (opt.mode != MODE_PLAIN)
		usage("only one of --mix, --sessions and --one-session");
	opt.mode = mode;
}

static void
options_read(int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "c:n:d:b:H:e:h", options, NULL)) != -1)
		switch (o) {
		case 'c':
			opt.connections = (size_t)number("connections", optarg, 1,
			    CONNECTIONS_MAX);
			break;
		case 'n':
			opt.requests = (uint64_t)number("requests", optarg, 1, 1e12);
			break;
		case 'd':
			opt.duration = number("duration", optarg, 0.001, 1e6);
			break;
		case 'b':
			opt.body = optarg;
			break;
		case 'H':
			if (!is_header(optarg) || opt.header_count == HEADERS_MAX)
				usage("--header: not 'Name: value', or too many");
			opt.headers[opt.header_count++] = optarg;
			break;
		case 'e':
			opt.expect = optarg;
			break;
		case OPT_GRACE:
			opt.grace = number("grace", optarg, 0, 1e6);
			break;
		case OPT_TIMEOUT:
			opt.timeout = number("timeout", optarg, 0.001, 1e6);
			break;
		case OPT_UNIQUE:
			if (strlen(optarg) != UNIQUE_MAX)
				usage("--unique: not %d bytes", UNIQUE_MAX);
			opt.unique = optarg;
			break;
		case OPT_EACH:
			opt.each = optarg;
			break;
		case OPT_CLOSE:
			opt.close = true;
			break;
		case OPT_CACERT:
			opt.cacert = optarg;
			break;
		case OPT_SESSIONS:
			mode_set(MODE_SESSIONS);
			break;
		case OPT_ONE_SESSION:
			mode_set(MODE_ONE_SESSION);
			break;
		case OPT_MIX:
			mode_set(MODE_MIX);
			opt.mix = optarg;
			break;
		case OPT_SEED:
			opt.seed = (uint64_t)number("seed", optarg, 0, 1e15);
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			usage("unknown option, or no value for it");
		}
	if (optind != argc - 1)
		usage("one URL is needed");
	if (opt.requests == 0 && opt.duration <= 0)
		usage("--requests or --duration is needed");
	if (opt.mode == MODE_MIX && (opt.body != NULL || opt.expect != NULL))
		usage("with --mix, body and expect stand in its file");
	if (opt.mode >= MODE_SESSIONS && opt.body == NULL)
		usage("sessions need a --body to call with");
	url_read(argv[optind]);
}

static void
descriptors_raise(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		err(2, "getrlimit");
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	if (r.rlim_cur < opt.connections + 32)
		errx(2, "%zu connections, but only %ju descriptors are allowed", opt.connections,
		    (uintmax_t)r.rlim_cur);
}

int
main(int argc, char **argv)
{
	const struct timeval tick = { 0, TICK_MS * 1000 };
	struct event_config *config = need(event_config_new());
	struct event *signals[2], *ticker, *ender = NULL;
	struct timeval duration;
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	options_read(argc, argv);
	descriptors_raise();
	kinds_make();
	if (opt.each != NULL)
		each_read(opt.each);
	if (target.tls)
		tls_setup();
	run.random = opt.seed;
	TAILQ_INIT(&run.waiting);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	run.base = need(event_base_new_with_config(config));
	event_config_free(config);
	signals[0] = need(evsignal_new(run.base, SIGINT, on_signal, NULL));
	signals[1] = need(evsignal_new(run.base, SIGTERM, on_signal, NULL));
	event_add(signals[0], NULL);
	event_add(signals[1], NULL);
	ticker = need(event_new(run.base, -1, EV_PERSIST, on_tick, NULL));
	event_add(ticker, &tick);

	run.start_us = now_us();
	run.unique = (unsigned long long)run.start_us << 8;
	if (opt.duration > 0) {
		duration.tv_sec = (time_t)opt.duration;
		duration.tv_usec = (suseconds_t)((opt.duration - (double)duration.tv_sec) * 1e6);
		ender = need(evtimer_new(run.base, on_duration, NULL));
		event_add(ender, &duration);
	}
	if (opt.requests > 0 && opt.requests < opt.connections)
		opt.connections = (size_t)opt.requests;
	run.conns = need(calloc(opt.connections, sizeof *run.conns));
	run.busy = opt.connections;
	for (i = 0; i < opt.connections; i++) {
		run.conns[i].fd = -1;
		evtimer_assign(&run.conns[i].timer, run.base, on_timer, &run.conns[i]);
		conn_next(&run.conns[i], run.start_us);
	}
	event_base_dispatch(run.base);
	report();

	for (i = 0; i < opt.connections; i++) {
		conn_close(&run.conns[i]);
		evtimer_del(&run.conns[i].timer);
		free(run.conns[i].own);
		free(run.conns[i].line);
	}
	free(run.conns);
	for (i = 0; i < run.kind_count; i++) {
		free(run.kinds[i].name);
		free(run.kinds[i].text);
	}
	free(run.kinds);
	free(run.each);
	free(run.each_text);
	if (ender != NULL)
		event_free(ender);
	event_free(ticker);
	event_free(signals[0]);
	event_free(signals[1]);
	event_base_free(run.base);
	SSL_CTX_free(run.tls);
	return 0;
}
