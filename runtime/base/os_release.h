/* SPDX-License-Identifier: MIT */
/* Reading os-release(5). */
#ifndef FLOE_BASE_OS_RELEASE_H
#define FLOE_BASE_OS_RELEASE_H

#include <stdbool.h>
#include <stddef.h>

/* The value of KEY in TEXT, its quotes and escapes resolved, control characters left out, cut at
 * SIZE - 1 bytes. False with VALUE "" when there is none. */
bool os_release_get(const char *text, const char *key, char *value, size_t size);

#endif
