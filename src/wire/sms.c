/* SPDX-License-Identifier: MIT */
/* sms.c - units and segments, first as GSM-7 and where that cannot be as UCS-2; see sms.h. */
#include <stdbool.h>
#include <stdint.h>

#include "wire/sms.h"
#include "wire/utf8.h"

/* What the units of a character are in an alphabet; 0: it is not in it. */
struct alphabet {
	const char	*name;
	size_t		 (*units)(uint32_t);
	size_t		 alone, joined;		/* units of a message, and of one of several */
};

/* What is in the default alphabet and is not ASCII; and what is in its extension table. */
static const uint16_t basic[] = {
	0xa1, 0xa3, 0xa4, 0xa5, 0xa7, 0xbf, 0xc4, 0xc5, 0xc6, 0xc7, 0xc9, 0xd1, 0xd6, 0xd8, 0xdc,
	0xdf, 0xe0, 0xe4, 0xe5, 0xe6, 0xe8, 0xe9, 0xec, 0xf1, 0xf2, 0xf6, 0xf8, 0xf9, 0xfc, 0x393,
	0x394, 0x398, 0x39b, 0x39e, 0x3a0, 0x3a3, 0x3a6, 0x3a8, 0x3a9,
};
static const uint16_t extension[] = {
	'\f', '[', '\\', ']', '^', '{', '|', '}', '~', 0x20ac,
};

static size_t
septets(uint32_t c)
{
	size_t i;

	for (i = 0; i < sizeof extension / sizeof extension[0]; i++)
		if (extension[i] == c)
			return 2;
	for (i = 0; i < sizeof basic / sizeof basic[0]; i++)
		if (basic[i] == c)
			return 1;
	return (c >= 0x20 && c < 0x7f && c != '`') || c == '\n' || c == '\r' ? 1 : 0;
}

static size_t
code_units(uint32_t c)
{
	return c > 0xffff ? 2 : 1;
}

/* Whether the text has this alphabet; then it is counted. */
static bool
count(const char *text, const struct alphabet *a, struct sms *out)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len, n, used = 0;

	*out = (struct sms){ .encoding = a->name, .segments = 1 };
	for (; *p != '\0'; p += len) {
		n = a->units(utf8_decode(p, &len));
		if (n == 0)
			return false;
		if (used + n > a->joined) {
			out->segments++;
			used = 0;
		}
		used += n;
		out->units += n;
	}
	if (out->units <= a->alone)
		out->segments = 1;
	return true;
}

void
sms_count(const char *text, struct sms *out)
{
	static const struct alphabet default_alphabet = { "GSM-7", septets, 160, 153 };
	static const struct alphabet ucs2 = { "UCS-2", code_units, 70, 67 };

	if (!count(text, &default_alphabet, out))
		count(text, &ucs2, out);
}
