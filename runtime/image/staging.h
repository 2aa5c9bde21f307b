/* SPDX-License-Identifier: MIT */
/* The hidden directory an image grows in, until it gets its name at once. */
#ifndef FLOE_IMAGE_STAGING_H
#define FLOE_IMAGE_STAGING_H

#include <limits.h>
#include <stdbool.h>

#include "../floe.h"

/* What grows there is called this: a directory, a btrfs subvolume or a file. */
#define STAGING_TREE "tree"

struct staging {
	/* Set by the caller, who owns them. */
	const char *directory; /* where images are */
	const char *name;      /* of the image */
	bool raw;              /* the image is a file, NAME.raw */
	bool replace;          /* an image of that name is replaced */
	bool read_only;        /* the image will be marked so */

	int dest; /* DIRECTORY, open */
	int work; /* the hidden directory, under a flock(2) that tells image_gc() it is alive */
	int root; /* the tree in it, open; -1 as long as there is none */
	char hidden[NAME_MAX + 1];
};

/* Checks that the name is free and makes the hidden directory, mode 0700. Ended by staging_commit()
 * or staging_discard(). On failure nothing is left to do. */
int staging_start(struct staging *staging, struct floe_error *error);

/* Makes the tree, empty and mode 0700: on btrfs a subvolume, of which clones are instant. On failure
 * staging_discard() is due, as after those that follow. */
int staging_make_tree(struct staging *staging, struct floe_error *error);

/* Opens what the caller made at staging_path(). */
int staging_open_tree(struct staging *staging, struct floe_error *error);

/* The path of the tree. Returns 0 or -ENAMETOOLONG. */
int staging_path(const struct staging *staging, char path[static PATH_MAX]);

/* Gives the tree its name, and deletes what had it. */
int staging_commit(struct staging *staging, struct floe_error *error);

/* Deletes the tree and forgets it. */
void staging_discard(struct staging *staging);

#endif
