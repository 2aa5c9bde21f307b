/* SPDX-License-Identifier: MIT */
/* Settings files of machines: which one counts, and what it does to a spec. */
#ifndef FLOE_LIB_SETTINGS_H
#define FLOE_LIB_SETTINGS_H

#include "../floe.h"
#include "../spec/nspawn_file.h"

/* Finds the settings file of SPEC's machine and sets in SPEC what it says, unless SPEC says no.
 * What is wrong with it but can be passed over becomes a note of SPEC. 0 also if there is none. */
int settings_apply(struct spec *spec, struct floe_error *error);

/* A settings file of the host. */
struct settings_file {
	const char *path; /* for messages */
	char *text;       /* malloc()ed */
	size_t size;
	bool trusted;
};

/* Reads the regular file PATH below the descriptor ROOT, FILE->path being set. 1, 0 if there is
 * none, or an error. */
int settings_read(int root, const char *path, struct settings_file *file, struct floe_error *error);

#endif
