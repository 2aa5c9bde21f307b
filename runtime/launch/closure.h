/* SPDX-License-Identifier: MIT */
/* A layer over the host's store that shows some of its paths only. */
#ifndef FLOE_LAUNCH_CLOSURE_H
#define FLOE_LAUNCH_CLOSURE_H

#include "../plan/host.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A detached tmpfs with a directory "store" that, as the layer above the host's store, shows COUNT
 * of its PATHS and nothing else. What is made belongs to the caller's user and group for files,
 * OWNER; "store" to the build group of ids that begin with it. Returns the mount's descriptor or a
 * negative errno; the working directory has changed. Async-signal-safe.
 */
int closure_layer(const struct host_store_path *paths, size_t count, uint32_t owner);

#endif
