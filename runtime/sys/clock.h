/* SPDX-License-Identifier: MIT */
/* Time for deadlines. */
#ifndef FLOE_SYS_CLOCK_H
#define FLOE_SYS_CLOCK_H

#include <stdint.h>

/* Microseconds since boot, never set back. */
uint64_t clock_usec(void);

/* The earlier of two times; 0 is never. */
uint64_t clock_earlier(uint64_t left_usec, uint64_t right_usec);

/* The poll(2) timeout in milliseconds until DEADLINE_USEC, rounded up; -1 for 0, which is never. */
int clock_timeout(uint64_t deadline_usec);

#endif
