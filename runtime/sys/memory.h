/* SPDX-License-Identifier: MIT */
/* Letting go of memory that a cloned process has from its parent and does not need. */
#ifndef FLOE_SYS_MEMORY_H
#define FLOE_SYS_MEMORY_H

#include <stddef.h>

/*
 * Unmaps what the calling process has in its memory but for the SIZE bytes at KEPT, private
 * mappings of files, which programs and libraries are, their variables, and those of the thread:
 * so heaps, stacks, and all that is shared. For a cloned process whose stack is in KEPT and that
 * allocates nothing afterwards. What goes may have been secret, and would cost memory as soon as
 * the parent changes it. Async-signal-safe; 0, or a negative errno when it cannot be told what is
 * mapped (/proc/self/maps).
 */
int memory_keep_only(const void *kept, size_t size);

#endif
