/* SPDX-License-Identifier: MIT */
/* Capability sets of the calling thread. Async-signal-safe; 0 or a negative errno. */
#ifndef FLOE_SYS_CAPS_H
#define FLOE_SYS_CAPS_H

#include <stdint.h>

/* Sets the three sets; bit n is capability n (capabilities(7)). */
int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable);

/* Makes all permitted capabilities effective: a change of user to non-root cleared those. */
int caps_raise_permitted(void);

/* Drops from the bounding set what is not in KEEP. */
int caps_drop_bounding(uint64_t keep);

/* Makes the ambient set exactly SET, which must be permitted and inheritable. */
int caps_set_ambient(uint64_t set);

/* The caller's effective and bounding sets. */
int caps_get(uint64_t *effective, uint64_t *bounding);

#endif
