/* SPDX-License-Identifier: MIT */
/* Closing descriptors that take the kernel its time. */
#ifndef FLOE_SYS_CLOSE_LATER_H
#define FLOE_SYS_CLOSE_LATER_H

/*
 * Closes *FD, which becomes -1, without waiting for what the kernel does at the last close: that is
 * left to a process that ends with it, and that nobody has to reap. The caller must not hold copies.
 * Where no process can be made it is closed here.
 */
void close_later(int *fd);

#endif
