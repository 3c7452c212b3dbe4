/* SPDX-License-Identifier: MIT */
/*
 * mail.c - composing a mail and handing it to the relay with libcurl; see mail.h.
 *
 * The body is base64, so that no line is too long and no text can look like
 * SMTP. Names and subjects go out as RFC 2047 words, always: then no character
 * in them can mean anything to a mail program. Addresses were checked when the
 * contact was made.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "base/base64.h"
#include "base/buf.h"
#include "local/cap.h"
#include "local/channel.h"
#include "local/mail.h"
#include "local/options.h"
#include "local/text.h"
#include "wire/json.h"

#define MAIL_WORD	39	/* bytes in one RFC 2047 word: 73 columns with "Subject: " */
#define MAIL_LINE	57	/* bytes in a line of base64 of 76 characters */

struct reader {
	const struct buf	*text;
	size_t			 at;
};

static int	header_text(struct buf *, const char *);
static void	add_text(struct buf *, const char *);
static int	add_attachments(struct buf *, const char *);
static int	add_body(struct buf *, const struct mail *);
static int	compose(struct buf *, const struct options *, const struct mail *);
static size_t	read_mail(char *, size_t, size_t, void *);
static CURLcode	set_up(CURL *, const struct options *, struct curl_slist *, struct reader *);
static void	explain(CURL *, CURLcode, const char *, const char **, char *, size_t);

int
mail_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

void
mail_finish(void)
{
	curl_global_cleanup();
}

/* Text in a header as RFC 2047 words, cut between characters. */
static int
header_text(struct buf *out, const char *s)
{
	size_t left = strlen(s), n;

	while (left > 0) {
		n = left > MAIL_WORD ? MAIL_WORD : left;
		while (n < left && n > 1 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
		buf_puts(out, "=?UTF-8?B?");
		base64_encode(out, s, n);
		left -= n;
		s += n;
		buf_puts(out, left > 0 ? "?=\r\n " : "?=");
	}
	return out->failed ? -1 : 0;
}

/* Text with line ends of CR LF, which it must have below base64, too (RFC 2045, 6.8). */
static void
add_text(struct buf *out, const char *s)
{
	size_t n;

	for (;;) {
		n = strcspn(s, "\n");
		buf_append(out, s, n);
		if (s[n] == '\0')
			return;
		buf_puts(out, n > 0 && s[n - 1] == '\r' ? "\n" : "\r\n");
		s += n + 1;
	}
}

/* Attachments are references: a list of links below the text. */
static int
add_attachments(struct buf *out, const char *json)
{
	struct json_fault fault;
	cJSON *list = json_parse(json, strlen(json), &fault);
	const cJSON *item;

	if (list == NULL)
		return -1;
	buf_puts(out, "\r\n\r\nAttachments:\r\n");
	cJSON_ArrayForEach(item, list)
		buf_printf(out, "- %s: %s\r\n", json_str(item, "name"), json_str(item, "url"));
	cJSON_Delete(list);
	return out->failed ? -1 : 0;
}

static int
add_body(struct buf *out, const struct mail *mail)
{
	struct buf text;
	size_t at, n;
	int result = -1;

	buf_init(&text, 4 * CAP_BODY);
	add_text(&text, mail->text);
	if (mail->attachments != NULL && add_attachments(&text, mail->attachments) == -1)
		goto out;
	for (at = 0; at < text.len; at += n) {
		n = text.len - at < MAIL_LINE ? text.len - at : MAIL_LINE;
		base64_encode(out, text.data + at, n);
		buf_puts(out, "\r\n");
	}
	result = text.failed || out->failed ? -1 : 0;
out:
	buf_finish(&text);
	return result;
}

static int
compose(struct buf *out, const struct options *opt, const struct mail *mail)
{
	const char *domain = strchr(opt->mail_from, '@');
	char date[64];
	time_t now = time(NULL);
	struct tm tm;

	/* The C locale is in force: nobody called setlocale(), so names are English. */
	gmtime_r(&now, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	buf_printf(out, "Date: %s\r\nFrom: ", date);
	header_text(out, CHANNEL_SELF_NAME);
	buf_printf(out, " <%s>\r\nTo: ", opt->mail_from);
	header_text(out, mail->name);
	buf_printf(out, " <%s>\r\nMessage-ID: <%s%s>\r\n", mail->to, mail->id, domain);
	if (mail->reply_to != NULL)
		buf_printf(out, "In-Reply-To: <%s%s>\r\n", mail->reply_to, domain);
	buf_puts(out, "Subject: ");
	header_text(out, mail->subject == NULL ? "" : mail->subject);
	buf_puts(out, "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n");
	return add_body(out, mail);
}

static size_t
read_mail(char *to, size_t size, size_t count, void *arg)
{
	struct reader *r = arg;
	size_t n = r->text->len - r->at, room = size * count;

	if (n > room)
		n = room;
	memcpy(to, r->text->data + r->at, n);
	r->at += n;
	return n;
}

static CURLcode
set_up(CURL *curl, const struct options *opt, struct curl_slist *to, struct reader *reader)
{
	CURLcode code;

	if ((code = curl_easy_setopt(curl, CURLOPT_URL, opt->smtp)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp")) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_PROXY, "")) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CAP_MAIL_S)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)CAP_MAIL_S)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_MAIL_FROM, opt->mail_from)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_mail)) != CURLE_OK ||
	    (code = curl_easy_setopt(curl, CURLOPT_READDATA, (void *)reader)) != CURLE_OK)
		return code;
	return curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
}

static void
explain(CURL *curl, CURLcode result, const char *text, const char **code, char *why, size_t whylen)
{
	long answer = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
	if (answer >= 400) {
		*code = "relay_refused";
		snprintf(why, whylen, "the relay refused it with %ld", answer);
		return;
	}
	*code = result == CURLE_OPERATION_TIMEDOUT ? "relay_timeout" : "relay_unreachable";
	snprintf(why, whylen, "the relay did not take it: %s",
	    text[0] == '\0' ? curl_easy_strerror(result) : text);
	text_repair(why);
}

int
mail_send(const struct options *opt, const struct mail *mail, const char **code, char *why,
    size_t whylen)
{
	struct curl_slist *to = NULL;
	struct reader reader;
	char text[CURL_ERROR_SIZE] = "";
	CURLcode result = CURLE_OUT_OF_MEMORY;
	struct buf all;
	CURL *curl = NULL;

	*code = "channel_unavailable";
	snprintf(why, whylen, "no relay is configured");
	if (opt->smtp == NULL)
		return -1;
	buf_init(&all, 8 * CAP_BODY);
	*code = "internal";
	snprintf(why, whylen, "out of memory");
	if (compose(&all, opt, mail) == -1 || (curl = curl_easy_init()) == NULL ||
	    (to = curl_slist_append(NULL, mail->to)) == NULL)
		goto out;
	reader.text = &all;
	reader.at = 0;
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
	result = set_up(curl, opt, to, &reader);
	if (result == CURLE_OK)
		result = curl_easy_perform(curl);
	if (result != CURLE_OK)
		explain(curl, result, text, code, why, whylen);
out:
	curl_slist_free_all(to);
	curl_easy_cleanup(curl);
	buf_finish(&all);
	return result == CURLE_OK ? 0 : -1;
}
