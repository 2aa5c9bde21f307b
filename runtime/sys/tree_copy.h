/* SPDX-License-Identifier: MIT */
/* Copies of whole directory trees, for machines that are thrown away. */
#ifndef FLOE_SYS_TREE_COPY_H
#define FLOE_SYS_TREE_COPY_H

#include "tree_walk.h"

/*
 * Copies the directory SOURCE and all below it to TARGET, which must not exist (-EEXIST). File
 * contents are shared where the file system can, holes stay holes; hard links among what is
 * copied, owners, modes, modification and access times, extended attributes, ACLs, symbolic links,
 * fifos and device nodes are kept. Sockets are left out, inode flags (immutable, …) too. What is
 * mounted below SOURCE is not copied: its mount point becomes an empty directory or file.
 *
 * Until the copy is complete nobody but its owner, the caller, can enter TARGET. STOP may be NULL. Returns 0 or the
 * first negative errno; then TARGET is gone again. -EOPNOTSUPP: the file system of TARGET cannot
 * hold an attribute that matters.
 */
int tree_copy(const char *source, const char *target, const struct tree_stop *stop);

/* The same into the empty directory TARGET; both are open for reading. On failure what was copied
 * is the caller's to delete. */
int tree_copy_into(int source, int target, const struct tree_stop *stop);

/*
 * Makes TARGET (-EEXIST if it exists) a writable snapshot of the btrfs subvolume SOURCE, and of
 * the subvolumes nested in it at their places. TARGET must be on the same file system (-EXDEV).
 * Returns 0; -ENOTTY: not on btrfs; -EINVAL: not a subvolume; another negative errno. On failure
 * nothing is left at TARGET.
 */
int tree_snapshot(const char *source, const char *target);

#endif
