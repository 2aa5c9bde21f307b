/* SPDX-License-Identifier: MIT */
/* A directory of a test's own on the disk, things in it, and file systems mounted there. */
#ifndef FLOE_TESTS_SCRATCH_H
#define FLOE_TESTS_SCRATCH_H

#include <stddef.h>
#include <sys/stat.h>

/* The working directory becomes an empty directory of the test's own, in a mount namespace of its
 * own; and back, when it is deleted. For cmocka's setup and teardown; they need root. */
int scratch_enter(void **state);
int scratch_leave(void **state);

void scratch_write(const char *path, const void *data, size_t size);
void scratch_directory(const char *path);
struct stat scratch_stat(const char *path); /* of a link itself */

/* Mounts a new file system of TYPE, of SIZE bytes, on the directory PATH: a tmpfs, or one made by
 * mkfs.TYPE in a file PATH.image. The mount ends with scratch_leave(). */
void scratch_mount(const char *type, const char *path, size_t size);
void scratch_unmount(const char *path);

#endif
