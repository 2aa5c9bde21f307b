/* SPDX-License-Identifier: MIT */
/* Lists in text. */
#include "list.h"

#include <string.h>

bool list_has(const char *list, const char *item, size_t length)
{
	static const char separators[] = ", ";

	while (list && *list) {
		size_t own = strcspn(list, separators);

		if (own == length && strncmp(list, item, length) == 0)
			return true;
		list += own;
		list += strspn(list, separators);
	}
	return false;
}
