/* SPDX-License-Identifier: MIT */
/* Setting in a spec what a settings file says; private to nspawn_*.c. */
#ifndef FLOE_SPEC_NSPAWN_SET_H
#define FLOE_SPEC_NSPAWN_SET_H

#include "nspawn_ini.h"
#include "nspawn_keys.h"

/* An assignment whose key is known. */
struct setting {
	struct nspawn_key key;
	const char *value;
	unsigned line;
	bool revoked; /* by an empty value later in the file */
};

struct setter {
	struct spec *spec;
	struct findings *findings;
	bool trusted;
	size_t values; /* set so far */
	char **command;
	size_t command_count;
};

/* Sets what SETTING says; a value that cannot be used becomes a fatal finding and -EINVAL. */
int setting_apply(struct setter *setter, const struct setting *setting);

/* Once, after the last setting. */
void setting_finish(struct setter *setter);

#endif
