/* SPDX-License-Identifier: MIT */
/* The system calls of the process that serves a link. */
#ifndef FLOE_LINK_LINK_FILTER_H
#define FLOE_LINK_LINK_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#define LINK_FILTER_MAX 128

/*
 * Writes to OUT the filter that kills a process which calls anything but what serving DHCP and
 * router advertisements, and where asked for DNS, takes: no call in it creates a process, maps
 * memory, changes a file or anything's owner, or names another process. Returns its length.
 */
size_t link_filter_build(bool dns, struct sock_filter out[static LINK_FILTER_MAX]);

/* Puts it on the calling process, which must have set no_new_privs. 0 or a negative errno.
 * Async-signal-safe. */
int link_filter_load(const struct sock_filter *filter, size_t count);

#endif
