/* SPDX-License-Identifier: MIT */
/* Closing descriptors that take the kernel its time. */
#ifndef FLOE_SYS_CLOSE_LATER_H
#define FLOE_SYS_CLOSE_LATER_H

#include <stddef.h>

#define CLOSE_LATER_MAX 8

/*
 * Closes COUNT of FDS (negative ones stand for none), which become -1, without waiting for what the
 * kernel does at the last close: that is left to a process that ends with it, and that nobody has to
 * reap. The caller must not hold copies. Where no process can be made they are closed here.
 */
void close_later(int fds[], size_t count);

#endif
