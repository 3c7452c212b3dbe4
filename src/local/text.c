/* SPDX-License-Identifier: MIT */
/* text.c - small judgements about text; see text.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "local/cap.h"
#include "local/text.h"

static size_t	sequence(const unsigned char *);
static int	digits(const char **, int, int *);
static int	days_in(int, int);
static int64_t	day_number(int, int, int);
static int	read_zone(const char **, int *);

/* Bytes of the character at `p`, 0 if it is not UTF-8; stops at the final NUL by itself. */
static size_t
sequence(const unsigned char *p)
{
	size_t n, i;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	for (i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

bool
text_is_utf8(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	for (; *p != '\0'; p += n)
		if ((n = sequence(p)) == 0)
			return false;
	return true;
}

void
text_repair(char *s)
{
	char *out = s;
	size_t n;

	while (*s != '\0') {
		n = sequence((const unsigned char *)s);
		if (n > 0)
			memmove(out, s, n);
		out += n;
		s += n > 0 ? n : 1;
	}
	*out = '\0';
}

size_t
text_length(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

int
text_cut(struct buf *out, const char *s, size_t max)
{
	const char *end = s;
	size_t n = 0;

	for (; *end != '\0'; end++)
		if (((unsigned char)*end & 0xc0) != 0x80 && ++n > max)
			break;
	buf_append(out, s, (size_t)(end - s));
	return buf_puts(out, *end == '\0' ? "" : "\xe2\x80\xa6");
}

bool
text_has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (text_is_space(*s) && *s != ' ')
			return true;
	return false;
}

bool
text_is_space(char c)
{
	return (unsigned char)c <= 0x20 || c == 0x7f;
}

void
text_flatten(char *s)
{
	char *out = s, *start = s;
	bool control;
	size_t n;

	while (*s != '\0') {
		control = false;
		for (n = 0; s[n] != '\0' && text_is_space(s[n]); n++)
			control |= s[n] != ' ';
		if (n == 0) {
			*out++ = *s++;
			continue;
		}
		/* Plain spaces stay as many as they are: a name may have two of them. */
		if (out != start && s[n] != '\0') {
			memset(out, ' ', control ? 1 : n);
			out += control ? 1 : n;
		}
		s += n;
	}
	*out = '\0';
}

bool
text_is_email(const char *s)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "!#$%&'*+-/=?^_`{|}~.@";
	const char *at = strchr(s, '@');

	return at != NULL && at != s && strchr(at + 1, '@') == NULL && at[1] != '\0' &&
	    at[1] != '.' && at[1] != '-' && strlen(s) <= CAP_EMAIL &&
	    strspn(s, allowed) == strlen(s);
}

bool
text_is_id(const char *s)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	return s[0] != '\0' && strlen(s) <= CAP_ID && strspn(s, allowed) == strlen(s);
}

bool
text_is_one_of(const char *s, const char *words)
{
	size_t len = strlen(s), n;

	for (; len > 0; words += n + 1) {
		n = strcspn(words, ",");
		if (n == len && memcmp(words, s, n) == 0)
			return true;
		if (words[n] == '\0')
			break;
	}
	return false;
}

static int
digits(const char **s, int count, int *out)
{
	*out = 0;
	for (; count > 0; count--, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return -1;
		*out = *out * 10 + (**s - '0');
	}
	return 0;
}

static int
days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970 of a date in the Gregorian calendar; years from 1970. */
static int64_t
day_number(int year, int month, int day)
{
	int64_t before = year - 1, n;
	int m;

	n = before * 365 + before / 4 - before / 100 + before / 400 - 719162;
	for (m = 1; m < month; m++)
		n += days_in(year, m);
	return n + day - 1;
}

/* Minutes east of UTC. */
static int
read_zone(const char **s, int *out)
{
	int sign, hour, minute;

	*out = 0;
	if (**s == 'Z' || **s == 'z') {
		(*s)++;
		return 0;
	}
	if (**s != '+' && **s != '-')
		return -1;
	sign = *(*s)++ == '-' ? -1 : 1;
	if (digits(s, 2, &hour) == -1 || *(*s)++ != ':' || digits(s, 2, &minute) == -1 ||
	    hour > 23 || minute > 59)
		return -1;
	*out = sign * (hour * 60 + minute);
	return 0;
}

int
text_time(const char *s, int64_t *out)
{
	int year, month, day, hour, minute, second, zone, ms = 0, scale = 100;

	if (digits(&s, 4, &year) == -1 || *s++ != '-' || digits(&s, 2, &month) == -1 ||
	    *s++ != '-' || digits(&s, 2, &day) == -1 || (*s != 'T' && *s != 't' && *s != ' '))
		return -1;
	s++;
	if (digits(&s, 2, &hour) == -1 || *s++ != ':' || digits(&s, 2, &minute) == -1 ||
	    *s++ != ':' || digits(&s, 2, &second) == -1)
		return -1;
	if (*s == '.') {
		s++;
		if (!isdigit((unsigned char)*s))
			return -1;
		for (; isdigit((unsigned char)*s); s++, scale /= 10)
			ms += (*s - '0') * scale;
	}
	if (read_zone(&s, &zone) == -1 || *s != '\0')
		return -1;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
	    hour > 23 || minute > 59 || second > 59)
		return -1;
	*out = ((day_number(year, month, day) * 24 + hour) * 60 + minute - zone) * 60000 +
	    second * 1000 + ms;
	return 0;
}

int
text_new_id(const char *prefix, char *out, size_t len)
{
	uint8_t random[12];
	size_t n = strlen(prefix);

	if (n + 2 * sizeof random >= len || crypto_random(random, sizeof random) == -1)
		return -1;
	memcpy(out, prefix, n);
	crypto_hex_text(out + n, random, sizeof random);
	return 0;
}
