/* SPDX-License-Identifier: MIT */
/* Which disk a file is on. */
#ifndef FLOE_SYS_DISK_H
#define FLOE_SYS_DISK_H

#define DISK_SIZE 24

/* Writes "MAJOR:MINOR" of the whole disk that holds the file of FD, which may be O_PATH, to NUMBER.
 * -ENODEV: its file system is on none, or on one that cannot be told. Another negative errno. */
int disk_find(int fd, char number[static DISK_SIZE]);

#endif
