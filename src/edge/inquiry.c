/* SPDX-License-Identifier: MIT */
/* inquiry.c - see inquiry.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/limits.h"
#include "edge/inquiry.h"
#include "edge/trust.h"

#define EVENT_END	"\n\n"

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct inquiry *q = arg;
	size_t room = q->answer.cap - q->answer.len;

	(void)size;
	if (buf_append(&q->answer, data, n < room ? n : room) == -1)
		return 0;
	/* The rest of a long answer is let pass. */
	return q->stream && strstr(buf_str(&q->answer), EVENT_END) != NULL ? 0 : n;
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	struct inquiry *q = arg;
	char date[64];

	(void)size;
	if (n > 5 && n < sizeof date && strncasecmp(line, "Date:", 5) == 0) {
		snprintf(date, sizeof date, "%.*s", (int)(n - 5), line + 5);
		q->date_s = curl_getdate(date, NULL);
	}
	return n;
}

static CURLcode
on_tls(CURL *easy, void *ctx, void *arg)
{
	const struct inquiry *q = arg;

	(void)easy;
	return trust_apply(q->trust, ctx) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* When the first certificate of the chain, the other side's own, is over. */
static int64_t
expiry(CURL *easy)
{
	static const char name[] = "Expire date:";
	struct curl_certinfo *info = NULL;
	const struct curl_slist *line;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
	    info->num_of_certs < 1)
		return -1;
	for (line = info->certinfo[0]; line != NULL; line = line->next)
		if (strncmp(line->data, name, sizeof name - 1) == 0)
			return curl_getdate(line->data + sizeof name - 1, NULL);
	return -1;
}

static enum outcome
outcome_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return OUTCOME_ANSWERED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return OUTCOME_UNRESOLVED;
	case CURLE_COULDNT_CONNECT:
		return OUTCOME_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT:
		return OUTCOME_TIMEOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
		return OUTCOME_UNTRUSTED;
	default:
		/* CURLE_SSL_CONNECT_ERROR, too: that is no TLS at all, or none that fits. */
		return OUTCOME_BROKEN;
	}
}

void
inquiry_make(struct inquiry *q)
{
	char why[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL, *more;
	CURL *easy = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long status = 0;
	size_t i;

	buf_init(&q->answer, LIMIT_INQUIRY);
	q->date_s = q->expires_s = -1;
	if (easy == NULL)
		goto out;
	/* No pause for a 100 that a web server may not send. */
	headers = curl_slist_append(NULL, "Expect:");
	for (i = 0; headers != NULL && q->headers != NULL && q->headers[i] != NULL; i++) {
		more = curl_slist_append(headers, q->headers[i]);
		if (more == NULL)
			goto out;
		headers = more;
	}
	if (headers == NULL)
		goto out;
	curl_easy_setopt(easy, CURLOPT_URL, q->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, LIMIT_INQUIRY_S * 1000L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, q);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, q);
	if (q->trust != NULL) {
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, q);
	}
	if (q->body != NULL) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(q->body));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, q->body);
	}
	code = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	q->expires_s = expiry(easy);
	/* We let go of the stream ourselves. */
	if (code == CURLE_WRITE_ERROR && q->stream && !q->answer.failed)
		code = CURLE_OK;
out:
	q->status = (int)status;
	q->outcome = outcome_of(code);
	snprintf(q->why, sizeof q->why, "%s", code == CURLE_OK ? "" :
	    why[0] != '\0' ? why : curl_easy_strerror(code));
	curl_slist_free_all(headers);
	curl_easy_cleanup(easy);
}

void
inquiry_finish(struct inquiry *q)
{
	buf_wipe(&q->answer);
}
