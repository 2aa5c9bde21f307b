/* SPDX-License-Identifier: MIT */
/*
 * Opening and reading below a root that cannot be trusted: the path is resolved with ROOT as "/"
 * at every step, so links and ".." lead nowhere else, and through no magic link of proc.
 */
#ifndef FLOE_SYS_PATH_H
#define FLOE_SYS_PATH_H

#include <stddef.h>
#include <sys/types.h>

/* openat2(2) in ROOT; FLAGS are O_*, O_CLOEXEC is added. A descriptor or a negative errno.
 * Async-signal-safe. */
int path_open_in(int root, const char *path, int flags, mode_t mode);

/* Opens a regular file for reading. Nothing else is ever opened, so no fifo blocks and no device
 * acts: -EISDIR for a directory, -EINVAL for the rest. Async-signal-safe; needs /proc. */
int path_open_file_in(int root, const char *path);

/* Reads a small regular file whole into BUFFER and ends it with a NUL byte. Returns its length,
 * -EFBIG when it does not fit in SIZE - 1 bytes, or another negative errno. Async-signal-safe. */
ssize_t path_read_in(int root, const char *path, char *buffer, size_t size);

/* What the symbolic link PATH says, ended with a NUL byte. Returns its length, -EINVAL when PATH
 * is no link, -ENAMETOOLONG when it does not fit. Async-signal-safe. */
ssize_t path_readlink_in(int root, const char *path, char *buffer, size_t size);

/* The same as path_read_in() for any size up to LIMIT: *TEXT is allocated, the caller's to
 * free(), and ends with a NUL byte that *SIZE does not count. Returns 0 or a negative errno. */
int path_read_all_in(int root, const char *path, size_t limit, char **text, size_t *size);

/* The same two for a trusted path of the host, also one in proc, sysfs or cgroupfs.
 * file_read() is async-signal-safe. */
ssize_t file_read(const char *path, char *buffer, size_t size);

/* 1: the file has a byte at least; 0: it is empty; or a negative errno. */
int file_has_content(const char *path);
int file_read_all(const char *path, size_t limit, char **text, size_t *size);

/* Writes TEXT to an existing file of the host in one call, as the kernel's interface files want. */
int file_write(const char *path, const char *text);

/* Makes the directories above PATH, a trusted absolute path of the host, with MODE. */
int path_make_parents(const char *path, mode_t mode);

/* Writes all of DATA to FD, in as many calls as it takes. Async-signal-safe. */
int fd_write_all(int fd, const void *data, size_t size);

#endif
