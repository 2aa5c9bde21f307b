/* SPDX-License-Identifier: MIT */
/* Parts of spec_resolve(), a subject each; private to resolve*.c. */
#ifndef FLOE_SPEC_RESOLVE_H
#define FLOE_SPEC_RESOLVE_H

#include "spec.h"

int resolve_network(struct spec *spec, struct floe_error *error);

#endif
