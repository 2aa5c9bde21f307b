/* SPDX-License-Identifier: MIT */
/* Reaching the directory of an entry below the root, by descriptor and through no link. */
#ifndef FLOE_IMAGE_ARCHIVE_WALK_H
#define FLOE_IMAGE_ARCHIVE_WALK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "../../floe.h"

/* Descriptors kept of one path; what lies deeper is walked again from the last of them. */
#define WALK_KEPT 64

/*
 * The directories of the path used last stay open, so that its siblings cost one comparison. That
 * is right because the importer never removes or renames a directory it made.
 */
struct walk {
	int root;                   /* not owned */
	char path[PATH_MAX];        /* the open levels, as "a/b/c" */
	size_t ends[WALK_KEPT + 1]; /* length of PATH up to each level; level 0 is the root */
	int fds[WALK_KEPT + 1];
	size_t depth; /* levels open below the root, at most WALK_KEPT */
	int deep;     /* the last directory below level WALK_KEPT; -1: none */
	char deep_path[PATH_MAX];
};

/* Told of each directory walk_parent() had to make, by its path. 0 or a negative errno. */
typedef int walk_made_function(void *context, const char *path);

void walk_init(struct walk *walk, int root);
void walk_close(struct walk *walk);

/*
 * The directory of PATH (clean, see name_clean(), not ""), owned by WALK until the next call;
 * *LEAF is PATH's last component. Missing directories are made, mode 0700, and told to MADE; with
 * MADE NULL they are -ENOENT without a message. A component that is no directory is refused.
 */
int walk_parent(struct walk *walk, const char *path, const char **leaf, walk_made_function *made,
		void *context, struct floe_error *error);

#endif
