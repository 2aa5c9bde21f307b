/* SPDX-License-Identifier: MIT */
/* What the monitor holds for a machine, and how it lets go of it. */
#ifndef FLOE_LAUNCH_RESOURCES_H
#define FLOE_LAUNCH_RESOURCES_H

#include "context.h"

/* An empty context: nothing is held. */
void context_init(struct context *context, const struct plan *plan, const struct launch_io *io);

/* Takes the machine's name and records what will have to be removed. */
int resources_claim(struct context *context, struct floe_error *error);

/* Opens what the children need besides the plan: notification socket, stub, standard descriptors. */
int resources_open(struct context *context, struct floe_error *error);

/* Whether CONTEXT, a struct context, was told to end by a signal of its signal_fd. */
bool context_cancelled(void *context);

/* FD, or a copy above 2 in its place; a negative FD, with errno, is passed through. */
int fd_above_stdio(int fd);

/* The payload runs: wipes secrets and closes what only a start needs. */
void resources_forget(struct context *context);

/* Removes the plan's traces in reverse, releases locks and the record, closes all. The first
 * failure is reported, the rest is done all the same. */
int resources_release(struct context *context, struct floe_error *error);

#endif
