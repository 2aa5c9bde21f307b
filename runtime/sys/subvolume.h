/* SPDX-License-Identifier: MIT */
/* Subvolumes of btrfs: knowing, copying and deleting them. */
#ifndef FLOE_SYS_SUBVOLUME_H
#define FLOE_SYS_SUBVOLUME_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the open directory FD is the root of a subvolume: 0 if so, -ENOTTY when it is not on
 * btrfs, -EINVAL when it is some other directory, or another negative errno. */
int subvolume_check(int fd);

/* Makes an empty subvolume NAME in the directory PARENT. 0 or a negative errno; -ENOTTY: not on
 * btrfs. */
int subvolume_create(int parent, const char *name);

/* Makes the subvolume FD read-only or writable. Returns 0 or a negative errno. */
int subvolume_set_read_only(int fd, bool read_only);

/* What quotas say about a subvolume. */
struct subvolume_quota {
	uint64_t referenced; /* bytes used, shared ones included */
	uint64_t limit;      /* of them; UINT64_MAX: none */
};

/* Reads it for the subvolume FD. -ENODATA: quotas are not enabled. Needs CAP_SYS_ADMIN. */
int subvolume_get_quota(int fd, struct subvolume_quota *quota);

/* Limits the bytes that the subvolume FD may refer to; UINT64_MAX: no limit. -ENOTCONN: quotas are
 * not enabled. */
int subvolume_set_limit(int fd, uint64_t limit);

/* Makes NAME in the directory PARENT a writable snapshot of the subvolume FD and of those nested
 * in it. Returns 0 or a negative errno; then part may be there. */
int subvolume_snapshot(int fd, int parent, const char *name);

/* Deletes the subvolume NAME in the directory PARENT with all in it. Returns 0 or a negative errno:
 * -ENOTEMPTY when it has subvolumes nested in it, -EPERM without the privilege. */
int subvolume_delete(int parent, const char *name);

#endif
