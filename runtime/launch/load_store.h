/* SPDX-License-Identifier: MIT */
/* Telling the machine's Nix what is in its store. */
#ifndef FLOE_LAUNCH_LOAD_STORE_H
#define FLOE_LAUNCH_LOAD_STORE_H

#include "context.h"

/* Executes OP_LOAD_STORE. -ECANCELED: nix-store failed, and what it said
 * is in the context's file. */
int load_store(struct context *context, const struct op *op);

#endif
