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

void spec_free(struct spec *spec)
{
	arena_free(&spec->arena);
	memset(spec, 0, sizeof(*spec));
}
