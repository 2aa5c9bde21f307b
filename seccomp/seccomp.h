/* SPDX-License-Identifier: MIT */
/* The system call filter: the programs made at build time, and loading any program. */
#ifndef FLOE_SECCOMP_SECCOMP_H
#define FLOE_SECCOMP_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Programs to load in this order. The kernel runs all of them and the strictest verdict counts
 * (seccomp(2)). Plain data: one that seccomp_policy_find() gave is constant and lives for ever, one
 * that the module compiled lives as long as the arena it was made in.
 */
struct seccomp_filters {
	const struct sock_fprog *programs;
	size_t count;
};

/* The capabilities the policy depends on, one bit each (1 << CAP_…): others change nothing. */
uint64_t seccomp_policy_capabilities(void);

/*
 * Finds the filters made at build time for a payload holding CAPABILITIES (bit n is capability n
 * of capabilities(7)): those of the default set, of all and of none of the nine that matter.
 * 0, or -ENOENT when there is none for this set: compile it with the module (module.h).
 */
int seccomp_policy_find(uint64_t capabilities, struct seccomp_filters *out);

/*
 * Puts FILTERS on the calling thread and, through it, on whatever it executes. Async-signal-safe:
 * system calls only, for use between clone and execve. The caller holds CAP_SYS_ADMIN in its user
 * namespace or has set no_new_privs (prctl(2)); otherwise -EACCES. From the return on the policy
 * holds for the caller as well; the default one leaves capset, prctl, the set*id family and execve.
 * Negative errno on failure, with the programs before the failing one already in force: the caller
 * has nothing left to do but to report and exit.
 */
int seccomp_filters_load(const struct seccomp_filters *filters);

/* Whether this kernel has filters (CONFIG_SECCOMP_FILTER). Changes nothing. */
bool seccomp_available(void);

#endif
