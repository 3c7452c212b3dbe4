/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http.c - what a client may put into a header: a mirrored value, a host, an origin,
 * Accept, Content-Type, traceparent, a CGI variable.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/http.h"
#include "wire/trace.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_host(int (*host)(const char *, struct buf *), const char *text)
{
	struct buf out;
	size_t i;

	buf_init(&out, 512);
	if (host(text, &out) == 0) {
		if (out.len == 0 || out.len > strlen(text))
			abort();
		for (i = 0; i < out.len; i++)
			if (strchr("/@?# \t\r\n,", out.data[i]) != NULL ||
			    (out.data[i] >= 'A' && out.data[i] <= 'Z'))
				abort();
	}
	buf_finish(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t random[24] = { 1, 2, 3 };
	char *text = malloc(len + 1), header[TRACE_HEADER];
	struct http_request rq;
	const char *got;
	struct trace t;
	struct buf out;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	buf_init(&out, LIMIT_PARAMS);
	if (http_mirror_decode(text, &out) == 0 && strlen(buf_str(&out)) != out.len)
		abort();
	buf_finish(&out);
	check_host(http_host, text);
	check_host(http_origin_host, text);
	http_is_json(text);
	http_accepts(text, "application/json");
	trace_begin(&t, text, random);
	trace_header(&t, header);
	if (strlen(header) != TRACE_HEADER - 1 ||
	    header[strspn(header, "0123456789abcdef-")] != '\0')
		abort();
	http_request_init(&rq, len / 2);
	http_request_add(&rq, "HTTP_X", 6, text, len);
	got = http_header(&rq, "x");
	if (got == NULL ? rq.excess == HTTP_FITS : strcmp(got, text) != 0)
		abort();
	http_request_add(&rq, text, len, text, len);
	http_request_add(&rq, "REQUEST_URI", 11, text, len);
	http_request_body(&rq, text, len);
	http_request_end(&rq);
	http_header(&rq, text);
	if (strchr(text, '?') != NULL && http_path_is(&rq, text))
		abort();
	http_request_finish(&rq);
	free(text);
	return 0;
}
