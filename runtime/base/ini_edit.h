/* SPDX-License-Identifier: MIT */
/* Changing one value in the text of a settings file, and nothing else in it. */
#ifndef FLOE_BASE_INI_EDIT_H
#define FLOE_BASE_INI_EDIT_H

#include "arena.h"

/* TEXT (NULL: there is none yet) with KEY=VALUE in [SECTION], in place of what the key had there; a
 * section that is missing comes at the end. The result is in ARENA, "" when out of memory. */
const char *ini_set(struct arena *arena, const char *text, const char *section, const char *key,
		    const char *value);

#endif
