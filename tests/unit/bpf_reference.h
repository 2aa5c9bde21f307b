/* SPDX-License-Identifier: MIT */
/* The same policy compiled by libseccomp's own generator, to compare with. */
#ifndef FLOE_TESTS_BPF_REFERENCE_H
#define FLOE_TESTS_BPF_REFERENCE_H

#include "seccomp/compile/policy.h"

#include <linux/filter.h>

/*
 * One filter for the family of NATIVE, binary-tree form, exported. free() the code.
 * Fails the running test if libseccomp fails.
 */
struct sock_fprog reference_make(const struct policy *policy, const enum verdict *verdicts,
				 uint32_t native);

#endif
