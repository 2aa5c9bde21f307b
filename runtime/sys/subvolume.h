/* SPDX-License-Identifier: MIT */
/* Subvolumes of btrfs: knowing, copying and deleting them. */
#ifndef FLOE_SYS_SUBVOLUME_H
#define FLOE_SYS_SUBVOLUME_H

/* Whether the open directory FD is the root of a subvolume: 0 if so, -ENOTTY when it is not on
 * btrfs, -EINVAL when it is some other directory, or another negative errno. */
int subvolume_check(int fd);

/* Makes NAME in the directory PARENT a writable snapshot of the subvolume FD and of those nested
 * in it. Returns 0 or a negative errno; then part may be there. */
int subvolume_snapshot(int fd, int parent, const char *name);

/* Deletes the subvolume NAME in the directory PARENT with all in it. Returns 0 or a negative errno:
 * -ENOTEMPTY when it has subvolumes nested in it, -EPERM without the privilege. */
int subvolume_delete(int parent, const char *name);

#endif
