/* SPDX-License-Identifier: MIT */
/* Options structs of floe.h begin with their size: callers may be older or newer than we are. */
#ifndef FLOE_LIB_OPTIONS_H
#define FLOE_LIB_OPTIONS_H

#include "../base/err.h"

#include <stddef.h>

/*
 * Copies what the caller's options struct has of ours, OWN of SIZE bytes, over the defaults in it.
 * GIVEN may be NULL. -EINVAL when the caller asks, by bytes that are set beyond our end, for what
 * this version does not know, or forgot to set the size.
 */
int options_take(void *own, size_t size, const void *given, struct floe_error *error);

#define OPTIONS_TAKE(own, given, error) options_take(&(own), sizeof(own), (given), (error))

#endif
