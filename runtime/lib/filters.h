/* SPDX-License-Identifier: MIT */
/* The system call filters of a machine: made at build time, or compiled by the module. */
#ifndef FLOE_LIB_FILTERS_H
#define FLOE_LIB_FILTERS_H

#include "../../seccomp/seccomp.h"
#include "../base/arena.h"
#include "../base/err.h"

/*
 * Finds the filters for a payload with CAPABILITIES and the user's ENTRIES. What is compiled lives
 * in ARENA. NOTE (may be NULL) is called for each warning. 0 or a negative errno.
 */
int filters_find(uint64_t capabilities, const char *const *entries, size_t entry_count,
		 struct arena *arena, struct seccomp_filters *out, floe_note_function note,
		 void *context, struct floe_error *error);

#endif
