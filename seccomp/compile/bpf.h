/* SPDX-License-Identifier: MIT */
/* From verdicts on numbers to one BPF program. */
#ifndef FLOE_SECCOMP_COMPILE_BPF_H
#define FLOE_SECCOMP_COMPILE_BPF_H

#include "numbers.h"

#include <linux/filter.h>

/*
 * Makes one program for all TABLES, in their order: the first is the one reached first. Numbers are
 * found by binary search over runs of equal verdict; an architecture in no table gets the errno of
 * unknown calls. The code is ARENA's. 0, -ENOMEM, or -E2BIG past the kernel's BPF_MAXINSNS.
 */
int bpf_make(const struct policy *policy, const struct number_table *tables, size_t count,
	     struct arena *arena, struct sock_fprog *out);

#endif
