/* SPDX-License-Identifier: MIT */
/* What the opaque handles of floe.h are inside the library. */
#ifndef FLOE_LIB_INTERNAL_H
#define FLOE_LIB_INTERNAL_H

#include "../floe.h"
#include "../spec/spec.h"

struct floe_spec {
	struct spec spec;
};

#endif
