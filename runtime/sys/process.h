/* SPDX-License-Identifier: MIT */
/* Creating, watching and ending processes by descriptor. */
#ifndef FLOE_SYS_PROCESS_H
#define FLOE_SYS_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * clone3(2) as fork: returns 0 in the child, the pid in the caller. FLAGS are CLONE_*. No exit
 * signal: an embedder's SIGCHLD handler and wait() see nothing of our children. *PIDFD (may be
 * NULL) becomes a descriptor of the child. No fork handler runs: the child may only make
 * async-signal-safe calls.
 */
pid_t process_clone(uint64_t flags, int *pidfd);

/* The same, the child being created in the cgroup2 directory CGROUP (-1: the caller's). */
pid_t process_clone_into(uint64_t flags, int cgroup, int *pidfd);

int process_open(pid_t pid);               /* pidfd */
int process_signal(int pidfd, int signal); /* 0 or -errno; -ESRCH: it is gone */

/* Waits for a child of ours, however it was created; *STATUS as in wait(2). */
int process_wait(int pidfd, int *status);

#endif
