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

/* Finds the one that counts for a machine NAME and reads it: 1, 0 if there is none, or an error. What
 * is passed over becomes a note of SPEC, which says which tree it is. FOUND->text is the caller's to
 * free(). */
int settings_find(struct spec *spec, const char *name, struct settings_file *found,
		  struct floe_error *error);

/* Reads the regular file PATH below the descriptor ROOT, FILE->path being set. 1, 0 if there is
 * none, or an error. */
int settings_read(int root, const char *path, struct settings_file *file, struct floe_error *error);

#endif
