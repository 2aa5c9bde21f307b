/* SPDX-License-Identifier: MIT */
/* Settings of the host's network (/proc/sys/net) that machines share, put back with the last one. */
#ifndef FLOE_NET_SYSCTL_H
#define FLOE_NET_SYSCTL_H

#include "../base/err.h"

/*
 * Sets PATH to VALUE, a number, below net_lock(). What it was is written down first unless it was
 * that already. 0, or a negative errno with ERROR filled.
 */
int sysctl_share(const char *path, const char *value, struct floe_error *error);

/* Puts back what was written down and is still as it was set. What is gone is no error. */
int sysctl_restore(struct floe_error *error);

#endif
