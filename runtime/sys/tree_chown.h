/* SPDX-License-Identifier: MIT */
/* Giving a whole tree to the user range of a machine, for --private-users-ownership=chown. */
#ifndef FLOE_SYS_TREE_CHOWN_H
#define FLOE_SYS_TREE_CHOWN_H

#include "tree_walk.h"

#include <stdint.h>

/*
 * Shifts the directory PATH and all below it to the range of ids that starts at BASE, a multiple
 * of 65536: every owner and group, also those named in ACLs, keeps its low 16 bits and gets BASE
 * for the rest. Set-id bits and file capabilities are kept, the latter made valid in the user
 * namespace whose root is BASE. Symbolic links themselves are shifted, mounts below PATH are not.
 * Immutable and append-only flags are lifted for the change and put back.
 *
 * The owner of PATH itself is changed last. So when it is right already the tree is taken to be
 * right without a look at the rest, and what an interrupted call left is finished by the next;
 * only the one file at which it was interrupted may have lost its set-id bits or capabilities.
 * STOP may be NULL. Returns 0 or the first negative errno; -EINVAL for a BASE that is none.
 */
int tree_shift(const char *path, uint32_t base, const struct tree_stop *stop);

#endif
