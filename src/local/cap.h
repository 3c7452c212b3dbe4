/* SPDX-License-Identifier: MIT */
/* cap.h - every bound of the messaging service, in one place, each with its reason. */
#ifndef LOCAL_CAP_H
#define LOCAL_CAP_H

/* A request body; the longest text in four-byte characters is 40 KB, the rest is metadata. */
#define CAP_BODY		(256 * 1024)
/* A reply: 50 messages of the longest text, every byte escaped as \u00xx, fit. */
#define CAP_REPLY		(32 * 1024 * 1024)
/* Reply header lines together. */
#define CAP_HEADERS		4096
/* A request's path and query as the web server passes them. */
#define CAP_TARGET		8192
#define CAP_SEGMENTS		8
#define CAP_PAIRS		128
/* One statement's text, and how many prepared statements a process keeps. */
#define CAP_SQL			4096
#define CAP_STATEMENTS		96
/* How long a request waits for another process's write (milliseconds), then it is a 503. */
#define CAP_BUSY_MS		5000

/* A message, in characters; the tools in front promise the same. */
#define CAP_TEXT		10000
#define CAP_SUBJECT		200
#define CAP_RECIPIENTS		10
#define CAP_ATTACHMENTS		10
/* The bytes of a file that are kept; a body has room for one of that size in base64. */
#define CAP_ATTACHMENT		(128 * 1024)
#define CAP_NAME		200
#define CAP_ID			64
#define CAP_EMAIL		254
#define CAP_URL			2048
#define CAP_METADATA		4096
#define CAP_QUERY		500
#define CAP_KEY			255
/* A token by which the tools in front know that somebody confirmed; only its length matters. */
#define CAP_CONFIRM		4096
/* A page. */
#define CAP_PAGE		50
#define CAP_PAGE_DEFAULT	20
#define CAP_IDS			50
/* Characters of a thread's last message that its list shows. */
#define CAP_SNIPPET		120
/* How far ahead a message may be scheduled (milliseconds): a year. */
#define CAP_AHEAD_MS		(366LL * 24 * 3600 * 1000)

/* A peer that has not sent its request, or not taken its answer, by then is dropped (seconds). */
#define CAP_PEER_S		30
/* Idempotency records are kept for a day (milliseconds). */
#define CAP_KEY_MS		(24LL * 3600 * 1000)
/* Life of an access token (seconds). */
#define CAP_TOKEN_S		3600
/* Steps of an SMTP conversation (seconds). */
#define CAP_MAIL_S		10
/* A mail that a sender held when it died is given up after this (milliseconds). */
#define CAP_CLAIM_MS		60000
/* Due messages taken in one transaction. */
#define CAP_DUE			100
/* The courier looks for due messages this often (milliseconds). */
#define CAP_TICK_MS		1000

/* Processes. */
#define CAP_WORKERS		64
#define CAP_CLIENTS		256
#define CAP_BACKLOG		1024
#define CAP_BACKOFF_MIN_MS	100
#define CAP_BACKOFF_MAX_MS	5000
/* A child that lived this long did not crash quickly (milliseconds). */
#define CAP_QUICK_MS		5000
/* Children that have not ended this long after TERM are killed (milliseconds). */
#define CAP_GRACE_MS		70000

/* Faults, for tests. */
#define CAP_FAULT_MS		60000
#define CAP_FAULT_BYTES		(512LL * 1024 * 1024)

#endif
