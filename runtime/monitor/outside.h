/* SPDX-License-Identifier: MIT */
/*
 * A descriptor of the caller's that is read or written without ever blocking. It may be shared
 * with other programs, so O_NONBLOCK, which belongs to all of them, is not set on it: terminals
 * and pipes are opened a second time.
 */
#ifndef FLOE_MONITOR_OUTSIDE_H
#define FLOE_MONITOR_OUTSIDE_H

#include <stdbool.h>
#include <sys/types.h>

struct outside {
	int fd; /* our own; -1: none, or at its end */
	bool socket;
	bool nonblocking; /* else only to be used when poll(2) says so, and in small pieces */
};

/* Takes hold of FD, which stays the caller's (-1: there is none) for ACCESS, O_RDONLY or O_WRONLY.
 * 0 or a negative errno. */
int outside_open(struct outside *outside, int fd, int access);

/* As read(2) and write(2), with a negative errno; -EAGAIN: not now. A write to a pipe that nobody
 * reads raises SIGPIPE unless it is blocked. */
ssize_t outside_read(struct outside *outside, void *data, size_t size);
ssize_t outside_write(struct outside *outside, const void *data, size_t size);

void outside_close(struct outside *outside);

#endif
