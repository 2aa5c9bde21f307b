/* SPDX-License-Identifier: MIT */
/* Inodes that were met, for files with several links: a tree is on one file system. */
#ifndef FLOE_IMAGE_INODES_H
#define FLOE_IMAGE_INODES_H

#include <stddef.h>
#include <sys/types.h>

struct inode {
	ino_t number; /* 0: free */
	const char *path;
};

/* A hash table of open addressing, at most half full. Zeroed it is empty. */
struct inodes {
	struct inode *slots;
	size_t size, used;
};

/* Remembers NUMBER with PATH (kept by the caller, may be NULL). Returns 1 when it is new; 0 when it
 * was there, with *KNOWN its path; -ENOMEM. */
int inodes_add(struct inodes *inodes, ino_t number, const char *path, const char **known);

void inodes_free(struct inodes *inodes);

#endif
