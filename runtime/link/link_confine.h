/* SPDX-License-Identifier: MIT */
/* Giving up every privilege, in the process that serves a link. */
#ifndef FLOE_LINK_LINK_CONFINE_H
#define FLOE_LINK_LINK_CONFINE_H

#include "../base/names.h"

#include <linux/filter.h>
#include <stdint.h>
#include <sys/types.h>

/* How it ends; each is told to the parent. */
struct link_report {
	int32_t step;     /* of enum link_step: what failed; LINK_STEP_NONE: all is done */
	int32_t errnum;   /* why */
	int32_t kept_ids; /* why it still has the ids of its parent; 0: it has not */
};

enum link_step {
	LINK_STEP_NONE,
	LINK_STEP_PARENT,
	LINK_STEP_SESSION,
	LINK_STEP_CAPABILITIES,
	LINK_STEP_DUMPABLE,
	LINK_STEP_LIMITS,
	LINK_STEP_PRIVILEGES,
	LINK_STEP_FILTER,
};

/* What a step does, for a message: "cannot DO". */
const char *link_step_text(enum link_step step);

struct link_confinement {
	pid_t parent;                      /* to die with */
	char name[16];                     /* of the process */
	char title[MACHINE_NAME_MAX + 16]; /* the whole of it, for ps(1) */
	const void *kept;                  /* the memory to keep, and its size */
	size_t kept_size;
	const int *fds; /* the descriptors to keep, and their count */
	size_t fd_count;
	const struct sock_filter *filter;
	size_t filter_count;
	int report_fd; /* among FDS; is closed */
};

/* Does all of it, as far as the ids and namespaces of the process allow, and reports. Afterwards
 * there is nothing but the system calls of the filter. Returns 0, or -1 after a failure: the
 * process is to end. Async-signal-safe. */
int link_confine(const struct link_confinement *confinement);

#endif
