/* SPDX-License-Identifier: MIT */
/* Creating, watching and ending processes by descriptor. */
#ifndef FLOE_SYS_PROCESS_H
#define FLOE_SYS_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * clone3(2) as fork: returns 0 in the child, the pid in the caller. FLAGS are CLONE_*. No exit
 * signal: an embedder's SIGCHLD handler and wait() see nothing of our children, unless they
 * execute a program (execve(2) makes it SIGCHLD). *PIDFD (may be NULL) becomes a descriptor of the
 * child, -1 on failure. The child starts with all signals blocked. No fork handler runs: it may
 * only make async-signal-safe calls.
 */
pid_t process_clone(uint64_t flags, int *pidfd);

/* The same, the child being created in the cgroup2 directory CGROUP (-1: the caller's). */
pid_t process_clone_into(uint64_t flags, int cgroup, int *pidfd);

/*
 * The same for a process that shall not need the caller's stack: it runs FUNCTION on the one that
 * ends below STACK_END, aligned for any type, and ends with what that returns. Memory is copied as
 * with fork(2), so the caller may unmap its copy of the stack.
 */
pid_t process_clone_on(void *stack_end, int (*function)(void *context), void *context, int *pidfd);

/*
 * Runs FUNCTION in a process on the stack that ends below STACK_END, and returns 0 when that has
 * ended, or a negative errno. Meanwhile it has the caller's memory, which it changes for both, but
 * descriptors of its own (vfork(2)). The caller's thread stands still; no signal comes to it.
 */
int process_run_on(void *stack_end, int (*function)(void *context), void *context);

/* Closes all descriptors from FIRST on but the COUNT of KEPT, of which negative ones stand for none.
 * Async-signal-safe. */
void process_close_others(unsigned first, const int kept[], size_t count);

int process_open(pid_t pid);               /* pidfd */
int process_signal(int pidfd, int signal); /* 0 or -errno; -ESRCH: it is gone */

/* Waits for a child of ours, however it was created; *STATUS as in wait(2). -ECHILD: it has ended,
 * but somebody else took its status, and the kernel is older than 6.15, which still knows it. */
int process_wait(int pidfd, int *status);

/* Writes NUMBER in decimal to TEXT, without an end mark; returns the end. Async-signal-safe. */
char *text_number(char *text, uint64_t number);

/* "/proc/PID" and FILE, which begins with a slash and is short. Async-signal-safe. */
const char *process_path(char path[static 64], pid_t pid, const char *file);

/* Default dispositions, nothing blocked: those of the caller were meant for another program.
 * Async-signal-safe. */
void process_reset_signals(void);

#endif
