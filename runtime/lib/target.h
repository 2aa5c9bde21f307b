/* SPDX-License-Identifier: MIT */
/* A machine as it was found, to be ended or waited for. */
#ifndef FLOE_LIB_TARGET_H
#define FLOE_LIB_TARGET_H

#include "../floe.h"
#include "../state/state.h"

/* A reboot makes another of it. */
struct target {
	const char *name;
	struct state state;
	int monitor; /* pidfd */
	int record;  /* inotify: tells when the record is gone */
	int leader;  /* pidfd, of target_open_running() alone */
};

/* Finds NAME. 1: its monitor lives. 0: only traces are left. -ENOENT: there is no such machine.
 * To be closed in any case. */
int target_find(struct target *target, const char *name, struct floe_error *error);
void target_close(struct target *target);

/* The same for a machine that runs, with a descriptor of its first process: 0, or an error. */
int target_open_running(struct target *target, const char *name, struct floe_error *error);

/* Waits until the record or the monitor is gone. -ETIMEDOUT: neither until DEADLINE. */
int target_wait(const struct target *target, uint64_t deadline);

/* Whether all is up that the machine's PID 1 said it would tell of. */
bool target_is_ready(const struct state *state);

#endif
