/* SPDX-License-Identifier: MIT */
/* Limits that were changed while a machine runs, for its next start. */
#ifndef FLOE_LIB_LIMITS_API_H
#define FLOE_LIB_LIMITS_API_H

#include "../spec/spec.h"

/* Sets what ASSIGNMENT says, as floe_set() takes it. 0 or -EINVAL. */
int limits_keep(struct spec *spec, const char *assignment);

#endif
