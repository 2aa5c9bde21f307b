/* SPDX-License-Identifier: MIT */
/* The processes of a machine. */
#ifndef FLOE_LIB_MEMBERS_H
#define FLOE_LIB_MEMBERS_H

#include "../base/arena.h"
#include "../state/state.h"

struct member {
	pid_t pid;
	const char *cgroup; /* path below the machine's group, "" for that itself */
};

/*
 * Lists them group by group into ARENA, as they are seen from here. Where the machine has no group
 * of version 2 these are the processes of its pid namespace, without those of nested ones.
 * 0 or -ENOMEM; what ends meanwhile is left out.
 */
int members_list(const struct state *state, struct arena *arena, struct member **members,
		 size_t *count);

/* The command line of PID, its words separated by blanks, or [name] where it has none; printable
 * text in ARENA. "" when the process is gone. */
const char *member_command(struct arena *arena, pid_t pid);

#endif
