/* SPDX-License-Identifier: MIT */
/* Owner, mode, times and attributes of what was unpacked. */
#ifndef FLOE_IMAGE_ARCHIVE_META_H
#define FLOE_IMAGE_ARCHIVE_META_H

#include <archive_entry.h>
#include <sys/stat.h>
#include <time.h>

#include "../../floe.h"
#include "attributes.h"

struct meta {
	uid_t uid;
	gid_t gid;
	mode_t mode;              /* permissions, set-id and sticky bits */
	struct timespec times[2]; /* access, modification: as utimensat(2) takes them */
	struct attributes attributes;
};

/* Reads it from ENTRY, called NAME; attributes are copied into ARENA. Refuses owners that cannot
 * be: -EBADMSG. */
int meta_read(struct archive_entry *entry, const char *name, struct arena *arena, struct meta *meta,
	      struct floe_error *error);

/* Gives it to the open file or directory FD, called NAME in messages. */
int meta_apply(int fd, const char *name, const struct meta *meta, attribute_lost_function *lost,
	       void *context, struct floe_error *error);

/* Gives it to LEAF in DIRFD, which cannot be opened (a link, fifo or device); TYPE is S_IF…. */
int meta_apply_at(int dirfd, const char *leaf, mode_t type, const char *name,
		  const struct meta *meta, attribute_lost_function *lost, void *context,
		  struct floe_error *error);

#endif
