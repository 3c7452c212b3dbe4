/* SPDX-License-Identifier: MIT */
/*
 * limits.h - every cap in the program, in one place, each with its reason.
 *
 * A buffer, list, table, string or wait that is not bounded here does not
 * exist. What an operator may change is a key of ums-mcp.conf and has its
 * default and its range here.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* JSON: depth that a recursive walk may reach; a tree of 64 levels fits a small stack. */
#define LIMIT_JSON_DEPTH	64
/* JSON: nodes in one document; 16 times those of the largest tools/list, 13 to 28 MB as a tree. */
#define LIMIT_JSON_NODES	200000
/* A number's text: enough for any decimal128 or 4096-bit integer somebody sends as JSON. */
#define LIMIT_JSON_NUMBER	1300
/* JSON-RPC: id and method as text. */
#define LIMIT_RPC_ID		256
#define LIMIT_RPC_METHOD	128
/* JSON-RPC: messages of a batch, and bytes of its answers together. */
#define LIMIT_BATCH		64
#define LIMIT_BATCH_REPLIES	(8 * 1024 * 1024)

/* Front: CGI parameters of one request (web servers cap headers at 8 to 32 KB themselves). */
#define LIMIT_PARAMS		65536
/* Front: number of CGI parameters; lighttpd and nginx send about 30 and the headers. */
#define LIMIT_PARAMS_COUNT	256
/* Front: bytes read from one connection in one go. */
#define LIMIT_FCGI_READ		65536
/* Front: the same of the standard input. */
#define LIMIT_STDIO_READ	65536
/* Front: a connection that has not delivered its request by then is closed (seconds). */
#define LIMIT_FRONT_READ_S	30
/* Front: a reply that the web server does not take for this long is dropped (seconds). */
#define LIMIT_FRONT_WRITE_S	30
/* Front: bytes of an unfinished reply that a client does not take; then it is let go of. */
#define LIMIT_FRONT_BACKLOG	(256 * 1024)
/*
 * Front: connections accepted in one turn of the loop, so that replies get their turn; so many
 * that the listen backlog never fills while a turn lasts. lighttpd takes a full backlog (EAGAIN
 * from connect() on a Unix socket) for a connection that is being made, and after some tries
 * answers 500.
 */
#define LIMIT_ACCEPT_BURST	1024
/* Front: closed connections and empty buffers that are kept for the next; the largest buffer. */
#define LIMIT_FRONT_SPARE	64
#define LIMIT_FRONT_STASH	64
#define LIMIT_FRONT_STASHED	4096
/* Front: bytes of all bodies that are being read, in one worker; past it 503. */
#define LIMIT_FRONT_BODIES	(64 * 1024 * 1024)
/* Requests in flight: bytes of the bodies they came with, in one worker; past it 503. As a tree a
 * body takes up to 28 times as much. */
#define LIMIT_HELD_BODIES	(32 * 1024 * 1024)
/* Listen backlog: 511 loses connections when 1,500 arrive at once, 4096 none. */
#define LIMIT_BACKLOG		4096

/* Front: a longer tracestate is not passed on (W3C Trace Context, 3.3.1.5). */
#define LIMIT_TRACESTATE	512

/* Upstream: one header line built from a template. */
#define LIMIT_HEADER		8192
/* Upstream: a URL after expansion; servers answer 414 from 8 KB on. */
#define LIMIT_URL		8192
/* Upstream: idle easy handles kept for reuse, some 8 KB each. */
#define LIMIT_FETCH_IDLE	64
/* Upstream: a connection that has been idle for longer is not used again, by a write and else
 * (seconds); servers' own limits begin at 5. */
#define LIMIT_FETCH_IDLE_WRITE_S	2L
#define LIMIT_FETCH_IDLE_S	118L
/* Upstream: what libcurl allocates in each transfer to receive (the least it takes: an answer of
 * some hundred bytes is what waits a thousandfold), and to send (the least, too). */
#define LIMIT_FETCH_RECEIVE	1024
#define LIMIT_FETCH_SEND	16384
/* Upstream: connections of one worker whose packets are filled, over HTTP/2. */
#define LIMIT_FETCH_CORKED	256
/* Upstream: transfers that send at once without taking heap for it, and what each may have: what
 * libcurl writes into and its own words before it, in whole pages. */
#define LIMIT_WINDOWS		16384
#define LIMIT_WINDOW		(LIMIT_FETCH_SEND + 4096)
/* Upstream: response header bytes that are kept (Retry-After, request id). */
#define LIMIT_UPSTREAM_HEADERS	65536

/* URI templates: operators and variables in one template. */
#define LIMIT_TEMPLATE_PARTS	64
#define LIMIT_TEMPLATE_VARS	32

/* Schemas: levels of $ref and of nesting while judging an instance. */
#define LIMIT_SCHEMA_DEPTH	128
/* Schemas: steps of one judgement; stops exponential anyOf and $ref trees. */
#define LIMIT_SCHEMA_STEPS	1000000
/* pattern: PCRE2 match limit, about a millisecond. */
#define LIMIT_PATTERN_MATCH	100000

/* Service files: size of one file, of files and of tools in one bridge. */
#define LIMIT_SERVICE_FILE	(4 * 1024 * 1024)
#define LIMIT_SERVICES		64
#define LIMIT_TOOLS		1024
/* A tool's name: the protocol's own bound. */
#define LIMIT_TOOL_NAME		128
/* Tokens of tools/list that are warned of: each conversation of a model begins with all of them. */
#define LIMIT_LIST_TOKENS	4000
/* Service files: levels of a pick or of a body template. */
#define LIMIT_PICK_DEPTH	16
/* CommonMark that is made a dialect: of the worst md4c takes 45 ms, of twice as much 180. */
#define LIMIT_COMMONMARK	131072
/* A text in a service's dialect, or back: a mark of one byte may become a dozen. */
#define LIMIT_MARKDOWN		(4 << 20)
/* Columns of a table of items; what needs more stays JSON. */
#define LIMIT_TABLE_COLUMNS	64
/* A secret read from a file (a token, a key). */
#define LIMIT_SECRET		65536

/* Flights: shared things that a worker knows (key sets, tokens of callers), bytes of one, how long
 * a source that failed is left alone, and how much longer than its flight a lease is (both
 * milliseconds). */
#define LIMIT_FLIGHTS		1024
/* Of these, what is for one request: anybody can send tokens that nobody knows. */
#define LIMIT_FLIGHTS_PASSING	256
#define LIMIT_FLIGHT_VALUE	(60 * 1024)
#define LIMIT_FLIGHT_REST_MS	INT64_C(1000)
#define LIMIT_LEASE_MS		2000
/* How long another worker's fetch is waited for before one fetches, too: it may have been stopped
 * (milliseconds); and by how much clocks of machines may differ. */
#define LIMIT_LEASE_WAIT_MS	3000
#define LIMIT_CLOCK_SLACK_MS	60000
/* A token that is said to live for no stated time, and how long a set of keys goes on being used
 * while its issuer cannot be asked (seconds). */
#define LIMIT_TOKEN_LIFE_S	300
#define LIMIT_JWKS_LIFE_S	86400
/* Verified tokens that a worker remembers: 1 MB, and where a service has them exchanged their text,
 * 1 to 8 KB each. */
#define LIMIT_TOKENS		2048
/* How long one is remembered at most, however long it lives (milliseconds). */
#define LIMIT_TOKEN_SEEN_MS	INT64_C(86400000)
/* A bearer token. */
#define LIMIT_BEARER		8192
/* Clients in the "callers" of one service file. */
#define LIMIT_CALLERS		256

/* The name of a caller. */
#define LIMIT_CALLER		255
/* Keys in a file of API keys: each is compared with every token that comes. */
#define LIMIT_API_KEYS		1024
/* Bytes of an image, a sound or other content in a result, which is no text for a model; in base64
 * it is a third more, and a reply has room for one. */
#define LIMIT_MEDIA		(2 * 1024 * 1024)
/* Blocks that a tool's file draws beside a result: rules for them, and how many come of these. */
#define LIMIT_BLOCK_RULES	16
#define LIMIT_BLOCKS		128
/* Bytes of the text that says what had no room. */
#define LIMIT_BLOCKS_LEFT	256
/* The state that a service gives with a question: it travels through the client, twice. */
#define LIMIT_REQUEST_STATE	2048
/* A result that is kept for a repeated call; the store's largest value less a record's head. */
#define LIMIT_RECORD_RESULT	(60 * 1024)
/* How long it is remembered that a token was used: longer than one is good, though a clock may be
 * set back (milliseconds). */
#define LIMIT_SPENT_MS		INT64_C(604800000)
/* Arguments and preview shown to a person who is asked, in all, and one argument. */
#define LIMIT_QUESTION		(128 * 1024)
#define LIMIT_QUESTION_VALUE	16384

/* A bearer token that is a JWT: servers cap a header line at 8 KB; real ones are 1 to 3 KB. */
#define LIMIT_JWT		8192
/* Keys of an issuer: it has two or three while they are exchanged; a large one 20. */
#define LIMIT_JWK_KEYS		64
/* The name of a key (kid). */
#define LIMIT_KID		256

/* Text of an upstream's error message that is shown to a model (bytes). */
#define LIMIT_HINT		400
/* Candidates shown with an error. */
#define LIMIT_CANDIDATES	20
/* What a service asks of a client: requests at once, which a person answers one by one; fields of a
 * form; characters of a request's and of a field's name. */
#define LIMIT_INPUT_REQUESTS	16
#define LIMIT_INPUT_FIELDS	128
#define LIMIT_INPUT_NAME	128
/* The longest part into which a text is split, in its unit. */
#define LIMIT_SPLIT		100000
/* An idempotency_key, in characters: what services take. */
#define LIMIT_KEY		255
/* A signed cursor as text. */
#define LIMIT_CURSOR		4096
/* A log line. */
#define LIMIT_LOG_LINE		4096
/* A file of configuration. */
#define LIMIT_CONF_FILE		(1024 * 1024)
#define LIMIT_CONF_LINE		4096
/* Names in one list of the configuration. */
#define LIMIT_CONF_LIST		256

/* Audit: how often the log says that lines are lost (seconds). */
#define LIMIT_AUDIT_COMPLAINT_S	60

/* Board: series of all metrics (tools by outcome are most), their labels, living workers. */
#define LIMIT_BOARD_SERIES	4096
#define LIMIT_BOARD_LABELS	256
#define LIMIT_BOARD_SEATS	256
/* Board: whose loop has not said for so long that it turns is not waited for (seconds). */
#define LIMIT_BOARD_SILENT_S	10
/* Board: buckets that are not full, and how many places are looked at for one. */
#define LIMIT_BOARD_BUCKETS	8192
#define LIMIT_BOARD_PROBES	16
/* Board: a breaker's one try may take so long before another is let through (seconds). */
#define LIMIT_BREAKER_PROBE_S	30
/* Board: samples that are kept of each thing, ten minutes of them; workers that have ended, as many
 * as a bad ten minutes has; causes of errors. In memory are the samples of what there is: 2 KB a
 * worker that lives at once, 11 KB a service, 33 KB for all together. */
#define LIMIT_HISTORY		120
#define LIMIT_BOARD_LEAVERS	64
#define LIMIT_BOARD_CAUSES	40
/* Rules of rate_limit. */
#define LIMIT_RATES		32
/* Series that a worker finds without a search. */
#define LIMIT_METRICS_CACHE	256
/* /metrics as text: every series a histogram of 20 lines would be 24 MB; real ones are 50 KB. */
#define LIMIT_METRICS		(32 * 1024 * 1024)

/* Store: bytes of a value; operations that have not ended, in one worker; the pause before one that
 * could not begin is tried again (milliseconds). */
#define LIMIT_STORE_VALUE	(64 * 1024)
#define LIMIT_STORE_PENDING	16384
#define LIMIT_STORE_AGAIN_MS	5
/* Store: the least time from one transaction to the next (microseconds). */
#define LIMIT_STORE_PAUSE_US	1000
/* Store, LMDB: operations in one transaction; room for what a transaction writes anew; processes
 * that read; records looked at for what has expired when there is no room. */
#define LIMIT_STORE_BATCH	256
#define LIMIT_STORE_ROOM	(16 * 1024 * 1024)
#define LIMIT_STORE_READERS	1024
#define LIMIT_STORE_SWEEP_FULL	256

/* Store, Redis: a host's name (RFC 1035) and its NUL. */
#define LIMIT_REDIS_HOST	256
/* Store, Redis: the pause before it is tried again, doubled each time: short, for a restart takes
 * no longer; at most so that it is in use again within 3 s of its return (milliseconds). */
#define LIMIT_REDIS_RETRY_MS	50
#define LIMIT_REDIS_RETRY_MAX_MS	2000
/* Store, Redis: the least time for an attempt to connect, for operations may have less than a long
 * way takes; how often one looks whether a name has been resolved (milliseconds). */
#define LIMIT_REDIS_ATTEMPT_MS	500
#define LIMIT_REDIS_LOOKUP_MS	5
/* Store, Redis: bytes that wait for the socket. hiredis moves all of them after each write. */
#define LIMIT_REDIS_OUT		(1024 * 1024)
/* Store, Redis: how long the end of the process waits for the last answers (milliseconds): Redis
 * drops what it has not read yet of a client to which it cannot write any more. */
#define LIMIT_REDIS_LINGER_MS	100
/* Store, Redis: what is remembered of the last complaint, not to log it again. */
#define LIMIT_REDIS_COMPLAINT	160

/* Mail: a letter with its signature; letters read or sent in one turn of the loop. */
#define LIMIT_MAIL		(128 * 1024)
#define LIMIT_MAIL_BURST	32
/* Mail: letters that wait for room, and their bytes: as many as a worker's requests may want to be
 * answered at once. */
#define LIMIT_MAIL_QUEUE	2048
#define LIMIT_MAIL_QUEUED	(16 * 1024 * 1024)
/* Mail: how long a worker is waited for that reads nothing (seconds). */
#define LIMIT_MAIL_WAIT_S	5
/* Mail: what one socket may have in others; the kernel gives less (net.core.wmem_max). */
#define LIMIT_MAIL_SOCKET	(1024 * 1024)

/* Import: an OpenAPI document (the largest that are public have 12 MB), and its nodes, some 150
 * bytes each. */
#define LIMIT_IMPORT_FILE	(32 * 1024 * 1024)
#define LIMIT_IMPORT_NODES	2000000
/* Import: schemas looked at for one operation, $refs one after the other, nesting of a schema. */
#define LIMIT_IMPORT_STEPS	100000
#define LIMIT_IMPORT_REFS	16
#define LIMIT_IMPORT_DEPTH	20
/* Import: bytes of a name of a tool or an argument, of a description of a tool and of an argument,
 * and of what is said to a person in one place. */
#define LIMIT_IMPORT_NAME	64
#define LIMIT_IMPORT_TOOL_TEXT	400
#define LIMIT_IMPORT_TEXT	240
#define LIMIT_IMPORT_NOTES	4096
/* Import: a schema of so many bytes is written where it is used, however often that is. */
#define LIMIT_IMPORT_SMALL	120

/* Heap: blocks from this size on are mappings of their own; what may stay free at the top. */
#define LIMIT_HEAP_BLOCK	(256 * 1024)
#define LIMIT_HEAP_TOP		(1024 * 1024)

/* Streams: how often a sign of life is sent while nothing is to be said (seconds); web servers give
 * up after 60. */
#define LIMIT_STREAM_PULSE_S	15
/* How long a worker has to say what became of an answer that was sent to it (seconds); longer than
 * its letter may wait (LIMIT_MAIL_WAIT_S). */
#define LIMIT_ASK_ECHO_S	10
/* A notification about a call: one line of a log, or how far it is. */
#define LIMIT_NOTICE		16384
/* Streams that tell of changes: resources of one, and how often one looks whether its session has
 * subscribed to others (seconds); how long what a session wants is remembered after it last said
 * something of it (milliseconds). */
#define LIMIT_LISTEN_URIS	64
#define LIMIT_LISTEN_S		1
#define LIMIT_WISH_MS		INT64_C(86400000)
/* Resources that a worker looks at for changes; how long what was seen is remembered, and how soon
 * one looks again whether another worker has seen it (milliseconds). */
#define LIMIT_WATCHES		1024
#define LIMIT_WATCH_KEEP_MS	INT64_C(3600000)
#define LIMIT_WATCH_AGAIN_MS	200
/* Resources: the shortest time from one look to the next (milliseconds). */
#define LIMIT_WATCH_EVERY_MS	100
/* Streams by which services tell of changes: how many a worker has, bytes of an event's data, of
 * its type and of its id, of an id that is sent back. */
#define LIMIT_FEEDS		256
#define LIMIT_FEED_EVENT	65536
#define LIMIT_FEED_ID		1024
/* How long one waits for a stream to open before one looks; how often its events are passed on, so
 * that a torrent of them is a few; the silence that ends one unless the service's file says
 * another, and the least that it can say (milliseconds). HTML asks for a comment every 15 s. */
#define LIMIT_FEED_GRACE_MS	2000
#define LIMIT_FEED_TELL_MS	100
#define LIMIT_FEED_SILENCE_MS	60000
#define LIMIT_FEED_SILENT_MS	1000
/* How often one looks while a stream is open unless the service's file says it (milliseconds). */
#define LIMIT_FEED_LOOK_MS	300000
/* The pause before a stream that ended is opened again, doubled each time up to so much; the
 * shortest and the longest that a service can ask for; and how long a stream must have lasted to
 * begin anew with the first (milliseconds). */
#define LIMIT_FEED_AGAIN_MS	INT64_C(1000)
#define LIMIT_FEED_LEAST_MS	INT64_C(100)
#define LIMIT_FEED_MOST_MS	INT64_C(60000)
#define LIMIT_FEED_REST_MS	INT64_C(3600000)
#define LIMIT_FEED_STEADY_MS	INT64_C(10000)
/* A read that is made again until it is final: how long at most, and between two (milliseconds). */
#define LIMIT_WAIT_MS		600000
/* Answers that come to another machine: how often one looks for them, and how long one is kept
 * (milliseconds). */
#define LIMIT_MAILBOX_MS	250
#define LIMIT_MAILBOX_KEEP_MS	INT64_C(60000)
/* How long the id of a task is good at least (milliseconds): nobody keeps one. */
#define LIMIT_TASK_MS		INT64_C(604800000)
/* Completions: look-ups that a worker remembers, bytes of one, and how long (microseconds). */
#define LIMIT_MEMOS		64
#define LIMIT_MEMO		8192
#define LIMIT_MEMO_US		INT64_C(10000000)
/* Questions that one call asks, one after the other. */
#define LIMIT_ROUNDS		16
/* Stages a request may pass; a request that loops is failed, not served. */
#define LIMIT_REQ_STEPS		64
/* Calls: the first pause before a request is sent again, doubled each time, and what must be left
 * for an answer behind a pause (milliseconds). */
#define LIMIT_RETRY_MS		200
#define LIMIT_RETRY_LEAST_MS	100
/* Calls: what a Retry-After is taken for at most (seconds). */
#define LIMIT_RETRY_AFTER_S	604800
/* Calls: what must be left of its time for a write that has waited for its twin (milliseconds). */
#define LIMIT_TWIN_LEAST_MS	500
/* Records: how much longer than its call a claim is kept (milliseconds). */
#define LIMIT_CLAIM_MS		60000
/* Calls: how often one looks whether its twin has ended, at first and at most (milliseconds). */
#define LIMIT_TWIN_MS		20
#define LIMIT_TWIN_MAX_MS	250

/* Worker: the share of max_requests and max_age_s by which workers differ, in percent. */
#define LIMIT_LIFE_JITTER	10
/* Worker: it is not replaced for its size before it is so old (seconds). */
#define LIMIT_LIFE_LEAST_S	5
/* Worker: memory is given back when for so many seconds a quarter of the former load came, and
 * that was at least so many requests at once. */
#define LIMIT_EBB_S		5
#define LIMIT_EBB_LEAST		16
/* Worker: descriptors besides the two that a request in flight may have. */
#define LIMIT_DESCRIPTORS_MORE	64
/* Worker: a loop that has not turned for so long is ended by its own alarm (seconds). */
#define LIMIT_WATCHDOG_S	60
/* Worker: how often it writes down its memory, and what the board keeps besides (seconds). */
#define LIMIT_SAMPLE_S		5

/* Doctor: bytes of an answer that are looked at, and how long one step over the network may take
 * (seconds). */
#define LIMIT_INQUIRY		65536
#define LIMIT_INQUIRY_S		5
/* Doctor: a certificate or key that is over before then is warned of (days), and a clock that is
 * that far from another (seconds). */
#define LIMIT_EXPIRY_DAYS	30
#define LIMIT_SKEW_S		30

/* Sandbox: files and folders that a worker may open; the system's own are 13. */
#define LIMIT_SANDBOX_PATHS	32

/* Master: workers, and all its processes with those that drain. */
#define LIMIT_WORKERS		64
#define LIMIT_CHILDREN		192
/* Master: how long it waits for a drained worker over drain_timeout_s before it kills (seconds). */
#define LIMIT_KILL_S		5
/* Master: how long a reload waits for the workers of the last one to open (seconds). */
#define LIMIT_RELOAD_S		10
/* Master: what it logs of why a new configuration is refused. */
#define LIMIT_REASON		1024
/* Master: the pause after a worker that crashed (milliseconds, doubled). */
#define LIMIT_BACKOFF_MIN_MS	100
#define LIMIT_BACKOFF_MAX_MS	30000

#endif
