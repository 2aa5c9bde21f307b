/* SPDX-License-Identifier: MIT */
/* Importing archives, from files and from servers. */
#ifndef FLOE_LIB_IMPORT_H
#define FLOE_LIB_IMPORT_H

#include "../image/image.h"

/* A request with what OPTIONS say. */
struct image_import import_request(const char *name, const struct floe_import_options *options);

/* Notes on what was lost or looks wrong, for the user to know. */
void import_report(const struct floe_import_options *options, const struct image_report *report);

#endif
