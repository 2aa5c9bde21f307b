/* SPDX-License-Identifier: MIT */
/* Time for deadlines. */
#include "clock.h"

#include <limits.h>
#include <time.h>

uint64_t clock_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_earlier(uint64_t left_usec, uint64_t right_usec)
{
	if (left_usec == 0 || right_usec == 0)
		return left_usec ? left_usec : right_usec;
	return left_usec < right_usec ? left_usec : right_usec;
}

int clock_timeout(uint64_t deadline_usec)
{
	uint64_t now = clock_usec(), left;

	if (deadline_usec == 0)
		return -1;
	if (deadline_usec <= now)
		return 0;
	left = (deadline_usec - now + 999) / 1000;
	return left > INT_MAX ? INT_MAX : (int)left;
}
