/* SPDX-License-Identifier: MIT */
/* Extended attributes, file capabilities and POSIX ACLs of an entry. */
#ifndef FLOE_IMAGE_ARCHIVE_ATTRIBUTES_H
#define FLOE_IMAGE_ARCHIVE_ATTRIBUTES_H

#include <archive_entry.h>
#include <stddef.h>

#include "../../base/arena.h"

/* One attribute; ACLs come as system.posix_acl_access and system.posix_acl_default. */
struct attribute {
	const char *name;
	const void *value;
	size_t size;
};

struct attributes {
	struct attribute *items;
	size_t count;
};

/* Whether ENTRY has any: lets the common case pass without memory. */
bool attributes_any(struct archive_entry *entry);

/* Copies those of ENTRY into ARENA, whose failure the caller checks. */
void attributes_collect(struct archive_entry *entry, struct arena *arena,
			struct attributes *attributes);

/* Gives ENTRY those of the file at PATH (followed; one in /proc). BUFFER has room for
 * ATTRIBUTES_BUFFER bytes. Returns 0 or a negative errno. */
#define ATTRIBUTES_BUFFER (2 * (size_t)65536)
int attributes_read(const char *path, struct archive_entry *entry, char *buffer);

/* Called for an attribute that the file system or the kernel refuses. */
typedef void attribute_lost_function(void *context, const char *name);

/*
 * Sets them on the open file FD, or, with FD negative, on PATH, which is not followed when it is a
 * symbolic link. Returns 0 or a negative errno when the disk is full or broken, with the failing
 * attribute's name in *FAILED.
 */
int attributes_apply(int fd, const char *path, const struct attributes *attributes,
		     attribute_lost_function *lost, void *context, const char **failed);

#endif
