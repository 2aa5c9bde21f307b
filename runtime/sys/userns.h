/* SPDX-License-Identifier: MIT */
/* User namespaces: id maps, and descriptors for id-mapped mounts. */
#ifndef FLOE_SYS_USERNS_H
#define FLOE_SYS_USERNS_H

#include <stdint.h>
#include <sys/types.h>

/* COUNT ids from INSIDE of a user namespace are those from OUTSIDE. */
struct id_map {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

/* Maps users and groups of the user namespace of PID. Async-signal-safe. */
int userns_map(pid_t pid, struct id_map users, struct id_map groups);

/* A descriptor of the user namespace of PID. Async-signal-safe. */
int userns_open(pid_t pid);

/* A descriptor of a new user namespace with those maps and no process in it: what
 * mount_change() takes. Async-signal-safe. */
int userns_create(struct id_map users, struct id_map groups);

#endif
