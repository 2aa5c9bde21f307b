/* SPDX-License-Identifier: MIT */
/* What can only be done when all else is unpacked: directories' metadata, links to later files. */
#ifndef FLOE_IMAGE_ARCHIVE_LATER_H
#define FLOE_IMAGE_ARCHIVE_LATER_H

#include "meta.h"
#include "walk.h"

struct later_directory {
	const char *path; /* "" is the root */
	size_t order;     /* of several for one path the last counts */
	struct meta meta;
};

struct later_link {
	const char *path;
	const char *target;
};

struct later {
	struct arena arena;
	struct later_directory *directories;
	size_t directory_count;
	struct later_link *links;
	size_t link_count;
};

/* Both return 0 or -ENOMEM. META's attributes must live in the arena of LATER. */
int later_directory(struct later *later, const char *path, const struct meta *meta);
int later_link(struct later *later, const char *path, const char *target);

/* Gives all directories what they are due, the deepest first. */
int later_apply_directories(struct later *later, struct walk *walk, attribute_lost_function *lost,
			    void *context, struct floe_error *error);

void later_free(struct later *later);

#endif
