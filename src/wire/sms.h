/* SPDX-License-Identifier: MIT */
/*
 * sms.h - how many messages a text is as SMS, and in which alphabet (3GPP TS 23.038, 23.040).
 *
 * A text of the GSM 7 bit default alphabet and its extension table has 160 septets in one message
 * and 153 in each of several; a character of the extension table takes two, which are not torn. Any
 * other text is UCS-2, with surrogates: 70 and 67 code units, pairs not torn. Languages' own shift
 * tables are not used.
 */
#ifndef WIRE_SMS_H
#define WIRE_SMS_H

#include <stddef.h>

struct sms {
	const char	*encoding;	/* "GSM-7" or "UCS-2"; static */
	size_t		 units;		/* septets, or code units */
	size_t		 segments;	/* at least one */
};

/* Count those of `text`, UTF-8 with U+0000 as wire/json stores it. */
void	 sms_count(const char *text, struct sms *out);

#endif
