/* SPDX-License-Identifier: MIT */
/* Lists in text: "cpu,cpuacct", "rw,nosuid", "cpu io memory". */
#ifndef FLOE_BASE_LIST_H
#define FLOE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Whether LIST, its items separated by commas or spaces, has ITEM, which is LENGTH bytes long.
 * LIST may be NULL. */
bool list_has(const char *list, const char *item, size_t length);

#endif
