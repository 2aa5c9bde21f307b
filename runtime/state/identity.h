/* SPDX-License-Identifier: MIT */
/* Telling a process from a later one with the same pid. */
#ifndef FLOE_STATE_IDENTITY_H
#define FLOE_STATE_IDENTITY_H

#include <stdint.h>
#include <sys/types.h>

/* When PID was started, in clock ticks since boot (proc(5), stat field 22).
 * Returns 0; -ESRCH when there is no such process; another negative errno. */
int identity_start(pid_t pid, uint64_t *start);

/* A descriptor (pidfd) of process PID if it was started at START; -ESRCH when that one is gone. */
int identity_open(pid_t pid, uint64_t start);

#endif
