/* SPDX-License-Identifier: MIT */
/* Telling the machine's Nix what is in its store. */
#ifndef FLOE_LAUNCH_LOAD_STORE_H
#define FLOE_LAUNCH_LOAD_STORE_H

#include "context.h"

/* Executes OP_LOAD_STORE. -ECANCELED: nix-store failed, and said why on the console. */
int load_store(struct context *context, const struct op *op);

#endif
