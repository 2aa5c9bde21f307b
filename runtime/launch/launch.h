/* SPDX-License-Identifier: MIT */
/* Carrying out a plan: children, barriers, ops, and the way back on failure. */
#ifndef FLOE_LAUNCH_LAUNCH_H
#define FLOE_LAUNCH_LAUNCH_H

#include "../base/err.h"
#include "../plan/plan.h"

struct launch;
struct netlink;
struct seccomp_filters;

/* What a plan cannot hold: open descriptors and compiled programs. All stay the caller's. */
struct launch_io {
	int input; /* the payload's descriptors in pipe mode */
	int output;
	int error_output;
	int signal_fd; /* TERM, INT or HUP read from it cancel the start; -1: none */
	const struct seccomp_filters *filters; /* NULL when the plan wants none */
};

/*
 * Carries PLAN out up to the point where the machine's leader is there and assembles the tree:
 * time for the caller to record it. PLAN must outlive *LAUNCH. On failure everything is undone and
 * *LAUNCH is NULL. -EAGAIN (with error set): the uid range was taken by another start between
 * probe and lock; probe and plan again. -ECANCELED: a signal came.
 */
int launch_begin(struct launch **launch, const struct plan *plan, const struct launch_io *io,
		 struct floe_error *error);

/* Waits until the machine is assembled and its leader waits to be told to start the payload. */
int launch_assembled(struct launch *launch, struct floe_error *error);

/* The rest: limits, capabilities, filters, exec. Returns when the payload's program runs. */
int launch_go(struct launch *launch, struct floe_error *error);

/* Of a begun launch. Descriptors stay the launch's; -1 when there is none. */
pid_t launch_leader(const struct launch *launch);   /* as seen by the caller */
int launch_leader_fd(const struct launch *launch);  /* pidfd */
int launch_console_fd(const struct launch *launch); /* pty master, once assembled */
int launch_notify_fd(const struct launch *launch);  /* datagram socket, SO_PASSCRED */

/* The process that serves the machine's link: a pidfd, -1 when there is none. When it is readable the
 * process has ended, and launch_server_end() reaps it. */
int launch_server_fd(const struct launch *launch);
void launch_server_end(struct launch *launch);

/* After launch_go(): what that process could not give up, as a sentence; NULL: nothing. */
const char *launch_server_note(const struct launch *launch);

/* Sockets of the machine's network namespace; the fd of the first is -1 when its addresses are not to
 * be followed. */
struct netlink *launch_watch(struct launch *launch);  /* tells of changes of addresses */
struct netlink *launch_inside(struct launch *launch); /* for questions */
struct netlink *launch_filter(struct launch *launch); /* nftables of the host, with them */
int launch_state_fd(const struct launch *launch);     /* the locked state directory */

/* The start failed: at the end links are waited for too. NULL is allowed. */
void launch_failed(struct launch *launch);

/* Kills what is left, reaps the leader if that was not done (its wait status goes to *STATUS,
 * which may be NULL), undoes all host-side ops in reverse, frees. NULL is allowed. Failures to
 * undo are reported in ERROR and do not stop the rest. */
int launch_end(struct launch *launch, int *status, struct floe_error *error);

#endif
