/* SPDX-License-Identifier: MIT */
/* Options structs of floe.h begin with their size: callers may be older or newer than we are. */
#include "options.h"

#include <string.h>

int options_take(void *own, size_t size, const void *given, struct floe_error *error)
{
	const char *bytes = given;
	size_t theirs;

	if (!given)
		return 0;
	memcpy(&theirs, given, sizeof(theirs));
	if (theirs < sizeof(theirs) || theirs > 65536)
		return err_usage(error, "the size of an options struct is not set");
	for (size_t i = size; i < theirs; i++) {
		if (bytes[i])
			return err_usage(error, "an option is set that libfloe %s does not know",
					 FLOE_VERSION);
	}
	memcpy(own, given, theirs < size ? theirs : size);
	return 0;
}
