/* SPDX-License-Identifier: MIT */
/*
 * fuzz_decimal.c - two JSON numbers, one a line: comparing is antisymmetric, a number equals
 * itself, and it is a multiple of itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/decimal.h"
#include "wire/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *line = memchr(data, '\n', len);
	size_t first = line == NULL ? len : (size_t)(line - data);
	size_t second = line == NULL ? 0 : len - first - 1;
	struct json_fault fault;
	cJSON *a, *b;

	a = json_parse((const char *)data, first, &fault);
	b = json_parse(line == NULL ? "0" : (const char *)line + 1, line == NULL ? 1 : second,
	    &fault);
	if (cJSON_IsNumber(a) && cJSON_IsNumber(b)) {
		const char *x = a->valuestring, *y = b->valuestring;

		if (sign(decimal_compare(x, y)) != -sign(decimal_compare(y, x)) ||
		    decimal_compare(x, x) != 0)
			abort();
		if (decimal_compare(x, "0") > 0 && !decimal_multiple(x, x))
			abort();
		if (decimal_compare(y, "0") > 0)
			decimal_multiple(x, y);
	}
	cJSON_Delete(a);
	cJSON_Delete(b);
	return 0;
}
