/* SPDX-License-Identifier: MIT */
/* The beginning and end of a spec. */
#include "spec.h"

#include <string.h>

/* What zero does not mean already. The enumerations begin with their defaults. */
void spec_init(struct spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->notify_ready = TRISTATE_UNSET;
	spec->links.veth = TRISTATE_UNSET;
	spec->links.masquerade = true;
}

bool spec_makes(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->directory_count; i++)
		if (strcmp(spec->directories[i].path, path) == 0)
			return true;
	return false;
}

void spec_free(struct spec *spec)
{
	arena_free(&spec->arena);
	memset(spec, 0, sizeof(*spec));
}
