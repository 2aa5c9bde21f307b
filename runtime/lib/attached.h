/* SPDX-License-Identifier: MIT */
/* The other end of the monitor's socket. */
#ifndef FLOE_LIB_ATTACHED_H
#define FLOE_LIB_ATTACHED_H

#include "target.h"

#include <stddef.h>

/* Connects to the monitor of TARGET, which runs. The descriptor, the caller's to close, or an
 * error. */
int attached_open(const struct target *target, struct floe_error *error);

/* Sends a packet of TYPE (enum attach_packet) with SIZE bytes of DATA. -EAGAIN: not now. */
int attached_send(int fd, char type, const void *data, size_t size);

#endif
