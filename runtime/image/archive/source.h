/* SPDX-License-Identifier: MIT */
/* The bytes of an archive file as they are stored: a file, a pipe or a terminal's input. */
#ifndef FLOE_IMAGE_ARCHIVE_SOURCE_H
#define FLOE_IMAGE_ARCHIVE_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../image.h"

/* What source_peek() can show: longer than the magic bytes of any format known. */
#define SOURCE_PEEK 16

struct source {
	const char *name; /* for messages */
	int fd;
	bool close_fd;
	bool may_block; /* no regular file: reading waits for others */
	uint64_t total; /* bytes from the offset at the start to the end, 0 when unknown */
	atomic_uint_fast64_t bytes_read;
	unsigned char peeked[SOURCE_PEEK];
	size_t peek_used, peek_given;
	int abort_fd; /* readable once nobody wants the bytes any more; -1: none */
};

/* Opens what the request names; source_close() releases it. */
int source_open(struct source *source, const struct image_import *request,
		struct floe_error *error);
void source_close(struct source *source);

/* Up to SIZE bytes; 0 at the end, -ECANCELED when aborted, or a negative errno with its message. */
ssize_t source_read(struct source *source, void *buffer, size_t size, struct floe_error *error);

/* Looks at the first SOURCE_PEEK bytes, which source_read() gives again. Returns their number, less
 * than SOURCE_PEEK only when the source is shorter. Call it before the first source_read(). */
ssize_t source_peek(struct source *source, struct floe_error *error);

#endif
