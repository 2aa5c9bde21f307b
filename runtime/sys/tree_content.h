/* SPDX-License-Identifier: MIT */
/* Copying what is in a file, sharing its blocks where the file system can. */
#ifndef FLOE_SYS_TREE_CONTENT_H
#define FLOE_SYS_TREE_CONTENT_H

#include <stdbool.h>
#include <sys/types.h>

/* What was found out about the two file systems; zero at first, kept from file to file. */
struct tree_content {
	bool no_clone; /* blocks cannot be shared between them */
	bool no_range; /* copy_file_range() does not work between them */
};

/*
 * Gives the empty file TARGET (open for writing) the content of SOURCE (open for reading, SIZE
 * bytes): by reference (FICLONE), else in the kernel, holes staying holes. Returns 0 or a negative
 * errno.
 */
int tree_content_copy(struct tree_content *content, int source, int target, off_t size);

#endif
