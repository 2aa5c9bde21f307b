/* SPDX-License-Identifier: MIT */
/* Limits of control groups: which file says them, and how. Pure; for starts and for running
 * machines. */
#ifndef FLOE_PLAN_LIMITS_H
#define FLOE_PLAN_LIMITS_H

#include "../spec/spec.h"

/* What can be limited, each by a controller of its own. */
enum limit_kind {
	LIMIT_TASKS,
	LIMIT_MEMORY,
	LIMIT_CPU,
	LIMIT_IO,
	LIMIT_COUNT,
};

struct limit_write {
	const char *file; /* in the group's directory */
	const char *text; /* to be written to it */
};

#define LIMIT_WRITES 2

/* The option that sets it, without dashes; its controller in hierarchies of version 1 and 2. */
const char *limit_option(enum limit_kind kind);
const char *limit_controller(enum limit_kind kind, bool unified);

/* Whether SPEC says something about it. */
bool limit_is_set(const struct spec *spec, enum limit_kind kind);

/*
 * What to write to the files of a group, of version 2 or of 1, for what SPEC says of KIND; text in
 * ARENA. DISK is "MAJOR:MINOR", for LIMIT_IO alone. Returns how many of WRITES were filled in.
 */
size_t limit_writes(const struct spec *spec, enum limit_kind kind, bool unified, const char *disk,
		    struct arena *arena, struct limit_write writes[static LIMIT_WRITES]);

#endif
