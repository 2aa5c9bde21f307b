/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef FLOE_STATE_INTERNAL_H
#define FLOE_STATE_INTERNAL_H

#include "state.h"

/* The directory that holds the records, made if it is missing and MAKE is set. */
int root_open(bool make, struct floe_error *error);

/*
 * Opens and locks the directory of NAME below ROOT; what a reader or a cleaner holds for a moment
 * is waited for. Returns the descriptor, -ENOENT without a message when there is none, -EBUSY
 * without a message when a living monitor has it.
 */
int name_lock(int root, const char *name);

/* Reads the record in DIRECTORY. -ENOENT without a message when there is none yet. */
int record_read(int directory, const char *name, struct state *state, struct floe_error *error);

/* Removes everything in DIRECTORY. */
int directory_clear(int directory);

/* Ends what a dead monitor left running, removes its traces and then the record, in the directory
 * that the caller has locked. Nothing of a record is lost when that fails half-way. */
int record_clean(int directory, const char *name, struct floe_error *error);

/* Whether the monitor that wrote STATE still lives. */
bool monitor_lives(const struct state *state);

#endif
