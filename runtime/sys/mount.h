/* SPDX-License-Identifier: MIT */
/*
 * The mount API of Linux 5.2 (fsopen, open_tree, move_mount) and 5.12 (mount_setattr), one call a
 * function. All are async-signal-safe and return a descriptor or 0, or a negative errno.
 */
#ifndef FLOE_SYS_MOUNT_H
#define FLOE_SYS_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* Longest options text taken by mount_new(). */
#define MOUNT_OPTIONS_MAX 4096

/* A new, detached mount of file system TYPE. OPTIONS is "key=value,flag,…" or NULL; ATTRIBUTES
 * are MOUNT_ATTR_*. Returns its descriptor, the caller's to close. */
int mount_new(const char *type, const char *options, uint64_t attributes);

/* A detached copy of the mount at PATH below DIRECTORY ("" for DIRECTORY itself), with all below
 * it when RECURSIVE. Returns its descriptor. */
int mount_clone(int directory, const char *path, bool recursive);

/* Changes attributes (MOUNT_ATTR_*) of the mount FD is the root of, PROPAGATION (MS_PRIVATE …,
 * 0: keep) and, with USERNS >= 0, its id mapping. The mapping only for a detached mount. */
int mount_change(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive,
		 int userns);

/* Attaches the detached mount MOUNT on what TARGET (any descriptor, also O_PATH) refers to. */
int mount_attach(int mount, int target);

/* Changes propagation of the whole tree of the caller's mount namespace. */
int mount_propagation(const char *path, uint64_t propagation);

/* The mount that DIRECTORY is the root of becomes the root of the caller's mount namespace; the
 * old root and all below it are let go; the working directory becomes the new root. */
int mount_pivot(int directory);

#endif
