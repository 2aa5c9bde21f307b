/* SPDX-License-Identifier: MIT */
/*
 * A file or directory tree from one process to another, each with its own rights: the one who sends
 * opens files, the one who receives writes them. Nothing of the sender's names is believed.
 */
#ifndef FLOE_LIB_TRANSFER_H
#define FLOE_LIB_TRANSFER_H

#include "../base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Sends what the O_PATH descriptor SOURCE is, whole, and waits until the other side has it. Sockets
 * and devices are left out and counted in *LEFT_OUT. A signal from SIGNAL_FD (-1: none) cancels. A
 * negative errno; ERROR, if the other side
 * said more. */
int transfer_send(int channel, int source, int signal_fd, uint64_t *left_out,
		  struct floe_error *error);

struct transfer_target {
	int parent;       /* the directory that it is to be in, open for reading */
	const char *name; /* what it is to be called there */
	bool force;       /* what has the name already goes away */
	bool distrust;    /* no set-user-id and set-group-id bits */
	int signal_fd;    /* as in floe_run_options: a signal cancels; -1: none */
};

/* Receives it. It appears under its name as a whole, or not at all. Ids are numbers, the same on both
 * sides; those that are not there become the receiver's own. 0 or an error. */
int transfer_receive(int channel, const struct transfer_target *target, struct floe_error *error);

/* Tells the other side, which waits in transfer_send(), how it went. */
void transfer_answer(int channel, int r, const struct floe_error *error);

/* Tells the other side, which is in transfer_receive(), why there is nothing to come. */
void transfer_fail(int channel, const struct floe_error *error);

#endif
