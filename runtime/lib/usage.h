/* SPDX-License-Identifier: MIT */
/* What a machine uses and may use, as its control groups tell. */
#ifndef FLOE_LIB_USAGE_H
#define FLOE_LIB_USAGE_H

#include "../floe.h"
#include "../state/state.h"

/* Reads a file of the machine's groups, of version 2 or 1, whichever has it. Its length, or
 * -ENOENT. */
ssize_t usage_read(const struct state *state, const char *file, char *text, size_t size);

/* Fills all of USAGE. Memory and input and output are counted by the processes themselves where
 * no group counts them. */
void usage_of(const struct state *state, struct floe_usage *usage);

/* Whether the machine is frozen. */
bool usage_paused(const struct state *state);

/* Freezes the machine, or thaws it, and waits until that is so. 0 or a negative errno; a machine
 * that could not be frozen whole is thawed again. */
int machine_freeze(const struct state *state, bool frozen);

/* What floe_machine_list() tells of a record; NAME and STATE must outlive it. */
struct floe_machine_info machine_info(const char *name, const struct state *state);

#endif
