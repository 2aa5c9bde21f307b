/* SPDX-License-Identifier: MIT */
/* Names of what was staged, for calls that take paths. */
#ifndef FLOE_LAUNCH_SLOT_H
#define FLOE_LAUNCH_SLOT_H

#include "../plan/plan.h"

#include <stddef.h>

/* Writes "7/NAME", or "7" for an empty name: a path below what slot 7 holds, from the base. Returns
 * its length or -ENAMETOOLONG. */
int slot_path(char *path, size_t size, int slot, const char *name);

/* Writes the options of the overlay OP, with paths from the base. 0 or -E2BIG. */
int overlay_options(char *options, size_t size, const struct op *op);

#endif
