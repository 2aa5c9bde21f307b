/* SPDX-License-Identifier: MIT */
/* Files of variables (systemd.exec(5), EnvironmentFile=) as text. */
#ifndef FLOE_SPEC_ENV_FILE_H
#define FLOE_SPEC_ENV_FILE_H

#include "nspawn_ini.h"

/* An assignment, with the value that systemd would give the variable. */
struct env_entry {
	unsigned line; /* where it begins */
	const char *name;
	const char *value;
};

struct env_file {
	struct env_entry *entries; /* in order: the last of a name counts */
	size_t count;
};

/*
 * Splits the SIZE bytes of TEXT, at most SETTINGS_SIZE_MAX, which may be anything. Lines that
 * systemd would skip are findings, and so is what it would not take. All in the arena of FINDINGS.
 */
void env_file_read(const char *text, size_t size, struct env_file *file, struct findings *findings);

#endif
