/* SPDX-License-Identifier: MIT */
/* clock.c - reading and printing time; see clock.h. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

int64_t
clock_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The first half of the kernel's name for this boot, read once; 0: it has none for us. */
static uint64_t
boot_number(void)
{
	static uint64_t boot;
	static bool known;
	char text[37] = "", digits[17];
	int fd, i, n = 0;

	if (known)
		return boot;
	known = true;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	if (read(fd, text, sizeof text - 1) == sizeof text - 1) {
		for (i = 0; text[i] != '\0' && n < 16; i++)
			if (text[i] != '-')
				digits[n++] = text[i];
		digits[n] = '\0';
		boot = strtoull(digits, NULL, 16);
	}
	close(fd);
	return boot;
}

void
clock_now(struct clock_moment *now)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &ts);
	now->boot_ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	now->wall_ms = clock_wall_ms();
	now->boot = boot_number();
}

bool
clock_is_past(const struct clock_moment *at, const struct clock_moment *now)
{
	return at->boot != 0 && at->boot == now->boot ? now->boot_ms >= at->boot_ms :
	    now->wall_ms >= at->wall_ms;
}

struct clock_moment
clock_after(const struct clock_moment *at, int64_t ms)
{
	return (struct clock_moment){
		.wall_ms = at->wall_ms + ms, .boot_ms = at->boot_ms + ms, .boot = at->boot,
	};
}

struct timeval
clock_timeval(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

void
clock_stamp(int64_t wall_ms, char out[CLOCK_STAMP])
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&t, &tm);
	n = strftime(out, CLOCK_STAMP - 8, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, CLOCK_STAMP - n, ".%03dZ", (int)(wall_ms % 1000));
}

/* Read two or four digits and what follows them, if that has to be. */
static int
digits(const char **at, int n, char after, int *out)
{
	int i;

	for (*out = 0, i = 0; i < n; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		*out = *out * 10 + **at - '0';
	}
	if (after == '\0')
		return 0;
	return (*(*at)++ | 0x20) == (after | 0x20) ? 0 : -1;
}

int
clock_parse(const char *text, int64_t *wall_ms)
{
	struct tm tm = { 0 }, back;
	int ms = 0, scale = 100, hour = 0, minute = 0, sign;
	const char *at = text;
	time_t t;

	if (digits(&at, 4, '-', &tm.tm_year) == -1 || digits(&at, 2, '-', &tm.tm_mon) == -1 ||
	    digits(&at, 2, 'T', &tm.tm_mday) == -1 || digits(&at, 2, ':', &tm.tm_hour) == -1 ||
	    digits(&at, 2, ':', &tm.tm_min) == -1 || digits(&at, 2, '\0', &tm.tm_sec) == -1 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -1;
	if (*at == '.') {
		if (*++at < '0' || *at > '9')
			return -1;
		for (; *at >= '0' && *at <= '9'; at++, scale /= 10)
			ms += (*at - '0') * scale;
	}
	sign = *at == '-' ? -1 : 1;
	if (*at == '+' || *at == '-') {
		at++;
		if (digits(&at, 2, ':', &hour) == -1 || digits(&at, 2, '\0', &minute) == -1 ||
		    hour > 23 || minute > 59)
			return -1;
	} else if ((*at++ | 0x20) != 'z')
		return -1;
	if (*at != '\0')
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	back = tm;
	back.tm_sec = 0;	/* a leap second is no wrong date */
	t = timegm(&back);
	if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon)
		return -1;	/* 30 February */
	*wall_ms = ((int64_t)t + tm.tm_sec - sign * (hour * 60 + minute) * 60) * 1000 + ms;
	return 0;
}
