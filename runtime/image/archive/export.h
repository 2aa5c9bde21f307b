/* SPDX-License-Identifier: MIT */
/* Writing an image as tar archive. */
#ifndef FLOE_IMAGE_ARCHIVE_EXPORT_H
#define FLOE_IMAGE_ARCHIVE_EXPORT_H

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>

#include "../image.h"
#include "../inodes.h"

struct export
{
	const struct image *image;
	const struct image_export *request;
	struct floe_error *error;
	struct archive *archive;
	char path[PATH_MAX]; /* of the directory the walk is in, "." or "./a/b" */
	struct arena arena;  /* paths of files with several links */
	struct inodes links;
	char *buffer; /* EXPORT_BUFFER */
	uint64_t bytes, entries;
};

#define EXPORT_BUFFER ((size_t)1 << 20)

/* Writes all of the tree ROOT. Returns 0 or a negative errno with its message. */
int export_tree(struct export *export, int root);

/* Opens the archive on the request's descriptor. */
int export_open(struct export *export);

/* Why libarchive failed: returns a negative errno with its message. */
int export_error(struct export *export);

/* What the module offers. */
int export_tar(const struct image *image, const struct image_export *request,
	       struct floe_error *error);

#endif
