/* SPDX-License-Identifier: MIT */
/* Names in archives: made relative, checked, and made fit to print. */
#ifndef FLOE_IMAGE_ARCHIVE_NAME_H
#define FLOE_IMAGE_ARCHIVE_NAME_H

#include <limits.h>

#include "../../floe.h"

/*
 * Writes RAW to NAME without leading slashes, "." and empty components: "" is the image's root.
 * What would leave the image ("..") or cannot be a path (PATH_MAX, NAME_MAX) is refused: -EBADMSG
 * with a message.
 */
int name_clean(const char *raw, char name[static PATH_MAX], struct floe_error *error);

#define NAME_SHOWN 160

/* NAME for a message: control characters as octal escapes, the middle left out when long. */
const char *name_show(const char *name, char shown[static NAME_SHOWN]);

/* A message that ends in a refusal: "the archive is refused: FORMAT". Returns -EBADMSG. */
int refuse(struct floe_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
