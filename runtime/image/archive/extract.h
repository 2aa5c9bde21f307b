/* SPDX-License-Identifier: MIT */
/* Unpacking the entries of a tar archive below a directory. */
#ifndef FLOE_IMAGE_ARCHIVE_EXTRACT_H
#define FLOE_IMAGE_ARCHIVE_EXTRACT_H

#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>
#include <time.h>

#include "../image.h"
#include "flush.h"
#include "later.h"
#include "ring.h"
#include "source.h"
#include "walk.h"

struct extract {
	const struct image_import *request;
	struct image_report *report;
	struct floe_error *error;
	struct source *source;
	struct ring *ring;
	struct flush *flush;
	struct archive *archive;
	const char *directory; /* of the image directory, for messages */

	uint64_t stream_bytes; /* decompressed so far */
	uint64_t max_bytes, max_entries;
	int failure;          /* of the stream: what libarchive only calls fatal */
	bool stream_over;     /* nothing more comes out of the ring */
	struct timespec told; /* when progress() was called last */

	int root;            /* of the tree */
	struct walk walk;    /* for entries */
	struct walk targets; /* for what hard links point to */
	struct later later;
	struct arena scratch; /* of one entry */
	const char *name;     /* the entry's, clean */
};

/* Unpacks all of what RING gives below ROOT, and reads the stream to its end. The caller sets
 * request to directory, limits and root; report is filled. Returns 0 or a negative errno. */
int extract_all(struct extract *extract);

/* stream.c: the ring as libarchive's input. */
int stream_open(struct extract *extract);
int stream_drain(struct extract *extract);

/* Says why libarchive failed; returns the negative errno. */
int stream_error(struct extract *extract);

/* Notes a directory nobody described yet: as mkdir(1) makes it, owned by who imports. A
 * walk_made_function with struct extract. */
int extract_expect_directory(void *context, const char *path);

/* Whether the import has to end (-ECANCELED with its message); tells progress when it is time. */
int extract_check(struct extract *extract, bool now);

/* Makes what ENTRY says; extract->name is its name, not "". */
int entry_make(struct extract *extract, struct archive_entry *entry);

/* link.c: makes a hard link at LEAF in DIRFD to TARGET, a name as the archive has it; or notes that
 * it has to wait for its target. */
int link_make(struct extract *extract, int dirfd, const char *leaf, const char *target);

/* Makes the hard links that had to wait. */
int link_make_late(struct extract *extract);

/* Makes room for the entry at LEAF in DIRFD: what an earlier one left there goes, but never a
 * directory. */
int entry_clear(struct extract *extract, int dirfd, const char *leaf);

/* Counts an attribute that could not be set; an attribute_lost_function with struct extract. */
void extract_lost(void *context, const char *attribute);

#endif
