/* SPDX-License-Identifier: MIT */
/* The ops about the network, and what is undone of them at the end; private to launch. */
#ifndef FLOE_LAUNCH_NETWORK_H
#define FLOE_LAUNCH_NETWORK_H

#include "context.h"

/* The monitor's: see op_function. NULL for other kinds. */
op_function network_function(enum op_kind kind);

/* The index of a link of the host, or a negative errno with the error filled. */
int network_link(struct context *context, const char *name);

/* serve.c */
int network_serve(struct context *context, const struct op *op);
void network_serve_end(struct context *context);

/* Gives the addresses of NET to link INDEX. Async-signal-safe without ERROR. */
int set_addresses(struct netlink *netlink, uint32_t index, const struct op_net *net,
		  struct floe_error *error);

/* The leader's, async-signal-safe. */
int network_link_inside(struct context *context, const struct op *op);

/* Brings links back that were moved, and closes what is open. The leader is dead. */
void network_release(struct context *context, struct floe_error *error);

#endif
