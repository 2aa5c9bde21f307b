/* SPDX-License-Identifier: MIT */
/* Notification both ways: from the machine's PID 1, and to the service manager above. */
#ifndef FLOE_MONITOR_NOTIFY_H
#define FLOE_MONITOR_NOTIFY_H

#include "notify_parse.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * Receives one datagram from SOCKET (non-blocking, SO_PASSCRED). Only what process LEADER sent
 * counts; descriptors that come along are closed. Returns 1 with *OUT filled, 0 when it was
 * nothing to us, -EAGAIN when there is none.
 */
int notify_receive(int socket, pid_t leader, struct notify_message *out);

/* Sends formatted assignments to $NOTIFY_SOCKET. 1: sent, 0: there is no such variable. */
int notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How often the service manager wants WATCHDOG=1 of this process, halved for safety, in
 * microseconds; 0: not at all (sd_watchdog_enabled(3)). */
uint64_t notify_watchdog_period(void);

#endif
