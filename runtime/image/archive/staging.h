/* SPDX-License-Identifier: MIT */
/* The hidden directory an image grows in, until it gets its name at once. */
#ifndef FLOE_IMAGE_ARCHIVE_STAGING_H
#define FLOE_IMAGE_ARCHIVE_STAGING_H

#include <limits.h>
#include <stdbool.h>

#include "../../floe.h"

struct staging {
	/* Set by the caller, who owns them. */
	const char *directory; /* where images are */
	const char *name;      /* of the image */
	bool replace;          /* an image of that name is replaced */
	bool read_only;        /* the image will be marked so */

	int dest; /* DIRECTORY, open */
	int root; /* the tree, open, under a flock(2) that tells image_gc() it is alive */
	char hidden[NAME_MAX + 1];
};

/* Checks that the name is free and makes an empty tree, mode 0700. Ended by staging_commit() or
 * staging_discard(). */
int staging_start(struct staging *staging, struct floe_error *error);

/* Gives the tree its name, and deletes what had it. On failure staging_discard() is still due. */
int staging_commit(struct staging *staging, struct floe_error *error);

/* Deletes the tree and forgets it. */
void staging_discard(struct staging *staging);

#endif
