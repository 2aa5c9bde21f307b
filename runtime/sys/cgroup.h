/* SPDX-License-Identifier: MIT */
/* Control groups of both versions, one act a function. All return 0 or a negative errno. */
#ifndef FLOE_SYS_CGROUP_H
#define FLOE_SYS_CGROUP_H

#include "device_filter.h"

#include <stdbool.h>
#include <sys/types.h>

/* Makes the group at the absolute PATH with the groups above it; existing ones are kept.
 * -ENODEV when that is not in a cgroup file system: a plain directory is never made. */
int cgroup_make(const char *path);

/* Writes TEXT to the file at PATH in one write(2), as control files want it. */
int cgroup_set(const char *path, const char *text);

/* Gives the group's directory to UID and GID UID, with those of its files that may be delegated:
 * the limits set on it stay its parent's. Files that this version does not have are passed over. */
int cgroup_own(const char *path, uid_t uid);

/* Moves the process PID (0: the caller) into the group. */
int cgroup_join(const char *path, pid_t pid);

/* Moves the calling thread, the only one of its process, into a version 1 group. Takes
 * microseconds where cgroup_join() takes milliseconds. Async-signal-safe. */
int cgroup_enter_v1(const char *path);

/* The group's directory, for process_clone_into(). Async-signal-safe. */
int cgroup_open(const char *path);

/* Whether the group itself or, in version 2, one below has processes; false when it is gone. */
bool cgroup_populated(const char *path);

/*
 * Kills every process in the group and below, waits for their end and removes all groups
 * bottom-up. A group that is gone is no error. The caller must not be in it. Gives up with -EBUSY
 * when for five seconds nothing could be removed.
 */
int cgroup_remove_tree(const char *path);

/* Allows what RULES name and nothing else: by the devices controller of version 1, or by a program
 * attached to a cgroup2 directory. The group must be new: without groups below. */
int cgroup_devices_v1(const char *path, const struct device_rule *rules, size_t count);
int cgroup_devices_bpf(const char *path, const struct device_rule *rules, size_t count);

#endif
