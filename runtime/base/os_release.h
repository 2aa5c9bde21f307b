/* SPDX-License-Identifier: MIT */
/* What a tree says it is: os-release(5). Pure text. */
#ifndef FLOE_BASE_OS_RELEASE_H
#define FLOE_BASE_OS_RELEASE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes what TEXT assigns to KEY to VALUE, which has SIZE bytes, without the quotes and
 * backslashes of the shell and without control characters; a longer value is cut. False, with VALUE
 * empty, when it says nothing.
 */
bool os_release_value(const char *text, const char *key, char *value, size_t size);

#endif
