/* SPDX-License-Identifier: MIT */
/* Deleting whole directory trees that nobody can be trusted to have made. */
#ifndef FLOE_SYS_TREE_H
#define FLOE_SYS_TREE_H

/*
 * Deletes NAME (one component) in the directory DIRFD and, if it is a directory, all below it: by
 * descriptor, never through a symbolic link, never into another mount (-EBUSY), any depth with a
 * bounded number of descriptors. A btrfs subvolume is deleted as a whole, and what is mounted on
 * places in it is detached. Immutable and append-only flags and missing permissions of the owner
 * are lifted on the way. Returns 0, or the first negative errno; then part may be gone.
 */
int tree_remove(int dirfd, const char *name);

/* Sets or clears inode FLAGS (FS_IMMUTABLE_FL, …; ioctl_iflags(2)) of an open file or directory.
 * Returns 0 or a negative errno; -ENOTTY or -EOPNOTSUPP where the file system has none. */
int tree_set_flags(int fd, unsigned int set, unsigned int clear);

#endif
