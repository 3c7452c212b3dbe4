/* SPDX-License-Identifier: MIT */
/*
 * format.c - scanners for date-time, uri, email and uuid; see format.h.
 *
 * Each scanner moves a pointer over what it accepts; a string is of the format
 * when the pointer has reached its end.
 */
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>

#include "wire/format.h"

#define ALPHA	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT	"0123456789"
#define HEX	DIGIT "abcdefABCDEF"
#define UNRESERVED ALPHA DIGIT "-._~"
#define SUB_DELIMS "!$&'()*+,;="

/* RFC 5321 4.5.3.1 and RFC 1035 2.3.4, in octets. */
#define EMAIL_MAX	254
#define LOCAL_MAX	64
#define LABEL_MAX	63

static bool	 is_date_time(const char *);
static bool	 is_uri(const char *);
static bool	 is_email(const char *);
static bool	 is_uuid(const char *);
static bool	 scan_number(const char **, int, int, int, int *);
static bool	 scan_date(const char **);
static bool	 scan_encoded(const char **, const char *);
static bool	 scan_authority(const char **);
static bool	 scan_literal(const char **);
static bool	 is_address(int, const char *, size_t);
static const char *scan_local(const char *);
static bool	 is_domain(const char *);

static const struct format formats[] = {
	{ "date-time", "a date-time such as 2026-01-31T09:30:00Z", is_date_time },
	{ "uri", "an absolute URI such as https://example.com/path", is_uri },
	{ "email", "an e-mail address such as name@example.com", is_email },
	{ "uuid", "a UUID such as 123e4567-e89b-12d3-a456-426614174000", is_uuid },
};

const struct format *
format_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static bool
scan_char(const char **at, const char *set)
{
	if (**at == '\0' || strchr(set, **at) == NULL)
		return false;
	(*at)++;
	return true;
}

/* Exactly `digits` digits with a value from `low` to `high`. */
static bool
scan_number(const char **at, int digits, int low, int high, int *out)
{
	const char *p = *at;
	int value = 0;

	for (; digits > 0; digits--, p++) {
		if (*p < '0' || *p > '9')
			return false;
		value = value * 10 + (*p - '0');
	}
	*at = p;
	*out = value;
	return value >= low && value <= high;
}

static bool
scan_date(const char **at)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day, leap;

	if (!scan_number(at, 4, 0, 9999, &year) || !scan_char(at, "-") ||
	    !scan_number(at, 2, 1, 12, &month) || !scan_char(at, "-"))
		return false;
	leap = month == 2 && (year % 400 == 0 || (year % 4 == 0 && year % 100 != 0));
	return scan_number(at, 2, 1, days[month - 1] + leap, &day);
}

static bool
is_date_time(const char *s)
{
	int hour, minute, second, sign, hours = 0, minutes = 0, utc;

	if (!scan_date(&s) || !scan_char(&s, "Tt") || !scan_number(&s, 2, 0, 23, &hour) ||
	    !scan_char(&s, ":") || !scan_number(&s, 2, 0, 59, &minute) ||
	    !scan_char(&s, ":") || !scan_number(&s, 2, 0, 60, &second))
		return false;
	if (scan_char(&s, ".")) {
		if (!scan_char(&s, DIGIT))
			return false;
		s += strspn(s, DIGIT);
	}
	sign = *s == '-' ? -1 : 1;
	if (!scan_char(&s, "Zz") && (!scan_char(&s, "+-") ||
	    !scan_number(&s, 2, 0, 23, &hours) || !scan_char(&s, ":") ||
	    !scan_number(&s, 2, 0, 59, &minutes)))
		return false;
	/* A leap second is the last one of a day in UTC. */
	utc = hour * 60 + minute - sign * (hours * 60 + minutes);
	if (second == 60 && (utc + 2 * 1440) % 1440 != 1439)
		return false;
	return *s == '\0';
}

/* Characters of `set` and percent-encoded octets. False: a percent sign that is neither. */
static bool
scan_encoded(const char **at, const char *set)
{
	for (;;) {
		*at += strspn(*at, set);
		if (**at != '%')
			return true;
		(*at)++;
		if (!scan_char(at, HEX) || !scan_char(at, HEX))
			return false;
	}
}

static bool
is_address(int family, const char *s, size_t len)
{
	char text[64];
	unsigned char address[16];

	if (len >= sizeof text)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(family, text, address) == 1;
}

/* An IP literal: "[" (IPv6address / IPvFuture) "]". */
static bool
scan_literal(const char **at)
{
	const char *p = *at + 1, *end = strchr(p, ']');
	size_t digits;

	if (end == NULL)
		return false;
	*at = end + 1;
	if (*p != 'v' && *p != 'V')
		return is_address(AF_INET6, p, (size_t)(end - p));
	digits = strspn(++p, HEX);
	p += digits;
	if (digits == 0 || *p++ != '.' || p == end)
		return false;
	return strspn(p, UNRESERVED SUB_DELIMS ":") == (size_t)(end - p);
}

/* [ userinfo "@" ] host [ ":" port ]; the pointer is behind the "//". */
static bool
scan_authority(const char **at)
{
	const char *p = *at;

	if (!scan_encoded(&p, UNRESERVED SUB_DELIMS ":"))
		return false;
	if (*p == '@')
		*at = p + 1;
	if (**at == '[') {
		if (!scan_literal(at))
			return false;
	} else if (!scan_encoded(at, UNRESERVED SUB_DELIMS))
		return false;
	if (scan_char(at, ":"))
		*at += strspn(*at, DIGIT);
	return **at == '\0' || strchr("/?#", **at) != NULL;
}

static bool
is_uri(const char *s)
{
	if (!scan_char(&s, ALPHA))
		return false;
	s += strspn(s, ALPHA DIGIT "+-.");
	if (!scan_char(&s, ":"))
		return false;
	if (strncmp(s, "//", 2) == 0) {
		s += 2;
		if (!scan_authority(&s))
			return false;
	}
	if (!scan_encoded(&s, UNRESERVED SUB_DELIMS ":@/"))
		return false;
	if (scan_char(&s, "?") && !scan_encoded(&s, UNRESERVED SUB_DELIMS ":@/?"))
		return false;
	if (scan_char(&s, "#") && !scan_encoded(&s, UNRESERVED SUB_DELIMS ":@/?"))
		return false;
	return *s == '\0';
}

/* The "@" that ends the local part, a dot-string or a quoted string; NULL: neither. */
static const char *
scan_local(const char *s)
{
	const char *p = s;
	size_t n;

	if (*p == '"') {
		for (p++; *p != '"'; p++) {
			if (*p == '\\')
				p++;
			if (*p < ' ' || *p > '~')
				return NULL;
		}
		p++;
	} else {
		do {
			n = strspn(p, ALPHA DIGIT "!#$%&'*+-/=?^_`{|}~");
			if (n == 0)
				return NULL;
			p += n;
		} while (*p++ == '.');
		p--;
	}
	return *p == '@' && p - s <= LOCAL_MAX ? p : NULL;
}

/* Labels of letters, digits and inner hyphens with points between. */
static bool
is_domain(const char *s)
{
	size_t n;

	do {
		n = strspn(s, ALPHA DIGIT "-");
		if (n == 0 || n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
			return false;
		s += n;
	} while (*s++ == '.');
	return s[-1] == '\0';
}

static bool
is_email(const char *s)
{
	const char *domain = scan_local(s);
	size_t len;

	if (domain == NULL || strlen(s) > EMAIL_MAX)
		return false;
	domain++;
	if (*domain != '[')
		return is_domain(domain);
	len = strlen(domain);
	if (len < 2 || domain[len - 1] != ']')
		return false;
	if (strncmp(domain, "[IPv6:", 6) == 0)
		return is_address(AF_INET6, domain + 6, len - 7);
	return is_address(AF_INET, domain + 1, len - 2);
}

static bool
is_uuid(const char *s)
{
	static const size_t group[] = { 8, 4, 4, 4, 12 };
	size_t i;

	for (i = 0; i < sizeof group / sizeof group[0]; i++) {
		if (i > 0 && !scan_char(&s, "-"))
			return false;
		if (strspn(s, HEX) != group[i])
			return false;
		s += group[i];
	}
	return *s == '\0';
}
